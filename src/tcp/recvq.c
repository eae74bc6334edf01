/* SPDX-License-Identifier: MIT */
/* The receive queue; see recvq.h. */
#include "tcp/recvq.h"

void recvq_init(struct recvq *q)
{
    spanring_init(&q->ring);
    q->bytes = 0;
}

void recvq_clear(struct recvq *q, struct mem *m)
{
    spanring_clear(&q->ring, m);
    q->bytes = 0;
}

uint32_t recvq_push(struct recvq *q, struct mem *m, struct block_pool *pool, const struct span *pieces, unsigned n)
{
    uint32_t taken = 0;
    size_t pinned = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t k = spanring_store(&q->ring, m, pool, &pieces[i], &pinned);

        taken += k;
        if (k < pieces[i].len)
            break;
    }
    q->bytes += taken;
    return taken;
}

bool recvq_take(struct recvq *q, struct mem *m, struct spanring *from, uint32_t bytes)
{
    if (!spanring_append(&q->ring, from, m))
        return false;
    q->bytes += bytes;
    return true;
}

/* A place in the queue. */
struct place {
    uint32_t span, skip;
};

/* Copies n bytes to dst (NULL: nowhere) and moves on. There are so many. */
static void read_into(struct recvq *q, struct place *at, uint8_t *dst, size_t n)
{
    while (n) {
        const struct span *s = spanring_at(&q->ring, at->span);
        size_t k = min_size(n, s->len - at->skip);

        if (dst) {
            copy_bytes(dst, s->data + at->skip, k);
            dst += k;
        }
        n -= k;
        at->skip += (uint32_t)k;
        if (at->skip == s->len)
            *at = (struct place){at->span + 1, 0};
    }
}

static void remove_front(struct recvq *q, struct mem *m, uint32_t n)
{
    spanring_consume(&q->ring, m, n);
    q->bytes -= n;
}

size_t recvq_read(struct recvq *q, struct mem *m, const struct weft_iov *iov, size_t n, const struct recvq_want *want)
{
    struct place at = {0, 0};
    size_t total = 0;

    weft_assert(want->skip + want->most <= q->bytes, "the caller knows how many there are");
    if (likely(recvq_is_lone(q, iov, n) && want->most == q->bytes && !want->peek && !want->discard))
        return recvq_read_lone(q, iov->base);
    read_into(q, &at, NULL, want->skip);
    for (size_t i = 0; i < n && total < want->most; i++) {
        size_t k = min_size(iov[i].len, want->most - total);

        read_into(q, &at, want->discard ? NULL : iov[i].base, k);
        total += k;
    }
    if (!want->peek && want->skip + total)
        remove_front(q, m, want->skip + (uint32_t)total);
    return total;
}

#define SHOWN 16 /* pieces at once */

int64_t recvq_carry_out(struct recvq *q, struct mem *m, const struct recvq_want *want, weft_carry *carry, void *ctx)
{
    struct weft_iov piece[SHOWN];
    struct place at = {0, 0};
    uint32_t left = want->most;
    unsigned n = 0;
    int64_t taken;

    weft_assert(want->skip + want->most <= q->bytes, "the caller knows how many there are");
    read_into(q, &at, NULL, want->skip);
    while (left && n < SHOWN) {
        const struct span *s = spanring_at(&q->ring, at.span);
        uint32_t k = min_u32(left, s->len - at.skip);

        piece[n++] = (struct weft_iov){(void *)(uintptr_t)(s->data + at.skip), k}; /* only read through */
        left -= k;
        at = (struct place){at.span + 1, 0};
    }
    taken = carry(ctx, piece, n);
    weft_assert(taken <= (int64_t)(want->most - left), "nobody takes more than was shown");
    if (taken > 0)
        remove_front(q, m, want->skip + (uint32_t)taken);
    return taken;
}

size_t recvq_borrow(struct recvq *q, struct mem *m, const struct recvq_want *want, struct weft_loan *piece, size_t *n)
{
    struct place at = {0, 0};
    uint32_t left = want->most;
    size_t most = *n;

    weft_assert(want->skip + want->most <= q->bytes, "the caller knows how many there are");
    read_into(q, &at, NULL, want->skip);
    for (*n = 0; left && *n < most; at = (struct place){at.span + 1, 0}) {
        const struct span *s = spanring_at(&q->ring, at.span);
        uint32_t k = min_u32(left, s->len - at.skip);

        piece[(*n)++] = (struct weft_loan){s->data + at.skip, k, block_ref(s->block)};
        left -= k;
    }
    remove_front(q, m, want->skip + want->most - left);
    return want->most - left;
}
