/* SPDX-License-Identifier: MIT */
/* The socket options that mean the same for every protocol; private to src/sock. */
#ifndef SOCK_OPTIONS_H
#define SOCK_OPTIONS_H

#include "core/endpoint.h"

/* A generic option: a value of type int, and what getting and setting it means. */
struct sock_option {
    int level, number;
    int (*get)(weft_sock *sock);
    int (*set)(weft_sock *sock, int value); /* NULL: cannot be set. 0, or a negative error */
};

/* The row of the table, or NULL: the protocol's business. */
const struct sock_option *sock_option_find(const weft_sock *sock, int level, int number);

/* The same of the options about sending to groups (group_options.c), where sock_option_find looks last. */
const struct sock_option *sock_group_option_find(const weft_sock *sock, int level, int number);

/* The value that the user's bytes mean; false: too few. And the other way, with *n the room there is. */
bool sock_option_take(int level, const void *value, size_t n, int *v);
void sock_option_give(int level, int v, void *value, size_t *n);

#endif
