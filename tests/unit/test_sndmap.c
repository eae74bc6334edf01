/* SPDX-License-Identifier: MIT */
/* The segments in flight (src/tcp/sndmap.c): RFC 2018 §8, IsLost of RFC 6675, Karn; streams against a naive list. */
#include "room.h"
#include "tcp/sndmap.h"

#define MSS    1000u
#define THRESH 3u

struct bench {
    struct room r;
    struct sndmap m;
    uint32_t start; /* the sequence number that `at` below counts from */
    struct sndmap_acked acked;
};

static void bench_init(struct bench *b, uint32_t start)
{
    room_init(&b->r, start + 1);
    sndmap_init(&b->m, seq(start));
    b->start = start;
    b->acked = (struct sndmap_acked){.sent_at = WEFT_NEVER};
}

static void bench_check(struct bench *b)
{
    sndmap_clear(&b->m, b->r.mem);
    room_check(&b->r);
}

static void send(struct bench *b, uint32_t len, weft_time now)
{
    assert_true(sndmap_reserve(&b->m, b->r.mem, 1));
    sndmap_sent(&b->m, seq_add(sndmap_end(&b->m), len), now);
}

/* n full segments, the i-th sent at time i + 1. */
static void send_many(struct bench *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        send(b, MSS, i + 1);
}

static uint32_t sack(struct bench *b, uint32_t from, uint32_t to)
{
    struct tcp_sack_block block = {seq(b->start + from), seq(b->start + to)};

    return sndmap_sack(&b->m, b->r.mem, block, &b->acked);
}

static struct sndmap_acked ack(struct bench *b, uint32_t at)
{
    return sndmap_ack(&b->m, b->r.mem, seq(b->start + at));
}

/* The first lost run is this one; to == from: nothing is lost. */
static void assert_next_lost(struct bench *b, uint32_t most, uint32_t from, uint32_t to)
{
    struct seq start;
    uint32_t len;

    if (to == from) {
        assert_false(sndmap_next_lost(&b->m, most, &start, &len));
        return;
    }
    assert_true(sndmap_next_lost(&b->m, most, &start, &len));
    assert_int_equal(start.v - b->start, from);
    assert_int_equal(len, to - from);
}

static bool resend(struct bench *b, uint32_t from, uint32_t to, weft_time now)
{
    return sndmap_resent(&b->m, b->r.mem, seq(b->start + from), to - from, now);
}

/* ---- invariants ---- */

static uint32_t len_of(const struct sndmap *m, uint32_t i)
{
    return sndmap_at(m, i)->end.v - (i ? sndmap_at(m, i - 1)->end : m->una).v;
}

/* Those at the head of sndmap.h. */
static void check_map(const struct sndmap *m)
{
    uint32_t sacked = 0, lost = 0;

    assert_true(m->count <= m->room && m->room <= SNDMAP_MAX && (m->room & (m->room - 1)) == 0);
    assert_true(m->head < m->room);
    for (uint32_t i = 0; i < m->count; i++) {
        uint8_t flags = sndmap_at(m, i)->flags;

        assert_in_range(len_of(m, i), 1, 1u << 30);
        assert_true((flags & (SENT_SACKED | SENT_LOST)) != (SENT_SACKED | SENT_LOST));
        sacked += flags & SENT_SACKED ? len_of(m, i) : 0;
        lost += flags & SENT_LOST ? len_of(m, i) : 0;
        assert_true(!(flags & SENT_LOST) || i >= m->hint);
    }
    assert_int_equal(m->sacked, sacked);
    assert_int_equal(m->lost, lost);
    assert_int_equal(sndmap_pipe(m), sndmap_total(m) - sacked - lost);
}

/* ---- cumulative acknowledgments ---- */

static void what_is_acknowledged_leaves_the_map(void **state)
{
    each_start(start) {
        struct sndmap_acked a;
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sndmap_total(&b.m), 10 * MSS);
        assert_int_equal(sndmap_pipe(&b.m), 10 * MSS);
        a = ack(&b, 3 * MSS);
        assert_int_equal(a.bytes, 3 * MSS);
        assert_int_equal(a.segments, 3);
        assert_int_equal(a.sent_at, 3);
        assert_int_equal(sndmap_total(&b.m), 7 * MSS);
        a = ack(&b, 3 * MSS);
        assert_int_equal(a.bytes, 0);
        assert_int_equal(a.segments, 0);
        assert_int_equal(a.sent_at, WEFT_NEVER);
        a = ack(&b, 10 * MSS);
        assert_int_equal(a.bytes, 7 * MSS);
        assert_int_equal(sndmap_total(&b.m), 0);
        assert_true(seq_eq(b.m.una, seq(start + 10 * MSS)));
        check_map(&b.m);
        bench_check(&b);
    }
}

static void a_part_of_a_segment_can_be_acknowledged(void **state)
{
    each_start(start) {
        struct sndmap_acked a;
        struct bench b;

        bench_init(&b, start);
        send(&b, 10 * MSS, 7); /* a super-segment */
        a = ack(&b, 1);
        assert_int_equal(a.bytes, 1);
        assert_int_equal(a.segments, 0);
        assert_int_equal(a.sent_at, 7);
        a = ack(&b, 10 * MSS - 1);
        assert_int_equal(a.bytes, 10 * MSS - 2);
        assert_int_equal(a.segments, 0);
        a = ack(&b, 10 * MSS);
        assert_int_equal(a.bytes, 1);
        assert_int_equal(a.segments, 1);
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
        sndmap_sent(&b.m, seq_add(sndmap_end(&b.m), 2), 1);
        n++;
    }
    assert_int_equal(n, SNDMAP_MAX);
    assert_int_equal(sack(&b, 1, 2), 0); /* no room to split */
    check_map(&b.m);
    ack(&b, 4);
    assert_int_equal(sack(&b, 5, 6), 1);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- round trips (Karn) ---- */

/* R6298-3, MUST-18 */
static void a_segment_sent_again_gives_no_sample(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 2);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, 0, MSS, 100);
    assert_int_equal(ack(&b, MSS).sent_at, WEFT_NEVER);
    assert_int_equal(ack(&b, 2 * MSS).sent_at, 2);
    bench_check(&b);
}

/* R6298-3, MUST-18: what waited behind a hole took no longer than the others; its acknowledgment did */
static void segments_delivered_together_with_one_sent_again_give_no_sample(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 5);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, 0, MSS, 100);
    assert_int_equal(ack(&b, 4 * MSS).sent_at, WEFT_NEVER);
    assert_int_equal(ack(&b, 5 * MSS).sent_at, 5);
    bench_check(&b);
}

static void a_sacked_segment_gives_its_sample_when_it_is_sacked(void **state)
{
    struct sndmap_acked a;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 4);
    sack(&b, 2 * MSS, 3 * MSS);
    assert_int_equal(b.acked.sent_at, 3);
    assert_int_equal(b.acked.bytes, MSS);
    a = ack(&b, 3 * MSS);
    assert_int_equal(a.sent_at, 2); /* not again that of the third */
    assert_int_equal(a.bytes, 2 * MSS);
    bench_check(&b);
}

/* ---- SACK ---- */

/* R2018-8: the data stays until it is acknowledged for good */
static void a_sacked_segment_stays_in_the_map(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 2 * MSS);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 0);
        assert_int_equal(sack(&b, 2 * MSS, 6 * MSS), 2 * MSS);
        assert_int_equal(b.acked.bytes, 4 * MSS);
        assert_int_equal(sndmap_total(&b.m), 10 * MSS);
        assert_int_equal(sndmap_pipe(&b.m), 6 * MSS);
        check_map(&b.m);
        assert_int_equal(ack(&b, 10 * MSS).bytes, 6 * MSS); /* delivered is told once */
        assert_int_equal(b.m.sacked, 0);
        bench_check(&b);
    }
}

static void a_block_splits_segments_where_it_must(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 1500);
    send(&b, 10 * MSS, 1);
    assert_int_equal(sack(&b, 2500, 7500), 5000);
    assert_int_equal(b.m.count, 3);
    assert_int_equal(sack(&b, 7000, 10000), 2500);
    assert_int_equal(b.m.count, 4);
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
            assert_int_equal(b.m.sacked, 0);
            assert_int_equal(b.acked.bytes, 0);
            check_map(&b.m);
            assert_int_equal(ack(&b, 10000).bytes, 8000);
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
                send(&b, MSS, 1);
            for (unsigned i = 0; i < 20000; i++) {
                uint32_t from = (uint32_t)rng_u64(&b.r.rng), to = (uint32_t)rng_u64(&b.r.rng);

                if (i % 4 == 0) /* near what is in flight, so that some do mean something */
                    from = end - room_below(&b.r, 120000);
                if (i % 8 == 0)
                    to = from + room_below(&b.r, 2000) - 500;
                told += sack(&b, from, to);
            }
            check_map(&b.m);
            told += ack(&b, end - 50000).bytes;
        }
        assert_int_equal(told, 1000000 - sndmap_pipe(&b.m));
        bench_check(&b);
    }
}

/* ---- loss ---- */

/* RFC 6675 §4, IsLost; 20 segments of MSS, of which these are sacked */
static void lost_is_what_has_enough_sacked_behind_it(void **state)
{
    static const struct {
        uint32_t sacked[4][2]; /* segments from, to */
        unsigned lost;         /* how many from the first on, sacked ones among them */
    } rows[] = {
        {{{0}}, 0},
        {{{19, 20}}, 0},
        {{{18, 20}}, 0},                       /* (DupThresh - 1) * SMSS, and not more */
        {{{17, 20}}, 17},
        {{{5, 6}, {7, 8}, {9, 10}}, 5},        /* three discontiguous sequences */
        {{{5, 6}, {7, 8}}, 0},
        {{{5, 6}, {7, 8}, {9, 10}, {11, 12}}, 7},
        {{{1, 2}, {17, 20}}, 17},
        {{{1, 20}}, 1},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t expected = rows[i].lost * MSS;
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 20);
            for (unsigned k = 0; k < 4 && rows[i].sacked[k][1]; k++) {
                sack(&b, rows[i].sacked[k][0] * MSS, rows[i].sacked[k][1] * MSS);
                for (unsigned n = rows[i].sacked[k][0]; n < rows[i].sacked[k][1]; n++)
                    expected -= n < rows[i].lost ? MSS : 0;
            }
            assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), expected);
            assert_int_equal(b.m.lost, expected);
            assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 0);
            check_map(&b.m);
            bench_check(&b);
        }
}

/* Bytes alone would never tell of those */
static void small_segments_are_lost_after_three_sacked_ones(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 250);
    for (unsigned i = 0; i < 6; i++)
        send(&b, 100, 1);
    sack(&b, 100, 200);
    sack(&b, 300, 400);
    assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 0);
    sack(&b, 500, 600);
    assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 100);
    assert_next_lost(&b, MSS, 0, 100);
    bench_check(&b);
}

static void a_super_segment_is_lost_by_bytes(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send(&b, 20 * MSS, 1);
    sack(&b, 10 * MSS, 12 * MSS + 1);
    assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 10 * MSS);
    assert_next_lost(&b, 64 * MSS, 0, 10 * MSS);
    bench_check(&b);
}

/* Once it went out again only a time-out says that it was lost again. */
static void what_was_sent_again_is_not_found_lost_again(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 5 * MSS, 10 * MSS);
    assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 5 * MSS);
    assert_true(resend(&b, 0, 5 * MSS, 50));
    assert_int_equal(sndmap_detect(&b.m, THRESH, MSS), 0);
    assert_int_equal(sndmap_pipe(&b.m), 5 * MSS);
    assert_next_lost(&b, MSS, 0, 0);
    sndmap_lose_all(&b.m);
    assert_int_equal(b.m.lost, 10 * MSS);
    bench_check(&b);
}

/* R2018-8: the peer may have thrown away what it sacked */
static void a_timeout_forgets_what_was_sacked(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        sack(&b, 5 * MSS, 10 * MSS);
        sndmap_lose_all(&b.m);
        assert_int_equal(b.m.sacked, 0);
        assert_int_equal(b.m.lost, 10 * MSS);
        assert_int_equal(sndmap_pipe(&b.m), 0);
        check_map(&b.m);
        assert_next_lost(&b, MSS, 0, MSS); /* the left edge first */
        assert_int_equal(sack(&b, 5 * MSS, 10 * MSS), 5 * MSS);
        assert_int_equal(b.m.lost, 5 * MSS);
        check_map(&b.m);
        bench_check(&b);
    }
}

/* R6582-1's next hole: one segment's worth of it, whatever it was sent in */
static void the_first_segment_is_lost_alone(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 10);
    assert_false(sndmap_lose_first(&b.m, b.r.mem, MSS));
    send(&b, 10 * MSS, 1);
    assert_true(sndmap_lose_first(&b.m, b.r.mem, MSS));
    assert_int_equal(b.m.lost, MSS);
    assert_true(sndmap_lose_first(&b.m, b.r.mem, MSS));
    assert_int_equal(b.m.lost, MSS);
    assert_next_lost(&b, 64 * MSS, 0, MSS);
    assert_true(resend(&b, 0, MSS, 5));
    assert_true(sndmap_lose_first(&b.m, b.r.mem, MSS)); /* sent again or not */
    assert_int_equal(b.m.lost, MSS);
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
    assert_true(sndmap_lose_first(&b.m, b.r.mem, MSS));
    assert_int_equal(b.m.lost, 10 * MSS);
    check_map(&b.m);
    room_refuse_all(&b.r, false);
    bench_check(&b);
}

static void segments_that_the_path_does_not_take_are_lost(void **state)
{
    static const uint32_t lens[] = {1000, 500, 1001, 4000, 1000, 1500};
    struct bench b;

    bench_init(&b, 0u - 3000);
    for (unsigned i = 0; i < ARRAY_LEN(lens); i++)
        send(&b, lens[i], 1);
    sack(&b, 7501, 9001);
    sndmap_lose_larger(&b.m, 1000);
    assert_int_equal(b.m.lost, 5001);
    assert_next_lost(&b, 1000, 1500, 2500);
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
        sndmap_lose_all(&b.m);
        assert_next_lost(&b, MSS, 0, MSS); /* three and a third */
        assert_true(resend(&b, 0, MSS, 50));
        check_map(&b.m);
        assert_int_equal(sndmap_at(&b.m, 0)->end.v - start, MSS);
        assert_int_equal(b.m.count, 18);
        assert_next_lost(&b, 700, MSS, 1700);
        assert_true(resend(&b, MSS, 1700, 51)); /* and only the front of what was offered */
        assert_next_lost(&b, 64 * MSS, 1700, 6000);
        check_map(&b.m);
        bench_check(&b);
    }
}

static void a_lost_run_ends_where_something_is_not_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 5 * MSS);
    send_many(&b, 12);
    sack(&b, 3 * MSS, 4 * MSS);
    sack(&b, 7 * MSS, 12 * MSS);
    sndmap_detect(&b.m, THRESH, MSS);
    assert_next_lost(&b, 64 * MSS, 0, 3 * MSS);
    assert_true(resend(&b, 0, 3 * MSS, 50));
    assert_next_lost(&b, 64 * MSS, 4 * MSS, 7 * MSS);
    assert_true(resend(&b, 4 * MSS, 5 * MSS, 51));
    assert_next_lost(&b, 64 * MSS, 5 * MSS, 7 * MSS);
    check_map(&b.m);
    bench_check(&b);
}

static void a_lost_segment_that_arrives_after_all_is_not_sent_again(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 4 * MSS, 10 * MSS);
    sndmap_detect(&b.m, THRESH, MSS);
    assert_int_equal(b.m.lost, 4 * MSS);
    assert_int_equal(sack(&b, MSS, 2 * MSS), MSS);
    assert_int_equal(b.m.lost, 3 * MSS);
    assert_true(resend(&b, 0, MSS, 50));
    assert_next_lost(&b, 64 * MSS, 2 * MSS, 4 * MSS);
    ack(&b, 3 * MSS);
    assert_next_lost(&b, 64 * MSS, 3 * MSS, 4 * MSS);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- streams of operations ---- */

#define MOST_ENTRIES 600
#define FLIGHT       20000u

/* A list of segments, worked on without thought. */
struct model {
    struct {
        uint32_t from, to; /* offsets from the start of the stream, as 32 bits */
        uint8_t flags;
        weft_time at;
    } one[MOST_ENTRIES];
    unsigned n;
    uint32_t una;
};

struct stream {
    struct bench b;
    struct model m;
    weft_time now;
};

static uint32_t model_end(const struct model *m) { return m->n ? m->one[m->n - 1].to : m->una; }

static uint32_t model_sum(const struct model *m, uint8_t flag)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < m->n; i++)
        sum += m->one[i].flags & flag ? m->one[i].to - m->one[i].from : 0;
    return sum;
}

static void model_split(struct model *m, uint32_t at)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->one[i].from - m->una < at - m->una && at - m->una < m->one[i].to - m->una) {
            memmove(&m->one[i + 1], &m->one[i], (m->n - i) * sizeof m->one[0]);
            m->n++;
            m->one[i].to = m->one[i + 1].from = at;
            return;
        }
}

static void model_remove(struct model *m, unsigned i)
{
    m->n--;
    memmove(&m->one[i], &m->one[i + 1], (m->n - i) * sizeof m->one[0]);
}

/* Like or unlike: the map may have lost splits for want of memory. Then the model takes over the map's list. */
static void compare(struct stream *s, bool exact)
{
    const struct sndmap *map = &s->b.m;
    struct model *m = &s->m;

    check_map(map);
    assert_int_equal(map->una.v - s->b.start, m->una);
    assert_int_equal(sndmap_end(map).v - s->b.start, model_end(m));
    if (!exact) {
        for (m->n = 0; m->n < map->count; m->n++) {
            const struct sent *e = sndmap_at(map, m->n);

            m->one[m->n].from = model_end(m);
            m->one[m->n].to = e->end.v - s->b.start;
            m->one[m->n].flags = e->flags;
            m->one[m->n].at = e->at;
        }
        return;
    }
    assert_int_equal(map->count, m->n);
    for (unsigned i = 0; i < m->n; i++) {
        const struct sent *e = sndmap_at(map, i);

        assert_int_equal(e->end.v - s->b.start, m->one[i].to);
        assert_int_equal(e->flags, m->one[i].flags);
        assert_int_equal(e->at, m->one[i].at);
    }
    assert_int_equal(map->sacked, model_sum(m, SENT_SACKED));
    assert_int_equal(map->lost, model_sum(m, SENT_LOST));
}

static void op_send(struct stream *s)
{
    uint32_t len = 1 + room_below(&s->b.r, rng_chance(&s->b.r.rng, 100000) ? 8 * MSS : MSS);
    struct model *m = &s->m;

    if (model_end(m) - m->una + len > FLIGHT || m->n + 4 > MOST_ENTRIES)
        return;
    if (!sndmap_reserve(&s->b.m, s->b.r.mem, 1)) {
        assert_true(s->b.r.refuse_ppm > 0);
        return;
    }
    sndmap_sent(&s->b.m, seq_add(sndmap_end(&s->b.m), len), s->now);
    m->one[m->n].from = model_end(m);
    m->one[m->n].to = m->one[m->n].from + len;
    m->one[m->n].flags = 0;
    m->one[m->n++].at = s->now;
}

static void op_ack(struct stream *s)
{
    struct model *m = &s->m;
    uint32_t to = m->una + room_below(&s->b.r, min_u32(model_end(m) - m->una, 6 * MSS) + 1);
    struct sndmap_acked expected = {.sent_at = WEFT_NEVER}, a;
    bool doubtful = false;

    while (m->n && m->una != to) {
        uint32_t upto = to - m->una < m->one[0].to - m->una ? to : m->one[0].to;

        if (!(m->one[0].flags & SENT_SACKED)) {
            expected.bytes += upto - m->una;
            doubtful |= m->one[0].flags & SENT_AGAIN;
            expected.sent_at = m->one[0].at;
        }
        m->una = m->one[0].from = upto;
        if (upto == m->one[0].to) {
            expected.segments++;
            model_remove(m, 0);
        }
    }
    a = ack(&s->b, to);
    assert_int_equal(a.bytes, expected.bytes);
    assert_int_equal(a.segments, expected.segments);
    assert_int_equal(a.sent_at, doubtful ? WEFT_NEVER : expected.sent_at);
}

static void op_sack(struct stream *s)
{
    struct model *m = &s->m;
    uint32_t flight = model_end(m) - m->una, from = m->una + room_below(&s->b.r, flight + 1);
    uint32_t to = from + room_below(&s->b.r, 3 * MSS), expected = 0, got;
    struct sndmap_acked told = {.sent_at = WEFT_NEVER};
    bool valid = from != m->una && to != from && to - m->una <= flight, failed;

    s->b.acked = told;
    if (valid) {
        model_split(m, from);
        model_split(m, to);
        for (unsigned i = 0; i < m->n; i++)
            if (m->one[i].from - m->una >= from - m->una && m->one[i].to - m->una <= to - m->una &&
                !(m->one[i].flags & SENT_SACKED)) {
                expected += m->one[i].to - m->one[i].from;
                if (!(m->one[i].flags & SENT_AGAIN))
                    told.sent_at = m->one[i].at;
                m->one[i].flags = (uint8_t)((m->one[i].flags & ~SENT_LOST) | SENT_SACKED);
            }
    }
    got = sack(&s->b, from, to);
    failed = got != expected;
    assert_true(!failed || (got == 0 && s->b.r.refuse_ppm));
    if (!failed && expected) {
        assert_int_equal(s->b.acked.bytes, expected);
        assert_int_equal(s->b.acked.sent_at, told.sent_at);
    }
    if (s->b.r.refuse_ppm)
        compare(s, false);
}

static void op_detect(struct stream *s)
{
    struct model *m = &s->m;
    uint32_t expected = 0;

    for (unsigned i = 0; i < m->n; i++) {
        uint32_t bytes = 0, segments = 0;

        for (unsigned k = i + 1; k < m->n; k++)
            if (m->one[k].flags & SENT_SACKED) {
                bytes += m->one[k].to - m->one[k].from;
                segments++;
            }
        if (m->one[i].flags == 0 && (segments >= THRESH || bytes > (THRESH - 1) * MSS)) {
            m->one[i].flags |= SENT_LOST;
            expected += m->one[i].to - m->one[i].from;
        }
    }
    assert_int_equal(sndmap_detect(&s->b.m, THRESH, MSS), expected);
}

static void op_lose_first(struct stream *s)
{
    struct model *m = &s->m;

    if (m->n && m->one[0].to - m->una > MSS)
        model_split(m, m->una + MSS);
    if (m->n && !(m->one[0].flags & SENT_SACKED))
        m->one[0].flags |= SENT_LOST;
    assert_int_equal(sndmap_lose_first(&s->b.m, s->b.r.mem, MSS), m->n > 0);
    if (s->b.r.refuse_ppm)
        compare(s, false);
}

static void op_lose_many(struct stream *s, bool all)
{
    struct model *m = &s->m;
    uint32_t larger = 1 + room_below(&s->b.r, MSS);

    for (unsigned i = 0; i < m->n; i++)
        if (all)
            m->one[i].flags = (uint8_t)((m->one[i].flags & ~SENT_SACKED) | SENT_LOST);
        else if (m->one[i].to - m->one[i].from > larger && !(m->one[i].flags & SENT_SACKED))
            m->one[i].flags |= SENT_LOST;
    if (all)
        sndmap_lose_all(&s->b.m);
    else
        sndmap_lose_larger(&s->b.m, larger);
}

/* The first lost run goes out again, or the front of it. */
static void op_resend(struct stream *s)
{
    struct model *m = &s->m;
    uint32_t most = 1 + room_below(&s->b.r, 4 * MSS), end;
    unsigned first = 0, last;
    bool resent;

    while (first < m->n && !(m->one[first].flags & SENT_LOST))
        first++;
    if (first == m->n) {
        assert_next_lost(&s->b, most, 0, 0);
        return;
    }
    for (last = first; last < m->n && m->one[last].flags & SENT_LOST; last++)
        continue;
    end = m->one[first].from + min_u32(most, m->one[last - 1].to - m->one[first].from);
    assert_next_lost(&s->b, most, m->one[first].from, end);
    if (rng_chance(&s->b.r.rng, 300000))
        end = m->one[first].from + 1 + room_below(&s->b.r, end - m->one[first].from);
    resent = resend(&s->b, m->one[first].from, end, s->now);
    assert_true(resent || s->b.r.refuse_ppm);
    if (!resent)
        return;
    model_split(m, end);
    while (m->one[first].to != end) {
        m->one[first].to = m->one[first + 1].to;
        model_remove(m, first + 1);
    }
    m->one[first].flags = SENT_AGAIN;
    m->one[first].at = s->now;
}

static void operate(struct stream *s)
{
    unsigned what = room_below(&s->b.r, 1000);

    s->now++;
    if (what < 400)
        op_send(s);
    else if (what < 550)
        op_ack(s);
    else if (what < 700)
        op_sack(s);
    else if (what < 800)
        op_detect(s);
    else if (what < 830)
        op_lose_first(s);
    else if (what < 832)
        op_lose_many(s, true);
    else if (what < 835)
        op_lose_many(s, false);
    else
        op_resend(s);
}

static void run_stream(uint32_t start, uint32_t refuse_ppm, unsigned ops)
{
    static struct stream s;

    memset(&s, 0, sizeof s);
    bench_init(&s.b, start);
    s.b.r.refuse_ppm = refuse_ppm;
    for (unsigned op = 0; op < ops; op++) {
        operate(&s);
        compare(&s, true);
    }
    bench_check(&s.b);
}

static void it_behaves_like_a_list_of_segments(void **state)
{
    each_start(start)
        run_stream(start, 0, 170000);
}

static void it_behaves_like_a_list_of_segments_when_memory_fails(void **state)
{
    each_start(start) {
        run_stream(start, 20000, 20000);
        run_stream(start, 500000, 20000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acknowledged_leaves_the_map),
        cmocka_unit_test(a_part_of_a_segment_can_be_acknowledged),
        cmocka_unit_test(an_empty_map_owns_no_heap),
        cmocka_unit_test(what_a_peer_can_make_us_keep_is_bounded),
        cmocka_unit_test(a_segment_sent_again_gives_no_sample),
        cmocka_unit_test(segments_delivered_together_with_one_sent_again_give_no_sample),
        cmocka_unit_test(a_sacked_segment_gives_its_sample_when_it_is_sacked),
        cmocka_unit_test(a_sacked_segment_stays_in_the_map),
        cmocka_unit_test(a_block_splits_segments_where_it_must),
        cmocka_unit_test(an_invalid_block_is_ignored),
        cmocka_unit_test(no_block_of_any_numbers_breaks_the_map),
        cmocka_unit_test(lost_is_what_has_enough_sacked_behind_it),
        cmocka_unit_test(small_segments_are_lost_after_three_sacked_ones),
        cmocka_unit_test(a_super_segment_is_lost_by_bytes),
        cmocka_unit_test(what_was_sent_again_is_not_found_lost_again),
        cmocka_unit_test(a_timeout_forgets_what_was_sacked),
        cmocka_unit_test(the_first_segment_is_lost_alone),
        cmocka_unit_test(without_memory_the_whole_first_segment_is_lost),
        cmocka_unit_test(segments_that_the_path_does_not_take_are_lost),
        cmocka_unit_test(lost_segments_that_follow_each_other_go_out_as_one),
        cmocka_unit_test(a_lost_run_ends_where_something_is_not_lost),
        cmocka_unit_test(a_lost_segment_that_arrives_after_all_is_not_sent_again),
        cmocka_unit_test(it_behaves_like_a_list_of_segments),
        cmocka_unit_test(it_behaves_like_a_list_of_segments_when_memory_fails),
    };

    return cmocka_run_group_tests_name("sndmap", tests, NULL, NULL);
}
