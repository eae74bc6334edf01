/* SPDX-License-Identifier: MIT */
/*
 * Every number of an option, whether it has a name or not, on every kind of socket: what it is at first, and what the
 * call says to each length of a 1 that is set. What differs on purpose is left out here, and has a case elsewhere
 * (options, linux, further) or none, because it is Linux's alone.
 */
#define CHAPTER "numbers"
#include "case.h"

static const struct kind {
    const char *name;
    int domain, type, protocol;
} kinds[] = {{"tcp", AF_INET, SOCK_STREAM, 0},     {"udp", AF_INET, SOCK_DGRAM, 0},
             {"raw", AF_INET, SOCK_RAW, 200},      {"icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP},
             {"tcp6", AF_INET6, SOCK_STREAM, 0},   {"udp6", AF_INET6, SOCK_DGRAM, 0},
             {"raw6", AF_INET6, SOCK_RAW, 200},    {"icmp6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6}};

static void get(const struct kind *k, int level, int option)
{
    int fd = socket(k->domain, k->type, k->protocol), value = 0, r;
    unsigned char bytes[256];
    socklen_t n = sizeof bytes;

    memset(bytes, 0xee, sizeof bytes);
    r = getsockopt(fd, level, option, bytes, &n);
    memcpy(&value, bytes, n < sizeof value ? n : sizeof value);
    if (r < 0)
        say("%s %d: %s", k->name, option, strerrorname_np(errno));
    else
        say("%s %d: %d, %u bytes", k->name, option, value, (unsigned)n);
    close(fd);
}

/* The lengths that get the same answer are told together. */
static void set(const struct kind *k, int level, int option)
{
    const int one[4] = {1};
    const char *before = NULL;
    char line[160] = "";

    for (socklen_t n = 0; n <= sizeof one; n = n ? 2 * n : 1) {
        int fd = socket(k->domain, k->type, k->protocol);
        const char *now = setsockopt(fd, level, option, one, n) < 0 ? strerrorname_np(errno) : "done";

        if (now != before)
            snprintf(line + strlen(line), sizeof line - strlen(line), " %u: %s", (unsigned)n, now);
        before = now;
        close(fd);
    }
    say("  set, by length:%s", line);
}

static void walk(int level, int first, int last, const int *without, size_t n)
{
    for (int option = first; option <= last; option++) {
        bool left_out = false;

        for (size_t i = 0; i < n; i++)
            left_out |= without[i] == option;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !left_out; i++) {
            get(&kinds[i], level, option);
            set(&kinds[i], level, option);
        }
    }
}

/* A case by a level's name: from, to, and without these. */
#define NUMBERS(level, first, last, ...)                                                                               \
    CASE(level)                                                                                                        \
    {                                                                                                                  \
        static const int without[] = {__VA_ARGS__};                                                                    \
                                                                                                                       \
        walk(level, first, last, without, sizeof without / sizeof *without);                                           \
    }

/* Filters of streams, cookies that are numbers of their own, and what other cases have. */
NUMBERS(SOL_SOCKET, 0, 75, 26, 27, 44, 51, SO_COOKIE, 61, 62, 70)

/* IPsec, netfilter, fragments, IP_TRANSPARENT, IP_MTU_DISCOVER's default, groups on streams. */
NUMBERS(IPPROTO_IP, 0, 63, IP_MTU_DISCOVER, 16, 17, IP_TRANSPARENT, 25, 26, 36, 37, 38, 39, 40, 41, 49, 50)

/* The same, and headers of streams. */
NUMBERS(IPPROTO_IPV6, 0, 63, 1, 27, 28, 31, 32, 34, 35, 50, 54, 55, 57, 59, 62)
NUMBERS(IPPROTO_TCP, 0, 30, TCP_INFO, TCP_CONGESTION, 14, TCP_REPAIR, TCP_TIMESTAMP, 26, 29)
NUMBERS(IPPROTO_UDP, 0, 20)
NUMBERS(IPPROTO_ICMP, 0, 4, SO_REUSEADDR)
NUMBERS(IPPROTO_ICMPV6, 0, 4)
NUMBERS(IPPROTO_RAW, 0, 8)
