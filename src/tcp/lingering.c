/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT records at work (RFC 9293 §3.10.7.4 for that state): a repeated FIN is acknowledged and starts the wait
 * anew, a new SYN may reopen the pair (RFC 6191), a reset is ignored (RFC 1337), anything else just acknowledged.
 */
#include "tcp/conn.h"

static weft_time stay(const struct tcp *t) { return 2 * tcp_config(t->stack)->msl; }

static void take_out(struct tcp *t, struct timewait *w)
{
    struct tcp_flow flow = key_unpack(&w->key, w->v6);

    hashtab_remove(&t->table, &w->hash, demux_hash(t, &flow));
}

static void trace_end(struct tcp *t, const struct timewait *w)
{
    struct tcp_flow flow = key_unpack(&w->key, w->v6);

    if (t->stack->env.trace)
        stack_trace_state(t->stack, NULL, &flow.local, &flow.remote, WEFT_TCP_TIME_WAIT, WEFT_TCP_CLOSED);
}

void time_wait_end(struct tcp *t, struct timewait *w)
{
    trace_end(t, w);
    take_out(t, w);
    timewait_bury(&t->time_wait, w);
}

void time_wait_timer(struct tcp *t)
{
    struct timewait *w;

    while ((w = timewait_pop(&t->time_wait, t->stack->now, false))) {
        trace_end(t, w);
        take_out(t, w);
        timewait_free(&t->time_wait, w);
    }
    timer_set(&t->stack->wheel, &t->time_wait.timer, timewait_deadline(&t->time_wait, t->stack->now));
}

/*
 * Says where it stood at the end. DEVIATION from RFC 9293 §3.10.7.4, first: an empty segment gets no answer, whatever
 * its numbers. It needs none, and two records that disagree would answer each other for as long as they last.
 */
static void acknowledge(struct tcp *t, const struct timewait *w, const struct tcp_seg *seg)
{
    const struct tcp_flow *flow = &seg->flow;
    struct segment out = {.flow = *flow, .o = TCP_NO_OPTIONS, .tos = w->tos};

    if (seg_len(seg) == 0)
        return;
    out.h.seq = w->snd_nxt;
    out.h.ack = w->rcv_nxt;
    out.h.flags = TCP_ACK;
    out.h.window = w->window;
    if (w->has_ts) {
        out.o.has_ts = true;
        out.o.ts_val = ts_clock(t->stack->now, ts_offset(t->ts_key, &flow->local, &flow->remote));
        out.o.ts_ecr = w->ts_recent;
    }
    segment_reply(t->stack, &out);
}

/* The pair is free for the SYN: the listener, if there is one, sees it as any other. */
static void reopen(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    struct tcp_conn *listener = demux_listener(t, &seg->flow.local);

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

void time_wait_arrives(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_time_wait;
    if (seg_has(seg, TCP_RST)) {
        reset_arrives(t, w, seg);
    } else if (seg_has(seg, TCP_SYN) && !seg_has(seg, TCP_ACK)) {
        syn_arrives(t, w, seg);
    } else if (w->has_ts && seg->o.has_ts && (int32_t)(seg->o.ts_val - w->ts_recent) < 0) {
        seg->why = WEFT_DROP_tcp_paws;
        acknowledge(t, w, seg);
    } else if (is_repeated_fin(w, seg)) {
        timewait_restart(w, t->stack->now, stay(t));
        acknowledge(t, w, seg);
        time_wait_timer(t);
    } else {
        acknowledge(t, w, seg);
    }
}
