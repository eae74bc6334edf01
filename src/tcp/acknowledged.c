/* SPDX-License-Identifier: MIT */
/*
 * The fifth step of RFC 9293 §3.10.7.4: what an acknowledgment does. It frees what was delivered, samples the round
 * trip, finds losses, lets the congestion window grow or shrink, takes the peer's window, and moves the closing states.
 */
#include "tcp/conn.h"

void conn_answer(struct tcp_conn *c, const struct tcp_seg *seg)
{
    bool empty = seg->len == 0 || seg_has(seg, TCP_SYN);

    if (!conn_work(c))
        return;
    if (empty) { /* two confused peers must not answer each other for ever; per connection: nothing to spy on */
        if (c->challenged && conn_now(c) - c->challenged < tcp_config(c->ep.stack)->invalid_ratelimit) {
            stack_count(c->ep.stack, WEFT_COUNT_tcp_answers_skipped);
            return;
        }
        c->challenged = max_u64(conn_now(c), 1);
        stack_count(c->ep.stack, WEFT_COUNT_tcp_challenge_acks);
    }
    ackpolicy_owe(&c->work->ack);
}

void conn_take_window(struct tcp_conn *c, const struct tcp_seg *seg)
{
    uint8_t shift = seg->unscaled ? 0 : c->snd_wscale;

    c->snd.wnd = (uint32_t)seg->h.window << shift;
    c->snd.max_wnd = max_u32(c->snd.max_wnd, c->snd.wnd);
    c->snd.wl1 = seg->h.seq;
    c->snd.wl2 = seg->h.ack;
}

/*
 * Is the window of this segment newer than the one we have? DEVIATION: one that acknowledges new data is, whatever its
 * number, as Linux has it: the window we have, counted from the new SND.UNA, would reach beyond what was ever offered.
 */
static bool window_is_newer(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return seq_gt(seg->h.ack, c->snd.una) || seq_lt(c->snd.wl1, seg->h.seq) ||
           (seq_eq(c->snd.wl1, seg->h.seq) && seq_le(c->snd.wl2, seg->h.ack));
}

static void update_window(struct tcp_conn *c, const struct tcp_seg *seg)
{
    bool was_closed = c->snd.wnd == 0;

    if (!window_is_newer(c, seg))
        return;
    conn_take_window(c, seg);
    if (c->work && c->snd.wnd) {
        if (c->work->probes)
            c->work->retries = 0; /* they count probes that nobody answered */
        c->work->probes = 0;
        c->work->probe_due = false;
        if (was_closed) /* else it waits for the override, and chatter may not put that off */
            c->work->deadline[TCP_TIMER_PERSIST] = WEFT_NEVER;
    }
}

/* False: nothing unambiguous was acknowledged (Karn). */
static bool sample_rtt(struct tcp_conn *c, const struct tcp_seg *seg, const struct sndmap_acked *acked)
{
    if (acked->sent_at != WEFT_NEVER) {
        rtt_sample(&c->rtt, conn_now(c) - acked->sent_at);
        return true;
    }
    if (c->ts_ok && seg->o.has_ts && seg->o.ts_ecr) { /* only timestamps can tell (RFC 7323 §4) */
        int32_t ms = (int32_t)(ts_clock(conn_now(c), c->ts_offset) - seg->o.ts_ecr);

        if (ms >= 0)
            rtt_sample(&c->rtt, (weft_time)ms * WEFT_MS);
        return ms >= 0;
    }
    return false;
}

static void begin_recovery(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    c->cc.cwnd = w->cc->on_loss(&c->cc, w->cc_private, conn_in_flight(c) - w->limited, c->mss);
    w->limited = 0;
    w->rescue = true;
    conn_why(c, WEFT_WHY_cwnd_recovery, c->cc.cwnd);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_fast_retrans);
}

static void follow(struct tcp_conn *c, struct recovery_advice advice)
{
    struct tcp_work *w = c->work;

    if (advice.enter)
        begin_recovery(c);
    if (advice.lose_first && sndmap_lose_first(&w->sndmap, &c->ep.stack->mem, c->mss)) {
        w->rescue = true;
        w->lost_by = advice.enter ? WEFT_WHY_retransmit_dupthresh : WEFT_WHY_retransmit_partial;
    }
    if (advice.finish) {
        c->cc.cwnd = max_u32(c->cc.ssthresh, c->mss);
        conn_why(c, WEFT_WHY_cwnd_recovered, c->cc.cwnd);
    }
}

/* Marks what the peer holds; what follows from that may be lost. */
static void read_sack(struct tcp_conn *c, const struct tcp_seg *seg, struct sndmap_acked *acked)
{
    struct tcp_work *w = c->work;
    struct mem *mem = &c->ep.stack->mem;

    if (!c->sack_ok || seg->o.n_sack == 0)
        return;
    for (unsigned i = 0; i < seg->o.n_sack; i++)
        if (seq_gt(seg->o.sack[i].end, seg->h.ack)) /* below it: a duplicate is reported (RFC 2883 §4) */
            sndmap_sack(&w->sndmap, mem, seg->o.sack[i], acked);
    if (!sndmap_detect(&w->sndmap, DUP_THRESH, c->mss))
        return;
    w->lost_by = WEFT_WHY_retransmit_dupthresh;
    follow(c, recovery_on_lost(&w->recovery, c->snd.nxt));
}

static void grow(struct tcp_conn *c, uint32_t acked, uint32_t in_flight)
{
    struct tcp_work *w = c->work;
    struct cc_delivery d = {
        .now = conn_now(c),
        .srtt = c->rtt.srtt,
        .acked = acked,
        .in_flight = in_flight,
        .cwnd_limited = w->cwnd_limited || in_flight + c->mss > c->cc.cwnd,
    };
    uint32_t before = c->cc.cwnd;

    w->cwnd_limited = false;
    w->cc->on_delivered(&c->cc, w->cc_private, &d, c->mss);
    if (c->cc.cwnd != before)
        conn_why(c, before < c->cc.ssthresh ? WEFT_WHY_cwnd_slow_start : WEFT_WHY_cwnd_avoidance, c->cc.cwnd);
}

/* Does a user wait for room? The queue grows, if it is what the window is too large for; he hears of a third. */
static void offer_room(struct tcp_conn *c)
{
    if (c->want_write && conn_in_flight(c) < c->cc.cwnd)
        conn_grow_send_buffer(c);
    if (c->want_write && conn_has_room(c, true)) {
        c->want_write = false;
        endpoint_notify(&c->ep, WEFT_WRITABLE);
    }
}

/* SND.UNA moves forward. */
static void progress(struct tcp_conn *c, struct tcp_seg *seg, struct sndmap_acked *acked)
{
    struct tcp_work *w = c->work;
    struct mem *mem = &c->ep.stack->mem;
    uint32_t in_flight = conn_in_flight(c);
    uint32_t space = seg->h.ack.v - c->snd.una.v;
    bool fin_acked = c->fin_sent && seq_eq(seg->h.ack, c->snd.nxt);
    struct sndmap_acked now = sndmap_ack(&w->sndmap, mem, seg->h.ack);
    struct recovery_advice advice;

    if (c->stats)
        account_progress(c, space);

    acked->bytes += now.bytes;
    if (now.sent_at != WEFT_NEVER)
        acked->sent_at = now.sent_at;
    sendq_ack(&w->sendq, mem, space - (fin_acked ? 1 : 0));
    c->snd.una = seg->h.ack;
    w->small_end = seq_max(w->small_end, c->snd.una); /* left behind, it would look ahead again after 2^31 bytes */
    if (sample_rtt(c, seg, acked)) /* else the back-off stays until a clean sample (MUST-18) */
        rtt_progress(&c->rtt);
    w->retries = 0;
    w->stuck_since = conn_now(c);
    w->limited = 0;
    c->soft_error = 0;
    advice = recovery_on_progress(&w->recovery, c->snd.una, (space + c->mss - 1u) / c->mss, c->sack_ok);
    follow(c, advice);
    if (advice.grow)
        grow(c, space, in_flight);
    if (advice.restart_timer) /* RFC 6298 §5.3; transmit_arm starts it anew if there is something left */
        w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    offer_room(c);
}

/* RFC 5681 §2: does it count as a duplicate? */
static bool is_duplicate(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return conn_in_flight(c) && seg->len == 0 && !seg_has(seg, TCP_FIN) && seq_eq(seg->h.ack, c->snd.una) &&
           (uint32_t)seg->h.window << c->snd_wscale == c->snd.wnd;
}

/*
 * A zero window that is acknowledged keeps the connection alive for as long as the peer likes (MUST-37, SHLD-17), and
 * the user with it: an orphan it cannot hold (RFC 6429 §4).
 */
static void heard_closed_window(struct tcp_conn *c)
{
    if (c->snd.wnd == 0 && c->work && !c->orphan) {
        c->work->retries = 0;
        c->work->stuck_since = conn_now(c);
    }
}

/* Our FIN is acknowledged. */
static enum tcp_step fin_acknowledged(struct tcp_conn *c)
{
    switch ((enum weft_tcp_state)c->state) {
    case WEFT_TCP_FIN_WAIT_1:
        state_set(c, WEFT_TCP_FIN_WAIT_2);
        if (c->orphan)
            c->quiet_deadline = conn_orphan_deadline(c);
        return TCP_CONTINUE;
    case WEFT_TCP_CLOSING:
        conn_linger(c);
        return TCP_GONE;
    case WEFT_TCP_LAST_ACK:
        conn_why(c, WEFT_WHY_close_orderly, 0);
        conn_finish(c, 0);
        return TCP_GONE;
    default:
        return TCP_CONTINUE;
    }
}

/* RFC 5961 §5.2: how far back an acknowledgment may lie. */
static bool ack_is_ancient(const struct tcp_conn *c, struct seq ack)
{
    return seq_lt(ack, seq_sub(c->snd.una, c->snd.max_wnd));
}

enum tcp_step acknowledged(struct tcp_conn *c, struct tcp_seg *seg)
{
    struct sndmap_acked acked = {.sent_at = WEFT_NEVER};
    bool duplicate = is_duplicate(c, seg);

    if (seq_gt(seg->h.ack, c->snd.nxt) || ack_is_ancient(c, seg->h.ack)) {
        conn_answer(c, seg);
        return seg_drop(seg, WEFT_DROP_tcp_challenge_ack);
    }
    if (seq_lt(seg->h.ack, c->snd.una))
        return TCP_CONTINUE; /* old, but its text may be new */
    update_window(c, seg);
    heard_closed_window(c);
    if (conn_in_flight(c) == 0)
        return TCP_CONTINUE;
    weft_assert(c->work, "only the quiet are parked, and they have nothing in flight");
    read_sack(c, seg, &acked);
    if (seq_gt(seg->h.ack, c->snd.una))
        progress(c, seg, &acked);
    else if (duplicate && !c->sack_ok)
        follow(c, recovery_on_duplicate(&c->work->recovery, c->snd.una, c->snd.nxt));
    if (c->stats && acked.bytes)
        c->stats->delivered += stats_segments(acked.bytes, c->mss);
    return c->fin_sent && conn_in_flight(c) == 0 ? fin_acknowledged(c) : TCP_CONTINUE;
}
