/* SPDX-License-Identifier: MIT */
/* The retransmission time-out (RFC 6298): SRTT, RTTVAR, RTO and its back-off, in nanoseconds. */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include "base/base.h"

struct rtt_limits {
    weft_time initial, min, max;
};

struct rtt {
    weft_time srtt;   /* smoothed round-trip time; 0: no sample yet */
    weft_time rttvar; /* its mean deviation */
    bool distrust;    /* the SYN was lost and no sample taken: start from 3 s (RFC 6298 §5.7) */
    uint8_t backoff;  /* doublings in force: expiries since the last clean acknowledgment */
};

void rtt_init(struct rtt *r);

/* A round trip took this long (Karn's rule is the caller's: never from an ambiguous segment). */
void rtt_sample(struct rtt *r, weft_time sample);

/* The handshake gave no sample because its SYN was repeated. */
void rtt_distrust(struct rtt *r);

/* The time-out now in force, back-off included: within [min, max]. */
weft_time rtt_rto(const struct rtt *r, const struct rtt_limits *l);

/* The timer expired (RFC 6298 §5.5). */
void rtt_back_off(struct rtt *r);

/* Something new was acknowledged beyond doubt (a sample was taken), or the handshake is over: the back-off ends. */
void rtt_progress(struct rtt *r);

#endif
