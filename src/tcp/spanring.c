/* SPDX-License-Identifier: MIT */
/* The ring of spans; see spanring.h. */
#include "tcp/spanring.h"

void spanring_init(struct spanring *r)
{
    r->heap = NULL;
    r->room = SPANRING_SMALL;
    r->head = 0;
    r->count = 0;
    r->pinned = r->pin_limit = 0;
    r->maker = false;
}

/* An empty ring owns no heap. */
static void shrink(struct spanring *r, struct mem *m)
{
    bool maker = r->maker;
    size_t pin_limit = r->pin_limit;

    if (r->heap)
        mem_free(m, MEM_queue, r->heap, r->room * sizeof *r->heap);
    spanring_init(r);
    r->maker = maker;
    r->pin_limit = pin_limit;
}

void spanring_clear(struct spanring *r, struct mem *m)
{
    for (uint32_t i = 0; i < r->count; i++)
        block_unref(spanring_at(r, i)->block);
    shrink(r, m);
}

bool spanring_reserve(struct spanring *r, struct mem *m, uint32_t more)
{
    uint32_t room = r->room;
    struct span *heap;

    if (likely(r->count + more <= room))
        return true;
    while (room < r->count + more)
        room *= 2;
    heap = mem_alloc(m, MEM_queue, room * sizeof *heap);
    if (!heap)
        return false;
    for (uint32_t i = 0; i < r->count; i++)
        heap[i] = *spanring_at(r, i);
    if (r->heap)
        mem_free(m, MEM_queue, r->heap, r->room * sizeof *r->heap);
    r->heap = heap;
    r->room = room;
    r->head = 0;
    return true;
}

void spanring_push(struct spanring *r, struct span s)
{
    weft_assert(r->count < r->room, "callers reserve before they push");
    *spanring_at(r, r->count++) = s;
    r->pinned += s.block->true_size;
}

void spanring_consume(struct spanring *r, struct mem *m, uint32_t n)
{
    while (n) {
        struct span *s = spanring_at(r, 0);

        weft_assert(r->count > 0, "callers consume no more than is held");
        if (n < s->len) {
            s->data += n;
            s->len -= n;
            return;
        }
        n -= s->len;
        r->pinned -= s->block->true_size;
        block_unref(s->block);
        r->head = (r->head + 1) & (r->room - 1);
        r->count--;
    }
    if (r->count == 0 && r->heap)
        shrink(r, m);
}

bool spanring_append(struct spanring *to, struct spanring *from, struct mem *m)
{
    if (!spanring_reserve(to, m, from->count))
        return false;
    for (uint32_t i = 0; i < from->count; i++)
        spanring_push(to, *spanring_at(from, i));
    shrink(from, m);
    return true;
}

/* Is `s` the last writer of its block, so that the bytes behind it are free? */
static bool at_block_end(const struct span *s)
{
    return s->data + s->len == s->block->data + s->block->used && s->block->used < s->block->size;
}

/*
 * Appends to the last span's block; returns how many bytes fitted. A block that somebody else holds too may be growing
 * under its maker's hands (a receive queue can hold a send queue's block), so only the maker appends to it then.
 */
static uint32_t copy_to_tail(struct spanring *r, struct block_pool *pool, const uint8_t *p, uint32_t n)
{
    struct span *last = spanring_last(r);
    uint32_t k;

    if (!last || last->block->pool != pool || !at_block_end(last) || !(r->maker || last->block->refs == 1))
        return 0;
    k = min_u32(n, last->block->size - last->block->used);
    memcpy(last->block->data + last->block->used, p, k);
    last->block->used += k;
    last->len += k;
    return k;
}

/*
 * The size of the next block, when so many bytes are still to come. What does not fill half of a large block goes into
 * several smaller ones: a short queue must not keep four times its size.
 */
static uint32_t block_for(uint32_t bytes)
{
    return bytes > BLOCK_MEDIUM && bytes < BLOCK_LARGE / 2 ? BLOCK_MEDIUM : min_u32(bytes, BLOCK_LARGE);
}

uint32_t spanring_copy_in(struct spanring *r, struct mem *m, struct block_pool *pool, const void *p, uint32_t n,
                          uint32_t expect, size_t *true_size)
{
    const uint8_t *src = p;
    uint32_t done = copy_to_tail(r, pool, src, n);

    while (done < n) {
        uint32_t k = n - done;
        struct weft_block *b;

        if (!spanring_reserve(r, m, 1))
            break;
        b = block_new(pool, block_for(max_u32(k, expect > done ? expect - done : 0)));
        if (!b)
            break;
        k = min_u32(k, b->size);
        memcpy(b->data, src + done, k);
        b->used = k;
        *true_size += b->true_size;
        spanring_push(r, (struct span){b, b->data, k});
        done += k;
    }
    return done;
}

/* Does the piece continue the last span in memory, so that one span covers both? */
static bool continues(const struct span *last, const struct span *piece)
{
    return last && last->block == piece->block && last->data + last->len == piece->data;
}

/* Is it worth keeping the whole block for this piece, and may we? */
static bool may_pin(const struct spanring *r, const struct span *piece)
{
    const struct weft_block *b = piece->block;

    return b && (uint64_t)piece->len * 4 >= b->size &&
           (r->pin_limit == 0 || r->pinned + b->true_size <= r->pin_limit);
}

uint32_t spanring_store(struct spanring *r, struct mem *m, struct block_pool *pool, const struct span *piece,
                        size_t *true_size)
{
    struct span *last = spanring_last(r);

    if (piece->block && continues(last, piece)) {
        last->len += piece->len;
        return piece->len;
    }
    if (may_pin(r, piece) && spanring_reserve(r, m, 1)) {
        *true_size += piece->block->true_size;
        spanring_push(r, (struct span){block_ref(piece->block), piece->data, piece->len});
        return piece->len;
    }
    return spanring_copy_in(r, m, pool, piece->data, piece->len, piece->len * 2, true_size);
}
