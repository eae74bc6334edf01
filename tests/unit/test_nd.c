/* SPDX-License-Identifier: MIT */
/* Neighbour discovery on Ethernet: addresses tried, neighbours found and doubted, routers heard. */
#include <stdio.h>

#include "ip6_bench.h"
#include "wire/ethernet.h"
#include "weft/sysctl.h"
#include "wire/nd.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2}, router_mac[6] = {2, 0, 0, 0, 0, 1}, other_mac[6] = {2, 0, 0, 0, 0, 3};

struct link {
    struct harness_env e;
    weft_stack *s;
    weft_if *ifp;
    weft_time now;
    uint8_t frame[2048]; /* the last one taken */
    size_t len;
};

static struct link *open_link(unsigned ipv6)
{
    struct weft_if_config config = {.name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .ipv6 = ipv6};
    struct link *l = calloc(1, sizeof *l);
    struct weft_env env;

    harness_env_init(&l->e, 3);
    env = harness_env(&l->e);
    l->now = WEFT_S;
    memcpy(config.mac, our_mac, 6);
    l->s = weft_stack_new(&env, NULL, l->now, NULL);
    l->ifp = weft_if_new(l->s, &config, NULL);
    assert_non_null(l->ifp);
    return l;
}

static int setup(void **state)
{
    *state = open_link(0);
    return 0;
}

static int setup_auto(void **state)
{
    *state = open_link(WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS);
    return 0;
}

static int setup_configured(void **state)
{
    *state = open_link(WEFT_IPV6_AUTO);
    return 0;
}

static int teardown(void **state)
{
    struct link *l = *state;

    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
    return 0;
}

/* The next frame that goes out, reports of groups (test_mld.c) apart; its ICMPv6 type, or -1 for none, -2 for others. */
static int next_out(struct link *l)
{
    weft_pkt *pkt;

    do {
        if (weft_output(l->ifp, &pkt, 1, l->now) == 0)
            return -1;
        l->len = weft_pkt_copy(pkt, 0, l->frame, sizeof l->frame);
        weft_pkt_release(pkt);
    } while (l->frame[14 + 6] == IP_PROTO_HOPOPTS);
    return l->frame[14 + 6] == IP_PROTO_ICMPV6 ? l->frame[54] : -2;
}

static void pass(struct link *l, weft_time t)
{
    weft_time end = l->now + t;

    while (weft_deadline(l->s) <= end) {
        l->now = weft_deadline(l->s) > l->now ? weft_deadline(l->s) : l->now;
        weft_tick(l->s, l->now);
    }
    l->now = end;
    weft_tick(l->s, l->now);
}

/* Runs until something goes out, at most t; its type. */
static int wait_out(struct link *l, weft_time t)
{
    weft_time end = l->now + t;
    int type;

    while ((type = next_out(l)) == -1 && weft_deadline(l->s) <= end) {
        l->now = weft_deadline(l->s) > l->now ? weft_deadline(l->s) : l->now;
        weft_tick(l->s, l->now);
    }
    return type;
}

static void drain(struct link *l)
{
    while (next_out(l) != -1)
        ;
}

static bool went_to(const struct link *l, const char *dst)
{
    struct weft_ip ip = ip6(dst);

    return memcmp(l->frame + 14 + 24, &ip, 16) == 0;
}

/* A frame to us, or to the group that dst is. */
static void input(struct link *l, const uint8_t src_mac[6], struct make6 m, uint8_t type, uint32_t word, const void *rest,
                  size_t n)
{
    uint8_t p[2048];
    struct weft_ip dst = ip6(m.dst);
    struct eth_header h = {.type = ETH_TYPE_IPV6};
    struct writer w = writer(p, ETH_HEADER);
    weft_pkt *pkt;
    size_t len;

    if (ip_is_multicast(&dst))
        eth_multicast(h.dst, &dst);
    else
        memcpy(h.dst, our_mac, 6);
    memcpy(h.src, src_mac, 6);
    eth_emit(&w, &h);
    if (!m.hop_limit)
        m.hop_limit = 255;
    len = ETH_HEADER + make_icmp6(p + ETH_HEADER, m, type, 0, word, rest, n);
    pkt = weft_pkt_new(l->s, len);
    memcpy(weft_pkt_data(pkt), p, len);
    weft_pkt_set_len(pkt, len);
    weft_input(l->ifp, &pkt, 1, l->now);
}

static size_t put_target(uint8_t *p, const char *target, int kind, const uint8_t *mac)
{
    struct weft_ip ip = ip6(target);

    memcpy(p, &ip, 16);
    if (!mac)
        return 16;
    p[16] = (uint8_t)kind;
    p[17] = 1;
    memcpy(p + 18, mac, 6);
    return 24;
}

static void advert(struct link *l, const char *target, const uint8_t *mac, uint32_t flags, const uint8_t *from)
{
    uint8_t p[24];

    input(l, from, (struct make6){.src = target, .dst = US6}, ICMPV6_NEIGHBOUR_ADVERT, flags, p,
          put_target(p, target, ND_TARGET_MAC, mac));
}

static const char *state_of(struct link *l, const char *ip)
{
    struct weft_neighbour n;
    struct weft_ip want = ip6(ip);

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    for (size_t i = 0; weft_neighbour_info(l->s, i, &n); i++)
        if (ip_eq(&n.ip, &want))
            return n.state;
    return "none";
}

static const char *address_state(struct link *l, const char *ip)
{
    struct weft_if_info info;
    struct weft_ip want = ip6(ip);

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (ip_eq(&info.address[i].ip, &want))
            return info.address[i].state;
    return "none";
}

static void have_address(struct link *l)
{
    struct weft_ip us = ip6(US6);

    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    pass(l, 3 * WEFT_S);
    drain(l);
    assert_string_equal(address_state(l, US6), "preferred");
}

/* R4862-5.4 */
static void address_is_tried_before_it_is_used(void **state)
{
    struct link *l = *state;
    struct weft_ip us = ip6(US6);
    weft_time began = l->now;

    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    assert_string_equal(address_state(l, US6), "tentative");
    assert_null(if_by_address(l->s, &us));
    assert_int_equal(wait_out(l, WEFT_S), ICMPV6_NEIGHBOUR_SOLICIT);
    read_ip6(l->frame + 14, l->len - 14, "::", US6_GROUP);
    assert_memory_equal(l->frame, "\x33\x33\xff\x00\x00\x02", 6);
    assert_int_equal(l->frame[21], 255);
    drain(l);
    pass(l, began + WEFT_S - l->now - 1);
    assert_string_equal(address_state(l, US6), "tentative");
    pass(l, WEFT_S);
    assert_string_equal(address_state(l, US6), "preferred");
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_ADVERT); /* R9131-1 */
    assert_true(went_to(l, "ff02::2"));
}

/* R4862-5.4 */
static void address_of_somebody_else_is_not_used(void **state)
{
    for (unsigned how = 0; how < 3; how++) {
        struct link *l = *state;
        struct weft_ip us = ip6(US6);
        uint8_t p[32];
        size_t n = put_target(p, US6, ND_TARGET_MAC, other_mac);

        if (how)
            l = open_link(0);
        weft_if_add_address(l->ifp, &us, 64);
        assert_int_equal(wait_out(l, WEFT_S), ICMPV6_NEIGHBOUR_SOLICIT);
        if (how == 0) /* somebody has it */
            input(l, other_mac, (struct make6){.src = US6, .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p, n);
        else if (how == 1) /* somebody tries it too */
            input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, 16);
        else /* RFC 7527: our own words come back */
            input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0,
                  l->frame + 62, l->len - 62);
        pass(l, 2 * WEFT_S);
        assert_string_equal(address_state(l, US6), how == 2 ? "preferred" : "duplicate");
        if (how)
            teardown((void **)&l);
    }
}

static void solicitations_for_us_are_answered(void **state)
{
    struct link *l = *state;
    uint8_t p[32];

    have_address(l);
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p,
          put_target(p, US6, ND_SOURCE_MAC, other_mac));
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_ADVERT);
    read_ip6(l->frame + 14, l->len - 14, US6, PEER6);
    assert_memory_equal(l->frame, other_mac, 6);
    assert_int_equal(peek_u32(l->frame + 58), 0x60000000); /* solicited, override */
    assert_memory_equal(l->frame + 80, our_mac, 6);
    assert_string_equal(state_of(l, PEER6), "delay"); /* learnt, and used at once for the answer */
    input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p,
          put_target(p, US6, 0, NULL));
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_ADVERT); /* who tries our address hears of it, as do all */
    assert_true(went_to(l, ALL_NODES));
}

/* R4861-7.1: each rule violated alone. */
static void unsound_solicitations_change_nothing(void **state)
{
    struct link *l = *state;
    uint8_t p[64];
    size_t n;

    have_address(l);
    n = put_target(p, US6, ND_SOURCE_MAC, other_mac);
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6, .hop_limit = 254}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, n);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_hop_limit), 1);
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, 8); /* short */
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, n - 1); /* residue */
    input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, n);
    input(l, other_mac, (struct make6){.src = "::", .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, 16);
    p[17] = 0; /* an option of no length */
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, n);
    put_target(p, "ff02::1", 0, NULL);
    input(l, other_mac, (struct make6){.src = PEER6, .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, 16);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_malformed), 6);
    assert_string_equal(state_of(l, PEER6), "none");
    assert_int_equal(next_out(l), -1);
}

static weft_sock *speak(struct link *l)
{
    weft_sock *sock = weft_socket_in(l->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr to = addr6(PEER6, 7);

    weft_clock(l->s, l->now);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    return sock;
}

/* R4861-7.2.2, R4861-7.3 */
static void neighbour_is_found_trusted_doubted_and_probed(void **state)
{
    struct link *l = *state;

    have_address(l);
    weft_close(speak(l));
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_SOLICIT);
    read_ip6(l->frame + 14, l->len - 14, US6, "ff02::1:ff00:1");
    assert_int_equal(next_out(l), -1);
    advert(l, PEER6, router_mac, 0x60000000, router_mac);
    assert_int_equal(next_out(l), -2); /* what waited */
    assert_memory_equal(l->frame, router_mac, 6);
    assert_string_equal(state_of(l, PEER6), "reachable");
    pass(l, 15 * WEFT_S - 1);
    assert_string_equal(state_of(l, PEER6), "reachable");
    pass(l, 30 * WEFT_S);
    assert_string_equal(state_of(l, PEER6), "stale");
    weft_close(speak(l));
    assert_int_equal(next_out(l), -2);
    assert_string_equal(state_of(l, PEER6), "delay");
    pass(l, 5 * WEFT_S);
    assert_string_equal(state_of(l, PEER6), "probe");
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_SOLICIT); /* to it alone */
    assert_true(went_to(l, PEER6));
    advert(l, PEER6, NULL, 0x40000000, router_mac);
    assert_string_equal(state_of(l, PEER6), "reachable");
}

static void neighbour_that_does_not_answer_fails_after_three_questions(void **state)
{
    struct link *l = *state;
    weft_sock *sock;
    unsigned asked = 0;

    have_address(l);
    sock = speak(l);
    for (unsigned i = 0; i < 5; i++) {
        asked += next_out(l) == ICMPV6_NEIGHBOUR_SOLICIT;
        pass(l, WEFT_S);
    }
    assert_int_equal(asked, 3);
    assert_string_equal(state_of(l, PEER6), "failed");
    assert_int_equal(weft_drops(l->s, WEFT_DROP_neigh_unreachable), 1);
    weft_close(sock);
}

/* R4861-7.2.5 */
static void unsolicited_claims_only_raise_doubt(void **state)
{
    struct link *l = *state;

    have_address(l);
    advert(l, PEER6, router_mac, 0x60000000, router_mac);
    assert_string_equal(state_of(l, PEER6), "none"); /* nothing comes of an answer that nobody waits for */
    weft_close(speak(l));
    advert(l, PEER6, router_mac, 0x60000000, router_mac);
    drain(l);
    advert(l, PEER6, other_mac, 0, other_mac); /* without override */
    assert_string_equal(state_of(l, PEER6), "stale");
    weft_close(speak(l));
    next_out(l);
    assert_memory_equal(l->frame, router_mac, 6);
    advert(l, PEER6, other_mac, 0x20000000, other_mac);
    weft_close(speak(l));
    next_out(l);
    assert_memory_equal(l->frame, other_mac, 6);
}

/* ---- routers ---- */

static size_t prefix_option(uint8_t *p, const char *prefix, uint8_t flags, uint32_t valid, uint32_t preferred)
{
    struct weft_ip ip = ip6(prefix);

    memset(p, 0, 32);
    p[0] = ND_PREFIX;
    p[1] = 4;
    p[2] = 64;
    p[3] = flags;
    poke_u32(p + 4, valid);
    poke_u32(p + 8, preferred);
    memcpy(p + 16, &ip, 16);
    return 32;
}

/* An advertisement with these options: hop limit 77, this lifetime. */
static void router_advert(struct link *l, const char *src, uint16_t lifetime, const uint8_t *options, size_t n)
{
    uint8_t p[512] = {0};

    if (n)
        memcpy(p + 8, options, n);
    input(l, router_mac, (struct make6){.src = src, .dst = ALL_NODES}, ICMPV6_ROUTER_ADVERT, 77u << 24 | lifetime, p, 8 + n);
}

static bool has_default_route(struct link *l, const char *gateway)
{
    struct weft_ip far = ip6(STRANGER6), want = ip6(gateway);
    struct ip_path path;

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    return route_lookup(l->s, &far, &path) == 0 && ip_eq(&path.next_hop, &want);
}

/* R4861-6.3.7 */
static void routers_are_sought_until_one_answers(void **state)
{
    struct link *l = *state;
    weft_time first, second;

    while (wait_out(l, 10 * WEFT_S) != ICMPV6_ROUTER_SOLICIT)
        ;
    assert_true(went_to(l, "ff02::2"));
    first = l->now;
    while (wait_out(l, 10 * WEFT_S) != ICMPV6_ROUTER_SOLICIT)
        ;
    second = l->now;
    assert_int_equal(second - first, 4 * WEFT_S);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    assert_true(has_default_route(l, "fe80::1"));
    drain(l);
    assert_int_equal(wait_out(l, 100 * WEFT_S), -1);
}

/* R4861-6.3.4, R4862-5.5.3, R5942-1 */
static void advertisement_makes_routes_and_addresses(void **state)
{
    struct link *l = *state;
    struct weft_if_info info;
    struct weft_ip peer = ip6(PEER6), prefix = ip6("2001:db8:9::");
    struct ip_path path;
    uint8_t p[64];
    unsigned found = 0;

    pass(l, 5 * WEFT_S);
    drain(l);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0x40, 3600, 1800));
    assert_int_equal(route_lookup(l->s, &peer, &path), 0);
    assert_false(ip_eq(&path.next_hop, &peer)); /* an address of a prefix does not make it on-link */
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 1800));
    assert_int_equal(route_lookup(l->s, &peer, &path), 0);
    assert_true(ip_eq(&path.next_hop, &peer));
    pass(l, 2 * WEFT_S);
    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (ip_prefix_match(&info.address[i].ip, &prefix, 64)) {
            found++;
            assert_string_equal(info.address[i].state, "preferred");
            assert_true(info.address[i].automatic);
            assert_false(info.address[i].ip.b[11] == 0xff && info.address[i].ip.b[12] == 0xfe); /* R7217-1 */
        }
    assert_int_equal(found, 1);
    pass(l, 1800 * WEFT_S);
    weft_if_info(l->s, 1, &info);
    assert_string_equal(info.address[info.n_addresses - 1].state, "deprecated");
    assert_int_equal(route_lookup(l->s, &(struct weft_ip){{0x20, 1, 0xd, 0xb8, 1}}, &path), WEFT_ENETUNREACH);
    pass(l, 1800 * WEFT_S);
    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, 1); /* the link-local one */
    assert_int_equal(route_lookup(l->s, &peer, &path), WEFT_ENETUNREACH);
}

/* R4862-5.5.3: the rule of two hours */
static void valid_lifetime_is_not_cut_below_two_hours(void **state)
{
    static const struct {
        uint32_t left, told, becomes;
    } rows[] = {{5 * 3600, 10, 7200}, {3600, 10, 3600}, {3600, 3 * 3600, 3 * 3600}, {5 * 3600, 4 * 3600, 4 * 3600}};
    struct link *l = *state;
    struct weft_if_info info;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char prefix[32];

        snprintf(prefix, sizeof prefix, "2001:db8:%zu::", i + 100);
        router_advert(l, "fe80::1", 1800, p, prefix_option(p, prefix, 0x40, rows[i].left, rows[i].left));
        router_advert(l, "fe80::1", 1800, p, prefix_option(p, prefix, 0x40, rows[i].told, 0));
        weft_if_info(l->s, 1, &info);
        assert_int_equal(info.address[info.n_addresses - 1].valid_until, l->now + rows[i].becomes * WEFT_S);
        assert_int_equal(info.address[info.n_addresses - 1].preferred_until, l->now);
    }
}

/* R4861-6.1.2, R6105-lim */
static void floods_of_advertisements_stay_within_bounds(void **state)
{
    struct link *l = *state;
    struct weft_route r;
    struct weft_if_info info;
    uint8_t p[64];
    size_t routes = 0;

    pass(l, 5 * WEFT_S);
    router_advert(l, "2001:db8:9::1", 1800, NULL, 0); /* not link-local */
    assert_false(has_default_route(l, "2001:db8:9::1"));
    for (unsigned i = 0; i < 3000; i++) {
        char src[32], prefix[32];

        snprintf(src, sizeof src, "fe80::1:%x", i);
        snprintf(prefix, sizeof prefix, "2001:db8:%x::", i + 100);
        router_advert(l, src, 1800, p, prefix_option(p, prefix, 0xc0, 3600, 1800));
    }
    while (weft_route_info(l->s, routes, &r))
        routes++;
    assert_true(routes <= 16 + 16 + 3);
    weft_if_info(l->s, 1, &info);
    assert_true(info.n_addresses <= 16);
}

/* R4861-8 */
static void redirects_come_from_the_first_hop_only(void **state)
{
    struct link *l = *state;
    struct weft_ip far = ip6(STRANGER6), better = ip6("fe80::77"), to = far;
    struct ip_path path;
    uint8_t p[32];

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    memcpy(p, &better, 16);
    memcpy(p + 16, &to, 16);
    input(l, other_mac, (struct make6){.src = "fe80::5", .dst = US6}, ICMPV6_REDIRECT, 0, p, 32);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_redirect), 1);
    assert_true(has_default_route(l, "fe80::1"));
    input(l, router_mac, (struct make6){.src = "fe80::1", .dst = US6}, ICMPV6_REDIRECT, 0, p, 32);
    assert_int_equal(route_lookup(l->s, &far, &path), 0);
    weft_ip_set_zone(&better, weft_if_index(l->ifp));
    assert_true(ip_eq(&path.next_hop, &better));
}

/* R4861-6.3.6 */
static void dead_router_gives_way_to_another(void **state)
{
    struct link *l = *state;
    weft_sock *sock;
    struct weft_addr far = addr6(STRANGER6, 7);

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    router_advert(l, "fe80::3", 1800, NULL, 0);
    assert_true(has_default_route(l, "fe80::1"));
    sock = weft_socket_in(l->s, WEFT_INET6, WEFT_UDP, NULL);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &far), 1);
    pass(l, 4 * WEFT_S);
    assert_true(has_default_route(l, "fe80::3"));
    weft_close(sock);
}

/* R8106-1 */
static void servers_of_names_are_kept_for_their_lifetime(void **state)
{
    struct link *l = *state;
    struct weft_nameserver ns;
    struct weft_search_domain domain;
    struct weft_ip ip = ip6("2001:db8::53");
    uint8_t p[64] = {ND_RDNSS, 3, 0, 0, 0, 0, 0, 60};

    pass(l, 5 * WEFT_S);
    memcpy(p + 8, &ip, 16);
    memcpy(p + 24, (uint8_t[24]){ND_DNSSL, 3, 0, 0, 0, 0, 0, 30, 3, 'l', 'a', 'b', 4, 't', 'e', 's', 't', 0}, 24);
    router_advert(l, "fe80::1", 1800, p, 48);
    assert_true(weft_nameserver_info(l->s, 0, &ns));
    assert_true(ip_eq(&ns.ip, &ip));
    assert_true(weft_search_domain_info(l->s, 0, &domain));
    assert_string_equal(domain.name, "lab.test");
    pass(l, 30 * WEFT_S);
    assert_false(weft_search_domain_info(l->s, 0, &domain));
    assert_true(weft_nameserver_info(l->s, 0, &ns));
    pass(l, 30 * WEFT_S);
    assert_false(weft_nameserver_info(l->s, 0, &ns));
}

/* WEFT_IPV6_AUTO is what the stack's configuration says at that time. */
static void an_interface_does_as_the_tunables_say(void **state)
{
    static const struct {
        const char *name, *value;
        bool link_local, tried, eui64;
    } rows[] = {
        {"net.ipv6.conf.default.accept_ra", "1", true, true, false},
        {"net.ipv6.conf.default.accept_dad", "0", true, false, false},
        {"net.ipv6.conf.default.addr_gen_mode", "0", true, false, true},
        {"net.ipv6.conf.default.addr_gen_mode", "1", false, false, false},
    };
    struct link *l = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_if_config config = {.name = "eth1", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .ipv6 = WEFT_IPV6_AUTO,
                                        .mac = {2, 0, 0, 0, 0, 9}};
        struct weft_if_info info;
        weft_if *ifp;

        assert_int_equal(weft_sysctl_set(l->s, rows[i].name, rows[i].value), 0);
        ifp = weft_if_new(l->s, &config, NULL);
        weft_tick(l->s, l->now);
        assert_true(weft_if_info(l->s, 2, &info));
        assert_int_equal(info.n_addresses, rows[i].link_local);
        if (info.n_addresses) {
            assert_string_equal(info.address[0].state, rows[i].tried ? "tentative" : "preferred");
            assert_int_equal(info.address[0].ip.b[11] == 0xff && info.address[0].ip.b[12] == 0xfe, rows[i].eui64);
        }
        weft_if_free(ifp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(address_is_tried_before_it_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(address_of_somebody_else_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(solicitations_for_us_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(unsound_solicitations_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbour_is_found_trusted_doubted_and_probed, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbour_that_does_not_answer_fails_after_three_questions, setup, teardown),
        cmocka_unit_test_setup_teardown(unsolicited_claims_only_raise_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(routers_are_sought_until_one_answers, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(advertisement_makes_routes_and_addresses, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(valid_lifetime_is_not_cut_below_two_hours, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(floods_of_advertisements_stay_within_bounds, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_come_from_the_first_hop_only, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(dead_router_gives_way_to_another, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(servers_of_names_are_kept_for_their_lifetime, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(an_interface_does_as_the_tunables_say, setup_configured, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
