/* SPDX-License-Identifier: MIT */
/*
 * How much one packet should carry where the link takes super-segments. The whole window at once would be a burst for
 * the path and one loss for the card that cuts it. So, as Linux does: what the connection sends in about a millisecond,
 * and more the nearer the peer is, since there an acknowledgment is soon back; never less than a few segments.
 */
#ifndef TCP_AUTOSIZE_H
#define TCP_AUTOSIZE_H

#include "base/seq.h"

struct autosize {
    uint32_t mss;             /* bytes */
    uint32_t cwnd, ssthresh;  /* segments */
    uint32_t srtt8;           /* smoothed round trip in 1/8 us; 0: no sample yet */
    /* per cent of cwnd in a round trip: where it doubles in it, and where it hardly grows */
    unsigned slow_start, avoidance;
    uint32_t min_us;          /* the shortest; UINT32_MAX: none */
    uint32_t least;           /* segments, whatever the rate is: at least 1 */
    /* log2 of a round trip in us: nearer than that all goes at once, and half of it with each more; 0: no */
    unsigned rtt_log;
    bool again;               /* what was lost goes again: half of cwnd is no bound */
};

/* Bytes in a second if they were spread over the round trip, with room to grow: 0 before the first sample. */
uint64_t autosize_rate(const struct autosize *a);

/* Bytes of payload, a whole number of segments; at most `most` bytes and half of cwnd, but at least one segment. */
uint32_t autosize_bytes(const struct autosize *a, uint32_t most);

#endif
