/* SPDX-License-Identifier: MIT */
/* The segments in flight; see sndmap.h. */
#include "tcp/sndmap.h"

void sndmap_init(struct sndmap *m, struct seq una)
{
    m->heap = NULL;
    m->room = SNDMAP_SMALL;
    m->head = m->count = 0;
    m->una = una;
    m->sacked = m->lost = m->hint = 0;
}

void sndmap_clear(struct sndmap *m, struct mem *mem)
{
    if (m->heap)
        mem_free(mem, MEM_queue, m->heap, m->room * sizeof *m->heap);
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

static struct seq start_of(const struct sndmap *m, uint32_t i) { return i ? sndmap_at(m, i - 1)->end : m->una; }

static uint32_t len_of(const struct sndmap *m, uint32_t i)
{
    return (uint32_t)seq_diff(sndmap_at(m, i)->end, start_of(m, i));
}

void sndmap_sent(struct sndmap *m, struct seq end, weft_time now)
{
    weft_assert(m->count < m->room, "callers reserve before they send");
    weft_assert(seq_gt(end, sndmap_end(m)), "only new data is noted here");
    *sndmap_at(m, m->count++) = (struct sent){.at = now, .end = end};
}

/* Takes a segment's bytes out of the sums before it changes or goes. */
static void uncount(struct sndmap *m, const struct sent *s, uint32_t len)
{
    if (s->flags & SENT_SACKED)
        m->sacked -= len;
    if (s->flags & SENT_LOST)
        m->lost -= len;
}

/* One more delivery: what it says about bytes and round trips. */
static void delivered(struct sndmap_acked *acked, const struct sent *s, uint32_t len)
{
    if (s->flags & SENT_SACKED)
        return; /* told before */
    acked->bytes += len;
    if (!(s->flags & SENT_AGAIN))
        acked->sent_at = s->at;
}

struct sndmap_acked sndmap_ack(struct sndmap *m, struct mem *mem, struct seq ack)
{
    struct sndmap_acked acked = {.sent_at = WEFT_NEVER};
    bool doubtful = false;

    weft_assert(seq_ge(ack, m->una) && seq_le(ack, sndmap_end(m)), "the ACK step checks the range");
    while (m->count && seq_gt(ack, m->una)) {
        struct sent *s = sndmap_at(m, 0);
        struct seq upto = seq_min(ack, s->end);
        uint32_t len = (uint32_t)seq_diff(upto, m->una);

        doubtful |= (s->flags & (SENT_AGAIN | SENT_SACKED)) == SENT_AGAIN;
        delivered(&acked, s, len);
        uncount(m, s, len);
        m->una = upto;
        if (seq_lt(upto, s->end))
            break;
        m->head = (m->head + 1) & (m->room - 1);
        m->count--;
        m->hint -= m->hint > 0;
        acked.segments++;
    }
    if (doubtful) /* what came behind a hole was acknowledged when the hole was filled, not when it arrived */
        acked.sent_at = WEFT_NEVER;
    if (m->count == 0 && m->heap)
        sndmap_clear(m, mem);
    return acked;
}

/* The index of the entry that holds s (una <= s < end). */
static uint32_t find(const struct sndmap *m, struct seq s)
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

/* Makes an entry begin at s; false when out of memory. */
static bool split(struct sndmap *m, struct mem *mem, struct seq s)
{
    uint32_t i = find(m, s);
    struct sent whole;

    if (i == m->count || seq_eq(start_of(m, i), s))
        return true;
    if (!sndmap_reserve(m, mem, 1))
        return false;
    whole = *sndmap_at(m, i);
    for (uint32_t k = m->count; k > i; k--)
        *sndmap_at(m, k) = *sndmap_at(m, k - 1);
    m->count++;
    m->hint += m->hint > i;
    sndmap_at(m, i)->end = s;
    *sndmap_at(m, i + 1) = whole;
    return true;
}

/* Does it lie in what is in flight, behind its first byte? As offsets, for the peer may put any two numbers in it. */
static bool is_plausible(const struct sndmap *m, struct tcp_sack_block block)
{
    uint32_t start = block.start.v - m->una.v, end = block.end.v - m->una.v;

    return start > 0 && start < end && end <= sndmap_total(m);
}

uint32_t sndmap_sack(struct sndmap *m, struct mem *mem, struct tcp_sack_block block, struct sndmap_acked *acked)
{
    uint32_t before = m->sacked;

    if (!is_plausible(m, block))
        return 0;
    if (!split(m, mem, block.start) || !split(m, mem, block.end))
        return 0;
    for (uint32_t i = find(m, block.start); i < m->count && seq_le(sndmap_at(m, i)->end, block.end); i++) {
        struct sent *s = sndmap_at(m, i);
        uint32_t len = len_of(m, i);

        if (s->flags & SENT_SACKED)
            continue;
        delivered(acked, s, len);
        uncount(m, s, len);
        s->flags = (uint8_t)((s->flags & ~SENT_LOST) | SENT_SACKED);
        m->sacked += len;
    }
    return m->sacked - before;
}

uint32_t sndmap_detect(struct sndmap *m, unsigned dup_thresh, uint32_t mss)
{
    uint32_t before = m->lost;
    uint32_t bytes = 0, segments = 0; /* sacked, behind the one looked at */

    if (m->sacked == 0)
        return 0;
    for (uint32_t i = m->count; i-- > 0;) {
        struct sent *s = sndmap_at(m, i);
        uint32_t len = len_of(m, i);

        if (s->flags & SENT_SACKED) {
            bytes += len;
            segments++;
        } else if ((segments >= dup_thresh || bytes > (dup_thresh - 1) * mss) &&
                   !(s->flags & (SENT_LOST | SENT_AGAIN))) {
            s->flags |= SENT_LOST;
            m->lost += len;
            m->hint = min_u32(m->hint, i);
        }
    }
    return m->lost - before;
}

bool sndmap_lose_first(struct sndmap *m, struct mem *mem, uint32_t mss)
{
    struct sent *s;

    if (m->count == 0)
        return false;
    if (len_of(m, 0) > mss)
        split(m, mem, seq_add(m->una, mss)); /* without memory the whole of it counts as lost: only less exact */
    s = sndmap_at(m, 0);
    if (!(s->flags & (SENT_LOST | SENT_SACKED))) {
        s->flags |= SENT_LOST;
        m->lost += len_of(m, 0);
        m->hint = 0;
    }
    return true;
}

void sndmap_lose_larger(struct sndmap *m, uint32_t len)
{
    for (uint32_t i = m->count; i-- > 0;) {
        struct sent *s = sndmap_at(m, i);

        if (len_of(m, i) > len && !(s->flags & (SENT_LOST | SENT_SACKED))) {
            s->flags |= SENT_LOST;
            m->lost += len_of(m, i);
            m->hint = min_u32(m->hint, i);
        }
    }
}

void sndmap_lose_all(struct sndmap *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        sndmap_at(m, i)->flags = (uint8_t)((sndmap_at(m, i)->flags & ~SENT_SACKED) | SENT_LOST);
    m->sacked = m->hint = 0;
    m->lost = sndmap_total(m);
}

bool sndmap_next_lost(struct sndmap *m, uint32_t most, struct seq *start, uint32_t *len)
{
    if (m->lost == 0)
        return false;
    while (!(sndmap_at(m, m->hint)->flags & SENT_LOST))
        m->hint++;
    weft_assert(m->hint < m->count, "lost bytes are the sum over lost entries, none of which is before the hint");
    *start = start_of(m, m->hint);
    *len = 0;
    for (uint32_t i = m->hint; i < m->count && *len < most && sndmap_at(m, i)->flags & SENT_LOST; i++)
        *len += len_of(m, i);
    *len = min_u32(*len, most);
    return true;
}

/* Makes one entry of those from i up to, and without, j: the ones before i move up. */
static void merge(struct sndmap *m, uint32_t i, uint32_t j)
{
    uint32_t gone = j - i - 1;

    if (gone == 0)
        return;
    for (uint32_t k = i; k-- > 0;)
        *sndmap_at(m, k + gone) = *sndmap_at(m, k);
    m->head = (m->head + gone) & (m->room - 1);
    m->count -= gone;
}

bool sndmap_resent(struct sndmap *m, struct mem *mem, struct seq start, uint32_t len, weft_time now)
{
    struct seq end = seq_add(start, len);
    uint32_t i, j;

    if (!split(m, mem, end))
        return false;
    i = find(m, start);
    for (j = i; j < m->count && seq_le(sndmap_at(m, j)->end, end); j++)
        uncount(m, sndmap_at(m, j), len_of(m, j));
    weft_assert(j > i && seq_eq(start_of(m, i), start), "callers resend what sndmap_next_lost gave");
    merge(m, i, j); /* what was entry j - 1, and ends at `end`, is entry i now */
    *sndmap_at(m, i) = (struct sent){.at = now, .end = end, .flags = SENT_AGAIN};
    m->hint = i;
    return true;
}
