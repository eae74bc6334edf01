/* SPDX-License-Identifier: MIT */
/* Pipes, so that splice has something to stand between a file and a socket: a ring of bytes with two ends. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/calls.h"
#include "packetdrill/data.h"
#include "packetdrill/epoll.h"
#include "packetdrill/pipe.h"
#include "packetdrill/ready.h"

#define DEFAULT_SIZE 65536
#define SMALLEST     4096
#define LARGEST      1048576

struct ring {
    size_t size, at, used;
    uint8_t *bytes;
    struct pipe_end *reader, *writer; /* NULL: closed */
};

struct pipe_end {
    struct desc desc; /* first */
    struct ring *ring;
};

static struct ring *ring_of(const struct desc *desc) { return ((const struct pipe_end *)desc)->ring; }

/* ---- the ring ---- */

size_t pipe_unread(const struct desc *desc)
{
    return ring_of(desc)->used;
}

size_t pipe_room(const struct desc *desc)
{
    return ring_of(desc)->size - ring_of(desc)->used;
}

bool pipe_has_writer(const struct desc *desc) { return ring_of(desc)->writer; }
bool pipe_has_reader(const struct desc *desc) { return ring_of(desc)->reader; }

bool pipe_same(const struct desc *a, const struct desc *b)
{
    return ring_of(a) == ring_of(b);
}

void pipe_put(struct drill *d, struct desc *desc, const void *from, size_t n)
{
    struct ring *r = ring_of(desc);
    size_t end = (r->at + r->used) % r->size, first = n < r->size - end ? n : r->size - end;

    memcpy(r->bytes + end, from, first);
    memcpy(r->bytes, (const uint8_t *)from + first, n - first);
    r->used += n;
    if (n && r->reader)
        epoll_happened(d, &r->reader->desc, READY_IN);
}

void pipe_look(const struct desc *desc, void *to, size_t n)
{
    const struct ring *r = ring_of(desc);
    size_t first = n < r->size - r->at ? n : r->size - r->at;

    memcpy(to, r->bytes + r->at, first);
    memcpy((uint8_t *)to + first, r->bytes, n - first);
}

void pipe_drop(struct drill *d, struct desc *desc, size_t n)
{
    struct ring *r = ring_of(desc);

    r->at = (r->at + n) % r->size;
    r->used -= n;
    if (n && r->writer)
        epoll_happened(d, &r->writer->desc, READY_OUT);
}

int64_t pipe_size(struct desc *desc, int size)
{
    struct ring *r = ring_of(desc);
    size_t new_size = SMALLEST;
    uint8_t *bytes;

    if (size == 0)
        return (int64_t)r->size;
    if (size < 0 || size > LARGEST)
        return size < 0 ? -EINVAL : -EPERM;
    while (new_size < (size_t)size)
        new_size *= 2;
    if (new_size < r->used)
        return -EBUSY;
    bytes = malloc(new_size);
    if (!bytes)
        return -ENOMEM;
    pipe_look(desc, bytes, r->used);
    free(r->bytes);
    r->bytes = bytes;
    r->size = new_size;
    r->at = 0;
    return (int64_t)new_size;
}

/* ---- reading and writing ---- */

struct pipe_call {
    struct call call;
    struct desc *desc;
    struct user_iov *u;
    size_t len, done;
};

static int64_t try_read(struct drill *d, struct call *call)
{
    struct pipe_call *p = (struct pipe_call *)call;

    if (pipe_unread(p->desc) == 0) {
        if (!pipe_has_writer(p->desc))
            return 0;
        return call->late ? -EAGAIN : CALL_SLEEPS;
    }
    if (p->u->faulty)
        return -EFAULT;
    for (size_t i = 0; i < p->u->n && pipe_unread(p->desc) > 0; i++) {
        size_t unread = pipe_unread(p->desc), n = p->u->iov[i].len < unread ? p->u->iov[i].len : unread;

        pipe_look(p->desc, p->u->iov[i].base, n);
        pipe_drop(d, p->desc, n);
        p->done += n;
    }
    return (int64_t)p->done;
}

/* What fits, but at most PIPE_BUF bytes are never torn. */
static int64_t try_write(struct drill *d, struct call *call)
{
    struct pipe_call *p = (struct pipe_call *)call;

    if (!pipe_has_reader(p->desc))
        return p->done ? (int64_t)p->done : -EPIPE;
    if (p->u->faulty)
        return -EFAULT;
    while (p->u->len && pipe_room(p->desc) >= (p->len <= PIPE_BUF ? p->len : 1)) {
        size_t room = pipe_room(p->desc), n = p->u->iov[0].len < room ? p->u->iov[0].len : room;

        pipe_put(d, p->desc, p->u->iov[0].base, n);
        user_skip(p->u, n);
        p->done += n;
    }
    if (p->u->len == 0)
        return (int64_t)p->done;
    if (!call->late)
        return CALL_SLEEPS;
    return p->done ? (int64_t)p->done : -EAGAIN;
}

static int64_t run(struct drill *d, struct pipe_call *p)
{
    int64_t n;

    desc_hold(p->desc);
    n = call_run(d, &p->call, p->desc->nonblocking ? 0 : WEFT_NEVER);
    desc_drop(d, p->desc);
    return n;
}

int64_t pipe_read(struct drill *d, struct desc *desc, struct user_iov *u)
{
    struct pipe_call p = {.call = {.name = "read", .attempt = try_read}, .desc = desc, .u = u};

    return u->len ? run(d, &p) : 0;
}

int64_t pipe_write(struct drill *d, struct desc *desc, struct user_iov *u)
{
    struct pipe_call p = {.call = {.name = "write", .attempt = try_write}, .desc = desc, .u = u, .len = u->len};

    return u->len ? run(d, &p) : 0;
}

/* ---- coming and going ---- */

static void release(struct drill *d, struct desc *desc)
{
    struct pipe_end *end = (struct pipe_end *)desc;
    struct ring *r = end->ring;
    struct pipe_end *other = end == r->reader ? r->writer : r->reader;

    if (end == r->reader)
        r->reader = NULL;
    else
        r->writer = NULL;
    free(end);
    if (other) {
        epoll_happened(d, &other->desc, 0);
        return;
    }
    free(r->bytes);
    free(r);
}

static unsigned ready(struct drill *d, struct desc *desc)
{
    (void)d;
    if (desc->readable)
        return (pipe_unread(desc) ? READY_IN : 0u) | (pipe_has_writer(desc) ? 0u : POLLHUP);
    return (pipe_room(desc) ? READY_OUT : 0u) | (pipe_has_reader(desc) ? 0u : POLLERR);
}

const struct desc_ops pipe_ops = {release, ready};

static int64_t open_pipe(struct drill *d, int fds[2])
{
    struct ring *r = calloc(1, sizeof *r);
    struct pipe_end *reader = calloc(1, sizeof *reader), *writer = calloc(1, sizeof *writer);
    uint8_t *bytes = malloc(DEFAULT_SIZE);
    int from = -ENOMEM, to = -ENOMEM;

    if (r && reader && writer && bytes) {
        *r = (struct ring){.size = DEFAULT_SIZE, .bytes = bytes, .reader = reader, .writer = writer};
        *reader = (struct pipe_end){.desc = {.readable = true}, .ring = r};
        *writer = (struct pipe_end){.desc = {.writable = true}, .ring = r};
        from = desc_add(d, &reader->desc, &pipe_ops);
        to = from < 0 ? from : desc_add(d, &writer->desc, &pipe_ops);
    }
    if (to >= 0) {
        fds[0] = from;
        fds[1] = to;
        return 0;
    }
    if (from >= DRILL_FIRST_FD)
        d->fds[from - DRILL_FIRST_FD] = NULL;
    free(r);
    free(reader);
    free(writer);
    free(bytes);
    return to;
}

int drill_pipe(void *userdata, int fds[2])
{
    struct drill *d = drill_enter(userdata);

    return (int)drill_leave(d, user_writes(d, fds, 2 * sizeof *fds) ? open_pipe(d, fds) : -EFAULT);
}
