/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz harness without a fuzzer: over the files of its corpus (each argument is a file or a directory of
 * files) and over inputs made from fixed seeds, so that what was found once stays found, with any compiler.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { SEEDS = 4000, DESCENDANTS = 100, LARGEST = 4096, CORPUS_LARGEST = 1 << 20 };

static unsigned long inputs;

/* A copy of its own size on the heap, so that the address sanitizer sees one byte too many. */
static void feed(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    if (n)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    inputs++;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#if MUTATES
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out, size_t max,
                                 unsigned seed);

/* Inputs of which each is made of the one before (mutate.c): deeper than any made at once. */
static void feed_descendants(const uint8_t *ancestor, size_t n)
{
    static uint8_t parent[LARGEST], child[LARGEST], other[LARGEST];
    size_t m;

    memcpy(parent, ancestor, n);
    for (unsigned i = 0; i < DESCENDANTS && n > 0; i++) {
        m = LLVMFuzzerCustomMutator(memcpy(child, parent, n), n, LARGEST, i);
        if (i % 8 == 7)
            m = LLVMFuzzerCustomCrossOver(parent, n, child, m, other, LARGEST, i);
        if (m > LARGEST)
            abort();
        memcpy(parent, i % 8 == 7 ? other : child, m);
        n = m;
        feed(parent, n);
    }
}
#else
static void feed_descendants(const uint8_t *ancestor, size_t n) { (void)ancestor, (void)n; }
#endif

static bool feed_file(const char *path)
{
    static uint8_t bytes[CORPUS_LARGEST];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        perror(path);
        return false;
    }
    n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    feed(bytes, n);
    if (n <= LARGEST)
        feed_descendants(bytes, n);
    return true;
}

static bool feed_directory(const char *path)
{
    DIR *dir = opendir(path);
    bool fine = true;
    struct dirent *entry;

    if (!dir) {
        perror(path);
        return false;
    }
    while ((entry = readdir(dir))) {
        char file[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        fine = feed_file(file) && fine;
    }
    closedir(dir);
    return fine;
}

/* Mostly short ones: that is where lengths lie. Every fourth is of small numbers, which get past a parser's front. */
static void feed_seed(uint64_t seed)
{
    static uint8_t bytes[LARGEST];
    uint64_t state = seed;
    size_t n = (size_t)(next_random(&state) % (seed % 8 ? 128 : LARGEST));
    uint8_t mask = seed % 4 ? 0xff : 0x07;

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)next_random(&state) & mask;
    feed(bytes, n);
    if (seed % 128 == 0)
        feed_descendants(bytes, n);
}

int main(int argc, char **argv)
{
    bool fine = true;

    for (int i = 1; i < argc; i++) {
        struct stat st;

        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            fine = feed_directory(argv[i]) && fine;
        else
            fine = feed_file(argv[i]) && fine;
    }
    feed(NULL, 0);
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        feed_seed(seed);
    printf("%lu inputs\n", inputs);
    return fine ? 0 : 1;
}
