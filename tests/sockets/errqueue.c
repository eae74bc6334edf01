/* SPDX-License-Identifier: MIT */
/*
 * The error queue: when what was sent went and when it arrived, what may be reused, what routers said of a connection.
 * Of streams and of datagrams, by either family.
 */
#define CHAPTER "errqueue"
#include "case.h"

#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */
#include <linux/filter.h>
#include <linux/net_tstamp.h>

#define OPT_ID_TCP 0x10000 /* which not every libc has */
#define ALL_OUT (SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK)
#define TOLD (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY)

static void say_message(const struct cmsghdr *h)
{
    struct sock_extended_err ee;
    struct timespec now, at[3];

    say("level %d type %d, %u bytes", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len);
    if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPING) {
        clock_gettime(CLOCK_REALTIME, &now);
        memcpy(at, CMSG_DATA(h), sizeof at);
        say("of now %d, by hardware %ld", now.tv_sec - at[0].tv_sec <= 5, (long)at[2].tv_sec);
    } else if (h->cmsg_level != SOL_SOCKET) {
        memcpy(&ee, CMSG_DATA(h), sizeof ee);
        say("error %u origin %u type %u code %u info %u data %u", ee.ee_errno, ee.ee_origin, ee.ee_type, ee.ee_code,
            ee.ee_info, ee.ee_data);
    }
}

/* The next report. */
static void say_report(const char *what, int fd)
{
    char control[512], b[256];
    struct sockaddr_storage from = {0};
    struct iovec iov = {b, sizeof b};
    struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
                         .msg_control = control, .msg_controllen = sizeof control};
    long n = recvmsg(fd, &msg, MSG_ERRQUEUE);

    say_result(what, n);
    if (n < 0)
        return;
    say("flags %x, name of %u bytes", (unsigned)msg.msg_flags, (unsigned)msg.msg_namelen);
    if (msg.msg_namelen)
        say_addr("to", 0, &from, msg.msg_namelen);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h))
        say_message(h);
}

/* All that there are, once the first has come. */
static void say_reports(int fd)
{
    say("ready %x", (unsigned)(ready(fd, 0, 2000) & POLLERR));
    soon(30);
    while (ready(fd, 0, 0) & POLLERR)
        say_report("report", fd);
    say_report("no more", fd);
}

static void six_pair(int p[2])
{
    struct sockaddr_in6 at = in6("::1", 7001);
    int server = socket(AF_INET6, SOCK_STREAM, 0);

    p[0] = socket(AF_INET6, SOCK_STREAM, 0);
    bind(server, ADDR(at));
    listen(server, 1);
    connect(p[0], ADDR(at));
    p[1] = accept(server, NULL, NULL);
    close(server);
}

static int stamp(int fd, int flags) { return set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, flags); }

/* ---- stamps of text ---- */

static void each_kind(int from, int to, unsigned n)
{
    static const int kinds[] = {SOF_TIMESTAMPING_TX_SCHED, SOF_TIMESTAMPING_TX_SOFTWARE, SOF_TIMESTAMPING_TX_ACK};
    char b[16];

    for (unsigned i = 0; i < n; i++) {
        SAY(stamp(from, TOLD | SOF_TIMESTAMPING_OPT_ID | kinds[i]));
        SAY(send(from, "abc", 3, 0));
        SAY(recv(to, b, sizeof b, 0));
        say_reports(from);
    }
    SAY(stamp(from, 0));
    SAY(send(from, "abc", 3, 0));
    SAY(recv(to, b, sizeof b, 0));
    soon(20);
    say_report("none", from);
}

CASE(each_kind_of_stamp_of_text)
{
    int p[2];

    tcp_pair(p);
    each_kind(p[0], p[1], 3);
}

CASE(each_kind_of_stamp_of_text_of_six)
{
    int p[2];

    six_pair(p);
    each_kind(p[0], p[1], 3);
}

CASE(each_kind_of_stamp_of_datagrams)
{
    int p[2];

    udp_pair(p);
    each_kind(p[0], p[1], 2);
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_TX_ACK));
    SAY(send(p[0], "abc", 3, 0));
    soon(20);
    say_report("nobody acknowledges it", p[0]);
}

CASE(all_kinds_of_stamps_at_once)
{
    int p[2];

    tcp_pair(p);
    SAY(stamp(p[0], TOLD | ALL_OUT));
    SAY(send(p[0], "abc", 3, 0));
    say_reports(p[0]);
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_OPT_ID | ALL_OUT));
    SAY(send(p[0], "", 0, 0));
    SAY(send(p[0], "defg", 4, 0));
    say_reports(p[0]);
}

CASE(numbers_of_text)
{
    char b[64];
    int p[2];

    tcp_pair(p);
    SAY(send(p[0], "0123456789", 10, 0));
    SAY(recv(p[1], b, sizeof b, 0));
    soon(60);
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_TX_ACK));
    SAY(send(p[0], "abc", 3, 0));
    say_reports(p[0]);
    SAY(stamp(p[0], 0));
    SAY(send(p[0], "abc", 3, 0));
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_OPT_ID | OPT_ID_TCP | SOF_TIMESTAMPING_TX_ACK));
    SAY(send(p[0], "de", 2, 0));
    say_reports(p[0]);
    SAY(send(p[0], "f", 1, 0));
    say_reports(p[0]);
}

CASE(text_that_is_not_acknowledged_has_no_stamp)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &nothing};
    int p[2];

    tcp_pair(p);
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_TX_ACK));
    SAY(setsockopt(p[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    SAY(send(p[0], "abc", 3, 0));
    soon(60);
    say_report("not yet", p[0]);
    SAY(set_int(p[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
    say_reports(p[0]);
}

CASE(stamps_wake_who_polls)
{
    int p[2];

    tcp_pair(p);
    SAY(stamp(p[0], TOLD | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_TX_ACK));
    SAY(send(p[0], "abc", 3, 0));
    say("ready %x", (unsigned)(ready(p[0], POLLIN, 2000) & (POLLERR | POLLIN)));
    say_report("the stamp", p[0]);
    say("ready %x", (unsigned)(ready(p[0], POLLIN, 0) & (POLLERR | POLLIN)));
}

CASE(stamps_with_the_packet)
{
    char control[512];
    struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof control};
    int p[2];

    tcp_pair(p);
    SAY(stamp(p[0], SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_ACK));
    SAY(send(p[0], "abc", 3, 0));
    ready(p[0], 0, 2000);
    SAY(recvmsg(p[0], &msg, MSG_ERRQUEUE));
    say("flags %x", (unsigned)msg.msg_flags);
}

/* ---- stamps of one send ---- */

static long send_stamped(int fd, unsigned stamps, size_t n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(8)] = {0};
    struct iovec v = {"hello", 5};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);

    *h = (struct cmsghdr){.cmsg_len = CMSG_LEN(n), .cmsg_level = SOL_SOCKET, .cmsg_type = SO_TIMESTAMPING};
    memcpy(CMSG_DATA(h), &stamps, sizeof stamps);
    return sendmsg(fd, &m, 0);
}

static void stamps_of_one(int fd)
{
    SAY(stamp(fd, TOLD | SOF_TIMESTAMPING_OPT_ID));
    SAY(send(fd, "a", 1, 0));
    soon(20);
    say_report("an ordinary one", fd);
    SAY(send_stamped(fd, SOF_TIMESTAMPING_TX_SOFTWARE, 4));
    say_reports(fd);
    SAY(send_stamped(fd, SOF_TIMESTAMPING_TX_SCHED, 4));
    say_reports(fd);
    SAY(send_stamped(fd, 0, 4));
    soon(20);
    say_report("none", fd);
    SAY(send_stamped(fd, SOF_TIMESTAMPING_RX_SOFTWARE, 4));
    SAY(send_stamped(fd, SOF_TIMESTAMPING_OPT_ID, 4));
    SAY(send_stamped(fd, SOF_TIMESTAMPING_TX_SOFTWARE, 8));
}

CASE(stamps_of_one_write)
{
    int p[2];

    tcp_pair(p);
    stamps_of_one(p[0]);
}

CASE(stamps_of_one_datagram)
{
    int p[2];

    udp_pair(p);
    stamps_of_one(p[0]);
}

/* ---- which flags there may be, and when ---- */

static void say_flags(int fd)
{
    int v[2] = {-1, -1};
    socklen_t n = sizeof v;

    getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, v, &n);
    say("%x, %u bytes", (unsigned)v[0], (unsigned)n);
}

static void flags_of(int fd)
{
    for (int bit = 0; bit < 18; bit++) {
        if (1 << bit == SOF_TIMESTAMPING_OPT_STATS)
            continue;
        say("bit %d", bit);
        SAY(stamp(fd, 1 << bit));
        say_flags(fd);
    }
    SAY(stamp(fd, OPT_ID_TCP));
    SAY(stamp(fd, SOF_TIMESTAMPING_OPT_STATS));
    SAY(stamp(fd, 1 << 24));
    SAY(stamp(fd, -1));
}

CASE(flags_of_stamps_of_a_datagram_socket)
{
    flags_of(udp());
}

CASE(flags_of_stamps_of_a_connection)
{
    int p[2];

    tcp_pair(p);
    flags_of(p[0]);
}

CASE(numbers_need_a_connection)
{
    int fd = tcp(), server = tcp_listener(7001);

    SAY(stamp(fd, SOF_TIMESTAMPING_OPT_ID));
    SAY(stamp(server, SOF_TIMESTAMPING_OPT_ID));
    SAY(stamp(fd, SOF_TIMESTAMPING_TX_ACK));
    SAY(stamp(server, SOF_TIMESTAMPING_TX_ACK));
}

CASE(stamps_go_to_who_is_accepted)
{
    struct sockaddr_in to = in4(LO, 7001);
    int server = tcp_listener(7001), fd = tcp(), got;

    SAY(stamp(server, TOLD | SOF_TIMESTAMPING_TX_ACK));
    connect(fd, ADDR(to));
    got = accept(server, NULL, NULL);
    say_flags(got);
    SAY(send(got, "a", 1, 0));
    say_reports(got);
}

/* ---- MSG_ZEROCOPY ---- */

CASE(reuse_waits_for_the_acknowledgment)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &nothing};
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_ZEROCOPY, 1));
    SAY(setsockopt(p[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    SAY(send(p[0], "abc", 3, MSG_ZEROCOPY));
    soon(60);
    say_report("not yet", p[0]);
    SAY(set_int(p[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
    say_reports(p[0]);
}

CASE(reuse_when_the_connection_is_reset)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_ZEROCOPY, 1));
    SAY(send(p[0], "abc", 3, MSG_ZEROCOPY));
    reset_by(p[1]);
    ready(p[0], POLLIN, 2000);
    soon(20);
    say_report("done", p[0]);
}

CASE(reuse_is_for_who_asked)
{
    struct sockaddr_in to = in4(LO, 7001);
    int server = tcp_listener(7001), fd = tcp(), got, on = -1;
    socklen_t n = sizeof on;

    SAY(set_int(server, SOL_SOCKET, SO_ZEROCOPY, 1));
    connect(fd, ADDR(to));
    got = accept(server, NULL, NULL);
    SAY(getsockopt(got, SOL_SOCKET, SO_ZEROCOPY, &on, &n));
    say("%d", on);
    SAY(send(fd, "a", 1, MSG_ZEROCOPY));
    soon(20);
    say_report("not asked for", fd);
}

/* ---- what routers say of a connection (tcp_v4_err) ---- */

static uint16_t sum_of(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* Tells the sender of a packet, which it has heard, that it found no way. */
static void complain(const uint8_t *packet, int type, int code)
{
    uint8_t message[8 + 20 + 8] = {(uint8_t)type, (uint8_t)code};
    struct sockaddr_in to = in4(LO, 0);
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    uint16_t sum;

    memcpy(message + 8, packet, 28);
    sum = sum_of(message, sizeof message);
    memcpy(message + 2, &sum, sizeof sum);
    SAY(sendto(fd, message, sizeof message, 0, ADDR(to)));
    close(fd);
}

/* A listener that hears nothing, and somebody who hears what it would. */
static int deaf(void)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &nothing};
    int server = tcp_listener(7001), ear = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);

    SAY(setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    return ear;
}

static void refused_on_the_way(int asks, int type, int code)
{
    struct sockaddr_in to = in4(LO, 7001);
    int ear = deaf(), fd = tcp();
    uint8_t packet[128];

    if (asks)
        SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    nonblocking(fd);
    SAY(connect(fd, ADDR(to)));
    recv(ear, packet, sizeof packet, 0);
    complain(packet, type, code);
    say("ready %x", (unsigned)ready(fd, POLLOUT, 2000));
    say_report("report", fd);
    say("ready %x", (unsigned)ready(fd, POLLOUT, 0));
    say_opt("error", fd, SOL_SOCKET, SO_ERROR);
    say_report("no more", fd);
    SAY(connect(fd, ADDR(to)));
}

CASE(a_connect_that_a_router_ends) { refused_on_the_way(1, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH); }
CASE(a_connect_that_is_refused_by_the_way) { refused_on_the_way(1, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH); }
CASE(a_connect_whose_time_is_exceeded) { refused_on_the_way(1, ICMP_TIME_EXCEEDED, 0); }
CASE(a_connect_that_a_router_ends_unasked) { refused_on_the_way(0, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH); }

/* A connection goes on; who asked hears of it at once. */
static void told_of_a_connection(int asks)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &nothing};
    int ear = socket(AF_INET, SOCK_RAW, IPPROTO_TCP), p[2];
    uint8_t packet[128];

    tcp_pair(p);
    if (asks)
        SAY(set_int(p[0], IPPROTO_IP, IP_RECVERR, 1));
    SAY(setsockopt(p[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    SAY(send(p[0], "abc", 3, 0));
    do
        recv(ear, packet, sizeof packet, 0);
    while (!(packet[33] & 0x08)); /* PSH: the text */
    complain(packet, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH);
    soon(20);
    say_report("none", p[0]);
    say("ready %x", (unsigned)(ready(p[0], 0, 0) & POLLERR));
    say_opt("error", p[0], SOL_SOCKET, SO_ERROR);
    SAY(set_int(p[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(recv(p[1], packet, sizeof packet, 0));
}

CASE(a_connection_is_told_of_the_way) { told_of_a_connection(1); }
CASE(a_connection_that_did_not_ask) { told_of_a_connection(0); }

/* ---- filters of streams ---- */

static int attach(int fd, unsigned keep)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, keep);
    struct sock_fprog program = {1, &all};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

CASE(a_filter_that_cuts_text)
{
    char b[16] = "";
    int p[2];

    tcp_pair(p);
    SAY(attach(p[1], 34)); /* a header of 32 bytes, and two of text */
    SAY(send(p[0], "abcdef", 6, 0));
    say_bytes("the first", recv(p[1], b, 2, 0), b);
    say_bytes("the second", recv(p[1], b, 2, 0), b);
    SAY(set_int(p[1], SOL_SOCKET, SO_DETACH_FILTER, 0));
    say_bytes("the third", recv(p[1], b, 2, 0), b);
}

CASE(a_filter_goes_to_who_is_accepted)
{
    struct sockaddr_in to = in4(LO, 7001);
    struct sock_filter got[4];
    int server = tcp_listener(7001), fd = tcp(), peer;
    socklen_t n = 4;

    SAY(attach(server, 0xffff));
    SAY(set_int(server, SOL_SOCKET, SO_LOCK_FILTER, 1));
    SAY(connect(fd, ADDR(to)));
    peer = accept(server, NULL, NULL);
    SAY(getsockopt(peer, SOL_SOCKET, SO_ATTACH_FILTER, got, &n));
    say("%u instructions, the first %x %x", (unsigned)n, got[0].code, got[0].k);
    SAY(attach(peer, 0xffff));
    SAY(set_int(peer, SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(send(fd, "abc", 3, 0));
    SAY(recv(peer, got, sizeof got, 0));
}

/* ---- extension headers of IPv6 on segments ---- */

static const uint8_t option[8] = {0, 0, 0x1e, 4}; /* one of RFC 4727, which nobody knows and everybody skips */

static void say_header(int fd, int which)
{
    uint8_t header[16] = {0};
    socklen_t n = sizeof header;
    int r = getsockopt(fd, IPPROTO_IPV6, which, header, &n);

    if (r < 0)
        say("%s", strerrorname_np(errno));
    else
        say("%u bytes: %x %x", (unsigned)n, header[2], header[3]);
}

static int segment_size(int fd)
{
    int v = -1;
    socklen_t n = sizeof v;

    getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &v, &n);
    return v;
}

/* Those before a routing header, which there is none of, go nowhere. */
CASE(headers_on_segments)
{
    static const int kinds[] = {IPV6_HOPOPTS, IPV6_DSTOPTS};
    struct ifreq r = {.ifr_name = "lo", .ifr_mtu = 1500};
    char b[16];
    int p[2], before;

    SAY(ioctl(tcp(), SIOCSIFMTU, &r));
    six_pair(p);
    before = segment_size(p[0]);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        say_header(p[0], kinds[i]);
        SAY(setsockopt(p[0], IPPROTO_IPV6, kinds[i], option, sizeof option));
        say_header(p[0], kinds[i]);
        SAY(send(p[0], "abc", 3, 0));
        SAY(recv(p[1], b, sizeof b, 0));
        say("smaller by %d", before - segment_size(p[0]));
    }
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        SAY(setsockopt(p[0], IPPROTO_IPV6, kinds[i], NULL, 0));
        say_header(p[0], kinds[i]);
    }
    SAY(send(p[0], "abc", 3, 0));
    SAY(recv(p[1], b, sizeof b, 0));
    SAY(setsockopt(p[0], IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, option, sizeof option));
    say_header(p[0], IPV6_RTHDRDSTOPTS);
}

CASE(headers_that_are_none)
{
    static const uint8_t too_long[8] = {0, 1};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, option, 4));
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, too_long, sizeof too_long));
    say_header(fd, IPV6_DSTOPTS);
}

/* A raw socket cannot see headers of IPv6; who asked for them on a datagram socket does. Text must survive them. */
CASE(much_text_behind_headers)
{
    static char text[300000], got[300000];
    struct sockaddr_in6 at = in6("::1", 7001);
    int server = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0), peer;
    size_t sent = 0, had = 0;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + i / 251);
    SAY(setsockopt(server, IPPROTO_IPV6, IPV6_DSTOPTS, option, sizeof option));
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, option, sizeof option));
    bind(server, ADDR(at));
    listen(server, 1);
    SAY(connect(fd, ADDR(at)));
    peer = accept(server, NULL, NULL);
    say_header(peer, IPV6_DSTOPTS);
    nonblocking(fd);
    while (had < sizeof got) {
        ssize_t n = sent < sizeof text ? send(fd, text + sent, sizeof text - sent, 0) : 0;

        sent += n > 0 ? (size_t)n : 0;
        n = recv(peer, got + had, sizeof got - had, 0);
        if (n <= 0)
            break;
        had += (size_t)n;
    }
    say("%zu bytes, the same: %d", had, memcmp(text, got, sizeof text) == 0);
}

/* ---- what stands behind the quote of an error (RFC 4884) ---- */

enum { RFC4884 = 26, RFC4884_SIX = 31 }; /* IP_RECVERR_RFC4884 and its like, which not every libc names */

/* A refusal of a datagram to port 7002, which quotes `quoted` bytes of it and has an extension structure behind. */
static void refuse(int fd, unsigned quoted, unsigned words, int version, unsigned object, int spoil)
{
    uint8_t message[8 + 256 + 12] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 0, 0, (uint8_t)words};
    uint8_t *ip = message + 8, *udp = ip + 20, *structure = ip + quoted;
    struct sockaddr_in to = in4(LO, 0), own;
    socklen_t n = sizeof own;
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    uint32_t here = htonl(INADDR_LOOPBACK);
    uint16_t sum, port = htons(7002);

    getsockname(fd, (struct sockaddr *)&own, &n);
    ip[0] = 0x45;
    ip[3] = (uint8_t)quoted;
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    memcpy(ip + 12, &here, 4);
    memcpy(ip + 16, &here, 4);
    memcpy(udp, &own.sin_port, 2);
    memcpy(udp + 2, &port, 2);
    udp[5] = (uint8_t)(quoted - 20);
    structure[0] = (uint8_t)(version << 4);
    structure[5] = (uint8_t)object;
    structure[6] = structure[7] = 1;
    sum = sum_of(structure, 12);
    memcpy(structure + 2, &sum, 2);
    structure[2] ^= (uint8_t)spoil;
    sum = sum_of(message, 8 + quoted + 12);
    memcpy(message + 2, &sum, 2);
    SAY(sendto(raw, message, 8 + quoted + 12, 0, ADDR(to)));
    close(raw);
}

CASE(what_an_error_says_besides)
{
    struct sockaddr_in to = in4(LO, 7002);
    int fd = udp(), there = udp_at(7002);

    SAY(connect(fd, ADDR(to)));
    SAY(send(fd, "abc", 3, 0));
    SAY(recv(there, (char[8]){0}, 8, 0));
    SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    refuse(fd, 128, 32, 2, 8, 0);
    say_report("not asked for", fd);
    SAY(set_int(fd, IPPROTO_IP, RFC4884, 1));
    refuse(fd, 128, 32, 2, 8, 0);
    say_report("sound", fd);
    refuse(fd, 128, 32, 2, 8, 0x55);
    say_report("with another sum", fd);
    refuse(fd, 128, 32, 2, 20, 0);
    say_report("with an object that is too long", fd);
    refuse(fd, 128, 32, 1, 20, 0);
    say_report("of another version", fd);
    refuse(fd, 128, 0, 2, 8, 0);
    say_report("without a length", fd);
    refuse(fd, 128, 31, 2, 8, 0);
    say_report("too short", fd);
    refuse(fd, 128, 64, 2, 8, 0);
    say_report("too long", fd);
}

CASE(who_may_ask_for_that)
{
    int fds[] = {udp(), tcp(), socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), socket(AF_INET6, SOCK_DGRAM, 0)};

    for (unsigned i = 0; i < 4; i++) {
        for (int v = -1; v <= 2; v++)
            SAY(set_int(fds[i], IPPROTO_IP, RFC4884, v));
        say_opt("four", fds[i], IPPROTO_IP, RFC4884);
        for (int v = -1; v <= 2; v++)
            SAY(set_int(fds[i], IPPROTO_IPV6, RFC4884_SIX, v));
        say_opt("six", fds[i], IPPROTO_IPV6, RFC4884_SIX);
    }
}

/* ---- what a datagram was put together from ---- */

enum { PIECES = 25, PIECES_SIX = 77 }; /* IP_RECVFRAGSIZE, IPV6_RECVFRAGSIZE */

static void say_pieces(int fd)
{
    static char big[8000];
    char control[256];
    struct iovec iov = {big, sizeof big};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int v;

    SAY(recvmsg(fd, &msg, 0));
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        memcpy(&v, CMSG_DATA(h), sizeof v);
        say("level %d type %d, %u bytes: %d", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len, v);
    }
}

CASE(sizes_of_fragments)
{
    static char big[4000];
    struct sockaddr_in at = in4(LO, 7002);
    struct sockaddr_in6 at6 = in6("::1", 7003);
    struct ifreq r = {.ifr_name = "lo", .ifr_mtu = 1500};
    int from = udp(), to = udp_at(7002), from6 = socket(AF_INET6, SOCK_DGRAM, 0), to6 = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(ioctl(from, SIOCSIFMTU, &r));
    SAY(set_int(from, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT));
    bind(to6, ADDR(at6));
    SAY(set_int(to, IPPROTO_IP, PIECES, 1));
    say_opt("four", to, IPPROTO_IP, PIECES);
    SAY(set_int(to6, IPPROTO_IPV6, PIECES_SIX, 1));
    say_opt("six", to6, IPPROTO_IPV6, PIECES_SIX);
    for (unsigned n = 100; n < sizeof big; n = 10 * n + 900) {
        SAY(sendto(from, big, n, 0, ADDR(at)));
        say_pieces(to);
        SAY(sendto(from6, big, n, 0, ADDR(at6)));
        say_pieces(to6);
    }
    SAY(set_int(to, IPPROTO_IP, PIECES, 0));
    SAY(sendto(from, big, 2000, 0, ADDR(at)));
    say_pieces(to);
    SAY(set_int(tcp(), IPPROTO_IP, PIECES, 1));
}

/* ---- IPV6_PKTINFO that sticks ---- */

CASE(an_interface_that_sticks)
{
    struct sockaddr_in6 at = in6("::1", 7002);
    struct in6_pktinfo info = {.ipi6_ifindex = 1};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), to = socket(AF_INET6, SOCK_DGRAM, 0);
    int stream = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t n = sizeof info;

    bind(to, ADDR(at));
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, 0));
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, 19));
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    SAY(getsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, &n));
    SAY(sendto(fd, "a", 1, 0, ADDR(at)));
    SAY(recv(to, (char[4]){0}, 4, 0));
    info.ipi6_ifindex = 77;
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    SAY(sendto(fd, "a", 1, 0, ADDR(at)));
    info.ipi6_ifindex = 0;
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    SAY(sendto(fd, "a", 1, 0, ADDR(at)));
    info.ipi6_ifindex = 1;
    SAY(setsockopt(stream, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    SAY(getsockopt(stream, IPPROTO_IPV6, IPV6_PKTINFO, &info, &n));
    SAY(setsockopt(udp(), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    info.ipi6_ifindex = 2;
    SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
}
