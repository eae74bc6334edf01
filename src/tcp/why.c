/* SPDX-License-Identifier: MIT */
/* The trace of why; see why.h. */
#include "tcp/why.h"

void why_init(struct why_ring *r) { r->next = r->count = 0; }

/* The n-th newest, 1 being the last. */
static unsigned newest(const struct why_ring *r, unsigned n) { return (r->next + WHY_ROOM - n) % WHY_ROOM; }

const struct why *why_at(const struct why_ring *r, unsigned i)
{
    weft_assert(i < r->count, "callers count first");
    return &r->entry[newest(r, r->count - i)];
}

/* The entry that a run of this kind goes on in, or a new one. */
static struct why *find_run(struct why_ring *r, enum weft_why kind)
{
    struct why *w;

    for (unsigned n = 1; n <= min_u32(r->count, WHY_NEAR); n++)
        if (r->entry[newest(r, n)].kind == kind)
            return &r->entry[newest(r, n)];
    w = &r->entry[r->next];
    r->next = (uint8_t)((r->next + 1) % WHY_ROOM);
    r->count += r->count < WHY_ROOM;
    *w = (struct why){.kind = (uint8_t)kind};
    return w;
}

void why_add(struct why_ring *r, weft_time now, enum weft_why kind, uint32_t value, bool total)
{
    struct why *w = find_run(r, kind);

    w->at = now;
    w->count += w->count < UINT16_MAX;
    w->value = total ? (uint32_t)min_u64((uint64_t)w->value + value, UINT32_MAX) : value;
}
