/* SPDX-License-Identifier: MIT */
/*
 * Text into a bounded buffer, without libc. What does not fit is cut; the buffer is always terminated.
 * Values are appended one call each, so that a wrong argument is a type error and not a wrong format string.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include "base/base.h"

struct fmt {
    char *p;     /* where the next character goes */
    char *end;   /* one past the buffer's last byte, which is kept for the NUL */
    bool cut;    /* something did not fit */
};

/* Starts a text in buf; n >= 1. */
struct fmt fmt_begin(char *buf, size_t n);

void fmt_char(struct fmt *f, char c);
void fmt_str(struct fmt *f, const char *s);
void fmt_u64(struct fmt *f, uint64_t v);
void fmt_i64(struct fmt *f, int64_t v);

/* Decimal, padded with zeros to width. */
void fmt_u64_pad(struct fmt *f, uint64_t v, unsigned width);

/* Lower-case hexadecimal without prefix, padded with zeros to width. */
void fmt_hex(struct fmt *f, uint64_t v, unsigned width);

/* Pads with spaces until `column` characters have been written since start. */
void fmt_pad_to(struct fmt *f, const char *start, size_t column);

/* "10.9.0.2", or an IPv6 address as RFC 5952 wants it. */
void fmt_ip(struct fmt *f, const struct weft_ip *ip);

/* "02:00:00:00:00:01" */
void fmt_mac(struct fmt *f, const uint8_t mac[6]);

/* Seconds with nine decimals cut to `decimals` (0 to 9): fmt_time(f, 1500000000, 6) is "1.500000". */
void fmt_time(struct fmt *f, weft_time t, unsigned decimals);

#endif
