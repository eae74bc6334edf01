/* SPDX-License-Identifier: MIT */
/* An interface that lives changes: it is put down and up again, and may carry less than its link does. */
#include "core/stack.h"
#include "wire/ip.h"
#include "wire/ipv6.h"

#define MIN_MTU 68 /* RFC 791 §3.2 */

/* What it made by itself goes, and comes back when it is up and routers are heard. Those given by hand stay. */
static void forget_automatic(weft_if *ifp)
{
    for (unsigned i = ifp->n_addresses; i-- > 0;)
        if (ifp->address[i].automatic)
            if_remove_entry(ifp, &ifp->address[i]);
}

static void put_down(weft_if *ifp)
{
    weft_stack *s = ifp->stack;

    ifp->up = false;
    if (ifp->ops->down)
        ifp->ops->down(ifp);
    forget_automatic(ifp);
    if (ifp->nd && s->assembly->if_removed)
        s->assembly->if_removed(ifp);
    route_forget_if(s, ifp);
    neigh_forget_if(ifp);
    pkt_queue_clear(&ifp->queue, WEFT_DROP_if_down);
    ifp->cut = 0;
}

/* An address that stayed is announced, or tried, as if it were new. */
static void revive(weft_if *ifp, struct if_address *a)
{
    const struct assembly *as = ifp->stack->assembly;

    if_route_network(ifp, a);
    if (!ip_is_v4(&a->ip) && as->address_added)
        as->address_added(ifp, a);
    else if (ip_is_v4(&a->ip))
        if_v4_added(ifp, &a->ip);
}

static void put_up(weft_if *ifp)
{
    unsigned n = ifp->n_addresses; /* address_added may add one of its own */

    ifp->up = true;
    for (unsigned i = 0; i < n; i++)
        revive(ifp, &ifp->address[i]);
    if (ifp->ipv6 && ifp->stack->assembly->if_added)
        ifp->stack->assembly->if_added(ifp);
    if (ifp->groups && ifp->stack->assembly->groups_changed)
        ifp->stack->assembly->groups_changed(ifp, true);
    route_changed(ifp->stack);
}

void weft_if_set_up(weft_if *ifp, bool up)
{
    if (ifp->up == up)
        return;
    if (up)
        put_up(ifp);
    else
        put_down(ifp);
}

/* A station that asks while nobody could hear it would only wait. */
int weft_if_rarp(weft_if *ifp, unsigned prefix)
{
    if (!ifp->ops->ask_address)
        return WEFT_EOPNOTSUPP;
    if (prefix > 32)
        return WEFT_EINVAL;
    return ifp->up ? ifp->ops->ask_address(ifp, prefix) : WEFT_ENETDOWN;
}

/* ---- what belongs to an address ---- */

static bool is_v4_or_none(const struct weft_ip *ip)
{
    return ip_is_any(ip) || (ip_is_v4(ip) && !ip_is_multicast(ip));
}

int weft_if_set_broadcast(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *broadcast)
{
    struct if_address *a = ip_is_v4(ip) ? if_find_entry(ifp, ip) : NULL;

    if (!a)
        return WEFT_ENOENT;
    if (!is_v4_or_none(broadcast) || ip_eq(broadcast, ip))
        return WEFT_EINVAL;
    a->broadcast = *broadcast;
    route_changed(ifp->stack);
    return 0;
}

int weft_if_set_peer(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *peer)
{
    struct if_address *a = ip_is_v4(ip) ? if_find_entry(ifp, ip) : NULL;
    struct weft_ip before;
    int err = 0;

    if (!a)
        return WEFT_ENOENT;
    if (!is_v4_or_none(peer) || ip_is_limited_broadcast(peer))
        return WEFT_EINVAL;
    before = a->peer;
    if_unroute_network(ifp, a);
    a->peer = *peer;
    if (ip_eq(peer, ip))
        memset(&a->peer, 0, sizeof a->peer);
    if (ifp->up)
        err = if_route_network(ifp, a);
    if (err < 0 && err != WEFT_EEXIST) { /* what was there a moment ago needs no more memory than it gave back */
        a->peer = before;
        if_route_network(ifp, a);
        return err;
    }
    route_changed(ifp->stack);
    return 0;
}

static bool has_v6(const weft_if *ifp)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (!ip_is_v4(&ifp->address[i].ip))
            return true;
    return ifp->ipv6;
}

int weft_if_set_mtu(weft_if *ifp, uint32_t mtu)
{
    if (mtu < MIN_MTU || mtu > ifp->link_mtu || (mtu < IPV6_MIN_MTU && has_v6(ifp)))
        return WEFT_EINVAL;
    ifp->mtu = mtu;
    route_changed(ifp->stack);
    return 0;
}
