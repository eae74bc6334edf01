/* SPDX-License-Identifier: MIT */
/*
 * The packet: one linear run that holds all headers, then up to PKT_SPANS read-only payload spans.
 *
 *      room / block: | headroom | data ............ data+len | tailroom |  span[0] | span[1] | ...
 *                               ^l2    ^l3   ^l4 offsets from `base`
 *
 * The linear run lies in the packet's own `room` (what we send, and small frames) or in a block (received frames, so
 * that the receive queue can keep the bytes). Parsers only look at the linear run.
 *
 * Invariants: base <= data; data + len <= base + cap; len + span_len == all bytes; each span holds a block reference.
 */
#ifndef CORE_PKT_H
#define CORE_PKT_H

#include "base/checksum.h"
#include "core/block.h"
#include "weft/stack.h"

#define PKT_SPANS    10
#define PKT_ROOM     256
#define PKT_HEADROOM 128 /* in front of a transport header: link, IP with options */

struct weft_pkt {
    struct weft_pkt *next; /* in whatever queue holds it */
    weft_stack *stack;     /* whose pool it goes back to */
    union {
        weft_if *ifp;      /* where it came in, or goes out */
        weft_time arrived; /* in a queue of datagrams, which may outlive the interface (dgram_push) */
    };
    struct weft_block *block; /* holds the linear run, or NULL: `room` does */
    uint8_t *base, *data;
    uint32_t cap;          /* bytes from base */
    uint32_t len;          /* linear bytes from data */
    uint32_t span_len;     /* bytes in spans */
    uint32_t summed;       /* as it came in: bytes from base that who copied them has summed; 0: nobody did */
    uint16_t l2, l3, l4;   /* offsets of the headers from base */
    uint8_t n_spans;
    bool link_broadcast;   /* the frame was for a group of stations */
    union {
        struct {
            uint16_t csum_start; /* offset from base */
            uint16_t csum_offset;
        };
        uint32_t lost;     /* in a queue of datagrams: how many found no room there before it */
    };
    bool csum_partial;
    union {
        bool csum_valid;
        bool peeked;       /* in a queue of datagrams: a peek that goes on has been here */
    };
    uint16_t gso_size;
    uint16_t true_size;    /* of struct and room; blocks count their own */
    uint16_t sum;          /* of those (csum_half) */
    /* of the datagram, once IP has parsed it */
    uint8_t ttl, tos, proto;
    bool ip_group;         /* the destination is a broadcast or multicast address */
    bool fragment;         /* it has, or had, an IPv6 fragment header */
    bool routed;           /* it has the whole of a source route of IPv4 behind it */
    struct weft_ip src, dst;
    uint32_t if_index;     /* in a queue of datagrams: of the interface where it came in */
    uint32_t flow_label;   /* of IPv6 */
    uint16_t piece;        /* bytes of the largest fragment that it was made of, with its header; 0: of none */
    struct span span[PKT_SPANS];
    uint8_t room[PKT_ROOM];
};

/* An empty packet for building headers backwards: data stands PKT_HEADROOM into room, len 0. NULL: out of memory. */
struct weft_pkt *pkt_new(weft_stack *s);

/* A packet with a linear run of n writable bytes and `headroom` in front (block-backed when it outgrows room). */
struct weft_pkt *pkt_new_linear(weft_stack *s, size_t headroom, size_t n);

/*
 * The packet once more, of stack `to` (which may be another one): the linear run is copied, spans are shared.
 * A checksum that was left to the link counts as right: the bytes never leave this memory. NULL: out of memory.
 */
struct weft_pkt *pkt_share(const struct weft_pkt *p, weft_stack *to);

/*
 * The same with every byte copied into one linear run, and with a checksum that was left to the link filled in. What
 * the receiver will have to sum is summed on the way (pkt_csum_received).
 */
struct weft_pkt *pkt_duplicate(const struct weft_pkt *p, weft_stack *to);

/* Releases the packet and counts and traces why. */
SELDOM void pkt_drop(struct weft_pkt *p, enum weft_drop why);
void pkt_release(struct weft_pkt *p);

/* Makes n bytes of header in front of data and returns them; there must be headroom (asserted). */
uint8_t *pkt_push(struct weft_pkt *p, size_t n);

/* Takes n linear bytes off the front; n <= len. */
static inline void pkt_pull(struct weft_pkt *p, size_t n)
{
    weft_assert(n <= p->len, "callers parse before they pull");
    p->data += n;
    p->len -= (uint32_t)n;
}

static inline size_t pkt_headroom(const struct weft_pkt *p) { return (size_t)(p->data - p->base); }
static inline uint32_t pkt_total(const struct weft_pkt *p) { return p->len + p->span_len; }

/* What the packet keeps from being free: itself, and the whole of each block that it holds a piece of. */
static inline size_t pkt_true_size(const struct weft_pkt *p)
{
    size_t n = p->true_size + (p->block ? p->block->true_size : 0);

    for (unsigned i = 0; i < p->n_spans; i++)
        n += p->span[i].block->true_size;
    return n;
}

/* Appends n bytes of a block as a span; takes a reference of its own. False when all spans are used. */
bool pkt_add_span(struct weft_pkt *p, struct weft_block *block, const uint8_t *data, uint32_t len);

/* Cuts the packet to n bytes in all (padding off). */
void pkt_trim(struct weft_pkt *p, uint32_t n);

/* Adds `len` bytes from `offset` behind data to a checksum. */
void pkt_csum(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct csum *c);

/* The same of all bytes in spans. */
void pkt_csum_spans(const struct weft_pkt *p, struct csum *c);

/*
 * The same of all bytes behind data in a packet that came in, which nobody has changed since. Those that were summed
 * when they were copied are not read again; c must be even.
 */
void pkt_csum_received(const struct weft_pkt *p, struct csum *c);

/* Does what csum_partial leaves to the link: takes the sum and writes it. All of the transport message is linear. */
void pkt_finish_csum(struct weft_pkt *p);

/* Copies out; returns how many. */
uint32_t pkt_copy(const struct weft_pkt *p, uint32_t offset, void *buf, uint32_t n);

/*
 * The bytes [offset, offset+len) behind data as spans, without taking references; returns how many (0 .. PKT_SPANS+1).
 * A piece in the packet's own room has block NULL: it must be copied to be kept.
 */
unsigned pkt_slices(const struct weft_pkt *p, uint32_t offset, uint32_t len, struct span out[PKT_SPANS + 1]);

/* A first-in first-out queue of packets. */
struct pkt_queue {
    struct weft_pkt *first, *last;
    size_t count;
};
void pkt_queue_push(struct pkt_queue *q, struct weft_pkt *p);
struct weft_pkt *pkt_queue_pop(struct pkt_queue *q); /* NULL when empty */
/* Drops all, each for this reason. */
void pkt_queue_clear(struct pkt_queue *q, enum weft_drop why);

#endif
