/* SPDX-License-Identifier: MIT */
/* See stage.h: system calls. Arguments as a script writes them become those of C; `...` is whatever serves. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "weft/sock.h"

struct job {
    struct stage *s;
    const struct event *e;
    const struct call *call;
    struct stage_fd *fd; /* of the first argument; NULL: none */
    int live;            /* its number; -1 where the script's is none */
};

static uint8_t buffer[1 << 20];

/* ---- arguments ---- */

static const struct value *argument(const struct job *j, size_t i)
{
    static const struct value none = {.kind = VALUE_ELLIPSIS};

    return i < j->call->n_args ? &j->call->arg[i] : &none;
}

static int64_t number(const struct job *j, size_t i)
{
    return argument(j, i)->kind == VALUE_NUMBER ? argument(j, i)->number : 0;
}

static struct stage_fd *find(struct stage *s, int64_t script)
{
    for (int i = 0; i < STAGE_FDS; i++)
        if (s->fds[i].live && s->fds[i].script == script)
            return &s->fds[i];
    return NULL;
}

static int live_of(struct stage *s, int64_t script)
{
    struct stage_fd *fd = find(s, script);

    return fd ? fd->live : script < 0 ? (int)script : 999;
}

/* A new descriptor under the script's number; the result is that then. */
static int64_t remember(struct job *j, int64_t live, bool stream)
{
    for (int i = 0; i < STAGE_FDS && live >= 0; i++)
        if (!j->s->fds[i].live) {
            j->s->fds[i] = (struct stage_fd){.script = (int)j->call->result, .live = (int)live, .stream = stream};
            return j->call->result;
        }
    return live;
}

static size_t length(const struct value *list, size_t otherwise)
{
    size_t n = 0;

    if (list->kind != VALUE_LIST)
        return otherwise < sizeof buffer ? otherwise : sizeof buffer;
    for (size_t i = 0; i < list->n_items; i++) {
        const struct value *one = value_field(&list->items[i], "iov_len", 1);

        n += one && one->number > 0 ? (size_t)one->number : 0;
    }
    return n < sizeof buffer ? n : sizeof buffer;
}

/* ---- addresses ---- */

static socklen_t address(struct job *j, const struct value *v, const struct weft_ip *ip, uint16_t port,
                         struct sockaddr_storage *out)
{
    struct weft_ip host = *ip;
    const struct value *p, *h;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool v6 = j->s->script->config.version != IP_V4;

    if (v->kind == VALUE_STRUCT) {
        p = value_field(v, v6 ? "sin6_port" : "sin_port", 1);
        h = value_field(v, v6 ? "sin6_addr" : "sin_addr", 2);
        if (!p)
            p = value_field(v, "sin_port", 1);
        if (!h)
            h = value_field(v, "sin_addr", 2);
        port = p && p->kind == VALUE_NUMBER ? (uint16_t)p->number : port;
        if (h && h->kind == VALUE_NUMBER)
            host = weft_ipv4((uint32_t)h->number);
        else if (h && h->kind == VALUE_TEXT && weft_ip_parse(h->text, &host) != 0)
            stage_fail(j->s, j->e->line, "%s is no address", h->text);
    }
    memcpy(&in.sin_addr, host.b + 12, 4);
    memcpy(&in6.sin6_addr, host.b, 16);
    in.sin_port = in6.sin6_port = htons(port);
    memset(out, 0, sizeof *out);
    if (v6)
        memcpy(out, &in6, sizeof in6);
    else
        memcpy(out, &in, sizeof in);
    return v6 ? sizeof in6 : sizeof in;
}

/* ---- opening and closing ---- */

static int64_t run_socket(struct job *j)
{
    int domain = (int)number(j, 0), type = (int)number(j, 1), protocol = (int)number(j, 2);

    if (argument(j, 0)->kind != VALUE_NUMBER)
        domain = j->s->script->config.version == IP_V4 ? AF_INET : AF_INET6;
    if (domain == AF_INET6 && protocol == IPPROTO_ICMP)
        protocol = IPPROTO_ICMPV6;
    return remember(j, j->s->t.socket(j->s->t.userdata, domain, type, protocol), (type & 15) == SOCK_STREAM);
}

static int64_t run_bind(struct job *j)
{
    const struct config *c = &j->s->script->config;
    struct sockaddr_storage a;
    socklen_t n = address(j, argument(j, 1), &c->local, c->port, &a);

    return j->s->t.bind(j->s->t.userdata, j->live, (struct sockaddr *)&a, n);
}

static int64_t run_connect(struct job *j)
{
    const struct config *c = &j->s->script->config;
    struct sockaddr_storage a;
    socklen_t n = address(j, argument(j, 1), &c->remote, c->connect_port, &a);

    return j->s->t.connect(j->s->t.userdata, j->live, (struct sockaddr *)&a, n);
}

static int64_t run_listen(struct job *j)
{
    return j->s->t.listen(j->s->t.userdata, j->live, (int)number(j, 1));
}

static bool is_peer(struct stage *s, const struct sockaddr_storage *a)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
    struct weft_ip ip = weft_ipv4(0);

    if (a->ss_family == AF_INET6)
        memcpy(ip.b, &in6->sin6_addr, 16);
    else
        memcpy(ip.b + 12, &in->sin_addr, 4);
    for (const struct tuple *t = s->tuples; t; t = t->next)
        if (t->remote_port == ntohs(in->sin_port) && ip_same(&t->remote, &ip))
            return true;
    return false;
}

static int64_t run_accept(struct job *j)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    int live = j->s->t.accept(j->s->t.userdata, j->live, (struct sockaddr *)&a, &n);

    if (live >= 0 && !is_peer(j->s, &a))
        stage_fail(j->s, j->e->line, "accept(): the address of the peer is wrong");
    return remember(j, live, true);
}

static int64_t run_close(struct job *j)
{
    int64_t r = j->s->t.close(j->s->t.userdata, j->live);

    if (r == 0 && j->fd)
        j->fd->live = 0;
    return r;
}

static int64_t run_shutdown(struct job *j)
{
    return j->s->t.shutdown(j->s->t.userdata, j->live, (int)number(j, 1));
}

/* ---- data ---- */

/* The bytes of the pattern; a ping's are an echo request. */
static void fill(const struct stage_fd *fd, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buffer[i] = packet_pattern((fd && fd->stream ? fd->wrote : 0) + (uint32_t)i, true);
}

/* In as many pieces as the script has. */
static int pieces(const struct value *list, struct iovec *iov)
{
    size_t at = 0;

    for (size_t i = 0; i < list->n_items; i++) {
        const struct value *one = value_field(&list->items[i], "iov_len", 1);
        size_t n = one && one->number > 0 ? (size_t)one->number : 0;

        n = n < sizeof buffer - at ? n : sizeof buffer - at;
        iov[i] = (struct iovec){buffer + at, n};
        at += n;
    }
    return (int)list->n_items;
}

static int64_t run_write(struct job *j)
{
    const struct packetdrill_interface *t = &j->s->t;
    const struct config *c = &j->s->script->config;
    const struct value *what = argument(j, 1);
    size_t n = length(what, (size_t)number(j, 2));
    struct sockaddr_storage to;
    struct iovec iov[64];
    int flags = (int)number(j, 3);
    int64_t r;

    fill(j->fd, n);
    if (strcmp(j->call->name, "writev") == 0) {
        r = t->writev(t->userdata, j->live, iov, pieces(what, iov));
    } else if (strcmp(j->call->name, "sendto") == 0) {
        bool names = argument(j, 4)->kind != VALUE_NUMBER;
        socklen_t n_to = names ? address(j, argument(j, 4), &c->remote, c->connect_port, &to) : 0;

        r = t->sendto(t->userdata, j->live, buffer, n, flags, names ? (struct sockaddr *)&to : NULL, n_to);
    } else if (strcmp(j->call->name, "send") == 0) {
        r = t->send(t->userdata, j->live, buffer, n, flags);
    } else {
        r = t->write(t->userdata, j->live, buffer, n);
    }
    if (r > 0 && j->fd)
        j->fd->wrote += (uint32_t)r;
    return r;
}

static int64_t run_sendmsg(struct job *j)
{
    const struct value *v = argument(j, 1), *list = value_field(v, "msg_iov", 1), *name = value_field(v, "msg_name", 0);
    const struct config *c = &j->s->script->config;
    struct sockaddr_storage to;
    struct iovec iov[64];
    _Alignas(struct cmsghdr) char control[512];
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = list ? (size_t)pieces(list, iov) : 0, .msg_control = control,
                       .msg_controllen = sizeof control};
    int64_t r;

    stage_control_make(v, &m);
    if (name && name->kind == VALUE_STRUCT) {
        m.msg_name = &to;
        m.msg_namelen = address(j, name, &c->remote, c->connect_port, &to);
    }
    fill(j->fd, list ? length(list, 0) : 0);
    r = j->s->t.sendmsg(j->s->t.userdata, j->live, &m, (int)number(j, 2));
    if (r > 0 && j->fd)
        j->fd->wrote += (uint32_t)r;
    return r;
}

static int64_t check_pattern(struct job *j, int64_t n, int flags)
{
    uint32_t first = j->fd && j->fd->stream ? j->fd->read : 0;

    for (int64_t i = 0; i < n && j->fd && !(flags & (MSG_OOB | MSG_TRUNC)); i++)
        if (buffer[i] != packet_pattern(first + (uint32_t)i, false))
            stage_fail(j->s, j->e->line, "%s(): byte %u is not what was sent", j->call->name, first + (uint32_t)i);
    if (n > 0 && j->fd && !(flags & (MSG_PEEK | MSG_OOB)))
        j->fd->read += (uint32_t)n;
    return n;
}

static bool at_mark(struct job *j)
{
    int value = 0;

    j->s->t.ioctl(j->s->t.userdata, j->live, SIOCATMARK, &value);
    return value;
}

/* Does the reader stand at an urgent byte that he will not find in the stream? */
static bool skips_urgent_byte(struct job *j)
{
    int in_line = 0;
    socklen_t n = sizeof in_line;

    if (!j->fd || !j->fd->stream || !at_mark(j))
        return false;
    j->s->t.getsockopt(j->s->t.userdata, j->live, SOL_SOCKET, SO_OOBINLINE, &in_line, &n);
    return !in_line;
}

static int64_t run_read(struct job *j)
{
    const struct packetdrill_interface *t = &j->s->t;
    const struct value *what = argument(j, 1);
    size_t n = length(what, (size_t)number(j, 2));
    struct sockaddr_storage from;
    socklen_t n_from = sizeof from;
    struct iovec iov[64];
    int flags = strncmp(j->call->name, "recv", 4) == 0 ? (int)number(j, 3) : 0;
    bool skips = skips_urgent_byte(j);
    int64_t r;

    if (strcmp(j->call->name, "readv") == 0)
        r = t->readv(t->userdata, j->live, iov, pieces(what, iov));
    else if (strcmp(j->call->name, "recvfrom") == 0)
        r = t->recvfrom(t->userdata, j->live, buffer, n, flags, (struct sockaddr *)&from, &n_from);
    else if (strcmp(j->call->name, "recv") == 0)
        r = t->recv(t->userdata, j->live, buffer, n, flags);
    else
        r = t->read(t->userdata, j->live, buffer, n);
    if (skips && !(flags & (MSG_PEEK | MSG_OOB)) && !at_mark(j))
        j->fd->read++;
    return check_pattern(j, r, flags);
}

static int64_t run_recvmsg(struct job *j)
{
    const struct value *v = argument(j, 1), *list = value_field(v, "msg_iov", 1);
    const struct value *flags = value_field(v, "msg_flags", 2);
    struct iovec iov[64];
    _Alignas(struct cmsghdr) char control[512];
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = list ? (size_t)pieces(list, iov) : 0, .msg_control = control,
                       .msg_controllen = sizeof control};
    int64_t r = j->s->t.recvmsg(j->s->t.userdata, j->live, &m, (int)number(j, 2));

    if (r >= 0 && flags && flags->kind == VALUE_NUMBER && flags->number != m.msg_flags)
        stage_fail(j->s, j->e->line, "recvmsg(): msg_flags is 0x%x", m.msg_flags);
    if (r >= 0)
        stage_control_check(j->s, j->e, v, &m);
    return check_pattern(j, r, (int)number(j, 2));
}

/* ---- options ---- */

/* [N], "text", {onoff=1, linger=0}, {tv_sec=1, tv_usec=0}; returns how many bytes it is. */
static size_t encode(const struct value *v, uint8_t *buf, size_t max)
{
    const struct value *inner = value_inside(v);
    size_t n = 0;

    if (inner && inner->kind != VALUE_NUMBER)
        return encode(inner, buf, max);
    if (inner) {
        memcpy(buf, &(int){(int)inner->number}, sizeof(int));
        return sizeof(int);
    }
    if (v->kind == VALUE_TEXT) {
        n = (size_t)v->number < max ? (size_t)v->number : max;
        memcpy(buf, v->text, n);
        return n;
    }
    for (size_t i = 0; i < v->n_items && n + 8 <= max; i++) {
        bool wide = v->items[i].field && strncmp(v->items[i].field, "tv_", 3) == 0;

        memcpy(buf + n, wide ? (void *)&(int64_t){v->items[i].number} : &(int){(int)v->items[i].number}, wide ? 8 : 4);
        n += wide ? 8 : 4;
    }
    return n;
}

static int64_t run_setsockopt(struct job *j)
{
    const struct value *v = argument(j, 3);
    uint8_t value[256] = {0};
    size_t n = encode(v, value, sizeof value);

    if (argument(j, 4)->kind == VALUE_NUMBER && number(j, 4) <= (int64_t)sizeof value)
        n = (size_t)number(j, 4);
    return j->s->t.setsockopt(j->s->t.userdata, j->live, (int)number(j, 1), (int)number(j, 2),
                              v->kind == VALUE_NUMBER ? NULL : value, (socklen_t)n);
}

static int64_t run_getsockopt(struct job *j)
{
    const struct value *expected = argument(j, 3), *inner = value_inside(expected), *room = value_inside(argument(j, 4));
    uint8_t value[256] = {0}, wanted[256] = {0};
    socklen_t n = room && room->kind == VALUE_NUMBER ? (socklen_t)room->number : sizeof value;
    int64_t r = j->s->t.getsockopt(j->s->t.userdata, j->live, (int)number(j, 1), (int)number(j, 2), value, &n);
    size_t want;

    if (r < 0 || expected->kind == VALUE_ELLIPSIS || (inner && inner->kind == VALUE_ELLIPSIS) ||
        (number(j, 1) == WEFT_SOL_TCP && number(j, 2) == WEFT_TCP_INFO))
        return r;
    want = encode(expected, wanted, sizeof wanted);
    if (memcmp(value, wanted, want) != 0)
        stage_fail(j->s, j->e->line, "getsockopt(): the value is %d", *(int *)(void *)value);
    return r;
}

static int64_t run_fcntl(struct job *j)
{
    return j->s->t.fcntl(j->s->t.userdata, j->live, (int)number(j, 1), (int)number(j, 2));
}

static int64_t run_ioctl(struct job *j)
{
    const struct value *expected = value_inside(argument(j, 2));
    int value = 0;
    int64_t r = j->s->t.ioctl(j->s->t.userdata, j->live, (unsigned long)number(j, 1), &value);

    if (r == 0 && expected && expected->kind == VALUE_NUMBER && expected->number != value)
        stage_fail(j->s, j->e->line, "ioctl(): the value is %d", value);
    return r;
}

/* ---- readiness ---- */

static int64_t run_poll(struct job *j)
{
    const struct value *list = argument(j, 0);
    struct pollfd fds[16] = {{0}};
    size_t n = list->n_items < 16 ? list->n_items : 16;
    int64_t r;

    for (size_t i = 0; i < n; i++) {
        const struct value *fd = value_field(&list->items[i], "fd", 0), *e = value_field(&list->items[i], "events", 1);

        fds[i] = (struct pollfd){.fd = live_of(j->s, fd ? fd->number : -1), .events = (short)(e ? e->number : 0)};
    }
    r = j->s->t.poll(j->s->t.userdata, fds, n, (int)number(j, 2));
    for (size_t i = 0; i < n; i++) {
        const struct value *e = value_field(&list->items[i], "revents", 2);

        if (e && e->kind == VALUE_NUMBER && (uint16_t)e->number != (uint16_t)fds[i].revents)
            stage_fail(j->s, j->e->line, "poll(): revents is 0x%x", (uint16_t)fds[i].revents);
    }
    return r;
}

static const struct value *data_of(const struct value *event)
{
    static const char *const names[] = {"fd", "u32", "u64", "ptr"};
    const struct value *v = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && !v; i++)
        v = value_field(event, names[i], 1);
    return v;
}

static int64_t run_epoll_create(struct job *j)
{
    return remember(j, j->s->t.epoll_create(j->s->t.userdata, strcmp(j->call->name, "epoll_create") ? 1 :
                                            (int)number(j, 0)), false);
}

static int64_t run_epoll_ctl(struct job *j)
{
    const struct value *v = argument(j, 3), *events = value_field(v, "events", 0), *data = data_of(v);
    struct epoll_event e = {.events = events ? (uint32_t)events->number : 0};

    e.data.u64 = data ? (uint64_t)data->number : 0;
    return j->s->t.epoll_ctl(j->s->t.userdata, j->live, (int)number(j, 1), live_of(j->s, number(j, 2)), &e);
}

static int64_t run_epoll_wait(struct job *j)
{
    const struct value *all = argument(j, 1);
    struct epoll_event e[16];
    int max = (int)number(j, 2);
    int64_t n = j->s->t.epoll_wait(j->s->t.userdata, j->live, e, max < 16 ? max : 16, (int)number(j, 3));

    for (int64_t i = 0; i < n; i++) {
        const struct value *one = all->kind == VALUE_LIST && i < (int64_t)all->n_items ? &all->items[i] : all;
        const struct value *events = one->kind == VALUE_STRUCT ? value_field(one, "events", 0) : NULL;
        const struct value *data = one->kind == VALUE_STRUCT ? data_of(one) : NULL;

        if (events && events->kind == VALUE_NUMBER && (uint32_t)events->number != e[i].events)
            stage_fail(j->s, j->e->line, "epoll_wait(): events is 0x%x", e[i].events);
        if (data && data->kind == VALUE_NUMBER && (uint64_t)data->number != e[i].data.u64)
            stage_fail(j->s, j->e->line, "epoll_wait(): it is the event of another one");
    }
    return n;
}

/* ---- pipes ---- */

static int64_t run_pipe(struct job *j)
{
    const struct value *pair = argument(j, 0);
    struct job one = *j;
    struct call named = *j->call;
    int fds[2], r = j->s->t.pipe(j->s->t.userdata, fds);

    for (int i = 0; r == 0 && i < 2 && pair->n_items == 2; i++) {
        named.result = pair->items[i].number;
        one.call = &named;
        remember(&one, fds[i], false);
    }
    return r;
}

static int64_t run_splice(struct job *j)
{
    struct stage_fd *to = find(j->s, number(j, 2));
    off_t from_at = 0, to_at = 0; /* as packetdrill gives NULL */
    int64_t r = j->s->t.splice(j->s->t.userdata, j->live, &from_at, live_of(j->s, number(j, 2)), &to_at,
                               (size_t)number(j, 4), (unsigned)number(j, 5));

    if (r > 0 && j->fd && j->fd->stream)
        j->fd->read += (uint32_t)r;
    if (r > 0 && to && to->stream)
        to->wrote += (uint32_t)r;
    return r;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    int64_t (*run)(struct job *j);
} calls[] = {
    {"socket", run_socket},       {"bind", run_bind},
    {"listen", run_listen},       {"accept", run_accept},
    {"connect", run_connect},     {"close", run_close},
    {"shutdown", run_shutdown},   {"read", run_read},
    {"readv", run_read},          {"recv", run_read},
    {"recvfrom", run_read},       {"recvmsg", run_recvmsg},
    {"write", run_write},         {"writev", run_write},
    {"send", run_write},          {"sendto", run_write},
    {"sendmsg", run_sendmsg},     {"fcntl", run_fcntl},
    {"setsockopt", run_setsockopt}, {"getsockopt", run_getsockopt},
    {"ioctl", run_ioctl},         {"poll", run_poll},
    {"epoll_create", run_epoll_create}, {"epoll_create1", run_epoll_create},
    {"epoll_ctl", run_epoll_ctl}, {"epoll_wait", run_epoll_wait},
    {"pipe", run_pipe},           {"splice", run_splice},
};

bool stage_knows(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return true;
    return false;
}

static void check_result(struct job *j, int64_t r, int error)
{
    const struct call *c = j->call;
    bool same = c->result == -1 ? r == -1 && (!c->error || c->error == error) : r == c->result;

    if (!c->any_result && !same)
        stage_fail(j->s, j->e->line, "%s() gave %lld %s, expected %lld %s", c->name, (long long)r,
                   r < 0 ? errno_name(error) : "", (long long)c->result, c->error ? errno_name(c->error) : "");
}

void stage_call(struct stage *s, const struct event *e)
{
    struct job j = {.s = s, .e = e, .call = &e->call};
    int64_t r = -1;

    if (j.call->n_args && j.call->arg[0].kind == VALUE_NUMBER) {
        j.fd = find(s, number(&j, 0));
        j.live = live_of(s, number(&j, 0));
    }
    errno = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, j.call->name) == 0)
            r = calls[i].run(&j);
    check_result(&j, r, errno);
}
