/* SPDX-License-Identifier: MIT */
/* When a connection gives its rooms back (src/tcp/conn.c): once it is quiet for a time-out, in each state, and not before. */
#include "room.h"
#include "tcp/conn.h"
#include "tcp_bench.h"

static void begin(struct bench *b)
{
    bench_begin(b, NULL);
    bench_connect(b);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
}

static bool is_parked(const weft_sock *sock) { return conn_of(sock)->work == NULL; }

static void say(struct bench *b, weft_sock *sock, size_t n)
{
    static const char text[100];

    assert_int_equal(weft_send(sock, text, n, 0), n);
    carry(b);
}

static void hear(struct bench *b, weft_sock *sock, size_t n)
{
    char text[100];

    assert_int_equal(weft_recv(sock, text, sizeof text, 0), n);
    carry(b);
}

/* The RTO over loopback is far below a second: until it is over what was learnt is kept. */
static void rooms_go_back_after_a_time_out_of_silence(void **state)
{
    struct bench b;

    begin(&b);
    say(&b, b.client, 10);
    hear(&b, b.server, 10);
    pass(&b, 100 * WEFT_MS);
    assert_false(is_parked(b.client));
    assert_false(is_parked(b.server));
    pass(&b, WEFT_S);
    assert_true(is_parked(b.client));
    assert_true(is_parked(b.server));
    say(&b, b.client, 10);
    assert_false(is_parked(b.client));
    hear(&b, b.server, 10);
    bench_end(&b);
}

static void unread_text_keeps_the_readers_rooms(void **state)
{
    struct bench b;

    begin(&b);
    say(&b, b.client, 10);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.client));
    assert_false(is_parked(b.server));
    hear(&b, b.server, 10);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.server));
    bench_end(&b);
}

/* A half-closed connection is as quiet as an open one: FIN-WAIT-2, CLOSE-WAIT. */
static void half_closed_connections_rest_too(void **state)
{
    struct bench b;

    begin(&b);
    assert_int_equal(weft_shutdown(b.client, WEFT_SHUT_WR), 0);
    pass(&b, 10 * WEFT_S);
    assert_int_equal(weft_tcp_state(b.client), WEFT_TCP_FIN_WAIT_2);
    assert_int_equal(weft_tcp_state(b.server), WEFT_TCP_CLOSE_WAIT);
    assert_true(is_parked(b.client));
    assert_true(is_parked(b.server));
    say(&b, b.server, 10);
    hear(&b, b.client, 10);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.client));
    assert_true(is_parked(b.server));
    bench_end(&b);
}

static void text_that_waits_for_the_cork_keeps_the_writers_rooms(void **state)
{
    struct bench b;
    int one = 1, zero = 0;

    begin(&b);
    assert_int_equal(weft_setsockopt(b.client, WEFT_SOL_TCP, WEFT_TCP_CORK, &one, sizeof one), 0);
    say(&b, b.client, 10);
    assert_false(is_parked(b.client));
    assert_int_equal(weft_setsockopt(b.client, WEFT_SOL_TCP, WEFT_TCP_CORK, &zero, sizeof zero), 0);
    carry(&b);
    hear(&b, b.server, 10);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.client));
    bench_end(&b);
}

/* Who rests has a timer of its own for it, and only while it waits for something. */
static void keepalive_runs_on_while_it_rests(void **state)
{
    struct bench b;
    int one = 1;
    uint64_t segments;

    begin(&b);
    assert_int_equal(weft_setsockopt(b.client, WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, &one, sizeof one), 0);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.client));
    assert_non_null(conn_of(b.client)->alarm);
    assert_null(conn_of(b.server)->alarm);
    segments = weft_counter(b.s, WEFT_COUNT_tcp_out_segs);
    pass(&b, 7200 * WEFT_S);
    assert_int_equal(weft_counter(b.s, WEFT_COUNT_tcp_out_segs), segments + 2); /* the probe, and its answer */
    assert_true(is_parked(b.client));
    bench_end(&b);
}

/* Its alarm would stand where its listener stands: so it parks once it is accepted. */
static void connection_with_keepalive_parks_once_it_is_accepted(void **state)
{
    struct bench b;
    int one = 1;

    bench_begin(&b, NULL);
    assert_int_equal(weft_setsockopt(b.listener, WEFT_SOL_SOCKET, WEFT_SO_KEEPALIVE, &one, sizeof one), 0);
    bench_connect(&b);
    carry(&b);
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.client));
    b.server = weft_accept(b.listener, NULL, NULL);
    assert_non_null(b.server);
    assert_false(is_parked(b.server));
    pass(&b, 10 * WEFT_S);
    assert_true(is_parked(b.server));
    assert_non_null(conn_of(b.server)->alarm);
    bench_end(&b);
}

/* Nothing wakes it again and again because it keeps its rooms. */
static void who_may_not_park_rests_all_the_same(void **state)
{
    struct weft_config config;
    struct bench b;

    weft_config_default(&config);
    config.tcp.park = false;
    bench_begin(&b, &config);
    bench_connect(&b);
    carry(&b);
    b.server = weft_accept(b.listener, NULL, NULL);
    say(&b, b.client, 10);
    hear(&b, b.server, 10);
    pass(&b, 10 * WEFT_S);
    assert_false(is_parked(b.client));
    assert_true(weft_deadline(b.s) == WEFT_NEVER);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_go_back_after_a_time_out_of_silence),
        cmocka_unit_test(unread_text_keeps_the_readers_rooms),
        cmocka_unit_test(half_closed_connections_rest_too),
        cmocka_unit_test(text_that_waits_for_the_cork_keeps_the_writers_rooms),
        cmocka_unit_test(keepalive_runs_on_while_it_rests),
        cmocka_unit_test(connection_with_keepalive_parks_once_it_is_accepted),
        cmocka_unit_test(who_may_not_park_rests_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
