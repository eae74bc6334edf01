/* SPDX-License-Identifier: MIT */
/*
 * When the next segment may go: sending spread over time at a rate, instead of all that the window takes at once. What
 * went out too late for its turn gives part of the delay back: the gap behind it is shorter, by half at most, as in
 * Linux. The promise: over any time t no more goes out than rate * t, and one packet, and what half gaps make up for.
 */
#ifndef TCP_PACER_H
#define TCP_PACER_H

#include "base/base.h"

#define PACER_FREE 10 /* segments at the start that go as the window lets them (RFC 6928), as in Linux */

struct pacer {
    weft_time next;    /* the next segment's turn; past: it may go at once */
    uint32_t segments; /* sent so far; stops at PACER_FREE */
};

/* Must the next segment wait? */
static inline bool pacer_holds(const struct pacer *p, weft_time now) { return p->next > now; }

/* So many segments of `bytes` payload together went out; rate: bytes per second, UINT64_MAX: unlimited. */
void pacer_sent(struct pacer *p, weft_time now, uint32_t segments, uint32_t bytes, uint64_t rate);

#endif
