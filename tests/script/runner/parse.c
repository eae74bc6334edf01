/* SPDX-License-Identifier: MIT */
/* See script.h: times, system calls and weft's own events. One function per rule of the grammar. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "script.h"

struct parser {
    struct scan s;
    struct script *script;
    size_t room; /* events allocated */
};

/* ---- times ---- */

/* After lo: an end of the range or of the call, if one is written. */
static void parse_until(struct scan *s, struct when *w)
{
    w->hi = w->lo;
    if (scan_accept(s, "...")) {
        w->blocking = true;
    } else if (!scan_accept(s, "~")) {
        return;
    }
    scan_accept(s, "+");
    w->hi = scan_seconds(s);
    if (w->hi < w->lo)
        scan_fail(s, "a time that ends before it begins");
}

static void parse_when(struct scan *s, struct when *w)
{
    *w = (struct when){0};
    if (scan_accept(s, "*")) {
        w->any = true;
        return;
    }
    w->relative = scan_accept(s, "+");
    w->lo = scan_seconds(s);
    parse_until(s, w);
}

/* ---- system calls ---- */

static void parse_value(struct parser *ps, struct value *v);

/* The items of [a, b] or {x=a, y=b}, up to and with the closing character. */
static void parse_items(struct parser *ps, struct value *v, const char *close)
{
    enum { MOST = 16 };

    v->items = arena_alloc(ps->script->arena, MOST * sizeof(*v->items));
    if (scan_accept(&ps->s, close))
        return;
    do {
        if (v->n_items == MOST) {
            scan_fail(&ps->s, "too many items");
            return;
        }
        parse_value(ps, &v->items[v->n_items++]);
    } while (scan_accept(&ps->s, ","));
    scan_expect(&ps->s, close);
}

static void parse_string(struct parser *ps, struct value *v)
{
    size_t n;
    const char *begin = scan_until(&ps->s, "\"", &n);

    v->kind = VALUE_TEXT;
    v->text = arena_text(ps->script->arena, begin, n);
    v->number = (int64_t)n;
}

/* htons(80) and inet_addr("10.0.0.1") are taken for what they hold: numbers are in host order here. */
static void parse_function(struct parser *ps, struct value *v, const char *name)
{
    const char *field = v->field;

    if (strcmp(name, "htons") != 0 && strcmp(name, "htonl") != 0 && strcmp(name, "inet_addr") != 0) {
        scan_fail(&ps->s, "unknown function %s", name);
        return;
    }
    parse_value(ps, v);
    v->field = field;
    scan_expect(&ps->s, ")");
}

/* A name: a constant, a function of one argument, or the field name of a value. */
static void parse_named(struct parser *ps, struct value *v)
{
    char name[32];

    scan_word(&ps->s, "", name, sizeof(name));
    if (scan_accept(&ps->s, "(")) {
        parse_function(ps, v, name);
    } else if (scan_accept(&ps->s, "=")) {
        parse_value(ps, v);
        v->field = arena_text(ps->script->arena, name, strlen(name));
    } else if (!constant_find(name, &v->number)) {
        scan_fail(&ps->s, "unknown constant %s", name);
    }
}

static void parse_value(struct parser *ps, struct value *v)
{
    struct scan *s = &ps->s;
    struct value more;

    *v = (struct value){.kind = VALUE_NUMBER};
    if (scan_accept(s, "...")) {
        v->kind = VALUE_ELLIPSIS;
    } else if (scan_accept(s, "\"")) {
        parse_string(ps, v);
    } else if (scan_accept(s, "[")) {
        v->kind = VALUE_LIST;
        parse_items(ps, v, "]");
    } else if (scan_accept(s, "{")) {
        v->kind = VALUE_STRUCT;
        parse_items(ps, v, "}");
    } else if (isalpha((unsigned char)scan_peek(s)) || scan_peek(s) == '_') {
        parse_named(ps, v);
    } else {
        v->number = scan_integer(s);
    }
    if (v->kind == VALUE_NUMBER && scan_accept(s, "|")) {
        parse_value(ps, &more);
        v->number |= more.number;
    }
}

static bool starts_errno(struct scan *s)
{
    return scan_peek(s) == 'E';
}

/* = 3, = -1 EAGAIN (a note), = 0x2 (flags O_RDWR), = ? */
static void parse_result(struct parser *ps, struct call *c)
{
    struct scan *s = &ps->s;
    char word[24];
    struct value v;
    size_t n;

    if (!scan_accept(s, "=") || scan_accept(s, "?")) {
        c->any_result = true;
        return;
    }
    parse_value(ps, &v);
    c->result = v.number;
    if (c->result == -1 && starts_errno(s)) {
        scan_word(s, "", word, sizeof(word));
        if (!errno_find(word, &c->error))
            scan_fail(s, "unknown error %s", word);
    }
    if (scan_accept(s, "("))
        scan_until(s, ")", &n);
}

static void parse_call(struct parser *ps, struct event *e)
{
    struct call *c = &e->call;

    e->kind = EVENT_CALL;
    scan_word(&ps->s, "", c->name, sizeof(c->name));
    scan_expect(&ps->s, "(");
    if (!scan_accept(&ps->s, ")")) {
        do {
            if (c->n_args == CALL_ARGS) {
                scan_fail(&ps->s, "too many arguments");
                return;
            }
            parse_value(ps, &c->arg[c->n_args++]);
        } while (scan_accept(&ps->s, ","));
        scan_expect(&ps->s, ")");
    }
    parse_result(ps, c);
}

/* ---- weft's own events ---- */

/* "SYN-SENT", "syn_sent" and "SYN_SENT" are one. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a == '_' ? '-' : (char)toupper((unsigned char)*a);
        char y = *b == '_' ? '-' : (char)toupper((unsigned char)*b);

        if (x != y)
            return false;
    }
    return *a == *b;
}

static const char *const states[] = {
#define X(name, text) text,
    WEFT_TCP_STATES(X)
#undef X
};
static const char *const drops[] = {
#define X(name, sentence) #name,
    WEFT_DROPS(X)
#undef X
};
static const char *const counters[] = {
#define X(name, group, sentence) #name,
    WEFT_COUNTERS(X)
#undef X
};

static unsigned parse_name(struct scan *s, const char *what, const char *const *names, size_t n)
{
    char word[48];

    scan_word(s, "-", word, sizeof(word));
    for (size_t i = 0; i < n; i++)
        if (same_name(word, names[i]))
            return (unsigned)i;
    scan_fail(s, "there is no %s \"%s\"", what, word);
    return 0;
}
#define PARSE_NAME(s, what, names) parse_name(s, what, names, sizeof(names) / sizeof((names)[0]))

static void parse_state(struct scan *s, struct event *e)
{
    e->kind = EVENT_STATE;
    e->fd = e->flow = -1;
    if (scan_accept(s, "@"))
        e->flow = (int)scan_number(s, 999);
    else if (isdigit((unsigned char)scan_peek(s)))
        e->fd = (int)scan_number(s, 9999);
    e->number = PARSE_NAME(s, "state", states);
}

/* Words that cannot be system calls, because no parenthesis follows. */
static bool parse_own(struct scan *s, struct event *e)
{
    if (scan_accept(s, "state")) {
        parse_state(s, e);
    } else if (scan_accept(s, "drop")) {
        e->kind = EVENT_DROP;
        e->number = PARSE_NAME(s, "drop reason", drops);
    } else if (scan_accept(s, "count")) {
        e->kind = EVENT_COUNT;
        e->number = PARSE_NAME(s, "counter", counters);
        e->amount = scan_u32(s);
    } else if (scan_accept(s, "quiet")) {
        e->kind = EVENT_QUIET;
        e->amount = scan_seconds(s);
    } else if (scan_accept(s, "idle")) {
        e->kind = EVENT_IDLE;
    } else if (scan_accept(s, "hold")) {
        e->kind = EVENT_HOLD;
    } else if (scan_accept(s, "release")) {
        e->kind = EVENT_RELEASE;
    } else {
        return false;
    }
    return true;
}

static void parse_action(struct parser *ps, struct event *e)
{
    struct scan *s = &ps->s;

    if (scan_accept(s, "<")) {
        e->kind = EVENT_IN;
        packet_parse(s, &e->packet, false);
    } else if (scan_accept(s, ">")) {
        e->kind = EVENT_OUT;
        packet_parse(s, &e->packet, true);
    } else if (scan_accept(s, "`")) {
        if (ps->script->n_events > 0)
            scan_fail(s, "settings come before the first event: the stack is already there");
        config_parse_shell(s, &ps->script->config);
    } else if (scan_accept(s, "%{")) {
        scan_fail(s, "%%{ }%% blocks are not supported");
    } else if (!parse_own(s, e)) {
        parse_call(ps, e);
    }
}

/* What a time may be depends on what happens then. */
static void check_when(struct scan *s, const struct event *e)
{
    bool range = e->when.any || (e->when.hi != e->when.lo && !e->when.blocking);

    if (range && e->kind != EVENT_OUT)
        scan_fail(s, "only outbound packets have vague times");
    if (e->when.blocking && e->kind != EVENT_CALL)
        scan_fail(s, "only a system call takes time");
}

static struct event *event_add(struct parser *ps)
{
    struct script *script = ps->script;
    struct event *grown;

    if (script->n_events == ps->room) {
        ps->room = ps->room ? 2 * ps->room : 32;
        grown = arena_alloc(script->arena, ps->room * sizeof(*grown));
        if (script->n_events)
            memcpy(grown, script->events, script->n_events * sizeof(*grown));
        script->events = grown;
    }
    return &script->events[script->n_events];
}

static void parse_event(struct parser *ps)
{
    struct scan *s = &ps->s;
    struct event *e;
    bool shell;

    if (scan_accept(s, "config")) {
        if (ps->script->n_events > 0)
            scan_fail(s, "config comes before the first event");
        config_parse(s, &ps->script->config);
        return;
    }
    if (scan_accept(s, "--")) {
        config_parse_option(s, &ps->script->config);
        return;
    }
    e = event_add(ps);
    scan_space(s);
    e->line = s->line;
    if (!scan_sees(s, "`"))
        parse_when(s, &e->when);
    shell = scan_sees(s, "`");
    parse_action(ps, e);
    check_when(s, e);
    if (!shell)
        ps->script->n_events++;
    else
        *e = (struct event){0};
}

bool script_parse(struct script *script, const char *path, const char *text, size_t n, char *why, size_t why_size)
{
    struct parser ps = {.script = script};

    *script = (struct script){.path = path, .arena = arena_new()};
    config_default(&script->config);
    scan_begin(&ps.s, text, n);
    while (!scan_at_end(&ps.s) && !ps.s.failed)
        parse_event(&ps);
    if (!ps.s.failed)
        return true;
    snprintf(why, why_size, "%s:%d: %s", path, ps.s.why_line, ps.s.why);
    script_free(script);
    return false;
}

void script_free(struct script *script)
{
    arena_free(script->arena);
    *script = (struct script){0};
}
