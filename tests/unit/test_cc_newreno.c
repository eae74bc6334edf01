/* SPDX-License-Identifier: MIT */
/* NewReno's congestion window (src/tcp/cc_newreno.c): RFC 5681 §3.1, RFC 6928, RFC 3465. */
#include "room.h"
#include "tcp/cc.h"

#define MSS 1460u

struct reno {
    struct cc c;
    uint32_t private[8];
};

static struct reno reno(uint32_t cwnd, uint32_t ssthresh) { return (struct reno){.c = {cwnd, ssthresh}}; }

static void deliver(struct reno *r, uint32_t acked, bool limited)
{
    struct cc_delivery d = {.acked = acked, .in_flight = r->c.cwnd, .cwnd_limited = limited};

    cc_newreno.on_delivered(&r->c, r->private, &d, MSS);
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

/* R5681-3.1a: min(10*MSS, max(2*MSS, 14600)) */
static void initial_window_is_that_of_rfc_6928(void **state)
{
    static const struct {
        uint32_t mss;
        unsigned segments;
        uint32_t cwnd;
    } rows[] = {
        {1460, 10, 14600}, {1448, 10, 14480}, {536, 10, 5360}, {216, 10, 2160},  {4000, 10, 14600}, {7300, 10, 14600},
        {7301, 10, 14602}, {8960, 10, 17920}, {65495, 10, 130990}, {1460, 1, 1460}, {8960, 1, 8960},   {1460, 4, 5840},
        {1460, 2, 2920},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(cc_initial_window(rows[i].mss, rows[i].segments), rows[i].cwnd);
}

/* MUST-19 */
static void slow_start_doubles_the_window_in_a_round_trip(void **state)
{
    struct reno r = reno(10 * MSS, UINT32_MAX);

    for (uint32_t cwnd = 10 * MSS; cwnd < 1000 * MSS; cwnd *= 2) {
        assert_int_equal(r.c.cwnd, cwnd);
        deliver_window(&r, 2 * MSS);
    }
}

/* R5681-3.1b: whoever acknowledges every byte gains nothing */
static void splitting_acknowledgments_gains_nothing(void **state)
{
    static const uint32_t ssthresh[] = {UINT32_MAX, 2 * MSS};

    for (unsigned i = 0; i < ARRAY_LEN(ssthresh); i++) {
        struct reno fair = reno(10 * MSS, ssthresh[i]), greedy = fair;

        for (unsigned rounds = 0; rounds < 4; rounds++) {
            deliver_window(&fair, MSS);
            deliver_window(&greedy, 1);
            assert_int_equal(greedy.c.cwnd, fair.c.cwnd);
        }
    }
}

/* R5681-3.1b, with the limit of RFC 9406 §4.2 in place of one segment */
static void one_acknowledgment_in_slow_start_opens_eight_segments_at_most(void **state)
{
    struct reno r = reno(100 * MSS, UINT32_MAX);

    deliver(&r, 44 * MSS, true);
    assert_int_equal(r.c.cwnd, 108 * MSS);
}

/* MUST-19, R5681-3.1b */
static void congestion_avoidance_adds_one_segment_in_a_round_trip(void **state)
{
    static const uint32_t pieces[] = {1, 100, MSS, 2 * MSS, 8 * MSS};

    for (unsigned i = 0; i < ARRAY_LEN(pieces); i++) {
        struct reno r = reno(20 * MSS, 20 * MSS);

        for (unsigned rounds = 1; rounds <= 30; rounds++) {
            deliver_window(&r, pieces[i]);
            assert_in_range(r.c.cwnd, (20 + rounds - 1) * MSS, (20 + rounds) * MSS);
        }
        assert_in_range(r.c.cwnd, 49 * MSS, 50 * MSS);
    }
}

/* RFC 9293 §3.8.2: a window that was not used was not tested */
static void an_unused_window_does_not_grow(void **state)
{
    struct reno slow = reno(10 * MSS, UINT32_MAX), avoid = reno(10 * MSS, 5 * MSS);

    for (unsigned i = 0; i < 1000; i++) {
        deliver(&slow, MSS, false);
        deliver(&avoid, MSS, false);
    }
    assert_int_equal(slow.c.cwnd, 10 * MSS);
    assert_int_equal(avoid.c.cwnd, 10 * MSS);
}

/* R5681-3.1c: max(FlightSize/2, 2*SMSS), and FlightSize is not cwnd */
static void loss_halves_what_was_in_flight(void **state)
{
    static const struct {
        uint32_t flight, ssthresh;
    } rows[] = {{20 * MSS, 10 * MSS}, {5 * MSS, 5 * MSS / 2}, {4 * MSS, 2 * MSS}, {3 * MSS, 2 * MSS}, {MSS, 2 * MSS},
                {1, 2 * MSS},         {0xffffffff, 0x7fffffff}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct reno r = reno(100 * MSS, UINT32_MAX);

        assert_int_equal(cc_newreno.on_loss(&r.c, r.private, rows[i].flight, MSS), rows[i].ssthresh);
        assert_int_equal(r.c.ssthresh, rows[i].ssthresh);
        r = reno(100 * MSS, UINT32_MAX);
        cc_newreno.on_timeout(&r.c, r.private, rows[i].flight, MSS, false);
        assert_int_equal(r.c.ssthresh, rows[i].ssthresh);
        assert_int_equal(r.c.cwnd, MSS);
    }
}

/* R5681-3.1c: three in a row lower ssthresh once */
static void timeouts_of_the_same_data_lower_ssthresh_once(void **state)
{
    struct reno r = reno(40 * MSS, UINT32_MAX);

    cc_newreno.on_timeout(&r.c, r.private, 40 * MSS, MSS, false);
    cc_newreno.on_timeout(&r.c, r.private, MSS, MSS, true);
    cc_newreno.on_timeout(&r.c, r.private, MSS, MSS, true);
    assert_int_equal(r.c.ssthresh, 20 * MSS);
    assert_int_equal(r.c.cwnd, MSS);
}

static void after_a_timeout_it_doubles_up_to_ssthresh_and_then_creeps(void **state)
{
    static const unsigned cwnd[] = {1, 2, 4, 8, 16, 17, 18, 19};
    struct reno r = reno(32 * MSS, UINT32_MAX);

    cc_newreno.on_timeout(&r.c, r.private, 32 * MSS, MSS, false);
    for (unsigned i = 0; i < ARRAY_LEN(cwnd); i++) {
        assert_int_equal(r.c.cwnd, cwnd[i] * MSS);
        deliver_window(&r, MSS);
    }
}

/* What was counted towards a step of a large window must not be worth many steps of the small one after idleness. */
static void a_count_from_a_larger_window_is_worth_one_step(void **state)
{
    struct reno r = reno(100 * MSS, 2 * MSS);

    for (unsigned i = 0; i < 99; i++)
        deliver(&r, MSS, true);
    r.c.cwnd = 10 * MSS; /* RFC 5681 §4.1 */
    for (unsigned i = 0; i < 5; i++)
        deliver(&r, MSS, true);
    assert_in_range(r.c.cwnd, 10 * MSS, 11 * MSS);
}

static void the_window_never_wraps(void **state)
{
    struct reno slow = reno(UINT32_MAX - 3 * MSS, UINT32_MAX), avoid = reno(UINT32_MAX - 3 * MSS, 2 * MSS);

    for (unsigned i = 0; i < 20; i++) {
        uint32_t before[2] = {slow.c.cwnd, avoid.c.cwnd};

        deliver(&slow, UINT32_MAX, true);
        deliver(&avoid, avoid.c.cwnd, true);
        assert_true(slow.c.cwnd >= before[0]);
        assert_true(avoid.c.cwnd >= before[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_window_is_that_of_rfc_6928),
        cmocka_unit_test(slow_start_doubles_the_window_in_a_round_trip),
        cmocka_unit_test(splitting_acknowledgments_gains_nothing),
        cmocka_unit_test(one_acknowledgment_in_slow_start_opens_eight_segments_at_most),
        cmocka_unit_test(congestion_avoidance_adds_one_segment_in_a_round_trip),
        cmocka_unit_test(an_unused_window_does_not_grow),
        cmocka_unit_test(loss_halves_what_was_in_flight),
        cmocka_unit_test(timeouts_of_the_same_data_lower_ssthresh_once),
        cmocka_unit_test(after_a_timeout_it_doubles_up_to_ssthresh_and_then_creeps),
        cmocka_unit_test(a_count_from_a_larger_window_is_worth_one_step),
        cmocka_unit_test(the_window_never_wraps),
    };

    return cmocka_run_group_tests_name("cc_newreno", tests, NULL, NULL);
}
