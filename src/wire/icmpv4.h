/* SPDX-License-Identifier: MIT */
/* ICMP for IPv4 (RFC 792, RFC 1191). */
#ifndef WIRE_ICMPV4_H
#define WIRE_ICMPV4_H

#include "wire/ipv4.h"

#define ICMPV4_HEADER 8

enum icmpv4_type {
    ICMPV4_ECHO_REPLY = 0,
    ICMPV4_UNREACHABLE = 3,
    ICMPV4_SOURCE_QUENCH = 4,
    ICMPV4_REDIRECT = 5,
    ICMPV4_ECHO = 8,
    ICMPV4_ROUTER_ADVERT = 9, /* RFC 1256 */
    ICMPV4_ROUTER_SOLICIT = 10,
    ICMPV4_TIME_EXCEEDED = 11,
    ICMPV4_PARAMETER_PROBLEM = 12,
    ICMPV4_TIMESTAMP = 13,
    ICMPV4_TIMESTAMP_REPLY = 14,
    ICMPV4_MASK = 17, /* RFC 950 */
    ICMPV4_MASK_REPLY = 18,
};

enum { ICMPV4_REDIRECT_HOST = 1 }; /* a code */

enum icmpv4_unreachable {
    ICMPV4_NET_UNREACHABLE = 0,
    ICMPV4_HOST_UNREACHABLE = 1,
    ICMPV4_PROTOCOL_UNREACHABLE = 2,
    ICMPV4_PORT_UNREACHABLE = 3,
    ICMPV4_FRAGMENTATION_NEEDED = 4,
    ICMPV4_SOURCE_ROUTE_FAILED = 5,
};

struct icmpv4_header {
    uint8_t type, code;
    uint16_t checksum;
    union {
        struct {
            uint16_t id, seq;
        } echo;
        struct {
            uint16_t unused, next_hop_mtu; /* RFC 1191 §4 */
        } unreachable;
        uint32_t word; /* the four bytes as one number, host order */
    } rest;
};

/* Does the type report an error (and carry a quote)? */
bool icmpv4_is_error(uint8_t type);

/*
 * Reads the 8-byte header; false when short. By type, `echo` (echoes and timestamps) or `unreachable` is filled, else
 * `word`.
 */
bool icmpv4_parse(struct reader *r, struct icmpv4_header *h);

/* Writes the header with checksum as given. */
void icmpv4_emit(struct writer *w, const struct icmpv4_header *h);

/* What a router advertisement's word says (RFC 1256 §4.3): `count` entries of `words` 32-bit words each. */
struct icmpv4_routers {
    uint8_t count, words;
    uint16_t lifetime; /* seconds */
};

static inline struct icmpv4_routers icmpv4_routers_of(uint32_t word)
{
    return (struct icmpv4_routers){(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint16_t)word};
}

static inline uint32_t icmpv4_routers_word(const struct icmpv4_routers *r)
{
    return (uint32_t)r->count << 24 | (uint32_t)r->words << 16 | r->lifetime;
}

/*
 * The quote inside an ICMP error: the offender's IP header, and the first 8 bytes behind it.
 * Less strict than ipv4_parse: its checksum and total length are the offender's business. False when unusable: not a
 * whole IPv4 header with 8 bytes behind it, or a later fragment, whose 8 bytes name no endpoint.
 */
struct icmpv4_quote {
    struct ipv4_header ip;
    uint8_t head[8]; /* ports and sequence number for TCP, ports for UDP, echo header for ICMP */
};
bool icmpv4_quote_parse(struct reader *r, struct icmpv4_quote *q);

#endif
