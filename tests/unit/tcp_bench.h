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

#endif
