/* SPDX-License-Identifier: MIT */
/*
 * What the error queue tells of what was sent (linux/reports.c). While a stream has wishes, the host looks after each
 * turn whether they have come true, and wakes who waits for that.
 */
#include "posix/posix.h"

static void look(struct host_look *l)
{
    struct px_sock *s = (struct px_sock *)((char *)l - offsetof(struct px_sock, look));
    struct linux_sock of;

    if (!px_engine(s))
        return;
    of = px_linux(s);
    if (linux_reports_collect(&of, &s->own))
        sock_wake(s->hs, WEFT_ERROR);
    if (!s->own.reports.n_wishes)
        host_look_end(l);
}

void px_sent(struct px_sock *s, size_t n, int flags, unsigned stamps)
{
    const struct linux_sock of = px_linux(s);

    linux_reports_sent(&of, &s->own, n, flags, stamps);
    if (s->own.reports.n_wishes)
        host_look_begin(s->host, &s->look, look);
}

bool px_told_waits(struct px_sock *s)
{
    const struct linux_sock of = px_linux(s);

    linux_reports_collect(&of, &s->own);
    return s->own.reports.n;
}

void px_told_forget(struct px_sock *s)
{
    host_look_end(&s->look);
    linux_reports_reset(&s->own.reports);
}
