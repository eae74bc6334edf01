/* SPDX-License-Identifier: MIT */
/* See case.h. */
#include "case.h"

#include <linux/if_tun.h>
#include <stdarg.h>
#include <time.h>

void say(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    flockfile(stdout); /* cases have threads: a line is one */
    vprintf(format, ap);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
    va_end(ap);
}

long say_result(const char *what, long r)
{
    int err = errno;

    if (r >= 0)
        say("%s = %ld", what, r);
    else
        say("%s = -1 %s", what, strerrorname_np(err));
    errno = err;
    return r;
}

void say_ready(const char *what, int r, short revents)
{
    static const struct {
        short bit;
        const char *name;
    } bits[] = {{POLLIN, " IN"}, {POLLPRI, " PRI"}, {POLLOUT, " OUT"}, {POLLERR, " ERR"}, {POLLHUP, " HUP"},
                {POLLNVAL, " NVAL"}, {POLLRDHUP, " RDHUP"}, {POLLRDNORM, " RDNORM"}, {POLLWRNORM, " WRNORM"},
                {POLLWRBAND, " WRBAND"}, {POLLRDBAND, " RDBAND"}};
    char text[128] = "";

    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (revents & bits[i].bit)
            strcat(text, bits[i].name);
    say("%s = %d:%s", what, r, text);
}

void say_addr(const char *what, int r, const void *addr, socklen_t n)
{
    const struct sockaddr_in *four = addr;
    const struct sockaddr_in6 *six = addr;
    char text[INET6_ADDRSTRLEN] = "?";
    unsigned port = ntohs(four->sin_port);

    if (r < 0) {
        say("%s = -1 %s", what, strerrorname_np(errno));
        return;
    }
    if (four->sin_family == AF_INET && n >= sizeof *four)
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    else if (four->sin_family == AF_INET6 && n >= sizeof *six)
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    if (port >= 32768)
        say("%s = %s port chosen, %u bytes", what, text, (unsigned)n);
    else
        say("%s = %s port %u, %u bytes", what, text, port, (unsigned)n);
}

void say_name(const char *what, int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    int r = getsockname(fd, (struct sockaddr *)&a, &n);

    say_addr(what, r, &a, n);
}

void say_peer(const char *what, int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    int r = getpeername(fd, (struct sockaddr *)&a, &n);

    say_addr(what, r, &a, n);
}

void say_bytes(const char *what, long r, const void *buf)
{
    if (r < 0)
        say("%s = -1 %s", what, strerrorname_np(errno));
    else
        say("%s = %ld '%.*s'", what, r, (int)(r < 64 ? r : 64), (const char *)buf);
}

void say_opt(const char *what, int fd, int level, int option)
{
    int v = -77;
    socklen_t n = sizeof v;
    int r = getsockopt(fd, level, option, &v, &n);

    if (r < 0)
        say("%s = -1 %s", what, strerrorname_np(errno));
    else
        say("%s = %d, %u bytes", what, v, (unsigned)n);
}

struct sockaddr_in in4(const char *ip, unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

struct sockaddr_in6 in6(const char *ip, unsigned port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    inet_pton(AF_INET6, ip, &a.sin6_addr);
    return a;
}

static int must(const char *what, int r)
{
    if (r >= 0)
        return r;
    say("%s failed: %s", what, strerrorname_np(errno));
    exit(0);
}

int tcp(void) { return must("socket", socket(AF_INET, SOCK_STREAM, 0)); }
int udp(void) { return must("socket", socket(AF_INET, SOCK_DGRAM, 0)); }

int tcp_listener(unsigned port)
{
    struct sockaddr_in a = in4(LO, port);
    int fd = tcp();

    must("bind", bind(fd, ADDR(a)));
    must("listen", listen(fd, 16));
    return fd;
}

int udp_at(unsigned port)
{
    struct sockaddr_in a = in4(LO, port);
    int fd = udp();

    must("bind", bind(fd, ADDR(a)));
    return fd;
}

void reset_by(int fd)
{
    struct linger at_once = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

void tcp_pair(int fd[2])
{
    int l = tcp_listener(7000);
    struct sockaddr_in a = in4(LO, 7000);

    fd[0] = tcp();
    must("connect", connect(fd[0], ADDR(a)));
    fd[1] = must("accept", accept(l, NULL, NULL));
    close(l);
}

void udp_pair(int fd[2])
{
    struct sockaddr_in a = in4(LO, 7001), b = in4(LO, 7002);

    fd[0] = udp_at(7001);
    fd[1] = udp_at(7002);
    must("connect", connect(fd[0], ADDR(b)));
    must("connect", connect(fd[1], ADDR(a)));
}

int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

int set_timeout(int fd, int option, int milliseconds)
{
    struct timeval t = {milliseconds / 1000, milliseconds % 1000 * 1000};

    return setsockopt(fd, SOL_SOCKET, option, &t, sizeof t);
}

void nonblocking(int fd)
{
    must("fcntl", fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK));
}

short ready(int fd, short events, int milliseconds)
{
    struct pollfd p = {fd, events, 0};

    must("poll", poll(&p, 1, milliseconds));
    return p.revents;
}

void soon(int milliseconds)
{
    struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void when_readable(int fd)
{
    ready(fd, POLLIN, 2000);
}

#ifdef WEFT_POSIX_NAMES
weft_host *case_host;

void ethernet(void)
{
    static weft_driver *ends[2];
    char why[200] = "no pair";

    if (!weft_pair_open(ends) || weft_host_add_driver(case_host, ends[0], NULL, why, sizeof why)) {
        say("%s", why);
        exit(0);
    }
}
#else
void ethernet(void)
{
    struct ifreq r = {.ifr_name = ETHERNET, .ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = udp();

    must("TAP", ioctl(must("tun", open("/dev/net/tun", O_RDWR)), TUNSETIFF, &r));
    must("flags", ioctl(fd, SIOCGIFFLAGS, &r));
    r.ifr_flags |= IFF_UP;
    must("up", ioctl(fd, SIOCSIFFLAGS, &r));
    close(fd);
}
#endif
