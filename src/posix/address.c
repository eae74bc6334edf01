/* SPDX-License-Identifier: MIT */
/* struct sockaddr_in and sockaddr_in6 from and to weft_addr. */
#include "posix/posix.h"

#define IN6_SHORTEST 24 /* bytes: RFC 2133's structure had no scope */
#define V4_IN_MAPPED 12 /* offset of the IPv4 address in its mapped form */

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

int px_family(const struct sockaddr *addr, socklen_t n)
{
    return n < sizeof(sa_family_t) || !addr ? -1 : addr->sa_family;
}

void px_here(struct weft_addr *addr)
{
    static const struct weft_ip none, six = {{[15] = 1}};
    struct weft_ip four = weft_ipv4(0);

    if (memcmp(&addr->ip, &none, sizeof none) == 0)
        addr->ip = six;
    else if (memcmp(&addr->ip, &four, sizeof four) == 0)
        addr->ip = weft_ipv4(0x7f000001);
}

struct weft_ip px_v4(const struct in_addr *in)
{
    struct weft_ip ip = weft_ipv4(0);

    memcpy(ip.b + V4_IN_MAPPED, in, sizeof *in);
    return ip;
}

struct in_addr px_in_addr(const struct weft_ip *ip)
{
    struct in_addr in;

    memcpy(&in, ip->b + V4_IN_MAPPED, sizeof in);
    return in;
}

int px_read_addr(const struct sockaddr *addr, socklen_t n, int domain, struct weft_addr *out)
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
    out->ip = px_v4(&in.sin_addr);
    out->port = read_port(&in.sin_port);
    return 0;
}

socklen_t px_make_addr(const struct weft_addr *addr, int domain, struct sockaddr_storage *out)
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
    in.sin_addr = px_in_addr(&ip);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

int px_give_addr(const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n)
{
    struct sockaddr_storage made;
    socklen_t has = px_make_addr(addr, domain, &made);

    if (!to)
        return 0;
    if (!n)
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    memcpy(to, &made, *n < has ? *n : has);
    *n = has;
    return 0;
}
