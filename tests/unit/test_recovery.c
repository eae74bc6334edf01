/* SPDX-License-Identifier: MIT */
/* Loss recovery's state (src/tcp/recovery.c): PRR, F-RTO, undo, duplicates without SACK. */
#include "room.h"
#include "tcp/recovery.h"

/* ---- PRR (RFC 9937) ---- */

struct flight {
    struct recovery r;
    uint32_t ssthresh, pipe;
};

static struct flight flight(uint32_t cwnd, uint32_t ssthresh, uint32_t pipe)
{
    struct flight f = {.ssthresh = ssthresh, .pipe = pipe};

    recovery_init(&f.r);
    recovery_reduce(&f.r, seq(0), cwnd);
    return f;
}

/* One acknowledgment of n segments; all that it allows goes out. Returns how many. */
static uint32_t acknowledge(struct flight *f, uint32_t n, bool safe)
{
    uint32_t cwnd, out;

    f->pipe -= n;
    cwnd = recovery_prr(&f->r, &(struct prr){f->ssthresh, f->pipe, n, safe});
    out = cwnd > f->pipe ? cwnd - f->pipe : 0;
    f->pipe += out;
    f->r.prr_out += out;
    return out;
}

/* §5: twenty in flight, the first lost: one goes out for every two that arrive. R6937-1 R9937-2 */
static void prr_spreads_the_reduction_over_a_round_trip(void **state)
{
    struct flight f = flight(20, 10, 19);
    uint32_t out = 0;

    for (unsigned i = 1; f.pipe > f.ssthresh + 1; i++) {
        out += acknowledge(&f, 1, false);
        assert_int_equal(out, (i + 1) / 2);
    }
    assert_int_equal(out, 8);
    assert_int_equal(acknowledge(&f, 1, false), 0);
    assert_int_equal(f.pipe, 10);
    assert_int_equal(acknowledge(&f, 1, false), 1); /* and there it stays */
}

/* What may go is rounded up: seven for ten that arrive are one for the first, two for two, three for three. */
static void prr_rounds_up(void **state)
{
    struct flight f = flight(10, 7, 60);
    uint32_t out = 0;

    for (unsigned i = 1; i <= 40; i++) {
        out += acknowledge(&f, 1, false);
        assert_int_equal(out, (7 * i + 9) / 10);
    }
}

/* The first retransmission goes whatever the pipe is */
static void prr_lets_the_first_one_go(void **state)
{
    struct flight f = flight(100, 50, 99);

    assert_int_equal(acknowledge(&f, 1, false), 1);
    assert_int_equal(acknowledge(&f, 1, false), 0);
}

/* §6.2: when more was lost than the window comes down, conservatively, or one more for a safe acknowledgment.
 * R9937-2 */
static void prr_refills_a_pipe_that_fell_below(void **state)
{
    struct flight f = flight(20, 10, 5);

    assert_int_equal(acknowledge(&f, 1, false), 1);
    assert_int_equal(acknowledge(&f, 1, false), 1);
    assert_int_equal(f.pipe, 5);
    assert_int_equal(acknowledge(&f, 1, true), 2);
    assert_int_equal(acknowledge(&f, 3, true), 4);
    assert_int_equal(f.pipe, 7);
    for (unsigned i = 0; i < 10; i++)
        acknowledge(&f, 2, true);
    assert_int_equal(f.pipe, 10); /* up to ssthresh */
}

/* ---- undo ---- */

static void it_is_undone_when_every_copy_is_reported(void **state)
{
    each_start(start) {
        struct recovery r;

        recovery_init(&r);
        recovery_watch(&r, seq(start), 0);
        assert_false(recovery_all_duplicated(&r)); /* nothing was sent again yet */
        recovery_resent(&r, 2, 7);
        recovery_duplicated(&r, seq(start), seq(start + 5000), 1);    /* from before */
        recovery_duplicated(&r, seq(start + 6000), seq(start + 5000), 1); /* not yet acknowledged */
        assert_int_equal(r.undo_left, 2);
        recovery_duplicated(&r, seq(start + 1000), seq(start + 5000), 1);
        assert_false(recovery_all_duplicated(&r));
        recovery_duplicated(&r, seq(start + 2000), seq(start + 5000), 9);
        assert_true(recovery_all_duplicated(&r));
    }
}

/* Copies from before the episode may still be reported: they count */
static void copies_under_way_count_too(void **state)
{
    struct recovery r;

    recovery_init(&r);
    recovery_watch(&r, seq(0), 1);
    recovery_resent(&r, 1, 7);
    assert_int_equal(r.undo_left, 2);
}

/* RFC 3522: the timestamp of the first retransmission is what an echo is held against */
static void an_older_echo_answers_the_original(void **state)
{
    static const uint32_t times[] = {1000, 0, UINT32_MAX, 0x80000000};

    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        struct recovery r;

        recovery_init(&r);
        assert_false(recovery_echo_is_older(&r, true, times[i] - 1)); /* nothing was sent again */
        recovery_resent(&r, 1, times[i]);
        recovery_resent(&r, 1, times[i] + 5);
        assert_true(recovery_echo_is_older(&r, true, times[i] - 1));
        assert_false(recovery_echo_is_older(&r, true, times[i]));
        assert_false(recovery_echo_is_older(&r, false, times[i] - 1));
    }
}

/* How late the first segment of an episode was is measured once, against those that overtook it. */
static void the_first_arrival_tells_how_late_it_was(void **state)
{
    struct recovery r;

    recovery_init(&r);
    recovery_first_arrived(&r, 500, 100); /* when it went is not known */
    assert_int_equal(r.late, 0);
    recovery_watch(&r, seq(0), 0);
    r.first_at = 300;
    recovery_first_arrived(&r, 450, 100);
    assert_int_equal(r.late, 50);
    recovery_first_arrived(&r, 900, 100);
    assert_int_equal(r.late, 50);
    recovery_watch(&r, seq(0), 0);
    assert_int_equal(r.late, 0);
    r.first_at = 300;
    recovery_watch(&r, seq(0), 0); /* another episode began before */
    recovery_first_arrived(&r, 900, 100);
    assert_int_equal(r.late, 0);
    r.first_at = 300;
    recovery_first_arrived(&r, 400, 100); /* no later than others */
    assert_int_equal(r.late, 0);
}

/* ---- F-RTO (RFC 5682) ---- */

static void an_original_that_arrives_shows_a_spurious_timeout(void **state)
{
    struct recovery r = {.frto = true};

    assert_int_equal(recovery_frto(&r, &(struct frto){.original = true, .advanced = true}), FRTO_SPURIOUS);
    r.frto = false;
    assert_int_equal(recovery_frto(&r, &(struct frto){.original = true}), FRTO_REAL);
}

/* §2.1: the first acknowledgment moves on: new data; the next one decides */
static void new_data_is_sent_to_find_out(void **state)
{
    struct recovery r = {.frto = true};

    assert_int_equal(recovery_frto(&r, &(struct frto){.advanced = true, .can_send = true}), FRTO_SEND_NEW);
    assert_true(r.frto_new);
    assert_int_equal(recovery_frto(&r, &(struct frto){.sent_new = true, .duplicate = true}), FRTO_REAL);
    assert_false(r.frto || r.frto_new);
}

static void without_new_data_recovery_is_conventional(void **state)
{
    struct recovery r = {.frto = true};

    assert_int_equal(recovery_frto(&r, &(struct frto){.advanced = true}), FRTO_REAL);
    assert_false(r.frto);
}

static void a_duplicate_first_leaves_it_open(void **state)
{
    struct recovery r = {.frto = true};

    assert_int_equal(recovery_frto(&r, &(struct frto){.duplicate = true}), FRTO_REAL);
    assert_true(r.frto);
}

/* ---- duplicates without SACK ---- */

/* R5681-dup: there cannot be more than segments that a hole leaves */
static void duplicates_stand_for_segments_that_exist(void **state)
{
    struct recovery r;

    recovery_init(&r);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(recovery_duplicate(&r, 5, 0), 1);
    assert_int_equal(recovery_duplicate(&r, 5, 0), 0);
    assert_int_equal(r.duplicates, 4);
}

/* R5681-dup: what was sent because of duplicates earns no more of them */
static void duplicates_in_recovery_stand_for_what_was_in_flight_before(void **state)
{
    struct recovery r;

    recovery_init(&r);
    r.state = RECOVERY_FAST;
    r.outstanding = 5;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(recovery_duplicate(&r, 5 + i, 1), 1);
    assert_int_equal(recovery_duplicate(&r, 100, 1), 0);
}

/* Each: duplicates, segments acknowledged, newly delivered, duplicates left */
static void an_acknowledgment_eats_the_duplicates_it_explains(void **state)
{
    static const uint32_t rows[][4] = {{0, 1, 1, 0}, {3, 1, 1, 3}, {3, 4, 1, 0}, {3, 10, 7, 0}, {5, 3, 1, 3}, {2, 0, 0, 2}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct recovery r;

        recovery_init(&r);
        r.duplicates = rows[i][0];
        assert_int_equal(recovery_eat(&r, rows[i][1]), rows[i][2]);
        assert_int_equal(r.duplicates, rows[i][3]);
    }
}

/*
 * PRR as RFC 9937 §6.2 writes it, over whole recoveries drawn from a seed: losses found late, acknowledgments of many
 * segments, a sender who has nothing to send. In exact numbers: fractions are compared by multiplying out.
 */
struct model {
    uint64_t delivered, out, cwnd_before; /* prr_delivered, prr_out, RecoverFS */
};

/* SndCnt. */
static int64_t model_count(struct model *m, uint64_t ssthresh, uint64_t in_flight, uint64_t delivered, bool safe)
{
    int64_t n = 0, most;

    m->delivered += delivered;
    if (in_flight > ssthresh) {
        while ((m->out + (uint64_t)n) * m->cwnd_before < m->delivered * ssthresh) /* CEIL, one by one */
            n++;
    } else {
        n = (int64_t)m->delivered - (int64_t)m->out;
        n = n > (int64_t)delivered ? n : (int64_t)delivered;
        n += safe;
        most = (int64_t)(ssthresh - in_flight);
        n = n < most ? n : most;
    }
    if (m->out == 0 && n == 0) /* the first retransmission goes in any case */
        n = 1;
    return n > 0 ? n : 0;
}

/* One recovery, until all that was in flight is accounted for; returns the acknowledgments that came. */
static unsigned recover(struct rng *r)
{
    uint32_t cwnd = 2 + (uint32_t)rng_below(r, 200), ssthresh = 1 + (uint32_t)rng_below(r, cwnd);
    uint32_t pipe = cwnd - (uint32_t)rng_below(r, cwnd / 2 + 1), acks = 0;
    struct model m = {.cwnd_before = cwnd};
    struct recovery rec;

    recovery_init(&rec);
    recovery_reduce(&rec, seq(0), cwnd);
    while (pipe > 0 && acks < 400) {
        uint32_t lost = rng_below(r, 10) ? 0 : (uint32_t)rng_below(r, pipe + 1);
        uint32_t delivered = (uint32_t)rng_below(r, 4), window, go;
        bool safe = lost == 0 && rng_below(r, 2);
        int64_t want;

        pipe -= lost;
        delivered = delivered < pipe ? delivered : pipe;
        pipe -= delivered;
        want = model_count(&m, ssthresh, pipe, delivered, safe);
        window = recovery_prr(&rec, &(struct prr){ssthresh, pipe, delivered, safe});
        assert_int_equal(window, pipe + want);
        go = rng_below(r, 5) ? (uint32_t)want : (uint32_t)rng_below(r, (uint64_t)want + 1);
        pipe += go;
        m.out += go;
        rec.prr_out += go;
        assert_true(pipe <= ssthresh || m.out * cwnd < m.delivered * ssthresh + 2ull * cwnd); /* never ahead */
        acks++;
    }
    return acks;
}

static void prr_is_what_its_rfc_writes(void **state)
{
    struct rng r;
    unsigned acks = 0;

    rng_seed(&r, 9937);
    while (acks < 1000000)
        acks += recover(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prr_spreads_the_reduction_over_a_round_trip),
        cmocka_unit_test(prr_rounds_up),
        cmocka_unit_test(prr_lets_the_first_one_go),
        cmocka_unit_test(prr_refills_a_pipe_that_fell_below),
        cmocka_unit_test(prr_is_what_its_rfc_writes),
        cmocka_unit_test(it_is_undone_when_every_copy_is_reported),
        cmocka_unit_test(copies_under_way_count_too),
        cmocka_unit_test(an_older_echo_answers_the_original),
        cmocka_unit_test(the_first_arrival_tells_how_late_it_was),
        cmocka_unit_test(an_original_that_arrives_shows_a_spurious_timeout),
        cmocka_unit_test(new_data_is_sent_to_find_out),
        cmocka_unit_test(without_new_data_recovery_is_conventional),
        cmocka_unit_test(a_duplicate_first_leaves_it_open),
        cmocka_unit_test(duplicates_stand_for_segments_that_exist),
        cmocka_unit_test(duplicates_in_recovery_stand_for_what_was_in_flight_before),
        cmocka_unit_test(an_acknowledgment_eats_the_duplicates_it_explains),
    };

    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
