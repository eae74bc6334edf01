/* SPDX-License-Identifier: MIT */
/* Initial sequence numbers; see isn.h. */
#include "tcp/isn.h"

#define ISN_TICK (4 * WEFT_US) /* RFC 9293 §3.4.1: about 4 microseconds */

/* The last n bytes of each address: a constant, so that each piece is a load and a store. */
__attribute__((always_inline)) static inline void pack(struct flow_bytes *f, const struct weft_addr *local,
                                                       const struct weft_addr *remote, uint8_t n)
{
    memcpy(f->b, local->ip.b + 16 - n, n);
    memcpy(f->b + n, remote->ip.b + 16 - n, n);
    memcpy(f->b + 2 * n, &local->port, 2);
    memcpy(f->b + 2 * n + 2, &remote->port, 2);
    f->n = 2 * n + 4;
}

struct flow_bytes flow_bytes(const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f;

    if (likely(ip_is_v4(&remote->ip))) /* and so is ours: families do not mix */
        pack(&f, local, remote, 4);
    else
        pack(&f, local, remote, 16);
    return f;
}

/* Those of IPv6. */
ASIDE static uint64_t hash_bytes(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    struct flow_bytes f = flow_bytes(local, remote);

    return siphash24(key, f.b, f.n);
}

/* The bytes of IPv4 are two words, and need not be put in a row for that. */
static inline uint64_t hash_words(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    return siphash24_short(key, ip_v4_pair(&local->ip, &remote->ip), (uint32_t)remote->port << 16 | local->port, 12);
}

struct flow_offsets flow_offsets(struct sip_key key, const struct weft_addr *local, const struct weft_addr *remote)
{
    uint64_t hash = likely(ip_is_v4(&remote->ip)) ? hash_words(key, local, remote) : hash_bytes(key, local, remote);

    return (struct flow_offsets){.isn = (uint32_t)hash, .ts = (uint32_t)(hash >> 32)};
}

struct seq isn(uint32_t offset, weft_time now) { return seq(offset + (uint32_t)(now / ISN_TICK)); }
