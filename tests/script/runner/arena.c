/* SPDX-License-Identifier: MIT */
/* See arena.h. A chain of separate allocations: scripts are small, and ASan sees each object's end. */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct chunk *first;
};

static void *must_calloc(size_t n)
{
    void *p = calloc(1, n);

    if (!p) {
        fputs("Bail out! out of memory\n", stdout);
        exit(2);
    }
    return p;
}

struct arena *arena_new(void)
{
    return must_calloc(sizeof(struct arena));
}

void *arena_alloc(struct arena *a, size_t n)
{
    struct chunk *c = must_calloc(sizeof(*c) + n);

    c->next = a->first;
    a->first = c;
    return c->bytes;
}

char *arena_text(struct arena *a, const char *text, size_t n)
{
    char *copy = arena_alloc(a, n + 1);

    memcpy(copy, text, n);
    return copy;
}

void arena_free(struct arena *a)
{
    while (a && a->first) {
        struct chunk *c = a->first;

        a->first = c->next;
        free(c);
    }
    free(a);
}
