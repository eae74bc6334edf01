/* SPDX-License-Identifier: MIT */
/* UNP chapters 7, 14 and 22, and what Linux has besides: options whose effect is more than a number. */
#define CHAPTER "further"
#include "case.h"

#include <netinet/udp.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */
#include <linux/filter.h>
#include <linux/net_tstamp.h>

/* Receives, and says what came with it. */
static void receive(const char *what, int fd, int flags)
{
    char bytes[64] = "", control[256];
    struct iovec iov = {bytes, sizeof bytes};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    long n = recvmsg(fd, &msg, flags);

    say_bytes(what, n, bytes);
    if (n < 0)
        return;
    say("flags %x", (unsigned)msg.msg_flags);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h))
        say("level %d type %d, %u bytes", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len);
}

/* ---- datagrams that grow ---- */

CASE(a_datagram_grows_with_MSG_MORE)
{
    int p[2];

    udp_pair(p);
    SAY(send(p[0], "abc", 3, MSG_MORE));
    SAY(recv(p[1], (char[8]){0}, 8, MSG_DONTWAIT));
    SAY(send(p[0], "", 0, MSG_MORE));
    SAY(send(p[0], "de", 2, 0));
    receive("whole", p[1], 0);
    SAY(send(p[0], "f", 1, 0));
    receive("next", p[1], 0);
}

CASE(a_datagram_grows_while_corked)
{
    struct sockaddr_in a = in4(LO, 7002), b = in4(LO, 7003);
    int from = udp(), to = udp_at(7002), other = udp_at(7003);

    SAY(set_int(from, IPPROTO_UDP, UDP_CORK, 1));
    SAY(send(from, "a", 1, 0));
    SAY(sendto(from, "abc", 3, 0, ADDR(a)));
    SAY(send(from, "-", 1, 0));
    SAY(sendto(from, "de", 2, 0, ADDR(b)));
    SAY(recv(to, (char[8]){0}, 8, MSG_DONTWAIT));
    SAY(set_int(from, IPPROTO_UDP, UDP_CORK, 0));
    receive("whole", to, 0);
    SAY(recv(other, (char[8]){0}, 8, MSG_DONTWAIT));
    SAY(set_int(from, IPPROTO_UDP, UDP_CORK, 0));
    SAY(recv(to, (char[8]){0}, 8, MSG_DONTWAIT));
}

CASE(a_datagram_grows_too_long)
{
    static char big[40000];
    int p[2];

    udp_pair(p);
    SAY(send(p[0], big, sizeof big, MSG_MORE));
    SAY(send(p[0], big, sizeof big, MSG_MORE));
    SAY(send(p[0], "abc", 3, 0));
    receive("what is left", p[1], 0);
}

CASE(a_datagram_that_grew_and_was_closed)
{
    int p[2];

    udp_pair(p);
    SAY(send(p[0], "abc", 3, MSG_MORE));
    close(p[0]);
    soon(20);
    SAY(recv(p[1], (char[8]){0}, 8, MSG_DONTWAIT));
}

CASE(a_datagram_of_six_grows)
{
    struct sockaddr_in6 a = in6("::1", 7002);
    int from = socket(AF_INET6, SOCK_DGRAM, 0), to = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(bind(to, ADDR(a)));
    SAY(sendto(from, "abc", 3, MSG_MORE, ADDR(a)));
    SAY(send(from, "de", 2, 0));
    receive("whole", to, 0);
}

CASE(growing_needs_a_destination)
{
    struct sockaddr_in nobody = in4("10.9.9.9", 7), zero = in4(LO, 0);
    int fd = udp();

    SAY(send(fd, "abc", 3, MSG_MORE));
    SAY(sendto(fd, "abc", 3, MSG_MORE, ADDR(nobody)));
    SAY(sendto(fd, "abc", 3, MSG_MORE, ADDR(zero)));
}

/* ---- text that is held back ---- */

CASE(promised_text_waits_while_other_text_comes)
{
    char bytes[8];
    int p[2];

    tcp_pair(p);
    SAY(send(p[1], "abc", 3, MSG_MORE));
    for (int i = 0; i < 2; i++) {
        SAY(send(p[0], "x", 1, 0));
        SAY(recv(p[1], bytes, sizeof bytes, 0));
        soon(20);
        SAY(recv(p[0], bytes, sizeof bytes, MSG_DONTWAIT));
    }
    SAY(send(p[1], "d", 1, 0));
    SAY(recv(p[0], bytes, sizeof bytes, 0));
}

/* ---- peeking further on ---- */

CASE(peeking_goes_on)
{
    int p[2], off;
    socklen_t n = sizeof off;

    tcp_pair(p);
    write(p[0], "abcdefghij", 10);
    when_readable(p[1]);
    soon(20);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 2));
    for (int i = 0; i < 2; i++) {
        char b[3] = "";

        say_bytes("peek", recv(p[1], b, sizeof b, MSG_PEEK), b);
        getsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &off, &n);
        say("offset %d", off);
    }
    for (int i = 0; i < 3; i++) {
        char b[4] = "";

        say_bytes("read", recv(p[1], b, sizeof b, 0), b);
        getsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &off, &n);
        say("offset %d", off);
    }
    write(p[0], "klm", 3);
    when_readable(p[1]);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 5));
    SAY(recv(p[1], (char[8]){0}, 8, MSG_PEEK | MSG_DONTWAIT));
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, -1));
    SAY(recv(p[1], (char[8]){0}, 8, MSG_PEEK | MSG_DONTWAIT));
}

CASE(peeking_waits_for_what_is_further_on)
{
    char b[8] = "";
    int p[2];

    tcp_pair(p);
    write(p[0], "ab", 2);
    when_readable(p[1]);
    SAY(set_int(p[1], SOL_SOCKET, SO_PEEK_OFF, 2));
    SAY(set_timeout(p[1], SO_RCVTIMEO, 50));
    SAY(recv(p[1], b, sizeof b, MSG_PEEK));
    write(p[0], "cd", 2);
    say_bytes("peek", recv(p[1], b, sizeof b, MSG_PEEK), b);
    shutdown(p[0], SHUT_WR);
    SAY(recv(p[1], b, sizeof b, MSG_PEEK));
}

/* ---- sends without copies ---- */

static void say_done(const char *what, int fd)
{
    char control[256];
    struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof control};
    long n = recvmsg(fd, &msg, MSG_ERRQUEUE);

    say_result(what, n);
    for (struct cmsghdr *h = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        struct sock_extended_err ee;

        memcpy(&ee, CMSG_DATA(h), sizeof ee);
        say("flags %x level %d type %d, %u bytes: error %u origin %u code %u from %u to %u", (unsigned)msg.msg_flags,
            h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len, ee.ee_errno, ee.ee_origin, ee.ee_code, ee.ee_info,
            ee.ee_data);
    }
}

static void zerocopy(int from, int to)
{
    char b[8];

    SAY(send(from, "a", 1, MSG_ZEROCOPY));
    SAY(recv(to, b, sizeof b, 0));
    say_done("not asked for", from);
    SAY(set_int(from, SOL_SOCKET, SO_ZEROCOPY, 1));
    SAY(send(from, "b", 1, 0));
    SAY(recv(to, b, sizeof b, 0));
    say_done("an ordinary one", from);
    SAY(send(from, "c", 1, MSG_ZEROCOPY));
    SAY(recv(to, b, sizeof b, 0));
    say("ready %x", (unsigned)(ready(from, 0, 2000) & POLLERR));
    say_done("the first", from);
    say("ready %x", (unsigned)(ready(from, 0, 0) & POLLERR));
    for (int i = 0; i < 3; i++) {
        SAY(send(from, "d", 1, MSG_ZEROCOPY));
        SAY(recv(to, b, sizeof b, 0));
        ready(from, 0, 2000);
        soon(20);
    }
    say_done("three more", from);
    say_done("no more", from);
}

CASE(sends_without_copies_of_a_stream)
{
    int p[2];

    tcp_pair(p);
    zerocopy(p[0], p[1]);
}

CASE(sends_without_copies_of_datagrams)
{
    int p[2];

    udp_pair(p);
    zerocopy(p[0], p[1]);
}

/* ---- stamps ---- */

/* Is there a stamp of this kind, and is it of now? */
static void say_stamp(const char *what, int fd, int type)
{
    char bytes[64], control[256];
    struct iovec iov = {bytes, sizeof bytes};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct timespec now, at[3] = {{0}};
    long n = recvmsg(fd, &msg, 0);

    clock_gettime(CLOCK_REALTIME, &now);
    say_result(what, n);
    for (struct cmsghdr *h = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        memcpy(at, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
        say("level %d type %d, %u bytes, %s", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len,
            h->cmsg_type != type ? "another kind" : now.tv_sec - at[0].tv_sec > 5 ? "long ago" : "of now");
        if (h->cmsg_type == SCM_TIMESTAMPING)
            say("by hardware %ld %ld", (long)at[1].tv_sec, (long)at[2].tv_sec);
    }
}

CASE(stamps_by_software)
{
    int p[2];

    udp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    soon(20);
    send(p[0], "abc", 3, 0);
    say_stamp("both", p[1], SCM_TIMESTAMPING);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 1));
    send(p[0], "abc", 3, 0);
    say_stamp("and the older one", p[1], SCM_TIMESTAMPNS);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 0));
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE));
    send(p[0], "abc", 3, 0);
    say_stamp("made but not told", p[1], SCM_TIMESTAMPING);
}

CASE(stamps_of_a_stream)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMP, 1));
    soon(20);
    write(p[0], "abc", 3);
    say_stamp("microseconds", p[1], SCM_TIMESTAMP);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 1));
    write(p[0], "abc", 3);
    say_stamp("nanoseconds", p[1], SCM_TIMESTAMPNS);
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 0));
    SAY(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    soon(20);
    write(p[0], "abc", 3);
    say_stamp("both", p[1], SCM_TIMESTAMPING);
    shutdown(p[0], SHUT_WR);
    say_stamp("the end", p[1], SCM_TIMESTAMPING);
}

/* ---- what a path carries ---- */

CASE(what_the_path_to_a_peer_carries)
{
    struct sockaddr_in6 a = in6("::1", 7002);
    struct ip6_mtuinfo info = {0};
    socklen_t n = sizeof info, little = 4;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), four = udp();

    SAY(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n));
    SAY(connect(fd, ADDR(a)));
    SAY(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &little));
    SAY(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n));
    say("%d, %u bytes, family %d", info.ip6m_mtu >= 65535, (unsigned)n, info.ip6m_addr.sin6_family);
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_PATHMTU, 1));
    SAY(getsockopt(four, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n));
}

CASE(a_path_that_is_too_small_is_told) /* R3542-1 */
{
    static char big[65500];
    struct sockaddr_in6 a = in6("::1", 7002);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    char control[256], byte;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    bind(socket(AF_INET6, SOCK_DGRAM, 0), ADDR(a));
    SAY(connect(fd, ADDR(a)));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1));
    SAY(send(fd, big, sizeof big, 0));
    SAY(set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
    SAY(send(fd, big, sizeof big, 0));
    say("ready %x", (unsigned)ready(fd, POLLIN, 0));
    SAY(recvmsg(fd, &msg, MSG_DONTWAIT));
    say("flags %x", (unsigned)msg.msg_flags);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
        struct ip6_mtuinfo info;

        memcpy(&info, CMSG_DATA(h), sizeof info);
        say("level %d type %d, %u bytes, port %d, %d", h->cmsg_level, h->cmsg_type, (unsigned)h->cmsg_len,
            info.ip6m_addr.sin6_port, info.ip6m_mtu >= 65535);
    }
    msg.msg_controllen = sizeof control;
    SAY(recvmsg(fd, &msg, MSG_DONTWAIT));
}

/* ---- datagrams that found no room ---- */

CASE(datagrams_that_were_lost)
{
    static char big[3000];
    int p[2];

    udp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_RXQ_OVFL, 1));
    SAY(set_int(p[1], SOL_SOCKET, SO_RCVBUF, 5000));
    send(p[0], "abc", 3, 0);
    receive("nothing is lost", p[1], 0);
    for (int i = 0; i < 20; i++)
        send(p[0], big, sizeof big, 0);
    while (recv(p[1], big, sizeof big, MSG_DONTWAIT) > 0)
        ;
    send(p[0], "abc", 3, 0);
    receive("some were", p[1], 0);
}

/* ---- what Linux has and weft has not: differences.tsv says why ---- */

CASE(filters_of_a_stream)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
    struct sock_fprog program = {1, &all};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    SAY(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    SAY(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0));
    SAY(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0));
}

CASE(six_headers_of_a_stream)
{
    static const int options[] = {IPV6_HOPOPTS, IPV6_DSTOPTS, IPV6_RTHDRDSTOPTS};
    static const char header[8] = {0, 0, 1, 4};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    for (unsigned i = 0; i < sizeof options / sizeof *options; i++)
        SAY(setsockopt(fd, IPPROTO_IPV6, options[i], header, sizeof header));
}
