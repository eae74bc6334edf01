/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413, both ends. A server that finds its cookie in a SYN makes the connection at once: it stands in SYN-RECEIVED
 * with data both ways, `fast_open` until the third segment comes. A client's data waits in the send queue, goes with
 * the first SYN as far as it fits, and what the SYN,ACK does not acknowledge goes again as if it had never been sent.
 */
#include "tcp/early.h"

#include "tcp/account.h"
#include "tcp/arrives.h"
#include "tcp/path.h"
#include "tcp/sendspace.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/window.h"

#define RESET_COUNTS (60 * WEFT_S)

enum { CLIENT = 0x1, SERVER = 0x2, CLIENT_WITHOUT_COOKIE = 0x4, SERVER_WITHOUT_COOKIE = 0x200, EVERY_LISTENER = 0x400 };

static unsigned allowed(const struct tcp_conn *c) { return tcp_config(c->ep.stack)->fastopen; }

/* ---- the server ---- */

static uint32_t queue_of(const struct tcp_conn *l)
{
    if (l->settings->fastopen_queue || !(allowed(l) & EVERY_LISTENER))
        return l->settings->fastopen_queue;
    return l->listen->backlog;
}

/* Is there room for one more that has not proved to be there? Who was reset counts for a while. */
static bool has_room(struct tcp *t, uint32_t queue)
{
    if (t->early.resets && t->stack->now >= t->early.resets_until)
        t->early.resets = 0;
    if (t->early.pending + t->early.resets < queue)
        return true;
    stack_count(t->stack, WEFT_COUNT_tcp_fastopen_overflows);
    return false;
}

/* Its i-th key: the user's, of which there may be a second, older one, or the stack's. */
static struct sip_key key_of(const struct tcp_conn *l, unsigned i)
{
    return l->settings->fastopen_keys ? fastopen_key(l->settings->fastopen_key + 16 * i) : conn_tcp(l)->early.key;
}

static bool is_cookie(const struct tcp_conn *l, const struct tcp_seg *seg, unsigned i)
{
    uint8_t cookie[FASTOPEN_COOKIE];

    fastopen_cookie(key_of(l, i), &seg->flow.remote.ip, &seg->flow.local.ip, cookie);
    return seg->o.cookie_len == sizeof cookie && memcmp(seg->o.cookie, cookie, sizeof cookie) == 0;
}

bool early_is_welcome(const struct tcp_conn *l, const struct tcp_seg *seg, struct early_answer *a)
{
    uint32_t queue = allowed(l) & SERVER ? queue_of(l) : 0;
    bool known;

    a->kind = TCP_FASTOPEN_NONE;
    if (!queue)
        return false;
    if ((allowed(l) & SERVER_WITHOUT_COOKIE) || l->settings->fastopen_no_cookie)
        return (seg->len || seg->o.fastopen) && has_room(conn_tcp(l), queue);
    if (!seg->o.fastopen)
        return false;
    known = is_cookie(l, seg, 0);
    if (known || (l->settings->fastopen_keys == 2 && is_cookie(l, seg, 1)))
        return has_room(conn_tcp(l), queue);
    stack_count(l->ep.stack, seg->o.cookie_len ? WEFT_COUNT_tcp_fastopen_refused : WEFT_COUNT_tcp_fastopen_cookies);
    a->kind = seg->o.fastopen;
    fastopen_cookie(key_of(l, 0), &seg->flow.remote.ip, &seg->flow.local.ip, a->cookie);
    return false;
}

/* As much text as our first window holds; a FIN with it will come again. */
static void take_text(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct span pieces[PKT_SPANS + 1];
    uint32_t len = min_u32(seg->len, conn_open_window(c));
    unsigned n = pkt_slices(seg->pkt, seg->offset, len, pieces);

    if (len)
        c->rcv.nxt = seq_add(c->rcv.nxt,
                             recvq_push(&c->work->recvq, &c->ep.stack->mem, &c->ep.stack->blocks, pieces, n));
}

void early_take(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct tcp_work *w = c->work;

    c->snd.una = c->snd.nxt; /* the SYN,ACK has its own place: fast_open says that it is not acknowledged */
    c->fast_open = c->syn_acked = true;
    conn_tcp(c)->early.pending++;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_fastopen_passive);
    w->small_end = w->urgent_end = c->snd.una;
    push_init(&w->push, c->snd.una);
    sndmap_init(&w->sndmap, c->snd.una);
    conn_take_window(c, seg);
    rcvspace_start(&c->rcvspace, conn_open_window(c), c->rcv_wscale, c->adv_mss);
    window_start(c, false);
    conn_grow_send_buffer(c);
    take_text(c, seg);
    w->syn_due = true;
}

void early_established(struct tcp_conn *c)
{
    struct rtt_limits limits = conn_rtt_limits(c);
    struct tcp_work *w = c->work;

    weft_assert(w, "a connection without its third segment is not quiet");
    c->fast_open = false;
    conn_tcp(c)->early.pending--;
    if (w->syn_sent_at != WEFT_NEVER) {
        rtt_sample(&c->rtt, conn_now(c) - w->syn_sent_at, c->snd.una, c->snd.nxt, &limits);
        rtt_sample_min(&c->rtt, conn_now(c) - w->syn_sent_at, conn_now(c));
    }
    w->syn_due = false;
    w->retries = 0;
    w->deadline[TCP_TIMER_RETRANSMIT] = WEFT_NEVER;
    rtt_progress(&c->rtt);
    c->soft_error = 0;
    if (c->keepalive)
        conn_set_quiet(c, time_after(conn_now(c), conn_keepalive(c).idle));
    if (c->state == WEFT_TCP_SYN_RECEIVED)
        state_set(c, WEFT_TCP_ESTABLISHED);
}

void early_reset(struct tcp_conn *c)
{
    struct tcp *t = conn_tcp(c);

    if (!c->fast_open)
        return;
    t->early.resets++;
    t->early.resets_until = time_after(conn_now(c), RESET_COUNTS);
}

/* ---- the client ---- */

static struct fastopen_server *known(const struct tcp_conn *c)
{
    struct tcp *t = conn_tcp(c);
    struct tcp_flow flow = conn_flow(c);

    return fastopen_find(&t->early.memory, t->table_key, &flow.remote.ip);
}

static bool needs_no_cookie(const struct tcp_conn *c)
{
    return (allowed(c) & CLIENT_WITHOUT_COOKIE) || c->settings->fastopen_no_cookie;
}

bool early_may_send(const struct tcp_conn *c)
{
    const struct fastopen_server *s = known(c);

    return (allowed(c) & CLIENT) && (needs_no_cookie(c) || (s && s->cookie_len)) &&
           (!s || fastopen_may_try(s, conn_now(c)));
}

/* What a segment to the server may carry, options included. */
static uint32_t room(const struct tcp_conn *c, const struct fastopen_server *s)
{
    uint32_t mss = s && s->mss ? s->mss : c->v6 ? TCP_DEFAULT_MSS_V6 : TCP_DEFAULT_MSS_V4;

    return min_u32(mss, conn_receive_mss(&c->work->path, c->v6)) - TCP_MAX_OPTIONS;
}

uint32_t early_offer(struct tcp_conn *c, struct tcp_options *o)
{
    struct tcp_work *w = c->work;
    struct fastopen_server *s = w->early ? known(c) : NULL;

    if (s && w->retries == 1 && w->syn_data)
        fastopen_lost(s, conn_now(c));
    if (!w->early || w->retries || (s && !fastopen_may_try(s, conn_now(c))))
        return 0;
    if (needs_no_cookie(c))
        return room(c, s);
    o->fastopen = s && s->experimental ? TCP_FASTOPEN_EXPERIMENT : TCP_FASTOPEN_OPTION;
    o->cookie = s ? s->cookie : NULL;
    o->cookie_len = s ? s->cookie_len : 0;
    return o->cookie_len ? room(c, s) : 0;
}

static void learn(struct tcp_conn *c, const struct tcp_seg *seg, bool taken)
{
    struct tcp *t = conn_tcp(c);
    struct fastopen_server *s = fastopen_learn(&t->early.memory, &t->stack->mem, t->table_key, &seg->flow.remote.ip,
                                               conn_now(c));

    if (!s)
        return;
    s->mss = c->peer_mss;
    if (taken)
        s->losses = 0;
    if (seg->o.fastopen && seg->o.cookie_len) {
        s->experimental = seg->o.fastopen == TCP_FASTOPEN_EXPERIMENT;
        s->cookie_len = seg->o.cookie_len;
        memcpy(s->cookie, seg->o.cookie, s->cookie_len);
    }
}

/* Where PSH belongs in what is queued and not sent. */
static void mark_rest(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct push_write rest = {
        .sent = c->snd.nxt,
        .from = c->snd.nxt,
        .len = w->sendq.bytes,
        .chunk = push_chunk(c->mss, c->snd.max_wnd),
        .max_window = c->snd.max_wnd,
        .only = tcp_config(c->ep.stack)->push_last,
    };

    w->small_end = w->urgent_end = c->snd.una;
    push_init(&w->push, c->snd.una);
    if (rest.len)
        push_written(&w->push, &rest);
}

void early_answered(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct tcp_work *w = c->work;
    uint32_t taken = seg->h.ack.v - c->snd.una.v;

    if (w->early)
        learn(c, seg, taken > 0);
    if (taken) {
        sendq_ack(&w->sendq, &c->ep.stack->mem, taken);
        c->snd.una = c->snd.nxt = seg->h.ack;
        sndmap_init(&w->sndmap, c->snd.una);
        stack_count(c->ep.stack, WEFT_COUNT_tcp_fastopen_active);
    }
    if (taken < w->syn_data) {
        conn_why(c, WEFT_WHY_retransmit_fast_open, w->syn_data - taken);
        stack_count(c->ep.stack, WEFT_COUNT_tcp_fastopen_active_fails);
    }
    w->syn_data = 0;
    if (w->sendq.bytes || taken)
        mark_rest(c);
}
