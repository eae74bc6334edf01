/* SPDX-License-Identifier: MIT */
/*
 * Receivers who want more than their share (Savage 1999, Sherwood 2005): acknowledgments of what has not arrived yet, of
 * what was never sent, in as many pieces as there are bytes, or the same one again and again.
 */
#include "field.h"

#include "weft/tcp_info.h"

static uint32_t cwnd(const struct mallory *m)
{
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(m->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    return info.tcpi_snd_cwnd;
}

struct greedy {
    struct field *f;
    struct mallory m;
    struct caught c;
    uint32_t segments, end; /* that came; behind the last byte of them */
};

static struct greedy *greedy_new(void)
{
    static const uint8_t text[1 << 18];
    struct weft_config config;
    struct greedy *g = calloc(1, sizeof *g);

    weft_config_default(&config);
    config.tcp.send_buffer = config.tcp.send_buffer_max = 1 << 20;
    g->f = field_new(&config);
    g->m = mallory_connect(g->f, 5000, 1000, false, 7);
    mallory_send(g->f, &g->m, SEGMENT(0));
    assert_int_equal(weft_send(g->m.sock, text, sizeof text, 0), sizeof text);
    g->end = g->m.ack;
    return g;
}

static void greedy_free(struct greedy *g)
{
    weft_abort(g->m.sock);
    field_run(g->f, 100 * WEFT_MS);
    field_end(g->f);
    free(g);
}

/* Takes all that came; 20 ms later, so that there is a round trip to measure. */
static void greedy_take(struct greedy *g)
{
    g->segments = 0;
    while (attack_take(g->f, &g->c))
        if (g->c.text_len) {
            g->segments++;
            g->end = g->c.tcp.seq.v + (uint32_t)g->c.text_len;
        }
    field_run(g->f, 20 * WEFT_MS);
}

/* The window after one round trip, acknowledged in pieces of so many bytes. */
static uint32_t window_by_pieces(uint32_t piece)
{
    struct greedy *g = greedy_new();
    uint32_t window;

    greedy_take(g);
    while (g->m.ack != g->end) {
        g->m.ack += g->end - g->m.ack < piece ? g->end - g->m.ack : piece;
        mallory_send(g->f, &g->m, SEGMENT(0));
    }
    window = cwnd(&g->m);
    greedy_free(g);
    return window;
}

/* R5681-3.1b */
static void acknowledging_byte_by_byte_gains_nothing(void **state)
{
    uint32_t fair = window_by_pieces(2000);

    assert_true(fair > 10);
    assert_true(window_by_pieces(100) <= fair + 1);
    assert_true(window_by_pieces(1) <= fair + 1);
}

static void acknowledging_what_was_never_sent_gains_nothing(void **state)
{
    struct greedy *g = greedy_new();
    uint32_t before = cwnd(&g->m);

    greedy_take(g);
    for (uint32_t ahead = 1; ahead < 1 << 18; ahead += 1000)
        mallory_send(g->f, &g->m, SEGMENT(.ack = g->end + ahead));
    assert_int_equal(cwnd(&g->m), before);
    greedy_take(g);
    assert_int_equal(g->segments, 0);
    expect_work_below(g->f, 1500);
    greedy_free(g);
}

/* Ten forged duplicates for each segment in flight: what comes out is no more than was in flight, and less soon. */
static void duplicate_acknowledgments_pull_no_more_than_the_window(void **state)
{
    struct greedy *g = greedy_new();
    uint32_t first, before = cwnd(&g->m), more = 0;

    greedy_take(g);
    first = g->segments;
    for (uint32_t i = 0; i < 10 * first; i++) {
        mallory_send(g->f, &g->m, SEGMENT(0));
        while (attack_take(g->f, &g->c))
            more += g->c.text_len > 0;
    }
    assert_true(cwnd(&g->m) <= before);
    assert_true(more <= first);
    greedy_free(g);
}

/* The sender cannot see it; but no more than one window a round trip of the liar's own making leaves. */
static void acknowledging_early_is_bounded_by_what_was_sent(void **state)
{
    struct greedy *g = greedy_new();
    uint64_t sent = 0;

    for (int round = 0; round < 200; round++) {
        greedy_take(g);
        sent += g->segments;
        g->m.ack = g->end;
        mallory_send(g->f, &g->m, SEGMENT(0));
        mallory_send(g->f, &g->m, SEGMENT(.ack = g->end + 1));
    }
    assert_true(sent <= (1 << 18) / 1000 + 1); /* the queue, each byte once */
    greedy_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledging_byte_by_byte_gains_nothing),
        cmocka_unit_test(acknowledging_what_was_never_sent_gains_nothing),
        cmocka_unit_test(duplicate_acknowledgments_pull_no_more_than_the_window),
        cmocka_unit_test(acknowledging_early_is_bounded_by_what_was_sent),
    };

    return cmocka_run_group_tests_name("attack_greedy", tests, NULL, NULL);
}
