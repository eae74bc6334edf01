/* SPDX-License-Identifier: MIT */
/*
 * Which of several default gateways takes our traffic (RFC 1122 §3.3.1.4, §3.3.1.5; RFC 4861 §6.3.6). The neighbour
 * table knows who is dead: who did not answer ARP or ND, nor TCP, which then doubts him (neigh_hint). Such a one is
 * passed over while another serves, and tried again in time.
 *
 * Nobody is asked for ever and for its own sake, which RFC 1122 forbids: a dead gateway is asked every 20 seconds as
 * long as somebody sends who would go by it, and forgotten otherwise.
 */
#ifndef CORE_GATEWAY_H
#define CORE_GATEWAY_H

#include "core/route.h"

/*
 * The way to take when `best` is the best route to somewhere by this interface (NULL: by whatever one): itself, unless
 * it is a default route whose gateway is dead and there is such a one by another that is not. best may be NULL, and so
 * is the answer then.
 */
const struct route *gateway_choose(weft_stack *s, const struct route *best, const weft_if *by);

/* Is this neighbour one of several default gateways? */
bool gateway_has_others(weft_if *ifp, const struct weft_ip *ip);

#endif
