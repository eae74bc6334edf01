/* SPDX-License-Identifier: MIT */
/* What raw sockets show to the sockets layer. */
#ifndef RAW_RAW_H
#define RAW_RAW_H

#include "core/stack.h"

/* Its number is WEFT_RAW, which no datagram has: what raw sockets get they get by raw_input. */
extern const struct transport raw_transport;

/* A socket for the datagrams of one protocol (1 to 255) of a family. NULL and *err: WEFT_ENOMEM. */
weft_sock *raw_socket(weft_stack *s, enum weft_family family, uint8_t protocol, int *err);

/*
 * A datagram for us, before its transport sees it, headers from l3 on, data at l3 or l4: a copy for each raw socket
 * that wants it. True: there was one. Borrows pkt.
 */
bool raw_input(weft_stack *s, const struct weft_pkt *pkt);

/*
 * A datagram for others that is marked for routers, data at l3 or l4: is there a socket that asked for such ones of
 * this protocol, or of IPv6 for this value? Each gets a copy with all headers, if that is asked. Borrows pkt.
 */
bool raw_alert(weft_stack *s, const struct weft_pkt *pkt, const struct alert *alert);

/*
 * An ICMP error about a datagram of this protocol: the sockets whose it may be hear of it, who asked for reports
 * (WEFT_IP_RECVERR) or has a peer. True: there was one.
 */
bool raw_error(weft_stack *s, uint8_t protocol, const struct ip_error *err);

#endif
