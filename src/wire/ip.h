/* SPDX-License-Identifier: MIT */
/*
 * What both versions of IP share: protocol numbers, addresses as the stack keeps them, the pseudo-header.
 *
 * Zones (RFC 4007): an address of link-local scope is unique on its link only. Inside the stack bytes 2 and 3 of such
 * an address, zero on the wire, hold its zone: the number of the interface. So one address on two links makes two keys
 * in every table, and nothing else has to know. The IP layer puts the zone in when a datagram arrives; ipv6_emit and
 * the pseudo-header leave it out.
 */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include "base/checksum.h"
#include "wire/buf.h"

#define IP_MAX_LEN 65535 /* bytes: of an IPv4 datagram, or of what follows an IPv6 header */

enum ip_proto {
    IP_PROTO_HOPOPTS = 0,
    IP_PROTO_ICMP = 1,
    IP_PROTO_IGMP = 2,
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_PROTO_ROUTING = 43,
    IP_PROTO_FRAGMENT = 44,
    IP_PROTO_ICMPV6 = 58,
    IP_PROTO_NONE = 59,
    IP_PROTO_DSTOPTS = 60,
};

/* Adds the pseudo-header of two addresses of IPv4 (RFC 9293 §3.1) to c, which must be even: begin with it. */
static inline void ip_pseudo_header_v4(struct csum *c, uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
    uint8_t fields[12];
    uint32_t word[3];
    uint64_t sum;

    poke_u32(fields, src); /* the sum does not mind that the last word's halves stand elsewhere in the header */
    poke_u32(fields + 4, dst);
    poke_u32(fields + 8, proto + len);
    memcpy(word, fields, sizeof word);
    sum = (uint64_t)word[0] + word[1] + word[2]; /* as csum_add takes them: in the machine's own order */
    c->acc += sum;
    c->acc += c->acc < sum;
}

/* The same as a number, as those that are written are: others can be added to it. */
static inline uint64_t ip_pseudo_sum_v4(uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
    return (uint64_t)src + dst + proto + len;
}

/* Address predicates and conversions; v4 numbers are host order. */
static inline bool ip_is_v4(const struct weft_ip *ip)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(ip->b, prefix, sizeof prefix) == 0;
}

static inline uint32_t ip_to_v4(const struct weft_ip *ip)
{
    return (uint32_t)ip->b[12] << 24 | (uint32_t)ip->b[13] << 16 | (uint32_t)ip->b[14] << 8 | ip->b[15];
}

/* The pseudo-header of IPv6 (RFC 8200 §8.1); else as ip_pseudo_header_v4. */
void ip_pseudo_header_v6(struct csum *c, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto,
                         uint32_t len);

/* That of src and dst's family. */
static inline void ip_pseudo_header(struct csum *c, const struct weft_ip *src, const struct weft_ip *dst,
                                    uint8_t proto, uint32_t len)
{
    if (likely(ip_is_v4(src)))
        ip_pseudo_header_v4(c, ip_to_v4(src), ip_to_v4(dst), proto, len);
    else
        ip_pseudo_header_v6(c, src, dst, proto, len);
}

/* Two addresses of IPv4 in one number, as their bytes would be read from memory, the least significant first. */
static inline uint64_t ip_v4_pair(const struct weft_ip *first, const struct weft_ip *second)
{
    uint64_t both = (uint64_t)ip_to_v4(first) << 32 | ip_to_v4(second);

    return __builtin_bswap64(both);
}

/*
 * An address on a packet's path is written and copied in halves of eight bytes: a 16-byte load of what was stored in
 * halves a moment ago has to wait for both stores.
 */
static inline void ip_copy(struct weft_ip *to, const struct weft_ip *from)
{
    uint64_t half[2];

    memcpy(&half[0], from->b, 8);
    memcpy(&half[1], from->b + 8, 8);
    memcpy(to->b, &half[0], 8);
    memcpy(to->b + 8, &half[1], 8);
}

static inline void ip_set_v4(struct weft_ip *to, uint32_t a)
{
    static const uint8_t zero[8];
    uint64_t low = (uint64_t)0xffff << 32 | a; /* written byte by byte, gcc makes two stores of it */

    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        low = __builtin_bswap64(low);
    memcpy(to->b, zero, 8);
    memcpy(to->b + 8, &low, 8);
}

static inline bool ip_eq_v4(const struct weft_ip *ip, uint32_t a)
{
    struct weft_ip other;
    uint64_t half[2], others[2];

    ip_set_v4(&other, a);
    memcpy(half, ip->b, sizeof half);
    memcpy(others, other.b, sizeof others);
    return half[0] == others[0] && half[1] == others[1];
}

static inline bool ip_eq(const struct weft_ip *a, const struct weft_ip *b) { return memcmp(a, b, sizeof *a) == 0; }

/* :: or 0.0.0.0 */
bool ip_is_any(const struct weft_ip *ip);
bool ip_is_multicast(const struct weft_ip *ip);
bool ip_is_loopback(const struct weft_ip *ip);
/* 255.255.255.255 */
bool ip_is_limited_broadcast(const struct weft_ip *ip);
/* Do the first `bits` bits agree? For IPv4 count from the mapped address: 96 + prefix length. */
bool ip_prefix_match(const struct weft_ip *a, const struct weft_ip *b, unsigned bits);
/* The first `bits` bits, counted in the same way, and zeros. */
struct weft_ip ip_network(const struct weft_ip *ip, unsigned bits);

/* fe80::/10 */
static inline bool ip_is_link_local(const struct weft_ip *ip) { return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80; }

/* weft_ip_is_zoned, with what is usual first. */
static inline bool ip_is_zoned(const struct weft_ip *ip) { return unlikely(ip->b[0] >= 0xfe) && weft_ip_is_zoned(ip); }

/* The scope of an IPv6 address as RFC 4291 §2.7 numbers them: 1 interface, 2 link, 5 site, 14 global. */
unsigned ip_scope(const struct weft_ip *ip);

static inline unsigned ip_zone(const struct weft_ip *ip) { return weft_ip_zone(ip); }

/* Writes the zone of an address that has one; others stay as they are. */
static inline void ip_set_zone(struct weft_ip *ip, unsigned zone)
{
    if (ip_is_zoned(ip))
        poke_u16(ip->b + 2, (uint16_t)zone);
}

/* As on the wire: without its zone. */
static inline struct weft_ip ip_bare(struct weft_ip ip)
{
    ip_set_zone(&ip, 0);
    return ip;
}

/*
 * Does a socket bound to `bound` take what is for ip? The any-address of IPv4 takes all of IPv4; that of IPv6 takes
 * all of IPv6 and, unless v6only (RFC 3493 §5.3), of IPv4.
 */
static inline bool ip_takes(const struct weft_ip *bound, bool v6only, const struct weft_ip *ip)
{
    if (ip_eq(bound, ip))
        return true;
    if (!ip_is_any(bound))
        return false;
    return ip_is_v4(bound) ? ip_is_v4(ip) : !v6only || !ip_is_v4(ip);
}

#endif
