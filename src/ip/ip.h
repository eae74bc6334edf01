/* SPDX-License-Identifier: MIT */
/* What the IP layer shows to the transports above it. */
#ifndef IP_IP_H
#define IP_IP_H

#include "core/stack.h"
#include "ip/dgram.h"
#include "wire/ipv4.h"

/* How a transport wants a datagram sent. */
struct ip_send {
    struct weft_ip src, dst;
    uint8_t proto, ttl, tos;
    bool df; /* do not fragment, here or on the way */
};

/*
 * Sends a transport message: pkt's data stands at the transport header (its checksum filled in, or csum_partial set),
 * with PKT_HEADROOM in front. path must be fresh (route_lookup, route_refresh). Fragments when it must and may.
 * Owns pkt. Returns 0, or WEFT_EMSGSIZE (too big with df set), WEFT_ENETDOWN, WEFT_ENOMEM (for fragments), or
 * WEFT_EADDRNOTAVAIL (a loopback address on a wire).
 */
int ip_output(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/* The largest transport message (header included) that goes by this path unfragmented (RFC 1122 §3.3.3, MMS_S). */
uint32_t ip_max_message(const struct ip_path *path, const struct weft_ip *dst);

enum ip_refusal { IP_REFUSE_PORT, IP_REFUSE_PROTOCOL, IP_REFUSE_HOST, IP_REFUSE_REASSEMBLY_TIME };

/*
 * Answers a received datagram with the ICMP error for this refusal, within the rules of RFC 1122 §3.2.2 and the rate
 * limit, then drops it for `why`. pkt->l3 must be set. Owns pkt.
 */
void ip_refuse(weft_stack *s, struct weft_pkt *pkt, enum ip_refusal refusal, enum weft_drop why);

/* For sock/assemble.c. */
extern const struct network ip_v4_network;
extern const struct transport ip_icmp_transport; /* ICMP, and the ping sockets on it */
void *ip_init(weft_stack *s);
void ip_fini(weft_stack *s, void *state);
void ip_timer(weft_stack *s, struct timer *t);

/* Neighbour resolution failed for this waiting datagram of ours (or one we forward): report host unreachable. Owns pkt. */
void ip_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt);

#endif
