/* SPDX-License-Identifier: MIT */
/* The sums that a block keeps (src/core/blocksum.c): single claims, then a stream of copies and questions. */
#include "core/blocksum.h"
#include "room.h"

#define MSS 1448

static struct weft_block *block(struct room *r, size_t n)
{
    struct weft_block *b = block_new(&r->pool, n);

    assert_non_null(b);
    blocksum_keep(b);
    return b;
}

/* Copies n bytes of the pattern behind the last; granule 0: without a sum. */
static void copy(struct weft_block *b, uint32_t n, uint16_t granule, uint32_t lead)
{
    static uint8_t bytes[BLOCK_LARGE];

    pattern_fill(bytes, n, b->used, 0);
    if (granule)
        blocksum_copy(b, bytes, n, granule, lead);
    else
        memcpy(b->data + b->used, bytes, n);
    b->used += n;
}

/* Is the sum of [from, from + len) known? Then it is right, behind an even and behind an odd number of bytes. */
static bool is_known(struct weft_block *b, uint32_t from, uint32_t len)
{
    struct span s = {b, b->data + from, len};
    bool known = false;

    for (uint32_t before = 0; before < 2; before++) {
        struct csum kept = {0}, anew = {0};

        csum_add(&kept, "x", before);
        csum_add(&anew, "x", before);
        csum_add(&anew, s.data, len);
        known = blocksum_add(&s, &kept);
        csum_add(&anew, "end", 3);
        csum_add(&kept, "end", 3);
        if (known)
            assert_int_equal(csum_fold(&kept), csum_fold(&anew));
    }
    for (uint32_t i = 0; i < len; i++) /* the copy is right, too */
        assert_int_equal(s.data[i], pattern_byte(from + i, 0));
    return known;
}

static void end(struct room *r, struct weft_block *b)
{
    block_unref(b);
    room_check(r);
}

static void the_sum_of_whole_granules_is_known(void **state)
{
    static const uint16_t granules[] = {1448, 1447, 1031, 8948, 9};
    struct room r;

    for (unsigned i = 0; i < ARRAY_LEN(granules); i++) {
        uint16_t g = granules[i];
        struct weft_block *b = (room_init(&r, 1), block(&r, BLOCK_MEDIUM));
        uint32_t whole = min_u32(b->size / g, BLOCKSUM_PLACES);

        copy(b, b->size, g, g);
        for (uint32_t from = 0; from < whole; from++) {
            assert_true(is_known(b, from * g, g));
            assert_true(is_known(b, from * g, (whole - from) * g));
            assert_false(is_known(b, from * g, g - 1));
            assert_false(is_known(b, from * g + 1, g));
        }
        end(&r, b);
    }
}

static void what_stands_before_the_first_place_and_behind_the_last_is_known(void **state)
{
    struct room r;
    struct weft_block *b = (room_init(&r, 1), block(&r, BLOCK_LARGE));

    copy(b, 5000, MSS, 777);
    assert_true(is_known(b, 0, 777));
    assert_true(is_known(b, 777, MSS));
    assert_true(is_known(b, 777 + 2 * MSS, 5000 - 777 - 2 * MSS));
    assert_true(is_known(b, 0, 5000));
    end(&r, b);
}

static void a_granule_may_be_copied_in_bytes(void **state)
{
    struct room r;
    struct weft_block *b = (room_init(&r, 1), block(&r, BLOCK_LARGE));

    for (uint32_t i = 0; i < 3 * MSS; i++)
        copy(b, 1, MSS, MSS - i % MSS);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(is_known(b, i * MSS, MSS));
    end(&r, b);
}

static void what_nobody_summed_is_not_known_and_what_comes_after_it_is(void **state)
{
    struct room r;
    struct weft_block *b = (room_init(&r, 1), block(&r, BLOCK_LARGE));

    copy(b, MSS, MSS, MSS);
    copy(b, 101, 0, 0);
    assert_true(is_known(b, 0, MSS)); /* so far */
    assert_false(is_known(b, MSS, 101));
    assert_false(is_known(b, 0, MSS + 101));
    copy(b, 2 * MSS, MSS, MSS);
    assert_true(is_known(b, MSS + 101, MSS)); /* at an odd offset */
    assert_true(is_known(b, MSS + 101 + MSS, MSS));
    assert_false(is_known(b, 0, MSS));
    end(&r, b);
}

static void other_places_begin_anew(void **state)
{
    struct room r;
    struct weft_block *b = (room_init(&r, 1), block(&r, BLOCK_LARGE));

    copy(b, 2 * MSS + 301, MSS, MSS);
    copy(b, 3 * MSS, MSS, MSS); /* the 301 bytes went by themselves */
    assert_true(is_known(b, 2 * MSS + 301, MSS));
    copy(b, 3000, 1000, 1000); /* another MSS */
    assert_true(is_known(b, 5 * MSS + 301, 1000));
    assert_false(is_known(b, 2 * MSS + 301, MSS));
    end(&r, b);
}

static void a_block_that_keeps_none_has_all_its_room(void **state)
{
    struct weft_block *b;
    struct room r;

    room_init(&r, 1);
    b = block_new(&r.pool, BLOCK_LARGE);
    assert_int_equal(b->size, BLOCK_LARGE);
    assert_null(b->sums);
    end(&r, b);
}

/* As a connection does it, with changes of the MSS and holes. */
static void what_is_known_is_right(void **state)
{
    static const uint16_t granules[] = {1448, 1447, 1460, 536, 1, 7};
    uint32_t known = 0, unknown = 0, beyond = 0;
    uint16_t granule = MSS;
    struct weft_block *b;
    struct room r;

    room_init(&r, 7);
    b = block(&r, BLOCK_LARGE);
    for (unsigned op = thinned(100000); op; op--) {
        uint32_t n = 1 + room_below(&r, rng_chance(&r.rng, 300000) ? 20 : 6000), at;

        if (rng_chance(&r.rng, 50000))
            granule = granules[room_below(&r, ARRAY_LEN(granules))];
        if (rng_chance(&r.rng, 50000))
            beyond = room_below(&r, 5000);
        if (n > b->size - b->used) {
            block_unref(b);
            b = block(&r, rng_chance(&r.rng, 500000) ? BLOCK_LARGE : BLOCK_MEDIUM);
            continue;
        }
        copy(b, n, rng_chance(&r.rng, 30000) ? 0 : granule, granule - beyond % granule);
        beyond += n;
        at = b->used - min_u32(b->used, beyond % granule + granule * room_below(&r, 10));
        n = rng_chance(&r.rng, 800000) ? granule * (1 + room_below(&r, 3)) : room_below(&r, 3000);
        if (is_known(b, at, min_u32(n, b->used - at)))
            known++;
        else
            unknown++;
    }
    assert_true(known > unknown / 2 && unknown > known / 10);
    end(&r, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_of_whole_granules_is_known),
        cmocka_unit_test(what_stands_before_the_first_place_and_behind_the_last_is_known),
        cmocka_unit_test(a_granule_may_be_copied_in_bytes),
        cmocka_unit_test(what_nobody_summed_is_not_known_and_what_comes_after_it_is),
        cmocka_unit_test(other_places_begin_anew),
        cmocka_unit_test(a_block_that_keeps_none_has_all_its_room),
        cmocka_unit_test(what_is_known_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
