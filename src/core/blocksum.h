/* SPDX-License-Identifier: MIT */
/*
 * The sums of a block's bytes, taken when they were copied in: a segment that is made of them, now or again, needs not
 * be read for its checksum.
 *
 * Whoever writes knows where segments will be cut: each `granule` bytes from a place on. What is kept is the sum of all
 * bytes before each such place, so that any number of granules between two of them is one subtraction. What was kept is
 * dropped where bytes were written that nobody summed, or places are no longer as they were; bytes that are not known
 * are summed anew by who needs them.
 *
 * Invariants: bytes [start, end) never change; `sum` is of these bytes; before[i] is of [start, first + i * granule),
 * for i < count; the next place, first + count * granule, is above end.
 */
#ifndef CORE_BLOCKSUM_H
#define CORE_BLOCKSUM_H

#include "base/checksum.h"
#include "core/block.h"

#define BLOCKSUM_PLACES 63 /* more are passed, and forgotten */

struct blocksum {
    struct csum sum;
    uint32_t start, end;         /* offsets in data[] */
    uint32_t first, count;
    uint16_t granule;            /* 0: nothing was summed yet */
    uint16_t before[BLOCKSUM_PLACES];
};

/* Is a block worth that? One of segments of this size, which remembers all their places; frames are too short. */
static inline bool blocksum_suits(const struct weft_block *b, uint16_t granule)
{
    return b->size >= BLOCK_MEDIUM && (uint32_t)granule * BLOCKSUM_PLACES >= b->size;
}

/* Gives a new block, empty, for which that is true, room for sums, which is taken from its end. */
void blocksum_keep(struct weft_block *b);

/*
 * Copies n bytes, for which there is room, behind the last of a block that keeps sums, and sums them. The next place is
 * `lead` bytes behind b->used, 1 .. granule; the caller makes b->used grow.
 */
void blocksum_copy(struct weft_block *b, const uint8_t *p, uint32_t n, uint16_t granule, uint32_t lead);

/* Adds the bytes of a span to a checksum without looking at them. False: their sum is not known. */
bool blocksum_add(const struct span *s, struct csum *c);

#endif
