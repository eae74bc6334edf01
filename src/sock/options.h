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
    uint32_t tell; /* or one bit of enum sock_tell: a flag, without functions */
    uint16_t field; /* or where struct sock_rare keeps it, as an int from min to max */
    bool exact; /* its length must be an int's */
    int min, max;
};

/* The kinds of row; KEPT is followed by the range. */
#define FUNCTIONS(get, set) get, set, 0, 0, false, 0, 0
#define EXACT(get, set)     get, set, 0, 0, true, 0, 0
#define SWITCH(bit)         NULL, NULL, bit, 0, false, 0, 0
#define BOOLEAN(bit)        NULL, NULL, bit, 0, false, 0, 1 /* nothing else may be set */
#define KEPT(member)        NULL, NULL, 0, offsetof(struct sock_rare, member), false

int sock_option_get(weft_sock *sock, const struct sock_option *o);
int sock_option_set(weft_sock *sock, const struct sock_option *o, int value);

/* The row of the table, or NULL: the protocol's business. */
const struct sock_option *sock_option_find(const weft_sock *sock, int level, int number);

/* The same of the options about sending to groups (group_options.c), where sock_option_find looks last. */
const struct sock_option *sock_group_option_find(const weft_sock *sock, int level, int number);

/* kept.c: options that ask for nothing here. The row for a socket of its kind, or NULL. */
struct sock_kept;
const struct sock_kept *sock_kept_find(const weft_sock *sock, int level, int number);
int sock_kept_set(weft_sock *sock, const struct sock_kept *k, const void *value, size_t n);
int sock_kept_get(const weft_sock *sock, const struct sock_kept *k, void *value, size_t *n);

/* The value that the user's bytes mean; false: too few. The other way is ip_give_option. */
bool sock_option_take(int level, const void *value, size_t n, int *v);

/*
 * message.c: brings an address into the form the protocols know. 0; WEFT_EINVAL: there is none, or no zone;
 * WEFT_EAFNOSUPPORT. What is IPv4 to a socket that speaks IPv6 only gives `v4`.
 */
int sock_take_addr(const weft_sock *sock, const struct weft_addr *from, struct weft_addr *to, int v4);

#endif
