/* SPDX-License-Identifier: MIT */
/* The trace of why: bounded, newest last, runs told as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/why.h"

/* Kinds enough to fill the ring with different ones: the room does not ask whether they exist. */
static void add_others(struct why_ring *r, unsigned n, weft_time from)
{
    for (unsigned i = 0; i < n; i++)
        why_add(r, from + i, 100 + i % 100, i, false);
}

static void the_newest_stand_last(void **state)
{
    struct why_ring r;

    (void)state;
    why_init(&r);
    assert_int_equal(r.count, 0);
    for (unsigned n = 1; n <= 3 * WHY_ROOM; n++) {
        why_add(&r, n, n, 2 * n, false);
        assert_int_equal(r.count, n < WHY_ROOM ? n : WHY_ROOM);
        for (unsigned i = 0; i < r.count; i++) {
            const struct why *w = why_at(&r, i);
            unsigned nth = n - r.count + i + 1;

            assert_int_equal(w->at, nth);
            assert_int_equal(w->kind, nth);
            assert_int_equal(w->value, 2 * nth);
            assert_int_equal(w->count, 1);
        }
    }
}

static void a_run_is_one_entry_with_its_last_value(void **state)
{
    struct why_ring r;

    (void)state;
    why_init(&r);
    for (unsigned i = 1; i <= 70000; i++)
        why_add(&r, i, WEFT_WHY_cwnd_slow_start, i, false);
    assert_int_equal(r.count, 1);
    assert_int_equal(why_at(&r, 0)->count, UINT16_MAX);
    assert_int_equal(why_at(&r, 0)->value, 70000);
    assert_int_equal(why_at(&r, 0)->at, 70000);
}

static void stalls_of_a_run_add_up(void **state)
{
    struct why_ring r;

    (void)state;
    why_init(&r);
    why_add(&r, 1, WEFT_WHY_stall_receiver, 300, true);
    why_add(&r, 2, WEFT_WHY_stall_receiver, 200, true);
    assert_int_equal(why_at(&r, 0)->value, 500);
    why_add(&r, 3, WEFT_WHY_stall_receiver, UINT32_MAX - 10, true);
    assert_int_equal(why_at(&r, 0)->value, UINT32_MAX); /* and not around the corner */
}

/* Acknowledgments that alternate with waiting do not push out what happened before. */
static void a_run_goes_on_past_a_few_others(void **state)
{
    struct why_ring r;

    (void)state;
    why_init(&r);
    why_add(&r, 1, WEFT_WHY_retransmit_rto, 1, false);
    for (unsigned i = 0; i < 1000; i++) {
        why_add(&r, 10 + i, WEFT_WHY_cwnd_avoidance, i, false);
        why_add(&r, 10 + i, WEFT_WHY_stall_congestion, 1, true);
    }
    assert_int_equal(r.count, 3);
    assert_int_equal(why_at(&r, 0)->kind, WEFT_WHY_retransmit_rto);
    assert_int_equal(why_at(&r, 1)->count, 1000);
    assert_int_equal(why_at(&r, 2)->value, 1000);
}

static void a_run_ends_when_enough_others_came_between(void **state)
{
    (void)state;
    for (unsigned between = 0; between < 2 * WHY_NEAR; between++) {
        struct why_ring r;

        why_init(&r);
        why_add(&r, 1, WEFT_WHY_retransmit_rto, 1, false);
        add_others(&r, between, 2);
        why_add(&r, 50, WEFT_WHY_retransmit_rto, 2, false);
        assert_int_equal(r.count, between + (between < WHY_NEAR ? 1 : 2));
        assert_int_equal(why_at(&r, 0)->value, between < WHY_NEAR ? 2 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_stand_last),
        cmocka_unit_test(a_run_is_one_entry_with_its_last_value),
        cmocka_unit_test(stalls_of_a_run_add_up),
        cmocka_unit_test(a_run_goes_on_past_a_few_others),
        cmocka_unit_test(a_run_ends_when_enough_others_came_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
