/* SPDX-License-Identifier: MIT */
/* Does a packet that could be larger wait for the acknowledgment that makes it so? */
#include "room.h"
#include "tcp/defer.h"

/* A segment of 1000 bytes may go, of packets of two; the window is ten, and the round trip of 20 ms is nearly over. */
static struct defer busy(void)
{
    return (struct defer){.limit = 1000,
                          .most = 2000,
                          .window = 10000,
                          .held = 5000,
                          .now = WEFT_S,
                          .spoke = WEFT_S,
                          .asked = WEFT_S - 20 * WEFT_MS,
                          .rtt = 20 * WEFT_MS};
}

static void part_of_a_packet_waits(void **state)
{
    struct defer d = busy();

    assert_true(defer_waits(&d));
}

static void whole_packet_goes(void **state)
{
    struct defer d = busy();

    d.limit = 2000;
    assert_false(defer_waits(&d));
    d.limit = 1999;
    assert_true(defer_waits(&d));
}

static void third_of_the_window_goes(void **state)
{
    struct defer d = busy();

    d.window = 3000;
    assert_false(defer_waits(&d));
    d.window = 3003;
    assert_true(defer_waits(&d));
}

static void end_of_a_write_goes_when_another_lies_behind_it(void **state)
{
    struct defer d = busy();

    d.held = 1000;
    assert_true(defer_waits(&d)); /* more may be written to it */
    d.more = true;
    assert_false(defer_waits(&d));
    d.held = 1001;
    assert_true(defer_waits(&d));
}

static void last_words_go(void **state)
{
    struct defer d = busy();

    d.held = 999;
    assert_true(defer_waits(&d));
    d.fin = true;
    assert_false(defer_waits(&d));
    d.held = 1000;
    assert_true(defer_waits(&d));
}

static void who_was_quiet_sends(void **state)
{
    struct defer d = busy();

    d.spoke = d.now - WEFT_MS;
    assert_true(defer_waits(&d));
    d.spoke--;
    assert_false(defer_waits(&d));
}

static void nothing_waits_for_an_answer_that_is_far_or_does_not_come(void **state)
{
    struct defer d = busy();

    d.asked = d.now - 19 * WEFT_MS; /* a millisecond from now */
    assert_true(defer_waits(&d));
    d.asked++;
    assert_false(defer_waits(&d));
    d.asked = WEFT_NEVER;
    assert_false(defer_waits(&d));
}

static void near_peer_answers_in_half_a_round_trip(void **state)
{
    struct defer d = busy();

    d.rtt = 100 * WEFT_US;
    d.asked = d.now - 50 * WEFT_US;
    assert_true(defer_waits(&d));
    d.asked++;
    assert_false(defer_waits(&d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(part_of_a_packet_waits),
        cmocka_unit_test(whole_packet_goes),
        cmocka_unit_test(third_of_the_window_goes),
        cmocka_unit_test(end_of_a_write_goes_when_another_lies_behind_it),
        cmocka_unit_test(last_words_go),
        cmocka_unit_test(who_was_quiet_sends),
        cmocka_unit_test(nothing_waits_for_an_answer_that_is_far_or_does_not_come),
        cmocka_unit_test(near_peer_answers_in_half_a_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
