/* SPDX-License-Identifier: MIT */
/* Addresses that an interface makes itself: stable ones, temporary ones, and how long they live. */
#include "nd_bench.h"

static int setup_temporary(void **state)
{
    *state = open_link(WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS | WEFT_IPV6_TEMPORARY);
    return 0;
}

/* ---- routers ---- */

/* An echo request for ip from a neighbour: is something done to answer it? */
static bool is_answered(struct link *l, const struct weft_ip *ip)
{
    char text[64];

    weft_ip_text(ip, text, sizeof text);
    drain(l);
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = text}, ICMPV6_ECHO, 0, NULL, 0);
    return next_out(l) != -1;
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

/* One that was taken away is none: the next first address brings another. */
static void the_first_address_brings_one_again(void **state)
{
    struct link *l = *state;
    struct weft_ip ip = ip6(US6);
    struct weft_ip linked;

    assert_int_equal(weft_if_add_address(l->ifp, &ip, 64), 0);
    assert_int_equal(l->ifp->n_addresses, 2);
    linked = l->ifp->address[1].ip;
    assert_true(ip_is_link_local(&linked));
    assert_int_equal(weft_if_del_address(l->ifp, &linked), 0);
    assert_int_equal(weft_if_del_address(l->ifp, &ip), 0);
    assert_int_equal(weft_if_add_address(l->ifp, &ip, 64), 0);
    assert_int_equal(l->ifp->n_addresses, 2);
}

/* An address that somebody took away is made again when its prefix is advertised again. */
static void an_address_taken_away_is_made_again(void **state)
{
    struct link *l = *state;
    struct weft_ip made;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (unsigned i = 0; i < 2; i++) {
        router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 3600, 1800));
        pass(l, 3 * WEFT_S);
        assert_int_equal(l->ifp->n_addresses, 2);
        made = address_in(l, "2001:db8:9::");
        if (i == 0)
            assert_int_equal(weft_if_del_address(l->ifp, &made), 0);
    }
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

/* ---- we are the router ---- */

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

/*
 * R8981-1, §3.4: one follows another, and those that are out of use have no more successors. Each is preferred from
 * 14.4 hours to 24.
 */
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

/* RFC 8981 §3.4 4: one that would have to be renewed at once is not made. */
static void a_temporary_address_is_made_for_a_while(void **state)
{
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 9000, 5)); /* TEMP_REGEN_ADVANCE */
    assert_int_equal(l->ifp->nd->temporary_made, 0);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:8::", 0xc0, 9000, 6));
    assert_int_equal(l->ifp->nd->temporary_made, 1);
}

/* RFC 7217 §5: the identifier is of the station's address, whatever number its interface happens to have. */
static void an_identifier_does_not_depend_on_the_interfaces_number(void **state)
{
    struct link *l = *state, *other = open_link(0);
    struct weft_if_config config = {.name = "eth1", .link = WEFT_LINK_ETHERNET, .mtu = 1500,
                                    .ipv6 = WEFT_IPV6_LINK_LOCAL};
    struct weft_ip first = l->ifp->address[0].ip, second;
    weft_if *ifp;

    memcpy(config.mac, our_mac, 6);
    other->s->last_if_index = 0x300; /* a number of two bytes, as the zone has */
    ifp = weft_if_new(other->s, &config, NULL);
    assert_non_null(ifp);
    assert_int_not_equal(weft_if_index(ifp), weft_if_index(l->ifp));
    second = ifp->address[0].ip;
    assert_true(ip_is_link_local(&first) && ip_is_link_local(&second));
    assert_memory_equal(first.b + 8, second.b + 8, 8);
    teardown((void **)&other);
}

static void take_away(struct link *l, bool temporary)
{
    unsigned i = l->ifp->n_addresses;

    while (i-- > 0) {
        const struct weft_ip ip = l->ifp->address[i].ip;

        if (l->ifp->address[i].temporary == temporary)
            assert_int_equal(weft_if_del_address(l->ifp, &ip), 0);
    }
}

/* R8981-1: wherever it stands in the list, as the others come and go. */
static void the_first_of_all_addresses_has_a_successor_too(void **state)
{
    struct link *l = *state;
    struct weft_ip first;
    struct temporaries now;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 0xffffffff, 0xffffffff));
    pass(l, 3 * WEFT_S);
    take_away(l, false);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 0xffffffff, 0xffffffff));
    assert_true(l->ifp->address[0].temporary);
    first = l->ifp->address[0].ip;
    for (unsigned hour = 0; hour < 25; hour++) {
        pass(l, 3600 * WEFT_S);
        drain(l);
    }
    now = temporaries(l);
    assert_in_range(now.preferred, 1, 2);
    assert_false(ip_eq(&now.newest, &first));
}

/* Who takes it away does not get another one for it. */
static void a_temporary_address_taken_away_has_no_successor(void **state)
{
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 1800, p, prefix_option(p, "2001:db8:9::", 0xc0, 0xffffffff, 0xffffffff));
    pass(l, 3 * WEFT_S);
    assert_int_equal(l->ifp->nd->temporary_made, 1);
    take_away(l, true);
    for (unsigned hour = 0; hour < 25; hour++) {
        pass(l, 3600 * WEFT_S);
        drain(l);
    }
    assert_int_equal(l->ifp->nd->temporary_made, 1);
}

/* R7217-1: the same of the address of link scope, which no router brings. */
static void a_link_local_address_that_is_taken_has_a_successor(void **state)
{
    struct link *l = *state;
    const struct weft_ip first = l->ifp->address[0].ip;
    struct weft_ip next;
    char text[64];
    uint8_t p[64];

    weft_ip_text(&first, text, sizeof text);
    *strchr(text, '%') = 0;
    assert_string_equal(address_state(l, text), "tentative");
    input(l, other_mac, (struct make6){.src = text, .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p,
          put_target(p, text, ND_TARGET_MAC, other_mac));
    pass(l, 3 * WEFT_S);
    assert_int_equal(l->ifp->n_addresses, 1);
    next = l->ifp->address[0].ip;
    assert_true(ip_is_link_local(&next) && !ip_eq(&next, &first));
    assert_int_equal(l->ifp->address[0].state, IF_ADDRESS_PREFERRED);
}

/* R8981-1: the successor of a temporary address lives no longer than their prefix. */
static void a_successor_does_not_outlive_its_prefix(void **state)
{
    struct link *l = *state;
    struct weft_if_info info;
    weft_time end;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:9::", 0xc0, 60 * 3600, 50 * 3600));
    end = l->now + 60 * 3600 * WEFT_S;
    for (unsigned hour = 0; hour < 49; hour++) {
        pass(l, 3600 * WEFT_S);
        drain(l);
        weft_if_info(l->s, 1, &info);
        for (size_t i = 0; i < info.n_addresses; i++) {
            assert_true(!info.address[i].temporary || info.address[i].valid_until <= end);
            assert_true(!info.address[i].temporary || info.address[i].preferred_until <= end - 10 * 3600 * WEFT_S);
        }
    }
    assert_in_range(l->ifp->nd->temporary_made, 3, 4);
    assert_int_equal(temporaries(l).preferred, 1);
    pass(l, 11 * 3600 * WEFT_S);
    assert_int_equal(l->ifp->n_addresses, 1); /* of link scope */
}

static unsigned preferred_of(struct link *l, const char *prefix)
{
    struct weft_ip of = ip6(prefix);
    struct weft_if_info info;
    unsigned n = 0;

    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        n += info.address[i].temporary && strcmp(info.address[i].state, "preferred") == 0 &&
             ip_prefix_match(&info.address[i].ip, &of, 64);
    return n;
}

/* R8981-1: whichever of two prefixes is due first, each has its temporary address at any time. */
static void each_prefix_has_its_temporary_address(void **state)
{
    static const char *const prefixes[] = {"2001:db8:a::", "2001:db8:b::", "2001:db8:c::"};
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        router_advert(l, "fe80::1", 9000, p, prefix_option(p, prefixes[i], 0xc0, 0xffffffff, 0xffffffff));
        pass(l, 1000 * WEFT_S);
    }
    for (unsigned minute = 0; minute < 50 * 60; minute++) {
        pass(l, 60 * WEFT_S);
        drain(l);
        for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
            assert_in_range(preferred_of(l, prefixes[i]), 1, 2);
    }
}

/* The first in the list has its time as every other one. */
static void the_first_of_all_addresses_is_deprecated_in_time(void **state)
{
    struct link *l = *state;
    uint8_t p[64];
    char text[64];

    pass(l, 5 * WEFT_S);
    take_away(l, false);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:9::", 0x40, 8000, 100));
    assert_int_equal(l->ifp->n_addresses, 2); /* the other one, of link scope, came with it */
    assert_false(ip_is_link_local(&l->ifp->address[0].ip));
    weft_ip_text(&l->ifp->address[0].ip, text, sizeof text);
    pass(l, 99 * WEFT_S);
    assert_string_equal(address_state(l, text), "preferred");
    assert_true(weft_deadline(l->s) <= l->now + WEFT_S);
    pass(l, WEFT_S);
    assert_string_equal(address_state(l, text), "deprecated");
}

/* R4862-5.5.3: of a prefix of another length there is no address with an identifier of 64 bits. */
static void only_prefixes_of_64_bits_make_addresses(void **state)
{
    struct link *l = *state;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    for (unsigned bits = 62; bits <= 66; bits++) {
        size_t n = prefix_option(p, "2001:db8:9::", 0xc0, 8000, 8000);

        p[2] = (uint8_t)bits;
        router_advert(l, "fe80::1", 9000, p, n);
        assert_int_equal(l->ifp->n_addresses, bits < 64 ? 1 : 3);
    }
}

/* R8981-1: a temporary address that is taken has another one in its place, of the same life; R7217-1: three times at most. */
static void conflicts_of_a_prefix_come_to_an_end(void **state)
{
    struct link *l = *state;
    struct weft_ip seen[8];
    unsigned n = 0;
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:9::", 0xc0, 8000, 7000));
    for (; l->ifp->n_addresses > 1 && n < ARRAY_LEN(seen); n++) {
        const struct if_address *a = &l->ifp->address[l->ifp->n_addresses - 1];
        char text[64];

        seen[n] = a->ip;
        for (unsigned i = 0; i < n; i++)
            assert_false(ip_eq(&seen[i], &seen[n]));
        assert_int_equal(a->valid_until, l->now + 8000 * WEFT_S);
        assert_int_equal(a->preferred_until, l->now + 7000 * WEFT_S);
        weft_ip_text(&a->ip, text, sizeof text);
        input(l, other_mac, (struct make6){.src = text, .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p,
              put_target(p, text, ND_TARGET_MAC, other_mac));
    }
    assert_int_equal(n, 5);
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_nd_duplicates), 5);
}

/* A prefix that went has left nothing behind: one conflict is one, and one address comes in the place of another. */
static void a_conflict_concerns_one_prefix_once(void **state)
{
    struct link *l = *state;
    const struct if_address *a;
    struct weft_ip taken;
    char text[64];
    uint8_t p[64];

    pass(l, 5 * WEFT_S);
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:1::", 0xc0, 1, 1));
    router_advert(l, "fe80::1", 9000, p, prefix_option(p, "2001:db8:2::", 0xc0, 8000, 7000));
    pass(l, WEFT_S);
    assert_int_equal(l->ifp->n_addresses, 3); /* that of the link, and two of the second prefix */
    for (a = l->ifp->address; !a->temporary; a++)
        ;
    taken = a->ip;
    weft_ip_text(&taken, text, sizeof text);
    input(l, other_mac, (struct make6){.src = text, .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p,
          put_target(p, text, ND_TARGET_MAC, other_mac));
    assert_int_equal(weft_counter(l->s, WEFT_COUNT_nd_duplicates), 1);
    assert_int_equal(l->ifp->n_addresses, 3);
    assert_null(if_find_entry(l->ifp, &taken));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_local_address_that_is_taken_has_a_successor, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(a_successor_does_not_outlive_its_prefix, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(each_prefix_has_its_temporary_address, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(the_first_of_all_addresses_is_deprecated_in_time, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(only_prefixes_of_64_bits_make_addresses, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(conflicts_of_a_prefix_come_to_an_end, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(a_conflict_concerns_one_prefix_once, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(the_first_address_brings_one_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_taken_away_is_made_again, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(valid_lifetime_is_not_cut_below_two_hours, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(deprecated_addresses_answer_and_do_not_ask, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(temporary_addresses_are_made_anew_in_time, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(the_first_address_brings_one_of_link_scope, setup, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_without_a_preferred_life_makes_a_deprecated_address, setup_auto,
                                        teardown),
        cmocka_unit_test_setup_teardown(opaque_identifiers_end_in_any_byte, setup_auto, teardown),
        cmocka_unit_test_setup_teardown(temporary_addresses_are_never_prolonged, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(an_identifier_may_be_the_station_address, setup_eui64, teardown),
        cmocka_unit_test_setup_teardown(a_temporary_address_has_one_successor, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(a_temporary_address_is_made_for_a_while, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(an_identifier_does_not_depend_on_the_interfaces_number, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(the_first_of_all_addresses_has_a_successor_too, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(a_temporary_address_taken_away_has_no_successor, setup_temporary, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_is_taken_has_a_successor, setup_auto, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
