/* SPDX-License-Identifier: MIT */
/* What the files of the link layer show to one another. */
#ifndef LINK_PRIVATE_H
#define LINK_PRIVATE_H

#include "link/link.h"

/* Puts the Ethernet header in front (data at the payload) and transmits. Owns pkt. */
void ethernet_send(weft_if *ifp, struct weft_pkt *pkt, const uint8_t dst[6], uint16_t type);

/* An ARP packet arrived; data stands at it. Owns pkt. */
void arp_input(weft_if *ifp, struct weft_pkt *pkt);

/* Tells the link of a new address (a gratuitous request, RFC 5227 §2.3). */
void arp_announce(weft_if *ifp, const struct weft_ip *ip);

#endif
