/* SPDX-License-Identifier: MIT */
/* fcntl and ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "packetdrill/calls.h"
#include "packetdrill/file.h"
#include "packetdrill/pipe.h"
#include "packetdrill/user.h"

/* ---- fcntl ---- */

static int flags_of(const struct desc *desc)
{
    int mode = desc->readable && desc->writable ? O_RDWR : desc->writable ? O_WRONLY : O_RDONLY;

    return mode | (desc->nonblocking ? O_NONBLOCK : 0) | (desc->async ? O_ASYNC : 0);
}

/* A process, or a group of them where it is negative; it has to be there. 0: nobody. */
static int set_owner(struct desc *desc, int owner)
{
    if (owner == INT_MIN)
        return -EINVAL;
    if (owner && kill(owner, 0) < 0 && errno == ESRCH)
        return -ESRCH;
    desc->owner = owner;
    return 0;
}

static int64_t control_desc(struct drill *d, int fd, int command, int argument)
{
    struct desc *desc = desc_find(d, fd);

    if (!desc)
        return file_is_open(fd) ? file_fcntl(fd, command, argument) : -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: /* nothing is ever executed */
        return desc_again(d, desc, argument);
    case F_GETFL:
        return flags_of(desc);
    case F_SETFL:
        desc->nonblocking = argument & O_NONBLOCK;
        desc->async = argument & O_ASYNC;
        return 0;
    case F_GETOWN:
        return desc->owner;
    case F_SETOWN:
        return set_owner(desc, argument);
    case F_GETFD:
        return desc->cloexec ? FD_CLOEXEC : 0;
    case F_SETFD:
        desc->cloexec = argument & FD_CLOEXEC;
        return 0;
    case F_GETPIPE_SZ:
        return desc->ops == &pipe_ops ? pipe_size(desc, 0) : -EBADF;
    case F_SETPIPE_SZ:
        return desc->ops == &pipe_ops ? pipe_size(desc, argument) : -EBADF;
    default:
        return -EINVAL;
    }
}

int drill_fcntl(void *userdata, int fd, int command, ...)
{
    struct drill *d = drill_enter(userdata);
    va_list ap;
    int argument;

    va_start(ap, command);
    argument = va_arg(ap, int);
    va_end(ap);
    return (int)drill_leave(d, control_desc(d, fd, command, argument));
}

/* ---- ioctl ---- */

static int64_t ask(struct desc *desc, unsigned long request)
{
    if (desc->ops == &socket_ops)
        return linux_queue_ioctl(((struct socket *)desc)->sock, request);
    return desc->ops == &pipe_ops && request == FIONREAD ? (int64_t)pipe_unread(desc) : -ENOTTY;
}

/* SIOCGIFCONF: without a buffer, how many bytes it takes. */
static int list_interfaces(struct drill *d, struct ifconf *user)
{
    struct ifconf conf;
    size_t room;

    if (!user_writes(d, user, sizeof *user))
        return -EFAULT;
    memcpy(&conf, user, sizeof conf);
    room = conf.ifc_buf && conf.ifc_len > 0 ? (size_t)conf.ifc_len / sizeof(struct ifreq) : 0;
    if (!user_writes(d, conf.ifc_buf, room * sizeof(struct ifreq)))
        return -EFAULT;
    user->ifc_len = (int)(linux_interface_list(d->stack, conf.ifc_buf ? conf.ifc_req : NULL, room) *
                          sizeof(struct ifreq));
    return 0;
}

/* Those whose argument is a structure; -ENOTTY: it is none of them. */
static int64_t ask_more(struct drill *d, struct socket *s, unsigned long request, void *argument)
{
    size_t size = linux_interface_size(request);
    struct timespec day;
    const struct linux_sock of = socket_linux(d, s, &day);

    if (request == SIOCGIFCONF)
        return list_interfaces(d, argument);
    if (request == SIOCGSTAMP || request == SIOCGSTAMPNS)
        return user_writes(d, argument, sizeof day) ? linux_stamp_ioctl(&of, &s->own, request, argument) : -EFAULT;
    if (!size)
        return -ENOTTY;
    return user_writes(d, argument, size) ? linux_interface_ioctl(d->stack, s->domain, request, argument) : -EFAULT;
}

/* Of these two a socket alone knows. */
static bool names_owner(const struct desc *desc, unsigned long request)
{
    return desc->ops == &socket_ops && (request == FIOSETOWN || request == SIOCSPGRP);
}

static bool asks_owner(const struct desc *desc, unsigned long request)
{
    return desc->ops == &socket_ops && (request == FIOGETOWN || request == SIOCGPGRP);
}

/* What a number that the caller gives decides. */
static int set_by(struct drill *d, struct desc *desc, unsigned long request, const void *argument)
{
    int value;

    if (!user_reads(d, argument, sizeof value))
        return -EFAULT;
    memcpy(&value, argument, sizeof value);
    if (request == FIONBIO)
        desc->nonblocking = value != 0;
    else if (request == FIOASYNC)
        desc->async = value != 0;
    else
        return set_owner(desc, value);
    return 0;
}

static int give(struct drill *d, void *argument, int value)
{
    if (!user_writes(d, argument, sizeof value))
        return -EFAULT;
    memcpy(argument, &value, sizeof value);
    return 0;
}

static int64_t ioctl_desc(struct drill *d, int fd, unsigned long request, void *argument)
{
    struct desc *desc = desc_find(d, fd);
    int64_t answer = -ENOTTY;

    if (!desc)
        return -EBADF;
    if (request == FIONBIO || request == FIOASYNC || names_owner(desc, request))
        return set_by(d, desc, request, argument);
    if (asks_owner(desc, request))
        return give(d, argument, desc->owner);
    if (desc->ops == &socket_ops)
        answer = ask_more(d, (struct socket *)desc, request, argument);
    if (answer != -ENOTTY)
        return answer;
    answer = ask(desc, request);
    return answer < 0 ? answer : give(d, argument, (int)answer);
}

int drill_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    struct drill *d = drill_enter(userdata);
    va_list ap;
    void *argument;

    va_start(ap, request);
    argument = va_arg(ap, void *);
    va_end(ap);
    /* Where a caller passes the number as an int, its upper half is not to be relied upon. */
    return (int)drill_leave(d, ioctl_desc(d, fd, (uint32_t)request, argument));
}
