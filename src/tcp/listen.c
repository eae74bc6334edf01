/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 §3.10.7.2: a segment arrives for a listener. A SYN becomes a compact half-open record and a SYN,ACK; no
 * connection exists before the third segment proves that the peer is where it says.
 */
#include "tcp/conn.h"

#define OLD_WINDOW 65537 /* beyond what old duplicates of the pair can acknowledge */

static struct tcp_options reply_options(const struct tcp *t, const struct halfopen *h, const struct tcp_offer *offer)
{
    struct tcp_options o = {.mss = offer->mss, .wscale = h->wscale ? (int8_t)h->rcv_wscale : -1};

    o.sack_permitted = h->sack;
    o.has_ts = h->has_ts;
    o.ts_val = ts_clock(t->stack->now, h->ts_offset);
    o.ts_ecr = h->ts_recent;
    return o;
}

void half_open_send(struct tcp *t, const struct halfopen *h)
{
    const struct tcp_conn *l = h->listener;
    struct segment out = {.flow = key_unpack(&h->key, h->v6), .ttl = l->ep.ttl, .tos = l->ep.tos};
    struct ip_path path = {0};
    struct tcp_offer offer;

    if (route_lookup(t->stack, &out.flow.remote.ip, &path) < 0)
        return;
    offer = conn_offer(l, &path, h->v6);
    out.o = reply_options(t, h, &offer);
    out.h.seq = h->iss;
    out.h.ack = seq_add(h->irs, 1);
    out.h.flags = TCP_SYN | TCP_ACK;
    out.h.window = (uint16_t)min_u32(l->receive_buffer, 65535);
    segment_reply(t->stack, &out);
}

static void fill(struct halfopen *h, struct tcp_conn *l, const struct tcp_seg *seg, const struct tcp_agreed *agreed)
{
    h->listener = l;
    h->irs = seg->h.seq;
    h->ts_recent = seg->o.ts_val;
    h->peer_wnd = seg->h.window;
    h->peer_mss = agreed->peer_mss;
    h->snd_wscale = agreed->snd_wscale;
    h->rcv_wscale = agreed->rcv_wscale;
    h->has_ts = agreed->timestamps;
    h->sack = agreed->sack;
    h->wscale = seg->o.wscale >= 0 && tcp_config(l->ep.stack)->window_scaling;
}

/* Makes the record and sends the SYN,ACK; the reason when it cannot. */
static enum weft_drop open_half(struct tcp_conn *l, const struct tcp_seg *seg)
{
    struct tcp *t = conn_tcp(l);
    weft_stack *s = t->stack;
    struct ip_path path = {0};
    struct tcp_offer offer;
    struct tcp_agreed agreed;
    struct halfopen *h;

    if (t->half_open.count >= tcp_config(s)->max_half_open)
        return WEFT_DROP_tcp_half_open_full;
    if (route_lookup(s, &seg->flow.remote.ip, &path) < 0)
        return WEFT_DROP_ip_no_route;
    h = halfopen_new(&t->half_open, &seg->flow, s->now, tcp_config(s)->rto_initial);
    if (!h)
        return WEFT_DROP_no_memory;
    offer = conn_offer(l, &path, h->v6);
    agreed = negotiate(&offer, &seg->o, h->v6);
    fill(h, l, seg, &agreed);
    h->ts_offset = ts_offset(t->ts_key, &seg->flow.local, &seg->flow.remote);
    h->iss = isn(t->isn_key, &seg->flow.local, &seg->flow.remote, s->now);
    if (seg->reopens && !seq_gt(h->iss, seg->above))
        h->iss = seq_add(seg->above, OLD_WINDOW);
    if (!hashtab_insert(&t->table, &h->hash, TCP_TAG_HALF_OPEN, demux_hash(t, &seg->flow))) {
        halfopen_free(&t->half_open, h);
        return WEFT_DROP_no_memory;
    }
    l->listen->half_open++;
    half_open_timer(t);
    if (unlikely(s->env.trace))
        stack_trace_state(s, NULL, &seg->flow.local, &seg->flow.remote, WEFT_TCP_LISTEN, WEFT_TCP_SYN_RECEIVED);
    half_open_send(t, h);
    return WEFT_DROP_none;
}

void listen_arrives(struct tcp_conn *listener, struct tcp_seg *seg)
{
    struct tcp_listen *l = listener->listen;

    if (seg_has(seg, TCP_RST)) { /* first */
        seg->why = WEFT_DROP_tcp_listen_rst;
    } else if (seg_has(seg, TCP_ACK)) { /* second */
        segment_refuse(listener->ep.stack, seg);
        seg->why = WEFT_DROP_tcp_listen_ack;
    } else if (!seg_has(seg, TCP_SYN)) { /* fourth: should not be reached, says the RFC; a bare segment does */
        seg->why = WEFT_DROP_tcp_listen_no_syn;
    } else if (l->waiting > l->backlog) { /* as Linux: backlog + 1 may wait; the peer will try again */
        seg->why = WEFT_DROP_tcp_accept_full;
    } else { /* third */
        seg->why = open_half(listener, seg);
    }
}
