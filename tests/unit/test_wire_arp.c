/* SPDX-License-Identifier: MIT */
/* ARP packets (src/wire/arp.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/arp.h"

/* "who has 10.9.0.1, tell 10.9.0.2", with the padding of a short frame behind it */
static const uint8_t request[46] = {
    0, 1, 8, 0, 6, 4, 0, 1, 0x02, 0, 0, 0, 0, 0x02, 10, 9, 0, 2, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1,
};

static void arp_parse_reads_a_request_and_ignores_padding(void **state)
{
    static const uint8_t sender[6] = {0x02, 0, 0, 0, 0, 0x02};
    static const uint8_t nobody[6];
    struct reader r = reader(request, sizeof request);
    struct arp_packet a;

    assert_true(arp_parse(&r, &a));
    assert_int_equal(a.op, ARP_REQUEST);
    assert_memory_equal(a.sender_mac, sender, 6);
    assert_int_equal(a.sender_ip, 0x0a090002);
    assert_memory_equal(a.target_mac, nobody, 6);
    assert_int_equal(a.target_ip, 0x0a090001);
}

static void arp_parse_refuses_every_packet_that_is_too_short(void **state)
{
    for (size_t n = 0; n < ARP_LEN; n++) {
        struct reader r = reader(request, n);
        struct arp_packet a;

        assert_false(arp_parse(&r, &a));
    }
}

static void arp_parse_refuses_what_is_not_ipv4_over_ethernet_or_no_request_or_reply(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = {
        {0, 1}, {1, 6},          /* hardware */
        {2, 0x86}, {3, 0xdd},    /* protocol */
        {4, 5}, {4, 0}, {4, 255}, /* hardware length */
        {5, 16}, {5, 0}, {5, 255}, /* protocol length */
        {6, 1}, {7, 0}, {7, 3}, {7, 8}, /* operation */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t bytes[sizeof request];
        struct reader r = reader(bytes, sizeof bytes);
        struct arp_packet a;

        memcpy(bytes, request, sizeof bytes);
        bytes[cases[i].at] = cases[i].value;
        assert_false(arp_parse(&r, &a));
    }
}

static void arp_emit_writes_the_28_bytes_that_parse_read(void **state)
{
    uint8_t out[ARP_LEN];
    struct reader r = reader(request, sizeof request);
    struct writer w = writer(out, sizeof out);
    struct arp_packet a;

    assert_true(arp_parse(&r, &a));
    arp_emit(&w, &a);
    assert_false(w.bad);
    assert_int_equal(writer_left(&w), 0);
    assert_memory_equal(out, request, ARP_LEN);
}

static void arp_reply_keeps_both_stations(void **state)
{
    struct arp_packet in = {ARP_REPLY, {2, 0, 0, 0, 0, 1}, 0x0a090001, {2, 0, 0, 0, 0, 2}, 0x0a090002};
    uint8_t bytes[ARP_LEN];
    struct writer w = writer(bytes, sizeof bytes);
    struct reader r = reader(bytes, sizeof bytes);
    struct arp_packet out;

    arp_emit(&w, &in);
    assert_true(arp_parse(&r, &out));
    assert_int_equal(out.op, ARP_REPLY);
    assert_memory_equal(out.sender_mac, in.sender_mac, 6);
    assert_memory_equal(out.target_mac, in.target_mac, 6);
    assert_int_equal(out.sender_ip, in.sender_ip);
    assert_int_equal(out.target_ip, in.target_ip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arp_parse_reads_a_request_and_ignores_padding),
        cmocka_unit_test(arp_parse_refuses_every_packet_that_is_too_short),
        cmocka_unit_test(arp_parse_refuses_what_is_not_ipv4_over_ethernet_or_no_request_or_reply),
        cmocka_unit_test(arp_emit_writes_the_28_bytes_that_parse_read),
        cmocka_unit_test(arp_reply_keeps_both_stations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
