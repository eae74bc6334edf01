/* SPDX-License-Identifier: MIT */
/* CUBIC and HyStart++ (src/tcp/cc_cubic.c): RFC 9438, RFC 9406, against the formulas in floating point. */
#include "room.h"
#include "tcp/cc.h"

#define MS WEFT_MS

struct flow {
    struct cc c;
    union cc_private p;
    weft_time now, rtt;
    struct seq una;
};

static void flow_init(struct flow *f, uint32_t cwnd, uint32_t ssthresh, uint32_t w_max, weft_time rtt)
{
    *f = (struct flow){.c = {cwnd, ssthresh, w_max}, .now = WEFT_S, .rtt = rtt};
}

static void acknowledge(struct flow *f, uint32_t n)
{
    struct cc_ack a = {
        .now = f->now, .rtt = f->rtt, .srtt = f->rtt, .min_rtt = f->rtt, .delivered = n, .grows = true,
        .una = f->una, .nxt = seq_add(f->una, f->c.cwnd),
    };

    cc_cubic.on_ack(&f->c, &f->p, &a);
}

/* A round trip: the whole window is acknowledged, in pieces of two, spread over it. */
static void round_trip(struct flow *f)
{
    uint32_t n = f->c.cwnd;

    for (uint32_t i = 0; i < n; i += 2) {
        f->now += 2 * f->rtt / n;
        f->una = seq_add(f->una, min_u32(2, n - i));
        acknowledge(f, min_u32(2, n - i));
    }
}

static double cube(double x) { return x * x * x; }

static double cube_root(double v)
{
    double x = 1;

    for (unsigned i = 0; i < 200; i++)
        x = (2 * x + v / (x * x)) / 3;
    return x;
}

/* §4.6: beta is 0.7; §4.7: W_max is lower when this window was below the last one. R9438-1 R9438-3 */
static void a_loss_leaves_seven_tenths(void **state)
{
    static const struct {
        uint32_t cwnd, w_max, ssthresh, kept;
    } rows[] = {{100, 0, 70, 100}, {100, 120, 70, 85}, {100, 100, 70, 100}, {10, 0, 7, 10}, {2, 0, 2, 2}, {3, 9, 2, 2}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow f;

        flow_init(&f, rows[i].cwnd, CC_NONE, rows[i].w_max, MS);
        assert_int_equal(cc_cubic.ssthresh(&f.c, &f.p), rows[i].ssthresh);
        assert_int_equal(f.c.kept, rows[i].kept);
    }
}

/* §4.2 to 4.5: concave up to W_max at K, flat there, convex beyond; round trips long enough that Reno is slower.
 * R9438-1 */
static void the_window_follows_the_cubic_function(void **state)
{
    const double w_max = 1000, start = 700, k = cube_root((w_max - start) / 0.4);
    struct flow f;
    weft_time begun;

    flow_init(&f, 700, 700, 1000, 100 * MS);
    begun = f.now;
    while (f.now - begun < 15 * WEFT_S) {
        double t, w;

        round_trip(&f);
        t = (double)(f.now - begun) / 1e9;
        w = 0.4 * cube(t - k) + w_max;
        assert_true((double)f.c.cwnd > w * 0.97 - 3 && (double)f.c.cwnd < w * 1.03 + 3);
    }
    assert_true(f.c.cwnd > 1050); /* K is 9 s */
}

/* §4.3: short round trips: AIMD with alpha = 3 (1 - beta) / (1 + beta) = 0.53 a round trip is faster than the curve.
 * R9438-2 */
static void on_short_paths_it_is_as_fast_as_reno(void **state)
{
    struct flow f;

    flow_init(&f, 100, CC_NONE, 0, MS);
    f.c.ssthresh = f.c.cwnd = cc_cubic.ssthresh(&f.c, &f.p);
    for (unsigned i = 0; i < 40; i++)
        round_trip(&f);
    assert_in_range(f.c.cwnd, 90, 93); /* 70 + 40 * 0.53 */
    for (unsigned i = 0; i < 40; i++)
        round_trip(&f);
    assert_in_range(f.c.cwnd, 119, 126); /* above 100 it gains one a round trip */
}

/* §4.4: however far behind the curve, half of the window a round trip at most */
static void it_never_grows_by_more_than_half_in_a_round_trip(void **state)
{
    struct flow f;

    flow_init(&f, 10, 10, 100000, 100 * MS);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t before = f.c.cwnd;

        round_trip(&f);
        assert_true(f.c.cwnd <= before + before / 2 + 1);
    }
}

/* Idle time is no time: the curve goes on where it stood. R9438-4 */
static void the_curve_stands_still_while_nothing_is_sent(void **state)
{
    struct flow busy, idle;

    flow_init(&busy, 70, 70, 100, 100 * MS);
    round_trip(&busy);
    idle = busy;
    idle.now += 60 * WEFT_S;
    cc_cubic.on_event(&idle.c, &idle.p, CC_EVENT_START, idle.now, 60 * WEFT_S);
    for (unsigned i = 0; i < 50; i++) {
        round_trip(&busy);
        round_trip(&idle);
        assert_int_equal(idle.c.cwnd, busy.c.cwnd);
    }
}

/* §4.9.2: what the last reduction put in W_max's place is forgotten. R9438-4 */
static void an_undone_reduction_leaves_no_trace(void **state)
{
    struct flow f;

    flow_init(&f, 100, 90, 150, MS);
    cc_cubic.ssthresh(&f.c, &f.p);
    assert_int_equal(f.c.kept, 85);
    cc_cubic.on_event(&f.c, &f.p, CC_EVENT_UNDO, f.now, 0);
    assert_int_equal(f.c.kept, 150);
}

/* Any times and windows: no overflow, no window of nothing (the sanitizers watch) */
static void no_numbers_break_it(void **state)
{
    struct rng rng;
    struct flow f;

    rng_seed(&rng, 9438);
    flow_init(&f, 10, CC_NONE, 0, MS);
    for (unsigned i = 0; i < 500000; i++) {
        f.rtt = rng_below(&rng, rng_chance(&rng, 100000) ? 3600 * WEFT_S : WEFT_S);
        f.now += rng_below(&rng, rng_chance(&rng, 1000) ? 1ull << 55 : WEFT_S);
        if (f.now > 1ull << 62)
            f.now = 1;
        f.una = seq_add(f.una, (uint32_t)rng_below(&rng, 1000));
        acknowledge(&f, (uint32_t)rng_below(&rng, rng_chance(&rng, 1000) ? CC_CWND_MAX : 100));
        if (rng_chance(&rng, 20000))
            f.c.ssthresh = f.c.cwnd = cc_cubic.ssthresh(&f.c, &f.p);
        if (rng_chance(&rng, 10000))
            cc_cubic.on_event(&f.c, &f.p, (enum cc_event)rng_below(&rng, 5), f.now, rng_below(&rng, WEFT_S));
        assert_in_range(f.c.cwnd, 1, CC_CWND_MAX);
    }
}

/* ---- RFC 9406 ---- */

/* A round trip of slow start whose samples are all of this length. */
static void slow_round(struct flow *f, weft_time rtt)
{
    f->rtt = rtt;
    round_trip(f);
}

static void slow_start_doubles_on_a_steady_path(void **state)
{
    struct flow f;

    flow_init(&f, 10, CC_NONE, 0, 50 * MS);
    for (unsigned i = 0; i < 8; i++)
        slow_round(&f, 50 * MS);
    assert_int_equal(f.c.cwnd, 2560);
    assert_int_equal(f.c.ssthresh, CC_NONE);
}

/* §4.2: longer by max(4 ms, min(16 ms, an eighth)): a quarter of the growth for five rounds, then avoidance. R9406-1 */
static void longer_round_trips_end_slow_start(void **state)
{
    static const struct {
        weft_time rtt, longer;
        bool ends;
    } rows[] = {
        {50 * MS, 57 * MS, true}, {50 * MS, 56 * MS, false}, {8 * MS, 12 * MS, true},
        {8 * MS, 11 * MS, false}, {400 * MS, 416 * MS, true}, {400 * MS, 415 * MS, false},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct flow f;
        uint32_t before;

        flow_init(&f, 16, CC_NONE, 0, rows[i].rtt);
        slow_round(&f, rows[i].rtt);
        slow_round(&f, rows[i].rtt);
        slow_round(&f, rows[i].longer);
        before = f.c.cwnd;
        slow_round(&f, rows[i].longer);
        if (rows[i].ends)
            assert_in_range(f.c.cwnd, before * 5 / 4 - 1, before * 5 / 4 + 1);
        else
            assert_int_equal(f.c.cwnd, 2 * before);
        for (unsigned k = 0; k < 5 && rows[i].ends; k++)
            slow_round(&f, rows[i].longer);
        assert_int_equal(f.c.ssthresh != CC_NONE, rows[i].ends);
    }
}

/* §4.2: shorter again within those rounds: it was noise */
static void shorter_round_trips_bring_slow_start_back(void **state)
{
    struct flow f;
    uint32_t before;

    flow_init(&f, 16, CC_NONE, 0, 50 * MS);
    slow_round(&f, 50 * MS);
    slow_round(&f, 60 * MS);
    slow_round(&f, 60 * MS);
    slow_round(&f, 50 * MS);
    before = f.c.cwnd;
    slow_round(&f, 50 * MS);
    assert_int_equal(f.c.cwnd, 2 * before);
    assert_int_equal(f.c.ssthresh, CC_NONE);
}

/* §4.3: only the first slow start */
static void after_a_loss_ssthresh_ends_slow_start_alone(void **state)
{
    struct flow f;

    flow_init(&f, 16, 1000, 0, 50 * MS);
    for (unsigned i = 0; i < 5; i++)
        slow_round(&f, (50 + 10 * i) * MS);
    assert_int_equal(f.c.cwnd, 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_leaves_seven_tenths),
        cmocka_unit_test(the_window_follows_the_cubic_function),
        cmocka_unit_test(on_short_paths_it_is_as_fast_as_reno),
        cmocka_unit_test(it_never_grows_by_more_than_half_in_a_round_trip),
        cmocka_unit_test(the_curve_stands_still_while_nothing_is_sent),
        cmocka_unit_test(an_undone_reduction_leaves_no_trace),
        cmocka_unit_test(no_numbers_break_it),
        cmocka_unit_test(slow_start_doubles_on_a_steady_path),
        cmocka_unit_test(longer_round_trips_end_slow_start),
        cmocka_unit_test(shorter_round_trips_bring_slow_start_back),
        cmocka_unit_test(after_a_loss_ssthresh_ends_slow_start_alone),
    };

    return cmocka_run_group_tests_name("cc_cubic", tests, NULL, NULL);
}
