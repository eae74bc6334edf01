/* SPDX-License-Identifier: MIT */
/* The segments in flight, and what the peer says of them (src/tcp/sndmap.c): RFC 2018, RFC 6675; streams of operations. */
#include "sndmap_bench.h"

/* ---- cumulative acknowledgments ---- */

static void what_is_acknowledged_leaves_the_map(void **state)
{
    each_start(start) {
        struct sndmap_news n;
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sndmap_pipe(&b.m), 10);
        n = ack(&b, 3 * MSS);
        assert_int_equal(n.delivered, 3);
        assert_int_equal(n.acked, 3);
        assert_int_equal(n.first_at, 1);
        assert_int_equal(n.last_at, 3);
        assert_true(n.proof && n.latest.at == 3 && n.newest.at == 3);
        assert_int_equal(b.m.total, 7);
        n = ack(&b, 3 * MSS);
        assert_int_equal(n.delivered, 0);
        assert_int_equal(n.first_at, WEFT_NEVER);
        assert_int_equal(ack(&b, 10 * MSS).acked, 7);
        assert_int_equal(b.m.total, 0);
        assert_true(seq_eq(b.m.una, seq(start + 10 * MSS)));
        check_map(&b.m);
        bench_check(&b);
    }
}

/* RFC 3465: splitting acknowledgments delivers nothing sooner */
static void only_whole_segments_of_a_super_segment_count(void **state)
{
    static const struct {
        uint32_t at, acked;
    } rows[] = {{1, 0}, {MSS - 1, 0}, {MSS, 1}, {3 * MSS + 500, 2}, {4 * MSS, 1}, {10 * MSS - 1, 5}, {10 * MSS, 1}};

    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send(&b, 10 * MSS, 7);
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            assert_int_equal(ack(&b, rows[i].at).acked, rows[i].acked);
            check_map(&b.m);
        }
        bench_check(&b);
    }
}

static void an_empty_map_owns_no_heap(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 50 * MSS);
    send_many(&b, SNDMAP_SMALL);
    assert_int_equal(b.r.mem->total, 0);
    send_many(&b, 100);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    assert_true(resend(&b, 0, MSS, 200));
    assert_true(b.r.mem->total > 0);
    ack(&b, (100 + SNDMAP_SMALL) * MSS);
    assert_int_equal(b.r.mem->total, 0);
    bench_check(&b);
}

/* Neither a few segments of which one went again, nor many of which none did, leave anything behind. */
static void nothing_is_kept_of_what_has_arrived(void **state)
{
    for (unsigned again = 0; again <= 1; again++) {
        struct bench b;

        bench_init(&b, 0u - 2 * MSS);
        send_many(&b, again ? 2 : 4 * SNDMAP_SMALL);
        if (again)
            assert_true(resend(&b, 0, MSS, 500));
        assert_true(b.r.mem->total > 0);
        ack(&b, b.m.total * MSS);
        assert_int_equal(b.m.count, 0);
        assert_int_equal(b.r.mem->total, 0);
        bench_check(&b);
    }
}

static void what_a_peer_can_make_us_keep_is_bounded(void **state)
{
    struct bench b;
    uint32_t n = 0;

    bench_init(&b, 0x7fffff00);
    while (sndmap_reserve(&b.m, b.r.mem, 1)) {
        send(&b, 2 * MSS, 1);
        n++;
    }
    assert_int_equal(n, SNDMAP_MAX);
    assert_int_equal(sack(&b, MSS, 2 * MSS), 0); /* no room to cut */
    check_map(&b.m);
    ack(&b, 4 * MSS);
    assert_int_equal(sack(&b, 5 * MSS, 6 * MSS), 1);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- round trips (Karn) ---- */

/* R6298-3, MUST-18 */
static void a_segment_sent_again_gives_no_sample(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 2);
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, 0, MSS, 100);
    n = ack(&b, MSS);
    assert_true(n.again);
    assert_int_equal(n.first_at, WEFT_NEVER);
    n = ack(&b, 2 * MSS);
    assert_false(n.again);
    assert_int_equal(n.first_at, 2);
    bench_check(&b);
}

static void a_sacked_segment_gives_its_sample_when_it_is_sacked(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 4);
    assert_int_equal(sack(&b, 2 * MSS, 3 * MSS), 1);
    assert_int_equal(b.news.first_sacked_at, 3);
    assert_int_equal(b.news.delivered, 1);
    n = ack(&b, 3 * MSS);
    assert_int_equal(n.last_at, 2); /* not again that of the third */
    assert_int_equal(n.delivered, 2);
    assert_int_equal(n.acked, 3);
    bench_check(&b);
}

/* RFC 8985 §6.2 step 2: it is the first copy that arrived */
static void a_copy_that_came_back_too_soon_proves_nothing(void **state)
{
    static const struct {
        weft_time min_rtt, echo_until;
        bool proof;
    } rows[] = {{50, WEFT_NEVER, true}, {51, WEFT_NEVER, false}, {0, 149, false}, {0, 150, true}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct sndmap_news n;
        struct bench b;

        bench_init(&b, 0);
        send_many(&b, 3);
        sndmap_lose_first(&b.m, b.r.mem, MSS);
        resend(&b, 0, MSS, 150);
        sndmap_news_init(&n, 200, MSS);
        n.min_rtt = rows[i].min_rtt;
        n.echo_until = rows[i].echo_until;
        sndmap_ack(&b.m, b.r.mem, seq(MSS), &n);
        assert_int_equal(n.proof, rows[i].proof);
        bench_check(&b);
    }
}

/* RFC 7323 §4.3: the timestamp that is echoed with a block is that of what stands at the left edge */
static void what_is_echoed_with_a_block_says_nothing_of_the_copy_in_it(void **state)
{
    struct tcp_sack_block block = {seq(2 * MSS), seq(3 * MSS)};
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 3);
    resend_as(&b, 2 * MSS, 3 * MSS, 150, true);
    sndmap_news_init(&n, 200, MSS);
    n.echo_until = 100;
    sndmap_sack(&b.m, b.r.mem, block, &n);
    assert_int_equal(n.sacked, 1);
    assert_true(n.proof);
    assert_int_equal(n.proof_at, 150);
    bench_check(&b);
}

/* ---- SACK ---- */

/* R2018-8: the data stays until it is acknowledged for good */
static void a_sacked_segment_stays_in_the_map(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 2);
        assert_int_equal(sack(&b, 3 * MSS, 5 * MSS), 0);
        assert_int_equal(sack(&b, 2 * MSS, 6 * MSS), 2);
        assert_int_equal(b.m.total, 10);
        assert_int_equal(sndmap_pipe(&b.m), 6);
        check_map(&b.m);
        assert_int_equal(ack(&b, 10 * MSS).delivered, 6); /* delivered is told once */
        assert_int_equal(b.m.sacked, 0);
        bench_check(&b);
    }
}

static void a_block_cuts_super_segments_at_segment_boundaries(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 1500);
    send(&b, 10 * MSS, 1);
    assert_int_equal(sack(&b, 2500, 7500), 4); /* of 3 to 7 */
    assert_int_equal(b.m.count, 3);
    assert_int_equal(sack(&b, 7000, 10 * MSS), 3);
    assert_int_equal(b.m.count, 3);
    check_map(&b.m);
    bench_check(&b);
}

/* The answer to a peer that acknowledges byte by byte: no more entries than segments, none for a part of one. */
static void blocks_of_a_byte_make_no_entries(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send(&b, 20 * MSS, 1);
    for (uint32_t at = 1; at < 20 * MSS - 1; at += 2)
        assert_int_equal(sack(&b, at, at + 1), 0);
    assert_int_equal(b.m.count, 1);
    for (uint32_t at = MSS; at < 20 * MSS; at += MSS)
        sack(&b, at, at + MSS);
    assert_true(b.m.count <= 20);
    check_map(&b.m);
    bench_check(&b);
}

/* R2018-bad: each against 10 segments of which the first two are acknowledged */
static void an_invalid_block_is_ignored(void **state)
{
    static const struct {
        uint32_t from, to;
    } rows[] = {
        {3000, 3000},              /* empty */
        {4000, 3000},              /* the wrong way round */
        {2000, 4000},              /* from the very byte that the acknowledgment asks for */
        {1000, 2000},              /* acknowledged: a D-SACK */
        {0, 10000},                /* over all of it */
        {1000, 4000},
        {9000, 10001},             /* never sent */
        {10000, 11000},
        {20000, 21000},
        {3000, 2000 + 0x80000000}, /* longer than half the space */
        {3000, 1000},
        {2000 + 0x7fffffffu, 1999}, /* each half of it looks in order */
        {2000 + 0x7fffffffu, 1998},
        {2000 + 0x7fffffffu, 1000},
        {2000 + 0x7ffffffeu, 2000 + 0xfffffffdu},
        {2000 + 0x80000000u, 2000 + 0x80000001},
        {0xfffffff0, 3000},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 10);
            ack(&b, 2000);
            assert_int_equal(sack(&b, rows[i].from, rows[i].to), 0);
            assert_int_equal(b.m.count, 8);
            check_map(&b.m);
            assert_int_equal(ack(&b, 10000).delivered, 8);
            bench_check(&b);
        }
}

/* R2018-bad: whatever blocks come, nothing breaks and nothing is counted twice */
static void no_block_of_any_numbers_breaks_the_map(void **state)
{
    each_start(start) {
        uint32_t told = 0;
        struct bench b;

        bench_init(&b, start);
        for (unsigned round = 0; round < 10; round++) {
            uint32_t end = 100000 * (round + 1);

            while (sndmap_end(&b.m).v - start < end)
                send(&b, (1 + room_below(&b.r, 4)) * MSS, 1);
            for (unsigned i = 0; i < 20000; i++) {
                uint32_t from = (uint32_t)rng_u64(&b.r.rng), to = (uint32_t)rng_u64(&b.r.rng);

                if (i % 4 == 0) /* near what is in flight, so that some do mean something */
                    from = end - room_below(&b.r, 120000);
                if (i % 8 == 0)
                    to = from + room_below(&b.r, 6000) - 500;
                told += sack(&b, from, to);
            }
            check_map(&b.m);
            told += ack(&b, (end - 50000) / MSS * MSS).delivered;
        }
        assert_int_equal(told + sndmap_pipe(&b.m), (sndmap_end(&b.m).v - start) / MSS);
        bench_check(&b);
    }
}

/* A hole that fills without having been sent again came late; a retransmission proves no such thing. */
static void reordering_is_seen_by_sack_and_by_acknowledgment(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 6 * MSS, 7 * MSS);
    assert_false(b.news.reordered);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_true(b.news.reordered);
    assert_int_equal(b.news.reorder.v, 4 * MSS);
    n = ack(&b, MSS);
    assert_true(n.reordered && seq_eq(n.reorder, seq(0)));
    sndmap_lose_first(&b.m, b.r.mem, MSS);
    resend(&b, MSS, 2 * MSS, 500);
    assert_false(ack(&b, 2 * MSS).reordered);
    bench_check(&b);
}

/* A delayed acknowledgment, sent at once when what comes next leaves a hole, takes one away and reports one behind it. */
static void what_is_acknowledged_with_the_first_block_was_not_late(void **state)
{
    struct tcp_sack_block block = {seq(2 * MSS), seq(3 * MSS)};
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 5);
    sndmap_news_init(&n, 200, MSS);
    n.highest = sndmap_highest(&b.m);
    sndmap_sack(&b.m, b.r.mem, block, &n);
    sndmap_ack(&b.m, b.r.mem, seq(MSS), &n);
    assert_int_equal(n.delivered, 2);
    assert_false(n.reordered);
    assert_true(ack(&b, 2 * MSS).reordered);
    bench_check(&b);
}

/* RFC 2883: the copy that it reports is not under way any more */
static void a_reported_duplicate_takes_the_copy_out_of_the_pipe(void **state)
{
    struct tcp_sack_block block = {seq(2 * MSS), seq(3 * MSS)};
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 6);
    sack(&b, 3 * MSS, 6 * MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 3);
    resend(&b, 0, MSS, 50);
    resend(&b, MSS, 2 * MSS, 50);
    resend(&b, 2 * MSS, 3 * MSS, 50);
    assert_int_equal(b.m.again, 3);
    assert_int_equal(sndmap_duplicate(&b.m, block), 1);
    assert_int_equal(b.m.again, 2);
    block.end = seq(7 * MSS); /* beyond what was sent: it says nothing */
    assert_int_equal(sndmap_duplicate(&b.m, block), 0);
    assert_int_equal(b.m.again, 2);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- streams of operations ---- */

/* The invariants hold after every operation, with memory and without; what is acknowledged in the end was all sent. */
static void run_stream(uint32_t start, uint32_t refuse_ppm, unsigned ops)
{
    static struct bench b;

    memset(&b, 0, sizeof b);
    bench_init(&b, start);
    b.r.refuse_ppm = refuse_ppm;
    for (unsigned op = 0; op < ops; op++) {
        operate(&b);
        check_map(&b.m);
    }
    ack(&b, sndmap_end(&b.m).v - b.start);
    assert_int_equal(b.m.total + b.m.sacked + b.m.lost + b.m.again + b.m.due, 0);
    bench_check(&b);
}

static void its_invariants_hold_after_any_operation(void **state)
{
    each_start(start)
        run_stream(start, 0, 60000);
}

static void its_invariants_hold_when_memory_fails(void **state)
{
    each_start(start) {
        run_stream(start, 20000, 20000);
        run_stream(start, 500000, 20000);
    }
}

/* A block that begins behind the first byte is a report, even if by one: what it covers whole has arrived. */
static void a_block_may_begin_at_the_second_byte(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 1);
    send_many(&b, 3);
    assert_int_equal(sack(&b, 1, 3 * MSS), 2);
    check_map(&b.m);
    bench_check(&b);
}

/* Whose PSH goes again: of what is asked for, and neither of what lies behind it nor of what lay there once. */
static void only_what_goes_again_is_asked_for_its_push(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 2 * MSS);
    send_many(&b, 4);
    sndmap_at(&b.m, 3)->flags |= SENT_PUSH;
    assert_false(sndmap_is_pushed(&b.m, seq(b.start + 0), seq(b.start + 3 * MSS)));
    assert_true(sndmap_is_pushed(&b.m, seq(b.start + 2 * MSS), seq(b.start + 4 * MSS)));
    assert_false(sndmap_is_pushed(&b.m, seq(b.start + 3 * MSS), seq(b.start + 4 * MSS - 1)));
    for (uint32_t i = 0; i < 4; i++)
        sndmap_at(&b.m, i)->flags |= SENT_PUSH;
    ack(&b, 4 * MSS);
    send_many(&b, 1);
    assert_false(sndmap_is_pushed(&b.m, seq(b.start + 4 * MSS), seq(b.start + 9 * MSS)));
    bench_check(&b);
}

/* Of a copy that is only half reported as a duplicate nobody knows that it was needless. */
static void half_a_duplicate_is_none(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 3);
    assert_true(resend_as(&b, 0, MSS, 50, true));
    assert_int_equal(sndmap_duplicate(&b.m, (struct tcp_sack_block){seq(MSS / 2), seq(2 * MSS)}), 0);
    assert_int_equal(sndmap_duplicate(&b.m, (struct tcp_sack_block){seq(MSS / 2), seq(MSS)}), 0);
    bench_check(&b);
}

/* What is cut in two moves the places behind it: the same segments have been looked at. */
static void cutting_keeps_count_of_what_was_looked_at(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send(&b, 4 * MSS, 1);
    send_many(&b, 2);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_int_equal(detect(&b, 100, 1, 5 * MSS, 10).segments, 4);
    assert_int_equal(b.m.fresh_from, 2);
    sack(&b, 2 * MSS, 3 * MSS); /* three of one */
    assert_int_equal(b.m.count, 5);
    assert_int_equal(b.m.fresh_from, 4);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- room ---- */

/* What fits needs no memory; what does not has its room doubled until it does, up to the most. */
static void room_is_doubled_when_it_is_full_and_no_sooner(void **state)
{
    static const struct {
        uint32_t entries, room;
    } rows[] = {{SNDMAP_SMALL, SNDMAP_SMALL}, {SNDMAP_SMALL + 1, 2 * SNDMAP_SMALL}, {2 * SNDMAP_SMALL, 2 * SNDMAP_SMALL},
                {8 * SNDMAP_SMALL, 8 * SNDMAP_SMALL}, {SNDMAP_MAX, SNDMAP_MAX}};
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(sndmap_reserve(&b.m, b.r.mem, rows[i].entries));
        assert_int_equal(b.m.room, rows[i].room);
        assert_int_equal(b.m.heap != NULL, rows[i].room > SNDMAP_SMALL);
    }
    assert_false(sndmap_reserve(&b.m, b.r.mem, SNDMAP_MAX + 1));
    assert_int_equal(b.m.room, SNDMAP_MAX);
    bench_check(&b);
}

/* ---- a FIN ---- */

/* It rides for nothing: behind what goes again there are as many segments as the text fills. */
static void a_fin_behind_a_cut_is_no_text(void **state)
{
    static const struct {
        uint32_t text, segments;
        bool fin;
    } rows[] = {{MSS, 1, true}, {MSS + 1, 2, true}, {2 * MSS, 2, true}, {MSS, 1, false}, {MSS + 1, 2, false}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct bench b;

        bench_init(&b, 0u - MSS);
        send(&b, MSS + rows[i].text, 1);
        if (rows[i].fin) {
            sndmap_at(&b.m, 0)->end = seq_add(sndmap_at(&b.m, 0)->end, 1);
            sndmap_at(&b.m, 0)->flags |= SENT_FIN;
        }
        assert_true(resend(&b, 0, MSS, 100));
        assert_int_equal(sndmap_at(&b.m, 1)->segments, rows[i].segments);
        assert_int_equal(b.m.total, 1 + rows[i].segments);
        bench_check(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_doubled_when_it_is_full_and_no_sooner),
        cmocka_unit_test(a_fin_behind_a_cut_is_no_text),
        cmocka_unit_test(cutting_keeps_count_of_what_was_looked_at),
        cmocka_unit_test(half_a_duplicate_is_none),
        cmocka_unit_test(only_what_goes_again_is_asked_for_its_push),
        cmocka_unit_test(a_block_may_begin_at_the_second_byte),
        cmocka_unit_test(what_is_acknowledged_leaves_the_map),
        cmocka_unit_test(only_whole_segments_of_a_super_segment_count),
        cmocka_unit_test(an_empty_map_owns_no_heap),
        cmocka_unit_test(nothing_is_kept_of_what_has_arrived),
        cmocka_unit_test(what_a_peer_can_make_us_keep_is_bounded),
        cmocka_unit_test(a_segment_sent_again_gives_no_sample),
        cmocka_unit_test(a_sacked_segment_gives_its_sample_when_it_is_sacked),
        cmocka_unit_test(a_copy_that_came_back_too_soon_proves_nothing),
        cmocka_unit_test(what_is_echoed_with_a_block_says_nothing_of_the_copy_in_it),
        cmocka_unit_test(a_sacked_segment_stays_in_the_map),
        cmocka_unit_test(a_block_cuts_super_segments_at_segment_boundaries),
        cmocka_unit_test(blocks_of_a_byte_make_no_entries),
        cmocka_unit_test(an_invalid_block_is_ignored),
        cmocka_unit_test(no_block_of_any_numbers_breaks_the_map),
        cmocka_unit_test(reordering_is_seen_by_sack_and_by_acknowledgment),
        cmocka_unit_test(what_is_acknowledged_with_the_first_block_was_not_late),
        cmocka_unit_test(a_reported_duplicate_takes_the_copy_out_of_the_pipe),
        cmocka_unit_test(its_invariants_hold_after_any_operation),
        cmocka_unit_test(its_invariants_hold_when_memory_fails),
    };

    return cmocka_run_group_tests_name("sndmap", tests, NULL, NULL);
}
