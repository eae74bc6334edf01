/* SPDX-License-Identifier: MIT */
/*
 * The advertised window (RFC 9293 §3.8.6), as Linux chooses it: what there is room for, but no more than has been
 * promised so far to be safe; nothing when the room is silly (MUST-39); and never less than was promised before: the
 * right edge does not move left (SHLD-14). What arrives is judged by this edge, the largest ever promised.
 *
 * A field with a scale speaks in units. What is still open is rounded up to them, so that an edge once read by the peer
 * never seems to move back. A peer that sends byte by byte moves the edge by that, so it ends where the buffer is full
 * to its true size: from there on the field rounds down, and the edge that was promised stays (RFC 7323 §2.4).
 */
#ifndef TCP_RCVWND_H
#define TCP_RCVWND_H

#include "base/seq.h"

struct rcvwnd {
    uint32_t full;     /* payload that the buffer holds in all */
    uint32_t free;     /* that it could still take */
    uint32_t clamp;    /* the most we want to promise */
    uint32_t ssthresh; /* the most we dare to promise yet */
    uint32_t mss;      /* of the peer's full segment */
    uint32_t last;     /* what the last acknowledgment promised, counted from itself */
    uint8_t shift;
    bool plain;        /* `free` is offered as it is (config.tcp.plain_window) */
};

/* The window to offer, in bytes, whatever was promised before; 0: none that is worth having. */
uint32_t rcvwnd_select(const struct rcvwnd *w);

/*
 * The window to promise for a wish of `wanted` bytes while `open` bytes are promised. full: the buffer is, to its true
 * size.
 */
uint32_t rcvwnd_promise(uint32_t wanted, uint32_t open, bool full, uint8_t shift);

/*
 * How that is said. Without a scale more may be promised than can be: the peer hears of 65,535 bytes, and what he sends
 * beyond them is taken, as on Linux.
 */
uint16_t rcvwnd_field(uint32_t window, uint8_t shift);

/* Is the buffer more than half full? Then nothing should hurry the sender. */
static inline bool rcvwnd_is_tight(const struct rcvwnd *w)
{
    return w->free < (w->clamp < w->full ? w->clamp : w->full) / 2;
}

/* Is the window so wide that nothing need be told after reading, whatever was read? most: no more would be promised. */
static inline bool rcvwnd_is_wide(uint32_t most, uint32_t mss, uint32_t open)
{
    return 2 * (uint64_t)open > most && open >= mss;
}

/*
 * After the user read: is the window that could be told now so much larger that it is worth a segment of its own? When
 * it has doubled, and is not large anyway. DEVIATION from Linux, which stops there: also when it takes a full segment
 * now and did not before. A peer that sends no less would wait for its own patience to end.
 */
bool rcvwnd_worth_telling(const struct rcvwnd *w, uint32_t open);

/* The same where the window is plain, by 4.4BSD's measure: half of the buffer, or two segments and a quarter of it. */
bool rcvwnd_gained_enough(const struct rcvwnd *w, uint32_t open);

#endif
