/* SPDX-License-Identifier: MIT */
/* Options and flags that Linux has beside the book, and programs use. */
#define CHAPTER "linux"
#include "case.h"

#include <net/route.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */
#include <linux/net_tstamp.h>

/* Names that not every libc has. */
enum { LOCAL_PORT_RANGE = 51, ADDR_PREFERENCES = 72, FLOWINFO = 11, FLOWINFO_SEND = 33, BUF_LOCK = 72, FLOW_LABELS = 32 };

static int get_int(int fd, int level, int option)
{
    int v = -1;
    socklen_t n = sizeof v;

    return getsockopt(fd, level, option, &v, &n) < 0 ? -errno : v;
}

static unsigned port_of(int fd)
{
    struct sockaddr_in6 a = {0};
    socklen_t n = sizeof a;

    getsockname(fd, (struct sockaddr *)&a, &n);
    return ntohs(a.sin6_port);
}

/* What was sent on loopback so far has come: one more datagram has, and none overtakes another. */
static void all_came(void)
{
    struct sockaddr_in at = in4(LO, 7099);
    int from = udp(), to = udp_at(7099);

    sendto(from, "x", 1, 0, ADDR(at));
    when_readable(to);
    close(from);
    close(to);
}

/* ---- SO_PEEK_OFF ---- */

static void peek(int fd, unsigned room)
{
    char b[32] = "";

    say_bytes("peek", recv(fd, b, room, MSG_PEEK | MSG_DONTWAIT), b);
    say("offset %d", get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
}

CASE(peeking_goes_on_in_datagrams)
{
    char b[8] = "";
    int p[2];

    udp_pair(p);
    send(p[0], "abcdef", 6, 0);
    send(p[0], "ghi", 3, 0);
    send(p[0], "jk", 2, 0);
    all_came();
    say("offset %d", get_int(p[1], SOL_SOCKET, SO_PEEK_OFF));
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 0));
    for (int i = 0; i < 7; i++)
        peek(p[1], 4);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 7));
    peek(p[1], 8);
    say_bytes("read", recv(p[1], b, 3, MSG_DONTWAIT), b);
    say("offset %d", get_int(p[1], SOL_SOCKET, SO_PEEK_OFF));
    peek(p[1], 8);
    say_bytes("read", recv(p[1], b, sizeof b, MSG_DONTWAIT), b);
    say("offset %d", get_int(p[1], SOL_SOCKET, SO_PEEK_OFF));
    peek(p[1], 1);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, -1));
    peek(p[1], 8);
}

CASE(peeking_at_the_end_of_a_datagram)
{
    char b[8] = "";
    int p[2];

    udp_pair(p);
    send(p[0], "", 0, 0);
    send(p[0], "ab", 2, 0);
    all_came();
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 0));
    peek(p[1], 8);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 1));
    SAY(recv(p[1], b, sizeof b, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT));
    say("offset %d", get_int(p[1], SOL_SOCKET, SO_PEEK_OFF));
    SAY(recv(p[1], b, sizeof b, MSG_PEEK | MSG_DONTWAIT));
}

/* ---- IP_LOCAL_PORT_RANGE ---- */

#define RANGE(low, high) (int)((unsigned)(low) | (unsigned)(high) << 16)

static void choose(int domain, int type, int bind_first)
{
    struct sockaddr_in6 six = in6("::1", bind_first ? 0 : 7002);
    struct sockaddr_in four = in4(LO, bind_first ? 0 : 7002);

    for (int i = 0; i < 3; i++) {
        int fd = socket(domain, type, 0), r;
        const struct sockaddr *a = domain == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
        socklen_t n = domain == AF_INET ? sizeof four : sizeof six;

        SAY(set_int(fd, IPPROTO_IP, LOCAL_PORT_RANGE, RANGE(50100, 50101)));
        r = bind_first ? bind(fd, a, n) : connect(fd, a, n);
        if (r < 0)
            say("%s", strerrorname_np(errno));
        else
            say("in range %d", port_of(fd) >= 50100 && port_of(fd) <= 50101);
    }
}

CASE(ports_of_a_range)
{
    choose(AF_INET, SOCK_DGRAM, 1);
    choose(AF_INET, SOCK_STREAM, 1);
}

CASE(ports_of_a_range_for_connections)
{
    tcp_listener(7002);
    choose(AF_INET, SOCK_STREAM, 0);
}

CASE(ports_of_a_range_for_peers)
{
    choose(AF_INET, SOCK_DGRAM, 0);
}

CASE(ports_of_a_range_of_six)
{
    choose(AF_INET6, SOCK_DGRAM, 1);
    choose(AF_INET6, SOCK_STREAM, 1);
}

CASE(what_a_range_may_be)
{
    static const int ranges[] = {RANGE(0, 0),         RANGE(50000, 0),     RANGE(0, 40000),
                                 RANGE(50001, 50000), RANGE(50000, 50000), -1};
    int types[] = {SOCK_STREAM, SOCK_DGRAM};

    for (unsigned t = 0; t < 2; t++) {
        int fd = socket(AF_INET, types[t], 0);
        struct sockaddr_in any = in4(LO, 0);

        for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
            SAY(set_int(fd, IPPROTO_IP, LOCAL_PORT_RANGE, ranges[i]));
            say("%x", (unsigned)get_int(fd, IPPROTO_IP, LOCAL_PORT_RANGE));
        }
        SAY(set_int(fd, IPPROTO_IP, LOCAL_PORT_RANGE, RANGE(50000, 50000)));
        SAY(bind(fd, ADDR(any)));
        say("%u", port_of(fd));
    }
}

/* ---- IP_BIND_ADDRESS_NO_PORT ---- */

CASE(an_address_without_a_port)
{
    struct sockaddr_in any = in4(LO, 0), to = in4(LO, 7002), other = in4(LO, 7001);
    int fd = udp(), server = udp_at(7002);

    SAY(set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    SAY(bind(fd, ADDR(any)));
    say("port %u", port_of(fd));
    say_name("name", fd);
    SAY(sendto(fd, "a", 1, 0, ADDR(to)));
    say("a port %d", port_of(fd) != 0);
    SAY(recv(server, (char[4]){0}, 4, 0));
    SAY(bind(fd, ADDR(other)));
    fd = udp();
    SAY(set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    SAY(bind(fd, ADDR(any)));
    SAY(connect(fd, ADDR(to)));
    say("a port %d", port_of(fd) != 0);
    fd = udp();
    SAY(set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
    SAY(bind(fd, ADDR(other)));
    say("port %u", port_of(fd));
}

/* ---- IP_MTU_DISCOVER: modes that trust nobody about a path ---- */

/* An interface with this address, for what goes out and does not arrive. */
static void wire(int fd)
{
    struct sockaddr_in a = in4("10.9.0.1", 0);
    struct ifreq r = {.ifr_name = ETHERNET};

    ethernet();
    memcpy(&r.ifr_addr, &a, sizeof r.ifr_addr);
    SAY(ioctl(fd, SIOCSIFADDR, &r));
}

static void too_long(int fd, const void *to, socklen_t n_to, size_t n)
{
    static char big[70000];

    say("%s", sendto(fd, big, n, 0, to, n_to) < 0 ? strerrorname_np(errno) : "sent");
}

CASE(what_is_longer_than_the_interface)
{
    struct sockaddr_in to = in4("10.9.0.2", 7002);
    int fd = udp();

    wire(fd);
    for (int mode = 0; mode <= 5; mode++) {
        SAY(set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, mode));
        too_long(fd, ADDR(to), 1472);
        too_long(fd, ADDR(to), 1473);
    }
}

CASE(what_is_longer_than_the_interface_of_six)
{
    struct sockaddr_in6 to = in6("::1", 7002);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "lo", .ifr_mtu = 2000};

    SAY(ioctl(fd, SIOCSIFMTU, &r));
    bind(socket(AF_INET6, SOCK_DGRAM, 0), ADDR(to));
    for (int mode = 0; mode <= 5; mode++) {
        SAY(set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode));
        too_long(fd, ADDR(to), 1952);
        too_long(fd, ADDR(to), 1953);
    }
}

/* ---- IPV6_ADDR_PREFERENCES ---- */

CASE(what_sources_are_preferred)
{
    static const int values[] = {0, 1, 2, 0x100, 3, 0x103, 4, 0x400, 0x404, 8, 0x800, 0x808, 0x10, 0x2000, -1};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    say("%d", get_int(fd, IPPROTO_IPV6, ADDR_PREFERENCES));
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        SAY(set_int(fd, IPPROTO_IPV6, ADDR_PREFERENCES, values[i]));
        say("%x", (unsigned)get_int(fd, IPPROTO_IPV6, ADDR_PREFERENCES));
    }
    SAY(set_int(udp(), IPPROTO_IPV6, ADDR_PREFERENCES, 1));
    SAY(set_int(socket(AF_INET6, SOCK_STREAM, 0), IPPROTO_IPV6, ADDR_PREFERENCES, 2));
}

/* ---- flow labels ---- */

/* What came with a datagram. */
static void say_flow(int fd)
{
    char b[8], control[128];
    struct iovec iov = {b, sizeof b};
    struct sockaddr_in6 from;
    struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
                         .msg_control = control, .msg_controllen = sizeof control};

    SAY(recvmsg(fd, &msg, 0));
    say("from: %x", ntohl(from.sin6_flowinfo));
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        uint32_t flow;

        memcpy(&flow, CMSG_DATA(h), sizeof flow);
        say("level %d type %d, %u bytes: %x", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len,
            h->cmsg_type == FLOWINFO ? ntohl(flow) : flow);
    }
}

CASE(a_flow_label_of_ones_own)
{
    struct sockaddr_in6 at = in6("::1", 7002), labelled = at;
    int from = socket(AF_INET6, SOCK_DGRAM, 0), to = socket(AF_INET6, SOCK_DGRAM, 0);

    labelled.sin6_flowinfo = htonl(0x12345);
    SAY(bind(to, ADDR(at)));
    SAY(set_int(to, IPPROTO_IPV6, FLOWINFO, 1));
    say("%d", get_int(to, IPPROTO_IPV6, FLOWINFO));
    say("%d", get_int(from, IPPROTO_IPV6, FLOWINFO_SEND));
    SAY(set_int(from, IPPROTO_IPV6, FLOWINFO_SEND, 1));
    say("%d", get_int(from, IPPROTO_IPV6, FLOWINFO_SEND));
    SAY(sendto(from, "a", 1, 0, ADDR(labelled)));
    say_flow(to);
    labelled.sin6_flowinfo = htonl(0x2c54321);
    SAY(sendto(from, "b", 1, 0, ADDR(labelled)));
    say_flow(to);
    SAY(connect(from, ADDR(labelled)));
    SAY(send(from, "c", 1, 0));
    say_flow(to);
}

CASE(a_flow_label_that_goes_with_a_datagram)
{
    char control[CMSG_SPACE(4)] = {0};
    struct sockaddr_in6 at = in6("::1", 7002);
    struct iovec iov = {"a", 1};
    struct msghdr msg = {.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &iov, .msg_iovlen = 1,
                         .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
    uint32_t flow = htonl(0xabcde);
    int from = socket(AF_INET6, SOCK_DGRAM, 0), to = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(bind(to, ADDR(at)));
    SAY(set_int(to, IPPROTO_IPV6, FLOWINFO, 1));
    *h = (struct cmsghdr){.cmsg_len = CMSG_LEN(4), .cmsg_level = IPPROTO_IPV6, .cmsg_type = FLOWINFO};
    memcpy(CMSG_DATA(h), &flow, sizeof flow);
    SAY(sendmsg(from, &msg, 0));
    say_flow(to);
    h->cmsg_len = CMSG_LEN(3);
    SAY(sendmsg(from, &msg, 0));
}

/* ---- flags of send ---- */

CASE(flags_that_steer)
{
    struct sockaddr_in to = in4(LO, 7002), near = in4("10.9.0.3", 7), behind = in4("192.0.2.1", 7);
    struct sockaddr_in gateway = in4("10.9.0.2", 0), any = in4("0.0.0.0", 0);
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    int fd = udp(), server = udp_at(7002), p[2];

    SAY(sendto(fd, "a", 1, MSG_DONTROUTE, ADDR(to)));
    SAY(sendto(fd, "a", 1, MSG_CONFIRM, ADDR(to)));
    SAY(recv(server, (char[4]){0}, 4, 0));
    SAY(recv(server, (char[4]){0}, 4, 0));
    wire(fd);
    memcpy(&route.rt_dst, &any, sizeof any);
    memcpy(&route.rt_genmask, &any, sizeof any);
    memcpy(&route.rt_gateway, &gateway, sizeof gateway);
    SAY(ioctl(fd, SIOCADDRT, &route));
    SAY(sendto(fd, "a", 1, 0, ADDR(behind)));
    SAY(sendto(fd, "a", 1, MSG_DONTROUTE, ADDR(behind)));
    SAY(sendto(fd, "a", 1, MSG_DONTROUTE, ADDR(near)));
    tcp_pair(p);
    SAY(send(p[0], "a", 1, MSG_DONTROUTE | MSG_CONFIRM));
    SAY(recv(p[1], (char[4]){0}, 4, 0));
}

/* ---- stamps of what is sent ---- */

static void say_sent(const char *what, int fd)
{
    char control[256], b[64];
    struct iovec iov = {b, sizeof b};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    long n = recvmsg(fd, &msg, MSG_ERRQUEUE);

    say_result(what, n);
    for (struct cmsghdr *h = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        struct sock_extended_err ee;
        struct timespec now, at;

        say("flags %x level %d type %d, %u bytes", (unsigned)msg.msg_flags, h->cmsg_level, h->cmsg_type,
            (unsigned)h->cmsg_len);
        if (h->cmsg_type == SCM_TIMESTAMPING) {
            clock_gettime(CLOCK_REALTIME, &now);
            memcpy(&at, CMSG_DATA(h), sizeof at);
            say("of now %d", now.tv_sec - at.tv_sec <= 5);
        } else {
            memcpy(&ee, CMSG_DATA(h), sizeof ee);
            say("error %u origin %u type %u code %u info %u data %u", ee.ee_errno, ee.ee_origin, ee.ee_type, ee.ee_code,
                ee.ee_info, ee.ee_data);
        }
    }
}

#define SENT (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY)

CASE(stamps_of_what_is_sent)
{
    int p[2];

    udp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, SENT));
    send(p[0], "a", 1, 0);
    say("ready %x", (unsigned)ready(p[0], POLLIN, 2000));
    say_sent("without a number", p[0]);
    say_sent("no more", p[0]);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, SENT | SOF_TIMESTAMPING_OPT_ID));
    for (int i = 0; i < 2; i++)
        send(p[0], "a", 1, 0);
    soon(20);
    for (int i = 0; i < 3; i++)
        say_sent("numbered", p[0]);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, SENT & ~SOF_TIMESTAMPING_SOFTWARE));
    send(p[0], "a", 1, 0);
    soon(20);
    say_sent("made but not told", p[0]);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, 0));
    send(p[0], "a", 1, 0);
    soon(20);
    say_sent("none", p[0]);
}

CASE(stamps_of_sent_text)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, SENT | SOF_TIMESTAMPING_OPT_ID));
    send(p[0], "abc", 3, 0);
    soon(30);
    say_sent("numbered", p[0]);
    send(p[0], "de", 2, 0);
    soon(30);
    say_sent("numbered", p[0]);
}

/* ---- sizes of buffers that stay ---- */

CASE(buffers_that_stay)
{
    static const int values[] = {0, 1, 2, 3, 4, -1};
    int fd = tcp();

    say("%d", get_int(fd, SOL_SOCKET, BUF_LOCK));
    SAY(set_int(fd, SOL_SOCKET, SO_RCVBUF, 10000));
    say("%d", get_int(fd, SOL_SOCKET, BUF_LOCK));
    SAY(set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
    say("%d", get_int(fd, SOL_SOCKET, BUF_LOCK));
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        SAY(set_int(fd, SOL_SOCKET, BUF_LOCK, values[i]));
        say("%d", get_int(fd, SOL_SOCKET, BUF_LOCK));
    }
}

/* ---- what weft has not: differences.tsv says why ---- */

CASE(options_that_there_are_none_of)
{
    static const struct {
        const char *name;
        int domain, type, level, option;
    } all[] = {
        {"IPV6_JOIN_ANYCAST", AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, 27},
        {"IPV6_FLOWLABEL_MGR", AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, FLOW_LABELS},
        {"SO_TXTIME", AF_INET, SOCK_DGRAM, SOL_SOCKET, 61},
        {"TCP_MD5SIG", AF_INET, SOCK_STREAM, IPPROTO_TCP, 14},
        {"TCP_TX_DELAY", AF_INET, SOCK_STREAM, IPPROTO_TCP, 37},
        {"IP_UNICAST_IF", AF_INET, SOCK_STREAM, IPPROTO_IP, 50},
        {"IP_XFRM_POLICY", AF_INET, SOCK_DGRAM, IPPROTO_IP, 17},
        {"UDP_NO_CHECK6_TX", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 101},
        {"UDP_NO_CHECK6_RX", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 102},
        {"UDP_ENCAP", AF_INET, SOCK_DGRAM, IPPROTO_UDP, 100},
    };

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        int fd = socket(all[i].domain, all[i].type, 0), r = set_int(fd, all[i].level, all[i].option, 1);

        say("%s: %s", all[i].name, r < 0 ? strerrorname_np(errno) : "done");
        close(fd);
    }
}
