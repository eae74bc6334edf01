/* SPDX-License-Identifier: MIT */
/*
 * Half-open records at work: RFC 9293 §3.10.7.4 for SYN-RECEIVED that came from LISTEN. The same order of checks as in
 * arrives.c, on less state; the acknowledgment that completes the handshake turns the record into a connection, and
 * the segment then goes through arrives.c like any other.
 */
#include "tcp/passive.h"

#include "tcp/birth.h"
#include "tcp/calls.h"
#include "tcp/demux.h"
#include "tcp/listen.h"
#include "tcp/path.h"
#include "tcp/segment.h"
#include "tcp/synsent.h"

#define SYN_ACK_WINDOW 65535 /* what our SYN,ACK announced at most */

/* ---- its end ---- */

void half_open_release(struct tcp *t, struct halfopen *h)
{
    struct tcp_listen *l = half_open_listener(t, h)->listen;

    l->half_open--;
    l->young -= h->repeats == 0;
    halfopen_free(&t->half_open, h);
    if (t->half_open.count == 0) /* else the timer may come too soon, which is harmless */
        timer_set(&t->stack->wheel, &t->half_open.timer, WEFT_NEVER);
}

static void drop(struct tcp *t, struct halfopen *h)
{
    struct tcp_flow flow = key_unpack(&h->key, h->v6);
    uint32_t hash = demux_hash(t, &flow);

    if (h->saved_syn)
        saved_syn_free(&t->stack->mem, saved_syns_take(&t->saved_syns, &flow, hash));
    hashtab_remove(&t->table, &h->hash, hash);
    half_open_release(t, h);
}

void half_open_unreachable(struct tcp *t, struct halfopen *h)
{
    stack_count(t->stack, WEFT_COUNT_tcp_attempt_fails);
    drop(t, h);
}

void half_open_forget(struct tcp *t, struct tcp_conn *listener)
{
    struct halfopen *h = halfopen_next(&t->half_open, NULL);

    while (h && listener->listen->half_open) {
        struct halfopen *next = halfopen_next(&t->half_open, h);

        if (half_open_listener(t, h) == listener)
            drop(t, h);
        h = next;
    }
}

/* ---- the SYN,ACK goes again ---- */

/* How long a SYN,ACK is repeated: less often while old records crowd the listener, as Linux does. */
static unsigned allowed_repeats(const struct tcp_conn *l, const struct weft_tcp_config *k)
{
    const struct tcp_listen *own = l->listen;
    unsigned most = k->synack_retries;

    if (2 * own->half_open <= max_u32(8, own->backlog))
        return most;
    for (uint64_t young = 2 * (uint64_t)own->young; most > 2 && own->half_open >= young; young *= 2)
        most--;
    return most;
}

static weft_time longest_wait(const struct weft_tcp_config *k)
{
    return k->synack_linear ? k->rto_initial : k->rto_max;
}

/*
 * Its time has come: once more, or never again. Who has acknowledged and is deferred hears no more until the end nears.
 */
static void repeat(struct tcp *t, struct halfopen *h)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);
    struct tcp_conn *l = half_open_listener(t, h);
    unsigned defer = l->settings->defer_accept, most = allowed_repeats(l, k);
    bool silent = defer && h->acked && h->repeats + 1u < defer;

    if (h->acked)
        most = max_u32(most, defer);
    if (!halfopen_repeat(&t->half_open, h, t->stack->now, k->rto_initial, longest_wait(k), most)) {
        stack_count(t->stack, WEFT_COUNT_tcp_attempt_fails);
        drop(t, h);
        return;
    }
    l->listen->young -= h->repeats == 1;
    if (silent)
        return;
    stack_count(t->stack, WEFT_COUNT_tcp_retrans_segs);
    half_open_send(t, h);
}

void half_open_timer(struct tcp *t)
{
    struct halfopen *h;

    while ((h = halfopen_due(&t->half_open, t->stack->now)))
        repeat(t, h);
    timer_set(&t->stack->wheel, &t->half_open.timer, halfopen_deadline(&t->half_open, t->stack->now));
}

/* ---- what arrives ---- */

/*
 * The third segment. A listener may want to hear of a connection only when it has text (TCP_DEFER_ACCEPT), for a while.
 */
static void complete(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    const struct tcp_conn *listener = half_open_listener(t, h);
    const struct tcp_listen *l = listener->listen;

    if (h->repeats < listener->settings->defer_accept && seg_len(seg) == 0) {
        h->acked = true;
        seg->why = WEFT_DROP_tcp_accept_deferred;
        return;
    }
    if (l->waiting <= l->backlog) {
        conn_born_of_record(t, h, seg);
        return;
    }
    seg->why = WEFT_DROP_tcp_accept_full;
    if (tcp_config(t->stack)->abort_on_overflow) {
        segment_refuse(t->stack, seg);
        drop(t, h);
    } /* else the peer will send it again, or we our SYN,ACK */
}

/* What our SYN,ACK promised: whole segments, and the path decides how large those are. */
static uint32_t promised(const struct tcp_conn *l, const struct halfopen *h, const struct weft_ip *peer)
{
    struct ip_path path = {0};

    conn_route(l, peer, &path);
    return conn_first_window(l, conn_offer(l, &path, h->v6).mss, h->has_ts);
}

/*
 * An acknowledgment of where we stand; the SYN,ACK's own numbers, without SYN. Once in a while: two confused peers must
 * not answer each other for ever. What carries text is answered each time, for such a loop has none.
 */
static void challenge(struct tcp *t, struct halfopen *h, const struct tcp_seg *seg)
{
    const struct tcp_conn *l = half_open_listener(t, h);
    struct segment out = {.flow = seg->flow,
                          .o = TCP_NO_OPTIONS,
                          .ttl = endpoint_ttl(&l->ep, h->v6),
                          .tos = endpoint_tos(&l->ep, h->v6)};
    bool empty = seg_len(seg) == 0 || seg_has(seg, TCP_SYN);

    if (empty && !halfopen_may_answer(h, t->stack->now, tcp_records_answer_every(t))) {
        stack_count(t->stack, WEFT_COUNT_tcp_answers_skipped);
        return;
    }
    out.h.seq = seq_add(h->iss, 1);
    out.h.ack = seq_add(h->irs, 1);
    out.h.flags = TCP_ACK;
    out.h.window = (uint16_t)(promised(l, h, &seg->flow.remote.ip) >>
                              (h->snd_wscale == HALFOPEN_NO_WSCALE ? 0 : h->rcv_wscale));
    if (h->has_ts) {
        out.o.has_ts = true;
        out.o.ts_val = ts_clock(t->stack->now, tcp_offsets(t, &seg->flow).ts);
        out.o.ts_ecr = h->ts_recent;
    }
    stack_count(t->stack, WEFT_COUNT_tcp_challenge_acks);
    segment_reply(t->stack, &out);
}

static bool in_window(const struct halfopen *h, struct seq seq)
{
    struct seq next = seq_add(h->irs, 1);

    return seq_in(seq, next, seq_add(next, SYN_ACK_WINDOW));
}

/* Begins or ends in the window (RFC 9293 §3.10.7.4); what lies outside is cut off when there is a connection. */
static bool is_acceptable(const struct halfopen *h, const struct tcp_seg *seg)
{
    return in_window(h, seg->h.seq) || (seg_len(seg) && in_window(h, seq_add(seg->h.seq, seg_len(seg) - 1)));
}

/* RST: exact ends the record, in the window is challenged, else nothing (RFC 5961 §3.2 in SYN-RECEIVED too). */
static void reset_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    if (seq_eq(seg->h.seq, seq_add(h->irs, 1))) {
        seg->why = WEFT_DROP_tcp_half_open_reset;
        stack_count(t->stack, WEFT_COUNT_tcp_attempt_fails);
        drop(t, h);
    } else if (in_window(h, seg->h.seq)) {
        seg->why = WEFT_DROP_tcp_challenge_rst;
        challenge(t, h, seg);
    } else {
        seg->why = WEFT_DROP_tcp_beyond_window;
    }
}

/* Its SYN,ACK goes out now: the next repeat waits from here on. */
static struct halfopen *restart(struct tcp *t, struct halfopen *h, uint32_t hash)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);
    struct halfopen *copy = halfopen_restart(&t->half_open, h, t->stack->now, k->rto_initial, longest_wait(k));

    if (!copy)
        return h;
    hashtab_replace(&t->table, &h->hash, &copy->hash, TCP_TAG_HALF_OPEN, hash);
    halfopen_free(&t->half_open, h);
    return copy;
}

/* The SYN once more gets the SYN,ACK once more; not too often, though. */
static void repeated_syn_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_half_open_repeat;
    h->ecn = h->ecn && ecn_is_asked(seg->h.flags); /* he has given it up (RFC 3168 §6.1.1: then it is off) */
    if (halfopen_may_answer(h, t->stack->now, tcp_records_answer_every(t)))
        half_open_send(t, restart(t, h, seg->hash));
    else
        stack_count(t->stack, WEFT_COUNT_tcp_answers_skipped);
}

/* Another SYN is challenged (DEVIATION: RFC 9293 would return to LISTEN). */
static void syn_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    if (seq_eq(seg->h.seq, h->irs) && !seg_has(seg, TCP_ACK)) {
        repeated_syn_arrives(t, h, seg);
        return;
    }
    seg->why = WEFT_DROP_tcp_challenge_syn;
    challenge(t, h, seg);
}

/*
 * No answer to the record's SYN,ACK; but perhaps to a cookie, which an earlier SYN got when there was no room for a
 * record. As on Linux it is as good. What finds no room to wait in comes again, and so will the cookie.
 */
static void other_ack_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    struct tcp_conn *l = half_open_listener(t, h);
    struct halfopen meant;

    if (!listen_recall(l, &meant, seg)) {
        seg->why = WEFT_DROP_tcp_half_open_bad_ack;
        segment_refuse(t->stack, seg);
    } else if (l->listen->waiting > l->listen->backlog) {
        seg->why = WEFT_DROP_tcp_accept_full;
    } else {
        stack_count(t->stack, WEFT_COUNT_tcp_cookies_received);
        drop(t, h);
        conn_born_of_cookie(l, &meant, seg);
    }
}

void half_open_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    bool rst = seg_has(seg, TCP_RST);

    if (h->has_ts && !rst && !seg->o.has_ts && tcp_config(t->stack)->require_timestamps) {
        seg->why = WEFT_DROP_tcp_no_timestamp;
    } else if (h->has_ts && seg->o.has_ts && !rst && (int32_t)(seg->o.ts_val - h->ts_recent) < 0) {
        seg->why = WEFT_DROP_tcp_paws;
        challenge(t, h, seg);
    } else if (rst) {
        reset_arrives(t, h, seg);
    } else if (seg_has(seg, TCP_SYN)) {
        syn_arrives(t, h, seg);
    } else if (!seg_has(seg, TCP_ACK)) {
        seg->why = WEFT_DROP_tcp_no_ack;
    } else if (!is_acceptable(h, seg)) {
        seg->why = WEFT_DROP_tcp_beyond_window;
        challenge(t, h, seg);
    } else if (!seq_eq(seg->h.ack, seq_add(h->iss, 1))) {
        other_ack_arrives(t, h, seg);
    } else {
        complete(t, h, seg);
    }
}
