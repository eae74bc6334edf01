/* SPDX-License-Identifier: MIT */
/*
 * Who asks and answers by turns sends one short segment when nothing is in flight, and then waits. On a connection that
 * is as usual (usual.h) the plan is known then, and most of what plan.c, transmit.c and settle.c ask has one answer.
 * What is left of a turn goes here through the same leaves, in the same order: the segment, the books of it, what it
 * makes of the window, the timers.
 *
 * This is the one room where a step stands a second time, for the sake of a number: it halves what a message costs its
 * sender (docs/performance.md). That both do the same is asserted for the plan, and for all else held by the simulator
 * and the scripts, which run with config.tcp.shortcuts and without.
 */
#include "tcp/lone.h"

#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/isn.h"
#include "tcp/segment.h"
#include "tcp/settle.h"
#include "tcp/transmit.h"
#include "tcp/usual.h"
#include "tcp/window.h"

/* Is all that may be sent one short write, with room for it, and no reason to wait? */
static inline bool is_lone(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    uint32_t n = w->sendq.bytes;

    return n && n <= SENDQ_SHORT && n < c->mss && n <= c->snd.wnd && conn_in_flight(c) == 0 &&
           w->sendq.ring.count == 1 && w->push.count == 1 && push_reach(&w->push, c->snd.nxt, n) == n &&
           conn_now(c) - c->spoke <= tcp_config(c->ep.stack)->rto_min && c->path_discovery == WEFT_PMTUDISC_WANT &&
           !w->path.fragment;
}

/* Is the plan that? Of new data: all that there is. */
static bool plan_is(struct tcp_conn *c, enum tcp_plan_kind kind)
{
    struct tcp_plan plan;

    transmit_plan(c, &plan);
    return plan.kind == kind &&
           (kind == PLAN_NOTHING || (seq_eq(plan.seq, c->snd.nxt) && plan.len == c->work->sendq.bytes && !plan.fin &&
                                     !plan.probe && !plan.search));
}

bool lone_plan(struct tcp_conn *c, struct tcp_plan *plan)
{
    if (!is_lone(c))
        return false;
    weft_assert(plan_is(c, PLAN_DATA), "is_lone asks for that");
    *plan = (struct tcp_plan){.kind = PLAN_DATA, .seq = c->snd.nxt, .len = c->work->sendq.bytes};
    return true;
}

/* ---- the books ---- */

/* Its entry in the scoreboard, and what that means for the connection. */
static inline void note_sent(struct tcp_conn *c, struct seq end)
{
    struct tcp_work *w = c->work;
    struct sent s = {.at = conn_now(c), .end = end, .segments = 1, .flags = SENT_PUSH};

    if (push_sent(&w->push, end) == PUSH_RECORD)
        s.flags |= SENT_RECORD;
    rate_send(&w->rate, &s, 0);
    w->stuck_since = s.at;
    if (conn_cc(c)->on_event)
        conn_cc(c)->on_event(&c->cc, &w->cc_private, CC_EVENT_START, s.at, s.at - c->spoke);
    sndmap_sent(&w->sndmap, &s);
    c->snd.nxt = w->small_end = end;
    c->spoke = w->told_at = s.at;
    w->tail_restart = true;
}

/* The peer hears how far we are. */
static inline void note_acknowledged(struct tcp_conn *c, struct seq edge)
{
    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = edge;
    conn_acknowledged(c, false);
    conn_answered(c);
}

/* ---- the turn ---- */

static inline void emit(struct tcp_conn *c, struct weft_pkt *pkt)
{
    struct tcp_work *w = c->work;
    uint32_t n = w->sendq.bytes;
    struct seq edge;
    struct stamped_segment out = {
        .local = c->key.v4.local,
        .remote = c->key.v4.remote,
        .h = {.src_port = c->key.v4.local_port,
              .dst_port = c->key.v4.remote_port,
              .seq = c->snd.nxt,
              .ack = c->rcv.nxt,
              .flags = TCP_ACK | TCP_PSH,
              .window = transmit_window(c, &edge)},
        .ts_val = ts_clock(conn_now(c), c->ts_offset),
        .ts_ecr = c->ts_recent,
        .ttl = conn_ttl(c),
        .tos = conn_tos(c),
    };

    account_out_lone(c, n);
    note_sent(c, seq_add(c->snd.nxt, n));
    note_acknowledged(c, edge);
    segment_send_stamped(c->ep.stack, pkt, &out, spanring_at(&w->sendq.ring, 0)->data, n, &w->path);
}

/* Something is in flight now, and nothing waits for anything else. */
static inline void settle(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    w->deadline[TCP_TIMER_REST] = WEFT_NEVER;
    w->rested = w->planned = false;
    transmit_arm_lone(c);
    timer_set(&c->ep.stack->wheel, &w->alarm.timer,
              min_u64(w->deadline[TCP_TIMER_RETRANSMIT], w->deadline[TCP_TIMER_QUIET]));
    conn_check(c);
}

/* ---- and the turn that comes too early, or too late ---- */

/* Is nothing to be sent, while something is unread or is to be acknowledged a little later? */
static inline bool is_waiting(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return w->sendq.bytes == 0 && conn_in_flight(c) == 0 && !ackpolicy_wants(&w->ack) &&
           (w->recvq.bytes || w->deadline[TCP_TIMER_ACK] != WEFT_NEVER);
}

/* Those that run while nothing is in flight: what waits then is held up, or there is nothing that waits. */
static bool others_are_off(const struct tcp_work *w)
{
    return w->deadline[TCP_TIMER_PERSIST] == WEFT_NEVER && w->deadline[TCP_TIMER_PACE] == WEFT_NEVER &&
           w->deadline[TCP_TIMER_REST] == WEFT_NEVER && !w->rested;
}

bool lone_wait(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (!is_waiting(c))
        return false;
    weft_assert(plan_is(c, PLAN_NOTHING), "is_waiting asks for that");
    account_held_by(c, HELD_IDLE);
    weft_assert(others_are_off(w), "they were when our last segment went, and what is foreseen starts none");
    w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    w->wait = WAIT_TIMEOUT;
    w->planned = false;
    timer_set(&c->ep.stack->wheel, &w->alarm.timer,
              min_u64(w->deadline[TCP_TIMER_ACK], w->deadline[TCP_TIMER_QUIET]));
    conn_check(c);
    return true;
}

bool lone_turn(struct tcp_conn *c)
{
    struct weft_pkt *pkt;

    if (!is_lone(c) || !(pkt = pkt_new(c->ep.stack)))
        return false;
    weft_assert(plan_is(c, PLAN_DATA), "is_lone asks for that");
    account_held_lone(c);
    emit(c, pkt);
    window_used(c);
    settle(c);
    return true;
}
