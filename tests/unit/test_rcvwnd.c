/* SPDX-License-Identifier: MIT */
/* The advertised window (src/tcp/rcvwnd.c): RFC 9293 §3.8.6 and RFC 7323 §2. */
#include "room.h"
#include "tcp/rcvwnd.h"

#define MSS 1460u

/* Everything may be promised, and `free` bytes of it are free. */
static struct rcvwnd with(uint32_t full, uint32_t free, uint8_t shift)
{
    return (struct rcvwnd){
        .full = full, .free = free, .clamp = UINT32_MAX, .ssthresh = UINT32_MAX, .mss = MSS, .shift = shift};
}

static void an_empty_buffer_is_offered_whole(void **state)
{
    struct rcvwnd w = with(65536, 65536, 7);

    assert_int_equal(rcvwnd_select(&w), 65536);
    w = with(1 << 20, 1 << 20, 5);
    assert_int_equal(rcvwnd_select(&w), 1 << 20);
    w = with(1u << 30, 1u << 30, 14); /* the largest window there is (RFC 7323 §2.2) */
    assert_int_equal(rcvwnd_select(&w), 1u << 30);
    assert_int_equal(rcvwnd_field(1u << 30, 14), 65535);
}

/* What is dared or wanted at most bounds it; with a scale it is rounded up to the unit. */
static void no_more_is_offered_than_is_safe(void **state)
{
    struct rcvwnd w = with(65536, 65536, 7);

    w.ssthresh = 64076;
    assert_int_equal(rcvwnd_select(&w), 64128);
    w.ssthresh = 100;
    assert_int_equal(rcvwnd_select(&w), 128);
}

static void without_a_scale_the_window_is_whole_segments(void **state)
{
    static const struct {
        uint32_t free, last, offered;
    } rows[] = {
        {65536, 0, 64240},     {10000, 0, 8760}, {64240, 64240, 64240},
        {64000, 64240, 62780}, /* no more than there is */
        {65000, 64240, 64240}, /* about right: it stays */
        {65700, 64240, 65700}, /* a segment more */
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(70000, rows[i].free, 0);

        w.full = rows[i].free + 1000;
        w.last = rows[i].last;
        assert_int_equal(rcvwnd_select(&w), rows[i].offered);
    }
}

/* Within a segment of all there is, but less than one: where a segment has room it is offered. */
static void without_a_scale_less_than_a_segment_becomes_one(void **state)
{
    static const struct {
        uint32_t free, last, offered;
    } rows[] = {
        {1035, 487, 576}, {1035, 575, 576}, {1035, 576, 576}, {1035, 577, 577}, {576, 575, 576},
        {575, 487, 487},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(1035, rows[i].free, 0);

        w.mss = 576, w.clamp = 1035;
        w.last = rows[i].last;
        assert_int_equal(rcvwnd_select(&w), rows[i].offered);
        if (rows[i].free == 1035) /* all was read */
            assert_int_equal(rcvwnd_worth_telling(&w, w.last), w.last < 576);
    }
}

/* A segment larger than the buffer: all that is free is offered, in steps of half the buffer. */
static void a_buffer_smaller_than_a_segment_is_offered_too(void **state)
{
    struct rcvwnd w = with(1000, 1000, 0);

    assert_int_equal(rcvwnd_select(&w), 1000);
    w.free = 999, w.last = 400; /* half a buffer more than before */
    assert_int_equal(rcvwnd_select(&w), 999);
    w.last = 499;
    assert_int_equal(rcvwnd_select(&w), 499);
    w.free = 499, w.last = 0;
    assert_int_equal(rcvwnd_select(&w), 0);
}

/* MUST-39: below half of the buffer only what is a segment, and a sixteenth of it, is worth a word */
static void a_silly_window_is_not_offered(void **state)
{
    static const struct {
        uint32_t full, free, offered;
        uint8_t shift;
    } rows[] = {
        {65536, 1459, 0, 7},  {65536, 4095, 0, 7},   {65536, 4096, 4096, 7}, {65536, 4200, 4096, 7},
        {10000, 1459, 0, 0},  {10000, 1460, 1460, 0}, {10000, 4999, 4380, 0}, {10000, 0, 0, 0},
        {10000, 1470, 0, 10}, {10000, 2048, 2048, 10},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(rows[i].full, rows[i].free, rows[i].shift);

        assert_int_equal(rcvwnd_select(&w), rows[i].offered);
    }
}

/* SHLD-14: what a peer read out of one field is never taken back by the next */
static void edge_never_moves_left(void **state)
{
    struct rng rng;

    rng_seed(&rng, 14);
    each_start(start)
        for (uint8_t shift = 0; shift <= 14; shift += 7) {
            struct seq edge = seq(start), next = edge;
            uint32_t full = 65536u << shift, unread = 0;

            for (unsigned i = 0; i < 60000; i++) {
                uint32_t open = edge.v - next.v, n;
                struct rcvwnd w = with(full, full > unread ? full - unread : 0, shift);
                struct seq now;

                w.ssthresh = (uint32_t)rng_below(&rng, full);
                w.last = open;
                now = seq_add(next, rcvwnd_promise(rcvwnd_select(&w), open, false, shift));
                assert_true(seq_ge(now, edge));
                if (seq_gt(now, edge)) /* and promises no more than there is, but for the unit */
                    assert_true(now.v - next.v < max_u32(w.free, open) + (1u << shift));
                edge = now;
                open = edge.v - next.v;
                n = (uint32_t)rng_below(&rng, min_u32(open, 5 * MSS) + 1);
                next = seq_add(next, n);
                unread += n;
                unread -= (uint32_t)rng_below(&rng, min_u32(unread, 8 * MSS) + 1);
            }
        }
}

/* A window is told when it has at least doubled and is no more than half of what may be promised; or takes a segment. */
static void only_a_doubled_window_is_worth_telling(void **state)
{
    static const struct {
        uint32_t free, open;
        bool worth;
    } rows[] = {
        {65536, 0, true},      {2000, 0, false},     {4096, 0, true},       {65536, 32768, true},
        {65536, 32769, false}, {40000, 20000, true}, {39000, 20000, false},
        {6000, 1459, true},    {4095, 1459, false},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(65536, rows[i].free, 7);

        w.clamp = 65536;
        assert_int_equal(rcvwnd_worth_telling(&w, rows[i].open), rows[i].worth);
    }
}

static void field_is_the_window_in_units_of_its_scale(void **state)
{
    assert_int_equal(rcvwnd_promise(64128, 0, false, 7), 64128);
    assert_int_equal(rcvwnd_promise(64128, 64240, false, 7), 64256); /* what is open stays open: rounded up */
    assert_int_equal(rcvwnd_promise(64128, 64240, true, 7), 64240);  /* but not when nothing more fits */
    assert_int_equal(rcvwnd_promise(0, 1, false, 7), 128);
    assert_int_equal(rcvwnd_promise(0, 1, true, 7), 1);
    assert_int_equal(rcvwnd_promise(0, 0, false, 7), 0);
    assert_int_equal(rcvwnd_promise(70000, 0, false, 0), 70000); /* more than can be said */
    assert_int_equal(rcvwnd_field(64128, 7), 501);
    assert_int_equal(rcvwnd_field(64240, 7), 501);
    assert_int_equal(rcvwnd_field(1, 7), 0);
    assert_int_equal(rcvwnd_field(70000, 0), 65535);
    assert_int_equal(rcvwnd_field(1u << 30, 14), 65535);
}

/* As BSD has it: what is free is offered, unless it is less than a segment and than a quarter of all. */
static void a_plain_window_is_what_is_free(void **state)
{
    static const struct {
        uint32_t free, offered;
        uint8_t shift;
    } rows[] = {
        {65536, 65536, 0}, {65335, 65335, 0}, {65335, 65344, 6}, {16384, 16384, 6},
        {1460, 1472, 6},   {1459, 0, 6},      {0, 0, 0},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(65536, rows[i].free, rows[i].shift);

        w.plain = true;
        assert_int_equal(rcvwnd_select(&w), rows[i].offered);
    }
}

/* Half of the buffer, or two segments that are a quarter of it, or of a buffer that is nearly full, or small. */
static void a_plain_window_is_told_of_when_it_gained_enough(void **state)
{
    static const struct {
        uint32_t full, free, open;
        bool enough;
    } rows[] = {
        {65536, 65536, 65536, false}, {65536, 65536, 49153, false}, {65536, 65536, 49152, true},
        {65536, 8192, 5273, false},   {65536, 8192, 5272, true},    {65536, 8193, 5273, false},
        {11680, 11680, 8760, true},   {11680, 11680, 8761, false},  {2000, 2000, 1001, false},
        {2000, 2000, 1000, true},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rcvwnd w = with(rows[i].full, rows[i].free, 0);

        w.plain = true;
        assert_int_equal(rcvwnd_gained_enough(&w, rows[i].open), rows[i].enough);
    }
}

/* A clamp (TCP_WINDOW_CLAMP) is the buffer as far as the peer is concerned, however large the buffer is. */
static void a_plain_window_below_a_clamp_is_measured_by_the_clamp(void **state)
{
    struct rcvwnd w = with(1 << 20, 1 << 20, 0);

    w.plain = true;
    w.clamp = 1000;
    assert_int_equal(rcvwnd_select(&w), 1000);
    assert_true(rcvwnd_gained_enough(&w, 0));
    assert_true(rcvwnd_gained_enough(&w, 500));
    assert_false(rcvwnd_gained_enough(&w, 501));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_offered_whole),
        cmocka_unit_test(no_more_is_offered_than_is_safe),
        cmocka_unit_test(without_a_scale_the_window_is_whole_segments),
        cmocka_unit_test(without_a_scale_less_than_a_segment_becomes_one),
        cmocka_unit_test(a_buffer_smaller_than_a_segment_is_offered_too),
        cmocka_unit_test(a_silly_window_is_not_offered),
        cmocka_unit_test(edge_never_moves_left),
        cmocka_unit_test(only_a_doubled_window_is_worth_telling),
        cmocka_unit_test(field_is_the_window_in_units_of_its_scale),
        cmocka_unit_test(a_plain_window_is_what_is_free),
        cmocka_unit_test(a_plain_window_is_told_of_when_it_gained_enough),
        cmocka_unit_test(a_plain_window_below_a_clamp_is_measured_by_the_clamp),
    };

    return cmocka_run_group_tests_name("rcvwnd", tests, NULL, NULL);
}
