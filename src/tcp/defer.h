/* SPDX-License-Identifier: MIT */
/*
 * Should a packet that could be larger wait for the next acknowledgment? It lets more go, and then one packet does the
 * work of two (Linux's practice; no RFC treats it). Only while that acknowledgment is near, the sender busy and most of
 * the window used, so that nothing is slower for it.
 */
#ifndef TCP_DEFER_H
#define TCP_DEFER_H

#include "base/base.h"

struct defer {
    uint32_t limit;       /* bytes that cwnd and the peer's window let go now */
    uint32_t most;        /* bytes of the largest packet */
    uint32_t window;      /* bytes: the smaller one of cwnd and the peer's window, used or not */
    uint32_t held;        /* bytes that were written and are unsent, up to the next mark of PSH */
    bool more, fin;       /* something lies behind those; FIN follows them, so nothing will be added */
    weft_time now, spoke; /* when anything was sent last */
    weft_time asked;      /* when the first of what is in flight was sent; WEFT_NEVER: nothing is */
    weft_time rtt;        /* smoothed; 0: no sample yet */
};

bool defer_waits(const struct defer *d);

#endif
