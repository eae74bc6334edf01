/* SPDX-License-Identifier: MIT */
/* The frame of a call on a socket, and its sleep. */
#include "posix/posix.h"

int px_begin(struct px_call *c, int fd)
{
    struct px *p = px_get(fd);
    int r;

    *c = (struct px_call){0};
    if (!p)
        return -EBADF;
    if (p->kind != &px_sock_kind) {
        px_drop(p);
        return -ENOTSOCK;
    }
    c->s = (struct px_sock *)p;
    c->host = c->s->host;
    r = host_call_enter(c->host);
    return r ? r : px_engine(c->s) ? 0 : -ENETDOWN;
}

int64_t px_end(struct px_call *c, int64_t r)
{
    if (c->s) {
        host_call_leave(c->host);
        px_drop(&c->s->px);
    }
    return r;
}

weft_time px_until(const struct px_call *c, weft_time timeout, int flags)
{
    return c->s->nonblocking || flags & MSG_DONTWAIT ? 0 : host_until(c->host->now, timeout);
}

static int sleep_on(struct px_call *c, unsigned want, weft_time until, bool one)
{
    struct waiter w;
    struct watch watch;
    int r;

    if (c->host->now >= until)
        return -EAGAIN;
    waiter_begin(c->host, &w, true);
    watch_begin(&watch, &w, c->s->hs, want);
    watch.one = one;
    r = w.event_fd < 0 ? -ENOMEM : waiter_sleep(c->host, &w, until);
    watch_end(&watch);
    waiter_end(c->host, &w);
    return c->host->down || !px_engine(c->s) ? -ENETDOWN : r;
}

int px_wait(struct px_call *c, unsigned want, weft_time until)
{
    return sleep_on(c, want, until, false);
}

int px_wait_turn(struct px_call *c, unsigned want, weft_time until)
{
    return sleep_on(c, want, until, true);
}
