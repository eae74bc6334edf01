/* SPDX-License-Identifier: MIT */
/* getsockopt and setsockopt: linux/own.c knows what there is. */
#include <netinet/udp.h>

#include "posix/posix.h"

/* What was corked goes when it is corked no more. */
static int set_option(struct px_call *c, int level, int option, const void *value, socklen_t n)
{
    const struct linux_sock s = px_linux(c->s);
    int err = linux_set_option(&s, &c->s->own, level, option, value, n);

    if (!err && level == IPPROTO_UDP && option == UDP_CORK && !c->s->own.kept[LINUX_CORK])
        px_cork_push(c, 0);
    return err;
}

int weft_posix_setsockopt(int fd, int level, int option, const void *value, socklen_t n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return setsockopt(fd, level, option, value, n);
    return (int)px_result(px_end(&c, r ? r : set_option(&c, level, option, value, n)));
}

int weft_posix_getsockopt(int fd, int level, int option, void *value, socklen_t *n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return getsockopt(fd, level, option, value, n);
    if (r == 0) {
        const struct linux_sock s = px_linux(c.s);

        r = linux_get_option(&s, &c.s->own, level, option, value, n);
    }
    return (int)px_result(px_end(&c, r));
}
