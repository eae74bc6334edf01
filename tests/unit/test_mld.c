/* SPDX-License-Identifier: MIT */
/* Listener discovery: what is IPv6's own of it, and the groups that the stack listens to by itself. */
#include "group_bench.h"
#include "ip/private.h"
#include "weft/sysctl.h"
#include "wire/ethernet.h"

#define GROUP6 "ff05::9"
#define PORT   5000

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

static weft_sock *socket6(struct bench *b)
{
    struct weft_addr local = {.port = PORT};
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    int one = 1;

    assert_non_null(sock);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(weft_bind(sock, &local), 0);
    return sock;
}

/* How a message of listener discovery comes in; what is left out is as it must be. */
struct from {
    const char *src, *dst;
    uint8_t hop_limit, code;
    bool no_alert;
};

static void put6(struct bench *b, struct from f, const uint8_t *m, size_t n)
{
    static const uint8_t alert[8] = {0, 0, 5, 2, 0, 0, 1, 0};
    struct make6 ip = {.src = f.src ? f.src : "fe80::1", .dst = f.dst ? f.dst : ALL_NODES,
                       .hop_limit = f.hop_limit ? f.hop_limit : 1, .chain = alert, .chain_len = f.no_alert ? 0 : 8};
    uint8_t out[256];

    bench_input(b, out, make_icmp6(out, ip, m[0], f.code, peek_u32(m + 4), m + 8, n - 8));
}

/* A query of version 2, or of 1; group NULL: about all. Sources are 2001:db8::x. */
static size_t make_mld(uint8_t *m, uint8_t version, const char *group, uint16_t code, const char *sources)
{
    struct weft_ip ip = ip6(group ? group : "::"), source = ip6("2001:db8::");
    size_t n = version == 1 ? MLD_MESSAGE : MLD_V2_QUERY;

    memset(m, 0, n);
    m[0] = ICMPV6_MLD_QUERY;
    poke_u16(m + 4, code);
    memcpy(m + 8, ip.b, 16);
    if (version == 1)
        return n;
    m[25] = 125;
    poke_u16(m + 26, (uint16_t)strlen(sources));
    for (; *sources; sources++, n += 16) {
        memcpy(m + n, source.b, 16);
        m[n + 15] = (uint8_t)(*sources - '0');
    }
    return n;
}

static void ask6(struct bench *b, uint8_t version, const char *group, uint16_t ms, const char *sources)
{
    uint8_t m[128];
    size_t n = make_mld(m, version, group, ms, sources);

    put6(b, (struct from){.dst = group}, m, n);
}

/* ---- what routers are told ---- */

static void joins_and_leaves_are_told(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b);

    /* R3810-1 */
    assert_int_equal(join(sock, GROUP6), 0);
    assert_said_within(b, 0, "to_ex ff05::9");
    assert_said_within(b, WEFT_S, "to_ex ff05::9");
    assert_quiet(b, 100 * WEFT_S);
    assert_int_equal(group_option(sock, WEFT_MCAST_BLOCK_SOURCE, GROUP6, "2001:db8::1"), 0);
    assert_said_within(b, 0, "block ff05::9 2001:db8::1");
    hush(b);
    assert_int_equal(leave(sock, GROUP6), 0);
    assert_said_within(b, 0, "to_in ff05::9");
    assert_said_within(b, WEFT_S, "to_in ff05::9");
    assert_int_equal(group_option(sock, WEFT_MCAST_JOIN_SOURCE_GROUP, "ff35::1", "2001:db8::1"), 0);
    assert_said_within(b, 0, "allow ff35::1 2001:db8::1");
    weft_close(sock);
    hush(b);
}

/* RFC 3810 §6: what never leaves the node, and what everybody listens to. */
static void some_groups_are_never_reported(void **state)
{
    static const char *const quiet[] = {"ff02::1", "ff01::1", "ff01::9", "ff00::9", "ff11::9"};
    struct bench *b = *state;
    weft_sock *sock = socket6(b);

    /* R2710-1 */
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
        assert_int_equal(join(sock, quiet[i]), 0);
        ask6(b, 2, NULL, 1000, "");
        assert_quiet(b, 10 * WEFT_S);
        assert_int_equal(leave(sock, quiet[i]), 0);
        assert_quiet(b, 10 * WEFT_S);
    }
    weft_close(sock);
}

static void queries_are_answered(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b);

    /* R3810-1 */
    join(sock, GROUP6);
    assert_int_equal(group_option(sock, WEFT_MCAST_BLOCK_SOURCE, GROUP6, "2001:db8::1"), 0);
    join(sock, "ff02::9");
    hush(b);
    ask6(b, 2, NULL, 1000, "");
    assert_said_within(b, WEFT_S, "is_ex ff05::9 2001:db8::1, is_ex ff02::9");
    ask6(b, 2, "ff02::9", 1000, ""); /* it has a zone here, and none on the wire */
    assert_said_within(b, WEFT_S, "is_ex ff02::9");
    ask6(b, 2, GROUP6, 1000, "12");
    assert_said_within(b, WEFT_S, "is_in ff05::9 2001:db8::2");
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void the_time_to_answer_may_be_long(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b);
    weft_time longest = 0;

    /* RFC 3810 §5.1.3: 0x8fff is 0x1fff << 3 milliseconds */
    join(sock, GROUP6);
    hush(b);
    for (unsigned i = 0; i < 40; i++) {
        weft_time took;

        ask6(b, 2, NULL, 0x8fff, "");
        took = run_until_said(b, 100 * WEFT_S);
        assert_said(b, "is_ex ff05::9");
        longest = max_u64(longest, took);
    }
    assert_in_range(longest, 50 * WEFT_S, 0x1fffu * 8 * WEFT_MS);
    weft_close(sock);
    hush(b);
}

/* By which version routers are told of GROUP6. */
static const char *spoken(struct bench *b)
{
    struct weft_ip group = ip6(GROUP6);
    struct weft_group_info info;

    for (size_t i = 0; weft_group_info(b->s, i, &info); i++)
        if (ip_eq(&info.group, &group))
            return info.version;
    return "none";
}

static void a_router_of_version_1_makes_us_speak_it(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b);
    uint8_t report[MLD_MESSAGE] = {ICMPV6_MLD_REPORT};
    struct weft_ip group = ip6(GROUP6);

    /* R2710-1, R3810-1 */
    join(sock, GROUP6);
    hush(b);
    assert_string_equal(spoken(b), "MLDv2");
    ask6(b, 1, NULL, 1000, "");
    assert_said_within(b, WEFT_S, "v1 report ff05::9");
    assert_string_equal(spoken(b), "MLDv1");
    join(sock, "ff05::8");
    assert_said_within(b, 0, "v1 report ff05::8");
    assert_said_within(b, 10 * WEFT_S, "v1 report ff05::8");
    leave(sock, "ff05::8");
    assert_said_within(b, 0, "done ff05::8");
    ask6(b, 1, NULL, 1000, "");
    memcpy(report + 8, &group, 16); /* another one is faster */
    put6(b, (struct from){.dst = GROUP6}, report, sizeof report);
    assert_quiet(b, 10 * WEFT_S);
    bench_tick(b, 250 * WEFT_S);
    leave(sock, GROUP6);
    assert_said_within(b, 0, "to_in ff05::9");
    weft_close(sock);
    hush(b);
}

/* ---- what is not believed ---- */

static void messages_that_break_the_rules_are_dropped(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b);
    uint8_t m[128], unicast[128];
    size_t n = make_mld(m, 2, NULL, 1000, "");

    /* RFC 3810 §6.2 */
    join(sock, GROUP6);
    hush(b);
    bench_expect_drop(b, mld_hop_limit, put6(b, (struct from){.hop_limit = 2}, m, n));
    bench_expect_drop(b, mld_source, put6(b, (struct from){.src = PEER6}, m, n));
    bench_expect_drop(b, ip_bad_source, put6(b, (struct from){.src = "::"}, m, n));
    bench_expect_drop(b, mld_router_alert, put6(b, (struct from){.no_alert = true}, m, n));
    bench_expect_drop(b, mld_malformed, put6(b, (struct from){.code = 1}, m, n));
    bench_expect_drop(b, mld_malformed, put6(b, (struct from){0}, m, n - 1));
    bench_expect_drop(b, mld_malformed, put6(b, (struct from){0}, m, MLD_MESSAGE - 1));
    bench_expect_drop(b, mld_group, put6(b, (struct from){.dst = GROUP6}, m, n)); /* about all, to a few */
    n = make_mld(unicast, 2, PEER6, 1000, "");
    bench_expect_drop(b, mld_group, put6(b, (struct from){0}, unicast, n));
    n = make_mld(m, 2, GROUP6, 1000, "123");
    poke_u16(m + 26, 4);
    bench_expect_drop(b, mld_malformed, put6(b, (struct from){0}, m, n));
    m[0] = ICMPV6_MLD_DONE;
    bench_expect_drop(b, mld_not_ours, put6(b, (struct from){0}, m, n));
    m[0] = ICMPV6_MLD2_REPORT;
    bench_expect_drop(b, mld_not_ours, put6(b, (struct from){0}, m, n));
    m[0] = ICMPV6_MLD_REPORT; /* of another group than that it was sent to */
    bench_expect_drop(b, mld_group, put6(b, (struct from){.dst = ALL_NODES}, m, n));
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* ---- sockets ---- */

static bool heard6(weft_sock *sock)
{
    char text[8];

    return weft_recv(sock, text, sizeof text, 0) == 5;
}

static void sockets_hear_groups_of_ipv6(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = socket6(b), *other = socket6(b);
    struct weft_addr to = {.ip = ip6(GROUP6), .port = PORT};
    struct make6 in = {.dst = GROUP6};
    uint8_t p[128];
    size_t n = make_udp6(p, in, 9, PORT, "hello", 5);
    int zero = 0, seven = 7;

    bench_expect_drop(b, ip_not_ours, bench_input(b, p, n));
    join(sock, GROUP6);
    hush(b);
    bench_input(b, p, n);
    assert_true(heard6(sock) && heard6(other));
    assert_int_equal(weft_setsockopt(other, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_ALL, &zero, sizeof zero), 0);
    bench_input(b, p, n);
    assert_true(heard6(sock) && !heard6(other));
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_HOPS, &seven, sizeof seven), 0);
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
    n = bench_take(b, p, sizeof p);
    assert_int_equal(read_ip6(p, n, US6, GROUP6).hop_limit, 7);
    bench_tick(b, 0);
    assert_true(heard6(sock));
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_LOOP, &zero, sizeof zero), 0);
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
    bench_tick(b, 0);
    assert_false(heard6(sock));
    assert_int_equal(bench_take(b, p, sizeof p), 53);
    seven = (int)weft_if_index(b->other);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_IF, &seven, sizeof seven), 0);
    assert_int_equal(weft_sendto(sock, "hello", 5, 0, &to), 5);
    n = bench_take_from(b, b->other, p, sizeof p);
    read_ip6(p, n, OTHER_US6, GROUP6);
    seven = 99;
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_MULTICAST_IF, &seven, sizeof seven), WEFT_ENODEV);
    weft_close(sock);
    weft_close(other);
    hush(b);
}

/* ---- Ethernet: the groups of our own addresses ---- */

struct lan {
    struct harness_env e;
    weft_stack *s;
    weft_if *ifp;
    weft_time now;
    uint8_t frame[2048];
    size_t len;
};

static struct lan *lan_new(void)
{
    struct weft_if_config config = {.name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 2}};
    struct lan *l = calloc(1, sizeof *l);
    struct weft_env env;

    harness_env_init(&l->e, 3);
    env = harness_env(&l->e);
    l->now = WEFT_S;
    l->s = weft_stack_new(&env, NULL, l->now, NULL);
    l->ifp = weft_if_new(l->s, &config, NULL);
    assert_non_null(l->ifp);
    return l;
}

/* The next frame within this time; false: none came. */
static bool next_frame(struct lan *l, weft_time longest)
{
    weft_time end = l->now + longest;
    weft_pkt *pkt;

    while (!weft_output(l->ifp, &pkt, 1, l->now)) {
        if (weft_deadline(l->s) > end)
            return false;
        l->now = max_u64(l->now, weft_deadline(l->s));
        weft_tick(l->s, l->now);
    }
    l->len = weft_pkt_copy(pkt, 0, l->frame, sizeof l->frame);
    weft_pkt_release(pkt);
    return true;
}

static bool is_report(const struct lan *l) { return l->frame[14 + 6] == IP_PROTO_HOPOPTS; }

/* R3810-1, R4862-5.4: the solicited-node group is reported, from nowhere while no address may be used, and again then. */
static void the_groups_of_our_addresses_are_reported(void **state)
{
    struct lan *l = lan_new();
    struct weft_ip us = ip6("fe80::2");
    unsigned from_nowhere = 0, from_us = 0;
    char text[256];

    (void)state;
    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    while (next_frame(l, 100 * WEFT_S)) {
        struct ipv6_header ip = read_ip6(l->frame + 14, l->len - 14, NULL, NULL);

        if (!is_report(l))
            continue;
        assert_memory_equal(l->frame, "\x33\x33\x00\x00\x00\x16", 6);
        say_mld(text, sizeof text, l->frame + 14, l->len - 14);
        assert_string_equal(text, "to_ex ff02::1:ff00:2");
        *(ip_is_any(&ip.src) ? &from_nowhere : &from_us) += 1;
    }
    assert_in_range(from_nowhere, 1, 2);
    assert_int_equal(from_us, 2);
    weft_if_del_address(l->ifp, &us);
    assert_true(next_frame(l, 0));
    say_mld(text, sizeof text, l->frame + 14, l->len - 14);
    assert_string_equal(text, "to_in ff02::1:ff00:2");
    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
}

/* All that is reported until nothing more comes, as "record group", each followed by a newline; repeats count once. */
static void reported(struct lan *l, char *all, size_t room)
{
    char text[256];

    all[0] = 0;
    while (next_frame(l, 100 * WEFT_S)) {
        text[0] = 0;
        if (is_report(l))
            say_mld(text, sizeof text, l->frame + 14, l->len - 14);
        if (text[0] && !strstr(all, text))
            snprintf(all + strlen(all), room - strlen(all), "%s\n", text);
    }
}

static bool hears(struct lan *l, const char *group)
{
    struct weft_ip ip = ip6(group);

    ip_set_zone(&ip, l->ifp->index);
    return group_is_ours(l->ifp, &ip);
}

/* R4291-2, R3810-1: a router is in the groups of all routers, and switches that look for listeners know it. */
static void a_router_is_in_the_groups_of_all_routers(void **state)
{
    static const char *const groups[] = {"ff01::2", "ff02::2", "ff05::2"};
    struct lan *l = lan_new();
    struct weft_ip us = ip6("fe80::2");
    char all[512];

    (void)state;
    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    reported(l, all, sizeof all);
    assert_null(strstr(all, "::2\n"));
    assert_int_equal(weft_sysctl_set(l->s, "net.ipv6.conf.all.forwarding", "1"), 0);
    reported(l, all, sizeof all);
    assert_non_null(strstr(all, "to_ex ff02::2"));
    assert_non_null(strstr(all, "to_ex ff05::2"));
    assert_null(strstr(all, "ff01::2")); /* it does not leave the node */
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        assert_true(hears(l, groups[i]));
    assert_int_equal(weft_sysctl_set(l->s, "net.ipv6.conf.all.forwarding", "0"), 0);
    reported(l, all, sizeof all);
    assert_non_null(strstr(all, "to_in ff02::2"));
    assert_non_null(strstr(all, "to_in ff05::2"));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        assert_false(hears(l, groups[i]));
    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
}

/* One that is a router before it has an address says so with the first. */
static void a_router_from_the_beginning_reports_them_too(void **state)
{
    struct lan *l = lan_new();
    struct weft_ip us = ip6("fe80::2");
    char all[512];

    (void)state;
    assert_int_equal(weft_sysctl_set(l->s, "net.ipv6.conf.all.forwarding", "1"), 0);
    reported(l, all, sizeof all);
    assert_string_equal(all, "");
    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    reported(l, all, sizeof all);
    assert_non_null(strstr(all, "ff02::2"));
    assert_non_null(strstr(all, "ff05::2"));
    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
}

/* Two addresses whose last 24 bits are the same have one group. */
static void addresses_share_a_group(void **state)
{
    struct lan *l = lan_new();
    struct weft_ip one = ip6("2001:db8::5:2"), two = ip6("2001:db8:1::5:2"), group = ip6("ff02::1:ff05:2");
    uint8_t mac[6];

    (void)state;
    eth_multicast(mac, &group);
    weft_if_add_address(l->ifp, &one, 64);
    weft_if_add_address(l->ifp, &two, 64);
    while (next_frame(l, 100 * WEFT_S))
        ;
    assert_true(if_hears(l->ifp, mac));
    weft_if_del_address(l->ifp, &one);
    assert_false(next_frame(l, 10 * WEFT_S));
    assert_true(if_hears(l->ifp, mac));
    weft_if_del_address(l->ifp, &two);
    assert_true(next_frame(l, 0) && is_report(l));
    assert_false(if_hears(l->ifp, mac));
    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
}

/* Who told of groups of one family says nothing of them because of the other. */
static void an_address_of_ipv6_repeats_nothing_of_igmp(void **state)
{
    struct lan *l = lan_new();
    struct weft_ip us = weft_ipv4(US), us6 = ip6("fe80::2");
    weft_sock *sock = weft_socket(l->s, WEFT_UDP, NULL);
    unsigned igmp = 0, mld = 0;

    (void)state;
    assert_int_equal(weft_if_add_address(l->ifp, &us, 24), 0);
    join(sock, "239.1.2.3");
    while (next_frame(l, 100 * WEFT_S))
        ;
    assert_int_equal(weft_if_add_address(l->ifp, &us6, 64), 0);
    while (next_frame(l, 100 * WEFT_S)) {
        igmp += l->frame[12] == 8 && l->frame[13] == 0;
        mld += l->frame[12] == 0x86 && is_report(l);
    }
    assert_int_equal(igmp, 0);
    assert_true(mld > 0);
    weft_close(sock);
    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(joins_and_leaves_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(some_groups_are_never_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(queries_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_to_answer_may_be_long, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_of_version_1_makes_us_speak_it, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_that_break_the_rules_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_hear_groups_of_ipv6, setup, teardown),
        cmocka_unit_test(the_groups_of_our_addresses_are_reported),
        cmocka_unit_test(a_router_is_in_the_groups_of_all_routers),
        cmocka_unit_test(a_router_from_the_beginning_reports_them_too),
        cmocka_unit_test(addresses_share_a_group),
        cmocka_unit_test(an_address_of_ipv6_repeats_nothing_of_igmp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
