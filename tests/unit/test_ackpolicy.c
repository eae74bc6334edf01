/* SPDX-License-Identifier: MIT */
/* When to acknowledge (src/tcp/ackpolicy.c): RFC 9293 §3.8.6.3, RFC 5681 §4.2. */
#include "room.h"
#include "tcp/ackpolicy.h"

#define MSS 1460u

/* A policy out of its first quick answers. */
static struct ackpolicy settled(void)
{
    struct ackpolicy a;

    ackpolicy_init(&a);
    return a;
}

/* How many bare acknowledgments go out before it is content. */
static unsigned bare_acks(struct ackpolicy *a)
{
    unsigned n = 0;

    for (; ackpolicy_wants(a); n++)
        ackpolicy_sent(a, true);
    return n;
}

/* SHLD-19 */
static void second_full_segment_is_acknowledged_at_once(void **state)
{
    static const struct {
        uint32_t len[8];
        unsigned at; /* which of them makes it due */
    } rows[] = {
        {{MSS, MSS}, 2},
        {{MSS, 1, MSS - 1}, 3},
        {{MSS - 1, MSS, 1}, 3},
        {{2 * MSS}, 1}, /* a merged segment */
        {{1, 1, 1, 1, 1, 1, 1}, 0},
        {{2 * MSS - 1, 1}, 2},
    };
    uint8_t quick = 0;

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct ackpolicy a = settled();

        for (unsigned k = 0; k < 8 && rows[i].len[k]; k++) {
            bool due = rows[i].at && k + 1 >= rows[i].at;

            assert_int_equal(ackpolicy_in_order(&a, rows[i].len[k], MSS, &quick), due ? ACK_NOW : ACK_LATER);
            assert_int_equal(ackpolicy_wants(&a), due);
        }
    }
}

static void an_acknowledgment_starts_the_count_anew(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 0;

    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(ackpolicy_in_order(&a, MSS, MSS, &quick), ACK_LATER);
        ackpolicy_sent(&a, i % 2);
        assert_false(ackpolicy_wants(&a));
    }
}

/* Ten full segments one by one: five acknowledgments (SHLD-19). */
static void every_other_full_segment_gets_an_acknowledgment(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 0;
    unsigned acks = 0;

    for (unsigned i = 0; i < 10; i++) {
        ackpolicy_in_order(&a, MSS, MSS, &quick);
        acks += bare_acks(&a);
    }
    assert_int_equal(acks, 5);
}

/* MUST-58, MUST-59 */
static void segments_of_one_batch_share_one_acknowledgment(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 0;

    for (unsigned i = 0; i < 8; i++)
        ackpolicy_in_order(&a, MSS, MSS, &quick);
    assert_int_equal(bare_acks(&a), 1);
}

static void first_segments_are_acknowledged_at_once(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 3;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ackpolicy_in_order(&a, 1, MSS, &quick), ACK_NOW);
        assert_int_equal(quick, 2 - i);
        assert_int_equal(bare_acks(&a), 1);
    }
    assert_int_equal(ackpolicy_in_order(&a, 1, MSS, &quick), ACK_LATER);
    assert_int_equal(quick, 0);
}

static void a_batch_uses_up_one_quick_answer(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 3;

    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(ackpolicy_in_order(&a, MSS, MSS, &quick), ACK_NOW);
    assert_int_equal(quick, 2);
}

/* R5681-4.2: a sender without SACK counts them */
static void each_segment_out_of_order_keeps_its_own_duplicate(void **state)
{
    struct ackpolicy a = settled();

    for (unsigned i = 0; i < 5; i++)
        ackpolicy_owe(&a);
    assert_int_equal(bare_acks(&a), 5);
}

static void one_duplicate_also_says_what_is_due(void **state)
{
    struct ackpolicy a = settled();

    for (unsigned i = 0; i < 5; i++)
        ackpolicy_owe(&a);
    ackpolicy_now(&a);
    assert_int_equal(bare_acks(&a), 5);
}

static void a_segment_with_data_settles_everything(void **state)
{
    struct ackpolicy a = settled();
    uint8_t quick = 0;

    ackpolicy_owe(&a);
    ackpolicy_owe(&a);
    ackpolicy_in_order(&a, 2 * MSS, MSS, &quick);
    ackpolicy_sent(&a, false);
    assert_false(ackpolicy_wants(&a));
    assert_int_equal(a.bytes, 0);
}

static void no_batch_draws_more_than_the_limit(void **state)
{
    struct ackpolicy a = settled();

    for (unsigned i = 0; i < 100000; i++)
        ackpolicy_owe(&a);
    assert_int_equal(bare_acks(&a), ACK_MAX_OWED);
}

static void nothing_is_owed_at_the_start(void **state)
{
    struct ackpolicy a = settled();

    assert_false(ackpolicy_wants(&a));
    ackpolicy_sent(&a, true); /* a probe says it all the same */
    assert_false(ackpolicy_wants(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_full_segment_is_acknowledged_at_once),
        cmocka_unit_test(an_acknowledgment_starts_the_count_anew),
        cmocka_unit_test(every_other_full_segment_gets_an_acknowledgment),
        cmocka_unit_test(segments_of_one_batch_share_one_acknowledgment),
        cmocka_unit_test(first_segments_are_acknowledged_at_once),
        cmocka_unit_test(a_batch_uses_up_one_quick_answer),
        cmocka_unit_test(each_segment_out_of_order_keeps_its_own_duplicate),
        cmocka_unit_test(one_duplicate_also_says_what_is_due),
        cmocka_unit_test(a_segment_with_data_settles_everything),
        cmocka_unit_test(no_batch_draws_more_than_the_limit),
        cmocka_unit_test(nothing_is_owed_at_the_start),
    };

    return cmocka_run_group_tests_name("ackpolicy", tests, NULL, NULL);
}
