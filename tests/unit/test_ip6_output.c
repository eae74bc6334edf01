/* SPDX-License-Identifier: MIT */
/* IPv6 output: headers, fragments with their identifications, what is refused. The form of test_ip_output.c. */
#include "ip6_bench.h"

#define FIRST_BYTES (IPV6_HEADER + IPV6_FRAGMENT_HEADER)

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

static struct ip_send to_peer(void)
{
    return (struct ip_send){.src = ip6(US6), .dst = ip6(PEER6), .proto = BENCH_PROTO, .ttl = 64};
}

static int output(struct bench *b, struct weft_pkt *pkt, struct ip_send how)
{
    struct ip_path path;

    assert_int_equal(route_lookup(b->s, &how.dst, &path), 0);
    return ip_output(b->s, pkt, &how, &path);
}

static struct ipv6_header parse(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct ipv6_header h;

    assert_int_equal(ipv6_parse(&r, n, &h), IPV6_OK);
    assert_int_equal(h.payload_len + IPV6_HEADER, n);
    return h;
}

static void output_writes_the_header_as_asked(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    struct ipv6_header h;
    uint8_t out[200], expect[100];
    size_t n;

    how.ttl = 3;
    how.tos = 0x28;
    how.flow_label = 0xabcde;
    assert_int_equal(output(b, bench_message(b, 100, 100), how), 0);
    n = bench_take(b, out, sizeof out);
    h = parse(out, n);
    assert_int_equal(h.hop_limit, 3);
    assert_int_equal(h.tclass, 0x28);
    assert_int_equal(peek_u32(out) & 0xfffff, 0xabcde);
    assert_int_equal(h.next, BENCH_PROTO);
    assert_memory_equal(&h.src, &how.src, 16);
    assert_memory_equal(&h.dst, &how.dst, 16);
    fill_pattern(expect, sizeof expect, 3);
    assert_int_equal(n, IPV6_HEADER + sizeof expect);
    assert_memory_equal(out + IPV6_HEADER, expect, sizeof expect);
}

static void usual_hop_limit_is_taken_where_none_is_asked_for(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    uint8_t out[100];

    how.ttl = 0;
    assert_int_equal(output(b, bench_message(b, 8, 8), how), 0);
    assert_int_equal(parse(out, bench_take(b, out, sizeof out)).hop_limit, 64);
}

/*
 * Takes what one message became off the wire, in order, and checks each piece; returns how many, with the bytes of all in
 * whole. *ident is the identification of the fragments; left alone when there is one whole datagram.
 */
static unsigned take_pieces(struct bench *b, uint32_t mtu, uint8_t *whole, size_t *len, uint32_t *ident)
{
    static uint8_t out[70000];
    unsigned count = 0;
    bool more = true;
    size_t n;

    *len = 0;
    while (more && (n = bench_take(b, out, sizeof out)) > 0) {
        struct ipv6_header h = parse(out, n);
        size_t header = h.next == IP_PROTO_FRAGMENT ? FIRST_BYTES : IPV6_HEADER;

        assert_true(n <= mtu);
        more = false;
        if (h.next == IP_PROTO_FRAGMENT) {
            uint16_t place = (uint16_t)(out[42] << 8 | out[43]);

            assert_int_equal(out[40], BENCH_PROTO);
            assert_int_equal(out[41], 0);
            assert_int_equal(place & ~7, *len);
            assert_int_equal(place & 6, 0);
            more = place & 1;
            if (more)
                assert_int_equal((n - header) % 8, 0);
            if (count)
                assert_int_equal(peek_u32(out + 44), *ident);
            *ident = peek_u32(out + 44);
        }
        memcpy(whole + *len, out + header, n - header);
        *len += n - header;
        count++;
    }
    assert_false(more);
    bench_assert_silent(b);
    return count;
}

static void fragments_are_aligned_and_together_the_message(void **state)
{
    static const uint32_t mtus[] = {1280, 1283, 1500, 9000};
    static const size_t sizes[] = {1, 1240, 1241, 1448, 1460, 1461, 2896, 2897, 4000, 16384, 40000, 65535};
    static const size_t linears[] = {8, 100, 65536};
    static uint8_t whole[65536], expect[65536];
    struct bench *b = *state;

    b->ifp->queue_limit = 4096;
    fill_pattern(expect, sizeof expect, 3);
    for (size_t m = 0; m < ARRAY_LEN(mtus); m++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            for (size_t k = 0; k < ARRAY_LEN(linears); k++) {
                uint32_t step = (mtus[m] - FIRST_BYTES) & ~7u, ident = 0;
                bool fits = sizes[i] + IPV6_HEADER <= mtus[m];
                size_t len;

                b->ifp->mtu = mtus[m];
                assert_int_equal(output(b, bench_message(b, sizes[i], linears[k]), to_peer()), 0);
                assert_int_equal(take_pieces(b, mtus[m], whole, &len, &ident), fits ? 1 : (sizes[i] + step - 1) / step);
                assert_int_equal(len, sizes[i]);
                assert_memory_equal(whole, expect, len);
            }
        }
    }
}

static void fragments_share_the_messages_bytes(void **state)
{
    struct bench *b = *state;
    struct weft_pkt *pkt = bench_message(b, 4000, 8);
    struct weft_block *block = block_ref(pkt->span[0].block);
    static uint8_t whole[65536];
    uint32_t ident;
    size_t len;

    assert_int_equal(output(b, pkt, to_peer()), 0);
    assert_int_equal(block->refs, 1 + 3);
    take_pieces(b, 1500, whole, &len, &ident);
    assert_int_equal(block->refs, 1);
    block_unref(block);
}

static void a_limit_makes_smaller_fragments(void **state) /* IPV6_USE_MIN_MTU */
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    static uint8_t whole[65536];
    uint32_t ident;
    size_t len;

    how.limit = 1280;
    assert_int_equal(output(b, bench_message(b, 1400, 8), how), 0);
    assert_int_equal(take_pieces(b, 1280, whole, &len, &ident), 2);
    assert_int_equal(len, 1400);
}

/* Sends what must be cut in two and returns the identification. */
static uint32_t ident_to(struct bench *b, const char *dst)
{
    struct ip_send how = to_peer();
    static uint8_t whole[65536];
    uint32_t ident = 0;
    size_t len;

    how.dst = ip6(dst);
    assert_int_equal(output(b, bench_message(b, 2000, 2000), how), 0);
    assert_int_equal(take_pieces(b, 1500, whole, &len, &ident), 2);
    return ident;
}

static void identifications_of_one_host_differ(void **state) /* R8200-4.5 */
{
    struct bench *b = *state;
    uint32_t seen[200];

    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        seen[i] = ident_to(b, PEER6);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
    }
}

static void identifications_do_not_show_what_others_get(void **state)
{
    struct bench *b = *state, *c = bench6_new();
    uint32_t mine[2], quiet[2];

    mine[0] = ident_to(b, PEER6);
    for (unsigned i = 0; i < 100; i++)
        ident_to(b, STRANGER6);
    mine[1] = ident_to(b, PEER6);
    quiet[0] = ident_to(c, PEER6);
    quiet[1] = ident_to(c, PEER6);
    assert_int_equal(mine[1] - mine[0], quiet[1] - quiet[0]); /* RFC 7739: no gauge of the traffic with others */
    assert_int_not_equal(ident_to(b, PEER6), ident_to(b, STRANGER6));
    bench_free(c);
}

static void a_message_that_must_not_be_fragmented_is_refused(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();

    how.df = true;
    assert_int_equal(output(b, bench_message(b, 1460, 1460), how), 0);
    bench_expect_drop(b, ip_too_big, assert_int_equal(output(b, bench_message(b, 1461, 1461), how), WEFT_EMSGSIZE));
}

static void a_message_too_long_for_any_datagram_is_refused(void **state)
{
    struct bench *b = *state;

    bench_expect_drop(b, ip_too_big,
                      assert_int_equal(output(b, bench_message(b, 65536, 8), to_peer()), WEFT_EMSGSIZE));
}

static void a_super_segment_is_not_fragmented(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    struct weft_pkt *pkt = bench_message(b, 6000, 40);
    static uint8_t out[8000];

    b->ifp->offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
    how.df = true;
    pkt->gso_size = 1428;
    assert_int_equal(output(b, pkt, how), 0);
    assert_int_equal(bench_take(b, out, sizeof out), 6000 + IPV6_HEADER);
}

static void the_longest_message_is_what_the_link_carries_less_a_header(void **state)
{
    struct bench *b = *state;
    struct weft_ip dst = ip6(PEER6);
    struct ip_path path;

    assert_int_equal(route_lookup(b->s, &dst, &path), 0);
    assert_int_equal(ip_max_message(&(struct ip_send){.dst = dst}, &path), 1460);
}

static void nothing_goes_out_by_an_interface_that_is_down(void **state)
{
    struct bench *b = *state;

    b->ifp->up = false;
    bench_expect_drop(b, if_down, assert_int_equal(output(b, bench_message(b, 8, 8), to_peer()), WEFT_ENETDOWN));
    b->ifp->up = true;
}

static void loopback_addresses_never_reach_a_wire(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();

    how.src = ip6("::1"); /* RFC 4291 §2.5.3 */
    bench_expect_drop(b, ip_bad_source, assert_int_equal(output(b, bench_message(b, 8, 8), how), WEFT_EADDRNOTAVAIL));
    bench_assert_silent(b);
}

static void a_datagram_to_ourselves_stays_inside(void **state)
{
    static const char *const own[] = {US6, OTHER_US6, "::1"};
    struct bench *b = *state;
    struct ip_send how = to_peer();

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        how.dst = ip6(own[i]);
        if (i == 2)
            how.src = how.dst;
        assert_int_equal(output(b, bench_message(b, 100, 8), how), 0);
        bench_assert_silent(b);
        bench_tick(b, 0);
        assert_int_equal(b->record->count, i + 1);
        assert_int_equal(b->record->len, 100);
    }
}

static void all_fragments_go_out_or_none(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    static uint8_t whole[65536];
    unsigned failures = 0;
    struct ip_path path;
    uint32_t ident;
    size_t len;

    assert_int_equal(route_lookup(b->s, &how.dst, &path), 0);
    for (unsigned nth = 1;; nth++) {
        struct weft_pkt *pkt = bench_message(b, 4000, 100);
        int err;

        harness_env_fail_nth(&b->h, nth);
        err = ip_output(b->s, pkt, &how, &path);
        harness_env_fail_nth(&b->h, 0);
        if (err == 0)
            break;
        assert_int_equal(err, WEFT_ENOMEM);
        bench_assert_silent(b);
        failures++;
    }
    assert_int_equal(take_pieces(b, 1500, whole, &len, &ident), 3);
    assert_in_range(failures, 3, 6);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_no_memory), failures);
}

/* A fragment is as long as it may be. */
static void fragments_fill_the_path(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    static uint8_t whole[65536];
    uint32_t ident;
    size_t len;

    how.limit = 1280;
    assert_int_equal(output(b, bench_message(b, 2 * (1280 - FIRST_BYTES), 8), how), 0);
    assert_int_equal(take_pieces(b, 1280, whole, &len, &ident), 2);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(output_writes_the_header_as_asked),
        CLAIM(usual_hop_limit_is_taken_where_none_is_asked_for),
        CLAIM(fragments_are_aligned_and_together_the_message),
        CLAIM(fragments_share_the_messages_bytes),
        CLAIM(a_limit_makes_smaller_fragments),
        CLAIM(identifications_of_one_host_differ),
        CLAIM(identifications_do_not_show_what_others_get),
        CLAIM(a_message_that_must_not_be_fragmented_is_refused),
        CLAIM(a_message_too_long_for_any_datagram_is_refused),
        CLAIM(a_super_segment_is_not_fragmented),
        CLAIM(the_longest_message_is_what_the_link_carries_less_a_header),
        CLAIM(nothing_goes_out_by_an_interface_that_is_down),
        CLAIM(loopback_addresses_never_reach_a_wire),
        CLAIM(a_datagram_to_ourselves_stays_inside),
        CLAIM(all_fragments_go_out_or_none),
        cmocka_unit_test_setup_teardown(fragments_fill_the_path, setup, teardown),
    };

    return cmocka_run_group_tests_name("ip6_output", tests, NULL, NULL);
}
