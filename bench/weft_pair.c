/* SPDX-License-Identifier: MIT */
/* See weft_pair.h. The allocator counts by itself, so that memory figures do not rest on the engine's word. */
#define _GNU_SOURCE
#include "weft_pair.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench.h"

enum { CARRY_MOST = 64 };

static void *give(void *ctx, size_t size, size_t align)
{
    struct pair *p = ctx;
    void *memory = NULL;

    if (bench_is_piece(size, align))
        memory = bench_piece(size);
    else if (align <= 16)
        memory = malloc(size);
    else if (posix_memalign(&memory, align, size))
        memory = NULL;
    if (memory)
        p->held += size;
    return memory;
}

static void take(void *ctx, void *memory, size_t size)
{
    struct pair *p = ctx;

    if (memory)
        p->held -= size;
    if (memory && bench_is_piece(size, 1))
        bench_piece_free(memory, size);
    else
        free(memory);
}

static bool random_bytes(void *ctx, void *buf, size_t n)
{
    struct pair *p = ctx;

    if (!bench_work_is_fixed())
        return getrandom(buf, n, 0) == (ssize_t)n;
    for (size_t i = 0; i < n; i++) /* the same each time, like all else then, but no two alike */
        ((uint8_t *)buf)[i] = (uint8_t)((p->drawn += 0x9e3779b97f4a7c15u) >> 56);
    return true;
}

/* 10.0.0.1 and 10.0.0.2, fd00::1 and fd00::2 */
static struct weft_ip address_of(const struct pair *p, int i)
{
    struct weft_ip v6 = {.b = {0xfd, [15] = (uint8_t)(1 + i)}};

    return p->family == WEFT_INET6 ? v6 : weft_ipv4(0x0a000001u + (uint32_t)i);
}

static void open_end(struct pair *p, int i, const struct weft_env *env, const struct pair_config *config)
{
    struct weft_if_config interface = {
        .name = "bench0", .link = config->ethernet ? WEFT_LINK_ETHERNET : WEFT_LINK_IP, .mtu = config->mtu,
        .offload = config->offload, .mac = {2, 0, 0, 0, 0, (uint8_t)(1 + i)}};
    struct weft_ip address = address_of(p, i);
    struct weft_config stack;
    int err = 0;

    weft_config_default(&stack);
    stack.port_min = 1024;
    stack.port_max = 65535;
    stack.tcp.max_time_wait = 1u << 22;
    stack.tcp.receive_buffer = stack.tcp.receive_buffer_max = 2 << 20; /* half of it is for payload; it does not grow */
    if (config->send_buffer)
        stack.tcp.send_buffer = stack.tcp.send_buffer_max = config->send_buffer;
    p->stack[i] = weft_stack_new(env, &stack, p->now, &err);
    if (!p->stack[i])
        bench_fail("weft: stack: %s", weft_strerror(err));
    p->ifp[i] = weft_if_new(p->stack[i], &interface, &err);
    if (!p->ifp[i])
        bench_fail("weft: interface: %s", weft_strerror(err));
    err = weft_if_add_address(p->ifp[i], &address, p->family == WEFT_INET6 ? 64 : 24);
    if (err < 0)
        bench_fail("weft: address: %s", weft_strerror(err));
}

void pair_open(struct pair *p, const struct pair_config *config)
{
    static const struct pair_config by_hand = {.mtu = 1500, .by_hand = true};
    const struct pair_config *c = config ? config : &by_hand;
    struct weft_env env = {.ctx = p, .alloc = give, .free = take, .random = random_bytes};
    struct weft_wire_config wire = {.seed = 1, .share = c->share};

    *p = (struct pair){.now = bench_nanoseconds(), .clock_stands = c->clock_stands};
    p->family = c->v6 ? WEFT_INET6 : WEFT_INET;
    for (int i = 0; i < 2; i++)
        open_end(p, i, &env, c);
    p->peer = (struct weft_addr){address_of(p, 1), PAIR_PORT};
    if (c->by_hand)
        return;
    p->wire = weft_wire_new(&env, &wire, p->ifp[0], p->ifp[1]);
    if (!p->wire)
        bench_fail("weft: no wire");
}

void pair_close(struct pair *p)
{
    if (p->wire)
        weft_wire_free(p->wire);
    for (int i = 0; i < 2; i++)
        weft_stack_free(p->stack[i]);
    if (p->held)
        bench_fail("weft: %zu bytes were not given back", p->held);
}

static void fire(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        if (p->now >= weft_deadline(p->stack[i]))
            weft_tick(p->stack[i], p->now);
        else
            weft_clock(p->stack[i], p->now);
    }
}

static void move(struct pair *p)
{
    if (p->wire) {
        while (weft_wire_run(p->wire, p->now))
            ;
        return;
    }
    do {
        pair_carry(p, 0);
        pair_carry(p, 1);
    } while (weft_output_wanted(p->ifp[0]) || weft_output_wanted(p->ifp[1]));
}

void pair_run(struct pair *p)
{
    if (!p->clock_stands)
        p->now = bench_nanoseconds();
    fire(p);
    move(p);
}

void pair_advance(struct pair *p, weft_time by)
{
    weft_time until = p->now + by;

    for (;;) {
        weft_time next = until;

        for (int i = 0; i < 2; i++)
            next = weft_deadline(p->stack[i]) < next ? weft_deadline(p->stack[i]) : next;
        p->now = next > p->now ? next : p->now + 1;
        fire(p);
        move(p);
        if (p->now >= until)
            return;
    }
}

void pair_carry(struct pair *p, int from)
{
    weft_pkt *packets[CARRY_MOST];
    size_t n = weft_output(p->ifp[from], packets, CARRY_MOST, p->now), kept = 0;

    for (size_t i = 0; i < n; i++) {
        packets[kept] = weft_pkt_move(packets[i], p->stack[!from]);
        kept += packets[kept] != NULL;
    }
    if (kept)
        weft_input(p->ifp[!from], packets, kept, p->now);
}

weft_sock *pair_listen(struct pair *p, uint16_t port)
{
    struct weft_addr at = {p->peer.ip, port};
    int err = 0;
    weft_sock *listener = weft_socket_in(p->stack[1], p->family, WEFT_TCP, &err);

    if (!listener || (err = weft_bind(listener, &at)) < 0 || (err = weft_listen(listener, 64)) < 0)
        bench_fail("weft: listen: %s", weft_strerror(err));
    return listener;
}

void pair_connect(struct pair *p, weft_sock *listener, uint16_t port, weft_sock *ends[2])
{
    struct weft_addr to = {p->peer.ip, port};
    int err = 0;

    ends[0] = weft_socket_in(p->stack[0], p->family, WEFT_TCP, &err);
    if (!ends[0] || (err = weft_connect(ends[0], &to)) != WEFT_EINPROGRESS)
        bench_fail("weft: connect: %s", weft_strerror(err));
    pair_run(p);
    ends[1] = weft_accept(listener, NULL, &err);
    if (!ends[1] || weft_tcp_state(ends[0]) != WEFT_TCP_ESTABLISHED)
        bench_fail("weft: no connection: %s", weft_strerror(err));
}

void pair_no_delay(weft_sock *sock)
{
    int on = 1;

    if (weft_setsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &on, sizeof(on)) < 0)
        bench_fail("weft: TCP_NODELAY");
}
