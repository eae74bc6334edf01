/* SPDX-License-Identifier: MIT */
/*
 * Which connection, half-open record or TIME-WAIT record a segment is for, and which listener when it is for none; and
 * who holds which local address and port.
 */
#ifndef TCP_DEMUX_H
#define TCP_DEMUX_H

#include "tcp/conn.h"

#define OLD_WINDOW 65537 /* what a pair out of TIME-WAIT leaves between its old numbers and its new ones */

/* A binding of an address and port, by bind or listen. */
struct tcp_binding {
    struct hash_node hash;
    struct tcp_conn *conn;
    struct weft_addr addr; /* any-address: all of them */
    uint32_t joined;       /* a listener: when it became one, among those who share its port */
};

struct tcp_found {
    bool any;
    enum tcp_tag tag;
    union {
        struct tcp_conn *conn;
        struct halfopen *half_open;
        struct timewait *time_wait;
    };
};

struct tcp_found demux_find(struct tcp *t, const struct tcp_flow *flow);
/* The same when its hash is wanted for more. */
struct tcp_found demux_find_hashed(struct tcp *t, const struct tcp_flow *flow, uint32_t hash);
/* The listener for a local address; hash: of the peer's flow. NULL: none. */
struct tcp_conn *demux_listener(struct tcp *t, const struct tcp_seg *seg);
/* Does it keep to another interface than the one where something for our address came in? See demux.c. */
bool conn_is_elsewhere(const struct tcp_conn *c, const weft_if *by, const struct weft_ip *ours);

uint32_t demux_hash(const struct tcp *t, const struct tcp_flow *flow);
/* Of one that is in the table. */
uint32_t demux_hash_of_conn(const struct tcp *t, const struct tcp_conn *c);
uint32_t demux_hash_of(const void *ctx, const struct hash_node *node, unsigned tag);
uint32_t demux_binding_hash(const void *ctx, const struct hash_node *node, unsigned tag);

/* Puts a connection in under the hash of its name; false: out of memory. It leaves the loose list. There are rooms. */
bool demux_insert(struct tcp *t, struct tcp_conn *c, uint32_t hash);
/* It is in the table no more, for a record has its place. */
void demux_forget(struct tcp *t, struct tcp_conn *c);
/* Takes it out and puts it on the loose list. */
void demux_remove(struct tcp *t, struct tcp_conn *c);
/* Takes a TIME-WAIT record out. */
void demux_remove_record(struct tcp *t, struct timewait *w);

/* Its local port is in use; false: out of memory. For who puts it into the table by himself. */
bool demux_hold_port(struct tcp *t, struct tcp_conn *c);
void demux_release_port(struct tcp *t, struct tcp_conn *c);
/* Binds, with port 0 to the address alone; WEFT_EADDRINUSE, WEFT_ENOMEM. */
int demux_bind(struct tcp *t, struct tcp_conn *c, const struct weft_addr *addr);
void demux_unbind(struct tcp *t, struct tcp_conn *c);
struct tcp_binding *demux_binding(struct tcp *t, const struct tcp_conn *c);
/* It listens now. */
void demux_joins(struct tcp *t, const struct tcp_conn *c);
/* Is there another listener that would take the same connections? */
bool demux_listen_conflict(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *addr);
/* Has anybody bound a socket to a local address and port that c would take part of? */
bool demux_port_taken(struct tcp *t, const struct tcp_conn *c, const struct weft_addr *local);
/* Does any connection or TIME-WAIT record use this local port? */
bool demux_port_in_use(struct tcp *t, uint16_t port);

#endif
