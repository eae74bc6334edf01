/* SPDX-License-Identifier: MIT */
/* The bench of ip_bench.h with addresses of IPv6, and datagrams of IPv6 made by hand. */
#ifndef UNIT_IP6_BENCH_H
#define UNIT_IP6_BENCH_H

#include "ip_bench.h"

#define US6       "2001:db8:9::2" /* /64 on the bench's first interface, fe80::2 besides */
#define PEER6     "2001:db8:9::1"
#define OTHER_US6 "2001:db8:a::2" /* /64 on the second */
#define STRANGER6 "2001:db8:ffff::9" /* behind PEER6 */
#define ALL_NODES "ff02::1"
#define US6_GROUP "ff02::1:ff00:2"

static inline struct weft_ip ip6(const char *text)
{
    struct weft_ip ip;

    assert_int_equal(weft_ip_parse(text, &ip), 0);
    return ip;
}

static inline struct weft_addr addr6(const char *text, uint16_t port) { return (struct weft_addr){ip6(text), port}; }

static inline struct bench *bench6_new(void)
{
    struct bench *b = bench_new();
    struct weft_ip us = ip6(US6), other = ip6(OTHER_US6), local = ip6("fe80::2");
    struct weft_route gateway = {.gateway = ip6(PEER6)};

    assert_int_equal(weft_if_add_address(b->ifp, &us, 64), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &local, 64), 0);
    assert_int_equal(weft_if_add_address(b->other, &other, 64), 0);
    assert_int_equal(weft_if_add_address(b->other, &local, 64), 0);
    assert_int_equal(weft_route_add(b->s, &gateway), 0);
    return b;
}

/* What stands between the header and the upper layer, and how the header differs from the usual one. */
struct make6 {
    const char *src, *dst;  /* NULL: PEER6, US6 */
    uint8_t proto;          /* of the payload; 0: BENCH_PROTO */
    uint8_t hop_limit;      /* 0: 64 */
    uint8_t tclass;
    const uint8_t *chain;   /* extension headers, linked to each other; the last one's next header is filled in */
    size_t chain_len, last; /* where the last one begins */
    uint8_t first;          /* the kind of the first one */
};

static inline size_t make_ip6(uint8_t *out, struct make6 m, const void *payload, size_t n)
{
    struct ipv6_header h = {.tclass = m.tclass, .hop_limit = m.hop_limit ? m.hop_limit : 64};
    uint8_t proto = m.proto ? m.proto : BENCH_PROTO;
    struct writer w = writer(out, IPV6_HEADER);

    h.src = ip6(m.src ? m.src : PEER6);
    h.dst = ip6(m.dst ? m.dst : US6);
    h.next = m.chain_len ? m.first : proto;
    h.payload_len = (uint16_t)(m.chain_len + n);
    ipv6_emit(&w, &h);
    if (m.chain_len) {
        memcpy(out + IPV6_HEADER, m.chain, m.chain_len);
        out[IPV6_HEADER + m.last] = proto;
    }
    if (n)
        memmove(out + IPV6_HEADER + m.chain_len, payload, n);
    return IPV6_HEADER + m.chain_len + n;
}

/* Puts the right checksum at `at` of the message of n bytes. */
static inline void sum6(uint8_t *message, size_t n, size_t at, struct make6 m)
{
    struct weft_ip src = ip6(m.src ? m.src : PEER6), dst = ip6(m.dst ? m.dst : US6);
    struct csum sum = {0};
    uint16_t value;

    poke_u16(message + at, 0);
    ip_pseudo_header(&sum, &src, &dst, m.proto, (uint32_t)n);
    csum_add(&sum, message, n);
    value = csum_fold(&sum);
    poke_u16(message + at, value || m.proto != IP_PROTO_UDP ? value : 0xffff);
}

static inline size_t make_icmp6(uint8_t *out, struct make6 m, uint8_t type, uint8_t code, uint32_t word,
                                const void *payload, size_t n)
{
    uint8_t *message = malloc(ICMPV6_HEADER + n);
    struct writer w = writer(message, ICMPV6_HEADER);
    struct icmpv6_header h = {.type = type, .code = code, .word = word};
    size_t len;

    icmpv6_emit(&w, &h);
    if (n)
        memcpy(message + ICMPV6_HEADER, payload, n);
    m.proto = IP_PROTO_ICMPV6;
    sum6(message, ICMPV6_HEADER + n, 2, m);
    len = make_ip6(out, m, message, ICMPV6_HEADER + n);
    free(message);
    return len;
}

static inline size_t make_udp6(uint8_t *out, struct make6 m, uint16_t src_port, uint16_t dst_port, const void *payload,
                               size_t n)
{
    uint8_t *message = malloc(UDP_HEADER + n);
    struct udp_header u = {.src_port = src_port, .dst_port = dst_port, .len = (uint16_t)(UDP_HEADER + n)};
    struct writer w = writer(message, UDP_HEADER);
    size_t len;

    udp_emit(&w, &u);
    if (n)
        memcpy(message + UDP_HEADER, payload, n);
    m.proto = IP_PROTO_UDP;
    sum6(message, UDP_HEADER + n, 6, m);
    len = make_ip6(out, m, message, UDP_HEADER + n);
    free(message);
    return len;
}

/* Reads a datagram that came out; it must be sound, and from `src` to `dst` (NULL: not looked at). */
static inline struct ipv6_header read_ip6(const uint8_t *p, size_t n, const char *src, const char *dst)
{
    struct reader r = reader(p, n);
    struct ipv6_header h;
    struct weft_ip a, b;

    assert_int_equal(ipv6_parse(&r, n, &h), IPV6_OK);
    assert_int_equal(h.payload_len + IPV6_HEADER, n);
    if (src) {
        a = ip6(src);
        assert_memory_equal(&h.src, &a, sizeof a);
    }
    if (dst) {
        b = ip6(dst);
        assert_memory_equal(&h.dst, &b, sizeof b);
    }
    return h;
}

/*
 * The one ICMPv6 error that waits: about this offender, with this type, code and second word, as long as RFC 4443 has
 * it.
 */
static inline void expect_error6(struct bench *b, uint8_t type, uint8_t code, uint32_t word, const uint8_t *offender,
                                 size_t n)
{
    uint8_t out[2048];
    size_t len = bench_take(b, out, sizeof out), quote = min_size(n, 1280 - 48);
    struct icmpv6_header h;
    struct reader r = reader(out + IPV6_HEADER, sizeof out - IPV6_HEADER);
    struct ipv6_header ip;
    struct csum sum = {0};

    assert_int_equal(len, 48 + quote);
    ip = read_ip6(out, len, NULL, NULL);
    assert_int_equal(ip.next, IP_PROTO_ICMPV6);
    ip_pseudo_header(&sum, &ip.src, &ip.dst, IP_PROTO_ICMPV6, (uint32_t)(len - IPV6_HEADER));
    csum_add(&sum, out + IPV6_HEADER, len - IPV6_HEADER);
    assert_int_equal(csum_fold(&sum), 0);
    assert_true(icmpv6_parse(&r, &h));
    assert_int_equal(h.type, type);
    assert_int_equal(h.code, code);
    assert_int_equal(h.word, word);
    assert_memory_equal(out + 48, offender, quote);
    bench_assert_silent(b);
}

#endif
