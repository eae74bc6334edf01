/* SPDX-License-Identifier: MIT */
/*
 * The advertised window (RFC 9293 §3.8.6): a right edge that never moves left (SHLD-14) and moves right only by
 * steps worth announcing (MUST-39). What arrives is judged by this edge, the largest ever promised: the window field
 * rounds down to its scale, so what one acknowledgment promises may fall short of it, and none goes beyond it (RFC
 * 7323 §2.4). Rounded up, segments that a promise covers would be cut, or the edge would creep past the buffer.
 */
#ifndef TCP_RCVWND_H
#define TCP_RCVWND_H

#include "base/seq.h"

#define RCVWND_MAX_SHIFT 14

/* The smallest shift that lets a 16-bit field announce the whole buffer. */
uint8_t rcvwnd_shift(uint32_t buffer);

/*
 * The edge to announce now: next + free space, unless the step from `edge` would be silly.
 * buffer: its size; unread: bytes in it; mss: of a full segment from the peer; shift: what the field can say.
 */
struct seq rcvwnd_edge(struct seq edge, struct seq next, uint32_t buffer, uint32_t unread, uint32_t mss,
                       uint8_t shift);

/* Is the step from the announced edge to a new one worth a segment of its own (a window update)? */
bool rcvwnd_worth_telling(struct seq edge, struct seq now, struct seq next, uint32_t buffer, uint32_t mss);

/* The window field for an edge; scaled by shift, rounded down, at most 65,535. */
uint16_t rcvwnd_field(struct seq edge, struct seq next, uint8_t shift);

#endif
