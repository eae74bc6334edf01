/* SPDX-License-Identifier: MIT */
/*
 * FragmentSmack (CVE-2018-5391) and the teardrop family: fragments of datagrams that never become whole, from everywhere,
 * in pieces as small as may be; fragments that overlap, contradict their end, or run past 65,535. Memory stays within
 * reassembly_memory, the work for each fragment is bounded, and what is not hostile still comes together.
 */
#include "field.h"

#include "ip/private.h"

#define LIMIT (4u << 20)

static uint8_t bytes[2048];

static void fragment(struct field *f, uint32_t src, uint16_t id, uint32_t offset, bool more, size_t n)
{
    attack_datagram(f, (struct ipv4_header){.src = src, .dst = FRONT, .proto = 17, .id = id,
                                            .frag_offset = (uint16_t)offset, .mf = more}, bytes, n);
}

/* The same of IPv6. */
static void fragment_v6(struct field *f, uint32_t src, uint32_t id, uint32_t offset, bool more, size_t n)
{
    struct attack_v6 h = {.src = front_v6(src), .dst = front_v6(2), .next = IP_PROTO_FRAGMENT};
    uint8_t piece[8 + 1480] = {17};

    poke_u16(piece + 2, (uint16_t)(offset | more));
    poke_u32(piece + 4, id);
    memcpy(piece + 8, bytes, n);
    attack_v6(f, &h, piece, 8 + n);
}

/* To the byte: what is held counts at its true size, and is no more than the configuration says. */
static void expect_within_limit(struct field *f)
{
    assert_true(ip_state(f->victim)->reassembly.held <= LIMIT);
}

/* Of both families at once: the limit is one. */
static void a_flood_of_both_families_has_one_limit(void **state)
{
    struct weft_config config;
    struct field *f;

    weft_config_default(&config);
    assert_int_equal(config.reassembly_memory, LIMIT);
    f = field_new(&config);
    for (uint32_t i = 0; i < 60000; i++) {
        uint32_t offset = 8 * (uint32_t)rng_below(&f->rng, 8000), src = 16 + (uint32_t)rng_below(&f->rng, 5000);
        size_t n = 8 * (1 + rng_below(&f->rng, 180));

        if (i & 1)
            fragment_v6(f, src, (uint32_t)rng_u64(&f->rng), offset, true, n);
        else
            fragment(f, 0x0b000000 + src, (uint16_t)rng_u64(&f->rng), offset, true, n);
        expect_within_limit(f);
        if (i % 1000 == 0)
            field_run(f, WEFT_MS);
    }
    assert_true(ip_state(f->victim)->reassembly.held > LIMIT / 2); /* it was a flood */
    expect_work_below(f, 4000);
    field_run(f, 61 * WEFT_S);
    attack_drain(f);
    assert_int_equal(ip_state(f->victim)->reassembly.held, 0);
    field_end(f);
}

/* Half of an honest echo request. */
static void throw_half(struct field *f, uint32_t src, uint16_t id, bool second)
{
    uint8_t echo[64] = {ICMPV4_ECHO};

    poke_u16(echo + 2, csum(echo, sizeof echo));
    attack_datagram(f, (struct ipv4_header){.src = src, .dst = FRONT, .proto = IP_PROTO_ICMP, .id = id, .mf = !second,
                                            .frag_offset = second ? 32 : 0}, echo + (second ? 32 : 0), 32);
}

static bool is_answered(struct field *f, uint32_t src)
{
    static struct caught c;

    return attack_take(f, &c) && c.ip.dst == src && c.ip.total_len == IPV4_HEADER + 64;
}

#define FRIEND 0x0a420777u

struct wave {
    uint32_t count, sources;
    size_t n;     /* bytes of each fragment */
    uint32_t gap; /* fragments between two halves of a datagram of the bystander's */
};

/* One half now, the other one when the flood has gone on for a while. True: that was one. */
static bool echoes_slowly(struct field *f, uint32_t i, uint32_t gap, uint32_t *answered)
{
    bool second = i / gap % 2;

    if (i % gap)
        return false;
    attack_drain(f);
    throw_half(f, FRIEND, (uint16_t)(i / 2 / gap), second);
    *answered += second && is_answered(f, FRIEND);
    return second;
}

/* Of the bystander's datagrams in pieces at least 99 in a hundred come together all the while. */
static void flood(struct field *f, const struct wave *w)
{
    size_t before = field_memory(f);
    uint32_t asked = 0, answered = 0;

    for (uint32_t i = 0; i < w->count; i++) {
        fragment(f, 0x0b000000 + (uint32_t)rng_below(&f->rng, w->sources), (uint16_t)rng_u64(&f->rng),
                 8 * (uint32_t)rng_below(&f->rng, 8000), true, w->n);
        asked += echoes_slowly(f, i, w->gap, &answered);
        if (i % 1000 == 0) {
            field_run(f, WEFT_MS);
            attack_drain(f);
            expect_within_limit(f);
            assert_true(field_memory(f) <= before + LIMIT + (LIMIT >> 1)); /* and what slabs and tables keep */
        }
    }
    print_message("%u of %u datagrams of the bystander came together\n", answered, asked);
    assert_true(asked >= w->count / w->gap / 2);
    assert_true(answered * 100 >= asked * 99);
}

static void expect_reassembly(struct field *f)
{
    attack_drain(f);
    throw_half(f, ATTACKER, 4242, false);
    throw_half(f, ATTACKER, 4242, true);
    assert_true(is_answered(f, ATTACKER));
}

/* From three sources, who have a quarter each; or from more, as long as they have not used up all of it once more. */
static void floods_stay_within_the_limit(void **state)
{
    static const struct wave waves[] = {
        {200000, 1, 8, 30000}, {200000, 3, 64, 30000}, {200000, 16, 64, 3000}, {300000, 1 << 20, 8, 3000},
        {100000, 1 << 20, 1480, 1000}};
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(waves); i++)
        flood(f, &waves[i]);
    expect_work_below(f, 4000);
    expect_reassembly(f);
    field_run(f, 61 * WEFT_S); /* reassembly_time: all are forgotten */
    attack_drain(f);
    expect_reassembly(f);
    field_end(f);
}

/* One datagram in 8,190 pieces of eight bytes, backwards. */
static void one_datagram_has_a_bounded_number_of_fragments(void **state)
{
    struct field *f = field_new(NULL);
    size_t before = field_memory(f);

    for (uint32_t i = 8189; i > 0; i--)
        fragment(f, ATTACKER, 1, 8 * i, true, 8);
    assert_true(weft_drops(f->victim, WEFT_DROP_frag_too_many) > 0);
    assert_true(field_memory(f) <= before + (256 << 10));
    expect_work_below(f, 4000);
    field_run(f, WEFT_S);
    field_end(f);
}

/* Teardrop, bonk, boink, the ping of death: each pair (first, second) by offset, length and "more". */
static void impossible_fragments_are_dropped_by_name(void **state)
{
    static const struct {
        uint32_t first, first_len, second, second_len;
        bool more;
        enum weft_drop why;
    } pairs[] = {
        {0, 40, 24, 4, false, WEFT_DROP_frag_inconsistent},   /* teardrop */
        {0, 40, 32, 40, false, WEFT_DROP_frag_overlap},       /* bonk */
        {0, 40, 8, 8, true, WEFT_DROP_frag_overlap},          /* one within the other */
        {0, 40, 65528, 16, false, WEFT_DROP_frag_too_long},   /* ping of death */
        {0, 40, 40, 12, true, WEFT_DROP_frag_misaligned},
        {0, 40, 0, 40, true, WEFT_DROP_frag_duplicate},
        {0, 40, 48, 0, true, WEFT_DROP_frag_misaligned},
    };
    struct field *f = field_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        uint64_t before = weft_drops(f->victim, pairs[i].why);

        fragment(f, ATTACKER, (uint16_t)(100 + i), pairs[i].first, true, pairs[i].first_len);
        fragment(f, ATTACKER, (uint16_t)(100 + i), pairs[i].second, pairs[i].more, pairs[i].second_len);
        if (weft_drops(f->victim, pairs[i].why) == before)
            fail_msg("pair %zu was not dropped as %s", i, weft_drop_name(pairs[i].why));
    }
    expect_reassembly(f);
    field_run(f, WEFT_S);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floods_stay_within_the_limit),
        cmocka_unit_test(a_flood_of_both_families_has_one_limit),
        cmocka_unit_test(one_datagram_has_a_bounded_number_of_fragments),
        cmocka_unit_test(impossible_fragments_are_dropped_by_name),
    };

    return cmocka_run_group_tests_name("attack_fragments", tests, NULL, NULL);
}
