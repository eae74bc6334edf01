/* SPDX-License-Identifier: MIT */
/* Ethernet II (RFC 894); see ethernet.h. */
#include "wire/ethernet.h"

const uint8_t eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

#define VLAN_ID  0xfff
#define SNAP_LEN 8 /* LLC: two service access points, control; SNAP: organisation, type */

/* RFC 1042: behind a length, an LLC and a SNAP header may stand for the type. Else nothing is read. */
static void read_snap(struct reader *r, struct eth_header *h)
{
    static const uint8_t snap[6] = {0xaa, 0xaa, 3, 0, 0, 0};
    const uint8_t *p = r->p;

    if (h->type < SNAP_LEN || h->type > reader_left(r) || memcmp(p, snap, sizeof snap) != 0 ||
        peek_u16(p + 6) < ETH_TYPE_MIN)
        return;
    read_bytes(r, SNAP_LEN);
    h->payload = h->type - SNAP_LEN;
    h->type = peek_u16(p + 6);
}

bool eth_parse(struct reader *r, struct eth_header *h)
{
    const uint8_t *p = read_bytes(r, ETH_HEADER);

    if (!p)
        return false;
    memcpy(h->dst, p, sizeof h->dst);
    memcpy(h->src, p + 6, sizeof h->src);
    h->type = peek_u16(p + 12);
    h->vlan = ETH_NO_VLAN;
    h->payload = 0;
    if (h->type == ETH_TYPE_VLAN) {
        h->vlan = read_u16(r) & VLAN_ID;
        h->type = read_u16(r);
    }
    if (!r->bad && h->type < ETH_TYPE_MIN)
        read_snap(r, h);
    return !r->bad;
}

void eth_emit(struct writer *w, const struct eth_header *h)
{
    write_bytes(w, h->dst, sizeof h->dst);
    write_bytes(w, h->src, sizeof h->src);
    if (h->vlan && h->vlan != ETH_NO_VLAN) {
        write_u16(w, ETH_TYPE_VLAN);
        write_u16(w, h->vlan);
    }
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
