/* SPDX-License-Identifier: MIT */
/* What ICMP says of datagrams of UDP, and who hears it. */
#include "udp_bench.h"

/* The ICMP message type, code about a datagram from US:1000 to PEER:2000. */
static void put_error(struct bench *b, uint8_t type, uint8_t code, uint16_t src_port)
{
    struct ipv4_header ours = {.src = US, .dst = PEER};
    uint8_t quote[64], p[128];
    size_t n = make_udp(quote, ours, src_port, 2000, "x", 1);

    bench_input(b, p, make_icmp(p, plain, type, code, 0, quote, n));
}

static void a_refusal_is_heard_at_the_next_call(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);
    char got[8];

    /* R1122-4.1.3.3 */
    weft_send(sock, "x", 1, 0);
    put_error(b, 3, 3, 1000);
    assert_true(weft_ready(sock) & WEFT_ERROR);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_ECONNREFUSED);
    assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    put_error(b, 3, 3, 1000);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_ECONNREFUSED);
    put_error(b, 3, 2, 1000);
    assert_int_equal(weft_error(sock), WEFT_ENOPROTOOPT);
    weft_close(sock);
}

static void hints_do_not_disturb(void **state)
{
    static const uint8_t rows[][2] = {{3, 0}, {3, 1}, {3, 5}, {3, 11}, {3, 12}, {11, 0}};
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);

    /* R1122-3.2.2.1b */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        put_error(b, rows[i][0], rows[i][1], 1000);
        assert_int_equal(weft_error(sock), 0);
        assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    }
    weft_close(sock);
}

static void errors_about_others_are_not_ours(void **state)
{
    struct bench *b = *state;
    weft_sock *pair = connected(b, 1000, PEER, 2001), *open = bound(b, 0, 1001);

    bench_expect_drop(b, icmp_no_endpoint, put_error(b, 3, 3, 1000)); /* another peer's port */
    put_error(b, 3, 3, 1001);
    bench_expect_drop(b, icmp_no_endpoint, put_error(b, 3, 3, 1002));
    assert_int_equal(weft_error(pair), 0);
    assert_int_equal(weft_error(open), 0);
    weft_close(pair);
    weft_close(open);
}

static void a_closed_port_of_our_own_refuses(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, V4(127, 0, 0, 1), 2000);

    /* R1122-4.1.3.1 R1122-4.1.3.3 */
    weft_send(sock, "x", 1, 0);
    for (unsigned i = 0; i < 4; i++)
        bench_tick(b, 0);
    assert_int_equal(weft_error(sock), WEFT_ECONNREFUSED);
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_refusal_is_heard_at_the_next_call),
        CLAIM(hints_do_not_disturb),
        CLAIM(errors_about_others_are_not_ours),
        CLAIM(a_closed_port_of_our_own_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
