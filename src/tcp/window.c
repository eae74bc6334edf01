/* SPDX-License-Identifier: MIT */
/*
 * The congestion window of a connection: where it begins, and what use and disuse make of it. How acknowledgments move
 * it is in losses.c.
 */
#include "tcp/window.h"

#include "tcp/account.h"
#include "tcp/autosize.h"
#include "tcp/timeouts.h"

static uint32_t initial_window(const struct tcp_conn *c)
{
    return cc_initial_window(c->mss, tcp_config(c->ep.stack)->initial_window);
}

/* RFC 6928; one segment after more than one SYN was lost (RFC 5681 §3.1). */
void window_start(struct tcp_conn *c, bool lost_twice)
{
    const struct cc_ops *cc = conn_cc(c);

    c->cc = (struct cc){.cwnd = lost_twice ? 1 : initial_window(c), .ssthresh = CC_NONE};
    if (c->work)
        c->work->pacer = (struct pacer){0};
    if (c->work && cc->init)
        cc->init(&c->cc, &c->work->cc_private);
    conn_why(c, WEFT_WHY_cwnd_start, c->cc.cwnd);
}

/* cwnd was more than what was used of it. */
SELDOM static void shrink(struct tcp_conn *c, uint32_t cwnd, enum weft_why why)
{
    const struct cc_ops *cc = conn_cc(c);

    if (cwnd >= c->cc.cwnd)
        return;
    c->cc.ssthresh = cc_remember(&c->cc);
    c->cc.cwnd = cwnd;
    c->work->planned = false;
    if (cc->on_event)
        cc->on_event(&c->cc, &c->work->cc_private, CC_EVENT_IDLE, conn_now(c), 0);
    conn_why(c, why, cwnd);
}

void window_after_idle(struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    weft_time rto, idle = conn_now(c) - c->spoke;

    if (likely(conn_in_flight(c) || idle <= k->rto_min) || !c->spoke || !conn_unsent(c) || conn_cc(c)->owns ||
        !k->slow_start_after_idle)
        return;
    rto = conn_rto(c);
    if (idle > rto)
        shrink(c, usage_after_idle(&c->work->usage, conn_now(c), idle, rto, c->cc.cwnd, initial_window(c)),
               WEFT_WHY_cwnd_idle);
}

uint64_t window_rate(const struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct autosize a = {
        .mss = c->mss,
        .cwnd = c->cc.cwnd,
        .ssthresh = c->cc.ssthresh,
        .srtt8 = c->rtt.srtt8,
        .slow_start = k->pacing_ss_ratio,
        .avoidance = k->pacing_ca_ratio,
    };
    uint64_t most = c->settings->max_pacing_rate, rate;

    if (conn_cc(c)->pacing_rate && c->work)
        rate = conn_cc(c)->pacing_rate(&c->cc, &c->work->cc_private);
    else
        rate = autosize_rate(&a);
    return min_u64(rate ? rate : UINT64_MAX, most ? most : UINT64_MAX);
}

/* The application gives less than the window takes, and nothing waits to be repaired: rate samples say so. */
static void note_starvation(struct tcp_conn *c, uint32_t pipe)
{
    struct tcp_work *w = c->work;

    if (conn_unsent(c) < c->mss && pipe < c->cc.cwnd && w->sndmap.due == 0)
        rate_starve(&w->rate, pipe);
}

void window_used(struct tcp_conn *c)
{
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct tcp_work *w = c->work;
    uint32_t pipe = conn_pipe(c);

    usage_note(&w->usage, c->snd.una, c->snd.nxt, w->sndmap.total, pipe >= c->cc.cwnd);
    note_starvation(c, pipe);
    if (usage_allows_growth(&w->usage, c->cc.cwnd, cc_in_slow_start(&c->cc))) {
        w->usage.used = 0;
        w->usage.full_at = conn_now(c);
    } else if (conn_now(c) - w->usage.full_at >= k->rto_min && k->slow_start_after_idle && !conn_cc(c)->owns &&
               w->recovery.state == RECOVERY_OPEN && !w->want_write) {
        shrink(c, usage_decay(&w->usage, conn_now(c), conn_rto(c), c->cc.cwnd, initial_window(c)),
               WEFT_WHY_cwnd_limited_by_application);
    }
}
