/* SPDX-License-Identifier: MIT */
/* The calls of weft/route.h: does what is asked for make sense? Then to the table. */
#include "core/gateway.h"
#include "core/stack.h"
#include "wire/ip.h"

/* Bits of the longest of the interface's networks that the address lies in; 0: in none. */
static unsigned on_link(const weft_if *ifp, const struct weft_ip *ip)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ifp->address[i].prefix > longest &&
            ip_prefix_match(if_network_of(&ifp->address[i]), ip, ifp->address[i].prefix))
            longest = ifp->address[i].prefix;
    return longest;
}

/* The interface that reaches a gateway directly; NULL when none does. */
static weft_if *if_towards(weft_stack *s, const struct weft_ip *gateway)
{
    weft_if *found = NULL;
    unsigned longest = 0;

    if (ip_is_link_local(gateway))
        return if_by_index(s, ip_zone(gateway));
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

/* Does the interface reach the gateway directly? A link-local address says so itself. */
static bool reaches(const weft_if *ifp, const struct weft_ip *gateway)
{
    return ip_is_link_local(gateway) ? ip_zone(gateway) == ifp->index : on_link(ifp, gateway) > 0;
}

static bool may_be_gateway(weft_stack *s, const struct weft_ip *ip, bool v4)
{
    if (ip_is_any(ip))
        return true; /* none: on the link */
    return ip_is_v4(ip) == v4 && !ip_is_multicast(ip) && !ip_is_limited_broadcast(ip) && !route_is_own(s, ip);
}

/*
 * Is the route one of IPv4? The network says so; a default route goes by its gateway, and without one, for then both
 * are any-addresses, by how that of the network is written.
 */
static bool is_v4_route(const struct weft_route *in)
{
    if (ip_is_any(&in->dst) && in->prefix == 0 && !ip_is_any(&in->gateway))
        return ip_is_v4(&in->gateway);
    return ip_is_v4(&in->dst);
}

/* From the public form; false when it makes no sense. */
static bool read_route(weft_stack *s, const struct weft_route *in, struct route *out)
{
    bool v4 = is_v4_route(in);
    const struct weft_ip any = v4 ? weft_ipv4(0) : (struct weft_ip){{0}};
    weft_if *ifp = in->if_name ? weft_if_find(s, in->if_name) : NULL;
    struct weft_ip net;

    if (in->prefix > (v4 ? 32 : 128))
        return false;
    *out = (struct route){
        .dst = ip_is_any(&in->dst) ? any : in->dst,
        .gateway = ip_is_any(&in->gateway) ? any : in->gateway,
        .prefix = (uint8_t)(v4 ? 96 + in->prefix : in->prefix),
        .metric = in->metric,
        .owner = in->owner,
    };
    if (ifp && ip_zone(&out->dst) == 0)
        ip_set_zone(&out->dst, ifp->index);
    if (ifp && ip_zone(&out->gateway) == 0)
        ip_set_zone(&out->gateway, ifp->index);
    net = ip_network(&out->dst, out->prefix);
    return ip_eq(&net, &out->dst) && may_be_gateway(s, &out->gateway, v4);
}

int weft_route_add(weft_stack *stack, const struct weft_route *route)
{
    struct route r;

    if (!read_route(stack, route, &r))
        return WEFT_EINVAL;
    if (ip_is_any(&r.gateway) && !route->if_name)
        return WEFT_EINVAL;
    r.ifp = route->if_name ? weft_if_find(stack, route->if_name) : if_towards(stack, &r.gateway);
    if (!r.ifp || (!ip_is_any(&r.gateway) && !reaches(r.ifp, &r.gateway)))
        return WEFT_ENETUNREACH;
    return route_add(stack, &r);
}

int weft_route_del(weft_stack *stack, const struct weft_route *route)
{
    struct route r, *found;

    if (!read_route(stack, route, &r))
        return WEFT_EINVAL;
    r.ifp = route->if_name ? weft_if_find(stack, route->if_name) : NULL;
    found = route->if_name && !r.ifp ? NULL : route_get(stack, &r);
    if (!found)
        return WEFT_ENOENT;
    route_forget(stack, found);
    return 0;
}

size_t weft_route_flush(weft_stack *stack, uint8_t owner)
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(stack->routes.length); i++)
        list_each_safe(it, next, &stack->routes.length[i]) {
            struct route *r = container_of(it, struct route, link);

            if (r->owner == owner) {
                route_forget(stack, r);
                n++;
            }
        }
    return n;
}

static void describe(const struct route *r, struct weft_route *out)
{
    *out = (struct weft_route){
        .dst = r->dst,
        .prefix = ip_is_v4(&r->dst) ? r->prefix - 96u : r->prefix,
        .gateway = r->gateway,
        .if_name = r->ifp->name,
        .metric = r->metric,
        .owner = r->owner,
        .flags = r->flags | (r->ifp->up ? WEFT_ROUTE_UP : 0u) | (ip_is_any(&r->gateway) ? 0u : WEFT_ROUTE_GATEWAY) |
                 (r->prefix == 128 ? WEFT_ROUTE_HOST : 0u),
    };
}

int weft_route_get(weft_stack *stack, const struct weft_ip *dst, struct weft_route *route)
{
    struct route own = {.dst = *dst, .prefix = 128, .owner = WEFT_ROUTE_LINK, .ifp = stack->loopback};
    const struct route *r = &own;

    if (ip_is_v4(dst))
        own.gateway = weft_ipv4(0);
    if (!stack->loopback || !route_is_own(stack, dst))
        r = gateway_choose(stack, route_find(stack, dst), NULL);
    if (!r)
        return WEFT_ENETUNREACH;
    describe(r, route);
    return 0;
}

int weft_route_source(weft_stack *stack, const struct weft_ip *dst, struct weft_ip *src)
{
    struct ip_path path = {0};
    int err = route_lookup(stack, dst, &path);

    return err ? err : route_source(stack, &path, dst, src);
}

/* The route behind this one, or the first of all; NULL: it was the last. */
static const struct route *next_route(const weft_stack *s, const struct route *r)
{
    unsigned length = r ? r->prefix : (unsigned)ARRAY_LEN(s->routes.length);

    if (r && r->link.next != &s->routes.length[length])
        return container_of(r->link.next, struct route, link);
    while (length-- > 0)
        if (!list_empty(&s->routes.length[length]))
            return container_of(list_first(&s->routes.length[length]), struct route, link);
    return NULL;
}

bool weft_route_info(weft_stack *stack, size_t i, struct weft_route *route)
{
    struct route_table *t = &stack->routes;
    const struct route *r = t->last.route && t->last.i <= i ? t->last.route : next_route(stack, NULL);

    for (size_t at = r == t->last.route ? t->last.i : 0; r && at < i; at++)
        r = next_route(stack, r);
    t->last.route = r;
    t->last.i = i;
    if (r)
        describe(r, route);
    return r;
}
