/* SPDX-License-Identifier: MIT */
/* A host's interfaces: the ioctls of UNP chapter 17 that look, and the option that names one. */
#include <errno.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "linux/linux.h"

#define V4_IN_MAPPED 12

bool linux_find_interface(weft_stack *s, const char *name, unsigned index, struct weft_if_info *info)
{
    for (size_t i = 0; weft_if_info(s, i, info); i++)
        if (name ? strncmp(info->name, name, IFNAMSIZ) == 0 : info->index == index)
            return true;
    return false;
}

/* ---- ioctl ---- */

int linux_first_v4(const struct weft_if_info *info)
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

uint32_t linux_host_order(const struct weft_ip *ip)
{
    const uint8_t *b = ip->b + V4_IN_MAPPED;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint32_t linux_netmask(unsigned prefix)
{
    return prefix ? 0xffffffffu << (32 - prefix) : 0;
}

static int give_address(const struct weft_if_info *info, unsigned long request, struct ifreq *r)
{
    int i = linux_first_v4(info);
    uint32_t ip, peer;

    if (i < 0)
        return -EADDRNOTAVAIL;
    ip = linux_host_order(&info->address[i].ip);
    peer = linux_host_order(&info->address[i].peer);
    if (request == SIOCGIFADDR)
        give_v4(&r->ifr_addr, ip);
    else if (request == SIOCGIFNETMASK)
        give_v4(&r->ifr_netmask, linux_netmask(info->address[i].prefix));
    else if (request == SIOCGIFBRDADDR)
        give_v4(&r->ifr_broadaddr, linux_host_order(&info->address[i].broadcast));
    else
        give_v4(&r->ifr_dstaddr, peer ? peer : ip);
    return 0;
}

unsigned linux_if_type(const struct weft_if_info *info)
{
    return info->link == WEFT_LINK_LOOPBACK ? ARPHRD_LOOPBACK
           : info->link == WEFT_LINK_ETHERNET ? ARPHRD_ETHER : ARPHRD_NONE;
}

static int give_hardware(const struct weft_if_info *info, struct ifreq *r)
{
    memset(&r->ifr_hwaddr, 0, sizeof r->ifr_hwaddr);
    r->ifr_hwaddr.sa_family = (sa_family_t)linux_if_type(info);
    memcpy(r->ifr_hwaddr.sa_data, info->mac, sizeof info->mac);
    return 0;
}

unsigned linux_if_flags(const struct weft_if_info *info)
{
    unsigned flags = info->up ? IFF_UP | IFF_RUNNING : 0;

    if (info->link == WEFT_LINK_LOOPBACK)
        return flags | IFF_LOOPBACK;
    if (info->link == WEFT_LINK_ETHERNET)
        return flags | IFF_BROADCAST | IFF_MULTICAST;
    return flags | IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
}

static int give_flags(const struct weft_if_info *info, struct ifreq *r)
{
    r->ifr_flags = (short)linux_if_flags(info);
    return 0;
}

size_t linux_interface_list(weft_stack *s, struct ifreq *rows, size_t room)
{
    struct weft_if_info info;
    size_t n = 0;

    for (size_t i = 0; weft_if_info(s, i, &info) && (!rows || n < room); i++) {
        if (linux_first_v4(&info) < 0)
            continue;
        if (rows) {
            memset(&rows[n], 0, sizeof rows[n]);
            snprintf(rows[n].ifr_name, sizeof rows[n].ifr_name, "%s", info.name);
            give_address(&info, SIOCGIFADDR, &rows[n]);
        }
        n++;
    }
    return n;
}

static int give_one(weft_stack *s, unsigned long request, struct ifreq *r)
{
    struct weft_if_info info;
    bool named = request != SIOCGIFNAME;

    r->ifr_name[IFNAMSIZ - 1] = named ? 0 : r->ifr_name[IFNAMSIZ - 1];
    if (!linux_find_interface(s, named ? r->ifr_name : NULL, named ? 0 : (unsigned)r->ifr_ifindex, &info))
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
    if (!linux_find_interface(s, r->arp_dev, 0, &info))
        return -ENODEV;
    for (size_t i = 0; weft_neighbour_info(s, i, &n); i++) {
        if (memcmp(&n.ip, &a.ip, sizeof a.ip) != 0 || strcmp(n.if_name, info.name) != 0)
            continue;
        memset(&r->arp_ha, 0, sizeof r->arp_ha);
        r->arp_ha.sa_family = ARPHRD_ETHER;
        memcpy(r->arp_ha.sa_data, n.mac, sizeof n.mac);
        r->arp_flags = strcmp(n.state, "incomplete") != 0 && strcmp(n.state, "failed") != 0 ? ATF_COM : 0;
        if (strcmp(n.state, "permanent") == 0)
            r->arp_flags |= ATF_PERM;
        return 0;
    }
    return -ENXIO;
}

size_t linux_interface_size(unsigned long request)
{
    switch (request) {
    case SIOCGIFADDR: case SIOCGIFNETMASK: case SIOCGIFBRDADDR: case SIOCGIFDSTADDR: case SIOCGIFNAME:
    case SIOCGIFINDEX: case SIOCGIFMTU: case SIOCGIFMETRIC: case SIOCGIFFLAGS: case SIOCGIFHWADDR:
        return sizeof(struct ifreq);
    case SIOCGARP:
        return sizeof(struct arpreq);
    default:
        return 0;
    }
}

int linux_interface_ioctl(weft_stack *s, int domain, unsigned long request, void *argument)
{
    bool of_address = request == SIOCGIFADDR || request == SIOCGIFNETMASK || request == SIOCGIFBRDADDR ||
                      request == SIOCGIFDSTADDR;

    if ((of_address || request == SIOCGARP) && domain != AF_INET)
        return -ENOTTY; /* a socket of IPv6 knows none, as on Linux */
    if (!argument)
        return -EFAULT;
    return request == SIOCGARP ? give_neighbour(s, argument) : give_one(s, request, argument);
}

/* ---- an interface as an option ---- */

/* SO_BINDTODEVICE is a name, ended or not, of any length; none: any interface again. */
int linux_set_device(weft_sock *sock, const void *value, socklen_t n)
{
    char name[IFNAMSIZ] = "";
    struct weft_if_info info = {0};
    int index;

    memcpy(name, value, n < sizeof name ? n : sizeof name - 1);
    if (name[0] && !linux_find_interface(weft_sock_stack(sock), name, 0, &info))
        return -ENODEV;
    index = name[0] ? (int)info.index : 0;
    return weft_setsockopt(sock, SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, sizeof index);
}

int linux_get_device(weft_sock *sock, void *value, socklen_t *n)
{
    struct weft_if_info info;
    size_t size = sizeof(int);
    int index = 0;

    if (weft_getsockopt(sock, SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, &size) || index == 0) {
        *n = 0;
        return 0;
    }
    if (*n < IFNAMSIZ)
        return -EINVAL;
    if (!linux_find_interface(weft_sock_stack(sock), NULL, (unsigned)index, &info))
        return -ENODEV;
    *n = (socklen_t)strlen(info.name) + 1;
    memcpy(value, info.name, *n);
    return 0;
}
