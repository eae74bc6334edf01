/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 §3.10.7.4: a segment arrives for a connection in SYN-RECEIVED or later. Eight steps in the order of the
 * text, each of which passes the segment on, uses it up, or drops it with a name. RFC 5961 and RFC 7323 are in force.
 */
#include "tcp/arrives.h"

#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/foreseen.h"
#include "tcp/lingering.h"
#include "tcp/segment.h"
#include "tcp/state.h"
#include "tcp/synsent.h"
#include "tcp/work.h"

#define TS_VOID_AFTER (24 * 24 * 3600 * WEFT_S) /* RFC 7323 §5.5 */

/* ---- first: the sequence number ---- */

/* Is the last one taken too old to mean anything? */
static bool is_void(const struct tcp_conn *c)
{
    return time_coarse(conn_now(c)) - c->ts_recent_at >= time_coarse(TS_VOID_AFTER);
}

/* An older timestamp than the last one taken (RFC 7323 §5.3 R1), unless that one is too old to mean anything. */
static bool is_paws_old(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    if (!seg->o.has_ts || (int32_t)(seg->o.ts_val - c->ts_recent) >= 0)
        return false;
    return !is_void(c);
}

static enum tcp_step check_timestamp(struct tcp_conn *c, struct tcp_seg *seg)
{
    if (!c->ts_ok || seg_has(seg, TCP_RST))
        return TCP_CONTINUE;
    if (!seg->o.has_ts)
        return tcp_config(c->ep.stack)->require_timestamps ? seg_drop(seg, WEFT_DROP_tcp_no_timestamp) : TCP_CONTINUE;
    if (is_paws_old(c, seg) && !seg_has(seg, TCP_SYN)) {
        conn_answer(c, seg);
        return seg_drop(seg, WEFT_DROP_tcp_paws);
    }
    return TCP_CONTINUE;
}

/* RFC 7323 §4.3: the timestamp to echo is that of the segment at the left edge of what we acknowledged last. */
static void take_timestamp(struct tcp_conn *c, const struct tcp_seg *seg)
{
    if (c->ts_ok && seg->o.has_ts && !seg_has(seg, TCP_RST) && seq_le(seg->h.seq, c->rcv.acked) &&
        ((int32_t)(seg->o.ts_val - c->ts_recent) >= 0 || is_void(c))) {
        c->ts_recent = seg->o.ts_val;
        c->ts_recent_at = time_coarse(conn_now(c));
    }
}

/* The four cases of RFC 9293 §3.10.7.4; into a closed window an empty front is let through for its ACK, URG and RST. */
static bool is_acceptable(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    uint32_t len = seg_has(seg, TCP_RST) ? 0 : seg_len(seg); /* a reset counts where it begins (RFC 5961 §3.2) */
    struct seq last = seq_add(seg->h.seq, len - 1);

    if (seq_eq(seg->h.seq, c->rcv.nxt))
        return true;
    /*
     * DEVIATION: an empty segment at the very edge counts too, as in Linux: a sender that filled the window has no
     * other number for its acknowledgments, which must not be lost while we wait for a hole to be filled.
     */
    if (len == 0)
        return seq_in(seg->h.seq, c->rcv.nxt, c->rcv.edge) ||
               (seq_eq(seg->h.seq, c->rcv.edge) && !seg_has(seg, TCP_RST));
    return seq_in(seg->h.seq, c->rcv.nxt, c->rcv.edge) || seq_in(last, c->rcv.nxt, c->rcv.edge);
}

static void trim_front(struct tcp_seg *seg, uint32_t n)
{
    seg->h.seq = seq_add(seg->h.seq, n);
    if (n >= seg->h.urgent) /* it pointed at what is cut off */
        seg->h.flags &= (uint16_t)~TCP_URG;
    else
        seg->h.urgent -= (uint16_t)n;
    seg->offset += n;
    seg->len -= n;
}

/* Cuts off what was received before and what lies beyond the window. */
SELDOM static void trim(struct tcp_conn *c, struct tcp_seg *seg)
{
    int32_t old = seq_diff(c->rcv.nxt, seg->h.seq);
    int32_t over;

    if (old > 0) {
        if (seg->len)
            conn_note_twice(c, seg->h.seq, c->rcv.nxt);
        trim_front(seg, min_u32((uint32_t)old, seg->len));
    }
    over = seq_diff(seq_add(seg->h.seq, seg_len(seg)), c->rcv.edge);
    if (over > 0) {
        conn_answer(c, seg); /* before its text is gone: a probe of a closed window is answered however often */
        over -= seg_has(seg, TCP_FIN); /* the first to go */
        seg->h.flags &= (uint16_t)~TCP_FIN;
        seg->len -= min_u32((uint32_t)over, seg->len);
    }
}

/* Is it what comes next, with nothing to be cut off? */
static inline bool is_next(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return seq_eq(seg->h.seq, c->rcv.nxt) && seg_len(seg) <= conn_open_window(c);
}

/*
 * One below RCV.NXT (RFC 9293 appendix A.2), or text that we have to its last byte and no further: its sender has
 * nothing newer, so its acknowledgment is no old one.
 */
static bool is_at_our_edge(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return seq_eq(seg->h.seq, seq_sub(c->rcv.nxt, 1)) || seq_eq(seq_add(seg->h.seq, seg_len(seg)), c->rcv.nxt);
}

/* Not acceptable: say where we are, and let the acknowledgment count where it may be news. */
SELDOM static enum tcp_step refuse(struct tcp_conn *c, struct tcp_seg *seg)
{
    bool old = seq_lt(seg->h.seq, c->rcv.nxt);

    if (seg_has(seg, TCP_RST))
        return seg_drop(seg, old ? WEFT_DROP_tcp_old : WEFT_DROP_tcp_beyond_window);
    conn_answer(c, seg);
    if (old && seg_len(seg) && c->work) { /* he has not heard our acknowledgment */
        conn_hurry_acks(c, 0);
        conn_note_twice(c, seg->h.seq, seq_min(seq_add(seg->h.seq, seg_len(seg)), c->rcv.nxt));
    }
    if (old && is_at_our_edge(c, seg) && seg_has(seg, TCP_ACK) && c->syn_acked) {
        enum tcp_step step = acknowledged(c, seg);

        if (step != TCP_CONTINUE)
            return step;
    }
    return seg_drop(seg, old ? WEFT_DROP_tcp_old : WEFT_DROP_tcp_beyond_window);
}

static enum tcp_step step_sequence(struct tcp_conn *c, struct tcp_seg *seg)
{
    enum tcp_step step = check_timestamp(c, seg);

    if (step != TCP_CONTINUE)
        return step;
    if (seg_has(seg, TCP_SYN) && !seg_has(seg, TCP_RST))
        return TCP_CONTINUE; /* the fourth step deals with it whatever its number (RFC 5961 §4.2) */
    if (!is_acceptable(c, seg))
        return refuse(c, seg);
    take_timestamp(c, seg);
    if (unlikely(!is_next(c, seg)) && !seg_has(seg, TCP_RST)) /* cut to RCV.NXT, a reset's number would be made exact */
        trim(c, seg);
    return TCP_CONTINUE;
}

/* ---- second: RST (RFC 5961 §3.2) ---- */

/* What it means for the user: Linux's words. */
SELDOM static int error_of_reset(const struct tcp_conn *c)
{
    switch ((enum weft_tcp_state)c->state) {
    case WEFT_TCP_SYN_RECEIVED:
        return WEFT_ECONNREFUSED;
    case WEFT_TCP_CLOSE_WAIT: /* he knows that no more comes; only what he writes is lost */
        return tcp_config(c->ep.stack)->bsd_errors ? WEFT_ECONNRESET : WEFT_EPIPE;
    default:
        return WEFT_ECONNRESET;
    }
}

SELDOM static enum tcp_step reset_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    int err;

    if (!seq_eq(seg->h.seq, c->rcv.nxt)) {
        conn_answer(c, seg);
        return seg_drop(seg, WEFT_DROP_tcp_challenge_rst);
    }
    err = error_of_reset(c);
    stack_count(c->ep.stack,
                c->state == WEFT_TCP_SYN_RECEIVED ? WEFT_COUNT_tcp_attempt_fails : WEFT_COUNT_tcp_estab_resets);
    seg->why = WEFT_DROP_tcp_reset;
    early_reset(c);
    conn_why(c, WEFT_WHY_close_reset_by_peer, (uint32_t)-err);
    conn_finish(c, err);
    return TCP_GONE;
}

static inline enum tcp_step step_reset(struct tcp_conn *c, struct tcp_seg *seg)
{
    return likely(!seg_has(seg, TCP_RST)) ? TCP_CONTINUE : reset_arrives(c, seg);
}

/* ---- third: security and compartment; nothing to do today (RFC 9293 §3.10.7.4, third) ---- */

/* ---- fourth: SYN (RFC 5961 §4.2) ---- */

SELDOM static enum tcp_step syn_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    if (!c->syn_acked && seq_eq(seg->h.seq, seq_sub(c->rcv.nxt, 1))) {
        /* Crossing SYNs: this is the other half, SYN,ACK, or the SYN once more. */
        take_timestamp(c, seg);
        /* The ACK of a SYN,ACK is new, its SYN is old: he hears where we are, as of any old segment. */
        if (seg_has(seg, TCP_ACK)) {
            ackpolicy_now(&c->work->ack);
            conn_note_twice(c, seg->h.seq, c->rcv.nxt);
        }
        seg_take_syn_off(c, seg);
        trim(c, seg);
        if (seg_has(seg, TCP_ACK))
            return TCP_CONTINUE;
        c->work->syn_due = true;
        return seg_drop(seg, WEFT_DROP_tcp_half_open_repeat);
    }
    if (c->fast_open && !seg_has(seg, TCP_ACK) && seq_eq(seg->h.seq, c->work->wl1)) { /* the one it was born of */
        c->work->syn_due = true;
        return seg_drop(seg, WEFT_DROP_tcp_half_open_repeat);
    }
    conn_answer(c, seg);
    return seg_drop(seg, WEFT_DROP_tcp_challenge_syn);
}

static inline enum tcp_step step_syn(struct tcp_conn *c, struct tcp_seg *seg)
{
    return likely(!seg_has(seg, TCP_SYN)) ? TCP_CONTINUE : syn_arrives(c, seg);
}

/* ---- fifth: ACK ---- */

/* Text, and no other news: what the acknowledgment says and the window, the sender knew. */
static bool is_text_alone(const struct tcp_conn *c, const struct tcp_seg *seg)
{
    return seg->len && !seg_has(seg, TCP_FIN | TCP_URG) && is_next(c, seg) && c->work->reasm.count == 0 &&
           seq_eq(seg->h.ack, c->snd.una) && seg->h.window == c->snd.wnd >> c->snd_wscale;
}

/* Is it the acknowledgment of our SYN that is waited for? */
ASIDE static enum tcp_step complete_handshake(struct tcp_conn *c, struct tcp_seg *seg)
{
    if (c->fast_open) {
        if (seq_lt(seg->h.ack, c->snd.una) || seq_gt(seg->h.ack, c->snd.nxt)) {
            segment_refuse(c->ep.stack, seg);
            return seg_drop(seg, WEFT_DROP_tcp_half_open_bad_ack);
        }
        conn_take_window(c, seg);
        early_established(c);
    } else {
        if (!seq_eq(seg->h.ack, seq_add(c->snd.una, 1))) {
            segment_refuse(c->ep.stack, seg);
            return seg_drop(seg, WEFT_DROP_tcp_half_open_bad_ack);
        }
        conn_take_window(c, seg);
        conn_established(c);
    }
    return TCP_CONTINUE;
}

static enum tcp_step step_ack(struct tcp_conn *c, struct tcp_seg *seg)
{
    enum tcp_step step;
    bool lets_go;

    if (!seg_has(seg, TCP_ACK))
        return seg_drop(seg, WEFT_DROP_tcp_no_ack);
    if (unlikely(c->fast_open || c->state == WEFT_TCP_SYN_RECEIVED || !c->syn_acked)) {
        step = complete_handshake(c, seg);
        if (step != TCP_CONTINUE)
            return step;
    }
    /* MSG_MORE held one write back, not the stream: what is acceptable lets it go, as Linux has it, but text alone. */
    lets_go = unlikely(c->work && c->work->more) && !is_text_alone(c, seg);
    step = acknowledged(c, seg);
    if (lets_go && step == TCP_CONTINUE)
        c->work->more = false;
    return step;
}

/* ---- sixth: URG ---- */

/* The pointer is seen before the text it may point into; what it points at may come later, or never. */
SELDOM static enum tcp_step urgent_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    struct tcp_work *w;
    bool at_old_mark;

    if (!state_can_receive(c->state) || c->orphan || !(w = conn_work(c)))
        return TCP_CONTINUE;
    at_old_mark = !c->oob_inline && w->recvq.bytes && urgent_is_at(&w->urgent, conn_unread_from(c));
    if (!urgent_point(&w->urgent, seg->h.seq, seg->h.urgent, conn_unread_from(c), c->rcv.nxt))
        return TCP_CONTINUE;
    if (at_old_mark) /* the user is past all before it: it was urgent, and does not become text again */
        recvq_read(&w->recvq, &c->ep.stack->mem, NULL, 0, &(struct recvq_want){.skip = 1});
    endpoint_notify(&c->ep, WEFT_URGENT);
    return TCP_CONTINUE;
}

static inline enum tcp_step step_urgent(struct tcp_conn *c, struct tcp_seg *seg)
{
    return likely(!seg_has(seg, TCP_URG)) ? TCP_CONTINUE : urgent_arrives(c, seg);
}

/* ---- eighth: FIN ---- */

/* Where the peer's FIN takes each state; TIME-WAIT is conn_linger's. */
ASIDE static enum tcp_step close_by_peer(struct tcp_conn *c)
{
    switch ((enum weft_tcp_state)c->state) {
    case WEFT_TCP_ESTABLISHED:
    case WEFT_TCP_SYN_RECEIVED:
        state_set(c, WEFT_TCP_CLOSE_WAIT);
        return TCP_DONE;
    case WEFT_TCP_FIN_WAIT_1: /* were our FIN acknowledged, this would be FIN-WAIT-2 by now */
        state_set(c, WEFT_TCP_CLOSING);
        return TCP_DONE;
    case WEFT_TCP_FIN_WAIT_2:
        conn_linger(c);
        return TCP_GONE;
    default:
        return TCP_DONE;
    }
}

/*
 * A user who hears of the end is likely to end as well: his FIN will carry the acknowledgment, if it comes within the
 * usual delay. In the other states he has, and there is nothing to wait for.
 */
ASIDE static void acknowledge_fin(struct tcp_conn *c)
{
    bool may_close = c->state == WEFT_TCP_ESTABLISHED || c->state == WEFT_TCP_SYN_RECEIVED;

    if (may_close && tcp_config(c->ep.stack)->quick_acks) {
        c->pace.interactive = true;
        conn_acknowledge(c);
    } else {
        ackpolicy_now(&c->work->ack);
    }
}

ASIDE static enum tcp_step fin_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    bool here = seg_has(seg, TCP_FIN) && seq_eq(seq_add(seg->h.seq, seg->len), c->rcv.nxt);
    struct tcp_work *w = conn_work(c);

    if (!w)
        return seg_has(seg, TCP_FIN) ? seg_drop(seg, WEFT_DROP_no_memory) : TCP_DONE;
    if (!here && w->peer_fin_known)
        here = seq_eq(w->peer_fin, c->rcv.nxt);
    if (!here || c->peer_fin) {
        if (seg_has(seg, TCP_FIN) && seg->len == 0 && seq_gt(seg->h.seq, c->rcv.nxt)) { /* ahead of its text */
            w->peer_fin_known = true;
            w->peer_fin = seg->h.seq;
            ackpolicy_owe(&w->ack);
        }
        return TCP_DONE;
    }
    c->rcv.nxt = seq_add(c->rcv.nxt, 1);
    c->rcv.edge = seq_max(c->rcv.edge, c->rcv.nxt);
    c->peer_fin = true;
    if (c->stats)
        c->stats->bytes_received++;
    w->peer_fin_known = false;
    reasm_clear(&w->reasm, &c->ep.stack->mem); /* nothing follows the end, whatever was said to */
    acknowledge_fin(c);
    endpoint_notify(&c->ep, WEFT_READABLE | WEFT_PEER_CLOSED);
    return close_by_peer(c);
}

/* The end may also have come before its text. */
static inline enum tcp_step step_fin(struct tcp_conn *c, struct tcp_seg *seg)
{
    if (likely(!seg_has(seg, TCP_FIN) && c->work && !c->work->peer_fin_known)) {
        if (unlikely(c->peer_fin))
            conn_remind(c);
        return TCP_DONE;
    }
    return fin_arrives(c, seg);
}

/* ---- all of them ---- */

enum tcp_step arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    enum tcp_step step;

    c->heard = conn_now(c);
    c->keepalive_sent = 0;
    step = step_sequence(c, seg);
    if (step == TCP_CONTINUE)
        step = step_reset(c, seg);
    if (step == TCP_CONTINUE)
        step = step_syn(c, seg);
    if (step == TCP_CONTINUE)
        step = step_ack(c, seg);
    if (step == TCP_CONTINUE)
        step = step_urgent(c, seg);
    if (step == TCP_CONTINUE)
        step = text_arrives(c, seg);
    return step == TCP_CONTINUE ? step_fin(c, seg) : step;
}

/*
 * ---- the segment that is foreseen (foreseen.h) ----
 *
 * Of the eight steps the first asks what conn_foresees asks, and knows the answer by the time it gets here; what is
 * left of it is the timestamp. The second to fourth and the sixth have nothing to do, nor has the eighth. The fifth and
 * the seventh have a short form each, beside the long one.
 */
void arrives_foreseen(struct tcp_conn *c, struct tcp_seg *seg)
{
    weft_assert(conn_foresees(c, seg), "who calls has asked");
    c->heard = conn_now(c);
    c->keepalive_sent = 0;
    take_timestamp(c, seg);
    acknowledged_foreseen(c, seg);
    if (unlikely(text_foreseen(c, seg) != TCP_CONTINUE)) /* no memory */
        conn_doubt_usual(c);
}
