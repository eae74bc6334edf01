/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery's state: which episode goes on, how the window comes down in it (PRR, RFC 9937), whether a time-out was
 * spurious (F-RTO, RFC 5682), and whether all of it was for nothing and must be undone (Eifel, RFC 3522 and RFC 4015;
 * by DSACK, RFC 3708). It says what holds; the corridor acts. The order of decisions is Linux's.
 *
 *    OPEN <--> DISORDER        sacked segments or duplicates, nothing lost yet
 *      |  \--- congestion told by ECN or a repaired tail --> CWR --ACK beyond `high`--> OPEN
 *      +------ something is lost -----------------------> FAST --ACK of `high`--> OPEN
 *      +------ time-out --------------------------------> LOSS --ACK of `high`--> OPEN
 *
 * Counts are segments. `high` is SND.NXT when CWR, FAST or LOSS began; `undo_from` is SND.UNA when FAST or LOSS did.
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "base/seq.h"

#define DUP_THRESH 3

enum recovery_state { RECOVERY_OPEN, RECOVERY_DISORDER, RECOVERY_CWR, RECOVERY_FAST, RECOVERY_LOSS };

struct recovery {
    uint8_t state;
    bool may_undo;           /* the window before the episode is known, and nothing said yet that it was needed */
    bool frto;               /* it is open whether the time-out was spurious */
    bool frto_new;           /* new data goes before retransmissions: the answer will tell */
    /*
     * without SACK: what ended, FAST or LOSS; until `high` is passed duplicates may be those of what was resent, and
     * start nothing (RFC 6582 §3.2); 0: no such
     */
    uint8_t guard;
    bool reneged;
    bool resent;             /* something was sent again in this episode: resent_ts is when first, by our timestamps */
    struct seq high, undo_from;
    int32_t undo_left;       /* retransmissions no DSACK has reported yet; 0: all were needless; -1: none was sent */
    uint32_t resent_ts;
    weft_time first_at;      /* when the segment at undo_from went out for the first time; 0: not known */
    weft_time late;          /* how much longer than a round trip that took to be acknowledged; 0: not known */
    uint32_t prior_cwnd, prior_ssthresh; /* 0: must not come back */
    uint32_t prr_delivered, prr_out;
    uint32_t duplicates;     /* without SACK: segments that left the network, as duplicate ACKs tell */
    uint32_t outstanding;    /* segments in flight when FAST began: no more than these duplicate (RFC 5681 §3.2) */
};

void recovery_init(struct recovery *r);

static inline bool recovery_reduces(const struct recovery *r)
{
    return r->state == RECOVERY_CWR || r->state == RECOVERY_FAST;
}

/*
 * An episode without SACK has ended, and nothing beyond `high` is acknowledged yet: on Linux it still goes on, and so
 * it is told. una: SND.UNA.
 */
static inline bool recovery_lingers(const struct recovery *r, struct seq una)
{
    return r->guard && r->state <= RECOVERY_DISORDER && seq_eq(una, r->high);
}

/* ---- an episode begins ---- */

/* The window will be led down to ssthresh from here: PRR's books are opened. */
void recovery_reduce(struct recovery *r, struct seq nxt, uint32_t cwnd);

/* From here on retransmissions may prove needless. again: retransmissions that are under way, a tail probe included. */
void recovery_watch(struct recovery *r, struct seq una, uint32_t again);

/* ---- it goes on ---- */

/* `segments` went out: again, or new. ts: our timestamp clock. */
void recovery_resent(struct recovery *r, uint32_t segments, uint32_t ts);

struct prr {
    uint32_t ssthresh, pipe;
    uint32_t delivered;  /* by this acknowledgment */
    bool safe;           /* it moved SND.UNA, and nothing was newly found lost (RFC 9937 §6: SafeACK) */
};
/* The congestion window after an acknowledgment in FAST or CWR (RFC 9937 §6.2). */
uint32_t recovery_prr(struct recovery *r, const struct prr *p);

/* A DSACK reported so many segments of which the last ends at `end`; una: SND.UNA before. */
void recovery_duplicated(struct recovery *r, struct seq end, struct seq una, uint32_t segments);

/* ---- was it for nothing? ---- */

/* In FAST SND.UNA moves: for the first time, it tells how late the segment was. rtt: how long those behind it took. */
void recovery_first_arrived(struct recovery *r, weft_time now, weft_time rtt);

/* Every retransmission was reported as a duplicate. */
static inline bool recovery_all_duplicated(const struct recovery *r) { return r->may_undo && r->undo_left == 0; }

/* The echoed timestamp is older than the first retransmission: what arrived is what was sent first. */
static inline bool recovery_echo_is_older(const struct recovery *r, bool has_echo, uint32_t echo)
{
    return r->resent && has_echo && (int32_t)(echo - r->resent_ts) < 0;
}

/* ---- F-RTO ---- */

struct frto {
    bool original;   /* something never sent again arrived */
    bool advanced;   /* SND.UNA moved */
    bool sacked;     /* something was newly sacked */
    bool duplicate;  /* without SACK: a duplicate ACK */
    bool recovered;  /* SND.UNA passed `high` */
    bool sent_new;   /* SND.NXT is beyond `high` */
    bool can_send;   /* there is unsent data, and the peer's window takes it */
};
enum frto_verdict {
    FRTO_REAL,      /* conventional recovery */
    FRTO_SPURIOUS,  /* undo */
    FRTO_SEND_NEW,  /* not known: send new data and see (RFC 5682 §2.1 step 2b) */
};
enum frto_verdict recovery_frto(struct recovery *r, const struct frto *f);

/* ---- duplicates without SACK (RFC 6582), which stand for sacked segments ---- */

/* One more; in_flight and lost: segments. Returns how many it stands for: 0 when there can be no more. */
uint32_t recovery_duplicate(struct recovery *r, uint32_t in_flight, uint32_t lost);

/*
 * SND.UNA moved over `acked` segments: one of them filled the hole, the others had been counted as duplicates. Returns
 * how many are newly delivered.
 */
uint32_t recovery_eat(struct recovery *r, uint32_t acked);

#endif
