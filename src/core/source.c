/* SPDX-License-Identifier: MIT */
/*
 * From which of our addresses a packet goes: for IPv4 one of the next hop's network (RFC 1122 §3.3.4.3), for IPv6 the
 * rules of RFC 6724 §5.
 *
 * An address belongs to its interface (the strong model), so only those of the outgoing one are candidates, as RFC 6724
 * §4 recommends; rule 5 decides nothing then, and rule 4 is for mobile hosts. R6724-1
 */
#include "core/policy.h"
#include "core/route.h"
#include "core/stack.h"
#include "wire/ip.h"

#define LOCALHOST 0x7f000001 /* of all of 127.0.0.0/8 the address that speaks */

/* ---- source addresses ---- */

/* Rule 2: is scope a to be preferred to b for a destination of scope d? Positive, negative, or 0 for alike. */
static int compare_scope(unsigned a, unsigned b, unsigned d)
{
    if (a == b)
        return 0;
    if (a < b)
        return a < d ? -1 : 1;
    return b < d ? 1 : -1;
}

static int prefer(bool a, bool b) { return (int)a - (int)b; }

/* Rule 5.5: did this router advertise the prefix that the address is made of? */
static bool is_of_router(const struct if_address *a, const struct weft_ip *router)
{
    for (unsigned i = 0; i < IF_ADVERTISERS; i++)
        if (ip_eq(&a->router[i], router))
            return true;
    return false;
}

/* What a source is wanted for. */
struct purpose {
    const struct policy_table *policies;
    const struct weft_ip *dst, *next_hop;
    unsigned scope, label; /* of dst */
    int wish;              /* enum weft_prefer_source */
};

static bool matches_label(const struct purpose *p, const struct if_address *a)
{
    return policy_of(p->policies, &a->ip)->label == p->label;
}

/* RFC 6724 §5: positive when a is the better source, negative when b is. */
static int compare_sources(const struct if_address *a, const struct if_address *b, const struct purpose *p)
{
    int by;

    if ((by = prefer(ip_eq(&a->ip, p->dst), ip_eq(&b->ip, p->dst))))
        return by; /* rule 1 */
    if ((by = compare_scope(policy_scope(&a->ip), policy_scope(&b->ip), p->scope)))
        return by; /* rule 2 */
    if ((by = prefer(b->state == IF_ADDRESS_DEPRECATED, a->state == IF_ADDRESS_DEPRECATED)))
        return by; /* rule 3 */
    if ((by = prefer(is_of_router(a, p->next_hop), is_of_router(b, p->next_hop))))
        return by; /* rule 5.5 */
    if ((by = prefer(matches_label(p, a), matches_label(p, b))))
        return by; /* rule 6 */
    if ((by = prefer(a->temporary, b->temporary)))
        return p->wish & WEFT_PREFER_PUBLIC ? -by : by; /* rule 7, which an application may reverse */
    return (int)policy_common_prefix(a, p->dst) - (int)policy_common_prefix(b, p->dst); /* rule 8 */
}

static const struct if_address *source_v6(const weft_if *ifp, const struct weft_ip *dst, const struct weft_ip *next_hop,
                                          int wish)
{
    const struct policy_table *policies = &ifp->stack->policies;
    const struct purpose p = {policies, dst, next_hop, policy_scope(dst), policy_of(policies, dst)->label,
                              wish};
    const struct if_address *best = NULL;

    for (unsigned i = 0; i < ifp->n_addresses; i++) {
        const struct if_address *a = &ifp->address[i];

        if (ip_is_v4(&a->ip) || !if_address_usable(a))
            continue;
        if (!best || compare_sources(a, best, &p) > 0)
            best = a;
    }
    return best;
}

/* Is it in the network of this address of IPv4? */
static inline bool is_beside(const struct if_address *a, uint32_t ip)
{
    return (uint64_t)(ip_to_v4(&a->ip) ^ ip) >> (128 - a->prefix) == 0;
}

static const struct if_address *source_v4(const weft_if *ifp, const struct weft_ip *next_hop)
{
    const struct if_address *first = NULL;
    uint32_t hop = ip_to_v4(next_hop);

    for (unsigned i = 0; i < ifp->n_addresses; i++) {
        const struct if_address *a = &ifp->address[i];

        if (!ip_is_v4(&a->ip) || !if_address_usable(a))
            continue;
        if (is_beside(a, hop))
            return a;
        if (!first)
            first = a;
    }
    return first;
}

int route_source(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, struct weft_ip *src)
{
    return route_source_wished(s, path, dst, 0, src);
}

int route_source_wished(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, int wish,
                        struct weft_ip *src)
{
    const struct if_address *a;

    if (path->ifp == s->loopback && !ip_is_multicast(dst)) { /* to ourselves: from the address asked, as Linux */
        *src = ip_is_v4(dst) && ip_is_loopback(dst) ? weft_ipv4(LOCALHOST) : *dst;
        return 0;
    }
    a = ip_is_v4(dst) ? source_v4(path->ifp, &path->next_hop) : source_v6(path->ifp, dst, &path->next_hop, wish);
    if (!a)
        return WEFT_EADDRNOTAVAIL;
    *src = a->ip;
    return 0;
}
