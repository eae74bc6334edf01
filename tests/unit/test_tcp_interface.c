/* SPDX-License-Identifier: MIT */
/* SO_BINDTOIFINDEX of TCP sockets: what comes by another interface is nothing to them. Two stacks, one with two links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/driver.h"
#include "weft/sock.h"

#define PORT 7

enum { PEER, OURS };

struct bench {
    struct harness_env e[2];
    weft_stack *s[2];
    weft_if *peer[2], *link[2]; /* each of his is at the other end of that of ours */
    weft_sock *listener, *client;
    weft_time now;
};

static weft_if *add_link(struct bench *b, int i, const char *name, uint32_t address)
{
    struct weft_if_config interface = {.name = name, .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(address);
    weft_if *ifp = weft_if_new(b->s[i], &interface, NULL);

    assert_non_null(ifp);
    assert_int_equal(weft_if_add_address(ifp, &ip, 24), 0);
    return ifp;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    b->now = WEFT_S;
    for (int i = 0; i < 2; i++) {
        struct weft_env env;

        harness_env_init(&b->e[i], 1 + (uint64_t)i);
        env = harness_env(&b->e[i]);
        b->s[i] = weft_stack_new(&env, NULL, b->now, NULL);
        assert_non_null(b->s[i]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        b->link[i] = add_link(b, OURS, i ? "wire1" : "wire0", 0x0a000001 + (i << 8));
        b->peer[i] = add_link(b, PEER, i ? "wire1" : "wire0", 0x0a000002 + (i << 8));
    }
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < 2; i++) {
        weft_stack_free(b->s[i]);
        harness_env_check(&b->e[i]);
    }
    free(b);
    return 0;
}

/* Takes what one link has to say to another; false: nothing. */
static bool move(struct bench *b, weft_if *from, weft_if *to, weft_stack *s)
{
    weft_pkt *pkt[8];
    size_t n = weft_output(from, pkt, 8, b->now);

    for (size_t i = 0; i < n; i++)
        pkt[i] = weft_pkt_move(pkt[i], s);
    weft_input(to, pkt, n, b->now);
    return n > 0;
}

/* All that they have to say to each other. */
static void carry(struct bench *b)
{
    bool any = true;

    while (any) {
        any = false;
        for (int i = 0; i < 2; i++) {
            any |= move(b, b->peer[i], b->link[i], b->s[OURS]);
            any |= move(b, b->link[i], b->peer[i], b->s[PEER]);
        }
    }
}

/* From now on the socket keeps to this link of ours; 2: to none. */
static void keep_to(struct bench *b, weft_sock *sock, int link)
{
    int index = link < 2 ? (int)weft_if_index(b->link[link]) : 0;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, &index, sizeof index), 0);
}

/* We listen on any address, by one link or both, and the peer asks for our address at this one. */
static void ask(struct bench *b, int kept, int by)
{
    struct weft_addr any = {.port = PORT}, to = {weft_ipv4(0x0a000001 + ((uint32_t)by << 8)), PORT};

    b->listener = weft_socket(b->s[OURS], WEFT_TCP, NULL);
    keep_to(b, b->listener, kept);
    assert_int_equal(weft_bind(b->listener, &any), 0);
    assert_int_equal(weft_listen(b->listener, 1), 0);
    b->client = weft_socket(b->s[PEER], WEFT_TCP, NULL);
    assert_int_equal(weft_connect(b->client, &to), WEFT_EINPROGRESS);
    carry(b);
}

static void a_listener_hears_its_own_interface_alone(void **state)
{
    struct bench *b = *state;

    for (int kept = 0; kept <= 2; kept++)
        for (int by = 0; by < 2; by++) {
            bool heard = kept == by || kept == 2;

            ask(b, kept, by);
            assert_int_equal(weft_error(b->client), heard ? 0 : WEFT_ECONNREFUSED);
            assert_int_equal(weft_unread(b->listener) > 0, heard);
            weft_close(b->listener);
            weft_abort(b->client);
            carry(b);
        }
}

/* A connection that keeps to another interface than it came about by hears nothing, until it keeps to that one. */
static void a_connection_hears_its_own_interface_alone(void **state)
{
    struct bench *b = *state;
    weft_sock *server;
    char text[8];

    ask(b, 2, 0);
    server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(server);
    keep_to(b, server, 1);
    assert_int_equal(weft_send(b->client, "a", 1, 0), 1);
    carry(b);
    assert_int_equal(weft_recv(server, text, sizeof text, 0), WEFT_EAGAIN);
    keep_to(b, server, 0);
    b->now += WEFT_S;
    weft_tick(b->s[PEER], b->now); /* it goes again */
    carry(b);
    assert_int_equal(weft_recv(server, text, sizeof text, 0), 1);
    weft_abort(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listener_hears_its_own_interface_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_hears_its_own_interface_alone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
