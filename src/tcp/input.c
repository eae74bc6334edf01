/* SPDX-License-Identifier: MIT */
/*
 * A TCP segment comes from IP: parsed, verified, and handed to the corridor of whoever it is for. The one place that
 * releases the packet.
 */
#include "tcp/input.h"

#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/demux.h"
#include "tcp/foreseen.h"
#include "tcp/ipoptions.h"
#include "tcp/lingering.h"
#include "tcp/listen.h"
#include "tcp/passive.h"
#include "tcp/segment.h"
#include "tcp/settle.h"
#include "tcp/synsent.h"

#define CROWD 4096 /* endpoints and records: more do not fit the cache with all they touch */

static enum weft_drop parse(struct weft_pkt *pkt, struct tcp_seg *seg)
{
    struct reader r = reader(pkt->data, pkt->len);

    switch (tcp_parse(&r, pkt_total(pkt), &seg->h, &seg->o)) {
    case TCP_OK:
        break;
    case TCP_SHORT:
        return WEFT_DROP_tcp_short;
    case TCP_BAD_OFFSET:
        return WEFT_DROP_tcp_offset;
    case TCP_BAD_OPTION:
        return WEFT_DROP_tcp_bad_option;
    }
    seg->pkt = pkt;
    seg->offset = seg->h.header_len;
    seg->len = pkt_total(pkt) - seg->h.header_len;
    ip_copy(&seg->flow.local.ip, &pkt->dst);
    ip_copy(&seg->flow.remote.ip, &pkt->src);
    seg->flow.local.port = seg->h.dst_port;
    seg->flow.remote.port = seg->h.src_port;
    seg->why = WEFT_DROP_none;
    seg->unscaled = seg_has(seg, TCP_SYN);
    seg->reopens = false;
    return WEFT_DROP_none;
}

static bool checksum_is_right(const struct weft_pkt *pkt)
{
    struct csum sum = {0};

    if (pkt->csum_valid)
        return true;
    ip_pseudo_header(&sum, &pkt->dst, &pkt->src, IP_PROTO_TCP, pkt_total(pkt));
    if (!segment_csum_bare(pkt, &sum))
        pkt_csum_received(pkt, &sum);
    return csum_fold(&sum) == 0;
}

static enum weft_drop check(weft_stack *s, struct weft_pkt *pkt, struct tcp_seg *seg)
{
    enum weft_drop why;

    if (pkt->ip_group || ip_is_multicast(&pkt->src))
        return WEFT_DROP_tcp_not_unicast; /* MUST-57 */
    why = parse(pkt, seg);
    if (why != WEFT_DROP_none)
        return why;
    if (!checksum_is_right(pkt))
        return WEFT_DROP_tcp_checksum;
    return unlikely(seg->o.is_signed) && tcp_config(s)->drop_signed ? WEFT_DROP_tcp_signed : WEFT_DROP_none;
}

/* SO_ATTACH_FILTER: does the socket hear it? What it is cut to, it will take for all there was. */
static bool is_wanted(const struct tcp_conn *c, struct tcp_seg *seg)
{
    if (!filter_keeps(&c->settings->filter, seg->pkt, seg->h.header_len))
        return false;
    seg->len = pkt_total(seg->pkt) - seg->h.header_len;
    return true;
}

/*
 * RFC 5082 §3, IP_MINTTL: who asked for it hears only what came by few hops. Who keeps to an interface hears nothing
 * that came by another one.
 */
static bool is_unwelcome(const struct tcp_conn *c, struct tcp_seg *seg)
{
    const struct sock_rare *rare = &c->settings->rare;
    int least;

    if (unlikely(c->settings->filter.program) && !is_wanted(c, seg)) {
        seg->why = WEFT_DROP_sock_filter;
        return true;
    }
    least = ip_is_v4(&seg->pkt->src) ? rare->min_ttl : rare->min_hops;
    if (unlikely(rare->interface) && conn_is_elsewhere(c, seg->pkt->ifp, &seg->flow.local.ip)) {
        seg->why = WEFT_DROP_tcp_no_connection;
        return true;
    }
    if (likely(seg->pkt->ttl >= least))
        return false;
    seg->why = WEFT_DROP_tcp_few_hops;
    return true;
}

/* It is foreseen (foreseen.h). */
static void take_foreseen(struct tcp_conn *c, struct tcp_seg *seg)
{
    account_in_lone(c);
    arrives_foreseen(c, seg);
    conn_settle_usual(c);
}

static void to_connection(struct tcp_conn *c, struct tcp_seg *seg)
{
    enum tcp_step step;

    if (conn_foresees(c, seg)) {
        take_foreseen(c, seg);
        return;
    }
    if (unlikely(c->settings != &settings_default) && is_unwelcome(c, seg))
        return;
    if (c->work)
        c->work->starved = false;
    conn_follow(c, seg->pkt);
    account_in(c, seg);
    step = c->state == WEFT_TCP_SYN_SENT ? synsent_arrives(c, seg) : arrives(c, seg);
    if (step != TCP_GONE)
        conn_settle(c);
}

/* Nobody has this pair: a listener, or a reset (RFC 9293 §3.10.7.1). */
static void to_nobody(struct tcp *t, struct tcp_seg *seg)
{
    struct tcp_conn *listener = demux_listener(t, seg);

    if (listener) {
        if (likely(listener->settings == &settings_default) || !is_unwelcome(listener, seg))
            listen_arrives(listener, seg);
        return;
    }
    seg->why = WEFT_DROP_tcp_no_connection;
    segment_refuse(t->stack, seg);
}

/* Its listener's filter is its own. */
static void to_half_open(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    const struct tcp_conn *listener = half_open_listener(t, h);

    if (unlikely(listener->settings->filter.program) && !is_wanted(listener, seg))
        seg->why = WEFT_DROP_sock_filter;
    else
        half_open_arrives(t, h, seg);
}

/* A record whose time is up may still stand in the table: it counts for nothing. */
static void to_time_wait(struct tcp *t, struct timewait *w, struct tcp_seg *seg)
{
    if (timewait_expired(&t->time_wait, w, t->stack->now)) {
        time_wait_end(t, w);
        to_nobody(t, seg);
        return;
    }
    time_wait_arrives(t, w, seg);
}

/* Asks the table whose it is. */
ASIDE static void look_up(struct tcp *t, struct tcp_seg *seg)
{
    struct tcp_found f;

    t->stack->crowded = unlikely(t->table.count > CROWD) ? &tcp_transport : NULL;
    seg->hash = newest_is(&t->newest, &seg->flow) ? t->newest.hash : demux_hash(t, &seg->flow);
    weft_assert(seg->hash == demux_hash(t, &seg->flow), "newest.h: a name has one hash as long as there is a stack");
    f = demux_find_hashed(t, &seg->flow, seg->hash);
    if (!f.any) {
        to_nobody(t, seg);
    } else if (f.tag == TCP_TAG_CONN) {
        t->recent = f.conn;
        to_connection(f.conn, seg);
    } else if (f.tag == TCP_TAG_HALF_OPEN) {
        to_half_open(t, f.half_open, seg);
    } else {
        to_time_wait(t, f.time_wait, seg);
    }
}

/* The packet ends here. */
static inline void dispose(const struct tcp_seg *seg)
{
    if (likely(seg->why == WEFT_DROP_none))
        pkt_release(seg->pkt);
    else
        pkt_drop(seg->pkt, seg->why);
}

/* To whoever it is for, most often whoever had the last one too. */
static void dispatch(struct tcp *t, struct tcp_seg *seg)
{
    if (t->recent && conn_has_name(t->recent, &seg->flow))
        to_connection(t->recent, seg);
    else
        look_up(t, seg);
    dispose(seg);
}

/* Something is held back. */
ASIDE static void dispatch_held(struct tcp *t)
{
    struct tcp_seg seg;

    if (merge_take(&t->merge, &seg))
        dispatch(t, &seg);
}

void tcp_flush(weft_stack *s)
{
    struct tcp *t = tcp_of(s);

    if (t->merge.held.pkt)
        dispatch_held(t);
}

/* Any segment. Owns pkt. */
ASIDE static void take_any(weft_stack *s, struct weft_pkt *pkt)
{
    struct tcp *t = tcp_of(s);
    struct tcp_seg seg;
    enum weft_drop why = check(s, pkt, &seg);

    if (why != WEFT_DROP_none) {
        stack_count(s, WEFT_COUNT_tcp_in_errs);
        pkt_drop(pkt, why);
        return;
    }
    if (merge_add(&t->merge, &seg))
        return;
    tcp_flush(s);
    if (s->more_input && merge_may_hold(&seg)) {
        merge_hold(&t->merge, &seg);
        s->holding = &tcp_transport;
    } else {
        dispatch(t, &seg);
    }
}

/*
 * ---- the short way ----
 *
 * Most often it is for whoever had the last one, and his peer had nothing to say but what he was to say next: that is
 * found out from the words of the header. Whatever is not so, or not sound, goes the long way, which knows why.
 */

/* Does it come in one run that nobody keeps, with text? */
static inline bool may_be_foreseen(const struct tcp *t, const struct weft_pkt *pkt)
{
    return t->recent && conn_known_usual(t->recent) && !t->merge.held.pkt && pkt->len > TCP_STAMPED_HEADER &&
           pkt->n_spans == 0 && !pkt->block && !pkt->ip_group;
}

/* Is the sum right of a segment whose header has this one? */
static inline bool sum_is_right(const struct tcp_key4 *key, const struct tcp_seg *seg, uint64_t header)
{
    const struct weft_pkt *pkt = seg->pkt;
    uint64_t pseudo = ip_pseudo_sum_v4(key->remote, key->local, IP_PROTO_TCP, pkt->len);

    return pkt->csum_valid ||
           csum_half(pseudo + header + wire_sum(pkt->data + seg->offset, seg->len)) == UINT16_MAX;
}

/* Is it what the connection expects next? Then it is read, as far as it has anything to say. */
static inline bool read_foreseen(const struct tcp_conn *c, struct weft_pkt *pkt, struct tcp_seg *seg)
{
    const struct tcp_key4 *key = &c->key.v4;
    uint32_t ports = (uint32_t)key->remote_port << 16 | key->local_port;
    uint64_t sum;

    if (!tcp_read_stamped(pkt->data, ports, &seg->h, &seg->o, &sum) || !ip_eq_v4(&pkt->src, key->remote) ||
        !ip_eq_v4(&pkt->dst, key->local))
        return false;
    seg->pkt = pkt;
    seg->offset = TCP_STAMPED_HEADER;
    seg->len = pkt->len - TCP_STAMPED_HEADER;
    seg->why = WEFT_DROP_none;
    seg->unscaled = false;
    return conn_foresees(c, seg) && sum_is_right(key, seg, sum);
}

/* It may be foreseen. Owns pkt. */
ASIDE static void take_next(struct tcp_conn *c, struct weft_pkt *pkt)
{
    struct tcp_seg seg;

    if (unlikely(!read_foreseen(c, pkt, &seg))) {
        take_any(c->ep.stack, pkt);
        return;
    }
    take_foreseen(c, &seg);
    dispose(&seg);
}

void tcp_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct tcp *t = tcp_of(s);

    stack_count(s, WEFT_COUNT_tcp_in_segs);
    if (may_be_foreseen(t, pkt))
        take_next(t->recent, pkt);
    else
        take_any(s, pkt);
}
