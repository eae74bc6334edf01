/* SPDX-License-Identifier: MIT */
/* Extension headers of a TCP socket (src/tcp/extension.c): who owns their memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"

#define PORT 7

/* Padding; an option that nobody knows, and that may be skipped. */
static const uint8_t eight[8] = {0, 0, 1, 4}, sixteen[16] = {0, 1, 0x1e, 12};

static weft_sock *stream(weft_stack *s)
{
    weft_sock *sock = weft_socket_in(s, WEFT_INET6, WEFT_TCP, NULL);

    assert_non_null(sock);
    return sock;
}

static void put(weft_sock *sock, int option, const uint8_t *header, size_t n)
{
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, option, header, n), 0);
}

static weft_stack *stack(struct harness_env *e)
{
    struct weft_config config;
    struct weft_env env;
    weft_stack *s;

    harness_env_init(e, 7);
    env = harness_env(e);
    weft_config_default(&config);
    s = weft_stack_new(&env, &config, WEFT_S, NULL);
    assert_non_null(s);
    return s;
}

/* Headers that were put, replaced and taken away leave as many bytes as there were. */
static void headers_give_back_what_they_took(void **state)
{
    struct harness_env e;
    weft_stack *s = stack(&e);
    weft_sock *sock = stream(s);
    size_t before;

    put(sock, WEFT_IPV6_HOPOPTS, eight, sizeof eight); /* the socket has settings of its own from here on */
    before = weft_memory(s, NULL);
    put(sock, WEFT_IPV6_DSTOPTS, eight, sizeof eight);
    assert_true(weft_memory(s, NULL) >= before + sizeof eight);
    put(sock, WEFT_IPV6_DSTOPTS, sixteen, sizeof sixteen);
    assert_true(weft_memory(s, NULL) >= before + sizeof sixteen);
    put(sock, WEFT_IPV6_DSTOPTS, NULL, 0);
    assert_int_equal(weft_memory(s, NULL), before);
    weft_close(sock);
    weft_stack_free(s);
    harness_env_check(&e);
}

static void run(weft_stack *s)
{
    for (int i = 0; i < 8; i++)
        weft_tick(s, WEFT_S + (weft_time)i * WEFT_MS);
}

/* A connection has its listener's headers, and keeps them when the listener is given others, or goes. */
static void an_accepted_connection_shares_its_listeners_headers(void **state)
{
    struct harness_env e;
    weft_stack *s = stack(&e);
    weft_sock *listener = stream(s), *client = stream(s), *server;
    const struct weft_addr there = {.ip = {.b = {[15] = 1}}, .port = PORT};
    uint8_t told[64];
    size_t n = sizeof told;

    put(listener, WEFT_IPV6_DSTOPTS, sixteen, sizeof sixteen);
    assert_int_equal(weft_bind(listener, &there), 0);
    assert_int_equal(weft_listen(listener, 1), 0);
    assert_int_equal(weft_connect(client, &there), WEFT_EINPROGRESS);
    run(s);
    server = weft_accept(listener, NULL, NULL);
    assert_non_null(server);
    put(listener, WEFT_IPV6_DSTOPTS, eight, sizeof eight);
    weft_close(listener);
    assert_int_equal(weft_getsockopt(server, WEFT_SOL_IPV6, WEFT_IPV6_DSTOPTS, told, &n), 0);
    assert_int_equal(n, sizeof sixteen);
    assert_memory_equal(told + 1, sixteen + 1, sizeof sixteen - 1); /* the first byte is the next header's kind */
    weft_close(server);
    weft_close(client);
    weft_stack_free(s);
    harness_env_check(&e);
}

static int segment_size(weft_sock *sock)
{
    int mss = 0;
    size_t n = sizeof mss;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_MAXSEG, &mss, &n), 0);
    return mss;
}

/* RFC 9293 §3.7.1: what the headers take is no room for text, from the moment on that they are there. MUST-16 */
static void headers_of_an_open_connection_make_its_segments_smaller(void **state)
{
    struct harness_env e;
    weft_stack *s = stack(&e);
    weft_sock *listener = stream(s), *client = stream(s);
    const struct weft_addr there = {.ip = {.b = {[15] = 1}}, .port = PORT};
    int whole = 1000; /* what fits the receiver; half his window is more */

    assert_int_equal(weft_setsockopt(listener, WEFT_SOL_TCP, WEFT_TCP_MAXSEG, &whole, sizeof whole), 0);
    assert_int_equal(weft_bind(listener, &there), 0);
    assert_int_equal(weft_listen(listener, 1), 0);
    assert_int_equal(weft_connect(client, &there), WEFT_EINPROGRESS);
    run(s);
    whole = segment_size(client);
    put(client, WEFT_IPV6_HOPOPTS, eight, sizeof eight);
    assert_int_equal(segment_size(client), whole - 8);
    put(client, WEFT_IPV6_DSTOPTS, sixteen, sizeof sixteen);
    assert_int_equal(segment_size(client), whole - 24);
    put(client, WEFT_IPV6_HOPOPTS, NULL, 0);
    assert_int_equal(segment_size(client), whole - 16);
    weft_stack_free(s);
    harness_env_check(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_give_back_what_they_took),
        cmocka_unit_test(headers_of_an_open_connection_make_its_segments_smaller),
        cmocka_unit_test(an_accepted_connection_shares_its_listeners_headers),
    };

    return cmocka_run_group_tests_name("extension", tests, NULL, NULL);
}
