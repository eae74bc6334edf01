/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text: reading. IPv4 is a dotted quad and nothing else: four decimal numbers up to 255 without leading
 * zeros, which other readers take for octal. IPv6 is RFC 4291 §2.2, all three forms, with a number as its zone
 * (RFC 4007 §11.2) where an address has one.
 */
#include "base/base.h"
#include "base/fmt.h"

/* Each reader moves *s past what it took, and returns false when that is not there. */
static bool read_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static bool read_octet(const char **s, uint8_t *octet)
{
    const char *p = *s;
    unsigned v = 0, n = 0;

    for (; p[n] >= '0' && p[n] <= '9' && n < 3; n++)
        v = v * 10 + (unsigned)(p[n] - '0');
    if (n == 0 || v > 255 || (n > 1 && p[0] == '0'))
        return false;
    *octet = (uint8_t)v;
    *s += n;
    return true;
}

static bool read_quad(const char **s, uint8_t quad[4])
{
    for (unsigned i = 0; i < 4; i++)
        if ((i > 0 && !read_char(s, '.')) || !read_octet(s, &quad[i]))
            return false;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Up to four digits, as two bytes. */
static bool read_group(const char **s, uint8_t *b)
{
    unsigned v = 0, n = 0;

    for (; n < 4 && hex_digit((*s)[n]) >= 0; n++)
        v = v << 4 | (unsigned)hex_digit((*s)[n]);
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
    *s += n;
    return n > 0;
}

static bool at_end(const char *s) { return *s == '\0' || *s == '%'; }

/* A group, or at the end a dotted quad: returns how many bytes it filled, 0 for neither. */
static unsigned read_piece(const char **s, uint8_t *b, unsigned room)
{
    const char *start = *s;

    if (!read_group(s, b))
        return 0;
    if (**s != '.')
        return 2;
    *s = start;
    return room >= 4 && read_quad(s, b) && at_end(*s) ? 4 : 0;
}

/* The groups, up to the end of the text or a '%'. */
static bool read_groups(const char **text, uint8_t b[16])
{
    const char *s = *text;
    unsigned n = 0, gap = UINT_MAX, piece;

    if (s[0] == ':' && s[1] == ':') {
        gap = 0;
        s += 2;
    }
    while (!at_end(s) && n < 16) {
        piece = read_piece(&s, b + n, 16 - n);
        n += piece;
        if (!piece || (!at_end(s) && !read_char(&s, ':')))
            return false;
        if (*s == ':') {
            if (gap != UINT_MAX)
                return false;
            gap = n;
            s++;
        } else if (s[-1] == ':' && at_end(s)) {
            return false;
        }
    }
    /* "::" stands for one group of zeros at least (RFC 4291 §2.2). */
    if (!at_end(s) || (gap == UINT_MAX ? n != 16 : n == 16))
        return false;
    if (gap != UINT_MAX) {
        memmove(b + gap + (16 - n), b + gap, n - gap);
        memset(b + gap, 0, 16 - n);
    }
    *text = s;
    return true;
}

/* "%2" behind an address of link scope; nothing is zone 0. */
static bool read_zone(const char *s, struct weft_ip *ip)
{
    unsigned zone = 0, n = 0;

    if (*s == '\0')
        return true;
    for (s++; s[n] >= '0' && s[n] <= '9' && n < 5; n++)
        zone = zone * 10 + (unsigned)(s[n] - '0');
    if (n == 0 || s[n] || zone > UINT16_MAX || !weft_ip_is_zoned(ip) || weft_ip_zone(ip))
        return false;
    weft_ip_set_zone(ip, zone);
    return true;
}

int weft_ip_parse(const char *text, struct weft_ip *ip)
{
    struct weft_ip v4 = weft_ipv4(0), v6;
    const char *s = text;

    if (read_quad(&s, v4.b + 12) && *s == '\0') {
        *ip = v4;
        return 0;
    }
    s = text;
    if (!read_groups(&s, v6.b) || !read_zone(s, &v6))
        return WEFT_EINVAL;
    *ip = v6;
    return 0;
}

char *weft_ip_text(const struct weft_ip *ip, char *buf, size_t n)
{
    struct fmt f;

    if (n > 0) {
        f = fmt_begin(buf, n);
        fmt_ip(&f, ip);
    }
    return buf;
}
