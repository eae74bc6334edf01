/* SPDX-License-Identifier: MIT */
/*
 * Congestion control behind one table. A controller sees bytes and times and decides cwnd and ssthresh; it never
 * learns what a segment is or why one was lost. BBR and others fit by using `private` and on_delivered's facts.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "base/base.h"

struct cc {
    uint32_t cwnd;     /* bytes that may be in flight */
    uint32_t ssthresh; /* bytes; UINT32_MAX: none yet */
};

/* What a controller may know about a delivery. */
struct cc_delivery {
    weft_time now;
    weft_time srtt;
    uint32_t acked;     /* bytes newly acknowledged */
    uint32_t in_flight; /* bytes in flight before this acknowledgment */
    bool cwnd_limited;  /* the window, not the application, held the sender back */
};

struct cc_ops {
    const char *name;
    /* Outside of recovery, or in slow start after a time-out: grow. */
    void (*on_delivered)(struct cc *c, uint32_t private[8], const struct cc_delivery *d, uint32_t mss);
    /* A loss was found with this much in flight: the new ssthresh, which cwnd will be led to. */
    uint32_t (*on_loss)(struct cc *c, uint32_t private[8], uint32_t in_flight, uint32_t mss);
    /* The retransmission timer fired; `again`: for the same data (then ssthresh stays, RFC 5681 §3.1). */
    void (*on_timeout)(struct cc *c, uint32_t private[8], uint32_t in_flight, uint32_t mss, bool again);
};

extern const struct cc_ops cc_newreno;

/* RFC 6928: min(segments * mss, max(2 * mss, 14600)) for the default of ten; scaled for another number. */
uint32_t cc_initial_window(uint32_t mss, unsigned segments);

#endif
