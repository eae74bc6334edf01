/* SPDX-License-Identifier: MIT */
/* UNP chapters 14.6 and 22, RFC 3542: ancillary data, both ways, and the queue of errors. */
#define CHAPTER "ancillary"
#include "case.h"

#include <linux/errqueue.h>

#define SIX "::1"

static int udp6(unsigned port)
{
    struct sockaddr_in6 a = in6("::", port);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    if (bind(fd, ADDR(a)) < 0)
        say("bind: %s", strerrorname_np(errno));
    return fd;
}

/* ---- what came in, told ---- */

static void say_ip(const char *what, int family, const void *ip)
{
    char text[INET6_ADDRSTRLEN];

    say("  %s %s", what, inet_ntop(family, ip, text, sizeof text));
}

static void say_hex(const uint8_t *p, size_t n)
{
    char text[3 * 64 + 1] = "";

    for (size_t i = 0; i < n && i < 64; i++)
        snprintf(text + 3 * i, 4, " %02x", p[i]);
    say("  is%s", text);
}

static void say_error(const struct cmsghdr *h)
{
    struct sock_extended_err e;
    struct sockaddr_storage offender = {0};

    if (h->cmsg_len < CMSG_LEN(sizeof e)) {
        say_hex(CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
        return;
    }
    memcpy(&e, CMSG_DATA(h), sizeof e);
    memcpy(&offender, CMSG_DATA(h) + sizeof e, h->cmsg_len - CMSG_LEN(sizeof e));
    say("  %s origin %u type %u code %u info %u", strerrorname_np((int)e.ee_errno), e.ee_origin, e.ee_type, e.ee_code,
        e.ee_info);
    if (offender.ss_family)
        say_addr("  offender", 0, &offender, (socklen_t)(h->cmsg_len - CMSG_LEN(sizeof e)));
}

static void say_item(const struct cmsghdr *h)
{
    const void *data = CMSG_DATA(h);
    struct in_pktinfo four;
    struct in6_pktinfo six;
    int v = 0;

    say("  level %d type %d, %u bytes", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len);
    if (h->cmsg_level == SOL_SOCKET)
        return;
    if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
        memcpy(&four, data, sizeof four);
        say("  interface %d", four.ipi_ifindex);
        say_ip("to", AF_INET, &four.ipi_addr);
        say_ip("local", AF_INET, &four.ipi_spec_dst);
    } else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO) {
        memcpy(&six, data, sizeof six);
        say("  interface %u", six.ipi6_ifindex);
        say_ip("to", AF_INET6, &six.ipi6_addr);
    } else if (h->cmsg_level == IPPROTO_IPV6 &&
               (h->cmsg_type == IPV6_HOPOPTS || h->cmsg_type == IPV6_DSTOPTS || h->cmsg_type == IPV6_RTHDR)) {
        say_hex(data, h->cmsg_len - CMSG_LEN(0));
    } else if (h->cmsg_level == IPPROTO_IP && (h->cmsg_type == IP_RECVOPTS || h->cmsg_type == IP_RETOPTS)) {
        say_hex(data, h->cmsg_len - CMSG_LEN(0));
    } else if (h->cmsg_type == (h->cmsg_level == IPPROTO_IP ? IP_RECVERR : IPV6_RECVERR)) {
        say_error(h);
    } else if (h->cmsg_type == (h->cmsg_level == IPPROTO_IP ? IP_ORIGDSTADDR : IPV6_ORIGDSTADDR)) {
        say_addr("  original", 0, data, (socklen_t)(h->cmsg_len - CMSG_LEN(0)));
    } else {
        memcpy(&v, data, h->cmsg_len - CMSG_LEN(0) < sizeof v ? h->cmsg_len - CMSG_LEN(0) : sizeof v);
        say("  value %d", v);
    }
}

static void receive_into(int fd, int flags, size_t room)
{
    char b[64], control[256];
    struct sockaddr_storage from = {0};
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &v, .msg_iovlen = 1,
                       .msg_control = control, .msg_controllen = room};
    ssize_t n;

    if (!(flags & MSG_ERRQUEUE))
        when_readable(fd);
    n = recvmsg(fd, &m, flags | MSG_DONTWAIT);
    say_bytes("recvmsg", n, b);
    if (n < 0)
        return;
    say_addr("from", 0, &from, m.msg_namelen);
    say("flags %x, %u bytes of control", (unsigned)m.msg_flags, (unsigned)m.msg_controllen);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        say_item(h);
}

static void receive(int fd) { receive_into(fd, 0, 256); }

/* ---- what is sent ---- */

/* One message with one item of control data. */
static ssize_t send_with(int fd, const struct sockaddr *to, socklen_t n_to, int level, int type, const void *data,
                         size_t n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(64)] = {0};
    struct iovec v = {"hello", 5};
    struct msghdr m = {.msg_name = (void *)(uintptr_t)to, .msg_namelen = n_to, .msg_iov = &v, .msg_iovlen = 1,
                       .msg_control = control, .msg_controllen = CMSG_SPACE(n)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);

    *h = (struct cmsghdr){.cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(h), data, n);
    return sendmsg(fd, &m, 0);
}

static ssize_t send_int(int fd, const struct sockaddr *to, socklen_t n_to, int level, int type, int v)
{
    return send_with(fd, to, n_to, level, type, &v, sizeof v);
}

/* ---- IPv4 ---- */

CASE(where_it_came_in)
{
    struct sockaddr_in a = in4("127.0.0.5", 7001);
    struct sockaddr_in any = in4("0.0.0.0", 7001);
    int s = udp(), c = udp_at(7002);

    bind(s, ADDR(any));
    SAY(set_int(s, IPPROTO_IP, IP_PKTINFO, 1));
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
    SAY(set_int(s, IPPROTO_IP, IP_PKTINFO, 0));
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
}

CASE(ttl_and_tos)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(s, IPPROTO_IP, IP_RECVTOS, 1);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
    set_int(c, IPPROTO_IP, IP_TTL, 7);
    set_int(c, IPPROTO_IP, IP_TOS, 0x28);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
}

CASE(everything_at_once)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
    set_int(s, IPPROTO_IP, IP_RECVTOS, 1);
    set_int(s, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(s, IPPROTO_IP, IP_PKTINFO, 1);
    set_int(s, SOL_SOCKET, SO_TIMESTAMP, 1);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
}

CASE(ttl_of_one_datagram)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);
    uint8_t byte = 0x10;

    set_int(s, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(s, IPPROTO_IP, IP_RECVTOS, 1);
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 9));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TOS, 0x20));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_TOS, &byte, 1));
    receive(s);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
    SAY(connect(c, ADDR(a)));
    SAY(send_int(c, NULL, 0, IPPROTO_IP, IP_TTL, 9));
    receive(s);
}

CASE(control_out_of_range)
{
    struct sockaddr_in a = in4(LO, 7001);
    int c = udp();

    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 0));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 256));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TOS, -1));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TOS, 256));
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_TTL, "\1", 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_PKTINFO, 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, 999, 1));
    SAY(send_int(c, ADDR(a), SOL_SOCKET, 999, 1));
    SAY(send_int(c, ADDR(a), 999, 1, 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, 999));
}

CASE(source_of_one_datagram)
{
    struct sockaddr_in a = in4(LO, 7001);
    struct in_pktinfo info = {0};
    int s = udp_at(7001), c = udp();

    inet_pton(AF_INET, "127.0.0.9", &info.ipi_spec_dst);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_PKTINFO, &info, sizeof info));
    receive(s);
    info.ipi_ifindex = 1;
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_PKTINFO, &info, sizeof info));
    receive(s);
    info.ipi_ifindex = 77;
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_PKTINFO, &info, sizeof info));
    info.ipi_ifindex = 0;
    inet_pton(AF_INET, "192.0.2.1", &info.ipi_spec_dst);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_PKTINFO, &info, sizeof info));
}

/* Sends with each of these options and says what of them came. */
static void send_options(int s, int c, const uint8_t *options, socklen_t n)
{
    struct sockaddr_in a = in4(LO, 7001);

    SAY(setsockopt(c, IPPROTO_IP, IP_OPTIONS, options, n));
    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    receive(s);
}

static const uint8_t record_route[] = {7, 15, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t record_no_more[] = {7, 7, 4, 0, 0, 0, 0};
static const uint8_t alert_and_record[] = {148, 4, 0, 0, 1, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0};

CASE(options_that_came)
{
    int s = udp_at(7001), c = udp_at(7002);

    SAY(set_int(s, IPPROTO_IP, IP_RECVOPTS, 1));
    send_options(s, c, NULL, 0);
    send_options(s, c, record_route, sizeof record_route);
    send_options(s, c, record_no_more, sizeof record_no_more);
    send_options(s, c, alert_and_record, sizeof alert_and_record);
    SAY(set_int(s, IPPROTO_IP, IP_RETOPTS, 1));
    SAY(set_int(s, IPPROTO_IP, IP_RECVTOS, 1));
    SAY(set_int(s, IPPROTO_IP, IP_RECVORIGDSTADDR, 1));
    send_options(s, c, record_route, sizeof record_route);
    SAY(set_int(s, IPPROTO_IP, IP_RECVOPTS, 0));
    send_options(s, c, record_route, sizeof record_route);
}

CASE(options_of_an_answer)
{
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RETOPTS, 1);
    send_options(s, c, record_route, sizeof record_route);
    send_options(s, c, alert_and_record, sizeof alert_and_record);
    send_options(s, c, record_no_more, sizeof record_no_more);
    send_options(s, c, alert_and_record, 4);
}

CASE(options_of_one_datagram)
{
    static const uint8_t bad[] = {7, 9, 4, 0};
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RECVOPTS, 1);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_RETOPTS, record_route, sizeof record_route));
    receive(s);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
    SAY(setsockopt(c, IPPROTO_IP, IP_OPTIONS, record_no_more, sizeof record_no_more));
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_RETOPTS, alert_and_record, 4));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_RETOPTS, "", 0));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_RETOPTS, bad, sizeof bad));
    SAY(send_with(c, ADDR(a), IPPROTO_IP, IP_RECVOPTS, record_route, sizeof record_route));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 9));
    receive(s);
}

CASE(options_of_a_short_datagram_in_a_queue)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RECVOPTS, 1);
    setsockopt(c, IPPROTO_IP, IP_OPTIONS, record_route, sizeof record_route);
    for (int i = 0; i < 3; i++)
        SAY(sendto(c, "hello", (size_t)i, 0, ADDR(a)));
    receive(s);
    receive_into(s, MSG_PEEK, 256);
    receive_into(s, 0, 24);
    receive(s);
}

CASE(lengths_that_lie)
{
    struct sockaddr_in a = in4(LO, 7001);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(4)] = {0};
    struct iovec v = {"hello", 5};
    struct msghdr m = {.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *h = (struct cmsghdr *)control;
    int c = udp();

    *h = (struct cmsghdr){.cmsg_len = 3, .cmsg_level = IPPROTO_IP, .cmsg_type = IP_TTL};
    m.msg_controllen = sizeof control;
    SAY(sendmsg(c, &m, 0));
    h->cmsg_len = 4096;
    SAY(sendmsg(c, &m, 0));
    m.msg_controllen = 5;
    SAY(sendmsg(c, &m, 0));
    m.msg_controllen = 0;
    SAY(sendmsg(c, &m, 0));
}

CASE(too_little_room)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(s, IPPROTO_IP, IP_RECVTOS, 1);
    for (size_t room = 0; room <= 60; room += 12) {
        sendto(c, "hello", 5, 0, ADDR(a));
        say("room of %u", (unsigned)room);
        receive_into(s, 0, room);
    }
}

CASE(cut_with_control)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);
    char long_one[100] = "long";

    set_int(s, IPPROTO_IP, IP_RECVTTL, 1);
    sendto(c, long_one, sizeof long_one, 0, ADDR(a));
    receive_into(s, MSG_PEEK, 256);
    receive_into(s, MSG_TRUNC, 256);
}

CASE(timestamps)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    SAY(set_int(s, SOL_SOCKET, SO_TIMESTAMPNS, 1));
    say_opt("SO_TIMESTAMPNS", s, SOL_SOCKET, SO_TIMESTAMPNS);
    say_opt("SO_TIMESTAMP", s, SOL_SOCKET, SO_TIMESTAMP);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
    SAY(set_int(s, SOL_SOCKET, SO_TIMESTAMP, 1));
    say_opt("SO_TIMESTAMPNS", s, SOL_SOCKET, SO_TIMESTAMPNS);
    say_opt("SO_TIMESTAMP", s, SOL_SOCKET, SO_TIMESTAMP);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
    SAY(set_int(s, SOL_SOCKET, SO_TIMESTAMP, 0));
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
}

/* Each in turn, on and off; after each what all of them say, and with which of them a datagram comes. */
CASE(timestamps_by_the_new_names)
{
    static const struct {
        int option, value;
    } turns[] = {{SO_TIMESTAMP_NEW, 5}, {SO_TIMESTAMPNS_NEW, 1}, {SO_TIMESTAMP, 1}, {SO_TIMESTAMPNS_NEW, 1},
                 {SO_TIMESTAMPNS_NEW, 0}, {SO_TIMESTAMPNS, 1}, {SO_TIMESTAMPING_NEW, 0x18}, {SO_TIMESTAMP, 0},
                 {SO_TIMESTAMPING, 0x18}, {SO_TIMESTAMP_NEW, 1}, {SO_TIMESTAMPING, 0}, {SO_TIMESTAMPING_NEW, 0x20000000}};
    static const struct {
        const char *name;
        int option;
    } all[] = {{"TIMESTAMP", SO_TIMESTAMP}, {"TIMESTAMPNS", SO_TIMESTAMPNS}, {"TIMESTAMPING", SO_TIMESTAMPING},
               {"TIMESTAMP_NEW", SO_TIMESTAMP_NEW}, {"TIMESTAMPNS_NEW", SO_TIMESTAMPNS_NEW},
               {"TIMESTAMPING_NEW", SO_TIMESTAMPING_NEW}};
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp_at(7001), c = udp_at(7002);

    set_int(s, SOL_SOCKET, SO_TIMESTAMP, 1);
    soon(60); /* from when on the kernel stamps what comes */
    for (unsigned i = 0; i < sizeof turns / sizeof *turns; i++) {
        SAY(set_int(s, SOL_SOCKET, turns[i].option, turns[i].value));
        for (unsigned k = 0; k < sizeof all / sizeof *all; k++)
            say_opt(all[k].name, s, SOL_SOCKET, all[k].option);
        sendto(c, "hello", 5, 0, ADDR(a));
        receive(s);
    }
}

CASE(timestamp_is_of_the_arrival)
{
    int p[2];
    char b[8];
    _Alignas(struct cmsghdr) char control[64];
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct timespec now, then;
    double ms;

    udp_pair(p);
    set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 1);
    soon(10);
    send(p[0], "x", 1, 0);
    soon(60);
    SAY(recvmsg(p[1], &m, 0));
    memcpy(&then, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof then);
    clock_gettime(CLOCK_REALTIME, &now);
    ms = (double)(now.tv_sec - then.tv_sec) * 1e3 + (double)(now.tv_nsec - then.tv_nsec) / 1e6;
    say("%s", ms >= 50 && ms < 2000 ? "when it came" : "some other time");
}

CASE(streams_have_none)
{
    int p[2];
    char b[8], control[64];
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    tcp_pair(p);
    SAY(set_int(p[1], IPPROTO_IP, IP_PKTINFO, 1));
    SAY(set_int(p[1], IPPROTO_IP, IP_RECVTTL, 1));
    SAY(send_int(p[0], NULL, 0, IPPROTO_IP, IP_TTL, 999));
    SAY(send_int(p[0], NULL, 0, SOL_SOCKET, 999, 1));
    when_readable(p[1]);
    SAY(recvmsg(p[1], &m, 0));
    say("flags %x, %u bytes of control", (unsigned)m.msg_flags, (unsigned)m.msg_controllen);
}

CASE(what_is_left_of_a_stream)
{
    int p[2], c, l;
    struct sockaddr_in a = in4(LO, 7011);

    tcp_pair(p);
    SAY(set_int(p[1], IPPROTO_TCP, TCP_INQ, 1));
    SAY(send(p[0], "hello, world, and whoever else listens to us: how are you? That long may this be, and no longer.",
             96, 0));
    when_readable(p[1]);
    receive(p[1]);
    receive_into(p[1], MSG_PEEK, 256);
    receive(p[1]);
    shutdown(p[0], SHUT_WR);
    receive(p[1]);
    l = tcp_listener(7011);
    SAY(set_int(l, IPPROTO_TCP, TCP_INQ, 1));
    c = tcp();
    SAY(connect(c, ADDR(a)));
    say_opt("accepted", accept(l, NULL, NULL), IPPROTO_TCP, TCP_INQ);
}

/* ---- IPv6 ---- */

CASE(six_where_it_came_in) /* R3542-1 */
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1));
    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1));
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
}

CASE(six_of_one_datagram) /* R3542-1 */
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    set_int(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    set_int(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, 3));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, -1));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_TCLASS, 0x44));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_DONTFRAG, 1));
    receive(s);
}

CASE(six_usual_class_of_one_datagram)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    set_int(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    set_int(c, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_TCLASS, -1));
    receive(s);
}

CASE(six_out_of_range)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int c = udp6(7002);

    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, 256));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, -2));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_TCLASS, 256));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_TCLASS, -2));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_DONTFRAG, 2));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, "\1", 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_PKTINFO, 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, 999, 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 999));
}

CASE(six_source_of_one_datagram)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    struct in6_pktinfo info = {.ipi6_ifindex = 1};
    int s = udp6(7001), c = udp6(7002);

    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    receive(s);
    inet_pton(AF_INET6, SIX, &info.ipi6_addr);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    receive(s);
    info.ipi6_ifindex = 77;
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    info.ipi6_ifindex = 0;
    inet_pton(AF_INET6, "2001:db8::1", &info.ipi6_addr);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
}

/* Padding alone; an option that whoever does not know it skips. (Eight bytes of padding are dropped.) */
static const uint8_t padding[8] = {0, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t unknown[16] = {0, 1, 0x1e, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void tell_headers(int fd)
{
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_RECVRTHDR, 1));
}

CASE(six_headers_of_one_datagram)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    tell_headers(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof padding));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_DSTOPTS, unknown, sizeof unknown));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, padding, sizeof padding));
    receive(s);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 0));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_DSTOPTS, unknown, sizeof unknown));
    receive(s);
}

CASE(six_headers_of_one_datagram_that_are_wrong)
{
    static const uint8_t route[24] = {0, 2, 0, 1};
    struct sockaddr_in6 a = in6(SIX, 7001);
    int c = udp6(7002);

    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPOPTS, unknown, 8));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPOPTS, unknown, 1));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_DSTOPTS, unknown, 8));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_DSTOPTS, unknown, 0));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, unknown, 8));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_RTHDR, route, sizeof route));
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_RTHDR, route, 2));
}

static void say_sticky(int fd, int option, socklen_t room)
{
    uint8_t b[64];
    socklen_t n = room;

    SAY(getsockopt(fd, IPPROTO_IPV6, option, b, &n));
    say_hex(b, n);
}

CASE(six_sticky_headers)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    tell_headers(s);
    say_sticky(c, IPV6_HOPOPTS, 64);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof padding));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_DSTOPTS, unknown, sizeof unknown));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, padding, sizeof padding));
    say_sticky(c, IPV6_HOPOPTS, 64);
    say_sticky(c, IPV6_DSTOPTS, 64);
    say_sticky(c, IPV6_DSTOPTS, 5);
    say_sticky(c, IPV6_RTHDRDSTOPTS, 64);
    say_sticky(c, IPV6_RTHDR, 64);
    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPOPTS, unknown, sizeof unknown));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, 3));
    receive(s);
    SAY(connect(c, ADDR(a)));
    SAY(send(c, "hello", 5, 0));
    receive_into(s, MSG_PEEK, 40);
    receive(s);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0));
    say_sticky(c, IPV6_HOPOPTS, 64);
    SAY(send(c, "hello", 5, 0));
    receive(s);
}

CASE(six_sticky_headers_that_are_wrong)
{
    static const uint8_t route[24] = {0, 2, 0, 1};
    static uint8_t longest[2048] = {0, 255};
    int c = udp6(7002);

    for (socklen_t n = 1; n <= 16; n += 5)
        SAY(setsockopt(c, IPPROTO_IPV6, IPV6_DSTOPTS, unknown, n));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, unknown, 8));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, longest, sizeof longest));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, longest, 2040));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_RTHDR, route, sizeof route));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_RTHDR, NULL, 0));
    say_sticky(c, IPV6_RTHDR, 64);
}

/* Larger than the packet's own room, and than what the link carries in one. */
CASE(six_long_headers)
{
    static uint8_t hop[200] = {0, 24, 1, 0}, big[64]; /* more padding in a row than weft takes would be dropped */
    static char message[60000] = "long";
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    for (size_t at = 2; at < sizeof hop; at += 198)
        memcpy(hop + at, (uint8_t[]){0x1e, 196}, 2);
    tell_headers(s);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof hop));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_DSTOPTS, hop, sizeof hop));
    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    receive(s);
    SAY(set_int(c, IPPROTO_IPV6, IPV6_MTU, 1280));
    SAY(sendto(c, message, sizeof message, 0, ADDR(a)));
    when_readable(s);
    SAY(recv(s, big, sizeof big, MSG_TRUNC));
    SAY(sendto(c, message, 3000, 0, ADDR(a)));
    receive(s);
    SAY(set_int(c, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
    SAY(sendto(c, message, 1000, 0, ADDR(a)));
}

CASE(six_length_of_a_fragment)
{
    static char message[2000] = "long";
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    SAY(set_int(c, IPPROTO_IPV6, IPV6_MTU, 1280));
    SAY(sendto(c, message, sizeof message, 0, ADDR(a)));
    receive(s);
    SAY(set_int(c, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
    SAY(sendto(c, message, sizeof message, 0, ADDR(a)));
    SAY(sendto(c, message, 1232, 0, ADDR(a)));
    SAY(sendto(c, message, 1233, 0, ADDR(a)));
    SAY(set_int(c, IPPROTO_IPV6, IPV6_MTU, 0));
    SAY(sendto(c, message, sizeof message, 0, ADDR(a)));
}

CASE(six_headers_of_a_raw_socket)
{
    struct sockaddr_in6 a = in6(SIX, 0);
    int s = socket(AF_INET6, SOCK_RAW, 200), c = socket(AF_INET6, SOCK_RAW, 200);

    tell_headers(s);
    SAY(shutdown(c, SHUT_RD));
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_DSTOPTS, unknown, sizeof unknown));
    SAY(sendto(c, "hello", 5, 0, ADDR(a)));
    receive(s);
    SAY(send_with(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof padding));
    receive(s);
}

/* A datagram of IPv4 on a socket of IPv6: what was asked for at either level. */
CASE(mapped)
{
    struct sockaddr_in6 a = in6("::ffff:127.0.0.1", 7001);
    int s = udp6(7001), c = udp6(7002);

    set_int(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_int(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    sendto(c, "hello", 5, 0, ADDR(a));
    receive(s);
    SAY(set_int(s, IPPROTO_IP, IP_RECVTTL, 1));
    SAY(set_int(s, IPPROTO_IP, IP_PKTINFO, 1));
    SAY(send_int(c, ADDR(a), IPPROTO_IP, IP_TTL, 5));
    receive(s);
    SAY(send_int(c, ADDR(a), IPPROTO_IPV6, IPV6_HOPLIMIT, 999));
    receive(s);
}

/* ---- errors ---- */

CASE(errors_of_the_unconnected)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp_at(7001);
    char b;

    SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    SAY(sendto(fd, "hello", 5, 0, ADDR(a)));
    say_ready("poll", 1, ready(fd, POLLIN, 1000));
    receive_into(fd, MSG_ERRQUEUE, 256);
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 0));
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    receive_into(fd, MSG_ERRQUEUE, 256);
    SAY(recv(fd, &b, 1, MSG_DONTWAIT));
}

CASE(error_before_its_report)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp_at(7001);
    char b;

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    sendto(fd, "hello", 5, 0, ADDR(a));
    soon(20);
    SAY(recv(fd, &b, 1, MSG_DONTWAIT));
    SAY(recv(fd, &b, 1, MSG_DONTWAIT));
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 0));
    receive_into(fd, MSG_ERRQUEUE, 256);
    say_ready("poll", 1, ready(fd, POLLIN | POLLOUT, 0));
}

CASE(two_reports)
{
    struct sockaddr_in a = in4(LO, 7009), b = in4(LO, 7010);
    int fd = udp_at(7001);

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    SAY(sendto(fd, "one", 3, 0, ADDR(a)));
    soon(10);
    SAY(sendto(fd, "two", 3, 0, ADDR(b)));
    SAY(sendto(fd, "two", 3, 0, ADDR(b)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 256);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    receive_into(fd, MSG_ERRQUEUE, 256);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
}

CASE(report_of_the_connected)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp_at(7001);

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    SAY(connect(fd, ADDR(a)));
    SAY(send(fd, "hello", 5, 0));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 20);
    SAY(send(fd, "", 0, 0));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 256);
}

CASE(report_of_what_is_too_long)
{
    static char big[65530];
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp_at(7001);

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    SAY(sendto(fd, big, 65510, 0, ADDR(a)));
    say_ready("poll", 1, ready(fd, POLLIN, 0));
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    receive_into(fd, MSG_ERRQUEUE, 256);
}

CASE(six_reports)
{
    struct sockaddr_in6 a = in6(SIX, 7009), mapped = in6("::ffff:127.0.0.1", 7009);
    int fd = udp6(7001);

    SAY(set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1));
    SAY(sendto(fd, "hello", 5, 0, ADDR(a)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 256);
    SAY(sendto(fd, "hello", 5, 0, ADDR(mapped)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 256);
    SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    SAY(sendto(fd, "hello", 5, 0, ADDR(mapped)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 256);
}

CASE(reports_switched_off)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = udp_at(7001);

    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    sendto(fd, "hello", 5, 0, ADDR(a));
    soon(10);
    SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 0));
    receive_into(fd, MSG_ERRQUEUE, 256);
}

CASE(streams_have_no_queue_of_errors)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[0], IPPROTO_IP, IP_RECVERR, 1));
    receive_into(p[0], MSG_ERRQUEUE, 256);
}

/* ---- and how they came ---- */

static void tell_of_four(int fd)
{
    set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
    set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
    set_int(fd, IPPROTO_IP, IP_RECVOPTS, 1);
    set_int(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
}

static void tell_of_six(int fd)
{
    set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
}

CASE(how_reports_came)
{
    struct sockaddr_in a = in4("127.0.0.5", 7009), c = in4("127.0.0.6", 7010);
    int fd = udp_at(7001);

    tell_of_four(fd);
    SAY(sendto(fd, "hello", 5, 0, ADDR(a)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 512);
    SAY(connect(fd, ADDR(c)));
    set_int(fd, IPPROTO_IP, IP_TOS, 0x20);
    SAY(send(fd, "hello", 5, 0));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 512);
}

CASE(six_how_reports_came)
{
    struct sockaddr_in6 a = in6(SIX, 7009), mapped = in6("::ffff:127.0.0.1", 7009);
    int fd = udp6(7001);

    tell_of_six(fd);
    set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
    SAY(sendto(fd, "hello", 5, 0, ADDR(a)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 512);
    tell_of_four(fd);
    SAY(sendto(fd, "hello", 5, 0, ADDR(a)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 512);
    SAY(sendto(fd, "hello", 5, 0, ADDR(mapped)));
    soon(10);
    receive_into(fd, MSG_ERRQUEUE, 512);
}

CASE(how_a_report_of_our_own_came)
{
    static char big[65530];
    struct sockaddr_in a = in4(LO, 7009);
    struct sockaddr_in6 b = in6(SIX, 7009);
    int fd = udp_at(7001), six = udp6(7002);

    tell_of_four(fd);
    SAY(set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
    SAY(sendto(fd, big, 65510, 0, ADDR(a)));
    receive_into(fd, MSG_ERRQUEUE, 512);
    tell_of_six(six);
    SAY(set_int(six, IPPROTO_IPV6, IPV6_MTU, 1280));
    SAY(set_int(six, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
    SAY(sendto(six, big, 1300, 0, ADDR(b)));
    receive_into(six, MSG_ERRQUEUE, 512);
}
