/* SPDX-License-Identifier: MIT */
/* See ready.h: tcp_poll and datagram_poll of Linux, told from weft's bits and what we know of shutdowns. */
#include "packetdrill/ready.h"

static unsigned ready_listener(unsigned ready)
{
    return (ready & WEFT_READABLE ? READY_IN : 0u) | (ready & WEFT_ERROR ? POLLERR : 0u);
}

/* SO_RCVLOWAT counts here too; urgent data makes it one byte more. */
static bool has_enough(const struct socket *s, unsigned ready)
{
    size_t unread = weft_unread(s->sock);

    if (s->low_water <= 1)
        return ready & WEFT_READABLE && unread > 0;
    return unread >= (size_t)s->low_water;
}

static unsigned ready_stream(const struct socket *s, unsigned ready)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);
    bool over = socket_is_closed(s), was_open = s->progress != UNCONNECTED;
    bool no_read = s->shut_read || ready & WEFT_PEER_CLOSED || (over && was_open);
    bool no_write = s->shut_write || (over && was_open);
    unsigned bits = ready & WEFT_ERROR || s->reports.n ? POLLERR : 0;

    if (over || (no_read && no_write))
        bits |= POLLHUP;
    if (no_read)
        bits |= READY_IN | POLLRDHUP;
    if (state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED)
        return bits | (s->deferred ? READY_OUT : 0u);
    if (has_enough(s, ready))
        bits |= READY_IN;
    if (no_write || ready & WEFT_WRITABLE)
        bits |= READY_OUT;
    return bits | (ready & WEFT_URGENT ? POLLPRI : 0);
}

static unsigned ready_dgram(const struct socket *s, unsigned ready)
{
    return (s->reports.n ? POLLERR : 0u) | (ready & WEFT_READABLE ? READY_IN : 0u) | (ready & WEFT_WRITABLE ? READY_OUT | POLLWRBAND : 0u) |
           (ready & WEFT_ERROR ? POLLERR : 0u) | (ready & WEFT_HANGUP ? POLLHUP : 0u) |
           (ready & WEFT_PEER_CLOSED ? READY_IN | POLLRDHUP : 0u);
}

unsigned ready_socket(struct drill *d, struct desc *desc)
{
    const struct socket *s = (const struct socket *)desc;
    unsigned ready = weft_ready(s->sock);

    (void)d;
    if (!socket_is_stream(s))
        return ready_dgram(s, ready);
    return weft_tcp_state(s->sock) == WEFT_TCP_LISTEN ? ready_listener(ready) : ready_stream(s, ready);
}
