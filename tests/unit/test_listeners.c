/* SPDX-License-Identifier: MIT */
/* Listeners by number (src/tcp/listeners.c), against an array that never moves. */
#include "room.h"
#include "tcp/listeners.h"

#define MOST 40

/* Nothing is looked at but where it is. */
static struct tcp_conn *someone(unsigned i)
{
    static char place[100000];

    return (struct tcp_conn *)(void *)(place + i);
}

/* The smallest free number is given, and every listener keeps his, however often the table grows. */
static void numbers_stay_and_the_smallest_free_one_is_next(void **state)
{
    struct tcp_conn *model[MOST + 1] = {0};
    struct listeners t = {0};
    unsigned live = 0;
    struct room r;

    room_init(&r, 793);
    for (unsigned op = 0; op < 5000; op++) {
        uint32_t number = 1 + room_below(&r, MOST);

        if (model[number]) {
            listeners_remove(&t, number);
            model[number] = NULL;
            live--;
        } else if (live < MOST) {
            for (number = 1; model[number];)
                number++;
            model[number] = someone(op);
            live++;
            assert_int_equal(listeners_add(&t, r.mem, model[number]), number);
        }
        for (unsigned i = 1; i <= MOST && i <= t.room; i++)
            assert_ptr_equal(listeners_get(&t, i), model[i]);
    }
    listeners_fini(&t, r.mem);
    room_check(&r);
}

static void without_memory_there_is_no_number(void **state)
{
    struct listeners t = {0};
    struct room r;

    room_init(&r, 1);
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(listeners_add(&t, r.mem, someone(i)), i);
    room_refuse_all(&r, true);
    assert_int_equal(listeners_add(&t, r.mem, someone(5)), 0);
    for (unsigned i = 1; i <= 4; i++)
        assert_ptr_equal(listeners_get(&t, i), someone(i));
    room_refuse_all(&r, false);
    assert_int_equal(listeners_add(&t, r.mem, someone(5)), 5);
    listeners_fini(&t, r.mem);
    room_check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay_and_the_smallest_free_one_is_next),
        cmocka_unit_test(without_memory_there_is_no_number),
    };

    return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
