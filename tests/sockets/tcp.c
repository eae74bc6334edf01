/* SPDX-License-Identifier: MIT */
/* UNP chapters 4 to 6 and 16: connecting, ending, and what a peer's end looks like. */
#define CHAPTER "tcp"
#include "case.h"

CASE(connect_refused)
{
    struct sockaddr_in a = in4(LO, 5000);
    int fd = tcp();

    SAY(connect(fd, ADDR(a)));
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    say_peer("peer", fd);
    SAY(connect(fd, ADDR(a)));
    SAY(close(fd));
}

CASE(connect_refuses)
{
    struct sockaddr_in a = in4(LO, 5000), away = in4("192.0.2.1", 5000), zero = in4(LO, 0);
    struct sockaddr_in6 six = in6("::1", 5000);
    int fd = tcp();

    SAY(connect(fd, (struct sockaddr *)&a, 1));
    SAY(connect(fd, (struct sockaddr *)&a, 8));
    SAY(connect(fd, ADDR(six)));
    SAY(connect(fd, ADDR(away)));
    SAY(connect(fd, ADDR(zero)));
    SAY(connect(99, ADDR(a)));
}

CASE(connect_twice)
{
    struct sockaddr_in a = in4(LO, 7000);
    int p[2];

    tcp_pair(p);
    SAY(connect(p[0], ADDR(a)));
    SAY(connect(p[1], ADDR(a)));
}

CASE(connect_to_the_any_address)
{
    struct sockaddr_in any = in4("0.0.0.0", 5000);
    int c = tcp();

    tcp_listener(5000);
    SAY(connect(c, ADDR(any)));
    say_peer("peer", c);
}

CASE(connect_nonblocking)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000), c = tcp();

    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    say_ready("poll", 1, ready(c, POLLOUT, 1000));
    say_opt("SO_ERROR", c, SOL_SOCKET, SO_ERROR);
    SAY(connect(c, ADDR(a)));
    SAY(connect(c, ADDR(a)));
    SAY(accept(l, NULL, NULL) > 0);
}

CASE(connect_nonblocking_refused)
{
    struct sockaddr_in a = in4(LO, 5000);
    int c = tcp();

    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    say_ready("poll", 1, ready(c, POLLIN | POLLOUT, 1000));
    say_opt("SO_ERROR", c, SOL_SOCKET, SO_ERROR);
    say_opt("SO_ERROR", c, SOL_SOCKET, SO_ERROR);
    say_ready("poll", 1, ready(c, POLLIN | POLLOUT, 0));
}

CASE(connect_nonblocking_refused_is_told_by_connect)
{
    struct sockaddr_in a = in4(LO, 5000);
    int c = tcp();

    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    ready(c, POLLOUT, 1000);
    SAY(connect(c, ADDR(a)));
    tcp_listener(5000);
    SAY(connect(c, ADDR(a)));
    ready(c, POLLOUT, 1000);
    SAY(connect(c, ADDR(a)));
}

CASE(connect_to_unspec_dissolves)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct sockaddr_in a = in4(LO, 5000);
    int p[2];

    tcp_pair(p);
    SAY(connect(p[0], &none, sizeof none));
    say_peer("peer", p[0]);
    tcp_listener(5000);
    SAY(connect(p[0], ADDR(a)));
    say_peer("peer", p[0]);
}

CASE(simultaneous_open_with_oneself)
{
    struct sockaddr_in a = in4(LO, 5000);
    int c = tcp();
    char b[4];

    SAY(bind(c, ADDR(a)));
    SAY(connect(c, ADDR(a)));
    say_peer("peer", c);
    SAY(write(c, "me", 2));
    say_bytes("read", read(c, b, sizeof b), b);
}

CASE(end_in_order)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(write(p[0], "last", 4));
    SAY(close(p[0]));
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(read(p[1], b, sizeof b));
    SAY(read(p[1], b, sizeof b));
    say_ready("poll", 1, ready(p[1], POLLIN | POLLOUT | POLLRDHUP, 0));
    SAY(write(p[1], "x", 1));
    soon(30);
    signal(SIGPIPE, SIG_IGN);
    SAY(write(p[1], "x", 1));
    say_opt("SO_ERROR", p[1], SOL_SOCKET, SO_ERROR);
}

CASE(write_after_the_reset_is_a_signal)
{
    int p[2];

    tcp_pair(p);
    close(p[0]);
    when_readable(p[1]);
    SAY(write(p[1], "x", 1));
    soon(30);
    SAY(send(p[1], "x", 1, MSG_NOSIGNAL));
    SAY(write(p[1], "x", 1));
}

CASE(reset_by_linger)
{
    struct linger l = {1, 0};
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof l));
    SAY(close(p[0]));
    say_ready("poll", 1, ready(p[1], POLLIN | POLLOUT | POLLRDHUP, 1000));
    SAY(read(p[1], b, sizeof b));
    SAY(read(p[1], b, sizeof b));
    SAY(send(p[1], b, 1, MSG_NOSIGNAL));
}

CASE(reset_by_unread_data)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(write(p[1], "unread", 6));
    when_readable(p[0]);
    SAY(close(p[0]));
    when_readable(p[1]);
    SAY(read(p[1], b, sizeof b));
    say_opt("SO_ERROR", p[1], SOL_SOCKET, SO_ERROR);
}

CASE(reset_before_accept)
{
    struct linger l = {1, 0};
    struct sockaddr_in a = in4(LO, 5000);
    int s = tcp_listener(5000), c = tcp(), fd;
    char b;

    connect(c, ADDR(a));
    setsockopt(c, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(c);
    soon(30);
    nonblocking(s);
    say_ready("poll", 1, ready(s, POLLIN, 0));
    fd = accept(s, NULL, NULL);
    say("accepted %d", fd >= 0);
    SAY(read(fd, &b, 1));
}

CASE(shutdown_for_writing)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(shutdown(p[0], SHUT_WR));
    SAY(send(p[0], "x", 1, MSG_NOSIGNAL));
    SAY(read(p[1], b, sizeof b));
    SAY(write(p[1], "back", 4));
    say_bytes("read", read(p[0], b, sizeof b), b);
    say_ready("half", 1, ready(p[0], POLLIN | POLLOUT | POLLRDHUP, 0));
    say_ready("other half", 1, ready(p[1], POLLIN | POLLOUT | POLLRDHUP, 0));
    SAY(shutdown(p[1], SHUT_WR));
    say_ready("both", 1, ready(p[0], POLLIN | POLLOUT | POLLRDHUP, 1000));
    SAY(read(p[0], b, sizeof b));
    say_peer("peer", p[1]);
}

CASE(shutdown_for_reading)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(shutdown(p[0], SHUT_RD));
    SAY(read(p[0], b, sizeof b));
    say_ready("poll", 1, ready(p[0], POLLIN | POLLOUT | POLLRDHUP, 0));
    SAY(write(p[1], "late", 4));
    soon(30);
    say_bytes("read", read(p[0], b, sizeof b), b);
    SAY(read(p[0], b, sizeof b));
    SAY(write(p[0], "out", 3));
    say_bytes("peer read", read(p[1], b, sizeof b), b);
}

CASE(shutdown_refuses)
{
    int fd = tcp(), p[2];

    SAY(shutdown(fd, SHUT_WR));
    SAY(shutdown(99, SHUT_WR));
    tcp_pair(p);
    SAY(shutdown(p[0], 3));
    SAY(shutdown(p[0], -1));
    SAY(shutdown(p[0], SHUT_RDWR));
    SAY(shutdown(p[0], SHUT_RDWR));
}

CASE(shutdown_of_a_listener)
{
    struct sockaddr_in a = in4(LO, 5000);
    int l = tcp_listener(5000);

    SAY(shutdown(l, SHUT_WR));
    SAY(shutdown(l, SHUT_RD));
    SAY(accept(l, NULL, NULL));
    SAY(connect(tcp(), ADDR(a)));
    SAY(listen(l, 5));
    SAY(connect(tcp(), ADDR(a)));
}

CASE(write_before_connect)
{
    int fd = tcp();
    char b;

    SAY(send(fd, "x", 1, MSG_NOSIGNAL));
    SAY(recv(fd, &b, 1, 0));
    SAY(read(fd, &b, 0));
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 0));
}

CASE(listener_carries_no_data)
{
    int l = tcp_listener(5000);
    char b;

    SAY(recv(l, &b, 1, 0));
    SAY(send(l, "x", 1, MSG_NOSIGNAL));
    SAY(connect(l, (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET}, sizeof(struct sockaddr_in)));
}

CASE(rebind_after_close_needs_reuse)
{
    struct sockaddr_in a = in4(LO, 7000);
    int p[2], fd = tcp();

    tcp_pair(p);
    close(p[1]); /* the server closes first: its port is in TIME-WAIT */
    when_readable(p[0]);
    close(p[0]);
    soon(50);
    SAY(bind(fd, ADDR(a)));
    set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    SAY(bind(fd, ADDR(a)));
}

CASE(linger_waits_for_the_bytes)
{
    struct linger l = {1, 5};
    int p[2];
    char b[8];

    tcp_pair(p);
    setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof l);
    SAY(write(p[0], "abc", 3));
    SAY(close(p[0]));
    say_bytes("read", read(p[1], b, sizeof b), b);
}

CASE(linger_gives_up)
{
    struct linger l = {1, 1};
    struct timeval before, after;
    static char big[1 << 20];
    int p[2];

    tcp_pair(p);
    nonblocking(p[0]);
    while (write(p[0], big, sizeof big) > 0)
        ;
    setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof l);
    gettimeofday(&before, NULL);
    SAY(close(p[0]));
    gettimeofday(&after, NULL);
    say("about a second: %d", (after.tv_sec - before.tv_sec) * 1000 + (after.tv_usec - before.tv_usec) / 1000 >= 900);
}

/* Who says that he reads no more may read what comes all the same. */
CASE(text_after_the_end_of_reading)
{
    char b[8] = "";
    int p[2];

    tcp_pair(p);
    SAY(shutdown(p[1], SHUT_RD));
    SAY(send(p[0], "abc", 3, 0));
    soon(20);
    say_bytes("came", recv(p[1], b, sizeof b, 0), b);
}
