/* SPDX-License-Identifier: MIT */
/* What ICMP says of datagrams of UDP, and who hears it. */
#include "udp_bench.h"

/* The ICMP message type, code, of the family that the test is of, about a datagram from US:src_port to PEER:2000. */
static void put_error(struct bench *b, uint8_t type, uint8_t code, uint16_t src_port)
{
    uint8_t quote[80], p[160];
    size_t n = make_datagram(quote, US, src_port, PEER, 2000, "x", 1);

    if (by_v6)
        bench_input(b, p, make_icmp6(p, (struct make6){0}, type, code, 0, quote, n));
    else
        bench_input(b, p, make_icmp(p, plain, type, code, 0, quote, n));
}

static void put_refusal(struct bench *b, uint16_t src_port)
{
    if (by_v6)
        put_error(b, ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, src_port);
    else
        put_error(b, ICMPV4_UNREACHABLE, ICMPV4_PORT_UNREACHABLE, src_port);
}

static void a_refusal_is_heard_at_the_next_call(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);
    char got[8];

    /* R1122-4.1.3.3 */
    weft_send(sock, "x", 1, 0);
    put_refusal(b, 1000);
    assert_true(weft_ready(sock) & WEFT_ERROR);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_ECONNREFUSED);
    assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    put_refusal(b, 1000);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_ECONNREFUSED);
    if (by_v6)
        put_error(b, ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_HEADER, 1000);
    else
        put_error(b, ICMPV4_UNREACHABLE, ICMPV4_PROTOCOL_UNREACHABLE, 1000);
    assert_int_equal(weft_error(sock), by_v6 ? WEFT_EPROTO : WEFT_ENOPROTOOPT);
    weft_close(sock);
}

static void hints_do_not_disturb(void **state)
{
    static const uint8_t v4[][2] = {{3, 0}, {3, 1}, {3, 5}, {3, 11}, {3, 12}, {11, 0}};
    static const uint8_t v6[][2] = {{1, 0}, {1, 2}, {1, 3}, {3, 0}, {3, 1}, {1, 0}};
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);

    /* R1122-3.2.2.1b */
    for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
        const uint8_t *hint = by_v6 ? v6[i] : v4[i];

        put_error(b, hint[0], hint[1], 1000);
        assert_int_equal(weft_error(sock), 0);
        assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    }
    weft_close(sock);
}

static void errors_about_others_are_not_ours(void **state)
{
    struct bench *b = *state;
    weft_sock *pair = connected(b, 1000, PEER, 2001), *open = bound(b, 0, 1001);

    bench_expect_drop(b, icmp_no_endpoint, put_refusal(b, 1000)); /* another peer's port */
    put_refusal(b, 1001);
    bench_expect_drop(b, icmp_no_endpoint, put_refusal(b, 1002));
    assert_int_equal(weft_error(pair), 0);
    assert_int_equal(weft_error(open), 0);
    weft_close(pair);
    weft_close(open);
}

static void a_closed_port_of_our_own_refuses(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = unbound(b);
    struct weft_addr here = {by_v6 ? ip6("::1") : weft_ipv4(V4(127, 0, 0, 1)), 2000};

    /* R1122-4.1.3.1 R1122-4.1.3.3 */
    assert_int_equal(weft_connect(sock, &here), 0);
    weft_send(sock, "x", 1, 0);
    for (unsigned i = 0; i < 4; i++)
        bench_tick(b, 0);
    assert_int_equal(weft_error(sock), WEFT_ECONNREFUSED);
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_refusal_is_heard_at_the_next_call),
        CLAIM_BOTH(hints_do_not_disturb),
        CLAIM_BOTH(errors_about_others_are_not_ours),
        CLAIM_BOTH(a_closed_port_of_our_own_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
