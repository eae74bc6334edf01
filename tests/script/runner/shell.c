/* SPDX-License-Identifier: MIT */
/* See shell.h. */
#include "shell.h"

#include <stdio.h>
#include <string.h>

#include "weft/sysctl.h"

/* A word, or a text in quotes; white space becomes single blanks. */
static void parse_value(struct scan *s, char *buf, size_t n)
{
    const char *quote = scan_accept(s, "\"") ? "\"" : scan_accept(s, "'") ? "'" : NULL, *text;
    size_t len, at = 0;

    if (!quote) {
        scan_word(s, "-_.", buf, n);
        return;
    }
    text = scan_until(s, quote, &len);
    for (size_t i = 0; i < len && at + 1 < n; i++) {
        bool blank = text[i] == ' ' || text[i] == '\t' || text[i] == '\n';

        if (!blank || (at && buf[at - 1] != ' '))
            buf[at++] = blank ? ' ' : text[i];
    }
    buf[at] = 0;
}

static bool at_separator(struct scan *s)
{
    return scan_accept(s, ";") || scan_accept(s, "&&");
}

/* What it sets is not looked at: a name that weft does not know is plain too, and refused as such. */
bool shell_is_plain(const struct scan *s)
{
    struct scan ahead = *s;
    struct setting setting;

    while (shell_next(&ahead, &setting))
        ;
    return !ahead.failed;
}

bool shell_next(struct scan *s, struct setting *out)
{
    while (at_separator(s))
        ;
    if (s->failed || scan_accept(s, "`"))
        return false;
    if (scan_accept(s, "sysctl")) {
        while (scan_accept(s, "-q") || scan_accept(s, "-w") || scan_accept(s, "-qw") || scan_accept(s, "-wq"))
            ;
    }
    scan_word(s, ".-/", out->name, sizeof(out->name));
    if (!scan_accept(s, "=")) {
        scan_fail(s, "no plain setting");
        return false;
    }
    if (scan_peek(s) == '`' || !memchr(out->name, '.', strlen(out->name))) {
        scan_fail(s, "no plain setting");
        return false;
    }
    parse_value(s, out->value, sizeof(out->value));
    return !s->failed;
}

static int explain(int err, const struct setting *t, char *why, size_t n)
{
    struct weft_sysctl row;

    if (err == WEFT_ENOENT)
        snprintf(why, n, "no setting of weft corresponds to sysctl %s", t->name);
    else if (err == WEFT_EOPNOTSUPP && weft_sysctl_find(t->name, &row))
        snprintf(why, n, "sysctl %s is not there: %s", t->name, row.gone);
    else if (err != 0)
        snprintf(why, n, "sysctl %s does not take \"%s\": %s", t->name, t->value, weft_strerror(err));
    return err;
}

int shell_configure(struct weft_config *config, const struct setting *t, char *why, size_t n)
{
    return explain(weft_config_set(config, t->name, t->value), t, why, n);
}

int shell_set(weft_stack *stack, const struct setting *t, char *why, size_t n)
{
    return explain(weft_sysctl_set(stack, t->name, t->value), t, why, n);
}

int shell_get(weft_stack *stack, const struct setting *t, char *value, char *why, size_t n)
{
    return explain(weft_sysctl_get(stack, t->name, value, WEFT_SYSCTL_TEXT), t, why, n);
}
