/* SPDX-License-Identifier: MIT */
/*
 * The timing wheel; wheel.h states its invariants.
 *
 * A tick is the time's number of lowest-level slots, 6 bits of it per level. A timer's level is that of the highest
 * bit in which its tick differs from now's: so at its level it is ahead of now in the same turn of the wheel, and it
 * comes down a level (or falls due) exactly when now enters its slot. Because now never passes a slot without
 * emptying it, the slot's number and now tell at any later time when it begins.
 *
 * Eight levels span 2^61 ns, 73 years. What lies in a later span is filed at the end of the present one, and found
 * there as a timer that was moved later.
 */
#include "base/wheel.h"

#define SLOT_MASK   (WHEEL_SLOTS - 1)
#define SPAN_MASK   (((uint64_t)1 << (WHEEL_TICK_SHIFT + WHEEL_LEVELS * WHEEL_SLOT_BITS)) - 1)
#define LOOK_AT_MOST 64 /* timers that wheel_deadline looks at */
#define TIMER_ORDER_MASK (((uint64_t)1 << TIMER_ORDER_BITS) - 1)

static uint64_t tick_of(weft_time t) { return t >> WHEEL_TICK_SHIFT; }

static struct timer *timer_of(struct list *link) { return container_of(link, struct timer, link); }

static bool is_near(const struct wheel *w, uint64_t tick) { return tick <= tick_of(w->now); }

/* For a tick after now's. */
static unsigned level_of(const struct wheel *w, uint64_t tick)
{
    return (63u - (unsigned)__builtin_clzll(tick ^ tick_of(w->now))) / WHEEL_SLOT_BITS;
}

static unsigned slot_of(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (level * WHEEL_SLOT_BITS)) & SLOT_MASK;
}

/* The tick at which a slot begins, in the turn that now is in. */
static uint64_t slot_begin(const struct wheel *w, unsigned number)
{
    unsigned shift = number / WHEEL_SLOTS * WHEEL_SLOT_BITS;

    return (tick_of(w->now) >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS | (number & SLOT_MASK)) << shift;
}

static bool fires_before(const struct timer *a, const struct timer *b)
{
    if (likely(a->deadline != b->deadline))
        return a->deadline < b->deadline;
    return (int64_t)(((uint64_t)a->order - (uint64_t)b->order) << (64 - TIMER_ORDER_BITS)) < 0;
}

void wheel_init(struct wheel *w, weft_time now)
{
    w->now = now;
    w->armed = 0;
    list_init(&w->due);
    for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
        w->bitmap[l] = 0;
        for (unsigned i = 0; i < WHEEL_SLOTS; i++)
            list_init(&w->slot[l][i]);
    }
}

void timer_init(struct timer *t)
{
    *t = (struct timer){.deadline = WEFT_NEVER};
    list_init(&t->link);
}

/* From the back: a timer armed for now, the usual case, goes last. */
static void due_insert(struct wheel *w, struct timer *t)
{
    struct list *at = &w->due;

    while (at->prev != &w->due && fires_before(t, timer_of(at->prev)))
        at = at->prev;
    list_insert_before(at, &t->link);
    t->slot = WHEEL_DUE;
}

/* A timer that is in no list and does not belong on the due list. */
static void slot_insert(struct wheel *w, struct timer *t, uint64_t tick)
{
    unsigned level = level_of(w, tick), slot = slot_of(tick, level);

    list_push_back(&w->slot[level][slot], &t->link);
    w->bitmap[level] |= (uint64_t)1 << slot;
    t->slot = (level * WHEEL_SLOTS + slot) & 0xfff;
}

/* Under which tick to file a timer: its deadline's, unless that is in a later span. */
static uint64_t filed_under(const struct wheel *w, weft_time deadline)
{
    return tick_of(min_u64(deadline, w->now | SPAN_MASK));
}

/* An armed timer that is in no list. */
static void timer_file(struct wheel *w, struct timer *t)
{
    uint64_t tick = filed_under(w, t->deadline);

    if (is_near(w, tick))
        due_insert(w, t);
    else
        slot_insert(w, t, tick);
}

/* A timer that is in a list. */
static void timer_unfile(struct wheel *w, struct timer *t)
{
    unsigned level = t->slot / WHEEL_SLOTS, slot = t->slot & SLOT_MASK;

    list_remove(&t->link);
    if (t->slot != WHEEL_DUE && list_empty(&w->slot[level][slot]))
        w->bitmap[level] &= ~((uint64_t)1 << slot);
}

void timer_set(struct wheel *w, struct timer *t, weft_time deadline)
{
    bool filed = list_linked(&t->link);

    t->order = ++w->armed & TIMER_ORDER_MASK;
    /* Its slot begins before the old deadline, so a later one needs no look at where it stands. */
    if (likely(filed && t->slot != WHEEL_DUE && (deadline >= t->deadline || tick_of(deadline) >= slot_begin(w, t->slot)))) {
        t->deadline = deadline;
        return;
    }
    if (filed)
        timer_unfile(w, t);
    t->deadline = deadline;
    if (deadline != WEFT_NEVER)
        timer_file(w, t);
}

void timer_remove(struct wheel *w, struct timer *t)
{
    if (list_linked(&t->link))
        timer_unfile(w, t);
    t->deadline = WEFT_NEVER;
}

/* Bits from..to, both included. */
static uint64_t bit_range(uint64_t from, uint64_t to)
{
    return (UINT64_MAX << from) & (UINT64_MAX >> (63 - to));
}

/* Moves all links of `from` to the end of `to`. */
static void list_take_all(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

/* Advances to now, and collects in `got` the timers of all slots that this enters or passes. */
static void wheel_collect(struct wheel *w, weft_time now, struct list *got)
{
    uint64_t was = tick_of(w->now), is = tick_of(now);

    list_take_all(got, &w->due);
    for (unsigned l = 0; l < WHEEL_LEVELS && was != is; l++, was >>= WHEEL_SLOT_BITS, is >>= WHEEL_SLOT_BITS) {
        bool same_turn = was >> WHEEL_SLOT_BITS == is >> WHEEL_SLOT_BITS;
        uint64_t passed = same_turn ? bit_range((was & SLOT_MASK) + 1, is & SLOT_MASK) : UINT64_MAX;

        passed &= w->bitmap[l];
        w->bitmap[l] &= ~passed;
        for (; passed; passed &= passed - 1)
            list_take_all(got, &w->slot[l][__builtin_ctzll(passed)]);
    }
    w->now = now;
}

/* Merges two sorted chains, linked by `next` alone and ended by NULL. */
static struct list *chain_merge(struct list *a, struct list *b)
{
    struct list head, *tail = &head;

    while (a && b) {
        struct list **first = fires_before(timer_of(b), timer_of(a)) ? &b : &a;

        tail = tail->next = *first;
        *first = (*first)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

/*
 * Makes the chain the due list, sorted. A merge sort from the bottom up, as one counts in binary: run[i] is empty or
 * 2^i timers long. So a long pause with very many timers in it stays cheap.
 */
static void due_sort(struct wheel *w, struct list *chain)
{
    struct list *run[32], *sorted = NULL;
    unsigned i;

    if (likely(!chain->next)) {
        list_push_back(&w->due, chain);
        return;
    }
    for (i = 0; i < ARRAY_LEN(run); i++)
        run[i] = NULL;
    while (chain) {
        struct list *one = chain;

        chain = one->next;
        one->next = NULL;
        for (i = 0; i < ARRAY_LEN(run) - 1 && run[i]; i++) {
            one = chain_merge(run[i], one);
            run[i] = NULL;
        }
        run[i] = run[i] ? chain_merge(run[i], one) : one;
    }
    for (i = 0; i < ARRAY_LEN(run); i++)
        sorted = chain_merge(run[i], sorted);
    while (sorted) {
        struct list *next = sorted->next;

        list_push_back(&w->due, sorted);
        sorted = next;
    }
}

/* A timer out of a slot that was entered: into a lower one, or before the chain of those that fall due. */
static struct list *timer_come_down(struct wheel *w, struct timer *t, struct list *near)
{
    uint64_t tick = filed_under(w, t->deadline);

    list_init(&t->link);
    if (t->deadline == WEFT_NEVER)
        return near;
    if (!is_near(w, tick)) {
        slot_insert(w, t, tick);
        return near;
    }
    t->slot = WHEEL_DUE;
    t->link.next = near;
    return &t->link;
}

/*
 * Afterwards nothing that is filed after the slot of now is on the due list, and nothing else is anywhere else. Among
 * very many timers each is cold, and the next is known only when the one before it has come: so the list is read from
 * both ends at once.
 */
static void wheel_advance(struct wheel *w, weft_time now)
{
    struct list got, *near = NULL, *front, *back;

    list_init(&got);
    wheel_collect(w, now, &got);
    front = got.next;
    back = got.prev;
    while (front != &got && front != back) {
        struct list *a = front, *b = back;

        front = a->next;
        back = b->prev;
        __builtin_prefetch(front, 1);
        __builtin_prefetch(back, 1);
        near = timer_come_down(w, timer_of(a), near);
        near = timer_come_down(w, timer_of(b), near);
        if (front == b) /* they were neighbours */
            front = back = &got;
    }
    if (front != &got)
        near = timer_come_down(w, timer_of(front), near);
    if (near)
        due_sort(w, near);
}

struct timer *wheel_pop(struct wheel *w, weft_time now)
{
    struct timer *t;

    if (tick_of(now) > tick_of(w->now))
        wheel_advance(w, now);
    w->now = max_u64(w->now, now);
    if (list_empty(&w->due))
        return NULL;
    t = timer_of(w->due.next);
    if (t->deadline > w->now)
        return NULL;
    list_remove(&t->link);
    t->deadline = WEFT_NEVER;
    return t;
}

/* The start of the first occupied slot of the levels above the lowest. */
static weft_time upper_bound(const struct wheel *w)
{
    for (unsigned l = 1; l < WHEEL_LEVELS; l++) {
        unsigned shift = WHEEL_TICK_SHIFT + l * WHEEL_SLOT_BITS;

        if (w->bitmap[l])
            return (w->now >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS | (unsigned)__builtin_ctzll(w->bitmap[l]))
                   << shift;
    }
    return WEFT_NEVER;
}

/*
 * A timer in a slot may have been moved past that slot's end, even past other timers; only a deadline before the next
 * occupied slot's start is surely the first.
 */
weft_time wheel_deadline(const struct wheel *w)
{
    weft_time turn = w->now & ~(((weft_time)WHEEL_SLOTS << WHEEL_TICK_SHIFT) - 1), best = WEFT_NEVER;
    unsigned looked = 0;

    if (!list_empty(&w->due))
        return timer_of(w->due.next)->deadline;
    for (uint64_t slots = w->bitmap[0]; slots; slots &= slots - 1) {
        unsigned i = (unsigned)__builtin_ctzll(slots);
        weft_time start = turn | (weft_time)i << WHEEL_TICK_SHIFT;

        if (best <= start)
            return best;
        list_each(link, &w->slot[0][i]) {
            if (looked++ == LOOK_AT_MOST)
                return start;
            best = min_u64(best, timer_of(link)->deadline);
        }
    }
    return min_u64(best, upper_bound(w));
}
