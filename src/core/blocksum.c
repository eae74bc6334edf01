/* SPDX-License-Identifier: MIT */
/* The sums of a block's bytes; see blocksum.h. */
#include "core/blocksum.h"

#define IS_ALIGNED(n) ((n) % _Alignof(struct blocksum) == 0)

_Static_assert(IS_ALIGNED(BLOCK_MEDIUM) && IS_ALIGNED(BLOCK_LARGE) && IS_ALIGNED(offsetof(struct weft_block, data)),
               "the sums at a block's end are aligned as its bytes are");
_Static_assert(BLOCK_MEDIUM - sizeof(struct blocksum) > BLOCK_FRAME, "block_free tells the class by the size");
_Static_assert(BLOCK_LARGE - sizeof(struct blocksum) > BLOCK_MEDIUM, "block_free tells the class by the size");

ASIDE void blocksum_keep(struct weft_block *b)
{
    weft_assert(b->pool && b->used == 0 && b->size >= BLOCK_MEDIUM, "the caller has just made it");
    b->size -= (uint32_t)sizeof *b->sums;
    b->sums = (void *)(b->data + b->size);
    b->sums->granule = 0;
    b->sums->end = 0;
}

static inline uint32_t next_place(const struct blocksum *k) { return k->first + k->count * k->granule; }

/* The place is reached. */
static void note_place(struct blocksum *k)
{
    if (k->count < BLOCKSUM_PLACES)
        k->before[k->count] = csum_half(k->sum.acc);
    k->count++;
}

ASIDE void blocksum_copy(struct weft_block *b, const uint8_t *p, uint32_t n, uint16_t granule, uint32_t lead)
{
    struct blocksum *k = b->sums;

    weft_assert(lead && lead <= granule, "a place is no further than the next");
    if (k->granule != granule || k->end != b->used || next_place(k) != b->used + lead) {
        k->sum = (struct csum){0};
        k->start = k->end = b->used;
        k->first = b->used + lead;
        k->granule = granule;
        k->count = 0;
    }
    while (n) {
        uint32_t run = min_u32(n, next_place(k) - k->end);

        csum_copy(&k->sum, b->data + k->end, p, run);
        k->end += run;
        p += run;
        n -= run;
        if (k->end == next_place(k))
            note_place(k);
    }
}

/* The sum of all that is known before this place; false: it is none. */
static inline bool sum_before(const struct blocksum *k, uint32_t place, uint16_t *sum)
{
    uint32_t i;

    if (place == k->start || place == k->end) {
        *sum = place == k->start ? 0 : csum_half(k->sum.acc);
        return true;
    }
    if (place < k->first || place > k->end || (place - k->first) % k->granule)
        return false;
    i = (place - k->first) / k->granule;
    if (i >= BLOCKSUM_PLACES)
        return false;
    *sum = k->before[i];
    return true;
}

ASIDE bool blocksum_add(const struct span *s, struct csum *c)
{
    const struct blocksum *k = s->block->sums;
    uint32_t from = (uint32_t)(s->data - s->block->data);
    uint16_t before, whole;

    if (k->granule == 0 || !sum_before(k, from, &before) || !sum_before(k, from + s->len, &whole))
        return false;
    csum_add_known(c, (uint32_t)whole + (uint16_t)~before, (from - k->start) % 2, s->len);
    return true;
}
