/* SPDX-License-Identifier: MIT */
/* bind, getsockname, getpeername; struct sockaddr_in and sockaddr_in6 in the program's memory. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "run/private.h"

#define IN6_SHORTEST 24 /* bytes: RFC 2133's structure had no scope */
#define V4_IN_MAPPED 12 /* offset of the IPv4 address in its mapped form */

/* Ports stand in socket addresses as they do on the wire: the larger byte first. */
static uint16_t read_port(const void *port)
{
    const uint8_t *b = port;

    return (uint16_t)(b[0] << 8 | b[1]);
}

static void write_port(void *port, uint16_t value)
{
    uint8_t *b = port;

    b[0] = (uint8_t)(value >> 8);
    b[1] = (uint8_t)value;
}

static void parse_in(const struct sockaddr_storage *addr, struct weft_addr *out)
{
    struct sockaddr_in in;

    memcpy(&in, addr, sizeof in);
    out->ip = weft_ipv4(0);
    memcpy(out->ip.b + V4_IN_MAPPED, &in.sin_addr, sizeof in.sin_addr);
    out->port = read_port(&in.sin_port);
}

static void parse_in6(const struct sockaddr_storage *addr, struct weft_addr *out)
{
    struct sockaddr_in6 in6;

    memcpy(&in6, addr, sizeof in6);
    memcpy(out->ip.b, &in6.sin6_addr, sizeof out->ip.b);
    weft_ip_set_zone(&out->ip, in6.sin6_scope_id);
    out->port = read_port(&in6.sin6_port);
}

int name_read(const struct call *c, uint64_t at, uint64_t n, int domain, struct weft_addr *out, int *family)
{
    struct sockaddr_storage addr = {0};

    *family = -1;
    if (n < sizeof(sa_family_t) || n > sizeof addr)
        return -EINVAL;
    if (call_read(c, at, &addr, n) < 0)
        return -EFAULT;
    *family = addr.ss_family;
    if (n < (domain == AF_INET6 ? IN6_SHORTEST : sizeof(struct sockaddr_in)))
        return -EINVAL;
    if (*family != domain)
        return -EAFNOSUPPORT;
    (domain == AF_INET6 ? parse_in6 : parse_in)(&addr, out);
    return 0;
}

socklen_t name_make(const struct weft_addr *addr, int domain, struct sockaddr_storage *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct weft_ip ip = addr->ip;

    memset(out, 0, sizeof *out);
    if (domain == AF_INET6) {
        in6.sin6_scope_id = weft_ip_zone(&ip);
        weft_ip_set_zone(&ip, 0);
        write_port(&in6.sin6_port, addr->port);
        memcpy(&in6.sin6_addr, ip.b, sizeof ip.b);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    write_port(&in.sin_port, addr->port);
    memcpy(&in.sin_addr, ip.b + V4_IN_MAPPED, sizeof in.sin_addr);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

int name_write(const struct call *c, const struct weft_addr *addr, int domain, uint64_t at, uint64_t n_at)
{
    struct sockaddr_storage made;
    socklen_t has = name_make(addr, domain, &made), room;

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
            parse_in(&addr, &local);
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
