/* SPDX-License-Identifier: MIT */
/* What a time-out of a connection does besides sending again: two stacks on an Ethernet of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/driver.h"
#include "weft/sock.h"
#include "weft/sysctl.h"

#define PORT 7

struct ends {
    struct harness_env e[2];
    weft_stack *s[2];
    weft_if *ifp[2];
    weft_wire *wire;
    weft_time now;
};

static void open_end(struct ends *b, int i)
{
    struct weft_if_config interface = {.name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500,
                                       .mac = {2, 0, 0, 0, 0, (uint8_t)(1 + i)}};
    struct weft_ip ip = weft_ipv4(0x0a000001 + (uint32_t)i);
    struct weft_env env;

    harness_env_init(&b->e[i], 1 + (uint64_t)i);
    env = harness_env(&b->e[i]);
    b->s[i] = weft_stack_new(&env, NULL, b->now, NULL);
    b->ifp[i] = weft_if_new(b->s[i], &interface, NULL);
    assert_non_null(b->ifp[i]);
    assert_int_equal(weft_if_add_address(b->ifp[i], &ip, 24), 0);
}

/* Lets so much time pass. */
static void pass(struct ends *b, weft_time time)
{
    weft_time end = b->now + time, next;

    for (;;) {
        for (int i = 0; i < 2; i++)
            weft_tick(b->s[i], b->now);
        while (weft_wire_run(b->wire, b->now))
            ;
        next = weft_wire_deadline(b->wire);
        for (int i = 0; i < 2; i++)
            next = weft_deadline(b->s[i]) < next ? weft_deadline(b->s[i]) : next;
        if (next > end)
            break;
        b->now = next > b->now ? next : b->now;
    }
    b->now = end;
    for (int i = 0; i < 2; i++)
        weft_clock(b->s[i], b->now);
}

/* Has the first stack found its neighbour to be there, and does it rely on that? */
static bool relies_on_neighbour(const struct ends *b)
{
    struct weft_neighbour n;

    assert_true(weft_neighbour_info(b->s[0], 0, &n));
    return strcmp(n.state, "reachable") == 0;
}

/*
 * RFC 1122 §4.2.3.5: after R1 retransmissions, three, the layer below is asked whether the next hop is still the right
 * one, and not before. With a round trip of 10 ms and no probe of the tail they go 200, 600 and 1,400 ms after the first.
 */
static void the_third_time_out_doubts_the_next_hop(void **state)
{
    struct weft_wire_config wire = {.seed = 1, .direction = {{.delay = 5 * WEFT_MS}, {.delay = 5 * WEFT_MS}}};
    struct weft_impairment all = {.loss = 1000000};
    struct weft_addr server = {weft_ipv4(0x0a000002), PORT};
    struct ends b = {.now = WEFT_S};
    weft_sock *listener, *client, *peer;
    struct weft_env env;

    (void)state;
    for (int i = 0; i < 2; i++)
        open_end(&b, i);
    assert_int_equal(weft_sysctl_set(b.s[0], "net.ipv4.tcp_early_retrans", "0"), 0);
    env = harness_env(&b.e[0]);
    b.wire = weft_wire_new(&env, &wire, b.ifp[0], b.ifp[1]);
    listener = weft_socket(b.s[1], WEFT_TCP, NULL);
    client = weft_socket(b.s[0], WEFT_TCP, NULL);
    assert_int_equal(weft_bind(listener, &server), 0);
    assert_int_equal(weft_listen(listener, 5), 0);
    assert_int_equal(weft_connect(client, &server), WEFT_EINPROGRESS);
    pass(&b, 100 * WEFT_MS);
    peer = weft_accept(listener, NULL, NULL);
    assert_non_null(peer);
    assert_true(relies_on_neighbour(&b));
    weft_wire_impair(b.wire, 0, &all);
    assert_int_equal(weft_send(client, "a", 1, 0), 1);
    pass(&b, 1300 * WEFT_MS);
    assert_int_equal(weft_counter(b.s[0], WEFT_COUNT_tcp_timeouts), 2);
    assert_true(relies_on_neighbour(&b));
    pass(&b, 2 * WEFT_S);
    assert_true(weft_counter(b.s[0], WEFT_COUNT_tcp_timeouts) >= 3);
    assert_false(relies_on_neighbour(&b));
    weft_wire_free(b.wire);
    for (int i = 0; i < 2; i++) {
        weft_stack_free(b.s[i]);
        harness_env_check(&b.e[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_third_time_out_doubts_the_next_hop),
    };

    return cmocka_run_group_tests_name("timeouts", tests, NULL, NULL);
}
