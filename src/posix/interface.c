/* SPDX-License-Identifier: MIT */
/* A host's interfaces: the ioctls of UNP chapter 17 that look, and the names of RFC 3493 §4. */
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "posix/posix.h"

#define V4_IN_MAPPED 12

bool px_find_interface(weft_stack *s, const char *name, unsigned index, struct weft_if_info *info)
{
    for (size_t i = 0; weft_if_info(s, i, info); i++)
        if (name ? strncmp(info->name, name, IFNAMSIZ) == 0 : info->index == index)
            return true;
    return false;
}

/* ---- ioctl ---- */

int px_first_v4(const struct weft_if_info *info)
{
    for (size_t i = 0; i < info->n_addresses; i++)
        if (weft_ip_is_v4(&info->address[i].ip))
            return (int)i;
    return -1;
}

static void give_v4(struct sockaddr *to, uint32_t a)
{
    struct sockaddr_storage made;

    linux_make_addr(&(struct weft_addr){weft_ipv4(a), 0}, AF_INET, &made);
    memcpy(to, &made, sizeof *to);
}

uint32_t px_host_order(const struct weft_ip *ip)
{
    const uint8_t *b = ip->b + V4_IN_MAPPED;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t mask_of(unsigned prefix)
{
    return prefix ? 0xffffffffu << (32 - prefix) : 0;
}

static int give_address(const struct weft_if_info *info, unsigned long request, struct ifreq *r)
{
    int i = px_first_v4(info);
    uint32_t ip, peer;

    if (i < 0)
        return -EADDRNOTAVAIL;
    ip = px_host_order(&info->address[i].ip);
    peer = px_host_order(&info->address[i].peer);
    if (request == SIOCGIFADDR)
        give_v4(&r->ifr_addr, ip);
    else if (request == SIOCGIFNETMASK)
        give_v4(&r->ifr_netmask, mask_of(info->address[i].prefix));
    else if (request == SIOCGIFBRDADDR)
        give_v4(&r->ifr_broadaddr, px_host_order(&info->address[i].broadcast));
    else
        give_v4(&r->ifr_dstaddr, peer ? peer : ip);
    return 0;
}

static int give_hardware(const struct weft_if_info *info, struct ifreq *r)
{
    memset(&r->ifr_hwaddr, 0, sizeof r->ifr_hwaddr);
    r->ifr_hwaddr.sa_family = info->link == WEFT_LINK_LOOPBACK ? ARPHRD_LOOPBACK
                              : info->link == WEFT_LINK_ETHERNET ? ARPHRD_ETHER : ARPHRD_NONE;
    memcpy(r->ifr_hwaddr.sa_data, info->mac, sizeof info->mac);
    return 0;
}

static int give_flags(const struct weft_if_info *info, struct ifreq *r)
{
    r->ifr_flags = info->up ? IFF_UP | IFF_RUNNING : 0;
    if (info->link == WEFT_LINK_LOOPBACK)
        r->ifr_flags |= IFF_LOOPBACK;
    if (info->link == WEFT_LINK_ETHERNET)
        r->ifr_flags |= IFF_BROADCAST | IFF_MULTICAST;
    if (info->link == WEFT_LINK_IP)
        r->ifr_flags |= IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
    return 0;
}

/* One row per interface with an address of IPv4; without a buffer, how many bytes it takes. */
static int give_list(weft_stack *s, struct ifconf *conf)
{
    struct weft_if_info info;
    size_t n = 0, room = conf->ifc_buf ? (size_t)conf->ifc_len / sizeof(struct ifreq) : SIZE_MAX;

    for (size_t i = 0; weft_if_info(s, i, &info) && n < room; i++) {
        if (px_first_v4(&info) < 0)
            continue;
        if (conf->ifc_buf) {
            struct ifreq *r = &conf->ifc_req[n];

            memset(r, 0, sizeof *r);
            snprintf(r->ifr_name, sizeof r->ifr_name, "%s", info.name);
            give_address(&info, SIOCGIFADDR, r);
        }
        n++;
    }
    conf->ifc_len = (int)(n * sizeof(struct ifreq));
    return 0;
}

static int give_one(weft_stack *s, unsigned long request, struct ifreq *r)
{
    struct weft_if_info info;
    bool named = request != SIOCGIFNAME;

    r->ifr_name[IFNAMSIZ - 1] = named ? 0 : r->ifr_name[IFNAMSIZ - 1];
    if (!px_find_interface(s, named ? r->ifr_name : NULL, named ? 0 : (unsigned)r->ifr_ifindex, &info))
        return -ENODEV;
    switch (request) {
    case SIOCGIFNAME:
        snprintf(r->ifr_name, sizeof r->ifr_name, "%s", info.name);
        return 0;
    case SIOCGIFINDEX:
        r->ifr_ifindex = (int)info.index;
        return 0;
    case SIOCGIFMTU:
        r->ifr_mtu = (int)info.mtu;
        return 0;
    case SIOCGIFMETRIC:
        r->ifr_metric = 0;
        return 0;
    case SIOCGIFFLAGS:
        return give_flags(&info, r);
    case SIOCGIFHWADDR:
        return give_hardware(&info, r);
    default:
        return give_address(&info, request, r);
    }
}

/* ARP's table, asked for one address (UNP 17.8); Linux wants to know where. */
static int give_neighbour(weft_stack *s, struct arpreq *r)
{
    struct weft_neighbour n;
    struct weft_if_info info;
    struct weft_addr a;

    if (linux_read_addr(&r->arp_pa, sizeof r->arp_pa, AF_INET, &a))
        return -EPFNOSUPPORT;
    r->arp_dev[sizeof r->arp_dev - 1] = 0;
    if (!px_find_interface(s, r->arp_dev, 0, &info))
        return -ENODEV;
    for (size_t i = 0; weft_neighbour_info(s, i, &n); i++) {
        if (memcmp(&n.ip, &a.ip, sizeof a.ip) != 0 || strcmp(n.if_name, info.name) != 0)
            continue;
        memset(&r->arp_ha, 0, sizeof r->arp_ha);
        r->arp_ha.sa_family = ARPHRD_ETHER;
        memcpy(r->arp_ha.sa_data, n.mac, sizeof n.mac);
        r->arp_flags = strcmp(n.state, "incomplete") && strcmp(n.state, "failed") ? ATF_COM : 0;
        if (strcmp(n.state, "permanent") == 0)
            r->arp_flags |= ATF_PERM;
        return 0;
    }
    return -ENXIO;
}

int px_interface_ioctl(struct px_call *c, unsigned long request, void *argument)
{
    weft_stack *s = c->host->stack;

    switch (request) {
    case SIOCGIFADDR: case SIOCGIFNETMASK: case SIOCGIFBRDADDR: case SIOCGIFDSTADDR:
        if (c->s->domain != AF_INET)
            return -ENOTTY; /* a socket of IPv6 knows none, as on Linux */
        return argument ? give_one(s, request, argument) : -EFAULT;
    case SIOCGIFCONF:
        return argument ? give_list(s, argument) : -EFAULT;
    case SIOCGARP:
        return argument ? give_neighbour(s, argument) : -EFAULT;
    case SIOCGIFNAME: case SIOCGIFINDEX: case SIOCGIFMTU: case SIOCGIFMETRIC: case SIOCGIFFLAGS: case SIOCGIFHWADDR:
        return argument ? give_one(s, request, argument) : -EFAULT;
    default:
        return px_configure_ioctl(c, request, argument);
    }
}

/* ---- names ---- */

/* Its stack with the lock held, or NULL. */
static weft_stack *lock_host(weft_host **h)
{
    *h = px_host();
    return *h ? weft_host_lock(*h) : NULL;
}

unsigned weft_posix_if_nametoindex(const char *name)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    unsigned index = s && px_find_interface(s, name, 0, &info) ? info.index : 0;

    if (s)
        weft_host_unlock(h);
    if (!index)
        errno = ENODEV;
    return index;
}

char *weft_posix_if_indextoname(unsigned index, char *name)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    bool found = s && px_find_interface(s, NULL, index, &info);

    if (found)
        snprintf(name, IFNAMSIZ, "%s", info.name);
    if (s)
        weft_host_unlock(h);
    if (!found)
        errno = ENXIO;
    return found ? name : NULL;
}

struct if_nameindex *weft_posix_if_nameindex(void)
{
    weft_host *h;
    weft_stack *s = lock_host(&h);
    struct weft_if_info info;
    struct if_nameindex *list;
    size_t n = 0;

    while (s && weft_if_info(s, n, &info))
        n++;
    list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n && weft_if_info(s, i, &info); i++)
        list[i] = (struct if_nameindex){info.index, strdup(info.name)};
    if (s)
        weft_host_unlock(h);
    return list;
}

void weft_posix_if_freenameindex(struct if_nameindex *list)
{
    for (size_t i = 0; list && list[i].if_index; i++)
        free(list[i].if_name);
    free(list);
}
