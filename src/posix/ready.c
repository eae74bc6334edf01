/* SPDX-License-Identifier: MIT */
/* Readiness as poll(2) spells it: linux/ready.c's, and what this process has to tell of besides. */
#include <poll.h>

#include "posix/posix.h"

unsigned px_ready(struct px_sock *s)
{
    const struct linux_stream st = {.was_open = s->progress != PX_UNCONNECTED, .shut_read = s->shut_read,
                                    .shut_write = s->shut_write, .low_water = s->own.low_water};
    unsigned bits;

    if (s->host->down || !px_engine(s))
        return POLLERR | POLLHUP;
    bits = linux_ready(px_engine(s), &st) | (px_told_waits(s) ? POLLERR : 0u);
    if (bits & POLLERR && !px_is_stream(s) && s->own.kept[LINUX_SELECT_ERR_QUEUE])
        bits |= POLLPRI;
    return bits;
}
