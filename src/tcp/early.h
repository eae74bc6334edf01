/* SPDX-License-Identifier: MIT */
/* Data in the SYN (RFC 7413), as the corridors speak of it; early.c. */
#ifndef TCP_EARLY_H
#define TCP_EARLY_H

#include "tcp/fastopen.h"
#include "wire/tcp.h"

struct tcp_conn;
struct tcp_seg;

/* What a listener's SYN,ACK says of Fast Open. */
struct early_answer {
    uint8_t kind; /* enum tcp_fastopen; TCP_FASTOPEN_NONE: nothing */
    uint8_t cookie[FASTOPEN_COOKIE];
};

/* A SYN for this listener: may its data be taken at once? Else *a is what the SYN,ACK answers. */
bool early_is_welcome(const struct tcp_conn *listener, const struct tcp_seg *seg, struct early_answer *a);
/* A connection that was born so: the text of its SYN, and data of its own may go. There are rooms. */
void early_take(struct tcp_conn *c, const struct tcp_seg *seg);
/* Its third segment is here; what the segment acknowledges beyond the SYN,ACK is not dealt with yet. */
void early_established(struct tcp_conn *c);
/* It was reset before that: such a peer counts against the listener's limit for a minute (RFC 7413 §5.1). */
void early_reset(struct tcp_conn *c);

/* A client: may data go with the SYN to this peer? The connection has its name. */
bool early_may_send(const struct tcp_conn *c);
/* Puts the option of our SYN into *o; returns how much data fits beside it. */
uint32_t early_offer(struct tcp_conn *c, struct tcp_options *o);
/* The SYN,ACK is here, SND.UNA behind our SYN: frees what it acknowledged of our data; the rest goes again. */
void early_answered(struct tcp_conn *c, const struct tcp_seg *seg);

#endif
