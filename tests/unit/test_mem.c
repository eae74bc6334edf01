/* SPDX-License-Identifier: MIT */
/* Counted memory and slabs (src/base/mem.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "counted_mem.h"

static void mem_counts_by_class_what_the_environment_gave(void **state)
{
    struct counted_mem c;
    void *a, *b;

    counted_mem_init(&c);
    a = mem_alloc(&c.mem, MEM_queue, 100);
    b = mem_alloc(&c.mem, MEM_route, 1);
    assert_int_equal(c.mem.live[MEM_queue], 112);
    assert_int_equal(c.mem.live[MEM_route], 16);
    assert_int_equal(c.mem.total, 128);
    assert_int_equal(c.held, 128);
    mem_free(&c.mem, MEM_queue, a, 100);
    assert_int_equal(c.mem.live[MEM_queue], 0);
    assert_int_equal(c.mem.total, 16);
    assert_int_equal(c.mem.peak, 128);
    mem_free(&c.mem, MEM_route, b, 1);
    assert_true(counted_mem_is_clean(&c));
}

static void mem_free_ignores_null(void **state)
{
    struct counted_mem c;

    counted_mem_init(&c);
    mem_free(&c.mem, MEM_queue, NULL, 100);
    assert_true(counted_mem_is_clean(&c));
}

static void mem_refuses_a_size_that_cannot_be(void **state)
{
    struct counted_mem c;

    counted_mem_init(&c);
    assert_null(mem_alloc(&c.mem, MEM_queue, SIZE_MAX));
    assert_null(mem_alloc(&c.mem, MEM_queue, SIZE_MAX - 14));
    assert_true(counted_mem_is_clean(&c));
}

static void mem_gives_up_to_the_limit_and_no_more(void **state)
{
    struct counted_mem c;
    void *a;

    counted_mem_init(&c);
    c.mem.limit = 4096;
    assert_null(mem_alloc(&c.mem, MEM_queue, 4097));
    a = mem_alloc(&c.mem, MEM_queue, 4096);
    assert_non_null(a);
    assert_null(mem_alloc(&c.mem, MEM_queue, 1));
    c.mem.limit = 1024; /* lowered below what is held */
    assert_null(mem_alloc(&c.mem, MEM_queue, 1));
    mem_free(&c.mem, MEM_queue, a, 4096);
    assert_int_equal(c.mem.peak, 4096);
    assert_true(counted_mem_is_clean(&c));
}

static void mem_fails_exactly_the_refused_request(void **state)
{
    struct counted_mem c;

    for (size_t refused = 1; refused <= 5; refused++) {
        void *p[5];

        counted_mem_init(&c);
        c.refuse_at = refused;
        for (size_t i = 0; i < 5; i++) {
            p[i] = mem_alloc(&c.mem, MEM_queue, 64);
            assert_int_equal(p[i] == NULL, i + 1 == refused);
        }
        for (size_t i = 0; i < 5; i++)
            mem_free(&c.mem, MEM_queue, p[i], 64);
        assert_true(counted_mem_is_clean(&c));
    }
}

static void slab_objects_are_aligned_and_do_not_overlap(void **state)
{
    static const size_t sizes[] = {1, 16, 24, 100, 1000, 5000, 8192, 9000, 40000, 70000, 200000};

    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        struct counted_mem c;
        struct slab s;
        unsigned char *p[100];

        counted_mem_init(&c);
        slab_init(&s, &c.mem, MEM_conn, sizes[k]);
        for (size_t i = 0; i < ARRAY_LEN(p); i++) {
            p[i] = slab_alloc(&s);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % (s.object_size % 16 ? 8 : 16), 0);
            memset(p[i], (int)i, sizes[k]);
        }
        for (size_t i = 0; i < ARRAY_LEN(p); i++) {
            assert_int_equal(p[i][0], i);
            assert_memory_equal(p[i], p[i] + 1, sizes[k] - 1);
            slab_free(&s, p[i]);
        }
        slab_fini(&s);
        assert_true(counted_mem_is_clean(&c));
    }
}

static void slab_wastes_less_than_an_eighth_of_a_chunk(void **state)
{
    struct counted_mem c;
    struct slab s;

    counted_mem_init(&c);
    for (size_t size = 1; size < 1 << 20; size += 1 + size / 64) {
        slab_init(&s, &c.mem, MEM_conn, size);
        assert_true(s.object_size >= size && s.object_size < size + 16);
        assert_true((s.chunk_size - s.per_chunk * s.object_size) * 8 < s.chunk_size);
        assert_true(s.chunk_size == WEFT_CHUNK || size > WEFT_CHUNK / 16);
    }
}

static void slab_counts_the_share_of_the_chunk(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *a;

    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_udp, 240);
    a = slab_alloc(&s);
    assert_int_equal(s.objects, 1);
    assert_int_equal(c.mem.live[MEM_udp], WEFT_CHUNK / s.per_chunk);
    assert_true(c.mem.live[MEM_udp] >= 240);
    assert_int_equal(c.mem.total, WEFT_CHUNK);
    slab_free(&s, a);
    assert_int_equal(s.objects, 0);
    assert_int_equal(c.mem.live[MEM_udp], 0);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void slab_hands_out_last_in_first_out(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p[8];

    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_conn, 64);
    for (size_t i = 0; i < 8; i++)
        p[i] = slab_alloc(&s);
    for (size_t i = 0; i < 8; i++)
        slab_free(&s, p[i]);
    for (size_t i = 8; i-- > 0;)
        assert_ptr_equal(slab_alloc(&s), p[i]);
    for (size_t i = 0; i < 8; i++)
        slab_free(&s, p[i]);
    slab_fini(&s);
}

static void slab_keeps_some_idle_chunks_for_the_next_burst_and_returns_the_others(void **state)
{
    enum { CHUNKS = 2 * SLAB_IDLE / WEFT_CHUNK, OBJECTS = CHUNKS * 8 };
    struct counted_mem c;
    struct slab s;
    void *p[OBJECTS];

    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_conn, 8000); /* eight to a chunk */
    for (size_t i = 0; i < OBJECTS; i++)
        p[i] = slab_alloc(&s);
    assert_int_equal(c.held, CHUNKS * WEFT_CHUNK);
    for (size_t i = 0; i < OBJECTS; i++)
        slab_free(&s, p[i]);
    assert_int_equal(c.held, SLAB_IDLE);
    assert_int_equal(c.mem.live[MEM_conn], 0);
    for (size_t i = 0; i < SLAB_IDLE / WEFT_CHUNK * 8; i++)
        p[i] = slab_alloc(&s);
    assert_int_equal(c.held, SLAB_IDLE);
    for (size_t i = 0; i < SLAB_IDLE / WEFT_CHUNK * 8; i++)
        slab_free(&s, p[i]);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void slab_gives_its_idle_chunks_up_before_anybody_goes_without(void **state)
{
    struct counted_mem c;
    struct slab a, b;
    void *p[24], *q;

    counted_mem_init(&c);
    c.mem.limit = 4 * WEFT_CHUNK;
    slab_init(&a, &c.mem, MEM_conn, 8000);
    slab_init(&b, &c.mem, MEM_packet, 100);
    for (size_t i = 0; i < 24; i++)
        p[i] = slab_alloc(&a);
    for (size_t i = 1; i < 24; i++)
        slab_free(&a, p[i]); /* one chunk in use, two idle */
    assert_int_equal(c.held, 3 * WEFT_CHUNK);
    q = mem_alloc(&c.mem, MEM_queue, 2 * WEFT_CHUNK);
    assert_non_null(q);
    assert_int_equal(c.held, 3 * WEFT_CHUNK);
    p[1] = slab_alloc(&b);
    assert_non_null(p[1]);
    assert_null(mem_alloc(&c.mem, MEM_queue, 1));
    slab_free(&b, p[1]);
    p[1] = mem_alloc(&c.mem, MEM_queue, 1);
    assert_non_null(p[1]);
    mem_free(&c.mem, MEM_queue, p[1], 1);
    mem_free(&c.mem, MEM_queue, q, 2 * WEFT_CHUNK);
    slab_free(&a, p[0]);
    slab_fini(&b);
    slab_fini(&a);
    assert_true(counted_mem_is_clean(&c));
}

static void slab_free_ignores_null(void **state)
{
    struct counted_mem c;
    struct slab s;

    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_conn, 64);
    slab_free(&s, NULL);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void slab_stops_at_the_limit_and_goes_on_after_a_free(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p[100];
    size_t n = 0;

    counted_mem_init(&c);
    c.mem.limit = 3 * WEFT_CHUNK - 1;
    slab_init(&s, &c.mem, MEM_conn, 4000);
    while ((p[n] = slab_alloc(&s)) != NULL)
        n++;
    assert_int_equal(n, 2 * s.per_chunk);
    assert_null(slab_alloc(&s));
    slab_free(&s, p[5]);
    assert_ptr_equal(slab_alloc(&s), p[5]);
    while (n > 0)
        slab_free(&s, p[--n]);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void slab_survives_an_environment_without_memory(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p;

    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_conn, 64);
    c.exhausted = true;
    assert_null(slab_alloc(&s));
    assert_true(counted_mem_is_clean(&c));
    c.exhausted = false;
    p = slab_alloc(&s);
    assert_non_null(p);
    slab_free(&s, p);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

/* Where allocations may be refused each object is asked for, so nothing is kept at hand: here nobody refuses. */
static void objects_at_hand_are_nobodys(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p[SLAB_HAND + 4];

    counted_mem_init(&c);
    c.mem.refuse = NULL;
    slab_init(&s, &c.mem, MEM_packet, 500);
    slab_keep_at_hand(&s);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        p[i] = slab_alloc(&s);
    assert_int_equal(slab_live(&s), ARRAY_LEN(p));
    assert_int_equal(mem_live(&c.mem, MEM_packet), ARRAY_LEN(p) * s.share);
    slab_free(&s, NULL);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        slab_free(&s, p[i]);
    assert_int_equal(slab_live(&s), 0);
    assert_int_equal(mem_live(&c.mem, MEM_packet), 0);
    if (s.most_hand) { /* none under a sanitizer */
        assert_int_equal(s.n_hand, SLAB_HAND);
        assert_ptr_equal(slab_alloc(&s), p[SLAB_HAND - 1]);
        slab_free(&s, p[SLAB_HAND - 1]);
    }
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void what_is_at_hand_goes_before_anybody_goes_without(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p[4], *q;

    counted_mem_init(&c);
    c.mem.refuse = NULL;
    c.mem.limit = 2 * WEFT_CHUNK;
    slab_init(&s, &c.mem, MEM_packet, 500);
    slab_keep_at_hand(&s);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        p[i] = slab_alloc(&s);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        slab_free(&s, p[i]);
    q = mem_alloc(&c.mem, MEM_queue, 2 * WEFT_CHUNK);
    assert_non_null(q);
    assert_int_equal(s.n_hand, 0);
    mem_free(&c.mem, MEM_queue, q, 2 * WEFT_CHUNK);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

static void large_objects_are_not_kept_at_hand(void **state)
{
    struct counted_mem c;
    struct slab s;

    counted_mem_init(&c);
    c.mem.refuse = NULL;
    slab_init(&s, &c.mem, MEM_block, SLAB_HAND_BYTES + 1);
    slab_keep_at_hand(&s);
    assert_int_equal(s.most_hand, 0);
    slab_fini(&s);
}

static void slab_asks_once_for_each_object(void **state)
{
    struct counted_mem c;
    struct slab s;
    void *p[20];

    counted_mem_init(&c);
    c.refuse_at = 7;
    slab_init(&s, &c.mem, MEM_conn, 8000);
    for (size_t i = 0; i < 20; i++) {
        p[i] = slab_alloc(&s);
        assert_int_equal(p[i] == NULL, i == 6);
    }
    assert_int_equal(c.requests, 20);
    for (size_t i = 0; i < 20; i++)
        slab_free(&s, p[i]);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

/* Each object carries its own address, checked when it goes: nothing else may have written there meanwhile. */
static void slab_keeps_its_objects_apart_under_random_use(void **state)
{
    enum { MOST = 5000 };
    static uintptr_t *live[MOST];
    struct counted_mem c;
    struct slab s;
    struct rng r;
    size_t n = 0;

    rng_seed(&r, 1);
    counted_mem_init(&c);
    slab_init(&s, &c.mem, MEM_packet, 300);
    for (int i = 0; i < 400000; i++) {
        bool growing = i / 20000 % 2 == 0;

        if (n < MOST && (n == 0 || rng_below(&r, 100) < (growing ? 60 : 40))) {
            live[n] = slab_alloc(&s);
            assert_non_null(live[n]);
            live[n][0] = live[n][37 - 1] = (uintptr_t)live[n];
            n++;
        } else {
            size_t k = rng_below(&r, n);

            assert_true(live[k][0] == (uintptr_t)live[k] && live[k][37 - 1] == (uintptr_t)live[k]);
            slab_free(&s, live[k]);
            live[k] = live[--n];
        }
        assert_int_equal(s.objects, n);
        assert_int_equal(c.mem.live[MEM_packet], n * (WEFT_CHUNK / s.per_chunk));
        assert_int_equal(c.mem.total, c.held);
        assert_true(c.mem.total >= c.mem.live[MEM_packet]);
    }
    while (n > 0)
        slab_free(&s, live[--n]);
    slab_fini(&s);
    assert_true(counted_mem_is_clean(&c));
}

/* What each class gets of a limit when nobody else takes anything: records for strangers stop first. */
static void mem_runs_short_for_strangers_first(void **state)
{
    static const struct {
        enum mem_class class;
        size_t eighths;
    } of[] = {{MEM_half_open, 6}, {MEM_frag, 6}, {MEM_neigh, 6}, {MEM_conn, 7}, {MEM_time_wait, 7}, {MEM_udp, 7},
              {MEM_block, 8}, {MEM_packet, 8}, {MEM_work, 8}};
    enum { EACH = 1024, LIMIT = 64 * EACH };

    for (size_t i = 0; i < ARRAY_LEN(of); i++) {
        struct counted_mem c;
        void *had[LIMIT / EACH + 1];
        size_t n = 0;

        counted_mem_init(&c);
        c.mem.limit = LIMIT;
        assert_int_equal(mem_bound(&c.mem, of[i].class), LIMIT / 8 * of[i].eighths);
        while ((had[n] = mem_alloc(&c.mem, of[i].class, EACH)))
            n++;
        assert_int_equal(n, LIMIT / EACH / 8 * of[i].eighths);
        assert_int_equal(mem_is_tight(&c.mem), of[i].eighths > 6);
        had[n] = mem_alloc(&c.mem, MEM_block, EACH); /* what is there goes on */
        assert_int_equal(had[n] != NULL, of[i].eighths < 8);
        mem_free(&c.mem, MEM_block, had[n], EACH);
        while (n)
            mem_free(&c.mem, of[i].class, had[--n], EACH);
        c.mem.limit = 0;
        assert_int_equal(mem_bound(&c.mem, of[i].class), 0);
        assert_true(counted_mem_is_clean(&c));
    }
}

static void mem_classes_have_names(void **state)
{
    assert_string_equal(mem_class_text(MEM_time_wait), "TIME-WAIT records");
    assert_string_equal(mem_class_text(MEM_CLASS_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem_counts_by_class_what_the_environment_gave),
        cmocka_unit_test(mem_free_ignores_null),
        cmocka_unit_test(mem_refuses_a_size_that_cannot_be),
        cmocka_unit_test(mem_gives_up_to_the_limit_and_no_more),
        cmocka_unit_test(mem_runs_short_for_strangers_first),
        cmocka_unit_test(mem_fails_exactly_the_refused_request),
        cmocka_unit_test(slab_objects_are_aligned_and_do_not_overlap),
        cmocka_unit_test(slab_wastes_less_than_an_eighth_of_a_chunk),
        cmocka_unit_test(slab_counts_the_share_of_the_chunk),
        cmocka_unit_test(slab_hands_out_last_in_first_out),
        cmocka_unit_test(slab_keeps_some_idle_chunks_for_the_next_burst_and_returns_the_others),
        cmocka_unit_test(slab_gives_its_idle_chunks_up_before_anybody_goes_without),
        cmocka_unit_test(slab_free_ignores_null),
        cmocka_unit_test(slab_stops_at_the_limit_and_goes_on_after_a_free),
        cmocka_unit_test(slab_survives_an_environment_without_memory),
        cmocka_unit_test(objects_at_hand_are_nobodys),
        cmocka_unit_test(what_is_at_hand_goes_before_anybody_goes_without),
        cmocka_unit_test(large_objects_are_not_kept_at_hand),
        cmocka_unit_test(slab_asks_once_for_each_object),
        cmocka_unit_test(slab_keeps_its_objects_apart_under_random_use),
        cmocka_unit_test(mem_classes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
