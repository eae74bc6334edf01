/* SPDX-License-Identifier: MIT */
/* From a header's values to IP: segments with a connection and without one. */
#ifndef TCP_SEGMENT_H
#define TCP_SEGMENT_H

#include "tcp/conn.h"

static inline enum tcp_option_layout segment_layout(const weft_stack *s)
{
    return s->config.tcp.syn_layout == WEFT_SYN_BSD ? TCP_LAYOUT_BSD : TCP_LAYOUT_LINUX;
}

/*
 * Adds a packet's bytes, from the TCP header on, if they are no more than the header that most segments have, or that
 * of most SYNs: these are so short that a general sum is longer. False: they are something else.
 */
static inline bool segment_csum_bare(const struct weft_pkt *pkt, struct csum *sum)
{
    uint32_t n = pkt->n_spans ? 0 : pkt->len;

    if (n == TCP_STAMPED_HEADER)
        csum_add_words(sum, pkt->data, TCP_STAMPED_HEADER);
    else if (n == TCP_FULL_SYN_HEADER)
        csum_add_words(sum, pkt->data, TCP_FULL_SYN_HEADER);
    else
        return false;
    return true;
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

/* Not by IPv4, with options, or such as routers may cut: segment_name calls it. */
void segment_name_unusual(struct segment *seg, const union tcp_key *key, bool v6);

/* Whose it is, by a key of this family: the ports, and the addresses as they are wanted. `way` and `fragment` stand. */
static inline void segment_name(struct segment *seg, const union tcp_key *key, bool v6)
{
    if (unlikely(v6 || seg->fragment || (seg->way && seg->way->n))) {
        segment_name_unusual(seg, key, v6);
        return;
    }
    seg->plain = true;
    seg->v4.local = key->v4.local;
    seg->v4.remote = key->v4.remote;
    seg->h.src_port = key->v4.local_port;
    seg->h.dst_port = key->v4.remote_port;
}

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

/* A segment without payload and without a connection. What is left out is filled in, as for segment_finish. */
void segment_reply(weft_stack *s, struct segment *seg);
/* The reset that answers a segment for which there is no connection (RFC 9293 §3.10.7.1). Never for a RST. */
void segment_refuse(weft_stack *s, const struct tcp_seg *in);

#endif
