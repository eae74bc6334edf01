/* SPDX-License-Identifier: MIT */
/*
 * Congestion control behind one table. A controller sees counts of segments and times and decides cwnd and ssthresh; it
 * never learns what a segment holds or why one was lost. Loss recovery leads cwnd down to what `ssthresh` answers,
 * keeps it from growing while nothing proves that it is used, and restores it when a loss was none; a controller that
 * `owns` its window (BBR) sets cwnd in on_ack in every state and is asked for none of that.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "base/seq.h"

#define CC_PRIVATE  112          /* bytes a controller may keep while a connection works; forgotten when it rests */
#define CC_NONE     0x7fffffffu  /* ssthresh: none yet */
#define CC_CWND_MAX (1u << 24)   /* segments: above every window there is (RFC 7323 §2.3) */

struct cc {
    uint32_t cwnd;     /* segments that may be in flight; at least 1 */
    uint32_t ssthresh; /* segments */
    uint32_t kept;     /* of the controller's, and not forgotten */
};

union cc_private {
    uint64_t aligned;
    uint8_t bytes[CC_PRIVATE];
};

/* What a controller may know of an acknowledgment. */
struct cc_ack {
    weft_time now;
    weft_time rtt;         /* of the last segment that arrived, if it was sent once; 0: no sample */
    weft_time srtt, min_rtt;
    uint32_t delivered;    /* segments that arrived: acknowledged or sacked for the first time */
    uint32_t lost;         /* segments newly thought lost */
    uint32_t in_flight, before; /* segments in the network after it, and before */
    uint32_t marked;       /* of the delivered, how many are known to have seen congestion (ECN) */
    struct seq una, nxt;
    bool grows;            /* not in recovery, and the window was used: it may grow for `delivered` */
    bool recovering;       /* in fast recovery or after a time-out */
    /* the rate of delivery (rate.h); interval 0: no sample */
    uint32_t rate_delivered, rate_before;
    weft_time rate_interval;
    bool rate_starved;
    uint32_t delivered_total;
};

enum cc_event {
    CC_EVENT_START,      /* data goes out and nothing was in flight */
    CC_EVENT_IDLE,       /* cwnd was cut because the connection was idle or left its window unused */
    CC_EVENT_REDUCED,    /* a reduction is complete */
    CC_EVENT_TIMEOUT,    /* the retransmission timer expired */
    CC_EVENT_UNDO,       /* the last reduction was for nothing */
};

struct cc_ops {
    const char *name;
    bool owns;           /* sets cwnd by itself in every state */
    bool paces;          /* wants what it sends spread over time */
    void (*init)(struct cc *c, union cc_private *p);                      /* NULL: all zero is right */
    /* For each acknowledgment; unless it owns, only while the window may grow. */
    void (*on_ack)(struct cc *c, union cc_private *p, const struct cc_ack *a);
    /* While it may not grow, ssthresh is not known yet and nothing is recovered from; NULL: no need to hear of that. */
    void (*on_round_trip)(struct cc *c, union cc_private *p, weft_time rtt, struct seq una, struct seq nxt);
    uint32_t (*ssthresh)(struct cc *c, union cc_private *p);              /* a loss was found: lead cwnd to this */
    /* cwnd after all; NULL: the larger */
    uint32_t (*undo)(const struct cc *c, const union cc_private *p, uint32_t prior);
    /* May be NULL. idle: with START, how long nothing was sent. */
    void (*on_event)(struct cc *c, union cc_private *p, enum cc_event event, weft_time now, weft_time idle);
    uint64_t (*pacing_rate)(const struct cc *c, const union cc_private *p); /* bytes per second; NULL: from cwnd */
};

extern const struct cc_ops cc_reno, cc_cubic;

/* By name ("cubic"); its number, or -1. A number is what a connection keeps. */
int cc_find(const char *name);
const struct cc_ops *cc_at(unsigned number); /* NULL: there is none of that number */

#define CC_CUBIC 0 /* its number */

/* The number of that name; of CUBIC when there is none. */
static inline unsigned cc_default(const char *name)
{
    int number = cc_find(name);

    return number < 0 ? CC_CUBIC : (unsigned)number;
}

static inline bool cc_in_slow_start(const struct cc *c) { return c->cwnd < c->ssthresh; }

/*
 * RFC 6928: min(10 * MSS, max(2 * MSS, 14600)) in whole segments for the default of ten; scaled for another number.
 */
uint32_t cc_initial_window(uint32_t mss, unsigned segments);

/* Slow start up to ssthresh (RFC 5681 §3.1); returns what of `acked` is left for congestion avoidance. */
uint32_t cc_slow_start(struct cc *c, uint32_t acked);

/* One segment more for each `per` acknowledged; *part counts them. */
void cc_add(struct cc *c, uint32_t *part, uint32_t per, uint32_t acked);

/* What ssthresh would be if it was set now without a loss (RFC 2861): three quarters of the window at least. */
static inline uint32_t cc_remember(const struct cc *c)
{
    return c->ssthresh > c->cwnd / 2 + c->cwnd / 4 ? c->ssthresh : c->cwnd / 2 + c->cwnd / 4;
}

#endif
