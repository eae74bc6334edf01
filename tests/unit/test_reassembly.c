/* SPDX-License-Identifier: MIT */
/* Reassembly: orders and sizes, which fragments belong together, and memory that fails. */
#include "reassembly_bench.h"

/* ---- orders and sizes ---- */

static void shuffle(struct rng *r, unsigned *order, unsigned n)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned k = (unsigned)rng_below(r, i), t = order[i - 1];

        order[i - 1] = order[k];
        order[k] = t;
    }
}

/* All fragments of a datagram of n bytes cut at `step`, in a random order, some of them twice. */
static void put_shuffled(struct bench *b, struct rng *r, uint16_t id, uint32_t n, uint32_t step)
{
    unsigned order[64], pieces = (n + step - 1) / step;

    for (unsigned i = 0; i < pieces; i++)
        order[i] = i;
    shuffle(r, order, pieces);
    for (unsigned i = 0; i < pieces; i++) {
        uint32_t start = order[i] * step, len = min_u32(step, n - start);
        bool twice = rng_chance(r, 300000) && i + 1 < pieces;

        put(b, id, start, len, start + len < n);
        if (twice)
            bench_expect_drop(b, frag_duplicate, put(b, id, start, len, start + len < n));
    }
}

static void datagrams_of_every_size_come_together_in_any_order(void **state)
{
    static const uint32_t sizes[] = {9, 16, 100, 556, 576, 1480, 1481, 4000, 8192, 20000, 40000, 65507, 65515};
    static const uint32_t steps[] = {8, 48, 552, 1024, 1480, 8992, 32760};
    struct bench *b = *state;
    unsigned count = 0;
    struct rng r;

    /* R1122-3.3.2a R791-frag (duplicates) */
    rng_seed(&r, 5);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
            if (steps[k] >= sizes[i] || sizes[i] > steps[k] * 64)
                continue;
            put_shuffled(b, &r, (uint16_t)(i * 10 + k), sizes[i], steps[k]);
            assert_delivered(b, ++count, sizes[i]);
            assert_int_equal(b->record->piece, IPV4_HEADER + steps[k]); /* IP_RECVFRAGSIZE */
        }
    }
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_reassembled), count);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
}

/* Puts order[0..n) of the pieces of 24 bytes cut at 8 in, recursively all orders. */
static void try_orders(struct bench *b, unsigned *order, unsigned n, unsigned fixed, uint16_t *id, unsigned *count)
{
    if (fixed == n) {
        ++*id;
        for (unsigned i = 0; i < n; i++)
            put(b, *id, order[i] * 8, 8, order[i] + 1 < n);
        assert_delivered(b, ++*count, n * 8);
        return;
    }
    for (unsigned i = fixed; i < n; i++) {
        unsigned t = order[fixed];

        order[fixed] = order[i];
        order[i] = t;
        try_orders(b, order, n, fixed + 1, id, count);
        order[i] = order[fixed];
        order[fixed] = t;
    }
}

static void five_pieces_come_together_in_all_orders(void **state)
{
    unsigned order[5] = {0, 1, 2, 3, 4}, count = 0;
    uint16_t id = 0;

    /* R1122-3.3.2a */
    try_orders(*state, order, 5, 0, &id, &count);
    assert_int_equal(count, 120);
}

static void fragments_in_spans_come_together(void **state)
{
    struct bench *b = *state;
    static uint8_t pattern[65536];
    uint8_t p[2000];
    struct ipv4_header h = plain;

    fill_pattern(pattern, sizeof(pattern), 0);
    for (uint32_t at = 0; at < 4000; at += 1000) {
        h.frag_offset = (uint16_t)at;
        h.mf = at < 3000;
        bench_input_spans(b, p, make_ip(p, h, pattern + at, 1000), IPV4_HEADER);
    }
    assert_delivered(b, 1, 4000);
}

/* ---- what belongs together ---- */

static void fragments_meet_only_their_own_kind(void **state)
{
    struct bench *b = *state;
    struct ipv4_header keys[5] = {plain, plain, plain, plain, plain};
    uint8_t p[64];

    keys[1].id = 1;
    keys[2].src = STRANGER;
    keys[3].dst = SUBNET_ALL;
    keys[4].proto = IP_PROTO_ICMP; /* too short for it: dropped there once it is whole */
    for (unsigned i = 0; i < 5; i++) {
        keys[i].mf = true;
        bench_input(b, p, make_ip(p, keys[i], "01234567", 8));
    }
    assert_int_equal(b->record->count, 0);
    for (unsigned i = 0; i < 4; i++) {
        keys[i].mf = false;
        keys[i].frag_offset = 8;
        bench_input(b, p, make_ip(p, keys[i], "89", 2));
        assert_int_equal(b->record->count, i + 1);
        assert_int_equal(ip_to_v4(&b->record->src), keys[i].src);
        assert_int_equal(ip_to_v4(&b->record->dst), keys[i].dst);
    }
}

static void the_first_fragment_speaks_for_the_datagram(void **state)
{
    static const uint8_t option[4] = {0x9e, 4, 1, 2};
    struct bench *b = *state;
    struct ipv4_header h = plain;
    uint8_t p[64];

    h.frag_offset = 8;
    h.ttl = 9;
    bench_input(b, p, make_ip(p, h, "89", 2));
    h.frag_offset = 0;
    h.mf = true;
    h.ttl = 33;
    h.tos = 0x10;
    h.header_len = 24;
    h.options = option;
    bench_input(b, p, make_ip(p, h, "01234567", 8));
    assert_int_equal(b->record->len, 10);
    assert_memory_equal(b->record->bytes, "0123456789", 10);
    assert_int_equal(b->record->ttl, 33);
}

static void a_group_datagram_stays_one_when_it_is_whole(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = plain;
    uint8_t p[64];

    h.dst = SUBNET_ALL;
    h.mf = true;
    bench_input(b, p, make_ip(p, h, "01234567", 8));
    h.mf = false;
    h.frag_offset = 8;
    bench_input(b, p, make_ip(p, h, "89", 2));
    assert_true(b->record->ip_group);
}

/* ---- ECN ---- */

static void congestion_seen_by_one_fragment_was_seen_by_all(void **state)
{
    enum { NOT, ECT1, ECT0, CE, NONE };
    static const uint8_t rows[][3] = {
        {NOT, NOT, NOT},  {ECT0, ECT0, ECT0}, {ECT1, ECT1, ECT1}, {CE, CE, CE},     {ECT0, CE, CE},   {CE, ECT0, CE},
        {ECT1, CE, CE},   {CE, ECT1, CE},     {NOT, CE, NONE},    {CE, NOT, NONE},  {NOT, ECT0, NOT}, {ECT0, NOT, NOT},
        {ECT0, ECT1, ECT0}, {ECT1, ECT0, ECT1},
    };
    struct bench *b = *state;
    uint8_t p[64];

    /* R3168-5.3: first, second, result (NONE: dropped) */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ipv4_header h = plain;
        unsigned before = b->record->count;

        h.id = (uint16_t)i;
        h.tos = rows[i][0] | 0xb8;
        h.mf = true;
        bench_input(b, p, make_ip(p, h, "01234567", 8));
        h.tos = rows[i][1];
        h.mf = false;
        h.frag_offset = 8;
        bench_input(b, p, make_ip(p, h, "89", 2));
        assert_int_equal(b->record->count - before, rows[i][2] != NONE);
        if (rows[i][2] != NONE)
            assert_int_equal(b->record->tos, 0xb8 | rows[i][2]);
    }
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_inconsistent), 2 * 2);
}

/* ---- time ---- */

/* The first or the second half of a datagram of 2,000 bytes, not put in yet. */
static weft_pkt *half(struct bench *b, uint16_t id, unsigned which)
{
    static uint8_t payload[1000];
    uint8_t p[1100];
    struct ipv4_header h = plain;
    weft_pkt *pkt;
    size_t n;

    h.id = id;
    h.mf = which == 0;
    h.frag_offset = (uint16_t)(which * 1000);
    n = make_ip(p, h, payload, sizeof(payload));
    pkt = weft_pkt_new(b->s, n);
    memcpy(weft_pkt_data(pkt), p, n);
    weft_pkt_set_len(pkt, n);
    return pkt;
}

static void reassembly_survives_each_failing_allocation(void **state)
{
    struct bench *b = *state;

    for (unsigned nth = 1; b->record->count == 0; nth++) {
        weft_pkt *pkts[2] = {half(b, (uint16_t)nth, 0), half(b, (uint16_t)nth, 1)};

        harness_env_fail_nth(&b->h, nth);
        weft_input(b->ifp, pkts, 2, b->now);
        harness_env_fail_nth(&b->h, 0);
        assert_true(nth < 20);
    }
    assert_true(weft_drops(b->s, WEFT_DROP_no_memory) > 0);
}

/* What was made for a fragment that then found no memory is gone at once, or at the latest with its datagram's time. */
static void nothing_is_left_of_a_fragment_that_found_no_memory(void **state)
{
    struct bench *b = *state;
    bool failed = true;

    put(b, 0, 0, 8, true);
    put(b, 0, 8, 8, false); /* now the tables are there: what is asked for is source, datagram and fragment */
    for (unsigned nth = 1; failed; nth++) {
        weft_pkt *pkt = half(b, (uint16_t)nth, 0);

        harness_env_fail_nth(&b->h, nth);
        weft_input(b->ifp, &pkt, 1, b->now);
        failed = harness_env_failed(&b->h);
        harness_env_fail_nth(&b->h, 0);
        bench_tick(b, 60 * WEFT_S);
        assert_int_equal(b->s->mem.live[MEM_frag], 0);
    }
    assert_int_equal(weft_drops(b->s, WEFT_DROP_no_memory), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(datagrams_of_every_size_come_together_in_any_order),
        CLAIM(five_pieces_come_together_in_all_orders),
        CLAIM(fragments_in_spans_come_together),
        CLAIM(fragments_meet_only_their_own_kind),
        CLAIM(the_first_fragment_speaks_for_the_datagram),
        CLAIM(a_group_datagram_stays_one_when_it_is_whole),
        CLAIM(congestion_seen_by_one_fragment_was_seen_by_all),
        CLAIM(reassembly_survives_each_failing_allocation),
        CLAIM(nothing_is_left_of_a_fragment_that_found_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
