/* SPDX-License-Identifier: MIT */
/*
 * Which of a peer's addresses is tried first (RFC 6724 §6). Rule 4 is for mobile hosts, and rule 7 for tunnels, of
 * which the engine has none.
 *
 * DEVIATION: rule 9 counts a common prefix of IPv4 only for what is on the source's own network, as glibc does; else
 * the order in which a name server gives out the addresses of a service would count for nothing.
 */
#include "core/policy.h"
#include "core/stack.h"
#include "wire/ip.h"

struct destination {
    struct weft_ip ip;
    bool usable, matches_scope, deprecated, matches_label;
    unsigned scope, precedence, common;
};

static unsigned common(const struct if_address *source, const struct weft_ip *dst)
{
    unsigned bits = policy_common_prefix(source, dst);

    return ip_is_v4(dst) && bits < source->prefix ? 0 : bits;
}

/* All that the rules look at. */
static struct destination look_at(weft_stack *s, const struct weft_ip *ip)
{
    const struct weft_policy *policy = policy_of(&s->policies, ip);
    struct destination d = {.ip = *ip, .scope = policy_scope(ip), .precedence = policy->precedence};
    const struct if_address *source;
    struct weft_ip from;
    weft_if *ifp;

    if (weft_route_source(s, ip, &from) != 0)
        return d;
    d.usable = true;
    d.matches_scope = policy_scope(&from) == d.scope;
    d.matches_label = policy_of(&s->policies, &from)->label == policy->label;
    ifp = if_by_address(s, &from);
    source = ifp ? if_find_address(ifp, &from) : NULL; /* NULL: one of 127.0.0.0/8, which no interface has */
    if (source) {
        d.deprecated = source->state == IF_ADDRESS_DEPRECATED;
        d.common = common(source, ip);
    }
    return d;
}

static int prefer(bool a, bool b) { return (int)a - (int)b; }

/* Positive when a is to be tried before b, negative when b is. */
static int compare(const struct destination *a, const struct destination *b)
{
    int by;

    if ((by = prefer(a->usable, b->usable)))
        return by; /* rule 1 */
    if ((by = prefer(a->matches_scope, b->matches_scope)))
        return by; /* rule 2 */
    if ((by = prefer(b->deprecated, a->deprecated)))
        return by; /* rule 3 */
    if ((by = prefer(a->matches_label, b->matches_label)))
        return by; /* rule 5 */
    if (a->precedence != b->precedence)
        return a->precedence > b->precedence ? 1 : -1; /* rule 6 */
    if (a->scope != b->scope)
        return a->scope < b->scope ? 1 : -1; /* rule 8 */
    if (ip_is_v4(&a->ip) != ip_is_v4(&b->ip))
        return 0;
    return (int)a->common - (int)b->common; /* rule 9 */
}

/* Rule 10: what is alike stays in its order. */
void weft_order_destinations(weft_stack *stack, struct weft_ip *ip, size_t n)
{
    struct destination all[WEFT_DESTINATIONS];

    n = min_size(n, WEFT_DESTINATIONS);
    for (size_t i = 0; i < n; i++) {
        struct destination d = look_at(stack, &ip[i]);
        size_t at = i;

        for (; at > 0 && compare(&d, &all[at - 1]) > 0; at--)
            all[at] = all[at - 1];
        all[at] = d;
    }
    for (size_t i = 0; i < n; i++)
        ip[i] = all[i].ip;
}
