/* SPDX-License-Identifier: MIT */
/* Initial sequence numbers; see isn.h. */
#include "tcp/isn.h"

#define ISN_TICK (4 * WEFT_US) /* RFC 9293 §3.4.1: about 4 microseconds */

struct flow_bytes flow_bytes(const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f;

    memcpy(f.b, local->ip.b, 16);
    memcpy(f.b + 16, remote->ip.b, 16);
    memcpy(f.b + 32, &local->port, 2);
    memcpy(f.b + 34, &remote->port, 2);
    return f;
}

struct seq isn(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote, weft_time now)
{
    struct flow_bytes f = flow_bytes(local, remote);

    return seq((uint32_t)siphash24(key, f.b, sizeof f.b) + (uint32_t)(now / ISN_TICK));
}

uint32_t ts_offset(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f = flow_bytes(local, remote);

    return (uint32_t)siphash24(key, f.b, sizeof f.b);
}
