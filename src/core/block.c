/* SPDX-License-Identifier: MIT */
/* Pools of reference-counted blocks; see block.h. */
#include "core/block.h"

static const uint32_t sizes[BLOCK_CLASSES] = {BLOCK_SMALL, BLOCK_FRAME, BLOCK_MEDIUM, BLOCK_LARGE};

#define BLOCK_HEADER ((sizeof(struct weft_block) + 15) / 16 * 16)

void block_pool_init(struct block_pool *p, struct mem *m)
{
    for (unsigned i = 0; i < BLOCK_CLASSES; i++) {
        slab_init(&p->slab[i], m, MEM_block, BLOCK_HEADER + sizes[i]);
        slab_keep_at_hand(&p->slab[i]);
    }
}

void block_pool_fini(struct block_pool *p)
{
    for (unsigned i = 0; i < BLOCK_CLASSES; i++)
        slab_fini(&p->slab[i]);
}

static unsigned class_for(size_t n)
{
    unsigned i = 0;

    while (i < BLOCK_CLASSES - 1 && n > sizes[i])
        i++;
    return i;
}

static inline struct weft_block *block_from(struct block_pool *p, struct slab *slab, uint32_t size)
{
    struct weft_block *b = slab_alloc(slab);

    if (!b)
        return NULL;
    b->pool = p;
    b->release = NULL;
    b->sums = NULL;
    b->refs = 1;
    b->size = size;
    b->used = 0;
    b->true_size = slab->share;
    b->data = (uint8_t *)b + BLOCK_HEADER;
    return b;
}

ASIDE static struct weft_block *new_larger(struct block_pool *p, size_t n)
{
    unsigned i = class_for(n);

    return block_from(p, &p->slab[i], sizes[i]);
}

/* The small class, the most frequent, is known without the table. */
struct weft_block *block_new(struct block_pool *p, size_t n)
{
    weft_assert(n <= BLOCK_LARGE, "callers cut larger runs into pieces");
    return likely(n <= BLOCK_SMALL) ? block_from(p, &p->slab[0], BLOCK_SMALL) : new_larger(p, n);
}

ASIDE static void free_other(struct weft_block *b)
{
    if (!b->pool)
        b->release(b, b->ctx);
    else
        slab_free(&b->pool->slab[class_for(b->size)], b);
}

void block_free(struct weft_block *b)
{
    if (likely(b->pool && b->size == BLOCK_SMALL))
        slab_free(&b->pool->slab[0], b);
    else
        free_other(b);
}
