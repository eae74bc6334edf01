/* SPDX-License-Identifier: MIT */
/*
 * The birth of a connection from LISTEN: of a half-open record whose third segment has come, or of a cookie that came
 * back. It stands in SYN-RECEIVED for as long as that segment takes through arrives.c, like any other.
 */
#include "tcp/birth.h"

#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/demux.h"
#include "tcp/ipoptions.h"
#include "tcp/listen.h"
#include "tcp/origin.h"
#include "tcp/passive.h"
#include "tcp/path.h"
#include "tcp/settle.h"
#include "tcp/state.h"
#include "tcp/synsent.h"
#include "tcp/work.h"

static void inherit(struct tcp_conn *c, const struct tcp_conn *l)
{
    c->ep.ttl = l->ep.ttl;
    c->ep.tos = l->ep.tos;
    c->ep.hops = l->ep.hops;
    c->ep.tclass = l->ep.tclass;
    c->ep.v6only = l->ep.v6only;
    c->ep.reuse_addr = l->ep.reuse_addr;
    c->ep.reuse_port = l->ep.reuse_port;
    c->nodelay = l->nodelay;
    c->keepalive = l->keepalive;
    c->settings = settings_share(l->settings);
    if (l->settings->own_controller) /* else that of now, whatever it was when the listener was made; as on Linux */
        c->cc_number = l->cc_number;
    c->send_buffer = l->send_buffer;
    c->sndbuf_fixed = l->sndbuf_fixed;
    c->rcvspace = l->rcvspace;
    c->oob_inline = l->oob_inline;
    c->path_discovery = l->path_discovery;
    c->pace.interactive = l->pace.interactive;
}

/* The handshake's outcome, as it stands before its last acknowledgment is processed. */
static void fill(struct tcp_conn *c, const struct halfopen *h)
{
    bool scaled = h->snd_wscale != HALFOPEN_NO_WSCALE;
    struct tcp_agreed agreed = {
        .peer_mss = h->peer_mss,
        .snd_wscale = scaled ? h->snd_wscale : 0,
        .rcv_wscale = scaled ? h->rcv_wscale : 0,
        .timestamps = h->has_ts,
        .sack = h->sack,
    };

    c->passive = true;
    conn_agree(c, &agreed, TCP_DEFAULT_MSS_V4);
    c->ecn.on = h->ecn;
    c->snd.una = h->iss;
    c->snd.nxt = seq_add(h->iss, 1);
    c->work->wl1 = h->irs;
    c->rcv.nxt = c->rcv.acked = seq_add(h->irs, 1);
    c->ts_recent = h->ts_recent;
    c->ts_recent_at = time_coarse(conn_now(c));
}

/* What the SYN,ACK promised. */
static void promise_first_window(struct tcp_conn *c)
{
    c->adv_mss = conn_offered_mss(c, &c->work->path, c->v6);
    c->rcv.edge = seq_add(c->rcv.nxt, conn_first_window(c, c->adv_mss, c->ts_ok));
}

/* A connection as the record has it, not yet in the table; NULL: out of memory. */
static struct tcp_conn *make(struct tcp_conn *l, const struct halfopen *h, const struct tcp_flow *flow)
{
    struct tcp *t = conn_tcp(l);
    struct tcp_conn *c = conn_new(t, l->ep.v6 ? WEFT_INET6 : WEFT_INET, h->v6);
    struct weft_ip first;
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
    first = way_first_hop(&c->settings->way, &flow->remote.ip);
    conn_route(c, &first, &w->path);
    fill(c, h);
    c->ts_offset = newest_is(&t->newest, flow) ? t->newest.ts_offset : tcp_offsets(t, flow).ts;
    weft_assert(c->ts_offset == tcp_offsets(t, flow).ts, "newest.h: and one offset");
    promise_first_window(c);
    return c;
}

/*
 * The way that it came by is the way back; and the user may ask for it once, if he wanted that: without memory there is
 * nothing to ask for. NULL: it was not saved.
 */
static void keep_syn(struct tcp_conn *c, struct saved_syn *syn)
{
    struct mem *m = &c->ep.stack->mem;
    struct tcp_way back = syn ? saved_syn_way(syn) : (struct tcp_way){.n = 0};
    struct tcp_settings *own;

    conn_take_way(c, &back);
    own = syn && c->settings->save_syn ? settings_own(&c->settings, m) : NULL;
    if (own)
        own->saved_syn = syn;
    else
        saved_syn_free(m, syn);
}

/* It is in the table, and waits for accept from here on. */
static void join_accept_queue(struct tcp_conn *l, struct tcp_conn *c)
{
    list_remove(&c->ep.event);
    list_push_back(&l->listen->accept, &c->ep.event);
    l->listen->waiting++;
    c->parent = l;
    c->queued = true;
    state_set(c, WEFT_TCP_SYN_RECEIVED);
}

/* The third segment goes through the eight steps. */
static void hear(struct tcp_conn *l, struct tcp_conn *c, struct tcp_seg *seg)
{
    stack_count(l->ep.stack, WEFT_COUNT_tcp_passive_opens);
    endpoint_notify(&l->ep, WEFT_READABLE);
    conn_follow(c, seg->pkt);
    origin_note(c, seg->pkt);
    account_in(c, seg);
    if (arrives(c, seg) != TCP_GONE)
        conn_settle(c);
}

void conn_born_of_record(struct tcp *t, struct halfopen *h, struct tcp_seg *seg)
{
    struct tcp_conn *l = half_open_listener(t, h), *c = make(l, h, &seg->flow);
    struct tcp_work *w;

    if (c && !demux_hold_port(t, c)) {
        conn_free(c);
        c = NULL;
    }
    if (!c) {
        seg->why = WEFT_DROP_no_memory; /* the record stays */
        return;
    }
    w = c->work;
    if (h->repeats == 0 && h->asked_again == 0) /* else it is ambiguous which of them is answered (Karn) */
        w->syn_sent_at = halfopen_sent(h, t->stack->now, tcp_config(t->stack)->rto_initial);
    else
        conn_time_syn_by_echo(c, seg);
    w->retries = h->repeats;
    account_repeats(c, h->repeats + h->asked_again);
    list_remove(&c->loose);
    hashtab_replace(&t->table, &h->hash, &c->hash, TCP_TAG_CONN, seg->hash);
    c->alarm = NULL;
    c->in_table = true;
    w->hash = seg->hash;
    t->recent = c; /* what comes next is likely to be for it */
    if (h->saved_syn)
        keep_syn(c, saved_syns_take(&t->saved_syns, &seg->flow, seg->hash));
    half_open_release(t, h);
    join_accept_queue(l, c);
    hear(l, c, seg);
}

void conn_born_early(struct tcp_conn *l, const struct halfopen *h, struct tcp_seg *seg)
{
    struct tcp *t = conn_tcp(l);
    struct tcp_conn *c = make(l, h, &seg->flow);

    if (c && !demux_insert(t, c, seg->hash)) {
        conn_free(c);
        c = NULL;
    }
    if (!c) {
        seg->why = WEFT_DROP_no_memory;
        return;
    }
    if (l->settings->save_syn)
        keep_syn(c, conn_save_syn(l, seg));
    conn_follow(c, seg->pkt);
    origin_note(c, seg->pkt);
    join_accept_queue(l, c);
    early_take(c, seg);
    stack_count(t->stack, WEFT_COUNT_tcp_passive_opens);
    account_in(c, seg);
    endpoint_notify(&l->ep, WEFT_READABLE);
    conn_settle(c);
}

void conn_born_of_cookie(struct tcp_conn *l, const struct halfopen *h, struct tcp_seg *seg)
{
    struct tcp *t = conn_tcp(l);
    struct tcp_conn *c;

    if (l->listen->waiting > l->listen->backlog) {
        seg->why = WEFT_DROP_tcp_accept_full;
        return;
    }
    c = make(l, h, &seg->flow);
    if (c && !demux_insert(t, c, seg->hash)) {
        conn_free(c);
        c = NULL;
    }
    if (!c) {
        seg->why = WEFT_DROP_no_memory;
        return;
    }
    join_accept_queue(l, c);
    hear(l, c, seg);
}
