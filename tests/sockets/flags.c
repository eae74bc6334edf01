/* SPDX-License-Identifier: MIT */
/* Each bit of the flags of send and of recv, on each kind of socket: those that mean nothing, too. */
#define CHAPTER "flags"
#include "case.h"

enum { QUIET = MSG_DONTWAIT | MSG_NOSIGNAL };

static void name_bit(char *to, size_t n, unsigned bit)
{
    static const char *const names[32] = {
        "OOB",     "PEEK",   "DONTROUTE", "CTRUNC",  "PROBE",    "TRUNC",        "DONTWAIT", "EOR",
        "WAITALL", "FIN",    "SYN",       "CONFIRM", "RST",      "ERRQUEUE",     "NOSIGNAL", "MORE",
        [16] = "WAITFORONE", [18] = "BATCH", [26] = "ZEROCOPY", [29] = "FASTOPEN", [30] = "CMSG_CLOEXEC"};

    if (names[bit])
        snprintf(to, n, "%s", names[bit]);
    else
        snprintf(to, n, "bit %u", bit);
}

/* ---- two sockets that are connected to each other ---- */

static void six_pair(int fd[2])
{
    struct sockaddr_in6 a = in6("::1", 7001), b = in6("::1", 7002);

    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_INET6, SOCK_DGRAM, 0);
        bind(fd[i], ADDR(*(i ? &b : &a)));
    }
    connect(fd[0], ADDR(b));
    connect(fd[1], ADDR(a));
}

static void raw_pair(int fd[2])
{
    struct sockaddr_in a = in4("127.0.0.2", 0), b = in4("127.0.0.3", 0);

    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_INET, SOCK_RAW, 253);
        bind(fd[i], ADDR(*(i ? &b : &a)));
    }
    connect(fd[0], ADDR(b));
    connect(fd[1], ADDR(a));
}

/* Each hears itself, too. */
static void six_raw_pair(int fd[2])
{
    struct sockaddr_in6 a = in6("::1", 0);

    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_INET6, SOCK_RAW, 253);
        bind(fd[i], ADDR(a));
        connect(fd[i], ADDR(a));
    }
}

/* ---- the matrix ---- */

/* All that is there. */
static void empty(int fd)
{
    for (int r = 1; r > 0;) {
        char b[64] = "";
        struct iovec iov = {b, sizeof b};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

        when_readable(fd);
        r = (int)recvmsg(fd, &m, MSG_DONTWAIT);
        say_bytes("  came", r, b);
        say("  with %x", (unsigned)m.msg_flags);
        if (ready(fd, POLLIN, 0) == 0)
            return;
    }
}

/* What is sent with each flag, and what its peer has of it. */
static void send_with_each(void (*make)(int fd[2]))
{
    for (unsigned bit = 0; bit < 32; bit++) {
        char name[32];
        int p[2];
        long r;

        if (bit == 0 && make == six_pair)
            continue; /* a difference, below */
        make(p);
        name_bit(name, sizeof name, bit);
        r = say_result(name, send(p[0], "abc", 3, (int)(1U << bit) | QUIET));
        if (r >= 0 && bit == 15)
            say_result("  less", send(p[0], "d", 1, QUIET));
        if (r >= 0) {
            say_ready("  there", 0, ready(p[1], POLLIN | POLLPRI, 200));
            empty(p[1]);
        }
        say_ready("  here", 0, ready(p[0], POLLOUT | POLLPRI, 0));
        close(p[0]);
        close(p[1]);
    }
}

CASE(a_stream_sends) { send_with_each(tcp_pair); }
CASE(datagrams_send) { send_with_each(udp_pair); }
CASE(datagrams_of_six_send) { send_with_each(six_pair); }
CASE(raw_sockets_send) { send_with_each(raw_pair); }
CASE(raw_sockets_of_six_send) { send_with_each(six_raw_pair); }

/* What is read with each flag where there is something, what is left of it then, and what is read where nothing is. */
static void recv_with_each(void (*make)(int fd[2]))
{
    for (unsigned bit = 0; bit < 32; bit++) {
        char b[64] = "", name[32];
        struct iovec iov = {b, 50};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
        int p[2];

        make(p);
        name_bit(name, sizeof name, bit);
        say_result(name, recv(p[1], b, 3, (int)(1U << bit) | QUIET));
        send(p[0], "abcdef", 6, QUIET);
        when_readable(p[1]);
        say_bytes("  some", recv(p[1], b, 3, (int)(1U << bit) | QUIET), b);
        send(p[0], "ghi", 3, QUIET);
        soon(1);
        say_result("  all", recvmsg(p[1], &m, (int)(1U << bit) | QUIET));
        say("  with %x", (unsigned)m.msg_flags);
        if (ready(p[1], POLLIN, 0))
            empty(p[1]);
        close(p[0]);
        close(p[1]);
    }
}

CASE(a_stream_receives) { recv_with_each(tcp_pair); }
CASE(datagrams_receive) { recv_with_each(udp_pair); }
CASE(datagrams_of_six_receive) { recv_with_each(six_pair); }
CASE(raw_sockets_receive) { recv_with_each(raw_pair); }

/* Without a peer, and to one that is named. */
static void send_without_a_peer(int domain, int type, int protocol, const struct sockaddr *to, socklen_t n)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        char name[32];
        int fd = socket(domain, type, protocol);

        if (bit == 0 && domain == AF_INET6 && type == SOCK_DGRAM)
            continue;
        name_bit(name, sizeof name, bit);
        say_result(name, send(fd, "abc", 3, (int)(1U << bit) | QUIET));
        say_result("  to one", sendto(fd, "abc", 3, (int)(1U << bit) | QUIET, to, n));
        soon(1);
        say_result("  nothing", sendto(fd, "", 0, (int)(1U << bit) | QUIET, to, n));
        close(fd);
    }
}

CASE(a_new_stream_sends)
{
    struct sockaddr_in to = in4(LO, 7009);

    send_without_a_peer(AF_INET, SOCK_STREAM, 0, ADDR(to));
}

CASE(new_datagrams_send)
{
    struct sockaddr_in to = in4(LO, 7009);

    send_without_a_peer(AF_INET, SOCK_DGRAM, 0, ADDR(to));
}

CASE(new_datagrams_of_six_send)
{
    struct sockaddr_in6 to = in6("::1", 7009);

    send_without_a_peer(AF_INET6, SOCK_DGRAM, 0, ADDR(to));
}

CASE(new_raw_sockets_send)
{
    struct sockaddr_in to = in4(LO, 0);

    send_without_a_peer(AF_INET, SOCK_RAW, 253, ADDR(to));
}

CASE(new_raw_sockets_of_six_send)
{
    struct sockaddr_in6 to = in6("::1", 0);

    send_without_a_peer(AF_INET6, SOCK_RAW, 253, ADDR(to));
}

/* Two flags at once, of those that mean something. */
static void recv_with_two(void (*make)(int fd[2]))
{
    static const int flags[] = {MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_OOB, MSG_ERRQUEUE};
    enum { N = sizeof flags / sizeof *flags };

    for (int i = 0; i < N * N; i++) {
        int how = flags[i / N] | flags[i % N], p[2];
        char b[64] = "";

        if (i / N >= i % N)
            continue;
        make(p);
        send(p[0], "abcdef", 6, QUIET);
        when_readable(p[1]);
        say("%x", (unsigned)how);
        say_bytes("  some", recv(p[1], b, 3, how | QUIET), b);
        memset(b, 0, sizeof b);
        say_result("  more", recv(p[1], b, 50, how | QUIET));
        if (ready(p[1], POLLIN, 0))
            empty(p[1]);
        close(p[0]);
        close(p[1]);
    }
}

CASE(a_stream_receives_by_two) { recv_with_two(tcp_pair); }
CASE(datagrams_receive_by_two) { recv_with_two(udp_pair); }
CASE(raw_sockets_receive_by_two) { recv_with_two(raw_pair); }

CASE(urgent_datagrams_of_six)
{
    int p[2];

    six_pair(p);
    SAY(send(p[0], "abc", 3, MSG_OOB | QUIET));
}
