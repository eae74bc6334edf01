/* SPDX-License-Identifier: MIT */
/* See defer.h. */
#include "tcp/defer.h"

#define BUSY WEFT_MS /* somebody who sent nothing for longer than this sends what he can */
#define NEAR WEFT_MS /* or half of the round trip, if that is less: an acknowledgment that is near */

/* Does it carry all that it could, or enough of the window? */
static bool is_worth_it(const struct defer *d)
{
    return d->limit >= d->most || d->limit >= d->window / 3 || (d->more && d->limit >= d->held);
}

static bool is_answer_near(const struct defer *d)
{
    if (d->asked == WEFT_NEVER)
        return false;
    return time_after(d->asked, d->rtt) <= time_after(d->now, min_u64(NEAR, d->rtt / 2));
}

bool defer_waits(const struct defer *d)
{
    if (is_worth_it(d) || d->now - d->spoke > BUSY || !is_answer_near(d))
        return false;
    return d->limit <= d->held || !d->fin;
}
