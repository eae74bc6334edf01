/* SPDX-License-Identifier: MIT */
/*
 * An interface: addresses, a link below, a round-robin list of senders that want the link, and a bounded queue of
 * finished packets beside it. weft_output empties the queue first, then lets the senders build, one turn each.
 */
#ifndef CORE_IFACE_H
#define CORE_IFACE_H

#include "base/list.h"
#include "core/pkt.h"

/* Somebody with something to send: a TCP connection at work. Embedded in its owner. */
struct sender {
    struct list link;  /* in weft_if.senders while it wants to send */
    /*
     * Builds and transmits (if_transmit) at most `budget` packets. Returns true when it wants another turn.
     * Called only when the queue of finished packets has room for budget packets.
     */
    bool (*pull)(struct sender *sender, unsigned budget);
};

struct neigh;

/* What a link layer does for IP. */
struct link_ops {
    enum weft_link kind;
    uint8_t header; /* bytes in front of the datagram */
    /* Takes a received frame (data at l2) to the network layer. Owns pkt. */
    void (*input)(weft_if *ifp, struct weft_pkt *pkt);
    /* Takes a datagram (data at l3) for a next hop to the wire: if_transmit, or wait for resolution. Owns pkt. */
    void (*output)(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *next_hop, uint16_t ethertype);
    /* The interface got an address (announce it), or NULL. */
    void (*address_added)(weft_if *ifp, const struct weft_ip *ip);
    /* Upper layers doubt (or confirm) that the neighbour is there; may be NULL. */
    void (*neighbour_hint)(weft_if *ifp, const struct weft_ip *next_hop, bool reachable);
};

#define IF_ADDRESSES 8

struct if_address {
    struct weft_ip ip;
    uint8_t prefix;      /* bits of the mapped form: 96 + n for IPv4 */
    struct weft_ip broadcast; /* IPv4: all-ones form; equal to ip when the network has none (/31, /32) */
};

struct weft_if {
    struct list link; /* in weft_stack.interfaces */
    weft_stack *stack;
    const struct link_ops *ops;
    void *cookie;
    char name[16];
    uint8_t mac[6];
    bool up;
    uint8_t n_addresses;
    uint32_t mtu, gso_max;
    unsigned offload;
    struct list senders;
    struct pkt_queue queue;
    size_t queue_limit;
    uint32_t cut;             /* bytes of the first packet's payload that are out already: it goes in pieces */
    struct neigh *last_neigh; /* the one last sent to; see neigh_cached */
    struct if_address address[IF_ADDRESSES];
    uint64_t rx_packets, rx_bytes, rx_drops, tx_packets, tx_bytes, tx_drops;
};

/* Puts a complete frame at the end of the queue, or drops it: if_queue_full, if_oversize, if_down. Owns pkt. */
void if_transmit(weft_if *ifp, struct weft_pkt *pkt);

/* Asks for a turn; harmless when already asked. */
static inline void if_want(weft_if *ifp, struct sender *s)
{
    if (!list_linked(&s->link))
        list_push_back(&ifp->senders, &s->link);
}

/* Frees the memory of removed interfaces; nobody may hold one any more. */
void if_free_removed(weft_stack *s);

/* The address entry with this ip, or NULL. */
const struct if_address *if_find_address(const weft_if *ifp, const struct weft_ip *ip);

/* Any interface of the stack with this address, or NULL. */
weft_if *if_by_address(weft_stack *s, const struct weft_ip *ip);

/* Is ip a broadcast address here: limited, or directed to one of this interface's networks (all-ones or zero form)? */
bool if_is_broadcast(const weft_if *ifp, const struct weft_ip *ip);


#endif
