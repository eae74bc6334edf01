/* SPDX-License-Identifier: MIT */
/* See desc.h. */
#include "packetdrill/desc.h"

#include <errno.h>

#include "packetdrill/epoll.h"

static int take_number(struct drill *d, struct desc *desc, int from)
{
    for (int i = from; i < DRILL_FDS; i++)
        if (!d->fds[i]) {
            d->fds[i] = desc;
            return DRILL_FIRST_FD + i;
        }
    return -EMFILE;
}

int desc_add(struct drill *d, struct desc *desc, const struct desc_ops *ops)
{
    int fd = take_number(d, desc, 0);

    if (fd >= 0) {
        desc->ops = ops;
        desc->users = 1;
    }
    return fd;
}

int desc_again(struct drill *d, struct desc *desc, int least)
{
    int fd;

    if (least < 0 || least >= DRILL_FIRST_FD + DRILL_FDS)
        return -EINVAL;
    fd = take_number(d, desc, least < DRILL_FIRST_FD ? 0 : least - DRILL_FIRST_FD);
    if (fd >= 0)
        desc_hold(desc);
    return fd;
}

static struct desc **slot(const struct drill *d, int fd)
{
    if (fd < DRILL_FIRST_FD || fd >= DRILL_FIRST_FD + DRILL_FDS)
        return NULL;
    return (struct desc **)&d->fds[fd - DRILL_FIRST_FD];
}

struct desc *desc_find(const struct drill *d, int fd)
{
    struct desc **at = slot(d, fd);

    return at ? *at : NULL;
}

struct socket *desc_socket(const struct drill *d, int fd, int *err)
{
    struct desc *desc = desc_find(d, fd);

    *err = !desc ? -EBADF : desc->ops != &socket_ops ? -ENOTSOCK : 0;
    return *err ? NULL : (struct socket *)desc;
}

int desc_remove(struct drill *d, int fd)
{
    struct desc **at = slot(d, fd), *desc = at ? *at : NULL;

    if (!desc)
        return -EBADF;
    *at = NULL;
    desc_drop(d, desc);
    return 0;
}

void desc_hold(struct desc *desc)
{
    desc->users++;
}

void desc_drop(struct drill *d, struct desc *desc)
{
    if (--desc->users > 0)
        return;
    epoll_forget(d, desc);
    desc->ops->release(d, desc);
}

void desc_collect_reports(struct drill *d)
{
    struct timespec day;

    for (int i = 0; i < DRILL_FDS; i++) {
        struct socket *s = (struct socket *)d->fds[i];
        struct linux_sock of;

        if (!s || s->desc.ops != &socket_ops || !s->own.reports.n_wishes)
            continue;
        of = socket_linux(d, s, &day);
        if (linux_reports_collect(&of, &s->own))
            epoll_happened(d, d->fds[i], POLLERR);
    }
}

void desc_close_all(struct drill *d)
{
    for (int i = 0; i < DRILL_FDS; i++)
        desc_remove(d, DRILL_FIRST_FD + i);
}
