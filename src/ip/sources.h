/* SPDX-License-Identifier: MIT */
/*
 * A set of addresses: the sources that somebody wants to hear in a group, or does not. Sorted, each once; how many
 * there may be is whoever's business who puts them in.
 */
#ifndef IP_SOURCES_H
#define IP_SOURCES_H

#include "base/mem.h"
#include "wire/ip.h"

struct source {
    struct weft_ip ip;
    uint8_t left; /* reports that still have to tell of it; zero in a set of which nobody tells */
};

struct sources {
    struct source *at; /* NULL when there never was one */
    uint32_t n, room;
};

/* Frees the memory and leaves the empty set. */
void sources_clear(struct sources *set, struct mem *m);

/* The address in the set, or NULL. */
struct source *sources_find(const struct sources *set, const struct weft_ip *ip);

/* Puts an address in; true when it is there now. False: out of memory. One that is there already keeps what it has. */
bool sources_add(struct sources *set, struct mem *m, const struct weft_ip *ip);

/* Takes an address out; false when it was not there. */
bool sources_remove(struct sources *set, const struct weft_ip *ip);

/*
 * set becomes the union with `more`; what is in both; or what is not in `less`. False: out of memory, and set partly
 * done.
 */
bool sources_unite(struct sources *set, struct mem *m, const struct sources *more);
void sources_intersect(struct sources *set, const struct sources *with);
void sources_subtract(struct sources *set, const struct sources *less);

/* Are the same addresses in both? */
bool sources_equal(const struct sources *a, const struct sources *b);

#endif
