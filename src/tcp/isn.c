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
    bool v4 = ip_is_v4(&remote->ip); /* and so is ours: families do not mix */
    uint8_t skip = v4 ? 12 : 0, n = 16 - skip;
    struct flow_bytes f;

    f.n = 0;
    put(&f, local->ip.b + skip, n);
    put(&f, remote->ip.b + skip, n);
    put(&f, &local->port, 2);
    put(&f, &remote->port, 2);
    return f;
}

struct flow_offsets flow_offsets(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f = flow_bytes(local, remote);
    uint64_t hash = siphash24(key, f.b, f.n);

    return (struct flow_offsets){.isn = (uint32_t)hash, .ts = (uint32_t)(hash >> 32)};
}

struct seq isn(uint32_t offset, weft_time now) { return seq(offset + (uint32_t)(now / ISN_TICK)); }
