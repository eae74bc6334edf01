/* SPDX-License-Identifier: MIT */
/*
 * The rate of ICMP errors (RFC 1812 §4.3.2.8): a token bucket for all destinations together, and
 * another for what tells the size of a path (refuse.c).
 *
 * Its depth is drawn anew whenever the bucket is full. With a fixed depth somebody who makes us answer forged packets
 * and then counts how many answers are left for himself would learn which of our ports are open (CVE-2020-25705).
 */
#include "ip/private.h"

#define BURST        50
#define BURST_SPREAD 8      /* the depth is BURST less 0 to 7 */
#define ONE_ERROR    WEFT_S /* credit: rate times nanoseconds needs no division */

void icmp_limit_init(struct icmp_limit *l, weft_time now)
{
    l->credit = BURST * ONE_ERROR;
    l->last = now;
}

bool icmp_limit_allows(struct icmp_limit *l, weft_stack *s)
{
    uint64_t rate = s->config.icmp_errors_per_second, elapsed = s->now - l->last;

    if (rate == 0)
        return false;
    /* Longer than it takes to fill counts as that, so that the product cannot overflow. */
    l->credit += min_u64(elapsed, BURST * ONE_ERROR / rate + 1) * rate;
    l->last = s->now;
    if (l->credit >= (BURST - BURST_SPREAD + 1) * ONE_ERROR)
        l->credit = min_u64(l->credit, (BURST - rng_below(&s->rng, BURST_SPREAD)) * ONE_ERROR);
    if (l->credit < ONE_ERROR)
        return false;
    l->credit -= ONE_ERROR;
    return true;
}
