/* SPDX-License-Identifier: MIT */
/* IP input: what goes up, what goes no further, and under which name. */
#include "ip_bench.h"

static const struct ipv4_header plain = {.src = PEER, .dst = US, .proto = BENCH_PROTO};

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* Puts the right checksum into a header that was damaged on purpose. */
static void mend_checksum(uint8_t *p, size_t header_len)
{
    poke_u16(p + 10, 0);
    poke_u16(p + 10, csum(p, header_len));
}

static void ip_delivers_a_datagram_with_what_its_header_said(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = plain;
    uint8_t p[64], payload[20];

    fill_pattern(payload, sizeof(payload), 1);
    h.ttl = 17;
    h.tos = 0xb8; /* R1122-3.2.1.6: received values go up */
    bench_input(b, p, make_ip(p, h, payload, sizeof(payload)));
    assert_int_equal(b->record->count, 1);
    assert_int_equal(b->record->len, sizeof(payload));
    assert_memory_equal(b->record->bytes, payload, sizeof(payload));
    assert_int_equal(b->record->ttl, 17);
    assert_int_equal(b->record->tos, 0xb8);
    assert_int_equal(ip_to_v4(&b->record->src), PEER);
    assert_int_equal(ip_to_v4(&b->record->dst), US);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_in_delivered), 1);
}

/* The answer about the last datagram's addresses is kept: not beyond a change of them, nor for another interface. */
static void ip_judges_the_same_addresses_anew_after_a_change(void **state)
{
    struct bench *b = *state;
    struct weft_ip us = weft_ipv4(US);
    uint8_t p[64];
    size_t n = make_ip(p, plain, "x", 1);

    bench_input(b, p, n);
    bench_input(b, p, n);
    assert_int_equal(b->record->count, 2);
    bench_expect_drop(b, ip_not_ours, bench_input_on(b, b->other, p, n));
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    bench_expect_drop(b, ip_not_ours, bench_input(b, p, n));
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    bench_input(b, p, n);
    assert_int_equal(b->record->count, 3);
}

static void a_router_that_is_none_any_more_has_its_addresses_each_on_its_own_link(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "x", 1);

    b->s->config.ip_forward = true;
    bench_input_on(b, b->other, p, n);
    assert_int_equal(b->record->count, 1);
    b->s->config.ip_forward = false;
    bench_expect_drop(b, ip_not_ours, bench_input_on(b, b->other, p, n));
}

static void ip_delivers_payload_in_spans(void **state)
{
    struct bench *b = *state;
    uint8_t p[2000], payload[1400];

    fill_pattern(payload, sizeof(payload), 1);
    bench_input_spans(b, p, make_ip(p, plain, payload, sizeof(payload)), IPV4_HEADER);
    assert_int_equal(b->record->len, sizeof(payload));
    assert_memory_equal(b->record->bytes, payload, sizeof(payload));
}

static void ip_takes_no_version_but_four(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "payload!", 8);

    /* R1122-3.2.1.1 */
    for (unsigned version = 0; version < 16; version++) {
        p[0] = (uint8_t)(version << 4 | 5);
        mend_checksum(p, IPV4_HEADER);
        bench_input(b, p, n);
    }
    assert_int_equal(b->record->count, 1);
    bench_assert_silent(b);
}

static void ip_drops_each_single_bit_flip_of_the_header(void **state)
{
    struct bench *b = *state;
    uint8_t good[80], p[80], payload[60];
    size_t n;

    /* R1122-3.2.1.2; ones in the payload, so that a larger header length finds no zeros to swallow */
    memset(payload, 0x5a, sizeof(payload));
    n = make_ip(good, plain, payload, sizeof(payload));
    for (unsigned bit = 0; bit < IPV4_HEADER * 8; bit++) {
        memcpy(p, good, n);
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench_input(b, p, n);
        assert_int_equal(b->record->count, 0);
    }
    bench_assert_silent(b);
}

static void ip_drops_an_impossible_header_length(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "payload!", 8);

    for (unsigned words = 0; words < 5; words++) {
        p[0] = (uint8_t)(0x40 | words);
        mend_checksum(p, IPV4_HEADER);
        bench_expect_drop(b, ip_header_length, bench_input(b, p, n));
    }
}

static void ip_drops_a_total_length_that_the_frame_does_not_hold(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "payload!", 8);

    for (unsigned total = 0; total < 65536; total = total < 40 ? total + 1 : total * 2) {
        if (total >= IPV4_HEADER && total <= n)
            continue;
        poke_u16(p + 2, (uint16_t)total);
        mend_checksum(p, IPV4_HEADER);
        bench_expect_drop(b, ip_total_length, bench_input(b, p, n));
    }
    assert_int_equal(b->record->count, 0);
}

static void ip_takes_padding_off(void **state)
{
    struct bench *b = *state;
    uint8_t p[64] = {0};

    make_ip(p, plain, "12345", 5);
    bench_input(b, p, 46);
    assert_int_equal(b->record->len, 5);
}

static void ip_delivers_nothing_of_a_datagram_cut_anywhere(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "0123456789abcdef", 16);

    for (size_t cut = 0; cut < n; cut++) {
        if (cut < IPV4_HEADER)
            bench_expect_drop(b, ip_short, bench_input(b, p, cut));
        else
            bench_expect_drop(b, ip_total_length, bench_input(b, p, cut));
    }
    assert_int_equal(b->record->count, 0);
    bench_assert_silent(b);
}

static void ip_knows_which_destinations_are_ours(void **state)
{
    static const struct {
        uint32_t dst;
        bool ours, group;
    } rows[] = {
        {US, true, false},
        {0xffffffff, true, true},  /* R1122-3.3.6: the limited broadcast address */
        {SUBNET_ALL, true, true},  /* the directed one */
        {0x0a090000, true, true},  /* its old zero form */
        {V4(224, 0, 0, 1), true, true},
        {PEER, false, false},      /* R1122-3.2.1.3a from here on */
        {V4(10, 9, 0, 3), false, false},
        {STRANGER, false, false},
        {V4(224, 0, 0, 2), false, false},
        {V4(127, 0, 0, 1), false, false},
        {V4(10, 10, 0, 255), false, false}, /* a broadcast address of the other interface */
        {OTHER_US, false, false},           /* R1122-3.3.4.2b: the strong model */
        {0, false, false},
    };
    struct bench *b = *state;
    uint8_t p[64];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ipv4_header h = plain;
        unsigned before = b->record->count;
        size_t n;

        h.dst = rows[i].dst;
        n = make_ip(p, h, "payload!", 8);
        if (rows[i].ours)
            bench_input(b, p, n);
        else
            bench_expect_drop(b, ip_not_ours, bench_input(b, p, n));
        assert_int_equal(b->record->count - before, rows[i].ours);
        if (rows[i].ours)
            assert_int_equal(b->record->ip_group, rows[i].group);
    }
    bench_assert_silent(b); /* R1812-2.2.1: transit is neither forwarded nor answered */
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_not_ours), 8);
}

static void ip_drops_sources_that_no_host_may_use(void **state)
{
    static const uint32_t bad[] = {
        0,
        V4(0, 1, 2, 3),
        V4(127, 0, 0, 1),
        V4(224, 0, 0, 1),
        V4(239, 255, 255, 255),
        V4(240, 0, 0, 1),
        0xffffffff,
        SUBNET_ALL,
        0x0a090000,
        US, /* LAND */
        OTHER_US,
    };
    static const uint8_t protocols[] = {IP_PROTO_ICMP, IP_PROTO_UDP, IP_PROTO_TCP, BENCH_PROTO};
    struct bench *b = *state;
    uint8_t p[64];

    /* R1122-3.2.1.3b R1122-4.1.3.6 MUST-63 */
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (size_t k = 0; k < ARRAY_LEN(protocols); k++) {
            struct ipv4_header h = {.src = bad[i], .dst = US, .proto = protocols[k]};

            bench_expect_drop(b, ip_bad_source, bench_input(b, p, make_ip(p, h, "\10\0\0\0\0\0\0\0", 8)));
        }
    }
    bench_assert_silent(b);
}

static void ip_hears_a_starting_host_that_asks_everybody(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = {.src = 0, .dst = 0xffffffff};
    struct weft_addr any = {.ip = weft_ipv4(0), .port = 67};
    weft_sock *server = bench_udp(b, &any);
    uint8_t p[64], got[8];

    /* R1122-3.2.1.3b: source 0.0.0.0 reaches the server that hands out addresses, and only by UDP */
    bench_input(b, p, make_udp(p, h, 68, 67, "discover", 8));
    assert_int_equal(weft_recv(server, got, sizeof(got), 0), 8);
    h.proto = BENCH_PROTO;
    bench_expect_drop(b, ip_bad_source, bench_input(b, p, make_ip(p, h, "discover", 8)));
    weft_close(server);
}

static void ip_drops_a_unicast_datagram_in_a_broadcast_frame(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip(p, plain, "payload!", 8);
    weft_pkt *pkt = weft_pkt_new(b->s, n);

    /* R1122-3.3.6, R1122-2.4 */
    memcpy(weft_pkt_data(pkt), p, n);
    weft_pkt_set_len(pkt, n);
    pkt->ifp = b->ifp;
    pkt->link_broadcast = true;
    bench_expect_drop(b, ip_link_broadcast, ip_v4_network.input(b->ifp, pkt));
    assert_int_equal(b->record->count, 0);
}

static void ip_delivers_whatever_ttl_is_left(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];

    /* R1122-3.2.1.7a */
    for (unsigned ttl = 0; ttl < 3; ttl++) {
        make_ip(p, plain, "payload!", 8);
        p[8] = (uint8_t)ttl;
        mend_checksum(p, IPV4_HEADER);
        bench_input(b, p, 28);
    }
    assert_int_equal(b->record->count, 3);
}

/* A datagram with these option bytes. */
static size_t make_with_options(uint8_t *p, const uint8_t *options, size_t n)
{
    struct ipv4_header h = plain;

    h.options = options;
    h.header_len = (uint8_t)(IPV4_HEADER + n);
    return make_ip(p, h, "payload!", 8);
}

static void ip_ignores_options_it_does_not_know(void **state)
{
    static const uint8_t options[8] = {0x9e, 4, 0xaa, 0xbb, 1, 1, 1, 0};
    struct bench *b = *state;
    uint8_t p[64];

    /* MUST-50 */
    bench_input(b, p, make_with_options(p, options, sizeof(options)));
    assert_int_equal(b->record->count, 1);
    assert_memory_equal(b->record->bytes, "payload!", 8);
}

static void ip_survives_every_option_kind_with_every_length(void **state)
{
    struct bench *b = *state;
    uint8_t p[128], options[40];

    /* R1122-3.2.1.8a */
    for (unsigned kind = 0; kind < 256; kind++) {
        for (unsigned len = 0; len <= 41; len++) {
            bool single = kind < 2;
            bool sound = single || (len >= 2 && len <= sizeof(options));
            bool route = kind == 131 || kind == 137;
            unsigned before = b->record->count;

            memset(options, 1, sizeof(options));
            options[0] = (uint8_t)kind;
            if (!single)
                options[1] = (uint8_t)len;
            bench_input(b, p, make_with_options(p, options, sizeof(options)));
            assert_int_equal(b->record->count - before, sound && !route);
        }
    }
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_bad_option), 254 * 3);
}

static void ip_refuses_source_routes(void **state)
{
    static const uint8_t kinds[] = {131, 137};
    struct bench *b = *state;
    uint8_t p[64], options[8] = {0, 7, 4, 10, 9, 0, 1, 0};

    /* R1122-3.2.1.8b, policy off */
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        options[0] = kinds[i];
        bench_expect_drop(b, ip_source_route, bench_input(b, p, make_with_options(p, options, sizeof(options))));
    }
    bench_assert_silent(b);
}

static void ip_answers_an_unknown_protocol(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = plain, reply;
    uint8_t p[64], out[1500];
    size_t n;

    /* R1122-3.2.2.1a */
    h.proto = 99;
    n = make_ip(p, h, "payload!", 8);
    bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, n));
    n = bench_take(b, out, sizeof(out));
    reply = read_ip(out, n);
    assert_int_equal(reply.src, US);
    assert_int_equal(reply.dst, PEER);
    assert_int_equal(reply.proto, IP_PROTO_ICMP);
    assert_int_equal(out[IPV4_HEADER], ICMPV4_UNREACHABLE);
    assert_int_equal(out[IPV4_HEADER + 1], ICMPV4_PROTOCOL_UNREACHABLE);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(ip_delivers_a_datagram_with_what_its_header_said),
        CLAIM(ip_delivers_payload_in_spans),
        CLAIM(ip_judges_the_same_addresses_anew_after_a_change),
        CLAIM(a_router_that_is_none_any_more_has_its_addresses_each_on_its_own_link),
        CLAIM(ip_takes_no_version_but_four),
        CLAIM(ip_drops_each_single_bit_flip_of_the_header),
        CLAIM(ip_drops_an_impossible_header_length),
        CLAIM(ip_drops_a_total_length_that_the_frame_does_not_hold),
        CLAIM(ip_takes_padding_off),
        CLAIM(ip_delivers_nothing_of_a_datagram_cut_anywhere),
        CLAIM(ip_knows_which_destinations_are_ours),
        CLAIM(ip_drops_sources_that_no_host_may_use),
        CLAIM(ip_hears_a_starting_host_that_asks_everybody),
        CLAIM(ip_drops_a_unicast_datagram_in_a_broadcast_frame),
        CLAIM(ip_delivers_whatever_ttl_is_left),
        CLAIM(ip_ignores_options_it_does_not_know),
        CLAIM(ip_survives_every_option_kind_with_every_length),
        CLAIM(ip_refuses_source_routes),
        CLAIM(ip_answers_an_unknown_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
