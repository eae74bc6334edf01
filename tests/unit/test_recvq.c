/* SPDX-License-Identifier: MIT */
/* The receive queue (src/tcp/recvq.c): single claims, then streams of operations against a plain array of bytes. */
#include "room.h"
#include "tcp/recvq.h"

/* Pushes [at, at + len) of the pattern as one received piece. */
static uint32_t push(struct room *r, struct recvq *q, uint32_t len, uint32_t at)
{
    struct span piece = room_piece(r, 54, len, at, 0);
    uint32_t n = recvq_push(q, r->mem, &r->pool, &piece, 1);

    block_unref(piece.block);
    return n;
}

static size_t read_flat(struct room *r, struct recvq *q, uint8_t *out, size_t n, bool peek)
{
    struct weft_iov v = {out, n};

    return recvq_read(q, r->mem, &v, 1, &(struct recvq_want){.most = q->bytes, .peek = peek});
}

static void bytes_come_out_as_they_went_in(void **state)
{
    uint8_t out[5000];
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(push(&r, &q, 1460, 1460 * i), 1460);
    assert_int_equal(q.bytes, 4380);
    assert_int_equal(read_flat(&r, &q, out, sizeof out, false), 4380);
    for (uint32_t i = 0; i < 4380; i++)
        assert_int_equal(out[i], pattern_byte(i, 0));
    assert_int_equal(q.bytes, 0);
    assert_int_equal(read_flat(&r, &q, out, sizeof out, false), 0);
    room_check(&r);
}

static void peeking_leaves_everything_in_place(void **state)
{
    uint8_t out[3000];
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    push(&r, &q, 1000, 0);
    push(&r, &q, 1000, 1000);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(read_flat(&r, &q, out, 1500, true), 1500);
        for (uint32_t k = 0; k < 1500; k++)
            assert_int_equal(out[k], pattern_byte(k, 0));
        assert_int_equal(q.bytes, 2000);
    }
    recvq_clear(&q, r.mem);
    room_check(&r);
}

static void a_scattered_buffer_is_filled_in_order(void **state)
{
    uint8_t a[1], b[1999], c[100];
    struct weft_iov v[] = {{a, 0}, {a, 1}, {b, sizeof b}, {NULL, 0}, {c, sizeof c}};
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    for (uint32_t i = 0; i < 5; i++)
        push(&r, &q, 410, 410 * i);
    assert_int_equal(recvq_read(&q, r.mem, v, ARRAY_LEN(v), &(struct recvq_want){.most = q.bytes}), 2050);
    assert_int_equal(a[0], pattern_byte(0, 0));
    for (uint32_t i = 0; i < 1999; i++)
        assert_int_equal(b[i], pattern_byte(1 + i, 0));
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(c[i], pattern_byte(2000 + i, 0));
    assert_int_equal(q.bytes, 0);
    room_check(&r);
}

static void a_block_is_let_go_with_its_last_byte(void **state)
{
    uint8_t out[1460];
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    push(&r, &q, 1460, 0);
    read_flat(&r, &q, out, 1459, false);
    assert_true(r.mem->live[MEM_block] > 0);
    read_flat(&r, &q, out, 1, false);
    assert_int_equal(r.mem->live[MEM_block], 0);
    room_check(&r);
}

/* A peer that sends a byte a frame must not make us keep a frame a byte. */
static void tiny_pieces_pin_no_frame_each(void **state)
{
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(push(&r, &q, 1, i), 1);
    assert_int_equal(q.bytes, 10000);
    assert_true(r.mem->live[MEM_block] < 2 * 10000);
    recvq_clear(&q, r.mem);
    room_check(&r);
}

/* Frames a quarter full pin four times what they carry: by reference they would pass the limit after 32 of them. */
static void above_its_limit_it_copies_instead_of_pinning(void **state)
{
    enum { LIMIT = 65536, LEN = 500, PIECES = 200 };
    uint8_t out[LEN * PIECES];
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    recvq_limit(&q, LIMIT);
    for (uint32_t i = 0; i < PIECES; i++) {
        assert_int_equal(push(&r, &q, LEN, LEN * i), LEN);
        assert_true(q.ring.pinned <= LIMIT + LEN * (i + 1) + BLOCK_MEDIUM);
    }
    assert_true(q.ring.pinned < LEN * PIECES * 2);
    assert_int_equal(read_flat(&r, &q, out, sizeof out, false), LEN * PIECES);
    for (uint32_t i = 0; i < LEN * PIECES; i++)
        assert_int_equal(out[i], pattern_byte(i, 0));
    assert_int_equal(q.ring.pinned, 0);
    room_check(&r);
}

static void without_memory_it_takes_what_fits_and_says_so(void **state)
{
    struct span pieces[5];
    uint8_t out[3000];
    uint32_t taken;
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    for (uint32_t i = 0; i < 5; i++)
        pieces[i] = room_piece(&r, 0, 400, 400 * i, 0);
    room_refuse_all(&r, true);
    taken = recvq_push(&q, r.mem, &r.pool, pieces, 5); /* those that the ring's own room takes, and some of the next */
    room_refuse_all(&r, false);
    assert_in_range(taken, 800, 1999);
    assert_int_equal(q.bytes, taken);
    for (unsigned i = 0; i < 5; i++)
        block_unref(pieces[i].block);
    assert_int_equal(read_flat(&r, &q, out, sizeof out, false), taken);
    for (uint32_t i = 0; i < taken; i++)
        assert_int_equal(out[i], pattern_byte(i, 0));
    room_check(&r);
}

/* ---- streams of operations ---- */

#define MOST 50000u

struct stream {
    struct room r;
    struct recvq q;
    uint8_t model[MOST];
    uint32_t n, salt;
};

/* Up to three pieces out of as many blocks, as pkt_slices gives them: the first may lie nowhere. */
static unsigned pieces_of(struct stream *s, struct span *out)
{
    unsigned n = 1 + room_below(&s->r, 3), made = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t len = 1 + room_below(&s->r, rng_chance(&s->r.rng, 300000) ? 30 : 3000);
        uint32_t headroom = room_below(&s->r, 300);
        struct weft_block *b = block_new(&s->r.pool, headroom + len);

        if (!b)
            continue;
        pattern_fill(b->data + headroom, len, 0, s->salt++);
        b->used = headroom + len + room_below(&s->r, b->size - headroom - len + 1); /* padding */
        out[made++] = (struct span){b, b->data + headroom, len};
    }
    return made;
}

static uint32_t total(const struct span *pieces, unsigned n)
{
    uint32_t sum = 0;

    while (n-- > 0)
        sum += pieces[n].len;
    return sum;
}

static void model_add(struct stream *s, const struct span *pieces, unsigned n, uint32_t taken)
{
    for (unsigned i = 0; i < n && taken; i++) {
        uint32_t k = min_u32(taken, pieces[i].len);

        memcpy(s->model + s->n, pieces[i].data, k);
        s->n += k;
        taken -= k;
    }
}

static void op_push(struct stream *s)
{
    struct span pieces[3];
    unsigned n = pieces_of(s, pieces);
    uint32_t len = total(pieces, n), taken;
    bool nowhere = n && rng_chance(&s->r.rng, 200000);
    struct weft_block *first = n ? pieces[0].block : NULL;

    if (s->n + len <= MOST) {
        if (nowhere)
            pieces[0].block = NULL;
        taken = recvq_push(&s->q, s->r.mem, &s->r.pool, pieces, n);
        assert_true(taken == len || (taken < len && s->r.refuse_ppm));
        model_add(s, pieces, n, taken);
        if (n)
            pieces[0].block = first;
    }
    while (n-- > 0)
        block_unref(pieces[n].block);
}

/* An out-of-order range joins. */
static void op_take(struct stream *s)
{
    struct span pieces[3];
    struct spanring ring;
    uint32_t len = 0;
    unsigned n = pieces_of(s, pieces), kept = 0;
    size_t pinned = 0;

    spanring_init(&ring);
    for (; kept < n && s->n + len + pieces[kept].len <= MOST; kept++) {
        uint32_t k = spanring_store(&ring, s->r.mem, &s->r.pool, &pieces[kept], &pinned);

        len += k;
        if (k < pieces[kept].len)
            break;
    }
    if (recvq_take(&s->q, s->r.mem, &ring, len)) {
        assert_int_equal(ring.count, 0);
        model_add(s, pieces, n, len);
    } else {
        assert_true(s->r.refuse_ppm > 0);
    }
    spanring_clear(&ring, s->r.mem);
    while (n-- > 0)
        block_unref(pieces[n].block);
}

static void op_read(struct stream *s, bool peek)
{
    static uint8_t out[3][4000];
    struct weft_iov v[3];
    uint32_t wanted = 0, at = 0;
    size_t got;

    for (unsigned i = 0; i < 3; i++) {
        v[i] = (struct weft_iov){out[i], room_below(&s->r, rng_chance(&s->r.rng, 200000) ? 10 : 4000)};
        wanted += (uint32_t)v[i].len;
    }
    got = recvq_read(&s->q, s->r.mem, v, 3, &(struct recvq_want){.most = s->q.bytes, .peek = peek});
    assert_int_equal(got, min_u32(wanted, s->n));
    for (unsigned i = 0; i < 3 && at < got; i++) {
        uint32_t k = min_u32((uint32_t)v[i].len, (uint32_t)got - at);

        assert_memory_equal(out[i], s->model + at, k);
        at += k;
    }
    if (!peek) {
        memmove(s->model, s->model + got, s->n - got);
        s->n -= (uint32_t)got;
    }
}

/* Takes so many bytes out of the pieces; an error: none. */
struct taker {
    uint8_t *to;
    int64_t n;
};

static int64_t take(void *ctx, const struct weft_iov *piece, size_t n)
{
    struct taker *t = ctx;
    int64_t at = 0;

    for (size_t i = 0; i < n && at < t->n; i++) {
        size_t k = min_size(piece[i].len, (size_t)(t->n - at));

        memcpy(t->to + at, piece[i].base, k);
        at += (int64_t)k;
    }
    return t->n < 0 ? t->n : at;
}

static void op_carry(struct stream *s)
{
    static uint8_t out[MOST];
    struct taker t = {out, rng_chance(&s->r.rng, 100000) ? WEFT_EAGAIN : (int64_t)room_below(&s->r, MOST)};
    uint32_t skip = s->n > 1 && rng_chance(&s->r.rng, 100000) ? 1 : 0;
    struct recvq_want want = {.skip = skip, .most = s->n - skip};
    int64_t got = recvq_carry_out(&s->q, s->r.mem, &want, take, &t);

    if (got <= 0) {
        assert_true(got == t.n || got == 0);
        return;
    }
    assert_true(got <= t.n && got <= (int64_t)want.most);
    assert_memory_equal(out, s->model + skip, (size_t)got);
    memmove(s->model, s->model + skip + got, s->n - skip - (size_t)got);
    s->n -= skip + (uint32_t)got;
}

static void bytes_are_taken_from_where_they_lie(void **state)
{
    uint8_t out[3000];
    struct taker t = {out, 1500};
    struct recvq q;
    struct room r;

    room_init(&r, 1);
    recvq_init(&q);
    push(&r, &q, 1000, 0);
    push(&r, &q, 1000, 1000);
    assert_int_equal(recvq_carry_out(&q, r.mem, &(struct recvq_want){.skip = 10, .most = 1990}, take, &t), 1500);
    for (uint32_t i = 0; i < 1500; i++)
        assert_int_equal(out[i], pattern_byte(10 + i, 0));
    assert_int_equal(q.bytes, 490);
    t.n = WEFT_EAGAIN;
    assert_int_equal(recvq_carry_out(&q, r.mem, &(struct recvq_want){.skip = 1, .most = 10}, take, &t), WEFT_EAGAIN);
    assert_int_equal(q.bytes, 490);
    t.n = 3000;
    assert_int_equal(recvq_carry_out(&q, r.mem, &(struct recvq_want){.most = 400}, take, &t), 400); /* no more than shown */
    assert_int_equal(out[399], pattern_byte(1909, 0));
    recvq_clear(&q, r.mem);
    room_check(&r);
}

static void the_queue_behaves_like_an_array_of_bytes(void **state)
{
    static const uint32_t refusals[] = {0, 20000, 300000};
    static struct stream s;

    for (unsigned round = 0; round < ARRAY_LEN(refusals); round++) {
        memset(&s, 0, sizeof s);
        room_init(&s.r, 300 + round);
        recvq_init(&s.q);
        s.r.refuse_ppm = refusals[round];
        for (unsigned op = 0; op < 200000; op++) {
            unsigned what = room_below(&s.r, 100);

            if (what < 45)
                op_push(&s);
            else if (what < 55)
                op_take(&s);
            else if (what < 60 && s.n)
                op_carry(&s);
            else if (what < 99)
                op_read(&s, what < 65);
            else if (rng_chance(&s.r.rng, 50000)) {
                recvq_clear(&s.q, s.r.mem);
                s.n = 0;
            }
            assert_int_equal(s.q.bytes, s.n);
        }
        recvq_clear(&s.q, s.r.mem);
        room_check(&s.r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(peeking_leaves_everything_in_place),
        cmocka_unit_test(a_scattered_buffer_is_filled_in_order),
        cmocka_unit_test(a_block_is_let_go_with_its_last_byte),
        cmocka_unit_test(tiny_pieces_pin_no_frame_each),
        cmocka_unit_test(above_its_limit_it_copies_instead_of_pinning),
        cmocka_unit_test(without_memory_it_takes_what_fits_and_says_so),
        cmocka_unit_test(bytes_are_taken_from_where_they_lie),
        cmocka_unit_test(the_queue_behaves_like_an_array_of_bytes),
    };

    return cmocka_run_group_tests_name("recvq", tests, NULL, NULL);
}
