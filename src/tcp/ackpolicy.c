/* SPDX-License-Identifier: MIT */
/* When to acknowledge; see ackpolicy.h. */
#include "tcp/ackpolicy.h"

void ackpolicy_init(struct ackpolicy *a)
{
    a->bytes = 0;
    a->owed = 0;
    a->due = false;
}

enum ack_when ackpolicy_in_order(struct ackpolicy *a, uint32_t len, uint32_t mss, uint8_t *quick)
{
    a->bytes += len;
    if (a->due)
        return ACK_NOW;
    if (*quick) {
        --*quick;
        a->due = true;
        return ACK_NOW;
    }
    if (a->bytes >= 2 * mss) { /* SHLD-19 */
        a->due = true;
        return ACK_NOW;
    }
    return ACK_LATER;
}

void ackpolicy_owe(struct ackpolicy *a)
{
    if (a->owed < ACK_MAX_OWED)
        a->owed++;
}

void ackpolicy_sent(struct ackpolicy *a, bool pure)
{
    a->bytes = 0;
    a->due = false;
    if (a->owed)
        a->owed = pure ? a->owed - 1 : 0;
}
