/* SPDX-License-Identifier: MIT */
/* When a parked connection is woken; see alarm.h. */
#include "tcp/alarm.h"

#include "tcp/conn.h"

static bool has_own(const struct tcp_conn *c) { return c->in_table && !c->queued && c->alarm; }

bool alarm_set_own(struct tcp_conn *c, weft_time at)
{
    struct tcp *t = conn_tcp(c);

    if (!c->in_table || c->queued)
        return false;
    if (!c->alarm) {
        c->alarm = slab_alloc(&t->alarms);
        if (!c->alarm)
            return false;
        alarm_init(c->alarm, t->timer_kind, c);
    }
    timer_set(&t->stack->wheel, &c->alarm->timer, at);
    return true;
}

void alarm_drop_own(struct tcp_conn *c)
{
    if (!has_own(c))
        return;
    timer_remove(&c->ep.stack->wheel, &c->alarm->timer);
    slab_free(&conn_tcp(c)->alarms, c->alarm);
    c->alarm = NULL;
}

weft_time conn_quiet_until(const struct tcp_conn *c)
{
    if (c->work)
        return c->work->deadline[TCP_TIMER_QUIET];
    return has_own(c) ? c->alarm->timer.deadline : WEFT_NEVER;
}

bool conn_set_quiet(struct tcp_conn *c, weft_time at)
{
    if (c->work)
        c->work->deadline[TCP_TIMER_QUIET] = at;
    else if (at != WEFT_NEVER)
        return alarm_set_own(c, at);
    else
        alarm_drop_own(c);
    return true;
}
