/* SPDX-License-Identifier: MIT */
/* The send queue; see sendq.h. */
#include "tcp/sendq.h"

void sendq_init(struct sendq *q)
{
    spanring_init(&q->ring);
    q->ring.maker = true;
    q->bytes = 0;
    q->at = q->at_start = 0;
}

void sendq_clear(struct sendq *q, struct mem *m)
{
    spanring_clear(&q->ring, m);
    sendq_init(q);
}

/* A stream gets larger blocks than its bytes take. */
static uint32_t expected(const struct sendq *q, uint32_t n)
{
    return q->bytes ? max_u32(n, BLOCK_MEDIUM) : n;
}

uint32_t sendq_write(struct sendq *q, struct mem *m, struct block_pool *pool, const void *p, uint32_t n, uint32_t more)
{
    size_t pinned = 0;
    uint32_t taken = spanring_copy_in(&q->ring, m, pool, p, n, expected(q, n + more), &pinned);

    q->bytes += taken;
    return taken;
}

int64_t sendq_carry_in(struct sendq *q, struct mem *m, struct block_pool *pool, uint32_t n, weft_carry *carry,
                       void *ctx)
{
    int64_t got = spanring_carry_in(&q->ring, m, pool, n, expected(q, n), carry, ctx);

    q->bytes += got > 0 ? (uint32_t)got : 0;
    return got;
}

/* The user's bytes, as a block that nobody appends to. */
struct lent {
    struct weft_block block;
    struct mem *mem;
    weft_release *release;
    void *ctx;
};

static void lent_over(struct weft_block *block, void *ctx)
{
    struct lent *lent = ctx;
    weft_release *release = lent->release;
    void *theirs = lent->ctx;

    (void)block;
    mem_free(lent->mem, MEM_queue, lent, sizeof *lent);
    release(theirs);
}

bool sendq_lend(struct sendq *q, struct mem *m, const void *bytes, uint32_t n, weft_release *release, void *ctx)
{
    uint8_t *data = (uint8_t *)(uintptr_t)bytes; /* only read through */
    struct lent *lent;

    if (!spanring_reserve(&q->ring, m, 1))
        return false;
    lent = mem_alloc(m, MEM_queue, sizeof *lent);
    if (!lent)
        return false;
    *lent = (struct lent){.mem = m, .release = release, .ctx = ctx};
    lent->block = (struct weft_block){.release = lent_over, .ctx = lent, .refs = 1, .size = n, .used = n, .data = data};
    lent->block.true_size = n;
    spanring_push(&q->ring, (struct span){&lent->block, data, n});
    q->bytes += n;
    return true;
}

void sendq_ack(struct sendq *q, struct mem *m, uint32_t n)
{
    uint32_t spans = q->ring.count;

    weft_assert(n <= q->bytes, "the ACK step clips to what was sent");
    if (n == q->bytes && spanring_is_lone(&q->ring)) { /* a short write by itself */
        spanring_drop_lone(&q->ring);
        q->bytes = q->at = q->at_start = 0;
        return;
    }
    q->bytes -= n;
    spanring_consume(&q->ring, m, n);
    spans -= q->ring.count;
    if (spans <= q->at && q->at_start >= n) {
        q->at -= spans;
        q->at_start -= n;
    } else {
        q->at = q->at_start = 0;
    }
}

/* Sets the cursor to the span that holds `offset`. */
static void seek(struct sendq *q, uint32_t offset)
{
    if (q->at >= q->ring.count || offset < q->at_start)
        q->at = q->at_start = 0;
    while (offset - q->at_start >= spanring_at(&q->ring, q->at)->len) {
        q->at_start += spanring_at(&q->ring, q->at)->len;
        q->at++;
    }
}

uint32_t sendq_attach(struct sendq *q, uint32_t offset, uint32_t n, struct weft_pkt *pkt)
{
    uint32_t done = 0;
    bool copy = n <= SENDQ_SHORT && pkt->len + n <= (uint32_t)(pkt->base + pkt->cap - pkt->data);

    weft_assert(offset + n <= q->bytes, "the plan never exceeds the queue");
    if (copy && q->ring.count == 1) { /* a short write by itself */
        copy_bytes(pkt->data + pkt->len, spanring_at(&q->ring, 0)->data + offset, n);
        pkt->len += n;
        return n;
    }
    while (done < n) {
        const struct span *s;
        uint32_t skip, k;

        seek(q, offset + done);
        s = spanring_at(&q->ring, q->at);
        skip = offset + done - q->at_start;
        k = min_u32(n - done, s->len - skip);
        if (copy) {
            memcpy(pkt->data + pkt->len, s->data + skip, k);
            pkt->len += k;
        } else if (!pkt_add_span(pkt, s->block, s->data + skip, k)) {
            break;
        }
        done += k;
    }
    return done;
}
