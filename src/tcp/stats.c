/* SPDX-License-Identifier: MIT */
/* Counters of one connection; see stats.h. */
#include "tcp/stats.h"

void stats_init(struct tcp_stats *s, weft_time now)
{
    memset(s, 0, sizeof *s);
    s->held_by = HELD_IDLE;
    s->held_since = s->since = now;
}

bool stats_hold(struct tcp_stats *s, weft_time now, enum tcp_held by, enum tcp_held *was, weft_time *how_long)
{
    if (s->held_by == by)
        return false;
    *was = s->held_by;
    *how_long = now - s->held_since;
    s->held[s->held_by] += *how_long;
    s->held_by = (uint8_t)by;
    s->held_since = now;
    return true;
}

weft_time stats_held(const struct tcp_stats *s, weft_time now, enum tcp_held by)
{
    return s->held[by] + (s->held_by == by ? now - s->held_since : 0);
}

weft_time stats_busy(const struct tcp_stats *s, weft_time now)
{
    weft_time busy = 0;

    for (unsigned by = HELD_IDLE + 1; by < HELD_COUNT; by++)
        busy += stats_held(s, now, by);
    return busy;
}

void stats_timed_out(struct tcp_stats *s, weft_time now)
{
    s->rtos += s->rtos < UINT16_MAX;
    if (s->rto_since)
        return;
    s->rto_since = max_u64(now, 1);
    s->rto_runs += s->rto_runs < UINT16_MAX;
}

weft_time stats_rto_time(const struct tcp_stats *s, weft_time now)
{
    return s->rto_time + (s->rto_since ? now - s->rto_since : 0);
}

void stats_progress(struct tcp_stats *s, weft_time now)
{
    if (likely(s->rto_since == 0))
        return;
    s->rto_time = stats_rto_time(s, now);
    s->rto_since = 0;
}
