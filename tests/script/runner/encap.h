/* SPDX-License-Identifier: MIT */
/*
 * Headers around a packet, outermost first, each ending in a colon, before the packet's own attributes:
 *   ipv4 A > B:   ipv6 A > B:                          IP in IP (RFC 2003, 4213, 2473): protocols 4 and 41
 *   gre:                                               RFC 2784, RFC 2890: protocol 47
 *   gre flags checksum|key|sequence, proto 0x800, sum N, off N, key N, seq N:   (any of them, in any order)
 *   mpls (label N, tc N, [S], ttl N) (...):            RFC 3032; in IP and GRE by RFC 4023: protocol 137
 * What stands inside is the flow's own datagram. What names the next header is filled in, lengths and checksums too.
 */
#ifndef SCRIPT_ENCAP_H
#define SCRIPT_ENCAP_H

#include "scan.h"
#include "text.h"

enum encap_kind { ENCAP_IPV4, ENCAP_IPV6, ENCAP_GRE, ENCAP_MPLS };

/* Bits of a GRE header's first word. */
enum { GRE_CHECKSUM = 0x8000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000 };

#define ENCAPS      4
#define MPLS_LABELS 4

struct encap {
    enum encap_kind kind;
    struct weft_ip src, dst;     /* IPV4, IPV6 */
    uint16_t flags;              /* GRE: all bits of the first half word */
    uint16_t proto, sum, off;    /* GRE */
    bool has_proto, has_sum;     /* they were written */
    uint32_t key, seq;           /* GRE */
    size_t n_labels;             /* MPLS */
    uint32_t label[MPLS_LABELS]; /* whole entries of the stack: label, class, bottom, TTL */
};

struct packet;

/* If such a header stands here, takes it with its colon. */
bool encap_parse(struct scan *s, struct packet *p);
void encap_print_all(struct text *t, const struct packet *p);
bool encap_same_all(const struct packet *expected, const struct packet *sent);

/* Does such a header stand behind an IP header that names this protocol? */
bool encap_is_protocol(uint8_t ip_proto);

/* Bytes of all headers around the packet. */
size_t encap_bytes(const struct packet *p);
/* Writes them in front of the n bytes that stand at buf + encap_bytes(p). */
void encap_build(const struct packet *p, size_t n, uint8_t *buf);
/*
 * The IP header that p shows is an outer one, and *at stands behind it: moves it to p->outer with what follows up to
 * the next IP header. NULL, or what is wrong.
 */
const char *encap_read(struct packet *p, const uint8_t *bytes, size_t n, size_t *at);

#endif
