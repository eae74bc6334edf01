/* SPDX-License-Identifier: MIT */
/*
 * sendmsg, recvmsg, and several at once. On a stream the kernel does them, on the pair: a connected stream's address is
 * nobody's business, and it has no control messages. A datagram's are read from, and written to, the program's struct
 * msghdr and where that leads.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "run/private.h"

#define SEVERAL 1024 /* messages at once, as on Linux */

/* Control messages in our memory. */
union control_room {
    struct cmsghdr first;
    char bytes[4096];
};

/* ---- send ---- */

static int read_to(struct call *c, const struct msghdr *m, struct weft_addr *to)
{
    uint64_t at = (uint64_t)(uintptr_t)m->msg_name;
    int family, err = name_read(c, at, m->msg_namelen, c->file->domain, to, &family);

    if (err == -EAFNOSUPPORT && c->file->domain == AF_INET6 && family == AF_INET)
        err = name_read(c, at, m->msg_namelen, AF_INET, to, &family);
    return err;
}

/* Its control messages; `room` is where they stand from now on. */
static int read_control(struct call *c, const struct msghdr *m, const struct weft_addr *to, union control_room *room,
                        struct weft_control *out)
{
    const struct linux_sock s = file_linux(c);
    const struct msghdr here = {.msg_control = room->bytes, .msg_controllen = m->msg_controllen};

    if (m->msg_controllen > sizeof room->bytes)
        return -ENOBUFS;
    if (call_read(c, (uintptr_t)m->msg_control, room->bytes, m->msg_controllen) < 0)
        return -EFAULT;
    return linux_take_control(&s, &here, to, out, NULL);
}

/* One message, whose header is at `at`. */
static int64_t send_one(struct call *c, uint64_t at)
{
    struct weft_control control = {0};
    union control_room room;
    struct msghdr m;
    struct weft_addr to;
    int64_t n;
    int err = call_read(c, at, &m, sizeof m);

    if (!err && m.msg_name)
        err = read_to(c, &m, &to);
    if (!err && m.msg_controllen)
        err = read_control(c, &m, m.msg_name ? &to : NULL, &room, &control);
    if (err)
        return err;
    n = call_gather(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, c->run->payload, PAYLOAD + 1);
    if (n > PAYLOAD)
        return -EMSGSIZE;
    return n < 0 ? n : datagram_send(c, (size_t)n, m.msg_name ? &to : NULL, control.has ? &control : NULL);
}

static bool is_the_kernels(const struct call *c)
{
    return file_is_stream(c->file);
}

/*
 * The kernel writes into the pair, unless the bytes are to go with the SYN, or are urgent, or somebody is named, at whom
 * TCP does not look, and whom a pair does not bear.
 */
static int64_t send_stream(struct call *c, unsigned flags)
{
    bool early = flags & MSG_FASTOPEN;
    int64_t n = early ? 0 : stream_refuses(c);
    struct msghdr m;

    if (n)
        return n;
    if (call_read(c, c->arg[1], &m, sizeof m) < 0)
        return -EFAULT;
    if (!(early || flags & MSG_OOB || (m.msg_name && m.msg_namelen)))
        return ANSWER_CONTINUE;
    n = call_gather(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, c->run->payload, PAYLOAD);
    if (n < 0)
        return n;
    return early ? connect_early(c, (uint64_t)(uintptr_t)m.msg_name, m.msg_namelen, (size_t)n)
                 : stream_send(c, (size_t)n, flags);
}

int64_t answer_sendmsg(struct call *c)
{
    unsigned flags = (unsigned)c->arg[2];
    int64_t r;

    if (is_the_kernels(c))
        return send_stream(c, flags);
    r = send_one(c, c->arg[1]);
    return r == -EAGAIN ? call_wait_room(c, flags) : r;
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
            return call_wait_room(c, (unsigned)c->arg[3]);
        if (r < 0)
            break;
        sent = (unsigned)r;
        if (call_write(c, at + offsetof(struct mmsghdr, msg_len), &sent, sizeof sent) < 0)
            return -EFAULT;
    }
    return i ? (int64_t)i : r;
}

/* ---- receive ---- */

/* What recvmsg tells beside the bytes. */
struct told {
    struct weft_addr from;
    int flags;
    const struct weft_report *report; /* of a datagram that was sent; NULL: one has come */
    bool stream;  /* it is a stream's, */
    size_t taken; /* and so many bytes are given, */
    size_t lying; /* of which so many lie in the pair still */
};

/* What waits for it in the pair counts for TCP_INQ, and behind the last byte the end is one more. */
static void give_stream(const struct call *c, const struct told *t, struct msghdr *msg)
{
    struct linux_sock s = file_linux(c);
    size_t room = msg->msg_controllen, used;
    int left;

    s.inquire = false;
    linux_give_control(&s, &(struct weft_control){0}, msg, t->taken);
    if (!c->file->own.inquire)
        return;
    left = (int)(head_waiting(c) + weft_unread(c->file->sock) - t->lying);
    left += weft_ready(c->file->sock) & WEFT_PEER_CLOSED ? 1 : 0;
    used = msg->msg_controllen;
    msg->msg_controllen = room;
    msg->msg_controllen = linux_put_control(msg, used, IPPROTO_TCP, LINUX_TCP_INQ, &left, sizeof left);
}

/* The control messages, into the program's memory, as many as there is room for; and what the header says of them. */
static int write_control(struct call *c, struct msghdr *m, const struct told *t)
{
    const struct linux_sock s = file_linux(c);
    union control_room room;
    struct msghdr here = {.msg_control = m->msg_control ? room.bytes : NULL, .msg_flags = t->flags};

    here.msg_controllen = m->msg_controllen < sizeof room.bytes ? m->msg_controllen : sizeof room.bytes;
    memset(&room, 0, sizeof room);
    if (t->report)
        linux_give_report(&s, t->report, &here);
    else if (t->stream)
        give_stream(c, t, &here);
    else if (c->file->beside)
        linux_give_control(&s, &c->file->beside->control, &here, true);
    else
        here.msg_controllen = 0;
    m->msg_flags = here.msg_flags;
    m->msg_controllen = here.msg_controllen;
    return m->msg_controllen ? call_write(c, (uintptr_t)m->msg_control, room.bytes, m->msg_controllen) : 0;
}

static int write_header(struct call *c, uint64_t at, struct msghdr *m, const struct told *t)
{
    struct sockaddr_storage name;
    socklen_t has = t->stream ? 0 : linux_make_addr(&t->from, c->file->domain, &name);
    size_t room = m->msg_namelen < has ? m->msg_namelen : has;

    if (m->msg_name && call_write(c, (uint64_t)(uintptr_t)m->msg_name, &name, room) < 0)
        return -EFAULT;
    m->msg_namelen = m->msg_name ? has : 0;
    return write_control(c, m, t) < 0 ? -EFAULT : call_write(c, at, m, sizeof *m);
}

/* Writes n bytes of scratch, and what is told of them, to the program: how many bytes it is told of, or -EFAULT. */
static int64_t deliver(struct call *c, uint64_t at, size_t n, struct told *t, unsigned flags)
{
    struct msghdr m;
    int64_t kept;

    if (call_read(c, at, &m, sizeof m) < 0)
        return -EFAULT;
    kept = call_scatter(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, c->run->scratch, n);
    if (kept < 0)
        return kept;
    t->flags |= kept < (int64_t)n ? MSG_TRUNC : 0;
    if (write_header(c, at, &m, t) < 0)
        return -EFAULT;
    return flags & MSG_TRUNC ? (int64_t)n : kept;
}

/* MSG_ERRQUEUE: what went wrong with a datagram of the program's, and the datagram. Never waits. */
static int64_t receive_report(struct call *c, uint64_t at)
{
    struct weft_iov all = {c->run->scratch, SCRATCH};
    struct weft_report report;
    struct told t = {.flags = MSG_ERRQUEUE, .report = &report};
    unsigned cut;
    int64_t n = weft_recv_report(c->file->sock, &all, 1, &cut, &report);

    if (n < 0)
        return n;
    t.from = report.to;
    file_take_error(c); /* it was this one's */
    return deliver(c, at, (size_t)n, &t, 0);
}

/* MSG_WAITALL: does less lie there than is asked for, and may more come? */
static bool falls_short(const struct call *c, int64_t room, unsigned flags)
{
    size_t there = head_waiting(c);

    return flags & MSG_WAITALL && !c->file->in_over && there && there < (size_t)room;
}

/*
 * Of a stream that tells something with its bytes: they are taken out of the pair for the program. Several threads that
 * read so share them as they share the pair's.
 */
static int64_t receive_stream(struct call *c, uint64_t at, unsigned flags)
{
    struct told t = {.stream = true};
    bool peek = flags & MSG_PEEK;
    struct msghdr m;
    int64_t room, n;

    if (call_read(c, at, &m, sizeof m) < 0)
        return -EFAULT;
    room = call_room(c, (uint64_t)(uintptr_t)m.msg_iov, m.msg_iovlen, SCRATCH);
    if (room < 0)
        return room;
    if (falls_short(c, room, flags) && (n = call_wait_readable(c, flags)) != -EAGAIN)
        return n;
    if (!peek && head_is_there(c) && !call_hold(c))
        return ANSWER_GIVEN;
    n = head_take(c, (size_t)room, peek);
    if (n < 0)
        return n == -EAGAIN ? call_wait_readable(c, flags) : n;
    t.taken = (size_t)n;
    t.lying = peek ? t.taken : 0;
    n = deliver(c, at, t.taken, &t, 0);
    if (n >= 0 && call_answer(c, n))
        return ANSWER_GIVEN;
    if (!peek)
        head_put_back(c, t.taken);
    return n < 0 ? n : ANSWER_GIVEN;
}

/* Receives one message; several: its length goes into the struct mmsghdr, and the answer is one. */
static int64_t receive(struct call *c, uint64_t at, unsigned flags, bool several)
{
    struct told t = {0};
    unsigned length;
    int64_t n;

    if (file_is_stream(c->file) && !(flags & (MSG_ERRQUEUE | MSG_OOB)) && !several &&
        (c->file->own.stamp || c->file->own.kept[LINUX_STAMPING] || c->file->own.inquire))
        return receive_stream(c, at, flags);
    if (is_the_kernels(c) && !(flags & MSG_ERRQUEUE))
        return ANSWER_CONTINUE;
    if (flags & MSG_ERRQUEUE)
        return receive_report(c, at);
    n = datagram_look(c, &t.from);
    if (n == -EAGAIN)
        return call_wait_readable(c, flags);
    n = n < 0 ? n : deliver(c, at, (size_t)n, &t, flags);
    if (n < 0)
        return n;
    length = (unsigned)n;
    if (several && call_write(c, at + offsetof(struct mmsghdr, msg_len), &length, sizeof length) < 0)
        return -EFAULT;
    datagram_answer(c, several ? 1 : n, flags & MSG_PEEK);
    return ANSWER_GIVEN;
}

int64_t answer_recvmsg(struct call *c) { return receive(c, c->arg[1], (unsigned)c->arg[2], false); }

/* One at a time: what is not taken is not lost when the call turns out to be void. */
int64_t answer_recvmmsg(struct call *c) { return receive(c, c->arg[1], (unsigned)c->arg[3], c->arg[2] > 0); }
