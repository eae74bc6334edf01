/* SPDX-License-Identifier: MIT */
/* The IPv4 header (RFC 791), its options skipped safely, and the pseudo-header of the transports. */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include "base/checksum.h"
#include "wire/buf.h"

#define IPV4_HEADER      20
#define IPV4_MAX_HEADER  60
#define IPV4_MAX_OPTIONS 40
#define IPV4_MAX_LEN     65535

enum ip_proto {
    IP_PROTO_ICMP = 1,
    IP_PROTO_IGMP = 2,
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_PROTO_ICMPV6 = 58,
};

struct ipv4_header {
    uint8_t header_len; /* bytes, 20 to 60 */
    uint8_t tos;
    uint16_t total_len; /* bytes, header included */
    uint16_t id;
    bool df, mf;
    uint16_t frag_offset; /* bytes, a multiple of 8 */
    uint8_t ttl, proto;
    uint16_t checksum;
    uint32_t src, dst;       /* host order */
    const uint8_t *options;  /* borrowed from the packet; header_len - 20 bytes, NULL when there are none */
};

enum ipv4_verdict {
    IPV4_OK,
    IPV4_SHORT,
    IPV4_BAD_VERSION,
    IPV4_BAD_HEADER_LEN,
    IPV4_BAD_TOTAL_LEN, /* less than the header, or more than `available` */
    IPV4_BAD_CHECKSUM,
    IPV4_BAD_OPTION,
    IPV4_SOURCE_ROUTE, /* sound, but carries a loose or strict source route */
};

/*
 * Reads and checks a header at r, leaving r behind the options. `available` is the number of bytes the packet really
 * holds from the header's first byte on, which may be more than r can see (payload in spans). The checks stand in the
 * order of the verdicts; IPV4_SHORT also says that r does not see all options. The fixed fields are in *h unless r
 * sees fewer than 20 bytes.
 */
enum ipv4_verdict ipv4_parse(struct reader *r, size_t available, struct ipv4_header *h);

/*
 * Reads a header without judging checksum, total length or options: for quotes and for printing.
 * False when version or header length are impossible or r does not see it all; what could be read is in *h then.
 */
bool ipv4_read(struct reader *r, struct ipv4_header *h);

/* Writes the header with its checksum computed; header_len says how many bytes of options follow from h->options. */
void ipv4_emit(struct writer *w, const struct ipv4_header *h);

/* Changes the total length of the header at p, and its checksum to match. */
void ipv4_set_total_len(uint8_t *p, uint16_t total_len);

/* Are these option bytes well formed (RFC 791 §3.1)? Sets *source_route when one of kinds 131, 137 is among them. */
bool ipv4_options_check(const uint8_t *options, size_t n, bool *source_route);

/*
 * Adds the pseudo-header of src and dst's family (RFC 9293 §3.1, RFC 8200 §8.1) to c, which must be even: begin
 * with it.
 */
void ip_pseudo_header(struct csum *c, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto,
                      uint32_t len);

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
    const uint8_t low[8] = {0, 0, 0xff, 0xff, (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a};

    memcpy(to->b, zero, 8);
    memcpy(to->b + 8, low, 8);
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

#endif
