/* SPDX-License-Identifier: MIT */
/* The routing table; see route.h. A sorted list for now: a host has a handful. */
#include "core/route.h"

#include "core/stack.h"
#include "wire/ipv4.h"

void route_table_init(struct route_table *t)
{
    list_init(&t->routes);
    t->generation = 1;
}

static void forget(weft_stack *s, struct route *r)
{
    list_remove(&r->link);
    mem_free(&s->mem, MEM_route, r, sizeof *r);
    s->routes.generation++;
}

void route_table_fini(weft_stack *s)
{
    list_each_safe(it, next, &s->routes.routes)
        forget(s, container_of(it, struct route, link));
}

void route_forget_if(weft_stack *s, const weft_if *ifp)
{
    list_each_safe(it, next, &s->routes.routes)
        if (container_of(it, struct route, link)->ifp == ifp)
            forget(s, container_of(it, struct route, link));
    s->routes.generation++;
}

/* Does a stand before b in the order of look-up? */
static bool before(const struct route *a, const struct route *b)
{
    return a->prefix != b->prefix ? a->prefix > b->prefix : a->metric < b->metric;
}

static bool same(const struct route *a, const struct route *b)
{
    return a->prefix == b->prefix && ip_eq(&a->dst, &b->dst) && ip_eq(&a->gateway, &b->gateway) && a->ifp == b->ifp;
}

int route_add(weft_stack *s, const struct route *r)
{
    struct list *at = &s->routes.routes;
    struct route *mine;

    list_each(it, &s->routes.routes) {
        const struct route *other = container_of(it, struct route, link);

        if (same(r, other))
            return WEFT_EEXIST;
        if (at == &s->routes.routes && before(r, other))
            at = it;
    }
    mine = mem_alloc(&s->mem, MEM_route, sizeof *mine);
    if (!mine)
        return WEFT_ENOMEM;
    *mine = *r;
    list_insert_before(at, &mine->link);
    s->routes.generation++;
    return 0;
}

static bool is_own(weft_stack *s, const struct weft_ip *dst) { return ip_is_loopback(dst) || if_by_address(s, dst); }

/* No gateway takes on what is for all stations of a link. */
static bool is_direct(const struct route *r, const struct weft_ip *dst)
{
    return ip_is_any(&r->gateway) || ip_is_limited_broadcast(dst) || ip_is_multicast(dst);
}

int route_lookup(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    if (s->loopback && is_own(s, dst)) {
        *path = (struct ip_path){s->loopback, *dst, s->routes.generation};
        return 0;
    }
    list_each(it, &s->routes.routes) {
        const struct route *r = container_of(it, struct route, link);

        if (!ip_prefix_match(&r->dst, dst, r->prefix))
            continue;
        *path = (struct ip_path){r->ifp, is_direct(r, dst) ? *dst : r->gateway, s->routes.generation};
        return 0;
    }
    return WEFT_ENETUNREACH;
}

int route_refresh(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    const weft_if *before = path->ifp;
    int err;

    if (likely(path->generation == s->routes.generation))
        return 0;
    path->ifp = NULL;
    err = route_lookup(s, dst, path);
    return err && before && !before->up ? WEFT_ENETDOWN : err;
}

int route_source(weft_stack *s, const struct ip_path *path, const struct weft_ip *dst, struct weft_ip *src)
{
    const weft_if *ifp = path->ifp;

    if (ifp == s->loopback) { /* to ourselves: from the address asked */
        *src = *dst;
        return 0;
    }
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_prefix_match(&ifp->address[i].ip, &path->next_hop, ifp->address[i].prefix)) {
            *src = ifp->address[i].ip;
            return 0;
        }
    if (ifp->n_addresses == 0)
        return WEFT_EADDRNOTAVAIL;
    *src = ifp->address[0].ip;
    return 0;
}

/* ---- weft/stack.h ---- */

/* Bits of the longest of the interface's networks that the address lies in; 0: in none. */
static unsigned on_link(const weft_if *ifp, const struct weft_ip *ip)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ifp->address[i].prefix > longest && ip_prefix_match(&ifp->address[i].ip, ip, ifp->address[i].prefix))
            longest = ifp->address[i].prefix;
    return longest;
}

/* The interface that reaches a gateway directly; NULL when none does. */
static weft_if *if_towards(weft_stack *s, const struct weft_ip *gateway)
{
    weft_if *found = NULL;
    unsigned longest = 0;

    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);
        unsigned bits = on_link(ifp, gateway);

        if (bits > longest) {
            longest = bits;
            found = ifp;
        }
    }
    return found;
}

static bool may_be_gateway(weft_stack *s, const struct weft_ip *ip)
{
    if (ip_is_any(ip))
        return true; /* none: on the link */
    return ip_is_v4(ip) && !ip_is_multicast(ip) && !ip_is_limited_broadcast(ip) && !is_own(s, ip);
}

/* From the public form; false when it makes no sense. */
static bool read_route(weft_stack *s, const struct weft_route *in, struct route *out)
{
    bool any = ip_is_any(&in->dst);
    uint32_t host = in->prefix < 32 ? UINT32_MAX >> in->prefix : 0;

    if (in->prefix > 32 || (!ip_is_v4(&in->dst) && !(any && in->prefix == 0)))
        return false;
    if ((!any && (ip_to_v4(&in->dst) & host)) || !may_be_gateway(s, &in->gateway))
        return false;
    *out = (struct route){
        .dst = any ? weft_ipv4(0) : in->dst,
        .gateway = ip_is_any(&in->gateway) ? weft_ipv4(0) : in->gateway,
        .prefix = (uint8_t)(96 + in->prefix),
        .metric = in->metric,
    };
    return true;
}

int weft_route_add(weft_stack *stack, const struct weft_route *route)
{
    struct route r;

    if (!read_route(stack, route, &r))
        return WEFT_EINVAL;
    if (ip_is_any(&r.gateway) && !route->if_name)
        return WEFT_EINVAL;
    r.ifp = route->if_name ? weft_if_find(stack, route->if_name) : if_towards(stack, &r.gateway);
    if (!r.ifp || (!ip_is_any(&r.gateway) && !on_link(r.ifp, &r.gateway)))
        return WEFT_ENETUNREACH;
    return route_add(stack, &r);
}

int weft_route_del(weft_stack *stack, const struct weft_route *route)
{
    struct route r;

    if (!read_route(stack, route, &r))
        return WEFT_EINVAL;
    list_each_safe(it, next, &stack->routes.routes) {
        struct route *other = container_of(it, struct route, link);

        r.ifp = route->if_name ? weft_if_find(stack, route->if_name) : other->ifp;
        if (same(&r, other)) {
            forget(stack, other);
            return 0;
        }
    }
    return WEFT_ENOENT;
}

bool weft_route_info(weft_stack *stack, size_t i, struct weft_route *route)
{
    list_each(it, &stack->routes.routes) {
        const struct route *r = container_of(it, struct route, link);

        if (i--)
            continue;
        *route = (struct weft_route){r->dst, r->prefix - 96u, r->gateway, r->ifp->name, r->metric};
        return true;
    }
    return false;
}
