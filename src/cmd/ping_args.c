/* SPDX-License-Identifier: MIT */
#include "cmd/ping_args.h"

#include <ctype.h>
#include <string.h>

#define MAX_SIZE 65507

const struct argp_option ping_options[] = {
    {"count", 'c', "N", 0, "Stop after N requests", 1},
    {"interval", 'i', "SECONDS", 0, "Between requests: 1; 0: as -f, without the dots", 1},
    {"size", 's', "BYTES", 0, "Of data in each request: 56", 1},
    {"wait", 'W', "SECONDS", 0, "For the last replies, while there was none: 10", 1},
    {"deadline", 'w', "SECONDS", 0, "End then, however many replies came; or at the first error", 1},
    {"flood", 'f', NULL, 0, "A request as soon as a reply came, or 100 in a second; a dot for each that is not answered", 1},
    {"adaptive", 'A', NULL, 0, "The next request as soon as the last one is answered", 1},
    {"ttl", 't', "TTL", 0, "Time to live, or hop limit, of requests", 1},
    {"tos", 'Q', "BYTE", 0, "Type of service, or traffic class", 1},
    {NULL, 'I', "FROM", 0, "By this interface, or from this address of ours", 1},
    {NULL, 'M', "HOW", 0, "Fragments: do not (do, probe), as the path has it (want), or do (dont)", 1},
    {"pattern", 'p', "HEX", 0, "The data: these bytes, up to 16, again and again", 1},
    {NULL, 'R', NULL, 0, "Record the route, there and back", 1},
    {NULL, 'T', "WHAT", 0, "Record times: tsonly, or tsandaddr with addresses", 1},
    {NULL, 'b', NULL, 0, "ADDR may be one of broadcast", 1},
    {NULL, 'D', NULL, 0, "Each line begins with the time", 1},
    {NULL, 'O', NULL, 0, "Tell before a request that the last one is not answered", 1},
    {"quiet", 'q', NULL, 0, "Only the summary", 1},
    {NULL, '4', NULL, 0, "Only IPv4", 1},
    {NULL, '6', NULL, 0, "Only IPv6", 1},
    {NULL, 'n', NULL, 0, "Addresses as numbers (they always are)", 1},
    {0},
};

static error_t take_times(const struct argp_state *state, struct ping_opts *o, const char *what)
{
    if (strcmp(what, "tsonly") == 0)
        o->record = PING_RECORD_TIMES;
    else if (strcmp(what, "tsandaddr") == 0)
        o->record = PING_RECORD_TIMES_AND_ADDRESSES;
    else
        return args_error(state, "-T %s: it is tsonly or tsandaddr", what);
    return 0;
}

static error_t take_discovery(const struct argp_state *state, struct ping_opts *o, const char *how)
{
    static const char *const names[] = {[WEFT_PMTUDISC_DONT] = "dont", [WEFT_PMTUDISC_WANT] = "want",
                                        [WEFT_PMTUDISC_DO] = "do", [WEFT_PMTUDISC_PROBE] = "probe"};

    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (strcmp(how, names[i]) == 0) {
            o->discover = i;
            return 0;
        }
    }
    return args_error(state, "-M %s: it is do, want, dont or probe", how);
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Two digits a byte; a digit left over is a byte of its own. */
static error_t take_pattern(const struct argp_state *state, struct ping_opts *o, const char *hex)
{
    size_t n = strlen(hex);

    if (n == 0 || n > 2 * PING_MAX_PATTERN || strspn(hex, "0123456789abcdefABCDEF") != n)
        return args_error(state, "bad pattern '%s': up to %d hexadecimal digits", hex, 2 * PING_MAX_PATTERN);
    for (o->n_pattern = 0; *hex; o->n_pattern++) {
        int value = hex_value(*hex++);

        if (*hex)
            value = value * 16 + hex_value(*hex++);
        o->pattern[o->n_pattern] = (uint8_t)value;
    }
    return 0;
}

static error_t check(const struct argp_state *state, struct ping_opts *o)
{
    if (weft_ip_is_v4(&o->ip) ? o->v6 : o->v4)
        return args_error(state, "that is an address of IPv%c", o->v6 ? '4' : '6');
    if (!weft_ip_is_v4(&o->ip) && (o->record || o->broadcast))
        return args_error(state, "IPv6 has neither broadcast nor what -R and -T ask for");
    if (!o->has_interval && o->flood)
        o->interval = 0;
    return 0;
}

static error_t parse_values(int key, const char *arg, struct argp_state *state, struct ping_opts *o)
{
    switch (key) {
    case 'c':
        return args_number(state, "count", arg, 1, UINT32_MAX, &o->count);
    case 'i':
        o->has_interval = true;
        return args_seconds(state, "interval", arg, &o->interval);
    case 's':
        return args_number(state, "size", arg, 0, MAX_SIZE, &o->size);
    case 'W':
        return args_seconds(state, "time", arg, &o->wait);
    case 'w':
        return args_seconds(state, "time", arg, &o->deadline);
    case 't':
        return args_number(state, "time to live", arg, 1, 255, &o->ttl);
    case 'Q':
        return args_number(state, "type of service", arg, 0, 255, &o->tos);
    case 'I':
        o->from = arg;
        return 0;
    case 'M':
        return take_discovery(state, o, arg);
    case 'p':
        return take_pattern(state, o, arg);
    case 'T':
        return take_times(state, o, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool ping_asks_many(const struct ping_opts *o)
{
    return o->broadcast || ip_is_multicast(&o->ip);
}

error_t ping_parse(int key, char *arg, struct argp_state *state)
{
    struct ping_opts *o = args_opts(state);

    switch (key) {
    case ARGP_KEY_INIT:
        *o = (struct ping_opts){.size = 56, .interval = WEFT_S, .wait = 10 * WEFT_S, .discover = -1};
        return 0;
    case 'f':
        o->flood = true;
        return 0;
    case 'A':
        o->adaptive = true;
        return 0;
    case 'R':
        o->record = PING_RECORD_ROUTE;
        return 0;
    case 'b':
        o->broadcast = true;
        return 0;
    case 'D':
        o->stamps = true;
        return 0;
    case 'O':
        o->tell_silence = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case '4':
        o->v4 = true;
        return 0;
    case '6':
        o->v6 = true;
        return 0;
    case 'n':
        return 0;
    case ARGP_KEY_ARG:
        return args_ip(state, arg, &o->ip);
    case ARGP_KEY_END:
        return check(state, o);
    default:
        return parse_values(key, arg, state, o);
    }
}
