/* SPDX-License-Identifier: MIT */
/*
 * How much of the congestion window is used (RFC 7661, as Linux does it): an unused window must not grow, and shrinks
 * towards what is used when that lasts. Counts are segments.
 */
#ifndef TCP_USAGE_H
#define TCP_USAGE_H

#include "base/seq.h"

struct usage {
    bool limited;        /* in this window's worth of data, cwnd held the sender back */
    uint32_t most;       /* the most in flight in it */
    uint32_t used;       /* the most in flight since the window was last full */
    struct seq until;    /* SND.NXT when the measure was taken: it holds until that is acknowledged */
    weft_time full_at;   /* when it was last full, in use by what was acknowledged, or shrank */
};

/* After something could be sent: `flight` segments are unacknowledged; limited: cwnd, not data, is what is short. */
void usage_note(struct usage *u, struct seq una, struct seq nxt, uint32_t flight, bool limited);

/* May the window grow? In slow start it may reach twice what was used (RFC 7661 in Linux's reading). */
bool usage_allows_growth(const struct usage *u, uint32_t cwnd, bool slow_start);

/*
 * The window was not full for a whole `rto`: halfway towards what was used, or the initial window (RFC 7661 §4.4.2).
 * Returns the window to have, cwnd when it stays.
 */
uint32_t usage_decay(struct usage *u, weft_time now, weft_time rto, uint32_t cwnd, uint32_t initial);

/* Silent for `idle`: halved for each RTO, down to the initial window (RFC 5681 §4.1, RFC 2861). */
uint32_t usage_after_idle(struct usage *u, weft_time now, weft_time idle, weft_time rto, uint32_t cwnd,
                          uint32_t initial);

#endif
