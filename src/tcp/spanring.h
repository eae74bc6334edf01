/* SPDX-License-Identifier: MIT */
/*
 * A double-ended ring of spans, the body of the send queue, the receive queue and each out-of-order range.
 * The first two live inside; more go to the heap, and the heap is given back as soon as the ring is empty.
 */
#ifndef TCP_SPANRING_H
#define TCP_SPANRING_H

#include "core/block.h"

#define SPANRING_SMALL 2

struct spanring {
    struct span *heap; /* NULL: `small` is in use */
    uint32_t room;     /* a power of two */
    uint32_t head;     /* index of the first span, below room */
    uint32_t count;
    size_t pinned;     /* true size of the blocks it keeps from being free: a block counts once for each span in it */
    size_t pin_limit;  /* above that spanring_store copies instead of pinning more; 0: none */
    bool maker;        /* every block in it was made by it: it may append to one that others read */
    uint16_t granule;  /* of the sums that its large blocks keep of what is copied in (blocksum.h); 0: they keep none */
    uint32_t beyond;   /* bytes behind the last place where one ended, when a copy begins */
    struct span small[SPANRING_SMALL];
};

void spanring_init(struct spanring *r);

/* Drops all references. */
void spanring_clear(struct spanring *r, struct mem *m);

static inline struct span *spanring_at(struct spanring *r, uint32_t i)
{
    struct span *v = r->heap ? r->heap : r->small;

    weft_assert(i < r->count, "callers ask for what is in the ring");
    return &v[(r->head + i) & (r->room - 1)];
}

static inline struct span *spanring_last(struct spanring *r)
{
    return r->count ? spanring_at(r, r->count - 1) : NULL;
}

/* Makes sure `more` spans can be pushed; false when out of memory. */
bool spanring_reserve(struct spanring *r, struct mem *m, uint32_t more);

/* Takes over the span's reference. There must be room (spanring_reserve). */
void spanring_push(struct spanring *r, struct span s);

/* Cuts n bytes off the front, dropping references of spans that are used up. n <= the bytes held. */
void spanring_consume(struct spanring *r, struct mem *m, uint32_t n);

/* Moves all of `from` behind `to`; false (nothing changed) when out of memory. */
bool spanring_append(struct spanring *to, struct spanring *from, struct mem *m);

/*
 * Stores n bytes at p, which lie in `block` (NULL: nowhere that can be kept), behind what the ring holds: by
 * reference when the piece is at least a quarter of its block and pin_limit allows, else by copy into the last block's
 * free end or a new one. *true_size grows by what is newly pinned. Returns how many bytes were stored: fewer than n
 * only when out of memory.
 */
uint32_t spanring_store(struct spanring *r, struct mem *m, struct block_pool *pool, const struct span *piece,
                        size_t *true_size);

/* Stores n bytes, BLOCK_SMALL at most, by copy into a block of their own, in a ring that is empty; false: no memory. */
static inline bool spanring_copy_first(struct spanring *r, struct block_pool *pool, const void *p, uint32_t n)
{
    struct weft_block *b = block_new(pool, n);

    if (unlikely(!b))
        return false;
    copy_bytes(b->data, p, n);
    b->used = n;
    weft_assert(r->count == 0 && !r->heap, "an empty ring owns no heap");
    r->small[0] = (struct span){b, b->data, n};
    r->head = 0;
    r->count = 1;
    r->pinned = b->true_size;
    return true;
}

/* Is there one span, as in most rings that are not empty? */
static inline bool spanring_is_lone(const struct spanring *r) { return r->count == 1 && !r->heap; }

/* spanring_consume of all of that. */
static inline void spanring_drop_lone(struct spanring *r)
{
    block_unref(r->small[r->head].block);
    r->count = 0;
    r->pinned = 0;
}

/* As spanring_store, always by copy. */
uint32_t spanring_copy_in(struct spanring *r, struct mem *m, struct block_pool *pool, const void *p, uint32_t n,
                            uint32_t expect, size_t *true_size);

/*
 * As spanring_copy_in, of n bytes at most that `carry` puts where they stay. Returns what it returned; WEFT_ENOMEM:
 * there was no room to offer. One call offers less than n where that would take too many pieces.
 */
int64_t spanring_carry_in(struct spanring *r, struct mem *m, struct block_pool *pool, uint32_t n, uint32_t expect,
                          weft_carry *carry, void *ctx);

#endif
