/* SPDX-License-Identifier: MIT */
/* Who may bind what, and who gets the connections: SO_REUSEADDR and SO_REUSEPORT as Linux has them. MUST-41, MUST-42 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/sock.h"

#define PORT 777

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *lo;
    weft_time now;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_config config;
    struct weft_env env;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->now = WEFT_S;
    weft_config_default(&config);
    b->s = weft_stack_new(&env, &config, b->now, NULL);
    assert_non_null(b->s);
    b->lo = weft_if_find(b->s, "lo");
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

static void carry(struct bench *b)
{
    do
        weft_tick(b->s, b->now);
    while (weft_output_wanted(b->lo));
}

static void set(weft_sock *sock, int option, int v)
{
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, option, &v, sizeof v), 0);
}

/* What a row of the matrix calls an address. */
enum where { ANY, ONE, TWO, WHERES };
static struct weft_addr at(enum where where, uint16_t port)
{
    static const uint32_t ip[WHERES] = {0, 0x7f000001, 0x7f000002};

    return (struct weft_addr){weft_ipv4(ip[where]), port};
}

/* flags: 1 SO_REUSEADDR, 2 SO_REUSEPORT. */
static weft_sock *sock_with(struct bench *b, unsigned flags)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);

    assert_non_null(sock);
    set(sock, WEFT_SO_REUSEADDR, flags & 1);
    set(sock, WEFT_SO_REUSEPORT, flags >> 1 & 1);
    return sock;
}

static int bind_at(weft_sock *sock, enum where where, uint16_t port)
{
    struct weft_addr addr = at(where, port);

    return weft_bind(sock, &addr);
}

static bool overlaps(enum where a, enum where b) { return a == ANY || b == ANY || a == b; }

/* inet_csk_bind_conflict in words: does the second's bind fail? */
static bool linux_refuses(enum where a, unsigned flags_a, bool a_listens, enum where b, unsigned flags_b)
{
    bool reuse = flags_a & flags_b & 1 && !a_listens;

    return overlaps(a, b) && !reuse && !(flags_a & flags_b & 2);
}

static void bind_beside_a_bound_or_listening_socket(void **state)
{
    struct bench *b = *state;

    for (unsigned row = 0; row < 2 * 4 * 4 * WHERES * WHERES; row++) {
        bool listens = row & 1;
        unsigned flags_a = row >> 1 & 3, flags_b = row >> 3 & 3;
        enum where where_a = row / 32 % WHERES, where_b = row / 32 / WHERES;
        weft_sock *x = sock_with(b, flags_a), *y = sock_with(b, flags_b);

        assert_int_equal(bind_at(x, where_a, PORT), 0);
        if (listens)
            assert_int_equal(weft_listen(x, 1), 0);
        assert_int_equal(bind_at(y, where_b, PORT),
                         linux_refuses(where_a, flags_a, listens, where_b, flags_b) ? WEFT_EADDRINUSE : 0);
        weft_close(x);
        weft_close(y);
    }
}

/* Both bound while none listened: the second to listen is refused, unless they share the port. */
static void listen_beside_a_listener(void **state)
{
    struct bench *b = *state;

    for (unsigned row = 0; row < 3 * WHERES * WHERES; row++) {
        unsigned flags = row % 3 + 1;
        enum where where_a = row / 3 % WHERES, where_b = row / 3 / WHERES;
        weft_sock *x = sock_with(b, flags), *y = sock_with(b, flags);
        bool refused = overlaps(where_a, where_b) && !(flags & 2);

        assert_int_equal(bind_at(x, where_a, PORT), 0);
        assert_int_equal(bind_at(y, where_b, PORT), 0);
        assert_int_equal(weft_listen(x, 1), 0);
        assert_int_equal(weft_listen(y, 1), refused ? WEFT_EADDRINUSE : 0);
        weft_close(x);
        weft_close(y);
    }
}

/* The listener, which is bound, takes this client, and goes. */
static weft_sock *accept_from(struct bench *b, weft_sock *listener, weft_sock *client, const struct weft_addr *to)
{
    weft_sock *server;

    assert_int_equal(weft_listen(listener, 1), 0);
    assert_int_equal(weft_connect(client, to), WEFT_EINPROGRESS);
    carry(b);
    server = weft_accept(listener, NULL, NULL);
    assert_non_null(server);
    weft_close(listener);
    return server;
}

/* A connection, its server's end returned, with these flags on the listener; the listener is gone. */
static weft_sock *server_end(struct bench *b, unsigned flags, weft_sock **client)
{
    weft_sock *listener = sock_with(b, flags);
    struct weft_addr to = at(ONE, PORT);

    *client = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(bind_at(listener, ONE, PORT), 0);
    return accept_from(b, listener, *client, &to);
}

/* The listener's flags go on with its connections, and with their TIME-WAIT. */
static void bind_beside_a_connection_or_time_wait(void **state)
{
    struct bench *b = *state;

    for (unsigned row = 0; row < 2 * 4 * 4 * WHERES; row++) {
        bool closed = row & 1;
        unsigned flags_a = row >> 1 & 3, flags_b = row >> 3 & 3;
        enum where where = row / 32;
        bool refused = overlaps(ONE, where) && !(flags_a & flags_b & 1) &&
                       !(closed ? flags_b & 2 : flags_a & flags_b & 2);
        weft_sock *client, *server = server_end(b, flags_a, &client), *y = sock_with(b, flags_b);

        if (closed) {
            weft_close(server);
            carry(b);
            weft_close(client);
            carry(b);
        }
        assert_int_equal(bind_at(y, where, PORT), refused ? WEFT_EADDRINUSE : 0);
        weft_close(y);
        if (!closed) {
            weft_abort(server);
            carry(b);
            weft_close(client);
        }
        b->now += 121 * WEFT_S;
        carry(b);
    }
}

static struct weft_addr at6(bool any, uint16_t port)
{
    struct weft_addr addr = {.port = port};

    addr.ip.b[15] = any ? 0 : 1;
    return addr;
}

static weft_sock *six_sock(struct bench *b, int v6only)
{
    weft_sock *sock = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);

    assert_non_null(sock);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_V6ONLY, &v6only, sizeof v6only), 0);
    return sock;
}

/* A connection whose listener, which is gone, was bound to ::1; or to any address and kept to its family. */
static weft_sock *six_end(struct bench *b, bool any, weft_sock **client)
{
    struct weft_addr to = at6(false, PORT), from = at6(any, PORT);
    weft_sock *listener = six_sock(b, any);

    *client = six_sock(b, 0);
    assert_int_equal(weft_bind(listener, &from), 0);
    return accept_from(b, listener, *client, &to);
}

/* Of either family: may each address be bound beside it? As the kernel answered. */
static void assert_binds(struct bench *b, const int expected[6])
{
    for (unsigned i = 0; i < 6; i++) {
        weft_sock *y = i < 3 ? sock_with(b, 0) : six_sock(b, i == 4);
        struct weft_addr addr = i < 3 ? at((enum where)i, PORT) : at6(i < 5, PORT);

        assert_int_equal(weft_bind(y, &addr), expected[i]);
        weft_close(y);
    }
}

/* 0.0.0.0, 127.0.0.1, 127.0.0.2, :: of both families, :: of IPv6 only, ::1 */
static void bind_beside_a_connection_of_either_family(void **state)
{
    enum { USED = WEFT_EADDRINUSE };
    static const int beside_v4[6] = {USED, USED, 0, USED, 0, 0}, beside_v6[6] = {0, 0, 0, USED, USED, USED};
    struct bench *b = *state;
    weft_sock *idle = six_sock(b, 0); /* whoever counts those of IPv6 counts it and TIME-WAIT */

    for (unsigned row = 0; row < 3; row++) {
        weft_sock *client, *server = row ? six_end(b, row == 2, &client) : server_end(b, 0, &client);

        assert_binds(b, row ? beside_v6 : beside_v4);
        weft_close(server); /* its TIME-WAIT uses the address as it did */
        carry(b);
        weft_close(client);
        carry(b);
        assert_binds(b, row ? beside_v6 : beside_v4);
        b->now += 121 * WEFT_S;
        carry(b);
    }
    weft_close(idle);
}

/* What nobody holds any more can be bound at once. */
static void port_is_free_when_the_connection_is(void **state)
{
    struct bench *b = *state;
    weft_sock *client, *server = server_end(b, 0, &client), *y = sock_with(b, 0);

    assert_int_equal(bind_at(y, ANY, PORT), WEFT_EADDRINUSE);
    weft_abort(server);
    carry(b);
    assert_int_equal(bind_at(y, ANY, PORT), 0);
    weft_close(y);
    weft_close(client);
}

/* MUST-42 */
static void listen_on_a_port_that_is_half_open_elsewhere(void **state)
{
    struct bench *b = *state;
    weft_sock *x = sock_with(b, 1), *y = sock_with(b, 1);
    struct weft_addr nobody = {weft_ipv4(0x7f0000ff), 9};

    assert_int_equal(bind_at(x, ONE, PORT), 0);
    assert_int_equal(weft_connect(x, &nobody), WEFT_EINPROGRESS);
    assert_int_equal(bind_at(y, ONE, PORT), 0);
    assert_int_equal(weft_listen(y, 1), 0);
    weft_close(x);
    weft_close(y);
}

/* ---- ports that nobody asked for ---- */

static uint16_t port_of(weft_sock *sock)
{
    struct weft_addr addr;

    assert_int_equal(weft_getsockname(sock, &addr), 0);
    return addr.port;
}

static void bind_without_port_finds_one_that_nobody_uses(void **state)
{
    struct bench *b = *state;
    weft_sock *sock[100];

    for (unsigned i = 0; i < 100; i++) {
        sock[i] = sock_with(b, i % 4);
        assert_int_equal(bind_at(sock[i], ANY, 0), 0);
        assert_int_equal((port_of(sock[i]) - 32768) % 2, 1);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(port_of(sock[i]), port_of(sock[k]));
    }
    for (unsigned i = 0; i < 100; i++)
        weft_close(sock[i]);
}

/* IP_BIND_ADDRESS_NO_PORT: the address is bound, and connections to different peers may have one port. */
static void bind_can_leave_the_port_to_connect(void **state)
{
    struct bench *b = *state;
    weft_sock *listener[2], *sock;
    struct weft_addr to;
    int one = 1;

    for (unsigned i = 0; i < 2; i++) {
        listener[i] = sock_with(b, 0);
        assert_int_equal(bind_at(listener[i], ONE, (uint16_t)(PORT + i)), 0);
        assert_int_equal(weft_listen(listener[i], 5), 0);
    }
    sock = sock_with(b, 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_BIND_ADDRESS_NO_PORT, &one, sizeof one), 0);
    assert_int_equal(bind_at(sock, TWO, 0), 0);
    assert_int_equal(port_of(sock), 0);
    assert_int_equal(bind_at(sock, TWO, 0), WEFT_EINVAL);
    to = at(ONE, PORT);
    assert_int_equal(weft_connect(sock, &to), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(sock), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_getsockname(sock, &to), 0);
    assert_int_equal(to.ip.b[15], 2);
    assert_in_range(to.port, 32768, 60999);
    weft_close(sock);
    sock = sock_with(b, 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_BIND_ADDRESS_NO_PORT, &one, sizeof one), 0);
    assert_int_equal(bind_at(sock, TWO, 0), 0);
    assert_int_equal(weft_listen(sock, 1), 0); /* that needs one */
    assert_in_range(port_of(sock), 32768, 60999);
    weft_close(sock);
    for (unsigned i = 0; i < 2; i++)
        weft_close(listener[i]);
}

/* ---- who gets the connection ---- */

/* SO_REUSEPORT: by the peer's flow, about as many for each, none lost. */
static void listeners_on_one_port_share_the_peers(void **state)
{
    enum { LISTENERS = 4, CLIENTS = 400 };
    struct bench *b = *state;
    weft_sock *listener[LISTENERS], *client[CLIENTS];
    struct weft_addr to = at(ONE, PORT);
    unsigned all = 0;

    for (unsigned i = 0; i < LISTENERS; i++) {
        listener[i] = sock_with(b, 2);
        assert_int_equal(bind_at(listener[i], ANY, PORT), 0);
        assert_int_equal(weft_listen(listener[i], CLIENTS), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        client[i] = weft_socket(b->s, WEFT_TCP, NULL);
        assert_int_equal(weft_connect(client[i], &to), WEFT_EINPROGRESS);
        carry(b);
    }
    for (unsigned i = 0; i < LISTENERS; i++) {
        unsigned got = 0;
        weft_sock *server;

        while ((server = weft_accept(listener[i], NULL, NULL))) {
            got++;
            weft_abort(server);
        }
        assert_in_range(got, CLIENTS / LISTENERS - 40, CLIENTS / LISTENERS + 40); /* sigma is 8.7 */
        all += got;
    }
    assert_int_equal(all, CLIENTS);
    carry(b);
    for (unsigned i = 0; i < CLIENTS; i++)
        weft_close(client[i]);
    for (unsigned i = 0; i < LISTENERS; i++)
        weft_close(listener[i]);
}

/* A program that always says this number. */
static void give_choice(weft_sock *listener, uint32_t number)
{
    const struct weft_filter give[] = {{0x06, 0, 0, number}}; /* BPF_RET | BPF_K */

    assert_int_equal(weft_setsockopt(listener, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_REUSEPORT_CBPF, give, sizeof give), 0);
}

/* So many listeners share PORT. */
static void listen_together(struct bench *b, weft_sock **listener, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        listener[i] = sock_with(b, 2);
        assert_int_equal(bind_at(listener[i], ANY, PORT), 0);
        assert_int_equal(weft_listen(listener[i], 5), 0);
    }
}

/* SO_ATTACH_REUSEPORT_CBPF: the program's number is that of who listened so many before him, whatever the table's order. */
static void a_program_chooses_by_the_order_in_which_they_joined(void **state)
{
    enum { LISTENERS = 4 };
    struct bench *b = *state;
    struct weft_addr to = at(ONE, PORT);
    weft_sock *listener[LISTENERS];

    listen_together(b, listener, LISTENERS);
    for (unsigned i = 0; i < LISTENERS; i++) {
        weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL);

        give_choice(listener[0], i);
        assert_int_equal(weft_connect(client, &to), WEFT_EINPROGRESS);
        carry(b);
        for (unsigned j = 0; j < LISTENERS; j++) {
            weft_sock *server = weft_accept(listener[j], NULL, NULL);

            assert_int_equal(server != NULL, i == j);
            if (server)
                weft_abort(server);
        }
        weft_close(client);
    }
    for (unsigned i = 0; i < LISTENERS; i++)
        weft_close(listener[i]);
}

/* Of several programs that of whoever gave his last counts, wherever he stands in the table. */
static void the_program_that_was_given_last_chooses(void **state)
{
    enum { LISTENERS = 3 };
    struct bench *b = *state;
    struct weft_addr to = at(ONE, PORT);
    weft_sock *listener[LISTENERS];

    listen_together(b, listener, LISTENERS);
    for (unsigned i = 0; i < 2 * LISTENERS; i++) {
        unsigned number = i < LISTENERS ? i : 2 * LISTENERS - 1 - i; /* upwards, and downwards */
        weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL), *server;

        give_choice(listener[number], number);
        assert_int_equal(weft_connect(client, &to), WEFT_EINPROGRESS);
        carry(b);
        server = weft_accept(listener[number], NULL, NULL);
        assert_non_null(server);
        weft_abort(server);
        weft_close(client);
    }
    for (unsigned i = 0; i < LISTENERS; i++)
        weft_close(listener[i]);
}

/* Of two on any address, one of each family, a peer finds that of his own, whichever came first; as on Linux. */
static void any_address_of_the_own_family_beats_that_of_both(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = at(ONE, PORT), any6 = {{{0}}, PORT};

    for (unsigned v4_first = 0; v4_first < 2; v4_first++) {
        weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL), *v4 = sock_with(b, 2);
        weft_sock *v6 = weft_socket_in(b->s, WEFT_INET6, WEFT_TCP, NULL);

        set(v6, WEFT_SO_REUSEPORT, 1);
        if (v4_first)
            assert_int_equal(bind_at(v4, ANY, PORT), 0);
        assert_int_equal(weft_bind(v6, &any6), 0);
        if (!v4_first)
            assert_int_equal(bind_at(v4, ANY, PORT), 0);
        assert_int_equal(weft_listen(v4, 1), 0);
        assert_int_equal(weft_listen(v6, 1), 0);
        assert_int_equal(weft_connect(client, &to), WEFT_EINPROGRESS);
        carry(b);
        assert_int_equal(weft_unread(v6), 0);
        assert_int_equal(weft_unread(v4), 1);
        weft_close(client);
        weft_close(v4);
        weft_close(v6);
        carry(b);
    }
}

/* The listener on the very address beats those on any. */
static void a_definite_address_beats_any(void **state)
{
    struct bench *b = *state;
    weft_sock *any = sock_with(b, 2), *definite = sock_with(b, 2), *client = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr to = at(TWO, PORT);

    assert_int_equal(bind_at(definite, TWO, PORT), 0);
    assert_int_equal(bind_at(any, ANY, PORT), 0);
    assert_int_equal(weft_listen(any, 1), 0);
    assert_int_equal(weft_listen(definite, 1), 0);
    assert_int_equal(weft_connect(client, &to), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_unread(any), 0);
    assert_int_equal(weft_unread(definite), 1);
    weft_close(client);
    weft_close(any);
    weft_close(definite);
}

static void who_listens_without_a_name_is_given_a_port(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_addr local;

    assert_int_equal(weft_listen(sock, 1), 0);
    assert_int_equal(weft_getsockname(sock, &local), 0);
    assert_in_range(local.port, 32768, 60999);
    weft_close(sock);
}

static bool take_item(void *ctx, const struct weft_listing *item)
{
    *(struct weft_listing *)ctx = *item;
    return true;
}

/* Who is bound has an address, and nobody at the other end. */
static void a_bound_socket_has_no_peer(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = sock_with(b, 0);
    struct weft_listing item = {0};
    struct weft_addr nobody = {weft_ipv4(0), 0}, here = at(ONE, PORT);

    assert_int_equal(bind_at(sock, ONE, PORT), 0);
    weft_list(b->s, take_item, &item);
    assert_ptr_equal(item.sock, sock);
    assert_memory_equal(&item.local, &here, sizeof here);
    assert_memory_equal(&item.remote, &nobody, sizeof nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bind_beside_a_bound_or_listening_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(listen_beside_a_listener, setup, teardown),
        cmocka_unit_test_setup_teardown(bind_beside_a_connection_or_time_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(bind_beside_a_connection_of_either_family, setup, teardown),
        cmocka_unit_test_setup_teardown(port_is_free_when_the_connection_is, setup, teardown),
        cmocka_unit_test_setup_teardown(listen_on_a_port_that_is_half_open_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(bind_without_port_finds_one_that_nobody_uses, setup, teardown),
        cmocka_unit_test_setup_teardown(bind_can_leave_the_port_to_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(who_listens_without_a_name_is_given_a_port, setup, teardown),
        cmocka_unit_test_setup_teardown(listeners_on_one_port_share_the_peers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_program_chooses_by_the_order_in_which_they_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(the_program_that_was_given_last_chooses, setup, teardown),
        cmocka_unit_test_setup_teardown(a_definite_address_beats_any, setup, teardown),
        cmocka_unit_test_setup_teardown(any_address_of_the_own_family_beats_that_of_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bound_socket_has_no_peer, setup, teardown),
    };

    return cmocka_run_group_tests_name("tcp_bind", tests, NULL, NULL);
}
