/* SPDX-License-Identifier: MIT */
/* The trie beside a table that is looked through from end to end; and what it does without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/trie.h"
#include "counted_mem.h"

#define MOST 400

/* A prefix as the naive model has it: bit by bit. */
struct entry {
    uint64_t high, low;
    unsigned bits;
};

struct model {
    struct trie trie;
    struct entry entry[MOST];
    char *value[MOST];
    char name[MOST]; /* whose addresses are the values */
    size_t n;
    bool v4;
};

static bool bit(uint64_t high, uint64_t low, unsigned i) { return (i < 64 ? high >> (63 - i) : low >> (127 - i)) & 1; }

static bool begins_with(uint64_t high, uint64_t low, const struct entry *e)
{
    for (unsigned i = 0; i < e->bits; i++)
        if (bit(high, low, i) != bit(e->high, e->low, i))
            return false;
    return true;
}

static struct trie_key key_of(const struct model *m, uint64_t high, uint64_t low)
{
    return m->v4 ? trie_key_v4((uint32_t)(high >> 32)) : trie_key_v6(high, low);
}

static char *naive_find(const struct model *m, uint64_t high, uint64_t low)
{
    size_t best = MOST;

    for (size_t i = 0; i < m->n; i++)
        if (begins_with(high, low, &m->entry[i]) && (best == MOST || m->entry[i].bits > m->entry[best].bits))
            best = i;
    return best == MOST ? NULL : m->value[best];
}

/* The place of this very prefix in the model; m->n: it is not there. */
static size_t naive_at(const struct model *m, const struct entry *e)
{
    size_t i = 0;

    while (i < m->n && !(m->entry[i].bits == e->bits && begins_with(e->high, e->low, &m->entry[i])))
        i++;
    return i;
}

/* Addresses lie close together, so that prefixes share much and runs come apart in all places. */
static struct entry draw(struct rng *g, bool v4)
{
    static const uint64_t nearby[] = {0, 0x0a00000000000000u, 0x20010db800000000u, 0x20010db8ffffffffu};
    struct entry e = {nearby[rng_below(g, 4)], 0, (unsigned)rng_below(g, v4 ? 33 : 129)};

    for (unsigned n = (unsigned)rng_below(g, 5); n > 0; n--) {
        unsigned i = (unsigned)rng_below(g, 128);

        if (i < 64)
            e.high ^= (uint64_t)1 << i;
        else
            e.low ^= (uint64_t)1 << (i - 64);
    }
    return e;
}

static void add(struct model *m, const struct entry *e)
{
    struct trie_key key = key_of(m, e->high, e->low);
    char *value = m->name;

    for (size_t i = 0; i < m->n; i++)
        if (m->value[i] == value) {
            value++;
            i = (size_t)-1;
        }
    if (!trie_insert(&m->trie, &key, e->bits, value))
        return;
    m->entry[m->n] = *e;
    m->value[m->n++] = value;
}

static void take_out(struct model *m, size_t i)
{
    struct trie_key key = key_of(m, m->entry[i].high, m->entry[i].low);

    trie_remove(&m->trie, &key, m->entry[i].bits);
    m->entry[i] = m->entry[--m->n];
    m->value[i] = m->value[m->n];
}

static void agrees(struct model *m, uint64_t high, uint64_t low)
{
    struct trie_key key = key_of(m, high, low);

    assert_ptr_equal(trie_find(&m->trie, &key), naive_find(m, high, low));
}

static void step(struct model *m, struct rng *g, unsigned most)
{
    struct entry e = draw(g, m->v4), asked = draw(g, m->v4);
    size_t i = naive_at(m, &e);
    struct trie_key key = key_of(m, e.high, e.low);
    void **at = trie_at(&m->trie, &key, e.bits);

    assert_ptr_equal(at ? *at : NULL, i < m->n ? m->value[i] : NULL);
    if (i < m->n)
        take_out(m, i);
    else if (m->n < most)
        add(m, &e);
    else
        take_out(m, rng_below(g, m->n));
    agrees(m, e.high, e.low);
    agrees(m, asked.high, asked.low);
    if (m->n)
        agrees(m, m->entry[0].high, m->entry[0].low ^ 1);
}

/* A stream of operations; refusals: one in so many allocations fails, 0: none. */
static void stream(bool v4, uint64_t seed, unsigned refusals)
{
    struct counted_mem c;
    struct model *m = calloc(1, sizeof *m);
    struct rng g;

    counted_mem_init(&c);
    rng_seed(&g, seed);
    trie_init(&m->trie, &c.mem);
    m->v4 = v4;
    for (unsigned round = 0, end = thinned(6000); round < end; round++) {
        if (refusals && rng_below(&g, refusals) == 0)
            c.refuse_at = c.requests + 1 + rng_below(&g, 4);
        step(m, &g, round % 2000 < 1000 ? MOST : 3);
        assert_int_equal(c.mem.live[MEM_route] > 0, m->trie.bytes > 0);
    }
    while (m->n)
        take_out(m, m->n - 1);
    assert_int_equal(m->trie.bytes, 0);
    assert_int_equal(c.mem.total, 0);
    free(m);
}

/* R1812-5.2.4 */
static void longest_prefix_is_that_of_a_naive_table(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        stream(true, seed, 0);
        stream(false, seed, 0);
    }
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    stream(true, 7, 3);
    stream(false, 8, 3);
}

static void every_length_of_one_address_is_found(void **state)
{
    struct counted_mem c;
    struct trie t;
    struct trie_key ones = trie_key_v6(UINT64_MAX, UINT64_MAX);
    char name[129];

    (void)state;
    counted_mem_init(&c);
    trie_init(&t, &c.mem);
    for (unsigned bits = 0; bits <= 128; bits++) {
        assert_true(trie_insert(&t, &ones, bits, &name[bits]));
        assert_ptr_equal(trie_find(&t, &ones), &name[bits]);
    }
    for (unsigned bits = 0; bits < 128; bits++) { /* an address that differs first in this bit */
        uint64_t high = bits < 64 ? ~((uint64_t)1 << (63 - bits)) : UINT64_MAX;
        uint64_t low = bits < 64 ? 0 : ~((uint64_t)1 << (127 - bits));
        struct trie_key key = trie_key_v6(high, low);

        assert_ptr_equal(trie_find(&t, &key), &name[bits]);
    }
    for (unsigned bits = 0; bits <= 128; bits++)
        trie_remove(&t, &ones, bits);
    assert_null(trie_find(&t, &ones));
    assert_int_equal(c.mem.total, 0);
}

/* A lone prefix costs what it needs, and not a node for each six of its bits. */
static void long_prefix_alone_is_a_run(void **state)
{
    struct counted_mem c;
    struct trie t;
    struct trie_key key = trie_key_v6(0x20010db800000000u, 1);
    char value;

    (void)state;
    counted_mem_init(&c);
    trie_init(&t, &c.mem);
    assert_true(trie_insert(&t, &key, 128, &value));
    assert_true(t.bytes <= 5 * sizeof(struct trie_node));
    trie_remove(&t, &key, 128);
    assert_int_equal(t.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_is_that_of_a_naive_table),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(every_length_of_one_address_is_found),
        cmocka_unit_test(long_prefix_alone_is_a_run),
    };

    return cmocka_run_group_tests_name("trie", tests, NULL, NULL);
}
