/* SPDX-License-Identifier: MIT */
/*
 * A link that misbehaves on purpose: a driver around another one whose packets go through a lane each way
 * (weft/lane.h).
 *
 * A packet enters a direction when the stack hands it over, or when the inner driver has it. Of a packet that arrives
 * at once nothing is kept; what the inner driver has no room for is taken out of the lane and waits for it, in order.
 */
#include <stdlib.h>
#include <time.h>

#include "weft/driver.h"

#define BATCH     64
#define QUEUE_MAX 65536          /* under way in one direction; what more comes is lost */
#define RETRY     (1 * WEFT_MS)  /* how soon a full device is asked again when nobody polls it for writing */

enum { OUT, IN };

struct impair {
    struct weft_driver driver; /* first: what the others see */
    weft_driver *inner;
    weft_lane *lane[2];
    weft_pkt *refused;  /* by the inner driver, which was full; NULL: none */
    weft_time retry_at; /* when it is offered again */
};

static weft_time monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (weft_time)t.tv_sec * WEFT_S + (weft_time)t.tv_nsec;
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

/* The packet with this bit flipped, in bytes of its own: others may be shared with a send queue. Takes pkt. */
static weft_pkt *corrupted(weft_driver *d, weft_pkt *pkt, uint64_t bit)
{
    static const struct weft_pkt_offload verify_all;
    weft_pkt *copy = copy_of(d, pkt);

    weft_pkt_release(pkt);
    if (!copy)
        return NULL;
    weft_pkt_data(copy)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    weft_pkt_set_offload(copy, &verify_all); /* nobody vouches for its checksum any more */
    return copy;
}

/* The packet with a mark of congestion if it can have one, in bytes of its own. Takes pkt. */
static weft_pkt *marked(weft_driver *d, weft_lane *lane, weft_pkt *pkt)
{
    weft_pkt *copy = copy_of(d, pkt);

    weft_pkt_release(pkt);
    if (copy)
        weft_lane_mark(lane, d->ifc.link, weft_pkt_data(copy), weft_pkt_len(copy));
    return copy;
}

/* One copy on its way. Takes pkt. */
static void launch(weft_driver *d, weft_lane *lane, weft_pkt *pkt, weft_time through)
{
    uint64_t bit;

    if (weft_lane_marks(lane))
        pkt = marked(d, lane, pkt);
    if (pkt && weft_pkt_len(pkt) > 0 && weft_lane_corrupts(lane, weft_pkt_len(pkt), &bit))
        pkt = corrupted(d, pkt, bit);
    if (!pkt)
        return;
    if (weft_lane_count(lane) == QUEUE_MAX) {
        weft_lane_stats(lane)->overflowed++;
        lose(d, pkt, WEFT_DROP_link_queue_full);
    } else if (!weft_lane_file(lane, pkt, through)) {
        lose(d, pkt, WEFT_DROP_no_memory);
    }
}

/* Takes pkt. */
static void enter(weft_driver *d, weft_lane *lane, weft_pkt *pkt, weft_time now)
{
    enum weft_wire_verdict v = weft_lane_judge(lane);
    weft_time through = weft_lane_admit(lane, v, weft_pkt_len(pkt), now);
    weft_pkt *twin = NULL;

    if (through == WEFT_NEVER) {
        lose(d, pkt, v == WEFT_WIRE_LOSE ? WEFT_DROP_link_lost : WEFT_DROP_link_queue_full);
        return;
    }
    if (v == WEFT_WIRE_DUPLICATE)
        twin = copy_of(d, pkt);
    launch(d, lane, pkt, through);
    if (twin)
        launch(d, lane, twin, through);
}

/* ---- the driver ---- */

/* Hands the device what has to leave by now; false when it was full. */
static bool flush(struct impair *m, weft_time now)
{
    weft_pkt *pkt;

    while ((pkt = m->refused ? m->refused : weft_lane_take(m->lane[OUT], now)) != NULL) {
        m->refused = NULL;
        if (m->inner->ops->transmit(m->inner, &pkt, 1) == 0) {
            m->refused = pkt;
            m->retry_at = now + RETRY;
            return false;
        }
    }
    return true;
}

static int impair_receive(weft_driver *d, weft_pkt **out, size_t max)
{
    struct impair *m = (struct impair *)d;
    weft_time now = monotonic();
    weft_pkt *batch[BATCH];
    int got, i, n = 0;

    m->inner->stack = d->stack;
    flush(m, now);
    got = m->inner->ops->receive(m->inner, batch, max < BATCH ? max : BATCH);
    for (i = 0; i < got; i++)
        enter(d, m->lane[IN], batch[i], now);
    while ((size_t)n < max && (out[n] = weft_lane_take(m->lane[IN], now)) != NULL)
        n++;
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
        enter(d, m->lane[OUT], pkts[i], now);
    flush(m, now);
    return n;
}

static weft_time impair_deadline(weft_driver *d)
{
    struct impair *m = (struct impair *)d;
    weft_time out = m->refused ? m->retry_at : weft_lane_deadline(m->lane[OUT]);
    weft_time in = weft_lane_deadline(m->lane[IN]);
    weft_time inner = m->inner->ops->deadline ? m->inner->ops->deadline(m->inner) : WEFT_NEVER;
    weft_time ours = out < in ? out : in;

    return inner < ours ? inner : ours;
}

static void impair_close(weft_driver *d)
{
    struct impair *m = (struct impair *)d;
    weft_pkt *pkt;
    int direction;

    for (direction = OUT; direction <= IN; direction++) {
        while (m->lane[direction] && (pkt = weft_lane_take(m->lane[direction], WEFT_NEVER)) != NULL)
            weft_pkt_release(pkt);
        weft_lane_free(m->lane[direction]);
    }
    if (m->refused)
        weft_pkt_release(m->refused);
    m->inner->ops->close(m->inner);
    free(m);
}

static const struct weft_driver_ops impair_ops = {"impair", impair_receive, impair_transmit, impair_close,
                                                  impair_deadline};

/* ---- making one ---- */

static void *env_alloc(void *ctx, size_t size, size_t align)
{
    void *p = NULL;

    (void)ctx;
    return posix_memalign(&p, align < sizeof p ? sizeof p : align, size) == 0 ? p : NULL;
}

static void env_free(void *ctx, void *p, size_t size)
{
    (void)ctx, (void)size;
    free(p);
}

weft_driver *weft_impair_open(weft_driver *inner, const struct weft_impairment direction[2], uint64_t seed)
{
    const struct weft_env env = {.alloc = env_alloc, .free = env_free};
    struct impair *m = calloc(1, sizeof(*m));

    if (!m) {
        inner->ops->close(inner);
        return NULL;
    }
    m->driver = (struct weft_driver){.ops = &impair_ops, .fd = inner->fd, .ifc = inner->ifc};
    /* A super-segment would be lost as one packet: up to 64 KiB at a stroke. */
    m->driver.ifc.offload = 0;
    m->inner = inner;
    m->lane[OUT] = weft_lane_new(&env, &direction[OUT], seed);
    m->lane[IN] = weft_lane_new(&env, &direction[IN], ~seed);
    if (!m->lane[OUT] || !m->lane[IN]) {
        impair_close(&m->driver);
        return NULL;
    }
    return &m->driver;
}

const struct weft_lane_stats *weft_impair_stats(const weft_driver *impair, int direction)
{
    return weft_lane_stats(((const struct impair *)impair)->lane[direction]);
}
