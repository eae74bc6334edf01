/* SPDX-License-Identifier: MIT */
/* The IPv4 header (RFC 791), its options skipped safely. */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include "wire/ip.h"

#define IPV4_HEADER      20
#define IPV4_MAX_HEADER  60
#define IPV4_MAX_OPTIONS 40
#define IPV4_MAX_LEN     65535

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
 * Is the header at p, of which there are IPV4_HEADER bytes, one without options or mistakes, of a datagram that is
 * `total` bytes long and no fragment? Most are.
 */
bool ipv4_is_plain(const uint8_t *p, size_t total);

/*
 * Reads a header without judging checksum, total length or options: for quotes and for printing.
 * False when version or header length are impossible or r does not see it all; what could be read is in *h then.
 */
bool ipv4_read(struct reader *r, struct ipv4_header *h);

/* Writes the header with its checksum computed; header_len says how many bytes of options follow from h->options. */
void ipv4_emit(struct writer *w, const struct ipv4_header *h);

/* Changes the total length of the header at p, and its checksum to match. */
void ipv4_set_total_len(uint8_t *p, uint16_t total_len);
/* The same of its identification. */
void ipv4_set_id(uint8_t *p, uint16_t id);
/* Its addresses. */
static inline uint32_t ipv4_source(const uint8_t *p) { return peek_u32(p + 12); }
static inline uint32_t ipv4_destination(const uint8_t *p) { return peek_u32(p + 16); }
/* Must the datagram with the header at p stay in one piece (DF)? */
static inline bool ipv4_has_df(const uint8_t *p) { return p[6] & 0x40; }

/* Computes the checksum of the header at p anew: its options were changed. */
void ipv4_reseal(uint8_t *p);

/* Are these option bytes well formed (RFC 791 §3.1)? Sets *source_route when one of kinds 131, 137 is among them. */
bool ipv4_options_check(const uint8_t *options, size_t n, bool *source_route);

#endif
