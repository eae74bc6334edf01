/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of UNP chapters 17 and 18 that change something: a host's interfaces, its routes, what it knows of
 * neighbours. They are of IPv4, as the book has them (IPv6's: configure6.c); whoever has the host in his process may.
 * The order in which things are found wrong is Linux's.
 */
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sys/ioctl.h>

#include "posix/posix.h"

/* An address that has a family, in the engine's form. -EINVAL: it is of another. */
static int take_v4(const struct sockaddr *from, struct weft_ip *ip)
{
    struct sockaddr_in in;

    memcpy(&in, from, sizeof in);
    *ip = linux_v4(&in.sin_addr);
    return in.sin_family == AF_INET ? 0 : -EINVAL;
}

static bool is_none(const struct weft_ip *ip) { return linux_host_order(ip) == 0; }
static bool same(const struct weft_ip *a, const struct weft_ip *b) { return memcmp(a, b, sizeof *a) == 0; }

/* Bits of a mask; -EINVAL: it has holes. */
static int bits_of(const struct weft_ip *mask, unsigned *bits)
{
    uint32_t rest = linux_host_order(mask);

    for (*bits = 0; rest & 0x80000000u; rest <<= 1)
        ++*bits;
    return rest ? -EINVAL : 0;
}

/* ---- addresses of an interface ---- */

/* Bits of the network of an address nobody has given a mask for (RFC 791 §3.2); -EINVAL: it is of no class. */
static int class_bits(const struct weft_if_info *info, const struct weft_ip *ip)
{
    unsigned first = linux_host_order(ip) >> 24;

    if (first == 0 || (first >= 224 && first < 240))
        return -EINVAL;
    if (info->link == WEFT_LINK_IP || first >= 240)
        return 32;
    return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* The i-th address, as it was told, goes back to the interface it was taken from. */
static void give_back(weft_if *ifp, const struct weft_if_info *info, int i)
{
    const struct weft_ip *ip = &info->address[i].ip;

    if (weft_if_add_address(ifp, ip, info->address[i].prefix) == 0) {
        weft_if_set_broadcast(ifp, ip, &info->address[i].broadcast);
        weft_if_set_peer(ifp, ip, &info->address[i].peer);
    }
}

/* An address comes in the place of the first of IPv4, or the first one there is. */
static int replace(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip, unsigned bits)
{
    int i = linux_first_v4(info), err = i < 0 ? 0 : weft_if_del_address(ifp, &info->address[i].ip);

    if (err == 0)
        err = weft_if_add_address(ifp, ip, bits);
    if (err && i >= 0)
        give_back(ifp, info, i);
    return err;
}

static int set_address(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip)
{
    int i = linux_first_v4(info), bits;

    if (is_none(ip)) /* it has none any more */
        return i < 0 ? 0 : weft_if_del_address(ifp, &info->address[i].ip);
    bits = class_bits(info, ip);
    if (bits < 0)
        return bits;
    return i >= 0 && same(&info->address[i].ip, ip) ? 0 : replace(ifp, info, ip, (unsigned)bits);
}

static bool is_all_ones(const struct weft_if_info *info, int i)
{
    unsigned bits = info->address[i].prefix;
    uint32_t host = bits < 32 ? UINT32_MAX >> bits : 0;

    return linux_host_order(&info->address[i].broadcast) == (linux_host_order(&info->address[i].ip) | host);
}

/* The broadcast address stays, unless it was the network's. */
static int set_mask(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *mask)
{
    int i = linux_first_v4(info), err;
    const struct weft_ip *ip = &info->address[i].ip;
    unsigned bits;

    err = bits_of(mask, &bits);
    if (err || bits == info->address[i].prefix)
        return err;
    err = replace(ifp, info, ip, bits);
    if (err)
        return err;
    if (bits >= 31 || !is_all_ones(info, i))
        err = weft_if_set_broadcast(ifp, ip, &info->address[i].broadcast);
    return err ? err : weft_if_set_peer(ifp, ip, &info->address[i].peer);
}

static int set_broadcast(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip)
{
    return weft_if_set_broadcast(ifp, &info->address[linux_first_v4(info)].ip, ip);
}

static int set_peer(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip)
{
    int bits = class_bits(info, ip);

    return bits < 0 ? bits : weft_if_set_peer(ifp, &info->address[linux_first_v4(info)].ip, ip);
}

typedef int address_setter(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip);

/* NULL: the request is not of an address. */
static address_setter *setter_of(unsigned long request)
{
    static const struct {
        unsigned long request;
        address_setter *set;
    } all[] = {{SIOCSIFADDR, set_address}, {SIOCSIFNETMASK, set_mask}, {SIOCSIFBRDADDR, set_broadcast},
               {SIOCSIFDSTADDR, set_peer}};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].request == request)
            return all[i].set;
    return NULL;
}

/* ---- interfaces ---- */

static int set_of_address(weft_if *ifp, const struct weft_if_info *info, unsigned long request, const struct ifreq *r)
{
    struct weft_ip ip;

    take_v4(&r->ifr_addr, &ip); /* its family was looked at */
    if (request != SIOCSIFADDR && linux_first_v4(info) < 0)
        return -EADDRNOTAVAIL;
    return setter_of(request)(ifp, info, &ip);
}

static int set_interface(weft_stack *s, unsigned long request, struct ifreq *r)
{
    struct weft_if_info info;
    struct weft_ip ip;
    weft_if *ifp;

    r->ifr_name[IFNAMSIZ - 1] = 0;
    if (setter_of(request) && take_v4(&r->ifr_addr, &ip))
        return -EINVAL;
    ifp = weft_if_find(s, r->ifr_name);
    if (!ifp || !linux_find_interface(s, r->ifr_name, 0, &info))
        return -ENODEV;
    if (setter_of(request))
        return set_of_address(ifp, &info, request, r);
    if (request == SIOCSIFMETRIC)
        return -EOPNOTSUPP; /* as on Linux; it may be asked for, and is 0 */
    if (request == SIOCSIFMTU)
        return r->ifr_mtu < 0 ? -EINVAL : weft_if_set_mtu(ifp, (uint32_t)r->ifr_mtu);
    weft_if_set_up(ifp, r->ifr_flags & IFF_UP); /* the other flags are what the link is */
    return 0;
}

/* ---- routes ---- */

/* Where it leads. */
static int take_network(const struct rtentry *r, struct weft_route *route)
{
    struct weft_ip mask;
    bool masked = take_v4(&r->rt_genmask, &mask) == 0;
    uint32_t host;
    int err;

    if (take_v4(&r->rt_dst, &route->dst))
        return -EAFNOSUPPORT;
    route->prefix = 32;
    if (r->rt_flags & RTF_HOST)
        return 0;
    if (!masked && (r->rt_genmask.sa_family || !is_none(&mask)))
        return -EAFNOSUPPORT;
    err = bits_of(&mask, &route->prefix);
    host = route->prefix < 32 ? UINT32_MAX >> route->prefix : 0;
    return err ? err : linux_host_order(&route->dst) & host ? -EINVAL : 0;
}

/* All that is said of it; *if_name is the caller's copy of a name. */
static int take_route(weft_stack *s, const struct rtentry *r, struct weft_route *route, char if_name[IFNAMSIZ])
{
    int err = take_network(r, route);

    if (err)
        return err;
    if (r->rt_flags & RTF_REJECT)
        return -EOPNOTSUPP; /* a route leads somewhere here */
    route->metric = r->rt_metric > 0 ? (uint32_t)r->rt_metric - 1 : 0;
    if (r->rt_dev) {
        strncpy(if_name, r->rt_dev, IFNAMSIZ - 1);
        route->if_name = if_name;
        if (!weft_if_find(s, if_name))
            return -ENODEV;
    }
    if (take_v4(&r->rt_gateway, &route->gateway))
        route->gateway = weft_ipv4(0);
    return 0;
}

static int add_route(weft_stack *s, const struct rtentry *r, const struct weft_route *route)
{
    struct weft_if_info info;

    if (is_none(&route->gateway)) {
        if (r->rt_flags & RTF_GATEWAY)
            return -EINVAL;
        if (!route->if_name)
            return -ENODEV;
    }
    if (route->if_name && linux_find_interface(s, route->if_name, 0, &info) && !info.up)
        return -ENETDOWN;
    return weft_route_add(s, route);
}

/* Is it the one that is meant? What was not said may be anything. */
static bool is_meant(const struct weft_route *it, const struct rtentry *r, const struct weft_route *said)
{
    return weft_ip_is_v4(&it->dst) && same(&it->dst, &said->dst) && it->prefix == said->prefix &&
           (is_none(&said->gateway) || same(&it->gateway, &said->gateway)) &&
           (!said->if_name || strcmp(it->if_name, said->if_name) == 0) &&
           (r->rt_metric <= 0 || it->metric == said->metric);
}

static int delete_route(weft_stack *s, const struct rtentry *r, const struct weft_route *said)
{
    struct weft_route it;

    for (size_t i = 0; weft_route_info(s, i, &it); i++)
        if (is_meant(&it, r, said))
            return weft_route_del(s, &it);
    return -ESRCH;
}

static int set_route(weft_stack *s, unsigned long request, const struct rtentry *r)
{
    char if_name[IFNAMSIZ] = "";
    struct weft_route route = {.owner = WEFT_ROUTE_STATIC};
    int err = take_route(s, r, &route, if_name);

    if (err)
        return err;
    return request == SIOCADDRT ? add_route(s, r, &route) : delete_route(s, r, &route);
}

/* ---- neighbours ---- */

/* The interface that is named, or else the one by which the address is a neighbour. NULL and *err: there is none. */
static weft_if *neighbour_if(weft_stack *s, const struct arpreq *r, const struct weft_ip *ip, int *err)
{
    struct weft_route route;
    weft_if *ifp = NULL;

    if (*r->arp_dev) {
        ifp = memchr(r->arp_dev, 0, sizeof r->arp_dev) ? weft_if_find(s, r->arp_dev) : NULL;
        *err = -ENODEV;
    } else {
        *err = weft_route_get(s, ip, &route);
        ifp = *err ? NULL : weft_if_find(s, route.if_name);
    }
    return ifp;
}

static int enter_neighbour(weft_if *ifp, const struct arpreq *r, const struct weft_ip *ip)
{
    uint8_t mac[6];

    if (r->arp_flags & ATF_PUBL)
        return -EOPNOTSUPP; /* who answers for others does so for all that are behind him:
                             * net.ipv4.conf.all.proxy_arp */
    if (!(r->arp_flags & ATF_COM) || (*r->arp_dev && r->arp_ha.sa_family && r->arp_ha.sa_family != ARPHRD_ETHER))
        return -EINVAL;
    memcpy(mac, r->arp_ha.sa_data, sizeof mac);
    return (r->arp_flags & ATF_PERM ? weft_neighbour_add : weft_neighbour_tell)(ifp, ip, mac);
}

static int set_neighbour(weft_stack *s, unsigned long request, const struct arpreq *r)
{
    struct weft_ip ip;
    weft_if *ifp;
    int err;

    if (take_v4(&r->arp_pa, &ip))
        return -EPFNOSUPPORT;
    if (!(r->arp_flags & ATF_PUBL) && r->arp_flags & (ATF_NETMASK | ATF_DONTPUB))
        return -EINVAL;
    ifp = neighbour_if(s, r, &ip, &err);
    if (!ifp)
        return err;
    if (request == SIOCSARP)
        return enter_neighbour(ifp, r, &ip);
    err = weft_neighbour_del(ifp, &ip);
    return err == WEFT_ENOENT ? -ENXIO : err;
}

/* ---- all of them ---- */

static bool is_configuration(unsigned long request)
{
    static const unsigned long known[] = {SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFBRDADDR, SIOCSIFDSTADDR, SIOCSIFFLAGS,
                                          SIOCSIFMTU, SIOCSIFMETRIC, SIOCADDRT, SIOCDELRT, SIOCSARP, SIOCDARP,
                                          SIOCDIFADDR};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == request)
            return true;
    return false;
}

int px_configure_ioctl(struct px_call *c, unsigned long request, void *argument)
{
    weft_stack *s = c->host->stack;
    bool of_any_family = request == SIOCSIFFLAGS || request == SIOCSIFMTU || request == SIOCSIFMETRIC;

    if (!is_configuration(request))
        return -ENOTTY;
    if (!argument)
        return -EFAULT;
    if (c->s->domain != AF_INET && !of_any_family)
        return request == SIOCSIFDSTADDR ? -EOPNOTSUPP /* of tunnels, which there are none of */
                                         : px_configure6_ioctl(s, request, argument);
    if (request == SIOCDIFADDR)
        return -ENOTTY;
    if (request == SIOCADDRT || request == SIOCDELRT)
        return set_route(s, request, argument);
    if (request == SIOCSARP || request == SIOCDARP)
        return set_neighbour(s, request, argument);
    return set_interface(s, request, argument);
}
