/* SPDX-License-Identifier: MIT */
/*
 * listen and accept. A byte lies in a listener's pair for each connection that waits, so that poll and epoll, edges and
 * exclusive waiters included, tell of it; accept takes one back through its duplicate of the program's end.
 *
 * The connections themselves stay with the engine, and count for its backlog, until somebody accepts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "run/private.h"
#include "weft/tcp_info.h"

int64_t answer_listen(struct call *c)
{
    int backlog = (int)c->arg[1];

    if (!file_is_stream(c->file))
        return -EOPNOTSUPP;
    if (c->file->progress != UNCONNECTED)
        return -EINVAL;
    return weft_listen(c->file->sock, backlog < 0 ? 65535 : (unsigned)backlog);
}

/* How many connections wait. */
static unsigned waiting(const struct file *f)
{
    struct weft_tcp_info info = {0};
    size_t n = sizeof info;

    if (weft_getsockopt(f->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n) < 0)
        return 0;
    return info.tcpi_unacked + (f->returned != NULL);
}

void listener_pump(struct run *run, struct file *f)
{
    static const char bytes[64];
    unsigned want;
    ssize_t r = 1;

    (void)run;
    file_unpark(f);
    want = waiting(f);
    while (f->announced < want && r > 0) {
        size_t n = want - f->announced < sizeof bytes ? want - f->announced : sizeof bytes;

        r = send(f->end, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        f->announced += r > 0 ? (unsigned)r : 0;
    }
}

/* As many bytes lie in the pair as connections wait, after one was taken. */
static void take_back(struct call *c)
{
    struct file *f = c->file;
    unsigned want = waiting(f);
    char bytes[64];
    ssize_t r = 1;

    while (f->announced > want && r > 0) {
        size_t n = f->announced - want < sizeof bytes ? f->announced - want : sizeof bytes;

        r = recv(c->fd, bytes, n, MSG_DONTWAIT);
        f->announced -= r > 0 ? (unsigned)r : 0;
    }
}

static weft_sock *take_connection(struct file *f, struct weft_addr *peer, int *err)
{
    weft_sock *sock = f->returned;

    if (!sock)
        return weft_accept(f->sock, peer, err);
    *peer = f->returned_peer;
    f->returned = NULL;
    return sock;
}

/* What a connection has from its listener. */
static struct file accepted_like(const struct call *c)
{
    const struct file *f = c->file;

    struct file like = {.domain = f->domain, .type = f->type, .protocol = f->protocol, .progress = CONNECTED,
                        .opened = true, .tid = c->tid, .fd = -1, .own = f->own, .receive_buffer = f->receive_buffer};

    linux_own_inherit(&like.own);
    return like;
}

static void set_timeout(int program, int option, weft_time after)
{
    struct timeval t = {(time_t)(after / WEFT_S), (suseconds_t)(after % WEFT_S / WEFT_US)};

    if (after != WEFT_NEVER)
        setsockopt(program, SOL_SOCKET, option, &t, sizeof t);
}

/* What the pair has to know of that. program: the program's end of it. */
static void tell_pair(const struct file *listener, weft_sock *sock, int program)
{
    int in_line = 0;
    size_t n = sizeof in_line;

    if (weft_getsockopt(sock, SOL_SOCKET, WEFT_SO_OOBINLINE, &in_line, &n) == 0 && in_line)
        setsockopt(program, SOL_SOCKET, SO_OOBINLINE, &in_line, sizeof in_line);
    set_timeout(program, SO_RCVTIMEO, listener->own.read_timeout);
    set_timeout(program, SO_SNDTIMEO, listener->own.write_timeout);
}

/* Makes the connection the caller's. Where he is gone meanwhile, it waits for the next. */
static int64_t give_connection(struct call *c, weft_sock *sock, const struct weft_addr *peer, int flags)
{
    struct file *f, like = accepted_like(c);
    int program, err;

    err = file_new(c->run, sock, &like, task_label(c->run, c->tid), &program, &f);
    if (err)
        return err;
    tell_pair(c->file, sock, program);
    err = file_give(c, f, program, flags);
    if (!err) {
        file_due(c->run, f); /* its first bytes may be there already */
        return ANSWER_GIVEN;
    }
    c->file->returned = file_take_sock(c->run, f);
    c->file->returned_peer = *peer;
    file_due(c->run, c->file);
    return err == -ENOENT ? ANSWER_GIVEN : err;
}

static int64_t accept_connection(struct call *c, int flags)
{
    struct file *f = c->file;
    struct weft_addr peer;
    weft_sock *sock;
    int err = 0;

    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    if (!file_is_stream(f))
        return -EOPNOTSUPP;
    sock = take_connection(f, &peer, &err);
    take_back(c);
    if (!sock && err == WEFT_EAGAIN && !call_is_nonblocking(c)) {
        if (!c->again)
            c->until = call_until(c, f->own.read_timeout);
        return call_park(c);
    }
    if (!sock)
        return err;
    err = name_write(c, &peer, f->domain, c->arg[1], c->arg[2]);
    if (err) { /* too late for the connection, as on Linux */
        weft_close(sock);
        return err;
    }
    return give_connection(c, sock, &peer, flags);
}

int64_t answer_accept(struct call *c) { return accept_connection(c, 0); }
int64_t answer_accept4(struct call *c) { return accept_connection(c, (int)c->arg[3]); }
