/* SPDX-License-Identifier: MIT */
/* See settings.h. */
#include "packetdrill/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PREFIX_V4 16 /* of packetdrill's own network */
#define DEFAULT_PREFIX_V6 48
#define LARGEST_TSO       65535

/* What has another default where nobody says anything. */
struct given {
    bool tso, sysctls;
};

static bool is_v4(const struct weft_ip *ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

static bool parse_number(const char *text, unsigned long min, unsigned long max, uint32_t *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || v < min || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* "192.168.0.1" or, where may_have_prefix, "192.168.0.1/16", into the half of its family. */
static bool parse_address(char *text, bool may_have_prefix, struct settings_address *both)
{
    char *slash = may_have_prefix ? strchr(text, '/') : NULL;
    struct weft_ip ip;
    struct settings_address *a;
    uint32_t prefix;

    if (slash)
        *slash++ = '\0';
    if (weft_ip_parse(text, &ip) != 0)
        return false;
    a = &both[is_v4(&ip) ? 0 : 1];
    prefix = is_v4(&ip) ? DEFAULT_PREFIX_V4 : DEFAULT_PREFIX_V6;
    if (a->given || (slash && !parse_number(slash, 0, is_v4(&ip) ? 32 : 128, &prefix)))
        return false;
    *a = (struct settings_address){true, ip, prefix};
    return true;
}

static bool copy_text(const char *from, char *to, size_t n)
{
    if (strlen(from) >= n)
        return false;
    memcpy(to, from, strlen(from) + 1);
    return true;
}

static bool parse_one(struct settings *s, const char *key, char *value, struct given *given)
{
    if (strcmp(key, "local") == 0)
        return parse_address(value, true, s->local);
    if (strcmp(key, "gw") == 0)
        return parse_address(value, false, s->gateway);
    if (strcmp(key, "mtu") == 0)
        return parse_number(value, 68, 65535, &s->mtu);
    if (strcmp(key, "tso") == 0) {
        given->tso = true;
        return parse_number(value, 0, LARGEST_TSO, &s->tso);
    }
    if (strcmp(key, "profile") == 0)
        return *value && copy_text(value, s->profile, sizeof s->profile);
    if (strcmp(key, "sysctls") == 0) {
        given->sysctls = true;
        return *value && copy_text(strcmp(value, "none") == 0 ? "" : value, s->sysctls, sizeof s->sysctls);
    }
    return false;
}

static bool key_is_known(const char *key)
{
    static const char *const keys[] = {"local", "gw", "mtu", "tso", "profile", "sysctls"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* One "key=value". The text is cut up on the way. */
static bool parse_flag(struct settings *s, char *flag, struct given *given, char *why, size_t n)
{
    char *equals = strchr(flag, '='), shown[128];

    snprintf(shown, sizeof shown, "%.*s", (int)sizeof shown - 1, flag); /* of a long one the beginning will do */
    if (equals)
        *equals = '\0';
    if (!key_is_known(flag))
        snprintf(why, n, "'%s' is no flag: local, gw, mtu, tso, profile and sysctls are", shown);
    else if (!equals || !parse_one(s, flag, equals + 1, given))
        snprintf(why, n, "'%s' says nothing that can be", shown);
    else
        return true;
    return false;
}

bool settings_parse(struct settings *s, const char *flags, char *why, size_t n)
{
    char text[1024], *at = text;
    struct given given = {false, false};
    bool linux_look;

    *s = (struct settings){.mtu = 1500, .profile = "linux"};
    if (!copy_text(flags ? flags : "", text, sizeof text)) {
        snprintf(why, n, "the flags are too long");
        return false;
    }
    while (*at) {
        char *flag = at, *comma = strchr(at, ',');

        at = comma ? comma + 1 : at + strlen(at);
        if (comma)
            *comma = '\0';
        if (*flag && !parse_flag(s, flag, &given, why, n))
            return false;
    }
    if (!s->local[0].given && !s->local[1].given)
        s->local[0] = (struct settings_address){true, weft_ipv4(0xc0a80001), DEFAULT_PREFIX_V4};
    linux_look = strcmp(s->profile, "linux") == 0;
    if (!given.tso)
        s->tso = linux_look ? LARGEST_TSO : 0;
    if (!given.sysctls && linux_look)
        copy_text("/proc/sys", s->sysctls, sizeof s->sysctls);
    return true;
}
