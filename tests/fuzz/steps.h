/* SPDX-License-Identifier: MIT */
/*
 * Inputs that are a list of steps: a packet, a call, some time. The harness says where each of them begins, so that whoever
 * makes new inputs of old ones (mutate.c) can take, repeat and exchange whole steps, where bytes alone would shift all
 * that follows.
 */
#ifndef FUZZ_STEPS_H
#define FUZZ_STEPS_H

#include <stddef.h>
#include <stdint.h>

enum { MOST_STEPS = 1024 };

struct steps {
    const uint8_t *input;
    size_t n;                  /* of them; what comes behind MOST_STEPS belongs to the last */
    size_t at[MOST_STEPS + 1]; /* where each begins, from the input's first byte; mutate.c puts the end behind */
};

extern struct steps fuzz_steps; /* of the input that ran last */

static inline void steps_begin(const uint8_t *input)
{
    fuzz_steps.input = input;
    fuzz_steps.n = 0;
}

static inline void steps_mark(const uint8_t *p)
{
    if (fuzz_steps.n < MOST_STEPS)
        fuzz_steps.at[fuzz_steps.n++] = (size_t)(p - fuzz_steps.input);
}

#endif
