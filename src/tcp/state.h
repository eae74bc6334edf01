/* SPDX-License-Identifier: MIT */
/*
 * The eleven states of RFC 9293 §3.3.2, the edges between them, and what may be done in each; the diagram is in
 * state.c.
 */
#ifndef TCP_STATE_H
#define TCP_STATE_H

#include "tcp/conn.h"

/* The one place that writes the state; asserts the edge and tells the trace. */
void state_set(struct tcp_conn *c, enum weft_tcp_state to);
bool state_edge_allowed(enum weft_tcp_state from, enum weft_tcp_state to);
/* Has the handshake given both sides their sequence numbers (RFC 9293 §3.3.2)? */
static inline bool state_synchronized(enum weft_tcp_state s) { return s >= WEFT_TCP_ESTABLISHED; }

/* May the user still send? May the peer? */
static inline bool state_can_send(enum weft_tcp_state s)
{
    return s == WEFT_TCP_ESTABLISHED || s == WEFT_TCP_CLOSE_WAIT;
}

static inline bool state_can_receive(enum weft_tcp_state s)
{
    return s == WEFT_TCP_ESTABLISHED || s == WEFT_TCP_FIN_WAIT_1 || s == WEFT_TCP_FIN_WAIT_2;
}

#endif
