/* SPDX-License-Identifier: MIT */
/* IP output: headers, identifications, fragments, what is refused. */
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

static struct ip_send to_peer(void)
{
    return (struct ip_send){.src = weft_ipv4(US), .dst = weft_ipv4(PEER), .proto = BENCH_PROTO, .ttl = 64};
}

static int output(struct bench *b, struct weft_pkt *pkt, struct ip_send how)
{
    struct ip_path path;

    assert_int_equal(route_lookup(b->s, &how.dst, &path), 0);
    return ip_output(b->s, pkt, &how, &path);
}

/* Sends 8 bytes that may be fragmented and returns the identification they went out with. */
static uint16_t ident_to(struct bench *b, uint32_t dst, uint8_t proto)
{
    struct ip_send how = to_peer();
    uint8_t out[64];
    size_t n;

    how.dst = weft_ipv4(dst);
    how.proto = proto;
    assert_int_equal(output(b, bench_message(b, 8, 8), how), 0);
    n = bench_take(b, out, sizeof(out));
    return read_ip(out, n).id;
}

static void output_writes_the_header_as_asked(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    struct ipv4_header h;
    uint8_t out[200], expect[100];
    size_t n;

    how.ttl = 3; /* R1122-3.2.1.7b */
    how.tos = 0x28; /* R1122-3.2.1.6 */
    how.df = true;
    assert_int_equal(output(b, bench_message(b, 100, 100), how), 0);
    n = bench_take(b, out, sizeof(out));
    h = read_ip(out, n);
    assert_int_equal(h.header_len, IPV4_HEADER);
    assert_int_equal(h.ttl, 3);
    assert_int_equal(h.tos, 0x28);
    assert_int_equal(h.src, US);
    assert_int_equal(h.dst, PEER);
    assert_int_equal(h.proto, BENCH_PROTO);
    assert_true(h.df);
    assert_false(h.mf);
    assert_int_equal(h.frag_offset, 0);
    fill_pattern(expect, sizeof(expect), 3);
    assert_memory_equal(out + IPV4_HEADER, expect, sizeof(expect));
}

/* The same by both calls: what goes out, what is refused, and why. */
static void a_plain_message_goes_as_any_other(void **state)
{
    static const struct {
        uint32_t src, dst;
        uint8_t ttl, tos;
        size_t n;
        int err;
    } rows[] = {
        {US, PEER, 64, 0, 8, 0},
        {US, PEER, 0, 0x2a, 1480, 0},
        {US, PEER, 255, 0xff, 0, 0},
        {US, PEER, 64, 0, 1481, WEFT_EMSGSIZE},
        {0x7f000001, PEER, 64, 0, 8, WEFT_EADDRNOTAVAIL},
        {US, 0x7f000002, 64, 0, 8, WEFT_EADDRNOTAVAIL},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip_plain plain = {rows[i].src, rows[i].dst, BENCH_PROTO, rows[i].ttl, rows[i].tos, false};
        struct ip_send how = {.src = weft_ipv4(rows[i].src), .dst = weft_ipv4(rows[i].dst), .proto = BENCH_PROTO,
                              .ttl = rows[i].ttl, .tos = rows[i].tos, .df = true};
        struct weft_ip peer = weft_ipv4(PEER);
        uint8_t out[2][2000];
        struct ip_path path;
        size_t n[2];

        assert_int_equal(route_lookup(b->s, &peer, &path), 0);
        assert_int_equal(ip_output(b->s, bench_message(b, rows[i].n, 100), &how, &path), rows[i].err);
        n[0] = bench_take(b, out[0], sizeof(out[0]));
        assert_int_equal(ip_output_plain(b->s, bench_message(b, rows[i].n, 100), &plain, &path), rows[i].err);
        n[1] = bench_take(b, out[1], sizeof(out[1]));
        assert_int_equal(n[0], rows[i].err ? 0 : IPV4_HEADER + rows[i].n);
        assert_int_equal(n[1], n[0]);
        assert_memory_equal(out[1], out[0], n[0]);
    }
}

static void atomic_datagrams_carry_no_identification(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    uint8_t out[64];

    /* R6864-1 */
    how.df = true;
    for (int i = 0; i < 3; i++) {
        output(b, bench_message(b, 8, 8), how);
        assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).id, 0);
    }
}

static void identifications_to_one_host_do_not_repeat_early(void **state)
{
    static bool seen[65536];
    struct bench *b = *state;

    /* R6864-1: not before all are used; R1122-3.2.1.5 */
    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < 65536; i++) {
        uint16_t id = ident_to(b, PEER, BENCH_PROTO);

        assert_false(seen[id]);
        seen[id] = true;
    }
}

static void identifications_do_not_show_what_others_get(void **state)
{
    struct bench *b = *state;
    uint16_t first = ident_to(b, PEER, BENCH_PROTO);

    /* R6864-1: the idle scan sees no difference */
    for (uint32_t i = 0; i < 100; i++)
        ident_to(b, STRANGER + i % 5, BENCH_PROTO);
    ident_to(b, PEER, IP_PROTO_UDP);
    assert_int_equal((uint16_t)(ident_to(b, PEER, BENCH_PROTO) - first), 1);
}

/* R6864-1: and where that is asked for, in no less than their life. */
static void identifications_have_a_life(void **state)
{
    static weft_time used[65536];
    struct bench *b = *state;
    struct ip_send how = to_peer();
    unsigned sent = 0, refused = 0;
    uint8_t out[64];

    memset(used, 0, sizeof used);
    b->s->config.ip_ident_life = 120 * WEFT_S;
    for (unsigned ms = 0; ms < 600000; ms++, b->now += WEFT_MS) { /* twice as many as may be, for ten minutes */
        uint16_t id;

        weft_clock(b->s, b->now);
        if (output(b, bench_message(b, 8, 8), how) != 0) {
            refused++;
            continue;
        }
        id = read_ip(out, bench_take(b, out, sizeof out)).id;
        assert_true(!used[id] || b->now - used[id] >= 120 * WEFT_S);
        used[id] = b->now;
        sent++;
    }
    assert_in_range(sent, 40 * (65536 / 9), 5 * 65536); /* a ninth of all in 15 s, no fewer */
    assert_int_equal(b->s->drops[WEFT_DROP_ip_ident_used], refused);
    b->now += 15 * WEFT_S;
    weft_clock(b->s, b->now);
    for (unsigned i = 0; i < 65536 / 9; i++) {
        assert_int_equal(output(b, bench_message(b, 8, 8), how), 0);
        bench_take(b, out, sizeof out);
    }
    assert_int_equal(output(b, bench_message(b, 8, 8), how), WEFT_ENOBUFS);
    how.df = true; /* needs none */
    assert_int_equal(output(b, bench_message(b, 8, 8), how), 0);
    bench_take(b, out, sizeof out);
    how = to_peer();
    how.dst = weft_ipv4(STRANGER); /* has its own */
    assert_int_equal(output(b, bench_message(b, 8, 8), how), 0);
    bench_take(b, out, sizeof out);
}

static void identifications_start_anywhere(void **state)
{
    struct bench *b = *state;
    unsigned low = 0;

    for (uint32_t i = 0; i < 256; i++)
        low += ident_to(b, STRANGER + i, BENCH_PROTO) < 32768;
    assert_in_range(low, 88, 168); /* five standard deviations around a half */
}

/* Takes all fragments of one message off the wire, in order, and checks each; returns how many. */
static unsigned take_fragments(struct bench *b, uint32_t mtu, uint8_t *whole, size_t *len)
{
    uint8_t out[65536];
    unsigned count = 0;
    uint16_t id = 0;
    size_t n;

    *len = 0;
    while ((n = bench_take(b, out, sizeof(out))) > 0) {
        struct ipv4_header h = read_ip(out, n);

        assert_true(n <= mtu);
        assert_false(h.df);
        assert_int_equal(h.frag_offset, *len);
        if (h.mf)
            assert_int_equal((n - IPV4_HEADER) % 8, 0);
        if (count++)
            assert_int_equal(h.id, id);
        id = h.id;
        memcpy(whole + *len, out + IPV4_HEADER, n - IPV4_HEADER);
        *len += n - IPV4_HEADER;
        if (!h.mf)
            break;
    }
    bench_assert_silent(b);
    return count;
}

static void fragments_are_aligned_and_together_the_message(void **state)
{
    static const uint32_t mtus[] = {68, 296, 576, 1006, 1500, 9000};
    static const size_t sizes[] = {1, 48, 49, 96, 548, 1480, 1481, 2960, 2961, 4000, 16384, 40000, 65515};
    static const size_t linears[] = {8, 100, 65536};
    struct bench *b = *state;
    static uint8_t whole[65536], expect[65536];

    /* R1122-3.3.3 */
    b->ifp->queue_limit = 4096;
    fill_pattern(expect, sizeof(expect), 3);
    for (size_t m = 0; m < ARRAY_LEN(mtus); m++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            for (size_t k = 0; k < ARRAY_LEN(linears); k++) {
                uint32_t step = (mtus[m] - IPV4_HEADER) & ~7u;
                bool fits = sizes[i] + IPV4_HEADER <= mtus[m];
                size_t len;

                b->ifp->mtu = mtus[m];
                assert_int_equal(output(b, bench_message(b, sizes[i], linears[k]), to_peer()), 0);
                assert_int_equal(take_fragments(b, mtus[m], whole, &len), fits ? 1 : (sizes[i] + step - 1) / step);
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
    size_t len;

    output(b, pkt, to_peer());
    assert_int_equal(block->refs, 1 + 3);
    take_fragments(b, 1500, whole, &len);
    assert_int_equal(block->refs, 1);
    block_unref(block);
}

static void a_message_that_must_not_be_fragmented_is_refused(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();

    /* R1122-3.3.3 */
    how.df = true;
    assert_int_equal(output(b, bench_message(b, 1480, 1480), how), 0);
    bench_expect_drop(b, ip_too_big, assert_int_equal(output(b, bench_message(b, 1481, 1481), how), WEFT_EMSGSIZE));
}

static void a_message_too_long_for_any_datagram_is_refused(void **state)
{
    struct bench *b = *state;

    bench_expect_drop(b, ip_too_big, assert_int_equal(output(b, bench_message(b, 65516, 8), to_peer()), WEFT_EMSGSIZE));
}

static void a_super_segment_is_not_fragmented(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    struct weft_pkt *pkt = bench_message(b, 6000, 40);
    static uint8_t out[8000];

    b->ifp->offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO;
    how.df = true;
    pkt->gso_size = 1448;
    assert_int_equal(output(b, pkt, how), 0);
    assert_int_equal(bench_take(b, out, sizeof(out)), 6020);
}

static void the_longest_message_is_what_the_link_carries_less_a_header(void **state)
{
    struct bench *b = *state;
    struct weft_ip dst = weft_ipv4(PEER);
    struct ip_path path;

    route_lookup(b->s, &dst, &path);
    assert_int_equal(ip_max_message(&(struct ip_send){.dst = dst}, &path), 1480);
}

/* A UDP message of n bytes whose checksum field holds the pseudo-header's sum, as for a link that completes it. */
static struct weft_pkt *partial_message(struct bench *b, size_t n, const struct ip_send *how)
{
    struct weft_pkt *pkt = bench_message(b, n, n);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &how->src, &how->dst, how->proto, (uint32_t)n);
    poke_u16(pkt->data + 6, (uint16_t)~csum_fold(&sum));
    pkt->csum_partial = true;
    pkt->csum_offset = 6;
    return pkt;
}

static void a_partial_checksum_says_where_it_starts(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    struct weft_pkt_offload o;
    struct ip_path path;
    weft_pkt *pkt;

    b->ifp->offload = WEFT_OFFLOAD_CSUM;
    route_lookup(b->s, &how.dst, &path);
    ip_output(b->s, partial_message(b, 100, &how), &how, &path);
    assert_int_equal(weft_output(b->ifp, &pkt, 1, b->now), 1);
    weft_pkt_get_offload(pkt, &o);
    assert_true(o.csum_partial);
    assert_int_equal(o.csum_start, IPV4_HEADER);
    assert_int_equal(o.csum_offset, 6);
    weft_pkt_release(pkt);
}

static void a_partial_checksum_is_completed_before_fragments(void **state)
{
    struct bench *b = *state;
    struct ip_send how = to_peer();
    static uint8_t whole[65536];
    struct csum sum = {0};
    size_t len;

    b->ifp->offload = WEFT_OFFLOAD_CSUM;
    how.proto = IP_PROTO_UDP;
    output(b, partial_message(b, 4001, &how), how);
    take_fragments(b, 1500, whole, &len);
    ip_pseudo_header(&sum, &how.src, &how.dst, how.proto, (uint32_t)len);
    csum_add(&sum, whole, len);
    assert_int_equal(csum_fold(&sum), 0);
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

    /* R1122-3.2.1.3b */
    how.src = weft_ipv4(V4(127, 0, 0, 1));
    bench_expect_drop(b, ip_bad_source, assert_int_equal(output(b, bench_message(b, 8, 8), how), WEFT_EADDRNOTAVAIL));
    bench_assert_silent(b);
}

static void a_datagram_to_ourselves_stays_inside(void **state)
{
    static const uint32_t own[] = {US, OTHER_US, V4(127, 0, 0, 1), V4(127, 1, 2, 3)};
    struct bench *b = *state;
    struct ip_send how = to_peer();

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        how.dst = weft_ipv4(own[i]);
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
    struct ip_path path;
    unsigned failures = 0;

    route_lookup(b->s, &how.dst, &path);
    for (unsigned nth = 1;; nth++) {
        struct weft_pkt *pkt = bench_message(b, 4000, 100);
        static uint8_t whole[65536];
        size_t len;
        int err;

        harness_env_fail_nth(&b->h, nth);
        err = ip_output(b->s, pkt, &how, &path);
        harness_env_fail_nth(&b->h, 0);
        if (err == 0) {
            assert_int_equal(take_fragments(b, 1500, whole, &len), 3);
            break;
        }
        assert_int_equal(err, WEFT_ENOMEM);
        bench_assert_silent(b);
        failures++;
    }
    assert_in_range(failures, 3, 6);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_no_memory), failures);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(output_writes_the_header_as_asked),
        CLAIM(a_plain_message_goes_as_any_other),
        CLAIM(atomic_datagrams_carry_no_identification),
        CLAIM(identifications_to_one_host_do_not_repeat_early),
        CLAIM(identifications_have_a_life),
        CLAIM(identifications_do_not_show_what_others_get),
        CLAIM(identifications_start_anywhere),
        CLAIM(fragments_are_aligned_and_together_the_message),
        CLAIM(fragments_share_the_messages_bytes),
        CLAIM(a_message_that_must_not_be_fragmented_is_refused),
        CLAIM(a_message_too_long_for_any_datagram_is_refused),
        CLAIM(a_super_segment_is_not_fragmented),
        CLAIM(the_longest_message_is_what_the_link_carries_less_a_header),
        CLAIM(a_partial_checksum_says_where_it_starts),
        CLAIM(a_partial_checksum_is_completed_before_fragments),
        CLAIM(nothing_goes_out_by_an_interface_that_is_down),
        CLAIM(loopback_addresses_never_reach_a_wire),
        CLAIM(a_datagram_to_ourselves_stays_inside),
        CLAIM(all_fragments_go_out_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
