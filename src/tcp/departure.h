/* SPDX-License-Identifier: MIT */
/*
 * When a segment went out, among all that did (RFC 8985 §6.2, RACK_sent_after). A clock may stand still between two
 * events: of equal times, what went out when less had been delivered was earlier; and within one event what was lost
 * goes before what is new, which is the order of sequence.
 */
#ifndef TCP_DEPARTURE_H
#define TCP_DEPARTURE_H

#include "base/seq.h"

struct departure {
    weft_time at;
    uint32_t delivered; /* segments, by the connection's count, when it went out */
    struct seq end;
};

static inline bool departed_later(const struct departure *a, const struct departure *b)
{
    int32_t more = (int32_t)(a->delivered - b->delivered);

    return a->at != b->at ? a->at > b->at : more ? more > 0 : seq_gt(a->end, b->end);
}

#endif
