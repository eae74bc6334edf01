/* SPDX-License-Identifier: MIT */
/* The stack object (src/core/stack.c, trace.c, endpoint.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"

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

/* ---- birth ---- */

static weft_stack *try_new(struct core_bench *b, const struct weft_config *config, int *err)
{
    struct weft_env env = harness_env(&b->e);

    *err = 0;
    return stack_new(&bench_assembly, &env, config, b->now, err);
}

static void default_configuration_is_accepted(void **state)
{
    struct core_bench *b = *state;
    int err;
    weft_stack *s = try_new(b, NULL, &err);

    assert_non_null(s);
    assert_int_equal(s->config.port_min, 32768);
    assert_int_equal(s->config.tcp.rto_min, 200 * WEFT_MS);
    weft_stack_free(s);
}

static void configuration_out_of_range_is_refused(void **state)
{
    struct core_bench *b = *state;
    struct weft_config k[9];
    int err;

    for (size_t i = 0; i < ARRAY_LEN(k); i++)
        weft_config_default(&k[i]);
    k[0].port_min = 0;
    k[1].port_max = k[1].port_min - 1;
    k[2].max_neighbours = 0;
    k[3].reassembly_time = 0;
    k[4].tcp.msl = 0;
    k[5].tcp.delayed_ack = 500 * WEFT_MS; /* RFC 1122 §4.2.3.2 */
    k[6].tcp.rto_min = k[6].tcp.rto_max + 1;
    k[7].tcp.initial_window = 0;
    k[8].tcp.receive_buffer = 0;
    for (size_t i = 0; i < ARRAY_LEN(k); i++) {
        assert_null(try_new(b, &k[i], &err));
        assert_int_equal(err, WEFT_EINVAL);
    }
}

static void stack_without_randomness_is_refused(void **state)
{
    struct core_bench *b = *state;
    int err;

    b->e.unpredictable = false;
    assert_null(try_new(b, NULL, &err));
    assert_int_equal(err, WEFT_EPROTO);
}

static void every_failing_allocation_at_birth_is_survived(void **state)
{
    struct core_bench *b = *state;
    size_t live = b->e.live, nth = 0;
    weft_stack *s;
    int err;

    do {
        harness_env_fail_nth(&b->e, ++nth);
        s = try_new(b, NULL, &err);
        assert_true(s || err == WEFT_ENOMEM);
        if (!s)
            assert_int_equal(b->e.live, live);
    } while (!s);
    assert_true(nth > 3);
    assert_false(harness_env_failed(&b->e));
    weft_stack_free(s);
}

static void memory_limit_holds_for_everything(void **state)
{
    struct core_bench *b = *state;
    struct weft_config k;
    size_t peak, live = b->e.live;
    weft_stack *s;
    weft_pkt *p[200] = {0};
    int err, n = 0;

    weft_config_default(&k);
    k.memory_limit = 100;
    assert_null(try_new(b, &k, &err));
    assert_int_equal(err, WEFT_ENOMEM);
    k.memory_limit = 400000;
    s = try_new(b, &k, &err);
    while ((p[n] = weft_pkt_new(s, 1514)))
        n++;
    assert_in_range(n, 50, 190);
    assert_true(weft_memory(s, &peak) <= k.memory_limit);
    assert_true(peak <= k.memory_limit);
    assert_int_equal(weft_memory(s, NULL), b->e.live - live);
    while (n)
        weft_pkt_release(p[--n]);
    weft_stack_free(s);
}

static void memory_is_told_by_owner(void **state)
{
    struct core_bench *b = *state;
    size_t sum = 0, live, i;
    const char *owner;

    for (i = 0; weft_memory_info(b->s, i, &owner, &live); i++) {
        assert_non_null(owner);
        sum += live;
    }
    assert_int_equal(i, MEM_CLASS_COUNT);
    assert_true(sum > sizeof(weft_stack) && sum <= weft_memory(b->s, NULL));
}

static size_t cap_of(const weft_stack *s, const char *name)
{
    const char *owner;
    size_t live;

    for (size_t i = 0; weft_memory_info(s, i, &owner, &live); i++)
        if (strcmp(owner, name) == 0)
            return weft_memory_cap(s, i);
    fail_msg("nobody is called %s", name);
    return 0;
}

/* By their own limits, by the limit of all where that is less, or not at all. */
static void memory_has_caps_by_owner(void **state)
{
    struct core_bench *b = *state;
    struct weft_config k;
    weft_stack *s;
    int err;

    weft_config_default(&k);
    assert_int_equal(cap_of(b->s, "reassembly"), k.reassembly_memory);
    assert_true(cap_of(b->s, "neighbours") >= k.max_neighbours * sizeof(struct neigh));
    assert_int_equal(cap_of(b->s, "packets"), 0);
    assert_int_equal(weft_memory_cap(b->s, MEM_CLASS_COUNT), 0);
    k.memory_limit = 4 << 20;
    s = try_new(b, &k, &err);
    assert_int_equal(cap_of(s, "reassembly"), 3 << 20);
    assert_int_equal(cap_of(s, "connections"), (4 << 20) / 8 * 7);
    assert_int_equal(cap_of(s, "packets"), 4 << 20);
    weft_stack_free(s);
}

static void keys_differ_by_purpose_and_by_stack(void **state)
{
    struct core_bench *b = *state;
    int err;
    weft_stack *other = try_new(b, NULL, &err); /* with the next bytes of randomness */
    struct sip_key key[] = {stack_key(b->s, KEY_NEIGH), stack_key(b->s, KEY_FRAG), stack_key(other, KEY_NEIGH),
                            stack_key(other, KEY_FRAG)};

    for (size_t i = 0; i < ARRAY_LEN(key); i++) {
        assert_true(key[i].k0 != key[i].k1);
        for (size_t k = 0; k < i; k++)
            assert_true(key[i].k0 != key[k].k0 && key[i].k1 != key[k].k1);
    }
    weft_stack_free(other);
}

/* ---- time ---- */

static void clock_never_runs_backwards(void **state)
{
    struct core_bench *b = *state;

    weft_clock(b->s, b->now + 10);
    weft_clock(b->s, b->now + 5);
    assert_int_equal(b->s->now, b->now + 10);
    weft_tick(b->s, b->now);
    assert_int_equal(b->s->now, b->now + 10);
}

static void quiet_stack_has_no_deadline(void **state)
{
    struct core_bench *b = *state;

    assert_int_equal(weft_deadline(b->s), WEFT_NEVER);
}

static unsigned fired;

static void on_timer(weft_stack *s, struct timer *t)
{
    (void)s, (void)t;
    fired++;
}

static void tick_fires_timers_in_time_and_those_that_are_there(void **state)
{
    struct core_bench *b = *state;
    struct assembly parts = bench_assembly;
    struct timer t;

    fired = 0;
    parts.ip_timer = on_timer;
    b->s->assembly = &parts;
    timer_init(&t);
    t.kind = TIMER_IP;
    timer_set(&b->s->wheel, &t, b->now + WEFT_MS);
    assert_true(weft_deadline(b->s) <= b->now + WEFT_MS);
    weft_tick(b->s, b->now + WEFT_MS - 1);
    assert_int_equal(fired, 0);
    weft_tick(b->s, b->now + WEFT_MS);
    assert_int_equal(fired, 1);
    timer_set(&b->s->wheel, &t, b->now + WEFT_S);
    timer_remove(&b->s->wheel, &t);
    weft_tick(b->s, b->now + 2 * WEFT_S);
    assert_int_equal(fired, 1);
    b->s->assembly = &bench_assembly;
}

/* ---- events ---- */

static const struct sock_ops ops = {.proto = WEFT_UDP};

static void events_are_gathered_per_endpoint(void **state)
{
    struct core_bench *b = *state;
    struct weft_event ev[4];
    int cookie;
    weft_sock e, f;

    endpoint_init(&e, b->s, &ops, WEFT_INET);
    endpoint_init(&f, b->s, &ops, WEFT_INET);
    e.cookie = &cookie;
    endpoint_notify(&e, WEFT_READABLE);
    endpoint_notify(&f, WEFT_WRITABLE);
    endpoint_fail(&e, WEFT_ECONNRESET);
    assert_int_equal(weft_events(b->s, ev, 4), 2);
    assert_ptr_equal(ev[0].sock, &e);
    assert_ptr_equal(ev[0].cookie, &cookie);
    assert_int_equal(ev[0].ready, WEFT_READABLE | WEFT_ERROR);
    assert_ptr_equal(ev[1].sock, &f);
    assert_int_equal(weft_events(b->s, ev, 4), 0);
    assert_int_equal(endpoint_take_error(&e), WEFT_ECONNRESET);
    assert_int_equal(endpoint_take_error(&e), 0);
    endpoint_fini(&e);
    endpoint_fini(&f);
}

static void events_come_in_parts_when_there_is_little_room(void **state)
{
    struct core_bench *b = *state;
    struct weft_event ev;
    weft_sock e[3];

    for (int i = 0; i < 3; i++) {
        endpoint_init(&e[i], b->s, &ops, WEFT_INET);
        endpoint_notify(&e[i], WEFT_READABLE);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weft_events(b->s, &ev, 1), 1);
        assert_ptr_equal(ev.sock, &e[i]);
    }
    assert_int_equal(weft_events(b->s, &ev, 1), 0);
    for (int i = 0; i < 3; i++)
        endpoint_fini(&e[i]);
}

static void dead_endpoint_has_no_event(void **state)
{
    struct core_bench *b = *state;
    struct weft_event ev;
    weft_sock e;

    endpoint_init(&e, b->s, &ops, WEFT_INET);
    endpoint_notify(&e, WEFT_READABLE);
    endpoint_fini(&e);
    assert_int_equal(weft_events(b->s, &ev, 1), 0);
}

/* ---- loopback ---- */

static void loopback_carries_at_the_next_tick(void **state)
{
    struct core_bench *b = *state;
    struct bench_network *n = bench_network_of(b->s);
    struct weft_pkt *p = bench_pkt(b->s, "E hello", 7);
    struct weft_ip dst = weft_ipv4(0x7f000001);

    p->csum_partial = true;
    b->s->loopback->ops->output(b->s->loopback, p, &dst, ETH_TYPE_IPV4);
    assert_int_equal(n->received, 0);
    assert_int_equal(weft_deadline(b->s), b->now);
    weft_tick(b->s, b->now);
    assert_int_equal(n->received, 1);
    assert_ptr_equal(n->ifp, b->s->loopback);
    assert_memory_equal(n->bytes, "E hello", 7);
    assert_true(n->csum_valid);
    assert_false(n->csum_partial);
    assert_int_equal(weft_deadline(b->s), WEFT_NEVER);
}

static void loopback_is_carried_in_bounded_portions_and_in_order(void **state)
{
    struct core_bench *b = *state;
    struct bench_network *n = bench_network_of(b->s);
    uint32_t sum = 0;

    for (unsigned i = 0; i < 600; i++) {
        uint8_t bytes[2] = {0x45, (uint8_t)i};

        sum = sum * 31 + bytes[1];
        if_transmit(b->s->loopback, bench_pkt(b->s, bytes, 2));
    }
    weft_tick(b->s, b->now);
    assert_int_equal(n->received, 256);
    assert_int_equal(weft_deadline(b->s), b->now);
    weft_tick(b->s, b->now);
    weft_tick(b->s, b->now);
    assert_int_equal(n->received, 600);
    assert_int_equal(n->sum, sum);
}

/* ---- drops, counters ---- */

static void drops_and_counters_outside_the_tables_are_zero(void **state)
{
    struct core_bench *b = *state;

    weft_count_drop(b->s, WEFT_DROP_link_lost);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_link_lost), 1);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_COUNT), 0);
    assert_int_equal(weft_drops(b->s, (enum weft_drop)-1), 0);
    stack_count_n(b->s, WEFT_COUNT_ip_in, 3);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_ip_in), 3);
    assert_int_equal(weft_counter(b->s, WEFT_COUNTER_COUNT), 0);
}

static void change_of_state_is_told(void **state)
{
    struct core_bench *b = bench_new();
    struct weft_addr local = {weft_ipv4(1), 2}, remote = {weft_ipv4(3), 4};

    (void)state;
    harness_env_record(&b->e);
    bench_open_with(b, &bench_assembly);
    stack_trace_state(b->s, NULL, &local, &remote, WEFT_TCP_SYN_SENT, WEFT_TCP_ESTABLISHED);
    assert_int_equal(harness_env_count(&b->e, WEFT_TRACE_STATE), 1);
    assert_int_equal(b->e.event[0].from, WEFT_TCP_SYN_SENT);
    assert_int_equal(b->e.event[0].to, WEFT_TCP_ESTABLISHED);
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(default_configuration_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(configuration_out_of_range_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(stack_without_randomness_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_at_birth_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_limit_holds_for_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_has_caps_by_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_is_told_by_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_differ_by_purpose_and_by_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_never_runs_backwards, setup, teardown),
        cmocka_unit_test_setup_teardown(quiet_stack_has_no_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(tick_fires_timers_in_time_and_those_that_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(events_are_gathered_per_endpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(events_come_in_parts_when_there_is_little_room, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_endpoint_has_no_event, setup, teardown),
        cmocka_unit_test_setup_teardown(loopback_carries_at_the_next_tick, setup, teardown),
        cmocka_unit_test_setup_teardown(loopback_is_carried_in_bounded_portions_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(drops_and_counters_outside_the_tables_are_zero, setup, teardown),
        cmocka_unit_test(change_of_state_is_told),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
