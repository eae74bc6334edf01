/* SPDX-License-Identifier: MIT */
/*
 * What may be sent now? transmit_plan answers with a value and changes nothing that matters. One segment a time, in this
 * order: SYN, what was lost, new data and FIN, a probe, a bare ACK. The same value says which timer has to run.
 */
#include "tcp/conn.h"

#define OVERRIDE_MAX WEFT_S /* RFC 9293 §3.8.6.2.1: 0.1 to 1 s until a silly segment goes out after all */

#define GSO_PIECES 16 /* segments of a super-segment that must be cut */

static const struct tcp_plan nothing = {.kind = PLAN_NOTHING};

/* ---- the plan ---- */

/* Bytes in the network, as far as we can tell; each duplicate ACK without SACK says that one segment left it. */
static uint32_t pipe_now(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    uint32_t pipe = sndmap_pipe(&w->sndmap);
    uint64_t left = c->sack_ok ? 0 : (uint64_t)w->recovery.dup_acks * c->mss;

    return left < pipe ? pipe - (uint32_t)left : 0;
}

/* How far new data may go by the peer's window; never negative, even when the peer shrank it (MUST-34). */
static uint32_t window_room(const struct tcp_conn *c)
{
    int32_t room = seq_diff(seq_add(c->snd.una, c->snd.wnd), c->snd.nxt);

    return room > 0 ? (uint32_t)room : 0;
}

/*
 * The most payload one packet may carry: a super-segment of whole segments. A link that takes none gets one cut in
 * pieces (core/gso.h), of which no more are made than it will queue and the cache will hold.
 */
static uint32_t packet_limit(const struct tcp_conn *c, uint32_t mss)
{
    const weft_if *ifp = c->work->path.ifp;
    uint32_t room;

    if (!ifp || ifp->gso_max < mss + 120)
        return mss;
    room = ifp->gso_max - 120; /* IP and TCP headers at their longest */
    if (!(ifp->offload & WEFT_OFFLOAD_TSO))
        room = min_u32(room, (uint32_t)min_size(GSO_PIECES, ifp->queue_limit) * mss);
    return room - room % mss;
}

static struct tcp_plan plan_retransmit(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct tcp_plan p = {.kind = PLAN_RETRANSMIT};
    uint32_t pipe = pipe_now(c);
    uint32_t space;

    if (!sndmap_next_lost(&w->sndmap, packet_limit(c, c->mss), &p.seq, &space))
        return nothing;
    if (pipe && pipe + min_u32(space, c->mss) > c->cc.cwnd && !w->rescue)
        return nothing;
    if (w->rescue || pipe + space > c->cc.cwnd)
        space = min_u32(space, c->mss);
    p.fin = c->fin_sent && seq_eq(seq_add(p.seq, space), c->snd.nxt);
    p.len = space - (p.fin ? 1 : 0);
    return p;
}

/* May a segment shorter than full go out, although nothing more will fill it (RFC 9293 §3.7.4, Minshall's variant)? */
static bool short_segment_allowed(const struct tcp_conn *c, bool fin)
{
    const struct tcp_work *w = c->work;

    if (w->override || fin)
        return true;
    if (c->cork || w->more)
        return false;
    return c->nodelay || !seq_gt(w->small_end, c->snd.una);
}

/* New data of `unsent` bytes: how much of it may go now. */
static uint32_t new_data_len(struct tcp_conn *c, uint32_t unsent, uint32_t room, bool fin)
{
    uint32_t mss = c->mss;
    uint32_t pipe = pipe_now(c);
    uint32_t cwnd = c->cc.cwnd > pipe ? c->cc.cwnd - pipe : 0;
    uint32_t len = min_u32(min_u32(unsent, room), min_u32(cwnd, packet_limit(c, mss)));

    if (len == unsent)
        return short_segment_allowed(c, fin) ? len : len - len % mss;
    if (len >= mss)
        return len - len % mss;
    if (len == cwnd && cwnd < room) {
        c->work->cwnd_limited = true;
        return pipe == 0 ? min_u32(min_u32(unsent, room), mss) : 0;
    }
    /* The window is what is short: silly unless half of the largest ever seen (RFC 9293 §3.8.6.2.1). */
    return c->work->override || (conn_in_flight(c) == 0 && len >= c->snd.max_wnd / 2) ? len : 0;
}

static struct tcp_plan plan_new(struct tcp_conn *c)
{
    struct tcp_plan p = {.kind = PLAN_DATA, .seq = c->snd.nxt};
    uint32_t unsent = conn_unsent(c);
    uint32_t room = window_room(c);
    bool last_words = c->fin_wanted && !c->fin_sent;

    if (c->fin_sent || (unsent == 0 && !last_words) || room == 0)
        return nothing;
    if (c->work->sndmap.count >= SNDMAP_MAX / 2) /* the rest is for splitting: what is lost must go again */
        return nothing;
    if (unsent)
        p.len = new_data_len(c, unsent, room, last_words);
    p.fin = last_words && p.len == unsent && p.len < room;
    return p.len || p.fin ? p : nothing;
}

enum tcp_held transmit_held(struct tcp_conn *c)
{
    uint32_t want = min_u32(conn_unsent(c), c->mss), pipe = pipe_now(c);

    if (window_room(c) < want)
        return HELD_RECEIVER;
    return c->cc.cwnd < pipe + want ? HELD_CONGESTION : HELD_SMALL;
}

struct tcp_plan transmit_plan(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct tcp_plan p = nothing;

    if (!w || c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return nothing;
    if (w->syn_due)
        return (struct tcp_plan){.kind = PLAN_SYN, .seq = c->snd.una};
    if (c->state == WEFT_TCP_SYN_SENT)
        return nothing;
    if (c->syn_acked) {
        if (w->sndmap.lost)
            p = plan_retransmit(c);
        if (p.kind == PLAN_NOTHING)
            p = plan_new(c);
        if (p.kind == PLAN_NOTHING && w->probe_due)
            p = (struct tcp_plan){.kind = PLAN_PROBE, .seq = seq_sub(c->snd.una, 1)};
    }
    if (p.kind == PLAN_NOTHING && ackpolicy_wants(&w->ack))
        p = (struct tcp_plan){.kind = PLAN_ACK, .seq = c->snd.nxt};
    return p;
}

/* ---- the timers of sending ---- */

/* Is anything kept from the peer only by its window, or by our own patience? */
static bool waits_for_window(const struct tcp_conn *c)
{
    return c->syn_acked && !c->fin_sent && (conn_unsent(c) || c->fin_wanted);
}

/* One RTO from now, but not beyond the user's own limit (MUST-21). */
static weft_time until_time_out(const struct tcp_conn *c, const struct rtt_limits *limits)
{
    weft_time at = time_after(conn_now(c), rtt_rto(&c->rtt, limits));

    weft_time patience = c->settings->user_timeout * WEFT_MS;

    if (patience && c->syn_acked && conn_in_flight(c))
        at = min_u64(at, max_u64(time_after(c->work->stuck_since, patience), conn_now(c) + 1));
    return at;
}

void transmit_arm(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    struct rtt_limits limits = tcp_rtt_limits(c->ep.stack);
    weft_time *rto = &w->deadline[TCP_TIMER_RETRANSMIT], *persist = &w->deadline[TCP_TIMER_PERSIST];
    bool wants = plan->kind == PLAN_SYN || plan->kind == PLAN_RETRANSMIT || plan->kind == PLAN_DATA;

    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return;
    if (conn_in_flight(c) || wants) { /* it runs from the wish, so that a stalled link times out too */
        *persist = WEFT_NEVER;
        if (*rto == WEFT_NEVER)
            *rto = until_time_out(c, &limits);
        return;
    }
    *rto = WEFT_NEVER;
    if (!waits_for_window(c)) {
        *persist = WEFT_NEVER;
        w->probes = 0;
    } else if (*persist == WEFT_NEVER) {
        weft_time delay = probe_window_delay(rtt_rto(&c->rtt, &limits), w->probes, limits.max);

        *persist = time_after(conn_now(c), c->snd.wnd ? min_u64(delay, OVERRIDE_MAX) : delay);
    }
}
