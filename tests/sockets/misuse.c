/* SPDX-License-Identifier: MIT */
/* Calls with what they cannot be meant for: descriptors, flags, numbers, pointers; and groups up to their limits. */
#define CHAPTER "misuse"
#include "case.h"

#include <linux/sockios.h>

/* ---- epoll ---- */

CASE(epoll_of_what_cannot_be_watched)
{
    struct epoll_event event = {.events = EPOLLIN};
    int e = epoll_create1(0), fd = tcp(), file = open("/dev/null", O_RDONLY), plain = open("/proc/version", O_RDONLY);
    int gone = tcp();

    close(gone);
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, fd, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, fd, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, fd, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, fd, NULL));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, fd, NULL));
    SAY(epoll_ctl(e, 99, fd, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, fd, NULL));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, fd, NULL));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, fd, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, e, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, -1, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, gone, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, plain, &event) < 0 ? -1 : 0);
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, file, NULL));
    SAY(epoll_ctl(fd, EPOLL_CTL_ADD, fd, &event));
    SAY(epoll_ctl(-1, EPOLL_CTL_ADD, fd, &event));
    SAY(epoll_ctl(gone, EPOLL_CTL_ADD, fd, &event));
}

CASE(epoll_that_is_exclusive)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    int e = epoll_create1(0), l = tcp_listener(7800);
    struct sockaddr_in a = in4(LO, 7800);

    SAY(epoll_ctl(e, EPOLL_CTL_ADD, l, &event));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, l, &event));
    event.events = EPOLLIN;
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, l, &event));
    SAY(connect(tcp(), ADDR(a)));
    SAY(epoll_wait(e, &event, 1, 1000));
    event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, l, NULL));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, l, &event));
    event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, l, &event));
}

CASE(epoll_wait_refuses)
{
    struct epoll_event event[2];
    int e = epoll_create1(0), fd = tcp();

    SAY(epoll_wait(e, event, 0, 0));
    SAY(epoll_wait(e, event, -1, 0));
    SAY(epoll_wait(fd, event, 1, 0));
    SAY(epoll_wait(-1, event, 1, 0));
    SAY(epoll_wait(e, event, 2, 0));
    SAY(epoll_create(0));
    SAY(epoll_create(-1));
    SAY(epoll_create1(99));
    SAY(close(e));
    SAY(epoll_wait(e, event, 1, 0));
}

/* ---- poll, select ---- */

CASE(poll_of_what_is_none)
{
    struct pollfd p[4] = {{-1, POLLIN, 77}, {-5, POLLOUT, 77}, {tcp(), 0, 77}, {500, POLLIN, 77}};

    SAY(poll(p, 4, 0));
    for (int i = 0; i < 4; i++)
        say_ready("  that", i, p[i].revents);
    SAY(poll(p, 0, 0));
    SAY(poll(NULL, 0, 0));
    SAY(poll(p, 2, 1));
    p[0] = (struct pollfd){tcp(), POLLIN | POLLNVAL | POLLERR | POLLHUP, 0};
    SAY(poll(p, 1, 0));
    say_ready("  asked for what is always told", 0, p[0].revents);
}

/* ---- options ---- */

CASE(options_at_no_address)
{
    int fd = tcp(), u = udp(), v = 1;
    socklen_t n = sizeof v;

    SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, sizeof v));
    SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 0));
    SAY(setsockopt(fd, IPPROTO_IP, IP_TTL, NULL, sizeof v));
    SAY(setsockopt(fd, IPPROTO_IP, IP_TTL, NULL, 0));
    SAY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, NULL, sizeof v));
    SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, NULL, 0));
    SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, NULL, sizeof(struct linger)));
    SAY(setsockopt(u, IPPROTO_UDP, 103, NULL, sizeof v)); /* UDP_SEGMENT */
    SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, (socklen_t)-1));
    SAY(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, &n));
    SAY(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, NULL));
    n = (socklen_t)-1;
    SAY(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, &n));
    SAY(getsockopt(fd, IPPROTO_IP, IP_TTL, &v, &n));
    SAY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &v, &n));
    SAY(getsockopt(u, IPPROTO_UDP, 103, &v, &n));
}

CASE(SO_LINGER_of_all_lengths)
{
    struct linger l = {7, 5};
    int fd = tcp(), u = udp();

    for (socklen_t n = 0; n <= 8; n += 2) {
        struct linger got = {-77, -77};
        socklen_t room = n;

        say_result("set", setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, n));
        say_result("set", setsockopt(u, SOL_SOCKET, SO_LINGER, &l, n));
        say_result("get", getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &room));
        say("%d %d of %u", got.l_onoff, got.l_linger, (unsigned)room);
    }
}

CASE(times_that_are_none)
{
    static const struct timeval all[] = {{0, 0}, {1, 500000}, {0, 1000000}, {0, -1}, {-1, 0}, {-1, 5}};
    int fd = tcp();

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct timeval got = {-77, -77};
        socklen_t n = sizeof got;

        say_result("set", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &all[i], sizeof all[i]));
        say_result("get", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &n));
        say("%ld %ld", (long)got.tv_sec, (long)got.tv_usec / 10000 * 10000);
    }
    SAY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &all[1], 8));
    SAY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &all[1], 32));
}

CASE(names_of_devices)
{
    static const char names[][40] = {"lo", "lo\0x", "nowhere0", "", "a name that is much too long to be one"};
    int fd = tcp(), u = udp();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (socklen_t n = 0; n <= 20; n += n < 4 ? 1 : 16) {
            char got[32] = "?";
            socklen_t room = sizeof got;

            say("%s of %u", names[i], (unsigned)n);
            say_result("  set", setsockopt(i & 1 ? fd : u, SOL_SOCKET, SO_BINDTODEVICE, names[i], n));
            say_result("  get", getsockopt(i & 1 ? fd : u, SOL_SOCKET, SO_BINDTODEVICE, got, &room));
            say("  '%s', %u bytes", room ? got : "", (unsigned)room);
        }
    SAY(setsockopt(u, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    for (socklen_t n = 0; n <= 16; n += 4) {
        socklen_t room = n;

        say_result("get", getsockopt(u, SOL_SOCKET, SO_BINDTODEVICE, (char[32]){0}, &room));
        say("%u", (unsigned)room);
    }
}

/* ---- fcntl, ioctl ---- */

CASE(fcntl_that_is_none)
{
    int fd = tcp(), flags = fcntl(fd, F_GETFL, 0);

    say("%x", (unsigned)flags);
    SAY(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND | O_RDONLY | O_TRUNC));
    say("%d", !!(fcntl(fd, F_GETFL, 0) & O_NONBLOCK));
    SAY(fcntl(fd, F_SETFL, 0));
    say("%d", !!(fcntl(fd, F_GETFL, 0) & O_NONBLOCK));
    SAY(fcntl(fd, 9999, 0));
    SAY(fcntl(fd, F_DUPFD, -1));
    SAY(fcntl(fd, F_DUPFD, 1 << 30));
    SAY(fcntl(-1, F_GETFL, 0));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(fcntl(fd, F_GETFD, 0));
}

CASE(ioctl_that_is_none)
{
    int fd = tcp(), u = udp(), v = 0;

    SAY(ioctl(fd, 0x12345678, &v));
    SAY(ioctl(u, 0x12345678, &v));
    SAY(ioctl(fd, FIONREAD, NULL));
    SAY(ioctl(u, FIONREAD, NULL));
    SAY(ioctl(fd, SIOCATMARK, NULL));
    SAY(ioctl(u, SIOCATMARK, &v));
    SAY(ioctl(fd, SIOCOUTQ, NULL));
    SAY(ioctl(fd, FIONBIO, NULL));
    SAY(ioctl(u, SIOCOUTQNSD, &v));
    SAY(ioctl(fd, SIOCGIFMTU, NULL));
    SAY(ioctl(-1, FIONREAD, &v));
}

/* ---- descriptors ---- */

CASE(shutdown_that_is_none)
{
    int p[2], fd = tcp(), file[2];

    tcp_pair(p);
    SAY(pipe(file));
    for (int how = -1; how <= 3; how += 4) {
        SAY(shutdown(fd, how));
        SAY(shutdown(p[0], how));
        SAY(shutdown(udp(), how));
        SAY(shutdown(-1, how));
    }
    say_result("a pipe", shutdown(file[0], SHUT_RD));
    say_result("a pipe", shutdown(file[0], 77));
    SAY(shutdown(-1, SHUT_RD));
    SAY(shutdown(p[0], SHUT_WR));
    SAY(shutdown(p[0], SHUT_WR));
    SAY(shutdown(p[0], SHUT_RD));
    SAY(shutdown(p[0], SHUT_RDWR));
}

CASE(dup_that_is_none)
{
    int fd = tcp();

    SAY(dup(-1));
    SAY(dup2(fd, fd) == fd ? 0 : -1);
    SAY(dup2(-1, 50));
    SAY(dup2(fd, -1));
    SAY(dup3(fd, fd, 0));
    SAY(dup3(fd, 60, 77));
    SAY(dup3(fd, 60, O_CLOEXEC));
    SAY(fcntl(60, F_GETFD, 0));
    SAY(close(60));
    SAY(close(60));
}

CASE(accept4_that_is_none)
{
    int l = tcp_listener(7801);

    nonblocking(l);
    SAY(accept4(l, NULL, NULL, 0xf));
    SAY(accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    SAY(accept4(udp(), NULL, NULL, 0));
    SAY(accept4(udp(), NULL, NULL, 0xf));
    SAY(accept4(-1, NULL, NULL, 0xf));
    SAY(accept4(tcp(), NULL, NULL, 0));
}

CASE(listen_with_any_backlog)
{
    static const int backlogs[] = {0, -1, 1, 1 << 30};

    for (size_t i = 0; i < sizeof backlogs / sizeof *backlogs; i++) {
        struct sockaddr_in a = in4(LO, 7802 + (unsigned)i);
        struct tcp_info info = {0};
        int l = tcp(), c = tcp();

        bind(l, ADDR(a));
        say_result("listen", listen(l, backlogs[i]));
        say_result("connect", connect(c, ADDR(a)));
        when_readable(l);
        getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof info});
        say("%u wait, of %s", info.tcpi_unacked, info.tcpi_sacked < 4096 ? "few" : "many");
        say_result("again", listen(l, 5));
        getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof info});
        say("of %u", info.tcpi_sacked);
    }
}

/* ---- groups ---- */

static int join(int fd, int option, const char *group, unsigned index)
{
    struct ip_mreqn m = {.imr_ifindex = (int)index};

    inet_pton(AF_INET, group, &m.imr_multiaddr);
    return setsockopt(fd, IPPROTO_IP, option, &m, sizeof m);
}

static int join6(int fd, int option, const char *group, unsigned index)
{
    struct ipv6_mreq m = {.ipv6mr_interface = index};

    inet_pton(AF_INET6, group, &m.ipv6mr_multiaddr);
    return setsockopt(fd, IPPROTO_IPV6, option, &m, sizeof m);
}

CASE(groups_that_cannot_be_joined)
{
    int fd = udp(), six = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(join(fd, IP_ADD_MEMBERSHIP, "10.1.2.3", 1));
    SAY(join(fd, IP_ADD_MEMBERSHIP, "239.1.2.3", 99));
    SAY(join(fd, IP_ADD_MEMBERSHIP, "239.1.2.3", 1));
    SAY(join(fd, IP_ADD_MEMBERSHIP, "239.1.2.3", 1));
    SAY(join(fd, IP_DROP_MEMBERSHIP, "239.1.2.4", 1));
    SAY(join(fd, IP_DROP_MEMBERSHIP, "239.1.2.3", 1));
    SAY(join(fd, IP_DROP_MEMBERSHIP, "239.1.2.3", 1));
    SAY(join6(six, IPV6_JOIN_GROUP, "2001:db8::1", 1));
    SAY(join6(six, IPV6_JOIN_GROUP, "ff05::1:3", 99));
    SAY(join6(six, IPV6_JOIN_GROUP, "ff05::1:3", 1));
    SAY(join6(six, IPV6_JOIN_GROUP, "ff05::1:3", 1));
    SAY(join6(six, IPV6_LEAVE_GROUP, "ff05::1:4", 1));
    SAY(join6(six, IPV6_LEAVE_GROUP, "2001:db8::1", 1));
    SAY(join6(six, IPV6_LEAVE_GROUP, "ff05::1:3", 1));
    SAY(join6(six, IPV6_LEAVE_GROUP, "ff05::1:3", 1));
    SAY(join(six, IP_ADD_MEMBERSHIP, "239.1.2.3", 1));
    SAY(join6(fd, IPV6_JOIN_GROUP, "ff05::1:3", 1));
}

CASE(as_many_groups_as_there_may_be)
{
    char group[32];
    int fd = udp(), n, r;

    for (n = 0; n < 100; n++) {
        snprintf(group, sizeof group, "239.1.3.%d", n);
        r = join(fd, IP_ADD_MEMBERSHIP, group, 1);
        if (r < 0)
            break;
    }
    say_result("one more", r);
    say("%d groups", n);
    SAY(join(fd, IP_DROP_MEMBERSHIP, "239.1.3.0", 1));
    SAY(join(fd, IP_ADD_MEMBERSHIP, "239.1.4.0", 1));
}

static int source(int fd, int option, const char *group, const char *from)
{
    struct group_source_req r = {.gsr_interface = 1};
    struct sockaddr_in g = in4(group, 0), s = in4(from, 0);

    memcpy(&r.gsr_group, &g, sizeof g);
    memcpy(&r.gsr_source, &s, sizeof s);
    return setsockopt(fd, IPPROTO_IP, option, &r, sizeof r);
}

CASE(as_many_sources_as_there_may_be)
{
    char from[32];
    int fd = udp(), n, r;

    SAY(join(fd, IP_ADD_MEMBERSHIP, "239.1.5.1", 1));
    for (n = 0; n < 100; n++) {
        snprintf(from, sizeof from, "10.1.3.%d", n + 1);
        r = source(fd, MCAST_BLOCK_SOURCE, "239.1.5.1", from);
        if (r < 0)
            break;
    }
    say_result("one more", r);
    say("%d sources", n);
    SAY(source(fd, MCAST_BLOCK_SOURCE, "239.1.5.1", "10.1.3.1"));
    SAY(source(fd, MCAST_UNBLOCK_SOURCE, "239.1.5.1", "10.9.9.9"));
    SAY(source(fd, MCAST_JOIN_SOURCE_GROUP, "239.1.5.1", "10.9.9.9"));
    SAY(source(fd, MCAST_BLOCK_SOURCE, "239.1.5.2", "10.1.3.1"));
    SAY(source(fd, MCAST_JOIN_SOURCE_GROUP, "239.1.5.3", "10.1.3.1"));
    SAY(source(fd, MCAST_JOIN_SOURCE_GROUP, "239.1.5.3", "10.1.3.1"));
    SAY(source(fd, MCAST_BLOCK_SOURCE, "239.1.5.3", "10.1.3.1"));
    SAY(source(fd, MCAST_LEAVE_SOURCE_GROUP, "239.1.5.3", "10.1.3.2"));
    SAY(source(fd, MCAST_LEAVE_SOURCE_GROUP, "239.1.5.3", "10.1.3.1"));
    SAY(source(fd, MCAST_LEAVE_SOURCE_GROUP, "239.1.5.3", "10.1.3.1"));
    SAY(source(fd, MCAST_JOIN_SOURCE_GROUP, "10.1.1.1", "10.1.3.1"));
}
