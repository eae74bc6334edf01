/* SPDX-License-Identifier: MIT */
/* Expressions of weft capture, compiled by libpcap: what they match on links with frames and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/filter.h"

#define ETHERNET_HEADER 14

/* A SYN from 10.9.0.1 port 49999 to 10.9.0.2 port 80, behind the header of Ethernet. */
static const uint8_t frame[] = {
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
    0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2,
    0xc3, 0x4f, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0,
};

static bool matches(const char *expression, bool ethernet, size_t n, size_t wire_len)
{
    const uint8_t *p = frame + (ethernet ? 0 : ETHERNET_HEADER);
    char why[256];
    struct filter *f = filter_new(expression, why, sizeof why);
    bool yes;

    assert_non_null(f);
    yes = filter_wants(f, ethernet, p, n, wire_len);
    filter_free(f);
    return yes;
}

static bool matches_whole(const char *expression, bool ethernet)
{
    size_t n = sizeof frame - (ethernet ? 0 : ETHERNET_HEADER);

    return matches(expression, ethernet, n, n);
}

static void expressions_choose_on_every_kind_of_link(void **state)
{
    for (int ethernet = 0; ethernet < 2; ethernet++) {
        assert_true(matches_whole("tcp port 80", ethernet));
        assert_true(matches_whole("ip and host 10.9.0.2 and tcp[tcpflags] & tcp-syn != 0", ethernet));
        assert_false(matches_whole("udp port 80", ethernet));
        assert_false(matches_whole("tcp port 81", ethernet));
        assert_false(matches_whole("ip6", ethernet));
    }
    assert_true(matches_whole("ether src 02:00:00:00:00:01", true));
    assert_false(matches_whole("ether src 02:00:00:00:00:01", false)); /* where there are no frames, nothing is */
}

static void what_is_cut_off_does_not_match_and_is_not_read(void **state)
{
    for (size_t n = 0; n < ETHERNET_HEADER + 24; n++)
        assert_false(matches("tcp dst port 80", true, n, sizeof frame));
    assert_true(matches("tcp dst port 80", true, ETHERNET_HEADER + 24, sizeof frame));
    assert_true(matches("greater 1000", true, sizeof frame, 1400)); /* lengths are those on the wire */
    assert_false(matches("greater 1000", true, sizeof frame, sizeof frame));
}

static void nonsense_is_told_in_a_line(void **state)
{
    static const char *const nonsense[] = {"tcp port", "port 99999", "(", "tcp and and", "vlan 1 2 3"};
    char why[256];

    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        why[0] = 0;
        assert_null(filter_new(nonsense[i], why, sizeof why));
        assert_true(why[0] && !strchr(why, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_choose_on_every_kind_of_link),
        cmocka_unit_test(what_is_cut_off_does_not_match_and_is_not_read),
        cmocka_unit_test(nonsense_is_told_in_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
