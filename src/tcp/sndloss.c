/* SPDX-License-Identifier: MIT */
/* The segments in flight: which are lost, and sending them again; see sndmap.h. */
#include "tcp/sndmap_private.h"

#define LOOK_AHEAD 32 /* entries that are looked at to see how long the last of them has to wait */

static void lose(struct sndmap *m, uint32_t i, struct sndmap_lost *found)
{
    struct sent *s = sndmap_at(m, i);
    uint8_t flags = (uint8_t)((s->flags & ~SENT_AGAIN) | SENT_LOST);

    if (s->flags & SENT_SACKED || flags == s->flags)
        return;
    found->segments += s->segments;
    if (s->flags & SENT_AGAIN)
        found->again += s->segments;
    sndmap_mark(m, s, flags);
    m->due_from = min_u32(m->due_from, i);
}

/* ---- by time ---- */

static bool went_before(const struct sndmap_clock *q, const struct sent *s)
{
    struct departure then = sent_departure(s);

    return departed_later(&q->proof, &then);
}

/* How long it has to wait before it counts as lost; 0: it does. */
static weft_time remaining(const struct sndmap_clock *q, weft_time at)
{
    weft_time age = q->now - at;

    return age >= q->patience ? 0 : q->patience - age;
}

static bool is_fresh(const struct sent *s) { return !(s->flags & (SENT_SACKED | SENT_LOST | SENT_EVER)); }

/* What was sent once: by sequence is by time. */
static void detect_fresh(struct sndmap *m, const struct sndmap_clock *q, struct sndmap_lost *found)
{
    for (; m->fresh_from < m->count; m->fresh_from++) {
        struct sent *s = sndmap_at(m, m->fresh_from);

        if (!is_fresh(s))
            continue;
        if (!went_before(q, s) || remaining(q, s->at))
            break;
        lose(m, m->fresh_from, found);
    }
    for (uint32_t i = m->fresh_from; i < m->count && i - m->fresh_from < LOOK_AHEAD; i++) {
        struct sent *s = sndmap_at(m, i);

        if (!is_fresh(s)) /* sent again, it says nothing of when those behind it went */
            continue;
        if (!went_before(q, s))
            break;
        found->wait = max_u64(found->wait, remaining(q, s->at));
    }
}

static struct resent *queue_at(const struct sndmap *m, uint32_t i)
{
    weft_assert(i < m->queue_count, "callers ask for what is in the queue");
    return &m->queue[(m->queue_head + i) & (m->queue_room - 1)];
}

/* Does this entry wait for the fate of that transmission? It may have been cut, sacked, or sent again since. */
static bool waits(const struct sent *s, const struct resent *r)
{
    return s->at == r->at && !(s->flags & SENT_SACKED) && (s->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST;
}

/* The first entry from i on that does; UINT32_MAX: none, it is history. */
static uint32_t pending(const struct sndmap *m, const struct resent *r, uint32_t i)
{
    for (; i < m->count && seq_lt(sndmap_start(m, i), r->end); i++)
        if (waits(sndmap_at(m, i), r))
            return i;
    return UINT32_MAX;
}

static uint32_t first_pending(const struct sndmap *m, const struct resent *r)
{
    if (m->count == 0 || seq_le(r->end, m->una))
        return UINT32_MAX;
    return pending(m, r, sndmap_find(m, seq_max(r->start, m->una)));
}

/* What was sent again: in the order in which that was. Of a train, what went behind the proof is to come still. */
static void detect_resent(struct sndmap *m, const struct sndmap_clock *q, struct sndmap_lost *found)
{
    while (m->queue_count) {
        const struct resent *r = queue_at(m, 0);
        uint32_t i = first_pending(m, r);

        if (i != UINT32_MAX && (!went_before(q, sndmap_at(m, i)) || remaining(q, r->at)))
            break;
        for (; i != UINT32_MAX && went_before(q, sndmap_at(m, i)); i = pending(m, r, i + 1))
            lose(m, i, found);
        if (i != UINT32_MAX)
            break;
        m->queue_head = (m->queue_head + 1) & (m->queue_room - 1);
        m->queue_count--;
    }
    for (uint32_t k = 0; k < m->queue_count && k < LOOK_AHEAD; k++) {
        const struct resent *r = queue_at(m, k);
        uint32_t i = first_pending(m, r);

        if (i == UINT32_MAX)
            continue;
        if (!went_before(q, sndmap_at(m, i)))
            break;
        found->wait = max_u64(found->wait, remaining(q, r->at));
    }
}

struct sndmap_lost sndmap_detect_by_time(struct sndmap *m, const struct sndmap_clock *q)
{
    struct sndmap_lost found = {0};

    detect_fresh(m, q, &found);
    detect_resent(m, q, &found);
    return found;
}

/* ---- by count ---- */

uint32_t sndmap_detect_by_count(struct sndmap *m, uint32_t dup_thresh)
{
    struct sndmap_lost found = {0};

    while (m->count_from < m->count && m->sacked >= m->count_sacked + dup_thresh) {
        struct sent *s = sndmap_at(m, m->count_from);

        if (s->flags & SENT_SACKED)
            m->count_sacked += s->segments;
        else if (!(s->flags & SENT_EVER))
            lose(m, m->count_from, &found);
        m->count_from++;
    }
    return found.segments;
}

uint32_t sndmap_lose_first(struct sndmap *m, struct mem *mem, uint32_t mss)
{
    struct sndmap_lost found = {0};

    if (m->count == 0 || sndmap_at(m, 0)->flags & SENT_LOST)
        return 0;
    /*
     * Without memory the whole of it counts as lost: only less exact. So does what fits one segment by now: mss may
     * grow.
     */
    if (sndmap_at(m, 0)->segments > 1 && (uint32_t)seq_diff(sndmap_at(m, 0)->end, m->una) > mss)
        sndmap_cut(m, mem, 0, seq_add(m->una, mss), mss);
    lose(m, 0, &found);
    return found.segments;
}

uint32_t sndmap_lose_larger(struct sndmap *m, uint32_t len)
{
    struct sndmap_lost found = {0};

    for (uint32_t i = 0; i < m->count; i++) {
        struct sent *s = sndmap_at(m, i);
        uint32_t n = (uint32_t)seq_diff(s->end, sndmap_start(m, i)) - (s->flags & SENT_FIN ? 1 : 0);

        if (n > s->segments * len)
            lose(m, i, &found);
    }
    return found.segments;
}

/* ---- at a time-out, and when it was for nothing ---- */

struct sndmap_lost sndmap_lose_all(struct sndmap *m, weft_time before, bool renege)
{
    struct sndmap_lost found = {0};

    for (uint32_t i = 0; i < m->count; i++) {
        struct sent *s = sndmap_at(m, i);

        if (renege && s->flags & SENT_SACKED)
            sndmap_mark(m, s, (uint8_t)(s->flags & ~SENT_SACKED));
        if (i == 0 || s->at < before || renege)
            lose(m, i, &found);
    }
    m->due_from = m->fresh_from = m->count_from = m->count_sacked = 0;
    return found;
}

void sndmap_find_all(struct sndmap *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (sndmap_at(m, i)->flags & SENT_LOST)
            sndmap_mark(m, sndmap_at(m, i), (uint8_t)(sndmap_at(m, i)->flags & ~SENT_LOST));
    m->due_from = m->fresh_from = m->count_from = m->count_sacked = 0;
}

/* ---- sending again ---- */

static bool is_due(const struct sent *s) { return (s->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST; }

static uint32_t len_of(const struct sndmap *m, uint32_t i)
{
    return (uint32_t)seq_diff(sndmap_at(m, i)->end, sndmap_start(m, i));
}

bool sndmap_next_due(struct sndmap *m, uint32_t most, struct seq *start, uint32_t *len)
{
    uint32_t i;

    if (m->due == 0)
        return false;
    while (!is_due(sndmap_at(m, m->due_from)))
        m->due_from++;
    weft_assert(m->due_from < m->count,
                "due segments are the sum over due entries, none of which is before the cursor");
    *start = sndmap_start(m, m->due_from);
    *len = min_u32(len_of(m, m->due_from), most);
    for (i = m->due_from + 1; i < m->count && is_due(sndmap_at(m, i)) && *len + len_of(m, i) <= most; i++) {
        if (unlikely(sndmap_at(m, i - 1)->flags & SENT_RECORD))
            break;
        *len += len_of(m, i);
    }
    return true;
}

bool sndmap_tail(const struct sndmap *m, uint32_t mss, struct seq *start, uint32_t *len)
{
    const struct sent *s;
    uint32_t n;

    if (m->count == 0)
        return false;
    s = sndmap_at(m, m->count - 1);
    n = len_of(m, m->count - 1);
    *len = n > (s->segments - 1u) * mss ? n - (s->segments - 1u) * mss : n;
    *start = seq_sub(s->end, *len);
    return true;
}

/* Makes one entry of those from i up to, and without, j: the last of them stays, the shorter side closes up. */
static void merge(struct sndmap *m, uint32_t i, uint32_t j)
{
    uint32_t gone = j - i - 1;

    if (gone == 0)
        return;
    if (i < m->count - j) {
        for (uint32_t k = i; k-- > 0;)
            *sndmap_at(m, k + gone) = *sndmap_at(m, k);
        m->head = (m->head + gone) & (m->room - 1);
    } else {
        for (uint32_t k = j - 1; k < m->count; k++)
            *sndmap_at(m, k - gone) = *sndmap_at(m, k);
    }
    m->count -= gone;
    m->due_from -= m->due_from > i ? min_u32(m->due_from - i, gone) : 0;
    m->fresh_from -= m->fresh_from > i ? min_u32(m->fresh_from - i, gone) : 0;
    m->count_from -= m->count_from > i ? min_u32(m->count_from - i, gone) : 0;
}

/* Forgets what is history in the queue; what is left is one for each entry at most. */
static void compact(struct sndmap *m)
{
    uint32_t kept = 0;

    for (uint32_t k = 0; k < m->queue_count; k++)
        if (first_pending(m, queue_at(m, k)) != UINT32_MAX)
            *queue_at(m, kept++) = *queue_at(m, k);
    m->queue_count = kept;
}

bool sndmap_reserve_again(struct sndmap *m, struct mem *mem)
{
    uint32_t room = m->queue_room ? m->queue_room * 2 : 8;
    struct resent *queue;

    if (m->queue_count < m->queue_room)
        return true;
    compact(m);
    if (m->queue_count < m->queue_room - m->queue_room / 4)
        return true;
    weft_assert(room <= SNDMAP_MAX * 2, "what is left is one for each entry at most, and takes three quarters");
    queue = mem_alloc(mem, MEM_queue, room * sizeof *queue);
    if (!queue)
        return m->queue_count < m->queue_room;
    for (uint32_t k = 0; k < m->queue_count; k++)
        queue[k] = *queue_at(m, k);
    if (m->queue)
        mem_free(mem, MEM_queue, m->queue, m->queue_room * sizeof *m->queue);
    m->queue = queue;
    m->queue_room = room;
    m->queue_head = 0;
    return true;
}

/* Cuts so that an entry begins at s. */
static bool cut_at(struct sndmap *m, struct mem *mem, struct seq s, uint32_t mss)
{
    uint32_t i = sndmap_find(m, s);

    return i == m->count || seq_eq(sndmap_start(m, i), s) || sndmap_cut(m, mem, i, s, mss);
}

bool sndmap_resent(struct sndmap *m, struct mem *mem, struct seq start, struct sent s, uint32_t mss, bool probe)
{
    uint32_t i, j;
    uint8_t times = 0, flags = SENT_EVER | SENT_AGAIN | SENT_LOST, record = 0;

    if (!sndmap_reserve_again(m, mem) || !sndmap_reserve(m, mem, 2) || !cut_at(m, mem, start, mss) ||
        !cut_at(m, mem, s.end, mss))
        return false;
    i = sndmap_find(m, start);
    for (j = i; j < m->count && seq_le(sndmap_at(m, j)->end, s.end); j++) {
        const struct sent *old = sndmap_at(m, j);

        times = (uint8_t)max_u32(times, old->times);
        record = old->flags & SENT_RECORD; /* of the last one */
        if (probe)
            flags = (uint8_t)((old->flags & (SENT_SACKED | SENT_LOST | SENT_AGAIN)) | SENT_EVER);
        sndmap_uncount(m, old, old->segments);
        if (j < m->count_from && old->flags & SENT_SACKED)
            m->count_sacked -= old->segments;
    }
    weft_assert(j > i && seq_eq(sndmap_start(m, i), start), "callers resend what is in the map");
    merge(m, i, j); /* what was entry j - 1, and ends at s.end, is entry i now */
    s.flags = (uint8_t)((s.flags & (SENT_STARVED | SENT_FIN | SENT_PUSH)) | flags | record);
    s.times = (uint8_t)(times < UINT8_MAX ? times + 1 : times);
    *sndmap_at(m, i) = s;
    sndmap_at(m, i)->flags = 0;
    m->total += s.segments;
    sndmap_mark(m, sndmap_at(m, i), s.flags);
    if (i < m->count_from && s.flags & SENT_SACKED)
        m->count_sacked += s.segments;
    *queue_at(m, m->queue_count++) = (struct resent){s.at, start, s.end};
    return true;
}
