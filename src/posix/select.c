/* SPDX-License-Identifier: MIT */
/*
 * select and pselect, by poll. What Linux counts to each set is its POLLIN_SET, POLLOUT_SET and POLLEX_SET. A set may be
 * larger than libc's fd_set, as Linux has it: who asks for more than FD_SETSIZE has made room for them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "posix/posix.h"

#define COUNTS_AS_READ  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define COUNTS_AS_WRITE (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

static bool holds(const fd_set *set, int fd)
{
    const fd_mask *words = (const fd_mask *)set;

    return set && (unsigned long)words[fd / NFDBITS] >> fd % NFDBITS & 1;
}

static void take_out(fd_set *set, int fd)
{
    fd_mask *words = (fd_mask *)set;

    words[fd / NFDBITS] &= (fd_mask)~(1UL << fd % NFDBITS);
}

static nfds_t collect(struct pollfd *fds, int n, const fd_set *r, const fd_set *w, const fd_set *x)
{
    nfds_t count = 0;

    for (int fd = 0; fd < n; fd++) {
        short events =
            (short)((holds(r, fd) ? POLLIN : 0) | (holds(w, fd) ? POLLOUT : 0) | (holds(x, fd) ? POLLPRI : 0));

        if (events)
            fds[count++] = (struct pollfd){fd, events, 0};
    }
    return count;
}

/* Leaves fd in the set only if something of it is there; returns 1 then. */
static int keep(fd_set *set, int fd, bool there)
{
    if (!holds(set, fd))
        return 0;
    if (!there)
        take_out(set, fd);
    return there;
}

static int give(const struct pollfd *fds, nfds_t n, fd_set *r, fd_set *w, fd_set *x)
{
    int count = 0;

    for (nfds_t i = 0; i < n; i++) {
        count += keep(r, fds[i].fd, fds[i].revents & COUNTS_AS_READ);
        count += keep(w, fds[i].fd, fds[i].revents & COUNTS_AS_WRITE);
        count += keep(x, fds[i].fd, fds[i].revents & POLLPRI);
    }
    return count;
}

static int select_by_poll(struct pollfd *fds, int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout,
                          const sigset_t *mask)
{
    nfds_t count = collect(fds, n, r, w, x);

    if (weft_posix_ppoll(fds, count, timeout, mask) < 0)
        return -1;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL)
            return (int)px_result(-EBADF);
    return give(fds, count, r, w, x);
}

int weft_posix_pselect(int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask)
{
    struct pollfd own[FD_SETSIZE], *fds = own;
    int most = (int)sysconf(_SC_OPEN_MAX), ready;

    if (n < 0)
        return (int)px_result(-EINVAL);
    if (n > FD_SETSIZE && n > most) /* there are no such numbers, and nobody says how large the sets are */
        n = most > FD_SETSIZE ? most : FD_SETSIZE;
    if (n > FD_SETSIZE)
        fds = malloc((size_t)n * sizeof *fds);
    if (!fds)
        return (int)px_result(-ENOMEM);
    ready = select_by_poll(fds, n, r, w, x, timeout, mask);
    if (fds != own)
        free(fds);
    return ready;
}

int weft_posix_select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    struct timespec t, before, after;
    int64_t left;
    int ready;

    if (!timeout)
        return weft_posix_pselect(n, r, w, x, NULL, NULL);
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
        return (int)px_result(-EINVAL);
    t = (struct timespec){timeout->tv_sec + timeout->tv_usec / 1000000, timeout->tv_usec % 1000000 * 1000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    ready = weft_posix_pselect(n, r, w, x, &t, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    /* As Linux does: what is left of the time is told. */
    left = (t.tv_sec - (after.tv_sec - before.tv_sec)) * 1000000 +
           (t.tv_nsec - (after.tv_nsec - before.tv_nsec)) / 1000;
    left = left > 0 ? left : 0;
    *timeout = (struct timeval){left / 1000000, left % 1000000};
    return ready;
}
