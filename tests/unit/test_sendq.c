/* SPDX-License-Identifier: MIT */
/* The send queue (src/tcp/sendq.c): single claims, then streams of operations against a plain array of bytes. */
#include "core/blocksum.h"
#include "room.h"
#include "tcp/sendq.h"

#define HEADER 40 /* stands in the packet before the payload comes */

/* A packet with a header in its room, as segment_begin leaves one; it belongs to no stack. */
static void packet_begin(struct weft_pkt *p)
{
    p->block = NULL;
    p->base = p->room;
    p->cap = PKT_ROOM;
    p->data = p->base + PKT_HEADROOM;
    p->len = HEADER;
    p->span_len = 0;
    p->n_spans = 0;
    memset(p->data, 0xee, HEADER);
}

static void packet_end(struct weft_pkt *p)
{
    for (unsigned i = 0; i < p->n_spans; i++)
        block_unref(p->span[i].block);
    p->n_spans = 0;
}

/* The payload, one byte after the other; returns how many. */
static uint32_t payload(const struct weft_pkt *p, uint8_t *out)
{
    uint32_t n = p->len - HEADER;

    memcpy(out, p->data + HEADER, n);
    for (unsigned i = 0; i < p->n_spans; i++) {
        memcpy(out + n, p->span[i].data, p->span[i].len);
        n += p->span[i].len;
    }
    assert_int_equal(p->len - HEADER + p->span_len, n);
    return n;
}

/* Writes [at, at + n) of the pattern; returns how many bytes were taken. */
static uint32_t write(struct room *r, struct sendq *q, uint32_t n, uint32_t at, uint32_t more)
{
    static uint8_t bytes[400000];

    pattern_fill(bytes, n, at, 0);
    return sendq_write(q, r->mem, &r->pool, bytes, n, more);
}

/* Attaches [offset, offset + n), whose first byte stands at `at` of the pattern, and reads it back. */
static void assert_attaches(struct sendq *q, uint32_t offset, uint32_t n, uint32_t at)
{
    static uint8_t out[400000];
    struct weft_pkt p;

    packet_begin(&p);
    assert_int_equal(sendq_attach(q, offset, n, &p), n);
    assert_int_equal(payload(&p, out), n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(out[i], pattern_byte(at + i, 0));
    packet_end(&p);
}

static void what_was_written_can_be_attached_from_anywhere(void **state)
{
    static const uint32_t offsets[] = {0, 1, 2999, 3000, 8999, 5000, 4, 8500};
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(write(&r, &q, 3000, 3000 * i, 0), 3000);
    for (unsigned i = 0; i < ARRAY_LEN(offsets); i++)
        assert_attaches(&q, offsets[i], min_u32(1460, 9000 - offsets[i]), offsets[i]);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

static void offsets_count_from_the_first_unacknowledged_byte(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    write(&r, &q, 10000, 0, 0);
    for (uint32_t acked = 0; acked < 10000; acked += 1000) {
        assert_int_equal(q.bytes, 10000 - acked);
        assert_attaches(&q, 0, 1000, acked);
        if (acked < 9000)
            assert_attaches(&q, 1000, 1000, acked + 1000);
        sendq_ack(&q, r.mem, 1000);
    }
    assert_int_equal(q.bytes, 0);
    room_check(&r);
}

static void an_empty_queue_owns_nothing(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    for (unsigned i = 0; i < 20; i++) {
        write(&r, &q, 200000, 0, 0);
        sendq_ack(&q, r.mem, 200000);
        assert_int_equal(r.mem->live[MEM_block] + r.mem->live[MEM_queue], 0);
    }
    room_check(&r);
}

static void count(void *ctx) { ++*(unsigned *)ctx; }

static void what_is_lent_stands_between_what_is_copied(void **state)
{
    static uint8_t lent[5000];
    unsigned back = 0;
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    pattern_fill(lent, sizeof lent, 100, 0);
    write(&r, &q, 100, 0, 0);
    assert_true(sendq_lend(&q, r.mem, lent, sizeof lent, count, &back));
    write(&r, &q, 100, 5100, 0); /* not into the lender's memory */
    assert_int_equal(q.bytes, 5200);
    assert_attaches(&q, 0, 5200, 0);
    assert_attaches(&q, 90, 20, 90);
    sendq_ack(&q, r.mem, 5099);
    assert_int_equal(back, 0);
    sendq_ack(&q, r.mem, 1);
    assert_int_equal(back, 1);
    r.refuse_ppm = 1000000;
    assert_false(sendq_lend(&q, r.mem, lent, sizeof lent, count, &back));
    r.refuse_ppm = 0;
    assert_int_equal(q.bytes, 100);
    sendq_clear(&q, r.mem);
    assert_int_equal(back, 1);
    room_check(&r);
}

static void short_writes_share_a_block(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    write(&r, &q, 10, 0, 0);
    assert_int_equal(spanring_at(&q.ring, 0)->block->size, BLOCK_SMALL); /* a lone one is not paid for dearly */
    for (uint32_t i = 1; i < 1000; i++)
        write(&r, &q, 10, 10 * i, 0);
    assert_true(q.ring.count <= 2);
    assert_attaches(&q, 0, 10000, 0);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

static void bytes_known_to_follow_get_a_block_that_holds_them(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    write(&r, &q, 100, 0, 5000);
    assert_int_equal(spanring_at(&q.ring, 0)->block->size, BLOCK_MEDIUM);
    write(&r, &q, 5000, 100, 0);
    assert_int_equal(q.ring.count, 1);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

static void a_stream_gets_blocks_for_what_is_known_to_follow(void **state)
{
    static const struct {
        uint32_t n, more, size;
    } rows[] = {{100, 0, BLOCK_MEDIUM}, {100, 50, BLOCK_MEDIUM}, {10000, 30000, BLOCK_LARGE}, {10000, 0, BLOCK_MEDIUM}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct sendq q;
        struct room r;

        room_init(&r, 1);
        sendq_init(&q);
        write(&r, &q, BLOCK_SMALL, 0, 0);
        write(&r, &q, rows[i].n, BLOCK_SMALL, rows[i].more);
        assert_int_equal(spanring_at(&q.ring, 1)->block->size, rows[i].size);
        sendq_clear(&q, r.mem);
        room_check(&r);
    }
}

/* A large block that is a quarter full would keep four times what the send buffer allows. */
static void bytes_that_do_not_fill_half_of_a_large_block_get_smaller_ones(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    write(&r, &q, 16384, 0, 0);
    assert_int_equal(q.ring.count, 2);
    assert_int_equal(spanring_at(&q.ring, 0)->block->size, BLOCK_MEDIUM);
    assert_int_equal(spanring_at(&q.ring, 1)->block->size, BLOCK_SMALL);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

/* The link reads what is before it; the queue alone writes behind it. */
static void a_write_goes_on_in_a_block_that_a_packet_holds(void **state)
{
    struct weft_pkt p;
    uint8_t out[200];
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    for (unsigned round = 0; round < 2; round++) {
        write(&r, &q, 100, 0, 0);
        packet_begin(&p);
        sendq_attach(&q, 0, 100, &p);
        write(&r, &q, 100, 100, 0);
        assert_int_equal(q.ring.count, 1);
        assert_int_equal(payload(&p, out), 100);
        packet_end(&p);
        sendq_clear(&q, r.mem); /* and so it is afterwards */
    }
    room_check(&r);
}

static void short_payloads_are_copied_behind_the_header(void **state)
{
    static const struct {
        uint32_t n, headers;
        bool copied;
    } rows[] = {{1, HEADER, true}, {64, HEADER, true}, {65, HEADER, false}, {28, 100, true}, {29, 100, false}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_pkt p;
        struct sendq q;
        struct room r;

        room_init(&r, 1);
        sendq_init(&q);
        write(&r, &q, 1000, 0, 0);
        packet_begin(&p);
        p.len = rows[i].headers; /* PKT_ROOM - PKT_HEADROOM is 128 */
        assert_int_equal(sendq_attach(&q, 10, rows[i].n, &p), rows[i].n);
        assert_int_equal(p.n_spans, rows[i].copied ? 0 : 1);
        assert_int_equal(p.len, rows[i].headers + (rows[i].copied ? rows[i].n : 0));
        packet_end(&p);
        sendq_clear(&q, r.mem);
        room_check(&r);
    }
}

static void a_packet_takes_as_many_spans_as_it_has_room_for(void **state)
{
    static uint8_t out[(PKT_SPANS + 2) * BLOCK_MEDIUM];
    struct weft_pkt p;
    struct sendq q;
    struct room r;
    uint32_t n;

    room_init(&r, 1);
    sendq_init(&q);
    for (uint32_t i = 0; i < PKT_SPANS + 2; i++)
        write(&r, &q, BLOCK_MEDIUM, BLOCK_MEDIUM * i, 0);
    assert_int_equal(q.ring.count, PKT_SPANS + 2);
    packet_begin(&p);
    n = sendq_attach(&q, 100, q.bytes - 100, &p);
    assert_int_equal(n, PKT_SPANS * BLOCK_MEDIUM - 100);
    assert_int_equal(p.n_spans, PKT_SPANS);
    assert_int_equal(payload(&p, out), n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(out[i], pattern_byte(100 + i, 0));
    packet_end(&p);
    assert_attaches(&q, n + 100, 1000, n + 100); /* and the rest goes into the next one */
    sendq_clear(&q, r.mem);
    room_check(&r);
}

/* What the link still holds is what was sent, whatever the queue does since. */
static void bytes_in_a_packet_outlive_their_acknowledgment(void **state)
{
    uint8_t out[2000];
    struct weft_pkt p;
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    write(&r, &q, 1000, 0, 0);
    packet_begin(&p);
    sendq_attach(&q, 0, 1000, &p);
    write(&r, &q, 500, 1000, 0);
    sendq_ack(&q, r.mem, 1500);
    write(&r, &q, 1500, 7777, 0);
    payload(&p, out);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(out[i], pattern_byte(i, 0));
    packet_end(&p);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

static void without_memory_a_write_is_cut_short(void **state)
{
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    room_refuse_all(&r, true);
    assert_int_equal(write(&r, &q, 1000, 0, 0), 0);
    room_refuse_all(&r, false);
    assert_int_equal(write(&r, &q, 100, 0, 0), 100);
    room_refuse_all(&r, true);
    assert_int_equal(write(&r, &q, 1000, 100, 0), BLOCK_SMALL - 100); /* what the last block still takes */
    assert_int_equal(q.bytes, BLOCK_SMALL);
    room_refuse_all(&r, false);
    assert_attaches(&q, 0, BLOCK_SMALL, 0);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

/* What is brought: `n` bytes of the pattern from `at` on, or the error n. */
struct load {
    const uint8_t *bytes;
    int64_t n;
    uint32_t offered; /* filled in */
};

static int64_t carry(void *ctx, const struct weft_iov *piece, size_t n)
{
    struct load *l = ctx;
    size_t at = 0;

    l->offered = 0;
    for (size_t i = 0; i < n; i++)
        l->offered += (uint32_t)piece[i].len;
    if (l->n > (int64_t)l->offered)
        l->n = l->offered;
    for (size_t i = 0; i < n && (int64_t)at < l->n; i++) {
        size_t k = min_size(piece[i].len, (size_t)l->n - at);

        memcpy(piece[i].base, l->bytes + at, k);
        at += k;
    }
    return l->n;
}

static void bytes_are_carried_to_where_they_stay(void **state)
{
    static uint8_t bytes[200000];
    struct load load = {bytes, sizeof bytes, 0};
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    pattern_fill(bytes, sizeof bytes, 0, 0);
    assert_int_equal(write(&r, &q, 100, 0, 0), 100);
    load.bytes += 100;
    load.n = 50;
    assert_int_equal(sendq_carry_in(&q, r.mem, &r.pool, 60, carry, &load), 50); /* behind them, in their block */
    assert_int_equal(load.offered, 60);
    assert_int_equal(q.ring.count, 1);
    load.bytes += 50;
    load.n = 150000;
    assert_int_equal(sendq_carry_in(&q, r.mem, &r.pool, 199850, carry, &load), 150000); /* into several */
    assert_int_equal(load.offered, 199850);
    assert_int_equal(q.bytes, 150150);
    assert_attaches(&q, 0, 4000, 0);
    assert_attaches(&q, 64000, 4000, 64000);
    assert_attaches(&q, 146150, 4000, 146150);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

/* More than is offered at once: as many blocks as fit one call, and the rest waits for the next. */
static void so_much_is_offered_at_once_and_no_more(void **state)
{
    enum { MOST = 8 * BLOCK_LARGE };
    static uint8_t bytes[MOST];
    struct load load = {bytes, sizeof bytes, 0};
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    pattern_fill(bytes, sizeof bytes, 0, 0);
    assert_int_equal(sendq_carry_in(&q, r.mem, &r.pool, 9 * BLOCK_LARGE, carry, &load), MOST);
    assert_int_equal(load.offered, MOST);
    assert_attaches(&q, MOST - 4000, 4000, MOST - 4000);
    sendq_clear(&q, r.mem);
    room_check(&r);
}

static void who_brings_nothing_leaves_nothing_behind(void **state)
{
    static uint8_t bytes[1];
    struct load load = {bytes, WEFT_EAGAIN, 0};
    struct sendq q;
    struct room r;

    room_init(&r, 1);
    sendq_init(&q);
    assert_int_equal(sendq_carry_in(&q, r.mem, &r.pool, 300000, carry, &load), WEFT_EAGAIN);
    assert_true(load.offered > 0);
    assert_int_equal(q.bytes, 0);
    assert_null(q.ring.heap);
    load = (struct load){bytes, 1, 0};
    room_refuse_all(&r, true);
    assert_int_equal(sendq_carry_in(&q, r.mem, &r.pool, 2000, carry, &load), WEFT_ENOMEM);
    assert_int_equal(load.offered, 0);
    room_check(&r);
}

/* ---- streams of operations ---- */

#define MOST    60000u
#define PACKETS 12

struct in_flight {
    struct weft_pkt p;
    bool used;
    uint32_t n;
    uint8_t copy[4000];
};

struct stream {
    struct room r;
    struct sendq q;
    uint8_t model[MOST];
    uint32_t n, salt, next; /* next: where a sender that goes on would go on */
    struct in_flight packet[PACKETS];
    unsigned lent; /* loans that are out */
    uint16_t mss;  /* of segments that go for the first time; 0: of any size */
    uint32_t sent;
    uint32_t known; /* pieces whose sum was kept */
};

/* It is what was written when it went, whatever became of the queue since; and so is its sum, kept or not. */
static void arrive(struct stream *s, struct in_flight *f)
{
    static uint8_t out[4000];
    struct csum sum = {0}, kept = {0};

    if (!f->used)
        return;
    assert_int_equal(payload(&f->p, out), f->n);
    assert_memory_equal(out, f->copy, f->n);
    pkt_csum(&f->p, HEADER, f->n, &sum);
    assert_int_equal(csum_fold(&sum) % 0xffff, csum(out, f->n) % 0xffff);
    for (unsigned i = 0; i < f->p.n_spans; i++)
        s->known += f->p.span[i].block->pool && f->p.span[i].block->sums && blocksum_add(&f->p.span[i], &kept);
    packet_end(&f->p);
    f->used = false;
}

static void op_write(struct stream *s)
{
    static uint8_t bytes[MOST];
    uint32_t n = min_u32(1 + room_below(&s->r, rng_chance(&s->r.rng, 500000) ? 50 : 9000), MOST - s->n), k;

    pattern_fill(bytes, n, 0, s->salt++);
    if (rng_chance(&s->r.rng, 20000))
        s->mss = (uint16_t[]){0, 1448, 1447, 1000, 7}[room_below(&s->r, 5)];
    sendq_sum(&s->q, s->mss, s->n - s->sent);
    k = sendq_write(&s->q, s->r.mem, &s->r.pool, bytes, n, room_below(&s->r, 3000));
    assert_true(k == n || (k < n && s->r.refuse_ppm));
    memcpy(s->model + s->n, bytes, k);
    s->n += k;
}

/* Bytes that live until they come back: a sanitizer sees who looks at them later. */
struct loan {
    unsigned *out;
    uint8_t bytes[];
};

static void loan_back(void *ctx)
{
    struct loan *l = ctx;

    --*l->out;
    free(l);
}

static void op_lend(struct stream *s)
{
    uint32_t n = min_u32(1 + room_below(&s->r, 9000), MOST - s->n);
    struct loan *l = malloc(sizeof *l + n);

    l->out = &s->lent;
    pattern_fill(l->bytes, n, 0, s->salt++);
    memcpy(s->model + s->n, l->bytes, n);
    s->lent++;
    if (sendq_lend(&s->q, s->r.mem, l->bytes, n, loan_back, l)) {
        s->n += n;
        return;
    }
    assert_true(s->r.refuse_ppm > 0);
    loan_back(l);
}

static void op_carry(struct stream *s)
{
    static uint8_t bytes[MOST];
    uint32_t n = min_u32(1 + room_below(&s->r, MOST), MOST - s->n);
    struct load load = {bytes, rng_chance(&s->r.rng, 100000) ? WEFT_EAGAIN : (int64_t)room_below(&s->r, n + 1), 0};
    int64_t got;

    pattern_fill(bytes, n, 0, s->salt++);
    got = sendq_carry_in(&s->q, s->r.mem, &s->r.pool, n, carry, &load);
    assert_true(got == load.n || (got == WEFT_ENOMEM && s->r.refuse_ppm));
    if (got <= 0)
        return;
    memcpy(s->model + s->n, bytes, (size_t)got);
    s->n += (uint32_t)got;
}

static void op_attach(struct stream *s, bool going_on)
{
    struct in_flight *f = &s->packet[room_below(&s->r, PACKETS)];
    uint32_t offset = going_on && s->next < s->n ? s->next : room_below(&s->r, s->n);
    uint32_t n = 1 + room_below(&s->r, min_u32(s->n - offset, rng_chance(&s->r.rng, 300000) ? 64 : 4000));

    arrive(s, f);
    packet_begin(&f->p);
    f->n = sendq_attach(&s->q, offset, n, &f->p);
    assert_true(f->n == n || (f->n < n && f->p.n_spans == PKT_SPANS));
    f->used = true;
    memcpy(f->copy, s->model + offset, f->n);
    s->next = offset + f->n;
    if (rng_chance(&s->r.rng, 500000))
        arrive(s, f);
}

/* New segments of one size, as a connection sends them. */
static void op_send(struct stream *s)
{
    uint32_t mss = s->mss ? s->mss : 1 + room_below(&s->r, 4000);

    for (unsigned i = 0; i < 50 && s->n - s->sent >= mss; i++, s->sent += mss) {
        struct in_flight *f = &s->packet[room_below(&s->r, PACKETS)];

        arrive(s, f);
        packet_begin(&f->p);
        f->n = sendq_attach(&s->q, s->sent, mss, &f->p);
        f->used = true;
        assert_int_equal(f->n, mss);
        memcpy(f->copy, s->model + s->sent, mss);
    }
}

static void op_ack(struct stream *s)
{
    uint32_t n = room_below(&s->r, min_u32(s->n, rng_chance(&s->r.rng, 50000) ? MOST : 5000) + 1);

    sendq_ack(&s->q, s->r.mem, n);
    memmove(s->model, s->model + n, s->n - n);
    s->n -= n;
    s->next -= min_u32(s->next, n);
    s->sent -= min_u32(s->sent, n);
}

static void the_queue_behaves_like_an_array_of_bytes(void **state)
{
    static const uint32_t refusals[] = {0, 20000, 300000};
    static struct stream s;

    for (unsigned round = 0; round < ARRAY_LEN(refusals); round++) {
        memset(&s, 0, sizeof s);
        room_init(&s.r, 200 + round);
        sendq_init(&s.q);
        s.r.refuse_ppm = refusals[round];
        for (unsigned op = 0; op < 200000; op++) {
            unsigned what = room_below(&s.r, 100);

            if (what < 3 && s.n < MOST)
                op_carry(&s);
            else if (what < 8 && s.n < MOST)
                op_lend(&s);
            else if (what < 30)
                op_write(&s);
            else if (what < 55)
                op_ack(&s);
            else if (what < 75)
                op_send(&s);
            else if (what < 99 && s.n)
                op_attach(&s, what < 90);
            else if (rng_chance(&s.r.rng, 50000)) {
                sendq_clear(&s.q, s.r.mem);
                s.n = s.next = s.sent = 0;
            }
            assert_int_equal(s.q.bytes, s.n);
        }
        for (unsigned i = 0; i < PACKETS; i++)
            arrive(&s, &s.packet[i]);
        sendq_clear(&s.q, s.r.mem);
        assert_int_equal(s.lent, 0);
        assert_true(s.known > 10000);
        room_check(&s.r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_can_be_attached_from_anywhere),
        cmocka_unit_test(offsets_count_from_the_first_unacknowledged_byte),
        cmocka_unit_test(an_empty_queue_owns_nothing),
        cmocka_unit_test(what_is_lent_stands_between_what_is_copied),
        cmocka_unit_test(short_writes_share_a_block),
        cmocka_unit_test(bytes_known_to_follow_get_a_block_that_holds_them),
        cmocka_unit_test(a_stream_gets_blocks_for_what_is_known_to_follow),
        cmocka_unit_test(bytes_that_do_not_fill_half_of_a_large_block_get_smaller_ones),
        cmocka_unit_test(a_write_goes_on_in_a_block_that_a_packet_holds),
        cmocka_unit_test(short_payloads_are_copied_behind_the_header),
        cmocka_unit_test(a_packet_takes_as_many_spans_as_it_has_room_for),
        cmocka_unit_test(bytes_in_a_packet_outlive_their_acknowledgment),
        cmocka_unit_test(without_memory_a_write_is_cut_short),
        cmocka_unit_test(bytes_are_carried_to_where_they_stay),
        cmocka_unit_test(so_much_is_offered_at_once_and_no_more),
        cmocka_unit_test(who_brings_nothing_leaves_nothing_behind),
        cmocka_unit_test(the_queue_behaves_like_an_array_of_bytes),
    };

    return cmocka_run_group_tests_name("sendq", tests, NULL, NULL);
}
