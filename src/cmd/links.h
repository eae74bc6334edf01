/* SPDX-License-Identifier: MIT */
/* Which interfaces carry Ethernet: asked once, because a tap may not ask the stack. */
#ifndef CMD_LINKS_H
#define CMD_LINKS_H

#include "weft/host.h"

#define LINKS_MAX 32

struct links {
    size_t n;
    struct {
        char name[16];
        bool ethernet;
    } of[LINKS_MAX];
};

/* Takes the host's lock. */
void links_ask(struct links *links, weft_host *host);

/* An interface that came later counts as Ethernet, which is likeliest. */
bool links_is_ethernet(const struct links *links, const weft_if *ifp);

#endif
