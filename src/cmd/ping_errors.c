/* SPDX-License-Identifier: MIT */
#include "cmd/ping_errors.h"

#include <stdio.h>

#include "wire/icmpv4.h"
#include "wire/icmpv6.h"

/* Unreachable, by code (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1); the one with an MTU is not among them. */
static const char *const unreachable_v4[] = {
    "Destination Net Unreachable",
    "Destination Host Unreachable",
    "Destination Protocol Unreachable",
    "Destination Port Unreachable",
    NULL,
    "Source Route Failed",
    "Destination Net Unknown",
    "Destination Host Unknown",
    "Source Host Isolated",
    "Destination Net Prohibited",
    "Destination Host Prohibited",
    "Destination Net Unreachable for Type of Service",
    "Destination Host Unreachable for Type of Service",
    "Packet filtered",
    "Precedence Violation",
    "Precedence Cutoff",
};

static const char *const unreachable_v6[] = {
    "No route", "Administratively prohibited", "Beyond scope of source address", "Address unreachable", "Port unreachable",
};

static const char *const problems_v6[] = {"Wrong header field", "Unknown header", "Unknown option"};

#define N(table) (sizeof(table) / sizeof *(table))

static void text_v4(const struct weft_report *r, char *buf, size_t n)
{
    if (r->type == ICMPV4_TIME_EXCEEDED)
        snprintf(buf, n, "%s", r->code ? "Frag reassembly time exceeded" : "Time to live exceeded");
    else if (r->type == ICMPV4_PARAMETER_PROBLEM)
        snprintf(buf, n, "Parameter problem: pointer = %u", (unsigned)r->info);
    else if (r->type == ICMPV4_SOURCE_QUENCH)
        snprintf(buf, n, "Source Quench");
    else if (r->type != ICMPV4_UNREACHABLE)
        snprintf(buf, n, "Bad ICMP type: %u", r->type);
    else if (r->code == ICMPV4_FRAGMENTATION_NEEDED)
        snprintf(buf, n, "Frag needed and DF set (mtu = %u)", (unsigned)r->info);
    else if (r->code < N(unreachable_v4))
        snprintf(buf, n, "%s", unreachable_v4[r->code]);
    else
        snprintf(buf, n, "Dest Unreachable, Bad Code: %u", r->code);
}

static void problem_v6(const struct weft_report *r, char *buf, size_t n)
{
    if (r->code < N(problems_v6))
        snprintf(buf, n, "Parameter problem: %s at %u", problems_v6[r->code], (unsigned)r->info);
    else
        snprintf(buf, n, "Parameter problem: code %u at %u", r->code, (unsigned)r->info);
}

static void text_v6(const struct weft_report *r, char *buf, size_t n)
{
    if (r->type == ICMPV6_TOO_BIG)
        snprintf(buf, n, "Packet too big: mtu=%u", (unsigned)r->info);
    else if (r->type == ICMPV6_TIME_EXCEEDED)
        snprintf(buf, n, "Time exceeded: %s", r->code ? "Defragmentation failure" : "Hop limit");
    else if (r->type == ICMPV6_PARAMETER_PROBLEM)
        problem_v6(r, buf, n);
    else if (r->type != ICMPV6_UNREACHABLE)
        snprintf(buf, n, "unknown icmp type: %u", r->type);
    else if (r->code < N(unreachable_v6))
        snprintf(buf, n, "Destination unreachable: %s", unreachable_v6[r->code]);
    else
        snprintf(buf, n, "Destination unreachable: Unknown code %u", r->code);
}

void ping_error_text(const struct weft_report *r, char *buf, size_t n)
{
    if (r->origin == WEFT_ORIGIN_ICMP)
        text_v4(r, buf, n);
    else
        text_v6(r, buf, n);
}
