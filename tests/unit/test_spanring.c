/* SPDX-License-Identifier: MIT */
/* The ring of spans (src/tcp/spanring.c): single claims, then streams of operations against plain arrays of bytes. */
#include "room.h"
#include "tcp/spanring.h"

static uint32_t ring_bytes(struct spanring *r)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->count; i++)
        n += spanring_at(r, i)->len;
    return n;
}

/* Stores [at, at + len) of the pattern as one piece behind `headroom`, and lets go of the block. */
static uint32_t store(struct room *r, struct spanring *ring, uint32_t headroom, uint32_t len, uint32_t at)
{
    struct span piece = room_piece(r, headroom, len, at, 0);
    size_t pinned = 0;
    uint32_t n = spanring_store(ring, r->mem, &r->pool, &piece, &pinned);

    block_unref(piece.block);
    return n;
}

static uint32_t copy_in(struct room *r, struct spanring *ring, uint32_t len, uint32_t at)
{
    static uint8_t bytes[300000];
    size_t pinned = 0;

    pattern_fill(bytes, len, at, 0);
    return spanring_copy_in(ring, r->mem, &r->pool, bytes, len, len, &pinned);
}

static void assert_holds(struct spanring *ring, uint32_t at, uint32_t len)
{
    uint32_t seen = 0;

    assert_int_equal(ring_bytes(ring), len);
    for (uint32_t i = 0; i < ring->count; i++)
        for (uint32_t k = 0; k < spanring_at(ring, i)->len; k++)
            assert_int_equal(spanring_at(ring, i)->data[k], pattern_byte(at + seen++, 0));
}

static void the_first_spans_need_no_memory(void **state)
{
    struct spanring ring;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    for (uint32_t i = 0; i < SPANRING_SMALL; i++)
        store(&r, &ring, 0, 400, 400 * i);
    assert_int_equal(ring.count, SPANRING_SMALL);
    assert_int_equal(r.mem->live[MEM_queue], 0);
    store(&r, &ring, 0, 400, 400 * SPANRING_SMALL);
    assert_true(r.mem->live[MEM_queue] > 0);
    assert_holds(&ring, 0, 400 * (SPANRING_SMALL + 1));
    spanring_clear(&ring, r.mem);
    room_check(&r);
}

static void an_empty_ring_owns_no_heap(void **state)
{
    struct spanring ring;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    for (uint32_t i = 0; i < 100; i++)
        store(&r, &ring, 0, 400, 400 * i);
    spanring_consume(&ring, r.mem, 39999);
    assert_true(r.mem->live[MEM_queue] > 0);
    spanring_consume(&ring, r.mem, 1);
    assert_int_equal(r.mem->live[MEM_queue], 0);
    assert_int_equal(ring.count, 0);
    room_check(&r);
}

static void clearing_drops_every_reference(void **state)
{
    struct span piece;
    struct spanring ring;
    size_t pinned = 0;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    piece = room_piece(&r, 0, 400, 0, 0);
    for (unsigned i = 0; i < 50; i++)
        spanring_store(&ring, r.mem, &r.pool, &piece, &pinned);
    assert_int_equal(piece.block->refs, 51);
    spanring_clear(&ring, r.mem);
    assert_int_equal(piece.block->refs, 1);
    spanring_clear(&ring, r.mem);
    block_unref(piece.block);
    room_check(&r);
}

/* What it pins is at most four times what it carries. */
static void a_piece_is_kept_by_reference_from_a_quarter_of_its_block_on(void **state)
{
    static const struct {
        uint32_t headroom, len;
        bool kept;
    } rows[] = {
        {0, 448, true},     {0, 112, true},       {0, 111, false},      {100, 112, true},     {100, 496, true},
        {600, 495, false},  {600, 496, true},     {54, 1460, true},     {2000, 4080, true},   {2000, 4079, false},
        {54, 64000, true},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct spanring ring;
        struct span piece;
        size_t pinned = 0;
        struct room r;

        room_init(&r, 1);
        spanring_init(&ring);
        piece = room_piece(&r, rows[i].headroom, rows[i].len, 0, 0);
        assert_int_equal(spanring_store(&ring, r.mem, &r.pool, &piece, &pinned), rows[i].len);
        assert_int_equal(spanring_at(&ring, 0)->block == piece.block, rows[i].kept);
        assert_int_equal(pinned, spanring_at(&ring, 0)->block->true_size);
        block_unref(piece.block);
        assert_holds(&ring, 0, rows[i].len);
        spanring_clear(&ring, r.mem);
        room_check(&r);
    }
}

/* Up to the limit it is kept by reference, and what would pin a byte more is copied. */
static void a_piece_is_kept_by_reference_up_to_what_may_be_pinned(void **state)
{
    for (uint32_t missing = 0; missing <= 1; missing++) {
        struct spanring ring;
        struct span piece;
        size_t pinned = 0;
        struct room r;

        room_init(&r, 1);
        spanring_init(&ring);
        piece = room_piece(&r, 0, 1000, 0, 0);
        ring.pin_limit = piece.block->true_size - missing;
        assert_int_equal(spanring_store(&ring, r.mem, &r.pool, &piece, &pinned), 1000);
        assert_int_equal(spanring_at(&ring, 0)->block == piece.block, missing == 0);
        block_unref(piece.block);
        spanring_clear(&ring, r.mem);
        room_check(&r);
    }
}

static void pieces_that_follow_each_other_in_memory_are_one_span(void **state)
{
    struct spanring ring;
    struct span piece;
    size_t pinned = 0;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    piece = room_piece(&r, 0, 1900, 0, 0);
    piece.len = 500;
    for (unsigned i = 0; i < 3; i++, piece.data += 500)
        assert_int_equal(spanring_store(&ring, r.mem, &r.pool, &piece, &pinned), 500);
    assert_int_equal(ring.count, 1);
    assert_int_equal(piece.block->refs, 2);
    assert_int_equal(pinned, piece.block->true_size); /* pinned once */
    block_unref(piece.block);
    assert_holds(&ring, 0, 1500);
    spanring_clear(&ring, r.mem);
    room_check(&r);
}

static void small_pieces_are_copied_together(void **state)
{
    struct spanring ring;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    for (uint32_t i = 0; i < 400; i++)
        assert_int_equal(store(&r, &ring, 200, 1, i), 1);
    assert_int_equal(ring.count, 1);
    assert_holds(&ring, 0, 400);
    spanring_clear(&ring, r.mem);
    room_check(&r);
}

/* Somebody else may be growing it. */
static void only_its_maker_appends_to_a_block_that_others_hold(void **state)
{
    for (unsigned maker = 0; maker < 2; maker++)
        for (unsigned shared = 0; shared < 2; shared++) {
            struct weft_block *b;
            struct spanring ring;
            struct room r;

            room_init(&r, 1);
            spanring_init(&ring);
            if (maker)
                ring.maker = true;
            copy_in(&r, &ring, 100, 0);
            b = spanring_at(&ring, 0)->block;
            if (shared)
                block_ref(b);
            copy_in(&r, &ring, 100, 100);
            assert_int_equal(ring.count, maker || !shared ? 1 : 2);
            assert_int_equal(b->used, maker || !shared ? 200 : 100);
            assert_holds(&ring, 0, 200);
            if (shared)
                block_unref(b);
            spanring_clear(&ring, r.mem);
            assert_int_equal(ring.maker, maker);
            room_check(&r);
        }
}

static void nobody_appends_to_a_block_of_another_pool(void **state)
{
    struct block_pool other;
    struct spanring ring;
    struct weft_block *b;
    struct room r;

    room_init(&r, 1);
    block_pool_init(&other, r.mem);
    spanring_init(&ring);
    b = block_new(&other, 448);
    pattern_fill(b->data, 200, 0, 0);
    b->used = 200;
    assert_true(spanring_reserve(&ring, r.mem, 1));
    spanring_push(&ring, (struct span){b, b->data, 200});
    copy_in(&r, &ring, 100, 200);
    assert_int_equal(b->used, 200);
    assert_holds(&ring, 0, 300);
    spanring_clear(&ring, r.mem);
    block_pool_fini(&other);
    room_check(&r);
}

/* A span whose block has grown behind it, or that was cut short, must not have its neighbour's bytes overwritten. */
static void only_behind_its_last_byte_is_a_block_appended_to(void **state)
{
    struct spanring ring;
    struct span piece;
    size_t pinned = 0;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    piece = room_piece(&r, 0, 400, 0, 0);
    piece.len = 300;
    spanring_store(&ring, r.mem, &r.pool, &piece, &pinned);
    copy_in(&r, &ring, 10, 300);
    for (uint32_t i = 0; i < 400; i++)
        assert_int_equal(piece.block->data[i], pattern_byte(i, 0));
    assert_holds(&ring, 0, 310);
    block_unref(piece.block);
    copy_in(&r, &ring, 10, 310);
    assert_holds(&ring, 0, 320);
    spanring_clear(&ring, r.mem);
    room_check(&r);
}

static void a_long_copy_fills_blocks_one_after_the_other(void **state)
{
    struct spanring ring;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    assert_int_equal(copy_in(&r, &ring, 300000, 0), 300000);
    assert_int_equal(ring.count, (300000 + BLOCK_LARGE - 1) / BLOCK_LARGE);
    assert_holds(&ring, 0, 300000);
    spanring_clear(&ring, r.mem);
    room_check(&r);
}

static void a_new_block_holds_what_is_expected_to_follow(void **state)
{
    static const struct {
        uint32_t n, expect, size;
    } rows[] = {{10, 0, BLOCK_SMALL},      {10, 448, BLOCK_SMALL},     {10, 449, BLOCK_FRAME}, {10, 5000, BLOCK_MEDIUM},
                {5000, 10, BLOCK_MEDIUM},  {10, UINT32_MAX, BLOCK_LARGE},
                /* what fills no half of a large one goes into several of the medium ones */
                {10, BLOCK_MEDIUM + 1, BLOCK_MEDIUM},    {10, BLOCK_LARGE / 2 - 1, BLOCK_MEDIUM},
                {10, BLOCK_LARGE / 2, BLOCK_LARGE}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t bytes[5000] = {0};
        struct spanring ring;
        size_t pinned = 0;
        struct room r;

        room_init(&r, 1);
        spanring_init(&ring);
        spanring_copy_in(&ring, r.mem, &r.pool, bytes, rows[i].n, rows[i].expect, &pinned);
        assert_int_equal(spanring_at(&ring, 0)->block->size, rows[i].size);
        assert_int_equal(pinned, spanring_at(&ring, 0)->block->true_size);
        spanring_clear(&ring, r.mem);
        room_check(&r);
    }
}

static void storing_nothing_adds_no_span(void **state)
{
    struct spanring ring;
    struct span piece;
    size_t pinned = 0;
    struct room r;

    room_init(&r, 1);
    spanring_init(&ring);
    piece = room_piece(&r, 0, 100, 0, 0);
    piece.len = 0;
    assert_int_equal(spanring_store(&ring, r.mem, &r.pool, &piece, &pinned), 0);
    assert_int_equal(copy_in(&r, &ring, 0, 0), 0);
    assert_int_equal(ring.count, 0);
    assert_int_equal(pinned, 0);
    block_unref(piece.block);
    room_check(&r);
}

static void appending_moves_everything_or_nothing(void **state)
{
    struct spanring to, from;
    struct room r;

    room_init(&r, 1);
    spanring_init(&to);
    spanring_init(&from);
    for (uint32_t i = 0; i < 2; i++)
        store(&r, &to, 0, 400, 400 * i);
    for (uint32_t i = 2; i < 5; i++)
        store(&r, &from, 0, 400, 400 * i);
    room_refuse_all(&r, true);
    assert_false(spanring_append(&to, &from, r.mem));
    assert_holds(&to, 0, 800);
    assert_holds(&from, 800, 1200);
    room_refuse_all(&r, false);
    assert_true(spanring_append(&to, &from, r.mem));
    assert_holds(&to, 0, 2000);
    assert_int_equal(from.count, 0);
    spanring_clear(&to, r.mem);
    room_check(&r);
}

/* ---- streams of operations ---- */

#define RINGS  3
#define MOST   40000u
#define OTHERS 16

/* What a ring should hold: bytes, moved by hand. The first ring takes in no spans of others: it is their maker. */
struct model {
    uint8_t b[MOST];
    uint32_t n;
};

/* Somebody who reads a block too, and what is there for him to read. */
struct reader_of_block {
    struct weft_block *block;
    const uint8_t *data;
    uint32_t len;
    uint8_t copy[2048];
};

struct stream {
    struct room r;
    struct spanring ring[RINGS];
    struct model model[RINGS];
    struct reader_of_block other[OTHERS];
    uint32_t salt;
};

static void model_add(struct model *m, const uint8_t *p, uint32_t n)
{
    memcpy(m->b + m->n, p, n);
    m->n += n;
}

static void model_consume(struct model *m, uint32_t n)
{
    memmove(m->b, m->b + n, m->n - n);
    m->n -= n;
}

static void check_ring(struct stream *s, unsigned i)
{
    uint32_t at = 0;
    size_t pinned = 0;

    assert_int_equal(ring_bytes(&s->ring[i]), s->model[i].n);
    for (uint32_t k = 0; k < s->ring[i].count; k++) {
        const struct span *p = spanring_at(&s->ring[i], k);

        assert_true(p->len > 0);
        assert_true(p->data >= p->block->data && p->data + p->len <= p->block->data + p->block->used);
        assert_memory_equal(p->data, s->model[i].b + at, p->len);
        at += p->len;
        pinned += p->block->true_size;
    }
    assert_int_equal(s->ring[i].pinned, pinned);
}

/* Nobody wrote where he reads. */
static void check_reader(struct reader_of_block *o)
{
    if (o->block)
        assert_memory_equal(o->data, o->copy, o->len);
}

static void let_go(struct reader_of_block *o)
{
    check_reader(o);
    if (o->block)
        block_unref(o->block);
    o->block = NULL;
}

static void hold(struct reader_of_block *o, const struct span *s)
{
    let_go(o);
    o->len = min_u32(s->len, sizeof o->copy);
    o->data = s->data + s->len - o->len; /* the end of it: where appending would hurt */
    o->block = block_ref(s->block);
    memcpy(o->copy, o->data, o->len);
}

static void op_copy(struct stream *s, unsigned i, uint32_t n)
{
    static uint8_t bytes[MOST];
    size_t pinned = 0;
    uint32_t k;

    pattern_fill(bytes, n, 0, s->salt++);
    k = spanring_copy_in(&s->ring[i], s->r.mem, &s->r.pool, bytes, n, room_below(&s->r, 3 * n + 1), &pinned);
    assert_true(k == n || (k < n && s->r.refuse_ppm));
    model_add(&s->model[i], bytes, k);
}

/* Two queues hold the end of the same block, as a sender's and a receiver's do on a loopback. */
static void op_share(struct stream *s, unsigned from, unsigned to)
{
    struct span *last = spanring_last(&s->ring[from]);
    size_t pinned = 0;
    uint32_t k;

    if (from == to || to == 0 || !last || s->model[to].n + last->len > MOST)
        return;
    k = spanring_store(&s->ring[to], s->r.mem, &s->r.pool, last, &pinned);
    assert_true(k == last->len || (k < last->len && s->r.refuse_ppm));
    model_add(&s->model[to], s->model[from].b + s->model[from].n - last->len, k);
}

/* A received block, stored in pieces that follow each other, some of it left out between them at times. */
static void op_store(struct stream *s, unsigned i, uint32_t n)
{
    uint32_t headroom = room_below(&s->r, 200), done = 0;
    struct weft_block *b = block_new(&s->r.pool, headroom + n);
    bool nowhere = rng_chance(&s->r.rng, 100000);
    size_t pinned = 0;

    if (!b)
        return;
    pattern_fill(b->data + headroom, n, 0, s->salt++);
    b->used = headroom + n;
    while (done < n) {
        uint32_t len = 1 + room_below(&s->r, n - done), k;
        struct span piece = {nowhere ? NULL : b, b->data + headroom + done, len};

        k = spanring_store(&s->ring[i], s->r.mem, &s->r.pool, &piece, &pinned);
        assert_true(k == len || (k < len && s->r.refuse_ppm));
        model_add(&s->model[i], piece.data, k);
        done += len + (rng_chance(&s->r.rng, 300000) ? room_below(&s->r, 20) : 0);
    }
    if (rng_chance(&s->r.rng, 200000))
        hold(&s->other[room_below(&s->r, OTHERS)], &(struct span){b, b->data + headroom, n});
    block_unref(b);
}

static void op_append(struct stream *s, unsigned to, unsigned from)
{
    if (to == from || to == 0 || from == 0 || s->model[to].n + s->model[from].n > MOST)
        return;
    if (!spanring_append(&s->ring[to], &s->ring[from], s->r.mem)) {
        assert_true(s->r.refuse_ppm > 0);
        return;
    }
    model_add(&s->model[to], s->model[from].b, s->model[from].n);
    s->model[from].n = 0;
}

static void operate(struct stream *s)
{
    unsigned i = room_below(&s->r, RINGS), what = room_below(&s->r, 100);
    uint32_t space = MOST - s->model[i].n;
    uint32_t n = min_u32(1 + room_below(&s->r, what % 2 ? 100 : 3000), space);

    if (what < 25) {
        op_copy(s, i, n);
    } else if (what < 55) {
        if (n && i != 0)
            op_store(s, i, n);
    } else if (what < 80) {
        n = room_below(&s->r, min_u32(s->model[i].n, what < 60 ? UINT32_MAX - 1 : 2000) + 1);
        spanring_consume(&s->ring[i], s->r.mem, n);
        model_consume(&s->model[i], n);
    } else if (what < 85) {
        op_append(s, i, room_below(&s->r, RINGS));
    } else if (what < 88) {
        op_share(s, i, room_below(&s->r, RINGS));
    } else if (what < 89) {
        spanring_clear(&s->ring[i], s->r.mem);
        s->model[i].n = 0;
    } else if (what < 94 && s->ring[i].count) {
        hold(&s->other[room_below(&s->r, OTHERS)], spanring_at(&s->ring[i], room_below(&s->r, s->ring[i].count)));
    } else {
        let_go(&s->other[room_below(&s->r, OTHERS)]);
    }
    if (rng_chance(&s->r.rng, 100000))
        check_ring(s, i);
    else
        assert_int_equal(ring_bytes(&s->ring[i]), s->model[i].n);
    check_reader(&s->other[room_below(&s->r, OTHERS)]);
}

static void rings_behave_like_arrays_of_bytes(void **state)
{
    static const uint32_t refusals[] = {0, 20000, 300000};
    static struct stream s;

    for (unsigned round = 0; round < ARRAY_LEN(refusals); round++) {
        memset(&s, 0, sizeof s);
        room_init(&s.r, 100 + round);
        for (unsigned i = 0; i < RINGS; i++)
            spanring_init(&s.ring[i]);
        s.ring[0].maker = true;
        s.r.refuse_ppm = refusals[round];
        for (unsigned op = 0; op < 200000; op++)
            operate(&s);
        for (unsigned i = 0; i < OTHERS; i++)
            let_go(&s.other[i]);
        for (unsigned i = 0; i < RINGS; i++) {
            check_ring(&s, i);
            spanring_clear(&s.ring[i], s.r.mem);
        }
        room_check(&s.r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_is_kept_by_reference_up_to_what_may_be_pinned),
        cmocka_unit_test(the_first_spans_need_no_memory),
        cmocka_unit_test(an_empty_ring_owns_no_heap),
        cmocka_unit_test(clearing_drops_every_reference),
        cmocka_unit_test(a_piece_is_kept_by_reference_from_a_quarter_of_its_block_on),
        cmocka_unit_test(pieces_that_follow_each_other_in_memory_are_one_span),
        cmocka_unit_test(small_pieces_are_copied_together),
        cmocka_unit_test(only_its_maker_appends_to_a_block_that_others_hold),
        cmocka_unit_test(nobody_appends_to_a_block_of_another_pool),
        cmocka_unit_test(only_behind_its_last_byte_is_a_block_appended_to),
        cmocka_unit_test(a_long_copy_fills_blocks_one_after_the_other),
        cmocka_unit_test(a_new_block_holds_what_is_expected_to_follow),
        cmocka_unit_test(storing_nothing_adds_no_span),
        cmocka_unit_test(appending_moves_everything_or_nothing),
        cmocka_unit_test(rings_behave_like_arrays_of_bytes),
    };

    return cmocka_run_group_tests_name("spanring", tests, NULL, NULL);
}
