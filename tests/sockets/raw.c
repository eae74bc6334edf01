/* SPDX-License-Identifier: MIT */
/* UNP chapter 28: raw sockets; and the filters of socket(7). */
#define CHAPTER "raw"
#include "case.h"

#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>

#define FREE 200 /* a protocol that nobody has */
#define HEADER_INCLUDED6 36 /* IPV6_HDRINCL, which not all headers have */

static int raw(int protocol) { return socket(AF_INET, SOCK_RAW, protocol); }
static int raw6(int protocol) { return socket(AF_INET6, SOCK_RAW, protocol); }

static uint16_t folded(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

#define EXPECTED   2000 /* ms in which something surely comes ... */
#define UNEXPECTED 100  /* ... and in which it is seen that nothing does */

/* What a socket of IPv4 hears next: its header in words, then the rest. */
static void say_next(int fd, int milliseconds)
{
    struct sockaddr_in from = {0};
    socklen_t n = sizeof from;
    uint8_t b[256];
    ssize_t r;

    ready(fd, POLLIN, milliseconds);
    r = recvfrom(fd, b, sizeof b, MSG_DONTWAIT, (struct sockaddr *)&from, &n);
    if (r < 0) {
        say("heard -1 %s", strerrorname_np(errno));
        return;
    }
    say("heard %zd: version %d, header %d, length %d, ttl %d, protocol %d, header's sum %s", r, b[0] >> 4,
        (b[0] & 15) * 4, b[2] << 8 | b[3], b[8], b[9], folded(b, (b[0] & 15) * 4u) == 0 ? "right" : "wrong");
    say_addr("from", 0, &from, n);
    if (b[9] == FREE)
        say_bytes("data", r - 20, b + 20);
    else
        say("type %d", b[20]);
}

static void say_heard(int fd) { say_next(fd, EXPECTED); }
static void say_unheard(int fd) { say_next(fd, UNEXPECTED); }

static void say_next6(int fd, int milliseconds)
{
    struct sockaddr_in6 from = {0};
    socklen_t n = sizeof from;
    uint8_t b[256];
    ssize_t r;

    ready(fd, POLLIN, milliseconds);
    r = recvfrom(fd, b, sizeof b, MSG_DONTWAIT, (struct sockaddr *)&from, &n);
    say_bytes("heard", r, b[0] >= ' ' && b[0] < 127 ? b : (const uint8_t *)"");
    if (r > 0)
        say("first byte %d", b[0]);
    if (r >= 0)
        say_addr("from", 0, &from, n);
}

static void say_heard6(int fd) { say_next6(fd, EXPECTED); }
static void say_unheard6(int fd) { say_next6(fd, UNEXPECTED); }

static size_t make_echo(uint8_t b[12], uint8_t type)
{
    uint8_t echo[12] = {type, 0, 0, 0, 0, 77, 0, 1, 'e', 'c', 'h', 'o'};
    uint16_t sum = folded(echo, sizeof echo);

    echo[2] = (uint8_t)(sum >> 8);
    echo[3] = (uint8_t)sum;
    memcpy(b, echo, sizeof echo);
    return sizeof echo;
}

/* ---- what there is ---- */

CASE(protocols)
{
    int fd;

    SAY(raw(0));
    SAY(raw6(0));
    SAY(raw(-1));
    SAY(raw(263));
    SAY(socket(AF_INET, SOCK_RDM, 1));
    fd = raw(89);
    say_opt("SO_TYPE", fd, SOL_SOCKET, SO_TYPE);
    say_opt("SO_PROTOCOL", fd, SOL_SOCKET, SO_PROTOCOL);
    say_opt("SO_DOMAIN", fd, SOL_SOCKET, SO_DOMAIN);
    SAY(listen(fd, 5));
    SAY(accept(fd, NULL, NULL));
    say_opt("IP_HDRINCL", fd, IPPROTO_IP, IP_HDRINCL);
    say_opt("IP_HDRINCL of IPPROTO_RAW", raw(IPPROTO_RAW), IPPROTO_IP, IP_HDRINCL);
}

CASE(names)
{
    struct sockaddr_in a = in4(LO, 7), b = in4("127.0.0.2", 0), strange = in4("192.0.2.1", 0), none = {0};
    int fd = raw(FREE);

    say_name("new", fd);
    say_peer("new", fd);
    SAY(bind(fd, ADDR(strange)));
    SAY(bind(fd, ADDR(b)));
    say_name("bound", fd);
    SAY(bind(fd, ADDR(a))); /* again */
    say_name("bound", fd);
    SAY(connect(fd, ADDR(a)));
    say_name("connected", fd);
    say_peer("connected", fd);
    SAY(bind(fd, ADDR(b)));
    none.sin_family = AF_UNSPEC;
    SAY(connect(fd, ADDR(none)));
    say_peer("parted", fd);
    fd = raw(FREE);
    SAY(connect(fd, ADDR(a)));
    say_name("connected, not bound", fd);
}

CASE(names_of_six)
{
    struct sockaddr_in6 a = in6("::1", FREE), strange = in6("2001:db8::1", 0), mapped = in6("::ffff:127.0.0.1", 0);
    int fd = raw6(FREE);

    say_name("new", fd);
    SAY(bind(fd, ADDR(strange)));
    SAY(bind(fd, ADDR(mapped)));
    SAY(connect(fd, ADDR(a)));
    say_name("connected", fd);
    say_peer("connected", fd);
}

/* ---- hearing ---- */

CASE(a_datagram_and_its_header)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = raw(FREE), other = raw(FREE + 1);

    SAY(sendto(fd, "payload", 7, 0, ADDR(a)));
    say_heard(fd);
    say_unheard(fd);
    say_unheard(other);
    set_int(fd, IPPROTO_IP, IP_TTL, 9);
    SAY(sendto(fd, "", 0, 0, ADDR(a)));
    say_heard(fd);
}

CASE(everybody_hears)
{
    struct sockaddr_in a = in4(LO, 0);
    int one = raw(FREE), two = raw(FREE);

    SAY(sendto(one, "both", 4, 0, ADDR(a)));
    say_heard(one);
    say_heard(two);
}

CASE(bound_and_connected_ones_choose)
{
    struct sockaddr_in a = in4(LO, 0), b = in4("127.0.0.2", 0), c = in4("127.0.0.3", 0);
    int at_b = raw(FREE), from_c = raw(FREE), sender = raw(FREE + 1);

    SAY(bind(at_b, ADDR(b)));
    SAY(connect(from_c, ADDR(c)));
    close(sender);
    sender = raw(FREE);
    shutdown(sender, SHUT_RD);
    SAY(sendto(sender, "to one", 6, 0, ADDR(a)));
    SAY(sendto(sender, "to two", 6, 0, ADDR(b)));
    SAY(bind(sender, ADDR(c)));
    SAY(sendto(sender, "from three", 10, 0, ADDR(a)));
    say_heard(at_b);
    say_unheard(at_b);
    say_heard(from_c);
    say_unheard(from_c);
}

CASE(an_echo_is_heard_both_ways)
{
    struct sockaddr_in a = in4(LO, 0);
    uint8_t b[12];
    size_t n = make_echo(b, ICMP_ECHO);
    int fd = raw(IPPROTO_ICMP);

    SAY(sendto(fd, b, n, 0, ADDR(a)));
    say_heard(fd);
    say_heard(fd);
    say_unheard(fd);
}

CASE(ICMP_FILTER)
{
    struct sockaddr_in a = in4(LO, 0);
    struct icmp_filter only_replies = {~(1u << ICMP_ECHOREPLY)}, got = {0};
    socklen_t n_got = sizeof got;
    uint8_t b[12];
    size_t n = make_echo(b, ICMP_ECHO);
    int fd = raw(IPPROTO_ICMP);

    SAY(getsockopt(fd, SOL_RAW, ICMP_FILTER, &got, &n_got));
    say("%x, %u bytes", got.data, n_got);
    SAY(setsockopt(fd, SOL_RAW, ICMP_FILTER, &only_replies, sizeof only_replies));
    SAY(getsockopt(fd, SOL_RAW, ICMP_FILTER, &got, &n_got));
    say("%x, %u bytes", got.data, n_got);
    SAY(sendto(fd, b, n, 0, ADDR(a)));
    say_heard(fd);
    say_unheard(fd);
    SAY(setsockopt(raw(FREE), SOL_RAW, ICMP_FILTER, &only_replies, sizeof only_replies));
    SAY(setsockopt(raw6(IPPROTO_ICMPV6), SOL_RAW, ICMP_FILTER, &only_replies, sizeof only_replies));
}

CASE(datagrams_of_udp_are_heard_too)
{
    struct sockaddr_in a = in4(LO, 7001);
    int fd = raw(IPPROTO_UDP), s = udp_at(7001), c = udp_at(7002);
    uint8_t b[64];
    ssize_t n;

    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    when_readable(fd);
    n = recv(fd, b, sizeof b, 0);
    say("%zd, ports %d and %d, length %d", n, b[20] << 8 | b[21], b[22] << 8 | b[23], b[24] << 8 | b[25]);
    say_bytes("socket of UDP", recv(s, b, sizeof b, MSG_DONTWAIT), b);
}

CASE(segments_of_tcp_are_heard_too)
{
    struct sockaddr_in a = in4(LO, 7000);
    int fd = raw(IPPROTO_TCP);
    uint8_t b[128];

    SAY(connect(tcp(), ADDR(a)));
    for (int i = 0; i < 2; i++) {
        when_readable(fd);
        if (recv(fd, b, sizeof b, MSG_DONTWAIT) > 0)
            say("flags %x", b[33]);
    }
}

CASE(peeking_and_cutting)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = raw(FREE), waits = -1;
    uint8_t b[64];

    SAY(sendto(fd, "0123456789", 10, 0, ADDR(a)));
    when_readable(fd);
    SAY(recv(fd, b, 8, MSG_PEEK));
    SAY(recv(fd, b, 8, MSG_PEEK | MSG_TRUNC));
    SAY(ioctl(fd, FIONREAD, &waits));
    say("%d wait", waits);
    SAY(recv(fd, b, 25, 0));
    say_bytes("data", 5, b + 20);
    SAY(recv(fd, b, sizeof b, MSG_DONTWAIT));
    SAY(recv(fd, b, sizeof b, MSG_DONTWAIT | MSG_OOB));
}

CASE(told_with_it)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = raw(FREE);
    uint8_t b[64];
    _Alignas(struct cmsghdr) char control[128];
    struct iovec iov = {b, sizeof b};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    SAY(set_int(fd, IPPROTO_IP, IP_PKTINFO, 1));
    SAY(set_int(fd, IPPROTO_IP, IP_RECVTTL, 1));
    set_int(fd, IPPROTO_IP, IP_TTL, 33);
    SAY(sendto(fd, "x", 1, 0, ADDR(a)));
    when_readable(fd);
    SAY(recvmsg(fd, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        int v = 0;

        if (c->cmsg_type == IP_TTL)
            memcpy(&v, CMSG_DATA(c), sizeof v);
        say("level %d, type %d, %zu bytes, %d", c->cmsg_level, c->cmsg_type, c->cmsg_len, v);
    }
}

/* ---- sending ---- */

CASE(sending_that_cannot_be)
{
    struct sockaddr_in a = in4(LO, 0), unreachable = in4("192.0.2.1", 0);
    struct sockaddr_in6 six = in6("::1", 0);
    int fd = raw(FREE);
    static char big[65536];

    SAY(send(fd, "x", 1, 0));
    SAY(sendto(fd, "x", 1, 0, ADDR(unreachable)));
    SAY(sendto(fd, "x", 1, 0, ADDR(six)));
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, 4));
    SAY(sendto(fd, "x", 1, MSG_OOB, ADDR(a)));
    SAY(sendto(fd, big, sizeof big, 0, ADDR(a)));
    SAY(sendto(fd, big, 65516, 0, ADDR(a)));
    SAY(connect(fd, ADDR(unreachable)));
    SAY(shutdown(fd, SHUT_RDWR));
}

CASE(connected)
{
    struct sockaddr_in a = in4(LO, 7), b = in4("127.0.0.2", 0);
    int fd = raw(FREE);

    SAY(connect(fd, ADDR(a)));
    SAY(send(fd, "here", 4, 0));
    say_heard(fd);
    SAY(sendto(fd, "there", 5, 0, ADDR(b)));
    say_unheard(fd);
    SAY(shutdown(fd, SHUT_WR));
    SAY(send(fd, "more", 4, MSG_NOSIGNAL));
}

static size_t make_header(uint8_t b[64], uint8_t protocol, const char *data)
{
    struct sockaddr_in a = in4(LO, 0);
    size_t n = strlen(data);

    memset(b, 0, 64);
    b[0] = 0x45;
    b[8] = 5;
    b[9] = protocol;
    memcpy(b + 16, &a.sin_addr, 4);
    memcpy(b + 20, data, n);
    return 20 + n;
}

CASE(IP_HDRINCL)
{
    struct sockaddr_in a = in4(LO, 0);
    int fd = raw(IPPROTO_RAW), hears = raw(FREE), mine = raw(FREE + 1);
    uint8_t b[64];
    size_t n = make_header(b, FREE, "by hand");

    SAY(sendto(fd, b, n, 0, ADDR(a)));
    say_heard(hears);
    b[2] = 0x12, b[10] = 0x34; /* length and checksum are the stack's */
    b[12] = 10, b[15] = 1;     /* and the source anybody's: on loopback a strange one is not heard */
    SAY(sendto(fd, b, n, 0, ADDR(a)));
    SAY(sendto(fd, b, 19, 0, ADDR(a)));
    SAY(sendto(fd, b, 20, 0, ADDR(a)));
    b[0] = 0x4f;
    SAY(sendto(fd, b, n, 0, ADDR(a)));
    SAY(set_int(mine, IPPROTO_IP, IP_HDRINCL, 1));
    n = make_header(b, FREE, "of another protocol");
    SAY(sendto(mine, b, n, 0, ADDR(a)));
    while (ready(hears, POLLIN, 100))
        say_heard(hears);
    SAY(set_int(udp(), IPPROTO_IP, IP_HDRINCL, 1));
}

/* ---- errors ---- */

static void send_to_nobody(int fd)
{
    struct sockaddr_in a = in4(LO, 0);
    uint8_t b[9] = {27, 90, 27, 91, 0, 9, 0, 0, 'x'};

    SAY(sendto(fd, b, sizeof b, 0, ADDR(a)));
}

CASE(errors_are_for_who_has_a_peer)
{
    struct sockaddr_in a = in4(LO, 7);
    int alone = raw(IPPROTO_UDP), with = raw(IPPROTO_UDP);

    SAY(connect(with, ADDR(a)));
    send_to_nobody(alone);
    soon(100);
    say_opt("alone", alone, SOL_SOCKET, SO_ERROR);
    say_opt("with a peer", with, SOL_SOCKET, SO_ERROR);
}

CASE(errors_are_for_who_asks)
{
    struct sockaddr_in to = {0};
    int fd = raw(IPPROTO_UDP);
    uint8_t b[64];
    _Alignas(struct cmsghdr) char control[128];
    struct iovec iov = {b, sizeof b};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
                       .msg_name = &to, .msg_namelen = sizeof to};

    SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    send_to_nobody(fd);
    soon(100);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    SAY(recvmsg(fd, &m, MSG_ERRQUEUE));
    say("port in the quote %d", b[2] << 8 | b[3]);
    say("flags %x, to %s", m.msg_flags, inet_ntoa(to.sin_addr));
    SAY(recvmsg(fd, &m, MSG_ERRQUEUE));
}

/* ---- IPv6 ---- */

CASE(six_without_header)
{
    struct sockaddr_in6 a = in6("::1", 0), right = in6("::1", FREE), wrong = in6("::1", FREE + 1);
    int fd = raw6(FREE);

    SAY(sendto(fd, "payload", 7, 0, ADDR(a)));
    say_heard6(fd);
    SAY(sendto(fd, "right", 5, 0, ADDR(right)));
    say_heard6(fd);
    SAY(sendto(fd, "wrong", 5, 0, ADDR(wrong)));
    SAY(send(fd, "nobody", 6, 0));
}

CASE(IPV6_CHECKSUM)
{
    struct sockaddr_in6 a = in6("::1", 0);
    int fd = raw6(FREE), deaf = raw6(FREE), plain = raw6(FREE);
    uint8_t b[16];

    say_opt("at first", fd, IPPROTO_IPV6, IPV6_CHECKSUM);
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 3));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 2));
    SAY(set_int(deaf, IPPROTO_IPV6, IPV6_CHECKSUM, 4));
    say_opt("then", fd, IPPROTO_IPV6, IPV6_CHECKSUM);
    SAY(sendto(fd, "ab--cd", 6, 0, ADDR(a)));
    when_readable(plain);
    SAY(recv(plain, b, sizeof b, MSG_DONTWAIT));
    say("%02x%02x", b[2], b[3]);
    SAY(recv(fd, b, sizeof b, MSG_DONTWAIT));
    SAY(sendto(plain, "ab--ce", 6, 0, ADDR(a))); /* with a wrong one */
    say_heard6(plain);
    SAY(recv(fd, b, sizeof b, MSG_DONTWAIT));
    SAY(sendto(fd, "abc", 3, 0, ADDR(a)));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, -1));
    SAY(sendto(fd, "abc", 3, 0, ADDR(a)));
    SAY(set_int(raw6(IPPROTO_ICMPV6), IPPROTO_IPV6, IPV6_CHECKSUM, -1));
    say_opt("of ICMPv6", raw6(IPPROTO_ICMPV6), IPPROTO_IPV6, IPV6_CHECKSUM);
}

CASE(ICMP6_FILTER)
{
    struct sockaddr_in6 a = in6("::1", 0);
    struct icmp6_filter f, got;
    socklen_t n = sizeof got;
    uint8_t echo[12] = {ICMP6_ECHO_REQUEST, 0, 9, 9, 0, 77, 0, 1, 'e', 'c', 'h', 'o'};
    int fd = raw6(IPPROTO_ICMPV6), all = raw6(IPPROTO_ICMPV6);

    ICMP6_FILTER_SETBLOCKALL(&f);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
    SAY(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof f));
    SAY(getsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &got, &n));
    say("same %d, %u bytes", memcmp(&f, &got, sizeof f) == 0, n);
    SAY(setsockopt(raw6(FREE), IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof f));
    SAY(sendto(fd, echo, sizeof echo, 0, ADDR(a)));
    say_heard6(fd);
    say_unheard6(fd);
    say_heard6(all);
    say_heard6(all);
}

CASE(IPV6_HDRINCL)
{
    struct sockaddr_in6 a = in6("::1", 0);
    int fd = raw6(IPPROTO_RAW), hears = raw6(FREE);
    uint8_t b[46] = {0x60};

    say_opt("IPPROTO_RAW", fd, IPPROTO_IPV6, HEADER_INCLUDED6);
    b[5] = 6, b[6] = FREE, b[7] = 9, b[23] = 1, b[39] = 1;
    memcpy(b + 40, "by hand", 6);
    SAY(sendto(fd, b, sizeof b, 0, ADDR(a)));
    say_heard6(hears);
    SAY(sendto(fd, b, 39, 0, ADDR(a)));
    say_opt("another", hears, IPPROTO_IPV6, HEADER_INCLUDED6);
    SAY(set_int(hears, IPPROTO_IPV6, HEADER_INCLUDED6, 1));
    say_opt("another", hears, IPPROTO_IPV6, HEADER_INCLUDED6);
}

/* ---- filters ---- */

static int attach(int fd, struct sock_filter *code, unsigned short n)
{
    struct sock_fprog program = {n, code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* The first byte behind the header of UDP is 'y'. */
static struct sock_filter only_y[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0),
};

CASE(SO_ATTACH_FILTER)
{
    struct sockaddr_in a = in4(LO, 7001);
    struct sock_filter cut = BPF_STMT(BPF_RET | BPF_K, 10);
    int s = udp_at(7001), c = udp_at(7002);
    char b[32];

    SAY(attach(s, only_y, 4));
    SAY(sendto(c, "no", 2, 0, ADDR(a)));
    SAY(sendto(c, "yes", 3, 0, ADDR(a)));
    when_readable(s);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
    SAY(attach(s, &cut, 1)); /* in the other's place */
    SAY(sendto(c, "long", 4, 0, ADDR(a)));
    when_readable(s);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
    SAY(set_int(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(set_int(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(sendto(c, "no", 2, 0, ADDR(a)));
    when_readable(s);
    say_bytes("recv", recv(s, b, sizeof b, MSG_DONTWAIT), b);
}

CASE(filter_of_a_raw_socket)
{
    struct sockaddr_in a = in4(LO, 0);
    struct sock_filter far[] = { /* a time to live of more than 60 */
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 60, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0),
    };
    int fd = raw(FREE);

    SAY(attach(fd, far, 4));
    set_int(fd, IPPROTO_IP, IP_TTL, 60);
    SAY(sendto(fd, "near", 4, 0, ADDR(a)));
    set_int(fd, IPPROTO_IP, IP_TTL, 61);
    SAY(sendto(fd, "far", 3, 0, ADDR(a)));
    say_heard(fd);
    SAY(attach(raw(IPPROTO_ICMP), far, 4));
}

CASE(programs_that_are_none)
{
    struct sock_filter endless = BPF_STMT(BPF_LD | BPF_IMM, 1), wild[] = {BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0),
                                                                         BPF_STMT(BPF_RET | BPF_K, 1)};
    struct sock_filter by_zero[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 1)};
    struct sock_filter memory[] = {BPF_STMT(BPF_ST, 16), BPF_STMT(BPF_RET | BPF_K, 1)};
    int fd = udp();

    SAY(attach(fd, &endless, 1));
    SAY(attach(fd, wild, 2));
    SAY(attach(fd, by_zero, 2));
    SAY(attach(fd, memory, 2));
    SAY(attach(fd, NULL, 0));
    SAY(attach(fd, NULL, 2));
    SAY(set_int(fd, SOL_SOCKET, SO_ATTACH_FILTER, 1));
}

CASE(SO_GET_FILTER)
{
    struct sock_filter got[8] = {{0}};
    socklen_t n = 0;
    int fd = udp();

    SAY(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &n));
    say("%u", n);
    SAY(attach(fd, only_y, 4));
    SAY(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &n));
    say("%u", n);
    n = 2;
    SAY(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &n));
    n = 8;
    SAY(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &n));
    say("%u, same %d", n, memcmp(got, only_y, sizeof only_y) == 0);
}

CASE(SO_LOCK_FILTER)
{
    int fd = udp();

    say_opt("open", fd, SOL_SOCKET, SO_LOCK_FILTER);
    SAY(attach(fd, only_y, 4));
    SAY(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1));
    say_opt("locked", fd, SOL_SOCKET, SO_LOCK_FILTER);
    SAY(attach(fd, only_y, 4));
    SAY(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 0));
    SAY(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1));
}

CASE(a_peer_without_a_port)
{
    int four = socket(AF_INET, SOCK_RAW, 200), six = socket(AF_INET6, SOCK_RAW, 200);
    struct sockaddr_in a = in4(LO, 0), b = in4(LO, 77);
    struct sockaddr_in6 c = in6("::1", 0);

    say_peer("peer", four);
    SAY(connect(four, ADDR(a)));
    say_peer("peer", four);
    SAY(connect(four, ADDR(b)));
    say_peer("peer", four);
    SAY(connect(six, ADDR(c)));
    say_peer("peer", six);
}

#define RSVP 46

CASE(IP_ROUTER_ALERT)
{
    int fd = raw(RSVP), other = raw(RSVP), any = raw(IPPROTO_RAW), short_one = 1;

    say_opt("new", fd, IPPROTO_IP, IP_ROUTER_ALERT);
    SAY(set_int(fd, IPPROTO_IP, IP_ROUTER_ALERT, 0));
    SAY(set_int(fd, IPPROTO_IP, IP_ROUTER_ALERT, 1));
    SAY(set_int(fd, IPPROTO_IP, IP_ROUTER_ALERT, 1));
    SAY(set_int(other, IPPROTO_IP, IP_ROUTER_ALERT, 5));
    say_opt("set", fd, IPPROTO_IP, IP_ROUTER_ALERT);
    SAY(set_int(fd, IPPROTO_IP, IP_ROUTER_ALERT, 0));
    SAY(set_int(fd, IPPROTO_IP, IP_ROUTER_ALERT, 0));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ROUTER_ALERT, &short_one, 1));
    SAY(setsockopt(other, IPPROTO_IP, IP_ROUTER_ALERT, &short_one, 0));
    SAY(set_int(any, IPPROTO_IP, IP_ROUTER_ALERT, 1));
    SAY(set_int(udp(), IPPROTO_IP, IP_ROUTER_ALERT, 1));
    SAY(set_int(tcp(), IPPROTO_IP, IP_ROUTER_ALERT, 1));
    SAY(set_int(raw6(RSVP), IPPROTO_IP, IP_ROUTER_ALERT, 1));
    say_opt("of a datagram socket", udp(), IPPROTO_IP, IP_ROUTER_ALERT);
    say_opt("of a stream", tcp(), IPPROTO_IP, IP_ROUTER_ALERT);
    SAY(setsockopt(raw(RSVP), IPPROTO_IP, IP_HDRINCL, &short_one, 3));
}

CASE(IPV6_ROUTER_ALERT)
{
    int fd = raw6(IPPROTO_RAW), other = raw6(IPPROTO_RAW), one = 1;

    say_opt("new", fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT);
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, -1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 2));
    SAY(set_int(other, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    say_opt("set", fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT);
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, -1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 0x10007));
    say_opt("far", fd, IPPROTO_IPV6, IPV6_ROUTER_ALERT);
    say_opt("of a datagram socket", socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, IPV6_ROUTER_ALERT);
    SAY(setsockopt(other, IPPROTO_IPV6, IPV6_ROUTER_ALERT, &one, 1));
    SAY(setsockopt(other, IPPROTO_IPV6, IPV6_ROUTER_ALERT, &one, 0));
    SAY(set_int(raw6(RSVP), IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    SAY(set_int(raw(RSVP), IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    SAY(set_int(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
    SAY(set_int(socket(AF_INET6, SOCK_STREAM, 0), IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1));
}

/* What stands behind the length that UDP says of itself is none of it (RFC 768), nor in its sum. */
CASE(bytes_beyond_the_length_of_udp_of_six)
{
    enum { SAID = 13, SENT = 20 };
    struct sockaddr_in6 to = in6("::1", 0), at = in6("::1", 7001);
    uint8_t datagram[SENT] = {7002 >> 8, 7002 & 0xff, 7001 >> 8, 7001 & 0xff, 0, SAID, 0, 0, 'h', 'e', 'l', 'l', 'o'};
    int hears = socket(AF_INET6, SOCK_DGRAM, 0), fd = raw6(IPPROTO_UDP);
    uint32_t sum = 2 + SAID + IPPROTO_UDP; /* of the pseudo-header: each address is ::1 */
    char b[64] = "";

    SAY(bind(hears, ADDR(at)));
    memset(datagram + SAID, 0xee, SENT - SAID);
    for (int i = 0; i <= SAID; i += 2)
        sum += (uint32_t)datagram[i] << 8 | (i + 1 < SAID ? datagram[i + 1] : 0);
    sum = ~((sum >> 16) + (sum & 0xffff));
    datagram[6] = (uint8_t)(sum >> 8);
    datagram[7] = (uint8_t)sum;
    SAY(sendto(fd, datagram, SENT, 0, ADDR(to)));
    when_readable(hears);
    say_bytes("came", recv(hears, b, sizeof b, MSG_DONTWAIT), b);
    datagram[5] = SENT + 1; /* and one that says more than there is */
    SAY(sendto(fd, datagram, SENT, 0, ADDR(to)));
    soon(10);
    say_bytes("came", recv(hears, b, sizeof b, MSG_DONTWAIT), b);
}
