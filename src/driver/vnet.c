/* SPDX-License-Identifier: MIT */
#include "driver/vnet.h"

#include <linux/if_ether.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>

/* Many segments or datagrams in one? Which of the two, the place of the checksum tells. */
static bool is_super(const struct virtio_net_hdr *v)
{
    uint8_t type = v->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

    return type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6 || type == VNET_GSO_UDP_L4;
}

/*
 * A sender on this machine leaves the checksum to hardware that never comes: the bytes never left memory, so the
 * kernel vouches for them.
 */
void vnet_to_offload(const struct virtio_net_hdr *v, struct weft_pkt_offload *o)
{
    memset(o, 0, sizeof(*o));
    o->csum_valid = v->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
    if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        o->csum_partial = true;
        o->csum_start = v->csum_start;
        o->csum_offset = v->csum_offset;
    }
    if (is_super(v)) {
        o->gso_size = v->gso_size;
        o->header_len = v->hdr_len;
    }
}

/* Is it a datagram of IPv6? All headers are in the first piece; a tag may stand in front. */
static bool is_v6(enum weft_link link, const weft_pkt *pkt)
{
    uint8_t head[ETH_HLEN + 4 + 1];
    size_t n = weft_pkt_copy(pkt, 0, head, sizeof(head)), at = link == WEFT_LINK_ETHERNET ? ETH_HLEN : 0;

    if (at && n > at && head[12] == 0x81 && head[13] == 0)
        at += 4;
    return n > at && head[at] >> 4 == 6;
}

static uint8_t gso_type(const struct weft_pkt_offload *o, enum weft_link link, const weft_pkt *pkt)
{
    if (o->csum_offset == offsetof(struct udphdr, check))
        return VNET_GSO_UDP_L4;
    return is_v6(link, pkt) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
}

void vnet_from_packet(const weft_pkt *pkt, enum weft_link link, struct virtio_net_hdr *v)
{
    struct weft_pkt_offload o;

    memset(v, 0, sizeof(*v));
    weft_pkt_get_offload(pkt, &o);
    if (o.csum_partial) {
        v->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        v->csum_start = o.csum_start;
        v->csum_offset = o.csum_offset;
    }
    if (o.gso_size) {
        v->gso_type = gso_type(&o, link, pkt);
        v->gso_size = o.gso_size;
        v->hdr_len = o.header_len;
    }
}

weft_pkt *vnet_packet(weft_stack *stack, const struct virtio_net_hdr *v, const void *frame, size_t n)
{
    struct weft_pkt_offload offload;
    weft_pkt *pkt = weft_pkt_new(stack, n);

    if (!pkt) {
        weft_count_drop(stack, WEFT_DROP_no_memory);
        return NULL;
    }
    memcpy(weft_pkt_data(pkt), frame, n);
    weft_pkt_set_len(pkt, n);
    if (v) {
        vnet_to_offload(v, &offload);
        weft_pkt_set_offload(pkt, &offload);
    }
    return pkt;
}
