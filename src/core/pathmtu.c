/* SPDX-License-Identifier: MIT */
/* The path MTU cache; see pathmtu.h. */
#include "core/pathmtu.h"

void pathmtu_init(struct pathmtu_table *t, struct sip_key key) { *t = (struct pathmtu_table){.key = key}; }

void pathmtu_fini(struct pathmtu_table *t, struct mem *m)
{
    if (t->entry)
        mem_free(m, MEM_stack, t->entry, PATHMTU_SETS * PATHMTU_WAYS * sizeof *t->entry);
    t->entry = NULL;
}

static struct pathmtu *set_of(const struct pathmtu_table *t, const struct weft_ip *dst)
{
    return &t->entry[siphash24(t->key, dst->b, sizeof dst->b) % PATHMTU_SETS * PATHMTU_WAYS];
}

const struct pathmtu *pathmtu_find(const struct pathmtu_table *t, const struct weft_ip *dst, weft_time now)
{
    const struct pathmtu *e;

    if (likely(!t->entry))
        return NULL;
    e = set_of(t, dst);
    for (unsigned i = 0; i < PATHMTU_WAYS; i++)
        if (e[i].expires > now && memcmp(&e[i].dst, dst, sizeof *dst) == 0)
            return &e[i];
    return NULL;
}

bool pathmtu_learn(struct pathmtu_table *t, struct mem *m, const struct pathmtu *what)
{
    const size_t size = PATHMTU_SETS * PATHMTU_WAYS * sizeof *t->entry;
    struct pathmtu *set, *place = NULL;

    if (!t->entry) {
        t->entry = mem_alloc(m, MEM_stack, size);
        if (!t->entry)
            return false;
        memset(t->entry, 0, size);
    }
    set = set_of(t, &what->dst);
    for (unsigned i = 0; i < PATHMTU_WAYS; i++) {
        if (set[i].expires && memcmp(&set[i].dst, &what->dst, sizeof what->dst) == 0) {
            place = &set[i];
            break;
        }
        if (!place || set[i].expires < place->expires)
            place = &set[i];
    }
    *place = *what;
    return true;
}

uint32_t pathmtu_plateau(uint32_t datagram)
{
    static const uint16_t usual[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

    for (unsigned i = 0; i < ARRAY_LEN(usual); i++)
        if (usual[i] < datagram)
            return usual[i];
    return 68;
}
