/* SPDX-License-Identifier: MIT */
/* SYN cookies (src/tcp/cookie.c): RFC 4987 §3.6. */
#include "room.h"
#include "tcp/cookie.h"

#define MINUTE  (60 * WEFT_S)
#define SAMPLES 100000

static const struct sip_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static struct tcp_flow flow_of(uint32_t id)
{
    return (struct tcp_flow){{weft_ipv4(0x0a090001), 80}, {weft_ipv4(0xc6336400 + (id >> 16)), (uint16_t)id}};
}

static void a_cookie_comes_back_with_the_class_of_its_mss(void **state)
{
    static const struct {
        uint16_t mss, kept;
    } rows[] = {
        {216, 216},   {535, 216},   {536, 536},   {1219, 536},  {1220, 1220}, {1299, 1220},  {1300, 1300},  {1399, 1300},
        {1400, 1400}, {1440, 1440}, {1459, 1440}, {1460, 1460}, {8939, 1460}, {8940, 8940},  {65535, 8940}, {1, 216},
    };

    each_start(irs)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct tcp_flow f = flow_of(i);
            struct seq cookie = cookie_make(key, &f, seq(irs), rows[i].mss, 100 * MINUTE);

            assert_int_equal(cookie_check(key, &f, seq(irs), cookie, 100 * MINUTE), rows[i].kept);
        }
}

/* R4987-2 */
static void a_cookie_is_good_for_its_minute_and_the_next(void **state)
{
    static const struct {
        weft_time made, brought;
        bool good;
    } rows[] = {
        {0, 0, true},
        {0, 2 * MINUTE - 1, true},
        {0, 2 * MINUTE, false},
        {MINUTE - 1, MINUTE, true},
        {MINUTE - 1, 2 * MINUTE - 1, true},
        {MINUTE - 1, 2 * MINUTE, false},
        {70 * MINUTE, 71 * MINUTE + 59 * WEFT_S, true},
        {70 * MINUTE, 72 * MINUTE, false},
        {70 * MINUTE, 70 * MINUTE - 1, false}, /* not made yet */
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct tcp_flow f = flow_of(1);
        struct seq cookie = cookie_make(key, &f, seq(5), 1460, rows[i].made);

        assert_int_equal(cookie_check(key, &f, seq(5), cookie, rows[i].brought), rows[i].good ? 1460 : 0);
        assert_true(!rows[i].good || rows[i].brought - rows[i].made < COOKIE_LIFE);
    }
}

/* R4987-2 */
static void a_cookie_is_good_for_nobody_else(void **state)
{
    struct tcp_flow f = flow_of(77), g;
    struct seq cookie = cookie_make(key, &f, seq(5), 1460, MINUTE);

    assert_int_equal(cookie_check(key, &f, seq(5), cookie, MINUTE), 1460);
    assert_int_equal(cookie_check(key, &f, seq(6), cookie, MINUTE), 0);
    assert_int_equal(cookie_check((struct sip_key){1, 2}, &f, seq(5), cookie, MINUTE), 0);
    g = f;
    g.local.port++;
    assert_int_equal(cookie_check(key, &g, seq(5), cookie, MINUTE), 0);
    g = f;
    g.remote.port++;
    assert_int_equal(cookie_check(key, &g, seq(5), cookie, MINUTE), 0);
    g = f;
    g.local.ip.b[15]++;
    assert_int_equal(cookie_check(key, &g, seq(5), cookie, MINUTE), 0);
    g = f;
    g.remote.ip.b[0]++;
    assert_int_equal(cookie_check(key, &g, seq(5), cookie, MINUTE), 0);
}

/* Of all 2^32 numbers 16 count: eight beside each of two values that nobody knows. */
static void sixteen_numbers_count(void **state)
{
    struct tcp_flow f = flow_of(3);
    struct seq now = cookie_make(key, &f, seq(9), 1, 5 * MINUTE), before = cookie_make(key, &f, seq(9), 1, 4 * MINUTE);
    unsigned good = 0;

    for (uint32_t i = 0u - 1000; i != 1000; i++) {
        good += cookie_check(key, &f, seq(9), seq_add(now, i), 5 * MINUTE) != 0;
        good += cookie_check(key, &f, seq(9), seq_add(before, i), 5 * MINUTE) != 0;
    }
    assert_int_equal(good, 16);
    good = 0;
    for (uint32_t i = 0; i < 1 << 20; i++) /* the chance that one of these counts is 1 in 256 */
        good += cookie_check(key, &f, seq(9), seq(i * 4093u), 5 * MINUTE) != 0;
    assert_int_equal(good, 0);
}

/* Pearson's statistic of these byte values; 255 degrees of freedom, sigma 22.6. */
static double chi_squared(const uint32_t *x, unsigned shift)
{
    unsigned seen[256] = {0};
    double expected = SAMPLES / 256.0, sum = 0;

    for (unsigned i = 0; i < SAMPLES; i++)
        seen[x[i] >> shift & 255]++;
    for (unsigned i = 0; i < 256; i++)
        sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    return sum;
}

/* MUST-9: a cookie is an initial sequence number too, and what one stranger gets tells him nothing of others'. */
static void cookies_are_uniform(void **state)
{
    static uint32_t x[SAMPLES];

    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct tcp_flow f = flow_of(i);

        x[i] = cookie_make(key, &f, seq(1), 1460, MINUTE).v;
    }
    for (unsigned shift = 0; shift < 32; shift += 8)
        assert_in_range((unsigned)chi_squared(x, shift), 255 - 90, 255 + 90);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct tcp_flow f = flow_of(1);

        x[i] = cookie_make(key, &f, seq(i), 1460, MINUTE).v;
    }
    for (unsigned shift = 0; shift < 32; shift += 8)
        assert_in_range((unsigned)chi_squared(x, shift), 255 - 90, 255 + 90);
}

static void a_timestamp_keeps_the_options_and_is_at_most_64_ms_old(void **state)
{
    each_start(start)
        for (uint32_t ts = start; ts - start < 130; ts++)
            for (int wscale = -1; wscale <= 14; wscale++)
                for (unsigned bits = 0; bits < 4; bits++) {
                    struct cookie_options o = {.wscale = (int8_t)wscale, .sack = bits & 1, .ecn = bits & 2}, back;
                    uint32_t with = cookie_timestamp(ts, o);

                    assert_in_range(ts - with, 0, 63);
                    back = cookie_read_timestamp(with);
                    assert_int_equal(back.wscale, wscale);
                    assert_int_equal(back.sack, o.sack);
                    assert_int_equal(back.ecn, o.ecn);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_comes_back_with_the_class_of_its_mss),
        cmocka_unit_test(a_cookie_is_good_for_its_minute_and_the_next),
        cmocka_unit_test(a_cookie_is_good_for_nobody_else),
        cmocka_unit_test(sixteen_numbers_count),
        cmocka_unit_test(cookies_are_uniform),
        cmocka_unit_test(a_timestamp_keeps_the_options_and_is_at_most_64_ms_old),
    };

    return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
