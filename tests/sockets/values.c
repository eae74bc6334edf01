/* SPDX-License-Identifier: MIT */
/*
 * Every option on sockets that are past their beginning, and every option with values that are few, many, negative or
 * none: what the call says, and what the socket tells of it afterwards. `numbers` has the new ones, and the lengths of
 * a value that is set. What differs on purpose is left out here, as it is there.
 */
#define CHAPTER "values"
#include "case.h"

#include <limits.h>

/* ---- sockets in their states ---- */

static int peer = -1; /* of the last one that was made */

static void keep_peer(int fd)
{
    if (peer >= 0)
        close(peer);
    peer = fd;
}

static int new_tcp(void) { return tcp(); }
static int new_udp(void) { return udp(); }
static int new_raw(void) { return socket(AF_INET, SOCK_RAW, 200); }
static int new_tcp6(void) { return socket(AF_INET6, SOCK_STREAM, 0); }
static int new_udp6(void) { return socket(AF_INET6, SOCK_DGRAM, 0); }
static int new_raw6(void) { return socket(AF_INET6, SOCK_RAW, 200); }

static int listening(void) { return tcp_listener(0); }

/* Connected, at whatever port; its peer is kept. */
static int connected(void)
{
    int l = tcp_listener(0), c = tcp();
    struct sockaddr_in a;
    socklen_t n = sizeof a;

    getsockname(l, (struct sockaddr *)&a, &n);
    connect(c, ADDR(a));
    keep_peer(accept(l, NULL, NULL));
    close(l);
    return c;
}

static int ended(void)
{
    int fd = connected();

    keep_peer(-1);
    when_readable(fd);
    return fd;
}

static int was_reset(void)
{
    int fd = connected();

    reset_by(peer);
    peer = -1;
    when_readable(fd);
    return fd;
}

/* Of IPv6, at a listener's port, by the way this address leads. */
static int connected_of_six(const char *ip)
{
    struct sockaddr_in6 any = in6("::", 0), to = in6(ip, 0);
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t n = sizeof any;

    bind(l, ADDR(any));
    listen(l, 1);
    getsockname(l, (struct sockaddr *)&any, &n);
    to.sin6_port = any.sin6_port;
    connect(c, ADDR(to));
    keep_peer(accept(l, NULL, NULL));
    close(l);
    return c;
}

static int connected6(void) { return connected_of_six("::1"); }
static int mapped(void) { return connected_of_six("::ffff:127.0.0.1"); }

static int udp_connected(void)
{
    struct sockaddr_in to = in4(LO, 7300);
    int fd = udp();

    connect(fd, ADDR(to));
    return fd;
}

static int udp_of_six(const char *ip)
{
    struct sockaddr_in6 to = in6(ip, 7300);
    int fd = new_udp6();

    connect(fd, ADDR(to));
    return fd;
}

static int udp6_connected(void) { return udp_of_six("::1"); }
static int udp_mapped(void) { return udp_of_six("::ffff:127.0.0.1"); }

#define KIND(name) {#name, name}
struct kind {
    const char *name;
    int (*make)(void);
};
static const struct kind states[] = {KIND(listening), KIND(connected),     KIND(ended),          KIND(was_reset),
                                     KIND(mapped),    KIND(connected6),    KIND(udp_connected),  KIND(udp6_connected),
                                     KIND(udp_mapped)};
static const struct kind beginnings[] = {KIND(new_tcp),  KIND(new_udp),  KIND(new_raw),
                                         KIND(new_tcp6), KIND(new_udp6), KIND(new_raw6)};

/* ---- what is asked of them ---- */

/* What a socket tells of an option, as text. */
static const char *told(int fd, int level, int option, char text[static 40])
{
    unsigned char bytes[256] = {0};
    socklen_t n = sizeof bytes;
    int value;

    if (getsockopt(fd, level, option, bytes, &n) < 0)
        return strerrorname_np(errno);
    memcpy(&value, bytes, sizeof value);
    snprintf(text, 40, "%d", value);
    return text;
}

/* A value that is set, and what is told then. */
static void set_and_tell(int fd, int level, int option, int value, char line[static 80])
{
    char text[40];
    const char *r = setsockopt(fd, level, option, &value, sizeof value) < 0 ? strerrorname_np(errno) : "done";

    snprintf(line, 80, "%s, then %s", r, told(fd, level, option, text));
}

static void in_states(int level, int option)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        int fd = states[i].make();
        char text[40], line[80];
        const char *before = told(fd, level, option, text);

        set_and_tell(fd, level, option, 1, line);
        say("%s %d: %s; 1: %s", states[i].name, option, before, line);
        close(fd);
    }
}

/* Values with the same answer are told together. */
static void with_values(int level, int option)
{
    static const int values[] = {INT_MIN, -2, -1, 0, 1, 2, 3, 4, 7, 40, 127, 128, 255, 256, 1279, 1280, 1500, 32767,
                                 32768, 65535, 65536, INT_MAX};

    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        char before[80] = "", line[80];

        say("%s %d", beginnings[i].name, option);
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            int fd = beginnings[i].make();

            set_and_tell(fd, level, option, values[v], line);
            if (strcmp(line, before) != 0)
                say("  from %d: %s", values[v], line);
            strcpy(before, line);
            close(fd);
        }
    }
}

/* How much room there is for what is told; answers that are the same are told together. */
static void with_room(int level, int option)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        char line[400] = "", before[80] = "", now[80];

        for (int room = -1; room <= 9; room++) {
            int fd = beginnings[i].make();
            unsigned char bytes[16];
            socklen_t n = (socklen_t)room;

            memset(bytes, 0xee, sizeof bytes);
            if (getsockopt(fd, level, option, bytes, &n) < 0)
                snprintf(now, sizeof now, "%s (%d)", strerrorname_np(errno), (int)n == room);
            else
                snprintf(now, sizeof now, "%u, %02x%02x%02x%02x%02x", (unsigned)n, bytes[0], bytes[1], bytes[2],
                         bytes[3], bytes[4]);
            if (strcmp(now, before) != 0)
                snprintf(line + strlen(line), sizeof line - strlen(line), " %d: %s;", room, now);
            strcpy(before, now);
            close(fd);
        }
        say("%s %d, by room:%s", beginnings[i].name, option, line);
    }
}

static void walk(int level, int first, int last, void (*ask)(int level, int option), const int *without, size_t n)
{
    for (int option = first; option <= last; option++) {
        bool left_out = false;

        for (size_t i = 0; i < n; i++)
            left_out |= without[i] == option;
        if (!left_out)
            ask(level, option);
    }
}

#define WALK(name, ask, level, first, last, ...)                                                                       \
    CASE(name)                                                                                                         \
    {                                                                                                                  \
        static const int without[] = {__VA_ARGS__};                                                                    \
                                                                                                                       \
        walk(level, first, last, ask, without, sizeof without / sizeof *without);                                      \
    }

#define GENERIC_WITHOUT 26, 27, 44, 51, SO_COOKIE, 61, 62, 63, 64, 65, 70
/* How large buffers may be is the machine's affair, and what a number of a BPF program is, the kernel's. */
#define VALUES_WITHOUT 7, 8, 18, 32, 33, SO_MAX_PACING_RATE, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF
#define IP_WITHOUT IP_MTU_DISCOVER, 16, 17, IP_TRANSPARENT, 25, 26, 36, 37, 38, 39, 40, 41, 49, 50
#define IPV6_WITHOUT 1, 2, 3, 4, 5, 6, 8, 27, 28, 31, 32, 34, 35, 50, 54, 55, 57, 59, 62
#define TCP_WITHOUT TCP_INFO, TCP_CONGESTION, 14, TCP_REPAIR, TCP_TIMESTAMP, 26, 29

/* Loopback carries a byte less here; buffers that grow, CPUs and ports are as they come. */
WALK(generic_in_states, in_states, SOL_SOCKET, 0, 75, 7, 8, SO_INCOMING_CPU, 55, GENERIC_WITHOUT)
WALK(of_IP_in_states, in_states, IPPROTO_IP, 0, 63, IP_MTU, 52, IP_WITHOUT)
WALK(of_IPv6_in_states, in_states, IPPROTO_IPV6, 0, 63, IPV6_MTU, IPV6_WITHOUT)
WALK(of_TCP_in_states, in_states, IPPROTO_TCP, 0, 30, TCP_MAXSEG, TCP_WITHOUT)
WALK(of_UDP_in_states, in_states, IPPROTO_UDP, 0, 20)

WALK(generic_by_value, with_values, SOL_SOCKET, 0, 75, VALUES_WITHOUT, GENERIC_WITHOUT)
WALK(of_IP_by_value, with_values, IPPROTO_IP, 0, 63, IP_WITHOUT)
WALK(of_IPv6_by_value, with_values, IPPROTO_IPV6, 0, 63, IPV6_UNICAST_HOPS, IPV6_WITHOUT)
WALK(of_TCP_by_value, with_values, IPPROTO_TCP, 0, 30, TCP_DEFER_ACCEPT, TCP_WITHOUT)
WALK(of_UDP_by_value, with_values, IPPROTO_UDP, 0, 20)

WALK(generic_by_room, with_room, SOL_SOCKET, 0, 75, SO_NETNS_COOKIE, GENERIC_WITHOUT)
WALK(of_IP_by_room, with_room, IPPROTO_IP, 0, 63, IP_WITHOUT)
WALK(of_IPv6_by_room, with_room, IPPROTO_IPV6, 0, 63, IPV6_WITHOUT)
WALK(of_TCP_by_room, with_room, IPPROTO_TCP, 0, 30, TCP_WITHOUT)
WALK(of_UDP_by_room, with_room, IPPROTO_UDP, 0, 20)
