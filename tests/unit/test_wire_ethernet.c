/* SPDX-License-Identifier: MIT */
/* Ethernet II headers (src/wire/ethernet.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/ethernet.h"

static const uint8_t frame[] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x06, 0xaa, 0xbb};

static void eth_parse_reads_the_fields_and_stops_at_the_payload(void **state)
{
    struct reader r = reader(frame, sizeof frame);
    struct eth_header h;

    assert_true(eth_parse(&r, &h));
    assert_memory_equal(h.dst, frame, 6);
    assert_memory_equal(h.src, frame + 6, 6);
    assert_int_equal(h.type, ETH_TYPE_ARP);
    assert_ptr_equal(r.p, frame + ETH_HEADER);
    assert_int_equal(reader_left(&r), 2);
}

static void eth_parse_refuses_thirteen_bytes(void **state)
{
    struct reader r = reader(frame, ETH_HEADER - 1);
    struct eth_header h;

    assert_false(eth_parse(&r, &h));
    assert_true(r.bad);
}

static void eth_emit_writes_what_parse_read(void **state)
{
    uint8_t out[ETH_HEADER];
    struct reader r = reader(frame, sizeof frame);
    struct writer w = writer(out, sizeof out);
    struct eth_header h;

    assert_true(eth_parse(&r, &h));
    eth_emit(&w, &h);
    assert_false(w.bad);
    assert_memory_equal(out, frame, sizeof out);
}

static void eth_emit_into_too_little_room_is_bad_and_writes_nothing_behind_it(void **state)
{
    uint8_t out[ETH_HEADER];
    struct writer w = writer(out, ETH_HEADER - 1);
    struct eth_header h = {.type = 0x1234};

    memset(out, 0xee, sizeof out);
    eth_emit(&w, &h);
    assert_true(w.bad);
    assert_int_equal(out[ETH_HEADER - 1], 0xee);
}

static void group_addresses_have_the_lowest_bit_of_the_first_byte(void **state)
{
    static const uint8_t unicast[6] = {0x02, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t multicast[6] = {0x01, 0, 0x5e, 0, 0, 1};

    assert_true(eth_is_group(eth_broadcast));
    assert_true(eth_is_group(multicast));
    assert_false(eth_is_group(unicast));
}

static void ipv4_groups_map_by_their_low_23_bits(void **state)
{
    static const struct {
        uint32_t group;
        uint8_t mac[6];
    } cases[] = {
        {0xe0000001, {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}},
        {0xe0000101, {0x01, 0x00, 0x5e, 0x00, 0x01, 0x01}},
        {0xefffffff, {0x01, 0x00, 0x5e, 0x7f, 0xff, 0xff}},
        {0xe0800001, {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}}, /* the 24th bit is lost */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t mac[6];

        eth_multicast(mac, (struct weft_ip[]){weft_ipv4(cases[i].group)});
        assert_memory_equal(mac, cases[i].mac, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eth_parse_reads_the_fields_and_stops_at_the_payload),
        cmocka_unit_test(eth_parse_refuses_thirteen_bytes),
        cmocka_unit_test(eth_emit_writes_what_parse_read),
        cmocka_unit_test(eth_emit_into_too_little_room_is_bad_and_writes_nothing_behind_it),
        cmocka_unit_test(group_addresses_have_the_lowest_bit_of_the_first_byte),
        cmocka_unit_test(ipv4_groups_map_by_their_low_23_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
