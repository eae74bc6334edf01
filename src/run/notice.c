/* SPDX-License-Identifier: MIT */
/*
 * Notifications: receiving them, answering them, and the memory of whoever calls.
 *
 * What was read from a program's memory belongs to it only as long as the notification is valid: a thread's number may
 * be another's by then.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "run/filter.h"
#include "run/private.h"

#define PIECES 1024 /* Linux's UIO_MAXIOV */

/* Fails with the errno that the call has where it is not known, and a line. */
static void refuse(struct call *c, const struct run_refusal *refusal)
{
    complain(c->run, refusal->call, "%s", refusal->why);
    call_answer(c, -refusal->error);
}

void notice_take(struct run *run)
{
    const struct run_refusal *refusal;
    struct call c;

    memset(run->notif, 0, run->notif_size);
    if (ioctl(run->listener, SECCOMP_IOCTL_NOTIF_RECV, run->notif) < 0)
        return; /* whoever called was interrupted since */
    c = (struct call){.run = run, .id = run->notif->id, .tid = (pid_t)run->notif->pid, .nr = run->notif->data.nr,
                      .fd = -1, .until = WEFT_NEVER};
    memcpy(c.arg, run->notif->data.args, sizeof c.arg);
    refusal = run_filter_refusal(run->notif->data.arch, c.nr);
    if (refusal)
        refuse(&c, refusal);
    else
        call_serve(&c);
}

bool call_is_valid(const struct call *c)
{
    uint64_t id = c->id;

    return ioctl(c->run->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool call_answer(struct call *c, int64_t result)
{
    struct seccomp_notif_resp *r = c->run->answer;

    if (c->held) {
        hold_answer(c, result);
        return true;
    }
    *r = (struct seccomp_notif_resp){.id = c->id};
    if (result == ANSWER_CONTINUE)
        r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (result < 0)
        r->error = (int)result;
    else
        r->val = result;
    return ioctl(c->run->listener, SECCOMP_IOCTL_NOTIF_SEND, r) == 0;
}

static int add_fd(const struct call *c, struct seccomp_notif_addfd *add, bool cloexec)
{
    add->id = c->id;
    add->newfd_flags = cloexec ? 02000000 : 0; /* O_CLOEXEC */
    return ioctl(c->run->listener, SECCOMP_IOCTL_NOTIF_ADDFD, add) < 0 ? -errno : 0;
}

int call_give_fd(const struct call *c, int fd, bool cloexec)
{
    struct seccomp_notif_addfd add = {.flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd};

    return add_fd(c, &add, cloexec);
}

int call_replace_fd(const struct call *c, int fd, int at, bool cloexec)
{
    struct seccomp_notif_addfd add = {.flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (uint32_t)fd, .newfd = (uint32_t)at};

    return add_fd(c, &add, cloexec);
}

int call_read(const struct call *c, uint64_t at, void *to, size_t n)
{
    struct iovec local = {to, n}, remote = {(void *)(uintptr_t)at, n};

    return process_vm_readv(c->tid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

int call_write(const struct call *c, uint64_t at, const void *from, size_t n)
{
    struct iovec local = {(void *)(uintptr_t)from, n}, remote = {(void *)(uintptr_t)at, n};

    return process_vm_writev(c->tid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

/* The pieces' places, cut to max bytes in all. How many bytes, or -EFAULT, -EMSGSIZE. */
static int64_t read_pieces(const struct call *c, uint64_t at, size_t n, struct iovec piece[PIECES], size_t max)
{
    size_t total = 0, i;

    if (n > PIECES)
        return -EMSGSIZE;
    if (n && call_read(c, at, piece, n * sizeof *piece) < 0)
        return -EFAULT;
    for (i = 0; i < n; i++) {
        if (piece[i].iov_len > max - total)
            piece[i].iov_len = max - total;
        total += piece[i].iov_len;
    }
    return (int64_t)total;
}

int64_t call_room(const struct call *c, uint64_t at, size_t n, size_t max)
{
    struct iovec piece[PIECES];

    return read_pieces(c, at, n, piece, max);
}

int64_t call_gather(const struct call *c, uint64_t at, size_t n, void *to, size_t max)
{
    struct iovec piece[PIECES], local;
    int64_t total = read_pieces(c, at, n, piece, max);

    if (total <= 0)
        return total;
    local = (struct iovec){to, (size_t)total};
    return process_vm_readv(c->tid, &local, 1, piece, n, 0) == total ? total : -EFAULT;
}

int64_t call_scatter(const struct call *c, uint64_t at, size_t n, const void *from, size_t bytes)
{
    struct iovec piece[PIECES], local;
    int64_t total = read_pieces(c, at, n, piece, bytes);

    if (total <= 0)
        return total;
    local = (struct iovec){(void *)(uintptr_t)from, (size_t)total};
    return process_vm_writev(c->tid, &local, 1, piece, n, 0) == total ? total : -EFAULT;
}
