/* SPDX-License-Identifier: MIT */
/*
 * What arrived out of order (RFC 9293 §3.10.7.4, SHLD-31): disjoint ranges in order of sequence, none touching
 * another, none touching RCV.NXT. The first copy of a byte wins; later copies are cut away.
 *
 * Bounds: at most `max_ranges` ranges, so that a segment costs a search and a short move and nothing more (the
 * answer to SegmentSmack); bytes are bounded by the window.
 */
#ifndef TCP_REASM_H
#define TCP_REASM_H

#include "base/seq.h"
#include "tcp/recvq.h"
#include "wire/tcp.h"

struct reasm_range {
    struct seq start, end;
    uint32_t touched; /* when, by the clock of all ranges */
    struct spanring spans;
};

struct reasm {
    struct reasm_range *range;
    uint32_t count, room;
    uint32_t clock;   /* a tick for each segment that touches a range; wraps */
    uint32_t bytes;
};

void reasm_init(struct reasm *r);
void reasm_clear(struct reasm *r, struct mem *m);

/*
 * Stores the bytes of [start, start + the pieces' length) that are not here yet. Returns how many those were; 0 when
 * all were, or (*full set) when there is no range or memory left for them.
 */
uint32_t reasm_insert(struct reasm *r, struct mem *m, struct block_pool *pool, uint32_t max_ranges, struct seq start,
                      const struct span *pieces, unsigned n, bool *full);

/*
 * Moves the ranges that now join `next` into the receive queue and returns the new RCV.NXT. Bytes before `next` are
 * cut off first. Without memory it stops early; what is left comes with the next call.
 */
struct seq reasm_join(struct reasm *r, struct mem *m, struct seq next, struct recvq *q);

/* The first run of [start, end) that is here already; false when none of it is. */
bool reasm_known(const struct reasm *r, struct seq start, struct seq end, struct tcp_sack_block *known);

/* SACK blocks in the order of RFC 2018 §4: the most recently touched first. Returns how many, at most max. */
unsigned reasm_sack(const struct reasm *r, struct tcp_sack_block *out, unsigned max);

#endif
