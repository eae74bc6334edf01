/* SPDX-License-Identifier: MIT */
/* NewReno's congestion window (src/tcp/cc_reno.c, cc.c): RFC 5681 §3.1, RFC 6928, RFC 3465. */
#include "room.h"
#include "tcp/cc.h"

struct reno {
    struct cc c;
    union cc_private p;
};

static struct reno reno(uint32_t cwnd, uint32_t ssthresh) { return (struct reno){.c = {cwnd, ssthresh, 0}}; }

static void deliver(struct reno *r, uint32_t acked, bool grows)
{
    struct cc_ack a = {.delivered = acked, .grows = grows};

    cc_reno.on_ack(&r->c, &r->p, &a);
}

/* A whole window is acknowledged, by pieces of this size. */
static void deliver_window(struct reno *r, uint32_t piece)
{
    for (uint32_t left = r->c.cwnd; left;) {
        uint32_t n = min_u32(left, piece);

        deliver(r, n, true);
        left -= n;
    }
}

/* R5681-3.1a: min(10*MSS, max(2*MSS, 14600)), in whole segments */
static void initial_window_is_that_of_rfc_6928(void **state)
{
    static const struct {
        uint32_t mss;
        unsigned segments;
        uint32_t cwnd;
    } rows[] = {
        {1460, 10, 10}, {1448, 10, 10}, {536, 10, 10}, {216, 10, 10}, {4000, 10, 3}, {7300, 10, 2},
        {7301, 10, 2},  {8960, 10, 2},  {65495, 10, 2}, {1460, 1, 1}, {8960, 1, 1},  {1460, 4, 4},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(cc_initial_window(rows[i].mss, rows[i].segments), rows[i].cwnd);
}

/* MUST-19 */
static void slow_start_doubles_the_window_in_a_round_trip(void **state)
{
    struct reno r = reno(10, CC_NONE);

    for (uint32_t cwnd = 10; cwnd < 1000; cwnd *= 2) {
        assert_int_equal(r.c.cwnd, cwnd);
        deliver_window(&r, 2);
    }
}

static void slow_start_ends_at_ssthresh_and_the_rest_counts_in_avoidance(void **state)
{
    struct reno r = reno(10, 15);

    deliver(&r, 12, true);
    assert_int_equal(r.c.cwnd, 15);
    deliver(&r, 8, true); /* seven were left over */
    assert_int_equal(r.c.cwnd, 16);
}

/* MUST-19 */
static void avoidance_adds_one_segment_in_a_round_trip(void **state)
{
    for (uint32_t piece = 1; piece < 50; piece++) {
        struct reno r = reno(20, 20);

        for (uint32_t cwnd = 20; cwnd < 60; cwnd++) {
            assert_in_range(r.c.cwnd, cwnd - 1, cwnd + 1);
            deliver_window(&r, piece);
        }
    }
}

static void an_unused_window_does_not_grow(void **state)
{
    struct reno r = reno(10, CC_NONE);

    deliver(&r, 10, false);
    assert_int_equal(r.c.cwnd, 10);
}

/* R5681-3.1c */
static void a_loss_halves_the_window_to_no_less_than_two(void **state)
{
    static const uint32_t rows[][2] = {{1, 2}, {2, 2}, {4, 2}, {5, 2}, {6, 3}, {10, 5}, {1000001, 500000}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct reno r = reno(rows[i][0], CC_NONE);

        assert_int_equal(cc_reno.ssthresh(&r.c, &r.p), rows[i][1]);
    }
}

static void the_window_stops_before_it_overflows(void **state)
{
    struct reno r = reno(CC_CWND_MAX - 1, CC_NONE);

    deliver(&r, UINT32_MAX / 2, true);
    assert_int_equal(r.c.cwnd, CC_CWND_MAX);
    r = reno(CC_CWND_MAX, 2);
    deliver(&r, CC_CWND_MAX, true);
    assert_int_equal(r.c.cwnd, CC_CWND_MAX);
}

/* MAY-18 */
static void controllers_are_found_by_name(void **state)
{
    assert_string_equal(cc_at((unsigned)cc_find("reno"))->name, "reno");
    assert_string_equal(cc_at((unsigned)cc_find("cubic"))->name, "cubic");
    assert_int_equal(cc_find("cubi"), -1);
    assert_int_equal(cc_find(""), -1);
    assert_int_equal(cc_default("vegas"), cc_find("cubic"));
    assert_null(cc_at(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_window_is_that_of_rfc_6928),
        cmocka_unit_test(slow_start_doubles_the_window_in_a_round_trip),
        cmocka_unit_test(slow_start_ends_at_ssthresh_and_the_rest_counts_in_avoidance),
        cmocka_unit_test(avoidance_adds_one_segment_in_a_round_trip),
        cmocka_unit_test(an_unused_window_does_not_grow),
        cmocka_unit_test(a_loss_halves_the_window_to_no_less_than_two),
        cmocka_unit_test(the_window_stops_before_it_overflows),
        cmocka_unit_test(controllers_are_found_by_name),
    };

    return cmocka_run_group_tests_name("cc_reno", tests, NULL, NULL);
}
