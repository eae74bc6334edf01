/* SPDX-License-Identifier: MIT */
/* Reassembly: against a naive model for all small cases, then its bounds one by one. */
#include "ip6_bench.h"
#include "reassembly_model.h"

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int setup6(void **state)
{
    *state = bench6_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* ---- making fragments ---- */

static const struct ipv4_header plain = {.src = PEER, .dst = US, .proto = BENCH_PROTO};

/* Puts in the bytes [start, start + len) of the pattern as a fragment of datagram id. */
static void put(struct bench *b, uint16_t id, uint32_t start, uint32_t len, bool more)
{
    static uint8_t pattern[65536], p[65600];
    struct ipv4_header h = plain;

    if (!pattern[1])
        fill_pattern(pattern, sizeof(pattern), 0);
    h.id = id;
    h.frag_offset = (uint16_t)start;
    h.mf = more;
    bench_input(b, p, make_ip(p, h, pattern + start, len));
}

static void assert_delivered(struct bench *b, unsigned count, uint32_t len)
{
    static uint8_t pattern[65536];

    fill_pattern(pattern, sizeof(pattern), 0);
    assert_int_equal(b->record->count, count);
    assert_int_equal(b->record->len, len);
    assert_memory_equal(b->record->bytes, pattern, len);
}

/* ---- against the model ---- */

static size_t make_piece(uint8_t *p, bool v4, uint16_t id, struct model_piece piece, const uint8_t *bytes)
{
    uint8_t fragment[IPV6_FRAGMENT_HEADER] = {0};
    struct make6 v6 = {.tclass = piece.ecn, .chain = fragment, .chain_len = sizeof fragment, .first = IP_PROTO_FRAGMENT};
    struct ipv4_header h = plain;

    if (v4) {
        h.id = id;
        h.frag_offset = (uint16_t)piece.start;
        h.mf = !piece.last;
        h.tos = piece.ecn;
        return make_ip(p, h, bytes, piece.len);
    }
    poke_u16(fragment + 2, (uint16_t)(piece.start | !piece.last));
    poke_u32(fragment + 4, id);
    return make_ip6(p, v6, bytes, piece.len);
}

/* A world of one family. */
struct family {
    struct bench *b;
    bool v4;
};

/* What we say to a fragment that is wrong by itself. */
static void throw_away_answers(struct bench *b)
{
    uint8_t byte;

    while (bench_take(b, &byte, 1))
        ;
}

/* One fragment into both; fails the test where they differ. Returns whether the datagram was delivered. */
static bool put_both(const struct family *f, struct model *m, uint16_t id, struct model_piece piece, uint8_t seed)
{
    struct bench *b = f->b;
    uint8_t p[2100], bytes[2048];
    uint64_t drops_before, delivered_before = b->record->count;
    enum weft_drop why;
    int ecn = 0;

    if (piece.start == 0 && piece.last)
        return false; /* that is no fragment */
    fill_pattern(bytes, piece.len, seed);
    why = model_add(m, piece, bytes, &ecn);
    if (why == MODEL_DELIVERED && ecn < 0)
        why = WEFT_DROP_frag_inconsistent;
    drops_before = why < WEFT_DROP_COUNT ? b->s->drops[why] : 0;
    bench_input(b, p, make_piece(p, f->v4, id, piece, bytes));
    throw_away_answers(b);
    if (why == MODEL_DELIVERED) {
        assert_int_equal(b->record->count, delivered_before + 1);
        assert_int_equal(b->record->len, m->end);
        assert_memory_equal(b->record->bytes, m->bytes, m->end);
        assert_int_equal(b->record->tos, ecn);
        return true;
    }
    assert_int_equal(b->record->count, delivered_before);
    if (why != WEFT_DROP_none && b->s->drops[why] == drops_before)
        fail_msg("%u+%u%s was not dropped as %s", piece.start, piece.len, piece.last ? " last" : "",
                 weft_drop_name(why));
    return ecn < 0; /* dropped as a whole: the datagram is over either way */
}

/* The i-th fragment of a small world: starts and ends at multiples of 8 up to `units`, last or not. */
static struct model_piece small_piece(unsigned i, unsigned units)
{
    struct model_piece p = {.last = i % 2, .ecn = 0};

    i /= 2;
    for (uint32_t start = 0; start < units; start++) {
        if (i < units - start)
            return (struct model_piece){.start = start * 8, .len = (i + 1) * 8, .last = p.last};
        i -= units - start;
    }
    return p;
}

/*
 * All sequences of `length` fragments of a world of `units` units: nothing is ever dropped or delivered that the model
 * does not. Once a datagram is over or poisoned, one continuation stands for all.
 */
static void try_all_sequences(const struct family *f, unsigned units, unsigned length)
{
    static struct model m;
    unsigned kinds = units * (units + 1); /* intervals, last or not */
    unsigned long place[8], total = 1;    /* place: what the i-th fragment's digit is worth, the first one's most */

    for (unsigned i = length; i-- > 0; total *= kinds)
        place[i] = total;
    for (unsigned long sequence = 0, id = 0; sequence < total; id++) {
        unsigned long step = 1;
        bool over = false;

        model_reset(&m);
        for (unsigned i = 0; i < length && !over; i++) {
            bool poisoned = m.poison;

            over = put_both(f, &m, (uint16_t)id, small_piece((unsigned)(sequence / place[i] % kinds), units),
                            (uint8_t)(i * 50));
            if ((over || m.poison) && !poisoned)
                step = place[i];
        }
        sequence += step;
    }
}

/* R791-frag R1122-3.3.2a */
static void reassembly_agrees_with_the_model_on_all_pairs(void **state)
{
    try_all_sequences(&(struct family){*state, true}, 6, 2);
}

static void reassembly_agrees_with_the_model_on_all_triples(void **state)
{
    try_all_sequences(&(struct family){*state, true}, 6, 3);
}

static void reassembly_agrees_with_the_model_on_all_quadruples(void **state)
{
    try_all_sequences(&(struct family){*state, true}, 6, 4);
}

static void reassembly_agrees_with_the_model_on_all_sextuples(void **state)
{
    try_all_sequences(&(struct family){*state, true}, 3, 6);
}

/* The same of IPv6 (RFC 8200 §4.5, RFC 5722), where the store is the same and the way to it another. */
static void reassembly_of_ipv6_agrees_with_the_model_on_all_triples(void **state)
{
    try_all_sequences(&(struct family){*state, false}, 6, 3);
}

static void reassembly_of_ipv6_agrees_with_the_model_on_all_quadruples(void **state)
{
    try_all_sequences(&(struct family){*state, false}, 4, 4);
}

/* Random fragments of one datagram until it is over, mostly well formed ones. */
static void random_datagram(const struct family *f, struct model *m, struct rng *r, uint16_t id)
{
    uint32_t units = 1 + (uint32_t)rng_below(r, 40), tail = (uint32_t)rng_below(r, 8);
    bool wild = rng_chance(r, 300000);

    model_reset(m);
    for (unsigned i = 0; i < 80; i++) {
        struct model_piece p = {.start = (uint32_t)rng_below(r, units) * 8};

        p.len = (1 + (uint32_t)rng_below(r, 3)) * 8;
        p.last = p.start + p.len >= units * 8;
        if (p.last)
            p.len = units * 8 - p.start - tail;
        if (wild && rng_chance(r, 50000))
            p.last = !p.last;
        if (wild && rng_chance(r, 50000))
            p.len = (uint32_t)rng_below(r, 20);
        p.ecn = rng_chance(r, 500000) ? 2 : (uint8_t)rng_below(r, 4);
        if (put_both(f, m, id, p, (uint8_t)i))
            return;
    }
}

static void try_random(const struct family *f, unsigned count)
{
    static struct model m;
    struct rng r;

    rng_seed(&r, 11);
    for (unsigned i = 0; i < count; i++)
        random_datagram(f, &m, &r, (uint16_t)i);
    assert_true(f->b->record->count > 0);
}

static void reassembly_agrees_with_the_model_on_random_fragments(void **state)
{
    try_random(&(struct family){*state, true}, 20000);
}

static void reassembly_of_ipv6_agrees_with_the_model_on_random_fragments(void **state)
{
    try_random(&(struct family){*state, false}, 5000);
}

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

/* ---- attacks ---- */

static void the_ping_of_death_is_dropped(void **state)
{
    struct bench *b = *state;

    /* R791-max */
    put(b, 1, 0, 1480, true);
    bench_expect_drop(b, frag_too_long, put(b, 1, 65528, 8, false));
    bench_expect_drop(b, frag_too_long, put(b, 1, 65512, 8, false));
    bench_expect_drop(b, frag_too_long, put(b, 1, 65512, 4, false));
}

static void options_of_the_first_fragment_count_towards_the_limit(void **state)
{
    static const uint8_t nops[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                     1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct bench *b = *state;
    struct ipv4_header h = plain;
    static uint8_t p[65600], payload[32768];

    /* R791-max: each fragment fits by itself, the whole with the long header does not */
    h.mf = true;
    h.header_len = 60;
    h.options = nops;
    bench_input(b, p, make_ip(p, h, payload, 32760));
    h.header_len = 0;
    h.mf = false;
    h.frag_offset = 32760;
    bench_input(b, p, make_ip(p, h, payload, 32755));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_too_long), 2);
    assert_int_equal(b->record->count, 0);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
}

static void an_overlap_poisons_the_datagram_for_its_time(void **state)
{
    struct bench *b = *state;

    /* R791-frag: teardrop */
    put(b, 1, 0, 40, true);
    put(b, 1, 32, 16, false);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_overlap), 2);
    put(b, 1, 0, 40, true);
    put(b, 1, 40, 8, false);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_overlap), 4);
    assert_int_equal(b->record->count, 0);
    bench_tick(b, 60 * WEFT_S);
    put(b, 1, 0, 40, true);
    put(b, 1, 40, 8, false);
    assert_delivered(b, 1, 48);
}

static void a_fragment_of_no_bytes_changes_nothing(void **state)
{
    struct bench *b = *state;

    put(b, 1, 0, 40, true);
    bench_expect_drop(b, frag_misaligned, put(b, 1, 40, 0, true));
    bench_expect_drop(b, frag_misaligned, put(b, 1, 40, 0, false));
    put(b, 1, 40, 8, false);
    assert_delivered(b, 1, 48);
}

static void no_datagram_has_more_than_sixty_four_fragments(void **state)
{
    struct bench *b = *state;

    for (uint32_t i = 0; i < 64; i++)
        put(b, 1, i * 16, 8, true);
    put(b, 1, 64 * 16, 8, true);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_too_many), 65);
    for (uint32_t i = 0; i < 63; i++)
        put(b, 2, i * 8, 8, true);
    put(b, 2, 63 * 8, 8, false);
    assert_delivered(b, 1, 64 * 8);
}

static size_t held(const struct bench *b)
{
    return b->s->mem.live[MEM_frag] + b->s->mem.live[MEM_packet] + b->s->mem.live[MEM_block];
}

static void a_flood_of_fragments_stays_within_its_bound(void **state)
{
    struct bench *b = *state;
    uint8_t p[1600], payload[1480] = {0};
    size_t limit = b->s->config.reassembly_memory, most = 0;
    struct rng r;

    rng_seed(&r, 3);
    for (uint32_t i = 0; i < 100000; i++) {
        struct ipv4_header h = plain;

        h.src = V4(198, 18, 0, 0) + (uint32_t)rng_below(&r, 1 << (i % 17));
        h.id = (uint16_t)rng_below(&r, 65536);
        h.frag_offset = (uint16_t)(rng_below(&r, 100) * 8);
        h.mf = true;
        bench_input(b, p, make_ip(p, h, payload, i % 2 ? 8 : 1480));
        most = max_size(most, held(b));
    }
    /* records of sources, and the free space of slabs, stand beside what is charged */
    assert_in_range(most, limit / 2, limit + limit / 4);
    assert_true(weft_drops(b->s, WEFT_DROP_frag_evicted) > 0);
    put(b, 7, 0, 8, true);
    put(b, 7, 8, 8, false);
    assert_int_equal(b->record->count, 1); /* and whoever is honest is served */
    bench_tick(b, 61 * WEFT_S);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
}

static void one_source_cannot_push_the_others_out(void **state)
{
    struct bench *b = *state;
    uint8_t p[1600], payload[1480] = {0};
    struct ipv4_header h = plain;

    put(b, 1, 0, 8, true);
    h.src = STRANGER;
    h.mf = true;
    for (uint32_t i = 0; i < 20000; i++) {
        h.id = (uint16_t)i;
        bench_input(b, p, make_ip(p, h, payload, 1480));
    }
    assert_true(held(b) < b->s->config.reassembly_memory / 2);
    put(b, 1, 8, 8, false);
    assert_delivered(b, 1, 16);
}

static void an_honest_source_is_served_during_a_flood(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    struct rng r;

    rng_seed(&r, 8);
    for (unsigned i = 1; i <= 100; i++) {
        put(b, (uint16_t)i, 0, 1480, true);
        for (unsigned k = 0; k < 500; k++) {
            struct ipv4_header h = plain;

            h.src = V4(198, 18, 0, 0) + (uint32_t)rng_below(&r, 1 << 17);
            h.id = (uint16_t)rng_below(&r, 65536);
            h.mf = true;
            bench_input(b, p, make_ip(p, h, "flooding", 8));
        }
        put(b, (uint16_t)i, 1480, 520, false);
        assert_int_equal(b->record->count, i);
    }
}

/* ---- time ---- */

/* Is this datagram the ICMP error "fragment reassembly time exceeded"? */
static bool is_time_exceeded(const uint8_t *p, size_t n)
{
    return read_ip(p, n).proto == IP_PROTO_ICMP && p[IPV4_HEADER] == ICMPV4_TIME_EXCEEDED && p[IPV4_HEADER + 1] == 1 &&
           peek_u32(p + IPV4_HEADER + 4) == 0; /* unused (RFC 792) */
}

static void an_incomplete_datagram_ends_after_its_time_with_a_word_to_the_sender(void **state)
{
    struct bench *b = *state;
    uint8_t out[1500];
    size_t n;

    /* R1122-3.3.2b */
    put(b, 1, 80, 8, false);
    bench_tick(b, 30 * WEFT_S);
    put(b, 1, 0, 40, true);
    bench_tick(b, 30 * WEFT_S - 1);
    bench_assert_silent(b);
    bench_tick(b, 1);
    n = bench_take(b, out, sizeof(out));
    assert_true(is_time_exceeded(out, n));
    assert_int_equal(n, IPV4_HEADER + ICMPV4_HEADER + IPV4_HEADER + 40);
    assert_int_equal(read_ip(out + 28, n - 28).frag_offset, 0);
    bench_assert_silent(b);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 2);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
    assert_int_equal(weft_deadline(b->s), WEFT_NEVER);
}

static void without_its_first_fragment_a_datagram_ends_in_silence(void **state)
{
    struct bench *b = *state;

    /* R1122-3.3.2b */
    put(b, 1, 8, 8, true);
    put(b, 1, 80, 8, false);
    bench_tick(b, 60 * WEFT_S);
    bench_assert_silent(b);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 2);
    assert_int_equal(b->s->mem.live[MEM_frag], 0);
}

static void each_datagram_has_a_time_of_its_own(void **state)
{
    struct bench *b = *state;

    for (uint16_t i = 0; i < 10; i++) {
        put(b, i, 8, 8, true);
        bench_tick(b, WEFT_S);
    }
    for (unsigned i = 1; i <= 10; i++) {
        bench_tick(b, i == 1 ? 50 * WEFT_S : WEFT_S);
        assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), i);
    }
}

static void an_interface_may_go_while_its_fragments_wait(void **state)
{
    struct bench *b = *state;
    uint8_t p[64];
    struct ipv4_header h = plain;

    h.src = OTHER_PEER;
    h.dst = OTHER_US;
    h.mf = true;
    bench_input_on(b, b->other, p, make_ip(p, h, "01234567", 8));
    weft_if_free(b->other);
    b->other = NULL;
    bench_tick(b, 60 * WEFT_S);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_frag_timeout), 1);
}

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

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(reassembly_agrees_with_the_model_on_all_pairs),
        CLAIM(reassembly_agrees_with_the_model_on_all_triples),
        CLAIM(reassembly_agrees_with_the_model_on_all_quadruples),
        CLAIM(reassembly_agrees_with_the_model_on_all_sextuples),
        CLAIM(reassembly_agrees_with_the_model_on_random_fragments),
        cmocka_unit_test_setup_teardown(reassembly_of_ipv6_agrees_with_the_model_on_all_triples, setup6, teardown),
        cmocka_unit_test_setup_teardown(reassembly_of_ipv6_agrees_with_the_model_on_all_quadruples, setup6, teardown),
        cmocka_unit_test_setup_teardown(reassembly_of_ipv6_agrees_with_the_model_on_random_fragments, setup6, teardown),
        CLAIM(datagrams_of_every_size_come_together_in_any_order),
        CLAIM(five_pieces_come_together_in_all_orders),
        CLAIM(fragments_in_spans_come_together),
        CLAIM(fragments_meet_only_their_own_kind),
        CLAIM(the_first_fragment_speaks_for_the_datagram),
        CLAIM(a_group_datagram_stays_one_when_it_is_whole),
        CLAIM(congestion_seen_by_one_fragment_was_seen_by_all),
        CLAIM(the_ping_of_death_is_dropped),
        CLAIM(options_of_the_first_fragment_count_towards_the_limit),
        CLAIM(an_overlap_poisons_the_datagram_for_its_time),
        CLAIM(a_fragment_of_no_bytes_changes_nothing),
        CLAIM(no_datagram_has_more_than_sixty_four_fragments),
        CLAIM(a_flood_of_fragments_stays_within_its_bound),
        CLAIM(one_source_cannot_push_the_others_out),
        CLAIM(an_honest_source_is_served_during_a_flood),
        CLAIM(an_incomplete_datagram_ends_after_its_time_with_a_word_to_the_sender),
        CLAIM(without_its_first_fragment_a_datagram_ends_in_silence),
        CLAIM(each_datagram_has_a_time_of_its_own),
        CLAIM(an_interface_may_go_while_its_fragments_wait),
        CLAIM(reassembly_survives_each_failing_allocation),
        CLAIM(nothing_is_left_of_a_fragment_that_found_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
