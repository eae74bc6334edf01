/* SPDX-License-Identifier: MIT */
#include "cmd/links.h"

#include <stdio.h>
#include <string.h>

void links_ask(struct links *links, weft_host *host)
{
    weft_stack *stack = weft_host_lock(host);
    struct weft_if_info info;

    for (links->n = 0; links->n < LINKS_MAX && weft_if_info(stack, links->n, &info); links->n++) {
        snprintf(links->of[links->n].name, sizeof links->of->name, "%s", info.name);
        links->of[links->n].ethernet = info.link == WEFT_LINK_ETHERNET;
    }
    weft_host_unlock(host);
}

bool links_is_ethernet(const struct links *links, const weft_if *ifp)
{
    const char *name = ifp ? weft_if_name(ifp) : "";
    size_t i;

    for (i = 0; i < links->n; i++) {
        if (strcmp(links->of[i].name, name) == 0)
            return links->of[i].ethernet;
    }
    return true;
}
