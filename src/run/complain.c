/* SPDX-License-Identifier: MIT */
/* What cannot be honoured is said on stderr: one line for each call and reason, once. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

#define SAID_MAX 64 /* different lines; then silence */

struct said {
    struct said *next;
    char line[];
};

static bool is_news(struct run *run, const char *line)
{
    struct said *s, *new;
    unsigned n = 0;

    for (s = run->said; s; s = s->next, n++) {
        if (strcmp(s->line, line) == 0)
            return false;
    }
    new = n < SAID_MAX ? malloc(sizeof *new + strlen(line) + 1) : NULL;
    if (!new)
        return false;
    strcpy(new->line, line);
    new->next = run->said;
    run->said = new;
    return true;
}

void complain(struct run *run, const char *call, const char *format, ...)
{
    char line[160];
    va_list ap;

    va_start(ap, format);
    vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (is_news(run, line)) {
        fprintf(run->err, "weft run: %s: %s\n", call, line);
        fflush(run->err);
    }
}

void complain_free(struct run *run)
{
    struct said *s;

    while ((s = run->said) != NULL) {
        run->said = s->next;
        free(s);
    }
}
