/* SPDX-License-Identifier: MIT */
/* UDP endpoints and the tables they stand in, for the files of src/udp alone. */
#ifndef UDP_PRIVATE_H
#define UDP_PRIVATE_H

#include "base/hashtab.h"
#include "ip/ip.h"
#include "udp/udp.h"

/*
 * Invariants: an endpoint with a local port stands in udp_table.open, or, once it has a peer, in `taken` and `pairs`
 * instead, and then local.ip is a definite address of ours. One without a port has no peer.
 */
struct udp_ep {
    struct dgram_ep d;          /* first */
    struct hash_node port_node; /* in open or taken */
    struct hash_node pair_node; /* in pairs */
    struct weft_ip bound_ip;    /* d.local.ip as bind left it: what it is again when the peer is given up */
};

struct udp_table {
    struct slab slab;
    struct sip_key key;
    struct hashtab open;  /* by local port: those that take from anybody */
    struct hashtab taken; /* by local port: those with a peer. Asked only when one of ours wants a port */
    struct hashtab pairs; /* by local and remote address: those with a peer */
    struct list all;
};

static inline struct udp_table *udp_table(weft_stack *s) { return stack_transport(s, IP_PROTO_UDP); }
static inline struct udp_ep *udp_ep(weft_sock *sock) { return container_of(sock, struct udp_ep, d.sock); }

/* ---- table.c: who has which port ---- */

void udp_table_init(struct udp_table *t, weft_stack *s);
void udp_table_fini(struct udp_table *t);

/*
 * Gives e the local address; port 0: one that nobody near uses. WEFT_EADDRINUSE, WEFT_ENOMEM; e is unchanged then.
 * `remote` helps to choose (RFC 6056).
 */
int udp_table_bind(struct udp_table *t, struct udp_ep *e, const struct weft_addr *local, const struct weft_addr *remote);

/*
 * Sets, changes or (port 0) dissolves the pair of a bound endpoint, and its local address. 0; or WEFT_ENOMEM, and e has
 * no peer.
 */
int udp_table_connect(struct udp_table *t, struct udp_ep *e, const struct weft_ip *local, const struct weft_addr *remote);

/* Takes e out of all tables. */
void udp_table_remove(struct udp_table *t, struct udp_ep *e);

/* Who gets a unicast datagram: the pair, then this very local address, then any; among equals by a keyed choice. */
struct udp_ep *udp_table_find(const struct udp_table *t, const struct weft_addr *local, const struct weft_addr *remote);

/*
 * The next endpoint, after `last` (NULL: the first), that gets a datagram for a group. As on Linux, one with a peer gets
 * none: it listens at a definite address.
 */
struct udp_ep *udp_table_next_member(const struct udp_table *t, const struct udp_ep *last,
                                     const struct weft_addr *local);

/* ---- input.c, calls.c: what the transport's and the socket's tables point to ---- */

void udp_input(weft_stack *s, struct weft_pkt *pkt);
bool udp_error(weft_stack *s, const struct ip_error *err);
weft_sock *udp_socket(weft_stack *s, enum weft_family family, int *err);
void udp_free(struct udp_table *t, struct udp_ep *e);

#endif
