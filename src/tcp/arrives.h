/* SPDX-License-Identifier: MIT */
/*
 * The steps that a segment of a connection goes through (RFC 9293 §3.10.7.4): arrives.c has them in their order, two of
 * them are files of their own (acknowledged.c, text.c). Each says what became of the segment.
 */
#ifndef TCP_ARRIVES_H
#define TCP_ARRIVES_H

#include "tcp/conn.h"

/* What became of a segment after a step. */
enum tcp_step {
    TCP_CONTINUE, /* on to the next step */
    TCP_DONE,     /* used up */
    TCP_DROPPED,  /* goes no further: seg->why */
    TCP_GONE,     /* used up, and the connection may be freed */
};

static inline enum tcp_step seg_drop(struct tcp_seg *seg, enum weft_drop why)
{
    seg->why = why;
    return TCP_DROPPED;
}

/* Its SYN is dealt with: the rest goes on as any segment would, but its window has no scale (RFC 7323 §2.2). */
static inline void seg_take_syn_off(const struct tcp_conn *c, struct tcp_seg *seg)
{
    seg->h.flags &= (uint16_t)~(TCP_SYN | TCP_ECE | TCP_CWR); /* on a SYN they mean something else */
    seg->h.seq = c->rcv.nxt;
    seg->unscaled = true;
}

enum tcp_step arrives(struct tcp_conn *c, struct tcp_seg *seg);
enum tcp_step acknowledged(struct tcp_conn *c, struct tcp_seg *seg); /* the fifth step */
enum tcp_step text_arrives(struct tcp_conn *c, struct tcp_seg *seg); /* the seventh */

/* A window update out of a segment (RFC 9293 §3.10.7.4, fifth). */
void conn_take_window(struct tcp_conn *c, const struct tcp_seg *seg);
/* Answers a segment that is not acceptable; an empty one only as often as the stack allows (invalid_ratelimit). */
void conn_answer(struct tcp_conn *c, const struct tcp_seg *seg);

#endif
