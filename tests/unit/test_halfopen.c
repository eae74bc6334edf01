/* SPDX-License-Identifier: MIT */
/* Half-open records (src/tcp/halfopen.c): their cost, their schedule, their order. */
#include "room.h"
#include "tcp/halfopen.h"

#define S WEFT_S

static struct tcp_flow flow_of(uint32_t id, bool v6)
{
    struct tcp_flow f = {{weft_ipv4(0x0a090001), 80}, {weft_ipv4(0x0a0a0000 + (id >> 16)), (uint16_t)id}};

    if (v6) {
        f.local.ip.b[0] = f.remote.ip.b[0] = 0x20;
        f.remote.ip.b[1] = (uint8_t)id;
    }
    return f;
}

static void assert_names(const struct halfopen *h, const struct tcp_flow *f)
{
    struct tcp_flow k = key_unpack(&h->key, h->v6);

    assert_memory_equal(&k.local.ip, &f->local.ip, sizeof k.local.ip);
    assert_memory_equal(&k.remote.ip, &f->remote.ip, sizeof k.remote.ip);
    assert_int_equal(k.local.port, f->local.port);
    assert_int_equal(k.remote.port, f->remote.port);
}

static void a_record_keeps_the_name_of_its_flow(void **state)
{
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    for (unsigned v6 = 0; v6 < 2; v6++)
        for (uint32_t id = 0; id < 100; id++) {
            struct tcp_flow f = flow_of(id, v6);
            struct halfopen *h = halfopen_new(&t, &f, 0, S);

            assert_non_null(h);
            assert_int_equal(h->v6, v6);
            assert_names(h, &f);
        }
    assert_int_equal(t.count, 200);
    halfopen_fini(&t);
    room_check(&r);
}

static void a_record_of_ipv4_is_smaller_than_one_of_ipv6(void **state)
{
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    assert_true(t.slab4.object_size <= 56 && t.slab6.object_size <= 80);
    if (sizeof(void *) == 8) {
        assert_int_equal(t.slab4.object_size, 56);
        assert_int_equal(t.slab6.object_size, 80);
    }
    halfopen_fini(&t);
    room_check(&r);
}

/* After 1, 3, 7, 15, 31 s; given up at 63 s. */
static void repeats_double_until_there_were_enough(void **state)
{
    static const struct {
        weft_time delay, most;
        unsigned max, repeats;
        weft_time end;
    } rows[] = {
        {S, WEFT_NEVER, 5, 5, 63 * S},     {S, WEFT_NEVER, 0, 0, S},
        {S, WEFT_NEVER, 1, 1, 3 * S},      {3 * S, WEFT_NEVER, 3, 3, 45 * S},
        {S, WEFT_NEVER, 8, 8, 511 * S},    {S, WEFT_NEVER, 100, 8, 511 * S},
        {S, WEFT_NEVER, UINT_MAX, 8, 511 * S}, {S, 4 * S, 5, 5, (1 + 2 + 4 + 4 + 4 + 4) * S},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct halfopen_table t;
        struct tcp_flow f = flow_of(1, false);
        weft_time start = 100 * S, now = start;
        unsigned repeats = 0;
        struct halfopen *h;
        struct room r;

        room_init(&r, 1);
        halfopen_init(&t, r.mem);
        h = halfopen_new(&t, &f, now, rows[i].delay);
        for (;; repeats++) {
            weft_time due = now + min_u64(rows[i].delay << repeats, rows[i].most);

            assert_int_equal(halfopen_deadline(&t, now), due);
            assert_null(halfopen_due(&t, due - 1));
            now = due;
            assert_ptr_equal(halfopen_due(&t, now), h);
            if (!halfopen_repeat(&t, h, now, rows[i].delay, rows[i].most, rows[i].max))
                break;
        }
        assert_int_equal(repeats, rows[i].repeats);
        assert_int_equal(now - start, rows[i].end);
        halfopen_free(&t, h);
        assert_int_equal(halfopen_deadline(&t, now), WEFT_NEVER);
        halfopen_fini(&t);
        room_check(&r);
    }
}

static void those_of_one_moment_are_due_in_the_order_they_came(void **state)
{
    struct halfopen *h[10];
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    for (uint32_t i = 0; i < 10; i++) {
        struct tcp_flow f = flow_of(i, i % 2);

        h[i] = halfopen_new(&t, &f, 0, S);
    }
    for (unsigned i = 0; i < 10; i++) {
        assert_ptr_equal(halfopen_due(&t, S), h[i]);
        assert_true(halfopen_repeat(&t, h[i], S, S, WEFT_NEVER, 5));
    }
    assert_null(halfopen_due(&t, S));
    halfopen_fini(&t);
    room_check(&r);
}

static struct halfopen *one_record(struct halfopen_table *t, uint32_t id, weft_time now)
{
    struct tcp_flow f = flow_of(id, false);
    struct halfopen *h = halfopen_new(t, &f, now, S);

    assert_non_null(h);
    return h;
}

static void a_restarted_record_waits_its_whole_time_again_and_holds_up_nobody(void **state)
{
    struct halfopen_table t;
    struct halfopen *a, *b, *old;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    a = one_record(&t, 1, 0);
    b = one_record(&t, 2, S / 10);
    old = a;
    a = halfopen_restart(&t, old, S / 2, S, WEFT_NEVER);
    assert_non_null(a);
    halfopen_free(&t, old);
    assert_null(halfopen_due(&t, S));
    assert_ptr_equal(halfopen_due(&t, S + S / 10), b);
    halfopen_free(&t, b);
    assert_null(halfopen_due(&t, S + S / 2 - WEFT_US));
    assert_ptr_equal(halfopen_due(&t, S + S / 2), a);
    halfopen_fini(&t);
    room_check(&r);
}

/* A laptop sleeps longer than microseconds in 32 bits can count. */
static void after_a_long_sleep_all_are_due(void **state)
{
    static const weft_time sleeps[] = {2000 * S, 3000 * S, 4294 * S, 5000 * S, 100000 * S};

    for (unsigned i = 0; i < ARRAY_LEN(sleeps); i++) {
        struct halfopen_table t;
        struct halfopen *h;
        struct room r;

        room_init(&r, 1);
        halfopen_init(&t, r.mem);
        h = one_record(&t, 1, 7 * S);
        assert_null(halfopen_due(&t, 7 * S));
        assert_ptr_equal(halfopen_due(&t, 7 * S + sleeps[i]), h);
        halfopen_fini(&t);
        room_check(&r);
    }
}

static void it_tells_when_its_syn_ack_was_sent(void **state)
{
    struct halfopen_table t;
    struct halfopen *h;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    h = one_record(&t, 1, 77 * S + 5 * WEFT_US);
    assert_int_equal(halfopen_sent(h, 77 * S + 5 * WEFT_US, S), 77 * S + 5 * WEFT_US);
    assert_int_equal(halfopen_sent(h, 77 * S + 6 * WEFT_US, S), 77 * S + 5 * WEFT_US);
    assert_int_equal(halfopen_sent(h, 77 * S + 600 * WEFT_MS, S), 77 * S + 5 * WEFT_US);
    assert_int_equal(halfopen_sent(h, 79 * S, S), 77 * S + 5 * WEFT_US);
    halfopen_fini(&t);
    room_check(&r);
}

/* `due` counts whole microseconds, rounded up: an answer within that one must not seem to come before the question. */
static void an_answer_within_a_microsecond_came_after_the_syn_ack(void **state)
{
    struct tcp_flow f = flow_of(1, false);
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    for (weft_time at = 77 * S; at < 77 * S + 3 * WEFT_US; at += 100) {
        struct halfopen *h = halfopen_new(&t, &f, at, S);

        for (weft_time later = 0; later < 2 * WEFT_US; later += 100) {
            weft_time sent = halfopen_sent(h, at + later, S);

            assert_in_range(sent, at - WEFT_US, at + later);
        }
        halfopen_free(&t, h);
    }
    halfopen_fini(&t);
    room_check(&r);
}

static void old_segments_are_answered_once_in_an_interval(void **state)
{
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    for (weft_time start = 65000 * WEFT_MS; start < 66100 * WEFT_MS; start += 7 * WEFT_MS) { /* the counter wraps there */
        struct halfopen *h = one_record(&t, 1, start);

        assert_true(halfopen_may_answer(h, start, S / 2));
        assert_false(halfopen_may_answer(h, start, S / 2));
        assert_false(halfopen_may_answer(h, start + S / 2 - 2 * WEFT_MS, S / 2));
        assert_true(halfopen_may_answer(h, start + S / 2 + 2 * WEFT_MS, S / 2));
        assert_true(halfopen_may_answer(h, start + S + 2 * WEFT_MS, S / 2)); /* when it is over, not after it */
        halfopen_free(&t, h);
    }
    halfopen_fini(&t);
    room_check(&r);
}

/* The work of a death is bounded: the sweeper passes four places, and goes on from there at the next. */
static void each_death_sweeps_four_places(void **state)
{
    struct halfopen *h[20];
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    for (uint32_t i = 0; i < 20; i++)
        h[i] = one_record(&t, i, 0);
    for (unsigned i = 1; i <= 4; i++) {
        halfopen_free(&t, h[20 - i]);
        assert_ptr_equal(t.fifo[0].swept, h[4 * i - 1]);
    }
    halfopen_fini(&t);
    room_check(&r);
}

static void without_memory_there_is_no_record(void **state)
{
    struct tcp_flow f4 = flow_of(1, false), f6 = flow_of(1, true);
    struct halfopen_table t;
    struct room r;

    room_init(&r, 1);
    halfopen_init(&t, r.mem);
    room_refuse_all(&r, true);
    assert_null(halfopen_new(&t, &f4, 0, S));
    assert_null(halfopen_new(&t, &f6, 0, S));
    assert_int_equal(t.count, 0);
    assert_int_equal(halfopen_deadline(&t, 0), WEFT_NEVER);
    halfopen_fini(&t);
    room_check(&r);
}

/* ---- against a list of everything ---- */

#define MOST 200

struct model {
    struct {
        struct halfopen *h;
        weft_time due;
        unsigned repeats;
        uint32_t id;
    } one[MOST];
    unsigned n;
};

static weft_time model_deadline(const struct model *m)
{
    weft_time due = WEFT_NEVER;

    for (unsigned i = 0; i < m->n; i++)
        due = min_u64(due, m->one[i].due);
    return due;
}

static unsigned model_find(const struct model *m, const struct halfopen *h)
{
    unsigned i = 0;

    while (i < m->n && m->one[i].h != h)
        i++;
    assert_true(i < m->n);
    return i;
}

static void model_remove(struct model *m, unsigned i) { m->one[i] = m->one[--m->n]; }

/* Everything that is due now. */
static void serve(struct halfopen_table *t, struct model *m, weft_time now, unsigned max)
{
    struct halfopen *h;

    while ((h = halfopen_due(t, now))) {
        unsigned i = model_find(m, h);
        struct tcp_flow f = flow_of(m->one[i].id, m->one[i].id % 2);

        assert_true(m->one[i].due <= now);
        assert_int_equal((uint32_t)((m->one[i].due + 999) / WEFT_US), h->due);
        assert_names(h, &f);
        if (m->one[i].repeats == max) {
            assert_false(halfopen_repeat(t, h, now, S, WEFT_NEVER, max));
            halfopen_free(t, h);
            model_remove(m, i);
            continue;
        }
        assert_true(halfopen_repeat(t, h, now, S, WEFT_NEVER, max));
        m->one[i].repeats++;
        m->one[i].due = now + (S << m->one[i].repeats);
    }
}

/* Each of the living once. */
static void assert_walk(const struct halfopen_table *t, const struct model *m)
{
    unsigned n = 0;

    for (struct halfopen *h = halfopen_next(t, NULL); h; h = halfopen_next(t, h)) {
        model_find(m, h);
        n++;
    }
    assert_int_equal(n, m->n);
}

/* The dead that still take memory. */
static uint32_t linked_beyond(const struct halfopen_table *t)
{
    return (uint32_t)(t->slab4.objects + t->slab6.objects - t->count);
}

static void records_behave_like_a_list_of_deadlines(void **state)
{
    struct model m = {.n = 0};
    struct halfopen_table t;
    weft_time now = 0;
    uint32_t linked = 0;
    struct room r;

    room_init(&r, 4987);
    halfopen_init(&t, r.mem);
    r.refuse_ppm = 50000;
    for (uint32_t op = 0; op < 1000000; op++) {
        unsigned what = room_below(&r, 10);

        if (what < 5 && m.n < MOST) {
            struct tcp_flow f = flow_of(op, op % 2);
            struct halfopen *h = halfopen_new(&t, &f, now, S);

            if (h) {
                m.one[m.n].h = h;
                m.one[m.n].due = now + S;
                m.one[m.n].repeats = 0;
                m.one[m.n++].id = op;
            }
        } else if (what < 8 && m.n) { /* answered, or reset */
            unsigned i = room_below(&r, m.n);

            halfopen_free(&t, m.one[i].h);
            model_remove(&m, i);
        } else if (what == 8 && m.n) { /* its SYN came again */
            unsigned i = room_below(&r, m.n);

            struct halfopen *copy = halfopen_restart(&t, m.one[i].h, now, S, WEFT_NEVER);

            if (!copy)
                continue;
            halfopen_free(&t, m.one[i].h);
            m.one[i].h = copy;
            m.one[i].due = now + (S << m.one[i].repeats);
        } else {
            now += rng_below(&r.rng, op % 2 ? 10 * WEFT_MS : S / 2);
        }
        serve(&t, &m, now, 5);
        assert_int_equal(t.count, m.n);
        assert_true(halfopen_deadline(&t, now) <= (model_deadline(&m) / WEFT_US + 1) * WEFT_US || m.n == 0);
        if (op % 64 == 0)
            assert_walk(&t, &m);
        linked = max_u32(linked, linked_beyond(&t));
    }
    halfopen_fini(&t);
    assert_in_range(linked, 1, MOST / 2); /* the dead are few */
    assert_int_equal(r.mem->live[MEM_half_open], 0);
    room_check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_keeps_the_name_of_its_flow),
        cmocka_unit_test(a_record_of_ipv4_is_smaller_than_one_of_ipv6),
        cmocka_unit_test(repeats_double_until_there_were_enough),
        cmocka_unit_test(those_of_one_moment_are_due_in_the_order_they_came),
        cmocka_unit_test(a_restarted_record_waits_its_whole_time_again_and_holds_up_nobody),
        cmocka_unit_test(after_a_long_sleep_all_are_due),
        cmocka_unit_test(it_tells_when_its_syn_ack_was_sent),
        cmocka_unit_test(an_answer_within_a_microsecond_came_after_the_syn_ack),
        cmocka_unit_test(old_segments_are_answered_once_in_an_interval),
        cmocka_unit_test(each_death_sweeps_four_places),
        cmocka_unit_test(without_memory_there_is_no_record),
        cmocka_unit_test(records_behave_like_a_list_of_deadlines),
    };

    return cmocka_run_group_tests_name("halfopen", tests, NULL, NULL);
}
