/* SPDX-License-Identifier: MIT */
/* From a segment's values to IP: header, options, checksum (RFC 9293 §3.1). Knows no connection. */
#include "tcp/segment.h"

struct weft_pkt *segment_begin(weft_stack *s, struct segment *seg, bool syn)
{
    struct weft_pkt *pkt = pkt_new(s);

    seg->h.header_len = (uint8_t)(TCP_HEADER + tcp_options_len(&seg->o, syn, segment_layout(s)));
    if (pkt)
        pkt->len = seg->h.header_len; /* filled in by segment_finish */
    return pkt;
}

/* Leaves the rest of the sum to the link. pseudo: that of the pseudo-header. */
static inline void leave_checksum(struct weft_pkt *pkt, uint16_t pseudo)
{
    poke_u16(pkt->data + TCP_CHECKSUM_AT, pseudo);
    pkt->csum_partial = true;
    pkt->csum_start = pkt->l4;
    pkt->csum_offset = TCP_CHECKSUM_AT;
}

/* Fills in the checksum, or leaves the rest of the sum to the link. sum: of the pseudo-header. */
static void put_checksum(struct weft_pkt *pkt, struct csum sum, const struct ip_path *path)
{
    if (pkt->gso_size || (path->ifp->offload & WEFT_OFFLOAD_CSUM)) { /* whoever cuts it takes the pieces' sums */
        leave_checksum(pkt, (uint16_t)~csum_fold(&sum));
        return;
    }
    if (!segment_csum_bare(pkt, &sum))
        pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    poke_u16(pkt->data + TCP_CHECKSUM_AT, csum_fold(&sum));
}

/* Are the timestamps its only options? */
static bool is_stamped(const struct segment *seg)
{
    return seg->o.has_ts && seg->h.header_len == TCP_STAMPED_HEADER && !(seg->h.flags & TCP_SYN);
}

static void put_header(struct weft_pkt *pkt, struct segment *seg)
{
    seg->h.checksum = 0;
    if (likely(is_stamped(seg))) {
        tcp_emit_stamped(pkt->data, &seg->h, seg->o.ts_val, seg->o.ts_ecr);
    } else {
        struct writer w = writer(pkt->data, seg->h.header_len);

        tcp_emit(&w, &seg->h);
        tcp_options_emit(&w, &seg->o, seg->h.flags & TCP_SYN, segment_layout(pkt->stack));
        weft_assert(!w.bad && writer_left(&w) == 0, "segment_begin made room for just these options");
    }
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    pkt->gso_size = seg->gso_size;
}

/* What is not plain: by IPv6, with options, or such as routers may cut. */
ASIDE static void finish_unusual(weft_stack *s, struct weft_pkt *pkt, const struct segment *seg)
{
    struct csum sum = {0};
    struct ip_options options;
    struct ip_headers headers = {0};
    struct ip_send how = {
        .src = seg->flow.local.ip,
        .dst = seg->flow.remote.ip,
        .proto = IP_PROTO_TCP,
        .ttl = seg->ttl,
        .tos = seg->tos,
        .flow_label = seg->flow_label,
        .df = !seg->fragment,
    };

    if (!how.flow_label && flow_is_v6(&seg->flow))
        how.flow_label = ip_flow_label(s, &seg->flow.local, &seg->flow.remote, IP_PROTO_TCP);
    if (seg->way && seg->way->n && !flow_is_v6(&seg->flow)) {
        ip_options_for(s, seg->way->options, seg->way->n, &how, &options);
        how.options = &options;
    }
    if (unlikely(seg->extensions) && flow_is_v6(&seg->flow)) {
        headers = extensions_headers(seg->extensions);
        how.headers = headers.hop || headers.destination ? &headers : NULL;
    }
    ip_pseudo_header(&sum, &how.src, &how.dst, IP_PROTO_TCP, pkt_total(pkt));
    put_checksum(pkt, sum, seg->path);
    ip_output(s, pkt, &how, seg->path);
}

SELDOM void segment_name_unusual(struct segment *seg, const union tcp_key *key, bool v6)
{
    seg->plain = false;
    key_unpack_to(&seg->flow, key, v6);
    seg->h.src_port = seg->flow.local.port;
    seg->h.dst_port = seg->flow.remote.port;
}

/* Fills in the ports, and the names of a segment that is plain without anybody having said so. */
static void find_names(struct segment *seg)
{
    seg->h.src_port = seg->flow.local.port;
    seg->h.dst_port = seg->flow.remote.port;
    if (flow_is_v6(&seg->flow) || seg->fragment || (seg->way && seg->way->n))
        return;
    seg->plain = true;
    seg->v4.local = ip_to_v4(&seg->flow.local.ip);
    seg->v4.remote = ip_to_v4(&seg->flow.remote.ip);
}

/*
 * The checksum of a plain segment whose bytes, as they were written, add up to `sum`: to read them again would take as
 * long as to write them.
 */
static inline void put_sum(struct weft_pkt *pkt, uint64_t pseudo, uint64_t sum, const struct ip_path *path)
{
    if (unlikely(path->ifp->offload & WEFT_OFFLOAD_CSUM))
        leave_checksum(pkt, csum_half(pseudo));
    else
        poke_u16(pkt->data + TCP_CHECKSUM_AT, (uint16_t)~csum_half(pseudo + sum));
}

/* The header of one without text, if it is of a kind that most of these are, and the sum of its words. */
static inline bool put_usual(struct weft_pkt *pkt, const struct segment *seg, uint64_t *sum)
{
    uint32_t n = pkt_total(pkt);

    if (n == TCP_STAMPED_HEADER && is_stamped(seg))
        *sum = tcp_emit_stamped(pkt->data, &seg->h, seg->o.ts_val, seg->o.ts_ecr);
    else if (n == TCP_FULL_SYN_HEADER && seg->h.flags & TCP_SYN &&
             tcp_options_are_full_syn(&seg->o, segment_layout(pkt->stack)))
        *sum = tcp_emit_full_syn(pkt->data, &seg->h, &seg->o);
    else
        return false;
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    return true;
}

/* Header and checksum of a plain one. */
static void put_plain(struct weft_pkt *pkt, struct segment *seg)
{
    struct csum sum = {0};
    uint64_t written;

    if (likely(put_usual(pkt, seg, &written))) {
        put_sum(pkt, ip_pseudo_sum_v4(seg->v4.local, seg->v4.remote, IP_PROTO_TCP, pkt->len), written, seg->path);
        return;
    }
    put_header(pkt, seg);
    ip_pseudo_header_v4(&sum, seg->v4.local, seg->v4.remote, IP_PROTO_TCP, pkt_total(pkt));
    put_checksum(pkt, sum, seg->path);
}

void segment_finish(weft_stack *s, struct weft_pkt *pkt, struct segment *seg)
{
    if (!seg->plain)
        find_names(seg);
    stack_count(s, WEFT_COUNT_tcp_out_segs);
    if (unlikely(!seg->plain)) {
        put_header(pkt, seg);
        finish_unusual(s, pkt, seg);
        return;
    }
    put_plain(pkt, seg);
    ip_output_plain(s, pkt, &(struct ip_plain){seg->v4.local, seg->v4.remote, IP_PROTO_TCP, seg->ttl, seg->tos, false},
                    seg->path);
}

void segment_send_stamped(weft_stack *s, struct weft_pkt *pkt, const struct stamped_segment *seg, const uint8_t *text,
                          uint32_t n, const struct ip_path *path)
{
    uint64_t pseudo = ip_pseudo_sum_v4(seg->local, seg->remote, IP_PROTO_TCP, TCP_STAMPED_HEADER + n);
    uint64_t sum = tcp_emit_stamped(pkt->data, &seg->h, seg->ts_val, seg->ts_ecr) + wire_sum(text, n);

    copy_bytes(pkt->data + TCP_STAMPED_HEADER, text, n);
    pkt->len = TCP_STAMPED_HEADER + n;
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    stack_count(s, WEFT_COUNT_tcp_out_segs);
    put_sum(pkt, pseudo, sum, path);
    ip_output_plain(s, pkt, &(struct ip_plain){seg->local, seg->remote, IP_PROTO_TCP, seg->ttl, seg->tos, false}, path);
}

/* Finds the path of a segment that brings none; false: there is none. */
static bool find_path(weft_stack *s, struct segment *seg, struct ip_path *path)
{
    struct weft_ip first = seg->way ? way_first_hop(seg->way, &seg->flow.remote.ip) : seg->flow.remote.ip;

    *path = (struct ip_path){0};
    seg->path = path;
    return route_lookup(s, &first, path) == 0;
}

/* To where seg->path says. */
static inline void reply_by_path(weft_stack *s, struct segment *seg)
{
    struct weft_pkt *pkt = segment_begin(s, seg, seg->h.flags & TCP_SYN);

    if (pkt)
        segment_finish(s, pkt, seg);
    else
        stack_drop(s, WEFT_DROP_no_memory);
}

void segment_reply(weft_stack *s, struct segment *seg)
{
    struct ip_path path, *brought = seg->path;

    if (brought || find_path(s, seg, &path))
        reply_by_path(s, seg);
    else
        stack_drop(s, WEFT_DROP_ip_no_route);
    seg->path = brought; /* what was looked up ends here */
}

SELDOM void segment_refuse(weft_stack *s, const struct tcp_seg *in)
{
    struct tcp_way way = way_back_of(in->pkt);
    struct segment out = {.flow = in->flow, .o = TCP_NO_OPTIONS, .h.flags = TCP_RST, .way = &way};

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
