/* SPDX-License-Identifier: MIT */
/*
 * Routers of a link (RFC 4861 §6.3, §8.3): asking for them until one answers, what they say of the link, which of them
 * is used, where they send us instead. A prefix is on the link when a router or our configuration says so, and not
 * because we have an address of it (RFC 5942).
 *
 * Each router in the list has a default route; one that does not answer gets a worse metric and stands behind the
 * others of its kind, so the next is tried (RFC 4861 §6.3.6).
 */
#include "ip/nd.h"

#define SOLICIT_DELAY  WEFT_S          /* RFC 4861 §10 */
#define SOLICIT_GAP    (4 * WEFT_S)
#define SOLICIT_STEADY 3               /* so many that far apart; then less and less often (RFC 7559) */
#define SOLICIT_RARELY (3600 * WEFT_S)
#define MAX_REACHABLE  3600000u        /* ms */
#define MIN_RETRANS    (10 * WEFT_MS)  /* as Linux: an advertisement does not make us flood the link */
#define MAX_RETRANS    (3600 * WEFT_S)
#define METRIC         1024
#define METRIC_LOST    2048
#define REDIRECT_LIFE  (600 * WEFT_S)

/* When what lives so many seconds ends. */
static weft_time end_of(const weft_stack *s, uint32_t seconds)
{
    return seconds == UINT32_MAX ? WEFT_NEVER : time_after(s->now, seconds * WEFT_S);
}

/* ---- asking ---- */

void nd_seek_routers(struct nd_link *l)
{
    weft_stack *s = l->ifp->stack;

    l->solicits = 0;
    l->solicit_gap = SOLICIT_GAP;
    l->solicit_at = time_after(s->now, rng_below(&s->rng, SOLICIT_DELAY / WEFT_US) * WEFT_US);
}

static void solicit(struct nd_link *l)
{
    struct weft_ip all_routers = {{0xff, 2, [15] = 2}}, src;
    struct ip_path path = {.ifp = l->ifp};
    struct weft_pkt *pkt;
    struct writer w;

    ip_set_zone(&all_routers, l->ifp->index);
    path.next_hop = all_routers;
    if (route_source(l->ifp->stack, &path, &all_routers, &src) != 0)
        return;
    pkt = nd_message(l->ifp, ND_RS_LEN + ND_MAC_OPTION);
    if (!pkt)
        return;
    w = writer(pkt->data, pkt->len);
    nd_router_solicit_emit(&w);
    nd_mac_option_emit(&w, ND_SOURCE_MAC, l->ifp->mac);
    stack_count(l->ifp->stack, WEFT_COUNT_nd_router_solicits_out);
    nd_send(l->ifp, pkt, &src, &all_routers);
}

static void solicit_due(struct nd_link *l)
{
    weft_stack *s = l->ifp->stack;

    if (l->solicit_at > s->now)
        return;
    if (ip_forwards(s, false)) { /* a router asks nobody */
        l->solicit_at = WEFT_NEVER;
        return;
    }
    solicit(l);
    if (l->solicits < SOLICIT_STEADY)
        l->solicits++;
    else
        l->solicit_gap = min_u64(2 * l->solicit_gap, SOLICIT_RARELY);
    l->solicit_at = time_after(s->now, l->solicit_gap);
}

/* ---- what redirects made ---- */

static struct route redirected_route(const struct nd_link *l, const struct nd_redirected *d)
{
    struct route way = {.dst = d->dst, .prefix = 128, .ifp = l->ifp, .metric = METRIC,
                        .owner = WEFT_ROUTE_REDIRECT, .flags = WEFT_ROUTE_DYNAMIC};

    if (!ip_eq(&d->target, &d->dst))
        way.gateway = d->target;
    return way;
}

static void forget_redirect(struct nd_link *l, unsigned i)
{
    struct route way = redirected_route(l, &l->redirected[i]);

    route_remove(l->ifp->stack, &way);
    l->redirected[i] = l->redirected[--l->n_redirected];
}

/* Those that lead to this neighbour; false: but for those that say that he is the destination himself. */
static void forget_redirects_to(struct nd_link *l, const struct weft_ip *ip, bool himself)
{
    for (unsigned i = l->n_redirected; i > 0; i--)
        if (ip_eq(&l->redirected[i - 1].target, ip) && (himself || !ip_eq(&l->redirected[i - 1].dst, ip)))
            forget_redirect(l, i - 1);
}

/* ---- the list of routers ---- */

static struct nd_router *find_router(struct nd_link *l, const struct weft_ip *ip)
{
    for (unsigned i = 0; i < l->n_routers; i++)
        if (ip_eq(&l->router[i].ip, ip))
            return &l->router[i];
    return NULL;
}

static void set_route(struct nd_link *l, const struct nd_router *r)
{
    struct route way = {.gateway = r->ip, .ifp = l->ifp, .metric = r->lost ? METRIC_LOST : METRIC,
                        .owner = WEFT_ROUTE_ROUTER};

    route_remove(l->ifp->stack, &way);
    route_add(l->ifp->stack, &way); /* without memory for it the next advertisement tries again */
}

/* And with it what others sent its way (RFC 4861 §6.3.5). */
static void forget_router(struct nd_link *l, struct nd_router *r)
{
    struct route way = {.gateway = r->ip, .ifp = l->ifp};

    route_remove(l->ifp->stack, &way);
    forget_redirects_to(l, &way.gateway, false);
    *r = l->router[--l->n_routers];
    if (l->n_routers == 0)
        nd_seek_routers(l);
}

void nd_router_gone(struct nd_link *l, const struct weft_ip *ip)
{
    struct nd_router *r = find_router(l, ip);

    if (r)
        forget_router(l, r);
    else
        forget_redirects_to(l, ip, false); /* one that only they made us use (RFC 4861 §7.3.3) */
}

/* RFC 4861 §6.3.4: what it says of itself. */
static void hear_router(struct nd_link *l, const struct weft_ip *ip, uint16_t lifetime)
{
    struct nd_router *r = find_router(l, ip);

    if (lifetime == 0) {
        if (r)
            forget_router(l, r);
        return;
    }
    if (!r) {
        if (l->n_routers == ND_ROUTERS)
            return;
        r = &l->router[l->n_routers++];
        *r = (struct nd_router){.ip = *ip, .lost = true};
    }
    r->until = end_of(l->ifp->stack, lifetime);
    l->solicit_at = WEFT_NEVER;
    if (r->lost) {
        r->lost = false;
        set_route(l, r);
    }
}

/* ---- what they say of the link ---- */

static void take_parameters(struct nd_link *l, const struct nd_advert *a)
{
    weft_time reachable = a->reachable * WEFT_MS;

    if (a->hop_limit)
        l->hop_limit = a->hop_limit;
    if (a->reachable && a->reachable <= MAX_REACHABLE && reachable != l->reachable_base) {
        l->reachable_base = reachable;
        l->reachable_until = 0;
    }
    if (a->retrans)
        l->retrans = min_u64(max_u64(a->retrans * WEFT_MS, MIN_RETRANS), MAX_RETRANS);
}

static void take_mtu(struct nd_link *l, uint32_t mtu)
{
    if (mtu < IPV6_MIN_MTU || mtu > l->ifp->mtu || mtu == l->ifp->advised_mtu)
        return;
    l->ifp->advised_mtu = mtu;
    route_changed(l->ifp->stack); /* whoever keeps a path looks at it again */
}

static struct nd_known_prefix *known_prefix(struct nd_link *l, const struct nd_prefix *p)
{
    struct nd_known_prefix *k;

    for (unsigned i = 0; i < l->n_prefixes; i++)
        if (l->prefix[i].bits == p->bits && ip_eq(&l->prefix[i].ip, &p->prefix))
            return &l->prefix[i];
    if (l->n_prefixes == ND_PREFIXES || p->valid == 0)
        return NULL;
    k = &l->prefix[l->n_prefixes++];
    *k = (struct nd_known_prefix){.ip = p->prefix, .bits = p->bits};
    return k;
}

static struct route on_link_route(const struct nd_link *l, const struct nd_known_prefix *k)
{
    return (struct route){.dst = k->ip, .prefix = k->bits, .ifp = l->ifp, .metric = METRIC,
                          .owner = WEFT_ROUTE_ROUTER};
}

/* It is not on the link any more, as far as routers say. What was configured has its own route and its own metric. */
static void off_link(struct nd_link *l, struct nd_known_prefix *k)
{
    struct route way = on_link_route(l, k);

    if (k->on_link)
        route_remove(l->ifp->stack, &way);
    k->on_link = false;
}

static void take_prefix(struct nd_link *l, const struct nd_option *o, const struct weft_ip *router)
{
    struct nd_known_prefix *k;
    struct nd_prefix p;
    struct route way;

    if (!nd_prefix_parse(o, &p) || ip_is_link_local(&p.prefix) || ip_is_multicast(&p.prefix) || p.preferred > p.valid)
        return;
    k = known_prefix(l, &p);
    if (!k)
        return;
    if (p.on_link && p.valid) {
        way = on_link_route(l, k);
        k->on_link |= route_add(l->ifp->stack, &way) == 0; /* there already: configured */
        k->until = end_of(l->ifp->stack, p.valid);
    } else if (p.on_link) {
        off_link(l, k);
    }
    if (!k->on_link)
        k->until = max_u64(k->until, end_of(l->ifp->stack, p.valid));
    if (p.autonomous)
        slaac_prefix(l, &p, router, &k->conflicts);
}

/* ---- servers of names (RFC 8106 §5) ---- */

static void take_server(struct nd_link *l, const struct weft_ip *ip, uint32_t lifetime)
{
    unsigned i = 0;

    while (i < l->n_servers && !ip_eq(&l->server[i].ip, ip))
        i++;
    if (lifetime == 0) {
        if (i < l->n_servers)
            l->server[i] = l->server[--l->n_servers];
        return;
    }
    if (i == ND_SERVERS)
        return;
    if (i == l->n_servers)
        l->n_servers++;
    l->server[i] = (struct nd_server){*ip, end_of(l->ifp->stack, lifetime)};
}

static void take_servers(struct nd_link *l, const struct nd_option *o)
{
    const uint8_t *servers;
    uint32_t lifetime;
    unsigned n;

    if (!nd_rdnss_parse(o, &lifetime, &servers, &n))
        return;
    for (unsigned i = 0; i < n; i++) {
        struct weft_ip ip;

        memcpy(ip.b, servers + 16 * i, 16);
        if (ip_is_any(&ip) || ip_is_multicast(&ip) || ip_is_v4(&ip) || ip_zone(&ip))
            continue;
        ip_set_zone(&ip, l->ifp->index);
        take_server(l, &ip, lifetime);
    }
}

static bool same_name(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void take_domain(struct nd_link *l, const char *name, uint32_t lifetime)
{
    unsigned i = 0, n = 0;

    while (i < l->n_domains && !same_name(l->domain[i].name, name))
        i++;
    if (lifetime == 0) {
        if (i < l->n_domains)
            l->domain[i] = l->domain[--l->n_domains];
        return;
    }
    if (i == ND_DOMAINS)
        return;
    if (i == l->n_domains)
        l->n_domains++;
    l->domain[i].until = end_of(l->ifp->stack, lifetime);
    while (name[n])
        n++;
    memcpy(l->domain[i].name, name, n + 1);
}

/* One name that is none spoils its option and nothing else. */
static void take_domains(struct nd_link *l, const struct nd_option *o)
{
    char name[WEFT_DOMAIN_TEXT];
    struct reader names, first;
    uint32_t lifetime;
    bool bad;

    if (!nd_dnssl_parse(o, &lifetime, &names))
        return;
    first = names;
    while (nd_domain_next(&first, name, sizeof name, &bad))
        ;
    while (!bad && nd_domain_next(&names, name, sizeof name, &bad))
        take_domain(l, name, lifetime);
}

/* ---- advertisements ---- */

enum weft_drop nd_router_advert_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r)
{
    const uint8_t *mac;
    struct nd_advert a;
    struct nd_option o;

    if (!ip_is_link_local(&pkt->src) || !nd_advert_parse(&r, &a))
        return WEFT_DROP_nd_malformed;
    if (!(l->ifp->ipv6 & WEFT_IPV6_ROUTERS) || ip_forwards(l->ifp->stack, false)) /* a router is configured */
        return WEFT_DROP_nd_not_ours;
    mac = nd_option_mac(r, ND_SOURCE_MAC);
    if (mac && !eth_is_group(mac))
        neigh_heard(l->ifp, &pkt->src, mac);
    neigh_is_router(l->ifp, &pkt->src); /* RFC 4861 §6.3.4 */
    take_parameters(l, &a);
    hear_router(l, &pkt->src, a.lifetime);
    while (nd_option_next(&r, &o)) {
        if (o.kind == ND_PREFIX)
            take_prefix(l, &o, &pkt->src);
        else if (o.kind == ND_MTU)
            take_mtu(l, nd_mtu_parse(&o));
        else if (o.kind == ND_RDNSS)
            take_servers(l, &o);
        else if (o.kind == ND_DNSSL)
            take_domains(l, &o);
    }
    return WEFT_DROP_none;
}

/* ---- redirects (RFC 4861 §8) ---- */

/* The newest take the place of the oldest. */
static void follow(struct nd_link *l, const struct nd_redirected *d)
{
    struct route way = redirected_route(l, d);
    unsigned oldest = 0;

    for (unsigned i = 0; i < l->n_redirected; i++) {
        if (ip_eq(&l->redirected[i].dst, &d->dst)) {
            forget_redirect(l, i);
            break;
        }
        if (l->redirected[i].until < l->redirected[oldest].until)
            oldest = i;
    }
    if (l->n_redirected == ND_REDIRECTS)
        forget_redirect(l, oldest);
    if (route_add(l->ifp->stack, &way) == 0)
        l->redirected[l->n_redirected++] = *d;
}

enum weft_drop nd_redirect_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r)
{
    struct nd_redirect m;
    struct ip_path path;
    const uint8_t *mac;

    if (!ip_is_link_local(&pkt->src) || !nd_redirect_parse(&r, &m) || ip_is_multicast(&m.dst) || ip_zone(&m.dst) ||
        ip_zone(&m.target) || !(ip_is_link_local(&m.target) || ip_eq(&m.target, &m.dst)))
        return WEFT_DROP_nd_malformed;
    ip_set_zone(&m.dst, l->ifp->index);
    ip_set_zone(&m.target, l->ifp->index);
    if (!l->ifp->stack->config.ip6_accept_redirects ||
        ip_forwards(l->ifp->stack, false)) /* RFC 4861 §8.2: a router knows better */
        return WEFT_DROP_nd_redirect;
    if (route_lookup(l->ifp->stack, &m.dst, &path) != 0 || path.ifp != l->ifp || !ip_eq(&path.next_hop, &pkt->src) ||
        if_find_entry(l->ifp, &m.target))
        return WEFT_DROP_nd_redirect; /* RFC 4861 §8.1: only the first hop may say so */
    mac = nd_option_mac(r, ND_TARGET_MAC);
    if (mac && !eth_is_group(mac))
        neigh_heard(l->ifp, &m.target, mac);
    if (!ip_eq(&m.target, &m.dst))
        neigh_is_router(l->ifp, &m.target); /* RFC 4861 §8.3 */
    follow(l, &(struct nd_redirected){m.dst, m.target, time_after(l->ifp->stack->now, REDIRECT_LIFE)});
    return WEFT_DROP_none;
}

/* ---- losing them ---- */

void nd_router_lost(struct nd_link *l, const struct weft_ip *ip)
{
    struct nd_router *r = find_router(l, ip);

    if (r) {
        r->lost = true;
        set_route(l, r);
    }
    forget_redirects_to(l, ip, true);
}

/* ---- time ---- */

void nd_routers_due(struct nd_link *l)
{
    weft_time now = l->ifp->stack->now;

    solicit_due(l);
    for (unsigned i = l->n_routers; i-- > 0;)
        if (l->router[i].until <= now)
            forget_router(l, &l->router[i]);
    for (unsigned i = l->n_prefixes; i-- > 0;)
        if (l->prefix[i].until <= now) {
            off_link(l, &l->prefix[i]);
            l->prefix[i] = l->prefix[--l->n_prefixes];
        }
    for (unsigned i = l->n_redirected; i-- > 0;)
        if (l->redirected[i].until <= now)
            forget_redirect(l, i);
    for (unsigned i = l->n_servers; i-- > 0;)
        if (l->server[i].until <= now)
            l->server[i] = l->server[--l->n_servers];
    for (unsigned i = l->n_domains; i-- > 0;)
        if (l->domain[i].until <= now)
            l->domain[i] = l->domain[--l->n_domains];
}

weft_time nd_routers_deadline(const struct nd_link *l)
{
    weft_time at = l->solicit_at;

    for (unsigned i = 0; i < l->n_routers; i++)
        at = min_u64(at, l->router[i].until);
    for (unsigned i = 0; i < l->n_prefixes; i++)
        at = min_u64(at, l->prefix[i].until);
    for (unsigned i = 0; i < l->n_redirected; i++)
        at = min_u64(at, l->redirected[i].until);
    for (unsigned i = 0; i < l->n_servers; i++)
        at = min_u64(at, l->server[i].until);
    for (unsigned i = 0; i < l->n_domains; i++)
        at = min_u64(at, l->domain[i].until);
    return at;
}

/* ---- weft/stack.h ---- */

bool weft_nameserver_info(weft_stack *stack, size_t i, struct weft_nameserver *out)
{
    list_each(it, &stack->interfaces) {
        const weft_if *ifp = container_of(it, weft_if, link);
        size_t n = ifp->nd ? ifp->nd->n_servers : 0;

        if (i < n) {
            *out = (struct weft_nameserver){ifp->nd->server[i].ip, ifp->name, ifp->nd->server[i].until};
            return true;
        }
        i -= n;
    }
    return false;
}

bool weft_search_domain_info(weft_stack *stack, size_t i, struct weft_search_domain *out)
{
    list_each(it, &stack->interfaces) {
        const weft_if *ifp = container_of(it, weft_if, link);
        size_t n = ifp->nd ? ifp->nd->n_domains : 0;

        if (i < n) {
            *out = (struct weft_search_domain){.if_name = ifp->name, .until = ifp->nd->domain[i].until};
            memcpy(out->name, ifp->nd->domain[i].name, sizeof out->name);
            return true;
        }
        i -= n;
    }
    return false;
}
