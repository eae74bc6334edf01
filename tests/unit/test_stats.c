/* SPDX-License-Identifier: MIT */
/* One connection's counters: the clock of what holds it up, and runs of time-outs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/stats.h"

static void each_moment_counts_for_one_reason(void **state)
{
    static const struct {
        weft_time at;
        enum tcp_held by, was;
        weft_time how_long;
        bool changes;
    } rows[] = {
        {1000, HELD_IDLE, 0, 0, false},
        {1500, HELD_BY_NOTHING, HELD_IDLE, 500, true},
        {1500, HELD_CONGESTION, HELD_BY_NOTHING, 0, true},
        {1700, HELD_CONGESTION, 0, 0, false},
        {2500, HELD_RECEIVER, HELD_CONGESTION, 1000, true},
        {2600, HELD_SEND_BUFFER, HELD_RECEIVER, 100, true},
        {2650, HELD_RECEIVER, HELD_SEND_BUFFER, 50, true},
        {2700, HELD_IDLE, HELD_RECEIVER, 50, true},
        {9999, HELD_PACING, HELD_IDLE, 7299, true},
    };
    struct tcp_stats s;

    (void)state;
    stats_init(&s, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum tcp_held was = 0;
        weft_time how_long = 0;

        assert_int_equal(stats_hold(&s, rows[i].at, rows[i].by, &was, &how_long), rows[i].changes);
        assert_int_equal(was, rows[i].was);
        assert_int_equal(how_long, rows[i].how_long);
    }
    assert_int_equal(stats_held(&s, 10000, HELD_CONGESTION), 1000);
    assert_int_equal(stats_held(&s, 10000, HELD_RECEIVER), 150);
    assert_int_equal(stats_held(&s, 10000, HELD_SEND_BUFFER), 50);
    assert_int_equal(stats_held(&s, 10000, HELD_IDLE), 500 + 7299);
    assert_int_equal(stats_held(&s, 10999, HELD_PACING), 1000); /* it goes on */
    assert_int_equal(stats_busy(&s, 10999), 1000 + 150 + 50 + 1000);
}

static void time_outs_are_counted_in_runs(void **state)
{
    struct tcp_stats s;

    (void)state;
    stats_init(&s, 0);
    stats_progress(&s, 5);
    assert_int_equal(stats_rto_time(&s, 10), 0);
    stats_timed_out(&s, 10);
    stats_timed_out(&s, 30);
    assert_int_equal(stats_rto_time(&s, 40), 30);
    stats_progress(&s, 50);
    stats_timed_out(&s, 100);
    stats_progress(&s, 101);
    assert_int_equal(s.rtos, 3);
    assert_int_equal(s.rto_runs, 2);
    assert_int_equal(stats_rto_time(&s, 1000), 41);
    for (unsigned i = 0; i < 70000; i++)
        stats_timed_out(&s, 2000);
    assert_int_equal(s.rtos, UINT16_MAX);
}

static void a_super_segment_counts_as_what_it_carries(void **state)
{
    static const struct {
        uint32_t bytes, mss, segments;
    } rows[] = {{0, 1448, 1}, {1, 1448, 1}, {1448, 1448, 1}, {1449, 1448, 2}, {65535, 1448, 46}, {9, 0, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(stats_segments(rows[i].bytes, rows[i].mss), rows[i].segments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_moment_counts_for_one_reason),
        cmocka_unit_test(time_outs_are_counted_in_runs),
        cmocka_unit_test(a_super_segment_counts_as_what_it_carries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
