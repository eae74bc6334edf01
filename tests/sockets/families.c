/* SPDX-License-Identifier: MIT */
/* UNP chapter 12: programs of IPv4 and IPv6 together. */
#define CHAPTER "families"
#include "case.h"

#define MAPPED "::ffff:127.0.0.1"

static int six(int type) { return socket(AF_INET6, type, 0); }

static int six_at(int type, const char *ip, unsigned port)
{
    struct sockaddr_in6 a = in6(ip, port);
    int fd = six(type);

    if (bind(fd, ADDR(a)) < 0)
        say("bind %s: %s", ip, strerrorname_np(errno));
    if (type == SOCK_STREAM && listen(fd, 5) < 0)
        say("listen: %s", strerrorname_np(errno));
    return fd;
}

static void say_from(int fd)
{
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof from;
    char b[16];
    ssize_t r = recvfrom(fd, b, sizeof b, 0, (struct sockaddr *)&from, &n);

    say_bytes("recvfrom", r, b);
    say_addr("from", 0, &from, n);
}

CASE(client_of_four_server_of_six)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct sockaddr_in6 peer;
    socklen_t n = sizeof peer;
    int l = six_at(SOCK_STREAM, "::", 7000), c = tcp(), s;

    SAY(connect(c, ADDR(a)));
    s = accept(l, (struct sockaddr *)&peer, &n);
    say_addr("accepted", 0, &peer, n);
    say("mapped %d", IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
    say_name("server", s);
    say_peer("client", c);
}

CASE(client_of_six_server_of_four)
{
    struct sockaddr_in6 a = in6(MAPPED, 7000);
    struct sockaddr_in peer;
    socklen_t n = sizeof peer;
    int l = tcp_listener(7000), c = six(SOCK_STREAM), s;

    SAY(connect(c, ADDR(a)));
    s = accept(l, (struct sockaddr *)&peer, &n);
    say_addr("accepted", 0, &peer, n);
    say_name("server", s);
    say_name("client", c);
    say_peer("client", c);
}

CASE(client_of_six_server_of_six)
{
    struct sockaddr_in6 a = in6("::1", 7000);
    int l = six_at(SOCK_STREAM, "::1", 7000), c = six(SOCK_STREAM), s;

    SAY(connect(c, ADDR(a)));
    s = accept(l, NULL, NULL);
    say_name("server", s);
    say_peer("client", c);
}

CASE(server_of_six_only)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct sockaddr_in6 b = in6("::1", 7000);
    int l = six(SOCK_STREAM), c = tcp();

    set_int(l, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SAY(bind(l, ADDR(b)));
    SAY(listen(l, 5));
    SAY(connect(c, ADDR(a)));
    SAY(connect(six(SOCK_STREAM), ADDR(b)));
}

CASE(both_servers_on_one_port)
{
    struct sockaddr_in a = in4("0.0.0.0", 7000);
    struct sockaddr_in6 b = in6("::", 7000);
    int four = tcp(), only = six(SOCK_STREAM);

    SAY(bind(four, ADDR(a)));
    SAY(bind(six(SOCK_STREAM), ADDR(b)));
    set_int(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SAY(bind(only, ADDR(b)));
    SAY(listen(four, 5));
    SAY(listen(only, 5));
}

CASE(six_first_then_four)
{
    struct sockaddr_in a = in4("0.0.0.0", 7000), lo = in4(LO, 7000);
    int s = six_at(SOCK_STREAM, "::", 7000), four = tcp();

    SAY(bind(four, ADDR(a)));
    SAY(bind(four, ADDR(lo)));
    close(s);
    SAY(bind(four, ADDR(a)));
}

CASE(datagrams_to_six_from_four)
{
    struct sockaddr_in a = in4(LO, 7001);
    int s = six_at(SOCK_DGRAM, "::", 7001), c = udp_at(7002);

    SAY(sendto(c, "four", 4, 0, ADDR(a)));
    say_from(s);
}

CASE(datagrams_to_four_from_six)
{
    struct sockaddr_in6 a = in6(MAPPED, 7001);
    int s = udp_at(7001), c = six_at(SOCK_DGRAM, "::", 7002);

    SAY(sendto(c, "six", 3, 0, ADDR(a)));
    say_from(s);
}

CASE(replies_to_both)
{
    struct sockaddr_in a = in4(LO, 7001);
    struct sockaddr_in6 b = in6("::1", 7001), from;
    int s = six_at(SOCK_DGRAM, "::", 7001), four = udp_at(7002), other = six_at(SOCK_DGRAM, "::1", 7003);
    socklen_t n;
    char buf[8];

    sendto(four, "a", 1, 0, ADDR(a));
    sendto(other, "b", 1, 0, ADDR(b));
    for (int i = 0; i < 2; i++) {
        n = sizeof from;
        recvfrom(s, buf, sizeof buf, 0, (struct sockaddr *)&from, &n);
        SAY(sendto(s, buf, 1, 0, (struct sockaddr *)&from, n));
    }
    say_bytes("four", recv(four, buf, sizeof buf, 0), buf);
    say_bytes("six", recv(other, buf, sizeof buf, 0), buf);
}

CASE(bound_to_a_mapped_address)
{
    struct sockaddr_in b = in4(LO, 7001);
    int s = six_at(SOCK_DGRAM, MAPPED, 7001);

    say_name("name", s);
    sendto(udp_at(7002), "y", 1, 0, ADDR(b));
    say_from(s);
}

CASE(bound_to_an_address_of_six)
{
    struct sockaddr_in6 a = in6(MAPPED, 7009);
    int s = six_at(SOCK_DGRAM, "::1", 7001), t = six_at(SOCK_STREAM, "::1", 7001);

    close(t);
    SAY(sendto(s, "x", 1, 0, ADDR(a)));
    SAY(connect(s, ADDR(a)));
}

CASE(mapped_where_only_six_is_spoken)
{
    struct sockaddr_in6 a = in6(MAPPED, 7000);
    int s = six(SOCK_STREAM), d = six(SOCK_DGRAM), late = six_at(SOCK_DGRAM, "::1", 7005);

    set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_int(d, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SAY(connect(s, ADDR(a)));
    SAY(bind(s, ADDR(a)));
    SAY(sendto(d, "x", 1, 0, ADDR(a)));
    SAY(set_int(late, IPPROTO_IPV6, IPV6_V6ONLY, 1));
}

CASE(addresses_of_the_wrong_family)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct sockaddr_in6 b = in6("::1", 7000);

    SAY(bind(six(SOCK_STREAM), ADDR(a)));
    SAY(connect(six(SOCK_STREAM), ADDR(a)));
    SAY(bind(tcp(), ADDR(b)));
    SAY(connect(tcp(), ADDR(b)));
    SAY(bind(udp(), ADDR(b)));
    SAY(connect(udp(), ADDR(b)));
}

CASE(short_addresses_of_six)
{
    struct sockaddr_in6 a = in6("::1", 7000);
    int fd = six(SOCK_DGRAM);

    SAY(bind(fd, (struct sockaddr *)&a, 24));
    SAY(bind(six(SOCK_DGRAM), (struct sockaddr *)&a, 23));
    SAY(connect(fd, (struct sockaddr *)&a, 24));
    SAY(connect(fd, (struct sockaddr *)&a, 16));
}

CASE(to_nobody_in_particular)
{
    struct sockaddr_in6 a = in6("::", 7001);
    int s = six_at(SOCK_DGRAM, "::", 7001), c = six(SOCK_DGRAM);

    SAY(sendto(c, "any", 3, 0, ADDR(a)));
    say_from(s);
    SAY(connect(c, ADDR(a)));
    say_peer("peer", c);
}

CASE(to_nobody_of_four)
{
    struct sockaddr_in a = in4("0.0.0.0", 7001);
    int s = udp_at(7001), c = udp();

    SAY(sendto(c, "any", 3, 0, ADDR(a)));
    say_from(s);
    SAY(connect(c, ADDR(a)));
    say_peer("peer", c);
}

CASE(link_scope_wants_a_zone)
{
    struct sockaddr_in6 a = in6("fe80::1", 7001);

    SAY(bind(six(SOCK_DGRAM), ADDR(a)));
    SAY(connect(six(SOCK_DGRAM), ADDR(a)));
}

CASE(zones_of_others_are_ignored)
{
    struct sockaddr_in6 a = in6("::1", 7001), name;
    socklen_t n = sizeof name;
    int fd = six(SOCK_DGRAM);

    a.sin6_scope_id = 99;
    SAY(bind(fd, ADDR(a)));
    SAY(getsockname(fd, (struct sockaddr *)&name, &n));
    say("scope %u", name.sin6_scope_id);
}

CASE(options_of_four_on_six)
{
    struct sockaddr_in6 a = in6(MAPPED, 7001);
    int s = udp_at(7001), c = six(SOCK_DGRAM);

    SAY(set_int(c, IPPROTO_IP, IP_TTL, 33));
    say_opt("IP_TTL", c, IPPROTO_IP, IP_TTL);
    SAY(set_int(udp(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, 3));
    SAY(sendto(c, "x", 1, 0, ADDR(a)));
    say_from(s);
}

CASE(names_of_six_unconnected)
{
    int fd = six(SOCK_STREAM);

    say_name("name", fd);
    say_peer("peer", fd);
    SAY(listen(fd, 1));
    say_name("name", fd);
}

CASE(refused_in_six)
{
    struct sockaddr_in6 a = in6("::1", 7009);
    int fd = six(SOCK_STREAM), d = six(SOCK_DGRAM);
    char b;

    SAY(connect(fd, ADDR(a)));
    SAY(connect(d, ADDR(a)));
    SAY(send(d, "x", 1, 0));
    soon(20);
    SAY(recv(d, &b, 1, MSG_DONTWAIT));
}

CASE(both_by_event)
{
    struct sockaddr_in a = in4(LO, 7000);
    struct sockaddr_in6 b = in6("::1", 7000);
    int l = six_at(SOCK_STREAM, "::", 7000), c = tcp(), d = six(SOCK_STREAM);

    SAY(connect(c, ADDR(a)));
    SAY(connect(d, ADDR(b)));
    for (int i = 0; i < 2; i++) {
        when_readable(l);
        say_peer("peer", accept(l, NULL, NULL));
    }
}

/* Who speaks IPv6 alone has nobody of IPv6 for a peer then. */
CASE(a_peer_is_dissolved_where_only_six_is_spoken)
{
    struct sockaddr_in6 a = in6("::1", 7090);
    struct sockaddr_in four = in4(LO, 7090);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), raw = socket(AF_INET6, SOCK_RAW, 200);

    SAY(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SAY(connect(fd, ADDR(four)));
    SAY(connect(fd, ADDR(a)));
    SAY(connect(fd, &nobody, sizeof nobody));
    say_peer("dissolved", fd);
    SAY(connect(raw, ADDR(four)));
    SAY(connect(raw, ADDR(a)));
    SAY(connect(raw, &nobody, sizeof nobody));
    say_peer("dissolved", raw);
}
