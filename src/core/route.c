/* SPDX-License-Identifier: MIT */
/* The routing table; see route.h. A sorted list for now: a host has a handful. */
#include "core/route.h"

#include "core/stack.h"
#include "wire/ip.h"

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

void route_remove(weft_stack *s, const struct route *r)
{
    list_each_safe(it, next, &s->routes.routes)
        if (same(container_of(it, struct route, link), r))
            forget(s, container_of(it, struct route, link));
}

static int find_path(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    unsigned shortest = ip_is_v4(dst) ? 96 : 0; /* what is wider than all of IPv4 is no route for it */

    if (s->loopback && is_own(s, dst)) {
        *path = (struct ip_path){.ifp = s->loopback, .next_hop = *dst, .generation = s->routes.generation};
        return 0;
    }
    list_each(it, &s->routes.routes) {
        const struct route *r = container_of(it, struct route, link);

        if (r->prefix < shortest)
            break;
        if (!ip_prefix_match(&r->dst, dst, r->prefix))
            continue;
        *path = (struct ip_path){
            .ifp = r->ifp, .next_hop = is_direct(r, dst) ? *dst : r->gateway, .generation = s->routes.generation};
        return 0;
    }
    return WEFT_ENETUNREACH;
}

int route_lookup(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    int err = find_path(s, dst, path);
    const struct pathmtu *known = err ? NULL : pathmtu_find(&s->path_mtus, dst, s->now);

    if (known) {
        path->mtu = known->mtu;
        path->fragment = known->fragment;
        path->expires = known->expires;
    }
    return err;
}

bool route_learn_mtu(weft_stack *s, const struct weft_ip *dst, uint32_t mtu, uint32_t datagram)
{
    struct pathmtu news = {.dst = *dst, .expires = time_after(s->now, s->config.path_mtu_age)};
    struct ip_path path = {0};

    if (route_lookup(s, dst, &path) < 0)
        return false;
    news.mtu = mtu ? mtu : pathmtu_plateau(min_u32(datagram, path_mtu(&path)));
    if (ip_is_v4(dst) && news.mtu < s->config.min_path_mtu) {
        news.mtu = s->config.min_path_mtu;
        news.fragment = true;
    }
    if (news.mtu > path_mtu(&path) || (news.mtu == path_mtu(&path) && news.fragment <= path.fragment) ||
        !pathmtu_learn(&s->path_mtus, &s->mem, &news))
        return false;
    stack_count(s, WEFT_COUNT_ip_path_mtus);
    if (++s->routes.generation == 0) /* which would mean: never resolved */
        s->routes.generation = 1;
    return true;
}

int route_refresh(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    const weft_if *before = path->ifp;
    int err;

    if (likely(path_is_fresh(path, s->routes.generation, s->now)))
        return 0;
    path->ifp = NULL;
    err = route_lookup(s, dst, path);
    return err && before && !before->up ? WEFT_ENETDOWN : err;
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
    return ip_is_v4(ip) == v4 && !ip_is_multicast(ip) && !ip_is_limited_broadcast(ip) && !is_own(s, ip);
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
        *route = (struct weft_route){r->dst, ip_is_v4(&r->dst) ? r->prefix - 96u : r->prefix, r->gateway, r->ifp->name,
                                     r->metric};
        return true;
    }
    return false;
}
