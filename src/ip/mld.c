/* SPDX-License-Identifier: MIT */
/*
 * Messages of multicast listener discovery, in and out (RFC 3810 §5 and §6.2, RFC 2710). They go from a link-local
 * address with hop limit 1 and a Router Alert among hop-by-hop options; what comes otherwise is dropped.
 */
#include "ip/group.h"
#include "wire/mld.h"

#define CHECKSUM_AT 2

/* ---- out ---- */

/* The hop-by-hop header and the IPv6 header in front of the message. */
static void push_headers(struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst)
{
    struct ipv6_header h = {.next = IP_PROTO_HOPOPTS, .hop_limit = 1, .src = *src, .dst = *dst};
    struct writer w = writer(pkt_push(pkt, MLD_ALERT), MLD_ALERT);

    mld_alert_emit(&w);
    h.payload_len = (uint16_t)pkt_total(pkt);
    w = writer(pkt_push(pkt, IPV6_HEADER), IPV6_HEADER);
    ipv6_emit(&w, &h);
    pkt->l3 = (uint16_t)pkt_headroom(pkt);
    pkt->l4 = (uint16_t)(pkt->l3 + IPV6_HEADER + MLD_ALERT);
}

void mld_send(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *dst)
{
    weft_stack *s = ifp->stack;
    struct weft_ip src = nd_link_local(ifp), to = *dst; /* RFC 3590 §4: from :: until there is one */
    struct csum sum = {0};

    ip_set_zone(&to, ifp->index);
    ip_pseudo_header(&sum, &src, &to, IP_PROTO_ICMPV6, pkt_total(pkt));
    pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    poke_u16(pkt->data + CHECKSUM_AT, csum_fold(&sum));
    push_headers(pkt, &src, &to);
    stack_count(s, WEFT_COUNT_ip_out);
    stack_count(s, WEFT_COUNT_icmp_out);
    stack_count(s, WEFT_COUNT_mld_out);
    ifp->ops->output(ifp, pkt, &to, ETH_TYPE_IPV6);
}

void mld_tell(const struct group *g, bool listens)
{
    static const struct weft_ip routers = {{0xff, 2, [15] = 2}};
    weft_if *ifp = g->at->ifp;
    struct weft_pkt *pkt = pkt_new(ifp->stack);
    struct writer w;

    if (!pkt) {
        stack_drop(ifp->stack, WEFT_DROP_no_memory);
        return;
    }
    w = writer(pkt->data, MLD_MESSAGE);
    mld_emit(&w, listens ? ICMPV6_MLD_REPORT : ICMPV6_MLD_DONE, &g->ip);
    pkt->len = MLD_MESSAGE;
    mld_send(ifp, pkt, listens ? &g->ip : &routers);
}

/* ---- in ---- */

static bool has_router_alert(const struct weft_pkt *pkt)
{
    struct ipv6_chain c = ipv6_chain_start(pkt->base[pkt->l3 + 6]);
    struct reader r = reader(pkt->base + pkt->l3 + IPV6_HEADER, (size_t)(pkt->l4 - pkt->l3 - IPV6_HEADER));

    ipv6_chain_walk(&r, &c);
    return c.router_alert;
}

static bool group_is_sound(const struct weft_ip *group) { return group->b[0] == 0xff; }

static enum weft_drop query_input(const struct weft_pkt *pkt)
{
    static const struct weft_ip all_nodes = {{0xff, 2, [15] = 1}};
    struct weft_ip dst = ip_bare(pkt->dst);
    struct mld_query q;
    struct listener_query known;
    bool all;

    if (!mld_query_parse(pkt->data, pkt->len, &q))
        return WEFT_DROP_mld_malformed;
    all = ip_is_any(&q.group);
    if ((!all && !group_is_sound(&q.group)) || (all && ip_is_multicast(&dst) && !ip_eq(&dst, &all_nodes)))
        return WEFT_DROP_mld_group;
    ip_set_zone(&q.group, pkt->ifp->index);
    known = (struct listener_query){
        .version = q.version,
        .group = q.group,
        .max_response = q.max_ms * WEFT_MS,
        .robustness = q.robustness,
        .interval = q.interval,
        .n_sources = q.n_sources,
        .sources = q.sources,
    };
    stack_count(pkt->stack, WEFT_COUNT_mld_queries_in);
    return listener_query(pkt->ifp, &known);
}

static enum weft_drop report_input(const struct weft_pkt *pkt)
{
    struct weft_ip group;

    if (!mld_message_parse(pkt->data, pkt->len, &group))
        return WEFT_DROP_mld_malformed;
    ip_set_zone(&group, pkt->ifp->index);
    if (!group_is_sound(&group) || !ip_eq(&group, &pkt->dst))
        return WEFT_DROP_mld_group;
    stack_count(pkt->stack, WEFT_COUNT_mld_reports_in);
    listener_heard(pkt->ifp, &group);
    return WEFT_DROP_none;
}

/* A report from :: (RFC 3590) does not come so far; to miss one means that we report, too. */
static enum weft_drop check(const struct weft_pkt *pkt, uint8_t code)
{
    if (code != 0 || pkt->n_spans)
        return WEFT_DROP_mld_malformed;
    if (pkt->ttl != 1)
        return WEFT_DROP_mld_hop_limit;
    if (!ip_is_link_local(&pkt->src))
        return WEFT_DROP_mld_source;
    return has_router_alert(pkt) ? WEFT_DROP_none : WEFT_DROP_mld_router_alert;
}

void mld_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code)
{
    enum weft_drop why = check(pkt, code);

    (void)s;
    if (why == WEFT_DROP_none && type == ICMPV6_MLD_QUERY)
        why = query_input(pkt);
    else if (why == WEFT_DROP_none && type == ICMPV6_MLD_REPORT)
        why = report_input(pkt);
    else if (why == WEFT_DROP_none)
        why = WEFT_DROP_mld_not_ours; /* a router's business */
    if (why == WEFT_DROP_none)
        pkt_release(pkt);
    else
        pkt_drop(pkt, why);
}
