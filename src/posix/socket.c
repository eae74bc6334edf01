/* SPDX-License-Identifier: MIT */
/* socket, bind, listen, accept, getsockname, getpeername, shutdown. */
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "posix/posix.h"

static _Atomic(weft_host *) used;

void weft_posix_use(weft_host *h) { atomic_store(&used, h); }
weft_host *px_host(void) { return atomic_load(&used); }

/* ---- what a socket is ---- */

static void release(struct px *p)
{
    struct px_sock *s = (struct px_sock *)p;
    weft_host *h = s->host;
    weft_sock *sock;

    px_epoll_forget(s);
    if (!host_is_elsewhere(h)) {
        host_call_enter(h);
        sock = px_engine(s);
        px_async_end(s);
        host_look_end(&s->look);
        if (sock) {
            host_sock_retire(h, s->hs->number);
            weft_close(sock);
        }
        host_sock_leave(s->hs);
        host_call_leave(h);
        host_drop(h);
    } else {
        px_async_end(s);
    }
    linux_own_free(&s->own);
    free(s);
}

const struct px_kind px_sock_kind = {release};

bool px_is_closed(const struct px_sock *s)
{
    enum weft_tcp_state state = weft_tcp_state(px_engine(s));

    return state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT;
}

int px_sock_add(weft_host *h, weft_sock *sock, const struct px_sock *like, int flags)
{
    struct px_sock *s = malloc(sizeof *s);
    int fd = s ? px_reserve(flags & SOCK_CLOEXEC) : -ENOMEM, number;

    if (fd < 0) {
        free(s);
        weft_close(sock);
        return fd;
    }
    *s = *like;
    s->px = (struct px){.kind = &px_sock_kind};
    s->items = NULL;
    s->async = NULL;
    linux_own_inherit(&s->own);
    memset(&s->look, 0, sizeof s->look);
    s->host = h;
    s->nonblocking = flags & SOCK_NONBLOCK;
    number = host_sock_adopt(h, sock);
    if (number >= 0 && px_put(fd, &s->px) == 0) {
        s->hs = host_sock_find(h, number);
        s->hs->users++;
        host_hold(h);
        return fd;
    }
    if (number >= 0) {
        host_sock_retire(h, number);
        weft_abort(sock);
    }
    close(fd);
    free(s);
    return -ENOMEM;
}

/* ---- socket ---- */

static int open_socket(weft_host *h, int domain, int type, int protocol)
{
    int flags = type & ~0xf, r, err = 0;
    struct px_sock like = {.domain = domain, .type = type & 0xf};
    weft_sock *sock;

    linux_own_init(&like.own, (uintptr_t)h);
    like.protocol = linux_protocol(domain, like.type, flags, protocol);
    if (like.protocol < 0)
        return like.protocol;
    r = host_call_enter(h);
    if (r == 0) {
        sock = linux_socket(h->stack, domain, like.type, like.protocol, &err);
        r = sock ? px_sock_add(h, sock, &like, flags) : err;
    }
    host_call_leave(h);
    return r;
}

int weft_posix_socket_on(weft_host *h, int domain, int type, int protocol)
{
    if (domain != AF_INET && domain != AF_INET6)
        return (int)px_result(-EAFNOSUPPORT);
    return (int)px_result(h ? open_socket(h, domain, type, protocol) : -ENETDOWN);
}

int weft_posix_socket(int domain, int type, int protocol)
{
    if (domain != AF_INET && domain != AF_INET6)
        return socket(domain, type, protocol);
    return weft_posix_socket_on(px_host(), domain, type, protocol);
}

/* ---- bind ---- */

/* Programs forgot the family, and Linux forgives it for the any-address. */
static int forgive_family(const struct sockaddr *addr, socklen_t n, struct weft_addr *local)
{
    struct sockaddr_in in;

    memcpy(&in, addr, sizeof in);
    in.sin_family = AF_INET;
    return in.sin_addr.s_addr ? -EAFNOSUPPORT : linux_read_addr((struct sockaddr *)&in, n, AF_INET, local);
}

int weft_posix_bind(int fd, const struct sockaddr *addr, socklen_t n)
{
    struct px_call c;
    struct weft_addr local;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return bind(fd, addr, n);
    if (r == 0) {
        r = linux_read_addr(addr, n, c.s->domain, &local);
        if (r == -EAFNOSUPPORT && c.s->domain == AF_INET && addr->sa_family == AF_UNSPEC)
            r = forgive_family(addr, n, &local);
        if (r == 0)
            r = weft_bind(px_engine(c.s), &local);
    }
    return (int)px_result(px_end(&c, r));
}

/* ---- listen and accept ---- */

int weft_posix_listen(int fd, int backlog)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return listen(fd, backlog);
    if (r == 0 && !px_is_stream(c.s))
        r = -EOPNOTSUPP;
    else if (r == 0 && c.s->progress != PX_UNCONNECTED)
        r = -EINVAL;
    else if (r == 0)
        r = weft_listen(px_engine(c.s), backlog < 0 ? 65535 : (unsigned)backlog);
    return (int)px_result(px_end(&c, r));
}

/* What a connection has from its listener: all but the count of who uses that, which other threads change meanwhile. */
static void take_after(struct px_sock *s, const struct px_sock *listener)
{
    const size_t behind = offsetof(struct px_sock, host);

    memset(s, 0, behind);
    memcpy((uint8_t *)s + behind, (const uint8_t *)listener + behind, sizeof *s - behind);
    s->progress = PX_CONNECTED;
    s->shut_read = s->shut_write = false;
}

static int accept_socket(struct px_call *c, struct sockaddr *addr, socklen_t *n, int flags)
{
    weft_time until = px_until(c, c->s->own.read_timeout, 0);
    struct px_sock like;
    struct weft_addr peer;
    weft_sock *sock;
    int err = 0;

    if (!px_is_stream(c->s))
        return -EOPNOTSUPP;
    while (!(sock = weft_accept(px_engine(c->s), &peer, &err))) {
        if (err == WEFT_EAGAIN)
            err = px_wait_turn(c, WEFT_READABLE, until);
        if (err) {
            sock_wake_next(c->s->hs, WEFT_READABLE); /* this one may have been woken for what it does not take */
            return err;
        }
    }
    if (weft_ready(px_engine(c->s)) & WEFT_READABLE)
        sock_wake_next(c->s->hs, WEFT_READABLE);
    err = px_give_addr(&peer, c->s->domain, addr, n);
    if (err) { /* too late for the connection, as on Linux */
        weft_close(sock);
        return err;
    }
    take_after(&like, c->s);
    return px_sock_add(c->host, sock, &like, flags);
}

int weft_posix_accept4(int fd, struct sockaddr *addr, socklen_t *n, int flags)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return accept4(fd, addr, n, flags);
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        r = -EINVAL;
    return (int)px_result(px_end(&c, r ? r : accept_socket(&c, addr, n, flags)));
}

int weft_posix_accept(int fd, struct sockaddr *addr, socklen_t *n)
{
    return weft_posix_accept4(fd, addr, n, 0);
}

/* ---- names ---- */

int weft_posix_getsockname(int fd, struct sockaddr *addr, socklen_t *n)
{
    struct px_call c;
    struct weft_addr name;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return getsockname(fd, addr, n);
    r = r ? r : weft_getsockname(px_engine(c.s), &name);
    if (r == 0)
        r = addr ? px_give_addr(&name, c.s->domain, addr, n) : -EFAULT;
    return (int)px_result(px_end(&c, r));
}

int weft_posix_getpeername(int fd, struct sockaddr *addr, socklen_t *n)
{
    struct px_call c;
    struct weft_addr name;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return getpeername(fd, addr, n);
    if (r == 0) {
        const struct linux_sock s = px_linux(c.s);

        r = linux_peer(&s, &name);
    }
    if (r == 0)
        r = addr ? px_give_addr(&name, c.s->domain, addr, n) : -EFAULT;
    return (int)px_result(px_end(&c, r));
}

/* ---- shutdown ---- */

static int shutdown_stream(struct px_sock *s, int how)
{
    enum weft_tcp_state state = weft_tcp_state(px_engine(s));
    int err;

    if (state == WEFT_TCP_LISTEN && how == SHUT_WR)
        return 0;
    if (state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT) {
        err = px_disconnect(s);
        sock_wake(s->hs, WEFT_READABLE | WEFT_WRITABLE | WEFT_HANGUP); /* whoever sleeps in accept or connect */
        return err;
    }
    s->shut_read |= how != SHUT_WR; /* whether that is an error or not, as on Linux */
    s->shut_write |= how != SHUT_RD;
    err = px_is_closed(s) ? -ENOTCONN : weft_shutdown(px_engine(s), (enum weft_shut)how);
    if (!err)
        s->progress = PX_CONNECTED; /* whether connect() was told or not */
    return err;
}

int weft_posix_shutdown(int fd, int how)
{
    struct px_call c;
    int r = px_begin(&c, fd);

    if (!c.s && r == -EBADF)
        return shutdown(fd, how);
    if (r == 0 && (how < SHUT_RD || how > SHUT_RDWR))
        r = -EINVAL;
    if (r == 0)
        r = px_is_stream(c.s) ? shutdown_stream(c.s, how) : weft_shutdown(px_engine(c.s), (enum weft_shut)how);
    return (int)px_result(px_end(&c, r));
}
