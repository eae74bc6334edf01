/* SPDX-License-Identifier: MIT */
/* IPv4 headers, their options, the pseudo-header, address predicates (src/wire/ipv4.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/ipv4.h"

/* The header of a 60-byte TCP datagram; its checksum b1e6 is the well-known worked example of 172.16.10.99. */
static const uint8_t sample[60] = {
    0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0xb1, 0xe6,
    0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c,
};

/* Mends the checksum of the header at p. */
static void mend(uint8_t *p)
{
    poke_u16(p + 10, 0);
    poke_u16(p + 10, csum(p, (size_t)(p[0] & 15) * 4));
}

static enum ipv4_verdict verdict(const uint8_t *p, size_t seen, size_t available)
{
    struct reader r = reader(p, seen);
    struct ipv4_header h;

    return ipv4_parse(&r, available, &h);
}

static void ipv4_parse_reads_the_fields_and_stops_at_the_payload(void **state)
{
    struct reader r = reader(sample, sizeof sample);
    struct ipv4_header h;

    assert_int_equal(ipv4_parse(&r, sizeof sample, &h), IPV4_OK);
    assert_int_equal(h.header_len, 20);
    assert_int_equal(h.tos, 0);
    assert_int_equal(h.total_len, 60);
    assert_int_equal(h.id, 0x1c46);
    assert_true(h.df);
    assert_false(h.mf);
    assert_int_equal(h.frag_offset, 0);
    assert_int_equal(h.ttl, 64);
    assert_int_equal(h.proto, IP_PROTO_TCP);
    assert_int_equal(h.checksum, 0xb1e6);
    assert_int_equal(h.src, 0xac100a63);
    assert_int_equal(h.dst, 0xac100a0c);
    assert_null(h.options);
    assert_ptr_equal(r.p, sample + 20);
}

static void ipv4_emit_computes_the_known_checksum(void **state)
{
    uint8_t out[20];
    struct writer w = writer(out, sizeof out);
    struct ipv4_header h = {.header_len = 20, .total_len = 60, .id = 0x1c46, .df = true, .ttl = 64,
                            .proto = IP_PROTO_TCP, .checksum = 0xdead, .src = 0xac100a63, .dst = 0xac100a0c};

    ipv4_emit(&w, &h);
    assert_false(w.bad);
    assert_memory_equal(out, sample, sizeof out);
}

static void ipv4_fragment_fields_survive_emit_and_parse(void **state)
{
    static const struct {
        bool df, mf;
        uint16_t offset;
    } cases[] = {{false, true, 0}, {false, true, 1480}, {false, false, 65528}, {true, false, 0}, {true, true, 8}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[20];
        struct writer w = writer(bytes, sizeof bytes);
        struct reader r = reader(bytes, sizeof bytes);
        struct ipv4_header h = {.header_len = 20, .total_len = 20, .df = cases[i].df, .mf = cases[i].mf,
                                .frag_offset = cases[i].offset};

        ipv4_emit(&w, &h);
        memset(&h, 0xee, sizeof h);
        assert_int_equal(ipv4_parse(&r, sizeof bytes, &h), IPV4_OK);
        assert_int_equal(h.df, cases[i].df);
        assert_int_equal(h.mf, cases[i].mf);
        assert_int_equal(h.frag_offset, cases[i].offset);
    }
}

static void ipv4_parse_ignores_the_reserved_flag(void **state)
{
    uint8_t bytes[60];
    struct reader r = reader(bytes, sizeof bytes);
    struct ipv4_header h;

    memcpy(bytes, sample, sizeof bytes);
    bytes[6] = 0x80;
    mend(bytes);
    assert_int_equal(ipv4_parse(&r, sizeof bytes, &h), IPV4_OK);
    assert_int_equal(h.frag_offset, 0);
    assert_false(h.df || h.mf);
}

static void ipv4_parse_names_what_is_wrong(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum ipv4_verdict verdict;
    } cases[] = {
        {0, 0x65, IPV4_BAD_VERSION},    {0, 0x05, IPV4_BAD_VERSION},    {0, 0x44, IPV4_BAD_HEADER_LEN},
        {0, 0x40, IPV4_BAD_HEADER_LEN}, {3, 0, IPV4_BAD_TOTAL_LEN},     {3, 19, IPV4_BAD_TOTAL_LEN},
        {3, 20, IPV4_OK},               {3, 61, IPV4_BAD_TOTAL_LEN},    {2, 255, IPV4_BAD_TOTAL_LEN},
        {3, 59, IPV4_OK},               {0, 0x4f, IPV4_OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[60];

        memcpy(bytes, sample, sizeof bytes);
        bytes[cases[i].at] = cases[i].value;
        mend(bytes);
        assert_int_equal(verdict(bytes, sizeof bytes, sizeof bytes), cases[i].verdict);
    }
}

static void ipv4_parse_refuses_a_header_that_the_packet_does_not_hold(void **state)
{
    uint8_t bytes[60];

    memcpy(bytes, sample, sizeof bytes);
    bytes[0] = 0x4f;
    mend(bytes);
    assert_int_equal(verdict(bytes, 59, 59), IPV4_BAD_HEADER_LEN);
    assert_int_equal(verdict(bytes, 19, 60), IPV4_SHORT);
    assert_int_equal(verdict(bytes, 59, 60), IPV4_SHORT); /* it is there, but not where a parser may look */
}

static void ipv4_parse_judges_the_total_length_by_the_whole_packet_not_by_the_linear_part(void **state)
{
    assert_int_equal(verdict(sample, 20, 60), IPV4_OK);
    assert_int_equal(verdict(sample, 20, 59), IPV4_BAD_TOTAL_LEN);
}

static void ipv4_parse_sees_every_flipped_bit_of_the_addresses_and_the_checksum(void **state)
{
    for (size_t bit = 10 * 8; bit < 20 * 8; bit++) {
        uint8_t bytes[60];

        memcpy(bytes, sample, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verdict(bytes, sizeof bytes, sizeof bytes), IPV4_BAD_CHECKSUM);
    }
}

/* A header with these options behind it, ended by EOL. Returns its length. */
static size_t with_options(uint8_t bytes[60], const uint8_t *options, size_t n)
{
    size_t len = 20 + (n + 3) / 4 * 4;

    memset(bytes, 0, 60);
    memcpy(bytes, sample, 20);
    memcpy(bytes + 20, options, n);
    bytes[0] = (uint8_t)(0x40 | len / 4);
    mend(bytes);
    return len;
}

/* Whichever bit is changed, with a sum that is right for that and with one that is not. */
static void ipv4_is_plain_where_parse_finds_nothing_to_ask_about(void **state)
{
    for (size_t bit = 0; bit <= 8 * IPV4_HEADER; bit++)
        for (int mended = 0; mended < 2; mended++) {
            uint8_t bytes[sizeof sample];
            struct reader r = reader(bytes, sizeof bytes);
            struct ipv4_header h;
            bool plain;

            memcpy(bytes, sample, sizeof bytes);
            if (bit < 8 * IPV4_HEADER)
                bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (mended)
                mend(bytes);
            plain = ipv4_parse(&r, sizeof bytes, &h) == IPV4_OK && !h.options && !h.mf && h.frag_offset == 0 &&
                    h.total_len == sizeof bytes;
            assert_int_equal(ipv4_is_plain(bytes, sizeof bytes), plain);
        }
}

/* A run that is summed as a number says what the sum of its bytes says, however long it is. */
static void wire_sum_is_the_sum_of_the_bytes(void **state)
{
    uint8_t bytes[70];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 59 + 3);
    for (size_t n = 0; n <= sizeof bytes; n++)
        assert_int_equal((uint16_t)~csum_half(wire_sum(bytes, n)), csum(bytes, n));
}

static void an_address_is_the_number_that_makes_it(void **state)
{
    struct weft_ip ip = weft_ipv4(0x0a0b0c0d);

    assert_true(ip_eq_v4(&ip, 0x0a0b0c0d));
    for (size_t i = 0; i < sizeof ip.b; i++) {
        ip.b[i] ^= 1;
        assert_false(ip_eq_v4(&ip, 0x0a0b0c0d));
        ip.b[i] ^= 1;
    }
}

static void ipv4_parse_lends_the_options_and_stops_behind_them(void **state)
{
    static const uint8_t router_alert[4] = {0x94, 4, 0, 0};
    uint8_t bytes[60];
    struct reader r = reader(bytes, sizeof bytes);
    struct ipv4_header h;

    with_options(bytes, router_alert, sizeof router_alert);
    assert_int_equal(ipv4_parse(&r, sizeof bytes, &h), IPV4_OK);
    assert_int_equal(h.header_len, 24);
    assert_ptr_equal(h.options, bytes + 20);
    assert_ptr_equal(r.p, bytes + 24);
}

static void ipv4_emit_writes_options_that_parse_read(void **state)
{
    static const uint8_t router_alert[4] = {0x94, 4, 0, 0};
    uint8_t bytes[60];
    uint8_t out[24];
    struct reader r = reader(bytes, sizeof bytes);
    struct writer w = writer(out, sizeof out);
    struct ipv4_header h;

    with_options(bytes, router_alert, sizeof router_alert);
    assert_int_equal(ipv4_parse(&r, sizeof bytes, &h), IPV4_OK);
    ipv4_emit(&w, &h);
    assert_memory_equal(out, bytes, sizeof out);
}

static void ipv4_options_are_judged_by_their_lengths(void **state)
{
    static const struct {
        uint8_t bytes[8];
        size_t n;
        enum ipv4_verdict verdict;
    } cases[] = {
        {{1, 1, 1, 0}, 4, IPV4_OK},                /* fillers */
        {{0, 7, 7, 7}, 4, IPV4_OK},                /* nothing counts behind an end of list */
        {{7, 7, 4, 1, 2, 3, 4, 0}, 8, IPV4_OK},    /* record route */
        {{222, 4, 1, 2}, 4, IPV4_OK},              /* unknown: skipped by its length */
        {{222, 2, 1, 0}, 4, IPV4_OK},              /* the smallest length there is */
        {{7, 0, 0, 0}, 4, IPV4_BAD_OPTION},        /* length 0 would loop for ever */
        {{7, 1, 0, 0}, 4, IPV4_BAD_OPTION},
        {{7, 5, 0, 0}, 4, IPV4_BAD_OPTION},        /* past the header */
        {{7, 255, 0, 0}, 4, IPV4_BAD_OPTION},
        {{1, 1, 1, 7}, 4, IPV4_BAD_OPTION},        /* no room for a length */
        {{131, 7, 4, 10, 9, 0, 1, 0}, 8, IPV4_SOURCE_ROUTE},
        {{137, 7, 4, 10, 9, 0, 1, 0}, 8, IPV4_SOURCE_ROUTE},
        {{131, 3, 4, 137, 3, 4, 1, 1}, 8, IPV4_SOURCE_ROUTE},
        {{131, 3, 4, 7, 9, 4, 1, 1}, 8, IPV4_BAD_OPTION}, /* unsound goes before unwanted */
        {{0, 131, 3, 4}, 4, IPV4_OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[60];

        with_options(bytes, cases[i].bytes, cases[i].n);
        assert_int_equal(verdict(bytes, sizeof bytes, sizeof bytes), cases[i].verdict);
    }
}

static void ipv4_read_takes_a_quote_that_parse_would_refuse(void **state)
{
    uint8_t bytes[20];
    struct reader r = reader(bytes, sizeof bytes);
    struct ipv4_header h;

    memcpy(bytes, sample, sizeof bytes);
    bytes[10] ^= 0xff; /* routers change the TTL after the sum */
    assert_true(ipv4_read(&r, &h));
    assert_int_equal(h.total_len, 60);
    r = reader(bytes, 19);
    assert_false(ipv4_read(&r, &h));
    bytes[0] = 0x46; /* an option that is not there */
    r = reader(bytes, sizeof bytes);
    assert_false(ipv4_read(&r, &h));
}

static void pseudo_header_of_ipv4_is_its_twelve_bytes(void **state)
{
    static const uint8_t bytes[12] = {172, 16, 10, 99, 255, 255, 255, 255, 0, 17, 0x12, 0x35};
    struct weft_ip src = weft_ipv4(0xac100a63);
    struct weft_ip dst = weft_ipv4(0xffffffff);
    struct csum c = {0};

    ip_pseudo_header(&c, &src, &dst, IP_PROTO_UDP, 0x1235);
    assert_int_equal(csum_fold(&c), csum(bytes, sizeof bytes));
}

static void pseudo_header_of_ipv6_is_its_forty_bytes(void **state)
{
    struct weft_ip src = {{0xfe, 0x80, [8] = 1, 2, 3, 4, 5, 6, 7, 9}};
    struct weft_ip dst = {{0xff, 0x02, [15] = 1}};
    uint8_t bytes[40] = {0};
    struct csum c = {0};

    memcpy(bytes, src.b, 16);
    memcpy(bytes + 16, dst.b, 16);
    memcpy(bytes + 32, (const uint8_t[]){0, 1, 0x86, 0xa3, 0, 0, 0, 6}, 8); /* longer than 65,535: RFC 2675 */
    ip_pseudo_header(&c, &src, &dst, IP_PROTO_TCP, 100003);
    assert_int_equal(csum_fold(&c), csum(bytes, sizeof bytes));
}

static void pseudo_header_and_segment_of_odd_length_sum_to_zero(void **state)
{
    static const uint8_t datagram[9] = {0x84, 0xdc, 0, 7, 0, 9, 0xc1, 0xe3, 0xa5};
    struct weft_ip src = weft_ipv4(0x0a090002);
    struct weft_ip dst = weft_ipv4(0x0a090001);
    struct csum c = {0};

    ip_pseudo_header(&c, &src, &dst, IP_PROTO_UDP, sizeof datagram);
    csum_add(&c, datagram, sizeof datagram);
    assert_int_equal(csum_fold(&c), 0);
}

static void address_predicates_hold_for_both_families(void **state)
{
    static const struct {
        struct weft_ip ip;
        bool v4, any, multicast, loopback, broadcast;
    } cases[] = {
        {{{0}}, .any = true},
        {{{[15] = 1}}, .loopback = true},
        {{{[15] = 2}}, .any = false},
        {{{0xff, 0x02, [15] = 1}}, .multicast = true},
        {{{0xfe, 0x80, [15] = 1}}, .multicast = false},
        {{{[10] = 0xff, 0xff, 0, 0, 0, 0}}, .v4 = true, .any = true},
        {{{[10] = 0xff, 0xff, 127, 0, 0, 1}}, .v4 = true, .loopback = true},
        {{{[10] = 0xff, 0xff, 127, 255, 3, 4}}, .v4 = true, .loopback = true},
        {{{[10] = 0xff, 0xff, 128, 0, 0, 1}}, .v4 = true},
        {{{[10] = 0xff, 0xff, 223, 255, 255, 255}}, .v4 = true},
        {{{[10] = 0xff, 0xff, 224, 0, 0, 1}}, .v4 = true, .multicast = true},
        {{{[10] = 0xff, 0xff, 239, 255, 255, 255}}, .v4 = true, .multicast = true},
        {{{[10] = 0xff, 0xff, 240, 0, 0, 0}}, .v4 = true},
        {{{[10] = 0xff, 0xff, 255, 255, 255, 254}}, .v4 = true},
        {{{[10] = 0xff, 0xff, 255, 255, 255, 255}}, .v4 = true, .broadcast = true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ip_is_v4(&cases[i].ip), cases[i].v4);
        assert_int_equal(ip_is_any(&cases[i].ip), cases[i].any);
        assert_int_equal(ip_is_multicast(&cases[i].ip), cases[i].multicast);
        assert_int_equal(ip_is_loopback(&cases[i].ip), cases[i].loopback);
        assert_int_equal(ip_is_limited_broadcast(&cases[i].ip), cases[i].broadcast);
    }
}

static void prefix_match_compares_exactly_so_many_bits(void **state)
{
    struct weft_ip a = weft_ipv4(0x0a090002);

    for (unsigned bit = 0; bit < 128; bit++) {
        struct weft_ip b = a;

        b.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_true(ip_prefix_match(&a, &b, bit));
        assert_false(ip_prefix_match(&a, &b, bit + 1));
    }
    assert_true(ip_prefix_match(&a, &a, 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_parse_reads_the_fields_and_stops_at_the_payload),
        cmocka_unit_test(ipv4_emit_computes_the_known_checksum),
        cmocka_unit_test(ipv4_fragment_fields_survive_emit_and_parse),
        cmocka_unit_test(ipv4_parse_ignores_the_reserved_flag),
        cmocka_unit_test(ipv4_parse_names_what_is_wrong),
        cmocka_unit_test(ipv4_is_plain_where_parse_finds_nothing_to_ask_about),
        cmocka_unit_test(wire_sum_is_the_sum_of_the_bytes),
        cmocka_unit_test(an_address_is_the_number_that_makes_it),
        cmocka_unit_test(ipv4_parse_refuses_a_header_that_the_packet_does_not_hold),
        cmocka_unit_test(ipv4_parse_judges_the_total_length_by_the_whole_packet_not_by_the_linear_part),
        cmocka_unit_test(ipv4_parse_sees_every_flipped_bit_of_the_addresses_and_the_checksum),
        cmocka_unit_test(ipv4_parse_lends_the_options_and_stops_behind_them),
        cmocka_unit_test(ipv4_emit_writes_options_that_parse_read),
        cmocka_unit_test(ipv4_options_are_judged_by_their_lengths),
        cmocka_unit_test(ipv4_read_takes_a_quote_that_parse_would_refuse),
        cmocka_unit_test(pseudo_header_of_ipv4_is_its_twelve_bytes),
        cmocka_unit_test(pseudo_header_of_ipv6_is_its_forty_bytes),
        cmocka_unit_test(pseudo_header_and_segment_of_odd_length_sum_to_zero),
        cmocka_unit_test(address_predicates_hold_for_both_families),
        cmocka_unit_test(prefix_match_compares_exactly_so_many_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
