/* SPDX-License-Identifier: MIT */
/*
 * Blind attacks on a connection (RFC 5961): whoever knows the four numbers of a connection, and neither where it stands
 * nor what it carries, sends resets, SYNs and text at every place of the window and all over the sequence space. The
 * connection has no timestamps, so that nothing else protects it.
 */
#include "field.h"

static struct field *without_timestamps(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.timestamps = false;
    return field_new(&config);
}

/* The stream lives; the victim answered `answers` times at most, for it answers a connection twice a second. */
static void expect_unharmed(struct field *f, uint64_t before, uint64_t answers)
{
    assert_int_equal(weft_tcp_state(f->reader), WEFT_TCP_ESTABLISHED);
    assert_true(weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks) - before <= answers);
    expect_work_below(f, 600);
    field_run(f, WEFT_S);
    field_end(f);
}

/* R5961-3; R5961-7b: what the limit leaves unanswered is freed all the same. */
static void resets_at_every_place_of_the_window_but_its_edge_end_nothing(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);
    size_t in_use = field_in_use(f);
    uint32_t sent = 0;

    assert_true(f->window >= 32768);
    for (uint32_t at = 1; at < f->window; at++, sent++)
        attack_stream(f, SEGMENT(.flags = TCP_RST, .seq = stream_expected(f) + at));
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_tcp_challenge_rst), sent);
    assert_true(weft_counter(f->victim, WEFT_COUNT_tcp_answers_skipped) >= sent - 1);
    assert_int_equal(field_in_use(f), in_use);
    expect_unharmed(f, before, 1);
}

static void resets_all_over_the_sequence_space_end_nothing(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);
    uint32_t step = f->window / 2 - 1, from = stream_expected(f) + 1;

    for (uint64_t at = 0; at < UINT32_MAX - step; at += step)
        attack_stream(f, SEGMENT(.flags = TCP_RST, .seq = from + (uint32_t)at));
    assert_true(weft_drops(f->victim, WEFT_DROP_tcp_challenge_rst) <= 3);
    expect_unharmed(f, before, 1);
}

/* R5961-4 */
static void syns_anywhere_end_nothing(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);

    for (uint32_t at = 0; at < f->window; at += 7)
        attack_stream(f, SEGMENT(.flags = TCP_SYN, .seq = stream_expected(f) + at));
    for (uint32_t at = 0; at < 1 << 16; at++)
        attack_stream(f, SEGMENT(.flags = TCP_SYN, .seq = at << 16));
    expect_unharmed(f, before, 1);
}

/* R5961-5: without knowing what the victim sent, text is not taken, however right its place. */
static void text_with_a_guessed_acknowledgment_is_not_taken(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);

    for (uint32_t at = 0; at < f->window; at += 3)
        attack_stream(f, SEGMENT(.flags = TCP_ACK | TCP_PSH, .seq = stream_expected(f) + at,
                                 .ack = stream_next(f) + 1 + (uint32_t)rng_below(&f->rng, 1u << 31), .text = "evil",
                                 .len = 4));
    expect_unharmed(f, before, 1);
}

static void acknowledgments_of_what_was_never_sent_do_nothing(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);

    for (uint32_t ahead = 1; ahead < 1 << 16; ahead++)
        attack_stream(f, SEGMENT(.flags = TCP_ACK, .seq = stream_expected(f), .ack = stream_next(f) + ahead * 32000));
    expect_unharmed(f, before, 1);
}

static void fins_beyond_the_edge_do_not_end_the_stream(void **state)
{
    struct field *f = without_timestamps();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_challenge_acks);

    for (uint32_t at = 0; at < f->window; at += 5)
        attack_stream(f, SEGMENT(.flags = TCP_FIN | TCP_ACK, .seq = stream_expected(f) + at,
                                 .ack = stream_next(f) + 1 + at * 1000));
    expect_unharmed(f, before, 1);
}

/* So that the sweeps above mean something: the one reset that fits ends its connection. */
static void reset_at_the_very_edge_is_obeyed(void **state)
{
    struct field *f = without_timestamps();
    struct mallory m = mallory_connect(f, 5000, 1460, false, -1);

    attack_segment(f, SEGMENT(.src_port = 5000, .dst_port = SERVICE, .flags = TCP_RST, .seq = m.seq));
    assert_int_equal(weft_error(m.sock), WEFT_ECONNRESET);
    weft_close(m.sock);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resets_at_every_place_of_the_window_but_its_edge_end_nothing),
        cmocka_unit_test(resets_all_over_the_sequence_space_end_nothing),
        cmocka_unit_test(syns_anywhere_end_nothing),
        cmocka_unit_test(text_with_a_guessed_acknowledgment_is_not_taken),
        cmocka_unit_test(acknowledgments_of_what_was_never_sent_do_nothing),
        cmocka_unit_test(fins_beyond_the_edge_do_not_end_the_stream),
        cmocka_unit_test(reset_at_the_very_edge_is_obeyed),
    };

    return cmocka_run_group_tests_name("attack_blind", tests, NULL, NULL);
}
