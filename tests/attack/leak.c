/* SPDX-License-Identifier: MIT */
/*
 * What was in memory before does not leave on the wire ("EtherLeak", CVE-2003-0001): the harness fills fresh memory with
 * 0xa5, and no packet of any kind that the victim makes has two such bytes in a row.
 */
#include "field.h"

#include "wire/icmpv6.h"

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

/* ---- on Ethernet, where IPv6 and the link itself have more to say ---- */

/* As expect_clean, of frames: whatever comes out. */
static size_t expect_clean_frames(struct field *f)
{
    static uint8_t b[4096];
    weft_pkt *pkt;
    size_t n = 0;

    for (; weft_output(f->back, &pkt, 1, f->now); n++) {
        size_t len = weft_pkt_copy(pkt, 0, b, sizeof b);

        weft_pkt_release(pkt);
        for (size_t i = 1; i < len; i++)
            if (b[i] == 0xa5 && b[i - 1] == 0xa5)
                fail_msg("byte %zu of a frame of %zu, type %02x%02x, was never written", i, len, b[12], b[13]);
    }
    return n;
}

/* Questions about stations and routers, and about our own address; and datagrams to who answers. */
static size_t speak(struct field *f, struct weft_ip to, size_t len)
{
    static const uint8_t text[3000];
    struct weft_addr a = {to, 9};
    weft_sock *sock = weft_socket_in(f->victim, ip_is_v4(&to) ? WEFT_INET : WEFT_INET6, WEFT_UDP, NULL);
    size_t n;

    weft_sendto(sock, text, len, 0, &a);
    n = expect_clean_frames(f);
    weft_close(sock);
    return n;
}

static void advertise(struct field *f)
{
    struct attack_v6 h = {.src = front_v6(1), .dst = front_v6(2), .hops = 255, .next = IP_PROTO_ICMPV6};
    uint8_t message[32] = {ICMPV6_NEIGHBOUR_ADVERT, [4] = 0x60, [24] = 2, 1, 2, 6, 6, 6, 6, 6};

    memcpy(message + 8, &h.src, 16);
    attack_v6(f, &h, message, sizeof message);
}

static void solicit(struct field *f)
{
    struct attack_v6 h = {.src = front_v6(1), .dst = front_v6(2), .hops = 255, .next = IP_PROTO_ICMPV6};
    uint8_t message[32] = {ICMPV6_NEIGHBOUR_SOLICIT, [24] = 1, 1, 2, 6, 6, 6, 6, 6};

    memcpy(message + 8, &h.dst, 16);
    attack_v6(f, &h, message, sizeof message);
}

static void neighbours_are_asked_in_whole_frames(void **state)
{
    struct field *f = field_new_ethernet(NULL);
    size_t n = expect_clean_frames(f); /* its own address, routers, groups */

    for (unsigned s = 0; s < 10; s++) {
        field_run(f, WEFT_S);
        n += expect_clean_frames(f);
    }
    assert_true(n >= 5);
    assert_true(speak(f, weft_ipv4(0x0a420009), 10) > 0);
    assert_int_equal(speak(f, front_v6(1), 10), 1);
    advertise(f);
    assert_int_equal(expect_clean_frames(f), 1);
    for (size_t len = 0; len < 3000; len += len < 60 ? 1 : 173)
        assert_true(speak(f, front_v6(1), len) > 0);
    solicit(f);
    assert_int_equal(expect_clean_frames(f), 1);
    field_end(f);
}

/* Errors about what is as short as may be, echoes, and resets. */
static void icmpv6_is_written_whole(void **state)
{
    struct weft_config config;
    struct attack_v6 h = {.src = front_v6(1), .dst = front_v6(2)};
    uint8_t message[1400] = {ICMPV6_ECHO};
    struct field *f;
    size_t n = 0;

    weft_config_default(&config);
    config.icmp6_error_interval = 0;
    f = field_new_ethernet(&config);
    field_run(f, 3 * WEFT_S);
    speak(f, front_v6(1), 1);
    advertise(f);
    expect_clean_frames(f);
    for (size_t len = 8; len < sizeof message; len += len < 80 ? 1 : 97) {
        h.next = IP_PROTO_ICMPV6;
        attack_v6(f, &h, message, len);
        h.next = 200;
        attack_v6(f, &h, message, len - 8);
        h.next = len < TCP_HEADER ? IP_PROTO_UDP : IP_PROTO_TCP; /* to ports where nobody is */
        poke_u16(message + 4, (uint16_t)len);
        message[12] = 0x50;
        attack_v6(f, &h, message, len);
        memset(message + 2, 0, 18);
        n += expect_clean_frames(f);
        field_run(f, 50 * WEFT_MS);
    }
    assert_true(n > 200);
    field_end(f);
}

/* Groups are joined, asked about and left, by both families and all versions. */
static void groups_are_told_of_in_whole_frames(void **state)
{
    struct field *f = field_new_ethernet(NULL);
    struct weft_group g = {.interface = weft_if_index(f->back)};
    weft_sock *sock[2] = {weft_socket(f->victim, WEFT_UDP, NULL),
                          weft_socket_in(f->victim, WEFT_INET6, WEFT_UDP, NULL)};
    size_t n = 0;

    for (uint32_t i = 0; i < 10; i++) {
        g.group = weft_ipv4(0xef010100 + i);
        assert_int_equal(weft_setsockopt(sock[0], WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &g, sizeof g), 0);
        g.group = group_v6(0x10100 + i);
        assert_int_equal(weft_setsockopt(sock[1], WEFT_SOL_IPV6, WEFT_MCAST_JOIN_GROUP, &g, sizeof g), 0);
    }
    for (unsigned s = 0; s < 5; s++) {
        field_run(f, WEFT_S);
        n += expect_clean_frames(f);
    }
    for (int i = 0; i < 2; i++)
        weft_close(sock[i]);
    for (unsigned s = 0; s < 5; s++) {
        field_run(f, WEFT_S);
        n += expect_clean_frames(f);
    }
    assert_true(n >= 8);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_to_syns_are_written_whole),
        cmocka_unit_test(sack_blocks_and_text_are_written_whole),
        cmocka_unit_test(icmp_is_written_whole),
        cmocka_unit_test(neighbours_are_asked_in_whole_frames),
        cmocka_unit_test(icmpv6_is_written_whole),
        cmocka_unit_test(groups_are_told_of_in_whole_frames),
    };

    return cmocka_run_group_tests_name("attack_leak", tests, NULL, NULL);
}
