/* SPDX-License-Identifier: MIT */
/*
 * connect. Linux keeps two states of a stream: the protocol's, and what the last connect said. So the end of a
 * handshake that connect did not wait for is learnt by a second connect, which gives 0, and only the third EISCONN.
 */
#include <errno.h>

#include "packetdrill/address.h"
#include "packetdrill/calls.h"

struct connect {
    struct call call;
    struct socket *s;
    bool first; /* this call has sent the SYN */
};

bool socket_is_opening(struct socket *s, int *err)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);

    *err = 0;
    if (state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED)
        return true;
    s->progress = socket_is_closed(s) ? UNCONNECTED : CONNECTED;
    if (s->progress == UNCONNECTED) {
        *err = weft_error(s->sock);
        *err = *err ? *err : -ECONNABORTED;
    }
    return false;
}

/* How far is the handshake? */
static int64_t try_connect(struct drill *d, struct call *call)
{
    struct connect *c = (struct connect *)call;
    int err;

    (void)d;
    if (!socket_is_opening(c->s, &err))
        return err;
    if (!call->late)
        return CALL_SLEEPS;
    return c->first ? -EINPROGRESS : -EALREADY;
}

int socket_disconnect(struct socket *s)
{
    int err = weft_disconnect(s->sock);

    if (!err) {
        s->progress = UNCONNECTED;
        s->deferred = false;
        linux_reports_reset(&s->own.reports);
        s->shut_read = s->shut_write = false;
    }
    return err;
}

static int begin(struct socket *s, const struct address *a)
{
    struct weft_addr peer;
    int err;

    if (weft_tcp_state(s->sock) != WEFT_TCP_CLOSED)
        return -EISCONN;
    err = address_read(a, s->domain, &peer);
    if (!err)
        err = weft_connect(s->sock, &peer);
    if (err && err != WEFT_EINPROGRESS)
        return err;
    s->deferred = err == 0; /* and no SYN has been sent */
    s->progress = CONNECTING;
    linux_reports_reset(&s->own.reports);
    s->shut_read = s->shut_write = false;
    return 0;
}

static int64_t connect_stream(struct drill *d, struct socket *s, const struct address *a)
{
    struct connect c = {.call = {.name = "connect", .attempt = try_connect}, .s = s};
    int64_t r;
    int err;

    if (address_family(a) < 0)
        return -EINVAL;
    if (address_family(a) == AF_UNSPEC)
        return socket_disconnect(s);
    if (s->progress == CONNECTED || s->deferred)
        return -EISCONN;
    if (s->progress == UNCONNECTED) {
        err = begin(s, a);
        if (err)
            return err;
        c.first = true;
    }
    if (s->deferred)
        return 0;
    desc_hold(&s->desc);
    r = call_run(d, &c.call, s->desc.nonblocking ? 0 : s->own.write_timeout);
    desc_drop(d, &s->desc);
    return r;
}

/* A datagram socket's connect fixes the peer, or dissolves it. */
static int64_t connect_dgram(struct drill *d, struct socket *s, const struct address *a)
{
    struct timespec day;
    const struct linux_sock of = socket_linux(d, s, &day);
    struct weft_addr peer;
    int err;

    if (address_family(a) < 0)
        return -EINVAL;
    err = linux_read_peer(&of, (const struct sockaddr *)&a->bytes, a->n, &peer);
    if (!err)
        err = weft_connect(s->sock, &peer);
    if (!err)
        s->own.flow = linux_flow_label(&s->own, (const struct sockaddr *)&a->bytes, a->n);
    return err == WEFT_EADDRINUSE ? -EAGAIN : err; /* no port is free: as Linux puts it */
}

static int64_t connect_socket(struct drill *d, int fd, const struct sockaddr *addr, socklen_t n)
{
    struct address a;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (s)
        err = address_copy(d, &a, addr, n);
    if (err)
        return err;
    return socket_is_stream(s) ? connect_stream(d, s, &a) : connect_dgram(d, s, &a);
}

int drill_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, connect_socket(d, fd, addr, n));
}
