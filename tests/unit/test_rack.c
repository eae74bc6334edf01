/* SPDX-License-Identifier: MIT */
/* RACK-TLP (src/tcp/rack.c): the reordering window and its adaptation, the probe's time and its answers (RFC 8985). */
#include "room.h"
#include "tcp/rack.h"

#define MS WEFT_MS

static void the_latest_sent_is_the_proof(void **state)
{
    /* when, after how much was delivered, where it ended; and whether it is the proof from here on */
    static const struct {
        weft_time at;
        uint32_t delivered, end;
        bool later;
    } rows[] = {{10, 0, 100, true}, {20, 0, 50, true},  {15, 9, 400, false}, {20, 0, 40, false},
                {20, 0, 60, true},  {20, 1, 10, true}, {20, 0, 900, false}};

    each_start(start) {
        struct rack r;
        uint32_t proof = 0;

        rack_init(&r);
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            r.advanced = false;
            rack_advance(&r, &(struct departure){rows[i].at, rows[i].delivered, seq(start + rows[i].end)},
                         100 - rows[i].at);
            proof = rows[i].later ? rows[i].end : proof;
            assert_int_equal(r.proof.end.v, start + proof);
            assert_true(r.advanced);
            assert_int_equal(r.rtt, 100 - rows[i].at); /* of the last that arrived, as Linux has it */
        }
    }
}

static void the_window_is_a_quarter_of_the_shortest_round_trip(void **state)
{
    static const struct {
        struct rack_view view;
        uint8_t steps;
        weft_time window;
    } rows[] = {
        {{50 * MS, 40 * MS, false, false, false, true}, 1, 10 * MS},
        {{50 * MS, 40 * MS, false, true, false, true}, 1, 0},         /* nothing was ever reordered: */
        {{50 * MS, 40 * MS, false, false, true, true}, 1, 0},         /* what is evident is not waited for */
        {{50 * MS, 40 * MS, true, true, true, true}, 1, 10 * MS},     /* something was */
        {{50 * MS, 40 * MS, true, true, true, true}, 3, 30 * MS},
        {{50 * MS, 40 * MS, true, true, true, true}, 200, 50 * MS},   /* a round trip at most */
        {{50 * MS, 40 * MS, true, true, true, false}, 3, 10 * MS},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rack r;

        rack_init(&r);
        r.steps = rows[i].steps;
        assert_int_equal(rack_window(&r, &rows[i].view), rows[i].window);
    }
}

/* §6.2: once a round trip a DSACK widens it; sixteen recoveries later it is as it was */
static void dsacks_widen_the_window_for_sixteen_recoveries(void **state)
{
    struct rack r;

    rack_init(&r);
    r.dsack = true;
    rack_adapt(&r, true, 100, 90);
    assert_int_equal(r.steps, 2);
    r.dsack = true;
    rack_adapt(&r, true, 110, 95); /* sent before the count was 100: the same round */
    assert_int_equal(r.steps, 2);
    r.dsack = true;
    rack_adapt(&r, true, 120, 100); /* sent when the count was 100: a round later */
    assert_int_equal(r.steps, 3);
    for (unsigned i = 0; i < RACK_PERSIST; i++) {
        rack_adapt(&r, true, 130 + i, 130);
        assert_int_equal(r.steps, 3);
        rack_recovered(&r, false);
    }
    rack_adapt(&r, true, 200, 190);
    assert_int_equal(r.steps, 1);
}

/* The count of delivered segments goes round after 2^32: what came before is earlier, however it is written. */
static void the_count_of_delivered_segments_may_wrap(void **state)
{
    each_start(start) {
        struct rack r;

        rack_init(&r);
        rack_advance(&r, &(struct departure){10, start - 1, seq(50)}, 90);
        rack_advance(&r, &(struct departure){10, start, seq(40)}, 90); /* the clock stood still; more had been delivered */
        assert_int_equal(r.proof.end.v, 40);
        rack_advance(&r, &(struct departure){10, start - 2, seq(60)}, 90);
        assert_int_equal(r.proof.end.v, 40);
        r.widened_at = start - 10;
        r.dsack = true;
        rack_adapt(&r, true, start + 20, start - 11); /* the same round */
        assert_int_equal(r.steps, 1);
        r.dsack = true;
        rack_adapt(&r, true, start + 20, start + 5);
        assert_int_equal(r.steps, 2);
        r.dsack = true;
        rack_adapt(&r, true, start + 30, start + 19);
        assert_int_equal(r.steps, 2);
    }
}

/* A connection that lives for three times 2^32 segments, without a DSACK for most of that: the next one still counts. */
static void dsacks_widen_the_window_however_long_ago_the_last_came(void **state)
{
    const uint32_t step = UINT32_C(1) << 28;
    struct rack r;

    rack_init(&r);
    for (uint32_t i = 0, at = 0; i < 48; i++, at += step) {
        rack_adapt(&r, true, at + 10, at);
        if (i % 10 != 9)
            continue;
        r.dsack = true;
        rack_adapt(&r, true, at + 20, at + 5);
        assert_int_equal(r.steps, 2);
        for (unsigned k = 0; k < RACK_PERSIST; k++)
            rack_recovered(&r, false);
        rack_adapt(&r, true, at + 40, at + 30);
        assert_int_equal(r.steps, 1);
    }
}

static void a_window_that_must_stay_is_not_widened(void **state)
{
    struct rack r;

    rack_init(&r);
    r.dsack = true;
    rack_adapt(&r, false, 100, 90);
    assert_int_equal(r.steps, 1);
}

/* A needless recovery shows how late its segment was; twice that is waited for from then on, whatever DSACKs say. */
static void a_needless_recovery_teaches_how_long_to_wait(void **state)
{
    static const struct {
        uint8_t steps;
        weft_time late, min_rtt;
        uint8_t learnt;
    } rows[] = {
        {1, 0, 40 * MS, 1},         /* not known */
        {1, 15 * MS, 0, 1},
        {1, 15 * MS, 3, 1},
        {1, 4 * MS, 40 * MS, 1},    /* 8 ms are less than a quarter */
        {1, 5 * MS, 40 * MS, 2},
        {1, 15 * MS, 40 * MS, 4},
        {9, 15 * MS, 40 * MS, 9},   /* no smaller */
        {1, WEFT_S, 40 * MS, 201},
        {1, 10 * WEFT_S, 40 * MS, 255},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct rack r;

        rack_init(&r);
        r.steps = rows[i].steps;
        rack_learn(&r, rows[i].late, rows[i].min_rtt);
        assert_int_equal(r.steps, rows[i].learnt);
        assert_int_equal(r.persist, rows[i].late && rows[i].min_rtt > 3 ? RACK_PERSIST : 0);
    }
}

static void what_is_learnt_lasts_as_long_as_it_saves_something(void **state)
{
    struct rack r;

    rack_init(&r);
    r.rtt = 100 * MS;
    rack_confirm(&r, 200 * MS, 40 * MS); /* no recovery was ever needless */
    assert_int_equal(r.steps, 1);
    assert_int_equal(r.persist, 0);
    rack_learn(&r, 15 * MS, 40 * MS);
    r.persist = 1;
    rack_confirm(&r, 110 * MS, 40 * MS); /* a quarter had been enough */
    assert_int_equal(r.persist, 1);
    rack_confirm(&r, 110 * MS + 1, 40 * MS);
    assert_int_equal(r.persist, RACK_PERSIST);
    assert_int_equal(r.steps, 4);
    rack_confirm(&r, 120 * MS, 40 * MS); /* the next would be later still */
    assert_int_equal(r.steps, 5);
    r.persist = 1;
    rack_confirm(&r, 90 * MS, 40 * MS);
    assert_int_equal(r.persist, 1);
    for (unsigned i = 0; i < RACK_PERSIST; i++)
        rack_recovered(&r, false);
    rack_adapt(&r, true, 200, 190);
    assert_int_equal(r.steps, 1);
}

/* §7.2 */
static void a_probe_waits_two_round_trips(void **state)
{
    assert_int_equal(tlp_delay(0, 5, 200 * MS, WEFT_S), WEFT_S);
    assert_int_equal(tlp_delay(50 * MS, 5, 200 * MS, WEFT_S), 102 * MS);
    assert_int_equal(tlp_delay(50 * MS, 1, 200 * MS, WEFT_S), 300 * MS); /* its acknowledgment may be delayed */
}

/* §7.4 */
static void an_answer_tells_whether_the_probe_was_needed(void **state)
{
    static const struct {
        bool again;
        int32_t ack; /* from the probe's end */
        bool dsack, pure;
        enum tlp_verdict verdict;
        bool out;
    } rows[] = {
        {true, -1, false, true, TLP_NOTHING, true},
        {false, 0, false, false, TLP_NO_LOSS, false}, /* new data arrived */
        {true, 0, false, false, TLP_NOTHING, true},   /* one copy did */
        {true, 0, true, false, TLP_NO_LOSS, false},   /* both did */
        {true, 0, false, true, TLP_NO_LOSS, false},   /* the same without DSACK */
        {true, 1, false, false, TLP_REPAIRED, false}, /* one of them did not */
        {true, 1, true, false, TLP_NO_LOSS, false},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct tlp t = {.end = seq(start), .out = true, .again = rows[i].again};

            assert_int_equal(tlp_on_ack(&t, seq(start + (uint32_t)rows[i].ack), rows[i].dsack, rows[i].pure),
                             rows[i].verdict);
            assert_int_equal(t.out, rows[i].out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_sent_is_the_proof),
        cmocka_unit_test(the_window_is_a_quarter_of_the_shortest_round_trip),
        cmocka_unit_test(dsacks_widen_the_window_for_sixteen_recoveries),
        cmocka_unit_test(the_count_of_delivered_segments_may_wrap),
        cmocka_unit_test(dsacks_widen_the_window_however_long_ago_the_last_came),
        cmocka_unit_test(a_window_that_must_stay_is_not_widened),
        cmocka_unit_test(a_needless_recovery_teaches_how_long_to_wait),
        cmocka_unit_test(what_is_learnt_lasts_as_long_as_it_saves_something),
        cmocka_unit_test(a_probe_waits_two_round_trips),
        cmocka_unit_test(an_answer_tells_whether_the_probe_was_needed),
    };

    return cmocka_run_group_tests_name("rack", tests, NULL, NULL);
}
