/* SPDX-License-Identifier: MIT */
/* Segments for a listener (RFC 9293 §3.10.7.2): SYNs, and acknowledgments that bring a cookie back. */
#ifndef TCP_LISTEN_H
#define TCP_LISTEN_H

#include "tcp/conn.h"

void listen_arrives(struct tcp_conn *listener, struct tcp_seg *seg);
/* Does somebody bring a cookie back? Then *h is the record that it stands for. */
bool listen_recall(const struct tcp_conn *listener, struct halfopen *h, const struct tcp_seg *seg);
/* Sends its SYN,ACK. */
void half_open_send(struct tcp *t, const struct halfopen *h);
/* The headers of a SYN, as its listener's user wants them (TCP_SAVE_SYN); NULL: out of memory. */
struct saved_syn *conn_save_syn(const struct tcp_conn *listener, const struct tcp_seg *seg);

#endif
