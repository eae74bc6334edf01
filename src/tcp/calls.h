/* SPDX-License-Identifier: MIT */
/* The user's calls that have a file of their own; tcp_sock_ops in calls.c names them all. */
#ifndef TCP_CALLS_H
#define TCP_CALLS_H

#include "core/endpoint.h"

struct tcp_conn;

extern const struct sock_ops tcp_sock_ops; /* RFC 9293 §3.10.1-6 */

/* Is there something to read, urgent, or its end? WEFT_READABLE, WEFT_URGENT and WEFT_PEER_CLOSED, or 0. */
unsigned conn_readable(const struct tcp_conn *c);

/* open.c */
int tcp_bind(weft_sock *e, const struct weft_addr *local);
int tcp_listen(weft_sock *e, unsigned backlog);
weft_sock *tcp_accept(weft_sock *e, struct weft_addr *peer, int *err);
int tcp_connect(weft_sock *e, const struct weft_addr *peer);
/*
 * The same for a write (MSG_FASTOPEN): 0 when what is queued now goes with the SYN, else WEFT_EINPROGRESS or an error.
 */
SELDOM int tcp_connect_early(weft_sock *e, const struct weft_addr *peer);
/* Nothing of a connection that has ended may show in the next one on its socket. */
void tcp_forget_connection(struct tcp_conn *c);

/* receive.c */
/* Bytes that the user could read in one go: up to the urgent mark. */
size_t conn_unread(const struct tcp_conn *c);
int64_t tcp_recv(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                 unsigned *out_flags);
int64_t tcp_recv_to(weft_sock *e, weft_carry *carry, void *ctx);
void tcp_recv_waits(weft_sock *e, size_t bytes);
int64_t tcp_recv_borrowed(weft_sock *e, struct weft_loan *piece, size_t *n);
int tcp_atmark(const weft_sock *e);

/* close.c */
int tcp_shutdown(weft_sock *e, enum weft_shut how);
void tcp_close(weft_sock *e);
void tcp_abort(weft_sock *e);
int tcp_disconnect(weft_sock *e);

#endif
