/* SPDX-License-Identifier: MIT */
/*
 * ICMP errors that came in (RFC 1122 §3.2.2): whom of our transports does the quote concern, and what does it mean to
 * him? Whether he believes it is his business (RFC 5927).
 */
#include "ip/private.h"

struct meaning {
    int16_t err;
    bool hard;
};

/* RFC 1122 §4.2.3.9: port and protocol unreachable are hard; the others may pass. By code. */
static const struct meaning unreachable[] = {
    {WEFT_ENETUNREACH, false},  {WEFT_EHOSTUNREACH, false}, {WEFT_ENOPROTOOPT, true},   {WEFT_ECONNREFUSED, true},
    {WEFT_EMSGSIZE, false},     {WEFT_EOPNOTSUPP, false},   {WEFT_ENETUNREACH, false},  {WEFT_EHOSTUNREACH, false},
    {WEFT_EHOSTUNREACH, false}, {WEFT_ENETUNREACH, false},  {WEFT_EHOSTUNREACH, false}, {WEFT_ENETUNREACH, false},
    {WEFT_EHOSTUNREACH, false}, {WEFT_EHOSTUNREACH, false}, {WEFT_EHOSTUNREACH, false}, {WEFT_EHOSTUNREACH, false},
};

static struct meaning meaning_of(uint8_t type, uint8_t code)
{
    if (type == ICMPV4_UNREACHABLE && code < ARRAY_LEN(unreachable))
        return unreachable[code];
    if (type == ICMPV4_PARAMETER_PROBLEM)
        return (struct meaning){WEFT_EPROTO, false};
    return (struct meaning){WEFT_EHOSTUNREACH, false};
}

/* Whose it is, out of the first 8 bytes behind the quoted header. False: of nobody who could hear of it. */
static bool read_quoted_head(const struct icmpv4_quote *q, struct ip_error *e)
{
    struct reader r = reader(q->head, sizeof q->head);

    if (q->ip.proto != IP_PROTO_ICMP) {
        e->src_port = read_u16(&r);
        e->dst_port = read_u16(&r);
        e->seq = read_u32(&r);
        return true;
    }
    if (read_u8(&r) != ICMPV4_ECHO)
        return false;
    read_bytes(&r, 3); /* code, checksum */
    e->src_port = read_u16(&r);
    e->seq = read_u16(&r);
    return true;
}

/* Tells the transport that sent the quoted datagram. e has reporter, type, code and mtu. False: nobody is concerned. */
static bool report(weft_stack *s, const struct icmpv4_quote *q, struct ip_error *e)
{
    struct meaning m = meaning_of(e->type, e->code);

    e->src = weft_ipv4(q->ip.src);
    e->dst = weft_ipv4(q->ip.dst);
    e->err = m.err;
    e->hard = m.hard;
    return read_quoted_head(q, e) && stack_report(s, q->ip.proto, e);
}

/* The quote must show the start of something that we sent from the address this error came to. */
static bool quote_is_ours(const struct weft_pkt *pkt, const struct icmpv4_quote *q)
{
    return q->ip.frag_offset == 0 && !pkt->ip_group && q->ip.src == ip_to_v4(&pkt->dst);
}

void icmp_error_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h)
{
    uint8_t bytes[IPV4_MAX_HEADER + 8]; /* the quote may lie in spans */
    struct reader r = reader(bytes, pkt_copy(pkt, ICMPV4_HEADER, bytes, sizeof bytes));
    struct ip_error e = {.reporter = pkt->src, .type = h->type, .code = h->code};
    struct icmpv4_quote q;

    stack_count(s, WEFT_COUNT_icmp_errors_in);
    if (!icmpv4_quote_parse(&r, &q) || !quote_is_ours(pkt, &q)) {
        pkt_drop(pkt, WEFT_DROP_icmp_bad_quote);
        return;
    }
    if (h->type == ICMPV4_UNREACHABLE && h->code == ICMPV4_FRAGMENTATION_NEEDED)
        e.mtu = h->rest.unreachable.next_hop_mtu;
    if (report(s, &q, &e))
        pkt_release(pkt);
    else
        pkt_drop(pkt, WEFT_DROP_icmp_no_endpoint);
}

void ip_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt)
{
    uint8_t bytes[IPV4_MAX_HEADER + 8];
    struct reader r = reader(bytes, pkt_copy(pkt, 0, bytes, sizeof bytes));
    struct ip_error e = {.type = ICMPV4_UNREACHABLE, .code = ICMPV4_HOST_UNREACHABLE};
    struct icmpv4_quote q;

    /* As if a router had said so; but no datagram is needed to tell ourselves. */
    if (icmpv4_quote_parse(&r, &q) && q.ip.frag_offset == 0) {
        e.reporter = weft_ipv4(q.ip.src);
        if (if_by_address(ifp->stack, &e.reporter))
            report(ifp->stack, &q, &e);
    }
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
}
