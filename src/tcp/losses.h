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

#endif
