/* SPDX-License-Identifier: MIT */
/* Addresses as this process gives and takes them; linux/sockets.c reads and makes them. */
#include "posix/posix.h"

int px_family(const struct sockaddr *addr, socklen_t n)
{
    return n < sizeof(sa_family_t) || !addr ? -1 : addr->sa_family;
}

int px_give_addr(const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n)
{
    struct sockaddr_storage made;
    socklen_t has = linux_make_addr(addr, domain, &made);

    if (!to)
        return 0;
    if (!n)
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    memcpy(to, &made, *n < has ? *n : has);
    *n = has;
    return 0;
}
