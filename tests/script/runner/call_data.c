/* SPDX-License-Identifier: MIT */
/* See call.h: bytes in and out. Whatever buffer a script names, the pattern is what goes through it. */
#include <string.h>

#include "call.h"
#include "stamps.h"

static uint8_t buffer[1 << 20];

enum { DONTWAIT = 0x40, WAITALL = 0x100, ERRQUEUE = 0x2000, NOSIGNAL = 0x4000, ZEROCOPY = 0x4000000 };

/* What the stack does not need to know: how long the caller waits, and what happens to it. */
#define CALLERS_OWN ((unsigned)(DONTWAIT | WAITALL | NOSIGNAL | ZEROCOPY))

static size_t bounded(int64_t n)
{
    return n < 0 ? 0 : n > (int64_t)sizeof(buffer) ? sizeof(buffer) : (size_t)n;
}

/* The sum of an iovec's pieces. */
static size_t amount_of_pieces(const struct value *list)
{
    int64_t n = 0;

    for (size_t i = 0; i < list->n_items; i++) {
        const struct value *length = value_field(&list->items[i], "iov_len", 1);

        if (length && length->number > 0 && length->number <= (int64_t)sizeof(buffer))
            n += length->number;
    }
    return bounded(n);
}

/* Bytes asked for: the third argument, or the sum of a writev's pieces. */
static size_t amount_of(const struct attempt *a)
{
    const struct value *v = argument(a, 1);

    return v->kind == VALUE_LIST ? amount_of_pieces(v) : bounded(number_of(a, 2));
}

/* ---- out ---- */

static void fill(const struct lab_fd *fd, size_t n)
{
    uint32_t first = fd->proto == WEFT_TCP ? fd->wrote : 0;

    for (size_t i = 0; i < n; i++)
        buffer[i] = packet_pattern(first + (uint32_t)i, true);
    if (fd->proto != WEFT_ICMP)
        return;
    for (size_t i = 0; i < n; i++) /* an echo request: type 8, sequence 1, the pattern after the header */
        buffer[i] = i >= 8 ? packet_pattern((uint32_t)i - 8, true) : i == 0 ? 8 : i == 7 ? 1 : 0;
}

int64_t data_send(struct attempt *a, struct lab_fd *fd, size_t n, unsigned flags, const struct weft_addr *to)
{
    bool zerocopy = flags & ZEROCOPY;
    struct weft_iov iov = {buffer, bounded((int64_t)n)};
    int64_t took;

    fill(fd, iov.len);
    took = weft_sendmsg_control(fd->sock, &iov, 1, flags & ~CALLERS_OWN, to, a->control);
    if (took > 0)
        fd->wrote += (uint32_t)took;
    if (took > 0 && fd->proto == WEFT_TCP)
        stamps_sent(fd, (size_t)took, zerocopy, a->stamps);
    return took;
}

/* A blocking write goes on until all is taken; an error after some of it is the next call's. */
static int64_t write_all(struct attempt *a, size_t n, unsigned flags, const struct weft_addr *to)
{
    int64_t *done = &a->lab->pending.done;
    int64_t took = data_send(a, a->fd, n - (size_t)*done, flags, to);

    if (a->fd->nonblocking || flags & DONTWAIT || a->fd->proto != WEFT_TCP)
        return took;
    if (took > 0)
        *done += took;
    if (took > 0 || took == WEFT_EAGAIN)
        return *done == (int64_t)n ? *done : BLOCKED;
    return *done ? *done : took;
}

int64_t call_write(struct attempt *a)
{
    bool names = strcmp(a->call->name, "sendto") == 0;
    bool sends = names || strcmp(a->call->name, "send") == 0;
    const struct config *c = &a->lab->script->config;
    struct weft_addr to;

    if (a->fd->kind != FD_SOCKET)
        return sends ? ENOTSOCK_RESULT : pipe_write(a, amount_of(a));
    names = names && argument(a, 4)->kind != VALUE_NUMBER;
    if (names && !address_parse(a, argument(a, 4), &c->remote, c->connect_port, &to))
        return BAD;
    return write_all(a, amount_of(a), sends ? (unsigned)number_of(a, 3) : 0, names ? &to : NULL);
}

int64_t call_sendmsg(struct attempt *a)
{
    const struct value *m = argument(a, 1), *name = value_field(m, "msg_name", 0), *iov = value_field(m, "msg_iov", 1);
    const struct config *c = &a->lab->script->config;
    bool names = name && name->kind == VALUE_STRUCT;
    struct weft_control control;
    struct weft_addr to;

    if (m->kind != VALUE_STRUCT || !iov)
        return bad(a, "a message is {msg_name(...)=..., msg_iov(1)=[{..., 100}], msg_flags=0}");
    if (!control_to_send(a, m, &control))
        return BAD;
    a->control = control.has ? &control : NULL;
    if (names && !address_parse(a, name, &c->remote, c->connect_port, &to))
        return BAD;
    return write_all(a, amount_of_pieces(iov), (unsigned)number_of(a, 2), names ? &to : NULL);
}

/* ---- in ---- */

static bool is_pattern(struct attempt *a, const struct lab_fd *fd, uint32_t skip, int64_t n)
{
    uint32_t first = fd->proto == WEFT_TCP ? fd->read + skip : 0;

    for (int64_t i = 0; i < n && fd->proto != WEFT_ICMP; i++)
        if (buffer[i] != packet_pattern(first + (uint32_t)i, false)) {
            bad(a, "byte %u of the stream is not what was sent", first + (uint32_t)i);
            return false;
        }
    return true;
}

/* Does the reader stand at an urgent byte that he will not find in the stream? */
static bool at_urgent_byte(const struct lab_fd *fd)
{
    int in_line = 0;
    size_t n = sizeof in_line;

    weft_getsockopt(fd->sock, WEFT_SOL_SOCKET, WEFT_SO_OOBINLINE, &in_line, &n);
    return !in_line && weft_atmark(fd->sock) == 1;
}

int64_t data_receive(struct attempt *a, struct lab_fd *fd, size_t n, unsigned flags, struct weft_addr *from,
                     unsigned *out_flags)
{
    struct weft_iov iov = {buffer, bounded((int64_t)n)};
    bool skips = fd->proto == WEFT_TCP && at_urgent_byte(fd);
    struct weft_control unasked;
    int64_t took = weft_recvmsg_control(fd->sock, &iov, 1, flags & ~CALLERS_OWN, from, out_flags,
                                        a->came ? a->came : &unasked);
    int64_t here = took < (int64_t)iov.len ? took : (int64_t)iov.len; /* MSG_TRUNC tells the true length */

    if (fd->proto == WEFT_TCP && flags & (WEFT_MSG_OOB | WEFT_MSG_TRUNC)) /* not of the stream, or nothing at all */
        here = 0;
    if (!is_pattern(a, fd, skips, here))
        return BAD;
    if (flags & (WEFT_MSG_PEEK | WEFT_MSG_OOB))
        return took;
    if (skips && weft_atmark(fd->sock) == 0)
        fd->read++;
    if (took > 0 && fd->proto == WEFT_TCP)
        fd->read += (uint32_t)took;
    return took;
}

/* With MSG_WAITALL a blocking read goes on until it has all, or there is no more. */
static int64_t read_some(struct attempt *a, size_t n, unsigned flags, struct weft_addr *from, unsigned *out_flags)
{
    int64_t *done = &a->lab->pending.done;
    bool blocking = !a->fd->nonblocking && !(flags & DONTWAIT);
    int64_t took = data_receive(a, a->fd, n - (size_t)*done, flags, from, out_flags);

    if (took == BAD || !blocking)
        return took;
    if (took > 0 && flags & WAITALL && a->fd->proto == WEFT_TCP) {
        *done += took;
        return *done == (int64_t)n ? *done : read_some(a, n, flags, from, out_flags);
    }
    if (took == WEFT_EAGAIN)
        return BLOCKED;
    return *done ? *done : took;
}

int64_t call_read(struct attempt *a)
{
    bool receives = strncmp(a->call->name, "recv", 4) == 0;
    unsigned flags = receives ? (unsigned)number_of(a, 3) : 0;
    struct weft_addr from = {{{0}}, 0};
    int64_t n;

    if (a->fd->kind != FD_SOCKET)
        return receives ? ENOTSOCK_RESULT : pipe_read(a, amount_of(a));
    if (flags & ERRQUEUE)
        return bad(a, "what the error queue holds is told to recvmsg only");
    n = read_some(a, amount_of(a), flags, &from, NULL);
    if (n >= 0 && strcmp(a->call->name, "recvfrom") == 0 && !address_matches(a, argument(a, 4), &from))
        return bad(a, "it came from another address");
    return n;
}

int64_t call_recvmsg(struct attempt *a)
{
    const struct value *m = argument(a, 1), *name = value_field(m, "msg_name", 0), *iov = value_field(m, "msg_iov", 1),
                       *flags = value_field(m, "msg_flags", 2);
    struct weft_addr from = {{{0}}, 0};
    struct weft_control came = {0};
    unsigned out_flags = 0;
    int64_t n;

    if (m->kind != VALUE_STRUCT || !iov)
        return bad(a, "a message is {msg_name(...)=..., msg_iov(1)=[{..., 100}], msg_flags=0}");
    if (number_of(a, 2) & ERRQUEUE)
        return control_take_report(a, m, amount_of_pieces(iov));
    a->came = &came;
    n = read_some(a, amount_of_pieces(iov), (unsigned)number_of(a, 2), &from, &out_flags);
    if (n < 0 || a->lab->lenient)
        return n;
    if (name && !address_matches(a, name, &from))
        return bad(a, "it came from another address");
    if (flags && !number_matches(flags, out_flags))
        return bad(a, "msg_flags is 0x%x, expected 0x%llx", out_flags, (long long)flags->number);
    if (!control_matches(a, m, &came))
        return BAD;
    return n;
}
