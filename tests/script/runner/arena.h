/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once: what a parsed script consists of. */
#ifndef SCRIPT_ARENA_H
#define SCRIPT_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* Zeroed; the process ends when there is no memory. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_text(struct arena *a, const char *text, size_t n);
void arena_free(struct arena *a);

#endif
