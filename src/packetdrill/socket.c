/* SPDX-License-Identifier: MIT */
/* socket, bind, listen, accept, shutdown. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "linux/linux.h"
#include "packetdrill/address.h"
#include "packetdrill/calls.h"
#include "packetdrill/ready.h"
#include "packetdrill/sysctls.h"
#include "packetdrill/user.h"

/* ---- what a socket is ---- */

static void release(struct drill *d, struct desc *desc)
{
    struct socket *s = (struct socket *)desc;

    (void)d;
    weft_close(s->sock);
    linux_own_free(&s->own);
    free(s);
}

const struct desc_ops socket_ops = {release, ready_socket};

bool socket_is_stream(const struct socket *s)
{
    return s->type == SOCK_STREAM;
}

bool socket_is_closed(const struct socket *s)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);

    return state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT;
}

struct linux_sock socket_linux(const struct drill *d, const struct socket *s, struct timespec *day)
{
    *day = (struct timespec){(time_t)(d->now / WEFT_S), (long)(d->now % WEFT_S)};
    return (struct linux_sock){s->sock, s->domain, s->type, s->protocol, d->now, day, s->own.stamp,
                               s->own.kept[LINUX_STAMPING], s->own.inquire,
                               (unsigned)s->own.kept[LINUX_RFC2292]};
}

int socket_add(struct drill *d, weft_sock *sock, const struct socket *like)
{
    struct socket *s = malloc(sizeof *s);
    int fd = -ENOMEM;

    if (s) {
        *s = *like;
        s->sock = sock;
        linux_own_inherit(&s->own);
        s->desc = (struct desc){.nonblocking = like->desc.nonblocking, .cloexec = like->desc.cloexec,
                                .readable = true, .writable = true};
        fd = desc_add(d, &s->desc, &socket_ops);
    }
    if (fd < 0) {
        weft_close(sock);
        free(s);
        return fd;
    }
    weft_set_cookie(sock, s);
    return fd;
}

/* ---- socket ---- */

/* The protocol of it, or the error. */
static int check_kind(int domain, int type, int flags, int protocol)
{
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    if (domain < 0 || domain >= AF_MAX)
        return -EAFNOSUPPORT;
    if (domain != AF_INET && domain != AF_INET6)
        return type < LINUX_TYPES_END ? -EAFNOSUPPORT : -EINVAL;
    return linux_protocol(domain, type, flags, protocol);
}

static int64_t open_socket(struct drill *d, int domain, int type, int protocol)
{
    int flags = type & ~0xf, err;
    struct socket like = {.domain = domain, .type = type & 0xf,
                          .desc = {.nonblocking = flags & SOCK_NONBLOCK, .cloexec = flags & SOCK_CLOEXEC}};
    weft_sock *sock;

    linux_own_init(&like.own, (uintptr_t)d->stack);
    like.protocol = check_kind(domain, like.type, flags, protocol);
    if (like.protocol < 0)
        return like.protocol;
    sysctls_read(d);
    sock = linux_socket(d->stack, domain, like.type, like.protocol, &err);
    return sock ? socket_add(d, sock, &like) : err;
}

int drill_socket(void *userdata, int domain, int type, int protocol)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, open_socket(d, domain, type, protocol));
}

/* ---- bind ---- */

static int64_t bind_socket(struct drill *d, int fd, const struct sockaddr *addr, socklen_t n)
{
    struct address a;
    struct weft_addr local;
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (s)
        err = address_copy(d, &a, addr, n);
    if (!err)
        err = address_read(&a, s->domain, &local);
    if (err == -EAFNOSUPPORT && s->domain == AF_INET && address_family(&a) == AF_UNSPEC) {
        /* Programs forgot the family, and Linux forgives it for the any-address. */
        a.bytes.ss_family = AF_INET;
        address_read(&a, AF_INET, &local);
        err = local.ip.b[12] | local.ip.b[13] | local.ip.b[14] | local.ip.b[15] ? -EAFNOSUPPORT : 0;
    }
    return err ? err : weft_bind(s->sock, &local);
}

int drill_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, bind_socket(d, fd, addr, n));
}

/* ---- listen and accept ---- */

static int64_t listen_socket(struct drill *d, int fd, int backlog)
{
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if (!socket_is_stream(s))
        return -EOPNOTSUPP;
    if (s->progress != UNCONNECTED)
        return -EINVAL;
    return weft_listen(s->sock, backlog < 0 ? 65535 : (unsigned)backlog);
}

int drill_listen(void *userdata, int fd, int backlog)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, listen_socket(d, fd, backlog));
}

struct accept {
    struct call call;
    struct socket *listener;
    struct weft_addr peer;
    weft_sock *sock;
};

static int64_t try_accept(struct drill *d, struct call *call)
{
    struct accept *a = (struct accept *)call;
    int err = 0;

    (void)d;
    a->sock = weft_accept(a->listener->sock, &a->peer, &err);
    if (a->sock)
        return 0;
    return err == WEFT_EAGAIN && !call->late ? CALL_SLEEPS : err;
}

static int64_t accept_socket(struct drill *d, int fd, struct sockaddr *addr, socklen_t *n)
{
    int err;
    struct accept a = {.call = {.name = "accept", .attempt = try_accept}};
    struct socket like, *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if (!socket_is_stream(s))
        return -EOPNOTSUPP;
    a.listener = s;
    desc_hold(&s->desc);
    err = (int)call_run(d, &a.call, s->desc.nonblocking ? 0 : s->own.read_timeout);
    like = *s;
    desc_drop(d, &s->desc);
    if (err)
        return err;
    err = addr ? address_give(d, &a.peer, like.domain, addr, n) : 0;
    if (err) { /* too late for the connection, as on Linux */
        weft_close(a.sock);
        return err;
    }
    like.progress = CONNECTED;
    like.shut_read = like.shut_write = false;
    like.desc.nonblocking = like.desc.cloexec = false;
    return socket_add(d, a.sock, &like);
}

int drill_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *n)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, accept_socket(d, fd, addr, n));
}

/* ---- shutdown ---- */

static int shutdown_stream(struct socket *s, int how)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);
    int err;

    if (state == WEFT_TCP_LISTEN && how == SHUT_WR)
        return 0;
    if (state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT)
        return socket_disconnect(s);
    s->shut_read |= how != SHUT_WR; /* whether that is an error or not, as on Linux */
    s->shut_write |= how != SHUT_RD;
    err = socket_is_closed(s) ? -ENOTCONN : weft_shutdown(s->sock, (enum weft_shut)how);
    if (!err)
        s->progress = CONNECTED; /* whether connect() was told or not */
    return err;
}

static int64_t shutdown_socket(struct drill *d, int fd, int how)
{
    int err;
    struct socket *s = desc_socket(d, fd, &err);

    if (!s)
        return err;
    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    if (socket_is_stream(s))
        return shutdown_stream(s, how);
    return weft_shutdown(s->sock, (enum weft_shut)how);
}

int drill_shutdown(void *userdata, int fd, int how)
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, shutdown_socket(d, fd, how));
}
