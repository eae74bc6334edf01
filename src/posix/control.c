/* SPDX-License-Identifier: MIT */
/* fcntl, ioctl, sockatmark. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "posix/posix.h"

/* ---- fcntl ---- */

static int of_socket(int fd, int command, void *pointer)
{
    int argument = (int)(intptr_t)pointer;
    struct px_call c;
    int r = px_begin(&c, fd);

    if (r)
        return (int)px_end(&c, r);
    switch (command) {
    case F_GETFL:
        r = O_RDWR | (c.s->nonblocking ? O_NONBLOCK : 0) | (px_async_is_on(c.s) ? O_ASYNC : 0);
        break;
    case F_SETFL:
        r = px_async_set(c.s, argument & O_ASYNC);
        c.s->nonblocking = argument & O_NONBLOCK;
        break;
    case F_SETOWN:
        r = px_async_set_owner(c.s, argument);
        break;
    default:
        r = px_async_fcntl(c.s, fd, command, pointer);
    }
    return (int)px_end(&c, r);
}

/* A group is told as a negative number, which is no error. */
static int owner_of(int fd)
{
    struct px_call c;
    int r = px_begin(&c, fd), owner = r ? 0 : px_async_owner(c.s);

    r = (int)px_end(&c, r);
    return r ? (int)px_result(r) : owner;
}

static int duplicate(int fd, int command, int argument)
{
    int to = fcntl(fd, command, argument), err;

    if (to < 0)
        return -errno;
    err = px_again(fd, to);
    if (err)
        close(to);
    return err ? err : to;
}

int weft_posix_fcntl(int fd, int command, ...)
{
    struct px *p;
    bool is_sock;
    va_list ap;
    void *argument;
    int n;

    va_start(ap, command);
    argument = va_arg(ap, void *);
    va_end(ap);
    n = (int)(intptr_t)argument;
    p = px_get(fd);
    is_sock = p && p->kind == &px_sock_kind;
    if (p)
        px_drop(p);
    if (!p || command == F_GETFD || command == F_SETFD)
        return fcntl(fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return (int)px_result(duplicate(fd, command, n));
    if (!is_sock)
        return fcntl(fd, command, argument);
    return command == F_GETOWN ? owner_of(fd) : (int)px_result(of_socket(fd, command, argument));
}

/* ---- ioctl ---- */

/* SIOCGIFCONF: without a buffer, how many bytes it takes. */
static int list_interfaces(weft_stack *s, struct ifconf *conf)
{
    size_t room = conf && conf->ifc_buf ? (size_t)conf->ifc_len / sizeof(struct ifreq) : 0;

    if (!conf)
        return -EFAULT;
    conf->ifc_len = (int)(linux_interface_list(s, conf->ifc_buf ? conf->ifc_req : NULL, room) * sizeof(struct ifreq));
    return 0;
}

static int of_interfaces(struct px_call *c, unsigned long request, void *argument)
{
    if (request == SIOCGIFCONF)
        return list_interfaces(c->host->stack, argument);
    if (linux_interface_size(request))
        return linux_interface_ioctl(c->host->stack, c->s->domain, request, argument);
    return px_configure_ioctl(c, request, argument);
}

static int64_t control(struct px_call *c, unsigned long request, void *argument)
{
    const struct linux_sock s = px_linux(c->s);
    int64_t answer;
    int value;

    if (request == FIONBIO) {
        if (!argument)
            return -EFAULT;
        memcpy(&value, argument, sizeof value);
        c->s->nonblocking = value != 0;
        return 0;
    }
    answer = px_async_ioctl(c->s, request, argument);
    if (answer == -ENOTTY)
        answer = linux_stamp_ioctl(&s, &c->s->own, request, argument);
    if (answer == -ENOTTY)
        answer = of_interfaces(c, request, argument);
    if (answer != -ENOTTY)
        return answer;
    answer = linux_queue_ioctl(px_engine(c->s), request);
    if (answer < 0)
        return answer;
    if (!argument)
        return -EFAULT;
    value = (int)answer;
    memcpy(argument, &value, sizeof value);
    return 0;
}

int weft_posix_ioctl(int fd, unsigned long request, ...)
{
    struct px_call c;
    va_list ap;
    void *argument;
    int r = px_begin(&c, fd);

    va_start(ap, request);
    argument = va_arg(ap, void *);
    va_end(ap);
    if (!c.s)
        return ioctl(fd, request, argument);
    /* Where a caller passes the number as an int, its upper half is not to be relied upon. */
    return (int)px_result(px_end(&c, r ? r : control(&c, (uint32_t)request, argument)));
}

int weft_posix_sockatmark(int fd)
{
    int mark;

    return weft_posix_ioctl(fd, SIOCATMARK, &mark) < 0 ? -1 : mark;
}
