/* SPDX-License-Identifier: MIT */
/*
 * The send queue: every byte the user gave that the peer has not acknowledged, sent or not.
 *
 * It counts bytes from its own front and knows no sequence numbers: offset 0 is the first unacknowledged byte.
 * Segments and their retransmissions share its blocks by reference.
 */
#ifndef TCP_SENDQ_H
#define TCP_SENDQ_H

#include "core/pkt.h"
#include "tcp/spanring.h"
#include "weft/sock.h"

#define SENDQ_SHORT 64 /* bytes: up to there a copy is cheaper than a reference */

struct sendq {
    struct spanring ring;
    uint32_t bytes;     /* held in all */
    /* Where the last sendq_attach ended, so that the next one need not search: span `at` starts at offset at_start. */
    uint32_t at, at_start;
};

void sendq_init(struct sendq *q);
void sendq_clear(struct sendq *q, struct mem *m);

/*
 * What is written next will go in segments of `granule` bytes, counted from `beyond` bytes before its end, and their
 * sums are wanted; 0: they are not.
 */
static inline void sendq_sum(struct sendq *q, uint16_t granule, uint32_t beyond)
{
    q->ring.granule = granule;
    q->ring.beyond = beyond;
}

/* Copies up to n bytes in; returns how many (fewer when out of memory). `more`: bytes known to follow, as a hint. */
uint32_t sendq_write(struct sendq *q, struct mem *m, struct block_pool *pool, const void *p, uint32_t n, uint32_t more);

/* The same of n bytes, SENDQ_SHORT at most, into a queue that is empty: all of them or, out of memory, false. */
static inline bool sendq_write_first(struct sendq *q, struct block_pool *pool, const void *p, uint32_t n)
{
    if (!spanring_copy_first(&q->ring, pool, p, n))
        return false;
    q->bytes = n;
    return true;
}

/* As sendq_write, of bytes that `carry` brings: as spanring_carry_in. */
int64_t sendq_carry_in(struct sendq *q, struct mem *m, struct block_pool *pool, uint32_t n, weft_carry *carry,
                       void *ctx);

/*
 * Queues n bytes by reference. release(ctx) is called when nobody refers to them any more. False: out of memory, and it
 * is not called.
 */
bool sendq_lend(struct sendq *q, struct mem *m, const void *bytes, uint32_t n, weft_release *release, void *ctx);

/* The first n bytes are acknowledged. */
void sendq_ack(struct sendq *q, struct mem *m, uint32_t n);

/*
 * Adds [offset, offset + n) to the packet's payload as spans, or copies it when it is short and fits the linear run.
 * Returns how many bytes went in: fewer than n when the packet has no span left.
 */
uint32_t sendq_attach(struct sendq *q, uint32_t offset, uint32_t n, struct weft_pkt *pkt);

#endif
