/* SPDX-License-Identifier: MIT */
/* recvmmsg and sendmmsg: the calls for one message, as often as it goes. */
#include "posix/posix.h"

int weft_posix_sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
    unsigned done;
    ssize_t r = 0;

    for (done = 0; done < n; done++) {
        r = weft_posix_sendmsg(fd, &msgs[done].msg_hdr, flags);
        if (r < 0)
            break;
        msgs[done].msg_len = (unsigned)r;
    }
    return done || r >= 0 ? (int)done : -1;
}

static weft_time end_of(const struct timespec *timeout)
{
    struct timespec now;

    if (!timeout)
        return WEFT_NEVER;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_time)(now.tv_sec + timeout->tv_sec) * WEFT_S + (weft_time)(now.tv_nsec + timeout->tv_nsec);
}

/* As on Linux, the time-out is looked at between messages only. */
int weft_posix_recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout)
{
    static const struct timespec none;
    weft_time end;
    unsigned done;
    ssize_t r = 0;

    if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999))
        return (int)px_result(-EINVAL);
    end = end_of(timeout);
    for (done = 0; done < n; done++) {
        r = weft_posix_recvmsg(fd, &msgs[done].msg_hdr, flags & ~MSG_WAITFORONE);
        if (r < 0)
            break;
        msgs[done].msg_len = (unsigned)r;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (end != WEFT_NEVER && end_of(&none) >= end) {
            done++;
            break;
        }
    }
    return done || r >= 0 ? (int)done : -1;
}
