/* SPDX-License-Identifier: MIT */
/* A link's mark of congestion in an IP header (src/wire/mark.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "wire/mark.h"

enum { NOT_ECT, ECT1, ECT0, CE };

#define MAC   14
#define TAG   4
#define FRAME 100

static const uint8_t ipv4[20] = {0x45, 0, 0, 60, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
static const uint8_t ipv6[8] = {0x60, 0, 0x12, 0x34, 0, 20, 6, 64}; /* and two addresses, of zeros here */

/* A header of IPv4 with this DSCP and ECN field, and the right checksum. */
static void put_ipv4(uint8_t *at, unsigned dscp, unsigned ecn)
{
    uint16_t check;

    memcpy(at, ipv4, sizeof ipv4);
    at[1] = (uint8_t)(dscp << 2 | ecn);
    check = csum(at, sizeof ipv4);
    at[10] = (uint8_t)(check >> 8);
    at[11] = (uint8_t)check;
}

static void put_ipv6(uint8_t *at, unsigned dscp, unsigned ecn)
{
    unsigned traffic_class = dscp << 2 | ecn;

    memcpy(at, ipv6, sizeof ipv6);
    at[0] = (uint8_t)(0x60 | traffic_class >> 4);
    at[1] = (uint8_t)(traffic_class << 4 | 0x0a); /* and the flow label's first bits */
}

static void a_datagram_of_ipv4_that_can_be_told_is(void **state)
{
    (void)state;
    for (unsigned ecn = NOT_ECT; ecn <= CE; ecn++) {
        uint8_t was[FRAME] = {0}, wanted[FRAME] = {0};

        put_ipv4(was, 46, ecn);
        put_ipv4(wanted, 46, ecn == NOT_ECT ? NOT_ECT : CE);
        assert_int_equal(mark_congestion(was, 20, false), ecn == ECT0 || ecn == ECT1);
        assert_memory_equal(was, wanted, FRAME); /* the checksum, worked out anew, included */
    }
}

static void a_checksum_is_right_whatever_it_was(void **state)
{
    (void)state;
    for (unsigned id = 0; id <= 0xffff; id++) {
        uint8_t h[20];
        uint16_t check;

        put_ipv4(h, 0, ECT0);
        h[4] = (uint8_t)(id >> 8);
        h[5] = (uint8_t)id;
        h[10] = h[11] = 0;
        check = csum(h, sizeof h);
        h[10] = (uint8_t)(check >> 8);
        h[11] = (uint8_t)check;
        assert_true(mark_congestion(h, sizeof h, false));
        assert_int_equal(csum(h, sizeof h), 0);
    }
}

static void a_datagram_of_ipv6_that_can_be_told_is(void **state)
{
    (void)state;
    for (unsigned ecn = NOT_ECT; ecn <= CE; ecn++) {
        uint8_t was[FRAME] = {0}, wanted[FRAME] = {0};

        put_ipv6(was, 46, ecn);
        put_ipv6(wanted, 46, ecn == NOT_ECT ? NOT_ECT : CE);
        assert_int_equal(mark_congestion(was, 40, false), ecn == ECT0 || ecn == ECT1);
        assert_memory_equal(was, wanted, FRAME);
    }
}

static void in_a_frame_it_stands_behind_the_type_and_a_tag(void **state)
{
    static const struct {
        uint8_t type[6];
        size_t at;
        bool six, found;
    } rows[] = {
        {{0x08, 0x00}, MAC, false, true},
        {{0x86, 0xdd}, MAC, true, true},
        {{0x81, 0x00, 0, 7, 0x08, 0x00}, MAC + TAG, false, true},
        {{0x81, 0x00, 0, 7, 0x86, 0xdd}, MAC + TAG, true, true},
        {{0x08, 0x06}, MAC, false, false},                       /* ARP */
        {{0x81, 0x00, 0, 7, 0x08, 0x06}, MAC + TAG, false, false},
        {{0x81, 0x00, 0, 7, 0x81, 0x00}, MAC + TAG, false, false}, /* two tags */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t f[FRAME] = {0};

        memcpy(f + 12, rows[i].type, sizeof rows[i].type);
        (rows[i].six ? put_ipv6 : put_ipv4)(f + rows[i].at, 0, ECT1);
        assert_int_equal(mark_congestion(f, FRAME, true), rows[i].found);
        assert_int_equal(rows[i].six ? f[rows[i].at + 1] >> 4 : f[rows[i].at + 1] & 3, rows[i].found ? CE : ECT1);
    }
}

static void what_is_too_short_is_left_as_it_is(void **state)
{
    (void)state;
    for (int six = 0; six < 2; six++)
        for (int ethernet = 0; ethernet < 2; ethernet++) {
            size_t at = ethernet ? MAC : 0, whole = at + (six ? 40 : 20);
            uint8_t f[FRAME] = {0}, was[FRAME];

            if (ethernet)
                memcpy(f + 12, six ? "\x86\xdd" : "\x08\x00", 2);
            (six ? put_ipv6 : put_ipv4)(f + at, 0, ECT0);
            memcpy(was, f, FRAME);
            for (size_t n = 0; n < whole; n++)
                assert_false(mark_congestion(f, n, ethernet));
            assert_memory_equal(f, was, FRAME);
            assert_true(mark_congestion(f, whole, ethernet));
        }
}

static void what_is_neither_version_is_left_as_it_is(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 16; version++) {
        uint8_t f[FRAME] = {(uint8_t)(version << 4), ECT0 | ECT0 << 4};

        assert_int_equal(mark_congestion(f, FRAME, false), version == 4 || version == 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_of_ipv4_that_can_be_told_is),
        cmocka_unit_test(a_checksum_is_right_whatever_it_was),
        cmocka_unit_test(a_datagram_of_ipv6_that_can_be_told_is),
        cmocka_unit_test(in_a_frame_it_stands_behind_the_type_and_a_tag),
        cmocka_unit_test(what_is_too_short_is_left_as_it_is),
        cmocka_unit_test(what_is_neither_version_is_left_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
