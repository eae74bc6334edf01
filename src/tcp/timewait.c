/* SPDX-License-Identifier: MIT */
/* TIME-WAIT records; see timewait.h. */
#include "tcp/timewait.h"

#define SIZE_V4 (offsetof(struct timewait, key) + sizeof(struct tcp_key4))
#define SIZE_V6 (offsetof(struct timewait, key) + sizeof(struct tcp_key6))

/* Where pointers have 64 bits; less where they have 32. */
_Static_assert(sizeof(void *) < 8 || SIZE_V4 == 40, "a record of IPv4, of which there may be millions");
_Static_assert(sizeof(void *) < 8 || SIZE_V6 == 64, "a record of IPv6 is one cache line");
_Static_assert(sizeof(struct timewait_page) % _Alignof(struct timewait) == 0, "the first slot is aligned");

#define LONG_SLEEP (3600 * WEFT_S) /* longer than any wait; both together are less than the milliseconds' half circle */
#define ANSWER_TICKS 255           /* eighths of a second in which answers are told apart */
#define CIRCLE     0xffffffu       /* of 24 bits */

static uint32_t millis(weft_time t) { return (uint32_t)(t / WEFT_MS) & CIRCLE; }

/* Milliseconds until it expires; negative: since. */
static int32_t left(const struct timewait *w, weft_time now)
{
    return (int32_t)((w->expires - millis(now)) << 8) >> 8;
}

/* Rounded up, so that no wait is shorter than asked. */
static uint32_t expiry(weft_time now, weft_time stay)
{
    return millis(now + min_u64(stay, TIMEWAIT_LONGEST) + WEFT_MS - 1);
}

/* ---- lanes ---- */

static size_t size_of(bool v6) { return v6 ? SIZE_V6 : SIZE_V4; }

static struct timewait *slot(const struct timewait_page *page, uint32_t i, bool v6)
{
    return (struct timewait *)((char *)(page + 1) + i * size_of(v6));
}

static struct timewait *front(const struct timewait_lane *l, bool v6)
{
    return l->first ? slot(l->first, l->first->first, v6) : NULL;
}

/* The slot behind the last one; NULL: out of memory. */
static struct timewait *append(struct timewait_table *t, struct timewait_lane *l, bool v6)
{
    struct timewait_page *page = l->last;

    if (!page || page->end == (TIMEWAIT_PAGE - sizeof *page) / size_of(v6)) {
        page = mem_alloc(t->mem, MEM_time_wait, TIMEWAIT_PAGE);
        if (!page)
            return NULL;
        *page = (struct timewait_page){0};
        if (l->last)
            l->last->next = page;
        else
            l->first = page;
        l->last = page;
    }
    l->count++;
    return slot(page, page->end++, v6);
}

static void page_free(struct timewait_table *t, struct timewait_lane *l)
{
    struct timewait_page *page = l->first;

    l->first = page->next;
    if (!l->first)
        l->last = NULL;
    mem_free(t->mem, MEM_time_wait, page, TIMEWAIT_PAGE);
}

static void drop_front(struct timewait_table *t, struct timewait_lane *l)
{
    l->count--;
    if (++l->first->first == l->first->end)
        page_free(t, l);
}

/* ---- the table ---- */

void timewait_init(struct timewait_table *t, struct mem *m,
                   void (*moved)(void *ctx, struct timewait *from, struct timewait *to), void *ctx)
{
    *t = (struct timewait_table){.mem = m, .moved = moved, .ctx = ctx};
    timer_init(&t->timer);
}

void timewait_fini(struct timewait_table *t)
{
    for (unsigned i = 0; i < 2 * TIMEWAIT_KINDS; i++)
        while (t->lane[i / 2][i % 2].first)
            page_free(t, &t->lane[i / 2][i % 2]);
}

/* A lane has a page at each end that is not full, and one while its first record moves to the end. */
size_t timewait_most_bytes(size_t records)
{
    const size_t a_page = (TIMEWAIT_PAGE - sizeof(struct timewait_page)) / SIZE_V6, lanes = 2 * TIMEWAIT_KINDS;

    return (records / a_page + 2 * lanes + 1) * TIMEWAIT_PAGE;
}

size_t timewait_count_v6(const struct timewait_table *t)
{
    return t->lane[TIMEWAIT_TWO_MSL][true].count + t->lane[TIMEWAIT_FIN_WAIT_2][true].count;
}

static void expire_all(const struct timewait_lane *l, bool v6, weft_time now)
{
    for (struct timewait_page *page = l->first; page; page = page->next)
        for (uint32_t i = page->first; i < page->end; i++)
            slot(page, i, v6)->expires = millis(now) & CIRCLE;
}

/* The clock jumped further than the records can tell: all of them are over. */
static void wake_up(struct timewait_table *t, weft_time now)
{
    if (likely(now - t->served <= LONG_SLEEP))
        return;
    for (unsigned i = 0; i < 2 * TIMEWAIT_KINDS; i++)
        expire_all(&t->lane[i / 2][i % 2], i % 2, now);
    t->served = now;
}

struct timewait *timewait_new(struct timewait_table *t, enum timewait_kind kind, const union tcp_key *key, bool v6,
                              weft_time now, weft_time stay)
{
    struct timewait *w;

    wake_up(t, now);
    w = append(t, &t->lane[kind][v6], v6);
    if (!w)
        return NULL;
    w->v6 = v6;
    w->dead = w->restarted = w->reuse_addr = false;
    w->fin_wait_2 = kind == TIMEWAIT_FIN_WAIT_2;
    w->expires = expiry(now, stay) & CIRCLE;
    w->answered = 0;
    key_copy(&w->key, key, v6);
    if (t->count++ == 0)
        t->served = now;
    t->live++;
    return w;
}

bool timewait_is_front(const struct timewait_table *t, const struct timewait *w)
{
    return front(&t->lane[w->fin_wait_2 ? TIMEWAIT_FIN_WAIT_2 : TIMEWAIT_TWO_MSL][w->v6], w->v6) == w;
}

void timewait_restart(struct timewait *w, weft_time now, weft_time stay)
{
    w->expires = expiry(now, stay) & CIRCLE;
    w->restarted = true;
}

bool timewait_expired(const struct timewait_table *t, const struct timewait *w, weft_time now)
{
    return left(w, now) <= 0 || now - t->served > LONG_SLEEP;
}

weft_time timewait_age(const struct timewait *w, weft_time now, weft_time stay)
{
    int64_t ms = (int64_t)(min_u64(stay, TIMEWAIT_LONGEST) / WEFT_MS) - left(w, now);

    return ms > 0 ? (weft_time)ms * WEFT_MS : 0;
}

bool timewait_may_answer(struct timewait *w, weft_time now, weft_time interval)
{
    uint32_t tick = (uint32_t)(now / (WEFT_S / 8) % ANSWER_TICKS) + 1; /* never 0 */

    if (w->answered && (tick + ANSWER_TICKS - w->answered) % ANSWER_TICKS <= interval / (WEFT_S / 8))
        return false;
    w->answered = tick & 0xff;
    return true;
}

static weft_time turn(const struct timewait *first, weft_time now)
{
    int32_t ms;

    if (!first)
        return WEFT_NEVER;
    ms = left(first, now);
    return ms <= 0 || first->restarted ? now : (now / WEFT_MS + (uint32_t)ms) * WEFT_MS;
}

weft_time timewait_left(const struct timewait *w, weft_time now)
{
    int32_t ms = left(w, now);

    return ms > 0 ? (weft_time)ms * WEFT_MS : 0;
}

weft_time timewait_deadline(const struct timewait_table *t, weft_time now)
{
    weft_time at = WEFT_NEVER;

    for (unsigned i = 0; i < 2 * TIMEWAIT_KINDS; i++)
        at = min_u64(at, turn(front(&t->lane[i / 2][i % 2], i % 2), now));
    return at;
}

/* The wait of the first one started anew: it goes where the newest are. False: out of memory. */
static bool move_to_the_end(struct timewait_table *t, struct timewait_lane *l, struct timewait *w)
{
    bool v6 = w->v6;
    struct timewait *to = append(t, &t->lane[w->fin_wait_2 ? TIMEWAIT_FIN_WAIT_2 : TIMEWAIT_TWO_MSL][v6], v6);

    if (!to)
        return false;
    memcpy(to, w, size_of(v6));
    to->restarted = false;
    t->moved(t->ctx, w, to);
    drop_front(t, l);
    return true;
}

/* The first one that is neither dead nor elsewhere by now. force: if it is elsewhere, it stays. */
static struct timewait *first_in_place(struct timewait_table *t, struct timewait_lane *l, bool v6, bool force)
{
    struct timewait *w;

    while ((w = front(l, v6))) {
        if (w->dead) {
            t->count--;
            drop_front(t, l);
        } else if (!w->restarted || force || !move_to_the_end(t, l, w)) {
            return w;
        }
    }
    return NULL;
}

/* Of the two families, the one that goes first; NULL: no time is up. */
static struct timewait *pop(struct timewait_table *t, struct timewait_lane lane[2], weft_time now, bool force)
{
    struct timewait *best = NULL;

    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct timewait *w = first_in_place(t, &lane[v6], v6, force);

        if (w && !force && left(w, now) > 0 && !w->restarted)
            continue;
        if (w && (!best || left(w, now) < left(best, now)))
            best = w;
    }
    return best;
}

struct timewait *timewait_pop(struct timewait_table *t, weft_time now, bool force)
{
    struct timewait *w = NULL;

    wake_up(t, now);
    t->served = now;
    for (unsigned i = 0; i < TIMEWAIT_KINDS && !w; i++)
        w = pop(t, t->lane[i], now, force);
    return w;
}

void timewait_free(struct timewait_table *t, struct timewait *w)
{
    bool v6 = w->v6;
    unsigned kind = front(&t->lane[TIMEWAIT_TWO_MSL][v6], v6) == w ? TIMEWAIT_TWO_MSL : TIMEWAIT_FIN_WAIT_2;

    weft_assert(front(&t->lane[kind][v6], v6) == w, "timewait_pop gives the first of a lane");
    t->count--;
    t->live--;
    drop_front(t, &t->lane[kind][v6]);
}

void timewait_bury(struct timewait_table *t, struct timewait *w)
{
    w->dead = true;
    t->live--;
}

bool timewait_may_reopen(const struct timewait *w, struct seq s, bool has_ts, uint32_t ts_val)
{
    bool higher = seq_gt(s, w->rcv_nxt);
    int32_t newer = (int32_t)(ts_val - w->ts_recent);

    if (w->has_ts && has_ts)
        return newer > 0 || (newer == 0 && higher);
    return higher || (!w->has_ts && has_ts);
}
