/* SPDX-License-Identifier: MIT */
/* What stands between the IP header and a connection's segments: options of IPv4 (way.h), extension headers of IPv6. */
#ifndef TCP_IPOPTIONS_H
#define TCP_IPOPTIONS_H

#include "tcp/conn.h"

/* IP_OPTIONS: WEFT_EINVAL, WEFT_ENOMEM. */
int conn_set_options(struct tcp_conn *c, const void *value, size_t n);
/* What stands before its segments is another now: their way and their size may be, too. */
void conn_headers_changed(struct tcp_conn *c);
/* A segment came by a source route, and this is the way back (MUST-53, SHLD-24). */
void conn_take_way(struct tcp_conn *c, const struct tcp_way *w);

/* The same of a segment's packet, which seldom came by one. */
static inline void conn_follow(struct tcp_conn *c, const struct weft_pkt *pkt)
{
    if (unlikely(pkt->routed)) {
        struct tcp_way back = way_back_of(pkt);

        conn_take_way(c, &back);
    }
}

#endif
