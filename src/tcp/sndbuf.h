/* SPDX-License-Identifier: MIT */
/*
 * How large a send buffer should be: twice the congestion window, so that the user can refill one half while the other
 * is in flight; counted in what Linux would spend on each segment. And when there is room worth telling of: a third.
 */
#ifndef TCP_SNDBUF_H
#define TCP_SNDBUF_H

#include "base/base.h"

/* The buffer for a window of `cwnd` bytes in segments of `mss`; path_mss: a segment before its options. */
uint32_t sndbuf_for(uint32_t cwnd, uint32_t mss, uint32_t path_mss);

/*
 * May the user write? queued: bytes in the buffer; unsent: those never sent; lowat: so many unsent bytes are enough
 * (TCP_NOTSENT_LOWAT; UINT32_MAX: no such limit). telling: the question is whether to wake him, so half of that counts.
 */
static inline bool sndbuf_has_room(uint32_t buffer, uint32_t queued, uint32_t unsent, uint32_t lowat, bool telling)
{
    return queued <= buffer - buffer / 3 && ((uint64_t)unsent << telling) < lowat;
}

#endif
