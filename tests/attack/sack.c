/* SPDX-License-Identifier: MIT */
/*
 * A receiver who lies about what he has (CVE-2019-11477 to -11479): a segment size as small as he may ask for, a full
 * send queue, and SACK blocks all over it, in every acknowledgment others. The scoreboard is bounded, so is the work for
 * an acknowledgment, and when he acknowledges all of it the queue is empty.
 */
#include "field.h"

#include "weft/tcp_info.h"

#define QUEUE (1 << 20)
#define ACKS  20000

static uint32_t fill_queue(struct mallory *m)
{
    static const uint8_t text[65536];
    uint32_t queued = 0;
    int64_t n;

    while (queued < QUEUE && (n = weft_send(m->sock, text, sizeof text, 0)) > 0)
        queued += (uint32_t)n;
    return queued;
}

static uint32_t in_flight(struct field *f, struct caught *c, const struct mallory *m)
{
    uint32_t end = m->ack;

    while (attack_take(f, c))
        if (c->text_len && (int32_t)(c->tcp.seq.v + c->text_len - end) > 0)
            end = c->tcp.seq.v + (uint32_t)c->text_len;
    return end - m->ack;
}

static struct tcp_sack_block block(struct field *f, const struct mallory *m, uint32_t flight)
{
    uint32_t at = (uint32_t)rng_below(&f->rng, flight), n = 1 + (uint32_t)rng_below(&f->rng, 5000);

    return (struct tcp_sack_block){seq(m->ack + at), seq(m->ack + (at + n < flight ? at + n : flight))};
}

static uint32_t sacked(const struct mallory *m)
{
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(m->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    return info.tcpi_sacked;
}

static void lie(struct field *f, const struct mallory *m, uint32_t flight)
{
    struct segment s = {.options = {.n_sack = 3}};

    for (int i = 0; i < 3; i++)
        s.options.sack[i] = block(f, m, flight);
    mallory_send(f, m, &s);
}

static void acknowledge_all(struct field *f, struct caught *c, struct mallory *m, uint32_t queued)
{
    uint32_t end = m->ack + queued;

    for (int i = 0; i < 20000 && m->ack != end; i++) {
        field_run(f, WEFT_MS);
        m->ack += in_flight(f, c, m);
        mallory_send(f, m, SEGMENT(0));
    }
    assert_int_equal(m->ack, end);
    assert_int_equal(weft_unsent(m->sock), 0);
}

static void lies_with_mss(uint16_t mss)
{
    struct weft_config config;
    struct caught *c = malloc(sizeof *c);
    struct mallory m;
    struct field *f;
    uint32_t queued, flight, most = 0;
    size_t full;

    weft_config_default(&config);
    config.tcp.initial_window = 1000;
    config.tcp.send_buffer = config.tcp.send_buffer_max = 4 * QUEUE;
    f = field_new(&config);
    m = mallory_connect(f, 5000, mss, true, 14);
    mallory_send(f, &m, SEGMENT(0)); /* the window, scaled */
    queued = fill_queue(&m);
    flight = in_flight(f, c, &m);
    assert_true(flight > 100 * 48);
    full = field_memory(f);
    for (int i = 0; i < ACKS; i++) {
        lie(f, &m, flight);
        if (i % 100 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
        most = sacked(&m) > most ? sacked(&m) : most;
    }
    assert_true(most > flight / 5000);

    assert_true(field_memory(f) <= full + 2 * QUEUE);
    expect_work_below(f, 10000);
    acknowledge_all(f, c, &m, queued);
    weft_abort(m.sock);
    field_end(f);
    free(c);
}

static void small_segments_and_sack_blocks_everywhere(void **state)
{
    static const uint16_t mss[] = {1, 8, 48, 88, 216, 536, 1460};

    for (size_t i = 0; i < ARRAY_LEN(mss); i++)
        lies_with_mss(mss[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_segments_and_sack_blocks_everywhere),
    };

    return cmocka_run_group_tests_name("attack_sack", tests, NULL, NULL);
}
