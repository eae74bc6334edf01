/* SPDX-License-Identifier: MIT */
/* Listeners by number; see listeners.h. */
#include "tcp/listeners.h"

#define FIRST_ROOM 4u

static bool grow(struct listeners *t, struct mem *m)
{
    uint32_t room = t->room ? t->room * 2 : FIRST_ROOM;
    struct tcp_conn **at = mem_alloc(m, MEM_table, room * sizeof *at);

    if (!at)
        return false;
    memset(at, 0, room * sizeof *at);
    if (t->at)
        memcpy(at, t->at, t->room * sizeof *at);
    mem_free(m, MEM_table, t->at, t->room * sizeof *at);
    t->at = at;
    t->room = room;
    return true;
}

uint32_t listeners_add(struct listeners *t, struct mem *m, struct tcp_conn *listener)
{
    while (t->hint < t->room && t->at[t->hint])
        t->hint++;
    if (t->hint == t->room && !grow(t, m))
        return 0;
    t->at[t->hint] = listener;
    return ++t->hint;
}

void listeners_remove(struct listeners *t, uint32_t number)
{
    t->at[number - 1] = NULL;
    t->hint = min_u32(t->hint, number - 1);
}

void listeners_fini(struct listeners *t, struct mem *m)
{
    mem_free(m, MEM_table, t->at, t->room * sizeof *t->at);
    *t = (struct listeners){0};
}
