/* SPDX-License-Identifier: MIT */
/* Neighbours on Ethernet: found, trusted, doubted, probed; which of their words are believed. */
#include "nd_bench.h"

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

/* A driver may bring a frame in pieces; of a message of discovery that is not read in part. */
static void a_message_in_pieces_changes_nothing(void **state)
{
    struct link *l = *state;
    uint8_t rest[64], p[200];
    struct writer w = writer(p, ETH_HEADER);
    struct eth_header h = {.type = ETH_TYPE_IPV6};
    uint32_t n, head = ETH_HEADER + IPV6_HEADER + ND_NS_LEN;
    struct weft_block *block = block_new(&l->s->blocks, 64);
    weft_pkt *pkt;

    have_address(l);
    memcpy(h.dst, our_mac, 6);
    memcpy(h.src, other_mac, 6);
    eth_emit(&w, &h);
    n = ETH_HEADER + (uint32_t)make_icmp6(p + ETH_HEADER, (struct make6){.src = PEER6, .hop_limit = 255},
                                          ICMPV6_NEIGHBOUR_SOLICIT, 0, 0, rest,
                                          put_target(rest, US6, ND_SOURCE_MAC, other_mac));
    pkt = weft_pkt_new(l->s, head);
    memcpy(weft_pkt_data(pkt), p, head);
    weft_pkt_set_len(pkt, head);
    memcpy(block->data, p + head, n - head);
    assert_true(pkt_add_span(pkt, block, block->data, n - head));
    block_unref(block);
    weft_input(l->ifp, &pkt, 1, l->now);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_malformed), 1);
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

/* R4861-7.1: what is advertised is an address of one. */
static void an_advertisement_is_of_no_group(void **state)
{
    struct link *l = *state;
    uint8_t p[24];

    have_address(l);
    input(l, router_mac, (struct make6){.src = PEER6, .dst = US6}, ICMPV6_NEIGHBOUR_ADVERT, 0x60000000, p,
          put_target(p, "ff02::1:ff00:1", ND_TARGET_MAC, router_mac));
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_malformed), 1);
    advert(l, PEER6, router_mac, 0x60000000, router_mac);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_malformed), 1);
}

/* R4861-7.3 and §6.3.2: drawn between half and one and a half of what routers say, and drawn anew after some hours. */
static void the_time_of_trust_is_drawn_around_what_routers_say(void **state)
{
    struct link *l = *state;
    weft_time base = l->ifp->nd->reachable_base, least = WEFT_NEVER, most = 0, drawn;

    for (unsigned i = 0; i < 1000; i++) {
        drawn = ip_nd_neighbours.reachable(l->ifp);
        assert_in_range(drawn, base / 2, base / 2 + base);
        assert_int_equal(ip_nd_neighbours.reachable(l->ifp), drawn);
        least = drawn < least ? drawn : least;
        most = drawn > most ? drawn : most;
        weft_clock(l->s, l->now = l->ifp->nd->reachable_until);
    }
    assert_true(least < base / 100 * 55 && most > base / 100 * 145);
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

static void router_says(struct link *l, uint8_t hop_limit, uint32_t retrans)
{
    uint8_t p[8] = {0};

    poke_u32(p + 4, retrans);
    input(l, router_mac, (struct make6){.src = "fe80::1", .dst = ALL_NODES}, ICMPV6_ROUTER_ADVERT,
          (uint32_t)hop_limit << 24 | 1800, p, 8);
}

/* R4861-6.3.4: the hop limit of what we send, until a router says another one; zero says nothing. */
static void routers_say_how_many_hops(void **state)
{
    static const uint8_t told[] = {0, 77, 0, 5, 255}, becomes[] = {64, 77, 77, 5, 255};
    struct link *l = *state;

    pass(l, 5 * WEFT_S);
    have_address(l);
    weft_close(speak(l));
    advert(l, PEER6, router_mac, 0x60000000, router_mac);
    drain(l);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        router_says(l, told[i], 0);
        weft_close(speak(l));
        assert_int_equal(next_out(l), -2);
        assert_int_equal(l->frame[14 + 7], becomes[i]);
    }
}

/* R4861-6.3.4: how far apart questions are; no flood of them because somebody says so, nor none for ever. */
static void routers_say_how_often_one_asks(void **state)
{
    static const struct {
        uint32_t told;
        weft_time becomes;
    } rows[] = {{0, WEFT_S}, {2500, 2500 * WEFT_MS}, {0, 2500 * WEFT_MS}, {1, 10 * WEFT_MS}, {10, 10 * WEFT_MS},
                {11, 11 * WEFT_MS}, {UINT32_MAX, 3600 * WEFT_S}};
    struct link *l = *state;

    pass(l, 5 * WEFT_S);
    have_address(l);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char ip[32];
        struct weft_addr to;
        weft_sock *sock = weft_socket_in(l->s, WEFT_INET6, WEFT_UDP, NULL);
        weft_time first;

        router_says(l, 0, rows[i].told);
        drain(l);
        snprintf(ip, sizeof ip, "2001:db8:9::%zx", i + 0x50);
        to = addr6(ip, 7);
        weft_clock(l->s, l->now);
        assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
        assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_SOLICIT);
        first = l->now;
        while (wait_out(l, 2 * 3600 * WEFT_S) == ICMPV6_ROUTER_SOLICIT) /* for there is none after half an hour */
            ;
        assert_int_equal(l->frame[54], ICMPV6_NEIGHBOUR_SOLICIT);
        assert_int_equal(l->now - first, rows[i].becomes);
        pass(l, 3 * 3600 * WEFT_S);
        weft_close(sock);
    }
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

/* R6980-1 */
static void what_comes_in_fragments_is_not_believed(void **state)
{
    static const uint8_t atomic[8];
    struct link *l = *state;
    struct make6 m = {
        .src = PEER6, .dst = US6, .first = IP_PROTO_FRAGMENT, .chain = atomic, .chain_len = sizeof atomic};
    uint8_t p[24];

    have_address(l);
    input(l, other_mac, m, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, put_target(p, US6, ND_SOURCE_MAC, other_mac));
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_fragment), 1);
    assert_int_equal(next_out(l), -1);
    assert_string_equal(state_of(l, PEER6), "none");
}

/* A frame with [start, start + n) of the message behind a fragment header. */
static void input_fragment(struct link *l, const uint8_t *message, uint16_t start, uint16_t n, bool more)
{
    uint8_t chain[8] = {0, 0, 0, (uint8_t)more, 0, 0, 0, 7}, p[256];
    struct make6 m = {.hop_limit = 255, .proto = IP_PROTO_ICMPV6, .first = IP_PROTO_FRAGMENT, .chain = chain,
                      .chain_len = sizeof chain};
    struct eth_header h = {.type = ETH_TYPE_IPV6};
    struct writer w = writer(p, ETH_HEADER);
    weft_pkt *pkt;
    size_t len;

    memcpy(h.dst, our_mac, 6);
    memcpy(h.src, other_mac, 6);
    eth_emit(&w, &h);
    poke_u16(chain + 2, (uint16_t)(start | more));
    len = ETH_HEADER + make_ip6(p + ETH_HEADER, m, message + start, n);
    pkt = weft_pkt_new(l->s, len);
    memcpy(weft_pkt_data(pkt), p, len);
    weft_pkt_set_len(pkt, len);
    weft_input(l->ifp, &pkt, 1, l->now);
}

/* R6980-1: nor when it has come together again. */
static void what_came_in_fragments_is_not_believed_whole(void **state)
{
    struct link *l = *state;
    uint8_t whole[128], target[24];
    size_t n = put_target(target, US6, ND_SOURCE_MAC, other_mac);

    have_address(l);
    make_icmp6(whole, (struct make6){.hop_limit = 255}, ICMPV6_NEIGHBOUR_SOLICIT, 0, 0, target, n);
    input_fragment(l, whole + IPV6_HEADER, 0, 16, true);
    input_fragment(l, whole + IPV6_HEADER, 16, 16, false);
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_ip_reassembled), 1);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_fragment), 1);
    assert_int_equal(next_out(l), -1);
    assert_string_equal(state_of(l, PEER6), "none");
}

/* What routers ask of routers is not for us, however sound. */
static void solicitations_of_routers_are_not_ours(void **state)
{
    struct link *l = *state;

    have_address(l);
    input(l, other_mac, (struct make6){.src = "fe80::5", .dst = "ff02::1"}, ICMPV6_ROUTER_SOLICIT, 0, NULL, 0);
    assert_int_equal(weft_drops(l->s, WEFT_DROP_nd_not_ours), 1);
    assert_int_equal(next_out(l), -1);
}

/* Where no neighbours are sought, nobody is asked and nobody answered. */
static void a_link_without_stations_has_no_discovery(void **state)
{
    struct bench *b = bench6_new();
    uint8_t target[24], p[128];
    size_t n = put_target(target, US6, ND_SOURCE_MAC, other_mac);

    (void)state;
    n = make_icmp6(p, (struct make6){.hop_limit = 255}, ICMPV6_NEIGHBOUR_SOLICIT, 0, 0, target, n);
    bench_expect_drop(b, nd_not_ours, bench_input(b, p, n));
    bench_assert_silent(b);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(routers_say_how_many_hops, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(routers_say_how_often_one_asks, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(solicitations_for_us_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(unsound_solicitations_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbour_is_found_trusted_doubted_and_probed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_in_pieces_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_advertisement_is_of_no_group, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_of_trust_is_drawn_around_what_routers_say, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(neighbour_that_does_not_answer_fails_after_three_questions, setup, teardown),
        cmocka_unit_test_setup_teardown(unsolicited_claims_only_raise_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(what_comes_in_fragments_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_in_fragments_is_not_believed_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(solicitations_of_routers_are_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_without_stations_has_no_discovery, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
