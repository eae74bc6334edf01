/* SPDX-License-Identifier: MIT */
/* The choice among default gateways; see gateway.h. */
#include "core/gateway.h"

#include "core/neigh.h"
#include "core/stack.h"
#include "wire/ip.h"

#define DEFAULT_V4 96 /* a prefix of no bits, in front of a mapped address */

static unsigned default_prefix(const struct weft_ip *ip) { return ip_is_v4(ip) ? DEFAULT_V4 : 0; }

/* Dead, as far as is known; then he is asked again when it is time. */
static bool is_dead(const struct route *r)
{
    struct neigh *n = ip_is_any(&r->gateway) ? NULL : neigh_find(r->ifp, &r->gateway);

    if (!n || !n->dead)
        return false;
    neigh_wanted(n);
    return true;
}

const struct route *gateway_choose(weft_stack *s, const struct route *best, const weft_if *by)
{
    const struct route *r = best;

    if (!best || best->prefix != default_prefix(&best->dst) || !route_next_best(s, best))
        return best;
    while (r && ((by && r->ifp != by) || is_dead(r)))
        r = route_next_best(s, r);
    return r ? r : best;
}

bool gateway_has_others(weft_if *ifp, const struct weft_ip *ip)
{
    struct list *all = &ifp->stack->routes.length[default_prefix(ip)];
    bool mine = false, others = false;

    list_each(it, all) {
        const struct route *r = container_of(it, struct route, link);

        if (ip_is_v4(&r->dst) != ip_is_v4(ip))
            continue;
        if (r->ifp == ifp && ip_eq(&r->gateway, ip))
            mine = true;
        else
            others = true;
    }
    return mine && others;
}
