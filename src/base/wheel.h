/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timing wheel (Varghese, Lauck 1987) with occupancy bitmaps: 8 levels of 64 slots, the lowest slot
 * 8,192 ns wide. It never rounds a deadline: a timer fires in the first wheel_pop whose now is >= its deadline.
 *
 * Moving a timer later is a store: it is found again in its old slot and filed anew. Cancelling is a store too.
 * Timers that are due in the same wheel_pop run fire in order of deadline, ties in the order in which they were armed
 * (the last timer_set counts, whether or not it changed the deadline).
 *
 * Invariants:
 *   a filed timer stands in a slot that begins before its deadline, and after the lowest-level slot that `now` is in,
 *   or on the due list; it knows where;
 *   bit i of bitmap[l] is set exactly when slot[l][i] is not empty;
 *   the due list holds what is due before that lowest-level slot ends: sorted by deadline and arming, none cancelled.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/base.h"
#include "base/list.h"

#define WHEEL_LEVELS     8
#define WHEEL_SLOT_BITS  6
#define WHEEL_SLOTS      (1 << WHEEL_SLOT_BITS)
#define WHEEL_TICK_SHIFT 13
#define WHEEL_DUE        (WHEEL_LEVELS * WHEEL_SLOTS) /* the due list, as a slot */

#define TIMER_ORDER_BITS 44

struct timer {
    struct list link;
    weft_time deadline;  /* when to fire; WEFT_NEVER: not armed */
    uint64_t kind : 8;   /* whose timer it is, for the caller of wheel_pop; the wheel does not look at it */
    uint64_t slot : 12;  /* where it stands, if it does: level * WHEEL_SLOTS + slot, or WHEEL_DUE */
    uint64_t order : TIMER_ORDER_BITS; /* when it was armed, among all of its wheel; wraps. On top: written most */
};

struct wheel {
    weft_time now;
    uint64_t armed; /* timer_set calls so far */
    uint64_t bitmap[WHEEL_LEVELS];
    struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
    struct list due; /* the lowest-level slot that now is in, and what was due before: sorted, about to fire */
};

void wheel_init(struct wheel *w, weft_time now);

/* A timer that is in no wheel. */
void timer_init(struct timer *t);

static inline bool timer_armed(const struct timer *t) { return t->deadline != WEFT_NEVER; }

/* Arms or moves; a deadline in the past fires at the next wheel_pop. WEFT_NEVER cancels. */
void timer_set(struct wheel *w, struct timer *t, weft_time deadline);

/* Must be called before the timer's memory goes away: takes it out for good. */
void timer_remove(struct wheel *w, struct timer *t);

/*
 * A lower bound of the next deadline, exact when that timer stands in the lowest level and no more than 64 timers have
 * to be looked at to know; WEFT_NEVER when none. It is later than the last wheel_pop's now, once that returned NULL.
 */
weft_time wheel_deadline(const struct wheel *w);

/*
 * Advances to now and returns one timer that is due, taken out and disarmed; NULL when none is left.
 * Call until NULL. Timers may be set, moved and removed between the calls.
 */
struct timer *wheel_pop(struct wheel *w, weft_time now);

#endif
