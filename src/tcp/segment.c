/* SPDX-License-Identifier: MIT */
/* From a segment's values to IP: header, options, checksum (RFC 9293 §3.1). Knows no connection. */
#include "tcp/conn.h"

#define CHECKSUM_AT 16 /* offset of the field in the header */

struct weft_pkt *segment_begin(weft_stack *s, struct segment *seg, bool syn)
{
    struct weft_pkt *pkt = pkt_new(s);

    seg->h.header_len = (uint8_t)(TCP_HEADER + tcp_options_len(&seg->o, syn, segment_layout(s)));
    if (pkt)
        pkt->len = seg->h.header_len; /* filled in by segment_finish */
    return pkt;
}

/* Fills in the checksum, or leaves the rest of the sum to the link. */
static void put_checksum(struct weft_pkt *pkt, const struct segment *seg, const struct ip_path *path)
{
    struct csum sum = {0};
    uint32_t total = pkt_total(pkt);

    ip_pseudo_header(&sum, &seg->flow.local.ip, &seg->flow.remote.ip, IP_PROTO_TCP, total);
    if (pkt->gso_size || (path->ifp->offload & WEFT_OFFLOAD_CSUM)) { /* whoever cuts it takes the pieces' sums */
        poke_u16(pkt->data + CHECKSUM_AT, (uint16_t)~csum_fold(&sum));
        pkt->csum_partial = true;
        pkt->csum_start = pkt->l4;
        pkt->csum_offset = CHECKSUM_AT;
        return;
    }
    pkt_csum(pkt, 0, total, &sum);
    poke_u16(pkt->data + CHECKSUM_AT, csum_fold(&sum));
}

static void put_header(struct weft_pkt *pkt, struct segment *seg)
{
    struct writer w = writer(pkt->data, seg->h.header_len);

    seg->h.src_port = seg->flow.local.port;
    seg->h.dst_port = seg->flow.remote.port;
    seg->h.checksum = 0;
    tcp_emit(&w, &seg->h);
    tcp_options_emit(&w, &seg->o, seg->h.flags & TCP_SYN, segment_layout(pkt->stack));
    weft_assert(!w.bad && writer_left(&w) == 0, "segment_begin made room for just these options");
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
}

void segment_finish(weft_stack *s, struct weft_pkt *pkt, struct segment *seg)
{
    struct ip_send how;

    ip_copy(&how.src, &seg->flow.local.ip);
    ip_copy(&how.dst, &seg->flow.remote.ip);
    how.proto = IP_PROTO_TCP;
    how.ttl = seg->ttl;
    how.tos = seg->tos;
    how.flow_label = seg->flow_label;
    how.options = NULL;
    how.own = 0;
    how.df = !seg->fragment; /* an atomic datagram needs no identification (RFC 6864) */
    put_header(pkt, seg);
    if (unlikely(!how.flow_label && flow_is_v6(&seg->flow)))
        how.flow_label = ip_flow_label(s, &seg->flow.local, &seg->flow.remote, IP_PROTO_TCP);
    pkt->gso_size = seg->gso_size;
    put_checksum(pkt, seg, seg->path);
    stack_count(s, WEFT_COUNT_tcp_out_segs);
    ip_output(s, pkt, &how, seg->path);
}

void segment_reply(weft_stack *s, const struct segment *seg)
{
    struct segment out = *seg;
    struct ip_path path = {0};
    struct weft_pkt *pkt;

    if (!seg->path && route_lookup(s, &seg->flow.remote.ip, &path) < 0) {
        stack_drop(s, WEFT_DROP_ip_no_route);
        return;
    }
    pkt = segment_begin(s, &out, seg->h.flags & TCP_SYN);
    if (!pkt) {
        stack_drop(s, WEFT_DROP_no_memory);
        return;
    }
    if (!out.path)
        out.path = &path;
    segment_finish(s, pkt, &out);
}

void segment_refuse(weft_stack *s, const struct tcp_seg *in)
{
    struct segment out = {.flow = in->flow, .o = TCP_NO_OPTIONS, .h.flags = TCP_RST};

    if (seg_has(in, TCP_RST))
        return;
    if (seg_has(in, TCP_ACK)) {
        out.h.seq = in->h.ack;
    } else {
        out.h.flags |= TCP_ACK;
        out.h.ack = seq_add(in->h.seq, seg_len(in));
    }
    stack_count(s, WEFT_COUNT_tcp_out_rsts);
    segment_reply(s, &out);
}
