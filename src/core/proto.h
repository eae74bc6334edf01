/* SPDX-License-Identifier: MIT */
/*
 * The protocol tables: how a layer calls the one above it without knowing it. Filled once, when a stack is made, by
 * sock/assemble.c, the only place that knows them all.
 */
#ifndef CORE_PROTO_H
#define CORE_PROTO_H

#include "core/endpoint.h"
#include "core/neigh.h"

#define FORESEE_STEPS 3

/* What a packet will be for, as far as a look at its header tells. */
struct foresight {
    bool any;
    uint32_t hash, name; /* the transport's own */
};

/* A transport over IP. */
struct transport {
    uint8_t number; /* enum ip_proto */
    const char *name;
    /* Makes the protocol's state; NULL when out of memory. */
    void *(*init)(weft_stack *s);
    /* Silently frees the state with all endpoints. */
    void (*fini)(weft_stack *s, void *state);
    /* A datagram for us; data stands at l4, src, dst, ttl, tos are filled. Owns pkt. */
    void (*input)(weft_stack *s, struct weft_pkt *pkt);
    /* The batch is over: what was held back of it (weft_stack.holding) goes on. NULL: nothing ever is. */
    void (*flush)(weft_stack *s);
    /*
     * A datagram will come in with a later packet of the batch: asks memory for the way to what it is for. With what
     * that foresaw the thing itself is asked for, in FORESEE_STEPS steps from 0 on, each when what the one before asked
     * for has had time to come. Both only prefetch. NULL: no transport of which there is so much that it pays.
     */
    struct foresight (*foresee)(weft_stack *s, const uint8_t *datagram, size_t n);
    void (*fetch)(weft_stack *s, const struct foresight *seen, unsigned step);
    /* A timer of the transport, or of an endpoint of its (kind TIMER_TRANSPORT + slot) fired. NULL: it has none. */
    void (*timer)(weft_stack *s, struct timer *t);
    /* An ICMP error about something it sent. Returns false when nobody was concerned. */
    bool (*error)(weft_stack *s, const struct ip_error *e);
    weft_sock *(*socket)(weft_stack *s, enum weft_family family, int *err);
    /* netstat: visits its endpoints and records; false when visit asked to stop. */
    bool (*list)(weft_stack *s, bool (*visit)(void *ctx, const struct weft_listing *), void *ctx);
    /* The most bytes that its limits leave this owner of memory; 0: none of them is about it. NULL: never. */
    size_t (*memory_cap)(const weft_stack *s, enum mem_class c);
};

/* A network layer over a link. */
struct network {
    uint16_t ethertype;
    /* Data stands at l3. Owns pkt. */
    void (*input)(weft_if *ifp, struct weft_pkt *pkt);
};

/* A router alert (RFC 2113, RFC 2711). */
struct alert {
    uint16_t value; /* IPv6: what it is about */
    bool deliver;   /* else it is asked only who would hear it */
};

/* Everything sock/assemble.c plugs together. All pointers are to const tables that outlive the stack. */
struct assembly {
    const struct link_ops *link[3];      /* by enum weft_link */
    const struct neigh_ops *neigh, *neigh6; /* how to ask for neighbours of IPv4, of IPv6 */
    const struct network *network[4];    /* up to the first NULL */
    const struct transport *transport[8]; /* up to the first NULL; index is the protocol's slot */
    void *(*ip_init)(weft_stack *s);
    void (*ip_fini)(weft_stack *s, void *state);
    /* Resolution failed for this waiting datagram (data at l3): tell its sender, drop it. Owns pkt. */
    void (*next_hop_failed)(weft_if *ifp, struct weft_pkt *pkt);
    /* A datagram for us, before its transport: true when a raw socket heard it. Asked while there are raw sockets. */
    bool (*raw_input)(weft_stack *s, const struct weft_pkt *pkt);
    /*
     * A datagram for others that routers are to look at, data at l3: true when a raw socket asked for such. Asked while
     * there are raw_alerts. Borrows pkt.
     */
    bool (*raw_alert)(weft_stack *s, const struct weft_pkt *pkt, const struct alert *alert);
    /* An ICMP error about a datagram of this protocol: true when a raw socket was concerned. Asked as raw_input is. */
    bool (*raw_error)(weft_stack *s, uint8_t proto, const struct ip_error *e);
    void (*ip_timer)(weft_stack *s, struct timer *t); /* kind TIMER_IP fired */
    /* A neighbour does not answer, or not any more. NULL: nobody has to know. */
    void (*neighbour_lost)(weft_if *ifp, const struct weft_ip *ip);
    /* An interface that wants IPv6 was made, or goes with its nd_link. NULL: nobody has to know. */
    void (*if_added)(weft_if *ifp);
    void (*if_removed)(weft_if *ifp);
    /* An interface with a group_link came up again; or, up false, it goes for good. NULL: nobody has to know. */
    void (*groups_changed)(weft_if *ifp, bool up);
    /* The configuration of a stack that lives is another. NULL: nobody has to know. */
    void (*settings_changed)(weft_stack *s);
    /* An interface has an address of IPv4 that may be used from now on. NULL: nobody has to know. */
    void (*v4_ready)(weft_if *ifp);
    /* An interface got this address of IPv6, or has it no more. NULL: nobody has to know. */
    void (*address_added)(weft_if *ifp, struct if_address *a);
    void (*address_removed)(weft_if *ifp, const struct if_address *a);
};

#define STACK_TRANSPORTS 8

#endif
