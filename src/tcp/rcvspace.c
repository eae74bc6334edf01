/* SPDX-License-Identifier: MIT */
/* The receive buffer and its growth; see rcvspace.h. */
#include "tcp/rcvspace.h"

#define MAX_SHIFT     14         /* RFC 7323 §2.3 */
#define DEFAULT_RATIO 128        /* until something was measured: half */
#define PACKET_COST   256        /* what a packet costs besides its data */
#define DATA_COST     320        /* and what its data costs besides the headers and payload */
#define HEADERS       116        /* room in front, and the headers of IPv4 and TCP with timestamps */
#define FIRST_SEGMENTS 10        /* what a sender's first flight holds (RFC 6928) */

void rcvspace_init(struct rcvspace *r, uint32_t buffer)
{
    *r = (struct rcvspace){.buffer = buffer, .ratio = DEFAULT_RATIO};
}

void rcvspace_set_elsewhere(struct rcvspace *r, size_t bytes)
{
    uint64_t shares = ((uint64_t)bytes * RCVSPACE_SHARES + r->buffer - 1) / r->buffer;

    r->elsewhere = (uint8_t)min_u64(shares, RCVSPACE_SHARES - 1);
}

/* Memory comes in powers of two. */
static uint32_t room_for(uint32_t payload)
{
    uint32_t need = min_u32(payload, 1u << 20) + HEADERS + DATA_COST, room = 512;

    while (room < need)
        room *= 2;
    return room;
}

uint32_t rcvspace_true_size(uint32_t payload) { return room_for(payload) + PACKET_COST; }

/* What costs more than the buffer is moved together. */
static void move_together(struct rcvcost *k, const struct rcvspace *r)
{
    if (unlikely(k->size > r->buffer))
        k->size = min_u32(k->size, (uint32_t)min_u64((uint64_t)k->bytes * RCVSPACE_RATIO_UNIT / r->ratio, UINT32_MAX));
}

void rcvcost_first(struct rcvcost *k, const struct rcvspace *r, uint32_t payload)
{
    uint32_t room = room_for(payload);

    *k = (struct rcvcost){room + PACKET_COST, payload, 1, room - payload - HEADERS - DATA_COST};
    move_together(k, r);
}

void rcvcost_add(struct rcvcost *k, const struct rcvspace *r, uint32_t payload, uint32_t segments, bool in_order,
                 uint32_t before, uint32_t held)
{
    if (likely(before == 0)) {
        *k = (struct rcvcost){0};
    } else {
        uint32_t freed = rcvcost_freed(k, before);

        k->size = rcvcost_of(k, before);
        k->segments -= freed;
    }
    k->bytes = held;
    while (segments && in_order && payload <= k->tail) { /* small ones go where the last one left room */
        k->tail -= payload;
        segments--;
    }
    k->size += segments * rcvspace_true_size(payload);
    k->segments += segments;
    if (segments && in_order)
        k->tail = room_for(payload) - payload - HEADERS - DATA_COST;
    move_together(k, r);
}

uint32_t rcvspace_first_window(const struct rcvspace *r, uint32_t mss)
{
    uint32_t space = rcvspace_window(r, r->buffer);

    if (r->clamp)
        space = min_u32(space, r->clamp);
    if (mss && space > mss)
        space -= space % mss;
    return min_u32(space, 65535);
}

uint8_t rcvspace_shift(const struct rcvspace *r, uint32_t max)
{
    uint32_t space = max_u32(rcvspace_window(r, r->buffer), max);
    unsigned bits;

    if (r->fixed)
        space = min_u32(space, rcvspace_window(r, r->buffer));
    if (r->clamp)
        space = min_u32(space, r->clamp);
    bits = 32u - (unsigned)__builtin_clz(space | 1); /* of which a window field takes sixteen */
    return (uint8_t)(bits > 16 ? min_u32(bits - 16, MAX_SHIFT) : 0);
}

void rcvspace_start(struct rcvspace *r, uint32_t window, uint8_t shift, uint32_t mss)
{
    uint32_t full = rcvspace_window(r, r->buffer);
    uint32_t clamp = min_u32(r->clamp ? r->clamp : UINT32_MAX, 65535u << shift);

    clamp = min_u32(clamp, full);
    if (clamp > 2 * mss && clamp + mss > full) /* one segment stays in reserve */
        clamp = max_u32(2 * mss, full > mss ? full - mss : 0);
    r->clamp = clamp;
    r->ssthresh = min_u32(window, clamp);
}

void rcvtune_init(struct rcvtune *t) { *t = (struct rcvtune){0}; }

uint32_t rcvtune_first(const struct rcvspace *r, uint32_t mss)
{
    return max_u32(min_u32(r->ssthresh, FIRST_SEGMENTS * mss), 1);
}

void rcvtune_begin(struct rcvtune *t, const struct rcvspace *r, uint32_t mss, struct seq unread, weft_time now)
{
    if (t->since)
        return;
    t->since = max_u64(now, 1);
    t->from = unread;
    t->most = rcvtune_first(r, mss);
}

/* All that the buffer has room for may be promised some day, unless the user said otherwise. */
static void fit_clamp(struct rcvspace *r)
{
    uint32_t all = max_u32(rcvspace_window(r, r->buffer), 1);

    r->clamp = r->clamped ? min_u32(r->clamp, all) : all;
}

void rcvspace_learn_ratio(struct rcvspace *r, uint32_t payload, uint32_t open)
{
    uint32_t clamp = r->clamp;
    uint32_t ratio = (uint32_t)((uint64_t)payload * RCVSPACE_RATIO_UNIT / rcvspace_true_size(payload));
    uint8_t now = (uint8_t)max_u32(min_u32(ratio, 255), 1);

    if (now == r->ratio)
        return;
    r->ratio = now;
    fit_clamp(r);
    if (r->clamp > clamp) /* what is promised already is no news */
        r->ssthresh = max_u32(r->ssthresh, min_u32(open, r->clamp));
    else
        r->ssthresh = min_u32(r->ssthresh, r->clamp);
}

/* How far the promise may go after a segment whose memory is mostly overhead: not at all when the buffer is large. */
static uint32_t careful_step(const struct rcvspace *r, uint32_t payload, uint32_t rcv_mss, uint32_t max)
{
    uint32_t cost = rcvspace_window(r, rcvspace_true_size(payload)) / 2;

    for (uint32_t window = rcvspace_window(r, max) / 2; r->ssthresh <= window; window /= 2, cost /= 2)
        if (cost <= payload)
            return 2 * rcv_mss;
    return 0;
}

bool rcvspace_grow(struct rcvspace *r, uint32_t payload, uint32_t cost, uint32_t mss, uint32_t rcv_mss, uint32_t max)
{
    uint32_t most = min_u32(r->clamp, rcvspace_free(r, cost)), step;

    if (most <= r->ssthresh)
        return false;
    step = rcvspace_window(r, rcvspace_true_size(payload)) <= payload ? 2 * mss
                                                                      : careful_step(r, payload, rcv_mss, max);
    if (step == 0)
        return false;
    r->ssthresh += min_u32(most - r->ssthresh, max_u32(step, 2 * payload));
    return true;
}

void rcvtune_rtt(struct rcvtune *t, weft_time sample, bool windowed)
{
    if (t->rtt == 0)
        t->rtt = max_u64(sample, 1);
    else if (windowed) /* a window takes a round trip at least: only the least counts */
        t->rtt = max_u64(min_u64(t->rtt, sample), 1);
    else
        t->rtt = max_u64(t->rtt - t->rtt / 8 + sample / 8, 1);
}

void rcvtune_arrived(struct rcvtune *t, struct seq next, uint32_t window, weft_time now)
{
    if (t->window_since && seq_lt(next, t->window_end))
        return;
    if (t->window_since)
        rcvtune_rtt(t, now - t->window_since, true);
    t->window_since = max_u64(now, 1);
    t->window_end = seq_add(next, window);
}

/* The buffer for a user who read `copied` bytes in a round trip and `before` in the best one so far. */
static uint64_t buffer_for(const struct rcvspace *r, uint64_t copied, uint64_t before, uint32_t mss)
{
    uint64_t window = 2 * copied + 16ull * mss; /* twice: losses cost a round trip */

    window += 2 * (window * (copied - before) / before); /* the sender may double its speed before he hears of this */
    return window * RCVSPACE_RATIO_UNIT / r->ratio;
}

void rcvtune_read(struct rcvtune *t, struct rcvspace *r, const struct rcvspace_limits *l, struct seq read, uint32_t mss,
                  weft_time now)
{
    uint32_t copied = read.v - t->from.v;
    uint64_t want;

    if (t->since == 0 || t->rtt == 0 || now - t->since < t->rtt)
        return;
    if (copied > t->most) {
        want = l->moderate && !r->fixed ? buffer_for(r, copied, t->most, mss) : 0;
        want = min_u64(want, l->max);
        if (want > r->buffer) {
            r->buffer = (uint32_t)want;
            fit_clamp(r);
        }
        t->most = copied;
    }
    t->from = read;
    t->since = max_u64(now, 1);
}

void rcvspace_set_clamp(struct rcvspace *r, uint32_t clamp, uint32_t open)
{
    clamp = max_u32(clamp, RCVSPACE_MIN / 2);
    if (clamp < r->clamp)
        r->ssthresh = min_u32(r->ssthresh, clamp);
    else
        r->ssthresh = max_u32(r->ssthresh, min_u32(open, clamp));
    r->clamp = clamp;
    r->clamped = true;
}
