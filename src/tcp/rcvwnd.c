/* SPDX-License-Identifier: MIT */
/* The advertised window; see rcvwnd.h. */
#include "tcp/rcvwnd.h"

uint8_t rcvwnd_shift(uint32_t buffer)
{
    uint8_t shift = 0;

    while (shift < RCVWND_MAX_SHIFT && (buffer >> shift) > 65535)
        shift++;
    return shift;
}

struct seq rcvwnd_edge(struct seq edge, struct seq next, uint32_t buffer, uint32_t unread, uint32_t mss,
                       uint8_t shift)
{
    uint32_t space = unread < buffer ? buffer - unread : 0;
    uint32_t most = 65535u << shift; /* a buffer of which more cannot be announced is no larger to the peer */
    struct seq wanted = seq_add(next, min_u32(space, most));
    int32_t step = seq_diff(wanted, edge);

    if (step <= 0)
        return edge;
    return (uint32_t)step >= min_u32(mss, min_u32(buffer, most) / 2) ? wanted : edge;
}

bool rcvwnd_worth_telling(struct seq edge, struct seq now, struct seq next, uint32_t buffer, uint32_t mss)
{
    int32_t step = seq_diff(now, edge);

    if (step <= 0)
        return false;
    if (seq_diff(edge, next) < (int32_t)mss) /* the peer may be standing still: tell as soon as it is not silly */
        return true;
    return (uint32_t)step >= max_u32(2 * mss, buffer / 4);
}

uint16_t rcvwnd_field(struct seq edge, struct seq next, uint8_t shift)
{
    int32_t open = seq_diff(edge, next);

    return open > 0 ? (uint16_t)min_u32((uint32_t)open >> shift, 65535) : 0;
}
