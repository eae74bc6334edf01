/* SPDX-License-Identifier: MIT */
/* write, writev, send, sendto, sendmsg. */
#include <errno.h>
#include <netinet/in.h>

#include "packetdrill/address.h"
#include "packetdrill/calls.h"
#include "packetdrill/control.h"
#include "packetdrill/data.h"
#include "packetdrill/file.h"

struct send {
    struct call call;
    struct socket *s;
    struct user_iov *u;
    int flags;
    size_t done;
    const struct weft_addr *to;
    const struct weft_control *control; /* of a datagram; NULL: none */
    bool opens, opening; /* connects first (RFC 7413); the handshake is on its way */
};

/* What the engine understands; the others ask for nothing that it would do otherwise. */
#define SEND_FLAGS (MSG_OOB | MSG_MORE | MSG_EOR)

/* ---- streams ---- */

/* Linux tells one who writes to no connection that the pipe is broken, too. */
static int64_t stream_error(int64_t r)
{
    return r == WEFT_ENOTCONN ? WEFT_EPIPE : r;
}

/* Bytes that must not be touched: what would have been said before they were? */
static int64_t refuse_fault(struct socket *s)
{
    int64_t r = weft_send(s->sock, "", 0, 0);

    return r < 0 ? stream_error(r) : -EFAULT;
}

static int64_t took(struct send *w, int64_t n)
{
    if (n > 0) {
        w->done += (size_t)n;
        user_skip(w->u, (size_t)n);
    }
    return n;
}

/* To open what was opened before is a second connect: it gives what became of the first, and nothing when that went well. */
static int opened_before(struct send *w)
{
    int err;

    if (w->s->progress == CONNECTED)
        return -EISCONN;
    return socket_is_opening(w->s, &err) ? -EALREADY : err;
}

/* The bytes go with the SYN as far as they may. Whoever waits, waits for the handshake in any case, as on Linux. */
static int64_t open_early(struct send *w)
{
    int64_t n;

    w->opens = false;
    n = took(w, weft_sendmsg(w->s->sock, w->u->iov, w->u->n, (unsigned)w->flags & (SEND_FLAGS | MSG_FASTOPEN), w->to));
    if (n < 0 && n != WEFT_EINPROGRESS)
        return stream_error(n);
    if (!w->s->deferred)
        linux_reports_reset(&w->s->own.reports);
    w->s->deferred = false;
    w->s->progress = CONNECTING;
    w->opening = true;
    return w->call.late ? n : CALL_SLEEPS;
}

/* CALL_SLEEPS while it is under way; 0: it went well, and more may be sent. */
static int64_t await_opening(struct send *w)
{
    int err;

    if (socket_is_opening(w->s, &err)) {
        if (!w->call.late)
            return CALL_SLEEPS;
        return w->done ? (int64_t)w->done : -EINPROGRESS;
    }
    w->opening = false;
    return err && w->done ? (int64_t)w->done : err;
}

static int64_t try_stream(struct drill *d, struct call *call)
{
    struct send *w = (struct send *)call;
    unsigned over = WEFT_ERROR | WEFT_HANGUP;
    int64_t n;

    (void)d;
    if (w->u->faulty)
        return refuse_fault(w->s);
    if (w->opens && (w->s->deferred || w->s->progress == UNCONNECTED))
        return open_early(w);
    if (w->opens) {
        n = opened_before(w);
        if (n)
            return n;
        w->opens = false;
    }
    if (w->opening) {
        n = await_opening(w);
        if (n || w->u->len == 0)
            return n ? n : (int64_t)w->done;
    }
    if (call->retried && !call->late && !(weft_ready(w->s->sock) & (WEFT_WRITABLE | over)))
        return CALL_SLEEPS;
    if (w->done && weft_ready(w->s->sock) & over)
        return (int64_t)w->done;
    n = took(w, weft_sendmsg(w->s->sock, w->u->iov, w->u->n, (unsigned)w->flags & SEND_FLAGS, NULL));
    if (n >= 0 && w->u->len == 0)
        return (int64_t)w->done;
    if ((n >= 0 || n == WEFT_EAGAIN) && !call->late)
        return CALL_SLEEPS;
    return w->done ? (int64_t)w->done : stream_error(n);
}

/* ---- datagrams ---- */

static int64_t try_dgram(struct drill *d, struct call *call)
{
    struct send *w = (struct send *)call;
    int64_t n;

    if (w->u->faulty)
        return -EFAULT;
    n = weft_sendmsg_control(w->s->sock, w->u->iov, w->u->n, (unsigned)w->flags & SEND_FLAGS, w->to, w->control);
    if (n == WEFT_EMSGSIZE && w->s->domain == AF_INET6) {
        struct timespec day;
        const struct linux_sock of = socket_linux(d, w->s, &day);

        linux_path_too_small(&of, &w->s->own, w->to);
    }
    if (n == WEFT_EADDRINUSE) /* no port is free to send from: as Linux puts it */
        return -EAGAIN;
    return n == WEFT_EAGAIN && !call->late ? CALL_SLEEPS : n;
}

/* ---- both ---- */

static void sent(struct drill *d, struct socket *s, int64_t n, int flags, unsigned stamps)
{
    struct timespec day;
    const struct linux_sock of = socket_linux(d, s, &day);

    if (n >= 0)
        linux_reports_sent(&of, &s->own, (size_t)n, flags, stamps);
}

static int64_t send_now(struct drill *d, struct socket *s, struct user_iov *u, int flags, const struct weft_addr *to,
                        const struct weft_control *control)
{
    struct send w = {.call = {.name = "send", .attempt = socket_is_stream(s) ? try_stream : try_dgram}, .s = s,
                     .u = u, .flags = flags, .to = to, .control = control,
                     .opens = socket_is_stream(s) && (flags & MSG_FASTOPEN || s->deferred)};
    bool waits = !s->desc.nonblocking && !(flags & MSG_DONTWAIT);

    return call_run(d, &w.call, waits ? s->own.write_timeout : 0);
}

int64_t socket_push(struct drill *d, struct socket *s, int flags)
{
    struct linux_cork *cork = s->own.cork;
    const struct weft_control *control;
    const struct weft_addr *to;
    struct user_iov u;
    int64_t n;

    if (!cork)
        return 0;
    s->own.cork = NULL; /* whoever sends while this one waits begins another */
    u = (struct user_iov){.n = 1};
    u.iov[0] = linux_cork_whole(cork, &to, &control);
    u.len = u.iov[0].len;
    n = send_now(d, s, &u, flags & ~MSG_MORE, to, control);
    sent(d, s, n, 0, (unsigned)s->own.kept[LINUX_STAMPING]);
    linux_cork_free(cork);
    return n;
}

static int64_t send_corked(struct drill *d, struct socket *s, const struct user_iov *u, int flags,
                           const struct weft_addr *to, const struct weft_control *control)
{
    struct timespec day;
    const struct linux_sock of = socket_linux(d, s, &day);
    int64_t n = u->faulty ? -EFAULT : linux_cork_add(&of, &s->own.cork, u->iov, u->n, to, control);

    if (n == 0 && !(flags & MSG_MORE || s->own.kept[LINUX_CORK]))
        n = socket_push(d, s, flags);
    return n < 0 ? n : (int64_t)u->len;
}

int64_t socket_send(struct drill *d, struct socket *s, struct user_iov *u, int flags, const struct weft_addr *to,
                    const struct beside *beside)
{
    const struct weft_control *control = beside->control.has ? &beside->control : NULL;
    struct timespec day;
    const struct linux_sock of = socket_linux(d, s, &day);
    bool corked = linux_is_corked(&of, &s->own, flags);
    int64_t n;

    if (u->len && !linux_reports_have_room(&s->own, flags))
        return -ENOBUFS;
    desc_hold(&s->desc);
    n = corked ? send_corked(d, s, u, flags, to, control) : send_now(d, s, u, flags, to, control);
    sent(d, s, n, flags, corked ? 0 : beside->stamps);
    desc_drop(d, &s->desc);
    return n;
}

/* ---- the calls ---- */

static int64_t write_desc(struct drill *d, struct desc *desc, struct user_iov *u)
{
    struct socket *s = (struct socket *)desc;

    if (desc->ops == &socket_ops)
        return socket_send(d, s, u, 0, NULL, &(struct beside){.stamps = (unsigned)s->own.kept[LINUX_STAMPING]});
    return desc->ops == &pipe_ops ? pipe_write(d, desc, u) : -EINVAL;
}

ssize_t drill_write(void *userdata, int fd, const void *buf, size_t n)
{
    struct drill *d = drill_enter(userdata);
    struct desc *desc = desc_find(d, fd);
    struct user_iov u;

    if (!desc && file_is_open(fd))
        return drill_leave(d, file_writev(fd, &(struct iovec){(void *)(uintptr_t)buf, n}, 1));
    if (!desc || !desc->writable)
        return drill_leave(d, -EBADF);
    user_buffer(d, &u, buf, n, false);
    return drill_leave(d, write_desc(d, desc, &u));
}

ssize_t drill_writev(void *userdata, int fd, const struct iovec *iov, int n)
{
    struct drill *d = drill_enter(userdata);
    struct desc *desc = desc_find(d, fd);
    struct user_iov u;
    int err = -EBADF;

    if (!desc && file_is_open(fd))
        return drill_leave(d, file_writev(fd, iov, n));
    if (desc && desc->writable)
        err = user_iov(d, &u, iov, (size_t)n, false);
    if (!err && u.len == 0) /* no socket hears of it */
        return drill_leave(d, 0);
    return drill_leave(d, err ? err : write_desc(d, desc, &u));
}

/* Where a stream's first bytes lead. *to stays NULL where it is open already: nobody looks at the name then. */
static int read_early_name(const struct socket *s, const struct address *a, struct weft_addr *out,
                           const struct weft_addr **to)
{
    if (address_family(a) < 0)
        return -EINVAL;
    if (address_family(a) == AF_UNSPEC) /* this way nobody is disconnected */
        return -EOPNOTSUPP;
    if (weft_tcp_state(s->sock) == WEFT_TCP_LISTEN)
        return -EISCONN;
    if (s->progress != UNCONNECTED)
        return 0;
    *to = out;
    return address_read(a, s->domain, out);
}

/* Where name (NULL: nowhere) leads; a stream is connected and does not look at it, unless it connects with its first
 * bytes. *to: NULL, or out. */
static int read_name(struct drill *d, const struct socket *s, int flags, const struct sockaddr *name, socklen_t n,
                     struct weft_addr *out, const struct weft_addr **to)
{
    struct address a;
    int err = name ? address_copy(d, &a, name, n) : 0;

    *to = NULL;
    if (!err && flags & MSG_OOB && !socket_is_stream(s)) /* whatever else is wrong */
        return -EOPNOTSUPP;
    if (err || !name)
        return err;
    if (socket_is_stream(s))
        return flags & MSG_FASTOPEN ? read_early_name(s, &a, out, to) : 0;
    *to = out;
    err = address_read_peer(&a, s->domain, out);
    linux_here(out);
    return err == -EAFNOSUPPORT && s->domain == AF_INET6 ? -EINVAL : err; /* as Linux puts it */
}

ssize_t drill_sendto(void *userdata, int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
                     socklen_t n_to)
{
    struct drill *d = drill_enter(userdata);
    const struct weft_addr *where;
    struct weft_addr there;
    struct user_iov u;
    int err;
    struct socket *s = desc_socket(d, fd, &err);
    struct beside beside = {.stamps = s ? (unsigned)s->own.kept[LINUX_STAMPING] : 0};

    if (!s)
        return drill_leave(d, err);
    user_buffer(d, &u, buf, n, false);
    err = read_name(d, s, flags, to, n_to, &there, &where);
    if (!err && !socket_is_stream(s))
        linux_add_control(&s->own, to, n_to, flags, &beside.control);
    return drill_leave(d, err ? err : socket_send(d, s, &u, flags, where, &beside));
}

ssize_t drill_send(void *userdata, int fd, const void *buf, size_t n, int flags)
{
    return drill_sendto(userdata, fd, buf, n, flags, NULL, 0);
}

ssize_t drill_sendmsg(void *userdata, int fd, const struct msghdr *user, int flags)
{
    struct drill *d = drill_enter(userdata);
    const struct weft_addr *where = NULL;
    struct weft_addr there;
    struct msghdr msg;
    struct user_iov u;
    int err;
    struct socket *s = desc_socket(d, fd, &err);
    struct beside beside = {.stamps = s ? (unsigned)s->own.kept[LINUX_STAMPING] : 0};

    if (s)
        err = control_message(d, &msg, user, &u, false);
    if (!err)
        err = read_name(d, s, flags, msg.msg_name, msg.msg_namelen, &there, &where);
    if (!err && !(socket_is_stream(s) && socket_is_closed(s))) /* no connection: that goes before what is wrong here */
        err = control_take(d, s, &msg, where, &beside);
    if (!err && !socket_is_stream(s))
        linux_add_control(&s->own, msg.msg_name, msg.msg_namelen, flags, &beside.control);
    return drill_leave(d, err ? err : socket_send(d, s, &u, flags, where, &beside));
}
