/* SPDX-License-Identifier: MIT */
/* The Internet checksum (src/base/checksum.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/rng.h"

#define MOST  300
#define SHIFT 16

/* RFC 1071 §1 by the letter: 16-bit words, high byte first, a last odd byte padded with zero. */
static uint16_t naive(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void fill(uint8_t *p, size_t n, struct rng *r)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)rng_u64(r);
}

static void csum_of_the_example_in_rfc_1071_is_the_rfcs(void **state)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    assert_int_equal(csum(example, sizeof example), (uint16_t)~0xddf2);
}

static void csum_of_nothing_is_all_ones(void **state)
{
    assert_int_equal(csum(NULL, 0), 0xffff);
}

static void words_of_a_header_add_to_a_sum_as_its_bytes_do(void **state)
{
    uint8_t buf[40];
    struct rng r;

    rng_seed(&r, 2);
    for (int round = 0; round < 1000; round++) {
        struct csum words = {round % 2 ? rng_u64(&r) : UINT64_MAX, false}, bytes = words;

        fill(buf, sizeof buf, &r);
        csum_add_words(&words, buf, 40);
        csum_add(&bytes, buf, 40);
        assert_int_equal(csum_fold(&words), csum_fold(&bytes));
    }
}

static void csum_agrees_with_the_16_bit_loop_at_every_length_and_alignment(void **state)
{
    static uint8_t buf[MOST + SHIFT];
    struct rng r;

    rng_seed(&r, 1);
    for (int round = 0; round < 4; round++) {
        if (round == 3)
            memset(buf, 0xff, sizeof buf); /* the most carries */
        else
            fill(buf, sizeof buf, &r);
        for (size_t shift = 0; shift < SHIFT; shift++)
            for (size_t n = 0; n <= MOST; n++)
                assert_int_equal(csum(buf + shift, n), naive(buf + shift, n));
    }
}

static void csum_of_a_long_run_of_ones_loses_no_carry(void **state)
{
    static uint8_t buf[1 << 20];

    memset(buf, 0xff, sizeof buf);
    assert_int_equal(csum(buf, sizeof buf), 0);
    buf[12345] = 0xfe;
    assert_int_equal(csum(buf, sizeof buf), naive(buf, sizeof buf));
}

static void csum_add_takes_pieces_of_any_length(void **state)
{
    static uint8_t buf[MOST];
    struct rng r;

    rng_seed(&r, 2);
    for (int round = 0; round < 20000; round++) {
        size_t n = rng_below(&r, MOST + 1), at = 0;
        struct csum c = {0};

        if (round % 100 == 0)
            fill(buf, MOST, &r);
        while (at < n) {
            size_t piece = min_size(n - at, rng_below(&r, rng_below(&r, 2) ? 5 : 100));

            csum_add(&c, buf + at, piece);
            at += piece;
        }
        assert_int_equal(csum_fold(&c), naive(buf, n));
    }
}

/* Long runs may take other registers than short ones. */
static void csum_of_a_long_run_is_that_of_its_short_pieces(void **state)
{
    static uint8_t src[5000], dst[5000];
    struct rng r;

    rng_seed(&r, 4);
    for (int round = 0; round < 2000; round++) {
        size_t shift = rng_below(&r, 64), n = rng_below(&r, sizeof src - shift);
        struct csum whole = {0}, copied = {0}, pieces = {0};

        fill(src, sizeof src, &r);
        csum_add(&whole, src + shift, n);
        csum_copy(&copied, dst, src + shift, n);
        for (size_t at = 0; at < n; at += 40)
            csum_add(&pieces, src + shift + at, min_size(n - at, 40));
        assert_int_equal(csum_fold(&whole), csum_fold(&pieces));
        assert_int_equal(csum_fold(&copied), csum_fold(&pieces));
        assert_true(memcmp(dst, src + shift, n) == 0);
    }
}

static void csum_copy_copies_exactly_and_sums_the_same(void **state)
{
    static uint8_t src[MOST + SHIFT], dst[MOST + 3 * SHIFT];
    struct rng r;

    rng_seed(&r, 3);
    fill(src, sizeof src, &r);
    for (size_t shift = 0; shift < SHIFT; shift++) {
        for (size_t n = 0; n <= MOST; n++) {
            struct csum c = {0}, d = {0};
            size_t to = SHIFT + rng_below(&r, SHIFT);

            memset(dst, 0xa5, sizeof dst);
            csum_add(&c, src, 1 + shift % 2);
            csum_add(&c, src + shift, n);
            csum_add(&d, src, 1 + shift % 2);
            csum_copy(&d, dst + to, src + shift, n);
            assert_int_equal(csum_fold(&c), csum_fold(&d));
            assert_int_equal(c.odd, d.odd);
            assert_true(memcmp(dst + to, src + shift, n) == 0);
            assert_true(dst[to - 1] == 0xa5 && dst[to + n] == 0xa5);
        }
    }
}

static void csum_add_u16_stands_at_an_even_offset_wherever_the_pieces_are(void **state)
{
    static const uint8_t text[] = {1, 2, 3};
    static const uint8_t whole[] = {0x12, 0x34, 1, 2, 3, 0, 0xab, 0xcd};
    struct csum c = {0};

    csum_add_u16(&c, 0x1234);
    csum_add(&c, text, sizeof text);
    csum_add_u16(&c, 0xabcd);
    assert_int_equal(csum_fold(&c), naive(whole, sizeof whole));
}

static void csum_over_a_right_checksum_field_is_zero(void **state)
{
    uint8_t header[20];
    struct rng r;
    uint16_t check;

    rng_seed(&r, 4);
    for (int round = 0; round < 1000; round++) {
        fill(header, sizeof header, &r);
        header[10] = header[11] = 0;
        check = csum(header, sizeof header);
        header[10] = (uint8_t)(check >> 8);
        header[11] = (uint8_t)check;
        assert_int_equal(csum(header, sizeof header), 0);
    }
}

/*
 * R1624-csum. Left out: that all that is covered becomes zero, which no header is, and which a sum cannot tell from all
 * ones.
 */
static void csum_update_agrees_with_a_new_sum_for_every_old_field(void **state)
{
    struct rng r;

    rng_seed(&r, 5);
    for (uint32_t old_field = 0; old_field <= 0xffff; old_field++) {
        for (int k = 0; k < 40; k++) {
            uint16_t other = (uint16_t)rng_u64(&r), now = (uint16_t)rng_u64(&r);
            struct csum before = {0}, after = {0};

            if (k < 4)
                now = (uint16_t)(k % 2 ? 0xffff : 0);
            if (k < 2)
                other = (uint16_t)~old_field; /* the sum is all ones */
            else if (k < 6)
                other = 0;
            if (other == 0 && now == 0)
                continue;
            csum_add_u16(&before, (uint16_t)old_field);
            csum_add_u16(&before, other);
            csum_add_u16(&after, now);
            csum_add_u16(&after, other);
            assert_int_equal(csum_update(csum_fold(&before), (uint16_t)old_field, now), csum_fold(&after));
        }
    }
}

/* RFC 1624 §4: where the equation of RFC 1141 gives the other zero. */
static void csum_update_of_the_example_in_rfc_1624_is_the_rfcs(void **state)
{
    assert_int_equal(csum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csum_of_the_example_in_rfc_1071_is_the_rfcs),
        cmocka_unit_test(csum_of_nothing_is_all_ones),
        cmocka_unit_test(csum_agrees_with_the_16_bit_loop_at_every_length_and_alignment),
        cmocka_unit_test(words_of_a_header_add_to_a_sum_as_its_bytes_do),
        cmocka_unit_test(csum_of_a_long_run_of_ones_loses_no_carry),
        cmocka_unit_test(csum_add_takes_pieces_of_any_length),
        cmocka_unit_test(csum_of_a_long_run_is_that_of_its_short_pieces),
        cmocka_unit_test(csum_copy_copies_exactly_and_sums_the_same),
        cmocka_unit_test(csum_add_u16_stands_at_an_even_offset_wherever_the_pieces_are),
        cmocka_unit_test(csum_over_a_right_checksum_field_is_zero),
        cmocka_unit_test(csum_update_agrees_with_a_new_sum_for_every_old_field),
        cmocka_unit_test(csum_update_of_the_example_in_rfc_1624_is_the_rfcs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
