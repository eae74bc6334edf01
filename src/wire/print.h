/* SPDX-License-Identifier: MIT */
/* A packet as one line of text in tcpdump's format. */
#ifndef WIRE_PRINT_H
#define WIRE_PRINT_H

#include "base/fmt.h"

enum print_link { PRINT_ETHERNET, PRINT_IP };

/*
 * Appends what `tcpdump -n` would print after its time stamp, without the newline, e.g. "IP 10.9.0.2.7 >
 * 10.9.0.1.34012: Flags [S.], seq 1, ack 2, win 65535, options [mss 1460,...], length 0". Absolute sequence numbers.
 * Understands ARP, IPv4 and IPv6, fragments, ICMP, IGMP, neighbour and listener discovery, UDP, TCP; the rest is named
 * by number and length. Only reads the n bytes given; `wire_len` is the packet's full length.
 */
void print_packet(struct fmt *f, enum print_link link, const uint8_t *p, size_t n, size_t wire_len);

#endif
