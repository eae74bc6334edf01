/* SPDX-License-Identifier: MIT */
/* From a plan to a segment, and the books that are kept of it. */
#include "tcp/transmit.h"

#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/lone.h"
#include "tcp/path.h"
#include "tcp/pathmtu.h"
#include "tcp/segment.h"
#include "tcp/settle.h"
#include "tcp/synsent.h"
#include "tcp/usual.h"
#include "tcp/window.h"

/* What is payload counts, not what it costs to keep. */
SELDOM static void make_plain(const struct tcp_conn *c, struct rcvwnd *w)
{
    uint32_t full = c->rcvspace.buffer / 2, held = conn_held(c) + full / RCVSPACE_SHARES * c->rcvspace.elsewhere;

    w->plain = true;
    w->full = full;
    w->clamp = c->rcvspace.clamped ? c->rcvspace.clamp : full;
    w->free = full > held ? full - held : 0;
}

struct rcvwnd transmit_window_now(const struct tcp_conn *c)
{
    uint32_t cost = conn_cost(c), full = rcvspace_window(&c->rcvspace, c->rcvspace.buffer);
    uint32_t free = likely(cost == 0 && c->rcvspace.elsewhere == 0) ? full : rcvspace_free(&c->rcvspace, cost);
    struct rcvwnd w = {
        .full = full,
        .free = free,
        .clamp = c->rcvspace.clamp,
        .ssthresh = c->rcvspace.ssthresh,
        .mss = c->rcv_mss,
        .last = c->rcv.edge.v - c->rcv.acked.v,
        .shift = c->rcv_wscale,
    };

    if (unlikely(tcp_config(c->ep.stack)->plain_window))
        make_plain(c, &w);
    return w;
}

uint16_t transmit_window(const struct tcp_conn *c, struct seq *edge)
{
    struct rcvwnd now = transmit_window_now(c);
    bool full = conn_held(c) >= c->rcvspace.buffer;
    uint32_t window = rcvwnd_promise(rcvwnd_select(&now), conn_open_window(c), full, c->rcv_wscale);

    *edge = seq_max(c->rcv.edge, seq_add(c->rcv.nxt, window));
    return rcvwnd_field(window, c->rcv_wscale);
}

/* How many SACK blocks leave room for payload beside them: all of them, but on the smallest links. */
static uint32_t room_for_sack(const struct tcp_conn *c)
{
    const uint32_t head = 2 + TCP_LEN_SACK_HEAD, payload = 8;

    return c->mss > head + payload ? (c->mss - head - payload) / TCP_LEN_SACK_BLOCK : 0;
}

/*
 * At most `most` blocks: first what came twice (RFC 2883 §4), then what is held; not what lies at RCV.NXT and found no
 * memory to be delivered, for that must come again.
 */
SELDOM static void put_sack(const struct tcp_conn *c, struct tcp_options *o, uint32_t most)
{
    struct tcp_sack_block held[TCP_MAX_SACK];
    unsigned n = reasm_sack(&c->work->reasm, held, most);

    if (conn_reports_twice(c) && most)
        o->sack[o->n_sack++] = c->work->twice;
    for (unsigned i = 0; i < n && o->n_sack < most; i++)
        if (seq_gt(held[i].start, c->rcv.nxt))
            o->sack[o->n_sack++] = held[i];
}

/* Timestamps and nothing else. */
static void put_stamps(const struct tcp_conn *c, struct tcp_options *o)
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
}

/* The same and, while data is held out of order or has come twice, SACK blocks. */
static void put_options(const struct tcp_conn *c, struct tcp_options *o)
{
    put_stamps(c, o);
    if (c->sack_ok && c->work && (c->work->reasm.count || conn_reports_twice(c)))
        put_sack(c, o, min_u32(c->ts_ok ? 3 : 4, room_for_sack(c)));
}

/* A card will cut it up. Linux: who puts the pieces together again need not wait for more, so PSH stands at its end. */
static bool is_cut(const struct tcp_conn *c, const struct tcp_plan *plan)
{
    return plan->len > plan->piece && c->work->path.ifp && c->work->path.ifp->offload & WEFT_OFFLOAD_TSO;
}

/*
 * Does PSH belong to the last byte of the plan? Of new bytes it is asked once, when they go. Old ones remember; where
 * several segments become one, all that they said goes with it, as on Linux.
 */
static bool is_pushed(struct tcp_conn *c, struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    struct seq end = seq_add(plan->seq, plan->len);
    enum push_end ends;

    if (plan->len == 0)
        return false;
    if (plan->kind == PLAN_RETRANSMIT)
        return sndmap_is_pushed(&w->sndmap, plan->len <= c->mss ? plan->seq : seq_sub(end, 1),
                                seq_add(end, plan->fin ? 1 : 0));
    ends = push_sent(&w->push, end);
    plan->record = ends == PUSH_RECORD;
    return ends != PUSH_NOT || w->override; /* what goes out of impatience goes to the user, too */
}

/* URG, while the end of urgent data lies ahead of a segment (MUST-30, MUST-62); far ahead, as far as it can say. */
static void put_urgent(const struct tcp_conn *c, struct tcp_header *h)
{
    uint32_t ahead = c->work->urgent_end.v - h->seq.v;

    h->urgent = 0;
    if (likely(!conn_is_urgent(c)) || seq_le(c->work->urgent_end, h->seq))
        return;
    if (ahead > UINT16_MAX && seq_le(seq_add(h->seq, UINT16_MAX), c->snd.nxt))
        return; /* a later one will say it */
    h->flags |= TCP_URG;
    h->urgent = (uint16_t)min_u32(ahead, UINT16_MAX);
}

/* What the other side learns with this segment is settled. */
static void note_acknowledged(struct tcp_conn *c, struct seq edge, bool pure)
{
    if (unlikely(conn_reports_twice(c))) { /* once, even if it is lost (RFC 2883 §4, 3) */
        stack_count(c->ep.stack, WEFT_COUNT_tcp_dsack_sent);
        c->work->twice.end = c->work->twice.start;
    }
    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = edge;
    conn_acknowledged(c, pure);
}

/* A tail loss probe is on its way: one at a time, and the time-out begins anew (RFC 8985 §7.3). */
SELDOM static void note_probe(struct tcp_conn *c, bool again)
{
    struct tcp_work *w = c->work;

    w->tail_due = w->tail_restart = false; /* it is not probed for itself */
    w->tlp = (struct tlp){.end = c->snd.nxt, .out = true, .again = again};
    w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    w->wait = WAIT_TIMEOUT;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_tlp_probes);
}

/* Old data is on its way again. */
SELDOM static void note_resent(struct tcp_conn *c, const struct tcp_plan *plan, const struct sent *s)
{
    struct tcp_work *w = c->work;

    if (seq_eq(plan->seq, c->snd.una) && w->wait == WAIT_TIMEOUT) /* the time-out is the first segment's */
        w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    sndmap_resent(&w->sndmap, &c->ep.stack->mem, plan->seq, *s, c->mss, plan->probe);
    w->resent += s->segments;
    c->spoke = s->at;
    w->recovery.frto &= !w->recovery.frto_new; /* there was nothing new to try first */
    w->recovery.frto_new = false;
    stack_count_n(c->ep.stack, WEFT_COUNT_tcp_retrans_segs, s->segments);
    if (plan->probe)
        note_probe(c, true);
    else
        recovery_resent(&w->recovery, s->segments, ts_clock(conn_now(c), c->ts_offset));
}

/* The scoreboard cuts by the MSS. What is cut smaller, to leave room for SACK blocks, has an entry for each segment. */
static void enter(struct tcp_conn *c, const struct tcp_plan *plan, const struct sent *s)
{
    struct seq end = seq_add(plan->seq, plan->len); /* a FIN rides with the last */
    struct sent one = *s;

    if (likely(plan->piece == c->mss || s->segments <= 1)) {
        sndmap_sent(&c->work->sndmap, s);
        return;
    }
    one.segments = 1;
    one.flags &= (uint8_t)~(SENT_PUSH | SENT_FIN | SENT_RECORD);
    for (one.end = seq_add(plan->seq, plan->piece); seq_lt(one.end, end); one.end = seq_add(one.end, plan->piece))
        sndmap_sent(&c->work->sndmap, &one);
    one.end = s->end;
    one.flags = s->flags;
    sndmap_sent(&c->work->sndmap, &one);
}

/* Does a segment of full size keep a short one waiting until it is acknowledged (config.tcp.nagle_all)? */
static bool full_one_holds(const struct tcp_conn *c)
{
    return unlikely(tcp_config(c->ep.stack)->nagle_all) && !seq_eq(c->work->burst, c->snd.una);
}

/* New data is on its way. */
static void note_new(struct tcp_conn *c, const struct tcp_plan *plan, const struct sent *s)
{
    struct tcp_work *w = c->work;

    if (conn_in_flight(c) == 0) {
        w->stuck_since = conn_now(c);
        w->burst = c->snd.una;
        if (conn_cc(c)->on_event)
            conn_cc(c)->on_event(&c->cc, &w->cc_private, CC_EVENT_START, s->at, c->spoke ? s->at - c->spoke : 0);
    }
    enter(c, plan, s);
    c->snd.nxt = s->end;
    c->fin_sent = plan->fin;
    c->spoke = conn_now(c);
    w->tail_restart = !w->override; /* what the patience for a window sent has the time-out alone, as on Linux */
    w->override = false;
    if (plan->search)
        conn_probe_sent(c, plan);
    else if (plan->len && (plan->len < plan->piece || plan->len % plan->piece || full_one_holds(c)))
        w->small_end = s->end;
    if (plan->probe)
        note_probe(c, false);
}

/* Puts it into the scoreboard; room was reserved. */
static void note_sent(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    struct sent s = {.at = conn_now(c), .end = seq_add(plan->seq, plan->len + (plan->fin ? 1 : 0))};

    s.segments = (uint16_t)sent_segments(plan->len, plan->piece);
    s.flags = (uint8_t)((plan->fin ? SENT_FIN : 0) | (plan->push ? SENT_PUSH : 0) | (plan->record ? SENT_RECORD : 0));
    rate_send(&w->rate, &s, w->sndmap.total);
    if (recovery_reduces(&w->recovery))
        w->recovery.prr_out += s.segments;
    if (plan->kind == PLAN_RETRANSMIT)
        note_resent(c, plan, &s);
    else
        note_new(c, plan, &s);
    if (unlikely(window_paces(c)))
        pacer_sent(&w->pacer, conn_now(c), s.segments, plan->len, window_rate(c));
}

/* Builds the segment of a plan; *taken is how much payload really went in. NULL: out of memory. */
static struct weft_pkt *build(struct tcp_conn *c, const struct tcp_plan *plan, struct segment *seg, uint32_t *taken)
{
    struct weft_pkt *pkt = segment_begin(c->ep.stack, seg, false);

    *taken = 0;
    if (pkt && plan->len)
        *taken = sendq_attach(&c->work->sendq, plan->seq.v - c->snd.una.v, plan->len, pkt);
    return pkt;
}

/*
 * SACK blocks take room from the payload, which is planned without them (MUST-16): as many segments go as was planned,
 * and each carries less. What goes again goes one by one.
 */
static void make_room_for_options(const struct tcp_conn *c, struct tcp_plan *plan, const struct tcp_options *o)
{
    uint32_t most, n;

    plan->piece = (uint16_t)c->mss;
    if (o->n_sack == 0)
        return;
    most = c->mss + (c->ts_ok ? TS_OPTION : 0) - (uint32_t)tcp_options_len(o, false, segment_layout(c->ep.stack));
    n = plan->kind == PLAN_DATA && !plan->search ? sent_segments(plan->len, c->mss) : 1;
    plan->piece = (uint16_t)most;
    if (plan->len > n * most) {
        plan->len = n * most;
        plan->fin = false;
    }
}

/* Of IPv6: the label that its segments have. */
SELDOM static uint32_t flow_label(struct tcp_conn *c, const struct segment *out)
{
    if (!c->work->flow_label)
        c->work->flow_label = ip_flow_label(c->ep.stack, &out->flow.local, &out->flow.remote, IP_PROTO_TCP);
    return c->work->flow_label;
}

/* What a segment without payload and options of its own says: whose it is, and where it goes. */
static void put_names(struct tcp_conn *c, struct segment *out)
{
    out->ttl = conn_ttl(c);
    out->tos = conn_tos(c);
    out->gso_size = 0;
    if (likely(c->path_discovery == WEFT_PMTUDISC_WANT))
        out->fragment = c->work->path.fragment;
    else
        out->fragment = c->path_discovery == WEFT_PMTUDISC_DONT || c->path_discovery >= WEFT_PMTUDISC_INTERFACE;
    out->path = &c->work->path;
    out->way = &c->settings->way;
    out->extensions = &c->settings->extensions;
    segment_name(out, &c->key, c->v6);
    out->flow_label = unlikely(c->v6) ? flow_label(c, out) : 0;
}

/* Once more without it: somebody on the way may drop what asks for it (RFC 3168 §6.1.1.1). */
static uint16_t syn_flags(struct tcp_conn *c, bool ack)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    if (ack)
        return (uint16_t)(TCP_SYN | TCP_ACK | (c->ecn.on ? TCP_ECE : 0));
    if (c->work->retries == 0)
        c->ecn = (struct ecn){.on = k->ecn == 1};
    return c->ecn.on && (c->work->retries == 0 || !k->ecn_fallback) ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN;
}

/* New text may be marked on its way; all that goes says what we heard of marks. */
SELDOM static void put_ecn(struct tcp_conn *c, const struct tcp_plan *plan, struct segment *out)
{
    bool fresh = plan->kind == PLAN_DATA && plan->len;

    out->h.flags |= ecn_flags(&c->ecn, fresh);
    out->tos |= fresh ? ECN_ECT_0 : 0;
}

/* Room in the books for what is about to be sent. */
static bool reserve(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct sndmap *m = &c->work->sndmap;
    struct mem *mem = &c->ep.stack->mem;
    uint32_t entries = unlikely(plan->piece != c->mss) ? sent_segments(plan->len, plan->piece) : 1;

    return sndmap_reserve(m, mem, entries + 1) && (plan->kind != PLAN_RETRANSMIT || sndmap_reserve_again(m, mem));
}

static bool emit_segment(struct tcp_conn *c, struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    struct segment out; /* filled field by field: this is every packet's path */
    struct seq edge;
    struct weft_pkt *pkt;
    uint32_t taken;
    bool carries = plan->kind == PLAN_DATA || plan->kind == PLAN_RETRANSMIT;

    put_options(c, &out.o);
    if (carries)
        make_room_for_options(c, plan, &out.o);
    if (carries && !reserve(c, plan))
        return false;
    pkt = build(c, plan, &out, &taken);
    if (!pkt)
        return false;
    plan->fin = plan->fin && taken == plan->len;
    plan->len = taken;
    put_names(c, &out);
    out.h.seq = plan->seq;
    out.h.ack = c->rcv.nxt;
    plan->push = is_pushed(c, plan);
    out.h.flags = (uint16_t)(TCP_ACK | (plan->fin ? TCP_FIN : 0) | (plan->push || is_cut(c, plan) ? TCP_PSH : 0));
    out.h.window = transmit_window(c, &edge);
    put_urgent(c, &out.h);
    if (unlikely(c->ecn.on))
        put_ecn(c, plan, &out);
    plan->search = plan->search && plan->len > c->mss;
    if (plan->len > plan->piece && !plan->search)
        out.gso_size = plan->piece;
    account_out(c, plan);
    w->told_at = conn_now(c);
    if (carries)
        note_sent(c, plan);
    if (unlikely(plan->kind == PLAN_PROBE) && w->probe_due)
        w->probe_due--;
    note_acknowledged(c, edge, plan->kind == PLAN_ACK);
    if (plan->len)
        conn_answered(c);
    segment_finish(c->ep.stack, pkt, &out);
    return true;
}

/*
 * The window of our SYN, which is never scaled (RFC 7323 §2.2), and what it promises. The path may have another MTU
 * than when the first was sent, and so another number of whole segments: what was promised is not taken back.
 */
static uint16_t promise_window(struct tcp_conn *c, uint32_t mss)
{
    uint32_t window = max_u32(conn_first_window(c, mss, false), min_u32(conn_open_window(c), UINT16_MAX));

    c->rcv.edge = seq_max(c->rcv.edge, seq_add(c->rcv.nxt, window));
    return (uint16_t)window;
}

/* Our SYN, or in SYN-RECEIVED our SYN,ACK: the same sequence number however often. */
ASIDE static bool emit_syn(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    weft_stack *s = c->ep.stack;
    struct tcp_offer offer = conn_offer(c, &w->path, c->v6);
    struct segment out;
    struct weft_pkt *pkt;
    bool ack = c->state != WEFT_TCP_SYN_SENT;
    uint32_t early;

    if (ack) { /* what is agreed, whatever became of the buffer since */
        offer.timestamps = c->ts_ok;
        offer.sack = c->sack_ok;
        offer.window_scaling = offer.window_scaling && (c->snd_wscale || c->rcv_wscale);
        offer.wscale = c->rcv_wscale;
    } else {
        w->said_wscale = (uint8_t)(offer.wscale + 1);
    }
    out.o = negotiate_syn(&offer, ts_clock(s->now, c->ts_offset));
    out.o.ts_ecr = ack ? c->ts_recent : 0;
    early = ack ? 0 : early_offer(c, &out.o);
    pkt = segment_begin(s, &out, true);
    if (!pkt)
        return false;
    if (early && w->sendq.bytes)
        w->syn_data = (uint16_t)sendq_attach(&w->sendq, 0, min_u32(early, w->sendq.bytes), pkt);
    put_names(c, &out);
    out.h.seq = c->fast_open ? seq_sub(c->snd.una, 1) : c->snd.una;
    out.h.ack = ack ? c->rcv.nxt : seq(0);
    out.h.flags = syn_flags(c, ack);
    out.h.urgent = 0;
    out.h.window = promise_window(c, out.o.mss);
    account_out(c, &(struct tcp_plan){.kind = PLAN_SYN});
    w->syn_due = false;
    if (w->retries == 0)
        w->syn_sent_at = w->stuck_since = s->now;
    else
        w->syn_sent_at = WEFT_NEVER;
    segment_finish(s, pkt, &out);
    return true;
}

/* Builds and sends it; false: out of memory, nothing happened. What of the plan is known now is filled in. */
static bool emit(struct tcp_conn *c, struct tcp_plan *plan)
{
    return unlikely(plan->kind == PLAN_SYN) ? emit_syn(c) : emit_segment(c, plan);
}

/* How many packets the link will carry for it. */
static unsigned packets_of(const struct tcp_conn *c, const struct tcp_plan *plan)
{
    bool is_cut = plan->len > c->mss && !plan->search && !(c->work->path.ifp->offload & WEFT_OFFLOAD_TSO);

    return is_cut ? (plan->len + c->mss - 1u) / c->mss : 1;
}

/* Is it what would be planned now? */
static bool is_plan(struct tcp_conn *c, struct tcp_plan a)
{
    struct tcp_plan b;

    transmit_plan(c, &b);
    return a.kind == b.kind && a.fin == b.fin && a.probe == b.probe && seq_eq(a.seq, b.seq) && a.len == b.len;
}

/*
 * The first plan of the link's turn: the last settle's, if nothing has come between. Whatever changes what it says and
 * does not settle takes it back (`planned`): a new segment size or a smaller window; the assertion finds who forgets
 * it.
 */
static void first_plan(struct tcp_conn *c, struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;

    if (!w->planned) {
        transmit_plan(c, plan);
        return;
    }
    w->planned = false;
    weft_assert(is_plan(c, w->plan), "nothing has changed since it was made");
    *plan = w->plan;
}

/* Is all that there is to send an orphan's FIN? Then nothing is asked of the window any more. */
static bool is_last_word(const struct tcp_conn *c) { return c->orphan && c->fin_sent && conn_in_flight(c) == 1; }

/* The plan, and what comes behind it. May give the rooms back. */
static inline void take_turn(struct tcp_conn *c, struct tcp_plan *plan, unsigned budget)
{
    struct tcp_work *w = c->work;
    /* new text: without it, and without any that waits, nothing was asked of the window; as on Linux */
    bool sent = false, idle = plan->kind == PLAN_NOTHING;
    unsigned used = 0;

    for (; plan->kind != PLAN_NOTHING; transmit_plan(c, plan)) {
        unsigned packets = packets_of(c, plan);

        if (used && used + packets > budget)
            break;
        if (!emit(c, plan)) {
            w->starved = true; /* the timers that run for what we want will come back to it */
            break;
        }
        used += packets;
        sent |= plan->kind == PLAN_DATA;
    }
    if (w->sndmap.count && (sent || conn_unsent(c)) && !is_last_word(c))
        window_used(c);
    conn_settle_plan(c, plan);
    if (sent && used == 1 && c->work)
        conn_find_usual(c);
    else if (!idle) /* a turn that is not used changes nothing */
        conn_doubt_usual(c);
}

bool transmit_pull(struct sender *sender, unsigned budget)
{
    struct tcp_conn *c = container_of(sender, struct tcp_work, sender)->alarm.conn;
    struct tcp_plan plan;

    if (conn_refresh_path(c) < 0)
        return false;
    if (conn_known_usual(c) && lone_turn(c))
        return false;
    window_after_idle(c);
    first_plan(c, &plan);
    take_turn(c, &plan, budget);
    return false; /* it asked for the next turn itself */
}

bool transmit_pull_at_once(weft_sock *e, const weft_if *ifp, unsigned budget)
{
    struct tcp_conn *c = conn_of(e);
    struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;
    struct tcp_plan plan;

    if (!w || w->starved || w->path.ifp != ifp || list_linked(&w->sender.link) ||
        !path_is_fresh(&w->path, e->stack->routes.generation, e->stack->now))
        return false;
    e->stack->unsettled = NULL;
    if (conn_known_usual(c) && (lone_turn(c) || lone_wait(c)))
        return true;
    window_after_idle(c);
    transmit_plan(c, &plan);
    if (plan.kind != PLAN_NOTHING)
        conn_settle_before(c, &plan);
    take_turn(c, &plan, budget);
    return true;
}

void transmit_ack_at_once(struct tcp_conn *c, uint16_t window)
{
    weft_stack *s = c->ep.stack;
    struct segment out;
    struct weft_pkt *pkt;

    if (conn_refresh_path(c) < 0) {
        stack_drop(s, WEFT_DROP_ip_no_route);
        return;
    }
    put_stamps(c, &out.o);
    pkt = segment_begin(s, &out, false);
    if (!pkt) {
        stack_drop(s, WEFT_DROP_no_memory);
        return;
    }
    put_names(c, &out);
    out.h.seq = c->snd.nxt;
    out.h.ack = c->rcv.nxt;
    out.h.flags = TCP_ACK;
    out.h.window = window;
    out.h.urgent = 0;
    segment_finish(s, pkt, &out);
}

void transmit_reset(struct tcp_conn *c)
{
    struct seq edge;
    struct segment out = {
        .flow = conn_flow(c),
        .h = {.seq = transmit_seq(c),
              .ack = c->rcv.nxt,
              .flags = TCP_RST | TCP_ACK,
              .window = transmit_window(c, &edge)},
        .ttl = conn_ttl(c),
        .tos = conn_tos(c),
        .way = &c->settings->way,
        .extensions = &c->settings->extensions,
    };

    put_options(c, &out.o);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_out_rsts);
    segment_reply(c->ep.stack, &out);
}
