/* SPDX-License-Identifier: MIT */
/*
 * Linux's words for sockets, as they are read and written by whoever offers sockets under them: weft/posix.h to this
 * process, `weft run` to another one.
 */
#include <errno.h>
#include <string.h>

#include "linux/linux.h"

#define IN6_SHORTEST 24 /* bytes: RFC 2133's structure had no scope */
#define V4_IN_MAPPED 12 /* offset of the IPv4 address in its mapped form */

/* ---- addresses ---- */

/* Ports stand in socket addresses as they do on the wire: the larger byte first. */
static uint16_t read_port(const void *port)
{
    const uint8_t *b = port;

    return (uint16_t)(b[0] << 8 | b[1]);
}

static void write_port(void *port, uint16_t value)
{
    uint8_t *b = port;

    b[0] = (uint8_t)(value >> 8);
    b[1] = (uint8_t)value;
}

int linux_read_addr(const struct sockaddr *addr, socklen_t n, int domain, struct weft_addr *out)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6 = {0};

    if (n > sizeof(struct sockaddr_storage) || n < (domain == AF_INET6 ? IN6_SHORTEST : sizeof in))
        return -EINVAL;
    if (!addr)
        return -EFAULT;
    if (addr->sa_family != domain)
        return -EAFNOSUPPORT;
    if (domain == AF_INET6) {
        memcpy(&in6, addr, n < sizeof in6 ? n : sizeof in6);
        memcpy(out->ip.b, &in6.sin6_addr, sizeof out->ip.b);
        weft_ip_set_zone(&out->ip, in6.sin6_scope_id);
        out->port = read_port(&in6.sin6_port);
        return 0;
    }
    memcpy(&in, addr, sizeof in);
    out->ip = weft_ipv4(0);
    memcpy(out->ip.b + V4_IN_MAPPED, &in.sin_addr, sizeof in.sin_addr);
    out->port = read_port(&in.sin_port);
    return 0;
}

/* By an option, by its kind, or by the address that it is bound to. */
static bool speaks_six_only(const struct linux_sock *s)
{
    struct weft_addr local = {0}, peer = {0};
    int only = 0;
    size_t n = sizeof only;

    if (s->type == SOCK_RAW || (weft_getsockopt(s->sock, WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, &only, &n) == 0 && only))
        return true;
    return weft_getpeername(s->sock, &peer) && weft_getsockname(s->sock, &local) == 0 && !linux_is_nobody(&local) &&
           !weft_ip_is_v4(&local.ip);
}

int linux_read_peer(const struct linux_sock *s, const struct sockaddr *addr, socklen_t n, struct weft_addr *out)
{
    bool six = s->domain == AF_INET6, four = addr->sa_family == AF_INET;
    int err;

    *out = (struct weft_addr){0};
    if (!six)
        out->ip = weft_ipv4(0);
    if (addr->sa_family == AF_UNSPEC)
        return 0;
    if (six && addr->sa_family != AF_INET6 && (s->type == SOCK_RAW || (four && speaks_six_only(s))))
        return -EAFNOSUPPORT;
    err = linux_read_addr(addr, n, six && four ? AF_INET : s->domain, out);
    linux_here(out);
    return err;
}

socklen_t linux_make_addr(const struct weft_addr *addr, int domain, struct sockaddr_storage *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct weft_ip ip = addr->ip;

    memset(out, 0, sizeof *out);
    if (domain == AF_INET6) {
        in6.sin6_scope_id = weft_ip_zone(&ip);
        weft_ip_set_zone(&ip, 0);
        write_port(&in6.sin6_port, addr->port);
        memcpy(&in6.sin6_addr, ip.b, sizeof ip.b);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    write_port(&in.sin_port, addr->port);
    memcpy(&in.sin_addr, ip.b + V4_IN_MAPPED, sizeof in.sin_addr);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

bool linux_is_nobody(const struct weft_addr *addr)
{
    static const struct weft_ip none;
    struct weft_ip v4 = weft_ipv4(0);

    return memcmp(&addr->ip, &none, sizeof none) == 0 || memcmp(&addr->ip, &v4, sizeof v4) == 0;
}

void linux_here(struct weft_addr *addr)
{
    static const struct weft_ip none, six = {{[15] = 1}};
    struct weft_ip four = weft_ipv4(0);

    if (memcmp(&addr->ip, &none, sizeof none) == 0)
        addr->ip = six;
    else if (memcmp(&addr->ip, &four, sizeof four) == 0)
        addr->ip = weft_ipv4(0x7f000001);
}

bool linux_is_nothing(const struct iovec *iov, size_t n)
{
    while (n && iov[n - 1].iov_len == 0)
        n--;
    return n == 0;
}

struct weft_ip linux_v4(const struct in_addr *in)
{
    struct weft_ip ip = weft_ipv4(0);

    memcpy(ip.b + V4_IN_MAPPED, in, sizeof *in);
    return ip;
}

struct in_addr linux_in_addr(const struct weft_ip *ip)
{
    struct in_addr in;

    memcpy(&in, ip->b + V4_IN_MAPPED, sizeof in);
    return in;
}

/* ---- kinds of sockets ---- */

#define PROTOCOLS_END 263 /* Linux's IPPROTO_MAX */

static const struct {
    int domain, type, protocol;
} kinds[] = {
    {AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
    {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6},
};

/* The protocol behind a type and 0, or behind both; -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, as Linux looks them up. */
static int find_protocol(int domain, int type, int protocol)
{
    int err = -ESOCKTNOSUPPORT;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].domain != domain || kinds[i].type != type)
            continue;
        err = -EPROTONOSUPPORT;
        if (protocol == 0 || protocol == kinds[i].protocol)
            return kinds[i].protocol;
    }
    return err;
}

/* Raw sockets are of any protocol but 0; from 256 on Linux has some that no datagram can name. */
static int raw_protocol(int protocol)
{
    return protocol > 0 && protocol <= UINT8_MAX ? protocol : -EPROTONOSUPPORT;
}

int linux_protocol(int domain, int type, int flags, int protocol)
{
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC) || type >= LINUX_TYPES_END)
        return -EINVAL;
    if (protocol < 0 || protocol >= PROTOCOLS_END)
        return -EINVAL;
    return type == SOCK_RAW ? raw_protocol(protocol) : find_protocol(domain, type, protocol);
}

weft_sock *linux_socket(weft_stack *s, int domain, int type, int protocol, int *err)
{
    if (type == SOCK_RAW)
        return weft_socket_raw(s, (enum weft_family)domain, (unsigned)protocol, err);
    return weft_socket_in(s, (enum weft_family)domain, (enum weft_proto)protocol, err);
}
