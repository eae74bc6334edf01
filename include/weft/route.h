/* SPDX-License-Identifier: MIT */
/*
 * The routing table: mechanism only. It finds the longest prefix, then the lowest metric, then the oldest route. Who
 * puts routes in, and when, is policy: addresses, routers' advertisements, redirects, a person, a routing daemon. Each
 * has a number, so that it can take back what is its own and leave the rest alone; between them the metric decides.
 */
#ifndef WEFT_ROUTE_H
#define WEFT_ROUTE_H

#include "weft/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_stack weft_stack;

/* As netstat has them: U G H D M. */
enum weft_route_flag {
    WEFT_ROUTE_UP = 0x1,        /* its interface is up */
    WEFT_ROUTE_GATEWAY = 0x2,
    WEFT_ROUTE_HOST = 0x4,      /* to one address */
    WEFT_ROUTE_DYNAMIC = 0x10,  /* made by a redirect */
    WEFT_ROUTE_MODIFIED = 0x20, /* changed by a redirect */
};

enum weft_route_owner {
    WEFT_ROUTE_STATIC,   /* somebody asked for it */
    WEFT_ROUTE_LINK,     /* the network of an interface's address */
    WEFT_ROUTE_ROUTER,   /* a router advertised itself, or a prefix */
    WEFT_ROUTE_REDIRECT, /* a router knew a better one */
    WEFT_ROUTE_DAEMON = 16, /* the first of those that are free for routing daemons, up to 255 */
};

struct weft_route {
    struct weft_ip dst;  /* network; all zero with prefix 0 for the default route, of the gateway's family if it has
                          * one */
    unsigned prefix;     /* bits of the address itself */
    struct weft_ip gateway; /* any-address: on the link. A link-local one needs its zone, or if_name */
    const char *if_name; /* NULL on adding: found through the gateway */
    uint32_t metric;     /* lower ones are preferred */
    uint8_t owner;       /* enum weft_route_owner, or a daemon's number */
    unsigned flags;      /* enum weft_route_flag; on adding of no importance */
};

/* Errors: WEFT_EINVAL, WEFT_ENETUNREACH (the gateway is on no link of ours), WEFT_EEXIST, WEFT_ENOMEM. */
int weft_route_add(weft_stack *stack, const struct weft_route *route);
/* WEFT_ENOENT when no route to that network by that gateway (and interface, if it is named) is there. */
int weft_route_del(weft_stack *stack, const struct weft_route *route);
/* Takes out all routes of an owner; returns how many they were. */
size_t weft_route_flush(weft_stack *stack, uint8_t owner);
/* Which route a datagram to dst takes: 0, or WEFT_ENETUNREACH. To ourselves it is a host route through "lo". */
int weft_route_get(weft_stack *stack, const struct weft_ip *dst, struct weft_route *route);
/* The source address that a datagram to dst would have (RFC 1122 §3.3.4.3, RFC 6724 §5). WEFT_ENETUNREACH,
 * WEFT_EADDRNOTAVAIL: there is none. */
int weft_route_source(weft_stack *stack, const struct weft_ip *dst, struct weft_ip *src);
/* The i-th route, in order of look-up; false when there is no i-th. Cheap for whoever asks in order. */
bool weft_route_info(weft_stack *stack, size_t i, struct weft_route *route);

/* Moves on whenever interfaces, addresses or routes may have changed: who keeps what it read of them compares it. */
uint32_t weft_route_generation(const weft_stack *stack);

/*
 * Which addresses go together (RFC 6724 §2.1): a source is preferred whose label is that of the destination, and of
 * several destinations the one with the higher precedence. It holds for what is chosen from then on. The rows are the
 * stack's; ::/0 is always there.
 */
#define WEFT_POLICIES 32 /* rows at most */

struct weft_policy {
    struct weft_ip prefix; /* IPv4 in its mapped form: 10.0.0.0/8 has 104 bits */
    unsigned bits;         /* of all 128; those behind them must be zero */
    uint32_t precedence, label;
};

/* Adds a row, or replaces that of the same prefix. WEFT_EINVAL: that is no prefix; WEFT_ENOMEM: there are
 * WEFT_POLICIES. */
int weft_policy_set(weft_stack *stack, const struct weft_policy *policy);
/* WEFT_ENOENT: there is no such row; WEFT_EINVAL: ::/0, which can only be replaced. */
int weft_policy_del(weft_stack *stack, const struct weft_ip *prefix, unsigned bits);
/* The i-th row, the longest prefixes first; false when there is no i-th. */
bool weft_policy_info(weft_stack *stack, size_t i, struct weft_policy *out);
/* The row that an address falls under: that of its longest prefix. */
void weft_policy_of(weft_stack *stack, const struct weft_ip *ip, struct weft_policy *out);

#define WEFT_DESTINATIONS 32 /* put in order at a time; what is behind them stays there */

/*
 * Puts the addresses of one peer into the order in which they are to be tried (RFC 6724 §6): by whether there is a way
 * and a source, and by how well the two go together. Borrows ip, which has n addresses. What is alike stays in its
 * order.
 */
void weft_order_destinations(weft_stack *stack, struct weft_ip *ip, size_t n);

#ifdef __cplusplus
}
#endif
#endif
