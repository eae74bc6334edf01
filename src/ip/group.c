/* SPDX-License-Identifier: MIT */
/* To which groups of IPv6 an interface listens (RFC 4291 §2.8): all nodes, and the solicited-node group of each address. */
#include "ip/private.h"

static const struct weft_ip solicited = {{0xff, 2, [11] = 1, [12] = 0xff}}; /* ff02::1:ff00:0/104 */

struct weft_ip group_of_address(const weft_if *ifp, const struct weft_ip *ip)
{
    struct weft_ip group = solicited;

    memcpy(group.b + 13, ip->b + 13, 3);
    ip_set_zone(&group, ifp->index);
    return group;
}

static bool is_all_nodes(const struct weft_ip *group)
{
    static const struct weft_ip interface_wide = {{0xff, 1, [15] = 1}}, link_wide = {{0xff, 2, [15] = 1}};
    struct weft_ip bare = ip_bare(*group);

    return ip_eq(&bare, &link_wide) || ip_eq(&bare, &interface_wide);
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

bool group_is_ours(const weft_if *ifp, const struct weft_ip *group)
{
    return is_all_nodes(group) || is_solicited_node(ifp, group);
}
