/* SPDX-License-Identifier: MIT */
/* What the two files of the scoreboard share: entries (sndmap.c) and losses (sndloss.c). */
#ifndef TCP_SNDMAP_PRIVATE_H
#define TCP_SNDMAP_PRIVATE_H

#include "tcp/sndmap.h"

/* The index of the entry that holds s (una <= s < end). */
uint32_t sndmap_find(const struct sndmap *m, struct seq s);
/* Cuts entry i in two at a place inside of it; false when out of memory. */
bool sndmap_cut(struct sndmap *m, struct mem *mem, uint32_t i, struct seq at, uint32_t mss);
/* Gives an entry other flags, and the sums what follows. */
void sndmap_mark(struct sndmap *m, struct sent *s, uint8_t flags);
/* Takes n segments of an entry out of the sums. */
void sndmap_uncount(struct sndmap *m, const struct sent *s, uint32_t n);

static inline struct seq sndmap_start(const struct sndmap *m, uint32_t i)
{
    return i ? sndmap_at(m, i - 1)->end : m->una;
}

#endif
