/* SPDX-License-Identifier: MIT */
/* Ethernet II (RFC 894); see ethernet.h. */
#include "wire/ethernet.h"

const uint8_t eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

bool eth_parse(struct reader *r, struct eth_header *h)
{
    const uint8_t *p = read_bytes(r, ETH_HEADER);

    if (!p)
        return false;
    memcpy(h->dst, p, sizeof h->dst);
    memcpy(h->src, p + 6, sizeof h->src);
    h->type = peek_u16(p + 12);
    return true;
}

void eth_emit(struct writer *w, const struct eth_header *h)
{
    write_bytes(w, h->dst, sizeof h->dst);
    write_bytes(w, h->src, sizeof h->src);
    write_u16(w, h->type);
}

void eth_multicast(uint8_t mac[6], const struct weft_ip *group)
{
    if (ip_is_v4(group)) {
        memcpy(mac, "\x01\x00\x5e", 3);
        memcpy(mac + 3, group->b + 13, 3);
        mac[3] &= 0x7f; /* 23 bits of the group: 32 groups share a station address */
    } else {
        memcpy(mac, "\x33\x33", 2);
        memcpy(mac + 2, group->b + 12, 4);
    }
}
