/* SPDX-License-Identifier: MIT */
/*
 * What acknowledgments, losses and time-outs make of the congestion window: it is set, led down, restored and let grow
 * here alone. Where it begins, and what use and disuse make of it, is in window.c.
 */
#include "tcp/account.h"
#include "tcp/losses.h"

ASIDE void steering_set(struct tcp_conn *c, uint32_t cwnd, enum weft_why why)
{
    if (c->cc.cwnd == cwnd)
        return;
    c->cc.cwnd = cwnd;
    conn_why(c, why, cwnd);
}

void steering_tell(struct tcp_conn *c, enum cc_event event)
{
    const struct cc_ops *cc = conn_cc(c);

    if (cc->on_event)
        cc->on_event(&c->cc, &c->work->cc_private, event, conn_now(c), 0);
}

void steering_reduce(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    recovery_reduce(&w->recovery, c->snd.nxt, c->cc.cwnd);
    w->tlp.out = false;
    c->cc.ssthresh = conn_cc(c)->ssthresh(&c->cc, &w->cc_private);
    ecn_reduced(&c->ecn);
}

void steering_reduced(struct tcp_conn *c, bool told)
{
    if (conn_cc(c)->owns)
        return;
    if (c->cc.ssthresh < CC_NONE && (told || c->work->recovery.may_undo))
        steering_set(c, c->cc.ssthresh, WEFT_WHY_cwnd_recovered);
    steering_tell(c, CC_EVENT_REDUCED);
}

void steering_restore(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    const struct recovery *v = &w->recovery;
    const struct cc_ops *cc = conn_cc(c);

    if (v->prior_ssthresh == 0)
        return;
    steering_set(c, cc->undo ? cc->undo(&c->cc, &w->cc_private, v->prior_cwnd) : max_u32(c->cc.cwnd, v->prior_cwnd),
                 WEFT_WHY_cwnd_undo);
    if (v->prior_ssthresh > c->cc.ssthresh) {
        c->cc.ssthresh = v->prior_ssthresh;
        c->ecn.cwr_due = false;
    }
    steering_tell(c, CC_EVENT_UNDO);
}

/*
 * RFC 7661: it was used. What is acknowledged is in use: for an RTO from then on nothing shrinks for want of it, as on
 * Linux.
 */
static bool may_grow(struct tcp_conn *c, const struct growth *g)
{
    struct tcp_work *w = c->work;

    if (recovery_reduces(&w->recovery) || !g->progress)
        return false;
    w->usage.full_at = conn_now(c);
    return usage_allows_growth(&w->usage, c->cc.cwnd, cc_in_slow_start(&c->cc));
}

/* It may not grow, but slow start may end by how long round trips take. */
static inline void tell_round_trip(struct tcp_conn *c, const struct cc_ops *cc, weft_time rtt)
{
    struct tcp_work *w = c->work;

    if (c->cc.ssthresh != CC_NONE || !cc->on_round_trip || w->recovery.state >= RECOVERY_FAST)
        return;
    cc->on_round_trip(&c->cc, &w->cc_private, rtt, c->snd.una, c->snd.nxt);
    if (unlikely(c->cc.ssthresh != CC_NONE))
        conn_why(c, WEFT_WHY_cwnd_hystart, c->cc.ssthresh);
}

/* All that there is to know. */
static void tell_ack(struct tcp_conn *c, const struct growth *g, const struct rate_sample *rate, bool grows)
{
    struct tcp_work *w = c->work;
    uint32_t cwnd = c->cc.cwnd, ssthresh = c->cc.ssthresh;
    struct cc_ack a = {
        .now = conn_now(c),
        .rtt = g->rtt,
        .srtt = rtt_smoothed(&c->rtt),
        .min_rtt = rtt_min(&c->rtt),
        .delivered = g->delivered,
        .lost = g->lost,
        .in_flight = conn_pipe(c),
        .before = g->before,
        .una = c->snd.una,
        .nxt = c->snd.nxt,
        .grows = grows,
        .recovering = w->recovery.state >= RECOVERY_FAST,
        .rate_delivered = rate->delivered,
        .rate_before = rate->before,
        .rate_interval = rate->interval,
        .rate_starved = rate->starved,
        .delivered_total = w->rate.delivered,
    };

    conn_cc(c)->on_ack(&c->cc, &w->cc_private, &a);
    if (c->cc.ssthresh != ssthresh)
        conn_why(c, WEFT_WHY_cwnd_hystart, c->cc.ssthresh);
    if (c->cc.cwnd != cwnd)
        conn_why(c, cwnd < ssthresh ? WEFT_WHY_cwnd_slow_start : WEFT_WHY_cwnd_avoidance, c->cc.cwnd);
}

void steering_grow(struct tcp_conn *c, const struct growth *g, const struct rate_sample *rate)
{
    const struct cc_ops *cc = conn_cc(c);
    bool grows = may_grow(c, g);

    if (grows || cc->owns)
        tell_ack(c, g, rate, grows);
    else
        tell_round_trip(c, cc, g->rtt);
}

void steering_lead(struct tcp_conn *c, const struct ack_report *r)
{
    struct tcp_work *w = c->work;
    struct prr p;

    if (likely(!recovery_reduces(&w->recovery)) || r->delivered == 0 || conn_cc(c)->owns)
        return;
    p = (struct prr){c->cc.ssthresh, conn_pipe(c), r->delivered, r->advanced && r->lost == 0};
    steering_set(c, max_u32(recovery_prr(&w->recovery, &p), 1),
                 w->recovery.state == RECOVERY_CWR ? WEFT_WHY_cwnd_ecn : WEFT_WHY_cwnd_recovery);
}
