/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery at work: what an acknowledgment or a timer means for it. The rooms know the rules (sndmap, rack,
 * recovery, usage, cc); here they are asked in order. How losses are found is in detect.c, what becomes of the window
 * in steering.c.
 *
 * The order is that of Linux's tcp_fastretrans_alert, because what a peer sees of ambiguous cases depends on it:
 * probe answered? — episode over? — undo? — what is lost? — begin or go on — window.
 */
#include "tcp/losses.h"

#include "tcp/pathmtu.h"

#define RENEGE_PATIENCE (10 * WEFT_MS)

/* ---- small questions ---- */

/* Is anything sent again still unacknowledged? */
static bool any_sent_again(const struct tcp_work *w)
{
    return w->sndmap.again || sndmap_first_is_again(&w->sndmap);
}

/* Nothing was sent again in this episode yet: what arrives is what was sent first, and was only late. */
static bool nothing_went_again(const struct recovery *v) { return v->may_undo && v->undo_left < 0; }

static bool may_undo(const struct tcp_conn *c, const struct ack_report *r)
{
    const struct recovery *v = &c->work->recovery;

    return v->may_undo && (v->undo_left <= 0 || recovery_echo_is_older(v, r->has_echo, r->echo));
}

/* ---- the window comes down ---- */

/* What is lost goes again, and for a reason that is no congestion: cwnd stays. */
static void repair_without_blame(struct tcp_conn *c)
{
    struct recovery *v = &c->work->recovery;

    c->work->lost_by = WEFT_WHY_retransmit_pmtu;
    if (v->state == RECOVERY_LOSS)
        return;
    c->cc.ssthresh = recovery_reduces(v) ? c->cc.ssthresh : cc_remember(&c->cc);
    v->high = c->snd.nxt;
    v->prior_ssthresh = 0;
    v->may_undo = false;
    v->state = RECOVERY_LOSS;
}

/* When what is lost first went out; 0: that cannot be known any more. */
static weft_time first_departure(const struct tcp_work *w)
{
    const struct sent *s = sndmap_at(&w->sndmap, 0);

    return (s->flags & (SENT_LOST | SENT_EVER)) == SENT_LOST ? s->at : 0;
}

static void enter_recovery(struct tcp_conn *c, bool ece)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;

    if (unlikely(w->search.size && !ece && v->state < RECOVERY_FAST && conn_probe_lost(c))) {
        repair_without_blame(c);
        return;
    }
    v->prior_ssthresh = 0;
    recovery_watch(v, c->snd.una, w->sndmap.again + (w->tlp.out && w->tlp.again));
    v->first_at = first_departure(w);
    if (!recovery_reduces(v)) {
        if (!ece)
            v->prior_ssthresh = cc_remember(&c->cc);
        steering_reduce(c);
    }
    v->state = RECOVERY_FAST;
    v->outstanding = w->sndmap.total;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_fast_retrans);
}

/* Congestion without a loss to repair: told by ECN (RFC 3168 §6.1.2), or found by a probe. */
static void enter_cwr(struct tcp_conn *c)
{
    struct recovery *v = &c->work->recovery;

    v->prior_ssthresh = 0;
    if (v->state >= RECOVERY_CWR)
        return;
    v->may_undo = false;
    steering_reduce(c);
    v->state = RECOVERY_CWR;
}

/* Nothing is being reduced: OPEN, or DISORDER while something is missing. */
static void keep_open(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    bool missing = w->sndmap.sacked || w->sndmap.lost || (!c->sack_ok && w->recovery.duplicates);
    uint8_t state = missing || any_sent_again(w) ? RECOVERY_DISORDER : RECOVERY_OPEN;

    if (w->recovery.state != state) {
        w->recovery.state = state;
        w->recovery.high = c->snd.nxt;
    }
}

static void try_to_open(struct tcp_conn *c, const struct ack_report *r)
{
    struct tcp_work *w = c->work;

    if (!any_sent_again(w))
        w->recovery.resent = false;
    if (r->ece)
        enter_cwr(c);
    if (w->recovery.state != RECOVERY_CWR)
        keep_open(c);
}

/* ---- it was for nothing ---- */

static void undo(struct tcp_conn *c, bool nothing_is_lost)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;

    if (nothing_is_lost)
        sndmap_find_all(&w->sndmap);
    if (v->state != RECOVERY_LOSS && v->late) {
        c->reordered = true;
        rack_learn(&w->rack, v->late, rtt_min(&c->rtt));
    }
    steering_restore(c);
    v->may_undo = false;
    w->rack.advanced = true; /* what was marked under the wrong assumption is looked at again */
}

/* All retransmissions were reported as duplicates. */
static bool undo_by_dsack(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    if (!recovery_all_duplicated(&w->recovery))
        return false;
    rack_recovered(&w->rack, true);
    undo(c, false);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_dsack_undo);
    return true;
}

/* The episode ends; without SACK what follows may be duplicates of what was resent. */
static void set_guard(struct tcp_conn *c)
{
    struct recovery *v = &c->work->recovery;

    v->guard = !c->sack_ok && seq_le(c->snd.una, v->high) ? v->state : 0;
}

/* Everything up to `high` is acknowledged. */
static void finish(struct tcp_conn *c, const struct ack_report *r)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;

    if (may_undo(c, r)) {
        stack_count(c->ep.stack, v->state == RECOVERY_LOSS ? WEFT_COUNT_tcp_loss_undo : WEFT_COUNT_tcp_full_undo);
        undo(c, false);
    } else {
        rack_recovered(&w->rack, false);
    }
    set_guard(c);
    v->state = RECOVERY_OPEN;
    v->reneged = v->frto = v->frto_new = false;
}

/*
 * A partial acknowledgment of what was sent first, not of what was sent again. True: clock out, and send nothing again.
 */
static bool undo_partially(struct tcp_conn *c, const struct ack_report *r)
{
    struct tcp_work *w = c->work;

    if (!w->recovery.may_undo)
        return false;
    if (!nothing_went_again(&w->recovery) && !recovery_echo_is_older(&w->recovery, r->has_echo, r->echo))
        return false;
    losses_note_reordering(c, r->prior_una);
    if (w->sndmap.again)
        return true;
    if (!any_sent_again(w))
        w->recovery.resent = false;
    undo(c, true);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_partial_undo);
    keep_open(c);
    return false;
}

/* After a time-out: what arrived shows that nothing needed it. */
static void undo_timeout(struct tcp_conn *c, bool by_frto)
{
    struct recovery *v = &c->work->recovery;

    undo(c, true);
    c->work->retries = 0; /* the back-off stays until a clean sample */
    stack_count(c->ep.stack, WEFT_COUNT_tcp_loss_undo);
    if (by_frto)
        stack_count(c->ep.stack, WEFT_COUNT_tcp_spurious_rtos);
    v->frto = v->frto_new = false;
    set_guard(c);
    v->state = RECOVERY_OPEN;
}

/* ---- states ---- */

/* A duplicate without SACK stands for a segment that left the network. */
static void count_duplicate(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    uint32_t n;

    if (c->sack_ok || !r->duplicate || recovery_lingers(&w->recovery, c->snd.una))
        return;
    n = recovery_duplicate(&w->recovery, w->sndmap.total, w->sndmap.lost);
    if (w->recovery.guard && w->recovery.state < RECOVERY_CWR) /* no more than RFC 3042 grants */
        w->recovery.duplicates = min_u32(w->recovery.duplicates, DUP_THRESH - 1);
    r->delivered += n;
}

/* The episode's end is acknowledged. */
static void leave(struct tcp_conn *c, struct ack_report *r)
{
    struct recovery *v = &c->work->recovery;

    if (v->state == RECOVERY_CWR && !seq_eq(c->snd.una, v->high)) { /* CWR itself must have arrived */
        steering_reduced(c, true);
        v->state = RECOVERY_OPEN;
    } else if (v->state == RECOVERY_FAST) {
        v->duplicates = 0;
        finish(c, r);
        steering_reduced(c, false);
        r->just_recovered = v->guard != 0; /* without SACK recovery is not quite over (RFC 6582 §3.2) */
    }
}

static void while_fast(struct tcp_conn *c, struct ack_report *r)
{
    if (!r->advanced)
        count_duplicate(c, r);
    else if (undo_partially(c, r))
        return;
    if (undo_by_dsack(c))
        try_to_open(c, r);
    losses_find(c, r);
    if (c->work->recovery.state != RECOVERY_FAST && c->work->sndmap.lost) /* undone, and yet something is lost */
        enter_recovery(c, r->ece);
}

static struct frto frto_view(const struct tcp_conn *c, const struct ack_report *r)
{
    const struct recovery *v = &c->work->recovery;

    return (struct frto){
        .original = r->news.original && (c->sack_ok || !r->news.again),
        .advanced = r->advanced,
        .sacked = r->news.sacked > 0,
        .duplicate = !c->sack_ok && r->duplicate,
        .recovered = seq_ge(c->snd.una, v->high),
        .sent_new = seq_gt(c->snd.nxt, v->high),
        .can_send = conn_unsent(c) && seq_gt(seq_add(c->snd.una, c->snd.wnd), c->snd.nxt),
    };
}

static void after_timeout(struct tcp_conn *c, struct ack_report *r)
{
    struct recovery *v = &c->work->recovery;
    struct frto f = frto_view(c, r);

    if (r->advanced && may_undo(c, r)) {
        undo_timeout(c, false);
        return;
    }
    switch (recovery_frto(v, &f)) {
    case FRTO_SPURIOUS:
        undo_timeout(c, true);
        return;
    case FRTO_SEND_NEW:
        v->high = c->snd.nxt;
        return;
    case FRTO_REAL:
        break;
    }
    if (f.recovered)
        finish(c, r);
    else if (!c->sack_ok && f.sent_new && r->duplicate)
        count_duplicate(c, r);
    else if (!c->sack_ok && r->advanced)
        v->duplicates = 0;
}

/* False: it goes no further. */
static bool while_timed_out(struct tcp_conn *c, struct ack_report *r)
{
    after_timeout(c, r);
    losses_find(c, r);
    return c->work->recovery.state == RECOVERY_OPEN || r->lost_again;
}

static void while_open(struct tcp_conn *c, struct ack_report *r)
{
    struct recovery *v = &c->work->recovery;

    if (!c->sack_ok && r->advanced)
        v->duplicates = 0;
    count_duplicate(c, r);
    if (v->state <= RECOVERY_DISORDER)
        undo_by_dsack(c);
    losses_find(c, r);
    if (c->work->sndmap.lost)
        enter_recovery(c, r->ece);
    else
        try_to_open(c, r);
}

/*
 * The number goes up to what the peer had reported already, and not beyond: has it taken that back (RFC 2018 §8)? Half
 * a round trip, ten milliseconds at least, it may still correct itself; until then nothing is judged, as on Linux.
 */
SELDOM static bool doubts_report(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;

    if (!r->advanced || w->sndmap.sacked == 0 || !(sndmap_at(&w->sndmap, 0)->flags & SENT_SACKED))
        return false;
    w->deadline[TCP_TIMER_RETRANSMIT] = time_after(conn_now(c), max_u64(rtt_smoothed(&c->rtt) / 2, RENEGE_PATIENCE));
    w->wait = WAIT_TIMEOUT;
    r->restart_timer = false;
    return true;
}

/* The acknowledgment is not a plain one, or the connection is not. */
SELDOM static void alert(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;

    if (r->ece)
        v->prior_ssthresh = 0; /* congestion is certain: it must not be undone */
    if (doubts_report(c, r))
        return;
    if (v->state == RECOVERY_OPEN)
        v->resent = false;
    else if (seq_ge(c->snd.una, v->high))
        leave(c, r);
    if (v->state == RECOVERY_FAST)
        while_fast(c, r);
    else if (v->state != RECOVERY_LOSS || while_timed_out(c, r))
        while_open(c, r);
}

/* ---- tail loss probes ---- */

SELDOM static void judge_probe(struct tcp_conn *c, const struct ack_report *r)
{
    bool pure = r->duplicate && r->news.sacked == 0;

    if (tlp_on_ack(&c->work->tlp, c->snd.una, r->dsack_probe, pure) != TLP_REPAIRED)
        return;
    steering_reduce(c); /* a loss was repaired before anybody saw it: the window answers for it all the same */
    c->work->recovery.state = RECOVERY_CWR;
    steering_reduced(c, true);
    keep_open(c);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_tlp_recovered);
}

/* ---- an acknowledgment ---- */

/* What the segments that arrived prove, and what it tells of the path. */
static void take_proof(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    const struct sndmap_news *n = &r->news;

    if (unlikely(w->recovery.first_at) && r->advanced)
        recovery_first_arrived(&w->recovery, conn_now(c), w->rack.rtt);
    if (unlikely(n->reordered) && r->advanced)
        rack_confirm(&w->rack, conn_now(c) - min_u64(n->first_at, conn_now(c)), rtt_min(&c->rtt));
    if (n->proof && c->sack_ok)
        rack_advance(&w->rack, &n->latest, conn_now(c) - n->proof_at);
    if (c->sack_ok)
        rack_adapt(&w->rack, !(tcp_config(c->ep.stack)->recovery & 2), w->rate.delivered + n->delivered,
                   n->delivered ? n->newest.delivered : w->rate.delivered);
    if (n->reordered && c->sack_ok && (w->recovery.state != RECOVERY_LOSS || w->recovery.may_undo))
        losses_note_reordering(c, n->reorder);
    r->delivered += likely(c->sack_ok) ? n->delivered : recovery_eat(&w->recovery, n->acked);
}

/* Is it more than the next piece of news of an undisturbed flow? */
static bool is_dubious(const struct tcp_conn *c, const struct ack_report *r)
{
    return c->work->recovery.state != RECOVERY_OPEN || !r->news_of_any_kind || r->news.sacked || r->ece || r->dsack;
}

void losses_on_ack(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    struct rate_sample rate;
    struct growth growth;

    if (w->recovery.guard && seq_gt(c->snd.una, w->recovery.high))
        w->recovery.guard = 0; /* behind us for good; kept, it would look ahead again after 2^31 bytes */
    take_proof(c, r);
    if (w->tlp.out)
        judge_probe(c, r);
    if (is_dubious(c, r))
        alert(c, r);
    if (r->restart_timer)
        losses_restart_timer(c);
    rate = rate_deliver(&w->rate, &r->news, r->delivered, rtt_min(&c->rtt));
    steering_lead(c, r);
    growth = (struct growth){
        .rtt = r->rtt,
        .delivered = r->delivered,
        .lost = r->lost,
        .before = r->prior_pipe,
        /* while order is disturbed, any arrival is progress */
        .progress = !r->just_recovered && (r->advanced || (r->news.sacked && c->reordering > DUP_THRESH)),
    };
    steering_grow(c, &growth, &rate);
}

/* ---- timers ---- */

/* Does this time-out set ssthresh, or has this window's loss been answered for (RFC 5681 §3.1)? */
static bool is_first_answer(const struct tcp_conn *c)
{
    const struct recovery *v = &c->work->recovery;

    return v->state <= RECOVERY_DISORDER || !seq_gt(v->high, c->snd.una) ||
           (v->state == RECOVERY_LOSS && c->work->retries == 1);
}

static void answer_timeout(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;

    v->prior_ssthresh = recovery_reduces(v) ? c->cc.ssthresh : cc_remember(&c->cc);
    v->prior_cwnd = c->cc.cwnd;
    c->cc.ssthresh = conn_cc(c)->ssthresh(&c->cc, &w->cc_private);
    steering_tell(c, CC_EVENT_TIMEOUT);
    recovery_watch(v, c->snd.una, w->sndmap.again);
    if (!any_sent_again(w))
        v->resent = false;
}

/* Everything is lost that was sent longer ago than a round trip takes (RFC 8985 §6.3). */
static void lose_what_timed_out(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    bool renege = sndmap_at(&w->sndmap, 0)->flags & SENT_SACKED;
    weft_time before = losses_by_time(c) ? conn_now(c) - min_u64(w->rack.rtt, conn_now(c)) + 1 : WEFT_NEVER;
    struct sndmap_lost lost = sndmap_lose_all(&w->sndmap, before, renege);

    stack_count_n(c->ep.stack, WEFT_COUNT_tcp_lost_retransmit, lost.again);
    if (renege)
        stack_count(c->ep.stack, WEFT_COUNT_tcp_sack_reneging);
    w->recovery.reneged |= renege;
    w->recovery.duplicates = 0;
    w->lost_by = renege ? WEFT_WHY_retransmit_reneged : WEFT_WHY_retransmit_rto;
}

void losses_on_timeout(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;
    bool new_episode = v->state < RECOVERY_FAST;
    uint32_t sacked = w->sndmap.sacked + v->duplicates;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);

    path_search_forget(&w->search);
    lose_what_timed_out(c);
    if (is_first_answer(c))
        answer_timeout(c);
    steering_set(c, conn_pipe(c) + 1, WEFT_WHY_cwnd_timeout);
    if (v->state <= RECOVERY_DISORDER && sacked >= k->reordering) /* so much order was not in it after all */
        c->reordering = (uint16_t)min_u32(c->reordering, k->reordering);
    v->state = RECOVERY_LOSS;
    ecn_reduced(&c->ecn);
    v->high = c->snd.nxt;
    v->frto = k->frto && (new_episode || w->retries > 1);
    v->frto_new = false;
    v->guard = 0;
    w->tlp.out = false;
}

void losses_on_patience(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    struct ack_report r = {.delivered = 1};
    struct sndmap_lost found;

    if (!c->sack_ok || w->sndmap.count == 0)
        return;
    found = losses_find_by_time(c);
    r.lost = found.segments;
    if (found.segments && w->recovery.state != RECOVERY_FAST) {
        enter_recovery(c, false);
        steering_lead(c, &r);
    }
    if (found.wait)
        losses_wait(c, found.wait);
}

/* The path takes no segments of this size (RFC 1191): they go again, smaller. No sign of congestion: cwnd stays. */
void losses_on_smaller_path(struct tcp_conn *c)
{
    if (c->work && sndmap_lose_larger(&c->work->sndmap, c->mss))
        repair_without_blame(c);
}
