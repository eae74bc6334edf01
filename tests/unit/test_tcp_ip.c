/* SPDX-License-Identifier: MIT */
/* What TCP asks of IP: from which address a connection speaks, and with which code point (RFC 9293 §3.9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"

#define NEAR_US 0x0a010001u /* 10.1.0.1/16 on the first interface */
#define FAR_US  0x0a020001u /* 10.2.0.1/16 on the second */

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *near, *far;
};

static weft_if *interface(weft_stack *s, const char *name, uint32_t us)
{
    struct weft_if_config config = {.name = name, .link = WEFT_LINK_IP, .mtu = 1500};
    weft_if *ifp = weft_if_new(s, &config, NULL);
    struct weft_ip v4 = weft_ipv4(us), v6 = {.b = {0x20, 1, 0x0d, 0xb8, (uint8_t)(us >> 16), [15] = 1}};

    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &v4, 16), 0);
    assert_int_equal(weft_if_add_address(ifp, &v6, 64), 0);
    return ifp;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->s = weft_stack_new(&env, NULL, WEFT_S, NULL);
    assert_non_null(b->s);
    b->near = interface(b->s, "near", NEAR_US);
    b->far = interface(b->s, "far", FAR_US);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
    return 0;
}

/* The first bytes of the next packet out of ifp; there must be one. */
static void take(weft_if *ifp, uint8_t head[40])
{
    weft_pkt *pkt;

    assert_int_equal(weft_output(ifp, &pkt, 1, WEFT_S), 1);
    assert_int_equal(weft_pkt_copy(pkt, 0, head, 40), 40);
    weft_pkt_release(pkt);
}

static uint32_t source_to(struct bench *b, weft_if *ifp, uint32_t peer)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(peer), 80};
    uint8_t head[40];

    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    take(ifp, head);
    weft_abort(sock);
    return (uint32_t)head[12] << 24 | (uint32_t)head[13] << 16 | (uint32_t)head[14] << 8 | head[15];
}

/* MUST-44 */
static void a_socket_that_is_not_bound_speaks_from_where_its_route_leaves(void **state)
{
    struct bench *b = *state;

    assert_int_equal(source_to(b, b->near, NEAR_US + 8), NEAR_US);
    assert_int_equal(source_to(b, b->far, FAR_US + 8), FAR_US);
}

/* The connection's first segment, marked so by its user. */
static void syn_with(struct bench *b, enum weft_family family, int level, int option, int value, uint8_t head[40])
{
    weft_sock *sock = weft_socket_in(b->s, family, WEFT_TCP, NULL);
    struct weft_addr to = {weft_ipv4(NEAR_US + 8), 80};

    if (family == WEFT_INET6)
        to.ip = (struct weft_ip){.b = {0x20, 1, 0x0d, 0xb8, 1, [15] = 8}};
    assert_int_equal(weft_setsockopt(sock, level, option, &value, sizeof value), 0);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    take(b->near, head);
    weft_abort(sock);
}

/* SHLD-22 */
static void every_code_point_leaves_as_it_was_asked_for(void **state)
{
    struct bench *b = *state;
    uint8_t head[40];

    for (int point = 0; point < 64; point++) {
        syn_with(b, WEFT_INET, WEFT_SOL_IP, WEFT_IP_TOS, point << 2, head);
        assert_int_equal(head[1], point << 2);
        syn_with(b, WEFT_INET6, WEFT_SOL_IPV6, WEFT_IPV6_TCLASS, point << 2, head);
        assert_int_equal((head[0] << 4 | head[1] >> 4) & 0xff, point << 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_socket_that_is_not_bound_speaks_from_where_its_route_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(every_code_point_leaves_as_it_was_asked_for, setup, teardown),
    };

    return cmocka_run_group_tests_name("tcp_ip", tests, NULL, NULL);
}
