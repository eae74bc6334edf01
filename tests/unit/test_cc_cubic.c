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

/* ---- step by step against the formulas ---- */

/*
 * Both RFCs in the units that the head of cc_cubic.c names, a line a formula, without a thought of speed. Its numbers
 * are long double and rounded down where the units end: every product stays below 2^63, so nothing is lost.
 */
struct model {
    struct cc c;
    bool runs; /* the curve */
    weft_time epoch;
    long double k, origin, prior, reno;
    uint32_t part, kept_before;
    /* HyStart++ */
    bool began, css;
    weft_time least, last, base; /* of this round, of the last, of the one that began CSS; 0: none */
    unsigned samples, rounds, quarter;
    struct seq end;
};

static long double down(long double x) { return (long double)(uint64_t)x; }

/* The largest integer whose cube is no larger. */
static long double root_of(long double v)
{
    long double lo = 0, hi = 1 << 22;

    while (hi - lo > 1) {
        long double mid = down((lo + hi) / 2);

        if (mid * mid * mid <= v)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static void model_begin(struct model *m, weft_time now)
{
    m->runs = true;
    m->epoch = now;
    m->part = 0;
    m->reno = m->c.cwnd * 1024.0L;
    m->origin = m->c.kept > m->c.cwnd ? m->c.kept : m->c.cwnd;
    m->k = root_of(down((m->origin - m->c.cwnd) * 1024 * 1024 * 1024 * 1024 / 410));
}

/* RFC 9438 §4.2: W(t) */
static long double model_window(const struct model *m, weft_time since)
{
    long double t = down(down(since / 1000.0L) * 1024 / 1000000), d = t < m->k ? m->k - t : t - m->k, delta;

    d = d > 1 << 18 ? 1 << 18 : d;
    delta = down(d * d * d * 410 / (1 << 30));
    return t >= m->k ? m->origin * 1024 + delta : delta < m->origin * 1024 ? m->origin * 1024 - delta : 0;
}

/* §4.2 to 4.5, for n segments in congestion avoidance */
static void model_avoid(struct model *m, const struct cc_ack *a, uint32_t n)
{
    long double w = m->c.cwnd * 1024.0L, target, per, alpha;

    if (!m->runs)
        model_begin(m, a->now);
    target = model_window(m, a->now - m->epoch + a->min_rtt);
    target = target > w + down(w / 2) ? w + down(w / 2) : target;
    per = target > w ? down(w / (target - w)) : 100.0L * m->c.cwnd;
    per = per > 100.0L * m->c.cwnd ? 100.0L * m->c.cwnd : per < 2 ? 2 : per;
    alpha = m->reno >= m->prior * 1024 ? 1024 : down(3 * 1024 * (1024 - 717.0L) / (1024 + 717)); /* §4.3 */
    m->reno += down(alpha * n / m->c.cwnd);
    if (m->part >= per)
        m->part = 0, m->c.cwnd++;
    for (uint32_t i = 0; i < n; i++)
        if (++m->part >= per)
            m->part = 0, m->c.cwnd++;
    if (down(m->reno / 1024) > m->c.cwnd)
        m->c.cwnd = min_u32((uint32_t)(m->reno / 1024), m->c.cwnd + n);
}

/* RFC 9406 §4.2 */
static void model_measure(struct model *m, const struct cc_ack *a)
{
    weft_time thresh = m->last / 8 < 4 * MS ? 4 * MS : m->last / 8 > 16 * MS ? 16 * MS : m->last / 8;

    if (!m->began)
        m->began = true, m->end = a->nxt;
    if (a->rtt) {
        m->least = m->least == 0 || a->rtt < m->least ? a->rtt : m->least;
        m->samples++;
        if (m->samples >= 8 && m->last && !m->css && m->least >= m->last + thresh) {
            m->css = true;
            m->rounds = m->quarter = 0;
            m->base = m->least;
        } else if (m->samples >= 8 && m->last && m->css && m->rounds && m->least < m->base) {
            m->css = false;
        }
    }
    if (seq_lt(a->una, m->end))
        return;
    if (m->css && ++m->rounds >= 5)
        m->c.ssthresh = m->c.cwnd;
    m->last = m->least;
    m->least = m->samples = 0;
    m->end = a->nxt;
}

static void model_ack(struct model *m, const struct cc_ack *a)
{
    uint32_t n = a->delivered;

    if (m->c.ssthresh == CC_NONE && !a->recovering)
        model_measure(m, a);
    if (!a->grows)
        return;
    for (; n && m->c.cwnd < m->c.ssthresh; n--)
        if (!m->css || m->c.ssthresh != CC_NONE || ++m->quarter % 4 == 0)
            m->c.cwnd++;
    if (n)
        model_avoid(m, a, n);
}

/* §4.6, 4.7 */
static uint32_t model_ssthresh(struct model *m)
{
    m->runs = false;
    m->prior = m->c.cwnd;
    m->kept_before = m->c.kept;
    m->c.kept = m->c.cwnd < m->c.kept ? (uint32_t)(m->c.cwnd * (1024 + 717) / 2048) : m->c.cwnd;
    return m->c.cwnd * 717 / 1024 < 2 ? 2 : m->c.cwnd * 717 / 1024;
}

static void model_event(struct model *m, enum cc_event event, weft_time now, weft_time idle)
{
    if (event == CC_EVENT_START)
        m->epoch = m->epoch + idle > now ? now : m->epoch + idle;
    else if (event != CC_EVENT_REDUCED)
        m->runs = false;
    if (event == CC_EVENT_UNDO)
        m->c.kept = m->kept_before;
}

struct pair {
    struct flow f;
    struct model m;
    struct rng rng;
};

static void both_event(struct pair *p, enum cc_event event, weft_time idle)
{
    cc_cubic.on_event(&p->f.c, &p->f.p, event, p->f.now, idle);
    model_event(&p->m, event, p->f.now, idle);
}

/* A loss, perhaps by a time-out, perhaps for nothing. */
static void both_lose(struct pair *p)
{
    uint32_t cwnd = p->f.c.cwnd, ssthresh = p->f.c.ssthresh, answer = cc_cubic.ssthresh(&p->f.c, &p->f.p);

    assert_int_equal(answer, model_ssthresh(&p->m));
    p->f.c.ssthresh = p->f.c.cwnd = answer;
    if (rng_chance(&p->rng, 300000)) {
        both_event(p, CC_EVENT_TIMEOUT, 0);
        p->f.c.cwnd = 1;
    }
    both_event(p, CC_EVENT_REDUCED, 0);
    if (rng_chance(&p->rng, 200000)) {
        both_event(p, CC_EVENT_UNDO, 0);
        p->f.c.cwnd = cwnd;
        p->f.c.ssthresh = ssthresh;
    }
    p->m.c.cwnd = p->f.c.cwnd;
    p->m.c.ssthresh = p->f.c.ssthresh;
}

static void both_ack(struct pair *p, weft_time rtt)
{
    struct flow *f = &p->f;
    uint32_t n = (uint32_t)rng_below(&p->rng, rng_chance(&p->rng, 100000) ? f->c.cwnd + 1 : min_u32(f->c.cwnd + 1, 4));
    struct cc_ack a = {
        .now = f->now, .rtt = rng_chance(&p->rng, 100000) ? 0 : rtt, .min_rtt = f->rtt, .delivered = n,
        .una = seq_add(f->una, n), .nxt = seq_add(f->una, n + f->c.cwnd), .grows = !rng_chance(&p->rng, 50000),
        .recovering = rng_chance(&p->rng, 20000),
    };

    f->una = a.una;
    cc_cubic.on_ack(&f->c, &f->p, &a);
    model_ack(&p->m, &a);
}

/* One connection over a path of its own, from its first slow start through some losses. */
static void both_live(struct pair *p, unsigned steps, uint32_t loss_ppm)
{
    weft_time longer = 0;

    for (unsigned i = 0; i < steps; i++) {
        p->f.now += rng_below(&p->rng, p->f.rtt / 4) + (rng_chance(&p->rng, 500) ? 400 * WEFT_S : 0);
        if (rng_chance(&p->rng, 5000)) /* the queue fills, or empties */
            longer = rng_below(&p->rng, p->f.rtt / 4 + 6 * MS);
        both_ack(p, p->f.rtt + longer);
        if (rng_chance(&p->rng, loss_ppm) || p->f.c.cwnd > 20000)
            both_lose(p);
        if (rng_chance(&p->rng, 1000)) {
            weft_time idle = rng_below(&p->rng, 3 * WEFT_S);

            p->f.now += idle;
            both_event(p, CC_EVENT_START, idle + rng_below(&p->rng, 2) * WEFT_S);
        }
        if (rng_chance(&p->rng, 300))
            both_event(p, CC_EVENT_IDLE, 0);
        assert_int_equal(p->f.c.cwnd, p->m.c.cwnd);
        assert_int_equal(p->f.c.ssthresh, p->m.c.ssthresh);
        assert_int_equal(p->f.c.kept, p->m.c.kept);
    }
}

/* R9438-1 R9438-2 R9438-3 R9438-4 R9406-1 */
static void it_is_what_the_formulas_say(void **state)
{
    static const weft_time rtts[] = {MS / 2, 8 * MS, 32 * MS, 100 * MS, 128 * MS, 300 * MS};
    static struct pair p;

    for (unsigned seed = 0; seed < 700; seed++) {
        memset(&p, 0, sizeof p);
        rng_seed(&p.rng, seed);
        flow_init(&p.f, 2 + seed % 20, CC_NONE, 0, rtts[seed % ARRAY_LEN(rtts)]);
        p.m.c = p.f.c;
        both_live(&p, 1500, seed % 3 ? 4000 : 300);
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

/* A round whose ends lie in a train of segments has the end of one, which waited, and the beginning of the next. R9406-1 */
static void the_round_that_began_it_does_not_bring_slow_start_back(void **state)
{
    struct flow f;
    uint32_t before;

    flow_init(&f, 64, CC_NONE, 0, 50 * MS);
    slow_round(&f, 50 * MS);
    f.rtt = 60 * MS;
    for (unsigned i = 0; i < 9; i++) { /* the ninth is the eighth sample of the second round */
        f.una = seq_add(f.una, 2);
        acknowledge(&f, 2);
    }
    before = f.c.cwnd;
    f.rtt = 50 * MS;
    for (unsigned i = 0; i < 8; i++) {
        f.una = seq_add(f.una, 2);
        acknowledge(&f, 2);
    }
    assert_int_equal(f.c.cwnd, before + 4);
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

/* Nor does what was thought in the first one make a later one slow. R9406-1 */
static void slow_start_after_a_time_out_doubles(void **state)
{
    struct flow f;

    flow_init(&f, 16, CC_NONE, 0, 50 * MS);
    for (unsigned i = 0; i < 9; i++)
        slow_round(&f, i < 2 ? 50 * MS : 60 * MS);
    assert_int_not_equal(f.c.ssthresh, CC_NONE);
    f.c.ssthresh = cc_cubic.ssthresh(&f.c, &f.p);
    cc_cubic.on_event(&f.c, &f.p, CC_EVENT_TIMEOUT, f.now, 0);
    f.c.cwnd = 1;
    for (unsigned i = 0; i < 4; i++)
        slow_round(&f, 60 * MS);
    assert_int_equal(f.c.cwnd, 16);
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
        cmocka_unit_test(it_is_what_the_formulas_say),
        cmocka_unit_test(slow_start_doubles_on_a_steady_path),
        cmocka_unit_test(longer_round_trips_end_slow_start),
        cmocka_unit_test(shorter_round_trips_bring_slow_start_back),
        cmocka_unit_test(the_round_that_began_it_does_not_bring_slow_start_back),
        cmocka_unit_test(after_a_loss_ssthresh_ends_slow_start_alone),
        cmocka_unit_test(slow_start_after_a_time_out_doubles),
    };

    return cmocka_run_group_tests_name("cc_cubic", tests, NULL, NULL);
}
