/* SPDX-License-Identifier: MIT */
/*
 * Messages of IGMP, in and out (RFC 3376 §4, RFC 2236, RFC 1112). All go with TTL 1 and the Router Alert option; a
 * query without them has come from elsewhere than the link, or from somebody who does not know the rules (RFC 3376
 * §9.1).
 */
#include "ip/group.h"
#include "wire/igmp.h"

#define PRECEDENCE 0xc0 /* RFC 3376 §4: Internetwork Control */

/* ---- out ---- */

/* An address of ours on the link; 0.0.0.0 when there is none (RFC 3376 §4.2.13). */
static uint32_t source_on(const weft_if *ifp)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_is_v4(&ifp->address[i].ip) && if_address_usable(&ifp->address[i]))
            return ip_to_v4(&ifp->address[i].ip);
    return 0;
}

void igmp_send(weft_if *ifp, struct weft_pkt *pkt, uint32_t dst)
{
    weft_stack *s = ifp->stack;
    uint32_t message = pkt_total(pkt), header = IPV4_HEADER + IGMP_ROUTER_ALERT;
    struct weft_ip to = weft_ipv4(dst), from = weft_ipv4(source_on(ifp));
    struct writer w = writer(pkt_push(pkt, header), header);
    uint8_t alert[IGMP_ROUTER_ALERT];
    struct ipv4_header h = {
        .header_len = (uint8_t)header,
        .tos = PRECEDENCE,
        .total_len = (uint16_t)(header + message),
        .id = ip_ident(&ip_state(s)->idents, &from, &to, IP_PROTO_IGMP),
        .ttl = 1,
        .proto = IP_PROTO_IGMP,
        .src = ip_to_v4(&from),
        .dst = dst,
        .options = alert,
    };

    ipv4_router_alert_emit(alert);
    ipv4_emit(&w, &h);
    pkt->l3 = (uint16_t)pkt_headroom(pkt);
    pkt->l4 = (uint16_t)(pkt->l3 + header);
    stack_count(s, WEFT_COUNT_ip_out);
    stack_count(s, WEFT_COUNT_igmp_out);
    ifp->ops->output(ifp, pkt, &to, ETH_TYPE_IPV4);
}

void igmp_tell(const struct group *g, uint8_t version, bool listens)
{
    weft_if *ifp = g->at->ifp;
    uint32_t group = ip_to_v4(&g->ip);
    struct weft_pkt *pkt;
    struct writer w;

    if (version == 1 && !listens)
        return;
    pkt = pkt_new(ifp->stack);
    if (!pkt) {
        stack_drop(ifp->stack, WEFT_DROP_no_memory);
        return;
    }
    w = writer(pkt->data, IGMP_HEADER);
    igmp_emit(&w, version == 1 ? IGMP_V1_REPORT : listens ? IGMP_V2_REPORT : IGMP_LEAVE, 0, group);
    pkt->len = IGMP_HEADER;
    igmp_send(ifp, pkt, listens ? group : IGMP_ALL_ROUTERS);
}

/* ---- in ---- */

/* Has the datagram the option that tells routers to look at it? */
static bool has_router_alert(const struct weft_pkt *pkt)
{
    uint32_t from = pkt->l3 + IPV4_HEADER;

    return pkt->l4 > from && ipv4_router_alert(pkt->base + from, pkt->l4 - from);
}

/*
 * A query about all that goes to some of the hosts is a trick (RFC 3376 §9.1); any other may come to any address of
 * ours.
 */
static bool goes_where_it_may(const struct weft_pkt *pkt, uint32_t group)
{
    return group || !ip_is_multicast(&pkt->dst) || ip_to_v4(&pkt->dst) == IGMP_ALL_HOSTS;
}

static enum weft_drop query_input(const struct weft_pkt *pkt)
{
    struct igmp_query q;
    struct listener_query known;

    if (!igmp_query_parse(pkt->data, pkt->len, &q))
        return WEFT_DROP_igmp_malformed;
    if (q.version > 1 && !has_router_alert(pkt))
        return WEFT_DROP_igmp_router_alert;
    if (q.version == 1)
        q.group = 0; /* has no meaning in it (RFC 1112 Appendix I) */
    if ((q.group && q.group >> 28 != 14) || !goes_where_it_may(pkt, q.group))
        return WEFT_DROP_igmp_group;
    known = (struct listener_query){
        .v4 = true,
        .version = q.version,
        .group = weft_ipv4(q.group),
        .max_response = q.max_tenths * 100 * WEFT_MS,
        .robustness = q.robustness,
        .interval = q.interval,
        .n_sources = q.n_sources,
        .sources = q.sources,
    };
    stack_count(pkt->stack, WEFT_COUNT_igmp_queries_in);
    return listener_query(pkt->ifp, &known);
}

/* Another member's: in the older versions it speaks for us too. */
static enum weft_drop report_input(const struct weft_pkt *pkt, uint32_t group)
{
    struct weft_ip ip = weft_ipv4(group);

    if (!ip_is_multicast(&ip) || !ip_eq(&ip, &pkt->dst))
        return WEFT_DROP_igmp_group;
    stack_count(pkt->stack, WEFT_COUNT_igmp_reports_in);
    listener_heard(pkt->ifp, &ip);
    return WEFT_DROP_none;
}

static enum weft_drop check(const struct weft_pkt *pkt, struct igmp_header *h)
{
    struct reader r = reader(pkt->data, pkt->len);

    if (!ip_is_v4(&pkt->src) || pkt->n_spans || !igmp_parse(&r, h))
        return WEFT_DROP_igmp_malformed;
    if (csum(pkt->data, pkt->len) != 0)
        return WEFT_DROP_igmp_checksum;
    return pkt->ttl == 1 ? WEFT_DROP_none : WEFT_DROP_igmp_ttl;
}

static void igmp_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct igmp_header h;
    enum weft_drop why = check(pkt, &h);

    stack_count(s, WEFT_COUNT_igmp_in);
    if (why == WEFT_DROP_none && h.type == IGMP_QUERY)
        why = query_input(pkt);
    else if (why == WEFT_DROP_none && (h.type == IGMP_V1_REPORT || h.type == IGMP_V2_REPORT))
        why = report_input(pkt, h.group);
    else if (why == WEFT_DROP_none)
        why = WEFT_DROP_igmp_not_ours; /* a router's business */
    if (why == WEFT_DROP_none)
        pkt_release(pkt);
    else
        pkt_drop(pkt, why);
}

/* No sockets, and nothing of its own to keep: the groups are the IP layer's. */
static void *igmp_init(weft_stack *s) { return s->ip; }
static void igmp_fini(weft_stack *s, void *state) { (void)s, (void)state; }

const struct transport ip_igmp_transport = {
    .number = IP_PROTO_IGMP,
    .name = "igmp",
    .init = igmp_init,
    .fini = igmp_fini,
    .input = igmp_input,
};
