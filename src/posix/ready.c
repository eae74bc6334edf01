/* SPDX-License-Identifier: MIT */
/* Readiness as poll(2) spells it: Linux's tcp_poll and datagram_poll, told from weft's bits and our own shutdowns. */
#include "posix/posix.h"

#define READY_IN  (POLLIN | POLLRDNORM)
#define READY_OUT (POLLOUT | POLLWRNORM)

/* SO_RCVLOWAT counts here too. */
static bool has_enough(const struct px_sock *s, unsigned ready)
{
    size_t unread = weft_unread(px_engine(s));

    return s->low_water <= 1 ? ready & WEFT_READABLE && unread > 0 : unread >= (size_t)s->low_water;
}

static unsigned ready_stream(const struct px_sock *s, unsigned ready)
{
    enum weft_tcp_state state = weft_tcp_state(px_engine(s));
    bool over = px_is_closed(s), was_open = s->progress != PX_UNCONNECTED;
    bool no_read = s->shut_read || ready & WEFT_PEER_CLOSED || (over && was_open);
    bool no_write = s->shut_write || (over && was_open);
    unsigned bits = ready & WEFT_ERROR ? POLLERR : 0;

    if (over || (no_read && no_write))
        bits |= POLLHUP;
    if (no_read)
        bits |= READY_IN | POLLRDHUP;
    if (state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED)
        return bits;
    if (has_enough(s, ready))
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

static unsigned ready_by_protocol(const struct px_sock *s)
{
    unsigned ready = weft_ready(px_engine(s));

    if (!px_is_stream(s))
        return ready_dgram(ready);
    if (weft_tcp_state(px_engine(s)) == WEFT_TCP_LISTEN)
        return weft_unread(px_engine(s)) ? READY_IN : 0u; /* an error of its former life waits for SO_ERROR */
    return ready_stream(s, ready);
}

unsigned px_ready(const struct px_sock *s)
{
    if (s->host->down || !px_engine(s))
        return POLLERR | POLLHUP;
    return ready_by_protocol(s) | (px_zerocopy_waits(s) || px_stamp_waits(s) ? POLLERR : 0u);
}

unsigned px_wants(unsigned bits)
{
    return WEFT_ERROR | WEFT_HANGUP | (bits & READY_IN ? WEFT_READABLE | WEFT_PEER_CLOSED : 0u) |
           (bits & READY_OUT ? WEFT_WRITABLE : 0u) | (bits & POLLPRI ? WEFT_URGENT : 0u) |
           (bits & POLLRDHUP ? WEFT_PEER_CLOSED : 0u);
}
