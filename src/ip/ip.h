/* SPDX-License-Identifier: MIT */
/* What the IP layer shows to the transports above it. */
#ifndef IP_IP_H
#define IP_IP_H

#include "core/stack.h"
#include "ip/dgram.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* Options of IPv4 as they go out. */
struct ip_options {
    uint8_t n; /* bytes, a multiple of 4 */
    uint8_t bytes[IPV4_MAX_OPTIONS];
    bool has_route;           /* a source route: the datagram goes to first_hop first */
    struct weft_ip first_hop;
};
/* Our own sockets that listen to a group hear what we send to it; and nobody else does: it does not leave the host. */
enum ip_own { IP_OWN_HEAR = 1, IP_OWN_ONLY = 2 };

/* How a transport wants a datagram sent. The family is that of dst, and src has the same. */
struct ip_send {
    struct weft_ip src, dst;
    uint8_t proto;
    uint8_t ttl;         /* hop limit; 0: what is usual on this interface */
    uint8_t tos;         /* traffic class */
    bool df;             /* do not fragment, here or on the way (IPv6: here) */
    uint32_t flow_label; /* IPv6; see ip_flow_label */
    const struct ip_options *options; /* IPv4; NULL: none. With a route, the path must lead to its first hop */
    uint8_t own;         /* to a group: bits of enum ip_own */
};

/*
 * Sends a transport message: pkt's data stands at the transport header (its checksum filled in, or csum_partial set),
 * with PKT_HEADROOM in front. path must be fresh (route_lookup, route_refresh). Fragments when it must and may.
 * Owns pkt. Returns 0, or WEFT_EMSGSIZE (too big with df set), WEFT_ENETDOWN, WEFT_ENOMEM (for fragments), or
 * WEFT_EADDRNOTAVAIL (a loopback address on a wire).
 */
int ip_output(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/* What a program asked for, as it goes out with `how`: recorded in, the route begun. n: as ip_options_check let pass. */
void ip_options_for(weft_stack *s, const uint8_t *asked, uint8_t n, const struct ip_send *how, struct ip_options *out);

/* The largest transport message (header included) that goes by this path unfragmented (RFC 1122 §3.3.3, MMS_S). */
uint32_t ip_max_message(const struct ip_path *path, const struct weft_ip *dst);

/* Bytes of the header that ip_output puts in front of a message to dst. */
static inline uint32_t ip_header_len(const struct weft_ip *dst) { return ip_is_v4(dst) ? IPV4_HEADER : IPV6_HEADER; }

/*
 * The label of a flow (RFC 6437 §3): the same for all its datagrams, never zero, and nobody outside can tell which.
 * Whoever sends often keeps it.
 */
uint32_t ip_flow_label(const weft_stack *s, const struct weft_addr *src, const struct weft_addr *dst, uint8_t proto);

/*
 * May a socket at `local` speak to dst by this path: are they of one family, and if they are of link scope, of this link?
 * An any-address is of both families when it is IPv6's.
 */
bool ip_may_speak(const struct ip_path *path, const struct weft_ip *local, const struct weft_ip *dst);

enum ip_refusal { IP_REFUSE_PORT, IP_REFUSE_PROTOCOL, IP_REFUSE_HOST, IP_REFUSE_REASSEMBLY_TIME };

/*
 * Answers a received datagram with the ICMP error for this refusal, within the rules of RFC 1122 §3.2.2 or RFC 4443
 * §2.4 and the rate limit, then drops it for `why`. pkt->l3 must be set. Owns pkt.
 */
void ip_refuse(weft_stack *s, struct weft_pkt *pkt, enum ip_refusal refusal, enum weft_drop why);

/* For sock/assemble.c. */
extern const struct network ip_v4_network, ip_v6_network;
extern const struct transport ip_icmp_transport, ip_icmpv6_transport; /* ICMP, and the ping sockets on it */
extern const struct transport ip_igmp_transport; /* what routers ask; the answers are group.h's */
void *ip_init(weft_stack *s);
void ip_fini(weft_stack *s, void *state);
void ip_timer(weft_stack *s, struct timer *t);

/* Neighbour discovery: for sock/assemble.c. */
extern const struct neigh_ops ip_nd_neighbours;
void ip_if_added(weft_if *ifp);
void ip_if_removed(weft_if *ifp);
void ip_address_added(weft_if *ifp, struct if_address *a);
void ip_address_removed(weft_if *ifp, const struct if_address *a);
void ip_groups_changed(weft_if *ifp, bool up);
void ip_neighbour_lost(weft_if *ifp, const struct weft_ip *ip);

/* Neighbour resolution failed for this waiting datagram of ours (or one we forward): report host unreachable. Owns pkt. */
void ip_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt);

#endif
