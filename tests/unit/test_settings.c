/* SPDX-License-Identifier: MIT */
/* Rarely set options: one constant block for all, counted blocks for those who differ. */
#include "tcp/settings.h"

#include "room.h"

static void connections_that_set_nothing_own_nothing(void **state)
{
    struct room r;
    const struct tcp_settings *a = &settings_default, *b;

    (void)state;
    room_init(&r, 1);
    b = settings_share(a);
    assert_ptr_equal(b, &settings_default);
    assert_int_equal(r.mem->total, 0);
    settings_drop(&a, r.mem);
    settings_drop(&b, r.mem);
    assert_ptr_equal(a, &settings_default);
    room_check(&r);
}

static void who_inherits_shares_until_he_differs(void **state)
{
    struct room r;
    const struct tcp_settings *listener = &settings_default, *child[3];
    size_t one;

    (void)state;
    room_init(&r, 1);
    settings_own(&listener, r.mem)->user_mss = 1000;
    one = r.mem->total;
    for (int i = 0; i < 3; i++)
        child[i] = settings_share(listener);
    assert_int_equal(r.mem->total, one);
    settings_own(&child[1], r.mem)->user_mss = 500;
    assert_int_equal(child[0]->user_mss, 1000);
    assert_int_equal(child[1]->user_mss, 500);
    assert_int_equal(child[2]->user_mss, 1000);
    assert_int_equal(listener->user_mss, 1000);
    settings_drop(&listener, r.mem);
    settings_drop(&child[0], r.mem);
    assert_int_equal(settings_own(&child[2], r.mem)->user_mss, 1000); /* the last one needs no copy */
    settings_drop(&child[1], r.mem);
    settings_drop(&child[2], r.mem);
    assert_int_equal(r.mem->total, 0);
    room_check(&r);
}

static void without_memory_nothing_changes(void **state)
{
    struct room r;
    const struct tcp_settings *listener = &settings_default, *child;

    (void)state;
    room_init(&r, 1);
    r.refuse_ppm = 1000000;
    assert_null(settings_own(&listener, r.mem));
    assert_ptr_equal(listener, &settings_default);
    r.refuse_ppm = 0;
    settings_own(&listener, r.mem)->syn_retries = 3;
    child = settings_share(listener);
    r.refuse_ppm = 1000000;
    assert_null(settings_own(&child, r.mem));
    assert_ptr_equal(child, listener);
    assert_int_equal(listener->owners, 2);
    settings_drop(&child, r.mem);
    settings_drop(&listener, r.mem);
    room_check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_that_set_nothing_own_nothing),
        cmocka_unit_test(who_inherits_shares_until_he_differs),
        cmocka_unit_test(without_memory_nothing_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
