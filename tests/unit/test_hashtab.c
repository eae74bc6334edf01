/* SPDX-License-Identifier: MIT */
/* The hash table (src/base/hashtab.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hashtab.h"
#include "base/rng.h"
#include "counted_mem.h"

struct item {
    struct hash_node node;
    uint32_t hash;
    unsigned tag;
    bool in;
    bool seen;
};

static uint32_t item_hash(const void *ctx, const struct hash_node *node, unsigned tag)
{
    const struct item *it = container_of(node, struct item, node);

    assert_int_equal(tag, it->tag);
    return it->hash;
}

static bool is_found(const struct hashtab *t, const struct item *it)
{
    unsigned tag;

    for (struct hash_node *n = hashtab_first(t, it->hash, &tag); n; n = hashtab_next(n, &tag))
        if (n == &it->node)
            return tag == it->tag;
    return false;
}

/* Each item is found exactly when it is in, a walk meets just those once, and the mask is as the header says. */
static void assert_holds(const struct hashtab *t, struct item *items, size_t n)
{
    struct hashtab_walk w = {0};
    size_t count = 0;

    while (hashtab_walk(t, &w)) {
        struct item *it = container_of(w.at, struct item, node);

        assert_true(it->in && !it->seen && w.tag == it->tag);
        it->seen = true;
        count++;
    }
    assert_int_equal(count, t->count);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(items[i].seen, items[i].in);
        assert_int_equal(is_found(t, &items[i]), items[i].in);
        items[i].seen = false;
    }
    if (t->buckets) {
        assert_true(t->mask + 1 <= t->buckets && t->buckets < 2 * (t->mask + 1));
        assert_int_equal(t->mask & (t->mask + 1), 0);
    }
}

static void insert(struct hashtab *t, struct item *it)
{
    it->in = hashtab_insert(t, &it->node, it->tag, it->hash);
    assert_true(it->in);
}

static void drop(struct hashtab *t, struct item *it)
{
    hashtab_remove(t, &it->node, it->hash);
    it->in = false;
}

static void items_init(struct item *items, size_t n, uint64_t seed)
{
    struct rng r;

    rng_seed(&r, seed);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct item){.hash = (uint32_t)rng_u64(&r), .tag = (unsigned)rng_below(&r, 4)};
}

static void hashtab_that_is_empty_allocates_nothing_and_finds_nothing(void **state)
{
    struct counted_mem c;
    struct hashtab t;
    unsigned tag;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    assert_null(hashtab_first(&t, 42, &tag));
    assert_false(hashtab_walk(&t, &(struct hashtab_walk){0}));
    assert_int_equal(c.held, 0);
    hashtab_fini(&t);
    assert_true(counted_mem_is_clean(&c));
}

static void hashtab_keeps_equal_hashes_and_tags_apart(void **state)
{
    struct item items[8];
    struct counted_mem c;
    struct hashtab t;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    for (unsigned i = 0; i < 8; i++) {
        items[i] = (struct item){.hash = 7, .tag = i % 4};
        insert(&t, &items[i]);
    }
    assert_holds(&t, items, 8);
    drop(&t, &items[3]);
    drop(&t, &items[7]);
    drop(&t, &items[0]);
    assert_holds(&t, items, 8);
    hashtab_fini(&t);
    assert_true(counted_mem_is_clean(&c));
}

static void hashtab_replace_puts_another_kind_in_the_same_place(void **state)
{
    struct item old = {.hash = 9, .tag = 1}, between = {.hash = 9, .tag = 0}, new_item = {.hash = 9, .tag = 2};
    struct counted_mem c;
    struct hashtab t;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    insert(&t, &old);
    insert(&t, &between);
    c.refuse_at = 1;
    c.refuse_onwards = true;
    hashtab_replace(&t, &old.node, &new_item.node, 2, 9);
    assert_false(is_found(&t, &old));
    assert_true(is_found(&t, &between));
    assert_true(is_found(&t, &new_item));
    assert_int_equal(t.count, 2);
    hashtab_fini(&t);
}

static void hashtab_grows_and_shrinks_a_step_at_a_time(void **state)
{
    enum { MANY = 40000 };
    static struct item items[MANY];
    struct counted_mem c;
    struct hashtab t;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    items_init(items, MANY, 1);
    for (size_t i = 0; i < MANY; i++) {
        uint32_t before = t.buckets;

        insert(&t, &items[i]);
        assert_true(before == 0 || t.buckets - before <= 1);
        assert_true(t.count <= t.buckets + t.buckets / 4);
    }
    assert_holds(&t, items, MANY);
    for (size_t i = 0; i < MANY; i++) {
        uint32_t before = t.buckets;

        drop(&t, &items[i]);
        assert_true(before - t.buckets <= 2);
        assert_true(t.buckets == HASHTAB_SEGMENT || t.buckets / 2 <= t.count);
        if (i % 10000 == 0)
            assert_holds(&t, items, MANY);
    }
    assert_int_equal(t.buckets, HASHTAB_SEGMENT);
    assert_in_range(c.held, 1, 8192);
    hashtab_fini(&t);
    assert_true(counted_mem_is_clean(&c));
}

static void hashtab_spreads_well_at_any_size(void **state)
{
    enum { MANY = 30000 };
    static struct item items[MANY];
    struct counted_mem c;
    struct hashtab t;
    size_t longest = 0;
    unsigned tag;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    items_init(items, MANY, 2);
    for (size_t i = 0; i < MANY; i++)
        insert(&t, &items[i]);
    for (size_t i = 0; i < MANY; i++) {
        size_t length = 0;

        for (struct hash_node *n = hashtab_first(&t, items[i].hash, &tag); n; n = hashtab_next(n, &tag))
            length++;
        longest = max_size(longest, length);
    }
    assert_in_range(longest, 2, 16);
    hashtab_fini(&t);
}

static void hashtab_insert_without_memory_for_the_first_bucket_changes_nothing(void **state)
{
    struct item it = {.hash = 5};

    for (size_t n = 1; n <= 2; n++) { /* the directory, then the segment */
        struct counted_mem c;
        struct hashtab t;

        counted_mem_init(&c);
        c.refuse_at = n;
        hashtab_init(&t, &c.mem, item_hash, NULL);
        assert_false(hashtab_insert(&t, &it.node, 0, it.hash));
        assert_int_equal(t.count, 0);
        assert_false(is_found(&t, &it));
        assert_true(hashtab_insert(&t, &it.node, 0, it.hash));
        assert_true(is_found(&t, &it));
        hashtab_fini(&t);
        assert_true(counted_mem_is_clean(&c));
    }
}

static void hashtab_that_cannot_grow_works_on_and_catches_up_later(void **state)
{
    enum { MANY = 20000 };
    static struct item items[MANY];
    struct counted_mem c;
    struct hashtab t;
    size_t i;

    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    items_init(items, MANY, 3);
    insert(&t, &items[0]);
    c.refuse_at = 1;
    c.refuse_onwards = true;
    for (i = 1; i < MANY / 4; i++)
        insert(&t, &items[i]);
    assert_int_equal(t.buckets, HASHTAB_SEGMENT);
    assert_holds(&t, items, i);
    c.refuse_at = 0;
    for (; i < MANY; i++)
        insert(&t, &items[i]);
    assert_int_equal(t.buckets + t.buckets / 4, t.count);
    assert_holds(&t, items, MANY);
    hashtab_fini(&t);
    assert_true(counted_mem_is_clean(&c));
}

/* Inserts, removals and replacements in waves, every so often with no memory for a while. */
static void random_run(uint64_t seed)
{
    enum { MANY = 6000 };
    static struct item items[MANY];
    struct counted_mem c;
    struct hashtab t;
    struct rng r;

    rng_seed(&r, seed);
    counted_mem_init(&c);
    hashtab_init(&t, &c.mem, item_hash, NULL);
    items_init(items, MANY, seed);
    for (int step = 0; step < 60000; step++) {
        struct item *it = &items[rng_below(&r, MANY)], *other = &items[rng_below(&r, MANY)];
        bool filling = step / 15000 % 2 == 0;

        if (step % 500 == 0)
            c.refuse_at = c.requests + 1 + rng_below(&r, 4);
        c.refuse_onwards = step / 2000 % 3 == 1;
        if (it->in && other != it && !other->in && rng_below(&r, 8) == 0) {
            other->hash = it->hash;
            hashtab_replace(&t, &it->node, &other->node, other->tag, it->hash);
            it->in = false;
            other->in = true;
        } else if (it->in && (!filling || rng_below(&r, 8) == 0)) {
            drop(&t, it);
        } else if (!it->in && (filling || rng_below(&r, 8) == 0)) {
            it->in = hashtab_insert(&t, &it->node, it->tag, it->hash);
            assert_true(it->in || t.buckets == 0);
        }
        if (step % 3000 == 0)
            assert_holds(&t, items, MANY);
    }
    assert_holds(&t, items, MANY);
    hashtab_fini(&t);
    assert_true(counted_mem_is_clean(&c));
}

static void hashtab_agrees_with_a_list_under_random_use_and_failing_memory(void **state)
{
    for (uint64_t seed = 1; seed <= 17; seed++) /* a million operations */
        random_run(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashtab_that_is_empty_allocates_nothing_and_finds_nothing),
        cmocka_unit_test(hashtab_keeps_equal_hashes_and_tags_apart),
        cmocka_unit_test(hashtab_replace_puts_another_kind_in_the_same_place),
        cmocka_unit_test(hashtab_grows_and_shrinks_a_step_at_a_time),
        cmocka_unit_test(hashtab_spreads_well_at_any_size),
        cmocka_unit_test(hashtab_insert_without_memory_for_the_first_bucket_changes_nothing),
        cmocka_unit_test(hashtab_that_cannot_grow_works_on_and_catches_up_later),
        cmocka_unit_test(hashtab_agrees_with_a_list_under_random_use_and_failing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
