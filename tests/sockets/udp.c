/* SPDX-License-Identifier: MIT */
/* UNP chapters 8 and 22: datagrams, with a peer and without. */
#define CHAPTER "udp"
#include "case.h"

CASE(there_and_back)
{
    struct sockaddr_in a = in4(LO, 7001), from;
    socklen_t n = sizeof from;
    int s = udp_at(7001), c = udp();
    char b[16];

    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    say_name("client", c);
    say_bytes("recvfrom", recvfrom(s, b, sizeof b, 0, (struct sockaddr *)&from, &n), b);
    say_addr("from", 0, &from, n);
    SAY(sendto(s, "yes", 3, 0, ADDR(from)));
    n = sizeof from;
    say_bytes("recvfrom", recvfrom(c, b, sizeof b, 0, (struct sockaddr *)&from, &n), b);
    say_addr("from", 0, &from, n);
}

CASE(empty_datagram)
{
    int p[2];
    char b[4];

    udp_pair(p);
    SAY(send(p[0], "", 0, 0));
    say_ready("poll", 1, ready(p[1], POLLIN, 1000));
    SAY(recv(p[1], b, sizeof b, 0));
    SAY(write(p[0], "", 0));
    soon(20);
    SAY(recv(p[1], b, sizeof b, MSG_DONTWAIT));
}

CASE(boundaries_are_kept)
{
    int p[2];
    char b[16];

    udp_pair(p);
    send(p[0], "one", 3, 0);
    send(p[0], "two", 3, 0);
    say_bytes("first", recv(p[1], b, sizeof b, 0), b);
    say_bytes("second", recv(p[1], b, sizeof b, 0), b);
}

CASE(what_does_not_fit_is_lost)
{
    int p[2];
    char b[4];
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};

    udp_pair(p);
    send(p[0], "abcdefgh", 8, 0);
    send(p[0], "abcdefgh", 8, 0);
    send(p[0], "xy", 2, 0);
    say_bytes("cut", recv(p[1], b, sizeof b, 0), b);
    SAY(recvmsg(p[1], &m, MSG_TRUNC));
    say("flags %x", (unsigned)m.msg_flags);
    say_bytes("next", recv(p[1], b, sizeof b, 0), b);
}

CASE(too_long)
{
    static char big[70000];
    int p[2];

    udp_pair(p);
    SAY(send(p[0], big, 65508, 0));
    SAY(send(p[0], big, 65507, 0));
    SAY(recv(p[1], big, sizeof big, 0));
}

CASE(no_destination)
{
    int fd = udp();
    struct sockaddr_in a = in4(LO, 0), away = in4("192.0.2.1", 9), short_one = in4(LO, 9);
    struct sockaddr_in6 six = in6("::1", 9);

    SAY(send(fd, "x", 1, 0));
    SAY(write(fd, "x", 1));
    SAY(sendto(fd, "x", 1, 0, ADDR(a)));
    SAY(sendto(fd, "x", 1, 0, ADDR(away)));
    SAY(sendto(fd, "x", 1, 0, ADDR(six)));
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&short_one, 4));
}

CASE(broadcast_is_asked_for)
{
    struct sockaddr_in a = in4("255.255.255.255", 9), lo = in4("127.255.255.255", 9);
    int fd = udp();

    SAY(sendto(fd, "x", 1, 0, ADDR(lo)));
    SAY(connect(fd, ADDR(lo)));
    set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
    SAY(connect(fd, ADDR(lo)));
    SAY(sendto(udp(), "x", 1, 0, ADDR(a)));
}

CASE(connected_hears_its_peer_only)
{
    struct sockaddr_in a = in4(LO, 7001);
    int p[2], other = udp();
    char b[8];

    udp_pair(p);
    SAY(sendto(other, "no", 2, 0, ADDR(a)));
    SAY(send(p[1], "yes", 3, 0));
    say_bytes("recv", recv(p[0], b, sizeof b, 0), b);
    SAY(recv(p[0], b, sizeof b, MSG_DONTWAIT));
}

CASE(connect_names_both_ends)
{
    struct sockaddr_in a = in4(LO, 7001), b = in4("127.0.0.5", 7002);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    int fd = udp();

    SAY(connect(fd, ADDR(a)));
    say_name("name", fd);
    say_peer("peer", fd);
    SAY(connect(fd, ADDR(b)));
    say_peer("peer", fd);
    SAY(connect(fd, &none, sizeof none));
    say_peer("peer", fd);
    say_name("name", fd);
    SAY(send(fd, "x", 1, 0));
}

CASE(connect_refuses)
{
    struct sockaddr_in a = in4(LO, 7001), away = in4("192.0.2.1", 7001), zero = in4(LO, 0);
    struct sockaddr_in6 six = in6("::1", 7001);
    int fd = udp();

    SAY(connect(fd, (struct sockaddr *)&a, 3));
    SAY(connect(fd, ADDR(six)));
    SAY(connect(fd, ADDR(away)));
    SAY(connect(fd, ADDR(zero)));
}

CASE(sendto_on_a_connected_socket)
{
    struct sockaddr_in a = in4(LO, 7003);
    int p[2], other = udp_at(7003);
    char b[8];

    udp_pair(p);
    SAY(sendto(p[0], "else", 4, 0, ADDR(a)));
    say_bytes("other", recv(other, b, sizeof b, 0), b);
    SAY(recv(p[1], b, sizeof b, MSG_DONTWAIT));
}

CASE(refusal_reaches_the_connected)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp();
    char b;

    connect(fd, ADDR(a));
    SAY(send(fd, "x", 1, 0));
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 1000));
    SAY(recv(fd, &b, 1, 0));
    SAY(recv(fd, &b, 1, MSG_DONTWAIT));
    SAY(send(fd, "x", 1, 0));
    soon(20);
    SAY(send(fd, "x", 1, 0));
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    soon(20);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
}

CASE(refusal_does_not_reach_the_unconnected)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp();
    char b;

    SAY(sendto(fd, "x", 1, 0, ADDR(a)));
    soon(20);
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 0));
    SAY(recv(fd, &b, 1, MSG_DONTWAIT));
}

CASE(peek)
{
    int p[2];
    char b[8];

    udp_pair(p);
    send(p[0], "look", 4, 0);
    say_bytes("peek", recv(p[1], b, sizeof b, MSG_PEEK), b);
    say_bytes("peek 2", recv(p[1], b, 2, MSG_PEEK), b);
    say_bytes("take", recv(p[1], b, sizeof b, 0), b);
    SAY(recv(p[1], b, sizeof b, MSG_DONTWAIT | MSG_PEEK));
}

CASE(shutdown_of_datagrams)
{
    int p[2], fd = udp();
    char b[4];

    SAY(shutdown(fd, SHUT_RD));
    udp_pair(p);
    SAY(shutdown(p[0], SHUT_WR));
    SAY(send(p[0], "x", 1, 0));
    SAY(shutdown(p[0], SHUT_RD));
    SAY(recv(p[0], b, sizeof b, 0));
    say_ready("poll", 1, ready(p[0], POLLIN | POLLOUT, 0));
}

CASE(time_out)
{
    int fd = udp_at(7001);
    char b;

    set_timeout(fd, SO_RCVTIMEO, 50);
    SAY(recv(fd, &b, 1, 0));
    SAY(read(fd, &b, 1));
}

CASE(scattered)
{
    int p[2];
    char a[3], b[8];
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{a, 3}, {b, 8}};

    udp_pair(p);
    SAY(writev(p[0], out, 3));
    SAY(readv(p[1], in, 2));
    say("%.3s %.3s", a, b);
    SAY(writev(p[0], out, 0));
    SAY(writev(p[0], out, -1));
    SAY(writev(p[0], out, 5000));
}

CASE(many_at_once)
{
    int p[2];
    struct iovec out[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}}, in[4];
    char b[4][8];
    struct mmsghdr m[4];

    udp_pair(p);
    memset(m, 0, sizeof m);
    for (int i = 0; i < 3; i++)
        m[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
    SAY(sendmmsg(p[0], m, 3, 0));
    say("lengths %u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
    for (int i = 0; i < 4; i++) {
        in[i] = (struct iovec){b[i], 8};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
    }
    soon(20);
    SAY(recvmmsg(p[1], m, 4, MSG_WAITFORONE, NULL));
    say("lengths %u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
    SAY(recvmmsg(p[1], m, 4, MSG_DONTWAIT, NULL));
}

CASE(six)
{
    struct sockaddr_in6 a = in6("::1", 7001), from;
    struct sockaddr_in four = in4(LO, 7002);
    socklen_t n = sizeof from;
    int s = socket(AF_INET6, SOCK_DGRAM, 0), c = socket(AF_INET6, SOCK_DGRAM, 0), f = udp_at(7002);
    char b[8];

    SAY(bind(s, ADDR(a)));
    SAY(sendto(c, "six", 3, 0, ADDR(a)));
    say_bytes("recvfrom", recvfrom(s, b, sizeof b, 0, (struct sockaddr *)&from, &n), b);
    say_addr("from", 0, &from, n);
    SAY(sendto(c, "four", 4, 0, ADDR(four)));
    say_bytes("recv", recv(f, b, sizeof b, 0), b);
    say_name("client", c);
}

CASE(flags_that_mean_nothing)
{
    int p[2];
    char b[4];

    udp_pair(p);
    SAY(send(p[0], "x", 1, MSG_OOB));
    SAY(recv(p[1], b, 4, MSG_OOB | MSG_DONTWAIT));
    SAY(send(p[0], "x", 1, MSG_NOSIGNAL));
    SAY(send(p[0], "x", 1, MSG_DONTROUTE));
    SAY(recv(p[1], b, 4, MSG_WAITALL));
    SAY(recv(p[1], b, 4, MSG_ERRQUEUE));
}
