/* SPDX-License-Identifier: MIT */
/* Neighbour discovery on Ethernet: addresses tried, neighbours found and doubted, routers heard. */
#include <stdio.h>

#include "ip/nd.h"
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

static int setup_temporary(void **state)
{
    *state = open_link(WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS | WEFT_IPV6_TEMPORARY);
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
    assert_string_equal(state_of(l, PEER6), "stale"); /* learnt; the answer goes to who asked without it */
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

/* R4861-6.3.4: the link carries what routers say, of IPv6, where that is no more than it can. */
static void routers_say_what_the_link_carries(void **state)
{
    static const struct {
        uint32_t told, becomes;
    } rows[] = {{1400, 1400}, {1279, 1400}, {1501, 1400}, {1280, 1280}, {1500, 1500}};
    struct link *l = *state;
    struct weft_ip peer = ip6(PEER6);
    struct ip_path path;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    drain(l);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 1800));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memcpy(p, (const uint8_t[8]){ND_MTU, 1}, 8);
        poke_u32(p + 4, rows[i].told);
        router_advert(l, "fe80::1", 1800, p, 8);
        assert_int_equal(route_lookup(l->s, &peer, &path), 0);
        assert_int_equal(path_mtu(&path), rows[i].becomes);
    }
}

/* R4861-6.3.4: as often as it comes. */
static void a_prefix_that_ran_out_may_come_again(void **state)
{
    struct link *l = *state;
    struct weft_ip peer = ip6(PEER6);
    struct ip_path path;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    drain(l);
    for (unsigned i = 0; i < 3; i++) {
        router_advert(l, "fe80::1", 0, p, prefix_option(p, "2001:db8:9::", 0x80, 100, 50));
        pass(l, 99 * WEFT_S);
        assert_int_equal(route_lookup(l->s, &peer, &path), 0);
        assert_true(ip_eq(&path.next_hop, &peer));
        pass(l, 2 * WEFT_S);
        assert_int_equal(route_lookup(l->s, &peer, &path), WEFT_ENETUNREACH);
    }
}

/* The address of ours in this prefix of 64 bits. */
static struct weft_ip address_in(struct link *l, const char *prefix)
{
    struct weft_ip of = ip6(prefix);
    struct weft_if_info info;

    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (ip_prefix_match(&info.address[i].ip, &of, 64))
            return info.address[i].ip;
    fail_msg("no address in %s", prefix);
    return of;
}

static bool speaks_from(struct link *l, const char *dst, const struct weft_ip *ip)
{
    struct weft_ip to = ip6(dst), src;

    return weft_route_source(l->s, &to, &src) == 0 && ip_eq(&src, ip);
}

/* An echo request for ip from a neighbour: is something done to answer it? */
static bool is_answered(struct link *l, const struct weft_ip *ip)
{
    char text[64];

    weft_ip_text(ip, text, sizeof text);
    drain(l);
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = text}, ICMPV6_ECHO, 0, NULL, 0);
    return next_out(l) != -1;
}

/* R6724-1: rule 5.5. Each of two routers has a prefix of its own; the source goes with the one that is sent to. */
static void the_source_is_of_the_next_hops_prefix(void **state)
{
    static const char dst[] = "2001:db8:b::99"; /* which is nearer to the second router's prefix */
    struct link *l = *state;
    struct weft_ip first, second;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:a::", 0x40, 9000, 9000));
    router_advert(l, "fe80::2", 9000, p, prefix_option(p, "2001:db8:b::", 0x40, 9000, 9000));
    pass(l, 3 * WEFT_S);
    first = address_in(l, "2001:db8:a::");
    second = address_in(l, "2001:db8:b::");
    assert_true(speaks_from(l, dst, &first));
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:b::", 0x40, 9000, 9000));
    assert_true(speaks_from(l, dst, &second)); /* both are the first router's now: rule 8 */
    for (unsigned i = 3; i <= 6; i++) { /* IF_ADVERTISERS others: the first one's claim to it is forgotten */
        char router[16] = "fe80::";

        router[6] = (char)('0' + i);
        router_advert(l, router, 0, p, prefix_option(p, "2001:db8:b::", 0x40, 9000, 9000));
    }
    assert_true(speaks_from(l, dst, &first));
    router_advert(l, "fe80::1", 0, p, prefix_option(p, "2001:db8:a::", 0x40, 9000, 9000));
    router_advert(l, "fe80::2", 9000, p, prefix_option(p, "2001:db8:b::", 0x40, 9000, 9000));
    assert_true(speaks_from(l, dst, &second));
    assert_true(speaks_from(l, "2001:db8:a::99", &second)); /* whatever rule 8 would say */
}

/* R4862-5.5.4 */
static void deprecated_addresses_answer_and_do_not_ask(void **state)
{
    struct link *l = *state;
    struct weft_ip nearer, other;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:9::", 0xc0, 7200, 100));
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:a::", 0xc0, 9000, 9000));
    pass(l, 3 * WEFT_S);
    nearer = address_in(l, "2001:db8:9::");
    other = address_in(l, "2001:db8:a::");
    assert_true(speaks_from(l, PEER6, &nearer));
    pass(l, 100 * WEFT_S);
    assert_true(speaks_from(l, PEER6, &other));
    assert_true(is_answered(l, &nearer));
    pass(l, 7200 * WEFT_S);
    assert_false(is_answered(l, &nearer));
    assert_int_equal(weft_drops(l->s, WEFT_DROP_ip_not_ours), 1);
}

struct temporaries {
    unsigned preferred, deprecated;
    struct weft_ip newest;
};

static struct temporaries temporaries(struct link *l)
{
    struct temporaries t = {0};
    struct weft_if_info info;

    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++) {
        if (!info.address[i].temporary)
            continue;
        t.preferred += strcmp(info.address[i].state, "preferred") == 0;
        t.deprecated += strcmp(info.address[i].state, "deprecated") == 0;
        t.newest = info.address[i].ip;
        assert_true(info.address[i].valid_until <= l->now + 2 * 86400 * WEFT_S);
        assert_true(info.address[i].preferred_until <= l->now + 86400 * WEFT_S);
    }
    return t;
}

/* R8981-1, §3.6: the next one is there before the last one goes out of use, and is another one. */
static void temporary_addresses_are_made_anew_in_time(void **state)
{
    struct link *l = *state;
    struct temporaries first, now;
    unsigned overlaps = 0;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    drain(l);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 0xffffffff, 0xffffffff));
    pass(l, 2 * WEFT_S);
    first = temporaries(l);
    assert_int_equal(first.preferred, 1);
    for (unsigned second = 0; second < 25 * 3600; second++) {
        pass(l, WEFT_S);
        drain(l);
        now = temporaries(l);
        assert_in_range(now.preferred, 1, 2);
        overlaps += now.preferred == 2;
    }
    assert_in_range(overlaps, 1, 60);
    assert_true(now.deprecated >= 1);
    assert_false(ip_eq(&now.newest, &first.newest));
}

/* RFC 4291 §2.8 */
static void the_first_address_brings_one_of_link_scope(void **state)
{
    struct link *l = *state;
    struct weft_ip ip = ip6(US6);
    struct weft_if_info info;

    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, 0);
    assert_int_equal(weft_if_add_address(l->ifp, &ip, 64), 0);
    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, 2);
    assert_true(ip_is_link_local(&info.address[0].ip) != ip_is_link_local(&info.address[1].ip));
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

/* R6980-1 */
static void what_comes_in_fragments_is_not_believed(void **state)
{
    static const uint8_t atomic[8];
    struct link *l = *state;
    struct make6 m = {.src = PEER6, .dst = US6, .first = IP_PROTO_FRAGMENT, .chain = atomic, .chain_len = sizeof atomic};
    uint8_t p[24];

    have_address(l);
    input(l, other_mac, m, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, put_target(p, US6, ND_SOURCE_MAC, other_mac));
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_fragment), 1);
    assert_int_equal(next_out(l), -1);
    assert_string_equal(state_of(l, PEER6), "none");
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

/* Our first hop redirects what is for dst to target. */
static void redirect_to(struct link *l, const char *dst, const char *target)
{
    struct weft_ip to = ip6(dst), better = ip6(target);
    uint8_t p[32];

    memcpy(p, &better, 16);
    memcpy(p + 16, &to, 16);
    input(l, router_mac, (struct make6){.src = "fe80::1", .dst = US6}, ICMPV6_REDIRECT, 0, p, 32);
}

static bool goes_by(struct link *l, const char *dst, const char *hop)
{
    struct weft_ip to = ip6(dst), want = ip6(hop);
    struct ip_path path;

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    return route_lookup(l->s, &to, &path) == 0 && ip_eq(&path.next_hop, &want);
}

/* R4861-6.3.6: and with a router go all redirects to it, none to others. */
static void redirects_go_with_the_router_they_name(void **state)
{
    static const char *const to_it[] = {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"};
    static const char *const to_others[] = {"2001:db8:2::1", "2001:db8:2::2"};
    struct weft_addr far = addr6("2001:db8:1::1", 7);
    struct link *l = *state;
    weft_sock *sock;

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    redirect_to(l, to_it[0], "fe80::77");
    redirect_to(l, to_others[0], "fe80::88");
    redirect_to(l, to_it[1], "fe80::77");
    redirect_to(l, to_others[1], "fe80::99");
    redirect_to(l, to_it[2], "fe80::77");
    sock = weft_socket_in(l->s, WEFT_INET6, WEFT_UDP, NULL);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &far), 1);
    for (size_t i = 0; i < ARRAY_LEN(to_it); i++)
        assert_true(goes_by(l, to_it[i], "fe80::77"));
    pass(l, 4 * WEFT_S);
    for (size_t i = 0; i < ARRAY_LEN(to_it); i++)
        assert_true(goes_by(l, to_it[i], "fe80::1"));
    assert_true(goes_by(l, to_others[0], "fe80::88"));
    assert_true(goes_by(l, to_others[1], "fe80::99"));
    weft_close(sock);
}

/* ---- we are the router ---- */

/* A datagram of another protocol, from a neighbour to dst by way of us. */
static size_t through_us(struct link *l, uint8_t *out, const char *src, const char *dst, size_t n)
{
    uint8_t payload[1500] = {0};
    struct eth_header h = {.type = ETH_TYPE_IPV6};
    struct writer w = writer(out, ETH_HEADER);
    weft_pkt *pkt;
    size_t len;

    memcpy(h.dst, our_mac, 6);
    memcpy(h.src, other_mac, 6);
    eth_emit(&w, &h);
    len = ETH_HEADER + make_ip6(out + ETH_HEADER, (struct make6){.src = src, .dst = dst}, payload, n);
    pkt = weft_pkt_new(l->s, len);
    memcpy(weft_pkt_data(pkt), out, len);
    weft_pkt_set_len(pkt, len);
    weft_input(l->ifp, &pkt, 1, l->now);
    return len - ETH_HEADER;
}

static void become_router(struct link *l, const char *gateway)
{
    struct weft_route way = {.gateway = ip6(gateway), .if_name = "eth0"};

    have_address(l);
    l->s->config.ip6_forward = true;
    assert_int_equal(weft_route_add(l->s, &way), 0);
    /* We ask for who asks us. */
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = US6}, ICMPV6_ECHO, 0, NULL, 0);
    advert(l, "2001:db8:9::5", other_mac, 0x60000000, other_mac);
    drain(l);
}

/* How many redirects go out; the last one stays in l->frame. */
static unsigned redirects(struct link *l)
{
    uint8_t last[sizeof l->frame];
    unsigned n = 0;
    size_t len = 0;
    int type;

    while ((type = next_out(l)) != -1)
        if (type == ICMPV6_REDIRECT) {
            n++;
            len = l->len;
            memcpy(last, l->frame, len);
        }
    memcpy(l->frame, last, len);
    l->len = len;
    return n;
}

/* R4861-8.2 */
static void a_neighbour_is_told_of_a_better_first_hop(void **state)
{
    struct link *l = *state;
    const struct weft_ip better = ip6("fe80::77"), far = ip6(STRANGER6);
    uint8_t sent[1500];
    struct ipv6_header h;
    struct csum sum = {0};
    size_t n;

    become_router(l, "fe80::77");
    n = through_us(l, sent, "2001:db8:9::5", STRANGER6, 100);
    assert_int_equal(redirects(l), 1);
    h = read_ip6(l->frame + 14, l->len - 14, NULL, "2001:db8:9::5");
    assert_true(ip_is_link_local(&h.src));
    assert_int_equal(h.hop_limit, 255);
    ip_pseudo_header(&sum, &h.src, &h.dst, IP_PROTO_ICMPV6, h.payload_len);
    csum_add(&sum, l->frame + 54, h.payload_len);
    assert_int_equal(csum_fold(&sum), 0);
    assert_memory_equal(l->frame + 62, &better, 16);
    assert_memory_equal(l->frame + 78, &far, 16);
    n &= ~(size_t)7; /* what is shown of it, in units of eight */
    assert_int_equal(l->frame[94], ND_REDIRECTED); /* and no address of the link: nobody knows that yet */
    assert_int_equal(l->frame[95], 1 + n / 8);
    assert_int_equal(l->len, 102 + n);
    assert_memory_equal(l->frame + 102, sent + ETH_HEADER, n);
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_nd_redirects_out), 1);
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_ip_forwarded), 1);
}

/* R4861-8.2 */
static void a_redirect_names_the_station_and_fits_the_smallest_link(void **state)
{
    struct link *l = *state;
    uint8_t sent[1600];

    become_router(l, "fe80::77");
    through_us(l, sent, "2001:db8:9::5", "2001:db8:9::6", 1400); /* who is a neighbour himself */
    advert(l, "2001:db8:9::6", router_mac, 0x60000000, router_mac);
    drain(l);
    pass(l, WEFT_S);
    drain(l);
    through_us(l, sent, "2001:db8:9::5", "2001:db8:9::6", 1400);
    assert_int_equal(redirects(l), 1);
    assert_memory_equal(l->frame + 62, l->frame + 78, 16); /* the target is the destination */
    assert_int_equal(l->frame[94], ND_TARGET_MAC);
    assert_memory_equal(l->frame + 96, router_mac, 6);
    assert_true(l->len - ETH_HEADER <= 1280 && l->len - ETH_HEADER > 1272);
}

/* R4861-8.2 */
static void redirects_go_out_seldom_and_only_where_they_help(void **state)
{
    struct link *l = *state;
    struct weft_route by_global = {.dst = ip6("2001:db8:aaaa::"), .prefix = 48, .gateway = ip6("2001:db8:9::9")};
    uint8_t sent[1500];
    char src[40];

    become_router(l, "fe80::77");
    assert_int_equal(weft_route_add(l->s, &by_global), 0);
    for (unsigned i = 0; i < 1000; i++)
        through_us(l, sent, "2001:db8:9::5", STRANGER6, 10);
    assert_int_equal(redirects(l), 1); /* a second for each pair */
    pass(l, WEFT_S);
    drain(l);
    through_us(l, sent, "2001:db8:9::5", "2001:db8:aaaa::1", 10); /* its gateway has no name that could be said */
    through_us(l, sent, "2001:db8:bbbb::1", STRANGER6, 10); /* no neighbour */
    assert_int_equal(redirects(l), 0);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(src, sizeof src, "2001:db8:9::1:%x", i);
        through_us(l, sent, src, STRANGER6, 10);
    }
    drain(l);
    assert_true(weft_counter(l->s, WEFT_COUNT_nd_redirects_out) <= 52); /* the rate of ICMP errors */
    l->s->config.send_redirects = false;
    pass(l, 2 * WEFT_S);
    drain(l);
    through_us(l, sent, "2001:db8:9::5", STRANGER6, 10);
    assert_int_equal(redirects(l), 0);
}

/* R4861-8.2, R4861-7.2.4 */
static void a_router_says_so_and_believes_no_other(void **state)
{
    struct link *l = *state;
    struct weft_ip better = ip6("fe80::78"), to = ip6(STRANGER6);
    struct ip_path path;
    uint8_t p[32];

    become_router(l, "fe80::1");
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p,
          put_target(p, US6, 0, NULL));
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_ADVERT);
    assert_int_equal(l->frame[58] >> 5, 7); /* router, solicited, override */
    memcpy(p, &better, 16);
    memcpy(p + 16, &to, 16);
    input(l, router_mac, (struct make6){.src = "fe80::1", .dst = US6}, ICMPV6_REDIRECT, 0, p, 32);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_redirect), 1);
    assert_int_equal(route_lookup(l->s, &to, &path), 0);
    assert_int_equal(path.next_hop.b[15], 1);
    router_advert(l, "fe80::2", 1800, NULL, 0);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_not_ours), 1);
    assert_false(has_default_route(l, "fe80::2"));
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = "ff02::2"}, ICMPV6_ECHO, 0, p, 8); /* R4291-2 */
    assert_int_equal(next_out(l), ICMPV6_ECHO_REPLY);
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

/* R4861-8: a redirect is believed for ten minutes, and not shorter because others end before. */
static void a_redirect_has_its_time(void **state)
{
    struct link *l = *state;

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    redirect_to(l, STRANGER6, "fe80::77");
    pass(l, 300 * WEFT_S);
    redirect_to(l, "2001:db8:ffff::a", "fe80::78");
    pass(l, 299 * WEFT_S);
    assert_true(goes_by(l, STRANGER6, "fe80::77"));
    pass(l, 2 * WEFT_S);
    assert_true(goes_by(l, STRANGER6, "fe80::1"));
    assert_true(goes_by(l, "2001:db8:ffff::a", "fe80::78"));
    pass(l, 300 * WEFT_S);
    assert_true(goes_by(l, "2001:db8:ffff::a", "fe80::1"));
}

/* R4861-8 */
static void a_redirect_of_a_group_makes_no_sense(void **state)
{
    struct link *l = *state;
    uint64_t before;

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    before = weft_drops(l->s, WEFT_DROP_nd_malformed);
    redirect_to(l, "ff05::9", "fe80::77");
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_malformed), before + 1);
}

/* R5942-1 */
static void each_prefix_is_on_the_link_by_itself(void **state)
{
    static const char *const prefixes[] = {"2001:db8:a::", "2001:db8:b::", "2001:db8:c::"};
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        router_advert(l, "fe80::1", 1800, p, prefix_option(p, prefixes[i], 0x80, 3600, 1800));
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        char host[32];

        snprintf(host, sizeof host, "%s99", prefixes[i]);
        assert_true(goes_by(l, host, host));
    }
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, prefixes[1], 0x80, 0, 0));
    assert_true(goes_by(l, "2001:db8:a::99", "2001:db8:a::99"));
    assert_true(goes_by(l, "2001:db8:b::99", "fe80::1"));
}

/* RFC 8106 §5.2: a lifetime of zero takes a domain back, and no other one. */
static void a_domain_is_taken_back(void **state)
{
    uint8_t p[24] = {ND_DNSSL, 3, 0, 0, 0, 0, 0, 30, 3, 'l', 'a', 'b', 4, 't', 'e', 's', 't', 0};
    struct link *l = *state;
    struct weft_search_domain domain;

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    p[7] = 0;
    p[9] = 'x';
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    assert_true(weft_search_domain_info(l->s, 0, &domain));
    assert_string_equal(domain.name, "lab.test");
    p[9] = 'l';
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    assert_false(weft_search_domain_info(l->s, 0, &domain));
}

/* R4862-5.5.3: one that must not be used for anything new is deprecated from the first moment. */
static void a_prefix_without_a_preferred_life_makes_a_deprecated_address(void **state)
{
    struct link *l = *state;
    struct weft_ip ours;
    char text[64];
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 1800));
    pass(l, 3 * WEFT_S);
    ours = address_in(l, "2001:db8:9::");
    weft_ip_text(&ours, text, sizeof text);
    assert_string_equal(address_state(l, text), "preferred");
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 0));
    assert_string_equal(address_state(l, text), "deprecated");
}

/* RFC 7217: any identifier may come out but for those few that are reserved. */
static void opaque_identifiers_end_in_any_byte(void **state)
{
    struct link *l = *state;
    unsigned high = 0;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (unsigned i = 1; i <= 10; i++) {
        char prefix[32];

        snprintf(prefix, sizeof prefix, "2001:db8:%x::", i);
        router_advert(l, "fe80::1", 1800, p, prefix_option(p, prefix, 0x40, 3600, 1800));
        high += address_in(l, prefix).b[15] >= 0x80;
    }
    assert_in_range(high, 1, 9);
}

/* R8981-1, §3.4: no advertisement makes it live longer than it was to live in the first place. */
static void temporary_addresses_are_never_prolonged(void **state)
{
    struct link *l = *state;
    struct weft_if_info info;
    weft_time made;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    drain(l);
    made = l->now;
    for (unsigned hour = 0; hour < 12; hour++) {
        router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:9::", 0xc0, 7 * 86400, 7 * 86400));
        pass(l, 3600 * WEFT_S);
        drain(l);
    }
    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (info.address[i].temporary)
            assert_true(info.address[i].valid_until <= made + 2 * 86400 * WEFT_S);
}

static int setup_eui64(void **state)
{
    *state = open_link(WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_EUI64);
    return 0;
}

/* RFC 2464 §4 */
static void an_identifier_may_be_the_station_address(void **state)
{
    struct link *l = *state;

    pass(l, 5 * WEFT_S);
    assert_string_equal(address_state(l, "fe80::ff:fe00:2"), "preferred");
    assert_int_equal(l->ifp->address[0].prefix, 64);
}

/* R4862-5.4, RFC 7527: a solicitation that is not our own come back means that somebody else tries the address, too. */
static void another_who_tries_our_address_has_another_nonce(void **state)
{
    struct link *l = *state;
    struct weft_ip us = ip6(US6);
    uint8_t p[24];

    weft_if_add_address(l->ifp, &us, 64);
    wait_out(l, 2 * WEFT_S);
    assert_string_equal(address_state(l, US6), "tentative");
    memcpy(p, &us, 16);
    memcpy(p + 16, (uint8_t[8]){14, 1, 1, 2, 3, 4, 5, 6}, 8);
    input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, sizeof p);
    assert_string_equal(address_state(l, US6), "duplicate");
}

/* R4861-8: one that was forgotten and comes again leaves the others as they are. */
static void a_redirect_that_comes_again_harms_no_other(void **state)
{
    struct link *l = *state;
    struct weft_ip dead = ip6("fe80::78");

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    redirect_to(l, STRANGER6, "fe80::77");
    redirect_to(l, "2001:db8:ffff::a", "fe80::78");
    weft_ip_set_zone(&dead, weft_if_index(l->ifp));
    ip_neighbour_lost(l->ifp, &dead);
    assert_true(goes_by(l, "2001:db8:ffff::a", "fe80::1"));
    redirect_to(l, "2001:db8:ffff::a", "fe80::79");
    assert_true(goes_by(l, STRANGER6, "fe80::77"));
    pass(l, 601 * WEFT_S);
    assert_true(goes_by(l, STRANGER6, "fe80::1"));
    assert_true(goes_by(l, "2001:db8:ffff::a", "fe80::1"));
}

/* R8981-1, §3.4: one follows another, and those that are out of use have no more successors. Each is preferred from 14.4
 * hours to 24. */
static void a_temporary_address_has_one_successor(void **state)
{
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 0xffffffff, 0xffffffff));
    for (unsigned hour = 0; hour < 72; hour++) {
        pass(l, 3600 * WEFT_S);
        drain(l);
    }
    assert_in_range(l->ifp->nd->temporary_made, 4, 6);
}

/* R7217-1, RFC 7217 §6: an address of a prefix that somebody has already gives way to another one of it. */
static void an_address_that_is_taken_has_a_successor(void **state)
{
    struct link *l = *state;
    struct weft_ip taken;
    char text[64];
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 1800));
    taken = address_in(l, "2001:db8:9::");
    weft_ip_text(&taken, text, sizeof text);
    assert_string_equal(address_state(l, text), "tentative");
    input(l, other_mac, (struct make6){.src = "fe80::5", .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p,
          put_target(p, text, ND_TARGET_MAC, other_mac));
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_nd_duplicates), 1);
    pass(l, 3 * WEFT_S);
    assert_null(if_find_entry(l->ifp, &taken));
    taken = address_in(l, "2001:db8:9::");
    weft_ip_text(&taken, text, sizeof text);
    assert_string_equal(address_state(l, text), "preferred");
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
        cmocka_unit_test_setup_teardown(what_comes_in_fragments_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(redirects_come_from_the_first_hop_only, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_go_with_the_router_they_name, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_neighbour_is_told_of_a_better_first_hop, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_names_the_station_and_fits_the_smallest_link, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_go_out_seldom_and_only_where_they_help, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_router_says_so_and_believes_no_other, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_say_what_the_link_carries, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_that_ran_out_may_come_again, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(the_source_is_of_the_next_hops_prefix, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(deprecated_addresses_answer_and_do_not_ask, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(temporary_addresses_are_made_anew_in_time, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(the_first_address_brings_one_of_link_scope, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_router_gives_way_to_another, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(servers_of_names_are_kept_for_their_lifetime, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(an_interface_does_as_the_tunables_say, setup_configured, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_has_its_time, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_of_a_group_makes_no_sense, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(each_prefix_is_on_the_link_by_itself, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_domain_is_taken_back, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_without_a_preferred_life_makes_a_deprecated_address, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(opaque_identifiers_end_in_any_byte, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(temporary_addresses_are_never_prolonged, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(an_identifier_may_be_the_station_address, setup_eui64, teardown),
        cmocka_unit_test_setup_teardown(another_who_tries_our_address_has_another_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_that_comes_again_harms_no_other, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_temporary_address_has_one_successor, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_is_taken_has_a_successor, setup_auto, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
