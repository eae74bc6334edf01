/* SPDX-License-Identifier: MIT */
#include "cmd/parse.h"

#include <ctype.h>
#include <netdb.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    const char *p;

    if (!*text)
        return false;
    for (p = text; *p; p++) {
        if (!isdigit((unsigned char)*p) || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return false;
    }
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool parse_seconds(const char *text, weft_time *out)
{
    uint64_t whole = 0, fraction = 0, unit = WEFT_S;
    const char *p = text;

    if (!isdigit((unsigned char)*p) && !(*p == '.' && isdigit((unsigned char)p[1])))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        whole = whole * 10 + (uint64_t)(*p - '0');
        if (whole > 31536000)
            return false;
    }
    if (*p == '.') {
        for (p++; isdigit((unsigned char)*p); p++) {
            unit /= 10;
            fraction += (uint64_t)(*p - '0') * unit;
        }
    }
    *out = whole * WEFT_S + fraction;
    return *p == '\0';
}

bool parse_mask(const struct weft_ip *ip, unsigned *prefix)
{
    uint32_t mask = 0;
    unsigned bits = 0;

    for (size_t i = 12; i < 16; i++)
        mask = mask << 8 | ip->b[i];
    while (bits < 32 && mask >> (31 - bits) & 1)
        bits++;
    *prefix = bits;
    return weft_ip_is_v4(ip) && (bits == 32 || mask << bits == 0);
}

bool parse_port(const char *text, const char *proto, uint16_t *out)
{
    struct servent entry, *found = NULL;
    char room[1024];
    uint64_t v;

    if (parse_u64(text, 1, 65535, &v)) {
        *out = (uint16_t)v;
        return true;
    }
    if (isdigit((unsigned char)*text))
        return false;
    if (getservbyname_r(text, proto, &entry, room, sizeof room, &found) != 0 || !found)
        return false;
    *out = ntohs((uint16_t)found->s_port);
    return true;
}

/* The text up to `end`, on its own; false when it is too long for an address. */
static bool cut_address(const char *text, const char *end, char address[WEFT_IP_TEXT])
{
    size_t n = (size_t)(end - text);

    if (n >= WEFT_IP_TEXT)
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    return true;
}

bool parse_ip(const char *text, struct weft_ip *ip)
{
    const char *percent = strchr(text, '%');
    char address[WEFT_IP_TEXT];
    struct weft_ip bare;

    if (!percent || weft_ip_parse(text, ip) == 0)
        return weft_ip_parse(text, ip) == 0;
    if (!percent[1] || strlen(percent + 1) > 15 || !cut_address(text, percent, address) ||
        weft_ip_parse(address, &bare) < 0 || !weft_ip_is_zoned(&bare) || weft_ip_zone(&bare))
        return false;
    *ip = bare;
    return true;
}

bool parse_rarp(const char *text)
{
    uint64_t bits;

    return strcmp(text, "rarp") == 0 || (strncmp(text, "rarp/", 5) == 0 && parse_u64(text + 5, 1, 32, &bits));
}

bool parse_cidr(const char *text, struct weft_ip *ip, unsigned *prefix)
{
    const char *slash = strchr(text, '/');
    char address[WEFT_IP_TEXT];
    uint64_t bits;

    if (!slash || !cut_address(text, slash, address) || weft_ip_parse(address, ip) < 0 ||
        !parse_u64(slash + 1, 0, weft_ip_is_v4(ip) ? 32 : 128, &bits))
        return false;
    *prefix = (unsigned)bits;
    return true;
}

bool parse_prefix(const char *text, struct weft_ip *ip, unsigned *bits)
{
    const char *slash = strchr(text, '/');
    char address[WEFT_IP_TEXT];
    uint64_t n;

    if (!strchr(text, ':')) {
        if (!parse_cidr(text, ip, bits))
            return false;
        *bits += 96;
        return true;
    }
    if (!slash || !cut_address(text, slash, address) || weft_ip_parse(address, ip) < 0 || !parse_u64(slash + 1, 0, 128, &n))
        return false;
    *bits = (unsigned)n;
    return true;
}

bool parse_host_name(const char *text)
{
    size_t i;

    for (i = 0; text[i]; i++) {
        bool inner = text[i] == '-' || text[i] == '_' || text[i] == '.';

        if (!isalnum((unsigned char)text[i]) && !(inner && i > 0))
            return false;
    }
    return i > 0 && i <= 40;
}

static bool is_network(const char *word)
{
    struct weft_ip ip;
    unsigned prefix;

    return strcmp(word, "default") == 0 || parse_cidr(word, &ip, &prefix) || weft_ip_parse(word, &ip) == 0;
}

bool parse_route(const char *text)
{
    char copy[160], *save = NULL, *word, *value;
    bool via = false, dev = false;
    size_t n = strlen(text);
    struct weft_ip ip;

    if (n >= sizeof copy)
        return false;
    memcpy(copy, text, n + 1);
    word = strtok_r(copy, " \t", &save);
    if (!word || !is_network(word))
        return false;
    while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
        value = strtok_r(NULL, " \t", &save);
        if (value && strcmp(word, "via") == 0 && !via && parse_ip(value, &ip))
            via = true;
        else if (value && strcmp(word, "dev") == 0 && !dev)
            dev = true;
        else
            return false;
    }
    return via || dev;
}

bool parse_percent(const char *text, uint32_t *ppm)
{
    char number[24];
    size_t n = strlen(text);
    weft_time parts; /* of 10^9 */

    if (n < 2 || text[n - 1] != '%' || n > sizeof number)
        return false;
    memcpy(number, text, n - 1);
    number[n - 1] = '\0';
    if (!parse_seconds(number, &parts) || parts > 100 * WEFT_S || parts % 100000 != 0)
        return false;
    *ppm = (uint32_t)(parts / 100000); /* a percent has 10,000 of them */
    return true;
}

bool parse_duration(const char *text, weft_time *out)
{
    static const struct {
        const char *name;
        weft_time divisor;
    } unit[] = {{"ms", 1000}, {"us", 1000000}, {"s", 1}};
    size_t n = strlen(text), i;
    char number[24];

    for (i = 0; i < sizeof unit / sizeof *unit; i++) {
        size_t tail = strlen(unit[i].name);

        if (n <= tail || n - tail >= sizeof number || strcmp(text + n - tail, unit[i].name) != 0)
            continue;
        memcpy(number, text, n - tail);
        number[n - tail] = '\0';
        if (!parse_seconds(number, out))
            continue;
        *out /= unit[i].divisor;
        return *out <= 60 * WEFT_S;
    }
    return false;
}
