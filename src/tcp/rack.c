/* SPDX-License-Identifier: MIT */
/* RACK-TLP; see rack.h. */
#include "tcp/rack.h"

#define LATE_MARGIN 2 /* what overtakes seems slower than it is while a queue grows, and faster while it shrinks */
#define TLP_SLACK (2 * WEFT_MS)
#define LONG_AGO  (UINT32_C(1) << 30) /* segments: half of what a difference of counts can tell from the future */

void rack_init(struct rack *r)
{
    memset(r, 0, sizeof *r);
    r->steps = 1;
}

void rack_advance(struct rack *r, const struct departure *then, weft_time rtt)
{
    r->advanced = true;
    r->rtt = rtt;
    if (r->proof.at == 0 || departed_later(then, &r->proof))
        r->proof = *then;
}

weft_time rack_window(const struct rack *r, const struct rack_view *v)
{
    /* While nothing was ever reordered, a loss that is evident otherwise is not waited for. */
    if (!v->reordered && (v->recovering || v->enough))
        return 0;
    return min_u64(v->min_rtt / 4 * (v->widens ? r->steps : 1), v->srtt);
}

void rack_adapt(struct rack *r, bool widens, uint32_t delivered, uint32_t before)
{
    if (!widens)
        return;
    /* no round trip has passed since it was widened: these may be old news */
    if ((int32_t)(before - r->widened_at) < 0)
        r->dsack = false;
    else if (before - r->widened_at > LONG_AGO) /* it follows, or 2^31 segments later it would lie ahead */
        r->widened_at = before - LONG_AGO;
    if (r->dsack) {
        r->steps += r->steps < UINT8_MAX;
        r->dsack = false;
        r->widened_at = delivered;
        r->persist = RACK_PERSIST;
    } else if (r->persist == 0) {
        r->steps = 1;
    }
}

void rack_recovered(struct rack *r, bool undone)
{
    if (undone)
        r->persist = (uint8_t)min_u32(r->persist + 1u, RACK_PERSIST);
    else
        r->persist -= r->persist > 0;
}

void rack_learn(struct rack *r, weft_time late, weft_time min_rtt)
{
    weft_time quarter = min_rtt / 4;

    if (late == 0 || quarter == 0)
        return;
    r->steps = (uint8_t)max_u64(r->steps, min_u64(LATE_MARGIN * late / quarter + 1, UINT8_MAX));
    r->persist = RACK_PERSIST;
}

void rack_confirm(struct rack *r, weft_time took, weft_time min_rtt)
{
    if (r->steps > 1 && took > r->rtt + min_rtt / 4)
        rack_learn(r, took - r->rtt, min_rtt);
}

weft_time tlp_delay(weft_time srtt, uint32_t in_flight, weft_time rto_min, weft_time rto_initial)
{
    if (srtt == 0)
        return rto_initial;
    return 2 * srtt + (in_flight == 1 ? rto_min : TLP_SLACK);
}

enum tlp_verdict tlp_on_ack(struct tlp *t, struct seq ack, bool dsack, bool pure)
{
    if (!t->out || seq_lt(ack, t->end))
        return TLP_NOTHING;
    if (!t->again || dsack) { /* new data arrived, or both copies did */
        t->out = false;
        return TLP_NO_LOSS;
    }
    if (seq_gt(ack, t->end)) { /* what was sent after the probe is acknowledged, and no DSACK came for it */
        t->out = false;
        return TLP_REPAIRED;
    }
    if (!pure)
        return TLP_NOTHING;
    t->out = false;
    return TLP_NO_LOSS;
}
