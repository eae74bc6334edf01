/* SPDX-License-Identifier: MIT */
/* RFC 4821 §7: the search for what a path carries. */
#include "tcp/pathsearch.h"

#include "room.h"

static const struct path_search_limits limits = {.base = 1024, .floor = 48, .threshold = 8, .interval = 600 * WEFT_S};

/* Probes until nothing is worth one; what passes is no larger than `path`. Returns what is known to pass. */
static uint32_t search(struct path_search *s, uint32_t most, uint32_t path, unsigned *probes)
{
    uint32_t size;

    for (*probes = 0; (size = path_search_next(s, most, &limits, WEFT_S)); ++*probes) {
        assert_true(size > s->low && size <= s->high);
        path_search_sent(s, size, seq(100), seq(100 + size));
        assert_int_equal(path_search_next(s, most, &limits, WEFT_S), 0); /* one at a time */
        assert_false(path_search_passed(s, seq(100 + size - 1)));
        assert_true(path_search_misses(s, seq(100)));
        assert_false(path_search_misses(s, seq(101)));
        if (size > path)
            path_search_failed(s);
        else
            assert_true(path_search_passed(s, seq(100 + size)));
    }
    return s->low;
}

static void every_path_is_found_to_the_threshold(void **state)
{
    unsigned probes;

    (void)state;
    for (uint32_t path = 1024; path <= 1460; path++) {
        struct path_search s;
        uint32_t found;

        path_search_start(&s, 1460, &limits, WEFT_S);
        found = search(&s, 1460, path, &probes);
        assert_true(found <= path && found + limits.threshold > path);
        assert_true(probes <= 7);
    }
}

/* A range as wide as the threshold is still worth a probe, one that is narrower is not. */
static void search_ends_below_the_threshold(void **state)
{
    uint32_t most = limits.base + limits.threshold;
    struct path_search s;

    (void)state;
    path_search_start(&s, most, &limits, WEFT_S);
    assert_int_equal(path_search_next(&s, most, &limits, WEFT_S), limits.base + limits.threshold / 2);
    path_search_start(&s, most - 1, &limits, WEFT_S);
    assert_int_equal(path_search_next(&s, most - 1, &limits, WEFT_S), 0);
}

static void black_hole_halves_down_to_the_floor(void **state)
{
    static const uint16_t lows[] = {1024, 512, 256, 128, 64, 48, 48};
    struct path_search s = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lows); i++) {
        path_search_black_hole(&s, 1460, &limits, WEFT_S);
        assert_true(s.on);
        assert_int_equal(s.low, lows[i]);
        assert_int_equal(s.high, 1460);
    }
}

static void small_path_is_believed_at_once(void **state)
{
    struct path_search s = {0};

    (void)state;
    path_search_black_hole(&s, 536, &limits, WEFT_S);
    assert_int_equal(s.low, 536);
    assert_int_equal(path_search_next(&s, 536, &limits, WEFT_S), 0);
    path_search_black_hole(&s, 536, &limits, WEFT_S);
    assert_int_equal(s.low, 268);
}

static void upper_end_is_doubted_after_a_while(void **state)
{
    struct path_search s;
    unsigned probes;

    (void)state;
    path_search_start(&s, 1460, &limits, WEFT_S);
    assert_true(search(&s, 1460, 1100, &probes) <= 1100);
    assert_int_equal(path_search_next(&s, 1460, &limits, 600 * WEFT_S), 0);
    assert_true(path_search_next(&s, 1460, &limits, 601 * WEFT_S) > 1200);
}

static void what_routers_say_bounds_the_search(void **state)
{
    struct path_search s;

    (void)state;
    path_search_start(&s, 1460, &limits, WEFT_S);
    assert_int_equal(path_search_next(&s, 1031, &limits, WEFT_S), 0);
    assert_int_equal(path_search_next(&s, 1460, &limits, WEFT_S), 0); /* until it is doubted again */
    s.size = 1200;
    path_search_forget(&s);
    assert_false(path_search_passed(&s, seq(5000)));
    assert_int_equal(s.low, 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_is_found_to_the_threshold),
        cmocka_unit_test(search_ends_below_the_threshold),
        cmocka_unit_test(black_hole_halves_down_to_the_floor),
        cmocka_unit_test(small_path_is_believed_at_once),
        cmocka_unit_test(upper_end_is_doubted_after_a_while),
        cmocka_unit_test(what_routers_say_bounds_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
