/* SPDX-License-Identifier: MIT */
/*
 * When a connection is to be woken. One that is at work has an alarm among its rooms, set to the earliest of their
 * deadlines. One that is parked waits for one thing at most, and mostly for nothing: only then it has an alarm of its own,
 * where its listener stood before it was accepted.
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

#endif
