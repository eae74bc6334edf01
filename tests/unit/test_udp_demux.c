/* SPDX-License-Identifier: MIT */
/* Who gets a datagram of UDP. */
#include "udp_bench.h"

static void a_definite_address_is_preferred_to_any(void **state)
{
    struct bench *b = *state;
    weft_sock *exact, *any = unbound(b);
    struct weft_addr at = addr(US, 2000), everywhere = addr(0, 2000);

    exact = unbound(b);
    set_int(exact, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    set_int(any, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(exact, &at), 0);
    assert_int_equal(weft_bind(any, &everywhere), 0);
    put_text(b, PEER, 1000, US, 2000, "exact");
    assert_text(exact, "exact");
    assert_nothing(any);
    weft_close(exact);
    put_text(b, PEER, 1000, US, 2000, "any");
    assert_text(any, "any");
    weft_close(any);
}

static void a_pair_is_preferred_to_everything(void **state)
{
    struct bench *b = *state;
    struct weft_addr at = addr(US, 2000), remote = addr(PEER, 1000);
    weft_sock *pair = unbound(b), *open = unbound(b);

    set_int(pair, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    set_int(open, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(pair, &at), 0);
    assert_int_equal(weft_bind(open, &at), 0);
    assert_int_equal(weft_connect(pair, &remote), 0);
    put_text(b, PEER, 1000, US, 2000, "pair");
    put_text(b, PEER, 1001, US, 2000, "open");
    assert_text(pair, "pair");
    assert_text(open, "open");
    weft_close(open);
    bench_expect_drop(b, udp_no_port, put_text(b, PEER, 1001, US, 2000, "nobody"));
    weft_close(pair);
}

static void many_pairs_behind_one_port_are_told_apart(void **state)
{
    enum { PAIRS = 2000 };
    struct bench *b = *state;
    static weft_sock *socks[PAIRS];
    char text[16];

    for (unsigned i = 0; i < PAIRS; i++) {
        struct weft_addr at = addr(US, 2000), remote = addr(STRANGER + i % 10, (uint16_t)(1000 + i));

        socks[i] = unbound(b);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
        assert_int_equal(weft_bind(socks[i], &at), 0);
        assert_int_equal(weft_connect(socks[i], &remote), 0);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%u", i);
        put_text(b, STRANGER + i % 10, (uint16_t)(1000 + i), US, 2000, text);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%u", i);
        assert_text(socks[i], text);
        weft_close(socks[i]);
    }
}

static void everybody_who_listens_gets_a_group_datagram(void **state)
{
    static const uint32_t groups[] = {0xffffffff, SUBNET_ALL, 0x0a090000, V4(224, 0, 0, 1)};
    struct bench *b = *state;
    weft_sock *socks[3], *elsewhere = bound(b, US, 2001), *exact = unbound(b), *pair = unbound(b);
    struct weft_addr all = addr(0, 2000), us = addr(US, 2000), peer = addr(PEER, 1000);

    /* R1122-3.3.6 */
    set_int(exact, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(exact, &us), 0);
    set_int(pair, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(pair, &all), 0);
    assert_int_equal(weft_connect(pair, &peer), 0);
    for (unsigned i = 0; i < 3; i++) {
        socks[i] = unbound(b);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
        assert_int_equal(weft_bind(socks[i], &all), 0);
    }
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        put_text(b, PEER, 1000, groups[g], 2000, "to all of you");
        for (unsigned i = 0; i < 3; i++)
            assert_text(socks[i], "to all of you");
        assert_nothing(elsewhere);
        assert_nothing(exact);
        assert_nothing(pair);
    }
    for (unsigned i = 0; i < 3; i++)
        weft_close(socks[i]);
    weft_close(elsewhere);
    weft_close(exact);
    weft_close(pair);
}

static void a_socket_bound_to_the_broadcast_address_hears_only_that(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, SUBNET_ALL, 2000);
    struct weft_addr to = addr(PEER, 1000);
    uint8_t out[64];

    bench_expect_drop(b, udp_no_port, put_text(b, PEER, 1000, US, 2000, "not this"));
    bench_take(b, out, sizeof(out));
    put_text(b, PEER, 1000, SUBNET_ALL, 2000, "this");
    assert_text(sock, "this");
    weft_sendto(sock, "x", 1, 0, &to);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, US);
    weft_close(sock);
}

static void reuseport_spreads_senders_and_keeps_each_at_one_socket(void **state)
{
    struct bench *b = *state;
    struct weft_addr at = addr(0, 2000);
    weft_sock *socks[4];
    unsigned got[4] = {0};
    char buf[8];

    for (unsigned i = 0; i < 4; i++) {
        socks[i] = unbound(b);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEPORT, 1);
        assert_int_equal(weft_bind(socks[i], &at), 0);
    }
    for (uint16_t port = 1; port <= 400; port++) {
        unsigned owner = 4;

        for (unsigned again = 0; again < 3; again++) {
            put_text(b, PEER, port, US, 2000, "x");
            for (unsigned i = 0; i < 4; i++) {
                if (weft_recv(socks[i], buf, sizeof(buf), 0) != 1)
                    continue;
                assert_true(owner == 4 || owner == i);
                owner = i;
            }
        }
        got[owner]++;
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(got[i], 60, 140);
        weft_close(socks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_definite_address_is_preferred_to_any),
        CLAIM_BOTH(a_pair_is_preferred_to_everything),
        CLAIM_BOTH(many_pairs_behind_one_port_are_told_apart),
        CLAIM(everybody_who_listens_gets_a_group_datagram),
        CLAIM(a_socket_bound_to_the_broadcast_address_hears_only_that),
        CLAIM_BOTH(reuseport_spreads_senders_and_keeps_each_at_one_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
