/* SPDX-License-Identifier: MIT */
/* ICMP headers and the quotes inside errors (src/wire/icmpv4.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/icmpv4.h"

static struct icmpv4_header parsed(const uint8_t bytes[ICMPV4_HEADER])
{
    struct reader r = reader(bytes, ICMPV4_HEADER);
    struct icmpv4_header h;

    assert_true(icmpv4_parse(&r, &h));
    return h;
}

static void icmpv4_errors_are_the_five_types_that_carry_a_quote(void **state)
{
    for (unsigned type = 0; type < 256; type++)
        assert_int_equal(icmpv4_is_error((uint8_t)type),
                         type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

static void icmpv4_queries_carry_id_and_sequence(void **state)
{
    static const uint8_t types[] = {ICMPV4_ECHO, ICMPV4_ECHO_REPLY, ICMPV4_TIMESTAMP, ICMPV4_TIMESTAMP_REPLY};

    for (size_t i = 0; i < sizeof types; i++) {
        struct icmpv4_header h = parsed((uint8_t[]){types[i], 0, 0x12, 0x34, 0xab, 0xcd, 0x00, 0x07});

        assert_int_equal(h.type, types[i]);
        assert_int_equal(h.checksum, 0x1234);
        assert_int_equal(h.rest.echo.id, 0xabcd);
        assert_int_equal(h.rest.echo.seq, 7);
    }
}

static void icmpv4_unreachable_carries_the_next_hop_mtu(void **state)
{
    struct icmpv4_header h = parsed((uint8_t[]){3, 4, 0, 0, 0, 0, 0x05, 0x78});

    assert_int_equal(h.code, ICMPV4_FRAGMENTATION_NEEDED);
    assert_int_equal(h.rest.unreachable.next_hop_mtu, 1400);
}

static void icmpv4_other_types_keep_their_word(void **state)
{
    struct icmpv4_header h = parsed((uint8_t[]){5, 1, 0, 0, 10, 9, 0, 99});

    assert_int_equal(h.rest.word, 0x0a090063);
}

static void icmpv4_parse_refuses_seven_bytes(void **state)
{
    static const uint8_t bytes[ICMPV4_HEADER] = {8};
    struct reader r = reader(bytes, ICMPV4_HEADER - 1);
    struct icmpv4_header h;

    assert_false(icmpv4_parse(&r, &h));
}

static void icmpv4_emit_writes_what_parse_read_for_every_type(void **state)
{
    for (unsigned type = 0; type < 256; type++) {
        uint8_t in[ICMPV4_HEADER] = {(uint8_t)type, 1, 2, 3, 4, 5, 6, 7};
        uint8_t out[ICMPV4_HEADER];
        struct writer w = writer(out, sizeof out);
        struct icmpv4_header h = parsed(in);

        icmpv4_emit(&w, &h);
        assert_false(w.bad);
        assert_memory_equal(in, out, sizeof in);
    }
}

/* A datagram of 28 bytes or more as a router would quote it: checksum stale, the total length of the whole original. */
static void quote_make(uint8_t bytes[64], uint8_t first, uint16_t frag)
{
    static const uint8_t sample[28] = {0x45, 0,  0x05, 0xdc, 0, 1,  0, 0, 3, 17, 0xba, 0xad, 10, 9,
                                       0,    2,  10,   9,    9, 9,  1, 2, 3, 4,  5,    6,    7,  8};

    memset(bytes, 0, 64);
    memcpy(bytes, sample, sizeof sample);
    bytes[0] = first;
    poke_u16(bytes + 6, frag);
}

static void icmpv4_quote_gives_header_and_eight_bytes(void **state)
{
    static const uint8_t head[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t bytes[64];
    struct reader r = reader(bytes, 28);
    struct icmpv4_quote q;

    quote_make(bytes, 0x45, 0x4000);
    assert_true(icmpv4_quote_parse(&r, &q));
    assert_int_equal(q.ip.src, 0x0a090002);
    assert_int_equal(q.ip.dst, 0x0a090909);
    assert_int_equal(q.ip.total_len, 1500); /* longer than the quote, as it should be */
    assert_int_equal(q.ip.proto, IP_PROTO_UDP);
    assert_memory_equal(q.head, head, sizeof head);
}

static void icmpv4_quote_finds_the_eight_bytes_behind_options(void **state)
{
    static const uint8_t head[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    uint8_t bytes[64];
    struct reader r = reader(bytes, 60 + 4);
    struct icmpv4_quote q;

    quote_make(bytes, 0x4e, 0);
    memset(bytes + 56, 9, sizeof head);
    assert_true(icmpv4_quote_parse(&r, &q));
    assert_int_equal(q.ip.header_len, 56);
    assert_memory_equal(q.head, head, sizeof head);
}

static void icmpv4_quote_is_refused_when_it_cannot_name_an_endpoint(void **state)
{
    static const struct {
        uint8_t first;
        uint16_t frag;
        size_t n;
    } cases[] = {
        {0x45, 0, 27}, {0x45, 0, 20}, {0x45, 0, 19}, {0x45, 0, 0}, /* short */
        {0x46, 0, 31},                                             /* short behind options */
        {0x65, 0, 28}, {0x05, 0, 28},                              /* version */
        {0x44, 0, 28}, {0x40, 0, 28},                              /* header length */
        {0x45, 1, 28}, {0x45, 0x3fff, 28},                         /* a later fragment */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[64];
        struct reader r = reader(bytes, cases[i].n);
        struct icmpv4_quote q;

        quote_make(bytes, cases[i].first, cases[i].frag);
        assert_false(icmpv4_quote_parse(&r, &q));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icmpv4_errors_are_the_five_types_that_carry_a_quote),
        cmocka_unit_test(icmpv4_queries_carry_id_and_sequence),
        cmocka_unit_test(icmpv4_unreachable_carries_the_next_hop_mtu),
        cmocka_unit_test(icmpv4_other_types_keep_their_word),
        cmocka_unit_test(icmpv4_parse_refuses_seven_bytes),
        cmocka_unit_test(icmpv4_emit_writes_what_parse_read_for_every_type),
        cmocka_unit_test(icmpv4_quote_gives_header_and_eight_bytes),
        cmocka_unit_test(icmpv4_quote_finds_the_eight_bytes_behind_options),
        cmocka_unit_test(icmpv4_quote_is_refused_when_it_cannot_name_an_endpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
