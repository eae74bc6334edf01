/* SPDX-License-Identifier: MIT */
/*
 * Redirects that a router sends (RFC 1812 §5.2.7.2; RFC 4861 §8.2): who has us pass on what the next hop, on his own
 * link, could have had from him is told of that next hop. The datagram travels all the same.
 *
 * Not more often than ICMP errors go out, though counted apart from them (limit.c); and a source is told of one
 * destination once a second at most, so that one who does not listen leaves the rate to the others. Which slot of
 * `told` a pair has nobody outside can tell; pairs that share one share its second.
 *
 * In IPv6 a gateway can only be named by its link-local address: one that our own route names otherwise is not told of.
 */
#include "ip/nd.h"

#define GAP WEFT_S

void ip_told_init(struct ip_told *told, struct sip_key key)
{
    memset(told, 0, sizeof *told);
    told->key = key;
}

static bool is_due(weft_stack *s, const struct weft_pkt *pkt)
{
    struct ip_told *told = &ip_state(s)->told;
    struct weft_ip pair[2] = {pkt->src, pkt->dst};
    weft_time *next = &told->next[siphash13(told->key, pair, sizeof pair) % IP_TOLD];

    if (s->now < *next)
        return false;
    *next = time_after(s->now, GAP);
    return true;
}

/* Does it go back to the link that it came from, where its sender is a neighbour too? */
static bool is_detour(weft_stack *s, const struct weft_pkt *pkt, const struct ip_path *path)
{
    const struct route *back;

    if (!s->config.send_redirects || path->ifp != pkt->ifp)
        return false;
    back = route_find(s, &pkt->src);
    return back && back->ifp == pkt->ifp && ip_is_any(&back->gateway);
}

/* ---- IPv6 ---- */

/* Bytes of the datagram that are shown: whole units of eight, as many as fit behind the rest (RFC 4861 §4.3). */
static uint32_t quote_of(const struct weft_pkt *pkt)
{
    uint32_t room = IPV6_MIN_MTU - IPV6_HEADER - ND_REDIRECT_LEN - ND_MAC_OPTION - ND_QUOTE_OPTION;

    return min_u32(pkt_total(pkt), room) & ~7u;
}

static struct weft_pkt *message(weft_stack *s, const struct weft_pkt *pkt, const struct ip_path *path)
{
    const struct neigh *known = neigh_find(path->ifp, &path->next_hop);
    struct nd_redirect d = {.target = path->next_hop, .dst = pkt->dst};
    bool has_mac = known && known->state != NEIGH_INCOMPLETE && known->state != NEIGH_FAILED;
    uint32_t quote = quote_of(pkt), head = ND_REDIRECT_LEN + (has_mac ? ND_MAC_OPTION : 0) + ND_QUOTE_OPTION;
    struct weft_pkt *out = pkt_new_linear(s, PKT_HEADROOM, head + quote);
    struct writer w;

    if (!out) {
        stack_drop(s, WEFT_DROP_no_memory);
        return NULL;
    }
    out->len = head + quote;
    w = writer(out->data, head);
    nd_redirect_emit(&w, &d);
    if (has_mac)
        nd_mac_option_emit(&w, ND_TARGET_MAC, known->mac);
    nd_quote_option_emit(&w, quote);
    pkt_copy(pkt, 0, out->data + head, quote);
    return out;
}

static void tell_v6(weft_stack *s, const struct weft_pkt *pkt, const struct ip_path *path)
{
    struct weft_ip from = nd_link_local(path->ifp);
    struct weft_pkt *out;

    if (!path->ifp->nd || ip_is_any(&from) || !(ip_is_link_local(&path->next_hop) || ip_eq(&path->next_hop, &pkt->dst)))
        return;
    if (!is_due(s, pkt))
        return;
    if (!icmp_limit_allows(s, ICMP_REDIRECT, path, &pkt->src)) {
        stack_count(s, WEFT_COUNT_icmp_rate_limited);
        return;
    }
    out = message(s, pkt, path);
    if (!out)
        return;
    stack_count(s, WEFT_COUNT_nd_redirects_out);
    nd_send(path->ifp, out, &from, &pkt->src);
}

/* ---- both ---- */

void ip_redirect(weft_stack *s, const struct weft_pkt *pkt, const struct ip_path *path)
{
    if (likely(!is_detour(s, pkt, path)))
        return;
    if (!ip_is_v4(&pkt->src))
        tell_v6(s, pkt, path);
    else if (pkt->l4 - pkt->l3 == IPV4_HEADER && is_due(s, pkt)) /* one with options may go as it was told */
        icmp_tell(s, pkt, (struct icmp_complaint){ICMPV4_REDIRECT, ICMPV4_REDIRECT_HOST, ip_to_v4(&path->next_hop)});
}
