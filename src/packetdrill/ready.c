/* SPDX-License-Identifier: MIT */
/* See ready.h. */
#include "packetdrill/ready.h"

#include <poll.h>

unsigned ready_socket(struct drill *d, struct desc *desc)
{
    const struct socket *s = (const struct socket *)desc;
    const struct linux_stream st = {.was_open = s->progress != UNCONNECTED, .deferred = s->deferred,
                                    .shut_read = s->shut_read, .shut_write = s->shut_write, .low_water = s->own.low_water};

    unsigned bits = linux_ready(s->sock, &st) | (s->own.reports.n ? POLLERR : 0u);

    (void)d;
    return bits & POLLERR && s->own.kept[LINUX_SELECT_ERR_QUEUE] && !socket_is_stream(s) ? bits | POLLPRI : bits;
}
