/* SPDX-License-Identifier: MIT */
/*
 * When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2): now, a little later, or with a crowd. It follows the sender,
 * as Linux does: at the start of a transfer and after a disturbance at once (*quick*), so that his window grows; for a
 * dialogue later, because the answer will carry it (*interactive*); and else after about the time between his segments.
 *
 * Acknowledgments are built when the link pulls, so segments of one batch share one (MUST-58, MUST-59); but segments
 * that arrived out of order keep their own, because a sender without SACK counts them. With SACK the first three are
 * told at once, and what follows them is told together, a millisecond later at most.
 *
 * struct ack_pace stays with the connection, struct ackpolicy goes when it is quiet.
 */
#ifndef TCP_ACKPOLICY_H
#define TCP_ACKPOLICY_H

#include "base/seq.h"

enum ack_when { ACK_LATER, ACK_SOON, ACK_NOW };

#define ACK_MAX_OWED  64  /* duplicates kept back for one pull: no peer gets more out of a batch */
#define ACK_TOLD      3   /* duplicates for one hole that are sent at once */
#define ACK_DELAY_MAX 200 /* ms: for an answer that is expected */

/* What the sender's ways are. Times in ms. */
struct ack_pace {
    uint32_t heard;   /* when text came last; wraps */
    uint16_t ato;     /* how long to wait; 0: no text came yet */
    uint8_t quick;    /* acknowledgments that will go out at once */
    bool interactive; /* we answer what he sends */
};

/* The stack's settings. */
struct ack_limits {
    uint32_t delay;       /* ms: the least time to wait */
    uint32_t rto;         /* ms: the connection's, now */
    unsigned quick;       /* the most quick ones at a time; 0: all of this is switched off: two segments or `delay` */
    bool second;          /* then: two of any length, not two full ones */
    unsigned crowd;       /* acknowledgments told together at most; 0: each goes at once */
};

struct ackpolicy {
    struct seq told_at;  /* RCV.NXT of the hole that `told` counts for */
    uint16_t small;      /* length of the last segment that was less than full */
    uint8_t told;        /* duplicates sent for it */
    uint8_t crowd;       /* kept back to be told together */
    uint8_t owed;        /* segments to send for what arrived out of order or demands an answer */
    bool due;            /* an acknowledgment must go out with the next pull */
    bool scheduled;      /* something came that must be acknowledged some time */
    bool pushed, pushed_twice; /* the end of a write of his, or two, came since the last acknowledgment */
};

/* What is known when text or a FIN was taken. */
struct ack_facts {
    struct seq next;      /* RCV.NXT */
    uint32_t unacked;     /* bytes in order that were not acknowledged */
    uint32_t mss;         /* of the peer's full segment */
    bool edge_moves;      /* the window that could be told now does not lie behind the last one */
    bool wanted;          /* the user waits for more than there is (SO_RCVLOWAT) */
    bool holes;           /* there is text out of order */
    bool sack;
};

void ackpolicy_init(struct ackpolicy *a);

/* Text came (`window`: what is open; mss: of a full segment). The pace follows. */
void ackpace_text(struct ack_pace *p, const struct ack_limits *l, uint32_t now, uint32_t window, uint32_t mss);
/* Something went wrong or begins: the next acknowledgments go out at once, `most` at most. */
void ackpace_hurry(struct ack_pace *p, const struct ack_limits *l, uint32_t window, uint32_t mss, unsigned most);
/* We sent text: is it an answer? */
void ackpace_answered(struct ack_pace *p, uint32_t now);
/* The delay was over before an answer carried the acknowledgment. */
void ackpace_missed(struct ack_pace *p, const struct ack_limits *l);
/* How long to wait, in ms; srtt in ms, 0: not known. */
uint32_t ackpace_delay(const struct ack_pace *p, const struct ack_limits *l, const struct ackpolicy *a, uint32_t srtt);

/* The size of a segment that came; push: with PSH, bare: without FIN, URG, SYN and PSH. Returns the new full size. */
uint32_t ackpolicy_measure(struct ackpolicy *a, uint32_t len, uint32_t options, uint32_t mss, bool push, bool bare);

/* Text or a FIN was taken: when is it to be acknowledged? ACK_NOW has been noted. */
enum ack_when ackpolicy_decide(struct ackpolicy *a, const struct ack_pace *p, const struct ack_limits *l,
                               const struct ack_facts *f);

/* The user read, and everything when `empty`: does something have to be acknowledged now? */
bool ackpolicy_after_reading(const struct ackpolicy *a, const struct ack_pace *p, uint32_t unacked, uint32_t mss,
                             bool empty);

/* A segment demands an answer of its own, at once: out of order, duplicate, beyond the window, a challenge. */
void ackpolicy_owe(struct ackpolicy *a);

/* An acknowledgment must go out once, at once: hole filled, window update, delayed-ACK time. */
static inline void ackpolicy_now(struct ackpolicy *a) { a->due = true; }

static inline bool ackpolicy_wants(const struct ackpolicy *a) { return a->due || a->owed; }

/*
 * A segment with ACK went out: an acknowledgment of its own, or data (pure = false: settles everything). delay: the
 * least.
 */
void ackpolicy_sent(struct ackpolicy *a, struct ack_pace *p, uint32_t delay, bool pure);

#endif
