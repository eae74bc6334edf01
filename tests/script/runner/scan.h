/* SPDX-License-Identifier: MIT */
/*
 * A cursor over a script's text: the parser above it needs no tokens, since what a `.` or a `<` means depends on where
 * it stands. Failure is sticky: the first one is kept with its line, and the cursor jumps to the end, so that every
 * loop of the parser ends by itself and only the caller of the whole parser has to ask.
 */
#ifndef SCRIPT_SCAN_H
#define SCRIPT_SCAN_H

#include "weft/types.h"

struct scan {
    const char *p, *end;
    int line;
    bool failed;
    int why_line;
    char why[256];
};

void scan_begin(struct scan *s, const char *text, size_t n);

/* Keeps the first failure and moves to the end. */
void scan_fail(struct scan *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Skips white space and comments (C's both kinds, and # to the end of the line). */
void scan_space(struct scan *s);

/* After white space: is this the end? The next character, or 0? */
bool scan_at_end(struct scan *s);
char scan_peek(struct scan *s);
/* Is this text next? It is not taken. A text that ends in a letter must end a word there. */
bool scan_sees(struct scan *s, const char *text);

/* Takes the text if it is next. */
bool scan_accept(struct scan *s, const char *text);
/* Takes the text or fails, naming it. */
void scan_expect(struct scan *s, const char *text);

/* Takes a word of letters, digits and _ (and the characters in `more`); fails when there is none. */
void scan_word(struct scan *s, const char *more, char *buf, size_t n);
/* Takes all up to and without `stop`, then takes stop; fails when it never comes. Returns where it began. */
const char *scan_until(struct scan *s, const char *stop, size_t *n);

/* A decimal or 0x number with an optional minus. */
int64_t scan_integer(struct scan *s);
/* 0 to 2^32 - 1. */
uint32_t scan_u32(struct scan *s);
/* 0 to max. */
uint32_t scan_number(struct scan *s, uint32_t max);
/* Seconds with up to nine decimals, as nanoseconds: "1", ".5", "0.25". */
uint64_t scan_seconds(struct scan *s);
/* 192.0.2.1, or 2001:db8::1, or "either" in quotes. */
struct weft_ip scan_ip(struct scan *s);
/* Pairs of hexadecimal digits. Returns how many bytes. */
size_t scan_hex(struct scan *s, uint8_t *buf, size_t max);

#endif
