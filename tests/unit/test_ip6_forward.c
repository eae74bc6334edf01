/* SPDX-License-Identifier: MIT */
/* A router of IPv6 between two links: the form of test_ip_forward.c (RFC 8200 §3, §5; RFC 4443; RFC 4861 §8.2). */
#include "ip6_bench.h"

#define NEAR6 "2001:db8:9::77"
#define FAR6  "2001:db8:a::88"

static int setup(void **state)
{
    struct bench *b = bench6_new();

    b->s->config.ip6_forward = true;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* n bytes of the bench's protocol come in on the first link, from NEAR6 to FAR6 unless m says otherwise. */
static size_t make(uint8_t *out, struct make6 m, size_t n)
{
    static uint8_t payload[4000];

    fill_pattern(payload, sizeof payload, 5);
    m.src = m.src ? m.src : NEAR6;
    m.dst = m.dst ? m.dst : FAR6;
    return make_ip6(out, m, payload, n);
}

/* The ICMPv6 error that went back on the first link: its type and code; returns its second word. */
static uint32_t told(struct bench *b, unsigned type, unsigned code)
{
    struct weft_ip us = ip6(US6), near = ip6(NEAR6);
    uint8_t bytes[1500];
    size_t n = bench_take(b, bytes, sizeof bytes);

    assert_true(n >= IPV6_HEADER + ICMPV6_HEADER);
    assert_memory_equal(bytes + 8, us.b, 16);
    assert_memory_equal(bytes + 24, near.b, 16);
    assert_int_equal(bytes[6], IP_PROTO_ICMPV6);
    assert_int_equal(bytes[40], type);
    assert_int_equal(bytes[41], code);
    return peek_u32(bytes + 44);
}

static void datagram_goes_on_with_one_hop_less(void **state) /* R8200-3 */
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];

    for (unsigned hops = 2; hops <= 255; hops++) {
        size_t n = make(in, (struct make6){.hop_limit = (uint8_t)hops, .tclass = 0x2e}, 100);

        bench_input(b, in, n);
        assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
        assert_int_equal(out[7], hops - 1);
        out[7]++;
        assert_memory_equal(in, out, n);
    }
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_forwarded), 254);
    bench_assert_silent(b);
}

static void last_hop_is_told_of(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct make6){.hop_limit = 1}, 10);

    bench_expect_drop(b, ip_ttl, bench_input(b, in, n));
    told(b, ICMPV6_TIME_EXCEEDED, 0);
    n = make(in, (struct make6){.dst = OTHER_US6, .hop_limit = 1}, 10); /* a router's address, on whatever link */
    bench_input(b, in, n);
    assert_int_equal(b->record->count, 1);
    bench_assert_silent(b);
}

static void host_forwards_nothing_and_says_nothing(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct make6){0}, 10);

    b->s->config.ip6_forward = false;
    bench_expect_drop(b, ip_not_ours, bench_input(b, in, n));
    n = make(in, (struct make6){.dst = OTHER_US6}, 10);
    bench_expect_drop(b, ip_not_ours, bench_input(b, in, n));
    bench_assert_silent(b);
}

static void what_means_nothing_elsewhere_stays(void **state)
{
    static const struct {
        const char *src, *dst;
    } cases[] = {
        {NEAR6, "::"},         {NEAR6, "::1"},      {NEAR6, "fe80::99"}, {NEAR6, "ff05::1:3"},     {NEAR6, "ff0e::9"},
        {"::1", FAR6},         {"ff02::1", FAR6},   {"::", FAR6},        {"fe80::99", FAR6},       {US6, FAR6},
        {OTHER_US6, FAR6},
    };
    struct bench *b = *state;
    uint8_t in[1500];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = make(in, (struct make6){.src = cases[i].src, .dst = cases[i].dst}, 10);

        bench_expect_drop(b, ip_martian, bench_input(b, in, n));
    }
    bench_assert_silent(b);
}

static void header_is_sound_before_it_goes_on(void **state) /* R8200-3 */
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct make6){0}, 10);

    in[0] = 0x50;
    bench_expect_drop(b, ip_version, bench_input(b, in, n));
    make(in, (struct make6){0}, 10);
    in[5] = 11; /* a byte more than there is */
    bench_expect_drop(b, ip_total_length, bench_input(b, in, n));
    make(in, (struct make6){0}, 0);
    bench_expect_drop(b, ip_short, bench_input(b, in, IPV6_HEADER - 1));
    bench_assert_silent(b);
}

static void what_the_frame_has_behind_the_datagram_stays(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct make6){0}, 10);

    bench_input(b, in, n + 6);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
}

static void nobody_knows_the_way(void **state)
{
    struct bench *b = *state;
    struct weft_route all = {.gateway = ip6(PEER6)};
    uint8_t in[1500];
    size_t n = make(in, (struct make6){.dst = STRANGER6}, 10);

    assert_int_equal(weft_route_del(b->s, &all), 0);
    bench_expect_drop(b, ip_no_route, bench_input(b, in, n));
    told(b, ICMPV6_UNREACHABLE, 0);
    bench_assert_silent(b);
}

static void too_large_is_never_cut(void **state) /* R8200-5: only who sent it may */
{
    struct bench *b = *state;
    uint8_t in[1600], out[1600];

    for (uint32_t mtu = 1280; mtu < 1500; mtu += 55) {
        size_t n = make(in, (struct make6){0}, mtu - IPV6_HEADER);

        b->other->mtu = mtu;
        bench_input(b, in, n);
        assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
        n = make(in, (struct make6){0}, mtu - IPV6_HEADER + 1);
        bench_expect_drop(b, ip_too_big, bench_input(b, in, n));
        assert_int_equal(told(b, ICMPV6_TOO_BIG, 0), mtu);
    }
    bench_assert_silent(b);
}

/* R4443-2.4e: a later fragment of ICMPv6 may be one of an error; of another protocol it is none. */
static void a_fragment_that_may_be_an_errors_is_not_complained_of(void **state)
{
    static const uint8_t fragment[8] = {[3] = 8, [7] = 7}, message[16] = {ICMPV6_ECHO};
    struct make6 m = {.src = NEAR6, .dst = FAR6, .hop_limit = 1, .proto = IP_PROTO_ICMPV6, .chain = fragment,
                      .chain_len = sizeof fragment, .first = IP_PROTO_FRAGMENT};
    struct bench *b = *state;
    uint8_t in[100];

    bench_input(b, in, make_ip6(in, m, message, sizeof message));
    bench_assert_silent(b);
    m.proto = IP_PROTO_UDP;
    bench_input(b, in, make_ip6(in, m, message, sizeof message));
    told(b, ICMPV6_TIME_EXCEEDED, 0);
    bench_assert_silent(b);
}

/* R4443-2.4f: who makes us complain in masses does not keep from others what their path carries. */
static void what_a_path_carries_is_told_during_a_flood(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[100];
    size_t n = make(in, (struct make6){.hop_limit = 1}, 100);
    unsigned told_big = 0;

    b->s->config.icmp6_error_interval = 0; /* all from one source: the limit of all together is asked here */
    for (unsigned i = 0; i < 1000; i++)
        bench_input(b, in, n);
    while (bench_take(b, out, sizeof out))
        ;
    assert_in_range(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 1000 - 50 - 128, 1000 - 50);
    b->other->mtu = 1280;
    n = make(in, (struct make6){0}, 1400);
    bench_expect_drop(b, ip_too_big, bench_input(b, in, n));
    assert_int_equal(told(b, ICMPV6_TOO_BIG, 0), 1280);
    for (unsigned i = 0; i < 1000; i++) /* though not without end */
        bench_input(b, in, n);
    while (bench_take(b, out, sizeof out))
        told_big++;
    assert_in_range(told_big, 50 - 1, 50 + 128);
}

/* A super-segment of TCP, as a neighbour on the same machine hands it over: its checksum is still to be made. */
static void input_super(struct bench *b, uint16_t gso_size)
{
    struct weft_pkt_offload o = {
        .csum_partial = true, .csum_start = IPV6_HEADER, .csum_offset = 16, .gso_size = gso_size};
    uint8_t segment[20 + 3000] = {[12] = 5 << 4}, in[IPV6_HEADER + sizeof segment];
    size_t n = make_ip6(in, (struct make6){.src = NEAR6, .dst = FAR6, .proto = IP_PROTO_TCP}, segment, sizeof segment);

    bench_input_unfinished(b, in, n, o);
}

static void super_segment_is_as_large_as_its_segments(void **state)
{
    struct bench *b = *state;
    uint8_t out[1500];
    size_t n, pieces = 0;

    b->other->mtu = 1280;
    input_super(b, 1220);
    while ((n = bench_take_from(b, b->other, out, sizeof out))) {
        assert_true(n <= 1280);
        pieces++;
    }
    assert_int_equal(pieces, 3);
    bench_expect_drop(b, ip_too_big, input_super(b, 1221));
    assert_int_equal(told(b, ICMPV6_TOO_BIG, 0), 1280);
    bench_assert_silent(b);
}

static void source_must_lie_where_it_came_from(void **state)
{
    struct bench *b = *state;
    struct weft_route all = {.gateway = ip6(PEER6)};
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct make6){.src = "2001:db8:a::99"}, 10);

    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    b->s->config.rp_filter = 1;
    bench_expect_drop(b, ip_rp_filter, bench_input(b, in, n));
    b->s->config.rp_filter = 2;
    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    assert_int_equal(weft_route_del(b->s, &all), 0);
    n = make(in, (struct make6){.src = STRANGER6}, 10);
    bench_expect_drop(b, ip_rp_filter, bench_input(b, in, n));
    bench_assert_silent(b);
}

static void extension_headers_are_carried_as_they_are(void **state)
{
    static const uint8_t chain[8] = {0, 0, 1, 4}; /* destination options: one of padding */
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct make6){.chain = chain, .chain_len = 8, .first = IP_PROTO_DSTOPTS}, 50);

    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    out[7]++;
    assert_memory_equal(in, out, n);
}

static void flood_ends_in_a_bounded_queue(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct make6){0}, 10);

    for (unsigned i = 0; i < 3000; i++)
        bench_input(b, in, n);
    assert_int_equal(b->other->queue.count, b->other->queue_limit);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_queue_full), 3000 - b->other->queue_limit);
}

static void errors_are_held_to_a_rate(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct make6){.hop_limit = 1}, 10);
    unsigned answers = 0;

    for (unsigned i = 0; i < 1000; i++) {
        bench_input(b, in, n);
        answers += bench_take(b, out, sizeof out) > 0;
    }
    assert_in_range(answers, 1, 100); /* R4443-2.4f: a burst, no more, while no time passes */
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_ttl), 1000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(datagram_goes_on_with_one_hop_less),
        T(last_hop_is_told_of),
        T(host_forwards_nothing_and_says_nothing),
        T(what_means_nothing_elsewhere_stays),
        T(header_is_sound_before_it_goes_on),
        T(what_the_frame_has_behind_the_datagram_stays),
        T(nobody_knows_the_way),
        T(too_large_is_never_cut),
        T(a_fragment_that_may_be_an_errors_is_not_complained_of),
        T(what_a_path_carries_is_told_during_a_flood),
        T(super_segment_is_as_large_as_its_segments),
        T(source_must_lie_where_it_came_from),
        T(extension_headers_are_carried_as_they_are),
        T(flood_ends_in_a_bounded_queue),
        T(errors_are_held_to_a_rate),
    };
#undef T

    return cmocka_run_group_tests_name("ip6_forward", tests, NULL, NULL);
}
