/* SPDX-License-Identifier: MIT */
/* Loss recovery's phases (src/tcp/recovery.c): RFC 6582 without SACK, RFC 6675's entry and exit with it. */
#include "room.h"
#include "tcp/recovery.h"

#define MSS 1000u

struct sender {
    struct recovery r;
    struct seq una, nxt;
};

/* n segments of MSS bytes in flight from `start`. */
static struct sender sender_at(uint32_t start, unsigned n)
{
    struct sender s = {.una = seq(start), .nxt = seq_add(seq(start), n * MSS)};

    recovery_init(&s.r);
    return s;
}

static struct recovery_advice duplicate(struct sender *s) { return recovery_on_duplicate(&s->r, s->una, s->nxt); }

static struct recovery_advice progress(struct sender *s, unsigned segments, bool sack)
{
    s->una = seq_add(s->una, segments * MSS);
    return recovery_on_progress(&s->r, s->una, segments, sack);
}

/* Three duplicates; the last one's advice. */
static struct recovery_advice three_duplicates(struct sender *s)
{
    duplicate(s);
    duplicate(s);
    return duplicate(s);
}

/* R5681-3.2 */
static void recovery_begins_with_the_third_duplicate(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        for (unsigned i = 1; i <= 20; i++) {
            struct recovery_advice a = duplicate(&s);

            assert_int_equal(a.enter, i == 3);
            assert_int_equal(a.lose_first, i == 3);
            assert_int_equal(s.r.dup_acks, i);
        }
        assert_int_equal(s.r.phase, RECOVERY_FAST);
        assert_true(seq_eq(s.r.recover, s.nxt));
    }
}

static void progress_between_duplicates_starts_the_count_anew(void **state)
{
    struct sender s = sender_at(0, 10);

    duplicate(&s);
    duplicate(&s);
    assert_true(progress(&s, 1, false).grow);
    assert_false(duplicate(&s).enter);
    assert_false(duplicate(&s).enter);
    assert_true(duplicate(&s).enter);
}

/* R6582-1: each partial acknowledgment resends the next hole, until the point where it began is acknowledged */
static void partial_acknowledgment_resends_the_next_hole(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        three_duplicates(&s);
        s.nxt = seq_add(s.nxt, 3 * MSS); /* new data goes out meanwhile: it does not move the end of the episode */
        for (unsigned i = 0; i < 9; i++) {
            struct recovery_advice a = progress(&s, 1, false);

            assert_true(a.lose_first);
            assert_false(a.enter || a.finish || a.grow);
        }
        assert_int_equal(s.r.phase, RECOVERY_FAST);
    }
}

/* R6582-1 */
static void full_acknowledgment_ends_the_episode(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);
        struct recovery_advice a;

        three_duplicates(&s);
        a = recovery_on_progress(&s.r, seq_sub(s.nxt, 1), 9, false); /* one byte short of it */
        assert_false(a.finish);
        a = recovery_on_progress(&s.r, s.nxt, 1, false);
        assert_true(a.finish && a.restart_timer);
        assert_false(a.lose_first || a.enter || a.grow);
        assert_int_equal(s.r.phase, RECOVERY_OPEN);
        assert_int_equal(s.r.dup_acks, 0);
    }
}

/* R6582-2: five holes without SACK restart the timer once */
static void only_the_first_partial_acknowledgment_restarts_the_timer(void **state)
{
    struct sender s = sender_at(0, 10);

    three_duplicates(&s);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(progress(&s, 1, false).restart_timer, i == 0);
    assert_true(progress(&s, 5, false).restart_timer);
}

/* RFC 6298 §5.3 has no such exception: it is RFC 6582's alone, which is for connections without SACK */
static void with_sack_each_partial_acknowledgment_restarts_the_timer(void **state)
{
    struct sender s = sender_at(0, 10);

    assert_true(recovery_on_lost(&s.r, s.nxt).enter);
    for (unsigned i = 0; i < 5; i++) {
        struct recovery_advice a = progress(&s, 1, true);

        assert_true(a.restart_timer);
        assert_false(a.lose_first); /* the scoreboard knows */
    }
}

/* R6582-1: cwnd deflates by what was acknowledged and grows by one segment; here the duplicates carry the inflation */
static void partial_acknowledgment_deflates_by_all_but_one_segment(void **state)
{
    static const struct {
        unsigned dup_acks, segments, left;
    } rows[] = {{9, 1, 9}, {9, 2, 8}, {9, 4, 6}, {4, 4, 1}, {4, 5, 0}, {4, 6, 0}, {3, 9, 0}, {9, 0, 9}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct sender s = sender_at(0, 20);

        for (unsigned k = 0; k < rows[i].dup_acks; k++)
            duplicate(&s);
        recovery_on_progress(&s.r, seq_add(s.una, 500), rows[i].segments, false);
        assert_int_equal(s.r.dup_acks, rows[i].left);
    }
}

/*
 * R6582-1: RFC 6582 inflates and deflates cwnd; here cwnd stays and the duplicates are taken off the pipe. What may be
 * sent comes to the same, as long as no acknowledgment is lost.
 */
static void the_window_is_that_of_rfc_6582(void **state)
{
    struct rng rng;

    rng_seed(&rng, 6582);
    for (unsigned round = 0; round < 20000; round++) {
        int flight = 10 + (int)rng_below(&rng, 100), ssthresh = flight / 2, cwnd = ssthresh + 3, unseen = 3;
        struct sender s = sender_at((uint32_t)rng_u64(&rng), (unsigned)flight);

        three_duplicates(&s);
        while (flight > 1) {
            if (unseen < flight - 1 && rng_chance(&rng, 700000)) {
                duplicate(&s);
                cwnd++; /* step 3 of RFC 5681 §3.2 */
                unseen++;
            } else { /* a partial acknowledgment: the hole, and no more behind it than there were duplicates */
                int k = 1 + (int)rng_below(&rng, (uint64_t)min_u32((uint32_t)unseen, (uint32_t)flight - 2) + 1);

                progress(&s, (unsigned)k, false);
                cwnd = cwnd - k + 1;
                flight -= k;
                unseen -= k - 1;
            }
            assert_int_equal(s.r.phase, RECOVERY_FAST);
            assert_int_equal(ssthresh - (flight - (int)s.r.dup_acks), cwnd - flight);
        }
    }
}

/* R6582-2: recover is SND.NXT; the cumulative acknowledgment must lie beyond it */
static void leftover_duplicates_begin_no_second_episode(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        three_duplicates(&s);
        progress(&s, 10, false);
        assert_int_equal(s.r.phase, RECOVERY_OPEN);
        s.nxt = seq_add(s.nxt, 10 * MSS);
        for (unsigned i = 0; i < 10; i++)
            assert_false(duplicate(&s).enter);
        assert_true(progress(&s, 1, false).grow);
        assert_true(three_duplicates(&s).enter);
    }
}

/* R3042-1: what left the network then was not of this flight, so no more than two segments may follow on its account */
static void leftover_duplicates_make_room_for_two_segments(void **state)
{
    struct sender s = sender_at(0, 10);

    three_duplicates(&s);
    progress(&s, 10, false);
    s.nxt = seq_add(s.nxt, 10 * MSS);
    for (unsigned i = 1; i <= 10; i++) {
        duplicate(&s);
        assert_int_equal(s.r.dup_acks, min_u32(i, 2));
    }
}

/* R6582-2 */
static void leftover_duplicates_after_a_timeout_begin_no_episode(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        assert_false(recovery_on_timeout(&s.r, s.nxt));
        assert_false(three_duplicates(&s).enter); /* of the resent data */
        progress(&s, 10, false);
        assert_int_equal(s.r.phase, RECOVERY_OPEN);
        s.nxt = seq_add(s.nxt, 10 * MSS);
        assert_false(three_duplicates(&s).enter);
        progress(&s, 1, false);
        assert_true(three_duplicates(&s).enter);
    }
}

/* The recovery point of long ago must not look like one ahead once the sequence space has half turned. */
static void an_episode_long_ago_does_not_forbid_the_next(void **state)
{
    each_start(start)
        for (uint64_t step = 1u << 16; step <= 1u << 30; step <<= 7) {
            struct sender s = sender_at(start, 10);
            uint64_t moved = 0;

            three_duplicates(&s);
            progress(&s, 10, false);
            for (; moved < 3ull << 30; moved += step) {
                s.una = seq_add(s.una, (uint32_t)step);
                recovery_on_progress(&s.r, s.una, 1, false);
            }
            s.nxt = seq_add(s.una, 10 * MSS);
            assert_true(three_duplicates(&s).enter);
        }
}

/* One cut an episode */
static void the_scoreboard_begins_an_episode_once(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        assert_true(recovery_on_lost(&s.r, s.nxt).enter);
        assert_false(recovery_on_lost(&s.r, s.nxt).enter);
        progress(&s, 4, true);
        assert_false(recovery_on_lost(&s.r, s.nxt).enter);
        assert_true(progress(&s, 6, true).finish);
        s.nxt = seq_add(s.nxt, 10 * MSS);
        assert_true(recovery_on_lost(&s.r, s.nxt).enter);
    }
}

static void after_a_timeout_the_scoreboard_begins_nothing_before_the_end_of_it(void **state)
{
    struct sender s = sender_at(0, 10);

    recovery_on_timeout(&s.r, s.nxt);
    assert_false(recovery_on_lost(&s.r, s.nxt).enter);
    assert_true(progress(&s, 3, true).grow);
    assert_false(recovery_on_lost(&s.r, s.nxt).enter);
    progress(&s, 7, true);
    assert_true(recovery_on_lost(&s.r, seq_add(s.nxt, MSS)).enter);
}

/* Slow start runs while the resent data is acknowledged, and an episode in between is over without a second cut. */
static void after_a_timeout_the_window_grows(void **state)
{
    each_start(start) {
        struct sender s = sender_at(start, 10);

        three_duplicates(&s);
        assert_false(recovery_on_timeout(&s.r, s.nxt));
        assert_int_equal(s.r.dup_acks, 0);
        for (unsigned i = 0; i < 10; i++) {
            struct recovery_advice a = progress(&s, 1, false);

            assert_true(a.grow && a.restart_timer);
            assert_false(a.finish || a.enter || a.lose_first);
            assert_int_equal(s.r.phase, i < 9 ? RECOVERY_TIMEOUT : RECOVERY_OPEN);
        }
    }
}

/* R5681-3.1c: the same data timed out again: ssthresh stays */
static void timeouts_in_a_row_are_told_apart_from_the_first(void **state)
{
    struct sender s = sender_at(0, 10);

    assert_false(recovery_on_timeout(&s.r, s.nxt));
    assert_true(recovery_on_timeout(&s.r, s.nxt));
    assert_true(recovery_on_timeout(&s.r, s.nxt));
    progress(&s, 10, false);
    assert_false(recovery_on_timeout(&s.r, s.nxt));
}

/* R5681-3.1c: it is about "the given segment"; one behind it was not yet resent by the timer */
static void timeout_of_later_data_counts_as_a_first_one(void **state)
{
    struct sender s = sender_at(0, 10);

    assert_false(recovery_on_timeout(&s.r, s.nxt));
    progress(&s, 1, false);
    assert_false(recovery_on_timeout(&s.r, s.nxt));
    assert_true(recovery_on_timeout(&s.r, s.nxt));
}

/* R6582-2: "again on an RTO" */
static void timeout_moves_the_recovery_point_to_the_highest_sent(void **state)
{
    struct sender s = sender_at(0xfffffff0, 10);

    three_duplicates(&s);
    s.nxt = seq_add(s.nxt, 5 * MSS);
    recovery_on_timeout(&s.r, s.nxt);
    progress(&s, 10, false);
    assert_int_equal(s.r.phase, RECOVERY_TIMEOUT);
    progress(&s, 5, false);
    assert_int_equal(s.r.phase, RECOVERY_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recovery_begins_with_the_third_duplicate),
        cmocka_unit_test(progress_between_duplicates_starts_the_count_anew),
        cmocka_unit_test(partial_acknowledgment_resends_the_next_hole),
        cmocka_unit_test(full_acknowledgment_ends_the_episode),
        cmocka_unit_test(only_the_first_partial_acknowledgment_restarts_the_timer),
        cmocka_unit_test(with_sack_each_partial_acknowledgment_restarts_the_timer),
        cmocka_unit_test(partial_acknowledgment_deflates_by_all_but_one_segment),
        cmocka_unit_test(the_window_is_that_of_rfc_6582),
        cmocka_unit_test(leftover_duplicates_begin_no_second_episode),
        cmocka_unit_test(leftover_duplicates_make_room_for_two_segments),
        cmocka_unit_test(leftover_duplicates_after_a_timeout_begin_no_episode),
        cmocka_unit_test(an_episode_long_ago_does_not_forbid_the_next),
        cmocka_unit_test(the_scoreboard_begins_an_episode_once),
        cmocka_unit_test(after_a_timeout_the_scoreboard_begins_nothing_before_the_end_of_it),
        cmocka_unit_test(after_a_timeout_the_window_grows),
        cmocka_unit_test(timeouts_in_a_row_are_told_apart_from_the_first),
        cmocka_unit_test(timeout_of_later_data_counts_as_a_first_one),
        cmocka_unit_test(timeout_moves_the_recovery_point_to_the_highest_sent),
    };

    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
