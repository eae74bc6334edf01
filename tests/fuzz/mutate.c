/* SPDX-License-Identifier: MIT */
/*
 * New inputs of old ones, step by step (steps.h): libFuzzer calls it, and regress.c with fixed seeds. What steps are in an
 * input is known once it has run, so each is run first.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "steps.h"

struct steps fuzz_steps;

/* libFuzzer's own, which knows what comparisons it saw; other drivers have none. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

struct chance {
    uint64_t state;
};

static size_t below(struct chance *c, size_t n)
{
    c->state = c->state * 6364136223846793005u + 1442695040888963407u;
    return n ? (size_t)(c->state >> 33) % n : 0;
}

/* What is being made. */
struct made {
    uint8_t *bytes;
    size_t n, max;
};

static void add(struct made *m, const uint8_t *p, size_t n)
{
    n = n < m->max - m->n ? n : m->max - m->n;
    memcpy(m->bytes + m->n, p, n);
    m->n += n;
}

/* The steps from `from` up to `to`, of the input whose steps these are. */
static void add_steps(struct made *m, const struct steps *s, const uint8_t *input, size_t from, size_t to)
{
    if (from < to)
        add(m, input + s->at[from], s->at[to] - s->at[from]);
}

/* Runs the input; false: it has no steps. */
static bool find_steps(const uint8_t *data, size_t size)
{
    LLVMFuzzerTestOneInput(data, size);
    fuzz_steps.at[fuzz_steps.n] = size;
    return fuzz_steps.n > 0;
}

/* A byte or three of a step become others; its length stays, so that what follows means what it meant. */
static void change_step(struct made *m, struct chance *c, size_t i)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
    size_t from = fuzz_steps.at[i], len = fuzz_steps.at[i + 1] - from;

    for (size_t k = below(c, 3) + 1; k > 0 && len; k--) {
        uint8_t *byte = m->bytes + from + below(c, len);

        switch (below(c, 4)) {
        case 0: *byte ^= (uint8_t)(1u << below(c, 8)); break;
        case 1: *byte = (uint8_t)(*byte + below(c, 9) - 4); break;
        case 2: *byte = edges[below(c, sizeof edges)]; break;
        default: *byte = (uint8_t)below(c, 256);
        }
    }
}

/* i: a step; j: i or a later one. */
static void rearrange(struct made *m, struct chance *c, const uint8_t *data, size_t i, size_t j)
{
    const struct steps *s = &fuzz_steps;

    add(m, data, s->at[0]);
    add_steps(m, s, data, 0, i);
    switch (below(c, 4)) {
    case 0: break; /* without them */
    case 1: /* each once more */
        add_steps(m, s, data, i, j + 1);
        add_steps(m, s, data, i, j + 1);
        break;
    case 2: /* the first many times over */
        for (size_t k = below(c, 16) + 2; k > 0; k--)
            add_steps(m, s, data, i, i + 1);
        add_steps(m, s, data, i + 1, j + 1);
        break;
    default: /* from behind */
        for (size_t k = j + 1; k > i; k--)
            add_steps(m, s, data, k - 1, k);
    }
    add_steps(m, s, data, j + 1, s->n);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct chance c = {seed * 0x9e3779b97f4a7c15u + 1};
    struct made m = {data, size, max};
    uint8_t *old;
    size_t i;

    if ((LLVMFuzzerMutate && below(&c, 4) == 0) || !find_steps(data, size))
        return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
    i = below(&c, fuzz_steps.n);
    if (below(&c, 2)) {
        change_step(&m, &c, i);
        return size;
    }
    old = malloc(size);
    if (!old)
        abort();
    memcpy(old, data, size);
    m.n = 0;
    rearrange(&m, &c, old, i, i + below(&c, fuzz_steps.n - i));
    free(old);
    return m.n;
}

/* Some steps of the one, then some of the other, then the rest of the first. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out, size_t max,
                                 unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out, size_t max,
                                 unsigned seed)
{
    struct chance c = {seed * 0x9e3779b97f4a7c15u + 2};
    struct made m = {out, 0, max};
    static struct steps first;
    size_t at, from;

    if (!find_steps(a, na))
        return 0;
    first = fuzz_steps;
    if (!find_steps(b, nb))
        return 0;
    at = below(&c, first.n + 1);
    from = below(&c, fuzz_steps.n);
    add(&m, a, first.at[0]);
    add_steps(&m, &first, a, 0, at);
    add_steps(&m, &fuzz_steps, b, from, from + 1 + below(&c, fuzz_steps.n - from));
    add_steps(&m, &first, a, at, first.n);
    return m.n;
}
