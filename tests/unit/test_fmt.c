/* SPDX-License-Identifier: MIT */
/* Text into a bounded buffer (src/base/fmt.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fmt.h"
#include "base/rng.h"

static char buf[128];

static struct fmt start(void) { return fmt_begin(buf, sizeof buf); }

static void fmt_begin_makes_an_empty_text(void **state)
{
    struct fmt f;

    memset(buf, 'x', sizeof buf);
    f = start();
    assert_string_equal(buf, "");
    assert_false(f.cut);
}

static void fmt_cuts_what_does_not_fit_and_always_terminates(void **state)
{
    for (size_t n = 1; n < 14; n++) {
        struct fmt f;

        memset(buf, 'x', sizeof buf);
        f = fmt_begin(buf, n);
        fmt_str(&f, "hello ");
        fmt_u64(&f, 123456);
        assert_int_equal(strlen(buf), min_size(n - 1, 12));
        assert_true(strncmp(buf, "hello 123456", n - 1) == 0);
        assert_int_equal(f.cut, n < 13);
        assert_int_equal(buf[n], 'x');
    }
}

static void fmt_numbers_agree_with_libc(void **state)
{
    static const uint64_t edges[] = {0, 1, 9, 10, 99, 100, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    char expected[128];
    struct rng r;

    rng_seed(&r, 1);
    for (size_t i = 0; i < 1000; i++) {
        uint64_t v = i < ARRAY_LEN(edges) ? edges[i] : rng_u64(&r) >> rng_below(&r, 64);
        struct fmt f = start();

        fmt_u64(&f, v);
        fmt_char(&f, ' ');
        fmt_i64(&f, (int64_t)v);
        fmt_char(&f, ' ');
        fmt_hex(&f, v, 0);
        fmt_char(&f, ' ');
        fmt_hex(&f, v, 9);
        fmt_char(&f, ' ');
        fmt_u64_pad(&f, v, 12);
        snprintf(expected, sizeof expected, "%ju %jd %jx %09jx %012ju", (uintmax_t)v, (intmax_t)v, (uintmax_t)v,
                 (uintmax_t)v, (uintmax_t)v);
        assert_string_equal(buf, expected);
    }
}

static void fmt_pad_to_fills_up_to_the_column_and_no_further(void **state)
{
    struct fmt f = start();

    fmt_str(&f, "ab");
    fmt_pad_to(&f, buf, 5);
    fmt_str(&f, "cdefgh");
    fmt_pad_to(&f, buf, 8);
    assert_string_equal(buf, "ab   cdefgh");
}

static void fmt_pad_to_ends_when_the_buffer_does(void **state)
{
    struct fmt f = fmt_begin(buf, 4);

    fmt_pad_to(&f, buf, 1000000);
    assert_string_equal(buf, "   ");
    assert_true(f.cut);
}

static void fmt_mac_writes_six_pairs(void **state)
{
    static const uint8_t mac[6] = {0x02, 0, 0, 0xab, 0xff, 0x01};
    struct fmt f = start();

    fmt_mac(&f, mac);
    assert_string_equal(buf, "02:00:00:ab:ff:01");
}

static void fmt_time_cuts_and_does_not_round(void **state)
{
    static const struct {
        weft_time t;
        unsigned decimals;
        const char *text;
    } table[] = {
        {0, 0, "0"},
        {0, 9, "0.000000000"},
        {1500000000, 6, "1.500000"},
        {1999999999, 0, "1"},
        {1999999999, 3, "1.999"},
        {1000000001, 9, "1.000000001"},
        {59 * WEFT_S + 50 * WEFT_MS, 2, "59.05"},
        {WEFT_NEVER, 9, "18446744073.709551615"},
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct fmt f = start();

        fmt_time(&f, table[i].t, table[i].decimals);
        assert_string_equal(buf, table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fmt_begin_makes_an_empty_text),
        cmocka_unit_test(fmt_cuts_what_does_not_fit_and_always_terminates),
        cmocka_unit_test(fmt_numbers_agree_with_libc),
        cmocka_unit_test(fmt_pad_to_fills_up_to_the_column_and_no_further),
        cmocka_unit_test(fmt_pad_to_ends_when_the_buffer_does),
        cmocka_unit_test(fmt_mac_writes_six_pairs),
        cmocka_unit_test(fmt_time_cuts_and_does_not_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
