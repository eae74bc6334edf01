/* SPDX-License-Identifier: MIT */
/* The routing table; see route.h. */
#include "core/route.h"

#include "core/gateway.h"
#include "core/stack.h"
#include "wire/ip.h"

#define V4_BITS 96 /* in front of a mapped address */

void route_table_init(struct route_table *t, struct mem *m)
{
    trie_init(&t->v4, m);
    trie_init(&t->v6, m);
    for (size_t i = 0; i < ARRAY_LEN(t->length); i++)
        list_init(&t->length[i]);
    t->generation = 1;
}

void route_table_fini(weft_stack *s)
{
    for (size_t i = 0; i < ARRAY_LEN(s->routes.length); i++)
        list_each_safe(it, next, &s->routes.length[i])
            route_forget(s, container_of(it, struct route, link));
}

void route_changed(weft_stack *s)
{
    s->routes.last.route = NULL;
    if (++s->routes.generation == 0) /* which would mean: never resolved */
        s->routes.generation = 1;
}

uint32_t weft_route_generation(const weft_stack *s) { return s->routes.generation; }

/* ---- the table ---- */

static struct trie_key key_of(const struct weft_ip *ip)
{
    const uint8_t *b = ip->b;

    if (ip_is_v4(ip))
        return trie_key_v4(ip_to_v4(ip));
    return trie_key_v6((uint64_t)peek_u32(b) << 32 | peek_u32(b + 4),
                       (uint64_t)peek_u32(b + 8) << 32 | peek_u32(b + 12));
}

/* Where routes to a network are found. */
struct slot {
    struct trie *trie;
    struct trie_key key;
    unsigned bits;
};

static struct slot slot_of(weft_stack *s, const struct route *r)
{
    bool v4 = ip_is_v4(&r->dst);

    weft_assert(!v4 || r->prefix >= V4_BITS, "what is wider than all of IPv4 has no mapped address");
    return (struct slot){v4 ? &s->routes.v4 : &s->routes.v6, key_of(&r->dst), v4 ? r->prefix - V4_BITS : r->prefix};
}

static struct route *best_of(struct slot *slot)
{
    void **best = trie_at(slot->trie, &slot->key, slot->bits);

    return best ? *best : NULL;
}

struct route *route_next_best(const weft_stack *s, const struct route *r)
{
    struct route *next = container_of(r->link.next, struct route, link);

    return r->link.next != &s->routes.length[r->prefix] && ip_eq(&r->dst, &next->dst) ? next : NULL;
}

struct route *route_get(weft_stack *s, const struct route *r)
{
    struct slot slot = slot_of(s, r);
    struct route *other = best_of(&slot);

    while (other && !(ip_eq(&other->gateway, &r->gateway) && (!r->ifp || other->ifp == r->ifp)))
        other = route_next_best(s, other);
    return other;
}

/* Puts it among those to the same network, behind all that are as good. */
static void insert_into_chain(weft_stack *s, void **best, struct route *mine)
{
    struct route *at = *best;
    struct list *end = at->link.next;

    while (at && at->metric <= mine->metric) {
        end = at->link.next;
        at = route_next_best(s, at);
    }
    list_insert_before(at ? &at->link : end, &mine->link);
    if (at == *best)
        *best = mine;
}

int route_add(weft_stack *s, const struct route *r)
{
    struct slot slot = slot_of(s, r);
    struct route *mine;
    void **best;

    if (route_get(s, r))
        return WEFT_EEXIST;
    mine = mem_alloc(&s->mem, MEM_route, sizeof *mine);
    if (!mine)
        return WEFT_ENOMEM;
    *mine = *r;
    mine->dst = ip_network(&r->dst, r->prefix);
    best = trie_at(slot.trie, &slot.key, slot.bits);
    if (best) {
        insert_into_chain(s, best, mine);
    } else if (trie_insert(slot.trie, &slot.key, slot.bits, mine)) {
        list_push_back(&s->routes.length[r->prefix], &mine->link);
    } else {
        mem_free(&s->mem, MEM_route, mine, sizeof *mine);
        return WEFT_ENOMEM;
    }
    route_changed(s);
    return 0;
}

void route_forget(weft_stack *s, struct route *r)
{
    struct slot slot = slot_of(s, r);
    void **best = trie_at(slot.trie, &slot.key, slot.bits);
    struct route *next = route_next_best(s, r);

    if (*best == r && next)
        *best = next;
    else if (*best == r)
        trie_remove(slot.trie, &slot.key, slot.bits);
    list_remove(&r->link);
    mem_free(&s->mem, MEM_route, r, sizeof *r);
    route_changed(s);
}

void route_remove(weft_stack *s, const struct route *r)
{
    struct route *found = route_get(s, r);

    if (found)
        route_forget(s, found);
}

void route_forget_if(weft_stack *s, const weft_if *ifp)
{
    for (size_t i = 0; i < ARRAY_LEN(s->routes.length); i++)
        list_each_safe(it, next, &s->routes.length[i])
            if (container_of(it, struct route, link)->ifp == ifp)
                route_forget(s, container_of(it, struct route, link));
    route_changed(s);
}

const struct route *route_find(const weft_stack *s, const struct weft_ip *dst)
{
    struct trie_key key = key_of(dst);

    return trie_find(ip_is_v4(dst) ? &s->routes.v4 : &s->routes.v6, &key);
}

/* ---- paths ---- */

bool route_is_own(weft_stack *s, const struct weft_ip *dst) { return ip_is_loopback(dst) || if_by_address(s, dst); }

/* No gateway takes on what is for all stations of a link. */
static bool is_direct(const struct route *r, const struct weft_ip *dst)
{
    return ip_is_any(&r->gateway) || ip_is_limited_broadcast(dst) || ip_is_multicast(dst);
}

static int find_path(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    const struct route *r;

    if (s->loopback && route_is_own(s, dst)) {
        *path = (struct ip_path){.ifp = s->loopback, .next_hop = *dst, .generation = s->routes.generation};
        return 0;
    }
    r = gateway_choose(s, route_find(s, dst), NULL);
    if (!r)
        return WEFT_ENETUNREACH;
    *path = (struct ip_path){
        .ifp = r->ifp, .next_hop = is_direct(r, dst) ? *dst : r->gateway, .generation = s->routes.generation};
    return 0;
}

/* What is known of the path besides its first link, and what routers say of that one. */
static void know_mtu(struct ip_path *path, const struct weft_ip *dst, const struct pathmtu *known)
{
    uint32_t advised = ip_is_v4(dst) ? 0 : path->ifp->advised_mtu;

    path->mtu = advised;
    if (!known)
        return;
    path->mtu = advised && advised < known->mtu ? advised : known->mtu;
    path->fragment = known->fragment;
    path->expires = known->expires;
}

static int find_path_and_mtu(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    int err = find_path(s, dst, path);

    if (!err)
        know_mtu(path, dst, pathmtu_find(&s->path_mtus, dst, s->now));
    return err;
}

/* A connection that opens asks more than once, and so does each of those that a client opens to one server. */
int route_lookup(weft_stack *s, const struct weft_ip *dst, struct ip_path *path)
{
    struct route_table *t = &s->routes;
    int err;

    if (likely(route_recall(s, dst, path)))
        return 0;
    err = find_path_and_mtu(s, dst, path);
    if (err < 0)
        return err;
    t->recent.dst = *dst;
    t->recent.path = *path;
    return 0;
}

/* The best route by this interface; NULL: there is none. */
static const struct route *find_by(weft_stack *s, const struct weft_ip *dst, const weft_if *by)
{
    for (size_t i = ARRAY_LEN(s->routes.length); i-- > 0;)
        list_each(it, &s->routes.length[i]) {
            const struct route *r = container_of(it, struct route, link);

            if (r->ifp == by && ip_is_v4(&r->dst) == ip_is_v4(dst) && ip_prefix_match(&r->dst, dst, r->prefix))
                return r;
        }
    return NULL;
}

int route_lookup_by(weft_stack *s, const struct weft_ip *dst, weft_if *by, struct ip_path *path)
{
    const struct route *r = gateway_choose(s, find_by(s, dst, by), by);

    *path = (struct ip_path){.ifp = by, .next_hop = *dst, .generation = s->routes.generation};
    if (s->loopback && route_is_own(s, dst)) {
        path->ifp = s->loopback;
        return by == s->loopback || if_by_address(s, dst) == by ? 0 : WEFT_ENETUNREACH;
    }
    if (r && !is_direct(r, dst))
        path->next_hop = r->gateway;
    else if (!r && !ip_is_v4(dst) && !ip_is_multicast(dst))
        return WEFT_ENETUNREACH;
    if (ip_is_zoned(&path->next_hop))
        ip_set_zone(&path->next_hop, by->index);
    know_mtu(path, dst, pathmtu_find(&s->path_mtus, dst, s->now));
    return 0;
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
    route_changed(s);
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
