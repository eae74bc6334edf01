/* SPDX-License-Identifier: MIT */
/*
 * The calls of weft/sock.h: what every protocol would have to check is checked here, then the protocol's table is
 * asked. Below this layer an address is of a family that the socket speaks, "any" is 0.0.0.0 on a socket of IPv4, an
 * address of link scope has its zone, and no result pointer is NULL. message.c has the calls that move data.
 */
#include "ip/ip.h"
#include "raw/raw.h"
#include "sock/options.h"
#include "sock/sock.h"
#include "wire/ip.h"

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

weft_sock *weft_socket_raw(weft_stack *stack, enum weft_family family, unsigned protocol, int *err)
{
    weft_sock *sock = NULL;
    int why = WEFT_EPROTONOSUPPORT;

    if (family != WEFT_INET && family != WEFT_INET6)
        why = WEFT_EAFNOSUPPORT;
    else if (protocol > 0 && protocol <= 255 && stack_has_transport(stack, WEFT_RAW))
        sock = raw_socket(stack, family, (uint8_t)protocol, &why);
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
    endpoint_ops(sock)->close(sock);
}

void weft_abort(weft_sock *sock)
{
    endpoint_ops(sock)->abort(sock);
}

/* ---- names and connections ---- */

int weft_bind(weft_sock *sock, const struct weft_addr *local)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr addr;
    int err = sock_take_addr(sock, local, &addr, ops->proto == WEFT_RAW ? WEFT_EADDRNOTAVAIL : WEFT_EINVAL);

    if (err)
        return err;
    return ops->bind ? ops->bind(sock, &addr) : WEFT_EOPNOTSUPP;
}

int weft_listen(weft_sock *sock, unsigned backlog)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    if (!ops->listen)
        return WEFT_EOPNOTSUPP;
    return ops->listen(sock, min_u32(backlog, 65535));
}

weft_sock *weft_accept(weft_sock *sock, struct weft_addr *peer, int *err)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr from;
    int why = WEFT_EOPNOTSUPP;
    weft_sock *accepted = NULL;

    if (ops->accept)
        accepted = ops->accept(sock, &from, &why);
    if (accepted && peer)
        *peer = from;
    if (!accepted && err)
        *err = why;
    return accepted;
}

int weft_connect(weft_sock *sock, const struct weft_addr *peer)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr addr;
    int err = sock_take_addr(sock, peer, &addr, WEFT_ENETUNREACH);

    if (err)
        return err;
    return ops->connect ? ops->connect(sock, &addr) : WEFT_EOPNOTSUPP;
}

int weft_shutdown(weft_sock *sock, enum weft_shut how)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    if ((unsigned)how > WEFT_SHUT_RDWR)
        return WEFT_EINVAL;
    return ops->shutdown ? ops->shutdown(sock, how) : WEFT_EOPNOTSUPP;
}

int weft_disconnect(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->disconnect ? ops->disconnect(sock) : WEFT_EOPNOTSUPP;
}

int weft_getsockname(const weft_sock *sock, struct weft_addr *local)
{
    struct weft_addr peer;

    endpoint_ops(sock)->names(sock, local, &peer);
    return 0;
}

int weft_getpeername(const weft_sock *sock, struct weft_addr *peer)
{
    struct weft_addr local, remote;
    enum weft_tcp_state state = weft_tcp_state(sock);

    endpoint_ops(sock)->names(sock, &local, &remote);
    if (ip_is_any(&remote.ip) || state == WEFT_TCP_LISTEN || state == WEFT_TCP_SYN_SENT)
        return WEFT_ENOTCONN;
    *peer = remote;
    return 0;
}

/* ---- options ---- */

/* A socket of IPv4 has nothing of IPv6; a raw one of IPv6 has nothing of IPv4, which it never speaks. As on Linux. */
static bool is_level_of_others(const weft_sock *sock, int level)
{
    return (level == WEFT_SOL_IPV6 && !sock->v6) ||
           (level == WEFT_SOL_IP && sock->v6 && endpoint_ops(sock)->proto == WEFT_RAW);
}

/* At the level of IP too few bytes for an int are a byte, and none is 0; but these want to hear something. */
static bool wants_a_byte(int option)
{
    return option == WEFT_IP_FREEBIND || option == WEFT_IP_TRANSPARENT || option == WEFT_IP_MINTTL ||
           option == WEFT_IP_MULTICAST_TTL || option == WEFT_IP_MULTICAST_LOOP || option == WEFT_IP_MULTICAST_ALL;
}

/* Those whose values are something else than an int, or an int of its exact length. */
static bool is_no_byte(int option)
{
    return option == WEFT_IP_OPTIONS || option == WEFT_IP_UNICAST_IF || option == WEFT_IP_MULTICAST_IF ||
           option >= WEFT_MCAST_JOIN_GROUP;
}

int weft_setsockopt(weft_sock *sock, int level, int option, const void *value, size_t n)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    const struct sock_option *o = sock_option_find(sock, level, option);
    const struct sock_kept *kept = sock_kept_find(sock, level, option);
    int v;

    if (!value && n)
        return WEFT_EFAULT;
    if (is_level_of_others(sock, level))
        return WEFT_ENOPROTOOPT;
    if (level == WEFT_SOL_IP && n == 0 && wants_a_byte(option))
        return WEFT_EINVAL;
    if (kept)
        return sock_kept_set(sock, kept, value, n);
    if (!o && level == WEFT_SOL_IP && !is_no_byte(option) && n < sizeof v) {
        sock_option_take(level, value, n, &v);
        value = &v;
        n = sizeof v;
    }
    if (!o)
        return ops->setopt ? ops->setopt(sock, level, option, value, n) : WEFT_ENOPROTOOPT;
    if ((o->exact && n != sizeof v) || !sock_option_take(level, value, n, &v))
        return WEFT_EINVAL;
    return sock_option_set(sock, o, v);
}

static bool is_its_level(const weft_sock *sock, int level)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return level == WEFT_SOL_SOCKET || level == WEFT_SOL_IP || (level == WEFT_SOL_IPV6 && sock->v6) ||
           level == (int)ops->proto || (level == WEFT_SOL_ICMPV6 && sock->v6 && ops->proto == WEFT_RAW) ||
           (ops->protocol && level == (int)ops->protocol(sock));
}

int weft_getsockopt(const weft_sock *sock, int level, int option, void *value, size_t *n)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    const struct sock_option *o = sock_option_find(sock, level, option);
    const struct sock_kept *kept = sock_kept_find(sock, level, option);
    int v;

    if (!n || (!value && *n))
        return WEFT_EFAULT;
    if (!is_its_level(sock, level))
        return sock->v6 ? WEFT_ENOPROTOOPT : WEFT_EOPNOTSUPP; /* as on Linux */
    if (is_level_of_others(sock, level))
        return WEFT_ENOPROTOOPT;
    if (kept)
        return sock_kept_get(sock, kept, value, n);
    stack_settle(sock->stack);
    if (!o)
        return ops->getopt ? ops->getopt(sock, level, option, value, n) : WEFT_ENOPROTOOPT;
    v = sock_option_get((weft_sock *)(uintptr_t)sock, o); /* WEFT_SO_ERROR takes the error; the others only look */
    ip_give_option(level, v, value, n);
    return 0;
}

int weft_error(weft_sock *sock)
{
    return endpoint_take_error(sock);
}

/* ---- looking ---- */

unsigned weft_ready(const weft_sock *sock)
{
    return endpoint_ops(sock)->ready(sock);
}

int weft_atmark(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->atmark ? ops->atmark(sock) : WEFT_EOPNOTSUPP;
}

size_t weft_unread(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->unread ? ops->unread(sock) : 0;
}

size_t weft_unsent(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->unsent ? ops->unsent(sock) : 0;
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
    return endpoint_ops(sock)->proto;
}

weft_stack *weft_sock_stack(const weft_sock *sock)
{
    return sock->stack;
}

enum weft_tcp_state weft_tcp_state(const weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->state ? ops->state(sock) : WEFT_TCP_CLOSED;
}

void weft_list(weft_stack *stack, bool (*visit)(void *ctx, const struct weft_listing *item), void *ctx)
{
    stack_settle(stack);
    for (unsigned i = 0; i < STACK_TRANSPORTS && stack->assembly->transport[i]; i++)
        if (stack->assembly->transport[i]->list && !stack->assembly->transport[i]->list(stack, visit, ctx))
            return;
}
