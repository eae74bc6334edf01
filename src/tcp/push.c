/* SPDX-License-Identifier: MIT */
/* Where PSH belongs; see push.h. */
#include "tcp/push.h"

#define LARGEST_CHUNK 65215 /* of a packet that may be as large as IP allows, without its headers */
#define SMALL_WINDOW  536   /* half of such a window would be crumbs */

void push_init(struct push *p, struct seq at) { *p = (struct push){.pushed = at, .chunk = at}; }

uint32_t push_chunk(uint32_t mss, uint32_t max_window)
{
    uint32_t half = max_window > SMALL_WINDOW ? max_window / 2 : max_window;
    uint32_t most = half ? min_u32(half, LARGEST_CHUNK) : LARGEST_CHUNK;

    return max_u32(most - most % mss, mss);
}

static struct seq *mark_at(struct push *p, unsigned i)
{
    weft_assert(i < p->count, "callers ask for a mark that there is");
    return &p->mark[(p->head + i) % PUSH_MARKS];
}

static void add_mark(struct push *p, struct seq at, bool record)
{
    uint16_t bit;

    p->pushed = at;
    if (p->count < PUSH_MARKS)
        p->count++;
    *mark_at(p, p->count - 1u) = at;
    bit = (uint16_t)(1u << (p->head + p->count - 1u) % PUSH_MARKS);
    p->records = (uint16_t)(record ? p->records | bit : p->records & ~bit);
}

/*
 * Where a write begins: in the last chunk, when there is one that has room and is not sent yet, else in one of its own.
 */
static void open_chunk(struct push *p, const struct push_write *w)
{
    bool room = seq_lt(w->sent, w->from) && !p->closed;

    p->chunk = seq_max(p->chunk, w->sent);
    if (!room || w->from.v - p->chunk.v >= w->chunk)
        p->chunk = w->from;
    else if (p->count && seq_eq(*mark_at(p, p->count - 1u), w->from))
        p->count--;
    p->closed = false;
}

/* Is more than half of the largest window written since the last PSH? */
static bool is_long_ago(const struct push *p, struct seq end, uint32_t max_window)
{
    return seq_gt(end, seq_add(p->pushed, max_window / 2));
}

/* What was the last byte is it no more, unless a record ended with it. */
static void mark_last(struct push *p, const struct push_write *w, struct seq end)
{
    if (p->count && !p->closed)
        p->count--;
    if (!w->more)
        add_mark(p, end, w->closes);
    p->closed = w->closes;
}

void push_written(struct push *p, const struct push_write *w)
{
    struct seq end = seq_add(w->from, w->len);

    if (w->only) {
        mark_last(p, w, end);
        return;
    }
    open_chunk(p, w);
    while (seq_lt(seq_add(p->chunk, w->chunk), end)) { /* a full one, and more behind it */
        p->chunk = seq_add(p->chunk, w->chunk);
        if (is_long_ago(p, p->chunk, w->max_window))
            add_mark(p, p->chunk, false);
    }
    if (!w->more || w->closes || is_long_ago(p, end, w->max_window))
        add_mark(p, end, w->closes);
    if (w->last)
        p->chunk = seq_sub(end, w->last);
    p->closed = w->closes;
}

uint32_t push_reach(const struct push *p, struct seq next, uint32_t unsent)
{
    return p->count ? min_u32(p->mark[p->head].v - next.v, unsent) : unsent;
}

enum push_end push_sent(struct push *p, struct seq end)
{
    enum push_end here = PUSH_NOT;

    while (p->count && seq_le(p->mark[p->head], end)) {
        if (seq_eq(p->mark[p->head], end))
            here = p->records & 1u << p->head ? PUSH_RECORD : PUSH_HERE;
        p->head = (p->head + 1) % PUSH_MARKS;
        p->count--;
    }
    return here;
}
