/* SPDX-License-Identifier: MIT */
/* Sockets of both families on one stack: who takes what, and who stands in whose way. */
#include "ip6_bench.h"
#include "weft/sock.h"

struct whole {
    struct harness_env e;
    weft_stack *s;
    weft_time now;
};

static int setup_whole(void **state)
{
    struct whole *w = calloc(1, sizeof *w);
    struct weft_env env;

    harness_env_init(&w->e, 1);
    env = harness_env(&w->e);
    w->now = WEFT_S;
    w->s = weft_stack_new(&env, NULL, w->now, NULL);
    assert_non_null(w->s);
    *state = w;
    return 0;
}

static int teardown_whole(void **state)
{
    struct whole *w = *state;

    weft_stack_free(w->s);
    harness_env_check(&w->e);
    free(w);
    return 0;
}

static void carry(struct whole *w)
{
    do
        weft_tick(w->s, w->now);
    while (weft_output_wanted(weft_if_find(w->s, "lo")));
}

/* "4", "6", or "o": of IPv6 only. */
static weft_sock *sock_of(weft_stack *s, enum weft_proto proto, char kind)
{
    weft_sock *sock = weft_socket_in(s, kind == '4' ? WEFT_INET : WEFT_INET6, proto, NULL);
    int one = 1;

    assert_non_null(sock);
    if (kind == 'o')
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, &one, sizeof one), 0);
    return sock;
}

/* R3493-1: who listens at what, and who is heard there. */
static void listeners_take_what_their_family_and_address_say(void **state)
{
    static const struct {
        char kind;
        const char *at, *to;
        bool heard;
    } rows[] = {
        {'4', "0.0.0.0", "127.0.0.1", true}, {'4', "0.0.0.0", "::1", false},      {'6', "::", "::1", true},
        {'6', "::", "127.0.0.1", true},      {'o', "::", "127.0.0.1", false},     {'o', "::", "::1", true},
        {'6', "::1", "::1", true},           {'6', "::1", "127.0.0.1", false},    {'6', "127.0.0.1", "127.0.0.1", true},
        {'6', "0.0.0.0", "127.0.0.1", true}, {'6', "0.0.0.0", "::1", false},      {'4', "::", "127.0.0.1", true},
    };
    struct whole *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned mapped = 0; mapped < 2; mapped++) {
            struct weft_addr at = addr6(rows[i].at, 80), to = addr6(rows[i].to, 80), name, peer;
            char client_kind = ip_is_v4(&to.ip) && !mapped ? '4' : '6'; /* by its mapped form, or as it is */
            weft_sock *l = sock_of(w->s, WEFT_TCP, rows[i].kind), *c = sock_of(w->s, WEFT_TCP, client_kind), *a;
            uint8_t byte;

            assert_int_equal(weft_bind(l, &at), 0);
            assert_int_equal(weft_listen(l, 1), 0);
            assert_int_equal(weft_connect(c, &to), WEFT_EINPROGRESS);
            carry(w);
            a = weft_accept(l, &peer, NULL);
            assert_int_equal(a != NULL, rows[i].heard);
            if (!a) {
                assert_int_equal(weft_error(c), WEFT_ECONNREFUSED);
            } else {
                assert_int_equal(weft_sock_family(a), weft_sock_family(l));
                weft_getsockname(a, &name);
                assert_memory_equal(&name.ip, &to.ip, sizeof to.ip);
                assert_int_equal(ip_is_v4(&peer.ip), ip_is_v4(&to.ip));
                assert_int_equal(weft_send(c, "x", 1, 0), 1);
                carry(w);
                assert_int_equal(weft_recv(a, &byte, 1, 0), 1);
                weft_abort(a);
            }
            weft_abort(c);
            weft_close(l);
            carry(w);
        }
}

/* As Linux: two sockets on one port, of TCP and UDP alike, without any option. */
static void bindings_conflict_when_something_could_be_for_both(void **state)
{
    static const struct {
        char kind1;
        const char *at1;
        char kind2;
        const char *at2;
        bool conflict;
    } rows[] = {
        {'4', "0.0.0.0", '6', "::", true},          {'4', "0.0.0.0", 'o', "::", false},
        {'4', "0.0.0.0", '6', "::1", false},        {'4', "127.0.0.1", '6', "::", true},
        {'4', "127.0.0.1", 'o', "::", false},       {'4', "127.0.0.1", '6', "::1", false},
        {'4', "127.0.0.1", '6', "127.0.0.1", true}, {'4', "0.0.0.0", '6', "127.0.0.1", true},
        {'4', "127.0.0.1", '6', "0.0.0.0", true},   {'6', "::", '6', "::", true},
        {'6', "::", 'o', "::", true},               {'6', "::", '6', "::1", true},
        {'o', "::", '6', "::1", true},              {'o', "::", 'o', "::", true},
        {'o', "::", '6', "0.0.0.0", false},         {'6', "::", '6', "0.0.0.0", true},
        {'6', "::1", '6', "127.0.0.1", false},      {'6', "::1", '6', "::1", true},
        {'4', "127.0.0.1", '4', "127.0.0.2", false}, {'6', "::1", '6', "0.0.0.0", false},
    };
    static const enum weft_proto protos[] = {WEFT_TCP, WEFT_UDP};
    struct whole *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t p = 0; p < ARRAY_LEN(protos); p++)
            for (unsigned swap = 0; swap < 2; swap++) {
                weft_sock *first = sock_of(w->s, protos[p], swap ? rows[i].kind2 : rows[i].kind1);
                weft_sock *second = sock_of(w->s, protos[p], swap ? rows[i].kind1 : rows[i].kind2);
                struct weft_addr one = addr6(swap ? rows[i].at2 : rows[i].at1, 99);
                struct weft_addr two = addr6(swap ? rows[i].at1 : rows[i].at2, 99);

                assert_int_equal(weft_bind(first, &one), 0);
                if (protos[p] == WEFT_TCP)
                    assert_int_equal(weft_listen(first, 1), 0);
                assert_int_equal(weft_bind(second, &two), rows[i].conflict ? WEFT_EADDRINUSE : 0);
                weft_close(second);
                weft_close(first);
            }
}

static void addresses_of_the_wrong_family_are_refused(void **state)
{
    struct whole *w = *state;
    weft_sock *four = sock_of(w->s, WEFT_TCP, '4'), *only = sock_of(w->s, WEFT_TCP, 'o');
    weft_sock *six = sock_of(w->s, WEFT_UDP, '6');
    struct weft_addr v6 = addr6("::1", 80), v4 = addr6("127.0.0.1", 80), name;
    int err = 0;

    assert_int_equal(weft_bind(four, &v6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_connect(four, &v6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_bind(only, &v4), WEFT_EINVAL);
    assert_int_equal(weft_connect(only, &v4), WEFT_ENETUNREACH);
    assert_int_equal(weft_bind(six, &v6), 0);
    assert_int_equal(weft_sendto(six, "x", 1, 0, &v4), WEFT_ENETUNREACH); /* bound to one family, sending by the other */
    assert_null(weft_socket_in(w->s, (enum weft_family)3, WEFT_TCP, &err));
    assert_int_equal(err, WEFT_EAFNOSUPPORT);
    assert_null(weft_socket_in(w->s, WEFT_INET6, WEFT_ICMP, &err));
    assert_int_equal(err, WEFT_EPROTONOSUPPORT);
    weft_getsockname(only, &name); /* nothing bound: the any-address of its family */
    assert_memory_equal(&name.ip, (struct weft_ip[]){{{0}}}, 16);
    weft_close(four);
    weft_close(only);
    weft_close(six);
}

static void options_of_ipv6_are_for_its_sockets(void **state)
{
    struct whole *w = *state;
    weft_sock *four = sock_of(w->s, WEFT_UDP, '4'), *six = sock_of(w->s, WEFT_UDP, '6');
    struct weft_addr any = {.port = 9};
    int v = 7, got;
    size_t n = sizeof got;

    assert_int_equal(weft_setsockopt(four, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &v, sizeof v), WEFT_ENOPROTOOPT);
    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &v, sizeof v), 0);
    assert_int_equal(weft_getsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &got, &n), 0);
    assert_int_equal(got, 7);
    v = -1;
    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &v, sizeof v), 0);
    assert_int_equal(weft_getsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &got, &n), 0);
    assert_int_equal(got, 64);
    v = 256;
    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &v, sizeof v), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, &v, sizeof v), WEFT_EINVAL);
    assert_int_equal(weft_bind(six, &any), 0);
    assert_int_equal(weft_setsockopt(six, WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, &v, sizeof v), WEFT_EINVAL); /* too late */
    weft_close(four);
    weft_close(six);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listeners_take_what_their_family_and_address_say, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(bindings_conflict_when_something_could_be_for_both,
                                        setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(addresses_of_the_wrong_family_are_refused, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(options_of_ipv6_are_for_its_sockets, setup_whole, teardown_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
