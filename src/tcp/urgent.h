/* SPDX-License-Identifier: MIT */
/*
 * The receiver's side of urgent data (RFC 9293 §3.8.5, RFC 6093): one mark in the stream, at the last urgent byte,
 * which moves forward only. A newer pointer replaces an older one (MUST-32). The byte at the mark is kept beside the
 * stream as soon as it arrives, in order or not; a user who does not want it in line gets it by WEFT_MSG_OOB, once.
 *
 * Everything is compared on the circle of sequence numbers; a pointer is a distance of 16 bits from a number that is
 * inside the window, so it lies less than 2^31 ahead of what the user has read, or it is ignored.
 */
#ifndef TCP_URGENT_H
#define TCP_URGENT_H

#include "base/seq.h"

enum urgent_state {
    URGENT_NONE,
    URGENT_AWAITED, /* the byte at the mark has not come */
    URGENT_HERE,    /* it can be read out of line */
    URGENT_TAKEN,   /* it was; the mark stands until the stream has passed it */
};

struct urgent {
    struct seq mark; /* the last urgent byte */
    uint8_t state;
    uint8_t byte;
};

/*
 * A segment with URG at `seq` points `pointer` bytes ahead (behind the last urgent byte; 0 is read as 1, as Linux
 * does). read: the first byte the user has not read; next: RCV.NXT. True: the mark is new, the user must be told
 * (MUST-31).
 */
bool urgent_point(struct urgent *u, struct seq seq, uint16_t pointer, struct seq read, struct seq next);

/* Where in a segment's text of `len` bytes at `seq` the awaited byte lies; false: it does not. */
bool urgent_lies_in(const struct urgent *u, struct seq seq, uint32_t len, uint32_t *offset);

/* The awaited byte is here. */
static inline void urgent_arrived(struct urgent *u, uint8_t byte)
{
    u->state = URGENT_HERE;
    u->byte = byte;
}

/* The user is at `read`: is the mark just there? */
static inline bool urgent_is_at(const struct urgent *u, struct seq read)
{
    return u->state != URGENT_NONE && seq_eq(u->mark, read);
}

/* How many of `n` bytes from `read` may be read in one go: a read stops at the mark, and may begin there (MUST-33). */
uint32_t urgent_reach(const struct urgent *u, struct seq read, uint32_t n);

/* The user has read up to `read`: a mark behind him is no mark any more. */
void urgent_passed(struct urgent *u, struct seq read);

#endif
