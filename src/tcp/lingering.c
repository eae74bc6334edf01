/* SPDX-License-Identifier: MIT */
/*
 * Records of connections that are over (RFC 9293 §3.10.7.4 for TIME-WAIT): a repeated FIN is acknowledged and starts
 * the wait anew, a new SYN may reopen the pair (RFC 6191), a reset is ignored (RFC 1337), anything else just
 * acknowledged. And of those that wait for the peer's FIN with nobody left to read what comes before it: FIN-WAIT-2
 * without a user.
 */
#include "tcp/lingering.h"

#include "tcp/demux.h"
#include "tcp/listen.h"
#include "tcp/segment.h"

static weft_time stay(const struct tcp *t) { return 2 * tcp_config(t->stack)->msl; }

static void trace(struct tcp *t, const struct timewait *w, enum weft_tcp_state to)
{
    struct tcp_flow flow = key_unpack(&w->key, w->v6);

    if (t->stack->env.trace)
        stack_trace_state(t->stack, NULL, &flow.local, &flow.remote,
                          w->fin_wait_2 ? WEFT_TCP_FIN_WAIT_2 : WEFT_TCP_TIME_WAIT, to);
}

void time_wait_end(struct tcp *t, struct timewait *w)
{
    trace(t, w, WEFT_TCP_CLOSED);
    demux_remove_record(t, w);
    timewait_bury(&t->time_wait, w);
}

void time_wait_moved(void *tcp, struct timewait *from, struct timewait *to)
{
    struct tcp *t = tcp;
    struct tcp_flow flow = key_unpack(&to->key, to->v6);

    hashtab_replace(&t->table, &from->hash, &to->hash, TCP_TAG_TIME_WAIT, demux_hash(t, &flow));
}

void time_wait_timer(struct tcp *t)
{
    struct timewait *w;

    while ((w = timewait_pop(&t->time_wait, t->stack->now, false))) {
        if (!timewait_expired(&t->time_wait, w, t->stack->now)) /* there was no memory to move it */
            stack_count(t->stack, WEFT_COUNT_tcp_time_wait_evicted);
        trace(t, w, WEFT_TCP_CLOSED);
        demux_remove_record(t, w);
        timewait_free(&t->time_wait, w);
    }
    timer_set(&t->stack->wheel, &t->time_wait.timer, timewait_deadline(&t->time_wait, t->stack->now));
}

/* Says where it stood at the end. */
static void acknowledge(struct tcp *t, const struct timewait *w, const struct tcp_seg *seg)
{
    const struct tcp_flow *flow = &seg->flow;
    struct segment out = {.flow = *flow, .o = TCP_NO_OPTIONS, .tos = w->tos};

    out.h.seq = w->snd_nxt;
    out.h.ack = w->rcv_nxt;
    out.h.flags = TCP_ACK;
    out.h.window = w->window;
    if (w->has_ts) {
        out.o.has_ts = true;
        out.o.ts_val = ts_clock(t->stack->now, tcp_offsets(t, flow).ts);
        out.o.ts_ecr = w->ts_recent;
    }
    segment_reply(t->stack, &out);
}

/*
 * The answer to an old or misplaced segment. To one without text it comes once in a while: else two records that
 * disagree would answer each other for as long as they last.
 */
static void answer(struct tcp *t, struct timewait *w, const struct tcp_seg *seg)
{
    bool empty = seg_len(seg) == 0 || seg_has(seg, TCP_SYN);

    if (empty && !timewait_may_answer(w, t->stack->now, tcp_records_answer_every(t)))
        stack_count(t->stack, WEFT_COUNT_tcp_answers_skipped);
    else
        acknowledge(t, w, seg);
}

/* The pair is free for the SYN: the listener, if there is one, sees it as any other. */
static void reopen(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    struct tcp_conn *listener = demux_listener(t, seg);

    if (!listener) {
        segment_refuse(t->stack, seg);
        seg->why = WEFT_DROP_tcp_no_connection;
        return;
    }
    seg->reopens = true;
    seg->above = w->snd_nxt;
    time_wait_end(t, w);
    stack_count(t->stack, WEFT_COUNT_tcp_time_wait_reused);
    listen_arrives(listener, seg);
}

/*
 * DEVIATION from RFC 9293 §3.10.7.4, fourth: a SYN that may not reopen the pair is an old duplicate, and stays
 * unanswered.
 */
static void syn_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    if (!timewait_may_reopen(w, seg->h.seq, seg->o.has_ts, seg->o.ts_val)) {
        seg->why = WEFT_DROP_tcp_time_wait;
        return;
    }
    reopen(t, w, seg);
}

/* A FIN at its place is the peer's last word repeated: our acknowledgment was lost. */
static bool is_repeated_fin(const struct timewait *w, const struct tcp_seg *seg)
{
    return seg_has(seg, TCP_FIN) && seq_eq(seq_add(seg->h.seq, seg_len(seg)), w->rcv_nxt);
}

static void reset_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_time_wait_rst;
    if (tcp_config(t->stack)->rfc1337 || !seq_eq(seg->h.seq, w->rcv_nxt))
        return;
    seg->why = WEFT_DROP_tcp_reset; /* RFC 9293 §3.10.7.4, second, to the letter */
    time_wait_end(t, w);
}

static bool is_paws_old(const struct timewait *w, const struct tcp_seg *seg)
{
    return w->has_ts && seg->o.has_ts && (int32_t)(seg->o.ts_val - w->ts_recent) < 0;
}

/* A segment without text at RCV.NXT is as it should be, and asks for nothing; one without ACK says nothing (fifth). */
static bool asks_for_nothing(const struct timewait *w, const struct tcp_seg *seg)
{
    return seq_eq(seg->h.seq, w->rcv_nxt) && (seg_len(seg) == 0 || !seg_has(seg, TCP_ACK));
}

static void in_time_wait(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_time_wait;
    if (seg_has(seg, TCP_RST)) {
        reset_arrives(t, w, seg);
    } else if (seg_has(seg, TCP_SYN) && !seg_has(seg, TCP_ACK)) {
        syn_arrives(t, w, seg);
    } else if (is_paws_old(w, seg)) {
        seg->why = WEFT_DROP_tcp_paws;
        answer(t, w, seg);
    } else if (is_repeated_fin(w, seg)) {
        timewait_restart(w, t->stack->now, stay(t));
        acknowledge(t, w, seg);
        time_wait_timer(t);
    } else if (!asks_for_nothing(w, seg)) {
        answer(t, w, seg);
    }
}

/* ---- FIN-WAIT-2 without a user ---- */

/* RFC 9293 §3.10.7.4, first; the window is what the field said, unscaled: whoever has no user needs no more. */
static bool is_acceptable(const struct timewait *w, const struct tcp_seg *seg)
{
    uint32_t len = seg_has(seg, TCP_RST) ? 0 : seg_len(seg);
    struct seq edge = seq_add(w->rcv_nxt, w->window), last = seq_add(seg->h.seq, len - 1);

    if (seq_eq(seg->h.seq, w->rcv_nxt) || seq_in(seg->h.seq, w->rcv_nxt, edge))
        return true;
    return len && seq_in(last, w->rcv_nxt, edge);
}

/* RFC 5961 §3.2. */
static void reset_ends_it(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    if (!seq_eq(seg->h.seq, w->rcv_nxt)) {
        seg->why = WEFT_DROP_tcp_challenge_rst;
        answer(t, w, seg);
        return;
    }
    seg->why = WEFT_DROP_tcp_reset;
    stack_count(t->stack, WEFT_COUNT_tcp_estab_resets);
    time_wait_end(t, w);
}

/* The peer's FIN, alone and at its place: TIME-WAIT proper begins. */
static void fin_ends_it(struct tcp *t, struct timewait *w, const struct tcp_seg *seg)
{
    trace(t, w, WEFT_TCP_TIME_WAIT);
    stack_count(t->stack, WEFT_COUNT_tcp_time_waits);
    w->fin_wait_2 = false;
    w->rcv_nxt = seq_add(w->rcv_nxt, 1);
    if (seg->o.has_ts)
        w->ts_recent = seg->o.ts_val;
    timewait_restart(w, t->stack->now, stay(t));
    acknowledge(t, w, seg);
    time_wait_timer(t);
}

/* Text that nobody will read, or a FIN behind some: the peer must know that it was lost (SHLD-3). */
static void refuse_text(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_after_close;
    segment_refuse(t->stack, seg);
    time_wait_end(t, w);
}

static void in_fin_wait_2(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    if (w->has_ts && !seg->o.has_ts && !seg_has(seg, TCP_RST) && tcp_config(t->stack)->require_timestamps) {
        seg->why = WEFT_DROP_tcp_no_timestamp;
    } else if (is_paws_old(w, seg) && !seg_has(seg, TCP_RST | TCP_SYN)) {
        seg->why = WEFT_DROP_tcp_paws;
        answer(t, w, seg);
    } else if (seg_has(seg, TCP_SYN) && !seg_has(seg, TCP_RST)) { /* RFC 5961 §4.2 */
        seg->why = WEFT_DROP_tcp_challenge_syn;
        answer(t, w, seg);
    } else if (!is_acceptable(w, seg)) {
        seg->why = seq_lt(seg->h.seq, w->rcv_nxt) ? WEFT_DROP_tcp_old : WEFT_DROP_tcp_beyond_window;
        if (!seg_has(seg, TCP_RST))
            answer(t, w, seg);
    } else if (seg_has(seg, TCP_RST)) {
        reset_ends_it(t, w, seg);
    } else if (!seg_has(seg, TCP_ACK)) {
        seg->why = WEFT_DROP_tcp_no_ack;
    } else if (seg_has(seg, TCP_FIN) && seq_eq(seq_add(seg->h.seq, seg->len), w->rcv_nxt)) {
        fin_ends_it(t, w, seg);
    } else if (seg_len(seg)) {
        refuse_text(t, w, seg);
    }
}

void time_wait_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    if (w->fin_wait_2)
        in_fin_wait_2(t, w, seg);
    else
        in_time_wait(t, w, seg);
}
