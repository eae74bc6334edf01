/* SPDX-License-Identifier: MIT */
/*
 * Blind ICMP (RFC 5927): errors about connections whose addresses and ports are known, with guessed sequence numbers. No
 * code ends an established connection, and only an error about something in flight counts at all.
 */
#include "field.h"

#include "weft/tcp_info.h"

/* An ICMP error that quotes a segment from the victim's SERVICE to `port` of ATTACKER. */
static void complain(struct field *f, uint16_t port, uint8_t type, uint8_t code, uint16_t mtu, uint32_t quoted)
{
    uint8_t message[ICMPV4_HEADER + IPV4_HEADER + TCP_HEADER] = {type, code};
    struct segment s = {.src = FRONT, .dst = ATTACKER, .src_port = SERVICE, .dst_port = port, .seq = quoted,
                        .flags = TCP_ACK};

    poke_u16(message + 6, mtu);
    attack_make(message + ICMPV4_HEADER, &s);
    poke_u16(message + 2, csum(message, sizeof message));
    attack_datagram(f, (struct ipv4_header){.src = 0x0a420909, .dst = FRONT, .proto = IP_PROTO_ICMP}, message,
                    sizeof message);
}

static uint32_t mss(const struct mallory *m)
{
    struct weft_tcp_info info;
    size_t n = sizeof info;

    assert_int_equal(weft_getsockopt(m->sock, WEFT_SOL_TCP, WEFT_TCP_INFO, &info, &n), 0);
    return info.tcpi_snd_mss;
}

/* A connection with 2,920 bytes of the victim's in flight. */
static struct mallory with_something_in_flight(struct field *f)
{
    static const uint8_t text[2920];
    struct mallory m = mallory_connect(f, 5000, 1460, true, -1);

    assert_int_equal(weft_send(m.sock, text, sizeof text, 0), sizeof text);
    attack_drain(f);
    return m;
}

/* MUST-54, MUST-56 */
static void no_error_ends_an_established_connection(void **state)
{
    static const uint8_t types[] = {ICMPV4_UNREACHABLE, ICMPV4_TIME_EXCEEDED, ICMPV4_PARAMETER_PROBLEM};
    struct field *f = field_new(NULL);
    struct mallory m = with_something_in_flight(f);

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        for (unsigned code = 0; code < 256; code++)
            for (unsigned at = 0; at < 5; at++)
                complain(f, m.port, types[i], (uint8_t)code, 1500, m.ack + at * 730);
    assert_int_equal(weft_tcp_state(m.sock), WEFT_TCP_ESTABLISHED);
    expect_work_below(f, 1200);
    weft_abort(m.sock);
    field_run(f, WEFT_S);
    field_end(f);
}

/* Over the whole sequence space, but for what is in flight. */
static void too_big_about_nothing_in_flight_changes_nothing(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = with_something_in_flight(f);
    uint32_t before = mss(&m);

    for (uint32_t i = 1; i < 1 << 16; i++)
        complain(f, m.port, ICMPV4_UNREACHABLE, 4, 576, m.ack + 2920 + i * 65000);
    assert_int_equal(mss(&m), before);
    complain(f, m.port, ICMPV4_UNREACHABLE, 4, 576, m.ack);
    assert_int_equal(mss(&m), 576 - 40); /* so that it could have */
    weft_abort(m.sock);
    field_run(f, WEFT_S);
    field_end(f);
}

/* R1191-1: sizes from 0 to 551 never make segments smaller than the floor. */
static void too_big_never_goes_below_the_floor(void **state)
{
    struct field *f = field_new(NULL);
    struct mallory m = with_something_in_flight(f);

    for (uint16_t size = 0; size < 552; size++)
        complain(f, m.port, ICMPV4_UNREACHABLE, 4, size, m.ack);
    assert_true(mss(&m) >= 512);
    weft_abort(m.sock);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_error_ends_an_established_connection),
        cmocka_unit_test(too_big_about_nothing_in_flight_changes_nothing),
        cmocka_unit_test(too_big_never_goes_below_the_floor),
    };

    return cmocka_run_group_tests_name("attack_icmp", tests, NULL, NULL);
}
