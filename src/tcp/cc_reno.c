/* SPDX-License-Identifier: MIT */
/* NewReno's window (RFC 5681 §3.1), counted in segments. */
#include "tcp/cc.h"

struct reno {
    uint32_t part; /* segments acknowledged towards the next step */
};
_Static_assert(sizeof(struct reno) <= CC_PRIVATE, "it must fit");

static struct reno *reno_of(union cc_private *p) { return (struct reno *)(void *)p; }

static void reno_on_ack(struct cc *c, union cc_private *p, const struct cc_ack *a)
{
    uint32_t acked = a->delivered;

    if (!a->grows)
        return;
    if (cc_in_slow_start(c))
        acked = cc_slow_start(c, acked);
    if (acked)
        cc_add(c, &reno_of(p)->part, c->cwnd, acked);
}

static uint32_t reno_ssthresh(struct cc *c, union cc_private *p)
{
    reno_of(p)->part = 0;
    return max_u32(c->cwnd / 2, 2);
}

static void reno_on_event(struct cc *c, union cc_private *p, enum cc_event event, weft_time now,
                          weft_time idle)
{
    (void)c, (void)now, (void)idle;
    if (event == CC_EVENT_TIMEOUT)
        reno_of(p)->part = 0;
}

const struct cc_ops cc_reno = {
    .name = "reno",
    .on_ack = reno_on_ack,
    .ssthresh = reno_ssthresh,
    .on_event = reno_on_event,
};
