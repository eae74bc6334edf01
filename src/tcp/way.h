/* SPDX-License-Identifier: MIT */
/*
 * Options of IPv4 on a connection's segments (RFC 9293 §3.9.2.1): what the user asked for (IP_OPTIONS), which goes
 * before anything that is received; else, of a connection from LISTEN, the way back of the source route that the peer's
 * segments came by, of which a later one takes the place of an earlier. Source routes are only received where the
 * configuration has them (accept_source_route).
 */
#ifndef TCP_WAY_H
#define TCP_WAY_H

#include "wire/ipv4.h"

struct weft_pkt;

struct tcp_way {
    uint8_t n;       /* bytes of options, as a user would give them; 0: none, and the rest is meaningless */
    bool received;   /* a way back, which may be replaced */
    uint8_t options[IPV4_MAX_OPTIONS];
};

/* Bytes of them in a header. */
static inline uint32_t way_len(const struct tcp_way *w) { return (w->n + 3u) & ~3u; }

/* Where datagrams to the peer go first; of a way that has options. */
struct weft_ip way_begins(const struct tcp_way *w, const struct weft_ip *peer);

/* The same of any way, which hardly any is. */
static inline struct weft_ip way_first_hop(const struct tcp_way *w, const struct weft_ip *peer)
{
    return likely(w->n == 0) ? *peer : way_begins(w, peer);
}

/* The way back to the sender of a datagram with this IPv4 header, whole and sound; n is 0 when it came by none. */
struct tcp_way way_back(const uint8_t *header);

/* The same for a packet, whose l3 is set. */
struct tcp_way way_back_of(const struct weft_pkt *pkt);

static inline bool way_is_same(const struct tcp_way *a, const struct tcp_way *b)
{
    return a->n == b->n && memcmp(a->options, b->options, a->n) == 0;
}

#endif
