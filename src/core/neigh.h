/* SPDX-License-Identifier: MIT */
/*
 * The neighbour table: next hop to link address, for ARP and for neighbour discovery (RFC 4861 §7.3). It owns entries,
 * their timers and the few packets that wait; how to ask, how long to trust and to wait is each family's business
 * (struct neigh_ops).
 *
 *   INCOMPLETE --answer--> REACHABLE --time--> STALE --used--> DELAY --time--> PROBE --answer--> REACHABLE
 *        |                                                                       |
 *        +--no answer to NEIGH_TRIES--> FAILED (packets dropped, entry kept a while as a negative answer) <--+
 *
 * FIXED is what the user said: nothing from the network changes it, no time ends it, nothing pushes it out.
 *
 * DELAY gives upper layers time to say that the neighbour is there (neigh_hint); ARP does without. In PROBE the known
 * address is asked first, then all stations: a short outage loses nobody (RFC 7048).
 *
 * Bounds: max_neighbours entries; NEIGH_QUEUE packets per unresolved entry, oldest dropped first (RFC 1122 §2.3.2.2
 * asks to keep the latest); one request a second per entry (RFC 1122 §2.3.2.1), or as often as a router says. When the
 * table is full, a datagram of ours takes the place of the oldest unresolved entry, else of the least recently used
 * one; a claim from the network only that of an entry which nobody used yet. So a flood of claims pushes out nothing
 * but itself.
 */
#ifndef CORE_NEIGH_H
#define CORE_NEIGH_H

#include "base/hashtab.h"
#include "base/siphash.h"
#include "base/wheel.h"
#include "core/iface.h"

#define NEIGH_QUEUE 8
#define NEIGH_TRIES 3

enum neigh_state { NEIGH_INCOMPLETE, NEIGH_REACHABLE, NEIGH_STALE, NEIGH_DELAY, NEIGH_PROBE, NEIGH_FAILED,
                   NEIGH_FIXED };

struct neigh {
    struct hash_node hash;
    struct list lru;     /* in neigh_table.lru or, not resolved, in neigh_table.unresolved */
    struct timer timer;
    weft_if *ifp;
    struct weft_ip ip;
    uint8_t mac[6];
    uint8_t state;       /* enum neigh_state */
    uint8_t tries;       /* requests sent since the last answer; in FAILED see neigh_wanted */
    bool used;           /* something was sent to it */
    bool dead;           /* it did not answer the last time it was asked to the end */
    bool router;         /* it says that it forwards (RFC 4861 §7.3) */
    weft_time confirmed; /* when it was last known to be right; before that: when it was made */
    weft_time may_ask;   /* no request before this */
    struct pkt_queue queue; /* datagrams (data at l3) that wait */
};

/* What a family does for the table. */
struct neigh_ops {
    /* Ask for the address; unicast to the known mac when probing. */
    void (*solicit)(weft_if *ifp, const struct neigh *n, bool unicast);
    /* Send this waiting datagram now that n is resolved. Owns pkt. */
    void (*transmit)(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt);
    /* This datagram's neighbour did not answer: tell its sender (ICMP host unreachable), then drop. Owns pkt. */
    void (*unreachable)(weft_if *ifp, struct weft_pkt *pkt);
    weft_time delay;     /* in DELAY; 0: there is no such state */
    /* How long an answer is trusted, how long the next question waits. NULL: as ARP is configured; a second. */
    weft_time (*reachable)(const weft_if *ifp);
    weft_time (*retrans)(const weft_if *ifp);
};

struct neigh_table {
    const struct neigh_ops *ops, *ops6;
    struct slab slab;
    struct hashtab table;
    struct list lru;        /* resolved: never used ones first, most recently used last */
    struct list unresolved; /* oldest first */
    struct sip_key key;
};

void neigh_table_init(weft_stack *s, const struct neigh_ops *ops, const struct neigh_ops *ops6);
void neigh_table_fini(weft_stack *s);

/*
 * The link address for a datagram to a next hop: returns a resolved entry, usable now; or NULL after having taken pkt
 * (queued until the answer comes, or dropped under a name).
 */
const struct neigh *neigh_resolve(weft_if *ifp, const struct weft_ip *next_hop, struct weft_pkt *pkt);

/*
 * The network said that ip has mac. solicited: it answers a request of ours. create: make an entry if none is there.
 * An unsolicited claim refreshes but cannot replace an entry confirmed less than a second ago.
 */
void neigh_learn(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6], bool solicited, bool create);

/*
 * A station was heard from ip with this mac and nothing proves that it hears us (RFC 4861 §7.2.3, §6.2.6): an entry
 * that is not there is made STALE, a different mac makes it so.
 */
void neigh_heard(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]);

/*
 * A neighbour advertisement (RFC 4861 §7.2.5). mac NULL: it named none. No entry is made. False: it counts for nothing,
 * for nobody asked for this neighbour, or it has another address as far as is known.
 */
struct neigh_advert {
    bool router, solicited, override;
};
bool neigh_advertised(weft_if *ifp, const struct weft_ip *ip, const uint8_t *mac, struct neigh_advert a);

/* It says that it forwards: an entry, if there is one, keeps that. */
void neigh_is_router(weft_if *ifp, const struct weft_ip *ip);

/* Upper layers doubt the neighbour (probe it) or confirm it (forward progress). */
void neigh_hint(weft_if *ifp, const struct weft_ip *ip, bool reachable);

/* A default gateway in FAILED that was passed over for another: it is asked again when it has rested (gateway.h). */
void neigh_wanted(struct neigh *n);

/* The entry, or NULL. */
struct neigh *neigh_find(weft_if *ifp, const struct weft_ip *ip);

void neigh_forget_if(weft_if *ifp);

/* The user says so, until he says otherwise: what waits goes out. 0 or WEFT_ENOMEM. */
int neigh_fix(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]);
/* The user says so for now. */
int neigh_tell(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]);

/* Forgets the entry; what waits is dropped. */
void neigh_drop(struct neigh *n);

/* What was last sent to here, if that is this next hop and nothing is due: the usual case, without look-up. */
static inline const struct neigh *neigh_cached(const weft_if *ifp, const struct weft_ip *next_hop)
{
    const struct neigh *n = ifp->last_neigh;

    return n && (n->state == NEIGH_REACHABLE || n->state == NEIGH_FIXED) && memcmp(&n->ip, next_hop, sizeof n->ip) == 0
               ? n : NULL;
}

/* What was sent has arrived there: if the neighbour is no more than believed in, that confirms it (RFC 4861 §7.3.1). */
static inline void neigh_progress(weft_if *ifp, const struct weft_ip *next_hop)
{
    const struct neigh *n = ifp->last_neigh;

    if (unlikely(n && n->state != NEIGH_REACHABLE && memcmp(&n->ip, next_hop, sizeof n->ip) == 0))
        neigh_hint(ifp, next_hop, true);
}

/* Called by the stack when a neighbour's timer fires. */
void neigh_timer(weft_stack *s, struct timer *t);

#endif
