/* SPDX-License-Identifier: MIT */
/* Messages of neighbour discovery and their options (RFC 4861 §4, RFC 8106 §5, RFC 7527 §3), for Ethernet. */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include "wire/icmpv6.h"

#define ND_HOP_LIMIT 255 /* what has passed no router still has it */

/* Bytes of the fixed parts, ICMPv6 header included. */
#define ND_RS_LEN       8
#define ND_RA_LEN       16
#define ND_NS_LEN       24
#define ND_NA_LEN       24
#define ND_REDIRECT_LEN 40
#define ND_MAC_OPTION   8 /* a link-layer address option of Ethernet */
#define ND_NONCE_OPTION 8
#define ND_QUOTE_OPTION 8 /* a redirected header option, before what it quotes */

enum nd_option_kind {
    ND_SOURCE_MAC = 1,
    ND_TARGET_MAC = 2,
    ND_PREFIX = 3,
    ND_REDIRECTED = 4,
    ND_MTU = 5,
    ND_NONCE = 14,
    ND_RDNSS = 25,
    ND_DNSSL = 31,
};

struct nd_option {
    uint8_t kind;
    uint16_t len;        /* bytes, kind and length included; a multiple of 8 */
    const uint8_t *body; /* borrowed; what stands behind the length byte, len - 2 bytes */
};

/*
 * Takes the next option from r, which sees the options and nothing else. False at the end; r->bad then says that an
 * option of no length, or one that runs past the end, ended it: the whole message is no good (RFC 4861 §6.1, §7.1,
 * §8.1).
 */
bool nd_option_next(struct reader *r, struct nd_option *o);

/* Are all of them well formed? */
bool nd_options_sound(struct reader r);

/* The station address in the first option of this kind; NULL: none, or not of Ethernet's length. */
const uint8_t *nd_option_mac(struct reader r, enum nd_option_kind kind);

/* The six bytes of the first nonce; NULL: none. */
const uint8_t *nd_option_nonce(struct reader r);

struct nd_prefix {
    struct weft_ip prefix;
    uint8_t bits;
    bool on_link, autonomous;
    uint32_t valid, preferred; /* seconds; UINT32_MAX: for ever */
};
/* False when the option has another length or more than 128 bits. */
bool nd_prefix_parse(const struct nd_option *o, struct nd_prefix *p);
/* The MTU, or 0 when the option has another length. */
uint32_t nd_mtu_parse(const struct nd_option *o);

struct nd_advert {
    uint8_t hop_limit;     /* 0: not said */
    uint16_t lifetime;     /* as a default router, seconds */
    uint32_t reachable, retrans; /* milliseconds; 0: not said */
};

/* Behind the four bytes of type, code and checksum; false when short. r then stands at the options. */
bool nd_advert_parse(struct reader *r, struct nd_advert *a);

/* A neighbour solicitation or advertisement: its flags word and its target. */
struct nd_neighbour {
    bool router, solicited, override;
    struct weft_ip target;
};
bool nd_neighbour_parse(struct reader *r, struct nd_neighbour *n);

struct nd_redirect {
    struct weft_ip target, dst;
};
bool nd_redirect_parse(struct reader *r, struct nd_redirect *d);

/* Writes a solicitation or advertisement, checksum zero, without options; and the options. */
void nd_neighbour_emit(struct writer *w, uint8_t type, const struct nd_neighbour *n);
void nd_router_solicit_emit(struct writer *w);
void nd_redirect_emit(struct writer *w, const struct nd_redirect *d);
void nd_mac_option_emit(struct writer *w, enum nd_option_kind kind, const uint8_t mac[6]);
void nd_nonce_option_emit(struct writer *w, const uint8_t nonce[6]);
/* The head of a redirected header option; n bytes of the datagram, a multiple of 8, follow it. */
void nd_quote_option_emit(struct writer *w, uint32_t n);

/* RFC 8106 §5.1: the lifetime, and the servers behind it; false when the length is no such option's. */
bool nd_rdnss_parse(const struct nd_option *o, uint32_t *lifetime, const uint8_t **servers, unsigned *n);

/*
 * RFC 8106 §5.2: the lifetime and the first of the search domains that r then stands at; false when the length is no
 * such option's. nd_domain_next writes the next one as text ("example.net"), at most n bytes with the zero; false at
 * the end, or (*bad) at a name that is not terminated, too long, or no name.
 */
bool nd_dnssl_parse(const struct nd_option *o, uint32_t *lifetime, struct reader *names);
bool nd_domain_next(struct reader *names, char *text, size_t n, bool *bad);

#endif
