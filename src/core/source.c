/* SPDX-License-Identifier: MIT */
/*
 * From which of our addresses a packet goes: for IPv4 one of the next hop's network (RFC 1122 §3.3.4.3), for IPv6 the
 * rules of RFC 6724 §5.
 *
 * An address belongs to its interface (the strong model), so only those of the outgoing one are candidates, as RFC 6724
 * §4 recommends; rule 5 decides nothing then, and rule 4 is for mobile hosts.
 *
 * DEVIATION: which router advertised a prefix decides nothing (rule 5.5), the policy table cannot be changed (§2.1), and
 * the order of a peer's addresses (§6) is left to whoever looked them up. R6724-1
 */
#include "core/route.h"
#include "core/stack.h"
#include "wire/ip.h"

#define LOCALHOST 0x7f000001 /* of all of 127.0.0.0/8 the address that speaks */

/* ---- the policy table of RFC 6724 §2.1 ---- */

struct policy {
    struct weft_ip prefix;
    uint8_t bits, precedence, label;
};

static const struct policy policies[] = {
    {{{[15] = 1}}, 128, 50, 0},
    {{{[10] = 0xff, [11] = 0xff}}, 96, 35, 4},
    {{{0}}, 96, 1, 3},
    {{{0x20, 0x01, 0, 0}}, 32, 5, 5},
    {{{0x20, 0x02}}, 16, 30, 2},
    {{{0x3f, 0xfe}}, 16, 1, 12},
    {{{0xfe, 0xc0}}, 10, 1, 11},
    {{{0xfc}}, 7, 3, 13},
    {{{0}}, 0, 40, 1},
};

/* Sorted by length: the first that matches is the longest, and the last one always matches. */
static const struct policy *policy_of(const struct weft_ip *ip)
{
    const struct policy *p = policies;

    while (!ip_prefix_match(&p->prefix, ip, p->bits))
        p++;
    return p;
}

/* RFC 6724 §2.2: how long the prefix is that both have, up to the length of the source's own. */
static unsigned common_prefix(const struct if_address *a, const struct weft_ip *dst)
{
    unsigned bits = 0;

    while (bits < a->prefix && ip_prefix_match(&a->ip, dst, bits + 1))
        bits++;
    return bits;
}

/* ---- source addresses ---- */

/* The scopes of RFC 6724 §3.1: IPv4 has loopback and automatic addresses of link scope, all others are global. */
static unsigned scope_of(const struct weft_ip *ip)
{
    if (!ip_is_v4(ip))
        return ip_scope(ip);
    return ip->b[12] == 127 || (ip->b[12] == 169 && ip->b[13] == 254) ? 2 : 14;
}

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

/* RFC 6724 §5: positive when a is the better source for dst, negative when b is. */
static int compare_sources(const struct if_address *a, const struct if_address *b, const struct weft_ip *dst)
{
    unsigned label = policy_of(dst)->label;
    int by;

    if ((by = prefer(ip_eq(&a->ip, dst), ip_eq(&b->ip, dst))))
        return by; /* rule 1 */
    if ((by = compare_scope(scope_of(&a->ip), scope_of(&b->ip), scope_of(dst))))
        return by; /* rule 2 */
    if ((by = prefer(b->state == IF_ADDRESS_DEPRECATED, a->state == IF_ADDRESS_DEPRECATED)))
        return by; /* rule 3 */
    if ((by = prefer(policy_of(&a->ip)->label == label, policy_of(&b->ip)->label == label)))
        return by; /* rule 6 */
    if ((by = prefer(a->temporary, b->temporary)))
        return by; /* rule 7 */
    return (int)common_prefix(a, dst) - (int)common_prefix(b, dst); /* rule 8 */
}

static const struct if_address *source_v6(const weft_if *ifp, const struct weft_ip *dst)
{
    const struct if_address *best = NULL;

    for (unsigned i = 0; i < ifp->n_addresses; i++) {
        const struct if_address *a = &ifp->address[i];

        if (ip_is_v4(&a->ip) || !if_address_usable(a))
            continue;
        if (!best || compare_sources(a, best, dst) > 0)
            best = a;
    }
    return best;
}

static const struct if_address *source_v4(const weft_if *ifp, const struct weft_ip *next_hop)
{
    const struct if_address *first = NULL;

    for (unsigned i = 0; i < ifp->n_addresses; i++) {
        const struct if_address *a = &ifp->address[i];

        if (!ip_is_v4(&a->ip) || !if_address_usable(a))
            continue;
        if (ip_prefix_match(&a->ip, next_hop, a->prefix))
            return a;
        if (!first)
            first = a;
    }
    return first;
}

int route_source(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, struct weft_ip *src)
{
    const struct if_address *a;

    if (path->ifp == s->loopback && !ip_is_multicast(dst)) { /* to ourselves: from the address asked, as Linux */
        *src = ip_is_v4(dst) && ip_is_loopback(dst) ? weft_ipv4(LOCALHOST) : *dst;
        return 0;
    }
    a = ip_is_v4(dst) ? source_v4(path->ifp, &path->next_hop) : source_v6(path->ifp, dst);
    if (!a)
        return WEFT_EADDRNOTAVAIL;
    *src = a->ip;
    return 0;
}
