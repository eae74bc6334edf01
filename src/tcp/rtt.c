/* SPDX-License-Identifier: MIT */
/* The retransmission time-out; see rtt.h. */
#include "tcp/rtt.h"

#define MAX_BACKOFF    30
#define AFTER_LOST_SYN (3 * WEFT_S)
#define MIN_WINDOW_S   300
#define SAMPLE_MAX_US  (UINT32_MAX / 8)

void rtt_init(struct rtt *r)
{
    memset(r, 0, sizeof *r);
    r->min_us = UINT32_MAX;
}

void rtt_distrust(struct rtt *r) { r->distrust = true; }

static void first_sample(struct rtt *r, uint32_t us, uint32_t floor, struct seq nxt)
{
    r->srtt8 = us * 8;
    r->mdev4 = us * 2; /* RFC 6298 §2.2: half of it, so that RTO is three times the sample */
    r->rttvar4 = r->mdev4_max = max_u32(r->mdev4, floor);
    r->round = nxt;
}

/*
 * RFC 6298 §2.3, with a finer gain for the deviation while round trips get shorter: such a sample is no sign that the
 * next one may take longer.
 */
static void deviate(struct rtt *r, int64_t error)
{
    int64_t d = (error < 0 ? -error : error) - r->mdev4 / 4;

    if (error < 0 && d > 0)
        d /= 8;
    r->mdev4 = (uint32_t)(r->mdev4 + d);
    r->mdev4_max = max_u32(r->mdev4_max, r->mdev4);
    r->rttvar4 = max_u32(r->rttvar4, r->mdev4_max);
}

/* The least variance term: Linux's floor, or the granularity of the clock (RFC 6298 §2.3's G). */
static weft_time term_floor(const struct rtt_limits *l) { return l->whole ? WEFT_MS : l->min; }

void rtt_sample(struct rtt *r, weft_time sample, struct seq una, struct seq nxt, const struct rtt_limits *l)
{
    uint32_t us = (uint32_t)max_u64(min_u64(sample / WEFT_US, SAMPLE_MAX_US), 1); /* zero means "none yet" */
    /* of four deviations, that is, of its quarters */
    uint32_t floor = (uint32_t)min_u64(term_floor(l) / WEFT_US, UINT32_MAX);
    int64_t error = (int64_t)us - r->srtt8 / 8;

    if (r->srtt8 == 0) {
        first_sample(r, us, floor, nxt);
        return;
    }
    r->srtt8 = max_u32((uint32_t)(r->srtt8 + error), 1);
    deviate(r, error);
    if (!seq_gt(una, r->round))
        return;
    if (r->mdev4_max < r->rttvar4) /* a whole round trip was calmer */
        r->rttvar4 -= (r->rttvar4 - r->mdev4_max) / 4;
    r->round = nxt;
    r->mdev4_max = floor;
}

void rtt_sample_min(struct rtt *r, weft_time sample, weft_time now)
{
    uint32_t us = (uint32_t)max_u64(min_u64(sample / WEFT_US, SAMPLE_MAX_US), 1), s = (uint32_t)(now / WEFT_S);

    if (us > r->min_us && s - r->min_at_s < MIN_WINDOW_S)
        return;
    r->min_us = us;
    r->min_at_s = s;
}

weft_time rtt_rto(const struct rtt *r, const struct rtt_limits *l)
{
    weft_time rto = r->distrust ? max_u64(l->initial, AFTER_LOST_SYN) : l->initial;

    if (r->srtt8)
        rto = rtt_smoothed(r) + max_u64(r->rttvar4 * (weft_time)WEFT_US, term_floor(l));
    rto = max_u64(rto, l->min);
    for (unsigned i = 0; i < r->backoff && rto < l->max; i++)
        rto *= 2;
    return min_u64(rto, l->max);
}

void rtt_back_off(struct rtt *r)
{
    if (r->backoff < MAX_BACKOFF)
        r->backoff++;
}

void rtt_progress(struct rtt *r) { r->backoff = 0; }
