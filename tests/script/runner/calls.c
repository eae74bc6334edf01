/* SPDX-License-Identifier: MIT */
/*
 * System calls on weft's sockets. A call returns a count or a negative error; BLOCKED says that a blocking socket would
 * wait. The engine never blocks, so a blocking call is tried again after everything that happens.
 *
 * Written bytes follow a pattern, and what is read must follow the other one: wrong data fails whatever the result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

#define BLOCKED INT64_MIN
#define BAD     (INT64_MIN + 1) /* the script asks something impossible; lab_fail was called */
#define EBADF_RESULT (-9)

struct attempt {
    struct lab *lab;
    const struct event *event;
    const struct call *call;
    struct lab_fd *fd; /* of the first argument; NULL for socket() */
};

struct lab_fd *lab_fd_find(struct lab *lab, int number)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (lab->fds[i].number == number && lab->fds[i].sock)
            return &lab->fds[i];
    return NULL;
}

static int64_t bad(struct attempt *a, const char *why)
{
    lab_fail(a->lab, a->event->line, "%s(): %s", a->call->name, why);
    return BAD;
}

static const struct value *argument(const struct attempt *a, size_t i)
{
    static const struct value none = {.kind = VALUE_ELLIPSIS};

    return i < a->call->n_args ? &a->call->arg[i] : &none;
}

static int64_t number_of(const struct attempt *a, size_t i)
{
    const struct value *v = argument(a, i);

    return v->kind == VALUE_NUMBER ? v->number : 0;
}

/* The number in [N], of an output argument. */
static const struct value *inside(const struct value *v)
{
    return v->kind == VALUE_LIST && v->n_items == 1 ? &v->items[0] : NULL;
}

static const struct value *field_of(const struct value *v, const char *name, size_t position)
{
    for (size_t i = 0; i < v->n_items; i++)
        if (v->items[i].field && strcmp(v->items[i].field, name) == 0)
            return &v->items[i];
    return position < v->n_items && !v->items[position].field ? &v->items[position] : NULL;
}

static struct weft_addr address_of(struct attempt *a, const struct value *v, uint32_t ip)
{
    struct weft_addr addr = {weft_ipv4(ip), a->lab->script->config.port};
    const struct value *port, *host;

    if (v->kind != VALUE_STRUCT)
        return addr;
    port = field_of(v, "sin_port", 1);
    host = field_of(v, "sin_addr", 2);
    if (port)
        addr.port = (uint16_t)port->number;
    if (host && host->kind == VALUE_NUMBER)
        addr.ip = weft_ipv4((uint32_t)host->number);
    if (host && host->kind == VALUE_TEXT && weft_ip_parse(host->text, &addr.ip) != 0)
        bad(a, "not an address");
    return addr;
}

/* ---- opening and closing ---- */

static struct lab_fd *fd_add(struct lab *lab, weft_sock *sock, enum weft_proto proto, int number)
{
    for (int i = 0; i < LAB_FDS; i++)
        if (!lab->fds[i].sock) {
            lab->fds[i] = (struct lab_fd){.number = number, .sock = sock, .proto = proto};
            return &lab->fds[i];
        }
    abort();
}

static int64_t call_socket(struct attempt *a)
{
    int64_t type = number_of(a, 1);
    enum weft_proto proto = (enum weft_proto)number_of(a, 2);
    weft_sock *sock;
    int err = 0;

    if (number_of(a, 2) == 0)
        proto = (type & 0xf) == 1 ? WEFT_TCP : WEFT_UDP;
    sock = weft_socket(a->lab->stack, proto, &err);
    if (!sock)
        return err;
    fd_add(a->lab, sock, proto, (int)a->call->result)->nonblocking = type & 04000;
    return a->call->result;
}

static int64_t call_bind(struct attempt *a)
{
    struct weft_addr addr = address_of(a, argument(a, 1), a->lab->script->config.local);

    return weft_bind(a->fd->sock, &addr);
}

static int64_t call_listen(struct attempt *a)
{
    return weft_listen(a->fd->sock, (unsigned)number_of(a, 1));
}

static bool is_known_peer(const struct attempt *a, const struct weft_addr *peer)
{
    for (const struct tuple *t = a->lab->tuples; t; t = t->next) {
        struct weft_ip ip = weft_ipv4(t->remote);

        if (t->remote_port == peer->port && memcmp(&ip, &peer->ip, sizeof(ip)) == 0)
            return true;
    }
    return false;
}

static int64_t call_accept(struct attempt *a)
{
    struct weft_addr peer;
    int err = 0;
    weft_sock *sock = weft_accept(a->fd->sock, &peer, &err);

    if (!sock)
        return err == WEFT_EAGAIN && !a->fd->nonblocking ? BLOCKED : err;
    fd_add(a->lab, sock, WEFT_TCP, (int)a->call->result)->nonblocking = number_of(a, 3) & 04000;
    if (!is_known_peer(a, &peer))
        return bad(a, "the address of the peer is wrong");
    return a->call->result;
}

static int64_t call_connect(struct attempt *a)
{
    struct weft_addr addr = address_of(a, argument(a, 1), a->lab->script->config.remote);
    unsigned ready;
    int r;

    if (!a->lab->pending.connecting) {
        r = weft_connect(a->fd->sock, &addr);
        if (r != WEFT_EINPROGRESS || a->fd->nonblocking)
            return r;
        a->lab->pending.connecting = true;
        return BLOCKED;
    }
    ready = weft_ready(a->fd->sock);
    if (!(ready & (WEFT_WRITABLE | WEFT_ERROR)))
        return BLOCKED;
    return weft_error(a->fd->sock);
}

static int64_t call_close(struct attempt *a)
{
    weft_close(a->fd->sock);
    a->fd->sock = NULL;
    return 0;
}

static int64_t call_abort(struct attempt *a)
{
    weft_abort(a->fd->sock);
    a->fd->sock = NULL;
    return 0;
}

static int64_t call_shutdown(struct attempt *a)
{
    return weft_shutdown(a->fd->sock, (enum weft_shut)number_of(a, 1));
}

/* ---- data ---- */

static uint8_t buffer[1 << 20];

/* Bytes asked for: the third argument, or the sum of a writev's pieces. */
static size_t amount_of(const struct attempt *a)
{
    const struct value *v = argument(a, 1);
    int64_t n = number_of(a, 2);

    if (v->kind == VALUE_LIST) {
        n = 0;
        for (size_t i = 0; i < v->n_items; i++) {
            const struct value *length = field_of(&v->items[i], "iov_len", 1);

            n += length ? length->number : 0;
        }
    }
    return n < 0 ? 0 : n > (int64_t)sizeof(buffer) ? sizeof(buffer) : (size_t)n;
}

static void fill(const struct lab_fd *fd, size_t n)
{
    uint32_t first = fd->proto == WEFT_TCP ? fd->wrote : 0;

    for (size_t i = 0; i < n; i++)
        buffer[i] = packet_pattern(first + (uint32_t)i, true);
    if (fd->proto != WEFT_ICMP)
        return;
    for (size_t i = 0; i < n; i++) /* an echo request: type 8, sequence 1, the pattern after the header */
        buffer[i] = i >= 8 ? packet_pattern((uint32_t)i - 8, true) : i == 0 ? 8 : i == 7 ? 1 : 0;
}

static int64_t write_some(struct attempt *a, size_t n, unsigned flags, const struct weft_addr *to)
{
    int64_t took;

    fill(a->fd, n);
    took = to ? weft_sendto(a->fd->sock, buffer, n, flags, to) : weft_send(a->fd->sock, buffer, n, flags);
    if (took > 0)
        a->fd->wrote += (uint32_t)took;
    return took;
}

/* A blocking write goes on until all is taken; an error after some of it is the next call's. */
static int64_t call_write(struct attempt *a)
{
    bool names = strcmp(a->call->name, "sendto") == 0;
    bool sends = names || strcmp(a->call->name, "send") == 0;
    unsigned flags = sends ? (unsigned)number_of(a, 3) : 0;
    bool blocking = !a->fd->nonblocking && !(flags & 0x40) && a->fd->proto == WEFT_TCP;
    size_t n = amount_of(a), left = n - (size_t)a->lab->pending.done;
    struct weft_addr to;
    int64_t took;

    if (names && argument(a, 4)->kind != VALUE_NUMBER)
        to = address_of(a, argument(a, 4), a->lab->script->config.remote);
    else
        names = false;
    took = write_some(a, left, flags & ~0x4040u, names ? &to : NULL);
    if (!blocking)
        return took;
    if (took > 0)
        a->lab->pending.done += took;
    if (took > 0 || took == WEFT_EAGAIN)
        return a->lab->pending.done == (int64_t)n ? a->lab->pending.done : BLOCKED;
    return a->lab->pending.done ? a->lab->pending.done : took;
}

static int64_t check_read(struct attempt *a, int64_t n, bool peek)
{
    uint32_t first = a->fd->proto == WEFT_TCP ? a->fd->read : 0;

    for (int64_t i = 0; i < n && a->fd->proto != WEFT_ICMP; i++)
        if (buffer[i] != packet_pattern(first + (uint32_t)i, false)) {
            lab_fail(a->lab, a->event->line, "%s(): byte %u of the stream is not what was sent", a->call->name,
                     first + (uint32_t)i);
            return BAD;
        }
    if (n > 0 && !peek)
        a->fd->read += (uint32_t)n;
    return n;
}

static int64_t call_read(struct attempt *a)
{
    bool receives = strncmp(a->call->name, "recv", 4) == 0;
    unsigned flags = receives ? (unsigned)number_of(a, 3) : 0;
    int64_t n = weft_recv(a->fd->sock, buffer, amount_of(a), flags & ~0x4040u);

    if (n == WEFT_EAGAIN && !a->fd->nonblocking && !(flags & 0x40))
        return BLOCKED;
    return check_read(a, n < (int64_t)sizeof(buffer) ? n : (int64_t)sizeof(buffer), flags & WEFT_MSG_PEEK);
}

/* ---- options and readiness ---- */

static int64_t call_fcntl(struct attempt *a)
{
    if (number_of(a, 1) == 3)
        return 2 | (a->fd->nonblocking ? 04000 : 0);
    if (number_of(a, 1) != 4)
        return bad(a, "only F_GETFL and F_SETFL are known");
    a->fd->nonblocking = number_of(a, 2) & 04000;
    return 0;
}

static int64_t call_setsockopt(struct attempt *a)
{
    const struct value *v = argument(a, 3);
    struct weft_linger linger;
    int i;

    if (v->kind == VALUE_STRUCT && v->n_items == 2) {
        linger = (struct weft_linger){(int)v->items[0].number, (int)v->items[1].number};
        return weft_setsockopt(a->fd->sock, (int)number_of(a, 1), (int)number_of(a, 2), &linger, sizeof(linger));
    }
    if (!inside(v))
        return bad(a, "the value must be [N] or {onoff=N, linger=N}");
    i = (int)inside(v)->number;
    return weft_setsockopt(a->fd->sock, (int)number_of(a, 1), (int)number_of(a, 2), &i, (size_t)number_of(a, 4));
}

static int64_t call_getsockopt(struct attempt *a)
{
    const struct value *expected = inside(argument(a, 3));
    int i = 0;
    size_t n = sizeof(i);
    int r = weft_getsockopt(a->fd->sock, (int)number_of(a, 1), (int)number_of(a, 2), &i, &n);

    if (r == 0 && expected && expected->kind == VALUE_NUMBER && expected->number != i && !a->lab->lenient) {
        lab_fail(a->lab, a->event->line, "getsockopt(): the value is %d, expected %lld", i,
                 (long long)expected->number);
        return BAD;
    }
    return r;
}

static int64_t call_ioctl(struct attempt *a)
{
    const struct value *expected = inside(argument(a, 2));
    size_t n;

    if (number_of(a, 1) == 0x541b)
        n = weft_unread(a->fd->sock);
    else if (number_of(a, 1) == 0x5411)
        n = weft_unsent(a->fd->sock);
    else
        return bad(a, "only SIOCINQ and SIOCOUTQ are known");
    if (expected && expected->number != (int64_t)n && !a->lab->lenient) {
        lab_fail(a->lab, a->event->line, "ioctl(): the value is %zu, expected %lld", n, (long long)expected->number);
        return BAD;
    }
    return 0;
}

static unsigned poll_bits(unsigned ready)
{
    return (ready & WEFT_READABLE ? 0x1u : 0) | (ready & WEFT_URGENT ? 0x2u : 0) | (ready & WEFT_WRITABLE ? 0x4u : 0) |
           (ready & WEFT_ERROR ? 0x8u : 0) | (ready & WEFT_HANGUP ? 0x10u : 0) |
           (ready & WEFT_PEER_CLOSED ? 0x2000u : 0);
}

/* POLLERR and POLLHUP are reported unasked. Blocks while nothing is there and the timeout is not zero. */
static int64_t call_poll(struct attempt *a)
{
    const struct value *list = argument(a, 0);
    int64_t n = 0;
    bool wrong = false;

    for (size_t i = 0; i < list->n_items; i++) {
        const struct value *v = &list->items[i], *fd = field_of(v, "fd", 0), *want = field_of(v, "events", 1),
                           *expect = field_of(v, "revents", 2);
        struct lab_fd *f = fd ? lab_fd_find(a->lab, (int)fd->number) : NULL;
        unsigned bits = f ? poll_bits(weft_ready(f->sock)) & ((want ? (unsigned)want->number : 0) | 0x18) : 0;

        n += bits != 0;
        wrong |= expect && (unsigned)expect->number != bits;
    }
    if (n == 0 && number_of(a, 2) != 0)
        return BLOCKED;
    if (wrong && !a->lab->lenient)
        return bad(a, "revents differ");
    return n;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    int64_t (*run)(struct attempt *a);
    bool no_fd; /* the first argument is no descriptor */
} calls[] = {
    {"socket", call_socket, true},
    {"poll", call_poll, true},
    {"bind", call_bind, false},
    {"listen", call_listen, false},
    {"accept", call_accept, false},
    {"accept4", call_accept, false},
    {"connect", call_connect, false},
    {"close", call_close, false},
    {"abort", call_abort, false},
    {"shutdown", call_shutdown, false},
    {"read", call_read, false},
    {"readv", call_read, false},
    {"recv", call_read, false},
    {"recvfrom", call_read, false},
    {"write", call_write, false},
    {"writev", call_write, false},
    {"send", call_write, false},
    {"sendto", call_write, false},
    {"fcntl", call_fcntl, false},
    {"setsockopt", call_setsockopt, false},
    {"getsockopt", call_getsockopt, false},
    {"ioctl", call_ioctl, false},
};

static int64_t attempt(struct lab *lab, const struct event *e)
{
    struct attempt a = {.lab = lab, .event = e, .call = &e->call};

    weft_clock(lab->stack, lab->now + lab->script->config.epoch);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].name, e->call.name) != 0)
            continue;
        if (!calls[i].no_fd) {
            a.fd = lab_fd_find(lab, (int)number_of(&a, 0));
            if (!a.fd)
                return EBADF_RESULT;
        }
        return calls[i].run(&a);
    }
    return bad(&a, "no such system call");
}

static void check_result(struct lab *lab, const struct event *e, int64_t r)
{
    const struct call *c = &e->call;
    bool same = c->result == -1 ? r < 0 && (!c->error || c->error == -r) : r == c->result;

    if (lab->lenient || c->any_result || r == BAD || same)
        return;
    if (r < 0)
        lab_fail(lab, e->line, "%s() gave -1 %s, expected %lld %s", c->name, errno_name((int)-r),
                 (long long)c->result, c->error ? errno_name(c->error) : "");
    else
        lab_fail(lab, e->line, "%s() gave %lld, expected %lld %s", c->name, (long long)r, (long long)c->result,
                 c->error ? errno_name(c->error) : "");
}

static void returned(struct lab *lab, int64_t r)
{
    const struct event *e = lab->pending.event;
    weft_time until = lab->pending.until;

    if (lab->options->verbose && r != BAD)
        printf("# %12.6f %s() = %lld %s\n", (double)lab->now / 1e9, e->call.name, (long long)(r < 0 ? -1 : r),
               r < 0 ? errno_name((int)-r) : "");
    lab->pending = (struct pending){0};
    check_result(lab, e, r);
    if (lab->lenient || r == BAD)
        return;
    if (lab->now + lab->tolerance < until || lab->now > until + lab->tolerance)
        lab_fail(lab, e->line, "%s() returned at %.6f, expected %.6f", e->call.name, (double)lab->now / 1e9,
                 (double)until / 1e9);
}

void lab_retry(struct lab *lab)
{
    int64_t r;

    if (!lab->pending.event)
        return;
    r = attempt(lab, lab->pending.event);
    if (r != BLOCKED)
        returned(lab, r);
}

void lab_await_call(struct lab *lab)
{
    const struct event *e = lab->pending.event;

    if (!e)
        return;
    lab_run_until(lab, lab->pending.until, false);
    if (!lab->pending.event)
        return;
    lab->pending = (struct pending){0};
    if (!lab->lenient)
        lab_fail(lab, e->line, "%s() still blocks at %.6f", e->call.name, (double)lab->now / 1e9);
}

void lab_call(struct lab *lab, const struct event *e)
{
    int64_t r;

    lab_await_call(lab);
    lab->pending = (struct pending){.event = e, .until = lab->base + (e->when.hi - e->when.lo)};
    r = attempt(lab, e);
    if (r != BLOCKED) {
        returned(lab, r);
    } else if (!e->when.blocking) {
        lab->pending = (struct pending){0};
        if (!lab->lenient)
            lab_fail(lab, e->line, "%s() blocks", e->call.name);
    }
    lab_settle(lab);
}
