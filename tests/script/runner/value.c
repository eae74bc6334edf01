/* SPDX-License-Identifier: MIT */
/* See value.h. One function per rule of the grammar. */
#include "value.h"

#include <ctype.h>
#include <string.h>

#include "script.h"

enum { MOST_ITEMS = 16, DEEPEST = 8 };

struct reader {
    struct scan *s;
    struct arena *arena;
    const struct config *config;
    unsigned depth;
};

static void parse(struct reader *r, struct value *v);

/* The items of [a, b] or {x=a, y=b}, up to and with the closing character. */
static void parse_items(struct reader *r, struct value *v, const char *close)
{
    v->items = arena_alloc(r->arena, MOST_ITEMS * sizeof(*v->items));
    if (scan_accept(r->s, close))
        return;
    do {
        if (v->n_items == MOST_ITEMS) {
            scan_fail(r->s, "too many items");
            return;
        }
        parse(r, &v->items[v->n_items++]);
    } while (scan_accept(r->s, ","));
    scan_expect(r->s, close);
}

static void parse_string(struct reader *r, struct value *v)
{
    size_t n;
    const char *begin = scan_until(r->s, "\"", &n);

    v->kind = VALUE_TEXT;
    v->text = arena_text(r->arena, begin, n);
    v->number = (int64_t)n;
    scan_accept(r->s, "..."); /* "repeated"... : what the bytes are is the pattern's affair */
}

/* Up to and with the closing parenthesis, or a parenthesis and `=` when it was a field with a count. */
static void parse_function(struct reader *r, struct value *v, const char *name)
{
    static const char *const known[] = {"htons", "htonl", "ntohs", "inet_addr", "inet_pton"};
    struct value more;

    if (strcmp(name, "inet_pton") == 0) { /* inet_pton(AF_INET6, "::1", ...): the address counts */
        parse(r, &more);
        scan_expect(r->s, ",");
    }
    parse(r, v);
    if (scan_accept(r->s, ","))
        parse(r, &more);
    scan_expect(r->s, ")");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(name, known[i]) == 0)
            return;
    if (!scan_accept(r->s, "=")) {
        scan_fail(r->s, "unknown function %s", name);
        return;
    }
    parse(r, v);
    v->field = arena_text(r->arena, name, strlen(name));
}

static bool find_constant(const struct reader *r, const char *name, int64_t *number)
{
    for (size_t i = 0; i < r->config->n_definitions; i++)
        if (strcmp(r->config->definition[i].name, name) == 0) {
            *number = r->config->definition[i].number;
            return true;
        }
    return constant_find(name, number);
}

/* A name: a constant, a function, or the field name of a value. */
static void parse_named(struct reader *r, struct value *v)
{
    char name[32];

    scan_word(r->s, "", name, sizeof(name));
    if (scan_accept(r->s, "(")) {
        parse_function(r, v, name);
    } else if (scan_accept(r->s, "=")) {
        parse(r, v);
        v->field = arena_text(r->arena, name, strlen(name));
    } else if (!find_constant(r, name, &v->number)) {
        scan_fail(r->s, "unknown constant %s", name);
    }
}

static void parse_one(struct reader *r, struct value *v)
{
    struct scan *s = r->s;

    if (scan_accept(s, "...") || scan_accept(s, "&sin6_addr")) {
        v->kind = VALUE_ELLIPSIS;
    } else if (scan_accept(s, "\"")) {
        parse_string(r, v);
    } else if (scan_accept(s, "[")) {
        v->kind = VALUE_LIST;
        parse_items(r, v, "]");
    } else if (scan_accept(s, "{")) {
        v->kind = VALUE_STRUCT;
        parse_items(r, v, "}");
    } else if (isalpha((unsigned char)scan_peek(s)) || scan_peek(s) == '_') {
        parse_named(r, v);
    } else if (scan_accept(s, "~")) {
        v->number = ~scan_integer(s);
    } else {
        v->number = scan_integer(s);
    }
}

static void parse(struct reader *r, struct value *v)
{
    struct value more;

    *v = (struct value){.kind = VALUE_NUMBER};
    if (r->depth == DEEPEST) {
        scan_fail(r->s, "nested too deep");
        return;
    }
    r->depth++;
    parse_one(r, v);
    if (v->kind == VALUE_NUMBER && scan_accept(r->s, "|")) {
        parse(r, &more);
        v->number |= more.number;
    }
    r->depth--;
}

void value_parse(struct scan *s, struct arena *arena, const struct config *definitions, struct value *v)
{
    struct reader r = {.s = s, .arena = arena, .config = definitions};

    parse(&r, v);
}

const struct value *value_field(const struct value *v, const char *name, size_t position)
{
    for (size_t i = 0; i < v->n_items; i++)
        if (v->items[i].field && strcmp(v->items[i].field, name) == 0)
            return &v->items[i];
    return position < v->n_items && !v->items[position].field ? &v->items[position] : NULL;
}

const struct value *value_inside(const struct value *v)
{
    return v->kind == VALUE_LIST && v->n_items == 1 ? &v->items[0] : NULL;
}
