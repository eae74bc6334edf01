/* SPDX-License-Identifier: MIT */
#include "cmd/ping_stats.h"

#include <stdio.h>

void ping_stats_reply(struct ping_stats *s, weft_time rtt)
{
    if (s->received == 0 || rtt < s->min)
        s->min = rtt;
    if (s->received == 0 || rtt > s->max)
        s->max = rtt;
    s->received++;
    s->sum += (double)rtt;
    s->squares += (double)rtt * (double)rtt;
}

/* Newton's iteration: not worth a library. */
static double square_root(double x)
{
    double r = x > 1 ? x : 1;
    int i;

    for (i = 0; i < 60; i++)
        r = (r + x / r) / 2;
    return x > 0 ? r : 0;
}

double ping_stats_mdev(const struct ping_stats *s)
{
    double n = s->received ? (double)s->received : 1, mean = s->sum / n;

    return square_root(s->squares / n - mean * mean);
}

void ping_rtt_text(weft_time rtt, char *buf, size_t n)
{
    uint64_t us = (rtt + 500) / 1000;
    unsigned decimals = us >= 100000 ? 0 : us >= 10000 ? 1 : us >= 1000 ? 2 : 3;

    snprintf(buf, n, "%.*f", (int)decimals, (double)us / 1000);
}

static double ms(double ns)
{
    return ns / 1e6;
}

void ping_stats_text(const struct ping_stats *s, weft_time took, char *buf, size_t n)
{
    uint64_t lost = s->sent > s->received ? s->sent - s->received : 0;
    int at;

    at = snprintf(buf, n, "%llu packets transmitted, %llu received, ", (unsigned long long)s->sent,
                  (unsigned long long)s->received);
    if (s->duplicates)
        at += snprintf(buf + at, n - (size_t)at, "+%llu duplicates, ", (unsigned long long)s->duplicates);
    if (s->errors)
        at += snprintf(buf + at, n - (size_t)at, "+%llu errors, ", (unsigned long long)s->errors);
    at += snprintf(buf + at, n - (size_t)at, "%.6g%% packet loss, time %llums\n",
                   s->sent ? 100.0 * (double)lost / (double)s->sent : 0, (unsigned long long)(took / WEFT_MS));
    if (s->received)
        snprintf(buf + at, n - (size_t)at, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", ms((double)s->min),
                 ms(s->sum / (double)s->received), ms((double)s->max), ms(ping_stats_mdev(s)));
}
