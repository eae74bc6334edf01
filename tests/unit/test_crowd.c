/* SPDX-License-Identifier: MIT */
/*
 * Among thousands of connections a batch is foreseen: what its packets are for is fetched ahead of their turns. That may
 * change nothing of what comes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/driver.h"
#include "weft/sock.h"

#define PORT  7
#define CROWD 4300 /* more than tcp/input.c calls a crowd */
#define BATCH 64

struct bench {
    struct harness_env e[2];
    weft_stack *s[2]; /* who connects; who listens */
    weft_if *ifp[2];
    weft_time now;
    weft_sock *listener, *ends[CROWD][2];
};

static void open_end(struct bench *b, int i, enum weft_family family)
{
    struct weft_if_config interface = {.name = "wire", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip v6 = {.b = {0xfd, [15] = (uint8_t)(1 + i)}};
    struct weft_ip ip = family == WEFT_INET6 ? v6 : weft_ipv4(0x0a000001 + (uint32_t)i);
    struct weft_env env;

    harness_env_init(&b->e[i], 7 + (uint64_t)i);
    env = harness_env(&b->e[i]);
    b->s[i] = weft_stack_new(&env, NULL, b->now, NULL);
    assert_non_null(b->s[i]);
    b->ifp[i] = weft_if_new(b->s[i], &interface, NULL);
    assert_int_equal(weft_if_add_address(b->ifp[i], &ip, family == WEFT_INET6 ? 64 : 24), 0);
}

/* Up to BATCH packets of one end for the other. */
static size_t take(struct bench *b, int from, weft_pkt **batch)
{
    size_t n = weft_output(b->ifp[from], batch, BATCH, b->now);

    for (size_t i = 0; i < n; i++) {
        batch[i] = weft_pkt_move(batch[i], b->s[!from]);
        assert_non_null(batch[i]);
    }
    return n;
}

static void carry(struct bench *b)
{
    weft_pkt *batch[BATCH];
    size_t n;

    for (int from = 0; weft_output_wanted(b->ifp[0]) || weft_output_wanted(b->ifp[1]); from = !from)
        if ((n = take(b, from, batch)) > 0)
            weft_input(b->ifp[!from], batch, n, b->now);
}

static struct bench *bench_new(enum weft_family family)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_addr here = {.port = PORT};
    int err;

    b->now = 1000 * WEFT_S;
    for (int i = 0; i < 2; i++)
        open_end(b, i, family);
    here.ip = family == WEFT_INET6 ? (struct weft_ip){.b = {0xfd, [15] = 2}} : weft_ipv4(0x0a000002);
    b->listener = weft_socket_in(b->s[1], family, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 64), 0);
    for (int i = 0; i < CROWD; i++) {
        b->ends[i][0] = weft_socket_in(b->s[0], family, WEFT_TCP, NULL);
        assert_int_equal(weft_connect(b->ends[i][0], &here), WEFT_EINPROGRESS);
        carry(b);
        b->ends[i][1] = weft_accept(b->listener, NULL, &err);
        assert_non_null(b->ends[i][1]);
    }
    return b;
}

static void bench_free(struct bench *b)
{
    for (int i = 0; i < 2; i++)
        weft_stack_free(b->s[i]);
    for (int i = 0; i < 2; i++)
        harness_env_check(&b->e[i]);
    free(b);
}

/* Connection i of the ones in a batch: they are spread over the crowd. */
static size_t member(size_t i) { return i * 67 % CROWD; }

static void each_hears_its_own_byte(struct bench *b)
{
    weft_pkt *batch[BATCH];
    uint8_t byte;

    for (size_t i = 0; i < BATCH; i++) {
        byte = (uint8_t)i;
        assert_int_equal(weft_send(b->ends[member(i)][0], &byte, 1, 0), 1);
    }
    assert_int_equal(take(b, 0, batch), BATCH);
    weft_input(b->ifp[1], batch, BATCH, b->now);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(weft_recv(b->ends[member(i)][1], &byte, 1, 0), 1);
        assert_int_equal(byte, i);
    }
    carry(b);
}

static void a_batch_reaches_whom_it_is_for(void **state)
{
    struct bench *b = bench_new(WEFT_INET);

    (void)state;
    each_hears_its_own_byte(b);
    each_hears_its_own_byte(b); /* now they have counters, which are fetched too */
    bench_free(b);
}

static void a_batch_of_ipv6_reaches_whom_it_is_for(void **state)
{
    struct bench *b = bench_new(WEFT_INET6);

    (void)state;
    each_hears_its_own_byte(b);
    each_hears_its_own_byte(b);
    bench_free(b);
}

/* What was foreseen for a later packet is freed by an earlier one of the same batch. */
static void a_connection_may_end_before_what_was_foreseen_for_it(void **state)
{
    struct bench *b = bench_new(WEFT_INET);
    weft_pkt *batch[2 * BATCH];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < BATCH / 2; i++)
        assert_int_equal(weft_send(b->ends[member(i)][0], "x", 1, 0), 1);
    n = take(b, 0, batch + BATCH / 2); /* their data comes behind the resets */
    for (size_t i = 0; i < BATCH / 2; i++) {
        weft_close(b->ends[member(i)][1]);
        weft_abort(b->ends[member(i)][0]);
    }
    assert_int_equal(n, BATCH / 2);
    assert_int_equal(take(b, 0, batch), BATCH / 2);
    weft_input(b->ifp[1], batch, BATCH, b->now);
    assert_int_equal(weft_counter(b->s[1], WEFT_COUNT_tcp_out_rsts), BATCH / 2); /* nobody is there any more */
    bench_free(b);
}

/* So many connections end without a word on the wire of a batch. */
static void thin_out(struct bench *b, size_t n)
{
    for (size_t i = CROWD - n; i < CROWD; i++) {
        weft_abort(b->ends[i][0]);
        weft_abort(b->ends[i][1]);
    }
    carry(b);
}

/* What comes in behind the last that made it a crowd is not foreseen by anybody any more. */
static void a_crowd_may_end_within_a_batch(void **state)
{
    struct bench *b = bench_new(WEFT_INET);
    weft_pkt *batch[BATCH];

    (void)state;
    thin_out(b, CROWD - 4096 - BATCH / 4);
    for (size_t i = 0; i < BATCH / 2; i++)
        weft_abort(b->ends[i][0]);
    for (size_t i = BATCH / 2; i < BATCH; i++)
        assert_int_equal(weft_send(b->ends[i][0], "x", 1, 0), 1);
    assert_int_equal(take(b, 0, batch), BATCH);
    weft_input(b->ifp[1], batch, BATCH, b->now);
    for (size_t i = 0; i < BATCH; i++)
        assert_int_equal(weft_tcp_state(b->ends[i][1]), i < BATCH / 2 ? WEFT_TCP_CLOSED : WEFT_TCP_ESTABLISHED);
    for (size_t i = BATCH / 2; i < BATCH; i++)
        assert_int_equal(weft_unread(b->ends[i][1]), 1);
    bench_free(b);
}

/* A packet too short for any header is dropped in its turn, as it would be without a crowd. */
static void a_stump_is_not_foreseen(void **state)
{
    struct bench *b = bench_new(WEFT_INET);
    uint64_t before = weft_drops(b->s[1], WEFT_DROP_ip_short);
    weft_pkt *batch[BATCH];

    (void)state;
    for (size_t i = 0; i < BATCH; i++) {
        size_t len = i % 24;

        batch[i] = weft_pkt_new(b->s[1], 24);
        assert_non_null(batch[i]);
        memset(weft_pkt_data(batch[i]), 0x45, 24);
        weft_pkt_set_len(batch[i], len);
    }
    weft_input(b->ifp[1], batch, BATCH, b->now);
    assert_true(weft_drops(b->s[1], WEFT_DROP_ip_short) > before);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_reaches_whom_it_is_for),
        cmocka_unit_test(a_batch_of_ipv6_reaches_whom_it_is_for),
        cmocka_unit_test(a_connection_may_end_before_what_was_foreseen_for_it),
        cmocka_unit_test(a_crowd_may_end_within_a_batch),
        cmocka_unit_test(a_stump_is_not_foreseen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
