/* SPDX-License-Identifier: MIT */
/* What arrived out of order (src/tcp/reasm.c): single claims, then streams of operations against a map of bytes. */
#include "room.h"
#include "tcp/reasm.h"

#define RANGES 128

struct bench {
    struct room r;
    struct reasm reasm;
    struct recvq q;
    struct seq next; /* RCV.NXT; `at` below counts from where it was at first */
    uint32_t start;
    bool full;
};

static void bench_init(struct bench *b, uint32_t start)
{
    room_init(&b->r, start + 7);
    reasm_init(&b->reasm);
    recvq_init(&b->q);
    b->next = seq(start);
    b->start = start;
    b->full = false;
}

static void bench_check(struct bench *b)
{
    reasm_clear(&b->reasm, b->r.mem);
    recvq_clear(&b->q, b->r.mem);
    assert_int_equal(b->r.mem->live[MEM_queue], 0);
    room_check(&b->r);
}

/* [at, at + len) of the stream of this salt arrives as one piece. */
static uint32_t insert_salted(struct bench *b, uint32_t at, uint32_t len, unsigned ranges, uint32_t salt)
{
    struct span piece = room_piece(&b->r, 54, len, at, salt);
    uint32_t n = reasm_insert(&b->reasm, b->r.mem, &b->r.pool, ranges, seq(b->start + at), &piece, 1, &b->full);

    block_unref(piece.block);
    return n;
}

static uint32_t insert(struct bench *b, uint32_t at, uint32_t len) { return insert_salted(b, at, len, RANGES, 0); }

static void join(struct bench *b, uint32_t at)
{
    b->next = reasm_join(&b->reasm, b->r.mem, seq(b->start + at), &b->q);
}

/* The ranges, as offsets from the start. */
static void assert_ranges(struct bench *b, unsigned n, const uint32_t (*ranges)[2])
{
    uint32_t bytes = 0;

    assert_int_equal(b->reasm.count, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(b->reasm.range[i].start.v - b->start, ranges[i][0]);
        assert_int_equal(b->reasm.range[i].end.v - b->start, ranges[i][1]);
        bytes += ranges[i][1] - ranges[i][0];
    }
    assert_int_equal(b->reasm.bytes, bytes);
}

static void assert_read(struct bench *b, uint32_t at, uint32_t len, uint32_t salt)
{
    static uint8_t out[100000];
    struct weft_iov v = {out, len};

    assert_int_equal(recvq_read(&b->q, b->r.mem, &v, 1, &(struct recvq_want){.most = b->q.bytes}), len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(out[i], pattern_byte(at + i, salt));
}

/* SHLD-31: 2, 3, 4, then 1 */
static void what_came_early_follows_what_was_missing(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        for (uint32_t i = 1; i < 4; i++)
            assert_int_equal(insert(&b, 1460 * i, 1460), 1460);
        assert_ranges(&b, 1, (const uint32_t[][2]){{1460, 5840}});
        join(&b, 1460);
        assert_int_equal(b.next.v - start, 5840);
        assert_read(&b, 1460, 4380, 0);
        assert_ranges(&b, 0, NULL);
        bench_check(&b);
    }
}

static void ranges_are_kept_in_order_and_merged_when_they_touch(void **state)
{
    static const struct {
        uint32_t in[6][2], out[4][2];
    } rows[] = {
        {{{100, 50}, {300, 50}, {200, 50}}, {{100, 150}, {200, 250}, {300, 350}}},
        {{{100, 50}, {150, 50}}, {{100, 200}}},
        {{{150, 50}, {100, 50}}, {{100, 200}}},
        {{{100, 50}, {200, 50}, {150, 50}}, {{100, 250}}},          /* the hole just filled */
        {{{100, 50}, {200, 50}, {120, 100}}, {{100, 250}}},         /* over both edges */
        {{{100, 50}, {200, 50}, {300, 50}, {50, 400}}, {{50, 450}}}, /* over everything */
        {{{100, 50}, {90, 70}}, {{90, 160}}},
        {{{100, 50}, {110, 10}}, {{100, 150}}},                     /* inside */
        {{{100, 50}, {200, 50}, {300, 50}, {140, 170}}, {{100, 350}}},
        {{{100, 1}, {102, 1}, {104, 1}, {103, 1}}, {{100, 101}, {102, 105}}},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct bench b;
            unsigned n = 0;

            bench_init(&b, start);
            for (unsigned k = 0; k < 6 && rows[i].in[k][1]; k++)
                insert(&b, rows[i].in[k][0], rows[i].in[k][1]);
            while (n < 4 && rows[i].out[n][1])
                n++;
            assert_ranges(&b, n, rows[i].out);
            bench_check(&b);
        }
}

static void the_first_copy_of_a_byte_wins(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        assert_int_equal(insert_salted(&b, 1000, 1000, RANGES, 1), 1000);
        assert_int_equal(insert_salted(&b, 500, 2000, RANGES, 2), 1000); /* before and behind it */
        assert_int_equal(insert_salted(&b, 500, 2000, RANGES, 3), 0);
        assert_false(b.full);
        join(&b, 500);
        assert_read(&b, 500, 500, 2);
        assert_read(&b, 1000, 1000, 1);
        assert_read(&b, 2000, 500, 2);
        bench_check(&b);
    }
}

static void what_arrived_in_order_meanwhile_is_cut_off(void **state)
{
    static const struct {
        uint32_t next, then;
    } rows[] = {{100, 1000}, {101, 1000}, {999, 1000}, {1000, 1000}, {1001, 1001}, {5000, 5000}, {99, 99}};

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct bench b;

            bench_init(&b, start);
            insert(&b, 100, 900);
            join(&b, rows[i].next);
            assert_int_equal(b.next.v - start, rows[i].then);
            if (rows[i].then > rows[i].next)
                assert_read(&b, rows[i].next, rows[i].then - rows[i].next, 0);
            assert_int_equal(b.q.bytes, 0);
            assert_int_equal(b.reasm.count, rows[i].next < 100);
            bench_check(&b);
        }
}

static void joining_stops_at_the_next_hole(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 1000);
    insert(&b, 500, 1000);
    insert(&b, 2000, 100);
    join(&b, 500);
    assert_int_equal(b.next.v - b.start, 1500);
    assert_ranges(&b, 1, (const uint32_t[][2]){{2000, 2100}});
    join(&b, 2100); /* all of it came in order as well */
    assert_ranges(&b, 0, NULL);
    assert_int_equal(b.q.bytes, 1000);
    bench_check(&b);
}

/* SegmentSmack: however many islands a peer makes, no more ranges than that. */
static void there_are_never_more_ranges_than_allowed(void **state)
{
    struct bench b;

    bench_init(&b, 0x7ffffff0);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t n = insert_salted(&b, 2 + 2 * i, 1, 16, 0);

        assert_int_equal(n, i < 16);
        assert_int_equal(b.full, i >= 16);
    }
    assert_int_equal(b.reasm.count, 16);
    assert_int_equal(insert_salted(&b, 3, 1, 16, 0), 1); /* filling a hole makes them fewer */
    assert_int_equal(b.reasm.count, 15);
    assert_int_equal(insert_salted(&b, 1000, 1, 16, 0), 1);
    assert_int_equal(insert_salted(&b, 1001, 1000, 16, 0), 1000); /* and growing one is no matter of number */
    assert_false(b.full);
    bench_check(&b);
}

static void a_segment_that_needs_too_many_ranges_is_kept_in_part(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    insert_salted(&b, 100, 10, 1, 0);
    assert_int_equal(insert_salted(&b, 105, 50, 1, 0), 45);
    assert_int_equal(insert_salted(&b, 50, 10, 1, 0), 0);
    assert_true(b.full);
    assert_ranges(&b, 1, (const uint32_t[][2]){{100, 155}});
    bench_check(&b);
}

static void a_segment_in_pieces_is_one_segment(void **state)
{
    struct span pieces[3];
    struct bench b;

    bench_init(&b, 0u - 500);
    for (unsigned i = 0; i < 3; i++)
        pieces[i] = room_piece(&b.r, 0, 400, 1000 + 400 * i, 0);
    insert_salted(&b, 1300, 200, RANGES, 9); /* over the first seam */
    assert_int_equal(reasm_insert(&b.reasm, b.r.mem, &b.r.pool, RANGES, seq(b.start + 1000), pieces, 3, &b.full), 1000);
    for (unsigned i = 0; i < 3; i++)
        block_unref(pieces[i].block);
    join(&b, 1000);
    assert_read(&b, 1000, 300, 0);
    assert_read(&b, 1300, 200, 9);
    assert_read(&b, 1500, 700, 0);
    bench_check(&b);
}

/* A piece all of which is here already is not held, not even by an empty span. */
static void a_piece_that_is_not_needed_is_let_go(void **state)
{
    struct span pieces[2];
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < 2; i++)
        pieces[i] = room_piece(&b.r, 54, 1460, 1000 + 1460 * i, 0);
    insert(&b, 2460, 1460);
    assert_int_equal(reasm_insert(&b.reasm, b.r.mem, &b.r.pool, RANGES, seq(b.start + 1000), pieces, 2, &b.full), 1460);
    assert_ranges(&b, 1, (const uint32_t[][2]){{1000, 3920}});
    assert_int_equal(b.reasm.range[0].spans.count, 2);
    assert_int_equal(pieces[1].block->refs, 1);
    for (unsigned i = 0; i < 2; i++)
        block_unref(pieces[i].block);
    bench_check(&b);
}

/* ---- SACK (RFC 2018 §4) ---- */

/* The blocks that would go out, as offsets. */
static void assert_sack(struct bench *b, unsigned max, unsigned n, const uint32_t (*blocks)[2])
{
    struct tcp_sack_block out[TCP_MAX_SACK];

    assert_int_equal(reasm_sack(&b->reasm, out, max), n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(out[i].start.v - b->start, blocks[i][0]);
        assert_int_equal(out[i].end.v - b->start, blocks[i][1]);
    }
}

/* R2018-3 */
static void the_first_block_holds_the_segment_that_just_came(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        assert_sack(&b, 4, 0, NULL);
        insert(&b, 1000, 100);
        assert_sack(&b, 4, 1, (const uint32_t[][2]){{1000, 1100}});
        insert(&b, 3000, 100);
        insert(&b, 2000, 100);
        assert_sack(&b, 4, 3, (const uint32_t[][2]){{2000, 2100}, {3000, 3100}, {1000, 1100}});
        insert(&b, 3100, 100); /* its whole range comes first */
        assert_sack(&b, 4, 3, (const uint32_t[][2]){{3000, 3200}, {2000, 2100}, {1000, 1100}});
        bench_check(&b);
    }
}

/* R2018-3: after 2^32 segments out of order as before, whichever of them the wrap comes with. */
static void the_order_of_blocks_outlives_the_wrap_of_its_clock(void **state)
{
    for (uint32_t before = 0; before < 8; before++) {
        struct bench b;

        bench_init(&b, 0);
        insert(&b, 1000, 100);
        b.reasm.clock = b.reasm.range[0].touched = UINT32_MAX - before; /* as if it had come that late */
        assert_sack(&b, 4, 1, (const uint32_t[][2]){{1000, 1100}});
        insert(&b, 3000, 100);
        insert(&b, 2000, 100);
        assert_sack(&b, 4, 3, (const uint32_t[][2]){{2000, 2100}, {3000, 3100}, {1000, 1100}});
        insert(&b, 3100, 100);
        insert(&b, 1100, 900); /* joins the two that came first and third */
        assert_sack(&b, 4, 2, (const uint32_t[][2]){{1000, 2100}, {3000, 3200}});
        assert_int_equal(insert(&b, 3050, 10), 0);
        assert_sack(&b, 4, 2, (const uint32_t[][2]){{3000, 3200}, {1000, 2100}});
        bench_check(&b);
    }
}

/* R2018-3 */
static void a_duplicate_brings_its_block_to_the_front(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    insert(&b, 1000, 100);
    insert(&b, 2000, 100);
    assert_int_equal(insert(&b, 1050, 10), 0);
    assert_sack(&b, 4, 2, (const uint32_t[][2]){{1000, 1100}, {2000, 2100}});
    bench_check(&b);
}

/* R2018-3: three with timestamps, four without; the others are told by later acknowledgments */
static void the_most_recent_blocks_are_told(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 5000);
    for (uint32_t i = 1; i <= 9; i++)
        insert(&b, 1000 * i, 100);
    assert_sack(&b, 4, 4, (const uint32_t[][2]){{9000, 9100}, {8000, 8100}, {7000, 7100}, {6000, 6100}});
    assert_sack(&b, 3, 3, (const uint32_t[][2]){{9000, 9100}, {8000, 8100}, {7000, 7100}});
    assert_sack(&b, 0, 0, NULL);
    bench_check(&b);
}

/* R2018-3 */
static void a_filled_hole_makes_one_block_of_two(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    insert(&b, 1000, 100);
    insert(&b, 1200, 100);
    insert(&b, 5000, 100);
    insert(&b, 1100, 100);
    assert_sack(&b, 4, 2, (const uint32_t[][2]){{1000, 1300}, {5000, 5100}});
    bench_check(&b);
}

/* ---- without memory ---- */

static void an_insertion_that_fails_leaves_nothing_behind(void **state)
{
    struct span piece;
    struct bench b;

    for (size_t n = 1;; n++) {
        struct counted_mem *c;
        uint32_t stored;

        bench_init(&b, 0);
        c = &b.r.c;
        piece = room_piece(&b.r, 1900, 40, 1000, 0); /* to be copied */
        c->mem.refuse = counted_mem_refuse;
        c->refuse_at = n;
        stored = reasm_insert(&b.reasm, b.r.mem, &b.r.pool, RANGES, seq(1000), &piece, 1, &b.full);
        c->mem.refuse = NULL;
        block_unref(piece.block);
        if (stored) {
            assert_int_equal(stored, 40);
            assert_true(n > 2); /* the table of ranges and the block did fail before */
            bench_check(&b);
            return;
        }
        assert_true(b.full);
        assert_int_equal(b.reasm.count, 0);
        assert_int_equal(b.reasm.bytes, 0);
        assert_int_equal(b.r.mem->live[MEM_queue], 0);
        bench_check(&b);
    }
}

static void joining_goes_on_when_memory_is_back(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 2000);
    for (uint32_t i = 0; i < 6; i++)
        insert(&b, 1000 + 1000 * i, 1000);
    room_refuse_all(&b.r, true);
    join(&b, 1000);
    assert_int_equal(b.next.v - b.start, 1000);
    assert_int_equal(b.reasm.bytes, 6000);
    room_refuse_all(&b.r, false);
    join(&b, 1100); /* the peer sent some of it again, and that went into the queue */
    assert_int_equal(b.next.v - b.start, 7000);
    assert_read(&b, 1100, 5900, 0);
    bench_check(&b);
}

static void ranges_that_could_not_be_merged_join_one_after_the_other(void **state)
{
    struct span piece;
    struct bench b;

    bench_init(&b, 0);
    insert(&b, 1000, 1000);
    for (uint32_t i = 0; i < 3; i++)
        insert(&b, 3000 + 1000 * i, 1000);
    piece = room_piece(&b.r, 0, 1000, 2000, 0);
    room_refuse_all(&b.r, true);
    assert_int_equal(reasm_insert(&b.reasm, b.r.mem, &b.r.pool, RANGES, seq(2000), &piece, 1, &b.full), 1000);
    room_refuse_all(&b.r, false);
    block_unref(piece.block);
    assert_ranges(&b, 2, (const uint32_t[][2]){{1000, 3000}, {3000, 6000}});
    assert_int_equal(insert(&b, 1500, 3000), 0);
    join(&b, 1000);
    assert_read(&b, 1000, 5000, 0);
    bench_check(&b);
}

/* ---- streams of operations ---- */

#define WINDOW       30000u
#define SMALL_WINDOW 1500u /* is gone through so much sooner that most operations are in one */
#define BLOCKS (RANGES + 2)

/* What is known of the window, a byte for a byte; and its blocks, the most recently touched first. */
struct model {
    bool here[WINDOW];
    uint8_t byte[WINDOW];
    uint32_t window, n;        /* its bytes, at most WINDOW; those that are here */
    uint32_t block[BLOCKS][2]; /* offsets from `next` */
    unsigned blocks;
    bool untidy; /* something was refused or left out: the order, and what has merged, are no longer told */
};

struct stream {
    struct bench b;
    struct model m;
    uint32_t salt;
    unsigned ranges;
};

static void model_touch(struct model *m, uint32_t from, uint32_t to)
{
    uint32_t others[BLOCKS][2];
    unsigned n = 0;

    for (unsigned i = 0; i < m->blocks; i++)
        if (m->block[i][0] <= to && m->block[i][1] >= from) {
            from = min_u32(from, m->block[i][0]);
            to = max_u32(to, m->block[i][1]);
        }
    for (unsigned i = 0; i < m->blocks; i++)
        if (m->block[i][0] > to || m->block[i][1] < from)
            memcpy(others[n++], m->block[i], sizeof others[0]);
    m->block[0][0] = from;
    m->block[0][1] = to;
    memcpy(m->block + 1, others, n * sizeof others[0]);
    m->blocks = n + 1;
}

/* The first `stored` bytes of [from, from + len) that were not here, are now. */
static void model_insert(struct model *m, uint32_t from, const uint8_t *p, uint32_t len, uint32_t stored)
{
    for (uint32_t i = 0; i < len && stored; i++)
        if (!m->here[from + i]) {
            m->here[from + i] = true;
            m->byte[from + i] = p[i];
            m->n++;
            stored--;
        }
    assert_int_equal(stored, 0);
}

static uint32_t model_missing(const struct model *m, uint32_t from, uint32_t len)
{
    uint32_t n = 0;

    for (uint32_t i = from; i < from + len; i++)
        n += !m->here[i];
    return n;
}

static void model_shift(struct model *m, uint32_t n)
{
    unsigned kept = 0;

    for (uint32_t i = 0; i < n; i++)
        m->n -= m->here[i];
    memmove(m->here, m->here + n, m->window - n);
    memset(m->here + m->window - n, 0, n);
    memmove(m->byte, m->byte + n, m->window - n);
    for (unsigned i = 0; i < m->blocks; i++)
        if (m->block[i][1] > n) {
            m->block[kept][0] = m->block[i][0] - min_u32(m->block[i][0], n);
            m->block[kept++][1] = m->block[i][1] - n;
        }
    m->blocks = kept;
}

/* Of an empty window everything is known again. */
static void model_settle(struct model *m)
{
    if (m->n == 0) {
        m->untidy = false;
        m->blocks = 0;
    }
}

static void check_ranges(struct stream *s)
{
    const struct reasm *r = &s->b.reasm;
    uint32_t at = 0, bytes = 0;

    assert_true(r->count <= s->ranges);
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t from = r->range[i].start.v - s->b.next.v, to = r->range[i].end.v - s->b.next.v, held = 0;
        struct spanring *spans = &r->range[i].spans;

        assert_true(from < to && to <= s->m.window);
        assert_true(s->m.untidy ? from >= at : from > at);
        for (; at < from; at++)
            assert_false(s->m.here[at]);
        for (uint32_t k = 0; k < spans->count; k++) {
            assert_memory_equal(spanring_at(spans, k)->data, s->m.byte + from + held, spanring_at(spans, k)->len);
            held += spanring_at(spans, k)->len;
        }
        assert_int_equal(held, to - from);
        for (; at < to; at++)
            assert_true(s->m.here[at]);
        bytes += to - from;
    }
    assert_int_equal(r->bytes, bytes);
    assert_int_equal(s->m.n, bytes);
}

static void check_sack(struct stream *s)
{
    struct tcp_sack_block out[TCP_MAX_SACK];
    unsigned max = 1 + room_below(&s->b.r, TCP_MAX_SACK), n = reasm_sack(&s->b.reasm, out, max);

    assert_int_equal(n, min_u32(max, s->b.reasm.count));
    if (s->m.untidy)
        return;
    assert_int_equal(s->b.reasm.count, s->m.blocks);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(out[i].start.v - s->b.next.v, s->m.block[i][0]);
        assert_int_equal(out[i].end.v - s->b.next.v, s->m.block[i][1]);
    }
}

/* A segment in one to three pieces; `bytes` gets what it says. */
static unsigned segment(struct stream *s, uint32_t len, struct span *pieces, uint8_t *bytes)
{
    unsigned n = 0;

    pattern_fill(bytes, len, 0, s->salt++);
    for (uint32_t done = 0; done < len; n++) {
        uint32_t k = n == 2 ? len - done : 1 + room_below(&s->b.r, len - done), headroom = room_below(&s->b.r, 600);
        struct weft_block *b;

        while (!(b = block_new(&s->b.r.pool, headroom + k)))
            continue;
        memcpy(b->data + headroom, bytes + done, k);
        b->used = headroom + k;
        pieces[n] = (struct span){b, b->data + headroom, k};
        done += k;
    }
    return n;
}

static void op_insert(struct stream *s)
{
    static uint8_t bytes[4000];
    struct bench *b = &s->b;
    uint32_t window = s->m.window;
    uint32_t from = 1 + room_below(&b->r, rng_chance(&b->r.rng, 300000) ? window - 1 : window / 5);
    uint32_t len = 1 + room_below(&b->r, min_u32(window - from, rng_chance(&b->r.rng, 500000) ? 60 : window / 8));
    uint32_t missing = model_missing(&s->m, from, len), stored;
    struct span pieces[3];
    unsigned n = segment(s, len, pieces, bytes);

    stored = reasm_insert(&b->reasm, b->r.mem, &b->r.pool, s->ranges, seq_add(b->next, from), pieces, n, &b->full);
    assert_true(b->full ? stored < missing : stored == missing);
    assert_true(!b->full || b->r.refuse_ppm || b->reasm.count == s->ranges);
    model_insert(&s->m, from, bytes, len, stored);
    s->m.untidy |= b->full || b->r.refuse_ppm;
    model_touch(&s->m, from, from + len);
    while (n-- > 0)
        block_unref(pieces[n].block);
}

static uint32_t joined(const struct model *m)
{
    uint32_t n = 0;

    while (n < m->window && m->here[n])
        n++;
    return n;
}

/* The next bytes arrive in order, and what joins them follows. */
static void op_in_order(struct stream *s)
{
    static uint8_t bytes[WINDOW], out[WINDOW];
    struct bench *b = &s->b;
    uint32_t len = 1 + room_below(&b->r, rng_chance(&b->r.rng, 500000) ? 60 : s->m.window / 10), taken, all, done;
    struct weft_iov v = {out, sizeof out};
    struct span pieces[3];
    unsigned n = segment(s, len, pieces, bytes);
    struct seq before = b->next;

    taken = recvq_push(&b->q, b->r.mem, &b->r.pool, pieces, n);
    for (uint32_t i = 0; i < taken; i++) { /* the queue has no first copies to keep */
        s->m.n += !s->m.here[i];
        s->m.here[i] = true;
        s->m.byte[i] = bytes[i];
    }
    all = joined(&s->m);
    b->next = reasm_join(&b->reasm, b->r.mem, seq_add(b->next, taken), &b->q);
    done = b->next.v - before.v;
    assert_true(done == all || (done >= taken && done < all && b->r.refuse_ppm));
    assert_int_equal(b->q.bytes, done);
    assert_int_equal(recvq_read(&b->q, b->r.mem, &v, 1, &(struct recvq_want){.most = b->q.bytes}), done);
    assert_memory_equal(out, s->m.byte, done);
    s->m.untidy |= b->r.refuse_ppm > 0;
    model_shift(&s->m, done);
    while (n-- > 0)
        block_unref(pieces[n].block);
}

static void run_stream(uint32_t start, uint32_t window, uint32_t refuse_ppm, unsigned ranges, unsigned ops)
{
    static struct stream s;

    memset(&s, 0, sizeof s);
    bench_init(&s.b, start);
    s.b.r.refuse_ppm = refuse_ppm;
    s.m.window = window;
    s.ranges = ranges;
    ops = thinned(ops);
    for (unsigned op = 0; op < ops; op++) {
        if (rng_chance(&s.b.r.rng, 850000))
            op_insert(&s);
        else
            op_in_order(&s);
        model_settle(&s.m);
        assert_int_equal(s.b.reasm.bytes, s.m.n);
        check_sack(&s);
        if (op % 8 == 0)
            check_ranges(&s);
    }
    bench_check(&s.b);
}

/* SHLD-31, R2018-3 */
static void it_behaves_like_a_map_of_bytes(void **state)
{
    each_start(start)
        run_stream(start, WINDOW, 0, RANGES, 40000);
}

static void it_behaves_like_a_small_map_of_bytes(void **state)
{
    each_start(start)
        run_stream(start, SMALL_WINDOW, 0, 12, 100000);
}

static void it_behaves_like_a_map_of_bytes_with_few_ranges(void **state)
{
    each_start(start)
        run_stream(start, WINDOW, 0, 3, 10000);
}

static void it_behaves_like_a_map_of_bytes_when_memory_fails(void **state)
{
    each_start(start) {
        run_stream(start, WINDOW, 20000, RANGES, 10000);
        run_stream(start, WINDOW, 300000, 20, 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_early_follows_what_was_missing),
        cmocka_unit_test(ranges_are_kept_in_order_and_merged_when_they_touch),
        cmocka_unit_test(the_first_copy_of_a_byte_wins),
        cmocka_unit_test(what_arrived_in_order_meanwhile_is_cut_off),
        cmocka_unit_test(joining_stops_at_the_next_hole),
        cmocka_unit_test(there_are_never_more_ranges_than_allowed),
        cmocka_unit_test(a_segment_that_needs_too_many_ranges_is_kept_in_part),
        cmocka_unit_test(a_segment_in_pieces_is_one_segment),
        cmocka_unit_test(a_piece_that_is_not_needed_is_let_go),
        cmocka_unit_test(the_first_block_holds_the_segment_that_just_came),
        cmocka_unit_test(the_order_of_blocks_outlives_the_wrap_of_its_clock),
        cmocka_unit_test(a_duplicate_brings_its_block_to_the_front),
        cmocka_unit_test(the_most_recent_blocks_are_told),
        cmocka_unit_test(a_filled_hole_makes_one_block_of_two),
        cmocka_unit_test(an_insertion_that_fails_leaves_nothing_behind),
        cmocka_unit_test(joining_goes_on_when_memory_is_back),
        cmocka_unit_test(ranges_that_could_not_be_merged_join_one_after_the_other),
        cmocka_unit_test(it_behaves_like_a_map_of_bytes),
        cmocka_unit_test(it_behaves_like_a_small_map_of_bytes),
        cmocka_unit_test(it_behaves_like_a_map_of_bytes_with_few_ranges),
        cmocka_unit_test(it_behaves_like_a_map_of_bytes_when_memory_fails),
    };

    return cmocka_run_group_tests_name("reasm", tests, NULL, NULL);
}
