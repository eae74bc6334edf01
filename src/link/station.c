/* SPDX-License-Identifier: MIT */
/* What an Ethernet interface does over time, and its one timer. Most have nothing to do and no station. */
#include "link/private.h"

struct station *station_get(weft_if *ifp)
{
    struct station *st = ifp->station;

    if (st)
        return st;
    st = mem_alloc(&ifp->stack->mem, MEM_stack, sizeof *st);
    if (!st)
        return NULL;
    memset(st, 0, sizeof *st);
    st->ifp = ifp;
    timer_init(&st->timer);
    st->timer.kind = TIMER_LINK;
    return ifp->station = st;
}

void station_arm(struct station *st)
{
    weft_time asking = st->rarp.asking ? st->rarp.due : WEFT_NEVER;

    timer_set(&st->ifp->stack->wheel, &st->timer, min_u64(asking, probes_deadline(st)));
}

void station_timer(struct timer *t)
{
    struct station *st = container_of(t, struct station, timer);

    rarp_due(st);
    probes_due(st);
    station_arm(st);
}

void station_down(weft_if *ifp)
{
    struct station *st = ifp->station;

    if (!st)
        return;
    timer_remove(&ifp->stack->wheel, &st->timer);
    mem_free(&ifp->stack->mem, MEM_stack, st, sizeof *st);
    ifp->station = NULL;
}
