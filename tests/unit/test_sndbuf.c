/* SPDX-License-Identifier: MIT */
/* The send buffer's size (src/tcp/sndbuf.c). */
#include "room.h"
#include "tcp/sndbuf.h"

static void buffer_is_twice_the_window_in_segments_and_what_they_cost(void **state)
{
    static const struct {
        uint32_t cwnd, mss, path_mss, buffer;
    } rows[] = {
        {14600, 1460, 1460, 87040}, /* what every new connection of Linux has */
        {14480, 1448, 1460, 87040},
        {1460, 1460, 1460, 87040},  /* never for fewer than ten segments */
        {100 * 1460, 1460, 1460, 870400},
        {10 * 536, 536, 536, 46080},
        {10 * 8948, 8948, 8960, 332800},
        {UINT32_MAX, 1, 1, UINT32_MAX},
        {0, 0, 0, 25600},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(sndbuf_for(rows[i].cwnd, rows[i].mss, rows[i].path_mss), rows[i].buffer);
}

/* What the kernel took of one write, with segments of 1,000 bytes, a window of 65,535 and ten segments to go at once. */
static void a_write_may_fill_the_last_chunk(void **state)
{
    static const struct {
        uint32_t buffer, want, taken;
    } rows[] = {
        {46080, 1000, 1000},
        {46080, 20000, 20000},
        {46080, 50000, 42000},
        {46080, 200000, 42000},
        {69120, 64000, 64000},
        {69120, 400000, 74000},
        {40000, 200000, 42000},
        {1, 100, 100}, /* an empty buffer takes a chunk, however small it is */
        {0, 100, 0},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct sndbuf b = {.buffer = rows[i].buffer, .lowat = UINT32_MAX, .chunk = 32000, .quota = 10000,
                           .packet = 2000, .half = 32767};

        assert_int_equal(sndbuf_take(&b, rows[i].want), rows[i].taken);
    }
}

/* Ten writes of 3,000 bytes into a buffer of 20,000: the first ten segments go out, the last chunk fills up. */
static void small_writes_fill_the_last_chunk_too(void **state)
{
    struct sndbuf b = {.buffer = 20000, .cost = 10000 + 4 * SNDBUF_PACKET, .unsent = 2000, .lowat = UINT32_MAX,
                       .last = 2000, .chunk = 32000, .packet = 2000, .half = 32767};

    b.cost += 2000 + SNDBUF_PACKET;
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(sndbuf_take(&b, 3000), 3000);
        assert_int_equal(b.last, 2000 + i * 3000);
    }
    assert_int_equal(sndbuf_take(&b, 3000), 0);
    b.cost = 19000, b.last = b.unsent = 0; /* acknowledged */
    assert_int_equal(sndbuf_take(&b, 3000), 3000);
}

static void enough_unsent_bytes_begin_no_chunk(void **state)
{
    struct sndbuf b = {.buffer = 90000, .unsent = 3000, .lowat = 1000, .last = 3000, .chunk = 4000, .packet = 1000,
                       .half = 32767};

    assert_int_equal(sndbuf_take(&b, 5000), 1000);
    b.last = 0;
    assert_int_equal(sndbuf_take(&b, 5000), 0);
    b.unsent = 1000; /* as many as the mark are enough */
    assert_int_equal(sndbuf_take(&b, 5000), 0);
    b.unsent = 999;
    assert_int_equal(sndbuf_take(&b, 5000), 4000);
}

static void a_third_free_is_room(void **state)
{
    assert_true(sndbuf_has_room(3000, 2000, 0, UINT32_MAX, false));
    assert_false(sndbuf_has_room(3000, 2001, 0, UINT32_MAX, false));
    assert_true(sndbuf_has_room(3000, 0, 0, UINT32_MAX, true));
}

static void enough_unsent_bytes_are_no_room(void **state)
{
    assert_true(sndbuf_has_room(90000, 5000, 999, 1000, false));
    assert_false(sndbuf_has_room(90000, 5000, 1000, 1000, false));
    assert_true(sndbuf_has_room(90000, 5000, 499, 1000, true)); /* who is woken shall find room for more than a byte */
    assert_false(sndbuf_has_room(90000, 5000, 500, 1000, true));
    assert_false(sndbuf_has_room(UINT32_MAX, 0, UINT32_MAX, 1, true));
}

/* Behind text that waits a full chunk goes out when more than half a window was written since the last one did. */
static void half_a_window_is_counted_from_what_was_pushed_last(void **state)
{
    static const struct {
        uint32_t want, quota;
    } rows[] = {{3000, 5000}, {1000, 4000}, {3000, 4000}, {1000, 3000}};
    struct sndbuf b = {.buffer = UINT32_MAX, .unsent = 5000, .lowat = UINT32_MAX, .chunk = 1000, .quota = 5000,
                       .packet = 1000, .half = 3000};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(sndbuf_take(&b, rows[i].want), rows[i].want);
        assert_int_equal(b.quota, rows[i].quota);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_window_is_counted_from_what_was_pushed_last),
        cmocka_unit_test(buffer_is_twice_the_window_in_segments_and_what_they_cost),
        cmocka_unit_test(a_write_may_fill_the_last_chunk),
        cmocka_unit_test(small_writes_fill_the_last_chunk_too),
        cmocka_unit_test(enough_unsent_bytes_begin_no_chunk),
        cmocka_unit_test(a_third_free_is_room),
        cmocka_unit_test(enough_unsent_bytes_are_no_room),
    };

    return cmocka_run_group_tests_name("sndbuf", tests, NULL, NULL);
}
