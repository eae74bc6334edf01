/* SPDX-License-Identifier: MIT */
/*
 * Blind ICMP (RFC 5927): errors about connections whose addresses and ports are known, with guessed sequence numbers. No
 * code ends an established connection, and only an error about something in flight counts at all.
 */
#include "field.h"

#include "weft/tcp_info.h"
#include "wire/ipv6.h"

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

/* ---- IPv6 ---- */

/* A connection by IPv6 with 2,400 bytes of the victim's in flight, made by hand. */
struct far {
    struct field *f;
    weft_sock *listener, *sock;
    uint32_t seq, ack; /* of the attacker: what he sends next, what he expects */
};

static void throw_tcp6(struct far *c, uint16_t flags)
{
    struct attack_v6 h = {.src = front_v6(1), .dst = front_v6(2), .next = IP_PROTO_TCP};
    struct tcp_options o = {.mss = 1440, .wscale = -1};
    struct tcp_header tcp = {.src_port = 5000, .dst_port = SERVICE + 1, .seq = seq(c->seq), .ack = seq(c->ack),
                             .flags = flags, .window = 65535};
    uint8_t segment[TCP_MAX_HEADER];
    struct writer w = writer(segment, sizeof segment);

    tcp.header_len = (uint8_t)(TCP_HEADER + tcp_options_len(&o, flags & TCP_SYN, TCP_LAYOUT_LINUX));
    tcp_emit(&w, &tcp);
    tcp_options_emit(&w, &o, flags & TCP_SYN, TCP_LAYOUT_LINUX);
    attack_v6(c->f, &h, segment, tcp.header_len);
}

static struct far far_with_something_in_flight(void)
{
    static const uint8_t text[2400];
    struct far c = {.f = field_new(NULL), .seq = 1000};
    struct weft_addr here = {front_v6(2), SERVICE + 1};
    uint8_t answer[IPV6_HEADER + 8];
    weft_pkt *pkt;

    c.listener = weft_socket_in(c.f->victim, WEFT_INET6, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(c.listener, &here), 0);
    assert_int_equal(weft_listen(c.listener, 4), 0);
    attack_drain(c.f);
    throw_tcp6(&c, TCP_SYN);
    assert_int_equal(weft_output(c.f->back, &pkt, 1, c.f->now), 1);
    assert_int_equal(weft_pkt_copy(pkt, 0, answer, sizeof answer), sizeof answer);
    weft_pkt_release(pkt);
    c.ack = peek_u32(answer + IPV6_HEADER + 4) + 1;
    c.seq++;
    throw_tcp6(&c, TCP_ACK);
    c.sock = weft_accept(c.listener, NULL, NULL);
    assert_non_null(c.sock);
    assert_int_equal(weft_send(c.sock, text, sizeof text, 0), sizeof text);
    attack_drain(c.f);
    return c;
}

static void far_end(struct far *c)
{
    weft_abort(c->sock);
    weft_close(c->listener);
    field_run(c->f, WEFT_S);
    field_end(c->f);
}

/* An error from a router nobody knows, about a segment that the victim may have sent. */
static void complain6(struct far *c, uint8_t type, uint8_t code, uint32_t value, uint32_t quoted)
{
    struct attack_v6 h = {.src = front_v6(0x909), .dst = front_v6(2), .next = IP_PROTO_ICMPV6};
    struct weft_ip from = front_v6(2), to = front_v6(1);
    uint8_t message[8 + IPV6_HEADER + TCP_HEADER] = {type, code}, *ip = message + 8, *tcp = ip + IPV6_HEADER;

    poke_u32(message + 4, value);
    ip[0] = 0x60;
    poke_u16(ip + 4, 1220);
    ip[6] = IP_PROTO_TCP;
    ip[7] = 60;
    memcpy(ip + 8, &from, 16);
    memcpy(ip + 24, &to, 16);
    poke_u16(tcp, SERVICE + 1);
    poke_u16(tcp + 2, 5000);
    poke_u32(tcp + 4, quoted);
    tcp[12] = 0x50;
    attack_v6(c->f, &h, message, sizeof message);
}

static uint32_t mss6(const struct far *c) { return mss(&(struct mallory){.sock = c->sock}); }

static void no_error_of_ipv6_ends_an_established_connection(void **state)
{
    static const uint8_t types[] = {ICMPV6_UNREACHABLE, ICMPV6_TIME_EXCEEDED, ICMPV6_PARAMETER_PROBLEM, 100, 127};
    struct far c = far_with_something_in_flight();

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        for (unsigned code = 0; code < 256; code++)
            for (unsigned at = 0; at < 5; at++)
                complain6(&c, types[i], (uint8_t)code, 0, c.ack + at * 600);
    assert_int_equal(weft_tcp_state(c.sock), WEFT_TCP_ESTABLISHED);
    expect_work_below(c.f, 1200);
    far_end(&c);
}

static void too_big_of_ipv6_about_nothing_in_flight_changes_nothing(void **state)
{
    struct far c = far_with_something_in_flight();
    uint32_t before = mss6(&c);

    for (uint32_t i = 1; i < 1 << 16; i++)
        complain6(&c, ICMPV6_TOO_BIG, 0, 1280, c.ack + 2400 + i * 65000);
    assert_int_equal(mss6(&c), before);
    complain6(&c, ICMPV6_TOO_BIG, 0, 1280, c.ack);
    assert_int_equal(mss6(&c), 1280 - 60); /* so that it could have */
    expect_work_below(c.f, 1200);
    far_end(&c);
}

/* RFC 8201 §4: and nothing is sent in fragments because of it (RFC 8021). */
static void too_big_of_ipv6_never_goes_below_1280(void **state)
{
    struct far c = far_with_something_in_flight();
    uint32_t before = mss6(&c);

    for (uint32_t size = 0; size < 1280; size++)
        complain6(&c, ICMPV6_TOO_BIG, 0, size, c.ack);
    assert_int_equal(mss6(&c), before);
    expect_work_below(c.f, 1200);
    far_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_error_ends_an_established_connection),
        cmocka_unit_test(too_big_about_nothing_in_flight_changes_nothing),
        cmocka_unit_test(too_big_never_goes_below_the_floor),
        cmocka_unit_test(no_error_of_ipv6_ends_an_established_connection),
        cmocka_unit_test(too_big_of_ipv6_about_nothing_in_flight_changes_nothing),
        cmocka_unit_test(too_big_of_ipv6_never_goes_below_1280),
    };

    return cmocka_run_group_tests_name("attack_icmp", tests, NULL, NULL);
}
