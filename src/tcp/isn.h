/* SPDX-License-Identifier: MIT */
/* Initial sequence numbers (RFC 9293 §3.4.1, RFC 6528) and timestamp offsets (RFC 7323 §7.1): keyed, per flow. */
#ifndef TCP_ISN_H
#define TCP_ISN_H

#include "base/seq.h"
#include "base/siphash.h"
#include "wire/ip.h"

/*
 * The four fields that name a connection, as bytes to hash: packed without holes. Those of IPv4 are shorter, and the
 * hash counts its bytes, so that no name is taken for one of the other family.
 */
struct flow_bytes {
    uint8_t b[36 + 8]; /* with room for what a user adds */
    uint8_t n;         /* 12, or 36 */
};
struct flow_bytes flow_bytes(const struct weft_addr *local, const struct weft_addr *remote);

/* What a flow adds to two clocks: halves of one hash, so neither tells anything of the other. */
struct flow_offsets {
    uint32_t isn, ts;
};
struct flow_offsets flow_offsets(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote);

/* A clock of 4 microseconds plus the flow's secret offset (SHLD-1). */
struct seq isn(uint32_t offset, weft_time now);

/* The timestamp clock: milliseconds. */
static inline uint32_t ts_clock(weft_time now, uint32_t offset) { return (uint32_t)(now / WEFT_MS) + offset; }

#endif
