/* SPDX-License-Identifier: MIT */
/* IPv6 input: what goes up, what goes no further, under which name and with which answer. */
#include "ip6_bench.h"

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

static const struct make6 plain;

static void ip6_delivers_a_datagram_with_what_its_header_said(void **state)
{
    struct bench *b = *state;
    struct weft_ip src = ip6(PEER6), dst = ip6(US6);
    uint8_t p[100], payload[20];

    fill_pattern(payload, sizeof payload, 1);
    bench_input(b, p, make_ip6(p, (struct make6){.hop_limit = 17, .tclass = 0xb8}, payload, sizeof payload));
    assert_int_equal(b->record->count, 1);
    assert_int_equal(b->record->len, sizeof payload);
    assert_memory_equal(b->record->bytes, payload, sizeof payload);
    assert_int_equal(b->record->ttl, 17);
    assert_int_equal(b->record->tos, 0xb8);
    assert_memory_equal(&b->record->src, &src, 16);
    assert_memory_equal(&b->record->dst, &dst, 16);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_in_delivered), 1);
}

/* R8200-3 */
static void ip6_takes_padding_off_and_drops_what_is_cut(void **state)
{
    struct bench *b = *state;
    uint8_t p[100] = {0};
    size_t n = make_ip6(p, plain, "12345", 5);

    bench_input(b, p, n + 9);
    assert_int_equal(b->record->len, 5);
    for (size_t cut = 1; cut < n; cut++) /* a frame of one byte is told apart by its first nibble */
        if (cut < IPV6_HEADER)
            bench_expect_drop(b, ip_short, bench_input(b, p, cut));
        else
            bench_expect_drop(b, ip_total_length, bench_input(b, p, cut));
    assert_int_equal(b->record->count, 1);
    bench_assert_silent(b);
}

/* R4291-2 */
static void ip6_knows_which_destinations_are_ours(void **state)
{
    static const struct {
        const char *dst;
        bool ours, group;
    } rows[] = {
        {US6, true, false},           {"fe80::2", true, false},    {ALL_NODES, true, true},
        {"ff01::1", true, true},      {US6_GROUP, true, true},     {PEER6, false, false},
        {"2001:db8:9::3", false, false}, {"ff02::2", false, false}, {"ff02::1:ff00:3", false, false},
        {"::1", false, false},        {"::", false, false},        {OTHER_US6, false, false},
        {"ff05::2", false, false},    {"fe80::3", false, false},
    };
    struct bench *b = *state;
    uint8_t p[64];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = make_ip6(p, (struct make6){.dst = rows[i].dst}, "payload!", 8);
        unsigned before = b->record->count;

        if (rows[i].ours)
            bench_input(b, p, n);
        else
            bench_expect_drop(b, ip_not_ours, bench_input(b, p, n));
        assert_int_equal(b->record->count - before, rows[i].ours);
        if (rows[i].ours)
            assert_int_equal(b->record->ip_group, rows[i].group);
    }
    bench_assert_silent(b);
}

/* R4291-2 */
static void ip6_takes_nothing_from_impossible_sources(void **state)
{
    static const char *const rows[] = {"::1", "ff02::1", "ff05::7", "::", US6, OTHER_US6, "fe80::2"};
    struct bench *b = *state;
    uint8_t p[64];
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        n = make_ip6(p, (struct make6){.src = rows[i]}, "payload!", 8);
        bench_expect_drop(b, ip_bad_source, bench_input(b, p, n));
    }
    assert_int_equal(b->record->count, 0);
    bench_assert_silent(b);
}

/* R3493-1: mapped addresses never appear on the wire; who sends them means to pass for a host of IPv4. */
static void ip6_takes_no_mapped_addresses(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n;

    n = make_ip6(p, plain, "payload!", 8);
    memcpy(p + 8, (struct weft_ip[]){weft_ipv4(PEER)}, 16);
    bench_expect_drop(b, ip_bad_source, bench_input(b, p, n));
    n = make_ip6(p, plain, "payload!", 8);
    memcpy(p + 24, (struct weft_ip[]){weft_ipv4(US)}, 16);
    bench_expect_drop(b, ip_not_ours, bench_input(b, p, n));
}

static void ip6_takes_no_zones_from_the_wire(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    size_t n = make_ip6(p, (struct make6){.src = "fe80::1"}, "payload!", 8);

    bench_input(b, p, n);
    assert_int_equal(b->record->count, 1);
    assert_int_equal(ip_zone(&b->record->src), weft_if_index(b->ifp));
    p[11] = (uint8_t)weft_if_index(b->ifp);
    bench_expect_drop(b, ip_bad_source, bench_input(b, p, n));
}

/* ---- extension headers ---- */

/* A destination options header of 8 * units bytes, filled with one PadN per 8 bytes or what `options` says. */
static size_t dstopts(uint8_t *p, uint8_t next, const void *options, size_t n)
{
    size_t len = (2 + n + 7) / 8 * 8, pad = len - 2 - n;

    p[0] = next;
    p[1] = (uint8_t)(len / 8 - 1);
    if (n)
        memcpy(p + 2, options, n);
    memset(p + 2 + n, 0, pad);
    if (pad > 1) {
        p[2 + n] = 1;
        p[3 + n] = (uint8_t)(pad - 2);
    }
    return len;
}

/* R8200-4.0 */
static void ip6_walks_chains_of_up_to_eight_headers(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[9 * 8];

    for (unsigned n = 1; n <= 9; n++) {
        struct make6 m = {.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = n * 8, .last = (n - 1) * 8};
        size_t len;

        for (unsigned i = 0; i < n; i++)
            dstopts(chain + i * 8, IP_PROTO_DSTOPTS, NULL, 0);
        len = make_ip6(p, m, "payload!", 8);
        if (n <= 8)
            bench_input(b, p, len);
        else
            bench_expect_drop(b, ip6_chain_limit, bench_input(b, p, len));
    }
    assert_int_equal(b->record->count, 8);
    assert_int_equal(b->record->len, 8);
    bench_assert_silent(b);
}

/* R8200-4.0b: the pointer says which byte named the unknown header. */
static void ip6_complains_about_an_unknown_header_wherever_it_stands(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[5 * 8];

    for (unsigned n = 0; n <= 5; n++) {
        struct make6 m = {.first = IP_PROTO_DSTOPTS, .proto = 254, .chain = chain, .chain_len = n * 8};
        size_t len;

        m.last = n ? (n - 1) * 8 : 0;
        for (unsigned i = 0; i < n; i++)
            dstopts(chain + i * 8, IP_PROTO_DSTOPTS, NULL, 0);
        len = make_ip6(p, m, "payload!", 8);
        bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, len));
        expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 1, n ? 40 + (n - 1) * 8 : 6, p, len);
        m.dst = ALL_NODES;
        bench_input(b, p, make_ip6(p, m, "payload!", 8));
        bench_assert_silent(b);
    }
    bench_expect_drop(b, ip6_no_next_header,
                      bench_input(b, p, make_ip6(p, (struct make6){.proto = IP_PROTO_NONE}, "x", 1)));
    bench_assert_silent(b);
}

/* R8200-4.0b: what belongs to IPv4 alone is no upper layer here, though we speak it there. */
static void ip6_carries_no_icmp_nor_igmp_of_ipv4(void **state)
{
    static const uint8_t kinds[] = {IP_PROTO_ICMP, IP_PROTO_IGMP}, echo[] = {ICMPV4_ECHO, 0, 0xf7, 0xff, 0, 0, 0, 0};
    struct bench *b = *state;
    uint8_t p[100];

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = make_ip6(p, (struct make6){.proto = kinds[i]}, echo, sizeof echo);

        bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, n));
        expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 1, 6, p, n);
    }
}

/* R8200-4.2: the two high bits of an unknown option, to one and to many. */
static void ip6_obeys_what_an_unknown_option_asks_for(void **state)
{
    static const struct {
        uint8_t type;
        bool delivered, told_one, told_many;
    } rows[] = {{0x1e, true, false, false}, {0x5e, false, false, false}, {0x9e, false, true, true},
                {0xde, false, true, false}};
    struct bench *b = *state;
    uint8_t p[512], chain[8];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned many = 0; many < 2; many++) {
            struct make6 m = {.dst = many ? ALL_NODES : NULL, .first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 8};
            unsigned before = b->record->count;
            size_t n;

            dstopts(chain, 0, (uint8_t[]){rows[i].type, 0}, 2);
            n = make_ip6(p, m, "payload!", 8);
            bench_input(b, p, n);
            assert_int_equal(b->record->count - before, rows[i].delivered);
            if (many ? rows[i].told_many : rows[i].told_one)
                expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 2, 42, p, n);
            bench_assert_silent(b);
        }
}

/* R8504-5.3: at each limit and one above it. */
static void ip6_limits_options_and_padding(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[64], options[40];

    for (unsigned n = 8; n <= 9; n++) { /* options that would be skipped */
        size_t len = 0;

        for (unsigned i = 0; i < n; i++) {
            options[len++] = 0x1e;
            options[len++] = 0;
        }
        len = dstopts(chain, 0, options, len);
        len = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = len}, "x", 1);
        if (n == 8)
            bench_input(b, p, len);
        else
            bench_expect_drop(b, ip6_chain_limit, bench_input(b, p, len));
    }
    for (unsigned n = 7; n <= 8; n++) { /* Pad1 in a row */
        size_t len;

        memset(options, 0, n);
        options[n] = 0x1e;
        options[n + 1] = 0;
        len = dstopts(chain, 0, options, n + 2);
        len = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = len}, "x", 1);
        if (n == 7)
            bench_input(b, p, len);
        else
            bench_expect_drop(b, ip6_chain_limit, bench_input(b, p, len));
    }
    for (unsigned n = 4; n <= 12; n += 8) { /* data in a PadN that fills its header */
        size_t len;

        memset(options, 0, sizeof options);
        options[0] = 1;
        options[1] = (uint8_t)n;
        len = dstopts(chain, 0, options, 2 + n);
        len = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = len}, "x", 1);
        if (n == 4)
            bench_input(b, p, len);
        else
            bench_expect_drop(b, ip6_chain_limit, bench_input(b, p, len));
    }
    for (unsigned n = 3; n <= 4; n++) { /* PadN of two bytes, again and again */
        size_t len;

        memset(options, 0, sizeof options);
        for (unsigned i = 0; i < n; i++)
            options[2 * i] = 1;
        options[2 * n] = 0x1e;
        len = dstopts(chain, 0, options, 2 * n + 2);
        len = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = len}, "x", 1);
        if (n == 3)
            bench_input(b, p, len);
        else
            bench_expect_drop(b, ip6_chain_limit, bench_input(b, p, len));
    }
    assert_int_equal(b->record->count, 4);
}

static void ip6_drops_options_that_run_past_their_header(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[8];

    for (unsigned len = 5; len < 256; len++) {
        size_t n;

        dstopts(chain, 0, (uint8_t[]){0x1e, (uint8_t)len, 0, 0, 0, 0}, 6);
        n = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 8}, "payload!", 8);
        bench_expect_drop(b, ip6_chain_cut, bench_input(b, p, n));
    }
    dstopts(chain, 0, NULL, 0);
    for (unsigned units = 2; units < 200; units++) { /* the header past the packet */
        size_t n;

        chain[1] = (uint8_t)units;
        n = make_ip6(p, (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 8}, "payload!", 8);
        bench_expect_drop(b, ip6_chain_cut, bench_input(b, p, n));
    }
    assert_int_equal(b->record->count, 0);
    bench_assert_silent(b);
}

/* R8200-4.4 */
static void ip6_follows_no_routing_header(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[8] = {0};

    b->s->config.icmp6_error_interval = 0;
    for (unsigned type = 0; type < 8; type++) {
        struct make6 m = {.first = IP_PROTO_ROUTING, .chain = chain, .chain_len = 8};
        unsigned before = b->record->count;
        size_t n;

        chain[2] = (uint8_t)type;
        chain[3] = 0;
        bench_input(b, p, make_ip6(p, m, "payload!", 8));
        assert_int_equal(b->record->count, before + 1);
        chain[3] = 1;
        n = make_ip6(p, m, "payload!", 8);
        bench_expect_drop(b, ip_source_route, bench_input(b, p, n));
        expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 0, 42, p, n);
    }
}

/* R8200-4.0: hop-by-hop options may be first only. */
static void ip6_takes_hop_by_hop_options_first_only(void **state)
{
    struct bench *b = *state;
    uint8_t p[512], chain[16];
    struct make6 m = {.first = IP_PROTO_HOPOPTS, .chain = chain, .chain_len = 8};
    size_t n;

    dstopts(chain, 0, NULL, 0);
    bench_input(b, p, make_ip6(p, m, "payload!", 8));
    assert_int_equal(b->record->count, 1);
    dstopts(chain, IP_PROTO_HOPOPTS, NULL, 0);
    dstopts(chain + 8, 0, NULL, 0);
    m = (struct make6){.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = 16, .last = 8};
    n = make_ip6(p, m, "payload!", 8);
    bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, n));
    expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 1, 40, p, n);
}

/* ---- fragments ---- */

static size_t piece(uint8_t *p, uint8_t next, uint32_t id, uint32_t offset, bool more, const void *bytes, size_t n)
{
    uint8_t chain[8] = {0};
    struct make6 m = {.first = IP_PROTO_FRAGMENT, .chain = chain, .chain_len = sizeof chain, .proto = next};

    poke_u16(chain + 2, (uint16_t)(offset | more));
    poke_u32(chain + 4, id);
    return make_ip6(p, m, bytes, n);
}

/* R6946-1 */
static void ip6_takes_an_atomic_fragment_as_a_datagram(void **state)
{
    struct bench *b = *state;
    uint8_t p[1200], whole[1000];

    fill_pattern(whole, sizeof whole, 3);
    bench_input(b, p, piece(p, 0, 7, 496, false, whole + 496, 504));
    bench_input(b, p, piece(p, 0, 7, 0, false, "alone", 5)); /* of the same identification, and nothing to it */
    assert_int_equal(b->record->count, 1);
    assert_int_equal(b->record->len, 5);
    bench_input(b, p, piece(p, 0, 8, 0, true, whole, 496)); /* of another */
    assert_int_equal(b->record->count, 1);
    bench_input(b, p, piece(p, 0, 7, 0, true, whole, 496));
    assert_int_equal(b->record->count, 2);
    assert_int_equal(b->record->len, sizeof whole);
    assert_memory_equal(b->record->bytes, whole, sizeof whole);
}

/* IPV6_RECVFRAGSIZE: with all the headers that it came with. What came whole, atomic or not, had no fragments. */
static void ip6_knows_the_size_of_the_largest_fragment(void **state)
{
    struct bench *b = *state;
    uint8_t p[1200], chain[16] = {IP_PROTO_FRAGMENT, 0, 1, 4}; /* padding of one option, and the fragment header */
    struct make6 m = {.first = IP_PROTO_DSTOPTS, .chain = chain, .chain_len = sizeof chain, .last = 8};
    uint8_t whole[1000];

    fill_pattern(whole, sizeof whole, 5);
    bench_input(b, p, piece(p, 0, 7, 0, false, "alone", 5));
    assert_int_equal(b->record->piece, 0);
    bench_input(b, p, piece(p, 0, 8, 0, true, whole, 600));
    bench_input(b, p, piece(p, 0, 8, 600, false, whole + 600, 400));
    assert_int_equal(b->record->count, 2);
    assert_int_equal(b->record->piece, 40 + 8 + 600);
    chain[11] = 1; /* more of them */
    chain[15] = 9;
    bench_input(b, p, make_ip6(p, m, whole, 320));
    poke_u16(chain + 10, 320);
    bench_input(b, p, make_ip6(p, m, whole + 320, 680));
    assert_int_equal(b->record->count, 3);
    assert_int_equal(b->record->piece, 40 + 8 + 8 + 680);
    assert_int_equal(b->record->len, sizeof whole);
    assert_memory_equal(b->record->bytes, whole, sizeof whole);
}

/* R8200-4.5a, R8200-4.5c */
static void ip6_complains_about_fragments_that_cannot_be(void **state)
{
    static const uint8_t cut[8] = {BENCH_PROTO, 1}; /* destination options of 16 bytes */
    struct bench *b = *state;
    uint8_t p[200];
    size_t n = piece(p, 0, 1, 0, true, "no eights", 9);

    bench_expect_drop(b, frag_misaligned, bench_input(b, p, n));
    expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 0, 4, p, n);
    n = piece(p, 0, 2, 65528, false, "too long", 8);
    bench_expect_drop(b, frag_too_long, bench_input(b, p, n));
    expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 0, 42, p, n);
    n = piece(p, IP_PROTO_DSTOPTS, 3, 0, true, cut, sizeof cut);
    bench_expect_drop(b, ip6_chain_cut, bench_input(b, p, n));
    expect_error6(b, ICMPV6_PARAMETER_PROBLEM, 3, 0, p, n);
}

/* R8200-4.5a */
static void ip6_gives_a_datagram_up_after_a_minute(void **state)
{
    struct bench *b = *state;
    uint8_t p[200];
    size_t n = piece(p, 0, 1, 0, true, "sixteen bytes...", 16);

    bench_input(b, p, n);
    bench_tick(b, 59 * WEFT_S);
    bench_assert_silent(b);
    bench_expect_drop(b, frag_timeout, bench_tick(b, 2 * WEFT_S));
    expect_error6(b, ICMPV6_TIME_EXCEEDED, 1, 0, p, n);
}

/* RFC 7112: what ends within its fragment header is nobody's fragment. */
static void ip6_drops_a_fragment_header_that_is_cut(void **state)
{
    struct bench *b = *state;
    uint8_t p[2048];

    memset(p, 0, sizeof p);
    make_ip6(p, (struct make6){.proto = IP_PROTO_FRAGMENT}, "\xfd\0\0", 4);
    bench_expect_drop(b, ip6_chain_cut, bench_input(b, p, IPV6_HEADER + 4));
    bench_assert_silent(b);
}

/* How many errors these datagrams for a closed port bring, all at once. */
static unsigned errors_now(struct bench *b, unsigned n)
{
    uint8_t p[100], out[600];
    unsigned got = 0;

    for (unsigned i = 0; i < n; i++) {
        bench_input(b, p, make_udp6(p, plain, 1000, 2000, "1", 1));
        got += bench_take(b, out, sizeof out) > 0;
    }
    return got;
}

/* R4443-2.4f: six at once, then one in so long, halved for each 32 bits that the route says nothing about. */
static void ip6_errors_to_a_network_come_oftener_than_to_a_host(void **state)
{
    static const struct {
        uint8_t prefix;
        weft_time gap;
    } rows[] = {{64, WEFT_S / 4}, {65, WEFT_S / 2}, {96, WEFT_S / 2}, {97, WEFT_S}, {128, WEFT_S}};
    struct bench *b = *state;

    b->s->config.icmp_error_interval = 0; /* IPv4's is another */
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_route way = {.dst = ip6(PEER6), .prefix = rows[i].prefix, .if_name = "t0"};

        way.dst = ip_network(&way.dst, way.prefix);
        if (i > 0)
            assert_int_equal(weft_route_add(b->s, &way), 0);
        b->now += 10 * WEFT_S;
        assert_int_equal(errors_now(b, 20), 6);
        b->now += rows[i].gap - 1;
        assert_int_equal(errors_now(b, 20), 0);
        b->now += 1;
        assert_int_equal(errors_now(b, 20), 1);
    }
    b->s->config.icmp6_error_interval = 3 * WEFT_S;
    b->now += 60 * WEFT_S;
    assert_int_equal(errors_now(b, 20), 6);
    b->now += 3 * WEFT_S;
    assert_int_equal(errors_now(b, 20), 1);
}

/* Who is reached by the default route shares it with all the world. */
static void ip6_errors_by_the_default_route_come_sixteen_in_an_interval(void **state)
{
    struct bench *b = *state;
    uint8_t p[100], out[600];
    unsigned got = 0;

    for (unsigned i = 0; i < 16 * 4; i++) {
        bench_input(b, p, make_udp6(p, (struct make6){.src = STRANGER6}, 1000, 2000, "1", 1));
        got += bench_take(b, out, sizeof out) > 0;
        b->now += WEFT_S / 64;
    }
    assert_in_range(got, 6 + 15, 6 + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ip6_errors_to_a_network_come_oftener_than_to_a_host, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_errors_by_the_default_route_come_sixteen_in_an_interval, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_delivers_a_datagram_with_what_its_header_said, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_padding_off_and_drops_what_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_knows_which_destinations_are_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_nothing_from_impossible_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_no_mapped_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_no_zones_from_the_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_walks_chains_of_up_to_eight_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_complains_about_an_unknown_header_wherever_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_carries_no_icmp_nor_igmp_of_ipv4, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_obeys_what_an_unknown_option_asks_for, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_limits_options_and_padding, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_drops_options_that_run_past_their_header, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_follows_no_routing_header, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_hop_by_hop_options_first_only, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_takes_an_atomic_fragment_as_a_datagram, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_knows_the_size_of_the_largest_fragment, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_complains_about_fragments_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_gives_a_datagram_up_after_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(ip6_drops_a_fragment_header_that_is_cut, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
