/* SPDX-License-Identifier: MIT */
/*
 * Ephemeral ports that nobody can predict (RFC 6056 §3.3.4, algorithm 4): a keyed hash of the pair of addresses and the
 * remote port says where to begin, and one of 65,536 counters, chosen by the same hash, how far the search has gone
 * since. Who watches one destination learns nothing of another, but with a chance of 1 in 65,536. Now and then a
 * counter skips a step. Which ports are taken is the protocol's knowledge, so it is asked.
 *
 * And a table of the local ports that are in use by connections, with how many use each: it answers whether a port is
 * free without a walk through all connections.
 */
#ifndef CORE_PORTS_H
#define CORE_PORTS_H

#include "core/stack.h"

/*
 * As Linux has it, connect takes the first, third, … port of the range before it takes the others, and bind the others
 * before those, so that the two seldom get into each other's way. Who has gone through his half for a peer goes on in
 * the other one, and then round, whether there are free ones in the first again or not.
 */
enum port_parity { PORT_EVEN, PORT_ODD };

/*
 * Picks a free port in [port_min, port_max] of the stack's configuration, and within what `wish` says
 * (sock_rare.ports). Of that an end that is not within the configured range counts for nothing, as on Linux. `taken` is
 * asked about candidates, each once. Returns 0 when all are taken.
 */
uint16_t port_pick(weft_stack *s, uint32_t wish, const struct weft_ip *local, const struct weft_addr *remote,
                   enum port_parity first, bool (*taken)(void *ctx, uint16_t port), void *ctx);

void port_counters_fini(weft_stack *s);

/* ---- ports in use ---- */

#define PORT_USE_PAGES   256
#define PORT_USES_A_PAGE 256

struct port_use {
    uint32_t users;     /* how many use it */
    uint32_t unwilling; /* of them: who does not share it (SO_REUSEADDR was off) */
};

/* Comes with its first user and goes with its last. */
struct port_page {
    uint32_t ports; /* of them: in use */
    struct port_use use[PORT_USES_A_PAGE];
};

struct port_table {
    struct mem *mem;
    struct port_page *page[PORT_USE_PAGES];
    struct port_page *spare; /* nobody uses it; may be NULL */
};

void port_table_init(struct port_table *t, struct mem *m);
/* Whoever uses a port is forgotten. */
void port_table_fini(struct port_table *t);

/* One more user; false: out of memory. */
bool port_use(struct port_table *t, uint16_t port, bool willing);
/* One less, who used it so. */
void port_release(struct port_table *t, uint16_t port, bool willing);
/* NULL: nobody uses it. */
const struct port_use *port_users(const struct port_table *t, uint16_t port);

#endif
