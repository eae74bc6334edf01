/* SPDX-License-Identifier: MIT */
/* One row for each option that means the same for every protocol. The others are the protocol's: sock_ops.setopt. */
#include "sock/options.h"

#define DEFAULT_TTL 64 /* RFC 1122 §3.2.1.7 */

enum { LINUX_SOCK_STREAM = 1, LINUX_SOCK_DGRAM = 2 }; /* what WEFT_SO_TYPE gives */

static int get_reuse_addr(weft_sock *sock) { return sock->reuse_addr; }
static int get_reuse_port(weft_sock *sock) { return sock->reuse_port; }
static int get_broadcast(weft_sock *sock) { return sock->broadcast; }
static int get_type(weft_sock *sock) { return sock->ops->proto == WEFT_TCP ? LINUX_SOCK_STREAM : LINUX_SOCK_DGRAM; }
static int get_sndlowat(weft_sock *sock)
{
    (void)sock;
    return 1; /* as on Linux, where it cannot be set either */
}
/* What has failed; else what a router said that ended nothing, which is told here alone, as on Linux. */
static int get_error(weft_sock *sock)
{
    int err = endpoint_take_error(sock);

    return -(err || !sock->ops->take_hint ? err : sock->ops->take_hint(sock));
}
static int get_protocol(weft_sock *sock) { return (int)sock->ops->proto; }
static int get_tos(weft_sock *sock) { return sock->tos; }
static int get_ttl(weft_sock *sock) { return sock->ttl; }
static int get_domain(weft_sock *sock) { return sock->v6 ? WEFT_INET6 : WEFT_INET; }
static int get_v6only(weft_sock *sock) { return sock->v6only; }
static int get_hops(weft_sock *sock) { return sock->hops ? sock->hops : DEFAULT_TTL; }
static int get_tclass(weft_sock *sock) { return sock->tclass; }

static int get_accept_conn(weft_sock *sock)
{
    return sock->ops->state && sock->ops->state(sock) == WEFT_TCP_LISTEN;
}

static int set_reuse_addr(weft_sock *sock, int value)
{
    sock->reuse_addr = value != 0;
    return 0;
}

static int set_reuse_port(weft_sock *sock, int value)
{
    sock->reuse_port = value != 0;
    return 0;
}

static int set_broadcast(weft_sock *sock, int value)
{
    sock->broadcast = value != 0;
    return 0;
}

/* A stream's ECN bits belong to its congestion control (RFC 3168 §6.1). */
static uint8_t own_class(const weft_sock *sock, int value)
{
    return (uint8_t)(sock->ops->proto == WEFT_TCP ? value & 0xfc : value);
}

static int set_tos(weft_sock *sock, int value)
{
    if (value < 0 || value > 255)
        return WEFT_EINVAL;
    sock->tos = own_class(sock, value);
    return 0;
}

/* -1 asks for the default again (RFC 3542 §6.5). */
static int set_tclass(weft_sock *sock, int value)
{
    if (value < -1 || value > 255)
        return WEFT_EINVAL;
    sock->tclass = own_class(sock, value == -1 ? 0 : value);
    return 0;
}

static int set_hops(weft_sock *sock, int value)
{
    if (value < -1 || value > 255)
        return WEFT_EINVAL;
    sock->hops = value == -1 ? 0 : (uint8_t)value;
    return 0;
}

/* Which families an address stands for cannot change once it is bound. */
static int set_v6only(weft_sock *sock, int value)
{
    struct weft_addr local, peer;

    sock->ops->names(sock, &local, &peer);
    if (local.port || sock->ops->proto == WEFT_ICMPV6)
        return WEFT_EINVAL;
    sock->v6only = value != 0;
    return 0;
}

/* -1 asks for the default again, as on Linux. */
static int set_ttl(weft_sock *sock, int value)
{
    if (value == -1)
        value = DEFAULT_TTL;
    if (value < 1 || value > 255)
        return WEFT_EINVAL;
    sock->ttl = (uint8_t)value;
    return 0;
}

static const struct sock_option options[] = {
    {WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, get_reuse_addr, set_reuse_addr},
    {WEFT_SOL_SOCKET, WEFT_SO_REUSEPORT, get_reuse_port, set_reuse_port},
    {WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, get_broadcast, set_broadcast},
    {WEFT_SOL_SOCKET, WEFT_SO_TYPE, get_type, NULL},
    {WEFT_SOL_SOCKET, WEFT_SO_ERROR, get_error, NULL},
    {WEFT_SOL_SOCKET, WEFT_SO_PROTOCOL, get_protocol, NULL},
    {WEFT_SOL_SOCKET, WEFT_SO_DOMAIN, get_domain, NULL},
    {WEFT_SOL_SOCKET, WEFT_SO_ACCEPTCONN, get_accept_conn, NULL},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDLOWAT, get_sndlowat, NULL},
    {WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, get_v6only, set_v6only},
    {WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, get_hops, set_hops},
    {WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, get_tclass, set_tclass},
    {WEFT_SOL_IP, WEFT_IP_TOS, get_tos, set_tos},
    {WEFT_SOL_IP, WEFT_IP_TTL, get_ttl, set_ttl},
};

/* At the level of IP a byte is as good as an int, and nothing is 0; elsewhere it must be an int. As on Linux. */
bool sock_option_take(int level, const void *value, size_t n, int *v)
{
    if (n >= sizeof *v) {
        memcpy(v, value, sizeof *v);
        return true;
    }
    *v = n ? *(const uint8_t *)value : 0;
    return level == WEFT_SOL_IP;
}

void sock_option_give(int level, int v, void *value, size_t *n)
{
    uint8_t byte = (uint8_t)v;

    if (level == WEFT_SOL_IP && *n && *n < sizeof v && v >= 0 && v <= 255) {
        *n = sizeof byte;
        memcpy(value, &byte, sizeof byte);
        return;
    }
    *n = min_size(*n, sizeof v);
    if (*n)
        memcpy(value, &v, *n);
}

const struct sock_option *sock_option_find(const weft_sock *sock, int level, int number)
{
    if (level == WEFT_SOL_IPV6 && !sock->v6)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].level == level && options[i].number == number)
            return &options[i];
    return sock_group_option_find(sock, level, number);
}
