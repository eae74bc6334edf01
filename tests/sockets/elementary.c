/* SPDX-License-Identifier: MIT */
/* UNP chapter 4: socket, bind, listen, accept, close, names; what they refuse. */
#define CHAPTER "elementary"
#include "case.h"

CASE(socket_kinds)
{
    SAY(close(socket(AF_INET, SOCK_STREAM, 0)));
    SAY(close(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
    SAY(close(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)));
    SAY(close(socket(AF_INET6, SOCK_STREAM, 0)));
    SAY(close(socket(AF_INET6, SOCK_DGRAM, 0)));
}

CASE(socket_refuses)
{
    SAY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SAY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
    SAY(socket(AF_INET, 99, 0));
    SAY(socket(AF_INET, SOCK_STREAM | 0x100000, 0));
    SAY(socket(9999, SOCK_STREAM, 0));
    SAY(socket(-1, SOCK_STREAM, 0));
    SAY(socket(AF_INET, SOCK_STREAM, -1));
    SAY(socket(AF_INET, SOCK_STREAM, 999));
}

CASE(socket_gives_the_lowest_number)
{
    int a = tcp(), b = udp(), c;

    say("next is one more: %d", b == a + 1);
    close(a);
    c = tcp();
    say("reused: %d", c == a);
}

CASE(socket_flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    say("nonblocking %d, cloexec %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD));
    fd = tcp();
    say("nonblocking %d, cloexec %d, mode %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD),
        fcntl(fd, F_GETFL) & O_ACCMODE);
}

CASE(names_of_a_new_socket)
{
    int fd = tcp();

    say_name("getsockname", fd);
    say_peer("getpeername", fd);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    say_name("getsockname v6", fd);
    say_peer("getpeername v6", fd);
    fd = udp();
    say_name("getsockname udp", fd);
    say_peer("getpeername udp", fd);
}

CASE(bind_gives_a_name)
{
    struct sockaddr_in a = in4(LO, 5000), any = in4("0.0.0.0", 5001), none = in4(LO, 0);
    int fd = tcp();

    SAY(bind(fd, ADDR(a)));
    say_name("name", fd);
    SAY(bind(fd, ADDR(a)));
    fd = tcp();
    SAY(bind(fd, ADDR(any)));
    say_name("any", fd);
    fd = tcp();
    SAY(bind(fd, ADDR(none)));
    say_name("chosen", fd);
}

CASE(bind_refuses)
{
    struct sockaddr_in a = in4(LO, 5000), foreign = in4("192.0.2.7", 5000);
    struct sockaddr_in6 six = in6("::1", 5000);
    int fd = tcp();

    SAY(bind(fd, (struct sockaddr *)&a, 8));
    SAY(bind(fd, (struct sockaddr *)&a, 0));
    SAY(bind(fd, ADDR(foreign)));
    SAY(bind(fd, ADDR(six)));
    SAY(bind(99, ADDR(a)));
    a.sin_family = AF_UNSPEC;
    SAY(bind(fd, ADDR(a)));
    a = in4("0.0.0.0", 5002);
    a.sin_family = AF_UNSPEC;
    SAY(bind(fd, ADDR(a)));
    say_name("forgiven", fd);
}

CASE(bind_in_use)
{
    struct sockaddr_in a = in4(LO, 5000), any = in4("0.0.0.0", 5000), other = in4("127.0.0.2", 5000);

    SAY(bind(tcp(), ADDR(a)));
    SAY(bind(tcp(), ADDR(a)));
    SAY(bind(tcp(), ADDR(any)));
    SAY(bind(tcp(), ADDR(other)));
    SAY(bind(udp(), ADDR(a)));
    SAY(bind(udp(), ADDR(a)));
    SAY(bind(udp(), ADDR(any)));
}

static int bind_with(int type, int reuse, int port_reuse, bool listens, unsigned port)
{
    struct sockaddr_in a = in4(LO, port);
    int fd = socket(AF_INET, type, 0), r;

    set_int(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
    set_int(fd, SOL_SOCKET, SO_REUSEPORT, port_reuse);
    r = bind(fd, ADDR(a));
    if (r == 0 && listens)
        r = listen(fd, 5);
    return r;
}

/* The matrix of UNP 7.5: both sockets with each choice. */
CASE(bind_reuse_matrix)
{
    unsigned port = 5100;

    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
        for (int how = 0; how < 32; how++, port++) {
            bool listens = how & 16;

            if (listens && type == SOCK_DGRAM)
                continue;
            bind_with(type, how & 1, !!(how & 2), listens, port);
            say("type %d first %d%d second %d%d listens %d", type, how & 1, !!(how & 2), !!(how & 4), !!(how & 8),
                listens);
            SAY(bind_with(type, !!(how & 4), !!(how & 8), false, port));
        }
}

CASE(listen_and_accept)
{
    struct sockaddr_in a = in4(LO, 5000), from;
    socklen_t n = sizeof from;
    int l = tcp_listener(5000), c = tcp(), s;

    SAY(connect(c, ADDR(a)));
    say_name("client", c);
    say_peer("client's peer", c);
    s = accept(l, (struct sockaddr *)&from, &n);
    say_addr("from", s, &from, n);
    say_name("server", s);
    say_peer("server's peer", s);
    say_peer("listener's peer", l);
}

CASE(listen_refuses)
{
    int p[2];

    SAY(listen(udp(), 5));
    SAY(listen(99, 5));
    tcp_pair(p);
    SAY(listen(p[0], 5));
    SAY(listen(p[1], 5));
}

CASE(listen_binds_by_itself)
{
    int fd = tcp();

    SAY(listen(fd, 0));
    say_name("name", fd);
    SAY(listen(fd, 7));
    SAY(listen(fd, -1));
}

CASE(accept_refuses)
{
    int fd = tcp(), p[2];
    struct sockaddr_in a = in4(LO, 5000);

    SAY(accept(fd, NULL, NULL));
    SAY(accept(udp(), NULL, NULL));
    SAY(accept(99, NULL, NULL));
    tcp_pair(p);
    SAY(accept(p[0], NULL, NULL));
    fd = tcp_listener(5000);
    SAY(accept4(fd, NULL, NULL, 0x55));
    nonblocking(fd);
    SAY(accept(fd, NULL, NULL));
    SAY(connect(tcp(), ADDR(a)));
    when_readable(fd);
    SAY(accept(fd, (struct sockaddr *)&a, NULL));
}

CASE(accept_with_a_short_buffer)
{
    struct sockaddr_in a = in4(LO, 5000), from;
    int l = tcp_listener(5000), c = tcp();
    socklen_t n = 4;

    memset(&from, 0x55, sizeof from);
    connect(c, ADDR(a));
    say("accepted %d", accept(l, (struct sockaddr *)&from, &n) > 0);
    say("family %d, length %u, rest untouched %d", from.sin_family, (unsigned)n, from.sin_addr.s_addr == 0x55555555);
}

CASE(accept4_flags)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000), fd;

    connect(tcp(), ADDR(a));
    fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    say("nonblocking %d, cloexec %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD));
    connect(tcp(), ADDR(a));
    nonblocking(l);
    when_readable(l);
    fd = accept(l, NULL, NULL);
    say("not inherited: nonblocking %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

CASE(accept_times_out)
{
    int l = tcp_listener(5000);

    set_timeout(l, SO_RCVTIMEO, 50);
    SAY(accept(l, NULL, NULL));
}

CASE(close_gives_the_number_back)
{
    int fd = tcp();

    SAY(close(fd));
    SAY(close(fd));
    SAY(listen(fd, 1));
    SAY(close(-1));
}

CASE(dup_shares_the_socket)
{
    int p[2], d;
    char b[8];

    tcp_pair(p);
    d = dup(p[0]);
    nonblocking(d);
    say("shared flag %d", !!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
    SAY(close(p[0]));
    SAY(write(d, "abc", 3));
    when_readable(p[1]);
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(ready(p[1], POLLIN, 50));
    SAY(close(d));
    SAY(ready(p[1], POLLIN, 1000));
    SAY(read(p[1], b, sizeof b));
}

CASE(dup2_replaces)
{
    int p[2], q = udp();
    char b[8];

    tcp_pair(p);
    say("dup2 %d", dup2(p[0], q) == q);
    SAY(write(q, "x", 1));
    SAY(read(p[1], b, 1));
    say("onto itself %d", dup2(q, q) == q);
    SAY(dup2(99, q));
    SAY(dup2(q, -1));
    say("fcntl %d", fcntl(q, F_DUPFD, 40) == 40);
    SAY(write(40, "y", 1));
}

CASE(names_refuse)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;

    SAY(getsockname(99, (struct sockaddr *)&a, &n));
    SAY(getpeername(99, (struct sockaddr *)&a, &n));
    n = (socklen_t)-1;
    SAY(getsockname(tcp(), (struct sockaddr *)&a, &n));
    n = 2;
    SAY(getsockname(tcp(), (struct sockaddr *)&a, &n));
    say("length %u", (unsigned)n);
}

CASE(not_a_socket)
{
    int p[2];
    struct sockaddr_in a = in4(LO, 5000);
    char b;

    if (pipe(p))
        return;
    SAY(bind(p[0], ADDR(a)));
    SAY(listen(p[0], 1));
    SAY(accept(p[0], NULL, NULL));
    SAY(connect(p[0], ADDR(a)));
    SAY(send(p[1], "x", 1, 0));
    SAY(recv(p[0], &b, 1, 0));
    SAY(shutdown(p[0], SHUT_WR));
    SAY(set_int(p[0], SOL_SOCKET, SO_KEEPALIVE, 1));
    SAY(write(p[1], "x", 1));
    SAY(read(p[0], &b, 1));
}

CASE(six_speaks_four)
{
    struct sockaddr_in6 any = in6("::", 5000);
    struct sockaddr_in a = in4(LO, 5000);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = tcp(), s;

    SAY(bind(l, ADDR(any)));
    SAY(listen(l, 5));
    SAY(connect(c, ADDR(a)));
    s = accept(l, NULL, NULL);
    say_name("server", s);
    say_peer("server's peer", s);
}

CASE(six_only)
{
    struct sockaddr_in6 any = in6("::", 5000), one = in6("::1", 5000), mapped = in6("::ffff:127.0.0.1", 5003);
    struct sockaddr_in a = in4(LO, 5000);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c;

    SAY(set_int(l, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SAY(bind(l, ADDR(any)));
    SAY(listen(l, 5));
    SAY(connect(tcp(), ADDR(a)));
    c = socket(AF_INET6, SOCK_STREAM, 0);
    SAY(connect(c, ADDR(one)));
    say_name("client", c);
    l = socket(AF_INET6, SOCK_STREAM, 0);
    set_int(l, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SAY(bind(l, ADDR(mapped)));
    SAY(connect(l, ADDR(mapped)));
}
