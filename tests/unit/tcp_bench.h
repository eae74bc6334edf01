/* SPDX-License-Identifier: MIT */
/* A stack that talks to itself over its loopback, with a listener: what tests of TCP's sockets share. */
#ifndef UNIT_TCP_BENCH_H
#define UNIT_TCP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"

#define PORT 7

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *lo;
    weft_time now;
    weft_sock *listener, *client, *server;
};

static inline struct weft_addr bench_address(void) { return (struct weft_addr){weft_ipv4(0x7f000001), PORT}; }

/* Nothing but the listener is there. config: NULL, as usual. */
static inline void bench_begin(struct bench *b, const struct weft_config *config)
{
    struct weft_addr here = bench_address();
    struct weft_env env;

    memset(b, 0, sizeof *b);
    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->now = WEFT_S;
    b->s = weft_stack_new(&env, config, b->now, NULL);
    assert_non_null(b->s);
    b->lo = weft_if_find(b->s, "lo");
    b->listener = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 5), 0);
}

static inline void bench_connect(struct bench *b)
{
    struct weft_addr here = bench_address();

    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
}

static inline void bench_end(struct bench *b)
{
    weft_stack_free(b->s);
    harness_env_check(&b->e);
}

/* A tick carries what the loopback interface holds: until nobody has anything more to say. */
static inline void carry(struct bench *b)
{
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
}

static inline void pass(struct bench *b, weft_time time)
{
    weft_time end = b->now + time;

    while (weft_deadline(b->s) <= end) {
        b->now = weft_deadline(b->s) > b->now ? weft_deadline(b->s) : b->now;
        carry(b);
    }
    b->now = end;
}

/* What is on its way is lost. */
static inline void bench_lose(struct bench *b)
{
    weft_pkt *pkts[64];
    size_t n;

    while ((n = weft_output(b->lo, pkts, 64, b->now)) > 0)
        while (n > 0)
            weft_pkt_release(pkts[--n]);
}

/* Takes all events: what they told of this socket. */
static inline unsigned bench_events_of(struct bench *b, const weft_sock *sock)
{
    struct weft_event event;
    unsigned ready = 0;

    while (weft_events(b->s, &event, 1) == 1)
        if (event.sock == sock)
            ready |= event.ready;
    return ready;
}

/* Reads and carries until the client hears of room or nothing is left. */
static inline bool bench_hears_of_room(struct bench *b)
{
    char sink[4096];

    for (int quiet = 0; quiet < 3;) {
        quiet = weft_recv(b->server, sink, sizeof sink, 0) > 0 ? 0 : quiet + 1;
        pass(b, 50 * WEFT_MS);
        if (bench_events_of(b, b->client) & WEFT_WRITABLE)
            return true;
    }
    return false;
}

/* For a group of tests: a bench whose client connects. */
static inline int bench_setup(void **state)
{
    struct bench *b = malloc(sizeof *b);

    bench_begin(b, NULL);
    bench_connect(b);
    *state = b;
    return 0;
}

static inline int bench_teardown(void **state)
{
    bench_end(*state);
    free(*state);
    return 0;
}

#endif
