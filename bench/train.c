/* SPDX-License-Identifier: MIT */
/*
 * Not a figure, but what a profile-guided build learns from beside some of them (scripts/release): the usual traffic
 * over Ethernet, both families, links that lose and reorder. Repair has to be seen at work once, or the compiler takes
 * it for what never runs.
 */
#include "bench.h"
#include "figures.h"
#include "weft_pair.h"

enum { CONNECTIONS = 200, REQUESTS = 2000, DATAGRAMS = 5000, BULK = 16 << 20, DATAGRAM = 1200 };

static uint8_t chunk[64 << 10];
static const weft_time step = 50 * WEFT_US;

/* Moves so many bytes from one end to the other, however long it takes in virtual time. */
static void transfer(struct pair *p, weft_sock *from, weft_sock *to, size_t bytes)
{
    size_t sent = 0, received = 0;

    while (received < bytes) {
        size_t piece = bytes - sent < sizeof chunk ? bytes - sent : sizeof chunk;
        int64_t n = piece ? weft_send(from, chunk, piece, 0) : 0;

        sent += n > 0 ? (size_t)n : 0;
        pair_advance(p, step);
        while ((n = weft_recv(to, chunk, sizeof chunk, 0)) > 0)
            received += (size_t)n;
        if (n != WEFT_EAGAIN)
            bench_fail("weft: recv: %s", weft_strerror((int)n));
    }
}

static void requests(struct pair *p, weft_sock *ends[2])
{
    for (int i = 0; i < REQUESTS; i++) {
        transfer(p, ends[0], ends[1], 100);
        transfer(p, ends[1], ends[0], 300);
    }
}

static void datagrams(struct pair *p)
{
    weft_sock *ends[2];
    int err = 0;

    for (int i = 0; i < 2; i++)
        if (!(ends[i] = weft_socket_in(p->stack[i], p->family, WEFT_UDP, &err)))
            bench_fail("weft: socket: %s", weft_strerror(err));
    if ((err = weft_bind(ends[1], &p->peer)) < 0 || (err = weft_connect(ends[0], &p->peer)) < 0)
        bench_fail("weft: %s", weft_strerror(err));
    for (int i = 0; i < DATAGRAMS; i++) {
        if (weft_send(ends[0], chunk, DATAGRAM, 0) != DATAGRAM)
            bench_fail("weft: send");
        pair_advance(p, step);
        if (weft_recv(ends[1], chunk, sizeof chunk, 0) != DATAGRAM)
            bench_fail("weft: recv");
    }
    for (int i = 0; i < 2; i++)
        weft_close(ends[i]);
}

static void connections(struct pair *p, weft_sock *listener)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        weft_sock *ends[2];

        pair_connect(p, listener, PAIR_PORT, ends);
        transfer(p, ends[0], ends[1], 500);
        weft_close(ends[0]);
        pair_advance(p, step);
        weft_close(ends[1]);
        pair_advance(p, step);
    }
}

static void learn(const struct pair_config *config)
{
    const struct weft_impairment rough = {.bits_per_second = 1000000000, .queue_packets = 256, .loss = 20000,
                                          .reorder = 20000, .reorder_delay = 200 * WEFT_US};
    weft_sock *ends[2], *listener;
    struct pair p;

    pair_open(&p, config);
    pair_advance(&p, 3 * WEFT_S); /* an address of IPv6 is tried first */
    listener = pair_listen(&p, PAIR_PORT);
    connections(&p, listener);
    pair_connect(&p, listener, PAIR_PORT, ends);
    pair_no_delay(ends[0]);
    pair_no_delay(ends[1]);
    requests(&p, ends);
    datagrams(&p);
    transfer(&p, ends[0], ends[1], BULK);
    for (int i = 0; i < 2; i++)
        weft_wire_impair(p.wire, i, &rough);
    transfer(&p, ends[0], ends[1], BULK);
    if (!weft_counter(p.stack[0], WEFT_COUNT_tcp_retrans_segs))
        bench_fail("weft: nothing was sent again");
    pair_close(&p);
}

double train(size_t argument)
{
    (void)argument;
    bench_fill(chunk, sizeof chunk);
    for (int v6 = 0; v6 < 2; v6++) {
        learn(&(struct pair_config){.mtu = 1500, .clock_stands = true, .v6 = v6, .ethernet = true});
        learn(&(struct pair_config){.mtu = 1500, .clock_stands = true, .v6 = v6, .ethernet = true,
                                    .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO});
    }
    return 0;
}
