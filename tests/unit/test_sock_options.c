/* SPDX-License-Identifier: MIT */
/* The generic socket options, and what the sockets layer checks before it asks a protocol. */
#include "ip_bench.h"

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static int get_int(const weft_sock *sock, int level, int option)
{
    int value = -12345;
    size_t n = sizeof(value);

    assert_int_equal(weft_getsockopt(sock, level, option, &value, &n), 0);
    assert_int_equal(n, sizeof(value));
    return value;
}

static int set_int(weft_sock *sock, int level, int option, int value)
{
    return weft_setsockopt(sock, level, option, &value, sizeof(value));
}

static void options_have_their_defaults_and_keep_what_is_set(void **state)
{
    static const struct {
        int level, option, initial, value, then;
    } rows[] = {
        {WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 0, 7, 1},
        {WEFT_SOL_SOCKET, WEFT_SO_REUSEPORT, 0, 1, 1},
        {WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 0, -1, 1},
        {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, 212992, 100000, 200000}, /* doubled, as on Linux */
        {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 212992, 100000, 200000},
        {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 200000, 1, 2304},
        {WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 2304, 500000, 425984}, /* at most net.core.rmem_max, doubled */
        {WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, 200000, -1, 425984},   /* a large number, as Linux reads it */
        {WEFT_SOL_IP, WEFT_IP_TOS, 0, 0xff, 0xff},
        {WEFT_SOL_IP, WEFT_IP_TTL, 64, 255, 255}, /* R1122-3.2.1.7b */
        {WEFT_SOL_IP, WEFT_IP_TTL, 255, 1, 1},
        {WEFT_SOL_IP, WEFT_IP_TTL, 1, -1, 64},
    };
    weft_sock *sock = bench_udp(*state, NULL);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(get_int(sock, rows[i].level, rows[i].option), rows[i].initial);
        assert_int_equal(set_int(sock, rows[i].level, rows[i].option, rows[i].value), 0);
        assert_int_equal(get_int(sock, rows[i].level, rows[i].option), rows[i].then);
    }
    weft_close(sock);
}

static void values_out_of_range_are_refused(void **state)
{
    static const struct {
        int level, option, value;
    } rows[] = {
        {WEFT_SOL_IP, WEFT_IP_TTL, 0},      {WEFT_SOL_IP, WEFT_IP_TTL, 256},   {WEFT_SOL_IP, WEFT_IP_TTL, -2},
        {WEFT_SOL_IP, WEFT_IP_MINTTL, 256}, {WEFT_SOL_IP, WEFT_IP_MINTTL, -1},
    };
    weft_sock *sock = bench_udp(*state, NULL);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int before = get_int(sock, rows[i].level, rows[i].option);

        assert_int_equal(set_int(sock, rows[i].level, rows[i].option, rows[i].value), WEFT_EINVAL);
        assert_int_equal(get_int(sock, rows[i].level, rows[i].option), before);
    }
    weft_close(sock);
}

static void values_too_short_are_refused(void **state)
{
    static const int options[] = {WEFT_SO_REUSEADDR, WEFT_SO_RCVBUF};
    weft_sock *sock = bench_udp(*state, NULL);
    int one = 1;

    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        for (size_t n = 0; n < sizeof(one); n++)
            assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, options[i], &one, n), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, NULL, 4), WEFT_EFAULT);
    weft_close(sock);
}

static void getting_writes_no_more_than_there_is_room_for(void **state)
{
    static const int options[] = {WEFT_SO_TYPE, WEFT_SO_RCVBUF};
    weft_sock *sock = bench_udp(*state, NULL);

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        for (size_t room = 0; room <= 8; room++) {
            uint8_t value[9];
            size_t n = room;

            memset(value, 0xa5, sizeof(value));
            assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, options[i], value, &n), 0);
            assert_int_equal(n, min_size(room, sizeof(int)));
            assert_int_equal(value[n], 0xa5);
        }
    }
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_TYPE, NULL, NULL), WEFT_EFAULT);
    weft_close(sock);
}

/* As on Linux: into less room than an int has, IPv4's options give what fits a byte as a byte, and all else its front. */
static void small_numbers_of_ipv4_are_given_as_a_byte(void **state)
{
    static const struct {
        int option, value;
        size_t room, given;
    } rows[] = {
        {WEFT_IP_TOS, 0, 1, 1},  {WEFT_IP_TOS, 0, 3, 1},    {WEFT_IP_TOS, 0, 4, 4},    {WEFT_IP_TOS, 0, 0, 0},
        {WEFT_IP_TTL, 64, 2, 1}, {WEFT_IP_TTL, 255, 3, 1}, {WEFT_IP_TTL, 255, 4, 4},
    };
    weft_sock *sock = bench_udp(*state, NULL);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t value[4] = {0xa5};
        size_t n = rows[i].room;
        int whole;

        if (rows[i].value)
            assert_int_equal(set_int(sock, WEFT_SOL_IP, rows[i].option, rows[i].value), 0);
        assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, rows[i].option, value, &n), 0);
        assert_int_equal(n, rows[i].given);
        memcpy(&whole, value, sizeof whole);
        assert_int_equal(n == sizeof whole ? whole : value[0], n == 0 ? 0xa5 : rows[i].value);
    }
    weft_close(sock);
}

static void a_socket_knows_what_it_is(void **state)
{
    static const enum weft_proto protocols[] = {WEFT_UDP, WEFT_ICMP};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
        weft_sock *sock = weft_socket(b->s, protocols[i], NULL);

        assert_int_equal(get_int(sock, WEFT_SOL_SOCKET, WEFT_SO_TYPE), 2);
        assert_int_equal(get_int(sock, WEFT_SOL_SOCKET, WEFT_SO_PROTOCOL), protocols[i]);
        assert_int_equal(get_int(sock, WEFT_SOL_SOCKET, WEFT_SO_ACCEPTCONN), 0);
        assert_int_equal(set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_TYPE, 1), WEFT_ENOPROTOOPT);
        assert_int_equal(weft_sock_proto(sock), protocols[i]);
        assert_ptr_equal(weft_sock_stack(sock), b->s);
        assert_int_equal(weft_tcp_state(sock), WEFT_TCP_CLOSED);
        weft_close(sock);
    }
}

static void reading_the_error_takes_it(void **state)
{
    weft_sock *sock = bench_udp(*state, NULL);

    endpoint_fail(sock, WEFT_ECONNREFUSED);
    assert_int_equal(get_int(sock, WEFT_SOL_SOCKET, WEFT_SO_ERROR), -WEFT_ECONNREFUSED);
    assert_int_equal(get_int(sock, WEFT_SOL_SOCKET, WEFT_SO_ERROR), 0);
    endpoint_fail(sock, WEFT_ECONNREFUSED);
    assert_int_equal(weft_error(sock), WEFT_ECONNREFUSED);
    assert_int_equal(weft_error(sock), 0);
    weft_close(sock);
}

static void unknown_options_are_named_so(void **state)
{
    static const int levels[] = {WEFT_SOL_SOCKET, WEFT_SOL_IP, WEFT_SOL_TCP, 41, -1};
    weft_sock *udp = bench_udp(*state, NULL);
    int value = 0;
    size_t n = sizeof(value);

    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        assert_int_equal(weft_setsockopt(udp, levels[i], 9999, &value, sizeof(value)), WEFT_ENOPROTOOPT);
        assert_int_equal(weft_getsockopt(udp, levels[i], 9999, &value, &n),
                         levels[i] == WEFT_SOL_SOCKET || levels[i] == WEFT_SOL_IP ? WEFT_ENOPROTOOPT : WEFT_EOPNOTSUPP);
    }
    assert_int_equal(set_int(udp, WEFT_SOL_TCP, WEFT_TCP_NODELAY, 1), WEFT_ENOPROTOOPT);
    weft_close(udp);
}

static void what_a_protocol_cannot_do_is_said(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    int err = 0;

    assert_int_equal(weft_listen(sock, 5), WEFT_EOPNOTSUPP);
    assert_null(weft_accept(sock, NULL, &err));
    assert_int_equal(err, WEFT_EOPNOTSUPP);
    assert_null(weft_socket(b->s, (enum weft_proto)99, &err));
    assert_int_equal(err, WEFT_EPROTONOSUPPORT);
    assert_null(weft_socket(b->s, (enum weft_proto)9999, &err));
    assert_int_equal(err, WEFT_EPROTONOSUPPORT);
    assert_null(weft_socket(b->s, (enum weft_proto)BENCH_PROTO, &err)); /* it has no sockets */
    assert_int_equal(weft_unsent(sock), 0);
    weft_abort(sock);
}

static void addresses_are_checked_before_the_protocol_sees_them(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_addr v6 = {.ip = {{0x20, 1, 0xd, 0xb8}}, .port = 1}, any6 = {.port = 2000}, name;

    assert_int_equal(weft_bind(sock, NULL), WEFT_EINVAL);
    assert_int_equal(weft_connect(sock, NULL), WEFT_EINVAL);
    assert_int_equal(weft_bind(sock, &v6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_connect(sock, &v6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_bind(sock, &any6), 0); /* :: is any address of any family */
    weft_getsockname(sock, &name);
    assert_true(ip_is_v4(&name.ip));
    assert_int_equal(name.port, 2000);
    weft_close(sock);
}

static void pieces_are_checked_before_the_protocol_sees_them(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_addr to = {.ip = weft_ipv4(PEER), .port = 7};
    char bytes[4] = "abc";
    struct weft_iov too_much[2] = {{bytes, (size_t)PTRDIFF_MAX}, {bytes, 1}}, hole[2] = {{bytes, 1}, {NULL, 3}};

    assert_int_equal(weft_sendmsg(sock, too_much, 2, 0, &to), WEFT_EINVAL);
    assert_int_equal(weft_sendmsg(sock, hole, 2, 0, &to), WEFT_EFAULT);
    assert_int_equal(weft_sendmsg(sock, NULL, 1, 0, &to), WEFT_EFAULT);
    assert_int_equal(weft_recvmsg(sock, hole, 2, 0, NULL, NULL), WEFT_EFAULT);
    assert_int_equal(weft_sendmsg(sock, NULL, 0, 0, &to), 0);
    weft_close(sock);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(options_have_their_defaults_and_keep_what_is_set),
        CLAIM(values_out_of_range_are_refused),
        CLAIM(values_too_short_are_refused),
        CLAIM(getting_writes_no_more_than_there_is_room_for),
        CLAIM(small_numbers_of_ipv4_are_given_as_a_byte),
        CLAIM(a_socket_knows_what_it_is),
        CLAIM(reading_the_error_takes_it),
        CLAIM(unknown_options_are_named_so),
        CLAIM(what_a_protocol_cannot_do_is_said),
        CLAIM(addresses_are_checked_before_the_protocol_sees_them),
        CLAIM(pieces_are_checked_before_the_protocol_sees_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
