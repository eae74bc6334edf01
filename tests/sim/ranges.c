/* SPDX-License-Identifier: MIT */
/* Which numbers of a stream were heard: a sorted set of intervals. */
#include "sim.h"

/* Too many: the two that are closest count as one. What was heard then seems more than it was, never less. */
static void join_closest(struct ranges *s)
{
    unsigned at = 0;

    for (unsigned i = 1; i + 1 < s->n; i++)
        if (s->r[i + 1].from - s->r[i].to < s->r[at + 1].from - s->r[at].to)
            at = i;
    s->r[at].to = s->r[at + 1].to;
    memmove(&s->r[at + 1], &s->r[at + 2], (s->n - at - 2) * sizeof s->r[0]);
    s->n--;
}

void ranges_add(struct ranges *s, uint32_t from, uint32_t to)
{
    unsigned first = 0, last;

    if (from >= to)
        return;
    while (first < s->n && s->r[first].to < from)
        first++;
    for (last = first; last < s->n && s->r[last].from <= to; last++) {
        from = s->r[last].from < from ? s->r[last].from : from;
        to = s->r[last].to > to ? s->r[last].to : to;
    }
    if (last == first && s->n == RANGES) {
        join_closest(s);
        ranges_add(s, from, to);
        return;
    }
    memmove(&s->r[first + 1], &s->r[last], (s->n - last) * sizeof s->r[0]);
    s->r[first].from = from;
    s->r[first].to = to;
    s->n += 1 - (last - first);
}

bool ranges_hold(const struct ranges *s, uint32_t from, uint32_t to)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->r[i].from <= from && to <= s->r[i].to)
            return true;
    return false;
}

uint32_t ranges_front(const struct ranges *s) { return s->n && s->r[0].from == 0 ? s->r[0].to : 0; }
