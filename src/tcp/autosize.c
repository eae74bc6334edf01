/* SPDX-License-Identifier: MIT */
/* See autosize.h. */
#include "tcp/autosize.h"

#define RATE_LOG 10 /* a 1024th of a second of the pacing rate */

uint64_t autosize_rate(const struct autosize *a)
{
    uint64_t percent = a->cwnd < a->ssthresh / 2 ? a->slow_start : a->avoidance;
    uint64_t cwnd = min_u32(a->cwnd, 1u << 20); /* so that it fits; no packet is larger for more */

    if (a->srtt8 == 0)
        return 0;
    return a->mss * cwnd * percent * (8 * 1000000 / 100) / a->srtt8;
}

/* What nearness adds: everything where a round trip is no time at all. */
static uint32_t bonus(const struct autosize *a, uint32_t most)
{
    uint32_t halvings = a->min_us >> a->rtt_log;

    return a->rtt_log && halvings < 32 ? most >> halvings : 0;
}

uint32_t autosize_bytes(const struct autosize *a, uint32_t most)
{
    uint32_t half = a->again ? UINT32_MAX : max_u32(a->cwnd / 2, 1), segments;
    uint64_t bytes = bonus(a, most);

    if (bytes < most) /* before the first sample there is no rate, and no reason to hold back */
        bytes = a->srtt8 ? min_u64(bytes + (autosize_rate(a) >> RATE_LOG), most) : most;
    segments = max_u32((uint32_t)bytes / a->mss, a->least);
    segments = min_u32(min_u32(segments, half), most / a->mss);
    return max_u32(segments, 1) * a->mss;
}
