/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery's phases: when an episode begins, when it is over, what one acknowledgment means for it (RFC 6582;
 * with SACK, RFC 6675). It says what to do; the corridor does it.
 *
 *    OPEN --3 duplicates, or the scoreboard says lost--> FAST --ACK of `recover`--> OPEN
 *      |                                                  |
 *      +------------------- time-out ---------------------+--> TIMEOUT --ACK of `recover`--> OPEN
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "base/seq.h"

#define DUP_THRESH 3

enum recovery_phase { RECOVERY_OPEN, RECOVERY_FAST, RECOVERY_TIMEOUT };

struct recovery {
    uint8_t phase;
    bool any;             /* there was an episode, and `recover` is not yet behind us */
    bool first_partial;   /* the first partial acknowledgment of this episode is still to come */
    uint32_t dup_acks;    /* in a row; each says that one segment left the network */
    struct seq recover;   /* SND.NXT when the episode began */
};

/* What the corridor must do after an acknowledgment. */
struct recovery_advice {
    bool enter;         /* an episode begins: ask the controller for ssthresh, cwnd = that */
    bool lose_first;    /* the first segment in flight is lost */
    bool finish;        /* the episode is over: cwnd = ssthresh */
    bool restart_timer; /* the retransmission timer starts anew (without SACK at the first partial ACK only) */
    bool grow;          /* the controller may grow the window */
};

void recovery_init(struct recovery *r);

/* A duplicate acknowledgment (RFC 5681 §2) without SACK. una: the first unacknowledged byte; next: SND.NXT. */
struct recovery_advice recovery_on_duplicate(struct recovery *r, struct seq una, struct seq next);

/* The scoreboard found something lost. */
struct recovery_advice recovery_on_lost(struct recovery *r, struct seq next);

/* `una` moved forward to this, acknowledging `segments` segments; sack: the peer tells what it holds. */
struct recovery_advice recovery_on_progress(struct recovery *r, struct seq una, uint32_t segments, bool sack);

/* The retransmission timer fired. Returns true when it did so before for the same data: nothing came through since. */
bool recovery_on_timeout(struct recovery *r, struct seq next);

#endif
