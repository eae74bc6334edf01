/* SPDX-License-Identifier: MIT */
/*
 * Which groups an interface listens to, and to which sources in them; see group.h. Beside those that sockets joined,
 * there are all hosts and all nodes, which are never left and never reported (RFC 1112 §7.2, RFC 4291 §2.8), the
 * solicited-node group of each address of IPv6, and the groups of all routers, where we are one.
 */
#include "ip/group.h"

static const struct weft_ip solicited = {{0xff, 2, [11] = 1, [12] = 0xff}}; /* ff02::1:ff00:0/104 */

struct weft_ip group_of_address(const weft_if *ifp, const struct weft_ip *ip)
{
    struct weft_ip group = solicited;

    memcpy(group.b + 13, ip->b + 13, 3);
    ip_set_zone(&group, ifp->index);
    return group;
}

/* ---- groups that need nobody's wish ---- */

static bool is_all_hosts(const struct weft_ip *group)
{
    static const struct weft_ip all_hosts = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 0, 1}};
    static const struct weft_ip interface_wide = {{0xff, 1, [15] = 1}}, link_wide = {{0xff, 2, [15] = 1}};
    struct weft_ip bare = ip_bare(*group);

    return ip_eq(&bare, &all_hosts) || ip_eq(&bare, &link_wide) || ip_eq(&bare, &interface_wide);
}

/*
 * What a router listens to besides: of IPv4 (RFC 1256 §4.3), of the interface, the link and the site (RFC 4291 §2.8).
 */
static const struct weft_ip all_routers[] = {
    {{[10] = 0xff, [11] = 0xff, [12] = 224, [15] = 2}},
    {{0xff, 1, [15] = 2}},
    {{0xff, 2, [15] = 2}},
    {{0xff, 5, [15] = 2}},
};

/* Whether or not there was memory to join it (group_settle_routers). */
static bool is_all_routers(const weft_stack *s, const struct weft_ip *group)
{
    struct weft_ip bare = ip_bare(*group);

    for (size_t i = 0; i < ARRAY_LEN(all_routers); i++)
        if (ip_eq(&bare, &all_routers[i]))
            return ip_forwards(s, ip_is_v4(group));
    return false;
}

/* Those of tentative addresses too: that is how a duplicate is found. */
static bool is_solicited_node(const weft_if *ifp, const struct weft_ip *group)
{
    struct weft_ip bare = ip_bare(*group);

    if (memcmp(bare.b, solicited.b, 13) != 0)
        return false;
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (!ip_is_v4(&ifp->address[i].ip) && memcmp(ifp->address[i].ip.b + 13, group->b + 13, 3) == 0)
            return true;
    return false;
}

bool group_is_ours(const weft_if *ifp, const struct weft_ip *ip)
{
    const struct group *g;

    if (is_all_hosts(ip) || is_solicited_node(ifp, ip) || is_all_routers(ifp->stack, ip))
        return true;
    g = group_find(ifp, ip);
    return g && group_listens(g);
}

bool group_takes_source(const weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *source)
{
    const struct group *g = group_find(ifp, ip);

    return !g || !group_listens(g) || group_filter_takes(&g->state, source);
}

/* Scopes 0 and 1 of IPv6 never leave the interface (RFC 3810 §6). */
bool group_is_reported(const struct group *g)
{
    const weft_if *ifp = g->at->ifp;

    if (ifp->ops->kind == WEFT_LINK_LOOPBACK || is_all_hosts(&g->ip))
        return false;
    return ip_is_v4(&g->ip) || (g->ip.b[1] & 15) > 1;
}

/* ---- the table ---- */

/* Not keyed: a stranger only picks where we look. */
static uint32_t hash_of(const weft_if *ifp, const struct weft_ip *ip)
{
    uint32_t word[4];

    memcpy(word, ip->b, sizeof word);
    return (word[0] ^ word[1] * 3 ^ word[2] * 5 ^ word[3]) * 0x9e3779b1u ^ ifp->index;
}

static uint32_t node_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct group *g = container_of(node, const struct group, node);

    (void)ctx, (void)tag;
    return hash_of(g->at->ifp, &g->ip);
}

struct group *group_find(const weft_if *ifp, const struct weft_ip *ip)
{
    const struct hashtab *table = &ip_state(ifp->stack)->groups.table;
    unsigned tag;
    struct hash_node *node;

    if (!ifp->groups)
        return NULL;
    node = hashtab_first(table, hash_of(ifp, ip), &tag);
    for (; node; node = hashtab_next(node, &tag)) {
        struct group *g = container_of(node, struct group, node);

        if (g->at->ifp == ifp && ip_eq(&g->ip, ip))
            return g;
    }
    return NULL;
}

struct group_link *group_link_get(weft_if *ifp)
{
    struct group_link *l = ifp->groups;

    if (l)
        return l;
    l = mem_alloc(&ifp->stack->mem, MEM_group, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct group_link){.ifp = ifp};
    list_init(&l->groups);
    listener_init(&l->igmp, ifp->stack, true);
    listener_init(&l->mld, ifp->stack, false);
    return ifp->groups = l;
}

struct group *group_get(weft_if *ifp, const struct weft_ip *ip)
{
    weft_stack *s = ifp->stack;
    struct group_link *l = group_link_get(ifp);
    struct group *g = l ? group_find(ifp, ip) : NULL;

    if (g || !l)
        return g;
    g = mem_alloc(&s->mem, MEM_group, sizeof *g);
    if (!g)
        return NULL;
    *g = (struct group){.at = l, .ip = *ip, .answer_at = WEFT_NEVER};
    list_init(&g->members);
    if (!hashtab_insert(&ip_state(s)->groups.table, &g->node, 0, hash_of(ifp, ip))) {
        mem_free(&s->mem, MEM_group, g, sizeof *g);
        return NULL;
    }
    list_push_back(&l->groups, &g->link);
    return g;
}

static void group_free(struct group *g)
{
    weft_stack *s = g->at->ifp->stack;

    while (!list_empty(&g->members))
        member_free(s, container_of(list_first(&g->members), struct member, in_group));
    hashtab_remove(&ip_state(s)->groups.table, &g->node, hash_of(g->at->ifp, &g->ip));
    list_remove(&g->link);
    sources_clear(&g->state.sources, &s->mem);
    sources_clear(&g->changed, &s->mem);
    sources_clear(&g->asked, &s->mem);
    mem_free(&s->mem, MEM_group, g, sizeof *g);
}

void group_settle(struct group *g)
{
    if (!group_listens(g) && !g->own && list_empty(&g->members) && !g->mode_left && !g->changed.n)
        group_free(g);
}

/* ---- the merge ---- */

bool group_filter_takes(const struct group_filter *f, const struct weft_ip *source)
{
    return (sources_find(&f->sources, source) != NULL) != f->exclude;
}

static const struct member *member_at(const struct list *it) { return container_of(it, const struct member, in_group); }

/* RFC 3376 §3.2, when somebody excludes: what all of them exclude, and nobody includes. */
static bool merge_excluding(const struct group *g, struct mem *m, struct sources *out)
{
    const struct member *first = NULL;

    list_each(it, &g->members) {
        if (!member_at(it)->filter.exclude)
            continue;
        if (!first && !sources_unite(out, m, &member_at(it)->filter.sources))
            return false;
        first = first ? first : member_at(it);
        sources_intersect(out, &member_at(it)->filter.sources);
    }
    list_each(it, &g->members)
        if (!member_at(it)->filter.exclude)
            sources_subtract(out, &member_at(it)->filter.sources);
    return true;
}

/* The other case: what any of them includes. */
static bool merge_including(const struct group *g, struct mem *m, struct sources *out)
{
    list_each(it, &g->members)
        if (!sources_unite(out, m, &member_at(it)->filter.sources))
            return false;
    return true;
}

static struct group_filter merge(const struct group *g, struct mem *m)
{
    struct group_filter f = {.exclude = g->own};

    if (g->own) /* all of them */
        return f;
    list_each(it, &g->members)
        f.exclude |= member_at(it)->filter.exclude;
    if (f.exclude ? merge_excluding(g, m, &f.sources) : merge_including(g, m, &f.sources))
        return f;
    sources_clear(&f.sources, m); /* no memory: hear all of them; each socket still has its own filter */
    f.exclude = true;
    return f;
}

/* ---- changes ---- */

/* The sources that are in one of the sets only are told of from now on. */
static bool note_changed(struct group *g, struct mem *m, const struct sources *a, const struct sources *b)
{
    for (uint32_t i = 0; i < a->n; i++) {
        if (sources_find(b, &a->at[i].ip))
            continue;
        if (!sources_add(&g->changed, m, &a->at[i].ip))
            return false;
        sources_find(&g->changed, &a->at[i].ip)->left = listener_of(g->at, ip_is_v4(&g->ip))->robustness;
    }
    return true;
}

/* What routers have to be told of a change from one state to another (RFC 3376 §5.1). */
static void note_difference(struct group *g, const struct group_filter *old, bool listened)
{
    struct mem *m = &g->at->ifp->stack->mem;
    const struct listener *l = listener_of(g->at, ip_is_v4(&g->ip));
    bool older = l->version < l->newest; /* knows of groups only */
    bool told = older || old->exclude != g->state.exclude;

    if (!told)
        told = !note_changed(g, m, &old->sources, &g->state.sources) ||
               !note_changed(g, m, &g->state.sources, &old->sources);
    if (older && listened == group_listens(g))
        return;
    if (told) { /* the whole state will go out */
        g->mode_left = l->robustness;
        sources_clear(&g->changed, m);
    }
    if (g->mode_left || g->changed.n)
        listener_changed(g);
}

/* The link takes frames for the group from now on, or no more. */
static void tune(weft_if *ifp, const struct weft_ip *group, bool in)
{
    uint8_t mac[6];

    eth_multicast(mac, group);
    if_tune(ifp, mac, in);
}

void group_update(struct group *g)
{
    struct mem *m = &g->at->ifp->stack->mem;
    struct group_filter old = g->state;
    bool listened = group_listens(g);

    listener_settle(g->at, ip_is_v4(&g->ip));
    g->state = merge(g, m);
    if (group_listens(g) != listened)
        tune(g->at->ifp, &g->ip, !listened);
    if (group_is_reported(g) && (old.exclude != g->state.exclude || !sources_equal(&old.sources, &g->state.sources)))
        note_difference(g, &old, listened);
    sources_clear(&old.sources, m);
    group_settle(g);
}

/* ---- the stack's own wishes ---- */

void group_join_own(weft_if *ifp, const struct weft_ip *address)
{
    struct weft_ip ip = group_of_address(ifp, address);
    struct group *g = group_get(ifp, &ip);

    if (!g) {
        stack_drop(ifp->stack, WEFT_DROP_no_memory);
        tune(ifp, &ip, true); /* without a report, but not deaf */
        return;
    }
    g->own = true;
    group_update(g);
}

void group_leave_own(weft_if *ifp, const struct weft_ip *address)
{
    struct weft_ip ip = group_of_address(ifp, address);
    struct group *g = group_find(ifp, &ip);

    if (!g || is_solicited_node(ifp, &ip)) /* another address has the same group */
        return;
    g->own = false;
    group_update(g);
}

void group_settle_routers(weft_if *ifp, bool v4)
{
    bool in = ip_forwards(ifp->stack, v4);

    for (size_t i = 0; i < ARRAY_LEN(all_routers); i++) {
        struct weft_ip ip = all_routers[i];
        struct group *g;

        if (ip_is_v4(&ip) != v4)
            continue;
        ip_set_zone(&ip, ifp->index);
        g = in ? group_get(ifp, &ip) : group_find(ifp, &ip);
        if (in && !g)
            stack_drop(ifp->stack, WEFT_DROP_no_memory); /* without a report, but not deaf */
        if (!g || g->own == in)
            continue;
        g->own = in;
        group_update(g);
    }
}

/* ---- life and facts ---- */

void groups_init(struct ip_groups *groups, weft_stack *s)
{
    *groups = (struct ip_groups){0};
    hashtab_init(&groups->table, &s->mem, node_hash, NULL);
    timer_init(&groups->timer);
    timer_init(&groups->own_timer);
    groups->timer.kind = groups->own_timer.kind = TIMER_IP;
}

static void forget_link(weft_if *ifp)
{
    struct group_link *l = ifp->groups;

    group_own_forget(ifp);
    if (!l)
        return;
    while (!list_empty(&l->groups))
        group_free(container_of(list_first(&l->groups), struct group, link));
    mem_free(&ifp->stack->mem, MEM_group, l, sizeof *l);
    ifp->groups = NULL;
}

void ip_groups_changed(weft_if *ifp, bool up)
{
    if (up) {
        listener_repeat(ifp, true);
        listener_repeat(ifp, false);
    } else {
        forget_link(ifp);
    }
}

void groups_fini(struct ip_groups *groups, weft_stack *s)
{
    list_each(it, &s->interfaces)
        forget_link(container_of(it, weft_if, link));
    timer_remove(&s->wheel, &groups->timer);
    timer_remove(&s->wheel, &groups->own_timer);
    hashtab_fini(&groups->table);
}
