/* SPDX-License-Identifier: MIT */
/* The retransmission time-out (src/tcp/rtt.c) against RFC 6298's formulas. */
#include "room.h"
#include "tcp/rtt.h"

#define MS WEFT_MS
#define S  WEFT_S

static const struct rtt_limits linux_limits = {.initial = S, .min = 200 * MS, .max = 120 * S};
/* Wide enough for the bare formula, with a clock that is 1 ms coarse. */
static const struct rtt_limits bare_limits = {.initial = S, .min = MS, .max = 100000 * S};

/* R6298-2.1 */
static void rtt_starts_from_one_second_and_doubles(void **state)
{
    static const unsigned seconds[] = {1, 2, 4, 8, 16, 32, 64, 120, 120};
    struct rtt r;

    rtt_init(&r);
    for (unsigned i = 0; i < ARRAY_LEN(seconds); i++, rtt_back_off(&r))
        assert_int_equal(rtt_rto(&r, &linux_limits), seconds[i] * S);
}

/* R6298-2.2 */
static void rtt_first_sample_is_srtt_and_half_of_it_the_variance(void **state)
{
    static const struct {
        weft_time sample, rto;
    } rows[] = {
        {100 * MS, 300 * MS}, {MS, 3 * MS}, {2 * S, 6 * S}, {200 * 1000, 1200 * 1000 /* 4*RTTVAR below G */},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rtt r;

        rtt_init(&r);
        rtt_sample(&r, rows[i].sample);
        assert_int_equal(r.srtt, rows[i].sample);
        assert_int_equal(r.rttvar, rows[i].sample / 2);
        assert_int_equal(rtt_rto(&r, &bare_limits), rows[i].rto);
    }
}

/* R6298-2.2: RTTVAR is computed from SRTT as it was before this sample */
static void rtt_variance_is_updated_before_the_mean(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_sample(&r, 100 * MS);
    rtt_sample(&r, 200 * MS);
    assert_int_equal(r.rttvar, 62500 * WEFT_US); /* 3/4 * 50 + 1/4 * |100 - 200| */
    assert_int_equal(r.srtt, 112500 * WEFT_US);  /* 7/8 * 100 + 1/8 * 200 */
    assert_int_equal(rtt_rto(&r, &bare_limits), 362500 * WEFT_US);
    rtt_sample(&r, 12500 * WEFT_US);             /* below the mean counts as much as above it */
    assert_int_equal(r.rttvar, 71875 * WEFT_US); /* 3/4 * 62.5 + 1/4 * 100 */
    assert_int_equal(r.srtt, 100 * MS);
}

static double distance(double a, double b) { return a > b ? a - b : b - a; }

/* R6298-2.2: far within G of the model with real numbers, however long the series */
static void rtt_follows_the_model(void **state)
{
    double srtt = 0, rttvar = 0;
    struct rng rng;
    struct rtt r;

    rng_seed(&rng, 6298);
    rtt_init(&r);
    for (unsigned i = 0; i < 1000000; i++) {
        weft_time sample = rng_below(&rng, rng_chance(&rng, 500000) ? 5 * S : 50 * MS) + 1;
        double rto;

        if (i == 0) {
            srtt = (double)sample;
            rttvar = srtt / 2;
        } else {
            rttvar = 0.75 * rttvar + 0.25 * distance(srtt, (double)sample);
            srtt = 0.875 * srtt + 0.125 * (double)sample;
        }
        rtt_sample(&r, sample);
        rto = srtt + (4 * rttvar > (double)MS ? 4 * rttvar : (double)MS);
        assert_true(distance(rto, (double)rtt_rto(&r, &bare_limits)) < 100); /* nanoseconds */
    }
}

/* R6298-2.4 */
static void rtt_keeps_the_floor_above_a_steady_path(void **state)
{
    struct rtt r;

    rtt_init(&r);
    for (unsigned i = 0; i < 1000; i++)
        rtt_sample(&r, 10 * MS);
    assert_int_equal(rtt_rto(&r, &linux_limits), 210 * MS); /* as Linux: SRTT and the floor */
    assert_true(rtt_rto(&r, &(struct rtt_limits){S, S, 120 * S}) >= S);
}

/* R6298-2.4: the cap may be anything from 60 s on */
static void rtt_never_leaves_its_limits(void **state)
{
    struct rng rng;
    struct rtt r;

    rng_seed(&rng, 1);
    rtt_init(&r);
    for (unsigned i = 0; i < 1000000; i++) {
        weft_time rto;

        switch (rng_below(&rng, 3)) {
        case 0:
            rtt_sample(&r, rng_below(&rng, rng_chance(&rng, 100000) ? 4000 * S : S));
            break;
        case 1:
            rtt_back_off(&r);
            break;
        default:
            break;
        }
        rto = rtt_rto(&r, &linux_limits);
        assert_true(rto >= linux_limits.min && rto <= linux_limits.max);
    }
}

/* R6298-5, MUST-19 */
static void rtt_doubles_at_each_expiry_up_to_the_cap(void **state)
{
    weft_time expected = 300 * MS;
    struct rtt r;

    rtt_init(&r);
    rtt_sample(&r, 100 * MS);
    for (unsigned i = 0; i < 1000; i++, rtt_back_off(&r)) {
        assert_int_equal(rtt_rto(&r, &linux_limits), expected);
        expected = min_u64(2 * expected, linux_limits.max);
    }
}

static void rtt_progress_ends_the_back_off(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_sample(&r, 100 * MS);
    rtt_back_off(&r);
    rtt_back_off(&r);
    assert_int_equal(rtt_rto(&r, &bare_limits), 1200 * MS);
    rtt_sample(&r, 100 * MS); /* RTTVAR 37.5 */
    rtt_progress(&r);
    assert_int_equal(rtt_rto(&r, &bare_limits), 250 * MS);
}

static void rtt_of_nothing_is_a_sample_too(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_sample(&r, 0);
    assert_true(r.srtt > 0);
    assert_int_equal(rtt_rto(&r, &linux_limits), 200 * MS + 1);
    for (unsigned i = 0; i < 1000; i++)
        rtt_sample(&r, 0);
    assert_true(r.srtt > 0); /* else the next one would count as the first */
}

/* R6298-5: rule 5.7 */
static void rtt_starts_from_three_seconds_after_a_lost_syn(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_distrust(&r);
    assert_int_equal(rtt_rto(&r, &linux_limits), 3 * S);
    rtt_back_off(&r);
    assert_int_equal(rtt_rto(&r, &linux_limits), 6 * S);
    rtt_sample(&r, 100 * MS);
    rtt_progress(&r);
    assert_int_equal(rtt_rto(&r, &linux_limits), 300 * MS);
}

/* R6298-5: 5.7 speaks of a time-out below 3 s; one above it stays */
static void rtt_after_a_lost_syn_is_no_shorter_than_configured(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_distrust(&r);
    assert_int_equal(rtt_rto(&r, &(struct rtt_limits){5 * S, 200 * MS, 120 * S}), 5 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtt_starts_from_one_second_and_doubles),
        cmocka_unit_test(rtt_first_sample_is_srtt_and_half_of_it_the_variance),
        cmocka_unit_test(rtt_variance_is_updated_before_the_mean),
        cmocka_unit_test(rtt_follows_the_model),
        cmocka_unit_test(rtt_keeps_the_floor_above_a_steady_path),
        cmocka_unit_test(rtt_never_leaves_its_limits),
        cmocka_unit_test(rtt_doubles_at_each_expiry_up_to_the_cap),
        cmocka_unit_test(rtt_progress_ends_the_back_off),
        cmocka_unit_test(rtt_of_nothing_is_a_sample_too),
        cmocka_unit_test(rtt_starts_from_three_seconds_after_a_lost_syn),
        cmocka_unit_test(rtt_after_a_lost_syn_is_no_shorter_than_configured),
    };

    return cmocka_run_group_tests_name("rtt", tests, NULL, NULL);
}
