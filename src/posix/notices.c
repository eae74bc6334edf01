/* SPDX-License-Identifier: MIT */
/*
 * What a socket is told of by recvmsg besides text of its own: sends with MSG_ZEROCOPY that are done with their memory
 * (it was copied: they are so at once), and what a path carries (IPV6_RECVPATHMTU).
 */
#include <netinet/in.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */

#include "posix/posix.h"

/* ---- MSG_ZEROCOPY: sends are numbered; which of them are done is told as a range ---- */

void px_zerocopy_sent(struct px_sock *s, int flags)
{
    if (flags & MSG_ZEROCOPY && s->kept[PX_ZEROCOPY])
        s->copies.next++;
}

bool px_zerocopy_waits(const struct px_sock *s) { return s->copies.next != s->copies.told; }

void px_give_zerocopy(struct px_sock *s, struct msghdr *msg)
{
    struct {
        struct sock_extended_err ee;
        struct sockaddr_in6 offender; /* nobody */
    } message = {.ee = {
                     .ee_origin = SO_EE_ORIGIN_ZEROCOPY,
                     .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
                     .ee_info = s->copies.told,
                     .ee_data = s->copies.next - 1,
                 }};
    bool v6 = s->domain == AF_INET6;
    size_t n = sizeof message.ee + (v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));

    s->copies.told = s->copies.next;
    msg->msg_controllen = linux_put_control(msg, 0, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
                                            &message, n);
}

/* ---- IPV6_RECVPATHMTU ---- */

/* What the path to a peer of IPv6 carries; 0: nobody knows. */
static int path_mtu(const struct px_sock *s)
{
    int mtu = 0;
    size_t n = sizeof mtu;

    return weft_getsockopt(px_engine(s), WEFT_SOL_IPV6, WEFT_IPV6_MTU, &mtu, &n) ? 0 : mtu;
}

void px_path_too_small(struct px_sock *s, const struct weft_addr *to)
{
    struct weft_addr peer = {0};
    int on = 0;
    size_t n = sizeof on;

    if (!s->kept[PX_PATH_MTU] || weft_getsockopt(px_engine(s), WEFT_SOL_IPV6, WEFT_IPV6_DONTFRAG, &on, &n) || !on)
        return;
    if (!to && weft_getpeername(px_engine(s), &peer) == 0)
        to = &peer;
    s->path.to = (struct weft_addr){.ip = to ? to->ip : peer.ip};
    s->path.mtu = to == &peer ? path_mtu(s) : 0;
    s->path.waits = true;
}

void px_give_path(struct px_sock *s, struct msghdr *msg)
{
    struct ip6_mtuinfo info = {.ip6m_mtu = (uint32_t)s->path.mtu};
    struct sockaddr_storage to;

    linux_make_addr(&s->path.to, AF_INET6, &to);
    memcpy(&info.ip6m_addr, &to, sizeof info.ip6m_addr);
    s->path.waits = false;
    msg->msg_controllen = linux_put_control(msg, 0, IPPROTO_IPV6, IPV6_PATHMTU, &info, sizeof info);
}

int px_path_get(const struct px_sock *s, void *value, socklen_t *n)
{
    struct ip6_mtuinfo info = {0};

    if (*n < sizeof info)
        return -EINVAL;
    info.ip6m_mtu = (uint32_t)path_mtu(s);
    if (!info.ip6m_mtu)
        return -ENOTCONN;
    *n = sizeof info;
    memcpy(value, &info, sizeof info);
    return 0;
}
