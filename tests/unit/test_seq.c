/* SPDX-License-Identifier: MIT */
/* Sequence numbers, lists and time (src/base/seq.h, list.h, base.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/rng.h"
#include "base/seq.h"

/* RFC 9293 §3.4: all arithmetic is modulo 2^32. */
static void seq_orders_points_around_the_whole_circle(void **state)
{
    static const uint32_t steps[] = {1, 2, 1000, 65536, 0x7ffffffe, 0x7fffffff};
    struct rng r;

    rng_seed(&r, 1);
    for (int round = 0; round < 100000; round++) {
        struct seq a = seq((uint32_t)rng_u64(&r)), b = seq_add(a, steps[round % (int)ARRAY_LEN(steps)]);

        assert_true(seq_lt(a, b) && seq_le(a, b) && seq_gt(b, a) && seq_ge(b, a) && !seq_eq(a, b));
        assert_false(seq_lt(b, a) || seq_le(b, a) || seq_gt(a, b) || seq_ge(a, b));
        assert_true(seq_le(a, a) && seq_ge(a, a) && !seq_lt(a, a) && !seq_gt(a, a));
        assert_true(seq_eq(seq_max(a, b), b) && seq_eq(seq_max(b, a), b));
        assert_true(seq_eq(seq_min(a, b), a) && seq_eq(seq_min(b, a), a));
        assert_int_equal(seq_diff(b, a), steps[round % (int)ARRAY_LEN(steps)]);
        assert_int_equal(seq_diff(a, b), -(int32_t)steps[round % (int)ARRAY_LEN(steps)]);
        assert_true(seq_eq(seq_sub(b, steps[round % (int)ARRAY_LEN(steps)]), a));
    }
}

static void seq_steps_over_the_end_of_the_circle(void **state)
{
    assert_int_equal(seq_add(seq(UINT32_MAX), 1).v, 0);
    assert_int_equal(seq_sub(seq(0), 1).v, UINT32_MAX);
    assert_true(seq_lt(seq(UINT32_MAX), seq(0)));
}

static void seq_in_takes_the_first_and_not_the_end(void **state)
{
    static const uint32_t sizes[] = {1, 2, 65535, 0x80000000, 0xfffffffe, 0xffffffff};
    struct rng r;

    rng_seed(&r, 2);
    for (int round = 0; round < 10000; round++) {
        uint32_t size = sizes[round % (int)ARRAY_LEN(sizes)];
        struct seq lo = seq((uint32_t)rng_u64(&r)), hi = seq_add(lo, size);

        assert_true(seq_in(lo, lo, hi));
        assert_true(seq_in(seq_sub(hi, 1), lo, hi));
        assert_false(seq_in(hi, lo, hi));
        assert_int_equal(seq_in(seq_sub(lo, 1), lo, hi), false);
        assert_false(seq_in(lo, lo, lo));
    }
}

static void list_keeps_the_order_of_insertion(void **state)
{
    struct list l, link[4];
    size_t n = 0;

    list_init(&l);
    for (size_t i = 0; i < 4; i++) {
        list_init(&link[i]);
        assert_false(list_linked(&link[i]));
    }
    list_push_back(&l, &link[1]);
    list_push_back(&l, &link[3]);
    list_push_front(&l, &link[0]);
    list_insert_before(&link[3], &link[2]);
    list_each(it, &l)
        assert_ptr_equal(it, &link[n++]);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(list_pop_front(&l), &link[i]);
    assert_null(list_pop_front(&l));
    assert_true(list_empty(&l));
}

static void list_remove_is_harmless_outside_of_lists(void **state)
{
    struct list l, link;

    list_init(&l);
    list_init(&link);
    list_remove(&link);
    list_push_back(&l, &link);
    assert_true(list_linked(&link));
    list_remove(&link);
    list_remove(&link);
    assert_true(list_empty(&l) && !list_linked(&link));
}

static void list_each_safe_allows_removal(void **state)
{
    struct list l, link[3];

    list_init(&l);
    for (size_t i = 0; i < 3; i++)
        list_push_back(&l, &link[i]);
    list_each_safe(it, next, &l)
        list_remove(it);
    assert_true(list_empty(&l));
}

static void time_after_stops_at_never(void **state)
{
    assert_int_equal(time_after(5, 6), 11);
    assert_int_equal(time_after(5, WEFT_NEVER), WEFT_NEVER);
    assert_int_equal(time_after(WEFT_NEVER, 1), WEFT_NEVER);
    assert_int_equal(time_after(WEFT_NEVER - 5, 5), WEFT_NEVER);
    assert_int_equal(time_after(WEFT_NEVER - 5, 4), WEFT_NEVER - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_orders_points_around_the_whole_circle),
        cmocka_unit_test(seq_steps_over_the_end_of_the_circle),
        cmocka_unit_test(seq_in_takes_the_first_and_not_the_end),
        cmocka_unit_test(list_keeps_the_order_of_insertion),
        cmocka_unit_test(list_remove_is_harmless_outside_of_lists),
        cmocka_unit_test(list_each_safe_allows_removal),
        cmocka_unit_test(time_after_stops_at_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
