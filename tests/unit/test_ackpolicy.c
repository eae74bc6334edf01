/* SPDX-License-Identifier: MIT */
/* When to acknowledge (src/tcp/ackpolicy.c): RFC 9293 §3.8.6.3, RFC 5681 §4.2, and the pace that Linux keeps. */
#include "room.h"
#include "tcp/ackpolicy.h"

#define MSS    1460u
#define WINDOW 64240u
#define DELAY  40u

static const struct ack_limits linux_look = {.delay = DELAY, .rto = 200, .quick = 16, .crowd = 44};
static const struct ack_limits plain = {.delay = 200, .rto = 1000, .quick = 0};

/* A policy out of its first quick answers: text came a moment ago. */
static struct ack_pace settled(void) { return (struct ack_pace){.heard = 1000, .ato = DELAY}; }

/* `unacked` bytes are there, the window moves with them, nothing is missing. */
static struct ack_facts facts(uint32_t unacked)
{
    return (struct ack_facts){.next = {5000}, .unacked = unacked, .mss = MSS, .edge_moves = true, .sack = true};
}

/* How many bare acknowledgments go out before it is content. */
static unsigned bare_acks(struct ackpolicy *a, struct ack_pace *p)
{
    unsigned n = 0;

    for (; ackpolicy_wants(a); n++)
        ackpolicy_sent(a, p, DELAY, true);
    return n;
}

static struct ackpolicy fresh(void)
{
    struct ackpolicy a;

    ackpolicy_init(&a);
    return a;
}

/* SHLD-19, SHLD-18 */
static void more_than_one_full_segment_is_acknowledged_at_once(void **state)
{
    static const struct {
        uint32_t unacked;
        enum ack_when linux_when, plain_when;
    } rows[] = {
        {1, ACK_LATER, ACK_LATER},         {MSS, ACK_LATER, ACK_LATER},    {MSS + 1, ACK_NOW, ACK_LATER},
        {2 * MSS - 1, ACK_NOW, ACK_LATER}, {2 * MSS, ACK_NOW, ACK_NOW},    {10 * MSS, ACK_NOW, ACK_NOW},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct ackpolicy a = fresh(), b = fresh();
        struct ack_pace p = settled();
        struct ack_facts f = facts(rows[i].unacked);

        assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), rows[i].linux_when);
        assert_int_equal(ackpolicy_wants(&a), rows[i].linux_when == ACK_NOW);
        assert_int_equal(ackpolicy_decide(&b, &p, &plain, &f), rows[i].plain_when);
    }
}

/* Where any two will do, as on BSD, the length of neither matters. */
static void a_second_segment_is_acknowledged_at_once(void **state)
{
    const struct ack_limits bsd = {.delay = 100, .rto = 1000, .quick = 0, .second = true};
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts first = facts(1), both = facts(2);

    assert_int_equal(ackpolicy_decide(&a, &p, &bsd, &first), ACK_LATER);
    assert_int_equal(ackpolicy_decide(&a, &p, &bsd, &both), ACK_NOW);
    ackpolicy_sent(&a, &p, 100, true);
    assert_int_equal(ackpolicy_decide(&a, &p, &bsd, &first), ACK_LATER);
}

/* When the reader makes no room, only he can change that: an acknowledgment would say little. */
static void a_window_that_does_not_move_waits_for_the_reader(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(3 * MSS);

    f.edge_moves = false;
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_LATER);
    f.wanted = true; /* but he waits for more than there is */
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW);
}

/* ---- quick ---- */

static void first_segments_are_acknowledged_at_once(void **state)
{
    static const struct {
        uint32_t window;
        unsigned quick;
    } rows[] = {{WINDOW, 16}, {20000, 6}, {5000, 1}, {2 * MSS - 1, 2}, {0, 2}, {1 << 30, 16}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct ackpolicy a = fresh();
        struct ack_pace p = {0};
        struct ack_facts f = facts(1);
        unsigned n = 0;

        ackpace_text(&p, &linux_look, 1000, rows[i].window, MSS);
        while (ackpolicy_decide(&a, &p, &linux_look, &f) == ACK_NOW) {
            assert_int_equal(bare_acks(&a, &p), 1);
            ackpace_text(&p, &linux_look, 1000 + ++n, rows[i].window, MSS);
        }
        assert_int_equal(n, rows[i].quick);
        assert_int_equal(p.quick, 0);
    }
}

static void a_batch_uses_up_one_quick_answer(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(1);

    p.quick = 3;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW);
    assert_int_equal(bare_acks(&a, &p), 1);
    assert_int_equal(p.quick, 2);
}

static void an_acknowledgment_that_nothing_called_for_uses_up_none(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();

    p.quick = 3;
    ackpolicy_sent(&a, &p, DELAY, true);
    assert_int_equal(p.quick, 3);
}

static void a_long_silence_makes_it_quick_again(void **state)
{
    struct ack_pace p = settled();

    ackpace_text(&p, &linux_look, 1000 + 200, WINDOW, MSS);
    assert_int_equal(p.quick, 0);
    ackpace_text(&p, &linux_look, 1200 + 201, WINDOW, MSS);
    assert_int_equal(p.quick, 16);
}

static void a_dialogue_is_not_quick(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(1);

    p.quick = 16;
    ackpace_answered(&p, 1000 + DELAY - 1);
    assert_true(p.interactive);
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_LATER);
}

static void text_sent_long_after_is_no_answer(void **state)
{
    struct ack_pace p = settled();

    ackpace_answered(&p, 1000 + DELAY);
    assert_false(p.interactive);
}

/* ---- how long ---- */

static void the_delay_follows_the_gaps_of_the_sender(void **state)
{
    static const struct {
        uint32_t gap, before, after;
    } rows[] = {
        {0, 40, 40},    {20, 40, 40},  {21, 40, 41},    {39, 40, 59},    {40, 40, 40}, {30, 100, 80},
        {90, 100, 140}, {150, 190, 200} /* the RTO */, {199, 160, 160}, {5, 200, 120},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct ack_pace p = {.heard = UINT32_MAX - 10, .ato = (uint16_t)rows[i].before}; /* the clock wraps */

        ackpace_text(&p, &linux_look, p.heard + rows[i].gap, WINDOW, MSS);
        assert_int_equal(p.ato, rows[i].after);
    }
}

static void the_delay_is_bounded_by_the_round_trip_and_by_patience(void **state)
{
    static const struct {
        uint16_t ato;
        bool interactive, pushed;
        uint32_t srtt, delay;
    } rows[] = {
        {40, false, false, 5, 40},    {100, false, false, 0, 100}, {150, false, false, 60, 60}, {150, false, false, 5, 40},
        {190, true, false, 0, 190},   {400, true, false, 0, 200},  {400, false, false, 0, 200}, {400, false, true, 0, 200},
        {0, true, false, 0, 1},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct ackpolicy a = fresh();
        struct ack_pace p = {.ato = rows[i].ato, .interactive = rows[i].interactive};

        a.pushed = rows[i].pushed;
        assert_int_equal(ackpace_delay(&p, &linux_look, &a, rows[i].srtt), rows[i].delay);
        assert_int_equal(ackpace_delay(&p, &plain, &a, rows[i].srtt), 200);
    }
}

static void a_delay_in_vain_makes_the_next_one_longer_or_ends_the_dialogue(void **state)
{
    struct ack_pace p = settled();

    ackpace_missed(&p, &linux_look);
    assert_int_equal(p.ato, 80);
    p.interactive = true;
    ackpace_missed(&p, &linux_look);
    assert_false(p.interactive);
    assert_int_equal(p.ato, DELAY);
}

/* Never longer than the peer would wait before he sends again. */
static void no_delay_in_vain_is_longer_than_the_time_out(void **state)
{
    struct ack_limits quick = linux_look, slow = linux_look;
    struct ack_pace p = settled();

    quick.rto = 3 * DELAY / 2;
    slow.rto = 200000;
    ackpace_missed(&p, &quick);
    assert_int_equal(p.ato, 3 * DELAY / 2);
    p.ato = 40000;
    ackpace_missed(&p, &slow);
    assert_int_equal(p.ato, UINT16_MAX);
}

/* ---- out of order ---- */

/* R5681-4.2: a sender without SACK counts them */
static void each_segment_out_of_order_keeps_its_own_duplicate(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();

    for (unsigned i = 0; i < 5; i++)
        ackpolicy_owe(&a);
    ackpolicy_now(&a);
    assert_int_equal(bare_acks(&a, &p), 5); /* one of them says what is due */
}

static void three_duplicates_are_told_at_once_and_the_rest_together(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(0);

    f.holes = true;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW);
        bare_acks(&a, &p);
    }
    for (unsigned i = 0; i < 44; i++)
        assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_SOON);
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW); /* the crowd is full */
    bare_acks(&a, &p);
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_SOON);
    f.next = seq(6000); /* a hole was filled, another is there */
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW);
}

static void without_sack_all_are_told_at_once(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(0);

    f.holes = true;
    f.sack = false;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_NOW);
        bare_acks(&a, &p);
    }
}

static void no_batch_draws_more_than_the_limit(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();

    for (unsigned i = 0; i < 100000; i++)
        ackpolicy_owe(&a);
    assert_int_equal(bare_acks(&a, &p), ACK_MAX_OWED);
}

/* MUST-58, MUST-59 */
static void a_segment_with_data_settles_everything(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(3 * MSS);

    ackpolicy_owe(&a);
    ackpolicy_owe(&a);
    ackpolicy_decide(&a, &p, &linux_look, &f);
    ackpolicy_sent(&a, &p, DELAY, false);
    assert_false(ackpolicy_wants(&a));
    assert_false(a.scheduled);
}

/* ---- the reader ---- */

/* A small segment ends a write of his: whoever has read it has nothing more to wait for. */
static void a_drained_small_segment_is_acknowledged(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(100);

    assert_int_equal(ackpolicy_measure(&a, 100, 0, MSS, true, false), MSS);
    assert_false(ackpolicy_after_reading(&a, &p, 100, MSS, true)); /* nothing is to be acknowledged yet */
    assert_int_equal(ackpolicy_decide(&a, &p, &linux_look, &f), ACK_LATER);
    assert_false(ackpolicy_after_reading(&a, &p, 100, MSS, false));
    assert_true(ackpolicy_after_reading(&a, &p, 100, MSS, true));
    p.interactive = true; /* the answer will carry it */
    assert_false(ackpolicy_after_reading(&a, &p, 100, MSS, true));
    ackpolicy_measure(&a, 100, 0, MSS, true, false); /* two writes: he does not wait for our answer */
    assert_true(ackpolicy_after_reading(&a, &p, 200, MSS, true));
    ackpolicy_sent(&a, &p, DELAY, true);
    assert_false(ackpolicy_after_reading(&a, &p, 0, MSS, true));
}

static void a_full_segment_without_push_waits_for_the_next(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = settled();
    struct ack_facts f = facts(MSS);

    assert_int_equal(ackpolicy_measure(&a, MSS, 0, MSS, false, true), MSS);
    ackpolicy_decide(&a, &p, &linux_look, &f);
    assert_false(ackpolicy_after_reading(&a, &p, MSS, MSS, true));
    assert_true(ackpolicy_after_reading(&a, &p, MSS + 1, MSS, false));
    ackpolicy_measure(&a, MSS, 0, MSS, true, false); /* with PSH it ends a write */
    assert_true(ackpolicy_after_reading(&a, &p, MSS, MSS, true));
}

static void two_alike_tell_a_smaller_full_size(void **state)
{
    struct ackpolicy a = fresh();

    assert_int_equal(ackpolicy_measure(&a, 1000, 0, MSS, false, true), MSS);
    assert_int_equal(ackpolicy_measure(&a, 988, 12, MSS, false, true), 1000); /* SACK blocks took 12 bytes */
    ackpolicy_init(&a);
    ackpolicy_measure(&a, 200, 0, MSS, true, false); /* with PSH and small: the end of a write, no more */
    assert_int_equal(ackpolicy_measure(&a, 200, 0, MSS, true, false), MSS);
    ackpolicy_measure(&a, 200, 0, MSS, false, true);
    assert_int_equal(ackpolicy_measure(&a, 200, 0, MSS, false, true), 200);
    ackpolicy_init(&a);
    ackpolicy_measure(&a, 87, 0, MSS, false, true);
    assert_int_equal(ackpolicy_measure(&a, 87, 0, MSS, false, true), MSS);
    assert_int_equal(ackpolicy_measure(&a, 2000, 0, MSS, false, true), 2000);
}

static void nothing_is_owed_at_the_start(void **state)
{
    struct ackpolicy a = fresh();
    struct ack_pace p = {0};

    assert_false(ackpolicy_wants(&a));
    ackpolicy_sent(&a, &p, DELAY, true); /* a probe says it all the same */
    assert_false(ackpolicy_wants(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_one_full_segment_is_acknowledged_at_once),
        cmocka_unit_test(a_second_segment_is_acknowledged_at_once),
        cmocka_unit_test(a_window_that_does_not_move_waits_for_the_reader),
        cmocka_unit_test(first_segments_are_acknowledged_at_once),
        cmocka_unit_test(a_batch_uses_up_one_quick_answer),
        cmocka_unit_test(an_acknowledgment_that_nothing_called_for_uses_up_none),
        cmocka_unit_test(a_long_silence_makes_it_quick_again),
        cmocka_unit_test(a_dialogue_is_not_quick),
        cmocka_unit_test(text_sent_long_after_is_no_answer),
        cmocka_unit_test(the_delay_follows_the_gaps_of_the_sender),
        cmocka_unit_test(the_delay_is_bounded_by_the_round_trip_and_by_patience),
        cmocka_unit_test(a_delay_in_vain_makes_the_next_one_longer_or_ends_the_dialogue),
        cmocka_unit_test(no_delay_in_vain_is_longer_than_the_time_out),
        cmocka_unit_test(each_segment_out_of_order_keeps_its_own_duplicate),
        cmocka_unit_test(three_duplicates_are_told_at_once_and_the_rest_together),
        cmocka_unit_test(without_sack_all_are_told_at_once),
        cmocka_unit_test(no_batch_draws_more_than_the_limit),
        cmocka_unit_test(a_segment_with_data_settles_everything),
        cmocka_unit_test(a_drained_small_segment_is_acknowledged),
        cmocka_unit_test(a_full_segment_without_push_waits_for_the_next),
        cmocka_unit_test(two_alike_tell_a_smaller_full_size),
        cmocka_unit_test(nothing_is_owed_at_the_start),
    };

    return cmocka_run_group_tests_name("ackpolicy", tests, NULL, NULL);
}
