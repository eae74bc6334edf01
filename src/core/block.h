/* SPDX-License-Identifier: MIT */
/*
 * Reference-counted runs of payload bytes, shared read-only by send queue, retransmission, link and receive queue.
 *
 * Invariants: refs >= 1 while anybody holds the block; bytes [0, used) never change once another holder may see
 * them; only the queue that made a block appends to it (at `used`), and only it writes there.
 */
#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include "base/mem.h"

struct weft_block {
    struct block_pool *pool; /* where it goes back to; NULL: `release` frees it */
    void (*release)(struct weft_block *block, void *ctx); /* for memory that a driver owns */
    union {
        void *ctx;
        struct blocksum *sums; /* of a pool: what is known of its bytes' sums (blocksum.h), or NULL */
    };
    uint32_t refs;
    uint32_t size;  /* bytes of data[] */
    uint32_t used;  /* bytes written */
    uint32_t true_size; /* what it costs: header included */
    uint8_t *data;
};

/* A piece of a block. Holds one reference wherever it is stored, unless said otherwise. */
struct span {
    struct weft_block *block;
    const uint8_t *data;
    uint32_t len;
};

#define BLOCK_CLASSES 4
#define BLOCK_SMALL   448    /* payload bytes of each class */
#define BLOCK_FRAME   1984   /* a 1500-byte frame with its headroom */
#define BLOCK_MEDIUM  16320
#define BLOCK_LARGE   65984  /* a 64 KiB super-segment with its headers */

struct block_pool {
    struct slab slab[BLOCK_CLASSES];
};

void block_pool_init(struct block_pool *p, struct mem *m);
void block_pool_fini(struct block_pool *p);

/* A block with room for at least n bytes (n <= BLOCK_LARGE), refs 1, used 0; NULL when out of memory. */
struct weft_block *block_new(struct block_pool *p, size_t n);

static inline struct weft_block *block_ref(struct weft_block *b)
{
    b->refs++;
    return b;
}

void block_free(struct weft_block *b);

static inline void block_unref(struct weft_block *b)
{
    if (--b->refs == 0)
        block_free(b);
}

#endif
