/* SPDX-License-Identifier: MIT */
/* The options of IPv4 that somebody acts on (RFC 791 §3.1): route and time are recorded, a route is prescribed. */
#ifndef WIRE_IPV4_OPTIONS_H
#define WIRE_IPV4_OPTIONS_H

#include "wire/ipv4.h"

enum ipv4_option_kind {
    IPV4_RECORD_ROUTE = 7,
    IPV4_TIMESTAMP = 68,
    IPV4_LOOSE_ROUTE = 131,
    IPV4_STRICT_ROUTE = 137,
    IPV4_ROUTER_ALERT = 148, /* RFC 2113; see ip/alert.c */
};

/* Offsets in an option area; IPV4_NOWHERE: not there. */
#define IPV4_NOWHERE 0xff
struct ipv4_places {
    uint8_t record, stamp, route;
};

/*
 * Finds them among n bytes, of which a sound option is the whole, with a pointer into it or behind it, and none is
 * there twice. False: something is wrong, at *bad. Reads nothing outside, whatever the bytes say.
 */
bool ipv4_options_find(const uint8_t *options, size_t n, struct ipv4_places *p, uint8_t *bad);

/* The address that the timestamp option waits for (its flag 3); false: it waits for none. */
bool ipv4_stamp_awaits(const uint8_t *options, const struct ipv4_places *p, uint32_t *address);

/*
 * Writes an address and a time where the options want them and have room, else counts one more that found none (RFC 791
 * §3.1). Flag 3 waits for certain addresses: is_ours says whether this is one.
 */
void ipv4_options_record(uint8_t *options, const struct ipv4_places *p, uint32_t address, uint32_t stamp, bool is_ours);

/* Has the prescribed route another hop? Its address, and where to write ours instead. */
bool ipv4_route_next(const uint8_t *options, const struct ipv4_places *p, uint32_t *next);
/* One hop further: address is what the packet leaves with. */
void ipv4_route_advance(uint8_t *options, const struct ipv4_places *p, uint32_t address);

/*
 * Turns a route that was gone to its end around (RFC 1122 §3.2.2.6): back to src. The first hop is *first. It stands in
 * `out`, which has room for it; returns its length, 0 when it has no hop.
 */
uint8_t ipv4_route_reverse(const uint8_t *options, const struct ipv4_places *p, uint32_t src, uint8_t *out,
                           uint32_t *first);

/* Those that stand in every fragment, padded to words, into out; returns how many bytes. */
uint8_t ipv4_options_copied(const uint8_t *options, size_t n, uint8_t out[IPV4_MAX_OPTIONS]);

#endif
