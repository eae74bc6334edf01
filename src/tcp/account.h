/* SPDX-License-Identifier: MIT */
/* What is counted of a connection for those who ask (stats.h), and the reasons it is told by (why.h). */
#ifndef TCP_ACCOUNT_H
#define TCP_ACCOUNT_H

#include "tcp/conn.h"

/* Data is about to move: allocates the counters, if there are none yet. */
void account_open_now(struct tcp_conn *c);

static inline void account_open(struct tcp_conn *c)
{
    if (unlikely(!c->stats))
        account_open_now(c);
}

/* In SYN-SENT the peer's SYN came. Later nobody could tell that this handshake took more segments than others. */
void account_crossed(struct tcp_conn *c);
/* Its SYN,ACK was sent so many times more than once. */
void account_repeats(struct tcp_conn *c, unsigned repeats);
void account_close(struct tcp_conn *c);
/* The counters of a connection that has none. */
void account_handshake(const struct tcp_conn *c, struct tcp_stats *s);
/* A segment came for it, whatever becomes of it. */
void account_in(struct tcp_conn *c, const struct tcp_seg *seg);
/* The same of a segment by itself, with text and ACK. There are counters. */
static inline void account_in_lone(struct tcp_conn *c)
{
    c->stats->segs_in++;
    c->stats->data_segs_in++;
    c->stats->heard_data = c->stats->heard_ack = conn_now(c);
}

/* This goes out. */
void account_out(struct tcp_conn *c, const struct tcp_plan *plan);
/* The same of `len` bytes of new data, in one segment. There are counters. */
static inline void account_out_lone(struct tcp_conn *c, uint32_t len)
{
    c->stats->segs_out++;
    c->stats->data_segs_out++;
    c->stats->bytes_sent += len;
}
/* So much of our sequence space is newly acknowledged. There are counters. */
void account_progress(struct tcp_conn *c, uint32_t space);
/* The rooms are about to forget what they measured. There are counters. */
void account_rest(struct tcp_conn *c);
/* What the rooms have measured, or had when they were there; of a connection without counters nothing is kept. */
struct tcp_measured account_measured(const struct tcp_conn *c);
/* How much of what we sent was ever acknowledged, our SYN included; UINT64_MAX where nobody counts. */
uint64_t account_acknowledged(const struct tcp_conn *c);
/* What holds sending up now? There are counters. */
void account_held(struct tcp_conn *c, const struct tcp_plan *plan);
/* The same where it is known. */
void account_held_by(struct tcp_conn *c, enum tcp_held by);
/* The same where all that there is goes at once: for no time nothing does, and then the user, who has given no more. */
void account_held_lone(struct tcp_conn *c);

/* Keeps and tells it; conn_why asks first whether there is anybody to tell. */
void conn_why_tell(struct tcp_conn *c, enum weft_why why, uint32_t value);

/* Why the connection does what it does now: `value` in weft_why_unit. Cheap when nobody listens. */
static inline void conn_why(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    if (c->stats || unlikely(c->ep.stack->env.trace))
        conn_why_tell(c, why, value);
}

#endif
