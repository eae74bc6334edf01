/* SPDX-License-Identifier: MIT */
/* The delivery rate (src/tcp/rate.c): samples by hand-made flights. */
#include "room.h"
#include "tcp/rate.h"

#define MS WEFT_MS

static struct sent send(struct rate *r, weft_time at, uint32_t pipe)
{
    struct sent s = {.at = at, .segments = 1};

    rate_send(r, &s, pipe);
    return s;
}

static struct rate_sample deliver(struct rate *r, struct sent s, weft_time now, uint32_t n, weft_time min_rtt)
{
    struct sndmap_news news;

    sndmap_news_init(&news, now, 1000);
    news.delivered = n;
    news.newest = s;
    return rate_deliver(r, &news, n, min_rtt);
}

/* Ten at once, all acknowledged a round trip later: ten in 50 ms. */
static void a_flight_in_one_acknowledgment_is_one_sample(void **state)
{
    struct rate r = {0};
    struct rate_sample s;
    struct sent last = {0};

    for (unsigned i = 0; i < 10; i++)
        last = send(&r, 100 * MS, i);
    s = deliver(&r, last, 150 * MS, 10, 50 * MS);
    assert_int_equal(s.delivered, 10);
    assert_int_equal(s.interval, 50 * MS);
    assert_int_equal(rate_bytes(&r, 1000), 200000);
}

/* Sent over 20 ms, acknowledged within 5: no faster than it was sent. */
static void the_slower_of_sending_and_arriving_counts(void **state)
{
    struct rate r = {0};
    struct sent a, b, c;
    struct rate_sample s;

    a = send(&r, 100 * MS, 0);
    deliver(&r, a, 110 * MS, 1, 10 * MS);
    b = send(&r, 110 * MS, 0);
    c = send(&r, 130 * MS, 1);
    deliver(&r, b, 138 * MS, 1, 5 * MS);
    s = deliver(&r, c, 140 * MS, 1, 5 * MS);
    assert_int_equal(s.delivered, 2);
    assert_int_equal(s.interval, 30 * MS); /* since the flight began */
}

/* Microseconds are the least that is told apart, and one of them is a measure. */
static void the_shortest_sample_is_a_microsecond(void **state)
{
    struct rate r = {0};
    struct sent a = send(&r, 100 * MS, 0);

    deliver(&r, a, 100 * MS + WEFT_US, 1, WEFT_US);
    assert_int_equal(rate_bytes(&r, 1000), 1000 * 1000000ull);
}

static void a_sample_shorter_than_a_round_trip_is_none(void **state)
{
    struct rate r = {0};
    struct sent a = send(&r, 100 * MS, 0);

    assert_int_equal(deliver(&r, a, 120 * MS, 1, 21 * MS).interval, 0);
    assert_int_equal(rate_bytes(&r, 1000), 0);
}

static void idle_time_does_not_count(void **state)
{
    struct rate r = {0};
    struct rate_sample s;

    deliver(&r, send(&r, 100 * MS, 0), 150 * MS, 1, 50 * MS);
    s = deliver(&r, send(&r, 10000 * MS, 0), 10050 * MS, 1, 50 * MS);
    assert_int_equal(s.interval, 50 * MS);
    assert_int_equal(s.delivered, 1);
}

/* What the application did not give says little; it is kept only when it is better. */
static void a_starved_sample_does_not_lower_the_rate(void **state)
{
    struct rate r = {0};
    struct sent last = {0};

    for (unsigned i = 0; i < 10; i++)
        last = send(&r, 100 * MS, i);
    deliver(&r, last, 150 * MS, 10, 50 * MS);
    rate_starve(&r, 0);
    last = send(&r, 200 * MS, 0);
    assert_true(deliver(&r, last, 250 * MS, 1, 50 * MS).starved);
    assert_int_equal(rate_bytes(&r, 1000), 200000);
    last = send(&r, 300 * MS, 0); /* the starved flight has arrived */
    assert_false(deliver(&r, last, 350 * MS, 1, 50 * MS).starved);
    assert_int_equal(rate_bytes(&r, 1000), 20000);
}

/* Samples are differences, so that a count that goes round changes none; nor does one that is 0 when starving ends there. */
static void the_count_of_delivered_segments_may_wrap(void **state)
{
    each_start(start) {
        struct rate r = {.delivered = start - 5};
        struct sent last = {0};

        for (unsigned i = 0; i < 10; i++)
            last = send(&r, 100 * MS, i);
        rate_starve(&r, 5); /* until the count is 0, in one of these */
        assert_int_equal(deliver(&r, last, 150 * MS, 10, 50 * MS).delivered, 10);
        assert_int_equal(r.delivered, start + 5);
        assert_int_equal(r.starved_until, 0);
        assert_int_equal(rate_bytes(&r, 1000), 200000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flight_in_one_acknowledgment_is_one_sample),
        cmocka_unit_test(the_slower_of_sending_and_arriving_counts),
        cmocka_unit_test(the_shortest_sample_is_a_microsecond),
        cmocka_unit_test(a_sample_shorter_than_a_round_trip_is_none),
        cmocka_unit_test(idle_time_does_not_count),
        cmocka_unit_test(a_starved_sample_does_not_lower_the_rate),
        cmocka_unit_test(the_count_of_delivered_segments_may_wrap),
    };

    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
