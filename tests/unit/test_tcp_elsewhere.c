/* SPDX-License-Identifier: MIT */
/* weft_recv_waits: what was read and waits for its reader elsewhere counts for the window. */
#include "tcp_bench.h"

/* Writes as much as is taken, lets it go, and reads it all at the other end: how many bytes came through. */
static size_t pour(struct bench *b, size_t most)
{
    static const char text[4096];
    static char sink[1 << 16];
    size_t sent = 0, got = 0;
    int64_t n;

    while (sent < most && (n = weft_send(b->client, text, sizeof text, 0)) > 0)
        sent += (size_t)n;
    carry(b);
    while ((n = weft_recv(b->server, sink, sizeof sink, 0)) > 0)
        got += (size_t)n;
    return got;
}

/* The reader reads on, but says that all of it waits elsewhere: no more than the buffer's worth gets through. */
static void what_waits_elsewhere_holds_the_sender_up(void **state)
{
    struct bench *b = *state;
    int small = 20000;
    size_t through = 0;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &small, sizeof small), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
    for (unsigned i = 0; i < 50; i++) {
        through += pour(b, 8192);
        weft_recv_waits(b->server, through);
        pass(b, WEFT_S / 10);
    }
    assert_true(through > 8192);
    assert_true(through <= 2 * (size_t)small);
    assert_int_equal(pour(b, 8192), 0);
    weft_recv_waits(b->server, 0); /* tells the peer of the room, without anything having come */
    carry(b);
    assert_true(pour(b, 8192) > 0);
}

static void nothing_waits_elsewhere_for_a_listener(void **state)
{
    struct bench *b = *state;

    weft_recv_waits(b->listener, SIZE_MAX / 1024);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(pour(b, 8192), 8192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_elsewhere_holds_the_sender_up, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(nothing_waits_elsewhere_for_a_listener, bench_setup, bench_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
