/* SPDX-License-Identifier: MIT */
/* Between the kernel's offload header (struct virtio_net_hdr) and struct weft_pkt_offload; what TAP and packets share. */
#ifndef DRIVER_VNET_H
#define DRIVER_VNET_H

#include <linux/virtio_net.h>

#include "weft/driver.h"

#define VNET_FRAME_MAX (65535 + 14 + 4) /* an IP datagram in an Ethernet frame with a tag */

/* Trains of UDP datagrams, since Linux 6.2 (virtio 1.3 §5.1.6); the headers of Debian 12 are older. */
#define VNET_GSO_UDP_L4 5
#define VNET_TUN_F_USO4 0x20
#define VNET_TUN_F_USO6 0x40

/* A frame that came with v in front: what of it is done, and what is still to do. */
void vnet_to_offload(const struct virtio_net_hdr *v, struct weft_pkt_offload *o);

/* What the kernel is to do with a packet that goes out. */
void vnet_from_packet(const weft_pkt *pkt, enum weft_link link, struct virtio_net_hdr *v);

/* A packet of the n bytes at frame, with v's offloads (NULL: none); NULL, and counted, when out of memory. */
weft_pkt *vnet_packet(weft_stack *stack, const struct virtio_net_hdr *v, const void *frame, size_t n);

#endif
