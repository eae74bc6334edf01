/* SPDX-License-Identifier: MIT */
/* A text that grows in a buffer of fixed size; what does not fit is cut. */
#ifndef SCRIPT_TEXT_H
#define SCRIPT_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *buf;
    size_t n, at;
};

static inline struct text text_begin(char *buf, size_t n)
{
    buf[0] = 0;
    return (struct text){buf, n, 0};
}

__attribute__((format(printf, 2, 3))) static inline void text_add(struct text *t, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(t->buf + t->at, t->n - t->at, format, ap);
    va_end(ap);
    t->at += strlen(t->buf + t->at);
}

/* Takes back the last character if it is c. */
static inline void text_trim(struct text *t, char c)
{
    if (t->at && t->buf[t->at - 1] == c)
        t->buf[--t->at] = 0;
}

#endif
