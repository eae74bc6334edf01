/* SPDX-License-Identifier: MIT */
/* What rtnetlink(7) says of interfaces, addresses and routes, written into a datagram. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "run/netlink.h"
#include "weft/route.h"

void netlink_flush(struct netlink_writer *w)
{
    if (w->n)
        w->take(w);
    w->n = 0;
}

void netlink_begin(struct netlink_writer *w, uint16_t type, const void *body, size_t n)
{
    const size_t most = 512;
    struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)w->flags, .nlmsg_seq = w->sequence,
                         .nlmsg_pid = w->port};

    if (w->n + most > sizeof w->out.bytes)
        netlink_flush(w);
    w->message = w->n;
    memset(w->out.bytes + w->n, 0, NLMSG_SPACE(n));
    h.nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
    memcpy(w->out.bytes + w->n, &h, sizeof h);
    memcpy(w->out.bytes + w->n + NLMSG_HDRLEN, body, n);
    w->n += NLMSG_SPACE(n);
}

static void attribute(struct netlink_writer *w, uint16_t type, const void *value, size_t n)
{
    const struct rtattr h = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};
    uint32_t len;

    memset(w->out.bytes + w->n, 0, RTA_SPACE(n));
    memcpy(w->out.bytes + w->n, &h, sizeof h);
    memcpy(w->out.bytes + w->n + RTA_LENGTH(0), value, n);
    w->n += RTA_SPACE(n);
    len = (uint32_t)(w->n - w->message);
    memcpy(w->out.bytes + w->message, &len, sizeof len); /* nlmsg_len, the first field */
}

static void attribute_number(struct netlink_writer *w, uint16_t type, uint32_t v) { attribute(w, type, &v, sizeof v); }

/* An address in its family's form. */
static void attribute_ip(struct netlink_writer *w, uint16_t type, const struct weft_ip *ip)
{
    struct weft_ip plain = *ip;

    if (weft_ip_is_v4(ip)) {
        attribute(w, type, ip->b + 12, 4);
        return;
    }
    weft_ip_set_zone(&plain, 0);
    attribute(w, type, plain.b, sizeof plain.b);
}

/* ---- what there is ---- */

static unsigned char family_of(const struct weft_ip *ip) { return weft_ip_is_v4(ip) ? AF_INET : AF_INET6; }

void netlink_tell_link(struct netlink_writer *w, const struct weft_if_info *info)
{
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nobody[6];
    const struct ifinfomsg body = {.ifi_type = (unsigned short)linux_if_type(info), .ifi_index = (int)info->index,
                                   .ifi_flags = linux_if_flags(info)};
    const uint8_t state = info->up ? 6 : 2; /* IF_OPER_UP, IF_OPER_DOWN */

    netlink_begin(w, RTM_NEWLINK, &body, sizeof body);
    attribute(w, IFLA_IFNAME, info->name, strlen(info->name) + 1);
    attribute_number(w, IFLA_MTU, info->mtu);
    attribute_number(w, IFLA_TXQLEN, 0); /* what the engine has is no queue of so many */
    attribute(w, IFLA_OPERSTATE, &state, sizeof state);
    if (info->link == WEFT_LINK_IP)
        return;
    attribute(w, IFLA_ADDRESS, info->mac, sizeof info->mac);
    attribute(w, IFLA_BROADCAST, info->link == WEFT_LINK_ETHERNET ? everyone : nobody, sizeof everyone);
}

static void tell_address(struct netlink_writer *w, const struct weft_if_info *info, size_t i)
{
    const struct weft_ip *ip = &info->address[i].ip, *peer = &info->address[i].peer;
    struct ifaddrmsg body = {.ifa_family = family_of(ip), .ifa_prefixlen = (unsigned char)info->address[i].prefix,
                             .ifa_index = info->index};
    bool v4 = body.ifa_family == AF_INET, alone = !v4 || linux_host_order(peer) == 0;

    body.ifa_flags = info->address[i].automatic ? 0 : IFA_F_PERMANENT;
    if (strcmp(info->address[i].state, "tentative") == 0)
        body.ifa_flags |= IFA_F_TENTATIVE;
    if (strcmp(info->address[i].state, "deprecated") == 0)
        body.ifa_flags |= IFA_F_DEPRECATED;
    if (info->link == WEFT_LINK_LOOPBACK)
        body.ifa_scope = RT_SCOPE_HOST;
    else if (!v4 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80)
        body.ifa_scope = RT_SCOPE_LINK;
    netlink_begin(w, RTM_NEWADDR, &body, sizeof body);
    attribute_ip(w, IFA_ADDRESS, alone ? ip : peer);
    if (!v4)
        return;
    attribute_ip(w, IFA_LOCAL, ip);
    if (linux_host_order(&info->address[i].broadcast))
        attribute_ip(w, IFA_BROADCAST, &info->address[i].broadcast);
    attribute(w, IFA_LABEL, info->name, strlen(info->name) + 1);
}

/* get: it answers who asked for the way to one address. */
static void tell_route(struct run *run, struct netlink_writer *w, const struct weft_route *route, bool get)
{
    static const struct weft_ip none;
    bool v4 = weft_ip_is_v4(&route->dst);
    bool direct = v4 ? linux_host_order(&route->gateway) == 0 : memcmp(&route->gateway, &none, sizeof none) == 0;
    const struct rtmsg body = {.rtm_family = family_of(&route->dst), .rtm_dst_len = (unsigned char)route->prefix,
                               .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST,
                               .rtm_scope = direct && !get ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE};
    struct weft_if_info info;

    netlink_begin(w, RTM_NEWROUTE, &body, sizeof body);
    attribute_number(w, RTA_TABLE, RT_TABLE_MAIN);
    if (route->prefix)
        attribute_ip(w, RTA_DST, &route->dst);
    if (!direct)
        attribute_ip(w, RTA_GATEWAY, &route->gateway);
    if (route->metric)
        attribute_number(w, RTA_PRIORITY, route->metric);
    if (linux_find_interface(run->stack, route->if_name, 0, &info))
        attribute_number(w, RTA_OIF, info.index);
}

void netlink_tell_links(struct run *run, struct netlink_writer *w)
{
    struct weft_if_info info;

    for (size_t i = 0; weft_if_info(run->stack, i, &info); i++)
        netlink_tell_link(w, &info);
}

void netlink_tell_addresses(struct run *run, struct netlink_writer *w, unsigned char family)
{
    struct weft_if_info info;
    size_t i, j;

    for (i = 0; weft_if_info(run->stack, i, &info); i++) {
        for (j = 0; j < info.n_addresses; j++) {
            if (family == AF_UNSPEC || family == family_of(&info.address[j].ip))
                tell_address(w, &info, j);
        }
    }
}

int netlink_tell_way(struct run *run, struct netlink_writer *w, const struct weft_ip *dst)
{
    struct weft_route route;
    struct weft_ip src;

    if (weft_route_get(run->stack, dst, &route) < 0 || weft_route_source(run->stack, dst, &src) < 0)
        return -ENETUNREACH;
    route.dst = *dst;
    route.prefix = weft_ip_is_v4(dst) ? 32 : 128;
    tell_route(run, w, &route, true);
    attribute_ip(w, RTA_PREFSRC, &src);
    return 0;
}

void netlink_tell_routes(struct run *run, struct netlink_writer *w, unsigned char family)
{
    struct weft_route route;
    size_t i;

    for (i = 0; i < NETLINK_ROUTES && weft_route_info(run->stack, i, &route); i++) {
        if (family == AF_UNSPEC || family == family_of(&route.dst))
            tell_route(run, w, &route, false);
    }
}
