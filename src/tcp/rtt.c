/* SPDX-License-Identifier: MIT */
/* The retransmission time-out; see rtt.h. */
#include "tcp/rtt.h"

#define MAX_BACKOFF    30
#define AFTER_LOST_SYN (3 * WEFT_S)

void rtt_init(struct rtt *r)
{
    r->srtt = r->rttvar = 0;
    r->backoff = 0;
    r->distrust = false;
}

void rtt_distrust(struct rtt *r) { r->distrust = true; }

void rtt_sample(struct rtt *r, weft_time sample)
{
    weft_time deviation;

    if (sample == 0)
        sample = 1; /* zero means "none yet" */
    if (r->srtt == 0) { /* RFC 6298 §2.2 */
        r->srtt = sample;
        r->rttvar = sample / 2;
        return;
    }
    deviation = sample > r->srtt ? sample - r->srtt : r->srtt - sample; /* RFC 6298 §2.3 */
    r->rttvar = (3 * r->rttvar + deviation) / 4;
    r->srtt = (7 * r->srtt + sample) / 8;
}

weft_time rtt_rto(const struct rtt *r, const struct rtt_limits *l)
{
    weft_time rto = r->distrust ? max_u64(l->initial, AFTER_LOST_SYN) : l->initial;

    if (r->srtt) {
        /* As Linux does, the floor holds for the variance term (as RFC 6298's G), so RTO stays SRTT + min at least. */
        rto = r->srtt + max_u64(4 * r->rttvar, l->min);
    }
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
