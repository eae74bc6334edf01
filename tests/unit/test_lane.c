/* SPDX-License-Identifier: MIT */
/* One direction of a link (src/driver/lane.c). Packets are numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "harness.h"
#include "weft/lane.h"

#define START WEFT_S
#define MANY  100000

struct bench {
    struct harness_env e;
    weft_lane *lane;
};

static struct bench b;

static void begin(const struct weft_impairment *how, uint64_t seed)
{
    struct weft_env env;

    harness_env_init(&b.e, 1);
    env = harness_env(&b.e);
    b.lane = weft_lane_new(&env, how, seed);
    assert_non_null(b.lane);
}

static void end(void)
{
    while (weft_lane_take(b.lane, WEFT_NEVER))
        ;
    weft_lane_free(b.lane);
    harness_env_check(&b.e);
}

/* Packets are numbered from 1, for NULL is none. */
static void *packet(uintptr_t number) { return (void *)number; }
static unsigned number(void *packet_) { return (unsigned)(uintptr_t)packet_; }

/* A packet enters; returns when it is through, WEFT_NEVER when it is not. */
static weft_time enter(unsigned n, uint64_t bytes, weft_time now)
{
    weft_time through = weft_lane_admit(b.lane, weft_lane_judge(b.lane), bytes, now);

    if (through != WEFT_NEVER)
        assert_true(weft_lane_file(b.lane, packet(n), through));
    return through;
}

/* Takes out all that arrives, each at its time. Returns how many. */
static unsigned take_all(unsigned *order, weft_time *at, unsigned room)
{
    weft_time t;
    unsigned n = 0;
    void *p;

    while ((t = weft_lane_deadline(b.lane)) != WEFT_NEVER) {
        assert_null(weft_lane_take(b.lane, t - 1));
        p = weft_lane_take(b.lane, t);
        assert_non_null(p);
        assert_true(n < room);
        if (at)
            at[n] = t;
        order[n++] = number(p);
    }
    return n;
}

static void assert_near(double count, double mean, double deviation)
{
    double away = count - mean;

    if (away * away > 25 * deviation * deviation)
        fail_msg("%g, where %g were expected", count, mean);
}

/* ---- loss ---- */

/* Lists which of the first n packets are lost. */
static unsigned losses(const struct weft_impairment *how, uint64_t seed, unsigned *lost, unsigned n)
{
    unsigned count = 0;

    begin(how, seed);
    for (unsigned i = 0; i < n; i++)
        if (weft_lane_judge(b.lane) == WEFT_WIRE_LOSE)
            lost[count++] = i;
    end();
    return count;
}

/* The numbers come from another program, which has the generator and the models in twenty lines. */
static void a_seed_decides_which_packets_are_lost(void **state)
{
    static const struct {
        struct weft_impairment how;
        uint64_t seed;
        unsigned n, count, lost[48];
    } rows[] = {
        {{.loss = 100000}, 1, 100, 12, {0, 12, 24, 28, 40, 45, 64, 65, 75, 78, 92, 94}},
        {{.loss = 100000}, 2, 100, 5, {12, 27, 33, 36, 43}},
        {{.gilbert = {50000, 250000, 0, 1000000}}, 1, 200, 42,
         {4,   5,   20,  41,  42,  43,  44,  45,  46,  82,  83,  84,  85,  86,  87,  119, 120, 121, 150, 151, 162,
          163, 164, 165, 166, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 195, 196, 197, 198, 199}},
        {{.loss_every = 7}, 1, 30, 4, {6, 13, 20, 27}},
        {{.loss_every = 1}, 1, 3, 3, {0, 1, 2}},
        {{.loss = 1000000, .loss_burst = 3}, 1, 5, 5, {0, 1, 2, 3, 4}},
    };
    unsigned lost[200];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(losses(&rows[i].how, rows[i].seed, lost, rows[i].n), rows[i].count);
        assert_memory_equal(lost, rows[i].lost, rows[i].count * sizeof *lost);
    }
}

static void loss_by_chance_keeps_to_its_share(void **state)
{
    static const uint32_t share[] = {0, 100, 10000, 100000, 500000, 1000000};
    static unsigned lost[MANY];

    for (size_t i = 0; i < ARRAY_LEN(share); i++) {
        double p = share[i] / 1e6, variance = MANY * p * (1 - p), root = 1;

        for (int k = 0; k < 60; k++)
            root = (root + variance / root) / 2;
        assert_near(losses(&(struct weft_impairment){.loss = share[i]}, 3, lost, MANY), MANY * p, root);
    }
}

/* Runs of lost packets: how many, and how long all together. */
static unsigned runs(const unsigned *lost, unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++)
        count += i == 0 || lost[i] != lost[i - 1] + 1;
    return count;
}

static void bursts_take_so_many_in_a_row(void **state)
{
    static unsigned lost[MANY];
    unsigned n = losses(&(struct weft_impairment){.loss = 1000, .loss_burst = 4}, 3, lost, MANY - 3);

    /* A burst begins with one packet in 1,000 of those that are not inside one. */
    assert_near(n / 4.0, (MANY - n) / 1000.0, 10);
    for (unsigned i = 0; i + 3 < n; i += 4)
        assert_int_equal(lost[i + 3], lost[i] + 3);
}

static void gilbert_and_elliott_lose_in_runs_as_long_as_the_bad_state(void **state)
{
    static unsigned lost[MANY];
    const struct weft_impairment how = {.gilbert = {.to_bad = 10000, .to_good = 200000, .lost_bad = 1000000}};
    unsigned n = losses(&how, 3, lost, MANY), r = runs(lost, n);

    assert_near(n, MANY * 0.01 / 0.21, 300); /* the share of time in the bad state */
    assert_near((double)n / r, 5, 0.25);     /* 1 / to_good */
}

static void gilbert_and_elliott_may_lose_in_both_states(void **state)
{
    static unsigned lost[MANY];
    const struct weft_impairment how = {
        .gilbert = {.to_bad = 100000, .to_good = 100000, .lost_bad = 500000, .lost_good = 20000}};

    assert_near(losses(&how, 3, lost, MANY), MANY * 0.26, 300); /* half the time in each */
}

static void models_of_loss_add_up(void **state)
{
    static unsigned lost[MANY];
    const struct weft_impairment how = {.loss = 100000, .loss_every = 4};

    assert_near(losses(&how, 3, lost, MANY), MANY * (0.25 + 0.75 * 0.1), 100);
}

/* ---- rate and queue ---- */

static void a_rate_is_kept_to_the_nanosecond(void **state)
{
    weft_time at[1000], last = START;
    unsigned order[1000];

    begin(&(struct weft_impairment){.bits_per_second = 7000000, .delay = 3 * WEFT_MS}, 1);
    for (unsigned i = 0; i < 1000; i++)
        last = enter(i + 1, 1500, START);
    assert_true(last == START + 1000ull * 1500 * 8 * WEFT_S / 7000000);
    assert_int_equal(take_all(order, at, 1000), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(order[i], i + 1);
        assert_true(at[i] == START + (i + 1ull) * 1500 * 8 * WEFT_S / 7000000 + 3 * WEFT_MS);
    }
    assert_true(weft_lane_stats(b.lane)->wait_max == 999ull * 1500 * 8 * WEFT_S / 7000000);
    end();
}

static void a_queue_of_packets_holds_so_many_whatever_their_size(void **state)
{
    weft_time first = 0;

    begin(&(struct weft_impairment){.bits_per_second = 8000, .queue_packets = 4}, 1); /* a byte in a millisecond */
    for (unsigned i = 0; i < 4; i++) {
        weft_time through = enter(i + 1, 10 * (i + 1), START);

        assert_true(through != WEFT_NEVER);
        first = i ? first : through;
    }
    assert_true(enter(5, 1, START) == WEFT_NEVER);
    assert_true(enter(5, 1, first - 1) == WEFT_NEVER);
    assert_true(enter(6, 1, first) != WEFT_NEVER); /* the first one is through: one place is free */
    assert_true(enter(7, 1, first) == WEFT_NEVER);
    assert_int_equal(weft_lane_stats(b.lane)->overflowed, 3);
    assert_int_equal(weft_lane_stats(b.lane)->sent, 8);
    end();
}

static void a_queue_of_bytes_holds_so_many_in_however_many_packets(void **state)
{
    begin(&(struct weft_impairment){.bits_per_second = 8000, .queue_bytes = 1000}, 1);
    assert_true(enter(1, 600, START) != WEFT_NEVER);
    assert_true(enter(2, 401, START) == WEFT_NEVER);
    for (unsigned i = 0; i < 4; i++)
        assert_true(enter(3 + i, 100, START) != WEFT_NEVER);
    assert_true(enter(7, 1, START) == WEFT_NEVER);
    assert_true(enter(8, 1, START + WEFT_MS) != WEFT_NEVER); /* one byte is sent */
    end();
}

static void of_two_limits_the_first_one_counts(void **state)
{
    begin(&(struct weft_impairment){.bits_per_second = 8000, .queue_bytes = 1000, .queue_packets = 2}, 1);
    assert_true(enter(1, 100, START) != WEFT_NEVER);
    assert_true(enter(2, 950, START) == WEFT_NEVER);
    assert_true(enter(3, 100, START) != WEFT_NEVER);
    assert_true(enter(4, 100, START) == WEFT_NEVER);
    end();
}

static void a_lost_packet_takes_no_time_of_the_link(void **state)
{
    begin(&(struct weft_impairment){.bits_per_second = 8000, .queue_packets = 2, .loss_every = 2}, 1);
    assert_true(enter(1, 10, START) == START + 10 * WEFT_MS);
    assert_true(enter(2, 10, START) == WEFT_NEVER);
    assert_true(enter(3, 10, START) == START + 20 * WEFT_MS);
    assert_int_equal(weft_lane_stats(b.lane)->lost, 1);
    assert_int_equal(weft_lane_stats(b.lane)->overflowed, 0);
    end();
}

static void who_waits_longer_than_that_is_to_be_marked(void **state)
{
    begin(&(struct weft_impairment){.bits_per_second = 8000, .mark_wait = 20 * WEFT_MS}, 1); /* a byte in a millisecond */
    for (unsigned i = 0; i < 5; i++) {
        enter(i + 1, 10, START); /* and waits for those before it */
        assert_int_equal(weft_lane_marks(b.lane), i > 2);
    }
    enter(6, 10, START + 30 * WEFT_MS); /* two are left */
    assert_false(weft_lane_marks(b.lane));
    assert_int_equal(weft_lane_stats(b.lane)->marked, 0); /* which is for its owner to say */
    end();
}

static void chance_marks_its_share(void **state)
{
    unsigned marked = 0;

    begin(&(struct weft_impairment){.mark = 100000}, 3);
    for (unsigned i = 0; i < MANY; i++) {
        enter(i + 1, 100, START);
        marked += weft_lane_marks(b.lane);
    }
    assert_near(marked, MANY * 0.1, 200);
    end();
}

static void what_is_marked_is_counted_if_it_could_be(void **state)
{
    uint8_t can[20] = {0x45, 2}, cannot[20] = {0x45, 0};

    begin(&(struct weft_impairment){.mark = 1000000}, 3);
    assert_true(weft_lane_mark(b.lane, WEFT_LINK_IP, can, sizeof can));
    assert_int_equal(can[1], 3);
    assert_false(weft_lane_mark(b.lane, WEFT_LINK_IP, cannot, sizeof cannot));
    assert_false(weft_lane_mark(b.lane, WEFT_LINK_ETHERNET, can, sizeof can));
    assert_int_equal(weft_lane_stats(b.lane)->marked, 1);
    end();
}

static void another_queue_holds_another_number(void **state)
{
    struct weft_impairment how = {.bits_per_second = 8000, .queue_packets = 2};

    begin(&how, 1);
    enter(1, 10, START);
    enter(2, 10, START);
    assert_true(enter(3, 10, START) == WEFT_NEVER);
    how.queue_packets = 3;
    weft_lane_impair(b.lane, &how);
    assert_true(enter(4, 10, START) != WEFT_NEVER);
    how.queue_packets = 0;
    weft_lane_impair(b.lane, &how);
    for (unsigned i = 0; i < 10; i++)
        assert_true(enter(5 + i, 10, START) != WEFT_NEVER);
    end();
}

/* ---- order ---- */

static void jitter_keeps_the_order_unless_it_may_change_it(void **state)
{
    struct weft_impairment how = {.delay = 10 * WEFT_MS, .jitter = 4 * WEFT_MS};
    unsigned order[500], overtaken[2] = {0, 0};
    weft_time at[500];

    for (int any = 0; any < 2; any++) {
        how.jitter_reorders = any;
        begin(&how, 3);
        for (unsigned i = 0; i < 500; i++)
            enter(i + 1, 100, START + i * 100 * WEFT_US);
        assert_int_equal(take_all(order, at, 500), 500);
        for (unsigned i = 0; i < 500; i++) {
            weft_time took = at[i] - START - (order[i] - 1) * 100 * WEFT_US;

            assert_in_range(took, 10 * WEFT_MS, 14 * WEFT_MS);
            overtaken[any] += i > 0 && order[i] < order[i - 1];
        }
        end();
    }
    assert_int_equal(overtaken[0], 0);
    assert_true(overtaken[1] > 100);
}

static void a_packet_is_overtaken_by_exactly_so_many(void **state)
{
    for (uint32_t gap = 1; gap <= 5; gap++) {
        const struct weft_impairment how = {.delay = WEFT_MS, .reorder = 20000, .reorder_gap = gap,
                                            .reorder_delay = WEFT_S};
        static unsigned order[2000];
        unsigned held = 0;

        begin(&how, 3);
        for (unsigned i = 0; i < 2000; i++)
            enter(i + 1, 100, START + i * 10 * WEFT_US);
        assert_int_equal(take_all(order, NULL, 2000), 2000);
        for (unsigned i = 0; i < 2000; i++) {
            if (order[i] == i + 1)
                continue;
            for (unsigned k = 0; k < gap && i + gap < 2000; k++) /* those that overtake it, one place early each */
                assert_int_equal(order[i + k], i + k + 2);
            if (i + gap < 2000)
                assert_int_equal(order[i + gap], i + 1);
            held++;
            i += gap;
        }
        assert_int_equal(weft_lane_stats(b.lane)->reordered, held);
        assert_in_range(held, 10, 70);
        end();
    }
}

static void nobody_waits_longer_than_the_delay_to_be_overtaken(void **state)
{
    unsigned order[2];
    weft_time at[2];

    begin(&(struct weft_impairment){.delay = WEFT_MS, .reorder = 1000000, .reorder_gap = 3,
                                    .reorder_delay = 5 * WEFT_MS}, 1);
    enter(1, 100, START);
    enter(2, 100, START); /* one is held back at a time, so this one passes */
    assert_int_equal(weft_lane_count(b.lane), 2);
    assert_int_equal(take_all(order, at, 2), 2);
    assert_int_equal(order[0], 2);
    assert_true(at[0] == START + WEFT_MS);
    assert_int_equal(order[1], 1);
    assert_true(at[1] == START + 6 * WEFT_MS);
    end();
}

static void what_is_held_back_for_a_time_is_late_by_it(void **state)
{
    unsigned order[3];
    weft_time at[3];

    begin(&(struct weft_impairment){.delay = WEFT_MS, .reorder = 1000000, .reorder_delay = 5 * WEFT_MS}, 1);
    for (unsigned i = 0; i < 3; i++)
        enter(i + 1, 100, START + i);
    assert_int_equal(take_all(order, at, 3), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(order[i], i + 1);
        assert_true(at[i] == START + i + 6 * WEFT_MS);
    }
    end();
}

/* ---- the rest ---- */

static void time_does_not_change_what_chance_decides(void **state)
{
    const struct weft_impairment how = {.bits_per_second = 10000000, .loss = 50000, .duplicate = 50000,
                                        .corrupt = 50000, .reorder = 50000, .reorder_delay = WEFT_MS,
                                        .jitter = WEFT_MS};
    uint64_t fate[2][1000];

    for (unsigned k = 0; k < 2; k++) {
        begin(&how, 9);
        for (unsigned i = 0; i < 1000; i++) {
            enum weft_wire_verdict v = weft_lane_judge(b.lane);
            weft_time through = weft_lane_admit(b.lane, v, 100, START + i * (k ? WEFT_S : WEFT_US));
            uint64_t bit = 0;

            fate[k][i] = v;
            if (through == WEFT_NEVER)
                continue;
            fate[k][i] |= (uint64_t)weft_lane_corrupts(b.lane, 100, &bit) << 8;
            fate[k][i] |= bit << 16;
            weft_lane_file(b.lane, packet(i + 1), through);
        }
        end();
    }
    assert_memory_equal(fate[0], fate[1], sizeof fate[0]);
}

static void who_takes_late_is_told_how_late(void **state)
{
    begin(&(struct weft_impairment){.delay = WEFT_MS}, 1);
    enter(1, 100, START);
    enter(2, 100, START + 100);
    assert_int_equal(number(weft_lane_take(b.lane, START + WEFT_MS + 30)), 1);
    assert_null(weft_lane_take(b.lane, START + WEFT_MS + 30));
    assert_int_equal(number(weft_lane_take(b.lane, START + WEFT_MS + 150)), 2);
    assert_true(weft_lane_stats(b.lane)->late_total == 80);
    assert_true(weft_lane_stats(b.lane)->late_max == 50);
    end();
}

static void only_a_perfect_lane_is_plain(void **state)
{
    static const struct weft_impairment rows[] = {
        {.bits_per_second = 1}, {.delay = 1},  {.jitter = 1},           {.loss = 1},
        {.duplicate = 1},       {.corrupt = 1}, {.loss_every = 1},       {.reorder = 1},
        {.gilbert.to_bad = 1},  {.gilbert.lost_good = 1}, {.mark = 1},
    };

    begin(&(struct weft_impairment){.queue_packets = 5}, 1); /* which nothing ever waits in */
    assert_true(weft_lane_is_plain(b.lane));
    enter(1, 100, START);
    assert_false(weft_lane_is_plain(b.lane)); /* what follows may not overtake it */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        end();
        begin(&rows[i], 1);
        assert_false(weft_lane_is_plain(b.lane));
    }
    end();
}

static void without_memory_packets_are_not_taken(void **state)
{
    const struct weft_impairment how = {.bits_per_second = 1000000, .queue_packets = 1000, .delay = WEFT_MS};
    struct weft_env env;

    harness_env_init(&b.e, 1);
    env = harness_env(&b.e);
    harness_env_fail_nth(&b.e, 1);
    assert_null(weft_lane_new(&env, &how, 1));
    harness_env_check(&b.e);
    for (size_t nth = 1; nth <= 2; nth++) {
        weft_time through;

        begin(&how, 1);
        harness_env_fail_nth(&b.e, nth);
        through = weft_lane_admit(b.lane, WEFT_WIRE_PASS, 100, START);
        assert_int_equal(through == WEFT_NEVER, nth == 1); /* no room to remember it */
        if (through != WEFT_NEVER)
            assert_false(weft_lane_file(b.lane, packet(1), through));
        assert_true(harness_env_failed(&b.e));
        assert_int_equal(weft_lane_stats(b.lane)->overflowed, 1);
        assert_true(enter(2, 100, START) != WEFT_NEVER); /* next time there is */
        assert_int_equal(weft_lane_count(b.lane), 1);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_decides_which_packets_are_lost),
        cmocka_unit_test(loss_by_chance_keeps_to_its_share),
        cmocka_unit_test(bursts_take_so_many_in_a_row),
        cmocka_unit_test(gilbert_and_elliott_lose_in_runs_as_long_as_the_bad_state),
        cmocka_unit_test(gilbert_and_elliott_may_lose_in_both_states),
        cmocka_unit_test(models_of_loss_add_up),
        cmocka_unit_test(a_rate_is_kept_to_the_nanosecond),
        cmocka_unit_test(a_queue_of_packets_holds_so_many_whatever_their_size),
        cmocka_unit_test(a_queue_of_bytes_holds_so_many_in_however_many_packets),
        cmocka_unit_test(of_two_limits_the_first_one_counts),
        cmocka_unit_test(a_lost_packet_takes_no_time_of_the_link),
        cmocka_unit_test(who_waits_longer_than_that_is_to_be_marked),
        cmocka_unit_test(chance_marks_its_share),
        cmocka_unit_test(what_is_marked_is_counted_if_it_could_be),
        cmocka_unit_test(another_queue_holds_another_number),
        cmocka_unit_test(jitter_keeps_the_order_unless_it_may_change_it),
        cmocka_unit_test(a_packet_is_overtaken_by_exactly_so_many),
        cmocka_unit_test(nobody_waits_longer_than_the_delay_to_be_overtaken),
        cmocka_unit_test(what_is_held_back_for_a_time_is_late_by_it),
        cmocka_unit_test(time_does_not_change_what_chance_decides),
        cmocka_unit_test(who_takes_late_is_told_how_late),
        cmocka_unit_test(only_a_perfect_lane_is_plain),
        cmocka_unit_test(without_memory_packets_are_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
