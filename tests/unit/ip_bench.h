/* SPDX-License-Identifier: MIT */
/*
 * A bench for the layers above the link: a stack without TCP, with interfaces that carry bare datagrams; datagrams are
 * put in by hand and taken out by hand. One protocol (BENCH_PROTO) only records what IP delivers to it.
 *
 * Everything is checked back: a bench that is taken down holds no memory.
 */
#ifndef UNIT_IP_BENCH_H
#define UNIT_IP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/stack.h"
#include "harness.h"
#include "ip/ip.h"
#include "link/link.h"
#include "udp/udp.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

#define BENCH_PROTO 253 /* RFC 3692: for experiments */
#define US          0x0a090002u /* 10.9.0.2/24 on the bench's first interface */
#define PEER        0x0a090001u
#define SUBNET_ALL  0x0a0900ffu
#define OTHER_US    0x0a0a0002u /* 10.10.0.2/24 on the second */
#define OTHER_PEER  0x0a0a0001u
#define STRANGER    0xc6336409u /* 198.51.100.9, behind PEER */

/* ---- the recording protocol ---- */

struct bench_record {
    unsigned count;
    uint32_t len; /* of the last datagram's payload */
    uint8_t bytes[65536];
    struct weft_ip src, dst;
    uint8_t ttl, tos;
    uint16_t piece;
    bool ip_group, link_broadcast;
    unsigned errors;
    struct ip_error error; /* the last */
};

static void *bench_record_init(weft_stack *s)
{
    (void)s;
    return calloc(1, sizeof(struct bench_record));
}

static void bench_record_fini(weft_stack *s, void *state)
{
    (void)s;
    free(state);
}

static void bench_record_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct bench_record *r = stack_transport(s, BENCH_PROTO);

    r->count++;
    r->len = pkt_copy(pkt, 0, r->bytes, sizeof(r->bytes));
    assert_int_equal(r->len, pkt_total(pkt));
    assert_ptr_equal(pkt->data, pkt->base + pkt->l4);
    r->src = pkt->src;
    r->dst = pkt->dst;
    r->ttl = pkt->ttl;
    r->tos = pkt->tos;
    r->piece = pkt->piece;
    r->ip_group = pkt->ip_group;
    r->link_broadcast = pkt->link_broadcast;
    pkt_release(pkt);
}

static bool bench_record_error(weft_stack *s, const struct ip_error *e)
{
    struct bench_record *r = stack_transport(s, BENCH_PROTO);

    r->errors++;
    r->error = *e;
    return true;
}

static const struct transport bench_record_transport = {
    .number = BENCH_PROTO,
    .name = "bench",
    .init = bench_record_init,
    .fini = bench_record_fini,
    .input = bench_record_input,
    .error = bench_record_error,
};

static const struct assembly bench_assembly = {
    .link = {[WEFT_LINK_ETHERNET] = &link_ethernet,
             [WEFT_LINK_IP] = &link_ip,
             [WEFT_LINK_LOOPBACK] = &link_loopback},
    .neigh = &link_neighbours,
    .network = {&ip_v4_network, &ip_v6_network},
    .transport = {&udp_transport, &ip_icmp_transport, &ip_icmpv6_transport, &bench_record_transport,
                  &ip_igmp_transport},
    .ip_init = ip_init,
    .ip_fini = ip_fini,
    .next_hop_failed = ip_next_hop_failed,
    .ip_timer = ip_timer,
    .groups_changed = ip_groups_changed,
    .v4_ready = ip_v4_ready,
};

/* ---- the bench ---- */

struct bench {
    struct harness_env h;
    weft_stack *s;
    weft_if *ifp, *other;
    weft_time now;
    struct bench_record *record;
};

static inline struct bench *bench_new(void)
{
    static const struct weft_if_config first = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 1500};
    static const struct weft_if_config second = {.name = "t1", .link = WEFT_LINK_IP, .mtu = 1500};
    struct bench *b = calloc(1, sizeof(*b));
    struct weft_ip us = weft_ipv4(US), other_us = weft_ipv4(OTHER_US);
    struct weft_route gateway = {.gateway = weft_ipv4(PEER)};
    struct weft_env env;

    assert_non_null(b);
    harness_env_init(&b->h, 7);
    env = harness_env(&b->h);
    b->now = WEFT_S;
    b->s = stack_new(&bench_assembly, &env, NULL, b->now, NULL);
    assert_non_null(b->s);
    b->ifp = weft_if_new(b->s, &first, NULL);
    b->other = weft_if_new(b->s, &second, NULL);
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    assert_int_equal(weft_if_add_address(b->other, &other_us, 24), 0);
    assert_int_equal(weft_route_add(b->s, &gateway), 0);
    b->record = stack_transport(b->s, BENCH_PROTO);
    return b;
}

static inline void bench_free(struct bench *b)
{
    weft_stack_free(b->s);
    harness_env_check(&b->h);
    free(b);
}

/* A UDP socket; local NULL: not bound. */
static inline weft_sock *bench_udp(struct bench *b, const struct weft_addr *local)
{
    weft_sock *sock = weft_socket(b->s, WEFT_UDP, NULL);

    assert_non_null(sock);
    if (local)
        assert_int_equal(weft_bind(sock, local), 0);
    return sock;
}

/* Pulls one datagram out of an interface; 0: there is none. */
static inline size_t bench_take_from(struct bench *b, weft_if *ifp, uint8_t *out, size_t max)
{
    weft_pkt *pkt;
    size_t n;

    if (weft_output(ifp, &pkt, 1, b->now) == 0)
        return 0;
    n = weft_pkt_copy(pkt, 0, out, max);
    weft_pkt_release(pkt);
    return n;
}

static inline size_t bench_take(struct bench *b, uint8_t *out, size_t max)
{
    return bench_take_from(b, b->ifp, out, max);
}

/* Nothing waits to be sent. */
static inline void bench_assert_silent(struct bench *b)
{
    uint8_t byte;

    assert_int_equal(bench_take(b, &byte, 1), 0);
    assert_int_equal(bench_take_from(b, b->other, &byte, 1), 0);
}

/* A datagram as the driver gives it: linear. */
/* IP's header does not stand where the block begins, as behind any header of a link. */
#define BENCH_BEHIND 14

static inline struct weft_pkt *bench_arriving(struct bench *b, const uint8_t *p, size_t n)
{
    struct weft_pkt *pkt = pkt_new_linear(b->s, BENCH_BEHIND, n);

    assert_non_null(pkt);
    memcpy(pkt->data, p, n);
    assert_int_equal(pkt->len, n);
    return pkt;
}

static inline void bench_input_on(struct bench *b, weft_if *ifp, const uint8_t *p, size_t n)
{
    weft_pkt *pkt = bench_arriving(b, p, n);

    weft_input(ifp, &pkt, 1, b->now);
}

static inline void bench_input(struct bench *b, const uint8_t *p, size_t n) { bench_input_on(b, b->ifp, p, n); }

/* The same as a neighbour on the same machine hands it over: something is left to be done. */
static inline void bench_input_unfinished(struct bench *b, const uint8_t *p, size_t n, struct weft_pkt_offload left)
{
    weft_pkt *pkt = bench_arriving(b, p, n);

    weft_pkt_set_offload(pkt, &left);
    weft_input(b->ifp, &pkt, 1, b->now);
}

/* The same with only `linear` bytes in the linear run and the rest in two spans. */
static inline void bench_input_spans(struct bench *b, const uint8_t *p, size_t n, size_t linear)
{
    weft_pkt *pkt = bench_arriving(b, p, linear);
    struct weft_block *block = block_new(&b->s->blocks, n - linear);
    uint32_t half = (uint32_t)(n - linear) / 2;

    assert_non_null(block);
    memcpy(block->data, p + linear, n - linear);
    block->used = (uint32_t)(n - linear);
    if (half)
        pkt_add_span(pkt, block, block->data, half);
    pkt_add_span(pkt, block, block->data + half, block->used - half);
    block_unref(block);
    weft_input(b->ifp, &pkt, 1, b->now);
}

static inline void bench_tick(struct bench *b, weft_time after)
{
    b->now += after;
    weft_tick(b->s, b->now);
}

/* The drop counter of this name rose by one over this statement, and no other did. */
#define bench_expect_drop(b, name, statement)                                                                          \
    do {                                                                                                               \
        uint64_t before_[WEFT_DROP_COUNT];                                                                             \
        memcpy(before_, (b)->s->drops, sizeof(before_));                                                               \
        statement;                                                                                                     \
        before_[WEFT_DROP_##name]++;                                                                                   \
        for (int d_ = 0; d_ < WEFT_DROP_COUNT; d_++)                                                                   \
            if (before_[d_] != (b)->s->drops[d_])                                                                      \
                fail_msg("%s: drop %s is %llu, not %llu", #statement, weft_drop_name((enum weft_drop)d_),              \
                         (unsigned long long)(b)->s->drops[d_], (unsigned long long)before_[d_]);                      \
    } while (0)

/* ---- making datagrams ---- */

#define V4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Writes header h (length, checksum and, where 0, header length and TTL filled in) and payload; returns the length. */
static inline size_t make_ip(uint8_t *out, struct ipv4_header h, const void *payload, size_t n)
{
    struct writer w;

    if (h.header_len == 0)
        h.header_len = IPV4_HEADER;
    if (h.ttl == 0)
        h.ttl = 64;
    h.total_len = (uint16_t)(h.header_len + n);
    w = writer(out, h.header_len);
    ipv4_emit(&w, &h);
    if (n)
        memmove(out + h.header_len, payload, n);
    return h.header_len + n;
}

/* A UDP datagram inside of header h. */
static inline size_t make_udp(uint8_t *out, struct ipv4_header h, uint16_t src_port, uint16_t dst_port,
                              const void *payload, size_t n)
{
    uint8_t *message = malloc(UDP_HEADER + n);
    struct udp_header u = {.src_port = src_port, .dst_port = dst_port, .len = (uint16_t)(UDP_HEADER + n)};
    struct weft_ip src = weft_ipv4(h.src), dst = weft_ipv4(h.dst);
    struct csum sum = {0};
    struct writer w = writer(message, UDP_HEADER);
    size_t len;

    udp_emit(&w, &u);
    if (n)
        memcpy(message + UDP_HEADER, payload, n);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, u.len);
    csum_add(&sum, message, u.len);
    u.checksum = csum_fold(&sum) ? csum_fold(&sum) : 0xffff;
    poke_u16(message + 6, u.checksum);
    h.proto = IP_PROTO_UDP;
    len = make_ip(out, h, message, u.len);
    free(message);
    return len;
}

/* An ICMP message inside of header h: type, code, the second word, then the payload. */
static inline size_t make_icmp(uint8_t *out, struct ipv4_header h, uint8_t type, uint8_t code, uint32_t word,
                               const void *payload, size_t n)
{
    uint8_t *message = malloc(ICMPV4_HEADER + n);
    struct writer w = writer(message, ICMPV4_HEADER);
    size_t len;

    write_u8(&w, type);
    write_u8(&w, code);
    write_u16(&w, 0);
    write_u32(&w, word);
    if (n)
        memcpy(message + ICMPV4_HEADER, payload, n);
    poke_u16(message + 2, csum(message, ICMPV4_HEADER + n));
    h.proto = IP_PROTO_ICMP;
    len = make_ip(out, h, message, ICMPV4_HEADER + n);
    free(message);
    return len;
}

/* Reads a datagram that came out; it must be sound. */
static inline struct ipv4_header read_ip(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct ipv4_header h;

    assert_int_equal(ipv4_parse(&r, n, &h), IPV4_OK);
    assert_int_equal(h.total_len, n);
    return h;
}

/* Bytes that tell where they stand. */
static inline void fill_pattern(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + seed);
}

/* A message of n patterned bytes, linear or behind `linear` bytes in spans. */
static inline struct weft_pkt *bench_message(struct bench *b, size_t n, size_t linear)
{
    struct weft_pkt *pkt = pkt_new_linear(b->s, PKT_HEADROOM, min_size(n, linear));
    uint8_t bytes[65536];
    uint32_t at = pkt->len;

    fill_pattern(bytes, n, 3);
    memcpy(pkt->data, bytes, pkt->len);
    while (at < n) {
        uint32_t len = min_u32((uint32_t)n - at, 16000);
        struct weft_block *block = block_new(&b->s->blocks, len);

        memcpy(block->data, bytes + at, len);
        block->used = len;
        assert_true(pkt_add_span(pkt, block, block->data, len));
        block_unref(block);
        at += len;
    }
    return pkt;
}

#endif
