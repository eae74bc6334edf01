/* SPDX-License-Identifier: MIT */
/*
 * What arrived out of order, all of it: every sequence of up to six segments that lie in four bytes, behind a first byte
 * that is missing, against a row of four bytes that says whose copy came first.
 */
#include "room.h"
#include "tcp/reasm.h"

#define UNITS     4
#define INTERVALS (UNITS * (UNITS + 1) / 2)
#define LONGEST   6
#define MISSING   0xff

struct all {
    struct room r;
    struct span piece[LONGEST]; /* the i-th segment's bytes: UNITS of them, alike in no place and no segment */
    uint8_t interval[INTERVALS][2];
    uint32_t start;
    unsigned long sequences;
};

/* The naive receiver: which segment's copy of a byte is kept. */
struct row {
    uint8_t from[UNITS];
};

static uint8_t byte_of(unsigned segment, unsigned at) { return (uint8_t)(segment * UNITS + at); }

static void all_init(struct all *a, uint32_t start)
{
    unsigned n = 0;

    room_init(&a->r, 1);
    a->start = start;
    a->sequences = 0;
    for (uint8_t from = 0; from < UNITS; from++)
        for (uint8_t to = (uint8_t)(from + 1); to <= UNITS; to++, n++)
            a->interval[n][0] = from, a->interval[n][1] = to;
    for (unsigned i = 0; i < LONGEST; i++) {
        a->piece[i] = room_piece(&a->r, 0, UNITS, 0, 0);
        for (unsigned at = 0; at < UNITS; at++)
            a->piece[i].block->data[at] = byte_of(i, at);
    }
}

static void all_fini(struct all *a)
{
    for (unsigned i = 0; i < LONGEST; i++)
        block_unref(a->piece[i].block);
    room_check(&a->r);
}

static unsigned row_insert(struct row *row, unsigned segment, const uint8_t interval[2])
{
    unsigned n = 0;

    for (unsigned at = interval[0]; at < interval[1]; at++)
        if (row->from[at] == MISSING) {
            row->from[at] = (uint8_t)segment;
            n++;
        }
    return n;
}

static unsigned row_runs(const struct row *row)
{
    unsigned n = 0;

    for (unsigned at = 0; at < UNITS; at++)
        n += row->from[at] != MISSING && (at == 0 || row->from[at - 1] == MISSING);
    return n;
}

static void insert(struct all *a, struct reasm *reasm, struct row *row, unsigned segment, unsigned interval)
{
    const uint8_t *at = a->interval[interval];
    struct span piece = a->piece[segment];
    struct tcp_sack_block first;
    bool full = false;

    piece.data += at[0];
    piece.len = (uint32_t)(at[1] - at[0]);
    assert_int_equal(reasm_insert(reasm, a->r.mem, &a->r.pool, 64, seq(a->start + 1 + at[0]), &piece, 1, &full),
                     row_insert(row, segment, at));
    assert_false(full);
    assert_int_equal(reasm->count, row_runs(row));
    assert_int_equal(reasm_sack(reasm, &first, 1), 1); /* RFC 2018 §4: the block with what just came is first */
    assert_true(seq_le(first.start, seq(a->start + 1 + at[0])) && seq_ge(first.end, seq(a->start + 1 + at[1])));
}

/* The missing byte comes: what follows it without a hole can be read, and is what came first. */
static void fill_the_hole(struct all *a, struct reasm *reasm, const struct row *row)
{
    uint8_t out[UNITS];
    struct weft_iov v = {out, sizeof out};
    struct recvq q;
    uint32_t n = 0;

    recvq_init(&q);
    while (n < UNITS && row->from[n] != MISSING)
        n++;
    assert_int_equal(reasm_join(reasm, a->r.mem, seq(a->start + 1), &q).v, a->start + 1 + n);
    assert_int_equal(q.bytes, n);
    assert_int_equal(recvq_read(&q, a->r.mem, &v, 1, &(struct recvq_want){.most = n}), n);
    for (unsigned at = 0; at < n; at++)
        assert_int_equal(out[at], byte_of(row->from[at], at));
    recvq_clear(&q, a->r.mem);
}

static void play(struct all *a, const uint8_t *intervals, unsigned n)
{
    struct reasm reasm;
    struct row row;

    reasm_init(&reasm);
    memset(&row, MISSING, sizeof row);
    for (unsigned i = 0; i < n; i++)
        insert(a, &reasm, &row, i, intervals[i]);
    fill_the_hole(a, &reasm, &row);
    reasm_clear(&reasm, a->r.mem);
    a->sequences++;
}

static void play_all(struct all *a, uint8_t *intervals, unsigned n, unsigned most)
{
    if (n)
        play(a, intervals, n);
    for (uint8_t i = 0; n < most && i < INTERVALS; i++) {
        intervals[n] = i;
        play_all(a, intervals, n + 1, most);
    }
}

static unsigned long try_all(uint32_t start, unsigned most)
{
    struct all a;
    uint8_t intervals[LONGEST];

    all_init(&a, start);
    play_all(&a, intervals, 0, most);
    all_fini(&a);
    return a.sequences;
}

/* SHLD-31 */
static void every_sequence_of_six_segments_is_put_in_order(void **state)
{
    assert_int_equal(try_all(1000, 6), 10 + 100 + 1000 + 10000 + 100000 + 1000000);
}

static void every_sequence_of_four_is_wherever_numbers_wrap(void **state)
{
    for (uint32_t before = 0; before <= UNITS + 1; before++)
        assert_int_equal(try_all(0u - before, 4), 10 + 100 + 1000 + 10000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_of_six_segments_is_put_in_order),
        cmocka_unit_test(every_sequence_of_four_is_wherever_numbers_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
