/* SPDX-License-Identifier: MIT */
/*
 * Connections after their end: a record takes over from the connection (handover.c), and what arrives for it then
 * (lingering.c).
 */
#ifndef TCP_LINGERING_H
#define TCP_LINGERING_H

#include "tcp/arrives.h"

/* Goes to TIME-WAIT: a record takes over, acknowledging at once if that is owed. An orphan is freed. */
void conn_linger(struct tcp_conn *c);

/*
 * FIN-WAIT-2 begins for an orphan, or its user leaves then. A record takes over, if nothing but the peer's FIN is still
 * waited for; more: the segment at hand has text or FIN of its own.
 */
enum tcp_step conn_wait_for_fin(struct tcp_conn *c, bool more);

void time_wait_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg);
void time_wait_timer(struct tcp *t);
/* timewait_table.moved: the demultiplexer finds it at its new place. */
void time_wait_moved(void *tcp, struct timewait *from, struct timewait *to);
/* Ends it before its turn. */
void time_wait_end(struct tcp *t, struct timewait *w);

#endif
