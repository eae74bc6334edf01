/* SPDX-License-Identifier: MIT */
/* select and pselect, by poll. What Linux counts to each set is its POLLIN_SET, POLLOUT_SET and POLLEX_SET. */
#include "posix/posix.h"

#define COUNTS_AS_READ  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define COUNTS_AS_WRITE (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

static bool holds(const fd_set *set, int fd) { return set && FD_ISSET(fd, set); }

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
        FD_CLR(fd, set);
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

int weft_posix_pselect(int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask)
{
    struct pollfd fds[FD_SETSIZE];
    nfds_t count;

    if (n < 0)
        return (int)px_result(-EINVAL);
    count = collect(fds, n < FD_SETSIZE ? n : FD_SETSIZE, r, w, x);
    for (;;) {
        if (weft_posix_ppoll(fds, count, timeout, mask) < 0)
            return -1;
        for (nfds_t i = 0; i < count; i++)
            if (fds[i].revents & POLLNVAL)
                return (int)px_result(-EBADF);
        return give(fds, count, r, w, x);
    }
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
