/* SPDX-License-Identifier: MIT */
/*
 * The calls of weft/sock.h: what every protocol would have to check is checked here, then the protocol's table is
 * asked. Below this file an address is of a family that the socket speaks, "any" is 0.0.0.0 on a socket of IPv4, an
 * address of link scope has its zone, and no result pointer is NULL.
 */
#include "sock/options.h"
#include "sock/sock.h"
#include "wire/ip.h"

/* ---- what comes from the caller ---- */

/* The only interface that has a link; 0: there are none or several. */
static unsigned only_zone(weft_stack *s)
{
    unsigned zone = 0;

    list_each(it, &s->interfaces) {
        const weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->ops->kind == WEFT_LINK_LOOPBACK)
            continue;
        if (zone)
            return 0;
        zone = ifp->index;
    }
    return zone;
}

/* An address of link scope is whole with its zone only (RFC 4007 §6). */
static int complete_zone(weft_stack *s, struct weft_ip *ip)
{
    if (!ip_is_zoned(ip))
        return 0;
    if (ip_zone(ip) == 0)
        ip_set_zone(ip, only_zone(s));
    return if_by_index(s, ip_zone(ip)) ? 0 : WEFT_EINVAL;
}

/*
 * Brings an address into the form the protocols know. 0; WEFT_EINVAL: there is none, or no zone; WEFT_EAFNOSUPPORT. What is
 * IPv4 to a socket that speaks IPv6 only gives `v4`.
 */
static int take_addr(const weft_sock *sock, const struct weft_addr *from, struct weft_addr *to, int v4)
{
    if (!from)
        return WEFT_EINVAL;
    *to = *from;
    if (sock->v6)
        return sock->v6only && ip_is_v4(&to->ip) ? v4 : complete_zone(sock->stack, &to->ip);
    if (ip_is_any(&from->ip))
        to->ip = weft_ipv4(0);
    return ip_is_v4(&to->ip) ? 0 : WEFT_EAFNOSUPPORT;
}

/* Are the pieces usable, and is their sum a number that a result can say? */
static int check_iov(const struct weft_iov *iov, size_t n)
{
    size_t left = INT64_MAX;

    if (n && !iov)
        return WEFT_EFAULT;
    for (size_t i = 0; i < n; i++) {
        if (iov[i].len && !iov[i].base)
            return WEFT_EFAULT;
        if (iov[i].len > left)
            return WEFT_EINVAL;
        left -= iov[i].len;
    }
    return 0;
}

/* ---- coming and going ---- */

static const struct transport *transport_of(const weft_stack *s, unsigned proto)
{
    return proto < ARRAY_LEN(s->slot_of) && s->slot_of[proto] ? s->assembly->transport[s->slot_of[proto] - 1] : NULL;
}

weft_sock *weft_socket_in(weft_stack *stack, enum weft_family family, enum weft_proto proto, int *err)
{
    const struct transport *t = transport_of(stack, (unsigned)proto);
    weft_sock *sock = NULL;
    int why = WEFT_EPROTONOSUPPORT;

    if (family != WEFT_INET && family != WEFT_INET6)
        why = WEFT_EAFNOSUPPORT;
    else if (t && t->socket)
        sock = t->socket(stack, family, &why);
    if (!sock && err)
        *err = why;
    return sock;
}

weft_sock *weft_socket(weft_stack *stack, enum weft_proto proto, int *err)
{
    return weft_socket_in(stack, proto == WEFT_ICMPV6 ? WEFT_INET6 : WEFT_INET, proto, err);
}

void weft_close(weft_sock *sock)
{
    sock->ops->close(sock);
}

void weft_abort(weft_sock *sock)
{
    sock->ops->abort(sock);
}

/* ---- names and connections ---- */

int weft_bind(weft_sock *sock, const struct weft_addr *local)
{
    struct weft_addr addr;
    int err = take_addr(sock, local, &addr, WEFT_EINVAL);

    if (err)
        return err;
    return sock->ops->bind ? sock->ops->bind(sock, &addr) : WEFT_EOPNOTSUPP;
}

int weft_listen(weft_sock *sock, unsigned backlog)
{
    if (!sock->ops->listen)
        return WEFT_EOPNOTSUPP;
    if (backlog == 0)
        backlog = 1;
    return sock->ops->listen(sock, min_u32(backlog, 65535));
}

weft_sock *weft_accept(weft_sock *sock, struct weft_addr *peer, int *err)
{
    struct weft_addr from;
    int why = WEFT_EOPNOTSUPP;
    weft_sock *accepted = NULL;

    if (sock->ops->accept)
        accepted = sock->ops->accept(sock, &from, &why);
    if (accepted && peer)
        *peer = from;
    if (!accepted && err)
        *err = why;
    return accepted;
}

int weft_connect(weft_sock *sock, const struct weft_addr *peer)
{
    struct weft_addr addr;
    int err = take_addr(sock, peer, &addr, WEFT_ENETUNREACH);

    if (err)
        return err;
    return sock->ops->connect ? sock->ops->connect(sock, &addr) : WEFT_EOPNOTSUPP;
}

int weft_shutdown(weft_sock *sock, enum weft_shut how)
{
    if ((unsigned)how > WEFT_SHUT_RDWR)
        return WEFT_EINVAL;
    return sock->ops->shutdown ? sock->ops->shutdown(sock, how) : WEFT_EOPNOTSUPP;
}

int weft_disconnect(weft_sock *sock)
{
    return sock->ops->disconnect ? sock->ops->disconnect(sock) : WEFT_EOPNOTSUPP;
}

int weft_getsockname(const weft_sock *sock, struct weft_addr *local)
{
    struct weft_addr peer;

    sock->ops->names(sock, local, &peer);
    return 0;
}

int weft_getpeername(const weft_sock *sock, struct weft_addr *peer)
{
    struct weft_addr local, remote;
    enum weft_tcp_state state = weft_tcp_state(sock);

    sock->ops->names(sock, &local, &remote);
    if (ip_is_any(&remote.ip) || state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT)
        return WEFT_ENOTCONN;
    *peer = remote;
    return 0;
}

/* ---- data ---- */

int64_t weft_sendmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags,
                     const struct weft_addr *to)
{
    struct weft_addr addr;
    int err = check_iov(iov, n_iov);

    if (!err && to)
        err = take_addr(sock, to, &addr, WEFT_ENETUNREACH);
    if (err)
        return err;
    return sock->ops->send ? sock->ops->send(sock, iov, n_iov, flags, to ? &addr : NULL) : WEFT_EOPNOTSUPP;
}

int64_t weft_sendto(weft_sock *sock, const void *buf, size_t n, unsigned flags, const struct weft_addr *to)
{
    struct weft_iov iov = {.base = (void *)(uintptr_t)buf, .len = n}; /* only read through */

    return weft_sendmsg(sock, &iov, 1, flags, to);
}

int64_t weft_send(weft_sock *sock, const void *buf, size_t n, unsigned flags)
{
    return weft_sendto(sock, buf, n, flags, NULL);
}

int64_t weft_recvmsg(weft_sock *sock, const struct weft_iov *iov, size_t n_iov, unsigned flags, struct weft_addr *from,
                     unsigned *out_flags)
{
    struct weft_addr sender = {.ip = endpoint_any(sock)};
    unsigned result_flags = 0;
    int64_t n = check_iov(iov, n_iov);

    if (n == 0)
        n = sock->ops->recv ? sock->ops->recv(sock, iov, n_iov, flags, &sender, &result_flags) : WEFT_EOPNOTSUPP;
    if (from && n >= 0)
        *from = sender;
    if (out_flags)
        *out_flags = result_flags;
    return n;
}

int64_t weft_recvfrom(weft_sock *sock, void *buf, size_t n, unsigned flags, struct weft_addr *from)
{
    struct weft_iov iov = {.base = buf, .len = n};

    return weft_recvmsg(sock, &iov, 1, flags, from, NULL);
}

int64_t weft_recv(weft_sock *sock, void *buf, size_t n, unsigned flags)
{
    return weft_recvfrom(sock, buf, n, flags, NULL);
}

/* ---- options ---- */

int weft_setsockopt(weft_sock *sock, int level, int option, const void *value, size_t n)
{
    const struct sock_option *o = sock_option_find(sock, level, option);
    int v;

    if (!value && n)
        return WEFT_EFAULT;
    if (!o)
        return sock->ops->setopt ? sock->ops->setopt(sock, level, option, value, n) : WEFT_ENOPROTOOPT;
    if (!sock_option_take(level, value, n, &v))
        return WEFT_EINVAL;
    return o->set ? o->set(sock, v) : WEFT_ENOPROTOOPT;
}

int weft_getsockopt(const weft_sock *sock, int level, int option, void *value, size_t *n)
{
    const struct sock_option *o = sock_option_find(sock, level, option);
    int v;

    if (!n || (!value && *n))
        return WEFT_EFAULT;
    if (!o)
        return sock->ops->getopt ? sock->ops->getopt(sock, level, option, value, n) : WEFT_ENOPROTOOPT;
    v = o->get((weft_sock *)(uintptr_t)sock); /* WEFT_SO_ERROR takes the error; the others only look */
    sock_option_give(level, v, value, n);
    return 0;
}

int weft_error(weft_sock *sock)
{
    return endpoint_take_error(sock);
}

/* ---- looking ---- */

unsigned weft_ready(const weft_sock *sock)
{
    return sock->ops->ready(sock);
}

int weft_atmark(const weft_sock *sock)
{
    return sock->ops->atmark ? sock->ops->atmark(sock) : WEFT_EOPNOTSUPP;
}

size_t weft_unread(const weft_sock *sock)
{
    return sock->ops->unread ? sock->ops->unread(sock) : 0;
}

size_t weft_unsent(const weft_sock *sock)
{
    return sock->ops->unsent ? sock->ops->unsent(sock) : 0;
}

void weft_set_cookie(weft_sock *sock, void *cookie)
{
    sock->cookie = cookie;
}

void *weft_cookie(const weft_sock *sock)
{
    return sock->cookie;
}

enum weft_family weft_sock_family(const weft_sock *sock)
{
    return sock->v6 ? WEFT_INET6 : WEFT_INET;
}

enum weft_proto weft_sock_proto(const weft_sock *sock)
{
    return sock->ops->proto;
}

weft_stack *weft_sock_stack(const weft_sock *sock)
{
    return sock->stack;
}

enum weft_tcp_state weft_tcp_state(const weft_sock *sock)
{
    return sock->ops->state ? sock->ops->state(sock) : WEFT_TCP_CLOSED;
}

void weft_list(weft_stack *stack, bool (*visit)(void *ctx, const struct weft_listing *item), void *ctx)
{
    for (unsigned i = 0; i < STACK_TRANSPORTS && stack->assembly->transport[i]; i++)
        if (stack->assembly->transport[i]->list && !stack->assembly->transport[i]->list(stack, visit, ctx))
            return;
}
