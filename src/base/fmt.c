/* SPDX-License-Identifier: MIT */
/* Text into a bounded buffer; addresses as RFC 5952 §4 wants them. */
#include "base/fmt.h"

struct fmt fmt_begin(char *buf, size_t n)
{
    weft_assert(n >= 1, "the caller has room for the NUL");
    *buf = '\0';
    return (struct fmt){.p = buf, .end = buf + n};
}

void fmt_char(struct fmt *f, char c)
{
    if (f->end - f->p < 2) {
        f->cut = true;
        return;
    }
    *f->p++ = c;
    *f->p = '\0';
}

void fmt_str(struct fmt *f, const char *s)
{
    while (*s)
        fmt_char(f, *s++);
}

/* In base 10 or 16, at least width digits. */
static void fmt_digits(struct fmt *f, uint64_t v, unsigned base, unsigned width)
{
    char digits[20]; /* of UINT64_MAX in decimal */
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    for (; width > n; width--)
        fmt_char(f, '0');
    while (n)
        fmt_char(f, digits[--n]);
}

void fmt_u64(struct fmt *f, uint64_t v) { fmt_digits(f, v, 10, 0); }

void fmt_i64(struct fmt *f, int64_t v)
{
    if (v < 0)
        fmt_char(f, '-');
    fmt_u64(f, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void fmt_u64_pad(struct fmt *f, uint64_t v, unsigned width) { fmt_digits(f, v, 10, width); }

void fmt_hex(struct fmt *f, uint64_t v, unsigned width) { fmt_digits(f, v, 16, width); }

void fmt_pad_to(struct fmt *f, const char *start, size_t column)
{
    while ((size_t)(f->p - start) < column && !f->cut)
        fmt_char(f, ' ');
}

static void fmt_ipv4(struct fmt *f, const uint8_t *b)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            fmt_char(f, '.');
        fmt_u64(f, b[i]);
    }
}

/* The longest run of zero groups, the first of equals; a single one does not count (RFC 5952 §4.2.2, §4.2.3). */
static unsigned longest_zeros(const uint16_t group[8], unsigned *start)
{
    unsigned best = 1, run = 0;

    *start = 8;
    for (unsigned i = 0; i < 8; i++) {
        run = group[i] ? 0 : run + 1;
        if (run > best) {
            best = run;
            *start = i + 1 - run;
        }
    }
    return best;
}

static void fmt_ipv6(struct fmt *f, const uint8_t *b)
{
    uint16_t group[8];
    unsigned zeros_at, zeros, i;

    for (i = 0; i < 8; i++)
        group[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
    zeros = longest_zeros(group, &zeros_at);
    for (i = 0; i < 8; i++) {
        if (i == zeros_at) {
            fmt_str(f, "::");
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != zeros_at + zeros)
            fmt_char(f, ':');
        fmt_hex(f, group[i], 0);
    }
}

void fmt_ip(struct fmt *f, const struct weft_ip *ip)
{
    struct weft_ip bare = *ip;
    unsigned zone = weft_ip_zone(ip);

    if (weft_ip_is_v4(ip)) {
        fmt_ipv4(f, ip->b + 12);
        return;
    }
    weft_ip_set_zone(&bare, 0);
    fmt_ipv6(f, bare.b);
    if (zone) {
        fmt_char(f, '%');
        fmt_u64(f, zone);
    }
}

void fmt_mac(struct fmt *f, const uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++) {
        if (i)
            fmt_char(f, ':');
        fmt_hex(f, mac[i], 2);
    }
}

void fmt_time(struct fmt *f, weft_time t, unsigned decimals)
{
    uint64_t fraction = t % WEFT_S;

    weft_assert(decimals <= 9, "nanoseconds have nine decimals; callers pass constants");
    fmt_u64(f, t / WEFT_S);
    if (decimals == 0)
        return;
    for (unsigned i = decimals; i < 9; i++)
        fraction /= 10;
    fmt_char(f, '.');
    fmt_u64_pad(f, fraction, decimals);
}
