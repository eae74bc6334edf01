/* SPDX-License-Identifier: MIT */
/*
 * See call.h: pipes and files, as far as bytes go through them to and from sockets. Which bytes they are does not
 * matter: what is read from a socket is checked there, what is written to one follows its pattern. So a pipe is a
 * number, and a file has no end.
 */
#include <stdlib.h>

#include "call.h"

#define PIPE_MAX 65536

struct pipe {
    size_t n;
    unsigned ends;
};

enum { SPLICE_NONBLOCK = 2, SPLICE_MORE = 4 };

int64_t call_open(struct attempt *a)
{
    fd_add(a->lab, FD_FILE, (int)a->call->result);
    return a->call->result;
}

int64_t call_pipe(struct attempt *a)
{
    const struct value *pair = argument(a, 0);
    struct pipe *pipe;

    if (pair->kind != VALUE_LIST || pair->n_items != 2)
        return bad(a, "the descriptors are given as [5, 6]");
    pipe = calloc(1, sizeof(*pipe));
    if (!pipe)
        abort();
    pipe->ends = 2;
    fd_add(a->lab, FD_PIPE_OUT, (int)pair->items[0].number)->pipe = pipe;
    fd_add(a->lab, FD_PIPE_IN, (int)pair->items[1].number)->pipe = pipe;
    return 0;
}

void pipe_close(struct lab_fd *fd)
{
    if (fd->pipe && --fd->pipe->ends == 0)
        free(fd->pipe);
    fd->pipe = NULL;
}

int64_t pipe_read(struct attempt *a, size_t n)
{
    struct pipe *pipe = a->fd->pipe;

    if (a->fd->kind == FD_FILE)
        return (int64_t)n;
    if (a->fd->kind != FD_PIPE_OUT)
        return EBADF_RESULT;
    if (pipe->n == 0)
        return pipe->ends == 1 ? 0 : BLOCKED;
    n = n < pipe->n ? n : pipe->n;
    pipe->n -= n;
    return (int64_t)n;
}

int64_t pipe_write(struct attempt *a, size_t n)
{
    struct pipe *pipe = a->fd->pipe;

    if (a->fd->kind != FD_PIPE_IN)
        return EBADF_RESULT;
    if (pipe->ends == 1)
        return WEFT_EPIPE;
    if (pipe->n == PIPE_MAX)
        return BLOCKED;
    n = n < PIPE_MAX - pipe->n ? n : PIPE_MAX - pipe->n;
    pipe->n += n;
    return (int64_t)n;
}

/* From a socket into a pipe. */
static int64_t splice_in(struct attempt *a, struct lab_fd *sock, struct pipe *pipe, size_t n, bool waits)
{
    size_t room = PIPE_MAX - pipe->n;
    int64_t took;

    if (room == 0)
        return waits ? BLOCKED : WEFT_EAGAIN;
    took = data_receive(a, sock, n < room ? n : room, 0, NULL, NULL);
    if (took > 0)
        pipe->n += (size_t)took;
    return took == WEFT_EAGAIN && waits && !sock->nonblocking ? BLOCKED : took;
}

/* From a pipe into a socket. */
static int64_t splice_out(struct attempt *a, struct lab_fd *sock, struct pipe *pipe, size_t n, unsigned flags)
{
    bool waits = !(flags & SPLICE_NONBLOCK);
    int64_t took;

    if (pipe->n == 0)
        return pipe->ends == 1 ? 0 : waits ? BLOCKED : WEFT_EAGAIN;
    took = data_send(a, sock, n < pipe->n ? n : pipe->n, flags & SPLICE_MORE ? WEFT_MSG_MORE : 0, NULL);
    if (took > 0)
        pipe->n -= (size_t)took;
    return took == WEFT_EAGAIN && waits && !sock->nonblocking ? BLOCKED : took;
}

/* splice(in, NULL, out, NULL, n, flags) */
int64_t call_splice(struct attempt *a)
{
    struct lab_fd *out = lab_fd_find(a->lab, (int)number_of(a, 2));
    size_t n = (size_t)number_of(a, 4);
    unsigned flags = (unsigned)number_of(a, 5);

    if (!out)
        return EBADF_RESULT;
    if (a->fd->kind == FD_SOCKET && out->kind == FD_PIPE_IN)
        return splice_in(a, a->fd, out->pipe, n, !(flags & SPLICE_NONBLOCK));
    if (a->fd->kind == FD_PIPE_OUT && out->kind == FD_SOCKET)
        return splice_out(a, out, a->fd->pipe, n, flags);
    return WEFT_EINVAL;
}

/* sendfile(socket, file, [offset], n): blocks as a write does. */
int64_t call_sendfile(struct attempt *a)
{
    struct lab_fd *file = lab_fd_find(a->lab, (int)number_of(a, 1));
    int64_t *done = &a->lab->pending.done, n = number_of(a, 3), took;

    if (!file || file->kind != FD_FILE || a->fd->kind != FD_SOCKET)
        return EBADF_RESULT;
    took = data_send(a, a->fd, (size_t)(n - *done), 0, NULL);
    if (a->fd->nonblocking)
        return took;
    if (took > 0)
        *done += took;
    if (took > 0 || took == WEFT_EAGAIN)
        return *done == n ? n : BLOCKED;
    return *done ? *done : took;
}
