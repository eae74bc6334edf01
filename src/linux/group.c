/* SPDX-License-Identifier: MIT */
/*
 * The options about groups, whose values the system has in many structures (ip(7), ipv6(7), RFC 3678) and the engine in
 * two: struct weft_group and struct weft_group_filter.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "linux/linux.h"

#define FILTER_MAX 65536 /* bytes of a filter as the system has it */

/* ---- addresses ---- */

/* A group or a source in a struct sockaddr_storage, of the level's family. */
static int take_storage(int level, const struct sockaddr_storage *from, struct weft_ip *ip)
{
    struct weft_addr addr;
    int domain = level == IPPROTO_IP ? AF_INET : AF_INET6;
    int err = linux_read_addr((const struct sockaddr *)from, sizeof *from, domain, &addr);

    if (!err)
        *ip = addr.ip;
    return err == -EAFNOSUPPORT ? -EADDRNOTAVAIL : err;
}

static void give_storage(int level, const struct weft_ip *ip, struct sockaddr_storage *to)
{
    struct weft_addr addr = {.ip = *ip};

    memset(to, 0, sizeof *to);
    linux_make_addr(&addr, level == IPPROTO_IP ? AF_INET : AF_INET6, to);
}

/* ---- one group ---- */

/* Each reads a value of n bytes, which is at least its structure's size. */
static int take_mreq(int level, const void *value, size_t n, struct weft_group *g)
{
    struct ip_mreqn m = {0};

    (void)level;
    memcpy(&m, value, n < sizeof m ? sizeof(struct ip_mreq) : sizeof m);
    *g = (struct weft_group){.interface = (unsigned)m.imr_ifindex, .address = linux_v4(&m.imr_address),
                             .group = linux_v4(&m.imr_multiaddr)};
    return 0;
}

/* IP_MULTICAST_IF takes the address of the interface alone, too. */
static int take_interface(int level, const void *value, size_t n, struct weft_group *g)
{
    struct in_addr in;

    if (n >= sizeof(struct ip_mreq))
        return take_mreq(level, value, n, g);
    memcpy(&in, value, sizeof in);
    *g = (struct weft_group){.address = linux_v4(&in)};
    return 0;
}

static int take_mreq_source(int level, const void *value, size_t n, struct weft_group *g)
{
    struct ip_mreq_source m;

    (void)level, (void)n;
    memcpy(&m, value, sizeof m);
    *g = (struct weft_group){.address = linux_v4(&m.imr_interface), .group = linux_v4(&m.imr_multiaddr),
                             .source = linux_v4(&m.imr_sourceaddr)};
    return 0;
}

static int take_mreq_v6(int level, const void *value, size_t n, struct weft_group *g)
{
    struct ipv6_mreq m;

    (void)level, (void)n;
    memcpy(&m, value, sizeof m);
    *g = (struct weft_group){.interface = m.ipv6mr_interface};
    memcpy(g->group.b, &m.ipv6mr_multiaddr, sizeof g->group.b);
    return 0;
}

static int take_group(int level, const void *value, size_t n, struct weft_group *g)
{
    struct group_req r;

    (void)n;
    memcpy(&r, value, sizeof r);
    *g = (struct weft_group){.interface = r.gr_interface};
    return take_storage(level, &r.gr_group, &g->group);
}

static int take_group_source(int level, const void *value, size_t n, struct weft_group *g)
{
    struct group_source_req r;
    int err;

    (void)n;
    memcpy(&r, value, sizeof r);
    *g = (struct weft_group){.interface = r.gsr_interface};
    err = take_storage(level, &r.gsr_group, &g->group);
    return err ? err : take_storage(level, &r.gsr_source, &g->source);
}

static const struct row {
    int level, option, engine;
    size_t size;
    int (*take)(int level, const void *value, size_t n, struct weft_group *g);
} rows[] = {
    {IPPROTO_IP, IP_MULTICAST_IF, WEFT_IP_MULTICAST_IF, sizeof(struct in_addr), take_interface},
    {IPPROTO_IP, IP_ADD_MEMBERSHIP, WEFT_MCAST_JOIN_GROUP, sizeof(struct ip_mreq), take_mreq},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP, WEFT_MCAST_LEAVE_GROUP, sizeof(struct ip_mreq), take_mreq},
    {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, WEFT_MCAST_JOIN_SOURCE_GROUP, sizeof(struct ip_mreq_source),
     take_mreq_source},
    {IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, WEFT_MCAST_LEAVE_SOURCE_GROUP, sizeof(struct ip_mreq_source),
     take_mreq_source},
    {IPPROTO_IP, IP_BLOCK_SOURCE, WEFT_MCAST_BLOCK_SOURCE, sizeof(struct ip_mreq_source), take_mreq_source},
    {IPPROTO_IP, IP_UNBLOCK_SOURCE, WEFT_MCAST_UNBLOCK_SOURCE, sizeof(struct ip_mreq_source), take_mreq_source},
    {IPPROTO_IPV6, IPV6_JOIN_GROUP, WEFT_MCAST_JOIN_GROUP, sizeof(struct ipv6_mreq), take_mreq_v6},
    {IPPROTO_IPV6, IPV6_LEAVE_GROUP, WEFT_MCAST_LEAVE_GROUP, sizeof(struct ipv6_mreq), take_mreq_v6},
    {0, MCAST_JOIN_GROUP, WEFT_MCAST_JOIN_GROUP, sizeof(struct group_req), take_group},
    {0, MCAST_LEAVE_GROUP, WEFT_MCAST_LEAVE_GROUP, sizeof(struct group_req), take_group},
    {0, MCAST_JOIN_SOURCE_GROUP, WEFT_MCAST_JOIN_SOURCE_GROUP, sizeof(struct group_source_req), take_group_source},
    {0, MCAST_LEAVE_SOURCE_GROUP, WEFT_MCAST_LEAVE_SOURCE_GROUP, sizeof(struct group_source_req), take_group_source},
    {0, MCAST_BLOCK_SOURCE, WEFT_MCAST_BLOCK_SOURCE, sizeof(struct group_source_req), take_group_source},
    {0, MCAST_UNBLOCK_SOURCE, WEFT_MCAST_UNBLOCK_SOURCE, sizeof(struct group_source_req), take_group_source},
};

/* Level 0 of a row that names group_req or group_source_req stands for both levels. */
static const struct row *find(int level, int option)
{
    bool both = option >= MCAST_JOIN_GROUP && option <= MCAST_LEAVE_SOURCE_GROUP;

    if (level != IPPROTO_IP && level != IPPROTO_IPV6)
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].option == option && (both || rows[i].level == level))
            return &rows[i];
    return NULL;
}

static bool is_filter(int level, int option)
{
    return (level == IPPROTO_IP && (option == IP_MSFILTER || option == MCAST_MSFILTER)) ||
           (level == IPPROTO_IPV6 && option == MCAST_MSFILTER);
}

bool linux_is_group_option(int level, int option) { return find(level, option) || is_filter(level, option); }

/* ---- filters ---- */

/* Bytes in front of the sources, and of each source. */
static size_t head_of(int option) { return option == IP_MSFILTER ? IP_MSFILTER_SIZE(0) : GROUP_FILTER_SIZE(0); }
static size_t step_of(int option)
{
    return option == IP_MSFILTER ? sizeof(struct in_addr) : sizeof(struct sockaddr_storage);
}

/* The part in front of the sources. */
static int take_head(int level, int option, const uint8_t *value, struct weft_group_filter *f)
{
    struct ip_msfilter m = {0};
    struct group_filter g = {0};

    if (option == IP_MSFILTER) {
        memcpy(&m, value, IP_MSFILTER_SIZE(0));
        *f = (struct weft_group_filter){.group.address = linux_v4(&m.imsf_interface),
                                        .group.group = linux_v4(&m.imsf_multiaddr), .mode = m.imsf_fmode,
                                        .n = m.imsf_numsrc};
        return 0;
    }
    memcpy(&g, value, GROUP_FILTER_SIZE(0));
    *f = (struct weft_group_filter){.group.interface = g.gf_interface, .mode = g.gf_fmode, .n = g.gf_numsrc};
    return take_storage(level, &g.gf_group, &f->group.group);
}

static int take_source(int level, int option, const uint8_t *at, struct weft_ip *ip)
{
    struct sockaddr_storage storage;
    struct in_addr in;

    if (option == IP_MSFILTER) {
        memcpy(&in, at, sizeof in);
        *ip = linux_v4(&in);
        return 0;
    }
    memcpy(&storage, at, sizeof storage);
    return take_storage(level, &storage, ip);
}

static int set_filter(weft_sock *sock, int level, int option, const uint8_t *value, size_t n)
{
    struct weft_group_filter head, *f;
    struct weft_ip *source;
    size_t size;
    int err;

    if (n < head_of(option) || n > FILTER_MAX)
        return n > FILTER_MAX ? -ENOBUFS : -EINVAL;
    err = take_head(level, option, value, &head);
    if (!err && head.n > (n - head_of(option)) / step_of(option))
        err = -EINVAL;
    if (err)
        return err;
    size = sizeof *f + head.n * sizeof *source;
    f = malloc(size);
    if (!f)
        return -ENOMEM;
    *f = head;
    source = (struct weft_ip *)(f + 1);
    for (uint32_t i = 0; i < head.n && !err; i++)
        err = take_source(level, option, value + head_of(option) + i * step_of(option), &source[i]);
    if (!err)
        err = weft_setsockopt(sock, level, WEFT_MCAST_MSFILTER, f, size);
    free(f);
    return err;
}

/* Writes mode, number and as many sources as have room behind the part that named the group. */
static void give_filter(int level, int option, const struct weft_group_filter *f, uint8_t *value, size_t *n)
{
    const struct weft_ip *source = (const struct weft_ip *)(f + 1);
    size_t room = (*n - head_of(option)) / step_of(option), told = f->n < room ? f->n : room;
    struct sockaddr_storage storage;
    struct in_addr in;

    memcpy(value + (option == IP_MSFILTER ? offsetof(struct ip_msfilter, imsf_fmode)
                                          : offsetof(struct group_filter, gf_fmode)), &f->mode, sizeof f->mode);
    memcpy(value + (option == IP_MSFILTER ? offsetof(struct ip_msfilter, imsf_numsrc)
                                          : offsetof(struct group_filter, gf_numsrc)), &f->n, sizeof f->n);
    for (size_t i = 0; i < told; i++) {
        uint8_t *at = value + head_of(option) + i * step_of(option);

        in = linux_in_addr(&source[i]);
        give_storage(level, &source[i], &storage);
        memcpy(at, option == IP_MSFILTER ? (const void *)&in : (const void *)&storage, step_of(option));
    }
    *n = head_of(option) + told * step_of(option);
}

static int get_filter(weft_sock *sock, int level, int option, uint8_t *value, size_t *n)
{
    struct weft_group_filter head, *f;
    size_t size;
    int err;

    if (*n < head_of(option))
        return -EINVAL;
    err = take_head(level, option, value, &head);
    if (err)
        return err == -EADDRNOTAVAIL && level == IPPROTO_IP ? -EINVAL : err;
    size = sizeof *f + (*n - head_of(option)) / step_of(option) * sizeof(struct weft_ip);
    f = calloc(1, size);
    if (!f)
        return -ENOMEM;
    *f = head;
    err = weft_getsockopt(sock, level, WEFT_MCAST_MSFILTER, f, &size);
    if (!err)
        give_filter(level, option, f, value, n);
    free(f);
    return err;
}

/* ---- the calls ---- */

/* A socket of IPv4 has nothing of IPv6, and a raw one of IPv6 nothing of IPv4. */
static bool is_level_of_others(const weft_sock *sock, int level)
{
    bool v6 = weft_sock_family(sock) == WEFT_INET6;

    return (level == IPPROTO_IPV6 && !v6) || (level == IPPROTO_IP && v6 && weft_sock_proto(sock) == WEFT_RAW);
}

int linux_group_set(weft_sock *sock, bool stream, int level, int option, const void *value, size_t n)
{
    const struct row *row = find(level, option);
    struct weft_group g;
    int err;

    if (is_level_of_others(sock, level))
        return -ENOPROTOOPT;
    if (!value)
        return -EFAULT;
    if (stream && level == IPPROTO_IP && (option == IP_ADD_MEMBERSHIP || option == IP_DROP_MEMBERSHIP))
        return -EPROTO; /* whatever the length */
    if (n < (row ? row->size : head_of(option)))
        return -EINVAL;
    if (stream)
        return option == IP_MULTICAST_IF ? -EINVAL : -EPROTO;
    if (!row)
        return set_filter(sock, level, option, value, n);
    err = row->take(level, value, n, &g);
    return err ? err : weft_setsockopt(sock, level, row->engine, &g, sizeof g);
}

/* IP_MULTICAST_IF tells the address it was given; of the others only filters can be asked for. */
int linux_group_get(weft_sock *sock, int level, int option, void *value, size_t *n)
{
    struct weft_group g = {.address = weft_ipv4(0)};
    struct in_addr in;
    size_t size = sizeof g;
    int err = 0;

    if (is_level_of_others(sock, level))
        return level == IPPROTO_IPV6 ? -EOPNOTSUPP : -ENOPROTOOPT;
    if (is_filter(level, option))
        return get_filter(sock, level, option, value, n);
    if (level != IPPROTO_IP || option != IP_MULTICAST_IF)
        return -ENOPROTOOPT;
    if (weft_sock_proto(sock) != WEFT_TCP)
        err = weft_getsockopt(sock, level, WEFT_IP_MULTICAST_IF, &g, &size);
    if (err)
        return err;
    in = linux_in_addr(&g.address);
    *n = *n < sizeof in ? *n : sizeof in;
    memcpy(value, &in, *n);
    return 0;
}
