/* SPDX-License-Identifier: MIT */
/*
 * Which groups a socket wants to hear, on which interface, from which sources (RFC 3678 §5, RFC 1112 §7.1): the options
 * MCAST_JOIN_GROUP and its kin. Errors and odd cases are as Linux has them.
 */
#include "ip/group.h"

#define MEMBERSHIPS_V6 1024 /* groups of IPv6 a socket, for which Linux has no limit of their number */

struct request {
    struct weft_group asked; /* the group with its zone */
    weft_if *ifp;
    bool v4;
};

/* ---- which interface ---- */

static weft_if *find_by_address(weft_stack *s, const struct weft_ip *ip)
{
    const struct weft_ip localhost = weft_ipv4(0x7f000001);

    return if_by_address(s, ip_is_loopback(ip) ? &localhost : ip); /* which has all of 127.0.0.0/8 */
}

static weft_if *choose(struct dgram_ep *d, const struct weft_group *g)
{
    weft_stack *s = d->sock.stack;
    struct weft_ip any = {{0}};
    struct ip_path path = {0};
    bool v4 = ip_is_v4(&g->group);

    if (g->interface || ip_zone(&g->group))
        return if_by_index(s, g->interface ? g->interface : ip_zone(&g->group));
    if (v4 && ip_is_v4(&g->address) && !ip_is_any(&g->address))
        return find_by_address(s, &g->address);
    if (v4)
        any = weft_ipv4(0);
    return dgram_group_path(s, &any, &g->group, &path) == 0 ? path.ifp : NULL;
}

/* Reads the request at the front of a value. 0, WEFT_EINVAL or WEFT_ENODEV. */
static int take_request(struct dgram_ep *d, bool v4, const void *value, size_t n, struct request *r)
{
    *r = (struct request){.v4 = v4};
    if (n < sizeof r->asked)
        return WEFT_EINVAL;
    memcpy(&r->asked, value, sizeof r->asked);
    if (ip_is_v4(&r->asked.group) != v4 || !ip_is_multicast(&r->asked.group))
        return WEFT_EINVAL;
    r->ifp = choose(d, &r->asked);
    if (!r->ifp)
        return WEFT_ENODEV;
    ip_set_zone(&r->asked.group, r->ifp->index);
    return 0;
}

/* ---- members ---- */

static struct member *member_find(const struct dgram_ep *d, const struct request *r)
{
    list_each(it, &d->groups.members) {
        struct member *m = container_of(it, struct member, in_socket);

        if (m->group->at->ifp == r->ifp && ip_eq(&m->group->ip, &r->asked.group))
            return m;
    }
    return NULL;
}

static unsigned count_members(const struct dgram_ep *d, bool v4)
{
    unsigned n = 0;

    list_each(it, &d->groups.members)
        n += ip_is_v4(&container_of(it, struct member, in_socket)->group->ip) == v4;
    return n;
}

void member_free(weft_stack *s, struct member *m)
{
    list_remove(&m->in_socket);
    list_remove(&m->in_group);
    sources_clear(&m->filter.sources, &s->mem);
    mem_free(&s->mem, MEM_group, m, sizeof *m);
}

static int join(struct dgram_ep *d, const struct request *r, bool exclude)
{
    weft_stack *s = d->sock.stack;
    unsigned limit = r->v4 ? s->config.igmp_max_memberships : MEMBERSHIPS_V6;
    struct member *m;
    struct group *g;

    if (member_find(d, r))
        return WEFT_EADDRINUSE;
    if (count_members(d, r->v4) >= limit)
        return WEFT_ENOBUFS;
    m = mem_alloc(&s->mem, MEM_group, sizeof *m);
    g = m ? group_get(r->ifp, &r->asked.group) : NULL;
    if (!g) {
        mem_free(&s->mem, MEM_group, m, sizeof *m);
        return WEFT_ENOMEM;
    }
    *m = (struct member){.group = g, .filter.exclude = exclude};
    list_push_back(&d->groups.members, &m->in_socket);
    list_push_back(&g->members, &m->in_group);
    group_update(g);
    return 0;
}

static int leave(struct dgram_ep *d, const struct request *r)
{
    struct member *m = member_find(d, r);
    struct group *g;

    if (!m)
        return WEFT_EADDRNOTAVAIL;
    g = m->group;
    member_free(d->sock.stack, m);
    group_update(g);
    return 0;
}

void dgram_leave_groups(struct dgram_ep *d)
{
    struct list *link;

    while ((link = list_first(&d->groups.members))) {
        struct member *m = container_of(link, struct member, in_socket);
        struct group *g = m->group;

        member_free(d->sock.stack, m);
        group_update(g);
    }
}

/* ---- sources ---- */

static unsigned max_sources(const weft_stack *s, bool v4)
{
    return v4 ? s->config.igmp_max_msf : s->config.mld_max_msf;
}

static int add_source(struct dgram_ep *d, struct member *m, const struct request *r)
{
    weft_stack *s = d->sock.stack;

    if (m->filter.sources.n >= max_sources(s, r->v4)) /* even if it is there already, as Linux has it */
        return WEFT_ENOBUFS;
    if (sources_find(&m->filter.sources, &r->asked.source))
        return WEFT_EADDRNOTAVAIL;
    if (!sources_add(&m->filter.sources, &s->mem, &r->asked.source))
        return WEFT_ENOMEM;
    m->listed = true;
    group_update(m->group);
    return 0;
}

/* Of an including filter the last source takes the membership with it. */
static int remove_source(struct dgram_ep *d, struct member *m, const struct request *r)
{
    if (!sources_find(&m->filter.sources, &r->asked.source))
        return WEFT_EADDRNOTAVAIL;
    if (m->filter.sources.n == 1 && !m->filter.exclude)
        return leave(d, r);
    sources_remove(&m->filter.sources, &r->asked.source);
    group_update(m->group);
    return 0;
}

/* A filter that never had sources may still become one of the other mode. */
static int change_source(struct dgram_ep *d, const struct request *r, bool exclude, bool add)
{
    struct member *m = member_find(d, r);

    bool before;
    int err;

    if (!m || (m->listed && m->filter.exclude != exclude))
        return WEFT_EINVAL;
    before = m->filter.exclude;
    m->filter.exclude = exclude;
    err = add ? add_source(d, m, r) : remove_source(d, m, r);
    if (err)
        m->filter.exclude = before;
    return err;
}

static int join_source(struct dgram_ep *d, const struct request *r)
{
    bool was_there = member_find(d, r) != NULL;
    int err = was_there ? 0 : join(d, r, false);

    if (!err)
        err = change_source(d, r, false, true);
    if (err && !was_there && member_find(d, r))
        leave(d, r);
    return err;
}

/* ---- whole filters ---- */

/* The filter of a struct weft_group_filter, whose sources stand behind it. */
static int take_filter(weft_stack *s, bool v4, const void *value, size_t n, struct group_filter *f)
{
    struct weft_group_filter head;
    const uint8_t *at = (const uint8_t *)value + sizeof head;
    struct weft_ip ip;

    if (n < sizeof head)
        return WEFT_EINVAL;
    memcpy(&head, value, sizeof head);
    if (head.mode > WEFT_MCAST_INCLUDE || head.n > (n - sizeof head) / sizeof ip)
        return WEFT_EINVAL;
    if (head.n > max_sources(s, v4))
        return WEFT_ENOBUFS;
    *f = (struct group_filter){.exclude = head.mode == WEFT_MCAST_EXCLUDE};
    for (uint32_t i = 0; i < head.n; i++, at += sizeof ip) {
        memcpy(&ip, at, sizeof ip);
        if (ip_is_v4(&ip) == v4 && sources_add(&f->sources, &s->mem, &ip))
            continue;
        sources_clear(&f->sources, &s->mem);
        return ip_is_v4(&ip) == v4 ? WEFT_ENOMEM : WEFT_EINVAL;
    }
    return 0;
}

static int set_filter(struct dgram_ep *d, const struct request *r, const void *value, size_t n)
{
    weft_stack *s = d->sock.stack;
    struct member *m = member_find(d, r);
    struct group_filter f;
    int err = take_filter(s, r->v4, value, n, &f);

    if (err)
        return err;
    if (!f.exclude && f.sources.n == 0)
        return leave(d, r);
    if (!m) {
        sources_clear(&f.sources, &s->mem);
        return WEFT_EINVAL;
    }
    sources_clear(&m->filter.sources, &s->mem);
    m->filter = f;
    m->listed = f.sources.n > 0;
    group_update(m->group);
    return 0;
}

int membership_get(const struct dgram_ep *d, int option, bool v4, void *value, size_t *n)
{
    struct weft_group_filter head;
    const struct member *m;
    struct request r;
    uint8_t *at = (uint8_t *)value + sizeof head;
    size_t room;
    int err;

    if (option != WEFT_MCAST_MSFILTER)
        return WEFT_ENOPROTOOPT;
    err = *n < sizeof head ? WEFT_EINVAL : take_request((struct dgram_ep *)(uintptr_t)d, v4, value, *n, &r);
    if (err)
        return err;
    m = member_find(d, &r);
    if (!m)
        return WEFT_EADDRNOTAVAIL;
    memcpy(&head, value, sizeof head);
    room = (*n - sizeof head) / sizeof(struct weft_ip);
    head.mode = m->filter.exclude ? WEFT_MCAST_EXCLUDE : WEFT_MCAST_INCLUDE;
    head.n = m->filter.sources.n;
    memcpy(value, &head, sizeof head);
    for (uint32_t i = 0; i < head.n && i < room; i++)
        memcpy(at + i * sizeof(struct weft_ip), &m->filter.sources.at[i].ip, sizeof(struct weft_ip));
    *n = sizeof head + min_size(head.n, room) * sizeof(struct weft_ip);
    return 0;
}

/* ---- the options ---- */

int membership_set(struct dgram_ep *d, int option, bool v4, const void *value, size_t n)
{
    struct request r;
    int err = take_request(d, v4, value, n, &r);

    if (err)
        return err;
    switch (option) {
    case WEFT_MCAST_JOIN_GROUP:
        return join(d, &r, true);
    case WEFT_MCAST_LEAVE_GROUP:
        return leave(d, &r);
    case WEFT_MCAST_JOIN_SOURCE_GROUP:
        return ip_is_v4(&r.asked.source) == v4 ? join_source(d, &r) : WEFT_EINVAL;
    case WEFT_MCAST_LEAVE_SOURCE_GROUP:
        return change_source(d, &r, false, false);
    case WEFT_MCAST_BLOCK_SOURCE:
        return change_source(d, &r, true, true);
    case WEFT_MCAST_UNBLOCK_SOURCE:
        return change_source(d, &r, true, false);
    case WEFT_MCAST_MSFILTER:
        return set_filter(d, &r, value, n);
    default:
        return WEFT_ENOPROTOOPT;
    }
}

/* ---- sending ---- */

int membership_set_out(struct dgram_ep *d, const void *value, size_t n)
{
    struct weft_group g;
    const weft_if *ifp = NULL;
    bool by_address;

    if (n < sizeof g)
        return WEFT_EINVAL;
    memcpy(&g, value, sizeof g);
    by_address = ip_is_v4(&g.address) && !ip_is_any(&g.address);
    if (g.interface)
        ifp = if_by_index(d->sock.stack, g.interface);
    else if (by_address)
        ifp = find_by_address(d->sock.stack, &g.address);
    if (!ifp && (g.interface || by_address))
        return WEFT_EADDRNOTAVAIL;
    d->groups.out_v4 = ifp ? ifp->index : 0;
    d->groups.out_address = by_address ? g.address : weft_ipv4(0);
    return 0;
}

int membership_get_out(const struct dgram_ep *d, void *value, size_t *n)
{
    struct weft_group g = {.interface = d->groups.out_v4, .address = d->groups.out_address};

    *n = min_size(*n, sizeof g);
    memcpy(value, &g, *n);
    return 0;
}

/* ---- receiving ---- */

/*
 * A socket that has not joined the group there hears what others joined it for, unless it says that it will not
 * (WEFT_IP_MULTICAST_ALL).
 */
bool dgram_hears(const struct dgram_ep *d, const struct weft_pkt *pkt)
{
    bool v4 = ip_is_v4(&pkt->dst);

    if (!ip_is_multicast(&pkt->dst))
        return true;
    list_each(it, &d->groups.members) {
        const struct member *m = container_of(it, struct member, in_socket);

        if (m->group->at->ifp == pkt->ifp && ip_eq(&m->group->ip, &pkt->dst))
            return group_filter_takes(&m->filter, &pkt->src);
    }
    return v4 ? d->groups.all_v4 : d->groups.all_v6;
}
