/* SPDX-License-Identifier: MIT */
/* weft_disconnect: a socket of TCP begins anew. */
#include "tcp_bench.h"

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

static int quick_ack(const weft_sock *sock)
{
    int value = -1;
    size_t n = sizeof value;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &value, &n), 0);
    return value;
}

/* TCP_QUICKACK: what is asked before connecting holds; what a connection came to goes with it, as on Linux. */
static void quick_acks_return_with_a_new_connection(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    weft_sock *other = weft_socket(b->s, WEFT_TCP, NULL);
    int zero = 0;

    assert_int_equal(weft_setsockopt(other, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &zero, sizeof zero), 0);
    assert_int_equal(weft_connect(other, &here), WEFT_EINPROGRESS);
    assert_int_equal(quick_ack(other), 0);
    carry(b);
    assert_int_equal(weft_tcp_state(other), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_setsockopt(other, WEFT_SOL_TCP, WEFT_TCP_QUICKACK, &zero, sizeof zero), 0);
    assert_int_equal(weft_disconnect(other), 0);
    assert_int_equal(quick_ack(other), 1);
    assert_int_equal(weft_connect(other, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(quick_ack(other), 1);
    weft_close(other);
}

/* Its record goes on waiting, under the old name. */
static void disconnected_in_time_wait_it_may_connect_again(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_shutdown(b->server, WEFT_SHUT_WR), 0);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_TIME_WAIT);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_CLOSED);
    assert_int_equal(weft_error(b->client), 0);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_ESTABLISHED);
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

    bench_lose(b);
    assert_int_equal(weft_disconnect(b->client), 0);
    assert_int_equal(weft_error(b->client), WEFT_ECONNRESET);
    assert_false(weft_output_wanted(b->lo));
    assert_int_equal(weft_disconnect(b->client), 0); /* there is nothing more to end */
    assert_int_equal(weft_error(b->client), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(disconnected_socket_may_connect_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(quick_acks_return_with_a_new_connection, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(disconnected_in_time_wait_it_may_connect_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(disconnected_listener_may_listen_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(disconnecting_before_the_answer_is_silent, bench_setup, bench_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
