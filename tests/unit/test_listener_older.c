/* SPDX-License-Identifier: MIT */
/* Routers that speak IGMP of version 1 or 2, and hosts that speak it with us. */
#include "igmp_bench.h"

static void a_router_of_version_2_makes_us_speak_it(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    weft_time until;

    /* R2236-1, R3376-7 */
    ask(b, (struct ask){.version = 2, .code = 100});
    until = b->now + 260 * WEFT_S; /* 2 times 125 s, and the 10 s of the query */
    join(sock, "239.1.2.3");
    assert_said_within(b, 0, "v2 report 239.1.2.3");
    assert_said_within(b, 10 * WEFT_S, "v2 report 239.1.2.3");
    assert_quiet(b, 100 * WEFT_S);
    leave(sock, "239.1.2.3");
    assert_said_within(b, 0, "leave 239.1.2.3");
    assert_quiet(b, until - b->now - 1);
    join(sock, "239.1.2.3");
    assert_said_within(b, 0, "v2 report 239.1.2.3");
    weft_clock(b->s, b->now = until);
    join(sock, "239.1.2.4");
    assert_said_within(b, 0, "to_ex 239.1.2.4");
    weft_close(sock);
    hush(b);
}

/* RFC 2236 §3: the leave does not wait for the repetition of the report, which is not said any more. */
static void in_version_2_who_leaves_soon_says_so_at_once(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    ask(b, (struct ask){.version = 2, .code = 100});
    join(sock, "239.1.2.3");
    assert_said_within(b, 0, "v2 report 239.1.2.3");
    leave(sock, "239.1.2.3");
    assert_said_within(b, 0, "leave 239.1.2.3");
    assert_quiet(b, 20 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void put_report(struct bench *b, uint8_t type, uint32_t group)
{
    uint8_t message[IGMP_HEADER] = {type}, out[64];

    poke_u32(message + 4, group);
    bench_input(b, out, make_igmp(out, (struct ipv4_header){.dst = group}, message, sizeof message));
}

static void in_version_2_one_member_speaks_for_all(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    /* R2236-1 */
    join(sock, "239.1.2.3");
    join(sock, "239.1.2.4");
    hush(b);
    ask(b, (struct ask){.version = 2, .code = 100});
    put_report(b, IGMP_V2_REPORT, GROUP);
    assert_said_within(b, 10 * WEFT_S, "v2 report 239.1.2.4");
    assert_quiet(b, 20 * WEFT_S);
    leave(sock, "239.1.2.3"); /* the other one spoke last: it will answer the router */
    assert_quiet(b, 20 * WEFT_S);
    leave(sock, "239.1.2.4");
    assert_said_within(b, 0, "leave 239.1.2.4");
    assert_quiet(b, 20 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void in_version_3_everybody_speaks(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    hush(b);
    ask(b, (struct ask){.code = 100});
    put_report(b, IGMP_V2_REPORT, GROUP);
    assert_said_within(b, 10 * WEFT_S, "is_ex 239.1.2.3");
    weft_close(sock);
    hush(b);
}

/*
 * However many ask for all groups, each is reported once in the time they give; a time that is over covers nothing any
 * more.
 */
static void in_version_2_one_answer_is_for_all_who_asked_meanwhile(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    weft_time over;

    join(sock, "239.1.2.3");
    hush(b);
    ask(b, (struct ask){.version = 2, .code = 100});
    put_report(b, IGMP_V2_REPORT, GROUP); /* somebody else was the first */
    ask(b, (struct ask){.version = 2, .code = 100});
    assert_quiet(b, 20 * WEFT_S);
    ask(b, (struct ask){.version = 2, .code = 10});
    over = b->now + WEFT_S;
    assert_said_within(b, WEFT_S, "v2 report 239.1.2.3");
    assert_quiet(b, over - b->now);
    ask(b, (struct ask){.version = 2, .code = 10});
    assert_said_within(b, WEFT_S, "v2 report 239.1.2.3");
    weft_close(sock);
    hush(b);
}

/* RFC 2236 §3: a running delay gives way only to a shorter time. */
static void in_version_2_a_shorter_time_is_obeyed(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    hush(b);
    for (unsigned i = 0; i < 20; i++) {
        ask(b, (struct ask){.version = 2, .code = 255});
        ask(b, (struct ask){.version = 2, .group = "239.1.2.3", .code = 5});
        assert_said_within(b, 500 * WEFT_MS, "v2 report 239.1.2.3");
        assert_quiet(b, 26 * WEFT_S);
    }
    weft_close(sock);
    hush(b);
}

static void a_router_of_version_1_makes_us_leave_in_silence(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    /* R2236-2 */
    join(sock, "239.1.2.3");
    hush(b);
    ask(b, (struct ask){.version = 1});
    assert_said_within(b, 10 * WEFT_S, "v1 report 239.1.2.3");
    ask(b, (struct ask){.version = 2, .code = 10}); /* the older one decides */
    assert_said_within(b, WEFT_S, "v1 report 239.1.2.3");
    join(sock, "239.1.2.4");
    assert_said_within(b, 0, "v1 report 239.1.2.4");
    assert_said_within(b, 10 * WEFT_S, "v1 report 239.1.2.4");
    leave(sock, "239.1.2.3");
    assert_quiet(b, 20 * WEFT_S);
    bench_tick(b, 230 * WEFT_S);
    leave(sock, "239.1.2.4");
    assert_said_within(b, 0, "to_in 239.1.2.4"); /* it has gone */
    weft_close(sock);
    hush(b);
}

/* RFC 3376 §7.2.1: what was to be said in one version is not said in another. */
static void a_change_of_version_cancels_what_was_to_be_said(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    join(sock, "239.1.2.3");
    hush(b);
    ask(b, (struct ask){.code = 100});
    leave(sock, "239.1.2.3");
    ask(b, (struct ask){.version = 2, .code = 10});
    assert_quiet(b, 20 * WEFT_S);
    weft_close(sock);
    hush(b);
}

/* RFC 2236 §3: a leave is said once, whatever else changes afterwards. */
static void in_version_2_a_leave_is_said_once(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);

    ask(b, (struct ask){.version = 2, .code = 10});
    join(sock, "239.1.2.3");
    hush(b);
    leave(sock, "239.1.2.3");
    assert_said_within(b, 0, "leave 239.1.2.3");
    join(sock, "239.1.2.4");
    assert_said_within(b, 0, "v2 report 239.1.2.4");
    assert_said_within(b, 10 * WEFT_S, "v2 report 239.1.2.4");
    assert_quiet(b, 20 * WEFT_S);
    weft_close(sock);
    hush(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_version_2_a_leave_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_of_version_2_makes_us_speak_it, setup, teardown),
        cmocka_unit_test_setup_teardown(in_version_2_who_leaves_soon_says_so_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(in_version_2_one_member_speaks_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(in_version_3_everybody_speaks, setup, teardown),
        cmocka_unit_test_setup_teardown(in_version_2_one_answer_is_for_all_who_asked_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(in_version_2_a_shorter_time_is_obeyed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_of_version_1_makes_us_leave_in_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_of_version_cancels_what_was_to_be_said, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
