/* SPDX-License-Identifier: MIT */
/* Where PSH belongs (src/tcp/push.c). */
#include "room.h"
#include "tcp/push.h"

#define MSS 1000u

struct bench {
    struct push push;
    struct seq sent, written;
    uint32_t max_window;
    bool only;
};

static struct bench bench(uint32_t start, uint32_t max_window)
{
    struct bench b = {.sent = seq(start), .written = seq(start), .max_window = max_window};

    push_init(&b.push, seq(start));
    return b;
}

static void write_bytes(struct bench *b, uint32_t n, bool more, bool closes)
{
    struct push_write w = {.sent = b->sent, .from = b->written, .len = n, .chunk = push_chunk(MSS, b->max_window),
                           .max_window = b->max_window, .more = more, .closes = closes, .only = b->only};

    push_written(&b->push, &w);
    b->written = seq_add(b->written, n);
}

/* Sends all that is written in segments; returns how many, and which of them had PSH as bits. */
static unsigned send_all(struct bench *b, uint64_t *pushes)
{
    unsigned n = 0;

    *pushes = 0;
    while (seq_lt(b->sent, b->written)) {
        uint32_t reach = push_reach(&b->push, b->sent, b->written.v - b->sent.v);

        assert_true(reach > 0 && reach <= b->written.v - b->sent.v);
        b->sent = seq_add(b->sent, min_u32(reach, MSS));
        if (push_sent(&b->push, b->sent) && n < 64) /* of the first 64 segments it is asked which */
            *pushes |= 1ull << n;
        n++;
    }
    return n;
}

/* As BSD has it: ends of writes are nothing, what empties the queue has PSH, and records keep theirs. */
static void only_what_empties_the_queue_is_pushed(void **state)
{
    each_start(start) {
        struct bench b = bench(start, 2000);
        uint64_t pushes;

        b.only = true;
        write_bytes(&b, 900, false, false);
        write_bytes(&b, 4700, false, false); /* two and a half of his windows */
        assert_int_equal(send_all(&b, &pushes), 6);
        assert_int_equal(pushes, 1u << 5);
        write_bytes(&b, 10, false, true);
        write_bytes(&b, 10, false, false);
        assert_int_equal(send_all(&b, &pushes), 2);
        assert_int_equal(pushes, 3);
    }
}

/* MSG_EOR: of the ends of segments those are told apart that end a record. */
static void ends_of_records_are_told_apart(void **state)
{
    each_start(start) {
        struct bench b = bench(start, 65535);

        write_bytes(&b, 100, false, false);
        write_bytes(&b, 50, false, true);
        write_bytes(&b, 70, false, false);
        assert_int_equal(push_sent(&b.push, seq(start + 100)), PUSH_NOT); /* the record has joined what waited */
        assert_int_equal(push_sent(&b.push, seq(start + 150)), PUSH_RECORD);
        assert_int_equal(push_sent(&b.push, seq(start + 220)), PUSH_HERE);
        b.sent = b.written;
        for (unsigned i = 0; i < 3 * PUSH_MARKS; i++) { /* every place of a mark, after a record and after none */
            write_bytes(&b, 10, false, i % 3 == 0);
            b.sent = b.written;
            assert_int_equal(push_sent(&b.push, b.sent), i % 3 == 0 ? PUSH_RECORD : PUSH_HERE);
        }
    }
}

/* MUST-61 */
static void the_last_segment_of_a_write_is_pushed(void **state)
{
    uint64_t pushes;

    each_start(start) {
        struct bench b = bench(start, 65535);

        write_bytes(&b, 4500, false, false);
        assert_int_equal(send_all(&b, &pushes), 5);
        assert_int_equal(pushes, 1 << 4);
        write_bytes(&b, 10, false, false);
        assert_int_equal(send_all(&b, &pushes), 1);
        assert_int_equal(pushes, 1);
    }
}

/* SHLD-27 */
static void writes_that_share_segments_are_pushed_once(void **state)
{
    struct bench b = bench(5, 65535);
    uint64_t pushes;

    for (unsigned i = 0; i < 30; i++)
        write_bytes(&b, 100, false, false);
    assert_int_equal(send_all(&b, &pushes), 3);
    assert_int_equal(pushes, 1 << 2);
}

static void what_more_follows_is_not_pushed(void **state)
{
    struct bench b = bench(5, 65535);
    uint64_t pushes;

    write_bytes(&b, 1000, true, false);
    send_all(&b, &pushes);
    assert_int_equal(pushes, 0);
    write_bytes(&b, 500, true, false);
    write_bytes(&b, 500, false, false);
    assert_int_equal(send_all(&b, &pushes), 1);
    assert_int_equal(pushes, 1);
}

static void a_chunk_is_whole_segments_of_half_a_window(void **state)
{
    static const struct {
        uint32_t mss, window, chunk;
    } rows[] = {
        {1460, 65535, 32120}, {1460, 32792, 16060}, {1000, 20000, 10000}, {1460, 1 << 20, 64240}, {1000, 1999, 1000},
        {1460, 500, 1460},    {1000, 0, 65000},     {100, 536, 500},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(push_chunk(rows[i].mss, rows[i].window), rows[i].chunk);
}

/* Chunks of 10,000: PSH when more than half a window, 10,000, lies behind the last one. */
static void a_long_write_is_pushed_in_between(void **state)
{
    struct bench b = bench(5, 20000);
    uint64_t pushes;

    write_bytes(&b, 45000, false, false);
    assert_int_equal(send_all(&b, &pushes), 45);
    assert_int_equal(pushes, 1ull << 19 | 1ull << 39 | 1ull << 44);
}

static void a_closed_chunk_takes_no_more(void **state)
{
    struct bench b = bench(5, 65535);
    uint64_t pushes;

    write_bytes(&b, 300, false, true);
    write_bytes(&b, 300, false, true);
    write_bytes(&b, 300, false, false);
    write_bytes(&b, 300, false, false);
    assert_int_equal(send_all(&b, &pushes), 3);
    assert_int_equal(pushes, 7);
}

/* What was sent of a chunk is gone: the rest of it can be filled up. */
static void a_sent_chunk_is_not_filled_up(void **state)
{
    struct bench b = bench(5, 65535);
    uint64_t pushes;

    write_bytes(&b, 300, false, false);
    send_all(&b, &pushes);
    write_bytes(&b, 300, false, false);
    assert_int_equal(send_all(&b, &pushes), 1);
    assert_int_equal(pushes, 1);
}

/* More chunks than there is room for: the first marks and the last one stay. */
static void too_many_marks_are_forgotten_in_the_middle(void **state)
{
    struct bench b = bench(UINT32_MAX - 700, 65535);
    uint64_t pushes;

    for (unsigned i = 0; i < 40; i++)
        write_bytes(&b, 10, false, true);
    assert_int_equal(send_all(&b, &pushes), PUSH_MARKS);
    assert_int_equal(pushes, (1u << PUSH_MARKS) - 1);
}

/* Every write ends in one PSH at its last byte, whatever was written and sent before. */
static void the_end_of_all_that_is_written_is_always_pushed(void **state)
{
    struct rng rng;

    rng_seed(&rng, 27);
    each_start(start) {
        struct bench b = bench(start, 20000);

        for (unsigned i = 0; i < 20000; i++) {
            uint64_t pushes;
            unsigned n;

            write_bytes(&b, 1 + (uint32_t)rng_below(&rng, rng_below(&rng, 10) ? 300 : 30000), rng_below(&rng, 3) == 0,
                        rng_below(&rng, 5) == 0);
            if (rng_below(&rng, 3))
                continue;
            write_bytes(&b, 1, false, false);
            n = send_all(&b, &pushes);
            assert_true(n > 64 || pushes >> (n - 1) == 1);
            assert_int_equal(b.push.count, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_empties_the_queue_is_pushed),
        cmocka_unit_test(ends_of_records_are_told_apart),
        cmocka_unit_test(the_last_segment_of_a_write_is_pushed),
        cmocka_unit_test(writes_that_share_segments_are_pushed_once),
        cmocka_unit_test(what_more_follows_is_not_pushed),
        cmocka_unit_test(a_chunk_is_whole_segments_of_half_a_window),
        cmocka_unit_test(a_long_write_is_pushed_in_between),
        cmocka_unit_test(a_closed_chunk_takes_no_more),
        cmocka_unit_test(a_sent_chunk_is_not_filled_up),
        cmocka_unit_test(too_many_marks_are_forgotten_in_the_middle),
        cmocka_unit_test(the_end_of_all_that_is_written_is_always_pushed),
    };

    return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
