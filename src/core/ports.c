/* SPDX-License-Identifier: MIT */
/* Ephemeral ports; see ports.h. */
#include "core/ports.h"

uint16_t port_pick(weft_stack *s, const struct weft_ip *local, const struct weft_addr *remote, uint32_t *counter,
                   bool (*taken)(void *ctx, uint16_t port), void *ctx)
{
    uint32_t range = (uint32_t)s->config.port_max - s->config.port_min + 1;
    uint8_t input[34];
    uint32_t offset;

    memcpy(input, local->b, 16);
    memcpy(input + 16, remote->ip.b, 16);
    memcpy(input + 32, &remote->port, 2);
    offset = (uint32_t)siphash24(s->port_key, input, sizeof input);
    for (uint32_t i = 0; i < range; i++) {
        uint16_t port = (uint16_t)(s->config.port_min + (offset + (*counter)++) % range);

        if (!taken(ctx, port))
            return port;
    }
    return 0;
}
