/* SPDX-License-Identifier: MIT */
/*
 * The rooms of a connection (struct tcp_work) come and go: borrowed when bytes are to move, given back when it is
 * quiet, or over.
 */
#ifndef TCP_WORK_H
#define TCP_WORK_H

#include "tcp/conn.h"

/* Borrows the rooms; NULL: out of memory. Not in LISTEN. */
struct tcp_work *conn_borrow_work(struct tcp_conn *c);

static inline struct tcp_work *conn_work(struct tcp_conn *c)
{
    weft_assert(c->state != WEFT_TCP_LISTEN, "a listener moves no bytes");
    return likely(c->work != NULL) ? c->work : conn_borrow_work(c);
}

/* The same for a new connection: nothing of an earlier one is left in them, what it left unread neither. */
struct tcp_work *conn_fresh_work(struct tcp_conn *c);
/* Gives them back, if there are any, with all that they hold. */
void conn_give_back_work(struct tcp_conn *c);
/* The connection is over: keeps what the user may still read, and nothing that could send. */
void conn_stop_work(struct tcp_conn *c);

/* Could the rooms be given back? */
bool conn_is_quiet(const struct tcp_conn *c);

/*
 * The connection has been quiet long enough: it forgets what nobody will miss, so that it does not show whether its
 * rooms are given back, and gives them back.
 */
void conn_rest(struct tcp_conn *c);

/* Pacing begins, or goes on after a rest: nothing waits, and what was sent before counts. There are rooms. */
void conn_start_pacer(struct tcp_conn *c);

#endif
