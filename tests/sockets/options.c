/* SPDX-License-Identifier: MIT */
/*
 * UNP chapter 7 and what Linux has besides: every option, on a stream and on a datagram socket of either family. What
 * it is at first, what it becomes, what it refuses, and what happens when the length is wrong.
 */
#define CHAPTER "options"
#include "case.h"

#include <netinet/udp.h>

#ifndef SO_SELECT_ERR_QUEUE
#define SO_SELECT_ERR_QUEUE 45
#endif

static void get(const char *when, int fd, int level, int option, socklen_t n)
{
    unsigned char b[64];
    socklen_t asked = n;
    int v = 0, r;

    memset(b, 0xee, sizeof b);
    r = getsockopt(fd, level, option, b, &n);
    if (r < 0) {
        say("    %s: %s", when, strerrorname_np(errno));
        return;
    }
    memcpy(&v, b, n < sizeof v ? n : sizeof v);
    say("    %s: %d, %u of %u bytes", when, v, (unsigned)n, (unsigned)asked);
}

static void set(int fd, int level, int option, int v, socklen_t n)
{
    int value[2] = {v}; /* the longest that is set */
    int r = setsockopt(fd, level, option, value, n);

    say("  set %d of %u bytes: %s", v, (unsigned)n, r < 0 ? strerrorname_np(errno) : "done");
    if (r == 0)
        get("now", fd, level, option, sizeof(int));
}

static void walk(const char *name, int fd, int level, int option, const int *values, size_t n)
{
    say("%s", name);
    get("at first", fd, level, option, sizeof(int));
    get("too short", fd, level, option, 2);
    get("nothing", fd, level, option, 0);
    get("long", fd, level, option, 64);
    for (size_t i = 0; i < n; i++)
        set(fd, level, option, values[i], sizeof(int));
    set(fd, level, option, 1, 1);
    set(fd, level, option, 1, 8);
    close(fd);
}

static void everywhere(int level, int option, const int *values, size_t n)
{
    walk("tcp", socket(AF_INET, SOCK_STREAM, 0), level, option, values, n);
    walk("udp", socket(AF_INET, SOCK_DGRAM, 0), level, option, values, n);
    walk("tcp6", socket(AF_INET6, SOCK_STREAM, 0), level, option, values, n);
    walk("udp6", socket(AF_INET6, SOCK_DGRAM, 0), level, option, values, n);
}

/* A case by the option's name: what is set in turn. */
#define OPTION(level, option, ...)                                                                                     \
    static void run_##option(void)                                                                                     \
    {                                                                                                                  \
        static const int values[] = {__VA_ARGS__};                                                                     \
                                                                                                                       \
        everywhere(level, option, values, sizeof values / sizeof *values);                                             \
    }                                                                                                                  \
    __attribute__((constructor)) static void add_##option(void) { case_add(CHAPTER, #option, run_##option); }

/* Names that not every libc has. */
enum { NO_SUCH_OPTION = 9999, BUF_LOCK = 72, LOCAL_PORT_RANGE = 51, FLOWINFO = 11, FLOWINFO_SEND = 33,
       ADDR_PREFERENCES = 72, IS_MPTCP = 43, RTO_MAX_MS, RTO_MIN_US, DELACK_MAX_US };

OPTION(SOL_SOCKET, SO_DEBUG, 0, 1, -1)
OPTION(SOL_SOCKET, SO_REUSEADDR, 0, 1, 7, -1)
OPTION(SOL_SOCKET, SO_TYPE, 1)
OPTION(SOL_SOCKET, SO_ERROR, 1)
OPTION(SOL_SOCKET, SO_DONTROUTE, 1, 0)
OPTION(SOL_SOCKET, SO_BROADCAST, 1, 0, -1)
OPTION(SOL_SOCKET, SO_SNDBUF, 0, 1, 4096, 100000)
OPTION(SOL_SOCKET, SO_RCVBUF, 0, 1, 4096, 100000)
OPTION(SOL_SOCKET, SO_KEEPALIVE, 1, 0, 2)
OPTION(SOL_SOCKET, SO_OOBINLINE, 1, 0)
OPTION(SOL_SOCKET, SO_NO_CHECK, 1, 0)
OPTION(SOL_SOCKET, SO_PRIORITY, 0, 6, 7, -1)
OPTION(SOL_SOCKET, SO_REUSEPORT, 1, 0)
OPTION(SOL_SOCKET, SO_RCVLOWAT, 0, 1, 100)
OPTION(SOL_SOCKET, SO_SNDLOWAT, 1)
OPTION(SOL_SOCKET, SO_TIMESTAMP, 1, 0, 2)
OPTION(SOL_SOCKET, SO_TIMESTAMPNS, 1, 0, 2)
OPTION(SOL_SOCKET, SO_ACCEPTCONN, 1)
OPTION(SOL_SOCKET, SO_PROTOCOL, 1)
OPTION(SOL_SOCKET, SO_DOMAIN, 1)
OPTION(SOL_SOCKET, SO_MARK, 0, 7, -1)
OPTION(SOL_SOCKET, SO_BINDTOIFINDEX, 1, 0, 77, -1)
OPTION(SOL_SOCKET, NO_SUCH_OPTION, 0)
OPTION(IPPROTO_IP, IP_TOS, 0, 0x10, 0xff, 256, -1)
OPTION(IPPROTO_IP, IP_TTL, 0, 1, 255, 256, -1, -2)
OPTION(IPPROTO_IP, IP_PKTINFO, 1, 0, -1)
OPTION(IPPROTO_IP, IP_MTU_DISCOVER, 0, 1, 2, 3, 4, 5, 6, -1)
OPTION(IPPROTO_IP, IP_RECVERR, 1, 0, -1)
OPTION(IPPROTO_IP, IP_RECVTTL, 1, 0)
OPTION(IPPROTO_IP, IP_RECVTOS, 1, 0)
OPTION(IPPROTO_IP, IP_RECVOPTS, 1, 0, -1)
OPTION(IPPROTO_IP, IP_RETOPTS, 1, 0, -1)
OPTION(IPPROTO_IP, IP_MTU, 1)
OPTION(IPPROTO_IP, IP_FREEBIND, 1, 0)
OPTION(IPPROTO_IP, IP_TRANSPARENT, 1, 0)
OPTION(IPPROTO_IP, IP_RECVORIGDSTADDR, 1, 0)
OPTION(IPPROTO_IP, IP_MINTTL, 0, 1, 255, 256, -1)
OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0, 1, 255, 256, -1, -2)
OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER, 0, 1, 2, 3, 4, 5, 6, -1)
OPTION(IPPROTO_IPV6, IPV6_MTU, 0, 1279)
OPTION(IPPROTO_IPV6, IPV6_RECVERR, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_V6ONLY, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_RECVRTHDR, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_DONTFRAG, 1, 0, 2)
OPTION(IPPROTO_IPV6, IPV6_RECVTCLASS, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_TCLASS, 0, 0x44, 255, 256, -1, -2)

OPTION(IPPROTO_IPV6, IPV6_MINHOPCOUNT, 0, 1, 255, 256, -1)
OPTION(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_TRANSPARENT, 1, 0)
OPTION(IPPROTO_IPV6, IPV6_FREEBIND, 1, 0)
OPTION(IPPROTO_TCP, TCP_NODELAY, 1, 0, 2)
OPTION(IPPROTO_TCP, TCP_MAXSEG, 0, 87, 88, 1400, 32767, 32768, -1)
OPTION(IPPROTO_TCP, TCP_CORK, 1, 0, 2)
OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 0, 1, 32767, 32768, -1)
OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 0, 1, 32767, 32768, -1)
OPTION(IPPROTO_TCP, TCP_KEEPCNT, 0, 1, 127, 128, -1)
OPTION(IPPROTO_TCP, TCP_SYNCNT, 0, 1, 127, 128, -1)
OPTION(IPPROTO_TCP, TCP_LINGER2, 0, 1, 120, 121, -1)
OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 1, 5, 100, -1)
OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 1, 5000)
OPTION(IPPROTO_TCP, TCP_QUICKACK, 0, 1, 2)
OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 1000, -1)
OPTION(IPPROTO_TCP, TCP_FASTOPEN, 0, 5, -1)
OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, 5000, -1)
OPTION(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0, 1, 2)
OPTION(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0, 1, 2)
OPTION(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1, 0, 2, -1)
OPTION(IPPROTO_TCP, TCP_THIN_DUPACK, 1, 0, 2, -1)
OPTION(IPPROTO_TCP, TCP_SAVE_SYN, 1, 2, 0, 3, -1)
OPTION(IPPROTO_TCP, TCP_SAVED_SYN, 1)
OPTION(IPPROTO_TCP, TCP_INQ, 1, 0, 2, -1)
OPTION(IPPROTO_TCP, IS_MPTCP, 1)
OPTION(IPPROTO_TCP, RTO_MAX_MS, 0, 999, 1000, 120000, 120001, -1)
OPTION(IPPROTO_TCP, RTO_MIN_US, 0, 40000, 200000, 200001, -1)
OPTION(IPPROTO_TCP, DELACK_MAX_US, 0, 40000, 200000, 200001, -1)
OPTION(SOL_SOCKET, SO_PEEK_OFF, 0, 5, -1, -2)
OPTION(SOL_SOCKET, SO_RXQ_OVFL, 1, 0, 2)
OPTION(SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1, 0, 2)
OPTION(SOL_SOCKET, SO_INCOMING_CPU, 0, -1)
OPTION(SOL_SOCKET, SO_BUSY_POLL, 0, 50, -1)
OPTION(SOL_SOCKET, SO_ZEROCOPY, 1, 0, 2, -1)
OPTION(SOL_SOCKET, SO_TIMESTAMPING, 0, 0x10, 0x18, 0x10000000)
OPTION(SOL_SOCKET, BUF_LOCK, 0, 1, 2, 3, 4, -1)
OPTION(IPPROTO_IP, LOCAL_PORT_RANGE, 0, 0x7fff4000, 0x40007fff, -1)
OPTION(IPPROTO_IPV6, FLOWINFO, 1, 0)
OPTION(IPPROTO_IPV6, FLOWINFO_SEND, 1, 0)
OPTION(IPPROTO_IPV6, ADDR_PREFERENCES, 0, 1, 2, 3)
OPTION(IPPROTO_IP, IP_CHECKSUM, 1, 0, 2)
OPTION(IPPROTO_IPV6, IPV6_RECVPATHMTU, 1, 0)
OPTION(IPPROTO_UDP, UDP_CORK, 1, 0, 2)
OPTION(IPPROTO_UDP, UDP_SEGMENT, 0, 1, 1472, 65535, 65536, -1)
OPTION(IPPROTO_UDP, UDP_GRO, 1, 0, 2)
