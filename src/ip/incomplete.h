/* SPDX-License-Identifier: MIT */
/*
 * The store of incomplete datagrams: who holds what, and who must go when there is too much. What a fragment means is
 * reassemble.c's business.
 *
 * A fragment's packet is kept as it came; its true size counts, for that is what it costs us. All together hold at most
 * config.reassembly_memory; the oldest datagram goes first. One source holds at most a quarter of that: beyond it, its
 * own oldest datagram goes.
 *
 * Invariants
 *   1. a datagram's fragments are sorted by start, do not overlap, none is empty; `have` is the sum of the
 *      lengths of all that came, and they are there until it is complete or poisoned;
 *   2. end is 0 until the last fragment came; then no fragment ends behind it, and only the last one at it;
 *   3. a poisoned datagram has no fragments and takes none: it only waits for its time to be over;
 *   4. the list `age` is sorted by deadline, for all have the same time to live; so is each source's list;
 *   5. a source is there exactly while it has datagrams; the sum of the sources' `held` is ip_reassembly.held. Sources
 *      themselves are not counted: there is at most one per datagram.
 */
#ifndef IP_INCOMPLETE_H
#define IP_INCOMPLETE_H

#include "ip/private.h"

struct fragment {
    struct fragment *next;
    struct weft_pkt *pkt; /* data at the payload, cut to it; its header at l3 */
    uint32_t start, end;  /* of the message */
};

struct source;

struct datagram {
    struct hash_node hash;
    struct list age, sibling; /* in ip_reassembly.age and in source.datagrams */
    struct source *source;
    struct fragment *first;
    weft_time deadline;
    struct weft_ip dst;
    uint32_t have, end;
    uint32_t reach; /* the furthest end of any fragment */
    uint32_t id;
    uint8_t proto;
    uint8_t count;  /* of fragments */
    uint8_t poison; /* enum weft_drop: why no piece of it is taken any more; WEFT_DROP_none: they are */
    uint16_t piece; /* bytes of the largest fragment, with its header */
    uint8_t ecn;    /* bit n: a fragment had ECN field n */
    bool link_broadcast;
};

/* What makes fragments belong together (RFC 791 §3.2); of IPv6 proto is 0, for it does not count (RFC 8200 §4.5). */
struct datagram_key {
    struct weft_ip src, dst;
    uint32_t id, proto;
};

/* Evicts until a fragment with this packet, of this source, is within both bounds. False: it never will be. */
bool incomplete_make_room(struct ip_reassembly *r, const struct weft_pkt *pkt);

/* The datagram with this key, made when it is not there; NULL: out of memory. */
struct datagram *datagram_get(struct ip_reassembly *r, const struct datagram_key *key);

/* Makes pkt the fragment [start, end), where *place points to the one behind it. False, and nothing done: no memory. */
bool datagram_insert(struct ip_reassembly *r, struct datagram *d, struct fragment **place, struct weft_pkt *pkt,
                     uint32_t start, uint32_t end);

/* Takes the first fragment out and returns its packet; NULL when there is none. */
struct weft_pkt *datagram_pop(struct ip_reassembly *r, struct datagram *d);

/* Drops all fragments, and each that still comes, for this reason. */
void datagram_poison(struct ip_reassembly *r, struct datagram *d, enum weft_drop why);

/* Drops a datagram with all it has. */
void datagram_free(struct ip_reassembly *r, struct datagram *d, enum weft_drop why);

#endif
