/* SPDX-License-Identifier: MIT */
/* Segments of a batch that continue each other; see merge.h. */
#include "tcp/merge.h"

#define MERGED_MAX 65535 /* bytes, headers included: what a super-segment from a link may have */

/* Text and an acknowledgment and nothing else, in a block that can be shared. */
static bool is_plain(const struct tcp_seg *seg)
{
    return (seg->h.flags & (uint16_t)~TCP_PSH) == TCP_ACK && seg->len && seg->o.n_sack == 0 && seg->pkt->block &&
           seg->pkt->n_spans == 0;
}

bool merge_may_hold(const struct tcp_seg *seg) { return is_plain(seg) && seg->pkt->gso_size == 0; }

void merge_hold(struct merge *m, const struct tcp_seg *seg)
{
    m->held = *seg;
    m->pieces = 1;
}

static bool same_flow(const struct tcp_flow *a, const struct tcp_flow *b)
{
    return a->local.port == b->local.port && a->remote.port == b->remote.port && ip_eq(&a->local.ip, &b->local.ip) &&
           ip_eq(&a->remote.ip, &b->remote.ip);
}

/* Does the header say the same, but for its place in the stream? */
static bool same_words(const struct tcp_seg *a, const struct tcp_seg *b)
{
    return seq_eq(a->h.ack, b->h.ack) && a->h.window == b->h.window && a->o.has_ts == b->o.has_ts &&
           (!a->o.has_ts || (a->o.ts_val == b->o.ts_val && a->o.ts_ecr == b->o.ts_ecr)) &&
           a->pkt->ttl == b->pkt->ttl && a->pkt->tos == b->pkt->tos && a->pkt->ifp == b->pkt->ifp;
}

/* All pieces but the last are of one size, as in a super-segment that a link delivers. */
static bool fits(const struct merge *m, const struct tcp_seg *seg)
{
    uint32_t size = m->pieces == 1 ? m->held.len : m->held.pkt->gso_size;

    return seg->len <= size && m->held.len == m->pieces * size &&
           pkt_total(m->held.pkt) + seg->len <= MERGED_MAX && m->held.pkt->n_spans < PKT_SPANS;
}

bool merge_add(struct merge *m, const struct tcp_seg *seg)
{
    struct tcp_seg *held = &m->held;

    if (!held->pkt || !is_plain(seg) || !seq_eq(seg->h.seq, seq_add(held->h.seq, held->len)) ||
        !same_flow(&seg->flow, &held->flow) || !same_words(seg, held) || !fits(m, seg))
        return false;
    if (m->pieces == 1)
        held->pkt->gso_size = (uint16_t)held->len;
    pkt_add_span(held->pkt, seg->pkt->block, seg->pkt->data + seg->offset, seg->len);
    held->len += seg->len;
    held->h.flags |= seg->h.flags;
    m->pieces++;
    pkt_release(seg->pkt);
    return true;
}

bool merge_take(struct merge *m, struct tcp_seg *seg)
{
    if (!m->held.pkt)
        return false;
    *seg = m->held;
    m->held.pkt = NULL;
    return true;
}
