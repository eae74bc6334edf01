/* SPDX-License-Identifier: MIT */
/* Options of IPv4 on segments; see way.h. */
#include "tcp/way.h"

#include "core/pkt.h"
#include "ip/ip.h"

SELDOM struct weft_ip way_begins(const struct tcp_way *w, const struct weft_ip *peer)
{
    struct weft_ip hop = *peer;

    if (ip_is_v4(peer))
        ip_options_first_hop(w->options, w->n, &hop);
    return hop;
}

struct tcp_way way_back(const uint8_t *header)
{
    struct tcp_way w = {.received = true};

    w.n = ip_options_way_back(header, w.options);
    return w;
}

struct tcp_way way_back_of(const struct weft_pkt *pkt)
{
    if (unlikely(pkt->routed))
        return way_back(pkt->base + pkt->l3);
    return (struct tcp_way){.n = 0};
}
