/* SPDX-License-Identifier: MIT */
/* A router between two links: what goes on, how it is changed, what is refused and who is told (RFC 1812 §5). */
#include "ip_bench.h"
#include "wire/ethernet.h"
#include "wire/tcp.h"

#define NEAR V4(10, 9, 0, 77)
#define FAR  V4(10, 10, 0, 88)

static int setup(void **state)
{
    struct bench *b = bench_new();

    b->s->config.ip_forward = b->s->config.ip6_forward = true;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* n bytes of the bench's protocol from src to dst come in on the first link. */
static size_t make(uint8_t *out, struct ipv4_header h, size_t n)
{
    static uint8_t payload[4000];

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + (i >> 8));
    h.proto = BENCH_PROTO;
    if (!h.src)
        h.src = NEAR;
    return make_ip(out, h, payload, n);
}

static struct ipv4_header parse(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct ipv4_header h;

    assert_int_equal(ipv4_parse(&r, n, &h), IPV4_OK);
    return h;
}

/* The ICMP error that went back on the first link: its type and code, and its second word. */
static uint32_t told(struct bench *b, unsigned type, unsigned code)
{
    uint8_t bytes[1500];
    size_t n = bench_take(b, bytes, sizeof bytes);
    struct ipv4_header h;

    assert_true(n >= IPV4_HEADER + ICMPV4_HEADER);
    h = parse(bytes, n);
    assert_int_equal(h.src, US);
    assert_int_equal(h.dst, NEAR);
    assert_int_equal(bytes[20], type);
    assert_int_equal(bytes[21], code);
    return peek_u32(bytes + 24);
}

/* R1812-4.2.2.9 */
static void datagram_goes_on_with_one_hop_less(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];

    for (unsigned ttl = 2; ttl <= 255; ttl++) {
        struct ipv4_header h = {.dst = FAR, .ttl = (uint8_t)ttl, .id = (uint16_t)(ttl * 257), .tos = 0x2e};
        size_t n = make(in, h, 100);

        bench_input(b, in, n);
        assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
        assert_int_equal(parse(out, n).ttl, ttl - 1); /* and the checksum is right */
        in[8] = out[8];
        in[10] = out[10];
        in[11] = out[11];
        assert_memory_equal(in, out, n);
    }
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_forwarded), 254);
    bench_assert_silent(b);
}

/* R1812-4.2.2.9 */
static void last_hop_is_told_of(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct ipv4_header){.dst = FAR, .ttl = 1}, 10);

    bench_expect_drop(b, ip_ttl, bench_input(b, in, n));
    told(b, ICMPV4_TIME_EXCEEDED, 0);
    n = make(in, (struct ipv4_header){.dst = OTHER_US, .ttl = 1}, 10); /* a router's address, on whatever link */
    bench_input(b, in, n);
    assert_int_equal(b->record->count, 1);
    bench_assert_silent(b);
}

/* R1812-2.2.1 */
static void host_forwards_nothing_and_says_nothing(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct ipv4_header){.dst = FAR}, 10);

    b->s->config.ip_forward = false;
    bench_expect_drop(b, ip_not_ours, bench_input(b, in, n));
    n = make(in, (struct ipv4_header){.dst = OTHER_US}, 10);
    bench_expect_drop(b, ip_not_ours, bench_input(b, in, n)); /* a host's addresses belong to their links */
    bench_assert_silent(b);
}

/* R1812-5.3.7, R1812-5.3.5 */
static void what_means_nothing_elsewhere_stays(void **state)
{
    static const struct {
        uint32_t src, dst;
    } cases[] = {
        {NEAR, V4(10, 10, 0, 255)}, {NEAR, V4(0, 1, 2, 3)},      {NEAR, V4(240, 0, 0, 1)},  {NEAR, V4(127, 0, 0, 1)},
        {NEAR, V4(169, 254, 1, 1)}, {NEAR, V4(224, 0, 0, 251)},  {V4(0, 0, 0, 9), FAR},     {V4(127, 0, 0, 1), FAR},
        {V4(224, 1, 1, 1), FAR},    {V4(255, 255, 255, 255), FAR}, {V4(169, 254, 9, 9), FAR}, {US, FAR},
        {OTHER_US, FAR},            {V4(10, 9, 0, 255), FAR},    {V4(250, 1, 1, 1), FAR},
    };
    struct bench *b = *state;
    uint8_t in[1500];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = make(in, (struct ipv4_header){.src = cases[i].src, .dst = cases[i].dst}, 10);

        bench_expect_drop(b, ip_martian, bench_input(b, in, n));
    }
    bench_assert_silent(b);
}

/* R1812-5.2.2: each thing that can be wrong with a header alone; nobody is told. */
static void header_is_sound_before_it_goes_on(void **state)
{
    static const struct {
        uint8_t at, value;
        enum weft_drop why;
    } cases[] = {
        {0, 0x55, WEFT_DROP_ip_version},       {0, 0x44, WEFT_DROP_ip_header_length},
        {0, 0x4f, WEFT_DROP_ip_header_length}, {3, 19, WEFT_DROP_ip_total_length},
        {3, 31, WEFT_DROP_ip_total_length},    {12, 11, WEFT_DROP_ip_checksum},
    };
    struct bench *b = *state;
    uint8_t in[1500];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t before = weft_drops(b->s, cases[i].why);
        size_t n = make(in, (struct ipv4_header){.dst = FAR}, 10);

        in[cases[i].at] = cases[i].value;
        bench_input(b, in, n);
        assert_int_equal(weft_drops(b->s, cases[i].why), before + 1);
    }
    make(in, (struct ipv4_header){.dst = FAR}, 0);
    bench_expect_drop(b, ip_short, bench_input(b, in, 19));
    bench_assert_silent(b);
}

/* The header of a VLAN needs more room than the one that was taken off: the datagram moves. */
static void datagram_goes_on_to_a_vlan(void **state)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
    struct weft_if_config vlan = {.name = "eth5", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .vlan = 5,
                                  .mac = {2, 0, 0, 0, 0, 5}};
    struct weft_ip us = weft_ipv4(V4(10, 11, 0, 1)), to = weft_ipv4(V4(10, 11, 0, 7));
    struct bench *b = *state;
    weft_if *out = weft_if_new(b->s, &vlan, NULL);
    uint8_t in[1500], frame[1500];
    size_t n = make(in, (struct ipv4_header){.dst = V4(10, 11, 0, 7)}, 100);

    assert_int_equal(weft_if_add_address(out, &us, 24), 0);
    assert_int_equal(weft_neighbour_add(out, &to, mac), 0);
    while (bench_take_from(b, out, frame, sizeof frame))
        ; /* what it says of its address */
    for (uint32_t room = 0; room <= 20; room++) {
        struct weft_pkt *pkt = pkt_new_linear(b->s, room, (uint32_t)n);

        memcpy(pkt->data, in, n);
        weft_input(b->ifp, &pkt, 1, b->now);
        assert_int_equal(bench_take_from(b, out, frame, sizeof frame), 18 + n);
        assert_memory_equal(frame, mac, 6);
        assert_memory_equal(frame + 12, "\x81\0\0\5\x08\0", 6);
        assert_int_equal(parse(frame + 18, n).ttl, in[8] - 1);
        assert_memory_equal(frame + 18 + IPV4_HEADER, in + IPV4_HEADER, n - IPV4_HEADER);
    }
}

static void nobody_knows_the_way(void **state)
{
    struct bench *b = *state;
    struct weft_route all = {.gateway = weft_ipv4(PEER)};
    uint8_t in[1500];
    size_t n = make(in, (struct ipv4_header){.dst = V4(198, 18, 0, 1)}, 10);

    assert_int_equal(weft_route_del(b->s, &all), 0);
    bench_expect_drop(b, ip_no_route, bench_input(b, in, n));
    assert_int_equal(told(b, ICMPV4_UNREACHABLE, ICMPV4_NET_UNREACHABLE), 0); /* RFC 792: unused */
}

/* ---- size ---- */

/* Puts pieces back together by their headers; returns the bytes. */
static size_t rejoin(struct bench *b, uint32_t mtu, uint8_t *out)
{
    uint8_t piece[1500];
    size_t n, all = 0, end = 0;

    while ((n = bench_take_from(b, b->other, piece, sizeof piece))) {
        struct ipv4_header h = parse(piece, n);

        assert_true(n <= mtu);
        assert_int_equal(n, h.total_len);
        memcpy(out + h.frag_offset, piece + h.header_len, n - h.header_len);
        all += n - h.header_len;
        if (!h.mf)
            end = h.frag_offset + n - h.header_len;
    }
    assert_int_equal(all, end);
    return all;
}

/* R1812-5.2.5 */
static void too_large_is_cut_unless_it_must_not_be(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];

    for (uint32_t mtu = 68; mtu < 1500; mtu += 97) {
        size_t n = make(in, (struct ipv4_header){.dst = FAR, .id = 77}, 1480);

        b->other->mtu = mtu;
        bench_input(b, in, n);
        assert_int_equal(rejoin(b, mtu, out), 1480);
        assert_memory_equal(out, in + IPV4_HEADER, 1480);
        n = make(in, (struct ipv4_header){.dst = FAR, .df = true}, 1480);
        bench_expect_drop(b, ip_too_big, bench_input(b, in, n));
        assert_int_equal(told(b, ICMPV4_UNREACHABLE, ICMPV4_FRAGMENTATION_NEEDED), mtu);
    }
}

/* A fragment's pieces are fragments of the same whole; options go where they belong. */
static void fragments_are_cut_further(void **state)
{
    /* Record route goes with the first, router alert with all. */
    static const uint8_t options[] = {7, 3, 4, 0x94, 4, 0, 0, 1, 1, 1, 1, 0};
    struct bench *b = *state;
    uint8_t in[1500], piece[1500];
    size_t n = make(in, (struct ipv4_header){.dst = FAR, .id = 5, .mf = true, .frag_offset = 8000,
                                             .header_len = 32, .options = options}, 1000);

    b->other->mtu = 576;
    bench_input(b, in, n);
    for (unsigned i = 0, at = 8000; i < 2; i++) {
        struct ipv4_header h;

        n = bench_take_from(b, b->other, piece, sizeof piece);
        h = parse(piece, n);
        assert_int_equal(h.header_len, i == 0 ? 32 : 24);
        assert_int_equal(h.options[i == 0 ? 3 : 0], 0x94);
        assert_int_equal(h.frag_offset, at);
        assert_true(h.mf);
        assert_int_equal(h.id, 5);
        assert_memory_equal(piece + h.header_len, in + 32 + (at - 8000), n - h.header_len);
        at += (unsigned)n - h.header_len;
    }
    bench_assert_silent(b);
}

/* R1812-4.3.2.8: who makes us complain in masses does not keep from others what their path carries. */
static void what_a_path_carries_is_told_during_a_flood(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[100];
    size_t n = make(in, (struct ipv4_header){.dst = FAR, .ttl = 1}, 100);
    unsigned told_big = 0;

    b->s->config.icmp_error_interval = 0; /* all from one source: the limit of all together is asked here */
    for (unsigned i = 0; i < 1000; i++)
        bench_input(b, in, n);
    while (bench_take(b, out, sizeof out))
        ;
    assert_in_range(weft_counter(b->s, WEFT_COUNT_icmp_rate_limited), 1000 - 50 - 128, 1000 - 50);
    b->other->mtu = 576;
    n = make(in, (struct ipv4_header){.dst = FAR, .df = true}, 1000);
    bench_expect_drop(b, ip_too_big, bench_input(b, in, n));
    assert_int_equal(told(b, ICMPV4_UNREACHABLE, ICMPV4_FRAGMENTATION_NEEDED), 576);
    for (unsigned i = 0; i < 1000; i++) /* though not without end */
        bench_input(b, in, n);
    while (bench_take(b, out, sizeof out))
        told_big++;
    assert_in_range(told_big, 50 - 1, 50 + 128);
}

/* A super-segment of TCP, as a neighbour on the same machine hands it over: its checksum is still to be made. */
static void input_super(struct bench *b, uint16_t gso_size)
{
    struct ipv4_header h = {.src = NEAR, .dst = FAR, .df = true, .proto = IP_PROTO_TCP};
    struct weft_pkt_offload o = {
        .csum_partial = true, .csum_start = IPV4_HEADER, .csum_offset = 16, .gso_size = gso_size};
    uint8_t segment[20 + 3000] = {[12] = 5 << 4}, in[IPV4_HEADER + sizeof segment];
    size_t n = make_ip(in, h, segment, sizeof segment);

    bench_input_unfinished(b, in, n, o);
}

/* R1812-5.2.5: what counts is the size of its segments on the link, all of their headers in it. */
static void super_segment_is_as_large_as_its_segments(void **state)
{
    struct bench *b = *state;
    uint8_t out[1500];
    size_t n, pieces = 0;

    b->other->mtu = 1000;
    input_super(b, 960);
    while ((n = bench_take_from(b, b->other, out, sizeof out))) {
        assert_true(n <= 1000);
        pieces++;
    }
    assert_int_equal(pieces, 4);
    bench_expect_drop(b, ip_too_big, input_super(b, 961));
    assert_int_equal(told(b, ICMPV4_UNREACHABLE, ICMPV4_FRAGMENTATION_NEEDED), 1000);
    bench_assert_silent(b);
}

/* R1812-5.2.5: behind whatever header of a link it came. */
static void super_segment_from_ethernet_is_as_large_as_its_segments(void **state)
{
    static const struct weft_if_config config = {
        .name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 2}};
    struct weft_pkt_offload o = {
        .csum_partial = true, .csum_start = ETH_HEADER + IPV4_HEADER, .csum_offset = TCP_CHECKSUM_AT, .gso_size = 960};
    struct ipv4_header h = {.src = V4(10, 11, 0, 77), .dst = FAR, .df = true, .proto = IP_PROTO_TCP};
    struct bench *b = *state;
    struct weft_ip us = weft_ipv4(V4(10, 11, 0, 2));
    uint8_t segment[20 + 3000] = {[12] = 5 << 4}, in[ETH_HEADER + IPV4_HEADER + sizeof segment], out[1500];
    struct eth_header eth = {.dst = {2, 0, 0, 0, 0, 2}, .src = {2, 0, 0, 0, 0, 7}, .type = ETH_TYPE_IPV4};
    struct writer w = writer(in, ETH_HEADER);
    weft_if *near = weft_if_new(b->s, &config, NULL);
    unsigned pieces = 0;
    weft_pkt *pkt;
    size_t n;

    assert_int_equal(weft_if_add_address(near, &us, 24), 0);
    b->other->mtu = 1000;
    eth_emit(&w, &eth);
    n = ETH_HEADER + make_ip(in + ETH_HEADER, h, segment, sizeof segment);
    pkt = weft_pkt_new(b->s, n);
    memcpy(weft_pkt_data(pkt), in, n);
    weft_pkt_set_len(pkt, n);
    weft_pkt_set_offload(pkt, &o);
    weft_input(near, &pkt, 1, b->now);
    while ((n = bench_take_from(b, b->other, out, sizeof out))) {
        assert_true(n <= 1000);
        pieces++;
    }
    assert_int_equal(pieces, 4);
}

/* A train of datagrams that a neighbour on the same machine sent with one call. */
static void input_train(struct bench *b, bool df, uint16_t gso_size, size_t len)
{
    struct ipv4_header h = {.src = NEAR, .dst = FAR, .df = df, .id = 7, .proto = IP_PROTO_UDP};
    struct weft_pkt_offload o = {.csum_partial = true, .csum_start = IPV4_HEADER, .csum_offset = UDP_CHECKSUM_AT,
                                 .gso_size = gso_size};
    struct weft_ip src = weft_ipv4(NEAR), dst = weft_ipv4(FAR);
    uint8_t message[UDP_HEADER + 3000] = {0}, in[IPV4_HEADER + sizeof message];
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, (uint32_t)(UDP_HEADER + len));
    poke_u16(message + 4, (uint16_t)(UDP_HEADER + len));
    poke_u16(message + UDP_CHECKSUM_AT, (uint16_t)~csum_fold(&sum));
    bench_input_unfinished(b, in, make_ip(in, h, message, UDP_HEADER + len), o);
}

static void train_goes_on_as_its_datagrams(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h;
    uint8_t out[1500];
    size_t n;

    b->other->mtu = 1000;
    input_train(b, true, 972, 2000);
    for (size_t left = 2000; left > 0; left -= n - 28) {
        n = bench_take_from(b, b->other, out, sizeof out);
        h = parse(out, n);
        assert_int_equal(n, 28 + (left < 972 ? left : 972));
        assert_int_equal(h.ttl, 63);
        assert_int_equal(peek_u16(out + 24), n - 20);
    }
    bench_expect_drop(b, ip_too_big, input_train(b, true, 973, 2000));
    assert_int_equal(told(b, ICMPV4_UNREACHABLE, ICMPV4_FRAGMENTATION_NEEDED), 1000);
    bench_assert_silent(b);
}

/* R1812-5.2.5: datagrams that are too long, and may be fragmented: each into two, with an identification of its own. */
static void datagrams_of_a_train_are_fragmented(void **state)
{
    struct bench *b = *state;
    uint8_t out[1500];

    b->other->mtu = 1000;
    input_train(b, false, 1200, 2400);
    for (unsigned i = 0; i < 4; i++) {
        struct ipv4_header h = parse(out, bench_take_from(b, b->other, out, sizeof out));

        assert_int_equal(h.id, 7 + i / 2);
        assert_int_equal(h.mf, i % 2 == 0);
        assert_int_equal(h.frag_offset, i % 2 ? 976 : 0);
        assert_int_equal(h.total_len, i % 2 ? 20 + 1208 - 976 : 20 + 976);
        assert_int_equal(h.ttl, 63);
    }
    bench_assert_silent(b);
}

/* A super-segment whose sum is complete, or would be had its last byte not been spoilt. */
static void input_whole_super(struct bench *b, bool spoilt)
{
    struct ipv4_header h = {.src = NEAR, .dst = FAR, .df = true, .proto = IP_PROTO_TCP};
    struct weft_ip src = weft_ipv4(NEAR), dst = weft_ipv4(FAR);
    uint8_t segment[20 + 3000] = {[12] = 5 << 4, [100] = 7}, in[IPV4_HEADER + sizeof segment];
    struct csum sum = {0};
    weft_pkt *pkt;
    size_t n;

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, sizeof segment);
    csum_add(&sum, segment, sizeof segment);
    poke_u16(segment + TCP_CHECKSUM_AT, csum_fold(&sum));
    n = make_ip(in, h, segment, sizeof segment);
    in[n - 1] ^= spoilt;
    pkt = weft_pkt_new(b->s, n);
    memcpy(weft_pkt_data(pkt), in, n);
    weft_pkt_set_len(pkt, n);
    weft_pkt_set_offload(pkt, &(struct weft_pkt_offload){.gso_size = 1000});
    weft_input(b->ifp, &pkt, 1, b->now);
}

/* It is cut where the next link cannot: with a right sum for each piece, unless the whole's was wrong. */
static void super_segment_with_a_whole_sum_is_cut_with_right_ones(void **state)
{
    struct bench *b = *state;
    struct weft_ip src = weft_ipv4(NEAR), dst = weft_ipv4(FAR);
    uint8_t out[1500];
    size_t n, pieces = 0;

    input_whole_super(b, false);
    while ((n = bench_take_from(b, b->other, out, sizeof out))) {
        struct csum sum = {0};

        ip_pseudo_header(&sum, &src, &dst, IP_PROTO_TCP, (uint32_t)n - IPV4_HEADER);
        csum_add(&sum, out + IPV4_HEADER, n - IPV4_HEADER);
        assert_int_equal(csum_fold(&sum), 0);
        pieces++;
    }
    assert_int_equal(pieces, 3);
    bench_expect_drop(b, tcp_checksum, input_whole_super(b, true));
    bench_assert_silent(b);
}

/* That a link vouches for a checksum says nothing of the next one, where bits may flip. */
static void a_checksum_vouched_for_is_not_on_the_next_link(void **state)
{
    struct bench *b = *state;
    struct weft_pkt_offload o = {.csum_valid = true};
    uint8_t in[1500];
    size_t n = make(in, (struct ipv4_header){.dst = FAR}, 100);
    weft_pkt *pkt = weft_pkt_new(b->s, n);

    memcpy(weft_pkt_data(pkt), in, n);
    weft_pkt_set_len(pkt, n);
    weft_pkt_set_offload(pkt, &o);
    weft_input(b->ifp, &pkt, 1, b->now);
    assert_int_equal(weft_output(b->other, &pkt, 1, b->now), 1);
    weft_pkt_get_offload(pkt, &o);
    assert_false(o.csum_valid);
    weft_pkt_release(pkt);
    bench_assert_silent(b);
}

/* ---- neighbours and sources ---- */

static void better_first_hop_is_told_and_the_datagram_goes_on(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct ipv4_header){.dst = STRANGER}, 10); /* behind PEER, which is on NEAR's link */

    bench_input(b, in, n);
    assert_int_equal(told(b, ICMPV4_REDIRECT, ICMPV4_REDIRECT_HOST), PEER);
    assert_int_equal(bench_take(b, out, sizeof out), n);
    n = make(in, (struct ipv4_header){.src = V4(198, 18, 0, 1), .dst = STRANGER}, 10); /* not on the link */
    bench_input(b, in, n);
    assert_int_equal(bench_take(b, out, sizeof out), n);
    b->s->config.send_redirects = false;
    n = make(in, (struct ipv4_header){.dst = STRANGER}, 10);
    bench_input(b, in, n);
    assert_int_equal(bench_take(b, out, sizeof out), n);
    bench_assert_silent(b);
}

/* RFC 1812 §5.2.7.2: who chose the way by a source route is told of no other. */
static void who_is_routed_by_the_source_is_told_of_no_better_hop(void **state)
{
    static const uint8_t done[8] = {131, 7, 8, 10, 9, 0, 2, 0}; /* the route led here, and is at its end */
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct ipv4_header){.dst = STRANGER, .header_len = 28, .options = done}, 10);

    b->s->config.accept_source_route = true;
    bench_input(b, in, n);
    assert_int_equal(bench_take(b, out, sizeof out), n);
    assert_int_equal(peek_u32(out + 16), STRANGER);
    bench_assert_silent(b);
}

/* How many of a thousand datagrams that these sources send through us by a detour bring a redirect. */
static unsigned redirects_of(struct bench *b, uint32_t src, unsigned sources)
{
    uint8_t in[1500], out[1500];
    unsigned got = 0;

    for (unsigned i = 0; i < 1000; i++) {
        struct ipv4_header h = {.src = src + i % sources, .dst = STRANGER + i / sources};
        size_t n;

        bench_input(b, in, make(in, h, 10));
        while ((n = bench_take(b, out, sizeof out)))
            got += out[9] == IP_PROTO_ICMP && out[20] == ICMPV4_REDIRECT;
    }
    return got;
}

/* R1812-4.3.2.8: redirects have limits of their own, so that no flood of the ones keeps the others back. */
static void redirects_and_errors_are_limited_apart(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[100];
    size_t n = make(in, (struct ipv4_header){.dst = FAR, .ttl = 1}, 100);
    unsigned errors = 0;

    b->s->config.icmp_error_interval = 0;
    for (unsigned i = 0; i < 1000; i++)
        bench_input(b, in, n);
    while (bench_take(b, out, sizeof out))
        errors++;
    assert_in_range(errors, 50, 50 + 128);
    assert_int_equal(redirects_of(b, NEAR, 1), 6); /* to one, whatever the interval between errors is */
    b->now += 10 * WEFT_S;
    assert_in_range(redirects_of(b, V4(10, 9, 0, 100), 100), 50, 50 + 128);
    bench_input(b, in, n);
    assert_int_equal(told(b, ICMPV4_TIME_EXCEEDED, 0), 0);
}

static void source_must_lie_where_it_came_from(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500], out[1500];
    size_t n = make(in, (struct ipv4_header){.src = V4(10, 10, 0, 99), .dst = FAR}, 10);
    struct weft_route all = {.gateway = weft_ipv4(PEER)};

    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    b->s->config.rp_filter = 1;
    bench_expect_drop(b, ip_rp_filter, bench_input(b, in, n));
    b->s->config.rp_filter = 2;
    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    assert_int_equal(weft_route_del(b->s, &all), 0);
    n = make(in, (struct ipv4_header){.src = V4(198, 18, 0, 1), .dst = FAR}, 10);
    bench_expect_drop(b, ip_rp_filter, bench_input(b, in, n));
    bench_assert_silent(b);
}

static void flood_ends_in_a_bounded_queue(void **state)
{
    struct bench *b = *state;
    uint8_t in[1500];
    size_t n = make(in, (struct ipv4_header){.dst = FAR}, 10);

    for (unsigned i = 0; i < 3000; i++)
        bench_input(b, in, n);
    assert_int_equal(b->other->queue.count, b->other->queue_limit);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_queue_full), 3000 - b->other->queue_limit);
}

/* ---- IPv6 ---- */

static size_t make6(uint8_t *out, const struct weft_ip *src, const struct weft_ip *dst, uint8_t hops,
                    size_t n)
{
    struct ipv6_header h = {
        .payload_len = (uint16_t)n, .next = BENCH_PROTO, .hop_limit = hops, .src = *src, .dst = *dst};
    struct writer w = writer(out, IPV6_HEADER);

    ipv6_emit(&w, &h);
    memset(out + IPV6_HEADER, 0x5a, n);
    return IPV6_HEADER + n;
}

static void ipv6_goes_on_or_is_refused(void **state)
{
    const struct weft_ip near6 = {{0x20, 1, 0xd, 0xb8, 0, 9, [15] = 7}}, far6 = {{0x20, 1, 0xd, 0xb8, 0, 10, [15] = 7}};
    const struct weft_ip us = {{0x20, 1, 0xd, 0xb8, 0, 9, [15] = 2}};
    const struct weft_ip other_us = {{0x20, 1, 0xd, 0xb8, 0, 10, [15] = 2}};
    const struct weft_ip local = {{0xfe, 0x80, [15] = 9}};
    struct bench *b = *state;
    uint8_t in[1600], out[1600];
    size_t n;

    assert_int_equal(weft_if_add_address(b->ifp, &us, 64), 0);
    assert_int_equal(weft_if_add_address(b->other, &other_us, 64), 0);
    n = make6(in, &near6, &far6, 9, 100);
    bench_input(b, in, n);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    assert_int_equal(out[7], 8);
    out[7] = 9;
    assert_memory_equal(in, out, n);
    in[7] = 1;
    bench_expect_drop(b, ip_ttl, bench_input(b, in, n));
    assert_true(bench_take(b, out, sizeof out) > 0);
    assert_int_equal(out[40], ICMPV6_TIME_EXCEEDED);
    b->other->mtu = 1280;
    n = make6(in, &near6, &far6, 9, 1300);
    bench_expect_drop(b, ip_too_big, bench_input(b, in, n));
    assert_true(bench_take(b, out, sizeof out) > 0);
    assert_int_equal(out[40], ICMPV6_TOO_BIG);
    assert_int_equal(peek_u32(out + 44), 1280);
    n = make6(in, &local, &far6, 9, 10);
    bench_expect_drop(b, ip_martian, bench_input(b, in, n));
    n = make6(in, &near6, &local, 9, 10);
    bench_expect_drop(b, ip_martian, bench_input(b, in, n));
    bench_assert_silent(b);
}

/* R791-frag: what stands behind the options is no option, however it looks. */
static void text_that_looks_like_an_option_stays_text(void **state)
{
    static const uint8_t options[4] = {1, 1, 1, 1};
    struct bench *b = *state;
    uint8_t in[1100], text[1000] = {0x94, 4, 0, 0}, piece[1500];
    size_t n = make_ip(in, (struct ipv4_header){.src = NEAR, .dst = FAR, .proto = BENCH_PROTO, .header_len = 24,
                                                .options = options}, text, sizeof text);

    b->other->mtu = 576;
    bench_input(b, in, n);
    for (unsigned i = 0; i < 2; i++) {
        n = bench_take_from(b, b->other, piece, sizeof piece);
        assert_int_equal(parse(piece, n).header_len, i == 0 ? 24 : 20);
    }
    bench_assert_silent(b);
}

/* RFC 768: a sum of zero is written as all ones, by who completes what a neighbour's link left to it as well. */
static void a_checksum_that_is_completed_on_the_way_is_never_zero(void **state)
{
    struct bench *b = *state;
    struct weft_pkt_offload left = {.csum_partial = true, .csum_start = IPV4_HEADER, .csum_offset = 6};
    struct ipv4_header h = {.src = NEAR, .dst = FAR};
    struct weft_ip src = weft_ipv4(NEAR), dst = weft_ipv4(FAR);
    uint8_t in[100], out[100], text[8] = {1, 2, 3};
    struct csum pseudo = {0};
    weft_pkt *pkt;
    size_t n;

    make_udp(in, h, 9, 9, text, sizeof text);
    memcpy(text + 6, in + IPV4_HEADER + 6, 2); /* what is missing to zero */
    n = make_udp(in, h, 9, 9, text, sizeof text);
    assert_int_equal(peek_u16(in + IPV4_HEADER + 6), 0xffff);
    ip_pseudo_header(&pseudo, &src, &dst, IP_PROTO_UDP, UDP_HEADER + sizeof text);
    poke_u16(in + IPV4_HEADER + 6, (uint16_t)~csum_fold(&pseudo));
    pkt = weft_pkt_new(b->s, n);
    memcpy(weft_pkt_data(pkt), in, n);
    weft_pkt_set_len(pkt, n);
    weft_pkt_set_offload(pkt, &left);
    weft_input(b->ifp, &pkt, 1, b->now);
    assert_int_equal(bench_take_from(b, b->other, out, sizeof out), n);
    assert_int_equal(peek_u16(out + IPV4_HEADER + 6), 0xffff);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(datagram_goes_on_with_one_hop_less),
        T(datagram_goes_on_to_a_vlan),
        T(last_hop_is_told_of),
        T(host_forwards_nothing_and_says_nothing),
        T(what_means_nothing_elsewhere_stays),
        T(header_is_sound_before_it_goes_on),
        T(nobody_knows_the_way),
        T(too_large_is_cut_unless_it_must_not_be),
        T(fragments_are_cut_further),
        T(what_a_path_carries_is_told_during_a_flood),
        T(super_segment_is_as_large_as_its_segments),
        T(super_segment_from_ethernet_is_as_large_as_its_segments),
        T(super_segment_with_a_whole_sum_is_cut_with_right_ones),
        T(a_checksum_vouched_for_is_not_on_the_next_link),
        T(train_goes_on_as_its_datagrams),
        T(datagrams_of_a_train_are_fragmented),
        T(better_first_hop_is_told_and_the_datagram_goes_on),
        T(who_is_routed_by_the_source_is_told_of_no_better_hop),
        T(redirects_and_errors_are_limited_apart),
        T(source_must_lie_where_it_came_from),
        T(flood_ends_in_a_bounded_queue),
        T(ipv6_goes_on_or_is_refused),
        cmocka_unit_test_setup_teardown(text_that_looks_like_an_option_stays_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checksum_that_is_completed_on_the_way_is_never_zero, setup, teardown),
    };
#undef T

    return cmocka_run_group_tests_name("ip_forward", tests, NULL, NULL);
}
