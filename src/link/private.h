/* SPDX-License-Identifier: MIT */
/* What the files of the link layer show to one another. */
#ifndef LINK_PRIVATE_H
#define LINK_PRIVATE_H

#include "link/link.h"
#include "wire/arp.h"

/* RARP's question (rarp.c). */
struct rarp {
    bool asking;
    uint8_t prefix;     /* of the address that it asks for; 0: its class's */
    weft_time due, gap; /* the next request; how long the wait after it, before a draw */
};

/* An address of ours that is being tried, and then announced (probe.c). */
struct arp_trial {
    struct weft_ip ip;
    weft_time due; /* of the next step */
    uint8_t probes, announcements; /* sent */
};

/* What an Ethernet interface does over time; made when there is something (station.c). */
struct station {
    weft_if *ifp;
    struct timer timer; /* at the earliest deadline of any of these: station_arm */
    struct rarp rarp;
    struct arp_trial trial[IF_ADDRESSES]; /* of addresses that the interface has */
    uint8_t n_trials;
};

/* The interface's, made when there is none yet. NULL: out of memory. */
struct station *station_get(weft_if *ifp);
void station_arm(struct station *st);
void station_timer(struct timer *t);
/* Ends it all and frees the station. */
void station_down(weft_if *ifp);

/* The interface got an address: it is tried, or where nobody wants that announced. It has it no more. */
void probe_address_added(weft_if *ifp, const struct weft_ip *ip);
void probe_address_removed(weft_if *ifp, const struct weft_ip *ip);
/* Does this packet show that another station has, or tries too, an address of ours that is being tried? */
bool probe_conflicts(weft_if *ifp, const struct arp_packet *a);
void probes_due(struct station *st);
weft_time probes_deadline(const struct station *st);

/* As weft_if_rarp, on an interface that is up. */
int rarp_ask(weft_if *ifp, unsigned prefix);
bool rarp_is_asking(const weft_if *ifp);
void rarp_due(struct station *st);
/* A RARP packet arrived; data stands at it. Owns pkt. */
void rarp_input(weft_if *ifp, struct weft_pkt *pkt);

/* Puts the Ethernet header in front (data at the payload) and transmits. Owns pkt. */
void ethernet_send(weft_if *ifp, struct weft_pkt *pkt, const uint8_t dst[6], uint16_t type);

/* Asks all stations for the address without telling one of ours: nobody learns anything from that (RFC 5227 §1.1). */
void arp_probe(weft_if *ifp, const struct weft_ip *ip);

/* Sends an ARP or RARP packet, as type says. */
void arp_send(weft_if *ifp, const struct arp_packet *a, const uint8_t dst[6], uint16_t type);

/* Could any station have this pair of addresses? */
bool arp_sender_is_sound(const struct arp_packet *a);

/* An ARP packet arrived; data stands at it. Owns pkt. */
void arp_input(weft_if *ifp, struct weft_pkt *pkt);

/* Tells the link of a new address (a gratuitous request, RFC 5227 §2.3). */
void arp_announce(weft_if *ifp, const struct weft_ip *ip);

#endif
