/* SPDX-License-Identifier: MIT */
/* See script.h: times, calls, weft's own events. One function per rule of the grammar. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    w->relative = !scan_accept(s, "@") && scan_accept(s, "+");
    w->lo = scan_seconds(s);
    parse_until(s, w);
}

/* ---- system calls ---- */

static void parse_value(struct parser *ps, struct value *v)
{
    value_parse(&ps->s, ps->script->arena, &ps->script->config, v);
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
    } else if (scan_accept(s, "skip")) {
        e->kind = EVENT_SKIP;
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

/* Python up to }%, as it stands: its own line ends and blanks matter. */
static void parse_code(struct parser *ps, struct event *e)
{
    const char *begin;
    size_t n;

    e->kind = EVENT_CODE;
    e->line = ps->s.line;
    begin = scan_until(&ps->s, "}%", &n);
    e->code = arena_text(ps->script->arena, begin, n);
}

static void parse_action(struct parser *ps, struct event *e)
{
    struct scan *s = &ps->s;
    bool v6 = ps->script->config.version == IP_V6;

    if (scan_accept(s, "<")) {
        e->kind = EVENT_IN;
        packet_parse(s, &e->packet, false, v6);
    } else if (scan_accept(s, ">")) {
        e->kind = EVENT_OUT;
        packet_parse(s, &e->packet, true, v6);
    } else if (scan_accept(s, "%{")) {
        parse_code(ps, e);
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

/* For /bin/sh, as it stands. */
static void parse_command(struct parser *ps, const struct event *timed)
{
    struct event e = *timed;
    const char *begin;
    size_t n;

    e.kind = EVENT_SHELL;
    begin = scan_until(&ps->s, "`", &n);
    e.code = arena_text(ps->script->arena, begin, n);
    check_when(&ps->s, &e);
    *event_add(ps) = e;
    ps->script->n_events++;
}

/* Before the first event settings make the stack; later each is an event, the first at the time that was written. */
static void parse_settings(struct parser *ps, const struct event *first)
{
    struct event e = *first;
    char why[192] = "";

    e.kind = EVENT_SETTING;
    while (shell_next(&ps->s, &e.setting)) {
        if (ps->script->n_events == 0) {
            if (shell_configure(&ps->script->config.stack, &e.setting, why, sizeof(why)) != 0)
                scan_fail(&ps->s, "%s", why);
            continue;
        }
        *event_add(ps) = e;
        ps->script->n_events++;
        e.when = (struct when){.relative = true};
    }
}

static void parse_timed(struct parser *ps)
{
    struct scan *s = &ps->s;
    struct event e = {.when.relative = true};

    scan_space(s);
    e.line = s->line;
    if (!scan_sees(s, "`"))
        parse_when(s, &e.when);
    if (scan_accept(s, "`")) {
        if (shell_is_plain(s))
            parse_settings(ps, &e);
        else
            parse_command(ps, &e);
        return;
    }
    parse_action(ps, &e);
    check_when(s, &e);
    *event_add(ps) = e;
    ps->script->n_events++;
}

static void parse_line(struct parser *ps)
{
    struct scan *s = &ps->s;

    if (scan_accept(s, "config")) {
        if (ps->script->n_events > 0)
            scan_fail(s, "config comes before the first event");
        config_parse(s, &ps->script->config);
    } else if (scan_accept(s, "--")) {
        if (ps->script->n_events > 0)
            scan_fail(s, "options come before the first event");
        config_parse_option(s, &ps->script->config);
    } else {
        parse_timed(ps);
    }
}

/* Options from outside the script; they hold against its own, so they are obeyed before and after those. */
static bool parse_options(struct script *script, const char *options, char *why, size_t why_size)
{
    struct scan s;
    size_t n = script->config.n_definitions;

    scan_begin(&s, options, strlen(options));
    while (!scan_at_end(&s) && !s.failed) {
        scan_expect(&s, "--");
        config_parse_option(&s, &script->config);
    }
    if (script->n_events)
        script->config.n_definitions = n; /* they were used already */
    if (s.failed)
        snprintf(why, why_size, "options: %s", s.why);
    return !s.failed;
}

bool script_parse_with(struct script *script, const char *options, const char *path, const char *text, size_t n,
                       char *why, size_t why_size)
{
    struct parser ps = {.script = script};
    enum ip_version own;
    bool ok, named;

    *script = (struct script){.path = path, .arena = arena_new()};
    config_default(&script->config);
    ok = parse_options(script, options, why, why_size);
    script->config.version_given = false;
    scan_begin(&ps.s, text, n);
    while (ok && !scan_at_end(&ps.s) && !ps.s.failed)
        parse_line(&ps);
    if (ps.s.failed)
        snprintf(why, why_size, "%s:%d: %s", path, ps.s.why_line, ps.s.why);
    named = script->config.version_given;
    own = script->config.version;
    ok = ok && !ps.s.failed && parse_options(script, options, why, why_size);
    script->is_of_other_version = named && own != script->config.version;
    config_finish(&script->config);
    if (!ok)
        script_free(script);
    return ok;
}

bool script_parse(struct script *script, const char *path, const char *text, size_t n, char *why, size_t why_size)
{
    return script_parse_with(script, "", path, text, n, why, why_size);
}

void script_free(struct script *script)
{
    arena_free(script->arena);
    *script = (struct script){0};
}
