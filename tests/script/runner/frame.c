/* SPDX-License-Identifier: MIT */
/* See frame.h. */
#include "frame.h"

#include <string.h>

#include "bytes.h"

#define ICMPV6 58 /* its number on the wire; elsewhere here ICMP of both families is PACKET_ICMP */

/* RFC 9293 §3.1, RFC 8200 §8.1: the same words, however wide the length and the protocol are. */
static uint32_t pseudo_sum(const struct packet *p, uint32_t proto, size_t n)
{
    size_t skip = ip_is_v4(&p->src) ? 12 : 0;

    return (uint32_t)sum_of(0, p->src.b + skip, 16 - skip) + sum_of(0, p->dst.b + skip, 16 - skip) + proto +
           (uint32_t)(n >> 16) + (uint32_t)(n & 0xffff);
}

/* ---- building ---- */

#define FOEXP_MAGIC 0xf989 /* RFC 7413's option before it had a number */

static size_t build_option(const struct option *o, uint8_t *b)
{
    switch (o->kind) {
    case OPT_EOL:
    case OPT_NOP:
        b[0] = (uint8_t)o->kind;
        return 1;
    case OPT_MSS:
        put16(b, 0x0204);
        put16(b + 2, o->a);
        return 4;
    case OPT_WSCALE:
        put16(b, 0x0303);
        b[2] = (uint8_t)o->a;
        return 3;
    case OPT_SACK_OK:
        put16(b, 0x0402);
        return 2;
    case OPT_SACK:
        put16(b, 0x0502 + 8 * o->n_blocks);
        for (unsigned i = 0; i < o->n_blocks; i++) {
            put32(b + 2 + 8 * i, o->block[i][0]);
            put32(b + 6 + 8 * i, o->block[i][1]);
        }
        return 2 + 8 * o->n_blocks;
    case OPT_TS:
        put16(b, 0x080a);
        put32(b + 2, o->a);
        put32(b + 6, o->b);
        return 10;
    case OPT_FO:
        b[0] = OPT_FO;
        b[1] = (uint8_t)(2 + o->n_hex);
        memcpy(b + 2, o->hex, o->n_hex);
        return 2 + o->n_hex;
    case OPT_FOEXP:
        b[0] = OPT_FOEXP;
        b[1] = (uint8_t)(4 + o->n_hex);
        put16(b + 2, FOEXP_MAGIC);
        memcpy(b + 4, o->hex, o->n_hex);
        return 4 + o->n_hex;
    case OPT_HEX:
        memcpy(b, o->hex, o->n_hex);
        return o->n_hex;
    }
    return 0;
}

/* Options padded with zeros (EOL) to whole words; at most 40 bytes are taken. */
static size_t build_options(const struct packet *p, uint8_t *b)
{
    uint8_t all[PACKET_OPTIONS * 40];
    size_t n = 0;

    for (size_t i = 0; i < p->n_options; i++)
        n += build_option(&p->option[i], all + n);
    if (n > 40)
        n = 40;
    memset(b, 0, 40);
    memcpy(b, all, n);
    return (n + 3) & ~(size_t)3;
}

static void build_payload(const struct packet *p, uint32_t first, uint8_t *b)
{
    for (uint32_t i = 0; i < p->len; i++)
        b[i] = p->attrs & ATTR_GARBAGE ? 0xee : packet_pattern(first + i, false);
}

static void set_checksum(const struct packet *p, uint8_t *segment, size_t n, size_t at, uint32_t start)
{
    uint16_t sum = (uint16_t)~sum_of(start, segment, n);

    if ((p->proto == PACKET_UDP || p->proto == PACKET_UDPLITE) && sum == 0)
        sum = 0xffff;
    if (p->attrs & ATTR_BAD_CHECKSUM)
        sum ^= 0x0100;
    if (p->attrs & ATTR_NO_CHECKSUM)
        sum = 0;
    put16(segment + at, sum);
}

static size_t build_tcp(const struct packet *p, uint32_t first, uint8_t *b)
{
    size_t n = 20 + build_options(p, b + 20);

    put16(b, p->sport);
    put16(b + 2, p->dport);
    put32(b + 4, p->seq);
    put32(b + 8, p->ack);
    b[12] = (uint8_t)((p->attrs & ATTR_OFFSET ? p->offset : n / 4) << 4 | (p->flags & TCP_AE ? 1 : 0));
    b[13] = (uint8_t)p->flags;
    put16(b + 14, p->win);
    put16(b + 16, 0);
    put16(b + 18, p->urg);
    build_payload(p, first, b + n);
    n += p->len;
    set_checksum(p, b, n, 16, pseudo_sum(p, PACKET_TCP, n));
    return n;
}

static size_t build_udp(const struct packet *p, uint32_t first, uint8_t *b)
{
    size_t n = 8 + p->len;

    put16(b, p->sport);
    put16(b + 2, p->dport);
    put16(b + 4, p->attrs & ATTR_LENGTH ? p->length : (uint32_t)n);
    put16(b + 6, 0);
    build_payload(p, first, b + 8);
    set_checksum(p, b, n, 6, pseudo_sum(p, PACKET_UDP, n));
    return n;
}

/* RFC 3828 §3.1: in the place of the length stands the coverage, 0 for all; the pseudo header has the whole length. */
static size_t build_udplite(const struct packet *p, uint32_t first, uint8_t *b)
{
    size_t n = 8 + p->len;

    put16(b, p->sport);
    put16(b + 2, p->dport);
    put16(b + 4, p->attrs & ATTR_LENGTH ? p->length : p->coverage);
    put16(b + 6, 0);
    build_payload(p, first, b + 8);
    set_checksum(p, b, p->coverage ? p->coverage : n, 6, pseudo_sum(p, PACKET_UDPLITE, n));
    return n;
}

static size_t build_icmp(const struct packet *p, const uint8_t *inner, size_t n_inner, uint8_t *b)
{
    memset(b, 0, 8);
    b[0] = p->type;
    b[1] = p->code;
    if (p->has_mtu)
        put32(b + 4, p->mtu);
    if (inner) {
        memcpy(b + 8, inner, n_inner);
    } else {
        put16(b + 4, p->icmp_id);
        put16(b + 6, p->icmp_seq);
        build_payload(p, 0, b + 8);
        n_inner = p->len;
    }
    set_checksum(p, b, 8 + n_inner, 2, ip_is_v4(&p->src) ? 0 : pseudo_sum(p, ICMPV6, 8 + n_inner));
    return 8 + n_inner;
}

/* Cuts n bytes of payload to the fragment asked for. */
static void cut_fragment(const struct packet *p, uint8_t *payload, size_t n, size_t *from, size_t *to)
{
    *from = 0;
    *to = n;
    if (!(p->attrs & ATTR_FRAG))
        return;
    *from = p->frag_from < n ? p->frag_from : n;
    *to = p->frag_to < n ? p->frag_to : n;
    *to = *to < *from ? *from : *to;
    memmove(payload, payload + *from, *to - *from);
}

static uint8_t traffic_class(const struct packet *p)
{
    return (uint8_t)((p->attrs & ATTR_TOS ? p->tos : 0) | (p->attrs & ATTR_ECN ? p->ecn : 0));
}

/* The IPv4 header in front of n bytes of payload. */
static size_t build_ipv4(const struct packet *p, uint8_t *b, size_t header, size_t n)
{
    size_t from, to;
    uint32_t offset_field;

    cut_fragment(p, b + header, n, &from, &to);
    offset_field = (uint32_t)(from / 8) | (to < n ? 0x2000u : 0) | (p->attrs & ATTR_DF ? 0x4000u : 0);
    b[0] = (uint8_t)((p->attrs & ATTR_VERSION ? p->version : 4) << 4);
    b[0] |= (uint8_t)(p->attrs & ATTR_IHL ? p->ihl : header / 4);
    b[1] = traffic_class(p);
    put16(b + 2, p->attrs & ATTR_TOTAL ? p->total : (uint32_t)(header + to - from));
    put16(b + 4, p->id);
    put16(b + 6, offset_field);
    b[8] = p->attrs & ATTR_TTL ? p->ttl : 64;
    b[9] = p->attrs & ATTR_PROTO ? p->ip_proto : (uint8_t)p->proto;
    put16(b + 10, 0);
    memcpy(b + 12, p->src.b + 12, 4);
    memcpy(b + 16, p->dst.b + 12, 4);
    put16(b + 10, (uint16_t)~sum_of(0, b, header) ^ (p->attrs & ATTR_BAD_IP_CHECKSUM ? 0x0100u : 0));
    return header + to - from;
}

#define FRAGMENT_HEADER 44

/* The IPv6 header, and a fragment header where one is asked for; header: room for both. */
static size_t build_ipv6(const struct packet *p, uint8_t *b, size_t header, size_t n)
{
    uint8_t next = p->proto == PACKET_ICMP ? ICMPV6 : (uint8_t)p->proto;
    size_t from, to;

    cut_fragment(p, b + header, n, &from, &to);
    if (p->attrs & ATTR_PROTO)
        next = p->ip_proto;
    if (p->attrs & ATTR_FRAG) {
        b[40] = next;
        put16(b + 42, (uint32_t)from | (to < n ? 1u : 0));
        put32(b + 44, p->id);
        next = FRAGMENT_HEADER;
    }
    n = header - 40 + to - from;
    put32(b, (uint32_t)traffic_class(p) << 20 | p->flow_label);
    b[0] |= (uint8_t)((p->attrs & ATTR_VERSION ? p->version : 6) << 4);
    put16(b + 4, p->attrs & ATTR_TOTAL ? p->total : (uint32_t)n);
    b[6] = next;
    b[7] = p->attrs & ATTR_TTL ? p->ttl : 64;
    memcpy(b + 8, p->src.b, 16);
    memcpy(b + 24, p->dst.b, 16);
    return 40 + n;
}

static size_t build_transport(const struct packet *p, uint32_t first, const uint8_t *inner, size_t n_inner, uint8_t *b)
{
    if (p->proto == PACKET_TCP)
        return build_tcp(p, first, b);
    if (p->proto == PACKET_UDP)
        return build_udp(p, first, b);
    if (p->proto == PACKET_UDPLITE)
        return build_udplite(p, first, b);
    return build_icmp(p, inner, n_inner, b);
}

/* The datagram itself, without what stands around it. */
static size_t build_datagram(const struct packet *p, uint32_t first, const uint8_t *inner, size_t n_inner, uint8_t *buf)
{
    bool v4 = ip_is_v4(&p->src);
    size_t header = v4 ? 20 + ((p->n_ipopt + 3) & ~(size_t)3) : p->attrs & ATTR_FRAG ? 48 : 40, n;

    memset(buf, 0, header);
    if (v4)
        memcpy(buf + 20, p->ipopt, p->n_ipopt);
    n = build_transport(p, first, inner, n_inner, buf + header);
    return v4 ? build_ipv4(p, buf, header, n) : build_ipv6(p, buf, header, n);
}

size_t frame_build(const struct packet *p, uint32_t first, const uint8_t *inner, size_t n_inner, uint8_t *buf)
{
    size_t n = build_datagram(p, first, inner, n_inner, buf + encap_bytes(p));

    encap_build(p, n, buf);
    n += encap_bytes(p);
    return p->attrs & ATTR_CUT && p->cut < n ? p->cut : n;
}

/* ---- reading ---- */

/* Fast Open's options, and any other by its bytes. */
static void read_other(struct option *o, const uint8_t *b, size_t n)
{
    size_t front = b[0] == OPT_FO ? 2 : b[0] == OPT_FOEXP && n >= 4 && get16(b + 2) == FOEXP_MAGIC ? 4 : 0;

    o->kind = front ? (enum option_kind)b[0] : OPT_HEX;
    o->n_hex = n - front;
    memcpy(o->hex, b + front, o->n_hex);
}

/* RFC 9293 §3.1: every length is what its kind demands, and after an end of options only zeros (MUST-69). */
static const char *read_option(struct option *o, const uint8_t *b, size_t left, size_t *took)
{
    static const struct {
        enum option_kind kind;
        uint8_t length;
    } fixed[] = {{OPT_MSS, 4}, {OPT_WSCALE, 3}, {OPT_SACK_OK, 2}, {OPT_TS, 10}};

    *took = left > 1 ? b[1] : 0;
    if (*took < 2 || *took > left)
        return "a TCP option with a wrong length";
    o->kind = (enum option_kind)b[0];
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (fixed[i].kind == o->kind && fixed[i].length != *took)
            return "a TCP option with a wrong length";
    if (o->kind == OPT_MSS) {
        o->a = get16(b + 2);
    } else if (o->kind == OPT_WSCALE) {
        o->a = b[2];
    } else if (o->kind == OPT_TS) {
        o->a = get32(b + 2);
        o->b = get32(b + 6);
    } else if (o->kind == OPT_SACK) {
        if (*took % 8 != 2 || *took > 34)
            return "a SACK option with a wrong length";
        for (o->n_blocks = 0; 10 + 8 * o->n_blocks <= *took; o->n_blocks++) {
            o->block[o->n_blocks][0] = get32(b + 2 + 8 * o->n_blocks);
            o->block[o->n_blocks][1] = get32(b + 6 + 8 * o->n_blocks);
        }
    } else if (o->kind != OPT_SACK_OK) {
        read_other(o, b, *took);
    }
    return NULL;
}

static const char *read_options(struct packet *p, const uint8_t *b, size_t n)
{
    size_t took;
    const char *bad;

    for (size_t i = 0; i < n; i += took) {
        struct option *o = &p->option[p->n_options];

        *o = (struct option){.kind = OPT_EOL};
        if (p->n_options && o[-1].kind == OPT_EOL && b[i] != OPT_EOL)
            return "something else than zero after the end of the TCP options (MUST-69)";
        if (b[i] == OPT_EOL || b[i] == OPT_NOP) { /* padding is listed byte by byte, as packetdrill does */
            o->kind = b[i];
            took = 1;
        } else if ((bad = read_option(o, b + i, n - i, &took))) {
            return bad;
        }
        p->n_options++;
    }
    return NULL;
}

static const char *read_tcp(struct frame_view *v, const uint8_t *b, size_t n)
{
    struct packet *p = &v->packet;
    size_t header;

    if (n < 20 || (size_t)(b[12] >> 4) * 4 < 20 || (size_t)(b[12] >> 4) * 4 > n)
        return "an impossible TCP header length";
    if (sum_of(pseudo_sum(p, PACKET_TCP, n), b, n) != 0xffff)
        return "a wrong TCP checksum (MUST-2)";
    if (b[12] & 0x0e)
        return "reserved TCP header bits that are not zero";
    header = (size_t)(b[12] >> 4) * 4;
    p->sport = get16(b);
    p->dport = get16(b + 2);
    p->seq = get32(b + 4);
    p->ack = get32(b + 8);
    p->flags = b[13] | (b[12] & 1 ? TCP_AE : 0u);
    p->has_ack = p->flags & TCP_A;
    if (!p->has_ack && p->ack != 0)
        return "an acknowledgment number without the ACK flag";
    p->win = get16(b + 14);
    p->has_win = true;
    p->urg = get16(b + 18);
    p->len = (uint32_t)(n - header);
    p->end = p->seq + p->len;
    v->payload = b + header;
    v->tcp_options = b + 20;
    v->n_tcp_options = header - 20;
    return read_options(p, b + 20, header - 20);
}

static const char *read_udp(struct frame_view *v, const uint8_t *b, size_t n)
{
    struct packet *p = &v->packet;

    if (n < 8 || get16(b + 4) != n)
        return "a wrong UDP length";
    if (get16(b + 6) == 0)
        return "no UDP checksum";
    if (sum_of(pseudo_sum(p, PACKET_UDP, n), b, n) != 0xffff)
        return "a wrong UDP checksum";
    p->sport = get16(b);
    p->dport = get16(b + 2);
    p->len = (uint32_t)(n - 8);
    v->payload = b + 8;
    return NULL;
}

static const char *read_udplite(struct frame_view *v, const uint8_t *b, size_t n)
{
    struct packet *p = &v->packet;
    size_t covered = n < 8 ? 0 : get16(b + 4) == 0 ? n : get16(b + 4);

    if (covered < 8 || covered > n)
        return "a wrong UDP-Lite coverage";
    if (sum_of(pseudo_sum(p, PACKET_UDPLITE, n), b, covered) != 0xffff)
        return "a wrong UDP-Lite checksum";
    p->sport = get16(b);
    p->dport = get16(b + 2);
    p->coverage = get16(b + 4);
    p->len = (uint32_t)(n - 8);
    v->payload = b + 8;
    return NULL;
}

static const char *read_icmp(struct frame_view *v, const uint8_t *b, size_t n)
{
    struct packet *p = &v->packet;

    if (n < 8)
        return "a short ICMP message";
    if (sum_of(p->v6 ? pseudo_sum(p, ICMPV6, n) : 0, b, n) != 0xffff)
        return "a wrong ICMP checksum";
    p->type = b[0];
    p->code = b[1];
    p->len = (uint32_t)(n - 8);
    if (icmp_is_echo(p)) {
        p->icmp_id = get16(b + 4);
        p->icmp_seq = get16(b + 6);
        v->payload = b + 8;
    } else if (!p->v6 || p->type < 128) {
        v->quote = b + 8;
        v->n_quote = n - 8;
    }
    if (icmp_is_too_big(p)) {
        p->has_mtu = true;
        p->mtu = p->v6 ? get32(b + 4) : get16(b + 6);
    }
    return NULL;
}

/* The header; *header tells how long it is. */
static const char *read_ipv4(struct packet *p, const uint8_t *b, size_t n, size_t *header)
{
    if (n < 20)
        return "a datagram shorter than a header";
    *header = (size_t)(b[0] & 15) * 4;
    if (b[0] >> 4 != 4 || *header < 20 || *header > n || get16(b + 2) != n)
        return "a wrong IP length";
    if (sum_of(0, b, *header) != 0xffff)
        return "a wrong IP header checksum";
    if (b[8] == 0)
        return "a TTL of zero (R1122-3.2.1.7a)";
    p->tos = b[1] & 0xfc;
    p->ecn = b[1] & 3;
    p->id = get16(b + 4);
    p->ttl = b[8];
    p->ip_proto = b[9];
    p->proto = (enum packet_proto)b[9];
    p->src = weft_ipv4(get32(b + 12));
    p->dst = weft_ipv4(get32(b + 16));
    p->attrs = ATTR_TTL | ATTR_TOS | ATTR_ECN | ATTR_ID;
    if (b[6] & 0x40)
        p->attrs |= ATTR_DF;
    if (get16(b + 6) & 0x3fff) {
        p->attrs |= ATTR_FRAG;
        p->frag_from = (get16(b + 6) & 0x1fffu) * 8;
        p->frag_to = p->frag_from + (uint32_t)(n - *header);
    }
    return NULL;
}

/* The same for IPv6, with the only extension headers that weft sends: hop-by-hop options and fragment. */
static const char *read_ipv6(struct packet *p, const uint8_t *b, size_t n, size_t *header)
{
    if (n < 40 || get16(b + 4) != n - 40)
        return "a wrong IPv6 length";
    if (b[7] == 0)
        return "a hop limit of zero";
    p->v6 = true;
    p->tos = (uint8_t)(get32(b) >> 20 & 0xfc);
    p->ecn = (uint8_t)(get32(b) >> 20 & 3);
    p->flow_label = get32(b) & 0xfffff;
    p->ttl = b[7];
    p->ip_proto = b[6];
    memcpy(p->src.b, b + 8, 16);
    memcpy(p->dst.b, b + 24, 16);
    p->attrs = ATTR_TTL | ATTR_TOS | ATTR_ECN | ATTR_LABEL;
    *header = 40;
    if (p->ip_proto == 0 && n >= 48 && 48 + 8u * b[41] <= n) {
        p->ip_proto = b[40];
        *header += 8 + 8u * b[41];
    }
    if (p->ip_proto == FRAGMENT_HEADER && n >= *header + 8) {
        p->attrs |= ATTR_FRAG;
        p->ip_proto = b[*header];
        p->frag_from = get16(b + *header + 2) & 0xfff8u;
        *header += 8;
        p->frag_to = p->frag_from + (uint32_t)(n - *header);
    }
    p->proto = p->ip_proto == ICMPV6 ? PACKET_ICMP : (enum packet_proto)p->ip_proto;
    return p->ip_proto == PACKET_ICMP ? "ICMPv4 in IPv6" : NULL;
}

/* The innermost datagram's header; what stands around it goes to p->outer. *at: behind it. */
static const char *read_headers(struct packet *p, const uint8_t *bytes, size_t n, size_t *at)
{
    size_t header;
    const char *bad;

    for (;;) {
        p->v6 = n > *at && bytes[*at] >> 4 == 6;
        if (p->v6)
            bad = read_ipv6(p, bytes + *at, n - *at, &header);
        else
            bad = read_ipv4(p, bytes + *at, n - *at, &header);
        if (bad)
            return bad;
        *at += header;
        if (p->attrs & ATTR_FRAG || !encap_is_protocol(p->ip_proto))
            return NULL;
        bad = encap_read(p, bytes, n, at);
        if (bad)
            return bad;
    }
}

const char *frame_read(const uint8_t *bytes, size_t n, struct frame_view *v)
{
    size_t at = 0;
    const char *bad;

    *v = (struct frame_view){.packet.flow = 1};
    bad = read_headers(&v->packet, bytes, n, &at);
    if (bad || v->packet.attrs & ATTR_FRAG)
        return bad;
    switch (v->packet.proto) {
    case PACKET_TCP:     return read_tcp(v, bytes + at, n - at);
    case PACKET_UDP:     return read_udp(v, bytes + at, n - at);
    case PACKET_UDPLITE: return read_udplite(v, bytes + at, n - at);
    case PACKET_ICMP:    return read_icmp(v, bytes + at, n - at);
    }
    return "an unknown protocol";
}
