/* SPDX-License-Identifier: MIT */
/*
 * What routers said that ended a connect, with the segment they said it of: the error queue of a stream (Linux's
 * tcp_v4_err). Few connections ever have one, so they stand in a list of the stack, and a connection only knows whether
 * there is any of its own.
 */
#ifndef TCP_REPORTS_H
#define TCP_REPORTS_H

#include "core/endpoint.h"

struct tcp_conn;

/* Where there is no room for it, it is not kept: the pending error tells of it nevertheless. */
void reports_keep(struct tcp_conn *c, const struct ip_error *e);
/* struct sock_ops. */
int64_t tcp_recv_report(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned *out_flags,
                        struct weft_report *report);
bool tcp_report_waits(const weft_sock *e);
void reports_forget(struct tcp_conn *c);

#endif
