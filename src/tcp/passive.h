/* SPDX-License-Identifier: MIT */
/* Half-open records on their way to a connection: RFC 9293 §3.10.7.4 for SYN-RECEIVED. */
#ifndef TCP_PASSIVE_H
#define TCP_PASSIVE_H

#include "tcp/conn.h"

void half_open_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg);
void half_open_timer(struct tcp *t);
/* Takes it out of the table and frees it. */
void half_open_release(struct tcp *t, struct halfopen *h);
/* The listener goes, and its records with it. */
void half_open_forget(struct tcp *t, struct tcp_conn *listener);
/* ICMP says that its SYN,ACK does not get there. */
void half_open_unreachable(struct tcp *t, struct halfopen *h);

static inline struct tcp_conn *half_open_listener(const struct tcp *t, const struct halfopen *h)
{
    return listeners_get(&t->listeners, h->listener);
}

#endif
