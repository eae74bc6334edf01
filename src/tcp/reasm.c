/* SPDX-License-Identifier: MIT */
/* Out-of-order data; see reasm.h. */
#include "tcp/reasm.h"

void reasm_init(struct reasm *r)
{
    r->range = NULL;
    r->count = r->room = r->clock = r->bytes = 0;
}

static void forget_ranges(struct reasm *r, struct mem *m)
{
    if (r->range)
        mem_free(m, MEM_queue, r->range, r->room * sizeof *r->range);
    reasm_init(r);
}

void reasm_clear(struct reasm *r, struct mem *m)
{
    for (uint32_t i = 0; i < r->count; i++)
        spanring_clear(&r->range[i].spans, m);
    forget_ranges(r, m);
}

/* The first range that ends at or after s. */
static uint32_t find(const struct reasm *r, struct seq s)
{
    uint32_t lo = 0, hi = r->count;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (seq_lt(r->range[mid].end, s))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool grow(struct reasm *r, struct mem *m)
{
    uint32_t room = r->room ? r->room * 2 : 4;
    struct reasm_range *range = mem_alloc(m, MEM_queue, room * sizeof *range);

    if (!range)
        return false;
    if (r->range) {
        memcpy(range, r->range, r->count * sizeof *range);
        mem_free(m, MEM_queue, r->range, r->room * sizeof *r->range);
    }
    r->range = range;
    r->room = room;
    return true;
}

/* Opens an empty range at index i; false when there may be no more. */
static bool open_range(struct reasm *r, struct mem *m, uint32_t max_ranges, uint32_t i, struct seq at)
{
    if (r->count >= max_ranges || (r->count == r->room && !grow(r, m)))
        return false;
    memmove(&r->range[i + 1], &r->range[i], (r->count - i) * sizeof *r->range);
    r->range[i].start = r->range[i].end = at;
    spanring_init(&r->range[i].spans);
    r->count++;
    return true;
}

static void close_range(struct reasm *r, uint32_t i)
{
    r->count--;
    memmove(&r->range[i], &r->range[i + 1], (r->count - i) * sizeof *r->range);
}

/* Appends [skip, skip + len) of the pieces to a range; returns how many bytes went in. */
static uint32_t append(struct reasm_range *g, struct mem *m, struct block_pool *pool, const struct span *pieces,
                       unsigned n, uint32_t skip, uint32_t len)
{
    uint32_t done = 0;
    size_t pinned = 0;

    for (unsigned i = 0; i < n && done < len; i++) {
        struct span s = pieces[i];
        uint32_t k;

        if (skip >= s.len) {
            skip -= s.len;
            continue;
        }
        s.data += skip;
        s.len = min_u32(s.len - skip, len - done);
        skip = 0;
        k = spanring_store(&g->spans, m, pool, &s, &pinned);
        done += k;
        if (k < s.len)
            break;
    }
    g->end = seq_add(g->end, done);
    return done;
}

/* How many segments have touched a range since: the clock may have gone round. */
static uint32_t age(const struct reasm *r, const struct reasm_range *g) { return r->clock - g->touched; }

/* Joins range i with the one behind it when they touch. Without memory they stay apart, which is only less tidy. */
static void merge_with_next(struct reasm *r, struct mem *m, uint32_t i)
{
    struct reasm_range *g = &r->range[i];

    if (i + 1 >= r->count || !seq_eq(g->end, r->range[i + 1].start))
        return;
    if (!spanring_append(&g->spans, &r->range[i + 1].spans, m))
        return;
    g->end = r->range[i + 1].end;
    if (age(r, &r->range[i + 1]) < age(r, g))
        g->touched = r->range[i + 1].touched;
    close_range(r, i + 1);
}

/* Fills the hole at `at` with as much of `len` bytes as the next range leaves room for. Returns bytes stored. */
static uint32_t fill(struct reasm *r, struct mem *m, struct block_pool *pool, uint32_t max_ranges, struct seq at,
                     const struct span *pieces, unsigned n, uint32_t skip, uint32_t len)
{
    uint32_t i = find(r, at);
    uint32_t before = r->count;
    uint32_t stored;

    if (i == r->count || !seq_eq(r->range[i].end, at)) { /* no range ends just here: a new one */
        if (!open_range(r, m, max_ranges, i, at))
            return 0;
    }
    stored = append(&r->range[i], m, pool, pieces, n, skip, len);
    r->range[i].touched = ++r->clock;
    if (stored == 0 && r->count > before) {
        spanring_clear(&r->range[i].spans, m);
        close_range(r, i);
        if (r->count == 0)
            forget_ranges(r, m);
        return 0;
    }
    r->bytes += stored;
    merge_with_next(r, m, i);
    return stored;
}

/* Touches what is known from s on without a hole (ranges that could not be merged may touch) and returns its end. */
static struct seq skip_known(struct reasm *r, struct seq s)
{
    uint32_t i = find(r, s);

    if (i < r->count && seq_eq(r->range[i].end, s))
        i++; /* one that ends here holds nothing from here on */
    for (; i < r->count && seq_le(r->range[i].start, s); i++) {
        r->range[i].touched = ++r->clock;
        s = r->range[i].end;
    }
    return s;
}

/* Where the next range after s starts, but not after `limit`. */
static struct seq hole_end(const struct reasm *r, struct seq s, struct seq limit)
{
    uint32_t i = find(r, s);

    while (i < r->count && seq_le(r->range[i].start, s))
        i++;
    return i < r->count ? seq_min(r->range[i].start, limit) : limit;
}

uint32_t reasm_insert(struct reasm *r, struct mem *m, struct block_pool *pool, uint32_t max_ranges, struct seq start,
                      const struct span *pieces, unsigned n, bool *full)
{
    uint32_t len = 0, stored = 0;
    struct seq at = start, end;

    for (unsigned i = 0; i < n; i++)
        len += pieces[i].len;
    end = seq_add(start, len);
    *full = false;
    while (seq_lt(at, end)) {
        struct seq upto;
        uint32_t want, got;

        at = skip_known(r, at);
        if (!seq_lt(at, end))
            break;
        upto = hole_end(r, at, end);
        want = (uint32_t)seq_diff(upto, at);
        got = fill(r, m, pool, max_ranges, at, pieces, n, (uint32_t)seq_diff(at, start), want);
        stored += got;
        if (got < want) {
            *full = true;
            break;
        }
        at = upto;
    }
    return stored;
}

struct seq reasm_join(struct reasm *r, struct mem *m, struct seq next, struct recvq *q)
{
    while (r->count && seq_le(r->range[0].start, next)) {
        struct reasm_range *g = &r->range[0];
        uint32_t have = (uint32_t)seq_diff(g->end, g->start);
        uint32_t old = min_u32(have, (uint32_t)seq_diff(next, g->start));

        spanring_consume(&g->spans, m, old);
        g->start = seq_add(g->start, old);
        r->bytes -= old;
        have -= old;
        if (have && !recvq_take(q, m, &g->spans, have))
            break;
        r->bytes -= have;
        next = seq_max(next, g->end);
        spanring_clear(&g->spans, m);
        close_range(r, 0);
    }
    if (r->count == 0)
        forget_ranges(r, m);
    return next;
}

bool reasm_known(const struct reasm *r, struct seq start, struct seq end, struct tcp_sack_block *known)
{
    uint32_t i = find(r, start);

    if (i < r->count && seq_eq(r->range[i].end, start))
        i++; /* one that ends here holds nothing from here on */
    if (i == r->count || seq_ge(r->range[i].start, end))
        return false;
    known->start = seq_max(start, r->range[i].start);
    known->end = seq_min(end, r->range[i].end);
    return true;
}

unsigned reasm_sack(const struct reasm *r, struct tcp_sack_block *out, unsigned max)
{
    uint64_t least = 0; /* all that are younger are told */
    unsigned n = 0;

    while (n < max) {
        const struct reasm_range *best = NULL;

        for (uint32_t i = 0; i < r->count; i++)
            if (age(r, &r->range[i]) >= least && (!best || age(r, &r->range[i]) < age(r, best)))
                best = &r->range[i];
        if (!best)
            break;
        out[n++] = (struct tcp_sack_block){best->start, best->end};
        least = age(r, best) + 1ull;
    }
    return n;
}
