/* SPDX-License-Identifier: MIT */
/* What the tests of the segments in flight share: a map in counted memory, its operations by offsets, its invariants. */
#ifndef UNIT_SNDMAP_BENCH_H
#define UNIT_SNDMAP_BENCH_H

#include "room.h"
#include "tcp/sndmap.h"

#define MSS    1000u
#define THRESH 3u

struct bench {
    struct room r;
    struct sndmap m;
    uint32_t start; /* the sequence number that `at` below counts from */
    weft_time now;
    bool believes; /* what counts as lost does so until it is sent again */
    struct sndmap_news news;
};

static inline void bench_init(struct bench *b, uint32_t start)
{
    room_init(&b->r, start + 1);
    sndmap_init(&b->m, seq(start));
    b->start = start;
    b->now = 1000;
}

static inline void bench_check(struct bench *b)
{
    sndmap_clear(&b->m, b->r.mem);
    room_check(&b->r);
}

static inline void send(struct bench *b, uint32_t len, weft_time now)
{
    struct sent s = {.at = now, .end = seq_add(sndmap_end(&b->m), len), .segments = (uint16_t)sent_segments(len, MSS)};

    assert_true(sndmap_reserve(&b->m, b->r.mem, 1));
    sndmap_sent(&b->m, &s);
}

/* n full segments, the i-th sent at time i + 1. */
static inline void send_many(struct bench *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        send(b, MSS, i + 1);
}

/* Segments newly sacked; what was told is in b->news. */
static inline uint32_t sack(struct bench *b, uint32_t from, uint32_t to)
{
    struct tcp_sack_block block = {seq(b->start + from), seq(b->start + to)};

    sndmap_news_init(&b->news, b->now, MSS);
    b->news.high = sndmap_end(&b->m);
    b->news.highest = sndmap_highest(&b->m);
    sndmap_sack(&b->m, b->r.mem, block, &b->news);
    return b->news.sacked;
}

static inline struct sndmap_news ack(struct bench *b, uint32_t at)
{
    sndmap_news_init(&b->news, b->now, MSS);
    b->news.high = sndmap_end(&b->m);
    b->news.highest = sndmap_highest(&b->m);
    sndmap_ack(&b->m, b->r.mem, seq(b->start + at), &b->news);
    return b->news;
}

/* The first run to go again is this one; to == from: nothing is due. */
static inline void assert_next_due(struct bench *b, uint32_t most, uint32_t from, uint32_t to)
{
    struct seq start;
    uint32_t len;

    if (to == from) {
        assert_false(sndmap_next_due(&b->m, most, &start, &len));
        return;
    }
    assert_true(sndmap_next_due(&b->m, most, &start, &len));
    assert_int_equal(start.v - b->start, from);
    assert_int_equal(len, to - from);
}

static inline bool resend_as(struct bench *b, uint32_t from, uint32_t to, weft_time now, bool probe)
{
    struct sent s = {.at = now, .end = seq(b->start + to), .segments = (uint16_t)sent_segments(to - from, MSS)};

    return sndmap_resent(&b->m, b->r.mem, seq(b->start + from), s, MSS, probe);
}

static inline bool resend(struct bench *b, uint32_t from, uint32_t to, weft_time now)
{
    return resend_as(b, from, to, now, false);
}

/* What RACK would find lost, when [.., end) sent at proof_at is the latest that arrived. */
static inline struct sndmap_lost detect(struct bench *b, weft_time now, weft_time proof_at, uint32_t proof_end,
                                        weft_time patience)
{
    struct sndmap_clock q = {now, {proof_at, 0, seq(b->start + proof_end)}, patience};

    return sndmap_detect_by_time(&b->m, &q);
}

/* ---- invariants ---- */

static inline uint32_t len_of(const struct sndmap *m, uint32_t i)
{
    return sndmap_at(m, i)->end.v - (i ? sndmap_at(m, i - 1)->end : m->una).v;
}

/* Those at the head of sndmap.h. */
static inline void check_map(const struct sndmap *m)
{
    uint32_t total = 0, sacked = 0, lost = 0, again = 0, due = 0, counted = 0;

    assert_true(m->count <= m->room && m->room <= SNDMAP_MAX && (m->room & (m->room - 1)) == 0);
    assert_true(m->head < m->room && m->queue_count <= m->queue_room);
    for (uint32_t i = 0; i < m->count; i++) {
        const struct sent *s = sndmap_at(m, i);
        bool is_due = (s->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST;

        assert_in_range(len_of(m, i), 1, 1u << 30);
        assert_true(s->segments > 0);
        assert_true((s->flags & (SENT_SACKED | SENT_LOST)) != (SENT_SACKED | SENT_LOST));
        assert_true(!(s->flags & SENT_AGAIN) || s->flags & SENT_EVER);
        assert_true(!is_due || i >= m->due_from);
        assert_true(s->flags & (SENT_SACKED | SENT_LOST | SENT_EVER) || i >= m->fresh_from);
        total += s->segments;
        sacked += s->flags & SENT_SACKED ? s->segments : 0;
        lost += s->flags & SENT_LOST ? s->segments : 0;
        again += s->flags & SENT_AGAIN ? s->segments : 0;
        due += is_due ? s->segments : 0;
        counted += i < m->count_from && s->flags & SENT_SACKED ? s->segments : 0;
    }
    assert_int_equal(m->total, total);
    assert_int_equal(m->sacked, sacked);
    assert_int_equal(m->lost, lost);
    assert_int_equal(m->again, again);
    assert_int_equal(m->due, due);
    assert_int_equal(m->count_sacked, counted);
    assert_int_equal(sndmap_pipe(m), total - sacked - lost + again);
}

/* One operation of a stream: whatever can happen to a map, some of it often. */
static inline void operate(struct bench *b)
{
    uint32_t flight = sndmap_end(&b->m).v - b->m.una.v, una = b->m.una.v - b->start;
    unsigned what = room_below(&b->r, 1000);
    struct seq start;
    uint32_t len;

    b->now++;
    if (what < 350) {
        if (flight < 100 * MSS && sndmap_reserve(&b->m, b->r.mem, 1))
            send(b, rng_chance(&b->r.rng, 100000) ? (1 + room_below(&b->r, 16)) * MSS : 1 + room_below(&b->r, MSS),
                 b->now);
    } else if (what < 500) {
        ack(b, una + room_below(&b->r, min_u32(flight, 6 * MSS) + 1));
    } else if (what < 700) {
        uint32_t from = una + room_below(&b->r, flight + 1);

        sack(b, from, from + room_below(&b->r, 6 * MSS));
    } else if (what < 780) {
        sndmap_detect_by_count(&b->m, THRESH);
    } else if (what < 860) {
        detect(b, b->now, b->now - room_below(&b->r, 30), una + room_below(&b->r, flight + 1), room_below(&b->r, 60));
    } else if (what < 870) {
        sndmap_lose_first(&b->m, b->r.mem, MSS);
    } else if (what < 872) {
        sndmap_lose_all(&b->m, b->now - room_below(&b->r, 50), room_below(&b->r, 2));
    } else if (what < 874 && !b->believes) {
        sndmap_find_all(&b->m);
    } else if (what < 880 && sndmap_tail(&b->m, MSS, &start, &len)) {
        resend_as(b, start.v - b->start, start.v - b->start + len, b->now, true);
    } else if (sndmap_next_due(&b->m, (1 + room_below(&b->r, 4)) * MSS, &start, &len)) {
        resend(b, start.v - b->start, start.v - b->start + len, b->now);
    }
}

#endif
