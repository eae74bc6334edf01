/* SPDX-License-Identifier: MIT */
/* bind, getsockname, getpeername; struct sockaddr_in and sockaddr_in6 in the program's memory. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "run/private.h"

int name_read(const struct call *c, uint64_t at, uint64_t n, int domain, struct weft_addr *out, int *family)
{
    struct sockaddr_storage addr = {0};

    *family = -1;
    if (n < sizeof(sa_family_t) || n > sizeof addr)
        return -EINVAL;
    if (call_read(c, at, &addr, n) < 0)
        return -EFAULT;
    *family = addr.ss_family;
    return linux_read_addr((const struct sockaddr *)&addr, (socklen_t)n, domain, out);
}

int name_write(const struct call *c, const struct weft_addr *addr, int domain, uint64_t at, uint64_t n_at)
{
    struct sockaddr_storage made;
    socklen_t has = linux_make_addr(addr, domain, &made), room;

    if (!at)
        return 0;
    if (call_read(c, n_at, &room, sizeof room) < 0)
        return -EFAULT;
    if ((int)room < 0)
        return -EINVAL;
    if (call_write(c, at, &made, room < has ? room : has) < 0 || call_write(c, n_at, &has, sizeof has) < 0)
        return -EFAULT;
    return 0;
}

/* Programs forgot the family, and Linux forgives it for the any-address. */
static bool is_forgiven(const struct call *c, const struct weft_addr *local, int family)
{
    static const struct weft_ip none = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

    return c->file->domain == AF_INET && family == AF_UNSPEC && memcmp(&local->ip, &none, sizeof none) == 0;
}

/* A port that was given up just now, by a close, is free. */
static int bind_to(struct call *c, const struct weft_addr *local)
{
    int err = weft_bind(c->file->sock, local);

    if (err != WEFT_EADDRINUSE)
        return err;
    run_closes(c->run);
    return weft_bind(c->file->sock, local);
}

int64_t answer_bind(struct call *c)
{
    struct weft_addr local;
    int family, err = name_read(c, c->arg[1], c->arg[2], c->file->domain, &local, &family);

    if (err == -EAFNOSUPPORT && c->arg[2] >= sizeof(struct sockaddr_in)) {
        struct sockaddr_storage addr = {0};

        if (call_read(c, c->arg[1], &addr, sizeof(struct sockaddr_in)) == 0) {
            addr.ss_family = AF_INET;
            linux_read_addr((const struct sockaddr *)&addr, sizeof(struct sockaddr_in), AF_INET, &local);
            err = is_forgiven(c, &local, family) ? 0 : err;
        }
    }
    return err ? err : bind_to(c, &local);
}

static int64_t tell_name(struct call *c, int (*ask)(const weft_sock *, struct weft_addr *))
{
    struct weft_addr name;
    int err = ask(c->file->sock, &name);

    if (!err && !c->arg[1])
        err = -EFAULT;
    return err ? err : name_write(c, &name, c->file->domain, c->arg[1], c->arg[2]);
}

int64_t answer_getsockname(struct call *c) { return tell_name(c, weft_getsockname); }

int64_t answer_getpeername(struct call *c)
{
    enum weft_tcp_state state = weft_tcp_state(c->file->sock);

    if (file_is_stream(c->file) && (state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT))
        return -ENOTCONN;
    return tell_name(c, weft_getpeername);
}
