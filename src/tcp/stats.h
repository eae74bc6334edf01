/* SPDX-License-Identifier: MIT */
/*
 * What is counted of one connection for those who ask (TCP_INFO, ss), and the clock of what holds its sending up.
 * Nothing here decides anything. It is allocated when the connection first moves data, so an idle one does not pay.
 */
#ifndef TCP_STATS_H
#define TCP_STATS_H

#include "base/base.h"

/* What keeps a sender from sending more at one moment. */
enum tcp_held {
    HELD_IDLE,        /* everything is sent and acknowledged */
    HELD_APPLICATION, /* everything is sent: the user has given no more */
    HELD_BY_NOTHING,  /* it wants the link's next turn */
    HELD_RECEIVER,    /* the peer's window is full */
    HELD_CONGESTION,  /* the congestion window is */
    HELD_PACING,      /* the pacer says later */
    HELD_SEND_BUFFER, /* everything is sent, and the user waits for room to write more */
    HELD_SMALL,       /* a short segment waits for company (Nagle, CORK, a silly window) */
    HELD_COUNT
};

struct why_ring;

/* What the rooms have measured, kept when they are given back. */
struct tcp_measured {
    uint64_t delivery_rate; /* bytes per second; 0: not known */
    bool starved;           /* it says what the user gave, not what the path takes */
    uint32_t rcv_space;     /* bytes the user reads in a round trip; 0: not known */
    uint32_t rcv_rtt;       /* us, as the receiver sees it; 0: not known */
};

struct tcp_stats {
    uint64_t bytes_sent, bytes_retrans;     /* payload */
    uint64_t bytes_acked, bytes_received;   /* sequence space: SYN (ours only) and FIN count one each */
    uint32_t segs_out, segs_in, data_segs_out, data_segs_in;
    uint32_t retrans;                       /* segments */
    uint32_t delivered, delivered_ce;       /* segments */
    uint32_t out_of_order;                  /* segments received so */
    uint32_t dsack_dups, reord_seen;
    uint16_t rtos, rto_runs;                /* time-outs; runs of them without progress between */
    weft_time rto_since, rto_time;          /* when the run that goes on began (0: none does); of those that are over */
    uint8_t held_by;                        /* enum tcp_held */
    weft_time held_since;
    weft_time held[HELD_COUNT];             /* over, in all */
    weft_time since;                        /* when counting began */
    weft_time heard_data, heard_ack;        /* when the last segment with data, with ACK came; 0: not since then */
    struct tcp_measured measured;
    struct why_ring *why;                   /* NULL: nothing has happened yet, or there was no memory */
};

/* All zero, and idle from now. */
void stats_init(struct tcp_stats *s, weft_time now);

/* From now something else holds it up; *was gets what ended, and for how long it did. False: it is the same. */
bool stats_hold(struct tcp_stats *s, weft_time now, enum tcp_held by, enum tcp_held *was, weft_time *how_long);

/* How long it was held up by this, what is going on included. */
weft_time stats_held(const struct tcp_stats *s, weft_time now, enum tcp_held by);

/* How long anything was unsent or unacknowledged. */
weft_time stats_busy(const struct tcp_stats *s, weft_time now);

/* The retransmission timer fired; when something is acknowledged again, the run is over. */
void stats_timed_out(struct tcp_stats *s, weft_time now);
void stats_progress(struct tcp_stats *s, weft_time now);
weft_time stats_rto_time(const struct tcp_stats *s, weft_time now);

/* Segments of at most mss that so many bytes make: one at least. */
static inline uint32_t stats_segments(uint32_t bytes, uint32_t mss)
{
    return likely(bytes <= mss || !mss) ? 1 : (bytes + mss - 1) / mss;
}

#endif
