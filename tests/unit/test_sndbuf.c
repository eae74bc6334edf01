/* SPDX-License-Identifier: MIT */
/* The send buffer's size (src/tcp/sndbuf.c). */
#include "room.h"
#include "tcp/sndbuf.h"

static void buffer_is_twice_the_window_in_segments_and_what_they_cost(void **state)
{
    static const struct {
        uint32_t cwnd, mss, path_mss, buffer;
    } rows[] = {
        {14600, 1460, 1460, 87040}, /* what every new connection of Linux has */
        {14480, 1448, 1460, 87040},
        {1460, 1460, 1460, 87040},  /* never for fewer than ten segments */
        {100 * 1460, 1460, 1460, 870400},
        {10 * 536, 536, 536, 46080},
        {10 * 8948, 8948, 8960, 332800},
        {UINT32_MAX, 1, 1, UINT32_MAX},
        {0, 0, 0, 25600},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(sndbuf_for(rows[i].cwnd, rows[i].mss, rows[i].path_mss), rows[i].buffer);
}

static void a_third_free_is_room(void **state)
{
    assert_true(sndbuf_has_room(3000, 2000, 0, UINT32_MAX, false));
    assert_false(sndbuf_has_room(3000, 2001, 0, UINT32_MAX, false));
    assert_true(sndbuf_has_room(3000, 0, 0, UINT32_MAX, true));
}

static void enough_unsent_bytes_are_no_room(void **state)
{
    assert_true(sndbuf_has_room(90000, 5000, 999, 1000, false));
    assert_false(sndbuf_has_room(90000, 5000, 1000, 1000, false));
    assert_true(sndbuf_has_room(90000, 5000, 499, 1000, true)); /* who is woken shall find room for more than a byte */
    assert_false(sndbuf_has_room(90000, 5000, 500, 1000, true));
    assert_false(sndbuf_has_room(UINT32_MAX, 0, UINT32_MAX, 1, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_is_twice_the_window_in_segments_and_what_they_cost),
        cmocka_unit_test(a_third_free_is_room),
        cmocka_unit_test(enough_unsent_bytes_are_no_room),
    };

    return cmocka_run_group_tests_name("sndbuf", tests, NULL, NULL);
}
