/* SPDX-License-Identifier: MIT */
/* Sockets of both families: who takes what, who stands in whose way, and datagrams of IPv6 in and out. */
#include <stdio.h>

#include "ip6_bench.h"
#include "weft/sock.h"

static int setup(void **state)
{
    *state = bench6_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* ---- a whole stack on its loopback ---- */

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

/* ---- datagrams on a bare link ---- */

static void udp6_goes_out_with_hop_limit_class_and_label(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = addr6(PEER6, 7), far = addr6(STRANGER6, 7);
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t p[200];
    struct ipv6_header h, again, other;
    struct csum sum = {0};
    int hops = 9, tclass = 0x2e;
    size_t n;

    weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &hops, sizeof hops);
    weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, &tclass, sizeof tclass);
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
    n = bench_take(b, p, sizeof p);
    h = read_ip6(p, n, US6, PEER6);
    assert_int_equal(h.hop_limit, 9);
    assert_int_equal(h.tclass, 0x2e);
    assert_int_equal(h.next, IP_PROTO_UDP);
    ip_pseudo_header(&sum, &h.src, &h.dst, IP_PROTO_UDP, h.payload_len);
    csum_add(&sum, p + 40, h.payload_len);
    assert_int_equal(csum_fold(&sum), 0);
    /* R6437-1: constant within a flow, not among flows */
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
    again = read_ip6(p, bench_take(b, p, sizeof p), US6, PEER6);
    assert_int_equal(again.flow_label, h.flow_label);
    assert_true(h.flow_label != 0);
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &far), 5);
    other = read_ip6(p, bench_take(b, p, sizeof p), US6, STRANGER6);
    assert_true(other.flow_label != h.flow_label);
    weft_close(sock);
}

/* Each datagram of a train is longer than what the socket lets pass in one piece: fragments, as if it were sent alone. */
static void a_train_of_long_datagrams_is_fragmented(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr to = {ip6(PEER6), 2000};
    static const uint8_t payload[2800];
    int segment = 1400, mtu = 1280;
    uint8_t out[1500];
    size_t n, pieces = 0;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, &segment, sizeof segment), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MTU, &mtu, sizeof mtu), 0);
    assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
    while ((n = bench_take(b, out, sizeof out))) {
        assert_true(n <= 1280);
        assert_int_equal(out[6], 44); /* a fragment header is next */
        pieces++;
    }
    assert_int_equal(pieces, 4);
    weft_close(sock);
}

static void udp6_is_received_and_answered_by_errors(void **state)
{
    struct bench *b = *state;
    struct weft_addr local = {.port = 53}, from;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t p[2000], payload[1400] = {0};
    struct weft_ip peer = ip6(PEER6);
    size_t n;

    assert_int_equal(weft_bind(sock, &local), 0);
    bench_input(b, p, make_udp6(p, (struct make6){0}, 1000, 53, "question", 8));
    assert_int_equal(weft_recvfrom(sock, p, sizeof p, 0, &from), 8);
    assert_memory_equal(&from.ip, &peer, 16);
    assert_int_equal(from.port, 1000);
    /* R8200-8.1: no checksum, no datagram */
    n = make_udp6(p, (struct make6){0}, 1000, 53, "question", 8);
    poke_u16(p + 46, 0);
    bench_expect_drop(b, udp_checksum, bench_input(b, p, n));
    /* R4443-3.1, R4443-2.4c: closed ports are told, with all that fits into 1,280 bytes */
    n = make_udp6(p, (struct make6){0}, 1000, 54, payload, sizeof payload);
    bench_expect_drop(b, udp_no_port, bench_input(b, p, n));
    expect_error6(b, ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0, p, n);
    n = make_udp6(p, (struct make6){.dst = ALL_NODES}, 1000, 54, payload, 20);
    bench_expect_drop(b, udp_no_port, bench_input(b, p, n));
    bench_assert_silent(b);
    weft_close(sock);
}

/* RFC 6437 §2: the answers of one flow have one label, which is not nothing; others' have another. */
static void echo6_answers_have_the_flows_label(void **state)
{
    static const char *const from[] = {PEER6, PEER6, "2001:db8:9::77"};
    struct bench *b = *state;
    uint8_t p[100], out[100];
    uint32_t label[3];

    for (unsigned i = 0; i < 3; i++) {
        bench_input(b, p, make_icmp6(p, (struct make6){.src = from[i]}, ICMPV6_ECHO, 0, 0x70001 + i, "x", 1));
        assert_int_equal(bench_take(b, out, sizeof out), 49);
        label[i] = read_ip6(out, 49, US6, from[i]).flow_label;
    }
    assert_int_not_equal(label[0], 0);
    assert_int_equal(label[1], label[0]);
    assert_int_not_equal(label[2], label[0]);
}

/* RFC 3542 §6.2: an interface for all that is sent; one that another option has chosen already must be the same. */
static void sticky_interface_stands_where_no_other_is_chosen(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t info[20] = {0};
    uint32_t index = weft_if_index(b->other);

    memcpy(info + 16, &index, 4);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_PKTINFO, info, 19), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_PKTINFO, info, 20), 0);
    weft_close(sock);
}

/* What waits is told by its true size, and the limits as they are. */
static void memory_of_a_socket_is_told(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr here = {ip6(US6), 54};
    uint32_t held[WEFT_MEMINFO_COUNT];
    size_t n = sizeof held;
    uint8_t p[200];

    assert_int_equal(weft_bind(sock, &here), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MEMINFO, held, &n), 0);
    assert_int_equal(held[WEFT_MEMINFO_RMEM], 0);
    bench_input(b, p, make_udp6(p, (struct make6){0}, 1000, 54, "12345678", 8));
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_MEMINFO, held, &n), 0);
    assert_in_range(held[WEFT_MEMINFO_RMEM], 8, 4096);
    assert_true(held[WEFT_MEMINFO_RCVBUF] > 4096 && held[WEFT_MEMINFO_SNDBUF] > 4096);
    assert_int_equal(held[WEFT_MEMINFO_DROPS], 0);
    weft_close(sock);
}

static void echo6_returns_everything(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 8, 56, 1232};
    struct bench *b = *state;
    uint8_t p[2000], out[2000], payload[1300];
    struct ipv6_header h;

    fill_pattern(payload, sizeof payload, 3);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) { /* R4443-4.2 */
        bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 0x70001, payload, sizes[i]));
        assert_int_equal(bench_take(b, out, sizeof out), 48 + sizes[i]);
        h = read_ip6(out, 48 + sizes[i], US6, PEER6);
        assert_int_equal(h.next, IP_PROTO_ICMPV6);
        assert_int_equal(out[40], ICMPV6_ECHO_REPLY);
        assert_memory_equal(out + 44, p + 44, 4);
        assert_memory_equal(out + 48, payload, sizes[i]);
    }
    bench_input(b, p, make_icmp6(p, (struct make6){.dst = ALL_NODES}, ICMPV6_ECHO, 0, 1, "x", 1));
    read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6); /* to many: from an address of ours */
    bench_input(b, p, make_icmp6(p, (struct make6){.src = "fe80::1", .dst = "fe80::2"}, ICMPV6_ECHO, 0, 1, "x", 1));
    read_ip6(out, bench_take(b, out, sizeof out), "fe80::2", "fe80::1");
    bench_expect_drop(b, icmp_checksum, ({
                          size_t n = make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1);
                          p[43] ^= 1;
                          bench_input(b, p, n);
                      }));
    bench_assert_silent(b);
}

/* Linux's net.ipv6.icmp.echo_ignore_all and echo_ignore_multicast. */
static void echo6_can_be_switched_off(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[100];
    size_t n = make_icmp6(p, (struct make6){.dst = ALL_NODES}, ICMPV6_ECHO, 0, 1, "x", 1);

    b->s->config.icmp_echo_ignore = true; /* IPv4's is another */
    b->s->config.icmp6_echo_ignore_groups = true;
    bench_expect_drop(b, icmp_echo_ignored, bench_input(b, p, n));
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1));
    assert_int_equal(bench_take(b, out, sizeof out), 49);
    b->s->config.icmp6_echo_ignore_groups = false;
    b->s->config.icmp6_echo_ignore = true;
    bench_expect_drop(b, icmp_echo_ignored, bench_input(b, p, n));
    bench_expect_drop(b, icmp_echo_ignored,
                      bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1)));
    bench_assert_silent(b);
}

/* Linux's net.ipv6.conf.all.hop_limit; what a router of the link says comes first: test_router.c. */
static void the_usual_hop_limit_can_be_set(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr to = addr6(PEER6, 7);
    uint8_t p[100], out[100];
    int hops;
    size_t n = sizeof hops;

    b->s->config.ip6_hop_limit = 200;
    b->s->config.ip_default_ttl = 100; /* IPv4's is another */
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1));
    assert_int_equal(read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6).hop_limit, 200);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6).hop_limit, 200);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &hops, &n), 0);
    assert_int_equal(hops, 200);
    weft_close(sock);
}

static void ping6_socket_sends_requests_and_gets_its_replies(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_ICMPV6, NULL);
    struct weft_addr to = addr6(PEER6, 0), v4 = {.ip = weft_ipv4(PEER)}, from;
    uint8_t request[12] = {ICMPV6_ECHO, 0, 0, 0, 0, 0, 0, 1, 'p', 'i', 'n', 'g'}, p[200], reply[64];
    size_t n;

    assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &v4), WEFT_ENETUNREACH);
    assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &to), sizeof request);
    n = bench_take(b, p, sizeof p);
    read_ip6(p, n, US6, PEER6);
    n = make_icmp6(reply, (struct make6){0}, ICMPV6_ECHO_REPLY, 0, peek_u32(p + 44), p + 48, 4);
    bench_input(b, reply, n);
    assert_int_equal(weft_recvfrom(sock, p, sizeof p, 0, &from), sizeof request);
    assert_memory_equal(&from.ip, &to.ip, 16);
    assert_memory_equal(p + 8, "ping", 4);
    weft_close(sock);
}

/* R3493-1: an address of link scope is nothing without its zone, unless only one link can be meant. */
static void link_local_peers_need_a_zone(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr to = addr6("fe80::9", 7);
    uint8_t p[100];

    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_EINVAL);
    weft_ip_set_zone(&to.ip, weft_if_index(b->other));
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    read_ip6(p, bench_take_from(b, b->other, p, sizeof p), "fe80::2", "fe80::9");
    weft_ip_set_zone(&to.ip, 77);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_EINVAL);
    weft_if_free(b->other);
    weft_ip_set_zone(&to.ip, 0);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    read_ip6(p, bench_take(b, p, sizeof p), "fe80::2", "fe80::9");
    weft_close(sock);
}

/* R3493-1: who is bound to an address of one link speaks there and on no other. */
static void a_link_local_address_speaks_on_its_link(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr here = addr6("fe80::2", 1000), to = addr6("fe80::9", 7), far = addr6("2001:db8:a::9", 7);
    uint8_t p[100];

    weft_ip_set_zone(&here.ip, weft_if_index(b->ifp));
    weft_ip_set_zone(&to.ip, weft_if_index(b->ifp));
    assert_int_equal(weft_bind(sock, &here), 0);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    read_ip6(p, bench_take(b, p, sizeof p), "fe80::2", "fe80::9");
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &far), WEFT_ENETUNREACH); /* which is on the other one */
    weft_ip_set_zone(&to.ip, weft_if_index(b->other));
    assert_true(weft_sendto(sock, "x", 1, 0, &to) < 0);
    bench_assert_silent(b);
    weft_close(sock);
}

/* R3542-1: a datagram's own source and interface (§6.2). */
static void a_datagram_may_name_its_source_and_interface(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_control c = {.has = WEFT_CONTROL_PKTINFO6, .address = ip6(OTHER_US6)};
    const struct weft_addr to = addr6(PEER6, 7), near = addr6("fe80::9", 7);
    static char x[] = "x";
    const struct weft_iov iov = {x, 1};
    uint8_t p[100];

    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &to, &c), 1);
    read_ip6(p, bench_take(b, p, sizeof p), OTHER_US6, PEER6);
    c.address = ip6(STRANGER6);
    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &to, &c), WEFT_EINVAL);
    c = (struct weft_control){.has = WEFT_CONTROL_PKTINFO6, .interface = weft_if_index(b->other)};
    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &near, &c), 1);
    read_ip6(p, bench_take_from(b, b->other, p, sizeof p), "fe80::2", "fe80::9");
    c.interface = 77;
    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &to, &c), WEFT_ENODEV);
    bench_assert_silent(b);
    weft_close(sock);
}

/* ---- which source (RFC 6724 §5) ---- */

enum kind { STABLE, DEPRECATED, TEMPORARY };

static void give(struct bench *b, const char *text, enum kind kind)
{
    struct weft_ip ip = ip6(text);

    assert_int_equal(weft_if_add_address(b->ifp, &ip, 64), 0);
    for (unsigned i = 0; i < b->ifp->n_addresses; i++) {
        struct if_address *a = &b->ifp->address[i];

        if (ip_eq(&a->ip, &ip)) {
            a->state = kind == DEPRECATED ? IF_ADDRESS_DEPRECATED : a->state;
            a->temporary = kind == TEMPORARY;
        }
    }
}

static void take_away(struct bench *b, const char *text)
{
    struct weft_ip ip = ip6(text);

    assert_int_equal(weft_if_del_address(b->ifp, &ip), 0);
}

static struct weft_ip source_for(struct bench *b, const char *dst)
{
    struct ip_path path = {.ifp = b->ifp};
    struct weft_ip to = ip6(dst), src;

    assert_int_equal(route_source(b->s, &path, &to, &src), 0);
    return src;
}

/* R6724-1: but for rule 5.5 (test_router.c), whichever of the two addresses was there first. */
static void the_better_of_two_sources_is_taken(void **state)
{
    static const struct {
        const char *dst, *better, *other;
        enum kind better_is, other_is;
    } cases[] = {
        {"2001:db8:1::1", "2001:db8:1::1", "2001:db8:1::2", DEPRECATED, STABLE},     /* 1 before 3: the same */
        {"2001:db8:1::1", "2001:db8:3::2", "2001:db8:1::2", STABLE, DEPRECATED},     /* 3 before 8 */
        {"fd00:1::1", "fd00:2::2", "2001:db8:1::2", STABLE, STABLE},                 /* 6: the same label */
        {"2002:c633:6401::1", "2002:c633:6401::2", "2001:db8:1::2", STABLE, STABLE}, /* 6 */
        {"2002:c633:6401::1", "2002:c633::2", "2001:db8:1::2", STABLE, TEMPORARY},   /* 6 before 7 */
        {"2001:db8:1::1", "2001:db8:3::2", "2001:db8:1::2", TEMPORARY, STABLE},      /* 7 before 8 */
        {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:3::2", STABLE, STABLE},         /* 8: the longer common prefix */
    };
    struct bench *b = *state;
    struct weft_ip src;

    take_away(b, US6);
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        size_t row = i / 2;
        struct weft_ip better = ip6(cases[row].better);

        if (i % 2)
            give(b, cases[row].better, cases[row].better_is);
        give(b, cases[row].other, cases[row].other_is);
        if (i % 2 == 0)
            give(b, cases[row].better, cases[row].better_is);
        src = source_for(b, cases[row].dst);
        assert_memory_equal(&src, &better, sizeof src);
        src = source_for(b, "ff02::5");
        assert_true(ip_is_link_local(&src)); /* 2: scope */
        take_away(b, cases[row].better);
        take_away(b, cases[row].other);
    }
}

/* From where a new socket with these preferences speaks to dst. */
static struct weft_ip source_of_one_who_prefers(struct bench *b, enum weft_proto proto, int prefer, const char *dst)
{
    int err;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, proto, &err);
    struct weft_addr to = {ip6(dst), 7}, name;

    assert_non_null(sock);
    err = weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_ADDR_PREFERENCES, &prefer, sizeof prefer);
    assert_int_equal(err, 0);
    err = weft_connect(sock, &to);
    assert_true(err == 0 || err == WEFT_EINPROGRESS);
    assert_int_equal(weft_getsockname(sock, &name), 0);
    weft_abort(sock);
    return name.ip;
}

/* RFC 5014 §4: rule 7 is the application's to reverse. */
static void who_prefers_lasting_addresses_speaks_from_them(void **state)
{
    static const enum weft_proto protos[] = {WEFT_UDP, WEFT_ICMPV6};
    struct bench *b = *state;
    struct weft_ip temporary = ip6("2001:db8:1::3"), lasting = ip6("2001:db8:1::2"), src;

    take_away(b, US6);
    give(b, "2001:db8:1::2", STABLE);
    give(b, "2001:db8:1::3", TEMPORARY);
    for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_USUAL, "2001:db8:1::9");
        assert_memory_equal(&src, &temporary, sizeof src);
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_TEMPORARY, "2001:db8:1::9");
        assert_memory_equal(&src, &temporary, sizeof src);
        src = source_of_one_who_prefers(b, protos[i], WEFT_PREFER_PUBLIC, "2001:db8:1::9");
        assert_memory_equal(&src, &lasting, sizeof src);
    }
}

/* ---- identifications ---- */

/* Of the fragments that 1,600 bytes to this neighbour leave in. */
static uint32_t ident_to(struct bench *b, weft_sock *sock, unsigned neighbour)
{
    static const char text[1600];
    struct weft_addr to = addr6("2001:db8:9::1:0", 7);
    uint8_t p[1500];
    uint32_t id;

    poke_u16(to.ip.b + 14, (uint16_t)neighbour);
    assert_int_equal(weft_sendto(sock, text, sizeof text, 0, &to), sizeof text);
    assert_true(bench_take(b, p, sizeof p) > 48);
    assert_int_equal(p[6], IP_PROTO_FRAGMENT);
    id = peek_u32(p + 44);
    assert_true(bench_take(b, p, sizeof p) > 48);
    assert_int_equal(peek_u32(p + 44), id);
    return id;
}

/* R7739-1: they begin anywhere, and nobody sees in his own what others get. */
static void identifications_of_ipv6_cannot_be_guessed(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint32_t first = ident_to(b, sock, 1);
    unsigned low = 0;

    for (unsigned i = 0; i < 100; i++)
        ident_to(b, sock, 2 + i % 5);
    assert_int_equal(ident_to(b, sock, 1), first + 1);
    for (unsigned i = 0; i < 256; i++)
        low += ident_to(b, sock, 100 + i) < UINT32_MAX / 2;
    assert_in_range(low, 88, 168); /* five standard deviations around a half */
    weft_close(sock);
}

/* ---- errors of ours ---- */

/* R4443-2.4f */
static void the_rate_of_errors_of_ipv6_is_limited(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[200];
    unsigned got = 0;
    char from[40];

    for (unsigned i = 0; i < 10000; i++) {
        snprintf(from, sizeof from, "2001:db8:77::%x", i + 1); /* each source has a limit of its own besides */
        bench_input(b, p, make_udp6(p, (struct make6){.src = from}, 1000, 2000, "1", 1));
        got += bench_take(b, out, sizeof out) > 0;
        b->now += WEFT_S / 10000;
    }
    assert_in_range(got, 1000 + 40, 1000 + 50);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 10000 - got);
}

/* R4443-2.4f: six to one neighbour at once, then four in a second. Addresses that differ in their last bits are two. */
static void one_destination_of_ipv6_gets_six_errors_and_then_four_a_second(void **state)
{
    static const char *const sources[] = {PEER6, "2001:db8:9::77"};
    struct bench *b = *state;
    uint8_t p[100], out[200];
    unsigned got[2] = {0};

    for (unsigned i = 0; i < 40; i++) {
        bench_input(b, p, make_udp6(p, (struct make6){.src = sources[i % 2]}, 1000, 2000, "1", 1));
        got[i % 2] += bench_take(b, out, sizeof out) > 0;
    }
    assert_int_equal(got[0], 6);
    assert_int_equal(got[1], 6);
    for (unsigned i = 0; i < 40; i++) {
        b->now += WEFT_S / 16;
        bench_input(b, p, make_udp6(p, (struct make6){0}, 1000, 2000, "1", 1));
        got[0] += bench_take(b, out, sizeof out) > 0;
    }
    assert_int_equal(got[0], 6 + 10);
}

/* ---- errors of others ---- */

static void icmp6_errors_reach_whom_they_quote(void **state)
{
    static const struct {
        uint8_t type, code;
        uint32_t word;
        int err;
        bool hard, lasting;
    } rows[] = {
        {1, 0, 0, WEFT_ENETUNREACH, false, false},
        {1, 1, 0, WEFT_EACCES, true, true},
        {1, 2, 0, WEFT_EHOSTUNREACH, false, false},
        {1, 3, 0, WEFT_EHOSTUNREACH, false, false},
        {1, 4, 0, WEFT_ECONNREFUSED, true, true},
        {1, 5, 0, WEFT_EACCES, true, true},
        {1, 6, 0, WEFT_EACCES, true, true},
        {1, 7, 0, WEFT_EPROTO, false, true},
        {2, 0, 1280, WEFT_EMSGSIZE, false, false},
        {3, 0, 0, WEFT_EHOSTUNREACH, false, false},
        {4, 1, 40, WEFT_EPROTO, true, true},
        {99, 3, 0, WEFT_EPROTO, false, false}, /* R4443-2.4a: unknown ones too */
    };
    struct bench *b = *state;
    uint8_t quote[100], p[300];
    size_t n = make_ip6(quote, (struct make6){.src = US6, .dst = STRANGER6}, "12345678", 8);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_input(b, p, make_icmp6(p, (struct make6){0}, rows[i].type, rows[i].code, rows[i].word, quote, n));
        assert_int_equal(b->record->errors, i + 1);
        assert_int_equal(b->record->error.err, rows[i].err);
        assert_int_equal(b->record->error.hard, rows[i].hard);
        assert_int_equal(b->record->error.lasting, rows[i].lasting);
        assert_int_equal(b->record->error.mtu, rows[i].word);
    }
    n = make_icmp6(p, (struct make6){0}, ICMPV6_TOO_BIG, 0, 1279, quote, n); /* R8021-1 */
    bench_expect_drop(b, icmp_small_mtu, bench_input(b, p, n));
    n = make_ip6(quote, (struct make6){.src = PEER6, .dst = STRANGER6}, "12345678", 8);
    n = make_icmp6(p, (struct make6){0}, 1, 4, 0, quote, n);
    bench_expect_drop(b, icmp_bad_quote, bench_input(b, p, n));
    bench_assert_silent(b);
}

/* R4443-2.4e: never an error about an error. */
static void icmp6_errors_are_not_answered(void **state)
{
    struct bench *b = *state;
    uint8_t p[300], chain[8] = {0, 0, 0x9e, 4};
    struct make6 m = {.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 8};

    bench_input(b, p, make_icmp6(p, m, ICMPV6_UNREACHABLE, 4, 0, "quote", 5));
    bench_input(b, p, make_icmp6(p, m, ICMPV6_REDIRECT, 0, 0, "quote", 5));
    bench_assert_silent(b);
    bench_input(b, p, make_icmp6(p, m, ICMPV6_ECHO, 0, 0, "quote", 5));
    assert_true(bench_take(b, p, sizeof p) > 0);
}

static void what_must_not_be_fragmented_may_fill_the_path(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = addr6(PEER6, 9);
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t text[1500] = {0}, out[1600];
    int one = 1;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_DONTFRAG, &one, sizeof one), 0);
    assert_int_equal(weft_sendto(sock, text, 1453, 0, &to), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, text, 1452, 0, &to), 1452);
    while (bench_take(b, out, sizeof out) && out[6] == IP_PROTO_HOPOPTS)
        ; /* reports of groups */
    assert_int_equal(out[6], IP_PROTO_UDP);
    weft_close(sock);
}

/* R3493-1: the zone of a group goes before the interface that was chosen for groups. */
static void the_zone_of_a_group_says_the_link(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    int chosen = (int)weft_if_index(b->ifp);
    struct weft_addr wide = addr6("ff0e::77", 7), to = addr6("ff02::77", 7);
    uint8_t out[100];

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_IF, &chosen, sizeof chosen), 0);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &wide), 1);
    assert_int_equal(bench_take(b, out, sizeof out), 49);
    weft_ip_set_zone(&to.ip, weft_if_index(b->other));
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), 49);
    bench_assert_silent(b);
    weft_close(sock);
}

/* As Linux answers; the larger byte of a number comes first. */
static void ones_own_interface_must_be_there(void **state)
{
    static const uint32_t strange[] = {77, 65536 + 1, 1u << 24, 1u << 31};
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t index[4] = {0}, got[4];
    uint16_t before = b->other->index;
    size_t n = sizeof got;

    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        poke_u32(index, strange[i]);
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_IF, index, 4), WEFT_EADDRNOTAVAIL);
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_UNICAST_IF, index, 4), WEFT_EADDRNOTAVAIL);
    }
    poke_u32(index, weft_if_index(b->other));
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_IF, index, 4), 0);
    b->other->index = 0x1234; /* as if there had been many */
    poke_u32(index, 0x1234);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_UNICAST_IF, index, 4), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_UNICAST_IF, got, &n), 0);
    assert_int_equal(n, 4);
    assert_memory_equal(got, index, 4);
    b->other->index = before;
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listeners_take_what_their_family_and_address_say, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(bindings_conflict_when_something_could_be_for_both, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(addresses_of_the_wrong_family_are_refused, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(options_of_ipv6_are_for_its_sockets, setup_whole, teardown_whole),
        cmocka_unit_test_setup_teardown(udp6_goes_out_with_hop_limit_class_and_label, setup, teardown),
        cmocka_unit_test_setup_teardown(a_train_of_long_datagrams_is_fragmented, setup, teardown),
        cmocka_unit_test_setup_teardown(udp6_is_received_and_answered_by_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(echo6_returns_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(echo6_can_be_switched_off, setup, teardown),
        cmocka_unit_test_setup_teardown(the_usual_hop_limit_can_be_set, setup, teardown),
        cmocka_unit_test_setup_teardown(echo6_answers_have_the_flows_label, setup, teardown),
        cmocka_unit_test_setup_teardown(sticky_interface_stands_where_no_other_is_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_a_socket_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(ping6_socket_sends_requests_and_gets_its_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(link_local_peers_need_a_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_local_address_speaks_on_its_link, setup, teardown),
        cmocka_unit_test_setup_teardown(a_datagram_may_name_its_source_and_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(the_better_of_two_sources_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(who_prefers_lasting_addresses_speaks_from_them, setup, teardown),
        cmocka_unit_test_setup_teardown(identifications_of_ipv6_cannot_be_guessed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rate_of_errors_of_ipv6_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(one_destination_of_ipv6_gets_six_errors_and_then_four_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp6_errors_reach_whom_they_quote, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp6_errors_are_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_must_not_be_fragmented_may_fill_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(the_zone_of_a_group_says_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(ones_own_interface_must_be_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
