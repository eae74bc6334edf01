/* SPDX-License-Identifier: MIT */
/* Ephemeral ports and ports in use (src/core/ports.c): RFC 6056. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/ports.h"
#include "core_bench.h"

#define LOW   32768
#define HIGH  60999
#define RANGE (HIGH - LOW + 1)

static int setup(void **state)
{
    *state = bench_open();
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

struct ports {
    bool taken[65536];
    unsigned asked;
};

static bool is_taken(void *ctx, uint16_t port)
{
    struct ports *p = ctx;

    p->asked++;
    return p->taken[port];
}

static struct weft_addr remote_of(uint32_t ip, uint16_t port) { return (struct weft_addr){weft_ipv4(ip), port}; }

static uint16_t pick(struct core_bench *b, struct ports *p, uint32_t ip, uint16_t port)
{
    struct weft_ip local = weft_ipv4(0x0a090002);
    struct weft_addr remote = remote_of(ip, port);

    return port_pick(b->s, 0, &local, &remote, PORT_EVEN, is_taken, p);
}

static void every_free_port_is_found_once(void **state)
{
    static const struct {
        uint16_t low, high;
    } rows[] = {{40000, 40099}, {40000, 40100}, {40001, 40100}, {7, 7}, {65534, 65535}, {1, 3}};
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned n = rows[i].high - rows[i].low + 1u;

        memset(p, 0, sizeof *p);
        b->s->config.port_min = rows[i].low;
        b->s->config.port_max = rows[i].high;
        for (unsigned k = 0; k < n; k++) {
            uint16_t port = pick(b, p, 0x0a090001, 80);

            assert_in_range(port, rows[i].low, rows[i].high);
            assert_false(p->taken[port]);
            p->taken[port] = true;
        }
        p->asked = 0;
        assert_int_equal(pick(b, p, 0x0a090001, 80), 0);
        assert_int_equal(p->asked, n);
    }
    free(p);
}

static void connect_and_bind_begin_with_halves_of_their_own(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);
    struct weft_ip local = weft_ipv4(0x0a090002);
    struct weft_addr remote = remote_of(0x0a090001, 80);

    for (unsigned i = 0; i < 1000; i++) {
        uint16_t even = port_pick(b->s, 0, &local, &remote, PORT_EVEN, is_taken, p);
        uint16_t odd = port_pick(b->s, 0, &local, &remote, PORT_ODD, is_taken, p);

        assert_int_equal((even - LOW) % 2, 0);
        assert_int_equal((odd - LOW) % 2, 1);
        p->taken[even] = p->taken[odd] = true;
    }
    free(p);
}

/* An end of the wish that is outside of what is configured counts for nothing; 0 is none. */
static void a_wish_is_kept_within_what_is_configured(void **state)
{
    static const struct {
        uint32_t low, high, first, last;
    } rows[] = {{40000, 40009, 40000, 40009}, {60990, 0, 60990, HIGH}, {0, 32770, LOW, 32770},
                {100, 32770, LOW, 32770},     {60990, 65535, 60990, HIGH}, {7, 9, LOW, HIGH}};
    struct core_bench *b = *state;
    struct weft_ip local = weft_ipv4(0x0a090002);
    struct weft_addr remote = remote_of(0x0a090001, 80);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t wish = rows[i].low | rows[i].high << 16, n = rows[i].last - rows[i].first + 1;
        struct ports *p = calloc(1, sizeof *p);

        for (uint32_t k = 0; k < n; k++) {
            uint16_t port = port_pick(b->s, wish, &local, &remote, PORT_ODD, is_taken, p);

            assert_in_range(port, rows[i].first, rows[i].last);
            p->taken[port] = true;
        }
        assert_int_equal(port_pick(b->s, wish, &local, &remote, PORT_ODD, is_taken, p), 0);
        free(p);
    }
}

/* While most ports are free the first candidate is; connections that stay push it on. */
static void the_search_goes_on_where_it_was(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);

    for (unsigned i = 0; i < 10000; i++)
        p->taken[pick(b, p, 0x0a090001, 80)] = true;
    assert_int_equal(p->asked, 10000);
    free(p);
}

/* When all of the half that connect prefers is taken, nobody looks through it again for each connection. */
static void a_half_that_is_full_is_not_searched_again(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);

    for (unsigned i = 0; i < RANGE / 2; i++)
        p->taken[LOW + 2 * i] = true;
    p->taken[pick(b, p, 0x0a090001, 80)] = true;
    assert_in_range(p->asked, RANGE / 2, RANGE);
    p->asked = 0;
    for (unsigned i = 0; i < 10000; i++)
        p->taken[pick(b, p, 0x0a090001, 80)] = true;
    assert_int_equal(p->asked, 10000);
    free(p);
}

/* RFC 6056 §3.3.4: the sum over all destinations' first ports is flat. 99 degrees of freedom, sigma 14. R6056-1 */
static void first_ports_are_uniform(void **state)
{
    enum { SAMPLES = 50000, BINS = 100 };
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);
    unsigned seen[BINS] = {0};
    double expected = (double)SAMPLES / BINS, sum = 0;

    for (uint32_t i = 0; i < SAMPLES; i++)
        seen[(pick(b, p, 0x0a000000 + i, 443) - LOW) * BINS / RANGE]++;
    for (unsigned i = 0; i < BINS; i++)
        sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    assert_true(sum > 99 - 4 * 14 && sum < 99 + 4 * 14);
    free(p);
}

/* CVE-2022-1012's class: what one destination sees must not tell how many connections went to another. R6056-1 */
static void connections_elsewhere_do_not_show(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);
    unsigned disturbed = 0;

    for (uint32_t i = 0; i < 300; i++) {
        uint16_t before = pick(b, p, 0xc6336400 + i, 80), after;

        for (unsigned k = 0; k < 20; k++)
            pick(b, p, 0x0a000000 + i * 64 + k, 443);
        after = pick(b, p, 0xc6336400 + i, 80);
        disturbed += (after - before + 2 * RANGE) % RANGE > 4; /* a step, or with a skip two */
    }
    assert_in_range(disturbed, 0, 3); /* 300 × 20 others, each on the same counter by a chance of 2^-16; and the wrap */
    free(p);
}

static void a_counter_skips_now_and_then(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);
    unsigned skips = 0;
    uint16_t last = pick(b, p, 0x0a090001, 80);

    for (unsigned i = 0; i < 5000; i++) {
        uint16_t port = pick(b, p, 0x0a090001, 80);

        skips += (port - last + RANGE) % RANGE == 4;
        last = port;
    }
    assert_in_range(skips, 5000 / 16 - 70, 5000 / 16 + 70);
    free(p);
}

static void without_memory_ports_are_found_all_the_same(void **state)
{
    struct core_bench *b = *state;
    struct ports *p = calloc(1, sizeof *p);

    b->s->mem.limit = b->s->mem.total;
    for (unsigned i = 0; i < 1000; i++) {
        uint16_t port = pick(b, p, 0x0a090001 + i, 80);

        assert_in_range(port, LOW, HIGH);
        assert_false(p->taken[port]);
        p->taken[port] = true;
    }
    b->s->mem.limit = 0;
    free(p);
}

/* ---- ports in use ---- */

static void the_table_counts_users(void **state)
{
    struct core_bench *b = *state;
    struct port_table t;

    port_table_init(&t, &b->s->mem);
    assert_null(port_users(&t, 80));
    assert_true(port_use(&t, 80, true));
    assert_true(port_use(&t, 80, false));
    assert_true(port_use(&t, 81, false));
    assert_int_equal(port_users(&t, 80)->users, 2);
    assert_int_equal(port_users(&t, 80)->unwilling, 1);
    port_release(&t, 80, false);
    assert_int_equal(port_users(&t, 80)->unwilling, 0);
    port_release(&t, 80, true);
    assert_null(port_users(&t, 80));
    assert_int_equal(port_users(&t, 81)->users, 1);
    port_release(&t, 81, false);
    port_table_fini(&t);
}

static void the_table_agrees_with_a_list(void **state)
{
    static uint32_t users[65536], unwilling[65536];
    struct core_bench *b = *state;
    struct port_table t;
    struct rng r;

    rng_seed(&r, 6056);
    port_table_init(&t, &b->s->mem);
    for (unsigned op = 0; op < 200000; op++) {
        uint16_t port = (uint16_t)rng_below(&r, 3000);
        bool willing = rng_below(&r, 2);

        if (rng_below(&r, 2)) {
            assert_true(port_use(&t, port, willing));
            users[port]++;
            unwilling[port] += !willing;
        } else if (willing ? users[port] > unwilling[port] : unwilling[port] > 0) {
            port_release(&t, port, willing);
            users[port]--;
            unwilling[port] -= !willing;
        }
        assert_true(users[port] ? port_users(&t, port)->users == users[port] &&
                                      port_users(&t, port)->unwilling == unwilling[port]
                                : port_users(&t, port) == NULL);
    }
    for (uint32_t port = 0; port < 3000; port++)
        for (; users[port]; users[port]--) {
            port_release(&t, (uint16_t)port, unwilling[port] == 0);
            unwilling[port] -= unwilling[port] > 0;
        }
    port_table_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_free_port_is_found_once, setup, teardown),
        cmocka_unit_test_setup_teardown(connect_and_bind_begin_with_halves_of_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wish_is_kept_within_what_is_configured, setup, teardown),
        cmocka_unit_test_setup_teardown(the_search_goes_on_where_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_that_is_full_is_not_searched_again, setup, teardown),
        cmocka_unit_test_setup_teardown(first_ports_are_uniform, setup, teardown),
        cmocka_unit_test_setup_teardown(connections_elsewhere_do_not_show, setup, teardown),
        cmocka_unit_test_setup_teardown(a_counter_skips_now_and_then, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_ports_are_found_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_counts_users, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_agrees_with_a_list, setup, teardown),
    };

    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
