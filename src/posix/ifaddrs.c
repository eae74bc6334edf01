/* SPDX-License-Identifier: MIT */
/*
 * getifaddrs: a host's interfaces and their addresses, in the order and with the fields that Linux's libc gives. First
 * each interface by itself (AF_PACKET), then all addresses of IPv4, then those of IPv6.
 */
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>

#include "linux/linux.h"
#include "posix/posix.h"

/* A row with everything it points to. The list is one piece of memory, which begins with its first row. */
struct row {
    struct ifaddrs ifa; /* first */
    char name[IFNAMSIZ];
    union {
        struct sockaddr_storage ip;
        struct sockaddr_ll link;
    } addr, mask, other;
    struct rtnl_link_stats stats;
};

static size_t count(weft_stack *s)
{
    struct weft_if_info info;
    size_t n = 0;

    for (size_t i = 0; weft_if_info(s, i, &info); i++)
        n += 1 + info.n_addresses;
    return n;
}

static void name_row(struct row *r, const struct weft_if_info *info)
{
    snprintf(r->name, sizeof r->name, "%s", info->name);
    r->ifa.ifa_name = r->name;
    r->ifa.ifa_flags = linux_if_flags(info);
    r->ifa.ifa_addr = (struct sockaddr *)&r->addr;
}

static void link_row(struct row *r, const struct weft_if_info *info)
{
    struct sockaddr_ll *a = &r->addr.link;

    name_row(r, info);
    a->sll_family = AF_PACKET;
    a->sll_ifindex = (int)info->index;
    a->sll_hatype = (unsigned short)linux_if_type(info);
    a->sll_halen = info->link == WEFT_LINK_IP ? 0 : sizeof info->mac;
    memcpy(a->sll_addr, info->mac, a->sll_halen);
    r->other.link = *a;
    if (info->link == WEFT_LINK_ETHERNET)
        memset(r->other.link.sll_addr, 0xff, a->sll_halen);
    if (a->sll_halen)
        r->ifa.ifa_broadaddr = (struct sockaddr *)&r->other;
    r->stats.rx_packets = (uint32_t)info->rx_packets; /* Linux's wrap, too */
    r->stats.rx_bytes = (uint32_t)info->rx_bytes;
    r->stats.rx_dropped = (uint32_t)info->rx_drops;
    r->stats.tx_packets = (uint32_t)info->tx_packets;
    r->stats.tx_bytes = (uint32_t)info->tx_bytes;
    r->stats.tx_dropped = (uint32_t)info->tx_drops;
    r->ifa.ifa_data = &r->stats;
}

static void give(struct sockaddr_storage *to, const struct weft_ip *ip, int domain)
{
    linux_make_addr(&(struct weft_addr){.ip = *ip}, domain, to);
}

static struct weft_ip mask_of(unsigned prefix, bool v4)
{
    struct weft_ip mask = {{0}};

    if (v4)
        return weft_ipv4(linux_netmask(prefix));
    for (unsigned bit = 0; bit < prefix; bit++)
        mask.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return mask;
}

/* Linux's libc gives an interface of IPv4 its own address as its destination where it has neither peer nor broadcast. */
static void address_row(struct row *r, const struct weft_if_info *info, size_t i)
{
    const struct weft_ip *ip = &info->address[i].ip, *other = &info->address[i].broadcast;
    bool v4 = weft_ip_is_v4(ip);
    int domain = v4 ? AF_INET : AF_INET6;
    struct weft_ip mask = mask_of(info->address[i].prefix, v4);

    name_row(r, info);
    give(&r->addr.ip, ip, domain);
    give(&r->mask.ip, &mask, domain);
    r->ifa.ifa_netmask = (struct sockaddr *)&r->mask;
    if (linux_is_nobody(&(struct weft_addr){.ip = *other}))
        other = &info->address[i].peer;
    if (v4 && linux_is_nobody(&(struct weft_addr){.ip = *other}))
        other = ip;
    if (!linux_is_nobody(&(struct weft_addr){.ip = *other})) {
        give(&r->other.ip, other, domain);
        r->ifa.ifa_broadaddr = (struct sockaddr *)&r->other;
    }
    if (domain == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)ip->b))
        ((struct sockaddr_in6 *)&r->addr)->sin6_scope_id = info->index;
}

static size_t address_rows(weft_stack *s, struct row *r, bool v4)
{
    struct weft_if_info info;
    size_t n = 0;

    for (size_t i = 0; weft_if_info(s, i, &info); i++)
        for (size_t a = 0; a < info.n_addresses; a++)
            if (weft_ip_is_v4(&info.address[a].ip) == v4)
                address_row(&r[n++], &info, a);
    return n;
}

int weft_posix_getifaddrs(struct ifaddrs **list)
{
    weft_host *h = px_host();
    weft_stack *s = h ? weft_host_lock(h) : NULL;
    struct weft_if_info info;
    struct row *r;
    size_t n, all;

    if (!s)
        return (int)px_result(-ENETDOWN);
    all = count(s);
    r = calloc(all ? all : 1, sizeof *r);
    n = 0;
    for (size_t i = 0; r && weft_if_info(s, i, &info); i++)
        link_row(&r[n++], &info);
    if (r) {
        n += address_rows(s, &r[n], true);
        n += address_rows(s, &r[n], false);
    }
    weft_host_unlock(h);
    if (!r)
        return (int)px_result(-ENOMEM);
    for (size_t i = 0; i + 1 < n; i++)
        r[i].ifa.ifa_next = &r[i + 1].ifa;
    *list = n ? &r->ifa : NULL;
    if (!n)
        free(r);
    return 0;
}

void weft_posix_freeifaddrs(struct ifaddrs *list) { free(list); }
