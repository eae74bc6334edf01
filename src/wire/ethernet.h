/* SPDX-License-Identifier: MIT */
/* Ethernet II (RFC 894). */
#ifndef WIRE_ETHERNET_H
#define WIRE_ETHERNET_H

#include "wire/ip.h"

#define ETH_HEADER    14
#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_TYPE_RARP 0x8035
#define ETH_TYPE_IPV6 0x86dd
#define ETH_TYPE_MIN  0x0600 /* a smaller number is an IEEE 802.3 length */

#define ETH_TYPE_VLAN 0x8100 /* IEEE 802.1Q: a tag of four bytes, with the type at its end */
#define ETH_TAG       4
#define ETH_NO_VLAN   0xffff

struct eth_header {
    uint8_t dst[6], src[6];
    uint16_t type;    /* of what follows the headers; below ETH_TYPE_MIN: an IEEE 802.3 frame without SNAP */
    uint16_t vlan;    /* of the tag, 0 to 4095; ETH_NO_VLAN: there is none */
    uint16_t payload; /* bytes behind the headers, where an IEEE 802.3 length says so; else 0 */
};

extern const uint8_t eth_broadcast[6];

static inline bool eth_is_group(const uint8_t mac[6]) { return mac[0] & 1; }

/*
 * Reads a header, with its tag if it has one (IEEE 802.1Q), and an LLC and SNAP header behind a length (RFC 1042): r
 * then stands at the payload. False when the frame is too short.
 */
bool eth_parse(struct reader *r, struct eth_header *h);

/* Writes the header; with a tag unless vlan is 0 or ETH_NO_VLAN. */
void eth_emit(struct writer *w, const struct eth_header *h);

/* The group of stations that a group of IP is sent to (RFC 1112 §6.4, RFC 2464 §7). */
void eth_multicast(uint8_t mac[6], const struct weft_ip *group);

#endif
