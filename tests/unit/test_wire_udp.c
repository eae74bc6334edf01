/* SPDX-License-Identifier: MIT */
/* UDP headers (src/wire/udp.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/udp.h"

static const uint8_t datagram[] = {0x84, 0xdc, 0x00, 0x0d, 0xff, 0xfe, 0xab, 0xcd, 'x'};

static void udp_parse_reads_the_fields_and_stops_at_the_payload(void **state)
{
    struct reader r = reader(datagram, sizeof datagram);
    struct udp_header h;

    assert_true(udp_parse(&r, &h));
    assert_int_equal(h.src_port, 34012);
    assert_int_equal(h.dst_port, 13);
    assert_int_equal(h.len, 0xfffe);
    assert_int_equal(h.checksum, 0xabcd);
    assert_int_equal(*r.p, 'x');
}

static void udp_parse_refuses_seven_bytes(void **state)
{
    struct reader r = reader(datagram, UDP_HEADER - 1);
    struct udp_header h;

    assert_false(udp_parse(&r, &h));
}

static void udp_emit_writes_what_parse_read(void **state)
{
    uint8_t out[UDP_HEADER];
    struct reader r = reader(datagram, sizeof datagram);
    struct writer w = writer(out, sizeof out);
    struct udp_header h;

    assert_true(udp_parse(&r, &h));
    udp_emit(&w, &h);
    assert_false(w.bad);
    assert_memory_equal(out, datagram, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_parse_reads_the_fields_and_stops_at_the_payload),
        cmocka_unit_test(udp_parse_refuses_seven_bytes),
        cmocka_unit_test(udp_emit_writes_what_parse_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
