/* SPDX-License-Identifier: MIT */
/* What one acknowledgment says, on its way from the ACK step (acknowledged.c) to loss recovery (losses.c). */
#ifndef TCP_LOSSES_H
#define TCP_LOSSES_H

#include "tcp/conn.h"

struct ack_report {
    struct sndmap_news news;
    struct seq prior_una;
    uint32_t prior_pipe;
    uint32_t delivered;   /* segments newly known to have arrived, duplicates' stand-ins and duplicates included */
    uint32_t lost;        /* segments newly thought lost */
    weft_time rtt;        /* of the last segment that arrived, if it was sent once; 0: no sample */
    uint32_t echo;        /* our timestamp, as echoed */
    bool has_echo;
    bool advanced;        /* SND.UNA moved */
    bool duplicate;       /* a duplicate ACK in the sense of RFC 5681 §2 */
    bool news_of_any_kind;/* text, a window, or an acknowledgment: no pure duplicate */
    bool ece;             /* it echoes congestion */
    bool dsack, dsack_probe; /* it reports a duplicate; that of a tail loss probe */
    bool lost_again;      /* a retransmission was lost */
    bool just_recovered;  /* it ended a recovery, and nothing beyond is acknowledged yet: no time to grow */
    bool restart_timer;   /* the timer of sending begins anew */
};

/* What lets the window grow: the part of a report that the controller hears of. */
struct growth {
    weft_time rtt;        /* as in the report, */
    uint32_t delivered, lost;
    uint32_t before;      /* in flight before */
    bool progress;        /* something moved on, and it is time to grow */
};

/* ---- losses.c ---- */

/* What an acknowledgment says of losses. */
void losses_on_ack(struct tcp_conn *c, struct ack_report *r);
/* The timer of sending begins anew: transmit_arm starts what is needed. */
static inline void losses_restart_timer(struct tcp_conn *c)
{
    c->work->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    c->work->tail_restart = true;
}
/* The retransmission timer expired. */
void losses_on_timeout(struct tcp_conn *c);
/* The reordering timer did. */
void losses_on_patience(struct tcp_conn *c);
/* Segments must be smaller from now on (errors.c). */
void losses_on_smaller_path(struct tcp_conn *c);

/* ---- detect.c ---- */

/* Is it time that tells (RACK)? */
bool losses_by_time(const struct tcp_conn *c);
/* Evidence of reordering: what begins at `low` arrived after what lies beyond it. */
void losses_note_reordering(struct tcp_conn *c, struct seq low);
/* Marks what the report shows to be lost; what may yet arrive gets a timer. */
void losses_find(struct tcp_conn *c, struct ack_report *r);
struct sndmap_lost losses_find_by_time(struct tcp_conn *c);
/* The timer of sending waits for what may only be reordered. */
void losses_wait(struct tcp_conn *c, weft_time wait);

/* ---- steering.c ---- */

void steering_set(struct tcp_conn *c, uint32_t cwnd, enum weft_why why);
void steering_tell(struct tcp_conn *c, enum cc_event event);
/* The window is to be led down from here. */
void steering_reduce(struct tcp_conn *c);
/* It is where it was led to, unless it was restored. told: the network said so; nothing was lost. */
void steering_reduced(struct tcp_conn *c, bool told);
/* The reduction was for nothing. */
void steering_restore(struct tcp_conn *c);
/* In a reduction: the window after this acknowledgment. */
void steering_lead(struct tcp_conn *c, const struct ack_report *r);
/* Outside of one the controller may let it grow; it hears of each acknowledgment. */
void steering_grow(struct tcp_conn *c, const struct growth *g, const struct rate_sample *rate);

#endif
