/* SPDX-License-Identifier: MIT */
/*
 * The receive queue: bytes in order that the user has not read. Their true size is bounded too: a span that pins much
 * more memory than it carries, and everything once the limit is reached, is copied together. What joins from out of
 * order comes as it is: each of its spans carries at least a quarter of what it pins.
 */
#ifndef TCP_RECVQ_H
#define TCP_RECVQ_H

#include "tcp/spanring.h"
#include "weft/sock.h"

struct recvq {
    struct spanring ring;
    uint32_t bytes;
};

void recvq_init(struct recvq *q);
/* At most so many bytes of blocks are pinned by what recvq_push stores. */
static inline void recvq_limit(struct recvq *q, size_t true_size) { q->ring.pin_limit = true_size; }

void recvq_clear(struct recvq *q, struct mem *m);

/* Stores the pieces in order; returns how many bytes were taken (fewer when out of memory). */
uint32_t recvq_push(struct recvq *q, struct mem *m, struct block_pool *pool, const struct span *pieces, unsigned n);

/* Takes over all spans of a ring that holds `bytes`; false when out of memory. */
bool recvq_take(struct recvq *q, struct mem *m, struct spanring *from, uint32_t bytes);

struct recvq_want {
    uint32_t skip, most; /* pass over so many bytes, then take so many at most; together no more than there are */
    bool peek;           /* leave everything there */
    bool discard;        /* copy nothing */
};
/* Copies out into the pieces of iov; removes that, and what was skipped, unless peek. Returns how many bytes. */
size_t recvq_read(struct recvq *q, struct mem *m, const struct weft_iov *iov, size_t n, const struct recvq_want *want);

/* Is there something, in one piece, and the buffer one that takes all of it? */
static inline bool recvq_is_lone(const struct recvq *q, const struct weft_iov *iov, size_t n)
{
    return n == 1 && spanring_is_lone(&q->ring) && iov->len >= q->bytes;
}

/* recvq_read of that. */
static inline size_t recvq_read_lone(struct recvq *q, void *to)
{
    size_t n = q->bytes;

    copy_bytes(to, q->ring.small[q->ring.head].data, n);
    spanring_drop_lone(&q->ring);
    q->bytes = 0;
    return n;
}

/*
 * Shows what is wanted, or the beginning of it, to `carry`, and removes what that took, with what was skipped. Returns
 * what it returned.
 */
int64_t recvq_carry_out(struct recvq *q, struct mem *m, const struct recvq_want *want, weft_carry *carry, void *ctx);

/*
 * Takes what is wanted, or the beginning of it, out as *n pieces at most, each with a reference. Returns how many
 * bytes.
 */
size_t recvq_borrow(struct recvq *q, struct mem *m, const struct recvq_want *want, struct weft_loan *piece, size_t *n);

#endif
