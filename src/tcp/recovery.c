/* SPDX-License-Identifier: MIT */
/* Loss recovery's phases; see recovery.h. */
#include "tcp/recovery.h"

void recovery_init(struct recovery *r)
{
    r->phase = RECOVERY_OPEN;
    r->any = r->first_partial = false;
    r->dup_acks = 0;
    r->recover = seq(0);
}

static void begin(struct recovery *r, enum recovery_phase phase, struct seq next)
{
    r->phase = (uint8_t)phase;
    r->any = true;
    r->first_partial = true;
    r->recover = next;
}

struct recovery_advice recovery_on_duplicate(struct recovery *r, struct seq una, struct seq next)
{
    struct recovery_advice advice = {0};

    if (r->phase == RECOVERY_TIMEOUT) /* they answer what the time-out sent again */
        return advice;
    r->dup_acks++;
    if (r->phase == RECOVERY_OPEN && r->any && !seq_gt(una, r->recover)) {
        /* RFC 6582 §3.2 step 1: leftovers of an earlier episode; they count for no more than RFC 3042 grants */
        r->dup_acks = min_u32(r->dup_acks, DUP_THRESH - 1);
        return advice;
    }
    if (r->phase != RECOVERY_OPEN || r->dup_acks != DUP_THRESH)
        return advice;
    begin(r, RECOVERY_FAST, next);
    advice.enter = advice.lose_first = true;
    return advice;
}

struct recovery_advice recovery_on_lost(struct recovery *r, struct seq next)
{
    struct recovery_advice advice = {0};

    if (r->phase == RECOVERY_OPEN) {
        begin(r, RECOVERY_FAST, next);
        advice.enter = true;
    }
    return advice;
}

struct recovery_advice recovery_on_progress(struct recovery *r, struct seq una, uint32_t segments, bool sack)
{
    struct recovery_advice advice = {.restart_timer = true};

    if (seq_gt(una, r->recover))
        r->any = false; /* behind us for good; kept, it would look ahead again after 2^31 bytes */
    if (r->phase == RECOVERY_OPEN || seq_ge(una, r->recover)) {
        advice.finish = r->phase == RECOVERY_FAST;
        advice.grow = r->phase != RECOVERY_FAST;
        r->phase = RECOVERY_OPEN;
        r->dup_acks = 0;
        return advice;
    }
    if (r->phase == RECOVERY_TIMEOUT) {
        advice.grow = true;
        r->first_partial = false;
        r->dup_acks = 0;
        return advice;
    }
    /*
     * A partial acknowledgment: the next hole is lost too (RFC 6582 §3.2 step 3); with SACK the scoreboard knows, and
     * only RFC 6298 §5.3 speaks of the timer.
     */
    advice.lose_first = !sack;
    advice.restart_timer = sack || r->first_partial;
    r->first_partial = false;
    r->dup_acks -= min_u32(segments ? segments - 1 : 0, r->dup_acks);
    return advice;
}

bool recovery_on_timeout(struct recovery *r, struct seq next)
{
    bool again = r->phase == RECOVERY_TIMEOUT && r->first_partial;

    begin(r, RECOVERY_TIMEOUT, next);
    r->dup_acks = 0;
    return again;
}
