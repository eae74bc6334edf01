/* SPDX-License-Identifier: MIT */
/* poll. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/ready.h"
#include "packetdrill/user.h"

#define MOST 65536 /* entries: far above any limit of descriptors */

struct poll_call {
    struct call call;
    struct pollfd *fds; /* the caller's, known to be good */
    nfds_t n;
};

static short revents_of(struct drill *d, const struct pollfd *p)
{
    struct desc *desc = p->fd >= 0 ? desc_find(d, p->fd) : NULL;

    if (p->fd < 0)
        return 0;
    if (!desc)
        return POLLNVAL;
    return (short)(desc->ops->ready(d, desc) & ((unsigned short)p->events | READY_ALWAYS));
}

static int64_t try_poll(struct drill *d, struct call *call)
{
    struct poll_call *p = (struct poll_call *)call;
    int64_t n = 0;

    for (nfds_t i = 0; i < p->n; i++) {
        p->fds[i].revents = revents_of(d, &p->fds[i]);
        n += p->fds[i].revents != 0;
    }
    return n || call->late ? n : CALL_SLEEPS;
}

weft_time ready_timeout(int milliseconds)
{
    return milliseconds < 0 ? WEFT_NEVER : (weft_time)milliseconds * WEFT_MS;
}

int drill_poll(void *userdata, struct pollfd *fds, nfds_t n, int timeout)
{
    struct drill *d = drill_enter(userdata);
    struct poll_call p = {.call = {.name = "poll", .attempt = try_poll}, .fds = fds, .n = n};

    if (n > MOST)
        return (int)drill_leave(d, -EINVAL);
    if (!user_writes(d, fds, n * sizeof *fds))
        return (int)drill_leave(d, -EFAULT);
    return (int)drill_leave(d, call_run(d, &p.call, ready_timeout(timeout)));
}
