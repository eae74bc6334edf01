/* SPDX-License-Identifier: MIT */
#include "cmd/ping_stats.h"

#include <stdarg.h>
#include <stdio.h>

uint64_t ping_stats_request(const struct ping_stats *s, uint16_t seq)
{
    uint64_t back = (uint16_t)((uint16_t)s->sent - seq);

    return back < s->sent ? s->sent - back : 0;
}

void ping_stats_settle(struct ping_stats *s, uint64_t request)
{
    uint64_t under_way = s->sent - request + 1;

    if (under_way > s->pipe)
        s->pipe = under_way;
    if (request > s->settled)
        s->settled = request;
}

void ping_stats_reply(struct ping_stats *s, weft_time rtt)
{
    if (s->received == 0 || rtt < s->min)
        s->min = rtt;
    if (s->received == 0 || rtt > s->max)
        s->max = rtt;
    s->smoothed = s->received ? s->smoothed * 7 / 8 + (double)rtt / 8 : (double)rtt;
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

/* Adds to the text in buf, whose end *at keeps. */
static void __attribute__((format(printf, 4, 5))) add(char *buf, size_t n, size_t *at, const char *format, ...)
{
    va_list args;
    int more;

    va_start(args, format);
    more = *at < n ? vsnprintf(buf + *at, n - *at, format, args) : 0;
    va_end(args);
    *at += more > 0 ? (size_t)more : 0;
}

static void add_times(const struct ping_stats *s, weft_time took, char *buf, size_t n, size_t *at)
{
    const char *comma = "";

    if (s->received) {
        add(buf, n, at, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms", ms((double)s->min),
            ms(s->sum / (double)s->received), ms((double)s->max), ms(ping_stats_mdev(s)));
        comma = ", ";
    }
    if (s->pipe > 1) {
        add(buf, n, at, "%spipe %llu", comma, (unsigned long long)s->pipe);
        comma = ", ";
    }
    if (s->received && s->dense && s->sent > 1)
        add(buf, n, at, "%sipg/ewma %.3f/%.3f ms", comma, ms((double)took / (double)(s->sent - 1)), ms(s->smoothed));
    add(buf, n, at, "\n");
}

void ping_stats_text(const struct ping_stats *s, weft_time took, char *buf, size_t n)
{
    uint64_t lost = s->sent > s->received ? s->sent - s->received : 0;
    size_t at = 0;

    add(buf, n, &at, "%llu packets transmitted, %llu received, ", (unsigned long long)s->sent,
        (unsigned long long)s->received);
    if (s->duplicates)
        add(buf, n, &at, "+%llu duplicates, ", (unsigned long long)s->duplicates);
    if (s->errors)
        add(buf, n, &at, "+%llu errors, ", (unsigned long long)s->errors);
    add(buf, n, &at, "%.6g%% packet loss, time %llums\n", s->sent ? 100.0 * (double)lost / (double)s->sent : 0,
        (unsigned long long)(took / WEFT_MS));
    add_times(s, took, buf, n, &at);
}
