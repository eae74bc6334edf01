/* SPDX-License-Identifier: MIT */
/* When to acknowledge; see ackpolicy.h. */
#include "tcp/ackpolicy.h"

#define LEAST_MSS   88  /* a segment without PSH of less says nothing about the path */
#define DEFAULT_MSS 536
#define HEADER      20
#define LAZY_MAX    500 /* ms: the longest delay there is (MUST-40's half second) */

void ackpolicy_init(struct ackpolicy *a) { *a = (struct ackpolicy){0}; }

/* ---- the pace ---- */

void ackpace_hurry(struct ack_pace *p, const struct ack_limits *l, uint32_t window, uint32_t mss, unsigned most)
{
    uint32_t n = window / max_u32(2 * mss, 1);

    if (l->quick == 0)
        return;
    n = min_u32(n ? n : 2, min_u32(most, l->quick));
    p->quick = (uint8_t)max_u32(p->quick, n);
}

/* The first text, and text after a long silence, finds a sender with a small window. */
void ackpace_text(struct ack_pace *p, const struct ack_limits *l, uint32_t now, uint32_t window, uint32_t mss)
{
    uint32_t gap = now - p->heard, half = l->delay / 2;

    p->heard = now;
    if (p->ato == 0) {
        ackpace_hurry(p, l, window, mss, l->quick);
        p->ato = (uint16_t)max_u32(l->delay, 1);
    } else if (gap <= half) {
        p->ato = (uint16_t)(p->ato / 2 + half);
    } else if (gap < p->ato) {
        p->ato = (uint16_t)min_u32(p->ato / 2 + gap, min_u32(l->rto, UINT16_MAX));
    } else if (gap > l->rto) {
        ackpace_hurry(p, l, window, mss, l->quick);
    }
}

void ackpace_answered(struct ack_pace *p, uint32_t now)
{
    if (now - p->heard < p->ato)
        p->interactive = true;
}

void ackpace_missed(struct ack_pace *p, const struct ack_limits *l)
{
    if (p->interactive) {
        p->interactive = false;
        p->ato = (uint16_t)l->delay;
    } else {
        p->ato = (uint16_t)min_u32(2u * p->ato, min_u32(l->rto, UINT16_MAX));
    }
}

uint32_t ackpace_delay(const struct ack_pace *p, const struct ack_limits *l, const struct ackpolicy *a, uint32_t srtt)
{
    uint32_t most = p->interactive || a->pushed ? ACK_DELAY_MAX : LAZY_MAX;

    if (l->quick == 0)
        return l->delay;
    if (p->ato <= l->delay)
        return max_u32(p->ato, 1); /* nothing but a FIN came: a tick, so that an end that follows at once carries it */
    if (srtt)
        most = min_u32(most, max_u32(srtt, l->delay));
    return min_u32(min_u32(p->ato, most), max_u32(ACK_DELAY_MAX, l->delay));
}

/* ---- what came ---- */

uint32_t ackpolicy_measure(struct ackpolicy *a, uint32_t len, uint32_t options, uint32_t mss, bool push, bool bare)
{
    uint32_t whole = len + options, last = a->small;

    a->small = 0; /* alike are two that follow each other */
    if (len >= mss) {
        a->pushed = a->pushed || push;
        return len;
    }
    /* SACK blocks make a full segment's text shorter: two alike, with what they left out, tell a smaller full size. */
    if (whole >= DEFAULT_MSS || (whole + HEADER >= LEAST_MSS + HEADER && bare)) {
        a->small = (uint16_t)min_u32(whole, UINT16_MAX);
        if (whole == last)
            return whole;
    }
    a->pushed_twice = a->pushed_twice || a->pushed;
    a->pushed = true;
    return mss;
}

/* Is one more out of order worth a word of its own? */
static bool worth_a_word(struct ackpolicy *a, const struct ack_limits *l, const struct ack_facts *f)
{
    if (!f->sack || a->crowd >= l->crowd)
        return true;
    if (!seq_eq(a->told_at, f->next)) {
        a->told_at = f->next;
        a->told = 0;
    }
    if (a->told >= ACK_TOLD)
        return false;
    a->told++;
    return true;
}

static enum ack_when decide(struct ackpolicy *a, const struct ack_pace *p, const struct ack_limits *l,
                            const struct ack_facts *f)
{
    if (a->due)
        return ACK_NOW;
    if (l->quick == 0)
        return f->holes || f->unacked >= 2 * f->mss || (l->second && a->scheduled) ? ACK_NOW : ACK_LATER; /* SHLD-19 */
    if (f->unacked > f->mss && (f->wanted || f->edge_moves))
        return ACK_NOW;
    if (p->quick && !p->interactive)
        return ACK_NOW;
    if (!f->holes)
        return ACK_LATER;
    if (worth_a_word(a, l, f))
        return ACK_NOW;
    a->crowd++;
    return ACK_SOON;
}

enum ack_when ackpolicy_decide(struct ackpolicy *a, const struct ack_pace *p, const struct ack_limits *l,
                               const struct ack_facts *f)
{
    enum ack_when when = decide(a, p, l, f);

    a->scheduled = true;
    if (when == ACK_NOW)
        a->due = true;
    return when;
}

bool ackpolicy_after_reading(const struct ackpolicy *a, const struct ack_pace *p, uint32_t unacked, uint32_t mss,
                             bool empty)
{
    if (!a->scheduled)
        return false;
    return unacked > mss || (empty && (a->pushed_twice || (a->pushed && !p->interactive)));
}

void ackpolicy_owe(struct ackpolicy *a)
{
    a->scheduled = true;
    if (a->owed < ACK_MAX_OWED)
        a->owed++;
}

void ackpolicy_sent(struct ackpolicy *a, struct ack_pace *p, uint32_t delay, bool pure)
{
    if (p->quick && a->scheduled && --p->quick == 0)
        p->ato = (uint16_t)delay;
    a->due = a->pushed = a->pushed_twice = false;
    a->crowd = 0;
    if (a->owed)
        a->owed = pure ? a->owed - 1 : 0;
    a->scheduled = a->owed;
}
