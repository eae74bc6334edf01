/* SPDX-License-Identifier: MIT */
/* The timing wheel (src/base/wheel.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/wheel.h"

#define SLOT ((weft_time)1 << WHEEL_TICK_SHIFT)
#define SPAN ((weft_time)1 << (WHEEL_TICK_SHIFT + WHEEL_LEVELS * WHEEL_SLOT_BITS))

static struct wheel w;

static void timers_init(struct timer *t, size_t n, weft_time now)
{
    wheel_init(&w, now);
    for (size_t i = 0; i < n; i++)
        timer_init(&t[i]);
}

/* The header's invariants on slots and bitmaps, as far as one can see them from outside. */
static void assert_wheel_is_sound(void)
{
    struct timer *last = NULL;

    for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
        for (unsigned i = 0; i < WHEEL_SLOTS; i++) {
            assert_int_equal(w.bitmap[l] >> i & 1, !list_empty(&w.slot[l][i]));
            list_each(link, &w.slot[l][i]) {
                struct timer *t = container_of(link, struct timer, link);

                unsigned shift = WHEEL_TICK_SHIFT + l * WHEEL_SLOT_BITS;
                weft_time begin = ((w.now >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS) + i) << shift;

                assert_true(begin <= t->deadline && begin / SLOT > w.now / SLOT);
                assert_int_equal(t->slot, l * WHEEL_SLOTS + i);
            }
        }
    }
    list_each(link, &w.due) {
        struct timer *t = container_of(link, struct timer, link);

        assert_true(t->slot == WHEEL_DUE && t->deadline / SLOT <= w.now / SLOT && timer_armed(t));
        assert_true(!last || last->deadline < t->deadline
                    || (last->deadline == t->deadline && last->order < t->order));
        last = t;
    }
}

static void wheel_fires_at_the_deadline_and_not_a_nanosecond_before(void **state)
{
    static const weft_time starts[] = {0, 1, SLOT - 1, 12345678901234567, SPAN - 1, SPAN - WEFT_S, 5 * SPAN + 17};
    static const weft_time delays[] = {1, 2, SLOT - 1, SLOT, SLOT + 1, 64 * SLOT - 1, 64 * SLOT, WEFT_MS, 40 * WEFT_MS,
                                       WEFT_S, 7200 * WEFT_S, 86400 * 365 * WEFT_S, SPAN - 1, SPAN, SPAN + 1};

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(delays); k++) {
            weft_time at = starts[i] + delays[k];
            struct timer t;

            timers_init(&t, 1, starts[i]);
            timer_set(&w, &t, at);
            assert_true(timer_armed(&t));
            assert_null(wheel_pop(&w, at - 1));
            assert_int_equal(wheel_deadline(&w), at);
            assert_ptr_equal(wheel_pop(&w, at), &t);
            assert_false(timer_armed(&t));
            assert_null(wheel_pop(&w, at));
            assert_int_equal(wheel_deadline(&w), WEFT_NEVER);
        }
    }
}

static void wheel_fires_a_deadline_in_the_past_at_the_next_pop(void **state)
{
    struct timer t;

    timers_init(&t, 1, WEFT_S);
    timer_set(&w, &t, 5);
    assert_int_equal(wheel_deadline(&w), 5);
    assert_ptr_equal(wheel_pop(&w, WEFT_S), &t);
}

static void wheel_fires_in_order_of_deadline_then_of_arming(void **state)
{
    struct timer t[6];

    timers_init(t, 6, 0);
    timer_set(&w, &t[0], 3 * WEFT_S);
    timer_set(&w, &t[1], WEFT_S);
    timer_set(&w, &t[2], 2 * WEFT_S);
    timer_set(&w, &t[3], WEFT_S);
    timer_set(&w, &t[4], WEFT_S);
    timer_set(&w, &t[5], 3 * WEFT_S - 1);
    timer_set(&w, &t[1], WEFT_S); /* armed once more: now after 3 and 4 */
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[3]);
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[4]);
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[1]);
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[2]);
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[5]);
    assert_ptr_equal(wheel_pop(&w, 100 * WEFT_S), &t[0]);
    assert_null(wheel_pop(&w, 100 * WEFT_S));
}

static void wheel_moving_later_leaves_the_timer_where_it_is(void **state)
{
    struct timer t;
    struct list *neighbour;
    unsigned slot;

    timers_init(&t, 1, 0);
    timer_set(&w, &t, WEFT_S);
    neighbour = t.link.next;
    slot = t.slot;
    timer_set(&w, &t, 2 * WEFT_S);
    assert_ptr_equal(t.link.next, neighbour);
    assert_int_equal(t.slot, slot);
    assert_null(wheel_pop(&w, WEFT_S));
    assert_null(wheel_pop(&w, 2 * WEFT_S - 1));
    assert_ptr_equal(wheel_pop(&w, 2 * WEFT_S), &t);
}

static void wheel_moving_earlier_fires_earlier(void **state)
{
    struct timer t;

    timers_init(&t, 1, 0);
    timer_set(&w, &t, WEFT_S);
    timer_set(&w, &t, WEFT_MS);
    assert_wheel_is_sound();
    assert_ptr_equal(wheel_pop(&w, WEFT_MS), &t);
    assert_null(wheel_pop(&w, 10 * WEFT_S));
}

static void wheel_cancelled_timers_do_not_fire_and_may_be_armed_again(void **state)
{
    struct timer t;

    timers_init(&t, 1, 0);
    timer_set(&w, &t, WEFT_S);
    timer_set(&w, &t, WEFT_NEVER);
    assert_false(timer_armed(&t));
    timer_set(&w, &t, 2 * WEFT_S);
    assert_null(wheel_pop(&w, WEFT_S));
    timer_set(&w, &t, WEFT_NEVER);
    assert_null(wheel_pop(&w, 5 * WEFT_S));
    assert_false(list_linked(&t.link));
    timer_set(&w, &t, 6 * WEFT_S);
    assert_ptr_equal(wheel_pop(&w, 6 * WEFT_S), &t);
}

static void wheel_changes_made_while_firing_count(void **state)
{
    struct timer t[4];

    timers_init(t, 4, 0);
    for (size_t i = 0; i < 4; i++)
        timer_set(&w, &t[i], WEFT_S + i);
    assert_ptr_equal(wheel_pop(&w, 2 * WEFT_S), &t[0]);
    timer_set(&w, &t[1], WEFT_NEVER);  /* cancelled when about to fire */
    timer_set(&w, &t[2], 3 * WEFT_S);  /* moved when about to fire */
    timer_set(&w, &t[0], WEFT_S);      /* armed for the past: before the one that is left */
    assert_ptr_equal(wheel_pop(&w, 2 * WEFT_S), &t[0]);
    assert_ptr_equal(wheel_pop(&w, 2 * WEFT_S), &t[3]);
    assert_null(wheel_pop(&w, 2 * WEFT_S));
    assert_ptr_equal(wheel_pop(&w, 3 * WEFT_S), &t[2]);
}

static void wheel_forgets_removed_timers(void **state)
{
    struct timer t[3];

    timers_init(t, 3, 0);
    timer_set(&w, &t[0], 10);
    timer_set(&w, &t[1], WEFT_S);
    timer_remove(&w, &t[0]);
    timer_remove(&w, &t[1]);
    timer_remove(&w, &t[2]); /* in no wheel at all */
    assert_wheel_is_sound();
    memset(t, 0xff, sizeof t);
    assert_int_equal(wheel_deadline(&w), WEFT_NEVER);
    assert_null(wheel_pop(&w, 10 * WEFT_S));
}

static void wheel_time_does_not_run_backwards(void **state)
{
    struct timer t;

    timers_init(&t, 1, WEFT_S);
    timer_set(&w, &t, WEFT_S);
    assert_ptr_equal(wheel_pop(&w, 0), &t);
    assert_int_equal(w.now, WEFT_S);
}

static void wheel_deadline_is_exact_in_the_lowest_level(void **state)
{
    struct timer t[3];

    timers_init(t, 3, 0);
    timer_set(&w, &t[0], 5 * SLOT + 9);
    timer_set(&w, &t[1], 5 * SLOT + 3);
    timer_set(&w, &t[2], 20 * SLOT + 1);
    assert_int_equal(wheel_deadline(&w), 5 * SLOT + 3);
    timer_set(&w, &t[1], 40 * SLOT);
    timer_set(&w, &t[0], 30 * SLOT);
    assert_int_equal(wheel_deadline(&w), 20 * SLOT + 1);
    timer_set(&w, &t[2], WEFT_NEVER);
    assert_int_equal(wheel_deadline(&w), 30 * SLOT);
}

static void wheel_deadline_stays_a_lower_bound_when_there_is_too_much_to_look_at(void **state)
{
    static struct timer t[200];

    timers_init(t, 200, 0);
    for (size_t i = 0; i < 200; i++)
        timer_set(&w, &t[i], 5 * SLOT + 199 - i);
    assert_int_equal(wheel_deadline(&w), 5 * SLOT);
    assert_ptr_equal(wheel_pop(&w, 5 * SLOT), &t[199]);
    assert_null(wheel_pop(&w, 5 * SLOT));
    assert_int_equal(wheel_deadline(&w), 5 * SLOT + 1);
}

/* The model: an array, searched as a whole for the first in order. */
#define MODEL 200

struct model {
    struct timer t[MODEL];
    weft_time deadline[MODEL];
    uint64_t order[MODEL];
    uint64_t armed;
    weft_time now;
    struct rng rng;
};

static void model_set(struct model *m, size_t i, weft_time deadline)
{
    timer_set(&w, &m->t[i], deadline);
    m->deadline[i] = deadline;
    m->order[i] = ++m->armed;
}

static size_t model_first(const struct model *m)
{
    size_t best = 0;

    for (size_t i = 1; i < MODEL; i++)
        if (m->deadline[i] < m->deadline[best]
            || (m->deadline[i] == m->deadline[best] && m->order[i] < m->order[best]))
            best = i;
    return best;
}

/* From nothing to some days, each order of magnitude alike. */
static weft_time random_delay(struct rng *r)
{
    weft_time delay = rng_u64(r) >> (63 - rng_below(r, 49));

    return rng_chance(r, 1000) ? delay << 13 : delay;
}

static void model_advance(struct model *m)
{
    weft_time bound = wheel_deadline(&w), first = m->deadline[model_first(m)];

    assert_true(bound <= first);
    if (rng_below(&m->rng, 2))
        m->now = time_after(m->now, random_delay(&m->rng) >> 6);
    else if (bound != WEFT_NEVER)
        m->now = max_u64(m->now, bound);
    for (;;) {
        struct timer *t = wheel_pop(&w, m->now);
        size_t i = model_first(m);

        if (m->deadline[i] > m->now) {
            assert_null(t);
            break;
        }
        assert_ptr_equal(t, &m->t[i]);
        m->deadline[i] = WEFT_NEVER;
        if (rng_below(&m->rng, 3) == 0) /* as a handler does */
            model_set(m, i, m->now + random_delay(&m->rng));
    }
    assert_true(wheel_deadline(&w) > m->now);
}

static void model_step(struct model *m)
{
    size_t i = rng_below(&m->rng, MODEL);
    weft_time d = m->deadline[i];

    switch (rng_below(&m->rng, 12)) {
    case 0:
        model_advance(m);
        break;
    case 1:
        model_set(m, i, WEFT_NEVER);
        break;
    case 2:
        timer_remove(&w, &m->t[i]);
        m->deadline[i] = WEFT_NEVER;
        break;
    case 3:
        model_set(m, i, m->deadline[rng_below(&m->rng, MODEL)]); /* a tie */
        break;
    case 4:
        model_set(m, i, m->now - min_u64(m->now, random_delay(&m->rng) >> 20));
        break;
    case 5:
    case 6:
        if (d != WEFT_NEVER)
            model_set(m, i, time_after(d, random_delay(&m->rng)));
        break;
    case 7:
        if (d != WEFT_NEVER)
            model_set(m, i, d - min_u64(d, random_delay(&m->rng)));
        break;
    default:
        model_set(m, i, time_after(m->now, random_delay(&m->rng)));
    }
}

static void run_model(uint64_t seed, weft_time start, int steps)
{
    static struct model m;

    m = (struct model){.now = start};
    rng_seed(&m.rng, seed);
    timers_init(m.t, MODEL, start);
    for (size_t i = 0; i < MODEL; i++)
        m.deadline[i] = WEFT_NEVER;
    for (int i = 0; i < steps; i++) {
        model_step(&m);
        if (i % 1000 == 0)
            assert_wheel_is_sound();
    }
}

static void wheel_agrees_with_a_sorted_list_over_a_million_operations(void **state)
{
    run_model(1, 0, 500000);
    run_model(2, 1763000000 * WEFT_S, 300000);
}

static void wheel_agrees_with_a_sorted_list_across_the_end_of_its_span(void **state)
{
    for (uint64_t seed = 0; seed < 200; seed++)
        run_model(seed, 3 * SPAN - (1 + seed * seed * 1000003), 1000);
}

/* A clock that sleeps for an hour among very many timers. */
static void wheel_sorts_many_timers_that_fall_due_at_once(void **state)
{
    enum { MANY = 100000 };
    static struct timer t[MANY];
    static weft_time at[MANY];
    struct timer *last = NULL, *one;
    struct rng r;
    size_t fired = 0;

    rng_seed(&r, 3);
    timers_init(t, MANY, 0);
    for (size_t i = 0; i < MANY; i++)
        timer_set(&w, &t[i], at[i] = rng_below(&r, 3600 * WEFT_S) / (10 * WEFT_MS) * (10 * WEFT_MS));
    while ((one = wheel_pop(&w, 3600 * WEFT_S)) != NULL) {
        if (last)
            assert_true(at[last - t] < at[one - t] || (at[last - t] == at[one - t] && last < one));
        last = one;
        fired++;
    }
    assert_int_equal(fired, MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_fires_at_the_deadline_and_not_a_nanosecond_before),
        cmocka_unit_test(wheel_fires_a_deadline_in_the_past_at_the_next_pop),
        cmocka_unit_test(wheel_fires_in_order_of_deadline_then_of_arming),
        cmocka_unit_test(wheel_moving_later_leaves_the_timer_where_it_is),
        cmocka_unit_test(wheel_moving_earlier_fires_earlier),
        cmocka_unit_test(wheel_cancelled_timers_do_not_fire_and_may_be_armed_again),
        cmocka_unit_test(wheel_changes_made_while_firing_count),
        cmocka_unit_test(wheel_forgets_removed_timers),
        cmocka_unit_test(wheel_time_does_not_run_backwards),
        cmocka_unit_test(wheel_deadline_is_exact_in_the_lowest_level),
        cmocka_unit_test(wheel_deadline_stays_a_lower_bound_when_there_is_too_much_to_look_at),
        cmocka_unit_test(wheel_agrees_with_a_sorted_list_over_a_million_operations),
        cmocka_unit_test(wheel_agrees_with_a_sorted_list_across_the_end_of_its_span),
        cmocka_unit_test(wheel_sorts_many_timers_that_fall_due_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
