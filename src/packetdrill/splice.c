/* SPDX-License-Identifier: MIT */
/*
 * splice and sendfile. Pages are not moved, their bytes are: what can be seen of it, results and segments, is the
 * same.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packetdrill/calls.h"
#include "packetdrill/data.h"
#include "packetdrill/file.h"
#include "packetdrill/pipe.h"

#define SPLICE_ALL (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

static bool is_pipe(const struct desc *desc) { return desc->ops == &pipe_ops; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Waits until a pipe has bytes, or room; or has lost its other end. */
struct wait {
    struct call call;
    struct desc *pipe;
    bool for_room;
};

static int64_t try_wait(struct drill *d, struct call *call)
{
    struct wait *w = (struct wait *)call;
    bool ready = w->for_room ? pipe_room(w->pipe) > 0 || !pipe_has_reader(w->pipe)
                             : pipe_unread(w->pipe) > 0 || !pipe_has_writer(w->pipe);

    (void)d;
    if (ready)
        return 0;
    return call->late ? -EAGAIN : CALL_SLEEPS;
}

static int64_t wait_pipe(struct drill *d, struct desc *pipe, bool for_room, bool nonblocking)
{
    struct wait w = {.call = {.name = "splice", .attempt = try_wait}, .pipe = pipe, .for_room = for_room};

    return call_run(d, &w.call, nonblocking || pipe->nonblocking ? 0 : WEFT_NEVER);
}

/* ---- between a pipe and a socket ---- */

static int64_t from_socket(struct drill *d, struct socket *s, struct desc *pipe, size_t n, unsigned flags)
{
    struct user_iov u = {.n = 1, .len = n};
    uint8_t bytes[DRILL_SCRATCH];
    struct received out;
    int64_t r = wait_pipe(d, pipe, true, flags & SPLICE_F_NONBLOCK);

    if (r < 0)
        return r;
    if (!pipe_has_reader(pipe))
        return -EPIPE;
    u.len = smaller(smaller(n, sizeof bytes), pipe_room(pipe));
    u.iov[0] = (struct weft_iov){bytes, u.len};
    r = socket_receive(d, s, &u, 0, &out);
    if (r > 0)
        pipe_put(d, pipe, bytes, (size_t)r);
    return r;
}

static int64_t to_socket(struct drill *d, struct desc *pipe, struct socket *s, size_t n, unsigned flags)
{
    struct user_iov u = {.n = 1};
    uint8_t bytes[DRILL_SCRATCH];
    int64_t r = wait_pipe(d, pipe, false, flags & SPLICE_F_NONBLOCK), sent = 0;

    while (r >= 0 && n && pipe_unread(pipe)) {
        size_t all = pipe_unread(pipe), piece = smaller(smaller(n, all), sizeof bytes);
        bool more = flags & SPLICE_F_MORE || (n > piece && all > piece);

        pipe_look(pipe, bytes, piece);
        u.iov[0] = (struct weft_iov){bytes, piece};
        u.n = 1;
        u.len = piece;
        r = socket_send(d, s, &u, more ? MSG_MORE : 0, NULL, &(struct beside){.stamps = (unsigned)s->own.kept[LINUX_STAMPING]});
        if (r > 0) {
            pipe_drop(d, pipe, (size_t)r);
            sent += r;
            n -= (size_t)r;
        }
        if (r < (int64_t)piece)
            break;
    }
    return sent ? sent : r;
}

static int64_t between_pipes(struct drill *d, struct desc *from, struct desc *to, size_t n, unsigned flags)
{
    uint8_t bytes[DRILL_SCRATCH];
    int64_t r = wait_pipe(d, from, false, flags & SPLICE_F_NONBLOCK);

    if (r == 0)
        r = wait_pipe(d, to, true, flags & SPLICE_F_NONBLOCK);
    if (r < 0)
        return r;
    if (!pipe_has_reader(to))
        return -EPIPE;
    n = smaller(smaller(n, sizeof bytes), smaller(pipe_unread(from), pipe_room(to)));
    pipe_look(from, bytes, n);
    pipe_drop(d, from, n);
    pipe_put(d, to, bytes, n);
    return (int64_t)n;
}

/* ---- splice ---- */

/* packetdrill gives a pointer to zero where a script says NULL. Nothing here has places one could seek to. */
static bool names_a_place(struct drill *d, const off_t *at, int *err)
{
    *err = user_reads(d, at, at ? sizeof *at : 0) ? 0 : -EFAULT;
    return *err == 0 && at && *at != 0;
}

static int64_t splice_descs(struct drill *d, struct desc *from, struct desc *to, size_t n, unsigned flags)
{
    if (is_pipe(from) && is_pipe(to))
        return pipe_same(from, to) ? -EINVAL : between_pipes(d, from, to, n, flags);
    if (is_pipe(from) && to->ops == &socket_ops)
        return to_socket(d, from, (struct socket *)to, n, flags);
    if (is_pipe(to) && from->ops == &socket_ops)
        return from_socket(d, (struct socket *)from, to, n, flags);
    return -EINVAL;
}

/* From a file of the kernel's into a pipe. */
static int64_t from_file(struct drill *d, int from, const off_t *from_at, struct desc *pipe, size_t n, unsigned flags)
{
    uint8_t bytes[DRILL_SCRATCH];
    int err;
    bool has_place = names_a_place(d, from_at, &err);
    off_t place = has_place ? *from_at : 0;
    int64_t r = err ? err : wait_pipe(d, pipe, true, flags & SPLICE_F_NONBLOCK);

    if (r < 0)
        return r;
    if (!pipe_has_reader(pipe))
        return -EPIPE;
    r = file_read(from, bytes, smaller(smaller(n, sizeof bytes), pipe_room(pipe)), has_place ? &place : NULL);
    if (r > 0)
        pipe_put(d, pipe, bytes, (size_t)r);
    return r;
}

static int64_t splice_fds(struct drill *d, int from, const off_t *from_at, int to, const off_t *to_at, size_t n,
                          unsigned flags)
{
    struct desc *in = desc_find(d, from), *out = desc_find(d, to);
    bool in_place, out_place;
    int err;
    int64_t r;

    if (n == 0)
        return 0;
    if (flags & ~(unsigned)SPLICE_ALL)
        return -EINVAL;
    if (!in && out && is_pipe(out) && out->writable && file_is_open(from))
        return from_file(d, from, from_at, out, n, flags);
    if (!in || !out || !in->readable || !out->writable)
        return -EBADF;
    in_place = names_a_place(d, from_at, &err);
    if (!err)
        out_place = names_a_place(d, to_at, &err);
    if (err)
        return err;
    if (in_place || out_place)
        return (in_place && is_pipe(in)) || (out_place && is_pipe(out)) ? -ESPIPE : -EINVAL;
    desc_hold(in);
    desc_hold(out);
    r = splice_descs(d, in, out, n, flags);
    desc_drop(d, in);
    desc_drop(d, out);
    return r;
}

ssize_t drill_splice(void *userdata, int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags)
{
    struct drill *d = drill_enter(userdata);

    return drill_leave(d, splice_fds(d, from, from_at, to, to_at, n, flags));
}

/* ---- sendfile: from a file of the kernel's ---- */

/* Moves on in the file by what was sent: its own position, or the caller's. */
static void move_on(int from, off_t *at, off_t n)
{
    if (at)
        *at += n;
    else
        lseek(from, n, SEEK_CUR);
}

static int64_t send_file(struct drill *d, struct socket *s, int from, off_t *at, size_t n)
{
    struct user_iov u;
    uint8_t bytes[DRILL_SCRATCH];
    int64_t sent = 0, r = 0;
    off_t place = at ? *at : lseek(from, 0, SEEK_CUR);

    while (place >= 0 && n) {
        ssize_t got = pread(from, bytes, smaller(n, sizeof bytes), place + sent), ahead;
        uint8_t one;

        if (got <= 0) {
            r = got < 0 ? -errno : 0;
            break;
        }
        ahead = (size_t)got < n ? pread(from, &one, 1, place + sent + got) : 0;
        u = (struct user_iov){.iov = {{bytes, (size_t)got}}, .n = 1, .len = (size_t)got};
        r = socket_send(d, s, &u, ahead > 0 ? MSG_MORE : 0, NULL, &(struct beside){.stamps = (unsigned)s->own.kept[LINUX_STAMPING]});
        sent += r > 0 ? r : 0;
        n -= r > 0 ? (size_t)r : 0;
        if (r < got)
            break;
    }
    move_on(from, at, (off_t)sent);
    return sent || place >= 0 ? (sent ? sent : r) : -EINVAL;
}

ssize_t drill_sendfile(void *userdata, int to, int from, off_t *at, size_t n)
{
    struct drill *d = drill_enter(userdata);
    int err;
    struct socket *s = desc_socket(d, to, &err);
    int64_t r;

    if (!s)
        return drill_leave(d, err == -ENOTSOCK ? -EINVAL : err);
    if (!file_is_open(from))
        return drill_leave(d, desc_find(d, from) ? -EINVAL : -EBADF);
    if (at && !user_writes(d, at, sizeof *at))
        return drill_leave(d, -EFAULT);
    desc_hold(&s->desc);
    r = send_file(d, s, from, at, n);
    desc_drop(d, &s->desc);
    return drill_leave(d, r);
}
