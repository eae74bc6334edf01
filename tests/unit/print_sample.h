/* SPDX-License-Identifier: MIT */
/* A packet in hexadecimal and the line that it is to print as: for the tests of src/wire/print*.c. */
#ifndef UNIT_PRINT_SAMPLE_H
#define UNIT_PRINT_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/print.h"

struct sample {
    enum print_link link;
    size_t wire_len; /* 0: all of it was captured */
    const char *hex;
    const char *line;
};

static inline uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

/* The sample's bytes in a heap block of their own size; the caller frees. */
static inline uint8_t *bytes_of(const char *hex, size_t *n)
{
    uint8_t *p;

    *n = strlen(hex) / 2;
    p = malloc(*n + !*n);
    assert_non_null(p);
    for (size_t i = 0; i < *n; i++)
        p[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return p;
}

static inline void samples_check(const struct sample *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[512];
        struct fmt f = fmt_begin(text, sizeof text);
        size_t n;
        uint8_t *p = bytes_of(s[i].hex, &n);

        print_packet(&f, s[i].link, p, n, s[i].wire_len ? s[i].wire_len : n);
        free(p);
        assert_string_equal(text, s[i].line);
    }
}

#endif
