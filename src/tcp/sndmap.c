/* SPDX-License-Identifier: MIT */
/* The segments in flight: the entries themselves, and what acknowledgments do to them; see sndmap.h. */
#include "tcp/sndmap_private.h"

void sndmap_init(struct sndmap *m, struct seq una)
{
    memset(m, 0, offsetof(struct sndmap, small));
    sndmap_begin(m, una);
}

void sndmap_clear(struct sndmap *m, struct mem *mem)
{
    if (m->heap)
        mem_free(mem, MEM_queue, m->heap, m->room * sizeof *m->heap);
    if (m->queue)
        mem_free(mem, MEM_queue, m->queue, m->queue_room * sizeof *m->queue);
    sndmap_init(m, m->una);
}

bool sndmap_reserve(struct sndmap *m, struct mem *mem, uint32_t more)
{
    uint32_t room = m->room;
    struct sent *heap;

    if (likely(m->count + more <= room))
        return true;
    while (room < m->count + more)
        room *= 2;
    if (room > SNDMAP_MAX)
        return false;
    heap = mem_alloc(mem, MEM_queue, room * sizeof *heap);
    if (!heap)
        return false;
    for (uint32_t i = 0; i < m->count; i++)
        heap[i] = *sndmap_at(m, i);
    if (m->heap)
        mem_free(mem, MEM_queue, m->heap, m->room * sizeof *m->heap);
    m->heap = heap;
    m->room = room;
    m->head = 0;
    return true;
}

void sndmap_sent(struct sndmap *m, const struct sent *s)
{
    struct sent *last;

    weft_assert(m->count < m->room, "callers reserve before they send");
    weft_assert(seq_gt(s->end, sndmap_end(m)), "only new data is noted here");
    m->total += s->segments;
    last = sndmap_at(m, m->count++);
    *last = *s;
    last->flags = s->flags & (SENT_STARVED | SENT_FIN | SENT_PUSH | SENT_RECORD);
    last->times = 0;
}

/* ---- marks and sums ---- */

void sndmap_uncount(struct sndmap *m, const struct sent *s, uint32_t n)
{
    m->total -= n;
    if (s->flags & SENT_SACKED)
        m->sacked -= n;
    if (s->flags & SENT_LOST)
        m->lost -= n;
    if (s->flags & SENT_AGAIN)
        m->again -= n;
    else if (s->flags & SENT_LOST)
        m->due -= n;
}

static void recount(struct sndmap *m, const struct sent *s)
{
    m->total += s->segments;
    if (s->flags & SENT_SACKED)
        m->sacked += s->segments;
    if (s->flags & SENT_LOST)
        m->lost += s->segments;
    if (s->flags & SENT_AGAIN)
        m->again += s->segments;
    else if (s->flags & SENT_LOST)
        m->due += s->segments;
}

void sndmap_mark(struct sndmap *m, struct sent *s, uint8_t flags)
{
    sndmap_uncount(m, s, s->segments);
    s->flags = flags;
    recount(m, s);
}

/* ---- finding and cutting ---- */

uint32_t sndmap_find(const struct sndmap *m, struct seq s)
{
    uint32_t lo = 0, hi = m->count;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (seq_le(sndmap_at(m, mid)->end, s))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Opens a place at index i by moving the entries on the shorter side; what was at i is at i + 1 then. */
static void open_place(struct sndmap *m, uint32_t i)
{
    m->count++;
    if (i < m->count / 2) {
        m->head = (m->head - 1) & (m->room - 1);
        for (uint32_t k = 0; k < i; k++)
            *sndmap_at(m, k) = *sndmap_at(m, k + 1);
    } else {
        for (uint32_t k = m->count - 1; k > i; k--)
            *sndmap_at(m, k) = *sndmap_at(m, k - 1);
    }
    m->due_from += m->due_from > i;
    m->fresh_from += m->fresh_from > i;
    m->count_from += m->count_from > i;
}

/* Segments of the rest of an entry. */
static uint16_t segments_from(const struct sent *s, struct seq from, uint32_t mss)
{
    return (uint16_t)sent_segments((uint32_t)seq_diff(s->end, from) - (s->flags & SENT_FIN ? 1 : 0), mss);
}

bool sndmap_is_pushed(const struct sndmap *m, struct seq start, struct seq end)
{
    for (uint32_t i = sndmap_find(m, start); i < m->count && seq_le(sndmap_at(m, i)->end, end); i++)
        if (sndmap_at(m, i)->flags & SENT_PUSH)
            return true;
    return false;
}

bool sndmap_cut(struct sndmap *m, struct mem *mem, uint32_t i, struct seq at, uint32_t mss)
{
    struct seq start = sndmap_start(m, i);
    struct sent whole, front;

    if (!sndmap_reserve(m, mem, 1))
        return false;
    whole = *sndmap_at(m, i);
    sndmap_uncount(m, &whole, whole.segments);
    if (i < m->count_from && whole.flags & SENT_SACKED)
        m->count_sacked -= whole.segments;
    open_place(m, i);
    front = whole;
    front.end = at;
    front.segments = (uint16_t)sent_segments((uint32_t)seq_diff(at, start), mss);
    front.flags &= (uint8_t)~(SENT_FIN | SENT_PUSH | SENT_RECORD);
    whole.segments = segments_from(&whole, at, mss);
    recount(m, &front);
    recount(m, &whole);
    if (i < m->count_from && whole.flags & SENT_SACKED)
        m->count_sacked += front.segments + whole.segments;
    *sndmap_at(m, i) = front;
    *sndmap_at(m, i + 1) = whole;
    return true;
}

/* ---- what arrived ---- */

void sndmap_news_init(struct sndmap_news *n, weft_time now, uint32_t mss)
{
    n->now = now;
    n->min_rtt = 0;
    n->echo_until = n->first_at = n->last_at = n->first_sacked_at = n->last_sacked_at = WEFT_NEVER;
    n->high = n->highest = n->reorder = seq(0);
    n->mss = mss;
    n->delivered = n->acked = n->sacked = 0;
    /* latest and newest count only with what they come with */
    n->original = n->again = n->reordered = n->proof = false;
}

/*
 * Can its arrival prove anything about what was sent before it? Not when it was sent again and came back too soon for
 * that copy, or no timestamp as late as it is echoed (RFC 8985 §6.2 step 2).
 */
static bool is_proof(const struct sndmap_news *n, const struct sent *s, weft_time echo_until)
{
    return !(s->flags & SENT_EVER) || (n->now - s->at >= n->min_rtt && s->at <= echo_until);
}

/* Something arrived for the first time. */
static void arrived(struct sndmap_news *n, const struct sent *s, uint32_t segments, weft_time echo_until)
{
    struct departure then = sent_departure(s), newest = sent_departure(&n->newest);

    if (n->delivered == 0 || departed_later(&then, &newest))
        n->newest = *s;
    n->delivered += segments;
    if (!is_proof(n, s, echo_until))
        return;
    if (!n->proof || departed_later(&then, &n->latest))
        n->latest = then;
    n->proof = true;
    n->proof_at = s->at;
}

static void late(struct sndmap_news *n, struct seq start)
{
    n->reorder = n->reordered ? seq_min(n->reorder, start) : start;
    n->reordered = true;
}

/* An entry, or `segments` of its front, leaves by the acknowledgment's number. */
static void leave(struct sndmap_news *n, const struct sent *s, struct seq start, uint32_t segments)
{
    n->acked += segments;
    if (s->flags & SENT_EVER) {
        n->again = true;
    } else if (!(s->flags & SENT_SACKED)) {
        n->last_at = s->at;
        if (n->first_at == WEFT_NEVER)
            n->first_at = s->at;
        n->original |= seq_le(s->end, n->high);
        late(n, start);
    }
    if (!(s->flags & SENT_SACKED))
        arrived(n, s, segments, n->echo_until);
}

/* The front of an entry is acknowledged: whole segments of it leave. */
static void trim_first(struct sndmap *m, struct seq ack, struct sndmap_news *n)
{
    struct sent *s = sndmap_at(m, 0);
    uint32_t rest = segments_from(s, ack, n->mss);
    uint32_t gone = s->segments > rest ? s->segments - rest : 0;
    struct seq end = s->end;

    if (gone) {
        s->end = ack; /* as long as it is looked at: what is behind has not arrived, and went out later */
        leave(n, s, m->una, gone);
        s->end = end;
        sndmap_uncount(m, s, gone);
        if (m->count_from && s->flags & SENT_SACKED)
            m->count_sacked -= gone;
        s->segments = (uint16_t)(s->segments - gone);
    }
    m->una = ack;
}

void sndmap_ack(struct sndmap *m, struct mem *mem, struct seq ack, struct sndmap_news *n)
{
    uint32_t gone = 0;

    weft_assert(seq_ge(ack, m->una) && seq_le(ack, sndmap_end(m)), "the ACK step checks the range");
    while (gone < m->count && seq_le(sndmap_at(m, gone)->end, ack)) {
        struct sent *s = sndmap_at(m, gone);

        leave(n, s, m->una, s->segments);
        sndmap_uncount(m, s, s->segments);
        if (gone < m->count_from && s->flags & SENT_SACKED)
            m->count_sacked -= s->segments;
        m->una = s->end;
        gone++;
    }
    m->head = (m->head + gone) & (m->room - 1);
    m->count -= gone;
    m->due_from -= min_u32(m->due_from, gone);
    m->fresh_from -= min_u32(m->fresh_from, gone);
    m->count_from -= min_u32(m->count_from, gone);
    if (seq_gt(ack, m->una))
        trim_first(m, ack, n);
    /* Late is what comes after a later one was reported. One that is reported with it overtook nobody: a delayed
     * acknowledgment is sent at once when what comes next leaves a hole. */
    if (n->reordered && !seq_lt(n->reorder, n->highest))
        n->reordered = false;
    if (m->count == 0 && (m->heap || m->queue))
        sndmap_clear(m, mem);
}

/* Does it lie in what is in flight, behind its first byte? As offsets, for the peer may put any two numbers in it. */
static bool is_plausible(const struct sndmap *m, struct tcp_sack_block block)
{
    uint32_t start = block.start.v - m->una.v, end = block.end.v - m->una.v;

    return start > 0 && start < end && end <= sndmap_end(m).v - m->una.v;
}

/*
 * An entry is sacked. What is echoed is the timestamp of what stands at the left edge (RFC 7323 §4.3), whichever copy
 * of this one arrived: read as RFC 8985 words it, no probe of a lost tail would ever prove anything.
 */
static void sack_one(struct sndmap *m, uint32_t i, struct sndmap_news *n)
{
    struct sent *s = sndmap_at(m, i);
    struct seq start = sndmap_start(m, i);
    uint8_t flags = (uint8_t)((s->flags & ~SENT_LOST) | SENT_SACKED);

    arrived(n, s, s->segments, WEFT_NEVER);
    n->sacked += s->segments;
    if (!(s->flags & SENT_EVER)) {
        if (m->sacked && seq_lt(start, m->highest)) /* a hole that no retransmission filled */
            late(n, start);
        n->original |= seq_le(s->end, n->high);
        n->last_sacked_at = s->at;
        if (n->first_sacked_at == WEFT_NEVER)
            n->first_sacked_at = s->at;
    }
    if (s->flags & SENT_LOST) /* not marked, the copy is believed to be under way still */
        flags &= (uint8_t)~SENT_AGAIN;
    m->highest = m->sacked ? seq_max(m->highest, start) : start;
    if (i < m->count_from)
        m->count_sacked += s->segments;
    sndmap_mark(m, s, flags);
}

/*
 * A block covers a part of entry i, from its byte `from` up to `to`: cuts off what it covers in whole segments. Returns
 * the index of that piece; UINT32_MAX when there is no whole segment, or no memory.
 */
static uint32_t cut_out(struct sndmap *m, struct mem *mem, uint32_t i, uint32_t from, uint32_t to, uint32_t mss)
{
    struct seq start = sndmap_start(m, i);
    uint32_t len = (uint32_t)seq_diff(sndmap_at(m, i)->end, start);
    uint32_t first = (from + mss - 1) / mss * mss, last = to == len ? len : to / mss * mss;

    if (sndmap_at(m, i)->segments <= 1 || sndmap_at(m, i)->flags & SENT_SACKED || first >= last)
        return UINT32_MAX;
    if (last < len && !sndmap_cut(m, mem, i, seq_add(start, last), mss))
        return UINT32_MAX;
    if (first > 0) {
        if (!sndmap_cut(m, mem, i, seq_add(start, first), mss))
            return UINT32_MAX;
        i++;
    }
    return i;
}

void sndmap_sack(struct sndmap *m, struct mem *mem, struct tcp_sack_block block, struct sndmap_news *n)
{
    uint32_t i;

    if (!is_plausible(m, block))
        return;
    i = sndmap_find(m, block.start);
    while (i < m->count && seq_lt(sndmap_start(m, i), block.end)) {
        struct sent *s = sndmap_at(m, i);
        struct seq start = sndmap_start(m, i), end = s->end;
        bool whole = seq_ge(start, block.start) && seq_le(end, block.end);
        uint32_t piece = i;

        if (!whole)
            piece = cut_out(m, mem, i, (uint32_t)seq_diff(seq_max(start, block.start), start),
                            (uint32_t)seq_diff(seq_min(end, block.end), start), n->mss);
        if (piece != UINT32_MAX && !(sndmap_at(m, piece)->flags & SENT_SACKED))
            sack_one(m, piece, n);
        if (seq_ge(end, block.end))
            break;
        i = (piece == UINT32_MAX ? i : piece) + 1;
    }
}

uint32_t sndmap_duplicate(struct sndmap *m, struct tcp_sack_block block)
{
    uint32_t n = 0;

    if (!is_plausible(m, block))
        return 0;
    for (uint32_t i = sndmap_find(m, block.start); i < m->count && seq_le(sndmap_at(m, i)->end, block.end); i++) {
        struct sent *s = sndmap_at(m, i);

        if (seq_lt(sndmap_start(m, i), block.start) || !(s->flags & SENT_EVER))
            continue;
        n += s->segments;
        if (s->flags & SENT_AGAIN)
            sndmap_mark(m, s, (uint8_t)(s->flags & ~SENT_AGAIN));
    }
    return n;
}
