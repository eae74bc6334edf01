/* SPDX-License-Identifier: MIT */
/* What the files of src/ip share with each other and show to nobody else. */
#ifndef IP_PRIVATE_H
#define IP_PRIVATE_H

#include "base/hashtab.h"
#include "base/wheel.h"
#include "ip/ip.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"

#define IP_DEFAULT_TTL 64

/* ---- ident.c: identification of datagrams that may be fragmented ---- */

#define IP_IDENTS 512 /* destinations remembered at a time */

struct ip_idents {
    struct sip_key key;
    uint32_t fresh; /* destinations seen so far: no two start at the same point of the key's sequence */
    struct {
        uint32_t tag; /* of the source, destination and protocol that owns the slot */
        uint16_t next;
    } slot[IP_IDENTS];
};

void ip_idents_init(struct ip_idents *ids, struct sip_key key);

/* The next identification for this source, destination and protocol (RFC 6864 §4.3). */
uint16_t ip_ident(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto);

/* ---- incomplete.c, reassemble.c ---- */

struct ip_reassembly {
    weft_stack *stack;
    struct sip_key key;
    struct slab records;  /* datagrams, their fragments and their sources: all of a size */
    struct hashtab table; /* datagrams and sources */
    struct list age;      /* all datagrams, the oldest first */
    struct timer timer;   /* the oldest one's deadline */
    size_t held;          /* bytes of true size: packets, blocks and records */
};

void ip_reassembly_init(struct ip_reassembly *r, weft_stack *s);
/* Drops what is incomplete, without telling anybody. */
void ip_reassembly_fini(struct ip_reassembly *r);
void ip_reassembly_timer(weft_stack *s);

/*
 * Takes a fragment: data behind the header h, which stands at l3; cut to h's total length. Returns the whole datagram,
 * standing at l4 behind a header in one linear run, when this piece completed it; else NULL. Owns pkt.
 */
struct weft_pkt *ip_reassemble(weft_stack *s, struct weft_pkt *pkt, const struct ipv4_header *h);

/* ---- limit.c: how many ICMP errors may be sent ---- */

struct icmp_limit {
    uint64_t credit; /* in thousand-millionths of an error */
    weft_time last;  /* when credit was right */
};

void icmp_limit_init(struct icmp_limit *l, weft_time now);

/* May one more error go out now? Takes it from the credit. */
bool icmp_limit_allows(struct icmp_limit *l, weft_stack *s);

/* ---- output.c, fragment.c ---- */

/* Writes an IPv4 header in front of pkt, which stands at l4, for the whole message or a piece of it. */
struct ip_piece {
    uint16_t id, offset;
    bool mf;
};
void ip_push_header(struct weft_pkt *pkt, const struct ip_send *how, struct ip_piece piece);

/* Sends pkt (data at l4) in fragments that fit path's MTU. Owns pkt. 0 or WEFT_ENOMEM. */
int ip_fragment(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/* ---- icmp.c, error.c ---- */

/* Completes the checksum of a message (data at its header) and sends it. Owns pkt. */
int icmp_send(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/* An ICMP error came in; data at its header h, checksum verified. Owns pkt. */
void icmp_error_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h);

/* ---- ping.c ---- */

void *ping_init(weft_stack *s);
void ping_fini(weft_stack *s, void *state);
weft_sock *ping_socket(weft_stack *s, int *err);
bool ping_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);

/* An echo reply for us, data at its ICMP header. Owns pkt. */
void ping_reply_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h);
bool ping_error(weft_stack *s, const struct ip_error *e);

/* ---- layer.c: what ip_init makes ---- */

struct ip_state {
    struct ip_idents idents;
    struct ip_reassembly reassembly;
    struct icmp_limit limit;
};

static inline struct ip_state *ip_state(weft_stack *s) { return s->ip; }

#endif
