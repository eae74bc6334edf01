/* SPDX-License-Identifier: MIT */
/* Explicit Congestion Notification (src/tcp/ecn.c): RFC 3168 §6.1. */
#include "room.h"
#include "tcp/ecn.h"

/* R3168-6.1.1. Each: flags of a SYN, its ECN field, is it granted? */
static void a_syn_that_asks_and_is_not_marked_is_granted(void **state)
{
    static const struct {
        uint16_t flags;
        uint8_t field;
        bool granted;
    } rows[] = {
        {0, 0, false},                 {TCP_ECE, 0, false},           {TCP_CWR, 0, false},
        {TCP_ECE | TCP_CWR, 0, true},  {TCP_ECE | TCP_CWR, 1, false}, {TCP_ECE | TCP_CWR, 2, false},
        {TCP_ECE | TCP_CWR, 3, false}, {TCP_AE, 0, false},            {TCP_AE | TCP_ECE, 0, false},
        {TCP_AE | TCP_ECE | TCP_CWR, 0, true}, {TCP_AE | TCP_ECE | TCP_CWR, 2, true},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned dscp = 0; dscp < 256; dscp += 4)
            assert_int_equal(ecn_may_grant((uint16_t)(TCP_SYN | rows[i].flags), (uint8_t)(dscp | rows[i].field)),
                             rows[i].granted);
}

/* A SYN,ACK with both flags only reflects ours. */
static void a_syn_ack_grants_with_ece_alone(void **state)
{
    assert_true(ecn_is_granted(TCP_SYN | TCP_ACK | TCP_ECE));
    assert_false(ecn_is_granted(TCP_SYN | TCP_ACK | TCP_ECE | TCP_CWR));
    assert_false(ecn_is_granted(TCP_SYN | TCP_ACK | TCP_CWR));
    assert_false(ecn_is_granted(TCP_SYN | TCP_ACK));
}

/* R3168-6.1.2 */
static void a_mark_is_echoed_on_all_that_goes(void **state)
{
    struct ecn e = {.on = true};

    assert_int_equal(ecn_flags(&e, true), 0);
    assert_true(ecn_text(&e, 0xfc | ECN_CE));
    assert_int_equal(ecn_flags(&e, true), TCP_ECE);
    assert_int_equal(ecn_flags(&e, false), TCP_ECE);
    assert_false(ecn_text(&e, ECN_ECT_0)); /* which takes nothing back */
    assert_int_equal(ecn_flags(&e, false), TCP_ECE);
}

/* Who marks what is new sends the rest again: he should hear of it soon (Linux). */
static void only_the_first_mark_hurries_and_so_does_what_lacks_the_usual_one(void **state)
{
    struct ecn e = {.on = true};

    assert_false(ecn_text(&e, 0));
    assert_false(ecn_text(&e, 1));
    assert_true(ecn_text(&e, 0));
    assert_true(ecn_text(&e, ECN_CE));
    assert_false(ecn_text(&e, ECN_CE));
}

/* RFC 3168 §6.1.2: the first new data after a reduction, once. */
static void a_reduction_is_told_once_with_new_data(void **state)
{
    struct ecn e = {.on = true}, off = {0};

    ecn_reduced(&e);
    assert_int_equal(ecn_flags(&e, false), 0);
    assert_int_equal(ecn_flags(&e, true), TCP_CWR);
    assert_int_equal(ecn_flags(&e, true), 0);
    ecn_reduced(&off);
    assert_int_equal(ecn_flags(&off, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_that_asks_and_is_not_marked_is_granted),
        cmocka_unit_test(a_syn_ack_grants_with_ece_alone),
        cmocka_unit_test(a_mark_is_echoed_on_all_that_goes),
        cmocka_unit_test(only_the_first_mark_hurries_and_so_does_what_lacks_the_usual_one),
        cmocka_unit_test(a_reduction_is_told_once_with_new_data),
    };

    return cmocka_run_group_tests_name("ecn", tests, NULL, NULL);
}
