/* SPDX-License-Identifier: MIT */
/* See weft/unp.h: a datagram, its flags, and where it came in (UNP 22.2). */
#include <netinet/in.h>
#include <string.h>

#include "weft/unp.h"

static void take_v4(const struct cmsghdr *h, struct weft_unp_received *where)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(h), sizeof info);
    to.sin_addr = info.ipi_addr;
    where->index = (unsigned)info.ipi_ifindex;
    memcpy(&where->to, &to, sizeof to);
}

static void take_v6(const struct cmsghdr *h, struct weft_unp_received *where)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(h), sizeof info);
    to.sin6_addr = info.ipi6_addr;
    where->index = info.ipi6_ifindex;
    memcpy(&where->to, &to, sizeof to);
}

ssize_t weft_unp_recvfrom_flags(int fd, void *buf, size_t n, int *flags, struct sockaddr *from, socklen_t *n_from,
                                struct weft_unp_received *where)
{
    union {
        struct cmsghdr aligned;
        char bytes[1024]; /* whatever else the socket has asked for */
    } control;
    struct iovec iov = {buf, n};
    struct msghdr msg = {.msg_name = from, .msg_namelen = from && n_from ? *n_from : 0, .msg_iov = &iov,
                         .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = weft_posix_recvmsg(fd, &msg, flags ? *flags : 0);

    if (got < 0)
        return -1;
    if (flags)
        *flags = msg.msg_flags;
    if (from && n_from)
        *n_from = msg.msg_namelen;
    if (where)
        memset(where, 0, sizeof *where);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); where && h; h = CMSG_NXTHDR(&msg, h)) {
        if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO)
            take_v4(h, where);
        else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO)
            take_v6(h, where);
    }
    return got;
}
