/* SPDX-License-Identifier: MIT */
/* The neighbour table as the user sees it, and what he may say of it: weft/stack.h. */
#include "core/stack.h"
#include "wire/ip.h"

static struct neigh *neigh_of(struct list *link) { return container_of(link, struct neigh, lru); }

static void describe(const struct neigh *n, struct weft_neighbour *out)
{
    static const char *const states[] = {"incomplete", "reachable", "stale", "delay", "probe", "failed", "permanent"};

    *out = (struct weft_neighbour){
        .ip = n->ip,
        .if_name = n->ifp->name,
        .state = states[n->state],
        .router = n->router,
        .age = n->ifp->stack->now - n->confirmed,
        .until = n->timer.deadline,
    };
    memcpy(out->mac, n->mac, 6);
}

bool weft_neighbour_info(weft_stack *stack, size_t i, struct weft_neighbour *out)
{
    struct list *lists[] = {&stack->neighbours.lru, &stack->neighbours.unresolved};

    for (unsigned l = 0; l < ARRAY_LEN(lists); l++)
        list_each(it, lists[l])
            if (i-- == 0) {
                describe(neigh_of(it), out);
                return true;
            }
    return false;
}

/* Can a single other station have this address here? */
static bool may_be_a_neighbour(weft_if *ifp, const struct weft_ip *ip)
{
    return !ip_is_any(ip) && !ip_is_multicast(ip) && !ip_is_loopback(ip) && !if_is_broadcast(ifp, ip) &&
           !if_find_entry(ifp, ip) && (weft_ip_zone(ip) == 0 || weft_ip_zone(ip) == ifp->index);
}

static int tell(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6],
                int (*enter)(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6]))
{
    static const uint8_t none[6];
    struct weft_ip theirs = *ip;

    if (ifp->ops->kind != WEFT_LINK_ETHERNET)
        return WEFT_EOPNOTSUPP;
    if (!may_be_a_neighbour(ifp, ip) || (mac[0] & 1) || memcmp(mac, none, sizeof none) == 0)
        return WEFT_EINVAL;
    ip_set_zone(&theirs, ifp->index);
    return enter(ifp, &theirs, mac);
}

int weft_neighbour_add(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    return tell(ifp, ip, mac, neigh_fix);
}

int weft_neighbour_tell(weft_if *ifp, const struct weft_ip *ip, const uint8_t mac[6])
{
    return tell(ifp, ip, mac, neigh_tell);
}

int weft_neighbour_del(weft_if *ifp, const struct weft_ip *ip)
{
    struct weft_ip theirs = *ip;
    struct neigh *n;

    if (weft_ip_zone(ip) == 0)
        ip_set_zone(&theirs, ifp->index);
    n = neigh_find(ifp, &theirs);
    if (!n)
        return WEFT_ENOENT;
    neigh_drop(n);
    return 0;
}
