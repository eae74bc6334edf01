/* SPDX-License-Identifier: MIT */
/* TCP sockets of one stack over its loopback: what no script can say, of events and of 65,536 packets. */
#include "tcp_bench.h"

static void text_that_came_before_accept_is_told_after_it(void **state)
{
    struct bench *b = *state;

    carry(b);
    assert_int_equal(weft_send(b->client, "early", 5, 0), 5);
    carry(b);
    (void)bench_events_of(b, NULL); /* of a socket that nobody has yet: lost on whoever takes them */
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    assert_true(bench_events_of(b, b->server) & WEFT_READABLE);
}

/* As on Linux: nothing is what he gets when there is text, and without text he is told that there is none. */
static void who_asks_for_nothing_gets_nothing(void **state)
{
    struct bench *b = *state;
    char sink[8];

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_recv(b->server, sink, 0, 0), WEFT_EAGAIN);
    assert_int_equal(weft_send(b->client, "text", 4, 0), 4);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, 0, 0), 0);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), 4);
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
        bench_lose(b);
    }
    for (int i = 0; i < 10; i++) {
        pass(b, WEFT_S);
        for (int64_t n; (n = weft_recv(b->server, sink, sizeof sink, 0)) > 0; got += (int)n)
            ;
    }
    assert_int_equal(got, bytes);
}

/* Linux would have sent it before the cork came; here it waits for the link's turn. */
static void a_cork_holds_only_what_is_written_after_it(void **state)
{
    struct bench *b = *state;
    char sink[16];
    int one = 1;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "before", 6, 0), 6);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_CORK, &one, sizeof one), 0);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), 6);
    assert_int_equal(weft_send(b->client, "after", 5, 0), 5);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), WEFT_EAGAIN);
    assert_int_equal(weft_send(b->client, "before", 6, 0), 6); /* nor does the cork once more let go what it holds */
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_TCP, WEFT_TCP_CORK, &one, sizeof one), 0);
    carry(b);
    assert_int_equal(weft_recv(b->server, sink, sizeof sink, 0), WEFT_EAGAIN);
}

/* He was told of room a moment ago, and it is gone before he looks. */
static void who_asks_for_room_and_finds_none_is_told_again(void **state)
{
    static const char text[65536];
    struct bench *b = *state;
    int least = 1;

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    while (weft_send(b->client, text, sizeof text, 0) > 0)
        carry(b);
    (void)bench_events_of(b, NULL); /* it is connected */
    assert_true(bench_hears_of_room(b));
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, &least, sizeof least), 0);
    assert_false(weft_ready(b->client) & WEFT_WRITABLE);
    assert_true(bench_hears_of_room(b));
    assert_true(weft_ready(b->client) & WEFT_WRITABLE);
}

/* The last byte of an urgent write is the urgent one: the reader hears of it, and it comes beside the others. */
static void the_urgent_byte_is_the_last_of_its_write(void **state)
{
    struct bench *b = *state;
    char text[8] = "";

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_send(b->client, "ab", 2, 0), 2);
    carry(b);
    assert_false(bench_events_of(b, b->server) & WEFT_URGENT);
    assert_int_equal(weft_send(b->client, "cde", 3, WEFT_MSG_OOB), 3);
    carry(b);
    assert_true(bench_events_of(b, b->server) & WEFT_URGENT);
    assert_int_equal(weft_recv(b->server, text, 1, WEFT_MSG_OOB), 1);
    assert_int_equal(text[0], 'e');
    assert_int_equal(weft_recv(b->server, text, sizeof text, 0), 4);
    assert_memory_equal(text, "abcd", 4);
}

/* Sends what the link asks for, with the next allocation failing, and takes it to nobody; returns how many packets. */
static size_t pull_without_memory(struct bench *b)
{
    weft_pkt *pkt[8];
    size_t n;

    harness_env_fail_nth(&b->e, 1);
    n = weft_output(b->lo, pkt, 8, b->now);
    for (size_t i = 0; i < n; i++)
        weft_pkt_release(pkt[i]);
    return n;
}

/* A SYN that no memory was found for is not tried again in the same turn, nor is the link kept busy: its timer does. */
static void a_syn_without_memory_waits_for_its_timer(void **state)
{
    struct bench b;

    bench_begin(&b, NULL);
    bench_connect(&b);
    assert_int_equal(pull_without_memory(&b), 0);
    assert_true(harness_env_failed(&b.e));
    harness_env_fail_nth(&b.e, 0);
    assert_false(weft_output_wanted(b.lo));
    pass(&b, 900 * WEFT_MS);
    assert_int_equal(weft_tcp_state(b.client), WEFT_TCP_SYN_SENT);
    pass(&b, 200 * WEFT_MS);
    assert_int_equal(weft_tcp_state(b.client), WEFT_TCP_ESTABLISHED);
    bench_end(&b);
}

/* A listener's choice is its connections'. */
static void congestion_control_comes_from_the_listener(void **state)
{
    struct bench *b = *state;
    char name[16] = "";
    size_t n = sizeof name;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_CONGESTION, "reno", 4), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_getsockopt(b->server, WEFT_SOL_TCP, WEFT_TCP_CONGESTION, name, &n), 0);
    assert_string_equal(name, "reno");
    weft_close(b->server);
}

struct seen {
    unsigned tcp, udp, most;
};

static bool see(void *ctx, const struct weft_listing *item)
{
    struct seen *seen = ctx;

    seen->tcp += item->proto == WEFT_TCP;
    seen->udp += item->proto == WEFT_UDP;
    return seen->tcp + seen->udp < seen->most;
}

/* Of every protocol, for as long as whoever asks wants to hear more. */
static void the_list_ends_when_nobody_wants_more_of_it(void **state)
{
    struct bench *b = *state;
    struct weft_addr any = {weft_ipv4(0), 5000};
    weft_sock *udp = weft_socket(b->s, WEFT_UDP, NULL);

    assert_int_equal(weft_bind(udp, &any), 0);
    carry(b);
    for (unsigned most = 1; most <= 5; most++) {
        struct seen seen = {.most = most};

        weft_list(b->s, see, &seen);
        assert_int_equal(seen.tcp, most < 3 ? most : 3); /* the listener and both ends */
        assert_int_equal(seen.udp, most > 3);
    }
    weft_close(udp);
}

/* A rate may be set before there is anything to send, and is kept. */
static void pacing_may_be_set_before_the_connection(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    uint64_t rate = 123456, got = 0;
    size_t n = sizeof got;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &rate, sizeof rate), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &got, &n), 0);
    assert_int_equal(got, rate);
    weft_close(sock);
}

static bool note_client(void *ctx, const struct weft_listing *item)
{
    if (item->proto == WEFT_TCP && item->remote.port == PORT)
        *(struct weft_listing *)ctx = *item;
    return true;
}

/* Who awaits nothing but the peer's FIN when his user goes is a record from then on, and no connection any more. */
static void who_closes_in_fin_wait_2_leaves_a_record(void **state)
{
    struct bench *b = *state;
    struct weft_listing item = {0};

    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(weft_shutdown(b->client, WEFT_SHUT_WR), 0);
    carry(b);
    pass(b, WEFT_S); /* its acknowledgment may be delayed */
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_FIN_WAIT_2);
    weft_list(b->s, note_client, &item);
    assert_ptr_equal(item.sock, b->client);
    weft_close(b->client);
    weft_list(b->s, note_client, &item);
    assert_int_equal(item.state, WEFT_TCP_FIN_WAIT_2);
    assert_null(item.sock);
    weft_close(b->server);
}

/* What a large write takes, of a connection that has rested. */
static int64_t write_after_rest(bool park, int room)
{
    static const uint8_t text[1 << 20];
    struct weft_config config;
    int mss = 1000;
    struct bench b;
    int64_t taken;

    weft_config_default(&config);
    config.tcp.park = park;
    bench_begin(&b, &config);
    assert_int_equal(weft_setsockopt(b.listener, WEFT_SOL_TCP, WEFT_TCP_MAXSEG, &mss, sizeof mss), 0);
    bench_connect(&b);
    carry(&b);
    assert_int_equal(weft_setsockopt(b.client, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, &room, sizeof room), 0);
    assert_int_equal(weft_send(b.client, "a", 1, 0), 1);
    pass(&b, 10 * WEFT_S);
    taken = weft_send(b.client, text, sizeof text, 0);
    bench_end(&b);
    return taken;
}

/* It goes by what the link carries in one packet: rooms that were given back ask the link anew. */
static void a_write_after_a_rest_takes_as_much_with_new_rooms(void **state)
{
    (void)state;
    for (int room = 10000; room <= 100000; room += 10000)
        assert_int_equal(write_after_rest(true, room), write_after_rest(false, room));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_that_came_before_accept_is_told_after_it, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_nothing_gets_nothing, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(as_many_segments_as_there_may_be_are_sent_again_all_the_same,
                                        bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_cork_holds_only_what_is_written_after_it, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_room_and_finds_none_is_told_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_urgent_byte_is_the_last_of_its_write, bench_setup, bench_teardown),
        cmocka_unit_test(a_write_after_a_rest_takes_as_much_with_new_rooms),
        cmocka_unit_test(a_syn_without_memory_waits_for_its_timer),
        cmocka_unit_test_setup_teardown(congestion_control_comes_from_the_listener, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_list_ends_when_nobody_wants_more_of_it, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(pacing_may_be_set_before_the_connection, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(who_closes_in_fin_wait_2_leaves_a_record, bench_setup, bench_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
