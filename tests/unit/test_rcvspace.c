/* SPDX-License-Identifier: MIT */
/* The receive buffer and its growth (src/tcp/rcvspace.c). Expectations are the numbers that Linux shows. */
#include "room.h"
#include "tcp/rcvspace.h"

#define MSS  1460u
#define MOST (6u << 20)

static struct rcvspace buffer_of(uint32_t size)
{
    struct rcvspace r;

    rcvspace_init(&r, size);
    return r;
}

/* Connected, by a window scale of 7. */
static struct rcvspace started(uint32_t size)
{
    struct rcvspace r = buffer_of(size);

    rcvspace_start(&r, rcvspace_first_window(&r, MSS), 7, MSS);
    return r;
}

static void half_of_the_buffer_is_for_payload(void **state)
{
    struct rcvspace r = buffer_of(131072);

    assert_int_equal(rcvspace_window(&r, r.buffer), 65536);
    assert_int_equal(rcvspace_free(&r, 65000), 536);
    assert_int_equal(rcvspace_free(&r, 65536), 0);
    assert_int_equal(rcvspace_free(&r, 99999), 0);
    r.buffer = 1u << 31;
    assert_int_equal(rcvspace_window(&r, r.buffer), 1u << 30);
}

static void first_window_is_whole_segments(void **state)
{
    static const struct {
        uint32_t buffer, mss, window;
    } rows[] = {
        {131072, 1460, 64240}, {131072, 1448, 65160}, {131072, 536, 65392}, {20000, 1460, 8760},
        {2304, 1460, 1152},    {1u << 31, 1460, 65535}, {131072, 0, 65535},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(rows[i].buffer);

        assert_int_equal(rcvspace_first_window(&r, rows[i].mss), rows[i].window);
    }
}

/* R7323-2.2 */
static void shift_is_the_smallest_for_the_largest_buffer(void **state)
{
    static const struct {
        uint32_t max;
        uint8_t shift;
    } rows[] = {
        {65535, 1},   {131071, 1},     {131072, 2},     {212992, 2},     {262144, 3},         {1 << 20, 5},
        {6 << 20, 7}, {15728640, 8},   {16 << 20, 9},   {0x3fffffff, 14}, {1u << 31, 14}, {UINT32_MAX, 14},
    };
    struct rcvspace r = buffer_of(131072);

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(rcvspace_shift(&r, rows[i].max), rows[i].shift);
    r.fixed = true; /* the user's buffer is the largest */
    assert_int_equal(rcvspace_shift(&r, MOST), 1);
    r.buffer = 20000;
    assert_int_equal(rcvspace_shift(&r, MOST), 0);
}

static void one_segment_stays_in_reserve(void **state)
{
    struct rcvspace r = started(131072);

    assert_int_equal(r.clamp, 64076);
    assert_int_equal(r.ssthresh, 64076);
    rcvspace_init(&r, 131072); /* windows without a scale */
    rcvspace_start(&r, 64240, 0, MSS);
    assert_int_equal(r.clamp, 64076);
    rcvspace_init(&r, 2304); /* hardly more than nothing */
    rcvspace_start(&r, 1152, 0, MSS);
    assert_int_equal(r.clamp, 1152);
}

static void full_segments_show_the_true_share(void **state)
{
    struct rcvspace r = started(131072);

    rcvspace_learn_ratio(&r, 1460); /* in 2,304 bytes */
    assert_int_equal(r.ratio, 162);
    assert_int_equal(r.clamp, 131072u * 162 / 256);
    rcvspace_learn_ratio(&r, 1);
    assert_int_equal(r.ratio, 1);
    assert_true(r.ssthresh <= r.clamp);
    rcvspace_learn_ratio(&r, 65535);
    assert_true(r.ratio >= 120);
}

static void a_full_segment_adds_two_to_the_promise(void **state)
{
    struct rcvspace r = started(131072);

    rcvspace_learn_ratio(&r, MSS);
    assert_true(rcvspace_grow(&r, MSS, MSS, MSS, MSS, MOST));
    assert_int_equal(r.ssthresh, 64076 + 2 * MSS);
    while (rcvspace_grow(&r, MSS, 0, MSS, MSS, MOST))
        ;
    assert_int_equal(r.ssthresh, r.clamp);
    assert_false(rcvspace_grow(&r, MSS, r.clamp, MSS, MSS, MOST)); /* no room any more */
}

/* Small segments cost more than they carry: the promise grows only while it is far below what is possible. */
static void small_segments_add_less(void **state)
{
    struct rcvspace r = started(131072);

    r.clamp = rcvspace_window(&r, MOST);
    r.buffer = MOST;
    assert_true(rcvspace_grow(&r, 300, 0, MSS, 300, MOST));
    assert_int_equal(r.ssthresh, 64076 + 600);
    r.ssthresh = rcvspace_window(&r, MOST) / 2 + 1;
    assert_false(rcvspace_grow(&r, 200, 0, MSS, 200, MOST));
}

/* ---- growth of the buffer ---- */

static const struct rcvspace_limits limits = {MOST, true};

/* The user reads `bytes` in each of `trips` round trips of 100 ms. */
static void read_for(struct rcvspace *r, uint32_t bytes, unsigned trips, const struct rcvspace_limits *l)
{
    struct seq at = seq(0xffff0000u);
    weft_time now = WEFT_S;
    struct rcvtune t;

    rcvtune_init(&t);
    rcvtune_begin(&t, r, MSS, at, now);
    rcvtune_rtt(&t, 100 * WEFT_MS, false);
    while (trips--) {
        now += 50 * WEFT_MS; /* not yet */
        rcvtune_read(&t, r, l, seq_add(at, bytes / 2), MSS, now);
        now += 50 * WEFT_MS;
        at = seq_add(at, bytes);
        rcvtune_read(&t, r, l, at, MSS, now);
    }
}

static void buffer_grows_to_twice_what_is_read_and_more(void **state)
{
    struct rcvspace r = started(131072);
    uint64_t window = 2 * 60000 + 16 * MSS;

    read_for(&r, 60000, 1, &limits); /* 14,600 were expected at most */
    window += 2 * (window * (60000 - 14600) / 14600);
    assert_int_equal(r.buffer, 2 * window);
    assert_int_equal(r.clamp, window);
    read_for(&r, 60000, 9, &limits); /* the same again is no reason */
    assert_int_equal(r.buffer, 2 * window);
}

static void buffer_grows_no_further_than_the_maximum(void **state)
{
    struct rcvspace r = started(131072);

    read_for(&r, 100 << 20, 3, &limits);
    assert_int_equal(r.buffer, MOST);
}

static void a_fixed_or_switched_off_buffer_does_not_grow(void **state)
{
    static const struct rcvspace_limits off = {MOST, false};
    struct rcvspace r = started(131072);

    read_for(&r, 1 << 20, 3, &off);
    assert_int_equal(r.buffer, 131072);
    r.fixed = true;
    read_for(&r, 1 << 20, 3, &limits);
    assert_int_equal(r.buffer, 131072);
}

static void a_slow_reader_gets_no_larger_buffer(void **state)
{
    struct rcvspace r = started(131072);

    read_for(&r, 14600, 50, &limits);
    assert_int_equal(r.buffer, 131072);
}

static void a_round_trip_is_measured_by_a_window(void **state)
{
    each_start(start) {
        struct rcvtune t;

        rcvtune_init(&t);
        rcvtune_arrived(&t, seq(start), 10000, WEFT_S);
        assert_int_equal(t.rtt, 0);
        rcvtune_arrived(&t, seq(start + 9999), 10000, WEFT_S + 90 * WEFT_MS);
        assert_int_equal(t.rtt, 0);
        rcvtune_arrived(&t, seq(start + 10000), 10000, WEFT_S + 100 * WEFT_MS);
        assert_int_equal(t.rtt, 100 * WEFT_MS);
        rcvtune_arrived(&t, seq(start + 20000), 10000, WEFT_S + 400 * WEFT_MS); /* the least counts */
        assert_int_equal(t.rtt, 100 * WEFT_MS);
        rcvtune_rtt(&t, 20 * WEFT_MS, false); /* a timestamp tells it exactly: an eighth of the way */
        assert_int_equal(t.rtt, 90 * WEFT_MS);
    }
}

static void the_users_clamp_bounds_the_promise(void **state)
{
    struct rcvspace r = started(131072);

    rcvspace_set_clamp(&r, 10000, 60000);
    assert_int_equal(r.clamp, 10000);
    assert_int_equal(r.ssthresh, 10000);
    rcvspace_set_clamp(&r, 30000, 8000); /* more may be promised, but is not at once */
    assert_int_equal(r.ssthresh, 10000);
    rcvspace_set_clamp(&r, 1, 8000);
    assert_int_equal(r.clamp, RCVSPACE_MIN / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_buffer_is_for_payload),
        cmocka_unit_test(first_window_is_whole_segments),
        cmocka_unit_test(shift_is_the_smallest_for_the_largest_buffer),
        cmocka_unit_test(one_segment_stays_in_reserve),
        cmocka_unit_test(full_segments_show_the_true_share),
        cmocka_unit_test(a_full_segment_adds_two_to_the_promise),
        cmocka_unit_test(small_segments_add_less),
        cmocka_unit_test(buffer_grows_to_twice_what_is_read_and_more),
        cmocka_unit_test(buffer_grows_no_further_than_the_maximum),
        cmocka_unit_test(a_fixed_or_switched_off_buffer_does_not_grow),
        cmocka_unit_test(a_slow_reader_gets_no_larger_buffer),
        cmocka_unit_test(a_round_trip_is_measured_by_a_window),
        cmocka_unit_test(the_users_clamp_bounds_the_promise),
    };

    return cmocka_run_group_tests_name("rcvspace", tests, NULL, NULL);
}
