/* SPDX-License-Identifier: MIT */
/* TIME-WAIT records (src/tcp/timewait.c): RFC 9293 §3.6.1, RFC 6191 §2, and a FIFO that tolerates restarts. */
#include "room.h"
#include "tcp/timewait.h"

#define S    WEFT_S
#define STAY (60 * S)

static struct tcp_flow flow_of(uint32_t id, bool v6)
{
    struct tcp_flow f = {{weft_ipv4(0x0a090001), 80}, {weft_ipv4(0x0a0a0000 + (id >> 16)), (uint16_t)id}};

    if (v6)
        f.local.ip.b[0] = f.remote.ip.b[0] = 0x20;
    return f;
}

static struct timewait *record_of(struct timewait_table *t, enum timewait_kind kind, const struct tcp_flow *flow,
                                  weft_time now, weft_time stay)
{
    bool v6 = flow_is_v6(flow);
    union tcp_key key;

    key_pack(&key, flow, v6);
    return timewait_new(t, kind, &key, v6, now, stay);
}

static struct timewait *record(struct timewait_table *t, uint32_t id, weft_time now)
{
    struct tcp_flow f = flow_of(id, id % 2);

    return record_of(t, TIMEWAIT_TWO_MSL, &f, now, STAY);
}

/* The move that was told last. */
struct move {
    struct timewait *from, *to;
};

static void note_move(void *ctx, struct timewait *from, struct timewait *to)
{
    *(struct move *)ctx = (struct move){from, to};
}

static void table_init(struct room *r, struct timewait_table *t)
{
    static struct move unwatched;

    room_init(r, 9293);
    timewait_init(t, r->mem, note_move, &unwatched);
}

static void table_check(struct room *r, struct timewait_table *t)
{
    timewait_fini(t);
    assert_int_equal(r->mem->live[MEM_time_wait], 0);
    room_check(r);
}

/* 40 and 64 where pointers have 64 bits: timewait.c asserts it. */
#define SIZE_V4 (offsetof(struct timewait, key) + sizeof(struct tcp_key4))
#define SIZE_V6 (offsetof(struct timewait, key) + sizeof(struct tcp_key6))

/* What many of them take, and that all of it is given back as they go. */
static void a_record_is_40_bytes_and_64_for_ipv6(void **state)
{
    static const uint32_t many = 10000;

    for (uint32_t v6 = 0; v6 < 2; v6++) {
        struct timewait_table t;
        struct timewait *w;
        struct room r;
        double each;

        table_init(&r, &t);
        for (uint32_t i = 0; i < many; i++)
            assert_non_null(record(&t, 2 * i + v6, 0));
        assert_int_equal(timewait_count_v6(&t), v6 * many);
        each = (double)r.mem->live[MEM_time_wait] / many;
        assert_true(each >= (v6 ? SIZE_V6 : SIZE_V4) && each < (v6 ? 66 : 41));
        while ((w = timewait_pop(&t, 0, true)))
            timewait_free(&t, w);
        assert_int_equal(r.mem->live[MEM_time_wait], 0);
        table_check(&r, &t);
    }
}

static void a_record_keeps_the_name_of_its_flow(void **state)
{
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    for (uint32_t id = 0; id < 10; id++) {
        struct tcp_flow f = flow_of(id, id % 2), k;
        struct timewait *w = record(&t, id, 0);

        k = key_unpack(&w->key, w->v6);
        assert_memory_equal(&k.local.ip, &f.local.ip, 16);
        assert_memory_equal(&k.remote.ip, &f.remote.ip, 16);
        assert_int_equal(k.local.port, f.local.port);
        assert_int_equal(k.remote.port, f.remote.port);
    }
    table_check(&r, &t);
}

/* MUST-13: 2 MSL, never shorter, and longer by a rounding only, whenever it begins */
static void a_record_stays_as_long_as_asked(void **state)
{
    static const weft_time starts[] = {
        0, 1, 999, 1000, 999999, S, 4294967295 * WEFT_US - 30 * S, 4294967296 * WEFT_US - 1, 4294967296 * WEFT_MS - S,
        1ull << 62,
    };

    for (unsigned i = 0; i < ARRAY_LEN(starts); i++) {
        weft_time start = starts[i];
        struct timewait_table t;
        struct timewait *w;
        struct room r;

        table_init(&r, &t);
        w = record(&t, 1, start);
        assert_false(timewait_expired(&t, w, start));
        assert_false(timewait_expired(&t, w, start + STAY - 1));
        assert_null(timewait_pop(&t, start + STAY - 1, false));
        assert_true(timewait_expired(&t, w, start + STAY + WEFT_MS));
        assert_in_range(timewait_deadline(&t, start), start + STAY, start + STAY + WEFT_MS);
        assert_ptr_equal(timewait_pop(&t, timewait_deadline(&t, start), false), w);
        timewait_free(&t, w);
        assert_int_equal(timewait_deadline(&t, start), WEFT_NEVER);
        table_check(&r, &t);
    }
}

/* The program was stopped, or the machine asleep. */
static void a_record_is_over_however_late_the_clock_is_read(void **state)
{
    static const weft_time late[] = {60 * S, 3600 * S, 5400 * S, 86400 * S, 20 * 86400 * S};

    for (unsigned i = 0; i < ARRAY_LEN(late); i++) {
        struct timewait_table t;
        struct timewait *w;
        struct room r;

        table_init(&r, &t);
        w = record(&t, 1, 12345);
        assert_true(timewait_expired(&t, w, 12345 + late[i] + WEFT_MS));
        assert_ptr_equal(timewait_pop(&t, 12345 + late[i] + WEFT_MS, false), w);
        timewait_free(&t, w);
        table_check(&r, &t);
    }
}

static void records_leave_in_the_order_they_came(void **state)
{
    struct timewait *w[10];
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    for (uint32_t i = 0; i < 10; i++)
        w[i] = record(&t, i, i * S);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(timewait_deadline(&t, 10 * S), STAY + i * S);
        assert_null(timewait_pop(&t, STAY + i * S - 1, false));
        assert_ptr_equal(timewait_pop(&t, STAY + i * S, false), w[i]);
        timewait_free(&t, w[i]);
    }
    assert_null(timewait_pop(&t, 1000 * S, true));
    table_check(&r, &t);
}

/* A FIN again: the wait starts anew (RFC 9293 §3.10.7.4, eighth step) */
static void only_the_oldest_of_its_kind_and_family_is_in_front(void **state)
{
    struct timewait *first, *second, *other_family, *other_kind;
    struct tcp_flow f = flow_of(8, false);
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    first = record(&t, 2, S);
    assert_true(timewait_is_front(&t, first));
    second = record(&t, 4, 2 * S);
    other_family = record(&t, 3, 2 * S);
    other_kind = record_of(&t, TIMEWAIT_FIN_WAIT_2, &f, 2 * S, STAY);
    assert_true(timewait_is_front(&t, first));
    assert_false(timewait_is_front(&t, second));
    assert_true(timewait_is_front(&t, other_family));
    assert_true(timewait_is_front(&t, other_kind));
    timewait_free(&t, timewait_pop(&t, S + STAY, false));
    assert_true(timewait_is_front(&t, second));
    table_check(&r, &t);
}

static void a_restarted_record_waits_its_whole_time_again(void **state)
{
    struct move moved = {NULL, NULL};
    struct timewait_table t;
    struct timewait *w;
    struct room r;

    table_init(&r, &t);
    t.ctx = &moved;
    w = record(&t, 1, 0);
    timewait_restart(w, 50 * S, STAY);
    assert_false(timewait_expired(&t, w, STAY));
    assert_null(timewait_pop(&t, STAY, false));
    assert_ptr_equal(moved.from, w);
    w = moved.to;
    assert_int_equal(timewait_deadline(&t, STAY), 110 * S);
    assert_false(timewait_expired(&t, w, 110 * S - 1));
    assert_ptr_equal(timewait_pop(&t, 110 * S, false), w);
    timewait_free(&t, w);
    table_check(&r, &t);
}

static void a_restarted_record_holds_up_nobody_behind_it(void **state)
{
    struct timewait *first, *second;
    struct move moved;
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    t.ctx = &moved;
    first = record(&t, 1, 0);
    second = record(&t, 3, S);
    timewait_restart(first, 50 * S, STAY);
    assert_ptr_equal(timewait_pop(&t, 61 * S, false), second);
    timewait_free(&t, second);
    assert_ptr_equal(moved.from, first);
    assert_null(timewait_pop(&t, 61 * S, false));
    assert_ptr_equal(timewait_pop(&t, 110 * S, false), moved.to);
    timewait_free(&t, moved.to);
    table_check(&r, &t);
}

static void the_turn_of_an_overdue_or_restarted_record_is_now(void **state)
{
    struct timewait_table t;
    struct timewait *w;
    struct room r;

    table_init(&r, &t);
    w = record(&t, 1, 0);
    assert_int_equal(timewait_deadline(&t, STAY + 5 * S), STAY + 5 * S);
    timewait_restart(w, S, STAY); /* its old place comes up at a time that is no longer known */
    assert_int_equal(timewait_deadline(&t, 2 * S), 2 * S);
    assert_null(timewait_pop(&t, 2 * S, false));
    assert_int_equal(timewait_deadline(&t, 2 * S), S + STAY);
    table_check(&r, &t);
}

static void the_oldest_goes_first_when_room_is_needed(void **state)
{
    struct timewait *w[3];
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    for (uint32_t i = 0; i < 3; i++)
        w[i] = record(&t, i, 0);
    timewait_restart(w[0], S, STAY);
    timewait_bury(&t, w[1]);
    assert_ptr_equal(timewait_pop(&t, S, true), w[0]);
    timewait_free(&t, w[0]);
    assert_int_equal(t.live, 1);
    assert_ptr_equal(timewait_pop(&t, S, true), w[2]);
    timewait_free(&t, w[2]);
    assert_int_equal(t.count, 0);
    table_check(&r, &t);
}

static void a_buried_record_is_never_handed_out(void **state)
{
    struct timewait_table t;
    struct timewait *first, *second;
    struct room r;

    table_init(&r, &t);
    first = record(&t, 1, 0);
    second = record(&t, 2, 0);
    timewait_bury(&t, first);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.live, 1);
    assert_ptr_equal(timewait_pop(&t, STAY, false), second);
    assert_int_equal(t.count, 1);
    timewait_free(&t, second);
    assert_null(timewait_pop(&t, STAY, false));
    table_check(&r, &t);
}

/* What it says goes with it, and nobody else is touched. */
static void a_record_that_moves_is_the_same(void **state)
{
    struct timewait *first, *second;
    struct timewait_table t;
    struct move moved;
    struct room r;

    for (uint32_t v6 = 0; v6 < 2; v6++) {
        struct tcp_flow flow = flow_of(4 + v6, v6), kept;

        table_init(&r, &t);
        t.ctx = &moved;
        first = record(&t, 4 + v6, 0);
        second = record(&t, 6 + v6, 0);
        first->snd_nxt = seq(17);
        first->window = second->window = 4711;
        timewait_restart(first, 50 * S, STAY);
        assert_ptr_equal(timewait_pop(&t, STAY, false), second);
        kept = key_unpack(&moved.to->key, moved.to->v6);
        assert_memory_equal(&kept.remote.ip, &flow.remote.ip, 16);
        assert_int_equal(kept.remote.port, flow.remote.port);
        assert_int_equal(moved.to->snd_nxt.v, 17);
        assert_int_equal(moved.to->window, 4711);
        assert_int_equal(moved.to->v6, v6);
        assert_false(moved.to->restarted);
        assert_int_equal(second->window, 4711);
        assert_int_equal(t.live, 2);
        table_check(&r, &t);
    }
}

/* There is no memory to move it: nobody behind it is held up, and it is over before its time. */
static void a_record_that_cannot_move_is_over(void **state)
{
    const uint32_t a_page = (TIMEWAIT_PAGE - sizeof(struct timewait_page)) / SIZE_V4;
    struct timewait_table t;
    struct timewait *first;
    struct room r;

    table_init(&r, &t);
    first = record(&t, 0, 0);
    for (uint32_t i = 1; i < a_page; i++)
        record(&t, 2 * i, 0);
    assert_int_equal(t.count, a_page);
    timewait_restart(first, 50 * S, STAY);
    room_refuse_all(&r, true);
    assert_ptr_equal(timewait_pop(&t, STAY, false), first);
    assert_false(timewait_expired(&t, first, STAY));
    timewait_free(&t, first);
    assert_int_equal(t.count, a_page - 1);
    room_refuse_all(&r, false);
    table_check(&r, &t);
}

static void without_memory_there_is_no_record(void **state)
{
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    room_refuse_all(&r, true);
    assert_null(record(&t, 1, 0));
    assert_null(record(&t, 2, 0));
    assert_int_equal(t.count, 0);
    assert_int_equal(t.live, 0);
    assert_int_equal(timewait_deadline(&t, 0), WEFT_NEVER);
    table_check(&r, &t);
}

/* ---- RFC 6191 ---- */

enum order { OLDER, EQUAL, NEWER };

/* R6191-1, SHLD-4: RFC 6191 §2, sentence by sentence */
static bool rfc_6191_honours(bool old_ts, bool new_ts, enum order ts_val, enum order sequence)
{
    if (old_ts && new_ts)
        return ts_val == NEWER || (ts_val == EQUAL && sequence == NEWER);
    if (old_ts)
        return sequence == NEWER;
    return new_ts || sequence == NEWER;
}

/* R6191-1: all rows, on both sides of the wraps of either number */
static void a_syn_reopens_the_pair_when_rfc_6191_says_so(void **state)
{
    static const uint32_t steps[3][3] = {{0u - 1, 0u - 1000, 0x80000001}, {0, 0, 0}, {1, 1000, 0x7fffffff}};

    for (unsigned row = 0; row < 2 * 2 * 3 * 3 * 3; row++) {
        bool old_ts = row % 2, new_ts = row / 2 % 2;
        enum order ts_val = row / 4 % 3, sequence = row / 12 % 3;
        unsigned far = row / 36;

        each_start(start) {
            struct timewait w = {.rcv_nxt = seq(start), .ts_recent = start ^ 0x80000000, .has_ts = old_ts};
            struct seq s = seq_add(w.rcv_nxt, steps[sequence][far]);

            assert_int_equal(timewait_may_reopen(&w, s, new_ts, w.ts_recent + steps[ts_val][far]),
                             rfc_6191_honours(old_ts, new_ts, ts_val, sequence));
        }
    }
}

static void those_that_wait_for_a_fin_have_times_of_their_own(void **state)
{
    struct timewait_table t;
    struct timewait *w, *waits, *begun;
    struct tcp_flow f = flow_of(7, false);
    struct move moved;
    struct room r;

    table_init(&r, &t);
    t.ctx = &moved;
    waits = record_of(&t, TIMEWAIT_FIN_WAIT_2, &f, 0, 20 * S);
    begun = record_of(&t, TIMEWAIT_FIN_WAIT_2, &f, 0, 20 * S);
    w = record(&t, 1, 0);
    assert_true(waits->fin_wait_2 && begun->fin_wait_2 && !w->fin_wait_2);
    begun->fin_wait_2 = false; /* its FIN came */
    timewait_restart(begun, 10 * S, STAY);
    assert_int_equal(timewait_deadline(&t, 10 * S), 20 * S);
    assert_null(timewait_pop(&t, 20 * S - 1, false));
    assert_ptr_equal(timewait_pop(&t, 20 * S, false), waits);
    timewait_free(&t, waits);
    assert_ptr_equal(timewait_pop(&t, STAY, false), w);
    timewait_free(&t, w);
    assert_false(timewait_expired(&t, begun, 10 * S + STAY - WEFT_MS));
    assert_null(timewait_pop(&t, 10 * S + STAY - WEFT_MS, false));
    assert_ptr_equal(moved.from, begun);
    begun = moved.to;
    assert_ptr_equal(timewait_pop(&t, 10 * S + STAY, false), begun);
    timewait_free(&t, begun);
    table_check(&r, &t);
}

static void old_segments_are_answered_once_in_an_interval(void **state)
{
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    for (weft_time start = 0; start < 70 * S; start += 77 * WEFT_MS) { /* the counter wraps every 32 s */
        struct timewait *w = record(&t, 1, start);

        assert_true(timewait_may_answer(w, start, S / 2));
        assert_false(timewait_may_answer(w, start, S / 2));
        assert_false(timewait_may_answer(w, start + S / 2 - 1, S / 2));
        assert_true(timewait_may_answer(w, start + S / 2 + S / 4, S / 2));
        assert_false(timewait_may_answer(w, start + S / 2 + S / 4 + S, S)); /* a second, told to an eighth of one */
        assert_true(timewait_may_answer(w, start + S / 2 + S / 4 + S + S / 8, S));
        timewait_bury(&t, w);
    }
    table_check(&r, &t);
}

static void it_tells_its_age(void **state)
{
    struct timewait_table t;
    struct timewait *w;
    struct room r;

    table_init(&r, &t);
    w = record(&t, 1, 20000 * S);
    assert_int_equal(timewait_age(w, 20000 * S, STAY), 0);
    assert_int_equal(timewait_age(w, 20000 * S + WEFT_MS, STAY), WEFT_MS);
    assert_int_equal(timewait_age(w, 20001 * S, STAY), S);
    assert_int_equal(timewait_age(w, 20059 * S, STAY), 59 * S);
    table_check(&r, &t);
}

static void it_tells_what_is_left(void **state)
{
    struct timewait_table t;
    struct timewait *w;
    struct room r;

    table_init(&r, &t);
    w = record(&t, 1, 20000 * S);
    assert_int_equal(timewait_left(w, 20000 * S), STAY);
    assert_int_equal(timewait_left(w, 20000 * S + STAY - WEFT_MS), WEFT_MS);
    assert_int_equal(timewait_left(w, 20000 * S + STAY), 0);
    table_check(&r, &t);
}

/* However long the table was empty, and whenever it was last looked at. */
static void the_first_after_a_long_time_is_not_over(void **state)
{
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    for (unsigned i = 1; i < 20; i++) {
        weft_time now = i * 3600 * S;
        struct timewait *w = record(&t, i, now);

        assert_false(timewait_expired(&t, w, now + STAY - 1));
        assert_true(timewait_expired(&t, w, now + STAY));
        assert_ptr_equal(timewait_pop(&t, now + STAY, false), w);
        timewait_free(&t, w);
    }
    table_check(&r, &t);
}

/* Of each kind and family: what waited before a sleep of once round the circle of 24 bits is over behind it. */
static void what_slept_through_the_circle_is_over_when_a_new_one_comes(void **state)
{
    const weft_time later = 12345 + (1ull << 24) * WEFT_MS;

    for (unsigned i = 0; i < 2 * TIMEWAIT_KINDS; i++) {
        struct tcp_flow flow = flow_of(1, i % 2);
        struct timewait_table t;
        struct timewait *old, *new;
        struct room r;

        table_init(&r, &t);
        old = record_of(&t, (enum timewait_kind)(i / 2), &flow, 12345, STAY);
        new = record(&t, 2, later);
        assert_true(timewait_expired(&t, old, later));
        assert_false(timewait_expired(&t, new, later));
        assert_ptr_equal(timewait_pop(&t, later, false), old);
        timewait_free(&t, old);
        timewait_free(&t, new);
        table_check(&r, &t);
    }
}

/* ---- against a list of everything ---- */

#define MOST 300

struct model {
    struct {
        struct timewait *w;
        weft_time expires;
    } one[MOST];
    unsigned n;
};

static unsigned model_find(const struct model *m, const struct timewait *w);

static void model_moved(void *ctx, struct timewait *from, struct timewait *to)
{
    struct model *m = ctx;

    m->one[model_find(m, from)].w = to;
}

static void model_remove(struct model *m, unsigned i) { m->one[i] = m->one[--m->n]; }

static unsigned model_find(const struct model *m, const struct timewait *w)
{
    unsigned i = 0;

    while (i < m->n && m->one[i].w != w)
        i++;
    assert_true(i < m->n);
    return i;
}

/* Hands out what is due; each no earlier than its time, for there is memory to move those that have longer. */
static void drain(struct room *r, struct timewait_table *t, struct model *m, weft_time now)
{
    struct timewait *w;

    r->refuse_ppm = 0;
    while ((w = timewait_pop(t, now, false))) {
        unsigned i = model_find(m, w);

        assert_true(m->one[i].expires <= now);
        timewait_free(t, w);
        model_remove(m, i);
    }
    assert_true(timewait_deadline(t, now) > now);
    r->refuse_ppm = 50000;
}

/* In meaning a record is over at its time; in memory, at most one stay later. */
static void check(const struct timewait_table *t, const struct model *m, weft_time now)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (timewait_expired(t, m->one[i].w, now))
            assert_true(m->one[i].expires <= now);
        else
            assert_true(now < m->one[i].expires + WEFT_MS);
        assert_true(now <= m->one[i].expires + STAY + 2 * S);
    }
}

static void operate(struct room *r, struct timewait_table *t, struct model *m, uint32_t id, weft_time now)
{
    unsigned what = room_below(r, 100), i = m->n ? room_below(r, m->n) : 0;

    if (what < 50) {
        struct timewait *w = m->n < MOST ? record(t, id, now) : NULL;

        if (w) {
            m->one[m->n].w = w;
            m->one[m->n++].expires = now + STAY;
        }
    } else if (m->n == 0) {
        return;
    } else if (what < 80) {
        timewait_restart(m->one[i].w, now, STAY);
        m->one[i].expires = now + STAY;
    } else if (what < 90) {
        timewait_bury(t, m->one[i].w);
        model_remove(m, i);
    } else {
        struct timewait *w = timewait_pop(t, now, true);

        model_remove(m, model_find(m, w));
        timewait_free(t, w);
    }
}

static void records_behave_like_a_list_of_times(void **state)
{
    struct model m = {.n = 0};
    weft_time now = 4294967296 * WEFT_MS - 1000 * S; /* crosses the wrap of milliseconds */
    struct timewait_table t;
    struct room r;

    table_init(&r, &t);
    t.moved = model_moved;
    t.ctx = &m;
    r.refuse_ppm = 50000;
    for (uint32_t op = 0; op < 300000; op++) {
        operate(&r, &t, &m, op, now);
        now += rng_below(&r.rng, rng_chance(&r.rng, 1000) ? 2 * S : S / 5);
        drain(&r, &t, &m, now);
        assert_int_equal(t.live, m.n);
        assert_true(t.count >= t.live);
        if (op % 16 == 0)
            check(&t, &m, now);
    }
    table_check(&r, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_40_bytes_and_64_for_ipv6),
        cmocka_unit_test(a_record_keeps_the_name_of_its_flow),
        cmocka_unit_test(a_record_stays_as_long_as_asked),
        cmocka_unit_test(a_record_is_over_however_late_the_clock_is_read),
        cmocka_unit_test(records_leave_in_the_order_they_came),
        cmocka_unit_test(only_the_oldest_of_its_kind_and_family_is_in_front),
        cmocka_unit_test(a_restarted_record_waits_its_whole_time_again),
        cmocka_unit_test(a_restarted_record_holds_up_nobody_behind_it),
        cmocka_unit_test(the_turn_of_an_overdue_or_restarted_record_is_now),
        cmocka_unit_test(the_oldest_goes_first_when_room_is_needed),
        cmocka_unit_test(a_buried_record_is_never_handed_out),
        cmocka_unit_test(those_that_wait_for_a_fin_have_times_of_their_own),
        cmocka_unit_test(old_segments_are_answered_once_in_an_interval),
        cmocka_unit_test(it_tells_its_age),
        cmocka_unit_test(it_tells_what_is_left),
        cmocka_unit_test(the_first_after_a_long_time_is_not_over),
        cmocka_unit_test(what_slept_through_the_circle_is_over_when_a_new_one_comes),
        cmocka_unit_test(a_record_that_moves_is_the_same),
        cmocka_unit_test(a_record_that_cannot_move_is_over),
        cmocka_unit_test(without_memory_there_is_no_record),
        cmocka_unit_test(a_syn_reopens_the_pair_when_rfc_6191_says_so),
        cmocka_unit_test(records_behave_like_a_list_of_times),
    };

    return cmocka_run_group_tests_name("timewait", tests, NULL, NULL);
}
