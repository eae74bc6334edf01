/* SPDX-License-Identifier: MIT */
/* See address.h. */
#include "packetdrill/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "linux/linux.h"
#include "packetdrill/user.h"

int address_copy(struct drill *d, struct address *a, const struct sockaddr *addr, socklen_t n)
{
    memset(&a->bytes, 0, sizeof a->bytes);
    a->n = n;
    if (n > sizeof a->bytes)
        return -EINVAL;
    if (!user_reads(d, addr, n))
        return -EFAULT;
    if (n)
        memcpy(&a->bytes, addr, n);
    return 0;
}

int address_family(const struct address *a)
{
    return a->n < sizeof(sa_family_t) ? -1 : a->bytes.ss_family;
}

int address_read(const struct address *a, int domain, struct weft_addr *out)
{
    return linux_read_addr((const struct sockaddr *)&a->bytes, a->n, domain, out);
}

int address_read_peer(const struct address *a, int domain, struct weft_addr *out)
{
    bool v4 = domain == AF_INET6 && address_family(a) == AF_INET;

    return address_read(a, v4 ? AF_INET : domain, out);
}

int address_give(struct drill *d, const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n)
{
    struct sockaddr_storage made;
    socklen_t has = linux_make_addr(addr, domain, &made), room;

    if (!user_writes(d, n, sizeof *n))
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    room = *n < has ? *n : has;
    if (!user_writes(d, to, room))
        return -EFAULT;
    if (room)
        memcpy(to, &made, room);
    *n = has;
    return 0;
}
