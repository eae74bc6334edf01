/* SPDX-License-Identifier: MIT */
/* Probe schedules; see probe.h. */
#include "tcp/probe.h"

weft_time probe_window_delay(weft_time rto, unsigned n, weft_time max)
{
    weft_time delay = rto;

    while (n-- && delay < max)
        delay *= 2;
    return min_u64(delay, max);
}

enum keepalive_verdict keepalive_check(const struct keepalive *k, weft_time now, weft_time heard, unsigned sent,
                                       weft_time *next)
{
    weft_time due = time_after(heard, k->idle + sent * k->interval);

    if (now < due) {
        *next = due;
        return KEEPALIVE_WAIT;
    }
    if (k->patience ? sent && now - heard >= k->patience : sent >= k->probes) {
        *next = WEFT_NEVER;
        return KEEPALIVE_GIVE_UP;
    }
    *next = time_after(now, k->interval);
    return KEEPALIVE_PROBE;
}
