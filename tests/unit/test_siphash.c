/* SPDX-License-Identifier: MIT */
/* SipHash and the seeded generator (src/base/siphash.c, rng.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/siphash.h"

/* Key 00 01 .. 0f, as in the paper. */
static const struct sip_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* The message of n bytes is 00 01 02 ..; published with the paper's reference implementation. */
static const struct {
    size_t n;
    uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},  {3, 0x85676696d7fb7e2d},
    {4, 0xcf2794e0277187b7},  {5, 0x18765564cd99a68d},  {6, 0xcbc9466e58fee3ce},  {7, 0xab0200f58b01d137},
    {8, 0x93f5f5799a932462},  {9, 0x9e0082df0ba9e4b0},  {10, 0x7a5dbbc594ddb9f3}, {11, 0xf4b32f46226bada7},
    {12, 0x751e8fbc860ee5fb}, {13, 0x14ea5627c0843d90}, {14, 0xf723ca908e7af2ee}, {15, 0xa129ca6149be45e5},
    {16, 0x3f2acc7f57c29bdb}, {63, 0x958a324ceb064572},
};

static void siphash24_gives_the_published_values(void **state)
{
    uint8_t message[64];

    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        assert_int_equal(siphash24(key, message, vectors[i].n), vectors[i].hash);
}

static void siphash24_of_the_papers_example_is_the_papers(void **state)
{
    static const uint8_t message[15] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

    assert_int_equal(siphash24(key, message, sizeof message), 0xa129ca6149be45e5);
}

static void siphash24_short_gives_the_published_values(void **state)
{
    for (unsigned n = 8; n < 16; n++) {
        uint64_t rest = 0x0f0e0d0c0b0a0908 & (((uint64_t)1 << (n - 8) * 8) - 1);

        assert_int_equal(vectors[n].n, n);
        assert_int_equal(siphash24_short(key, 0x0706050403020100, rest, n), vectors[n].hash);
    }
}

static void siphash13_gives_a_published_value(void **state)
{
    assert_int_equal(siphash13(key, "", 0), 0xabac0158050fc4dc);
}

static void siphash_reads_at_any_alignment(void **state)
{
    uint8_t buf[64];

    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i < 15; i++)
            buf[shift + i] = (uint8_t)i;
        assert_int_equal(siphash24(key, buf + shift, 15), 0xa129ca6149be45e5);
    }
}

static void siphash_depends_on_each_bit_of_key_and_message(void **state)
{
    uint8_t message[20] = {0};
    uint64_t plain24 = siphash24(key, message, sizeof message), plain13 = siphash13(key, message, sizeof message);

    assert_true(plain13 != plain24);
    for (size_t bit = 0; bit < sizeof message * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(siphash24(key, message, sizeof message) != plain24);
        assert_true(siphash13(key, message, sizeof message) != plain13);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 128; bit++) {
        struct sip_key other = key;

        *(bit < 64 ? &other.k0 : &other.k1) ^= (uint64_t)1 << bit % 64;
        assert_true(siphash24(other, message, sizeof message) != plain24);
        assert_true(siphash13(other, message, sizeof message) != plain13);
    }
}

static void siphash_tells_messages_of_zeros_apart_by_their_length(void **state)
{
    static const uint8_t zeros[64];

    for (size_t n = 1; n < sizeof zeros; n++)
        for (size_t m = 0; m < n; m++)
            assert_true(siphash13(key, zeros, n) != siphash13(key, zeros, m));
}

/* The state 1, 2, 3, 4: values that follow from the definition by hand for the first, and are published for all. */
static void rng_gives_the_published_sequence(void **state)
{
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240, 1216172134540287360};
    struct rng r = {{1, 2, 3, 4}};

    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_int_equal(rng_u64(&r), expected[i]);
}

static void rng_seed_expands_even_zero(void **state)
{
    struct rng r;

    rng_seed(&r, 0);
    assert_int_equal(r.s[0], 0xe220a8397b1dcdaf); /* SplitMix64's first value from 0 */
    assert_true(r.s[1] && r.s[2] && r.s[3]);
}

static void rng_below_stays_below_and_reaches_everything(void **state)
{
    unsigned seen[10] = {0};
    struct rng r;

    rng_seed(&r, 1);
    for (int i = 0; i < 100000; i++) {
        uint64_t v = rng_below(&r, 10);

        assert_true(v < 10);
        seen[v]++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_int_equal(rng_below(&r, 1), 0);
}

static void rng_chance_comes_true_as_often_as_it_says(void **state)
{
    unsigned hits = 0;
    struct rng r;

    rng_seed(&r, 1);
    for (int i = 0; i < 1000000; i++) {
        hits += rng_chance(&r, 10000);
        assert_false(rng_chance(&r, 0));
        assert_true(rng_chance(&r, 1000000));
    }
    assert_in_range(hits, 9700, 10300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash24_gives_the_published_values),
        cmocka_unit_test(siphash24_of_the_papers_example_is_the_papers),
        cmocka_unit_test(siphash24_short_gives_the_published_values),
        cmocka_unit_test(siphash13_gives_a_published_value),
        cmocka_unit_test(siphash_reads_at_any_alignment),
        cmocka_unit_test(siphash_depends_on_each_bit_of_key_and_message),
        cmocka_unit_test(siphash_tells_messages_of_zeros_apart_by_their_length),
        cmocka_unit_test(rng_gives_the_published_sequence),
        cmocka_unit_test(rng_seed_expands_even_zero),
        cmocka_unit_test(rng_below_stays_below_and_reaches_everything),
        cmocka_unit_test(rng_chance_comes_true_as_often_as_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
