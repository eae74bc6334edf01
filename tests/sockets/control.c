/* SPDX-License-Identifier: MIT */
/* UNP chapters 7.11 and 17: fcntl and ioctl. */
#define CHAPTER "control"
#include "case.h"

CASE(flags)
{
    int fd = tcp();

    SAY(fcntl(fd, F_SETFL, O_NONBLOCK));
    say("nonblocking %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    SAY(fcntl(fd, F_SETFL, 0));
    say("nonblocking %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(99, F_GETFL));
    SAY(fcntl(fd, 7777, 0));
}

CASE(nonblocking_by_ioctl)
{
    int fd = udp(), on = 1;
    char b;

    SAY(ioctl(fd, FIONBIO, &on));
    SAY(recv(fd, &b, 1, 0));
    on = 0;
    SAY(ioctl(fd, FIONBIO, &on));
    say("nonblocking %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

CASE(bytes_waiting)
{
    int p[2], n = -1;

    tcp_pair(p);
    SAY(ioctl(p[1], FIONREAD, &n));
    say("%d", n);
    write(p[0], "abcde", 5);
    when_readable(p[1]);
    SAY(ioctl(p[1], FIONREAD, &n));
    say("%d", n);
    soon(60);
    SAY(ioctl(p[0], TIOCOUTQ, &n));
    say("%d", n);
    SAY(ioctl(tcp_listener(5000), FIONREAD, &n));
    SAY(ioctl(99, FIONREAD, &n));
}

CASE(bytes_of_the_next_datagram)
{
    int p[2], n = -1;

    udp_pair(p);
    send(p[0], "abc", 3, 0);
    send(p[0], "de", 2, 0);
    when_readable(p[1]);
    SAY(ioctl(p[1], FIONREAD, &n));
    say("%d", n);
    SAY(ioctl(p[1], SIOCATMARK, &n));
}

CASE(interface_of_loopback)
{
    struct ifreq r = {.ifr_name = "lo"};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFADDR, &r));
    say_addr("address", 0, &r.ifr_addr, sizeof(struct sockaddr_in));
    SAY(ioctl(fd, SIOCGIFNETMASK, &r));
    say_addr("mask", 0, &r.ifr_netmask, sizeof(struct sockaddr_in));
    SAY(ioctl(fd, SIOCGIFFLAGS, &r));
    say("flags %x", (unsigned)r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_BROADCAST | IFF_RUNNING));
    SAY(ioctl(fd, SIOCGIFMTU, &r));
    say("mtu %d", r.ifr_mtu);
    SAY(ioctl(fd, SIOCGIFINDEX, &r));
    say("index %d", r.ifr_ifindex);
    SAY(ioctl(fd, SIOCGIFHWADDR, &r));
    say("type %d", r.ifr_hwaddr.sa_family);
}

CASE(no_such_interface)
{
    struct ifreq r = {.ifr_name = "nix0"};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFADDR, &r));
    SAY(ioctl(fd, SIOCGIFFLAGS, &r));
    SAY(ioctl(fd, 0xdead, &r));
}

CASE(list_of_interfaces)
{
    struct ifreq r[8];
    struct ifconf c = {.ifc_len = sizeof r, .ifc_req = r};
    int fd = udp();

    SAY(ioctl(fd, SIOCGIFCONF, &c));
    say("%d, first %s", (int)(c.ifc_len / (int)sizeof(struct ifreq)), r[0].ifr_name);
}
