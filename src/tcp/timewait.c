/* SPDX-License-Identifier: MIT */
/* TIME-WAIT records; see timewait.h. */
#include "tcp/timewait.h"

_Static_assert(offsetof(struct timewait, key) + sizeof(struct tcp_key4) <= 48, "48 bytes for a record of IPv4");

static uint32_t millis(weft_time t) { return (uint32_t)(t / WEFT_MS); }

/* Rounded up, so that no wait is shorter than asked. */
static uint32_t expiry(weft_time now, weft_time stay) { return millis(now + stay + WEFT_MS - 1); }

void timewait_init(struct timewait_table *t, struct mem *m)
{
    slab_init(&t->slab4, m, MEM_time_wait, offsetof(struct timewait, key) + sizeof(struct tcp_key4));
    slab_init(&t->slab6, m, MEM_time_wait, offsetof(struct timewait, key) + sizeof(struct tcp_key6));
    t->first = t->last = NULL;
    t->count = t->live = 0;
    timer_init(&t->timer);
}

void timewait_fini(struct timewait_table *t)
{
    while (t->first) {
        struct timewait *w = t->first;

        t->first = w->next;
        timewait_free(t, w);
    }
    slab_fini(&t->slab4);
    slab_fini(&t->slab6);
}

static void append(struct timewait_table *t, struct timewait *w)
{
    w->next = NULL;
    if (t->last)
        t->last->next = w;
    else
        t->first = w;
    t->last = w;
}

struct timewait *timewait_new(struct timewait_table *t, const struct tcp_flow *flow, weft_time now, weft_time stay)
{
    bool v6 = flow_is_v6(flow);
    struct timewait *w = slab_alloc(v6 ? &t->slab6 : &t->slab4);

    if (!w)
        return NULL;
    w->v6 = v6;
    w->dead = w->restarted = false;
    w->expires = expiry(now, stay);
    key_pack(&w->key, flow, v6);
    append(t, w);
    t->count++;
    t->live++;
    return w;
}

void timewait_restart(struct timewait *w, weft_time now, weft_time stay)
{
    w->expires = expiry(now, stay);
    w->restarted = true;
}

bool timewait_expired(const struct timewait *w, weft_time now) { return (int32_t)(millis(now) - w->expires) >= 0; }

weft_time timewait_left(const struct timewait *w, weft_time now)
{
    int32_t left = (int32_t)(w->expires - millis(now));

    return left > 0 ? (weft_time)left * WEFT_MS : 0;
}

weft_time timewait_deadline(const struct timewait_table *t, weft_time now)
{
    int32_t left;

    if (!t->first)
        return WEFT_NEVER;
    left = (int32_t)(t->first->expires - millis(now));
    return left <= 0 || t->first->restarted ? now : (now / WEFT_MS + (uint32_t)left) * WEFT_MS;
}

static struct timewait *take_first(struct timewait_table *t)
{
    struct timewait *w = t->first;

    t->first = w->next;
    if (!t->first)
        t->last = NULL;
    return w;
}

struct timewait *timewait_pop(struct timewait_table *t, weft_time now, bool force)
{
    while (t->first) {
        struct timewait *w = t->first;

        if (w->restarted && !w->dead && !force) {
            w->restarted = false; /* its old place has come up: file it again */
            append(t, take_first(t));
            continue;
        }
        if (!w->dead && !force && !timewait_expired(w, now))
            return NULL;
        take_first(t);
        if (!w->dead)
            return w;
        t->live++; /* timewait_bury took it off */
        timewait_free(t, w);
    }
    return NULL;
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
