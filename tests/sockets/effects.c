/* SPDX-License-Identifier: MIT */
/* UNP chapter 7: what options do. */
#define CHAPTER "effects"
#include "case.h"

#include <netinet/udp.h>

static int opt(int fd, int level, int option)
{
    int v = -77;
    socklen_t n = sizeof v;

    return getsockopt(fd, level, option, &v, &n) < 0 ? -1000 - errno : v;
}

/* How an accepted socket stands after its listener had the option set to v. */
static void inherit(const char *name, int level, int option, int v)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp(), s;

    set_int(l, level, option, v);
    connect(c, ADDR(a));
    s = accept(l, NULL, NULL);
    say("%s %d: accepted has %d", name, v, opt(s, level, option));
    close(l);
    close(c);
    close(s);
}

CASE(accepted_sockets_inherit)
{
    inherit("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
    inherit("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
    inherit("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77);
    inherit("IP_TTL", IPPROTO_IP, IP_TTL, 9);
    inherit("IP_TOS", IPPROTO_IP, IP_TOS, 0x20);
    inherit("SO_MARK", SOL_SOCKET, SO_MARK, 5);
    inherit("IP_RECVTTL", IPPROTO_IP, IP_RECVTTL, 1);
    inherit("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1);
    inherit("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    inherit("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
    inherit("TCP_SAVE_SYN", IPPROTO_TCP, TCP_SAVE_SYN, 1);
    inherit("TCP_INQ", IPPROTO_TCP, TCP_INQ, 1);
    inherit("TCP_THIN_LINEAR_TIMEOUTS", IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
}

static void say_saved_syn(int fd, socklen_t room)
{
    unsigned char b[200] = {0};
    socklen_t n = room;
    int r = getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, b, &n);

    say("room %u: %s, %u bytes", (unsigned)room, r < 0 ? strerrorname_np(errno) : "done", (unsigned)n);
    if (r == 0 && n)
        say("  version %d, protocol %d, to port %d, flags %x, %d bytes of headers", b[0] >> 4,
            b[b[0] >> 4 == 4 ? 9 : 6],
            b[n - 38] << 8 | b[n - 37], b[n - 27], b[b[0] >> 4 == 4 ? 3 : 5]);
}

/* What a listener saved goes to who was accepted, once; it may be saved or not by then. */
static void saved_syns_at(int l, int c, const struct sockaddr *to, socklen_t n)
{
    int first, second;

    SAY(set_int(l, IPPROTO_TCP, TCP_SAVE_SYN, 1));
    SAY(connect(c, to, n));
    SAY(set_int(l, IPPROTO_TCP, TCP_SAVE_SYN, 0));
    SAY(connect(socket(to->sa_family, SOCK_STREAM, 0), to, n));
    first = accept(l, NULL, NULL);
    second = accept(l, NULL, NULL);
    say_saved_syn(l, 200);
    say_saved_syn(c, 200);
    say_saved_syn(first, 10);
    say_saved_syn(first, 200);
    say_saved_syn(first, 200);
    say_saved_syn(second, 200);
}

CASE(saved_syns)
{
    struct sockaddr_in a = in4(LO, 7000);

    saved_syns_at(tcp_listener(7000), tcp(), ADDR(a));
}

CASE(saved_syns_of_ipv6)
{
    struct sockaddr_in6 a = in6("::1", 7000);
    int l = socket(AF_INET6, SOCK_STREAM, 0);

    bind(l, ADDR(a));
    listen(l, 5);
    saved_syns_at(l, socket(AF_INET6, SOCK_STREAM, 0), ADDR(a));
}

CASE(accepted_sockets_inherit_lingering)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct linger l = {1, 3}, got = {0};
    socklen_t n = sizeof got;
    int fd = tcp_listener(7000), c = tcp(), s;

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    connect(c, ADDR(a));
    s = accept(fd, NULL, NULL);
    SAY(getsockopt(s, SOL_SOCKET, SO_LINGER, &got, &n));
    say("%d %d", got.l_onoff, got.l_linger);
}

CASE(type_protocol_and_domain)
{
    static const int kinds[][3] = {{AF_INET, SOCK_STREAM, 0}, {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
                                   {AF_INET6, SOCK_STREAM, IPPROTO_TCP}, {AF_INET6, SOCK_DGRAM, 0}};

    for (int i = 0; i < 4; i++) {
        int fd = socket(kinds[i][0], kinds[i][1], kinds[i][2]);

        say("%d %d %d", opt(fd, SOL_SOCKET, SO_DOMAIN), opt(fd, SOL_SOCKET, SO_TYPE), opt(fd, SOL_SOCKET, SO_PROTOCOL));
    }
}

CASE(listening_is_told)
{
    int fd = tcp_listener(7000);

    say("%d %d", opt(fd, SOL_SOCKET, SO_ACCEPTCONN), opt(tcp(), SOL_SOCKET, SO_ACCEPTCONN));
    SAY(shutdown(fd, SHUT_RD));
    say("%d", opt(fd, SOL_SOCKET, SO_ACCEPTCONN));
}

CASE(pending_error_is_taken_once)
{
    struct sockaddr_in a = in4(LO, 7009);
    int fd = tcp();

    nonblocking(fd);
    SAY(connect(fd, ADDR(a)));
    ready(fd, POLLOUT, 1000);
    say("%s", strerrorname_np(opt(fd, SOL_SOCKET, SO_ERROR)));
    say("%d", opt(fd, SOL_SOCKET, SO_ERROR));
}

CASE(bound_to_loopback)
{
    char name[IFNAMSIZ] = "?";
    struct sockaddr_in a = in4(LO, 7001);
    socklen_t n = sizeof name;
    int fd = udp(), s = udp();
    char b[4];

    SAY(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
    say("%u bytes", (unsigned)n);
    SAY(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
    n = sizeof name;
    SAY(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
    say("%s, %u bytes", name, (unsigned)n);
    n = 4;
    SAY(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
    SAY(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "nix0", 5));
    SAY(bind(s, ADDR(a)));
    SAY(sendto(fd, "hey", 3, 0, ADDR(a)));
    say_bytes("recv", recv(s, b, sizeof b, 0), b);
    SAY(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    n = sizeof name;
    SAY(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
    say("%u bytes", (unsigned)n);
}

CASE(bind_to_an_address_that_is_not_ours)
{
    struct sockaddr_in a = in4("192.0.2.7", 7001);
    int fd = udp();

    SAY(bind(fd, ADDR(a)));
    SAY(set_int(fd, IPPROTO_IP, IP_FREEBIND, 1));
    SAY(bind(fd, ADDR(a)));
    say_name("name", fd);
}

CASE(without_checksum)
{
    int p[2];
    char b[8];

    udp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_NO_CHECK, 1));
    SAY(send(p[0], "bare", 4, 0));
    say_bytes("recv", recv(p[1], b, sizeof b, 0), b);
}

CASE(on_the_link_only)
{
    int p[2];
    char b[8];

    udp_pair(p);
    SAY(set_int(p[0], SOL_SOCKET, SO_DONTROUTE, 1));
    SAY(send(p[0], "near", 4, 0));
    say_bytes("recv", recv(p[1], b, sizeof b, 0), b);
}

CASE(path_of_the_connected)
{
    struct sockaddr_in a = in4(LO, 7001);
    int fd = udp(), v = 0;
    socklen_t n = sizeof v;

    SAY(getsockopt(fd, IPPROTO_IP, IP_MTU, &v, &n));
    SAY(connect(fd, ADDR(a)));
    SAY(getsockopt(fd, IPPROTO_IP, IP_MTU, &v, &n));
    say("%s", v > 65000 ? "much" : "little");
}

/* Loopback's packets have a TTL of 64. */
CASE(who_wants_few_hops)
{
    struct sockaddr_in a = in4(LO, 7000);
    int l = tcp_listener(7000), c = tcp(), d = tcp();

    SAY(set_int(l, IPPROTO_IP, IP_MINTTL, 255));
    nonblocking(c);
    SAY(connect(c, ADDR(a)));
    say_ready("poll", 1, ready(c, POLLOUT, 60));
    SAY(set_int(d, IPPROTO_IP, IP_TTL, 255));
    SAY(connect(d, ADDR(a)));
    say_ready("poll", 1, ready(l, POLLIN, 1000));
}

/* ---- many datagrams at once ---- */

static void drain(int fd)
{
    char b[3000];
    _Alignas(struct cmsghdr) char control[64];
    ssize_t n;

    for (;;) {
        struct iovec v = {b, sizeof b};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *h;
        int size = 0;

        n = recvmsg(fd, &m, MSG_DONTWAIT);
        if (n < 0)
            break;
        h = CMSG_FIRSTHDR(&m);
        if (h && h->cmsg_level == IPPROTO_UDP)
            memcpy(&size, CMSG_DATA(h), sizeof size);
        say("%d bytes '%c%c', segments of %d, flags %x", (int)n, b[0], b[n - 1], size, (unsigned)m.msg_flags);
    }
}

static void fill(char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        b[i] = (char)('a' + i / 100);
}

CASE(segments)
{
    char b[250];
    int p[2];

    udp_pair(p);
    fill(b, sizeof b);
    SAY(set_int(p[0], IPPROTO_UDP, UDP_SEGMENT, 100));
    SAY(send(p[0], b, sizeof b, 0));
    soon(20);
    drain(p[1]);
    SAY(send(p[0], b, 100, 0));
    SAY(send(p[0], b, 99, 0));
    soon(20);
    drain(p[1]);
}

CASE(segments_received_together)
{
    char b[250];
    int p[2];

    udp_pair(p);
    fill(b, sizeof b);
    SAY(set_int(p[1], IPPROTO_UDP, UDP_GRO, 1));
    SAY(set_int(p[0], IPPROTO_UDP, UDP_SEGMENT, 100));
    SAY(send(p[0], b, sizeof b, 0));
    soon(20);
    drain(p[1]);
    SAY(send(p[0], b, 60, 0));
    soon(20);
    drain(p[1]);
}

CASE(segments_of_one_message)
{
    char b[250];
    int p[2];
    uint16_t size = 120;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof size)] = {0};
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);

    udp_pair(p);
    fill(b, sizeof b);
    *h = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof size), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(h), &size, sizeof size);
    SAY(sendmsg(p[0], &m, 0));
    soon(20);
    drain(p[1]);
    h->cmsg_len = CMSG_LEN(1);
    SAY(sendmsg(p[0], &m, 0));
}

CASE(too_many_segments)
{
    static char b[1000];
    int p[2];

    udp_pair(p);
    set_int(p[0], IPPROTO_UDP, UDP_SEGMENT, 1);
    SAY(send(p[0], b, 129, 0));
}

/* ---- buffers ---- */

CASE(receive_buffer_is_full)
{
    char b[1000] = {0};
    int p[2], got = 0;

    udp_pair(p);
    set_int(p[1], SOL_SOCKET, SO_RCVBUF, 4096);
    for (int i = 0; i < 50; i++)
        send(p[0], b, sizeof b, 0);
    soon(20);
    while (recv(p[1], b, sizeof b, MSG_DONTWAIT) > 0)
        got++;
    say("%s", got > 0 && got < 20 ? "few of fifty" : "else");
}

CASE(low_water_mark)
{
    int p[2];

    tcp_pair(p);
    SAY(set_int(p[1], SOL_SOCKET, SO_RCVLOWAT, 5));
    write(p[0], "abc", 3);
    say_ready("poll", 1, ready(p[1], POLLIN, 50));
    write(p[0], "de", 2);
    say_ready("poll", 1, ready(p[1], POLLIN, 1000));
}

CASE(cork_holds_and_lets_go)
{
    int p[2];
    char b[8];

    tcp_pair(p);
    set_int(p[0], IPPROTO_TCP, TCP_CORK, 1);
    SAY(write(p[0], "ab", 2));
    say_ready("poll", 1, ready(p[1], POLLIN, 50));
    set_int(p[0], IPPROTO_TCP, TCP_CORK, 0);
    when_readable(p[1]);
    say_bytes("read", read(p[1], b, sizeof b), b);
}

CASE(congestion_control_by_name)
{
    char name[16] = "";
    socklen_t n = sizeof name;
    int fd = tcp();

    SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    SAY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &n));
    say("%s, %u bytes", name, (unsigned)n);
    SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonsense", 8));
    SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0));
}

CASE(options_of_no_socket)
{
    int v = 1;
    socklen_t n = sizeof v;

    SAY(getsockopt(99, SOL_SOCKET, SO_TYPE, &v, &n));
    SAY(setsockopt(99, SOL_SOCKET, SO_KEEPALIVE, &v, n));
    SAY(getsockopt(0, SOL_SOCKET, SO_TYPE, &v, &n));
    SAY(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, &v, NULL));
    SAY(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, NULL, &n));
    SAY(setsockopt(tcp(), SOL_SOCKET, SO_KEEPALIVE, NULL, 4));
    n = (socklen_t)-1;
    SAY(getsockopt(tcp(), SOL_SOCKET, SO_TYPE, &v, &n));
    SAY(setsockopt(tcp(), SOL_SOCKET, SO_KEEPALIVE, &v, (socklen_t)-1));
}

CASE(options_of_a_level_that_is_not)
{
    int v = 1;
    socklen_t n = sizeof v;

    SAY(getsockopt(tcp(), 99, 1, &v, &n));
    SAY(setsockopt(tcp(), 99, 1, &v, n));
    SAY(getsockopt(udp(), IPPROTO_TCP, TCP_NODELAY, &v, &n));
    SAY(setsockopt(udp(), IPPROTO_TCP, TCP_NODELAY, &v, n));
    SAY(getsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_TCP, TCP_NODELAY, &v, &n));
}

/* ---- streams that keep to an interface ---- */

static void give_ethernet_an_address(const char *ip)
{
    struct ifreq r = {.ifr_name = ETHERNET};
    struct sockaddr_in a = in4(ip, 0);
    int fd = udp();

    ethernet();
    memcpy(&r.ifr_addr, &a, sizeof a);
    SAY(ioctl(fd, SIOCSIFADDR, &r));
    close(fd);
}

static int keep_to(int fd, const char *name)
{
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name));
}

static void say_connect(const char *what, int fd, const char *ip, unsigned port)
{
    struct sockaddr_in a = in4(ip, port);

    say_result(what, connect(fd, ADDR(a)));
}

static int listener_at(const char *name, const char *ip)
{
    struct sockaddr_in a = in4(ip, 7000);
    int fd = tcp();

    if (name)
        SAY(keep_to(fd, name));
    set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    SAY(bind(fd, ADDR(a)));
    SAY(listen(fd, 4));
    return fd;
}

static void say_waiting(const char *what, int fd)
{
    say("%s: %s", what, ready(fd, POLLIN, 30) ? "somebody" : "nobody");
}

CASE(listeners_keep_to_interfaces)
{
    int lo, wire;

    give_ethernet_an_address("192.168.7.1");
    wire = listener_at(ETHERNET, "0.0.0.0");
    say_connect("nobody listens here", tcp(), LO, 7000);
    lo = listener_at("lo", "0.0.0.0");
    say_connect("now somebody does", tcp(), LO, 7000);
    say_waiting("here", lo);
    say_waiting("there", wire);
    say_connect("by an address of the other", tcp(), "192.168.7.1", 7000);
    say_waiting("there", wire);
}

CASE(a_listener_that_keeps_to_an_interface_goes_before_one_that_does_not)
{
    int any = listener_at(NULL, "0.0.0.0"), lo = listener_at("lo", "0.0.0.0"), one;

    say_connect("to any address", tcp(), LO, 7000);
    say_waiting("any", any);
    say_waiting("lo", lo);
    accept(lo, NULL, NULL);
    one = listener_at(NULL, LO);
    say_connect("to this one", tcp(), LO, 7000);
    say_waiting("any", any);
    say_waiting("lo", lo);
    say_waiting("the address", one);
}

CASE(a_connection_keeps_to_an_interface)
{
    int l, fd = tcp(), far = tcp();
    char name[IFNAMSIZ], b;
    socklen_t n = sizeof name;

    give_ethernet_an_address("192.168.7.1");
    l = listener_at("lo", LO);
    SAY(keep_to(fd, "lo"));
    say_connect("by loopback", fd, LO, 7000);
    l = accept(l, NULL, NULL);
    SAY(getsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
    say("%u bytes", (unsigned)n);
    SAY(write(l, "a", 1));
    SAY(read(fd, &b, 1));
    nonblocking(far);
    SAY(keep_to(far, ETHERNET));
    say_connect("where no route leads", far, "10.9.9.9", 7000);
    say_name("from", far);
    SAY(keep_to(tcp(), "nix0"));
}

CASE(a_connection_begins_to_keep_to_an_interface)
{
    int p[2];
    char b;

    tcp_pair(p);
    SAY(keep_to(p[0], "lo"));
    SAY(write(p[0], "a", 1));
    SAY(read(p[1], &b, 1));
    SAY(write(p[1], "b", 1));
    SAY(read(p[0], &b, 1));
    SAY(setsockopt(p[0], SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    SAY(write(p[0], "a", 1));
    SAY(read(p[1], &b, 1));
}
