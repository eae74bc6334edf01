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

/* Copies from `offset` of the queue into one buffer; *span and *skip keep the place between calls. */
static size_t read_into(struct recvq *q, uint32_t *span, uint32_t *skip, uint8_t *dst, size_t n)
{
    size_t done = 0;

    while (done < n && *span < q->ring.count) {
        const struct span *s = spanring_at(&q->ring, *span);
        size_t k = min_size(n - done, s->len - *skip);

        memcpy(dst + done, s->data + *skip, k);
        done += k;
        *skip += (uint32_t)k;
        if (*skip == s->len) {
            ++*span;
            *skip = 0;
        }
    }
    return done;
}

size_t recvq_read(struct recvq *q, struct mem *m, const struct weft_iov *iov, size_t n, bool peek)
{
    uint32_t span = 0, skip = 0;
    size_t total = 0;

    for (size_t i = 0; i < n && total < q->bytes; i++)
        total += read_into(q, &span, &skip, iov[i].base, iov[i].len);
    if (!peek && total) {
        spanring_consume(&q->ring, m, (uint32_t)total);
        q->bytes -= (uint32_t)total;
    }
    return total;
}
