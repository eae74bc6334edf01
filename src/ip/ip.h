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
    bool strict;              /* and there without a router in between */
    struct weft_ip first_hop;
};
/* Extension headers of IPv6 as they go out, each as long as it says; NULL: none. What follows them is written in. */
struct ip_headers {
    const uint8_t *hop, *destination;
};

static inline uint32_t ip_extension_len(const uint8_t *header) { return header ? (header[1] + 1u) * 8 : 0; }

/* Bytes of both together; h may be NULL. */
static inline uint32_t ip_headers_len(const struct ip_headers *h)
{
    return h ? ip_extension_len(h->hop) + ip_extension_len(h->destination) : 0;
}

/* What a datagram has of either family. */
struct ip_extras {
    struct ip_options options;
    struct ip_headers headers;
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
    const struct ip_headers *headers; /* IPv6; NULL: none */
    uint32_t limit;      /* IPv6: no fragment is longer; 0: as the path has it */
    uint8_t own;         /* to a group: bits of enum ip_own */
};

/*
 * Sends a transport message: pkt's data stands at the transport header (its checksum filled in, or csum_partial set),
 * with PKT_HEADROOM in front. path must be fresh (route_lookup, route_refresh). Fragments when it must and may.
 * Owns pkt. Returns 0, or WEFT_EMSGSIZE (too big with df set), WEFT_ENETDOWN, WEFT_ENOMEM (for fragments),
 * WEFT_EADDRNOTAVAIL (a loopback address on a wire), or WEFT_EHOSTUNREACH (a strict route to no neighbour).
 */
int ip_output(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/* A message of which all is usual: by IPv4 without options, in one piece, to one host. */
struct ip_plain {
    uint32_t src, dst;
    uint8_t proto, ttl, tos; /* as of ip_send */
    bool cut;                /* routers may fragment it, and it has an identification for that: df is not set */
};

/* ip_output of such a message. Neither address is a group's. */
int ip_output_plain(weft_stack *s, struct weft_pkt *pkt, const struct ip_plain *how, const struct ip_path *path);

/* May a program ask for these options? 0 or WEFT_EINVAL. */
int ip_options_check(const uint8_t *options, size_t n);
/* Copies options that were checked; what stands behind their end becomes nothing, as on Linux. */
void ip_options_take(uint8_t *to, const uint8_t *options, size_t n);

/* The first hop of the route that was asked for, in *hop; NULL: none was. */
const struct weft_ip *ip_options_first_hop(const uint8_t *asked, uint8_t n, struct weft_ip *hop);

/*
 * The way back by which a datagram with this header came, as a program would ask for it (RFC 1122 §4.2.3.8): a source
 * route that was gone to its end, turned around. Returns how many bytes; 0: there is none.
 */
uint8_t ip_options_way_back(const uint8_t *header, uint8_t asked[IPV4_MAX_OPTIONS]);

/*
 * What a program asked for, as it goes out with `how`: recorded in, the route begun. n: as ip_options_check let pass.
 */
void ip_options_for(weft_stack *s, const uint8_t *asked, uint8_t n, const struct ip_send *how, struct ip_options *out);

/*
 * Sends a datagram that begins with a header of the caller's (data at it). The length is written; of IPv4 the checksum,
 * too, and source (how->src) and identification where they are zero. Goes to how->dst, whatever the header says; groups
 * do not hear it here, nothing is fragmented, any source may be named. Owns pkt.
 * Errors: WEFT_EINVAL (no header), WEFT_EMSGSIZE, WEFT_ENETDOWN.
 */
int ip_output_whole(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/*
 * The largest transport message (header included) that ip_output sends so by this path in one piece (RFC 1122 §3.3.3,
 * MMS_S). how has neither options nor headers.
 */
uint32_t ip_max_message(const struct ip_send *how, const struct ip_path *path);

/* Bytes of the header that ip_output puts in front of a message to dst. */
static inline uint32_t ip_header_len(const struct weft_ip *dst) { return ip_is_v4(dst) ? IPV4_HEADER : IPV6_HEADER; }

/*
 * The label of a flow (RFC 6437 §3): the same for all its datagrams, never zero, and nobody outside can tell which.
 * Whoever sends often keeps it.
 */
uint32_t ip_flow_label(const weft_stack *s, const struct weft_addr *src, const struct weft_addr *dst, uint8_t proto);

/*
 * May a socket at `local` speak to dst by this path: are they of one family, and if they are of link scope, of this
 * link? An any-address is of both families when it is IPv6's.
 */
bool ip_may_speak(const struct ip_path *path, const struct weft_ip *local, const struct weft_ip *dst);

enum ip_refusal { IP_REFUSE_PORT, IP_REFUSE_PROTOCOL, IP_REFUSE_HOST, IP_REFUSE_REASSEMBLY_TIME };

/*
 * Answers a received datagram with the ICMP error for this refusal, within the rules of RFC 1122 §3.2.2 or RFC 4443
 * §2.4 and the rate limit, then drops it for `why`. pkt->l3 must be set. Owns pkt.
 */
void ip_refuse(weft_stack *s, struct weft_pkt *pkt, enum ip_refusal refusal, enum weft_drop why);

/*
 * An option's value, as much of it as there is room for: of *n bytes, which becomes how many were written. At the level
 * of IPv4 a small one is a byte where there is no room for an int, as on Linux.
 */
void ip_give_option(int level, int v, void *value, size_t *n);

/* For sock/assemble.c. */
extern const struct network ip_v4_network, ip_v6_network;
extern const struct transport ip_icmp_transport, ip_icmpv6_transport; /* ICMP, and the ping sockets on it */
extern const struct transport ip_igmp_transport; /* what routers ask; the answers are group.h's */
void *ip_init(weft_stack *s);
void ip_fini(weft_stack *s, void *state);
void ip_timer(weft_stack *s, struct timer *t);

/* An interface has an address of IPv4 that may be used: routers are asked for, where that is switched on (RFC 1256). */
void ip_v4_ready(weft_if *ifp);

/* Neighbour discovery: for sock/assemble.c. */
extern const struct neigh_ops ip_nd_neighbours;
void ip_if_added(weft_if *ifp);
void ip_if_removed(weft_if *ifp);
void ip_address_added(weft_if *ifp, struct if_address *a);
void ip_address_removed(weft_if *ifp, const struct if_address *a);
void ip_groups_changed(weft_if *ifp, bool up);
void ip_settings_changed(weft_stack *s);
void ip_neighbour_lost(weft_if *ifp, const struct weft_ip *ip);

/*
 * Neighbour resolution failed for this waiting datagram of ours (or one we forward): report host unreachable. Owns pkt.
 */
void ip_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt);

#endif
