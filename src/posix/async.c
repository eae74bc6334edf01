/* SPDX-License-Identifier: MIT */
/*
 * Signals that sockets send (UNP chapters 24 and 25): SIGURG to the owner when urgent data comes, SIGIO when O_ASYNC is
 * set and anything happens. Whoever holds the host's lock sends them, mostly the host's thread, which takes none
 * itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/posix.h"

#define ALL (WEFT_READABLE | WEFT_WRITABLE | WEFT_URGENT | WEFT_ERROR | WEFT_HANGUP | WEFT_PEER_CLOSED)

struct px_async {
    struct watch watch; /* first */
    pid_t owner;        /* a process; negative: a group; 0: nobody */
    bool is_thread;     /* owner is a thread of ours (F_OWNER_TID) */
    bool on;            /* O_ASYNC */
    int signal;         /* instead of SIGIO, and telling what it is about (F_SETSIG); 0: none */
    int fd;             /* then: the number that was spoken of */
};

/* Linux has the kernel send it; from a process it comes as SI_SIGIO. */
static void send_queued(const struct px_async *a, unsigned ready)
{
    siginfo_t info = {.si_signo = a->signal, .si_code = SI_SIGIO};

    info.si_fd = a->fd;
    info.si_band = (ready & (WEFT_READABLE | WEFT_PEER_CLOSED) ? POLLIN | POLLRDNORM : 0) |
                   (ready & WEFT_WRITABLE ? POLLOUT | POLLWRNORM : 0) | (ready & WEFT_ERROR ? POLLERR : 0) |
                   (ready & WEFT_HANGUP ? POLLHUP : 0);
    if (a->is_thread)
        syscall(SYS_rt_tgsigqueueinfo, getpid(), a->owner, a->signal, &info);
    else if (a->owner > 0)
        syscall(SYS_rt_sigqueueinfo, a->owner, a->signal, &info);
    else
        kill(a->owner, a->signal); /* a group is told without particulars */
}

static void send_plain(const struct px_async *a, int signal)
{
    if (a->is_thread)
        syscall(SYS_tgkill, getpid(), a->owner, signal);
    else
        kill(a->owner, signal);
}

/* The host tells that readiness grew. */
static bool fire(struct watch *watch, unsigned ready)
{
    struct px_async *a = (struct px_async *)watch;

    if (a->owner && ready & WEFT_URGENT)
        send_plain(a, SIGURG);
    if (!a->owner || !a->on || !(ready & ~WEFT_URGENT))
        return false;
    if (a->signal)
        send_queued(a, ready);
    else
        send_plain(a, SIGIO);
    return false;
}

/* Made when it is first needed. NULL: out of memory. Needs the lock. */
static struct px_async *async_of(struct px_sock *s)
{
    if (s->async)
        return s->async;
    s->async = calloc(1, sizeof *s->async);
    if (s->async) {
        watch_begin(&s->async->watch, NULL, s->hs, ALL);
        s->async->watch.fire = fire;
    }
    return s->async;
}

void px_async_end(struct px_sock *s)
{
    if (s->async && !host_is_elsewhere(s->host))
        watch_end(&s->async->watch);
    free(s->async);
    s->async = NULL;
}

bool px_async_is_on(const struct px_sock *s)
{
    return s->async && s->async->on;
}

int px_async_set(struct px_sock *s, bool on)
{
    struct px_async *a = on ? async_of(s) : s->async;

    if (a)
        a->on = on;
    return on && !a ? -ENOMEM : 0;
}

int px_async_owner(const struct px_sock *s)
{
    return s->async ? s->async->owner : 0;
}

int px_async_set_owner(struct px_sock *s, int owner)
{
    struct px_async *a;

    if (owner == INT32_MIN)
        return -EINVAL;
    if (owner && kill(owner, 0) < 0 && errno == ESRCH)
        return -ESRCH;
    a = owner ? async_of(s) : s->async;
    if (a) {
        a->owner = owner;
        a->is_thread = false;
    }
    return owner && !a ? -ENOMEM : 0;
}

static int set_owner_ex(struct px_sock *s, const struct f_owner_ex *ex)
{
    int err;

    if (ex->type != F_OWNER_TID && ex->type != F_OWNER_PID && ex->type != F_OWNER_PGRP)
        return -EINVAL;
    if (ex->type == F_OWNER_PGRP)
        return px_async_set_owner(s, -ex->pid);
    if (ex->pid < 0 || (ex->type == F_OWNER_TID && ex->pid && syscall(SYS_tgkill, getpid(), ex->pid, 0) < 0))
        return -ESRCH;
    err = ex->type == F_OWNER_PID ? px_async_set_owner(s, ex->pid) : 0;
    if (ex->type == F_OWNER_PID || err)
        return err;
    if (!async_of(s))
        return -ENOMEM;
    s->async->owner = ex->pid;
    s->async->is_thread = ex->pid != 0;
    return 0;
}

static int get_owner_ex(const struct px_sock *s, struct f_owner_ex *ex)
{
    int owner = px_async_owner(s);

    ex->type = owner < 0 ? F_OWNER_PGRP : s->async && s->async->is_thread ? F_OWNER_TID : F_OWNER_PID;
    ex->pid = owner < 0 ? -owner : owner;
    return 0;
}

static int set_signal(struct px_sock *s, int fd, int signal)
{
    if (signal < 0 || signal > SIGRTMAX)
        return -EINVAL;
    if (!async_of(s))
        return -ENOMEM;
    s->async->signal = signal;
    s->async->fd = fd;
    return 0;
}

int px_async_fcntl(struct px_sock *s, int fd, int command, void *argument)
{
    if (command == F_SETSIG)
        return set_signal(s, fd, (int)(intptr_t)argument);
    if (command == F_GETSIG)
        return s->async ? s->async->signal : 0;
    if (command != F_SETOWN_EX && command != F_GETOWN_EX)
        return -EINVAL;
    if (!argument)
        return -EFAULT;
    return command == F_SETOWN_EX ? set_owner_ex(s, argument) : get_owner_ex(s, argument);
}

/* FIOSETOWN, FIOGETOWN and FIOASYNC, with the older names of the first two. */
int px_async_ioctl(struct px_sock *s, unsigned long request, void *argument)
{
    int value;

    if (request != FIOSETOWN && request != SIOCSPGRP && request != FIOGETOWN && request != SIOCGPGRP &&
        request != FIOASYNC)
        return -ENOTTY;
    if (!argument)
        return -EFAULT;
    if (request == FIOGETOWN || request == SIOCGPGRP) {
        value = px_async_owner(s);
        memcpy(argument, &value, sizeof value);
        return 0;
    }
    memcpy(&value, argument, sizeof value);
    return request == FIOASYNC ? px_async_set(s, value) : px_async_set_owner(s, value);
}
