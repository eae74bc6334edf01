/* SPDX-License-Identifier: MIT */
/*
 * CUBIC (RFC 9438) with HyStart++ (RFC 9406). The window is a function of the time since the last reduction:
 *
 *     W(t) = C (t - K)^3 + W_max,   K = cbrt((W_max - cwnd_epoch) / C),   C = 0.4, beta = 0.7
 *
 * and at least what AIMD with the same beta would have (the Reno-friendly region). Windows are segments with a fraction
 * of 2^-10, times 2^-10 s, so all of it fits 64 bits: |t - K| is kept below 2^18 (four minutes), its cube below 2^54,
 * times 410/1024 for C below 2^63. What is kept over idleness is W_max.
 *
 * DEVIATION from RFC 9406 §4.2: no limit L on what one acknowledgment adds in slow start, as in Linux, for receivers
 * acknowledge whole batches. And the round in which conservative slow start began does not end it: a round's ends lie
 * somewhere in the train of segments that slow start makes, so that the end of a train, for which the queue is long,
 * and the beginning of the next, for which it is short, are often of one round.
 */
#include "tcp/cc.h"

#define ONE        1024u     /* the unit of windows and of seconds */
#define BETA       717u      /* 0.7 */
#define C_SCALED   410u      /* 0.4 */
#define OFFSET_MAX (1u << 18)

/* HyStart++ (RFC 9406 §4.3). */
#define RTT_THRESH_MIN (4 * WEFT_MS)
#define RTT_THRESH_MAX (16 * WEFT_MS)
#define RTT_DIVISOR    8
#define RTT_SAMPLES    8
#define CSS_DIVISOR    4
#define CSS_ROUNDS     5

struct cubic {
    weft_time epoch;       /* when congestion avoidance began to count; 0: it has not since the last reduction */
    uint64_t reno;         /* W_est, scaled */
    uint32_t k;            /* scaled seconds */
    uint32_t origin;       /* W(K), segments */
    uint32_t prior;        /* cwnd when the last reduction began: above that W_est grows as Reno does */
    uint32_t part;
    uint32_t kept;         /* W_max before the last reduction, should that be undone */
    /* slow start */
    weft_time round_min, last_min, base_min; /* the shortest round trips; WEFT_NEVER: none */
    struct seq round_end;
    uint8_t samples, css_rounds;
    bool rounds, css;      /* a round is being measured; conservative slow start */
    uint8_t css_part;
};
_Static_assert(sizeof(struct cubic) <= CC_PRIVATE, "it must fit");

static struct cubic *cubic_of(union cc_private *p) { return (struct cubic *)(void *)p; }

/* The integer cube root, by bits: at most 22 of them. */
static uint32_t cube_root(uint64_t v)
{
    uint64_t root = 0;

    for (int bit = 21; bit >= 0; bit--) {
        uint64_t next = root | 1ull << bit;

        if (next * next * next <= v)
            root = next;
    }
    return (uint32_t)root;
}

/* ---- congestion avoidance ---- */

static void begin_epoch(struct cubic *q, struct cc *c, weft_time now)
{
    uint32_t w_max = c->kept;

    q->epoch = now;
    q->part = 0;
    q->reno = (uint64_t)c->cwnd * ONE;
    if (w_max > c->cwnd) { /* K^3 = (W_max - cwnd) / C, in 2^-30 of cubed seconds */
        q->k = cube_root(((uint64_t)(w_max - c->cwnd) << 40) / C_SCALED);
        q->origin = w_max;
    } else { /* nothing to come back to: convex from here */
        q->k = 0;
        q->origin = c->cwnd;
    }
}

/* W(t), scaled; t in scaled seconds. */
static uint64_t window_at(const struct cubic *q, uint64_t t)
{
    bool before = t < q->k;
    uint64_t d = min_u64(before ? q->k - t : t - q->k, OFFSET_MAX);
    uint64_t delta = d * d * d * C_SCALED >> 30; /* 2^-30 s^3 times 2^-10, in 2^-10 segments */
    uint64_t origin = (uint64_t)q->origin * ONE;

    if (!before)
        return origin + delta;
    return delta < origin ? origin - delta : 0;
}

/* W_est (RFC 9438 §4.3): alpha = 3 (1 - beta) / (1 + beta) a round trip until it reaches the window before, then 1. */
static void grow_reno(struct cubic *q, const struct cc *c, uint32_t acked)
{
    uint64_t alpha = q->reno >= (uint64_t)q->prior * ONE ? ONE : 3 * (uint64_t)ONE * (ONE - BETA) / (ONE + BETA);

    q->reno += alpha * acked / c->cwnd;
}

static void avoid(struct cubic *q, struct cc *c, const struct cc_ack *a, uint32_t acked)
{
    uint64_t t, target, cwnd = (uint64_t)c->cwnd * ONE;
    uint32_t per = 100 * c->cwnd; /* on the plateau: hardly at all */

    if (q->epoch == 0)
        begin_epoch(q, c, a->now);
    t = (a->now - q->epoch + a->min_rtt) / 1000 * ONE / 1000000; /* a round trip ahead: what is sent now arrives then */
    target = min_u64(window_at(q, t), cwnd + cwnd / 2);
    if (target > cwnd)
        per = (uint32_t)min_u64(cwnd / (target - cwnd), per);
    grow_reno(q, c, acked);
    cc_add(c, &q->part, max_u32(per, 2), acked); /* one for two acknowledged at most: 1.5 times in a round trip */
    c->cwnd = max_u32(c->cwnd, (uint32_t)min_u64(q->reno / ONE, c->cwnd + acked)); /* the Reno-friendly region */
}

/* ---- slow start: HyStart++ ---- */

static void begin_round(struct cubic *q, struct seq nxt)
{
    q->rounds = true;
    q->round_end = nxt;
    q->last_min = q->round_min;
    q->round_min = WEFT_NEVER;
    q->samples = 0;
}

static weft_time clamp(weft_time t)
{
    return t < RTT_THRESH_MIN ? RTT_THRESH_MIN : t > RTT_THRESH_MAX ? RTT_THRESH_MAX : t;
}

/*
 * Round trips get longer: the queue fills. They were only noise when they get shorter again in conservative slow start.
 */
static void judge_round(struct cubic *q)
{
    if (q->samples < RTT_SAMPLES || q->round_min == WEFT_NEVER || q->last_min == WEFT_NEVER)
        return;
    if (!q->css && q->round_min >= q->last_min + clamp(q->last_min / RTT_DIVISOR)) {
        q->css = true;
        q->css_rounds = 0;
        q->css_part = 0;
        q->base_min = q->round_min;
    } else if (q->css && q->css_rounds && q->round_min < q->base_min) {
        q->css = false;
    }
}

/* Only the first slow start looks at round trips; after a loss ssthresh says where to end (RFC 9406 §4.3). */
static void cubic_on_round_trip(struct cc *c, union cc_private *p, weft_time rtt, struct seq una, struct seq nxt)
{
    struct cubic *q = cubic_of(p);

    if (!q->rounds) {
        q->round_min = q->last_min = WEFT_NEVER;
        begin_round(q, nxt);
    }
    if (rtt) {
        q->round_min = min_u64(q->round_min, rtt);
        q->samples += q->samples < UINT8_MAX;
        judge_round(q);
    }
    if (!seq_ge(una, q->round_end))
        return;
    if (q->css && ++q->css_rounds >= CSS_ROUNDS)
        c->ssthresh = c->cwnd;
    begin_round(q, nxt);
}

/* After a loss ssthresh is known, and whatever was thought of round trips before it counts no more. */
static uint32_t start_slowly(struct cubic *q, struct cc *c, uint32_t acked)
{
    uint32_t sum;

    if (!q->css || c->ssthresh != CC_NONE)
        return cc_slow_start(c, acked);
    sum = q->css_part + acked;
    q->css_part = (uint8_t)(sum % CSS_DIVISOR);
    cc_slow_start(c, sum / CSS_DIVISOR);
    return 0;
}

/* ---- the table ---- */

static void cubic_on_ack(struct cc *c, union cc_private *p, const struct cc_ack *a)
{
    struct cubic *q = cubic_of(p);
    uint32_t acked = a->delivered;

    if (c->ssthresh == CC_NONE && !a->recovering)
        cubic_on_round_trip(c, p, a->rtt, a->una, a->nxt);
    if (!a->grows || acked == 0)
        return;
    if (cc_in_slow_start(c))
        acked = start_slowly(q, c, acked);
    if (acked && !cc_in_slow_start(c))
        avoid(q, c, a, acked);
}

static uint32_t cubic_ssthresh(struct cc *c, union cc_private *p)
{
    struct cubic *q = cubic_of(p);

    q->epoch = 0;
    q->prior = c->cwnd;
    q->kept = c->kept;
    /* Fast convergence (RFC 9438 §4.7): less than last time, so somebody else has come: make room. */
    c->kept = c->cwnd < c->kept ? (uint32_t)((uint64_t)c->cwnd * (ONE + BETA) / (2 * ONE)) : c->cwnd;
    return max_u32((uint32_t)((uint64_t)c->cwnd * BETA / ONE), 2);
}

static void cubic_on_event(struct cc *c, union cc_private *p, enum cc_event event, weft_time now, weft_time idle)
{
    struct cubic *q = cubic_of(p);

    switch (event) {
    case CC_EVENT_START: /* the curve stands still while nothing is sent (RFC 9438 §4.2) */
        if (q->epoch)
            q->epoch = min_u64(q->epoch + idle, now);
        break;
    case CC_EVENT_UNDO: /* RFC 9438 §4.9 */
        c->kept = q->kept;
        q->epoch = 0;
        break;
    case CC_EVENT_TIMEOUT: /* RFC 9438 §4.8 */
    case CC_EVENT_IDLE:
        q->epoch = 0;
        break;
    case CC_EVENT_REDUCED:
        break;
    }
}

const struct cc_ops cc_cubic = {
    .name = "cubic",
    .on_ack = cubic_on_ack,
    .on_round_trip = cubic_on_round_trip,
    .ssthresh = cubic_ssthresh,
    .on_event = cubic_on_event,
};
