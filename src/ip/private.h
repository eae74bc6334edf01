/* SPDX-License-Identifier: MIT */
/* What the files of src/ip share with each other and show to nobody else. */
#ifndef IP_PRIVATE_H
#define IP_PRIVATE_H

#include "base/hashtab.h"
#include "base/wheel.h"
#include "ip/ip.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"


/* ---- ident.c: identification of datagrams that may be fragmented ---- */

#define IP_IDENTS 512 /* destinations remembered at a time */

struct ip_ident_slot {
    uint32_t tag; /* of the source, destination and protocol that owns the slot */
    uint32_t next;
    uint32_t eighth, used; /* of config.ip_ident_life: which of them, how many numbers went out in it */
};

struct ip_idents {
    struct sip_key key;
    uint32_t fresh; /* destinations seen so far: no two start at the same point of the key's sequence */
    struct {
        uint32_t src, dst, proto;
        uint64_t hash;
    } last;         /* the triple of IPv4 asked for last, and its hash: mostly it is the next one, too */
    struct ip_ident_slot slot[IP_IDENTS];
};

void ip_idents_init(struct ip_idents *ids, struct sip_key key);

/* The next identification for this source, destination and protocol (RFC 6864 §4.3). */
uint16_t ip_ident(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst, uint8_t proto);
/* The same of two addresses of IPv4, the first of n in a row, for datagrams that go down as one. */
uint16_t ip_ident_v4(struct ip_idents *ids, uint32_t src, uint32_t dst, uint8_t proto, uint32_t n);

/*
 * May n more numbers be used, if none is to come again within config.ip_ident_life, which is not 0? Counts them if so.
 */
bool ip_ident_allows(weft_stack *s, const struct ip_send *how, uint32_t n);

/* The same for fragments of IPv6, in 32 bits and for all protocols together (RFC 8200 §4.5, RFC 7739 §5.1). */
uint32_t ip_ident_v6(struct ip_idents *ids, const struct weft_ip *src, const struct weft_ip *dst);

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

/* What a datagram's header says of the piece behind it. */
struct ip_piece {
    uint32_t id;
    uint16_t offset; /* of the message, in bytes */
    bool mf;         /* more fragments follow */
};

/*
 * Takes a fragment whose headers begin at l3: data at its payload, at l4, without padding. Returns the whole datagram
 * in one linear run when this piece completed it: data at l4, behind an IPv4 header, or behind the part of an IPv6
 * datagram that is not fragmented. Else NULL. Owns pkt.
 */
struct weft_pkt *ip_reassemble(weft_stack *s, struct weft_pkt *pkt, const struct ip_piece *piece);

/* ---- group.c: to which groups we listen ---- */

/* Do we listen to this group on the interface (RFC 1122 §3.3.7, RFC 4291 §2.8)? */
bool group_is_ours(const weft_if *ifp, const struct weft_ip *group);

/* And to this source in it? Asked of a group that is ours. */
bool group_takes_source(const weft_if *ifp, const struct weft_ip *group, const struct weft_ip *source);

/* The solicited-node group of an address of ours is joined, or, unless another address has the same, left. */
void group_join_own(weft_if *ifp, const struct weft_ip *address);
void group_leave_own(weft_if *ifp, const struct weft_ip *address);

/*
 * The groups of all routers of the family are joined, where we are one (RFC 1256 §4.3, RFC 4291 §2.8), or left. The
 * interface has addresses of the family.
 */
void group_settle_routers(weft_if *ifp, bool v4);

/* The solicited-node group of an address, in the same zone (RFC 4291 §2.7.1). */
struct weft_ip group_of_address(const weft_if *ifp, const struct weft_ip *ip);

/* ---- input.c ---- */

/* A datagram for us, data at l4, goes to raw sockets and to its protocol, or is refused. Owns pkt. */
void ip_deliver(weft_stack *s, struct weft_pkt *pkt);

/* ---- extensions.c ---- */

/*
 * The extension headers of a datagram whose data stands at its IPv6 header, at l3. Returns it with data at l4, the
 * upper layer's header, and proto set; or NULL: dropped, answered, or a fragment that is kept. Owns pkt.
 */
struct weft_pkt *ip_walk_extensions(weft_stack *s, struct weft_pkt *pkt, uint8_t next);

/* ---- headers.c: extension headers of what we send ---- */

/*
 * Puts the destination options in front of a message and sees that all other headers have room. *with becomes how to
 * send what it is then. NULL: out of memory. Owns pkt.
 */
struct weft_pkt *ip_headers_add(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, struct ip_send *with);

/* A packet with these bytes of pkt and room for all headers in front. NULL: out of memory. */
struct weft_pkt *ip_headers_piece(weft_stack *s, const struct weft_pkt *pkt, const struct ip_headers *headers,
                                  uint32_t offset, uint32_t len);

/* The hop-by-hop options in front of pkt, whose first header is of this kind. Returns what it is of then. */
uint8_t ip_headers_push_hop(struct weft_pkt *pkt, const struct ip_headers *headers, uint8_t next);

/* ---- sticky.c: WEFT_IPV6_HOPOPTS and its kin ---- */

bool sticky_is_option(const struct dgram_ep *d, int level, int option);
/* WEFT_EINVAL, WEFT_ENOMEM. */
int sticky_set(struct dgram_ep *d, int option, const void *value, size_t n);
/* As much as there is room for. */
int sticky_get(const struct dgram_ep *d, int option, void *value, size_t *n);
void sticky_forget(struct dgram_ep *d);

/* ---- limit.c: how many ICMP errors may be sent ---- */

#define ICMP_SLOTS 256 /* destinations remembered at a time */

/* What is counted apart. */
enum icmp_limited { ICMP_ERROR, ICMP_REDIRECT, ICMP_SIZE, ICMP_LIMITED }; /* SIZE: it tells what a path carries */

struct icmp_bucket {
    uint64_t credit; /* in thousand-millionths of an error */
    weft_time last;  /* when credit was right */
};

struct icmp_limit {
    struct sip_key key;
    struct icmp_bucket all[ICMP_LIMITED];
    struct icmp_slot {
        uint32_t tag;      /* of the destination, and of what goes there; 0: empty */
        weft_time full_at; /* when its bucket is full again */
    } slot[ICMP_SLOTS];
};

void icmp_limit_init(struct icmp_limit *l, const weft_stack *s, struct sip_key key);

/* May one more of these go to this destination, by this path, now? Takes it from the credit. */
bool icmp_limit_allows(weft_stack *s, enum icmp_limited what, const struct ip_path *path, const struct weft_ip *to);

/* As ICMP_ERROR, of a message of IPv4 of this type; true where the configuration has no limit for such. */
bool icmp_type_allowed(weft_stack *s, uint8_t type, const struct ip_path *path, const struct weft_ip *to);

/* ---- options.c: IPv4 ---- */

/* Milliseconds for an option or a message that wants a time (query.c). */
uint32_t ip_stamp(const weft_stack *s);

/* What the answer to a received datagram carries, whose l3 and l4 are set; false: nothing. */
bool ip_options_reply(weft_stack *s, struct weft_pkt *pkt, struct ip_options *out);

/* The options that came with a datagram, l3 and l4 set and control->local its reader: as a reader is told of them. */
void ip_options_tell(weft_stack *s, const struct weft_pkt *pkt, struct weft_control *control);

/* A datagram for us with options, data at its header. False: it had another hop to go, and is gone. Owns pkt then. */
bool ip_options_input(weft_stack *s, struct weft_pkt *pkt);

/* One that goes on by this path: records us. False: its options are no good, and it is gone. Owns pkt then. */
bool ip_options_forward(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path);

/* One that would go on, whose options are no good, data at its header: tells its sender where. Owns pkt. */
void ip_options_complain(weft_stack *s, struct weft_pkt *pkt);

/* ---- redirected.c ---- */

#define IP_REDIRECTS 64 /* believed at a time */

struct ip_redirected {
    struct weft_ip dst, gateway;
    uint16_t if_index;
    weft_time until;
};

struct ip_redirects {
    struct timer timer;
    unsigned n;
    struct ip_redirected record[IP_REDIRECTS];
};

void ip_redirects_init(struct ip_redirects *r);
void ip_redirects_fini(weft_stack *s, struct ip_redirects *r);
void ip_redirects_timer(weft_stack *s);
/* This gateway does not answer: nobody is sent there any more (RFC 1122 §3.3.1.4). */
void ip_redirects_lost(weft_if *ifp, const struct weft_ip *gateway);

/* A redirect of IPv4, data at its ICMP header, checksum verified. Owns pkt. */
void icmp_redirect_input(weft_stack *s, struct weft_pkt *pkt, uint32_t gateway);

/* ---- redirect.c: those that we send ---- */

#define IP_TOLD 128

struct ip_told {
    struct sip_key key;
    weft_time next[IP_TOLD]; /* by hash of source and destination: not before */
};

void ip_told_init(struct ip_told *told, struct sip_key key);

/* A datagram (data at its header) is about to go on by this path: its sender is told if it could go there himself. */
void ip_redirect(weft_stack *s, const struct weft_pkt *pkt, const struct ip_path *path);

/* ---- discovery.c: routers of IPv4 ---- */

#define IP_ROUTERS  16 /* believed at a time, of all interfaces */
#define IP_SEARCHES 16 /* interfaces that ask at a time */

struct ip_router {
    struct weft_ip ip;
    uint16_t if_index;
    int32_t preference;
    weft_time until;
};

struct ip_search {
    uint16_t if_index;
    uint8_t sent; /* solicitations */
    weft_time due;
};

struct ip_discovery {
    struct timer timer;
    unsigned n_routers, n_searches;
    struct ip_router router[IP_ROUTERS];
    struct ip_search search[IP_SEARCHES];
};

void discovery_init(struct ip_discovery *d);
void discovery_fini(weft_stack *s, struct ip_discovery *d);
void discovery_timer(weft_stack *s);

/* A router's advertisement of IPv4, data at its ICMP header, checksum verified. Owns pkt. */
void discovery_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h);

/* ---- advertise.c: being one ---- */

#define IP_ADVERTISERS 16 /* interfaces that speak */

struct ip_advertiser {
    uint16_t if_index;
    uint8_t sent; /* of the first few */
    weft_time due;
};

struct ip_advertising {
    struct timer timer;
    unsigned n;
    struct ip_advertiser at[IP_ADVERTISERS];
};

void advertise_init(struct ip_advertising *a);
void advertise_fini(weft_stack *s, struct ip_advertising *a);
void advertise_timer(weft_stack *s);

/* The interface has an address that may be used: it speaks from now on, if it shall. */
void advertise_begin(weft_if *ifp);

/* A host asks for routers of IPv4, data at its ICMP header, checksum verified. Owns pkt. */
void advertise_solicited(weft_stack *s, struct weft_pkt *pkt, uint8_t code);

/* Is it a neighbour of IPv4 by this interface, and no address of ours? (redirected.c) */
bool ip_is_neighbour(weft_stack *s, const weft_if *ifp, const struct weft_ip *ip);

/* ---- output.c, fragment.c ---- */

/*
 * Writes a header in front of pkt (at l4) that goes out on ifp: for the whole message or, piece not NULL, a fragment.
 */
void ip_push_header(struct weft_pkt *pkt, const struct ip_send *how, const struct ip_piece *piece, const weft_if *ifp);

/* Sends pkt (data at l4) in fragments that fit mtu. Owns pkt. 0 or WEFT_ENOMEM. */
int ip_fragment(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path,
                uint32_t mtu);

/* A packet with the bytes [offset, offset + len) of a message, behind data; NULL: out of memory. */
struct weft_pkt *ip_piece_of(weft_stack *s, const struct weft_pkt *pkt, uint32_t offset, uint32_t len);

/* Does what csum_partial leaves to the link, wherever the message's bytes lie. */
void ip_finish_csum(struct weft_pkt *pkt, uint8_t proto);

/* ---- forward.c, refragment.c ---- */

/* Are we a router for datagrams of this family? */
static inline bool ip_forwards(const weft_stack *s, bool v4)
{
    return v4 ? s->config.ip_forward : s->config.ip6_forward;
}

/* A datagram for somebody else: its header is sound; src, dst, ttl, proto, l3, l4 are set, data is at l3. Owns pkt. */
void ip_forward(weft_stack *s, struct weft_pkt *pkt);

/* Sends a datagram of IPv4 (data at its header) on in pieces that the path's interface carries. Owns pkt. */
void ip_refragment(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path);

/* alert.c: is it marked for routers, and heard by a socket of ours instead of going on? Data at l3. Owns pkt then. */
bool ip_alert(weft_stack *s, struct weft_pkt *pkt);

static inline uint16_t ip_ethertype(const struct weft_ip *dst) { return ip_is_v4(dst) ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6; }

/* ---- refuse.c ---- */

/* An ICMP error: its second word is a pointer, an MTU, or zero. */
struct icmp_complaint {
    uint8_t type, code;
    uint32_t word;
};

/* Sends an ICMP error about a datagram (data at its header) that goes on all the same. */
void icmp_tell(weft_stack *s, const struct weft_pkt *pkt, struct icmp_complaint about);

/* As ip_refuse, with any error of the datagram's family. Owns pkt. */
void icmp_complain(weft_stack *s, struct weft_pkt *pkt, struct icmp_complaint about, enum weft_drop why);

/* The same for a parameter problem of IPv6 (enum icmpv6_problem), at this offset of the datagram. Owns pkt. */
static inline void icmp_parameter_problem(weft_stack *s, struct weft_pkt *pkt, uint8_t code, uint32_t pointer,
                                          enum weft_drop why)
{
    icmp_complain(s, pkt, (struct icmp_complaint){ICMPV6_PARAMETER_PROBLEM, code, pointer}, why);
}

/* ---- icmp.c, error.c ---- */

/* Completes the checksum of a message (data at its header), which is about to be sent. */
void icmp_seal(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how);
/* And sends it. Owns pkt. */
int icmp_send(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

/*
 * How to reply to a request: from the address that was asked; for a group, from one that suits. With what the request's
 * options ask for, which *options holds: it must live as long as *how. False: there is no way.
 */
bool icmp_reply_path(weft_stack *s, struct weft_pkt *pkt, struct ip_send *how, struct ip_path *path,
                     struct ip_options *options);

/* May the answer of this type to pkt go out now? False: pkt has been dropped, and counted. IPv4. */
bool icmp_answer_allowed(weft_stack *s, struct weft_pkt *pkt, uint8_t type, const struct ip_path *path);

/* query.c: a request for the time or the mask. Owns pkt. */
void icmp_query_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type);

/* An ICMP error came in; data at its header, checksum verified. mtu: of a message about that, else 0. Owns pkt. */
void icmp_error_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code, uint32_t mtu);

/* ---- ping.c ---- */

void *ping_init(weft_stack *s);
void ping_fini(weft_stack *s, void *state);
weft_sock *ping_socket(weft_stack *s, enum weft_family family, int *err);
weft_sock *ping6_socket(weft_stack *s, enum weft_family family, int *err);
bool ping_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);
bool ping6_list(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);

/* An echo reply for us with this identifier, data at its ICMP header. Owns pkt. */
void ping_reply_input(weft_stack *s, struct weft_pkt *pkt, uint16_t id);
bool ping_error(weft_stack *s, const struct ip_error *e);
bool ping6_error(weft_stack *s, const struct ip_error *e);

/* ---- nd.c: neighbour discovery; see nd.h ---- */

/* A message of neighbour discovery, data at its ICMPv6 header, checksum verified. Owns pkt. */
void nd_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code);
void nd_timer(struct timer *t);
/* What the interface's routers say of the hop limit, 0: nothing; and of the MTU. */
uint8_t nd_hop_limit(const weft_if *ifp);
uint32_t nd_mtu(const weft_if *ifp);
/* Our link-local address; ::, as long as there is none to use. */
struct weft_ip nd_link_local(const weft_if *ifp);

/* ---- group.c, own.c: the stack's groups; see group.h ---- */

struct ip_groups {
    struct hashtab table;   /* struct group, by interface and address */
    struct timer timer;     /* the earliest deadline of all links */
    struct pkt_queue heard; /* what we said to groups of our own */
    struct timer own_timer; /* set while there is any */
};

void groups_init(struct ip_groups *groups, weft_stack *s);
void groups_fini(struct ip_groups *groups, weft_stack *s);
void group_own_timer(weft_stack *s);
void group_own_forget(const weft_if *ifp);

/* A message (data at its transport header) is about to go out to a group: those of our own who listen get a copy. */
void group_hear_own(weft_stack *s, const struct weft_pkt *pkt, const struct ip_send *how, weft_if *ifp);

/* The timer of them all. */
void listener_timer(weft_stack *s);

/*
 * Tells the routers all groups of this family again: the interface has come up, or the link-local address that reports
 * come from is there now (RFC 3590 §4).
 */
void listener_repeat(weft_if *ifp, bool v4);

/* A message of listener discovery, data at its ICMPv6 header, checksum verified. Owns pkt. */
void mld_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type, uint8_t code);

/* ---- layer.c: what ip_init makes ---- */

/* The last datagram of IPv4 that might come as it did and was ours: it came by `ifp`, when routes and addresses were of
 * this generation. */
struct ip_sound {
    const weft_if *ifp; /* NULL: there was none */
    uint32_t src, dst, generation;
};

struct ip_state {
    struct ip_sound sound;
    struct ip_idents idents;
    struct ip_reassembly reassembly;
    struct icmp_limit limit;
    struct sip_key label_key;
    struct ip_redirects redirects;
    struct ip_told told;
    struct ip_discovery discovery;
    struct ip_advertising advertising;
    struct ip_groups groups;
};

static inline struct ip_state *ip_state(weft_stack *s) { return s->ip; }

#endif
