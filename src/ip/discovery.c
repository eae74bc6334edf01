/* SPDX-License-Identifier: MIT */
/*
 * Which routers of IPv4 are there? The host's side of RFC 1256, where the configuration has it. An interface that gets
 * an address asks three times, until a router answers. What routers say of themselves, and of others on the same link,
 * becomes default routes for their lifetimes, the higher a preference the smaller the metric. A route that somebody
 * made by hand goes before them.
 *
 * Invariants: no two records are of one router by one interface; the timer stands at the earliest deadline. When there
 * are more routers than room, the least preferred have none: a flood of them pushes out nothing better than itself.
 */
#include "ip/private.h"

/* RFC 1256 §7.1 */
#define MAX_DELAY    WEFT_S
#define INTERVAL     (3 * WEFT_S)
#define MAX_SOLICITS 3

#define ALL_ROUTERS 0xe0000002u
#define NEVER       INT32_MIN /* the preference of who is no default router (§2) */
#define ENTRY_MIN   8         /* an address and its preference */

void discovery_init(struct ip_discovery *d)
{
    d->n_routers = d->n_searches = 0;
    timer_init(&d->timer);
    d->timer.kind = TIMER_IP;
}

void discovery_fini(weft_stack *s, struct ip_discovery *d) { timer_remove(&s->wheel, &d->timer); }

static void arm(weft_stack *s, struct ip_discovery *d)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < d->n_routers; i++)
        at = min_u64(at, d->router[i].until);
    for (unsigned i = 0; i < d->n_searches; i++)
        at = min_u64(at, d->search[i].due);
    timer_set(&s->wheel, &d->timer, at);
}

/* ---- routes ---- */

/* From 1, which is still behind what somebody made by hand, to the largest. */
static uint32_t metric_of(int32_t preference) { return (uint32_t)((int64_t)INT32_MAX - preference + 1); }

static struct route way_by(weft_if *ifp, const struct ip_router *r)
{
    return (struct route){.dst = weft_ipv4(0),
                          .gateway = r->ip,
                          .prefix = 96,
                          .ifp = ifp,
                          .metric = metric_of(r->preference),
                          .owner = WEFT_ROUTE_ROUTER,
                          .flags = WEFT_ROUTE_DYNAMIC};
}

/* The route goes if it is ours: the interface may be gone, or somebody may have made one by this gateway. */
static void withdraw(weft_stack *s, const struct ip_router *r)
{
    weft_if *ifp = if_by_index(s, r->if_index);
    struct route way = way_by(ifp, r), *there = ifp ? route_get(s, &way) : NULL;

    if (there && there->owner == WEFT_ROUTE_ROUTER)
        route_forget(s, there);
}

static void forget(weft_stack *s, struct ip_discovery *d, unsigned i)
{
    withdraw(s, &d->router[i]);
    d->router[i] = d->router[--d->n_routers];
}

/* ---- asking ---- */

static void stop_search(struct ip_discovery *d, unsigned if_index)
{
    for (unsigned i = d->n_searches; i-- > 0;)
        if (d->search[i].if_index == if_index)
            d->search[i] = d->search[--d->n_searches];
}

void ip_v4_ready(weft_if *ifp)
{
    weft_stack *s = ifp->stack;
    struct ip_discovery *d = &ip_state(s)->discovery;

    if (ifp->ops->kind != WEFT_LINK_LOOPBACK)
        group_settle_routers(ifp, true);
    advertise_begin(ifp);
    if (!s->config.router_discovery || ip_forwards(s, true) || ifp->ops->kind == WEFT_LINK_LOOPBACK)
        return;
    stop_search(d, ifp->index);
    if (d->n_searches == IP_SEARCHES) /* it hears who speaks without being asked */
        return;
    d->search[d->n_searches++] = (struct ip_search){
        .if_index = ifp->index, .due = time_after(s->now, rng_below(&s->rng, MAX_DELAY / WEFT_US) * WEFT_US)};
    arm(s, d);
}

static void solicit(weft_if *ifp)
{
    weft_stack *s = ifp->stack;
    struct ip_send how = {.dst = weft_ipv4(ALL_ROUTERS), .proto = IP_PROTO_ICMP, .ttl = 1};
    struct ip_path path = {.ifp = ifp, .next_hop = how.dst};
    struct weft_pkt *pkt;
    struct writer w;

    if (route_source(s, &path, &how.dst, &how.src) != 0)
        return; /* the address has gone again */
    pkt = pkt_new(s);
    if (!pkt) {
        stack_drop(s, WEFT_DROP_no_memory);
        return;
    }
    w = writer(pkt->data, ICMPV4_HEADER);
    icmpv4_emit(&w, &(struct icmpv4_header){.type = ICMPV4_ROUTER_SOLICIT});
    pkt->len = ICMPV4_HEADER;
    stack_count(s, WEFT_COUNT_icmp_router_solicits_out);
    icmp_send(s, pkt, &how, &path);
}

/* One step of a search; false when it was the last. */
static bool search_on(weft_stack *s, struct ip_search *search)
{
    weft_if *ifp = if_by_index(s, search->if_index);

    if (!ifp || !ifp->up || search->sent == MAX_SOLICITS)
        return false;
    search->sent++;
    search->due = time_after(s->now, INTERVAL);
    solicit(ifp);
    return true;
}

void discovery_timer(weft_stack *s)
{
    struct ip_discovery *d = &ip_state(s)->discovery;

    for (unsigned i = d->n_searches; i-- > 0;)
        if (d->search[i].due <= s->now && !search_on(s, &d->search[i]))
            d->search[i] = d->search[--d->n_searches];
    for (unsigned i = d->n_routers; i-- > 0;)
        if (d->router[i].until <= s->now)
            forget(s, d, i);
    arm(s, d);
}

/* ---- advertisements ---- */

static unsigned find(const struct ip_discovery *d, const struct ip_router *r)
{
    unsigned i = 0;

    while (i < d->n_routers && !(d->router[i].if_index == r->if_index && ip_eq(&d->router[i].ip, &r->ip)))
        i++;
    return i;
}

static unsigned least_preferred(const struct ip_discovery *d)
{
    unsigned least = 0;

    for (unsigned i = 1; i < d->n_routers; i++)
        if (d->router[i].preference < d->router[least].preference)
            least = i;
    return least;
}

/* Makes room for a router of this preference; false: all others are at least as good. */
static bool make_room(weft_stack *s, struct ip_discovery *d, int32_t preference)
{
    unsigned least;

    if (d->n_routers < IP_ROUTERS)
        return true;
    least = least_preferred(d);
    if (d->router[least].preference >= preference)
        return false;
    forget(s, d, least);
    return true;
}

/* One router of the message (§5.3): what it said before no longer counts. */
static void hear(weft_stack *s, struct ip_discovery *d, weft_if *ifp, const struct ip_router *said)
{
    struct route way = way_by(ifp, said);
    unsigned known = find(d, said);

    if (known < d->n_routers)
        forget(s, d, known);
    if (said->until <= s->now || said->preference == NEVER || !make_room(s, d, said->preference))
        return;
    if (route_add(s, &way) == 0) /* not when somebody made one by this gateway, which stays */
        d->router[d->n_routers++] = *said;
}

/* What must hold for the whole message (§5.2), and that it is a neighbour's. */
static bool is_sound(weft_stack *s, const struct weft_pkt *pkt, uint8_t code, struct icmpv4_routers m)
{
    return code == 0 && m.count > 0 && m.words * 4 >= ENTRY_MIN &&
           pkt->len >= ICMPV4_HEADER + m.count * m.words * 4u && (!pkt->ip_group || pkt->ttl == 1) &&
           ip_is_neighbour(s, pkt->ifp, &pkt->src);
}

void discovery_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h)
{
    struct ip_discovery *d = &ip_state(s)->discovery;
    struct icmpv4_routers m = icmpv4_routers_of(h->rest.word);

    if (!s->config.router_discovery || ip_forwards(s, true)) {
        pkt_drop(pkt, WEFT_DROP_icmp_unknown);
        return;
    }
    if (!is_sound(s, pkt, h->code, m)) {
        pkt_drop(pkt, WEFT_DROP_icmp_router_advert);
        return;
    }
    for (unsigned i = 0; i < m.count; i++) {
        struct reader r = reader(pkt->data + ICMPV4_HEADER + i * m.words * 4, ENTRY_MIN);
        struct ip_router said = {.ip = weft_ipv4(read_u32(&r)), .if_index = pkt->ifp->index};

        said.preference = (int32_t)read_u32(&r);
        said.until = time_after(s->now, m.lifetime * WEFT_S);
        if (!ip_is_neighbour(s, pkt->ifp, &said.ip)) /* an address of another network is none of ours (§5.3) */
            continue;
        hear(s, d, pkt->ifp, &said);
        if (said.preference != NEVER)
            stop_search(d, pkt->ifp->index);
    }
    arm(s, d);
    stack_count(s, WEFT_COUNT_icmp_router_adverts_in);
    pkt_release(pkt);
}
