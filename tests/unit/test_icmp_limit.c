/* SPDX-License-Identifier: MIT */
/* ICMP's rates: what one destination gets, what all get together, and what one may learn of the others by it. */
#include "ip_bench.h"
#include "ip/private.h"

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US};

/* How many errors a burst of n closed-port datagrams brings, `apart` from each other, the i-th from src + i % sources. */
static unsigned errors_to(struct bench *b, uint32_t src, unsigned sources, unsigned n, weft_time apart)
{
    struct ipv4_header h = {.src = src, .dst = US};
    uint8_t p[64], out[600];
    unsigned got = 0;

    for (unsigned i = 0; i < n; i++) {
        h.src = src + i % sources;
        bench_input(b, p, make_udp(p, h, 1000, 2000, "1", 1));
        got += bench_take(b, out, sizeof(out)) > 0;
        b->now += apart;
    }
    return got;
}

#define CROWD 0xc6330000 /* 198.51.0.0/16: far away, and many */

/* From so many sources that none comes near its own limit. */
static unsigned errors_of_burst(struct bench *b, unsigned n, weft_time apart)
{
    return errors_to(b, CROWD, 20000, n, apart);
}

static void the_rate_of_errors_is_limited(void **state)
{
    struct bench *b = *state;
    unsigned got = errors_of_burst(b, 10000, WEFT_S / 10000);

    /* R1812-4.3.2.8 */
    assert_in_range(got, 1000 + 50, 1000 + 50 + 128);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_errors_out), got);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 10000 - got);
}

/* Nobody learns from his own answer how many others got: the last 128 go out by chance. */
static void the_end_of_a_burst_cannot_be_known(void **state)
{
    struct bench *b = *state;
    unsigned least = UINT_MAX, most = 0;

    for (unsigned i = 0; i < 200; i++) {
        unsigned more;

        assert_int_equal(errors_of_burst(b, 50, 0), 50);
        more = errors_of_burst(b, 100, 0);
        least = more < least ? more : least;
        most = more > most ? more : most;
        b->now += 10 * WEFT_S;
    }
    assert_in_range(least, 40, 65);
    assert_in_range(most, 75, 99);
}

/* One answer more or less before it makes an answer likelier, or less so, by a 128th: whoever knows what is left. */
static void one_error_more_changes_little(void **state)
{
    static const unsigned left[] = {0, 1, 16, 64, 112, 127};
    struct bench *b = *state;

    for (unsigned i = 0; i < ARRAY_LEN(left); i++) {
        unsigned got = 0, mean = 4000 * left[i] / 128;

        for (unsigned j = 0; j < 4000; j++) {
            ip_state(b->s)->limit.all[ICMP_ERROR] = (struct icmp_bucket){left[i] * WEFT_S, b->now};
            got += errors_to(b, CROWD + j, 1, 1, 0);
        }
        assert_in_range(got + 95, mean, mean + 2 * 95); /* three standard deviations */
    }
}

/* R1812-4.3.2.8: six at once, then one in a second, however long it was quiet before; Linux's icmp_ratelimit. */
static void one_destination_gets_six_errors_and_then_one_a_second(void **state)
{
    struct bench *b = *state;

    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 6);
    b->now += WEFT_S - 1;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 0);
    b->now += 1;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 1);
    b->now += 3 * WEFT_S;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 3);
    b->now += 3600 * WEFT_S;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 6);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 100 - 16);
}

static void another_destination_has_a_limit_of_its_own(void **state)
{
    struct bench *b = *state;

    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 6);
    assert_int_equal(errors_to(b, CROWD, 1, 20, 0), 6);
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 0);
}

/* What its own limit keeps back takes nothing from the others: else one could count by it what others get. */
static void what_one_destination_is_refused_is_no_loss_of_the_others(void **state)
{
    struct bench *b = *state;

    assert_int_equal(errors_to(b, PEER, 1, 1000, 0), 6);
    assert_int_equal(errors_of_burst(b, 50 - 6, 0), 50 - 6);
}

/* And what the common one keeps back is not taken from his own. */
static void what_all_together_are_refused_is_no_loss_of_one(void **state)
{
    struct bench *b = *state;

    assert_int_equal(errors_of_burst(b, 10000, 0), 50 + 128);
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 0);
    b->now += WEFT_S / 5;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 6);
}

/* More destinations than are remembered: the memory is what it was, and all together get no more than their rate. */
static void destinations_without_number_stay_within_the_common_limit(void **state)
{
    struct bench *b = *state;
    size_t before;

    errors_of_burst(b, 10000, 0);
    before = weft_memory(b->s, NULL);
    b->now += WEFT_S;
    assert_in_range(errors_to(b, CROWD, 60000, 60000, WEFT_S / 60000), 1000 + 50, 1000 + 50 + 128);
    assert_int_equal(weft_memory(b->s, NULL), before);
}

/* What tells the size of a path has no limit for each destination (Linux has none either): test_ip_forward.c. */
static void an_interval_of_zero_is_no_limit_for_each(void **state)
{
    struct bench *b = *state;

    b->s->config.icmp_error_interval = 0;
    assert_int_equal(errors_to(b, PEER, 1, 50, 0), 50);
}

/* Linux's icmp_msgs_burst is what goes out for sure; 128 more by chance. */
static void the_depth_of_the_burst_is_configured(void **state)
{
    static const unsigned bursts[] = {200, 50, 10, 1};
    struct bench *b = *state;

    for (unsigned i = 0; i < ARRAY_LEN(bursts); i++) {
        b->s->config.icmp_errors_burst = bursts[i];
        b->now += 10 * WEFT_S;
        assert_int_equal(errors_of_burst(b, bursts[i], 0), bursts[i]);
        assert_int_equal(errors_of_burst(b, 10000, 0), 128);
    }
    b->s->config.icmp_errors_burst = 0;
    b->now += 10 * WEFT_S;
    assert_int_equal(errors_of_burst(b, 300, 0), 0);
}

static void a_rate_of_zero_sends_no_errors(void **state)
{
    struct bench *b = *state;

    b->s->config.icmp_errors_per_second = 0;
    assert_int_equal(errors_of_burst(b, 10, WEFT_S), 0);
}

/* Linux's icmp_ratemask: bit 3 for unreachable destinations, bit 0 for answers to echo. */
static void types_that_are_not_in_the_mask_have_no_limit(void **state)
{
    struct bench *b = *state;
    uint8_t p[64], out[64];

    for (unsigned i = 0; i < 20; i++) {
        bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, i, "x", 1));
        assert_int_equal(bench_take(b, out, sizeof out), 29);
    }
    b->s->config.icmp_limited_types = 1 << ICMPV4_ECHO_REPLY;
    assert_int_equal(errors_to(b, PEER, 1, 200, 0), 200);
    for (unsigned i = 0; i < 6; i++) {
        bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, i, "x", 1));
        assert_int_equal(bench_take(b, out, sizeof out), 29);
    }
    bench_expect_drop(b, icmp_limited, bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 7, "x", 1)));
    bench_assert_silent(b);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 1);
    b->s->config.icmp_limited_types = 1u << ICMPV4_UNREACHABLE;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 0); /* one destination, one bucket, whatever was in it */
    b->now += WEFT_S;
    assert_int_equal(errors_to(b, PEER, 1, 20, 0), 1);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(the_rate_of_errors_is_limited),
        CLAIM(the_end_of_a_burst_cannot_be_known),
        CLAIM(one_error_more_changes_little),
        CLAIM(one_destination_gets_six_errors_and_then_one_a_second),
        CLAIM(another_destination_has_a_limit_of_its_own),
        CLAIM(what_one_destination_is_refused_is_no_loss_of_the_others),
        CLAIM(what_all_together_are_refused_is_no_loss_of_one),
        CLAIM(destinations_without_number_stay_within_the_common_limit),
        CLAIM(an_interval_of_zero_is_no_limit_for_each),
        CLAIM(the_depth_of_the_burst_is_configured),
        CLAIM(a_rate_of_zero_sends_no_errors),
        CLAIM(types_that_are_not_in_the_mask_have_no_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
