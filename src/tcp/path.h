/* SPDX-License-Identifier: MIT */
/* A connection's path to its peer: the route, what a datagram may carry on it, and how large segments are by that. */
#ifndef TCP_PATH_H
#define TCP_PATH_H

#include "tcp/conn.h"

/* As route_lookup, by the interface that the socket keeps to (WEFT_SO_BINDTOIFINDEX); gone, it is WEFT_ENETUNREACH. */
int conn_route(const struct tcp_conn *c, const struct weft_ip *dst, struct ip_path *path);
/* Asks for the route again when the table has changed; 0, or the error when there is none now. */
int conn_refresh_path(struct tcp_conn *c);
/*
 * Does it go by what routers say of the path? By IPv4 who wants it found out; by IPv6, where no router fragments
 * (RFC 8200 §5), everybody but who goes by the interface alone, as on Linux.
 */
bool conn_heeds_path(const struct tcp_conn *c);
/* What one datagram to the peer may carry, as far as we know; 0 when there is no route to it. */
uint32_t conn_path_mtu(const struct tcp_conn *c);

/* Works out `mss` anew: after the SYNs, a change of path, TCP_MAXSEG, or an ICMP message about the path. */
void conn_update_mss(struct tcp_conn *c);
/* The most that peer and path allow, options counted. */
uint32_t conn_most_mss(const struct tcp_conn *c);
/* What we announce and can receive on this path. */
uint16_t conn_receive_mss(const struct ip_path *path, bool v6);
/* What a segment of the peer's may carry besides its options. */
static inline uint32_t conn_announced_mss(const struct tcp_conn *c) { return c->adv_mss - (c->ts_ok ? TS_OPTION : 0u); }

#endif
