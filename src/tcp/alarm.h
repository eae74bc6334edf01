/* SPDX-License-Identifier: MIT */
/*
 * When a connection is to be woken. One that is at work has an alarm among its rooms, set to the earliest of their
 * deadlines. One that is parked waits for one thing at most, and mostly for nothing: only then it has an alarm of its
 * own, where its listener stood before it was accepted.
 */
#ifndef TCP_ALARM_H
#define TCP_ALARM_H

#include "base/wheel.h"

struct tcp_conn;

struct tcp_alarm {
    struct timer timer;
    struct tcp_conn *conn;
};

/* One that is not set; kind: see enum timer_kind. */
static inline void alarm_init(struct tcp_alarm *a, unsigned kind, struct tcp_conn *c)
{
    timer_init(&a->timer);
    a->timer.kind = (uint8_t)kind;
    a->conn = c;
}

static inline struct tcp_conn *alarm_conn(struct timer *t) { return container_of(t, struct tcp_alarm, timer)->conn; }

/*
 * When keepalive has something to ask, or an orphan's patience in FIN-WAIT-2 ends; WEFT_NEVER: neither. Nothing else
 * wakes a parked connection. Not in LISTEN.
 */
weft_time conn_quiet_until(const struct tcp_conn *c);
/* Of a connection that is parked, false: out of memory. WEFT_NEVER can always be set, and whenever there are rooms. */
bool conn_set_quiet(struct tcp_conn *c, weft_time at);

/*
 * A connection has an alarm besides its rooms, set to this; false: out of memory, or its place is taken by the listener
 * whose queue it is in.
 */
bool alarm_set_own(struct tcp_conn *c, weft_time at);
/* It has none of its own any more. */
void alarm_drop_own(struct tcp_conn *c);

#endif
