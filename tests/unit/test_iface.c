/* SPDX-License-Identifier: MIT */
/* Interfaces, and the verbs that move packets (src/core/iface.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"

static int setup(void **state)
{
    *state = bench_open();
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

/* ---- configuration ---- */

static void new_interface_must_be_sound(void **state)
{
    static const struct weft_if_config bad[] = {
        {.name = NULL, .link = WEFT_LINK_IP, .mtu = 1500},
        {.name = "", .link = WEFT_LINK_IP, .mtu = 1500},
        {.name = "sixteen-letters-", .link = WEFT_LINK_IP, .mtu = 1500},
        {.name = "a", .link = (enum weft_link)3, .mtu = 1500},
        {.name = "a", .link = WEFT_LINK_IP, .mtu = 67},
        {.name = "a", .link = WEFT_LINK_IP, .mtu = 65536},
        {.name = "a", .link = WEFT_LINK_IP, .mtu = 1500, .offload = WEFT_OFFLOAD_TSO},
        {.name = "a", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .mac = {0x01}},
    };
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int err = 0;

        assert_null(weft_if_new(b->s, &bad[i], &err));
        assert_int_equal(err, WEFT_EINVAL);
        assert_null(weft_if_new(b->s, &bad[i], NULL));
    }
}

static void names_are_unique(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "fifteen-letters", .link = WEFT_LINK_IP, .mtu = 68};
    int err = 0;
    weft_if *ifp = weft_if_new(b->s, &k, &err);

    assert_ptr_equal(weft_if_find(b->s, "fifteen-letters"), ifp);
    assert_string_equal(weft_if_name(ifp), "fifteen-letters");
    assert_null(weft_if_find(b->s, "fifteen"));
    assert_null(weft_if_find(b->s, "fifteen-letters-"));
    assert_null(weft_if_new(b->s, &k, &err));
    assert_int_equal(err, WEFT_EEXIST);
    k.name = "lo";
    assert_null(weft_if_new(b->s, &k, &err));
    assert_int_equal(err, WEFT_EEXIST);
}

static void what_is_down_has_no_routes_and_moves_nothing(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    struct weft_ip neighbour = weft_ipv4(0x0a090001), beyond = weft_ipv4(0xc6336401);
    const struct weft_route by_default = {.dst = weft_ipv4(0), .gateway = neighbour};
    struct weft_route r;

    bench_address(ifp, 0x0a090002, 24);
    assert_int_equal(weft_route_add(b->s, &by_default), 0);
    weft_if_set_up(ifp, false);
    assert_int_equal(weft_route_get(b->s, &neighbour, &r), WEFT_ENETUNREACH);
    weft_if_set_up(ifp, false);
    weft_if_set_up(ifp, true);
    assert_int_equal(weft_route_get(b->s, &neighbour, &r), 0);
    assert_string_equal(r.if_name, "eth0");
    assert_true(r.flags & WEFT_ROUTE_UP);
    assert_int_equal(weft_route_get(b->s, &beyond, &r), WEFT_ENETUNREACH); /* its owner may add it again */
}

static void an_mtu_is_what_the_link_carries_at_most(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    struct weft_ip v6 = {{0xfd, 9, [15] = 2}};
    struct weft_if_info info;

    assert_int_equal(weft_if_set_mtu(ifp, 67), WEFT_EINVAL);
    assert_int_equal(weft_if_set_mtu(ifp, 1501), WEFT_EINVAL);
    assert_int_equal(weft_if_set_mtu(ifp, 68), 0);
    assert_true(weft_if_info(b->s, 1, &info));
    assert_int_equal(info.mtu, 68);
    assert_int_equal(weft_if_set_mtu(ifp, 1500), 0);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), 0);
    assert_int_equal(weft_if_set_mtu(ifp, 1279), WEFT_EINVAL);
    assert_int_equal(weft_if_set_mtu(ifp, 1280), 0);
}

static void broadcast_address_may_be_another_one(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    struct weft_ip own = weft_ipv4(0x0a090002), ones = weft_ipv4(0x0a0900ff), odd = weft_ipv4(0x0a090063);
    struct weft_ip none = weft_ipv4(0), group = weft_ipv4(0xe0000001);
    struct weft_if_info info;

    bench_address(ifp, 0x0a090002, 24);
    assert_true(weft_if_info(b->s, 1, &info));
    assert_memory_equal(&info.address[0].broadcast, &ones, sizeof ones);
    assert_false(if_is_broadcast(ifp, &odd));
    assert_int_equal(weft_if_set_broadcast(ifp, &own, &odd), 0);
    assert_true(if_is_broadcast(ifp, &odd));
    assert_true(if_is_broadcast(ifp, &ones)); /* the network's stays one */
    assert_int_equal(weft_if_set_broadcast(ifp, &own, &none), 0);
    assert_false(if_is_broadcast(ifp, &odd));
    assert_false(if_is_broadcast(ifp, &none));
    assert_int_equal(weft_if_set_broadcast(ifp, &own, &own), WEFT_EINVAL);
    assert_int_equal(weft_if_set_broadcast(ifp, &own, &group), WEFT_EINVAL);
    assert_int_equal(weft_if_set_broadcast(ifp, &odd, &ones), WEFT_ENOENT);
}

static bool is_reached(weft_stack *s, uint32_t ip)
{
    struct weft_ip to = weft_ipv4(ip);
    struct weft_route r;

    return weft_route_get(s, &to, &r) == 0;
}

static void network_of_a_peer_is_on_the_link_instead(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    struct weft_ip own = weft_ipv4(0x0a090002), peer = weft_ipv4(0x0a0a0001), none = weft_ipv4(0);
    const struct weft_route behind = {.dst = weft_ipv4(0xc6336400), .prefix = 24, .gateway = peer};

    bench_address(ifp, 0x0a090002, 24);
    assert_int_equal(weft_route_add(b->s, &behind), WEFT_ENETUNREACH);
    assert_int_equal(weft_if_set_peer(ifp, &own, &peer), 0);
    assert_true(is_reached(b->s, 0x0a0a0001));
    assert_false(is_reached(b->s, 0x0a090001));
    assert_int_equal(weft_route_add(b->s, &behind), 0);
    weft_if_set_up(ifp, false);
    weft_if_set_up(ifp, true);
    assert_true(is_reached(b->s, 0x0a0a0001));
    assert_int_equal(weft_if_set_peer(ifp, &own, &none), 0);
    assert_false(is_reached(b->s, 0x0a0a0001));
    assert_true(is_reached(b->s, 0x0a090001));
    assert_int_equal(weft_if_set_peer(ifp, &own, &peer), 0);
    assert_int_equal(weft_if_del_address(ifp, &own), 0);
    assert_false(is_reached(b->s, 0x0a0a0001));
    assert_int_equal(weft_if_set_peer(ifp, &own, &peer), WEFT_ENOENT);
}

static void info_tells_all_interfaces_in_order(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_ETHERNET, 1500);
    struct weft_if_info info;
    struct weft_ip ip = weft_ipv4(0x0a090002);

    bench_address(ifp, 0x0a090002, 24);
    assert_true(weft_if_info(b->s, 0, &info));
    assert_string_equal(info.name, "lo");
    assert_int_equal(info.mtu, 65535);
    assert_int_equal(info.address[0].prefix, 8);
    assert_true(weft_if_info(b->s, 1, &info));
    assert_string_equal(info.name, "eth0");
    assert_int_equal(info.link, WEFT_LINK_ETHERNET);
    assert_int_equal(info.mac[5], 2);
    assert_int_equal(info.n_addresses, 1);
    assert_memory_equal(&info.address[0].ip, &ip, sizeof ip);
    assert_int_equal(info.address[0].prefix, 24);
    assert_false(weft_if_info(b->s, 2, &info));
}

/* ---- addresses ---- */

static void address_must_be_a_hosts(void **state)
{
    static const struct {
        uint32_t ip;
        unsigned prefix;
        int err;
    } cases[] = {
        {0, 24, WEFT_EINVAL},          {0xffffffff, 24, WEFT_EINVAL}, {0xe0000001, 24, WEFT_EINVAL},
        {0x7f000002, 8, WEFT_EINVAL},  {0x0a090002, 33, WEFT_EINVAL}, {0x0a090000, 24, WEFT_EINVAL},
        {0x0a0900ff, 24, WEFT_EINVAL}, {0x0a0a0000, 31, 0},           {0x0a0a0001, 31, 0},
        {0x0a0b00ff, 32, 0},           {0x0a0c0001, 0, 0},            {0x0a0c0001, 24, WEFT_EEXIST},
    };
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500);
    struct weft_ip v6 = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weft_ip ip = weft_ipv4(cases[i].ip);

        assert_int_equal(weft_if_add_address(ifp, &ip, cases[i].prefix), cases[i].err);
    }
    assert_int_equal(weft_if_add_address(ifp, &v6, 129), WEFT_EINVAL);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), 0);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), WEFT_EEXIST);
}

static void address_of_ipv6_must_be_a_hosts(void **state)
{
    static const struct {
        const char *ip;
        unsigned prefix;
        int err;
    } cases[] = {
        {"::", 64, WEFT_EINVAL},       {"::1", 128, WEFT_EINVAL},        {"ff02::5", 64, WEFT_EINVAL},
        {"fe80::1%9", 64, WEFT_EINVAL}, {"2001:db8::1", 129, WEFT_EINVAL}, {"2001:db8::1", 64, 0},
        {"2001:db8::", 64, 0},          {"2001:db8::1", 48, WEFT_EEXIST},  {"fe80::1", 64, 0},
    };
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_IP, 1280), *small = bench_if(b->s, "eth1", WEFT_LINK_IP, 1279);
    struct weft_ip ip;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(weft_ip_parse(cases[i].ip, &ip), 0);
        assert_int_equal(weft_if_add_address(ifp, &ip, cases[i].prefix), cases[i].err);
    }
    assert_int_equal(weft_ip_parse("2001:db8:1::1", &ip), 0);
    assert_int_equal(weft_if_add_address(small, &ip, 64), WEFT_EINVAL); /* R8200-5: links below 1280 are none */
}

/* R4291-2: zones keep equal addresses apart. */
static void link_local_addresses_are_their_links_own(void **state)
{
    struct core_bench *b = *state;
    weft_if *one = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500), *two = bench_if(b->s, "eth1", WEFT_LINK_IP, 1500);
    struct weft_if_info info;
    struct weft_ip ip;
    char text[WEFT_IP_TEXT];

    assert_int_equal(weft_ip_parse("fe80::1", &ip), 0);
    assert_int_equal(weft_if_add_address(one, &ip, 64), 0);
    assert_int_equal(weft_if_add_address(two, &ip, 64), 0);
    assert_true(weft_if_info(b->s, 2, &info));
    assert_int_equal(weft_ip_zone(&info.address[0].ip), weft_if_index(two));
    snprintf(text, sizeof text, "fe80::1%%%u", weft_if_index(two));
    assert_int_equal(weft_ip_parse(text, &ip), 0);
    assert_ptr_equal(if_by_address(b->s, &ip), two);
}

static void address_can_be_taken_back(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500);
    struct weft_ip first, second, peer;
    struct ip_path path;

    weft_ip_parse("2001:db8::1", &first);
    weft_ip_parse("2001:db8::2", &second);
    weft_ip_parse("2001:db8::9", &peer);
    assert_int_equal(weft_if_add_address(ifp, &first, 64), 0);
    assert_int_equal(weft_if_add_address(ifp, &second, 64), 0);
    assert_int_equal(weft_if_del_address(ifp, &first), 0);
    assert_int_equal(weft_if_del_address(ifp, &first), WEFT_ENOENT);
    assert_int_equal(route_lookup(b->s, &peer, &path), 0); /* the other one keeps the route */
    assert_int_equal(weft_if_del_address(ifp, &second), 0);
    assert_int_equal(route_lookup(b->s, &peer, &path), WEFT_ENETUNREACH);
}

static void one_address_more_has_no_room(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500);
    struct weft_ip ip = weft_ipv4(0x0a090011);

    for (uint32_t i = 1; i <= 16; i++)
        bench_address(ifp, 0x0a090000 + i, 24);
    assert_int_equal(weft_if_add_address(ifp, &ip, 24), WEFT_ENOMEM);
}

static void address_belongs_to_one_interface_only(void **state)
{
    struct core_bench *b = *state;
    weft_if *one = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500), *two = bench_if(b->s, "eth1", WEFT_LINK_IP, 1500);
    struct weft_ip ip = weft_ipv4(0x0a090002);

    bench_address(one, 0x0a090002, 24);
    assert_int_equal(weft_if_add_address(two, &ip, 24), WEFT_EEXIST);
    assert_ptr_equal(if_by_address(b->s, &ip), one);
    assert_non_null(if_find_address(one, &ip));
    assert_null(if_find_address(two, &ip));
}

static void broadcast_is_limited_or_of_a_network_of_ours_in_both_forms(void **state)
{
    static const struct {
        uint32_t ip;
        bool broadcast;
    } cases[] = {
        {0xffffffff, true},  {0x0a0900ff, true},  {0x0a090000, true},  {0x0a090001, false}, {0x0a0901ff, false},
        {0x0a0affff, true},  {0x0a0a00ff, false}, {0x0a0b0000, false}, {0x0a0b0001, false}, {0x0a0c0005, false},
    };
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "eth0", WEFT_LINK_IP, 1500);

    bench_address(ifp, 0x0a090002, 24);
    bench_address(ifp, 0x0a0a0002, 16);
    bench_address(ifp, 0x0a0b0001, 31);
    bench_address(ifp, 0x0a0c0005, 32);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weft_ip ip = weft_ipv4(cases[i].ip);

        assert_int_equal(if_is_broadcast(ifp, &ip), cases[i].broadcast);
    }
}

/* ---- in ---- */

static void input_is_counted_and_told_with_its_end(void **state)
{
    struct core_bench *b = bench_new();
    weft_if *ifp;
    weft_pkt *p[2];

    (void)state;
    harness_env_record(&b->e);
    bench_open_with(b, &bench_assembly);
    ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    p[0] = bench_pkt(b->s, "E first", 7);
    p[1] = bench_pkt(b->s, "wrong version", 13);
    weft_input(ifp, p, 2, b->now + 5);
    assert_int_equal(b->s->now, b->now + 5);
    assert_int_equal(ifp->rx_packets, 2);
    assert_int_equal(ifp->rx_bytes, 20);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_if_rx_packets), 2);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_if_rx_bytes), 20);
    assert_int_equal(b->e.n_events, 4);
    assert_int_equal(b->e.event[0].kind, WEFT_TRACE_RX);
    assert_memory_equal(b->e.event[0].head, "E first", 7);
    assert_ptr_equal(b->e.event[0].ifp, ifp);
    assert_int_equal(b->e.event[1].kind, WEFT_TRACE_RX_DONE);
    assert_int_equal(b->e.event[2].kind, WEFT_TRACE_RX);
    assert_int_equal(b->e.event[3].kind, WEFT_TRACE_RX_DONE);
    bench_close(b);
}

static void bare_link_tells_the_network_by_the_version(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);

    bench_receive(b, ifp, "\x45", 1);
    assert_int_equal(bench_network_of(b->s)->received, 1);
    bench_receive(b, ifp, "\x60", 1);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_version), 1); /* no such network layer on the bench */
    assert_int_equal(ifp->rx_drops, 1);
}

static void interface_that_is_down_takes_nothing(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);

    ifp->up = false;
    bench_receive(b, ifp, "\x45", 1);
    if_transmit(ifp, bench_pkt(b->s, "\x45", 1));
    assert_int_equal(bench_network_of(b->s)->received, 0);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_down), 2);
    assert_int_equal(bench_pull(b, ifp), 0);
    assert_int_equal(ifp->tx_drops, 1);
    assert_int_equal(ifp->rx_drops, 1);
}

/* ---- out ---- */

static void full_queue_drops_the_newest(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "tun0", .link = WEFT_LINK_IP, .mtu = 1500, .queue_limit = 3};
    weft_if *ifp = weft_if_new(b->s, &k, NULL);

    for (uint8_t i = 0; i < 5; i++)
        if_transmit(ifp, bench_pkt(b->s, &i, 1));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_queue_full), 2);
    assert_int_equal(ifp->tx_drops, 2);
    assert_int_equal(bench_pull(b, ifp), 3);
    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(b->frame[i].bytes[0], i);
    assert_int_equal(ifp->tx_packets, 3);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_if_tx_packets), 3);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_if_tx_bytes), 3);
}

static void what_the_link_cannot_carry_is_dropped(void **state)
{
    static const uint8_t zeros[4000];
    static const struct {
        enum weft_link link;
        unsigned offload;
        size_t len;
        uint16_t gso_size;
        bool fits;
    } cases[] = {
        {WEFT_LINK_IP, 0, 1500, 0, true},
        {WEFT_LINK_IP, 0, 1501, 0, false},
        {WEFT_LINK_ETHERNET, 0, 1514, 0, true},
        {WEFT_LINK_ETHERNET, 0, 1515, 0, false},
        {WEFT_LINK_ETHERNET, WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO, 3000, 1448, true},
        {WEFT_LINK_ETHERNET, WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO, 3015, 1448, false}, /* above gso_max */
        {WEFT_LINK_ETHERNET, WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO, 3000, 0, false},
    };
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weft_if_config k = {.name = "x", .link = cases[i].link, .mtu = 1500, .offload = cases[i].offload,
                                   .gso_max = 3000};
        weft_if *ifp = weft_if_new(b->s, &k, NULL);
        weft_pkt *p = bench_pkt(b->s, zeros, cases[i].len);
        uint64_t drops = weft_drops(b->s, WEFT_DROP_if_oversize);

        p->gso_size = cases[i].gso_size;
        if_transmit(ifp, p);
        assert_int_equal(weft_output_wanted(ifp), cases[i].fits);
        assert_int_equal(weft_drops(b->s, WEFT_DROP_if_oversize) - drops, !cases[i].fits);
        weft_if_free(ifp);
    }
}

/* Somebody with `left` packets to send, each named by one letter. */
struct talker {
    struct sender sender;
    weft_if *ifp;
    char name;
    unsigned left, turns, largest; /* largest: budget seen */
    bool stuck;                    /* wants, but cannot */
};

static bool talk(struct sender *sender, unsigned budget)
{
    struct talker *t = container_of(sender, struct talker, sender);

    t->turns++;
    if (budget > t->largest)
        t->largest = budget;
    assert_true(t->ifp->queue.count + budget <= t->ifp->queue_limit);
    if (t->stuck)
        return true;
    for (; budget && t->left; budget--, t->left--)
        if_transmit(t->ifp, bench_pkt(t->ifp->stack, &t->name, 1));
    return t->left > 0;
}

static void talker_begin(struct talker *t, weft_if *ifp, char name, unsigned n)
{
    *t = (struct talker){.sender = {.pull = talk}, .ifp = ifp, .name = name, .left = n};
    list_init(&t->sender.link);
    if_want(ifp, &t->sender);
    if_want(ifp, &t->sender); /* asking twice is harmless */
}

/* The order of the frames taken out, run-length coded: "a16b16a4". */
static void order_of(const struct core_bench *b, char *text)
{
    for (size_t i = 0, n; i < b->n_frames; i += n) {
        for (n = 1; i + n < b->n_frames && b->frame[i + n].bytes[0] == b->frame[i].bytes[0]; n++)
            ;
        text += sprintf(text, "%c%zu", b->frame[i].bytes[0], n);
    }
    *text = 0;
}

static void finished_packets_go_before_senders_and_these_in_turn(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    struct talker x, y;
    char text[100];

    talker_begin(&x, ifp, 'x', 20);
    talker_begin(&y, ifp, 'y', 40);
    if_transmit(ifp, bench_pkt(b->s, "q", 1));
    assert_true(weft_output_wanted(ifp));
    assert_int_equal(bench_pull(b, ifp), 61);
    order_of(b, text);
    assert_string_equal(text, "q1x16y16x4y24"); /* the last: 16 and 8 */
    assert_int_equal(x.largest, 16);
    assert_false(weft_output_wanted(ifp));
    assert_false(list_linked(&x.sender.link));
}

static void output_never_gives_more_than_asked(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    weft_pkt *out[8];
    struct talker x;

    talker_begin(&x, ifp, 'x', 20);
    for (unsigned left = 20; left; left -= 5) {
        assert_int_equal(weft_output(ifp, out, 5, b->now), 5);
        assert_int_equal(x.largest, 5);
        for (unsigned i = 0; i < 5; i++)
            weft_pkt_release(out[i]);
    }
    assert_int_equal(weft_output(ifp, out, 5, b->now), 0);
}

static void budget_fits_a_short_queue(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "tun0", .link = WEFT_LINK_IP, .mtu = 1500, .queue_limit = 3};
    weft_if *ifp = weft_if_new(b->s, &k, NULL);
    struct talker x;

    talker_begin(&x, ifp, 'x', 20);
    assert_int_equal(bench_pull(b, ifp), 20);
    assert_int_equal(x.largest, 3);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_queue_full), 0);
}

static void senders_that_cannot_build_do_not_hold_up_the_others(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    struct talker stuck[2], x;

    talker_begin(&stuck[0], ifp, 's', 1);
    talker_begin(&stuck[1], ifp, 's', 1);
    stuck[0].stuck = stuck[1].stuck = true;
    talker_begin(&x, ifp, 'x', 40);
    assert_int_equal(bench_pull(b, ifp), 40);
    assert_true(weft_output_wanted(ifp)); /* they still want */
    assert_true(stuck[0].turns < 10);
    list_remove(&stuck[0].sender.link);
    list_remove(&stuck[1].sender.link);
}

/* An endpoint that leaves its timer and its turn for later. */
struct late {
    weft_sock ep;
    weft_if *ifp;
    unsigned settled, pulled;
    weft_time at; /* when it was settled */
};

static struct late *late_of(weft_sock *e) { return container_of(e, struct late, ep); }

static void late_settle(weft_sock *e)
{
    e->stack->unsettled = NULL;
    late_of(e)->settled++;
    late_of(e)->at = e->stack->now;
}

static bool late_pull(weft_sock *e, const weft_if *ifp, unsigned budget)
{
    struct late *l = late_of(e);

    assert_int_not_equal(budget, 0);
    if (ifp != l->ifp)
        return false;
    e->stack->unsettled = NULL;
    l->pulled++;
    if_transmit(l->ifp, bench_pkt(e->stack, "late", 4));
    return true;
}

static void late_begin(struct late *l, weft_if *ifp)
{
    static const struct sock_ops ops = {.proto = WEFT_TCP, .settle = late_settle, .pull = late_pull};

    *l = (struct late){.ifp = ifp};
    endpoint_init(&l->ep, ifp->stack, &ops, WEFT_INET);
    stack_unsettle(ifp->stack, &l->ep);
}

static void who_left_it_for_later_is_settled_before_time_moves_and_before_anybody_asks(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    struct late x, y;

    late_begin(&x, ifp);
    weft_clock(b->s, b->now);
    assert_int_equal(x.settled, 0); /* time stands still */
    weft_clock(b->s, b->now + 5);
    assert_int_equal(x.settled, 1);
    assert_int_equal(x.at, b->now);
    b->now += 5;
    late_begin(&x, ifp);
    weft_deadline(b->s);
    assert_int_equal(x.settled, 1);
    late_begin(&x, ifp);
    assert_false(weft_output_wanted(ifp));
    assert_int_equal(x.settled, 1);
    late_begin(&x, ifp);
    late_begin(&y, ifp); /* one at a time */
    assert_int_equal(x.settled, 1);
    assert_int_equal(y.settled, 0);
    endpoint_fini(&y.ep);
    weft_deadline(b->s);
    assert_int_equal(y.settled, 0); /* it is gone */
}

static void who_left_it_for_later_has_the_turn_of_his_link_when_nobody_is_before_him(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500), *other = bench_if(b->s, "tun1", WEFT_LINK_IP, 1500);
    struct late x;

    late_begin(&x, ifp);
    assert_int_equal(bench_pull(b, other), 0);
    assert_int_equal(x.settled, 1);
    late_begin(&x, ifp);
    if_transmit(ifp, bench_pkt(b->s, "before", 6));
    assert_int_equal(bench_pull(b, ifp), 1);
    assert_int_equal(x.settled, 1);
    assert_int_equal(x.pulled, 0);
    late_begin(&x, ifp);
    assert_int_equal(weft_output(ifp, NULL, 0, b->now), 0); /* there is no room for it */
    assert_int_equal(x.settled, 1);
    late_begin(&x, ifp);
    assert_int_equal(bench_pull(b, ifp), 1);
    assert_int_equal(x.settled, 0);
    assert_int_equal(x.pulled, 1);
}

static void output_is_told_as_it_is_pulled(void **state)
{
    struct core_bench *b = bench_new();
    weft_if *ifp;

    (void)state;
    harness_env_record(&b->e);
    bench_open_with(b, &bench_assembly);
    ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    if_transmit(ifp, bench_pkt(b->s, "hello", 5));
    assert_int_equal(b->e.n_events, 0);
    b->now += 7;
    bench_pull(b, ifp);
    assert_int_equal(b->e.n_events, 1);
    assert_int_equal(b->e.event[0].kind, WEFT_TRACE_TX);
    assert_int_equal(b->e.event[0].at, b->now);
    assert_memory_equal(b->e.event[0].head, "hello", 5);
    bench_close(b);
}

/* ---- the end ---- */

static void freed_interface_lets_go_of_everything(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500);
    uint32_t generation;
    struct weft_route r;
    struct ip_path path;
    struct weft_ip dst = weft_ipv4(0x0a090001);
    struct talker x;

    bench_address(ifp, 0x0a090002, 24);
    assert_int_equal(route_lookup(b->s, &dst, &path), 0);
    generation = b->s->routes.generation;
    talker_begin(&x, ifp, 'x', 1);
    if_transmit(ifp, bench_pkt(b->s, "q", 1));
    weft_if_free(ifp);
    assert_false(list_linked(&x.sender.link));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_down), 1);
    assert_null(weft_if_find(b->s, "tun0"));
    assert_true(b->s->routes.generation != generation);
    assert_int_equal(route_refresh(b->s, &dst, &path), WEFT_ENETDOWN);
    assert_null(path.ifp);
    assert_int_equal(route_refresh(b->s, &dst, &path), WEFT_ENETUNREACH);
    assert_true(weft_route_info(b->s, 1, &r)); /* loopback's own two */
    assert_false(weft_route_info(b->s, 2, &r));
}

static void removed_interface_stays_harmless_and_is_used_again(void **state)
{
    struct core_bench *b = *state;
    weft_if *ifp = bench_if(b->s, "tun0", WEFT_LINK_IP, 1500), *next;
    size_t live = b->s->mem.live[MEM_stack];
    struct talker x, y;

    weft_if_free(ifp);
    talker_begin(&x, ifp, 'x', 1); /* a connection that does not know yet */
    if_transmit(ifp, bench_pkt(b->s, "x", 1));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_down), 1);
    next = bench_if(b->s, "tun1", WEFT_LINK_IP, 1500);
    assert_int_equal(b->s->mem.live[MEM_stack], live);
    assert_false(list_linked(&x.sender.link));
    talker_begin(&y, next, 'y', 1);
    assert_int_equal(bench_pull(b, next), 1);
    assert_int_equal(b->frame[0].bytes[0], 'y');
}

/* After 65,535 interfaces, most of which are gone: loopback has number 1. */
static void numbers_go_round_past_zero_and_those_in_use(void **state)
{
    static const unsigned expected[] = {UINT16_MAX, 2, 4};
    struct core_bench *b = *state;
    weft_if *kept, *ifp;

    b->s->last_if_index = 2;
    kept = bench_if(b->s, "kept", WEFT_LINK_IP, 1500);
    assert_int_equal(weft_if_index(kept), 3);
    b->s->last_if_index = UINT16_MAX - 1;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        ifp = bench_if(b->s, "new", WEFT_LINK_IP, 1500);
        assert_int_equal(weft_if_index(ifp), expected[i]);
        assert_ptr_equal(weft_if_by_index(b->s, expected[i]), ifp);
        weft_if_free(ifp);
    }
    assert_ptr_equal(weft_if_by_index(b->s, 3), kept);
}

static void lack_of_memory_makes_no_half_interface(void **state)
{
    struct core_bench *b = *state;
    struct weft_if_config k = {.name = "tun0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(0x0a090002);
    weft_if *ifp;
    int err = 0;

    harness_env_fail_nth(&b->e, 1);
    assert_null(weft_if_new(b->s, &k, &err));
    assert_int_equal(err, WEFT_ENOMEM);
    assert_null(weft_if_find(b->s, "tun0"));
    ifp = weft_if_new(b->s, &k, &err);
    harness_env_fail_nth(&b->e, 1);
    assert_int_equal(weft_if_add_address(ifp, &ip, 24), WEFT_ENOMEM);
    assert_null(if_find_address(ifp, &ip));
    assert_int_equal(weft_if_add_address(ifp, &ip, 24), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_interface_must_be_sound, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_unique, setup, teardown),
        cmocka_unit_test_setup_teardown(info_tells_all_interfaces_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(address_must_be_a_hosts, setup, teardown),
        cmocka_unit_test_setup_teardown(address_of_ipv6_must_be_a_hosts, setup, teardown),
        cmocka_unit_test_setup_teardown(link_local_addresses_are_their_links_own, setup, teardown),
        cmocka_unit_test_setup_teardown(address_can_be_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(one_address_more_has_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(address_belongs_to_one_interface_only, setup, teardown),
        cmocka_unit_test_setup_teardown(broadcast_is_limited_or_of_a_network_of_ours_in_both_forms, setup, teardown),
        cmocka_unit_test(input_is_counted_and_told_with_its_end),
        cmocka_unit_test_setup_teardown(bare_link_tells_the_network_by_the_version, setup, teardown),
        cmocka_unit_test_setup_teardown(interface_that_is_down_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(full_queue_drops_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_link_cannot_carry_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(finished_packets_go_before_senders_and_these_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(output_never_gives_more_than_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(budget_fits_a_short_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(senders_that_cannot_build_do_not_hold_up_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(who_left_it_for_later_is_settled_before_time_moves_and_before_anybody_asks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_left_it_for_later_has_the_turn_of_his_link_when_nobody_is_before_him, setup,
                                        teardown),
        cmocka_unit_test(output_is_told_as_it_is_pulled),
        cmocka_unit_test_setup_teardown(what_is_down_has_no_routes_and_moves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_mtu_is_what_the_link_carries_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(broadcast_address_may_be_another_one, setup, teardown),
        cmocka_unit_test_setup_teardown(network_of_a_peer_is_on_the_link_instead, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_interface_lets_go_of_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_interface_stays_harmless_and_is_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(lack_of_memory_makes_no_half_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_go_round_past_zero_and_those_in_use, setup, teardown),
    };

    return cmocka_run_group_tests_name("iface", tests, NULL, NULL);
}
