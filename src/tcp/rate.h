/* SPDX-License-Identifier: MIT */
/*
 * How fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation): each segment carries what was delivered when
 * it left; when it arrives, the difference over the time between is a sample. Counts are segments.
 */
#ifndef TCP_RATE_H
#define TCP_RATE_H

#include "tcp/sndmap.h"

struct rate {
    uint32_t delivered;     /* segments, since the connection works */
    /* samples up to this count say what the application gave, not what the path takes; 0: none */
    uint32_t starved_until;
    weft_time delivered_at; /* when the count moved last */
    weft_time first_at;     /* when the flight began that the next sample is measured against */
    uint32_t best, best_us; /* the last good sample: segments in so many microseconds; best_us 0: none */
    bool best_starved;
};

/* A sample. interval 0: the acknowledgment gave none. */
struct rate_sample {
    uint32_t delivered;     /* segments */
    weft_time interval;
    uint32_t before;        /* the connection's count when the segment left */
    bool starved;           /* the application had nothing more to send then */
    bool again;             /* it was sent again */
};

/* A segment goes out: fills in its facts. pipe: segments in flight before. */
void rate_send(struct rate *r, struct sent *s, uint32_t pipe);

/* The application has nothing more to send, and the window has room. */
static inline void rate_starve(struct rate *r, uint32_t pipe) { r->starved_until = max_u32(r->delivered + pipe, 1); }

/* `news` arrived; min_rtt: no sample can be shorter. The count moves. */
struct rate_sample rate_deliver(struct rate *r, const struct sndmap_news *news, uint32_t delivered, weft_time min_rtt);

/* The same where all that arrived is one entry, `s`, of the scoreboard, with all its segments. */
struct rate_sample rate_deliver_one(struct rate *r, const struct sent *s, weft_time now, weft_time min_rtt);

/* Bytes per second of the last good sample; 0: none. */
uint64_t rate_bytes(const struct rate *r, uint32_t mss);

#endif
