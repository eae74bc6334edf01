/* SPDX-License-Identifier: MIT */
/* Explicit Congestion Notification; see ecn.h. */
#include "tcp/ecn.h"

bool ecn_may_grant(uint16_t flags, uint8_t tos)
{
    return ecn_is_asked(flags) && ((tos & ECN_FIELD) == 0 || (flags & TCP_AE));
}

bool ecn_text(struct ecn *e, uint8_t tos)
{
    bool first;

    if ((tos & ECN_FIELD) == 0) /* he marks what is new: this was sent before */
        return e->seen;
    e->seen = true;
    first = (tos & ECN_FIELD) == ECN_CE && !e->echo;
    e->echo |= first;
    return first;
}

uint16_t ecn_flags(struct ecn *e, bool fresh)
{
    uint16_t flags = (uint16_t)((e->echo ? TCP_ECE : 0) | (fresh && e->cwr_due ? TCP_CWR : 0));

    e->cwr_due = e->cwr_due && !fresh;
    return flags;
}
