/* SPDX-License-Identifier: MIT */
/*
 * What may be sent now? transmit_plan answers with a value and changes nothing that matters. One segment a time, in
 * this order: SYN, what was lost, new data and FIN, a probe, a bare ACK. The same value says which timer has to run.
 */
#include "tcp/plan.h"

#include "tcp/autosize.h"
#include "tcp/defer.h"
#include "tcp/pathmtu.h"
#include "tcp/timeouts.h"
#include "tcp/window.h"

#define OVERRIDE_MAX WEFT_S /* RFC 9293 §3.8.6.2.1: 0.1 to 1 s until a silly segment goes out after all */

#define GSO_PIECES 16 /* segments of a super-segment that must be cut */

static const struct tcp_plan nothing = {.kind = PLAN_NOTHING};

/* ---- the plan ---- */

/* Segments that cwnd lets go now; a tail loss probe goes whatever it says. */
static uint32_t allowance(const struct tcp_conn *c)
{
    uint32_t pipe = conn_pipe(c), quota = c->cc.cwnd > pipe ? c->cc.cwnd - pipe : 0;

    return c->work->tail_due ? max_u32(quota, 1) : quota;
}

/* How far new data may go by the peer's window; never negative, even when the peer shrank it (MUST-34). */
static uint32_t window_room(const struct tcp_conn *c)
{
    int32_t room = seq_diff(seq_add(c->snd.una, c->snd.wnd), c->snd.nxt);

    return room > 0 ? (uint32_t)room : 0;
}

/* The link cuts it, so how it was made can be seen there. */
ASIDE static uint32_t offload_limit(const struct tcp_conn *c, uint32_t mss, uint32_t room, bool again)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct autosize a = {
        .mss = mss,
        .cwnd = c->cc.cwnd,
        .ssthresh = c->cc.ssthresh,
        .srtt8 = c->rtt.srtt8,
        .min_us = c->rtt.min_us,
        .slow_start = k->pacing_ss_ratio,
        .avoidance = k->pacing_ca_ratio,
        .least = k->tso_segments,
        .rtt_log = k->tso_rtt_log,
        .again = again,
    };

    return autosize_bytes(&a, room);
}

/* Where sending is spread over time, a packet is what goes out in a millisecond, or two segments. */
ASIDE static uint32_t paced_limit(const struct tcp_conn *c, uint32_t mss)
{
    return max_u32((uint32_t)min_u64(window_rate(c) >> 10, 1u << 20), 2 * mss);
}

/*
 * The most payload one packet may carry, of new text or `again`: a super-segment of whole segments. A link that takes
 * none gets one cut in pieces (core/gso.h), of which no more are made than it will queue and the cache will hold.
 */
static uint32_t packet_limit(const struct tcp_conn *c, uint32_t mss, uint32_t want, bool again)
{
    const weft_if *ifp = c->work->path.ifp;
    uint32_t room;

    if (want <= mss || conn_is_urgent(c)) /* each segment has its own urgent pointer */
        return mss;
    if (unlikely(c->v6 && extensions_len(&c->settings->extensions))) /* whoever cuts knows none of these */
        return mss;
    if (!ifp || ifp->gso_max < mss + 120)
        return mss;
    room = ifp->gso_max - 120; /* IP and TCP headers at their longest */
    if (unlikely(window_paces(c)))
        room = min_u32(room, paced_limit(c, mss));
    if (ifp->offload & WEFT_OFFLOAD_TSO)
        return offload_limit(c, mss, room, again);
    room = min_u32(room, (uint32_t)min_size(GSO_PIECES, ifp->queue_limit) * mss);
    return room - room % mss;
}

uint32_t transmit_quota(const struct tcp_conn *c, uint32_t *packet)
{
    uint32_t room = window_room(c), unsent = conn_unsent(c);

    *packet = packet_limit(c, c->mss, UINT32_MAX, false);
    if (!c->syn_acked)
        return 0;
    room = (uint32_t)min_u64(room, (uint64_t)allowance(c) * c->mss);
    room = room > unsent ? room - unsent : 0;
    return room - room % c->mss;
}

/* Old bytes, FIN included when it is the last of them. */
static struct tcp_plan plan_again(const struct tcp_conn *c, struct seq seq, uint32_t space)
{
    struct tcp_plan p = {.kind = PLAN_RETRANSMIT, .seq = seq};

    p.fin = c->fin_sent && seq_eq(seq_add(seq, space), c->snd.nxt);
    p.len = space - (p.fin ? 1 : 0);
    return p;
}

/* What was lost, as far as cwnd allows. */
ASIDE static struct tcp_plan plan_retransmit(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    uint32_t quota = allowance(c), most, space;
    struct seq seq;

    if (quota == 0)
        return nothing;
    most = packet_limit(c, c->mss, (uint32_t)min_u64((uint64_t)w->sndmap.due * c->mss, UINT32_MAX), true);
    quota = (uint32_t)min_u64((uint64_t)quota * c->mss, most);
    return sndmap_next_due(&w->sndmap, quota, &seq, &space) ? plan_again(c, seq, space) : nothing;
}

/* Does the next segment ask whether the time-out was needed (RFC 5682 §2.1)? Once one is under way nobody has to. */
static bool asks_by_new_data(const struct tcp_conn *c)
{
    return c->work->recovery.frto_new && seq_le(c->snd.nxt, c->work->recovery.high);
}

/* May a segment shorter than full go out, although nothing more will fill it (RFC 9293 §3.7.4, Minshall's variant)? */
static bool short_segment_allowed(const struct tcp_conn *c, bool fin)
{
    const struct tcp_work *w = c->work;

    if (likely((c->nodelay || !seq_gt(w->small_end, c->snd.una)) && !c->cork && !w->more))
        return true;
    return w->override || fin || w->tail_due || w->push_now || conn_is_urgent(c) || asks_by_new_data(c);
}

/* Text for more than one segment is there, of which `limit` bytes may go: not all that a packet would carry. */
ASIDE static bool is_deferred(const struct tcp_conn *c, uint32_t limit, uint32_t most, uint32_t held, bool fin)
{
    const struct tcp_work *w = c->work;
    struct defer d = {
        .limit = limit,
        .most = most,
        .window = (uint32_t)min_u64(c->snd.wnd, (uint64_t)c->cc.cwnd * c->mss),
        .held = held,
        .more = held < conn_unsent(c),
        .fin = fin,
        .now = conn_now(c),
        .spoke = w->told_at,
        .asked = w->sndmap.count ? sndmap_at(&w->sndmap, 0)->at : WEFT_NEVER,
        .rtt = rtt_smoothed(&c->rtt),
    };

    if (w->recovery.state == RECOVERY_DISORDER) /* limited transmit keeps acknowledgments coming (RFC 3042) */
        return false;
    return w->recovery.state < RECOVERY_FAST && !w->tail_due && defer_waits(&d);
}

/* New data of `unsent` bytes: how much of it may go now. */
__attribute__((always_inline)) static inline uint32_t new_data_len(struct tcp_conn *c, uint32_t unsent, uint32_t room,
                                                                   bool fin)
{
    uint32_t mss = c->mss, quota = allowance(c);
    uint32_t reach = push_reach(&c->work->push, c->snd.nxt, unsent); /* PSH stands at the end of a segment */
    uint32_t most, limit, len;

    if (quota == 0)
        return 0;
    if (likely(reach <= mss && reach <= room)) /* one segment, and nothing but patience holds it */
        return reach < unsent || reach == mss || short_segment_allowed(c, fin) ? reach : 0;
    most = packet_limit(c, mss, min_u32(reach, room), false);
    limit = (uint32_t)min_u64(room, (uint64_t)quota * mss);
    len = min_u32(reach, min_u32(most, limit));
    if (limit < most && reach > mss && is_deferred(c, limit, most, reach, fin && reach == unsent))
        return 0;
    if (len == reach) /* nothing but what is last may wait to be filled up */
        return reach < unsent || short_segment_allowed(c, fin) ? len : len - len % mss;
    if (len >= mss)
        return len - len % mss;
    /* The window is what is short: silly unless half of the largest ever seen (RFC 9293 §3.8.6.2.1). */
    return c->work->override || (conn_in_flight(c) == 0 && len >= c->snd.max_wnd / 2) ? len : 0;
}

/* In line: it is the step of a data segment that takes longest, and what it returns falls apart into registers. */
__attribute__((always_inline)) static inline struct tcp_plan plan_new(struct tcp_conn *c)
{
    struct tcp_plan p = {.kind = PLAN_DATA, .seq = c->snd.nxt};
    uint32_t unsent = conn_unsent(c);
    uint32_t room = window_room(c);
    bool last_words = c->fin_wanted && !c->fin_sent;

    if (c->fin_sent || (unsent == 0 && !last_words) || room == 0)
        return nothing;
    if (c->work->sndmap.count >= SNDMAP_MAX / 2) /* the rest is for splitting: what is lost must go again */
        return nothing;
    if (unlikely(c->work->search.on) && unsent) {
        p.len = conn_probe_len(c, unsent, room);
        p.search = p.len;
    }
    if (unsent && !p.search)
        p.len = new_data_len(c, unsent, room, last_words);
    p.fin = last_words && p.len == unsent && p.len < room && (p.len || allowance(c));
    p.probe = c->work->tail_due;
    return p.len || p.fin ? p : nothing;
}

enum tcp_held transmit_held(struct tcp_conn *c)
{
    uint32_t want = min_u32(conn_unsent(c), c->mss);

    if (window_room(c) < want)
        return HELD_RECEIVER;
    if (pacer_holds(&c->work->pacer, conn_now(c)))
        return HELD_PACING;
    return allowance(c) == 0 ? HELD_CONGESTION : HELD_SMALL;
}

/* A tail loss probe: a new segment, else the last one once more (RFC 8985 §7.3). */
SELDOM static struct tcp_plan plan_tail(struct tcp_conn *c)
{
    struct tcp_plan p = plan_new(c);
    uint32_t space;
    struct seq seq;

    if (p.kind != PLAN_NOTHING) {
        p.len = min_u32(p.len, c->mss);
        p.fin = p.fin && p.len == conn_unsent(c);
        return p;
    }
    if (!sndmap_tail(&c->work->sndmap, c->mss, &seq, &space))
        return nothing;
    p = plan_again(c, seq, space);
    p.probe = true;
    return p;
}

/*
 * A copy that was sent for nothing (what it repeats is not thought lost any more) is under way all the same: until its
 * fate is known it stands for one of those that are lost, as on Linux.
 */
static bool more_is_lost_than_under_way(const struct tcp_work *w)
{
    return w->sndmap.due && w->sndmap.again < w->sndmap.lost;
}

/* After a time-out nothing goes again while new data may tell whether it has to (RFC 5682 §2.1); then what was lost. */
ASIDE static struct tcp_plan plan_repair(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct tcp_plan p;

    if (w->recovery.frto_new) {
        p = plan_new(c);
        if (p.kind != PLAN_NOTHING || seq_gt(c->snd.nxt, w->recovery.high))
            return p;
    }
    p = more_is_lost_than_under_way(w) ? plan_retransmit(c) : nothing;
    return p.kind == PLAN_NOTHING ? plan_new(c) : p;
}

/* Data, old or new: in which order. */
static inline struct tcp_plan plan_data(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (unlikely(w->tail_due))
        return plan_tail(c);
    if (pacer_holds(&w->pacer, conn_now(c)))
        return nothing;
    return unlikely(w->recovery.frto_new || w->sndmap.due) ? plan_repair(c) : plan_new(c);
}

/* The usual answer, without the usual questions: nothing is unsent, due, owed or to be probed. */
static bool is_content(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return conn_unsent(c) == 0 && c->syn_acked && !w->syn_due && !w->tail_due && !w->probe_due && w->sndmap.due == 0 &&
           !ackpolicy_wants(&w->ack) && c->fin_wanted == c->fin_sent;
}

struct seq transmit_seq(const struct tcp_conn *c)
{
    struct seq edge = seq_add(c->snd.una, c->snd.wnd);
    int32_t beyond = seq_diff(c->snd.nxt, edge);

    return beyond <= 0 || (c->rcv_wscale && beyond < 1 << c->rcv_wscale) ? c->snd.nxt : edge;
}

/* The same with all questions. Not in line, so that the usual answer is. */
ASIDE static void plan_anything(struct tcp_conn *c, struct tcp_plan *p)
{
    struct tcp_work *w = c->work;

    *p = nothing;
    if (w->syn_due) {
        *p = (struct tcp_plan){.kind = PLAN_SYN, .seq = c->snd.una};
        return;
    }
    if (c->state == WEFT_TCP_SYN_SENT)
        return;
    if (c->syn_acked) {
        *p = plan_data(c);
        if (p->kind == PLAN_NOTHING && w->probe_due)
            *p = (struct tcp_plan){.kind = PLAN_PROBE, .seq = w->probe_due > 1 ? c->snd.una : seq_sub(c->snd.una, 1)};
    }
    if (p->kind == PLAN_NOTHING && ackpolicy_wants(&w->ack))
        *p = (struct tcp_plan){.kind = PLAN_ACK, .seq = transmit_seq(c)};
}

void transmit_plan(struct tcp_conn *c, struct tcp_plan *plan)
{
    if (!c->work || c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT || likely(is_content(c)))
        *plan = nothing;
    else
        plan_anything(c, plan);
}

/* ---- the timers of sending ---- */

/* Does something that could be sent wait for the pacer? Its turn has a timer, and a rest waits for that as well. */
static bool arm_pacer(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    bool holds = pacer_holds(&w->pacer, conn_now(c));

    w->deadline[TCP_TIMER_PACE] = holds ? w->pacer.next : WEFT_NEVER;
    return holds && (w->sndmap.due || conn_unsent(c) || c->fin_wanted != c->fin_sent);
}

/* Is anything kept from the peer only by its window, or by our own patience? */
static bool waits_for_window(const struct tcp_conn *c)
{
    return c->syn_acked && !c->fin_sent && (conn_unsent(c) || c->fin_wanted);
}

/* One RTO from now, but not beyond the user's own limit (MUST-21). */
static weft_time until_time_out(const struct tcp_conn *c)
{
    weft_time at = time_after(conn_now(c), conn_rto(c)), patience;

    if (likely(c->work->retries == 0 && !(c->syn_acked && c->snd.wnd == 0)))
        return at;
    patience = conn_patience(c);
    if (patience) {
        weft_time waited = c->syn_acked ? conn_retried_for(c) : conn_now(c) - c->work->stuck_since;

        at = min_u64(at, waited < patience ? time_after(conn_now(c), patience - waited) : conn_now(c) + 1);
    }
    return at;
}

/*
 * Should a tail loss probe wait in the time-out's place (RFC 8985 §7.2)? Only with SACK, while nothing is known to be
 * lost. Its time begins with what was sent or acknowledged last.
 */
static bool probes_tail(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;

    return w->tail_restart && c->sack_ok && c->syn_acked && w->sndmap.count &&
           tcp_config(c->ep.stack)->tail_loss_probe &&
           (w->recovery.state == RECOVERY_OPEN || w->recovery.state == RECOVERY_CWR);
}

/* When the time-out would come: an RTO after the first segment in flight went out. */
static weft_time first_times_out(const struct tcp_conn *c)
{
    return time_after(sndmap_at(&c->work->sndmap, 0)->at, conn_rto(c));
}

static void arm_probe(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    weft_time *at = &w->deadline[TCP_TIMER_RETRANSMIT], now = conn_now(c);
    weft_time rto = *at == WEFT_NEVER ? until_time_out(c) : first_times_out(c);
    weft_time probe = time_after(now, tlp_delay(rtt_smoothed(&c->rtt), w->sndmap.total, k->rto_min, k->rto_initial));

    *at = rto > now ? min_u64(probe, rto) : probe;
    w->wait = WAIT_PROBE;
}

/* What waits for an answer from the peer has a timer. */
static void arm_sending(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    weft_time *at = &w->deadline[TCP_TIMER_RETRANSMIT];
    bool probe = probes_tail(c); /* which tells more than to look again at what may be late, as on Linux */

    if (w->wait == WAIT_REORDER && *at != WEFT_NEVER && !probe)
        return;
    if (probe) {
        arm_probe(c);
    } else if (*at == WEFT_NEVER) {
        bool late = w->wait != WAIT_TIMEOUT && w->sndmap.count;

        *at = until_time_out(c);
        if (late) /* what was waited for in its place has not made it begin anew */
            *at = min_u64(*at, max_u64(first_times_out(c), conn_now(c) + 1));
        w->wait = WAIT_TIMEOUT;
    }
    w->tail_restart = false;
}

/*
 * When to probe, or to fill a window that is silly; not beyond the user's own limit, which runs from the first probe.
 */
static weft_time until_probe(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->work;
    weft_time delay = probe_window_delay(conn_rto(c), w->probes, tcp_config(c->ep.stack)->rto_max), now = conn_now(c);
    weft_time at = time_after(now, c->snd.wnd ? min_u64(delay, OVERRIDE_MAX) : delay);

    if (c->settings->user_timeout && w->probing_since)
        at = min_u64(at, max_u64(time_after(w->probing_since, c->settings->user_timeout * WEFT_MS), now + 1));
    return at;
}

void transmit_arm(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_work *w = c->work;
    weft_time *persist = &w->deadline[TCP_TIMER_PERSIST];
    bool wants = plan->kind == PLAN_SYN || plan->kind == PLAN_RETRANSMIT || plan->kind == PLAN_DATA;
    bool paced;

    if (c->state == WEFT_TCP_CLOSED || c->state == WEFT_TCP_TIME_WAIT)
        return;
    if (w->syn_waits)
        return;
    paced = arm_pacer(c);
    if (conn_in_flight(c) || wants || c->fast_open) { /* it runs from the wish, so that a stalled link times out too */
        *persist = WEFT_NEVER;
        arm_sending(c);
        return;
    }
    w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    w->wait = WAIT_TIMEOUT;
    if (paced || !waits_for_window(c)) {
        *persist = WEFT_NEVER;
        w->probes = 0;
        w->probing_since = 0;
    } else if (*persist == WEFT_NEVER) {
        *persist = until_probe(c);
    }
}

void transmit_arm_lone(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct rtt_limits limits = conn_rtt_limits(c);
    weft_time probe = tlp_delay(rtt_smoothed(&c->rtt), 1, k->rto_min, k->rto_initial);

    if (unlikely(!k->tail_loss_probe)) {
        transmit_arm(c, &nothing);
        return;
    }
    w->deadline[TCP_TIMER_PACE] = w->deadline[TCP_TIMER_PERSIST] = WEFT_NEVER;
    weft_assert(probes_tail(c), "it is as usual, and all has begun anew");
    w->deadline[TCP_TIMER_RETRANSMIT] = time_after(conn_now(c), min_u64(probe, rtt_rto(&c->rtt, &limits)));
    w->wait = WAIT_PROBE;
    w->tail_restart = false;
}
