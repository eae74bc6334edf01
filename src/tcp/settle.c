/* SPDX-License-Identifier: MIT */
/* After every event; see settle.h. */
#include "tcp/settle.h"

#include "tcp/account.h"
#include "tcp/lone.h"
#include "tcp/path.h"
#include "tcp/timeouts.h"
#include "tcp/usual.h"
#include "tcp/work.h"

/* Of a connection at work. */
static weft_time earliest(const struct tcp_work *w)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < TCP_TIMER_COUNT; i++)
        at = min_u64(at, w->deadline[i]);
    return at;
}

/* Gets a turn on the link when there is something to send by a route that exists. */
static inline void ask_for_turn(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    int err = likely(path_is_fresh(&w->path, c->ep.stack->routes.generation, conn_now(c))) ? 0 : conn_refresh_path(c);

    if (unlikely(err < 0))
        c->soft_error = (int16_t)err;
    else
        if_want(w->path.ifp, &w->sender);
}

/*
 * Quiet for the length of a time-out: until then what was learnt of the path is as good as new, and who asks and
 * answers by turns is quiet after each of them.
 */
static void wait_for_rest(struct tcp_conn *c, bool quiet)
{
    struct tcp_work *w = c->work;
    weft_time *at = &w->deadline[TCP_TIMER_REST];

    if (likely(!quiet)) {
        *at = WEFT_NEVER;
        w->rested = false;
    } else if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT) {
        conn_rest(c);
    } else if (*at == WEFT_NEVER && !w->rested) {
        *at = time_after(conn_now(c), conn_rto(c));
    }
}

ASIDE void conn_settle_plan(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;

    transmit_arm(c, plan);
    if (c->stats)
        account_held(c, plan);
    if (plan->kind != PLAN_NOTHING) {
        if (!w->starved && !list_linked(&w->sender.link))
            ask_for_turn(c);
    }
    wait_for_rest(c, plan->kind == PLAN_NOTHING && conn_is_quiet(c));
    if (c->work)
        timer_set(&c->ep.stack->wheel, &w->alarm.timer, earliest(w));
    conn_check(c);
}

/*
 * What settling would have set before the turn, and what the turn finds: what holds sending up ends, a rest does, and
 * timers begin anew that count from before it.
 */
void conn_settle_before(struct tcp_conn *c, const struct tcp_plan *plan)
{
    if (conn_in_flight(c) || c->settings->user_timeout)
        transmit_arm(c, plan);
    if (c->stats)
        account_held(c, plan);
    wait_for_rest(c, false);
}

ASIDE void conn_settle_now(struct tcp_conn *c)
{
    weft_stack *s = c->ep.stack;
    struct tcp_plan plan;

    if (s->unsettled == &c->ep)
        s->unsettled = NULL;
    if (c->state == WEFT_TCP_LISTEN)
        return;
    if (c->work) {
        bool usual = conn_known_usual(c);

        if (usual && lone_wait(c))
            return;
        if (!usual || !lone_plan(c, &plan))
            transmit_plan(c, &plan);
        c->work->plan = plan;
        c->work->planned = plan.kind != PLAN_NOTHING && plan.len <= c->mss;
        conn_settle_plan(c, &plan);
        return;
    }
    conn_check(c);
}
