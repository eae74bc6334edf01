/* SPDX-License-Identifier: MIT */
/* Interfaces; see iface.h. The verbs weft_input and weft_output are here. */
#include "core/gso.h"
#include "core/stack.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define INPUT_MAX     4096 /* of weft_input's contract */
#define QUEUE_DEFAULT 1024
#define TURN_BUDGET   16 /* packets that a sender may build in one turn */
#define AHEAD_STEP    2    /* packets between two steps of foreseeing one */
#define AHEAD_FAR     (AHEAD_STEP * (FORESEE_STEPS + 1)) /* packets before its own turn that one is foreseen */
#define MIN_MTU       68 /* RFC 791 §3.2 */

SELDOM static void trace_packet(weft_if *ifp, enum weft_trace_kind kind, const struct weft_pkt *pkt)
{
    struct weft_trace event = {.at = ifp->stack->now, .kind = kind, .ifp = ifp, .pkt = pkt};

    ifp->stack->env.trace(ifp->stack->env.ctx, &event);
}

/* ---- in ---- */

static void input_one(weft_if *ifp, struct weft_pkt *pkt)
{
    weft_stack *s = ifp->stack;
    bool traced = s->env.trace;

    ifp->rx_packets++;
    ifp->rx_bytes += pkt_total(pkt);
    pkt->ifp = ifp;
    pkt->l2 = (uint16_t)pkt_headroom(pkt);
    if (unlikely(traced))
        trace_packet(ifp, WEFT_TRACE_RX, pkt);
    if (likely(ifp->up))
        ifp->ops->input(ifp, pkt);
    else
        pkt_drop(pkt, WEFT_DROP_if_down);
    if (!s->more_input)
        stack_flush(s);
    if (unlikely(traced))
        trace_packet(ifp, WEFT_TRACE_RX_DONE, NULL);
}

/* The datagram in a packet that was not looked at yet. */
static struct foresight foresee(const struct transport *crowded, const weft_if *ifp, const struct weft_pkt *pkt)
{
    unsigned header = ifp->ops->header + ifp->tag;

    if (pkt->len <= header)
        return (struct foresight){0};
    return crowded->foresee(ifp->stack, pkt->data + header, pkt->len - header);
}

/*
 * Among very many endpoints: each packet is foreseen some turns before its own, and what it is for is fetched on the
 * way.
 */
ASIDE static void input_foreseeing(weft_if *ifp, weft_pkt *const *pkts, size_t n)
{
    weft_stack *s = ifp->stack;
    const struct transport *crowded = s->crowded; /* the batch may end that */
    struct foresight seen[AHEAD_FAR];

    for (size_t i = 0; i < n + AHEAD_FAR; i++) { /* packet i is foreseen, and AHEAD_FAR turns later it comes in */
        if (i + AHEAD_FAR < n)
            __builtin_prefetch(pkts[i + AHEAD_FAR]);
        if (i + AHEAD_STEP < n)
            __builtin_prefetch(pkts[i + AHEAD_STEP]->data);
        for (unsigned step = 0; step < FORESEE_STEPS; step++) {
            size_t at = i - (step + 1) * AHEAD_STEP;

            if (at < n && seen[at % AHEAD_FAR].any)
                crowded->fetch(s, &seen[at % AHEAD_FAR], step);
        }
        if (i >= AHEAD_FAR) {
            s->more_input = i + 1 < n + AHEAD_FAR;
            input_one(ifp, pkts[i - AHEAD_FAR]);
        }
        if (i < n)
            seen[i % AHEAD_FAR] = foresee(crowded, ifp, pkts[i]);
    }
}

static void input_in_order(weft_if *ifp, weft_pkt *const *pkts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ifp->stack->more_input = i + 1 < n;
        if (ifp->stack->more_input)
            __builtin_prefetch(pkts[i + 1]->data);
        input_one(ifp, pkts[i]);
    }
}

void weft_input(weft_if *ifp, weft_pkt *const *pkts, size_t n, weft_time now)
{
    uint64_t bytes = ifp->rx_bytes;

    weft_assert(n <= INPUT_MAX, "the contract of weft_input");
    weft_assert(n == 0 || pkts[0]->stack == ifp->stack, "drivers take packets from the stack they feed");
    weft_clock(ifp->stack, now);
    if (unlikely(ifp->stack->crowded) && n >= AHEAD_FAR)
        input_foreseeing(ifp, pkts, n);
    else
        input_in_order(ifp, pkts, n);
    stack_count_n(ifp->stack, WEFT_COUNT_if_rx_packets, n);
    stack_count_n(ifp->stack, WEFT_COUNT_if_rx_bytes, ifp->rx_bytes - bytes);
}

/* ---- out ---- */

/* Must it be cut before it goes out? */
static bool must_be_cut(const weft_if *ifp, const struct weft_pkt *pkt)
{
    return pkt->gso_size && !(ifp->offload & (gso_is_udp(pkt) ? WEFT_OFFLOAD_USO : WEFT_OFFLOAD_TSO));
}

/* May this packet go out? Else why not. */
static enum weft_drop refusal(const weft_if *ifp, const struct weft_pkt *pkt)
{
    if (!ifp->up)
        return WEFT_DROP_if_down;
    if (!must_be_cut(ifp, pkt) &&
        pkt_total(pkt) > (pkt->gso_size ? ifp->gso_max : ifp->mtu) + ifp->ops->header + ifp->tag)
        return WEFT_DROP_if_oversize;
    return ifp->queue.count < ifp->queue_limit ? WEFT_DROP_none : WEFT_DROP_if_queue_full;
}

void if_transmit(weft_if *ifp, struct weft_pkt *pkt)
{
    enum weft_drop why = refusal(ifp, pkt);

    if (unlikely(why != WEFT_DROP_none)) {
        ifp->tx_drops++;
        pkt->ifp = NULL; /* else pkt_drop would count it among what came in */
        pkt_drop(pkt, why);
        return;
    }
    pkt->ifp = ifp;
    pkt_queue_push(&ifp->queue, pkt);
}

/* The next piece of the super-segment in front, which leaves the queue with its last. NULL: no memory at the moment. */
ASIDE static struct weft_pkt *cut_first(weft_if *ifp)
{
    struct weft_pkt *super = ifp->queue.first;
    struct weft_pkt *piece = gso_piece(super, ifp->cut, !(ifp->offload & WEFT_OFFLOAD_CSUM));

    if (unlikely(!piece))
        return NULL;
    piece->ifp = ifp;
    ifp->cut += super->gso_size;
    if (ifp->cut >= gso_payload(super)) {
        ifp->cut = 0;
        pkt_release(pkt_queue_pop(&ifp->queue));
    }
    return piece;
}

static struct weft_pkt *next_finished(weft_if *ifp)
{
    return ifp->queue.first && must_be_cut(ifp, ifp->queue.first) ? cut_first(ifp) : pkt_queue_pop(&ifp->queue);
}

/* Empties the queue into out; returns how many. */
static size_t drain(weft_if *ifp, weft_pkt **out, size_t max)
{
    struct weft_pkt *pkt;
    size_t n = 0;

    while (n < max && (pkt = next_finished(ifp))) {
        ifp->tx_packets++;
        ifp->tx_bytes += pkt_total(pkt);
        if (unlikely(ifp->stack->env.trace))
            trace_packet(ifp, WEFT_TRACE_TX, pkt);
        out[n++] = pkt;
    }
    return n;
}

/* How many packets may be built in a turn. */
static unsigned budget_of(const weft_if *ifp, size_t room)
{
    return (unsigned)min_size(min_size(room, TURN_BUDGET), ifp->queue_limit);
}

/* The first sender in line builds; it is put behind the others when it wants another turn. The queue is empty. */
static void give_turn(weft_if *ifp, size_t room)
{
    struct sender *s = container_of(list_pop_front(&ifp->senders), struct sender, link);

    if (s->pull(s, budget_of(ifp, room)))
        if_want(ifp, s);
}

/* Who is not settled gets a turn at once when there is nobody before him, and settles after that. */
static void settle_or_pull(weft_if *ifp, size_t room)
{
    weft_stack *s = ifp->stack;

    if (room == 0 || if_wants(ifp) || !endpoint_ops(s->unsettled)->pull(s->unsettled, ifp, budget_of(ifp, room)))
        stack_settle(s);
}

size_t weft_output(weft_if *ifp, weft_pkt **out, size_t max, weft_time now)
{
    uint64_t packets = ifp->tx_packets, bytes = ifp->tx_bytes;
    const struct list *idle = NULL; /* the first of those who built nothing in their turn, though they want another */
    size_t n;

    weft_clock(ifp->stack, now);
    if (ifp->stack->unsettled)
        settle_or_pull(ifp, max);
    if (!if_wants(ifp))
        return 0;
    n = drain(ifp, out, max);
    while (n < max && !list_empty(&ifp->senders) && ifp->senders.next != idle) {
        const struct list *first = ifp->senders.next;
        size_t built;

        give_turn(ifp, max - n);
        built = drain(ifp, out + n, max - n);
        n += built;
        if (built)
            idle = NULL;
        else if (!idle)
            idle = first;
    }
    stack_count_n(ifp->stack, WEFT_COUNT_if_tx_packets, ifp->tx_packets - packets);
    stack_count_n(ifp->stack, WEFT_COUNT_if_tx_bytes, ifp->tx_bytes - bytes);
    return n;
}

bool weft_output_wanted(const weft_if *ifp)
{
    stack_settle(ifp->stack);
    return if_wants(ifp);
}

bool if_may_want(const weft_if *ifp) { return if_wants(ifp) || ifp->stack->unsettled; }

/* ---- groups of stations ---- */

static unsigned tuned_slot(const uint8_t mac[6]) { return (mac[3] * 17u ^ mac[4] * 5u ^ mac[5]) % IF_TUNED; }

void if_tune(weft_if *ifp, const uint8_t mac[6], bool in)
{
    uint16_t *count = &ifp->tuned[tuned_slot(mac)];

    if (*count == UINT16_MAX) /* so many that it stays so */
        return;
    *count = (uint16_t)(in ? *count + 1 : *count - 1);
}

bool if_hears(const weft_if *ifp, const uint8_t mac[6])
{
    bool of_ip = (mac[0] == 1 && mac[1] == 0 && mac[2] == 0x5e) || (mac[0] == 0x33 && mac[1] == 0x33);

    return !of_ip || ifp->tuned[tuned_slot(mac)];
}

/* What every host listens to: 224.0.0.1, ff02::1; and the routers' 224.0.0.2, ff02::2, for it may become one. */
static void tune_to_all(weft_if *ifp)
{
    static const uint8_t all[][6] = {
        {1, 0, 0x5e, 0, 0, 1}, {0x33, 0x33, 0, 0, 0, 1}, {1, 0, 0x5e, 0, 0, 2}, {0x33, 0x33, 0, 0, 0, 2}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if_tune(ifp, all[i], true);
}

/* ---- making and removing ---- */

static bool is_sound(const struct weft_if_config *k)
{
    size_t n = 0;

    if (!k->name || k->mtu < MIN_MTU || k->mtu > 65535 || (unsigned)k->link > WEFT_LINK_LOOPBACK)
        return false;
    if (k->ipv6 && k->mtu < IPV6_MIN_MTU)
        return false;
    while (n < sizeof((weft_if *)0)->name && k->name[n])
        n++;
    if (n == 0 || n == sizeof((weft_if *)0)->name)
        return false;
    if ((k->offload & WEFT_OFFLOAD_TSO) && !(k->offload & WEFT_OFFLOAD_CSUM))
        return false;
    if (k->vlan > 4094 || (k->vlan && k->link != WEFT_LINK_ETHERNET))
        return false;
    return k->link != WEFT_LINK_ETHERNET || !(k->mac[0] & 1);
}

static bool same_name(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

weft_if *weft_if_find(weft_stack *stack, const char *name)
{
    list_each(it, &stack->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (same_name(ifp->name, name))
            return ifp;
    }
    return NULL;
}

static void empty_queue(weft_if *ifp)
{
    pkt_queue_clear(&ifp->queue, WEFT_DROP_if_down);
    ifp->cut = 0;
}

static void forget_senders(weft_if *ifp)
{
    while (list_pop_front(&ifp->senders))
        ;
}

/* A number that no interface has, and that was not given out just before. */
static uint16_t next_index(weft_stack *s)
{
    do
        s->last_if_index++;
    while (s->last_if_index == 0 || if_by_index(s, s->last_if_index));
    return s->last_if_index;
}

/* What the interface does with IPv6 by itself (enum weft_if_ipv6). */
static unsigned ipv6_flags(const struct weft_config *c, unsigned asked)
{
    unsigned flags = WEFT_IPV6_LINK_LOCAL;

    if (!(asked & WEFT_IPV6_AUTO))
        return asked;
    if (!c->ipv6_accept_dad)
        flags |= WEFT_IPV6_NO_DAD;
    if (c->ipv6_addr_gen_mode == 1)
        return flags & ~(unsigned)WEFT_IPV6_LINK_LOCAL;
    if (c->ipv6_addr_gen_mode == 0)
        flags |= WEFT_IPV6_EUI64;
    if (c->ipv6_accept_ra)
        flags |= WEFT_IPV6_ROUTERS;
    return c->ipv6_temporary ? flags | WEFT_IPV6_TEMPORARY : flags;
}

static void fill(weft_if *ifp, weft_stack *s, const struct weft_if_config *k)
{
    memset(ifp, 0, sizeof *ifp);
    ifp->stack = s;
    ifp->index = next_index(s);
    ifp->ipv6 = ipv6_flags(&s->config, k->ipv6);
    ifp->ops = s->assembly->link[k->link];
    ifp->cookie = k->cookie;
    for (size_t i = 0; k->name[i]; i++)
        ifp->name[i] = k->name[i];
    memcpy(ifp->mac, k->mac, 6);
    ifp->up = true;
    ifp->vlan = k->vlan;
    ifp->tag = k->vlan ? 4 : 0; /* IEEE 802.1Q */
    ifp->mtu = ifp->link_mtu = k->mtu;
    ifp->offload = k->offload;
    ifp->gso_max = k->gso_max ? min_u32(k->gso_max, 65535) : 65535;
    ifp->queue_limit = k->queue_limit ? k->queue_limit : QUEUE_DEFAULT;
    list_init(&ifp->senders);
    tune_to_all(ifp);
    list_push_back(&s->interfaces, &ifp->link);
}

/* One that was removed is used again, so that their number is bounded. */
static weft_if *allocate(weft_stack *s)
{
    struct list *old = list_pop_front(&s->removed);
    weft_if *ifp;

    if (!old)
        return mem_alloc(&s->mem, MEM_stack, sizeof *ifp);
    ifp = container_of(old, weft_if, link);
    forget_senders(ifp); /* who asked for a turn since; they ask again when they know their new route */
    return ifp;
}

weft_if *weft_if_new(weft_stack *stack, const struct weft_if_config *config, int *err)
{
    weft_if *ifp = NULL;
    int why = 0;

    if (!is_sound(config))
        why = WEFT_EINVAL;
    else if (weft_if_find(stack, config->name))
        why = WEFT_EEXIST;
    else if (!(ifp = allocate(stack)))
        why = WEFT_ENOMEM;
    else
        fill(ifp, stack, config);
    if (ifp && ifp->ipv6 && stack->assembly->if_added)
        stack->assembly->if_added(ifp);
    if (why && err)
        *err = why;
    return ifp;
}

void weft_if_free(weft_if *ifp)
{
    weft_stack *s = ifp->stack;

    ifp->up = false;
    if (ifp->nd && s->assembly->if_removed)
        s->assembly->if_removed(ifp);
    if (ifp->groups && s->assembly->groups_changed)
        s->assembly->groups_changed(ifp, false);
    route_forget_if(s, ifp);
    neigh_forget_if(ifp);
    if (ifp->ops->down)
        ifp->ops->down(ifp);
    forget_senders(ifp);
    empty_queue(ifp);
    list_remove(&ifp->link);
    if (s->loopback == ifp)
        s->loopback = NULL;
    ifp->n_addresses = 0;
    list_push_back(&s->removed, &ifp->link);
}

void if_free_removed(weft_stack *s)
{
    struct list *link;

    while ((link = list_pop_front(&s->removed)))
        mem_free(&s->mem, MEM_stack, container_of(link, weft_if, link), sizeof(weft_if));
}

/* ---- addresses ---- */

const struct if_address *if_find_address(const weft_if *ifp, const struct weft_ip *ip)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_eq(&ifp->address[i].ip, ip))
            return if_address_usable(&ifp->address[i]) ? &ifp->address[i] : NULL;
    return NULL;
}

struct if_address *if_find_entry(weft_if *ifp, const struct weft_ip *ip)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_eq(&ifp->address[i].ip, ip))
            return &ifp->address[i];
    return NULL;
}

weft_if *if_by_index(weft_stack *s, unsigned index)
{
    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->index == index)
            return ifp;
    }
    return NULL;
}

weft_if *if_by_address(weft_stack *s, const struct weft_ip *ip)
{
    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (if_find_address(ifp, ip))
            return ifp;
    }
    return NULL;
}

/* All ones or all zeros within the network of this address of IPv4, or what it was told. */
static inline bool is_directed_at(const struct if_address *a, uint32_t ip)
{
    uint32_t host = a->prefix < 127 ? UINT32_MAX >> (a->prefix - 96) : 0;
    bool within = ((ip ^ ip_to_v4(&a->ip)) & ~host) == 0;

    return (host && within && ((ip & host) == 0 || (ip & host) == host)) ||
           (ip && ip == ip_to_v4(&a->broadcast));
}

bool if_is_broadcast(const weft_if *ifp, const struct weft_ip *ip)
{
    uint32_t v4 = ip_to_v4(ip);

    if (!ip_is_v4(ip))
        return false;
    if (v4 == UINT32_MAX)
        return true;
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_is_v4(&ifp->address[i].ip) && is_directed_at(&ifp->address[i], v4))
            return true;
    return false;
}

/* RFC 1122 §3.2.1.3: a host's address is no group's, and neither all zeros nor all ones within its network. */
static bool may_be_ours_v4(const weft_if *ifp, const struct weft_ip *ip, unsigned prefix)
{
    uint32_t host = prefix < 31 ? UINT32_MAX >> prefix : 0;

    if (prefix > 32 || ip_is_any(ip) || ip_is_multicast(ip) || ip_is_limited_broadcast(ip))
        return false;
    if (host && ((ip_to_v4(ip) & host) == 0 || (ip_to_v4(ip) & host) == host))
        return false;
    return !ip_is_loopback(ip) || ifp->ops->kind == WEFT_LINK_LOOPBACK;
}

/* RFC 4291 §2.5; a link that carries less than 1,280 bytes is none for IPv6 (RFC 8200 §5). */
static bool may_be_ours_v6(const weft_if *ifp, const struct weft_ip *ip, unsigned prefix)
{
    if (prefix > 128 || ip_is_any(ip) || ip_is_multicast(ip) || ifp->mtu < IPV6_MIN_MTU)
        return false;
    if (ip_is_loopback(ip) || ifp->ops->kind == WEFT_LINK_LOOPBACK)
        return ip_is_loopback(ip) && ifp->ops->kind == WEFT_LINK_LOOPBACK;
    return ip_zone(ip) == 0 || ip_zone(ip) == ifp->index;
}

/* What a link with broadcasts is told to use (RFC 1122 §3.3.6). */
static struct weft_ip all_ones(const weft_if *ifp, const struct weft_ip *ip, unsigned prefix)
{
    bool none = prefix >= 31 || ifp->ops->kind != WEFT_LINK_ETHERNET;

    return weft_ipv4(none ? 0 : ip_to_v4(ip) | UINT32_MAX >> prefix);
}

void if_v4_ready(weft_if *ifp)
{
    if (ifp->stack->assembly->v4_ready)
        ifp->stack->assembly->v4_ready(ifp);
}

/* The link tries or announces it; where it does neither, or tries nothing, it is ready at once. */
void if_v4_added(weft_if *ifp, const struct weft_ip *ip)
{
    if (ifp->ops->address_added)
        ifp->ops->address_added(ifp, ip);
    if (if_find_address(ifp, ip))
        if_v4_ready(ifp);
}

int if_add_entry(weft_if *ifp, const struct if_address *a)
{
    weft_stack *s = ifp->stack;

    list_each(it, &s->interfaces)
        if (if_find_entry(container_of(it, weft_if, link), &a->ip))
            return WEFT_EEXIST;
    if (ifp->n_addresses == IF_ADDRESSES)
        return WEFT_ENOMEM;
    ifp->address[ifp->n_addresses++] = *a;
    route_changed(s);
    ifp->last_neigh = NULL; /* what is no neighbour now is found out by the long way */
    if (!ip_is_v4(&a->ip) && s->assembly->address_added)
        s->assembly->address_added(ifp, &ifp->address[ifp->n_addresses - 1]);
    else if (ip_is_v4(&a->ip))
        if_v4_added(ifp, &a->ip);
    return 0;
}

void if_remove_entry(weft_if *ifp, struct if_address *a)
{
    struct if_address gone = *a;
    size_t behind = (size_t)(&ifp->address[ifp->n_addresses] - (a + 1));

    memmove(a, a + 1, behind * sizeof *a);
    ifp->n_addresses--;
    route_changed(ifp->stack);
    if (!ip_is_v4(&gone.ip) && ifp->stack->assembly->address_removed)
        ifp->stack->assembly->address_removed(ifp, &gone);
    else if (ip_is_v4(&gone.ip) && ifp->ops->address_removed)
        ifp->ops->address_removed(ifp, &gone.ip);
}

const struct weft_ip *if_network_of(const struct if_address *a)
{
    return ip_is_any(&a->peer) ? &a->ip : &a->peer;
}

/* The route to the network that an address lies in. */
static struct route network_route(weft_if *ifp, const struct if_address *a)
{
    struct route r = {
        .dst = ip_network(if_network_of(a), a->prefix), .prefix = a->prefix, .ifp = ifp, .owner = WEFT_ROUTE_LINK};

    if (ip_is_v4(&a->ip))
        r.gateway = weft_ipv4(0);
    return r;
}

int if_route_network(weft_if *ifp, const struct if_address *a)
{
    struct route r = network_route(ifp, a);

    return route_add(ifp->stack, &r);
}

void if_unroute_network(weft_if *ifp, const struct if_address *a)
{
    struct route r = network_route(ifp, a);

    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (&ifp->address[i] != a && !ifp->address[i].automatic && ifp->address[i].prefix == r.prefix &&
            ip_prefix_match(if_network_of(&ifp->address[i]), &r.dst, r.prefix))
            return;
    route_remove(ifp->stack, &r);
}

int weft_if_add_address(weft_if *ifp, const struct weft_ip *ip, unsigned prefix)
{
    struct if_address a = {.ip = *ip, .preferred_until = WEFT_NEVER, .valid_until = WEFT_NEVER};
    bool v4 = ip_is_v4(ip);
    int err;

    if (!(v4 ? may_be_ours_v4(ifp, ip, prefix) : may_be_ours_v6(ifp, ip, prefix)))
        return WEFT_EINVAL;
    ip_set_zone(&a.ip, ifp->index);
    if (if_find_entry(ifp, &a.ip) || if_by_address(ifp->stack, &a.ip))
        return WEFT_EEXIST;
    if (ifp->n_addresses == IF_ADDRESSES)
        return WEFT_ENOMEM;
    a.prefix = (uint8_t)(v4 ? 96 + prefix : prefix);
    if (v4)
        a.broadcast = all_ones(ifp, ip, prefix);
    err = ifp->up ? if_route_network(ifp, &a) : 0; /* on one that is down it comes when that is put up */
    if (err < 0 && err != WEFT_EEXIST) /* a second address of the same network shares its route */
        return err;
    return if_add_entry(ifp, &a);
}

int weft_if_del_address(weft_if *ifp, const struct weft_ip *ip)
{
    struct weft_ip ours = *ip;
    struct if_address *a, gone;

    if (ip_zone(&ours) == 0)
        ip_set_zone(&ours, ifp->index);
    a = if_find_entry(ifp, &ours);
    if (!a)
        return WEFT_ENOENT;
    gone = *a;
    if_remove_entry(ifp, a);
    if_unroute_network(ifp, &gone);
    return 0;
}

/* ---- facts ---- */

weft_stack *weft_if_stack(const weft_if *ifp) { return ifp->stack; }
const char *weft_if_name(const weft_if *ifp) { return ifp->name; }
void *weft_if_cookie(const weft_if *ifp) { return ifp->cookie; }

unsigned weft_if_index(const weft_if *ifp) { return ifp->index; }
weft_if *weft_if_by_index(weft_stack *stack, unsigned index) { return if_by_index(stack, index); }

static void describe_address(const struct if_address *a, struct weft_if_info *info, unsigned i)
{
    static const char *const states[] = {"preferred", "deprecated", "tentative", "duplicate"};

    info->address[i].ip = a->ip;
    info->address[i].broadcast = a->broadcast;
    info->address[i].peer = a->peer;
    info->address[i].prefix = ip_is_v4(&a->ip) ? a->prefix - 96u : a->prefix;
    info->address[i].state = states[a->state];
    info->address[i].automatic = a->automatic;
    info->address[i].temporary = a->temporary;
    info->address[i].valid_until = a->valid_until;
    info->address[i].preferred_until = a->preferred_until;
}

static void describe(const weft_if *ifp, struct weft_if_info *info)
{
    *info = (struct weft_if_info){
        .name = ifp->name,
        .index = ifp->index,
        .link = ifp->ops->kind,
        .mtu = ifp->mtu,
        .up = ifp->up,
        .asking = ifp->ops->is_asking && ifp->ops->is_asking(ifp),
        .offload = ifp->offload,
        .rx_packets = ifp->rx_packets,
        .rx_bytes = ifp->rx_bytes,
        .rx_drops = ifp->rx_drops,
        .tx_packets = ifp->tx_packets,
        .tx_bytes = ifp->tx_bytes,
        .tx_drops = ifp->tx_drops,
        .n_addresses = ifp->n_addresses,
    };
    memcpy(info->mac, ifp->mac, 6);
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        describe_address(&ifp->address[i], info, i);
}

bool weft_if_info(weft_stack *stack, size_t i, struct weft_if_info *info)
{
    list_each(it, &stack->interfaces)
        if (i-- == 0) {
            describe(container_of(it, weft_if, link), info);
            return true;
        }
    return false;
}
