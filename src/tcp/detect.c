/* SPDX-License-Identifier: MIT */
/*
 * Which segments are lost, asked in the way that the connection and its configuration have: RACK, RFC 6675, or NewReno.
 */
#include "tcp/losses.h"

bool losses_by_time(const struct tcp_conn *c) { return tcp_config(c->ep.stack)->recovery & 1; }

void losses_note_reordering(struct tcp_conn *c, struct seq low)
{
    const struct sndmap *m = &c->work->sndmap;
    struct seq high = m->sacked ? m->highest : m->una;
    uint32_t distance;

    if (!seq_lt(low, high))
        return;
    distance = ((uint32_t)seq_diff(high, low) + c->mss - 1) / c->mss;
    c->reordering = (uint16_t)min_u32(max_u32(c->reordering, distance), tcp_config(c->ep.stack)->max_reordering);
    c->reordered = true;
    stack_count(c->ep.stack, WEFT_COUNT_tcp_reordering);
    if (c->stats)
        c->stats->reord_seen++;
}

void losses_wait(struct tcp_conn *c, weft_time wait)
{
    struct tcp_work *w = c->work;

    w->deadline[TCP_TIMER_RETRANSMIT] = time_after(conn_now(c), wait);
    w->wait = WAIT_REORDER;
}

struct sndmap_lost losses_find_by_time(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;
    const struct weft_tcp_config *k = tcp_config(c->ep.stack);
    struct rack_view view = {
        .srtt = rtt_smoothed(&c->rtt),
        .min_rtt = rtt_min(&c->rtt),
        .reordered = c->reordered,
        .recovering = w->recovery.state >= RECOVERY_FAST,
        .enough = w->sndmap.sacked >= c->reordering && !(k->recovery & 4),
        .widens = !(k->recovery & 2),
    };
    struct sndmap_clock q = {
        .now = conn_now(c),
        .proof = w->rack.proof,
        .patience = w->rack.rtt + rack_window(&w->rack, &view),
    };
    struct sndmap_lost found = sndmap_detect_by_time(&w->sndmap, &q);

    if (found.segments)
        w->lost_by = WEFT_WHY_retransmit_rack;
    stack_count_n(c->ep.stack, WEFT_COUNT_tcp_lost_retransmit, found.again);
    return found;
}

/* Without SACK: three duplicates, and in recovery each partial acknowledgment, mean the first one (RFC 6582). */
static uint32_t detect_without_sack(struct tcp_conn *c, bool advanced)
{
    struct tcp_work *w = c->work;
    struct recovery *v = &w->recovery;
    bool enough = v->state < RECOVERY_FAST && v->duplicates >= c->reordering && !v->guard;
    bool partial = v->state == RECOVERY_FAST && advanced;

    if (!enough && !partial)
        return 0;
    w->lost_by = partial ? WEFT_WHY_retransmit_partial : WEFT_WHY_retransmit_dupthresh;
    return sndmap_lose_first(&w->sndmap, &c->ep.stack->mem, c->mss);
}

void losses_find(struct tcp_conn *c, struct ack_report *r)
{
    struct tcp_work *w = c->work;
    struct sndmap_lost found = {0};

    if (w->sndmap.count == 0)
        return;
    if (!c->sack_ok) {
        found.segments = detect_without_sack(c, r->advanced);
    } else if (!losses_by_time(c)) {
        found.segments = sndmap_detect_by_count(&w->sndmap, c->reordering);
        if (found.segments)
            w->lost_by = WEFT_WHY_retransmit_dupthresh;
    } else if (w->rack.advanced) {
        w->rack.advanced = false;
        found = losses_find_by_time(c);
        if (found.wait) {
            losses_wait(c, found.wait);
            r->restart_timer = false;
        }
    }
    r->lost += found.segments;
    r->lost_again |= found.again > 0;
}
