/* SPDX-License-Identifier: MIT */
/* Reassembly: what an attacker sends, and the bounds one by one. */
#include "reassembly_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(the_ping_of_death_is_dropped),
        CLAIM(options_of_the_first_fragment_count_towards_the_limit),
        CLAIM(an_overlap_poisons_the_datagram_for_its_time),
        CLAIM(a_fragment_of_no_bytes_changes_nothing),
        CLAIM(no_datagram_has_more_than_sixty_four_fragments),
        CLAIM(a_flood_of_fragments_stays_within_its_bound),
        CLAIM(one_source_cannot_push_the_others_out),
        CLAIM(an_honest_source_is_served_during_a_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
