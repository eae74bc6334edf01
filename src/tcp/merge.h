/* SPDX-License-Identifier: MIT */
/*
 * Segments of one batch that continue each other become one before the connection sees them (what Linux calls GRO): the
 * steps of RFC 9293 §3.10.7.4 are then paid for once. Only plain text in order is merged, each piece verified before;
 * all else is as it would have been, but for the one acknowledgment that a batch gets in any case (MUST-58).
 *
 * The held segment owns its packet. Its payload grows by references to the other packets' blocks; their headers go.
 */
#ifndef TCP_MERGE_H
#define TCP_MERGE_H

#include "tcp/seg.h"

struct merge {
    struct tcp_seg held; /* held.pkt NULL: nothing is held */
    uint32_t pieces;     /* segments in it */
};

/* Could segments that follow continue this one? */
bool merge_may_hold(const struct tcp_seg *seg);

/* Holds it, with its packet. Nothing may be held. */
void merge_hold(struct merge *m, const struct tcp_seg *seg);

/* Does it continue what is held? Then it was taken, and its packet released. */
bool merge_add(struct merge *m, const struct tcp_seg *seg);

/* Gives up what is held, to be dealt with as one segment; false: nothing was. */
bool merge_take(struct merge *m, struct tcp_seg *seg);

#endif
