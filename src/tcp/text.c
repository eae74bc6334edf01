/* SPDX-License-Identifier: MIT */
/*
 * The seventh step of RFC 9293 §3.10.7.4: the text of a segment, cut to the window by now. In order it goes to the
 * user, out of order it is kept; it says how large the peer's segments are and how far the window may grow; and it is
 * to be acknowledged, now or a little later.
 */
#include "tcp/account.h"
#include "tcp/acking.h"
#include "tcp/arrives.h"
#include "tcp/foreseen.h"
#include "tcp/path.h"
#include "tcp/segment.h"
#include "tcp/state.h"
#include "tcp/work.h"

#define MARKED_QUICK 2 /* acknowledgments at once after a mark, as on Linux */

/* ---- what the text tells about the way it came ---- */

/* The payload of a segment before it was trimmed. */
static uint32_t whole_len(const struct tcp_seg *seg) { return pkt_total(seg->pkt) - seg->h.header_len; }

/* The same as it was on the wire: a merged one says how large its parts were. */
static uint32_t part_len(const struct tcp_seg *seg)
{
    const struct weft_pkt *pkt = seg->pkt;

    return min_u32(whole_len(seg), pkt->gso_size ? pkt->gso_size : pkt->ifp->mtu);
}

/* What the peer's full segments carry, from the largest seen, and what share of the memory that is. */
static void note_full_segment(struct tcp_conn *c, const struct tcp_seg *seg)
{
    uint32_t len = min_u32(part_len(seg), conn_announced_mss(c));
    uint32_t options = seg->h.header_len - TCP_HEADER - (c->ts_ok ? TS_OPTION : 0u);
    bool bare = !seg_has(seg, TCP_FIN | TCP_URG | TCP_PSH);
    uint32_t full = ackpolicy_measure(&c->work->ack, len, options, c->rcv_mss, seg_has(seg, TCP_PSH), bare);

    if (full > c->rcv_mss)
        rcvspace_learn_ratio(&c->rcvspace, full, c->rcv.edge.v - c->rcv.acked.v);
    c->rcv_mss = (uint16_t)full;
}

/* The round trip as a receiver sees it: from an echoed timestamp, or from how long one window takes. */
static void measure_round_trip(struct tcp_conn *c, const struct tcp_seg *seg)
{
    struct rcvtune *t = &c->work->rcvtune;
    int32_t ms;

    rcvtune_begin(t, &c->rcvspace, conn_announced_mss(c), conn_unread_from(c), conn_now(c));
    rcvtune_arrived(t, c->rcv.nxt, conn_open_window(c), conn_now(c));
    if (!c->ts_ok || !seg->o.has_ts || seg->o.ts_ecr == t->echoed)
        return;
    t->echoed = seg->o.ts_ecr;
    ms = (int32_t)(ts_clock(conn_now(c), c->ts_offset) - seg->o.ts_ecr);
    if (ms >= 0 && seg->len >= c->rcv_mss)
        rcvtune_rtt(t, max_u64((weft_time)ms, 1) * WEFT_MS, false);
}

/* Text was stored: what does it cost? before: what was there. */
static void note_cost(struct tcp_conn *c, const struct tcp_seg *seg, bool in_order, uint32_t before)
{
    uint32_t len = whole_len(seg), part = seg->pkt->gso_size;

    rcvcost_add(&c->work->rcvcost, &c->rcvspace, part ? min_u32(part, len) : len, stats_segments(len, part), in_order,
                before, conn_held(c));
}

/* More of it may be promised. */
static void grow_promise(struct tcp_conn *c, const struct tcp_seg *seg)
{
    bool grew;

    if (whole_len(seg) < TCP_GROWS_FROM)
        return;
    grew = rcvspace_grow(&c->rcvspace, part_len(seg), conn_cost(c), conn_announced_mss(c), c->rcv_mss,
                         (uint32_t)tcp_config(c->ep.stack)->receive_buffer_max);
    if (grew && tcp_config(c->ep.stack)->quick_acks) /* a sender who may go faster should know */
        c->pace.quick |= 1;
}

/* ---- where it goes ---- */

/* Each segment has its own answer, as if merged ones had come one by one; a copy of what is here hurries us. */
static void acknowledge_hole(struct tcp_conn *c, const struct tcp_seg *seg, bool stored)
{
    if (!stored)
        conn_hurry_acks(c, 0);
    conn_acknowledge_holes(c, stats_segments(seg->len, seg->pkt->gso_size));
}

/* Out of order: kept, and answered at once so that the sender can count (RFC 5681 §4.2). */
SELDOM static enum tcp_step keep_for_later(struct tcp_conn *c, struct tcp_seg *seg, const struct span *pieces,
                                           unsigned n)
{
    struct tcp_work *w = c->work;
    unsigned most = (unsigned)tcp_config(c->ep.stack)->max_out_of_order;
    struct seq end = seq_add(seg->h.seq, seg->len);
    uint32_t before = conn_held(c), stored;
    struct tcp_sack_block known;
    bool full;

    if (c->stats)
        c->stats->out_of_order += stats_segments(seg->len, seg->pkt->gso_size);
    if (reasm_known(&w->reasm, seg->h.seq, end, &known))
        conn_note_twice(c, known.start, known.end);
    if (mem_is_tight(&c->ep.stack->mem)) { /* its peer has it still, and sends it again */
        acknowledge_hole(c, seg, false);
        return seg_drop(seg, WEFT_DROP_no_memory);
    }
    stored = reasm_insert(&w->reasm, &c->ep.stack->mem, &c->ep.stack->blocks, most, seg->h.seq, pieces, n, &full);

    if (stored)
        note_cost(c, seg, false, before);
    if (stored && c->sack_ok) /* else the window would change, and no answer count as a duplicate */
        grow_promise(c, seg);
    acknowledge_hole(c, seg, stored > 0);
    if (full)
        return seg_drop(seg, WEFT_DROP_tcp_out_of_order_full);
    if (seg_has(seg, TCP_FIN)) { /* on text that came before without it, too */
        w->peer_fin_known = true;
        w->peer_fin = end;
    }
    if (stored == 0)
        return seg_drop(seg, WEFT_DROP_tcp_duplicate);
    stack_count(c->ep.stack, WEFT_COUNT_tcp_out_of_order);
    return TCP_DONE;
}

/* What came out of order and joins now. */
SELDOM static void join(struct tcp_conn *c)
{
    struct tcp_work *w = c->work;

    c->rcv.nxt = reasm_join(&w->reasm, &c->ep.stack->mem, c->rcv.nxt, &w->recvq);
}

/*
 * When memory is tight there is as much to read as tcp_rmem says that each may have at least, and no more until that is
 * read: the peer has it still. Cuts the pieces to that; returns how many are left.
 */
SELDOM static unsigned cut_to_share(const struct tcp_conn *c, struct span *kept, const struct span *pieces, unsigned n)
{
    uint32_t share = (uint32_t)min_size(tcp_config(c->ep.stack)->receive_buffer_min, UINT32_MAX);
    uint32_t unread = c->work->recvq.bytes, left = unread < share ? share - unread : 0;
    unsigned i;

    for (i = 0; i < n && left; i++) {
        kept[i] = pieces[i];
        kept[i].len = min_u32(kept[i].len, left);
        left -= kept[i].len;
    }
    return i;
}

static enum tcp_step take_in_order(struct tcp_conn *c, struct tcp_seg *seg, const struct span *pieces, unsigned n)
{
    struct tcp_work *w = c->work;
    weft_stack *s = c->ep.stack;
    bool had_hole = w->reasm.count > 0;
    struct seq before = c->rcv.nxt;
    uint32_t held = conn_held(c), taken;
    struct tcp_sack_block known;
    struct span kept[PKT_SPANS + 1];

    measure_round_trip(c, seg);
    conn_text_came(c);
    if (unlikely(mem_is_tight(&s->mem))) {
        n = cut_to_share(c, kept, pieces, n);
        pieces = kept;
    }
    taken = recvq_push(&w->recvq, &s->mem, &s->blocks, pieces, n);
    c->rcv.nxt = seq_add(c->rcv.nxt, taken);
    note_cost(c, seg, true, held);
    grow_promise(c, seg);
    if (had_hole && reasm_known(&w->reasm, before, c->rcv.nxt, &known) && !conn_reports_twice(c))
        conn_note_twice(c, known.start, known.end); /* one can be told: that its front was old goes before */
    if (had_hole)
        join(c);
    if (c->stats)
        c->stats->bytes_received += c->rcv.nxt.v - before.v;
    if (had_hole && w->reasm.count == 0) /* the hole is filled (RFC 5681 §4.2) */
        ackpolicy_now(&w->ack);
    if (taken < seg->len)
        seg->h.flags &= (uint16_t)~TCP_FIN;
    if (!seg_has(seg, TCP_FIN)) /* else the last step decides for both */
        conn_acknowledge(c);
    endpoint_notify(&c->ep, WEFT_READABLE);
    if (taken < seg->len)
        return seg_drop(seg, WEFT_DROP_no_memory);
    return TCP_CONTINUE;
}

/* Has the user closed both ways, or gone? Until our FIN went with close or shutdown of both, what comes is kept. */
static bool is_unwanted(const struct tcp_conn *c)
{
    return c->orphan || (c->read_shut && c->fin_wanted);
}

/* Text for a user who will not read it: the peer must know that it was lost (SHLD-3). The answer is Linux's. */
SELDOM static enum tcp_step reset_unwanted(struct tcp_conn *c, struct tcp_seg *seg)
{
    seg->why = WEFT_DROP_tcp_after_close;
    conn_why(c, WEFT_WHY_close_text_after_close, seg->len);
    segment_refuse(c->ep.stack, seg);
    conn_finish(c, c->orphan ? 0 : WEFT_ECONNRESET);
    return TCP_GONE;
}

/* The byte at the urgent mark is kept beside the stream, whatever order it comes in. */
static void note_urgent_byte(struct tcp_conn *c, const struct tcp_seg *seg)
{
    uint32_t offset;
    uint8_t byte;

    if (likely(c->work->urgent.state != URGENT_AWAITED) ||
        !urgent_lies_in(&c->work->urgent, seg->h.seq, seg->len, &offset))
        return;
    pkt_copy(seg->pkt, seg->offset + offset, &byte, sizeof byte);
    urgent_arrived(&c->work->urgent, byte);
    endpoint_notify(&c->ep, WEFT_URGENT);
}

enum tcp_step text_arrives(struct tcp_conn *c, struct tcp_seg *seg)
{
    struct span pieces[PKT_SPANS + 1];
    unsigned n;

    if (seg->len == 0)
        return TCP_CONTINUE;
    if (!state_can_receive(c->state)) {
        conn_remind(c);
        return seg_drop(seg, WEFT_DROP_tcp_after_fin);
    }
    if (is_unwanted(c))
        return reset_unwanted(c, seg);
    if (!conn_work(c))
        return seg_drop(seg, WEFT_DROP_no_memory);
    note_full_segment(c, seg);
    if (unlikely(c->ecn.on) && ecn_text(&c->ecn, seg->pkt->tos))
        conn_hurry_acks(c, MARKED_QUICK);
    note_urgent_byte(c, seg);
    n = pkt_slices(seg->pkt, seg->offset, seg->len, pieces);
    if (seq_eq(seg->h.seq, c->rcv.nxt))
        return take_in_order(c, seg, pieces, n);
    return keep_for_later(c, seg, pieces, n);
}

/*
 * take_in_order of less than TCP_GROWS_FROM bytes, when nothing is unread before them and they lie in no block that
 * could be kept: they are copied, and no more is promised for them. False, and nothing has happened: it is not so.
 */
static inline bool take_first(struct tcp_conn *c, const struct tcp_seg *seg)
{
    const struct weft_pkt *pkt = seg->pkt;
    struct recvq *q = &c->work->recvq;

    if (q->bytes || pkt->block || pkt->n_spans ||
        !spanring_copy_first(&q->ring, &c->ep.stack->blocks, pkt->data + seg->offset, seg->len))
        return false;
    measure_round_trip(c, seg);
    conn_text_came(c);
    q->bytes = seg->len;
    c->rcv.nxt = seq_add(c->rcv.nxt, seg->len);
    rcvcost_first(&c->work->rcvcost, &c->rcvspace, seg->len);
    c->stats->bytes_received += seg->len;
    conn_acknowledge(c);
    endpoint_notify(&c->ep, WEFT_READABLE);
    return true;
}

enum tcp_step text_foreseen(struct tcp_conn *c, struct tcp_seg *seg)
{
    struct span pieces[PKT_SPANS + 1];

    weft_assert(state_can_receive(c->state) && !is_unwanted(c), "usual.h");
    note_full_segment(c, seg);
    if (likely(take_first(c, seg)))
        return TCP_CONTINUE;
    return take_in_order(c, seg, pieces, pkt_slices(seg->pkt, seg->offset, seg->len, pieces));
}
