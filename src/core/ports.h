/* SPDX-License-Identifier: MIT */
/*
 * Ephemeral ports, unpredictable (RFC 6056 §3.3.3, algorithm 3: a keyed hash of the pair of addresses and the remote
 * port, plus a counter). Which ports are taken is the protocol's knowledge, so it is asked.
 */
#ifndef CORE_PORTS_H
#define CORE_PORTS_H

#include "core/stack.h"

/*
 * Picks a free port in [port_min, port_max] of the stack's configuration. `taken` is asked about candidates.
 * `counter` is the protocol's own, advanced by each call. Returns 0 when all are taken.
 */
uint16_t port_pick(weft_stack *s, const struct weft_ip *local, const struct weft_addr *remote, uint32_t *counter,
                   bool (*taken)(void *ctx, uint16_t port), void *ctx);

#endif
