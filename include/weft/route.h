/* SPDX-License-Identifier: MIT */
/*
 * The routing table: mechanism only. It finds the longest prefix, then the lowest metric, then the oldest route. Who puts
 * routes in, and when, is policy: addresses, routers' advertisements, redirects, a person, a routing daemon. Each has
 * a number, so that it can take back what is its own and leave the rest alone; between them the metric decides.
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
    struct weft_ip dst;  /* network; all zero with prefix 0 for the default route, of the gateway's family if it has one */
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

#ifdef __cplusplus
}
#endif
#endif
