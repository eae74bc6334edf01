/* SPDX-License-Identifier: MIT */
/* ICMP for IPv6 (RFC 4443). */
#ifndef WIRE_ICMPV6_H
#define WIRE_ICMPV6_H

#include "wire/ipv6.h"

#define ICMPV6_HEADER 8

enum icmpv6_type {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER_PROBLEM = 4,
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_MLD_QUERY = 130,
    ICMPV6_MLD_REPORT = 131,
    ICMPV6_MLD_DONE = 132,
    ICMPV6_ROUTER_SOLICIT = 133,
    ICMPV6_ROUTER_ADVERT = 134,
    ICMPV6_NEIGHBOUR_SOLICIT = 135,
    ICMPV6_NEIGHBOUR_ADVERT = 136,
    ICMPV6_REDIRECT = 137,
    ICMPV6_MLD2_REPORT = 143,
};

enum icmpv6_unreachable {
    ICMPV6_NO_ROUTE = 0,
    ICMPV6_PROHIBITED = 1,
    ICMPV6_BEYOND_SCOPE = 2,
    ICMPV6_ADDRESS_UNREACHABLE = 3,
    ICMPV6_PORT_UNREACHABLE = 4,
};

enum icmpv6_problem {
    ICMPV6_BAD_FIELD = 0,
    ICMPV6_UNKNOWN_HEADER = 1,
    ICMPV6_UNKNOWN_OPTION = 2,
    ICMPV6_INCOMPLETE_CHAIN = 3, /* RFC 7112 */
};

struct icmpv6_header {
    uint8_t type, code;
    uint16_t checksum;
    uint32_t word; /* the second four bytes: identifier and sequence number, MTU, pointer, or by type */
};

/* RFC 4443 §2.1: the high bit tells errors from the others. */
static inline bool icmpv6_is_error(uint8_t type) { return type < 128; }

/* Reads the first 8 bytes; false when there are fewer. */
bool icmpv6_parse(struct reader *r, struct icmpv6_header *h);

/* Writes the header with checksum as given. */
void icmpv6_emit(struct writer *w, const struct icmpv6_header *h);

/*
 * The quote inside an ICMPv6 error: the offender's IPv6 header, what its chain of headers leads to, and the first 8
 * bytes of that. False when unusable: they are not all there, or it is a later fragment, which names no endpoint.
 */
struct icmpv6_quote {
    struct ipv6_header ip;
    uint8_t proto;
    uint8_t head[8]; /* ports and sequence number for TCP, ports for UDP, echo header for ICMPv6 */
};
bool icmpv6_quote_parse(struct reader *r, struct icmpv6_quote *q);

#endif
