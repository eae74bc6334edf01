/* SPDX-License-Identifier: MIT */
/*
 * What a socket is told of besides text and datagrams: what a path carries (IPV6_RECVPATHMTU), when the last datagram
 * came (SIOCGSTAMP); and what an address tells a socket besides where it is.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h> /* which SIOCGSTAMP needs where times have 32 bits */
#include <sys/time.h>

#include "linux/linux.h"
#include "wire/ipv6.h"

/* ---- IPV6_RECVPATHMTU ---- */

/* What the path to a peer of IPv6 carries; 0: nobody knows. */
static int path_mtu(const struct linux_sock *s)
{
    int mtu = 0;
    size_t n = sizeof mtu;

    return weft_getsockopt(s->sock, WEFT_SOL_IPV6, WEFT_IPV6_MTU, &mtu, &n) ? 0 : mtu;
}

void linux_path_too_small(const struct linux_sock *s, struct linux_own *own, const struct weft_addr *to)
{
    struct weft_addr peer = {0};
    int on = 0;
    size_t n = sizeof on;

    if (!own->kept[LINUX_PATH_MTU] || weft_getsockopt(s->sock, WEFT_SOL_IPV6, WEFT_IPV6_DONTFRAG, &on, &n) || !on)
        return;
    if (!to && weft_getpeername(s->sock, &peer) == 0)
        to = &peer;
    own->path.to = (struct weft_addr){.ip = to ? to->ip : peer.ip};
    own->path.mtu = to == &peer ? path_mtu(s) : 0;
    own->path.waits = true;
}

void linux_give_path(struct linux_own *own, struct msghdr *msg)
{
    struct ip6_mtuinfo info = {.ip6m_mtu = (uint32_t)own->path.mtu};
    struct sockaddr_storage to;

    linux_make_addr(&own->path.to, AF_INET6, &to);
    memcpy(&info.ip6m_addr, &to, sizeof info.ip6m_addr);
    own->path.waits = false;
    msg->msg_controllen = linux_put_control(msg, 0, IPPROTO_IPV6, IPV6_PATHMTU, &info, sizeof info);
}

int linux_path_get(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    struct ip6_mtuinfo info = {0};

    (void)own;
    if (*n < sizeof info)
        return -EINVAL;
    info.ip6m_mtu = (uint32_t)path_mtu(s);
    if (!info.ip6m_mtu)
        return -ENOTCONN;
    *n = sizeof info;
    memcpy(value, &info, sizeof info);
    return 0;
}

/* ---- SIOCGSTAMP: when the last one came ---- */

struct timespec linux_day(const struct linux_sock *s, weft_time at)
{
    struct timespec t;
    int64_t ns;

    if (s->day)
        t = *s->day;
    else
        clock_gettime(CLOCK_REALTIME, &t);
    ns = (int64_t)t.tv_sec * (int64_t)WEFT_S + t.tv_nsec - (int64_t)(s->now - at);
    return (struct timespec){ns / (int64_t)WEFT_S, ns % (int64_t)WEFT_S};
}

void linux_stamp_came(struct linux_own *own, weft_time arrived)
{
    own->last.any = true;
    own->last.told = own->last.told && own->last.arrived == arrived;
    own->last.arrived = arrived;
}

/* The clock of the day is looked at once for each datagram, so that who asks twice hears the same. */
int linux_stamp_ioctl(const struct linux_sock *s, struct linux_own *own, unsigned long request, void *argument)
{
    struct timeval t;

    if (request != SIOCGSTAMP && request != SIOCGSTAMPNS)
        return -ENOTTY;
    if (!own->last.any)
        return -ENOENT;
    if (!argument)
        return -EFAULT;
    if (!own->last.told)
        own->last.day = linux_day(s, own->last.arrived);
    own->last.told = true;
    t = (struct timeval){own->last.day.tv_sec, own->last.day.tv_nsec / 1000};
    if (request == SIOCGSTAMP)
        memcpy(argument, &t, sizeof t);
    else
        memcpy(argument, &own->last.day, sizeof own->last.day);
    return 0;
}

/* ---- flow labels of addresses ---- */

uint32_t linux_flow_label(const struct linux_own *own, const struct sockaddr *addr, socklen_t n)
{
    struct sockaddr_in6 in6 = {0};

    if (!own->kept[LINUX_FLOW_SEND] || n < offsetof(struct sockaddr_in6, sin6_scope_id) || addr->sa_family != AF_INET6)
        return 0;
    memcpy(&in6, addr, n < sizeof in6 ? n : sizeof in6);
    return peek_u32((const uint8_t *)&in6.sin6_flowinfo) & IPV6_FLOW_LABEL;
}

void linux_add_control(const struct linux_own *own, const struct sockaddr *addr, socklen_t n, int flags,
                       struct weft_control *out)
{
    uint32_t label = addr ? linux_flow_label(own, addr, n) : own->flow;

    if (flags & MSG_DONTROUTE)
        out->has |= WEFT_CONTROL_DONTROUTE;
    if (flags & MSG_CONFIRM)
        out->has |= WEFT_CONTROL_CONFIRM;
    if (flags & MSG_PROXY) /* to Linux, MSG_PROBE */
        out->has |= WEFT_CONTROL_PROBE;
    if (label && !(out->has & WEFT_CONTROL_FLOW)) {
        out->has |= WEFT_CONTROL_FLOW;
        out->flow_label = label;
    }
}
