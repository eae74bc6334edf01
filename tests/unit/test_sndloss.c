/* SPDX-License-Identifier: MIT */
/* Which segments in flight are lost, and sending them again (src/tcp/sndloss.c): RFC 2018 §8, RFC 6675, RFC 8985 §6.2. */
#include "sndmap_bench.h"

/* ---- loss by count (RFC 6675 §4, IsLost) ---- */

/* 20 segments, of which these are sacked */
static void lost_is_what_has_enough_sacked_behind_it(void **state)
{
    static const struct {
        uint32_t sacked[4][2]; /* segments from, to */
        unsigned lost;         /* how many from the first on, sacked ones among them */
    } rows[] = {
        {{{0}}, 0},
        {{{19, 20}}, 0},
        {{{18, 20}}, 0},
        {{{17, 20}}, 17},
        {{{5, 6}, {7, 8}, {9, 10}}, 5},        /* three discontiguous sequences */
        {{{5, 6}, {7, 8}}, 0},
        {{{5, 6}, {7, 8}, {9, 10}, {11, 12}}, 7},
        {{{1, 2}, {17, 20}}, 17},
        {{{1, 20}}, 1},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t expected = rows[i].lost;
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 20);
            for (unsigned k = 0; k < 4 && rows[i].sacked[k][1]; k++) {
                sack(&b, rows[i].sacked[k][0] * MSS, rows[i].sacked[k][1] * MSS);
                for (unsigned n = rows[i].sacked[k][0]; n < rows[i].sacked[k][1]; n++)
                    expected -= n < rows[i].lost;
            }
            assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), expected);
            assert_int_equal(b.m.lost, expected);
            assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 0);
            check_map(&b.m);
            bench_check(&b);
        }
}

static void what_was_sent_again_is_not_found_lost_again_by_count(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, 5 * MSS, 10 * MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 5);
    assert_true(resend(&b, 0, 5 * MSS, 50));
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 0);
    assert_int_equal(sndmap_pipe(&b.m), 5);
    assert_next_due(&b, MSS, 0, 0);
    check_map(&b.m);
    bench_check(&b);
}

/*
 * Nothing can be told yet of the last one, which is sacked: so far no place was looked at. That a probe sends it again
 * counts nothing among the places behind which there is enough.
 */
static void a_probe_of_what_nobody_has_counted_counts_nothing(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 1);
    sack(&b, 0, MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 0);
    assert_true(resend_as(&b, 0, MSS, 50, true));
    check_map(&b.m);
    assert_int_equal(b.m.count_from, 0);
    assert_int_equal(b.m.count_sacked, 0);
    bench_check(&b);
}

/* How often one was sent again is told up to 255 times, and never less than it was. */
static void no_segment_forgets_that_it_was_sent_again(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 1);
    for (unsigned i = 1; i <= 300; i++) {
        sndmap_lose_all(&b.m, WEFT_NEVER, false);
        assert_true(resend(&b, 0, MSS, 10 + i));
        assert_int_equal(sndmap_at(&b.m, 0)->times, i < 255 ? i : 255);
    }
    bench_check(&b);
}

/* ---- loss by time (RFC 8985 §6.2) ---- */

/* Ten segments sent at 1, 2, ... 10; the n-th is the proof, at this time with this patience */
static void what_was_sent_long_before_the_proof_is_lost(void **state)
{
    static const struct {
        unsigned proof;
        weft_time now, patience;
        uint32_t lost;
        weft_time wait;
    } rows[] = {
        {1, 100, 10, 0, 0},   /* nothing was sent before it */
        {5, 100, 10, 4, 0},
        {10, 100, 10, 9, 0},
        {5, 100, 99, 1, 3},   /* the first is 99 old; the fourth will be in three more */
        {5, 100, 98, 2, 2},
        {5, 100, 200, 0, 104},
    };

    each_start(start)
        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            uint32_t end = rows[i].proof * MSS;
            struct sndmap_lost found;
            struct bench b;

            bench_init(&b, start);
            send_many(&b, 10);
            if (rows[i].proof > 1)
                sack(&b, end - MSS, end);
            found = detect(&b, rows[i].now, rows[i].proof, end, rows[i].patience);
            assert_int_equal(found.segments, rows[i].lost);
            assert_int_equal(found.wait, rows[i].wait);
            check_map(&b.m);
            bench_check(&b);
        }
}

static void segments_of_one_moment_are_in_order_of_sequence(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 2000);
    for (unsigned i = 0; i < 5; i++)
        send(&b, MSS, 7);
    sack(&b, 2 * MSS, 3 * MSS);
    assert_int_equal(detect(&b, 100, 7, 3 * MSS, 10).segments, 2);
    check_map(&b.m);
    bench_check(&b);
}

/* The middle of what went again in one piece has arrived: both its ends are found lost by what was sent after it. */
static void what_is_left_of_a_retransmission_is_found_lost_on_both_sides(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 8);
    sack(&b, 5 * MSS, 8 * MSS);
    assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), 5);
    assert_true(resend(&b, 0, 5 * MSS, 50));
    sack(&b, 2 * MSS, 3 * MSS);
    send(&b, MSS, 60);
    sack(&b, 8 * MSS, 9 * MSS);
    assert_int_equal(detect(&b, 1000, 60, 9 * MSS, 10).segments, 4);
    check_map(&b.m);
    bench_check(&b);
}

/* A retransmission is found lost by what was sent after it, however early its bytes are. */
static void a_lost_retransmission_is_found(void **state)
{
    struct sndmap_lost found;
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 5);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_int_equal(detect(&b, 20, 5, 5 * MSS, 10).segments, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(resend(&b, i * MSS, (i + 1) * MSS, 21 + i));
    send(&b, MSS, 30);
    sack(&b, 5 * MSS, 6 * MSS);
    found = detect(&b, 34, 30, 6 * MSS, 11); /* the first two are 13 and 12 old, the others wait */
    assert_int_equal(found.segments, 3);
    assert_int_equal(found.again, 3);
    assert_int_equal(found.wait, 1);
    assert_next_due(&b, MSS, 0, MSS);
    found = detect(&b, 35, 30, 6 * MSS, 11);
    assert_int_equal(found.segments, 1);
    check_map(&b.m);
    bench_check(&b);
}

/*
 * Retransmissions wait in the order in which they went, however many: what went first is found lost first (RFC 8985 §6.2),
 * although the queue has grown, and began in its middle when it did. What has arrived in between makes room in it.
 */
static void many_retransmissions_are_found_in_their_order(void **state)
{
    enum { N = 200, EARLY = 6 }; /* the queue begins with room for eight */
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, N);
    assert_int_equal(sndmap_lose_all(&b.m, WEFT_NEVER, false).segments, N);
    for (unsigned i = 0; i < EARLY; i++)
        assert_true(resend(&b, i * MSS, (i + 1) * MSS, 1001 + i));
    b.now = 1010;
    ack(&b, EARLY * MSS);
    assert_int_equal(detect(&b, 1010, 1000 + EARLY, EARLY * MSS, 500).segments, 0);
    for (unsigned i = EARLY; i < N; i++)
        assert_true(resend(&b, i * MSS, (i + 1) * MSS, 1011 + i));
    send(&b, MSS, 2000);
    sack(&b, N * MSS, (N + 1) * MSS);
    for (unsigned i = EARLY; i < N; i++) {
        struct sndmap_lost found = detect(&b, 2011 + i, 2000, (N + 1) * MSS, 1000);

        assert_int_equal(found.segments, 1);
        assert_int_equal(found.again, 1);
        assert_int_equal(found.wait, i + 1 == N ? 0 : min_u32(N - 1 - i, 32)); /* as far as it looks ahead */
        assert_int_equal(b.m.due, i - EARLY + 1);
    }
    assert_next_due(&b, MSS, EARLY * MSS, (EARLY + 1) * MSS);
    check_map(&b.m);
    bench_check(&b);
}

/* Without memory for a longer queue what fits goes again, and what does not changes nothing. */
static void without_memory_no_more_goes_again_than_can_be_waited_for(void **state)
{
    struct bench b;
    unsigned sent;

    bench_init(&b, 0);
    send_many(&b, 20);
    sndmap_lose_all(&b.m, WEFT_NEVER, false);
    assert_true(resend(&b, 0, MSS, 101)); /* the first makes the queue */
    room_refuse_all(&b.r, true);
    for (sent = 1; sent < 20 && resend(&b, sent * MSS, (sent + 1) * MSS, 101 + sent); sent++)
        check_map(&b.m);
    assert_int_equal(sent, 8);
    assert_int_equal(b.m.due, 20 - sent);
    assert_next_due(&b, MSS, sent * MSS, (sent + 1) * MSS);
    room_refuse_all(&b.r, false);
    assert_true(resend(&b, sent * MSS, (sent + 1) * MSS, 200));
    check_map(&b.m);
    bench_check(&b);
}

static void what_arrived_is_not_found_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 4);
    sack(&b, 3 * MSS, 4 * MSS);
    assert_int_equal(detect(&b, 20, 4, 4 * MSS, 10).segments, 3);
    assert_true(resend(&b, 0, MSS, 21));
    assert_int_equal(sack(&b, MSS, 2 * MSS), 1); /* late, not lost */
    ack(&b, MSS);
    send(&b, MSS, 40);
    assert_int_equal(detect(&b, 100, 40, 5 * MSS, 10).segments, 0);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- time-outs and the rest ---- */

/* RFC 8985 §6.3: what went out less than a round trip ago has not timed out; SACK marks stay */
static void a_timeout_loses_the_first_and_what_is_old(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        send_many(&b, 10);
        sack(&b, 5 * MSS, 6 * MSS);
        assert_int_equal(sndmap_lose_all(&b.m, 4, false).segments, 3);
        assert_int_equal(b.m.sacked, 1);
        check_map(&b.m);
        assert_int_equal(sndmap_lose_all(&b.m, WEFT_NEVER, false).segments, 6);
        assert_int_equal(sndmap_pipe(&b.m), 0);
        assert_next_due(&b, MSS, 0, MSS); /* the left edge first */
        check_map(&b.m);
        bench_check(&b);
    }
}

/* R2018-8: the peer has thrown away what it sacked */
static void a_peer_that_reneges_has_nothing(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sack(&b, MSS, 6 * MSS);
    assert_int_equal(sndmap_lose_all(&b.m, 0, true).segments, 10);
    assert_int_equal(b.m.sacked, 0);
    assert_int_equal(b.m.lost, 10);
    assert_int_equal(sack(&b, 5 * MSS, 10 * MSS), 5);
    assert_int_equal(b.m.lost, 5);
    check_map(&b.m);
    bench_check(&b);
}

static void nothing_is_lost_when_the_loss_was_none(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, 10);
    sndmap_lose_all(&b.m, WEFT_NEVER, false);
    resend(&b, 0, MSS, 100);
    sndmap_find_all(&b.m);
    assert_int_equal(b.m.lost, 0);
    assert_next_due(&b, MSS, 0, 0);
    sack(&b, 9 * MSS, 10 * MSS);
    assert_int_equal(detect(&b, 200, 10, 10 * MSS, 50).segments, 8); /* again, but for the copy under way */
    check_map(&b.m);
    bench_check(&b);
}

/* R6582-1's next hole: one segment's worth of it, whatever it was sent in */
static void the_first_segment_is_lost_alone(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 10);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 0);
    send(&b, 10 * MSS, 1);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 1);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 0);
    assert_next_due(&b, 64 * MSS, 0, MSS);
    assert_true(resend(&b, 0, MSS, 5));
    assert_int_equal(b.m.again, 1);
    check_map(&b.m);
    bench_check(&b);
}

static void of_two_in_one_the_first_is_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send(&b, 2 * MSS, 1);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 1);
    assert_next_due(&b, 64 * MSS, 0, MSS);
    check_map(&b.m);
    bench_check(&b);
}

static void without_memory_the_whole_first_segment_is_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < SNDMAP_SMALL; i++)
        send(&b, 10 * MSS, 1);
    room_refuse_all(&b.r, true);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, MSS), 10);
    check_map(&b.m);
    room_refuse_all(&b.r, false);
    bench_check(&b);
}

static void segments_that_the_path_does_not_take_are_lost(void **state)
{
    static const uint32_t lens[] = {1000, 500, 3000, 1500, 1000};
    struct bench b;

    bench_init(&b, 0u - 3000);
    for (unsigned i = 0; i < ARRAY_LEN(lens); i++)
        send(&b, lens[i], 1);
    assert_int_equal(sndmap_lose_larger(&b.m, 700), 7); /* all but the one of 500 */
    check_map(&b.m);
    bench_check(&b);
}

/* Nothing behind the last entry is looked at: there may be what another left there. */
static void what_left_the_map_is_not_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, SNDMAP_SMALL);
    sndmap_lose_all(&b.m, WEFT_NEVER, false);
    assert_true(resend(&b, 0, 2 * MSS, 50)); /* two of them are one */
    assert_int_equal(b.m.count, SNDMAP_SMALL - 1);
    sndmap_find_all(&b.m);
    assert_int_equal(sndmap_lose_larger(&b.m, MSS), 0);
    check_map(&b.m);
    bench_check(&b);
}

/* ---- what goes out again ---- */

static void lost_segments_that_follow_each_other_go_out_as_one(void **state)
{
    each_start(start) {
        struct bench b;

        bench_init(&b, start);
        for (unsigned i = 0; i < 20; i++)
            send(&b, 300, 1);
        sndmap_lose_all(&b.m, WEFT_NEVER, false);
        assert_next_due(&b, MSS, 0, 900); /* whole ones */
        assert_true(resend(&b, 0, 900, 50));
        check_map(&b.m);
        assert_int_equal(sndmap_at(&b.m, 0)->end.v - start, 900);
        assert_int_equal(b.m.count, 18);
        assert_next_due(&b, 700, 900, 1500);
        assert_true(resend(&b, 900, 1000, 51)); /* and only the front of what was offered */
        assert_next_due(&b, 64 * MSS, 1000, 6000);
        check_map(&b.m);
        bench_check(&b);
    }
}

static void a_due_run_ends_where_something_is_not_lost(void **state)
{
    struct bench b;

    bench_init(&b, 0u - 5 * MSS);
    send_many(&b, 12);
    sack(&b, 3 * MSS, 4 * MSS);
    sack(&b, 7 * MSS, 12 * MSS);
    sndmap_detect_by_count(&b.m, THRESH);
    assert_next_due(&b, 64 * MSS, 0, 3 * MSS);
    assert_true(resend(&b, 0, 3 * MSS, 50));
    assert_next_due(&b, 64 * MSS, 4 * MSS, 7 * MSS);
    assert_true(resend(&b, 4 * MSS, 5 * MSS, 51));
    assert_next_due(&b, 64 * MSS, 5 * MSS, 7 * MSS);
    check_map(&b.m);
    bench_check(&b);
}

/* RFC 8985 §7.3: the last segment; it is under way once, as far as anybody counts */
static void a_probe_is_the_last_segment_and_loads_nothing(void **state)
{
    struct seq start;
    struct bench b;
    uint32_t len;

    bench_init(&b, 0u - 100);
    assert_false(sndmap_tail(&b.m, MSS, &start, &len));
    send(&b, MSS, 1);
    send(&b, 3 * MSS + 400, 2);
    assert_true(sndmap_tail(&b.m, MSS, &start, &len));
    assert_int_equal(len, 400);
    assert_true(resend_as(&b, 4 * MSS, 4 * MSS + 400, 9, true));
    assert_int_equal(b.m.again, 0);
    assert_int_equal(sndmap_pipe(&b.m), 5);
    assert_true(ack(&b, 4 * MSS + 400).again);
    bench_check(&b);
}

/* ---- against the definitions ---- */

static bool is_out(const struct sent *s)
{
    return !(s->flags & SENT_SACKED) && (s->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST;
}

/* By time: what is out, went before the proof and is old enough is lost; the last of what is not waits so long. */
static struct sndmap_lost by_time(const struct sndmap *m, const struct sndmap_clock *q)
{
    struct sndmap_lost found = {0};

    for (uint32_t i = 0; i < m->count; i++) {
        const struct sent *s = sndmap_at(m, i);

        if (!is_out(s) || s->at >= q->proof.at)
            continue;
        if (q->now - s->at >= q->patience) {
            found.segments += s->segments;
            found.again += s->flags & SENT_AGAIN ? s->segments : 0;
        } else if (s->at + q->patience - q->now > found.wait) {
            found.wait = s->at + q->patience - q->now;
        }
    }
    return found;
}

static void loss_by_time_is_what_the_definition_says(void **state)
{
    static struct bench b;

    bench_init(&b, 0u - 5000);
    b.believes = true;
    for (unsigned op = 0; op < 60000; op++) {
        operate(&b);
        if (op % 10 == 0) {
            struct sndmap_clock q = {b.now, {b.now - room_below(&b.r, 40), 0, b.m.una}, room_below(&b.r, 60)};
            struct sndmap_lost expected = by_time(&b.m, &q);
            bool few = b.m.count <= 32 && b.m.queue_count <= 32; /* it does not look further ahead */
            struct sndmap_lost found = sndmap_detect_by_time(&b.m, &q);

            assert_int_equal(found.segments, expected.segments);
            assert_int_equal(found.again, expected.again);
            if (few)
                assert_int_equal(found.wait, expected.wait);
            check_map(&b.m);
        }
    }
    bench_check(&b);
}

/* A path that became too narrow loses some in the middle; they go again, and those around them still wait. */
static void what_went_again_hides_nothing_that_waits(void **state)
{
    static const uint32_t lens[] = {500, 1000, 500, 500};
    struct sndmap_lost found;
    struct bench b;

    bench_init(&b, 0);
    for (unsigned i = 0; i < ARRAY_LEN(lens); i++)
        send(&b, lens[i], i + 1);
    assert_int_equal(sndmap_lose_larger(&b.m, 700), 1);
    assert_true(resend(&b, 500, 1500, 20));
    send(&b, 500, 10);
    sack(&b, 2500, 3000);
    found = detect(&b, 21, 10, 3000, 30);
    assert_int_equal(found.segments, 0);
    assert_int_equal(found.wait, 13); /* the fourth, sent at 4 */
    bench_check(&b);
}

/* By count (RFC 6675 §4): sent once, and so many sacked segments lie behind it. R6675-1 */
static uint32_t by_count(const struct sndmap *m, uint32_t thresh)
{
    uint32_t lost = 0, behind = 0;

    for (uint32_t i = m->count; i-- > 0;) {
        const struct sent *s = sndmap_at(m, i);

        if (s->flags & SENT_SACKED)
            behind += s->segments;
        else if (!(s->flags & (SENT_LOST | SENT_EVER)) && behind >= thresh)
            lost += s->segments;
    }
    return lost;
}

static void loss_by_count_is_what_the_definition_says(void **state)
{
    each_start(start) {
        static struct bench b;

        memset(&b, 0, sizeof b);
        bench_init(&b, start);
        b.believes = true;
        for (unsigned op = 0; op < 30000; op++) {
            operate(&b);
            if (op % 3 == 0) {
                uint32_t expected = by_count(&b.m, THRESH), before = b.m.lost;

                assert_int_equal(sndmap_detect_by_count(&b.m, THRESH), expected);
                assert_int_equal(b.m.lost, before + expected);
            }
        }
        bench_check(&b);
    }
}

#define STEP  100u /* segments and cuts of these streams are whole multiples of it */
#define FACTS (400 * MSS / STEP)

/* What the map says of the bytes at one place. */
struct fact {
    weft_time at;
    uint8_t flags, times;
};

static uint32_t read_facts(const struct sndmap *m, struct fact *f)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->count; i++)
        for (uint32_t k = 0; k < len_of(m, i); k += STEP)
            f[n++] = (struct fact){sndmap_at(m, i)->at, sndmap_at(m, i)->flags, sndmap_at(m, i)->times};
    return n;
}

/* The first run of whole due entries, at most `most` bytes, from the entries alone. */
static void check_next_due(struct sndmap *m, uint32_t most)
{
    uint32_t len = 0, expected = 0, i = 0;
    struct seq start;

    while (i < m->count && (sndmap_at(m, i)->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST)
        i++;
    if (i == m->count) {
        assert_false(sndmap_next_due(m, most, &start, &len));
        return;
    }
    assert_true(sndmap_next_due(m, most, &start, &len));
    assert_int_equal(start.v, (i ? sndmap_at(m, i - 1)->end : m->una).v);
    for (; i < m->count && (sndmap_at(m, i)->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST; i++) {
        if (expected && expected + len_of(m, i) > most)
            break;
        expected += min_u32(len_of(m, i), most);
    }
    assert_int_equal(len, expected);
}

/* What is sent again is marked, in one entry, sent once more than ever any of it; all the rest stays as it was. */
static void resend_and_compare(struct bench *b, bool probe)
{
    static struct fact before[FACTS], after[FACTS];
    uint32_t len, n = read_facts(&b->m, before), from, times = 0;
    struct seq start;

    check_next_due(&b->m, (1 + room_below(&b->r, 4)) * MSS);
    if (probe ? !sndmap_tail(&b->m, MSS, &start, &len)
              : !sndmap_next_due(&b->m, (1 + room_below(&b->r, 4)) * MSS, &start, &len))
        return;
    from = (start.v - b->m.una.v) / STEP;
    assert_true(resend_as(b, start.v - b->start, start.v - b->start + len, b->now, probe));
    assert_int_equal(read_facts(&b->m, after), n);
    for (uint32_t i = 0; i < len / STEP; i++)
        times = max_u32(times, before[from + i].times);
    for (uint32_t i = 0; i < n; i++) {
        bool again = i >= from && i < from + len / STEP;
        uint8_t mark = probe ? (uint8_t)(before[i].flags | SENT_EVER) : SENT_EVER | SENT_AGAIN | SENT_LOST;

        assert_int_equal(after[i].at, again ? b->now : before[i].at);
        assert_int_equal(after[i].flags, again ? mark : before[i].flags);
        assert_int_equal(after[i].times, again ? min_u32(times + 1, 255) : before[i].times);
    }
}

static void only_what_is_sent_again_changes(void **state)
{
    each_start(start) {
        static struct bench b;

        memset(&b, 0, sizeof b);
        bench_init(&b, start);
        for (unsigned op = 0; op < 20000; op++) {
            uint32_t flight = sndmap_end(&b.m).v - b.m.una.v, una = b.m.una.v - b.start, what = room_below(&b.r, 100);
            uint32_t place = una + room_below(&b.r, flight / STEP + 1) * STEP;

            b.now++;
            if (what < 35 && flight < 200 * MSS)
                send(&b, (1 + room_below(&b.r, what < 5 ? 80 : 10)) * STEP, b.now);
            else if (what < 45)
                ack(&b, una + room_below(&b.r, min_u32(flight, 3 * MSS) / STEP + 1) * STEP);
            else if (what < 60)
                sack(&b, place, min_u32(place + room_below(&b.r, 60) * STEP, una + flight));
            else if (what < 70)
                sndmap_detect_by_count(&b.m, THRESH);
            else if (what < 72)
                sndmap_lose_all(&b.m, b.now - room_below(&b.r, 100), false);
            else
                resend_and_compare(&b, what < 75);
            check_map(&b.m);
        }
        bench_check(&b);
    }
}

/* RFC 8985 §6.2 step 5: of segments sent at once the later ones are still to come. Found by the model. */
static void what_was_sent_again_behind_the_proof_is_not_lost(void **state)
{
    struct sndmap_lost found;
    struct bench b;

    bench_init(&b, 0u - 3000);
    send_many(&b, 5);
    sack(&b, 4 * MSS, 5 * MSS);
    assert_int_equal(detect(&b, 100, 5, 5 * MSS, 10).segments, 4);
    assert_true(resend(&b, 0, 4 * MSS, 200)); /* as one packet */
    sack(&b, 2 * MSS, 3 * MSS);
    found = detect(&b, 300, 200, 3 * MSS, 10);
    assert_int_equal(found.segments, 2);
    assert_int_equal(found.again, 2);
    assert_int_equal(b.m.again, 1);
    sack(&b, 3 * MSS, 4 * MSS); /* and here it is */
    assert_int_equal(detect(&b, 301, 200, 4 * MSS, 10).segments, 0);
    bench_check(&b);
}

/* The peer's window has grown, and segments with it: what was several is less than one now, and ends where it did. */
static void the_first_of_what_is_less_than_a_segment_by_now_is_all_of_it(void **state)
{
    struct seq start;
    struct bench b;
    uint32_t len;

    bench_init(&b, 0u - 1500);
    send(&b, 3 * MSS, 1);
    send(&b, MSS, 2);
    assert_int_equal(sndmap_lose_first(&b.m, b.r.mem, 16 * MSS), 3);
    check_map(&b.m);
    assert_int_equal(b.m.count, 2);
    assert_true(sndmap_next_due(&b.m, 16 * MSS, &start, &len));
    assert_int_equal(start.v, b.start);
    assert_int_equal(len, 3 * MSS);
    bench_check(&b);
}

/* The front of a train is acknowledged: that proves nothing of the rest of it. Found by the model. */
static void the_front_of_a_train_ends_where_it_was_acknowledged(void **state)
{
    struct sndmap_news n;
    struct bench b;

    bench_init(&b, 0u - 1);
    send(&b, 4 * MSS, 1);
    n = ack(&b, 2 * MSS);
    assert_true(n.proof);
    assert_int_equal(n.latest.end.v - b.start, 2 * MSS);
    assert_int_equal(n.newest.end.v - b.start, 2 * MSS);
    assert_int_equal(b.m.total, 2);
    assert_int_equal(sndmap_end(&b.m).v - b.start, 4 * MSS);
    bench_check(&b);
}

/* ---- how far it is looked ahead ---- */

/* None of forty has waited long enough: the last of the first 32 says when to look again, whether they went once or twice. */
static void how_long_to_wait_is_asked_of_32_at_most(void **state)
{
    for (unsigned again = 0; again <= 1; again++) {
        struct bench b;

        bench_init(&b, 0);
        send_many(&b, 41);
        if (again) {
            sndmap_lose_first(&b.m, b.r.mem, 41 * MSS);
            for (unsigned i = 0; i < 41; i++)
                assert_true(resend(&b, i * MSS, (i + 1) * MSS, 100 + i));
        }
        assert_int_equal(detect(&b, again * 99 + 50, again * 99 + 41, 41 * MSS, 1000).wait, 1000 - (50 - 32));
        bench_check(&b);
    }
}

/* ---- room for what goes again ---- */

/* What goes again is cut out at both ends: with two more entries it still fits. */
static void what_goes_again_needs_room_for_two_more(void **state)
{
    struct bench b;

    bench_init(&b, 0);
    send_many(&b, SNDMAP_SMALL - 2);
    assert_true(resend(&b, 0, MSS, 100));
    assert_null(b.m.heap);
    bench_check(&b);
}

/* Ten segments, of which the first `again` went again and the first `arrived` arrived since. */
static void send_again_and_hear(struct bench *b, uint32_t again, uint32_t arrived)
{
    bench_init(b, 0);
    send_many(b, 10);
    for (uint32_t i = 0; i < again; i++)
        assert_true(resend(b, i * MSS, (i + 1) * MSS, 100 + i));
    ack(b, arrived * MSS);
}

/* While it is not full nothing is done; then what has arrived goes, and if that is a quarter or less there is more room. */
static void room_for_what_goes_again_grows_unless_a_quarter_of_it_is_history(void **state)
{
    static const struct {
        uint32_t again, arrived, room, count;
    } rows[] = {{1, 0, 8, 1}, {7, 0, 8, 7}, {7, 3, 8, 7}, {8, 0, 16, 8}, {8, 1, 16, 7}, {8, 2, 16, 6}, {8, 3, 8, 5}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct bench b;

        send_again_and_hear(&b, rows[i].again, rows[i].arrived);
        assert_true(sndmap_reserve_again(&b.m, b.r.mem));
        assert_int_equal(b.m.queue_room, rows[i].room);
        assert_int_equal(b.m.queue_count, rows[i].count);
        check_map(&b.m);
        bench_check(&b);
    }
}

/* Without memory there is the room that there is. */
static void full_room_without_memory_takes_what_history_leaves(void **state)
{
    for (uint32_t arrived = 0; arrived <= 1; arrived++) {
        struct bench b;

        send_again_and_hear(&b, 8, arrived);
        room_refuse_all(&b.r, true);
        assert_int_equal(sndmap_reserve_again(&b.m, b.r.mem), arrived > 0);
        assert_int_equal(b.m.queue_room, 8);
        check_map(&b.m);
        bench_check(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_long_to_wait_is_asked_of_32_at_most),
        cmocka_unit_test(what_goes_again_needs_room_for_two_more),
        cmocka_unit_test(room_for_what_goes_again_grows_unless_a_quarter_of_it_is_history),
        cmocka_unit_test(full_room_without_memory_takes_what_history_leaves),
        cmocka_unit_test(what_is_left_of_a_retransmission_is_found_lost_on_both_sides),
        cmocka_unit_test(no_segment_forgets_that_it_was_sent_again),
        cmocka_unit_test(lost_is_what_has_enough_sacked_behind_it),
        cmocka_unit_test(what_was_sent_again_is_not_found_lost_again_by_count),
        cmocka_unit_test(a_probe_of_what_nobody_has_counted_counts_nothing),
        cmocka_unit_test(what_was_sent_long_before_the_proof_is_lost),
        cmocka_unit_test(segments_of_one_moment_are_in_order_of_sequence),
        cmocka_unit_test(a_lost_retransmission_is_found),
        cmocka_unit_test(many_retransmissions_are_found_in_their_order),
        cmocka_unit_test(without_memory_no_more_goes_again_than_can_be_waited_for),
        cmocka_unit_test(what_arrived_is_not_found_lost),
        cmocka_unit_test(a_timeout_loses_the_first_and_what_is_old),
        cmocka_unit_test(a_peer_that_reneges_has_nothing),
        cmocka_unit_test(nothing_is_lost_when_the_loss_was_none),
        cmocka_unit_test(the_first_segment_is_lost_alone),
        cmocka_unit_test(of_two_in_one_the_first_is_lost),
        cmocka_unit_test(without_memory_the_whole_first_segment_is_lost),
        cmocka_unit_test(segments_that_the_path_does_not_take_are_lost),
        cmocka_unit_test(what_left_the_map_is_not_lost),
        cmocka_unit_test(lost_segments_that_follow_each_other_go_out_as_one),
        cmocka_unit_test(a_due_run_ends_where_something_is_not_lost),
        cmocka_unit_test(a_probe_is_the_last_segment_and_loads_nothing),
        cmocka_unit_test(loss_by_time_is_what_the_definition_says),
        cmocka_unit_test(what_went_again_hides_nothing_that_waits),
        cmocka_unit_test(loss_by_count_is_what_the_definition_says),
        cmocka_unit_test(only_what_is_sent_again_changes),
        cmocka_unit_test(what_was_sent_again_behind_the_proof_is_not_lost),
        cmocka_unit_test(the_first_of_what_is_less_than_a_segment_by_now_is_all_of_it),
        cmocka_unit_test(the_front_of_a_train_ends_where_it_was_acknowledged),
    };

    return cmocka_run_group_tests_name("sndloss", tests, NULL, NULL);
}
