/* SPDX-License-Identifier: MIT */
/* See scan.h. */
#include "scan.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scan_begin(struct scan *s, const char *text, size_t n)
{
    *s = (struct scan){.p = text, .end = text + n, .line = 1};
}

void scan_fail(struct scan *s, const char *format, ...)
{
    va_list ap;

    if (s->failed)
        return;
    s->failed = true;
    s->why_line = s->line;
    va_start(ap, format);
    vsnprintf(s->why, sizeof(s->why), format, ap);
    va_end(ap);
    s->p = s->end;
}

static char char_at(const struct scan *s, size_t i)
{
    return (size_t)(s->end - s->p) > i ? s->p[i] : 0;
}

static void step(struct scan *s)
{
    if (s->p == s->end)
        return;
    if (*s->p == '\n')
        s->line++;
    s->p++;
}

static void skip_line(struct scan *s)
{
    while (s->p < s->end && *s->p != '\n')
        s->p++;
}

static void skip_block_comment(struct scan *s)
{
    size_t n;

    s->p += 2;
    scan_until(s, "*/", &n);
}

void scan_space(struct scan *s)
{
    for (;;) {
        if (isspace((unsigned char)char_at(s, 0)))
            step(s);
        else if (char_at(s, 0) == '#' || (char_at(s, 0) == '/' && char_at(s, 1) == '/'))
            skip_line(s);
        else if (char_at(s, 0) == '/' && char_at(s, 1) == '*')
            skip_block_comment(s);
        else
            return;
    }
}

bool scan_at_end(struct scan *s)
{
    scan_space(s);
    return s->p == s->end;
}

char scan_peek(struct scan *s)
{
    scan_space(s);
    return char_at(s, 0);
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool scan_sees(struct scan *s, const char *text)
{
    size_t n = strlen(text);

    scan_space(s);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
        return false;
    return !(is_word_char(text[n - 1]) && is_word_char(char_at(s, n)));
}

bool scan_accept(struct scan *s, const char *text)
{
    if (!scan_sees(s, text))
        return false;
    s->p += strlen(text);
    return true;
}

/* What stands here, for a message. */
static void describe(struct scan *s, char *buf, size_t n)
{
    size_t i = 0;

    scan_space(s);
    if (s->p == s->end) {
        snprintf(buf, n, "the end");
        return;
    }
    while (i + 1 < n && s->p + i < s->end && !isspace((unsigned char)s->p[i])) {
        buf[i] = s->p[i];
        i++;
    }
    buf[i] = 0;
}

void scan_expect(struct scan *s, const char *text)
{
    char here[24];

    if (scan_accept(s, text))
        return;
    describe(s, here, sizeof(here));
    scan_fail(s, "expected \"%s\" before \"%s\"", text, here);
}

void scan_word(struct scan *s, const char *more, char *buf, size_t n)
{
    size_t i = 0;
    char here[24];

    scan_space(s);
    while (i + 1 < n && (is_word_char(char_at(s, 0)) || (char_at(s, 0) && strchr(more, char_at(s, 0))))) {
        buf[i++] = char_at(s, 0);
        s->p++;
    }
    buf[i] = 0;
    if (i > 0)
        return;
    describe(s, here, sizeof(here));
    scan_fail(s, "expected a word before \"%s\"", here);
}

const char *scan_until(struct scan *s, const char *stop, size_t *n)
{
    const char *begin = s->p;
    size_t len = strlen(stop);

    while (s->p < s->end) {
        if ((size_t)(s->end - s->p) >= len && memcmp(s->p, stop, len) == 0) {
            *n = (size_t)(s->p - begin);
            s->p += len;
            return begin;
        }
        step(s);
    }
    scan_fail(s, "\"%s\" is missing", stop);
    *n = 0;
    return begin;
}

static bool digit_value(char c, unsigned base, unsigned *v)
{
    if (c >= '0' && c <= '9')
        *v = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *v = (unsigned)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
        *v = (unsigned)(c - 'A' + 10);
    else
        return false;
    return *v < base;
}

int64_t scan_integer(struct scan *s)
{
    bool minus = scan_accept(s, "-");
    unsigned base = 10, v;
    int64_t n = 0;
    char here[24];

    scan_space(s);
    if (char_at(s, 0) == '0' && (char_at(s, 1) == 'x' || char_at(s, 1) == 'X')) {
        base = 16;
        s->p += 2;
    }
    if (!digit_value(char_at(s, 0), base, &v)) {
        describe(s, here, sizeof(here));
        scan_fail(s, "expected a number before \"%s\"", here);
        return 0;
    }
    while (digit_value(char_at(s, 0), base, &v)) {
        if (n > (INT64_MAX - 15) / 16) {
            scan_fail(s, "a number too large");
            return 0;
        }
        n = n * base + v;
        s->p++;
    }
    return minus ? -n : n;
}

uint32_t scan_number(struct scan *s, uint32_t max)
{
    int64_t v = scan_integer(s);

    if (v >= 0 && v <= (int64_t)max)
        return (uint32_t)v;
    scan_fail(s, "%lld is not between 0 and %lu", (long long)v, (unsigned long)max);
    return 0;
}

uint32_t scan_u32(struct scan *s)
{
    return scan_number(s, UINT32_MAX);
}

/* Up to nine decimals after the point, as billionths. */
static uint64_t scan_decimals(struct scan *s)
{
    uint64_t v = 0, unit = 100000000;
    unsigned digit;

    while (digit_value(char_at(s, 0), 10, &digit)) {
        v += digit * unit;
        unit /= 10;
        s->p++;
    }
    return v;
}

uint64_t scan_seconds(struct scan *s)
{
    uint64_t whole = 0;
    unsigned digit;
    char here[24];

    scan_space(s);
    if (char_at(s, 0) != '.' && !digit_value(char_at(s, 0), 10, &digit)) {
        describe(s, here, sizeof(here));
        scan_fail(s, "expected a time before \"%s\"", here);
        return 0;
    }
    while (digit_value(char_at(s, 0), 10, &digit) && whole < 1000000000) {
        whole = whole * 10 + digit;
        s->p++;
    }
    if (char_at(s, 0) != '.' || !digit_value(char_at(s, 1), 10, &digit))
        return whole * 1000000000;
    s->p++;
    return whole * 1000000000 + scan_decimals(s);
}

struct weft_ip scan_ip(struct scan *s)
{
    char text[WEFT_IP_TEXT];
    uint8_t v4[4];
    struct weft_ip ip = {{0}};
    bool quoted = scan_accept(s, "\"");

    scan_word(s, ".:", text, sizeof(text));
    if (inet_pton(AF_INET, text, v4) == 1)
        ip = weft_ipv4((uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 | (uint32_t)v4[2] << 8 | v4[3]);
    else if (inet_pton(AF_INET6, text, ip.b) != 1)
        scan_fail(s, "\"%s\" is no address", text);
    if (quoted)
        scan_expect(s, "\"");
    return ip;
}

size_t scan_hex(struct scan *s, uint8_t *buf, size_t max)
{
    size_t n = 0;
    unsigned high, low;

    scan_space(s);
    while (digit_value(char_at(s, 0), 16, &high)) {
        if (!digit_value(char_at(s, 1), 16, &low) || n == max) {
            scan_fail(s, "hexadecimal bytes come in pairs, at most %zu", max);
            return 0;
        }
        buf[n++] = (uint8_t)(high << 4 | low);
        s->p += 2;
    }
    return n;
}
