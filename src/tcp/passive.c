/* SPDX-License-Identifier: MIT */
/*
 * Half-open records at work: RFC 9293 §3.10.7.4 for SYN-RECEIVED that came from LISTEN. The same order of checks as in
 * arrives.c, on less state; the acknowledgment that completes the handshake turns the record into a connection, and
 * the segment then goes through arrives.c like any other.
 */
#include "tcp/conn.h"

#define CHALLENGE_WINDOW 65535 /* the window that our SYN,ACK announced at most */

void half_open_drop(struct tcp *t, struct halfopen *h)
{
    struct tcp_flow flow = key_unpack(&h->key, h->v6);

    hashtab_remove(&t->table, &h->hash, demux_hash(t, &flow));
    h->listener->listen->half_open--;
    halfopen_free(&t->half_open, h);
}

void half_open_forget(struct tcp *t, struct tcp_conn *listener)
{
    for (unsigned i = 0; i < ARRAY_LEN(t->half_open.fifo) && listener->listen->half_open; i++)
        list_each_safe(it, next, &t->half_open.fifo[i]) {
            struct halfopen *h = container_of(it, struct halfopen, link);

            if (h->listener == listener)
                half_open_drop(t, h);
        }
}

void half_open_timer(struct tcp *t)
{
    const struct weft_tcp_config *k = tcp_config(t->stack);
    struct halfopen *h;

    while ((h = halfopen_due(&t->half_open, t->stack->now))) {
        if (halfopen_repeat(&t->half_open, h, t->stack->now, k->rto_initial, k->synack_retries)) {
            stack_count(t->stack, WEFT_COUNT_tcp_retrans_segs);
            half_open_send(t, h);
        } else {
            stack_count(t->stack, WEFT_COUNT_tcp_attempt_fails);
            half_open_drop(t, h);
        }
    }
    timer_set(&t->stack->wheel, &t->half_open.timer, halfopen_deadline(&t->half_open));
}

/* ---- the connection that a record becomes ---- */

static void inherit(struct tcp_conn *c, const struct tcp_conn *l)
{
    c->ep.ttl = l->ep.ttl;
    c->ep.tos = l->ep.tos;
    c->ep.reuse_addr = l->ep.reuse_addr;
    c->ep.reuse_port = l->ep.reuse_port;
    c->nodelay = l->nodelay;
    c->keepalive = l->keepalive;
    c->settings = settings_share(l->settings);
    c->send_buffer = l->send_buffer;
    c->receive_buffer = l->receive_buffer;
}

/* The handshake's outcome, as it stands before its last acknowledgment is processed. */
static void fill(struct tcp_conn *c, const struct halfopen *h)
{
    struct tcp_agreed agreed = {h->peer_mss, h->snd_wscale, h->rcv_wscale, h->has_ts, h->sack};

    c->passive = true;
    conn_agree(c, &agreed, TCP_DEFAULT_MSS_V4);
    c->snd.una = h->iss;
    c->snd.nxt = seq_add(h->iss, 1);
    c->snd.wnd = c->snd.max_wnd = h->peer_wnd;
    c->snd.wl1 = h->irs;
    c->snd.wl2 = h->iss;
    c->rcv.nxt = c->rcv.acked = seq_add(h->irs, 1);
    c->rcv.edge = seq_add(c->rcv.nxt, min_u32(c->receive_buffer, 65535));
    c->ts_recent = h->ts_recent;
    c->ts_recent_at = conn_now(c);
    c->ts_offset = h->ts_offset;
}

/* Makes the connection in the record's place; NULL when out of memory (the record stays). */
static struct tcp_conn *grow_up(struct tcp *t, struct halfopen *h, const struct tcp_flow *flow)
{
    struct tcp_conn *l = h->listener;
    struct tcp_conn *c = conn_new(t, h->v6);
    struct tcp_work *w;

    if (!c)
        return NULL;
    w = conn_work(c);
    if (!w) {
        conn_free(c);
        return NULL;
    }
    conn_name(c, flow);
    inherit(c, l);
    fill(c, h);
    route_lookup(t->stack, &flow->remote.ip, &w->path);
    conn_update_mss(c);
    if (h->repeats == 0) /* else the sample would be ambiguous (Karn) */
        w->syn_sent_at = h->due - tcp_config(t->stack)->rto_initial;
    w->retries = h->repeats;
    hashtab_replace(&t->table, &h->hash, &c->hash, TCP_TAG_CONN, demux_hash(t, flow));
    c->in_table = true;
    list_remove(&c->link);
    list_push_back(&l->listen->accept, &c->link);
    l->listen->waiting++;
    l->listen->half_open--;
    c->parent = l;
    halfopen_free(&t->half_open, h);
    half_open_timer(t);
    state_set(c, WEFT_TCP_SYN_RECEIVED);
    return c;
}

/* The third segment: it goes through the eight steps on the new connection. */
static void complete(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    struct tcp_conn *l = h->listener, *c;
    enum tcp_step step;

    if (l->listen->waiting > l->listen->backlog) {
        seg->why = WEFT_DROP_tcp_accept_full; /* the peer will send it again, or we our SYN,ACK */
        return;
    }
    c = grow_up(t, h, &seg->flow);
    if (!c) {
        seg->why = WEFT_DROP_no_memory;
        return;
    }
    stack_count(t->stack, WEFT_COUNT_tcp_passive_opens);
    endpoint_notify(&l->ep, WEFT_READABLE);
    account_in(c, seg);
    step = arrives(c, seg);
    if (step != TCP_GONE)
        conn_settle(c);
}

/* ---- the checks, in RFC order ---- */

/* An acknowledgment of where we stand; the SYN,ACK's own numbers, without SYN. */
static void challenge(struct tcp *t, const struct halfopen *h, const struct tcp_flow *flow)
{
    struct segment out = {.flow = *flow, .o = TCP_NO_OPTIONS, .ttl = h->listener->ep.ttl, .tos = h->listener->ep.tos};

    out.h.seq = seq_add(h->iss, 1);
    out.h.ack = seq_add(h->irs, 1);
    out.h.flags = TCP_ACK;
    out.h.window = (uint16_t)(min_u32(h->listener->receive_buffer, 65535) >> h->rcv_wscale);
    if (h->has_ts) {
        out.o.has_ts = true;
        out.o.ts_val = ts_clock(t->stack->now, h->ts_offset);
        out.o.ts_ecr = h->ts_recent;
    }
    stack_count(t->stack, WEFT_COUNT_tcp_challenge_acks);
    segment_reply(t->stack, &out);
}

static bool in_window(const struct halfopen *h, const struct tcp_seg *seg)
{
    struct seq next = seq_add(h->irs, 1);
    uint32_t wnd = min_u32(h->listener->receive_buffer, CHALLENGE_WINDOW);

    return seq_in(seg->h.seq, next, seq_add(next, wnd));
}

/* RST: exact ends the record, in the window is challenged, else nothing (RFC 5961 §3.2 in SYN-RECEIVED too). */
static void reset_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    if (seq_eq(seg->h.seq, seq_add(h->irs, 1))) {
        seg->why = WEFT_DROP_tcp_half_open_reset;
        stack_count(t->stack, WEFT_COUNT_tcp_attempt_fails);
        half_open_drop(t, h);
        half_open_timer(t);
    } else if (in_window(h, seg)) {
        seg->why = WEFT_DROP_tcp_challenge_rst;
        challenge(t, h, &seg->flow);
    } else {
        seg->why = WEFT_DROP_tcp_beyond_window;
    }
}

/* The SYN once more gets the SYN,ACK once more; another SYN is challenged (DEVIATION: RFC 9293 would return to LISTEN). */
static void syn_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    if (seq_eq(seg->h.seq, h->irs) && !seg_has(seg, TCP_ACK)) {
        seg->why = WEFT_DROP_tcp_half_open_repeat;
        half_open_send(t, h);
        return;
    }
    seg->why = WEFT_DROP_tcp_challenge_syn;
    challenge(t, h, &seg->flow);
}

void half_open_arrives(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    bool rst = seg_has(seg, TCP_RST);

    if (h->has_ts && !rst && !seg->o.has_ts) {
        seg->why = WEFT_DROP_tcp_no_timestamp;
    } else if (h->has_ts && !rst && (int32_t)(seg->o.ts_val - h->ts_recent) < 0) {
        seg->why = WEFT_DROP_tcp_paws;
        challenge(t, h, &seg->flow);
    } else if (rst) {
        reset_arrives(t, h, seg);
    } else if (seg_has(seg, TCP_SYN)) {
        syn_arrives(t, h, seg);
    } else if (!seg_has(seg, TCP_ACK)) {
        seg->why = WEFT_DROP_tcp_no_ack;
    } else if (!in_window(h, seg)) {
        seg->why = WEFT_DROP_tcp_beyond_window;
        challenge(t, h, &seg->flow);
    } else if (!seq_eq(seg->h.ack, seq_add(h->iss, 1))) {
        seg->why = WEFT_DROP_tcp_half_open_bad_ack;
        segment_refuse(t->stack, seg);
    } else {
        complete(t, h, seg);
    }
}
