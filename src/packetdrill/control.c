/* SPDX-License-Identifier: MIT */
/* See control.h. */
#include "packetdrill/control.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "packetdrill/address.h"

#ifndef TCP_CM_INQ
#define TCP_CM_INQ 36 /* of a kernel younger than libc: the option's number */
#endif

int control_message(struct drill *d, struct msghdr *msg, const struct msghdr *user, struct user_iov *u, bool writes)
{
    if (!user_reads(d, user, sizeof *user))
        return -EFAULT;
    *msg = *user;
    if ((int)msg->msg_namelen < 0)
        return -EINVAL;
    if (msg->msg_iovlen > USER_IOV)
        return -EMSGSIZE;
    return user_iov(d, u, msg->msg_iov, msg->msg_iovlen, writes);
}

#define CONTROL_MAX 1024 /* bytes of control messages */

static int take_stamps(const struct cmsghdr *c, unsigned *stamps)
{
    if (c->cmsg_level != SOL_SOCKET)
        return 0; /* another protocol's */
    if (c->cmsg_type != SO_TIMESTAMPING || c->cmsg_len != CMSG_LEN(sizeof *stamps))
        return -EINVAL;
    memcpy(stamps, CMSG_DATA(c), sizeof *stamps);
    return *stamps & ~(unsigned)REPORTS_STAMPS ? -EINVAL : 0;
}

/* What a datagram goes with; a socket of one family does not look at what is the other's, as on Linux. */
static int take_header(const struct cmsghdr *c, int domain, struct weft_control *out)
{
    bool v6 = domain == AF_INET6;
    bool ttl = c->cmsg_type == (v6 ? IPV6_HOPLIMIT : IP_TTL), tos = c->cmsg_type == (v6 ? IPV6_TCLASS : IP_TOS);
    int n = 0;

    if (c->cmsg_level != (v6 ? IPPROTO_IPV6 : IPPROTO_IP) || !(ttl || tos))
        return 0;
    if (tos && !v6 && c->cmsg_len == CMSG_LEN(1)) /* a byte will do there */
        n = *CMSG_DATA(c);
    else if (c->cmsg_len == CMSG_LEN(sizeof n))
        memcpy(&n, CMSG_DATA(c), sizeof n);
    else
        return -EINVAL;
    out->has |= ttl ? WEFT_CONTROL_TTL : WEFT_CONTROL_TOS;
    *(ttl ? &out->ttl : &out->tos) = n;
    return 0;
}

int control_take(struct drill *d, const struct socket *s, const struct msghdr *msg, struct beside *out)
{
    _Alignas(struct cmsghdr) uint8_t copy[CONTROL_MAX];
    struct msghdr m = {.msg_control = copy, .msg_controllen = msg->msg_controllen};
    int err = 0;

    if (!msg->msg_control || m.msg_controllen == 0)
        return 0;
    if (m.msg_controllen > sizeof copy)
        return -ENOBUFS;
    if (!user_reads(d, msg->msg_control, m.msg_controllen))
        return -EFAULT;
    memcpy(copy, msg->msg_control, m.msg_controllen);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c && !err; c = CMSG_NXTHDR(&m, c)) {
        size_t left = (size_t)(copy + m.msg_controllen - (uint8_t *)c);

        if (c->cmsg_len < sizeof *c || c->cmsg_len > left)
            err = -EINVAL;
        else
            err = socket_is_stream(s) ? take_stamps(c, &out->stamps) : take_header(c, s->domain, &out->control);
    }
    return err;
}

int control_name(struct drill *d, const struct socket *s, const struct received *r, struct sockaddr *to, socklen_t *n)
{
    if (r->has_from)
        return address_give(d, &r->from, s->domain, to, n);
    if (!user_writes(d, n, sizeof *n))
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    *n = 0;
    return 0;
}

/* ---- control messages ---- */

/* Where the next one goes; too little room is told by MSG_CTRUNC (Linux's put_cmsg). */
struct control {
    struct drill *d;
    uint8_t *at;
    size_t room, used;
    unsigned flags;
};

static void put(struct control *c, int level, int type, const void *data, size_t n)
{
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};
    size_t room = c->room - c->used;

    if (!c->at || room < sizeof head) {
        c->flags |= MSG_CTRUNC;
        return;
    }
    if (room < head.cmsg_len) {
        c->flags |= MSG_CTRUNC;
        head.cmsg_len = room;
    }
    if (!user_writes(c->d, c->at + c->used, head.cmsg_len))
        return;
    memcpy(c->at + c->used, &head, sizeof head);
    memcpy(c->at + c->used + CMSG_LEN(0), data, head.cmsg_len - CMSG_LEN(0));
    c->used += CMSG_SPACE(n) < room ? CMSG_SPACE(n) : room;
}

/* Behind the last byte there is one more thing to read: the end. */
static void put_inquiry(struct control *c, const struct socket *s)
{
    int left = (int)weft_unread(s->sock) + (weft_ready(s->sock) & WEFT_PEER_CLOSED ? 1 : 0);

    put(c, IPPROTO_TCP, TCP_CM_INQ, &left, sizeof left);
}

/* A time as SO_TIMESTAMPING tells it: software's, one that is no longer used, hardware's. */
static void put_stamp(struct control *c, weft_time at)
{
    struct timespec stamp[3] = {{(time_t)(at / WEFT_S), (long)(at % WEFT_S)}};

    put(c, SOL_SOCKET, SO_TIMESTAMPING, stamp, sizeof stamp);
}

/* What came with a datagram of what its socket asked for, in Linux's order. */
static void put_header(struct control *c, const struct weft_control *with)
{
    uint8_t tos = (uint8_t)with->tos;

    if (with->has & WEFT_CONTROL_TTL)
        put(c, with->v4 ? IPPROTO_IP : IPPROTO_IPV6, with->v4 ? IP_TTL : IPV6_HOPLIMIT, &with->ttl, sizeof with->ttl);
    if (with->has & WEFT_CONTROL_TOS && with->v4)
        put(c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    else if (with->has & WEFT_CONTROL_TOS)
        put(c, IPPROTO_IPV6, IPV6_TCLASS, &with->tos, sizeof with->tos);
}

/* The report, and who is to blame; of a stream's: nobody. */
static void put_report(struct control *c, const struct socket *s, const struct report *r)
{
    struct {
        struct sock_extended_err err;
        struct sockaddr_in6 offender;
    } message = {.err = r->err};
    bool v6 = s->domain == AF_INET6;
    size_t n = sizeof message.err + (v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    struct sockaddr_storage by;

    if (r->blamed) {
        address_make(&r->offender, s->domain, &by);
        memcpy(&message.offender, &by, n - sizeof message.err);
    }
    if (r->err.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && s->reports.stamping & SOF_TIMESTAMPING_SOFTWARE)
        put_stamp(c, r->at);
    put(c, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &message, n);
}

int control_give(struct drill *d, const struct socket *s, const struct msghdr *msg, struct msghdr *user,
                 const struct received *r, int flags)
{
    struct control c = {.d = d, .at = msg->msg_control, .room = msg->msg_control ? msg->msg_controllen : 0,
                        .flags = r->flags | (unsigned)(flags & MSG_CMSG_CLOEXEC)};

    if (r->flags & MSG_ERRQUEUE)
        put_report(&c, s, &r->report);
    else if (socket_is_stream(s) && s->inquire)
        put_inquiry(&c, s);
    else if (!socket_is_stream(s))
        put_header(&c, &r->control);
    if (!user_writes(d, user, sizeof *user))
        return -EFAULT;
    if (msg->msg_name && control_name(d, s, r, msg->msg_name, &user->msg_namelen))
        return -EFAULT;
    user->msg_controllen = c.used;
    user->msg_flags = (int)c.flags;
    return 0;
}
