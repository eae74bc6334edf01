/* SPDX-License-Identifier: MIT */
/* The advertised window (src/tcp/rcvwnd.c): RFC 9293 §3.8.6 and RFC 7323 §2. */
#include "room.h"
#include "tcp/rcvwnd.h"

#define MSS 1460u

/* The right edge that a peer reads out of an acknowledgment. */
static struct seq announced(struct seq edge, struct seq next, uint8_t shift)
{
    return seq_add(next, (uint32_t)rcvwnd_field(edge, next, shift) << shift);
}

/* R7323-2.2 */
static void shift_is_the_smallest_that_can_announce_the_buffer(void **state)
{
    static const struct {
        uint32_t buffer;
        uint8_t shift;
    } rows[] = {
        {0, 0},         {1, 0},          {65535, 0},       {65536, 1},       {131071, 1},      {131072, 2},
        {262143, 2},    {262144, 3},     {1 << 20, 5},     {16 << 20, 9},    {0x3fffffff, 14}, {1 << 30, 14},
        {1u << 31, 14}, {UINT32_MAX, 14},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(rcvwnd_shift(rows[i].buffer), rows[i].shift);
}

static void an_empty_buffer_is_offered_whole(void **state)
{
    each_start(start) {
        struct seq next = seq(start);

        assert_int_equal(rcvwnd_edge(next, next, 65535, 0, MSS, 0).v, start + 65535);
        assert_int_equal(rcvwnd_edge(next, next, 1 << 20, 0, MSS, 5).v, start + (1 << 20));
        assert_int_equal(rcvwnd_edge(next, next, 1 << 20, 0, MSS, 0).v, start + 65535); /* all that can be said */
        assert_int_equal(rcvwnd_edge(next, next, 1u << 30, 0, MSS, 14).v, start + (65535u << 14));
    }
}

/* SHLD-14: whatever was read, whatever the user did to the buffer */
static void edge_never_moves_left(void **state)
{
    static const uint32_t buffers[] = {0, 1, 2, 1000, 1460, 2919, 65535, 65536, 1 << 20};
    struct rng rng;

    rng_seed(&rng, 14);
    each_start(start) {
        struct seq edge = seq(start), next = edge;
        uint32_t buffer = 65535, unread = 0;

        for (unsigned i = 0; i < 200000; i++) {
            uint32_t open = edge.v - next.v, n;
            struct seq now;

            switch (rng_below(&rng, 8)) {
            case 0:
                buffer = buffers[rng_below(&rng, ARRAY_LEN(buffers))];
                break;
            case 1:
            case 2:
            case 3:
                n = (uint32_t)rng_below(&rng, unread + 1);
                unread -= n;
                break;
            default:
                n = (uint32_t)rng_below(&rng, min_u32(open, MSS) + 1);
                next = seq_add(next, n);
                unread += n;
                break;
            }
            now = rcvwnd_edge(edge, next, buffer, unread, MSS, 5);
            assert_true(seq_ge(now, edge));
            if (seq_gt(now, edge)) /* and never promises more than there is */
                assert_true(now.v - next.v <= buffer - unread);
            edge = now;
        }
    }
}

/* MUST-39: the user reads a full buffer byte by byte */
static void edge_moves_by_no_less_than_a_segment_or_half_the_buffer(void **state)
{
    static const struct {
        uint32_t buffer, step;
    } rows[] = {{65535, MSS}, {3000, MSS}, {2920, MSS}, {2919, 1459}, {2000, 1000}, {100, 50}, {3, 1}};

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct seq edge = seq(start), next = edge; /* closed: the buffer is full */
            uint32_t silent = 0;

            for (uint32_t unread = rows[i].buffer; unread-- > 0;) {
                struct seq now = rcvwnd_edge(edge, next, rows[i].buffer, unread, MSS, 0);

                silent++;
                if (seq_eq(now, edge))
                    continue;
                assert_int_equal(now.v - edge.v, rows[i].step);
                assert_int_equal(silent, rows[i].step);
                silent = 0;
                edge = now;
            }
            assert_true(silent < rows[i].step);
        }
}

static void more_unread_than_the_buffer_holds_offers_nothing_new(void **state)
{
    struct seq edge = seq(1000), next = seq(1000);

    assert_true(seq_eq(rcvwnd_edge(edge, next, 500, 501, MSS, 0), edge));
    assert_true(seq_eq(rcvwnd_edge(edge, next, 0, 0, MSS, 0), edge));
}

static void field_is_the_open_window_in_units_of_its_scale(void **state)
{
    static const struct {
        uint32_t open;
        uint8_t shift;
        uint16_t field;
    } rows[] = {
        {0, 0, 0},           {1, 0, 1},          {65535, 0, 65535},      {65536, 0, 65535}, {1 << 20, 5, 32768},
        {1 << 20, 0, 65535}, {65535u << 14, 14, 65535}, {1u << 30, 14, 65535}, {31, 5, 0},       {32, 5, 1},
        {63, 5, 1},          {64, 5, 2},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
            assert_int_equal(rcvwnd_field(seq(start + rows[i].open), seq(start), rows[i].shift), rows[i].field);
}

static void field_is_zero_when_next_has_passed_the_edge(void **state)
{
    each_start(start) { /* a FIN may */
        assert_int_equal(rcvwnd_field(seq(start), seq(start + 1), 0), 0);
        assert_int_equal(rcvwnd_field(seq(start), seq(start + 1), 14), 0);
    }
}

/*
 * R7323-2.4: all that an acknowledgment ever promised lies before the edge, which is what decides about a segment. The
 * announced edge may step back by what the scale cannot say, and no more.
 */
static void no_announcement_promises_more_than_the_edge(void **state)
{
    struct rng rng;

    rng_seed(&rng, 24);
    for (uint8_t shift = 0; shift <= RCVWND_MAX_SHIFT; shift++) {
        uint32_t buffer = 65000u << shift;
        struct seq edge = seq(0u - 100000), next = edge, most = edge;
        uint32_t unread = 0;

        for (unsigned i = 0; i < 20000; i++) {
            uint32_t n = (uint32_t)rng_below(&rng, min_u32(edge.v - next.v, MSS) + 1);
            struct seq told;

            next = seq_add(next, n);
            unread += n;
            if (rng_chance(&rng, 100000))
                unread = (uint32_t)rng_below(&rng, unread + 1);
            edge = rcvwnd_edge(edge, next, buffer, unread, MSS, shift);
            told = announced(edge, next, shift);
            assert_true(seq_le(told, edge));
            assert_true(seq_diff(most, told) < 1 << shift);
            most = seq_max(most, told);
        }
    }
}

static void an_update_is_told_when_it_is_worth_a_segment(void **state)
{
    static const struct {
        uint32_t open; /* of what was announced */
        uint32_t step;
        uint32_t buffer;
        bool worth;
    } rows[] = {
        {0, 0, 65535, false},         /* nothing new */
        {0, MSS, 65535, true},        /* it stood still */
        {MSS - 1, MSS, 65535, true},  /* it will, before another full segment */
        {MSS, MSS, 65535, false},     /* it has enough for now */
        {MSS, 16382, 65535, false},   /* a quarter of the buffer */
        {MSS, 16383, 65535, true},
        {MSS, 2 * MSS - 1, 8000, false}, /* two segments, where a quarter is less */
        {MSS, 2 * MSS, 8000, true},
        {0, 1, 2, true},              /* a tiny buffer */
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct seq next = seq(start), edge = seq_add(next, rows[i].open);

            assert_int_equal(rcvwnd_worth_telling(edge, seq_add(edge, rows[i].step), next, rows[i].buffer, MSS),
                             rows[i].worth);
        }
}

/* A peer that stands before a closed window hears of it as soon as the user has made room. */
static void a_closed_window_is_reopened_by_reading(void **state)
{
    for (uint8_t shift = 0; shift <= RCVWND_MAX_SHIFT; shift++) {
        uint32_t buffer = 65535u << shift;
        struct seq edge = seq(5), next = edge;
        uint32_t told = 0;

        for (uint32_t unread = buffer - min_u32(buffer, 100); told == 0; unread -= min_u32(unread, 100)) {
            struct seq now = rcvwnd_edge(edge, next, buffer, unread, MSS, shift);

            if (!rcvwnd_worth_telling(edge, now, next, buffer, MSS)) {
                assert_true(unread > 0);
                continue;
            }
            edge = now;
            told = rcvwnd_field(edge, next, shift);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shift_is_the_smallest_that_can_announce_the_buffer),
        cmocka_unit_test(an_empty_buffer_is_offered_whole),
        cmocka_unit_test(edge_never_moves_left),
        cmocka_unit_test(edge_moves_by_no_less_than_a_segment_or_half_the_buffer),
        cmocka_unit_test(more_unread_than_the_buffer_holds_offers_nothing_new),
        cmocka_unit_test(field_is_the_open_window_in_units_of_its_scale),
        cmocka_unit_test(field_is_zero_when_next_has_passed_the_edge),
        cmocka_unit_test(no_announcement_promises_more_than_the_edge),
        cmocka_unit_test(an_update_is_told_when_it_is_worth_a_segment),
        cmocka_unit_test(a_closed_window_is_reopened_by_reading),
    };

    return cmocka_run_group_tests_name("rcvwnd", tests, NULL, NULL);
}
