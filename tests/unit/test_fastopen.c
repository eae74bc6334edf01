/* SPDX-License-Identifier: MIT */
/* TCP Fast Open (RFC 7413): its cookies and its memory (src/tcp/fastopen.c), and both ends over the loopback. */
#include "harness.h"
#include "room.h"
#include "tcp/fastopen.h"
#include "weft/sock.h"
#include "wire/ip.h"

#define PORT 443

/* ---- the room ---- */

/* SipHash-2-4 of both addresses as they stand on the wire, least significant byte first: Linux's cookie. */
static void a_cookie_is_what_linux_makes_of_the_key(void **state)
{
    static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint8_t input[8] = {192, 0, 2, 1, 192, 168, 0, 1};
    struct sip_key key = fastopen_key(bytes);
    struct weft_ip client = weft_ipv4(0xc0000201), server = weft_ipv4(0xc0a80001);
    uint8_t cookie[FASTOPEN_COOKIE];
    uint64_t hash = siphash24(key, input, sizeof input);

    assert_true(key.k0 == 0x0706050403020100 && key.k1 == 0x0f0e0d0c0b0a0908);
    fastopen_cookie(key, &client, &server, cookie);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(cookie[i], (uint8_t)(hash >> 8 * i));
}

static void a_cookie_is_good_for_nobody_else(void **state)
{
    const struct sip_key key = {1, 2}, other = {1, 3};
    struct weft_ip a = weft_ipv4(0x0a000001), b = weft_ipv4(0x0a000002);
    uint8_t one[FASTOPEN_COOKIE], two[FASTOPEN_COOKIE];

    fastopen_cookie(key, &a, &b, one);
    fastopen_cookie(key, &b, &a, two);
    assert_memory_not_equal(one, two, sizeof one);
    fastopen_cookie(other, &a, &b, two);
    assert_memory_not_equal(one, two, sizeof one);
    a.b[0] = 0x20; /* IPv6: all sixteen bytes count */
    fastopen_cookie(key, &a, &b, one);
    a.b[3] = 1;
    fastopen_cookie(key, &a, &b, two);
    assert_memory_not_equal(one, two, sizeof one);
}

static void the_memory_is_bounded_and_keeps_the_newest_of_each_set(void **state)
{
    const struct sip_key key = {5, 6};
    struct fastopen_memory m = {NULL};
    unsigned kept = 0;
    struct room r;

    room_init(&r, 1);
    assert_null(fastopen_find(&m, key, &(struct weft_ip){{0}}));
    for (uint32_t i = 0; i < 10000; i++) {
        struct weft_ip ip = weft_ipv4(0x0a000000 + i);
        struct fastopen_server *s = fastopen_learn(&m, r.mem, key, &ip, i * WEFT_S);

        assert_non_null(s);
        s->mss = (uint16_t)i;
        assert_ptr_equal(fastopen_find(&m, key, &ip), s);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        struct weft_ip ip = weft_ipv4(0x0a000000 + i);
        const struct fastopen_server *s = fastopen_find(&m, key, &ip);

        kept += s != NULL;
        assert_true(!s || s->mss == i);
    }
    assert_int_equal(kept, FASTOPEN_SETS * 4);
    fastopen_fini(&m, r.mem);
    room_refuse_all(&r, true);
    assert_null(fastopen_learn(&m, r.mem, key, &(struct weft_ip){{1}}, 1));
    room_check(&r);
}

/* What lies behind a server's set is another's, and behind the last set nothing. */
static void a_server_is_looked_for_in_its_own_set_alone(void **state)
{
    const struct sip_key key = {5, 6};
    struct fastopen_memory m = {NULL};
    struct fastopen_server *s;
    struct weft_ip ip;
    struct room r;
    uint32_t i = 0;

    room_init(&r, 1);
    do { /* one whose set is not the last */
        ip = weft_ipv4(0x0a000000 + i++);
        s = fastopen_learn(&m, r.mem, key, &ip, 1);
        assert_non_null(s);
    } while (s - m.server >= (FASTOPEN_SETS - 1) * 4);
    s[4] = *s;
    *s = (struct fastopen_server){.used = 0};
    assert_null(fastopen_find(&m, key, &ip));
    fastopen_fini(&m, r.mem);
    room_check(&r);
}

static void losses_keep_data_out_of_syns_for_a_while(void **state)
{
    struct fastopen_server s = {.mss = 1460};

    assert_true(fastopen_may_try(&s, 0));
    fastopen_lost(&s, WEFT_S);
    assert_true(fastopen_may_try(&s, 2 * WEFT_S));
    fastopen_lost(&s, 10 * WEFT_S);
    assert_false(fastopen_may_try(&s, 10 * WEFT_S + 240 * WEFT_S - 1));
    assert_true(fastopen_may_try(&s, 10 * WEFT_S + 240 * WEFT_S));
    for (unsigned i = 0; i < 300; i++)
        fastopen_lost(&s, 0);
    assert_true(fastopen_may_try(&s, 61440 * WEFT_S));
}

/* ---- both ends ---- */

struct bench {
    struct harness_env e;
    weft_stack *s;
    weft_if *lo;
    weft_time now;
    weft_sock *listener;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_addr here = {weft_ipv4(0x7f000001), PORT};
    struct weft_config config;
    struct weft_env env;
    int queue = 2;

    harness_env_init(&b->e, 1);
    env = harness_env(&b->e);
    b->now = WEFT_S;
    weft_config_default(&config);
    config.tcp.fastopen = 3;
    b->s = weft_stack_new(&env, &config, b->now, NULL);
    b->lo = weft_if_find(b->s, "lo");
    b->listener = weft_socket(b->s, WEFT_TCP, NULL);
    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN, &queue, sizeof queue), 0);
    assert_int_equal(weft_bind(b->listener, &here), 0);
    assert_int_equal(weft_listen(b->listener, 5), 0);
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

static weft_sock *client_with(struct bench *b, int option)
{
    weft_sock *sock = weft_socket(b->s, WEFT_TCP, NULL);
    int one = 1;

    if (option)
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_TCP, option, &one, sizeof one), 0);
    return sock;
}

static const struct weft_addr server = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}}, PORT};

static void assert_reads(weft_sock *sock, const char *text)
{
    char buf[64] = "";

    assert_int_equal(weft_recv(sock, buf, sizeof buf, 0), (int64_t)strlen(text));
    assert_string_equal(buf, text);
}

/* The first connection asks for a cookie. */
static void meet(struct bench *b)
{
    weft_sock *client = client_with(b, WEFT_TCP_FASTOPEN_CONNECT), *peer;

    assert_int_equal(weft_connect(client, &server), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_fastopen_cookies), 1);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    weft_close(client);
    weft_close(peer);
    carry(b);
}

static void data_goes_with_the_syn_once_there_is_a_cookie(void **state)
{
    struct bench *b = *state;
    weft_sock *client, *peer;

    meet(b);
    client = client_with(b, 0);
    assert_int_equal(weft_sendto(client, "hello", 5, WEFT_MSG_FASTOPEN, &server), 5);
    carry(b);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    assert_reads(peer, "hello");
    assert_int_equal(weft_send(peer, "world", 5, 0), 5);
    carry(b);
    assert_reads(client, "world");
    assert_int_equal(weft_tcp_state(client), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_tcp_state(peer), WEFT_TCP_ESTABLISHED);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_fastopen_active), 1);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_fastopen_passive), 1);
    weft_close(client);
    weft_close(peer);
}

/* What a server gave by the option of RFC 7413 goes back by that one, not by the experiment's (kind 254). */
static void a_cookie_goes_back_by_the_option_that_it_came_by(void **state)
{
    struct bench *b = *state;
    unsigned kind = 0, end;
    uint8_t syn[100];
    weft_sock *client;
    weft_pkt *pkt;

    meet(b);
    client = client_with(b, 0);
    assert_int_equal(weft_sendto(client, "hello", 5, WEFT_MSG_FASTOPEN, &server), 5);
    assert_int_equal(weft_output(b->lo, &pkt, 1, b->now), 1);
    assert_true(weft_pkt_copy(pkt, 0, syn, sizeof syn) >= 60);
    weft_pkt_release(pkt);
    assert_int_equal(syn[20 + 13] & 0x3f, 2); /* a SYN behind 20 bytes of IP */
    end = 20 + (syn[20 + 12] >> 4) * 4u;
    for (unsigned i = 40; i + 1 < end && syn[i] && !kind; i += syn[i] > 1 ? syn[i + 1] : 1)
        if (syn[i] == 34 || syn[i] == 254)
            kind = syn[i];
    assert_int_equal(kind, 34);
    weft_abort(client);
}

static void connect_waits_for_the_first_write(void **state)
{
    struct bench *b = *state;
    weft_sock *client, *peer;

    meet(b);
    client = client_with(b, WEFT_TCP_FASTOPEN_CONNECT);
    assert_int_equal(weft_connect(client, &server), 0);
    assert_true(weft_ready(client) & WEFT_WRITABLE);
    b->now += 10 * WEFT_S;
    carry(b);
    assert_null(weft_accept(b->listener, NULL, NULL));
    assert_int_equal(weft_send(client, "late", 4, 0), 4);
    carry(b);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    assert_reads(peer, "late");
    weft_close(client);
    weft_close(peer);
}

static void without_a_cookie_the_write_is_refused_and_the_connection_made(void **state)
{
    struct bench *b = *state;
    weft_sock *client = client_with(b, 0), *peer;

    assert_int_equal(weft_sendto(client, "hello", 5, WEFT_MSG_FASTOPEN, &server), WEFT_EINPROGRESS);
    carry(b);
    assert_int_equal(weft_tcp_state(client), WEFT_TCP_ESTABLISHED);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    weft_close(client);
    weft_close(peer);
}

/* A server that has forgotten its key takes no data; it goes again, once. R7413-2 */
static void data_that_was_not_taken_goes_again(void **state)
{
    struct bench *b = *state;
    weft_sock *client, *peer;
    uint8_t key[16] = {7};

    meet(b);
    assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_KEY, key, sizeof key), 0);
    client = client_with(b, 0);
    assert_int_equal(weft_sendto(client, "hello", 5, WEFT_MSG_FASTOPEN, &server), 5);
    carry(b);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_fastopen_refused), 1);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_tcp_fastopen_active_fails), 1);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    assert_reads(peer, "hello");
    assert_int_equal(weft_recv(peer, key, 1, 0), WEFT_EAGAIN);
    weft_close(client);
    weft_close(peer);
}

static void lose(struct bench *b)
{
    weft_pkt *pkts[64];
    size_t n;

    while ((n = weft_output(b->lo, pkts, 64, b->now)) > 0)
        while (n > 0)
            weft_pkt_release(pkts[--n]);
}

/* Each SYN with data that did not get through counts once, at its first repetition; after two the next SYN has none. */
static void two_lost_syns_keep_the_data_of_the_third(void **state)
{
    struct bench *b = *state;

    meet(b);
    for (unsigned i = 0; i < 3; i++) {
        weft_sock *client = client_with(b, 0), *peer;

        assert_int_equal(weft_sendto(client, "hello", 5, WEFT_MSG_FASTOPEN, &server), i < 2 ? 5 : WEFT_EINPROGRESS);
        if (i < 2)
            lose(b);
        b->now += 1100 * WEFT_MS;
        carry(b);
        assert_int_equal(weft_tcp_state(client), WEFT_TCP_ESTABLISHED);
        peer = weft_accept(b->listener, NULL, NULL);
        assert_non_null(peer);
        weft_close(client);
        weft_close(peer);
        carry(b);
    }
}

/* More than a SYN carries: what did not fit follows. */
static void a_long_write_goes_on_behind_the_syn(void **state)
{
    static char text[200000], got[200000];
    struct bench *b = *state;
    weft_sock *client, *peer;
    int64_t sent = 0, n, all = 0;

    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7 + i / 1000);
    meet(b);
    client = client_with(b, 0);
    sent = weft_sendto(client, text, sizeof text, WEFT_MSG_FASTOPEN, &server);
    assert_true(sent > 10000);
    carry(b);
    peer = weft_accept(b->listener, NULL, NULL);
    assert_non_null(peer);
    for (unsigned i = 0; i < 50; i++) {
        while ((n = weft_recv(peer, got + all, sizeof got - (size_t)all, 0)) > 0)
            all += n;
        b->now += 100 * WEFT_MS;
        carry(b);
    }
    assert_int_equal(all, sent);
    assert_memory_equal(got, text, (size_t)sent);
    weft_close(client);
    weft_close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_lost_syns_keep_the_data_of_the_third, setup, teardown),
        cmocka_unit_test(a_cookie_is_what_linux_makes_of_the_key),
        cmocka_unit_test(a_cookie_is_good_for_nobody_else),
        cmocka_unit_test(the_memory_is_bounded_and_keeps_the_newest_of_each_set),
        cmocka_unit_test(a_server_is_looked_for_in_its_own_set_alone),
        cmocka_unit_test(losses_keep_data_out_of_syns_for_a_while),
        cmocka_unit_test_setup_teardown(data_goes_with_the_syn_once_there_is_a_cookie, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cookie_goes_back_by_the_option_that_it_came_by, setup, teardown),
        cmocka_unit_test_setup_teardown(connect_waits_for_the_first_write, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_cookie_the_write_is_refused_and_the_connection_made, setup, teardown),
        cmocka_unit_test_setup_teardown(data_that_was_not_taken_goes_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_write_goes_on_behind_the_syn, setup, teardown),
    };

    return cmocka_run_group_tests_name("fastopen", tests, NULL, NULL);
}
