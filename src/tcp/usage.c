/* SPDX-License-Identifier: MIT */
/* How much of the congestion window is used; see usage.h. */
#include "tcp/usage.h"

void usage_note(struct usage *u, struct seq una, struct seq nxt, uint32_t flight, bool limited)
{
    if (seq_ge(una, u->until) || limited || (!u->limited && flight > u->most)) {
        u->limited = limited;
        u->most = flight;
        u->until = nxt;
    }
    u->used = max_u32(u->used, flight);
}

bool usage_allows_growth(const struct usage *u, uint32_t cwnd, bool slow_start)
{
    return u->limited || (slow_start && cwnd < 2 * u->most);
}

uint32_t usage_decay(struct usage *u, weft_time now, weft_time rto, uint32_t cwnd, uint32_t initial)
{
    uint32_t used = max_u32(u->used, initial);

    if (now - u->full_at < rto)
        return cwnd;
    u->used = 0;
    u->full_at = now;
    return used < cwnd ? (cwnd + used) / 2 : cwnd;
}

uint32_t usage_after_idle(struct usage *u, weft_time now, weft_time idle, weft_time rto, uint32_t cwnd,
                          uint32_t initial)
{
    uint32_t floor = min_u32(initial, cwnd);

    for (; idle > rto && cwnd > floor; idle -= rto)
        cwnd /= 2;
    u->used = 0;
    u->full_at = now;
    return max_u32(cwnd, floor);
}
