/* SPDX-License-Identifier: MIT */
/* See address.h. Ports stand in socket addresses as they do on the wire: the larger byte first. */
#include "packetdrill/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "packetdrill/user.h"

#define IN6_SHORTEST 24 /* bytes: RFC 2133's structure had no scope */
#define V4_IN_MAPPED 12 /* offset of the IPv4 address in its mapped form */

int address_copy(struct drill *d, struct address *a, const struct sockaddr *addr, socklen_t n)
{
    memset(&a->bytes, 0, sizeof a->bytes);
    a->n = n;
    if (n > sizeof a->bytes)
        return -EINVAL;
    if (!user_reads(d, addr, n))
        return -EFAULT;
    if (n)
        memcpy(&a->bytes, addr, n);
    return 0;
}

int address_family(const struct address *a)
{
    return a->n < sizeof(sa_family_t) ? -1 : a->bytes.ss_family;
}

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

int address_read(const struct address *a, int domain, struct weft_addr *out)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (a->n < (domain == AF_INET6 ? IN6_SHORTEST : sizeof in))
        return -EINVAL;
    if (address_family(a) != domain)
        return -EAFNOSUPPORT;
    if (domain == AF_INET6) {
        memcpy(&in6, &a->bytes, sizeof in6);
        memcpy(out->ip.b, &in6.sin6_addr, sizeof out->ip.b);
        if (a->n >= sizeof in6)
            weft_ip_set_zone(&out->ip, in6.sin6_scope_id);
        out->port = read_port(&in6.sin6_port);
        return 0;
    }
    memcpy(&in, &a->bytes, sizeof in);
    out->ip = weft_ipv4(0);
    memcpy(out->ip.b + V4_IN_MAPPED, &in.sin_addr, sizeof in.sin_addr);
    out->port = read_port(&in.sin_port);
    return 0;
}

int address_read_peer(const struct address *a, int domain, struct weft_addr *out)
{
    bool v4 = domain == AF_INET6 && address_family(a) == AF_INET;

    return address_read(a, v4 ? AF_INET : domain, out);
}

socklen_t address_make(const struct weft_addr *addr, int domain, struct sockaddr_storage *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    memset(out, 0, sizeof *out);
    if (domain == AF_INET6) {
        struct weft_ip ip = addr->ip;

        in6.sin6_scope_id = weft_ip_zone(&ip);
        weft_ip_set_zone(&ip, 0);
        memcpy(&in6.sin6_addr, ip.b, sizeof ip.b);
        write_port(&in6.sin6_port, addr->port);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    memcpy(&in.sin_addr, addr->ip.b + V4_IN_MAPPED, sizeof in.sin_addr);
    write_port(&in.sin_port, addr->port);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

int address_give(struct drill *d, const struct weft_addr *addr, int domain, struct sockaddr *to, socklen_t *n)
{
    struct sockaddr_storage made;
    socklen_t has = address_make(addr, domain, &made), room;

    if (!user_writes(d, n, sizeof *n))
        return -EFAULT;
    if ((int)*n < 0)
        return -EINVAL;
    room = *n < has ? *n : has;
    if (!user_writes(d, to, room))
        return -EFAULT;
    if (room)
        memcpy(to, &made, room);
    *n = has;
    return 0;
}
