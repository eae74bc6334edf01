/* SPDX-License-Identifier: MIT */
/*
 * The routing table: longest prefix wins, then the lower metric, then the older entry. A path is the answer kept by a
 * connection; it is asked again whenever the table's generation has moved on.
 */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "core/iface.h"
#include "core/pathmtu.h"
#include "core/trie.h"

struct route {
    struct list link; /* in route_table.length[prefix], next to those to the same network, best first */
    struct weft_ip dst, gateway; /* gateway 0.0.0.0: the destination is on the link */
    weft_if *ifp;
    uint32_t metric;
    uint8_t prefix;   /* bits of the 16 bytes: 96 + n for IPv4 */
    uint8_t owner;    /* enum weft_route_owner */
    uint8_t flags;    /* WEFT_ROUTE_DYNAMIC, WEFT_ROUTE_MODIFIED; the others follow from the rest */
};

struct ip_path {
    weft_if *ifp;
    struct weft_ip next_hop;
    uint32_t generation; /* 0: never resolved */
    uint32_t mtu;        /* less than the interface's: learnt from routers; 0: nothing learnt */
    bool fragment;       /* routers must be allowed to fragment: they carry less than we are ready to send */
    weft_time expires;   /* of what was learnt; 0: nothing was */
};

/* Bytes of IP datagram that the path carries, as far as known. It must have an interface. */
static inline uint32_t path_mtu(const struct ip_path *path)
{
    return path->mtu && path->mtu < path->ifp->mtu ? path->mtu : path->ifp->mtu;
}

/* Is it what a look-up would give? */
static inline bool path_is_fresh(const struct ip_path *path, uint32_t generation, weft_time now)
{
    return path->generation == generation && (path->expires == 0 || now < path->expires);
}

struct route_table {
    struct trie v4, v6;      /* of the best route to each network */
    struct list length[129]; /* all routes, by prefix, those to a network side by side */
    uint32_t generation;     /* changes with each change; starts at 1 */
    struct {
        const struct route *route; /* the i-th, as weft_route_info counts; NULL: look for it */
        size_t i;
    } last;
    struct {
        struct weft_ip dst;
        struct ip_path path;
    } recent;                /* the answer given last, good as long as any path is that is kept */
};

void route_table_init(struct route_table *t, struct mem *m);
void route_table_fini(weft_stack *s);

/* As weft_route_add, of a route that makes sense. */
int route_add(weft_stack *s, const struct route *r);
/* Removes the route to this network by this gateway and interface, if it is there. */
void route_remove(weft_stack *s, const struct route *r);
/* The route to just this network by this gateway; by any interface when r->ifp is NULL. NULL: it is not there. */
struct route *route_get(weft_stack *s, const struct route *r);
/* The best route to this address, own addresses apart; NULL: there is none. Valid until the table changes. */
const struct route *route_find(const weft_stack *s, const struct weft_ip *dst);
/* The next best route to the same network; NULL: it was the last. */
struct route *route_next_best(const weft_stack *s, const struct route *r);
void route_forget(weft_stack *s, struct route *r);
/* Paths that were kept are asked for again. */
void route_changed(weft_stack *s);
/* Removes all routes through an interface. */
void route_forget_if(weft_stack *s, const weft_if *ifp);

/* Is it an address of ours, on whatever interface? */
bool route_is_own(weft_stack *s, const struct weft_ip *dst);

/* Fills *path for dst; 0 or WEFT_ENETUNREACH. Own addresses lead to the loopback interface. */
int route_lookup(weft_stack *s, const struct weft_ip *dst, struct ip_path *path);

/* The same by this interface alone, where what has no route is on the link (IPv4), as Linux has it. */
int route_lookup_by(weft_stack *s, const struct weft_ip *dst, weft_if *by, struct ip_path *path);

/*
 * Is the path still good? Asks again when the table changed. 0, WEFT_ENETUNREACH, or WEFT_ENETDOWN when it went with
 * its interface; path->ifp is NULL after an error.
 */
int route_refresh(weft_stack *s, const struct weft_ip *dst, struct ip_path *path);

/*
 * A router says that the way to dst carries no more than mtu, and the caller believes it. 0 for IPv4: it does not say;
 * `datagram` was too large. Never more than is known already, and never less than config.min_path_mtu: then fragments
 * are allowed. True when that is news.
 */
bool route_learn_mtu(weft_stack *s, const struct weft_ip *dst, uint32_t mtu, uint32_t datagram);

/* The source address for a packet to dst by this path (RFC 1122 §3.3.4.3, RFC 6724 §5); 0 or WEFT_EADDRNOTAVAIL. */
int route_source(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, struct weft_ip *src);
/* The same for who wishes for addresses of a kind (enum weft_prefer_source of sock.h; RFC 5014). */
int route_source_wished(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, int wish,
                        struct weft_ip *src);

#endif
