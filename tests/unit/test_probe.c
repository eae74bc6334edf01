/* SPDX-License-Identifier: MIT */
/* The schedules of probes (src/tcp/probe.c): RFC 9293 §3.8.6.1 and §3.8.4. */
#include "room.h"
#include "tcp/probe.h"

#define S WEFT_S

/* SHLD-29, SHLD-30 */
static void window_probes_start_after_one_rto_and_double(void **state)
{
    static const struct {
        weft_time rto;
        unsigned n;
        weft_time delay;
    } rows[] = {
        {S, 0, S},          {S, 1, 2 * S},      {S, 2, 4 * S},      {S, 6, 64 * S},       {S, 7, 120 * S},
        {S, 8, 120 * S},    {S, 255, 120 * S},  {S, UINT_MAX, 120 * S}, {200 * WEFT_MS, 0, 200 * WEFT_MS},
        {200 * WEFT_MS, 3, 1600 * WEFT_MS},     {120 * S, 0, 120 * S},  {120 * S, 1, 120 * S}, {300 * S, 0, 120 * S},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(probe_window_delay(rows[i].rto, rows[i].n, 120 * S), rows[i].delay);
}

static void window_probes_never_overflow(void **state)
{
    assert_int_equal(probe_window_delay(3, 64, WEFT_NEVER / 2), WEFT_NEVER / 2);
}

/* Idle for two hours, then 75 s apart, nine of them: Linux's defaults. */
static const struct keepalive usual = {7200 * S, 75 * S, 9, 0};

/* RFC 9293 §3.8.4 */
static void keepalive_waits_until_the_connection_was_idle_long_enough(void **state)
{
    weft_time next, heard = 1000 * S;

    assert_int_equal(keepalive_check(&usual, heard, heard, 0, &next), KEEPALIVE_WAIT);
    assert_int_equal(next, 8200 * S);
    assert_int_equal(keepalive_check(&usual, 8200 * S - 1, heard, 0, &next), KEEPALIVE_WAIT);
    assert_int_equal(next, 8200 * S);
    assert_int_equal(keepalive_check(&usual, 8200 * S, heard, 0, &next), KEEPALIVE_PROBE);
    assert_int_equal(next, 8275 * S);
}

/* A sign of life shortly before. */
static void keepalive_starts_anew_when_something_is_heard(void **state)
{
    weft_time next, heard = 0;

    for (unsigned i = 0; i < 10; i++, heard += 7199 * S) {
        assert_int_equal(keepalive_check(&usual, heard + 7199 * S, heard, 0, &next), KEEPALIVE_WAIT);
        assert_int_equal(next, heard + 7200 * S);
    }
}

/* MUST-27, MUST-29: what is sent when, with nobody there; asked only when it said so */
static void keepalive_gives_up_after_the_last_probe_went_unanswered(void **state)
{
    static const struct {
        struct keepalive k;
        weft_time end;
    } rows[] = {
        {{7200 * S, 75 * S, 9, 0}, (7200 + 9 * 75) * S},
        {{10 * S, S, 1, 0}, 11 * S},
        {{10 * S, 5 * S, 3, 0}, 25 * S},
        {{10 * S, 5 * S, 3, 17 * S}, 20 * S}, /* the user has less patience */
        {{10 * S, 5 * S, 3, 41 * S}, 45 * S}, /* or more */
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const struct keepalive *k = &rows[i].k;
        weft_time now = k->idle, next;
        unsigned sent = 0;

        while (keepalive_check(k, now, 0, sent, &next) == KEEPALIVE_PROBE) {
            assert_int_equal(now, k->idle + sent * k->interval);
            sent++;
            now = next;
        }
        assert_int_equal(sent, (rows[i].end - k->idle) / k->interval);
        assert_int_equal(now, rows[i].end);
        assert_int_equal(next, WEFT_NEVER);
    }
}

/* MUST-29 */
static void one_unanswered_probe_is_not_enough(void **state)
{
    weft_time next;

    for (unsigned sent = 1; sent < usual.probes; sent++)
        assert_int_equal(keepalive_check(&usual, (7200 + sent * 75) * S, 0, sent, &next), KEEPALIVE_PROBE);
}

static void keepalive_asked_early_keeps_to_its_schedule(void **state)
{
    weft_time next;

    assert_int_equal(keepalive_check(&usual, 7201 * S, 0, 1, &next), KEEPALIVE_WAIT);
    assert_int_equal(next, 7275 * S);
}

static void keepalive_far_in_the_future_does_not_wrap(void **state)
{
    const struct keepalive k = {WEFT_NEVER / 2, 75 * S, 9, 0};
    weft_time next;

    assert_int_equal(keepalive_check(&k, WEFT_NEVER - 10, WEFT_NEVER - 100, 0, &next), KEEPALIVE_WAIT);
    assert_int_equal(next, WEFT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_probes_start_after_one_rto_and_double),
        cmocka_unit_test(window_probes_never_overflow),
        cmocka_unit_test(keepalive_waits_until_the_connection_was_idle_long_enough),
        cmocka_unit_test(keepalive_starts_anew_when_something_is_heard),
        cmocka_unit_test(keepalive_gives_up_after_the_last_probe_went_unanswered),
        cmocka_unit_test(one_unanswered_probe_is_not_enough),
        cmocka_unit_test(keepalive_asked_early_keeps_to_its_schedule),
        cmocka_unit_test(keepalive_far_in_the_future_does_not_wrap),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
