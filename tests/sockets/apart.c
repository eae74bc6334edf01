/* SPDX-License-Identifier: MIT */
/* What weft does otherwise than Linux on purpose, where no other chapter comes by it: each case here differs. */
#define CHAPTER "apart"
#include "case.h"

#include <linux/close_range.h>
#include <linux/net_tstamp.h>

CASE(name_after_a_refusal)
{
    struct sockaddr_in nobody = in4("127.0.0.1", 7400), name = {0};
    socklen_t n = sizeof name;
    int fd = tcp();

    SAY(connect(fd, ADDR(nobody)));
    SAY(getsockname(fd, (struct sockaddr *)&name, &n));
    say("an address %d", name.sin_addr.s_addr != 0);
}

CASE(edge_when_our_end_is_acknowledged)
{
    struct epoll_event ev = {.events = EPOLLOUT | EPOLLET};
    int p[2], e = epoll_create1(0);

    tcp_pair(p);
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev));
    SAY(epoll_wait(e, &ev, 1, 1000));
    SAY(shutdown(p[0], SHUT_WR));
    SAY(epoll_wait(e, &ev, 1, 1000));
    SAY(epoll_wait(e, &ev, 1, 0));
}

CASE(connect_from_an_interface_to_another)
{
    struct sockaddr_in to = in4(LO, 7000);
    int fd = tcp();

    ethernet();
    tcp_listener(7000);
    SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ETHERNET, sizeof ETHERNET));
    nonblocking(fd);
    SAY(connect(fd, ADDR(to)));
}

CASE(what_the_kernel_knows_of_a_number)
{
    char path[64], to[64] = "";
    int fd = tcp();

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    SAY(readlink(path, to, sizeof to - 1) > 0);
    say("a socket %d", strncmp(to, "socket:", 7) == 0);
}

CASE(numbers_of_ones_own)
{
    int fd = tcp();

    SAY(close_range(fd, fd, CLOSE_RANGE_UNSHARE));
}

CASE(datagrams_after_a_refusal_to_where_no_route_leads)
{
    struct sockaddr_in nobody = in4(LO, 7400), stranger = in4("192.0.2.1", 7400);
    int fd = udp();

    SAY(connect(fd, ADDR(nobody)));
    SAY(send(fd, "a", 1, 0));
    when_readable(fd);
    SAY(sendto(fd, "a", 1, 0, ADDR(stranger)));
    SAY(send(fd, "a", 1, 0));
    SAY(shutdown(fd, SHUT_WR));
    SAY(sendto(fd, "a", 1, 0, ADDR(stranger)));
}

CASE(datagrams_of_six_with_a_peer_to_four)
{
    struct sockaddr_in6 peer = in6("::1", 7400), four = in6("::ffff:127.0.0.1", 7400);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(connect(fd, ADDR(peer)));
    SAY(sendto(fd, "a", 1, 0, ADDR(four)));
}

CASE(a_peer_here_and_then_a_group)
{
    struct sockaddr_in here = in4(LO, 7400), group = in4("224.0.0.5", 7400);
    int fd = udp();

    SAY(connect(fd, ADDR(here)));
    SAY(connect(fd, ADDR(group)));
}

CASE(a_link_without_a_zone)
{
    struct sockaddr_in6 to = in6("fe80::9", 7400);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
}

CASE(raw_sockets_of_six_and_mapped_peers)
{
    struct sockaddr_in6 four = in6("::ffff:127.0.0.1", 0);
    int fd = socket(AF_INET6, SOCK_RAW, 200);

    SAY(connect(fd, ADDR(four)));
}

CASE(raw_sockets_bound_by_another_family)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = socket(AF_INET, SOCK_RAW, 200);

    a.sin_family = AF_INET6;
    SAY(bind(fd, ADDR(a)));
    a.sin_family = AF_UNSPEC;
    SAY(bind(fd, ADDR(a)));
}

CASE(how_long_an_accept_is_deferred)
{
    int fd = tcp_listener(7000);

    SAY(set_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 100000));
    say_opt("seconds", fd, IPPROTO_TCP, TCP_DEFER_ACCEPT);
}

CASE(a_pace_of_nothing)
{
    int fd = tcp();

    SAY(set_int(fd, SOL_SOCKET, SO_MAX_PACING_RATE, 0));
    say_opt("bytes", fd, SOL_SOCKET, SO_MAX_PACING_RATE);
}

/* ---- asked for by few ---- */

CASE(where_a_stream_came_in_if_nobody_had_asked)
{
    char control[256];
    socklen_t n = sizeof control;
    struct in_pktinfo info = {0};
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[1], IPPROTO_IP, IP_PKTINFO, 1));
    SAY(getsockopt(p[1], IPPROTO_IP, IP_PKTOPTIONS, control, &n));
    memcpy(&info, control + CMSG_LEN(0), sizeof info);
    say("%u bytes, interface %d", (unsigned)n, info.ipi_ifindex);
}

CASE(statistics_with_stamps)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_OPT_STATS | SOF_TIMESTAMPING_OPT_TSONLY));
}

CASE(a_stream_of_six_from_an_address_that_is_not_ours)
{
    struct sockaddr_in6 a = in6("2001:db8::1", 0), to = in6("::1", 7000);
    int c = socket(AF_INET6, SOCK_STREAM, 0);

    SAY(set_int(c, IPPROTO_IPV6, IPV6_FREEBIND, 1));
    SAY(bind(c, ADDR(a)));
    nonblocking(c);
    SAY(connect(c, ADDR(to)));
}

CASE(four_beside_a_stream_that_was_accepted_by_six)
{
    struct sockaddr_in6 all = in6("::", 7000), peer = in6("::1", 7000);
    struct sockaddr_in four = in4("0.0.0.0", 7000);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0);

    SAY(bind(l, ADDR(all)));
    SAY(listen(l, 1));
    SAY(connect(c, ADDR(peer)));
    SAY(accept(l, NULL, NULL) > 0);
    close(l);
    SAY(bind(tcp(), ADDR(four)));
}

CASE(streams_that_are_repaired)
{
    SAY(set_int(tcp(), IPPROTO_TCP, TCP_REPAIR, 1));
}
