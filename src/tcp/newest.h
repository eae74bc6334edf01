/* SPDX-License-Identifier: MIT */
/*
 * The half-open record that was made last. Its third segment is likely to be what a listener hears next, and wants two
 * keyed hashes of the name that its SYN has just wanted. Both depend on nothing else, so that what is kept here stays
 * true whatever becomes of the record. Names of IPv6 are not kept.
 */
#ifndef TCP_NEWEST_H
#define TCP_NEWEST_H

#include "tcp/flow.h"

struct newest {
    bool known;
    struct tcp_key4 key;
    uint32_t hash;      /* of that, in the table */
    uint32_t ts_offset; /* its secret one */
};

/* Is it of this name? */
static inline bool newest_is(const struct newest *n, const struct tcp_flow *flow)
{
    return n->known && n->key.remote_port == flow->remote.port && n->key.local_port == flow->local.port &&
           ip_eq_v4(&flow->remote.ip, n->key.remote) && ip_eq_v4(&flow->local.ip, n->key.local);
}

#endif
