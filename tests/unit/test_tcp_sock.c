/* SPDX-License-Identifier: MIT */
/* TCP sockets of one stack over its loopback: what no script can say, of events and of 65,536 packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->now = WEFT_S;
    b->s = weft_stack_new(&env, NULL, b->now, NULL);
    assert_non_null(b->s);
    b->lo = weft_if_find(b->s, "lo");
    b->listener = weft_socket(b->s, WEFT_TCP, NULL);
    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 5), 0);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
    return 0;
}

/* A tick carries what the loopback interface holds: until nobody has anything more to say. */
static void carry(struct bench *b)
{
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
}

static void lose(struct bench *b)
{
    weft_pkt *pkts[64];
    size_t n;

    while ((n = weft_output(b->lo, pkts, 64, b->now)) > 0)
        while (n > 0)
            weft_pkt_release(pkts[--n]);
}

static void pass(struct bench *b, weft_time time)
{
    weft_time end = b->now + time;

    while (weft_deadline(b->s) <= end) {
        b->now = weft_deadline(b->s) > b->now ? weft_deadline(b->s) : b->now;
        carry(b);
    }
    b->now = end;
}

static unsigned events_of(struct bench *b, const weft_sock *sock)
{
    struct weft_event event;
    unsigned ready = 0;

    while (weft_events(b->s, &event, 1) == 1)
        if (event.sock == sock)
            ready |= event.ready;
    return ready;
}

static void text_that_came_before_accept_is_told_after_it(void **state)
{
    struct bench *b = *state;

    carry(b);
    assert_int_equal(weft_send(b->client, "early", 5, 0), 5);
    carry(b);
    (void)events_of(b, NULL); /* of a socket that nobody has yet: lost on whoever takes them */
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    assert_true(events_of(b, b->server) & WEFT_READABLE);
}

static void as_many_segments_as_there_may_be_are_sent_again_all_the_same(void **state)
{
    struct bench *b = *state;
    const int bytes = 70000;
    char sink[4096];
    int one = 1, got = 0;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->server, "w", 1, 0), 1); /* the first segment whose window is scaled */
    carry(b);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_NODELAY, &one, sizeof one), 0);
    for (int i = 0; i < bytes; i++) {
        assert_int_equal(weft_send(b->client, "x", 1, 0), 1);
        lose(b);
    }
    for (int i = 0; i < 10; i++) {
        pass(b, WEFT_S);
        for (int64_t n; (n = weft_recv(b->server, sink, sizeof sink, 0)) > 0; got += (int)n)
            ;
    }
    assert_int_equal(got, bytes);
}

/* What connect() to AF_UNSPEC does: the peer is told, the user too, and the socket may connect once more. */
static void disconnected_socket_may_connect_again(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    char byte;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->server, "left", 4, 0), 4);
    carry(b);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_CLOSED);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_int_equal(weft_recv(b->client, &byte, 1, 0), WEFT_ENOTCONN);
    carry(b);
    assert_int_equal(weft_recv(b->server, &byte, 1, 0), WEFT_ECONNRESET);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_recv(b->client, &byte, 1, 0), WEFT_EAGAIN);
}

static void disconnected_listener_may_listen_again(void **state)
{
    struct bench *b = *state;

    carry(b);
    assert_int_equal(weft_disconnect(b->listener), 0);
    carry(b);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_int_equal(weft_listen(b->listener, 1), 0);
}

static void disconnecting_before_the_answer_is_silent(void **state)
{
    struct bench *b = *state;

    lose(b);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_false(weft_output_wanted(b->lo));
    assert_int_equal(weft_disconnect(b->client), 0); /* there is nothing more to end */
    assert_int_equal(weft_error(b->client), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_that_came_before_accept_is_told_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_segments_as_there_may_be_are_sent_again_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnected_socket_may_connect_again, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnected_listener_may_listen_again, setup, teardown),
        cmocka_unit_test_setup_teardown(disconnecting_before_the_answer_is_silent, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
