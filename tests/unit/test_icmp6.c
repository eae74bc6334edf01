/* SPDX-License-Identifier: MIT */
/* ICMPv6: echoes, ping sockets, and errors, ours and others'. */
#include <stdio.h>

#include "ip6_bench.h"
#include "weft/sock.h"

static int setup(void **state)
{
    *state = bench6_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* RFC 6437 §2: the answers of one flow have one label, which is not nothing; others' have another. */
static void echo6_answers_have_the_flows_label(void **state)
{
    static const char *const from[] = {PEER6, PEER6, "2001:db8:9::77"};
    struct bench *b = *state;
    uint8_t p[100], out[100];
    uint32_t label[3];

    for (unsigned i = 0; i < 3; i++) {
        bench_input(b, p, make_icmp6(p, (struct make6){.src = from[i]}, ICMPV6_ECHO, 0, 0x70001 + i, "x", 1));
        assert_int_equal(bench_take(b, out, sizeof out), 49);
        label[i] = read_ip6(out, 49, US6, from[i]).flow_label;
    }
    assert_int_not_equal(label[0], 0);
    assert_int_equal(label[1], label[0]);
    assert_int_not_equal(label[2], label[0]);
}

static void echo6_returns_everything(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 8, 56, 1232};
    struct bench *b = *state;
    uint8_t p[2000], out[2000], payload[1300];
    struct ipv6_header h;

    fill_pattern(payload, sizeof payload, 3);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) { /* R4443-4.2 */
        bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 0x70001, payload, sizes[i]));
        assert_int_equal(bench_take(b, out, sizeof out), 48 + sizes[i]);
        h = read_ip6(out, 48 + sizes[i], US6, PEER6);
        assert_int_equal(h.next, IP_PROTO_ICMPV6);
        assert_int_equal(out[40], ICMPV6_ECHO_REPLY);
        assert_memory_equal(out + 44, p + 44, 4);
        assert_memory_equal(out + 48, payload, sizes[i]);
    }
    bench_input(b, p, make_icmp6(p, (struct make6){.dst = ALL_NODES}, ICMPV6_ECHO, 0, 1, "x", 1));
    read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6); /* to many: from an address of ours */
    bench_input(b, p, make_icmp6(p, (struct make6){.src = "fe80::1", .dst = "fe80::2"}, ICMPV6_ECHO, 0, 1, "x", 1));
    read_ip6(out, bench_take(b, out, sizeof out), "fe80::2", "fe80::1");
    bench_expect_drop(b, icmp_checksum, ({
                          size_t n = make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1);
                          p[43] ^= 1;
                          bench_input(b, p, n);
                      }));
    bench_assert_silent(b);
}

/* Linux's net.ipv6.icmp.echo_ignore_all and echo_ignore_multicast. */
static void echo6_can_be_switched_off(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[100];
    size_t n = make_icmp6(p, (struct make6){.dst = ALL_NODES}, ICMPV6_ECHO, 0, 1, "x", 1);

    b->s->config.icmp_echo_ignore = true; /* IPv4's is another */
    b->s->config.icmp6_echo_ignore_groups = true;
    bench_expect_drop(b, icmp_echo_ignored, bench_input(b, p, n));
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1));
    assert_int_equal(bench_take(b, out, sizeof out), 49);
    b->s->config.icmp6_echo_ignore_groups = false;
    b->s->config.icmp6_echo_ignore = true;
    bench_expect_drop(b, icmp_echo_ignored, bench_input(b, p, n));
    bench_expect_drop(b, icmp_echo_ignored,
                      bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1)));
    bench_assert_silent(b);
}

/* Linux's net.ipv6.conf.all.hop_limit; what a router of the link says comes first: test_router.c. */
static void the_usual_hop_limit_can_be_set(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_UDP, NULL);
    struct weft_addr to = addr6(PEER6, 7);
    uint8_t p[100], out[100];
    int hops;
    size_t n = sizeof hops;

    b->s->config.ip6_hop_limit = 200;
    b->s->config.ip_default_ttl = 100; /* IPv4's is another */
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 1, "x", 1));
    assert_int_equal(read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6).hop_limit, 200);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6).hop_limit, 200);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_UNICAST_HOPS, &hops, &n), 0);
    assert_int_equal(hops, 200);
    weft_close(sock);
}

static void ping6_socket_sends_requests_and_gets_its_replies(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_ICMPV6, NULL);
    struct weft_addr to = addr6(PEER6, 0), v4 = {.ip = weft_ipv4(PEER)}, from;
    uint8_t request[12] = {ICMPV6_ECHO, 0, 0, 0, 0, 0, 0, 1, 'p', 'i', 'n', 'g'}, p[200], reply[64];
    size_t n;

    assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &v4), WEFT_ENETUNREACH);
    assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &to), sizeof request);
    n = bench_take(b, p, sizeof p);
    read_ip6(p, n, US6, PEER6);
    n = make_icmp6(reply, (struct make6){0}, ICMPV6_ECHO_REPLY, 0, peek_u32(p + 44), p + 48, 4);
    bench_input(b, reply, n);
    assert_int_equal(weft_recvfrom(sock, p, sizeof p, 0, &from), sizeof request);
    assert_memory_equal(&from.ip, &to.ip, 16);
    assert_memory_equal(p + 8, "ping", 4);
    weft_close(sock);
}

/* R4443-2.4f */
static void the_rate_of_errors_of_ipv6_is_limited(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[200];
    unsigned got = 0;
    char from[40];

    for (unsigned i = 0; i < 10000; i++) {
        snprintf(from, sizeof from, "2001:db8:77::%x", i + 1); /* each source has a limit of its own besides */
        bench_input(b, p, make_udp6(p, (struct make6){.src = from}, 1000, 2000, "1", 1));
        got += bench_take(b, out, sizeof out) > 0;
        b->now += WEFT_S / 10000;
    }
    assert_in_range(got, 1000 + 50, 1000 + 50 + 128);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 10000 - got);
}

/* R4443-2.4f: six to one neighbour at once, then four in a second. Addresses that differ in their last bits are two. */
static void one_destination_of_ipv6_gets_six_errors_and_then_four_a_second(void **state)
{
    static const char *const sources[] = {PEER6, "2001:db8:9::77"};
    struct bench *b = *state;
    uint8_t p[100], out[200];
    unsigned got[2] = {0};

    for (unsigned i = 0; i < 40; i++) {
        bench_input(b, p, make_udp6(p, (struct make6){.src = sources[i % 2]}, 1000, 2000, "1", 1));
        got[i % 2] += bench_take(b, out, sizeof out) > 0;
    }
    assert_int_equal(got[0], 6);
    assert_int_equal(got[1], 6);
    for (unsigned i = 0; i < 40; i++) {
        b->now += WEFT_S / 16;
        bench_input(b, p, make_udp6(p, (struct make6){0}, 1000, 2000, "1", 1));
        got[0] += bench_take(b, out, sizeof out) > 0;
    }
    assert_int_equal(got[0], 6 + 10);
}

/* RFC 2474 §4.1: what asks for nothing has the default class, whatever that has of which it speaks. */
static void errors_of_ipv6_have_the_default_class(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[200];

    bench_input(b, p, make_udp6(p, (struct make6){.tclass = 0xb9}, 1000, 2000, "1", 1));
    assert_int_equal(read_ip6(out, bench_take(b, out, sizeof out), US6, PEER6).tclass, 0);
}

/* RFC 6437 §3: whoever sends packets gives them a label, which is one for all errors to one peer, and another for others. */
static void errors_of_ipv6_have_the_label_of_their_flow(void **state)
{
    static const char *const from[] = {PEER6, PEER6, "2001:db8:9::77"};
    struct bench *b = *state;
    uint8_t p[100], out[200];
    uint32_t label[3];

    for (unsigned i = 0; i < 3; i++) {
        bench_input(b, p, make_udp6(p, (struct make6){.src = from[i]}, 1000, 2000, "1", 1));
        label[i] = read_ip6(out, bench_take(b, out, sizeof out), US6, from[i]).flow_label;
    }
    assert_int_not_equal(label[0], 0);
    assert_int_equal(label[1], label[0]);
    assert_int_not_equal(label[2], label[0]);
}

static void icmp6_errors_reach_whom_they_quote(void **state)
{
    static const struct {
        uint8_t type, code;
        uint32_t word;
        int err;
        bool hard, lasting;
    } rows[] = {
        {1, 0, 0, WEFT_ENETUNREACH, false, false},
        {1, 1, 0, WEFT_EACCES, true, true},
        {1, 2, 0, WEFT_EHOSTUNREACH, false, false},
        {1, 3, 0, WEFT_EHOSTUNREACH, false, false},
        {1, 4, 0, WEFT_ECONNREFUSED, true, true},
        {1, 5, 0, WEFT_EACCES, true, true},
        {1, 6, 0, WEFT_EACCES, true, true},
        {1, 7, 0, WEFT_EPROTO, false, true},
        {2, 0, 1280, WEFT_EMSGSIZE, false, false},
        {3, 0, 0, WEFT_EHOSTUNREACH, false, false},
        {4, 1, 40, WEFT_EPROTO, true, true},
        {99, 3, 0, WEFT_EPROTO, false, false}, /* R4443-2.4a: unknown ones too */
    };
    struct bench *b = *state;
    uint8_t quote[100], p[300];
    size_t n = make_ip6(quote, (struct make6){.src = US6, .dst = STRANGER6}, "12345678", 8);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_input(b, p, make_icmp6(p, (struct make6){0}, rows[i].type, rows[i].code, rows[i].word, quote, n));
        assert_int_equal(b->record->errors, i + 1);
        assert_int_equal(b->record->error.err, rows[i].err);
        assert_int_equal(b->record->error.hard, rows[i].hard);
        assert_int_equal(b->record->error.lasting, rows[i].lasting);
        assert_int_equal(b->record->error.mtu, rows[i].word);
    }
    n = make_icmp6(p, (struct make6){0}, ICMPV6_TOO_BIG, 0, 1279, quote, n); /* R8021-1 */
    bench_expect_drop(b, icmp_small_mtu, bench_input(b, p, n));
    n = make_ip6(quote, (struct make6){.src = PEER6, .dst = STRANGER6}, "12345678", 8);
    n = make_icmp6(p, (struct make6){0}, 1, 4, 0, quote, n);
    bench_expect_drop(b, icmp_bad_quote, bench_input(b, p, n));
    bench_assert_silent(b);
}

/* RFC 4443 §5.2: what does not quote the whole header and 8 bytes is nobody's, also right behind an error that does. */
static void short_quotes_of_ipv6_are_nobodys(void **state)
{
    struct bench *b = *state;
    uint8_t quote[100], p[300];
    size_t n = make_ip6(quote, (struct make6){.src = US6, .dst = STRANGER6}, "12345678", 8);

    for (size_t shown = 0; shown < n; shown++) {
        bench_input(b, p, make_icmp6(p, (struct make6){0}, 1, 4, 0, quote, n));
        assert_int_equal(b->record->errors, shown + 1);
        bench_expect_drop(b, icmp_bad_quote,
                          bench_input(b, p, make_icmp6(p, (struct make6){0}, 1, 4, 0, quote, shown)));
        assert_int_equal(b->record->errors, shown + 1);
    }
}

/* R4443-2.4e: never an error about an error. */
static void icmp6_errors_are_not_answered(void **state)
{
    struct bench *b = *state;
    uint8_t p[300], chain[8] = {0, 0, 0x9e, 4};
    struct make6 m = {.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 8};

    bench_input(b, p, make_icmp6(p, m, ICMPV6_UNREACHABLE, 4, 0, "quote", 5));
    bench_input(b, p, make_icmp6(p, m, ICMPV6_REDIRECT, 0, 0, "quote", 5));
    bench_assert_silent(b);
    bench_input(b, p, make_icmp6(p, m, ICMPV6_ECHO, 0, 0, "quote", 5));
    assert_true(bench_take(b, p, sizeof p) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echo6_answers_have_the_flows_label, setup, teardown),
        cmocka_unit_test_setup_teardown(echo6_returns_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(echo6_can_be_switched_off, setup, teardown),
        cmocka_unit_test_setup_teardown(the_usual_hop_limit_can_be_set, setup, teardown),
        cmocka_unit_test_setup_teardown(ping6_socket_sends_requests_and_gets_its_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rate_of_errors_of_ipv6_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(one_destination_of_ipv6_gets_six_errors_and_then_four_a_second,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(errors_of_ipv6_have_the_default_class, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_of_ipv6_have_the_label_of_their_flow, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp6_errors_reach_whom_they_quote, setup, teardown),
        cmocka_unit_test_setup_teardown(short_quotes_of_ipv6_are_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp6_errors_are_not_answered, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
