/* SPDX-License-Identifier: MIT */
/*
 * Redirects of IPv4 that came in (RFC 1122 §3.2.2.2): a router knows a better first hop to one destination. Believed
 * when all of this holds: we are no router ourselves; the datagram that it quotes is from the address it came to; it
 * comes from the first hop that this datagram takes now; the new one is a neighbour on the same link, and
 * (secure_redirects) one that is a gateway of ours already, so that who forges one can at most choose among them.
 *
 * What is believed is a host route that ends after ten minutes (flag D), whatever the code: a network's mask is not in
 * the message. A host route by gateway that somebody made is changed in place instead (flag M).
 *
 * Invariants: no two records are of one destination; the timer stands at the earliest end.
 */
#include "ip/private.h"

#define REDIRECT_LIFE (600 * WEFT_S)
#define QUOTE         (IPV4_MAX_HEADER + 8)

void ip_redirects_init(struct ip_redirects *r)
{
    r->n = 0;
    timer_init(&r->timer);
    r->timer.kind = TIMER_IP;
}

void ip_redirects_fini(weft_stack *s, struct ip_redirects *r) { timer_remove(&s->wheel, &r->timer); }

static void arm(weft_stack *s, struct ip_redirects *r)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < r->n; i++)
        at = min_u64(at, r->record[i].until);
    timer_set(&s->wheel, &r->timer, at);
}

static struct route way_of(weft_if *ifp, const struct weft_ip *dst, const struct weft_ip *gateway)
{
    return (struct route){.dst = *dst,
                          .gateway = *gateway,
                          .prefix = 128,
                          .ifp = ifp,
                          .owner = WEFT_ROUTE_REDIRECT,
                          .flags = WEFT_ROUTE_DYNAMIC};
}

/* The interface, and so the route, may be gone already. */
static void forget(weft_stack *s, struct ip_redirects *r, unsigned i)
{
    weft_if *ifp = if_by_index(s, r->record[i].if_index);
    struct route way = way_of(ifp, &r->record[i].dst, &r->record[i].gateway);

    if (ifp)
        route_remove(s, &way);
    r->record[i] = r->record[--r->n];
}

void ip_redirects_timer(weft_stack *s)
{
    struct ip_redirects *r = &ip_state(s)->redirects;

    for (unsigned i = r->n; i-- > 0;)
        if (r->record[i].until <= s->now)
            forget(s, r, i);
    arm(s, r);
}

void ip_redirects_lost(weft_if *ifp, const struct weft_ip *gateway)
{
    weft_stack *s = ifp->stack;
    struct ip_redirects *r = &ip_state(s)->redirects;

    for (unsigned i = r->n; i-- > 0;)
        if (r->record[i].if_index == ifp->index && ip_eq(&r->record[i].gateway, gateway))
            forget(s, r, i);
    arm(s, r);
}

/* The newest takes the place of the one of the same destination, or of the oldest. */
static void follow(weft_stack *s, weft_if *ifp, const struct weft_ip *dst, const struct weft_ip *gateway)
{
    struct ip_redirects *r = &ip_state(s)->redirects;
    struct route way = way_of(ifp, dst, gateway);
    unsigned oldest = 0;

    for (unsigned i = 0; i < r->n; i++) {
        if (ip_eq(&r->record[i].dst, dst)) {
            forget(s, r, i);
            break;
        }
        if (r->record[i].until < r->record[oldest].until)
            oldest = i;
    }
    if (r->n == IP_REDIRECTS)
        forget(s, r, oldest);
    if (route_add(s, &way) == 0)
        r->record[r->n++] =
            (struct ip_redirected){*dst, *gateway, ifp->index, time_after(s->now, REDIRECT_LIFE)};
    arm(s, r);
}

/* Changes somebody's host route by gateway in place; false: there is none. */
static bool modify(weft_stack *s, const struct route *now, const struct weft_ip *gateway)
{
    struct route changed = *now;

    if (now->prefix != 128 || now->owner == WEFT_ROUTE_REDIRECT || ip_is_any(&now->gateway))
        return false;
    route_remove(s, &(struct route){.dst = now->dst, .gateway = now->gateway, .prefix = 128, .ifp = now->ifp});
    changed.gateway = *gateway;
    changed.flags |= WEFT_ROUTE_MODIFIED;
    return route_add(s, &changed) == 0;
}

/* Is it the gateway of any route through the interface? */
static bool is_known_gateway(weft_stack *s, const weft_if *ifp, const struct weft_ip *ip)
{
    for (size_t i = 0; i < ARRAY_LEN(s->routes.length); i++)
        list_each(it, &s->routes.length[i]) {
            const struct route *r = container_of(it, struct route, link);

            if (r->ifp == ifp && ip_eq(&r->gateway, ip))
                return true;
        }
    return false;
}

bool ip_is_neighbour(weft_stack *s, const weft_if *ifp, const struct weft_ip *ip)
{
    const struct route *r = route_find(s, ip);

    return r && r->ifp == ifp && ip_is_any(&r->gateway) && !ip_is_multicast(ip) && !route_is_own(s, ip) &&
           !if_is_broadcast(ifp, ip);
}

static bool is_believed(weft_stack *s, const struct weft_pkt *pkt, const struct ipv4_header *quoted,
                        const struct weft_ip *gateway)
{
    struct weft_ip src = weft_ipv4(quoted->src), dst = weft_ipv4(quoted->dst);
    struct ip_path path;

    if (!s->config.accept_redirects || ip_forwards(s, true) || pkt->ip_group || !ip_eq(&src, &pkt->dst))
        return false;
    if (route_lookup(s, &dst, &path) != 0 || path.ifp != pkt->ifp || !ip_eq(&path.next_hop, &pkt->src))
        return false;
    return ip_is_neighbour(s, pkt->ifp, gateway) &&
           (!s->config.secure_redirects || is_known_gateway(s, pkt->ifp, gateway));
}

void icmp_redirect_input(weft_stack *s, struct weft_pkt *pkt, uint32_t gateway_v4)
{
    uint8_t bytes[QUOTE];
    struct reader r = reader(bytes, pkt_copy(pkt, ICMPV4_HEADER, bytes, sizeof bytes));
    struct weft_ip gateway = weft_ipv4(gateway_v4), dst;
    struct icmpv4_quote q;
    const struct route *now;

    if (!icmpv4_quote_parse(&r, &q)) {
        pkt_drop(pkt, WEFT_DROP_icmp_bad_quote);
        return;
    }
    dst = weft_ipv4(q.ip.dst);
    if (!is_believed(s, pkt, &q.ip, &gateway)) {
        pkt_drop(pkt, WEFT_DROP_icmp_redirect);
        return;
    }
    now = route_find(s, &dst);
    if (!now || !modify(s, now, &gateway))
        follow(s, pkt->ifp, &dst, &gateway);
    stack_count(s, WEFT_COUNT_icmp_redirects_in);
    pkt_release(pkt);
}
