/* SPDX-License-Identifier: MIT */
/* A plan becomes packets, and what every segment says of the receiver: its window. */
#ifndef TCP_TRANSMIT_H
#define TCP_TRANSMIT_H

#include "tcp/conn.h"

bool transmit_pull(struct sender *sender, unsigned budget);
/* The turn of one that is not settled; see struct sock_ops. */
bool transmit_pull_at_once(weft_sock *e, const weft_if *ifp, unsigned budget);
/*
 * An acknowledgment that waits for no turn on the link, because the rooms that would owe it are going; with the window
 * field as it is given. There are rooms.
 */
void transmit_ack_at_once(struct tcp_conn *c, uint16_t window);
/*
 * Sends a reset for a synchronized connection (RFC 9293 §3.10.5), with window and options like any other segment of it.
 */
void transmit_reset(struct tcp_conn *c);

/* What the advertised window depends on. */
struct rcvwnd transmit_window_now(const struct tcp_conn *c);
/* The window field for our next segment, and the edge it stands for. */
uint16_t transmit_window(const struct tcp_conn *c, struct seq *edge);

#endif
