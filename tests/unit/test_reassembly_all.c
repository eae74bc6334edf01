/* SPDX-License-Identifier: MIT */
/* Reassembly against a naive model: all small cases, and random ones. */
#include "reassembly_bench.h"

static int setup6(void **state)
{
    *state = bench6_new();
    return 0;
}

/* ---- against the model ---- */

static size_t make_piece(uint8_t *p, bool v4, uint16_t id, struct model_piece piece, const uint8_t *bytes)
{
    uint8_t fragment[IPV6_FRAGMENT_HEADER] = {0};
    struct make6 v6 = {
        .tclass = piece.ecn, .chain = fragment, .chain_len = sizeof fragment, .first = IP_PROTO_FRAGMENT};
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
        m.headers = f->v4 ? IPV4_HEADER : 0;
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
    m->headers = f->v4 ? IPV4_HEADER : 0;
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
