/* SPDX-License-Identifier: MIT */
/* Tunables in the user's words; see tunable.h. */
#include "cmd/tunable.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool tunable_split(const char *text, struct tunable *t)
{
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text);

    while (n && isspace((unsigned char)*text))
        text++, n--;
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    if (n == 0 || n >= sizeof t->name)
        return false;
    memcpy(t->name, text, n);
    t->name[n] = '\0';
    t->value = equals ? equals + 1 + strspn(equals + 1, " \t") : NULL;
    return true;
}

/* The only words there are. */
static void list_controllers(char *buf, size_t n)
{
    struct weft_config config;
    char names[WEFT_SYSCTL_TEXT] = "";

    weft_config_default(&config);
    weft_config_get(&config, "net.ipv4.tcp_available_congestion_control", names, sizeof names);
    snprintf(buf, n, "one of %s", names);
}

void tunable_range(const struct weft_sysctl *row, char *buf, size_t n)
{
    const char *unit = row->unit[0] ? " " : "";

    if (row->values == 0)
        list_controllers(buf, n);
    else if (row->values == 1)
        snprintf(buf, n, "a number from %llu to %llu%s%s", (unsigned long long)row->min, (unsigned long long)row->max,
                 unit, row->unit);
    else
        snprintf(buf, n, "%u numbers from %llu to %llu%s%s", row->values, (unsigned long long)row->min,
                 (unsigned long long)row->max, unit, row->unit);
}

void tunable_explain(const struct tunable *t, int err, char *buf, size_t n)
{
    struct weft_sysctl row;
    struct weft_config config;
    char range[96];

    weft_config_default(&config);
    if (!weft_sysctl_find(t->name, &row)) {
        snprintf(buf, n, "no tunable '%s'; weft sysctl -a lists them", t->name);
    } else if (row.gone) {
        snprintf(buf, n, "%s is not there: %s", row.name, row.gone);
    } else if (err == WEFT_EACCES) {
        snprintf(buf, n, "%s can only be read", row.name);
    } else if (t->value && weft_config_set(&config, t->name, t->value) == 0) {
        snprintf(buf, n, "%s = %s is at odds with another tunable", row.name, t->value);
    } else {
        tunable_range(&row, range, sizeof range);
        snprintf(buf, n, "bad value '%s' for %s: give %s", t->value ? t->value : "", row.name, range);
    }
}
