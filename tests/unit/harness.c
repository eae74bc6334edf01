/* SPDX-License-Identifier: MIT */
/* A test's outside world; see harness.h. Behind each allocation stands a guard, which knows its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define FRESH 0xa5 /* what new memory is full of: reading it before writing it shows */

struct guard {
    size_t size;
    uint8_t fence[8];
};

static const uint8_t fence[8] = {0xfe, 0xce, 0xfe, 0xce, 0xfe, 0xce, 0xfe, 0xce};

static void *alloc(void *ctx, size_t size, size_t align)
{
    struct harness_env *e = ctx;
    struct guard g = {.size = size};
    void *p;

    assert_true(align && (align & (align - 1)) == 0);
    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size + sizeof g))
        return NULL;
    memset(p, FRESH, size);
    memcpy(g.fence, fence, sizeof fence);
    memcpy((uint8_t *)p + size, &g, sizeof g);
    e->allocations++;
    e->live += size;
    if (e->live > e->peak)
        e->peak = e->live;
    return p;
}

static void release(void *ctx, void *p, size_t size)
{
    struct harness_env *e = ctx;
    struct guard g;

    assert_non_null(p);
    memcpy(&g, (uint8_t *)p + size, sizeof g);
    assert_memory_equal(g.fence, fence, sizeof fence);
    assert_int_equal(g.size, size);
    e->live -= size;
    free(p);
}

static bool fill(void *ctx, void *buf, size_t n)
{
    struct harness_env *e = ctx;
    uint8_t *p = buf;

    if (!e->unpredictable)
        return false;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(rng_u64(&e->rng) >> 56);
    return true;
}

static bool refuse(void *ctx)
{
    struct harness_env *e = ctx;

    return ++e->asked == e->refuse_at;
}

static void note(void *ctx, const struct weft_trace *t)
{
    struct harness_env *e = ctx;
    struct harness_event *to;

    if (!e->recording)
        return;
    if (e->n_events == e->room) {
        e->room = e->room ? 2 * e->room : 256;
        e->event = realloc(e->event, e->room * sizeof *e->event);
        assert_non_null(e->event);
    }
    to = &e->event[e->n_events++];
    *to = (struct harness_event){
        .at = t->at, .kind = t->kind, .drop = t->drop, .from = t->from, .to = t->to,
        .why = t->why, .value = t->value, .ifp = t->ifp};
    if (t->pkt) {
        to->len = weft_pkt_len(t->pkt);
        weft_pkt_copy(t->pkt, 0, to->head, sizeof to->head);
    }
}

void harness_env_init(struct harness_env *e, uint64_t seed)
{
    *e = (struct harness_env){.unpredictable = true};
    rng_seed(&e->rng, seed);
}

struct weft_env harness_env(struct harness_env *e)
{
    return (struct weft_env){
        .ctx = e,
        .alloc = alloc,
        .free = release,
        .random = fill,
        .trace = e->recording ? note : NULL,
        .refuse = refuse,
    };
}

void harness_env_fail_nth(struct harness_env *e, size_t n)
{
    e->refuse_at = n ? e->asked + n : 0;
}

bool harness_env_failed(const struct harness_env *e)
{
    return e->refuse_at && e->asked >= e->refuse_at;
}

void harness_env_record(struct harness_env *e)
{
    e->recording = true;
}

void harness_env_forget(struct harness_env *e)
{
    e->n_events = 0;
}

size_t harness_env_count(const struct harness_env *e, enum weft_trace_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_events; i++)
        n += e->event[i].kind == kind;
    return n;
}

size_t harness_env_drops(const struct harness_env *e, enum weft_drop why)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_events; i++)
        n += e->event[i].kind == WEFT_TRACE_DROP && e->event[i].drop == why;
    return n;
}

void harness_env_check(struct harness_env *e)
{
    assert_int_equal(e->live, 0);
    free(e->event);
    e->event = NULL;
    e->n_events = e->room = 0;
}
