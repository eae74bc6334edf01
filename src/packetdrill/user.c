/* SPDX-License-Identifier: MIT */
/* See user.h. */
#include "packetdrill/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE       4096u /* or a divisor of it: a byte more is asked for, no harm done */
#define MOST_AT_ONCE 1024
#define MOST_BYTES 0x7ffff000u /* Linux's MAX_RW_COUNT */

bool user_open(struct drill *d)
{
    return pipe2(d->probe, O_CLOEXEC | O_NONBLOCK) == 0;
}

void user_close(struct drill *d)
{
    close(d->probe[0]);
    close(d->probe[1]);
}

/*
 * The system calls without their wrappers: sanitizers look at memory in those. Takes back from the pipe what went in,
 * to where it came from or elsewhere.
 */
static bool probe(struct drill *d, const struct iovec *bytes, int n, bool writes)
{
    uint8_t rest[MOST_AT_ONCE];
    long in = syscall(SYS_writev, d->probe[1], bytes, n), out = 0;

    if (in > 0 && writes)
        out = syscall(SYS_readv, d->probe[0], bytes, n);
    if (in > 0 && out < in)
        syscall(SYS_read, d->probe[0], rest, (size_t)(in - (out > 0 ? out : 0)));
    return in == n && (!writes || out == n);
}

/* A byte of each page from p on. */
static bool pages_are_there(struct drill *d, const void *p, size_t n, bool writes)
{
    uintptr_t at = (uintptr_t)p, last = at + n - 1;
    struct iovec bytes[MOST_AT_ONCE];
    int count = 0;

    if (n == 0)
        return true;
    if (last < at)
        return false;
    for (;;) {
        bytes[count++] = (struct iovec){(void *)at, 1};
        if (count == MOST_AT_ONCE || last - at < PAGE - at % PAGE) {
            if (!probe(d, bytes, count, writes))
                return false;
            count = 0;
        }
        if (last - at < PAGE - at % PAGE)
            return true;
        at += PAGE - at % PAGE;
    }
}

bool user_reads(struct drill *d, const void *p, size_t n)
{
    return pages_are_there(d, p, n, false);
}

bool user_writes(struct drill *d, const void *p, size_t n)
{
    return pages_are_there(d, p, n, true);
}

/* ---- pieces ---- */

static void add(struct drill *d, struct user_iov *u, void *base, size_t len, bool writes)
{
    if (len > MOST_BYTES - u->len)
        len = MOST_BYTES - u->len;
    if (len == 0)
        return;
    u->iov[u->n++] = (struct weft_iov){base, len};
    u->len += len;
    u->faulty |= !pages_are_there(d, base, len, writes);
}

void user_buffer(struct drill *d, struct user_iov *u, const void *buf, size_t n, bool writes)
{
    u->n = u->len = 0;
    u->faulty = false;
    add(d, u, (void *)(uintptr_t)buf, n, writes); /* read through only, unless writes */
}

int user_iov(struct drill *d, struct user_iov *u, const struct iovec *iov, size_t n, bool writes)
{
    u->n = u->len = 0;
    u->faulty = false;
    if (n > USER_IOV)
        return -EINVAL;
    if (!user_reads(d, iov, n * sizeof *iov))
        return -EFAULT;
    for (size_t i = 0; i < n; i++)
        if (iov[i].iov_len > SSIZE_MAX)
            return -EINVAL;
    for (size_t i = 0; i < n; i++)
        add(d, u, iov[i].iov_base, iov[i].iov_len, writes);
    return 0;
}

void user_skip(struct user_iov *u, size_t n)
{
    size_t gone = 0;

    u->len -= n;
    while (gone < u->n && n >= u->iov[gone].len)
        n -= u->iov[gone++].len;
    for (size_t i = gone; i < u->n; i++)
        u->iov[i - gone] = u->iov[i];
    u->n -= gone;
    if (n) {
        u->iov[0].base = (uint8_t *)u->iov[0].base + n;
        u->iov[0].len -= n;
    }
}
