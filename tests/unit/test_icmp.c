/* SPDX-License-Identifier: MIT */
/* ICMP: the echo server, errors we get, errors we send and those we must not. */
#include "ip_bench.h"

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

static const struct ipv4_header plain = {.src = PEER, .dst = US};

/* ---- echo ---- */

/* Puts the fragments of one datagram together again; returns the message's length. */
static size_t take_message(struct bench *b, uint8_t *whole, struct ipv4_header *last)
{
    static uint8_t out[65536];
    size_t n, len = 0;

    while ((n = bench_take(b, out, sizeof(out))) > 0) {
        *last = read_ip(out, n);
        assert_int_equal(last->frag_offset, len);
        memcpy(whole + len, out + IPV4_HEADER, n - IPV4_HEADER);
        len += n - IPV4_HEADER;
    }
    return len;
}

static void assert_echo_intact(struct bench *b, size_t n)
{
    static uint8_t p[65536], payload[65536], whole[65536];
    struct ipv4_header reply;
    size_t len;

    fill_pattern(payload, n, (unsigned)n);
    bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 0x12345678, payload, n));
    len = take_message(b, whole, &reply);
    assert_int_equal(len, ICMPV4_HEADER + n);
    assert_int_equal(csum(whole, len), 0);
    assert_memory_equal(whole, "\0\0", 2);
    assert_memory_equal(whole + 4, "\x12\x34\x56\x78", 4);
    assert_memory_equal(whole + 8, payload, n);
    assert_int_equal(reply.src, US);
    assert_int_equal(reply.dst, PEER);
    assert_int_equal(reply.ttl, 64);
}

static void echo_returns_all_data_intact(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 56, 120, 121, 200, 1472, 1473, 2000, 4001, 8192, 30001, 65507};

    /* R1122-3.2.2.6a */
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        assert_echo_intact(*state, sizes[i]);
    assert_int_equal(weft_counter(((struct bench *)*state)->s, WEFT_COUNT_icmp_echo_in), ARRAY_LEN(sizes));
}

static void echo_answers_a_fragmented_request(void **state)
{
    struct bench *b = *state;
    static uint8_t p[65536], message[65536], payload[65507], whole[65536], piece[1600];
    struct ipv4_header h = plain, reply;
    size_t total;

    /* R1122-3.2.2.6a: the longest there is, both ways in fragments */
    fill_pattern(payload, sizeof(payload), 9);
    total = make_icmp(p, plain, ICMPV4_ECHO, 0, 0x00010002, payload, sizeof(payload)) - IPV4_HEADER;
    memcpy(message, p + IPV4_HEADER, total);
    h.proto = IP_PROTO_ICMP;
    for (uint32_t at = 0; at < total; at += 1480) {
        uint32_t len = min_u32((uint32_t)total - at, 1480);

        h.frag_offset = (uint16_t)at;
        h.mf = at + len < total;
        bench_input(b, piece, make_ip(piece, h, message + at, len));
    }
    assert_int_equal(take_message(b, whole, &reply), total);
    assert_memory_equal(whole + 8, payload, sizeof(payload));
}

static void echo_answers_a_request_in_spans(void **state)
{
    struct bench *b = *state;
    static uint8_t p[2000], payload[1000], whole[65536];
    struct ipv4_header reply;

    fill_pattern(payload, sizeof(payload), 9);
    bench_input_spans(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 1, payload, sizeof(payload)), 28);
    assert_int_equal(take_message(b, whole, &reply), 1008);
    assert_memory_equal(whole + 8, payload, sizeof(payload));
}

static void echo_answers_from_the_address_that_was_asked(void **state)
{
    struct bench *b = *state;
    struct weft_ip second = weft_ipv4(V4(10, 9, 0, 77));
    struct ipv4_header h = plain;
    uint8_t p[100], out[100];

    /* R1122-3.3.4.2 R1122-3.2.2.6a */
    assert_int_equal(weft_if_add_address(b->ifp, &second, 24), 0);
    while (bench_take(b, out, sizeof(out)))
        ;
    h.dst = V4(10, 9, 0, 77);
    bench_input(b, p, make_icmp(p, h, ICMPV4_ECHO, 0, 1, "abcd", 4));
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, V4(10, 9, 0, 77));
    h.src = OTHER_PEER;
    h.dst = OTHER_US;
    bench_input_on(b, b->other, p, make_icmp(p, h, ICMPV4_ECHO, 0, 1, "abcd", 4));
    assert_int_equal(read_ip(out, bench_take_from(b, b->other, out, sizeof(out))).src, OTHER_US);
}

static void echo_keeps_the_service_but_not_the_congestion_mark(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = plain;
    uint8_t p[100], out[100];

    h.tos = 0xbb;
    bench_input(b, p, make_icmp(p, h, ICMPV4_ECHO, 0, 1, "abcd", 4));
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).tos, 0xb8);
}

static void echo_is_silent_towards_groups(void **state)
{
    static const uint32_t groups[] = {0xffffffff, SUBNET_ALL, 0x0a090000, V4(224, 0, 0, 1)};
    struct bench *b = *state;
    uint8_t p[100];

    /* R1122-3.2.2.6b R1122-3.2.3 */
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct ipv4_header h = plain;

        h.dst = groups[i];
        bench_expect_drop(b, icmp_broadcast_echo,
                          bench_input(b, p, make_icmp(p, h, ICMPV4_ECHO, 0, 1, "abcd", 4)));
    }
    bench_assert_silent(b);
}

/* ---- what is not answered ---- */

static void only_echo_requests_are_answered(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[100];

    /* R1122-3.2.2a R1122-3.2.2.9 */
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned code = 0; code < 4; code++) {
            bench_input(b, p, make_icmp(p, plain, (uint8_t)type, (uint8_t)code, 0, "0123456789012345678901234567", 28));
            assert_int_equal(bench_take(b, out, sizeof(out)) > 0, type == ICMPV4_ECHO);
        }
    }
    assert_int_equal(weft_drops(b->s, WEFT_DROP_icmp_unknown), (256 - 7) * 4); /* not: echo, errors, redirect */
}

static void a_bad_checksum_is_dropped(void **state)
{
    struct bench *b = *state;
    uint8_t p[100];
    size_t n = make_icmp(p, plain, ICMPV4_ECHO, 0, 1, "abcd", 4);

    for (size_t i = IPV4_HEADER; i < n; i++) {
        p[i] ^= 0x10;
        bench_expect_drop(b, icmp_checksum, bench_input(b, p, n));
        p[i] ^= 0x10;
    }
}

static void a_short_message_is_dropped(void **state)
{
    struct bench *b = *state;
    uint8_t p[100];
    struct ipv4_header h = plain;

    h.proto = IP_PROTO_ICMP;
    for (size_t n = 0; n < ICMPV4_HEADER; n++)
        bench_expect_drop(b, icmp_short, bench_input(b, p, make_ip(p, h, "\10\0\0\0\0\0\0", n)));
}

static void a_source_quench_is_not_heeded(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], quote[60];
    struct ipv4_header ours = {.src = US, .dst = PEER, .proto = BENCH_PROTO};
    size_t n = make_ip(quote, ours, "01234567", 8);

    /* R6633-1 (inbound) */
    bench_expect_drop(b, icmp_quench,
                      bench_input(b, p, make_icmp(p, plain, ICMPV4_SOURCE_QUENCH, 0, 0, quote, n)));
    assert_int_equal(b->record->errors, 0);
}

/* ---- errors that we get ---- */

static void errors_reach_the_transport_that_sent_the_quoted_datagram(void **state)
{
    struct bench *b = *state;
    uint8_t p[200], quote[60];
    struct ipv4_header ours = {.src = US, .dst = STRANGER, .proto = BENCH_PROTO};
    size_t n = make_ip(quote, ours, "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
    const struct ip_error *e = &b->record->error;

    /* R1122-3.2.2d */
    bench_input(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 4, 1400, quote, n));
    assert_int_equal(b->record->errors, 1);
    assert_int_equal(ip_to_v4(&e->src), US);
    assert_int_equal(ip_to_v4(&e->dst), STRANGER);
    assert_int_equal(ip_to_v4(&e->reporter), PEER);
    assert_int_equal(e->src_port, 0x1234);
    assert_int_equal(e->dst_port, 0x5678);
    assert_int_equal(e->seq, 0x9abcdef0);
    assert_int_equal(e->type, ICMPV4_UNREACHABLE);
    assert_int_equal(e->code, 4);
    assert_int_equal(e->mtu, 1400);
    assert_int_equal(e->err, WEFT_EMSGSIZE);
    assert_false(e->hard);
}

static void errors_mean_what_the_table_says(void **state)
{
    static const struct {
        uint8_t type, code;
        int err;
        bool hard, lasting;
    } rows[] = {
        {3, 0, WEFT_ENETUNREACH, false, false}, /* R1122-3.2.2.1b: 0, 1, 5 are hints */
        {3, 1, WEFT_EHOSTUNREACH, false, false},
        {3, 2, WEFT_ENOPROTOOPT, true, true},
        {3, 3, WEFT_ECONNREFUSED, true, true},
        {3, 5, WEFT_EOPNOTSUPP, false, false},
        {3, 6, WEFT_ENETUNREACH, false, true},
        {3, 7, WEFT_EHOSTDOWN, false, true},
        {3, 8, WEFT_ENONET, false, true},
        {3, 9, WEFT_ENETUNREACH, false, true},
        {3, 10, WEFT_EHOSTUNREACH, false, true},
        {3, 11, WEFT_ENETUNREACH, false, false},
        {3, 12, WEFT_EHOSTUNREACH, false, false},
        {3, 13, WEFT_EHOSTUNREACH, false, true},
        {3, 14, WEFT_EHOSTUNREACH, false, true},
        {3, 15, WEFT_EHOSTUNREACH, false, true},
        {3, 16, WEFT_EHOSTUNREACH, false, false},
        {3, 255, WEFT_EHOSTUNREACH, false, false},
        {11, 0, WEFT_EHOSTUNREACH, false, false},
        {11, 1, WEFT_EHOSTUNREACH, false, false},
        {12, 0, WEFT_EPROTO, false, true},
    };
    struct bench *b = *state;
    uint8_t p[200], quote[60];
    struct ipv4_header ours = {.src = US, .dst = STRANGER, .proto = BENCH_PROTO};
    size_t n = make_ip(quote, ours, "01234567", 8);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_input(b, p, make_icmp(p, plain, rows[i].type, rows[i].code, 0, quote, n));
        assert_int_equal(b->record->errors, i + 1);
        assert_int_equal(b->record->error.err, rows[i].err);
        assert_int_equal(b->record->error.hard, rows[i].hard);
        assert_int_equal(b->record->error.lasting, rows[i].lasting);
        assert_int_equal(b->record->error.mtu, 0);
    }
}

static void a_quote_cut_anywhere_is_ignored(void **state)
{
    struct bench *b = *state;
    uint8_t p[200], quote[60];
    struct ipv4_header ours = {.src = US, .dst = STRANGER, .proto = BENCH_PROTO};
    size_t n = make_ip(quote, ours, "01234567", 8);

    /* R1122-3.2.2d */
    for (size_t cut = 0; cut < n; cut++)
        bench_expect_drop(b, icmp_bad_quote,
                          bench_input(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 3, 0, quote, cut)));
    assert_int_equal(b->record->errors, 0);
}

static void a_quote_in_spans_is_read(void **state)
{
    struct bench *b = *state;
    uint8_t p[200], quote[60];
    struct ipv4_header ours = {.src = US, .dst = STRANGER, .proto = BENCH_PROTO};
    size_t n = make_ip(quote, ours, "01234567", 8);

    bench_input_spans(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 3, 0, quote, n), 28);
    assert_int_equal(b->record->errors, 1);
}

static void a_quote_of_something_we_did_not_send_is_ignored(void **state)
{
    struct ipv4_header strange[4] = {{0}};
    struct bench *b = *state;
    uint8_t p[200], quote[60];

    strange[0] = (struct ipv4_header){.src = STRANGER, .dst = PEER, .proto = BENCH_PROTO};
    strange[1] = (struct ipv4_header){.src = OTHER_US, .dst = PEER, .proto = BENCH_PROTO}; /* not whom it was sent to */
    strange[2] = (struct ipv4_header){.src = US, .dst = PEER, .proto = BENCH_PROTO, .frag_offset = 8};
    for (size_t i = 0; i < 3; i++) {
        size_t n = make_ip(quote, strange[i], "01234567", 8);

        bench_expect_drop(b, icmp_bad_quote,
                          bench_input(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 3, 0, quote, n)));
    }
    assert_int_equal(b->record->errors, 0);
}

static void an_error_about_nobody_is_dropped(void **state)
{
    static const uint8_t protocols[] = {IP_PROTO_UDP, IP_PROTO_ICMP, 99};
    struct bench *b = *state;
    uint8_t p[200], quote[60];

    for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
        struct ipv4_header ours = {.src = US, .dst = STRANGER, .proto = protocols[i]};
        size_t n = make_ip(quote, ours, "\10\0\0\0\0\0\0\0", 8);

        bench_expect_drop(b, icmp_no_endpoint,
                          bench_input(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 3, 0, quote, n)));
    }
}

static void a_silent_neighbour_is_reported_without_a_datagram(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    struct ipv4_header ours = {.src = US, .dst = PEER, .proto = BENCH_PROTO};
    size_t n = make_ip(p, ours, "\x12\x34\x56\x78____", 8);
    struct weft_pkt *pkt = pkt_new_linear(b->s, 0, n);

    memcpy(pkt->data, p, n);
    bench_expect_drop(b, neigh_unreachable, ip_next_hop_failed(b->ifp, pkt));
    assert_int_equal(b->record->errors, 1);
    assert_int_equal(b->record->error.err, WEFT_EHOSTUNREACH);
    assert_int_equal(b->record->error.src_port, 0x1234);
    assert_false(b->record->error.hard);
    bench_assert_silent(b);
}

static void a_foreign_datagram_whose_neighbour_is_silent_is_only_dropped(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    struct ipv4_header theirs = {.src = STRANGER, .dst = PEER, .proto = BENCH_PROTO};
    size_t n = make_ip(p, theirs, "01234567", 8);
    struct weft_pkt *pkt = pkt_new_linear(b->s, 0, n);

    memcpy(pkt->data, p, n);
    bench_expect_drop(b, neigh_unreachable, ip_next_hop_failed(b->ifp, pkt));
    assert_int_equal(b->record->errors, 0);
}

/* ---- errors that we send ---- */

static void an_error_quotes_what_came_byte_for_byte(void **state)
{
    static const size_t sizes[] = {0, 1, 8, 100, 519, 520, 521, 1400};
    static const uint8_t options[8] = {0x9e, 4, 1, 2, 1, 1, 1, 0};
    struct bench *b = *state;
    uint8_t p[1600], out[1600], payload[1400];

    /* R1122-3.2.2c R1122-3.2.2.1a R1122-4.1.3.1 */
    b->s->config.icmp_error_interval = 0;
    fill_pattern(payload, sizeof(payload), 1);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct ipv4_header h = {.src = PEER, .dst = US, .ttl = 7, .tos = 3, .id = 99, .header_len = 28};
        size_t n, got, quote;

        h.options = options;
        n = make_udp(p, h, 1000, 2000, payload, sizes[i]);
        bench_expect_drop(b, udp_no_port, bench_input(b, p, n));
        got = bench_take(b, out, sizeof(out));
        quote = min_size(n, 576 - 28);
        assert_int_equal(got, 28 + quote);
        assert_memory_equal(out + 28, p, quote);
        assert_int_equal(csum(out + 20, got - 20), 0);
        assert_memory_equal(out + 20, "\3\3", 2);
        assert_memory_equal(out + 24, "\0\0\0\0", 4);
        assert_int_equal(read_ip(out, got).src, US);
        assert_int_equal(read_ip(out, got).dst, PEER);
        assert_int_equal(read_ip(out, got).tos, 0xc0); /* precedence, no TOS: RFC 1812 §4.3.2.5 */
    }
}

static void no_error_is_sent_about_an_icmp_error(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = plain;
    uint8_t message[36] = {0}, p[200];

    /* R1122-3.2.2b: every type that is no query, first fragment of a datagram that never completes */
    h.proto = IP_PROTO_ICMP;
    h.mf = true;
    for (unsigned type = 0; type < 256; type++) {
        if (type == 0 || type == 8 || type == 13 || type == 14)
            continue;
        message[0] = (uint8_t)type;
        h.id = (uint16_t)type;
        bench_input(b, p, make_ip(p, h, message, 32));
    }
    bench_tick(b, 60 * WEFT_S);
    bench_assert_silent(b);
    message[0] = ICMPV4_ECHO;
    bench_input(b, p, make_ip(p, h, message, 32));
    bench_tick(b, 60 * WEFT_S);
    assert_true(bench_take(b, p, sizeof(p)) > 0); /* but about a query there is */
}

static void no_error_is_sent_about_what_many_heard(void **state)
{
    static const uint32_t groups[] = {0xffffffff, SUBNET_ALL, 0x0a090000, V4(224, 0, 0, 1)};
    struct bench *b = *state;
    uint8_t p[200];

    /* R1122-3.2.2b */
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct ipv4_header h = plain;

        h.dst = groups[i];
        bench_expect_drop(b, udp_no_port, bench_input(b, p, make_udp(p, h, 1000, 2000, "12345678", 8)));
        h.proto = 99;
        bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, make_ip(p, h, "12345678", 8)));
    }
    bench_assert_silent(b);
}

static void no_error_is_sent_about_a_link_broadcast_or_a_later_fragment_or_nobody(void **state)
{
    struct bench *b = *state;

    /* R1122-3.2.2b: what ip_refuse is given, whoever asks */
    for (unsigned i = 0; i < 3; i++) {
        struct ipv4_header h = {.src = PEER, .dst = US, .proto = 99};
        uint8_t p[64];
        struct weft_pkt *pkt = pkt_new_linear(b->s, 0, 28);

        h.frag_offset = i == 1 ? 8 : 0;
        make_ip(p, h, "12345678", 8);
        memcpy(pkt->data, p, 28);
        pkt->l3 = 0;
        pkt->src = weft_ipv4(i == 2 ? 0 : PEER);
        pkt->dst = weft_ipv4(US);
        pkt->link_broadcast = i == 0;
        bench_expect_drop(b, ip_unknown_protocol,
                          ip_refuse(b->s, pkt, IP_REFUSE_PROTOCOL, WEFT_DROP_ip_unknown_protocol));
    }
    bench_assert_silent(b);
}

/* Linux's icmp_echo_ignore_all. */
static void echo_can_be_switched_off(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];

    b->s->config.icmp6_echo_ignore = true; /* another one */
    assert_echo_intact(b, 56);
    b->s->config.icmp_echo_ignore = true;
    bench_expect_drop(b, icmp_echo_ignored, bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 1, "x", 1)));
    bench_assert_silent(b);
}

/* R1122-3.2.1.7b: of what has none of its own, at once. */
static void the_default_of_the_time_to_live_can_be_set(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_UDP, NULL);
    struct weft_addr to = {.ip = weft_ipv4(PEER), .port = 7};
    uint8_t p[64], out[64];
    int ttl, three = 3;
    size_t n = sizeof ttl;

    b->s->config.ip_default_ttl = 200;
    b->s->config.ip6_hop_limit = 100; /* another one */
    bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 1, "x", 1));
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).ttl, 200);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).ttl, 200);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_TTL, &ttl, &n), 0);
    assert_int_equal(ttl, 200);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_TTL, &three, sizeof three), 0);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).ttl, 3);
    weft_close(sock);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(echo_returns_all_data_intact),
        CLAIM(echo_answers_a_fragmented_request),
        CLAIM(echo_answers_a_request_in_spans),
        CLAIM(echo_answers_from_the_address_that_was_asked),
        CLAIM(echo_keeps_the_service_but_not_the_congestion_mark),
        CLAIM(echo_is_silent_towards_groups),
        CLAIM(only_echo_requests_are_answered),
        CLAIM(a_bad_checksum_is_dropped),
        CLAIM(a_short_message_is_dropped),
        CLAIM(a_source_quench_is_not_heeded),
        CLAIM(errors_reach_the_transport_that_sent_the_quoted_datagram),
        CLAIM(errors_mean_what_the_table_says),
        CLAIM(a_quote_cut_anywhere_is_ignored),
        CLAIM(a_quote_in_spans_is_read),
        CLAIM(a_quote_of_something_we_did_not_send_is_ignored),
        CLAIM(an_error_about_nobody_is_dropped),
        CLAIM(a_silent_neighbour_is_reported_without_a_datagram),
        CLAIM(a_foreign_datagram_whose_neighbour_is_silent_is_only_dropped),
        CLAIM(an_error_quotes_what_came_byte_for_byte),
        CLAIM(no_error_is_sent_about_an_icmp_error),
        CLAIM(no_error_is_sent_about_what_many_heard),
        CLAIM(no_error_is_sent_about_a_link_broadcast_or_a_later_fragment_or_nobody),
        CLAIM(echo_can_be_switched_off),
        CLAIM(the_default_of_the_time_to_live_can_be_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
