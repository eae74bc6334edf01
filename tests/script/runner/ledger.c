/* SPDX-License-Identifier: MIT */
/*
 * The stack's memory and randomness in a test: each allocation carries its size and a mark in front, so that a wrong
 * size on freeing is seen; the n-th one can be refused; random bytes come from a seed.
 */
#include <stdlib.h>
#include <string.h>

#include "lab.h"

struct mark {
    void *raw;
    size_t size;
    uint64_t magic;
};

#define MAGIC 0x77656674206d656dULL

static void *ledger_alloc(void *ctx, size_t size, size_t align)
{
    struct ledger *l = ctx;
    size_t room = align > _Alignof(struct mark) ? align : _Alignof(struct mark);
    char *raw = malloc(sizeof(struct mark) + room + size);
    uintptr_t at = (uintptr_t)raw + sizeof(struct mark);
    struct mark *m;

    if (!raw)
        return NULL;
    at = (at + room - 1) & ~(uintptr_t)(room - 1);
    m = (struct mark *)at - 1;
    *m = (struct mark){raw, size, MAGIC};
    l->live += size;
    memset((void *)at, 0xa5, size);
    return (void *)at;
}

static void ledger_free(void *ctx, void *p, size_t size)
{
    struct ledger *l = ctx;
    struct mark *m = (struct mark *)p - 1;

    if (!p)
        return;
    if (m->magic != MAGIC || m->size != size) {
        l->corrupt = true;
        return;
    }
    m->magic = 0;
    l->live -= size;
    memset(p, 0x5a, size);
    free(m->raw);
}

/* splitmix64: good enough to be unguessable to a stack, and the same in every run. */
static bool ledger_random(void *ctx, void *buf, size_t n)
{
    struct ledger *l = ctx;
    unsigned char *p = buf;
    uint64_t z = 0;

    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0) {
            z = l->random += 0x9e3779b97f4a7c15ULL;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            z ^= z >> 31;
        }
        p[i] = (unsigned char)(z >> 8 * (i % 8));
    }
    return true;
}

static bool ledger_refuse(void *ctx)
{
    struct ledger *l = ctx;

    if (++l->asked != l->refuse_at)
        return false;
    l->refused = true;
    return true;
}

struct weft_env ledger_env(struct ledger *ledger)
{
    return (struct weft_env){
        .ctx = ledger,
        .alloc = ledger_alloc,
        .free = ledger_free,
        .random = ledger_random,
        .refuse = ledger_refuse,
    };
}
