/* SPDX-License-Identifier: MIT */
/* ARP for IPv4 over Ethernet (RFC 826), and RARP, which has the same form (RFC 903). */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "wire/buf.h"

#define ARP_LEN     28
#define ARP_REQUEST 1
#define ARP_REPLY   2
#define RARP_REQUEST 3
#define RARP_REPLY   4

struct arp_packet {
    uint16_t op;
    uint8_t sender_mac[6];
    uint32_t sender_ip; /* host order */
    uint8_t target_mac[6];
    uint32_t target_ip;
};

/*
 * Reads a packet; false when it is short, not IPv4 over Ethernet, or not a request or reply. Trailing padding is fine.
 */
bool arp_parse(struct reader *r, struct arp_packet *a);
/* The same of RARP: a reverse request or reply. */
bool rarp_parse(struct reader *r, struct arp_packet *a);
void arp_emit(struct writer *w, const struct arp_packet *a);

#endif
