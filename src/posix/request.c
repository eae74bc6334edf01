/* SPDX-License-Identifier: MIT */
/* weft_unp_request: a request over UDP that is repeated until its reply comes (UNP 22.5, RFC 6298's estimator). */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "weft/unp.h"

#define REPEATS 3
#define HEADER  8
#define MOST    65507 /* bytes in a datagram of IPv4 */

/* Given back by the server as it came; its bytes mean something to us alone. */
struct header {
    uint32_t seq, stamp; /* ms */
};

static uint32_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

static int64_t timeout_of(const struct weft_unp_rtt *rtt)
{
    int64_t low = rtt->floor ? rtt->floor : 2000, high = rtt->ceiling ? rtt->ceiling : 60000;
    int64_t t = rtt->srtt || rtt->rttvar ? rtt->srtt + 4 * rtt->rttvar : 3000;

    t = (t < low ? low : t) << rtt->repeated;
    return t > high ? high : t;
}

/* The stamp tells which transmission is answered, so a repeated request may be measured too. */
static void measure(struct weft_unp_rtt *rtt, int64_t sample)
{
    int64_t off = sample - rtt->srtt;

    if (!rtt->srtt && !rtt->rttvar) {
        rtt->srtt = sample;
        rtt->rttvar = sample / 2 + 1;
        return;
    }
    rtt->srtt += off / 8;
    rtt->rttvar += ((off < 0 ? -off : off) - rtt->rttvar) / 4;
}

static int transmit(struct weft_unp_rtt *rtt, int fd, const void *out, size_t n)
{
    struct header h = {rtt->seq, milliseconds()};
    struct iovec iov[2] = {{&h, sizeof h}, {(void *)(uintptr_t)out, n}}; /* only read through */
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

    return weft_posix_sendmsg(fd, &msg, 0) < 0 ? -1 : 0;
}

/* The reply to this request, until the time has come: its bytes; -1, errno; -2: nothing came. */
static ssize_t await(struct weft_unp_rtt *rtt, int fd, void *in, size_t n)
{
    uint32_t begin = milliseconds();
    int64_t left, timeout = timeout_of(rtt);
    struct header h;
    struct iovec iov[2] = {{&h, sizeof h}, {in, n}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    struct pollfd p = {fd, POLLIN, 0};
    ssize_t r;

    while ((left = timeout - (int64_t)(uint32_t)(milliseconds() - begin)) > 0) {
        r = weft_posix_poll(&p, 1, (int)left);
        if (r < 0 && errno != EINTR)
            return -1;
        if (r <= 0)
            continue;
        r = weft_posix_recvmsg(fd, &msg, MSG_DONTWAIT);
        if (r < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        if (r >= HEADER && h.seq == rtt->seq) {
            measure(rtt, (int64_t)(uint32_t)(milliseconds() - h.stamp));
            return r - HEADER;
        }
    }
    return -2;
}

ssize_t weft_unp_request(struct weft_unp_rtt *rtt, int fd, const void *out, size_t n_out, void *in, size_t n_in)
{
    ssize_t r;

    if (n_out > MOST - HEADER) {
        errno = EMSGSIZE;
        return -1;
    }
    rtt->seq++;
    for (rtt->repeated = 0; rtt->repeated <= REPEATS; rtt->repeated++) {
        if (transmit(rtt, fd, out, n_out) < 0)
            return -1;
        r = await(rtt, fd, in, n_in);
        if (r != -2)
            return r;
    }
    rtt->srtt = rtt->rttvar = 0; /* what was known is worth nothing now */
    errno = ETIMEDOUT;
    return -1;
}
