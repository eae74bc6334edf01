/* SPDX-License-Identifier: MIT */
/*
 * sendmsg, recvmsg, and several at once. On a stream the kernel does them, on the pair: a connected stream's address is
 * nobody's business. A datagram's is read from, and written to, the program's struct msghdr.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "run/private.h"

#define SEVERAL 1024 /* messages at once, as on Linux */

/* ---- send ---- */

static int read_to(struct call *c, const struct msghdr *m, struct weft_addr *to)
{
    uint64_t at = (uint64_t)(uintptr_t)m->msg_name;
    int family, err = name_read(c, at, m->msg_namelen, c->file->domain, to, &family);

    if (err == -EAFNOSUPPORT && c->file->domain == AF_INET6 && family == AF_INET)
        err = name_read(c, at, m->msg_namelen, AF_INET, to, &family);
    return err;
}

/* One message, whose header is at `at`. */
static int64_t send_one(struct call *c, uint64_t at)
{
    struct msghdr m;
    struct weft_addr to;
    int64_t n;
    int err = call_read(c, at, &m, sizeof m);

    if (!err && m.msg_name)
        err = read_to(c, &m, &to);
    if (err)
        return err;
    if (m.msg_controllen) {
        complain(c->run, call_name(c->nr), "control messages are not sent");
        return -EINVAL;
    }
    n = call_gather(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, c->run->payload, PAYLOAD + 1);
    if (n > PAYLOAD)
        return -EMSGSIZE;
    return n < 0 ? n : datagram_send(c, (size_t)n, m.msg_name ? &to : NULL);
}

static bool is_the_kernels(const struct call *c)
{
    return file_is_stream(c->file);
}

int64_t answer_sendmsg(struct call *c)
{
    unsigned flags = (unsigned)c->arg[2];
    int64_t r;

    if (is_the_kernels(c)) {
        r = stream_refuses(c, flags);
        return r ? r : ANSWER_CONTINUE;
    }
    r = send_one(c, c->arg[1]);
    return r == -EAGAIN ? datagram_wait_room(c, flags) : r;
}

int64_t answer_sendmmsg(struct call *c)
{
    size_t n = c->arg[2] < SEVERAL ? c->arg[2] : SEVERAL, i;
    unsigned sent;
    int64_t r = 0;

    if (is_the_kernels(c))
        return ANSWER_CONTINUE;
    for (i = 0; i < n; i++) {
        uint64_t at = c->arg[1] + i * sizeof(struct mmsghdr);

        r = send_one(c, at);
        if (r == -EAGAIN && i == 0)
            return datagram_wait_room(c, (unsigned)c->arg[3]);
        if (r < 0)
            break;
        sent = (unsigned)r;
        if (call_write(c, at + offsetof(struct mmsghdr, msg_len), &sent, sizeof sent) < 0)
            return -EFAULT;
    }
    return i ? (int64_t)i : r;
}

/* ---- receive ---- */

/* Fills in what recvmsg tells beside the bytes. */
static int write_header(struct call *c, uint64_t at, struct msghdr *m, const struct weft_addr *from, int flags)
{
    struct sockaddr_storage name;
    socklen_t has = linux_make_addr(from, c->file->domain, &name);
    size_t room = m->msg_namelen < has ? m->msg_namelen : has;

    if (m->msg_name && call_write(c, (uint64_t)(uintptr_t)m->msg_name, &name, room) < 0)
        return -EFAULT;
    m->msg_namelen = m->msg_name ? has : 0;
    m->msg_controllen = 0;
    m->msg_flags = flags;
    return call_write(c, at, m, sizeof *m);
}

/* Writes the datagram that was looked at to the program: how many bytes it is told of, or -EFAULT. */
static int64_t deliver(struct call *c, uint64_t at, size_t n, const struct weft_addr *from, unsigned flags)
{
    struct msghdr m;
    int64_t kept;

    if (call_read(c, at, &m, sizeof m) < 0)
        return -EFAULT;
    kept = call_scatter(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, c->run->scratch, n);
    if (kept < 0)
        return kept;
    if (write_header(c, at, &m, from, kept < (int64_t)n ? MSG_TRUNC : 0) < 0)
        return -EFAULT;
    return flags & MSG_TRUNC ? (int64_t)n : kept;
}

/* Receives one message; several: its length goes into the struct mmsghdr, and the answer is one. */
static int64_t receive(struct call *c, uint64_t at, unsigned flags, bool several)
{
    struct weft_addr from;
    unsigned length;
    int64_t n;

    if (flags & MSG_ERRQUEUE)
        return -EAGAIN;
    if (is_the_kernels(c))
        return ANSWER_CONTINUE;
    n = datagram_look(c, &from);
    if (n == -EAGAIN)
        return datagram_wait(c, flags);
    n = n < 0 ? n : deliver(c, at, (size_t)n, &from, flags);
    if (n < 0)
        return n;
    length = (unsigned)n;
    if (several && call_write(c, at + offsetof(struct mmsghdr, msg_len), &length, sizeof length) < 0)
        return -EFAULT;
    if (call_answer(c, several ? 1 : n) && !(flags & MSG_PEEK))
        datagram_taken(c);
    return ANSWER_GIVEN;
}

int64_t answer_recvmsg(struct call *c) { return receive(c, c->arg[1], (unsigned)c->arg[2], false); }

/* One at a time: what is not taken is not lost when the call turns out to be void. */
int64_t answer_recvmmsg(struct call *c) { return receive(c, c->arg[1], (unsigned)c->arg[3], c->arg[2] > 0); }
