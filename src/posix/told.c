/* SPDX-License-Identifier: MIT */
/* Options that can only be asked for, and whose answer is about the process or the socket as a thing: one row each. */
#include <netinet/in.h>
#include <stdatomic.h>

#include "posix/posix.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Of a socket of a file name; here there is nobody, as on Linux. */
static int get_credentials(struct px_sock *s, void *value, socklen_t *n)
{
    struct {
        int pid;
        unsigned user, group;
    } nobody = {0, (unsigned)-1, (unsigned)-1};

    (void)s;
    *n = *n < sizeof nobody ? *n : sizeof nobody;
    memcpy(value, &nobody, *n);
    return 0;
}

static int get_no_data(struct px_sock *s, void *value, socklen_t *n)
{
    (void)s, (void)value, (void)n;
    return -ENODATA;
}

/* A number that no other socket of the process has had. */
static int get_cookie(struct px_sock *s, void *value, socklen_t *n)
{
    static _Atomic(uint64_t) last;

    if (*n < sizeof s->cookie)
        return -EINVAL;
    if (!s->cookie)
        s->cookie = atomic_fetch_add(&last, 1) + 1;
    *n = sizeof s->cookie;
    memcpy(value, &s->cookie, sizeof s->cookie);
    return 0;
}

/* The host stands for the namespace. */
static int get_host_cookie(struct px_sock *s, void *value, socklen_t *n)
{
    uint64_t cookie = (uintptr_t)s->host;

    if (*n != sizeof cookie)
        return -EINVAL;
    memcpy(value, &cookie, sizeof cookie);
    return 0;
}

/* Unlike getpeername, it wants as much room as the name takes. */
static int get_peer(struct px_sock *s, void *value, socklen_t *n)
{
    struct weft_addr name;
    struct sockaddr_storage addr = {0};
    socklen_t size;
    int err = px_peer(s, &name);

    if (err)
        return err;
    size = linux_make_addr(&name, s->domain, &addr);
    if (*n > size)
        return -EINVAL;
    memcpy(value, &addr, *n);
    return 0;
}

static const struct told {
    int option;
    int (*get)(struct px_sock *s, void *value, socklen_t *n);
} tolds[] = {
    {SO_PEERCRED, get_credentials}, {SO_PEERNAME, get_peer},          {SO_COOKIE, get_cookie},
    {SO_PEERGROUPS, get_no_data},   {SO_NETNS_COOKIE, get_host_cookie}, {SO_PEERPIDFD, get_no_data},
};

static const struct told *find(int level, int option)
{
    for (size_t i = 0; level == SOL_SOCKET && i < sizeof tolds / sizeof *tolds; i++)
        if (tolds[i].option == option)
            return &tolds[i];
    return NULL;
}

bool px_is_told(int level, int option) { return find(level, option); }

int px_told_get(struct px_sock *s, int option, void *value, socklen_t *n)
{
    return find(SOL_SOCKET, option)->get(s, value, n);
}
