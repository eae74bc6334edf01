/* SPDX-License-Identifier: MIT */
/*
 * Readiness as poll(2) spells it (Linux's tcp_poll, datagram_poll and inet_csk_listen_poll), and what ioctl tells of a
 * socket's queues, from weft's bits and from what whoever offers the socket knows of its shutdowns.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "linux/linux.h"
#include "weft/tcp_info.h"

#define READY_IN  (POLLIN | POLLRDNORM)
#define READY_OUT (POLLOUT | POLLWRNORM)

/* ---- poll ---- */

/* SO_RCVLOWAT counts here too. */
static bool has_enough(const weft_sock *sock, const struct linux_stream *st, unsigned ready)
{
    size_t unread = weft_unread(sock);

    return st->low_water <= 1 ? ready & WEFT_READABLE && unread > 0 : unread >= (size_t)st->low_water;
}

static unsigned ready_stream(const weft_sock *sock, const struct linux_stream *st, unsigned ready)
{
    enum weft_tcp_state state = weft_tcp_state(sock);
    bool over = state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT;
    bool no_read = st->shut_read || ready & WEFT_PEER_CLOSED || (over && st->was_open);
    bool no_write = st->shut_write || (over && st->was_open);
    unsigned bits = ready & WEFT_ERROR || weft_report_waits(sock) ? POLLERR : 0;

    if (over || (no_read && no_write))
        bits |= POLLHUP;
    if (no_read)
        bits |= READY_IN | POLLRDHUP;
    if (state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED)
        return bits | (st->deferred ? READY_OUT : 0u);
    if (has_enough(sock, st, ready))
        bits |= READY_IN;
    if (no_write || over || ready & WEFT_WRITABLE)
        bits |= READY_OUT;
    return bits | (ready & WEFT_URGENT ? POLLPRI : 0);
}

static unsigned ready_dgram(unsigned ready)
{
    return (ready & WEFT_READABLE ? READY_IN : 0u) | (ready & WEFT_WRITABLE ? READY_OUT | POLLWRBAND : 0u) |
           (ready & WEFT_ERROR ? POLLERR : 0u) | (ready & WEFT_HANGUP ? POLLHUP : 0u) |
           (ready & WEFT_PEER_CLOSED ? READY_IN | POLLRDHUP : 0u);
}

/* A listener's error of a former life waits for SO_ERROR, and nobody is told. */
unsigned linux_ready(const weft_sock *sock, const struct linux_stream *st)
{
    unsigned ready = weft_ready(sock);

    if (weft_sock_proto(sock) != WEFT_TCP)
        return ready_dgram(ready);
    if (weft_tcp_state(sock) == WEFT_TCP_LISTEN)
        return weft_unread(sock) ? READY_IN : 0u;
    return ready_stream(sock, st, ready);
}

bool linux_may_exclude(int op, uint32_t events)
{
    const uint32_t may = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

    return !(events & EPOLLEXCLUSIVE) || (op == EPOLL_CTL_ADD && !(events & ~may));
}

unsigned linux_wants(unsigned bits)
{
    return WEFT_ERROR | WEFT_HANGUP | (bits & READY_IN ? WEFT_READABLE | WEFT_PEER_CLOSED : 0u) |
           (bits & READY_OUT ? WEFT_WRITABLE : 0u) | (bits & POLLPRI ? WEFT_URGENT : 0u) |
           (bits & POLLRDHUP ? WEFT_PEER_CLOSED : 0u);
}

/* ---- ioctl ---- */

/* Linux counts our FIN among the bytes that wait to be sent, and to be acknowledged. */
static bool owes_fin(enum weft_tcp_state state)
{
    return state == WEFT_TCP_FIN_WAIT_1 || state == WEFT_TCP_CLOSING || state == WEFT_TCP_LAST_ACK;
}

/* Bytes that have not been sent even once. */
static int64_t not_sent(const weft_sock *sock)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;
    int err = weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n);

    return err ? err : (int64_t)info.tcpi_notsent_bytes + (info.tcpi_notsent_bytes && owes_fin(weft_tcp_state(sock)));
}

int64_t linux_queue_ioctl(const weft_sock *sock, unsigned long request)
{
    enum weft_tcp_state state = weft_tcp_state(sock);
    bool stream = weft_sock_proto(sock) == WEFT_TCP;

    if (state == WEFT_TCP_LISTEN && (request == SIOCINQ || request == SIOCOUTQ || request == SIOCOUTQNSD))
        return -EINVAL;
    switch (request) {
    case SIOCINQ:
        return (int64_t)weft_unread(sock);
    case SIOCOUTQ:
        return state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED
                   ? 0
                   : (int64_t)weft_unsent(sock) + owes_fin(state);
    case SIOCATMARK:
        return !stream ? -ENOTTY : state == WEFT_TCP_LISTEN ? 0 : weft_atmark(sock);
    case SIOCOUTQNSD:
        return stream ? not_sent(sock) : -ENOTTY;
    default:
        return -ENOTTY;
    }
}
