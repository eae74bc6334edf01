/* SPDX-License-Identifier: MIT */
/* The ladder (src/cmd/ladder.c), and the stories told on it (demo_scenarios.c), each of which checks itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/demo.h"

static const uint32_t no_base[2];

static void a_segment_reads_as_in_the_books(void **state)
{
    const struct ladder_segment syn = {.from = 0, .flags = TCP_SYN, .window = 65535};
    const struct tcp_options offer = {.mss = 1460, .wscale = 7, .sack_permitted = true, .has_ts = true, .ts_val = 105};
    const uint32_t base[2] = {100, 0};
    char text[200];

    ladder_segment_text(text, sizeof text, &syn, &offer, base);
    assert_string_equal(text, "SYN seq 0 win 65535 <mss 1460,sackOK,TS 5 0,wscale 7>");
}

static void text_is_shown_with_its_end_and_length(void **state)
{
    const struct ladder_segment s = {.from = 1, .flags = TCP_PSH | TCP_ACK, .seq = 1, .ack = 1, .len = 26,
                                     .window = 512};
    char text[200];

    ladder_segment_text(text, sizeof text, &s, &TCP_NO_OPTIONS, no_base);
    assert_string_equal(text, "PSH,ACK seq 1:27(26) ack 1 win 512");
}

static void what_happened_to_a_segment_is_said_behind_it(void **state)
{
    const struct ladder_segment again = {.flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 2, .again = true};
    const struct ladder_segment old = {.flags = TCP_ACK, .seq = -26, .ack = 1, .len = 26, .fate = LADDER_WANDERED,
                                       .drop = WEFT_DROP_tcp_paws};
    char text[200];

    ladder_segment_text(text, sizeof text, &again, &TCP_NO_OPTIONS, no_base);
    assert_string_equal(text, "FIN,ACK seq 1 ack 2 win 0 (again)");
    ladder_segment_text(text, sizeof text, &old, &TCP_NO_OPTIONS, no_base);
    assert_string_equal(text, "ACK seq -26:0(26) ack 1 win 0 (wandering) [tcp_paws]");
}

static void arrows_point_to_whoever_gets_it_or_end_in_an_x(void **state)
{
    char line[300], dashes[80];

    memset(dashes, '-', sizeof dashes);
    ladder_line(line, sizeof line, 0, 10 * WEFT_MS, 0, LADDER_ARRIVED, "SYN", WEFT_TCP_SYN_SENT, WEFT_TCP_SYN_RECEIVED);
    assert_int_equal(strncmp(line, "  0.000000   0.010000 SYN-SENT     -- SYN ---", 45), 0);
    assert_non_null(strstr(line, "->  SYN-RECEIVED"));
    ladder_line(line, sizeof line, 0, 10 * WEFT_MS, 1, LADDER_ARRIVED, "ACK", WEFT_TCP_ESTABLISHED, WEFT_TCP_LISTEN);
    assert_non_null(strstr(line, "ESTABLISHED  <- ACK --"));
    ladder_line(line, sizeof line, WEFT_S, WEFT_NEVER, 0, LADDER_LOST, "ACK", WEFT_TCP_TIME_WAIT, WEFT_TCP_LAST_ACK);
    assert_int_equal(strncmp(line, "  1.000000            TIME-WAIT ", 31), 0);
    assert_non_null(strstr(line, "-X  LAST-ACK"));
}

static void a_note_has_no_arrow(void **state)
{
    char line[300];

    ladder_line(line, sizeof line, 0, WEFT_NEVER, -1, LADDER_ARRIVED, "client connects", WEFT_TCP_SYN_SENT,
                WEFT_TCP_LISTEN);
    assert_non_null(strstr(line, "(client connects)"));
    assert_null(strstr(line, "->"));
}

/* MUST-10 */ /* simultaneous open is among them */
static void every_story_happens_as_it_is_told(void **state)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out;

    for (size_t i = 0; scenario_at(i); i++) {
        out = open_memstream(&text, &n);
        if (!scenario_play(scenario_at(i), out, NULL, NULL)) {
            fclose(out);
            fail_msg("%s", text);
        }
        fclose(out);
        free(text);
    }
}

/* Virtual time and seeded secrets: nothing may depend on when or where it runs. */
static void a_story_is_the_same_each_time(void **state)
{
    char *text[2] = {NULL, NULL};
    size_t n[2];
    int i;

    for (i = 0; i < 2; i++) {
        FILE *out = open_memstream(&text[i], &n[i]);

        assert_true(scenario_play(scenario_find("wandering-duplicate"), out, NULL, NULL));
        fclose(out);
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static void bytes_survive_the_bad_wire(void **state)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bool good = bulk_play(out, 4 << 20, NULL);

    fclose(out);
    if (!good)
        fail_msg("%s", text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_reads_as_in_the_books),
        cmocka_unit_test(text_is_shown_with_its_end_and_length),
        cmocka_unit_test(what_happened_to_a_segment_is_said_behind_it),
        cmocka_unit_test(arrows_point_to_whoever_gets_it_or_end_in_an_x),
        cmocka_unit_test(a_note_has_no_arrow),
        cmocka_unit_test(every_story_happens_as_it_is_told),
        cmocka_unit_test(a_story_is_the_same_each_time),
        cmocka_unit_test(bytes_survive_the_bad_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
