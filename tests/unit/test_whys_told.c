/* SPDX-License-Identifier: MIT */
/* The trace of why hears of what ends a connection at once, and of each kind of retransmission: two stacks, one wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness.h"
#include "weft/driver.h"
#include "weft/sock.h"
#include "weft/sysctl.h"
#include "weft/tcp_info.h"

#define PORT 7

struct bench {
    struct harness_env e[2];
    weft_stack *s[2];
    weft_if *ifp[2];
    weft_wire *wire;
    weft_sock *listener, *client, *server;
    weft_time now;
};

static void open_end(struct bench *b, int i)
{
    static const struct weft_if_config interface = {.name = "wire0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip ip = weft_ipv4(0x0a000001 + (uint32_t)i);
    struct weft_env env;

    harness_env_init(&b->e[i], 1 + (uint64_t)i);
    harness_env_record(&b->e[i]);
    env = harness_env(&b->e[i]);
    b->s[i] = weft_stack_new(&env, NULL, b->now, NULL);
    b->ifp[i] = weft_if_new(b->s[i], &interface, NULL);
    assert_int_equal(weft_if_add_address(b->ifp[i], &ip, 24), 0);
}

/* Lets so much time pass. */
static void pass(struct bench *b, weft_time time)
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

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct weft_wire_config wire = {.seed = 1, .direction = {{.delay = 5 * WEFT_MS}, {.delay = 5 * WEFT_MS}}};
    struct weft_addr server = {weft_ipv4(0x0a000002), PORT}, peer;
    struct weft_env env;

    b->now = WEFT_S;
    for (int i = 0; i < 2; i++)
        open_end(b, i);
    env = harness_env(&b->e[0]);
    b->wire = weft_wire_new(&env, &wire, b->ifp[0], b->ifp[1]);
    b->listener = weft_socket(b->s[1], WEFT_TCP, NULL);
    b->client = weft_socket(b->s[0], WEFT_TCP, NULL);
    assert_int_equal(weft_bind(b->listener, &server), 0);
    assert_int_equal(weft_listen(b->listener, 5), 0);
    assert_int_equal(weft_connect(b->client, &server), WEFT_EINPROGRESS);
    pass(b, 50 * WEFT_MS);
    b->server = weft_accept(b->listener, &peer, NULL);
    assert_non_null(b->server);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    weft_wire_free(b->wire);
    for (int i = 0; i < 2; i++)
        weft_stack_free(b->s[i]);
    for (int i = 0; i < 2; i++)
        harness_env_check(&b->e[i]);
    free(b);
    return 0;
}

/* The first time that the client's stack told this; NULL: never. */
static const struct harness_event *told(const struct bench *b, enum weft_why why)
{
    for (size_t i = 0; i < b->e[0].n_events; i++) {
        const struct harness_event *e = &b->e[0].event[i];

        if (e->kind == WEFT_TRACE_WHY && e->why == why)
            return e;
    }
    return NULL;
}

/* A lost tail is probed for after two round trips, long before the time-out, and that is what is told. */
static void a_tail_loss_probe_is_told_as_what_it_is(void **state)
{
    struct bench *b = *state;
    struct weft_impairment all = {.loss = 1000000};
    struct weft_why_event kept[32];
    size_t n, probes = 0;

    weft_wire_impair(b->wire, 0, &all);
    assert_int_equal(weft_send(b->client, "ab", 2, 0), 2);
    pass(b, 2 * WEFT_S);
    assert_non_null(told(b, WEFT_WHY_retransmit_tlp));
    assert_int_equal(told(b, WEFT_WHY_retransmit_tlp)->value, 2);
    assert_non_null(told(b, WEFT_WHY_retransmit_rto)); /* the probe was lost as well */
    assert_true(told(b, WEFT_WHY_retransmit_tlp)->at < told(b, WEFT_WHY_retransmit_rto)->at);
    n = weft_why_read(b->client, kept, 32);
    for (size_t i = 0; i < n; i++)
        probes += kept[i].why == WEFT_WHY_retransmit_tlp ? kept[i].count : 0;
    assert_int_equal(probes, 1);
}

/* Linux's tcp_max_orphans: who is one too many is reset, and told why. */
static void the_limit_of_orphans_is_told(void **state)
{
    struct bench *b = *state;

    assert_int_equal(weft_sysctl_set(b->s[0], "net.ipv4.tcp_max_orphans", "0"), 0);
    weft_close(b->client);
    assert_non_null(told(b, WEFT_WHY_close_orphan_limit));
    assert_int_equal(told(b, WEFT_WHY_close_orphan_limit)->value, 0); /* there is nothing to say but that */
    pass(b, 50 * WEFT_MS);
    assert_int_equal(weft_error(b->server), WEFT_ECONNRESET);
}

/* Between a letter and its acknowledgment the user gives nothing more: the trace adds up for how long that was. */
static void stalls_of_one_kind_add_up(void **state)
{
    struct bench *b = *state;
    struct weft_why_event kept[32];
    uint32_t held = 0, times = 0;
    size_t n;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(weft_send(b->client, "a", 1, 0), 1);
        pass(b, 100 * WEFT_MS);
    }
    n = weft_why_read(b->client, kept, 32);
    for (size_t i = 0; i < n; i++)
        if (kept[i].why == WEFT_WHY_stall_application) {
            held += kept[i].value;
            times += kept[i].count;
        }
    assert_int_equal(times, 5);
    assert_true(held >= 5 * 10000); /* microseconds: five round trips of 10 ms */
}

/* ---- whom nobody answers ---- */

/* The peer is gone: a connection that asked for it, or one that never came about, ends in the end. */
struct silence {
    bool open;
    int user_timeout, syncnt; /* milliseconds; 0: not set */
    enum weft_why why;
    uint32_t value;
};

static void wait_in_silence(struct bench *b, const struct silence *row)
{
    struct weft_addr elsewhere = {weft_ipv4(0x0a000002), PORT + 1};
    weft_sock *sock = row->open ? b->client : weft_socket(b->s[0], WEFT_TCP, NULL);
    struct weft_impairment all = {.loss = 1000000};

    weft_wire_impair(b->wire, 0, &all);
    if (row->user_timeout)
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_USER_TIMEOUT, &row->user_timeout, sizeof(int)), 0);
    if (row->syncnt)
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_TCP, WEFT_TCP_SYNCNT, &row->syncnt, sizeof(int)), 0);
    if (row->open)
        assert_int_equal(weft_send(sock, "a", 1, 0), 1);
    else
        assert_int_equal(weft_connect(sock, &elsewhere), WEFT_EINPROGRESS);
    pass(b, 2000 * WEFT_S);
    assert_int_equal(weft_error(sock), WEFT_ETIMEDOUT);
}

/* RFC 9293 §3.8.3: R2 is a number of retransmissions, or what the user set (RFC 5482); the trace tells which it was. */
static void silence_is_told_by_what_ended_it(void **state)
{
    static const struct silence rows[] = {
        {false, 0, 0, WEFT_WHY_close_syn_retries, 6},      {false, 0, 2, WEFT_WHY_close_syn_retries, 2},
        {false, 3000, 0, WEFT_WHY_close_user_timeout, 3000}, {false, 900000, 2, WEFT_WHY_close_syn_retries, 2},
        {true, 0, 0, WEFT_WHY_close_retries, 15},          {true, 3000, 0, WEFT_WHY_close_user_timeout, 3000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b;
        void *bench;

        setup(&bench);
        b = bench;
        wait_in_silence(b, &rows[i]);
        assert_non_null(told(b, rows[i].why));
        assert_int_equal(told(b, rows[i].why)->value, rows[i].value);
        teardown(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_told_by_what_ended_it),
        cmocka_unit_test_setup_teardown(a_tail_loss_probe_is_told_as_what_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(stalls_of_one_kind_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_of_orphans_is_told, setup, teardown),
    };

    return cmocka_run_group_tests_name("whys_told", tests, NULL, NULL);
}
