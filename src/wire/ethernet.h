/* SPDX-License-Identifier: MIT */
/* Ethernet II (RFC 894). */
#ifndef WIRE_ETHERNET_H
#define WIRE_ETHERNET_H

#include "wire/ip.h"

#define ETH_HEADER    14
#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_TYPE_IPV6 0x86dd
#define ETH_TYPE_MIN  0x0600 /* a smaller number is an IEEE 802.3 length */

struct eth_header {
    uint8_t dst[6], src[6];
    uint16_t type;
};

extern const uint8_t eth_broadcast[6];

static inline bool eth_is_group(const uint8_t mac[6]) { return mac[0] & 1; }

/* Reads a header; false when the frame is too short for one. */
bool eth_parse(struct reader *r, struct eth_header *h);
void eth_emit(struct writer *w, const struct eth_header *h);

/* The group of stations that a group of IP is sent to (RFC 1112 §6.4, RFC 2464 §7). */
void eth_multicast(uint8_t mac[6], const struct weft_ip *group);

#endif
