/* SPDX-License-Identifier: MIT */
/* weft's figures, over its public headers only. What each one measures: bench/README.md. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "figures.h"
#include "weft_pair.h"

enum {
    LISTENERS = 32,      /* ports to connect to in turn: pairs of ports must not run out */
    REQUESTS = 64,       /* between two looks at the clock */
    MANY_PAIRS = 64,     /* connections of rr_raw_64, rr_sock_64 */
    IDLE = 1000000,      /* connections */
    TIME_WAITS = 1000000,
    PROOF = 8 << 20,     /* bytes compared before a bulk figure is measured */
};

/* ---- bulk ---- */

static uint8_t out[BENCH_CHUNK], in[BENCH_CHUNK];

/* Before it is fast it must be right: sends the chunk over and over in uneven pieces, and compares what arrives. */
static void prove(struct pair *p, weft_sock *ends[2])
{
    size_t sent = 0, received = 0;

    while (received < PROOF) {
        size_t at = sent % BENCH_CHUNK, piece = BENCH_CHUNK - at < 50021 ? BENCH_CHUNK - at : 50021;
        int64_t n = sent < PROOF ? weft_send(ends[0], out + at, piece, 0) : 0;

        sent += n > 0 ? (size_t)n : 0;
        pair_run(p);
        at = received % BENCH_CHUNK;
        n = weft_recv(ends[1], in, BENCH_CHUNK - at, 0);
        if (n > 0 && memcmp(in, out + at, (size_t)n))
            bench_fail("weft: the bytes that arrive are not those that were sent");
        received += n > 0 ? (size_t)n : 0;
    }
    while (weft_recv(ends[1], in, BENCH_CHUNK, 0) > 0)
        ;
}

static double bulk(const struct pair_config *config)
{
    struct bench_span span = {0};
    weft_sock *ends[2];
    uint64_t received = 0;
    struct pair p;

    bench_fill(out, sizeof(out));
    pair_open(&p, config);
    pair_connect(&p, pair_listen(&p, PAIR_PORT), PAIR_PORT, ends);
    prove(&p, ends);
    while (bench_going(&span, received)) {
        int64_t n = weft_send(ends[0], out, sizeof(out), 0);

        if (n < 0 && n != WEFT_EAGAIN)
            bench_fail("weft: send: %s", weft_strerror((int)n));
        pair_run(&p);
        while ((n = weft_recv(ends[1], in, sizeof(in), 0)) > 0)
            received += (uint64_t)n;
        if (n != WEFT_EAGAIN)
            bench_fail("weft: recv: %s", weft_strerror((int)n));
    }
    pair_close(&p);
    return bench_rate(&span) * 8e-9;
}

static double bulk_mtu1500(size_t argument)
{
    return bulk(&(struct pair_config){.mtu = 1500, .send_buffer = argument ? argument : 128u << 10});
}

static double bulk_super(size_t argument)
{
    return bulk(&(struct pair_config){.mtu = 1500, .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO, .share = true,
                                      .send_buffer = argument ? argument : 256u << 10});
}

static void count_back(void *ctx) { --*(uint64_t *)ctx; }

/* Takes what has arrived and gives it back at once; at: how much came before, to be compared with what was lent. */
static uint64_t take_borrowed(weft_sock *from, uint64_t at, bool compare)
{
    struct weft_loan piece[64];
    uint64_t got = 0;
    size_t n = 64;
    int64_t r;

    for (; (r = weft_recv_borrowed(from, piece, &n)) > 0; n = 64) {
        for (size_t i = 0; compare && i < n; at += piece[i++].len)
            for (size_t k = 0; k < piece[i].len; k++)
                if (((const uint8_t *)piece[i].base)[k] != out[(at + k) % BENCH_CHUNK])
                    bench_fail("weft: the bytes that arrive are not those that were lent");
        weft_return(piece, n);
        got += (uint64_t)r;
    }
    if (r != WEFT_EAGAIN)
        bench_fail("weft: recv: %s", weft_strerror((int)r));
    return got;
}

/* bulk_super with the borrowing calls at both ends: nobody copies a byte. */
static double bulk_zerocopy(size_t argument)
{
    struct bench_span span = {0};
    weft_sock *ends[2];
    uint64_t lent = 0, received = 0, sent = 0;
    struct pair p;

    bench_fill(out, sizeof(out));
    pair_open(&p, &(struct pair_config){.mtu = 1500, .offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO, .share = true,
                                        .send_buffer = argument ? argument : 256u << 10});
    pair_connect(&p, pair_listen(&p, PAIR_PORT), PAIR_PORT, ends);
    while (received < PROOF || bench_going(&span, received)) {
        size_t at = sent % BENCH_CHUNK;
        int64_t n = weft_send_lent(ends[0], out + at, BENCH_CHUNK - at, 0, count_back, &lent);

        if (n < 0 && n != WEFT_EAGAIN)
            bench_fail("weft: send: %s", weft_strerror((int)n));
        lent += n > 0;
        sent += n > 0 ? (uint64_t)n : 0;
        pair_run(&p);
        received += take_borrowed(ends[1], received, received < PROOF);
    }
    pair_close(&p);
    if (lent)
        bench_fail("weft: %llu loans were not given back", (unsigned long long)lent);
    return bench_rate(&span) * 8e-9;
}

/* ---- request and response ---- */

static void one_byte(weft_sock *from, weft_sock *to, struct pair *p, int side)
{
    uint8_t byte = 'x';

    if (weft_send(from, &byte, 1, 0) != 1)
        bench_fail("weft: send");
    pair_carry(p, side);
    if (weft_recv(to, &byte, 1, 0) != 1)
        bench_fail("weft: recv");
}

/* By the engine's verbs alone: no wire, no events; the caller carries packets and knows who is to move. */
static double rr_raw(size_t argument)
{
    struct bench_span span = {0};
    weft_sock *ends[2];
    uint64_t answers = 0;
    struct pair p;

    (void)argument;
    pair_open(&p, NULL);
    pair_connect(&p, pair_listen(&p, PAIR_PORT), PAIR_PORT, ends);
    pair_no_delay(ends[0]);
    pair_no_delay(ends[1]);
    while (bench_going(&span, answers)) {
        pair_run(&p);
        for (int i = 0; i < REQUESTS; i++, answers++) {
            one_byte(ends[0], ends[1], &p, 0);
            one_byte(ends[1], ends[0], &p, 1);
        }
    }
    pair_close(&p);
    return bench_rate(&span);
}

/* One side of all connections sends its byte, and the other reads it. */
static void volley(weft_sock *ends[MANY_PAIRS][2], struct pair *p, int side)
{
    uint8_t byte = 'x';

    for (int i = 0; i < MANY_PAIRS; i++)
        if (weft_send(ends[i][side], &byte, 1, 0) != 1)
            bench_fail("weft: send");
    do
        pair_carry(p, side);
    while (weft_output_wanted(p->ifp[side]));
    for (int i = 0; i < MANY_PAIRS; i++)
        if (weft_recv(ends[i][!side], &byte, 1, 0) != 1)
            bench_fail("weft: recv");
}

/* So many connections, whose bytes go at once. */
static void open_pairs(struct pair *p, weft_sock *ends[][2], unsigned n)
{
    weft_sock *listener = pair_listen(p, PAIR_PORT);

    for (unsigned i = 0; i < n; i++) {
        pair_connect(p, listener, PAIR_PORT, ends[i]);
        pair_no_delay(ends[i][0]);
        pair_no_delay(ends[i][1]);
    }
}

static double rr_raw_64(size_t argument)
{
    struct bench_span span = {0};
    weft_sock *ends[MANY_PAIRS][2];
    uint64_t answers = 0;
    struct pair p;

    (void)argument;
    pair_open(&p, NULL);
    open_pairs(&p, ends, MANY_PAIRS);
    while (bench_going(&span, answers)) {
        pair_run(&p);
        volley(ends, &p, 0);
        volley(ends, &p, 1);
        answers += MANY_PAIRS;
    }
    pair_close(&p);
    return bench_rate(&span);
}

/* Whoever an event says is readable reads its byte and sends one; returns how many did. */
static unsigned answer(weft_stack *stack)
{
    struct weft_event events[MANY_PAIRS];
    size_t n = weft_events(stack, events, MANY_PAIRS);
    unsigned answers = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t byte;

        if (!(events[i].ready & WEFT_READABLE) || weft_recv(events[i].sock, &byte, 1, 0) != 1)
            continue;
        answers++;
        if (weft_send(events[i].sock, &byte, 1, 0) != 1)
            bench_fail("weft: send");
    }
    return answers;
}

static double over_sockets(unsigned connections)
{
    struct bench_span span = {0};
    weft_sock *ends[MANY_PAIRS][2];
    uint64_t answers = 0, looked = 0;
    struct pair p;

    pair_open(&p, &(struct pair_config){.mtu = 1500});
    open_pairs(&p, ends, connections);
    for (unsigned i = 0; i < connections; i++)
        if (weft_send(ends[i][0], "x", 1, 0) != 1)
            bench_fail("weft: send");
    while (answers - looked < REQUESTS || bench_going(&span, looked = answers)) {
        pair_run(&p);
        answer(p.stack[1]);
        pair_run(&p);
        answers += answer(p.stack[0]);
    }
    pair_close(&p);
    return bench_rate(&span);
}

static double rr_sock(size_t argument)
{
    (void)argument;
    return over_sockets(1);
}

static double rr_sock_64(size_t argument)
{
    (void)argument;
    return over_sockets(MANY_PAIRS);
}

/* ---- connections ---- */

static void open_listeners(struct pair *p, weft_sock *listener[LISTENERS])
{
    for (int i = 0; i < LISTENERS; i++)
        listener[i] = pair_listen(p, (uint16_t)(PAIR_PORT + i));
}

/* The opener closes first and keeps TIME-WAIT. */
static void connect_and_close(struct pair *p, weft_sock *listener[LISTENERS], uint64_t i)
{
    weft_sock *ends[2];

    pair_connect(p, listener[i % LISTENERS], (uint16_t)(PAIR_PORT + i % LISTENERS), ends);
    weft_close(ends[0]);
    pair_run(p);
    weft_close(ends[1]);
    pair_run(p);
}

/* preloaded: connections that are in TIME-WAIT before counting begins; all of them must be there still at the end. */
static double connections(size_t preloaded)
{
    weft_sock *listener[LISTENERS];
    struct bench_span span = {0};
    uint64_t done = 0;
    struct pair p;

    pair_open(&p, &(struct pair_config){.mtu = 1500});
    open_listeners(&p, listener);
    for (size_t i = 0; i < preloaded; i++)
        connect_and_close(&p, listener, i);
    while ((done % 16) || bench_going(&span, done))
        connect_and_close(&p, listener, done++);
    if (weft_counter(p.stack[0], WEFT_COUNT_tcp_time_wait_evicted))
        bench_fail("weft: records were evicted from TIME-WAIT");
    pair_close(&p);
    return bench_rate(&span);
}

static double conn_close(size_t argument) { return connections(argument); }
static double conn_close_1m(size_t argument) { return connections(argument ? argument : 1000000); }

/* ---- memory ---- */

static double idle(size_t n, bool v6)
{
    size_t before;
    weft_sock *listener[LISTENERS], *ends[2];
    double each;
    struct pair p;

    pair_open(&p, &(struct pair_config){.mtu = 1500, .clock_stands = true, .v6 = v6});
    open_listeners(&p, listener);
    before = p.held;
    for (size_t i = 0; i < n; i++)
        pair_connect(&p, listener[i % LISTENERS], (uint16_t)(PAIR_PORT + i % LISTENERS), ends);
    pair_advance(&p, 5 * WEFT_S);
    each = (double)(p.held - before) / (double)(2 * n);
    pair_close(&p);
    return each;
}

static double idle_bytes(size_t argument) { return idle(argument ? argument : IDLE, false); }
static double idle_bytes6(size_t argument) { return idle(argument ? argument : IDLE, true); }

static bool count_time_wait(void *ctx, const struct weft_listing *item)
{
    *(size_t *)ctx += item->state == WEFT_TCP_TIME_WAIT;
    return true;
}

static double time_wait(size_t n, bool v6)
{
    size_t records = 0, before;
    weft_sock *listener[LISTENERS];
    double each;
    struct pair p;

    pair_open(&p, &(struct pair_config){.mtu = 1500, .clock_stands = true, .v6 = v6});
    open_listeners(&p, listener);
    before = p.held;
    for (size_t i = 0; i < n; i++)
        connect_and_close(&p, listener, i);
    pair_advance(&p, 5 * WEFT_S);
    weft_list(p.stack[0], count_time_wait, &records);
    if (records != n)
        bench_fail("weft: %zu connections left %zu TIME-WAIT records", n, records);
    each = (double)(p.held - before) / (double)n;
    pair_close(&p);
    return each;
}

static double timewait_bytes(size_t argument) { return time_wait(argument ? argument : TIME_WAITS, false); }
static double timewait_bytes6(size_t argument) { return time_wait(argument ? argument : TIME_WAITS, true); }

int main(int argc, char **argv)
{
    static const struct bench_figure figures[] = {
        {"bulk_mtu1500", bulk_mtu1500},
        {"bulk_super", bulk_super},
        {"bulk_zerocopy", bulk_zerocopy},
        {"rr_raw", rr_raw},
        {"rr_raw_64", rr_raw_64},
        {"rr_sock", rr_sock},
        {"rr_sock_64", rr_sock_64},
        {"conn_close", conn_close},
        {"conn_close_1m", conn_close_1m},
        {"idle_bytes", idle_bytes},
        {"idle_bytes6", idle_bytes6},
        {"timewait_bytes", timewait_bytes},
        {"timewait_bytes6", timewait_bytes6},
        {"halfopen_bytes", halfopen_bytes},
        {"halfopen_bytes6", halfopen_bytes6},
        {"synflood", synflood},
        {"udp_mem", udp_mem},
        {"rx_scale", rx_scale},
        {"pairs_held", pairs_held},
        {"timers", timers},
        {"route_lookup", route_lookup_v4},
        {"route_lookup6", route_lookup_v6},
        {"route_bytes", route_bytes},
        {"route_bytes6", route_bytes_v6},
        {"forward", forward_v4},
        {"forward6", forward_v6},
        {"train", train},
    };

    return bench_main(argc, argv, figures, sizeof(figures) / sizeof(figures[0]));
}
