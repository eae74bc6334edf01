/* SPDX-License-Identifier: MIT */
/* Routers of IPv6 heard: routes, prefixes, servers of names, what the link carries; and we as a router. */
#include "nd_bench.h"

static int setup_configured(void **state)
{
    *state = open_link(WEFT_IPV6_AUTO);
    return 0;
}

/* ---- routers ---- */

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

/* RFC 4861 §6.2.1: no router may say more than an hour; §6.3.4: and nothing is no news. */
static void a_reachable_time_beyond_an_hour_is_not_believed(void **state)
{
    static const uint32_t told[] = {20000, 3600001, 0, 3600000}, becomes[] = {20000, 20000, 20000, 3600000};
    struct link *l = *state;
    uint8_t p[8] = {0};

    pass(l, 5 * WEFT_S);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        poke_u32(p, told[i]);
        input(l, router_mac, (struct make6){.src = "fe80::1", .dst = ALL_NODES}, ICMPV6_ROUTER_ADVERT, 1800, p, 8);
        assert_int_equal(l->ifp->nd->reachable_base, becomes[i] * WEFT_MS);
    }
}

/* RFC 4861 §6.3.4, RFC 4862 §5.5.3: not the link's own prefix, no group, and none preferred for longer than valid. */
static void prefixes_that_cannot_be_are_ignored(void **state)
{
    struct link *l = *state;
    struct weft_if_info info;
    size_t before;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    weft_if_info(l->s, 1, &info);
    before = info.n_addresses;
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "fe80::", 0xc0, 3600, 1800));
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "ff0e::", 0xc0, 3600, 1800));
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 3601));
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:8::", 0x40, 0, 0));
    assert_true(goes_by(l, PEER6, "fe80::1")); /* not on the link */
    assert_int_equal(l->ifp->nd->n_prefixes, 0);
    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, before);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 3600));
    assert_true(goes_by(l, PEER6, PEER6));
    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, before + 1);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:7::", 0x40, 1, 1)); /* for a second */
    weft_if_info(l->s, 1, &info);
    assert_int_equal(info.n_addresses, before + 2);
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

/* ---- we are the router ---- */

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
    assert_false(weft_nameserver_info(l->s, 1, &ns)); /* the option ended there */
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

/* Four labels of 63 letters are the longest name that there is room for: it comes whole, and until when it is good. */
static void the_longest_domain_has_its_whole_name_and_its_time(void **state)
{
    enum { LABEL = 63, LABELS = 4 };
    uint8_t p[272] = {ND_DNSSL, sizeof p / 8, 0, 0, 0, 0, 0, 30};
    struct link *l = *state;
    struct weft_search_domain domain;
    weft_time until;

    for (size_t i = 0; i < LABELS; i++) {
        p[8 + i * (LABEL + 1)] = LABEL;
        memset(p + 8 + i * (LABEL + 1) + 1, 'a' + (int)i, LABEL);
    }
    pass(l, 5 * WEFT_S);
    until = l->now + 30 * WEFT_S;
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    assert_true(weft_search_domain_info(l->s, 0, &domain));
    assert_int_equal(strlen(domain.name), LABELS * (LABEL + 1) - 1);
    assert_int_equal(domain.until, until);
}

/* R4861-6.3.7, RFC 7559: three times four seconds apart, then less and less often. */
static void routers_are_sought_less_and_less_often(void **state)
{
    static const unsigned gaps[] = {4, 4, 4, 8, 16, 32, 64};
    struct link *l = *state;
    weft_time last;

    while (wait_out(l, 10 * WEFT_S) != ICMPV6_ROUTER_SOLICIT)
        ;
    for (size_t i = 0; i < ARRAY_LEN(gaps); i++) {
        last = l->now;
        while (wait_out(l, 100 * WEFT_S) != ICMPV6_ROUTER_SOLICIT)
            ;
        assert_int_equal(l->now - last, gaps[i] * WEFT_S);
    }
}

/* R4861-6.3.4: a prefix ends when it has to, and not with whatever is due next. */
static void a_prefix_ends_by_its_own_time(void **state)
{
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 60 * WEFT_S);
    drain(l);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:7::", 0x80, 100, 100));
    pass(l, 60 * WEFT_S);
    assert_true(weft_deadline(l->s) <= l->now + 40 * WEFT_S);
}

/* R4861-7.2.5: who says that he is a router no more is none; who says that he is one stays. */
static void a_router_that_is_none_any_more_is_none_of_ours(void **state)
{
    struct link *l = *state;

    uint8_t p[8] = {ND_SOURCE_MAC, 1};

    pass(l, 5 * WEFT_S);
    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    advert(l, "fe80::1", router_mac, 0x60000000, router_mac); /* nobody asked where it is: this is not looked at */
    assert_true(has_default_route(l, "fe80::1"));
    memcpy(p + 2, router_mac, 6);
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    advert(l, "fe80::1", router_mac, 0xe0000000, router_mac);
    assert_true(has_default_route(l, "fe80::1"));
    advert(l, "fe80::1", other_mac, 0, other_mac); /* from another station, which may not take its place */
    assert_true(has_default_route(l, "fe80::1"));
    advert(l, "fe80::1", router_mac, 0x60000000, router_mac);
    assert_false(has_default_route(l, "fe80::1"));
}

static bool seeks(struct link *l, weft_time within)
{
    weft_time end = l->now + within;

    for (int type = 0; type != -1;) {
        type = wait_out(l, end - l->now);
        if (type == ICMPV6_ROUTER_SOLICIT)
            return true;
    }
    pass(l, end - l->now);
    return false;
}

/* R4861-6.3.7: who has no router left asks for one, and nobody else does. */
static void routers_are_sought_again_when_the_last_has_gone(void **state)
{
    struct link *l = *state;

    pass(l, 60 * WEFT_S);
    router_advert(l, "fe80::1", 600, NULL, 0);
    router_advert(l, "fe80::3", 1200, NULL, 0);
    drain(l);
    pass(l, 601 * WEFT_S);
    assert_false(has_default_route(l, "fe80::1"));
    assert_true(has_default_route(l, "fe80::3"));
    assert_false(seeks(l, 300 * WEFT_S));
    pass(l, 300 * WEFT_S);
    assert_true(seeks(l, 5 * WEFT_S));
    router_advert(l, "fe80::1", 600, NULL, 0);
    drain(l);
    router_advert(l, "fe80::1", 0, NULL, 0); /* or takes its word back */
    assert_true(seeks(l, 5 * WEFT_S));
}

/* R8106-1: what two links say is one list, an interface after the other; each entry has its time. */
/* R8106-1: one option may name several. */
static void an_option_names_several_servers(void **state)
{
    static const char *const servers[] = {"2001:db8:9::53", "2001:db8:9::54", "2001:db8:9::55"};
    struct link *l = *state;
    struct weft_nameserver ns;
    uint8_t p[56] = {ND_RDNSS, 7, 0, 0, 0, 0, 0, 60};

    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        struct weft_ip ip = ip6(servers[i]);

        memcpy(p + 8 + 16 * i, &ip, 16);
    }
    router_advert(l, "fe80::1", 1800, p, sizeof p);
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        struct weft_ip ip = ip6(servers[i]);

        assert_true(weft_nameserver_info(l->s, i, &ns));
        assert_true(ip_eq(&ns.ip, &ip));
    }
    assert_false(weft_nameserver_info(l->s, ARRAY_LEN(servers), &ns));
}

static void servers_and_domains_of_two_interfaces_are_one_list(void **state)
{
    struct link *l = *state;
    struct weft_if_config config = {.name = "eth1", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 2},
                                    .ipv6 = WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS};
    weft_if *first = l->ifp, *second = weft_if_new(l->s, &config, NULL);
    struct weft_search_domain domain;
    struct weft_nameserver ns;

    assert_non_null(second);
    pass(l, 5 * WEFT_S);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t p[48] = {ND_RDNSS, 3, 0, 0, 0, 0, 0, (uint8_t)(60 + i)};
        struct weft_ip ip = ip6("2001:db8::50");

        ip.b[15] += (uint8_t)i;
        memcpy(p + 8, &ip, 16);
        memcpy(p + 24, (uint8_t[24]){ND_DNSSL, 3, 0, 0, 0, 0, 0, 30, 3, 'l', 'a', (uint8_t)('0' + i), 4, 't', 'e', 's', 't'},
               24);
        l->ifp = i < 2 ? first : second;
        router_advert(l, "fe80::1", 1800, p, sizeof p);
    }
    l->ifp = first;
    for (unsigned i = 0; i < 4; i++) {
        const char *name = i < 2 ? "eth0" : "eth1";
        char text[] = "la0.test";

        text[2] += (char)i;
        assert_true(weft_search_domain_info(l->s, i, &domain));
        assert_string_equal(domain.name, text);
        assert_string_equal(domain.if_name, name);
        assert_int_equal(domain.until, l->now + 30 * WEFT_S);
        assert_true(weft_nameserver_info(l->s, i, &ns));
        assert_int_equal(ns.ip.b[15], 0x50 + i);
        assert_string_equal(ns.if_name, name);
        assert_int_equal(ns.until, l->now + (60 + i) * WEFT_S);
    }
    assert_false(weft_search_domain_info(l->s, 4, &domain));
    assert_false(weft_nameserver_info(l->s, 4, &ns));
    pass(l, 61 * WEFT_S); /* two of them have run out */
    assert_true(weft_nameserver_info(l->s, 1, &ns));
    assert_false(weft_nameserver_info(l->s, 2, &ns));
    weft_if_free(second);
}

/* What somebody made by hand after routers took their word back is his, and does not end with what they said. */
static void a_prefix_taken_back_takes_nothing_else_with_it(void **state)
{
    struct link *l = *state;
    struct weft_route by_hand = {.dst = ip6("2001:db8:7::"), .prefix = 64, .if_name = "eth0"};
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:7::", 0x80, 3600, 3600));
    assert_true(goes_by(l, "2001:db8:7::9", "2001:db8:7::9"));
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:7::", 0x80, 0, 0));
    assert_true(goes_by(l, "2001:db8:7::9", "fe80::1"));
    assert_int_equal(weft_route_add(l->s, &by_hand), 0);
    pass(l, 4000 * WEFT_S);
    assert_true(goes_by(l, "2001:db8:7::9", "2001:db8:7::9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_prefix_taken_back_takes_nothing_else_with_it, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_are_sought_again_when_the_last_has_gone, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(an_option_names_several_servers, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(servers_and_domains_of_two_interfaces_are_one_list, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_are_sought_until_one_answers, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(advertisement_makes_routes_and_addresses, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(floods_of_advertisements_stay_within_bounds, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_router_says_so_and_believes_no_other, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_say_what_the_link_carries, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_reachable_time_beyond_an_hour_is_not_believed, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(prefixes_that_cannot_be_are_ignored, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_that_ran_out_may_come_again, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(the_source_is_of_the_next_hops_prefix, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(dead_router_gives_way_to_another, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(servers_of_names_are_kept_for_their_lifetime, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(an_interface_does_as_the_tunables_say, setup_configured, teardown),
        cmocka_unit_test_setup_teardown(each_prefix_is_on_the_link_by_itself, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_domain_is_taken_back, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(the_longest_domain_has_its_whole_name_and_its_time, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_are_sought_less_and_less_often, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_ends_by_its_own_time, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_router_that_is_none_any_more_is_none_of_ours, setup_auto, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
