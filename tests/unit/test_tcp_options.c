/* SPDX-License-Identifier: MIT */
/* TCP's socket options, value by value as Linux answers them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"
#include "weft/tcp_info.h"

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_sock *sock;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->s = weft_stack_new(&env, NULL, WEFT_S, NULL);
    b->sock = weft_socket(b->s, WEFT_TCP, NULL);
    assert_non_null(b->sock);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
    return 0;
}

static int get(const weft_sock *sock, int level, int option)
{
    int value = -12345;
    size_t n = sizeof value;

    assert_int_equal(weft_getsockopt(sock, level, option, &value, &n), 0);
    assert_int_equal(n, sizeof value);
    return value;
}

static int set(weft_sock *sock, int level, int option, int value)
{
    return weft_setsockopt(sock, level, option, &value, sizeof value);
}

#define TCP(name) WEFT_SOL_TCP, WEFT_TCP_##name
#define SOL(name) WEFT_SOL_SOCKET, WEFT_SO_##name

static void options_have_their_defaults_and_keep_what_is_set(void **state)
{
    static const struct {
        int level, option, initial, value, then;
    } rows[] = {
        {TCP(NODELAY), 0, 7, 1},          {TCP(CORK), 0, -1, 1},
        {TCP(MAXSEG), 536, 1000, 1000},   {TCP(MAXSEG), 1000, 0, 536},
        {TCP(KEEPIDLE), 7200, 60, 60},    {TCP(KEEPINTVL), 75, 5, 5},
        {TCP(KEEPCNT), 9, 3, 3},          {TCP(SYNCNT), 6, 2, 2},
        {TCP(LINGER2), 60, 10, 10},       {TCP(LINGER2), 10, 100000, 120},
        {TCP(LINGER2), 120, -7, -1},      {TCP(USER_TIMEOUT), 0, 30000, 30000},
        {TCP(QUICKACK), 1, 0, 0},         {TCP(QUICKACK), 0, 1, 1},
        {TCP(NOTSENT_LOWAT), 0, 5000, 5000},    {TCP(RTO_MAX_MS), 120000, 5000, 5000},
        {TCP(RTO_MIN_US), 200000, 5000, 5000},  {TCP(DELACK_MAX_US), 200000, 5000, 5000},
        {TCP(FASTOPEN_CONNECT), 0, 1, 1},       {TCP(FASTOPEN_NO_COOKIE), 0, 1, 1},
        {SOL(KEEPALIVE), 0, 1, 1},        {SOL(PRIORITY), 0, 6, 6},
        {SOL(SNDBUF), 16384, 20000, 40000},   {SOL(SNDBUF), 40000, 1, 4608},
        {SOL(SNDBUF), 4608, -1, 425984},
        {SOL(RCVBUF), 131072, 20000, 40000},  {SOL(RCVBUF), 40000, 1, 2304},
        {SOL(RCVBUF), 2304, 1 << 20, 425984},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(get(b->sock, rows[i].level, rows[i].option), rows[i].initial);
        assert_int_equal(set(b->sock, rows[i].level, rows[i].option, rows[i].value), 0);
        assert_int_equal(get(b->sock, rows[i].level, rows[i].option), rows[i].then);
    }
}

/* There is no MPTCP; keys are those that were given. */
static void what_nobody_sets_is_told(void **state)
{
    static const uint8_t key[16] = "sixteen bytes...";
    struct bench *b = *state;
    uint8_t told[32];
    size_t n = sizeof told;

    assert_int_equal(get(b->sock, TCP(IS_MPTCP)), 0);
    assert_int_equal(weft_setsockopt(b->sock, TCP(FASTOPEN_KEY), key, sizeof key), 0);
    n = sizeof told;
    assert_int_equal(weft_getsockopt(b->sock, TCP(FASTOPEN_KEY), told, &n), 0);
    assert_int_equal(n, sizeof key);
    assert_memory_equal(told, key, sizeof key);
    assert_int_equal(set(b->sock, TCP(TIMESTAMP), 1), WEFT_EPERM);
}

/* They are told by the options that they force, and by no others. */
static void buffers_beyond_the_limit_are_forced(void **state)
{
    struct bench *b = *state;
    int value;
    size_t n = sizeof value;

    assert_int_equal(set(b->sock, SOL(SNDBUFFORCE), 1 << 20), 0);
    assert_int_equal(set(b->sock, SOL(RCVBUFFORCE), 1 << 20), 0);
    assert_int_equal(get(b->sock, SOL(SNDBUF)), 2 << 20);
    assert_int_equal(get(b->sock, SOL(RCVBUF)), 2 << 20);
    assert_int_equal(weft_getsockopt(b->sock, SOL(SNDBUFFORCE), &value, &n), WEFT_ENOPROTOOPT);
    assert_int_equal(weft_getsockopt(b->sock, SOL(RCVBUFFORCE), &value, &n), WEFT_ENOPROTOOPT);
}

static void values_out_of_range_are_refused(void **state)
{
    static const struct {
        int level, option, value, err;
    } rows[] = {
        {TCP(MAXSEG), 87, WEFT_EINVAL},      {TCP(MAXSEG), 32768, WEFT_EINVAL},     {TCP(MAXSEG), -1, WEFT_EINVAL},
        {TCP(KEEPIDLE), 0, WEFT_EINVAL},     {TCP(KEEPIDLE), 32768, WEFT_EINVAL},   {TCP(KEEPINTVL), 0, WEFT_EINVAL},
        {TCP(KEEPINTVL), 32768, WEFT_EINVAL}, {TCP(KEEPCNT), 0, WEFT_EINVAL},       {TCP(KEEPCNT), 128, WEFT_EINVAL},
        {TCP(SYNCNT), 0, WEFT_EINVAL},       {TCP(SYNCNT), 128, WEFT_EINVAL},       {TCP(USER_TIMEOUT), -1, WEFT_EINVAL},
        {TCP(TIMESTAMP), 5, WEFT_EPERM},     {TCP(INFO), 5, WEFT_ENOPROTOOPT},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(set(b->sock, rows[i].level, rows[i].option, rows[i].value), rows[i].err);
}

/* RFC 8200 §5: no link of IPv6 carries less than 1,280 bytes; 0 takes the wish back. */
static void no_smaller_mtu_than_every_link_has_is_taken_over_ipv6(void **state)
{
    static const struct {
        int value, err;
    } rows[] = {{0, 0}, {1, WEFT_EINVAL}, {1279, WEFT_EINVAL}, {1280, 0}, {1500, 0}};
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(set(sock, WEFT_SOL_IPV6, WEFT_IPV6_MTU, rows[i].value), rows[i].err);
    weft_close(sock);
}

/* A reader who waits for more than the buffer holds has it grow to twice that, but not when he chose it himself. */
static void a_low_water_mark_makes_the_buffer_grow(void **state)
{
    static const struct {
        int mark, then, buffer;
    } rows[] = {
        {0, 1, 131072}, {1000, 1000, 131072}, {100000, 100000, 200000}, {INT32_MAX, 3145728, 6291456},
        {5, 5, 6291456},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(set(b->sock, SOL(RCVLOWAT), rows[i].mark), 0);
        assert_int_equal(get(b->sock, SOL(RCVLOWAT)), rows[i].then);
        assert_int_equal(get(b->sock, SOL(RCVBUF)), rows[i].buffer);
    }
    assert_int_equal(set(b->sock, SOL(RCVBUF), 20000), 0);
    assert_int_equal(set(b->sock, SOL(RCVLOWAT), 30000), 0);
    assert_int_equal(get(b->sock, SOL(RCVLOWAT)), 20000);
    assert_int_equal(get(b->sock, SOL(RCVBUF)), 40000);
}

/* As long as there is no connection. */
static void a_window_clamp_can_be_taken_back(void **state)
{
    struct bench *b = *state;
    int before = get(b->sock, TCP(WINDOW_CLAMP));

    assert_int_equal(set(b->sock, TCP(WINDOW_CLAMP), 5000), 0);
    assert_int_equal(get(b->sock, TCP(WINDOW_CLAMP)), 5000);
    assert_int_equal(set(b->sock, TCP(WINDOW_CLAMP), 0), 0);
    assert_int_equal(get(b->sock, TCP(WINDOW_CLAMP)), before);
    assert_int_equal(before, 0);
}

/* Linux ignores it, too, since 4.17. */
static void thin_streams_have_no_option_of_their_own(void **state)
{
    struct bench *b = *state;

    assert_int_equal(set(b->sock, TCP(THIN_DUPACK), 1), 0);
    assert_int_equal(get(b->sock, TCP(THIN_DUPACK)), 0);
}

/* Nothing is there but the two limits. */
static void a_socket_without_a_connection_holds_no_memory(void **state)
{
    struct bench *b = *state;
    uint32_t held[WEFT_MEMINFO_COUNT];
    size_t n = sizeof held;

    assert_int_equal(weft_getsockopt(b->sock, SOL(MEMINFO), held, &n), 0);
    assert_int_equal(n, sizeof held);
    for (unsigned i = 0; i < WEFT_MEMINFO_COUNT; i++) {
        uint32_t limit = i == WEFT_MEMINFO_RCVBUF ? 131072 : i == WEFT_MEMINFO_SNDBUF ? 16384 : 0;

        assert_int_equal(held[i], limit);
    }
}

/* What Linux has and weft has not is said, and not taken silently. */
static void what_is_not_there_is_said(void **state)
{
    static const int options[] = {14 /* MD5SIG */, 37 /* TX_DELAY */, 9999};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int value = 0;
        size_t n = sizeof value;

        assert_int_equal(set(b->sock, WEFT_SOL_TCP, options[i], 1), WEFT_ENOPROTOOPT);
        assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_TCP, options[i], &value, &n), WEFT_ENOPROTOOPT);
    }
    assert_int_equal(set(b->sock, 41, 1, 1), WEFT_ENOPROTOOPT);
}

/* What Linux answers who has no privileges. */
static void what_nobody_may_is_refused(void **state)
{
    static const struct {
        int option, set, get;
    } rows[] = {
        {WEFT_TCP_REPAIR, WEFT_EPERM, 0},
        {WEFT_TCP_REPAIR_QUEUE, WEFT_EPERM, WEFT_EINVAL},
        {WEFT_TCP_QUEUE_SEQ, WEFT_EINVAL, WEFT_EINVAL},
        {WEFT_TCP_REPAIR_OPTIONS, WEFT_EINVAL, WEFT_ENOPROTOOPT},
        {WEFT_TCP_ZEROCOPY_RECEIVE, WEFT_ENOPROTOOPT, WEFT_EINVAL},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int value = 7;
        size_t n = sizeof value;

        assert_int_equal(set(b->sock, WEFT_SOL_TCP, rows[i].option, 1), rows[i].set);
        assert_int_equal(weft_setsockopt(b->sock, WEFT_SOL_TCP, rows[i].option, &value, 1), WEFT_EINVAL);
        assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_TCP, rows[i].option, &value, &n), rows[i].get);
        assert_int_equal(value, rows[i].get ? 7 : 0);
    }
}

/* As on Linux without any: no protocol has this name, and none is in use. */
static void there_is_no_upper_layer_protocol_to_have(void **state)
{
    struct bench *b = *state;
    char name[16] = "tls";
    size_t n = sizeof name;

    assert_int_equal(weft_setsockopt(b->sock, WEFT_SOL_TCP, WEFT_TCP_ULP, name, 3), WEFT_ENOENT);
    assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_TCP, WEFT_TCP_ULP, name, &n), 0);
    assert_int_equal(n, 0);
}

static void a_value_too_short_is_refused_before_its_option_is_looked_at(void **state)
{
    struct bench *b = *state;
    int one = 1;

    for (size_t n = 0; n < sizeof one; n++) {
        assert_int_equal(weft_setsockopt(b->sock, TCP(NODELAY), &one, n), WEFT_EINVAL);
        assert_int_equal(weft_setsockopt(b->sock, WEFT_SOL_TCP, 9999, &one, n), WEFT_EINVAL);
    }
}

static void lingering_is_told_as_it_was_set(void **state)
{
    struct bench *b = *state;
    struct weft_linger in = {1, 30}, out = {-1, -1};
    size_t n = sizeof out;

    assert_int_equal(weft_getsockopt(b->sock, SOL(LINGER), &out, &n), 0);
    assert_int_equal(out.onoff, 0);
    assert_int_equal(weft_setsockopt(b->sock, SOL(LINGER), &in, sizeof in - 1), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(b->sock, SOL(LINGER), &in, sizeof in), 0);
    assert_int_equal(weft_getsockopt(b->sock, SOL(LINGER), &out, &n), 0);
    assert_int_equal(out.onoff, 1);
    assert_int_equal(out.linger, 30);
}

static void a_connection_knows_its_paths_mtu_and_nobody_else(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), 7};
    int mtu;
    size_t n = sizeof mtu;
    weft_sock *listener = weft_socket(b->s, WEFT_TCP, NULL);

    assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_IP, WEFT_IP_MTU, &mtu, &n), WEFT_ENOTCONN);
    assert_int_equal(weft_bind(listener, &here), 0);
    assert_int_equal(weft_listen(listener, 5), 0);
    assert_int_equal(weft_getsockopt(listener, WEFT_SOL_IP, WEFT_IP_MTU, &mtu, &n), WEFT_ENOTCONN);
    assert_int_equal(weft_connect(b->sock, &here), WEFT_EINPROGRESS);
    for (int i = 0; i < 5; i++)
        weft_tick(b->s, WEFT_S + (weft_time)i);
    assert_int_equal(weft_tcp_state(b->sock), WEFT_TCP_ESTABLISHED);
    assert_int_equal(get(b->sock, WEFT_SOL_IP, WEFT_IP_MTU), 65535);
    assert_int_equal(set(b->sock, WEFT_SOL_IP, WEFT_IP_MTU, 1000), WEFT_ENOPROTOOPT);
}

/* A listener's options reach what it accepts, which may change its own without the others hearing of it. */
static void options_are_inherited(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {weft_ipv4(0x7f000001), 7};
    weft_sock *listener = weft_socket(b->s, WEFT_TCP, NULL), *server;

    assert_int_equal(set(listener, TCP(USER_TIMEOUT), 5000), 0);
    assert_int_equal(set(listener, TCP(KEEPCNT), 4), 0);
    assert_int_equal(weft_bind(listener, &here), 0);
    assert_int_equal(weft_listen(listener, 5), 0);
    assert_int_equal(weft_connect(b->sock, &here), WEFT_EINPROGRESS);
    for (int i = 0; i < 5; i++)
        weft_tick(b->s, WEFT_S + (weft_time)i);
    server = weft_accept(listener, NULL, NULL);
    assert_non_null(server);
    assert_int_equal(get(server, TCP(USER_TIMEOUT)), 5000);
    assert_int_equal(set(server, TCP(USER_TIMEOUT), 1), 0);
    assert_int_equal(get(listener, TCP(USER_TIMEOUT)), 5000);
    assert_int_equal(get(server, TCP(KEEPCNT)), 4);
    assert_int_equal(get(b->sock, TCP(KEEPCNT)), 9);
}

static void unknown_congestion_control_makes_no_stack(void **state)
{
    static const char *const names[] = {"vegas", "cubi", "cubic2", "", "sixteen letters."};
    struct bench *b = *state;
    struct weft_env env = harness_env(&b->e);
    struct weft_config config;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int err = 0;

        weft_config_default(&config);
        memset(config.tcp.congestion_control, 0, sizeof config.tcp.congestion_control);
        memcpy(config.tcp.congestion_control, names[i], strlen(names[i]));
        assert_null(weft_stack_new(&env, &config, WEFT_S, &err));
        assert_int_equal(err, WEFT_EINVAL);
    }
}

static void the_congestion_control_has_a_name(void **state)
{
    static const struct {
        const char *value;
        size_t n;
        int err;
        const char *then;
    } rows[] = {
        {"reno", 4, 0, "reno"},
        {"vegas", 5, WEFT_ENOENT, "reno"},
        {"cubic\0left over", 15, 0, "cubic"},
        {"reno", 0, WEFT_EINVAL, "cubic"},
        {"ren", 3, WEFT_ENOENT, "cubic"},
        {"reno, and more than sixteen", 27, WEFT_ENOENT, "cubic"},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[20];
        size_t n = sizeof name;

        assert_int_equal(weft_setsockopt(b->sock, TCP(CONGESTION), rows[i].value, rows[i].n), rows[i].err);
        assert_int_equal(weft_getsockopt(b->sock, TCP(CONGESTION), name, &n), 0);
        assert_int_equal(n, 16);
        assert_string_equal(name, rows[i].then);
        n = 3;
        assert_int_equal(weft_getsockopt(b->sock, TCP(CONGESTION), name, &n), 0);
        assert_int_equal(n, 3);
        assert_int_equal(weft_getsockopt(b->sock, TCP(CC_INFO), name, &n), 0);
        assert_int_equal(n, 0);
    }
}

/* Bytes below an int's number are enough at IP's level, and come back so. */
static void ip_options_may_be_a_byte(void **state)
{
    struct bench *b = *state;
    uint8_t byte = 77, out[4] = {0};
    size_t n = 1;

    assert_int_equal(weft_setsockopt(b->sock, WEFT_SOL_IP, WEFT_IP_TTL, &byte, 1), 0);
    assert_int_equal(get(b->sock, WEFT_SOL_IP, WEFT_IP_TTL), 77);
    assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_IP, WEFT_IP_TTL, out, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(out[0], 77);
    n = 3;
    assert_int_equal(weft_getsockopt(b->sock, WEFT_SOL_IP, WEFT_IP_TTL, out, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(weft_setsockopt(b->sock, WEFT_SOL_IP, WEFT_IP_TTL, &byte, 0), WEFT_EINVAL);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(options_have_their_defaults_and_keep_what_is_set),
        CLAIM(what_nobody_sets_is_told),
        CLAIM(buffers_beyond_the_limit_are_forced),
        CLAIM(values_out_of_range_are_refused),
        CLAIM(no_smaller_mtu_than_every_link_has_is_taken_over_ipv6),
        CLAIM(what_is_not_there_is_said),
        CLAIM(a_low_water_mark_makes_the_buffer_grow),
        CLAIM(a_window_clamp_can_be_taken_back),
        CLAIM(a_socket_without_a_connection_holds_no_memory),
        CLAIM(thin_streams_have_no_option_of_their_own),
        CLAIM(what_nobody_may_is_refused),
        CLAIM(there_is_no_upper_layer_protocol_to_have),
        CLAIM(a_value_too_short_is_refused_before_its_option_is_looked_at),
        CLAIM(lingering_is_told_as_it_was_set),
        CLAIM(a_connection_knows_its_paths_mtu_and_nobody_else),
        CLAIM(options_are_inherited),
        CLAIM(unknown_congestion_control_makes_no_stack),
        CLAIM(the_congestion_control_has_a_name),
        CLAIM(ip_options_may_be_a_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
