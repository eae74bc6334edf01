/* SPDX-License-Identifier: MIT */
/* Initial sequence numbers; see isn.h. */
#include "tcp/isn.h"

#define ISN_TICK (4 * WEFT_US) /* RFC 9293 §3.4.1: about 4 microseconds */

static void put(struct flow_bytes *f, const void *p, uint8_t n)
{
    memcpy(f->b + f->n, p, n);
    f->n += n;
}

struct flow_bytes flow_bytes(const struct weft_addr *local, const struct weft_addr *remote)
{
    bool v4 = ip_is_v4(&local->ip) && ip_is_v4(&remote->ip);
    uint8_t skip = v4 ? 12 : 0, n = 16 - skip;
    struct flow_bytes f;

    f.n = 0;
    put(&f, local->ip.b + skip, n);
    put(&f, remote->ip.b + skip, n);
    put(&f, &local->port, 2);
    put(&f, &remote->port, 2);
    return f;
}

struct seq isn(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote, weft_time now)
{
    struct flow_bytes f = flow_bytes(local, remote);

    return seq((uint32_t)siphash24(key, f.b, f.n) + (uint32_t)(now / ISN_TICK));
}

uint32_t ts_offset(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f = flow_bytes(local, remote);

    return (uint32_t)siphash24(key, f.b, f.n);
}
