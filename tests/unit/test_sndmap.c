/* SPDX-License-Identifier: MIT */
/* The segments in flight (src/tcp/sndmap.c, sndloss.c): RFC 2018 §8, RFC 6675, RFC 8985 §6.2; streams against a list. */
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

static void bench_init(struct bench *b, uint32_t start)
{
    room_init(&b->r, start + 1);
    sndmap_init(&b->m, seq(start));
    b->start = start;
    b->now = 1000;
}

static void bench_check(struct bench *b)
{
    sndmap_clear(&b->m, b->r.mem);
    room_check(&b->r);
}

static void send(struct bench *b, uint32_t len, weft_time now)
{
    struct sent s = {.at = now, .end = seq_add(sndmap_end(&b->m), len), .segments = (uint16_t)sent_segments(len, MSS)};

    assert_true(sndmap_reserve(&b->m, b->r.mem, 1));
    sndmap_sent(&b->m, s);
}

/* n full segments, the i-th sent at time i + 1. */
static void send_many(struct bench *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        send(b, MSS, i + 1);
}

/* Segments newly sacked; what was told is in b->news. */
static uint32_t sack(struct bench *b, uint32_t from, uint32_t to)
{
    struct tcp_sack_block block = {seq(b->start + from), seq(b->start + to)};

    sndmap_news_init(&b->news, b->now, MSS);
    b->news.high = sndmap_end(&b->m);
    sndmap_sack(&b->m, b->r.mem, block, &b->news);
    return b->news.sacked;
}

static struct sndmap_news ack(struct bench *b, uint32_t at)
{
    sndmap_news_init(&b->news, b->now, MSS);
    b->news.high = sndmap_end(&b->m);
    sndmap_ack(&b->m, b->r.mem, seq(b->start + at), &b->news);
    return b->news;
}

/* The first run to go again is this one; to == from: nothing is due. */
static void assert_next_due(struct bench *b, uint32_t most, uint32_t from, uint32_t to)
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

static bool resend_as(struct bench *b, uint32_t from, uint32_t to, weft_time now, bool probe)
{
    struct sent s = {.at = now, .end = seq(b->start + to), .segments = (uint16_t)sent_segments(to - from, MSS)};

    return sndmap_resent(&b->m, b->r.mem, seq(b->start + from), s, MSS, probe);
}

static bool resend(struct bench *b, uint32_t from, uint32_t to, weft_time now)
{
    return resend_as(b, from, to, now, false);
}

/* What RACK would find lost, when [.., end) sent at proof_at is the latest that arrived. */
static struct sndmap_lost detect(struct bench *b, weft_time now, weft_time proof_at, uint32_t proof_end, weft_time patience)
{
    struct sndmap_clock q = {now, {proof_at, 0, seq(b->start + proof_end)}, patience};

    return sndmap_detect_by_time(&b->m, &q);
}

/* ---- invariants ---- */

static uint32_t len_of(const struct sndmap *m, uint32_t i)
{
    return sndmap_at(m, i)->end.v - (i ? sndmap_at(m, i - 1)->end : m->una).v;
}

/* Those at the head of sndmap.h. */
static void check_map(const struct sndmap *m)
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

/* ---- cumulative acknowledgments ---- */

static void what_is_acknowledged_leaves_the_map(void **state)
{
    each_start(start) {
        struct sndmap_news n;
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sndmap_pipe(&b.m), 10);
        n = ack(&b, 3 * MSS);
        assert_int_equal(n.delivered, 3);
        assert_int_equal(n.acked, 3);
        assert_int_equal(n.first_at, 1);
        assert_int_equal(n.last_at, 3);
        assert_true(n.proof && n.latest.at == 3 && n.newest.at == 3);
        assert_int_equal(b.m.total, 7);
        n = ack(&b, 3 * MSS);
        assert_int_equal(n.delivered, 0);
        assert_int_equal(n.first_at, WEFT_NEVER);
        assert_int_equal(ack(&b, 10 * MSS).acked, 7);
        assert_int_equal(b.m.total, 0);
        assert_true(seq_eq(b.m.una, seq(start + 10 * MSS)));
        check_map(&b.m);
        bench_check(&b);
    }
}

/* RFC 3465: splitting acknowledgments delivers nothing sooner */
static void only_whole_segments_of_a_super_segment_count(void **state)
{
    static const struct {
        uint32_t at, acked;
    } rows[] = {{1, 0}, {MSS - 1, 0}, {MSS, 1}, {3 * MSS + 500, 2}, {4 * MSS, 1}, {10 * MSS - 1, 5}, {10 * MSS, 1}};

    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send(&b, 10 * MSS, 7);
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            assert_int_equal(ack(&b, rows[i].at).acked, rows[i].acked);
            check_map(&b.m);
        }
        bench_check(&b);
    }
}

static void an_empty_map_owns_no_heap(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 50 * MSS);
    send_many(&b, SNDMAP_SMALL);
    assert_int_equal(b.r.mem->total, 0);
    send_many(&b, 100);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    assert_true(resend(&b, 0, MSS, 200));
    assert_true(b.r.mem->total > 0);
    ack(&b, (100 + SNDMAP_SMALL) * MSS);
    assert_int_equal(b.r.mem->total, 0);
    bench_check(&b);
}

static void what_a_peer_can_make_us_keep_is_bounded(void **state)
{
    struct bench b;
    uint32_t n = 0;

    bench_init(&b, 0x7fffff00);
    while (sndmap_reserve(&b.m, b.r.mem, 1)) {
        send(&b, 2 * MSS, 1);
        n++;
    }
    assert_int_equal(n, SNDMAP_MAX);
    assert_int_equal(sack(&b, MSS, 2 * MSS), 0); /* no room to cut */
    check_map(&b.m);
    ack(&b, 4 * MSS);
    assert_int_equal(sack(&b, 5 * MSS, 6 * MSS), 1);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- round trips (Karn) ---- */

/* R6298-3, MUST-18 */
static void a_segment_sent_again_gives_no_sample(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 2);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, 0, MSS, 100);
    n = ack(&b, MSS);
    assert_true(n.again);
    assert_int_equal(n.first_at, WEFT_NEVER);
    n = ack(&b, 2 * MSS);
    assert_false(n.again);
    assert_int_equal(n.first_at, 2);
    bench_check(&b);
}

static void a_sacked_segment_gives_its_sample_when_it_is_sacked(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 4);
    assert_int_equal(sack(&b, 2 * MSS, 3 * MSS), 1);
    assert_int_equal(b.news.first_sacked_at, 3);
    assert_int_equal(b.news.delivered, 1);
    n = ack(&b, 3 * MSS);
    assert_int_equal(n.last_at, 2); /* not again that of the third */
    assert_int_equal(n.delivered, 2);
    assert_int_equal(n.acked, 3);
    bench_check(&b);
}

/* RFC 8985 §6.2 step 2: it is the first copy that arrived */
static void a_copy_that_came_back_too_soon_proves_nothing(void **state)
{
    static const struct {
        weft_time min_rtt, echo_until;
        bool proof;
    } rows[] = {{50, WEFT_NEVER, true}, {51, WEFT_NEVER, false}, {0, 149, false}, {0, 150, true}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct sndmap_news n;
        struct bench b;

        bench_init(&b, 0);
        send_many(&b, 3);
        sndmap_lose_first(&b.m, b.r.mem, MSS);
        resend(&b, 0, MSS, 150);
        sndmap_news_init(&n, 200, MSS);
        n.min_rtt = rows[i].min_rtt;
        n.echo_until = rows[i].echo_until;
        sndmap_ack(&b.m, b.r.mem, seq(MSS), &n);
        assert_int_equal(n.proof, rows[i].proof);
        bench_check(&b);
    }
}

/* ---- SACK ---- */

/* R2018-8: the data stays until it is acknowledged for good */
static void a_sacked_segment_stays_in_the_map(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 2);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 0);
        assert_int_equal(sack(&b, 2 * MSS, 6 * MSS), 2);
        assert_int_equal(b.m.total, 10);
        assert_int_equal(sndmap_pipe(&b.m), 6);
        check_map(&b.m);
        assert_int_equal(ack(&b, 10 * MSS).delivered, 6); /* delivered is told once */
        assert_int_equal(b.m.sacked, 0);
        bench_check(&b);
    }
}

static void a_block_cuts_super_segments_at_segment_boundaries(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 1500);
    send(&b, 10 * MSS, 1);
    assert_int_equal(sack(&b, 2500, 7500), 4); /* of 3 to 7 */
    assert_int_equal(b.m.count, 3);
    assert_int_equal(sack(&b, 7000, 10 * MSS), 3);
    assert_int_equal(b.m.count, 3);
    check_map(&b.m);
    bench_check(&b);
}

/* The answer to a peer that acknowledges byte by byte: no more entries than segments, none for a part of one. */
static void blocks_of_a_byte_make_no_entries(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send(&b, 20 * MSS, 1);
    for (uint32_t at = 1; at < 20 * MSS - 1; at += 2)
        assert_int_equal(sack(&b, at, at + 1), 0);
    assert_int_equal(b.m.count, 1);
    for (uint32_t at = MSS; at < 20 * MSS; at += MSS)
        sack(&b, at, at + MSS);
    assert_true(b.m.count <= 20);
    check_map(&b.m);
    bench_check(&b);
}

/* R2018-bad: each against 10 segments of which the first two are acknowledged */
static void an_invalid_block_is_ignored(void **state)
{
    static const struct {
        uint32_t from, to;
    } rows[] = {
        {3000, 3000},              /* empty */
        {4000, 3000},              /* the wrong way round */
        {2000, 4000},              /* from the very byte that the acknowledgment asks for */
        {1000, 2000},              /* acknowledged: a D-SACK */
        {0, 10000},                /* over all of it */
        {1000, 4000},
        {9000, 10001},             /* never sent */
        {10000, 11000},
        {20000, 21000},
        {3000, 2000 + 0x80000000}, /* longer than half the space */
        {3000, 1000},
        {2000 + 0x7fffffffu, 1999}, /* each half of it looks in order */
        {2000 + 0x7fffffffu, 1998},
        {2000 + 0x7fffffffu, 1000},
        {2000 + 0x7ffffffeu, 2000 + 0xfffffffdu},
        {2000 + 0x80000000u, 2000 + 0x80000001},
        {0xfffffff0, 3000},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 10);
            ack(&b, 2000);
            assert_int_equal(sack(&b, rows[i].from, rows[i].to), 0);
            assert_int_equal(b.m.count, 8);
            check_map(&b.m);
            assert_int_equal(ack(&b, 10000).delivered, 8);
            bench_check(&b);
        }
}

/* R2018-bad: whatever blocks come, nothing breaks and nothing is counted twice */
static void no_block_of_any_numbers_breaks_the_map(void **state)
{
    each_start(start) {
        uint32_t told = 0;
        struct bench b;

        bench_init(&b, start);
        for (unsigned round = 0; round < 10; round++) {
            uint32_t end = 100000 * (round + 1);

            while (sndmap_end(&b.m).v - start < end)
                send(&b, (1 + room_below(&b.r, 4)) * MSS, 1);
            for (unsigned i = 0; i < 20000; i++) {
                uint32_t from = (uint32_t)rng_u64(&b.r.rng), to = (uint32_t)rng_u64(&b.r.rng);

                if (i % 4 == 0) /* near what is in flight, so that some do mean something */
                    from = end - room_below(&b.r, 120000);
                if (i % 8 == 0)
                    to = from + room_below(&b.r, 6000) - 500;
                told += sack(&b, from, to);
            }
            check_map(&b.m);
            told += ack(&b, (end - 50000) / MSS * MSS).delivered;
        }
        assert_int_equal(told + sndmap_pipe(&b.m), (sndmap_end(&b.m).v - start) / MSS);
        bench_check(&b);
    }
}

/* A hole that fills without having been sent again came late; a retransmission proves no such thing. */
static void reordering_is_seen_by_sack_and_by_acknowledgment(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 6 * MSS, 7 * MSS);
    assert_false(b.news.reordered);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_true(b.news.reordered);
    assert_int_equal(b.news.reorder.v, 4 * MSS);
    n = ack(&b, MSS);
    assert_true(n.reordered && seq_eq(n.reorder, seq(0)));
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, MSS, 2 * MSS, 500);
    assert_false(ack(&b, 2 * MSS).reordered);
    bench_check(&b);
}

/* RFC 2883: the copy that it reports is not under way any more */
static void a_reported_duplicate_takes_the_copy_out_of_the_pipe(void **state)
{
    struct tcp_sack_block block = {seq(2 * MSS), seq(3 * MSS)};
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 6);
    sack(&b, 3 * MSS, 6 * MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 3);
    resend(&b, 0, MSS, 50);
    resend(&b, MSS, 2 * MSS, 50);
    resend(&b, 2 * MSS, 3 * MSS, 50);
    assert_int_equal(b.m.again, 3);
    assert_int_equal(sndmap_duplicate(&b.m, block), 1);
    assert_int_equal(b.m.again, 2);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- loss by count (RFC 6675 §4, IsLost) ---- */

/* 20 segments, of which these are sacked */
static void lost_is_what_has_enough_sacked_behind_it(void **state)
{
    static const struct {
        uint32_t sacked[4][2]; /* segments from, to */
        unsigned lost;         /* how many from the first on, sacked ones among them */
    } rows[] = {
        {{{0}}, 0},
        {{{19, 20}}, 0},
        {{{18, 20}}, 0},
        {{{17, 20}}, 17},
        {{{5, 6}, {7, 8}, {9, 10}}, 5},        /* three discontiguous sequences */
        {{{5, 6}, {7, 8}}, 0},
        {{{5, 6}, {7, 8}, {9, 10}, {11, 12}}, 7},
        {{{1, 2}, {17, 20}}, 17},
        {{{1, 20}}, 1},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t expected = rows[i].lost;
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 20);
            for (unsigned k = 0; k < 4 && rows[i].sacked[k][1]; k++) {
                sack(&b, rows[i].sacked[k][0] * MSS, rows[i].sacked[k][1] * MSS);
                for (unsigned n = rows[i].sacked[k][0]; n < rows[i].sacked[k][1]; n++)
                    expected -= n < rows[i].lost;
            }
            assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), expected);
            assert_int_equal(b.m.lost, expected);
            assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 0);
            check_map(&b.m);
            bench_check(&b);
        }
}

static void what_was_sent_again_is_not_found_lost_again_by_count(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 5 * MSS, 10 * MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 5);
    assert_true(resend(&b, 0, 5 * MSS, 50));
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 0);
    assert_int_equal(sndmap_pipe(&b.m), 5);
    assert_next_due(&b, MSS, 0, 0);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- loss by time (RFC 8985 §6.2) ---- */

/* Ten segments sent at 1, 2, ... 10; the n-th is the proof, at this time with this patience */
static void what_was_sent_long_before_the_proof_is_lost(void **state)
{
    static const struct {
        unsigned proof;
        weft_time now, patience;
        uint32_t lost;
        weft_time wait;
    } rows[] = {
        {1, 100, 10, 0, 0},   /* nothing was sent before it */
        {5, 100, 10, 4, 0},
        {10, 100, 10, 9, 0},
        {5, 100, 99, 1, 3},   /* the first is 99 old; the fourth will be in three more */
        {5, 100, 98, 2, 2},
        {5, 100, 200, 0, 104},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t end = rows[i].proof * MSS;
            struct sndmap_lost found;
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 10);
            if (rows[i].proof > 1)
                sack(&b, end - MSS, end);
            found = detect(&b, rows[i].now, rows[i].proof, end, rows[i].patience);
            assert_int_equal(found.segments, rows[i].lost);
            assert_int_equal(found.wait, rows[i].wait);
            check_map(&b.m);
            bench_check(&b);
        }
}

static void segments_of_one_moment_are_in_order_of_sequence(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 2000);
    for (unsigned i = 0; i < 5; i++)
        send(&b, MSS, 7);
    sack(&b, 2 * MSS, 3 * MSS);
    assert_int_equal(detect(&b, 100, 7, 3 * MSS, 10).segments, 2);
    check_map(&b.m);
    bench_check(&b);
}

/* A retransmission is found lost by what was sent after it, however early its bytes are. */
static void a_lost_retransmission_is_found(void **state)
{
    struct sndmap_lost found;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 5);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_int_equal(detect(&b, 20, 5, 5 * MSS, 10).segments, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(resend(&b, i * MSS, (i + 1) * MSS, 21 + i));
    send(&b, MSS, 30);
    sack(&b, 5 * MSS, 6 * MSS);
    found = detect(&b, 34, 30, 6 * MSS, 11); /* the first two are 13 and 12 old, the others wait */
    assert_int_equal(found.segments, 3);
    assert_int_equal(found.again, 3);
    assert_int_equal(found.wait, 1);
    assert_next_due(&b, MSS, 0, MSS);
    found = detect(&b, 35, 30, 6 * MSS, 11);
    assert_int_equal(found.segments, 1);
    check_map(&b.m);
    bench_check(&b);
}

static void what_arrived_is_not_found_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 4);
    sack(&b, 3 * MSS, 4 * MSS);
    assert_int_equal(detect(&b, 20, 4, 4 * MSS, 10).segments, 3);
    assert_true(resend(&b, 0, MSS, 21));
    assert_int_equal(sack(&b, MSS, 2 * MSS), 1); /* late, not lost */
    ack(&b, MSS);
    send(&b, MSS, 40);
    assert_int_equal(detect(&b, 100, 40, 5 * MSS, 10).segments, 0);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- time-outs and the rest ---- */

/* RFC 8985 §6.3: what went out less than a round trip ago has not timed out; SACK marks stay */
static void a_timeout_loses_the_first_and_what_is_old(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        sack(&b, 5 * MSS, 6 * MSS);
        assert_int_equal(sndmap_lose_all(&b.m, 4, false).segments, 3);
        assert_int_equal(b.m.sacked, 1);
        check_map(&b.m);
        assert_int_equal(sndmap_lose_all(&b.m, WEFT_NEVER, false).segments, 6);
        assert_int_equal(sndmap_pipe(&b.m), 0);
        assert_next_due(&b, MSS, 0, MSS); /* the left edge first */
        check_map(&b.m);
        bench_check(&b);
    }
}

/* R2018-8: the peer has thrown away what it sacked */
static void a_peer_that_reneges_has_nothing(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, MSS, 6 * MSS);
    assert_int_equal(sndmap_lose_all(&b.m, 0, true).segments, 10);
    assert_int_equal(b.m.sacked, 0);
    assert_int_equal(b.m.lost, 10);
    assert_int_equal(sack(&b, 5 * MSS, 10 * MSS), 5);
    assert_int_equal(b.m.lost, 5);
    check_map(&b.m);
    bench_check(&b);
}

static void nothing_is_lost_when_the_loss_was_none(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sndmap_lose_all(&b.m, WEFT_NEVER, false);
    resend(&b, 0, MSS, 100);
    sndmap_find_all(&b.m);
    assert_int_equal(b.m.lost, 0);
    assert_next_due(&b, MSS, 0, 0);
    sack(&b, 9 * MSS, 10 * MSS);
    assert_int_equal(detect(&b, 200, 10, 10 * MSS, 50).segments, 8); /* and is found again, but for the copy under way */
    check_map(&b.m);
    bench_check(&b);
}

/* R6582-1's next hole: one segment's worth of it, whatever it was sent in */
static void the_first_segment_is_lost_alone(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 10);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 0);
    send(&b, 10 * MSS, 1);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 1);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 0);
    assert_next_due(&b, 64 * MSS, 0, MSS);
    assert_true(resend(&b, 0, MSS, 5));
    assert_int_equal(b.m.again, 1);
    check_map(&b.m);
    bench_check(&b);
}

static void without_memory_the_whole_first_segment_is_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < SNDMAP_SMALL; i++)
        send(&b, 10 * MSS, 1);
    room_refuse_all(&b.r, true);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 10);
    check_map(&b.m);
    room_refuse_all(&b.r, false);
    bench_check(&b);
}

static void segments_that_the_path_does_not_take_are_lost(void **state)
{
    static const uint32_t lens[] = {1000, 500, 3000, 1500, 1000};
    struct bench b;

    bench_init(&b, 0u - 3000);
    for (unsigned i = 0; i < ARRAY_LEN(lens); i++)
        send(&b, lens[i], 1);
    assert_int_equal(sndmap_lose_larger(&b.m, 700), 7); /* all but the one of 500 */
    check_map(&b.m);
    bench_check(&b);
}

/* ---- what goes out again ---- */

static void lost_segments_that_follow_each_other_go_out_as_one(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        for (unsigned i = 0; i < 20; i++)
            send(&b, 300, 1);
        sndmap_lose_all(&b.m, WEFT_NEVER, false);
        assert_next_due(&b, MSS, 0, 900); /* whole ones */
        assert_true(resend(&b, 0, 900, 50));
        check_map(&b.m);
        assert_int_equal(sndmap_at(&b.m, 0)->end.v - start, 900);
        assert_int_equal(b.m.count, 18);
        assert_next_due(&b, 700, 900, 1500);
        assert_true(resend(&b, 900, 1000, 51)); /* and only the front of what was offered */
        assert_next_due(&b, 64 * MSS, 1000, 6000);
        check_map(&b.m);
        bench_check(&b);
    }
}

static void a_due_run_ends_where_something_is_not_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 5 * MSS);
    send_many(&b, 12);
    sack(&b, 3 * MSS, 4 * MSS);
    sack(&b, 7 * MSS, 12 * MSS);
    sndmap_detect_by_count(&b.m, THRESH);
    assert_next_due(&b, 64 * MSS, 0, 3 * MSS);
    assert_true(resend(&b, 0, 3 * MSS, 50));
    assert_next_due(&b, 64 * MSS, 4 * MSS, 7 * MSS);
    assert_true(resend(&b, 4 * MSS, 5 * MSS, 51));
    assert_next_due(&b, 64 * MSS, 5 * MSS, 7 * MSS);
    check_map(&b.m);
    bench_check(&b);
}

/* RFC 8985 §7.3: the last segment; it is under way once, as far as anybody counts */
static void a_probe_is_the_last_segment_and_loads_nothing(void **state)
{
    struct seq start;
    struct bench b;
    uint32_t len;

    bench_init(&b, 0u - 100);
    assert_false(sndmap_tail(&b.m, MSS, &start, &len));
    send(&b, MSS, 1);
    send(&b, 3 * MSS + 400, 2);
    assert_true(sndmap_tail(&b.m, MSS, &start, &len));
    assert_int_equal(len, 400);
    assert_true(resend_as(&b, 4 * MSS, 4 * MSS + 400, 9, true));
    assert_int_equal(b.m.again, 0);
    assert_int_equal(sndmap_pipe(&b.m), 5);
    assert_true(ack(&b, 4 * MSS + 400).again);
    bench_check(&b);
}

/* ---- streams of operations ---- */

static void operate(struct bench *b)
{
    uint32_t flight = sndmap_end(&b->m).v - b->m.una.v, una = b->m.una.v - b->start;
    unsigned what = room_below(&b->r, 1000);
    struct seq start;
    uint32_t len;

    b->now++;
    if (what < 350) {
        if (flight < 100 * MSS && sndmap_reserve(&b->m, b->r.mem, 1))
            send(b, rng_chance(&b->r.rng, 100000) ? (1 + room_below(&b->r, 16)) * MSS : 1 + room_below(&b->r, MSS), b->now);
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

/* The invariants hold after every operation, with memory and without; what is acknowledged in the end was all sent. */
static void run_stream(uint32_t start, uint32_t refuse_ppm, unsigned ops)
{
    static struct bench b;

    memset(&b, 0, sizeof b);
    bench_init(&b, start);
    b.r.refuse_ppm = refuse_ppm;
    for (unsigned op = 0; op < ops; op++) {
        operate(&b);
        check_map(&b.m);
    }
    ack(&b, sndmap_end(&b.m).v - b.start);
    assert_int_equal(b.m.total + b.m.sacked + b.m.lost + b.m.again + b.m.due, 0);
    bench_check(&b);
}

static void its_invariants_hold_after_any_operation(void **state)
{
    each_start(start)
        run_stream(start, 0, 60000);
}

static void its_invariants_hold_when_memory_fails(void **state)
{
    each_start(start) {
        run_stream(start, 20000, 20000);
        run_stream(start, 500000, 20000);
    }
}

/* ---- against the definitions ---- */

static bool is_out(const struct sent *s)
{
    return !(s->flags & SENT_SACKED) && (s->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST;
}

/* By time: what is out, went before the proof and is old enough is lost; the last of what is not waits so long. */
static struct sndmap_lost by_time(const struct sndmap *m, const struct sndmap_clock *q)
{
    struct sndmap_lost found = {0};

    for (uint32_t i = 0; i < m->count; i++) {
        const struct sent *s = sndmap_at(m, i);

        if (!is_out(s) || s->at >= q->proof.at)
            continue;
        if (q->now - s->at >= q->patience) {
            found.segments += s->segments;
            found.again += s->flags & SENT_AGAIN ? s->segments : 0;
        } else if (s->at + q->patience - q->now > found.wait) {
            found.wait = s->at + q->patience - q->now;
        }
    }
    return found;
}

static void loss_by_time_is_what_the_definition_says(void **state)
{
    static struct bench b;

    bench_init(&b, 0u - 5000);
    b.believes = true;
    for (unsigned op = 0; op < 60000; op++) {
        operate(&b);
        if (op % 10 == 0) {
            struct sndmap_clock q = {b.now, {b.now - room_below(&b.r, 40), 0, b.m.una}, room_below(&b.r, 60)};
            struct sndmap_lost expected = by_time(&b.m, &q);
            bool few = b.m.count <= 32 && b.m.queue_count <= 32; /* it does not look further ahead */
            struct sndmap_lost found = sndmap_detect_by_time(&b.m, &q);

            assert_int_equal(found.segments, expected.segments);
            assert_int_equal(found.again, expected.again);
            if (few)
                assert_int_equal(found.wait, expected.wait);
            check_map(&b.m);
        }
    }
    bench_check(&b);
}

/* A path that became too narrow loses some in the middle; they go again, and those around them still wait. */
static void what_went_again_hides_nothing_that_waits(void **state)
{
    static const uint32_t lens[] = {500, 1000, 500, 500};
    struct sndmap_lost found;
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < ARRAY_LEN(lens); i++)
        send(&b, lens[i], i + 1);
    assert_int_equal(sndmap_lose_larger(&b.m, 700), 1);
    assert_true(resend(&b, 500, 1500, 20));
    send(&b, 500, 10);
    sack(&b, 2500, 3000);
    found = detect(&b, 21, 10, 3000, 30);
    assert_int_equal(found.segments, 0);
    assert_int_equal(found.wait, 13); /* the fourth, sent at 4 */
    bench_check(&b);
}

/* By count (RFC 6675 §4): sent once, and so many sacked segments lie behind it. R6675-1 */
static uint32_t by_count(const struct sndmap *m, uint32_t thresh)
{
    uint32_t lost = 0, behind = 0;

    for (uint32_t i = m->count; i-- > 0;) {
        const struct sent *s = sndmap_at(m, i);

        if (s->flags & SENT_SACKED)
            behind += s->segments;
        else if (!(s->flags & (SENT_LOST | SENT_EVER)) && behind >= thresh)
            lost += s->segments;
    }
    return lost;
}

static void loss_by_count_is_what_the_definition_says(void **state)
{
    each_start(start) {
        static struct bench b;

        memset(&b, 0, sizeof b);
        bench_init(&b, start);
        b.believes = true;
        for (unsigned op = 0; op < 30000; op++) {
            operate(&b);
            if (op % 3 == 0) {
                uint32_t expected = by_count(&b.m, THRESH), before = b.m.lost;

                assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), expected);
                assert_int_equal(b.m.lost, before + expected);
            }
        }
        bench_check(&b);
    }
}

#define STEP  100u /* segments and cuts of these streams are whole multiples of it */
#define FACTS (400 * MSS / STEP)

/* What the map says of the bytes at one place. */
struct fact {
    weft_time at;
    uint8_t flags, times;
};

static uint32_t read_facts(const struct sndmap *m, struct fact *f)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->count; i++)
        for (uint32_t k = 0; k < len_of(m, i); k += STEP)
            f[n++] = (struct fact){sndmap_at(m, i)->at, sndmap_at(m, i)->flags, sndmap_at(m, i)->times};
    return n;
}

/* The first run of whole due entries, at most `most` bytes, from the entries alone. */
static void check_next_due(struct sndmap *m, uint32_t most)
{
    uint32_t len = 0, expected = 0, i = 0;
    struct seq start;

    while (i < m->count && (sndmap_at(m, i)->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST)
        i++;
    if (i == m->count) {
        assert_false(sndmap_next_due(m, most, &start, &len));
        return;
    }
    assert_true(sndmap_next_due(m, most, &start, &len));
    assert_int_equal(start.v, (i ? sndmap_at(m, i - 1)->end : m->una).v);
    for (; i < m->count && (sndmap_at(m, i)->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST; i++) {
        if (expected && expected + len_of(m, i) > most)
            break;
        expected += min_u32(len_of(m, i), most);
    }
    assert_int_equal(len, expected);
}

/* What is sent again is marked, in one entry, sent once more than ever any of it; all the rest stays as it was. */
static void resend_and_compare(struct bench *b, bool probe)
{
    static struct fact before[FACTS], after[FACTS];
    uint32_t len, n = read_facts(&b->m, before), from, times = 0;
    struct seq start;

    check_next_due(&b->m, (1 + room_below(&b->r, 4)) * MSS);
    if (probe ? !sndmap_tail(&b->m, MSS, &start, &len)
              : !sndmap_next_due(&b->m, (1 + room_below(&b->r, 4)) * MSS, &start, &len))
        return;
    from = (start.v - b->m.una.v) / STEP;
    assert_true(resend_as(b, start.v - b->start, start.v - b->start + len, b->now, probe));
    assert_int_equal(read_facts(&b->m, after), n);
    for (uint32_t i = 0; i < len / STEP; i++)
        times = max_u32(times, before[from + i].times);
    for (uint32_t i = 0; i < n; i++) {
        bool again = i >= from && i < from + len / STEP;
        uint8_t mark = probe ? (uint8_t)(before[i].flags | SENT_EVER) : SENT_EVER | SENT_AGAIN | SENT_LOST;

        assert_int_equal(after[i].at, again ? b->now : before[i].at);
        assert_int_equal(after[i].flags, again ? mark : before[i].flags);
        assert_int_equal(after[i].times, again ? min_u32(times + 1, 255) : before[i].times);
    }
}

static void only_what_is_sent_again_changes(void **state)
{
    each_start(start) {
        static struct bench b;

        memset(&b, 0, sizeof b);
        bench_init(&b, start);
        for (unsigned op = 0; op < 20000; op++) {
            uint32_t flight = sndmap_end(&b.m).v - b.m.una.v, una = b.m.una.v - b.start, what = room_below(&b.r, 100);
            uint32_t place = una + room_below(&b.r, flight / STEP + 1) * STEP;

            b.now++;
            if (what < 35 && flight < 200 * MSS)
                send(&b, (1 + room_below(&b.r, what < 5 ? 80 : 10)) * STEP, b.now);
            else if (what < 45)
                ack(&b, una + room_below(&b.r, min_u32(flight, 3 * MSS) / STEP + 1) * STEP);
            else if (what < 60)
                sack(&b, place, min_u32(place + room_below(&b.r, 60) * STEP, una + flight));
            else if (what < 70)
                sndmap_detect_by_count(&b.m, THRESH);
            else if (what < 72)
                sndmap_lose_all(&b.m, b.now - room_below(&b.r, 100), false);
            else
                resend_and_compare(&b, what < 75);
            check_map(&b.m);
        }
        bench_check(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acknowledged_leaves_the_map),
        cmocka_unit_test(only_whole_segments_of_a_super_segment_count),
        cmocka_unit_test(an_empty_map_owns_no_heap),
        cmocka_unit_test(what_a_peer_can_make_us_keep_is_bounded),
        cmocka_unit_test(a_segment_sent_again_gives_no_sample),
        cmocka_unit_test(a_sacked_segment_gives_its_sample_when_it_is_sacked),
        cmocka_unit_test(a_copy_that_came_back_too_soon_proves_nothing),
        cmocka_unit_test(a_sacked_segment_stays_in_the_map),
        cmocka_unit_test(a_block_cuts_super_segments_at_segment_boundaries),
        cmocka_unit_test(blocks_of_a_byte_make_no_entries),
        cmocka_unit_test(an_invalid_block_is_ignored),
        cmocka_unit_test(no_block_of_any_numbers_breaks_the_map),
        cmocka_unit_test(reordering_is_seen_by_sack_and_by_acknowledgment),
        cmocka_unit_test(a_reported_duplicate_takes_the_copy_out_of_the_pipe),
        cmocka_unit_test(lost_is_what_has_enough_sacked_behind_it),
        cmocka_unit_test(what_was_sent_again_is_not_found_lost_again_by_count),
        cmocka_unit_test(what_was_sent_long_before_the_proof_is_lost),
        cmocka_unit_test(segments_of_one_moment_are_in_order_of_sequence),
        cmocka_unit_test(a_lost_retransmission_is_found),
        cmocka_unit_test(what_arrived_is_not_found_lost),
        cmocka_unit_test(a_timeout_loses_the_first_and_what_is_old),
        cmocka_unit_test(a_peer_that_reneges_has_nothing),
        cmocka_unit_test(nothing_is_lost_when_the_loss_was_none),
        cmocka_unit_test(the_first_segment_is_lost_alone),
        cmocka_unit_test(without_memory_the_whole_first_segment_is_lost),
        cmocka_unit_test(segments_that_the_path_does_not_take_are_lost),
        cmocka_unit_test(lost_segments_that_follow_each_other_go_out_as_one),
        cmocka_unit_test(a_due_run_ends_where_something_is_not_lost),
        cmocka_unit_test(a_probe_is_the_last_segment_and_loads_nothing),
        cmocka_unit_test(its_invariants_hold_after_any_operation),
        cmocka_unit_test(its_invariants_hold_when_memory_fails),
        cmocka_unit_test(loss_by_time_is_what_the_definition_says),
        cmocka_unit_test(what_went_again_hides_nothing_that_waits),
        cmocka_unit_test(loss_by_count_is_what_the_definition_says),
        cmocka_unit_test(only_what_is_sent_again_changes),
    };

    return cmocka_run_group_tests_name("sndmap", tests, NULL, NULL);
}
