/* SPDX-License-Identifier: MIT */
/* What the link layer shows to the others: a table for each kind of link, and how neighbours are asked for. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "core/stack.h"

extern const struct link_ops link_ethernet; /* RFC 894 framing, ARP */
extern const struct link_ops link_ip;       /* bare datagrams: TUN, tests */
extern const struct link_ops link_loopback;
extern const struct neigh_ops link_neighbours;

#endif
