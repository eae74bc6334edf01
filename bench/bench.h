/* SPDX-License-Identifier: MIT */
/*
 * What every bench program shares: a program measures one figure once and prints the number; bench/run does the
 * rounds, takes medians and sets two programs side by side.
 *
 *     PROGRAM FIGURE [ARGUMENT]
 *
 * With WEFT_BENCH_WORK=N in the environment it does work worth N instead of working for a span of time, on a clock that
 * only counts its readings: for counting instructions (the number printed is no rate then).
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_WARM  0.15 /* seconds before counting: windows open, caches warm */
#define BENCH_SPAN  0.40 /* seconds of counting */
#define BENCH_CHUNK (128u << 10) /* bytes an application sends or receives at a time: stays in the cache */

struct bench_figure {
    const char *name;
    double (*measure)(size_t argument); /* 0: the figure's own default */
};

/* Pins the process to the processor named by WEFT_BENCH_CORE, measures what argv asks for and prints it. */
int bench_main(int argc, char **argv, const struct bench_figure *figures, size_t n);

/* Seconds on the monotonic clock. */
double bench_clock(void);
uint64_t bench_nanoseconds(void);

/* Was WEFT_BENCH_WORK given? Then everything is the same each time. */
int bench_work_is_fixed(void);

/* Prints why on stderr and exits. */
_Noreturn void bench_fail(const char *why, ...) __attribute__((format(printf, 1, 2)));

/*
 * Counts work over a span of time after a warm-up: call bench_going once per step, with the work done so far; when it
 * returns 0 bench_rate says how much a second was.
 */
struct bench_span {
    double started, counting, last;
    uint64_t first_work, last_work;
};
int bench_going(struct bench_span *span, uint64_t work);
double bench_rate(const struct bench_span *span);

/* Fills a chunk with bytes that are not all alike. */
void bench_fill(uint8_t *chunk, size_t n);

/* pages.c: memory in large pages. Zeroed, for good; NULL: none. */
void *bench_pages(size_t size);
/* Pieces of one: aligned to their size, a power of two within these. */
#define BENCH_PIECE_MIN ((size_t)4096)
#define BENCH_PIECE_MAX ((size_t)1 << 20)
int bench_is_piece(size_t size, size_t align);
void *bench_piece(size_t size);
void bench_piece_free(void *memory, size_t size);

#endif
