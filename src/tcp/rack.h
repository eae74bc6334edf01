/* SPDX-License-Identifier: MIT */
/*
 * RACK-TLP (RFC 8985): what time proves. The latest segment known to have arrived, the round trip it took, and how much
 * longer than that a segment may still be reordered rather than lost; and when a tail is worth a probe. The segments
 * themselves are sndmap's.
 *
 * DEVIATION from RFC 8985 §6.2 step 2, as Linux does: of what one acknowledgment tells of, the segment with the highest
 * number says how long a round trip takes, not the one sent last. After a time-out that was spurious these differ, and
 * the short trip of the needless copy would prove lost what was only late.
 *
 * DEVIATION from RFC 8985 §6.2 step 4, as Linux does: the smoothed round trip bounds the window, DSACKs that answer a
 * tail probe widen nothing, and a probe waits 2 ms more than 2 * SRTT when more than one segment is in flight.
 *
 * DEVIATION from RFC 8985 §6.2 step 4, not as Linux does: it widens the window by one quarter for each round trip with
 * a DSACK, so each quarter costs a needless recovery. A recovery that had to be undone has shown how late its segment
 * was: the window becomes twice that at once. And it falls back after sixteen recoveries, but not while segments arrive
 * that it saves. Its bound is the same.
 */
#ifndef TCP_RACK_H
#define TCP_RACK_H

#include "tcp/departure.h"

#define RACK_PERSIST 16 /* recoveries that a widened window outlives the last DSACK (RFC 8985 §6.2) */

struct rack {
    struct departure proof;  /* of the latest segment known to have arrived; at 0: none yet */
    weft_time rtt;           /* how long the last by number of those took that arrived with it */
    uint32_t widened_at;     /* the count of delivered segments when the window was widened last, 2^30 ago at most */
    uint8_t steps;           /* the window is so many quarters of the minimum round trip */
    uint8_t persist;         /* recoveries until steps falls back to 1 */
    bool dsack;              /* one has come since */
    bool advanced;           /* proof moved, or all must be looked at again: there may be something to detect */
};

void rack_init(struct rack *r);

/* Segments arrived beyond doubt: the last sent of them went out then, the one with the highest number took `rtt`. */
void rack_advance(struct rack *r, const struct departure *then, weft_time rtt);

/* How an acknowledgment finds the connection. */
struct rack_view {
    weft_time srtt, min_rtt;   /* 0: unknown */
    bool reordered;            /* reordering was seen on this connection */
    bool recovering;           /* in fast recovery, or after a time-out */
    bool enough;               /* as many segments are sacked as duplicates make a loss */
    bool widens;               /* DSACKs widen the window (else it is one quarter) */
};

/* How much longer than the round trip to wait (RFC 8985 §6.2 step 4). */
weft_time rack_window(const struct rack *r, const struct rack_view *v);

/* An acknowledgment came. delivered: the connection's count; before: what it was when the segment acknowledged left. */
void rack_adapt(struct rack *r, bool widens, uint32_t delivered, uint32_t before);

/* A recovery ended without having to be undone; undone: it had to. */
void rack_recovered(struct rack *r, bool undone);

/*
 * A recovery was undone: its first segment had not been lost but came `late` behind those that overtook it. The window
 * becomes as many quarters of min_rtt as make twice that; it gets no smaller. Either may be 0: not known.
 */
void rack_learn(struct rack *r, weft_time late, weft_time min_rtt);

/*
 * Others overtook a segment that took so long, and it was not sent again. If a window of one quarter would have taken
 * it for lost, a wide one is needed still, and perhaps a wider. Call before what it proves is taken in.
 */
void rack_confirm(struct rack *r, weft_time took, weft_time min_rtt);

/* ---- tail loss probes (RFC 8985 §7) ---- */

/* How long after the last segment or acknowledgment to probe. rto_min: how long a lone segment's ACK may be delayed. */
weft_time tlp_delay(weft_time srtt, uint32_t in_flight, weft_time rto_min, weft_time rto_initial);

struct tlp {
    struct seq end;    /* SND.NXT when the probe went out */
    bool out;          /* one is out: no other until it is answered */
    bool again;        /* it was a retransmission */
};

/* What an acknowledgment says of the probe. */
enum tlp_verdict {
    TLP_NOTHING,   /* not yet */
    TLP_NO_LOSS,   /* nothing was lost */
    TLP_REPAIRED,  /* it repaired a loss: the window must answer for it */
};

/*
 * ack: the acknowledgment's number; dsack: it reports the probe as a duplicate; pure: it is a duplicate without news.
 */
enum tlp_verdict tlp_on_ack(struct tlp *t, struct seq ack, bool dsack, bool pure);

#endif
