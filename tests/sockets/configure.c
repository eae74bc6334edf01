/* SPDX-License-Identifier: MIT */
/* UNP chapters 17 and 18: the ioctls that change an interface, routes and what is known of neighbours. */
#define CHAPTER "configure"
#include <net/if_arp.h>
#include <net/route.h>

#include "case.h"

#include <linux/ipv6.h> /* needs netinet/in.h before it */

#define IF ETHERNET

/* One of SIOCSIF* whose argument is an address. */
static long set_address(unsigned long request, const char *ip)
{
    struct ifreq r = {.ifr_name = IF};
    struct sockaddr_in a = in4(ip, 0);
    int fd = udp(), result;

    memcpy(&r.ifr_addr, &a, sizeof a);
    result = ioctl(fd, request, &r);
    close(fd);
    return result;
}

static void say_address(const char *what, unsigned long request)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp();

    say_addr(what, ioctl(fd, request, &r), &r.ifr_addr, sizeof(struct sockaddr_in));
    close(fd);
}

static void say_addresses(void)
{
    say_address("address", SIOCGIFADDR);
    say_address("mask", SIOCGIFNETMASK);
    say_address("broadcast", SIOCGIFBRDADDR);
    say_address("destination", SIOCGIFDSTADDR);
}

/* What a datagram to there would be sent from. */
static void say_source_towards(const char *ip)
{
    struct sockaddr_in a = in4(ip, 9);
    int fd = udp();

    if (SAY(connect(fd, ADDR(a))) == 0) {
        struct sockaddr_in own = {0};
        socklen_t n = sizeof own;

        getsockname(fd, (struct sockaddr *)&own, &n);
        own.sin_port = 0;
        say_addr("from", 0, &own, n);
    }
    close(fd);
}

static long set_flags(int clear, int set)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp(), result;

    ioctl(fd, SIOCGIFFLAGS, &r);
    r.ifr_flags = (short)((r.ifr_flags & ~clear) | set);
    result = ioctl(fd, SIOCSIFFLAGS, &r);
    close(fd);
    return result;
}

static void say_flags(void)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFFLAGS, &r));
    say("flags %x", (unsigned)r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_BROADCAST | IFF_MULTICAST | IFF_POINTOPOINT));
    close(fd);
}

CASE(an_address_comes_and_goes)
{
    ethernet();
    say_addresses();
    SAY(set_address(SIOCSIFADDR, "10.1.2.3"));
    say_addresses();
    say_source_towards("10.7.7.7");
    say_source_towards("11.7.7.7");
    SAY(set_address(SIOCSIFADDR, "10.1.2.3"));
    SAY(set_address(SIOCSIFADDR, "172.16.0.9"));
    say_addresses();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    say_addresses();
    say_source_towards("192.168.7.9");
    SAY(set_address(SIOCSIFADDR, "0.0.0.0"));
    say_addresses();
    say_source_towards("192.168.7.9");
}

CASE(a_mask)
{
    ethernet();
    SAY(set_address(SIOCSIFNETMASK, "255.255.255.0"));
    SAY(set_address(SIOCSIFADDR, "10.1.2.3"));
    SAY(set_address(SIOCSIFNETMASK, "255.255.255.0"));
    say_addresses();
    say_source_towards("10.1.2.9");
    say_source_towards("10.1.3.9");
    SAY(set_address(SIOCSIFNETMASK, "255.0.255.0"));
    SAY(set_address(SIOCSIFNETMASK, "255.255.255.255"));
    say_addresses();
    say_source_towards("10.1.2.9");
    SAY(set_address(SIOCSIFNETMASK, "255.255.0.0"));
    say_addresses();
}

CASE(a_mask_that_is_the_same_keeps_the_broadcast_address)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(set_address(SIOCSIFBRDADDR, "192.168.7.77"));
    SAY(set_address(SIOCSIFNETMASK, "255.255.255.0"));
    say_addresses();
    SAY(set_address(SIOCSIFNETMASK, "255.255.0.0"));
    say_addresses();
}

CASE(a_broadcast_address)
{
    struct sockaddr_in to = in4("10.1.2.200", 9);
    int fd = udp();

    ethernet();
    SAY(set_address(SIOCSIFBRDADDR, "10.1.2.200"));
    SAY(set_address(SIOCSIFADDR, "10.1.2.3"));
    SAY(set_address(SIOCSIFNETMASK, "255.255.255.0"));
    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
    SAY(set_address(SIOCSIFBRDADDR, "10.1.2.200"));
    say_addresses();
    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
    to = in4("10.1.2.255", 9);
    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
    SAY(set_address(SIOCSIFBRDADDR, "0.0.0.0"));
    say_addresses();
    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
}

CASE(the_other_end)
{
    ethernet();
    SAY(set_address(SIOCSIFDSTADDR, "10.1.2.200"));
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(set_address(SIOCSIFDSTADDR, "192.168.7.1"));
    SAY(set_address(SIOCSIFDSTADDR, "192.168.9.2"));
    say_addresses();
    say_source_towards("192.168.9.2");
    say_source_towards("192.168.7.2");
    SAY(set_address(SIOCSIFDSTADDR, "224.0.0.7"));
    SAY(set_address(SIOCSIFADDR, "192.168.7.3"));
    say_addresses();
}

CASE(addresses_that_cannot_be)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp();

    ethernet();
    SAY(set_address(SIOCSIFADDR, "224.0.0.1"));
    r.ifr_addr.sa_family = AF_INET6;
    SAY(ioctl(fd, SIOCSIFADDR, &r));
    SAY(ioctl(fd, SIOCSIFNETMASK, &r));
    strcpy(r.ifr_name, "nix0");
    r.ifr_addr.sa_family = AF_INET;
    SAY(ioctl(fd, SIOCSIFADDR, &r));
    SAY(ioctl(fd, SIOCSIFNETMASK, &r));
    SAY(ioctl(fd, SIOCSIFFLAGS, &r));
    SAY(ioctl(fd, SIOCSIFMTU, &r));
    SAY(ioctl(fd, SIOCSIFMETRIC, &r));
    SAY(ioctl(fd, SIOCSIFADDR, NULL));
    SAY(ioctl(fd, SIOCADDRT, NULL));
    SAY(ioctl(fd, SIOCSARP, NULL));
}

CASE(loopback_has_another_address)
{
    struct ifreq r = {.ifr_name = "lo"};
    struct sockaddr_in a = in4("127.3.0.1", 0);
    int fd = udp();

    memcpy(&r.ifr_addr, &a, sizeof a);
    SAY(ioctl(fd, SIOCSIFADDR, &r));
    SAY(ioctl(fd, SIOCGIFADDR, &r));
    say_addr("address", 0, &r.ifr_addr, sizeof(struct sockaddr_in));
    SAY(ioctl(fd, SIOCGIFNETMASK, &r));
    say_addr("mask", 0, &r.ifr_addr, sizeof(struct sockaddr_in));
    SAY(ioctl(fd, SIOCGIFBRDADDR, &r));
    say_addr("broadcast", 0, &r.ifr_addr, sizeof(struct sockaddr_in));
}

CASE(up_and_down)
{
    struct sockaddr_in there = in4("192.168.7.9", 9);
    int fd = udp();

    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    say_flags();
    SAY(set_flags(IFF_UP, 0));
    say_flags();
    say_address("address", SIOCGIFADDR);
    say_source_towards("192.168.7.9");
    SAY(sendto(fd, "a", 1, 0, ADDR(there)));
    SAY(set_flags(0, IFF_UP));
    say_flags();
    say_source_towards("192.168.7.9");
}

static void say_mtu(void)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFMTU, &r));
    say("mtu %d", r.ifr_mtu);
    close(fd);
}

static long set_mtu(int mtu)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp(), result;

    r.ifr_mtu = mtu;
    result = ioctl(fd, SIOCSIFMTU, &r);
    close(fd);
    return result;
}

CASE(what_a_link_carries)
{
    struct sockaddr_in there = in4("192.168.7.9", 9);
    int fd = udp();

    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    say_mtu();
    SAY(set_mtu(1000));
    say_mtu();
    SAY(connect(fd, ADDR(there)));
    say_opt("path", fd, IPPROTO_IP, IP_MTU);
    SAY(set_mtu(67));
    SAY(set_mtu(0));
    SAY(set_mtu(-1));
    SAY(set_mtu(70000));
    SAY(set_mtu(68));
    say_mtu();
    SAY(set_mtu(1500));
    say_mtu();
}

CASE(a_metric_of_an_interface)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = udp();

    ethernet();
    r.ifr_metric = 3;
    SAY(ioctl(fd, SIOCSIFMETRIC, &r));
    SAY(ioctl(fd, SIOCGIFMETRIC, &r));
    say("metric %d", r.ifr_metric);
}

CASE(interfaces_with_addresses)
{
    struct ifreq r[8];
    struct ifconf c = {.ifc_len = sizeof r, .ifc_req = r};
    int fd = udp();

    ethernet();
    SAY(ioctl(fd, SIOCGIFCONF, &c));
    say("%d", (int)(c.ifc_len / (int)sizeof *r));
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    c.ifc_len = sizeof r;
    SAY(ioctl(fd, SIOCGIFCONF, &c));
    say("%d, second %s", (int)(c.ifc_len / (int)sizeof *r), r[1].ifr_name);
    c.ifc_len = sizeof *r;
    SAY(ioctl(fd, SIOCGIFCONF, &c));
    say("%d", (int)(c.ifc_len / (int)sizeof *r));
    c.ifc_len = sizeof *r - 1;
    SAY(ioctl(fd, SIOCGIFCONF, &c));
    say("%d", (int)(c.ifc_len / (int)sizeof *r));
}

/* ---- routes ---- */

struct way {
    const char *to, *mask, *by, *dev;
    short flags, metric;
};

static long route(unsigned long request, struct way w)
{
    struct rtentry r = {.rt_flags = (unsigned short)(RTF_UP | w.flags), .rt_metric = w.metric};
    struct sockaddr_in to = in4(w.to, 0), mask = in4(w.mask ? w.mask : "0.0.0.0", 0);
    struct sockaddr_in by = in4(w.by ? w.by : "0.0.0.0", 0);
    char dev[IFNAMSIZ];
    int fd = udp(), result;

    memcpy(&r.rt_dst, &to, sizeof to);
    memcpy(&r.rt_genmask, &mask, sizeof mask);
    if (w.by)
        memcpy(&r.rt_gateway, &by, sizeof by);
    if (w.dev)
        r.rt_dev = strcpy(dev, w.dev);
    result = ioctl(fd, request, &r);
    close(fd);
    return result;
}

#define ADD(...) SAY(route(SIOCADDRT, (struct way){.to = __VA_ARGS__}))
#define DELETE(...) SAY(route(SIOCDELRT, (struct way){.to = __VA_ARGS__}))

CASE(a_network_behind_a_gateway)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    say_source_towards("10.3.4.5");
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
    say_source_towards("10.3.4.5");
    say_source_towards("10.4.4.5");
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
    DELETE("10.3.0.0", "255.255.0.0", "192.168.7.8", .flags = RTF_GATEWAY);
    DELETE("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
    say_source_towards("10.3.4.5");
    DELETE("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
}

CASE(a_default_route)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("0.0.0.0", "0.0.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
    say_source_towards("10.3.4.5");
    DELETE("0.0.0.0", "0.0.0.0");
    say_source_towards("10.3.4.5");
    ADD("0.0.0.0", "0.0.0.0", .dev = IF);
    say_source_towards("10.3.4.5");
}

CASE(a_route_to_a_host)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("10.3.4.5", "255.0.0.0", "192.168.7.9", .flags = RTF_GATEWAY | RTF_HOST);
    say_source_towards("10.3.4.5");
    say_source_towards("10.3.4.6");
    ADD("10.3.4.6", .dev = IF, .flags = RTF_HOST);
    say_source_towards("10.3.4.6");
    DELETE("10.3.4.6", .flags = RTF_HOST);
    say_source_towards("10.3.4.6");
    DELETE("10.3.4.5", .dev = "lo", .flags = RTF_HOST);
    DELETE("10.3.4.5", .dev = IF, .flags = RTF_HOST);
}

CASE(routes_by_metric)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY, .metric = 3);
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.8", .flags = RTF_GATEWAY, .metric = 5);
    DELETE("10.3.0.0", "255.255.0.0", .metric = 4);
    DELETE("10.3.0.0", "255.255.0.0", .metric = 5);
    say_source_towards("10.3.4.5");
    DELETE("10.3.0.0", "255.255.0.0");
    say_source_towards("10.3.4.5");
}

CASE(routes_that_cannot_be)
{
    struct rtentry r = {.rt_flags = RTF_UP};
    int fd = udp();

    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(ioctl(fd, SIOCADDRT, &r));
    r.rt_dst.sa_family = AF_INET;
    SAY(ioctl(fd, SIOCADDRT, &r));
    r.rt_genmask.sa_family = AF_INET6;
    SAY(ioctl(fd, SIOCADDRT, &r));
    ADD("10.3.0.1", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY);
    ADD("10.3.0.0", "255.0.255.0", "192.168.7.9", .flags = RTF_GATEWAY);
    ADD("10.3.0.0", "255.255.0.0", "192.168.8.9", .flags = RTF_GATEWAY);
    ADD("10.3.0.0", "255.255.0.0", .flags = RTF_GATEWAY);
    ADD("10.3.0.0", "255.255.0.0");
    ADD("10.3.0.0", "255.255.0.0", .dev = "nix0");
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", "nix0", .flags = RTF_GATEWAY);
    ADD("224.1.0.0", "255.255.0.0", .dev = IF);
    SAY(set_flags(IFF_UP, 0));
    ADD("10.3.0.0", "255.255.0.0", .dev = IF);
}

CASE(gateways_that_are_ourselves)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.1", .flags = RTF_GATEWAY);
    ADD("10.4.0.0", "255.255.0.0", "127.0.0.2", .flags = RTF_GATEWAY);
}

CASE(the_same_way_at_another_metric)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY, .metric = 3);
    ADD("10.3.0.0", "255.255.0.0", "192.168.7.9", .flags = RTF_GATEWAY, .metric = 5);
}

CASE(routes_that_lead_nowhere)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    ADD("10.3.0.0", "255.255.0.0", .flags = RTF_REJECT);
}

/* ---- neighbours ---- */

static struct arpreq neighbour(const char *ip, const char *dev, int flags)
{
    struct arpreq r = {.arp_flags = flags, .arp_ha = {.sa_family = ARPHRD_ETHER, .sa_data = {2, 0, 0, 7, 8, 9}}};
    struct sockaddr_in a = in4(ip, 0);

    memcpy(&r.arp_pa, &a, sizeof a);
    if (dev)
        strcpy(r.arp_dev, dev);
    return r;
}

static long arp(unsigned long request, struct arpreq r)
{
    int fd = udp(), result = ioctl(fd, request, &r);

    if (result == 0 && request == SIOCGARP)
        say("type %d flags %x address %02x-%02x", r.arp_ha.sa_family, (unsigned)r.arp_flags,
            (unsigned char)r.arp_ha.sa_data[0], (unsigned char)r.arp_ha.sa_data[5]);
    close(fd);
    return result;
}

CASE(a_neighbour_for_good)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", NULL, ATF_COM | ATF_PERM)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", NULL, 0)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", "lo", 0)));
    SAY(arp(SIOCDARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCDARP, neighbour("192.168.7.10", IF, 0)));
    SAY(arp(SIOCDARP, neighbour("192.168.7.10", NULL, 0)));
}

CASE(a_neighbour_for_now)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, ATF_COM)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, ATF_COM | ATF_PERM)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, ATF_COM)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", IF, 0)));
}

CASE(neighbours_that_cannot_be)
{
    struct arpreq r = neighbour("192.168.7.9", IF, ATF_COM);

    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    r.arp_pa.sa_family = AF_INET6;
    SAY(arp(SIOCSARP, r));
    r = neighbour("192.168.7.9", IF, ATF_COM);
    r.arp_ha.sa_family = ARPHRD_LOOPBACK;
    SAY(arp(SIOCSARP, r));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, 0)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, ATF_COM | ATF_NETMASK)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", IF, ATF_COM | ATF_DONTPUB)));
    SAY(arp(SIOCSARP, neighbour("10.7.7.9", NULL, ATF_COM)));
    SAY(arp(SIOCSARP, neighbour("192.168.7.9", "nix0", ATF_COM)));
    SAY(arp(SIOCDARP, neighbour("192.168.7.9", "nix0", ATF_COM)));
    SAY(arp(SIOCGARP, neighbour("192.168.7.9", "nix0", ATF_COM)));
}

CASE(a_published_neighbour)
{
    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(arp(SIOCSARP, neighbour("10.9.9.9", IF, ATF_COM | ATF_PERM | ATF_PUBL)));
}

/* ---- by sockets of IPv6 ---- */

CASE(by_a_socket_of_the_other_family)
{
    struct ifreq r = {.ifr_name = IF};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    ethernet();
    SAY(set_address(SIOCSIFADDR, "192.168.7.1"));
    SAY(ioctl(fd, SIOCGIFADDR, &r));
    SAY(ioctl(fd, SIOCGIFNETMASK, &r));
    SAY(ioctl(fd, SIOCSIFNETMASK, &r));
    SAY(ioctl(fd, SIOCGIFFLAGS, &r));
    SAY(ioctl(fd, SIOCGIFMTU, &r));
}

/* ---- IPv6: sockets of its own, and arguments of their own ---- */

static long address6(unsigned long request, unsigned index, const char *ip, unsigned prefix)
{
    struct in6_ifreq r = {.ifr6_addr = in6(ip, 0).sin6_addr, .ifr6_prefixlen = prefix, .ifr6_ifindex = (int)index};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), result = ioctl(fd, request, &r);

    close(fd);
    return result;
}

CASE(six_an_address_comes_and_goes)
{
    unsigned index;

    ethernet();
    index = if_nametoindex(IF);
    SAY(address6(SIOCSIFADDR, index, "2001:db8::7", 64));
    SAY(address6(SIOCSIFADDR, index, "2001:db8::7", 64));
    SAY(address6(SIOCSIFADDR, index, "2001:db8::8", 64));
    SAY(address6(SIOCSIFADDR, index, "fe80::7", 64));
    SAY(address6(SIOCDIFADDR, index, "2001:db8::7", 48));
    SAY(address6(SIOCDIFADDR, index, "2001:db8::7", 64));
    SAY(address6(SIOCDIFADDR, index, "2001:db8::7", 64));
    SAY(address6(SIOCDIFADDR, index, "fe80::7", 64));
    SAY(address6(SIOCSIFADDR, index, "2001:db8::7", 64));
}

CASE(six_addresses_that_cannot_be)
{
    unsigned lo = if_nametoindex("lo");

    SAY(address6(SIOCSIFADDR, lo, "2001:db8::7", 129));
    SAY(address6(SIOCDIFADDR, lo, "2001:db8::7", 129));
    SAY(address6(SIOCSIFADDR, 99, "2001:db8::7", 64));
    SAY(address6(SIOCDIFADDR, 99, "2001:db8::7", 64));
    SAY(ioctl(socket(AF_INET6, SOCK_DGRAM, 0), SIOCSIFADDR, NULL));
}

static long route6(unsigned long request, struct in6_rtmsg r)
{
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), result = ioctl(fd, request, &r);

    close(fd);
    return result;
}

CASE(six_routes)
{
    struct in6_rtmsg r = {.rtmsg_dst = in6("2001:db8:1::", 0).sin6_addr, .rtmsg_dst_len = 48, .rtmsg_flags = RTF_UP};
    struct in6_rtmsg by = {.rtmsg_gateway = in6("fe80::1", 0).sin6_addr, .rtmsg_flags = RTF_UP | RTF_GATEWAY};

    ethernet();
    SAY(route6(SIOCADDRT, r)); /* by nothing */
    r.rtmsg_ifindex = 99;
    SAY(route6(SIOCADDRT, r));
    SAY(route6(SIOCDELRT, r));
    r.rtmsg_ifindex = by.rtmsg_ifindex = (int)if_nametoindex(IF);
    SAY(route6(SIOCDELRT, r));
    SAY(route6(SIOCADDRT, r));
    SAY(route6(SIOCADDRT, r));
    SAY(route6(SIOCDELRT, r));
    SAY(route6(SIOCDELRT, r));
    SAY(route6(SIOCADDRT, by));
    SAY(route6(SIOCADDRT, by));
    by.rtmsg_ifindex = 0;
    SAY(route6(SIOCDELRT, by));
    SAY(route6(SIOCDELRT, by));
    r.rtmsg_dst_len = 129;
    SAY(route6(SIOCADDRT, r));
}
