/* SPDX-License-Identifier: MIT */
/* From a header's values to IP: segments with a connection and without one. */
#ifndef TCP_SEGMENT_H
#define TCP_SEGMENT_H

#include "tcp/conn.h"

static inline enum tcp_option_layout segment_layout(const weft_stack *s)
{
    return s->config.tcp.syn_layout == WEFT_SYN_BSD ? TCP_LAYOUT_BSD : TCP_LAYOUT_LINUX;
}

struct segment {
    struct tcp_flow flow;
    /* all is usual (struct ip_plain): the names are in `v4`, and in the ports of h; flow is nothing */
    bool plain;
    struct {
        uint32_t local, remote;
    } v4;
    struct tcp_header h;   /* ports (but of a plain one), header_len and checksum are filled in */
    struct tcp_options o;
    uint8_t ttl, tos;      /* ttl 0: what is usual */
    uint16_t gso_size;
    bool fragment;         /* routers may cut it (IPv4) */
    uint32_t flow_label;   /* IPv6; 0: worked out */
    struct ip_path *path;  /* NULL: segment_reply looks it up */
    const struct tcp_way *way; /* options of IPv4; NULL: none */
    const struct tcp_extensions *extensions; /* headers of IPv6; NULL: none */
};

/*
 * A packet ready for the header of this segment, whose options stand and do not change any more: it is told how long
 * the header will be. syn: SYN will be among its flags. Payload may be attached behind it. NULL: out of memory.
 */
struct weft_pkt *segment_begin(weft_stack *s, struct segment *seg, bool syn);

/* Writes header and checksum and gives the packet to IP. */
void segment_finish(weft_stack *s, struct weft_pkt *pkt, struct segment *seg);

/*
 * A plain segment (struct ip_plain) whose options are its timestamps and no more: what most segments are. Of h the
 * checksum is filled in, and header_len.
 */
struct stamped_segment {
    uint32_t local, remote;
    struct tcp_header h;
    uint32_t ts_val, ts_ecr;
    uint8_t ttl, tos;
};

/* Writes it, with a copy of n bytes behind it that fit into a packet's own room, and gives the packet to IP. */
void segment_send_stamped(weft_stack *s, struct weft_pkt *pkt, const struct stamped_segment *seg, const uint8_t *text,
                          uint32_t n, const struct ip_path *path);

/* A segment without payload and without a connection. */
void segment_reply(weft_stack *s, const struct segment *seg);
/* The reset that answers a segment for which there is no connection (RFC 9293 §3.10.7.1). Never for a RST. */
void segment_refuse(weft_stack *s, const struct tcp_seg *in);

#endif
