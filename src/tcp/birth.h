/* SPDX-License-Identifier: MIT */
/* The third segment makes a connection in the record's place, or of a cookie, and goes through its steps. */
#ifndef TCP_BIRTH_H
#define TCP_BIRTH_H

#include "tcp/conn.h"

/* birth.c: the third segment makes a connection in the record's place, or of a cookie, and goes through its steps. */
void conn_born_of_record(struct tcp *t, struct halfopen *h, struct tcp_seg *seg);
void conn_born_of_cookie(struct tcp_conn *listener, const struct halfopen *h, struct tcp_seg *seg);
/* Of a SYN alone (RFC 7413). */
void conn_born_early(struct tcp_conn *listener, const struct halfopen *h, struct tcp_seg *seg);

#endif
