/* SPDX-License-Identifier: MIT */
/* The tables of weft/tables.h and weft/types.h as strings. */
#include "weft/tables.h"
#include "base/base.h"

static const char *const drop_name[] = {
#define X(name, sentence) #name,
    WEFT_DROPS(X)
#undef X
};

static const char *const drop_text[] = {
#define X(name, sentence) sentence,
    WEFT_DROPS(X)
#undef X
};

static const char *const state_name[] = {
#define X(name, text) text,
    WEFT_TCP_STATES(X)
#undef X
};

static const char *const why_name[] = {
#define X(name, unit, sentence) #name,
    WEFT_WHYS(X)
#undef X
};

static const char *const why_unit[] = {
#define X(name, unit, sentence) unit,
    WEFT_WHYS(X)
#undef X
};

static const char *const why_text[] = {
#define X(name, unit, sentence) sentence,
    WEFT_WHYS(X)
#undef X
};

static const char *const counter_name[] = {
#define X(name, group, sentence) #name,
    WEFT_COUNTERS(X)
#undef X
};

static const char *const counter_group[] = {
#define X(name, group, sentence) group,
    WEFT_COUNTERS(X)
#undef X
};

static const char *const counter_text[] = {
#define X(name, group, sentence) sentence,
    WEFT_COUNTERS(X)
#undef X
};

static const char *table_text(const char *const *table, size_t n, size_t i)
{
    return i < n ? table[i] : "?";
}

const char *weft_drop_name(enum weft_drop drop)
{
    return table_text(drop_name, ARRAY_LEN(drop_name), (size_t)drop);
}

const char *weft_drop_text(enum weft_drop drop)
{
    return table_text(drop_text, ARRAY_LEN(drop_text), (size_t)drop);
}

const char *weft_tcp_state_name(enum weft_tcp_state state)
{
    return table_text(state_name, ARRAY_LEN(state_name), (size_t)state);
}

const char *weft_why_name(enum weft_why why)
{
    return table_text(why_name, ARRAY_LEN(why_name), (size_t)why);
}

const char *weft_why_unit(enum weft_why why)
{
    return table_text(why_unit, ARRAY_LEN(why_unit), (size_t)why);
}

const char *weft_why_text(enum weft_why why)
{
    return table_text(why_text, ARRAY_LEN(why_text), (size_t)why);
}

const char *weft_counter_name(enum weft_counter counter)
{
    return table_text(counter_name, ARRAY_LEN(counter_name), (size_t)counter);
}

const char *weft_counter_group(enum weft_counter counter)
{
    return table_text(counter_group, ARRAY_LEN(counter_group), (size_t)counter);
}

const char *weft_counter_text(enum weft_counter counter)
{
    return table_text(counter_text, ARRAY_LEN(counter_text), (size_t)counter);
}

const char *weft_strerror(int err)
{
    switch (err) {
#define X(name, number, sentence)                                                                                      \
    case WEFT_##name:                                                                                                  \
        return sentence;
        WEFT_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}
