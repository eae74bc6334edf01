/* SPDX-License-Identifier: MIT */
/*
 * The segment that is foreseen. Who asks and answers by turns hears, in one short segment, the next bytes and the
 * acknowledgment of all he has sent. A connection that is as usual (usual.h) foresees all of its header but a window
 * and a timestamp. So it is told from others by a few comparisons of words (input.c), and of the eight steps of
 * arrives.c the short forms of two and the timestamp are left.
 */
#ifndef TCP_FORESEEN_H
#define TCP_FORESEEN_H

#include "tcp/arrives.h"
#include "tcp/usual.h"

#define TCP_GROWS_FROM 128 /* bytes: smaller segments say nothing of what the next ones will cost */

/* Is it in order, with text and its acknowledgment and nothing else to say, for a connection that is as usual? */
static inline bool conn_foresees(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return conn_known_usual(c) && (seg->h.flags & (uint16_t)~TCP_PSH) == TCP_ACK && seq_eq(seg->h.seq, c->rcv.nxt) &&
           seg->len && seg->len <= conn_open_window(c) && seg->len < TCP_GROWS_FROM && seg->pkt->gso_size == 0 &&
           !seg->pkt->routed && seg->o.has_ts && (int32_t)(seg->o.ts_val - c->ts_recent) >= 0 && seg->o.n_sack == 0 &&
           seg->h.window && seq_eq(seg->h.ack, c->snd.nxt) && sndmap_is_lone(&c->work->sndmap);
}

/* All of the steps for such a segment. It was counted, and leaves the connection as usual, but without memory. */
void arrives_foreseen(struct tcp_conn *c, struct tcp_seg *seg);
void acknowledged_foreseen(struct tcp_conn *c, const struct tcp_seg *seg); /* its fifth */
enum tcp_step text_foreseen(struct tcp_conn *c, struct tcp_seg *seg);      /* its seventh */

#endif
