/* SPDX-License-Identifier: MIT */
/* UNP chapter 21: groups, by the calls for IPv4 and by those for any protocol. */
#define CHAPTER "group"
#include "case.h"

#define GROUP "239.1.2.3"

static struct ip_mreqn mreq(const char *group, const char *interface)
{
    struct ip_mreqn m = {0};

    inet_pton(AF_INET, group, &m.imr_multiaddr);
    inet_pton(AF_INET, interface, &m.imr_address);
    return m;
}

static int add(int fd, const char *group)
{
    struct ip_mreqn m = mreq(group, LO);

    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m);
}

static int drop(int fd, const char *group)
{
    struct ip_mreqn m = mreq(group, LO);

    return setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof m);
}

static int by_source(int fd, int option, const char *source)
{
    struct ip_mreq_source m = {0};

    inet_pton(AF_INET, GROUP, &m.imr_multiaddr);
    inet_pton(AF_INET, LO, &m.imr_interface);
    inet_pton(AF_INET, source, &m.imr_sourceaddr);
    return setsockopt(fd, IPPROTO_IP, option, &m, sizeof m);
}

static int sender(void)
{
    struct in_addr lo = {htonl(INADDR_LOOPBACK)};
    int fd = udp_at(7002);

    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo);
    return fd;
}

static int any_at(unsigned port)
{
    struct sockaddr_in a = in4("0.0.0.0", port);
    int fd = udp();

    if (bind(fd, ADDR(a)) < 0)
        say("bind: %s", strerrorname_np(errno));
    return fd;
}

static void say_to_group(int from, const char *text)
{
    struct sockaddr_in a = in4(GROUP, 7001);

    say_bytes("sent", sendto(from, text, strlen(text), 0, ADDR(a)), text);
}

static void say_got(int fd)
{
    struct sockaddr_in from = {0};
    socklen_t n = sizeof from;
    char b[32];

    ready(fd, POLLIN, 100);
    say_bytes("got", recvfrom(fd, b, sizeof b, MSG_DONTWAIT, (struct sockaddr *)&from, &n), b);
}

CASE(IP_ADD_MEMBERSHIP)
{
    struct ip_mreqn strange = mreq(GROUP, "192.0.2.1");
    int fd = any_at(7001), from = sender();

    SAY(add(fd, GROUP));
    SAY(add(fd, GROUP));
    SAY(add(fd, "10.1.2.3"));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &strange, sizeof strange));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &strange, 7));
    SAY(add(tcp(), GROUP));
    say_to_group(from, "heard");
    say_got(fd);
    SAY(drop(fd, "239.9.9.9"));
    SAY(drop(fd, GROUP));
    SAY(drop(fd, GROUP));
    say_to_group(from, "unheard");
    say_got(fd);
}

CASE(MCAST_JOIN_GROUP)
{
    struct sockaddr_in a = in4(GROUP, 0), host = in4("10.1.2.3", 0);
    struct group_req g = {.gr_interface = 1};
    int fd = any_at(7001), from = sender();

    memcpy(&g.gr_group, &host, sizeof host);
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof g));
    memcpy(&g.gr_group, &a, sizeof a);
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof g));
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof g));
    say_to_group(from, "heard");
    say_got(fd);
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof g));
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof g));
    say_to_group(from, "unheard");
    say_got(fd);
    g.gr_interface = 77;
    SAY(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof g));
}

CASE(sources_blocked)
{
    int fd = any_at(7001), from = sender();

    SAY(by_source(fd, IP_BLOCK_SOURCE, LO));
    SAY(add(fd, GROUP));
    SAY(by_source(fd, IP_BLOCK_SOURCE, LO));
    SAY(by_source(fd, IP_BLOCK_SOURCE, LO));
    say_to_group(from, "blocked");
    say_got(fd);
    SAY(by_source(fd, IP_UNBLOCK_SOURCE, LO));
    SAY(by_source(fd, IP_UNBLOCK_SOURCE, LO));
    say_to_group(from, "let in");
    say_got(fd);
    SAY(drop(fd, GROUP));
    SAY(add(fd, GROUP));
    SAY(by_source(fd, IP_ADD_SOURCE_MEMBERSHIP, LO)); /* from all to one: none was blocked */
    SAY(by_source(fd, IP_BLOCK_SOURCE, LO));
}

CASE(sources_chosen)
{
    int fd = any_at(7001), from = sender();

    SAY(by_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.9"));
    say_to_group(from, "another");
    say_got(fd);
    SAY(by_source(fd, IP_ADD_SOURCE_MEMBERSHIP, LO));
    say_to_group(from, "chosen");
    say_got(fd);
    SAY(by_source(fd, IP_DROP_SOURCE_MEMBERSHIP, LO));
    say_to_group(from, "no more");
    say_got(fd);
    SAY(by_source(fd, IP_DROP_SOURCE_MEMBERSHIP, LO));
}

CASE(IP_MULTICAST_LOOP)
{
    int fd = any_at(7001), from = sender();

    say_opt("IP_MULTICAST_LOOP", from, IPPROTO_IP, IP_MULTICAST_LOOP);
    say_opt("IP_MULTICAST_TTL", from, IPPROTO_IP, IP_MULTICAST_TTL);
    SAY(set_int(from, IPPROTO_IP, IP_MULTICAST_TTL, 300));
    SAY(set_int(from, IPPROTO_IP, IP_MULTICAST_TTL, 7));
    say_opt("IP_MULTICAST_TTL", from, IPPROTO_IP, IP_MULTICAST_TTL);
    SAY(add(fd, GROUP));
    say_to_group(from, "aloud");
    say_got(fd);
}

CASE(connected_ones_hear_their_peer)
{
    struct sockaddr_in peer = in4(LO, 7002), other = in4(LO, 7003);
    int one = any_at(7001), from = sender();

    SAY(add(one, GROUP));
    SAY(connect(one, ADDR(other)));
    say_to_group(from, "of a stranger");
    say_got(one);
    SAY(connect(one, ADDR(peer)));
    say_name("one", one);
    say_to_group(from, "to an address that is bound otherwise");
    say_got(one);
}

CASE(IP_UNICAST_IF)
{
    struct sockaddr_in a = in4(LO, 7001);
    struct sockaddr_in6 b = in6("::1", 7001);
    int fd = udp_at(7002), s = udp_at(7001), six = socket(AF_INET6, SOCK_DGRAM, 0);

    say_opt("at first", fd, IPPROTO_IP, IP_UNICAST_IF);
    SAY(set_int(fd, IPPROTO_IP, IP_UNICAST_IF, (int)htonl(77)));
    SAY(set_int(fd, IPPROTO_IP, IP_UNICAST_IF, (int)htonl(1)));
    say_opt("then", fd, IPPROTO_IP, IP_UNICAST_IF);
    SAY(sendto(fd, "by lo", 5, 0, ADDR(a)));
    say_got(s);
    SAY(connect(fd, ADDR(a)));
    SAY(set_int(fd, IPPROTO_IP, IP_UNICAST_IF, 0));
    SAY(set_int(six, IPPROTO_IPV6, IPV6_UNICAST_IF, (int)htonl(1)));
    say_opt("six", six, IPPROTO_IPV6, IPV6_UNICAST_IF);
    SAY(sendto(six, "x", 1, 0, ADDR(b)));
}

CASE(a_filter_that_named_sources_keeps_its_mode)
{
    int fd = udp();
    struct ip_mreq m = {.imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_interface.s_addr = inet_addr(LO)};
    struct ip_mreq_source s = {.imr_multiaddr = m.imr_multiaddr, .imr_interface = m.imr_interface,
                               .imr_sourceaddr.s_addr = inet_addr("10.1.1.1")};

    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    SAY(setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &s, sizeof s));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &s, sizeof s));
    SAY(setsockopt(fd, IPPROTO_IP, IP_UNBLOCK_SOURCE, &s, sizeof s));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &s, sizeof s));
    SAY(setsockopt(fd, IPPROTO_IP, IP_BLOCK_SOURCE, &s, sizeof s));
    SAY(setsockopt(fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &s, sizeof s));
}
