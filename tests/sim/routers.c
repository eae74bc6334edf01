/* SPDX-License-Identifier: MIT */
/*
 * Hosts that are routers: the links form a tree, host i + 1 hangs on an older one by link i, and whoever has several
 * links carries datagrams from one to the other. So there is one way between any two hosts.
 */
#include "sim.h"

struct weft_ip link_address(unsigned link, unsigned end) { return weft_ipv4(0x0a000001 + (link << 16) + end); }

bool host_has_address(const struct world *w, const struct host *h, uint32_t ip)
{
    unsigned link = ip >> 16 & 0xff, end = (ip & 0xffff) - 1;

    if (ip >> 24 == 127)
        return true;
    return ip >> 24 == 10 && link < w->scenario->n_links && end < 2 &&
           w->scenario->link[link].host[end] == h->number;
}

/* The first link on the way between two hosts, and which end of it `from` is. */
static unsigned first_link(const struct scenario *s, unsigned from, unsigned to, unsigned *end)
{
    for (unsigned h = to; h; h = s->link[h - 1].host[0])
        if (s->link[h - 1].host[0] == from) { /* down to a child */
            *end = 0;
            return h - 1;
        }
    *end = 1;
    return from - 1;
}

/* Host `from` learns the way to a link that is not its own. */
static int add_route(struct world *w, unsigned from, unsigned link)
{
    const struct scenario *s = w->scenario;
    unsigned end, first = first_link(s, from, s->link[link].host[0], &end);
    struct weft_route route = {.dst = weft_ipv4(0x0a000000 + (link << 16)), .prefix = 24,
                               .gateway = link_address(first, 1 - end)};

    return weft_route_add(w->host[from].stack, &route);
}

bool routers_setup(struct world *w)
{
    const struct scenario *s = w->scenario;
    bool ok = true;

    for (unsigned h = 0; s->routers && h < s->n_hosts; h++)
        for (unsigned l = 0; l < s->n_links; l++)
            if (s->link[l].host[0] != h && s->link[l].host[1] != h)
                ok = ok && add_route(w, h, l) == 0;
    return ok;
}

void routers_lengthen(const struct scenario *s, struct flow_plan *f, struct rng *r)
{
    unsigned from = (unsigned)rng_below(r, s->n_hosts), to = (unsigned)rng_below(r, s->n_hosts), end, link;

    if (from == to)
        return;
    link = first_link(s, from, to, &end);
    if (s->link[link].host[1 - end] == to) /* neighbours: as it was drawn */
        return;
    f->far = true;
    f->link = link;
    f->client = end;
    f->far_link = first_link(s, to, from, &f->far_end);
}
