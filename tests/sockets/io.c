/* SPDX-License-Identifier: MIT */
/* UNP chapters 14 and 24: flags of send and recv, pieces, urgent data. */
#define CHAPTER "io"
#include "case.h"

CASE(peek_waitall_dontwait)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(recv(p[1], b, 1, MSG_DONTWAIT));
    write(p[0], "abcd", 4);
    when_readable(p[1]);
    say_bytes("peek", recv(p[1], b, 2, MSG_PEEK), b);
    say_bytes("all", recv(p[1], b, 4, MSG_WAITALL), b);
    SAY(recv(p[1], b, 1, MSG_DONTWAIT | MSG_PEEK));
    write(p[0], "xy", 2);
    shutdown(p[0], SHUT_WR);
    say_bytes("short", recv(p[1], b, 8, MSG_WAITALL), b);
}

CASE(waitall_times_out)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    set_timeout(p[1], SO_RCVTIMEO, 60);
    write(p[0], "ab", 2);
    say_bytes("part", recv(p[1], b, 8, MSG_WAITALL), b);
    SAY(recv(p[1], b, 8, MSG_WAITALL));
}

CASE(low_water_waits)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    set_int(p[1], SOL_SOCKET, SO_RCVLOWAT, 4);
    set_timeout(p[1], SO_RCVTIMEO, 60);
    write(p[0], "ab", 2);
    say_bytes("two", recv(p[1], b, 8, 0), b);
    write(p[0], "abcdef", 6);
    say_bytes("six", recv(p[1], b, 8, 0), b);
}

CASE(trunc_throws_away)
{
    int p[2];
    char b[8] = "-----";

    tcp_pair(p);
    write(p[0], "abcdef", 6);
    when_readable(p[1]);
    SAY(recv(p[1], b, 4, MSG_TRUNC));
    say_bytes("untouched", 5, b);
    say_bytes("rest", recv(p[1], b, 8, 0), b);
}

CASE(pieces)
{
    int p[2];
    char a[2], b[2], c[8];
    struct iovec out[3] = {{"ab", 2}, {"cde", 3}, {"f", 1}}, in[3] = {{a, 2}, {b, 2}, {c, 8}};

    tcp_pair(p);
    SAY(writev(p[0], out, 3));
    when_readable(p[1]);
    SAY(readv(p[1], in, 3));
    say("%.2s %.2s %.2s", a, b, c);
    SAY(readv(p[1], in, 0));
    SAY(readv(p[1], in, -1));
}

CASE(message_of_a_stream)
{
    int p[2];
    char b[8];
    struct sockaddr_in a;
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_name = &a, .msg_namelen = sizeof a, .msg_flags = 77};

    tcp_pair(p);
    write(p[0], "abc", 3);
    SAY(recvmsg(p[1], &m, 0));
    say("name %u, control %u, flags %d", (unsigned)m.msg_namelen, (unsigned)m.msg_controllen, m.msg_flags);
}

CASE(name_of_a_streams_sender)
{
    int p[2];
    char b[8];
    struct sockaddr_in a = in4("9.9.9.9", 9);
    socklen_t n = sizeof a;

    tcp_pair(p);
    SAY(sendto(p[0], "abc", 3, 0, ADDR(a)));
    SAY(recvfrom(p[1], b, 8, 0, (struct sockaddr *)&a, &n));
    say("length %u", (unsigned)n);
}

CASE(nothing_to_write)
{
    int p[2];

    tcp_pair(p);
    SAY(write(p[0], "", 0));
    SAY(send(p[0], "", 0, 0));
    SAY(read(p[1], NULL, 0));
}

CASE(more_is_held_back)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(send(p[0], "ab", 2, MSG_MORE));
    SAY(recv(p[1], b, 8, MSG_DONTWAIT));
    SAY(send(p[0], "cd", 2, 0));
    when_readable(p[1]);
    say_bytes("read", recv(p[1], b, 8, 0), b);
}

CASE(urgent_out_of_line)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    write(p[0], "12", 2);
    SAY(send(p[0], "3", 1, MSG_OOB));
    write(p[0], "4", 1);
    say_ready("poll", 1, ready(p[1], POLLPRI, 1000));
    SAY(sockatmark(p[1]));
    say_bytes("oob", recv(p[1], b, 1, MSG_OOB), b);
    SAY(recv(p[1], b, 1, MSG_OOB));
    say_bytes("read", read(p[1], b, 8), b);
    SAY(sockatmark(p[1]));
    say_bytes("read", read(p[1], b, 8), b);
    SAY(sockatmark(p[1]));
}

CASE(urgent_in_line)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_OOBINLINE, 1));
    write(p[0], "12", 2);
    SAY(send(p[0], "3", 1, MSG_OOB));
    ready(p[1], POLLPRI, 1000);
    SAY(recv(p[1], b, 1, MSG_OOB));
    say_bytes("read", read(p[1], b, 8), b);
    SAY(sockatmark(p[1]));
    say_bytes("read", read(p[1], b, 8), b);
}

CASE(no_urgent_data)
{
    int p[2];
    char b;

    tcp_pair(p);
    SAY(recv(p[1], &b, 1, MSG_OOB));
    SAY(sockatmark(p[1]));
}
