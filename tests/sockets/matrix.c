/* SPDX-License-Identifier: MIT */
/*
 * bind, connect and sendto with every sort of address, on sockets of either family in each state, none of which waits;
 * and every request of ioctl about sockets and interfaces, on every kind of socket.
 */
#define CHAPTER "matrix"
#include "case.h"

#include <linux/sockios.h>

/* ---- addresses ---- */

static unsigned listening_port, free_port = 7401;

/* Port 0: the listener's. */
static const struct place {
    const char *name, *ip;
    unsigned port;
    int family;
} places[] = {
    {"listener", "127.0.0.1", 0, AF_INET},     {"nobody", "127.0.0.1", 7400, AF_INET},
    {"another of ours", "127.0.0.9", 7400, AF_INET}, {"stranger", "192.0.2.1", 7400, AF_INET},
    {"any", "0.0.0.0", 7400, AF_INET},         {"group", "224.0.0.5", 7400, AF_INET},
    {"everybody", "255.255.255.255", 7400, AF_INET}, {"reserved", "240.0.0.1", 7400, AF_INET},
    {"listener of six", "::1", 0, AF_INET6},   {"nobody of six", "::1", 7400, AF_INET6},
    {"any of six", "::", 7400, AF_INET6},      {"stranger of six", "2001:db8::1", 7400, AF_INET6},
    {"group of six", "ff02::5", 7400, AF_INET6}, {"link of six", "fe80::1", 7400, AF_INET6},
    {"mapped listener", "::ffff:127.0.0.1", 0, AF_INET6}, {"mapped nobody", "::ffff:127.0.0.1", 7400, AF_INET6},
    {"mapped stranger", "::ffff:192.0.2.1", 7400, AF_INET6}, {"mapped any", "::ffff:0.0.0.0", 7400, AF_INET6},
    {"mapped group", "::ffff:224.0.0.5", 7400, AF_INET6}, {"unspecified", NULL, 0, AF_UNSPEC},
    {"of this machine", NULL, 0, AF_UNIX},
};

static socklen_t address(const struct place *p, struct sockaddr_storage *out)
{
    unsigned port = p->port ? p->port : listening_port;
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    *out = (struct sockaddr_storage){.ss_family = (sa_family_t)p->family};
    if (p->family == AF_INET) {
        four = in4(p->ip, port);
        memcpy(out, &four, sizeof four);
        return sizeof four;
    }
    if (p->family != AF_INET6)
        return sizeof four;
    six = in6(p->ip, port);
    memcpy(out, &six, sizeof six);
    return sizeof six;
}

/* ---- sockets in their states; each is non-blocking ---- */

static int listener = -1, accepted = -1;

static void open_listener(void)
{
    struct sockaddr_in6 a = in6("::", 0);
    socklen_t n = sizeof a;

    listener = socket(AF_INET6, SOCK_STREAM, 0);
    bind(listener, ADDR(a));
    listen(listener, 128);
    getsockname(listener, (struct sockaddr *)&a, &n);
    listening_port = ntohs(a.sin6_port);
}

static int fresh(int domain, int type) { return socket(domain, type | SOCK_NONBLOCK, type == SOCK_RAW ? 200 : 0); }

static void to(int fd, int domain, bool connects, unsigned port)
{
    struct sockaddr_in four = in4(LO, port);
    struct sockaddr_in6 six = in6("::1", port);
    const void *a = domain == AF_INET ? (void *)&four : (void *)&six;
    socklen_t n = domain == AF_INET ? sizeof four : sizeof six;

    if (connects)
        connect(fd, a, n);
    else
        bind(fd, a, n);
}

static int new(int domain, int type) { return fresh(domain, type); }

static int bound(int domain, int type)
{
    int fd = fresh(domain, type);

    to(fd, domain, false, free_port++);
    return fd;
}

static int listens(int domain, int type)
{
    int fd = bound(domain, type);

    listen(fd, 1);
    return fd;
}

static int connected(int domain, int type)
{
    int fd = fresh(domain, type);

    to(fd, domain, true, listening_port);
    if (type == SOCK_STREAM) {
        if (accepted >= 0)
            close(accepted);
        accepted = accept(listener, NULL, NULL);
        ready(fd, POLLOUT, 1000);
    }
    return fd;
}

static int refused(int domain, int type)
{
    int fd = fresh(domain, type);

    to(fd, domain, true, 7400);
    if (type == SOCK_DGRAM)
        send(fd, "x", 1, 0);
    ready(fd, POLLIN, 1000);
    return fd;
}

static int shut(int domain, int type)
{
    int fd = connected(domain, type);

    shutdown(fd, SHUT_RDWR);
    return fd;
}

/* ---- what is asked of them ---- */

static long do_bind(int fd, const void *a, socklen_t n) { return bind(fd, a, n); }
static long do_connect(int fd, const void *a, socklen_t n) { return connect(fd, a, n); }
static long do_sendto(int fd, const void *a, socklen_t n) { return sendto(fd, "x", 1, MSG_NOSIGNAL, a, n); }

/*
 * Differences that have a reason (docs/sockets.md), and what depends on the machine: streams that may still be bound
 * (nameless) are not bound to groups; where datagrams with a peer may go besides, and what a raw socket's bind takes
 * for an address.
 */
static bool is_left_out(int domain, int type, int fd, bool nameless, const struct place *p,
                        long (*call)(int fd, const void *a, socklen_t n))
{
    struct sockaddr_storage a;
    bool mapped = strstr(p->name, "mapped") != NULL, group = strstr(p->name, "group") || !strcmp(p->name, "everybody");
    bool link = !strcmp(p->name, "group of six") || !strcmp(p->name, "link of six");
    bool has_peer = getpeername(fd, (struct sockaddr *)&a, &(socklen_t){sizeof a}) == 0;

    if (call == do_bind)
        return type == SOCK_STREAM ? group && nameless : type == SOCK_RAW && domain == AF_INET && p->family != AF_INET;
    if (domain == AF_INET6 && (link || (type == SOCK_RAW && (mapped || p->family == AF_UNSPEC))))
        return true;
    if (type == SOCK_STREAM || !has_peer)
        return false;
    return call == do_connect ? group : domain == AF_INET6 && (mapped || p->family == AF_INET);
}

static void ask(int domain, int type, int (*make)(int domain, int type), const char *what,
                long (*call)(int fd, const void *a, socklen_t n))
{
    open_listener();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct sockaddr_storage a;
        int fd = make(domain, type), err = 0;
        socklen_t n = address(&places[i], &a), size = sizeof err;
        bool without = is_left_out(domain, type, fd, make == new || make == refused, &places[i], call);
        const char *said = without ? "left out" : call(fd, &a, n) < 0 ? strerrorname_np(errno) : "done";

        soon(1);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
        say("%s %s: %s, then %s", what, places[i].name, said, err ? strerrorname_np(err) : "no error");
        close(fd);
    }
    close(listener);
}

/* What is shut, or was refused, is told to a sender of datagrams by Linux after the address, by weft first. */
static void ask_all(int domain, int type, int (*make)(int domain, int type))
{
    ask(domain, type, make, "bind to", do_bind);
    ask(domain, type, make, "connect to", do_connect);
    if (type == SOCK_STREAM || (make != shut && make != refused))
        ask(domain, type, make, "send to", do_sendto);
}

#define STATE_OF(kind, domain, type, state)                                                                            \
    CASE(kind##_##state) { ask_all(domain, type, state); }

STATE_OF(stream, AF_INET, SOCK_STREAM, new)
STATE_OF(stream, AF_INET, SOCK_STREAM, bound)
STATE_OF(stream, AF_INET, SOCK_STREAM, listens)
STATE_OF(stream, AF_INET, SOCK_STREAM, connected)
STATE_OF(stream, AF_INET, SOCK_STREAM, refused)
STATE_OF(stream, AF_INET, SOCK_STREAM, shut)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, new)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, bound)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, listens)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, connected)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, refused)
STATE_OF(stream6, AF_INET6, SOCK_STREAM, shut)
STATE_OF(datagrams, AF_INET, SOCK_DGRAM, new)
STATE_OF(datagrams, AF_INET, SOCK_DGRAM, bound)
STATE_OF(datagrams, AF_INET, SOCK_DGRAM, connected)
STATE_OF(datagrams, AF_INET, SOCK_DGRAM, refused)
STATE_OF(datagrams, AF_INET, SOCK_DGRAM, shut)
STATE_OF(datagrams6, AF_INET6, SOCK_DGRAM, new)
STATE_OF(datagrams6, AF_INET6, SOCK_DGRAM, bound)
STATE_OF(datagrams6, AF_INET6, SOCK_DGRAM, connected)
STATE_OF(datagrams6, AF_INET6, SOCK_DGRAM, refused)
STATE_OF(datagrams6, AF_INET6, SOCK_DGRAM, shut)
STATE_OF(raw, AF_INET, SOCK_RAW, new)
STATE_OF(raw, AF_INET, SOCK_RAW, bound)
STATE_OF(raw, AF_INET, SOCK_RAW, connected)
STATE_OF(raw6, AF_INET6, SOCK_RAW, new)
STATE_OF(raw6, AF_INET6, SOCK_RAW, bound)
STATE_OF(raw6, AF_INET6, SOCK_RAW, connected)

/* ---- ioctl ---- */

/* What asks, not what changes. */
static const struct request {
    const char *name;
    unsigned long number;
} requests[] = {
#define REQUEST(name) {#name, name}
    REQUEST(SIOCATMARK), REQUEST(FIONREAD), REQUEST(TIOCOUTQ), REQUEST(SIOCOUTQNSD), REQUEST(SIOCGPGRP),
    REQUEST(FIOGETOWN), REQUEST(SIOCGIFNAME), REQUEST(SIOCGIFINDEX), REQUEST(SIOCGIFFLAGS), REQUEST(SIOCGIFADDR),
    REQUEST(SIOCGIFNETMASK), REQUEST(SIOCGIFBRDADDR), REQUEST(SIOCGIFDSTADDR), REQUEST(SIOCGIFMETRIC),
    REQUEST(SIOCGIFMTU), REQUEST(SIOCGIFHWADDR), REQUEST(SIOCGARP), REQUEST(SIOCGIFCOUNT), REQUEST(SIOCGIFENCAP),
    REQUEST(SIOCGIFMEM), REQUEST(SIOCGRARP), REQUEST(SIOCSIFLINK),
};

static void request(const char *kind, int fd, const struct request *q, const char *interface)
{
    union {
        struct ifreq r;
        char bytes[256];
    } arg = {0};
    int r;

    if (interface)
        strcpy(arg.r.ifr_name, interface);
    r = ioctl(fd, q->number, &arg);
    say("%s %s %s: %s", kind, q->name, interface ? interface : "no name", r < 0 ? strerrorname_np(errno) : "done");
}

CASE(requests_that_ask)
{
    static const char *const interfaces[] = {"lo", "nix0", NULL};

    for (size_t q = 0; q < sizeof requests / sizeof *requests; q++)
        for (int domain = AF_INET;; domain = AF_INET6) {
            for (int type = SOCK_STREAM; type <= SOCK_RAW; type++)
                for (size_t i = 0; i < 3; i++) {
                    int fd = fresh(domain, type);
                    char kind[40]; /* for any two ints, as the compiler sees it */

                    snprintf(kind, sizeof kind, "family %d type %d", domain, type);
                    request(kind, fd, &requests[q], interfaces[i]);
                    close(fd);
                }
            if (domain == AF_INET6)
                break;
        }
}
