/* SPDX-License-Identifier: MIT */
/* read, readv, recv, recvfrom, recvmsg. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "posix/posix.h"

/* ---- the caller's pieces ---- */

size_t px_iov_len(const struct weft_iov *iov, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += iov[i].len;
    return len;
}

void px_iov_skip(struct weft_iov **iov, size_t *n, size_t bytes)
{
    while (*n && bytes >= (*iov)->len) {
        bytes -= (*iov)->len;
        (*iov)++, (*n)--;
    }
    if (*n) {
        (*iov)->base = (char *)(*iov)->base + bytes;
        (*iov)->len -= bytes;
    }
}

struct weft_iov *px_iov_take(const struct iovec *iov, size_t n, struct weft_iov own[PX_IOV], int *err)
{
    struct weft_iov *to = own;

    *err = n > IOV_MAX ? -EMSGSIZE : n && !iov ? -EFAULT : 0;
    if (!*err && n > PX_IOV) {
        to = malloc(n * sizeof *to);
        *err = to ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !*err && i < n; i++) {
        if ((ssize_t)iov[i].iov_len < 0)
            *err = -EINVAL;
        to[i] = (struct weft_iov){iov[i].iov_base, iov[i].iov_len};
    }
    if (!*err)
        return to;
    if (to != own)
        free(to);
    return NULL;
}

/* ---- streams ---- */

struct stream {
    struct weft_iov *iov;
    size_t n, enough, done;
    unsigned flags; /* enum weft_msg */
    bool away;      /* MSG_TRUNC: bytes are thrown away */
};

/* Nothing more comes, whether in order or not: that is told once what was read is told. */
static bool is_finished(const struct px_sock *s)
{
    return weft_ready(px_engine(s)) & (WEFT_PEER_CLOSED | WEFT_ERROR | WEFT_HANGUP) || s->shut_read;
}

static int64_t take_away(weft_sock *sock, size_t left, unsigned flags)
{
    char scratch[4096];

    return weft_recv(sock, scratch, left < sizeof scratch ? left : sizeof scratch, flags);
}

/* Takes what waits in one go: until it is empty, or urgent data begins. */
static int64_t take_stretch(struct px_sock *s, struct stream *r)
{
    int64_t n = 0;

    do {
        n = r->away ? take_away(px_engine(s), px_iov_len(r->iov, r->n), r->flags)
                    : weft_recvmsg(px_engine(s), r->iov, r->n, r->flags, NULL, NULL);
        if (n <= 0)
            return n;
        r->done += (size_t)n;
        px_iov_skip(&r->iov, &r->n, (size_t)n);
    } while (r->away && r->n && weft_unread(px_engine(s)) > 0 && !(r->flags & WEFT_MSG_PEEK));
    return n;
}

/* A peek takes nothing, so it waits for all it wants first. */
static int await_peek(struct px_call *c, size_t enough, weft_time until)
{
    int err;

    while (weft_unread(px_engine(c->s)) < enough && !is_finished(c->s)) {
        err = px_wait(c, WEFT_READABLE | WEFT_PEER_CLOSED, until);
        if (err == -EAGAIN || (err == -EINTR && weft_unread(px_engine(c->s)) > 0))
            break;
        if (err)
            return err;
    }
    return 0;
}

/* With SO_PEEK_OFF it begins further on. */
static int64_t peek_stream(struct px_call *c, struct stream *r, weft_time until)
{
    int *offset = &c->s->own.kept[LINUX_PEEK_OFF];
    int64_t n = await_peek(c, r->enough + (*offset > 0 ? (size_t)*offset : 0), until);

    if (n)
        return n;
    if (*offset < 0) {
        n = take_stretch(c->s, r);
        return n > 0 ? (int64_t)r->done : n;
    }
    n = linux_peek_at(px_engine(c->s), r->iov, r->n, (size_t)*offset, is_finished(c->s));
    if (n > 0)
        *offset += (int)n;
    return n;
}

static int64_t receive_stream(struct px_call *c, struct stream *r, weft_time until)
{
    weft_sock *sock;
    int64_t n;

    if (r->flags & WEFT_MSG_PEEK)
        return peek_stream(c, r, until);
    for (;;) {
        sock = px_engine(c->s);
        if (r->done && weft_unread(sock) == 0 && is_finished(c->s))
            return (int64_t)r->done;
        n = r->done && weft_unread(sock) == 0 ? WEFT_EAGAIN : take_stretch(c->s, r);
        if (n > 0 && (r->done >= r->enough || weft_unread(sock) > 0))
            return (int64_t)r->done;
        if (n > 0)
            continue;
        if (n == WEFT_EAGAIN)
            n = px_wait(c, WEFT_READABLE | WEFT_PEER_CLOSED, until);
        else if (n == 0)
            return (int64_t)r->done;
        if (n)
            return r->done ? (int64_t)r->done : n;
    }
}

/* ---- both ---- */

/* Linux's sock_rcvlowat. */
static size_t enough(const struct px_sock *s, int flags, size_t len)
{
    size_t low = (size_t)s->own.low_water < len ? (size_t)s->own.low_water : len;
    size_t n = flags & MSG_WAITALL ? len : low;

    return n ? n : 1;
}

static int64_t receive_dgram(struct px_call *c, const struct weft_iov *iov, size_t n, unsigned flags, weft_time until,
                             struct px_received *out)
{
    int64_t got;

    while ((got = weft_recvmsg_control(px_engine(c->s), iov, n, flags, &out->from, &out->flags, &out->control)) ==
           WEFT_EAGAIN) {
        got = px_wait(c, WEFT_READABLE, until);
        if (got)
            return got;
    }
    if (got == 0 && !until && weft_ready(px_engine(c->s)) & WEFT_PEER_CLOSED && linux_is_nobody(&out->from))
        return -EAGAIN; /* shut down, and empty: only who waits learns of an end, as on Linux */
    if (got >= 0)
        linux_stamp_came(&c->s->own, out->control.arrived);
    return got;
}

/* The error queue is never waited for; a report says where its datagram was to go, not where it came from. */
static int64_t receive_report(struct px_call *c, const struct weft_iov *iov, size_t n, struct px_received *out)
{
    int64_t got;

    out->notice = px_told_waits(c->s) ? PX_NOTICE_SENT : PX_NOTICE_NONE;
    got = out->notice ? 0 : weft_recv_report(px_engine(c->s), iov, n, &out->flags, &out->report);
    out->from = out->report.to;
    out->flags |= MSG_ERRQUEUE;
    return got;
}

int64_t px_receive(struct px_call *c, struct weft_iov *iov, size_t n, int flags, struct px_received *out)
{
    unsigned pass = (unsigned)flags & (MSG_OOB | MSG_PEEK);
    weft_time until = px_until(c, c->s->own.read_timeout, flags | (flags & MSG_OOB ? MSG_DONTWAIT : 0));
    struct stream r = {.iov = iov, .n = n, .enough = enough(c->s, flags, px_iov_len(iov, n)), .flags = pass,
                       .away = flags & MSG_TRUNC};
    int64_t got;

    out->flags = 0;
    if (flags & MSG_OOB && c->s->type == SOCK_RAW)
        return -EOPNOTSUPP; /* which goes before errors; UDP does not look at it */
    if (!(flags & MSG_ERRQUEUE) && c->s->own.path.waits && c->s->own.kept[LINUX_PATH_MTU]) {
        out->notice = PX_NOTICE_PATH;
        return 0;
    }
    if (flags & MSG_ERRQUEUE)
        return receive_report(c, iov, n, out);
    if (!px_is_stream(c->s))
        return receive_dgram(c, iov, n, pass | ((unsigned)flags & MSG_TRUNC), px_until(c, c->s->own.read_timeout, flags),
                             out);
    got = receive_stream(c, &r, until);
    if (got == WEFT_ENOTCONN && c->s->progress == PX_CONNECTING)
        got = 0; /* connect was not told of its end yet; for Linux the stream has ended */
    if (!(flags & (MSG_PEEK | MSG_OOB)))
        linux_peek_back(&c->s->own, got);
    if (got > 0 && flags & MSG_OOB)
        out->flags = MSG_OOB;
    return got;
}

/* ---- the calls ---- */

/* 0, or why the address could not be given. */
static int give_rest(const struct px_call *c, const struct px_received *in, int flags, struct msghdr *msg, bool any)
{
    const struct linux_sock s = px_linux(c->s);
    int err = 0;

    msg->msg_flags = (int)in->flags | (flags & MSG_CMSG_CLOEXEC);
    if (in->notice) {
        msg->msg_namelen = 0;
        if (in->notice == PX_NOTICE_PATH)
            linux_give_path(&c->s->own, msg);
        else
            linux_reports_give(&s, &c->s->own, msg);
        return 0;
    }
    if (px_is_stream(c->s) && !(flags & MSG_ERRQUEUE))
        msg->msg_namelen = 0;
    else
        err = px_give_addr(&in->from, c->s->domain, msg->msg_name, &msg->msg_namelen);
    if (!err && flags & MSG_ERRQUEUE)
        linux_give_report(&s, &in->report, msg);
    else if (!err)
        linux_give_control(&s, &in->control, msg, any);
    return err;
}

ssize_t weft_posix_recvmsg(int fd, struct msghdr *msg, int flags)
{
    struct weft_iov own[PX_IOV], *iov = NULL;
    struct px_received in = {0};
    struct px_call c;
    int64_t n;
    int err = px_begin(&c, fd);

    if (!c.s && err == -EBADF)
        return recvmsg(fd, msg, flags);
    if (err == 0 && ((int)msg->msg_namelen < 0 || flags & PX_COMPAT))
        err = -EINVAL;
    if (err == 0)
        iov = px_iov_take(msg->msg_iov, msg->msg_iovlen, own, &err);
    n = err ? err : px_receive(&c, iov, msg->msg_iovlen, flags, &in);
    if (n >= 0) {
        err = give_rest(&c, &in, flags, msg, n > 0);
        n = err ? err : n;
    }
    if (iov && iov != own)
        free(iov);
    return (ssize_t)px_result(px_end(&c, n));
}

ssize_t weft_posix_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *n_from)
{
    struct weft_iov iov = {buf, n};
    struct px_received in = {0};
    struct px_call c;
    int64_t r = px_begin(&c, fd);
    int err;

    if (!c.s && r == -EBADF)
        return recvfrom(fd, buf, n, flags, from, n_from);
    r = r ? r : px_receive(&c, &iov, 1, flags, &in);
    if (r >= 0 && from) {
        err = 0;
        if (n_from && (in.notice || (px_is_stream(c.s) && !(flags & MSG_ERRQUEUE))))
            *n_from = 0;
        else
            err = px_give_addr(&in.from, c.s->domain, from, n_from);
        r = err ? err : r;
    }
    return (ssize_t)px_result(px_end(&c, r));
}

ssize_t weft_posix_recv(int fd, void *buf, size_t n, int flags)
{
    return weft_posix_recvfrom(fd, buf, n, flags, NULL, NULL);
}

ssize_t weft_posix_read(int fd, void *buf, size_t n)
{
    if (!px_is_ours(fd) || n == 0)
        return n || !px_is_ours(fd) ? read(fd, buf, n) : 0;
    return weft_posix_recv(fd, buf, n, 0);
}

ssize_t weft_posix_readv(int fd, const struct iovec *iov, int n)
{
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n}; /* only read through */

    if (!px_is_ours(fd))
        return readv(fd, iov, n);
    if (n < 0 || n > IOV_MAX)
        return (ssize_t)px_result(-EINVAL);
    return linux_is_nothing(iov, (size_t)n) ? 0 : weft_posix_recvmsg(fd, &msg, 0);
}
