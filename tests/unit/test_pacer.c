/* SPDX-License-Identifier: MIT */
/* When the next segment may go (src/tcp/pacer.c). */
#include "room.h"
#include "tcp/pacer.h"

#define MS  WEFT_MS
#define MSS 1000u

static void the_first_ten_go_at_once(void **state)
{
    struct pacer p = {0};

    for (unsigned i = 0; i < PACER_FREE; i++) {
        assert_false(pacer_holds(&p, MS));
        pacer_sent(&p, MS, 1, MSS, 1000000);
    }
    assert_true(pacer_holds(&p, MS));
}

static void a_byte_a_second_is_a_rate(void **state)
{
    struct pacer p = {.segments = PACER_FREE, .next = 5 * MS};

    pacer_sent(&p, 5 * MS, 1, 3, 1);
    assert_int_equal(p.next, 5 * MS + 3 * WEFT_S);
}

static void each_segment_waits_for_the_one_before(void **state)
{
    struct pacer p = {.segments = PACER_FREE, .next = 5 * MS};

    for (weft_time now = 5 * MS; now < 100 * MS; now += MS) { /* 1,000 bytes at 1 MB/s are 1 ms */
        assert_false(pacer_holds(&p, now));
        pacer_sent(&p, now, 1, MSS, 1000000);
        assert_int_equal(p.next, now + MS);
        assert_true(pacer_holds(&p, now + MS - 1));
    }
}

/* Half of a gap at most is made up for: an idle connection gathers no burst. */
static void a_late_segment_shortens_the_gap_behind_it(void **state)
{
    static const struct {
        weft_time late, gap;
    } rows[] = {{0, 1000}, {300, 700}, {500, 500}, {600, 500}, {1000000000, 500}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct pacer p = {.segments = PACER_FREE, .next = 5 * MS};
        weft_time now = 5 * MS + rows[i].late * WEFT_US;

        pacer_sent(&p, now, 1, MSS, 1000000);
        assert_int_equal(p.next, now + rows[i].gap * WEFT_US);
    }
}

static void without_a_rate_nothing_waits(void **state)
{
    struct pacer p = {.segments = PACER_FREE};

    pacer_sent(&p, MS, 45, 65000, UINT64_MAX);
    assert_false(pacer_holds(&p, MS));
}

static void no_rate_is_too_slow_nor_too_fast(void **state)
{
    struct pacer p = {.segments = PACER_FREE};

    pacer_sent(&p, 1, 1, 1u << 20, 0);
    assert_true(p.next > WEFT_S);
    p.next = 0;
    pacer_sent(&p, 1, 1, MSS, UINT64_MAX - 1);
    assert_false(pacer_holds(&p, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_a_second_is_a_rate),
        cmocka_unit_test(the_first_ten_go_at_once),
        cmocka_unit_test(each_segment_waits_for_the_one_before),
        cmocka_unit_test(a_late_segment_shortens_the_gap_behind_it),
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(no_rate_is_too_slow_nor_too_fast),
    };

    return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
