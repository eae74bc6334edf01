/* SPDX-License-Identifier: MIT */
/* See bench.h. */
#define _GNU_SOURCE
#include "bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Work to be done, as WEFT_BENCH_WORK says; 0: work for a span of time. */
static uint64_t fixed_work(void)
{
    static uint64_t work = UINT64_MAX;

    if (work == UINT64_MAX) {
        const char *text = getenv("WEFT_BENCH_WORK");

        work = text ? strtoull(text, NULL, 10) : 0;
    }
    return work;
}

int bench_work_is_fixed(void) { return fixed_work() != 0; }

uint64_t bench_nanoseconds(void)
{
    static uint64_t ticks = 1000000000;
    struct timespec t;

    if (fixed_work()) /* whoever counts instructions wants the same ones each time */
        return ticks += 1000;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double bench_clock(void) { return (double)bench_nanoseconds() * 1e-9; }

void bench_fail(const char *why, ...)
{
    va_list args;

    va_start(args, why);
    vfprintf(stderr, why, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

int bench_going(struct bench_span *span, uint64_t work)
{
    double now = bench_clock();

    if (span->started == 0)
        span->started = now;
    if (span->counting == 0 && now - span->started >= BENCH_WARM) {
        span->counting = now;
        span->first_work = work;
    }
    span->last = now;
    span->last_work = work;
    if (fixed_work())
        return work < fixed_work();
    return span->counting == 0 || now - span->counting < BENCH_SPAN;
}

double bench_rate(const struct bench_span *span)
{
    return (double)(span->last_work - span->first_work) / (span->last - span->counting);
}

void bench_fill(uint8_t *chunk, size_t n)
{
    for (size_t i = 0; i < n; i++)
        chunk[i] = (uint8_t)(i * 31 + (i >> 8));
}

static void pin(void)
{
    const char *core = getenv("WEFT_BENCH_CORE");
    cpu_set_t set;

    if (!core)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)atoi(core), &set);
    if (sched_setaffinity(0, sizeof(set), &set))
        bench_fail("cannot pin to core %s", core);
}

int bench_main(int argc, char **argv, const struct bench_figure *figures, size_t n)
{
    for (size_t i = 0; argc > 1 && i < n; i++) {
        if (strcmp(argv[1], figures[i].name))
            continue;
        pin();
        printf("%.6g\n", figures[i].measure(argc > 2 ? strtoull(argv[2], NULL, 10) : 0));
        return 0;
    }
    fprintf(stderr, "usage: %s FIGURE [ARGUMENT]; figures:", argv[0]);
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, " %s", figures[i].name);
    fputc('\n', stderr);
    return 2;
}
