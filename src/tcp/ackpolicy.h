/* SPDX-License-Identifier: MIT */
/*
 * When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2): now, a little later, or not at all. Acknowledgments are
 * built when the link pulls, so segments of one batch share one (MUST-58, MUST-59); but each segment that arrived
 * out of order keeps its own duplicate, because a sender without SACK counts them.
 */
#ifndef TCP_ACKPOLICY_H
#define TCP_ACKPOLICY_H

#include "base/base.h"

enum ack_when { ACK_NOTHING, ACK_LATER, ACK_NOW };

#define ACK_MAX_OWED 64 /* duplicates kept back for one pull: no peer gets more out of a batch */

struct ackpolicy {
    uint32_t bytes;  /* in order and unacknowledged */
    uint8_t owed;    /* segments to send for what arrived out of order or demands an answer */
    bool due;        /* an acknowledgment must go out with the next pull */
};

void ackpolicy_init(struct ackpolicy *a);

/* `len` bytes came in order; mss of the peer's full segment; quick: immediate answers left, counted down. */
enum ack_when ackpolicy_in_order(struct ackpolicy *a, uint32_t len, uint32_t mss, uint8_t *quick);

/* A segment demands an answer of its own, at once: out of order, duplicate, beyond the window, a challenge. */
void ackpolicy_owe(struct ackpolicy *a);

/* An acknowledgment must go out once, at once: FIN, hole filled, window update, delayed-ACK time. */
static inline void ackpolicy_now(struct ackpolicy *a) { a->due = true; }

static inline bool ackpolicy_wants(const struct ackpolicy *a) { return a->due || a->owed; }

/* A segment with ACK went out: an acknowledgment of its own, or data (pure = false: settles everything). */
void ackpolicy_sent(struct ackpolicy *a, bool pure);

#endif
