/* SPDX-License-Identifier: MIT */
/* UNP chapters 16, 20 and 24: calls that do not wait, broadcast, and urgent data. */
#define CHAPTER "nonblocking"
#include "case.h"

/* ---- calls that do not wait ---- */

CASE(nothing_yet)
{
    int p[2], l = tcp_listener(7005), u = udp_at(7006);
    char b;

    tcp_pair(p);
    nonblocking(p[0]);
    nonblocking(l);
    nonblocking(u);
    SAY(read(p[0], &b, 1));
    SAY(accept(l, NULL, NULL));
    SAY(recv(u, &b, 1, 0));
    SAY(recv(p[1], &b, 1, MSG_DONTWAIT));
}

CASE(kinds_that_are_born_so)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = in4(LO, 7009);

    say("%d %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD));
    connect(fd, ADDR(a));
    say("%d", fcntl(fd, F_GETFL) & O_ACCMODE);
}

CASE(accepted_is_not_born_so)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), s;

    nonblocking(l);
    connect(tcp(), ADDR(a));
    when_readable(l);
    s = accept(l, NULL, NULL);
    say("%d", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
}

CASE(dup_shares_that)
{
    int fd = tcp(), other = dup(fd);

    nonblocking(fd);
    say("%d", !!(fcntl(other, F_GETFL) & O_NONBLOCK));
}

CASE(write_until_it_would_block)
{
    static char b[65536];
    int p[2];
    size_t sent = 0, got = 0;
    ssize_t n;

    tcp_pair(p);
    nonblocking(p[0]);
    nonblocking(p[1]);
    while ((n = write(p[0], b, sizeof b)) > 0)
        sent += (size_t)n;
    say_result("write", n);
    say_ready("poll", 1, ready(p[0], POLLOUT, 0));
    for (int i = 0; i < 2000 && got < sent; i++) {
        if ((n = read(p[1], b, sizeof b)) > 0)
            got += (size_t)n;
        else
            soon(1);
    }
    say("%s", got == sent ? "all arrived" : "some are missing");
    say_ready("poll", 1, ready(p[0], POLLOUT, 1000));
}

CASE(connect_then_select)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp();
    struct timeval t = {1, 0};
    fd_set r, w;

    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(c, &r);
    FD_SET(c, &w);
    SAY(select(c + 1, &r, &w, NULL, &t));
    say("%d %d", !!FD_ISSET(c, &r), !!FD_ISSET(c, &w));
    say_opt("SO_ERROR", c, SOL_SOCKET, SO_ERROR);
    say_peer("peer", c);
    close(l);
}

CASE(connect_refused_then_select)
{
    struct sockaddr_in a = in4(LO, 7009);
    struct timeval t = {1, 0};
    int c = tcp();
    fd_set r, w;

    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(c, &r);
    FD_SET(c, &w);
    SAY(select(c + 1, &r, &w, NULL, &t));
    say("%d %d", !!FD_ISSET(c, &r), !!FD_ISSET(c, &w));
    say_peer("peer", c);
    say_opt("SO_ERROR", c, SOL_SOCKET, SO_ERROR);
    SAY(connect(c, ADDR(a)));
}

static void on_alarm(int signal) { (void)signal; }

/* Nobody answers: the queue of the listener is full. */
CASE(connect_with_a_time_out)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp(), c = tcp();

    bind(l, ADDR(a));
    listen(l, 0);
    for (int i = 0; i < 4; i++) {
        int filler = tcp();

        nonblocking(filler);
        connect(filler, ADDR(a));
    }
    soon(20);
    set_timeout(c, SO_SNDTIMEO, 60);
    SAY(connect(c, ADDR(a)));
    SAY(connect(c, ADDR(a)));
}

CASE(connect_is_interrupted)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct sigaction s = {.sa_handler = on_alarm};
    struct itimerval soon_enough = {.it_value = {0, 60000}};
    int l = tcp(), c = tcp();

    bind(l, ADDR(a));
    listen(l, 0);
    for (int i = 0; i < 4; i++) {
        int filler = tcp();

        nonblocking(filler);
        connect(filler, ADDR(a));
    }
    soon(20);
    sigaction(SIGALRM, &s, NULL);
    setitimer(ITIMER_REAL, &soon_enough, NULL);
    SAY(connect(c, ADDR(a)));
    nonblocking(c);
    SAY(connect(c, ADDR(a)));
}

CASE(peer_resets_while_we_poll)
{
    int p[2];
    char b;

    tcp_pair(p);
    reset_by(p[1]);
    say_ready("poll", 1, ready(p[0], POLLIN | POLLOUT, 1000));
    SAY(read(p[0], &b, 1));
    SAY(read(p[0], &b, 1));
    say_ready("poll", 1, ready(p[0], POLLIN | POLLOUT, 0));
    SAY(send(p[0], "x", 1, MSG_NOSIGNAL));
}

CASE(peer_ends_while_we_poll)
{
    int p[2];
    char b;

    tcp_pair(p);
    shutdown(p[1], SHUT_WR);
    say_ready("poll", 1, ready(p[0], POLLIN | POLLRDHUP, 1000));
    SAY(read(p[0], &b, 1));
    say_ready("poll", 1, ready(p[0], POLLIN | POLLOUT | POLLRDHUP, 0));
    SAY(write(p[0], "x", 1));
}

/* ---- broadcast ---- */

CASE(to_everybody_on_loopback)
{
    struct sockaddr_in any = in4("0.0.0.0", 7001), all = in4("127.255.255.255", 7001);
    int s = udp(), c = udp();
    char b[8];

    SAY(bind(s, ADDR(any)));
    SAY(sendto(c, "all", 3, 0, ADDR(all)));
    SAY(set_int(c, SOL_SOCKET, SO_BROADCAST, 1));
    SAY(sendto(c, "all", 3, 0, ADDR(all)));
    soon(20);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
    SAY(set_int(c, SOL_SOCKET, SO_BROADCAST, 0));
    SAY(sendto(c, "all", 3, 0, ADDR(all)));
}

CASE(bound_to_the_broadcast_address)
{
    struct sockaddr_in all = in4("127.255.255.255", 7001);
    int s = udp(), c = udp();
    char b[8];

    SAY(bind(s, ADDR(all)));
    set_int(c, SOL_SOCKET, SO_BROADCAST, 1);
    SAY(sendto(c, "all", 3, 0, ADDR(all)));
    soon(20);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
}

CASE(streams_do_not_broadcast)
{
    struct sockaddr_in all = in4("127.255.255.255", 7000), limited = in4("255.255.255.255", 7000);
    int fd = tcp();

    set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
    SAY(connect(fd, ADDR(all)));
    SAY(connect(tcp(), ADDR(limited)));
}

/* ---- urgent data ---- */

CASE(urgent_byte_by_itself)
{
    int p[2];
    char b = '?';

    tcp_pair(p);
    SAY(send(p[0], "!", 1, MSG_OOB));
    say_ready("poll", 1, ready(p[1], POLLPRI, 1000));
    SAY(recv(p[1], &b, 1, MSG_OOB));
    say("%c", b);
    SAY(recv(p[1], &b, 1, MSG_OOB));
    say_ready("poll", 1, ready(p[1], POLLPRI, 0));
}

CASE(last_byte_is_the_urgent_one)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(send(p[0], "abc", 3, MSG_OOB));
    ready(p[1], POLLPRI, 1000);
    say_bytes("urgent", recv(p[1], b, sizeof b, MSG_OOB), b);
    say_bytes("others", recv(p[1], b, sizeof b, MSG_DONTWAIT), b);
}

CASE(reading_stops_at_the_mark)
{
    int p[2];
    char b[16];

    tcp_pair(p);
    send(p[0], "before", 6, 0);
    send(p[0], "!", 1, MSG_OOB);
    send(p[0], "after", 5, 0);
    soon(30);
    SAY(sockatmark(p[1]));
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(sockatmark(p[1]));
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(sockatmark(p[1]));
}

CASE(newer_mark_replaces_the_older)
{
    int p[2];
    char b[16];

    tcp_pair(p);
    send(p[0], "1", 1, MSG_OOB);
    send(p[0], "x", 1, 0);
    send(p[0], "2", 1, MSG_OOB);
    soon(30);
    say_bytes("urgent", recv(p[1], b, sizeof b, MSG_OOB), b);
    say_bytes("read", read(p[1], b, sizeof b), b);
}

CASE(urgent_byte_is_peeked)
{
    int p[2];
    char b[4];

    tcp_pair(p);
    send(p[0], "!", 1, MSG_OOB);
    ready(p[1], POLLPRI, 1000);
    say_bytes("peek", recv(p[1], b, sizeof b, MSG_OOB | MSG_PEEK), b);
    say_bytes("take", recv(p[1], b, sizeof b, MSG_OOB), b);
}

CASE(urgent_in_line_has_a_mark)
{
    int p[2];
    char b[16];

    tcp_pair(p);
    set_int(p[1], SOL_SOCKET, SO_OOBINLINE, 1);
    send(p[0], "ab", 2, 0);
    send(p[0], "!", 1, MSG_OOB);
    soon(30);
    SAY(recv(p[1], b, sizeof b, MSG_OOB));
    say_bytes("read", read(p[1], b, sizeof b), b);
    SAY(sockatmark(p[1]));
    say_bytes("read", read(p[1], b, sizeof b), b);
}

CASE(urgent_by_select)
{
    int p[2];
    struct timeval t = {1, 0};
    fd_set x;
    char b;

    tcp_pair(p);
    send(p[0], "!", 1, MSG_OOB);
    FD_ZERO(&x);
    FD_SET(p[1], &x);
    SAY(select(p[1] + 1, NULL, NULL, &x, &t));
    say("%d", !!FD_ISSET(p[1], &x));
    SAY(recv(p[1], &b, 1, MSG_OOB));
}

CASE(urgent_where_there_is_none)
{
    int u = udp_at(7001);
    char b;

    SAY(recv(tcp(), &b, 1, MSG_OOB));
    SAY(recv(tcp_listener(7000), &b, 1, MSG_OOB));
    SAY(sockatmark(u));
    SAY(sockatmark(tcp()));
    SAY(sockatmark(99));
}

CASE(reading_after_a_refusal)
{
    struct sockaddr_in a = in4(LO, 5999);
    int waited = tcp(), not = tcp(), asked = tcp();
    char b;

    SAY(connect(waited, ADDR(a)));
    SAY(read(waited, &b, 1));
    SAY(recv(waited, &b, 1, MSG_DONTWAIT));
    nonblocking(not);
    SAY(connect(not, ADDR(a)));
    ready(not, POLLIN, 2000);
    SAY(read(not, &b, 1));
    SAY(read(not, &b, 1));
    SAY(read(not, &b, 1));
    nonblocking(asked);
    SAY(connect(asked, ADDR(a)));
    ready(asked, POLLIN, 2000);
    say_opt("error", asked, SOL_SOCKET, SO_ERROR);
    SAY(read(asked, &b, 1));
}
