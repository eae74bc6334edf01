/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.2, 6: the user calls SEND and STATUS, as the sockets layer puts them. */
#include "tcp/calls.h"

#include "tcp/account.h"
#include "tcp/options.h"
#include "tcp/path.h"
#include "tcp/sendspace.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/transmit.h"
#include "tcp/usual.h"
#include "tcp/work.h"

/* ---- SEND ---- */

/* What BSD says: where nothing can be sent any more, nobody asks for the reason; the next read does. */
SELDOM static int why_not_send_on_bsd(struct tcp_conn *c)
{
    if (c->fin_wanted || conn_has_ended(c))
        return WEFT_EPIPE;
    if (c->ep.error)
        return endpoint_take_error(&c->ep);
    return state_can_send(c->state) ? 0 : WEFT_ENOTCONN;
}

ASIDE static int why_not_send(struct tcp_conn *c)
{
    if (tcp_config(c->ep.stack)->bsd_errors)
        return why_not_send_on_bsd(c);
    if (c->ep.error)
        return endpoint_take_error(&c->ep);
    if (c->fin_wanted)
        return WEFT_EPIPE;
    if (c->fast_open && c->state == WEFT_TCP_SYN_RECEIVED)
        return 0;
    if (c->state == WEFT_TCP_SYN_SENT && c->work && c->work->syn_waits)
        return 0;
    if (c->state == WEFT_TCP_SYN_SENT || c->state == WEFT_TCP_SYN_RECEIVED)
        return WEFT_EAGAIN;
    return state_can_send(c->state) ? 0 : WEFT_EPIPE; /* of what was never connected too, as on Linux */
}

/* 0, or why not. */
static inline int cannot_send(struct tcp_conn *c)
{
    return likely(c->state == WEFT_TCP_ESTABLISHED && !c->ep.error && !c->fin_wanted) ? 0 : why_not_send(c);
}

/*
 * Bytes of a full chunk; urgent ones have segments of their own. Whoever adds no more than a segment to an empty buffer
 * fills none, however large they are; nor does anybody when memory is tight, for a chunk may be more than the buffer.
 */
static uint32_t chunk_of(const struct tcp_conn *c, size_t asked, unsigned flags)
{
    bool small = c->work->sendq.bytes == 0 && asked <= c->mss;

    return small || flags & WEFT_MSG_OOB || mem_is_tight(&c->ep.stack->mem) ? c->mss
                                                                             : push_chunk(c->mss, c->snd.max_wnd);
}

/* How many of `asked` bytes a write may add; *last: those of its last chunk that stay when what may go has gone. */
static inline uint32_t room_for(const struct tcp_conn *c, size_t asked, uint32_t chunk, uint32_t *last)
{
    struct sndbuf b;
    uint32_t room;

    *last = 0;
    if (likely(c->work->sendq.bytes == 0 && asked <= chunk)) /* an empty buffer takes a chunk; the usual write */
        return (uint32_t)asked;
    b = conn_send_buffer(c, chunk);
    b.quota = transmit_quota(c, &b.packet);
    room = sndbuf_take(&b, (uint32_t)min_size(asked, INT_MAX));
    *last = b.last;
    return room;
}

/*
 * Where segments of what is written next will begin, as far as can be told: their sums are kept (blocksum.h), unless
 * the link takes them.
 */
static inline void foresee_cuts(struct tcp_conn *c)
{
    const weft_if *ifp = c->work->path.ifp;

    sendq_sum(&c->work->sendq, ifp && !(ifp->offload & WEFT_OFFLOAD_CSUM) ? c->mss : 0, conn_unsent(c));
}

/* Copies `room` bytes of it at most; returns how many bytes. */
static uint32_t queue_bytes(struct tcp_conn *c, const struct weft_iov *iov, size_t n, uint32_t room)
{
    struct tcp_work *w = c->work;
    weft_stack *s = c->ep.stack;
    uint32_t taken = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t want = (uint32_t)min_size(iov[i].len, room - taken), got;

        foresee_cuts(c);
        got = want ? sendq_write(&w->sendq, &s->mem, &s->blocks, iov[i].base, want, 0) : 0;
        taken += got;
        if (got < iov[i].len)
            break;
    }
    return taken;
}

/* To BSD a write is short, or not, by itself: what is under way keeps all of it waiting that fills no segment. */
static void end_burst(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    w->burst = seq_sub(c->snd.una, 1);
    w->small_end = c->snd.nxt;
}

/* What the flags say of the bytes just queued. A write that was cut short is pushed out, whatever it promised. */
static inline void note_written(struct tcp_conn *c, uint32_t n, uint32_t chunk, uint32_t last, unsigned flags)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct tcp_work *w = c->work;
    struct seq end = seq_add(c->snd.una, w->sendq.bytes);
    struct push_write write = {
        .sent = c->snd.nxt,
        .from = seq_sub(end, n),
        .len = n,
        .chunk = chunk,
        .max_window = c->snd.max_wnd,
        .last = last,
        .more = flags & WEFT_MSG_MORE,
        .closes = flags & WEFT_MSG_EOR && !(flags & WEFT_MSG_MORE),
        .only = k->push_last,
    };

    push_written(&w->push, &write);
    if (unlikely(k->nagle_all) && conn_in_flight(c))
        end_burst(c);
    w->more = flags & WEFT_MSG_MORE;
    w->push_now = false;
    if (flags & WEFT_MSG_OOB)
        w->urgent_end = end;
}

/* A write: what a chunk is, how many bytes may be added, and those of the last chunk that stay. */
struct writing {
    uint32_t chunk, room, last;
};

/* 0 or WEFT_ENOMEM. */
static inline int write_begin(struct tcp_conn *c, size_t asked, unsigned flags, struct writing *w)
{
    if (!conn_work(c))
        return WEFT_ENOMEM;
    c->work->starved = false;
    /* rooms that were given back forgot it, and what a packet may carry */
    if (unlikely(!c->work->path.ifp) && c->syn_acked)
        conn_refresh_path(c);
    account_open(c);
    w->chunk = chunk_of(c, asked, flags);
    w->room = room_for(c, asked, w->chunk, &w->last);
    return 0;
}

/* `taken` of the bytes that were asked for are in the queue. Returns what the call does. */
static inline int64_t write_end(struct tcp_conn *c, const struct writing *w, size_t asked, uint32_t taken,
                                unsigned flags)
{
    if (taken && !c->syn_acked) { /* it goes with the SYN, as far as it fits */
        c->work->syn_due = true;
        c->work->syn_waits = false;
    } else if (taken)
        note_written(c, taken, w->chunk, taken == w->room ? w->last : 0,
                     taken < asked ? flags & ~(unsigned)WEFT_MSG_MORE : flags);
    c->work->want_write = taken < asked || !(conn_has_much_room(c) || conn_has_room(c, true));
    conn_settle(c);
    if (taken)
        return taken;
    return w->room == 0 ? WEFT_EAGAIN : WEFT_ENOMEM;
}

/* A short write into an empty buffer, on a connection that is as usual (usual.h)? */
static inline bool is_lone_write(const struct tcp_conn *c, const struct weft_iov *iov, size_t n, unsigned flags)
{
    return n == 1 && flags == 0 && iov->len && iov->len <= SENDQ_SHORT && conn_known_usual(c) && !c->ep.error &&
           iov->len <= c->mss && c->work->sendq.bytes == 0;
}

/* What write_begin and write_end ask is known then, but whether there is room for more. False: no memory, so far. */
static inline bool write_lone(struct tcp_conn *c, const void *p, uint32_t n)
{
    struct tcp_work *w = c->work;

    if (!sendq_write_first(&w->sendq, &c->ep.stack->blocks, p, n))
        return false;
    push_written_lone(&w->push, c->snd.nxt, seq_add(c->snd.nxt, n));
    w->want_write = !(conn_has_much_room(c) || conn_has_room(c, true));
    if (likely(!w->want_write))
        conn_settle_usual(c);
    else
        conn_settle(c);
    return true;
}

/* Any write. */
ASIDE static int64_t write_any(struct tcp_conn *c, const struct weft_iov *iov, size_t n, unsigned flags,
                               const struct weft_addr *to)
{
    bool fast = (flags & WEFT_MSG_FASTOPEN) && (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_LISTEN);
    struct writing w;
    size_t asked = 0;
    int err;

    err = fast ? tcp_connect_early(&c->ep, to) : cannot_send(c); /* a connected stream ignores `to`, as BSD does */
    if (err < 0)
        return err;
    for (size_t i = 0; i < n; i++)
        asked += iov[i].len;
    if (asked == 0)
        return 0;
    err = write_begin(c, asked, flags, &w);
    return err ? err : write_end(c, &w, asked, queue_bytes(c, iov, n, w.room), flags);
}

static int64_t tcp_send(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned flags,
                        const struct weft_addr *to, const struct weft_control *control)
{
    struct tcp_conn *c = conn_of(e);

    (void)control; /* a segment has no datagram of its own that it could go with */
    if (is_lone_write(c, iov, n, flags) && write_lone(c, iov->base, (uint32_t)iov->len))
        return (int64_t)iov->len;
    return write_any(c, iov, n, flags, to);
}

/* Who brings fewer bytes than there was room for had no more to write. */
static int64_t tcp_send_from(weft_sock *e, size_t n, weft_carry *carry, void *ctx)
{
    struct tcp_conn *c = conn_of(e);
    weft_stack *s = e->stack;
    struct writing w;
    int64_t got;
    int err = cannot_send(c);

    if (err < 0 || n == 0)
        return err;
    err = write_begin(c, n, 0, &w);
    if (err)
        return err;
    if (w.room == 0)
        return write_end(c, &w, n, 0, 0);
    got = sendq_carry_in(&c->work->sendq, &s->mem, &s->blocks, w.room, carry, ctx);
    if (got > 0)
        return write_end(c, &w, got < w.room ? (size_t)got : n, (uint32_t)got, 0);
    conn_settle(c);
    return got;
}

static int64_t tcp_send_lent(weft_sock *e, const void *bytes, size_t n, unsigned flags, weft_release *release,
                             void *ctx)
{
    struct tcp_conn *c = conn_of(e);
    struct writing w;
    uint32_t taken;
    int err = cannot_send(c);

    if (err < 0)
        return err;
    err = write_begin(c, n, flags, &w);
    if (err)
        return err;
    taken = (uint32_t)min_size(n, w.room);
    if (taken && !sendq_lend(&c->work->sendq, &e->stack->mem, bytes, taken, release, ctx))
        taken = 0;
    return write_end(c, &w, n, taken, flags);
}

/* ---- STATUS ---- */

static void names(const weft_sock *e, struct weft_addr *local, struct weft_addr *peer)
{
    struct tcp_flow flow = conn_flow(conn_of(e));

    *local = flow.local;
    *peer = flow.remote;
}

/*
 * Is there as much to read as the user waits for (SO_RCVLOWAT)? An urgent byte that he will not find in the stream does
 * not count; a window that takes no further segment does not let him wait for more.
 */
static bool has_enough(const struct tcp_conn *c)
{
    uint32_t want = max_u32(c->settings->receive_lowat, 1), there = c->work ? c->work->recvq.bytes : 0;

    if (there && !c->oob_inline && urgent_is_at(&c->work->urgent, conn_unread_from(c)))
        want += want < INT_MAX;
    return there >= want || (there && want > 1 && c->settings->receive_lowat > 1 && conn_open_window(c) <= c->rcv_mss);
}

unsigned conn_readable(const struct tcp_conn *c)
{
    unsigned ready = has_enough(c) || c->peer_fin || c->read_shut ? WEFT_READABLE : 0;

    if (c->work && c->work->urgent.state == URGENT_HERE)
        ready |= WEFT_URGENT;
    return ready | (c->peer_fin ? WEFT_PEER_CLOSED : 0);
}

/*
 * Who finds none is told once there is some, although he may have been told so a moment ago: what he was told of may be
 * gone, for a chunk that is sent costs more than one that waits (sndbuf.h).
 */
static bool finds_room(const struct tcp_conn *c)
{
    bool room = conn_has_room(c, true);

    if (!room) {
        c->work->want_write = true;
        c->work->usual = false;
    }
    return room;
}

static unsigned tcp_ready(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);
    unsigned ready = c->ep.error ? WEFT_ERROR | WEFT_READABLE | WEFT_WRITABLE : 0;

    if (c->state == WEFT_TCP_LISTEN)
        return ready | (c->listen->waiting ? WEFT_READABLE : 0);
    ready |= conn_readable(c);
    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return ready | WEFT_READABLE | WEFT_WRITABLE | WEFT_HANGUP;
    if (c->fin_wanted)
        return ready | WEFT_WRITABLE | (c->peer_fin ? WEFT_HANGUP : 0);
    if (c->state == WEFT_TCP_SYN_SENT && c->work && c->work->syn_waits)
        ready |= WEFT_WRITABLE;
    if ((state_can_send(c->state) || c->fast_open) && finds_room(c))
        ready |= WEFT_WRITABLE;
    return ready;
}

static size_t tcp_unread(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        return c->listen->waiting;
    return conn_unread(c);
}

static size_t tcp_unsent(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        return c->listen->backlog;
    return c->work ? c->work->sendq.bytes : 0;
}

static int take_hint(weft_sock *e)
{
    int err = conn_of(e)->soft_error;

    conn_of(e)->soft_error = 0;
    return err;
}

static enum weft_tcp_state tcp_state(const weft_sock *e) { return conn_of(e)->state; }

static void settle(weft_sock *e) { conn_settle_now(conn_of(e)); }

const struct sock_ops tcp_sock_ops = {
    .proto = WEFT_TCP,
    .bind = tcp_bind,
    .listen = tcp_listen,
    .accept = tcp_accept,
    .connect = tcp_connect,
    .send = tcp_send,
    .recv = tcp_recv,
    .send_from = tcp_send_from,
    .recv_to = tcp_recv_to,
    .recv_waits = tcp_recv_waits,
    .send_lent = tcp_send_lent,
    .recv_borrowed = tcp_recv_borrowed,
    .recv_report = tcp_recv_report,
    .report_waits = tcp_report_waits,
    .rare = tcp_rare,
    .own_rare = tcp_own_rare,
    .atmark = tcp_atmark,
    .shutdown = tcp_shutdown,
    .disconnect = tcp_disconnect,
    .close = tcp_close,
    .abort = tcp_abort,
    .setopt = tcp_setopt,
    .getopt = tcp_getopt,
    .ready = tcp_ready,
    .names = names,
    .unread = tcp_unread,
    .unsent = tcp_unsent,
    .state = tcp_state,
    .take_hint = take_hint,
    .settle = settle,
    .pull = transmit_pull_at_once,
};
