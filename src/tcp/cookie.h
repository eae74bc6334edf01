/* SPDX-License-Identifier: MIT */
/*
 * SYN cookies (RFC 4987 §3.6): a SYN,ACK whose numbers remember the SYN, so that nothing else has to.
 *
 * The sequence number is a keyed hash of the flow, the peer's number and the minute, plus a class of MSS. A number that
 * somebody guesses is one of the 2 minutes × 8 classes that count with a chance of 2^-28. The rest of the SYN's options
 * are kept in the low bits of our timestamp, if the peer has timestamps: six of them, which makes it up to 64 ms old.
 */
#ifndef TCP_COOKIE_H
#define TCP_COOKIE_H

#include "base/seq.h"
#include "base/siphash.h"
#include "tcp/flow.h"

#define COOKIE_MINUTES 2                     /* the one it was made in, and the next */
#define COOKIE_LIFE    (COOKIE_MINUTES * 60 * WEFT_S) /* after that much time no cookie is left that counts */

/* The initial sequence number that stands for this SYN. mss: the peer's. */
struct seq cookie_make(struct sip_key key, const struct tcp_flow *flow, struct seq irs, uint16_t mss, weft_time now);

/*
 * The MSS (at most the peer's, but never below the smallest class) if the cookie is one of ours for this flow; else 0.
 */
uint16_t cookie_check(struct sip_key key, const struct tcp_flow *flow, struct seq irs, struct seq cookie,
                      weft_time now);

struct cookie_options {
    int8_t wscale;  /* the peer's; -1: none */
    bool sack, ecn;
};

/* The latest value of our timestamp clock, not after ts, that carries these. */
uint32_t cookie_timestamp(uint32_t ts, struct cookie_options o);
struct cookie_options cookie_read_timestamp(uint32_t ts);

#endif
