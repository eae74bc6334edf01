/* SPDX-License-Identifier: MIT */
/* The listeners of a stack by number: half-open records name theirs in four bytes, not in eight. */
#ifndef TCP_LISTENERS_H
#define TCP_LISTENERS_H

#include "base/mem.h"

struct tcp_conn;

struct listeners {
    struct tcp_conn **at; /* by number less one; NULL: the number is free */
    uint32_t room;
    uint32_t hint;        /* no smaller number is free */
};

/* The number of a new listener, above zero; 0: out of memory. */
uint32_t listeners_add(struct listeners *t, struct mem *m, struct tcp_conn *listener);
/* The number is free from now on; nobody may name it any more. */
void listeners_remove(struct listeners *t, uint32_t number);
void listeners_fini(struct listeners *t, struct mem *m);

static inline struct tcp_conn *listeners_get(const struct listeners *t, uint32_t number) { return t->at[number - 1]; }

#endif
