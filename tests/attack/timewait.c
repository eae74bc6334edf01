/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT assassinated and exhausted (RFC 1337, RFC 5961): resets and old segments at every place do not end the stay,
 * and connections closed by the hundred thousand keep no more than max_time_wait records, a few tens of bytes each.
 */
#include "field.h"

/* The victim closes first. */
static struct mallory into_time_wait(struct field *f, uint16_t port)
{
    struct mallory m = mallory_connect(f, port, 1460, false, -1);

    weft_close(m.sock);
    attack_drain(f);
    m.ack++;
    mallory_send(f, &m, SEGMENT(.flags = TCP_FIN));
    m.seq++;
    attack_drain(f);
    return m;
}

/* Sends segments with these flags around RCV.NXT; returns how many of them were answered. */
static size_t sweep(struct field *f, const struct mallory *m, uint16_t flags)
{
    size_t answers = 0;

    for (uint32_t at = 0; at < 1 << 17; at += 5) {
        attack_segment(f, SEGMENT(.src_port = m->port, .dst_port = SERVICE, .flags = flags, .seq = m->seq - 65536 + at,
                                  .ack = m->ack));
        answers += attack_drain(f);
    }
    return answers;
}

/* R1337-1. What has text or a FIN is answered one for one, as on Linux: that is no loop. Nothing else is, but once. */
static void resets_and_old_segments_do_not_end_the_stay(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = into_time_wait(f, 5000);

    assert_int_equal(field_time_waits(f), 1);
    assert_int_equal(sweep(f, &m, TCP_RST), 0);
    assert_int_equal(sweep(f, &m, TCP_RST | TCP_ACK), 0);
    assert_int_equal(sweep(f, &m, 0), 1);
    assert_int_equal(sweep(f, &m, TCP_ACK), 0); /* within the same half second */
    assert_int_equal(sweep(f, &m, TCP_SYN | TCP_ACK), 0);
    assert_true(sweep(f, &m, TCP_FIN | TCP_ACK) <= (1 << 17) / 5 + 1);
    assert_int_equal(field_time_waits(f), 1);
    expect_work_below(f, 1500);
    field_run(f, WEFT_S);
    field_end(f);
}

static void records_are_limited_in_number_and_small(void **state)
{
    struct weft_config config;
    struct field *f;
    size_t before;

    weft_config_default(&config);
    config.tcp.max_time_wait = 1000;
    f = field_new(&config);
    before = field_in_use(f);
    for (unsigned i = 0; i < 5000; i++)
        into_time_wait(f, (uint16_t)(1024 + i));
    assert_int_equal(field_time_waits(f), 1000);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_time_wait_evicted), 4000);
    assert_true(field_in_use(f) - before <= 1000 * 96);
    field_run(f, 61 * WEFT_S);
    assert_int_equal(field_time_waits(f), 0);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resets_and_old_segments_do_not_end_the_stay),
        cmocka_unit_test(records_are_limited_in_number_and_small),
    };

    return cmocka_run_group_tests_name("attack_timewait", tests, NULL, NULL);
}
