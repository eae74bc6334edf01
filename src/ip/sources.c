/* SPDX-License-Identifier: MIT */
/* A set of addresses; see sources.h. */
#include "ip/sources.h"

void sources_clear(struct sources *set, struct mem *m)
{
    mem_free(m, MEM_group, set->at, set->room * sizeof *set->at);
    *set = (struct sources){0};
}

/* The place of the first address that is not before ip. */
static uint32_t place_of(const struct sources *set, const struct weft_ip *ip)
{
    uint32_t low = 0, high = set->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(&set->at[middle].ip, ip, sizeof *ip) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct sources *set, uint32_t i, const struct weft_ip *ip)
{
    return i < set->n && ip_eq(&set->at[i].ip, ip);
}

struct source *sources_find(const struct sources *set, const struct weft_ip *ip)
{
    uint32_t i = place_of(set, ip);

    return stands_at(set, i, ip) ? &set->at[i] : NULL;
}

static bool grow(struct sources *set, struct mem *m)
{
    uint32_t room = set->room ? set->room * 2 : 4;
    struct source *at = mem_alloc(m, MEM_group, room * sizeof *at);

    if (!at)
        return false;
    if (set->n)
        memcpy(at, set->at, set->n * sizeof *at);
    mem_free(m, MEM_group, set->at, set->room * sizeof *at);
    set->at = at;
    set->room = room;
    return true;
}

bool sources_add(struct sources *set, struct mem *m, const struct weft_ip *ip)
{
    uint32_t i = place_of(set, ip);

    if (stands_at(set, i, ip))
        return true;
    if (set->n == set->room && !grow(set, m))
        return false;
    memmove(set->at + i + 1, set->at + i, (set->n - i) * sizeof *set->at);
    set->at[i] = (struct source){.ip = *ip};
    set->n++;
    return true;
}

bool sources_remove(struct sources *set, const struct weft_ip *ip)
{
    uint32_t i = place_of(set, ip);

    if (!stands_at(set, i, ip))
        return false;
    set->n--;
    memmove(set->at + i, set->at + i + 1, (set->n - i) * sizeof *set->at);
    return true;
}

bool sources_unite(struct sources *set, struct mem *m, const struct sources *more)
{
    for (uint32_t i = 0; i < more->n; i++)
        if (!sources_add(set, m, &more->at[i].ip))
            return false;
    return true;
}

/* Keeps those that `other` has, or those that it has not. */
static void keep(struct sources *set, const struct sources *other, bool those_in)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < set->n; i++)
        if (!sources_find(other, &set->at[i].ip) == !those_in)
            set->at[kept++] = set->at[i];
    set->n = kept;
}

void sources_intersect(struct sources *set, const struct sources *with) { keep(set, with, true); }
void sources_subtract(struct sources *set, const struct sources *less) { keep(set, less, false); }

bool sources_equal(const struct sources *a, const struct sources *b)
{
    for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
        if (!ip_eq(&a->at[i].ip, &b->at[i].ip))
            return false;
    return a->n == b->n;
}
