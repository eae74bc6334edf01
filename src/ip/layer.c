/* SPDX-License-Identifier: MIT */
/* The IP layer's state: made and freed with its stack. */
#include "ip/private.h"

void *ip_init(weft_stack *s)
{
    struct ip_state *ip = mem_alloc(&s->mem, MEM_stack, sizeof *ip);

    if (!ip)
        return NULL;
    ip->sound = (struct ip_sound){0};
    ip_idents_init(&ip->idents, stack_key(s, KEY_IPID));
    ip_reassembly_init(&ip->reassembly, s);
    icmp_limit_init(&ip->limit, s, stack_key(s, KEY_ICMP_LIMIT));
    ip_redirects_init(&ip->redirects);
    ip_told_init(&ip->told, stack_key(s, KEY_REDIRECT));
    discovery_init(&ip->discovery);
    advertise_init(&ip->advertising);
    ip->label_key = stack_key(s, KEY_FLOW_LABEL);
    groups_init(&ip->groups, s);
    return ip;
}

void ip_fini(weft_stack *s, void *state)
{
    struct ip_state *ip = state;

    advertise_fini(s, &ip->advertising);
    discovery_fini(s, &ip->discovery);
    ip_redirects_fini(s, &ip->redirects);
    groups_fini(&ip->groups, s);
    ip_reassembly_fini(&ip->reassembly);
    mem_free(&s->mem, MEM_stack, ip, sizeof *ip);
}

static bool has_family(const weft_if *ifp, bool v4)
{
    for (unsigned i = 0; i < ifp->n_addresses; i++)
        if (ip_is_v4(&ifp->address[i].ip) == v4)
            return true;
    return false;
}

/* We may be a router now, or none any more. */
void ip_settings_changed(weft_stack *s)
{
    list_each(it, &s->interfaces) {
        weft_if *ifp = container_of(it, weft_if, link);

        if (ifp->ops->kind == WEFT_LINK_LOOPBACK)
            continue;
        if (has_family(ifp, true))
            group_settle_routers(ifp, true);
        if (has_family(ifp, false))
            group_settle_routers(ifp, false);
    }
}

void ip_timer(weft_stack *s, struct timer *t)
{
    if (t == &ip_state(s)->reassembly.timer)
        ip_reassembly_timer(s);
    else if (t == &ip_state(s)->redirects.timer)
        ip_redirects_timer(s);
    else if (t == &ip_state(s)->discovery.timer)
        discovery_timer(s);
    else if (t == &ip_state(s)->advertising.timer)
        advertise_timer(s);
    else if (t == &ip_state(s)->groups.timer)
        listener_timer(s);
    else if (t == &ip_state(s)->groups.own_timer)
        group_own_timer(s);
    else
        nd_timer(t);
}
