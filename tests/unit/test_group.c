/* SPDX-License-Identifier: MIT */
/* Groups as sockets see them: who hears what, from whom, and where what they say goes. */
#include "group_bench.h"
#include "weft/sysctl.h"
#include "wire/ethernet.h"

#define PORT 5000

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

static weft_sock *at_port(struct bench *b, uint32_t ip)
{
    struct weft_addr local = {.ip = weft_ipv4(ip), .port = PORT};
    weft_sock *sock = weft_socket(b->s, WEFT_UDP, NULL);
    int one = 1;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(weft_bind(sock, &local), 0);
    return sock;
}

static int set_int(weft_sock *sock, int option, int value)
{
    return weft_setsockopt(sock, WEFT_SOL_IP, option, &value, sizeof value);
}

static int get_int(weft_sock *sock, int option)
{
    int value = -77;
    size_t n = sizeof value;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, option, &value, &n), 0);
    return value;
}

static void put(struct bench *b, uint32_t src, uint32_t group)
{
    uint8_t p[64];

    bench_input(b, p, make_udp(p, (struct ipv4_header){.src = src, .dst = group}, 9, PORT, "hello", 5));
}

static bool heard(weft_sock *sock)
{
    char text[8];
    int64_t n = weft_recv(sock, text, sizeof text, 0);

    if (n == WEFT_EAGAIN)
        return false;
    assert_int_equal(n, 5);
    return true;
}

/* ---- who hears what ---- */

/* R1112-6.4: 239.128.0.251 has the same station address as 224.0.0.251. */
static void groups_that_share_a_station_address_are_told_apart(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);
    struct weft_ip one = group_ip("224.0.0.251"), two = group_ip("239.128.0.251");
    uint8_t mac[2][6];

    eth_multicast(mac[0], &one);
    eth_multicast(mac[1], &two);
    assert_memory_equal(mac[0], mac[1], 6);
    assert_memory_equal(mac[0], "\x01\x00\x5e\x00\x00\xfb", 6);
    bench_expect_drop(b, ip_not_ours, put(b, PEER, MDNS));
    assert_false(if_hears(b->ifp, mac[0]));
    join(sock, "224.0.0.251");
    assert_true(if_hears(b->ifp, mac[0]));
    put(b, PEER, MDNS);
    assert_true(heard(sock));
    bench_expect_drop(b, ip_not_ours, put(b, PEER, V4(239, 128, 0, 251)));
    assert_false(heard(sock));
    leave(sock, "224.0.0.251");
    bench_expect_drop(b, ip_not_ours, put(b, PEER, MDNS));
    assert_false(if_hears(b->ifp, mac[0]));
    weft_close(sock);
    hush(b);
}

static void a_group_is_joined_on_one_interface(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);
    struct weft_group g = {.address = weft_ipv4(OTHER_US), .group = group_ip("239.1.2.3")};
    uint8_t p[64];
    size_t n = make_udp(p, (struct ipv4_header){.src = OTHER_PEER, .dst = GROUP}, 9, PORT, "hello", 5);

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &g, sizeof g), 0);
    bench_expect_drop(b, ip_not_ours, put(b, PEER, GROUP));
    bench_input_on(b, b->other, p, n);
    assert_true(heard(sock));
    weft_close(sock);
    bench_tick(b, 10 * WEFT_S);
    while (bench_take_from(b, b->other, p, sizeof p))
        ;
}

/* RFC 3376 §3.1, RFC 4607: each socket has its own filter, whatever the others want. */
static void each_socket_hears_the_sources_it_wants(void **state)
{
    struct bench *b = *state;
    weft_sock *any = at_port(b, 0), *only = at_port(b, 0), *not_him = at_port(b, 0);

    join(any, "239.1.2.3");
    assert_int_equal(group_option(only, WEFT_MCAST_JOIN_SOURCE_GROUP, "239.1.2.3", "198.51.100.9"), 0);
    join(not_him, "239.1.2.3");
    assert_int_equal(group_option(not_him, WEFT_MCAST_BLOCK_SOURCE, "239.1.2.3", "198.51.100.9"), 0);
    put(b, STRANGER, GROUP);
    assert_true(heard(any));
    assert_true(heard(only));
    assert_false(heard(not_him));
    put(b, PEER, GROUP);
    assert_true(heard(any));
    assert_false(heard(only));
    assert_true(heard(not_him));
    weft_close(any);
    weft_close(not_him);
    bench_expect_drop(b, ip_group_source, put(b, PEER, GROUP));
    put(b, STRANGER, GROUP);
    assert_true(heard(only));
    assert_int_equal(group_option(only, WEFT_MCAST_LEAVE_SOURCE_GROUP, "239.1.2.3", "198.51.100.9"), 0);
    bench_expect_drop(b, ip_not_ours, put(b, STRANGER, GROUP));
    weft_close(only);
    hush(b);
}

static void who_has_not_joined_hears_what_others_joined_unless_it_says_no(void **state)
{
    struct bench *b = *state;
    weft_sock *member = at_port(b, 0), *guest = at_port(b, 0), *elsewhere = at_port(b, US);

    join(member, "239.1.2.3");
    put(b, PEER, GROUP);
    assert_true(heard(member) && heard(guest));
    assert_false(heard(elsewhere));
    assert_int_equal(set_int(guest, WEFT_IP_MULTICAST_ALL, 0), 0);
    put(b, PEER, GROUP);
    assert_true(heard(member));
    assert_false(heard(guest));
    weft_close(member);
    weft_close(guest);
    weft_close(elsewhere);
    hush(b);
}

/* ---- what we say ---- */

static void say_hello(weft_sock *sock, uint32_t group)
{
    struct weft_addr to = {.ip = weft_ipv4(group), .port = PORT};

    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
}

/* The datagram that waits on the interface, if there is one; its TTL. */
static int taken(struct bench *b, weft_if *ifp)
{
    uint8_t p[128];
    size_t n = bench_take_from(b, ifp, p, sizeof p);

    return n ? read_ip(p, n).ttl : -1;
}

static void own_words_are_heard_by_own_members(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);

    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), 1);
    bench_tick(b, 0);
    assert_false(heard(sock)); /* not joined */
    join(sock, "239.1.2.3");
    hush(b);
    say_hello(sock, GROUP);
    assert_true(weft_deadline(b->s) <= b->now);
    bench_tick(b, 0);
    assert_true(heard(sock));
    assert_int_equal(taken(b, b->ifp), 1);
    assert_int_equal(set_int(sock, WEFT_IP_MULTICAST_LOOP, 0), 0);
    say_hello(sock, GROUP);
    bench_tick(b, 0);
    assert_false(heard(sock));
    assert_int_equal(taken(b, b->ifp), 1);
    weft_close(sock);
    hush(b);
}

static void the_ttl_says_how_far_words_go(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);

    join(sock, "239.1.2.3");
    hush(b);
    assert_int_equal(get_int(sock, WEFT_IP_MULTICAST_TTL), 1);
    assert_int_equal(set_int(sock, WEFT_IP_MULTICAST_TTL, 31), 0);
    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), 31);
    assert_int_equal(set_int(sock, WEFT_IP_MULTICAST_TTL, 0), 0); /* RFC 1112 §6.1: not onto the network */
    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), -1);
    bench_tick(b, 0);
    assert_true(heard(sock) && heard(sock));
    assert_int_equal(set_int(sock, WEFT_IP_MULTICAST_TTL, -1), 0);
    assert_int_equal(get_int(sock, WEFT_IP_MULTICAST_TTL), 1);
    assert_int_equal(set_int(sock, WEFT_IP_MULTICAST_TTL, 256), WEFT_EINVAL);
    weft_close(sock);
    hush(b);
}

/* An address of it chooses the interface, and is what is sent from, where it has others before that one. */
static void words_come_from_the_address_that_chose_the_interface(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_ip second = weft_ipv4(US + 5);
    struct weft_group by_second = {.address = second};
    uint8_t p[128];

    assert_int_equal(weft_if_add_address(b->ifp, &second, 24), 0);
    say_hello(sock, GROUP);
    assert_int_equal(read_ip(p, bench_take(b, p, sizeof p)).src, US);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &by_second, sizeof by_second), 0);
    say_hello(sock, GROUP);
    assert_int_equal(read_ip(p, bench_take(b, p, sizeof p)).src, US + 5);
    assert_int_equal(weft_if_del_address(b->ifp, &second), 0); /* it is ours no more */
    say_hello(sock, GROUP);
    assert_int_equal(read_ip(p, bench_take(b, p, sizeof p)).src, US);
    weft_close(sock);
}

static void words_leave_by_the_interface_chosen(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_group by_address = {.address = weft_ipv4(OTHER_US)}, nobody = {.interface = 99}, none = {0}, usual;
    uint8_t p[128];
    size_t n = sizeof usual;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &usual, &n), 0);
    assert_true(usual.interface == 0 && ip_to_v4(&usual.address) == 0);
    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), 1);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &by_address, sizeof by_address), 0);
    say_hello(sock, GROUP);
    n = bench_take_from(b, b->other, p, sizeof p);
    assert_int_equal(read_ip(p, n).src, OTHER_US);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &nobody, sizeof nobody),
                     WEFT_EADDRNOTAVAIL);
    n = sizeof by_address;
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &by_address, &n), 0);
    assert_int_equal(by_address.interface, weft_if_index(b->other));
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &none, sizeof none), 0);
    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), 1);
    weft_close(sock);
}

static void own_words_that_wait_are_bounded(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);
    int got = 0;

    join(sock, "239.1.2.3");
    hush(b);
    for (unsigned i = 0; i < 300; i++)
        say_hello(sock, GROUP);
    bench_tick(b, 0);
    while (heard(sock))
        got++;
    assert_int_equal(got, 256);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_queue_full), 300 - 256);
    while (taken(b, b->ifp) != -1)
        ;
    weft_close(sock);
    hush(b);
}

/* ---- options ---- */

static void the_number_of_groups_and_sources_is_bounded(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    char name[32];

    /* R3376-sec */
    for (unsigned i = 0; i < 21; i++) {
        snprintf(name, sizeof name, "239.1.2.%u", i);
        assert_int_equal(join(sock, name), i < 20 ? 0 : WEFT_ENOBUFS);
    }
    for (unsigned i = 0; i < 11; i++) {
        snprintf(name, sizeof name, "198.51.100.%u", i);
        assert_int_equal(group_option(sock, WEFT_MCAST_BLOCK_SOURCE, "239.1.2.0", name), i < 10 ? 0 : WEFT_ENOBUFS);
    }
    assert_int_equal(weft_sysctl_set(b->s, "net.ipv4.igmp_max_memberships", "21"), 0);
    assert_int_equal(weft_sysctl_set(b->s, "net.ipv4.igmp_max_msf", "11"), 0);
    assert_int_equal(join(sock, "239.1.2.20"), 0);
    assert_int_equal(group_option(sock, WEFT_MCAST_BLOCK_SOURCE, "239.1.2.0", "198.51.100.99"), 0);
    weft_close(sock);
    hush(b);
}

static void what_makes_no_sense_is_refused_as_linux_does(void **state)
{
    enum { JOIN = WEFT_MCAST_JOIN_GROUP, LEAVE = WEFT_MCAST_LEAVE_GROUP, JOIN_SOURCE = WEFT_MCAST_JOIN_SOURCE_GROUP,
           LEAVE_SOURCE = WEFT_MCAST_LEAVE_SOURCE_GROUP, BLOCK = WEFT_MCAST_BLOCK_SOURCE,
           UNBLOCK = WEFT_MCAST_UNBLOCK_SOURCE };
    static const struct {
        int option;
        const char *group, *source;
        int result;
    } row[] = {
        {JOIN, "10.9.0.1", NULL, WEFT_EINVAL},
        {LEAVE, "239.1.1.1", NULL, WEFT_EADDRNOTAVAIL},
        {JOIN, "239.1.1.1", NULL, 0},
        {JOIN, "239.1.1.1", NULL, WEFT_EADDRINUSE},
        {UNBLOCK, "239.1.1.1", "10.0.0.1", WEFT_EADDRNOTAVAIL},
        {BLOCK, "239.1.1.1", "10.0.0.1", 0},
        {BLOCK, "239.1.1.1", "10.0.0.1", WEFT_EADDRNOTAVAIL},
        {JOIN_SOURCE, "239.1.1.1", "10.0.0.2", WEFT_EINVAL},
        {UNBLOCK, "239.1.1.1", "10.0.0.1", 0},
        {JOIN_SOURCE, "239.1.1.1", "10.0.0.2", WEFT_EINVAL}, /* it named sources once: that stays its mode */
        {LEAVE, "239.1.1.1", NULL, 0},
        {JOIN_SOURCE, "239.1.1.1", "10.0.0.2", 0},
        {BLOCK, "239.1.1.1", "10.0.0.1", WEFT_EINVAL},
        {LEAVE_SOURCE, "239.1.1.1", "10.0.0.3", WEFT_EADDRNOTAVAIL},
        {LEAVE_SOURCE, "239.1.1.1", "10.0.0.2", 0},
        {LEAVE, "239.1.1.1", NULL, WEFT_EADDRNOTAVAIL}, /* the last source took it along */
        {BLOCK, "239.1.1.1", "10.0.0.1", WEFT_EINVAL},
        {JOIN_SOURCE, "239.1.1.1", "10.0.0.2", 0},
        {LEAVE, "239.1.1.1", NULL, 0},
    };
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_group nowhere = {.interface = 99, .group = group_ip("239.1.1.1")};
    struct weft_group strange = {.group = group_ip("ff05::1")};

    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        if (group_option(sock, row[i].option, row[i].group, row[i].source) != row[i].result)
            fail_msg("row %zu", i);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, JOIN, &nowhere, sizeof nowhere), WEFT_ENODEV);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, JOIN, &nowhere, sizeof nowhere - 1), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, JOIN, &strange, sizeof strange), WEFT_EINVAL);
    weft_close(sock);
    hush(b);
}

static void a_whole_filter_is_set_and_told(void **state)
{
    struct {
        struct weft_group_filter head;
        struct weft_ip source[3];
    } f = {.head = {.group.group = group_ip("239.1.2.3"), .mode = WEFT_MCAST_INCLUDE, .n = 2},
           .source = {weft_ipv4(STRANGER), weft_ipv4(PEER)}}, got = f;
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);
    size_t n = sizeof got;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), WEFT_EINVAL);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &got, &n), WEFT_EADDRNOTAVAIL);
    join(sock, "239.1.2.3");
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), 0);
    put(b, PEER, GROUP);
    assert_true(heard(sock));
    got.head.mode = 9;
    n = sizeof got;
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &got, &n), 0);
    assert_int_equal(got.head.mode, WEFT_MCAST_INCLUDE);
    assert_int_equal(got.head.n, 2);
    assert_memory_equal(&got.source[0], &f.source[1], sizeof f.source[1]); /* sorted */
    assert_int_equal(n, sizeof got - sizeof got.source[2]);
    n = sizeof got.head;
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &got, &n), 0);
    assert_int_equal(got.head.n, 2);
    f.head.n = 4; /* more than are there */
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), WEFT_EINVAL);
    f.head.n = 0; /* to include nobody is to leave */
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), 0);
    assert_int_equal(leave(sock, "239.1.2.3"), WEFT_EADDRNOTAVAIL);
    weft_close(sock);
    hush(b);
}

/* As netstat -g shows them: all hosts on each interface, and what sockets joined; what was left is not there. */
static void groups_are_listed_with_their_users(void **state)
{
    struct bench *b = *state;
    weft_sock *first = at_port(b, 0), *second = at_port(b, 0);
    struct weft_ip wanted = group_ip("239.1.2.3");
    struct weft_group_info info;
    size_t n = 0, without, all_hosts = 0, found = 0;

    while (weft_group_info(b->s, n, &info)) {
        all_hosts += ip_to_v4(&info.group) == V4(224, 0, 0, 1) && info.users == 1 && info.exclude;
        n++;
    }
    assert_int_equal(all_hosts, 3); /* lo and the bench's two */
    without = n;
    join(first, "239.1.2.3");
    join(second, "239.1.2.3");
    for (n = 0; weft_group_info(b->s, n, &info); n++) {
        if (!ip_eq(&info.group, &wanted))
            continue;
        assert_string_equal(info.if_name, b->ifp->name);
        assert_string_equal(info.version, "IGMPv3");
        assert_int_equal(info.users, 2);
        assert_true(info.exclude);
        assert_int_equal(info.n_sources, 0);
        found++;
    }
    assert_int_equal(found, 1);
    assert_int_equal(n, without + 1);
    weft_close(first);
    weft_close(second); /* routers have still to be told */
    for (n = 0; weft_group_info(b->s, n, &info); n++)
        ;
    assert_int_equal(n, without);
    hush(b);
}

/* RFC 1122 §3.3.1.1: without an address that says which link it is, the route to groups does. */
static void words_leave_by_the_route_to_groups(void **state)
{
    struct bench *b = *state;
    struct weft_route groups = {.dst = weft_ipv4(V4(224, 0, 0, 0)), .prefix = 4, .if_name = "t1"};
    weft_sock *sock = at_port(b, 0);

    assert_int_equal(weft_route_add(b->s, &groups), 0);
    say_hello(sock, GROUP);
    assert_int_equal(taken(b, b->ifp), -1);
    assert_int_equal(taken(b, b->other), 1);
    weft_close(sock);
}

static void a_filter_may_fill_what_it_comes_in(void **state)
{
    struct {
        struct weft_group_filter head;
        struct weft_ip source[2];
    } f = {.head = {.group.group = group_ip("239.1.2.3"), .mode = WEFT_MCAST_INCLUDE, .n = 2},
           .source = {weft_ipv4(STRANGER), weft_ipv4(PEER)}};
    struct bench *b = *state;
    weft_sock *sock = at_port(b, 0);

    join(sock, "239.1.2.3");
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f - 1), WEFT_EINVAL);
    f.source[1] = ip6("2001:db8::1"); /* of the other family */
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_MSFILTER, &f, sizeof f), WEFT_EINVAL);
    weft_close(sock);
    hush(b);
}

/* All nodes are listed where there is IPv6, and nowhere else. */
static void groups_of_a_family_without_an_address_are_not_listed(void **state)
{
    struct bench *b = *state;
    struct weft_ip us6 = ip6("2001:db8:9::2");
    struct weft_group_info info;

    for (unsigned with = 0; with < 2; with++) {
        unsigned v6 = 0;

        for (size_t i = 0; weft_group_info(b->s, i, &info); i++)
            v6 += !weft_ip_is_v4(&info.group) && strcmp(info.if_name, b->ifp->name) == 0;
        assert_int_equal(v6 > 0, with);
        if (!with)
            assert_int_equal(weft_if_add_address(b->ifp, &us6, 64), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(groups_that_share_a_station_address_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_group_is_joined_on_one_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(each_socket_hears_the_sources_it_wants, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_not_joined_hears_what_others_joined_unless_it_says_no, setup, teardown),
        cmocka_unit_test_setup_teardown(own_words_are_heard_by_own_members, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ttl_says_how_far_words_go, setup, teardown),
        cmocka_unit_test_setup_teardown(words_come_from_the_address_that_chose_the_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(words_leave_by_the_interface_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(own_words_that_wait_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_number_of_groups_and_sources_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused_as_linux_does, setup, teardown),
        cmocka_unit_test_setup_teardown(a_whole_filter_is_set_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_are_listed_with_their_users, setup, teardown),
        cmocka_unit_test_setup_teardown(words_leave_by_the_route_to_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filter_may_fill_what_it_comes_in, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_of_a_family_without_an_address_are_not_listed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
