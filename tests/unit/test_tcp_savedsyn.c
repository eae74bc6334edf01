/* SPDX-License-Identifier: MIT */
/* TCP_SAVE_SYN: a listener keeps the headers of SYNs for who is accepted. */
#include "tcp_bench.h"

static int get_saved(const weft_sock *sock, uint8_t *bytes, size_t *n)
{
    return weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_SAVED_SYN, bytes, n);
}

/* A listener keeps the headers of SYNs, for who is accepted: they are given away once. */
static void saved_syn_is_given_once(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[256];
    size_t n = 10;
    int one = 1;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_SAVE_SYN, &one, sizeof one), 0);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_int_equal(get_saved(b->server, bytes, &n), WEFT_EINVAL);
    assert_int_equal(n, 60);
    n = sizeof bytes;
    assert_int_equal(get_saved(b->server, bytes, &n), 0);
    assert_int_equal(n, 60);
    assert_int_equal(bytes[0], 0x45);
    assert_int_equal(bytes[20 + 3], PORT);
    assert_int_equal(bytes[20 + 13], 0x02);
    n = sizeof bytes;
    assert_int_equal(get_saved(b->server, bytes, &n), 0);
    assert_int_equal(n, 0);
}

/* Nobody completes the handshake, or nobody asks: the harness sees that no memory is kept. */
static void saved_syn_goes_with_its_record(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    int two = 2;

    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_SAVE_SYN, &two, sizeof two), 0);
    weft_tick(b->s, b->now);
    bench_lose(b);
    weft_abort(b->client);
    bench_lose(b);
    pass(b, 200 * WEFT_S);
    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(b->client), WEFT_TCP_ESTABLISHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(saved_syn_is_given_once, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(saved_syn_goes_with_its_record, bench_setup, bench_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
