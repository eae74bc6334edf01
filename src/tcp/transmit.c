/* SPDX-License-Identifier: MIT */
/*
 * What may be sent now? transmit_plan answers with a value and changes nothing; transmit_emit makes the packet and
 * does the book-keeping. One segment a time, in this order: SYN, what was lost, new data and FIN, a probe, a bare ACK.
 */
#include "tcp/conn.h"

#define OVERRIDE_MAX WEFT_S /* RFC 9293 §3.8.6.2.1: 0.1 to 1 s until a silly segment goes out after all */

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

/* The most payload one packet may carry: a super-segment of whole segments where the link takes one. */
static uint32_t packet_limit(const struct tcp_conn *c, uint32_t mss)
{
    const weft_if *ifp = c->work->path.ifp;
    uint32_t room;

    if (!ifp || !(ifp->offload & WEFT_OFFLOAD_TSO) || ifp->gso_max < mss + 120)
        return mss;
    room = ifp->gso_max - 120; /* IP and TCP headers at their longest */
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

/* ---- the segment ---- */

uint16_t transmit_window(struct tcp_conn *c, struct seq *edge)
{
    uint32_t unread = c->work ? c->work->recvq.bytes : 0;

    *edge = rcvwnd_edge(c->rcv.edge, c->rcv.nxt, c->receive_buffer, unread, c->rcv_mss, c->rcv_wscale);
    return rcvwnd_field(*edge, c->rcv.nxt, c->rcv_wscale);
}

/* How many SACK blocks leave room for payload beside them: all of them, but on the smallest links. */
static uint32_t room_for_sack(const struct tcp_conn *c)
{
    const uint32_t head = 2 + TCP_LEN_SACK_HEAD, payload = 8;

    return c->mss > head + payload ? (c->mss - head - payload) / TCP_LEN_SACK_BLOCK : 0;
}

/* At most `most` blocks; none for what lies at RCV.NXT and found no memory to be delivered: that must come again. */
static void put_sack(const struct tcp_conn *c, struct tcp_options *o, uint32_t most)
{
    unsigned n = reasm_sack(&c->work->reasm, o->sack, most);

    for (unsigned i = 0; i < n; i++)
        if (seq_gt(o->sack[i].start, c->rcv.nxt))
            o->sack[o->n_sack++] = o->sack[i];
}

/* Timestamps and, while data is held out of order, SACK blocks. */
static void put_options(const struct tcp_conn *c, struct tcp_options *o)
{
    o->mss = 0;
    o->wscale = -1;
    o->sack_permitted = false;
    o->n_sack = 0;
    o->has_ts = c->ts_ok;
    if (c->ts_ok) {
        o->ts_val = ts_clock(conn_now(c), c->ts_offset);
        o->ts_ecr = c->ts_recent;
    }
    if (c->sack_ok && c->work->reasm.count)
        put_sack(c, o, min_u32(c->ts_ok ? 3 : 4, room_for_sack(c)));
}

static uint16_t plan_flags(const struct tcp_conn *c, const struct tcp_plan *plan)
{
    uint16_t flags = TCP_ACK;
    uint32_t end = plan->seq.v - c->snd.una.v + plan->len;

    if (plan->fin)
        flags |= TCP_FIN;
    if (plan->len && end == c->work->sendq.bytes) /* the queue is empty behind it (MUST-61) */
        flags |= TCP_PSH;
    return flags;
}

/* What the other side learns with this segment is settled. */
static void note_acknowledged(struct tcp_conn *c, struct seq edge, bool pure)
{
    struct tcp_work *w = c->work;

    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = edge;
    ackpolicy_sent(&w->ack, pure);
    w->deadline[TCP_TIMER_ACK] = WEFT_NEVER;
}

/* Puts it into the scoreboard; room was reserved. */
static void note_sent(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    uint32_t space = plan->len + (plan->fin ? 1 : 0);
    struct seq end = seq_add(plan->seq, space);

    if (plan->kind == PLAN_RETRANSMIT) {
        sndmap_resent(&w->sndmap, &c->ep.stack->mem, plan->seq, space, conn_now(c));
        w->rescue = false;
        stack_count(c->ep.stack, WEFT_COUNT_tcp_retrans_segs);
        return;
    }
    if (conn_in_flight(c) == 0)
        w->stuck_since = conn_now(c);
    if (w->recovery.phase == RECOVERY_OPEN && (w->recovery.dup_acks || w->sndmap.sacked))
        w->limited += space;
    sndmap_sent(&w->sndmap, end, conn_now(c));
    c->snd.nxt = end;
    c->fin_sent = plan->fin;
    c->spoke = conn_now(c);
    w->override = false;
    if (plan->len && plan->len != c->mss && plan->len % c->mss)
        w->small_end = end;
}

/* Builds the segment of a plan; *taken is how much payload really went in. NULL: out of memory. */
static struct weft_pkt *build(struct tcp_conn *c, const struct tcp_plan *plan, const struct tcp_options *o,
                              uint32_t *taken)
{
    struct weft_pkt *pkt = segment_begin(c->ep.stack, tcp_options_len(o, false, TCP_LAYOUT_LINUX));

    *taken = 0;
    if (pkt && plan->len)
        *taken = sendq_attach(&c->work->sendq, plan->seq.v - c->snd.una.v, plan->len, pkt);
    return pkt;
}

/* SACK blocks take room from the payload, which is planned without them (MUST-16). */
static void make_room_for_options(const struct tcp_conn *c, struct tcp_plan *plan, const struct tcp_options *o)
{
    uint32_t most;

    if (o->n_sack == 0)
        return;
    most = c->mss + (c->ts_ok ? TS_OPTION : 0) - (uint32_t)tcp_options_len(o, false, TCP_LAYOUT_LINUX);
    if (plan->len > most) { /* no super-segments either while there is a hole to report */
        plan->len = most;
        plan->fin = false;
    }
}

/* A window shrunk back after idleness (RFC 5681 §4.1). */
static void restart_after_idle(struct tcp_conn *c)
{
    struct rtt_limits limits = tcp_rtt_limits(c->ep.stack);

    if (conn_in_flight(c) == 0 && c->spoke && conn_now(c) - c->spoke > rtt_rto(&c->rtt, &limits))
        c->cc.cwnd =
            min_u32(c->cc.cwnd, cc_initial_window(c->mss, tcp_config(c->ep.stack)->initial_window));
}

/* What a segment without payload and options of its own says: whose it is, and where it goes. */
static void put_names(struct tcp_conn *c, struct segment *out)
{
    key_unpack_to(&out->flow, &c->key, c->v6);
    out->ttl = c->ep.ttl;
    out->tos = c->ep.tos;
    out->gso_size = 0;
    out->path = &c->work->path;
}

static bool emit_segment(struct tcp_conn *c, struct tcp_plan plan)
{
    struct tcp_work *w = c->work;
    struct segment out; /* filled field by field: this is every packet's path */
    struct seq edge;
    struct weft_pkt *pkt;
    uint32_t taken;
    bool carries = plan.kind == PLAN_DATA || plan.kind == PLAN_RETRANSMIT;

    put_options(c, &out.o);
    if (carries)
        make_room_for_options(c, &plan, &out.o);
    if (carries && !sndmap_reserve(&w->sndmap, &c->ep.stack->mem, 2))
        return false;
    if (plan.kind == PLAN_DATA)
        restart_after_idle(c);
    pkt = build(c, &plan, &out.o, &taken);
    if (!pkt)
        return false;
    plan.fin = plan.fin && taken == plan.len;
    plan.len = taken;
    put_names(c, &out);
    out.h.seq = plan.seq;
    out.h.ack = c->rcv.nxt;
    out.h.flags = plan_flags(c, &plan);
    out.h.window = transmit_window(c, &edge);
    out.h.urgent = 0;
    if (plan.len > c->mss)
        out.gso_size = c->mss;
    if (carries)
        note_sent(c, &plan);
    w->probe_due = w->probe_due && plan.kind != PLAN_PROBE;
    note_acknowledged(c, edge, plan.kind == PLAN_ACK);
    segment_finish(c->ep.stack, pkt, &out);
    return true;
}

/* Our SYN, or in SYN-RECEIVED our SYN,ACK: the same sequence number however often. */
static bool emit_syn(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    weft_stack *s = c->ep.stack;
    struct tcp_offer offer = conn_offer(c, &w->path, c->v6);
    struct tcp_options o;
    struct segment out;
    struct weft_pkt *pkt;
    bool ack = c->state != WEFT_TCP_SYN_SENT;

    if (ack) { /* crossing SYNs: offer what both can do */
        offer.timestamps = c->ts_ok;
        offer.sack = c->sack_ok;
        offer.window_scaling = offer.window_scaling && (c->snd_wscale || c->rcv_wscale);
    }
    o = negotiate_syn(&offer, ts_clock(s->now, c->ts_offset));
    o.ts_ecr = ack ? c->ts_recent : 0;
    pkt = segment_begin(s, tcp_options_len(&o, true, TCP_LAYOUT_LINUX));
    if (!pkt)
        return false;
    out = (struct segment){.o = o};
    put_names(c, &out);
    out.h.seq = c->snd.una;
    out.h.ack = ack ? c->rcv.nxt : seq(0);
    out.h.flags = ack ? TCP_SYN | TCP_ACK : TCP_SYN;
    out.h.window = (uint16_t)min_u32(c->receive_buffer, 65535); /* never scaled (RFC 7323 §2.2) */
    w->syn_due = false;
    if (w->retries == 0)
        w->syn_sent_at = s->now;
    else
        w->syn_sent_at = WEFT_NEVER;
    segment_finish(s, pkt, &out);
    return true;
}

bool transmit_emit(struct tcp_conn *c, const struct tcp_plan *plan)
{
    return plan->kind == PLAN_SYN ? emit_syn(c) : emit_segment(c, *plan);
}

bool transmit_pull(struct sender *sender, unsigned budget)
{
    struct tcp_work *w = container_of(sender, struct tcp_work, sender);
    struct tcp_conn *c = w->conn;
    struct tcp_plan plan;

    if (conn_refresh_path(c) < 0)
        return false;
    plan = transmit_plan(c);
    while (plan.kind != PLAN_NOTHING && budget--) {
        if (!transmit_emit(c, &plan)) {
            w->starved = true; /* the timers that run for what we want will come back to it */
            break;
        }
        plan = transmit_plan(c);
    }
    conn_settle_plan(c, &plan);
    return false; /* it asked for the next turn itself, and may have given the rooms back */
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

    if (c->user_timeout && c->syn_acked && conn_in_flight(c))
        at = min_u64(at, max_u64(time_after(c->work->stuck_since, c->user_timeout * WEFT_MS), conn_now(c) + 1));
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

void transmit_reset(struct tcp_conn *c)
{
    struct segment out = {
        .flow = conn_flow(c),
        .h = {.seq = c->snd.nxt, .ack = c->rcv.nxt, .flags = TCP_RST | TCP_ACK},
        .o = TCP_NO_OPTIONS,
        .ttl = c->ep.ttl,
        .tos = c->ep.tos,
    };

    stack_count(c->ep.stack, WEFT_COUNT_tcp_out_rsts);
    segment_reply(c->ep.stack, &out);
}
