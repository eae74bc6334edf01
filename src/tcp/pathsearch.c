/* SPDX-License-Identifier: MIT */
/* The search for what a path carries; see pathsearch.h. */
#include "tcp/pathsearch.h"

void path_search_start(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now)
{
    *s = (struct path_search){
        .on = true,
        .low = (uint16_t)min_u32(l->base, most),
        .high = (uint16_t)most,
        .since = now,
    };
}

void path_search_black_hole(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now)
{
    uint32_t less = min_u32(l->base, s->low / 2u);

    if (!s->on) {
        path_search_start(s, most, l, now);
        return;
    }
    s->size = 0;
    s->low = (uint16_t)min_u32(s->low, max_u32(less, l->floor));
}

/* The path may have changed since: once in a while all above what passes is doubtful again. */
static void reopen(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now)
{
    if (now - s->since < l->interval)
        return;
    s->high = (uint16_t)most;
    s->since = now;
}

uint32_t path_search_next(struct path_search *s, uint32_t most, const struct path_search_limits *l, weft_time now)
{
    uint32_t range;

    if (!s->on || s->size)
        return 0;
    reopen(s, most, l, now);
    s->high = (uint16_t)min_u32(s->high, most);
    range = s->high > s->low ? s->high - (uint32_t)s->low : 0;
    return range && range >= l->threshold ? s->low + range / 2 : 0;
}

void path_search_sent(struct path_search *s, uint32_t size, struct seq start, struct seq end)
{
    s->size = (uint16_t)size;
    s->start = start;
    s->end = end;
}

bool path_search_passed(struct path_search *s, struct seq una)
{
    if (!s->size || seq_lt(una, s->end))
        return false;
    s->low = s->size;
    s->size = 0;
    return true;
}

void path_search_failed(struct path_search *s)
{
    s->high = (uint16_t)(s->size - 1);
    s->size = 0;
}
