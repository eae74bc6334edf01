/* SPDX-License-Identifier: MIT */
/* The retransmission time-out (src/tcp/rtt.c) against RFC 6298's formulas, and what Linux makes of them. */
#include "room.h"
#include "tcp/rtt.h"

#define MS WEFT_MS
#define S  WEFT_S
#define ROUNDED 64 /* us: what eighths and quarters of whole microseconds may lose, summed over their gains */

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

/* A sample in the middle of a round trip, and one that ends it. */
static void sample(struct rtt *r, weft_time t) { rtt_sample(r, t, seq(0), seq(100), &bare_limits); }
static void sample_round(struct rtt *r, weft_time t, const struct rtt_limits *l)
{
    rtt_sample(r, t, seq_add(r->round, 1), seq_add(r->round, 2), l);
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
        sample(&r, rows[i].sample);
        assert_int_equal(rtt_smoothed(&r), rows[i].sample);
        assert_int_equal(rtt_deviation(&r), rows[i].sample / 2);
        assert_int_equal(rtt_rto(&r, &bare_limits), rows[i].rto);
    }
}

/* R6298-2.2: the deviation is from SRTT as it was before this sample */
static void rtt_variance_is_updated_before_the_mean(void **state)
{
    struct rtt r;

    rtt_init(&r);
    sample(&r, 100 * MS);
    sample(&r, 200 * MS);
    assert_int_equal(rtt_deviation(&r), 62500 * WEFT_US); /* 3/4 * 50 + 1/4 * |100 - 200| */
    assert_int_equal(rtt_smoothed(&r), 112500 * WEFT_US); /* 7/8 * 100 + 1/8 * 200 */
    assert_int_equal(rtt_rto(&r, &bare_limits), 362500 * WEFT_US);
}

/* As Linux: a shorter round trip says less about how long the next one may take: 1/32 instead of 1/4 */
static void rtt_variance_falls_more_slowly_than_it_rises(void **state)
{
    struct rtt r;

    rtt_init(&r);
    sample(&r, 100 * MS);  /* deviation 50 */
    sample(&r, 20 * MS);   /* error 80, 30 above the deviation */
    assert_int_equal(rtt_deviation(&r), 50 * MS + 30 * MS / 32);
    sample(&r, 90 * MS);   /* no error: 3/4 of it */
    assert_int_equal(rtt_smoothed(&r), 90 * MS);
    assert_in_range(rtt_deviation(&r), 38202 * WEFT_US, 38204 * WEFT_US);
}

/* As Linux: RTO follows the largest deviation of a round trip; a calm one takes a quarter of the difference away */
static void rtt_variance_in_rto_is_the_largest_of_a_round_trip(void **state)
{
    struct rtt r;

    rtt_init(&r);
    sample(&r, 100 * MS); /* the term is 200 */
    for (unsigned i = 0; i < 50; i++)
        sample(&r, 100 * MS);
    assert_int_equal(rtt_rto(&r, &bare_limits), 300 * MS);
    sample_round(&r, 100 * MS, &bare_limits); /* its largest was 200, from the first sample */
    assert_int_equal(rtt_rto(&r, &bare_limits), 300 * MS);
    sample_round(&r, 100 * MS, &bare_limits); /* 1 ms, the floor */
    assert_in_range(rtt_rto(&r, &bare_limits), 250250 * WEFT_US - 1000, 250250 * WEFT_US + 1000);
}

/* The shortest of five minutes */
static void rtt_minimum_is_forgotten_after_five_minutes(void **state)
{
    struct rtt r;

    rtt_init(&r);
    assert_int_equal(rtt_min(&r), 0);
    rtt_sample_min(&r, 20 * MS, S);
    rtt_sample_min(&r, 10 * MS, 2 * S);
    rtt_sample_min(&r, 30 * MS, 301 * S);
    assert_int_equal(rtt_min(&r), 10 * MS);
    rtt_sample_min(&r, 30 * MS, 302 * S);
    assert_int_equal(rtt_min(&r), 30 * MS);
}

/* R6298-2.4 */
static void rtt_keeps_the_floor_above_a_steady_path(void **state)
{
    struct rtt r;

    rtt_init(&r);
    for (unsigned i = 0; i < 1000; i++)
        sample_round(&r, 10 * MS, &linux_limits);
    assert_int_equal(rtt_rto(&r, &linux_limits), 210 * MS); /* as Linux: SRTT and the floor */
    assert_true(rtt_rto(&r, &(struct rtt_limits){S, S, 120 * S, false}) >= S);
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
            sample_round(&r, rng_below(&rng, rng_chance(&rng, 100000) ? 4000 * S : S), &linux_limits);
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

/*
 * RFC 6298's words in long doubles, in microseconds, with what rtt.h says beyond them: the finer gain while round trips get
 * shorter, and the largest deviation of a round trip in RTO.
 */
struct exact {
    long double srtt, mdev, most, rttvar; /* srtt 0: no sample yet */
    unsigned expired;
    bool distrust;
};

static void exact_sample(struct exact *e, long double us, bool round_is_over, long double floor)
{
    long double error = us - e->srtt, off = (error < 0 ? -error : error) - e->mdev;

    us = us < 1 ? 1 : us;
    if (e->srtt == 0) { /* §2.2 */
        e->srtt = us, e->mdev = us / 2;
        e->rttvar = e->most = e->mdev > floor ? e->mdev : floor;
        return;
    }
    e->srtt += error / 8; /* §2.3 */
    e->mdev += off / (error < 0 && off > 0 ? 32 : 4);
    e->most = e->mdev > e->most ? e->mdev : e->most;
    e->rttvar = e->most > e->rttvar ? e->most : e->rttvar;
    if (round_is_over) {
        e->rttvar -= (e->rttvar - e->most) / 4;
        e->most = floor;
    }
}

static long double exact_rto(const struct exact *e, const struct rtt_limits *l)
{
    long double floor = (long double)(l->whole ? MS : l->min) / WEFT_US;
    long double min = (long double)l->min / WEFT_US, most = (long double)l->max / WEFT_US;
    long double rto = (long double)l->initial / WEFT_US;

    if (e->distrust && rto < 3e6L)
        rto = 3e6L; /* §5.7 */
    if (e->srtt > 0)
        rto = e->srtt + (4 * e->rttvar > floor ? 4 * e->rttvar : floor);
    rto = rto < min ? min : rto; /* §2.4 */
    for (unsigned i = 0; i < e->expired && rto < most; i++)
        rto *= 2; /* §5.5 */
    return rto > most ? most : rto;
}

struct twins {
    struct rtt r;
    struct exact e;
    struct rng rng;
    const struct rtt_limits *l;
};

/*
 * Karn's rule (§3): no sample of what was sent again, so the back-off stays until one can be taken. Whole microseconds, and
 * mostly near what the path takes.
 */
static void both_act(struct twins *t, uint64_t path)
{
    bool over = rng_below(&t->rng, 8) == 0;
    uint64_t us = rng_chance(&t->rng, 20000) ? rng_below(&t->rng, 8000000) : path + rng_below(&t->rng, path);

    switch (rng_below(&t->rng, 16)) {
    case 0:
        rtt_back_off(&t->r);
        t->e.expired += t->e.expired < 30;
        break;
    case 1: /* an acknowledgment of what was sent twice tells nothing */
        break;
    default:
        rtt_sample(&t->r, us * WEFT_US, seq_add(t->r.round, over ? 1 : 0), seq_add(t->r.round, over ? 2 : 1), t->l);
        exact_sample(&t->e, us, over, (long double)(t->l->whole ? MS : t->l->min) / WEFT_US / 4);
        rtt_progress(&t->r);
        t->e.expired = 0;
    }
}

/* R6298-2.2 R6298-2.4 R6298-5: integers stay within what their rounding loses, doubled as often as the time-out was */
static void rtt_is_what_the_formulas_say(void **state)
{
    static const struct rtt_limits letter = {.initial = S, .min = S, .max = 60 * S, .whole = true};
    static struct twins t;
    uint32_t operations = 0;

    (void)state;
    for (unsigned life = 0; operations < 1000000; life++) {
        uint64_t path;

        rng_seed(&t.rng, life);
        path = 1 + rng_below(&t.rng, life % 2 ? 300 : 500000);
        rtt_init(&t.r);
        t.e = (struct exact){.distrust = life % 5 == 0};
        if (t.e.distrust)
            rtt_distrust(&t.r);
        t.l = life % 3 == 0 ? &letter : life % 3 == 1 ? &linux_limits : &bare_limits;
        for (unsigned i = 0; i < 2000; i++, operations++) {
            long double is, wanted, off;

            both_act(&t, path);
            is = (long double)rtt_rto(&t.r, t.l) / WEFT_US, wanted = exact_rto(&t.e, t.l);
            off = (is > wanted ? is - wanted : wanted - is) / (1u << t.e.expired);
            assert_true(off <= ROUNDED);
        }
    }
}

/* R6298-5, MUST-19 */
static void rtt_doubles_at_each_expiry_up_to_the_cap(void **state)
{
    weft_time expected = 300 * MS;
    struct rtt r;

    rtt_init(&r);
    sample_round(&r, 100 * MS, &linux_limits);
    for (unsigned i = 0; i < 1000; i++, rtt_back_off(&r)) {
        assert_int_equal(rtt_rto(&r, &linux_limits), expected);
        expected = min_u64(2 * expected, linux_limits.max);
    }
}

static void rtt_progress_ends_the_back_off(void **state)
{
    struct rtt r;

    rtt_init(&r);
    sample(&r, 100 * MS);
    rtt_back_off(&r);
    rtt_back_off(&r);
    assert_int_equal(rtt_rto(&r, &bare_limits), 1200 * MS);
    rtt_progress(&r);
    assert_int_equal(rtt_rto(&r, &bare_limits), 300 * MS);
}

static void rtt_of_nothing_is_a_sample_too(void **state)
{
    struct rtt r;

    rtt_init(&r);
    sample_round(&r, 0, &linux_limits);
    assert_true(r.srtt8 > 0);
    assert_int_equal(rtt_rto(&r, &linux_limits), 200 * MS + 1000);
    for (unsigned i = 0; i < 1000; i++)
        sample_round(&r, 0, &linux_limits);
    assert_true(r.srtt8 > 0); /* else the next one would count as the first */
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
    sample_round(&r, 100 * MS, &linux_limits);
    rtt_progress(&r);
    assert_int_equal(rtt_rto(&r, &linux_limits), 300 * MS);
}

/* R6298-5: 5.7 speaks of a time-out below 3 s; one above it stays */
static void rtt_after_a_lost_syn_is_no_shorter_than_configured(void **state)
{
    struct rtt r;

    rtt_init(&r);
    rtt_distrust(&r);
    assert_int_equal(rtt_rto(&r, &(struct rtt_limits){5 * S, 200 * MS, 120 * S, false}), 5 * S);
}

/* R6298-2.4: to the letter RTO is a second at least, what the round trip takes included, and the clock is 1 ms coarse */
static void rtt_floor_may_bound_the_whole_of_rto(void **state)
{
    static const struct rtt_limits letter = {.initial = S, .min = S, .max = 120 * S, .whole = true};
    static const struct {
        weft_time sample, rto;
    } rows[] = {{10 * MS, S}, {333 * MS, S}, {400 * MS, 1200 * MS}, {2 * S, 6 * S}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rtt r;

        rtt_init(&r);
        rtt_sample(&r, rows[i].sample, seq(0), seq(100), &letter);
        assert_int_equal(rtt_rto(&r, &letter), rows[i].rto);
    }
    struct rtt r;

    rtt_init(&r);
    rtt_sample(&r, 2 * S, seq(0), seq(100), &letter);
    for (unsigned k = 0; k < 200; k++) /* a calm path: the term falls to a millisecond */
        sample_round(&r, 2 * S, &letter);
    assert_in_range(rtt_rto(&r, &letter), 2 * S + MS, 2 * S + 2 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtt_starts_from_one_second_and_doubles),
        cmocka_unit_test(rtt_first_sample_is_srtt_and_half_of_it_the_variance),
        cmocka_unit_test(rtt_variance_is_updated_before_the_mean),
        cmocka_unit_test(rtt_variance_falls_more_slowly_than_it_rises),
        cmocka_unit_test(rtt_variance_in_rto_is_the_largest_of_a_round_trip),
        cmocka_unit_test(rtt_minimum_is_forgotten_after_five_minutes),
        cmocka_unit_test(rtt_keeps_the_floor_above_a_steady_path),
        cmocka_unit_test(rtt_never_leaves_its_limits),
        cmocka_unit_test(rtt_is_what_the_formulas_say),
        cmocka_unit_test(rtt_doubles_at_each_expiry_up_to_the_cap),
        cmocka_unit_test(rtt_progress_ends_the_back_off),
        cmocka_unit_test(rtt_of_nothing_is_a_sample_too),
        cmocka_unit_test(rtt_starts_from_three_seconds_after_a_lost_syn),
        cmocka_unit_test(rtt_after_a_lost_syn_is_no_shorter_than_configured),
        cmocka_unit_test(rtt_floor_may_bound_the_whole_of_rto),
    };

    return cmocka_run_group_tests_name("rtt", tests, NULL, NULL);
}
