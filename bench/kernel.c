/* SPDX-License-Identifier: MIT */
/*
 * The kernel as a peer: the same figures over its loopback interface, both ends in this one thread, through sockets
 * that do not block. Where it may, it works in a network namespace of its own, so that nobody's filters stand in the
 * way and nobody inherits its TIME-WAIT.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define CUBIC     "cubic"
#define CHUNK     (512u << 10) /* the kernel is at its best with more at a time than BENCH_CHUNK */
#define DATAGRAM  1472
#define BURST     32
#define LISTENERS 16 /* ports to connect to in turn, so that pairs of ports do not run out */
#define REQUESTS  64 /* between two looks at the clock */
#define MANY_PAIRS 64 /* connections of rr_sock_64 */

static void must(int result, const char *call)
{
    if (result < 0)
        bench_fail("kernel: %s: %s", call, strerror(errno));
}

static void set(int fd, int level, int option, int value)
{
    must(setsockopt(fd, level, option, &value, sizeof(value)), "setsockopt");
}

static void enter_namespace(void)
{
    struct ifreq lo = {.ifr_name = "lo"};
    int fd;

    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return;
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    must(fd, "socket");
    must(ioctl(fd, SIOCGIFFLAGS, &lo), "SIOCGIFFLAGS");
    lo.ifr_flags |= IFF_UP;
    must(ioctl(fd, SIOCSIFFLAGS, &lo), "SIOCSIFFLAGS");
    close(fd);
}

static int tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    must(fd, "socket");
    /* Some machines have another default; cubic is the one everybody has numbers for. */
    must(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CUBIC, sizeof(CUBIC) - 1), "setsockopt TCP_CONGESTION");
    return fd;
}

static int listener(struct sockaddr_in *at)
{
    socklen_t n = sizeof(*at);
    int fd = tcp_socket();

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    must(bind(fd, (struct sockaddr *)at, n), "bind");
    must(listen(fd, 16), "listen");
    must(getsockname(fd, (struct sockaddr *)at, &n), "getsockname");
    return fd;
}

static int start_connecting(const struct sockaddr_in *to)
{
    int fd = tcp_socket();

    if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS)
        must(-1, "connect");
    return fd;
}

/* Over loopback the handshake is over when connect returns, blocking or not. */
static int take_connection(int from)
{
    int fd = accept4(from, NULL, NULL, SOCK_NONBLOCK);

    must(fd, "accept");
    return fd;
}

static void connect_pair(int ends[2])
{
    struct sockaddr_in at;
    int from = listener(&at);

    ends[0] = start_connecting(&at);
    ends[1] = take_connection(from);
    for (int i = 0; i < 2; i++)
        set(ends[i], IPPROTO_TCP, TCP_NODELAY, 1);
    close(from);
}

static double bulk(size_t argument)
{
    static uint8_t out[CHUNK], in[CHUNK];
    struct bench_span span = {0};
    uint64_t received = 0;
    int ends[2];

    (void)argument;
    enter_namespace();
    connect_pair(ends);
    bench_fill(out, sizeof(out));
    while (bench_going(&span, received)) {
        ssize_t n = send(ends[0], out, sizeof(out), 0);

        if (n < 0 && errno != EAGAIN)
            must(-1, "send");
        while ((n = recv(ends[1], in, sizeof(in), 0)) > 0)
            received += (uint64_t)n;
        if (n == 0 || errno != EAGAIN)
            must(-1, "recv");
    }
    return bench_rate(&span) * 8e-9;
}

/* Both ends of a connection; which one it is stands above the descriptor's number. */
static void watch(int poll, const int ends[2])
{
    for (uint64_t i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = i << 32 | (uint32_t)ends[i]};

        must(epoll_ctl(poll, EPOLL_CTL_ADD, ends[i], &event), "epoll_ctl");
    }
}

/* Whoever is readable reads its byte and sends one; returns how many openers did. */
static unsigned answer(int poll)
{
    struct epoll_event ready[MANY_PAIRS];
    int n = epoll_wait(poll, ready, MANY_PAIRS, -1);
    unsigned answers = 0;
    uint8_t byte;

    must(n, "epoll_wait");
    for (int i = 0; i < n; i++) {
        int fd = (int)(uint32_t)ready[i].data.u64;

        if (recv(fd, &byte, 1, 0) != 1)
            continue;
        answers += ready[i].data.u64 >> 32 == 0;
        must((int)send(fd, &byte, 1, 0), "send");
    }
    return answers;
}

static double request_response(unsigned connections)
{
    struct bench_span span = {0};
    uint64_t answers = 0, looked = 0;
    int poll = epoll_create1(0);

    must(poll, "epoll_create1");
    enter_namespace();
    for (unsigned i = 0; i < connections; i++) {
        int ends[2];

        connect_pair(ends);
        watch(poll, ends);
        must((int)send(ends[0], "x", 1, 0), "send");
    }
    while (answers - looked < REQUESTS || bench_going(&span, looked = answers))
        answers += answer(poll);
    return bench_rate(&span);
}

static double rr_sock(size_t argument)
{
    (void)argument;
    return request_response(1);
}

static double rr_sock_64(size_t argument)
{
    (void)argument;
    return request_response(MANY_PAIRS);
}

static double connect_close(size_t argument)
{
    struct bench_span span = {0};
    struct sockaddr_in at[LISTENERS];
    int from[LISTENERS];
    uint64_t done = 0;

    (void)argument;
    enter_namespace();
    for (int i = 0; i < LISTENERS; i++)
        from[i] = listener(&at[i]);
    while ((done & 15) || bench_going(&span, done)) {
        int active = start_connecting(&at[done % LISTENERS]);
        int passive = take_connection(from[done % LISTENERS]);

        must(close(active), "close");
        must(close(passive), "close");
        done++;
    }
    return bench_rate(&span);
}

/* Datagrams one call at a time, as weft's figure sends and receives them. */
static double datagrams(size_t argument)
{
    static uint8_t out[DATAGRAM], in[DATAGRAM];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int to, from;
    struct bench_span span = {0};
    socklen_t n = sizeof(at);
    uint64_t received = 0;

    (void)argument;
    enter_namespace();
    to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), from = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    must(to, "socket"), must(from, "socket");
    must(bind(to, (struct sockaddr *)&at, n), "bind");
    must(getsockname(to, (struct sockaddr *)&at, &n), "getsockname");
    must(connect(from, (struct sockaddr *)&at, n), "connect");
    bench_fill(out, sizeof(out));
    while (bench_going(&span, received)) {
        for (int i = 0; i < BURST; i++)
            must((int)send(from, out, sizeof(out), 0), "send");
        while (recv(to, in, sizeof(in), 0) == DATAGRAM)
            received++;
    }
    close(to), close(from);
    return bench_rate(&span);
}

int main(int argc, char **argv)
{
    static const struct bench_figure figures[] = {
        {"bulk_super", bulk},
        {"rr_sock", rr_sock},
        {"rr_sock_64", rr_sock_64},
        {"conn_close", connect_close},
        {"udp_mem", datagrams},
    };

    return bench_main(argc, argv, figures, sizeof(figures) / sizeof(figures[0]));
}
