/* SPDX-License-Identifier: MIT */
/*
 * The in-memory wire between two stacks of one thread (weft/driver.h), which can misbehave in a seeded way.
 *
 * A packet enters when weft_wire_run pulls it: the filter and then its lane (weft/lane.h) decide its fate and when it
 * arrives. From the moment it enters it is a packet of the receiver's stack. Where nothing can happen to its bytes any
 * more it is summed as it is copied, as a driver does that moves bytes itself: the receiver need not read them again.
 */
#include "base/mem.h"
#include "core/iface.h"
#include "weft/driver.h"

#define BATCH     64
#define RUN_LIMIT 128 /* packets that one run moves per direction: few enough to be in the cache when they are read */

struct direction {
    weft_if *from, *to;
    weft_lane *lane;
    struct weft_lane_stats *stats; /* the lane's */
};

struct weft_wire {
    struct mem mem;
    struct weft_wire_config config;
    struct direction dir[2];
    size_t under_way; /* packets in both lanes */
};

/* ---- one packet ---- */

/* The packet as the receiver gets it: shared, or copied once with its checksum filled in. NULL: out of memory. */
static struct weft_pkt *carry(const struct weft_wire *w, struct direction *d, const struct weft_pkt *pkt)
{
    weft_stack *to = weft_if_stack(d->to);
    struct weft_pkt *copy = w->config.share ? pkt_share(pkt, to) : pkt_duplicate(pkt, to);

    if (!copy) {
        weft_count_drop(to, WEFT_DROP_no_memory);
        d->stats->overflowed++;
    }
    return copy;
}

/* Files one copy for delivery. */
static void launch(struct weft_wire *w, struct direction *d, const struct weft_pkt *pkt, weft_time through)
{
    struct weft_pkt *copy = carry(w, d, pkt);
    uint64_t bit;

    if (!copy)
        return;
    copy->summed = 0; /* its bytes may change on the way */
    if (!w->config.share && weft_lane_marks(d->lane))
        weft_lane_mark(d->lane, d->to->ops->kind, copy->data, copy->len);
    if (!w->config.share && copy->len && weft_lane_corrupts(d->lane, copy->len, &bit))
        copy->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (weft_lane_file(d->lane, copy, through))
        w->under_way++;
    else
        pkt_drop(copy, WEFT_DROP_no_memory);
}

/* One packet enters. */
static void enter(struct weft_wire *w, int end, struct weft_pkt *pkt, weft_time now)
{
    struct direction *d = &w->dir[end];
    enum weft_wire_verdict v = WEFT_WIRE_PASS;
    weft_time through;

    if (w->config.filter)
        v = w->config.filter(w->config.filter_ctx, end, pkt, now);
    if (v == WEFT_WIRE_PASS)
        v = weft_lane_judge(d->lane);
    through = weft_lane_admit(d->lane, v, pkt_total(pkt), now);
    if (through == WEFT_NEVER) {
        pkt->ifp = NULL;
        pkt_drop(pkt, v == WEFT_WIRE_LOSE ? WEFT_DROP_link_lost : WEFT_DROP_link_queue_full);
        return;
    }
    launch(w, d, pkt, through);
    if (v == WEFT_WIRE_DUPLICATE)
        launch(w, d, pkt, through);
    pkt_release(pkt);
}

/* ---- batches ---- */

/* A perfect lane with nothing under way keeps no packets. */
static void pass_on(struct weft_wire *w, struct direction *d, weft_pkt **batch, size_t n, weft_time now)
{
    size_t arrived = 0;

    for (size_t i = 0; i < n; i++) {
        struct weft_pkt *copy = carry(w, d, batch[i]);

        d->stats->bytes += pkt_total(batch[i]);
        pkt_release(batch[i]);
        if (copy)
            batch[arrived++] = copy;
    }
    d->stats->sent += n;
    d->stats->delivered += arrived;
    weft_input(d->to, batch, arrived, now);
}

/* In line: of a packet that comes alone, the way through all these calls is a good part of the price. */
__attribute__((always_inline)) static inline size_t take_in(struct weft_wire *w, int end, weft_time now)
{
    struct direction *d = &w->dir[end];
    weft_pkt *batch[BATCH];
    size_t total = 0, n;

    do { /* the caller has seen that it may want to */
        n = weft_output(d->from, batch, BATCH, now);
        total += n;
        if (n && !w->config.filter && weft_lane_is_plain(d->lane))
            pass_on(w, d, batch, n, now);
        else
            for (size_t i = 0; i < n; i++)
                enter(w, end, batch[i], now);
    } while (n && total < RUN_LIMIT && if_may_want(d->from));
    return total;
}

static size_t deliver(struct direction *d, weft_time now)
{
    weft_pkt *batch[BATCH];
    size_t total = 0, n;

    do {
        for (n = 0; n < BATCH && (batch[n] = weft_lane_take(d->lane, now)) != NULL; n++)
            ;
        if (n)
            weft_input(d->to, batch, n, now);
        total += n;
    } while (n == BATCH && total < RUN_LIMIT);
    return total;
}

ASIDE static size_t deliver_all(struct weft_wire *w, weft_time now)
{
    size_t delivered = 0;

    for (int end = 0; end < 2; end++)
        if (weft_lane_deadline(w->dir[end].lane) <= now)
            delivered += deliver(&w->dir[end], now);
    w->under_way -= delivered;
    return delivered;
}

size_t weft_wire_run(weft_wire *wire, weft_time now)
{
    size_t moved = 0;

    for (int end = 0; end < 2; end++) { /* mostly there is nothing: that is seen from here */
        weft_clock(weft_if_stack(wire->dir[end].from), now);
        if (if_may_want(wire->dir[end].from))
            moved += take_in(wire, end, now);
    }
    return moved + (wire->under_way ? deliver_all(wire, now) : 0);
}

weft_time weft_wire_deadline(const weft_wire *wire)
{
    weft_time at = WEFT_NEVER;

    for (int end = 0; end < 2; end++)
        at = min_u64(at, weft_lane_deadline(wire->dir[end].lane));
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
        struct direction *d = &w->dir[end];

        d->from = end ? end1 : end0;
        d->to = end ? end0 : end1;
        d->lane = weft_lane_new(env, &config->direction[end], config->seed * 2 + (uint64_t)end);
        if (!d->lane) {
            weft_wire_free(w);
            return NULL;
        }
        d->stats = weft_lane_stats(d->lane);
    }
    return w;
}

void weft_wire_free(weft_wire *wire)
{
    struct mem mem = wire->mem; /* which is about to free itself */

    for (int end = 0; end < 2; end++) {
        weft_lane *lane = wire->dir[end].lane;
        struct weft_pkt *pkt;

        while (lane && (pkt = weft_lane_take(lane, WEFT_NEVER)) != NULL)
            pkt_release(pkt);
        weft_lane_free(lane);
    }
    mem_free(&mem, MEM_stack, wire, sizeof *wire);
}

void weft_wire_impair(weft_wire *wire, int from_end, const struct weft_impairment *how)
{
    weft_lane_impair(wire->dir[from_end].lane, how);
}

void weft_wire_stats(const weft_wire *wire, int from_end, struct weft_lane_stats *out)
{
    *out = *wire->dir[from_end].stats;
}
