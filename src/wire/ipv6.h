/* SPDX-License-Identifier: MIT */
/*
 * The IPv6 header and its extension headers (RFC 8200). What an unknown option or header means for the datagram is
 * said as a verdict; whoever asked acts on it.
 */
#ifndef WIRE_IPV6_H
#define WIRE_IPV6_H

#include "wire/ip.h"

#define IPV6_HEADER          40
#define IPV6_FRAGMENT_HEADER 8
#define IPV6_MIN_MTU         1280
#define IPV6_MAX_LEN         (IPV6_HEADER + IP_MAX_LEN)
#define IPV6_FLOW_LABEL      0xfffff

struct ipv6_header {
    uint8_t tclass, next, hop_limit;
    uint32_t flow_label;  /* 20 bits */
    uint16_t payload_len; /* bytes behind this header */
    struct weft_ip src, dst; /* read without zones; written without them whatever they have */
};

enum ipv6_verdict { IPV6_OK, IPV6_SHORT, IPV6_BAD_VERSION, IPV6_BAD_PAYLOAD_LEN };

/*
 * Reads the fixed header, leaving r behind it; `available` bytes are there from its first byte on. *h is filled unless
 * r sees fewer than 40 bytes.
 */
enum ipv6_verdict ipv6_parse(struct reader *r, size_t available, struct ipv6_header *h);

/* The same without judging the length: for quotes and for printing. */
bool ipv6_read(struct reader *r, struct ipv6_header *h);

void ipv6_emit(struct writer *w, const struct ipv6_header *h);

/* Rewrites the length of what follows in the header at p. */
static inline void ipv6_set_payload_len(uint8_t *p, uint16_t len) { poke_u16(p + 4, len); }

/* ---- extension headers ---- */

struct ipv6_fragment {
    uint8_t next;
    bool more;
    uint16_t offset; /* bytes, a multiple of 8 */
    uint32_t id;
};
bool ipv6_fragment_parse(struct reader *r, struct ipv6_fragment *f);
void ipv6_fragment_emit(struct writer *w, const struct ipv6_fragment *f);

/*
 * RFC 8504 §5.3 allows a host its limits: what exceeds them is dropped in silence. A chain that a fragment header cuts
 * in two has them twice.
 */
#define IPV6_MAX_EXTENSIONS 8    /* headers in a datagram */
#define IPV6_MAX_CHAIN      2048 /* bytes of them together */
#define IPV6_MAX_OPTIONS    8    /* other than padding, in one header */
#define IPV6_MAX_PADDING    7    /* bytes of it in a row, be it Pad1 or PadN */

enum ipv6_chain_verdict {
    IPV6_CHAIN_UPPER,     /* `next` is no extension header: an upper-layer protocol, or unknown */
    IPV6_CHAIN_FRAGMENT,  /* stands at a fragment header */
    IPV6_CHAIN_SHORT,     /* runs past what is here */
    IPV6_CHAIN_LIMIT,     /* exceeds one of the limits */
    IPV6_CHAIN_DISCARD,   /* an unknown option says: discard */
    IPV6_CHAIN_OPTION,    /* an unknown option says: discard, and tell the sender */
    IPV6_CHAIN_OPTION_UNLESS_GROUP, /* the same, unless the destination is a group */
    IPV6_CHAIN_ROUTING,   /* a routing header with segments left (RFC 5095, RFC 8200 §4.4) */
    IPV6_CHAIN_MISPLACED, /* hop-by-hop options elsewhere than first */
};

struct ipv6_chain {
    uint32_t offset;  /* of the header named by `next`, from the IPv6 header's first byte */
    uint32_t next_at; /* where the byte stands that named it */
    uint32_t problem; /* the offending byte, with the verdicts that tell the sender; else 0 */
    uint8_t next;
    uint8_t headers;  /* extension headers passed */
    bool router_alert;
    uint16_t alert;   /* its value (RFC 2711 §2.1): what the datagram is about */
};

static inline struct ipv6_chain ipv6_chain_start(uint8_t next)
{
    return (struct ipv6_chain){.offset = IPV6_HEADER, .next_at = 6, .next = next};
}

/*
 * Walks on from c->next at c->offset, as far as it goes. r sees from c->offset on. With a verdict of trouble c stands
 * at the header in question.
 */
enum ipv6_chain_verdict ipv6_chain_walk(struct reader *r, struct ipv6_chain *c);

/*
 * Passes over all extension headers by their lengths alone, whatever they say: for quotes, and to see what a datagram
 * is about. *next becomes what they lead to, where r then stands; *f a fragment header on the way (else all zero),
 * behind whose later pieces nothing is looked for. False: they are not all here.
 */
bool ipv6_chain_skip(struct reader *r, uint8_t *next, struct ipv6_fragment *f);

/* Is it one of the extension headers that are walked over? A fragment header is not. */
bool ipv6_is_extension(uint8_t next);

#endif
