/* SPDX-License-Identifier: MIT */
/* When the next segment may go; see pacer.h. */
#include "tcp/pacer.h"

void pacer_sent(struct pacer *p, weft_time now, uint32_t segments, uint32_t bytes, uint64_t rate)
{
    weft_time at = max_u64(p->next, now), late = at - p->next;
    weft_time gap;

    p->segments = min_u32(p->segments + min_u32(segments, PACER_FREE), PACER_FREE);
    if (p->segments < PACER_FREE || rate == UINT64_MAX) {
        p->next = at;
        return;
    }
    gap = bytes * (uint64_t)WEFT_S / max_u64(rate, 1);
    p->next = time_after(at, gap - min_u64(gap / 2, late));
}
