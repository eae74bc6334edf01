/* SPDX-License-Identifier: MIT */
/*
 * connect. Linux keeps two states of a stream: the protocol's, and what the last connect said. So the end of a
 * handshake that connect did not wait for is learnt by a second connect, which gives 0, and only the third EISCONN.
 */
#include <netinet/in.h>

#include "posix/posix.h"

int px_disconnect(struct px_sock *s)
{
    int err = weft_disconnect(px_engine(s));

    if (!err) {
        s->progress = PX_UNCONNECTED;
        s->shut_read = s->shut_write = false;
        px_told_forget(s);
    }
    return err;
}

/* How did the handshake end? */
static int learn(struct px_sock *s)
{
    int err = 0;

    s->progress = px_is_closed(s) ? PX_UNCONNECTED : PX_CONNECTED;
    if (s->progress == PX_UNCONNECTED) {
        err = weft_error(px_engine(s));
        err = err ? err : -ECONNABORTED;
    }
    return err;
}

int px_await_opening(struct px_call *c, weft_time until, bool first)
{
    enum weft_tcp_state state;
    int r;

    for (;;) {
        state = weft_tcp_state(px_engine(c->s));
        if (state != WEFT_TCP_SYN_SENT && state != WEFT_TCP_SYN_RECEIVED)
            return learn(c->s);
        r = px_wait(c, WEFT_WRITABLE, until);
        if (r == -EAGAIN)
            return first ? -EINPROGRESS : -EALREADY;
        if (r)
            return r;
    }
}

static int begin(struct px_sock *s, const struct sockaddr *addr, socklen_t n)
{
    struct weft_addr peer;
    int err;

    if (weft_tcp_state(px_engine(s)) != WEFT_TCP_CLOSED)
        return -EISCONN;
    err = linux_read_addr(addr, n, s->domain, &peer);
    if (!err)
        err = weft_connect(px_engine(s), &peer);
    if (err && err != WEFT_EINPROGRESS)
        return err;
    s->progress = err ? PX_CONNECTING : PX_CONNECTED; /* 0: the SYN waits for the first write (TCP_FASTOPEN_CONNECT) */
    px_told_forget(s);
    s->shut_read = s->shut_write = false;
    return 0;
}

static int connect_stream(struct px_call *c, const struct sockaddr *addr, socklen_t n)
{
    bool first = c->s->progress == PX_UNCONNECTED;
    int err;

    if (px_family(addr, n) < 0)
        return -EINVAL;
    if (px_family(addr, n) == AF_UNSPEC)
        return px_disconnect(c->s);
    if (c->s->progress == PX_CONNECTED)
        return -EISCONN;
    if (first) {
        err = begin(c->s, addr, n);
        if (err || c->s->progress == PX_CONNECTED)
            return err;
    }
    return px_await_opening(c, px_until(c, c->s->own.write_timeout, 0), first);
}

/* A datagram socket's connect fixes the peer, or dissolves it. */
static int connect_dgram(struct px_sock *s, const struct sockaddr *addr, socklen_t n)
{
    const struct linux_sock of = px_linux(s);
    struct weft_addr peer;
    int err;

    if (px_family(addr, n) < 0)
        return -EINVAL;
    err = linux_read_peer(&of, addr, n, &peer);
    if (!err)
        err = weft_connect(px_engine(s), &peer);
    if (!err)
        s->own.flow = linux_flow_label(&s->own, addr, n);
    return err == WEFT_EADDRINUSE ? -EAGAIN : err; /* no port is free: as Linux puts it */
}

int weft_posix_connect(int fd, const struct sockaddr *addr, socklen_t n)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return connect(fd, addr, n);
    if (r == 0 && n > sizeof(struct sockaddr_storage))
        r = -EINVAL;
    if (r == 0)
        r = px_is_stream(c.s) ? connect_stream(&c, addr, n) : connect_dgram(c.s, addr, n);
    return (int)px_result(px_end(&c, r));
}
