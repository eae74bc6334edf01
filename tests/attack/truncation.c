/* SPDX-License-Identifier: MIT */
/*
 * Lengths that lie (AMNESIA:33, Ripple20, NAME:WRECK, INFRA:HALT: most of what they list is a length that was
 * believed). A corpus of sound frames, every message that the stack reads behind every kind of header in front of it,
 * goes in cut at each byte, once as it is and once with the outer lengths made to fit; and with each byte and each pair
 * of bytes set to 0, 1, one less, one more and the most, as each length, count and offset is among them. Sums are put
 * right, for else nothing but them is looked at. The parsers alone are swept by tests/unit/test_wire_truncation.c.
 */
#include "field.h"

#include "base/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv6.h"

#define LONGEST 512 /* of a frame, in bytes */
#define PORT    5000

struct frame {
    uint8_t b[LONGEST];
    size_t n;
};

/* ---- what makes a frame sound ---- */

/* The sum of what the transport begins with, if it has one: where it stands in the message, behind which addresses. */
static void mend_upper(uint8_t *p, size_t n, uint8_t proto, const struct weft_ip *src, const struct weft_ip *dst)
{
    static const uint8_t summed[] = {IP_PROTO_TCP, IP_PROTO_UDP, IP_PROTO_ICMP, IP_PROTO_IGMP, IP_PROTO_ICMPV6};
    size_t at = proto == IP_PROTO_TCP ? 16 : proto == IP_PROTO_UDP ? 6 : 2;
    struct csum sum = {0};

    if (n < at + 2 || !memchr(summed, proto, sizeof summed))
        return;
    poke_u16(p + at, 0);
    if (proto != IP_PROTO_ICMP && proto != IP_PROTO_IGMP)
        ip_pseudo_header(&sum, src, dst, proto, (uint32_t)n);
    csum_add(&sum, p, n);
    poke_u16(p + at, csum_fold(&sum));
}

static void mend_v4(uint8_t *p, size_t n)
{
    size_t header = (p[0] & 15u) * 4, total = peek_u16(p + 2);
    struct weft_ip src = weft_ipv4(peek_u32(p + 12)), dst = weft_ipv4(peek_u32(p + 16));

    if (header < IPV4_HEADER || header > n)
        return;
    poke_u16(p + 10, 0);
    poke_u16(p + 10, csum(p, header));
    if (total >= header && total <= n && (peek_u16(p + 6) & 0x3fff) == 0)
        mend_upper(p + header, total - header, p[9], &src, &dst);
}

static void mend_v6(uint8_t *p, size_t n)
{
    static const uint8_t extensions[] = {IP_PROTO_HOPOPTS, IP_PROTO_DSTOPTS, IP_PROTO_ROUTING, IP_PROTO_FRAGMENT};
    size_t at = IPV6_HEADER, end = at + peek_u16(p + 4);
    uint8_t next = p[6];
    struct weft_ip src, dst;

    memcpy(src.b, p + 8, 16);
    memcpy(dst.b, p + 24, 16);
    end = end < n ? end : n;
    while (memchr(extensions, next, sizeof extensions) && at + 8 <= end) {
        size_t len = next == IP_PROTO_FRAGMENT ? 8 : 8 * (1 + (size_t)p[at + 1]);

        next = p[at];
        at += len;
    }
    if (at < end)
        mend_upper(p + at, end - at, next, &src, &dst);
}

/* What is there of the sums is put right. */
static void mend(struct frame *f)
{
    uint16_t type = f->n >= ETH_HEADER ? peek_u16(f->b + 12) : 0;

    if (type == ETH_TYPE_IPV4 && f->n >= ETH_HEADER + IPV4_HEADER)
        mend_v4(f->b + ETH_HEADER, f->n - ETH_HEADER);
    if (type == ETH_TYPE_IPV6 && f->n >= ETH_HEADER + IPV6_HEADER)
        mend_v6(f->b + ETH_HEADER, f->n - ETH_HEADER);
}

/* The outer lengths are what is there. */
static void fit(struct frame *f)
{
    uint16_t type = f->n >= ETH_HEADER ? peek_u16(f->b + 12) : 0;

    if (type == ETH_TYPE_IPV4 && f->n >= ETH_HEADER + IPV4_HEADER)
        poke_u16(f->b + ETH_HEADER + 2, (uint16_t)(f->n - ETH_HEADER));
    if (type == ETH_TYPE_IPV6 && f->n >= ETH_HEADER + IPV6_HEADER)
        poke_u16(f->b + ETH_HEADER + 4, (uint16_t)(f->n - ETH_HEADER - IPV6_HEADER));
    mend(f);
}

/* ---- the messages ---- */

struct message {
    uint8_t proto, n, b[100];
    uint8_t hops;    /* 0: 64 */
    uint32_t group;  /* its destination, where that is not the victim: of IPv4, or the end of ff02:: */
    bool local;      /* from fe80::1 */
};

#define TO(all)             .hops = 1, .group = all
#define ON_LINK(limit, all) .hops = limit, .group = all, .local = true
#define AS(protocol, len) .proto = protocol, .n = len, .b =
#define QUOTE4(proto) 0x45, 0, 0, 60, 0, 1, 0x40, 0, 63, proto, 0, 0, 10, 66, 0, 2, 10, 66, 0, 1
#define QUOTE6(next)  0x60, 0, 0, 0, 0, 20, next, 63, 0x20, 1, 0xd, 0xb8, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, \
                      0x20, 1, 0xd, 0xb8, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define QUOTED        0, 80, 0x13, 0x88, 0, 0, 0, 1
#define TCP(flags, words) 0x13, 0x88, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, words << 4, flags, 0xff, 0xff, 0, 0, 0, 5
#define UDP(port, len)    0x13, 0x88, 0, port, 0, len, 0, 0

static const struct message both[] = {
    {AS(IP_PROTO_TCP, 40) {TCP(2, 10), 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}},
    {AS(IP_PROTO_TCP, 36) {TCP(2, 9), 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 14, 0}},
    {AS(IP_PROTO_TCP, 40) {TCP(2, 10), 254, 8, 0xf9, 0x89, 1, 2, 3, 4, 30, 12, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}},
    {AS(IP_PROTO_TCP, 52) {TCP(24, 8), 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1, 'G', 'E', 'T'}},
    {AS(IP_PROTO_TCP, 56) {TCP(16, 14), 1, 1, 5, 34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
                           0, 0, 0, 6}},
    {AS(IP_PROTO_TCP, 44) {TCP(2, 10), 19, 18, [38] = 0, 0, [40] = 't', 'e', 'x', 't'}},
    {AS(IP_PROTO_TCP, 44) {TCP(0x31, 10), 29, 16, 1, 1, [36] = 28, 4, 0x80, 1, 'f', 'i', 'n'}},
    {AS(IP_PROTO_TCP, 24) {TCP(4, 5), 'd', 'e', 'a', 'd'}},
    {AS(IP_PROTO_UDP, 16) {UDP(7, 16), 'e', 'c', 'h', 'o'}},
    {AS(IP_PROTO_UDP, 40) {UDP(9, 40), 'c', 'l', 'o', 's', 'e', 'd'}},
    {AS(IP_PROTO_UDP, 24) {UDP(7, 16), 'm', 'o', 'r', 'e', [16] = 'o', 'p', 't', 's'}},
    {AS(4, 28) {QUOTE4(17), QUOTED}},
    {AS(41, 48) {QUOTE6(58), 128, 0, 0, 0}},
    {AS(47, 12) {0x20, 0, 8, 0, 0, 0, 0, 1}},
    {AS(59, 8) {0}},
    {AS(132, 24) {0x13, 0x88, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 12}},
};

static const struct message v4[] = {
    {AS(IP_PROTO_ICMP, 40) {8, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMP, 40) {0, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMP, 36) {3, 3, 0, 0, 0, 0, 0, 0, QUOTE4(17), QUOTED}},
    {AS(IP_PROTO_ICMP, 36) {3, 4, 0, 0, 0, 0, 2, 64, QUOTE4(6), QUOTED}},
    {AS(IP_PROTO_ICMP, 44) {3, 1, 0, 0, 0, 8, 0, 0, QUOTE4(6), QUOTED, 0x20, 0, 0, 0, 0, 8, 1, 1}},
    {AS(IP_PROTO_ICMP, 36) {4, 0, 0, 0, 0, 0, 0, 0, QUOTE4(6), QUOTED}},
    {AS(IP_PROTO_ICMP, 36) {5, 1, 0, 0, 10, 66, 0, 9, QUOTE4(6), QUOTED}},
    {AS(IP_PROTO_ICMP, 36) {11, 0, 0, 0, 0, 0, 0, 0, QUOTE4(1), 8, 0, 0, 0, 0, 7, 0, 1}},
    {AS(IP_PROTO_ICMP, 36) {12, 0, 0, 0, 20, 0, 0, 0, QUOTE4(6), QUOTED}},
    {AS(IP_PROTO_ICMP, 40) {12, 0, 0, 0, 20, 0, 0, 0, 0x46, 0, 0, 60, 0, 1, 0, 0, 63, 17, 0, 0, 10, 66, 0, 2,
                            10, 66, 0, 1, 7, 3, 4, 0, QUOTED}},
    {AS(IP_PROTO_ICMP, 24) {9, 0, 0, 0, 2, 2, 7, 8, 10, 66, 0, 1, 0, 0, 0, 0, 10, 66, 0, 9}, .group = 0xe0000001},
    {AS(IP_PROTO_ICMP, 8) {10, 0}, .group = 0xe0000002},
    {AS(IP_PROTO_ICMP, 20) {13, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMP, 20) {14, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMP, 12) {17, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMP, 12) {18, 0, 0, 0, 0, 7, 0, 1, 255, 255, 0, 0}},
    {AS(IP_PROTO_ICMP, 16) {42, 0, 0, 0, 0, 7, 1, 1}},
    {AS(IP_PROTO_IGMP, 8) {0x11, 100}, TO(0xe0000001)},
    {AS(IP_PROTO_IGMP, 8) {0x11, 0}, TO(0xe0000001)},
    {AS(IP_PROTO_IGMP, 24) {0x11, 100, 0, 0, 239, 1, 1, 1, 2, 125, 0, 3, 11, 0, 0, 1, 11, 0, 0, 2, 11, 0, 0, 3},
     TO(0xef010101)},
    {AS(IP_PROTO_IGMP, 8) {0x16, 0, 0, 0, 239, 1, 1, 1}, TO(0xef010101)},
    {AS(IP_PROTO_IGMP, 8) {0x12, 0, 0, 0, 239, 1, 1, 1}, TO(0xef010101)},
    {AS(IP_PROTO_IGMP, 8) {0x17, 0, 0, 0, 239, 1, 1, 1}, TO(0xe0000002)},
    {AS(IP_PROTO_IGMP, 24) {0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 2, 239, 1, 1, 1, 11, 0, 0, 1, 11, 0, 0, 2},
     TO(0xe0000016)},
};

#define PREFIX3  3, 4, 64, 0xc0, 0, 0, 14, 16, 0, 0, 7, 8, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0x67, 0, 0, \
                 0, 0, 0, 0, 0, 0, 0, 0
#define TARGET   0x20, 1, 0xd, 0xb8, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define GROUP6   0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1

static const struct message v6[] = {
    {AS(IP_PROTO_ICMPV6, 40) {128, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMPV6, 40) {129, 0, 0, 0, 0, 7}},
    {AS(IP_PROTO_ICMPV6, 56) {1, 4, 0, 0, 0, 0, 0, 0, QUOTE6(17), QUOTED}},
    {AS(IP_PROTO_ICMPV6, 56) {2, 0, 0, 0, 0, 0, 5, 0, QUOTE6(6), QUOTED}},
    {AS(IP_PROTO_ICMPV6, 56) {3, 0, 0, 0, 0, 0, 0, 0, QUOTE6(58), 128, 0, 0, 0, 0, 7, 0, 1}},
    {AS(IP_PROTO_ICMPV6, 64) {4, 1, 0, 0, 0, 0, 0, 40, QUOTE6(60), 6, 0, 1, 4, 0, 0, 0, 0, QUOTED}},
    {AS(IP_PROTO_ICMPV6, 56) {200, 0, 0, 0, 0, 0, 0, 0, QUOTE6(6), QUOTED}},
    {AS(IP_PROTO_ICMPV6, 24) {130, 0, 0, 0, 0, 10}, ON_LINK(1, 1)},
    {AS(IP_PROTO_ICMPV6, 60) {130, 0, 0, 0, 0, 10, 0, 0, GROUP6, 2, 125, 0, 2, TARGET, TARGET}, ON_LINK(1, 0x10101)},
    {AS(IP_PROTO_ICMPV6, 24) {131, 0, 0, 0, 0, 0, 0, 0, GROUP6}, ON_LINK(1, 0x10101)},
    {AS(IP_PROTO_ICMPV6, 24) {132, 0, 0, 0, 0, 0, 0, 0, GROUP6}, ON_LINK(1, 2)},
    {AS(IP_PROTO_ICMPV6, 44) {143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 1, GROUP6, TARGET}, ON_LINK(1, 0x16)},
    {AS(IP_PROTO_ICMPV6, 16) {133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 6, 6, 6, 6, 6}, ON_LINK(255, 2)},
    {AS(IP_PROTO_ICMPV6, 64) {134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 6, 6, 6, 6, 6,
                              5, 1, 0, 0, 0, 0, 5, 220, PREFIX3}, ON_LINK(255, 1)},
    {AS(IP_PROTO_ICMPV6, 64) {134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 25, 3, 0, 0, 0, 0, 7, 8, TARGET,
                              31, 3, 0, 0, 0, 0, 7, 8, 3, 'l', 'a', 'b', 4, 't', 'e', 's', 't'}, ON_LINK(255, 1)},
    {AS(IP_PROTO_ICMPV6, 48) {134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 24, 2, 64, 0, 0, 0, 7, 8,
                              0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 26, 1, 0, 0, 0, 0, 0, 0, 14, 1, 1, 2, 3, 4, 5, 6},
     ON_LINK(255, 1)},
    {AS(IP_PROTO_ICMPV6, 32) {135, 0, 0, 0, 0, 0, 0, 0, TARGET, 1, 1, 2, 6, 6, 6, 6, 6}, .hops = 255},
    {AS(IP_PROTO_ICMPV6, 32) {136, 0, 0, 0, 0x60, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                              2, 1, 2, 6, 6, 6, 6, 6}, .hops = 255},
    {AS(IP_PROTO_ICMPV6, 100) {137, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80, [22] = 0, 9, 0x20, 1, 0xd, 0xb8, 9,
                               [40] = 2, 1, 2, 6, 6, 6, 6, 6, 4, 6, 0, 0, 0, 0, 0, 0, QUOTE6(17)},
     .hops = 255, .local = true},
};

/* ---- what stands in front of them ---- */

struct front {
    uint8_t first, n, b[40]; /* first: of IPv6, what the fixed header calls it; its own first byte names what follows */
};

static const struct front fronts4[] = {
    {0, 0, {0}},
    {0, 4, {0x94, 4, 0, 0}},
    {0, 12, {7, 11, 4, 0}},
    {0, 12, {68, 12, 5, 0}},
    {0, 20, {68, 20, 5, 3, 10, 66, 0, 2}},
    {0, 12, {131, 11, 4, 10, 66, 0, 2, 10, 66, 0, 9}},
    {0, 12, {137, 7, 8, 10, 66, 0, 2, 1, 130, 3, 0, 0}},
    {0, 40, {1, 1, 1, 7, 35, 32, [39] = 0}},
    {0, 8, {134, 6, 0, 0, 0, 1, 25, 2}},
    {0, 4, {0, 0xff, 0xff, 0xff}},
};

static const struct front fronts6[] = {
    {0, 0, {0}},
    {IP_PROTO_HOPOPTS, 8, {0, 0, 5, 2, 0, 0, 1, 0}},
    {IP_PROTO_HOPOPTS, 16, {0, 1, 1, 11, [14] = 0, 0}},
    {IP_PROTO_HOPOPTS, 8, {0, 0, 0xc2, 4, 0, 1, 0, 0}}, /* a jumbogram */
    {IP_PROTO_DSTOPTS, 16, {0, 1, 0x1e, 4, 1, 2, 3, 4, 1, 6}},
    {IP_PROTO_DSTOPTS, 24, {0, 2, 0xc9, 16, TARGET, 1, 2}},
    {IP_PROTO_ROUTING, 24, {0, 2, 0, 0, 0, 0, 0, 0, TARGET}},
    {IP_PROTO_ROUTING, 8, {0, 0, 4, 0, 0, 0, 0, 0}},
    {IP_PROTO_FRAGMENT, 8, {0, 0, 0, 0, 0, 0, 0, 1}}, /* atomic */
    {IP_PROTO_FRAGMENT, 8, {0, 0, 0, 1, 0, 0, 0, 2}}, /* the first of more */
};

static struct frame frame_v4(const struct message *m, const struct front *front)
{
    struct frame f = {.b = {2, 0, 0, 0, 0, 2, 2, 6, 6, 6, 6, 6, 8, 0, 0x45, [ETH_HEADER + 8] = 64}};
    uint8_t *ip = f.b + ETH_HEADER;
    struct weft_ip dst = weft_ipv4(m->group);

    if (m->group)
        eth_multicast(f.b, &dst);
    ip[0] = (uint8_t)(0x45 + front->n / 4);
    ip[8] = m->hops ? m->hops : 64;
    ip[9] = m->proto;
    poke_u32(ip + 12, ATTACKER);
    poke_u32(ip + 16, m->group ? m->group : FRONT);
    memcpy(ip + IPV4_HEADER, front->b, front->n);
    memcpy(ip + IPV4_HEADER + front->n, m->b, m->n);
    f.n = (size_t)ETH_HEADER + IPV4_HEADER + front->n + m->n;
    fit(&f);
    return f;
}

static struct frame frame_v6(const struct message *m, const struct front *front)
{
    struct frame f = {.b = {2, 0, 0, 0, 0, 2, 2, 6, 6, 6, 6, 6, 0x86, 0xdd, 0x60}};
    uint8_t *ip = f.b + ETH_HEADER, *at = ip + IPV6_HEADER;
    struct weft_ip src = m->local ? link_v6(1) : front_v6(1), dst = m->group ? group_v6(m->group) : front_v6(2);

    if (m->group)
        eth_multicast(f.b, &dst);
    ip[6] = front->n ? front->first : m->proto;
    ip[7] = m->hops ? m->hops : 64;
    memcpy(ip + 8, &src, 16);
    memcpy(ip + 24, &dst, 16);
    memcpy(at, front->b, front->n);
    if (front->n)
        at[0] = m->proto;
    memcpy(at + front->n, m->b, m->n);
    f.n = (size_t)ETH_HEADER + IPV6_HEADER + front->n + m->n;
    fit(&f);
    return f;
}

/* ---- the sweep ---- */

static uint64_t frames; /* thrown so far */

static void throw_frame(struct field *f, const struct frame *frame)
{
    attack_throw(f, frame->b, frame->n);
    attack_drain(f);
    if (frames++ % 2000 == 0)
        field_run(f, WEFT_MS);
}

static void cut_everywhere(struct field *f, const struct frame *sound)
{
    for (size_t n = 0; n < sound->n; n++) {
        struct frame cut = *sound;

        cut.n = n;
        throw_frame(f, &cut);
        fit(&cut);
        throw_frame(f, &cut);
    }
}

static void lie_everywhere(struct field *f, const struct frame *sound)
{
    for (size_t at = ETH_HEADER; at < sound->n; at++) {
        uint8_t b = sound->b[at];
        uint16_t w = at + 1 < sound->n ? peek_u16(sound->b + at) : 0;
        const uint8_t bytes[] = {0, 1, (uint8_t)(b - 1), (uint8_t)(b + 1), 0xff};
        const uint16_t words[] = {0, 1, (uint16_t)(w - 1), (uint16_t)(w + 1), 0xffff};

        for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
            struct frame lie = *sound;

            lie.b[at] = bytes[i];
            mend(&lie);
            throw_frame(f, &lie);
            if (at + 1 < sound->n)
                poke_u16(lie.b + at, words[i]);
            mend(&lie);
            throw_frame(f, &lie);
        }
    }
}

/* A victim with all that may be spoken to: a listener, a bound port, groups of both families. */
static struct field *busy_field(weft_sock **sock)
{
    struct field *f = field_new_ethernet(NULL);
    struct weft_addr echo = {.port = 7};
    struct weft_group four = {.group = weft_ipv4(0xef010101), .interface = weft_if_index(f->back)};
    struct weft_group six = {.group = group_v6(0x10101), .interface = weft_if_index(f->back)};

    echo.ip = weft_ipv4(0);
    sock[0] = weft_socket(f->victim, WEFT_UDP, NULL);
    assert_int_equal(weft_bind(sock[0], &echo), 0);
    assert_int_equal(weft_setsockopt(sock[0], WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &four, sizeof four), 0);
    sock[1] = weft_socket_in(f->victim, WEFT_INET6, WEFT_UDP, NULL);
    echo = (struct weft_addr){.port = 9};
    assert_int_equal(weft_bind(sock[1], &echo), 0);
    assert_int_equal(weft_setsockopt(sock[1], WEFT_SOL_IPV6, WEFT_MCAST_JOIN_GROUP, &six, sizeof six), 0);
    field_run(f, 3 * WEFT_S); /* its own addresses are found unique */
    attack_drain(f);
    return f;
}

/*
 * What the victim remembers of it is over in the end: half-open records, fragments, routers and what they said. But for
 * stations, which are limited in number, and for the tables that grew with all of it.
 */
static void expect_nothing_left(struct field *f, weft_sock **sock, size_t before, size_t routes)
{
    weft_sock *accepted;
    size_t left;

    while ((accepted = weft_accept(f->service, NULL, NULL)))
        weft_abort(accepted);
    for (int i = 0; i < 2; i++)
        weft_close(sock[i]);
    field_run(f, 70 * WEFT_S);
    f->now += 20 * 3600 * WEFT_S;
    field_run(f, 2 * WEFT_S);
    attack_drain(f);
    left = field_in_use(f) - field_in_use_by(f, "neighbours");
    assert_int_equal(field_in_use_by(f, "half-open records"), 0);
    assert_int_equal(field_in_use_by(f, "reassembly"), 0);
    assert_int_equal(field_connections(f, SERVICE), 0);
    assert_int_equal(field_routes(f), routes);
    assert_true(left <= before + (16 << 10));
}

typedef void (*sweep)(struct field *f, const struct frame *sound);

/* Returns how many sound frames it began with. */
static unsigned each_frame(struct field *f, sweep with)
{
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_LEN(fronts4); i++)
        for (size_t k = 0; k < ARRAY_LEN(both) + ARRAY_LEN(v4); k++, n++) {
            struct frame sound = frame_v4(k < ARRAY_LEN(both) ? &both[k] : &v4[k - ARRAY_LEN(both)], &fronts4[i]);

            throw_frame(f, &sound);
            with(f, &sound);
        }
    for (size_t i = 0; i < ARRAY_LEN(fronts6); i++)
        for (size_t k = 0; k < ARRAY_LEN(both) + ARRAY_LEN(v6); k++, n++) {
            struct frame sound = frame_v6(k < ARRAY_LEN(both) ? &both[k] : &v6[k - ARRAY_LEN(both)], &fronts6[i]);

            throw_frame(f, &sound);
            with(f, &sound);
        }
    return n;
}

/* Sound frames, and some that lied about nothing that matters, got where they should: nothing is swept in vain. */
static void expect_heard(const struct field *f)
{
    static const enum weft_counter heard[] = {WEFT_COUNT_icmp_echo_in,   WEFT_COUNT_igmp_queries_in,
                                              WEFT_COUNT_mld_queries_in, WEFT_COUNT_nd_solicits_in,
                                              WEFT_COUNT_nd_adverts_in,  WEFT_COUNT_nd_router_adverts_in};

    for (size_t i = 0; i < ARRAY_LEN(heard); i++)
        assert_true(weft_counter(f->victim, heard[i]) > 0);
}

static void play(sweep with, uint64_t most)
{
    weft_sock *sock[2];
    struct field *f = busy_field(sock);
    size_t before = field_in_use(f), routes = field_routes(f);

    print_message("%u sound frames\n", each_frame(f, with));
    expect_work_below(f, most);
    expect_heard(f);
    expect_nothing_left(f, sock, before, routes);
    field_end(f);
}

static void frames_cut_at_every_byte_do_no_harm(void **state) { play(cut_everywhere, 1500); }
static void lengths_and_counts_that_lie_do_no_harm(void **state) { play(lie_everywhere, 3000); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_cut_at_every_byte_do_no_harm),
        cmocka_unit_test(lengths_and_counts_that_lie_do_no_harm),
    };

    return cmocka_run_group_tests_name("attack_truncation", tests, NULL, NULL);
}
