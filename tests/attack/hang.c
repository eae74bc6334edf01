/* SPDX-License-Identifier: MIT */
/*
 * Peers who hang on (Sockstress, CVE-2008-4609; RFC 6429): they shut their window for ever, read a byte at a time, never
 * send their FIN or never acknowledge ours. Once the user has left, each of them is given up in time, and all that was
 * kept for them comes back.
 */
#include "field.h"

#define MANY 500
#define SEND_BUFFER 16384
#define LAST_CHUNK  32768

/* Lets so long pass without a word of theirs; what is sent to them is lost. */
static void silence(struct field *f, weft_time span)
{
    for (weft_time passed = 0; passed < span; passed += WEFT_S) {
        field_run(f, WEFT_S);
        attack_drain(f);
    }
}

/* How all of these end: nobody left, nothing kept. */
static void expect_gone(struct field *f, size_t before)
{
    assert_int_equal(field_connections(f, SERVICE), 0);
    assert_true(field_in_use(f) <= before + 8192); /* a spare page of the table of ports, one of rooms */
    field_end(f);
}

/* A victim who gives up orphans after four tries. */
static struct field *impatient(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.orphan_retries = 4;
    return field_new(&config);
}

static void answer_then_close(struct mallory *m, size_t n)
{
    static const uint8_t text[65536];

    assert_true(weft_send(m->sock, text, n, 0) > 0);
    weft_close(m->sock);
}

/* R6429-1. Sockstress: the window is shut from the first, and the user has closed. */
static void orphans_before_a_shut_window_are_given_up(void **state)
{
    struct field *f = impatient();
    size_t before = field_in_use(f);

    for (uint16_t i = 0; i < MANY; i++) {
        struct mallory m = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);

        mallory_send(f, &m, SEGMENT(.shut = true));
        answer_then_close(&m, 10000);
    }
    silence(f, 120 * WEFT_S);
    expect_gone(f, before);
}

static void peers_who_never_send_their_fin_are_given_up(void **state)
{
    struct field *f = field_new(NULL);
    size_t before = field_in_use(f);

    for (uint16_t i = 0; i < MANY; i++) {
        struct mallory m = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);

        weft_close(m.sock);
        assert_int_equal(attack_drain(f), 1);
        m.ack++;
        mallory_send(f, &m, SEGMENT(0)); /* FIN-WAIT-2 */
    }
    assert_int_equal(field_connections(f, SERVICE), MANY);
    silence(f, 62 * WEFT_S);
    expect_gone(f, before);
}

static void peers_who_never_acknowledge_our_fin_are_given_up(void **state)
{
    struct field *f = impatient();
    size_t before = field_in_use(f);

    for (uint16_t i = 0; i < MANY; i++) {
        struct mallory m = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);

        mallory_send(f, &m, SEGMENT(.flags = TCP_FIN));
        weft_close(m.sock); /* LAST-ACK */
    }
    silence(f, 120 * WEFT_S);
    expect_gone(f, before);
}

/* There are never more of them than max_orphans. */
static void orphans_are_limited_in_number(void **state)
{
    struct weft_config config;
    struct field *f;

    weft_config_default(&config);
    config.tcp.max_orphans = 50;
    f = field_new(&config);
    for (uint16_t i = 0; i < MANY; i++) {
        struct mallory m = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);

        mallory_send(f, &m, SEGMENT(.shut = true));
        answer_then_close(&m, 10000);
    }
    assert_true(field_connections(f, SERVICE) <= 50);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_orphans_reset), MANY - 50);
    field_run(f, WEFT_S);
    field_end(f);
}

/* Slow read: the user is still there, and what he may queue is bounded: his send buffer, and the chunk that a write
 * filled because it could begin it (half of the largest window, sndbuf.h). */
static void slow_readers_hold_a_send_buffer_and_a_chunk_at_most(void **state)
{
    static const uint8_t text[1 << 20];
    struct weft_config config;
    struct field *f;
    size_t before;

    weft_config_default(&config);
    config.tcp.send_buffer = config.tcp.send_buffer_max = SEND_BUFFER;
    f = field_new(&config);
    before = field_in_use(f);
    for (uint16_t i = 0; i < MANY; i++) {
        struct mallory m = mallory_connect(f, (uint16_t)(5000 + i), 1460, true, -1);

        mallory_send(f, &m, SEGMENT(.shut = true)); /* only so is it made smaller without news */
        mallory_send(f, &m, SEGMENT(.window = 1));
        while (weft_send(m.sock, text, sizeof text, 0) > 0)
            ;
    }
    assert_true(field_in_use(f) - before <= MANY * (SEND_BUFFER + LAST_CHUNK));
    silence(f, 10 * WEFT_S);
    assert_true(field_in_use(f) - before <= MANY * (SEND_BUFFER + LAST_CHUNK));
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orphans_before_a_shut_window_are_given_up),
        cmocka_unit_test(peers_who_never_send_their_fin_are_given_up),
        cmocka_unit_test(peers_who_never_acknowledge_our_fin_are_given_up),
        cmocka_unit_test(orphans_are_limited_in_number),
        cmocka_unit_test(slow_readers_hold_a_send_buffer_and_a_chunk_at_most),
    };

    return cmocka_run_group_tests_name("attack_hang", tests, NULL, NULL);
}
