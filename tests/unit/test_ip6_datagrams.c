/* SPDX-License-Identifier: MIT */
/* Datagrams of IPv6 by sockets: how they go out, from where, and what comes back. */
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

/* Each datagram of a train is longer than what the socket lets pass in one piece: fragments, as of one alone. */
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

/* RFC 3542 §6.2: by the interface that was chosen, or not at all when that is gone. */
static void what_was_to_go_by_an_interface_that_is_gone_goes_nowhere(void **state)
{
    struct bench *b = *state;
    struct weft_addr near = addr6(PEER6, 9), far = addr6("2001:db8:a::9", 9);
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t info[20] = {0}, out[100];
    uint32_t index = weft_if_index(b->other);

    memcpy(info + 16, &index, 4);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_PKTINFO, info, 20), 0);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &far), 1);
    assert_true(bench_take_from(b, b->other, out, sizeof out));
    weft_if_free(b->other);
    b->other = b->ifp;
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &near), WEFT_ENETUNREACH);
    bench_assert_silent(b);
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

static void what_must_not_be_fragmented_may_fill_the_path(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = addr6(PEER6, 9);
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    uint8_t text[1500] = {0}, out[1600];
    int one = 1, least = 1280;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_DONTFRAG, &one, sizeof one), 0);
    assert_int_equal(weft_sendto(sock, text, 1453, 0, &to), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, text, 1452, 0, &to), 1452);
    while (bench_take(b, out, sizeof out) && out[6] == IP_PROTO_HOPOPTS)
        ; /* reports of groups */
    assert_int_equal(out[6], IP_PROTO_UDP);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MTU, &least, sizeof least), 0);
    assert_int_equal(weft_sendto(sock, text, 1233, 0, &to), WEFT_EMSGSIZE); /* the socket's own bound counts, too */
    assert_int_equal(weft_sendto(sock, text, 1232, 0, &to), 1232);
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
        cmocka_unit_test_setup_teardown(udp6_goes_out_with_hop_limit_class_and_label, setup, teardown),
        cmocka_unit_test_setup_teardown(a_train_of_long_datagrams_is_fragmented, setup, teardown),
        cmocka_unit_test_setup_teardown(udp6_is_received_and_answered_by_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(sticky_interface_stands_where_no_other_is_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_to_go_by_an_interface_that_is_gone_goes_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_a_socket_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(link_local_peers_need_a_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_local_address_speaks_on_its_link, setup, teardown),
        cmocka_unit_test_setup_teardown(a_datagram_may_name_its_source_and_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(identifications_of_ipv6_cannot_be_guessed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_must_not_be_fragmented_may_fill_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(the_zone_of_a_group_says_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(ones_own_interface_must_be_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
