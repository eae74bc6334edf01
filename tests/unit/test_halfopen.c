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
    assert_true(t.slab4.object_size <= 96);
    assert_true(t.slab4.object_size < t.slab6.object_size);
    halfopen_fini(&t);
    room_check(&r);
}

/* After 1, 3, 7, 15, 31 s; given up at 63 s. */
static void repeats_double_until_there_were_enough(void **state)
{
    static const struct {
        weft_time delay;
        unsigned max, repeats;
        weft_time end;
    } rows[] = {
        {S, 5, 5, 63 * S},   {S, 0, 0, S},          {S, 1, 1, 3 * S}, {3 * S, 3, 3, 45 * S},
        {S, 8, 8, 511 * S},  {S, 100, 8, 511 * S},  {S, UINT_MAX, 8, 511 * S},
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
            weft_time due = start + ((rows[i].delay << (repeats + 1)) - rows[i].delay);

            assert_int_equal(halfopen_deadline(&t), due);
            assert_null(halfopen_due(&t, due - 1));
            now = due;
            assert_ptr_equal(halfopen_due(&t, now), h);
            if (!halfopen_repeat(&t, h, now, rows[i].delay, rows[i].max))
                break;
        }
        assert_int_equal(repeats, rows[i].repeats);
        assert_int_equal(now - start, rows[i].end);
        halfopen_free(&t, h);
        assert_int_equal(halfopen_deadline(&t), WEFT_NEVER);
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
        assert_true(halfopen_repeat(&t, h[i], S, S, 5));
    }
    assert_null(halfopen_due(&t, S));
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
    assert_int_equal(halfopen_deadline(&t), WEFT_NEVER);
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
        assert_int_equal(m->one[i].due, h->due);
        assert_names(h, &f);
        if (m->one[i].repeats == max) {
            assert_false(halfopen_repeat(t, h, now, S, max));
            halfopen_free(t, h);
            model_remove(m, i);
            continue;
        }
        assert_true(halfopen_repeat(t, h, now, S, max));
        m->one[i].repeats++;
        m->one[i].due = now + (S << m->one[i].repeats);
    }
}

static void records_behave_like_a_list_of_deadlines(void **state)
{
    struct model m = {.n = 0};
    struct halfopen_table t;
    weft_time now = 0;
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
        } else {
            now += rng_below(&r.rng, what == 8 ? 10 * WEFT_MS : S / 2);
        }
        serve(&t, &m, now, 5);
        assert_int_equal(t.count, m.n);
        assert_int_equal(halfopen_deadline(&t), model_deadline(&m));
    }
    halfopen_fini(&t);
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
        cmocka_unit_test(without_memory_there_is_no_record),
        cmocka_unit_test(records_behave_like_a_list_of_deadlines),
    };

    return cmocka_run_group_tests_name("halfopen", tests, NULL, NULL);
}
