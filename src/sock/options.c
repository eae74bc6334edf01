/* SPDX-License-Identifier: MIT */
/* One row for each option that means the same for every protocol. The others are the protocol's: sock_ops.setopt. */
#include "core/iface.h"
#include "core/stack.h"
#include "sock/options.h"

enum { LINUX_SOCK_STREAM = 1, LINUX_SOCK_DGRAM = 2, LINUX_SOCK_RAW = 3 }; /* what WEFT_SO_TYPE gives */

static int get_reuse_addr(weft_sock *sock) { return sock->reuse_addr; }
static int get_reuse_port(weft_sock *sock) { return sock->reuse_port; }
static int get_broadcast(weft_sock *sock) { return sock->broadcast; }
static int get_type(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    if (ops->proto == WEFT_RAW)
        return LINUX_SOCK_RAW;
    return ops->proto == WEFT_TCP ? LINUX_SOCK_STREAM : LINUX_SOCK_DGRAM;
}
static int get_sndlowat(weft_sock *sock)
{
    (void)sock;
    return 1; /* as on Linux, where it cannot be set either */
}
/* What has failed; else what a router said that ended nothing, which is told here alone, as on Linux. */
static int get_error(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    int err = endpoint_take_error(sock);

    return -(err || !ops->take_hint ? err : ops->take_hint(sock));
}
static int get_protocol(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->protocol ? (int)ops->protocol(sock) : (int)ops->proto;
}
/* What Linux calls inet_num: of a raw socket its protocol, of others the local port. */
static int get_number(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr local, peer;

    ops->names(sock, &local, &peer);
    return ops->protocol ? get_protocol(sock) : local.port;
}
static int get_tos(weft_sock *sock) { return sock->tos; }
static int get_ttl(weft_sock *sock) { return sock->ttl ? sock->ttl : (int)sock->stack->config.ip_default_ttl; }
static int get_domain(weft_sock *sock) { return sock->v6 ? WEFT_INET6 : WEFT_INET; }
static int get_v6only(weft_sock *sock) { return sock->v6only; }
static int get_hops(weft_sock *sock) { return sock->hops ? sock->hops : (int)sock->stack->config.ip6_hop_limit; }
static int get_tclass(weft_sock *sock) { return sock->tclass; }

static int get_accept_conn(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);

    return ops->state && ops->state(sock) == WEFT_TCP_LISTEN;
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
    return (uint8_t)(endpoint_ops(sock)->proto == WEFT_TCP ? value & 0xfc : value);
}

static int set_tos(weft_sock *sock, int value)
{
    sock->tos = own_class(sock, value & 0xff); /* as on Linux, whatever else the number says */
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
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_addr local, peer;

    ops->names(sock, &local, &peer);
    if (local.port || ops->proto == WEFT_ICMPV6)
        return WEFT_EINVAL;
    sock->v6only = value != 0;
    return 0;
}

/* -1 asks for the default again, as on Linux. */
static int set_ttl(weft_sock *sock, int value)
{
    if (value != -1 && (value < 1 || value > 255))
        return WEFT_EINVAL;
    sock->ttl = value == -1 ? 0 : (uint8_t)value;
    return 0;
}

static int get_never(weft_sock *sock)
{
    (void)sock;
    return 0;
}

/* Speaking for strangers is not for sockets: whoever runs the host gives it addresses. */
static int set_transparent(weft_sock *sock, int value)
{
    (void)sock;
    return value ? WEFT_EPERM : 0;
}

static int get_interface(weft_sock *sock) { return endpoint_ops(sock)->rare(sock)->interface; }

static int set_interface(weft_sock *sock, int value)
{
    struct sock_rare *rare;

    if (value < 0)
        return WEFT_EINVAL;
    if (value && !if_by_index(sock->stack, (unsigned)value))
        return WEFT_ENODEV;
    if (!(rare = endpoint_ops(sock)->own_rare(sock)))
        return WEFT_ENOMEM;
    rare->interface = value;
    route_changed(sock->stack); /* the ways that are kept may be others now */
    return 0;
}

/* The least port and, in the upper half, the greatest. */
static int get_ports(weft_sock *sock) { return (int)endpoint_ops(sock)->rare(sock)->ports; }

static int set_ports(weft_sock *sock, int value)
{
    uint32_t min = (uint32_t)value & 0xffff, max = (uint32_t)value >> 16;
    struct sock_rare *rare;

    if (min && max && min > max)
        return WEFT_EINVAL;
    if (!(rare = endpoint_ops(sock)->own_rare(sock)))
        return WEFT_ENOMEM;
    rare->ports = (uint32_t)value;
    return 0;
}

/* What was not said is what is usual; there are no addresses of mobile hosts, nor made of keys. */
static int get_preference(weft_sock *sock)
{
    int prefer = endpoint_ops(sock)->rare(sock)->prefer;

    if (!(prefer & (WEFT_PREFER_TEMPORARY | WEFT_PREFER_PUBLIC)))
        prefer |= WEFT_PREFER_USUAL;
    return prefer & WEFT_PREFER_CARE_OF ? prefer : prefer | WEFT_PREFER_HOME;
}

static bool is_one_of(int value, int bits)
{
    return !(value & bits & ((value & bits) - 1));
}

/* Of two things that exclude each other one may be wanted (RFC 5014 §4); what is not mentioned stays. */
static int set_preference(weft_sock *sock, int value)
{
    const int of_time = WEFT_PREFER_TEMPORARY | WEFT_PREFER_PUBLIC | WEFT_PREFER_USUAL;
    const int of_home = WEFT_PREFER_HOME | WEFT_PREFER_CARE_OF, of_keys = WEFT_PREFER_CGA | WEFT_PREFER_NONCGA;
    struct sock_rare *rare;
    int old;

    if (!is_one_of(value, of_time) || !is_one_of(value, of_home) || !is_one_of(value, of_keys))
        return WEFT_EINVAL;
    if (!(rare = endpoint_ops(sock)->own_rare(sock)))
        return WEFT_ENOMEM;
    old = rare->prefer;
    if (value & of_time)
        old = (old & ~of_time) | (value & (WEFT_PREFER_TEMPORARY | WEFT_PREFER_PUBLIC));
    if (value & of_home)
        old = (old & ~of_home) | (value & WEFT_PREFER_CARE_OF);
    rare->prefer = old;
    return 0;
}

static const struct sock_option options[] = {
    {WEFT_SOL_SOCKET, WEFT_SO_DEBUG, SWITCH(RARE_DEBUG)},
    {WEFT_SOL_SOCKET, WEFT_SO_RXQ_OVFL, SWITCH(TELL_LOST)},
    {WEFT_SOL_SOCKET, WEFT_SO_DONTROUTE, SWITCH(RARE_DONTROUTE)},
    {WEFT_SOL_SOCKET, WEFT_SO_NO_CHECK, SWITCH(RARE_NO_CHECKSUM)},
    {WEFT_SOL_SOCKET, WEFT_SO_PRIORITY, KEPT(priority), INT_MIN, INT_MAX},
    {WEFT_SOL_SOCKET, WEFT_SO_MARK, KEPT(mark), INT_MIN, INT_MAX},
    {WEFT_SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, FUNCTIONS(get_interface, set_interface)},
    {WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, FUNCTIONS(get_reuse_addr, set_reuse_addr)},
    {WEFT_SOL_SOCKET, WEFT_SO_REUSEPORT, FUNCTIONS(get_reuse_port, set_reuse_port)},
    {WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, FUNCTIONS(get_broadcast, set_broadcast)},
    {WEFT_SOL_SOCKET, WEFT_SO_TYPE, FUNCTIONS(get_type, NULL)},
    {WEFT_SOL_SOCKET, WEFT_SO_ERROR, FUNCTIONS(get_error, NULL)},
    {WEFT_SOL_SOCKET, WEFT_SO_PROTOCOL, FUNCTIONS(get_protocol, NULL)},
    {WEFT_SOL_SOCKET, WEFT_SO_DOMAIN, FUNCTIONS(get_domain, NULL)},
    {WEFT_SOL_SOCKET, WEFT_SO_ACCEPTCONN, FUNCTIONS(get_accept_conn, NULL)},
    {WEFT_SOL_SOCKET, WEFT_SO_SNDLOWAT, FUNCTIONS(get_sndlowat, NULL)},
    {WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, FUNCTIONS(get_v6only, set_v6only)},
    {WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, FUNCTIONS(get_hops, set_hops)},
    {WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, FUNCTIONS(get_tclass, set_tclass)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVERR, SWITCH(TELL_ERRORS6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVPKTINFO, SWITCH(TELL_PKTINFO6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVHOPLIMIT, SWITCH(TELL_HOPLIMIT)},
    {WEFT_SOL_IPV6, WEFT_IPV6_DONTFRAG, SWITCH(RARE_DONTFRAG)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVHOPOPTS, SWITCH(TELL_HOP_OPTIONS)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVDSTOPTS, SWITCH(TELL_DESTINATION_OPTIONS)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVRTHDR, SWITCH(TELL_ROUTING)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVTCLASS, SWITCH(TELL_TCLASS)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVORIGDSTADDR, SWITCH(TELL_ORIGDST6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_MINHOPCOUNT, KEPT(min_hops), 0, 255},
    {WEFT_SOL_IPV6, WEFT_IPV6_FREEBIND, SWITCH(RARE_FREEBIND)},
    {WEFT_SOL_IPV6, WEFT_IPV6_TRANSPARENT, FUNCTIONS(get_never, set_transparent)},
    {WEFT_SOL_IPV6, WEFT_IPV6_ADDR_PREFERENCES, FUNCTIONS(get_preference, set_preference)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVFRAGSIZE, SWITCH(TELL_PIECE6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_RECVERR_RFC4884, BOOLEAN(TELL_EXTENSIONS6)},
    {WEFT_SOL_IPV6, WEFT_IPV6_FLOWINFO, SWITCH(TELL_FLOW)},
    {WEFT_SOL_IP, WEFT_IP_BIND_ADDRESS_NO_PORT, SWITCH(RARE_NO_PORT)},
    {WEFT_SOL_IP, WEFT_IP_LOCAL_PORT_RANGE, EXACT(get_ports, set_ports)},
    {WEFT_SOL_IP, WEFT_IP_TOS, FUNCTIONS(get_tos, set_tos)},
    {WEFT_SOL_IP, WEFT_IP_TTL, FUNCTIONS(get_ttl, set_ttl)},
    {WEFT_SOL_IP, WEFT_IP_PKTINFO, SWITCH(TELL_PKTINFO)},
    {WEFT_SOL_IP, WEFT_IP_RECVOPTS, SWITCH(TELL_OPTIONS)},
    {WEFT_SOL_IP, WEFT_IP_RETOPTS, SWITCH(TELL_REPLY)},
    {WEFT_SOL_IP, WEFT_IP_RECVERR, SWITCH(TELL_ERRORS)},
    {WEFT_SOL_IP, WEFT_IP_RECVTTL, SWITCH(TELL_TTL)},
    {WEFT_SOL_IP, WEFT_IP_RECVTOS, SWITCH(TELL_TOS)},
    {WEFT_SOL_IP, WEFT_IP_RECVORIGDSTADDR, SWITCH(TELL_ORIGDST)},
    {WEFT_SOL_IP, WEFT_IP_RECVFRAGSIZE, SWITCH(TELL_PIECE)},
    {WEFT_SOL_IP, WEFT_IP_RECVERR_RFC4884, BOOLEAN(TELL_EXTENSIONS)},
    {WEFT_SOL_IP, WEFT_IP_FREEBIND, SWITCH(RARE_FREEBIND)},
    {WEFT_SOL_IP, WEFT_IP_TRANSPARENT, FUNCTIONS(get_never, set_transparent)},
    {WEFT_SOL_IP, WEFT_IP_CHECKSUM, SWITCH(RARE_CHECKSUM)},
    {WEFT_SOL_IP, WEFT_IP_PROTOCOL, FUNCTIONS(get_number, NULL)},
    {WEFT_SOL_IP, WEFT_IP_MINTTL, KEPT(min_ttl), 0, 255},
};

static int32_t *field_of(struct sock_rare *rare, const struct sock_option *o)
{
    return (int32_t *)(void *)((char *)rare + o->field);
}

int sock_option_get(weft_sock *sock, const struct sock_option *o)
{
    struct sock_rare *rare = (struct sock_rare *)(uintptr_t)endpoint_ops(sock)->rare(sock); /* only looked at */

    if (o->tell)
        return (rare->tell & o->tell) != 0;
    return o->field ? *field_of(rare, o) : o->get(sock);
}

/* Who wants no reports any more has none; the pending error stands. */
static void forget_reports(weft_sock *sock)
{
    const struct sock_ops *ops = endpoint_ops(sock);
    struct weft_report unread;
    int16_t error = sock->error;
    unsigned flags;

    while (ops->recv_report && ops->recv_report(sock, NULL, 0, &flags, &unread) >= 0)
        ;
    sock->error = error;
}

int sock_option_set(weft_sock *sock, const struct sock_option *o, int value)
{
    struct sock_rare *rare;

    if (!o->tell && !o->field)
        return o->set ? o->set(sock, value) : WEFT_ENOPROTOOPT;
    if (o->max && (value < o->min || value > o->max))
        return WEFT_EINVAL;
    rare = endpoint_ops(sock)->own_rare(sock);
    if (!rare)
        return WEFT_ENOMEM;
    if (o->field) {
        *field_of(rare, o) = value;
        return 0;
    }
    rare->tell = value ? rare->tell | o->tell : rare->tell & ~o->tell;
    if (!value && o->tell & (TELL_ERRORS | TELL_ERRORS6))
        forget_reports(sock);
    return 0;
}

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

const struct sock_option *sock_option_find(const weft_sock *sock, int level, int number)
{
    if (level == WEFT_SOL_IPV6 && !sock->v6)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].level == level && options[i].number == number)
            return &options[i];
    return sock_group_option_find(sock, level, number);
}
