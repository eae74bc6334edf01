/* SPDX-License-Identifier: MIT */
/* How a link misbehaves, from words of the command line: "rate=10mbit,queue=64p,loss=1%:3". */
#include <stdio.h>
#include <string.h>

#include "cmd/parse.h"

/* Cuts value at its first colon; returns what stands behind it, NULL when there is none. */
static char *cut(char *value)
{
    char *colon = strchr(value, ':');

    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* A whole number before one of the units, multiplied by what it stands for. The empty unit comes last in the list. */
struct unit {
    const char *name;
    uint64_t times;
};

static bool parse_amount(const char *text, const struct unit *unit, uint64_t *out)
{
    size_t n = strlen(text), tail;
    char number[24];

    for (; unit->name; unit++) {
        tail = strlen(unit->name);
        if (n > tail && n - tail < sizeof number && strcmp(text + n - tail, unit->name) == 0)
            break;
    }
    if (!unit->name)
        return false;
    memcpy(number, text, n - tail);
    number[n - tail] = '\0';
    if (!parse_u64(number, 1, 1000000000000 / unit->times, out))
        return false;
    *out *= unit->times;
    return true;
}

/* ---- one function for each word ---- */

static bool word_rate(char *value, struct weft_impairment *how)
{
    static const struct unit units[] = {{"gbit", 1000000000}, {"mbit", 1000000}, {"kbit", 1000}, {"bit", 1}, {0}};

    return parse_amount(value, units, &how->bits_per_second);
}

/* "64p": packets; else bytes. Both may be given, one after the other. */
static bool word_queue(char *value, struct weft_impairment *how)
{
    static const struct unit bytes[] = {{"kB", 1000}, {"MB", 1000000}, {"B", 1}, {0}};
    size_t n = strlen(value);
    uint64_t v;

    if (n && value[n - 1] == 'p') {
        value[n - 1] = '\0';
        if (!parse_u64(value, 1, 1000000, &v))
            return false;
        how->queue_packets = (uint32_t)v;
        return true;
    }
    if (!parse_amount(value, bytes, &v) || v > 1000000000)
        return false;
    how->queue_bytes = (size_t)v;
    return true;
}

static bool word_delay(char *value, struct weft_impairment *how)
{
    return parse_duration(value, &how->delay);
}

/* "1ms" or "1ms:anyorder" */
static bool word_jitter(char *value, struct weft_impairment *how)
{
    const char *order = cut(value);

    how->jitter_reorders = order != NULL;
    return parse_duration(value, &how->jitter) && (!order || strcmp(order, "anyorder") == 0);
}

/* "1%" or "1%:3", three in a row each time */
static bool word_loss(char *value, struct weft_impairment *how)
{
    const char *burst = cut(value);
    uint64_t n = 1;

    if (!parse_percent(value, &how->loss) || (burst && !parse_u64(burst, 1, 1000000, &n)))
        return false;
    how->loss_burst = (uint32_t)n;
    return true;
}

static bool word_every(char *value, struct weft_impairment *how)
{
    uint64_t n;

    if (!parse_u64(value, 1, 1000000000, &n))
        return false;
    how->loss_every = (uint32_t)n;
    return true;
}

/* "1%:25%": to the bad state and back; then, perhaps, the loss in the bad one (100 %) and in the good one (none) */
static bool word_gilbert(char *value, struct weft_impairment *how)
{
    uint32_t part[4] = {0, 0, 1000000, 0};
    char *next;
    int n = 0;

    for (; value && n < 4; n++, value = next) {
        next = cut(value);
        if (!parse_percent(value, &part[n]))
            return false;
    }
    how->gilbert.to_bad = part[0];
    how->gilbert.to_good = part[1];
    how->gilbert.lost_bad = part[2];
    how->gilbert.lost_good = part[3];
    return n >= 2 && !value;
}

static bool word_dup(char *value, struct weft_impairment *how)
{
    return parse_percent(value, &how->duplicate);
}

static bool word_corrupt(char *value, struct weft_impairment *how)
{
    return parse_percent(value, &how->corrupt);
}

/* "1%": by chance; "2ms": whoever waits longer */
static bool word_mark(char *value, struct weft_impairment *how)
{
    return strchr(value, '%') ? parse_percent(value, &how->mark)
                              : parse_duration(value, &how->mark_wait) && how->mark_wait;
}

/* "1%", "1%:3ms": for so long; "1%:2p": until two packets have overtaken it, but no longer than a second */
static bool word_reorder(char *value, struct weft_impairment *how)
{
    char *by = cut(value);
    size_t n = by ? strlen(by) : 0;
    uint64_t gap;

    how->reorder_delay = 3 * WEFT_MS;
    how->reorder_gap = 0;
    if (!parse_percent(value, &how->reorder))
        return false;
    if (!by)
        return true;
    if (n == 0 || by[n - 1] != 'p')
        return parse_duration(by, &how->reorder_delay);
    by[n - 1] = '\0';
    if (!parse_u64(by, 1, 1000, &gap))
        return false;
    how->reorder_gap = (uint32_t)gap;
    how->reorder_delay = WEFT_S;
    return true;
}

static const struct {
    const char *name;
    bool (*parse)(char *value, struct weft_impairment *how);
} words[] = {
    {"rate", word_rate}, {"queue", word_queue}, {"delay", word_delay}, {"jitter", word_jitter},
    {"loss", word_loss}, {"every", word_every}, {"gilbert", word_gilbert}, {"dup", word_dup},
    {"corrupt", word_corrupt}, {"mark", word_mark}, {"reorder", word_reorder},
};

static bool parse_word(const char *name, char *value, struct weft_impairment *how, uint64_t *seed)
{
    size_t i;

    if (strcmp(name, "seed") == 0)
        return parse_u64(value, 0, UINT64_MAX, seed);
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i].name) == 0)
            return words[i].parse(value, how);
    }
    return false;
}

bool parse_impairment(const char *text, struct weft_impairment *how, uint64_t *seed, char *bad, size_t n)
{
    char copy[320], *rest = copy, *word, *equals;
    size_t len;

    *how = (struct weft_impairment){0};
    *seed = 0;
    len = (size_t)snprintf(copy, sizeof copy, "%s", text);
    snprintf(bad, n, "%s", copy);
    if (len >= sizeof copy)
        return false;
    while ((word = strsep(&rest, ",")) != NULL) {
        snprintf(bad, n, "%s", word);
        equals = strchr(word, '=');
        if (!equals)
            return false;
        *equals = '\0';
        if (!parse_word(word, equals + 1, how, seed))
            return false;
    }
    snprintf(bad, n, "%s without rate", how->mark_wait ? "mark=TIME" : "queue");
    return how->bits_per_second || (!how->queue_bytes && !how->queue_packets && !how->mark_wait);
}
