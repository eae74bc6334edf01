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

int control_take(struct drill *d, const struct socket *s, const struct msghdr *msg, const struct weft_addr *to,
                 struct beside *out)
{
    struct msghdr m = {.msg_control = out->bytes, .msg_controllen = msg->msg_controllen};
    struct timespec day;
    const struct linux_sock l = socket_linux(d, s, &day);

    if (m.msg_controllen == 0)
        return 0;
    if (m.msg_controllen > sizeof out->bytes)
        return -ENOBUFS;
    if (!user_reads(d, msg->msg_control, m.msg_controllen))
        return -EFAULT;
    memcpy(out->bytes, msg->msg_control, m.msg_controllen);
    return linux_take_control(&l, &m, to, &out->control, &out->stamps);
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

int control_give(struct drill *d, struct socket *s, const struct msghdr *msg, struct msghdr *user,
                 const struct received *r, int64_t n, int flags)
{
    uint8_t bytes[CONTROL_MAX] = {0};
    struct timespec day;
    const struct linux_sock l = socket_linux(d, s, &day);
    struct msghdr m = {.msg_control = msg->msg_control ? bytes : NULL, .msg_controllen = msg->msg_controllen,
                       .msg_flags = (int)r->flags | (flags & MSG_CMSG_CLOEXEC)};

    if (m.msg_controllen > sizeof bytes)
        m.msg_controllen = sizeof bytes;
    if (r->notice == NOTICE_SENT)
        linux_reports_give(&l, &s->own, &m);
    else if (r->notice == NOTICE_PATH)
        linux_give_path(&s->own, &m);
    else if (r->flags & MSG_ERRQUEUE)
        linux_give_report(&l, &r->report, &m);
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
