/* SPDX-License-Identifier: MIT */
/* See weft/unp.h. Reading, writing, names, and the sockets that programs begin with. */
#include "weft/unp.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG 128

/* ---- bytes ---- */

ssize_t weft_unp_readn(int fd, void *buf, size_t n)
{
    size_t done = 0;
    ssize_t r;

    while (done < n) {
        r = weft_posix_read(fd, (char *)buf + done, n - done);
        if (r == 0)
            break;
        if (r < 0 && errno != EINTR)
            return -1;
        done += r > 0 ? (size_t)r : 0;
    }
    return (ssize_t)done;
}

ssize_t weft_unp_writen(int fd, const void *buf, size_t n)
{
    size_t done = 0;
    ssize_t r;

    while (done < n) {
        r = weft_posix_write(fd, (const char *)buf + done, n - done);
        if (r < 0 && errno != EINTR)
            return -1;
        done += r > 0 ? (size_t)r : 0;
    }
    return (ssize_t)done;
}

/* More bytes into the empty buffer: 1, 0 at the end, -1. */
static int refill(struct weft_unp_reader *r)
{
    ssize_t n;

    do {
        n = weft_posix_read(r->fd, r->buf, sizeof r->buf);
    } while (n < 0 && errno == EINTR);
    r->begin = 0;
    r->end = n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : (int)n;
}

ssize_t weft_unp_readline(struct weft_unp_reader *r, char *line, size_t n)
{
    size_t done = 0;
    int more;

    while (done + 1 < n) {
        if (r->begin == r->end) {
            more = refill(r);
            if (more < 0)
                return -1;
            if (more == 0)
                break;
        }
        line[done] = r->buf[r->begin++];
        if (line[done++] == '\n')
            break;
    }
    if (n)
        line[done] = 0;
    return (ssize_t)done;
}

/* ---- signals ---- */

weft_unp_handler *weft_unp_signal(int number, weft_unp_handler *handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = number == SIGALRM ? 0 : SA_RESTART}, before;

    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, &before) < 0 ? SIG_ERR : before.sa_handler;
}

/* ---- names ---- */

char *weft_unp_sock_ntop(const struct sockaddr *addr, socklen_t len, char *buf, size_t n)
{
    char host[64], port[8];
    int r;

    if (weft_posix_getnameinfo(addr, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        return NULL;
    if (strcmp(port, "0") == 0)
        r = snprintf(buf, n, "%s", host);
    else
        r = snprintf(buf, n, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return r >= 0 && (size_t)r < n ? buf : NULL;
}

char *weft_unp_sock_ntop_host(const struct sockaddr *addr, socklen_t len, char *buf, size_t n)
{
    return weft_posix_getnameinfo(addr, len, buf, (socklen_t)n, NULL, 0, NI_NUMERICHOST) ? NULL : buf;
}

struct addrinfo *weft_unp_host_serv(const char *host, const char *service, int family, int type)
{
    struct addrinfo hints = {.ai_flags = host ? AI_CANONNAME : 0, .ai_family = family, .ai_socktype = type}, *list;

    if (weft_posix_getaddrinfo(host, service, &hints, &list) == 0)
        return list;
    errno = ENOENT;
    return NULL;
}

/* ---- sockets to begin with ---- */

typedef int use(int fd, const struct addrinfo *a);

static int use_connect(int fd, const struct addrinfo *a) { return weft_posix_connect(fd, a->ai_addr, a->ai_addrlen); }
static int use_bind(int fd, const struct addrinfo *a) { return weft_posix_bind(fd, a->ai_addr, a->ai_addrlen); }

static int use_listen(int fd, const struct addrinfo *a)
{
    int on = 1;

    weft_posix_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return use_bind(fd, a) < 0 ? -1 : weft_posix_listen(fd, BACKLOG);
}

static int use_nothing(int fd, const struct addrinfo *a)
{
    (void)fd, (void)a;
    return 0;
}

/* The first address with which all goes well; the last one's errno stays. */
static int open_first(const struct addrinfo *list, use *how, struct sockaddr_storage *addr, socklen_t *len)
{
    int fd = -1, err;

    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        fd = weft_posix_socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd < 0)
            continue;
        if (how(fd, a) == 0) {
            if (addr)
                memcpy(addr, a->ai_addr, a->ai_addrlen);
            if (len)
                *len = a->ai_addrlen;
            return fd;
        }
        err = errno;
        weft_posix_close(fd);
        errno = err;
    }
    return -1;
}

static int begin(const char *host, const char *service, int type, int flags, use *how, struct sockaddr_storage *addr,
                 socklen_t *len)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type, .ai_flags = flags}, *list;
    int fd, err;

    if (weft_posix_getaddrinfo(host, service, &hints, &list)) {
        errno = ENOENT;
        return -1;
    }
    fd = open_first(list, how, addr, len);
    err = errno;
    weft_posix_freeaddrinfo(list);
    errno = err;
    return fd;
}

int weft_unp_tcp_connect(const char *host, const char *service)
{
    return begin(host, service, SOCK_STREAM, 0, use_connect, NULL, NULL);
}

int weft_unp_tcp_listen(const char *host, const char *service, socklen_t *len)
{
    return begin(host, service, SOCK_STREAM, AI_PASSIVE, use_listen, NULL, len);
}

int weft_unp_udp_server(const char *host, const char *service, socklen_t *len)
{
    return begin(host, service, SOCK_DGRAM, AI_PASSIVE, use_bind, NULL, len);
}

int weft_unp_udp_connect(const char *host, const char *service)
{
    return begin(host, service, SOCK_DGRAM, 0, use_connect, NULL, NULL);
}

int weft_unp_udp_client(const char *host, const char *service, struct sockaddr_storage *addr, socklen_t *len)
{
    return begin(host, service, SOCK_DGRAM, 0, use_nothing, addr, len);
}
