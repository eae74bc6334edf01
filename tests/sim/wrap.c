/* SPDX-License-Identifier: MIT */
/*
 * Where the clock must stand for sequence numbers or timestamps to pass 0 or 2^31 while flow 0 runs. The only file
 * here that looks into the stack: initial numbers are secret by design.
 */
#include "sim.h"
#include "tcp/conn.h"

#define ISN_TICK (4 * WEFT_US)

/* The wait until a clock of this tick, which shows `offset` at time 0, shows `wanted`. */
static weft_time until(weft_time now, weft_time tick, uint32_t offset, uint32_t wanted)
{
    return (weft_time)(uint32_t)(wanted - offset - (uint32_t)(now / tick)) * tick;
}

weft_time wrap_start(struct world *w)
{
    const struct scenario *s = w->scenario;
    const struct flow_plan *p = &s->flow[0];
    const struct end *e = &w->flow[0].end[s->wrap_side];
    const struct weft_addr *local = &w->flow[0].address[s->wrap_side], *remote = &w->flow[0].address[1 - s->wrap_side];
    weft_time first = w->now + p->start + (s->wrap_side && !p->crossing ? s->link[p->link].how[p->client].delay : 0);
    const struct tcp *t;
    struct rng r;
    uint32_t target;

    if (s->wrap == WRAP_NONE || p->ephemeral || !p->present)
        return w->now;
    rng_seed(&r, s->seed + 77);
    t = tcp_of(e->owner.host->stack);
    target = rng_below(&r, 2) ? 0 : 0x80000000u;
    if (s->wrap == WRAP_TS)
        return w->now + until(first, WEFT_MS, flow_offsets(t->offsets_key, local, remote).ts,
                              target - (uint32_t)rng_below(&r, 5000));
    target -= (uint32_t)rng_below(&r, e->plan->bytes + 3u);
    return w->now + until(first, ISN_TICK, isn(flow_offsets(t->offsets_key, local, remote).isn, 0).v, target);
}
