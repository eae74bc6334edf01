/* SPDX-License-Identifier: MIT */
/* The congestion window, but for what acknowledgments do to it (acknowledged.c, steering.c). */
#ifndef TCP_WINDOW_H
#define TCP_WINDOW_H

#include "tcp/conn.h"

/* The handshake is over. lost_twice: more than one SYN was lost. */
void window_start(struct tcp_conn *c, bool lost_twice);
/* Data is about to go out: a connection that was idle does not burst (RFC 5681 §4.1). */
void window_after_idle(struct tcp_conn *c);
/* Bytes per second to send at; UINT64_MAX: unlimited. */
uint64_t window_rate(const struct tcp_conn *c);
/* Is what is sent spread over time at that rate? */
static inline bool window_paces(const struct tcp_conn *c) { return c->settings->paces || conn_cc(c)->paces; }
/* Something could be sent, and was: how much of the window is used? Something is in flight. */
void window_used(struct tcp_conn *c);

#endif
