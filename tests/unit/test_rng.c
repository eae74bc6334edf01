/* SPDX-License-Identifier: MIT */
/* The seeded generator (src/base/rng.c). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"

/* xoshiro256** from SplitMix64's first four numbers, reckoned apart from the code. */
static void numbers_are_xoshiros(void **state)
{
    static const struct { uint64_t seed, first[3]; } rows[] = {
        {0, {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0}},
        {1, {0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514}},
        {UINT64_MAX, {0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rng r;

        rng_seed(&r, rows[i].seed);
        for (size_t k = 0; k < ARRAY_LEN(rows[i].first); k++)
            assert_true(rng_u64(&r) == rows[i].first[k]);
    }
}

/* Chi-square with 99 degrees of freedom: above 149 once in a thousand; the seed is fixed. */
static void below_is_uniform_and_below(void **state)
{
    uint32_t count[100] = {0};
    double sum = 0;
    struct rng r;

    rng_seed(&r, 5);
    for (unsigned i = 0; i < 100000; i++)
        count[rng_below(&r, ARRAY_LEN(count))]++; /* beyond the array the sanitizer would see it */
    for (size_t i = 0; i < ARRAY_LEN(count); i++)
        sum += ((double)count[i] - 1000) * ((double)count[i] - 1000) / 1000;
    assert_true(sum < 149);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(rng_below(&r, 1) == 0);
        assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
        assert_true(rng_below(&r, (1ull << 63) + 1) <= 1ull << 63); /* nearly half of all numbers are drawn again */
    }
}

static void chance_is_never_and_always_at_its_ends(void **state)
{
    unsigned hits = 0;
    struct rng r;

    rng_seed(&r, 6);
    for (unsigned i = 0; i < 100000; i++) {
        assert_false(rng_chance(&r, 0));
        assert_true(rng_chance(&r, 1000000));
        hits += rng_chance(&r, 10000);
    }
    assert_in_range(hits, 850, 1150);
}

/* Out of all zeros nothing but zeros comes, and rng_below would draw for ever. */
static void unseeded_it_is_caught(void **state)
{
    struct rng r = {{0}};
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGILL, SIG_DFL), signal(SIGTRAP, SIG_DFL);
        alarm(60);
        rng_below(&r, 3);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_not_equal(WTERMSIG(status), SIGALRM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_xoshiros),
        cmocka_unit_test(below_is_uniform_and_below),
        cmocka_unit_test(chance_is_never_and_always_at_its_ends),
        cmocka_unit_test(unseeded_it_is_caught),
    };

    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
