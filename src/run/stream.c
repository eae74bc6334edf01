/* SPDX-License-Identifier: MIT */
/*
 * Bytes between a pair and a connection, without a copy of ours: the pair is read into the send queue's memory, and
 * written out of the receive queue's (weft_send_from, weft_recv_to).
 *
 * Inwards, as many bytes are taken out of the receive queue as the pair has room for. Outwards, whatever the program
 * wrote is read but for the last byte, which is passed on and stays (private.h); and no more than the send queue takes.
 *
 * What waits in the pair counts for the window as if it waited with the engine (weft_recv_waits), so that a program
 * that does not read holds its peer up as soon as SO_RCVBUF says.
 *
 * The urgent byte goes in as the pair's own (MSG_OOB of AF_UNIX), behind what comes before it, so that POLLPRI, SIGURG,
 * the mark and a plain read that stops there are the kernel's.
 *
 * Ends. The peer's shows to the program as the end of the file; the program's shutdown shows to us as EPOLLRDHUP, its
 * last close as EPOLLHUP, with EPOLLERR when it left something unread, which is a reset (RFC 2525 §2.17). After a
 * close the engine takes everything that was written before, whatever the size of its send queue: from then on it is
 * the connection's business, and whoever wrote it may be gone.
 */
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/private.h"

#define TURN   (256 * 1024) /* bytes a connection moves each way before others have their turn */
#define PIECES 64           /* more than the engine shows or offers at once */
#define SMALL  4096         /* bytes that are copied once more rather than counted first */
#define UNCOUNTED 16384     /* bytes that may go into a pair before somebody counts */

/* ---- outwards ---- */

/* The engine's pieces for the kernel, behind `first` of ours. How many in all. */
static size_t pieces_of(struct iovec out[PIECES], size_t first, const struct weft_iov *piece, size_t n)
{
    size_t i;

    for (i = 0; i < n && first + i < PIECES; i++)
        out[first + i] = (struct iovec){piece[i].base, piece[i].len};
    return first + i;
}

static uint8_t *byte_at(const struct weft_iov *piece, size_t at)
{
    for (; at >= piece->len; piece++)
        at -= piece->len;
    return (uint8_t *)piece->base + at;
}

/*
 * Reads the byte that stayed, and what follows it, into the pieces; the last that fits, which comes after them, is
 * copied and stays. There are so many; fewer may be given: all the same.
 */
static int64_t out_carry(void *end, const struct weft_iov *piece, size_t n)
{
    const int fd = *(const int *)end;
    struct iovec into[PIECES];
    uint8_t stayed;
    ssize_t got;

    into[0] = (struct iovec){&stayed, 1};
    n = pieces_of(into, 1, piece, n);
    into[n - 1].iov_len--;
    got = readv(fd, into, (int)n);
    if (got <= 0)
        return WEFT_EAGAIN;
    return recv(fd, byte_at(piece, (size_t)got - 1), 1, MSG_DONTWAIT | MSG_PEEK) == 1 ? got : WEFT_ECONNABORTED;
}

/* Nothing is left but the byte that stays. What is written after we looked rings again, unless it is the end. */
static int64_t out_emptied(struct file *f, int64_t r, int64_t all)
{
    if (r == all && !(all && f->ready & (EPOLLRDHUP | EPOLLHUP)))
        f->ready &= ~(unsigned)EPOLLIN;
    return r;
}

/* Much, without a copy of ours. */
static int64_t out_bulk(struct file *f)
{
    int there = 0;

    if (ioctl(f->end, FIONREAD, &there) < 0 || there <= 1)
        return out_emptied(f, 0, 0);
    f->bulk = there >= SMALL;
    return out_emptied(f, weft_send_from(f->sock, (size_t)there - 1, out_carry, &f->end), there - 1);
}

/* Little is looked at, sent, and then taken but for its last byte: a copy costs less than asking how much there is. */
static int64_t out_small(struct file *f)
{
    uint8_t bytes[SMALL];
    ssize_t n = recv(f->end, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
    int64_t r;

    if (n <= 1)
        return out_emptied(f, 0, 0);
    f->bulk = n == SMALL;
    if (f->bulk)
        return out_bulk(f);
    r = weft_send(f->sock, bytes + 1, (size_t)n - 1, 0);
    if (r <= 0)
        return r;
    return recv(f->end, bytes, (size_t)r, MSG_DONTWAIT) == r ? out_emptied(f, r, n - 1) : WEFT_ECONNABORTED;
}

/*
 * What is there, as far as it fits, to the engine. How many bytes; 0: there are none; negative: no room, or the
 * connection's error.
 */
static int64_t out_chunk(struct file *f)
{
    if (!(weft_ready(f->sock) & (WEFT_WRITABLE | WEFT_ERROR | WEFT_HANGUP)))
        return WEFT_EAGAIN;
    return f->bulk ? out_bulk(f) : out_small(f);
}

/* The program will write nothing more, and everything has gone. */
static void out_end(struct file *f)
{
    if (f->out_over || !(f->ready & (EPOLLRDHUP | EPOLLHUP)))
        return;
    f->out_over = true;
    if (!(f->ready & EPOLLHUP))
        weft_shutdown(f->sock, WEFT_SHUT_WR);
}

/* Nothing can be sent any more: writing fails from now on, and what has been received may still be read. */
static void out_break(struct file *f, int error)
{
    f->error = error;
    f->out_over = true;
    shutdown(f->end, SHUT_RD);
}

/* 0: waits for more of either side; 1: its turn is over; negative: the connection's error. */
static int out_pump(struct file *f)
{
    size_t moved = 0;
    int64_t r = 0;

    if (f->out_over)
        return 0;
    while (f->ready & EPOLLIN && moved < TURN && (r = out_chunk(f)) > 0)
        moved += (size_t)r;
    if (r < 0)
        return r == WEFT_EAGAIN ? 0 : (int)r;
    if (f->ready & EPOLLIN)
        return 1;
    out_end(f);
    return 0;
}

void stream_flush(struct file *f)
{
    f->ready |= EPOLLIN;
    while (out_pump(f) > 0)
        ;
}

/* ---- inwards ---- */

/* To the program, as far as its pair has room. There is nothing where only an urgent byte waits that went before. */
static int64_t in_carry(void *file, const struct weft_iov *piece, size_t n)
{
    struct file *f = file;
    struct iovec from[PIECES];
    struct msghdr m = {.msg_iov = from, .msg_iovlen = pieces_of(from, 0, piece, n)};
    ssize_t r = n ? sendmsg(f->end, &m, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (r < 0 && errno == EPIPE) { /* the program reads no more: what comes is acknowledged and lost, as on Linux */
        for (r = 0; n; n--)
            r += (ssize_t)piece[n - 1].len;
    } else if (r < 0) {
        f->ready &= ~(unsigned)EPOLLOUT;
    }
    return r > 0 ? r : WEFT_EAGAIN;
}

/* There is no room; the program's reading makes some. */
static int64_t in_full(struct run *run, struct file *f)
{
    file_await_room(run, f, true);
    return WEFT_EAGAIN;
}

/*
 * At the mark: the urgent byte. 1: it has gone; 0: there is none, or it went before; WEFT_EAGAIN: no room yet. Where it
 * stays in the stream it is taken there.
 */
static int64_t in_urgent(struct run *run, struct file *f)
{
    int in_line = 0;
    size_t n = sizeof in_line;
    uint8_t byte;
    unsigned kind;

    if (weft_atmark(f->sock) != 1 || weft_getsockopt(f->sock, SOL_SOCKET, WEFT_SO_OOBINLINE, &in_line, &n) < 0)
        return 0;
    kind = in_line ? 0 : WEFT_MSG_OOB;
    if (weft_recv(f->sock, &byte, 1, kind | WEFT_MSG_PEEK) != 1)
        return 0;
    if (send(f->end, &byte, 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN) {
            f->ready &= ~(unsigned)EPOLLOUT;
            return in_full(run, f);
        }
        if (errno == EOPNOTSUPP)
            complain(run, "recv", "urgent data is lost: this kernel's AF_UNIX has none");
    }
    return weft_recv(f->sock, &byte, 1, kind);
}

/* The true size of what the program has not read; up to a quarter of the room is not counted, for we hear no less. */
static size_t in_waiting(struct file *f)
{
    socklen_t n = sizeof f->room;
    int there = 0;

    if (!f->room && getsockopt(f->end, SOL_SOCKET, SO_SNDBUF, &f->room, &n) < 0)
        return 0;
    if (ioctl(f->end, SIOCOUTQ, &there) < 0 || there <= f->room / 4)
        return 0;
    return (size_t)(there - f->room / 4);
}

/*
 * What the program has not read is not read for its peer either: it takes room of the receive buffer. Counted whenever
 * much has gone into the pair, and from then on until there is little.
 */
static void in_count(struct run *run, struct file *f, size_t moved)
{
    size_t waiting;

    f->uncounted += moved;
    if (f->uncounted < UNCOUNTED)
        return;
    waiting = in_waiting(f);
    weft_recv_waits(f->sock, waiting);
    f->uncounted = waiting ? UNCOUNTED : 0;
    if (waiting && !f->awaits)
        file_await_room(run, f, true);
}

/* How many bytes; 0: it is all over; negative: nothing there, no room, an error. */
static int64_t in_chunk(struct run *run, struct file *f)
{
    int64_t r = in_urgent(run, f);

    if (r)
        return r;
    r = weft_recv_to(f->sock, in_carry, f);
    return r == WEFT_EAGAIN && !(f->ready & EPOLLOUT) ? in_full(run, f) : r;
}

static int in_pump(struct run *run, struct file *f)
{
    size_t moved = 0;
    int64_t r = 1;

    if (f->in_over || !(f->ready & EPOLLOUT))
        return 0;
    while (moved < TURN && (r = in_chunk(run, f)) > 0)
        moved += (size_t)r;
    in_count(run, f, moved);
    if (r == 0 && f->error)
        return f->error; /* sending has met it, and taken it */
    if (r == 0) {
        f->in_over = true;
        shutdown(f->end, SHUT_WR);
    }
    return r > 0 ? 1 : r == WEFT_EAGAIN || r == 0 ? 0 : (int)r;
}

/* ---- both ---- */

static bool is_reset_at_once(const struct file *f)
{
    struct weft_linger linger = {0};
    size_t n = sizeof linger;

    return f->ready & EPOLLERR || (weft_getsockopt(f->sock, WEFT_SOL_SOCKET, WEFT_SO_LINGER, &linger, &n) == 0 &&
                                   linger.onoff && !linger.linger);
}

/* Nobody writes any more, so that what is left has an end: the send queue takes all of it. False: for want of memory. */
static bool take_rest(struct file *f)
{
    static const int any = INT_MAX;

    weft_setsockopt(f->sock, WEFT_SOL_SOCKET, WEFT_SO_SNDBUFFORCE, &any, sizeof any);
    stream_flush(f);
    return !(f->ready & EPOLLIN);
}

/* The program has closed its last descriptor. True: the file is gone. */
static bool closed(struct run *run, struct file *f)
{
    if (!(f->ready & EPOLLHUP))
        return false;
    if (is_reset_at_once(f)) {
        file_abort(run, f);
        return true;
    }
    if (f->ready & EPOLLIN && !f->out_over && !take_rest(f))
        return false;
    file_close(run, f);
    return true;
}

static bool is_open(const struct file *f)
{
    return f->progress == CONNECTED || (f->progress == CONNECTING && f->opened);
}

void stream_pump(struct run *run, struct file *f)
{
    int in, out;

    connect_pump(run, f);
    if (!is_open(f)) {
        if (f->ready & EPOLLHUP)
            file_close(run, f);
        return;
    }
    out = out_pump(f);
    if (out < 0)
        out_break(f, out);
    in = f->ready & EPOLLHUP ? f->error : in_pump(run, f);
    if (in < 0) {
        if (f->ready & EPOLLHUP)
            file_abort(run, f);
        else
            file_reset(run, f, in);
        return;
    }
    if (closed(run, f))
        return;
    file_unpark(f); /* who waits in recvmsg for more than bytes */
    if (in > 0 || out > 0)
        file_due(run, f);
}
