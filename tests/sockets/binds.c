/* SPDX-License-Identifier: MIT */
/*
 * Who may have an address beside whom: every pair of addresses of both families, for streams and datagrams, with
 * SO_REUSEADDR and SO_REUSEPORT and without; and groups of sockets that share a port.
 */
#define CHAPTER "binds"
#include "case.h"

enum reuse { NOTHING, ADDRESS, PORT };

static const struct place {
    const char *name, *ip;
    int domain;
    bool only;
} places[] = {{"0.0.0.0", "0.0.0.0", AF_INET, false},           {"127.0.0.1", "127.0.0.1", AF_INET, false},
              {"127.0.0.2", "127.0.0.2", AF_INET, false},       {"::", "::", AF_INET6, false},
              {":: only", "::", AF_INET6, true},                {"::1", "::1", AF_INET6, false},
              {"::ffff:127.0.0.1", "::ffff:127.0.0.1", AF_INET6, false},
              {"::ffff:0.0.0.0", "::ffff:0.0.0.0", AF_INET6, false}};
#define PLACES (sizeof places / sizeof *places)

static int make(const struct place *p, int type, enum reuse reuse)
{
    int fd = socket(p->domain, type, 0);

    if (p->only)
        set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (reuse)
        set_int(fd, SOL_SOCKET, reuse == PORT ? SO_REUSEPORT : SO_REUSEADDR, 1);
    return fd;
}

static int bind_to(int fd, const struct place *p, unsigned port)
{
    struct sockaddr_in four = in4(p->ip, port);
    struct sockaddr_in6 six = in6(p->ip, port);

    return p->domain == AF_INET ? bind(fd, ADDR(four)) : bind(fd, ADDR(six));
}

/* What the second one of each pair is told, and, of streams, whether it may listen beside the first. */
static void pairs(int type, enum reuse first, enum reuse second, bool listening)
{
    for (size_t i = 0; i < PLACES; i++)
        for (size_t j = 0; j < PLACES; j++) {
            int a = make(&places[i], type, first), b = make(&places[j], type, second), r, l = 0;
            const char *why;

            if (bind_to(a, &places[i], 7500) < 0 || (listening && listen(a, 1) < 0))
                say("%s: %s", places[i].name, strerrorname_np(errno));
            r = bind_to(b, &places[j], 7500);
            why = r < 0 ? strerrorname_np(errno) : "both";
            if (r == 0 && type == SOCK_STREAM)
                l = listen(b, 1);
            say("%s and %s: %s%s", places[i].name, places[j].name, why, l < 0 ? ", but not to listen" : "");
            close(a);
            close(b);
        }
}

CASE(streams) { pairs(SOCK_STREAM, NOTHING, NOTHING, false); }
CASE(streams_that_reuse_addresses) { pairs(SOCK_STREAM, ADDRESS, ADDRESS, false); }
CASE(streams_that_share_ports) { pairs(SOCK_STREAM, PORT, PORT, false); }
CASE(streams_of_which_one_reuses_addresses) { pairs(SOCK_STREAM, NOTHING, ADDRESS, false); }
CASE(streams_of_which_one_shares_and_one_reuses) { pairs(SOCK_STREAM, PORT, ADDRESS, false); }
CASE(streams_beside_listeners) { pairs(SOCK_STREAM, NOTHING, NOTHING, true); }
CASE(streams_beside_listeners_that_reuse_addresses) { pairs(SOCK_STREAM, ADDRESS, ADDRESS, true); }
CASE(streams_beside_listeners_that_share_ports) { pairs(SOCK_STREAM, PORT, PORT, true); }
CASE(datagrams) { pairs(SOCK_DGRAM, NOTHING, NOTHING, false); }
CASE(datagrams_that_reuse_addresses) { pairs(SOCK_DGRAM, ADDRESS, ADDRESS, false); }
CASE(datagrams_that_share_ports) { pairs(SOCK_DGRAM, PORT, PORT, false); }
CASE(datagrams_of_which_one_reuses_addresses) { pairs(SOCK_DGRAM, ADDRESS, NOTHING, false); }
CASE(datagrams_of_which_one_shares_and_one_reuses) { pairs(SOCK_DGRAM, ADDRESS, PORT, false); }

/* ---- addresses that nobody can have ---- */

static void try_one(int type, int domain, const char *ip, unsigned port)
{
    struct sockaddr_in four = in4(ip, port);
    struct sockaddr_in6 six = in6(ip, port);
    int fd = socket(domain, type, 0), r;

    r = domain == AF_INET ? bind(fd, ADDR(four)) : bind(fd, ADDR(six));
    say("%s: %s", ip, r < 0 ? strerrorname_np(errno) : "bound");
    if (r == 0)
        say_name("  name", fd);
    close(fd);
}

static void try_all(int type)
{
    static const char *const four[] = {"0.0.0.0", "127.0.0.1", "127.255.255.254", "127.255.255.255", "10.1.2.3",
                                       "224.0.0.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "0.0.0.1"};
    static const char *const six[] = {"::", "::1", "::2", "ff02::1", "ff01::1", "fe80::1", "2001:db8::1",
                                      "::ffff:0.0.0.0", "::ffff:127.0.0.5", "::ffff:10.1.2.3",
                                      "::ffff:224.0.0.1", "::127.0.0.1"};

    for (size_t i = 0; i < sizeof four / sizeof *four; i++)
        try_one(type, AF_INET, four[i], 7501);
    for (size_t i = 0; i < sizeof six / sizeof *six; i++)
        try_one(type, AF_INET6, six[i], 7501);
}

CASE(addresses_of_streams) { try_all(SOCK_STREAM); }
CASE(addresses_of_datagrams) { try_all(SOCK_DGRAM); }
CASE(addresses_of_raw_sockets)
{
    struct sockaddr_in a = in4("10.1.2.3", 0), lo = in4(LO, 77);
    struct sockaddr_in6 six = in6("::1", 77), no = in6("2001:db8::1", 0);
    int fd = socket(AF_INET, SOCK_RAW, 200), fd6 = socket(AF_INET6, SOCK_RAW, 200);

    SAY(bind(fd, ADDR(a)));
    SAY(bind(fd, ADDR(lo)));
    say_name("name", fd);
    SAY(bind(fd, ADDR(lo)));
    SAY(bind(fd6, ADDR(no)));
    SAY(bind(fd6, ADDR(six)));
    say_name("name", fd6);
}

/* ---- lengths and families ---- */

static void lengths(const char *what, int (*call)(int fd, const struct sockaddr *a, socklen_t n), int domain, int type)
{
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 99};
    static const socklen_t all[] = {0, 1, 2, 14, 15, 16, 24, 28, 80, 132};

    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            struct sockaddr_storage a = {.ss_family = (sa_family_t)families[f]};
            int fd = socket(domain, type, 0), r;
            socklen_t n = all[i];

            ((struct sockaddr_in *)&a)->sin_port = htons(7502);
            if (families[f] == AF_INET)
                inet_pton(AF_INET, LO, &((struct sockaddr_in *)&a)->sin_addr);
            if (families[f] == AF_INET6)
                inet_pton(AF_INET6, "::1", &((struct sockaddr_in6 *)&a)->sin6_addr);
            nonblocking(fd);
            r = call(fd, (struct sockaddr *)&a, n);
            say("%s family %d of %u: %s", what, families[f], (unsigned)n, r < 0 ? strerrorname_np(errno) : "done");
            close(fd);
        }
}

static int do_bind(int fd, const struct sockaddr *a, socklen_t n) { return bind(fd, a, n); }
static int do_connect(int fd, const struct sockaddr *a, socklen_t n) { return connect(fd, a, n); }
static int do_send(int fd, const struct sockaddr *a, socklen_t n)
{
    return (int)sendto(fd, "x", 1, MSG_NOSIGNAL, a, n);
}

CASE(lengths_for_bind)
{
    lengths("tcp", do_bind, AF_INET, SOCK_STREAM);
    lengths("tcp6", do_bind, AF_INET6, SOCK_STREAM);
    lengths("udp", do_bind, AF_INET, SOCK_DGRAM);
    lengths("udp6", do_bind, AF_INET6, SOCK_DGRAM);
}

CASE(lengths_for_connect)
{
    lengths("tcp", do_connect, AF_INET, SOCK_STREAM);
    lengths("tcp6", do_connect, AF_INET6, SOCK_STREAM);
    lengths("udp", do_connect, AF_INET, SOCK_DGRAM);
    lengths("udp6", do_connect, AF_INET6, SOCK_DGRAM);
}

CASE(lengths_for_sending)
{
    lengths("tcp", do_send, AF_INET, SOCK_STREAM);
    lengths("tcp6", do_send, AF_INET6, SOCK_STREAM);
    lengths("udp", do_send, AF_INET, SOCK_DGRAM);
    lengths("udp6", do_send, AF_INET6, SOCK_DGRAM);
}

static void names(const char *what, int fd, int (*call)(int fd, struct sockaddr *a, socklen_t *n))
{
    for (int n = -1; n <= 32; n += n < 3 ? 1 : 13) {
        char bytes[64];
        socklen_t room = (socklen_t)n;
        int r;

        memset(bytes, 0x55, sizeof bytes);
        r = call(fd, (struct sockaddr *)bytes, &room);
        say("%s into %d: %s, %d, family %d, then %x", what, n, r < 0 ? strerrorname_np(errno) : "done", (int)room,
            n < 2 ? -1 : ((struct sockaddr *)bytes)->sa_family, bytes[n < 0 ? 0 : n < 16 ? n : 16] & 0xff);
    }
}

static int do_name(int fd, struct sockaddr *a, socklen_t *n) { return getsockname(fd, a, n); }
static int do_peer(int fd, struct sockaddr *a, socklen_t *n) { return getpeername(fd, a, n); }

CASE(room_for_names)
{
    int p[2];

    tcp_pair(p);
    names("name", p[0], do_name);
    names("peer", p[0], do_peer);
    SAY(getsockname(p[0], NULL, NULL));
    SAY(getpeername(p[0], NULL, NULL));
    SAY(getsockname(-1, NULL, NULL));
}

/* ---- sockets that share a port ---- */

/* How many of these are ready. */
static int count_ready(const int *fds, int n)
{
    int ready_ones = 0;

    soon(10);
    for (int i = 0; i < n; i++)
        ready_ones += ready(fds[i], POLLIN, 0) & POLLIN ? 1 : 0;
    return ready_ones;
}

CASE(datagrams_go_to_one_of_a_group)
{
    struct place at = places[1];
    int group[4], from = udp();
    struct sockaddr_in a = in4(LO, 7503);

    for (int i = 0; i < 4; i++) {
        group[i] = make(&at, SOCK_DGRAM, PORT);
        bind_to(group[i], &at, 7503);
    }
    SAY(sendto(from, "x", 1, 0, ADDR(a)));
    say("%d hear it", count_ready(group, 4));
    for (int i = 0; i < 20; i++)
        sendto(from, "x", 1, 0, ADDR(a));
    say("%d hear them: the same sender's go to the same one", count_ready(group, 4));
    for (int i = 0; i < 200; i++) {
        int other = udp();

        sendto(other, "x", 1, 0, ADDR(a));
        close(other);
    }
    say("%d hear many senders", count_ready(group, 4));
}

CASE(a_connected_one_goes_before_its_group)
{
    struct place at = places[1];
    int group[3], from = udp_at(7504);
    struct sockaddr_in a = in4(LO, 7505), peer = in4(LO, 7504);

    for (int i = 0; i < 3; i++) {
        group[i] = make(&at, SOCK_DGRAM, PORT);
        bind_to(group[i], &at, 7505);
    }
    SAY(connect(group[2], ADDR(peer)));
    for (int i = 0; i < 10; i++)
        sendto(from, "x", 1, 0, ADDR(a));
    soon(10);
    say_ready("connected", 0, ready(group[2], POLLIN, 0));
    say("%d of the others", count_ready(group, 2));
}

CASE(the_last_one_hears_where_addresses_are_reused)
{
    struct place at = places[1];
    int group[3], from = udp();
    struct sockaddr_in a = in4(LO, 7506);

    for (int i = 0; i < 3; i++) {
        group[i] = make(&at, SOCK_DGRAM, ADDRESS);
        bind_to(group[i], &at, 7506);
    }
    SAY(sendto(from, "x", 1, 0, ADDR(a)));
    soon(10);
    for (int i = 0; i < 3; i++)
        say_ready("heard", i, ready(group[i], POLLIN, 0));
}

CASE(a_port_is_shared_by_those_who_all_asked)
{
    struct place at = places[1];
    int a = make(&at, SOCK_STREAM, PORT), b = make(&at, SOCK_STREAM, NOTHING), c = make(&at, SOCK_STREAM, PORT);

    SAY(bind_to(a, &at, 7507));
    SAY(bind_to(b, &at, 7507));
    SAY(set_int(a, SOL_SOCKET, SO_REUSEPORT, 0));
    SAY(bind_to(c, &at, 7507));
    SAY(set_int(a, SOL_SOCKET, SO_REUSEPORT, 1));
    SAY(bind_to(c, &at, 7507));
    SAY(listen(a, 1));
    SAY(listen(c, 1));
    SAY(set_int(c, SOL_SOCKET, SO_REUSEPORT, 0));
    SAY(listen(c, 1));
    close(a);
    SAY(bind_to(b, &at, 7507));
}

CASE(the_narrower_address_hears)
{
    struct sockaddr_in a = in4(LO, 7508), all = in4("0.0.0.0", 7508), other = in4("127.0.0.2", 7508);
    int wide = udp(), narrow = udp(), from = udp();

    set_int(wide, SOL_SOCKET, SO_REUSEADDR, 1);
    set_int(narrow, SOL_SOCKET, SO_REUSEADDR, 1);
    SAY(bind(narrow, ADDR(a)));
    SAY(bind(wide, ADDR(all)));
    SAY(sendto(from, "x", 1, 0, ADDR(a)));
    soon(10);
    say_ready("narrow", 0, ready(narrow, POLLIN, 0));
    say_ready("wide", 0, ready(wide, POLLIN, 0));
    SAY(sendto(from, "x", 1, 0, ADDR(other)));
    soon(10);
    say_ready("wide", 0, ready(wide, POLLIN, 0));
}

/* ---- after a listener of both families has accepted ---- */

/* What may still be bound to the port while the connection is there. first: of IPv4, 0.0.0.0 or what comes behind. */
static void ask_all(int reuse, int first)
{
    static const char *const four[] = {"0.0.0.0", LO, "127.0.0.2"}, *const six[] = {"::", "::1", "::ffff:127.0.0.1"};

    for (int only = 0; only < 2; only++)
        for (int i = 0; i < 3; i++) {
            struct sockaddr_in6 a = in6(six[i], 7000);
            int fd = socket(AF_INET6, SOCK_STREAM, 0);

            set_int(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
            set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
            say("%s only %d reuse %d", six[i], only, reuse);
            SAY(bind(fd, ADDR(a)));
            close(fd);
        }
    for (int i = first; i < 3; i++) {
        struct sockaddr_in a = in4(four[i], 7000);
        int fd = tcp();

        set_int(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
        say("%s reuse %d", four[i], reuse);
        SAY(bind(fd, ADDR(a)));
        close(fd);
    }
}

static void who_is_accepted(const char *to, int reuse, int first)
{
    struct sockaddr_in6 all = in6("::", 7000), peer = in6(to, 7000);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0);

    set_int(l, SOL_SOCKET, SO_REUSEADDR, reuse);
    SAY(bind(l, ADDR(all)));
    SAY(listen(l, 1));
    SAY(connect(c, ADDR(peer)));
    SAY(accept(l, NULL, NULL) > 0);
    ask_all(0, 0);
    ask_all(1, 0);
    say("without its listener");
    close(l);
    ask_all(0, first);
    ask_all(1, first);
}

/* Of those of IPv6, 0.0.0.0 is `apart`. */
CASE(binds_beside_one_accepted_by_six) { who_is_accepted("::1", 0, 1); }
CASE(binds_beside_one_accepted_by_six_that_shares) { who_is_accepted("::1", 1, 1); }
CASE(binds_beside_one_accepted_by_four) { who_is_accepted("::ffff:127.0.0.1", 0, 0); }
CASE(binds_beside_one_accepted_by_four_that_shares) { who_is_accepted("::ffff:127.0.0.1", 1, 0); }

/* ---- ports run out ---- */

CASE(no_port_is_left)
{
    struct sockaddr_in a = in4(LO, 0);
    int range = (int)(40000 | 40003u << 16);
    int fd, n = 0;

    for (;; n++) {
        fd = udp();
        set_int(fd, IPPROTO_IP, 51, range); /* IP_LOCAL_PORT_RANGE */
        if (bind(fd, ADDR(a)) < 0)
            break;
    }
    say("%d were bound, then %s", n, strerrorname_np(errno));
    a.sin_port = htons(7509);
    SAY(sendto(fd, "x", 1, 0, ADDR(a)));
    SAY(connect(fd, ADDR(a)));
    say_name("name", fd);
    fd = tcp();
    set_int(fd, IPPROTO_IP, 51, range);
    a.sin_port = 0;
    for (n = 0; bind(fd, ADDR(a)) == 0; n++) {
        fd = tcp();
        set_int(fd, IPPROTO_IP, 51, range);
    }
    say("%d streams were bound, then %s", n, strerrorname_np(errno));
    SAY(listen(fd, 1));
}

/* ---- IP_FREEBIND of streams ---- */

/* Who listens where nobody is yet is heard there once the address is ours. */
CASE(a_listener_waits_for_its_address)
{
    struct sockaddr_in a = in4("192.168.7.1", 7000), other = in4("192.168.7.2", 7000), group = in4("224.0.0.5", 7000);
    struct ifreq r = {.ifr_name = ETHERNET};
    int l = tcp(), c = tcp(), on = 0;
    socklen_t n = sizeof on;

    SAY(bind(l, ADDR(a)));
    SAY(set_int(l, IPPROTO_IP, IP_FREEBIND, 1));
    SAY(getsockopt(l, IPPROTO_IP, IP_FREEBIND, &on, &n));
    say("%d", on);
    SAY(bind(l, ADDR(a)));
    SAY(bind(l, ADDR(other)));
    SAY(bind(l, ADDR(group)));
    say_name("name", l);
    SAY(listen(l, 1));
    ethernet();
    memcpy(&r.ifr_addr, &a, sizeof a);
    SAY(ioctl(l, SIOCSIFADDR, &r));
    SAY(connect(c, ADDR(a)));
    SAY(accept(l, NULL, NULL) > 0);
    say_peer("peer", c);
}

CASE(a_listener_of_six_waits_for_its_address)
{
    struct sockaddr_in6 a = in6("2001:db8::1", 7000);
    int l = socket(AF_INET6, SOCK_STREAM, 0);

    SAY(bind(l, ADDR(a)));
    SAY(set_int(l, IPPROTO_IPV6, IPV6_FREEBIND, 1));
    SAY(bind(l, ADDR(a)));
    say_name("name", l);
    SAY(listen(l, 1));
}

/* But nobody speaks for a stranger. */
CASE(a_stream_from_an_address_that_is_not_ours)
{
    struct sockaddr_in a = in4("10.9.9.9", 0), to = in4(LO, 7000);
    int c = tcp();

    tcp_listener(7000);
    SAY(set_int(c, IPPROTO_IP, IP_FREEBIND, 1));
    SAY(bind(c, ADDR(a)));
    nonblocking(c);
    SAY(connect(c, ADDR(to)));
}
