/* SPDX-License-Identifier: MIT */
/* How much a super-segment carries. */
#include "room.h"
#include "tcp/autosize.h"

#define MOST 65000u
#define MS   1000u /* us */

static struct autosize link_of(uint32_t rtt_us, uint32_t cwnd)
{
    return (struct autosize){.mss = 1000, .cwnd = cwnd, .ssthresh = 0x7fffffff, .srtt8 = 8 * rtt_us, .min_us = rtt_us,
                             .slow_start = 200, .avoidance = 120,
                             .least = 2, .rtt_log = 9};
}

static uint32_t segments(const struct autosize *a)
{
    uint32_t bytes = autosize_bytes(a, MOST);

    assert_int_equal(bytes % a->mss, 0);
    return bytes / a->mss;
}

static void far_and_slow_is_the_least(void **state)
{
    struct autosize a = link_of(100 * MS, 10);

    assert_int_equal(segments(&a), 2);
    a.least = 4;
    assert_int_equal(segments(&a), 4);
    a.least = 1;
    assert_int_equal(segments(&a), 1);
}

/* A million segments of a byte in a second, twice that in slow start: of 2 MiB/s a 1024th, and nothing added. */
static void without_nearness_it_is_the_rate_alone(void **state)
{
    struct autosize a = link_of(1000 * MS, 1 << 20);

    a.mss = 1;
    a.rtt_log = 0;
    assert_int_equal(autosize_bytes(&a, MOST), 2048);
}

static void never_more_than_half_of_the_window(void **state)
{
    struct autosize a = link_of(100 * MS, 10);

    a.least = 40;
    assert_int_equal(segments(&a), 5);
    a.cwnd = 2;
    assert_int_equal(segments(&a), 1);
    a.cwnd = 1;
    assert_int_equal(segments(&a), 1);
}

static void what_goes_again_may_be_all_of_the_window(void **state)
{
    struct autosize a = link_of(100 * MS, 2);

    a.again = true;
    assert_int_equal(segments(&a), 2);
}

static void rate_gives_a_millisecond(void **state)
{
    /* 10,000 segments in 100 ms, twice that in slow start: 200 MB/s, of which a 1024th is more than a packet. */
    struct autosize a = link_of(100 * MS, 10000);

    assert_int_equal(segments(&a), 65);
    a.cwnd = 1000; /* 20 MB/s: 19,531 bytes */
    assert_int_equal(segments(&a), 19);
    a.ssthresh = 1000; /* no slow start: 12 MB/s, 11,718 bytes */
    assert_int_equal(segments(&a), 11);
}

static void near_peers_get_much_at_once(void **state)
{
    struct autosize a = link_of(400, 200); /* less than 512 us */

    assert_int_equal(segments(&a), 65);
    a = link_of(3 * 512, 20); /* an eighth of it, and 26 MB/s: 8,125 + 25,431 bytes; half of 20 segments is less */
    assert_int_equal(segments(&a), 10);
    a.cwnd = 100; /* 130 MB/s */
    assert_int_equal(segments(&a), 50);
    a = link_of(10 * MS, 100); /* 1/2^19 of it; 20 MB/s */
    assert_int_equal(segments(&a), 19);
    a = link_of(400, 20);
    a.rtt_log = 0; /* nearness does not count: 100 MB/s */
    a.cwnd = 200;
    a.srtt8 = 8 * 4 * MS;
    assert_int_equal(segments(&a), 65);
    a.srtt8 = 8 * 40 * MS; /* 10 MB/s: 9,765 bytes */
    assert_int_equal(segments(&a), 9);
}

static void without_a_sample_nothing_holds_back(void **state)
{
    struct autosize a = link_of(100 * MS, 100);

    a.srtt8 = 0;
    a.min_us = UINT32_MAX;
    assert_int_equal(segments(&a), 50);
}

static void packet_carries_a_segment_whatever_it_may(void **state)
{
    struct autosize a = link_of(100 * MS, 10);

    assert_int_equal(autosize_bytes(&a, 1000), 1000);
    assert_int_equal(autosize_bytes(&a, 1999), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_nearness_it_is_the_rate_alone),
        cmocka_unit_test(far_and_slow_is_the_least),
        cmocka_unit_test(never_more_than_half_of_the_window),
        cmocka_unit_test(what_goes_again_may_be_all_of_the_window),
        cmocka_unit_test(rate_gives_a_millisecond),
        cmocka_unit_test(near_peers_get_much_at_once),
        cmocka_unit_test(without_a_sample_nothing_holds_back),
        cmocka_unit_test(packet_carries_a_segment_whatever_it_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
