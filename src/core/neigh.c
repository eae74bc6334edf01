/* SPDX-License-Identifier: MIT */
/*
 * The neighbour table; see neigh.h.
 *
 * Invariants: an entry is in `lru` when it is resolved (REACHABLE, STALE, DELAY, PROBE, FIXED), else in `unresolved`;
 * its queue holds packets only while it is INCOMPLETE; unused entries stand in front of used ones in `lru`, except
 * those that are some interface's last_neigh, whose place is put right when they cease to be it.
 */
#include "core/neigh.h"

#include "core/gateway.h"
#include "core/stack.h"
#include "wire/ip.h"

#define ASK_EVERY   WEFT_S        /* RFC 1122 §2.3.2.1, RFC 4861 §10 */
#define FAILED_FOR  (20 * WEFT_S) /* how long netstat remembers a missing neighbour */
#define WANTED      1             /* tries of a dead gateway that is to be asked */
#define LOCKED_FOR  WEFT_S        /* after a confirmation, unsolicited claims are not believed */

/* ---- the table ---- */

static uint32_t hash_key(const struct neigh_table *t, const weft_if *ifp, const struct weft_ip *ip)
{
    uint8_t key[sizeof ifp + sizeof *ip];

    memcpy(key, &ifp, sizeof ifp);
    memcpy(key + sizeof ifp, ip, sizeof *ip);
    return (uint32_t)siphash13(t->key, key, sizeof key);
}

static uint32_t hash_of(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct neigh *n = container_of(node, struct neigh, hash);

    (void)tag;
    return hash_key(ctx, n->ifp, &n->ip);
}

void neigh_table_init(weft_stack *s, const struct neigh_ops *ops, const struct neigh_ops *ops6)
{
    struct neigh_table *t = &s->neighbours;

    t->ops = ops;
    t->ops6 = ops6;
    slab_init(&t->slab, &s->mem, MEM_neigh, sizeof(struct neigh));
    hashtab_init(&t->table, &s->mem, hash_of, t);
    list_init(&t->lru);
    list_init(&t->unresolved);
    t->key = stack_key(s, KEY_NEIGH);
}

static struct neigh *neigh_of(struct list *link) { return container_of(link, struct neigh, lru); }

static void forget(weft_stack *s, struct neigh *n, enum weft_drop why)
{
    struct neigh_table *t = &s->neighbours;

    if (n->ifp->last_neigh == n)
        n->ifp->last_neigh = NULL;
    pkt_queue_clear(&n->queue, why);
    timer_remove(&s->wheel, &n->timer);
    hashtab_remove(&t->table, &n->hash, hash_key(t, n->ifp, &n->ip));
    list_remove(&n->lru);
    slab_free(&t->slab, n);
}

/* Forgets all of a list, or those of one interface. */
static void forget_list(weft_stack *s, struct list *l, const weft_if *ifp)
{
    list_each_safe(it, next, l)
        if (!ifp || neigh_of(it)->ifp == ifp)
            forget(s, neigh_of(it), WEFT_DROP_if_down);
}

void neigh_table_fini(weft_stack *s)
{
    forget_list(s, &s->neighbours.lru, NULL);
    forget_list(s, &s->neighbours.unresolved, NULL);
    hashtab_fini(&s->neighbours.table);
    slab_fini(&s->neighbours.slab);
}

void neigh_forget_if(weft_if *ifp)
{
    forget_list(ifp->stack, &ifp->stack->neighbours.lru, ifp);
    forget_list(ifp->stack, &ifp->stack->neighbours.unresolved, ifp);
}

struct neigh *neigh_find(weft_if *ifp, const struct weft_ip *ip)
{
    struct neigh_table *t = &ifp->stack->neighbours;
    unsigned tag;

    for (struct hash_node *h = hashtab_first(&t->table, hash_key(t, ifp, ip), &tag); h; h = hashtab_next(h, &tag)) {
        struct neigh *n = container_of(h, struct neigh, hash);

        if (n->ifp == ifp && ip_eq(&n->ip, ip))
            return n;
    }
    return NULL;
}

static bool is_resolved(const struct neigh *n) { return n->state != NEIGH_INCOMPLETE && n->state != NEIGH_FAILED; }

static const struct neigh_ops *ops_of(const weft_stack *s, const struct weft_ip *ip)
{
    return ip_is_v4(ip) ? s->neighbours.ops : s->neighbours.ops6;
}

static void move_to_back(struct neigh *n, struct list *l)
{
    list_remove(&n->lru);
    list_push_back(l, &n->lru);
}

/* ---- making entries ---- */

/* The first of a list that is not just now being sent to, nor the user's. */
static struct neigh *oldest(struct list *l)
{
    list_each(it, l)
        if (neigh_of(it)->ifp->last_neigh != neigh_of(it) && neigh_of(it)->state != NEIGH_FIXED)
            return neigh_of(it);
    return NULL;
}

static struct neigh *any_but_fixed(struct list *l)
{
    list_each(it, l)
        if (neigh_of(it)->state != NEIGH_FIXED)
            return neigh_of(it);
    return NULL;
}

/* Room for one more; `claimed`: for a claim from the network. False when nothing may go. */
static bool make_room(weft_stack *s, bool claimed)
{
    struct neigh_table *t = &s->neighbours;
    struct neigh *victim = claimed ? NULL : oldest(&t->unresolved);

    if (t->slab.objects < s->config.max_neighbours)
        return true;
    if (!victim)
        victim = oldest(&t->lru);
    if (!victim && !claimed)
        victim = any_but_fixed(&t->lru); /* every entry is the last one of its interface */
    if (!victim || (claimed && victim->used))
        return false;
    forget(s, victim, WEFT_DROP_neigh_table_full);
    return true;
}

/* An unresolved entry; NULL: the table is full, or no memory. */
static struct neigh *create(weft_if *ifp, const struct weft_ip *ip, bool claimed)
{
    weft_stack *s = ifp->stack;
    struct neigh_table *t = &s->neighbours;
    struct neigh *n = make_room(s, claimed) ? slab_alloc(&t->slab) : NULL;

    if (!n)
        return NULL;
    memset(n, 0, sizeof *n);
    n->ifp = ifp;
    n->ip = *ip;
    n->state = NEIGH_INCOMPLETE;
    n->confirmed = s->now;
    timer_init(&n->timer);
    n->timer.kind = TIMER_NEIGH;
    list_init(&n->lru);
    if (!hashtab_insert(&t->table, &n->hash, 0, hash_key(t, ifp, ip))) {
        slab_free(&t->slab, n);
        return NULL;
    }
    list_push_back(&t->unresolved, &n->lru);
    return n;
}

/* ---- sending ---- */

/* Sends a request, as soon as one may be sent again, and waits for the answer. */
static void ask(struct neigh *n, bool unicast)
{
    weft_stack *s = n->ifp->stack;
    const struct neigh_ops *ops = ops_of(s, &n->ip);

    if (s->now >= n->may_ask) {
        n->tries++;
        n->may_ask = time_after(s->now, ops->retrans ? ops->retrans(n->ifp) : ASK_EVERY);
        ops->solicit(n->ifp, n, unicast);
    }
    timer_set(&s->wheel, &n->timer, n->may_ask);
}

/* Believed so far; asked again, first of all at the address that we know. */
static void probe(struct neigh *n)
{
    n->state = NEIGH_PROBE;
    n->tries = 0;
    ask(n, true);
}

/* It is used again: soon it will be asked, if nobody says before that it is there. */
static void doubt(struct neigh *n)
{
    weft_stack *s = n->ifp->stack;
    weft_time delay = ops_of(s, &n->ip)->delay;

    if (!delay) {
        probe(n);
        return;
    }
    n->state = NEIGH_DELAY;
    timer_set(&s->wheel, &n->timer, time_after(s->now, delay));
}

/* The latest packets are the ones worth keeping. */
static void wait_in_queue(struct neigh *n, struct weft_pkt *pkt)
{
    if (n->queue.count == NEIGH_QUEUE)
        pkt_drop(pkt_queue_pop(&n->queue), WEFT_DROP_neigh_queue_full);
    pkt_queue_push(&n->queue, pkt);
}

static const struct neigh *use(struct neigh *n)
{
    struct neigh_table *t = &n->ifp->stack->neighbours;

    if (n->ifp->last_neigh)
        move_to_back(n->ifp->last_neigh, &t->lru);
    move_to_back(n, &t->lru);
    n->ifp->last_neigh = n;
    n->used = true;
    if (n->state == NEIGH_STALE)
        doubt(n);
    return n;
}

static void resolve_unknown(weft_if *ifp, const struct weft_ip *next_hop, struct weft_pkt *pkt)
{
    struct neigh *n = create(ifp, next_hop, false);

    if (!n) {
        pkt_drop(pkt, ifp->stack->neighbours.slab.objects < ifp->stack->config.max_neighbours
                          ? WEFT_DROP_no_memory : WEFT_DROP_neigh_table_full);
        return;
    }
    n->used = true;
    wait_in_queue(n, pkt);
    ask(n, false);
}

const struct neigh *neigh_resolve(weft_if *ifp, const struct weft_ip *next_hop, struct weft_pkt *pkt)
{
    struct neigh *n = neigh_find(ifp, next_hop);

    if (unlikely(!n)) {
        resolve_unknown(ifp, next_hop, pkt);
        return NULL;
    }
    if (likely(is_resolved(n)))
        return use(n);
    if (n->state == NEIGH_FAILED) {
        if (ifp->stack->now < n->may_ask) {
            ops_of(ifp->stack, next_hop)->unreachable(ifp, pkt);
            return NULL;
        }
        n->state = NEIGH_INCOMPLETE;
        n->tries = 0;
        ask(n, false);
    }
    wait_in_queue(n, pkt);
    return NULL;
}

/* ---- what the network says ---- */

/* A neighbour died or came to life again: if it is one of several gateways, whoever keeps a path looks at it again. */
static void gateway_turned(const struct neigh *n)
{
    if (gateway_has_others(n->ifp, &n->ip))
        route_changed(n->ifp->stack);
}

/* The mac is known, so what waits goes out. How long it is trusted is said by `state` and the timer. */
static void resolve(struct neigh *n, enum neigh_state state, weft_time until)
{
    weft_stack *s = n->ifp->stack;
    bool resolved = is_resolved(n), was_dead = n->dead;
    struct weft_pkt *pkt;

    n->state = (uint8_t)state;
    n->dead = false;
    n->tries = 0;
    timer_set(&s->wheel, &n->timer, until);
    if (resolved)
        return;
    list_remove(&n->lru);
    if (n->used)
        list_push_back(&s->neighbours.lru, &n->lru);
    else
        list_push_front(&s->neighbours.lru, &n->lru);
    if (was_dead)
        gateway_turned(n);
    while ((pkt = pkt_queue_pop(&n->queue)))
        ops_of(s, &n->ip)->transmit(n->ifp, n, pkt);
}

/* He is at this station. Where another one was known that is told of: he was replaced, or somebody is in his place. */
static void place(struct neigh *n, const uint8_t mac[6])
{
    if (is_resolved(n) && memcmp(n->mac, mac, 6) != 0)
        stack_count(n->ifp->stack, WEFT_COUNT_neigh_moved);
    memcpy(n->mac, mac, 6);
}

/* The mac is right. */
static void confirm(struct neigh *n)
{
    weft_stack *s = n->ifp->stack;
    const struct neigh_ops *ops = ops_of(s, &n->ip);

    n->confirmed = s->now;
    resolve(n, NEIGH_REACHABLE, time_after(s->now, ops->reachable ? ops->reachable(n->ifp) : s->config.arp_reachable));
}

/* So says somebody; it is asked when it is used. */
static void believe(struct neigh *n) { resolve(n, NEIGH_STALE, WEFT_NEVER); }

void neigh_learn(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6], bool solicited, bool create_it)
{
    struct neigh *n = neigh_find(ifp, ip);
    weft_time now = ifp->stack->now;

    if (!n && create_it)
        n = create(ifp, ip, true);
    if (!n || n->state == NEIGH_FIXED)
        return;
    if (is_resolved(n) && !solicited && memcmp(n->mac, mac, 6) != 0 && now - n->confirmed < LOCKED_FOR)
        return;
    place(n, mac);
    confirm(n);
}

void neigh_heard(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    struct neigh *n = neigh_find(ifp, ip);
    bool known = n && is_resolved(n);

    if (!n)
        n = create(ifp, ip, true);
    if (!n || n->state == NEIGH_FIXED || (known && memcmp(n->mac, mac, 6) == 0))
        return;
    place(n, mac);
    believe(n);
}

bool neigh_advertised(weft_if *ifp, const struct weft_ip *ip, const uint8_t *mac, struct neigh_advert a)
{
    struct neigh *n = neigh_find(ifp, ip);
    bool known = n && is_resolved(n), differs = known && mac && memcmp(n->mac, mac, 6) != 0;

    if (!n || (!known && !mac))
        return false;
    if (n->state == NEIGH_FIXED)
        return !differs;
    if (differs && !a.override) { /* it claims another's address: only doubt comes of that */
        if (n->state == NEIGH_REACHABLE)
            believe(n);
        return false;
    }
    if (mac)
        place(n, mac);
    n->router = a.router;
    if (a.solicited)
        confirm(n);
    else if (!known || differs)
        believe(n);
    return true;
}

void neigh_is_router(weft_if *ifp, const struct weft_ip *ip)
{
    struct neigh *n = neigh_find(ifp, ip);

    if (n)
        n->router = true;
}

void neigh_hint(weft_if *ifp, const struct weft_ip *ip, bool reachable)
{
    struct neigh *n = neigh_find(ifp, ip);

    if (!n || !is_resolved(n) || n->state == NEIGH_FIXED)
        return;
    if (reachable)
        confirm(n);
    else if (n->state != NEIGH_PROBE)
        probe(n);
}

/* ---- time ---- */

/* Nobody answered: those who wait are told. What they do then may change the table, so n is not looked at any more. */
static void fail(weft_stack *s, struct neigh *n)
{
    const struct neigh_ops *ops = ops_of(s, &n->ip);
    struct pkt_queue waiting = n->queue;
    struct weft_ip lost = n->ip;
    struct weft_pkt *pkt;
    weft_if *ifp = n->ifp;

    n->state = NEIGH_FAILED;
    n->dead = true;
    n->queue = (struct pkt_queue){0};
    n->may_ask = time_after(s->now, ASK_EVERY);
    move_to_back(n, &s->neighbours.unresolved);
    if (ifp->last_neigh == n)
        ifp->last_neigh = NULL;
    timer_set(&s->wheel, &n->timer, time_after(s->now, FAILED_FOR));
    gateway_turned(n);
    if (s->assembly->neighbour_lost)
        s->assembly->neighbour_lost(ifp, &lost);
    while ((pkt = pkt_queue_pop(&waiting)))
        ops->unreachable(ifp, pkt);
}

/*
 * A neighbour that failed is forgotten after a time. A gateway with others beside it stays dead, or all traffic would
 * wait for its answer once more. It rests (tries 0); when somebody would go by it (WANTED) it is asked once and rests.
 */
static void failed_due(weft_stack *s, struct neigh *n)
{
    bool gateway = gateway_has_others(n->ifp, &n->ip);

    if (!gateway || n->tries == 0) {
        forget(s, n, WEFT_DROP_neigh_unreachable);
        if (gateway)
            route_changed(s);
        return;
    }
    if (n->tries == WANTED) {
        n->tries++;
        ops_of(s, &n->ip)->solicit(n->ifp, n, false);
    } else {
        n->tries = 0;
        route_changed(s); /* so that whoever keeps a path looks, and it is seen whether this one is wanted */
    }
    timer_set(&s->wheel, &n->timer, time_after(s->now, FAILED_FOR));
}

void neigh_wanted(struct neigh *n)
{
    weft_stack *s = n->ifp->stack;

    if (n->state != NEIGH_FAILED || n->tries != 0)
        return;
    n->tries = WANTED;
    timer_set(&s->wheel, &n->timer, s->now);
}

void neigh_timer(weft_stack *s, struct timer *t)
{
    struct neigh *n = container_of(t, struct neigh, timer);

    switch ((enum neigh_state)n->state) {
    case NEIGH_REACHABLE:
        n->state = NEIGH_STALE; /* believed, but asked again when it is next used */
        break;
    case NEIGH_INCOMPLETE:
        if (n->tries < NEIGH_TRIES)
            ask(n, false);
        else
            fail(s, n);
        break;
    case NEIGH_DELAY:
        probe(n);
        break;
    case NEIGH_PROBE: /* then as if unknown: the station may have a new address (RFC 1122 §2.3.2.1) */
        if (n->tries < 2 * NEIGH_TRIES)
            ask(n, n->tries < NEIGH_TRIES);
        else
            fail(s, n);
        break;
    case NEIGH_FAILED:
        failed_due(s, n);
        break;
    case NEIGH_STALE: /* has no timer */
    case NEIGH_FIXED:
        break;
    }
}

/* ---- what the user says ---- */

static struct neigh *told(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    struct neigh *n = neigh_find(ifp, ip);

    if (!n)
        n = create(ifp, ip, false);
    if (!n)
        return NULL;
    memcpy(n->mac, mac, 6);
    n->used = true;
    n->confirmed = ifp->stack->now;
    return n;
}

int neigh_fix(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    struct neigh *n = told(ifp, ip, mac);

    if (n)
        resolve(n, NEIGH_FIXED, WEFT_NEVER);
    return n ? 0 : WEFT_ENOMEM;
}

int neigh_tell(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    struct neigh *n = told(ifp, ip, mac);

    if (n)
        believe(n);
    return n ? 0 : WEFT_ENOMEM;
}

void neigh_drop(struct neigh *n) { forget(n->ifp->stack, n, WEFT_DROP_neigh_unreachable); }
