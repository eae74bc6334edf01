/* SPDX-License-Identifier: MIT */
/*
 * How large a segment the path carries when no router says so (packetization layer path MTU discovery, RFC 4821, RFC
 * 8899). Between what is believed to pass and the most there could be, probes halve the range: segments of new data,
 * larger than the others. One that arrives raises the lower end, one that alone is lost lowers the upper end and is no
 * sign of congestion (RFC 4821 §7.6). When nothing gets through at all the lower end falls: a black hole.
 *
 * Sizes are of a segment behind TCP's header at its shortest, as an MSS has them, so options count.
 */
#ifndef TCP_PATHSEARCH_H
#define TCP_PATHSEARCH_H

#include "base/seq.h"

struct path_search_limits {
    uint32_t base;      /* what is believed to pass at first */
    uint32_t floor;     /* what no black hole makes smaller */
    uint32_t threshold; /* a range that is smaller is not worth a probe */
    weft_time interval; /* until the upper end is doubted again (RFC 4821 §7.7) */
};

struct path_search {
    bool on;
    uint16_t low, high;
    uint16_t size;         /* of the probe in flight; 0: none */
    struct seq start, end; /* its text */
    weft_time since;       /* when the range was opened */
};

/* Opens the range up to `most`. */
void path_search_start(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now);

/* Nothing gets through: starts, or believes in less. */
void path_search_black_hole(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now);

/* The size to try next; 0: none, for now. `most`: what routers and the peer allow. */
uint32_t path_search_next(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now);

/* A probe of this size went out. */
void path_search_sent(struct path_search *s, uint32_t size, struct seq start, struct seq end);

/* Everything before una is acknowledged: true when the probe was, which has passed. */
bool path_search_passed(struct path_search *s, struct seq una);

/* Is the probe the first thing that is missing? */
static inline bool path_search_misses(const struct path_search *s, struct seq una)
{
    return s->size && seq_eq(una, s->start);
}

/* The probe alone was lost. */
void path_search_failed(struct path_search *s);

/* Nobody can tell what became of the probe. */
static inline void path_search_forget(struct path_search *s) { s->size = 0; }

#endif
