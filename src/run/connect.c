/* SPDX-License-Identifier: MIT */
/*
 * connect. Linux keeps two states of a stream: the protocol's, and what the last connect said. So the end of a
 * handshake that connect did not wait for is learnt by a second connect, which gives 0, and only the third EISCONN.
 *
 * A stream that connects without blocking must not be writable until it has: its pair is filled up for the while, with
 * bytes that nobody gets to see, and as little room as the kernel allows.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/private.h"

/* ---- not writable, and writable again ---- */

/* A duplicate of the program's end, as somebody was seen to have it; -1: he has it no more. */
static int program_of(struct run *run, const struct file *f)
{
    int fd = task_get_fd(run, f->tid, f->fd);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_ino != f->inode)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int connect_fill(struct call *c)
{
    static const char nothing[2048];
    struct file *f = c->file;
    socklen_t n = sizeof f->send_buffer;
    int least = 0;
    ssize_t r;

    if (getsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &f->send_buffer, &n) < 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least) < 0)
        return -errno;
    while ((r = send(c->fd, nothing, sizeof nothing, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        f->fill += (size_t)r;
    return 0;
}

/* Takes the bytes out again. The newest of them stays, see private.h. */
static void connect_drain(struct run *run, struct file *f)
{
    int fd, size = f->send_buffer / 2; /* the kernel doubles it */

    if (!f->fill)
        return;
    fd = program_of(run, f);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        close(fd);
    }
    while (f->fill) {
        ssize_t r = recv(f->end, run->scratch, f->fill < SCRATCH ? f->fill : SCRATCH, MSG_DONTWAIT);

        if (r <= 0)
            break;
        f->fill -= (size_t)r;
    }
}

/* ---- states ---- */

static bool is_opening(const struct file *f)
{
    enum weft_tcp_state state = weft_tcp_state(f->sock);

    return state == WEFT_TCP_SYN_SENT || state == WEFT_TCP_SYN_RECEIVED;
}

static bool is_closed(const struct file *f)
{
    enum weft_tcp_state state = weft_tcp_state(f->sock);

    return state == WEFT_TCP_CLOSED || state == WEFT_TCP_TIME_WAIT;
}

/*
 * It failed: the pair comes to its end, whose last error the program's end has now. Whoever has it may connect once
 * more, so the file stays, until closes.c tells that nobody has.
 */
static void spoil(struct run *run, struct file *f, int program)
{
    f->spoilt = true;
    f->fill = 0;
    if (program < 0 || closes_watch(run, f, program) < 0) {
        shutdown(f->end, SHUT_RDWR);
        return;
    }
    close(f->end);
    f->end = -1;
    f->alarmed = true;
}

/* Nobody waits in connect: SO_ERROR will say why. */
static void connect_fail(struct run *run, struct file *f)
{
    int err = weft_error(f->sock), program = program_of(run, f);

    f->error = err ? err : -ECONNABORTED;
    spoil(run, f, program);
    if (program >= 0)
        close(program);
}

void connect_pump(struct run *run, struct file *f)
{
    if (f->progress != CONNECTING || f->opened || f->spoilt || is_opening(f))
        return;
    f->opened = !is_closed(f);
    if (f->opened) /* else it would be writable before its error is there */
        connect_drain(run, f);
    file_unpark(f); /* who waits in connect learns how it went */
    if (!f->opened && f->progress == CONNECTING)
        connect_fail(run, f);
}

/* ---- connect ---- */

/* To connect to any address is to connect to oneself, on Linux. */
static void mean_oneself(struct weft_addr *peer)
{
    static const struct weft_ip any6, any4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

    if (memcmp(&peer->ip, &any4, sizeof any4) == 0)
        peer->ip = weft_ipv4(INADDR_LOOPBACK);
    else if (memcmp(&peer->ip, &any6, sizeof any6) == 0)
        peer->ip.b[15] = 1;
}

/* How did the handshake end? Who is told by connect finds no error in reading and writing, but their end. */
static int learn(struct call *c)
{
    struct file *f = c->file;
    int err = f->spoilt ? 0 : weft_error(f->sock);

    f->progress = is_closed(f) ? UNCONNECTED : CONNECTED;
    if (f->progress == CONNECTED)
        return 0;
    if (!f->spoilt)
        spoil(c->run, f, c->fd);
    f->error = err ? err : f->error;
    err = file_take_error(c);
    return err ? err : -ECONNABORTED;
}

/* A pair whose end the program has seen already gives place to a new one. */
static int replace_pair(struct call *c)
{
    int program, err = file_renew(c->run, c->file, &program);

    if (err)
        return err;
    if (fcntl(program, F_SETFL, call_is_nonblocking(c) ? O_NONBLOCK : 0) < 0)
        err = -errno;
    if (!err)
        err = call_replace_fd(c, program, (int)c->arg[0], c->file->cloexec);
    close(c->fd);
    c->fd = program;
    return err;
}

/* Who does not wait is held from here on: made again, his call would find itself under way. */
static int64_t begin(struct call *c)
{
    struct file *f = c->file;
    struct weft_addr peer = {0};
    bool waits = !call_is_nonblocking(c);
    int family, err;

    if (weft_tcp_state(f->sock) != WEFT_TCP_CLOSED)
        return -EISCONN;
    err = name_read(c, c->arg[1], c->arg[2], f->domain, &peer, &family);
    if (!err && f->spoilt)
        err = replace_pair(c);
    if (err)
        return err;
    if (!waits && !call_hold(c))
        return ANSWER_GIVEN;
    mean_oneself(&peer);
    err = weft_connect(f->sock, &peer);
    if (err && err != WEFT_EINPROGRESS)
        return err;
    f->early = 0;
    f->opened = !err; /* the SYN waits for the first write (TCP_FASTOPEN_CONNECT) */
    f->progress = CONNECTING;
    return err && !waits ? connect_fill(c) : 0;
}

/* ---- MSG_FASTOPEN ---- */

static int64_t begin_early(struct call *c, uint64_t name, size_t n_name, size_t n)
{
    const struct weft_iov all = {c->run->payload, n};
    struct file *f = c->file;
    struct weft_addr peer = {0};
    bool waits = !call_is_nonblocking(c);
    int family, err = f->progress == CONNECTED ? -EISCONN : f->progress == CONNECTING ? -EALREADY : 0;
    int64_t sent;

    if (!err)
        err = name_read(c, name, n_name, f->domain, &peer, &family);
    if (!err && f->spoilt)
        err = replace_pair(c);
    if (err)
        return err;
    if (!waits && !call_hold(c))
        return ANSWER_GIVEN;
    mean_oneself(&peer);
    sent = weft_sendmsg(f->sock, &all, 1, MSG_FASTOPEN, &peer);
    if (sent < 0 && sent != WEFT_EINPROGRESS)
        return sent == WEFT_ENOTCONN ? -EPIPE : sent;
    f->early = sent > 0 ? (size_t)sent : 0;
    f->opened = false;
    f->progress = CONNECTING;
    return waits ? 0 : connect_fill(c);
}

/* A call for n bytes is told how many have gone, or else why none. */
static int64_t tell_early(struct call *c, size_t n, int64_t none)
{
    size_t early = c->file->early < n ? c->file->early : n;

    if (!call_hold(c))
        return ANSWER_GIVEN;
    c->file->early = 0;
    return early ? (int64_t)early : none;
}

/* The handshake is over: what did not go with the SYN goes now, as far as there is room. */
static int64_t end_early(struct call *c, size_t n)
{
    struct file *f = c->file;
    int64_t sent = 0;
    int err;

    if (!call_hold(c))
        return ANSWER_GIVEN;
    err = learn(c);
    if (err)
        return tell_early(c, n, err);
    if (n > f->early)
        sent = weft_send(f->sock, c->run->payload + f->early, n - f->early, 0);
    file_due(c->run, f);
    if (sent > 0)
        f->early += (size_t)sent;
    return tell_early(c, n, sent);
}

int64_t connect_early(struct call *c, uint64_t name, size_t n_name, size_t n)
{
    struct file *f = c->file;
    bool waits = !call_is_nonblocking(c);
    int64_t r = 0;

    /* One that became void while it waited is made again, and goes on where it was. */
    if (!c->again && !(waits && f->progress == CONNECTING))
        r = begin_early(c, name, n_name, n);
    if (r)
        return r;
    if (!waits)
        return tell_early(c, n, -EINPROGRESS);
    if (!is_opening(f))
        return end_early(c, n);
    if (!c->again)
        c->until = call_until(c, f->own.write_timeout);
    r = call_park(c);
    return r == -EAGAIN ? tell_early(c, n, -EINPROGRESS) : r;
}

static int disconnect(struct file *f)
{
    int err = weft_disconnect(f->sock);

    if (!err)
        f->progress = UNCONNECTED;
    return err;
}

static int64_t connect_stream(struct call *c, int family)
{
    struct file *f = c->file;
    bool first = f->progress == UNCONNECTED;
    int64_t err;

    if (family == AF_UNSPEC)
        return disconnect(f);
    if (f->progress == CONNECTED)
        return -EISCONN;
    if (first) {
        err = begin(c);
        if (err)
            return err;
    }
    if (f->opened || !is_opening(f)) /* who is told how it went will not be told again */
        return call_hold(c) ? learn(c) : ANSWER_GIVEN;
    if (call_is_nonblocking(c))
        return first ? -EINPROGRESS : -EALREADY;
    if (!c->again)
        c->until = call_until(c, f->own.write_timeout);
    return call_park_or(c, -EINPROGRESS);
}

/* A datagram socket's connect fixes the peer, or dissolves it. */
static int64_t connect_datagram(struct call *c, int family)
{
    struct file *f = c->file;
    struct weft_addr peer = {weft_ipv4(0), 0};
    bool v4 = f->domain == AF_INET6 && family == AF_INET;
    int err = 0;

    if (family != AF_UNSPEC) {
        err = name_read(c, c->arg[1], c->arg[2], v4 ? AF_INET : f->domain, &peer, &family);
        mean_oneself(&peer);
    }
    err = err ? err : weft_connect(f->sock, &peer);
    if (!err) {
        f->progress = family == AF_UNSPEC ? UNCONNECTED : CONNECTED;
        file_due(c->run, f);
    }
    return err;
}

int64_t answer_connect(struct call *c)
{
    sa_family_t family;

    if (c->arg[2] < sizeof family)
        return -EINVAL;
    if (call_read(c, c->arg[1], &family, sizeof family) < 0)
        return -EFAULT;
    return file_is_stream(c->file) ? connect_stream(c, family) : connect_datagram(c, family);
}
