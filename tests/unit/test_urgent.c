/* SPDX-License-Identifier: MIT */
/*
 * The urgent mark (src/tcp/urgent.c): RFC 9293 §3.8.5. CVE-2019-12255 and its kin ("URGENT/11") were arithmetic on
 * pointers that were zero, behind RCV.NXT or beyond the window: so every pointer is tried at many places, against a model
 * in 64-bit offsets that knows no circle.
 */
#include "room.h"
#include "tcp/urgent.h"

/* Offsets from a start of the stream. */
struct model {
    int64_t mark;
    bool any, here;
};

static bool model_point(struct model *m, int64_t seq, unsigned pointer, int64_t read, int64_t next)
{
    int64_t mark = seq + (pointer ? (int64_t)pointer - 1 : 0);

    if (mark < read || mark < next || (m->any && mark <= m->mark))
        return false;
    *m = (struct model){.mark = mark, .any = true};
    return true;
}

static void same(const struct model *m, const struct urgent *u, uint32_t start)
{
    assert_int_equal(u->state != URGENT_NONE, m->any);
    if (m->any)
        assert_int_equal(u->mark.v, (uint32_t)(start + m->mark));
}

/* MUST-32: 65,536 pointers, from 12 places of a segment, with and without a mark before */
static void every_pointer_is_where_the_model_has_it(void **state)
{
    static const int64_t places[] = {-70000, -65536, -1000, -1, 0, 1, 500, 999, 1000, 1001, 30000, 65535};
    const int64_t read = 0, next = 1000;

    each_start(start)
        for (unsigned old = 0; old < 3; old++)
            for (unsigned i = 0; i < ARRAY_LEN(places); i++)
                for (unsigned pointer = 0; pointer < 65536; pointer++) {
                    struct urgent u = {0};
                    struct model m = {0};
                    uint32_t offset;
                    bool told;

                    if (old) {
                        urgent_point(&u, seq(start + 1000), (uint16_t)(old * 20000), seq(start), seq(start + 1000));
                        model_point(&m, 1000, old * 20000, read, next);
                    }
                    told = urgent_point(&u, seq((uint32_t)(start + places[i])), (uint16_t)pointer, seq(start),
                                        seq(start + 1000));
                    assert_int_equal(told, model_point(&m, places[i], pointer, read, next));
                    same(&m, &u, start);
                    if (urgent_lies_in(&u, seq(start + 1000), 1460, &offset)) {
                        assert_true(m.any && m.mark >= 1000 && m.mark < 2460);
                        assert_int_equal(offset, m.mark - 1000);
                    } else {
                        assert_true(!m.any || m.mark < 1000 || m.mark >= 2460);
                    }
                    assert_int_equal(urgent_reach(&u, seq(start + 500), 100000),
                                     m.any && m.mark - 500 < 100000 ? m.mark - 500 : 100000);
                }
}

/* MUST-33: a read stops at the mark, and one that begins there does not. */
static void a_read_stops_at_the_mark(void **state)
{
    each_start(start) {
        struct urgent u = {0};

        urgent_point(&u, seq(start), 11, seq(start), seq(start));
        assert_int_equal(urgent_reach(&u, seq(start), 100), 10);
        assert_int_equal(urgent_reach(&u, seq(start), 7), 7);
        assert_false(urgent_is_at(&u, seq(start)));
        assert_true(urgent_is_at(&u, seq(start + 10)));
        assert_int_equal(urgent_reach(&u, seq(start + 10), 100), 100);
        urgent_passed(&u, seq(start + 10));
        assert_true(urgent_is_at(&u, seq(start + 10)));
        urgent_passed(&u, seq(start + 11));
        assert_int_equal(u.state, URGENT_NONE);
    }
}

/* MUST-31 */
static void the_user_is_told_of_each_step_forward_and_of_no_other(void **state)
{
    struct urgent u = {0};

    assert_true(urgent_point(&u, seq(0), 10, seq(0), seq(0)));
    assert_false(urgent_point(&u, seq(0), 10, seq(0), seq(0)));
    assert_false(urgent_point(&u, seq(0), 9, seq(0), seq(0)));
    assert_true(urgent_point(&u, seq(0), 11, seq(0), seq(0)));
    urgent_arrived(&u, 'x');
    assert_false(urgent_point(&u, seq(0), 11, seq(0), seq(0)));
    assert_int_equal(u.state, URGENT_HERE);
    assert_true(urgent_point(&u, seq(5), 50, seq(0), seq(5)));
    assert_int_equal(u.state, URGENT_AWAITED); /* the older byte is part of the stream now */
}

static void a_pointer_to_what_is_here_already_is_ignored(void **state)
{
    struct urgent u = {0};

    assert_false(urgent_point(&u, seq(0), 100, seq(0), seq(1000)));
    assert_false(urgent_point(&u, seq(0), 1000, seq(0), seq(1000)));
    assert_true(urgent_point(&u, seq(0), 1001, seq(0), seq(1000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pointer_is_where_the_model_has_it),
        cmocka_unit_test(a_read_stops_at_the_mark),
        cmocka_unit_test(the_user_is_told_of_each_step_forward_and_of_no_other),
        cmocka_unit_test(a_pointer_to_what_is_here_already_is_ignored),
    };

    return cmocka_run_group_tests_name("urgent", tests, NULL, NULL);
}
