/* SPDX-License-Identifier: MIT */
/* Packets; see pkt.h. The public calls of weft/stack.h on packets stand at the end. */
#include "core/blocksum.h"
#include "core/gso.h"
#include "core/stack.h"
#include "wire/buf.h"
#include "wire/ipv4.h"

#define WORTH_SUMMING 256 /* bytes: what is shorter is read twice as fast as it is looked at whether it must be */

/* Only what every user reads is set: spans and room are written before they are looked at. */
static void reset(struct weft_pkt *p, weft_stack *s)
{
    p->next = NULL;
    p->stack = s;
    p->ifp = NULL;
    p->block = NULL;
    p->base = p->room;
    p->cap = PKT_ROOM;
    p->len = p->span_len = p->summed = 0;
    p->l2 = p->l3 = p->l4 = 0;
    p->n_spans = 0;
    p->link_broadcast = p->csum_partial = p->csum_valid = p->ip_group = p->routed = false;
    p->csum_start = p->csum_offset = p->gso_size = 0;
    p->true_size = (uint16_t)s->pkts.object_size;
    p->ttl = p->tos = p->proto = 0;
    p->piece = 0;
}

struct weft_pkt *pkt_new(weft_stack *s)
{
    struct weft_pkt *p = slab_alloc(&s->pkts);

    if (!p)
        return NULL;
    reset(p, s);
    p->data = p->base + PKT_HEADROOM;
    return p;
}

struct weft_pkt *pkt_new_linear(weft_stack *s, size_t headroom, size_t n)
{
    struct weft_pkt *p = slab_alloc(&s->pkts);

    if (!p)
        return NULL;
    reset(p, s);
    if (headroom + n > PKT_ROOM) {
        p->block = headroom + n <= BLOCK_LARGE ? block_new(&s->blocks, headroom + n) : NULL;
        if (!p->block) {
            slab_free(&s->pkts, p);
            return NULL;
        }
        p->base = p->block->data;
        p->cap = p->block->size;
    }
    p->data = p->base + headroom;
    p->len = (uint32_t)n;
    return p;
}

/* What it holds besides itself. */
ASIDE static void let_go(struct weft_pkt *p)
{
    for (unsigned i = 0; i < p->n_spans; i++)
        block_unref(p->span[i].block);
    if (p->block)
        block_unref(p->block);
}

void pkt_release(struct weft_pkt *p)
{
    if (p->n_spans || p->block)
        let_go(p);
    slab_free(&p->stack->pkts, p);
}

void pkt_drop(struct weft_pkt *p, enum weft_drop why)
{
    weft_stack *s = p->stack;

    s->drops[why]++;
    if (p->ifp)
        p->ifp->rx_drops++;
    if (unlikely(s->env.trace)) {
        struct weft_trace event = {.at = s->now, .kind = WEFT_TRACE_DROP, .ifp = p->ifp, .drop = why};

        s->env.trace(s->env.ctx, &event);
    }
    pkt_release(p);
}

uint8_t *pkt_push(struct weft_pkt *p, size_t n)
{
    weft_assert(pkt_headroom(p) >= n, "PKT_HEADROOM holds every header there is");
    p->data -= n;
    p->len += (uint32_t)n;
    return p->data;
}

ASIDE static void share_spans(struct weft_pkt *copy, const struct weft_pkt *p)
{
    for (unsigned i = 0; i < p->n_spans; i++)
        pkt_add_span(copy, p->span[i].block, p->span[i].data, p->span[i].len);
}

struct weft_pkt *pkt_share(const struct weft_pkt *p, weft_stack *to)
{
    struct weft_pkt *copy = pkt_new_linear(to, 0, p->len);

    if (!copy)
        return NULL;
    memcpy(copy->data, p->data, p->len);
    if (p->n_spans)
        share_spans(copy, p);
    copy->csum_valid = p->csum_partial || p->csum_valid;
    copy->csum_partial = p->csum_partial; /* it may go on from there to where it must be finished */
    copy->csum_start = (uint16_t)(p->csum_start - pkt_headroom(p) + pkt_headroom(copy));
    copy->csum_offset = p->csum_offset;
    copy->gso_size = p->gso_size;
    return copy;
}

/* RFC 768: UDP sends a sum of zero as all ones, which TCP's receiver cannot tell from zero. */
static uint16_t finished(const struct csum *c)
{
    uint16_t sum = csum_fold(c);

    return sum ? sum : 0xffff;
}

/* Copies its bytes, and sums all of them on the way. */
static void copy_and_sum(const struct weft_pkt *p, struct weft_pkt *copy)
{
    struct csum sum = {0};
    uint32_t at = p->len;

    csum_copy(&sum, copy->data, p->data, p->len);
    for (unsigned i = 0; i < p->n_spans; i++) {
        csum_copy(&sum, copy->data + at, p->span[i].data, p->span[i].len);
        at += p->span[i].len;
    }
    copy->summed = at;
    copy->sum = csum_half(sum.acc);
}

/* Copies its bytes in pieces, and finishes a sum that is only begun on the way. */
static void duplicate_bytes(const struct weft_pkt *p, struct weft_pkt *copy)
{
    uint32_t total = pkt_total(p), at = p->csum_partial ? p->csum_start - (uint32_t)pkt_headroom(p) : total;
    struct span piece[PKT_SPANS + 1];
    struct csum sum = {0};
    unsigned n;

    pkt_copy(p, 0, copy->data, at);
    n = pkt_slices(p, at, total - at, piece);
    if (p->csum_partial)
        copy->csum_start = (uint16_t)at;
    for (unsigned i = 0; i < n; i++) { /* none when there is nothing to sum */
        csum_copy(&sum, copy->data + at, piece[i].data, piece[i].len);
        at += piece[i].len;
    }
    if (p->csum_partial)
        poke_u16(copy->data + copy->csum_start + p->csum_offset, finished(&sum));
}

/* With n bytes in its own room, which is large enough. */
static inline struct weft_pkt *new_small(weft_stack *s, uint32_t n)
{
    struct weft_pkt *p = slab_alloc(&s->pkts);

    if (!p)
        return NULL;
    reset(p, s);
    p->data = p->base;
    p->len = n;
    return p;
}

struct weft_pkt *pkt_duplicate(const struct weft_pkt *p, weft_stack *to)
{
    uint32_t n = pkt_total(p);
    struct weft_pkt *copy = n <= PKT_ROOM ? new_small(to, n) : pkt_new_linear(to, 0, n);

    if (!copy)
        return NULL;
    if (!p->csum_valid && !p->csum_partial && copy->len >= WORTH_SUMMING)
        copy_and_sum(p, copy);
    else if (p->n_spans || p->csum_partial)
        duplicate_bytes(p, copy);
    else
        memcpy(copy->data, p->data, p->len);
    copy->csum_valid = p->csum_valid;
    copy->gso_size = p->gso_size;
    return copy;
}

bool pkt_add_span(struct weft_pkt *p, struct weft_block *block, const uint8_t *data, uint32_t len)
{
    if (p->n_spans == PKT_SPANS)
        return false;
    p->span[p->n_spans++] = (struct span){block_ref(block), data, len};
    p->span_len += len;
    return true;
}

void pkt_trim(struct weft_pkt *p, uint32_t n)
{
    if (n <= p->len) {
        while (p->n_spans)
            block_unref(p->span[--p->n_spans].block);
        p->len = n;
        p->span_len = 0;
        return;
    }
    while (p->len + p->span_len > n) {
        struct span *last = &p->span[p->n_spans - 1];
        uint32_t excess = p->len + p->span_len - n;

        if (excess < last->len) {
            last->len -= excess;
            p->span_len -= excess;
            return;
        }
        p->span_len -= last->len;
        block_unref(last->block);
        p->n_spans--;
    }
}

ASIDE static unsigned slices(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct span out[PKT_SPANS + 1])
{
    struct span piece = {p->block, p->data, p->len};
    unsigned n = 0;

    for (unsigned i = 0; len; i++) {
        if (offset < piece.len) {
            uint32_t k = min_u32(piece.len - offset, len);

            out[n++] = (struct span){piece.block, piece.data + offset, k};
            len -= k;
            offset = 0;
        } else {
            offset -= piece.len;
        }
        if (i == p->n_spans)
            break;
        piece = p->span[i];
    }
    return n;
}

unsigned pkt_slices(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct span out[PKT_SPANS + 1])
{
    if (len == 0 || offset + len > p->len)
        return slices(p, offset, len, out);
    out[0] = (struct span){p->block, p->data + offset, len};
    return 1;
}

static inline void add_piece(const struct span *piece, struct csum *c)
{
    const struct weft_block *b = piece->block;

    if (!b || !b->pool || !b->sums || !blocksum_add(piece, c))
        csum_add(c, piece->data, piece->len);
}

/* len bytes from `offset` in the spans on. */
ASIDE static void csum_spans(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct csum *c)
{
    for (const struct span *s = p->span; len; s++) {
        uint32_t k = offset < s->len ? min_u32(s->len - offset, len) : 0;

        if (k)
            add_piece(&(struct span){s->block, s->data + offset, k}, c);
        offset = k ? 0 : offset - s->len;
        len -= k;
    }
}

void pkt_csum(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct csum *c)
{
    uint32_t linear;

    if (likely(offset + len <= p->len)) {
        csum_add(c, p->data + offset, len);
        return;
    }
    linear = offset < p->len ? p->len - offset : 0;
    csum_add(c, p->data + offset, linear);
    csum_spans(p, offset + linear - p->len, len - linear, c);
}

void pkt_csum_spans(const struct weft_pkt *p, struct csum *c)
{
    for (unsigned i = 0; i < p->n_spans; i++)
        add_piece(&p->span[i], c);
}

void pkt_csum_received(const struct weft_pkt *p, struct csum *c)
{
    uint32_t front = (uint32_t)pkt_headroom(p);
    struct csum headers = {0};

    if (p->summed == 0 || p->summed != front + p->len || p->n_spans || front % 2) {
        pkt_csum(p, 0, pkt_total(p), c);
        return;
    }
    if (likely(front == IPV4_HEADER))
        csum_add_words(&headers, p->base, IPV4_HEADER);
    else
        csum_add(&headers, p->base, front);
    csum_add_rest(c, p->sum, &headers);
}

void pkt_finish_csum(struct weft_pkt *p)
{
    uint32_t start = p->csum_start - (uint32_t)pkt_headroom(p);
    struct csum sum = {0};

    weft_assert(p->n_spans == 0 && start + p->csum_offset + 2 <= p->len, "callers made it linear");
    csum_add(&sum, p->data + start, p->len - start);
    poke_u16(p->data + start + p->csum_offset, finished(&sum));
    p->csum_partial = false;
}

uint32_t pkt_copy(const struct weft_pkt *p, uint32_t offset, void *buf, uint32_t n)
{
    struct span piece[PKT_SPANS + 1];
    unsigned pieces = pkt_slices(p, offset, n, piece);
    uint32_t done = 0;

    for (unsigned i = 0; i < pieces; i++) {
        memcpy((uint8_t *)buf + done, piece[i].data, piece[i].len);
        done += piece[i].len;
    }
    return done;
}

void pkt_queue_push(struct pkt_queue *q, struct weft_pkt *p)
{
    p->next = NULL;
    if (q->last)
        q->last->next = p;
    else
        q->first = p;
    q->last = p;
    q->count++;
}

struct weft_pkt *pkt_queue_pop(struct pkt_queue *q)
{
    struct weft_pkt *p = q->first;

    if (!p)
        return NULL;
    q->first = p->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    return p;
}

void pkt_queue_clear(struct pkt_queue *q, enum weft_drop why)
{
    struct weft_pkt *p;

    while ((p = pkt_queue_pop(q)))
        pkt_drop(p, why);
}

/* ---- weft/stack.h ---- */

_Static_assert(PKT_SPANS + 1 <= WEFT_PKT_PIECES, "weft_pkt_pieces has room for every packet");

weft_pkt *weft_pkt_new(weft_stack *stack, size_t n) { return pkt_new_linear(stack, 0, n); }
uint8_t *weft_pkt_data(weft_pkt *pkt) { return pkt->data; }
size_t weft_pkt_len(const weft_pkt *pkt) { return pkt_total(pkt); }
void weft_pkt_release(weft_pkt *pkt) { pkt_release(pkt); }

void weft_pkt_set_len(weft_pkt *pkt, size_t n)
{
    pkt->len = (uint32_t)min_size(n, pkt->cap - pkt_headroom(pkt));
}

size_t weft_pkt_pieces(const weft_pkt *pkt, struct weft_iov iov[WEFT_PKT_PIECES])
{
    size_t n = 0;

    if (pkt->len)
        iov[n++] = (struct weft_iov){pkt->data, pkt->len};
    for (unsigned i = 0; i < pkt->n_spans; i++)
        iov[n++] = (struct weft_iov){(void *)(uintptr_t)pkt->span[i].data, pkt->span[i].len};
    return n;
}

size_t weft_pkt_copy(const weft_pkt *pkt, size_t offset, void *buf, size_t n)
{
    size_t total = pkt_total(pkt);

    return offset >= total ? 0 : pkt_copy(pkt, (uint32_t)offset, buf, (uint32_t)min_size(n, total - offset));
}

void weft_pkt_get_offload(const weft_pkt *pkt, struct weft_pkt_offload *o)
{
    uint32_t front = (uint32_t)pkt_headroom(pkt);

    *o = (struct weft_pkt_offload){
        .csum_partial = pkt->csum_partial,
        .csum_valid = pkt->csum_valid,
        .csum_offset = pkt->csum_offset,
        .gso_size = pkt->gso_size,
    };
    if (pkt->csum_partial)
        o->csum_start = (uint16_t)(pkt->csum_start - front);
    if (pkt->gso_size) /* all headers are linear */
        o->header_len = (uint16_t)(pkt->l4 - front + gso_transport_header(pkt));
}

void weft_pkt_set_offload(weft_pkt *pkt, const struct weft_pkt_offload *o)
{
    pkt->csum_partial = o->csum_partial;
    /* Bytes that a local sender has not summed yet never left the machine: nothing to verify. */
    pkt->csum_valid = o->csum_valid || o->csum_partial;
    pkt->csum_start = (uint16_t)(o->csum_start + pkt_headroom(pkt));
    pkt->csum_offset = o->csum_offset;
    pkt->gso_size = o->gso_size;
}

weft_pkt *weft_pkt_move(weft_pkt *pkt, weft_stack *to)
{
    struct weft_pkt *copy = pkt_share(pkt, to);

    pkt_release(pkt);
    return copy;
}
