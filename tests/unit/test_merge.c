/* SPDX-License-Identifier: MIT */
/* Segments of a batch that continue each other (src/tcp/merge.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_bench.h"
#include "tcp/merge.h"

#define HEAD 32 /* header bytes in front of each payload */
#define SIZE 1448

static uint8_t byte_at(uint32_t i) { return (uint8_t)(i * 13 + (i >> 8)); }

/* Text [at, at + len) of one stream, in a block of its own. */
static struct tcp_seg text(weft_stack *s, uint32_t start, uint32_t at, uint32_t len)
{
    struct weft_pkt *p = pkt_new_linear(s, 300, HEAD + len); /* more than a packet's own room holds */

    for (uint32_t i = 0; i < len; i++)
        p->data[HEAD + i] = byte_at(at + i);
    return (struct tcp_seg){
        .h = {.seq = seq(start + at), .ack = seq(77), .header_len = HEAD, .flags = TCP_ACK, .window = 500},
        .o = {.wscale = -1, .has_ts = true, .ts_val = 1000, .ts_ecr = 2000},
        .flow = {{weft_ipv4(0x0a000001), 80}, {weft_ipv4(0x0a000002), 5000}},
        .pkt = p,
        .offset = HEAD,
        .len = len,
    };
}

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

static void release_held(struct merge *m)
{
    struct tcp_seg seg;

    assert_true(merge_take(m, &seg));
    pkt_release(seg.pkt);
}

static void text_in_order_becomes_one_segment(void **state)
{
    static const uint32_t starts[] = {1, 0u - 2000, 0x7fffffff - 2000};
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct tcp_seg seg = text(b->s, starts[i], 0, SIZE), whole;
        struct merge m = {0};
        uint8_t bytes[3 * SIZE];

        assert_true(merge_may_hold(&seg));
        merge_hold(&m, &seg);
        for (uint32_t at = SIZE; at < 3 * SIZE; at += SIZE) {
            seg = text(b->s, starts[i], at, SIZE);
            assert_true(merge_add(&m, &seg));
        }
        assert_true(merge_take(&m, &whole));
        assert_int_equal(whole.h.seq.v, starts[i]);
        assert_int_equal(whole.len, 3 * SIZE);
        assert_int_equal(whole.pkt->gso_size, SIZE); /* says how large its parts were */
        assert_int_equal(pkt_copy(whole.pkt, whole.offset, bytes, sizeof bytes), 3 * SIZE);
        for (uint32_t k = 0; k < 3 * SIZE; k++)
            assert_int_equal(bytes[k], byte_at(k));
        pkt_release(whole.pkt);
        assert_false(merge_take(&m, &whole));
    }
}

static void a_lone_segment_is_given_back_as_it_was(void **state)
{
    struct core_bench *b = *state;
    struct tcp_seg seg = text(b->s, 1, 0, SIZE), same;
    struct merge m = {0};

    merge_hold(&m, &seg);
    assert_true(merge_take(&m, &same));
    assert_int_equal(same.len, SIZE);
    assert_int_equal(same.pkt->gso_size, 0);
    pkt_release(same.pkt);
}

/* Each change makes one of two otherwise fitting segments differ. */
static void gap(struct tcp_seg *s) { s->h.seq = seq_add(s->h.seq, 1); }
static void overlap(struct tcp_seg *s) { s->h.seq = seq_sub(s->h.seq, 1); }
static void other_ack(struct tcp_seg *s) { s->h.ack = seq(78); }
static void other_window(struct tcp_seg *s) { s->h.window++; }
static void later_clock(struct tcp_seg *s) { s->o.ts_val++; }
static void other_echo(struct tcp_seg *s) { s->o.ts_ecr++; }
static void no_timestamp(struct tcp_seg *s) { s->o.has_ts = false; }
static void with_sack(struct tcp_seg *s) { s->o.n_sack = 1; }
static void with_fin(struct tcp_seg *s) { s->h.flags |= TCP_FIN; }
static void with_urg(struct tcp_seg *s) { s->h.flags |= TCP_URG; }
static void with_rst(struct tcp_seg *s) { s->h.flags |= TCP_RST; }
static void with_ece(struct tcp_seg *s) { s->h.flags |= TCP_ECE; }
static void other_port(struct tcp_seg *s) { s->flow.remote.port++; }
static void other_peer(struct tcp_seg *s) { s->flow.remote.ip.b[15]++; }
static void other_self(struct tcp_seg *s) { s->flow.local.ip.b[15]++; }
static void marked(struct tcp_seg *s) { s->pkt->tos = 3; }
static void empty(struct tcp_seg *s) { s->len = 0; }

static void what_differs_is_left_alone(void **state)
{
    static void (*const change[])(struct tcp_seg *) = {
        gap, overlap, other_ack, other_window, later_clock, other_echo, no_timestamp, with_sack, with_fin, with_urg,
        with_rst, with_ece, other_port, other_peer, other_self, marked, empty,
    };
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(change); i++) {
        struct tcp_seg first = text(b->s, 1, 0, SIZE), second = text(b->s, 1, SIZE, SIZE);
        struct merge m = {0};

        merge_hold(&m, &first);
        change[i](&second);
        if (merge_add(&m, &second))
            fail_msg("change %zu was merged", i);
        assert_int_equal(m.held.len, SIZE);
        pkt_release(second.pkt);
        release_held(&m);
    }
}

static void nothing_follows_a_shorter_piece(void **state)
{
    struct core_bench *b = *state;
    struct tcp_seg first = text(b->s, 1, 0, SIZE), shorter = text(b->s, 1, SIZE, 100);
    struct tcp_seg after = text(b->s, 1, SIZE + 100, SIZE), longer = text(b->s, 1, SIZE, SIZE + 1);
    struct merge m = {0};

    merge_hold(&m, &first);
    assert_false(merge_add(&m, &longer));
    assert_true(merge_add(&m, &shorter));
    assert_false(merge_add(&m, &after));
    pkt_release(after.pkt);
    pkt_release(longer.pkt);
    release_held(&m);
}

static void only_plain_text_is_held(void **state)
{
    static void (*const change[])(struct tcp_seg *) = {with_sack, with_fin, with_urg, with_rst, with_ece, empty};
    struct core_bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(change); i++) {
        struct tcp_seg seg = text(b->s, 1, 0, SIZE);

        change[i](&seg);
        assert_false(merge_may_hold(&seg));
        pkt_release(seg.pkt);
    }
}

static void a_merged_segment_holds_as_much_as_a_packet_can(void **state)
{
    struct core_bench *b = *state;
    struct tcp_seg seg = text(b->s, 1, 0, SIZE);
    struct merge m = {0};
    uint32_t n = 1;

    for (merge_hold(&m, &seg); seg = text(b->s, 1, n * SIZE, SIZE), merge_add(&m, &seg); n++)
        ;
    assert_int_equal(n, PKT_SPANS + 1);
    pkt_release(seg.pkt);
    release_held(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_in_order_becomes_one_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lone_segment_is_given_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(what_differs_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_follows_a_shorter_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(only_plain_text_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(a_merged_segment_holds_as_much_as_a_packet_can, setup, teardown),
    };

    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
