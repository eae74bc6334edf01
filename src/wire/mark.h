/* SPDX-License-Identifier: MIT */
/* A router's part in ECN (RFC 3168 §5): to tell a packet's ends of congestion without losing it. */
#ifndef WIRE_MARK_H
#define WIRE_MARK_H

#include "base/base.h"

/*
 * ECT(0) or ECT(1) in the IP header of this frame, or of this datagram, becomes CE, with IPv4's checksum. False, and
 * nothing changed: it is neither, or no IP, or shorter than the header. One VLAN tag is looked behind.
 */
bool mark_congestion(uint8_t *frame, size_t n, bool ethernet);

#endif
