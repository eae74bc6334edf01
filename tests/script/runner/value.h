/* SPDX-License-Identifier: MIT */
/*
 * An argument of a system call, as strace writes it: numbers and names of constants joined by |, "text", `...` for
 * whatever, [lists], {structures, of=fields}. htons(), htonl(), inet_addr(), inet_pton() are taken for what they hold:
 * numbers are in host order here. A count before a field is read over: msg_iov(2)=[...].
 */
#ifndef SCRIPT_VALUE_H
#define SCRIPT_VALUE_H

#include "arena.h"
#include "config.h"

enum value_kind { VALUE_NUMBER, VALUE_TEXT, VALUE_ELLIPSIS, VALUE_LIST, VALUE_STRUCT };
struct value {
    enum value_kind kind;
    const char *field;  /* "sin_port" in {sin_port=htons(80)}; NULL */
    int64_t number;     /* NUMBER; TEXT: how many bytes */
    const char *text;   /* a string, or an address by inet_addr */
    struct value *items;
    size_t n_items;
};

/* definitions: config's; what is kept comes from the arena. */
void value_parse(struct scan *s, struct arena *arena, const struct config *definitions, struct value *v);

/* The field of this name, or the nameless one at this position; NULL when there is none. */
const struct value *value_field(const struct value *v, const char *name, size_t position);
/* The only item of a list; NULL when it is none. */
const struct value *value_inside(const struct value *v);

#endif
