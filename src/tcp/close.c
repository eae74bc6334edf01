/* SPDX-License-Identifier: MIT */
/* RFC 9293 §3.10.4 and 5: the user calls CLOSE and ABORT, and shutdown, which is half of the first. */
#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/calls.h"
#include "tcp/lingering.h"
#include "tcp/passive.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/transmit.h"
#include "tcp/work.h"

/*
 * We send no more: FIN behind what is queued.
 *
 * DEVIATION from RFC 9293 §3.10.4, SYN-RECEIVED, ESTABLISHED and CLOSE-WAIT: what is queued does not keep the state
 * from changing; FIN-WAIT-1 and LAST-ACK begin with the call, as on Linux. On the wire it is the same: text goes first,
 * and nothing before our SYN is acknowledged, so a FIN of SYN-RECEIVED rides with the acknowledgment that completes it.
 */
static int stop_sending(struct tcp_conn *c)
{
    weft_assert(!c->fin_wanted, "whoever may still send has not said the end");
    if (!conn_work(c))
        return WEFT_ENOMEM;
    c->fin_wanted = true;
    c->work->starved = c->work->more = false;
    state_set(c, c->state == WEFT_TCP_CLOSE_WAIT ? WEFT_TCP_LAST_ACK : WEFT_TCP_FIN_WAIT_1);
    return 0;
}

static bool may_still_send(const struct tcp_conn *c)
{
    return state_can_send(c->state) || c->state == WEFT_TCP_SYN_RECEIVED;
}

/* The accept queue and the half-open records of a listener go with it; those who wait are told by a reset. */
static void close_listener(struct tcp_conn *l)
{
    struct tcp *t = conn_tcp(l);
    struct list *link;

    half_open_forget(t, l);
    while ((link = list_first(&l->listen->accept))) {
        struct tcp_conn *c = conn_of(container_of(link, weft_sock, event));

        if (c->state != WEFT_TCP_CLOSED && c->state != WEFT_TCP_TIME_WAIT) {
            conn_why(c, WEFT_WHY_close_listener, 0);
            transmit_reset(c);
        }
        conn_finish(c, 0); /* it leaves the queue, has no user, and is freed */
    }
    listeners_remove(&t->listeners, l->listen->number);
    mem_free(&t->stack->mem, MEM_conn, l->listen, sizeof *l->listen);
    l->listen = NULL;
    state_set(l, WEFT_TCP_CLOSED);
}

/* Is anything left that the peer must be told about? */
static bool is_over(const struct tcp_conn *c)
{
    return c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT;
}

/*
 * Where both ends have said that they are done, and all text has arrived, it may go without a word (RFC 9293 §3.10.5).
 */
static bool owes_a_reset(const struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_CLOSING || c->state == WEFT_TCP_LAST_ACK)
        return c->work && c->work->sendq.bytes > 0;
    return c->state != WEFT_TCP_SYN_SENT;
}

/* Ends it at once; a peer that knows of it is told by a reset. */
static void end(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    if (c->state == WEFT_TCP_LISTEN)
        close_listener(c);
    if (is_over(c)) {
        conn_free(c);
        return;
    }
    conn_why(c, why, value);
    if (why == WEFT_WHY_close_unread || owes_a_reset(c))
        transmit_reset(c);
    conn_orphan(c);
    conn_finish(c, 0);
}

void tcp_abort(weft_sock *e) { end(conn_of(e), WEFT_WHY_close_aborted, 0); }

int tcp_disconnect(weft_sock *e)
{
    struct tcp_conn *c = conn_of(e);

    if (c->state == WEFT_TCP_LISTEN) {
        close_listener(c);
        return 0;
    }
    if (c->work)
        recvq_clear(&c->work->recvq, &e->stack->mem);
    if (!is_over(c)) {
        conn_why(c, WEFT_WHY_close_aborted, 0);
        if (owes_a_reset(c))
            transmit_reset(c);
        conn_finish(c, WEFT_ECONNRESET);
    } else if (c->state == WEFT_TCP_TIME_WAIT || c->work) {
        conn_finish(c, 0);
    }
    tcp_forget_connection(c);
    return 0;
}

/* What is not yet a connection will be none, and the socket is as new: Linux's reading of shutdown before it. */
static int stop_opening(struct tcp_conn *c, enum weft_shut how)
{
    int err;

    if (c->state == WEFT_TCP_LISTEN && how == WEFT_SHUT_WR)
        return 0; /* a listener sends nothing anyway */
    err = tcp_disconnect(&c->ep);
    endpoint_notify(&c->ep, WEFT_READABLE | WEFT_HANGUP); /* who waits in accept or connect may stop */
    return err;
}

int tcp_shutdown(weft_sock *e, enum weft_shut how)
{
    struct tcp_conn *c = conn_of(e);
    int err = 0;

    if (is_over(c))
        return WEFT_ENOTCONN;
    if (c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_SYN_SENT)
        return stop_opening(c, how);
    if (how != WEFT_SHUT_WR) {
        c->read_shut = true;
        endpoint_notify(e, WEFT_READABLE);
    }
    if (how != WEFT_SHUT_RD && may_still_send(c))
        err = stop_sending(c);
    conn_settle(c);
    return err;
}

/*
 * How many bytes nobody will read: the peer must not believe that they were (RFC 2525 §2.17). BSD takes them as read.
 */
static uint32_t leave_unread(struct tcp_conn *c)
{
    if (c->state == WEFT_TCP_LISTEN || !c->work)
        return 0;
    if (!tcp_config(c->ep.stack)->reset_unread)
        recvq_clear(&c->work->recvq, &c->ep.stack->mem);
    return c->work->recvq.bytes;
}

void tcp_close(weft_sock *e)
{
    struct tcp_conn *c = conn_of(e);
    uint32_t unread = leave_unread(c);

    if (c->state == WEFT_TCP_LISTEN || c->state == WEFT_TCP_SYN_SENT || is_over(c)) {
        tcp_abort(e);
        return;
    }
    if (unread || (c->settings->linger && c->settings->linger_time == 0)) {
        end(c, unread ? WEFT_WHY_close_unread : WEFT_WHY_close_linger, unread);
        return;
    }
    if (may_still_send(c) && stop_sending(c) < 0) {
        end(c, WEFT_WHY_close_no_memory, 0); /* no memory to close in order: at least the peer is told */
        return;
    }
    if (conn_tcp(c)->orphans >= tcp_config(e->stack)->max_orphans) {
        stack_count(e->stack, WEFT_COUNT_tcp_orphans_reset);
        end(c, WEFT_WHY_close_orphan_limit, 0);
        return;
    }
    conn_orphan(c);
    c->keepalive = false;
    e->cookie = NULL;
    conn_set_quiet(c, WEFT_NEVER);
    list_remove(&e->event);
    e->became = 0;
    if (c->state == WEFT_TCP_FIN_WAIT_2 && conn_wait_for_fin(c, false) == TCP_GONE)
        return;
    conn_settle(c);
}
