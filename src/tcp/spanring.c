/* SPDX-License-Identifier: MIT */
/* The ring of spans; see spanring.h. */
#include "tcp/spanring.h"

#include "core/blocksum.h"

void spanring_init(struct spanring *r)
{
    r->heap = NULL;
    r->room = SPANRING_SMALL;
    r->head = 0;
    r->count = 0;
    r->pinned = r->pin_limit = 0;
    r->maker = false;
    r->granule = 0;
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
    struct span *all = r->heap ? r->heap : r->small;

    while (n) {
        struct span *s = &all[r->head];

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
    if (unlikely(r->heap) && r->count == 0)
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
 * How many of n bytes fit behind the last span, in its block. A block that somebody else holds too may be growing under
 * its maker's hands (a receive queue can hold a send queue's block), so only the maker appends to it then.
 */
static uint32_t tail_room(struct spanring *r, const struct block_pool *pool, uint32_t n)
{
    const struct span *last = spanring_last(r);

    if (!last || last->block->pool != pool || !at_block_end(last) || !(r->maker || last->block->refs == 1))
        return 0;
    return min_u32(n, last->block->size - last->block->used);
}

/* So many bytes were written there. */
static void tail_grow(struct span *last, uint32_t n)
{
    last->block->used += n;
    last->len += n;
}

/* Copies n bytes, `done` bytes from the beginning of what is copied, behind the last of a block. */
static void put_bytes(const struct spanring *r, struct weft_block *b, const uint8_t *p, uint32_t n, uint32_t done)
{
    if (r->granule && b->sums)
        blocksum_copy(b, p, n, r->granule, r->granule - (r->beyond + done) % r->granule);
    else
        copy_bytes(b->data + b->used, p, n);
}

/* Appends to the last span's block; returns how many bytes fitted. */
static uint32_t copy_to_tail(struct spanring *r, const struct block_pool *pool, const uint8_t *p, uint32_t n)
{
    uint32_t k = tail_room(r, pool, n);
    struct span *last;

    if (k == 0)
        return 0;
    last = spanring_last(r);
    put_bytes(r, last->block, p, k, 0);
    tail_grow(last, k);
    return k;
}

/*
 * The size of the next block, when so many bytes are still to come. What does not fill half of a large block goes into
 * several smaller ones: a short queue must not keep four times its size. Nor may any when memory is tight.
 */
static uint32_t block_for(const struct mem *m, uint32_t bytes)
{
    if (unlikely(mem_is_tight(m)))
        return min_u32(bytes, BLOCK_FRAME);
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
        b = block_new(pool, block_for(m, max_u32(k, expect > done ? expect - done : 0)));
        if (!b)
            break;
        if (r->granule && k >= r->granule && blocksum_suits(b, r->granule))
            blocksum_keep(b);
        k = min_u32(k, b->size);
        put_bytes(r, b, src + done, k, done);
        b->used = k;
        *true_size += b->true_size;
        spanring_push(r, (struct span){b, b->data, k});
        done += k;
    }
    return done;
}

#define OFFERED 8 /* pieces at once */

/* Room that is offered: behind the last span, or in new blocks. */
struct offer {
    struct weft_iov piece[OFFERED];
    struct weft_block *block[OFFERED]; /* NULL: the last span's */
    unsigned n;
};

static void offer_add(struct offer *o, struct weft_block *block, uint8_t *base, uint32_t len)
{
    weft_assert(o->n < OFFERED, "callers count the pieces");
    o->piece[o->n] = (struct weft_iov){base, len};
    o->block[o->n++] = block;
}

static void offer_make(struct spanring *r, struct mem *m, struct block_pool *pool, uint32_t n, uint32_t expect,
                       struct offer *o)
{
    uint32_t done = tail_room(r, pool, n);

    o->n = 0;
    if (done) {
        const struct weft_block *b = spanring_last(r)->block;

        offer_add(o, NULL, b->data + b->used, done);
    }
    while (done < n && o->n < OFFERED && spanring_reserve(r, m, o->n + 1)) {
        uint32_t k = n - done;
        struct weft_block *b = block_new(pool, block_for(m, max_u32(k, expect > done ? expect - done : 0)));

        if (!b)
            break;
        k = min_u32(k, b->size);
        offer_add(o, b, b->data, k);
        done += k;
    }
}

/* `got` bytes came; what was offered beyond them goes back. */
static void offer_take(struct spanring *r, struct mem *m, const struct offer *o, uint32_t got)
{
    for (unsigned i = 0; i < o->n; i++) {
        uint32_t k = min_u32(got, (uint32_t)o->piece[i].len);
        struct weft_block *b = o->block[i];

        got -= k;
        if (!b) {
            tail_grow(spanring_last(r), k);
        } else if (k) {
            b->used = k;
            spanring_push(r, (struct span){b, b->data, k});
        } else {
            block_unref(b);
        }
    }
    if (r->count == 0 && r->heap)
        shrink(r, m);
}

int64_t spanring_carry_in(struct spanring *r, struct mem *m, struct block_pool *pool, uint32_t n, uint32_t expect,
                          weft_carry *carry, void *ctx)
{
    struct offer o;
    int64_t got;

    offer_make(r, m, pool, n, expect, &o);
    got = o.n ? carry(ctx, o.piece, o.n) : WEFT_ENOMEM;
    weft_assert(got <= (int64_t)n, "nobody carries more than there was room for");
    offer_take(r, m, &o, got > 0 ? (uint32_t)got : 0);
    return got;
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
