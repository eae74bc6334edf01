/* SPDX-License-Identifier: MIT */
/* NewReno's window (RFC 5681 §3.1), counted in bytes (RFC 3465). */
#include "tcp/cc.h"

/*
 * DEVIATION from RFC 5681 §3.1 (one SMSS an ACK in slow start): up to eight, as RFC 9406 §4.2 has it, because
 * receivers acknowledge whole batches. Bytes are counted, so splitting acknowledgments gains nothing.
 */
#define SLOW_START_LIMIT 8

#define CWND_MAX (1u << 30) /* no peer's window is larger (RFC 7323 §2.3) */

uint32_t cc_initial_window(uint32_t mss, unsigned segments)
{
    uint32_t bytes = max_u32(2 * mss, 1460 * segments);

    return min_u32(segments * mss, bytes);
}

static void newreno_on_delivered(struct cc *c, uint32_t private[8], const struct cc_delivery *d, uint32_t mss)
{
    uint32_t acked = d->acked;

    if (!d->cwnd_limited || c->cwnd >= CWND_MAX)
        return; /* an unused window proves nothing (RFC 9293 §3.8.2, RFC 7661) */
    if (c->cwnd < c->ssthresh) {
        uint32_t step = min_u32(min_u32(acked, SLOW_START_LIMIT * mss), c->ssthresh - c->cwnd);

        c->cwnd += step;
        return;
    }
    private[0] += min_u32(acked, c->cwnd); /* bytes acknowledged since the last step */
    if (private[0] >= c->cwnd) {
        private[0] %= c->cwnd; /* what was counted in a larger window, before it was idle, is worth one step */
        c->cwnd += mss;
    }
}

static uint32_t half(uint32_t in_flight, uint32_t mss) { return max_u32(in_flight / 2, 2 * mss); }

static uint32_t newreno_on_loss(struct cc *c, uint32_t private[8], uint32_t in_flight, uint32_t mss)
{
    private[0] = 0;
    c->ssthresh = half(in_flight, mss);
    return c->ssthresh;
}

static void newreno_on_timeout(struct cc *c, uint32_t private[8], uint32_t in_flight, uint32_t mss, bool again)
{
    private[0] = 0;
    if (!again)
        c->ssthresh = half(in_flight, mss);
    c->cwnd = mss;
}

const struct cc_ops cc_newreno = {
    .name = "newreno",
    .on_delivered = newreno_on_delivered,
    .on_loss = newreno_on_loss,
    .on_timeout = newreno_on_timeout,
};
