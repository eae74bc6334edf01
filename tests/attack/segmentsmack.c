/* SPDX-License-Identifier: MIT */
/*
 * SegmentSmack (CVE-2018-5390): an established peer sends single bytes with holes between them, never the first one, in
 * whatever order is dearest. What is kept is bounded in ranges and in bytes, the work for each is bounded, and when the
 * hole at the front is filled the connection goes on.
 */
#include "field.h"

#define BYTES 30000 /* places in the window that are hit, every other one */
#define ROUNDS 2    /* each order, again and again */

/* The i-th of BYTES places in each order; always odd, so that no two touch. */
static uint32_t ascending(struct field *f, uint32_t i) { return 2 * i + 1; }
static uint32_t descending(struct field *f, uint32_t i) { return 2 * (BYTES - i) - 1; }
static uint32_t at_random(struct field *f, uint32_t i) { return 2 * (uint32_t)rng_below(&f->rng, BYTES) + 1; }
static uint32_t from_both_ends(struct field *f, uint32_t i) { return i % 2 ? ascending(f, i / 2) : descending(f, i / 2); }
static uint32_t from_the_middle(struct field *f, uint32_t i)
{
    return i % 2 ? ascending(f, BYTES / 2 - i / 2 - 1) : ascending(f, BYTES / 2 + i / 2);
}
static uint32_t by_halves(struct field *f, uint32_t i)
{
    uint32_t v = 0;

    for (int bit = 0; bit < 15; bit++)
        v |= (i >> bit & 1) << (14 - bit);
    return 2 * (v % BYTES) + 1;
}
static uint32_t in_strides(struct field *f, uint32_t i) { return 2 * ((i * 97) % BYTES) + 1; }
static uint32_t at_one_place(struct field *f, uint32_t i) { return 2 * (i % 3) + 1; }

typedef uint32_t (*order)(struct field *f, uint32_t i);

static void smack(struct field *f, const struct mallory *m, order at)
{
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < BYTES; i++) {
            mallory_send(f, m, SEGMENT(.seq = m->seq + at(f, i), .text = "!", .len = 1));
            if (i % 1000 == 0) {
                field_run(f, WEFT_MS);
                attack_drain(f);
            }
        }
}

/* The text in order, after all: it comes through. */
static void fill_the_hole(struct field *f, const struct mallory *m)
{
    static const uint8_t text[1000];
    uint8_t got[1000];
    uint32_t read = 0;
    int64_t n;

    for (uint32_t at = 0; at < 10; at++) {
        mallory_send(f, m, SEGMENT(.seq = m->seq + at * 1000, .text = text, .len = 1000));
        while ((n = weft_recv(m->sock, got, sizeof got, 0)) > 0)
            read += (uint32_t)n;
    }
    assert_true(read >= 10000);
}

static void each_order_is_bounded_and_ends_well(void **state)
{
    static const order orders[] = {ascending,       descending, at_random,  from_both_ends,
                                   from_the_middle, by_halves,  in_strides, at_one_place};

    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct field *f = field_new(NULL);
        struct mallory m = mallory_connect(f, 5000, 1460, true, 7);
        size_t before = field_memory(f);

        smack(f, &m, orders[i]);
        assert_true(field_memory(f) <= before + (256 << 10)); /* the receive buffer, at true size, and slabs */
        expect_work_below(f, 1600);
        fill_the_hole(f, &m);
        weft_close(m.sock);
        field_run(f, WEFT_S);
        field_end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_order_is_bounded_and_ends_well),
    };

    return cmocka_run_group_tests_name("attack_segmentsmack", tests, NULL, NULL);
}
