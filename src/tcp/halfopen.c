/* SPDX-License-Identifier: MIT */
/* Half-open records; see halfopen.h. */
#include "tcp/halfopen.h"

#define SWEPT_PER_DEATH 4                /* places that the sweeper passes */
#define ANSWER_TICKS    65535            /* milliseconds in which answers are told apart */
#define LONG_SLEEP      (1500 * WEFT_S)  /* longer than any wait, shorter than the microseconds' half circle */

_Static_assert(offsetof(struct halfopen, key) + sizeof(struct tcp_key4) <= 56, "56 bytes for a record of IPv4");

static uint32_t micros(weft_time t) { return (uint32_t)(t / WEFT_US); }

void halfopen_init(struct halfopen_table *t, struct mem *m)
{
    slab_init(&t->slab4, m, MEM_half_open, offsetof(struct halfopen, key) + sizeof(struct tcp_key4));
    slab_init(&t->slab6, m, MEM_half_open, offsetof(struct halfopen, key) + sizeof(struct tcp_key6));
    slab_keep_at_hand(&t->slab4);
    slab_keep_at_hand(&t->slab6);
    memset(t->fifo, 0, sizeof t->fifo);
    t->count = t->linked = 0;
    t->served = 0;
    timer_init(&t->timer);
}

static void release(struct halfopen_table *t, struct halfopen *h)
{
    t->linked--;
    slab_free(h->v6 ? &t->slab6 : &t->slab4, h);
}

/* To the end of the FIFO of its repeats. */
static void append(struct halfopen_table *t, struct halfopen *h)
{
    struct halfopen_fifo *f = &t->fifo[h->repeats];

    t->linked++;
    h->next = NULL;
    if (f->last)
        f->last->next = h;
    else
        f->first = h;
    f->last = h;
}

static struct halfopen *take_first(struct halfopen_fifo *f)
{
    struct halfopen *h = f->first;

    f->first = h->next;
    if (!f->first)
        f->last = NULL;
    if (f->swept == h)
        f->swept = NULL;
    return h;
}

struct halfopen *halfopen_new(struct halfopen_table *t, const struct tcp_flow *flow, weft_time now, weft_time delay)
{
    bool v6 = flow_is_v6(flow);
    struct halfopen *h = slab_alloc(v6 ? &t->slab6 : &t->slab4);

    if (!h)
        return NULL;
    memset(h, 0, offsetof(struct halfopen, key));
    h->v6 = v6;
    h->due = micros(time_after(now, delay) + WEFT_US - 1); /* rounded up: no wait is shorter than asked */
    key_pack(&h->key, flow, v6);
    append(t, h);
    if (t->count++ == 0)
        t->served = now;
    return h;
}

/* Passes a few places and unlinks the dead among them. */
static void sweep(struct halfopen_table *t, struct halfopen_fifo *f)
{
    for (unsigned i = 0; i < SWEPT_PER_DEATH; i++) {
        struct halfopen *h = f->swept ? f->swept->next : f->first;

        if (!h) {
            f->swept = NULL;
            if (!f->first)
                return;
        } else if (!h->dead) {
            f->swept = h;
        } else if (!f->swept) {
            release(t, take_first(f));
        } else {
            f->swept->next = h->next;
            if (f->last == h)
                f->last = f->swept;
            release(t, h);
        }
    }
}

/* The last of the living takes the dead along. */
static void release_all(struct halfopen_table *t)
{
    for (unsigned i = 0; t->linked; i++)
        while (t->fifo[i].first)
            release(t, take_first(&t->fifo[i]));
}

void halfopen_free(struct halfopen_table *t, struct halfopen *h)
{
    h->dead = true;
    if (--t->count == 0)
        release_all(t);
    else
        sweep(t, &t->fifo[h->repeats]);
}

void halfopen_fini(struct halfopen_table *t)
{
    release_all(t);
    slab_fini(&t->slab4);
    slab_fini(&t->slab6);
}

/* The first of the living; the dead before it are unlinked. */
static struct halfopen *first_alive(struct halfopen_table *t, struct halfopen_fifo *f)
{
    while (f->first && f->first->dead)
        release(t, take_first(f));
    return f->first;
}

/* Microseconds until it is due; less than nothing: it was. */
static int32_t left(const struct halfopen *h, weft_time now) { return (int32_t)(h->due - micros(now)); }

static bool is_due(const struct halfopen *h, weft_time now) { return left(h, now) <= 0; }

/* The clock jumped further than the records can tell: all of them are due. */
static void wake_up(struct halfopen_table *t, weft_time now)
{
    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++)
        for (struct halfopen *h = t->fifo[i].first; h; h = h->next)
            h->due = micros(now);
}

struct halfopen *halfopen_due(struct halfopen_table *t, weft_time now)
{
    if (unlikely(now - t->served > LONG_SLEEP))
        wake_up(t, now);
    t->served = now;
    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++) {
        struct halfopen *h = first_alive(t, &t->fifo[i]);

        if (h && is_due(h, now))
            return h;
    }
    return NULL;
}

static weft_time wait_of(unsigned repeats, weft_time delay, weft_time most)
{
    return min_u64(min_u64(delay << repeats, most), HALFOPEN_MAX_DELAY);
}

bool halfopen_repeat(struct halfopen_table *t, struct halfopen *h, weft_time now, weft_time delay, weft_time most,
                     unsigned max)
{
    weft_assert(t->fifo[h->repeats].first == h, "halfopen_due gives the first of a FIFO");
    if (h->repeats >= min_u32(max, HALFOPEN_MAX_REPEATS))
        return false;
    take_first(&t->fifo[h->repeats]);
    t->linked--;
    h->repeats++;
    h->due = micros(time_after(now, wait_of(h->repeats, delay, most)) + WEFT_US - 1);
    append(t, h);
    return true;
}

struct halfopen *halfopen_restart(struct halfopen_table *t, const struct halfopen *h, weft_time now, weft_time delay,
                                  weft_time most)
{
    struct halfopen *copy = slab_alloc(h->v6 ? &t->slab6 : &t->slab4);

    if (!copy)
        return NULL;
    memcpy(copy, h, offsetof(struct halfopen, key) + key_size(h->v6));
    copy->asked_again += copy->asked_again < 15;
    copy->due = micros(time_after(now, wait_of(h->repeats, delay, most)) + WEFT_US - 1);
    append(t, copy);
    t->count++;
    return copy;
}

weft_time halfopen_sent(const struct halfopen *h, weft_time now, weft_time delay)
{
    int32_t ahead = left(h, now);
    /* below zero within the microsecond that `due` was rounded up by */
    int64_t age = (int64_t)(delay / WEFT_US) - ahead;
    weft_time ago = age > 0 ? (weft_time)age * WEFT_US : 0;

    return ago < now ? now - ago : 0;
}

weft_time halfopen_due_at(const struct halfopen *h, weft_time now)
{
    int32_t ahead = left(h, now);

    return ahead > 0 ? now + (weft_time)ahead * WEFT_US : now;
}

bool halfopen_may_answer(struct halfopen *h, weft_time now, weft_time interval)
{
    uint32_t ms = (uint32_t)(now / WEFT_MS % ANSWER_TICKS) + 1; /* never 0 */

    if (h->answered && (ms + ANSWER_TICKS - h->answered) % ANSWER_TICKS < interval / WEFT_MS)
        return false;
    h->answered = (uint16_t)ms;
    return true;
}

weft_time halfopen_turn(const struct halfopen *h, weft_time now)
{
    int32_t ahead = left(h, now);

    return ahead <= 0 ? now : (now / WEFT_US + (uint32_t)ahead) * WEFT_US;
}

weft_time halfopen_deadline(const struct halfopen_table *t, weft_time now)
{
    weft_time due = WEFT_NEVER;

    for (unsigned i = 0; i < ARRAY_LEN(t->fifo); i++)
        if (t->fifo[i].first)
            due = min_u64(due, halfopen_turn(t->fifo[i].first, now));
    return due;
}

struct halfopen *halfopen_next(const struct halfopen_table *t, struct halfopen *h)
{
    unsigned i = h ? h->repeats : 0;

    h = h ? h->next : t->fifo[0].first;
    for (;;) {
        while (h && h->dead)
            h = h->next;
        if (h || ++i == ARRAY_LEN(t->fifo))
            return h;
        h = t->fifo[i].first;
    }
}
