/* SPDX-License-Identifier: MIT */
/* The groups of all interfaces, told one by one: for netstat. */
#include "ip/group.h"

static const char *version_text(const weft_if *ifp, bool v4)
{
    static const char *const igmp[] = {"IGMPv1", "IGMPv2", "IGMPv3"}, *const mld[] = {"MLDv1", "MLDv2"};

    if (!ifp->groups)
        return v4 ? igmp[2] : mld[1];
    return v4 ? igmp[ifp->groups->igmp.version - 1] : mld[ifp->groups->mld.version - 1];
}

/* All hosts, or all nodes, where there is an address of the family: nobody has to join them. */
static bool describe_all(const weft_if *ifp, bool v4, struct weft_group_info *info)
{
    struct weft_ip all = v4 ? weft_ipv4(0xe0000001) : (struct weft_ip){{0xff, 2, [15] = 1}};
    const struct group *g;
    bool has = false;

    for (unsigned i = 0; i < ifp->n_addresses; i++)
        has |= ip_is_v4(&ifp->address[i].ip) == v4;
    ip_set_zone(&all, ifp->index);
    g = group_find(ifp, &all);
    *info = (struct weft_group_info){ifp->name, all, 1, true, 0, version_text(ifp, v4)};
    return has && !g;
}

static void describe(const struct group *g, struct weft_group_info *info)
{
    const weft_if *ifp = g->at->ifp;

    *info = (struct weft_group_info){
        .if_name = ifp->name,
        .group = g->ip,
        .users = g->own,
        .exclude = g->state.exclude,
        .n_sources = g->state.sources.n,
        .version = version_text(ifp, ip_is_v4(&g->ip)),
    };
    list_each(it, &g->members)
        info->users++;
}

/* The i-th group of this interface; else *i becomes less by their number. */
static bool describe_ith(const weft_if *ifp, size_t *i, struct weft_group_info *info)
{
    if (describe_all(ifp, true, info) && (*i)-- == 0)
        return true;
    if (describe_all(ifp, false, info) && (*i)-- == 0)
        return true;
    if (!ifp->groups)
        return false;
    list_each(it, &ifp->groups->groups) {
        const struct group *g = container_of(it, struct group, link);

        if (!group_listens(g) || (*i)-- != 0)
            continue;
        describe(g, info);
        return true;
    }
    return false;
}

bool weft_group_info(weft_stack *stack, size_t i, struct weft_group_info *info)
{
    list_each(it, &stack->interfaces)
        if (describe_ith(container_of(it, weft_if, link), &i, info))
            return true;
    return false;
}
