/* SPDX-License-Identifier: MIT */
/* read, readv, recv, recvfrom, recvmsg. */
#include <errno.h>
#include <string.h>

#include "packetdrill/address.h"
#include "packetdrill/calls.h"
#include "packetdrill/control.h"
#include "packetdrill/data.h"
#include "packetdrill/file.h"

struct receive {
    struct call call;
    struct socket *s;
    struct user_iov *u;
    int flags;
    size_t len, enough; /* asked for; what a stream waits for */
    size_t done;
    struct received *out;
};

/* ---- streams ---- */

/* MSG_TRUNC on a stream throws bytes away instead of copying them. */
static int64_t read_once(struct drill *d, struct receive *r)
{
    struct weft_iov away = {d->scratch, r->len - r->done};
    unsigned flags = (unsigned)r->flags & (MSG_OOB | MSG_PEEK);

    if (!(r->flags & MSG_TRUNC))
        return weft_recvmsg(r->s->sock, r->u->iov, r->u->n, flags, NULL, NULL);
    if (away.len > sizeof d->scratch)
        away.len = sizeof d->scratch;
    return weft_recvmsg(r->s->sock, &away, 1, flags, NULL, NULL);
}

/* Nothing more comes, whether in order or not: that is told once what was read is told. */
static bool is_finished(const struct receive *r)
{
    return weft_ready(r->s->sock) & (WEFT_PEER_CLOSED | WEFT_ERROR | WEFT_HANGUP) || r->s->shut_read;
}

/*
 * Does a stream without a connection end rather than fail? For Linux it has ended if connect was not told of its end, and
 * if it was shut, though shutdown said that there was nothing to shut.
 */
static bool ends_here(const struct socket *s)
{
    return s->progress == CONNECTING || (s->shut_read && weft_tcp_state(s->sock) == WEFT_TCP_CLOSED);
}

/* The bytes that wait are a stretch that may be read in one go: until it is empty, or urgent data begins. */
static int64_t read_stretch(struct drill *d, struct receive *r)
{
    bool again = true;
    int64_t n = 0;

    while (again && (r->done == 0 || weft_unread(r->s->sock) > 0)) {
        n = read_once(d, r);
        if (n == WEFT_ENOTCONN && ends_here(r->s))
            n = 0;
        if (n <= 0)
            break;
        r->done += (size_t)n;
        if (!(r->flags & (MSG_PEEK | MSG_TRUNC)))
            user_skip(r->u, (size_t)n);
        again = r->flags & MSG_TRUNC && !(r->flags & MSG_PEEK) && r->done < r->len;
    }
    return n;
}

/* A peek takes nothing, so it waits for all it wants first. With SO_PEEK_OFF it begins further on. */
static int64_t try_peek(struct drill *d, struct call *call)
{
    struct receive *r = (struct receive *)call;
    int *offset = &r->s->own.kept[LINUX_PEEK_OFF];
    size_t before = *offset > 0 ? (size_t)*offset : 0;
    int64_t n;

    if (weft_unread(r->s->sock) < before + r->enough && !call->late && !is_finished(r))
        return CALL_SLEEPS;
    r->done = 0;
    if (*offset < 0) {
        n = read_stretch(d, r);
        return n > 0 ? (int64_t)r->done : n;
    }
    n = linux_peek_at(r->s->sock, r->u->iov, r->u->n, before, is_finished(r));
    if (n > 0)
        *offset += (int)n;
    return n;
}

static int64_t try_stream(struct drill *d, struct call *call)
{
    struct receive *r = (struct receive *)call;
    int64_t n;

    if (r->u->faulty && weft_unread(r->s->sock) > 0)
        return r->done ? (int64_t)r->done : -EFAULT;
    if (r->flags & MSG_PEEK)
        return try_peek(d, call);
    if (r->done && weft_unread(r->s->sock) == 0 && is_finished(r))
        return (int64_t)r->done;
    n = r->done && weft_unread(r->s->sock) == 0 ? WEFT_EAGAIN : read_stretch(d, r);
    if (n > 0 && (r->done >= r->enough || weft_unread(r->s->sock) > 0))
        return (int64_t)r->done;
    if (n > 0 && !is_finished(r))
        n = WEFT_EAGAIN;
    if (n == WEFT_EAGAIN && !call->late)
        return CALL_SLEEPS;
    return r->done ? (int64_t)r->done : n;
}

/* ---- datagrams ---- */

static int64_t try_dgram(struct drill *d, struct call *call)
{
    struct receive *r = (struct receive *)call;
    unsigned flags = (unsigned)r->flags & (MSG_OOB | MSG_PEEK | MSG_TRUNC);
    int64_t n;

    (void)d;
    if (r->u->faulty && weft_ready(r->s->sock) & WEFT_READABLE)
        return -EFAULT;
    n = weft_recvmsg_control(r->s->sock, r->u->iov, r->u->n, flags, &r->out->from, &r->out->flags, &r->out->control);
    r->out->has_from = n >= 0;
    if (n == 0 && call->late && weft_ready(r->s->sock) & WEFT_PEER_CLOSED && linux_is_nobody(&r->out->from))
        return -EAGAIN; /* shut down, and empty: only who waits learns of an end, as on Linux */
    return n == WEFT_EAGAIN && !call->late ? CALL_SLEEPS : n;
}

/* ---- both ---- */

/* Linux's sock_rcvlowat. */
static size_t enough(const struct socket *s, int flags, size_t len)
{
    size_t low = (size_t)s->own.low_water < len ? (size_t)s->own.low_water : len;
    size_t n = flags & MSG_WAITALL ? len : low;

    return n ? n : 1;
}

/* What became of a datagram (IP_RECVERR): as much of it as came back, where it was to go, who found fault with it. */
static int64_t take_fault(struct socket *s, const struct user_iov *u, struct received *out)
{
    unsigned flags = 0;
    int64_t n;

    if (u->faulty)
        return -EFAULT;
    n = weft_recv_report(s->sock, u->iov, u->n, &flags, &out->report);
    out->has_from = n >= 0;
    out->from = out->report.to;
    out->flags = MSG_ERRQUEUE | flags;
    return n;
}

/* What was sent is told of first, and has no bytes of its own. */
static int64_t take_report(struct socket *s, const struct user_iov *u, struct received *out)
{
    if (!s->own.reports.n)
        return take_fault(s, u, out);
    out->notice = NOTICE_SENT;
    out->flags = MSG_ERRQUEUE;
    return 0;
}

int64_t socket_receive(struct drill *d, struct socket *s, struct user_iov *u, int flags, struct received *out)
{
    bool stream = socket_is_stream(s);
    struct receive r = {.call = {.name = "recv", .attempt = stream ? try_stream : try_dgram}, .s = s, .u = u,
                        .flags = flags, .len = u->len, .enough = enough(s, flags, u->len), .out = out};
    bool waits = !s->desc.nonblocking && !(flags & (MSG_DONTWAIT | (stream ? MSG_OOB : 0)));
    int64_t n;

    *out = (struct received){0};
    if (flags & MSG_OOB && s->type == SOCK_RAW)
        return -EOPNOTSUPP; /* which goes before errors; UDP does not look at it */
    if (flags & MSG_ERRQUEUE)
        return take_report(s, u, out);
    if (s->own.path.waits && s->own.kept[LINUX_PATH_MTU]) {
        out->notice = NOTICE_PATH;
        return 0;
    }
    if (flags & MSG_TRUNC && stream)
        u->faulty = false; /* nothing is copied */
    desc_hold(&s->desc);
    n = call_run(d, &r.call, waits ? s->own.read_timeout : 0);
    if (n > 0 && stream && flags & MSG_OOB)
        out->flags |= MSG_OOB;
    if (stream && !(flags & (MSG_PEEK | MSG_OOB)))
        linux_peek_back(&s->own, n);
    if (n >= 0 && !stream)
        linux_stamp_came(&s->own, out->control.arrived);
    desc_drop(d, &s->desc);
    return n;
}

/* ---- the calls ---- */

static int64_t read_desc(struct drill *d, struct desc *desc, struct user_iov *u)
{
    struct received out;

    if (desc->ops == &socket_ops)
        return u->len ? socket_receive(d, (struct socket *)desc, u, 0, &out) : 0;
    return desc->ops == &pipe_ops ? pipe_read(d, desc, u) : -EINVAL;
}

ssize_t drill_read(void *userdata, int fd, void *buf, size_t n)
{
    struct drill *d = drill_enter(userdata);
    struct desc *desc = desc_find(d, fd);
    struct user_iov u;

    if (!desc && file_is_open(fd))
        return drill_leave(d, file_read(fd, buf, n, NULL));
    if (!desc || !desc->readable)
        return drill_leave(d, -EBADF);
    user_buffer(d, &u, buf, n, true);
    return drill_leave(d, read_desc(d, desc, &u));
}

ssize_t drill_readv(void *userdata, int fd, const struct iovec *iov, int n)
{
    struct drill *d = drill_enter(userdata);
    struct desc *desc = desc_find(d, fd);
    struct user_iov u;
    int err = -EBADF;

    if (!desc && file_is_open(fd))
        return drill_leave(d, file_readv(fd, iov, n));
    if (desc && desc->readable)
        err = user_iov(d, &u, iov, (size_t)n, true);
    if (!err && u.len == 0) /* nobody hears of it */
        return drill_leave(d, 0);
    return drill_leave(d, err ? err : read_desc(d, desc, &u));
}

static int64_t receive_from(struct drill *d, int fd, void *buf, size_t n, int flags, struct sockaddr *from,
                            socklen_t *n_from)
{
    struct user_iov u;
    struct received out;
    int err;
    struct socket *s = desc_socket(d, fd, &err);
    int64_t r;

    if (!s)
        return err;
    user_buffer(d, &u, buf, n, true);
    desc_hold(&s->desc);
    r = socket_receive(d, s, &u, flags, &out);
    err = r >= 0 && from ? control_name(d, s, &out, from, n_from) : 0;
    desc_drop(d, &s->desc);
    return err ? err : r;
}

ssize_t drill_recvfrom(void *userdata, int fd, void *buf, size_t n, int flags, struct sockaddr *from,
                       socklen_t *n_from)
{
    struct drill *d = drill_enter(userdata);

    return drill_leave(d, receive_from(d, fd, buf, n, flags, from, n_from));
}

ssize_t drill_recv(void *userdata, int fd, void *buf, size_t n, int flags)
{
    return drill_recvfrom(userdata, fd, buf, n, flags, NULL, NULL);
}

static int64_t receive_message(struct drill *d, int fd, struct msghdr *user, int flags)
{
    struct user_iov u;
    struct received out;
    struct msghdr msg;
    int err;
    struct socket *s = desc_socket(d, fd, &err);
    int64_t n;

    if (!s)
        return err;
    err = control_message(d, &msg, user, &u, true);
    if (err)
        return err;
    desc_hold(&s->desc);
    n = socket_receive(d, s, &u, flags, &out);
    if (n >= 0)
        err = control_give(d, s, &msg, user, &out, n, flags);
    desc_drop(d, &s->desc);
    return err ? err : n;
}

ssize_t drill_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags)
{
    struct drill *d = drill_enter(userdata);

    return drill_leave(d, receive_message(d, fd, msg, flags));
}
