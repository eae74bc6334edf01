/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.3: the user call RECEIVE, with its flags, the urgent mark, and what follows from reading. */
#include "tcp/acking.h"
#include "tcp/calls.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/usual.h"
#include "tcp/work.h"

/* Nothing to read: is that the end, an error, or a matter of time? */
ASIDE static int64_t nothing_to_read(struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_LISTEN) /* whatever became of what it was before, as on Linux */
        return WEFT_ENOTCONN;
    if (c->peer_fin && !(c->ep.error && tcp_config(c->ep.stack)->bsd_errors))
        return 0; /* before an error, as on Linux: what he could read is complete */
    if (c->ep.error)
        return endpoint_take_error(&c->ep);
    if (c->read_shut)
        return 0;
    if (c->state == WEFT_TCP_CLOSED && !c->syn_acked)
        return WEFT_ENOTCONN;
    return c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT ? 0 : WEFT_EAGAIN;
}

/* How much he reads in a round trip says how large the buffer should be. */
static void tune_receive_buffer(struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct rcvspace_limits limits = {(uint32_t)k->receive_buffer_max, k->moderate_receive_buffer};

    rcvtune_read(&c->work->rcvtune, &c->rcvspace, &limits, conn_unread_from(c), c->adv_mss, conn_now(c));
    recvq_limit(&c->work->recvq, c->rcvspace.buffer);
}

/* There is more room: perhaps the peer should know. */
static void tell_room(struct tcp_conn *c)
{
    bool due;

    conn_acknowledge_reading(c);
    due = ackpolicy_wants(&c->work->ack);
    if (due)
        c->work->starved = false;
    /* Else nothing has changed for the link or the timers, or it waits to be settled anyway. */
    if (due || (c->ep.stack->unsettled != &c->ep && conn_is_quiet(c)))
        conn_settle(c);
}

static void after_reading(struct tcp_conn *c)
{
    urgent_passed(&c->work->urgent, conn_unread_from(c));
    tune_receive_buffer(c);
    tell_room(c);
}

void tcp_recv_waits(weft_sock *e, size_t bytes)
{
    struct tcp_conn *c = conn_of(e);
    uint8_t before = c->rcvspace.elsewhere;

    if (!state_can_receive(c->state)) /* nothing more comes, or what is set here would be inherited */
        return;
    rcvspace_set_elsewhere(&c->rcvspace, bytes);
    conn_doubt_usual(c);
    if (c->rcvspace.elsewhere < before && conn_work(c))
        tell_room(c);
}

/* ---- urgent data ---- */

/* WEFT_MSG_OOB: the urgent byte, when it is kept beside the stream. The errors are Linux's. */
SELDOM static int64_t receive_urgent(struct tcp_conn *c, const struct weft_iov *iov, size_t n, unsigned flags,
                              unsigned *out_flags)
{
    struct urgent *u = c->state != WEFT_TCP_LISTEN && c->work ? &c->work->urgent : NULL;
    size_t i = 0;

    if (c->state == WEFT_TCP_LISTEN)
        return WEFT_ENOTCONN;
    if (c->oob_inline || !u || u->state == URGENT_NONE || u->state == URGENT_TAKEN)
        return WEFT_EINVAL;
    if (c->state == WEFT_TCP_CLOSED && !c->peer_fin)
        return WEFT_ENOTCONN;
    if (u->state == URGENT_AWAITED)
        return c->peer_fin || c->read_shut || c->state == WEFT_TCP_CLOSED ? 0 : WEFT_EAGAIN;
    if (!(flags & WEFT_MSG_PEEK))
        u->state = URGENT_TAKEN;
    while (i < n && iov[i].len == 0)
        i++;
    if (i == n) {
        *out_flags |= WEFT_MSG_TRUNC;
        return 0;
    }
    *out_flags |= WEFT_MSG_OOB;
    *(uint8_t *)iov[i].base = u->byte;
    return 1;
}

/* Is the byte that would be read next the urgent one, and kept out of the stream? */
static uint32_t urgent_byte_to_skip(const struct tcp_conn *c)
{
    return !c->oob_inline && urgent_is_at(&c->work->urgent, conn_unread_from(c)) ? 1 : 0;
}

size_t conn_unread(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    if (c->state == WEFT_TCP_LISTEN || !w)
        return 0;
    return c->oob_inline ? w->recvq.bytes : urgent_reach(&w->urgent, conn_unread_from(c), w->recvq.bytes);
}

int tcp_atmark(const weft_sock *e)
{
    const struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN)
        return WEFT_EINVAL;
    return c->work && urgent_is_at(&c->work->urgent, conn_unread_from(c));
}

/* ---- the stream ---- */

/* The rooms, where something is to be read; else NULL. */
static inline struct tcp_work *unread_in(struct tcp_conn *c)
{
    struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;

    return w && w->recvq.bytes ? w : NULL;
}

/* Which bytes one call may read: up to the urgent mark. */
static inline void choose(const struct tcp_conn *c, struct recvq_want *want)
{
    const struct tcp_work *w = c->work;

    want->skip = urgent_byte_to_skip(c);
    want->most = w->recvq.bytes - want->skip;
    if (want->skip == 0)
        want->most = urgent_reach(&w->urgent, conn_unread_from(c), want->most);
}

static bool asks_for_nothing(const struct weft_iov *iov, size_t n)
{
    while (n && iov[n - 1].len == 0)
        n--;
    return n == 0;
}

/* Does he read all there is, in one piece, on a connection that is as usual (usual.h)? Then nothing is urgent. */
static inline bool is_lone_read(const struct tcp_conn *c, const struct weft_iov *iov, size_t n, unsigned flags)
{
    return flags == 0 && conn_known_usual(c) && recvq_is_lone(&c->work->recvq, iov, n);
}

/* Any read. */
ASIDE static int64_t read_any(struct tcp_conn *c, const struct weft_iov *iov, size_t n, unsigned flags,
                              unsigned *out_flags)
{
    struct recvq_want want = {.peek = flags & WEFT_MSG_PEEK, .discard = flags & WEFT_MSG_TRUNC};
    struct tcp_work *w;
    size_t got;

    if (flags & WEFT_MSG_OOB)
        return receive_urgent(c, iov, n, flags, out_flags);
    w = unread_in(c);
    if (!w)
        return nothing_to_read(c);
    if (asks_for_nothing(iov, n)) /* and gets it, for there is something */
        return 0;
    choose(c, &want);
    got = recvq_read(&w->recvq, &c->ep.stack->mem, iov, n, &want);
    if (!want.peek)
        after_reading(c);
    return got ? (int64_t)got : nothing_to_read(c);
}

int64_t tcp_recv(weft_sock *e, const struct weft_iov *iov, size_t n, unsigned flags, struct weft_addr *from,
                 unsigned *out_flags)
{
    struct tcp_conn *c = conn_of(e);
    size_t got;

    (void)from;
    if (!is_lone_read(c, iov, n, flags))
        return read_any(c, iov, n, flags, out_flags);
    got = recvq_read_lone(&c->work->recvq, iov->base);
    after_reading(c);
    return (int64_t)got;
}

int64_t tcp_recv_to(weft_sock *e, weft_carry *carry, void *ctx)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp_work *w = unread_in(c);
    struct recvq_want want = {0};
    int64_t taken;

    if (!w)
        return nothing_to_read(c);
    choose(c, &want);
    if (want.most == 0)
        return nothing_to_read(c);
    taken = recvq_carry_out(&w->recvq, &e->stack->mem, &want, carry, ctx);
    if (taken > 0)
        after_reading(c);
    return taken;
}

int64_t tcp_recv_borrowed(weft_sock *e, struct weft_loan *piece, size_t *n)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp_work *w = unread_in(c);
    struct recvq_want want = {0};
    size_t got;

    if (!w)
        return nothing_to_read(c);
    choose(c, &want);
    got = recvq_borrow(&w->recvq, &e->stack->mem, &want, piece, n);
    after_reading(c);
    return got ? (int64_t)got : nothing_to_read(c);
}
