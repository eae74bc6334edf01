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
    assert_int_equal(rcvspace_free(&r, 130000), 536);
    assert_int_equal(rcvspace_free(&r, 131072), 0);
    assert_int_equal(rcvspace_free(&r, 199999), 0);
    r.buffer = 1u << 31;
    assert_int_equal(rcvspace_window(&r, r.buffer), 1u << 30);
}

static void what_waits_elsewhere_takes_its_room(void **state)
{
    struct rcvspace r = buffer_of(131072);

    rcvspace_set_elsewhere(&r, 1);
    assert_int_equal(rcvspace_free(&r, 0), 65536 - 256);
    rcvspace_set_elsewhere(&r, 65536);
    assert_int_equal(rcvspace_free(&r, 0), 32768);
    assert_int_equal(rcvspace_free(&r, 65535), 0);
    rcvspace_set_elsewhere(&r, SIZE_MAX / 1024);
    assert_int_equal(rcvspace_free(&r, 0), 256);
    rcvspace_set_elsewhere(&r, 0);
    assert_int_equal(rcvspace_free(&r, 0), 65536);
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

    rcvspace_learn_ratio(&r, 1460, 0); /* in 2,304 bytes */
    assert_int_equal(r.ratio, 162);
    assert_int_equal(r.clamp, 131072u * 162 / 256);
    rcvspace_learn_ratio(&r, 1, 0);
    assert_int_equal(r.ratio, 1);
    assert_true(r.ssthresh <= r.clamp);
    rcvspace_learn_ratio(&r, 65535, 0);
    assert_true(r.ratio >= 120);
}

static void a_full_segment_adds_two_to_the_promise(void **state)
{
    struct rcvspace r = started(131072);

    rcvspace_learn_ratio(&r, MSS, 0);
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

/* ---- every step of it, by rows on both sides of each edge ---- */

/* Payload, 116 bytes of headers and 320 of bookkeeping in the next power of two, from 512 on; and 256 for the packet. */
static void memory_comes_in_powers_of_two(void **state)
{
    static const uint32_t rows[][2] = {
        {0, 768}, {76, 768}, {77, 1280}, {588, 1280}, {589, 2304}, {1460, 2304}, {1612, 2304}, {1613, 4352},
        {65535, 131328}, {1048576, 2097408}, {UINT32_MAX, 2097408},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(rcvspace_true_size(rows[i][0]), rows[i][1]);
}

static void a_clamp_bounds_what_goes_with_the_syn(void **state)
{
    static const struct {
        uint32_t clamp, window;
        uint8_t shift;
    } rows[] = {{5000, 4380, 0}, {1460, 1460, 0}, {1461, 1460, 0}, {700, 700, 0}, {65535, 64240, 0}, {65536, 64240, 1},
                {131071, 65535, 1}, {131072, 65535, 2}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(262144);

        r.clamp = rows[i].clamp;
        assert_int_equal(rcvspace_first_window(&r, MSS), rows[i].window);
        assert_int_equal(rcvspace_shift(&r, MOST), rows[i].shift);
    }
}

/* One segment in reserve, when there is room for two others. */
static void the_promise_begins_within_the_clamp(void **state)
{
    static const struct {
        uint32_t buffer, user, window;
        uint8_t shift;
        uint32_t mss, clamp, ssthresh;
    } rows[] = {
        {8760, 0, 4380, 7, MSS, 2920, 2920},
        {5840, 0, 2920, 7, MSS, 2920, 2920},
        {5842, 0, 2921, 7, MSS, 2920, 2920},
        {8762, 0, 1000, 7, MSS, 2921, 1000},
        {131072, 64076, 64240, 7, MSS, 64076, 64076},
        {131072, 64077, 64240, 7, MSS, 64076, 64076},
        {131072, 10000, 64240, 7, MSS, 10000, 10000},
        {2304, 0, 1152, 7, 2000, 1152, 1152},
        {262144, 0, 65535, 0, MSS, 65535, 65535},
        {1u << 31, 0, 65535, 14, MSS, 65535u << 14, 65535},
        {131072, 0, 60, 7, 100, 65436, 60},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(rows[i].buffer);

        r.clamp = rows[i].user;
        rcvspace_start(&r, rows[i].window, rows[i].shift, rows[i].mss);
        assert_int_equal(r.clamp, rows[i].clamp);
        assert_int_equal(r.ssthresh, rows[i].ssthresh);
    }
}

static void what_the_user_clamped_stays_so_when_the_share_is_learnt(void **state)
{
    static const struct {
        bool clamped;
        uint32_t clamp, ssthresh, clamp_then, ssthresh_then;
    } rows[] = {
        {false, 10000, 9000, 82944, 9000}, {true, 10000, 9000, 10000, 9000}, {true, 90000, 90000, 82944, 82944},
        {true, 82944, 82945, 82944, 82944},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(131072);

        r.clamped = rows[i].clamped;
        r.clamp = rows[i].clamp;
        r.ssthresh = rows[i].ssthresh;
        rcvspace_learn_ratio(&r, 1460, 0); /* 162 in 256 */
        assert_int_equal(r.clamp, rows[i].clamp_then);
        assert_int_equal(r.ssthresh, rows[i].ssthresh_then);
        r.clamp = 5;
        rcvspace_learn_ratio(&r, 1461, 0); /* 162 again: nothing to do */
        assert_int_equal(r.clamp, 5);
        rcvspace_learn_ratio(&r, 0, 0);
        assert_int_equal(r.ratio, 1);
    }
}

/* Who learns that more fits goes on promising what he has promised, at least. */
static void what_is_promised_is_no_news(void **state)
{
    struct rcvspace r = buffer_of(131072);

    (void)state;
    r.clamp = 65536;
    r.ssthresh = 64088;
    rcvspace_learn_ratio(&r, 1460, 64256);
    assert_int_equal(r.ssthresh, 64256);
    rcvspace_learn_ratio(&r, 500, 64256); /* less fits: the promise is cut to that */
    assert_int_equal(r.clamp, 51200);
    assert_int_equal(r.ssthresh, 51200);
}

/* ---- the true size of what is there ---- */

static void segments_cost_what_they_take_each(void **state)
{
    struct rcvspace r = buffer_of(131072);
    struct rcvcost k = {0};

    (void)state;
    rcvcost_add(&k, &r, 1460, 1, true, 0, 1460);
    assert_int_equal(rcvcost_of(&k, 1460), 2304);
    rcvcost_add(&k, &r, 1000, 3, false, 1460, 4460); /* merged, or out of order: each its own */
    assert_int_equal(rcvcost_of(&k, 4460), 4 * 2304);
}

static void reading_frees_whole_segments(void **state)
{
    struct rcvspace r = buffer_of(131072);
    struct rcvcost k = {0};

    (void)state;
    rcvcost_add(&k, &r, 1000, 4, true, 0, 4000);
    assert_int_equal(rcvcost_of(&k, 3001), 4 * 2304); /* a segment of which a byte is left takes all its memory */
    assert_int_equal(rcvcost_of(&k, 3000), 3 * 2304);
    assert_int_equal(rcvcost_of(&k, 1000), 2304);
    rcvcost_add(&k, &r, 1000, 1, true, 1000, 2000);
    assert_int_equal(rcvcost_of(&k, 2000), 2 * 2304);
    assert_int_equal(rcvcost_of(&k, 0), 0);
    rcvcost_add(&k, &r, 1000, 1, true, 0, 1000);
    assert_int_equal(rcvcost_of(&k, 1000), 2304);
}

/* The memory of 500 bytes has room for 88 more; of what comes out of order nothing joins it. */
static void small_segments_fill_the_last_ones_memory(void **state)
{
    struct rcvspace r = buffer_of(131072);
    struct rcvcost k = {0};

    (void)state;
    rcvcost_add(&k, &r, 500, 1, true, 0, 500);
    rcvcost_add(&k, &r, 80, 1, true, 500, 580);
    assert_int_equal(rcvcost_of(&k, 580), 1280);
    rcvcost_add(&k, &r, 8, 1, false, 580, 588);
    assert_int_equal(rcvcost_of(&k, 588), 1280 + 768);
    rcvcost_add(&k, &r, 8, 1, true, 588, 596);
    assert_int_equal(rcvcost_of(&k, 596), 1280 + 768);
    rcvcost_add(&k, &r, 1, 1, true, 596, 597);
    assert_int_equal(rcvcost_of(&k, 597), 1280 + 2 * 768);
    rcvcost_add(&k, &r, 1, 1, true, 0, 1); /* all was read: its memory is gone */
    assert_int_equal(rcvcost_of(&k, 1), 768);
}

static void what_costs_more_than_the_buffer_is_moved_together(void **state)
{
    struct rcvspace r = buffer_of(2304);
    struct rcvcost k = {0};

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        rcvcost_add(&k, &r, 70, 1, false, 70 * i, 70 * (i + 1));
    assert_int_equal(rcvcost_of(&k, 210), 2304);
    rcvcost_add(&k, &r, 70, 1, false, 210, 280);
    assert_int_equal(rcvcost_of(&k, 280), 560);
}

/*
 * A buffer of 6 MiB, of which half may be promised, and a promise of so much; what one segment adds to it. Small ones
 * add something as long as the promise is below 3 MiB / 2^(n + 1), n being how often half of what they cost has to be
 * halved until it is no more than what they carry.
 */
static void a_segment_adds_what_it_is_worth(void **state)
{
    static const struct {
        uint32_t payload, rcv_mss, ssthresh, held, added;
    } rows[] = {
        {1460, 1460, 64000, 0, 2920},
        {1152, 700, 64000, 0, 2920},       /* exactly worth its 2,304 bytes */
        {1151, 1400, 64000, 0, 2800},
        {1151, 600, 64000, 0, 2302},       /* twice what came, if that is more */
        {4000, 1460, 64000, 0, 8000},      /* several at once */
        {300, 300, 786432, 0, 600},        /* 320, 160 */
        {300, 300, 786433, 0, 0},
        {160, 300, 786432, 0, 600},
        {159, 300, 393216, 0, 600},        /* 320, 160, 80 */
        {159, 300, 393217, 0, 0},
        {320, 400, 1572864, 0, 800},
        {320, 400, 1572865, 0, 0},
        {40, 300, 196608, 0, 600},
        {40, 300, 196609, 0, 0},
        {1, 300, 12288, 0, 600},
        {1, 300, 12289, 0, 0},
        {1460, 1460, 3145728 - 100, 0, 100}, /* as far as there is room */
        {1460, 1460, 3145728, 0, 0},
        {1460, 1460, 64000, 3145728 - 64000, 0},
        {1460, 1460, 64000, 3145728 - 64001, 1},
        {1460, 1460, 64000, 3145728 - 66920, 2920},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(MOST);

        r.clamp = 3145728;
        r.ssthresh = rows[i].ssthresh;
        assert_int_equal(rcvspace_grow(&r, rows[i].payload, 2 * rows[i].held, MSS, rows[i].rcv_mss, MOST),
                         rows[i].added > 0);
        assert_int_equal(r.ssthresh - rows[i].ssthresh, rows[i].added);
    }
}

static void a_measurement_begins_once(void **state)
{
    static const uint32_t rows[][2] = {{64000, 14600}, {14600, 14600}, {9000, 9000}, {0, 1}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvspace r = buffer_of(131072);
        struct rcvtune t;

        r.ssthresh = rows[i][0];
        rcvtune_init(&t);
        rcvtune_begin(&t, &r, MSS, seq(77), 0);
        assert_int_equal(t.since, 1);
        assert_int_equal(t.most, rows[i][1]);
        rcvtune_begin(&t, &r, MSS, seq(88), WEFT_S);
        assert_int_equal(t.since, 1);
        assert_int_equal(t.from.v, 77);
    }
}

static void round_trips_are_never_nothing(void **state)
{
    static const struct {
        weft_time rtt, sample;
        bool windowed;
        weft_time then;
    } rows[] = {
        {0, 0, true, 1},  {0, 0, false, 1},  {0, 500, false, 500}, {500, 0, true, 1},     {500, 400, true, 400},
        {400, 500, true, 400}, {1, 0, false, 1}, {800, 0, false, 700}, {800, 1600, false, 900}, {8, 0, false, 7},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvtune t = {.rtt = rows[i].rtt};

        rcvtune_rtt(&t, rows[i].sample, rows[i].windowed);
        assert_int_equal(t.rtt, rows[i].then);
    }
}

static void the_first_window_begins_at_any_time(void **state)
{
    struct rcvtune t;

    rcvtune_init(&t);
    rcvtune_arrived(&t, seq(5), 100, 0);
    assert_int_equal(t.window_since, 1);
    assert_int_equal(t.window_end.v, 105);
    rcvtune_arrived(&t, seq(205), 50, 301); /* beyond it: the next begins here */
    assert_int_equal(t.rtt, 300);
    assert_int_equal(t.window_since, 301);
    assert_int_equal(t.window_end.v, 255);
}

/* Read after so long, so much; the measurement's begin and best afterwards, and whether the buffer grew. */
static void only_a_whole_round_trip_of_reading_counts(void **state)
{
    static const struct {
        weft_time rtt, since, now;
        uint32_t copied;
        bool ends, best, grew;
    } rows[] = {
        {100, 1000, 1100, 20000, true, true, true}, {100, 1000, 1099, 20000, false, false, false},
        {0, 1000, 5000, 20000, false, false, false}, {100, 0, 5000, 20000, false, false, false},
        {100, 1000, 1100, 14600, true, false, false}, {100, 1000, 1100, 14601, true, true, false},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvtune t = {.since = rows[i].since, .from = seq(0u - 100), .most = 14600, .rtt = rows[i].rtt};
        struct rcvspace r = started(131072);

        rcvtune_read(&t, &r, &limits, seq(rows[i].copied - 100), MSS, rows[i].now);
        assert_int_equal(t.since, rows[i].ends ? rows[i].now : rows[i].since);
        assert_int_equal(t.from.v, rows[i].ends ? rows[i].copied - 100 : 0u - 100);
        assert_int_equal(t.most, rows[i].best ? rows[i].copied : 14600);
        assert_int_equal(r.buffer > 131072, rows[i].grew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_buffer_is_for_payload),
        cmocka_unit_test(what_waits_elsewhere_takes_its_room),
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
        cmocka_unit_test(memory_comes_in_powers_of_two),
        cmocka_unit_test(a_clamp_bounds_what_goes_with_the_syn),
        cmocka_unit_test(the_promise_begins_within_the_clamp),
        cmocka_unit_test(what_the_user_clamped_stays_so_when_the_share_is_learnt),
        cmocka_unit_test(what_is_promised_is_no_news),
        cmocka_unit_test(segments_cost_what_they_take_each),
        cmocka_unit_test(reading_frees_whole_segments),
        cmocka_unit_test(small_segments_fill_the_last_ones_memory),
        cmocka_unit_test(what_costs_more_than_the_buffer_is_moved_together),
        cmocka_unit_test(a_segment_adds_what_it_is_worth),
        cmocka_unit_test(a_measurement_begins_once),
        cmocka_unit_test(round_trips_are_never_nothing),
        cmocka_unit_test(the_first_window_begins_at_any_time),
        cmocka_unit_test(only_a_whole_round_trip_of_reading_counts),
    };

    return cmocka_run_group_tests_name("rcvspace", tests, NULL, NULL);
}
