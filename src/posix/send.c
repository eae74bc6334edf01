/* SPDX-License-Identifier: MIT */
/* write, writev, send, sendto, sendmsg. */
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "posix/posix.h"

/* What the engine understands; the others ask for nothing that it would do otherwise. */
#define SEND_FLAGS (MSG_OOB | MSG_MORE | MSG_EOR)

/* ---- streams ---- */

/* Linux tells one who writes to no connection that the pipe is broken, too. */
static int64_t stream_error(int64_t r)
{
    return r == WEFT_ENOTCONN ? WEFT_EPIPE : r;
}

/*
 * MSG_FASTOPEN: connects, as many bytes with the SYN as may go. How many; negative: why not. Again it is a second
 * connect.
 */
static int64_t open_early(struct px_call *c, struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to,
                          weft_time until)
{
    int64_t sent;
    int err;

    if (c->s->progress != PX_UNCONNECTED)
        return c->s->progress == PX_CONNECTED ? -EISCONN : px_await_opening(c, until, false);
    sent = weft_sendmsg(px_engine(c->s), iov, n, (unsigned)flags & (SEND_FLAGS | MSG_FASTOPEN), to);
    if (sent < 0 && sent != WEFT_EINPROGRESS)
        return stream_error(sent);
    c->s->progress = PX_CONNECTING;
    px_told_forget(c->s);
    err = until ? px_await_opening(c, until, true) : sent < 0 ? (int)sent : 0;
    return err ? err : sent > 0 ? sent : 0;
}

static int64_t send_stream(struct px_call *c, struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to)
{
    weft_time until = px_until(c, c->s->own.write_timeout, flags);
    unsigned over = WEFT_ERROR | WEFT_HANGUP;
    size_t done = 0;
    int64_t r = flags & MSG_FASTOPEN ? open_early(c, iov, n, flags, to, until) : 0;

    while (r >= 0) {
        done += (size_t)r;
        px_iov_skip(&iov, &n, (size_t)r);
        if (done && (n == 0 || (!until && r == 0)))
            return (int64_t)done;
        if (done && weft_ready(px_engine(c->s)) & over)
            return (int64_t)done;
        r = weft_sendmsg(px_engine(c->s), iov, n, (unsigned)flags & SEND_FLAGS, NULL);
        if (r == 0 && px_iov_len(iov, n) == 0)
            return (int64_t)done;
        if (r != 0 && r != WEFT_EAGAIN)
            continue;
        do {
            r = px_wait(c, WEFT_WRITABLE, until);
        } while (r == 0 && !(weft_ready(px_engine(c->s)) & (WEFT_WRITABLE | over)));
    }
    return done ? (int64_t)done : stream_error(r);
}

static int64_t send_dgram(struct px_call *c, const struct weft_iov *iov, size_t n, int flags,
                          const struct weft_addr *to, const struct weft_control *control)
{
    weft_time until = px_until(c, c->s->own.write_timeout, flags);
    struct linux_sock s;
    int64_t r;

    while ((r = weft_sendmsg_control(px_engine(c->s), iov, n, (unsigned)flags & SEND_FLAGS, to, control)) ==
           WEFT_EAGAIN) {
        r = px_wait(c, WEFT_WRITABLE, until);
        if (r)
            return r;
    }
    s = px_linux(c->s);
    if (r == WEFT_EMSGSIZE && c->s->domain == AF_INET6)
        linux_path_too_small(&s, &c->s->own, to);
    return r == WEFT_EADDRINUSE ? -EAGAIN : r; /* no port is free to send from: as Linux puts it */
}

/* ---- datagrams that grow (linux/cork.c) ---- */

int64_t px_cork_push(struct px_call *c, int flags)
{
    struct linux_cork *cork = c->s->own.cork;
    const struct weft_control *control;
    const struct weft_addr *to;
    struct weft_iov iov;
    int64_t r;

    if (!cork)
        return 0;
    c->s->own.cork = NULL; /* whoever sends while this one waits begins another */
    iov = linux_cork_whole(cork, &to, &control);
    r = send_dgram(c, &iov, 1, flags & ~MSG_MORE, to, control);
    if (r >= 0)
        px_sent(c->s, (size_t)r, 0, (unsigned)c->s->own.kept[LINUX_STAMPING]);
    linux_cork_free(cork);
    return r;
}

static int64_t send_corked(struct px_call *c, const struct weft_iov *iov, size_t n, int flags,
                           const struct weft_addr *to, const struct weft_control *control)
{
    const struct linux_sock s = px_linux(c->s);
    size_t len = px_iov_len(iov, n);
    int64_t r = linux_cork_add(&s, &c->s->own.cork, iov, n, to, control);

    if (r == 0 && !(flags & MSG_MORE || c->s->own.kept[LINUX_CORK]))
        r = px_cork_push(c, flags);
    return r < 0 ? r : (int64_t)len;
}

int64_t px_send(struct px_call *c, struct weft_iov *iov, size_t n, int flags, const struct weft_addr *to,
                const struct weft_control *control, unsigned stamps)
{
    const struct linux_sock s = px_linux(c->s);
    bool stream = px_is_stream(c->s), corked = linux_is_corked(&s, &c->s->own, flags);
    int64_t r;

    if (px_iov_len(iov, n) && !linux_reports_have_room(&c->s->own, flags))
        return -ENOBUFS;
    if (stream)
        r = send_stream(c, iov, n, flags, to);
    else if (corked)
        r = send_corked(c, iov, n, flags, to, control);
    else
        r = send_dgram(c, iov, n, flags, to, control);
    if (r >= 0)
        px_sent(c->s, (size_t)r, flags, corked ? 0 : stamps);
    return r;
}

/* ---- the calls ---- */

/* Where does it go? Streams look at that with MSG_FASTOPEN only. */
static int take_destination(const struct px_sock *s, const struct sockaddr *addr, socklen_t n, int flags,
                            struct weft_addr *out, const struct weft_addr **to)
{
    int family = px_family(addr, n), domain = s->domain, err;

    *to = NULL;
    if (addr && n > sizeof(struct sockaddr_storage))
        return -EINVAL;
    if (flags & MSG_OOB && !px_is_stream(s)) /* whatever else is wrong */
        return -EOPNOTSUPP;
    if (!addr || (px_is_stream(s) && !(flags & MSG_FASTOPEN)))
        return 0;
    if (domain == AF_INET6 && family == AF_INET)
        domain = AF_INET;
    else if (domain == AF_INET6 && family == AF_UNSPEC && !px_is_stream(s))
        return 0;
    *to = out;
    if (domain == AF_INET && family == AF_UNSPEC && n >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;

        memcpy(&in, addr, sizeof in);
        in.sin_family = AF_INET;
        return linux_read_addr((struct sockaddr *)&in, sizeof in, AF_INET, out);
    }
    err = linux_read_addr(addr, n, domain, out);
    return err == -EAFNOSUPPORT && domain == AF_INET6 && !px_is_stream(s) ? -EINVAL : err; /* as Linux puts it */
}

/* A broken pipe is told by a signal as well; it must not come under the lock. */
static ssize_t finish(struct px_call *c, int64_t r, int flags)
{
    bool tell = r == -EPIPE && c->s && px_is_stream(c->s) && !(flags & MSG_NOSIGNAL);

    px_end(c, 0);
    if (tell)
        raise(SIGPIPE);
    return (ssize_t)px_result(r);
}

static int take_control(const struct px_call *c, const struct msghdr *msg, const struct weft_addr *to,
                        struct weft_control *out, unsigned *stamps)
{
    const struct linux_sock s = px_linux(c->s);

    *out = (struct weft_control){0};
    if (msg->msg_controllen && !msg->msg_control)
        return -EFAULT;
    if (px_is_stream(c->s) && px_is_closed(c->s)) /* no connection: that goes before what is wrong with these */
        return 0;
    return linux_take_control(&s, msg, to, out, stamps);
}

/* Linux cuts a name that is too long, and takes one of no bytes for none. */
static int take_name(const struct msghdr *msg, struct msghdr *name)
{
    *name = *msg;
    if ((int)msg->msg_namelen < 0)
        return -EINVAL;
    if (msg->msg_namelen > sizeof(struct sockaddr_storage))
        name->msg_namelen = sizeof(struct sockaddr_storage);
    if (!msg->msg_namelen)
        name->msg_name = NULL;
    return 0;
}

ssize_t weft_posix_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    struct weft_iov own[PX_IOV], *iov = NULL;
    const struct weft_addr *to = NULL;
    struct weft_control control;
    struct msghdr named;
    struct weft_addr addr;
    struct px_call c;
    int64_t n;
    int err = px_begin(&c, fd);
    unsigned stamps = 0;

    if (!c.s && err == -EBADF)
        return sendmsg(fd, msg, flags);
    if (err == 0)
        stamps = (unsigned)c.s->own.kept[LINUX_STAMPING];
    if (err == 0)
        err = flags & PX_COMPAT ? -EINVAL : take_name(msg, &named);
    if (err == 0)
        iov = px_iov_take(msg->msg_iov, msg->msg_iovlen, own, &err);
    if (err == 0)
        err = take_destination(c.s, named.msg_name, named.msg_namelen, flags, &addr, &to);
    if (err == 0)
        err = take_control(&c, msg, to, &control, &stamps);
    if (err == 0 && !px_is_stream(c.s))
        linux_add_control(&c.s->own, named.msg_name, named.msg_namelen, flags, &control);
    if (to)
        linux_here(&addr);
    n = err ? err : px_send(&c, iov, msg->msg_iovlen, flags, to, control.has ? &control : NULL, stamps);
    if (iov && iov != own)
        free(iov);
    return finish(&c, n, flags);
}

ssize_t weft_posix_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t n_to)
{
    struct weft_iov iov = {(void *)(uintptr_t)buf, n}; /* only read through */
    const struct weft_addr *dst = NULL;
    struct weft_control control = {0};
    struct weft_addr addr;
    struct px_call c;
    int64_t r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return sendto(fd, buf, n, flags, to, n_to);
    if (r == 0)
        r = take_destination(c.s, to, n_to, flags, &addr, &dst);
    if (r == 0 && !px_is_stream(c.s))
        linux_add_control(&c.s->own, to, n_to, flags, &control);
    if (dst)
        linux_here(&addr);
    if (r == 0)
        r = px_send(&c, &iov, 1, flags, dst, control.has ? &control : NULL, (unsigned)c.s->own.kept[LINUX_STAMPING]);
    return finish(&c, r, flags);
}

ssize_t weft_posix_send(int fd, const void *buf, size_t n, int flags)
{
    return weft_posix_sendto(fd, buf, n, flags, NULL, 0);
}

ssize_t weft_posix_write(int fd, const void *buf, size_t n)
{
    return px_is_ours(fd) ? weft_posix_send(fd, buf, n, 0) : write(fd, buf, n);
}

ssize_t weft_posix_writev(int fd, const struct iovec *iov, int n)
{
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n}; /* only read through */

    if (!px_is_ours(fd))
        return writev(fd, iov, n);
    if (n < 0 || n > IOV_MAX)
        return (ssize_t)px_result(-EINVAL);
    return linux_is_nothing(iov, (size_t)n) ? 0 : weft_posix_sendmsg(fd, &msg, 0);
}
