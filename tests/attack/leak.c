/* SPDX-License-Identifier: MIT */
/*
 * What was in memory before does not leave on the wire ("EtherLeak", CVE-2003-0001): the harness fills fresh memory with
 * 0xa5, and no packet of any kind that the victim makes has two such bytes in a row.
 */
#include "field.h"

static size_t expect_clean(struct field *f)
{
    struct caught *c = malloc(sizeof *c);
    size_t n = 0;

    while (attack_take(f, c)) {
        for (size_t i = 1; i < c->len; i++)
            if (c->bytes[i] == 0xa5 && c->bytes[i - 1] == 0xa5)
                fail_msg("byte %zu of a packet of %zu was never written", i, c->len);
        n++;
    }
    free(c);
    return n;
}

/* Every combination of options, so that each length of padding occurs. */
static void answers_to_syns_are_written_whole(void **state)
{
    struct field *f = field_new(NULL);
    size_t answers = 0;

    for (unsigned bits = 0; bits < 16; bits++) {
        struct tcp_options o = {.mss = bits & 1 ? 1460 : 0, .sack_permitted = bits & 2, .has_ts = bits & 4,
                                .ts_val = 1, .wscale = 3};

        attack_segment(f, SEGMENT(.src_port = (uint16_t)(5000 + bits), .dst_port = SERVICE, .seq = 1,
                                  .flags = TCP_SYN, .options = o, .scaled = bits & 8));
        attack_segment(f, SEGMENT(.src_port = (uint16_t)(5000 + bits), .dst_port = 4711, .seq = 1, .flags = TCP_SYN,
                                  .options = o, .scaled = bits & 8));
        answers += expect_clean(f);
    }
    assert_int_equal(answers, 32);
    field_run(f, WEFT_S);
    field_end(f);
}

static void sack_blocks_and_text_are_written_whole(void **state)
{
    static const uint8_t text[3000];
    struct field *f = field_new(NULL);
    struct mallory m = mallory_connect(f, 5000, 1460, true, 7);

    for (uint32_t at = 1; at < 20; at += 2)
        mallory_send(f, &m, SEGMENT(.seq = m.seq + at * 100, .text = text, .len = 50));
    for (size_t n = 1; n < sizeof text; n += 611) {
        assert_int_equal(weft_send(m.sock, text, n, 0), n);
        assert_true(expect_clean(f) > 0);
        m.ack += (uint32_t)n;
        mallory_send(f, &m, SEGMENT(0));
    }
    weft_abort(m.sock);
    field_run(f, WEFT_S);
    field_end(f);
}

/* Echoes of each length up to more than a frame, and errors about datagrams as short as may be. */
static void icmp_is_written_whole(void **state)
{
    struct weft_config config;
    struct field *f;
    uint8_t message[3000] = {ICMPV4_ECHO};

    weft_config_default(&config);
    config.icmp_error_interval = 0; /* all errors go to one */
    f = field_new(&config);
    for (size_t n = ICMPV4_HEADER; n < sizeof message; n += n < 80 ? 1 : 97) {
        poke_u16(message + 2, 0);
        poke_u16(message + 2, csum(message, n));
        attack_datagram(f, (struct ipv4_header){.src = ATTACKER, .dst = FRONT, .proto = IP_PROTO_ICMP}, message, n);
        assert_true(expect_clean(f) > 0);
        field_run(f, 10 * WEFT_MS);
    }
    for (size_t n = 0; n < 40; n++) {
        attack_datagram(f, (struct ipv4_header){.src = ATTACKER, .dst = FRONT, .proto = 200}, message, n);
        assert_int_equal(expect_clean(f), 1);
        field_run(f, 10 * WEFT_MS);
    }
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_to_syns_are_written_whole),
        cmocka_unit_test(sack_blocks_and_text_are_written_whole),
        cmocka_unit_test(icmp_is_written_whole),
    };

    return cmocka_run_group_tests_name("attack_leak", tests, NULL, NULL);
}
