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

/*
 * What a socket is told of a message that quotes 128 bytes, says that it quotes this many words, and has these bytes
 * behind them.
 */
static struct weft_report report_of(struct bench *b, weft_sock *sock, uint8_t type, unsigned words, const void *behind,
                                    size_t n)
{
    uint8_t message[256] = {0}, p[512], got[256];
    struct weft_iov iov = {got, sizeof got};
    struct weft_report report = {0};
    size_t heads = ip_len() + UDP_HEADER;
    unsigned flags;

    make_datagram(message, US, 1000, PEER, 2000, "hello", 5);
    if (n)
        memcpy(message + 128, behind, n);
    if (by_v6)
        bench_input(b, p, make_icmp6(p, (struct make6){0}, type, 0, words << 24, message, 128 + n));
    else
        bench_input(b, p, make_icmp(p, plain, type, 0, words << 16, message, 128 + n));
    assert_int_equal(weft_recv_report(sock, &iov, 1, &flags, &report), 128 + n - heads);
    assert_memory_equal(got, message + heads, 128 + n - heads);
    return report;
}

static weft_sock *asks_for_extensions(struct bench *b)
{
    weft_sock *sock = bound(b, 0, 1000);
    int level = by_v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP;

    set_int(sock, level, by_v6 ? WEFT_IPV6_RECVERR : WEFT_IP_RECVERR, 1);
    set_int(sock, level, by_v6 ? WEFT_IPV6_RECVERR_RFC4884 : WEFT_IP_RECVERR_RFC4884, 1);
    return sock;
}

/* RFC 4884 §4: what says how long its quote is; where what stands behind it begins, counted in the payload. */
static void a_message_may_say_more_behind_its_quote(void **state)
{
    static const struct {
        uint8_t v4, v6;
        bool longer4, longer6;
    } rows[] = {{3, 1, true, true}, {11, 3, true, true}, {12, 4, true, false}};
    static const uint8_t behind[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 1, 2, 3, 4};
    struct bench *b = *state;
    weft_sock *sock = asks_for_extensions(b);
    unsigned whole = by_v6 ? 16 : 32, payload = 128 - (unsigned)ip_len() - UDP_HEADER;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t type = by_v6 ? rows[i].v6 : rows[i].v4;
        bool longer = by_v6 ? rows[i].longer6 : rows[i].longer4;

        assert_int_equal(report_of(b, sock, type, whole, behind, 12).original, longer ? payload : 0);
    }
    assert_int_equal(report_of(b, sock, by_v6 ? 1 : 3, whole - 1, behind, 12).original, 0); /* too short a quote */
    assert_int_equal(report_of(b, sock, by_v6 ? 1 : 3, whole, behind, 4).original, payload);
    assert_int_equal(report_of(b, sock, by_v6 ? 1 : 3, whole, behind, 3).original, 0); /* no header */
    assert_int_equal(report_of(b, sock, by_v6 ? 1 : 3, 0, behind, 12).original, 0);
    set_int(sock, by_v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP, by_v6 ? WEFT_IPV6_RECVERR_RFC4884 : WEFT_IP_RECVERR_RFC4884, 0);
    assert_int_equal(report_of(b, sock, by_v6 ? 1 : 3, whole, behind, 12).original, 0);
    weft_close(sock);
}

/* RFC 4884 §7: version, checksum (0: none), objects that fill the structure exactly. */
static void what_stands_behind_a_quote_is_looked_at(void **state)
{
    static const struct {
        uint8_t bytes[20];
        size_t n;
        bool summed, unsound;
    } rows[] = {
        {{0x20}, 4, false, false},
        {{0x20}, 4, true, false},
        {{0x20, 0, 0, 1}, 4, false, true},
        {{0x20, 0, 1, 0}, 4, false, true},
        {{0x20, 0, 0, 0, 0, 4, 1, 1, 0, 8, 1, 1, 9, 9, 9, 9}, 16, true, false},
        {{0x20, 0, 0, 0, 0, 4, 1, 1, 0, 9, 1, 1, 9, 9, 9, 9}, 16, true, true},   /* longer than the rest */
        {{0x20, 0, 0, 0, 0, 4, 1, 1, 0, 3, 1, 1, 9, 9, 9, 9}, 16, true, true},   /* shorter than its header */
        {{0x20, 0, 0, 0, 0, 4, 1, 1, 0, 4, 1}, 11, false, true},                 /* half a header */
        {{0x30, 0, 7, 7, 0, 3}, 8, false, false},                                /* nobody knows this version */
        {{0x10, 0, 7, 7, 0, 3}, 8, false, false},
    };
    struct bench *b = *state;
    weft_sock *sock = asks_for_extensions(b);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t behind[20];
        struct weft_report r;

        memcpy(behind, rows[i].bytes, sizeof behind);
        if (rows[i].summed)
            poke_u16(behind + 2, csum(behind, rows[i].n));
        r = report_of(b, sock, by_v6 ? 1 : 3, by_v6 ? 16 : 32, behind, rows[i].n);
        assert_int_equal(r.original, 128 - ip_len() - UDP_HEADER);
        assert_int_equal(r.unsound, rows[i].unsound);
    }
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_refusal_is_heard_at_the_next_call),
        CLAIM_BOTH(hints_do_not_disturb),
        CLAIM_BOTH(errors_about_others_are_not_ours),
        CLAIM_BOTH(a_closed_port_of_our_own_refuses),
        CLAIM_BOTH(a_message_may_say_more_behind_its_quote),
        CLAIM_BOTH(what_stands_behind_a_quote_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
