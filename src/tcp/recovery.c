/* SPDX-License-Identifier: MIT */
/* Loss recovery's state; see recovery.h. */
#include "tcp/recovery.h"

void recovery_init(struct recovery *r) { memset(r, 0, sizeof *r); }

void recovery_reduce(struct recovery *r, struct seq nxt, uint32_t cwnd)
{
    r->high = nxt;
    r->prior_cwnd = cwnd;
    r->prr_delivered = r->prr_out = 0;
}

void recovery_watch(struct recovery *r, struct seq una, uint32_t again)
{
    r->may_undo = true;
    r->undo_from = una;
    r->undo_left = again ? (int32_t)again : -1; /* none yet is not the same as none left */
    r->first_at = r->late = 0;
}

void recovery_first_arrived(struct recovery *r, weft_time now, weft_time rtt)
{
    weft_time took = now - r->first_at;

    if (r->first_at == 0)
        return;
    r->first_at = 0;
    r->late = took > rtt ? took - rtt : 0;
}

void recovery_resent(struct recovery *r, uint32_t segments, uint32_t ts)
{
    if (!r->resent) {
        r->resent = true;
        r->resent_ts = ts;
    }
    r->undo_left = (r->undo_left < 0 ? 0 : r->undo_left) + (int32_t)segments;
}

uint32_t recovery_prr(struct recovery *r, const struct prr *p)
{
    int64_t allowed;

    weft_assert(r->prior_cwnd > 0, "recovery_reduce began it with a window");
    r->prr_delivered += p->delivered;
    if (p->pipe > p->ssthresh) { /* proportional: what went out is to what came in as ssthresh is to the old window */
        uint64_t due = ((uint64_t)p->ssthresh * r->prr_delivered + r->prior_cwnd - 1) / r->prior_cwnd;

        allowed = (int64_t)due - r->prr_out;
    } else { /* the pipe fell below: back up to ssthresh, by slow start while the acknowledgments are safe (PRR-SSRB) */
        allowed = (int64_t)r->prr_delivered - r->prr_out;
        if (allowed < p->delivered)
            allowed = p->delivered;
        allowed += p->safe;
        if (allowed > (int64_t)p->ssthresh - p->pipe)
            allowed = (int64_t)p->ssthresh - p->pipe;
    }
    if (allowed < (r->prr_out == 0)) /* the first retransmission goes in any case */
        allowed = r->prr_out == 0;
    return (uint32_t)(p->pipe + allowed);
}

void recovery_duplicated(struct recovery *r, struct seq end, struct seq una, uint32_t segments)
{
    if (r->may_undo && r->undo_left > 0 && seq_le(end, una) && seq_gt(end, r->undo_from))
        r->undo_left -= (int32_t)min_u32(segments, (uint32_t)r->undo_left);
}

enum frto_verdict recovery_frto(struct recovery *r, const struct frto *f)
{
    r->frto_new = false;
    if (!r->frto)
        return FRTO_REAL;
    if (f->original) /* step 3b */
        return FRTO_SPURIOUS;
    if (f->sent_new) {
        if (f->sacked || f->duplicate) /* step 3a */
            r->frto = false;
    } else if (f->advanced && !f->recovered) { /* step 2b */
        if (f->can_send) {
            r->frto_new = true;
            return FRTO_SEND_NEW;
        }
        r->frto = false;
    }
    return FRTO_REAL;
}

uint32_t recovery_duplicate(struct recovery *r, uint32_t in_flight, uint32_t lost)
{
    uint32_t holes;

    /*
     * What is sent for each duplicate must not entitle to another: forged ones would pull all there is (Savage 1999).
     */
    if (r->state == RECOVERY_FAST)
        in_flight = min_u32(in_flight, r->outstanding);
    holes = min_u32(max_u32(lost, 1), in_flight);
    if (r->duplicates + holes >= in_flight) /* more than there can be: the network made copies, or order was changed */
        return 0;
    r->duplicates++;
    return 1;
}

uint32_t recovery_eat(struct recovery *r, uint32_t acked)
{
    uint32_t had = r->duplicates;

    if (acked == 0)
        return 0;
    r->duplicates -= min_u32(acked - 1, had);
    return acked > had + 1 ? acked - had : 1;
}
