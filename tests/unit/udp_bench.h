/* SPDX-License-Identifier: MIT */
/*
 * For tests of UDP: sockets with names, datagrams put in, what a socket holds. Those whose claim is of both families
 * (CLAIM_BOTH) name all addresses as of IPv4; by IPv6 each stands for one of the same place.
 */
#ifndef UNIT_UDP_BENCH_H
#define UNIT_UDP_BENCH_H

#include <stdio.h>

#include "ip6_bench.h"

static bool by_v6; /* what the test that runs is of */

static inline int setup(void **state)
{
    by_v6 = false;
    *state = bench_new();
    return 0;
}

static inline int setup6(void **state)
{
    struct bench *b = bench6_new();
    uint8_t report[200];

    by_v6 = true;
    bench_tick(b, 60 * WEFT_S);
    while (bench_take(b, report, sizeof report))
        ;
    *state = b;
    return 0;
}

static inline int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US};

/* 10.9.0.x is 2001:db8:9::x, 10.10.0.x 2001:db8:a::x; what lies behind the peer does so in 2001:db8:ffff::. */
static inline struct weft_ip stand_in(uint32_t ip)
{
    bool near = ip >> 8 == US >> 8, other = ip >> 8 == OTHER_US >> 8;
    struct weft_ip v6 = ip6(near ? "2001:db8:9::" : other ? "2001:db8:a::" : "2001:db8:ffff::");

    poke_u32(v6.b + 12, near || other ? ip & 0xff : ip);
    return ip ? v6 : (struct weft_ip){{0}};
}

static inline struct weft_addr addr(uint32_t ip, uint16_t port)
{
    return (struct weft_addr){.ip = by_v6 ? stand_in(ip) : weft_ipv4(ip), .port = port};
}

/* A socket without a name. */
static inline weft_sock *unbound(struct bench *b)
{
    weft_sock *sock = weft_socket_in(b->s, by_v6 ? WEFT_INET6 : WEFT_INET, WEFT_UDP, NULL);

    assert_non_null(sock);
    return sock;
}

static inline weft_sock *bound(struct bench *b, uint32_t ip, uint16_t port)
{
    struct weft_addr local = addr(ip, port);
    weft_sock *sock = unbound(b);

    assert_int_equal(weft_bind(sock, &local), 0);
    return sock;
}

static inline weft_sock *connected(struct bench *b, uint16_t local_port, uint32_t ip, uint16_t port)
{
    struct weft_addr remote = addr(ip, port);
    weft_sock *sock = bound(b, 0, local_port);

    assert_int_equal(weft_connect(sock, &remote), 0);
    return sock;
}

static inline void set_int(weft_sock *sock, int level, int option, int value)
{
    assert_int_equal(weft_setsockopt(sock, level, option, &value, sizeof(value)), 0);
}

/* A datagram from src:port to dst:port; returns its length. */
static inline size_t make_datagram(uint8_t *out, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port,
                                   const void *payload, size_t n)
{
    struct weft_ip from = stand_in(src), to = stand_in(dst);
    char words[2][WEFT_IP_TEXT];
    struct make6 m;

    if (!by_v6)
        return make_udp(out, (struct ipv4_header){.src = src, .dst = dst}, src_port, dst_port, payload, n);
    m = (struct make6){.src = weft_ip_text(&from, words[0], sizeof words[0]),
                       .dst = weft_ip_text(&to, words[1], sizeof words[1])};
    return make_udp6(out, m, src_port, dst_port, payload, n);
}

/* The same with this text, which comes in. */
static inline void put_text(struct bench *b, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port,
                            const char *text)
{
    uint8_t p[256];

    bench_input(b, p, make_datagram(p, src, src_port, dst, dst_port, text, strlen(text)));
}

/* The socket holds just this text, and nothing more. */
static inline void assert_text(weft_sock *sock, const char *text)
{
    char got[256];
    int64_t n = weft_recv(sock, got, sizeof(got), 0);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
}

static inline void assert_nothing(weft_sock *sock)
{
    char got[8];

    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
}

/* Bytes of IP's header in what we send. */
static inline size_t ip_len(void) { return by_v6 ? IPV6_HEADER : IPV4_HEADER; }

/* A datagram from US to PEER. */
static inline bool checksum_is_right(const uint8_t *p, size_t n)
{
    struct weft_ip src = addr(US, 0).ip, dst = addr(PEER, 0).ip;
    struct csum sum = {0};

    if (by_v6) {
        assert_int_equal(p[6], IP_PROTO_UDP);
        assert_memory_equal(p + 8, &src, 16);
        assert_memory_equal(p + 24, &dst, 16);
    } else {
        struct ipv4_header h = read_ip(p, n);

        assert_int_equal(h.src, US);
        assert_int_equal(h.dst, PEER);
    }
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, (uint32_t)(n - ip_len()));
    csum_add(&sum, p + ip_len(), n - ip_len());
    return csum_fold(&sum) == 0;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CLAIM_BOTH(name) CLAIM(name), {#name "_by_ipv6", name, setup6, teardown, NULL}

#endif
