/* SPDX-License-Identifier: MIT */
/*
 * How large a send buffer should be: twice the congestion window, so that the user can refill one half while the other
 * is in flight; counted in what Linux would spend on each segment. And when there is room worth telling of: a third.
 *
 * And how much a write adds, which Linux's users can see. A packet costs something besides its bytes. Bytes are kept in
 * chunks (push.h), each a packet until it is cut to be sent; only who begins a chunk is asked whether there is room for
 * it, so a buffer may hold up to a chunk more than it should. A chunk that is full goes out as far as it may, which
 * makes room in it again.
 */
#ifndef TCP_SNDBUF_H
#define TCP_SNDBUF_H

#include "base/base.h"

/* The buffer for a window of `cwnd` bytes in segments of `mss`; path_mss: a segment before its options. */
uint32_t sndbuf_for(uint32_t cwnd, uint32_t mss, uint32_t path_mss);

#define SNDBUF_PACKET 832 /* what Linux counts for a packet besides its bytes (6.18: SO_MEMINFO of one unsent byte) */

struct sndbuf {
    uint32_t buffer;  /* SO_SNDBUF */
    uint32_t cost;    /* of what is in it: bytes, and SNDBUF_PACKET for each packet */
    uint32_t unsent;  /* bytes never sent */
    uint32_t lowat;   /* so many of these are enough for now (TCP_NOTSENT_LOWAT); UINT32_MAX: no such limit */
    uint32_t last;    /* unsent bytes of the last chunk; 0: there is none that takes more */
    uint32_t chunk;   /* bytes of a full one, not 0 */
    uint32_t quota;   /* bytes that may go out now */
    uint32_t packet;  /* bytes that go in one packet, not 0 */
    uint32_t since, half; /* bytes written since the last push, and with more than how many a full chunk is the next */
};

/* How many of `want` bytes are taken; `b` is then what it will be when what may go out has gone. */
uint32_t sndbuf_take(struct sndbuf *b, uint32_t want);

/*
 * May the user write? cost: of what is in the buffer; unsent: those never sent; lowat: so many unsent bytes are enough
 * (TCP_NOTSENT_LOWAT; UINT32_MAX: no such limit). telling: the question is whether to wake him, so half of that counts.
 */
static inline bool sndbuf_has_room(uint32_t buffer, uint32_t cost, uint32_t unsent, uint32_t lowat, bool telling)
{
    return cost <= buffer - buffer / 3 && ((uint64_t)unsent << telling) < lowat;
}

#endif
