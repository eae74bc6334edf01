/* SPDX-License-Identifier: MIT */
/* sendmsg and recvmsg with what they are not meant for, messages that are too long, and pipes that break. */
#define CHAPTER "messages"
#include "case.h"

#include <limits.h>
#include <netinet/udp.h>

/* ---- pieces ---- */

static void say_sent(const char *what, int fd, struct iovec *iov, size_t n)
{
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};

    say_result(what, sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static void pieces_that_are_none(int fd)
{
    static char text[] = "abcdef";
    struct iovec iov[3] = {{text, 2}, {text + 2, 0}, {text + 4, 2}}, many[IOV_MAX + 1];

    say_sent("one of them is empty", fd, iov, 3);
    say_sent("none", fd, iov, 0);
    say_sent("none, and nowhere", fd, NULL, 0);
    say_sent("nowhere", fd, NULL, 1);
    iov[1] = (struct iovec){NULL, 0};
    say_sent("an empty one is nowhere", fd, iov, 3);
    iov[1] = (struct iovec){text, (size_t)-1};
    say_sent("a negative length", fd, iov, 3);
    iov[1] = (struct iovec){text, SSIZE_MAX};
    for (int i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){text, 1};
    say_sent("as many as there may be", fd, many, IOV_MAX);
    say_sent("one more", fd, many, IOV_MAX + 1);
    SAY(writev(fd, iov, -1));
    SAY(writev(fd, iov, 0));
    SAY(writev(fd, many, IOV_MAX + 1));
    SAY(readv(fd, iov, -1));
    SAY(readv(fd, iov, 0));
    SAY(readv(fd, many, IOV_MAX + 1));
}

CASE(pieces_of_a_stream)
{
    int p[2];

    tcp_pair(p);
    pieces_that_are_none(p[0]);
    soon(20);
    say_result("received", recv(p[1], (char[4096]){0}, 4096, MSG_DONTWAIT));
}

CASE(pieces_of_datagrams)
{
    int p[2];

    udp_pair(p);
    pieces_that_are_none(p[0]);
    soon(20);
    for (int i = 0; i < 6; i++)
        say_result("received", recv(p[1], (char[4096]){0}, 4096, MSG_DONTWAIT));
}

/* ---- where it goes ---- */

static void say_to(const char *what, int fd, void *name, socklen_t n, int flags)
{
    struct iovec iov = {"abc", 3};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = name, .msg_namelen = n};

    say_result(what, sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT | flags));
}

static void names_of(int fd)
{
    struct sockaddr_in a = in4(LO, 7700), port0 = in4(LO, 0), any = in4("0.0.0.0", 7700);
    char long_one[2 * sizeof(struct sockaddr_storage)] = "";

    memcpy(long_one, &a, sizeof a);
    say_to("no name", fd, NULL, 0, 0);
    say_to("no name, a length", fd, NULL, 16, 0);
    say_to("a name without a length", fd, &a, 0, 0);
    say_to("too short", fd, &a, 8, 0);
    say_to("long", fd, long_one, sizeof(struct sockaddr_storage), 0);
    say_to("longer than any", fd, long_one, sizeof(struct sockaddr_storage) + 1, 0);
#ifndef __SANITIZE_ADDRESS__ /* which looks at so many bytes before the call does */
    say_to("negative", fd, &a, (socklen_t)-1, 0);
#endif
    say_to("port 0", fd, &port0, sizeof port0, 0);
    say_to("anywhere", fd, &any, sizeof any, 0);
    say_to("as it should be", fd, &a, sizeof a, 0);
}

CASE(names_for_a_new_stream) { names_of(tcp()); }
CASE(names_for_a_stream)
{
    int p[2];

    tcp_pair(p);
    names_of(p[0]);
}
CASE(names_for_datagrams) { names_of(udp()); }
CASE(names_for_connected_datagrams)
{
    int p[2];

    udp_pair(p);
    names_of(p[0]);
}

/* ---- what comes with it ---- */

static void say_with(const char *what, int fd, int level, int type, const void *data, size_t n, size_t said)
{
    struct sockaddr_in a = in4(LO, 7701);
    char control[256] = "";
    struct cmsghdr *c = (struct cmsghdr *)control;
    struct iovec iov = {"abc", 3};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_name = &a,
                         .msg_namelen = sizeof a};

    *c = (struct cmsghdr){.cmsg_len = said ? said : CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, n);
    msg.msg_controllen = CMSG_SPACE(n);
    say_result(what, sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static void control_of(int fd)
{
    int one = 1, big = 256, zero = 0;
    char byte = 4;

    say_with("TTL", fd, IPPROTO_IP, IP_TTL, &one, sizeof one, 0);
    say_with("TTL 0", fd, IPPROTO_IP, IP_TTL, &zero, sizeof zero, 0);
    say_with("TTL 256", fd, IPPROTO_IP, IP_TTL, &big, sizeof big, 0);
    say_with("TTL of a byte", fd, IPPROTO_IP, IP_TTL, &byte, 1, 0);
    say_with("TOS", fd, IPPROTO_IP, IP_TOS, &one, sizeof one, 0);
    say_with("TOS of a byte", fd, IPPROTO_IP, IP_TOS, &byte, 1, 0);
    say_with("TOS 256", fd, IPPROTO_IP, IP_TOS, &big, sizeof big, 0);
    say_with("an unknown type", fd, IPPROTO_IP, 77, &one, sizeof one, 0);
    say_with("another protocol's", fd, IPPROTO_IPV6, IPV6_HOPLIMIT, &one, sizeof one, 0);
    say_with("an unknown level", fd, 99, 1, &one, sizeof one, 0);
    say_with("an unknown type of SOL_SOCKET", fd, SOL_SOCKET, 99, &one, sizeof one, 0);
    say_with("rights", fd, SOL_SOCKET, SCM_RIGHTS, &one, sizeof one, 0);
    say_with("credentials", fd, SOL_SOCKET, SCM_CREDENTIALS, &one, sizeof one, 0);
    say_with("mark", fd, SOL_SOCKET, SO_MARK, &one, sizeof one, 0);
    say_with("priority", fd, SOL_SOCKET, SO_PRIORITY, &one, sizeof one, 0);
    say_with("mark of a byte", fd, SOL_SOCKET, SO_MARK, &byte, 1, 0);
    say_with("segments", fd, IPPROTO_UDP, UDP_SEGMENT, &(unsigned short){1}, 2, 0);
    say_with("segments of an int", fd, IPPROTO_UDP, UDP_SEGMENT, &one, sizeof one, 0);
    say_with("too long", fd, IPPROTO_IP, IP_TTL, &one, sizeof one, 4096);
    say_with("too short", fd, IPPROTO_IP, IP_TTL, &one, sizeof one, 4);
}

CASE(control_for_datagrams) { control_of(udp()); }
CASE(control_for_a_stream)
{
    int p[2];

    tcp_pair(p);
    control_of(p[0]);
}

CASE(control_for_a_stream_that_is_new) { control_of(tcp()); }

CASE(control_without_room)
{
    struct iovec iov = {"abc", 3};
    struct sockaddr_in a = in4(LO, 7701);
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &a, .msg_namelen = sizeof a};
    char bytes[64] = "";
    int fd = udp();

    msg.msg_controllen = 64;
    SAY(sendmsg(fd, &msg, 0));
    msg.msg_control = bytes;
    msg.msg_controllen = 4;
    SAY(sendmsg(fd, &msg, 0));
    msg.msg_controllen = 0;
    SAY(sendmsg(fd, &msg, 0));
}

/* ---- what is received ---- */

static void say_received(const char *what, int fd, size_t room, socklen_t name_room, size_t control_room, int flags)
{
    char bytes[64] = "", control[256] = "";
    struct sockaddr_storage from = {0};
    struct iovec iov = {bytes, room};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = name_room,
                         .msg_control = control_room ? control : NULL, .msg_controllen = control_room,
                         .msg_flags = 0x7777};
    long r = recvmsg(fd, &msg, flags | MSG_DONTWAIT);

    if (r < 0)
        say("%s: %s", what, strerrorname_np(errno));
    else
        say("%s: %ld, flags %x, name of %u, control of %zu", what, r, (unsigned)msg.msg_flags, msg.msg_namelen,
            msg.msg_controllen);
}

static void receive_all(int from, int to)
{
    for (int i = 0; i < 14; i++)
        send(from, "abcdef", 6, 0);
    soon(20);
    set_int(to, IPPROTO_IP, IP_RECVTTL, 1);
    set_int(to, IPPROTO_IP, IP_PKTINFO, 1);
    say_received("all of it", to, 6, 128, 256, 0);
    say_received("less room", to, 3, 128, 256, 0);
    say_received("less room, and how long it is", to, 3, 128, 256, MSG_TRUNC);
    say_received("no room", to, 0, 128, 256, 0);
    say_received("a short name", to, 6, 4, 256, 0);
    say_received("no name", to, 6, 0, 256, 0);
    say_received("a negative name", to, 6, (socklen_t)-1, 256, 0);
    say_received("no control", to, 6, 128, 0, 0);
    say_received("little control", to, 6, 128, 20, 0);
    say_received("less control than a header", to, 6, 128, 8, 0);
    say_received("peeked", to, 3, 128, 256, MSG_PEEK);
    say_received("peeked, and how long it is", to, 3, 128, 256, MSG_PEEK | MSG_TRUNC);
    say_received("all of it, waited for", to, 6, 128, 256, MSG_WAITALL);
    say_received("closed on exec", to, 6, 128, 256, MSG_CMSG_CLOEXEC);
    say_received("a flag that is none", to, 6, 128, 256, 0x80000);
}

CASE(datagrams_received)
{
    int p[2];

    udp_pair(p);
    receive_all(p[0], p[1]);
}

CASE(a_stream_received)
{
    int p[2];

    tcp_pair(p);
    receive_all(p[0], p[1]);
}

CASE(several_received)
{
    struct mmsghdr in[4] = {0};
    char bytes[4][8];
    struct iovec iov[4];
    struct timespec bad = {0, 1000000000}, soonest = {0, 0};
    int p[2];

    udp_pair(p);
    for (int i = 0; i < 4; i++) {
        iov[i] = (struct iovec){bytes[i], 8};
        in[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    SAY(recvmmsg(p[1], in, 4, MSG_DONTWAIT, NULL));
    SAY(recvmmsg(p[1], in, 0, 0, NULL));
    SAY(recvmmsg(p[1], in, 4, 0, &bad));
    send(p[0], "a", 1, 0);
    send(p[0], "bc", 2, 0);
    soon(10);
    SAY(recvmmsg(p[1], in, 4, MSG_WAITFORONE, NULL));
    say("%u %u", in[0].msg_len, in[1].msg_len);
    send(p[0], "d", 1, 0);
    soon(10);
    SAY(recvmmsg(p[1], in, 4, 0, &soonest));
    SAY(sendmmsg(p[0], in, 0, 0));
    SAY(sendmmsg(-1, in, 1, 0));
}

/* ---- too long ---- */

static void lengths_of(int fd, const struct sockaddr *to, socklen_t n)
{
    static const size_t all[] = {0, 1, 1472, 1473, 65487, 65488, 65507, 65508, 65527, 65528, 65535, 65536, 100000};
    static char big[100000];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        long r = sendto(fd, big, all[i], MSG_DONTWAIT, to, n);

        say("%zu: %s", all[i], r < 0 ? strerrorname_np(errno) : "sent");
    }
}

CASE(lengths_of_datagrams)
{
    struct sockaddr_in a = in4(LO, 7702);

    udp_at(7702);
    lengths_of(udp(), ADDR(a));
}

CASE(lengths_of_datagrams_of_six)
{
    struct sockaddr_in6 a = in6("::1", 7703);
    int to = socket(AF_INET6, SOCK_DGRAM, 0);

    SAY(bind(to, ADDR(a)));
    lengths_of(socket(AF_INET6, SOCK_DGRAM, 0), ADDR(a));
}

CASE(lengths_of_datagrams_with_a_small_buffer)
{
    struct sockaddr_in a = in4(LO, 7704);
    int fd = udp();

    udp_at(7704);
    SAY(set_int(fd, SOL_SOCKET, SO_SNDBUF, 4608));
    lengths_of(fd, ADDR(a));
}

CASE(lengths_of_raw_datagrams)
{
    struct sockaddr_in a = in4(LO, 0);

    lengths_of(socket(AF_INET, SOCK_RAW, 200), ADDR(a));
}

/* ---- broken pipes ---- */

static int signals;
static void count(int signal)
{
    (void)signal;
    signals++;
}

static void say_broken(const char *what, long r)
{
    int err = errno;

    say("%s = %ld %s, %d signals", what, r, r < 0 ? strerrorname_np(err) : "", signals);
    signals = 0;
}

static void break_all(int fd)
{
    struct iovec iov = {"abc", 3};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct mmsghdr several = {.msg_hdr = msg};

    signal(SIGPIPE, count);
    say_broken("write", write(fd, "abc", 3));
    say_broken("write of nothing", write(fd, "", 0));
    say_broken("writev", writev(fd, &iov, 1));
    say_broken("send", send(fd, "abc", 3, 0));
    say_broken("send of nothing", send(fd, "", 0, 0));
    say_broken("send without a signal", send(fd, "abc", 3, MSG_NOSIGNAL));
    say_broken("sendmsg", sendmsg(fd, &msg, 0));
    say_broken("sendmsg without a signal", sendmsg(fd, &msg, MSG_NOSIGNAL));
    say_broken("sendmmsg", sendmmsg(fd, &several, 1, 0));
    say_broken("urgent", send(fd, "abc", 3, MSG_OOB));
    say_broken("read", read(fd, (char[4]){0}, 4));
}

CASE(a_pipe_that_we_closed)
{
    int p[2];

    tcp_pair(p);
    nonblocking(p[0]);
    shutdown(p[0], SHUT_WR);
    break_all(p[0]);
}

CASE(a_pipe_that_was_reset)
{
    int p[2];

    tcp_pair(p);
    reset_by(p[1]);
    ready(p[0], POLLHUP, 1000);
    break_all(p[0]);
}

CASE(a_pipe_that_was_reset_is_told_to_who_reads)
{
    int p[2];

    tcp_pair(p);
    reset_by(p[1]);
    ready(p[0], POLLHUP, 1000);
    SAY(read(p[0], (char[4]){0}, 4));
    break_all(p[0]);
}

CASE(a_pipe_that_never_was) { break_all(tcp()); }

CASE(a_pipe_that_was_refused)
{
    struct sockaddr_in a = in4(LO, 7705);
    int fd = tcp();

    SAY(connect(fd, ADDR(a)));
    break_all(fd);
}

CASE(datagrams_that_were_shut)
{
    int p[2];

    udp_pair(p);
    nonblocking(p[0]);
    shutdown(p[0], SHUT_WR);
    break_all(p[0]);
}

CASE(what_comes_after_datagrams_are_shut_for_reading)
{
    int p[2];

    udp_pair(p);
    shutdown(p[1], SHUT_RD);
    SAY(send(p[0], "abc", 3, 0));
    soon(10);
    say_result("received", recv(p[1], (char[4]){0}, 4, MSG_DONTWAIT));
    say_result("nothing more", recv(p[1], (char[4]){0}, 4, MSG_DONTWAIT));
    say_result("waiting for more", recv(p[1], (char[4]){0}, 4, 0));
}

/* ---- errors that wait ---- */

CASE(an_error_is_told_once_by_SO_ERROR)
{
    struct sockaddr_in a = in4(LO, 7706);
    int fd = udp();

    SAY(connect(fd, ADDR(a)));
    SAY(send(fd, "abc", 3, 0));
    ready(fd, POLLERR, 1000);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    say_opt("SO_ERROR", fd, SOL_SOCKET, SO_ERROR);
    SAY(send(fd, "abc", 3, 0));
    ready(fd, POLLERR, 1000);
    SAY(recv(fd, (char[4]){0}, 4, MSG_DONTWAIT));
    SAY(recv(fd, (char[4]){0}, 4, MSG_DONTWAIT));
    SAY(send(fd, "abc", 3, 0));
    ready(fd, POLLERR, 1000);
    SAY(send(fd, "abc", 3, 0));
    ready(fd, POLLERR, 1000);
    SAY(recv(fd, (char[4]){0}, 4, MSG_DONTWAIT | MSG_PEEK));
    SAY(connect(fd, ADDR(a)));
    say_ready("after connect", 0, ready(fd, POLLIN | POLLOUT, 0));
}

CASE(an_error_stands_before_data)
{
    struct sockaddr_in nobody = in4(LO, 7707), mine = in4(LO, 7708);
    int fd = udp_at(7708), from = udp_at(7707);

    SAY(connect(fd, ADDR(nobody)));
    SAY(sendto(from, "abc", 3, 0, ADDR(mine)));
    close(from);
    SAY(send(fd, "x", 1, 0));
    ready(fd, POLLERR, 1000);
    say_ready("both", 0, ready(fd, POLLIN | POLLOUT, 0));
    SAY(recv(fd, (char[4]){0}, 4, MSG_DONTWAIT));
    SAY(recv(fd, (char[4]){0}, 4, MSG_DONTWAIT));
}

CASE(urgent_datagrams_are_refused_first)
{
    struct sockaddr_in a = in4(LO, 7710);
    struct iovec none = {"abc", 0};
    int p[2];

    SAY(sendto(udp(), "x", 1, MSG_OOB, (struct sockaddr *)&a, 3));
    SAY(sendto(udp(), "x", 1, MSG_OOB, ADDR(a)));
    SAY(send(udp(), "x", 1, MSG_OOB));
    udp_pair(p);
    SAY(writev(p[0], &none, 1));
    SAY(readv(p[0], &none, 1));
    SAY(recv(p[1], (char[4]){0}, 4, MSG_DONTWAIT));
}

#ifndef SO_SELECT_ERR_QUEUE
#define SO_SELECT_ERR_QUEUE 45
#endif

CASE(an_error_that_is_urgent)
{
    struct sockaddr_in a = in4(LO, 7709);

    for (int reports = 0; reports < 2; reports++) {
        int fd = udp();

        SAY(set_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1));
        SAY(set_int(fd, IPPROTO_IP, IP_RECVERR, reports));
        SAY(connect(fd, ADDR(a)));
        SAY(send(fd, "abc", 3, 0));
        ready(fd, POLLERR, 1000);
        say_ready("urgent", 0, ready(fd, POLLIN | POLLPRI, 0));
        SAY(set_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 0));
        say_ready("not urgent", 0, ready(fd, POLLIN | POLLPRI, 0));
    }
}
