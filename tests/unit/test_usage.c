/* SPDX-License-Identifier: MIT */
/* How much of the congestion window is used (src/tcp/usage.c): RFC 7661, RFC 5681 §4.1. */
#include "room.h"
#include "tcp/usage.h"

#define S WEFT_S

/* Each: in flight, held back by cwnd?, cwnd, slow start?, may it grow? */
static void only_a_used_window_grows(void **state)
{
    static const struct {
        uint32_t flight;
        bool limited;
        uint32_t cwnd;
        bool slow_start, grows;
    } rows[] = {
        {10, true, 10, false, true},  {9, false, 10, false, false}, {9, false, 10, true, true},
        {6, false, 10, true, true},   {5, false, 10, true, false},  {1, false, 10, true, false},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct usage u = {.until = seq(start)};

            usage_note(&u, seq(start), seq(start + 10), rows[i].flight, rows[i].limited);
            assert_int_equal(usage_allows_growth(&u, rows[i].cwnd, rows[i].slow_start), rows[i].grows);
        }
}

/* It holds for the window's worth of data that was sent then */
static void that_it_was_full_is_remembered_for_a_round_trip(void **state)
{
    struct usage u = {0};

    usage_note(&u, seq(0), seq(10), 10, true);
    usage_note(&u, seq(5), seq(12), 7, false);
    assert_true(u.limited);
    usage_note(&u, seq(10), seq(13), 3, false);
    assert_false(u.limited);
    assert_int_equal(u.most, 3);
}

static void an_unused_window_shrinks_halfway_once_an_rto(void **state)
{
    struct usage u = {.used = 20, .full_at = 0};

    assert_int_equal(usage_decay(&u, S - 1, S, 100, 10), 100);
    assert_int_equal(usage_decay(&u, S, S, 100, 10), 60);
    assert_int_equal(usage_decay(&u, S + 1, S, 60, 10), 60);
    u.used = 4;
    assert_int_equal(usage_decay(&u, 2 * S, S, 60, 10), 35); /* the initial window counts as used */
    assert_int_equal(usage_decay(&u, 4 * S, S, 8, 10), 8);
}

/* R5681-4.1, as Linux does it: halved for each RTO, not below the initial window */
static void idleness_halves_it_for_each_rto(void **state)
{
    static const struct {
        weft_time idle;
        uint32_t cwnd, restart;
    } rows[] = {{S + 1, 100, 50}, {2 * S, 100, 50}, {2 * S + 1, 100, 25}, {100 * S, 100, 10}, {100 * S, 4, 4}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct usage u = {.used = 7};

        assert_int_equal(usage_after_idle(&u, 200 * S, rows[i].idle, S, rows[i].cwnd, 10), rows[i].restart);
        assert_int_equal(u.used, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_used_window_grows),
        cmocka_unit_test(that_it_was_full_is_remembered_for_a_round_trip),
        cmocka_unit_test(an_unused_window_shrinks_halfway_once_an_rto),
        cmocka_unit_test(idleness_halves_it_for_each_rto),
    };

    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
