/* SPDX-License-Identifier: MIT */
/*
 * A test's outside world: a weft_env whose memory is counted and checked, whose randomness is seeded, whose
 * allocations can be made to fail one by one, and which can write down what the stack tells of itself.
 */
#ifndef UNIT_HARNESS_H
#define UNIT_HARNESS_H

#include "base/rng.h"
#include "weft/stack.h"

#define HARNESS_HEAD 128 /* bytes that are kept of each recorded packet */

/* A weft_trace that outlives the call. */
struct harness_event {
    weft_time at;
    enum weft_trace_kind kind;
    enum weft_drop drop;
    enum weft_tcp_state from, to;
    enum weft_why why;
    uint32_t value;        /* of why */
    const weft_if *ifp;
    size_t len; /* of the whole packet; head has the first bytes of it */
    uint8_t head[HARNESS_HEAD];
};

struct harness_env {
    size_t live, peak;     /* bytes that the stack holds; the most it ever did */
    size_t allocations;    /* made so far */
    size_t asked;          /* how often `refuse` was asked */
    size_t refuse_at;      /* the question that will be answered with yes; 0: none */
    bool unpredictable;    /* cleared: `random` fails, as if there were no source */
    struct rng rng;
    bool recording;
    struct harness_event *event;
    size_t n_events, room;
};

void harness_env_init(struct harness_env *e, uint64_t seed);

/* The environment to make stacks and wires with; e must outlive them. */
struct weft_env harness_env(struct harness_env *e);

/* The n-th allocation from now on fails (1: the next), and only that; 0: none does. */
void harness_env_fail_nth(struct harness_env *e, size_t n);

/* Was that allocation asked for, and refused? */
bool harness_env_failed(const struct harness_env *e);

/* From now on events are kept. Switch it on before the stack is made: the trace hook is only there then. */
void harness_env_record(struct harness_env *e);

/* Forgets the events kept so far. */
void harness_env_forget(struct harness_env *e);

/* How many events of this kind are kept; how many drops for this reason. */
size_t harness_env_count(const struct harness_env *e, enum weft_trace_kind kind);
size_t harness_env_drops(const struct harness_env *e, enum weft_drop why);

/* Asserts that everything was given back, and frees the record. */
void harness_env_check(struct harness_env *e);

#endif
