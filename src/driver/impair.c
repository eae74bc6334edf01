/* SPDX-License-Identifier: MIT */
/*
 * A link that misbehaves on purpose: a driver around another one that loses, duplicates, corrupts, delays and reorders
 * what passes, each direction by itself and from a seed (weft_impair_open).
 *
 * A packet enters a direction when the stack hands it over, or when the inner driver has it. Chance then decides what
 * becomes of it, in this order: lost, duplicated, and for each copy corrupted, delayed, held back. It depends on the
 * seed and the packets before alone, not on time. Packets that leave at once go the same way.
 *
 * Invariants: both queues of a direction are ordered by time, because a packet never leaves before the one in front of
 * it; of the two, the earlier head is the next to leave. A direction holds at most QUEUE_MAX packets.
 */
#include <stdlib.h>
#include <time.h>

#include "weft/driver.h"

#define BATCH     64
#define QUEUE_MAX 65536          /* under way in one direction; what more comes is lost */
#define RETRY     (1 * WEFT_MS)  /* how soon a full device is asked again when nobody polls it for writing */

enum { OUT, IN };

struct flight {
    struct flight *next;
    weft_time at; /* CLOCK_MONOTONIC */
    weft_pkt *pkt;
};

struct queue {
    struct flight *first, **end;
    weft_time last; /* when the latest one that was ever here leaves */
};

struct way {
    struct weft_impairment how;
    uint64_t random;          /* the generator's state */
    struct queue plain, held; /* held: those that later ones overtake */
    size_t count;
};

struct impair {
    struct weft_driver driver; /* first: what the others see */
    weft_driver *inner;
    struct way way[2];
    weft_time retry_at; /* 0: the inner driver took all it was given; else it was full */
};

static weft_time monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
}

static weft_time later(weft_time t, weft_time by)
{
    return by < WEFT_NEVER - t ? t + by : WEFT_NEVER;
}

/* ---- chance ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct way *w)
{
    uint64_t z = w->random += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Uniform in [0, n), but for less than n parts in 2^64; n > 0. */
static uint64_t draw_below(struct way *w, uint64_t n)
{
    return draw(w) % n;
}

static bool chance(struct way *w, uint32_t ppm)
{
    return ppm && draw_below(w, 1000000) < ppm;
}

/* ---- queues ---- */

static void queue_init(struct queue *q)
{
    *q = (struct queue){.end = &q->first};
}

static void queue_add(struct queue *q, struct flight *f)
{
    f->next = NULL;
    *q->end = f;
    q->end = &f->next;
    q->last = f->at;
}

/* The queue whose head leaves next; NULL when both are empty. */
static struct queue *way_next(struct way *w)
{
    if (!w->held.first)
        return w->plain.first ? &w->plain : NULL;
    return w->plain.first && w->plain.first->at <= w->held.first->at ? &w->plain : &w->held;
}

static weft_time way_deadline(struct way *w)
{
    const struct queue *q = way_next(w);

    return q ? q->first->at : WEFT_NEVER;
}

/* Takes out the packet that leaves next; there is one. */
static weft_pkt *way_take(struct way *w)
{
    struct queue *q = way_next(w);
    struct flight *f = q->first;
    weft_pkt *pkt = f->pkt;

    q->first = f->next;
    if (!q->first)
        q->end = &q->first;
    w->count--;
    free(f);
    return pkt;
}

/* ---- one packet ---- */

static void lose(weft_driver *d, weft_pkt *pkt, enum weft_drop why)
{
    weft_count_drop(d->stack, why);
    weft_pkt_release(pkt);
}

/* A copy with bytes of its own; NULL, and counted, when out of memory. */
static weft_pkt *copy_of(weft_driver *d, const weft_pkt *pkt)
{
    struct weft_pkt_offload offload;
    size_t n = weft_pkt_len(pkt);
    weft_pkt *copy = weft_pkt_new(d->stack, n);

    if (!copy) {
        weft_count_drop(d->stack, WEFT_DROP_no_memory);
        return NULL;
    }
    weft_pkt_copy(pkt, 0, weft_pkt_data(copy), n);
    weft_pkt_set_len(copy, n);
    weft_pkt_get_offload(pkt, &offload);
    weft_pkt_set_offload(copy, &offload);
    return copy;
}

/* The packet with one bit flipped, in bytes of its own: others may be shared with a send queue. Takes pkt. */
static weft_pkt *corrupted(weft_driver *d, struct way *w, weft_pkt *pkt)
{
    static const struct weft_pkt_offload verify_all;
    weft_pkt *copy = copy_of(d, pkt);
    uint64_t bit;

    weft_pkt_release(pkt);
    if (!copy)
        return NULL;
    bit = draw_below(w, (uint64_t)weft_pkt_len(copy) * 8);
    weft_pkt_data(copy)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    weft_pkt_set_offload(copy, &verify_all); /* nobody vouches for its checksum any more */
    return copy;
}

/* When the packet leaves, and through which queue. */
static weft_time departure(struct way *w, weft_time now, struct queue **queue)
{
    weft_time at = later(now, w->how.delay);

    if (w->how.jitter)
        at = later(at, draw_below(w, later(w->how.jitter, 1)));
    if (at < w->plain.last)
        at = w->plain.last;
    *queue = &w->plain;
    if (!chance(w, w->how.reorder))
        return at;
    *queue = &w->held;
    at = later(at, w->how.reorder_delay);
    return at < w->held.last ? w->held.last : at;
}

/* One copy on its way. Takes pkt. */
static void launch(weft_driver *d, struct way *w, weft_pkt *pkt, weft_time now)
{
    struct queue *queue;
    struct flight *f;

    if (weft_pkt_len(pkt) > 0 && chance(w, w->how.corrupt))
        pkt = corrupted(d, w, pkt);
    if (!pkt)
        return;
    if (w->count == QUEUE_MAX) {
        lose(d, pkt, WEFT_DROP_link_queue_full);
        return;
    }
    f = malloc(sizeof(*f));
    if (!f) {
        lose(d, pkt, WEFT_DROP_no_memory);
        return;
    }
    f->pkt = pkt;
    f->at = departure(w, now, &queue);
    queue_add(queue, f);
    w->count++;
}

/* Takes pkt. */
static void enter(weft_driver *d, struct way *w, weft_pkt *pkt, weft_time now)
{
    weft_pkt *twin = NULL;

    if (chance(w, w->how.loss)) {
        lose(d, pkt, WEFT_DROP_link_lost);
        return;
    }
    if (chance(w, w->how.duplicate))
        twin = copy_of(d, pkt);
    launch(d, w, pkt, now);
    if (twin)
        launch(d, w, twin, now);
}

/* ---- the driver ---- */

/* Hands the device what has to leave by now; false when it was full. */
static bool flush(struct impair *m, weft_time now)
{
    struct way *w = &m->way[OUT];
    weft_pkt *pkt;

    m->retry_at = 0;
    while (way_deadline(w) <= now) {
        pkt = way_next(w)->first->pkt;
        if (m->inner->ops->transmit(m->inner, &pkt, 1) == 0) {
            m->retry_at = later(now, RETRY);
            return false;
        }
        way_take(w);
    }
    return true;
}

static int impair_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct impair *m = (struct impair *)d;
    struct way *w = &m->way[IN];
    weft_time now = monotonic();
    weft_pkt *batch[BATCH];
    int got, i, n = 0;

    m->inner->stack = d->stack;
    flush(m, now);
    got = m->inner->ops->receive(m->inner, batch, max < BATCH ? max : BATCH);
    for (i = 0; i < got; i++)
        enter(d, w, batch[i], now);
    while ((size_t)n < max && way_deadline(w) <= now)
        out[n++] = way_take(w);
    return n == 0 && got < 0 ? got : n;
}

/* What the device cannot take is kept where it is polled for: at the caller. */
static size_t impair_transmit(weft_driver *d, weft_pkt *const *pkts, size_t n)
{
    struct impair *m = (struct impair *)d;
    weft_time now = monotonic();
    size_t i;

    m->inner->stack = d->stack;
    if (!flush(m, now))
        return 0;
    for (i = 0; i < n; i++)
        enter(d, &m->way[OUT], pkts[i], now);
    flush(m, now);
    return n;
}

static weft_time impair_deadline(weft_driver *d)
{
    struct impair *m = (struct impair *)d;
    weft_time out = way_deadline(&m->way[OUT]), in = way_deadline(&m->way[IN]);

    if (out < m->retry_at)
        out = m->retry_at;
    return out < in ? out : in;
}

static void impair_close(weft_driver *d)
{
    struct impair *m = (struct impair *)d;
    int end;

    for (end = OUT; end <= IN; end++) {
        while (way_next(&m->way[end]))
            weft_pkt_release(way_take(&m->way[end]));
    }
    m->inner->ops->close(m->inner);
    free(m);
}

static const struct weft_driver_ops impair_ops = {"impair", impair_receive, impair_transmit, impair_close,
                                                  impair_deadline};

static void way_init(struct way *w, const struct weft_impairment *how, uint64_t seed)
{
    w->how = *how;
    w->random = seed;
    w->random = draw(w); /* so that neighbouring seeds are strangers */
    queue_init(&w->plain);
    queue_init(&w->held);
}

weft_driver *weft_impair_open(weft_driver *inner, const struct weft_impairment direction[2], uint64_t seed)
{
    struct impair *m = calloc(1, sizeof(*m));

    if (!m) {
        inner->ops->close(inner);
        return NULL;
    }
    m->driver = (struct weft_driver){.ops = &impair_ops, .fd = inner->fd, .ifc = inner->ifc};
    /* A super-segment would be lost as one packet: up to 64 KiB at a stroke. */
    m->driver.ifc.offload = 0;
    m->inner = inner;
    way_init(&m->way[OUT], &direction[OUT], seed);
    way_init(&m->way[IN], &direction[IN], ~seed);
    return &m->driver;
}
