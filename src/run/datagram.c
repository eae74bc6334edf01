/* SPDX-License-Identifier: MIT */
/*
 * Datagrams between a pair and the engine.
 *
 * A program may read a datagram by recv, and then we never hear of it, or by recvfrom, and then we have to know who
 * sent the one that it gets. So what lies in the pair is all of one sender, who is known; what comes behind that of
 * another sender waits with the engine until the pair is empty. When the program has asked for control messages, which
 * are of one datagram, one at a time lies there. Else the pair takes as many as it holds: each that goes alone costs
 * the program's reading and a turn of ours before the next one, and where processors are busy that is so long that the
 * engine's queue overflows.
 *
 * An error of the network's (a port nobody listens on) is given to the next call we see: sendto, recvfrom, recvmsg,
 * SO_ERROR. So that who waits in poll comes to make that call, and who reads without us is told too, the program's end
 * of the pair is given an error of its own (alarm.c), and has it as long as ours lasts.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "run/private.h"

#define TURN 64 /* datagrams a socket moves each way before others have their turn */
#define RINGS 16 /* turns that a program which goes on writing is waited for */

/* ---- inwards ---- */

static bool pair_is_empty(const struct file *f)
{
    int there = 0;

    return ioctl(f->end, SIOCOUTQ, &there) == 0 && there == 0;
}

/* The pair will be given it, when nothing of the program's lies there. */
static void fail(struct file *f, int error)
{
    f->error = error;
    f->alarming = true;
}

/* Keeps what goes with a datagram, until the pair is empty again. */
static void keep_beside(struct file *f, const struct weft_control *control)
{
    struct beside *b = f->beside;

    if (!b)
        return;
    b->control = *control;
    b->control.n_headers = control->n_headers <= sizeof b->headers ? control->n_headers : 0;
    if (b->control.n_headers)
        memcpy(b->headers, control->headers, control->n_headers);
    b->control.headers = b->headers;
}

/* From the first one on that something is to be told of. */
static void begin_beside(struct file *f, const struct weft_control *control)
{
    bool asked = control->has || f->own.stamp || f->own.kept[LINUX_STAMPING] || f->own.kept[LINUX_RFC2292];

    if (!f->beside && asked)
        f->beside = calloc(1, sizeof *f->beside);
}

/* May one from there lie in the pair together with what is there? */
static bool may_join(const struct file *f, const struct weft_addr *from)
{
    return !f->beside && memcmp(&from->ip, &f->from.ip, sizeof from->ip) == 0 && from->port == f->from.port;
}

/* One datagram into the pair; false: there is none, or no room. */
static bool in_one(struct run *run, struct file *f)
{
    struct weft_iov all = {run->scratch, SCRATCH};
    struct weft_control control;
    struct weft_addr from;
    int64_t n;

    if (weft_ready(f->sock) & WEFT_PEER_CLOSED) /* shut for reading, as the pair is: it tells of an end for ever */
        return false;
    if (f->holds && f->beside && !pair_is_empty(f))
        return false;
    n = weft_recvmsg_control(f->sock, &all, 1, WEFT_MSG_PEEK, &from, NULL, &control);
    if (n < 0 && n != WEFT_EAGAIN)
        fail(f, (int)n);
    if (n < 0)
        return false;
    begin_beside(f, &control);
    if (f->holds && !may_join(f, &from) && !pair_is_empty(f))
        return false;
    if (send(f->end, run->scratch, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EPIPE)
        return false;
    keep_beside(f, &control);
    weft_recvfrom(f->sock, run->scratch, SCRATCH, 0, NULL);
    f->from = from;
    f->holds = true;
    return true;
}

static bool in_pump(struct run *run, struct file *f)
{
    unsigned i = 0;

    while (i < TURN && in_one(run, f))
        i++;
    return i == TURN;
}

/* ---- outwards ---- */

/* One datagram to the engine; false: there is none, or no room. */
static bool out_one(struct run *run, struct file *f)
{
    ssize_t n;
    int64_t r;

    if (!(weft_ready(f->sock) & (WEFT_WRITABLE | WEFT_ERROR)))
        return false;
    n = recv(f->end, run->scratch, SCRATCH, MSG_DONTWAIT);
    if (n < 0) {
        f->ready &= ~(unsigned)EPOLLIN;
        return false;
    }
    r = weft_send(f->sock, run->scratch, (size_t)n, 0);
    if (r < 0 && r != WEFT_EAGAIN) { /* perhaps an earlier one's error: this one goes all the same */
        fail(f, (int)r);
        weft_send(f->sock, run->scratch, (size_t)n, 0);
    }
    return true;
}

static bool out_pump(struct run *run, struct file *f)
{
    unsigned i = 0;

    while (f->ready & EPOLLIN && i < TURN && out_one(run, f))
        i++;
    return i == TURN;
}

void datagram_flush(struct run *run, struct file *f)
{
    f->ready |= EPOLLIN;
    while (out_pump(run, f))
        ;
}

/* Raises the alarm, if somebody is to be told still. Raising it empties our end, so what lies there goes before. */
static void ring(struct run *run, struct file *f)
{
    for (unsigned i = 0; f->alarming && i < RINGS && out_pump(run, f); i++)
        ;
    if (f->alarming)
        alarm_raise(f);
    f->alarming = false;
}

void datagram_pump(struct run *run, struct file *f)
{
    bool more = out_pump(run, f);

    if (f->ready & EPOLLHUP) {
        if (more || f->ready & EPOLLIN)
            file_due(run, f);
        else
            file_close(run, f);
        return;
    }
    more |= in_pump(run, f);
    file_unpark(f);
    ring(run, f);
    if (more)
        file_due(run, f);
}

/* ---- for calls ---- */

/* Reports that wait keep the alarm up, as the queue of errors does on Linux. */
int file_take_error(struct call *c)
{
    struct file *f = c->file;
    int error = alarm_end(f, c->fd) ? f->error : 0;

    f->error = 0;
    f->alarming = f->sock && !file_is_stream(f) && weft_ready(f->sock) & WEFT_ERROR;
    if (f->alarming)
        file_due(c->run, f);
    return error;
}

int64_t datagram_send(struct call *c, size_t n, const struct weft_addr *to, const struct weft_control *control)
{
    const struct weft_iov all = {c->run->payload, n};
    struct file *f = c->file;
    int err;

    datagram_flush(c->run, f);
    err = file_take_error(c);
    if (err)
        return err;
    return control ? weft_sendmsg_control(f->sock, &all, 1, 0, to, control) : weft_sendto(f->sock, all.base, n, 0, to);
}

int64_t datagram_look(struct call *c, struct weft_addr *from)
{
    struct file *f = c->file;
    ssize_t n;
    int err;

    in_pump(c->run, f);
    err = file_take_error(c);
    if (err) /* it comes before what waits, as on Linux */
        return err;
    n = recv(c->fd, c->run->scratch, SCRATCH, MSG_DONTWAIT | MSG_PEEK);
    if (n < 0)
        return -errno;
    *from = f->from;
    return n;
}

/*
 * It is taken before the answer, or the program could read it again meanwhile; and comes back when the call is void. Nobody
 * is held for it (hold.c), which would take longer than all the rest: a datagram may be lost, or come twice.
 */
void datagram_answer(struct call *c, int64_t n, bool peek)
{
    struct file *f = c->file;
    ssize_t took = -1; /* and when another thread's recv was faster: both have it */

    if (!peek)
        took = recv(c->fd, c->run->scratch, SCRATCH, MSG_DONTWAIT);
    if (!call_answer(c, n) && took >= 0 && send(f->end, c->run->scratch, (size_t)took, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return; /* the program reads no more */
    file_due(c->run, f);
}

/* ---- sendto, recvfrom ---- */

int64_t stream_refuses(struct call *c)
{
    const struct file *f = c->file;

    return f->progress == UNCONNECTED && weft_tcp_state(f->sock) != WEFT_TCP_LISTEN ? -EPIPE : 0;
}

/* 0: it may be tried. Who has to wait begins before his thread is held: he would only call once more. */
static int64_t stream_room(struct call *c, unsigned flags)
{
    struct file *f = c->file;
    int64_t r;

    stream_flush(f);
    if (!(f->ready & EPOLLIN) && weft_ready(f->sock) & (WEFT_WRITABLE | WEFT_ERROR | WEFT_HANGUP))
        return 0;
    r = call_wait_room(c, flags);
    return r == -EAGAIN && !(f->ready & EPOLLIN) ? 0 : r;
}

int64_t stream_send(struct call *c, size_t n, unsigned flags)
{
    struct file *f = c->file;
    int64_t r = (int64_t)(f->ahead < n ? f->ahead : n), wait = r ? 0 : stream_room(c, flags);

    if (wait)
        return wait;
    if (!call_hold(c))
        return ANSWER_GIVEN;
    f->ahead -= (uint32_t)r;
    if (!r)
        r = weft_send(f->sock, c->run->payload, n, flags & MSG_OOB);
    if (r == WEFT_EAGAIN)
        return call_wait_room(c, flags);
    if (r < 0)
        return r;
    f->ahead += call_answer(c, r) ? 0 : (uint32_t)r;
    return ANSWER_GIVEN;
}

static int64_t send_to_stream(struct call *c)
{
    size_t n = c->arg[2] < PAYLOAD ? c->arg[2] : PAYLOAD;
    bool early = c->arg[3] & MSG_FASTOPEN;
    int64_t err = early ? 0 : stream_refuses(c);

    if (err || !(early || c->arg[3] & MSG_OOB || (c->arg[4] && c->arg[5])))
        return err ? err : ANSWER_CONTINUE;
    if (n && call_read(c, c->arg[1], c->run->payload, n) < 0)
        return -EFAULT;
    return early ? connect_early(c, c->arg[4], c->arg[5], n) : stream_send(c, n, (unsigned)c->arg[3]);
}

int64_t answer_sendto(struct call *c)
{
    struct weft_addr to;
    struct file *f = c->file;
    int family, err;
    int64_t r;

    if (file_is_stream(f))
        return send_to_stream(c);
    if (c->arg[2] > PAYLOAD)
        return -EMSGSIZE;
    err = c->arg[4] ? name_read(c, c->arg[4], c->arg[5], f->domain, &to, &family) : 0;
    if (err == -EAFNOSUPPORT && f->domain == AF_INET6 && family == AF_INET)
        err = name_read(c, c->arg[4], c->arg[5], AF_INET, &to, &family);
    if (!err && call_read(c, c->arg[1], c->run->payload, c->arg[2]) < 0)
        err = -EFAULT;
    r = err ? err : datagram_send(c, c->arg[2], c->arg[4] ? &to : NULL, NULL);
    return r == -EAGAIN ? call_wait_room(c, (unsigned)c->arg[3]) : r;
}

/* MSG_TRUNC of a stream: so many bytes are dropped, and nothing is written to the program (tcp(7)). */
static int64_t receive_nothing(struct call *c)
{
    unsigned flags = (unsigned)c->arg[3];
    bool peek = flags & MSG_PEEK;
    int64_t n;

    if (!peek && head_is_there(c) && !call_hold(c))
        return ANSWER_GIVEN;
    n = head_take(c, c->arg[2] < SCRATCH ? c->arg[2] : SCRATCH, peek);
    if (n < 0)
        return n == -EAGAIN ? call_wait_readable(c, flags) : n;
    if (!call_answer(c, n) && !peek)
        head_put_back(c, (size_t)n);
    return ANSWER_GIVEN;
}

/* Of a stream, the pair has the rest, the urgent byte too. */
static int64_t receive_special(struct call *c)
{
    if (c->arg[3] & MSG_ERRQUEUE)
        return -EAGAIN;
    if (!file_is_stream(c->file))
        return -EOPNOTSUPP; /* datagrams have no urgent bytes */
    return c->arg[3] & MSG_TRUNC && !(c->arg[3] & MSG_OOB) ? receive_nothing(c) : ANSWER_CONTINUE;
}

int64_t answer_recvfrom(struct call *c)
{
    struct weft_addr from;
    unsigned flags = (unsigned)c->arg[3];
    int64_t n, kept;

    /* UDP does not look at MSG_OOB, on Linux. */
    if (file_is_stream(c->file) || flags & MSG_ERRQUEUE || (flags & MSG_OOB && c->file->protocol != IPPROTO_UDP))
        return receive_special(c);
    n = datagram_look(c, &from);
    if (n == -EAGAIN)
        return call_wait_readable(c, flags);
    if (n < 0)
        return n;
    kept = n < (int64_t)c->arg[2] ? n : (int64_t)c->arg[2];
    if (call_write(c, c->arg[1], c->run->scratch, (size_t)kept) < 0 ||
        name_write(c, &from, c->file->domain, c->arg[4], c->arg[5]) < 0)
        return -EFAULT;
    datagram_answer(c, flags & MSG_TRUNC ? n : kept, flags & MSG_PEEK);
    return ANSWER_GIVEN;
}
