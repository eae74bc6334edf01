/* SPDX-License-Identifier: MIT */
/* Sockets of UDP: names and conflicts, their life and end, and memory that fails. */
#include "udp_bench.h"

/* ---- names ---- */

static void bind_takes_only_addresses_of_ours(void **state)
{
    static const struct {
        uint32_t ip;
        int err;
    } rows[] = {{0, 0}, {US, 0}, {OTHER_US, 0}, {V4(127, 0, 0, 1), 0}, {SUBNET_ALL, 0}, {0xffffffff, 0},
                {V4(224, 0, 0, 1), 0}, {PEER, WEFT_EADDRNOTAVAIL}, {STRANGER, WEFT_EADDRNOTAVAIL}};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_addr at = addr(rows[i].ip, 2000), name;
        weft_sock *sock = unbound(b);

        assert_int_equal(weft_bind(sock, &at), rows[i].err);
        if (!rows[i].err) {
            weft_getsockname(sock, &name);
            assert_int_equal(ip_to_v4(&name.ip), rows[i].ip);
            assert_int_equal(name.port, 2000);
            assert_int_equal(weft_bind(sock, &at), WEFT_EINVAL);
        }
        weft_close(sock);
    }
}

static void ports_conflict_as_the_options_say(void **state)
{
    enum { NO, ADDR, PORT };
    static const struct {
        uint32_t first, second;
        int first_says, second_says;
        bool fits;
    } rows[] = {
        {0, 0, NO, NO, false},      {US, US, NO, NO, false},     {0, US, NO, NO, false},
        {US, 0, NO, NO, false},     {US, OTHER_US, NO, NO, true}, {US, US, ADDR, NO, false},
        {US, US, NO, ADDR, false},  {US, US, ADDR, ADDR, true},  {0, US, ADDR, ADDR, true},
        {US, US, PORT, PORT, true}, {US, US, ADDR, PORT, false}, {0, 0, PORT, PORT, true},
    };
    static const int options[] = {0, WEFT_SO_REUSEADDR, WEFT_SO_REUSEPORT};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        weft_sock *first = unbound(b), *second = unbound(b);
        struct weft_addr one = addr(rows[i].first, 2000), two = addr(rows[i].second, 2000);

        if (rows[i].first_says)
            set_int(first, WEFT_SOL_SOCKET, options[rows[i].first_says], 1);
        if (rows[i].second_says)
            set_int(second, WEFT_SOL_SOCKET, options[rows[i].second_says], 1);
        assert_int_equal(weft_bind(first, &one), 0);
        assert_int_equal(weft_bind(second, &two), rows[i].fits ? 0 : WEFT_EADDRINUSE);
        weft_close(first);
        if (!rows[i].fits)
            assert_int_equal(weft_bind(second, &two), 0);
        weft_close(second);
    }
}

static void ephemeral_ports_run_out_and_come_back(void **state)
{
    struct bench *b = *state;
    weft_sock *socks[8], *late = unbound(b);
    struct weft_addr any = addr(0, 0), name;
    unsigned seen = 0;

    b->s->config.port_min = 50000;
    b->s->config.port_max = 50007;
    for (unsigned i = 0; i < 8; i++) {
        socks[i] = unbound(b);
        assert_int_equal(weft_bind(socks[i], &any), 0);
        weft_getsockname(socks[i], &name);
        assert_in_range(name.port, 50000, 50007);
        seen |= 1u << (name.port - 50000);
    }
    assert_int_equal(seen, 0xff);
    assert_int_equal(weft_bind(late, &any), WEFT_EADDRINUSE);
    weft_close(socks[3]);
    assert_int_equal(weft_bind(late, &any), 0);
    for (unsigned i = 0; i < 8; i++)
        if (i != 3)
            weft_close(socks[i]);
    weft_close(late);
}

static void connecting_fixes_both_names_and_can_be_undone(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = unbound(b);
    struct weft_addr remote = addr(PEER, 2000), other = addr(OTHER_PEER, 7), none = addr(0, 0), name;
    const struct weft_addr us = addr(US, 0), other_us = addr(OTHER_US, 0);

    assert_int_equal(weft_getpeername(sock, &name), WEFT_ENOTCONN);
    assert_int_equal(weft_connect(sock, &remote), 0);
    weft_getsockname(sock, &name);
    assert_true(ip_eq(&name.ip, &us.ip));
    assert_int_not_equal(name.port, 0);
    assert_int_equal(weft_getpeername(sock, &name), 0);
    assert_int_equal(name.port, 2000);
    assert_int_equal(weft_connect(sock, &other), 0);
    weft_getsockname(sock, &name);
    assert_true(ip_eq(&name.ip, &other_us.ip));
    assert_int_equal(weft_connect(sock, &none), 0);
    weft_getsockname(sock, &name);
    assert_true(ip_is_any(&name.ip));
    assert_int_equal(weft_getpeername(sock, &name), WEFT_ENOTCONN);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_EDESTADDRREQ);
    weft_close(sock);
}

static void replies_leave_from_the_address_the_socket_has(void **state)
{
    struct bench *b = *state;
    struct weft_ip second = weft_ipv4(V4(10, 9, 0, 77));
    struct weft_addr to = addr(PEER, 2000);
    weft_sock *sock;
    uint8_t out[64];

    /* R1122-3.3.4.2: the application names the source */
    weft_if_add_address(b->ifp, &second, 24);
    while (bench_take(b, out, sizeof(out)))
        ;
    sock = bound(b, V4(10, 9, 0, 77), 1000);
    weft_sendto(sock, "x", 1, 0, &to);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, V4(10, 9, 0, 77));
    weft_close(sock);
}

static void shutting_down_ends_each_direction(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000), *alone = bound(b, 0, 1001);
    struct weft_addr remote = addr(PEER, 2000);
    char got[8];

    assert_int_equal(weft_shutdown(alone, WEFT_SHUT_RD), WEFT_ENOTCONN); /* and shuts it down, as on Linux */
    assert_int_equal(weft_recv(alone, got, sizeof(got), 0), 0);
    weft_close(alone);
    weft_connect(sock, &remote);
    assert_int_equal(weft_shutdown(sock, (enum weft_shut)3), WEFT_EINVAL);
    assert_int_equal(weft_shutdown(sock, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_EPIPE);
    put_text(b, PEER, 2000, US, 1000, "in");
    assert_text(sock, "in");
    assert_int_equal(weft_shutdown(sock, WEFT_SHUT_RD), 0);
    put_text(b, PEER, 2000, US, 1000, "late");
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 4); /* what comes is heard all the same */
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 0);
    assert_true(weft_ready(sock) & WEFT_HANGUP);
    weft_close(sock);
}

/* ---- the whole ---- */

struct seen {
    unsigned count, stop_at;
    struct weft_listing last;
};

static bool see(void *ctx, const struct weft_listing *item)
{
    struct seen *seen = ctx;

    seen->last = *item;
    return ++seen->count != seen->stop_at;
}

static void endpoints_are_listed_with_what_waits(void **state)
{
    struct bench *b = *state;
    weft_sock *one = connected(b, 1000, PEER, 2000), *two = bound(b, 0, 2000);
    struct seen seen = {0};

    weft_close(one);
    weft_set_cookie(two, &seen);
    put_text(b, PEER, 1, US, 2000, "12345");
    put_text(b, PEER, 1, US, 2000, "678");
    weft_list(b->s, see, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.proto, WEFT_UDP);
    assert_int_equal(seen.last.local.port, 2000);
    assert_int_equal(seen.last.recv_q, 8);
    assert_ptr_equal(seen.last.cookie, &seen);
    one = bound(b, 0, 3000);
    seen = (struct seen){.stop_at = 1};
    weft_list(b->s, see, &seen);
    assert_int_equal(seen.count, 1);
    weft_close(one);
    weft_close(two);
}

/* WEFT_SO_MAX_PACING_RATE: in eight bytes if there is room for them, else in as many of four as there is room for. */
static void a_pacing_rate_is_kept_and_told(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = unbound(b);
    uint64_t rate = 0x1122334455, got;
    uint32_t narrow = 0x11223344, most = UINT32_MAX;
    static const size_t rooms[] = {16, 8, 7, 4, 2, 0};

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &rate, sizeof rate), 0);
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        uint8_t bytes[16];
        size_t n = rooms[i], told = n >= 8 ? 8 : n >= 4 ? 4 : n;

        memset(bytes, 0xa5, sizeof bytes);
        assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, bytes, &n), 0);
        assert_int_equal(n, told);
        assert_memory_equal(bytes, told == 8 ? (const void *)&rate : (const void *)&most, told);
        for (size_t j = told; j < sizeof bytes; j++)
            assert_int_equal(bytes[j], 0xa5);
    }
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &narrow, sizeof narrow), 0);
    got = sizeof got;
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MAX_PACING_RATE, &got, &(size_t){sizeof got}), 0);
    assert_int_equal(got, narrow);
    weft_close(sock);
}

static void a_stack_may_go_with_its_sockets(void **state)
{
    struct bench *b = *state;

    connected(b, 1000, PEER, 2000);
    bound(b, 0, 2000);
    unbound(b);
    put_text(b, PEER, 1, US, 2000, "unread");
    /* teardown finds every byte given back */
}

static void an_interface_may_go_while_its_datagrams_wait(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);

    put_text(b, PEER, 1, US, 2000, "unread");
    weft_if_free(b->ifp);
    b->ifp = NULL;
    assert_text(sock, "unread");
    weft_close(sock);
}

/* Makes a socket, names it, connects, sends, receives; every step may fail for want of memory. */
static bool exchange(struct bench *b)
{
    struct weft_addr local = addr(0, 2000), remote = addr(PEER, 1000);
    uint8_t p[128], out[128];
    size_t n = make_udp(p, plain, 1000, 2000, "ping", 4);
    weft_pkt *pkt = weft_pkt_new(b->s, n);
    weft_sock *sock = NULL;
    int err = 0;
    bool done = false;

    if (pkt) {
        memcpy(weft_pkt_data(pkt), p, n);
        weft_pkt_set_len(pkt, n);
    }
    sock = weft_socket(b->s, WEFT_UDP, &err);
    if (sock && weft_bind(sock, &local) == 0 && weft_connect(sock, &remote) == 0 && pkt) {
        weft_input(b->ifp, &pkt, 1, b->now);
        pkt = NULL;
        done = weft_recv(sock, out, sizeof(out), 0) == 4 && weft_send(sock, "pong", 4, 0) == 4;
    }
    if (sock)
        weft_close(sock);
    if (pkt)
        weft_pkt_release(pkt);
    return done && bench_take(b, out, sizeof(out)) == 32;
}

static void udp_survives_each_failing_allocation(void **state)
{
    struct bench *b = *state;
    bool done = false;
    unsigned nth;

    for (nth = 1; !done && nth < 100; nth++) {
        harness_env_fail_nth(&b->h, nth);
        done = exchange(b);
        harness_env_fail_nth(&b->h, 0);
    }
    assert_true(done);
    assert_in_range(nth, 4, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(bind_takes_only_addresses_of_ours),
        CLAIM_BOTH(ports_conflict_as_the_options_say),
        CLAIM_BOTH(ephemeral_ports_run_out_and_come_back),
        CLAIM_BOTH(connecting_fixes_both_names_and_can_be_undone),
        CLAIM(replies_leave_from_the_address_the_socket_has),
        CLAIM_BOTH(shutting_down_ends_each_direction),
        CLAIM_BOTH(a_pacing_rate_is_kept_and_told),
        CLAIM(endpoints_are_listed_with_what_waits),
        CLAIM(a_stack_may_go_with_its_sockets),
        CLAIM(an_interface_may_go_while_its_datagrams_wait),
        CLAIM(udp_survives_each_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
