/* SPDX-License-Identifier: MIT */
/*
 * SYN-SENT (RFC 9293 §3.10.7.3), and what the SYNs of both sides agree: offers, first windows, the step to ESTABLISHED.
 */
#ifndef TCP_SYNSENT_H
#define TCP_SYNSENT_H

#include "tcp/arrives.h"

#define LEAST_RCV_MSS 88 /* of a peer whose segments were not seen yet: as on Linux */

enum tcp_step synsent_arrives(struct tcp_conn *c, struct tcp_seg *seg);
/*
 * Of SYNs that were repeated, the timestamp that came back says which one is answered, to the millisecond (RFC 6298
 * §3).
 */
void conn_time_syn_by_echo(struct tcp_conn *c, const struct tcp_seg *seg);
/* The connection's SYN was acknowledged: ESTABLISHED, and whoever waits for that is told. */
void conn_established(struct tcp_conn *c);
/* Takes over what the SYNs agreed. */
void conn_agree(struct tcp_conn *c, const struct tcp_agreed *agreed, uint32_t rcv_mss);
/* Our side of the negotiation, for a connection or on behalf of a listener. */
struct tcp_offer conn_offer(const struct tcp_conn *c, const struct ip_path *path, bool v6);
/* Of that the MSS alone. */
uint16_t conn_offered_mss(const struct tcp_conn *c, const struct ip_path *path, bool v6);
/* What segments are taken to hold until the peer announces something (RFC 9293, MUST-15). */
uint32_t conn_mss_unheard(const struct tcp_conn *c);
/* What the SYN or SYN,ACK of this connection, or for this listener, promises; ts: with timestamps on every segment. */
uint32_t conn_first_window(const struct tcp_conn *c, uint32_t mss, bool ts);

#endif
