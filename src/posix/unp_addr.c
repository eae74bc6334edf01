/* SPDX-License-Identifier: MIT */
/* See weft/unp.h. Addresses whose family a program need not know (UNP 3.8), and groups by them (UNP 21.7). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "posix/posix.h"
#include "weft/unp.h"
#include "wire/buf.h"

/* ---- addresses ---- */

/* Where in an address its port and its bytes are. */
static const struct form {
    sa_family_t family;
    socklen_t size;
    size_t port, ip, n_ip;
} forms[] = {
    {AF_INET, sizeof(struct sockaddr_in), offsetof(struct sockaddr_in, sin_port),
     offsetof(struct sockaddr_in, sin_addr), sizeof(struct in_addr)},
    {AF_INET6, sizeof(struct sockaddr_in6), offsetof(struct sockaddr_in6, sin6_port),
     offsetof(struct sockaddr_in6, sin6_addr), sizeof(struct in6_addr)},
};

/* NULL and EAFNOSUPPORT, EINVAL (shorter than its family has it). */
static const struct form *form_of(const struct sockaddr *addr, socklen_t len)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (len >= sizeof addr->sa_family && addr->sa_family == forms[i].family) {
            if (len >= forms[i].size)
                return &forms[i];
            errno = EINVAL;
            return NULL;
        }
    errno = EAFNOSUPPORT;
    return NULL;
}

int weft_unp_sock_get_port(const struct sockaddr *addr, socklen_t len)
{
    const struct form *f = form_of(addr, len);

    return f ? peek_u16((const uint8_t *)addr + f->port) : -1;
}

int weft_unp_sock_set_port(struct sockaddr *addr, socklen_t len, unsigned port)
{
    const struct form *f = form_of(addr, len);

    if (!f)
        return -1;
    poke_u16((uint8_t *)addr + f->port, (uint16_t)port);
    return 0;
}

int weft_unp_sock_set_addr(struct sockaddr *addr, socklen_t len, const void *ip)
{
    const struct form *f = form_of(addr, len);

    if (!f)
        return -1;
    memcpy((uint8_t *)addr + f->ip, ip, f->n_ip);
    return 0;
}

int weft_unp_sock_set_wild(struct sockaddr *addr, socklen_t len)
{
    const struct form *f = form_of(addr, len);

    if (!f)
        return -1;
    memset((uint8_t *)addr + f->ip, 0, f->n_ip);
    return 0;
}

/* 1: of one family, and this part of both is the same. */
static int compare(const struct sockaddr *a, const struct sockaddr *b, socklen_t len, bool ports)
{
    const struct form *f = form_of(a, len);

    if (!f || !form_of(b, len))
        return -1;
    if (a->sa_family != b->sa_family)
        return 0;
    return memcmp((const uint8_t *)a + (ports ? f->port : f->ip), (const uint8_t *)b + (ports ? f->port : f->ip),
                  ports ? sizeof(uint16_t) : f->n_ip) == 0;
}

int weft_unp_sock_same_addr(const struct sockaddr *a, const struct sockaddr *b, socklen_t len)
{
    return compare(a, b, len, false);
}

int weft_unp_sock_same_port(const struct sockaddr *a, const struct sockaddr *b, socklen_t len)
{
    return compare(a, b, len, true);
}

int weft_unp_sock_bind_wild(int fd, int family)
{
    struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
    const struct form *f = form_of((struct sockaddr *)&any, sizeof any);
    socklen_t n = sizeof any;

    if (!f || weft_posix_bind(fd, (struct sockaddr *)&any, f->size) < 0 ||
        weft_posix_getsockname(fd, (struct sockaddr *)&any, &n) < 0)
        return -1;
    return weft_unp_sock_get_port((struct sockaddr *)&any, n);
}

/* ---- groups ---- */

static int level_of_family(int family) { return family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP; }
static int level_of(const struct sockaddr *addr) { return level_of_family(addr->sa_family); }

/* The interface by its name, else by its number; 0: as the host chooses. */
static int find_interface(const char *name, unsigned index, uint32_t *out)
{
    *out = name ? weft_posix_if_nametoindex(name) : index;
    if (*out || !name)
        return 0;
    errno = ENXIO;
    return -1;
}

static int of_group(int fd, int option, const struct sockaddr *group, socklen_t len, const char *name, unsigned index)
{
    struct group_req r = {0};

    if (!form_of(group, len) || find_interface(name, index, &r.gr_interface) < 0)
        return -1;
    memcpy(&r.gr_group, group, len < sizeof r.gr_group ? len : sizeof r.gr_group);
    return weft_posix_setsockopt(fd, level_of(group), option, &r, sizeof r);
}

int weft_unp_mcast_join(int fd, const struct sockaddr *group, socklen_t len, const char *name, unsigned index)
{
    return of_group(fd, MCAST_JOIN_GROUP, group, len, name, index);
}

int weft_unp_mcast_leave(int fd, const struct sockaddr *group, socklen_t len, const char *name, unsigned index)
{
    return of_group(fd, MCAST_LEAVE_GROUP, group, len, name, index);
}

int weft_unp_mcast_source(int fd, int option, const struct sockaddr *source, const struct sockaddr *group,
                          socklen_t len, const char *name, unsigned index)
{
    struct group_source_req r = {0};

    if (option != MCAST_BLOCK_SOURCE && option != MCAST_UNBLOCK_SOURCE && option != MCAST_JOIN_SOURCE_GROUP &&
        option != MCAST_LEAVE_SOURCE_GROUP) {
        errno = EINVAL;
        return -1;
    }
    if (!form_of(group, len) || !form_of(source, len) || find_interface(name, index, &r.gsr_interface) < 0)
        return -1;
    memcpy(&r.gsr_group, group, len < sizeof r.gsr_group ? len : sizeof r.gsr_group);
    memcpy(&r.gsr_source, source, len < sizeof r.gsr_source ? len : sizeof r.gsr_source);
    return weft_posix_setsockopt(fd, level_of(group), option, &r, sizeof r);
}

int weft_unp_family_to_level(int family)
{
    if (family == AF_INET || family == AF_INET6)
        return level_of_family(family);
    errno = EAFNOSUPPORT;
    return -1;
}

int weft_unp_sockfd_to_family(int fd)
{
    int domain = 0;
    socklen_t n = sizeof domain;

    return weft_posix_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0 ? -1 : domain;
}

/* Each of these has an option for either family. */
static int get_int(int fd, int option4, int option6)
{
    int domain = weft_unp_sockfd_to_family(fd), v = 0;
    socklen_t n = sizeof v;

    if (domain < 0)
        return -1;
    return weft_posix_getsockopt(fd, domain == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                 domain == AF_INET6 ? option6 : option4, &v, &n) < 0 ? -1 : v;
}

static int set_int(int fd, int option4, int option6, int v)
{
    int domain = weft_unp_sockfd_to_family(fd);

    if (domain < 0)
        return -1;
    return weft_posix_setsockopt(fd, domain == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                 domain == AF_INET6 ? option6 : option4, &v, sizeof v);
}

int weft_unp_mcast_get_ttl(int fd) { return get_int(fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS); }
int weft_unp_mcast_set_ttl(int fd, int ttl) { return set_int(fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl); }
int weft_unp_mcast_get_loop(int fd) { return get_int(fd, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP); }
int weft_unp_mcast_set_loop(int fd, int on) { return set_int(fd, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, on); }

int weft_unp_mcast_set_if(int fd, const char *name, unsigned index)
{
    struct ip_mreqn r = {0};
    int domain = weft_unp_sockfd_to_family(fd), number;
    uint32_t found;

    if (domain < 0 || find_interface(name, index, &found) < 0)
        return -1;
    number = r.imr_ifindex = (int)found;
    return domain == AF_INET6
               ? weft_posix_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &number, sizeof number)
               : weft_posix_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof r);
}

/* By IPv4 a socket tells nobody but the stack itself: IP_MULTICAST_IF gives back the address that it was set by. */
static int out_interface_v4(int fd)
{
    struct weft_group g = {0};
    size_t size = sizeof g;
    struct px_call c;
    int err = px_begin(&c, fd);

    if (!err)
        err = weft_getsockopt(px_engine(c.s), WEFT_SOL_IP, WEFT_IP_MULTICAST_IF, &g, &size);
    return (int)px_result(px_end(&c, err ? err : (int)g.interface));
}

int weft_unp_mcast_get_if(int fd)
{
    int domain = weft_unp_sockfd_to_family(fd), index = 0;
    socklen_t n = sizeof index;

    if (domain != AF_INET6)
        return domain < 0 ? -1 : out_interface_v4(fd);
    return weft_posix_getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, &n) < 0 ? -1 : index;
}

/* ---- waiting for so long at most (UNP 14.2) ---- */

static int await(int fd, short events, int seconds)
{
    struct pollfd p = {.fd = fd, .events = events};

    return weft_posix_poll(&p, 1, seconds * 1000);
}

int weft_unp_readable_timeo(int fd, int seconds) { return await(fd, POLLIN, seconds); }
int weft_unp_writable_timeo(int fd, int seconds) { return await(fd, POLLOUT, seconds); }

int weft_unp_connect_timeo(int fd, const struct sockaddr *addr, socklen_t len, int seconds)
{
    int flags = weft_posix_fcntl(fd, F_GETFL), err = 0, r;
    socklen_t n = sizeof err;

    if (flags < 0 || weft_posix_fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    r = weft_posix_connect(fd, addr, len);
    if (r < 0 && errno == EINPROGRESS) {
        r = await(fd, POLLOUT, seconds);
        err = r == 0 ? ETIMEDOUT : 0;
        if (r > 0)
            r = weft_posix_getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
        r = r < 0 || err ? -1 : 0;
        errno = err ? err : errno;
    }
    err = errno;
    weft_posix_fcntl(fd, F_SETFL, flags);
    errno = err;
    return r;
}
