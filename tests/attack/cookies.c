/* SPDX-License-Identifier: MIT */
/*
 * SYN cookies under fire (RFC 4987): a flood of acknowledgments that carry no cookie of ours, and one that carries an
 * old one. None becomes a connection, each costs little, and nothing is kept.
 */
#include "field.h"

#define GUESSES (1 << 18)

static struct field *always_cookies(void)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.syncookies = 2;
    return field_new(&config);
}

/* The cookie that the victim sends to this port. */
static uint32_t cookie(struct field *f, uint16_t port, uint32_t iss)
{
    struct caught *c = malloc(sizeof *c);
    uint32_t it;

    attack_drain(f);
    attack_segment(f, SEGMENT(.src_port = port, .dst_port = SERVICE, .seq = iss, .flags = TCP_SYN,
                              .options = {.mss = 1460}));
    assert_true(attack_take(f, c));
    it = c->tcp.seq.v;
    free(c);
    return it;
}

static bool opens(struct field *f, uint16_t port, uint32_t iss, uint32_t it)
{
    weft_sock *sock;

    attack_segment(f, SEGMENT(.src_port = port, .dst_port = SERVICE, .seq = iss + 1, .ack = it + 1, .flags = TCP_ACK));
    attack_drain(f);
    sock = weft_accept(f->service, NULL, NULL);
    if (sock)
        weft_abort(sock);
    return sock;
}

/* R4987-2: each guess succeeds with a chance of 2^-28 (two time slots, eight sizes); this seed's 2^18 do not. */
static void guessed_cookies_open_nothing(void **state)
{
    struct field *f = always_cookies();
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens);
    size_t memory;

    cookie(f, 4999, 1);
    memory = field_memory(f);
    for (uint32_t i = 0; i < GUESSES; i++) {
        attack_segment(f, SEGMENT(.src = 0x0a420100 + i % 7, .src_port = 5000, .dst_port = SERVICE, .seq = i,
                                  .ack = (uint32_t)rng_u64(&f->rng), .flags = TCP_ACK));
        if (i % 1000 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens), before);
    assert_true(field_memory(f) <= memory + 65536);
    expect_work_below(f, 1200);
    field_end(f);
}

static void cookie_is_good_once_it_is_right_and_for_a_while(void **state)
{
    struct field *f = always_cookies();
    uint32_t it = cookie(f, 5000, 100), other = cookie(f, 5001, 100);

    assert_false(opens(f, 5000, 100, it ^ 1 << 20));
    assert_false(opens(f, 5000, 100, other));
    assert_false(opens(f, 5002, 100, it));
    assert_true(opens(f, 5000, 100, it));
    field_run(f, 180 * WEFT_S);
    assert_false(opens(f, 5001, 100, other));
    field_end(f);
}

/* Without a flood lately there are no cookies to bring back, not even one that was made for another listener. */
static void without_an_overflow_no_cookie_is_good(void **state)
{
    struct field *f = field_new(NULL);
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens);

    for (uint32_t i = 0; i < 1 << 14; i++) {
        attack_segment(f, SEGMENT(.src_port = 5000, .dst_port = SERVICE, .seq = i, .ack = (uint32_t)rng_u64(&f->rng),
                                  .flags = TCP_ACK));
        attack_drain(f);
    }
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_tcp_cookie_failed), 0);
    assert_true(weft_drops(f->victim, WEFT_DROP_tcp_listen_ack) >= 1 << 14);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_tcp_passive_opens), before);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guessed_cookies_open_nothing),
        cmocka_unit_test(cookie_is_good_once_it_is_right_and_for_a_while),
        cmocka_unit_test(without_an_overflow_no_cookie_is_good),
    };

    return cmocka_run_group_tests_name("attack_cookies", tests, NULL, NULL);
}
