/* SPDX-License-Identifier: MIT */
/*
 * ICMP errors that came in (RFC 1122 §3.2.2, RFC 4443 §2.4): whom of our transports does the quote concern, and what
 * does it mean to him? Whether he believes it is his business (RFC 5927, RFC 8201 §4).
 */
#include "ip/private.h"

/* Bytes of a quote that are looked at: headers of IPv6 may be long, but who sends long ones is not us. */
#define QUOTE_MAX 256

/*
 * hard: RFC 1122 §4.2.3.9. lasting: what Linux tells a datagram socket that has a peer, though he asked for no reports.
 */
struct meaning {
    int16_t err;
    bool hard, lasting;
};

/* RFC 1122 §3.2.2.1, by code, as Linux reads it: 0, 1, 5, 11 and 12 may pass. To TCP only 2 and 3 are hard. */
static const struct meaning unreachable_v4[] = {
    {WEFT_ENETUNREACH, false, false},  {WEFT_EHOSTUNREACH, false, false}, {WEFT_ENOPROTOOPT, true, true},
    {WEFT_ECONNREFUSED, true, true},   {WEFT_EMSGSIZE, false, false},     {WEFT_EOPNOTSUPP, false, false},
    {WEFT_ENETUNREACH, false, true},   {WEFT_EHOSTDOWN, false, true},     {WEFT_ENONET, false, true},
    {WEFT_ENETUNREACH, false, true},   {WEFT_EHOSTUNREACH, false, true},  {WEFT_ENETUNREACH, false, false},
    {WEFT_EHOSTUNREACH, false, false}, {WEFT_EHOSTUNREACH, false, true},  {WEFT_EHOSTUNREACH, false, true},
    {WEFT_EHOSTUNREACH, false, true},
};

/* RFC 4443 §3.1, as Linux reads it. */
static const struct meaning unreachable_v6[] = {
    {WEFT_ENETUNREACH, false, false},  {WEFT_EACCES, true, true},       {WEFT_EHOSTUNREACH, false, false},
    {WEFT_EHOSTUNREACH, false, false}, {WEFT_ECONNREFUSED, true, true}, {WEFT_EACCES, true, true},
    {WEFT_EACCES, true, true},
};

static struct meaning meaning_v4(uint8_t type, uint8_t code)
{
    if (type == ICMPV4_UNREACHABLE && code < ARRAY_LEN(unreachable_v4))
        return unreachable_v4[code];
    if (type == ICMPV4_PARAMETER_PROBLEM)
        return (struct meaning){WEFT_EPROTO, false, true};
    return (struct meaning){WEFT_EHOSTUNREACH, false, false};
}

/* What nobody has given a meaning is no more than EPROTO (RFC 4443 §2.4 a wants it told). */
static struct meaning meaning_v6(uint8_t type, uint8_t code)
{
    if (type == ICMPV6_UNREACHABLE && code < ARRAY_LEN(unreachable_v6))
        return unreachable_v6[code];
    if (type == ICMPV6_TOO_BIG)
        return (struct meaning){WEFT_EMSGSIZE, false, false};
    if (type == ICMPV6_TIME_EXCEEDED)
        return (struct meaning){WEFT_EHOSTUNREACH, false, false};
    return (struct meaning){WEFT_EPROTO, type == ICMPV6_PARAMETER_PROBLEM,
                            type == ICMPV6_PARAMETER_PROBLEM || type == ICMPV6_UNREACHABLE};
}

/* What a quote says, of either family. */
struct quote {
    struct weft_ip src, dst; /* of link scope: without zones */
    uint16_t len; /* of the datagram */
    uint8_t proto;
    uint8_t head[8];
};

/* Leaves r behind the head. */
static bool read_quote(struct reader *r, bool v4, struct quote *q)
{
    struct icmpv4_quote q4;
    struct icmpv6_quote q6;

    if (v4) {
        if (!icmpv4_quote_parse(r, &q4))
            return false;
        *q = (struct quote){.src = weft_ipv4(q4.ip.src), .dst = weft_ipv4(q4.ip.dst), .proto = q4.ip.proto,
                            .len = q4.ip.total_len};
        memcpy(q->head, q4.head, sizeof q->head);
        return true;
    }
    if (!icmpv6_quote_parse(r, &q6))
        return false;
    *q = (struct quote){.src = q6.ip.src, .dst = q6.ip.dst, .proto = q6.proto};
    memcpy(q->head, q6.head, sizeof q->head);
    return true;
}

/* Whose it is, out of the first 8 bytes behind the quoted header. False: of nobody who could hear of it. */
static bool read_quoted_head(const struct quote *q, struct ip_error *e)
{
    struct reader r = reader(q->head, sizeof q->head);

    if (q->proto != IP_PROTO_ICMP && q->proto != IP_PROTO_ICMPV6) {
        e->src_port = read_u16(&r);
        e->dst_port = read_u16(&r);
        e->seq = read_u32(&r);
        return true;
    }
    if (read_u8(&r) != (q->proto == IP_PROTO_ICMP ? ICMPV4_ECHO : ICMPV6_ECHO))
        return false;
    read_bytes(&r, 3); /* code, checksum */
    e->src_port = read_u16(&r);
    e->seq = read_u16(&r);
    return true;
}

/* Tells the transport that sent the quoted datagram. e has reporter, type, code and mtu. False: nobody is concerned. */
static bool report(weft_stack *s, const struct quote *q, struct ip_error *e)
{
    struct meaning m = ip_is_v4(&q->src) ? meaning_v4(e->type, e->code) : meaning_v6(e->type, e->code);
    bool heard;

    e->src = q->src;
    e->dst = q->dst;
    e->err = m.err;
    e->hard = m.hard;
    e->lasting = m.lasting;
    e->datagram = q->len;
    heard = unlikely(s->raw_sockets) && s->assembly->raw_error(s, q->proto, e);
    return (read_quoted_head(q, e) && stack_report(s, q->proto, e)) || heard;
}

/* The quote must show the start of something that we sent from the address this error came to. */
static bool quote_is_ours(const struct weft_pkt *pkt, struct quote *q)
{
    ip_set_zone(&q->src, ip_zone(&pkt->dst)); /* both ends of a datagram of link scope are on one link */
    ip_set_zone(&q->dst, pkt->ifp->index);
    return !pkt->ip_group && ip_eq(&q->src, &pkt->dst);
}

/* Offset of the quoted transport message. */
static uint32_t message_at(const struct reader *r, const uint8_t *bytes)
{
    return (uint32_t)(r->p - bytes) - (uint32_t)sizeof((struct quote *)0)->head;
}

/* How long the quote is, where more may stand behind it (RFC 4884 §4): in words of 4 bytes, of IPv6 of 8. */
static uint32_t original_of(const struct weft_pkt *pkt, uint8_t type, bool v4)
{
    uint8_t header[ICMPV4_HEADER];

    pkt_copy(pkt, 0, header, sizeof header);
    if (v4)
        return type == ICMPV4_UNREACHABLE || type == ICMPV4_TIME_EXCEEDED || type == ICMPV4_PARAMETER_PROBLEM
                   ? header[5] * 4u
                   : 0;
    return type == ICMPV6_UNREACHABLE || type == ICMPV6_TIME_EXCEEDED ? header[4] * 8u : 0;
}

void icmp_error_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code, uint32_t mtu)
{
    uint8_t bytes[QUOTE_MAX]; /* the quote may lie in spans */
    struct reader r = reader(bytes, pkt_copy(pkt, ICMPV4_HEADER, bytes, sizeof bytes));
    struct ip_error e = {.reporter = pkt->src, .type = type, .code = code, .mtu = mtu, .quote = pkt, .came = true};
    bool v4 = ip_is_v4(&pkt->src);
    struct quote q;

    stack_count(s, WEFT_COUNT_icmp_errors_in);
    if (!read_quote(&r, v4, &q) || !quote_is_ours(pkt, &q)) {
        pkt_drop(pkt, WEFT_DROP_icmp_bad_quote);
        return;
    }
    e.quoted_at = ICMPV4_HEADER + message_at(&r, bytes);
    e.original = original_of(pkt, type, v4);
    if (!v4 && type == ICMPV6_TOO_BIG && mtu < IPV6_MIN_MTU) { /* no such link exists (RFC 8201 §4, RFC 8021) */
        pkt_drop(pkt, WEFT_DROP_icmp_small_mtu);
        return;
    }
    e.too_big = v4 ? type == ICMPV4_UNREACHABLE && code == ICMPV4_FRAGMENTATION_NEEDED : type == ICMPV6_TOO_BIG;
    if (report(s, &q, &e))
        pkt_release(pkt);
    else
        pkt_drop(pkt, WEFT_DROP_icmp_no_endpoint);
}

void ip_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt)
{
    uint8_t bytes[QUOTE_MAX];
    struct reader r = reader(bytes, pkt_copy(pkt, 0, bytes, sizeof bytes));
    bool v4 = pkt->data[0] >> 4 == 4;
    struct ip_error e = {.type = v4 ? ICMPV4_UNREACHABLE : ICMPV6_UNREACHABLE,
                         .code = v4 ? ICMPV4_HOST_UNREACHABLE : ICMPV6_ADDRESS_UNREACHABLE,
                         .quote = pkt};
    struct quote q;

    /* As if a router had said so; but no datagram is needed to tell ourselves. */
    if (read_quote(&r, v4, &q)) {
        e.quoted_at = message_at(&r, bytes);
        ip_set_zone(&q.src, ifp->index);
        ip_set_zone(&q.dst, ifp->index);
        e.reporter = q.src;
        if (if_by_address(ifp->stack, &e.reporter)) {
            report(ifp->stack, &q, &e);
        } else if (ip_forwards(ifp->stack, v4)) {
            pkt->l3 = (uint16_t)pkt_headroom(pkt);
            ip_refuse(ifp->stack, pkt, IP_REFUSE_HOST, WEFT_DROP_neigh_unreachable);
            return;
        }
    }
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
}
