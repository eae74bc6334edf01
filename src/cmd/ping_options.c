/* SPDX-License-Identifier: MIT */
#include "cmd/ping_options.h"

#include <string.h>

#define NOT_STANDARD 0x80000000u

size_t ping_options_ask(enum ping_record what, uint8_t out[IPV4_MAX_OPTIONS])
{
    memset(out, 0, IPV4_MAX_OPTIONS);
    switch (what) {
    case PING_RECORD_ROUTE: /* nine addresses, and an end */
        memcpy(out, (const uint8_t[]){IPV4_RECORD_ROUTE, 39, 4}, 3);
        return IPV4_MAX_OPTIONS;
    case PING_RECORD_TIMES:
        memcpy(out, (const uint8_t[]){IPV4_TIMESTAMP, 40, 5, 0}, 4);
        return IPV4_MAX_OPTIONS;
    case PING_RECORD_TIMES_AND_ADDRESSES:
        memcpy(out, (const uint8_t[]){IPV4_TIMESTAMP, 36, 5, 1}, 4);
        return 36;
    default:
        return 0;
    }
}

static void print_address(FILE *out, const uint8_t *p)
{
    fprintf(out, "\t%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
}

static void print_route(FILE *out, const uint8_t *option, uint8_t last[IPV4_MAX_OPTIONS])
{
    unsigned end = option[2] - 1u; /* behind the last one recorded */

    if (memcmp(last, option, option[1]) == 0) {
        fputs("\t(same route)", out);
        return;
    }
    memcpy(last, option, option[1]);
    fputs("\nRR: ", out);
    for (unsigned at = 3; at + 4 <= end && at + 4 <= option[1]; at += 4) {
        print_address(out, option + at);
        fputc('\n', out);
    }
}

/* The first one as it is, each other as what has passed since the one before. */
static void print_times(FILE *out, const uint8_t *option)
{
    bool addresses = (option[3] & 15) != 0;
    unsigned end = option[2] - 1u, step = addresses ? 8 : 4, before = 0;

    fputs("\nTS: ", out);
    for (unsigned at = 4; at + step <= end && at + step <= option[1]; at += step) {
        uint32_t time = peek_u32(option + at + step - 4);

        if (addresses)
            print_address(out, option + at);
        if (at == 4)
            fprintf(out, "\t%u absolute%s\n", (unsigned)(time & ~NOT_STANDARD), time & NOT_STANDARD ? " not-standard" : "");
        else
            fprintf(out, "\t%d%s\n", (int)((time & ~NOT_STANDARD) - before), time & NOT_STANDARD ? " not-standard" : "");
        before = time & ~NOT_STANDARD;
    }
    if (option[3] >> 4)
        fprintf(out, "Unrecorded hops: %u\n", (unsigned)option[3] >> 4);
}

void ping_options_print(FILE *out, const uint8_t *options, size_t n, uint8_t last[IPV4_MAX_OPTIONS])
{
    struct ipv4_places p;
    uint8_t bad;

    if (!ipv4_options_find(options, n, &p, &bad))
        fputs("\nunknown option", out);
    if (p.record != IPV4_NOWHERE)
        print_route(out, options + p.record, last);
    if (p.stamp != IPV4_NOWHERE)
        print_times(out, options + p.stamp);
}
