/* SPDX-License-Identifier: MIT */
/* Addresses of IPv6 are tried before they are used. */
#include "nd_bench.h"

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
            input(l, other_mac, (struct make6){.src = US6, .dst = ALL_NODES}, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, p,
                  n);
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

/* ---- we are the router ---- */

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

/* RFC 4862 §5.4.3, RFC 4861 §7.2.4: who tries an address of ours hears, with all others, that it is taken for good. */
static void an_address_of_ours_is_defended(void **state)
{
    struct link *l = *state;
    struct weft_ip us = ip6(US6);
    uint8_t p[24];

    have_address(l);
    memcpy(p, &us, 16);
    memcpy(p + 16, (uint8_t[8]){14, 1, 1, 2, 3, 4, 5, 6}, 8);
    input(l, other_mac, (struct make6){.src = "::", .dst = US6_GROUP}, ICMPV6_NEIGHBOUR_SOLICIT, 0, p, sizeof p);
    assert_int_equal(next_out(l), ICMPV6_NEIGHBOUR_ADVERT);
    assert_true(went_to(l, ALL_NODES));
    assert_int_equal(peek_u32(l->frame + 14 + 40 + 4), 0x20000000); /* override, and not solicited */
    assert_memory_equal(l->frame + 14 + 40 + 8, &us, 16);
    assert_string_equal(address_state(l, US6), "preferred");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(address_is_tried_before_it_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(address_of_somebody_else_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(another_who_tries_our_address_has_another_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_of_ours_is_defended, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
