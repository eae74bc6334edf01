/* SPDX-License-Identifier: MIT */
/*
 * What the choice of addresses rests on (RFC 6724): the policy table (§2.1), scopes (§3.1), common prefixes (§2.2). The
 * table is the stack's and can be changed; see weft/route.h.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/iface.h"
#include "weft/route.h"

/* Invariant: the longer prefixes first, and ::/0 last, which is always there. */
struct policy_table {
    struct weft_policy row[WEFT_POLICIES];
    unsigned n;
};

/* The default table of RFC 6724 §2.1. */
void policy_init(struct policy_table *t);

/* The row with the longest prefix that the address has. */
const struct weft_policy *policy_of(const struct policy_table *t, const struct weft_ip *ip);

/* The scopes of RFC 6724 §3.1: IPv4 has loopback and automatic addresses of link scope, all others are global. */
unsigned policy_scope(const struct weft_ip *ip);

/* RFC 6724 §2.2: how long the prefix is that both have, up to the length of the source's own. */
unsigned policy_common_prefix(const struct if_address *source, const struct weft_ip *dst);

#endif
