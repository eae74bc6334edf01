/* SPDX-License-Identifier: MIT */
/* When to acknowledge, and what was received twice. There are rooms, whichever is called, but where it is said. */
#ifndef TCP_ACKING_H
#define TCP_ACKING_H

#include "tcp/conn.h"

/* Text came, whatever order it is in. */
void conn_text_came(struct tcp_conn *c);
/* In order, or a FIN: to be acknowledged now or later. */
void conn_acknowledge(struct tcp_conn *c);
/* Something came behind the peer's FIN, whose acknowledgment may still wait for the user's own FIN: not any more. */
void conn_remind(struct tcp_conn *c);
/* The same for `segments` out of order. */
void conn_acknowledge_holes(struct tcp_conn *c, uint32_t segments);
/* The user has read: does the peer have to hear of it now? */
void conn_acknowledge_reading(struct tcp_conn *c);
/* Something is wrong (old text, congestion): the next acknowledgments go out at once. most: 0 for the usual number. */
void conn_hurry_acks(struct tcp_conn *c, unsigned most);
/* We sent text. */
void conn_answered(struct tcp_conn *c);
/* A segment went out with ACK; pure: with nothing else. */
void conn_acknowledged(struct tcp_conn *c, bool pure);
void conn_ack_timer(struct tcp_conn *c);

/* These bytes arrived once more: the next segment reports them (RFC 2883). */
void conn_note_twice(struct tcp_conn *c, struct seq start, struct seq end);

/* Is there something that came twice and was not reported yet? */
static inline bool conn_reports_twice(const struct tcp_conn *c)
{
    return c->work && !seq_eq(c->work->twice.start, c->work->twice.end);
}

#endif
