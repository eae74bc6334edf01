/* SPDX-License-Identifier: MIT */
/* Routers of IPv4 that say so themselves (src/ip/discovery.c; RFC 1256): asking, whom a host believes, for how long. */
#include <stdio.h>

#include "ip/private.h"
#include "ip_bench.h"

#define SECOND V4(10, 9, 0, 3)

static int setup(void **state)
{
    struct bench *b = bench_new();
    struct weft_route gateway = {.gateway = weft_ipv4(PEER)};
    struct weft_ip us = weft_ipv4(US);

    assert_int_equal(weft_route_del(b->s, &gateway), 0); /* no default route */
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    b->s->config.router_discovery = true;
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

struct advert {
    uint32_t from, to;
    uint8_t ttl, code, count, words;
    uint16_t life;
    size_t cut; /* bytes that are missing at the end */
    struct {
        uint32_t ip;
        int32_t preference;
    } router[2];
};

static struct advert advert(uint32_t router, int32_t preference, uint16_t life)
{
    return (struct advert){.from = PEER, .to = V4(224, 0, 0, 1), .ttl = 1, .count = 1, .words = 2, .life = life,
                           .router = {{router, preference}}};
}

static void hear(struct bench *b, struct advert a)
{
    struct ipv4_header outer = {.src = a.from, .dst = a.to, .ttl = a.ttl};
    uint8_t entries[16], p[100];

    for (unsigned i = 0; i < 2; i++) {
        poke_u32(entries + 8 * i, a.router[i].ip);
        poke_u32(entries + 8 * i + 4, (uint32_t)a.router[i].preference);
    }
    bench_input(b, p, make_icmp(p, outer, ICMPV4_ROUTER_ADVERT, a.code,
                                (uint32_t)a.count << 24 | (uint32_t)a.words << 16 | a.life, entries,
                                8u * (a.count > 2 ? 2 : a.count) - a.cut));
}

/* The gateway that a stranger is reached by; 0: none. */
static uint32_t gateway(struct bench *b)
{
    struct weft_ip ip = weft_ipv4(STRANGER);
    struct weft_route r;

    return weft_route_get(b->s, &ip, &r) == 0 ? ip_to_v4(&r.gateway) : 0;
}

static unsigned routers(struct bench *b)
{
    struct weft_route r;
    unsigned n = 0;

    for (size_t i = 0; weft_route_info(b->s, i, &r); i++)
        n += r.owner == WEFT_ROUTE_ROUTER;
    return n;
}

/* Time passes, timers fire at their deadlines. */
static void pass(struct bench *b, weft_time within)
{
    weft_time until = b->now + within, due;

    while ((due = weft_deadline(b->s)) <= until)
        bench_tick(b, due > b->now ? due - b->now : 0);
    bench_tick(b, until - b->now);
}

/* Solicitations that go out within this time. */
static unsigned solicitations(struct bench *b, weft_time within)
{
    uint64_t before = weft_counter(b->s, WEFT_COUNT_icmp_router_solicits_out);

    pass(b, within);
    return (unsigned)(weft_counter(b->s, WEFT_COUNT_icmp_router_solicits_out) - before);
}

/* ---- asking ---- */

static void a_new_address_asks_three_times(void **state) /* R1256-5.3 */
{
    static const uint8_t solicit[] = {10, 0, 0xf5, 0xff, 0, 0, 0, 0};
    struct bench *b = *state;
    uint8_t bytes[100];

    assert_int_equal(solicitations(b, WEFT_S), 1);
    assert_int_equal(bench_take(b, bytes, sizeof bytes), IPV4_HEADER + sizeof solicit);
    assert_int_equal(bytes[8], 1); /* time to live */
    assert_memory_equal(bytes + 12, "\x0a\x09\0\2\xe0\0\0\2", 8);
    assert_memory_equal(bytes + IPV4_HEADER, solicit, sizeof solicit);
    assert_int_equal(solicitations(b, 3 * WEFT_S), 1);
    assert_int_equal(solicitations(b, 100 * WEFT_S), 1);
}

static void who_has_a_router_asks_no_more(void **state) /* R1256-5.3 */
{
    struct bench *b = *state;

    assert_int_equal(solicitations(b, WEFT_S), 1);
    hear(b, advert(PEER, INT32_MIN, 1800)); /* one that is no default router does not count */
    assert_int_equal(solicitations(b, 3 * WEFT_S), 1);
    hear(b, advert(PEER, 0, 1800));
    assert_int_equal(solicitations(b, 100 * WEFT_S), 0);
}

static void nobody_asks_who_was_not_told_to(void **state)
{
    struct bench *b = *state;
    struct weft_ip more = weft_ipv4(V4(10, 9, 0, 77));

    solicitations(b, 100 * WEFT_S);
    b->s->config.ip_forward = true; /* a router */
    assert_int_equal(weft_if_add_address(b->ifp, &more, 24), 0);
    assert_int_equal(weft_if_del_address(b->ifp, &more), 0);
    b->s->config.ip_forward = b->s->config.router_discovery = false;
    assert_int_equal(weft_if_add_address(b->ifp, &more, 24), 0);
    assert_int_equal(solicitations(b, 100 * WEFT_S), 0);
    bench_expect_drop(b, icmp_unknown, hear(b, advert(PEER, 0, 1800)));
    assert_int_equal(gateway(b), 0);
}

/* ---- believing ---- */

static void a_router_is_the_way_for_its_lifetime(void **state) /* R1256-5.3 */
{
    struct bench *b = *state;

    hear(b, advert(PEER, 0, 30));
    assert_int_equal(gateway(b), PEER);
    bench_tick(b, 29 * WEFT_S);
    hear(b, advert(PEER, 0, 30)); /* again */
    bench_tick(b, 29 * WEFT_S);
    assert_int_equal(gateway(b), PEER);
    bench_tick(b, 2 * WEFT_S);
    assert_int_equal(gateway(b), 0);
    hear(b, advert(PEER, 0, 1800));
    hear(b, advert(PEER, 0, 0)); /* it goes down */
    assert_int_equal(gateway(b), 0);
    assert_int_equal(routers(b), 0);
}

static void the_most_preferred_goes_first(void **state) /* R1256-5.3 */
{
    struct bench *b = *state;
    struct advert both = advert(PEER, -5, 1800);

    both.count = 2;
    both.router[1].ip = SECOND;
    both.router[1].preference = 3;
    hear(b, both);
    assert_int_equal(gateway(b), SECOND);
    hear(b, advert(PEER, INT32_MAX, 1800));
    assert_int_equal(gateway(b), PEER);
    hear(b, advert(PEER, INT32_MIN, 1800)); /* reachable, and no default router */
    assert_int_equal(gateway(b), SECOND);
    hear(b, advert(SECOND, INT32_MIN + 1, 1800));
    assert_int_equal(gateway(b), SECOND);
    assert_int_equal(routers(b), 1);
}

static void a_route_made_by_hand_goes_before_and_stays(void **state)
{
    struct weft_route by_hand = {.gateway = weft_ipv4(PEER)};
    struct bench *b = *state;

    assert_int_equal(weft_route_add(b->s, &by_hand), 0);
    hear(b, advert(SECOND, INT32_MAX, 1800));
    hear(b, advert(PEER, 1, 1800));
    hear(b, advert(PEER, 1, 0));
    assert_int_equal(gateway(b), PEER);
    assert_int_equal(weft_route_del(b->s, &by_hand), 0);
    assert_int_equal(gateway(b), SECOND);
}

/* ---- not believing ---- */

static void what_is_wrong_or_from_elsewhere_is_dropped(void **state) /* R1256-5.2 */
{
    struct bench *b = *state;
    struct advert a[8];

    for (unsigned i = 0; i < 8; i++)
        a[i] = advert(PEER, 0, 1800);
    a[0].code = 1;
    a[1].count = 0;
    a[2].words = 1;
    a[3].count = 3; /* of which two are there */
    a[4].cut = 1;
    a[5].from = STRANGER;
    a[6].ttl = 2;
    a[7].from = OTHER_PEER;
    for (unsigned i = 0; i < 8; i++)
        bench_expect_drop(b, icmp_router_advert, hear(b, a[i]));
    assert_int_equal(routers(b), 0);
    hear(b, advert(STRANGER, 0, 1800));   /* routers that cannot be on the link are passed over (§5.3) */
    hear(b, advert(OTHER_PEER, 0, 1800));
    hear(b, advert(US, 0, 1800));
    hear(b, advert(SUBNET_ALL, 0, 1800));
    hear(b, advert(V4(224, 0, 0, 5), 0, 1800));
    hear(b, advert(0, 0, 1800));
    assert_int_equal(routers(b), 0);
    assert_int_equal(gateway(b), 0);
}

static void longer_entries_are_read_as_the_field_says(void **state) /* R1256-5.2 */
{
    struct bench *b = *state;
    struct advert a = advert(PEER, 0, 1800);

    a.words = 4; /* what stands behind address and preference is for others */
    a.count = 1;
    bench_expect_drop(b, icmp_router_advert, hear(b, a)); /* too short for that */
    a.count = 2;
    a.words = 2;
    hear(b, a);
    assert_int_equal(gateway(b), PEER);
}

static void a_flood_of_routers_pushes_out_nothing_better(void **state)
{
    struct bench *b = *state;

    hear(b, advert(SECOND, 1, 9000));
    for (uint32_t i = 0; i < 20000; i++)
        hear(b, advert(V4(10, 9, 0, 4) + i % 250, 0, 9000));
    assert_int_equal(routers(b), 16);
    assert_int_equal(gateway(b), SECOND);
    hear(b, advert(V4(10, 9, 0, 254), 7, 9000));
    assert_int_equal(routers(b), 16);
    assert_int_equal(gateway(b), V4(10, 9, 0, 254));
}

static void what_was_learnt_goes_with_its_interface(void **state)
{
    struct bench *b = *state;

    hear(b, advert(PEER, 0, 1800));
    weft_if_set_up(b->ifp, false);
    assert_int_equal(routers(b), 0);
    weft_if_set_up(b->ifp, true);
    assert_int_equal(solicitations(b, 100 * WEFT_S), 3); /* asked for anew */
    hear(b, advert(PEER, 0, 1800));
    assert_int_equal(gateway(b), PEER);
    weft_if_free(b->ifp);
    bench_tick(b, 3600 * WEFT_S);
    assert_int_equal(routers(b), 0);
    b->ifp = b->other;
}

/* ---- being a router ---- */

/* From now on we are one, with this much to say: the words that wait are those of the start. */
static void become_router(struct bench *b)
{
    struct weft_ip us = weft_ipv4(US);

    b->s->config.ip_forward = b->s->config.router_advertise = true;
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
}

/* Advertisements that go out within this time; the last one is in out. */
static unsigned adverts(struct bench *b, weft_time within, uint8_t *out, size_t max)
{
    weft_time until = b->now + within, due;
    unsigned n = 0;

    do {
        due = min_u64(weft_deadline(b->s), until);
        bench_tick(b, due > b->now ? due - b->now : 0);
        while (bench_take(b, out, max) > 0)
            n += out[IPV4_HEADER] == ICMPV4_ROUTER_ADVERT;
    } while (due < until);
    return n;
}

static void ask(struct bench *b, uint32_t from, uint32_t to, uint8_t code)
{
    struct ipv4_header h = {.src = from, .dst = to, .ttl = 1};
    uint8_t p[100];

    bench_input(b, p, make_icmp(p, h, ICMPV4_ROUTER_SOLICIT, code, 0, NULL, 0));
}

static void a_router_says_that_it_is_one(void **state) /* R1256-4.3 */
{
    struct bench *b = *state;
    struct weft_ip second = weft_ipv4(V4(10, 9, 0, 7));
    uint8_t out[200];

    become_router(b);
    assert_int_equal(weft_if_add_address(b->ifp, &second, 24), 0);
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    assert_memory_equal(out + 12, "\x0a\x09\0\2\xe0\0\0\1", 8); /* to all hosts */
    assert_int_equal(out[8], 1);
    assert_int_equal(read_ip(out, IPV4_HEADER + 24).total_len, IPV4_HEADER + 24);
    assert_int_equal(csum(out + IPV4_HEADER, 24), 0);
    assert_memory_equal(out + IPV4_HEADER + 4, "\2\2\x07\x08\x0a\x09\0\2\0\0\0\0\x0a\x09\0\7\0\0\0\0", 20);
    assert_int_equal(adverts(b, 14 * WEFT_S, out, sizeof out), 0);
    assert_int_equal(adverts(b, 18 * WEFT_S, out, sizeof out), 2); /* 16 s apart */
    assert_int_equal(adverts(b, 448 * WEFT_S, out, sizeof out), 0);
    assert_in_range(adverts(b, 6000 * WEFT_S, out, sizeof out), 10, 14); /* every 450 to 600 s */
    assert_int_equal(weft_drops(b->s, WEFT_DROP_no_memory), 0);
}

static void who_asks_is_answered_soon(void **state) /* R1256-4.3 */
{
    struct bench *b = *state;
    uint8_t out[200];

    become_router(b);
    adverts(b, 100 * WEFT_S, out, sizeof out);
    ask(b, PEER, V4(224, 0, 0, 2), 0);
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    ask(b, 0, V4(224, 0, 0, 2), 0); /* one without an address */
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    ask(b, SECOND, V4(255, 255, 255, 255), 0);
    for (unsigned i = 0; i < 10000; i++)
        ask(b, SECOND, US, 0);
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    bench_expect_drop(b, icmp_router_solicit, ask(b, PEER, US, 1));
    bench_expect_drop(b, icmp_router_solicit, ask(b, STRANGER, US, 0));
    assert_int_equal(adverts(b, 100 * WEFT_S, out, sizeof out), 0);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_router_solicits_in), 10003);
}

/* Sixteen interfaces speak, and each of them goes on to; one more is silent. */
static void a_router_speaks_on_so_many_links(void **state) /* R1256-4.3 */
{
    struct bench *b = *state;
    weft_if *more[IP_ADVERTISERS];
    uint8_t out[200];

    become_router(b);
    for (unsigned i = 0; i < IP_ADVERTISERS; i++) {
        char name[8];
        struct weft_if_config config = {.name = name, .link = WEFT_LINK_IP, .mtu = 1500};
        struct weft_ip ip = weft_ipv4(V4(10, 20, i, 1));

        snprintf(name, sizeof name, "m%u", i);
        more[i] = weft_if_new(b->s, &config, NULL);
        assert_non_null(more[i]);
        assert_int_equal(weft_if_add_address(more[i], &ip, 24), 0);
    }
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    for (unsigned i = 0; i < IP_ADVERTISERS; i++) {
        unsigned n = 0;

        while (bench_take_from(b, more[i], out, sizeof out))
            n += out[IPV4_HEADER] == ICMPV4_ROUTER_ADVERT;
        assert_int_equal(n, i < IP_ADVERTISERS - 1);
    }
    become_router(b); /* once more: what it says anew is said at once */
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
}

static void a_router_that_is_one_no_more_says_so(void **state) /* R1256-4.3 */
{
    struct bench *b = *state;
    uint8_t out[200];

    become_router(b);
    adverts(b, 3 * WEFT_S, out, sizeof out);
    b->s->config.ip_forward = false;
    bench_expect_drop(b, icmp_unknown, ask(b, PEER, US, 0));
    assert_int_equal(adverts(b, 1000 * WEFT_S, out, sizeof out), 1);
    assert_memory_equal(out + IPV4_HEADER + 4, "\1\2\0\0", 4); /* a lifetime of zero */
    assert_int_equal(adverts(b, 1000 * WEFT_S, out, sizeof out), 0);
}

static void a_router_is_silent_unless_it_shall_speak(void **state) /* R1256-4.3 */
{
    struct bench *b = *state;
    uint8_t out[200];

    become_router(b);
    b->s->config.router_advertise = false;
    weft_if_set_up(b->ifp, false);
    weft_if_set_up(b->ifp, true);
    bench_expect_drop(b, icmp_unknown, ask(b, PEER, US, 0));
    adverts(b, 3 * WEFT_S, out, sizeof out); /* it takes back what it never said */
    assert_int_equal(adverts(b, 1000 * WEFT_S, out, sizeof out), 0);
    become_router(b);
    weft_if_free(b->ifp);
    bench_tick(b, 100 * WEFT_S);
    b->ifp = b->other;
    bench_assert_silent(b);
}

/* At the very end of its life, and no moment later. */
static void a_router_is_forgotten_when_its_time_has_come(void **state) /* R1256-5.3 */
{
    struct bench *b = *state;

    hear(b, advert(PEER, 0, 100));
    assert_int_equal(gateway(b), PEER);
    pass(b, 100 * WEFT_S - 1);
    assert_int_equal(gateway(b), PEER);
    pass(b, 1);
    assert_int_equal(gateway(b), 0);
}

/* RFC 1256 §5.1: where there is no room for all the most preferred are kept. */
static void the_least_preferred_router_makes_room(void **state)
{
    struct bench *b = *state;
    struct weft_route r;
    bool best = false;

    for (int i = 0; i < 16; i++)
        hear(b, advert(SECOND + (uint32_t)i, 100 + (i * 7) % 16, 1800)); /* the first of them is the least preferred */
    hear(b, advert(PEER, 1000, 1800));
    assert_int_equal(routers(b), 16);
    for (size_t i = 0; weft_route_info(b->s, i, &r); i++) {
        assert_true(r.owner != WEFT_ROUTE_ROUTER || ip_to_v4(&r.gateway) != SECOND);
        best |= ip_to_v4(&r.gateway) == PEER;
    }
    assert_true(best);
}

/* R1256-4.3: what was an address of ours is not told any more. */
static void a_router_names_the_addresses_it_has(void **state)
{
    struct bench *b = *state;
    struct weft_ip second = weft_ipv4(V4(10, 9, 0, 7));
    uint8_t out[200];

    become_router(b);
    assert_int_equal(weft_if_add_address(b->ifp, &second, 24), 0);
    assert_int_equal(weft_if_del_address(b->ifp, &second), 0);
    assert_int_equal(adverts(b, 2 * WEFT_S, out, sizeof out), 1);
    assert_memory_equal(out + IPV4_HEADER + 4, "\1\2\x07\x08\x0a\x09\0\2\0\0\0\0", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_address_asks_three_times, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_a_router_asks_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_asks_who_was_not_told_to, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_is_the_way_for_its_lifetime, setup, teardown),
        cmocka_unit_test_setup_teardown(the_most_preferred_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_route_made_by_hand_goes_before_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_or_from_elsewhere_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_entries_are_read_as_the_field_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_routers_pushes_out_nothing_better, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_says_that_it_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_is_answered_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_speaks_on_so_many_links, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_that_is_one_no_more_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_is_silent_unless_it_shall_speak, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_learnt_goes_with_its_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_is_forgotten_when_its_time_has_come, setup, teardown),
        cmocka_unit_test_setup_teardown(the_least_preferred_router_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_names_the_addresses_it_has, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
