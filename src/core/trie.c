/* SPDX-License-Identifier: MIT */
/*
 * See trie.h.
 *
 * Invariants: a node that is no run has a prefix or at least two ways (the root may have less); a run has one child,
 * has at least one step, lies within one word of the key, and is followed by a run only at a word's end. What
 * ran out of memory may leave it otherwise: that costs a step, and nothing else.
 */
#include "core/trie.h"

#define RUN      1u /* in trie_node.ends */
#define MAX_PATH (2 * (TRIE_BITS + TRIE_LEAD + TRIE_STEP - 1) / TRIE_STEP) /* a node a step, and runs that came apart */
#define LOG_ROOM 7u /* the bits of trie_node.child and .value that are no address */

/* ---- bits ---- */

static inline unsigned count_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(x * 0x0101010101010101u >> 56);
}

/* How many bits are set below bit i: the place in the array. */
static inline unsigned rank(uint64_t set, unsigned i) { return count_bits(set & (((uint64_t)1 << i) - 1)); }

static inline bool has(uint64_t set, unsigned i) { return set >> i & 1; }

static inline unsigned step_of(const struct trie_key *k, unsigned level)
{
    unsigned at = level % TRIE_WORD_STEPS;

    return k->word[level / TRIE_WORD_STEPS] >> (TRIE_STEP * (TRIE_WORD_STEPS - 1 - at)) & 63;
}

/* The steps [level, level + n) of a key, all in one word and fewer than ten or a whole word. */
static inline uint64_t steps_of(const struct trie_key *k, unsigned level, unsigned n)
{
    unsigned end = level % TRIE_WORD_STEPS + n;

    return k->word[level / TRIE_WORD_STEPS] >> (TRIE_STEP * (TRIE_WORD_STEPS - end)) &
           (((uint64_t)1 << (TRIE_STEP * n)) - 1);
}

/* Which of a node's prefixes a step begins with: none of its bits, the first, ... the first five. */
static inline uint64_t beginnings(unsigned step)
{
    unsigned i = 64 | step;

    return (uint64_t)1 << (i >> 1) | (uint64_t)1 << (i >> 2) | (uint64_t)1 << (i >> 3) | (uint64_t)1 << (i >> 4) |
           (uint64_t)1 << (i >> 5) | (uint64_t)1 << (i >> 6);
}

/* ---- arrays whose room is a power of two ---- */

static inline void *first_of(uintptr_t array)
{
    return (void *)(array & ~(uintptr_t)LOG_ROOM); /* NOLINT(performance-no-int-to-ptr) */
}

static inline struct trie_node *children(const struct trie_node *n) { return first_of(n->child); }
static inline void **values(const struct trie_node *n) { return first_of(n->value); }

static inline unsigned room(uintptr_t array) { return array ? 1u << (array & LOG_ROOM) : 0; }

static void free_array(struct trie *t, uintptr_t array, size_t each)
{
    size_t size = room(array) * each;

    t->bytes -= size;
    mem_free(t->mem, MEM_route, first_of(array), size);
}

/* Room for n; 0: out of memory. */
static uintptr_t new_array(struct trie *t, unsigned n, size_t each)
{
    unsigned log = 0;
    void *p;

    while (1u << log < n)
        log++;
    p = mem_alloc(t->mem, MEM_route, each << log);
    if (!p)
        return 0;
    weft_assert(((uintptr_t)p & LOG_ROOM) == 0, "mem_alloc aligns to eight at least");
    t->bytes += each << log;
    return (uintptr_t)p | log;
}

/* Moves n things to an array of fitting room; false: no memory, and everything is as it was. */
static bool move_array(struct trie *t, uintptr_t *array, unsigned n, unsigned fit, size_t each)
{
    uintptr_t other = new_array(t, fit, each);

    if (!other)
        return false;
    if (n)
        memcpy(first_of(other), first_of(*array), n * each);
    if (*array)
        free_array(t, *array, each);
    *array = other;
    return true;
}

/* A gap at `at` among n things of the array, and its address; NULL: out of memory. */
static void *open_gap(struct trie *t, uintptr_t *array, unsigned n, unsigned at, size_t each)
{
    uint8_t *p;

    if (n == room(*array) && !move_array(t, array, n, n + 1, each))
        return NULL;
    p = first_of(*array);
    memmove(p + (at + 1) * each, p + at * each, (n - at) * each);
    return p + at * each;
}

/* Takes the thing at `at` out of n. An array half empty is moved to a smaller one if there is one to be had. */
static void close_gap(struct trie *t, uintptr_t *array, unsigned n, unsigned at, size_t each)
{
    uint8_t *p = first_of(*array);

    memmove(p + at * each, p + (at + 1) * each, (n - at - 1) * each);
    if (n == 1) {
        free_array(t, *array, each);
        *array = 0;
    } else if (n - 1 <= room(*array) / 2) {
        (void)move_array(t, array, n - 1, n - 1, each); /* larger than it need be, if not */
    }
}

/* ---- looking up ---- */

void trie_init(struct trie *t, struct mem *m) { *t = (struct trie){.mem = m}; }

/* Does the key go along this run? */
static inline bool follows(const struct trie_node *run, const struct trie_key *key, unsigned level)
{
    return steps_of(key, level, (unsigned)run->value) == run->ways;
}

void *trie_find(const struct trie *t, const struct trie_key *key)
{
    const struct trie_node *n = &t->root, *best = NULL;
    uint64_t matches = 0;

    for (unsigned level = 0;;) {
        unsigned step;
        uint64_t here;

        if (n->ends & RUN) {
            if (!follows(n, key, level))
                break;
            level += (unsigned)n->value;
            n = children(n);
            continue;
        }
        step = step_of(key, level);
        here = n->ends & beginnings(step);
        if (here) {
            best = n;
            matches = here;
        }
        if (!has(n->ways, step))
            break;
        n = children(n) + rank(n->ways, step);
        level++;
    }
    return best ? values(best)[rank(best->ends, 63 - (unsigned)__builtin_clzll(matches))] : NULL;
}

/* ---- the way to a prefix ---- */

/* Where a prefix ends: at this level, as this bit of `ends`. */
struct end {
    unsigned level, bit;
};

static struct end end_of(const struct trie_key *key, unsigned bits)
{
    unsigned level = (bits + TRIE_LEAD) / TRIE_STEP, rest = (bits + TRIE_LEAD) % TRIE_STEP;

    return (struct end){level, 1u << rest | step_of(key, level) >> (TRIE_STEP - rest)};
}

/* The nodes from the root to the last one that leads towards a prefix. */
struct path {
    struct trie_node *node[MAX_PATH];
    uint8_t level[MAX_PATH];
    unsigned n;
    bool arrived; /* the last one is where the prefix ends */
};

static void walk(struct trie *t, const struct trie_key *key, unsigned end, struct path *path)
{
    struct trie_node *n = &t->root;
    unsigned level = 0;

    path->n = 0;
    path->arrived = false;
    for (;;) {
        weft_assert(path->n < MAX_PATH, "each node is a step at least");
        path->node[path->n] = n;
        path->level[path->n++] = (uint8_t)level;
        if (n->ends & RUN) {
            if (level + n->value > end || !follows(n, key, level))
                return;
            level += (unsigned)n->value;
            n = children(n);
        } else if (level == end) {
            path->arrived = true;
            return;
        } else if (has(n->ways, step_of(key, level))) {
            n = children(n) + rank(n->ways, step_of(key, level++));
        } else {
            return;
        }
    }
}

void **trie_at(struct trie *t, const struct trie_key *key, unsigned bits)
{
    struct end end = end_of(key, bits);
    struct path path;
    struct trie_node *n;

    walk(t, key, end.level, &path);
    n = path.node[path.n - 1];
    return path.arrived && has(n->ends, end.bit) ? values(n) + rank(n->ends, end.bit) : NULL;
}

/* ---- adding ---- */

/* A run of n steps in front of what is in *node now; false: out of memory. */
static bool put_behind_run(struct trie *t, struct trie_node *node, uint64_t steps, unsigned n)
{
    uintptr_t one = new_array(t, 1, sizeof *node);
    struct trie_node run = {.ends = RUN, .ways = steps, .child = one, .value = n};

    if (!one)
        return false;
    *children(&run) = *node;
    *node = run;
    return true;
}

static void free_branch(struct trie *t, struct trie_node *node)
{
    struct trie_node n = *node;

    while (n.ends & RUN) { /* a branch that was never joined is runs and one node with one value */
        struct trie_node below = *children(&n);

        free_array(t, n.child, sizeof n);
        n = below;
    }
    if (n.value)
        free_array(t, n.value, sizeof(void *));
}

/* What stands at `level` when there is nothing but this one prefix; false: out of memory. */
static bool make_branch(struct trie *t, const struct trie_key *key, unsigned level, struct end end, void *value,
                        struct trie_node *out)
{
    unsigned to = end.level;

    *out = (struct trie_node){.ends = (uint64_t)1 << end.bit, .value = new_array(t, 1, sizeof value)};
    if (!out->value)
        return false;
    *values(out) = value;
    while (to > level) {
        unsigned from = (to - 1) / TRIE_WORD_STEPS * TRIE_WORD_STEPS;

        if (from < level)
            from = level;
        if (!put_behind_run(t, out, steps_of(key, from, to - from), to - from)) {
            free_branch(t, out);
            return false;
        }
        to = from;
    }
    return true;
}

/* How many steps of this run the key goes along, and the prefix too. */
static unsigned common_steps(const struct trie_node *run, const struct trie_key *key, unsigned level, unsigned end)
{
    unsigned n = 0, all = (unsigned)run->value;

    while (n < all && level + n < end &&
           step_of(key, level + n) == (run->ways >> (TRIE_STEP * (all - 1 - n)) & 63))
        n++;
    return n;
}

/* Cuts a run behind its first n steps, 0 < n < its length, into two; false: out of memory. */
static bool cut_run(struct trie *t, struct trie_node *run, unsigned n)
{
    unsigned rest = (unsigned)run->value - n;
    struct trie_node whole = *run;

    run->ways = whole.ways & (((uint64_t)1 << (TRIE_STEP * rest)) - 1);
    run->value = rest;
    if (put_behind_run(t, run, whole.ways >> (TRIE_STEP * rest), n))
        return true;
    *run = whole;
    return false;
}

/*
 * Makes an ordinary node, which may branch or end prefixes, of where the key leaves the run at the end of the path.
 * Appends to the path what stands there now.
 */
static bool open_run(struct trie *t, const struct trie_key *key, unsigned end, struct path *path)
{
    struct trie_node *run = path->node[path->n - 1];
    unsigned level = path->level[path->n - 1], n = common_steps(run, key, level, end);

    if (n > 0) {
        if (!cut_run(t, run, n))
            return false;
        run = children(run);
        path->node[path->n] = run;
        path->level[path->n++] = (uint8_t)(level + n);
    }
    if (run->value > 1 && !cut_run(t, run, 1))
        return false;
    run->ways = (uint64_t)1 << run->ways; /* a run of one step is a node with one way */
    run->ends = 0;
    run->value = 0;
    path->arrived = path->level[path->n - 1] == end;
    return true;
}

static bool add_end(struct trie *t, struct trie_node *n, unsigned bit, void *value)
{
    void **at = open_gap(t, &n->value, count_bits(n->ends), rank(n->ends, bit), sizeof value);

    if (!at)
        return false;
    *at = value;
    n->ends |= (uint64_t)1 << bit;
    return true;
}

static bool add_way(struct trie *t, struct trie_node *n, unsigned step, const struct trie_node *child)
{
    struct trie_node *at = open_gap(t, &n->child, count_bits(n->ways), rank(n->ways, step), sizeof *child);

    if (!at)
        return false;
    *at = *child;
    n->ways |= (uint64_t)1 << step;
    return true;
}

bool trie_insert(struct trie *t, const struct trie_key *key, unsigned bits, void *value)
{
    struct end end = end_of(key, bits);
    struct path path;
    struct trie_node *n, branch;
    unsigned level;

    walk(t, key, end.level, &path);
    if ((path.node[path.n - 1]->ends & RUN) && !open_run(t, key, end.level, &path))
        return false;
    n = path.node[path.n - 1];
    level = path.level[path.n - 1];
    if (path.arrived)
        return add_end(t, n, end.bit, value);
    if (!make_branch(t, key, level + 1, end, value, &branch))
        return false;
    if (add_way(t, n, step_of(key, level), &branch))
        return true;
    free_branch(t, &branch);
    return false;
}

/* ---- taking out ---- */

static bool is_empty(const struct trie_node *n) { return n->ends == 0 && n->ways == 0; }

/* A node with one way and no prefix becomes a run, and a run takes the one behind it in while they share a word. */
static void tidy(struct trie *t, struct trie_node *n, unsigned level)
{
    struct trie_node below;
    unsigned steps;

    if (n->ends == 0 && count_bits(n->ways) == 1 && room(n->child) == 1)
        *n = (struct trie_node){RUN, (unsigned)__builtin_ctzll(n->ways), n->child, 1};
    if (!(n->ends & RUN) || !(children(n)->ends & RUN))
        return;
    below = *children(n);
    steps = (unsigned)(n->value + below.value);
    if (level / TRIE_WORD_STEPS != (level + steps - 1) / TRIE_WORD_STEPS)
        return;
    free_array(t, n->child, sizeof below);
    n->ways = n->ways << (TRIE_STEP * below.value) | below.ways;
    n->value = steps;
    n->child = below.child;
}

/* The child that the path went to is empty now. */
static void drop_child(struct trie *t, const struct trie_key *key, struct trie_node *n, unsigned level)
{
    unsigned step;

    if (n->ends & RUN) {
        free_array(t, n->child, sizeof *n);
        *n = (struct trie_node){0};
        return;
    }
    step = step_of(key, level);
    close_gap(t, &n->child, count_bits(n->ways), rank(n->ways, step), sizeof *n);
    n->ways &= ~((uint64_t)1 << step);
}

void trie_remove(struct trie *t, const struct trie_key *key, unsigned bits)
{
    struct end end = end_of(key, bits);
    struct path path;
    struct trie_node *n;
    bool empty;

    walk(t, key, end.level, &path);
    weft_assert(path.arrived && has(path.node[path.n - 1]->ends, end.bit), "whoever takes it out has added it");
    n = path.node[path.n - 1];
    close_gap(t, &n->value, count_bits(n->ends), rank(n->ends, end.bit), sizeof(void *));
    n->ends &= ~((uint64_t)1 << end.bit);
    empty = is_empty(n);
    tidy(t, n, path.level[path.n - 1]);
    for (unsigned i = path.n - 1; i-- > 0;) {
        n = path.node[i];
        if (empty)
            drop_child(t, key, n, path.level[i]);
        empty = is_empty(n);
        tidy(t, n, path.level[i]);
    }
}
