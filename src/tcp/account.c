/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a connection for those who ask: counters from its first data on, and the trace of why. Nothing here
 * changes what is sent, and no memory for it means no more than that.
 */
#include "tcp/account.h"

#include "weft/tcp_info.h"

/* ---- counters ---- */

/*
 * What a connection without counters has done: shaken hands, as far as it has come, told and heard some bare segments,
 * and perhaps heard the peer's FIN, which takes a number as bytes do. Our SYN counts as delivered.
 */
void account_handshake(const struct tcp_conn *c, struct tcp_stats *s)
{
    stats_init(s, conn_now(c));
    if (c->state == WEFT_TCP_LISTEN)
        return;
    if (c->syn_acked) {
        s->segs_out = c->bare_out + (c->passive ? 0u : 1u); /* Linux does not count its SYN,ACK */
        s->segs_in = c->bare_in + (c->passive ? 2u : 0u); /* the active side counts from its SYN on */
        s->delivered = 1;
        s->bytes_acked = c->passive ? 0 : 1;
        s->bytes_received = c->peer_fin;
    } else if (c->passive) {
        s->segs_in = 1;
    } else if (c->state == WEFT_TCP_SYN_SENT && c->work) {
        s->segs_out = c->work->retries + (c->work->syn_due ? 0u : 1u);
        s->segs_in = c->bare_in;
    }
}

ASIDE void account_open_now(struct tcp_conn *c)
{
    if (!tcp_config(c->ep.stack)->statistics)
        return;
    c->stats = slab_alloc(&conn_tcp(c)->stats);
    if (c->stats)
        account_handshake(c, c->stats);
}

void account_crossed(struct tcp_conn *c)
{
    if (c->stats)
        return;
    account_open(c); /* with its SYN counted */
}

void account_repeats(struct tcp_conn *c, unsigned repeats)
{
    if (repeats)
        account_open(c); /* else nobody would remember */
    if (repeats && c->stats)
        c->stats->retrans = repeats;
}

void account_close(struct tcp_conn *c)
{
    if (!c->stats)
        return;
    mem_free(&c->ep.stack->mem, MEM_stats, c->stats->why, sizeof *c->stats->why);
    slab_free(&conn_tcp(c)->stats, c->stats);
    c->stats = NULL;
}

/* Without data there are no counters; how many segments came and went is in two bytes. */
static void count_bare(uint8_t *n, bool counts) { *n += counts && *n < UINT8_MAX; }

void account_in(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct tcp_stats *s;
    uint32_t n = stats_segments(seg->len, seg->pkt->gso_size);

    if (seg->len)
        account_open(c);
    s = c->stats;
    if (!s) {
        if (seg->len == 0)
            count_bare(&c->bare_in, c->syn_acked || !c->passive);
        return;
    }
    s->segs_in += n;
    if (seg->len) {
        s->data_segs_in += n;
        s->heard_data = conn_now(c);
    }
    if (seg_has(seg, TCP_ACK))
        s->heard_ack = conn_now(c);
}

SELDOM static void account_again(struct tcp_conn *c, const struct tcp_plan *plan)
{
    account_open(c); /* a FIN's, when there never was data: else it would not be counted */
    conn_why(c, plan->probe ? WEFT_WHY_retransmit_tlp : c->work->lost_by, plan->len);
}

void account_out(struct tcp_conn *c, const struct tcp_plan *plan)
{
    struct tcp_stats *s;
    uint32_t n = stats_segments(plan->len, plan->piece);

    if (unlikely(plan->kind == PLAN_RETRANSMIT))
        account_again(c, plan);
    s = c->stats;
    if (!s) {
        if (plan->len == 0)
            count_bare(&c->bare_out, c->syn_acked);
        return;
    }
    s->segs_out += n;
    s->data_segs_out += plan->len ? n : 0;
    s->bytes_sent += plan->len;
    s->bytes_retrans += plan->kind == PLAN_RETRANSMIT ? plan->len : 0;
    if (plan->kind == PLAN_RETRANSMIT || (plan->kind == PLAN_SYN && c->work->retries))
        s->retrans += n;
}

void account_progress(struct tcp_conn *c, uint32_t space)
{
    c->stats->bytes_acked += space;
    stats_progress(c->stats, conn_now(c));
}

uint64_t account_acknowledged(const struct tcp_conn *c)
{
    if (c->stats)
        return c->stats->bytes_acked;
    return c->spoke ? UINT64_MAX : !c->passive;
}

struct tcp_measured account_measured(const struct tcp_conn *c)
{
    const struct tcp_work *w = c->state == WEFT_TCP_LISTEN ? NULL : c->work;
    struct tcp_measured m = c->stats ? c->stats->measured : (struct tcp_measured){0};

    if (!w)
        return m;
    if (w->rate.best_us) {
        m.delivery_rate = rate_bytes(&w->rate, c->mss);
        m.starved = w->rate.best_starved;
    }
    if (w->rcvtune.most)
        m.rcv_space = w->rcvtune.most;
    if (w->rcvtune.rtt)
        m.rcv_rtt = (uint32_t)min_u64(w->rcvtune.rtt / WEFT_US, UINT32_MAX);
    return m;
}

void account_rest(struct tcp_conn *c) { c->stats->measured = account_measured(c); }

/* ---- what holds sending up ---- */

static const uint8_t stall[HELD_COUNT] = {
    [HELD_APPLICATION] = WEFT_WHY_stall_application,
    [HELD_RECEIVER] = WEFT_WHY_stall_receiver,
    [HELD_CONGESTION] = WEFT_WHY_stall_congestion,
    [HELD_PACING] = WEFT_WHY_stall_pacing,
    [HELD_SEND_BUFFER] = WEFT_WHY_stall_send_buffer,
    [HELD_SMALL] = WEFT_WHY_stall_small,
};

static enum tcp_held held_now(struct tcp_conn *c, const struct tcp_plan *plan)
{
    if (plan->kind == PLAN_DATA || plan->kind == PLAN_RETRANSMIT || plan->kind == PLAN_SYN)
        return HELD_BY_NOTHING;
    if (conn_unsent(c))
        return transmit_held(c);
    if (c->work->want_write)
        return HELD_SEND_BUFFER;
    return conn_in_flight(c) ? HELD_APPLICATION : HELD_IDLE;
}

/* From now on something else does. */
static inline void hold(struct tcp_conn *c, enum tcp_held by)
{
    enum tcp_held was;
    weft_time how_long;

    if (!stats_hold(c->stats, conn_now(c), by, &was, &how_long))
        return;
    if (stall[was] && how_long >= WEFT_US)
        conn_why(c, stall[was], (uint32_t)min_u64(how_long / WEFT_US, UINT32_MAX));
}

void account_held(struct tcp_conn *c, const struct tcp_plan *plan) { hold(c, held_now(c, plan)); }

void account_held_by(struct tcp_conn *c, enum tcp_held by) { hold(c, by); }

void account_held_lone(struct tcp_conn *c)
{
    hold(c, HELD_BY_NOTHING);
    c->stats->held_by = HELD_APPLICATION;
}

/* ---- why ---- */

static bool adds_up(enum weft_why why)
{
    for (unsigned i = 0; i < HELD_COUNT; i++)
        if (stall[i] == why)
            return true;
    return false;
}

static void keep(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    struct mem *m = &c->ep.stack->mem;

    if (!c->stats->why) {
        c->stats->why = mem_alloc(m, MEM_stats, sizeof *c->stats->why);
        if (!c->stats->why)
            return;
        why_init(c->stats->why);
    }
    why_add(c->stats->why, conn_now(c), why, value, adds_up(why));
}

ASIDE void conn_why_tell(struct tcp_conn *c, enum weft_why why, uint32_t value)
{
    struct tcp_flow flow;

    if (c->stats)
        keep(c, why, value);
    if (!c->ep.stack->env.trace)
        return;
    flow = conn_flow(c);
    stack_trace_why(c->ep.stack, &c->ep, &flow.local, &flow.remote, why, value);
}

size_t weft_why_read(const weft_sock *sock, struct weft_why_event *out, size_t max)
{
    const struct tcp_conn *c = conn_of(sock);
    const struct why_ring *r;
    size_t n;

    stack_settle(sock->stack);
    if (weft_sock_proto(sock) != WEFT_TCP || !c->stats || !c->stats->why)
        return 0;
    r = c->stats->why;
    n = min_size(max, r->count);
    for (size_t i = 0; i < n; i++) {
        const struct why *w = why_at(r, (unsigned)(r->count - n + i));

        out[i] = (struct weft_why_event){w->at, w->kind, w->count, w->value};
    }
    return n;
}
