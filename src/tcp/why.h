/* SPDX-License-Identifier: MIT */
/*
 * The trace of why: what a connection did lately and the reason, newest last, bounded. A run of one kind is one entry,
 * even when a few other kinds come between: an acknowledgment that lets the window grow and the wait for the next one
 * alternate for as long as a transfer lasts, and would push out everything else.
 */
#ifndef TCP_WHY_H
#define TCP_WHY_H

#include "base/base.h"

#define WHY_ROOM 32 /* entries kept */
#define WHY_NEAR 4  /* a run goes on while its entry is among the newest of this number */

struct why {
    weft_time at;   /* of the last one */
    uint32_t value; /* of the last one; of a stall: of all together */
    uint16_t count; /* stops at UINT16_MAX */
    uint8_t kind;   /* enum weft_why */
};

struct why_ring {
    struct why entry[WHY_ROOM];
    uint8_t next;  /* where the next one goes */
    uint8_t count; /* how many there are */
};

void why_init(struct why_ring *r);

/* It happened now. total: values of a run add up. */
void why_add(struct why_ring *r, weft_time now, enum weft_why kind, uint32_t value, bool total);

/* The i-th of its entries, oldest first. */
const struct why *why_at(const struct why_ring *r, unsigned i);

#endif
