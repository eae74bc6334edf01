/* SPDX-License-Identifier: MIT */
/* Options that can only be asked for, and whose answer is about the process or the socket as a thing: one row each. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "linux/linux.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Of a socket of a file name; here there is nobody, as on Linux. */
static int get_credentials(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    struct {
        int pid;
        unsigned user, group;
    } nobody = {0, (unsigned)-1, (unsigned)-1};

    (void)s, (void)own;
    *n = *n < sizeof nobody ? *n : sizeof nobody;
    memcpy(value, &nobody, *n);
    return 0;
}

static int get_no_data(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    (void)s, (void)own, (void)value, (void)n;
    return -ENODATA;
}

/* A number that no other socket of the process has had. */
static int get_cookie(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    static _Atomic(uint64_t) last;

    (void)s;
    if (*n < sizeof own->cookie)
        return -EINVAL;
    if (!own->cookie)
        own->cookie = atomic_fetch_add(&last, 1) + 1;
    *n = sizeof own->cookie;
    memcpy(value, &own->cookie, sizeof own->cookie);
    return 0;
}

/* The host stands for the namespace. */
static int get_host_cookie(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    (void)s;
    if (*n != sizeof own->host)
        return -EINVAL;
    memcpy(value, &own->host, sizeof own->host);
    return 0;
}

int linux_peer(const struct linux_sock *s, struct weft_addr *name)
{
    enum weft_tcp_state state = weft_tcp_state(s->sock);
    bool ended = s->type == SOCK_STREAM && (state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT);
    int err = ended ? -ENOTCONN : weft_getpeername(s->sock, name);

    return err ? err : name->port ? 0 : -ENOTCONN; /* Linux goes by the port, of raw sockets too */
}

/* Unlike getpeername, it wants as little room as the name takes, and knows it when the connection is over. */
static int get_peer(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n)
{
    struct weft_addr name = {0};
    struct sockaddr_storage addr = {0};
    socklen_t size;
    int err = weft_getpeername(s->sock, &name);

    (void)own;
    if (err || !name.port)
        return -ENOTCONN;
    size = linux_make_addr(&name, s->domain, &addr);
    if (*n > size)
        return -EINVAL;
    memcpy(value, &addr, *n);
    return 0;
}

static const struct told {
    int option;
    int (*get)(const struct linux_sock *s, struct linux_own *own, void *value, socklen_t *n);
} tolds[] = {
    {SO_PEERCRED, get_credentials}, {SO_PEERNAME, get_peer},          {SO_COOKIE, get_cookie},
    {SO_PEERGROUPS, get_no_data},   {SO_NETNS_COOKIE, get_host_cookie}, {SO_PEERPIDFD, get_no_data},
};

int linux_told_get(const struct linux_sock *s, struct linux_own *own, int level, int option, void *value,
                   socklen_t *n)
{
    for (size_t i = 0; level == SOL_SOCKET && i < sizeof tolds / sizeof *tolds; i++)
        if (tolds[i].option == option)
            return tolds[i].get(s, own, value, n);
    return -ENOTTY;
}
