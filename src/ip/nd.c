/* SPDX-License-Identifier: MIT */
/*
 * Neighbour discovery's trunk; see nd.h: the life of a link, its timer, its messages. Only Ethernet has neighbours; on
 * a bare link all addresses may be used at once and nobody is asked.
 */
#include "ip/nd.h"

#define REACHABLE_BASE (30 * WEFT_S)       /* RFC 4861 §10 */
#define REACHABLE_DRAW (2 * 3600 * WEFT_S) /* RFC 4861 §6.3.4: drawn anew every few hours */
#define RETRANS        WEFT_S
#define DELAY          (5 * WEFT_S)

/* ---- the link ---- */

struct nd_link *nd_link_get(weft_if *ifp)
{
    struct nd_link *l = ifp->nd;

    if (l || ifp->ops->kind != WEFT_LINK_ETHERNET)
        return l;
    l = mem_alloc(&ifp->stack->mem, MEM_stack, sizeof *l);
    if (!l)
        return NULL;
    memset(l, 0, sizeof *l);
    l->ifp = ifp;
    l->solicit_at = l->renew_at = WEFT_NEVER;
    l->reachable_base = REACHABLE_BASE;
    l->retrans = RETRANS;
    timer_init(&l->timer);
    l->timer.kind = TIMER_IP;
    return ifp->nd = l;
}

void nd_arm(struct nd_link *l)
{
    weft_time at = min_u64(nd_trials_deadline(l), min_u64(nd_routers_deadline(l), slaac_deadline(l)));

    timer_set(&l->ifp->stack->wheel, &l->timer, at);
}

void nd_timer(struct timer *t)
{
    struct nd_link *l = container_of(t, struct nd_link, timer);

    nd_trials_due(l);
    nd_routers_due(l);
    slaac_due(l);
    nd_arm(l);
}

void ip_if_added(weft_if *ifp)
{
    struct nd_link *l = nd_link_get(ifp);

    if (!l || !(ifp->ipv6 & WEFT_IPV6_LINK_LOCAL))
        return;
    slaac_link_local(l); /* once that is ours, routers are looked for */
    nd_arm(l);
}

void ip_if_removed(weft_if *ifp)
{
    struct nd_link *l = ifp->nd;

    timer_remove(&ifp->stack->wheel, &l->timer);
    mem_free(&ifp->stack->mem, MEM_stack, l, sizeof *l);
    ifp->nd = NULL;
}

/* Each address is tried before it is used; the first one brings a link-local one with it (RFC 4291 §2.8). */
void ip_address_added(weft_if *ifp, struct if_address *a)
{
    struct nd_link *l = nd_link_get(ifp);
    struct weft_ip ip = a->ip;
    bool linked = false;

    if (ifp->ops->kind != WEFT_LINK_LOOPBACK)
        group_settle_routers(ifp, false);
    if (!l)
        return;
    nd_try(l, &ip);
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        linked |= ip_is_link_local(&ifp->address[i].ip);
    if (!linked)
        slaac_link_local(l);
    nd_arm(l);
}

void ip_address_removed(weft_if *ifp, const struct if_address *a)
{
    if (!ifp->nd)
        return;
    group_leave_own(ifp, &a->ip);
    nd_trial_forget(ifp->nd, &a->ip);
    nd_arm(ifp->nd);
}

/* ---- what the routers said of the link ---- */

uint8_t nd_hop_limit(const weft_if *ifp) { return ifp->nd ? ifp->nd->hop_limit : 0; }

uint32_t nd_mtu(const weft_if *ifp)
{
    return ifp->advised_mtu ? min_u32(ifp->advised_mtu, ifp->mtu) : ifp->mtu;
}

struct weft_ip nd_link_local(const weft_if *ifp)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_is_link_local(&ifp->address[i].ip) && if_address_usable(&ifp->address[i]))
            return ifp->address[i].ip;
    return (struct weft_ip){{0}};
}

/* RFC 4861 §6.3.2: between half and one and a half of what the routers say. */
static weft_time reachable_time(const weft_if *ifp)
{
    struct nd_link *l = ifp->nd;
    weft_stack *s = ifp->stack;

    if (!l)
        return REACHABLE_BASE;
    if (s->now >= l->reachable_until) {
        l->reachable = l->reachable_base / 2 + rng_below(&s->rng, (uint32_t)(l->reachable_base / WEFT_US)) * WEFT_US;
        l->reachable_until = time_after(s->now, REACHABLE_DRAW);
    }
    return l->reachable;
}

static weft_time retrans_time(const weft_if *ifp) { return ifp->nd ? ifp->nd->retrans : RETRANS; }

/* ---- messages out ---- */

struct weft_pkt *nd_message(weft_if *ifp, uint32_t n)
{
    struct weft_pkt *pkt = pkt_new(ifp->stack);

    if (!pkt) {
        stack_drop(ifp->stack, WEFT_DROP_no_memory);
        return NULL;
    }
    pkt->len = n;
    return pkt;
}

void nd_send(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst)
{
    struct ip_send how = {.src = *src, .dst = *dst, .proto = IP_PROTO_ICMPV6, .ttl = ND_HOP_LIMIT, .df = true};
    struct ip_path path = {.ifp = ifp, .next_hop = *dst};

    icmp_send(ifp->stack, pkt, &how, &path);
}

void nd_send_to(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst,
                const uint8_t mac[6])
{
    struct ip_send how = {.src = *src, .dst = *dst, .proto = IP_PROTO_ICMPV6, .ttl = ND_HOP_LIMIT, .df = true};

    icmp_seal(ifp->stack, pkt, &how);
    stack_count(ifp->stack, WEFT_COUNT_ip_out);
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    ip_push_header(pkt, &how, NULL, ifp);
    ifp->ops->output_to(ifp, pkt, mac, ETH_TYPE_IPV6);
}

/* ---- asking for neighbours, for core/neigh.h ---- */

static void solicit(weft_if *ifp, const struct neigh *n, bool unicast)
{
    struct ip_path path = {.ifp = ifp, .next_hop = n->ip};
    struct weft_ip group = group_of_address(ifp, &n->ip), src;

    if (route_source(ifp->stack, &path, &n->ip, &src) == 0) /* else none is ready yet */
        nd_solicit(ifp, &src, unicast ? &n->ip : &group, &n->ip, NULL);
}

static void transmit(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt)
{
    struct weft_ip next_hop = n->ip;

    ifp->ops->output(ifp, pkt, &next_hop, ETH_TYPE_IPV6);
}

const struct neigh_ops ip_nd_neighbours = {
    .solicit = solicit,
    .transmit = transmit,
    .unreachable = ip_next_hop_failed,
    .delay = DELAY,
    .reachable = reachable_time,
    .retrans = retrans_time,
};

void ip_neighbour_lost(weft_if *ifp, const struct weft_ip *ip)
{
    if (ip_is_v4(ip))
        ip_redirects_lost(ifp, ip);
    else if (ifp->nd)
        nd_router_lost(ifp->nd, ip);
}

/* ---- messages in ---- */

/* What must hold for all of them (RFC 4861 §6.1, §7.1, §8.1; RFC 6980 §5), and where their options begin. */
static enum weft_drop check(const struct weft_pkt *pkt, uint8_t code, uint32_t fixed)
{
    if (pkt->ttl != ND_HOP_LIMIT)
        return WEFT_DROP_nd_hop_limit;
    if (pkt->fragment)
        return WEFT_DROP_nd_fragment;
    if (code != 0 || pkt->len < fixed || pkt->n_spans || !nd_options_sound(reader(pkt->data + fixed, pkt->len - fixed)))
        return WEFT_DROP_nd_malformed;
    return WEFT_DROP_none;
}

void nd_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code)
{
    static const struct {
        uint8_t fixed;
        enum weft_counter counter;
        enum weft_drop (*input)(struct nd_link *l, const struct weft_pkt *pkt, struct reader r);
    } kinds[] = {
        [ICMPV6_ROUTER_ADVERT - ICMPV6_ROUTER_SOLICIT] = {ND_RA_LEN, WEFT_COUNT_nd_router_adverts_in,
                                                          nd_router_advert_input},
        [ICMPV6_NEIGHBOUR_SOLICIT - ICMPV6_ROUTER_SOLICIT] = {ND_NS_LEN, WEFT_COUNT_nd_solicits_in, nd_solicit_input},
        [ICMPV6_NEIGHBOUR_ADVERT - ICMPV6_ROUTER_SOLICIT] = {ND_NA_LEN, WEFT_COUNT_nd_adverts_in, nd_advert_input},
        [ICMPV6_REDIRECT - ICMPV6_ROUTER_SOLICIT] = {ND_REDIRECT_LEN, WEFT_COUNT_nd_redirects_in, nd_redirect_input},
    };
    unsigned kind = type - ICMPV6_ROUTER_SOLICIT;
    struct nd_link *l = pkt->ifp->nd;
    enum weft_drop why = WEFT_DROP_nd_not_ours; /* a router's business: solicitations of routers */

    if (l && kinds[kind].input)
        why = check(pkt, code, kinds[kind].fixed);
    if (why == WEFT_DROP_none)
        why = kinds[kind].input(l, pkt, reader(pkt->data + 4, pkt->len - 4));
    if (why == WEFT_DROP_none) {
        stack_count(s, kinds[kind].counter);
        nd_arm(l);
        pkt_release(pkt);
    } else {
        pkt_drop(pkt, why);
    }
}
