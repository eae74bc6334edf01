/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of sockets of AF_INET6 that change something (ipv6(7)): SIOCSIFADDR and SIOCDIFADDR, which give an
 * interface one more address and take it away, and SIOCADDRT and SIOCDELRT. Their arguments are others than IPv4's
 * (configure.c); they name interfaces by number.
 */
#include <linux/sockios.h>
#include <net/route.h>

#include <linux/ipv6.h> /* needs netinet/in.h before it */

#include "posix/posix.h"

static struct weft_ip ip_of(const struct in6_addr *in)
{
    struct weft_ip ip = {0};

    memcpy(ip.b, in, sizeof ip.b);
    return ip;
}

static bool same(const struct weft_ip *a, const struct weft_ip *b) { return memcmp(a, b, sizeof *a) == 0; }

/* Are they the same but for the zone, which ours have and the caller's never? */
static bool is_that(struct weft_ip ours, const struct weft_ip *theirs)
{
    weft_ip_set_zone(&ours, 0);
    return same(&ours, theirs);
}

/* ---- addresses ---- */

static int take_away(weft_if *ifp, const struct weft_if_info *info, const struct weft_ip *ip, unsigned prefix)
{
    for (size_t i = 0; i < info->n_addresses; i++)
        if (is_that(info->address[i].ip, ip) && info->address[i].prefix == prefix)
            return weft_if_del_address(ifp, &info->address[i].ip);
    return -EADDRNOTAVAIL;
}

static int set_address(weft_stack *s, unsigned long request, const void *argument)
{
    struct in6_ifreq r;
    struct weft_if_info info;
    struct weft_ip ip;
    weft_if *ifp;

    memcpy(&r, argument, sizeof r);
    ip = ip_of(&r.ifr6_addr);
    if (r.ifr6_prefixlen > 128)
        return -EINVAL;
    if (r.ifr6_ifindex <= 0 || !linux_find_interface(s, NULL, (unsigned)r.ifr6_ifindex, &info))
        return -ENODEV;
    ifp = weft_if_find(s, info.name);
    if (request == SIOCSIFADDR)
        return weft_if_add_address(ifp, &ip, r.ifr6_prefixlen);
    return take_away(ifp, &info, &ip, r.ifr6_prefixlen);
}

/* ---- routes ---- */

/* The bits behind the prefix are of no importance, as on Linux. */
static void cut(struct weft_ip *ip, unsigned prefix)
{
    for (unsigned bit = prefix; bit < 128; bit++)
        ip->b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

/* -ESRCH: there is none. What was not said may be anything. */
static int delete_route(weft_stack *s, const struct in6_rtmsg *r, const struct weft_route *said)
{
    struct weft_route it;

    for (size_t i = 0; weft_route_info(s, i, &it); i++)
        if (is_that(it.dst, &said->dst) && it.prefix == said->prefix &&
            (!said->if_name || strcmp(it.if_name, said->if_name) == 0) &&
            (!(r->rtmsg_flags & RTF_GATEWAY) || is_that(it.gateway, &said->gateway)) &&
            (r->rtmsg_metric == 0 || it.metric == said->metric))
            return weft_route_del(s, &it);
    return -ESRCH;
}

static int set_route(weft_stack *s, unsigned long request, const void *argument)
{
    struct in6_rtmsg r;
    struct weft_if_info info;
    struct weft_route route = {.owner = WEFT_ROUTE_STATIC};

    memcpy(&r, argument, sizeof r);
    if (r.rtmsg_dst_len > 128 || r.rtmsg_src_len)
        return -EINVAL;
    route.dst = ip_of(&r.rtmsg_dst);
    route.prefix = r.rtmsg_dst_len;
    cut(&route.dst, route.prefix);
    route.metric = r.rtmsg_metric;
    if (r.rtmsg_flags & RTF_GATEWAY)
        route.gateway = ip_of(&r.rtmsg_gateway);
    if (r.rtmsg_ifindex) {
        if (!linux_find_interface(s, NULL, (unsigned)r.rtmsg_ifindex, &info))
            return request == SIOCADDRT ? -ENODEV : -ESRCH;
        route.if_name = info.name;
    }
    if (request == SIOCDELRT)
        return delete_route(s, &r, &route);
    if (!route.if_name && !(r.rtmsg_flags & RTF_GATEWAY))
        return -ENODEV;
    if (route.if_name && !info.up)
        return -ENETDOWN;
    return weft_route_add(s, &route);
}

int px_configure6_ioctl(weft_stack *s, unsigned long request, const void *argument)
{
    if (request == SIOCSIFADDR || request == SIOCDIFADDR)
        return set_address(s, request, argument);
    if (request == SIOCADDRT || request == SIOCDELRT)
        return set_route(s, request, argument);
    return -ENOTTY;
}
