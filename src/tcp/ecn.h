/* SPDX-License-Identifier: MIT */
/*
 * Congestion told by marks instead of losses (RFC 3168 §6.1), as Linux does it. Both SYNs must ask for it. Then new
 * data goes out as ECT(0), and nothing else: not SYNs, bare acknowledgments, probes, nor what goes a second time. As a
 * receiver we echo a mark with ECE until the sender says CWR; as a sender we answer an echo by one reduction for each
 * window of data (recovery.h, CWR) and say so with CWR on the next new data.
 *
 * Owns what both sides have agreed and still have to tell each other. While `on` is false all else is.
 */
#ifndef TCP_ECN_H
#define TCP_ECN_H

#include "wire/tcp.h"

#define ECN_FIELD 0x03 /* of the TOS octet or traffic class (RFC 3168 §5) */
#define ECN_ECT_0 0x02
#define ECN_CE    0x03

struct ecn {
    bool on : 1;       /* agreed; in SYN-SENT: asked for */
    bool seen : 1;     /* the peer has sent ECT or CE */
    bool echo : 1;     /* a mark came, and no CWR yet: ECE on all we send */
    bool cwr_due : 1;  /* the window came down: CWR on the next new data */
};

/* Is it an ECN-setup SYN (RFC 3168 §6.1.1)? With AE it asks for more (RFC 9768 §3.1), but for this too. */
static inline bool ecn_is_asked(uint16_t flags) { return (flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR); }

/* Is it an ECN-setup SYN,ACK? One that has both only reflects our flags. */
static inline bool ecn_is_granted(uint16_t flags) { return (flags & (TCP_ECE | TCP_CWR)) == TCP_ECE; }

/* May a SYN that came with this TOS be granted it? As Linux: a classic one that is marked itself breaks the rules. */
bool ecn_may_grant(uint16_t flags, uint8_t tos);

/* Text came with this TOS. True: hurry, the sender's window may be small, or this was sent again. It is on. */
bool ecn_text(struct ecn *e, uint8_t tos);

/* The congestion window came down, whatever the reason (RFC 3168 §6.1.2). */
static inline void ecn_reduced(struct ecn *e) { e->cwr_due = e->on; }

/* The flags a segment has for it. fresh: it carries text that was never sent; then CWR is told. */
uint16_t ecn_flags(struct ecn *e, bool fresh);

#endif
