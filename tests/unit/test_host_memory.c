/* SPDX-License-Identifier: MIT */
/* What a host keeps of the chunks that its stack gives back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#define CHUNK ((size_t)65536)

static void a_chunk_comes_again(void **state)
{
    weft_host h = {0};
    void *chunk = host_alloc(&h, CHUNK, CHUNK), *large = host_alloc(&h, 16 * CHUNK, 16 * CHUNK);

    (void)state;
    assert_non_null(chunk);
    assert_non_null(large);
    host_dealloc(&h, chunk, CHUNK);
    host_dealloc(&h, large, 16 * CHUNK);
    assert_int_equal(h.kept_bytes, 17 * CHUNK);
    assert_ptr_equal(host_alloc(&h, 16 * CHUNK, 16 * CHUNK), large);
    assert_ptr_equal(host_alloc(&h, CHUNK, CHUNK), chunk);
    assert_int_equal(h.kept_bytes, 0);
    host_dealloc(&h, chunk, CHUNK);
    host_dealloc(&h, large, 16 * CHUNK);
    host_memory_free(&h);
    assert_int_equal(h.kept_bytes, 0);
}

static void what_is_no_chunk_is_not_kept(void **state)
{
    weft_host h = {0};

    (void)state;
    host_dealloc(&h, host_alloc(&h, 100, 16), 100);
    host_dealloc(&h, host_alloc(&h, CHUNK + 16, 16), CHUNK + 16);
    host_dealloc(&h, host_alloc(&h, CHUNK << HOST_CHUNKS, CHUNK << HOST_CHUNKS), CHUNK << HOST_CHUNKS);
    assert_int_equal(h.kept_bytes, 0);
}

static void no_more_than_16_mib_are_kept(void **state)
{
    enum { MANY = 300 };
    void *chunk[MANY];
    weft_host h = {0};
    size_t i;

    (void)state;
    for (i = 0; i < MANY; i++)
        assert_non_null(chunk[i] = host_alloc(&h, CHUNK, CHUNK));
    for (i = 0; i < MANY; i++)
        host_dealloc(&h, chunk[i], CHUNK);
    assert_int_equal(h.kept_bytes, 16 << 20);
    host_memory_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_comes_again),
        cmocka_unit_test(what_is_no_chunk_is_not_kept),
        cmocka_unit_test(no_more_than_16_mib_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
