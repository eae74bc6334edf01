/* SPDX-License-Identifier: MIT */
/*
 * One direction of a link (weft/lane.h).
 *
 * The queue before the bottleneck is not kept, only computed: a packet is through when all before it and itself have
 * been sent, so what waits at any moment is a length of time. Counting packets needs the times of the last
 * queue_packets that were admitted: there is room when the oldest of them is through.
 *
 * Invariants: the heap is ordered by (arrival, order of entry). Without reordering arrivals never decrease. At most one
 * packet is held back to be overtaken by a number of others, and it is outside the heap until then.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "weft/lane.h"
#include "wire/mark.h"

struct flight {
    weft_time at;
    uint64_t order;
    void *packet;
};

struct weft_lane {
    struct mem mem;
    struct weft_impairment how;
    bool harmless;       /* `how` neither delays nor changes anything */
    struct rng rng;
    struct weft_lane_stats stats;

    uint32_t burst_left; /* of packets that go the same way as the one lost before */
    uint64_t judged;
    bool marks;          /* the packet that was admitted last is to be marked */
    bool bad;            /* the state of Gilbert and Elliott */

    weft_time free_at;   /* when the bottleneck has sent what it has, rounded down ... */
    uint64_t free_rest;  /* ... by this many rate-ths of a nanosecond */
    weft_time *through;  /* of the last how.queue_packets admitted, as a ring; NULL until the first */
    uint32_t through_next;

    weft_time last;      /* the latest arrival so far */
    uint64_t order;
    struct flight *heap;
    size_t count, room;

    struct flight held;  /* overtaken by held_gap more it goes on, at held.at at the latest; packet NULL: none */
    uint32_t held_gap;
};

/* ---- the heap ---- */

static bool earlier(const struct flight *a, const struct flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static bool heap_grow(struct weft_lane *l)
{
    size_t room = l->room ? 2 * l->room : 256;
    struct flight *heap = mem_alloc(&l->mem, MEM_queue, room * sizeof *heap);

    if (!heap)
        return false;
    if (l->heap) {
        memcpy(heap, l->heap, l->count * sizeof *heap);
        mem_free(&l->mem, MEM_queue, l->heap, l->room * sizeof *heap);
    }
    l->heap = heap;
    l->room = room;
    return true;
}

static bool heap_push(struct weft_lane *l, struct flight f)
{
    size_t i = l->count;

    if (l->count == l->room && !heap_grow(l))
        return false;
    l->count++;
    for (; i && earlier(&f, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = f;
    return true;
}

static struct flight heap_pop(struct weft_lane *l)
{
    struct flight top = l->heap[0], last = l->heap[--l->count];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= l->count)
            break;
        if (child + 1 < l->count && earlier(&l->heap[child + 1], &l->heap[child]))
            child++;
        if (!earlier(&l->heap[child], &last))
            break;
        l->heap[i] = l->heap[child];
        i = child;
    }
    if (l->count)
        l->heap[i] = last;
    return top;
}

/* ---- chance ---- */

/* Loss is decided in the state the packet meets; the state changes behind it. */
static bool gilbert_loses(struct weft_lane *l)
{
    bool lost = rng_chance(&l->rng, l->bad ? l->how.gilbert.lost_bad : l->how.gilbert.lost_good);

    if (rng_chance(&l->rng, l->bad ? l->how.gilbert.to_good : l->how.gilbert.to_bad))
        l->bad = !l->bad;
    return lost;
}

static bool loses(struct weft_lane *l)
{
    const struct weft_impairment *h = &l->how;

    l->judged++;
    if (h->loss_every && l->judged % h->loss_every == 0)
        return true;
    if (l->burst_left) {
        l->burst_left--;
        return true;
    }
    if (rng_chance(&l->rng, h->loss)) {
        l->burst_left = h->loss_burst ? h->loss_burst - 1 : 0;
        return true;
    }
    return (h->gilbert.to_bad || h->gilbert.lost_good) && gilbert_loses(l);
}

enum weft_wire_verdict weft_lane_judge(weft_lane *lane)
{
    if (loses(lane))
        return WEFT_WIRE_LOSE;
    return rng_chance(&lane->rng, lane->how.duplicate) ? WEFT_WIRE_DUPLICATE : WEFT_WIRE_PASS;
}

bool weft_lane_corrupts(weft_lane *lane, uint64_t bytes, uint64_t *bit)
{
    if (!rng_chance(&lane->rng, lane->how.corrupt))
        return false;
    *bit = rng_below(&lane->rng, bytes * 8);
    lane->stats.corrupted++;
    return true;
}

/* Seldom asked for: then only does it take part in the sequence of chances. */
static bool marks_by_chance(struct weft_lane *l)
{
    return l->how.mark && rng_chance(&l->rng, l->how.mark);
}

bool weft_lane_marks(const weft_lane *lane)
{
    return lane->marks;
}

bool weft_lane_mark(weft_lane *lane, enum weft_link link, uint8_t *frame, size_t n)
{
    bool marked = mark_congestion(frame, n, link == WEFT_LINK_ETHERNET);

    lane->stats.marked += marked;
    return marked;
}

/* ---- the bottleneck ---- */

/* Is there no room to wait behind `busy` nanoseconds' worth of others? What finds nobody waiting always fits. */
static bool bytes_overflow(const struct weft_impairment *how, uint64_t bytes, weft_time busy)
{
    uint64_t room = min_u64(how->queue_bytes, UINT32_MAX / 2);

    return room && busy && (bytes > room || busy > (room - bytes) * 8 * WEFT_S / how->bits_per_second);
}

static bool packets_overflow(const struct weft_lane *l, weft_time now)
{
    return l->through && l->through[l->through_next] > now;
}

/* False when out of memory. */
static bool remember_through(struct weft_lane *l, weft_time through)
{
    uint32_t n = l->how.queue_packets;

    if (n == 0)
        return true;
    if (!l->through) {
        l->through = mem_alloc(&l->mem, MEM_queue, n * sizeof *l->through);
        if (!l->through)
            return false;
        memset(l->through, 0, n * sizeof *l->through);
    }
    l->through[l->through_next] = through;
    l->through_next = (l->through_next + 1) % n;
    return true;
}

/* When it is through the bottleneck; WEFT_NEVER: the queue before it is full. */
static weft_time through_bottleneck(struct weft_lane *l, uint64_t bytes, weft_time now)
{
    uint64_t rate = l->how.bits_per_second, work;
    weft_time start = max_u64(now, l->free_at);

    if (rate == 0)
        return now;
    if (start != l->free_at)
        l->free_rest = 0;
    if (bytes_overflow(&l->how, bytes, start - now) || packets_overflow(l, now))
        return WEFT_NEVER;
    work = bytes * 8 * WEFT_S + l->free_rest;
    if (!remember_through(l, start + work / rate))
        return WEFT_NEVER;
    l->free_at = time_after(start, work / rate);
    l->free_rest = work % rate;
    l->stats.wait_max = max_u64(l->stats.wait_max, start - now);
    l->marks |= l->how.mark_wait && start - now > l->how.mark_wait;
    return l->free_at;
}

weft_time weft_lane_admit(weft_lane *lane, enum weft_wire_verdict verdict, uint64_t bytes, weft_time now)
{
    weft_time through;

    lane->marks = marks_by_chance(lane);
    through = verdict == WEFT_WIRE_LOSE ? WEFT_NEVER : through_bottleneck(lane, bytes, now);
    lane->stats.sent++;
    lane->stats.bytes += bytes;
    if (verdict == WEFT_WIRE_LOSE)
        lane->stats.lost++;
    else if (through == WEFT_NEVER)
        lane->stats.overflowed++;
    else if (verdict == WEFT_WIRE_DUPLICATE)
        lane->stats.duplicated++;
    return through;
}

/* ---- the way to the other end ---- */

/* Later ones overtake a packet that is held back, so it does not count for their order. */
static struct flight flight_of(struct weft_lane *l, void *packet, weft_time through, bool *held)
{
    struct flight f = {.at = time_after(through, l->how.delay), .order = l->order++, .packet = packet};

    if (l->how.jitter)
        f.at = time_after(f.at, rng_below(&l->rng, time_after(l->how.jitter, 1)));
    if (!l->how.jitter_reorders)
        f.at = max_u64(l->last, f.at);
    *held = rng_chance(&l->rng, l->how.reorder) && !(l->how.reorder_gap && l->held.packet);
    if (*held)
        f.at = time_after(f.at, l->how.reorder_delay);
    else
        l->last = max_u64(l->last, f.at);
    return f;
}

/*
 * Another packet, which arrives at `at`, overtakes the one held back: if it was the last to do so, that one follows it.
 */
static void overtake(struct weft_lane *l, weft_time at)
{
    struct flight f = l->held;

    if (!f.packet || --l->held_gap > 0)
        return;
    f.at = min_u64(f.at, at);
    f.order = l->order++;
    if (heap_push(l, f)) {
        l->held.packet = NULL;
    } else { /* no memory: the next one overtakes it too, or its time comes */
        l->held_gap = 1;
    }
}

bool weft_lane_file(weft_lane *lane, void *packet, weft_time through)
{
    bool held;
    struct flight f = flight_of(lane, packet, through, &held);

    lane->stats.reordered += held;
    if (held && lane->how.reorder_gap) {
        lane->held = f;
        lane->held_gap = lane->how.reorder_gap;
        return true;
    }
    if (!heap_push(lane, f)) {
        lane->stats.overflowed++;
        return false;
    }
    if (!held)
        overtake(lane, f.at);
    return true;
}

/* Is the packet that is held back the next to arrive? */
static bool held_is_next(const struct weft_lane *l)
{
    return l->held.packet && (!l->count || l->held.at < l->heap[0].at);
}

weft_time weft_lane_deadline(const weft_lane *lane)
{
    if (likely(!lane->count && !lane->held.packet))
        return WEFT_NEVER;
    return held_is_next(lane) ? lane->held.at : lane->heap[0].at;
}

void *weft_lane_take(weft_lane *lane, weft_time now)
{
    bool held = held_is_next(lane);
    struct flight f;

    if ((!held && !lane->count) || weft_lane_deadline(lane) > now)
        return NULL;
    f = held ? lane->held : heap_pop(lane);
    if (held)
        lane->held.packet = NULL;
    lane->stats.delivered++;
    if (now != WEFT_NEVER) {
        lane->stats.late_total += now - f.at;
        lane->stats.late_max = max_u64(lane->stats.late_max, now - f.at);
    }
    return f.packet;
}

size_t weft_lane_count(const weft_lane *lane)
{
    return lane->count + (lane->held.packet != NULL);
}

struct weft_lane_stats *weft_lane_stats(weft_lane *lane)
{
    return &lane->stats;
}

bool weft_lane_is_plain(const weft_lane *lane)
{
    return lane->harmless && weft_lane_count(lane) == 0 && !lane->burst_left;
}

/* ---- making one ---- */

static void set_how(struct weft_lane *l, const struct weft_impairment *h)
{
    l->how = *h;
    l->harmless = !h->bits_per_second && !h->delay && !h->jitter && !h->loss && !h->loss_every && !h->gilbert.to_bad &&
                  !h->gilbert.lost_good && !h->duplicate && !h->corrupt && !h->mark && !h->reorder;
}

static void forget_through(struct weft_lane *l)
{
    if (l->through)
        mem_free(&l->mem, MEM_queue, l->through, l->how.queue_packets * sizeof *l->through);
    l->through = NULL;
    l->through_next = 0;
}

void weft_lane_impair(weft_lane *lane, const struct weft_impairment *how)
{
    if (how->queue_packets != lane->how.queue_packets)
        forget_through(lane); /* its length is the old one: what waits now does not count for the new */
    set_how(lane, how);
}

weft_lane *weft_lane_new(const struct weft_env *env, const struct weft_impairment *how, uint64_t seed)
{
    struct mem mem = {.ctx = env->ctx, .alloc = env->alloc, .free = env->free, .refuse = env->refuse};
    struct weft_lane *l = mem_alloc(&mem, MEM_queue, sizeof *l);

    if (!l)
        return NULL;
    memset(l, 0, sizeof *l);
    l->mem = mem;
    set_how(l, how);
    rng_seed(&l->rng, seed);
    return l;
}

void weft_lane_free(weft_lane *lane)
{
    struct mem mem;

    if (!lane)
        return;
    forget_through(lane);
    mem_free(&lane->mem, MEM_queue, lane->heap, lane->room * sizeof *lane->heap);
    mem = lane->mem; /* which is about to free itself */
    mem_free(&mem, MEM_queue, lane, sizeof *lane);
}
