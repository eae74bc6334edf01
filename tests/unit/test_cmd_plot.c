/* SPDX-License-Identifier: MIT */
/* The time-sequence graph (src/cmd/plot.c), of stories whose losses are known. That it is XML: tests/golden/demo.py */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/demo.h"

static struct plot plot;

static void play(const char *name)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bool good = scenario_play(scenario_find(name), out, NULL, &plot);

    fclose(out);
    if (!good)
        fail_msg("%s", text);
    free(text);
    assert_false(plot.more);
}

static const struct plot_mark *find(enum plot_kind kind, bool again, bool lost)
{
    for (size_t i = 0; i < plot.n; i++) {
        const struct plot_mark *m = &plot.mark[i];

        if (m->kind == kind && m->again == again && m->lost == lost)
            return m;
    }
    return NULL;
}

static unsigned count(enum plot_kind kind, bool again, bool lost)
{
    unsigned n = 0;

    for (size_t i = 0; i < plot.n; i++)
        n += plot.mark[i].kind == kind && plot.mark[i].again == again && plot.mark[i].lost == lost;
    return n;
}

static void marks_are_in_the_order_of_time(void **state)
{
    play("slow-start");
    for (size_t i = 1; i < plot.n; i++)
        assert_true(plot.mark[i - 1].at <= plot.mark[i].at);
}

static void a_lost_segment_is_crossed_and_stands_there_again_later(void **state)
{
    const struct plot_mark *lost, *again;

    play("fast-retransmit");
    assert_int_equal(count(PLOT_SENT, false, true), 1);
    assert_int_equal(count(PLOT_SENT, true, false), 1);
    lost = find(PLOT_SENT, false, true);
    again = find(PLOT_SENT, true, false);
    assert_int_equal(lost->from, 1 + 3 * 1448); /* the fourth, behind the SYN */
    assert_int_equal(again->from, lost->from);
    assert_true(again->at >= lost->at + 20 * WEFT_MS); /* a round trip */
    assert_int_equal(count(PLOT_SACK, false, false), 0);
}

/* A block that reaches over a hole, before that was mended, would be a lie. */
static void what_is_selectively_acknowledged_is_never_what_was_lost(void **state)
{
    unsigned sacks = 0;

    play("sack-recovery");
    assert_int_equal(count(PLOT_SENT, false, true), 4);
    for (size_t i = 0; i < plot.n; i++) {
        const struct plot_mark *sack = &plot.mark[i];

        sacks += sack->kind == PLOT_SACK;
        for (size_t k = 0; k < i && sack->kind == PLOT_SACK; k++) {
            const struct plot_mark *lost = &plot.mark[k];
            bool mended = false;

            for (size_t m = k + 1; m < i; m++)
                mended = mended || (plot.mark[m].kind == PLOT_SENT && plot.mark[m].from <= lost->from &&
                                    plot.mark[m].to >= lost->to);
            if (lost->kind == PLOT_SENT && lost->lost && !mended)
                assert_true(sack->to <= lost->from || sack->from >= lost->to);
        }
    }
    assert_true(sacks > 10);
}

static void acknowledgments_and_the_window_only_rise(void **state)
{
    int64_t acked = 0, window = 0;

    play("zero-window");
    for (size_t i = 0; i < plot.n; i++) {
        int64_t *was = plot.mark[i].kind == PLOT_ACK ? &acked : plot.mark[i].kind == PLOT_WINDOW ? &window : NULL;

        if (!was)
            continue;
        assert_true(plot.mark[i].to >= *was); /* RFC 9293 §3.8.6: the edge does not move left */
        *was = plot.mark[i].to;
        assert_true(was == &acked || acked <= window);
    }
    assert_int_equal(acked, 20000 + 2); /* SYN and FIN count */
}

static void probes_stand_where_the_window_ends(void **state)
{
    const struct plot_mark *probe;

    play("persist");
    probe = find(PLOT_PROBE, false, false);
    assert_non_null(probe);
    assert_int_equal(probe->from, 10280); /* the last byte that was acknowledged */
    assert_true(count(PLOT_PROBE, false, false) >= 3);
}

static void a_loss_makes_the_window_smaller(void **state)
{
    int64_t most = 0, least = INT64_MAX;
    weft_time lost_at;

    play("fast-retransmit");
    lost_at = find(PLOT_SENT, false, true)->at;
    for (size_t i = 0; i < plot.n; i++) {
        const struct plot_mark *m = &plot.mark[i];

        if (m->kind == PLOT_CWND && m->at > lost_at) {
            most = m->to > most ? m->to : most;
            least = m->to < least ? m->to : least;
        }
    }
    assert_true(most >= 10 && least <= most * 3 / 4);
    assert_non_null(find(PLOT_SSTHRESH, false, false));
}

static void a_plot_has_a_bound(void **state)
{
    plot_begin(&plot, 0, 0);
    for (unsigned i = 0; i < PLOT_MARKS + 5; i++)
        plot_cwnd(&plot, i, i + 1, UINT32_MAX);
    assert_int_equal(plot.n, PLOT_MARKS);
    assert_true(plot.more);
}

static void a_picture_of_nothing_is_a_picture(void **state)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    plot_begin(&plot, 0, 0);
    assert_true(plot_write(&plot, "a < b & c", out));
    fclose(out);
    assert_non_null(strstr(text, "a &#60; b &#38; c"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_string_equal(text + n - 7, "</svg>\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_in_the_order_of_time),
        cmocka_unit_test(a_lost_segment_is_crossed_and_stands_there_again_later),
        cmocka_unit_test(what_is_selectively_acknowledged_is_never_what_was_lost),
        cmocka_unit_test(acknowledgments_and_the_window_only_rise),
        cmocka_unit_test(probes_stand_where_the_window_ends),
        cmocka_unit_test(a_loss_makes_the_window_smaller),
        cmocka_unit_test(a_plot_has_a_bound),
        cmocka_unit_test(a_picture_of_nothing_is_a_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
