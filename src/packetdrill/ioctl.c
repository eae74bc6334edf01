/* SPDX-License-Identifier: MIT */
/* fcntl and ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
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

    return mode | (desc->nonblocking ? O_NONBLOCK : 0);
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
        return 0;
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

static int64_t ioctl_desc(struct drill *d, int fd, unsigned long request, void *argument)
{
    struct desc *desc = desc_find(d, fd);
    int64_t answer = -ENOTTY;
    int value;

    if (!desc)
        return -EBADF;
    if (request == FIONBIO) {
        if (!user_reads(d, argument, sizeof value))
            return -EFAULT;
        memcpy(&value, argument, sizeof value);
        desc->nonblocking = value != 0;
        return 0;
    }
    if (desc->ops == &socket_ops)
        answer = ask_more(d, (struct socket *)desc, request, argument);
    if (answer != -ENOTTY)
        return answer;
    answer = ask(desc, request);
    if (answer < 0)
        return answer;
    if (!user_writes(d, argument, sizeof value))
        return -EFAULT;
    value = (int)answer;
    memcpy(argument, &value, sizeof value);
    return 0;
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
