/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 §3.10.7.2: a segment arrives for a listener. A SYN becomes a compact half-open record and a SYN,ACK; no
 * connection exists before the third segment proves that the peer is where it says. When there are too many records
 * the SYN,ACK is a cookie (cookie.h), and what proves the peer is that it brings the cookie back.
 */
#include "tcp/listen.h"

#include "tcp/birth.h"
#include "tcp/calls.h"
#include "tcp/cookie.h"
#include "tcp/demux.h"
#include "tcp/passive.h"
#include "tcp/path.h"
#include "tcp/segment.h"
#include "tcp/synsent.h"

/* ---- the SYN,ACK ---- */

static void put_options(const struct halfopen *h, const struct tcp_offer *offer, struct tcp_options *o)
{
    o->mss = offer->mss;
    o->wscale = h->snd_wscale == HALFOPEN_NO_WSCALE ? -1 : (int8_t)h->rcv_wscale;
    o->sack_permitted = h->sack;
    o->has_ts = h->has_ts;
    o->ts_ecr = h->ts_recent;
}

/* Where a SYN,ACK goes: options and path. */
struct road {
    const struct tcp_way *way; /* outlives it */
    struct ip_path path;
};

static const struct tcp_way no_way;

/* The listener's own options go before the way back of the SYN (MUST-52). False: there is no path. */
static bool road_find(struct road *r, const struct tcp_conn *l, const struct weft_ip *peer, const struct tcp_way *back)
{
    struct weft_ip first;

    r->way = l->settings->way.n ? &l->settings->way : back;
    r->path = (struct ip_path){0};
    first = way_first_hop(r->way, peer);
    return conn_route(l, &first, &r->path) == 0;
}

/* ts: our timestamp clock for the peer. early: what it says of Fast Open; NULL: nothing. */
static void send_syn_ack(struct tcp *t, const struct tcp_conn *l, const struct halfopen *h,
                         const struct tcp_offer *offer, uint32_t ts, const struct early_answer *early,
                         struct road *road)
{
    struct segment out = {.ttl = endpoint_ttl(&l->ep, h->v6),
                          .tos = endpoint_tos(&l->ep, h->v6),
                          .path = &road->path,
                          .way = road->way,
                          .extensions = &l->settings->extensions};

    segment_name(&out, &h->key, h->v6);
    put_options(h, offer, &out.o);
    out.o.ts_val = ts;
    if (early && early->kind) {
        out.o.fastopen = early->kind;
        out.o.cookie = early->cookie;
        out.o.cookie_len = sizeof early->cookie;
    }
    out.h.seq = h->iss;
    out.h.ack = seq_add(h->irs, 1);
    out.h.flags = (uint16_t)(TCP_SYN | TCP_ACK | (h->ecn ? TCP_ECE : 0));
    out.h.window = (uint16_t)conn_first_window(l, offer->mss, h->has_ts);
    segment_reply(t->stack, &out);
}

/* The way back of its SYN, if that is kept. */
static struct tcp_way half_open_way(struct tcp *t, const struct halfopen *h, const struct tcp_flow *flow)
{
    const struct saved_syn *syn = h->saved_syn ? saved_syns_find(&t->saved_syns, flow, demux_hash(t, flow)) : NULL;

    return syn ? saved_syn_way(syn) : (struct tcp_way){.n = 0};
}

void half_open_send(struct tcp *t, const struct halfopen *h)
{
    const struct tcp_conn *l = half_open_listener(t, h);
    struct tcp_flow flow = key_unpack(&h->key, h->v6);
    struct tcp_way back = half_open_way(t, h, &flow);
    struct tcp_offer offer;
    struct road road;

    if (!road_find(&road, l, &flow.remote.ip, &back))
        return;
    offer = conn_offer(l, &road.path, h->v6);
    send_syn_ack(t, l, h, &offer, ts_clock(t->stack->now, tcp_offsets(t, &flow).ts), NULL, &road);
}

/* ---- the record ---- */

/* What a SYN tells, as far as it is agreed; everything but the name and our own number. */
static void fill(struct halfopen *h, const struct tcp_conn *l, const struct tcp_seg *seg,
                 const struct tcp_offer *offer)
{
    struct tcp_agreed agreed = negotiate(offer, &seg->o, h->v6);

    h->listener = l->listen->number;
    h->irs = seg->h.seq;
    h->ts_recent = seg->o.ts_val;
    h->peer_mss = agreed.peer_mss;
    h->snd_wscale = offer->window_scaling && seg->o.wscale >= 0 ? agreed.snd_wscale : HALFOPEN_NO_WSCALE;
    h->rcv_wscale = agreed.rcv_wscale;
    h->has_ts = agreed.timestamps;
    h->sack = agreed.sack;
    h->ecn = tcp_config(l->ep.stack)->ecn && ecn_may_grant(seg->h.flags, seg->pkt->tos);
}

static struct seq first_number(const struct tcp *t, const struct tcp_seg *seg, uint32_t offset)
{
    struct seq iss = isn(offset, t->stack->now);

    return seg->reopens && !seq_gt(iss, seg->above) ? seq_add(seg->above, OLD_WINDOW) : iss;
}

struct saved_syn *conn_save_syn(const struct tcp_conn *l, const struct tcp_seg *seg)
{
    return saved_syn_new(&l->ep.stack->mem, seg->pkt, seg->offset, l->settings->save_syn == 2);
}

/* False: out of memory; then there is nothing to ask for. */
static bool save_syn(struct tcp *t, const struct tcp_conn *l, const struct tcp_seg *seg)
{
    struct saved_syn *syn = conn_save_syn(l, seg);

    return syn && saved_syns_put(&t->saved_syns, syn, &seg->flow, seg->hash);
}

/* Makes the record and sends the SYN,ACK; the reason when it cannot. */
static enum weft_drop open_half(struct tcp_conn *l, const struct tcp_seg *seg, const struct early_answer *early,
                                struct road *road)
{
    struct tcp *t = conn_tcp(l);
    weft_stack *s = t->stack;
    struct halfopen *h = halfopen_new(&t->half_open, &seg->flow, s->now, tcp_config(s)->rto_initial);
    struct flow_offsets offsets;
    struct tcp_offer offer;

    if (!h)
        return WEFT_DROP_no_memory;
    offsets = tcp_offsets(t, &seg->flow);
    offer = conn_offer(l, &road->path, h->v6);
    fill(h, l, seg, &offer);
    h->iss = first_number(t, seg, offsets.isn);
    if (!hashtab_insert(&t->table, &h->hash, TCP_TAG_HALF_OPEN, seg->hash)) {
        halfopen_free(&t->half_open, h);
        return WEFT_DROP_no_memory;
    }
    if (likely(!h->v6))
        t->newest = (struct newest){true, h->key.v4, seg->hash, offsets.ts};
    h->saved_syn = (l->settings->save_syn || road->way->received) && save_syn(t, l, seg);
    l->listen->half_open++;
    l->listen->young++;
    if (halfopen_is_first(&t->half_open, h) &&
        time_after(s->now, tcp_config(s)->rto_initial) < t->half_open.timer.deadline)
        timer_set(&s->wheel, &t->half_open.timer, halfopen_turn(h, s->now));
    if (unlikely(s->env.trace))
        stack_trace_state(s, NULL, &seg->flow.local, &seg->flow.remote, WEFT_TCP_LISTEN, WEFT_TCP_SYN_RECEIVED);
    send_syn_ack(t, l, h, &offer, ts_clock(s->now, offsets.ts), early, road);
    return WEFT_DROP_none;
}

/* ---- the cookie ---- */

/* Sends a SYN,ACK that is a cookie, and keeps nothing but the time. */
static void send_cookie(struct tcp_conn *l, const struct tcp_seg *seg, struct road *road)
{
    struct tcp *t = conn_tcp(l);
    weft_stack *s = t->stack;
    struct halfopen h = {.v6 = flow_is_v6(&seg->flow)};
    struct tcp_offer offer = conn_offer(l, &road->path, h.v6);
    uint32_t ts;

    fill(&h, l, seg, &offer);
    key_pack(&h.key, &seg->flow, h.v6);
    if (!h.has_ts) { /* then there is no place to keep them */
        h.sack = h.ecn = false;
        h.snd_wscale = HALFOPEN_NO_WSCALE;
    }
    h.iss = cookie_make(t->cookie_key, &seg->flow, h.irs, h.peer_mss, s->now);
    ts = cookie_timestamp((uint32_t)(s->now / WEFT_MS),
                          (struct cookie_options){
                              .wscale = h.snd_wscale == HALFOPEN_NO_WSCALE ? -1 : (int8_t)h.snd_wscale,
                              .sack = h.sack,
                              .ecn = h.ecn,
                          });
    l->listen->cookies_at = s->now;
    stack_count(s, WEFT_COUNT_tcp_cookies_sent);
    send_syn_ack(t, l, &h, &offer, ts + tcp_offsets(t, &seg->flow).ts, NULL, road);
}

/* Has this listener sent a cookie that may still be good? Else nobody has one to bring back. */
static bool awaits_cookies(const struct tcp_conn *l)
{
    return tcp_config(l->ep.stack)->syncookies && l->listen->cookies_at != WEFT_NEVER &&
           conn_now(l) - l->listen->cookies_at < COOKIE_LIFE;
}

/* The options that our timestamp remembers. False: nothing of ours, for it remembers what we do not use. */
static bool recall_options(const struct tcp_conn *l, struct halfopen *h, const struct tcp_seg *seg)
{
    const struct weft_tcp_config *k = tcp_config(l->ep.stack);
    struct tcp *t = conn_tcp(l);
    struct ip_path nowhere = {0};
    struct cookie_options o;

    h->snd_wscale = HALFOPEN_NO_WSCALE;
    if (!seg->o.has_ts || !seg->o.ts_ecr)
        return true;
    o = cookie_read_timestamp(seg->o.ts_ecr - tcp_offsets(t, &seg->flow).ts);
    if (!k->timestamps || (o.sack && !k->sack) || (o.wscale >= 0 && !k->window_scaling))
        return false;
    h->has_ts = true;
    h->ts_recent = seg->o.ts_val;
    h->sack = o.sack;
    h->ecn = o.ecn && k->ecn;
    if (o.wscale >= 0) {
        h->snd_wscale = (uint32_t)o.wscale & 15;
        h->rcv_wscale = conn_offer(l, &nowhere, h->v6).wscale & 15;
    }
    return true;
}

bool listen_recall(const struct tcp_conn *l, struct halfopen *h, const struct tcp_seg *seg)
{
    const struct tcp *t = conn_tcp(l);

    if (!awaits_cookies(l))
        return false;
    *h = (struct halfopen){.v6 = flow_is_v6(&seg->flow), .listener = l->listen->number};
    h->irs = seq_sub(seg->h.seq, 1);
    h->iss = seq_sub(seg->h.ack, 1);
    h->peer_mss = cookie_check(t->cookie_key, &seg->flow, h->irs, h->iss, t->stack->now);
    return h->peer_mss && recall_options(l, h, seg);
}

/* Second: ACK. Any acknowledgment is bad here (RFC 9293 §3.10.7.2) but that of a cookie. */
static void ack_arrives(struct tcp_conn *l, struct tcp_seg *seg)
{
    weft_stack *s = l->ep.stack;
    struct halfopen h;

    seg->why = WEFT_DROP_tcp_listen_ack;
    if (!seg_has(seg, TCP_SYN) && awaits_cookies(l)) {
        if (listen_recall(l, &h, seg)) {
            stack_count(s, WEFT_COUNT_tcp_cookies_received);
            seg->why = WEFT_DROP_none;
            conn_born_of_cookie(l, &h, seg);
            return;
        }
        stack_count(s, WEFT_COUNT_tcp_cookies_failed);
        seg->why = WEFT_DROP_tcp_cookie_failed;
        if (seg->len) /* DEVIATION: what came before it was lost, or found no room, perhaps, and will come again */
            return;
    }
    segment_refuse(s, seg);
}

/* ---- data in the SYN ---- */

static void open_early(struct tcp_conn *l, struct tcp_seg *seg, const struct ip_path *path)
{
    struct halfopen h = {.v6 = flow_is_v6(&seg->flow)};
    struct tcp_offer offer = conn_offer(l, path, h.v6);
    const struct tcp *t = conn_tcp(l);

    fill(&h, l, seg, &offer);
    h.iss = first_number(t, seg, tcp_offsets(t, &seg->flow).isn);
    conn_born_early(l, &h, seg);
}

/* ---- admission ---- */

/*
 * As Linux has it: as many connections may be half open as may wait for accept, the backlog and one; without cookies
 * the last quarter of max_syn_backlog is left to peers that have proved to be there, which here means those whose
 * TIME-WAIT we know.
 */
static enum weft_drop admit(const struct tcp_conn *l, const struct tcp_seg *seg, bool *cookie)
{
    const struct weft_tcp_config *k = tcp_config(l->ep.stack);
    const struct tcp_listen *own = l->listen;
    size_t all = conn_tcp(l)->half_open.count;
    bool full = own->half_open > own->backlog && !seg->reopens;

    *cookie = k->syncookies == 2 && !seg->reopens;
    if (full || all >= k->max_half_open) {
        if (!k->syncookies)
            return WEFT_DROP_tcp_half_open_full;
        *cookie = true;
    }
    if (own->waiting > own->backlog) /* the peer will try again */
        return WEFT_DROP_tcp_accept_full;
    if (!k->syncookies && !seg->reopens && own->half_open + k->max_syn_backlog / 4 >= k->max_syn_backlog)
        return WEFT_DROP_tcp_half_open_reserved;
    return WEFT_DROP_none;
}

/*
 * May a cookie take the place of a record for which there is no memory? Not of one whose number must be larger than
 * another. Nor by chance: a record outlives the loss of what answers it, a cookie does not, and the SYN comes again.
 */
SELDOM static bool may_forget(const struct tcp_conn *l, const struct tcp_seg *seg)
{
    return mem_is_tight(&l->ep.stack->mem) && tcp_config(l->ep.stack)->syncookies && !seg->reopens;
}

/* Third: SYN. */
static enum weft_drop syn_arrives(struct tcp_conn *l, struct tcp_seg *seg)
{
    struct tcp_way back;
    struct early_answer early;
    struct road road;
    bool cookie;
    enum weft_drop why = admit(l, seg, &cookie);

    if (why != WEFT_DROP_none)
        return why;
    if (unlikely(seg->pkt->routed))
        back = way_back_of(seg->pkt);
    if (!road_find(&road, l, &seg->flow.remote.ip, unlikely(seg->pkt->routed) ? &back : &no_way))
        return WEFT_DROP_ip_no_route;
    if (!cookie && early_is_welcome(l, seg, &early)) {
        open_early(l, seg, &road.path);
        return seg->why;
    }
    if (!cookie)
        why = open_half(l, seg, &early, &road);
    if (!cookie && !(why == WEFT_DROP_no_memory && may_forget(l, seg)))
        return why;
    send_cookie(l, seg, &road); /* the third segment tells of its way once more */
    return WEFT_DROP_none;
}

void listen_arrives(struct tcp_conn *listener, struct tcp_seg *seg)
{
    if (seg_has(seg, TCP_RST)) /* first */
        seg->why = WEFT_DROP_tcp_listen_rst;
    else if (seg_has(seg, TCP_ACK)) /* second */
        ack_arrives(listener, seg);
    else if (seg_has(seg, TCP_SYN) && seg_has(seg, TCP_FIN)) /* nobody opens to close: a probe (Linux) */
        seg->why = WEFT_DROP_tcp_listen_syn_fin;
    else if (seg_has(seg, TCP_SYN)) /* third */
        seg->why = syn_arrives(listener, seg);
    else /* fourth: should not be reached, says the RFC; a bare segment does */
        seg->why = WEFT_DROP_tcp_listen_no_syn;
}
