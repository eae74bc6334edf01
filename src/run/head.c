/* SPDX-License-Identifier: MIT */
/*
 * The head of a stream's pair: bytes that are taken out of it for a call which is answered by us.
 *
 * They are taken before the answer, for the program's next read, which we do not hear of, must not find them there
 * again. The call can fail all the same: there is no memory where they should go, or it turns out to be void, if its
 * thread could not be held (hold.c). Then they go back, before what lies there: a stream takes nothing at its head, so
 * the rest is read and written anew. Not so if the program reads in these microseconds.
 *
 * Where the stream has ended nothing can be written, and the bytes are kept for the next such call. Who waits is awake by
 * the end; who reads plainly after a void call would miss them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "run/private.h"

size_t head_waiting(const struct call *c)
{
    int there = 0;

    if (ioctl(c->fd, FIONREAD, &there) < 0)
        there = 0;
    return (size_t)there + c->file->n_head;
}

bool head_is_there(const struct call *c)
{
    uint8_t first;

    return c->file->n_head || recv(c->fd, &first, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}

/* Of those that are kept. */
static int64_t take_kept(struct file *f, uint8_t *to, size_t room, bool peek)
{
    size_t n = room < f->n_head ? room : f->n_head;

    memcpy(to, f->head, n);
    if (peek)
        return (int64_t)n;
    f->n_head -= n;
    memmove(f->head, f->head + n, f->n_head);
    return (int64_t)n;
}

int64_t head_take(struct call *c, size_t room, bool peek)
{
    ssize_t n;

    if (c->file->n_head && room)
        return take_kept(c->file, c->run->scratch, room, peek);
    n = recv(c->fd, c->run->scratch, room, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    return n < 0 ? -errno : n;
}

/* Writes bytes into the pair, though it be full: they lay there before, but pieces of another size may take more room. */
static bool refill(const struct file *f, const uint8_t *bytes, size_t n)
{
    int room = 0, half;
    socklen_t size = sizeof room;
    size_t at = 0;
    ssize_t r;

    getsockopt(f->end, SOL_SOCKET, SO_SNDBUF, &room, &size);
    half = room / 2; /* the kernel makes the double of what it is told */
    if (setsockopt(f->end, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
        setsockopt(f->end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    while (at < n && (r = send(f->end, bytes + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        at += (size_t)r;
    setsockopt(f->end, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
    return at == n;
}

/* Bytes, and then n_head, are what is kept from now on. False: no memory. */
static bool keep(struct file *f, const uint8_t *bytes, size_t n)
{
    uint8_t *all = malloc(n + f->n_head);

    if (!all)
        return false;
    memcpy(all, bytes, n);
    if (f->n_head)
        memcpy(all + n, f->head, f->n_head);
    free(f->head);
    f->head = all;
    f->n_head += n;
    return true;
}

/* False: no memory, or no room though there was. */
static bool rewrite(struct call *c, size_t n)
{
    size_t behind = head_waiting(c);
    uint8_t *all = malloc(n + behind);
    bool good = all != NULL;
    ssize_t r;

    if (good) {
        memcpy(all, c->run->scratch, n);
        r = behind ? recv(c->fd, all + n, behind, MSG_DONTWAIT) : 0;
        good = refill(c->file, all, n + (r > 0 ? (size_t)r : 0));
    }
    free(all);
    return good;
}

void head_put_back(struct call *c, size_t n)
{
    struct file *f = c->file;
    bool good;

    if (!n || f->end < 0)
        return;
    good = f->in_over || f->n_head ? keep(f, c->run->scratch, n) : rewrite(c, n);
    if (!good)
        file_reset(c->run, f, -ECONNRESET); /* rather than a gap */
}
