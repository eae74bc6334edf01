/* SPDX-License-Identifier: MIT */
/* TIME-WAIT records; see timewait.h. */
#include "tcp/timewait.h"

_Static_assert(offsetof(struct timewait, key) + sizeof(struct tcp_key4) <= 48, "48 bytes for a record of IPv4");

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

void timewait_init(struct timewait_table *t, struct mem *m)
{
    slab_init(&t->slab4, m, MEM_time_wait, offsetof(struct timewait, key) + sizeof(struct tcp_key4));
    slab_init(&t->slab6, m, MEM_time_wait, offsetof(struct timewait, key) + sizeof(struct tcp_key6));
    memset(t->fifo, 0, sizeof t->fifo);
    t->count = t->live = 0;
    t->served = 0;
    timer_init(&t->timer);
}

void timewait_fini(struct timewait_table *t)
{
    for (unsigned i = 0; i < TIMEWAIT_KINDS; i++)
        for (struct timewait *w = t->fifo[i].first, *next; w; w = next) {
            next = w->next;
            timewait_free(t, w);
        }
    slab_fini(&t->slab4);
    slab_fini(&t->slab6);
}

static void append(struct timewait_fifo *f, struct timewait *w)
{
    w->next = NULL;
    if (f->last)
        f->last->next = w;
    else
        f->first = w;
    f->last = w;
}

/* The clock jumped further than the records can tell: all of them are over. */
static void wake_up(struct timewait_table *t, weft_time now)
{
    if (likely(now - t->served <= LONG_SLEEP))
        return;
    for (unsigned i = 0; i < TIMEWAIT_KINDS; i++)
        for (struct timewait *w = t->fifo[i].first; w; w = w->next)
            w->expires = millis(now) & CIRCLE;
    t->served = now;
}

struct timewait *timewait_new(struct timewait_table *t, enum timewait_kind kind, const struct tcp_flow *flow,
                              weft_time now, weft_time stay)
{
    bool v6 = flow_is_v6(flow);
    struct timewait *w = slab_alloc(v6 ? &t->slab6 : &t->slab4);

    if (!w)
        return NULL;
    wake_up(t, now);
    w->v6 = v6;
    w->dead = w->restarted = w->reuse_addr = false;
    w->fin_wait_2 = kind == TIMEWAIT_FIN_WAIT_2;
    w->expires = expiry(now, stay) & CIRCLE;
    w->answered = 0;
    key_pack(&w->key, flow, v6);
    append(&t->fifo[kind], w);
    if (t->count++ == 0)
        t->served = now;
    t->live++;
    return w;
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

static weft_time turn(const struct timewait_fifo *f, weft_time now)
{
    int32_t ms;

    if (!f->first)
        return WEFT_NEVER;
    ms = left(f->first, now);
    return ms <= 0 || f->first->restarted ? now : (now / WEFT_MS + (uint32_t)ms) * WEFT_MS;
}

weft_time timewait_left(const struct timewait *w, weft_time now)
{
    int32_t ms = left(w, now);

    return ms > 0 ? (weft_time)ms * WEFT_MS : 0;
}

weft_time timewait_deadline(const struct timewait_table *t, weft_time now)
{
    return min_u64(turn(&t->fifo[TIMEWAIT_TWO_MSL], now), turn(&t->fifo[TIMEWAIT_FIN_WAIT_2], now));
}

static struct timewait *take_first(struct timewait_fifo *f)
{
    struct timewait *w = f->first;

    f->first = w->next;
    if (!f->first)
        f->last = NULL;
    return w;
}

/* The wait of the first one started anew: it is filed where the newest are. */
static void file_again(struct timewait_table *t, struct timewait_fifo *f)
{
    struct timewait *w = take_first(f);

    w->restarted = false;
    append(&t->fifo[w->fin_wait_2 ? TIMEWAIT_FIN_WAIT_2 : TIMEWAIT_TWO_MSL], w);
}

static struct timewait *pop(struct timewait_table *t, struct timewait_fifo *f, weft_time now, bool force)
{
    while (f->first) {
        struct timewait *w = f->first;

        if (w->restarted && !w->dead && !force) {
            file_again(t, f);
            continue;
        }
        if (!w->dead && !force && left(w, now) > 0)
            return NULL;
        take_first(f);
        if (!w->dead)
            return w;
        t->live++; /* timewait_bury took it off */
        timewait_free(t, w);
    }
    return NULL;
}

struct timewait *timewait_pop(struct timewait_table *t, weft_time now, bool force)
{
    struct timewait *w = NULL;

    wake_up(t, now);
    t->served = now;
    for (unsigned i = 0; i < TIMEWAIT_KINDS && !w; i++)
        w = pop(t, &t->fifo[i], now, force);
    return w;
}

void timewait_free(struct timewait_table *t, struct timewait *w)
{
    t->count--;
    t->live--;
    slab_free(w->v6 ? &t->slab6 : &t->slab4, w);
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
