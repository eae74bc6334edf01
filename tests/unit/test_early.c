/* SPDX-License-Identifier: MIT */
/* Data in SYNs (src/tcp/early.c; RFC 7413), both ends on one stack: which cookie opens, and with whose key it was made. */
#include "tcp_bench.h"
#include "weft/tcp_info.h"

#define KEY 16u

/* `fastopen` is net.ipv4.tcp_fastopen; queue: TCP_FASTOPEN of the listener, 0: not set. */
static void begin(struct bench *b, unsigned fastopen, int queue)
{
    struct weft_config config;

    weft_config_default(&config);
    config.tcp.fastopen = fastopen;
    bench_begin(b, &config);
    if (queue)
        assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN, &queue, sizeof queue), 0);
}

/* Letters, each of which stands for a key of sixteen of it. */
static void give_keys(struct bench *b, const char *letters)
{
    uint8_t key[2 * KEY];
    size_t n = strlen(letters) * KEY;

    for (size_t i = 0; i < n; i++)
        key[i] = (uint8_t)letters[i / KEY];
    if (n)
        assert_int_equal(weft_setsockopt(b->listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_KEY, key, n), 0);
}

/* Opens a connection with text; was it made out of the SYN? The text arrives in any case. */
static bool opens_early(struct bench *b)
{
    struct weft_addr at = bench_address();
    uint64_t before = weft_counter(b->s, WEFT_COUNT_tcp_fastopen_passive);
    weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL), *server;
    char text[8];
    int64_t sent = weft_sendto(client, "early", 5, WEFT_MSG_FASTOPEN, &at);

    carry(b);
    if (sent < 0) { /* without a cookie nothing is taken before the handshake is over, as on Linux */
        assert_int_equal(sent, WEFT_EINPROGRESS);
        assert_int_equal(weft_send(client, "early", 5, 0), 5);
        carry(b);
    }
    server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(server);
    assert_int_equal(weft_recv(server, text, sizeof text, 0), 5);
    assert_memory_equal(text, "early", 5);
    weft_close(client);
    weft_close(server);
    carry(b);
    return weft_counter(b->s, WEFT_COUNT_tcp_fastopen_passive) != before;
}

/* The first of a listener's keys makes cookies; the second, which made them before, is good for those that it made. */
static void a_cookie_is_good_for_either_of_two_keys(void **state)
{
    static const struct {
        const char *then, *now; /* the listener's keys when the cookie was made, and when it is shown */
        bool good;
    } rows[] = {
        {"", "", true},     {"", "A", false},   {"A", "A", true},   {"A", "B", false},  {"A", "AB", true},
        {"A", "BA", true},  {"A", "BC", false}, {"AB", "A", true},  {"AB", "B", false}, {"BA", "A", false},
        {"BA", "AB", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;

        begin(&b, 3, 5);
        give_keys(&b, rows[i].then);
        assert_false(opens_early(&b)); /* it has no cookie yet, and gets one */
        assert_true(opens_early(&b));
        give_keys(&b, rows[i].now);
        assert_int_equal(opens_early(&b), rows[i].good);
        assert_int_equal(weft_counter(b.s, WEFT_COUNT_tcp_fastopen_refused), !rows[i].good);
        assert_true(opens_early(&b)); /* who was refused was given a good one */
        bench_end(&b);
    }
}

/* net.ipv4.tcp_fastopen: 1 client, 2 server, 4 client without cookie, 0x200 server without, 0x400 every listener. */
static void each_bit_of_the_setting_is_obeyed(void **state)
{
    static const struct {
        unsigned fastopen;
        int queue;
        bool first, second; /* is the first connection made out of its SYN, and the second? */
    } rows[] = {
        {1, 5, false, false},     {3, 0, false, false},     {3, 5, false, true},     {0x403, 0, false, true},
        {5, 5, false, false},     {7, 5, false, false},     {0x207, 5, true, true},  {0x607, 0, true, true},
        {0x207, 0, false, false}, {0x205, 5, false, false}, {0x203, 5, true, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;

        begin(&b, rows[i].fastopen, rows[i].queue);
        assert_int_equal(opens_early(&b), rows[i].first);
        assert_int_equal(opens_early(&b), rows[i].second);
        bench_end(&b);
    }
}

/* TCP_FASTOPEN_NO_COOKIE of a listener: for it, whatever the setting says. */
static void a_listener_may_ask_for_no_cookie(void **state)
{
    int one = 1;
    struct bench b;

    begin(&b, 7, 5);
    assert_int_equal(weft_setsockopt(b.listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_NO_COOKIE, &one, sizeof one), 0);
    assert_true(opens_early(&b));
    bench_end(&b);
}

/* Opens a connection with so much text, and says how much of it went again, by the client's trace. */
static uint32_t goes_again_of(struct bench *b, size_t n)
{
    static const char text[4096];
    struct weft_addr at = bench_address();
    weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_why_event told[32];
    uint32_t again = 0;
    size_t kept;

    assert_int_equal(weft_sendto(client, text, n, WEFT_MSG_FASTOPEN, &at), n);
    carry(b);
    kept = weft_why_read(client, told, 32);
    for (size_t i = 0; i < kept; i++)
        again += told[i].why == WEFT_WHY_retransmit_fast_open ? told[i].value : 0;
    return again;
}

/* Who listens takes as much as his first window holds (RFC 7413 §4.2): what goes again is the rest, and no more is told. */
static void what_the_first_window_does_not_hold_goes_again(void **state)
{
    int least = 0;
    struct bench b;

    begin(&b, 0x207, 5);
    assert_true(opens_early(&b)); /* what a segment to him may carry is known from now on */
    assert_int_equal(weft_setsockopt(b.listener, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &least, sizeof least), 0);
    assert_int_equal(goes_again_of(&b, 1000), 0);
    assert_int_equal(weft_counter(b.s, WEFT_COUNT_tcp_fastopen_active_fails), 0);
    assert_int_equal(goes_again_of(&b, 4000), 4000 - 1152);
    assert_int_equal(weft_counter(b.s, WEFT_COUNT_tcp_fastopen_active_fails), 1);
    bench_end(&b);
}

/* Opens a connection with so much text, whose SYN is lost or not. */
static void open_with(struct bench *b, size_t n, bool lost)
{
    static const char text[64];
    struct weft_addr at = bench_address();
    weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL), *server;

    assert_int_equal(weft_sendto(client, text, n, WEFT_MSG_FASTOPEN, &at), n);
    if (lost)
        bench_lose(b);
    carry(b);
    pass(b, 3 * WEFT_S);
    server = weft_accept(b->listener, NULL, NULL);
    assert_non_null(server);
    weft_abort(server);
    weft_abort(client);
    carry(b);
}

/* RFC 7413 §4.1.3.1: two SYNs with text lost in a row keep text out of them; a byte that is taken between is an answer. */
static void a_byte_that_is_taken_ends_a_row_of_losses(void **state)
{
    static const struct {
        size_t taken; /* bytes, of a SYN between two that are lost; 0: there is none */
        bool again;   /* goes text with the next one? */
    } rows[] = {{0, false}, {1, true}, {40, true}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;

        begin(&b, 3, 5);
        assert_false(opens_early(&b));
        open_with(&b, 40, true);
        if (rows[i].taken)
            open_with(&b, rows[i].taken, false);
        open_with(&b, 40, true);
        assert_int_equal(opens_early(&b), rows[i].again);
        bench_end(&b);
    }
}

/* ---- a cookie that is forgotten ---- */

/* So many other servers are met that there is no place for what was known before. */
static void meet_others(struct bench *b)
{
    struct weft_addr any = {{{0}}, PORT + 1};
    weft_sock *listener = weft_socket(b->s, WEFT_TCP, NULL), *server;
    int queue = 5;

    assert_int_equal(weft_bind(listener, &any), 0);
    assert_int_equal(weft_listen(listener, 5), 0);
    assert_int_equal(weft_setsockopt(listener, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN, &queue, sizeof queue), 0);
    for (uint32_t i = 0; i < 2000; i++) {
        struct weft_addr at = {weft_ipv4(0x7f000100 + i), PORT + 1};
        weft_sock *client = weft_socket(b->s, WEFT_TCP, NULL);

        b->now += WEFT_MS;
        assert_int_equal(weft_sendto(client, "a", 1, WEFT_MSG_FASTOPEN, &at), WEFT_EINPROGRESS);
        carry(b);
        server = weft_accept(listener, NULL, NULL);
        assert_non_null(server);
        weft_abort(server);
        weft_abort(client);
        carry(b);
    }
    weft_close(listener);
}

/* RFC 7413 §4.1.2: without a cookie no text goes with the SYN, although there was one when the user connected. */
static void a_syn_whose_cookie_is_forgotten_has_no_text(void **state)
{
    struct weft_addr at = bench_address();
    struct bench b;
    weft_sock *client;
    uint8_t bytes[2048];
    weft_pkt *syn;
    int one = 1;
    size_t n;

    begin(&b, 3, 5);
    assert_false(opens_early(&b));
    client = weft_socket(b.s, WEFT_TCP, NULL);
    assert_int_equal(weft_setsockopt(client, WEFT_SOL_TCP, WEFT_TCP_FASTOPEN_CONNECT, &one, sizeof one), 0);
    assert_int_equal(weft_connect(client, &at), 0); /* the SYN waits for the first write */
    meet_others(&b);
    assert_int_equal(weft_send(client, "early", 5, 0), 5);
    assert_int_equal(weft_output(b.lo, &syn, 1, b.now), 1);
    n = weft_pkt_copy(syn, 0, bytes, sizeof bytes);
    assert_int_equal(n, 20 + (bytes[20 + 12] >> 4) * 4); /* no more than the headers of IPv4 and TCP */
    weft_pkt_release(syn);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_that_is_taken_ends_a_row_of_losses),
        cmocka_unit_test(a_syn_whose_cookie_is_forgotten_has_no_text),
        cmocka_unit_test(what_the_first_window_does_not_hold_goes_again),
        cmocka_unit_test(a_cookie_is_good_for_either_of_two_keys),
        cmocka_unit_test(each_bit_of_the_setting_is_obeyed),
        cmocka_unit_test(a_listener_may_ask_for_no_cookie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
