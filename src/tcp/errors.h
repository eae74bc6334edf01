/* SPDX-License-Identifier: MIT */
/* What ICMP says of TCP's segments (RFC 9293 §3.9.2.2). */
#ifndef TCP_ERRORS_H
#define TCP_ERRORS_H

#include "tcp/conn.h"

/* struct transport.error: false when nobody was concerned. */
bool tcp_error(weft_stack *s, const struct ip_error *e);
/* SYN-SENT ends for this reason. */
void conn_end_connect(struct tcp_conn *c, int err);

#endif
