/* SPDX-License-Identifier: MIT */
/* See call.h: sockets come, get addresses, and go. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "stamps.h"

/* ---- addresses ---- */

static bool host_parse(struct attempt *a, const struct value *host, struct weft_ip *ip)
{
    struct scan s;

    if (host->kind == VALUE_NUMBER) {
        *ip = weft_ipv4((uint32_t)host->number);
    } else if (host->kind == VALUE_TEXT) {
        scan_begin(&s, host->text, strlen(host->text));
        *ip = scan_ip(&s);
        if (s.failed)
            bad(a, "%s", s.why);
        return !s.failed;
    }
    return true;
}

static const struct value *port_of(const struct value *v)
{
    const struct value *port = value_field(v, "sin_port", 1);

    return port ? port : value_field(v, "sin6_port", 1);
}

static const struct value *host_of(const struct value *v)
{
    const struct value *host = value_field(v, "sin_addr", 2);

    return host ? host : value_field(v, "sin6_addr", 2);
}

bool address_parse(struct attempt *a, const struct value *v, const struct weft_ip *ip, uint16_t port,
                   struct weft_addr *out)
{
    *out = (struct weft_addr){*ip, port};
    if (v->kind != VALUE_STRUCT)
        return true;
    if (port_of(v) && port_of(v)->kind == VALUE_NUMBER)
        out->port = (uint16_t)port_of(v)->number;
    return !host_of(v) || host_parse(a, host_of(v), &out->ip);
}

bool address_matches(struct attempt *a, const struct value *expected, const struct weft_addr *actual)
{
    struct weft_addr e;

    if (expected->kind != VALUE_STRUCT || a->lab->lenient)
        return true;
    if (!address_parse(a, expected, &actual->ip, actual->port, &e))
        return false;
    return e.port == actual->port && ip_same(&e.ip, &actual->ip);
}

/* ---- opening ---- */

/* `...` is the family of --ip_version. */
static enum weft_family family_of(const struct attempt *a)
{
    if (argument(a, 0)->kind == VALUE_NUMBER)
        return (enum weft_family)number_of(a, 0);
    return a->lab->script->config.version == IP_V4 ? WEFT_INET : WEFT_INET6;
}

int64_t call_socket(struct attempt *a)
{
    int64_t type = number_of(a, 1);
    enum weft_proto proto = (enum weft_proto)number_of(a, 2);
    struct lab_fd *fd;
    weft_sock *sock;
    int err = 0;

    if (number_of(a, 2) == 0)
        proto = (type & 0xf) == 1 ? WEFT_TCP : WEFT_UDP;
    if (proto == WEFT_ICMP && family_of(a) == WEFT_INET6)
        proto = WEFT_ICMPV6;
    sock = weft_socket_in(a->lab->stack, family_of(a), proto, &err);
    if (!sock)
        return err;
    fd = fd_add(a->lab, FD_SOCKET, (int)a->call->result);
    fd->sock = sock;
    fd->proto = proto;
    fd->nonblocking = type & 04000;
    return a->call->result;
}

int64_t call_bind(struct attempt *a)
{
    const struct config *c = &a->lab->script->config;
    struct weft_addr addr;

    if (!address_parse(a, argument(a, 1), &c->local, c->port, &addr))
        return BAD;
    return weft_bind(a->fd->sock, &addr);
}

int64_t call_listen(struct attempt *a)
{
    return weft_listen(a->fd->sock, (unsigned)number_of(a, 1));
}

static bool is_known_peer(const struct attempt *a, const struct weft_addr *peer)
{
    for (const struct tuple *t = a->lab->tuples; t; t = t->next)
        if (t->remote_port == peer->port && ip_same(&t->remote, &peer->ip))
            return true;
    return false;
}

int64_t call_accept(struct attempt *a)
{
    struct weft_addr peer;
    struct lab_fd *fd;
    int err = 0;
    weft_sock *sock = weft_accept(a->fd->sock, &peer, &err);

    if (!sock)
        return err == WEFT_EAGAIN && !a->fd->nonblocking ? BLOCKED : err;
    fd = fd_add(a->lab, FD_SOCKET, (int)a->call->result);
    fd->sock = sock;
    fd->proto = WEFT_TCP;
    fd->nonblocking = number_of(a, 3) & 04000;
    stamps_inherit(fd, a->fd);
    if (!is_known_peer(a, &peer) || !address_matches(a, argument(a, 1), &peer))
        return bad(a, "the address of the peer is wrong");
    return a->call->result;
}

int64_t call_connect(struct attempt *a)
{
    const struct config *c = &a->lab->script->config;
    struct weft_addr addr;
    int r;

    if (!address_parse(a, argument(a, 1), &c->remote, c->connect_port, &addr))
        return BAD;
    if (!a->lab->pending.connecting) {
        r = weft_connect(a->fd->sock, &addr);
        if (r != WEFT_EINPROGRESS || a->fd->nonblocking)
            return r;
        a->lab->pending.connecting = true;
        return BLOCKED;
    }
    if (!(weft_ready(a->fd->sock) & (WEFT_WRITABLE | WEFT_ERROR)))
        return BLOCKED;
    return weft_error(a->fd->sock);
}

static int64_t check_name(struct attempt *a, int err, const struct weft_addr *addr)
{
    if (err == 0 && !address_matches(a, argument(a, 1), addr))
        return bad(a, "the address is another one");
    return err;
}

int64_t call_getsockname(struct attempt *a)
{
    struct weft_addr addr = {{{0}}, 0};

    return check_name(a, weft_getsockname(a->fd->sock, &addr), &addr);
}

int64_t call_getpeername(struct attempt *a)
{
    struct weft_addr addr = {{{0}}, 0};

    return check_name(a, weft_getpeername(a->fd->sock, &addr), &addr);
}

/* ---- closing ---- */

int64_t call_shutdown(struct attempt *a)
{
    return weft_shutdown(a->fd->sock, (enum weft_shut)number_of(a, 1));
}

int64_t call_close(struct attempt *a)
{
    poll_forget(a->lab, a->fd);
    if (a->fd->kind == FD_SOCKET)
        weft_close(a->fd->sock);
    pipe_close(a->fd);
    free(a->fd->epoll);
    stamps_free(a->fd);
    *a->fd = (struct lab_fd){0};
    return 0;
}

int64_t call_abort(struct attempt *a)
{
    poll_forget(a->lab, a->fd);
    weft_abort(a->fd->sock);
    stamps_free(a->fd);
    *a->fd = (struct lab_fd){0};
    return 0;
}
