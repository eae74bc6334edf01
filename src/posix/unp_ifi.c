/* SPDX-License-Identifier: MIT */
/* See weft/unp.h. get_ifi_info (UNP 17.6), over getifaddrs. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "weft/unp.h"

static size_t size_of(int family)
{
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void copy(struct sockaddr_storage *to, const struct sockaddr *from)
{
    if (from)
        memcpy(to, from, size_of(from->sa_family));
}

/* What the interface's own row says of the station, and what an ioctl does of its MTU. */
static void add_link(struct weft_unp_ifi *ifi, const struct ifaddrs *all, int fd)
{
    struct ifreq r = {0};

    for (; all; all = all->ifa_next) {
        const struct sockaddr_ll *a = (const struct sockaddr_ll *)(const void *)all->ifa_addr;

        if (a->sll_family != AF_PACKET || strcmp(all->ifa_name, ifi->name) != 0)
            continue;
        ifi->index = (unsigned)a->sll_ifindex;
        ifi->n_haddr = a->sll_halen < sizeof ifi->haddr ? a->sll_halen : sizeof ifi->haddr;
        memcpy(ifi->haddr, a->sll_addr, ifi->n_haddr);
    }
    memcpy(r.ifr_name, ifi->name, sizeof r.ifr_name);
    if (weft_posix_ioctl(fd, SIOCGIFMTU, &r) == 0)
        ifi->mtu = (unsigned)r.ifr_mtu;
}

static struct weft_unp_ifi *make(const struct ifaddrs *a, const struct ifaddrs *all, int fd)
{
    struct weft_unp_ifi *ifi = calloc(1, sizeof *ifi);

    if (!ifi)
        return NULL;
    strncpy(ifi->name, a->ifa_name, sizeof ifi->name - 1);
    ifi->flags = a->ifa_flags;
    copy(&ifi->addr, a->ifa_addr);
    if (a->ifa_flags & IFF_BROADCAST)
        copy(&ifi->broadcast, a->ifa_broadaddr);
    if (a->ifa_flags & IFF_POINTOPOINT)
        copy(&ifi->destination, a->ifa_dstaddr);
    add_link(ifi, all, fd);
    return ifi;
}

static bool is_there(const struct weft_unp_ifi *list, const char *name)
{
    for (; list; list = list->next)
        if (strcmp(list->name, name) == 0)
            return true;
    return false;
}

/* 0, -1: there is no memory for all. */
static int collect(const struct ifaddrs *all, int fd, int family, bool aliases, struct weft_unp_ifi **list)
{
    struct weft_unp_ifi **end = list;

    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        bool alias = is_there(*list, a->ifa_name);

        if (a->ifa_addr->sa_family != family || !(a->ifa_flags & IFF_UP) || (alias && !aliases))
            continue;
        *end = make(a, all, fd);
        if (!*end)
            return -1;
        (*end)->alias = alias;
        end = &(*end)->next;
    }
    return 0;
}

int weft_unp_get_ifi_info(int family, bool aliases, struct weft_unp_ifi **list)
{
    struct ifaddrs *all;
    int fd, r;

    *list = NULL;
    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    fd = weft_posix_socket(family, SOCK_DGRAM, 0);
    if (fd < 0)
        return -1;
    r = weft_posix_getifaddrs(&all);
    if (r == 0) {
        r = collect(all, fd, family, aliases, list);
        weft_posix_freeifaddrs(all);
    }
    weft_posix_close(fd);
    if (r < 0) {
        weft_unp_free_ifi_info(*list);
        *list = NULL;
    }
    return r;
}

void weft_unp_free_ifi_info(struct weft_unp_ifi *list)
{
    while (list) {
        struct weft_unp_ifi *next = list->next;

        free(list);
        list = next;
    }
}
