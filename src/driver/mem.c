/* SPDX-License-Identifier: MIT */
/*
 * The in-memory wire between two stacks of one thread (weft/driver.h), which can misbehave in a seeded way.
 *
 * A packet enters when weft_wire_run pulls it: the filter and then chance decide its fate, the rate when it is through
 * the bottleneck, delay and jitter when it arrives. From the moment it enters it is a packet of the receiver's stack.
 *
 * Invariants: a direction's heap is ordered by (arrival, order of entry); without reordering arrivals never decrease.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "core/iface.h"
#include "weft/driver.h"

#define BATCH     64
#define RUN_LIMIT 128 /* packets that one run moves per direction: few enough to be in the cache when they are read */

struct flight {
    weft_time at;
    uint64_t order;
    struct weft_pkt *pkt;
};

struct direction {
    weft_if *from, *to;
    struct weft_impairment how;
    struct rng rng;
    weft_time free_at;   /* when the bottleneck has sent what it has, rounded down ... */
    uint64_t free_rest;  /* ... by this many rate-ths of a nanosecond */
    weft_time last;      /* the latest arrival so far */
    struct flight *heap;
    size_t count, room;
    struct weft_wire_stats stats;
};

struct weft_wire {
    struct mem mem;
    uint64_t order;
    struct weft_wire_config config;
    struct direction dir[2];
};

/* ---- the heap ---- */

static bool earlier(const struct flight *a, const struct flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static bool heap_grow(struct weft_wire *w, struct direction *d)
{
    size_t room = d->room ? 2 * d->room : 256;
    struct flight *heap = mem_alloc(&w->mem, MEM_queue, room * sizeof *heap);

    if (!heap)
        return false;
    if (d->heap) {
        memcpy(heap, d->heap, d->count * sizeof *heap);
        mem_free(&w->mem, MEM_queue, d->heap, d->room * sizeof *heap);
    }
    d->heap = heap;
    d->room = room;
    return true;
}

static bool heap_push(struct weft_wire *w, struct direction *d, struct flight f)
{
    size_t i = d->count;

    if (d->count == d->room && !heap_grow(w, d))
        return false;
    d->count++;
    for (; i && earlier(&f, &d->heap[(i - 1) / 2]); i = (i - 1) / 2)
        d->heap[i] = d->heap[(i - 1) / 2];
    d->heap[i] = f;
    return true;
}

static struct flight heap_pop(struct direction *d)
{
    struct flight top = d->heap[0], last = d->heap[--d->count];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= d->count)
            break;
        if (child + 1 < d->count && earlier(&d->heap[child + 1], &d->heap[child]))
            child++;
        if (!earlier(&d->heap[child], &last))
            break;
        d->heap[i] = d->heap[child];
        i = child;
    }
    if (d->count)
        d->heap[i] = last;
    return top;
}

/* ---- one packet ---- */

/* The packet as the receiver gets it: shared, or copied once with its checksum filled in. NULL: out of memory. */
static struct weft_pkt *carry(const struct weft_wire *w, struct direction *d, const struct weft_pkt *pkt)
{
    weft_stack *to = weft_if_stack(d->to);
    struct weft_pkt *copy = w->config.share ? pkt_share(pkt, to) : pkt_duplicate(pkt, to);

    if (!copy) {
        weft_count_drop(to, WEFT_DROP_no_memory);
        d->stats.overflowed++;
    }
    return copy;
}

static void corrupt(const struct weft_wire *w, struct direction *d, struct weft_pkt *pkt)
{
    uint64_t bit;

    if (w->config.share || pkt->len == 0 || !rng_chance(&d->rng, d->how.corrupt))
        return;
    bit = rng_below(&d->rng, (uint64_t)pkt->len * 8);
    pkt->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    d->stats.corrupted++;
}

/* Is there no room to wait behind `busy` nanoseconds' worth of others? What finds nobody waiting always fits. */
static bool overflows(const struct weft_impairment *how, uint64_t bytes, weft_time busy)
{
    uint64_t room = min_u64(how->queue_bytes, UINT32_MAX / 2);

    return room && busy && (bytes > room || busy > (room - bytes) * 8 * WEFT_S / how->bits_per_second);
}

/* When it is through the bottleneck; WEFT_NEVER: the queue before it is full. */
static weft_time through_bottleneck(struct direction *d, uint64_t bytes, weft_time now)
{
    uint64_t rate = d->how.bits_per_second, work;
    weft_time start = max_u64(now, d->free_at);

    if (rate == 0)
        return now;
    if (start != d->free_at)
        d->free_rest = 0;
    if (overflows(&d->how, bytes, start - now))
        return WEFT_NEVER;
    work = bytes * 8 * WEFT_S + d->free_rest;
    d->free_at = time_after(start, work / rate);
    d->free_rest = work % rate;
    return d->free_at;
}

static weft_time arrival(struct direction *d, weft_time through)
{
    weft_time at = time_after(through, d->how.delay);

    if (d->how.jitter)
        at = time_after(at, rng_below(&d->rng, time_after(d->how.jitter, 1)));
    at = max_u64(d->last, at);
    if (rng_chance(&d->rng, d->how.reorder)) { /* later ones overtake it: it does not count for their order */
        d->stats.reordered++;
        return time_after(at, d->how.reorder_delay);
    }
    d->last = at;
    return at;
}

/* Files one copy for delivery. */
static void launch(struct weft_wire *w, struct direction *d, const struct weft_pkt *pkt, weft_time through)
{
    struct weft_pkt *copy = carry(w, d, pkt);

    if (!copy)
        return;
    corrupt(w, d, copy);
    if (!heap_push(w, d, (struct flight){arrival(d, through), w->order++, copy})) {
        pkt_drop(copy, WEFT_DROP_no_memory);
        d->stats.overflowed++;
    }
}

static enum weft_wire_verdict judge(struct weft_wire *w, int end, const struct weft_pkt *pkt, weft_time now)
{
    struct direction *d = &w->dir[end];
    enum weft_wire_verdict v = WEFT_WIRE_PASS;

    if (w->config.filter)
        v = w->config.filter(w->config.filter_ctx, end, pkt, now);
    if (v == WEFT_WIRE_PASS && rng_chance(&d->rng, d->how.loss))
        v = WEFT_WIRE_LOSE;
    if (v == WEFT_WIRE_PASS && rng_chance(&d->rng, d->how.duplicate))
        v = WEFT_WIRE_DUPLICATE;
    return v;
}

/* One packet enters. */
static void enter(struct weft_wire *w, int end, struct weft_pkt *pkt, weft_time now)
{
    struct direction *d = &w->dir[end];
    enum weft_wire_verdict v = judge(w, end, pkt, now);
    weft_time through = v == WEFT_WIRE_LOSE ? now : through_bottleneck(d, pkt_total(pkt), now);

    d->stats.sent++;
    d->stats.bytes += pkt_total(pkt);
    if (v == WEFT_WIRE_LOSE) {
        d->stats.lost++;
        pkt->ifp = NULL;
        pkt_drop(pkt, WEFT_DROP_link_lost);
        return;
    }
    if (through == WEFT_NEVER) {
        d->stats.overflowed++;
        pkt->ifp = NULL;
        pkt_drop(pkt, WEFT_DROP_link_queue_full);
        return;
    }
    launch(w, d, pkt, through);
    if (v == WEFT_WIRE_DUPLICATE) {
        d->stats.duplicated++;
        launch(w, d, pkt, through);
    }
    pkt_release(pkt);
}

/* ---- batches ---- */

/* Is the direction a perfect wire with nothing under way? Then packets need no heap. */
static bool is_plain(const struct weft_wire *w, const struct direction *d)
{
    const struct weft_impairment *h = &d->how;

    return !w->config.filter && !d->count && !h->bits_per_second && !h->delay && !h->jitter && !h->loss &&
           !h->duplicate && !h->corrupt && !h->reorder;
}

static void pass_on(struct weft_wire *w, struct direction *d, weft_pkt **batch, size_t n, weft_time now)
{
    size_t arrived = 0;

    for (size_t i = 0; i < n; i++) {
        struct weft_pkt *copy = carry(w, d, batch[i]);

        d->stats.bytes += pkt_total(batch[i]);
        pkt_release(batch[i]);
        if (copy)
            batch[arrived++] = copy;
    }
    d->stats.sent += n;
    d->stats.delivered += arrived;
    weft_input(d->to, batch, arrived, now);
}

static size_t take_in(struct weft_wire *w, int end, weft_time now)
{
    struct direction *d = &w->dir[end];
    weft_pkt *batch[BATCH];
    size_t total = 0, n;

    while (total < RUN_LIMIT && (n = weft_output(d->from, batch, BATCH, now)) > 0) {
        total += n;
        if (is_plain(w, d)) {
            pass_on(w, d, batch, n, now);
            continue;
        }
        for (size_t i = 0; i < n; i++)
            enter(w, end, batch[i], now);
    }
    return total;
}

static size_t deliver(struct direction *d, weft_time now)
{
    weft_pkt *batch[BATCH];
    size_t total = 0, n;

    do {
        for (n = 0; n < BATCH && d->count && d->heap[0].at <= now; n++)
            batch[n] = heap_pop(d).pkt;
        if (n)
            weft_input(d->to, batch, n, now);
        total += n;
    } while (n == BATCH && total < RUN_LIMIT);
    d->stats.delivered += total;
    return total;
}

size_t weft_wire_run(weft_wire *wire, weft_time now)
{
    size_t moved = 0;

    for (int end = 0; end < 2; end++)
        moved += take_in(wire, end, now);
    for (int end = 0; end < 2; end++)
        moved += deliver(&wire->dir[end], now);
    return moved;
}

weft_time weft_wire_deadline(const weft_wire *wire)
{
    weft_time at = WEFT_NEVER;

    for (int end = 0; end < 2; end++)
        if (wire->dir[end].count)
            at = min_u64(at, wire->dir[end].heap[0].at);
    return at;
}

/* ---- making one ---- */

weft_wire *weft_wire_new(const struct weft_env *env, const struct weft_wire_config *config, weft_if *end0,
                         weft_if *end1)
{
    struct mem mem = {.ctx = env->ctx, .alloc = env->alloc, .free = env->free, .refuse = env->refuse};
    struct weft_wire *w = mem_alloc(&mem, MEM_stack, sizeof *w);

    if (!w)
        return NULL;
    memset(w, 0, sizeof *w);
    w->mem = mem;
    w->config = *config;
    for (int end = 0; end < 2; end++) {
        w->dir[end].from = end ? end1 : end0;
        w->dir[end].to = end ? end0 : end1;
        w->dir[end].how = config->direction[end];
        rng_seed(&w->dir[end].rng, config->seed * 2 + (uint64_t)end);
    }
    return w;
}

void weft_wire_free(weft_wire *wire)
{
    struct mem mem;

    for (int end = 0; end < 2; end++) {
        struct direction *d = &wire->dir[end];

        while (d->count)
            pkt_release(d->heap[--d->count].pkt);
        mem_free(&wire->mem, MEM_queue, d->heap, d->room * sizeof *d->heap);
    }
    mem = wire->mem; /* which is about to free itself */
    mem_free(&mem, MEM_stack, wire, sizeof *wire);
}

void weft_wire_impair(weft_wire *wire, int from_end, const struct weft_impairment *how)
{
    wire->dir[from_end].how = *how;
}

void weft_wire_stats(const weft_wire *wire, int from_end, struct weft_wire_stats *out)
{
    *out = wire->dir[from_end].stats;
}
