/* SPDX-License-Identifier: MIT */
/* For tests of UDP over IPv4: sockets with names, datagrams put in, what a socket holds. */
#ifndef UNIT_UDP_BENCH_H
#define UNIT_UDP_BENCH_H

#include <stdio.h>

#include "ip_bench.h"

static inline int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static inline int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US};

static inline struct weft_addr addr(uint32_t ip, uint16_t port)
{
    return (struct weft_addr){.ip = weft_ipv4(ip), .port = port};
}

static inline weft_sock *bound(struct bench *b, uint32_t ip, uint16_t port)
{
    struct weft_addr local = addr(ip, port);

    return bench_udp(b, &local);
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

/* A datagram from src:port to dst:port with this text. */
static inline void put_text(struct bench *b, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port,
                            const char *text)
{
    struct ipv4_header h = {.src = src, .dst = dst};
    uint8_t p[256];

    bench_input(b, p, make_udp(p, h, src_port, dst_port, text, strlen(text)));
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

static inline bool checksum_is_right(const uint8_t *p, size_t n)
{
    struct ipv4_header h = read_ip(p, n);
    struct weft_ip src = weft_ipv4(h.src), dst = weft_ipv4(h.dst);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, (uint32_t)(n - IPV4_HEADER));
    csum_add(&sum, p + IPV4_HEADER, n - IPV4_HEADER);
    return csum_fold(&sum) == 0;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
