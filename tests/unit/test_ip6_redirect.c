/* SPDX-License-Identifier: MIT */
/* Redirects of IPv6: whom a host believes, what becomes of the way; when a router says so. */
#include "nd_bench.h"

/* ---- routers ---- */

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
static void redirect_by(struct link *l, const char *router, const char *dst, const char *target)
{
    struct weft_ip to = ip6(dst), better = ip6(target);
    uint8_t p[32];

    memcpy(p, &better, 16);
    memcpy(p + 16, &to, 16);
    input(l, router_mac, (struct make6){.src = router, .dst = US6}, ICMPV6_REDIRECT, 0, p, 32);
}

static void redirect_to(struct link *l, const char *dst, const char *target) { redirect_by(l, "fe80::1", dst, target); }

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
    assert_true(weft_counter(l->s, WEFT_COUNT_nd_redirects_out) <= 1 + 50 + 128); /* in such masses only as errors go out */
    l->s->config.send_redirects = false;
    pass(l, 2 * WEFT_S);
    drain(l);
    through_us(l, sent, "2001:db8:9::5", STRANGER6, 10);
    assert_int_equal(redirects(l), 0);
}

/* R4861-8.2: nobody's errors keep it back. */
static void redirects_do_not_wait_for_errors(void **state)
{
    struct link *l = *state;
    uint8_t sent[1500];

    become_router(l, "fe80::77");
    l->s->config.icmp6_error_interval = 0;
    for (unsigned i = 0; i < 1000; i++)
        through_us(l, sent, "2001:db8:9::5", US6, 10); /* a protocol that we do not speak */
    drain(l);
    assert_in_range(weft_counter(l->s, WEFT_COUNT_icmp_rate_limited), 1000 - 50 - 128, 1000 - 50);
    through_us(l, sent, "2001:db8:9::5", STRANGER6, 100);
    assert_int_equal(redirects(l), 1);
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

/* R4861-8: more than there is room for: the newest stay, and which of them is the oldest does not depend on its place. */
static void the_newest_redirects_have_the_room(void **state)
{
    struct link *l = *state;
    char dst[40];

    have_address(l);
    router_advert(l, "fe80::1", 9000, NULL, 0);
    for (unsigned i = 0; i < 2 * ND_REDIRECTS; i++) {
        snprintf(dst, sizeof dst, "2001:db8:ffff::%x", i + 1);
        redirect_to(l, dst, "fe80::77");
        pass(l, WEFT_S);
        if (i == 5) { /* the first leads elsewhere, and is the newest of them */
            redirect_by(l, "fe80::77", "2001:db8:ffff::1", "fe80::78");
            pass(l, WEFT_S);
        }
        if (i == ND_REDIRECTS) {
            assert_true(goes_by(l, "2001:db8:ffff::1", "fe80::78"));
            assert_true(goes_by(l, "2001:db8:ffff::2", "fe80::1"));
        }
    }
    for (unsigned i = 0; i < 2 * ND_REDIRECTS; i++) {
        snprintf(dst, sizeof dst, "2001:db8:ffff::%x", i + 1);
        assert_true(goes_by(l, dst, i < ND_REDIRECTS ? "fe80::1" : "fe80::77"));
    }
}

static bool is_router(struct link *l, const char *ip)
{
    struct weft_ip want = ip6(ip);
    const struct neigh *n;

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    n = neigh_find(l->ifp, &want);
    return n && n->router;
}

/* R4861-8.3: whom a redirect names as the next hop is a router; R4861-7.2.5: until he says that he is none. */
static void who_is_no_router_any_more_gets_nothing_by_redirects(void **state)
{
    struct link *l = *state;
    char himself[] = "2001:db8:ffff::a";
    uint8_t p[24];

    have_address(l);
    router_advert(l, "fe80::1", 9000, NULL, 0);
    input(l, other_mac, (struct make6){.src = "fe80::77", .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p,
          put_target(p, US6, ND_SOURCE_MAC, other_mac));
    input(l, other_mac, (struct make6){.src = himself, .dst = US6}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p,
          put_target(p, US6, ND_SOURCE_MAC, other_mac));
    assert_false(is_router(l, "fe80::77"));
    redirect_to(l, STRANGER6, "fe80::77");
    redirect_to(l, himself, himself);
    assert_true(is_router(l, "fe80::77"));
    assert_false(is_router(l, himself));
    advert(l, himself, other_mac, 0x60000000, other_mac); /* a host, and he is on the link as before */
    assert_true(goes_by(l, himself, himself));
    advert(l, "fe80::77", other_mac, 0xe0000000, other_mac);
    assert_true(goes_by(l, STRANGER6, "fe80::77"));
    advert(l, "fe80::77", other_mac, 0x60000000, other_mac);
    assert_true(goes_by(l, STRANGER6, "fe80::1"));
    assert_true(goes_by(l, himself, himself));
}

/* R4861-6.3.5: what others sent a router's way goes with it, when it takes its word back or its time is over. */
static void redirects_go_with_the_routers_word(void **state)
{
    struct link *l = *state;

    have_address(l);
    router_advert(l, "fe80::1", 9000, NULL, 0);
    for (unsigned i = 0; i < 2; i++) {
        router_advert(l, "fe80::77", 100, NULL, 0);
        redirect_to(l, STRANGER6, "fe80::77");
        assert_true(goes_by(l, STRANGER6, "fe80::77"));
        if (i == 0)
            router_advert(l, "fe80::77", 0, NULL, 0);
        else
            pass(l, 100 * WEFT_S);
        assert_true(goes_by(l, STRANGER6, "fe80::1"));
    }
}

/* Linux's net.ipv6.conf.all.accept_redirects. */
static void redirects_can_be_switched_off(void **state)
{
    struct link *l = *state;

    have_address(l);
    router_advert(l, "fe80::1", 1800, NULL, 0);
    l->s->config.ip6_accept_redirects = false;
    redirect_to(l, STRANGER6, "fe80::77");
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_redirect), 1);
    assert_true(goes_by(l, STRANGER6, "fe80::1"));
    l->s->config.ip6_accept_redirects = true;
    redirect_to(l, STRANGER6, "fe80::77");
    assert_true(goes_by(l, STRANGER6, "fe80::77"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_redirects_have_the_room, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(who_is_no_router_any_more_gets_nothing_by_redirects, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_go_with_the_routers_word, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_come_from_the_first_hop_only, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_go_with_the_router_they_name, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_neighbour_is_told_of_a_better_first_hop, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_names_the_station_and_fits_the_smallest_link, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_go_out_seldom_and_only_where_they_help, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_do_not_wait_for_errors, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_has_its_time, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_of_a_group_makes_no_sense, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(redirects_can_be_switched_off, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_that_comes_again_harms_no_other, setup_auto, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
