/* SPDX-License-Identifier: MIT */
/* The urgent mark; see urgent.h. */
#include "tcp/urgent.h"

bool urgent_point(struct urgent *u, struct seq seq, uint16_t pointer, struct seq read, struct seq next)
{
    struct seq mark = seq_add(seq, pointer ? pointer - 1u : 0);

    if (seq_lt(mark, read) || seq_lt(mark, next)) /* of what is here already nobody was told in time */
        return false;
    if (u->state != URGENT_NONE && !seq_gt(mark, u->mark))
        return false;
    u->mark = mark;
    u->state = URGENT_AWAITED;
    return true;
}

bool urgent_lies_in(const struct urgent *u, struct seq seq, uint32_t len, uint32_t *offset)
{
    *offset = u->mark.v - seq.v;
    return u->state == URGENT_AWAITED && *offset < len;
}

uint32_t urgent_reach(const struct urgent *u, struct seq read, uint32_t n)
{
    if (u->state == URGENT_NONE || seq_le(u->mark, read))
        return n;
    return min_u32(n, u->mark.v - read.v);
}

void urgent_passed(struct urgent *u, struct seq read)
{
    if (u->state != URGENT_NONE && seq_gt(read, u->mark))
        u->state = URGENT_NONE;
}
