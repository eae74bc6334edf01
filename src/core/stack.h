/* SPDX-License-Identifier: MIT */
/* The stack object: everything that one instance owns, and the small services every layer shares. */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include "base/rng.h"
#include "base/siphash.h"
#include "core/neigh.h"
#include "core/policy.h"
#include "core/proto.h"
#include "core/route.h"

/* See core/ports.h. */
#define PORT_COUNTER_PAGES   256
#define PORT_COUNTERS_A_PAGE 256
struct port_counters {
    uint16_t *page[PORT_COUNTER_PAGES]; /* NULL: all are zero yet */
    uint16_t common;
};

struct weft_stack {
    struct mem mem;
    struct weft_env env;
    struct weft_config config;
    weft_time now;             /* of the call being served */
    const struct transport *crowded; /* the one with too many endpoints for the cache; NULL: none */
    uint32_t choices;          /* programs that choose among sockets so far (struct filter) */
    unsigned raw_sockets;      /* how many there are: without any, nothing is copied for them */
    unsigned raw_alerts;       /* how many of them wait for router alerts */
    bool more_input;           /* the batch that comes in goes on behind the packet at hand */
    const struct transport *holding; /* the one that may hold something back of that batch; NULL: none */
    struct wheel wheel;        /* timers of connections, neighbours, reassembly */
    weft_sock *unsettled;      /* what happened to it has not come to its timer and its link yet; NULL: there is none */
    const struct sock_ops *kinds[SOCK_KINDS]; /* of endpoints, by their kind; NULL: not in use yet */
    struct list events;        /* endpoints with news */
    struct list interfaces;
    uint16_t last_if_index;    /* the number given to the newest interface */
    struct list removed;       /* interfaces; a connection may hold one until it asks for its route again */
    weft_if *loopback;
    struct slab pkts;
    struct block_pool blocks;
    struct route_table routes;
    struct pathmtu_table path_mtus;
    struct policy_table policies;
    struct neigh_table neighbours;
    const struct assembly *assembly;
    void *ip;                  /* the IP layer's state */
    void *transport[1 + STACK_TRANSPORTS]; /* state of each, by slot_of; the first is nobody's: NULL */
    uint8_t slot_of[256];      /* protocol number to slot + 1; 0: unknown */
    struct sip_key secret;     /* root of the keys below; never leaves */
    struct sip_key port_key;   /* KEY_PORT, drawn once because every connection needs it */
    struct port_counters port_counters;
    struct rng rng;            /* jitter only */
    uint64_t counters[WEFT_COUNTER_COUNT];
    uint64_t drops[WEFT_DROP_COUNT];
};

/* A key of its own for each purpose, derived from the root secret; `purpose` is a number no other user has. */
enum key_purpose { KEY_NEIGH = 1, KEY_FRAG, KEY_IPID, KEY_TCP_TABLE, KEY_TCP_OFFSETS, KEY_PORT, KEY_UDP_TABLE,
                   KEY_TCP_COOKIE, KEY_FLOW_LABEL, KEY_PATH_MTU, KEY_TCP_FASTOPEN, KEY_INTERFACE_ID,
                   KEY_REDIRECT, KEY_ICMP_LIMIT };
struct sip_key stack_key(const weft_stack *s, enum key_purpose purpose);

/* Makes a stack of these parts; see weft_stack_new, which calls it with the full assembly. */
weft_stack *stack_new(const struct assembly *parts, const struct weft_env *env, const struct weft_config *config,
                      weft_time now, int *err);

/* Is every setting in its range, and none at odds with another? */
bool stack_config_is_sound(const struct weft_config *k);

static inline const struct sock_ops *endpoint_ops(const weft_sock *e) { return e->stack->kinds[e->kind]; }

static inline void stack_count(weft_stack *s, enum weft_counter c) { s->counters[c]++; }
static inline void stack_count_n(weft_stack *s, enum weft_counter c, uint64_t n) { s->counters[c] += n; }

/* Counts and traces a drop that has no packet at hand (a packet: pkt_drop). */
SELDOM void stack_drop(weft_stack *s, enum weft_drop why);

/* Traces a TCP state change. */
void stack_trace_state(weft_stack *s, const weft_sock *sock, const struct weft_addr *local,
                       const struct weft_addr *remote, enum weft_tcp_state from, enum weft_tcp_state to);

/* Tells the trace why a TCP connection did what it did; value in weft_why_unit. */
void stack_trace_why(weft_stack *s, const weft_sock *sock, const struct weft_addr *local,
                     const struct weft_addr *remote, enum weft_why why, uint32_t value);

/* Hands a datagram to the transport for pkt->proto; false (and pkt still the caller's) when there is none. */
bool stack_deliver(weft_stack *s, struct weft_pkt *pkt);

/* The batch is over: whoever held something back of it lets go. */
static inline void stack_flush(weft_stack *s)
{
    const struct transport *t = s->holding;

    if (likely(!t))
        return;
    s->holding = NULL;
    t->flush(s);
}

/*
 * After an event an endpoint sets its timer and asks for a turn on its link. It may leave that for later, since the
 * next event is likely to be its own: the answer to what has arrived, or the link's turn for what was written. It is
 * done before time moves, before another endpoint leaves the same, and before anybody asks for timers or turns.
 */
void stack_settle_now(const weft_stack *s);
static inline void stack_settle(const weft_stack *s)
{
    if (s->unsettled)
        stack_settle_now(s);
}
static inline void stack_unsettle(weft_stack *s, weft_sock *e)
{
    if (unlikely(s->unsettled && s->unsettled != e))
        stack_settle_now(s);
    s->unsettled = e;
}

/* The path that was looked up last, if it is to this address: what route_lookup looks at first. */
static inline bool route_recall(const weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    const struct route_table *t = &s->routes;

    if (!path_is_fresh(&t->recent.path, t->generation, s->now) || memcmp(dst, &t->recent.dst, sizeof *dst))
        return false;
    *path = t->recent.path;
    return true;
}

/* Hands an ICMP error to the transport it is about; false when nobody was concerned. */
bool stack_report(weft_stack *s, uint8_t proto, const struct ip_error *e);

/* Is there a transport with this protocol number? */
static inline bool stack_has_transport(const weft_stack *s, uint8_t proto) { return s->slot_of[proto] != 0; }

/* The state of the transport with this protocol number; NULL when the stack has none. */
static inline void *stack_transport(const weft_stack *s, uint8_t proto)
{
    return s->transport[s->slot_of[proto]];
}

/*
 * Whose timer it is (struct timer.kind). One of a transport, or of its endpoints, leads to transport.timer,
 * with its slot added to TIMER_TRANSPORT.
 */
enum timer_kind { TIMER_NEIGH, TIMER_IP, TIMER_LINK, TIMER_TRANSPORT };

#endif
