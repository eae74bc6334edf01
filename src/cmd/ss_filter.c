/* SPDX-License-Identifier: MIT */
/* ss's filters; see ss_filter.h. A recursive descent that leaves the condition in postfix order. */
#include "cmd/ss_filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"

#define WORD_ROOM 80
#define MAX_DEPTH 32

/* The words as one text, read word by word. */
struct reader {
    struct ss_filter *filter;
    char text[2048];
    const char *at;
    char word[WORD_ROOM]; /* the next one; empty: the end */
    unsigned depth;
    char *why;
    size_t why_room;
    bool failed;
};

static bool fail(struct reader *r, const char *what, const char *about)
{
    if (!r->failed)
        snprintf(r->why, r->why_room, "bad filter: %s '%s'", what, about);
    r->failed = true;
    return false;
}

/* A word ends at space, before a parenthesis or an operator, and each of those is one. */
static size_t word_length(const char *p)
{
    if (*p == '(' || *p == ')')
        return 1;
    if (strchr("=!<>", *p))
        return p[1] == '=' ? 2 : 1;
    return strcspn(p, " \t()=!<>");
}

static void next(struct reader *r)
{
    size_t n;

    r->at += strspn(r->at, " \t");
    n = *r->at ? word_length(r->at) : 0;
    if (n >= WORD_ROOM)
        fail(r, "too long a word", r->at);
    n = n < WORD_ROOM ? n : WORD_ROOM - 1;
    memcpy(r->word, r->at, n);
    r->word[n] = '\0';
    r->at += n;
}

static bool is(const struct reader *r, const char *word) { return strcmp(r->word, word) == 0; }

static bool accept(struct reader *r, const char *word)
{
    bool there = is(r, word);

    if (there)
        next(r);
    return there;
}

static bool push(struct reader *r, struct ss_step step)
{
    if (r->filter->n == SS_FILTER_STEPS)
        return fail(r, "too many conditions at", r->word);
    r->filter->step[r->filter->n++] = step;
    return true;
}

/* ---- states ---- */

#define BIT(state) (1u << WEFT_TCP_##state)
#define ALL_STATES ((1u << WEFT_TCP_STATE_COUNT) - 1)
#define CONNECTED  (ALL_STATES & ~(BIT(CLOSED) | BIT(LISTEN)))
#define BUCKET     (BIT(SYN_RECEIVED) | BIT(TIME_WAIT))

static const struct {
    const char *name;
    unsigned states;
} state_names[] = {
    {"established", BIT(ESTABLISHED)},  {"syn-sent", BIT(SYN_SENT)},     {"syn-recv", BIT(SYN_RECEIVED)},
    {"fin-wait-1", BIT(FIN_WAIT_1)},    {"fin-wait-2", BIT(FIN_WAIT_2)}, {"time-wait", BIT(TIME_WAIT)},
    {"closed", BIT(CLOSED)},            {"unconnected", BIT(CLOSED)},    {"close-wait", BIT(CLOSE_WAIT)},
    {"last-ack", BIT(LAST_ACK)},        {"listening", BIT(LISTEN)},      {"listen", BIT(LISTEN)},
    {"closing", BIT(CLOSING)},          {"all", ALL_STATES},             {"connected", CONNECTED},
    {"synchronized", CONNECTED & ~BIT(SYN_SENT)},                        {"bucket", BUCKET},
    {"big", ALL_STATES & ~BUCKET},
};

static bool take_state(struct reader *r, bool exclude)
{
    size_t i;

    for (i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (!is(r, state_names[i].name))
            continue;
        if (exclude)
            r->filter->states = (r->filter->states ? r->filter->states : ALL_STATES) & ~state_names[i].states;
        else
            r->filter->states |= state_names[i].states;
        next(r);
        return true;
    }
    return fail(r, "no such state:", r->word);
}

/* ---- conditions ---- */

static bool take_compare(struct reader *r, enum ss_compare *compare)
{
    static const struct {
        const char *word;
        enum ss_compare compare;
    } words[] = {{"=", SS_EQ},  {"==", SS_EQ}, {"eq", SS_EQ}, {"!=", SS_NE}, {"ne", SS_NE}, {"neq", SS_NE},
                 {"<", SS_LT},  {"lt", SS_LT}, {">", SS_GT},  {"gt", SS_GT}, {"<=", SS_LE}, {"le", SS_LE},
                 {"leq", SS_LE}, {">=", SS_GE}, {"ge", SS_GE}, {"geq", SS_GE}};
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (accept(r, words[i].word)) {
            *compare = words[i].compare;
            return true;
        }
    }
    return false;
}

/* ":80", "80", ":http" */
static bool take_port(struct reader *r, bool remote)
{
    struct ss_step step = {.kind = SS_PORT, .remote = remote, .compare = SS_EQ};
    const char *port;

    take_compare(r, &step.compare);
    port = r->word[0] == ':' ? r->word + 1 : r->word;
    if (!parse_port(port, "tcp", &step.port))
        return fail(r, "no such port:", r->word);
    next(r);
    return push(r, step);
}

/* Cuts the port off "10.9.0.1:80", ":80", "[fe80::1]:80", and brackets off; NULL: there is none. */
static char *cut_port(char **word)
{
    char *colon = strrchr(*word, ':'), *bracket = strchr(*word, ']');

    if (**word == '[' && bracket) {
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        *bracket = '\0';
        (*word)++;
    } else if (colon && strchr(*word, ':') != colon) {
        colon = NULL; /* more than one: an address of IPv6 without a port */
    }
    if (colon)
        *colon = '\0';
    return colon ? colon + 1 : NULL;
}

/* "10.9.0.1", "10.0.0.0/8", "10.9.0.1:80", ":80", "*", "*:80" */
static bool read_address(char *word, struct ss_step *step)
{
    char *port = cut_port(&word), *slash;
    uint64_t bits;
    bool v6;

    if (port && strcmp(port, "*") != 0 && !parse_port(port, "tcp", &step->port))
        return false;
    if (word[0] == '\0' || strcmp(word, "*") == 0)
        return true;
    v6 = strchr(word, ':') != NULL;
    bits = v6 ? 128 : 32;
    slash = strchr(word, '/');
    if (slash)
        *slash = '\0';
    if (slash && !parse_u64(slash + 1, 0, bits, &bits))
        return false;
    step->prefix = (v6 ? 0u : 96u) + (unsigned)bits;
    return weft_ip_parse(word, &step->ip) == 0;
}

static bool take_address(struct reader *r, bool remote)
{
    struct ss_step step = {.kind = SS_ADDRESS, .remote = remote, .compare = SS_EQ};
    char word[WORD_ROOM];

    take_compare(r, &step.compare);
    if (step.compare > SS_NE)
        return fail(r, "addresses have no order:", r->word);
    memcpy(word, r->word, sizeof word);
    if (word[0] == '\0' || !read_address(word, &step))
        return fail(r, "no such address:", r->word);
    next(r);
    return push(r, step);
}

static bool take_either(struct reader *r);

static bool take_one(struct reader *r)
{
    if (accept(r, "not") || accept(r, "!"))
        return take_one(r) && push(r, (struct ss_step){.kind = SS_NOT});
    if (accept(r, "(")) {
        if (r->depth++ == MAX_DEPTH)
            return fail(r, "too deep at", r->word);
        if (!take_either(r))
            return false;
        r->depth--;
        return accept(r, ")") ? true : fail(r, "expected ) at", r->word);
    }
    if (accept(r, "state"))
        return take_state(r, false) && push(r, (struct ss_step){.kind = SS_ALWAYS});
    if (accept(r, "exclude"))
        return take_state(r, true) && push(r, (struct ss_step){.kind = SS_ALWAYS});
    if (accept(r, "sport"))
        return take_port(r, false);
    if (accept(r, "dport"))
        return take_port(r, true);
    if (accept(r, "src"))
        return take_address(r, false);
    if (accept(r, "dst"))
        return take_address(r, true);
    return fail(r, "not understood:", r->word);
}

static bool ends_here(const struct reader *r)
{
    return r->word[0] == '\0' || is(r, ")") || is(r, "or") || is(r, "|") || is(r, "||");
}

static bool take_both(struct reader *r)
{
    if (!take_one(r))
        return false;
    while (!ends_here(r)) {
        if (!accept(r, "and") && !accept(r, "&&"))
            accept(r, "&");
        if (!take_one(r) || !push(r, (struct ss_step){.kind = SS_AND}))
            return false;
    }
    return true;
}

static bool take_either(struct reader *r)
{
    if (!take_both(r))
        return false;
    while (accept(r, "or") || accept(r, "||") || accept(r, "|"))
        if (!take_both(r) || !push(r, (struct ss_step){.kind = SS_OR}))
            return false;
    return true;
}

bool ss_filter_parse(struct ss_filter *f, const char *const *words, size_t n, char *why, size_t why_room)
{
    struct reader r = {.filter = f, .why = why, .why_room = why_room};
    size_t used = 0, i;

    *f = (struct ss_filter){0};
    for (i = 0; i < n; i++) {
        size_t len = strlen(words[i]);

        if (used + len + 2 > sizeof r.text)
            return fail(&r, "too long at", words[i]);
        memcpy(r.text + used, words[i], len);
        used += len;
        r.text[used++] = ' ';
    }
    r.at = r.text;
    next(&r);
    if (r.word[0] == '\0')
        return !r.failed;
    if (!take_either(&r))
        return false;
    return r.word[0] ? fail(&r, "not understood:", r.word) : !r.failed;
}

/* ---- matching ---- */

static bool same_network(const struct weft_ip *a, const struct weft_ip *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (memcmp(a->b, b->b, bytes) != 0)
        return false;
    return rest == 0 || ((a->b[bytes] ^ b->b[bytes]) >> (8 - rest)) == 0;
}

static bool compare_port(enum ss_compare compare, uint16_t a, uint16_t b)
{
    switch (compare) {
    case SS_EQ:
        return a == b;
    case SS_NE:
        return a != b;
    case SS_LT:
        return a < b;
    case SS_GT:
        return a > b;
    case SS_LE:
        return a <= b;
    case SS_GE:
        return a >= b;
    }
    return false;
}

static bool holds(const struct ss_step *s, const struct weft_listing *item)
{
    const struct weft_addr *addr = s->remote ? &item->remote : &item->local;
    bool same;

    if (s->kind == SS_ALWAYS)
        return true;
    if (s->kind == SS_PORT)
        return compare_port(s->compare, addr->port, s->port);
    same = same_network(&addr->ip, &s->ip, s->prefix) && (s->port == 0 || s->port == addr->port);
    return same == (s->compare == SS_EQ);
}

bool ss_filter_matches(const struct ss_filter *f, const struct weft_listing *item)
{
    bool stack[SS_FILTER_STEPS];
    size_t top = 0, i;

    for (i = 0; i < f->n; i++) {
        const struct ss_step *s = &f->step[i];

        if (s->kind == SS_NOT) {
            stack[top - 1] = !stack[top - 1];
        } else if (s->kind == SS_AND || s->kind == SS_OR) {
            top--;
            stack[top - 1] = s->kind == SS_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
        } else {
            stack[top++] = holds(s, item);
        }
    }
    return top == 0 || stack[0];
}
