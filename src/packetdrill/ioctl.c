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

static int64_t ioctl_desc(struct drill *d, int fd, unsigned long request, int *argument)
{
    struct desc *desc = desc_find(d, fd);
    int64_t answer;

    if (!desc)
        return -EBADF;
    if (request == FIONBIO) {
        if (!user_reads(d, argument, sizeof *argument))
            return -EFAULT;
        desc->nonblocking = *argument != 0;
        return 0;
    }
    answer = ask(desc, request);
    if (answer < 0)
        return answer;
    if (!user_writes(d, argument, sizeof *argument))
        return -EFAULT;
    *argument = (int)answer;
    return 0;
}

int drill_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    struct drill *d = drill_enter(userdata);
    va_list ap;
    int *argument;

    va_start(ap, request);
    argument = va_arg(ap, int *);
    va_end(ap);
    /* Where a caller passes the number as an int, its upper half is not to be relied upon. */
    return (int)drill_leave(d, ioctl_desc(d, fd, (uint32_t)request, argument));
}
