/* SPDX-License-Identifier: MIT */
/*
 * What paths carry, as far as routers have told (RFC 1191, RFC 8201): one entry per destination, for all who send
 * there. Whoever was told writes it down here, after asking himself whether to believe it (RFC 5927); route_lookup
 * reads it.
 *
 * An entry is forgotten after config.path_mtu_age, so that a path that got better is found out (RFC 1191 §6.3). A new
 * one changes the generation of the routing table: who keeps a path asks again.
 *
 * Bounds: PATHMTU_SETS * PATHMTU_WAYS entries; the one that would be forgotten first makes room in its set. The memory
 * is taken with the first entry.
 */
#ifndef CORE_PATHMTU_H
#define CORE_PATHMTU_H

#include "base/mem.h"
#include "base/siphash.h"
#include "weft/types.h"

#define PATHMTU_SETS 64
#define PATHMTU_WAYS 4

struct pathmtu {
    struct weft_ip dst;
    weft_time expires; /* 0: unused */
    uint32_t mtu;
    bool fragment;     /* below what we are ready to send: routers may cut what is larger (RFC 1191 §3) */
};

struct pathmtu_table {
    struct sip_key key;
    struct pathmtu *entry; /* NULL: none yet */
};

void pathmtu_init(struct pathmtu_table *t, struct sip_key key);
void pathmtu_fini(struct pathmtu_table *t, struct mem *m);

/* What is known of the way to dst now; NULL: nothing. */
const struct pathmtu *pathmtu_find(const struct pathmtu_table *t, const struct weft_ip *dst, weft_time now);

/* Writes it down until `expires`; false: out of memory, and nothing has changed. */
bool pathmtu_learn(struct pathmtu_table *t, struct mem *m, const struct pathmtu *what);

/* A router that does not say what its link carries (RFC 1191 §5): the largest usual size below a datagram's. */
uint32_t pathmtu_plateau(uint32_t datagram);

#endif
