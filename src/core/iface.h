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
struct timer;
struct station;

/* What a link layer does for IP. */
struct link_ops {
    enum weft_link kind;
    uint8_t header; /* bytes in front of the datagram */
    /* Takes a received frame (data at l2) to the network layer. Owns pkt. */
    void (*input)(weft_if *ifp, struct weft_pkt *pkt);
    /* Takes a datagram (data at l3) for a next hop to the wire: if_transmit, or wait for resolution. Owns pkt. */
    void (*output)(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *next_hop, uint16_t ethertype);
    /* The same to a station; NULL where there are none. */
    void (*output_to)(weft_if *ifp, struct weft_pkt *pkt, const uint8_t mac[6], uint16_t ethertype);
    /* The interface got an address of IPv4 (try or announce it), or has it no more; or NULL. */
    void (*address_added)(weft_if *ifp, const struct weft_ip *ip);
    void (*address_removed)(weft_if *ifp, const struct weft_ip *ip);
    /* Upper layers doubt (or confirm) that the neighbour is there; may be NULL. */
    void (*neighbour_hint)(weft_if *ifp, const struct weft_ip *next_hop, bool reachable);
    /* Asks the link for an address of IPv4 (weft_if_rarp); NULL: it knows no such question. */
    int (*ask_address)(weft_if *ifp, unsigned prefix);
    bool (*is_asking)(const weft_if *ifp);
    /* The interface goes down, or for good: what the link does there over time ends, its station goes. May be NULL. */
    void (*down)(weft_if *ifp);
    void (*timer)(struct timer *t); /* kind TIMER_LINK fired */
};

#define IF_ADDRESSES 16
#define IF_ADVERTISERS 4 /* routers of one prefix that are remembered */
#define IF_TUNED     64

/* May the address be used (RFC 4862 §2, and for IPv4 RFC 5227 §2.1)? Those of IPv4 are never deprecated. */
enum if_address_state {
    IF_ADDRESS_PREFERRED,
    IF_ADDRESS_DEPRECATED, /* by whoever uses it already; not chosen for anything new while there is another */
    IF_ADDRESS_TENTATIVE,  /* not yet: somebody else might have it */
    IF_ADDRESS_DUPLICATE,  /* not at all: somebody else has it */
};

struct if_address {
    struct weft_ip ip;   /* with its zone, when it has one */
    uint8_t prefix;      /* bits of the 16 bytes: 96 + n for IPv4 */
    uint8_t state;       /* enum if_address_state */
    bool automatic;      /* made from a router's prefix, and gone with it */
    bool temporary;      /* RFC 8981 */
    weft_time defended_until; /* IPv4: no other announcement against who uses it too before that (RFC 5227 §2.4) */
    struct weft_ip broadcast; /* IPv4: what is a broadcast address here besides all-ones and all-zeros; any: nothing */
    struct weft_ip peer; /* IPv4: the other end, whose network is on the link instead of ours; any: there is none */
    weft_time preferred_until, valid_until; /* WEFT_NEVER unless automatic */
    struct weft_ip router[IF_ADVERTISERS]; /* automatic: who advertised its prefix, the newest first; any: nobody */
};

static inline bool if_address_usable(const struct if_address *a) { return a->state <= IF_ADDRESS_DEPRECATED; }

struct weft_if {
    struct list link; /* in weft_stack.interfaces */
    weft_stack *stack;
    const struct link_ops *ops;
    void *cookie;
    char name[16];
    uint8_t mac[6];
    bool up;
    uint8_t tag;    /* bytes of a VLAN tag in its frames: 0 or 4 */
    uint16_t vlan;  /* 0: none */
    uint8_t n_addresses;
    uint16_t index; /* the zone of its link-local addresses; of no other interface that lives */
    uint32_t mtu, gso_max;
    uint32_t link_mtu;        /* what the link carries: mtu is never more */
    uint32_t advised_mtu;     /* of IPv6, as routers have it (RFC 4861 §6.3.4); 0: they do not say */
    unsigned offload;
    struct list senders;
    struct pkt_queue queue;
    size_t queue_limit;
    uint32_t cut;             /* bytes of the first packet's payload that are out already: it goes in pieces */
    struct neigh *last_neigh; /* the one last sent to; see neigh_cached */
    struct if_address address[IF_ADDRESSES];
    unsigned ipv6;            /* enum weft_if_ipv6 */
    struct nd_link *nd;       /* what the IP layer keeps for neighbour discovery here; NULL: nothing */
    struct group_link *groups; /* and for groups */
    struct station *station;  /* what the link layer keeps here; NULL: nothing */
    uint16_t tuned[IF_TUNED]; /* groups of stations listened to, counted by a hash of their address; see if_hears */
    uint64_t rx_packets, rx_bytes, rx_drops, tx_packets, tx_bytes, tx_drops;
};

/* Puts a complete frame at the end of the queue, or drops it: if_queue_full, if_oversize, if_down. Owns pkt. */
void if_transmit(weft_if *ifp, struct weft_pkt *pkt);

/* Frames for this group of stations are taken from now on; with in false no more, once for each call before. */
void if_tune(weft_if *ifp, const uint8_t mac[6], bool in);

/*
 * May somebody here listen to this group of stations? As the filters of network cards, by a hash: no means nobody, yes
 * that the network layer has to look. Groups that are none of IP's (RFC 1112 §6.4, RFC 2464 §7) are always taken.
 */
bool if_hears(const weft_if *ifp, const uint8_t mac[6]);

/* weft_output_wanted, for those who are settled. */
static inline bool if_wants(const weft_if *ifp) { return ifp->queue.count || !list_empty(&ifp->senders); }

/* The same of anybody, without settling him: worth a call of weft_output? */
bool if_may_want(const weft_if *ifp);

/* Asks for a turn; harmless when already asked. */
static inline void if_want(weft_if *ifp, struct sender *s)
{
    if (!list_linked(&s->link))
        list_push_back(&ifp->senders, &s->link);
}

/* Frees the memory of removed interfaces; nobody may hold one any more. */
void if_free_removed(weft_stack *s);

/* The entry of this address if it may be used, or NULL. */
const struct if_address *if_find_address(const weft_if *ifp, const struct weft_ip *ip);

/* The entry of this address in whatever state, or NULL. Valid until an address is added or removed. */
struct if_address *if_find_entry(weft_if *ifp, const struct weft_ip *ip);

/*
 * Adds an address as given, without a route and without judging it. 0, WEFT_EEXIST (an interface has it) or WEFT_ENOMEM
 * (there are IF_ADDRESSES already). The link hears of it when it may be used, the IP layer when it is of IPv6.
 */
int if_add_entry(weft_if *ifp, const struct if_address *a);

/* Adds the route to the network that an address lies in. 0, WEFT_EEXIST (another address shares it) or WEFT_ENOMEM. */
int if_route_network(weft_if *ifp, const struct if_address *a);

/* Takes it out again, unless an address of the interface shares it. */
void if_unroute_network(weft_if *ifp, const struct if_address *a);

/* The network of this address that is on the link, with its host's bits. */
const struct weft_ip *if_network_of(const struct if_address *a);

/* An address of IPv4 may be used from now on: the IP layer hears of it. */
void if_v4_ready(weft_if *ifp);

/* The interface got this address of IPv4, or came up with it: the link hears of it. */
void if_v4_added(weft_if *ifp, const struct weft_ip *ip);

/* The address is ours no more. */
void if_remove_entry(weft_if *ifp, struct if_address *a);

/* Any interface of the stack that may use this address, or NULL. */
weft_if *if_by_address(weft_stack *s, const struct weft_ip *ip);

/* The interface that is this zone, or NULL. */
weft_if *if_by_index(weft_stack *s, unsigned index);

/* Is ip a broadcast address here: limited, or directed to one of this interface's networks (all-ones or zero form)? */
bool if_is_broadcast(const weft_if *ifp, const struct weft_ip *ip);

#endif
