/* SPDX-License-Identifier: MIT */
/*
 * RFC 2292, which Linux keeps beside RFC 3542: its names for what is told and sent with a datagram, and control messages
 * as the value of an option, IP_PKTOPTIONS and IPV6_2292PKTOPTIONS.
 */
#define CHAPTER "pktoptions"
#include "case.h"

#define SIX "::1"
#define MESSAGES 256 /* bytes of control messages */

static const int names[] = {IPV6_2292PKTINFO, IPV6_2292HOPLIMIT, IPV6_2292HOPOPTS, IPV6_2292DSTOPTS, IPV6_2292RTHDR};
#define N_NAMES (sizeof names / sizeof *names)

/* Padding alone; an option that whoever does not know it skips. */
static const uint8_t padding[8] = {0, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t unknown[16] = {0, 1, 0x1e, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static int udp6(unsigned port)
{
    struct sockaddr_in6 a = in6("::", port);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    if (bind(fd, ADDR(a)) < 0)
        say("bind: %s", strerrorname_np(errno));
    return fd;
}

/* ---- control messages ---- */

static void say_item(const struct cmsghdr *h)
{
    const unsigned char *p = CMSG_DATA(h);
    char text[3 * 40 + 1] = "";

    for (size_t i = 0; i < h->cmsg_len - CMSG_LEN(0) && i < 40; i++)
        snprintf(text + 3 * i, 4, " %02x", p[i]);
    say("  level %d type %d:%s", h->cmsg_level, h->cmsg_type, text);
}

static void say_items(void *control, size_t n)
{
    struct msghdr m = {.msg_control = control, .msg_controllen = n};

    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        say_item(h);
}

static void receive_into(int fd, size_t room)
{
    _Alignas(struct cmsghdr) char control[MESSAGES] = {0};
    char b[64];
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};

    when_readable(fd);
    say_bytes("recvmsg", recvmsg(fd, &m, MSG_DONTWAIT), b);
    say("flags %x", (unsigned)m.msg_flags);
    say_items(control, m.msg_controllen);
}

static void receive(int fd) { receive_into(fd, MESSAGES); }

/* Adds a message to those there are; how many bytes they are then. */
static size_t add(char *control, size_t used, int type, const void *data, size_t n)
{
    struct cmsghdr h = {.cmsg_len = CMSG_LEN(n), .cmsg_level = IPPROTO_IPV6, .cmsg_type = type};

    memcpy(control + used, &h, sizeof h);
    memcpy(control + used + CMSG_LEN(0), data, n);
    return used + CMSG_SPACE(n);
}

static ssize_t send_with(int fd, const struct sockaddr *to, socklen_t n_to, int type, const void *data, size_t n)
{
    _Alignas(struct cmsghdr) char control[MESSAGES] = {0};
    struct iovec v = {"hello", 5};
    struct msghdr m = {.msg_name = (void *)(uintptr_t)to, .msg_namelen = n_to, .msg_iov = &v, .msg_iovlen = 1,
                       .msg_control = control, .msg_controllen = add(control, 0, type, data, n)};

    return sendmsg(fd, &m, 0);
}

/* ---- datagrams ---- */

CASE(what_came_by_the_older_names)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    for (size_t i = 0; i < N_NAMES; i++) {
        SAY(set_int(s, IPPROTO_IPV6, names[i], 7));
        say_opt("on", s, IPPROTO_IPV6, names[i]);
        SAY(send_with(c, ADDR(a), IPV6_HOPOPTS, padding, sizeof padding));
        receive(s);
        SAY(send_with(c, ADDR(a), IPV6_DSTOPTS, unknown, sizeof unknown));
        receive(s);
        SAY(set_int(s, IPPROTO_IPV6, names[i], 0));
    }
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
}

/* In what order, with all of the newer ones. */
CASE(what_came_by_all_names)
{
    static const int newer[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_RECVHOPOPTS,
                                IPV6_RECVDSTOPTS, IPV6_RECVORIGDSTADDR};
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002);

    for (size_t i = 0; i < N_NAMES; i++)
        SAY(set_int(s, IPPROTO_IPV6, names[i], 1));
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
        SAY(set_int(s, IPPROTO_IPV6, newer[i], 1));
    SAY(send_with(c, ADDR(a), IPV6_HOPOPTS, padding, sizeof padding));
    receive(s);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive_into(s, 50);
}

CASE(of_IPv4_nothing_by_the_older_names)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = udp6(7001), c = udp();

    for (size_t i = 0; i < N_NAMES; i++)
        SAY(set_int(s, IPPROTO_IPV6, names[i], 1));
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
}

CASE(what_is_sent_by_the_older_names)
{
    struct sockaddr_in6 a = in6(SIX, 7001);
    struct in6_pktinfo info = {.ipi6_ifindex = 1};
    int s = udp6(7001), c = udp6(7002), hops = 9;

    for (size_t i = 0; i < N_NAMES; i++)
        SAY(set_int(s, IPPROTO_IPV6, names[i], 1));
    SAY(send_with(c, ADDR(a), IPV6_2292PKTINFO, &info, sizeof info));
    receive(s);
    SAY(send_with(c, ADDR(a), IPV6_2292HOPLIMIT, &hops, sizeof hops));
    receive(s);
    SAY(send_with(c, ADDR(a), IPV6_2292HOPOPTS, padding, sizeof padding));
    receive(s);
    SAY(send_with(c, ADDR(a), IPV6_2292DSTOPTS, unknown, sizeof unknown));
    receive(s);
    SAY(send_with(c, ADDR(a), IPV6_2292HOPLIMIT, &hops, 2));
    SAY(send_with(c, ADDR(a), IPV6_2292DSTOPTS, unknown, 8));
    SAY(send_with(c, ADDR(a), IPV6_2292PKTOPTIONS, &hops, sizeof hops));
    info.ipi6_ifindex = 77;
    SAY(send_with(c, ADDR(a), IPV6_2292PKTINFO, &info, sizeof info));
}

static void say_sticky(int fd, int option)
{
    unsigned char b[64];
    socklen_t n = sizeof b;
    long r = getsockopt(fd, IPPROTO_IPV6, option, b, &n);

    say("option %d: %ld, %u bytes, %02x", option, r, (unsigned)n, n ? b[n - 1] : 0);
}

CASE(headers_that_stick)
{
    _Alignas(struct cmsghdr) char control[MESSAGES] = {0};
    struct sockaddr_in6 a = in6(SIX, 7001);
    int s = udp6(7001), c = udp6(7002), hops = 256;
    size_t n = add(control, 0, IPV6_HOPOPTS, padding, sizeof padding);

    SAY(set_int(s, IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1));
    SAY(set_int(s, IPPROTO_IPV6, IPV6_2292DSTOPTS, 1));
    n = add(control, n, IPV6_2292DSTOPTS, unknown, sizeof unknown);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, (socklen_t)n));
    say_sticky(c, IPV6_HOPOPTS);
    say_sticky(c, IPV6_DSTOPTS);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
    n = add(control, 0, IPV6_HOPLIMIT, &hops, sizeof hops);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, (socklen_t)n));
    say_sticky(c, IPV6_HOPOPTS);
    n = add(control, 0, IPV6_2292HOPOPTS, padding, sizeof padding);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, (socklen_t)n));
    say_sticky(c, IPV6_HOPOPTS);
    say_sticky(c, IPV6_DSTOPTS);
    SAY(setsockopt(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, NULL, 0));
    say_sticky(c, IPV6_HOPOPTS);
    SAY(sendto(c, "plain", 5, 0, ADDR(a)));
    receive(s);
}

/* An address that is nobody's here is refused though nothing is sent from it. */
CASE(sources_that_are_not_ours)
{
    static const char *const sources[] = {"::", "::1", "2001:db8::1", "fe80::1", "::ffff:127.0.0.1", "ff02::1"};
    int fd = udp6(7001);

    for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++)
        for (unsigned by = 0; by < 3; by++) {
            _Alignas(struct cmsghdr) char control[MESSAGES] = {0};
            struct in6_pktinfo info = {.ipi6_addr = in6(sources[i], 0).sin6_addr, .ipi6_ifindex = by == 2 ? 77 : by};
            size_t n = add(control, 0, IPV6_PKTINFO, &info, sizeof info);

            say("%s by %u", sources[i], info.ipi6_ifindex);
            SAY(setsockopt(fd, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, (socklen_t)n));
        }
}

CASE(options_of_whom_they_are)
{
    static char control[1 << 20];
    int kinds[] = {udp(), udp6(7001), socket(AF_INET6, SOCK_RAW, 200), tcp(), socket(AF_INET6, SOCK_STREAM, 0)};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        socklen_t n = MESSAGES;

        SAY(getsockopt(kinds[i], IPPROTO_IP, IP_PKTOPTIONS, control, &n));
        SAY(setsockopt(kinds[i], IPPROTO_IP, IP_PKTOPTIONS, control, 0));
        n = MESSAGES;
        SAY(getsockopt(kinds[i], IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, &n));
        SAY(setsockopt(kinds[i], IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, 0));
        SAY(setsockopt(kinds[i], IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, sizeof control));
    }
}

/* ---- streams: where their handshake came in ---- */

static void say_options(int fd, int level, int option, socklen_t room)
{
    _Alignas(struct cmsghdr) char control[MESSAGES] = {0};
    socklen_t n = room;

    SAY(getsockopt(fd, level, option, control, &n));
    say("%u bytes", (unsigned)n);
    say_items(control, n);
}

static void ask_four(int fd)
{
    SAY(set_int(fd, IPPROTO_IP, IP_PKTINFO, 1));
    SAY(set_int(fd, IPPROTO_IP, IP_RECVTTL, 1));
    SAY(set_int(fd, IPPROTO_IP, IP_RECVTOS, 1));
}

CASE(where_a_stream_came_in)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp(), other = tcp(), s;

    say_options(l, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
    ask_four(l);
    ask_four(c);
    say_options(c, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
    SAY(set_int(c, IPPROTO_IP, IP_TTL, 33));
    SAY(set_int(c, IPPROTO_IP, IP_TOS, 0x48));
    SAY(connect(other, ADDR(a)));
    SAY((s = accept(l, NULL, NULL)) > 0);
    say_options(s, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
    SAY(connect(c, ADDR(a)));
    SAY((s = accept(l, NULL, NULL)) > 0);
    say_options(s, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
    say_options(s, IPPROTO_IP, IP_PKTOPTIONS, 40);
    say_options(s, IPPROTO_IP, IP_PKTOPTIONS, 0);
    SAY(set_int(s, IPPROTO_IP, IP_PKTINFO, 0));
    say_options(s, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
    say_options(l, IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
}

CASE(who_connects_came_from_nowhere)
{
    int p[2];

    tcp_pair(p);
    ask_four(p[0]);
    say_options(p[0], IPPROTO_IP, IP_PKTOPTIONS, MESSAGES);
}

static void six_came(const int *options, size_t n)
{
    struct sockaddr_in6 all = in6("::", 7000), a = in6(SIX, 7000);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0), s;

    for (size_t i = 0; i < n; i++) {
        SAY(set_int(l, IPPROTO_IPV6, options[i], 1));
        SAY(set_int(c, IPPROTO_IPV6, options[i], 1));
    }
    say_options(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, MESSAGES);
    SAY(set_int(c, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33));
    SAY(set_int(c, IPPROTO_IPV6, IPV6_TCLASS, 0x48));
    SAY(bind(l, ADDR(all)));
    SAY(listen(l, 1));
    SAY(connect(c, ADDR(a)));
    SAY((s = accept(l, NULL, NULL)) > 0);
    say_options(s, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, MESSAGES);
    say_options(s, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, 40);
    say_options(c, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, MESSAGES);
    say_options(l, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, MESSAGES);
}

CASE(where_a_stream_of_six_came_in)
{
    static const int options[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS};

    six_came(options, sizeof options / sizeof *options);
}

CASE(where_a_stream_of_six_came_in_by_the_older_names) { six_came(names, N_NAMES); }
