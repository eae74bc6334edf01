/* SPDX-License-Identifier: MIT */
/*
 * sendfile and splice, which the kernel cannot do with a number of weft's. Bytes are copied here; what they mean is
 * Linux's. None is taken out of a pipe before a socket has it, and none out of a socket that the pipe has no room for.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix.h"

#define CHUNK 65536 /* what a pipe holds; and no datagram is longer */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Results here are a count or a negative errno. */
static int64_t or_errno(int64_t r) { return r < 0 ? -errno : r; }

/* ---- sendfile ---- */

static int64_t send_file(int out, int in, off_t *at, size_t n, char *buf)
{
    size_t done = 0;
    int64_t got = 0, sent = 0;

    while (done < n) {
        got = or_errno(pread(in, buf, least(n - done, CHUNK), *at));
        if (got <= 0)
            break;
        sent = or_errno(weft_posix_send(out, buf, (size_t)got, 0));
        if (sent < 0)
            break;
        *at += sent;
        done += (size_t)sent;
        if (sent < got)
            break;
    }
    return done ? (int64_t)done : got < 0 ? got : sent < 0 ? sent : 0;
}

ssize_t weft_posix_sendfile(int out, int in, off_t *offset, size_t n)
{
    off_t at;
    char *buf;
    int64_t r;

    if (!px_is_ours(out) && !px_is_ours(in))
        return sendfile(out, in, offset, n);
    if (px_is_ours(in)) /* it cannot be positioned */
        return (ssize_t)px_result(offset ? -ESPIPE : -EINVAL);
    at = offset ? *offset : lseek(in, 0, SEEK_CUR);
    if (at < 0)
        return (ssize_t)px_result(offset || errno == ESPIPE ? -EINVAL : -errno);
    buf = malloc(CHUNK);
    r = buf ? send_file(out, in, &at, n, buf) : -ENOMEM;
    free(buf);
    if (r > 0 && offset)
        *offset = at;
    else if (r > 0)
        lseek(in, at, SEEK_SET);
    return (ssize_t)px_result(r);
}

/* ---- splice ---- */

static bool is_pipe(int fd)
{
    struct stat st;

    return !px_is_ours(fd) && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static bool is_stream(int fd)
{
    struct px_sock *s = px_get_sock(fd);
    bool stream = s && px_is_stream(s);

    if (s)
        px_drop(&s->px);
    return stream;
}

/* Waits till the pipe has room for PIPE_BUF bytes. 0, -EAGAIN: it has none and must not wait; -EPIPE: nobody reads. */
static int64_t await_room(int pipe, bool wait)
{
    struct pollfd p = {.fd = pipe, .events = POLLOUT};
    int64_t r = or_errno(poll(&p, 1, wait ? -1 : 0));

    if (r > 0 && p.revents & POLLERR) {
        raise(SIGPIPE);
        return -EPIPE;
    }
    return r > 0 ? 0 : r < 0 ? r : -EAGAIN;
}

/* All of it, which is in no other place any more. */
static int64_t write_all(int pipe, const char *buf, size_t n)
{
    size_t done = 0;
    int64_t r = 0;

    while (done < n) {
        r = or_errno(write(pipe, buf + done, n - done));
        if (r == -EAGAIN || r == -EINTR)
            r = await_room(pipe, true);
        else if (r > 0)
            done += (size_t)r;
        if (r < 0 && r != -EINTR)
            break;
    }
    return done ? (int64_t)done : r;
}

/* As much of a stream as is there. Only the first bytes are waited for. */
static int64_t stream_into_pipe(int in, int out, size_t n, bool wait, char *buf)
{
    size_t done = 0;
    int64_t r;

    do {
        r = await_room(out, wait && !done);
        if (r == 0)
            r = or_errno(weft_posix_recv(in, buf, least(n - done, PIPE_BUF), done ? MSG_DONTWAIT : 0));
        if (r > 0)
            r = write_all(out, buf, (size_t)r);
        if (r > 0)
            done += (size_t)r;
    } while (r > 0 && done < n);
    return done ? (int64_t)done : r;
}

/*
 * One datagram. What the pipe has no room for is cut off, as by recv with too small a buffer. Only the kernel knows how
 * much that is, for pages count and not bytes: so it comes by way of another pipe, whose pages move.
 */
static int64_t datagram_into_pipe(int in, int out, size_t n, bool wait, char *buf)
{
    int by[2];
    int64_t r = await_room(out, wait);

    if (r == 0 && pipe2(by, O_CLOEXEC | O_NONBLOCK) < 0)
        r = -errno;
    if (r < 0)
        return r;
    r = or_errno(weft_posix_recv(in, buf, least(n, CHUNK), 0));
    if (r > 0)
        r = or_errno(write(by[1], buf, (size_t)r));
    if (r > 0)
        r = or_errno(splice(by[0], NULL, out, NULL, (size_t)r, wait ? 0 : SPLICE_F_NONBLOCK));
    close(by[0]);
    close(by[1]);
    return r;
}

static int64_t into_pipe(int in, int out, size_t n, unsigned flags, char *buf)
{
    bool wait = !(flags & SPLICE_F_NONBLOCK) && !(fcntl(out, F_GETFL) & O_NONBLOCK);

    return (is_stream(in) ? stream_into_pipe : datagram_into_pipe)(in, out, n, wait, buf);
}

/* Bytes that were looked at leave the pipe. */
static int64_t take_away(int pipe, char *buf, size_t n)
{
    size_t done = 0;
    int64_t r = 1;

    while (done < n && r > 0) {
        r = or_errno(read(pipe, buf, n - done));
        done += r > 0 ? (size_t)r : 0;
    }
    return r < 0 ? r : (int64_t)done;
}

/* Through another pipe, as what waits in one can be copied there and looked at (tee). */
static int64_t from_pipe(int in, int out, size_t n, unsigned flags, char *buf)
{
    int copy[2], more = flags & SPLICE_F_MORE ? MSG_MORE : 0;
    size_t done = 0;
    int64_t got, sent = 0;

    if (pipe2(copy, O_CLOEXEC) < 0)
        return -errno;
    do {
        got = or_errno(tee(in, copy[1], least(n - done, CHUNK), done ? SPLICE_F_NONBLOCK : flags & SPLICE_F_NONBLOCK));
        if (got > 0)
            got = or_errno(read(copy[0], buf, (size_t)got));
        if (got > 0)
            sent = or_errno(weft_posix_send(out, buf, (size_t)got, more));
        if (got > 0 && sent > 0)
            done += (size_t)take_away(in, buf, (size_t)sent);
    } while (got > 0 && sent == got && done < n);
    close(copy[0]);
    close(copy[1]);
    return done ? (int64_t)done : got <= 0 ? got : sent;
}

/* As Linux's: 0, or why they cannot be. One end is ours. */
static int check_ends(int in, const off_t *off_in, int out, const off_t *off_out, unsigned flags)
{
    bool from = is_pipe(in), to = is_pipe(out);

    if (flags & ~(unsigned)(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT))
        return -EINVAL;
    if (fcntl(in, F_GETFD) < 0 || fcntl(out, F_GETFD) < 0)
        return -EBADF;
    if ((from && off_in) || (to && off_out))
        return -ESPIPE;
    return (!from && !to) || off_in || off_out ? -EINVAL : 0; /* a socket has no places */
}

ssize_t weft_posix_splice(int in, off_t *off_in, int out, off_t *off_out, size_t n, unsigned flags)
{
    char *buf;
    int64_t r;

    if (!px_is_ours(in) && !px_is_ours(out))
        return splice(in, off_in, out, off_out, n, flags);
    if (n == 0)
        return 0;
    r = check_ends(in, off_in, out, off_out, flags);
    if (r)
        return (ssize_t)px_result(r);
    buf = malloc(CHUNK);
    if (!buf)
        return (ssize_t)px_result(-ENOMEM);
    r = px_is_ours(in) ? into_pipe(in, out, n, flags, buf) : from_pipe(in, out, n, flags, buf);
    free(buf);
    return (ssize_t)px_result(r);
}
