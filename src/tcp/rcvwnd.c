/* SPDX-License-Identifier: MIT */
/* The advertised window; see rcvwnd.h. */
#include "tcp/rcvwnd.h"

static uint32_t round_down(uint32_t n, uint8_t shift) { return n >> shift << shift; }
static uint32_t round_up(uint32_t n, uint8_t shift) { return round_down(n + ((1u << shift) - 1), shift); }

/*
 * Without a scale the window is kept at whole segments, and where it was while it is about right. DEVIATION from Linux:
 * less than a segment is not right where a segment has room (RFC 9293 §3.8.6.2.2); see rcvwnd_worth_telling.
 */
static uint32_t in_segments(const struct rcvwnd *w, uint32_t space, uint32_t mss, uint32_t most)
{
    if ((uint64_t)w->last + mss <= space || w->last > space || (w->last < mss && mss <= space && mss < most))
        return space - space % mss;
    if (mss == most && space > w->last + most / 2)
        return space;
    return w->last;
}

/* Of an empty buffer. */
static uint32_t most_offered(const struct rcvwnd *w) { return min_u32(w->clamp, w->full); }

/* What is free, but nothing that is silly both as a segment and as a part of the buffer (MUST-39). */
SELDOM static uint32_t select_plain(const struct rcvwnd *w)
{
    uint32_t space = min_u32(w->free, w->clamp);

    return space < most_offered(w) / 4 && space < w->mss ? 0 : round_up(space, w->shift);
}

uint32_t rcvwnd_select(const struct rcvwnd *w)
{
    uint32_t most = most_offered(w);
    uint32_t mss = min_u32(w->mss, most);
    uint32_t space = w->free;

    if (unlikely(w->plain))
        return select_plain(w);
    if (mss == 0)
        return 0;
    if (rcvwnd_is_tight(w)) {
        space = round_down(space, w->shift);
        if (space < w->full / 16 || space < mss)
            return 0;
    }
    space = min_u32(space, w->ssthresh);
    return w->shift ? round_up(space, w->shift) : in_segments(w, space, mss, most);
}

uint32_t rcvwnd_promise(uint32_t wanted, uint32_t open, bool full, uint8_t shift)
{
    if (wanted >= open)
        return wanted;
    return full ? open : round_up(open, shift);
}

uint16_t rcvwnd_field(uint32_t window, uint8_t shift) { return (uint16_t)min_u32(window >> shift, 65535); }

bool rcvwnd_worth_telling(const struct rcvwnd *w, uint32_t open)
{
    uint32_t segment = min_u32(w->mss, most_offered(w)), wanted;

    if (rcvwnd_is_wide(w->clamp, segment, open))
        return false;
    wanted = rcvwnd_select(w);
    return wanted && (wanted >= 2 * (uint64_t)open || (open < segment && wanted >= segment));
}

bool rcvwnd_gained_enough(const struct rcvwnd *w, uint32_t open)
{
    uint32_t wanted = rcvwnd_select(w), gain = wanted > open ? wanted - open : 0, most = most_offered(w);
    bool is_much = gain >= most / 4 || wanted <= most / 8 || most <= 8 * w->mss;

    return 2 * (uint64_t)gain >= most || (gain >= 2 * w->mss && is_much);
}
