/* SPDX-License-Identifier: MIT */
/*
 * What every file of the engine may use without thinking: types, assertions, container_of.
 *
 * The engine calls nothing of libc but the four functions below, which any freestanding compiler needs anyway.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h> /* memcpy memmove memset memcmp, nothing else */

#include "weft/tables.h"
#include "weft/types.h"

/*
 * An assertion carries its proof: why it cannot fail, whatever arrives from the network. It is checked in debug and
 * test builds and costs nothing in release builds (NDEBUG), so no packet can stop a released stack.
 */
#ifdef NDEBUG
#define weft_assert(cond, proof) ((void)sizeof((cond) ? (proof) : ""))
#else
#define weft_assert(cond, proof) ((cond) ? (void)0 : weft_assert_failed(proof, __FILE__, __LINE__))
#endif

/* Traps; a debugger shows proof, file and line as this frame's arguments. */
__attribute__((noreturn, cold)) static inline void weft_assert_failed(const char *proof, const char *file,
                                                                                int line)
{
    (void)proof, (void)file, (void)line;
    __builtin_trap();
}

#define container_of(ptr, type, member) ((type *)(void *)((char *)(uintptr_t)(ptr)-offsetof(type, member)))
#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)

/*
 * The code that every packet runs is about as large as a first-level instruction cache, so it must not be mixed with
 * what hardly any packet runs: then it does not fit, and each packet waits hundreds of times for code (docs/performance.md).
 * SELDOM is for functions of bad, rare and late events: they stand by themselves, and who calls one is taken to do so
 * hardly ever. ASIDE is for what is usual at other times: it stands by itself, and nothing else changes.
 */
#define SELDOM __attribute__((cold, noinline))
#define ASIDE  __attribute__((noinline))

static inline uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }
static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

/* now + delta without wrapping past WEFT_NEVER. */
static inline weft_time time_after(weft_time now, weft_time delta)
{
    return delta < WEFT_NEVER - now ? now + delta : WEFT_NEVER;
}

/* A time in steps of a second or so (2^30 ns), for what is compared with days; it wraps after a century. */
static inline uint32_t time_coarse(weft_time t) { return (uint32_t)(t >> 30); }

/*
 * memcpy where n is small more often than not: a call would take longer than the copy. Each half of what is between two
 * powers of two is one word, and they may overlap.
 */
static inline void copy_bytes(void *restrict dst, const void *restrict src, size_t n)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    if (n > 8) {
        memcpy(to, from, n);
    } else if (n >= 4) {
        uint32_t front, back;

        memcpy(&front, from, 4);
        memcpy(&back, from + n - 4, 4);
        memcpy(to, &front, 4);
        memcpy(to + n - 4, &back, 4);
    } else if (n) {
        to[n - 1] = from[n - 1];
        to[n / 2] = from[n / 2];
        to[0] = from[0];
    }
}

#endif
