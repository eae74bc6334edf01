/* SPDX-License-Identifier: MIT */
/* Where a connection came in, for who has asked (WEFT_IP_PKTOPTIONS, WEFT_IPV6_2292PKTOPTIONS). */
#include "tcp_bench.h"

static int setup(void **state)
{
    struct bench *b = malloc(sizeof *b);

    bench_begin(b, NULL);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_end(*state);
    free(*state);
    return 0;
}

static void turn_on(weft_sock *sock, int level, int option)
{
    int one = 1;

    assert_int_equal(weft_setsockopt(sock, level, option, &one, sizeof one), 0);
}

static struct weft_control origin_of(const weft_sock *sock, int level, int option)
{
    struct weft_control origin;
    size_t n = sizeof origin;

    assert_int_equal(weft_getsockopt(sock, level, option, &origin, &n), 0);
    assert_int_equal(n, sizeof origin);
    return origin;
}

static bool is_here(const struct weft_ip *ip)
{
    struct weft_addr here = bench_address();

    return memcmp(ip, &here.ip, sizeof *ip) == 0;
}

/* Connects a socket with a TTL and a class of its own, and accepts. */
static void meet(struct bench *b)
{
    struct weft_addr here = bench_address();
    int ttl = 33, tos = 0x48;

    b->client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_IP, WEFT_IP_TTL, &ttl, sizeof ttl), 0);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_IP, WEFT_IP_TOS, &tos, sizeof tos), 0);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    b->server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(b->server);
}

static void a_listener_that_asks_tells_where_each_came_in(void **state)
{
    struct bench *b = *state;
    struct weft_control origin;

    turn_on(b->listener, WEFT_SOL_IP, WEFT_IP_PKTINFO);
    turn_on(b->listener, WEFT_SOL_IP, WEFT_IP_RECVTTL);
    meet(b);
    origin = origin_of(b->server, WEFT_SOL_IP, WEFT_IP_PKTOPTIONS);
    assert_int_equal(origin.has, WEFT_CONTROL_PKTINFO | WEFT_CONTROL_TTL);
    assert_true(origin.v4);
    assert_int_equal(origin.interface, weft_if_index(b->lo));
    assert_int_equal(origin.ttl, 33);
    assert_int_equal(origin.tos, 0x48);
    assert_true(is_here(&origin.address));
    assert_true(is_here(&origin.local));
}

static void who_asks_too_late_is_told_the_address_alone(void **state)
{
    struct bench *b = *state;
    struct weft_control origin;

    meet(b);
    assert_int_equal(origin_of(b->server, WEFT_SOL_IP, WEFT_IP_PKTOPTIONS).has, 0);
    turn_on(b->server, WEFT_SOL_IP, WEFT_IP_PKTINFO);
    turn_on(b->server, WEFT_SOL_IP, WEFT_IP_RECVTOS);
    origin = origin_of(b->server, WEFT_SOL_IP, WEFT_IP_PKTOPTIONS);
    assert_int_equal(origin.has, WEFT_CONTROL_PKTINFO | WEFT_CONTROL_TOS);
    assert_int_equal(origin.interface, 0);
    assert_int_equal(origin.ttl, 1);
    assert_int_equal(origin.tos, 0);
    assert_true(is_here(&origin.address));
}

/* Of IPv6, who connects is told as well; and it is enough that the option itself was set. */
static void of_six_both_ends_are_told(void **state)
{
    struct bench *b = *state;
    struct weft_addr here = {{{[15] = 1}}, PORT};
    weft_sock *l = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);
    struct weft_control origin;
    int hops = 33;

    weft_close(b->listener);
    b->listener = l;
    turn_on(l, WEFT_SOL_IPV6, WEFT_IPV6_2292PKTOPTIONS);
    assert_int_equal(weft_bind(l, &here), 0);
    assert_int_equal(weft_listen(l, 1), 0);
    b->client = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);
    turn_on(b->client, WEFT_SOL_IPV6, WEFT_IPV6_RECVPKTINFO);
    assert_int_equal(weft_setsockopt(b->client, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &hops, sizeof hops), 0);
    assert_int_equal(weft_connect(b->client, &here), WEFT_EINPROGRESS);
    carry(b);
    b->server = weft_accept(l, NULL, NULL);
    assert_non_null(b->server);
    origin = origin_of(b->server, WEFT_SOL_IPV6, WEFT_IPV6_2292PKTOPTIONS);
    assert_int_equal(origin.has, 0);
    assert_int_equal(origin.ttl, 33);
    assert_int_equal(origin.interface, weft_if_index(b->lo));
    origin = origin_of(b->client, WEFT_SOL_IPV6, WEFT_IPV6_2292PKTOPTIONS);
    assert_int_equal(origin.has, WEFT_CONTROL_PKTINFO6);
    assert_int_equal(origin.ttl, 64);
    assert_memory_equal(&origin.address, &here.ip, sizeof origin.address);
}

/* Refuses the n-th allocation of a handshake; true: that was of what is kept, and the connection stands all the same. */
static bool stands_without(size_t n)
{
    struct bench b;
    bool stands = false;

    bench_begin(&b, NULL);
    turn_on(b.listener, WEFT_SOL_IP, WEFT_IP_PKTINFO);
    bench_connect(&b);
    harness_env_fail_nth(&b.e, n);
    carry(&b);
    harness_env_fail_nth(&b.e, 0);
    b.server = weft_accept(b.listener, NULL, NULL);
    if (b.server && weft_tcp_state(b.server) == WEFT_TCP_ESTABLISHED)
        stands = origin_of(b.server, WEFT_SOL_IP, WEFT_IP_PKTOPTIONS).interface == 0;
    bench_end(&b);
    return stands;
}

static void without_memory_it_is_not_kept(void **state)
{
    bool any = false;

    (void)state;
    for (size_t n = 1; n <= 40; n++)
        any |= stands_without(n);
    assert_true(any);
}

static void there_is_an_int_to_be_set(void **state)
{
    struct bench *b = *state;
    weft_sock *six = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);
    uint8_t byte = 1;

    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_2292PKTOPTIONS, &byte, sizeof byte), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_IP, WEFT_IP_PKTOPTIONS, &byte, sizeof byte),
                     WEFT_ENOPROTOOPT);
    weft_close(six);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listener_that_asks_tells_where_each_came_in, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_too_late_is_told_the_address_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(of_six_both_ends_are_told, setup, teardown),
        cmocka_unit_test(without_memory_it_is_not_kept),
        cmocka_unit_test_setup_teardown(there_is_an_int_to_be_set, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
