/* SPDX-License-Identifier: MIT */
/* After every event: timers, a turn on the link if there is something to send, and parking. */
#ifndef TCP_SETTLE_H
#define TCP_SETTLE_H

#include "tcp/conn.h"

/* After an event: timers, a turn on the link if there is something to send, and parking. */
void conn_settle_now(struct tcp_conn *c);

/* The same, before anybody can see a difference (core/stack.h, stack_unsettle). */
static inline void conn_settle(struct tcp_conn *c)
{
    struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;

    if (likely(w != NULL))
        w->usual = w->planned = false;
    if (unlikely(!w || w->probes)) /* what probes a window counts is told by settling, step by step */
        conn_settle_now(c);
    else
        stack_unsettle(c->ep.stack, &c->ep);
}

/* The same after an event that has left it as usual as it was (usual.h): there are rooms, and no window is probed. */
static inline void conn_settle_usual(struct tcp_conn *c)
{
    c->work->planned = false;
    stack_unsettle(c->ep.stack, &c->ep);
}

/* The same when what may be sent is known already. There are rooms. */
void conn_settle_plan(struct tcp_conn *c, const struct tcp_plan *plan);
/* As much of that as must come before a turn that is taken at once, when the plan is that something goes. */
void conn_settle_before(struct tcp_conn *c, const struct tcp_plan *plan);

#endif
