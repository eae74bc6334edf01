/* SPDX-License-Identifier: MIT */
/*
 * The retransmission time-out (RFC 6298), estimated as Linux does: a deviation that falls more slowly than it rises,
 * and its largest value of the last round trip in RTO, so that one calm window does not make the timer nervous. The
 * floor holds for the variance term (RFC 6298's G): RTO is SRTT + 200 ms at least. To the letter (limits.whole) the
 * term's floor is the clock's 1 ms, and RTO is rounded up to a second (§2.4).
 *
 * A connection keeps this while it is parked, so times are microseconds in 32 bits: SRTT as eighths, the deviations as
 * quarters. They stop at their largest value (536 s).
 */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include "base/seq.h"

struct rtt_limits {
    weft_time initial, min, max;
    bool whole; /* min bounds the whole of RTO (RFC 6298 §2.4), not its variance term */
};

struct rtt {
    uint32_t srtt8;      /* smoothed round trip, in 1/8 us; 0: no sample yet */
    uint32_t mdev4;      /* its mean deviation, in 1/4 us */
    uint32_t mdev4_max;  /* the largest of this round trip */
    uint32_t rttvar4;    /* what goes into RTO: follows that */
    uint32_t min_us;     /* the shortest of the last five minutes; UINT32_MAX: none */
    uint32_t min_at_s;   /* when that was, in seconds */
    struct seq round;    /* SND.NXT when this round trip began */
    bool distrust;       /* the SYN was lost and no sample taken: start from 3 s (RFC 6298 §5.7) */
    uint8_t backoff;     /* doublings in force: expiries since the last clean acknowledgment */
};

void rtt_init(struct rtt *r);

/*
 * A round trip took this long (Karn's rule is the caller's: never from an ambiguous segment). una, nxt: SND.UNA and
 * SND.NXT after the acknowledgment, which say when a round is over.
 */
void rtt_sample(struct rtt *r, weft_time sample, struct seq una, struct seq nxt, const struct rtt_limits *l);

/* The same for the minimum: the time since the latest segment that was acknowledged. */
void rtt_sample_min(struct rtt *r, weft_time sample, weft_time now);

/* The handshake gave no sample because its SYN was repeated. */
void rtt_distrust(struct rtt *r);

/* SRTT, its deviation, and the minimum; 0: no sample yet. */
static inline weft_time rtt_smoothed(const struct rtt *r) { return r->srtt8 * (weft_time)WEFT_US / 8; }
static inline weft_time rtt_deviation(const struct rtt *r) { return r->mdev4 * (weft_time)WEFT_US / 4; }
static inline weft_time rtt_min(const struct rtt *r)
{
    return r->min_us == UINT32_MAX ? 0 : r->min_us * (weft_time)WEFT_US;
}

/* The time-out now in force, back-off included: within [min, max]. */
weft_time rtt_rto(const struct rtt *r, const struct rtt_limits *l);

/* The timer expired (RFC 6298 §5.5). */
void rtt_back_off(struct rtt *r);

/* A sample was taken, the handshake is over, or the time-out proved spurious: the back-off ends. */
void rtt_progress(struct rtt *r);

#endif
