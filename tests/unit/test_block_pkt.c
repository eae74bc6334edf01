/* SPDX-License-Identifier: MIT */
/* Blocks and packets (src/core/block.c, pkt.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"
#include "wire/buf.h"

static int setup(void **state)
{
    *state = bench_open();
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

/* ---- blocks ---- */

static void block_new_has_room_for_what_was_asked(void **state)
{
    static const size_t sizes[] = {0, 1, BLOCK_SMALL, BLOCK_SMALL + 1, BLOCK_FRAME, BLOCK_FRAME + 1, BLOCK_MEDIUM,
                                   BLOCK_MEDIUM + 1, BLOCK_LARGE};
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct weft_block *block = block_new(&b->s->blocks, sizes[i]);

        assert_non_null(block);
        assert_true(block->size >= sizes[i]);
        assert_true(block->true_size >= block->size);
        assert_int_equal(block->refs, 1);
        assert_int_equal(block->used, 0);
        memset(block->data, 1, block->size);
        block_unref(block);
    }
}

static void block_goes_home_with_its_last_reference(void **state)
{
    struct core_bench *b = *state;
    size_t before = b->s->mem.live[MEM_block];
    struct weft_block *block = block_new(&b->s->blocks, 100);

    assert_int_equal(b->s->mem.live[MEM_block], before + block->true_size);
    block_ref(block);
    block_unref(block);
    assert_int_equal(b->s->mem.live[MEM_block], before + block->true_size);
    block_unref(block);
    assert_int_equal(b->s->mem.live[MEM_block], before);
}

static void count_release(struct weft_block *block, void *ctx)
{
    (void)block;
    ++*(int *)ctx;
}

static void block_of_a_driver_is_released_by_its_hook(void **state)
{
    uint8_t memory[10];
    int released = 0;
    struct weft_block block = {
        .release = count_release, .ctx = &released, .refs = 2, .size = 10, .used = 10, .data = memory};

    (void)state;
    block_unref(&block);
    assert_int_equal(released, 0);
    block_unref(&block);
    assert_int_equal(released, 1);
}

/* ---- the linear run ---- */

static void pkt_new_is_empty_with_headroom(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new(b->s);

    assert_int_equal(pkt_total(p), 0);
    assert_int_equal(pkt_headroom(p), PKT_HEADROOM);
    pkt_release(p);
}

static void pkt_new_linear_uses_its_own_room_while_that_suffices(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *small = pkt_new_linear(b->s, 56, PKT_ROOM - 56), *large = pkt_new_linear(b->s, 56, PKT_ROOM - 55);

    assert_null(small->block);
    assert_non_null(large->block);
    assert_int_equal(pkt_headroom(small), 56);
    assert_int_equal(pkt_headroom(large), 56);
    assert_int_equal(small->len, PKT_ROOM - 56);
    assert_int_equal(large->len, PKT_ROOM - 55);
    memset(small->data, 1, small->len);
    memset(large->data, 1, large->len);
    pkt_release(small);
    pkt_release(large);
}

static void pkt_new_linear_takes_a_whole_super_segment_and_no_more(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new_linear(b->s, 0, BLOCK_LARGE);

    assert_non_null(p);
    pkt_release(p);
    assert_null(pkt_new_linear(b->s, 1, BLOCK_LARGE));
    assert_null(weft_pkt_new(b->s, 1 << 20));
}

static void pkt_push_and_pull_move_the_front(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new(b->s);
    uint8_t *at = p->data;

    assert_ptr_equal(pkt_push(p, 20), at - 20);
    assert_int_equal(p->len, 20);
    pkt_pull(p, 14);
    assert_ptr_equal(p->data, at - 6);
    assert_int_equal(p->len, 6);
    pkt_release(p);
}

static void pkt_set_len_stays_within_the_room(void **state)
{
    struct core_bench *b = *state;
    weft_pkt *p = weft_pkt_new(b->s, 2000);

    weft_pkt_set_len(p, 60);
    assert_int_equal(weft_pkt_len(p), 60);
    weft_pkt_set_len(p, 1 << 20);
    assert_int_equal(weft_pkt_len(p), p->cap);
    weft_pkt_release(p);
}

/* ---- spans, against a flat copy ---- */

struct model {
    struct weft_pkt *p;
    uint32_t n;
    uint8_t bytes[8192];
};

/* A packet with a random linear run and 0 to PKT_SPANS random spans, and the same bytes in one run. */
static void model_make(struct core_bench *b, struct rng *r, struct model *m)
{
    unsigned spans = (unsigned)rng_below(r, PKT_SPANS + 1);
    uint32_t linear = (uint32_t)rng_below(r, 300);

    m->p = pkt_new_linear(b->s, rng_below(r, 50), linear);
    for (uint32_t i = 0; i < linear; i++)
        m->bytes[i] = m->p->data[i] = (uint8_t)rng_u64(r);
    m->n = linear;
    for (unsigned i = 0; i < spans; i++) {
        struct weft_block *block = block_new(&b->s->blocks, 600);
        uint32_t at = (uint32_t)rng_below(r, 50), len = 1 + (uint32_t)rng_below(r, 500);

        for (uint32_t k = 0; k < len; k++)
            m->bytes[m->n++] = block->data[at + k] = (uint8_t)rng_u64(r);
        assert_true(pkt_add_span(m->p, block, block->data + at, len));
        block_unref(block);
    }
    assert_int_equal(pkt_total(m->p), m->n);
}

static void model_matches(const struct model *m)
{
    uint8_t bytes[8192];

    assert_int_equal(pkt_total(m->p), m->n);
    assert_int_equal(pkt_copy(m->p, 0, bytes, sizeof bytes), m->n);
    assert_memory_equal(bytes, m->bytes, m->n);
}

static void pkt_copy_and_slices_and_sums_agree_with_the_flat_bytes(void **state)
{
    struct core_bench *b = *state;
    struct rng r;
    struct model m;

    rng_seed(&r, 1);
    for (unsigned round = 0; round < 300; round++) {
        struct csum flat = {0}, sliced = {0};
        struct span piece[PKT_SPANS + 1];
        uint32_t offset, len, at = 0;
        unsigned n;

        model_make(b, &r, &m);
        model_matches(&m);
        offset = (uint32_t)rng_below(&r, m.n + 1u);
        len = (uint32_t)rng_below(&r, m.n - offset + 1u);
        n = pkt_slices(m.p, offset, len, piece);
        for (unsigned i = 0; i < n; i++) {
            assert_true(piece[i].len > 0);
            assert_memory_equal(piece[i].data, m.bytes + offset + at, piece[i].len);
            at += piece[i].len;
        }
        assert_int_equal(at, len);
        csum_add(&flat, m.bytes + offset, len);
        pkt_csum(m.p, offset, len, &sliced);
        assert_int_equal(csum_fold(&sliced), csum_fold(&flat));
        pkt_release(m.p);
    }
}

static void pkt_trim_keeps_the_front(void **state)
{
    struct core_bench *b = *state;
    struct rng r;
    struct model m;

    rng_seed(&r, 2);
    for (unsigned round = 0; round < 300; round++) {
        model_make(b, &r, &m);
        while (m.n > 0) {
            m.n = (uint32_t)rng_below(&r, m.n);
            pkt_trim(m.p, m.n);
            model_matches(&m);
        }
        assert_int_equal(m.p->n_spans, 0); /* an empty span would keep its block */
        pkt_release(m.p);
    }
}

static void pkt_slices_beyond_the_end_are_none(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new_linear(b->s, 0, 10);
    struct span piece[PKT_SPANS + 1];
    uint8_t byte;

    assert_int_equal(pkt_slices(p, 10, 5, piece), 0);
    assert_int_equal(pkt_slices(p, 8, 5, piece), 1);
    assert_int_equal(piece[0].len, 2);
    assert_int_equal(weft_pkt_copy(p, 10, &byte, 1), 0);
    assert_int_equal(weft_pkt_copy(p, SIZE_MAX, &byte, 1), 0);
    pkt_release(p);
}

static void pkt_add_span_refuses_one_too_many(void **state)
{
    struct core_bench *b = *state;
    struct weft_block *block = block_new(&b->s->blocks, 100);
    struct weft_pkt *p = pkt_new(b->s);
    struct weft_iov iov[WEFT_PKT_PIECES];

    for (unsigned i = 0; i < PKT_SPANS; i++)
        assert_true(pkt_add_span(p, block, block->data + i, 1));
    assert_false(pkt_add_span(p, block, block->data, 1));
    assert_int_equal(block->refs, 1 + PKT_SPANS);
    assert_int_equal(weft_pkt_pieces(p, iov), PKT_SPANS); /* an empty linear run is no piece */
    assert_int_equal(pkt_true_size(p), p->true_size + PKT_SPANS * block->true_size);
    pkt_release(p);
    assert_int_equal(block->refs, 1);
    block_unref(block);
}

/* ---- twins ---- */

static void pkt_duplicate_is_one_run_of_the_same_bytes(void **state)
{
    struct core_bench *b = *state;
    struct rng r;
    struct model m;

    rng_seed(&r, 3);
    for (unsigned round = 0; round < 100; round++) {
        struct weft_pkt *copy;

        model_make(b, &r, &m);
        m.p->gso_size = 7;
        copy = pkt_duplicate(m.p, b->s);
        assert_int_equal(copy->n_spans, 0);
        assert_int_equal(copy->len, m.n);
        assert_memory_equal(copy->data, m.bytes, m.n);
        assert_false(copy->csum_valid);
        assert_int_equal(copy->gso_size, 7);
        pkt_release(copy);
        pkt_release(m.p);
    }
}

static void a_sum_taken_on_the_way_in_is_the_sum_of_the_bytes(void **state)
{
    struct core_bench *b = *state;
    struct rng r;
    struct model m;

    rng_seed(&r, 5);
    for (unsigned round = 0; round < 400; round++) {
        struct csum read = {0}, known = {0};
        struct weft_pkt *copy;

        model_make(b, &r, &m);
        copy = pkt_duplicate(m.p, b->s);
        pkt_pull(copy, rng_below(&r, min_u32(copy->len, 60) + 1));
        if (round % 4 == 0) /* padding */
            pkt_trim(copy, (uint32_t)rng_below(&r, copy->len + 1));
        csum_add_u16(&read, 0x1234); /* a pseudo-header */
        csum_add_u16(&known, 0x1234);
        pkt_csum(copy, 0, copy->len, &read);
        pkt_csum_received(copy, &known);
        assert_int_equal(csum_fold(&known), csum_fold(&read));
        pkt_release(copy);
        pkt_release(m.p);
    }
}

/* Neither what it is of, nor what was put in front or behind. */
static void a_sum_taken_on_the_way_in_is_of_nothing_else(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new_linear(b->s, 0, 1000), *copy;
    struct csum sums[3] = {0};

    memset(p->data, 1, 1000);
    copy = pkt_duplicate(p, b->s);
    pkt_pull(copy, 20);
    pkt_csum_received(copy, &sums[0]);
    memset(copy->data + 500, 2, 100); /* not read again */
    pkt_csum_received(copy, &sums[1]);
    assert_int_equal(csum_fold(&sums[1]), csum_fold(&sums[0]));
    pkt_trim(copy, 900);
    pkt_csum_received(copy, &sums[2]);
    assert_int_equal(csum_fold(&sums[2]), csum(copy->data, 900));
    pkt_release(copy);
    pkt_release(p);
}

static void pkt_duplicate_fills_in_the_checksum_that_was_left_to_the_link(void **state)
{
    struct core_bench *b = *state;
    struct rng r;
    struct model m;

    rng_seed(&r, 4);
    for (unsigned round = 0; round < 200; round++) {
        struct weft_pkt *copy;
        uint32_t start;

        model_make(b, &r, &m);
        if (m.p->len < 60) {
            pkt_release(m.p);
            continue;
        }
        start = (uint32_t)rng_below(&r, 40);
        m.p->csum_partial = true;
        m.p->csum_start = (uint16_t)(pkt_headroom(m.p) + start);
        m.p->csum_offset = (uint16_t)(2 * rng_below(&r, 9));
        copy = pkt_duplicate(m.p, b->s);
        assert_false(copy->csum_partial);
        assert_false(copy->csum_valid); /* the receiver checks it as any other */
        /* The field held the start value (a pseudo-header's sum); with the sum in its place all adds up to it. */
        {
            uint16_t was = peek_u16(m.bytes + start + m.p->csum_offset);
            struct csum whole = {0};

            csum_add(&whole, copy->data + start, copy->len - start);
            csum_add_u16(&whole, was);
            assert_int_equal(csum_fold(&whole), 0);
        }
        pkt_release(copy);
        pkt_release(m.p);
    }
}

static void checksum_of_zero_is_sent_as_all_ones(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new_linear(b->s, 0, 8), *copy;

    memcpy(p->data, (uint8_t[]){0xff, 0xff, 0, 0, 0, 0, 0, 0}, 8);
    p->csum_partial = true;
    p->csum_offset = 6;
    copy = pkt_duplicate(p, b->s);
    assert_int_equal(peek_u16(copy->data + 6), 0xffff);
    pkt_finish_csum(p);
    assert_int_equal(peek_u16(p->data + 6), 0xffff);
    assert_false(p->csum_partial);
    pkt_release(copy);
    pkt_release(p);
}

static void pkt_move_shares_spans_with_the_other_stack(void **state)
{
    struct core_bench *b = *state, *other = bench_open();
    struct weft_block *block = block_new(&b->s->blocks, 1000);
    struct weft_pkt *p = pkt_new(b->s), *moved;
    size_t packets = b->s->mem.live[MEM_packet];

    memset(pkt_push(p, 54), 0x11, 54);
    memset(block->data, 0x22, 1000);
    pkt_add_span(p, block, block->data, 1000);
    p->csum_partial = true;
    p->csum_start = (uint16_t)(pkt_headroom(p) + 34);
    p->csum_offset = 16;
    p->gso_size = 100;
    moved = weft_pkt_move(p, other->s);
    assert_true(b->s->mem.live[MEM_packet] < packets);
    assert_ptr_equal(moved->stack, other->s);
    assert_ptr_equal(moved->span[0].data, block->data);
    assert_int_equal(block->refs, 2);
    assert_int_equal(weft_pkt_len(moved), 1054);
    assert_true(moved->csum_valid);
    assert_true(moved->csum_partial); /* it may go on to where it must be finished */
    assert_int_equal(moved->csum_start - pkt_headroom(moved), 34);
    assert_int_equal(moved->csum_offset, 16);
    assert_int_equal(moved->gso_size, 100);
    weft_pkt_release(moved);
    assert_int_equal(block->refs, 1);
    block_unref(block);
    bench_close(other);
}

static void lack_of_memory_leaves_nothing_behind(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new_linear(b->s, 0, 100);

    for (size_t nth = 1; nth <= 2; nth++) { /* the packet, then its block */
        size_t live = b->s->mem.live[MEM_packet] + b->s->mem.live[MEM_block];

        harness_env_fail_nth(&b->e, nth);
        assert_null(pkt_new_linear(b->s, 0, 1000));
        assert_int_equal(b->s->mem.live[MEM_packet] + b->s->mem.live[MEM_block], live);
    }
    harness_env_fail_nth(&b->e, 1);
    assert_null(pkt_new(b->s));
    harness_env_fail_nth(&b->e, 1);
    assert_null(pkt_duplicate(p, b->s));
    harness_env_fail_nth(&b->e, 1);
    assert_null(weft_pkt_move(p, b->s)); /* takes p also then */
}

/* ---- what the link does for us ---- */

static void offload_is_told_by_offsets_from_the_first_byte(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = pkt_new(b->s);
    struct weft_pkt_offload o;

    p->data[12] = 0x80; /* a TCP header of 32 bytes */
    p->len = 32;
    p->l4 = (uint16_t)pkt_headroom(p);
    p->csum_partial = true;
    p->csum_start = p->l4;
    p->csum_offset = 16;
    p->gso_size = 1448;
    pkt_push(p, 34);
    weft_pkt_get_offload(p, &o);
    assert_true(o.csum_partial);
    assert_int_equal(o.csum_start, 34);
    assert_int_equal(o.csum_offset, 16);
    assert_int_equal(o.gso_size, 1448);
    assert_int_equal(o.header_len, 66);
    pkt_release(p);
}

static void received_packet_without_a_sum_yet_counts_as_right(void **state)
{
    struct core_bench *b = *state;
    weft_pkt *p = weft_pkt_new(b->s, 100);

    weft_pkt_set_offload(p, &(struct weft_pkt_offload){.csum_partial = true, .csum_start = 34, .csum_offset = 16});
    assert_true(p->csum_valid);
    weft_pkt_set_offload(p, &(struct weft_pkt_offload){.csum_valid = true});
    assert_true(p->csum_valid);
    weft_pkt_set_offload(p, &(struct weft_pkt_offload){0});
    assert_false(p->csum_valid);
    weft_pkt_release(p);
}

/* ---- queues and drops ---- */

static void queue_is_first_in_first_out(void **state)
{
    struct core_bench *b = *state;
    struct pkt_queue q = {0};
    struct weft_pkt *p[3];

    for (unsigned i = 0; i < 3; i++)
        pkt_queue_push(&q, p[i] = pkt_new(b->s));
    assert_int_equal(q.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(pkt_queue_pop(&q), p[i]);
        pkt_release(p[i]);
    }
    assert_null(pkt_queue_pop(&q));
    pkt_queue_push(&q, pkt_new(b->s));
    pkt_queue_clear(&q, WEFT_DROP_if_down);
    assert_int_equal(q.count, 0);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_if_down), 1);
}

static void drop_is_counted_and_told(void **state)
{
    struct core_bench *b = bench_new();
    struct weft_pkt *p;

    (void)state;
    harness_env_record(&b->e);
    bench_open_with(b, &bench_assembly);
    p = pkt_new(b->s);
    p->ifp = b->s->loopback;
    pkt_drop(p, WEFT_DROP_ip_checksum);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_ip_checksum), 1);
    assert_int_equal(b->s->loopback->rx_drops, 1);
    assert_int_equal(harness_env_drops(&b->e, WEFT_DROP_ip_checksum), 1);
    assert_int_equal(b->e.event[0].at, b->now);
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(block_new_has_room_for_what_was_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(block_goes_home_with_its_last_reference, setup, teardown),
        cmocka_unit_test(block_of_a_driver_is_released_by_its_hook),
        cmocka_unit_test_setup_teardown(pkt_new_is_empty_with_headroom, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_new_linear_uses_its_own_room_while_that_suffices, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_new_linear_takes_a_whole_super_segment_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_push_and_pull_move_the_front, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_set_len_stays_within_the_room, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_copy_and_slices_and_sums_agree_with_the_flat_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_trim_keeps_the_front, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_slices_beyond_the_end_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_add_span_refuses_one_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_duplicate_is_one_run_of_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sum_taken_on_the_way_in_is_the_sum_of_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sum_taken_on_the_way_in_is_of_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_duplicate_fills_in_the_checksum_that_was_left_to_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(checksum_of_zero_is_sent_as_all_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(pkt_move_shares_spans_with_the_other_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(lack_of_memory_leaves_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(offload_is_told_by_offsets_from_the_first_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(received_packet_without_a_sum_yet_counts_as_right, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_is_first_in_first_out, setup, teardown),
        cmocka_unit_test(drop_is_counted_and_told),
    };

    return cmocka_run_group_tests_name("block_pkt", tests, NULL, NULL);
}
