/* SPDX-License-Identifier: MIT */
/* See control.h. */
#include "packetdrill/control.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "linux/linux.h"
#include "packetdrill/address.h"

int control_message(struct drill *d, struct msghdr *msg, const struct msghdr *user, struct user_iov *u, bool writes)
{
    if (!user_reads(d, user, sizeof *user))
        return -EFAULT;
    *msg = *user;
    if ((int)msg->msg_namelen < 0)
        return -EINVAL;
    if (msg->msg_namelen > sizeof(struct sockaddr_storage)) /* is cut, as on Linux */
        msg->msg_namelen = sizeof(struct sockaddr_storage);
    if (!writes && !msg->msg_namelen)
        msg->msg_name = NULL;
    if (msg->msg_iovlen > USER_IOV)
        return -EMSGSIZE;
    return user_iov(d, u, msg->msg_iov, msg->msg_iovlen, writes);
}

/* ---- of what is sent ---- */

static int take_stamps(const struct cmsghdr *c, unsigned *stamps)
{
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS)
        return 0; /* others' */
    if (c->cmsg_type == SO_MARK || c->cmsg_type == SO_PRIORITY) /* ask for nothing here */
        return c->cmsg_len == CMSG_LEN(sizeof(int)) ? 0 : -EINVAL;
    if (c->cmsg_type != SO_TIMESTAMPING || c->cmsg_len != CMSG_LEN(sizeof *stamps))
        return -EINVAL;
    memcpy(stamps, CMSG_DATA(c), sizeof *stamps);
    return *stamps & ~(unsigned)REPORTS_STAMPS ? -EINVAL : 0;
}

/* The socket as linux/linux.h wants it. The day is the clock's of all scripts. */
static struct linux_sock for_control(struct drill *d, const struct socket *s, struct timespec *day)
{
    *day = (struct timespec){(time_t)(d->now / WEFT_S), (long)(d->now % WEFT_S)};
    return (struct linux_sock){s->sock, s->domain, s->type, s->protocol, d->now, day, s->stamp,
                               (int)s->reports.stamping, s->inquire};
}

static int take_stream(const struct msghdr *m, struct beside *out)
{
    int err = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c && !err; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c)) {
        size_t left = (size_t)((uint8_t *)m->msg_control + m->msg_controllen - (uint8_t *)c);

        err = c->cmsg_len < sizeof *c || c->cmsg_len > left ? -EINVAL : take_stamps(c, &out->stamps);
    }
    return err;
}

int control_take(struct drill *d, const struct socket *s, const struct msghdr *msg, const struct weft_addr *to,
                 struct beside *out)
{
    struct msghdr m = {.msg_control = out->bytes, .msg_controllen = msg->msg_controllen};
    struct timespec day;
    const struct linux_sock l = for_control(d, s, &day);

    if (m.msg_controllen == 0)
        return 0;
    if (m.msg_controllen > sizeof out->bytes)
        return -ENOBUFS;
    if (!user_reads(d, msg->msg_control, m.msg_controllen))
        return -EFAULT;
    memcpy(out->bytes, msg->msg_control, m.msg_controllen);
    return socket_is_stream(s) ? take_stream(&m, out) : linux_take_control(&l, &m, to, &out->control);
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

/* A time as SO_TIMESTAMPING tells it: software's, one that is no longer used, hardware's. */
static size_t put_stamp(struct msghdr *m, size_t used, weft_time at)
{
    struct timespec stamp[3] = {{(time_t)(at / WEFT_S), (long)(at % WEFT_S)}};

    return linux_put_control(m, used, SOL_SOCKET, SO_TIMESTAMPING, stamp, sizeof stamp);
}

/* The report, and who is to blame; of a stream's: nobody. */
static void put_report(struct msghdr *m, const struct socket *s, const struct report *r)
{
    struct {
        struct sock_extended_err err;
        struct sockaddr_in6 offender;
    } message = {.err = r->err};
    bool v6 = s->domain == AF_INET6;
    size_t n = sizeof message.err + (v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)), used = 0;
    struct sockaddr_storage by;

    if (r->blamed) {
        linux_make_addr(&r->offender, s->domain, &by);
        memcpy(&message.offender, &by, n - sizeof message.err);
    }
    if (r->err.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && s->reports.stamping & SOF_TIMESTAMPING_SOFTWARE)
        used = put_stamp(m, 0, r->at);
    m->msg_controllen = linux_put_control(m, used, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR,
                                          &message, n);
}

int control_give(struct drill *d, const struct socket *s, const struct msghdr *msg, struct msghdr *user,
                 const struct received *r, int64_t n, int flags)
{
    uint8_t bytes[CONTROL_MAX] = {0};
    struct timespec day;
    const struct linux_sock l = for_control(d, s, &day);
    struct msghdr m = {.msg_control = msg->msg_control ? bytes : NULL, .msg_controllen = msg->msg_controllen,
                       .msg_flags = (int)r->flags | (flags & MSG_CMSG_CLOEXEC)};

    if (m.msg_controllen > sizeof bytes)
        m.msg_controllen = sizeof bytes;
    if (r->flags & MSG_ERRQUEUE)
        put_report(&m, s, &r->report);
    else
        linux_give_control(&l, &r->control, &m, n > 0);
    if (!user_writes(d, user, sizeof *user))
        return -EFAULT;
    if (msg->msg_control && !user_writes(d, msg->msg_control, m.msg_controllen))
        return -EFAULT;
    if (msg->msg_control)
        memcpy(msg->msg_control, bytes, m.msg_controllen);
    if (msg->msg_name && control_name(d, s, r, msg->msg_name, &user->msg_namelen))
        return -EFAULT;
    user->msg_controllen = msg->msg_control ? m.msg_controllen : 0;
    user->msg_flags = m.msg_flags;
    return 0;
}
