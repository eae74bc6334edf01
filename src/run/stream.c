/* SPDX-License-Identifier: MIT */
/*
 * Bytes between a pair and a connection.
 *
 * Inwards, bytes are copied out of the receive queue without being taken, written to the pair as far as it has room,
 * and as many are taken then. Outwards, whatever the program wrote is read but for the last byte, which is passed on
 * and stays (private.h); what the engine has no room for is kept (`spill`), and nothing more is read until that is
 * gone.
 *
 * Ends. The peer's shows to the program as the end of the file; the program's shutdown shows to us as EPOLLRDHUP, its
 * last close as EPOLLHUP, with EPOLLERR when it left something unread, which is a reset (RFC 2525 §2.17). After a
 * close we stay until everything written before has gone to the engine.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/private.h"

#define TURN (4 * CHUNK) /* bytes a connection moves each way before others have their turn */

/* ---- outwards ---- */

/* What the engine did not take of n bytes stays here. False: no memory, and then the connection cannot go on. */
static bool spill_keep(struct file *f, const uint8_t *from, size_t n)
{
    f->spill = malloc(n);
    if (!f->spill)
        return false;
    memcpy(f->spill, from, n);
    f->spill_at = 0;
    f->spill_n = n;
    return true;
}

/* 0: the spill is gone; WEFT_EAGAIN: not yet; another error: the connection's. */
static int spill_send(struct file *f)
{
    int64_t r;

    if (!f->spill)
        return 0;
    r = weft_send(f->sock, f->spill + f->spill_at, f->spill_n - f->spill_at, 0);
    if (r < 0)
        return (int)r;
    f->spill_at += (size_t)r;
    if (f->spill_at < f->spill_n)
        return WEFT_EAGAIN;
    free(f->spill);
    f->spill = NULL;
    return 0;
}

/* Reads up to a chunk of what the program wrote, to scratch + 1. How many; 0: nothing is there. */
static size_t out_read(struct run *run, struct file *f)
{
    int there = 0;
    ssize_t n;

    if (ioctl(f->end, FIONREAD, &there) < 0 || there <= 1)
        return 0;
    /* The byte that stayed, and all but the last; which comes after them, and stays. Fewer may be given: all the same. */
    n = recv(f->end, run->scratch, there - 1 < CHUNK ? (size_t)there - 1 : CHUNK, MSG_DONTWAIT);
    if (n <= 0 || recv(f->end, run->scratch + n, 1, MSG_DONTWAIT | MSG_PEEK) != 1)
        return 0;
    return (size_t)n;
}

/* One chunk to the engine. How many bytes; 0: there are none; negative: no room, or the connection's error. */
static int64_t out_chunk(struct run *run, struct file *f)
{
    int err = spill_send(f);
    size_t n;
    int64_t r;

    if (err)
        return err;
    if (!(weft_ready(f->sock) & (WEFT_WRITABLE | WEFT_ERROR | WEFT_HANGUP)))
        return WEFT_EAGAIN;
    n = out_read(run, f);
    if (!n)
        return 0;
    r = weft_send(f->sock, run->scratch + 1, n, 0);
    if (r == WEFT_EAGAIN)
        r = 0;
    if (r < 0)
        return r;
    if ((size_t)r < n && !spill_keep(f, run->scratch + 1 + r, n - (size_t)r))
        return WEFT_ENOMEM;
    return (int64_t)n;
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
    free(f->spill);
    f->spill = NULL;
    shutdown(f->end, SHUT_RD);
}

/* 0: waits for more of either side; 1: its turn is over; negative: the connection's error. */
static int out_pump(struct run *run, struct file *f)
{
    size_t moved = 0;
    int64_t r = 1;

    if (!(f->ready & EPOLLIN) || f->out_over)
        return 0;
    while (moved < TURN && (r = out_chunk(run, f)) > 0)
        moved += (size_t)r;
    if (r == 0) {
        f->ready &= ~(unsigned)EPOLLIN;
        out_end(f);
    }
    return r > 0 ? 1 : r == WEFT_EAGAIN ? 0 : (int)r;
}

void stream_flush(struct run *run, struct file *f)
{
    f->ready |= EPOLLIN;
    while (out_pump(run, f) > 0)
        ;
}

/* ---- inwards ---- */

/* One chunk to the program. How many bytes; 0: it is all over; negative: nothing there, no room, an error. */
static int64_t in_chunk(struct run *run, struct file *f)
{
    int64_t n = weft_recv(f->sock, run->scratch, CHUNK, WEFT_MSG_PEEK);
    ssize_t r;

    if (n <= 0)
        return n;
    r = send(f->end, run->scratch, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (r < 0 && errno == EPIPE) /* the program reads no more: what comes is acknowledged and lost, as Linux does it */
        r = n;
    if (r <= 0) {
        f->ready &= ~(unsigned)EPOLLOUT;
        return WEFT_EAGAIN;
    }
    weft_recv(f->sock, run->scratch, (size_t)r, WEFT_MSG_TRUNC); /* not copied again */
    return r;
}

static int in_pump(struct run *run, struct file *f)
{
    size_t moved = 0;
    int64_t r = 1;

    if (f->in_over || !(f->ready & EPOLLOUT))
        return 0;
    while (moved < TURN && (r = in_chunk(run, f)) > 0)
        moved += (size_t)r;
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

/* The program has closed its last descriptor. True: the file is gone. */
static bool closed(struct run *run, struct file *f)
{
    if (!(f->ready & EPOLLHUP))
        return false;
    if (is_reset_at_once(f)) {
        file_abort(run, f);
        return true;
    }
    if (f->ready & EPOLLIN || f->spill)
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
    out = out_pump(run, f);
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
    if (!closed(run, f) && (in > 0 || out > 0))
        file_due(run, f);
}
