/* SPDX-License-Identifier: MIT */
/* The calls on a socket of NETLINK_ROUTE; netlink.c writes the answers. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/private.h"

int64_t netlink_socket(struct call *c)
{
    int type = (int)c->arg[1], flags = type & ~0xf, program, err;
    struct file like = {.domain = AF_NETLINK, .type = type & 0xf, .protocol = NETLINK_ROUTE, .tid = c->tid};
    struct file *f;

    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC) || (like.type != SOCK_RAW && like.type != SOCK_DGRAM))
        return -ESOCKTNOSUPPORT;
    linux_own_init(&like.own, (uintptr_t)c->run->host);
    err = file_new(c->run, NULL, &like, "", &program, &f);
    if (err)
        return err;
    f->port = (uint32_t)f->inode; /* of no other one's, and not zero, which is the kernel's */
    err = file_give(c, f, program, flags);
    if (err)
        file_close(c->run, f);
    return err && err != -ENOENT ? err : ANSWER_GIVEN;
}

/* What came by write and send, which nobody notifies us of. */
static void answer_written(struct run *run, struct file *f)
{
    ssize_t n;

    while ((n = recv(f->end, run->payload, PAYLOAD, MSG_DONTWAIT)) > 0)
        netlink_answer(run, f, (size_t)n);
    f->ready &= ~(unsigned)EPOLLIN;
}

static void netlink_end(struct run *run, struct file *f)
{
    if (f->groups)
        netlink_join(run, f, 0);
    file_close(run, f);
}

void netlink_pump(struct run *run, struct file *f)
{
    answer_written(run, f);
    if (f->ready & EPOLLHUP)
        netlink_end(run, f);
    else
        file_unpark(f);
}

/* ---- names ---- */

static int64_t write_name(struct call *c, uint64_t at, uint64_t n_at, uint32_t port, uint32_t groups)
{
    const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};
    socklen_t has = sizeof name, room;

    if (!at)
        return 0;
    if (call_read(c, n_at, &room, sizeof room) < 0)
        return -EFAULT;
    if ((int)room < 0)
        return -EINVAL;
    if (call_write(c, at, &name, room < has ? room : has) < 0)
        return -EFAULT;
    return call_write(c, n_at, &has, sizeof has);
}

/* What it is bound or sent to. */
static int read_name(struct call *c, uint64_t at, uint64_t n, struct sockaddr_nl *name)
{
    if (n < sizeof *name)
        return -EINVAL;
    if (call_read(c, at, name, sizeof *name) < 0)
        return -EFAULT;
    return name->nl_family == AF_NETLINK ? 0 : -EINVAL;
}

static int64_t bind_to(struct call *c)
{
    struct sockaddr_nl name;
    int err = read_name(c, c->arg[1], c->arg[2], &name);

    if (!err && name.nl_groups != c->file->groups)
        err = netlink_join(c->run, c->file, name.nl_groups);
    if (!err && name.nl_pid)
        c->file->port = name.nl_pid;
    return err;
}

/* Nobody but the host is there to be sent to. */
static int check_destination(struct call *c, uint64_t at, uint64_t n)
{
    struct sockaddr_nl name;
    int err = at ? read_name(c, at, n, &name) : 0;

    return err ? err : at && (name.nl_pid || name.nl_groups) ? -ECONNREFUSED : 0;
}

/* ---- bytes ---- */

/* n bytes of payload. */
static int64_t ask(struct call *c, int64_t n)
{
    if (n <= 0)
        return n;
    netlink_answer(c->run, c->file, (size_t)n);
    return n;
}

static int64_t send_to(struct call *c)
{
    int err = check_destination(c, c->arg[4], c->arg[5]);

    if (!err && c->arg[2] > PAYLOAD)
        err = -EMSGSIZE;
    if (!err && call_read(c, c->arg[1], c->run->payload, c->arg[2]) < 0)
        err = -EFAULT;
    return err ? err : ask(c, (int64_t)c->arg[2]);
}

static int64_t send_message(struct call *c)
{
    struct msghdr m;
    int err = call_read(c, c->arg[1], &m, sizeof m);

    if (!err)
        err = check_destination(c, (uintptr_t)m.msg_name, m.msg_namelen);
    return err ? err : ask(c, call_gather(c, (uintptr_t)m.msg_iov, m.msg_iovlen, c->run->payload, PAYLOAD));
}

/* Looks at the next datagram of an answer, in scratch: its length; or the call has to wait, or must not. */
static int64_t look(struct call *c, unsigned flags, ssize_t *n)
{
    *n = recv(c->fd, c->run->scratch, SCRATCH, MSG_DONTWAIT | MSG_PEEK);
    return *n < 0 ? call_wait_readable(c, flags) : 0;
}

/* Whom the n bytes in scratch were told: a group, or one who had asked, whose number is in it. */
static unsigned group_told(const struct run *run, ssize_t n)
{
    struct nlmsghdr h;

    memcpy(&h, run->scratch, sizeof h);
    return n > NLMSG_HDRLEN && h.nlmsg_pid == 0 ? netlink_group_of((const struct nlmsghdr *)run->scratch) : 0;
}

static int64_t receive_from(struct call *c)
{
    unsigned flags = (unsigned)c->arg[3];
    ssize_t n;
    int64_t kept, r = look(c, flags, &n);

    if (r)
        return r;
    kept = n < (int64_t)c->arg[2] ? n : (int64_t)c->arg[2];
    if (call_write(c, c->arg[1], c->run->scratch, (size_t)kept) < 0)
        return -EFAULT;
    r = write_name(c, c->arg[4], c->arg[5], 0, group_told(c->run, n));
    if (r)
        return r;
    datagram_answer(c, flags & MSG_TRUNC ? n : kept, flags & MSG_PEEK);
    return ANSWER_GIVEN;
}

static int64_t receive_message(struct call *c)
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    unsigned flags = (unsigned)c->arg[2];
    struct msghdr m;
    ssize_t n;
    size_t room;
    int64_t kept, r = look(c, flags, &n);

    if (r)
        return r;
    if (call_read(c, c->arg[1], &m, sizeof m) < 0)
        return -EFAULT;
    kept = call_scatter(c, (uintptr_t)m.msg_iov, m.msg_iovlen, c->run->scratch, (size_t)n);
    if (kept < 0)
        return kept;
    name.nl_groups = group_told(c->run, n);
    room = m.msg_namelen < sizeof name ? m.msg_namelen : sizeof name;
    if (m.msg_name && call_write(c, (uintptr_t)m.msg_name, &name, room) < 0)
        return -EFAULT;
    m.msg_namelen = m.msg_name ? sizeof name : 0;
    m.msg_controllen = 0;
    m.msg_flags = kept < n ? MSG_TRUNC : 0;
    if (call_write(c, c->arg[1], &m, sizeof m) < 0)
        return -EFAULT;
    datagram_answer(c, flags & MSG_TRUNC ? n : kept, flags & MSG_PEEK);
    return ANSWER_GIVEN;
}

/* ---- options ---- */

/* How strictly requests are looked at makes no difference here; in groups that bind has no bit for nothing happens. */
static int64_t set_netlink_option(struct call *c)
{
    unsigned group, mask;

    if (c->arg[2] != NETLINK_ADD_MEMBERSHIP && c->arg[2] != NETLINK_DROP_MEMBERSHIP)
        return 0;
    if (c->arg[4] < sizeof group)
        return -EINVAL;
    if (call_read(c, c->arg[3], &group, sizeof group) < 0)
        return -EFAULT;
    if (group == 0 || group > RTNLGRP_MAX)
        return -EINVAL;
    mask = group <= 32 ? 1u << (group - 1) : 0;
    return netlink_join(c->run, c->file, c->arg[2] == NETLINK_ADD_MEMBERSHIP ? c->file->groups | mask
                                                                             : c->file->groups & ~mask);
}

/* Buffers and time-outs are the pair's. */
static int64_t set_option(struct call *c)
{
    uint8_t value[64];
    size_t n = c->arg[4];

    if (c->arg[1] == SOL_NETLINK)
        return set_netlink_option(c);
    if (c->arg[1] != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (n > sizeof value)
        return -EINVAL;
    if (call_read(c, c->arg[3], value, n) < 0)
        return -EFAULT;
    return setsockopt(c->fd, SOL_SOCKET, (int)c->arg[2], value, (socklen_t)n) < 0 ? -errno : 0;
}

static int64_t get_option(struct call *c)
{
    uint8_t value[64];
    socklen_t n;

    if (c->arg[1] != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (call_read(c, c->arg[4], &n, sizeof n) < 0)
        return -EFAULT;
    n = n < sizeof value ? n : (socklen_t)sizeof value;
    if (getsockopt(c->fd, SOL_SOCKET, (int)c->arg[2], value, &n) < 0)
        return -errno;
    if (c->arg[2] == SO_DOMAIN && n == sizeof(int))
        memcpy(value, &(int){AF_NETLINK}, sizeof(int));
    if (call_write(c, c->arg[3], value, n) < 0)
        return -EFAULT;
    return call_write(c, c->arg[4], &n, sizeof n);
}

int64_t netlink_call(struct call *c)
{
    answer_written(c->run, c->file);
    switch (c->nr) {
    case SYS_bind:
        return bind_to(c);
    case SYS_connect:
        return check_destination(c, c->arg[1], c->arg[2]);
    case SYS_getsockname:
        return write_name(c, c->arg[1], c->arg[2], c->file->port, c->file->groups);
    case SYS_getpeername:
        return write_name(c, c->arg[1], c->arg[2], 0, 0);
    case SYS_sendto:
        return send_to(c);
    case SYS_sendmsg:
        return send_message(c);
    case SYS_recvfrom:
        return receive_from(c);
    case SYS_recvmsg:
        return receive_message(c);
    case SYS_setsockopt:
        return set_option(c);
    case SYS_getsockopt:
        return get_option(c);
    case SYS_ioctl:
        return answer_foreign_ioctl(c);
    default:
        complain(c->run, call_name(c->nr), "not on a socket of netlink");
        return -EOPNOTSUPP;
    }
}
