/* SPDX-License-Identifier: MIT */
/* UNP chapter 11 and 3.6: names of interfaces, hosts and services. */
#define CHAPTER "names"
#include "case.h"

static void resolve(const char *node, const char *service, int family, int type, int flags)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = type, .ai_flags = flags}, *list, *a;
    int r = getaddrinfo(node, service, &hints, &list);

    say("%s %s = %d", node ? node : "-", service ? service : "-", r);
    if (r)
        return;
    for (a = list; a; a = a->ai_next) {
        say("family %d type %d protocol %d flags %x", a->ai_family, a->ai_socktype, a->ai_protocol, a->ai_flags);
        say_addr("address", 0, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(list);
}

CASE(literals)
{
    resolve("10.1.2.3", "80", AF_UNSPEC, SOCK_STREAM, 0);
    resolve("::1", "80", AF_UNSPEC, SOCK_STREAM, 0);
    resolve("::1", "80", AF_INET, SOCK_STREAM, 0);
    resolve("10.1.2.3", NULL, AF_INET, 0, 0);
    resolve("10.1.2.3", "http", AF_INET, SOCK_STREAM, 0);
    resolve("10.1.2.3", "nix-such", AF_INET, SOCK_STREAM, 0);
    resolve("10.1.2.3", "http", AF_INET, SOCK_STREAM, AI_NUMERICSERV);
}

CASE(nobody_named)
{
    resolve(NULL, "7", AF_INET, SOCK_DGRAM, AI_PASSIVE);
    resolve(NULL, "7", AF_INET6, SOCK_DGRAM, AI_PASSIVE);
    resolve(NULL, "7", AF_INET, SOCK_DGRAM, 0);
    resolve(NULL, NULL, AF_INET, SOCK_DGRAM, 0);
    resolve("localhost", "7", 77, SOCK_DGRAM, 0);
}

CASE(hosts_file)
{
    resolve("localhost", "7", AF_INET, SOCK_STREAM, 0);
    resolve("localhost", "7", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
}

CASE(numbers_into_names)
{
    struct sockaddr_in a = in4("10.1.2.3", 80);
    char host[64], service[32];

    SAY(getnameinfo(ADDR(a), host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV));
    say("%s %s", host, service);
    SAY(getnameinfo(ADDR(a), host, sizeof host, service, sizeof service, NI_NUMERICHOST));
    say("%s %s", host, service);
    SAY(getnameinfo(ADDR(a), host, 3, NULL, 0, NI_NUMERICHOST) != 0);
    SAY(getnameinfo((struct sockaddr *)&a, 3, host, sizeof host, NULL, 0, NI_NUMERICHOST));
}

CASE(interfaces)
{
    char name[IF_NAMESIZE];
    struct if_nameindex *list = if_nameindex();
    unsigned index;
    bool none;

    say("%u", if_nametoindex("lo"));
    index = if_nametoindex("nix0");
    say("%u %s", index, strerrorname_np(errno));
    say("%s", if_indextoname(1, name));
    none = if_indextoname(99, name) == NULL;
    say("%d %s", none, strerrorname_np(errno));
    say("%u %s", list[0].if_index, list[0].if_name);
    if_freenameindex(list);
}

static void tell_end(const char *what, const struct sockaddr *a)
{
    char text[64] = "none";

    if (a && a->sa_family != AF_PACKET)
        getnameinfo(a, a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6), text,
                    sizeof text, NULL, 0, NI_NUMERICHOST);
    else if (a)
        snprintf(text, sizeof text, "%u bytes, type %u, interface %d", ((struct sockaddr_ll *)a)->sll_halen,
                 ((struct sockaddr_ll *)a)->sll_hatype, ((struct sockaddr_ll *)a)->sll_ifindex);
    say("  %s: %s", what, text);
}

CASE(interfaces_with_their_addresses)
{
    struct sockaddr_in ip = in4("10.1.2.3", 0), mask = in4("255.255.255.240", 0);
    struct ifreq r = {.ifr_name = ETHERNET};
    struct ifaddrs *list, *a;
    int fd = udp();

    ethernet();
    memcpy(&r.ifr_addr, &ip, sizeof ip);
    SAY(ioctl(fd, SIOCSIFADDR, &r));
    memcpy(&r.ifr_netmask, &mask, sizeof mask);
    SAY(ioctl(fd, SIOCSIFNETMASK, &r));
    SAY(getifaddrs(&list));
    for (a = list; a; a = a->ifa_next) {
        if (a->ifa_addr->sa_family == AF_INET6 && strcmp(a->ifa_name, "lo") != 0)
            continue; /* made from a station's address, which is chance */
        say("%s, family %d, %s", a->ifa_name, a->ifa_addr->sa_family, a->ifa_data ? "statistics" : "no data");
        say("  flags %x", a->ifa_flags & (IFF_UP | IFF_LOOPBACK | IFF_BROADCAST | IFF_POINTOPOINT | IFF_MULTICAST));
        tell_end("address", a->ifa_addr);
        tell_end("mask", a->ifa_netmask);
        tell_end("other end", a->ifa_broadaddr);
    }
    freeifaddrs(list);
}

/* Nothing is asked of a network: literals, the hosts file, and services. */
CASE(flags_of_names)
{
    static const int flags[] = {AI_PASSIVE, AI_NUMERICHOST, AI_NUMERICSERV, AI_V4MAPPED, AI_V4MAPPED | AI_ALL, AI_ALL};

    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        say("flags %x", (unsigned)flags[i]);
        resolve("127.0.0.1", "80", AF_INET, SOCK_STREAM, flags[i]);
        resolve("127.0.0.1", "80", AF_INET6, SOCK_STREAM, flags[i]);
        resolve("::1", "80", AF_INET6, SOCK_STREAM, flags[i]);
        resolve("::1", "80", AF_INET, SOCK_STREAM, flags[i]);
        resolve(NULL, "80", AF_INET6, SOCK_STREAM, flags[i]);
    }
}

/* With nothing but loopback, which does not count. */
CASE(names_for_the_families_there_are)
{
    resolve("127.0.0.1", "80", AF_INET, SOCK_STREAM, AI_ADDRCONFIG);
    resolve("::1", "80", AF_INET6, SOCK_STREAM, AI_ADDRCONFIG);
    resolve("127.0.0.1", "80", AF_UNSPEC, SOCK_STREAM, AI_ADDRCONFIG);
    resolve(NULL, "80", AF_INET, SOCK_STREAM, AI_ADDRCONFIG | AI_PASSIVE);
    resolve(NULL, "80", AF_UNSPEC, SOCK_STREAM, AI_ADDRCONFIG | AI_PASSIVE);
    resolve("127.0.0.1", "80", 77, SOCK_STREAM, AI_ADDRCONFIG);
    resolve("127.0.0.1", "nix-such", AF_INET, SOCK_STREAM, AI_ADDRCONFIG);
}

CASE(names_of_errors)
{
    static const int errors[] = {EAI_BADFLAGS, EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_FAMILY, EAI_SOCKTYPE, EAI_SERVICE,
                                 EAI_MEMORY, EAI_SYSTEM, EAI_OVERFLOW, 0, 77};

    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        say("%d: %s", errors[i], gai_strerror(errors[i]));
}

CASE(names_that_are_asked_for_in_vain)
{
    resolve("127.0.0.1", "80", AF_INET, SOCK_STREAM, 0x40000000);
    resolve("127.0.0.1", "80", AF_INET, 99, 0);
    resolve("127.0.0.1", "nix-such", AF_INET, SOCK_DGRAM, 0);
    resolve("127.0.0.1", "99999", AF_INET, SOCK_STREAM, 0);
    resolve("127.0.0.1", "-1", AF_INET, SOCK_STREAM, 0);
    resolve("127.0.0.1", "", AF_INET, SOCK_STREAM, 0);
    resolve("", "80", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
    resolve("no literal", "80", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
    resolve("127.0.0.1", "80", 77, SOCK_STREAM, 0);
    resolve(NULL, "80", AF_INET, SOCK_STREAM, AI_CANONNAME);
}

CASE(every_kind_of_socket_for_a_name)
{
    resolve("127.0.0.1", "80", AF_INET, 0, 0);
    resolve("127.0.0.1", "domain", AF_INET, 0, 0);
    resolve("127.0.0.1", "80", AF_INET, SOCK_DGRAM, 0);
    resolve("127.0.0.1", NULL, AF_INET, SOCK_RAW, 0);
    resolve("fe80::1%lo", "80", AF_INET6, SOCK_STREAM, 0);
}

CASE(flags_of_numbers)
{
    static const int flags[] = {0, NI_NUMERICHOST, NI_NUMERICSERV, NI_DGRAM, NI_NOFQDN, NI_NAMEREQD};
    struct sockaddr_in four = in4(LO, 80), strange = in4(LO, 80);
    struct sockaddr_in6 six = in6("::1", 53);
    char host[64], service[32];

    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        int how = flags[i] | (flags[i] & NI_NAMEREQD ? 0 : NI_NUMERICHOST);

        say("%d", getnameinfo(ADDR(four), host, sizeof host, service, sizeof service, how));
        say("%s %s", host, service);
        say("%d", getnameinfo(ADDR(six), host, sizeof host, service, sizeof service, how | NI_NUMERICHOST));
        say("%s %s", host, service);
    }
    strange.sin_family = 77;
    say("%d", getnameinfo(ADDR(strange), host, sizeof host, NULL, 0, 0));
    say("%d", getnameinfo(ADDR(four), NULL, 0, NULL, 0, 0));
    say("%d", getnameinfo(ADDR(four), NULL, 0, service, 2, NI_NUMERICSERV));
    say("%d", getnameinfo(ADDR(four), NULL, 0, service, sizeof service, NI_NUMERICSERV));
    say("%d", getnameinfo(ADDR(four), host, sizeof host, NULL, 0, 0x40000000));
}

/* UNP figure 11.4 and 11.6: who is named or not, for whom, of what type, and the service by a name or a number. */
CASE(hints_and_what_they_give)
{
    static const char *const nodes[] = {NULL, "localhost", "127.0.0.1", "::1", "127.1", "0x7f000001"};
    static const char *const services[] = {NULL, "80", "domain", "tftp", "ftp"};
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6}, types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW};

    for (unsigned i = 0; i < 6 * 5 * 3 * 4 * 2; i++) {
        const char *node = nodes[i % 6], *service = services[i / 6 % 5];
        int family = families[i / 30 % 3], type = types[i / 90 % 4], flags = i / 360 ? AI_PASSIVE : 0;

        if (node && node[0] == 'l' && family != AF_INET)
            continue; /* how many addresses it has is the hosts file's business */
        say("family %d type %d flags %d", family, type, flags);
        resolve(node, service, family, type, flags);
    }
}

/* Without hints, and with a protocol: those that fit the type, and those that do not. */
CASE(protocols_of_names)
{
    static const int protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_ICMP, 253};
    static const int types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    struct addrinfo *list, *a;

    say("%d", getaddrinfo("127.0.0.1", "80", NULL, &list));
    for (a = list; a; a = a->ai_next)
        say("type %d protocol %d flags %d", a->ai_socktype, a->ai_protocol, a->ai_flags);
    freeaddrinfo(list);
    for (unsigned i = 0; i < 35; i++) {
        struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = types[i / 7], .ai_protocol = protocols[i % 7]};
        int r = getaddrinfo("127.0.0.1", i % 2 ? "80" : NULL, &hints, &list);

        say("type %d protocol %d: %d", types[i / 7], protocols[i % 7], r);
        if (r)
            continue;
        for (a = list; a; a = a->ai_next)
            say("  type %d protocol %d", a->ai_socktype, a->ai_protocol);
        freeaddrinfo(list);
    }
}

/* A canonical name: of a literal, of a name with another name, and of nobody. */
CASE(canonical_names)
{
    static const char *const nodes[] = {"127.0.0.1", "::1", "127.1", "localhost"};

    for (unsigned i = 0; i < 4; i++) {
        struct addrinfo hints = {.ai_family = i == 1 ? AF_INET6 : AF_INET, .ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_CANONNAME}, *list;
        int r = getaddrinfo(nodes[i], "80", &hints, &list);

        say("%s: %d %s", nodes[i], r, r ? "" : list->ai_canonname ? list->ai_canonname : "none");
        if (!r)
            freeaddrinfo(list);
    }
}

/* Room for names and for services: too little, just enough, none. */
CASE(room_for_names)
{
    struct sockaddr_in four = in4("10.1.2.3", 65535);
    struct sockaddr_in6 six = in6("fe80::1", 80);
    char host[64], service[32];

    six.sin6_scope_id = if_nametoindex("lo");
    for (socklen_t n = 0; n < 10; n++) {
        memset(host, 0, sizeof host);
        say("%u: %d", (unsigned)n, getnameinfo(ADDR(four), host, n, NULL, 0, NI_NUMERICHOST));
        say("%s", n >= 9 ? host : "");
        say("%u: %d", (unsigned)n, getnameinfo(ADDR(four), NULL, 0, service, n, NI_NUMERICSERV));
    }
    for (socklen_t n = 8; n < 13; n++)
        say("%u: %d", (unsigned)n, getnameinfo(ADDR(six), host, n, NULL, 0, NI_NUMERICHOST));
    say("%s", host);
    six.sin6_scope_id = 99;
    say("%d %s", getnameinfo(ADDR(six), host, sizeof host, NULL, 0, NI_NUMERICHOST), host);
    say("%d", getnameinfo((struct sockaddr *)&six, sizeof(struct sockaddr_in), host, sizeof host, NULL, 0, 0));
}
